//! One token brought to the present version of the domain key, under the lock of its key; and tokens of no live key, which
//! stand in records of their own, opened.

use keystead_crypto::SecretBytes;
use keystead_hierarchy::{Ekt, EktBinding, HierarchyError};
use keystead_store::{Batch, CommitError, Entry, Expect, Key, Revision};
use keystead_types::KeyArn;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Error;
use crate::domain::commit_error;
use crate::engine::{Engine, hierarchy, storage};
use crate::material::binding;
use crate::record::{self, KeyRecord, MaterialRecord};
use crate::records::RecordError;
use crate::region::{LockSet, RegionState};
use crate::snapshot::{KeySnapshot, Material};

/// What there was to do about a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// It has no token under a former version.
    Nothing,
    /// Its token is under the present version now.
    Moved,
    /// Its token cannot be moved.
    Stuck(Need),
}

/// What a token that cannot be moved may need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// The version that it is under.
    Version(u32),
    /// Nobody knows, because the record cannot be read.
    Unknown,
}

/// The version that a token is under, if it has to be moved to `present`; otherwise what there is to say about it.
fn former_version(token: Option<&[u8]>, present: u32) -> Result<u32, Found> {
    let token = token.ok_or(Found::Nothing)?;
    let version = Ekt::from_bytes(token).map_err(|_| UNREADABLE)?.domain_key_version();
    if version == present { Err(Found::Nothing) } else { Ok(version) }
}

/// Nobody knows what it needs.
const UNREADABLE: Found = Found::Stuck(Need::Unknown);

impl Engine {
    /// Moves the token in a record, if it has one under a former version. Of an altered record there is no `value`. An
    /// error is one of the store.
    pub(crate) fn rewrap(&self, region: &RegionState, key: &Key, value: Option<&[u8]>) -> Result<Found, Error> {
        let (partition, name) = (region.partition, region.region);
        let material = record::parse_material_key(partition, name, key.as_ref());
        let arn = record::parse_key_key(partition, name, key.as_ref());
        let is_wrapping_key = record::is_wrapping_key_key(partition, name, key.as_ref());
        let request = record::parse_transfer_key_key(partition, name, key.as_ref());
        match (value, material, arn, request) {
            (Some(value), Some((arn, version)), ..) => self.rewrap_material(region, &arn, version, value),
            (Some(value), _, Some(arn), _) => self.rewrap_fingerprint_key(region, &arn, value),
            (Some(_), .., Some(request)) => self.rewrap_transfer_key(region, key, &request),
            (Some(_), ..) if is_wrapping_key => self.rewrap_wrapping_key(region, key),
            (Some(_), ..) | (None, None, None, None) if !is_wrapping_key => Ok(Found::Nothing),
            _ => Ok(UNREADABLE),
        }
    }

    /// Opens the token of a record that belongs to no live key, and tells the revision of that; `None` when it is not there
    /// any more. `token` finds it in the record.
    pub(crate) fn open_lone<R: DeserializeOwned>(
        &self,
        region: &RegionState,
        store_key: &[u8],
        binding: &EktBinding,
        token: impl Fn(R) -> Vec<u8>,
    ) -> Result<Option<(SecretBytes, Revision)>, Error> {
        let open = || -> Result<_, Error> {
            let Some(entry) = self.store.get(store_key).map_err(storage)? else { return Ok(None) };
            let ekt = Ekt::from_bytes(token(record::decode(&entry.value)?)).map_err(hierarchy)?;
            Ok(Some((region.domain_keys.load().unwrap(&ekt, binding), entry.revision)))
        };
        let found = match open()? {
            // The domain key was rotated between the two.
            Some((Err(HierarchyError::UnknownDomainKey { .. }), _)) => open()?,
            found => found,
        };
        found.map(|(secret, revision)| Ok((secret.map_err(hierarchy)?, revision))).transpose()
    }

    /// Moves the token of a record that belongs to no live key. `token` finds it, and what it is bound to.
    pub(crate) fn rewrap_lone<R: Serialize + DeserializeOwned>(
        &self,
        region: &RegionState,
        store_key: &Key,
        token: impl FnOnce(&mut R) -> (&mut Vec<u8>, Option<EktBinding>),
    ) -> Result<Found, Error> {
        let entry = match self.record_to_rewrap(store_key)? {
            Ok(entry) => entry,
            Err(found) => return Ok(found),
        };
        let Ok(mut record) = record::decode::<R>(&entry.value) else { return Ok(UNREADABLE) };
        let (bytes, binding) = token(&mut record);
        let keys = region.domain_keys.load();
        let former = match former_version(Some(bytes), keys.current_version()) {
            Ok(former) => former,
            Err(found) => return Ok(found),
        };
        let stuck = Ok(Found::Stuck(Need::Version(former)));
        let (Ok(token), Some(binding)) = (Ekt::from_bytes(std::mem::take(bytes)), binding) else { return stuck };
        let Ok(Some(token)) = keys.rewrap(&token, &binding, self.entropy.as_ref()) else { return stuck };
        *bytes = token.into_bytes();
        let mut batch = Batch::new();
        batch.put(store_key, record::encode(&record)?, Expect::Revision(entry.revision));
        match self.store.commit(batch) {
            Ok(_) => Ok(Found::Moved),
            // It was just used, or has expired and was deleted, as the next look will show.
            Err(CommitError::Conflict { .. }) => stuck,
            Err(error) => Err(commit_error(error)),
        }
    }

