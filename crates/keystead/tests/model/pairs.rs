//! Signatures, codes, public keys and shared secrets (chapter 30).

use super::access::Seat;
use super::call::{Given, Message, Outcome, Refusal, Reply};
use super::rules::{dry, require, row};
use super::world::{Secret, Signature, Spot, World};

impl World {
    pub fn sign(&mut self, seat: Seat, key: &str, message: &Message, dry_run: bool, given: Given<'_>) -> Outcome {
        let key = self.signing_key(seat, key, message, "Sign")?;
        if dry_run {
            return Err(dry());
        }
        let Ok(Reply::Signed { bytes, .. }) = given else { return Ok(Reply::Unit) };
        self.keep_signature(key, message, bytes);
        self.use_key(key, "Sign");
        Ok(Reply::Signed { arn: self.arn(key), bytes: bytes.clone(), algorithm: message.algorithm.to_owned() })
    }

    pub fn verify(&mut self, seat: Seat, key: &str, message: &Message, signature: &[u8], dry_run: bool) -> Outcome {
        require((1..=6144).contains(&signature.len()))?;
        let key = self.signing_key(seat, key, message, "Verify")?;
        if dry_run {
            return Err(dry());
        }
        if !self.has_signed(key, message, signature) {
            return Err(Refusal::new("KMSInvalidSignatureException", ""));
        }
        self.use_key(key, "Verify");
        Ok(Reply::Verified { arn: self.arn(key), algorithm: message.algorithm.to_owned() })
    }

    pub fn mac(&mut self, seat: Seat, key: &str, message: &Message, dry_run: bool, given: Given<'_>) -> Outcome {
        let key = self.mac_key(seat, key, message, "GenerateMac")?;
        if dry_run {
            return Err(dry());
        }
        let Ok(Reply::Signed { bytes, .. }) = given else { return Ok(Reply::Unit) };
        // The code of a message never changes (ASY-60).
        let core = self.key(key).core;
        let known = self.signatures.iter().find(|one| one.core == core && one.message == message.bytes);
        let bytes = known.map_or_else(|| bytes.clone(), |known| known.bytes.clone());
        self.keep_signature(key, message, &bytes);
        self.use_key(key, "GenerateMac");
        Ok(Reply::Signed { arn: self.arn(key), bytes, algorithm: message.algorithm.to_owned() })
    }

    pub fn verify_mac(&mut self, seat: Seat, key: &str, message: &Message, code: &[u8], dry_run: bool) -> Outcome {
        require((1..=6144).contains(&code.len()))?;
        let key = self.mac_key(seat, key, message, "VerifyMac")?;
        if dry_run {
            return Err(dry());
        }
        if !self.has_signed(key, message, code) {
            return Err(Refusal::new("KMSInvalidMacException", ""));
        }
        self.use_key(key, "VerifyMac");
        Ok(Reply::Verified { arn: self.arn(key), algorithm: message.algorithm.to_owned() })
    }

    pub fn get_public_key(&mut self, seat: Seat, key: &str, given: Given<'_>) -> Outcome {
        let key = self.admit_unjudged(seat, key, "GetPublicKey")?;
        let kind = self.kind(key);
        if !kind.is_pair() {
            return Err(Refusal::code("UnsupportedOperationException"));
        }
        self.judge(key, row("GetPublicKey").states)?;
        let Ok(Reply::PublicKey { bytes, .. }) = given else { return Ok(Reply::Unit) };
        // The same for ever, and for all related keys (ASY-71).
        let bytes = self.core_mut(key).public_key.get_or_insert_with(|| bytes.clone()).clone();
        Ok(Reply::PublicKey {
            arn: self.arn(key),
            bytes,
            spec: kind.spec.to_owned(),
            usage: kind.usage.to_owned(),
            algorithms: kind.algorithms.iter().map(|algorithm| (*algorithm).to_owned()).collect(),
        })
    }

    /// Two keys of one curve agree on the same secret, whoever derives it; it is learned from the first of them.
    pub fn derive(&mut self, seat: Seat, key: &str, peer: &[u8], dry_run: bool, given: Given<'_>) -> Outcome {
        require(!peer.is_empty())?;
        let key = self.admit(seat, key, "DeriveSharedSecret")?;
        self.require_usage(key, "DeriveSharedSecret", "KEY_AGREEMENT", Some("ECDH"))?;
        let core = self.key(key).core;
        let other = self.cores.iter().position(|other| other.public_key.as_deref() == Some(peer));
        let fits = other.is_some_and(|other| self.cores[other].kind.spec == self.cores[core].kind.spec);
        require(fits)?;
        if dry_run {
            return Err(dry());
        }
        let Ok(Reply::Secret { bytes, .. }) = given else { return Ok(Reply::Unit) };
        let pair = |core: usize, other: usize| (core.min(other), core.max(other));
        let agreed = pair(core, other.unwrap_or(core));
        let bytes = self.agreements.entry(agreed).or_insert_with(|| bytes.clone()).clone();
        self.use_key(key, "DeriveSharedSecret");
        Ok(Reply::Secret { arn: self.arn(key), bytes, blob: None })
    }

