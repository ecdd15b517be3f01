//! Ed25519 and Ed25519ph (RFC 8032).

use std::fmt;

use ed25519_dalek::{Signature, Signer, SigningKey, Verifier, VerifyingKey};
use pkcs8::der::asn1::OctetStringRef;
use pkcs8::der::{Decode, Encode};
use sha2::{Digest, Sha512};
use zeroize::Zeroizing;

use super::encoding;
use crate::{
    CryptoError, DigestAlgorithm, Entropy, KeyPairAlgorithm, Message, PrivateKey, PublicKey, SecretBytes,
    SignatureScheme,
};

/// A seed and what follows from it. Wiped on drop.
pub(super) struct Ed25519Private {
    key: SigningKey,
    public: Ed25519Public,
}

impl Ed25519Private {
    pub(super) fn generate(entropy: &dyn Entropy) -> Result<Self, CryptoError> {
        let mut seed = Zeroizing::new([0; 32]);
        entropy.fill(seed.as_mut())?;
        Self::new(&seed)
    }

    /// Reads RFC 8410: an OCTET STRING of 32 bytes in that of PKCS #8.
    pub(super) fn from_pkcs8(pkcs8: &[u8]) -> Result<Self, CryptoError> {
        let info = encoding::read_pkcs8(ALGORITHM, pkcs8)?;
        let seed = <&OctetStringRef>::from_der(info.private_key.expose()).map_err(|_| CryptoError::InvalidKey)?;
        let private = Self::new(seed.as_bytes().try_into().map_err(|_| CryptoError::InvalidKey)?)?;
        match info.public_key {
            Some(point) if point != private.public.key.as_bytes() => Err(CryptoError::InvalidKey),
            _ => Ok(private),
        }
    }

    fn new(seed: &[u8; 32]) -> Result<Self, CryptoError> {
        let key = SigningKey::from_bytes(seed);
        Ok(Self { public: Ed25519Public::new(key.verifying_key())?, key })
    }
}

impl PrivateKey for Ed25519Private {
    fn public(&self) -> &dyn PublicKey {
        &self.public
    }

    fn to_pkcs8(&self) -> Result<SecretBytes, CryptoError> {
        let seed = OctetStringRef::new(self.key.as_bytes()).map_err(|_| CryptoError::InvalidKey)?;
        let mut key = Zeroizing::new([0; PRIVATE_KEY_LEN]);
        seed.encode_to_slice(key.as_mut()).map_err(|_| CryptoError::InvalidKey)?;
        encoding::write_pkcs8(ALGORITHM, key.as_ref())
    }

    fn sign(
        &self,
        scheme: SignatureScheme,
        message: Message<'_>,
        _entropy: &dyn Entropy,
    ) -> Result<Vec<u8>, CryptoError> {
        let signature = match Input::new(scheme, message)? {
            Input::Pure(message) => self.key.sign(message),
            Input::Prehashed(hash) => self.key.sign_prehashed(hash, None).map_err(|_| CryptoError::InvalidInput)?,
        };
        Ok(signature.to_bytes().to_vec())
    }
}

impl fmt::Debug for Ed25519Private {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ed25519Private(redacted)")
    }
}

/// A point that is not of small order.
pub(super) struct Ed25519Public {
    key: VerifyingKey,
    spki: Vec<u8>,
}

impl Ed25519Public {
    pub(super) fn from_spki(spki: &[u8]) -> Result<Self, CryptoError> {
        let point = encoding::read_spki(ALGORITHM, spki)?.try_into().map_err(|_| CryptoError::InvalidKey)?;
        Self::new(VerifyingKey::from_bytes(point).map_err(|_| CryptoError::InvalidKey)?)
    }

    /// A key of small order has signatures that fit almost any message. It is refused here, once; behind that the
    /// strict verification of the crate would only add checks that do not bind a signature any closer.
    fn new(key: VerifyingKey) -> Result<Self, CryptoError> {
        if key.is_weak() {
            return Err(CryptoError::InvalidKey);
        }
        Ok(Self { spki: encoding::write_spki(ALGORITHM, key.as_bytes())?, key })
    }
}

impl PublicKey for Ed25519Public {
    fn algorithm(&self) -> KeyPairAlgorithm {
        ALGORITHM
    }

    fn spki(&self) -> &[u8] {
        &self.spki
    }

    fn verify(&self, scheme: SignatureScheme, message: Message<'_>, signature: &[u8]) -> Result<(), CryptoError> {
        let input = Input::new(scheme, message)?;
        let signature = Signature::from_slice(signature).map_err(|_| CryptoError::Unauthenticated)?;
        match input {
            Input::Pure(message) => self.key.verify(message, &signature),
            Input::Prehashed(hash) => self.key.verify_prehashed(hash, None, &signature),
        }
        .map_err(|_| CryptoError::Unauthenticated)
    }
}

impl fmt::Debug for Ed25519Public {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ed25519Public")
    }
}

enum Input<'m> {
    Pure(&'m [u8]),
    Prehashed(Sha512),
}

impl<'m> Input<'m> {
    /// Ed25519 takes messages only. Ed25519ph hashes what it gets, also a hash (chapter 30, section 19).
    fn new(scheme: SignatureScheme, message: Message<'m>) -> Result<Self, CryptoError> {
        match (scheme, message) {
            (SignatureScheme::Ed25519, Message::Raw(message)) => Ok(Self::Pure(message)),
            (SignatureScheme::Ed25519Ph, Message::Raw(message)) => {
                Ok(Self::Prehashed(Sha512::new_with_prefix(message)))
            }
            (SignatureScheme::Ed25519Ph, Message::Digest(digest)) => {
                if digest.len() != DigestAlgorithm::Sha512.output_len() {
                    return Err(CryptoError::InvalidInput);
                }
                Ok(Self::Prehashed(Sha512::new_with_prefix(digest)))
            }
            _ => Err(CryptoError::Unsupported),
        }
    }
}

const ALGORITHM: KeyPairAlgorithm = KeyPairAlgorithm::Ed25519;
/// An OCTET STRING of 32 bytes.
const PRIVATE_KEY_LEN: usize = 34;
