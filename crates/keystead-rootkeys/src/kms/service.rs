//! What a root key asks of a KMS.

use std::fmt;

use keystead_crypto::SecretBytes;
use keystead_types::KeyArn;

use super::KmsError;

/// A KMS, as far as a root key needs one. Implement it for a KMS that neither `aws-sdk-kms` nor `keystead` reaches.
///
/// Calls come from any thread, also from those of an asynchronous runtime: an implementation waits for the KMS without
/// the help of the runtime that it is called from, and gives up after a time.
pub trait KeyService: fmt::Debug + Send + Sync + 'static {
    /// Encrypts `plaintext`, at most 4,096 bytes, under `key`, bound to the pairs of `context`.
    ///
    /// # Errors
    /// Any [`KmsError`]; nothing else must have happened then.
    fn encrypt(&self, key: &KeyArn, plaintext: &[u8], context: &[(&str, &str)]) -> Result<Vec<u8>, KmsError>;

    /// Decrypts what [`encrypt`](Self::encrypt) made. The KMS must be told to use `key` and no other, whatever the
    /// ciphertext says.
    ///
    /// # Errors
    /// [`KmsError::InvalidCiphertext`] when ciphertext or context were changed; any other [`KmsError`].
    fn decrypt(&self, key: &KeyArn, ciphertext: &[u8], context: &[(&str, &str)]) -> Result<SecretBytes, KmsError>;
}