    pub fn encapsulate(&mut self, seat: Seat, key: &str, dry_run: bool, given: Given<'_>) -> Outcome {
        let key = self.admit(seat, key, "Encapsulate")?;
        self.require_usage(key, "Encapsulate", "ENCAPSULATE_DECAPSULATE", Some("ML_KEM"))?;
        if dry_run {
            return Err(dry());
        }
        let Ok(Reply::Secret { bytes, blob: Some(blob), .. }) = given else { return Ok(Reply::Unit) };
        let core = self.key(key).core;
        self.secrets.push(Secret { core, at: key.at, blob: blob.clone(), bytes: bytes.clone() });
        self.use_key(key, "Encapsulate");
        Ok(Reply::Secret { arn: self.arn(key), bytes: bytes.clone(), blob: Some(blob.clone()) })
    }

    /// Other bytes of the right length give another secret, and no error (FIPS 203).
    pub fn decapsulate(&mut self, seat: Seat, key: &str, blob: &[u8], dry_run: bool, given: Given<'_>) -> Outcome {
        require((1..=6144).contains(&blob.len()))?;
        let key = self.admit(seat, key, "Decapsulate")?;
        self.require_usage(key, "Decapsulate", "ENCAPSULATE_DECAPSULATE", Some("ML_KEM"))?;
        if blob.len() != 768 {
            return Err(Refusal::new("InvalidCiphertextException", ""));
        }
        if dry_run {
            return Err(dry());
        }
        let Ok(Reply::Secret { bytes, .. }) = given else { return Ok(Reply::Unit) };
        let core = self.key(key).core;
        let known = self.secrets.iter().find(|secret| secret.core == core && secret.blob == blob);
        let bytes = known.map_or_else(|| bytes.clone(), |secret| secret.bytes.clone());
        if known.is_none() {
            require(self.secrets.iter().all(|secret| secret.bytes != bytes))?;
            self.secrets.push(Secret { core, at: key.at, blob: blob.to_vec(), bytes: bytes.clone() });
        }
        self.use_key(key, "Decapsulate");
        Ok(Reply::Secret { arn: self.arn(key), bytes, blob: None })
    }

    fn signing_key(&mut self, seat: Seat, key: &str, message: &Message, operation: &str) -> Result<Spot, Refusal> {
        require((1..=4096).contains(&message.bytes.len()))?;
        let key = self.admit(seat, key, operation)?;
        self.require_usage(key, operation, "SIGN_VERIFY", Some(message.algorithm))?;
        let kind = message.kind.unwrap_or("RAW");
        let digest = match message.algorithm {
            "ED25519_SHA_512" => return require(kind == "RAW").map(|()| key),
            "ED25519_PH_SHA_512" => {
                require(kind == "DIGEST")?;
                64
            }
            "ML_DSA_SHAKE_256" => {
                require(kind != "DIGEST")?;
                64
            }
            _ => {
                require(kind != "EXTERNAL_MU")?;
                32
            }
        };
        if kind != "RAW" && message.bytes.len() != digest {
            let message = format!("Digest is invalid length for algorithm {}.", message.algorithm);
            return Err(Refusal::new("ValidationException", message));
        }
        Ok(key)
    }

    fn mac_key(&mut self, seat: Seat, key: &str, message: &Message, operation: &str) -> Result<Spot, Refusal> {
        require((1..=4096).contains(&message.bytes.len()))?;
        let key = self.admit(seat, key, operation)?;
        self.require_usage(key, operation, "GENERATE_VERIFY_MAC", Some(message.algorithm))?;
        Ok(key)
    }

    fn keep_signature(&mut self, key: Spot, message: &Message, bytes: &[u8]) {
        let core = self.key(key).core;
        self.signatures.push(Signature {
            core,
            at: key.at,
            algorithm: message.algorithm,
            message: message.bytes.clone(),
            kind: message.kind.unwrap_or("RAW"),
            bytes: bytes.to_vec(),
        });
    }

    /// Whether these bytes were made for this message by this key or a related one.
    fn has_signed(&self, key: Spot, message: &Message, bytes: &[u8]) -> bool {
        let core = self.key(key).core;
        let kind = message.kind.unwrap_or("RAW");
        self.signatures.iter().any(|one| {
            (one.core, one.algorithm, one.kind) == (core, message.algorithm, kind)
                && (&one.message, &*one.bytes) == (&message.bytes, bytes)
        })
    }
}
