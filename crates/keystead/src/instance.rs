//! Secrets of the instance itself, sealed by the root key.

use keystead_crypto::{MacAlgorithm, Provider, Sealer, SealingAlgorithm, SecretBytes, hkdf};
use keystead_hierarchy::{RootKey, RootKeyError};
use keystead_store::{Batch, CommitError, Expect, Store};

use crate::Error;
use crate::engine::{crypto, internal, storage};

/// The secret from which the instance derives its own keys. It is made once per store.
pub(crate) struct InstanceSecret(SecretBytes);

impl InstanceSecret {
    /// Opens the secret of the store, or makes one.
    pub(crate) fn open(
        store: &dyn Store,
        root_key: &dyn RootKey,
        entropy: &dyn keystead_crypto::Entropy,
    ) -> Result<Self, Error> {
        loop {
            if let Some(entry) = store.get(STORE_KEY).map_err(storage)? {
                return root_key.open(&entry.value, STORE_KEY).map(Self).map_err(fault);
            }
            let secret = SecretBytes::random(entropy, LEN).map_err(crypto)?;
            let sealed = root_key.seal(secret.expose(), STORE_KEY).map_err(fault)?;
            let mut batch = Batch::new();
            batch.put(STORE_KEY, sealed, Expect::Absent);
            match store.commit(batch) {
                Ok(_) => return Ok(Self(secret)),
                Err(CommitError::Conflict { .. }) => continue,
                Err(error) => return Err(Error::KmsInternal(format!("storage: {error}").into())),
            }
        }
    }

    /// Adds the secret of the store, if it has one, to a commit that puts it under another root key.
    pub(crate) fn reseal(
        store: &dyn Store,
        former: &dyn RootKey,
        next: &dyn RootKey,
        batch: &mut Batch,
    ) -> Result<(), Error> {
        let Some(entry) = store.get(STORE_KEY).map_err(storage)? else { return Ok(()) };
        let secret = former.open(&entry.value, STORE_KEY).map_err(fault)?;
        let sealed = next.seal(secret.expose(), STORE_KEY).map_err(fault)?;
        batch.put(STORE_KEY, sealed, Expect::Revision(entry.revision));
        Ok(())
    }

    /// The key that seals grant tokens.
    pub(crate) fn token_sealer(&self, provider: &dyn Provider) -> Result<Box<dyn Sealer>, Error> {
        let key = self.derive(provider, b"keystead grant tokens")?;
        provider.sealer(SealingAlgorithm::Xaes256Gcm, key.expose()).map_err(crypto)
    }

    /// The key that seals import tokens.
    pub(crate) fn import_sealer(&self, provider: &dyn Provider) -> Result<Box<dyn Sealer>, Error> {
        let key = self.derive(provider, b"keystead import tokens")?;
        provider.sealer(SealingAlgorithm::Xaes256Gcm, key.expose()).map_err(crypto)
    }

    /// The key that authenticates pagination markers.
    pub(crate) fn marker_mac(&self, provider: &dyn Provider) -> Result<Box<dyn keystead_crypto::Mac>, Error> {
        let key = self.derive(provider, b"keystead pagination markers")?;
        provider.mac(MacAlgorithm::HmacSha256, key.expose()).map_err(crypto)
    }

    fn derive(&self, provider: &dyn Provider, label: &[u8]) -> Result<SecretBytes, Error> {
        let mut key = SecretBytes::zeroed(LEN);
        hkdf(provider, MacAlgorithm::HmacSha256, b"", self.0.expose(), label, key.as_mut()).map_err(crypto)?;
        Ok(key)
    }
}

fn fault(error: RootKeyError) -> Error {
    internal("root key", error)
}

const STORE_KEY: &[u8] = b"\0instance\0secret";
const LEN: usize = 32;
