//! Rotation of domain keys: every exported key token is wrapped anew, no ciphertext changes (OVR-17).

use std::sync::{Arc, PoisonError};

use keystead_hierarchy::{Domain, DomainKeys};
use keystead_store::{Batch, CommitError, Entry, Expect, Key, Range};
use keystead_types::KeyArn;

use crate::Error;
use crate::engine::{Engine, damaged, hierarchy, storage};
use crate::material::binding;
use crate::record::{self, MaterialRecord};
use crate::region::{LockSet, RegionState, stored_domain_keys};
use crate::snapshot::{KeySnapshot, Material};

/// What the rotation of a domain key did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DomainRotation {
    /// The version in use now.
    pub version: u32,
    /// Key materials that were wrapped anew.
    pub rewrapped: usize,
    /// Former versions that were destroyed.
    pub retired: usize,
}

impl Engine {
    /// Adds a version, moves every token to it, drops the former versions. Tokens are moved key by key under the
    /// key's lock; until the last has moved all versions stay in use, so it can be interrupted at any point.
    pub(crate) fn rotate_domain_key(&self, region: &RegionState) -> Result<DomainRotation, Error> {
        let _one_at_a_time = region.hold_domain_key();
        // A rotation that failed may have left a version that this instance does not know.
        let domain = Domain { partition: region.partition, region: region.region };
        let mut keys = stored_domain_keys(self, domain)?.ok_or_else(|| damaged("domain key"))?;
        let envelope =
            keys.rotate(self.root_key.as_ref(), self.provider.as_ref(), self.entropy.as_ref()).map_err(hierarchy)?;
        let mut batch = Batch::new();
        let key = record::domain_key(region.partition, region.region, envelope.version());
        batch.put(key, envelope.as_bytes(), Expect::Absent);
        self.store.commit(batch).map_err(commit_error)?;
        region.domain_keys.store(Arc::new(keys.clone()));
        // Tokens under the former version that are being committed are in the store when this lock was had.
        drop(region.domain_epoch.write().unwrap_or_else(PoisonError::into_inner));

        let mut rewrapped = 0;
        loop {
            let moved = self.rewrap_all(region, &keys)?;
            rewrapped += moved;
            if moved == 0 {
                break;
            }
        }
        let version = keys.current_version();
        let former: Vec<u32> = keys.versions().filter(|other| *other != version).collect();
        let mut batch = Batch::new();
        for other in &former {
            keys.retire(*other).map_err(hierarchy)?;
            batch.delete(record::domain_key(region.partition, region.region, *other), Expect::Any);
        }
        self.store.commit(batch).map_err(commit_error)?;
        region.domain_keys.store(Arc::new(keys));
        Ok(DomainRotation { version, rewrapped, retired: former.len() })
    }

    fn rewrap_all(&self, region: &RegionState, keys: &DomainKeys) -> Result<usize, Error> {
        let prefix = record::region_prefix(region.partition, region.region);
        let mut range = Range::prefix(&prefix);
        let mut moved = 0;
        loop {
            let page = self.store.scan_each(&range, SCAN_PAGE).map_err(storage)?;
            for (key, _) in &page {
                moved += usize::from(self.rewrap_record(region, keys, key.as_ref())?);
            }
            match page.last() {
                Some((last, _)) if page.len() == SCAN_PAGE => range = Range::prefix(&prefix).after(last),
                _ => return Ok(moved),
            }
        }
    }

    /// Whether the record, if it is one with a token, had it under a former version.
    fn rewrap_record(&self, region: &RegionState, keys: &DomainKeys, key: &[u8]) -> Result<bool, Error> {
        let (partition, name) = (region.partition, region.region);
        if let Some((arn, version)) = record::parse_material_key(partition, name, key) {
            self.rewrap(region, keys, &arn, version)
        } else if let Some(arn) = record::parse_key_key(partition, name, key) {
            self.rewrap_fingerprint_key(region, keys, &arn)
        } else if record::parse_wrapping_key_expiry(partition, name, key).is_some() {
            self.rewrap_wrapping_key(keys, key)
        } else {
            Ok(false)
        }
    }

    fn rewrap_fingerprint_key(&self, region: &RegionState, keys: &DomainKeys, arn: &KeyArn) -> Result<bool, Error> {
        let mut set = LockSet::default();
        region.locks.add_key(&mut set, arn);
        let _held = region.locks.lock(set);
        let Some(key) = region.key(arn)? else { return Ok(false) };
        let Some(record) = self.rewrapped_fingerprint_key(keys, &key)? else { return Ok(false) };
        let mut batch = Batch::new();
        batch.put(record::key_key(arn), record::encode(&record)?, Expect::Revision(key.revision));
        let revision = self.store.commit(batch).map_err(|error| {
            region.retract_key(arn);
            commit_error(error)
        })?;
        region.publish_key(KeySnapshot::build(*arn, record, revision, Some(&key), None, None, None)?);
        Ok(true)
    }

    /// Whether the token was under a former version.
    fn rewrap(&self, region: &RegionState, keys: &DomainKeys, arn: &KeyArn, version: u32) -> Result<bool, Error> {
        let mut set = LockSet::default();
        region.locks.add_key(&mut set, arn);
        let _held = region.locks.lock(set);
        let store_key: Key = record::material_key(arn, version).into();
        let (Some(entry), Some(key)) = (self.store.get(store_key.as_ref()).map_err(storage)?, region.key(arn)?) else {
            return Ok(false);
        };
        let Entry { value, revision } = entry;
        let mut stored: MaterialRecord = record::decode(&value)?;
        let present = Material::new(stored.clone())?;
        let binding = binding(arn, &key.record, version);
        let Some(ekt) = &present.ekt else { return Ok(false) };
        let Some(token) = keys.rewrap(ekt, &binding, self.entropy.as_ref()).map_err(hierarchy)? else {
            return Ok(false);
        };
        stored.ekt = Some(token.into_bytes());
        // The record of the key moves along, so that its snapshot gets a revision of its own.
        let mut batch = Batch::new();
        batch.put(store_key, record::encode(&stored)?, Expect::Revision(revision));
        batch.put(record::key_key(arn), record::encode(&key.record)?, Expect::Revision(key.revision));
        let revision = self.store.commit(batch).map_err(|error| {
            // What the store holds now is uncertain.
            region.retract_key(arn);
            commit_error(error)
        })?;
        region.publish_key(key.with_material(revision, Material::new(stored)?));
        Ok(true)
    }
}

fn commit_error(error: CommitError) -> Error {
    match error {
        CommitError::Conflict { .. } => damaged("domain key"),
        other => Error::KmsInternal(format!("storage: {other}").into()),
    }
}

/// Records read at a time.
const SCAN_PAGE: usize = 256;
