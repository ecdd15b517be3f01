//! Replacement of the root key.

use keystead_crypto::DefaultProvider;
use keystead_hierarchy::{Domain, DomainKeyEnvelope, RootKey};
use keystead_store::{Batch, Expect, Range, Store};

use crate::engine::{damaged, hierarchy, internal, storage};
use crate::instance::InstanceSecret;
use crate::{Error, backup, record};

/// Seals anew, under the root key `next`, whatever the root key `former` protects in a store: the domain keys and the
/// instance's own secret. No key material and no ciphertext changes (OVR-17, OVR-18), so it is quick however many keys
/// there are. It is one commit: after a crash the store is under one of the two root keys, whole.
///
/// No instance may be open on the store. Returns how many secrets were sealed anew; an empty store has none.
///
/// What was copied before, backups among it, still opens with the former root key. If that has leaked, replace it, then
/// rotate the domain keys ([`Kms::rotate_domain_key`](crate::Kms::rotate_domain_key)), and destroy former copies.
///
/// # Errors
/// [`Error::KmsInternal`] when another root key protects the store, when one of the two cannot be used, or when the store
/// fails, was altered, or holds a backup that was restored in part.
pub fn replace_root_key(store: &dyn Store, former: &dyn RootKey, next: &dyn RootKey) -> Result<usize, Error> {
    if backup::is_unfinished(store).map_err(storage)? {
        let message = "the store holds a part of a backup only: restore it again, then replace the root key";
        return Err(Error::KmsInternal(message.into()));
    }
    // Any provider computes the same tags.
    let provider = DefaultProvider::new();
    let Some(secret) = InstanceSecret::stored(store, former, &provider)? else { return Ok(0) };
    let seal = secret.record_seal(&provider)?;
    let mut batch = Batch::new();
    secret.reseal(next, &mut batch)?;
    for (key, entry) in seal.scan(store, &Range::prefix(record::DOMAIN_PREFIX), usize::MAX).map_err(storage)? {
        let entry = entry.map_err(storage)?;
        let (partition, region) = record::parse_domain_key(&key).ok_or_else(|| damaged("domain key"))?;
        let envelope = DomainKeyEnvelope::from_bytes(&*entry.value).map_err(hierarchy)?;
        let resealed = envelope.reseal(former, next, &Domain { partition, region }).map_err(hierarchy)?;
        batch.put(&key, seal.seal(&key, resealed.as_bytes()), Expect::Revision(entry.revision));
    }
    let count = batch.len();
    store.commit(batch).map_err(|error| internal("storage", error))?;
    Ok(count)
}
