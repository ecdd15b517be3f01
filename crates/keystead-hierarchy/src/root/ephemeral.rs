//! A root key that dies with the process.

use std::sync::Arc;

use keystead_crypto::{DefaultProvider, Entropy, Provider, SecretBytes, entropy::SystemEntropy};

use super::{RawRootKey, RootKey, RootKeyError, RootKeyId};

/// A random root key that is never written anywhere: for tests and for instances that keep nothing.
///
/// What it sealed cannot be opened once it is dropped.
#[derive(Debug)]
pub struct EphemeralRootKey(RawRootKey);

impl EphemeralRootKey {
    /// Draws a new root key, using the default provider and the system's entropy.
    ///
    /// # Errors
    /// [`RootKeyError::Crypto`] when the source of randomness or the provider fails.
    pub fn generate() -> Result<Self, RootKeyError> {
        Self::generate_with(&DefaultProvider, Arc::new(SystemEntropy))
    }

    /// As [`generate`](Self::generate), with a provider and a source of randomness of the host's choice.
    ///
    /// # Errors
    /// As [`generate`](Self::generate).
    pub fn generate_with(provider: &dyn Provider, entropy: Arc<dyn Entropy>) -> Result<Self, RootKeyError> {
        let key = SecretBytes::random(entropy.as_ref(), RawRootKey::KEY_LEN)?;
        RawRootKey::new_with(&key, provider, entropy).map(Self)
    }
}

impl RootKey for EphemeralRootKey {
    fn id(&self) -> Result<RootKeyId, RootKeyError> {
        self.0.id()
    }

    fn seal(&self, plaintext: &[u8], aad: &[u8]) -> Result<Vec<u8>, RootKeyError> {
        self.0.seal(plaintext, aad)
    }

    fn open(&self, sealed: &[u8], aad: &[u8]) -> Result<SecretBytes, RootKeyError> {
        self.0.open(sealed, aad)
    }
}