    /// A record that may have a token; or what there is to say about it.
    fn record_to_rewrap(&self, store_key: &[u8]) -> Result<Result<Entry, Found>, Error> {
        match self.store.get(store_key) {
            Ok(found) => Ok(found.ok_or(Found::Nothing)),
            Err(RecordError::Altered) => Ok(Err(UNREADABLE)),
            Err(error) => Err(storage(error)),
        }
    }

    fn rewrap_material(&self, region: &RegionState, arn: &KeyArn, version: u32, seen: &[u8]) -> Result<Found, Error> {
        // Without a lock: what is under the present version stays there.
        if let Err(found) = former_of_material(region, seen) {
            return Ok(found);
        }
        let mut set = LockSet::default();
        region.locks.add_key(&mut set, arn);
        let _held = region.locks.lock(set);
        let store_key = record::material_key(arn, version);
        let entry = match self.record_to_rewrap(&store_key)? {
            Ok(entry) => entry,
            Err(found) => return Ok(found),
        };
        let (mut stored, former) = match former_of_material(region, &entry.value) {
            Ok(found) => found,
            Err(found) => return Ok(found),
        };
        let stuck = Ok(Found::Stuck(Need::Version(former)));
        let Ok(Some(key)) = region.key(arn) else { return stuck };
        let Some(Ok(token)) = stored.ekt.as_deref().map(Ekt::from_bytes) else { return stuck };
        let keys = region.domain_keys.load();
        let rewrapped = keys.rewrap(&token, &binding(arn, &key.record, version), self.entropy.as_ref());
        let Ok(Some(token)) = rewrapped else { return stuck };
        stored.ekt = Some(token.into_bytes());
        // The record of the key moves along, so that its snapshot gets a revision of its own.
        let mut batch = Batch::new();
        batch.put(store_key, record::encode(&stored)?, Expect::Revision(entry.revision));
        batch.put(record::key_key(arn), record::encode(&key.record)?, Expect::Revision(key.revision));
        let Some(revision) = self.commit_rewrapped(region, arn, batch)? else { return stuck };
        region.publish_key(key.with_material(revision, Material::new(stored)?));
        Ok(Found::Moved)
    }

    fn rewrap_fingerprint_key(&self, region: &RegionState, arn: &KeyArn, seen: &[u8]) -> Result<Found, Error> {
        let former = match former_of_key(region, seen) {
            Ok(former) => former,
            Err(found) => return Ok(found),
        };
        let stuck = Ok(Found::Stuck(Need::Version(former)));
        let mut set = LockSet::default();
        region.locks.add_key(&mut set, arn);
        let _held = region.locks.lock(set);
        let key = match region.key(arn) {
            Ok(Some(key)) => key,
            Ok(None) => return Ok(Found::Nothing),
            Err(_) => return stuck,
        };
        let record = match self.rewrapped_fingerprint_key(&region.domain_keys.load(), &key) {
            Ok(Some(record)) => record,
            Ok(None) => return Ok(Found::Nothing),
            Err(_) => return stuck,
        };
        let mut batch = Batch::new();
        batch.put(record::key_key(arn), record::encode(&record)?, Expect::Revision(key.revision));
        let Some(revision) = self.commit_rewrapped(region, arn, batch)? else { return stuck };
        region.publish_key(KeySnapshot::build(*arn, record, revision, Some(&key), None, None, None)?);
        Ok(Found::Moved)
    }

    /// `None` if the records are not what they should be.
    fn commit_rewrapped(&self, region: &RegionState, arn: &KeyArn, batch: Batch) -> Result<Option<Revision>, Error> {
        match self.store.commit(batch) {
            Ok(revision) => Ok(Some(revision)),
            Err(error) => {
                // What the store holds now is uncertain.
                self.store.while_nobody_reads(|| region.retract_key(arn));
                match error {
                    CommitError::Conflict { .. } | CommitError::Invalid(_) => Ok(None),
                    other => Err(commit_error(other)),
                }
            }
        }
    }
}

fn former_of_material(region: &RegionState, value: &[u8]) -> Result<(MaterialRecord, u32), Found> {
    let record: MaterialRecord = record::decode(value).map_err(|_| UNREADABLE)?;
    let version = former_version(record.ekt.as_deref(), region.domain_keys.load().current_version())?;
    Ok((record, version))
}

fn former_of_key(region: &RegionState, value: &[u8]) -> Result<u32, Found> {
    let record: KeyRecord = record::decode(value).map_err(|_| UNREADABLE)?;
    let token = record.import.as_ref().map(|import| import.fingerprint_key.as_slice());
    former_version(token, region.domain_keys.load().current_version())
}
