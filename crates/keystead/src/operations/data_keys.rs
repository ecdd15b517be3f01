//! GenerateDataKey and GenerateDataKeyWithoutPlaintext.

use std::borrow::Cow;

use keystead_crypto::SecretBytes;
use keystead_hierarchy::spec::DataKeySpec;
use keystead_hierarchy::{EncryptionContext, MaterialId};
use keystead_types::KeyArn;

use super::common::{require_context, require_symmetric, text};
use super::encrypt::SealingKey;
use crate::Error;
use crate::authorize::Authorized;
use crate::client::{Call, Client};
use crate::door::{CallFacts, Effect, Operation};
use crate::engine::crypto;
use crate::recipient::{Released, release};
use crate::request::request;
use crate::response::response;
use crate::targets::OneKey;
use crate::value::RecipientInfo;

request! {
    /// Makes a random key for use outside: in clear and sealed under a KMS key (KEY-88).
    ///
    /// Authorized by `kms:GenerateDataKey` on the key. Give exactly one of key spec and number of bytes.
    GenerateDataKey: GENERATE_DATA_KEY -> GenerateDataKeyResponse {
        /// The key that protects the data key: key ID, key ARN, alias name or alias ARN.
        key_id: Cow<'a, str>,
        /// The pairs that the data key is bound to.
        encryption_context: EncryptionContext<'a>,
        /// The length of the data key in bytes, 1 to 1,024.
        number_of_bytes: i64,
        /// `AES_256` or `AES_128`.
        key_spec: Cow<'a, str>,
        /// Grants to be considered although they are new.
        grant_tokens: Vec<Cow<'a, str>>,
        /// The attested environment that gets the data key.
        recipient: RecipientInfo<'a>,
        /// Checks everything and makes nothing; the call then always fails.
        dry_run: bool,
    }
}

request! {
    /// Makes a random key for use outside, sealed under a KMS key only (KEY-88).
    ///
    /// Authorized by `kms:GenerateDataKeyWithoutPlaintext` on the key.
    GenerateDataKeyWithoutPlaintext: GENERATE_DATA_KEY_WITHOUT_PLAINTEXT -> GenerateDataKeyWithoutPlaintextResponse {
        /// The key that protects the data key: key ID, key ARN, alias name or alias ARN.
        key_id: Cow<'a, str>,
        /// The pairs that the data key is bound to.
        encryption_context: EncryptionContext<'a>,
        /// `AES_256` or `AES_128`.
        key_spec: Cow<'a, str>,
        /// The length of the data key in bytes, 1 to 1,024.
        number_of_bytes: i64,
        /// Grants to be considered although they are new.
        grant_tokens: Vec<Cow<'a, str>>,
        /// Checks everything and makes nothing; the call then always fails.
        dry_run: bool,
    }
}

response! {
    /// The answer of [`GenerateDataKey`].
    #[derive(Clone, Debug)]
    GenerateDataKeyResponse {
        /// The data key sealed; Decrypt opens it.
        ciphertext_blob: Vec<u8>,
        /// The data key in clear, unless an attested recipient gets it; wiped on drop.
        plaintext: Option<SecretBytes>,
        /// The data key encrypted to the attested recipient of the request: CMS EnvelopedData (ENV-89).
        ciphertext_for_recipient: Option<Vec<u8>>,
        /// The key that sealed.
        key_id: KeyArn,
        /// The material that sealed; without a recipient.
        key_material_id: Option<MaterialId>,
    }
}

impl GenerateDataKeyResponse {
    /// The data key in clear. Empty if an attested recipient got it instead.
    pub fn expose(&self) -> &[u8] {
        self.plaintext.as_ref().map(SecretBytes::expose).unwrap_or_default()
    }
}

response! {
    /// The answer of [`GenerateDataKeyWithoutPlaintext`].
    #[derive(Clone, Debug)]
    GenerateDataKeyWithoutPlaintextResponse {
        /// The data key sealed; Decrypt opens it.
        ciphertext_blob: Vec<u8>,
        /// The key that sealed.
        key_id: KeyArn,
        /// The material that sealed.
        key_material_id: Option<MaterialId>,
    }
}

impl Client {
    /// Makes a data key; set [`Call::key_spec`] or [`Call::number_of_bytes`]. See [`GenerateDataKey`].
    pub fn generate_data_key<'c>(&'c self, key_id: impl Into<Cow<'c, str>>) -> Call<'c, GenerateDataKey<'c>> {
        self.call(GenerateDataKey { key_id: Some(key_id.into()), ..GenerateDataKey::new() })
    }

    /// Makes a data key without showing it. See [`GenerateDataKeyWithoutPlaintext`].
    pub fn generate_data_key_without_plaintext<'c>(
        &'c self,
        key_id: impl Into<Cow<'c, str>>,
    ) -> Call<'c, GenerateDataKeyWithoutPlaintext<'c>> {
        self.call(GenerateDataKeyWithoutPlaintext {
            key_id: Some(key_id.into()),
            ..GenerateDataKeyWithoutPlaintext::new()
        })
    }
}

impl<'c> Call<'c, GenerateDataKey<'c>> {
    /// Adds a pair to the encryption context.
    pub fn context(mut self, key: impl Into<Cow<'c, str>>, value: impl Into<Cow<'c, str>>) -> Self {
        self.request.encryption_context.get_or_insert_default().insert(key, value);
        self
    }
}

