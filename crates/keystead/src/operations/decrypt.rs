//! Decrypt.

use std::borrow::Cow;

use keystead_crypto::{EncryptionScheme, SecretBytes};
use keystead_hierarchy::spec::EncryptionAlgorithm;
use keystead_hierarchy::{BlobHeader, EncryptionContext, MaterialId, blob};
use keystead_types::KeyArn;

use super::common::{
    decryption_error, incorrect_key, invalid_ciphertext, open_error, require_context, require_encryption_algorithm,
    require_no_context,
};
use crate::audit::{AuditExtras, Fields};
use crate::authorize::Authorized;
use crate::client::{Call, Client};
use crate::door::{CallFacts, Effect, Operation};
use crate::material::LiveHandle;
use crate::recipient::{Released, release};
use crate::request::request;
use crate::response::response;
use crate::snapshot::KeySnapshot;
use crate::targets::{Decrypting, DecryptingKey, Target};
use crate::value::{Blob, RecipientInfo};
use crate::{Error, shape};

request! {
    /// Decrypts what Encrypt, ReEncrypt or GenerateDataKey sealed (API-077).
    ///
    /// Authorized by `kms:Decrypt` on the key that the ciphertext names, or that the caller names.
    Decrypt: DECRYPT -> DecryptResponse {
        /// The ciphertext: 1 to 6,144 bytes.
        ciphertext_blob: Blob<'a>,
        /// The pairs given at encryption, all of them and no other.
        encryption_context: EncryptionContext<'a>,
        /// Grants to be considered although they are new.
        grant_tokens: Vec<Cow<'a, str>>,
        /// The key that must have made the ciphertext. Optional for symmetric ciphertexts, which name their key.
        key_id: Cow<'a, str>,
        /// `SYMMETRIC_DEFAULT` unless the key is asymmetric.
        encryption_algorithm: Cow<'a, str>,
        /// The attested environment that gets the plaintext.
        recipient: RecipientInfo<'a>,
        /// Checks everything and releases nothing; the call then always fails.
        dry_run: bool,
        /// `IGNORE_CIPHERTEXT`: a dry run without a ciphertext.
        dry_run_modifiers: Vec<Cow<'a, str>>,
    }
}

response! {
    /// The answer of [`Decrypt`].
    #[derive(Clone, Debug)]
    DecryptResponse {
        /// The key that decrypted.
        key_id: KeyArn,
        /// What was encrypted, unless an attested recipient gets it; wiped on drop.
        plaintext: Option<SecretBytes>,
        /// What was encrypted, encrypted to the attested recipient of the request: CMS EnvelopedData (ENV-89).
        ciphertext_for_recipient: Option<Vec<u8>>,
        /// The algorithm used.
        encryption_algorithm: EncryptionAlgorithm,
        /// The material that decrypted; present for symmetric keys, without a recipient.
        key_material_id: Option<MaterialId>,
    }
}

impl DecryptResponse {
    /// The plaintext in clear. Empty if an attested recipient got it instead.
    pub fn expose(&self) -> &[u8] {
        self.plaintext.as_ref().map(SecretBytes::expose).unwrap_or_default()
    }
}

impl Client {
    /// Decrypts a ciphertext. See [`Decrypt`].
    pub fn decrypt<'c>(&'c self, ciphertext_blob: impl Into<Blob<'c>>) -> Call<'c, Decrypt<'c>> {
        self.call(Decrypt { ciphertext_blob: Some(ciphertext_blob.into()), ..Decrypt::new() })
    }
}

impl<'c> Call<'c, Decrypt<'c>> {
    /// Adds a pair to the encryption context.
    pub fn context(mut self, key: impl Into<Cow<'c, str>>, value: impl Into<Cow<'c, str>>) -> Self {
        self.request.encryption_context.get_or_insert_default().insert(key, value);
        self
    }
}

/// A ciphertext about to give up its plaintext.
pub(crate) struct Opened<'p> {
    pub(super) key: &'p Target,
    pub(super) algorithm: EncryptionAlgorithm,
    pub(super) material_id: Option<MaterialId>,
    content: Content<'p>,
}

/// How far a ciphertext is opened before a dry run ends (RUL-26).
enum Content<'p> {
    /// A symmetric one wholly, so that a dry run knows of damage (API-035).
    Open(SecretBytes),
    /// An asymmetric one not at all.
    Sealed(LiveHandle, EncryptionScheme, &'p [u8]),
}

impl Opened<'_> {
    pub(super) fn plaintext(self, call: &CallFacts<'_>) -> Result<SecretBytes, Error> {
        match self.content {
            Content::Open(plaintext) => Ok(plaintext),
            Content::Sealed(live, scheme, ciphertext) => {
                let opened = live.pair()?.decrypt(scheme, ciphertext, call.engine.entropy.as_ref());
                opened.map_err(decryption_error)
            }
        }
    }
}

impl Operation for Decrypt<'_> {
    type Targets = DecryptingKey;
    type Prepared<'p>
        = Opened<'p>
    where
        Self: 'p;

    fn check(&self) -> Result<(), Error> {
        Side::of_decrypt(self).check(self.dry_run, &self.dry_run_modifiers)
    }

    fn wanted<'r>(&'r self, _: &CallFacts<'_>) -> Result<Decrypting<'r>, Error> {
        Ok(Side::of_decrypt(self).wanted())
    }

    fn prepare<'p>(
        &'p self,
        targets: &'p Authorized<DecryptingKey>,
        call: &CallFacts<'p>,
    ) -> Result<Opened<'p>, Error> {
        Side::of_decrypt(self).open(targets, &targets.0, call)
    }

    fn perform(opened: Opened<'_>, call: &CallFacts<'_>) -> Result<Effect<DecryptResponse>, Error> {
        let material_id = opened.material_id;
        let additional =
            material_id.filter(|_| call.is_recorded()).map(|id| Fields::new().with("keyMaterialId", id.to_string()));
        let (key_id, encryption_algorithm) = (*opened.key.arn(), opened.algorithm);
        let Released { plaintext, for_recipient } = release(opened.plaintext(call)?, call)?;
        let response = DecryptResponse {
            key_id,
            encryption_algorithm,
            key_material_id: material_id.filter(|_| plaintext.is_some()),
            plaintext,
            ciphertext_for_recipient: for_recipient,
        };
        Ok(Effect { audit: AuditExtras { additional, ..AuditExtras::default() }, ..Effect::reading(response) })
    }
}

