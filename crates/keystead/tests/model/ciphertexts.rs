//! What the operations answer that make, open and change ciphertexts, and make data keys.

use super::access::Seat;
use super::call::{Blob, Call, Context, Given, Material, Outcome, Refusal, Reply, Side};
use super::rules::{dry, require, row};
use super::world::{Named, Spot, World};

impl World {
    pub fn encrypt(&mut self, seat: Seat, call: &Call, given: Given<'_>) -> Outcome {
        let Call::Encrypt { key, context, plaintext, algorithm, tokens, dry_run } = call else {
            return Err(Refusal::code("no such call"));
        };
        require((1..=4096).contains(&plaintext.len()))?;
        let key = self.admit_with(seat, key, "Encrypt", Some(context), tokens)?;
        self.judge(key, row("Encrypt").states)?;
        self.can_seal(key, "Encrypt", *algorithm, context)?;
        self.fits(key, *algorithm, plaintext.len())?;
        if *dry_run {
            return Err(dry());
        }
        let Ok(Reply::Sealed { blob, .. }) = given else { return Ok(Reply::Unit) };
        let plain = self.plaintext(plaintext.len(), Some(plaintext.clone()));
        let of_pair = algorithm.filter(|_| self.kind(key).is_pair());
        self.keep(key, of_pair, context, plain, blob.clone());
        let material = self.current_material(key, None);
        self.trail.additional = materials(&[("keyMaterialId", material.as_ref())]);
        self.use_key(key, "Encrypt");
        Ok(Reply::Sealed { arn: self.arn(key), source: None, material: None, plaintext: None, blob: blob.clone() })
    }

    pub fn decrypt(&mut self, seat: Seat, blob: &Blob, side: &Side, dry_run: bool, given: Given<'_>) -> Outcome {
        shape_of_side(blob, side)?;
        let key = self.source(seat, blob, side)?;
        let key = self.authorize_source(seat, key, side, "Decrypt")?;
        self.judge(key, row("Decrypt").states)?;
        let (version, plaintext) = self.open(key, blob, side, "Decrypt", dry_run)?;
        if dry_run {
            return Err(dry());
        }
        let (told, shown) = match given {
            Ok(Reply::Opened { key, plaintext }) => (key.id.as_deref(), plaintext.as_slice()),
            _ => (None, &[][..]),
        };
        let core = self.key(key).core;
        let id = if self.kind(key).is_symmetric() { self.material(core, version, told) } else { None };
        let known = &mut self.plaintexts[plaintext];
        let length = known.length;
        // A data key that nobody has seen is whatever opens first, and stays that.
        let plaintext = known.bytes.get_or_insert_with(|| {
            let fits = length == 0 || shown.len() == length;
            if fits { shown.to_vec() } else { vec![0] }
        });
        let plaintext = plaintext.clone();
        self.trail.additional = materials(&[("keyMaterialId", id.as_ref())]);
        self.use_key(key, "Decrypt");
        Ok(Reply::Opened { plaintext, key: Material { arn: self.arn(key), id } })
    }

