//! ReEncrypt.

use std::borrow::Cow;

use keystead_hierarchy::spec::EncryptionAlgorithm;
use keystead_hierarchy::{EncryptionContext, MaterialId};
use keystead_types::KeyArn;

use super::common::{require_plaintext_fits, text};
use super::decrypt::{Opened, Side, considered};
use super::encrypt::EncryptingKey;
use crate::Error;
use crate::audit::{AuditExtras, Fields};
use crate::authorize::Authorized;
use crate::client::{Call, Client};
use crate::door::{CallFacts, Effect, Operation};
use crate::request::request;
use crate::response::response;
use crate::targets::{Decrypting, TwoKeys};
use crate::value::Blob;

request! {
    /// Decrypts and encrypts anew without showing the plaintext (API-079).
    ///
    /// Authorized by `kms:ReEncryptFrom` on the source key and `kms:ReEncryptTo` on the destination key.
    ReEncrypt: RE_ENCRYPT -> ReEncryptResponse {
        /// The ciphertext: 1 to 6,144 bytes.
        ciphertext_blob: Blob<'a>,
        /// The pairs given at encryption.
        source_encryption_context: EncryptionContext<'a>,
        /// The key that must have made the ciphertext. Optional for symmetric ciphertexts.
        source_key_id: Cow<'a, str>,
        /// The key that encrypts anew.
        destination_key_id: Cow<'a, str>,
        /// The pairs that the new ciphertext is bound to.
        destination_encryption_context: EncryptionContext<'a>,
        /// `SYMMETRIC_DEFAULT` unless the source key is asymmetric.
        source_encryption_algorithm: Cow<'a, str>,
        /// `SYMMETRIC_DEFAULT` unless the destination key is asymmetric.
        destination_encryption_algorithm: Cow<'a, str>,
        /// Grants to be considered although they are new.
        grant_tokens: Vec<Cow<'a, str>>,
        /// Checks everything and releases nothing; the call then always fails.
        dry_run: bool,
        /// `IGNORE_CIPHERTEXT`: a dry run without a ciphertext.
        dry_run_modifiers: Vec<Cow<'a, str>>,
    }
}

response! {
    /// The answer of [`ReEncrypt`].
    #[derive(Clone, Debug)]
    ReEncryptResponse {
        /// The new ciphertext.
        ciphertext_blob: Vec<u8>,
        /// The key that decrypted.
        source_key_id: KeyArn,
        /// The key that encrypted.
        key_id: KeyArn,
        /// The algorithm that decrypted.
        source_encryption_algorithm: EncryptionAlgorithm,
        /// The algorithm that encrypted.
        destination_encryption_algorithm: EncryptionAlgorithm,
        /// The material that decrypted.
        source_key_material_id: Option<MaterialId>,
        /// The material that encrypted.
        destination_key_material_id: Option<MaterialId>,
    }
}

impl Client {
    /// Encrypts a ciphertext anew, under another key or context. See [`ReEncrypt`].
    pub fn re_encrypt<'c>(
        &'c self,
        ciphertext_blob: impl Into<Blob<'c>>,
        destination_key_id: impl Into<Cow<'c, str>>,
    ) -> Call<'c, ReEncrypt<'c>> {
        self.call(ReEncrypt {
            ciphertext_blob: Some(ciphertext_blob.into()),
            destination_key_id: Some(destination_key_id.into()),
            ..ReEncrypt::new()
        })
    }
}

impl<'c> Call<'c, ReEncrypt<'c>> {
    /// Adds a pair to the encryption context of the source.
    pub fn source_context(mut self, key: impl Into<Cow<'c, str>>, value: impl Into<Cow<'c, str>>) -> Self {
        self.request.source_encryption_context.get_or_insert_default().insert(key, value);
        self
    }

    /// Adds a pair to the encryption context of the destination.
    pub fn destination_context(mut self, key: impl Into<Cow<'c, str>>, value: impl Into<Cow<'c, str>>) -> Self {
        self.request.destination_encryption_context.get_or_insert_default().insert(key, value);
        self
    }
}

/// An opened ciphertext and the key it goes to.
pub(crate) struct ReSealing<'p> {
    opened: Opened<'p>,
    destination: EncryptingKey<'p>,
}

impl<'r> ReEncrypt<'r> {
    fn source(&self) -> Side<'_> {
        Side {
            ciphertext: considered(&self.ciphertext_blob, &self.dry_run_modifiers),
            context: &self.source_encryption_context,
            key_id: self.source_key_id.as_deref(),
            key_member: "SourceKeyId",
            algorithm: &self.source_encryption_algorithm,
        }
    }
}

impl Operation for ReEncrypt<'_> {
    type Targets = TwoKeys;
    type Prepared<'p>
        = ReSealing<'p>
    where
        Self: 'p;

    fn check(&self) -> Result<(), Error> {
        self.source().check(self.dry_run, &self.dry_run_modifiers)
    }

    fn wanted<'r>(&'r self, _: &CallFacts<'_>) -> Result<(Decrypting<'r>, &'r str), Error> {
        Ok((self.source().wanted(), text(&self.destination_key_id)))
    }

    fn prepare<'p>(&'p self, targets: &'p Authorized<TwoKeys>, call: &CallFacts<'p>) -> Result<ReSealing<'p>, Error> {
        // Everything about the destination is known before the ciphertext is looked at (steps 10 and 11 before 12).
        let source = self.source();
        source.require_fit(targets.source.snapshot(), call)?;
        let fit = EncryptingKey::require_fit(
            targets.destination.snapshot(),
            &self.destination_encryption_algorithm,
            &self.destination_encryption_context,
            call,
        )?;
        let opened = source.open(targets, &targets.source, call)?;
        Ok(ReSealing { opened, destination: EncryptingKey::of(targets, &targets.destination, fit, call)? })
    }

    fn perform(sealing: ReSealing<'_>, call: &CallFacts<'_>) -> Result<Effect<ReEncryptResponse>, Error> {
        let ReSealing { opened, destination } = sealing;
        let source_key_material_id = opened.material_id;
        let destination_key_material_id = destination.material_id();
        let additional = call.is_recorded().then(|| {
            let ids = [
                ("sourceKeyMaterialId", source_key_material_id),
                ("destinationKeyMaterialId", destination_key_material_id),
            ];
            let known = ids.into_iter().filter_map(|(name, id)| Some((name, id?.to_string())));
            known.fold(Fields::new(), |fields, (name, id)| fields.with(name, id))
        });
        let (source, source_encryption_algorithm) = (opened.key, opened.algorithm);
        let plaintext = opened.plaintext(call)?;
        // What the source held is known only now (API-012, step 14).
        let key = destination.key.key.snapshot();
        require_plaintext_fits(key, destination.algorithm, plaintext.len())?;
        let response = ReEncryptResponse {
            ciphertext_blob: destination.encrypt(plaintext.expose(), call)?,
            source_key_id: *source.arn(),
            key_id: key.arn,
            source_encryption_algorithm,
            destination_encryption_algorithm: destination.algorithm,
            source_key_material_id,
            destination_key_material_id,
        };
        Ok(Effect {
            audit: AuditExtras { additional: additional.and_then(Fields::or_null), ..AuditExtras::default() },
            ..Effect::reading(response)
        })
    }
}
