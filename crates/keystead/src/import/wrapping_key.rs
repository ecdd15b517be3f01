//! The private halves of wrapping keys. Each belongs to one parameter set, so it is shared with no other account; it
//! stays in the store as an exported key token until the set expires, and is then deleted (IMP-18).

use keystead_crypto::{PrivateKey, SecretBytes};
use keystead_hierarchy::spec::{KeyUsage, WrappingKeySpec};
use keystead_hierarchy::{DomainKeys, Ekt, EktBinding, HierarchyError, Purpose};
use keystead_store::{Batch, CommitError, Expect, Range};
use keystead_types::{KeyArn, Timestamp};
use serde::{Deserialize, Serialize};

use super::ImportToken;
use crate::Error;
use crate::engine::{Engine, crypto, hierarchy, internal, storage};
use crate::record::{self, RECORD_FORMAT, base64_bytes};
use crate::region::RegionState;

/// A wrapping key about to be stored.
#[derive(Debug)]
pub(crate) struct NewWrappingKey {
    pub(crate) store_key: Vec<u8>,
    pub(crate) record: WrappingKeyRecord,
}

/// A stored wrapping key. Its store key says when it expires.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct WrappingKeyRecord {
    #[serde(rename = "v")]
    format: u32,
    pub(crate) key: KeyArn,
    spec: WrappingKeySpec,
    #[serde(with = "base64_bytes")]
    pub(crate) ekt: Vec<u8>,
}

impl NewWrappingKey {
    /// Wraps the private key of a parameter set.
    pub(crate) fn wrap(
        engine: &Engine,
        region: &RegionState,
        token: &ImportToken,
        private_key: &SecretBytes,
    ) -> Result<Self, Error> {
        let binding = binding(&token.key, token.wrapping_key);
        let ekt = region.domain_keys.load().wrap(private_key, &binding, engine.entropy.as_ref()).map_err(hierarchy)?;
        Ok(Self {
            store_key: store_key(token),
            record: WrappingKeyRecord {
                format: RECORD_FORMAT,
                key: token.key,
                spec: token.wrapping_key,
                ekt: ekt.into_bytes(),
            },
        })
    }
}

/// The private key of a parameter set; `None` when it is not there any more.
pub(crate) fn open_wrapping_key(
    engine: &Engine,
    region: &RegionState,
    token: &ImportToken,
) -> Result<Option<Box<dyn PrivateKey>>, Error> {
    let binding = binding(&token.key, token.wrapping_key);
    let read = || -> Result<Option<Ekt>, Error> {
        let Some(entry) = engine.store.get(&store_key(token)).map_err(storage)? else { return Ok(None) };
        let record: WrappingKeyRecord = record::decode(&entry.value)?;
        Ekt::from_bytes(record.ekt).map(Some).map_err(hierarchy)
    };
    let Some(ekt) = read()? else { return Ok(None) };
    let secret = match region.domain_keys.load().unwrap(&ekt, &binding) {
        // The domain key was rotated between the two.
        Err(HierarchyError::UnknownDomainKey { .. }) => {
            let Some(ekt) = read()? else { return Ok(None) };
            region.domain_keys.load().unwrap(&ekt, &binding)
        }
        opened => opened,
    }
    .map_err(hierarchy)?;
    let key = engine.provider.trusted_private_key(token.wrapping_key.key_pair(), secret.expose());
    key.map(Some).map_err(crypto)
}

impl Engine {
    /// Deletes the wrapping keys of expired parameter sets.
    pub(crate) fn delete_expired_wrapping_keys(&self, region: &RegionState, now: Timestamp) -> Result<(), Error> {
        let prefix = record::wrapping_key_prefix(region.partition, region.region);
        loop {
            let page = self.store.scan_each(&Range::prefix(&prefix), PAGE).map_err(storage)?;
            let expired = page.iter().take_while(|(key, _)| {
                record::parse_wrapping_key_expiry(region.partition, region.region, key.as_ref())
                    .is_none_or(|valid_to| valid_to < now)
            });
            let mut batch = Batch::new();
            let expired: Vec<_> = expired.map(|(key, _)| key.clone()).collect();
            for key in &expired {
                batch.delete(key.clone(), Expect::Any);
            }
            if expired.is_empty() {
                return Ok(());
            }
            self.store.commit(batch).map_err(|error| internal("storage", error))?;
            if expired.len() < PAGE {
                return Ok(());
            }
        }
    }

    /// Brings the token of a wrapping key to the present domain key; whether it was under a former one.
    pub(crate) fn rewrap_wrapping_key(&self, keys: &DomainKeys, store_key: &[u8]) -> Result<bool, Error> {
        let Some(entry) = self.store.get(store_key).map_err(storage)? else { return Ok(false) };
        let mut record: WrappingKeyRecord = record::decode(&entry.value)?;
        let binding = binding(&record.key, record.spec);
        let ekt = Ekt::from_bytes(record.ekt).map_err(hierarchy)?;
        let Some(ekt) = keys.rewrap(&ekt, &binding, self.entropy.as_ref()).map_err(hierarchy)? else {
            return Ok(false);
        };
        record.ekt = ekt.into_bytes();
        let mut batch = Batch::new();
        batch.put(store_key, record::encode(&record)?, Expect::Revision(entry.revision));
        match self.store.commit(batch) {
            Ok(_) => Ok(true),
            // It has just expired and was deleted.
            Err(CommitError::Conflict { .. }) => Ok(false),
            Err(error) => Err(internal("storage", error)),
        }
    }
}

fn store_key(token: &ImportToken) -> Vec<u8> {
    record::wrapping_key_key(token.key.partition, token.key.region, token.valid_to, &token.set)
}

/// What the token of a wrapping key belongs to.
fn binding(key: &KeyArn, spec: WrappingKeySpec) -> EktBinding {
    EktBinding {
        account: key.account,
        key_id: key.key_id,
        material_version: 0,
        spec: spec.key_spec(),
        usage: KeyUsage::EncryptDecrypt,
        purpose: Purpose::ImportWrappingKey,
    }
}

/// Records read at a time.
const PAGE: usize = 64;