    pub fn re_encrypt(
        &mut self,
        seat: Seat,
        blob: &Blob,
        source: &Side,
        destination: &Side,
        dry_run: bool,
        given: Given<'_>,
    ) -> Outcome {
        shape_of_side(blob, source)?;
        let target = destination.key.as_deref().unwrap_or_default();
        let rule = row("ReEncryptTo");
        require((1..=2048).contains(&target.chars().count()))?;
        let from = self.source(seat, blob, source)?;
        let to = self.resolve_key(seat, target, rule)?;
        let from = self.authorize_source(seat, from, source, "ReEncryptFrom")?;
        // Whoever is refused one key is not heard of by the owner of the other.
        let owners = std::mem::take(&mut self.trail.owners);
        let to = self.existing(seat, to, rule)?;
        let authorized = self.authorize(seat, to, rule, Some(&destination.context));
        self.touch(seat, to, authorized.is_ok());
        authorized?;
        self.trail.owners.extend(owners);
        self.trail.owners.dedup();
        if from == to {
            self.trail.resources.push(self.arn(to));
        }
        self.settle(to);
        self.judge(from, row("ReEncryptFrom").states)?;
        self.judge(to, rule.states)?;
        self.usage_to_open(from, blob, source, "ReEncrypt")?;
        self.usage_to_seal(to, "ReEncrypt", destination.algorithm)?;
        self.can_open(from, blob, source, "ReEncrypt")?;
        self.can_seal(to, "ReEncrypt", destination.algorithm, &destination.context)?;
        let (version, plaintext) = self.open(from, blob, source, "ReEncrypt", dry_run)?;
        if dry_run {
            return Err(dry());
        }
        let length = match self.plaintexts[plaintext].length {
            0 => None,
            length => Some(length),
        };
        if let Some(length) = length {
            self.fits(to, destination.algorithm, length)?;
        }
        let Ok(Reply::Sealed { source: told_source, material, blob, .. }) = given else { return Ok(Reply::Unit) };
        let core = self.key(from).core;
        let source = if self.kind(from).is_symmetric() {
            self.material(core, version, told_source.as_ref().and_then(|told| told.id.as_deref()))
        } else {
            None
        };
        let material = self.current_material(to, material.as_deref());
        let of_pair = destination.algorithm.filter(|_| self.kind(to).is_pair());
        self.keep(to, of_pair, &destination.context, plaintext, blob.clone());
        self.trail.additional =
            materials(&[("sourceKeyMaterialId", source.as_ref()), ("destinationKeyMaterialId", material.as_ref())]);
        self.use_key(from, "ReEncrypt");
        self.use_key(to, "ReEncrypt");
        Ok(Reply::Sealed {
            arn: self.arn(to),
            source: Some(Material { arn: self.arn(from), id: source }),
            material,
            plaintext: None,
            blob: blob.clone(),
        })
    }

    pub fn generate(&mut self, seat: Seat, call: &Call, given: Given<'_>) -> Outcome {
        let Call::GenerateDataKey { key, context, spec, bytes, plain, dry_run } = call else {
            return Err(Refusal::code("no such call"));
        };
        require(bytes.is_none_or(|bytes| (1..=1024).contains(&bytes)))?;
        require((1..=2048).contains(&key.chars().count()))?;
        let length = match (spec.as_deref(), *bytes) {
            (Some("AES_128"), None) => 16,
            (Some("AES_256"), None) => 32,
            (Some(_), None) => return Err(Refusal::code("ValidationException")),
            (None, Some(bytes)) => bytes as usize,
            _ => return Err(Refusal::new("ValidationException", "Please specify either number of bytes or key spec.")),
        };
        let operation = if *plain { "GenerateDataKey" } else { "GenerateDataKeyWithoutPlaintext" };
        let key = self.admit_in(seat, key, operation, Some(context))?;
        self.judge(key, row(operation).states)?;
        self.can_make_data_keys(key, operation)?;
        short_enough(context)?;
        if *dry_run {
            return Err(dry());
        }
        let Ok(Reply::Sealed { material, plaintext: told, blob, .. }) = given else { return Ok(Reply::Unit) };
        let material = self.current_material(key, material.as_deref());
        let told = told.clone().filter(|told| *plain && told.len() == length);
        let plaintext = self.plaintext(length, told.clone());
        self.keep(key, None, context, plaintext, blob.clone());
        self.trail.additional = materials(&[("keyMaterialId", material.as_ref())]);
        self.use_key(key, operation);
        // Where a plaintext belongs into the answer and is none of that length, nothing fits.
        let plaintext = plain.then(|| told.unwrap_or_default());
        Ok(Reply::Sealed { arn: self.arn(key), source: None, material, plaintext, blob: blob.clone() })
    }

