//! Encrypt.

use std::borrow::Cow;

use keystead_hierarchy::spec::EncryptionAlgorithm;
use keystead_hierarchy::{EncryptionContext, blob};
use keystead_types::KeyArn;

use super::common::{header, require_context, require_encryption_algorithm, text};
use crate::Error;
use crate::audit::{AuditExtras, Fields};
use crate::authorize::Authorized;
use crate::client::{Call, Client};
use crate::door::{CallFacts, Effect, Operation};
use crate::engine::hierarchy;
use crate::request::request;
use crate::targets::{OneKey, Target};
use crate::value::Blob;

request! {
    /// Encrypts up to 4,096 bytes under a KMS key (KEY-79 to KEY-87).
    ///
    /// Authorized by `kms:Encrypt` on the key, across accounts too. Refused by keys that are not enabled.
    Encrypt: ENCRYPT -> EncryptResponse {
        /// The key: key ID, key ARN, alias name or alias ARN.
        key_id: Cow<'a, str>,
        /// What to encrypt: 1 to 4,096 bytes.
        plaintext: Blob<'a>,
        /// Text pairs that decryption must repeat exactly. Not secret.
        encryption_context: EncryptionContext<'a>,
        /// Grants to be considered although they are new.
        grant_tokens: Vec<Cow<'a, str>>,
        /// `SYMMETRIC_DEFAULT` unless the key is asymmetric.
        encryption_algorithm: Cow<'a, str>,
        /// Checks everything and changes nothing; the call then always fails.
        dry_run: bool,
    }
}

/// The answer of [`Encrypt`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct EncryptResponse {
    /// The ciphertext; names its key, so that Decrypt needs none.
    pub ciphertext_blob: Vec<u8>,
    /// The key that encrypted.
    pub key_id: KeyArn,
    /// The algorithm used.
    pub encryption_algorithm: EncryptionAlgorithm,
}

impl Client {
    /// Encrypts up to 4,096 bytes under a key. See [`Encrypt`].
    pub fn encrypt<'c>(
        &'c self,
        key_id: impl Into<Cow<'c, str>>,
        plaintext: impl Into<Blob<'c>>,
    ) -> Call<'c, Encrypt<'c>> {
        self.call(Encrypt { key_id: Some(key_id.into()), plaintext: Some(plaintext.into()), ..Encrypt::new() })
    }
}

impl<'c> Call<'c, Encrypt<'c>> {
    /// Adds a pair to the encryption context.
    pub fn context(mut self, key: impl Into<Cow<'c, str>>, value: impl Into<Cow<'c, str>>) -> Self {
        self.request.encryption_context.get_or_insert_default().insert(key, value);
        self
    }
}

/// A plaintext about to be sealed under the current material of a key.
pub(crate) struct Sealing<'p> {
    pub(super) targets: SealingKey<'p>,
    pub(super) context: &'p EncryptionContext<'p>,
    pub(super) plaintext: &'p [u8],
}

/// The key that seals.
pub(super) struct SealingKey<'p> {
    pub(super) key: &'p Target,
    pub(super) material: &'p crate::snapshot::Material,
    pub(super) live: crate::material::LiveHandle,
}

impl<'p> SealingKey<'p> {
    /// The current material of an authorized key.
    pub(super) fn of<T>(targets: &'p Authorized<T>, key: &'p Target, call: &CallFacts<'_>) -> Result<Self, Error> {
        let (material, live) = targets.current_material(key, call)?;
        Ok(Self { key, material, live })
    }

    pub(super) fn seal(
        &self,
        context: &EncryptionContext<'_>,
        plaintext: &[u8],
        call: &CallFacts<'_>,
    ) -> Result<Vec<u8>, Error> {
        let header = header(self.key.snapshot(), self.material.version);
        blob::seal(self.live.sealer()?, &header, call.engine.entropy.as_ref(), context, plaintext).map_err(hierarchy)
    }

    /// `additionalEventData` of operations with symmetric keys.
    pub(super) fn audit(&self, call: &CallFacts<'_>) -> AuditExtras {
        let additional = call.is_recorded().then(|| Fields::new().with("keyMaterialId", self.material.id.to_string()));
        AuditExtras { additional, ..AuditExtras::default() }
    }
}

impl Operation for Encrypt<'_> {
    type Targets = OneKey;
    type Prepared<'p>
        = Sealing<'p>
    where
        Self: 'p;

    fn wanted<'r>(&'r self, _: &CallFacts<'_>) -> Result<&'r str, Error> {
        Ok(text(&self.key_id))
    }

    fn prepare<'p>(&'p self, targets: &'p Authorized<OneKey>, call: &CallFacts<'p>) -> Result<Sealing<'p>, Error> {
        require_encryption_algorithm(targets.0.snapshot(), &self.encryption_algorithm, call)?;
        let context = require_context(&self.encryption_context, call)?;
        let plaintext = self.plaintext.as_ref().map(AsRef::as_ref).unwrap_or_default();
        Ok(Sealing { targets: SealingKey::of(targets, &targets.0, call)?, context, plaintext })
    }

    fn perform(sealing: Sealing<'_>, call: &CallFacts<'_>) -> Result<Effect<EncryptResponse>, Error> {
        let response = EncryptResponse {
            ciphertext_blob: sealing.targets.seal(sealing.context, sealing.plaintext, call)?,
            key_id: *sealing.targets.key.arn(),
            encryption_algorithm: EncryptionAlgorithm::SymmetricDefault,
        };
        Ok(Effect { audit: sealing.targets.audit(call), ..Effect::reading(response) })
    }
}
