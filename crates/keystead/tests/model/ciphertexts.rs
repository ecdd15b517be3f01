//! What the operations answer that make, open and change ciphertexts.

use super::call::{Blob, Context, Material, Refusal, Reply, Side};
use super::rules::{CRYPTOGRAPHIC, Given, Outcome, States, require};
use super::world::{Named, World};

impl World {
    pub fn encrypt(
        &mut self,
        at: usize,
        key: &str,
        context: &Context,
        plaintext: &[u8],
        dry_run: bool,
        given: Given<'_>,
    ) -> Outcome {
        require((1..=4096).contains(&plaintext.len()))?;
        let key = self.admit(at, key, "Encrypt", CRYPTOGRAPHIC)?;
        short_enough(context)?;
        if dry_run {
            return Err(dry());
        }
        let Ok(Reply::Sealed { blob, .. }) = given else { return Ok(Reply::Unit) };
        let plain = self.plaintext(plaintext.len(), Some(plaintext.to_vec()));
        self.keep(at, key, context, plain, blob.clone());
        Ok(Reply::Sealed { arn: self.arn(at, key), source: None, material: None, plaintext: None, blob: blob.clone() })
    }

    pub fn decrypt(
        &mut self,
        at: usize,
        blob: &Blob,
        context: &Context,
        key: Option<&str>,
        dry_run: bool,
        given: Given<'_>,
    ) -> Outcome {
        let side = Side { key: key.map(str::to_owned), context: context.clone() };
        shape_of_side(blob, &side)?;
        let key = self.source(at, blob, &side)?;
        let key = self.authorize_source(at, key, &side, "Decrypt")?;
        self.judge(at, key, States::Enabled)?;
        let (version, plaintext) = self.open(at, key, blob, context)?;
        if dry_run {
            return Err(dry());
        }
        let (told, shown) = match given {
            Ok(Reply::Opened { key, plaintext }) => (key.id.as_deref(), plaintext.as_slice()),
            _ => (None, &[][..]),
        };
        let id = self.material(at, key, version, told);
        let known = &mut self.plaintexts[plaintext];
        let length = known.length;
        // A data key that nobody has seen is whatever opens first, and stays that.
        let plaintext = known.bytes.get_or_insert_with(|| if shown.len() == length { shown.to_vec() } else { vec![0] });
        Ok(Reply::Opened { plaintext: plaintext.clone(), key: Material { arn: self.arn(at, key), id } })
    }

    pub fn re_encrypt(
        &mut self,
        at: usize,
        blob: &Blob,
        source: &Side,
        destination: &Side,
        given: Given<'_>,
    ) -> Outcome {
        shape_of_side(blob, source)?;
        let target = destination.key.as_deref().unwrap_or_default();
        require((1..=2048).contains(&target.chars().count()))?;
        let from = self.source(at, blob, source)?;
        let to = self.resolve(at, target, CRYPTOGRAPHIC.form)?;
        let from = self.authorize_source(at, from, source, "ReEncryptFrom")?;
        let Named::Own(to) = to else { return Err(self.denied(at, "ReEncryptTo", "this resource")) };
        self.settle(at, to);
        self.judge(at, from, States::Enabled)?;
        self.judge(at, to, States::Enabled)?;
        short_enough(&destination.context)?;
        let (version, plaintext) = self.open(at, from, blob, &source.context)?;
        let Ok(Reply::Sealed { source: told_source, material, blob, .. }) = given else { return Ok(Reply::Unit) };
        let source = self.material(at, from, version, told_source.as_ref().and_then(|told| told.id.as_deref()));
        let material = self.current_material(at, to, material.as_deref());
        self.keep(at, to, &destination.context, plaintext, blob.clone());
        Ok(Reply::Sealed {
            arn: self.arn(at, to),
            source: Some(Material { arn: self.arn(at, from), id: source }),
            material,
            plaintext: None,
            blob: blob.clone(),
        })
    }