    pub fn generate_pair(&mut self, seat: Seat, call: &Call, given: Given<'_>) -> Outcome {
        let Call::GenerateDataKeyPair { key, context, spec, plain, dry_run } = call else {
            return Err(Refusal::code("no such call"));
        };
        let operation = if *plain { "GenerateDataKeyPair" } else { "GenerateDataKeyPairWithoutPlaintext" };
        let key = self.admit_in(seat, key, operation, Some(context))?;
        let china = seat.place().partition == "aws-cn";
        if (*spec == "SM2" && !china) || (spec.starts_with("ML_KEM") && china) {
            return Err(Refusal::code("UnsupportedOperationException"));
        }
        self.judge(key, row(operation).states)?;
        self.can_make_data_keys(key, operation)?;
        short_enough(context)?;
        if *dry_run {
            return Err(dry());
        }
        let Ok(Reply::Pair { key: told, blob, public_key, private_key, .. }) = given else { return Ok(Reply::Unit) };
        let id = self.current_material(key, told.id.as_deref());
        // What the private key is like is free; but each way to it leads to the same.
        let shown = private_key.clone().filter(|_| *plain);
        let plaintext = self.plaintext(0, shown.clone());
        self.keep(key, None, context, plaintext, blob.clone());
        self.trail.additional = materials(&[("keyMaterialId", id.as_ref())]);
        self.use_key(key, operation);
        let private_key = plain.then(|| shown.unwrap_or_default());
        Ok(Reply::Pair {
            key: Material { arn: self.arn(key), id },
            spec: (*spec).to_owned(),
            blob: blob.clone(),
            public_key: public_key.clone(),
            private_key,
        })
    }

    pub fn random(&mut self, seat: Seat, bytes: Option<i64>, given: Given<'_>) -> Outcome {
        require(bytes.is_none_or(|bytes| (1..=1024).contains(&bytes)))?;
        let Some(bytes) = bytes else {
            return Err(Refusal::new("ValidationException", "NumberOfBytes is required."));
        };
        self.authorize_identity(seat, "GenerateRandom", Some("*"))?;
        match given {
            Ok(Reply::Random(random)) if random.len() == bytes as usize => Ok(Reply::Random(random.clone())),
            _ => Ok(Reply::Unit),
        }
    }

    /// The key that shall decrypt: named, or found in the ciphertext (API-013, KEY-19).
    fn source(&mut self, seat: Seat, blob: &Blob, side: &Side) -> Result<Named, Refusal> {
        let rule = row("Decrypt");
        let origin = self.origin(blob).filter(|origin| origin.algorithm.is_none());
        // The bytes name an account and a key ID, and no Region (RUL-11).
        let origin = origin.map(|origin| {
            let account = self.scopes[origin.at].place.account;
            (account, self.cores[origin.core].id.as_str())
        });
        let found = |account: &str, id: &str| {
            let at = if account == seat.place().account { seat.at } else { seat.at ^ 1 };
            self.find(at, id).map_or(Named::Nothing, Named::Key)
        };
        match (side.key.as_deref(), origin) {
            (Some(text), Some((account, id))) if account != seat.place().account && text == id => {
                Ok(found(account, id))
            }
            (Some(text), _) => self.resolve_key(seat, text, rule),
            (None, None) => Err(Refusal::new("InvalidCiphertextException", "")),
            (None, Some((account, id))) => Ok(found(account, id)),
        }
    }

    fn authorize_source(&mut self, seat: Seat, key: Named, side: &Side, action: &str) -> Result<Spot, Refusal> {
        let on = if side.key.is_some() { "this resource" } else { "the resource associated with this ciphertext" };
        let Named::Key(key) = key else { return Err(self.opaque(seat, action, on)) };
        let granted = self.granted(seat, key, action, Some(&side.context));
        let mut authorized = self.permit(seat, key, row(action), granted, on);
        // Without a name, the key is not told, whoever owns it (POL-119).
        if authorized.is_err() && side.key.is_none() {
            authorized = Err(self.opaque(seat, action, on));
        }
        self.touch(seat, key, authorized.is_ok());
        authorized.map(|()| key)
    }

    /// Usage and algorithm of a key that opens. The key of symmetric bytes is compared instead (API-012).
    fn usage_to_open(&self, key: Spot, blob: &Blob, side: &Side, operation: &str) -> Result<(), Refusal> {
        let algorithm = side.algorithm.unwrap_or("SYMMETRIC_DEFAULT");
        let symmetric_bytes = self.origin(blob).is_some_and(|origin| origin.algorithm.is_none());
        if algorithm == "SYMMETRIC_DEFAULT" && symmetric_bytes {
            return Ok(());
        }
        self.require_usage(key, operation, "ENCRYPT_DECRYPT", Some(algorithm))
    }

    fn usage_to_seal(&self, key: Spot, operation: &str, algorithm: Option<&str>) -> Result<(), Refusal> {
        let algorithm = algorithm.unwrap_or("SYMMETRIC_DEFAULT");
        self.require_usage(key, operation, "ENCRYPT_DECRYPT", Some(algorithm))
    }

