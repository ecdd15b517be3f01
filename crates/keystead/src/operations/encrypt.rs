//! Encrypt.

use std::borrow::Cow;

use keystead_hierarchy::spec::EncryptionAlgorithm;
use keystead_hierarchy::{EncryptionContext, MaterialId, blob};
use keystead_types::KeyArn;

use super::common::{
    header, require_context, require_encryption_algorithm, require_no_context, require_plaintext_fits, text,
};
use crate::Error;
use crate::audit::{AuditExtras, Fields};
use crate::authorize::Authorized;
use crate::client::{Call, Client};
use crate::door::{CallFacts, Effect, Operation};
use crate::engine::{crypto, hierarchy};
use crate::request::request;
use crate::response::response;
use crate::snapshot::KeySnapshot;
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

response! {
    /// The answer of [`Encrypt`].
    #[derive(Clone, Debug)]
    EncryptResponse {
        /// The ciphertext; names its key, so that Decrypt needs none.
        ciphertext_blob: Vec<u8>,
        /// The key that encrypted.
        key_id: KeyArn,
        /// The algorithm used.
        encryption_algorithm: EncryptionAlgorithm,
    }
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

/// A plaintext about to be encrypted.
pub(crate) struct Encrypting<'p> {
    key: EncryptingKey<'p>,
    plaintext: &'p [u8],
}

/// The key that encrypts, and what its algorithm needs.
pub(super) struct EncryptingKey<'p> {
    pub(super) key: SealingKey<'p>,
    pub(super) algorithm: EncryptionAlgorithm,
    context: &'p EncryptionContext<'p>,
}

/// A key with its current material.
pub(super) struct SealingKey<'p> {
    pub(super) key: &'p Target,
    pub(super) material: &'p crate::snapshot::Material,
    pub(super) live: crate::material::LiveHandle,
}

impl<'p> EncryptingKey<'p> {
    /// Steps 10 and 11: algorithm and context.
    pub(super) fn require_fit(
        key: &KeySnapshot,
        algorithm: &Option<Cow<'_, str>>,
        context: &'p Option<EncryptionContext<'p>>,
        call: &CallFacts<'_>,
    ) -> Result<(EncryptionAlgorithm, &'p EncryptionContext<'p>), Error> {
        let algorithm = require_encryption_algorithm(key, algorithm, call)?;
        let context = require_context(context, call)?;
        if algorithm != EncryptionAlgorithm::SymmetricDefault {
            require_no_context(context, algorithm)?;
        }
        Ok((algorithm, context))
    }

    /// The key, for what [`require_fit`](Self::require_fit) found fitting.
    pub(super) fn of<T>(
        targets: &'p Authorized<T>,
        key: &'p Target,
        (algorithm, context): (EncryptionAlgorithm, &'p EncryptionContext<'p>),
        call: &CallFacts<'_>,
    ) -> Result<Self, Error> {
        Ok(Self { key: SealingKey::of(targets, key, call)?, algorithm, context })
    }

    /// Encrypts what is known to fit.
    pub(super) fn encrypt(&self, plaintext: &[u8], call: &CallFacts<'_>) -> Result<Vec<u8>, Error> {
        match self.algorithm.scheme() {
            None => self.key.seal(self.context, plaintext, call),
            Some(scheme) => {
                let public = self.key.live.pair()?.public();
                public.encrypt(scheme, plaintext, call.engine.entropy.as_ref()).map_err(crypto)
            }
        }
    }

    /// The ID of the material, which asymmetric keys do not show.
    pub(super) fn material_id(&self) -> Option<MaterialId> {
        (self.algorithm == EncryptionAlgorithm::SymmetricDefault).then_some(self.key.material.id)
    }
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
        = Encrypting<'p>
    where
        Self: 'p;

    fn wanted<'r>(&'r self, _: &CallFacts<'_>) -> Result<&'r str, Error> {
        Ok(text(&self.key_id))
    }

    fn prepare<'p>(&'p self, targets: &'p Authorized<OneKey>, call: &CallFacts<'p>) -> Result<Encrypting<'p>, Error> {
        let key = targets.0.snapshot();
        let fit = EncryptingKey::require_fit(key, &self.encryption_algorithm, &self.encryption_context, call)?;
        let plaintext = self.plaintext.as_ref().map(AsRef::as_ref).unwrap_or_default();
        require_plaintext_fits(key, fit.0, plaintext.len())?;
        Ok(Encrypting { key: EncryptingKey::of(targets, &targets.0, fit, call)?, plaintext })
    }

    fn perform(encrypting: Encrypting<'_>, call: &CallFacts<'_>) -> Result<Effect<EncryptResponse>, Error> {
        let Encrypting { key, plaintext } = encrypting;
        let response = EncryptResponse {
            ciphertext_blob: key.encrypt(plaintext, call)?,
            key_id: *key.key.key.arn(),
            encryption_algorithm: key.algorithm,
        };
        let audit = if key.material_id().is_some() { key.key.audit(call) } else { AuditExtras::default() };
        Ok(Effect { audit, ..Effect::reading(response) })
    }
}