    #[allow(clippy::too_many_arguments)]
    pub fn generate(
        &mut self,
        at: usize,
        key: &str,
        context: &Context,
        spec: Option<&str>,
        bytes: Option<i64>,
        plain: bool,
        given: Given<'_>,
    ) -> Outcome {
        require(bytes.is_none_or(|bytes| (1..=1024).contains(&bytes)))?;
        require((1..=2048).contains(&key.chars().count()))?;
        let length = match (spec, bytes) {
            (Some("AES_128"), None) => 16,
            (Some("AES_256"), None) => 32,
            (Some(_), None) => return Err(Refusal::code("ValidationException")),
            (None, Some(bytes)) => bytes as usize,
            _ => return Err(Refusal::new("ValidationException", "Please specify either number of bytes or key spec.")),
        };
        let action = if plain { "GenerateDataKey" } else { "GenerateDataKeyWithoutPlaintext" };
        let key = self.admit(at, key, action, CRYPTOGRAPHIC)?;
        short_enough(context)?;
        let Ok(Reply::Sealed { material, plaintext: told, blob, .. }) = given else { return Ok(Reply::Unit) };
        let material = self.current_material(at, key, material.as_deref());
        let told = told.clone().filter(|told| plain && told.len() == length);
        let plaintext = self.plaintext(length, told.clone());
        self.keep(at, key, context, plaintext, blob.clone());
        // Where a plaintext belongs into the answer and is none of that length, nothing fits.
        let plaintext = plain.then(|| told.unwrap_or_default());
        Ok(Reply::Sealed { arn: self.arn(at, key), source: None, material, plaintext, blob: blob.clone() })
    }

    /// The key that shall decrypt: named, or found in the ciphertext (API-013, KEY-19).
    fn source(&self, at: usize, blob: &Blob, side: &Side) -> Result<Named, Refusal> {
        let place = self.scopes[at].place;
        let origin = self.origin(blob).map(|origin| {
            let scope = &self.scopes[origin.scope];
            (scope.place.account, scope.keys[origin.key].id.as_str())
        });
        match (side.key.as_deref(), origin) {
            (Some(text), Some((account, id))) if account != place.account && text == id => {
                Ok(Named::Foreign { account: account.to_owned(), resource: format!("key/{id}") })
            }
            (Some(text), _) => self.resolve(at, text, CRYPTOGRAPHIC.form),
            (None, None) => Err(Refusal::new("InvalidCiphertextException", "")),
            (None, Some((account, id))) => match self.find(at, id).filter(|_| account == place.account) {
                Some(key) => Ok(Named::Own(key)),
                None => Ok(Named::Foreign { account: account.to_owned(), resource: format!("key/{id}") }),
            },
        }
    }

    fn authorize_source(&self, at: usize, key: Named, side: &Side, action: &str) -> Result<usize, Refusal> {
        let on = if side.key.is_some() { "this resource" } else { "the resource associated with this ciphertext" };
        match key {
            Named::Own(key) => Ok(key),
            Named::Foreign { .. } => Err(self.denied(at, action, on)),
        }
    }

    /// Opens a blob with the version that made it: the version and the plaintext (ROT-03, KEY-81, KEY-87).
    fn open(&self, at: usize, key: usize, blob: &Blob, context: &Context) -> Result<(usize, usize), Refusal> {
        short_enough(context)?;
        let invalid = || Refusal::new("InvalidCiphertextException", "");
        let origin = self.origin(blob).ok_or_else(invalid)?;
        if (origin.scope, origin.key) != (at, key) {
            let message = "The key ID in the request does not identify a CMK that can perform this operation.";
            return Err(Refusal::new("IncorrectKeyException", message));
        }
        if !blob.intact || origin.context != *context {
            return Err(invalid());
        }
        Ok((origin.version, origin.plaintext))
    }
}

fn shape_of_side(blob: &Blob, side: &Side) -> Result<(), Refusal> {
    require((1..=6144).contains(&blob.bytes.len()))?;
    require(side.key.as_deref().is_none_or(|key| (1..=2048).contains(&key.chars().count())))
}

/// The contexts of the model are far shorter or far longer than 8,192 bytes (KEY-83).
fn short_enough(context: &Context) -> Result<(), Refusal> {
    require(context.iter().map(|(key, value)| key.len() + value.len()).sum::<usize>() <= 8192)
}

fn dry() -> Refusal {
    Refusal::new("DryRunOperationException", "The request would have succeeded, but the DryRun option is set.")
}