    /// The same, and what the algorithm forbids: key pairs know no encryption context (ASY-22).
    fn can_open(&self, key: Spot, blob: &Blob, side: &Side, operation: &str) -> Result<(), Refusal> {
        self.usage_to_open(key, blob, side, operation)?;
        require(side.algorithm.unwrap_or("SYMMETRIC_DEFAULT") == "SYMMETRIC_DEFAULT" || side.context.is_empty())
    }

    fn can_seal(&self, key: Spot, operation: &str, algorithm: Option<&str>, context: &Context) -> Result<(), Refusal> {
        self.usage_to_seal(key, operation, algorithm)?;
        require(algorithm.unwrap_or("SYMMETRIC_DEFAULT") == "SYMMETRIC_DEFAULT" || context.is_empty())?;
        short_enough(context)
    }

    fn can_make_data_keys(&self, key: Spot, operation: &str) -> Result<(), Refusal> {
        self.require_usage(key, operation, "ENCRYPT_DECRYPT", Some("SYMMETRIC_DEFAULT"))
    }

    /// The largest plaintext of an algorithm (ASY-20, ASY-50).
    fn fits(&self, key: Spot, algorithm: Option<&str>, length: usize) -> Result<(), Refusal> {
        let Some(algorithm) = algorithm.filter(|_| self.kind(key).is_pair()) else { return Ok(()) };
        let most = match algorithm {
            "SM2PKE" => 1024,
            "RSAES_OAEP_SHA_1" => 214,
            _ => 190,
        };
        if length <= most {
            return Ok(());
        }
        let spec = self.kind(key).spec;
        let message =
            format!("Algorithm {algorithm} and key spec {spec} cannot encrypt data larger than {most} bytes.");
        Err(Refusal::new("ValidationException", message))
    }

    /// Opens a blob with the version that made it: the version and the plaintext (ROT-03, KEY-81, KEY-87).
    fn open(
        &self,
        key: Spot,
        blob: &Blob,
        side: &Side,
        operation: &str,
        dry_run: bool,
    ) -> Result<(usize, usize), Refusal> {
        self.can_open(key, blob, side, operation)?;
        short_enough(&side.context)?;
        let invalid = || Refusal::new("InvalidCiphertextException", "");
        let algorithm = side.algorithm.unwrap_or("SYMMETRIC_DEFAULT");
        let core = self.key(key).core;
        if algorithm != "SYMMETRIC_DEFAULT" {
            // Nothing of it is looked at in a dry run (RUL-26).
            if dry_run {
                return Ok((0, 0));
            }
            let origin = self.origin(blob).ok_or_else(invalid)?;
            if origin.core != core || origin.algorithm != Some(algorithm) || !blob.intact {
                return Err(invalid());
            }
            return Ok((0, origin.plaintext));
        }
        let origin = self.origin(blob).filter(|origin| origin.algorithm.is_none()).ok_or_else(invalid)?;
        if origin.core != core {
            let message = "The key ID in the request does not identify a CMK that can perform this operation.";
            return Err(Refusal::new("IncorrectKeyException", message));
        }
        if !blob.intact || origin.context != side.context {
            return Err(invalid());
        }
        Ok((origin.version, origin.plaintext))
    }
}

fn shape_of_side(blob: &Blob, side: &Side) -> Result<(), Refusal> {
    require((1..=6144).contains(&blob.bytes.len()))?;
    require(side.key.as_deref().is_none_or(|key| (1..=2048).contains(&key.chars().count())))
}

/// The IDs of materials that records tell (chapter 12, section 18), as far as they are known.
fn materials(ids: &[(&str, Option<&String>)]) -> serde_json::Value {
    let known: serde_json::Map<_, _> =
        ids.iter().filter_map(|(name, id)| id.map(|id| ((*name).to_owned(), serde_json::json!(id)))).collect();
    if known.is_empty() { serde_json::Value::Null } else { known.into() }
}

/// The contexts of the model are far shorter or far longer than 8,192 bytes (KEY-83).
fn short_enough(context: &Context) -> Result<(), Refusal> {
    require(context.iter().map(|(key, value)| key.len() + value.len()).sum::<usize>() <= 8192)
}
