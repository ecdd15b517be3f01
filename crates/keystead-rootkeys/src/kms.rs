//! A root key in another KMS.
//!
//! # One call for each secret
//!
//! [`KmsRootKey`] has each secret encrypted and decrypted by the KMS itself, and keeps nothing. A key that the KMS seals
//! once and that then works locally would save calls, but there are few to save: a root key is used once for the
//! instance, once for each version of a Region's domain key, when the Region is first touched, and once for a backup, and
//! each call takes milliseconds. In return for them
//!
//! - the trail of the KMS shows each secret that was opened, when, and by whom;
//! - no secret of the root key is ever in this process, so what leaks from its memory opens no Region that it has not
//!   opened itself, and nothing that is sealed later;
//! - who loses access to the KMS key opens nothing more, also in a process that runs on;
//! - rotation of the KMS key reaches everything that is sealed anew, without a second hierarchy to rotate.
//!
//! The price is that a Region can only be opened for the first time while the KMS answers. A Region that is open goes on
//! without it.

mod error;
mod service;

#[cfg(feature = "aws")]
mod aws;
#[cfg(feature = "aws")]
mod executor;
#[cfg(feature = "keystead")]
mod local;

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use keystead_crypto::{CryptoError, DefaultProvider, DigestAlgorithm, Provider, SecretBytes};
use keystead_hierarchy::{RootKey, RootKeyError, RootKeyId, SealedElsewhere};
use keystead_types::KeyArn;

#[cfg(feature = "aws")]
pub use aws::AwsKeyService;
pub use error::KmsError;
pub use service::KeyService;

/// A root key that is a symmetric KMS key elsewhere. What it seals is laid out in `docs/formats/root-key-kms.md`.
///
/// The caller needs `kms:Encrypt` and `kms:Decrypt` on the key. Automatic rotation of its material is taken care of by
/// the KMS. To go over to another key, use `keystead::replace_root_key`, with the former and the next `KmsRootKey`.
///
/// Losing the KMS key is losing the store: protect it against deletion.
pub struct KmsRootKey {
    id: RootKeyId,
    key: KeyArn,
    service: Box<dyn KeyService>,
}

impl KmsRootKey {
    /// The key `key_arn`, to be reached through `service`. Nothing is asked of the KMS yet.
    ///
    /// `key_arn` is an ARN and no alias, because an alias can be turned to another key. Of a multi-Region key, every
    /// related key is the same root key.
    ///
    /// # Errors
    /// [`KmsError::NotKeyArn`] or [`KmsError::Crypto`].
    pub fn new(service: impl KeyService, key_arn: &str) -> Result<Self, KmsError> {
        let key = key_arn.parse().map_err(|_| KmsError::NotKeyArn { text: key_arn.to_owned() })?;
        Ok(Self { id: id_of(&key)?, key, service: Box::new(service) })
    }

    /// The key of the KMS.
    pub fn key_arn(&self) -> &KeyArn {
        &self.key
    }
}

#[cfg(feature = "aws")]
impl KmsRootKey {
    /// The key `key_arn` of AWS KMS, or of anything that speaks its protocol. Nothing is asked of the KMS yet.
    ///
    /// The client may be one that the host uses elsewhere; see [`AwsKeyService`] for how it is called, and for another
    /// deadline than 30 seconds.
    ///
    /// # Errors
    /// As [`new`](Self::new), and [`KmsError::Thread`].
    pub fn aws(client: &aws_sdk_kms::Client, key_arn: &str) -> Result<Self, KmsError> {
        Self::new(AwsKeyService::new(client)?, key_arn)
    }
}

#[cfg(feature = "keystead")]
impl KmsRootKey {
    /// The key `key_arn` of another Keystead in this process. Nothing is asked of it yet.
    ///
    /// A call that its quotas refuse is not tried again here.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn keystead(client: keystead::Client, key_arn: &str) -> Result<Self, KmsError> {
        Self::new(client, key_arn)
    }
}

impl RootKey for KmsRootKey {
    fn id(&self) -> Result<RootKeyId, RootKeyError> {
        Ok(self.id)
    }

    fn seal(&self, plaintext: &[u8], aad: &[u8]) -> Result<Vec<u8>, RootKeyError> {
        let bound = bound_to(aad)?;
        let body = self.service.encrypt(&self.key, plaintext, &context(&bound))?;
        Ok(SealedElsewhere { kind: KIND, id: self.id, body: &body }.to_bytes())
    }

    fn open(&self, sealed: &[u8], aad: &[u8]) -> Result<SecretBytes, RootKeyError> {
        let sealed_by = RootKeyId::of_sealed(sealed).ok_or(RootKeyError::Damaged)?;
        if sealed_by != self.id {
            return Err(RootKeyError::WrongKey { sealed_by, given: self.id });
        }
        match SealedElsewhere::parse(sealed) {
            // Damage that the KMS need not be asked about.
            Some(SealedElsewhere { kind: KIND, body, .. }) if !body.is_empty() => {
                let bound = bound_to(aad)?;
                Ok(self.service.decrypt(&self.key, body, &context(&bound))?)
            }
            _ => Err(RootKeyError::Damaged),
        }
    }
}

impl fmt::Debug for KmsRootKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KmsRootKey({}, {})", self.key, self.id)
    }
}

/// The encryption context of a secret.
fn context(bound_to: &str) -> [(&'static str, &str); 2] {
    [(PURPOSE, PURPOSE_V1), (BOUND_TO, bound_to)]
}

/// The associated data as a value of the encryption context: always of one length, however much there is.
fn bound_to(aad: &[u8]) -> Result<String, CryptoError> {
    Ok(STANDARD.encode(DefaultProvider.digest(DigestAlgorithm::Sha256, &[aad])?))
}

/// The same for all related keys of a multi-Region key, for each opens what another has sealed.
fn id_of(key: &KeyArn) -> Result<RootKeyId, CryptoError> {
    let KeyArn { partition, region, account, key_id } = key;
    let region = if key_id.is_multi_region() { "" } else { region.as_str() };
    let text = format!("{ID_LABEL}\n{partition}\n{account}\n{key_id}\n{region}");
    let digest = DefaultProvider.digest(DigestAlgorithm::Sha256, &[text.as_bytes()])?;
    let (id, _) = digest.as_ref().split_first_chunk().ok_or(CryptoError::Unsupported)?;
    Ok(RootKeyId::from_bytes(*id))
}

/// The kind of root key in the frame of what is sealed.
const KIND: u8 = 1;
/// What the ID is derived with.
const ID_LABEL: &str = "keystead kms root key id v1";
/// The pair of the encryption context that says what a secret is for: key policies and trails can go by it.
const PURPOSE: &str = "keystead-purpose";
const PURPOSE_V1: &str = "root key v1";
/// The name of the pair that holds what a secret is bound to.
const BOUND_TO: &str = "keystead-bound-to";