impl<'c> Call<'c, GenerateDataKeyWithoutPlaintext<'c>> {
    /// Adds a pair to the encryption context.
    pub fn context(mut self, key: impl Into<Cow<'c, str>>, value: impl Into<Cow<'c, str>>) -> Self {
        self.request.encryption_context.get_or_insert_default().insert(key, value);
        self
    }
}

/// A data key about to be made.
pub(crate) struct MakingDataKey<'p> {
    key: SealingKey<'p>,
    context: &'p EncryptionContext<'p>,
    length: usize,
}

/// A data key, in clear and sealed.
struct DataKey {
    plaintext: SecretBytes,
    ciphertext_blob: Vec<u8>,
    key_id: KeyArn,
    key_material_id: Option<MaterialId>,
}

impl<'p> MakingDataKey<'p> {
    fn prepare(
        targets: &'p Authorized<OneKey>,
        context: &'p Option<EncryptionContext<'_>>,
        length: usize,
        call: &CallFacts<'_>,
    ) -> Result<Self, Error> {
        require_symmetric(targets.0.snapshot(), call)?;
        let context = require_context(context, call)?;
        Ok(Self { key: SealingKey::of(targets, &targets.0, call)?, context, length })
    }

    fn make(&self, call: &CallFacts<'_>) -> Result<DataKey, Error> {
        let plaintext = SecretBytes::random(call.engine.entropy.as_ref(), self.length).map_err(crypto)?;
        Ok(DataKey {
            ciphertext_blob: self.key.seal(self.context, plaintext.expose(), call)?,
            plaintext,
            key_id: *self.key.key.arn(),
            key_material_id: Some(self.key.material.id),
        })
    }
}

/// The length of the data key: exactly one of the two members says it (KEY-89).
fn length(key_spec: &Option<Cow<'_, str>>, number_of_bytes: Option<i64>) -> Result<usize, Error> {
    let spec = key_spec.as_deref().map(|name| name.parse::<DataKeySpec>());
    match (spec, number_of_bytes) {
        (Some(Ok(spec)), None) => Ok(spec.len()),
        (None, Some(bytes)) => usize::try_from(bytes).map_err(|_| size_missing()),
        _ => Err(size_missing()),
    }
}

fn size_missing() -> Error {
    Error::Validation("Please specify either number of bytes or key spec.".into())
}

impl Operation for GenerateDataKey<'_> {
    type Targets = OneKey;
    type Prepared<'p>
        = MakingDataKey<'p>
    where
        Self: 'p;

    fn check(&self) -> Result<(), Error> {
        length(&self.key_spec, self.number_of_bytes).map(drop)
    }

    fn wanted<'r>(&'r self, _: &CallFacts<'_>) -> Result<&'r str, Error> {
        Ok(text(&self.key_id))
    }

    fn prepare<'p>(
        &'p self,
        targets: &'p Authorized<OneKey>,
        call: &CallFacts<'p>,
    ) -> Result<MakingDataKey<'p>, Error> {
        let length = length(&self.key_spec, self.number_of_bytes)?;
        MakingDataKey::prepare(targets, &self.encryption_context, length, call)
    }

    fn perform(making: MakingDataKey<'_>, call: &CallFacts<'_>) -> Result<Effect<GenerateDataKeyResponse>, Error> {
        let DataKey { plaintext, ciphertext_blob, key_id, key_material_id } = making.make(call)?;
        let Released { plaintext, for_recipient } = release(plaintext, call)?;
        let response = GenerateDataKeyResponse {
            ciphertext_blob,
            key_material_id: key_material_id.filter(|_| plaintext.is_some()),
            plaintext,
            ciphertext_for_recipient: for_recipient,
            key_id,
        };
        Ok(Effect { audit: making.key.audit(call), ..Effect::reading(response) })
    }
}

impl Operation for GenerateDataKeyWithoutPlaintext<'_> {
    type Targets = OneKey;
    type Prepared<'p>
        = MakingDataKey<'p>
    where
        Self: 'p;

    fn check(&self) -> Result<(), Error> {
        length(&self.key_spec, self.number_of_bytes).map(drop)
    }

    fn wanted<'r>(&'r self, _: &CallFacts<'_>) -> Result<&'r str, Error> {
        Ok(text(&self.key_id))
    }

    fn prepare<'p>(
        &'p self,
        targets: &'p Authorized<OneKey>,
        call: &CallFacts<'p>,
    ) -> Result<MakingDataKey<'p>, Error> {
        let length = length(&self.key_spec, self.number_of_bytes)?;
        MakingDataKey::prepare(targets, &self.encryption_context, length, call)
    }

    fn perform(
        making: MakingDataKey<'_>,
        call: &CallFacts<'_>,
    ) -> Result<Effect<GenerateDataKeyWithoutPlaintextResponse>, Error> {
        let DataKey { ciphertext_blob, key_id, key_material_id, .. } = making.make(call)?;
        let response = GenerateDataKeyWithoutPlaintextResponse { ciphertext_blob, key_id, key_material_id };
        Ok(Effect { audit: making.key.audit(call), ..Effect::reading(response) })
    }
}
