//! A root key that dies with the process.

use std::sync::Arc;

use keystead_crypto::{DefaultProvider, Entropy, Provider, SecretBytes, entropy::SystemEntropy};

use super::{RawRootKey, RootKeyError};

/// A random root key that is never written anywhere: for tests and for instances that keep nothing.
///
/// What it sealed cannot be opened once it is dropped.
#[derive(Debug)]
pub struct EphemeralRootKey(pub(super) RawRootKey);

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
