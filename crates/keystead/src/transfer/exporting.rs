//! The sender's side.

use std::sync::Arc;

use keystead_hierarchy::spec::{KeyManager, KeyState};
use keystead_types::{KeyArn, Timestamp};

use super::contents::{Contents, Secrets, TravellingKey};
use super::{TransferError, TransferRequest, seal};
use crate::audit::{AuditRecord, Fields, ServiceEvent};
use crate::engine::{Engine, damaged};
use crate::record::{ImportRecord, KeyRecord, MaterialRecord};
use crate::region::LockSet;
use crate::snapshot::KeySnapshot;
use crate::{Error, import, material};

impl Engine {
    pub(super) fn export_key(&self, arn: &KeyArn, request: &TransferRequest) -> Result<Vec<u8>, TransferError> {
        let now = self.now();
        let valid_to = request.valid_to();
        if valid_to < now {
            return Err(TransferError::Expired { valid_to });
        }
        let region = self.region(arn.region)?;
        self.settle(&region, arn, now)?;
        let related = region.key(arn)?.and_then(|key| key.record.related.clone());
        for other in related.iter().flat_map(|related| related.regions()) {
            self.settle(self.region(other)?.as_ref(), &KeyArn { region: other, ..*arn }, now)?;
        }
        // Related keys share the lock.
        let mut set = LockSet::default();
        region.locks.add_key(&mut set, arn);
        let _held = region.locks.lock(set);
        let keys = self.set_of(arn, now)?;
        let contents = Contents { keys: keys.iter().map(|key| self.pack(key)).collect::<Result<_, Error>>()? };
        let envelope = seal::seal(request, contents.encode()?, self.provider.as_ref(), self.entropy.as_ref())?;
        let mut records = Vec::new();
        for key in &keys {
            records.extend(self.transfer_record("ExportKey", &key.arn, request, now)?);
        }
        let records: Vec<_> = records.into_iter().map(Arc::new).collect();
        self.deliver(&records)?;
        Ok(envelope)
    }

    /// The record of a transfer, if anybody listens.
    pub(super) fn transfer_record(
        &self,
        name: &'static str,
        arn: &KeyArn,
        request: &TransferRequest,
        now: Timestamp,
    ) -> Result<Vec<AuditRecord>, Error> {
        let details =
            Fields::new().with("keyId", arn.key_id.to_string()).with("requestFingerprint", request.fingerprint());
        self.service_record(arn, now, ServiceEvent { name, details: Some(details), response: None })
    }

    /// The key and all that are related to it, the primary first, if all of them can travel.
    fn set_of(&self, arn: &KeyArn, now: Timestamp) -> Result<Vec<Arc<KeySnapshot>>, TransferError> {
        let present = self.region(arn.region)?.key(arn)?.map(|key| Arc::clone(&key));
        let missing = || Error::NotFound(format!("Key '{arn}' does not exist").into());
        let key = present.filter(|key| !key.is_dead(now)).ok_or_else(missing)?;
        let mut keys = self.related_keys(&key)?;
        keys.push(key);
        keys.sort_by_key(|key| (key.is_replica(now), key.arn.region));
        for key in &keys {
            if key.record.manager != KeyManager::Customer {
                return Err(TransferError::AwsManaged(key.arn));
            }
            let state = key.state(now);
            if state.is_pending_deletion() {
                return Err(TransferError::PendingDeletion(key.arn));
            }
            let phase = key.record.related.as_ref().and_then(|related| related.phase_due(key.arn.region));
            if matches!(state, KeyState::Creating | KeyState::Updating) || phase.is_some() {
                return Err(TransferError::Unfinished(key.arn));
            }
        }
        Ok(keys)
    }

    /// A key with its secrets, out of its tokens.
    fn pack(&self, key: &KeySnapshot) -> Result<TravellingKey, Error> {
        let region = self.region(key.arn.region)?;
        let without_token = |import: ImportRecord| ImportRecord { fingerprint_key: Vec::new(), ..import };
        let record = KeyRecord { import: key.record.import.clone().map(without_token), ..key.record.clone() };
        let fingerprint_key = record.import.as_ref().map(|_| import::open_fingerprint_key(&region, key)).transpose()?;
        let secret = |material: &Arc<_>| material::open_if_present(&region, key, material);
        let materials = key.materials.iter().map(secret).collect::<Result<_, Error>>()?;
        let aliases = record.aliases.iter().map(|name| {
            let (alias, _) = region.alias_record(key.arn.account, name)?.ok_or_else(|| damaged("alias"))?;
            Ok((name.clone(), alias))
        });
        Ok(TravellingKey {
            arn: key.arn,
            aliases: aliases.collect::<Result<_, Error>>()?,
            materials: key.materials.iter().map(|one| MaterialRecord { ekt: None, ..one.to_record() }).collect(),
            grants: key.grants.all().iter().map(|grant| grant.as_ref().clone()).collect(),
            secrets: Secrets { fingerprint_key, materials },
            record,
        })
    }
}