/// The decrypting side of Decrypt and ReEncrypt.
pub(super) struct Side<'r> {
    pub(super) ciphertext: Option<&'r [u8]>,
    pub(super) context: &'r Option<EncryptionContext<'r>>,
    pub(super) key_id: Option<&'r str>,
    /// The name of the member that holds `key_id`.
    pub(super) key_member: &'static str,
    pub(super) algorithm: &'r Option<Cow<'r, str>>,
}

impl<'r> Side<'r> {
    fn of_decrypt(request: &'r Decrypt<'_>) -> Self {
        Self {
            ciphertext: considered(&request.ciphertext_blob, &request.dry_run_modifiers),
            context: &request.encryption_context,
            key_id: request.key_id.as_deref(),
            key_member: "KeyId",
            algorithm: &request.encryption_algorithm,
        }
    }

    /// Which of ciphertext and key must be there (API-034, PRM-42).
    pub(super) fn check(&self, dry_run: Option<bool>, modifiers: &Option<Vec<Cow<'_, str>>>) -> Result<(), Error> {
        let ignores_ciphertext = ignores_ciphertext(modifiers);
        if ignores_ciphertext && dry_run != Some(true) {
            return Err(Error::Validation("DryRunModifiers can be used only with DryRun.".into()));
        }
        match (ignores_ciphertext, self.ciphertext, self.key_id) {
            (true, _, None) => Err(shape::missing(self.key_member)),
            (false, None, _) => Err(shape::missing("CiphertextBlob")),
            _ => Ok(()),
        }
    }

    pub(super) fn wanted(&self) -> Decrypting<'r> {
        Decrypting { key_id: self.key_id, ciphertext: self.ciphertext.unwrap_or_default() }
    }

    /// Step 10: usage and algorithm. For a symmetric blob under the default algorithm the comparison of the named key
    /// with that in the blob replaces it (API-012).
    pub(super) fn require_fit(&self, key: &KeySnapshot, call: &CallFacts<'_>) -> Result<EncryptionAlgorithm, Error> {
        let is_default = self.algorithm.as_deref().is_none_or(|name| name == "SYMMETRIC_DEFAULT");
        match self.header() {
            Some(header) if is_default && !names(&header, key) => Ok(EncryptionAlgorithm::SymmetricDefault),
            _ => require_encryption_algorithm(key, self.algorithm, call),
        }
    }

    /// Steps 10 to 12: usage, context, key against ciphertext, authentication.
    pub(super) fn open<'p, T>(
        &self,
        targets: &Authorized<T>,
        key: &'p Target,
        call: &CallFacts<'_>,
    ) -> Result<Opened<'p>, Error>
    where
        'r: 'p,
    {
        let snapshot = key.snapshot();
        let algorithm = self.require_fit(snapshot, call)?;
        let context = require_context(self.context, call)?;
        if let Some(scheme) = algorithm.scheme() {
            require_no_context(context, algorithm)?;
            let (_, live) = targets.current_material(key, call)?;
            let content = match self.ciphertext {
                Some(ciphertext) => Content::Sealed(live, scheme, ciphertext),
                None => Content::Open(SecretBytes::default()),
            };
            return Ok(Opened { key, algorithm, material_id: None, content });
        }
        let Some(blob) = self.ciphertext else {
            return Ok(Opened { key, algorithm, material_id: None, content: Content::Open(SecretBytes::default()) });
        };
        let header = self.header().ok_or_else(invalid_ciphertext)?;
        if !names(&header, snapshot) {
            return Err(incorrect_key());
        }
        let Some((material, live)) = targets.material(key, header.material_version, call)? else {
            return Err(invalid_ciphertext());
        };
        if header.algorithm != crate::material::sealing_algorithm(&snapshot.record) {
            return Err(invalid_ciphertext());
        }
        let plaintext = blob::open(live.sealer()?, blob, context).map_err(open_error)?;
        Ok(Opened { key, algorithm, material_id: Some(material.id), content: Content::Open(plaintext) })
    }

    fn header(&self) -> Option<BlobHeader> {
        self.ciphertext.and_then(|blob| BlobHeader::parse(blob).ok())
    }
}

/// The ciphertext, unless a dry run ignores it (API-034).
pub(super) fn considered<'r>(
    ciphertext: &'r Option<Blob<'_>>,
    modifiers: &Option<Vec<Cow<'_, str>>>,
) -> Option<&'r [u8]> {
    ciphertext.as_ref().map(AsRef::as_ref).filter(|_| !ignores_ciphertext(modifiers))
}

fn ignores_ciphertext(modifiers: &Option<Vec<Cow<'_, str>>>) -> bool {
    modifiers.as_ref().is_some_and(|modifiers| !modifiers.is_empty())
}

/// Whether the blob says that this key made it.
fn names(header: &BlobHeader, key: &KeySnapshot) -> bool {
    (header.account, header.key_id) == (key.arn.account, key.arn.key_id)
}
