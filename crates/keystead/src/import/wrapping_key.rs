//! The private halves of wrapping keys. Each belongs to one parameter set, so it is shared with no other account; it
//! stays in the store as an exported key token until the set expires, and is then deleted (IMP-18).

use keystead_crypto::{PrivateKey, SecretBytes};
use keystead_hierarchy::spec::{KeyUsage, WrappingKeySpec};
use keystead_hierarchy::{EktBinding, Purpose};
use keystead_store::{Batch, Expect, Key, Range};
use keystead_types::{KeyArn, Timestamp};
use serde::{Deserialize, Serialize};

use super::ImportToken;
use crate::Error;
use crate::engine::{Engine, crypto, hierarchy, internal, storage};
use crate::record::{self, RECORD_FORMAT, base64_bytes};
use crate::region::RegionState;
use crate::rewrap::Found;

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
    let opened = engine.open_lone(region, &store_key(token), &binding, |record: WrappingKeyRecord| record.ekt)?;
    let Some((secret, _)) = opened else { return Ok(None) };
    let key = engine.provider.trusted_private_key(token.wrapping_key.key_pair(), secret.expose());
    key.map(Some).map_err(crypto)
}

impl Engine {
    /// Deletes the wrapping keys of expired parameter sets.
    pub(crate) fn delete_expired_wrapping_keys(&self, region: &RegionState, now: Timestamp) -> Result<(), Error> {
        self.delete_expired(&record::wrapping_key_prefix(region.partition, region.region), now)
    }

    /// Deletes the records with a prefix that have expired; their store keys sort by expiry.
    pub(crate) fn delete_expired(&self, prefix: &[u8], now: Timestamp) -> Result<(), Error> {
        loop {
            let page = self.store.scan_each(&Range::prefix(prefix), PAGE).map_err(storage)?;
            let expired = page.iter().take_while(|(key, _)| {
                record::parse_expiry(prefix, key.as_ref()).is_none_or(|valid_to| valid_to < now)
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

    /// Brings the token of a wrapping key to the present version of the domain key.
    pub(crate) fn rewrap_wrapping_key(&self, region: &RegionState, store_key: &Key) -> Result<Found, Error> {
        self.rewrap_lone(region, store_key, |record: &mut WrappingKeyRecord| {
            let binding = binding(&record.key, record.spec);
            (&mut record.ekt, Some(binding))
        })
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
