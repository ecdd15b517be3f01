//! The private halves of transfer requests: exported key tokens, until they are used or expire.

use std::time::Duration;

use keystead_hierarchy::spec::{KeySpec, KeyUsage};
use keystead_hierarchy::{EktBinding, Purpose};
use keystead_store::{Batch, Expect, Key, Revision};
use keystead_types::{AccountId, KeyArn, KeyId, Timestamp};
use serde::{Deserialize, Serialize};

use super::seal::RequestKeys;
use super::wire::Slip;
use super::{TransferError, TransferRequest};
use crate::Error;
use crate::commit::{Changes, CommitFailure};
use crate::engine::{Engine, crypto, damaged, hierarchy, internal, storage};
use crate::record::{self, RECORD_FORMAT, base64_bytes};
use crate::region::RegionState;
use crate::rewrap::Found;

/// A stored private half. Its store key says which request it belongs to and when it expires.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct TransferKeyRecord {
    #[serde(rename = "v")]
    format: u32,
    #[serde(with = "base64_bytes")]
    ekt: Vec<u8>,
}

/// A request begins or ends.
#[derive(Debug)]
pub(crate) enum TransferKeyChange {
    New { store_key: Vec<u8>, place: KeyArn, record: TransferKeyRecord },
    Used { store_key: Vec<u8>, revision: Revision },
}

impl TransferKeyChange {
    /// Adds it to a commit.
    pub(crate) fn write(&self, batch: &mut Batch) -> Result<(), Error> {
        match self {
            Self::New { store_key, record, .. } => {
                batch.put(store_key.clone(), record::encode(record)?, Expect::Absent);
            }
            Self::Used { store_key, revision } => {
                batch.delete(store_key.clone(), Expect::Revision(*revision));
            }
        }
        Ok(())
    }

    /// The token that it brings, and where to.
    pub(crate) fn new_token(&self) -> Option<(&KeyArn, &[u8])> {
        match self {
            Self::New { place, record, .. } => Some((place, &record.ekt)),
            Self::Used { .. } => None,
        }
    }
}

impl Engine {
    pub(super) fn new_transfer_request(&self, region: &RegionState) -> Result<TransferRequest, Error> {
        let now = self.now();
        // So that they do not pile up where nobody sweeps.
        self.delete_expired_transfer_keys(region, now)?;
        let keys = RequestKeys::generate(self.provider.as_ref(), self.entropy.as_ref()).map_err(crypto)?;
        let slip = Slip {
            id: self.random_id()?,
            valid_to: now.plus(LIFETIME),
            partition: region.partition,
            region: region.region,
        };
        let request = keys.request(slip).map_err(|error| internal("transfer", error))?;
        let secret = keys.to_secret().map_err(crypto)?;
        loop {
            let binding = binding(&slip.id)?;
            let ekt = region.domain_keys.load().wrap(&secret, &binding, self.entropy.as_ref()).map_err(hierarchy)?;
            let record = TransferKeyRecord { format: RECORD_FORMAT, ekt: ekt.into_bytes() };
            let place = KeyArn {
                partition: slip.partition,
                region: slip.region,
                account: binding.account,
                key_id: binding.key_id,
            };
            let change = TransferKeyChange::New { store_key: store_key(&slip), place, record };
            match self.commit(Changes { transfer_key: Some(change), ..Changes::default() }, Vec::new()) {
                Ok(()) => return Ok(request),
                // The domain key was rotated.
                Err(CommitFailure::Conflict) => {}
                Err(CommitFailure::Failed(error)) => return Err(error),
            }
        }
    }

    /// Whether a request is open.
    pub(super) fn has_transfer_key(&self, slip: &Slip) -> Result<bool, Error> {
        Ok(self.store.get(&store_key(slip)).map_err(storage)?.is_some())
    }

    /// The private half of a request, and the change that ends it.
    pub(super) fn transfer_key(
        &self,
        region: &RegionState,
        slip: &Slip,
    ) -> Result<(RequestKeys, TransferKeyChange), TransferError> {
        let store_key = store_key(slip);
        let opened = self.open_lone(region, &store_key, &binding(&slip.id)?, |record: TransferKeyRecord| record.ekt)?;
        let (secret, revision) = opened.ok_or(TransferError::UnknownRequest)?;
        let keys = RequestKeys::from_secret(self.provider.as_ref(), &secret)?;
        Ok((keys, TransferKeyChange::Used { store_key, revision }))
    }

    /// Deletes the private halves of expired requests.
    pub(crate) fn delete_expired_transfer_keys(&self, region: &RegionState, now: Timestamp) -> Result<(), Error> {
        self.delete_expired(&record::transfer_key_prefix(region.partition, region.region), now)
    }

    /// Brings the token of a private half to the present version of the domain key.
    pub(crate) fn rewrap_transfer_key(
        &self,
        region: &RegionState,
        store_key: &Key,
        id: &[u8; 16],
    ) -> Result<Found, Error> {
        self.rewrap_lone(region, store_key, |record: &mut TransferKeyRecord| (&mut record.ekt, binding(id).ok()))
    }
}

fn store_key(slip: &Slip) -> Vec<u8> {
    record::transfer_key_key(slip.partition, slip.region, slip.valid_to, &slip.id)
}

/// What the token of a request belongs to. It is nobody's key: account zero, and the ID of the request.
fn binding(id: &[u8; 16]) -> Result<EktBinding, Error> {
    Ok(EktBinding {
        account: AccountId::from_u64(0).ok_or_else(|| damaged("account zero"))?,
        key_id: KeyId::single_region(*id),
        material_version: 0,
        spec: KeySpec::EccNistP384,
        usage: KeyUsage::KeyAgreement,
        purpose: Purpose::TransferKey,
    })
}

/// How long a request can be used, as the parameters of an import (IMP-17).
const LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);
