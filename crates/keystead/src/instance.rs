//! Secrets of the instance itself, sealed by the root key.

use keystead_crypto::{Entropy, Mac, MacAlgorithm, Provider, Sealer, SealingAlgorithm, SecretBytes, hkdf};
use keystead_hierarchy::{RootKey, RootKeyError};
use keystead_store::{Batch, CommitError, Expect, Range, Store};

use crate::Error;
use crate::engine::{crypto, internal, storage};
use crate::records::RecordSeal;

/// The secret from which the instance derives its own keys. It is made once per store.
pub(crate) struct InstanceSecret(SecretBytes);

impl InstanceSecret {
    /// Opens the secret of the store, or makes one. A store whose records have no tags yet is brought up to date.
    pub(crate) fn open(
        store: &dyn Store,
        root_key: &dyn RootKey,
        provider: &dyn Provider,
        entropy: &dyn Entropy,
    ) -> Result<Self, Error> {
        loop {
            if let Some(secret) = Self::stored(store, root_key, provider)? {
                return Ok(secret);
            }
            // It comes before any other record; so somebody else has just written it, or it was lost.
            if !store.scan(&Range::all(), 1).map_err(storage)?.is_empty() {
                return Self::stored(store, root_key, provider)?.ok_or_else(lost);
            }
            let secret = SecretBytes::random(entropy, LEN).map_err(crypto)?;
            let sealed = root_key.seal(secret.expose(), BINDING).map_err(fault)?;
            let mut batch = Batch::new();
            batch.put(STORE_KEY, sealed, Expect::Absent);
            match store.commit(batch) {
                Ok(_) => return Ok(Self(secret)),
                Err(CommitError::Conflict { .. }) => continue,
                Err(error) => return Err(internal("storage", error)),
            }
        }
    }

    /// Opens the secret of the store, if it has one.
    pub(crate) fn stored(
        store: &dyn Store,
        root_key: &dyn RootKey,
        provider: &dyn Provider,
    ) -> Result<Option<Self>, Error> {
        let Some(entry) = store.get(STORE_KEY).map_err(storage)? else { return Ok(None) };
        match root_key.open(&entry.value, BINDING) {
            Err(RootKeyError::Damaged) => {
                // Or it is of the time when records had no tags. Nobody without the root key can make it seem so.
                let secret = root_key.open(&entry.value, STORE_KEY).map(Self).map_err(fault)?;
                tag_records(store, &secret.record_seal(provider)?)?;
                let sealed = root_key.seal(secret.0.expose(), BINDING).map_err(fault)?;
                let mut batch = Batch::new();
                batch.put(STORE_KEY, sealed, Expect::Revision(entry.revision));
                store.commit(batch).map_err(|error| internal("storage", error))?;
                Ok(Some(secret))
            }
            opened => opened.map(Self).map(Some).map_err(fault),
        }
    }

    /// Puts the secret under another root key.
    pub(crate) fn reseal(&self, next: &dyn RootKey, batch: &mut Batch) -> Result<(), Error> {
        let sealed = next.seal(self.0.expose(), BINDING).map_err(fault)?;
        batch.put(STORE_KEY, sealed, Expect::Any);
        Ok(())
    }

    /// What binds records to their place.
    pub(crate) fn record_seal(&self, provider: &dyn Provider) -> Result<RecordSeal, Error> {
        self.mac(provider, b"keystead record tags").map(RecordSeal::new)
    }

    /// The key that seals grant tokens.
    pub(crate) fn token_sealer(&self, provider: &dyn Provider) -> Result<Box<dyn Sealer>, Error> {
        self.sealer(provider, b"keystead grant tokens")
    }

    /// The key that seals import tokens.
    pub(crate) fn import_sealer(&self, provider: &dyn Provider) -> Result<Box<dyn Sealer>, Error> {
        self.sealer(provider, b"keystead import tokens")
    }

    /// The key that authenticates pagination markers.
    pub(crate) fn marker_mac(&self, provider: &dyn Provider) -> Result<Box<dyn Mac>, Error> {
        self.mac(provider, b"keystead pagination markers")
    }

    fn sealer(&self, provider: &dyn Provider, label: &[u8]) -> Result<Box<dyn Sealer>, Error> {
        provider.sealer(SealingAlgorithm::Xaes256Gcm, self.derive(provider, label)?.expose()).map_err(crypto)
    }

    fn mac(&self, provider: &dyn Provider, label: &[u8]) -> Result<Box<dyn Mac>, Error> {
        provider.mac(MacAlgorithm::HmacSha256, self.derive(provider, label)?.expose()).map_err(crypto)
    }

    fn derive(&self, provider: &dyn Provider, label: &[u8]) -> Result<SecretBytes, Error> {
        let mut key = SecretBytes::zeroed(LEN);
        hkdf(provider, MacAlgorithm::HmacSha256, b"", self.0.expose(), label, key.as_mut()).map_err(crypto)?;
        Ok(key)
    }
}

/// Gives every record its tag. Those that have one keep it, so it can be broken off and begun again.
fn tag_records(store: &dyn Store, seal: &RecordSeal) -> Result<(), Error> {
    tracing::info!("records of the store get tags that bind them to their place");
    let mut range = Range::all();
    loop {
        let page = store.scan(&range, PAGE).map_err(storage)?;
        let mut batch = Batch::new();
        for (key, entry) in page.iter().filter(|(key, _)| &**key != STORE_KEY) {
            if seal.open(key, &entry.value).is_none() {
                batch.put(key, seal.seal(key, &entry.value), Expect::Revision(entry.revision));
            }
        }
        if !batch.is_empty() {
            store.commit(batch).map_err(|error| internal("storage", error))?;
        }
        match page.last() {
            Some((last, _)) if page.len() == PAGE => range = Range::all().after(last),
            _ => return Ok(()),
        }
    }
}

fn lost() -> Error {
    let message =
        "storage: the store has records, but not the secret that binds them to their places: restore a backup";
    Error::KmsInternal(message.into())
}

fn fault(error: RootKeyError) -> Error {
    internal("root key", error)
}

/// The one record without a tag: it is sealed by the root key.
pub(crate) const STORE_KEY: &[u8] = b"\0instance\0secret";
/// What the secret is bound to. Of a store whose records have no tags it is the store key alone.
const BINDING: &[u8] = b"\0instance\0secret\0with record tags";
const LEN: usize = 32;
/// Records tagged at a time.
const PAGE: usize = 256;
