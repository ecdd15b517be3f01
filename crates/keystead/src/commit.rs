//! Step 15 of the door: one atomic commit, its audit record delivered, then the change is visible.
//!
//! The order is commit, deliver, publish, answer. A record that a required sink refuses undoes the commit before
//! anybody has seen it; where even that fails, the record stays in the outbox that the same commit wrote (AUD-06).

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use keystead_policy::Policy;
use keystead_store::{Batch, CommitError, Expect, Key, Revision};
use keystead_types::{AccountId, AliasName, KeyArn};

use crate::audit::AuditRecord;
use crate::engine::{Engine, damaged, storage};
use crate::events::{EventKind, LifecycleEvent};
use crate::grant::{Grant, GrantId};
use crate::record::{self, AliasRecord, CounterRecord, KeyRecord, MaterialRecord, RECORD_FORMAT};
use crate::region::RegionState;
use crate::snapshot::{KeySnapshot, Material};
use crate::{Error, quota};

/// The values that records had before a commit; `None` for those that did not exist.
type Undo = Vec<(Key, Option<Arc<[u8]>>)>;

/// What an operation changes. Nothing of it is visible before the commit.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    pub(crate) keys: Vec<KeyChange>,
    pub(crate) aliases: Vec<AliasChange>,
    /// Keys more or less in an account.
    pub(crate) key_count: Option<(AccountId, KeyCount)>,
    /// Records of internal actions that follow the record of the call.
    pub(crate) service_records: Vec<AuditRecord>,
    pub(crate) events: Vec<LifecycleEvent>,
}

/// A change of one key.
#[derive(Debug)]
pub(crate) struct KeyChange {
    pub(crate) arn: KeyArn,
    /// What the change is based on; `None` for a new key.
    pub(crate) previous: Option<Arc<KeySnapshot>>,
    /// The new record; `None` deletes the key with everything that belongs to it.
    pub(crate) record: Option<KeyRecord>,
    /// A new version of its material.
    pub(crate) material: Option<MaterialRecord>,
    /// The compiled form of a new policy.
    pub(crate) policy: Option<Arc<Policy>>,
    /// A grant more or less.
    pub(crate) grant: Option<GrantChange>,
    /// Whether unwrapped material must go.
    pub(crate) forget: bool,
}

/// A grant more or less on a key.
#[derive(Debug)]
pub(crate) enum GrantChange {
    Add(Arc<Grant>),
    Remove(GrantId),
}

impl KeyChange {
    /// Another record for an existing key.
    pub(crate) fn update(previous: Arc<KeySnapshot>, record: KeyRecord) -> Self {
        Self {
            arn: previous.arn,
            previous: Some(previous),
            record: Some(record),
            material: None,
            policy: None,
            grant: None,
            forget: false,
        }
    }
}

/// A change of one alias.
#[derive(Debug)]
pub(crate) struct AliasChange {
    pub(crate) account: AccountId,
    pub(crate) name: AliasName,
    /// The new record; `None` deletes the alias.
    pub(crate) record: Option<AliasRecord>,
    pub(crate) expect: Expect,
}

/// How the number of keys changes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum KeyCount {
    OneMore,
    OneLess,
}

impl Changes {
    /// A change of one key.
    pub(crate) fn of(change: KeyChange) -> Self {
        Self { keys: vec![change], ..Self::default() }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.aliases.is_empty() && self.service_records.is_empty() && self.events.is_empty()
    }
}

/// Why a commit did not happen.
#[derive(Debug)]
pub(crate) enum CommitFailure {
    /// Somebody else changed the same records; look again.
    Conflict,
    /// Nothing was changed.
    Failed(Error),
}

impl From<Error> for CommitFailure {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl Engine {
    /// Makes `changes` durable and visible and delivers `records`, those of the changes included.
    pub(crate) fn commit(
        &self,
        region: &RegionState,
        mut changes: Changes,
        mut records: Vec<AuditRecord>,
    ) -> Result<(), CommitFailure> {
        records.append(&mut changes.service_records);
        let records: Vec<Arc<AuditRecord>> = records.into_iter().map(Arc::new).collect();
        if changes.is_empty() {
            self.deliver(&records)?;
            return Ok(());
        }

        let _counting = changes.key_count.map(|_| self.counters.lock().unwrap_or_else(PoisonError::into_inner));
        let mut batch = self.batch(region, &changes)?;
        let outbox = self.outbox(&records, &changes.events)?;
        for (key, value) in outbox.iter() {
            batch.put(key.clone(), value.clone(), Expect::Absent);
        }
        self.clear_delivered(&mut batch);
        let undo = if self.audit.is_required() { Some(self.undo(&batch)?) } else { None };
        let revision = match self.store.commit(batch) {
            Ok(revision) => revision,
            Err(CommitError::Conflict { .. }) => return Err(CommitFailure::Conflict),
            Err(error) => return Err(Error::KmsInternal(format!("storage: {error}").into()).into()),
        };

        let delivered = self.deliver(&records);
        if let (Err(_), Some(undo)) = (&delivered, undo)
            && self.roll_back(undo, revision)
        {
            return delivered.map_err(Into::into);
        }
        let published = self.publish(region, changes, revision);
        self.settle_outbox(outbox, delivered.is_ok());
        delivered?;
        published.map_err(Into::into)
    }

    /// Hands records to the sinks.
    pub(crate) fn deliver(&self, records: &[Arc<AuditRecord>]) -> Result<(), Error> {
        records.iter().try_for_each(|record| self.audit.deliver(record)).map_err(|_| {
            Error::KmsInternal("the audit record could not be delivered; the call was not carried out".into())
        })
    }

    fn batch(&self, region: &RegionState, changes: &Changes) -> Result<Batch, CommitFailure> {
        let mut batch = Batch::new();
        for change in &changes.keys {
            write_key(&mut batch, change)?;
        }
        for change in &changes.aliases {
            let key = record::alias_key(region.partition, region.region, change.account, &change.name);
            match &change.record {
                Some(record) => batch.put(key, record::encode(record)?, change.expect),
                None => batch.delete(key, change.expect),
            };
        }
        if let Some((account, count)) = changes.key_count {
            self.write_counter(&mut batch, region, account, count)?;
        }
        Ok(batch)
    }

    /// Checks the quota and changes the counter in the commit of what it counts (QUO-11).
    fn write_counter(
        &self,
        batch: &mut Batch,
        region: &RegionState,
        account: AccountId,
        count: KeyCount,
    ) -> Result<(), Error> {
        let key = record::counter_key(region.partition, region.region, account);
        let entry = self.store.get(&key).map_err(storage)?;
        let present: CounterRecord =
            entry.as_ref().map(|entry| record::decode(&entry.value)).transpose()?.unwrap_or_default();
        let count = match count {
            KeyCount::OneMore if !quota::admits(self.quotas.keys_per_account, present.count) => {
                return Err(too_many_keys(self.quotas.keys_per_account));
            }
            KeyCount::OneMore => present.count.saturating_add(1),
            KeyCount::OneLess => present.count.saturating_sub(1),
        };
        let record = CounterRecord { format: RECORD_FORMAT, count };
        batch.put(key, record::encode(&record)?, Expect::unchanged(entry.as_ref()));
        Ok(())
    }

    /// How many keys the account has in the Region.
    pub(crate) fn key_count(&self, region: &RegionState, account: AccountId) -> Result<u64, Error> {
        let key = record::counter_key(region.partition, region.region, account);
        match self.store.get(&key).map_err(storage)? {
            Some(entry) => Ok(record::decode::<CounterRecord>(&entry.value)?.count),
            None => Ok(0),
        }
    }

    /// What must survive a crash between commit and delivery.
    fn outbox(&self, records: &[Arc<AuditRecord>], events: &[LifecycleEvent]) -> Result<Vec<(Key, Vec<u8>)>, Error> {
        let mut entries = Vec::new();
        if self.audit.is_required() {
            for record in records {
                entries.push((self.outbox_key(OUTBOX_RECORD)?, record.to_json().into_bytes()));
            }
        }
        if self.events.is_some() {
            for event in events.iter().filter(|event| event.kind == EventKind::Deletion) {
                entries.push((self.outbox_key(OUTBOX_EVENT)?, event.to_json().into_bytes()));
            }
        }
        Ok(entries)
    }

    fn outbox_key(&self, letter: u8) -> Result<Key, Error> {
        let order = self.outbox_order.fetch_add(1, Ordering::Relaxed);
        let mut key = record::OUTBOX_PREFIX.to_vec();
        key.extend_from_slice(&self.now().as_millis().to_be_bytes());
        key.extend_from_slice(&order.to_be_bytes());
        key.extend_from_slice(&self.random_id()?);
        key.push(letter);
        Ok(key.into())
    }

    /// Takes along the removal of outbox entries that were delivered since the last commit.
    fn clear_delivered(&self, batch: &mut Batch) {
        let mut delivered = self.delivered.lock().unwrap_or_else(PoisonError::into_inner);
        for key in delivered.drain(..) {
            batch.delete(key, Expect::Any);
        }
    }

    /// The batch that takes `batch` back: every record as it is now. The writer's locks keep it so.
    fn undo(&self, batch: &Batch) -> Result<Undo, Error> {
        let operations = batch.clone().into_operations().map_err(|_| damaged("batch"))?;
        operations
            .into_iter()
            .map(|operation| {
                let entry = self.store.get(operation.key.as_ref()).map_err(storage)?;
                Ok((operation.key, entry.map(|entry| entry.value)))
            })
            .collect()
    }

    /// Whether the commit is undone.
    fn roll_back(&self, undo: Undo, revision: Revision) -> bool {
        let mut batch = Batch::new();
        for (key, value) in undo {
            let present = match self.store.get(key.as_ref()) {
                Ok(entry) => entry.map(|entry| entry.revision),
                Err(_) => return false,
            };
            let expect = match present {
                Some(present) if present == revision => Expect::Revision(revision),
                Some(_) => return false,
                None => Expect::Absent,
            };
            match value {
                Some(value) => batch.put(key, value, expect),
                None => batch.delete(key, expect),
            };
        }
        self.store.commit(batch).is_ok()
    }

    fn publish(&self, region: &RegionState, changes: Changes, revision: Revision) -> Result<(), Error> {
        for change in changes.keys {
            let Some(record) = change.record else {
                region.retract_key(&change.arn);
                continue;
            };
            let added = match change.material {
                Some(material) => vec![Arc::new(Material::new(material)?)],
                None => Vec::new(),
            };
            let previous = change.previous.as_deref();
            let grants = previous.zip(change.grant).map(|(previous, grant)| match grant {
                GrantChange::Add(grant) => previous.grants.with(grant),
                GrantChange::Remove(id) => previous.grants.without(id),
            });
            let snapshot = KeySnapshot::build(change.arn, record, revision, previous, change.policy, added, grants)?;
            if change.forget {
                snapshot.forget_live_material();
            }
            region.publish_key(snapshot);
        }
        for change in changes.aliases {
            region.publish_alias(change.account, &change.name, change.record.map(|record| record.target));
        }
        for event in changes.events {
            // Deletions stand in the outbox until they are taken; the others are best effort (STA-96).
            if let (Some(sink), true) = (&self.events, event.kind != EventKind::Deletion) {
                let _ = sink.publish(&event);
            }
        }
        Ok(())
    }

    /// Offers what stands in the outbox and remembers what was taken.
    fn settle_outbox(&self, outbox: Vec<(Key, Vec<u8>)>, records_delivered: bool) {
        for (key, value) in outbox {
            let taken = match key.as_ref().last() {
                Some(&OUTBOX_RECORD) => records_delivered,
                _ => self.publish_event(&value),
            };
            if taken {
                self.delivered.lock().unwrap_or_else(PoisonError::into_inner).push(key);
            }
        }
    }

    fn publish_event(&self, json: &[u8]) -> bool {
        match (&self.events, LifecycleEvent::from_json(json)) {
            (Some(sink), Some(event)) => sink.publish(&event).is_ok(),
            _ => false,
        }
    }

    /// Offers again what earlier deliveries left in the outbox, and removes what is taken (AUD-46).
    pub(crate) fn redeliver(&self) -> Result<(), Error> {
        let range = keystead_store::Range::prefix(record::OUTBOX_PREFIX);
        let mut batch = Batch::new();
        for (key, entry) in self.store.scan(&range, usize::MAX).map_err(storage)? {
            let done = self.delivered.lock().unwrap_or_else(PoisonError::into_inner).contains(&key);
            let taken = done
                || match key.as_ref().last() {
                    Some(&OUTBOX_RECORD) => serde_json::from_slice::<AuditRecord>(&entry.value)
                        .is_ok_and(|record| self.audit.deliver(&Arc::new(record)).is_ok()),
                    _ => self.publish_event(&entry.value),
                };
            if taken {
                batch.delete(key, Expect::Any);
            }
        }
        if batch.is_empty() {
            return Ok(());
        }
        self.delivered.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.store.commit(batch).map(drop).map_err(|error| Error::KmsInternal(format!("storage: {error}").into()))
    }
}

/// Writes the record of a key, its new material and its place in the index of due instants.
fn write_key(batch: &mut Batch, change: &KeyChange) -> Result<(), Error> {
    let arn = &change.arn;
    let expect = match &change.previous {
        Some(previous) => Expect::Revision(previous.revision),
        None => Expect::Absent,
    };
    match &change.record {
        Some(record) => batch.put(record::key_key(arn), record::encode(record)?, expect),
        None => batch.delete(record::key_key(arn), expect),
    };
    if let Some(material) = &change.material {
        batch.put(record::material_key(arn, material.version), record::encode(material)?, Expect::Absent);
    }
    if let (None, Some(previous)) = (&change.record, &change.previous) {
        for material in previous.materials.iter() {
            batch.delete(record::material_key(arn, material.version), Expect::Any);
        }
    }
    write_grants(batch, change)?;
    let was_due = change.previous.as_ref().and_then(|previous| previous.next_due);
    let is_due = change.record.as_ref().and_then(KeyRecord::next_due);
    if was_due != is_due {
        if let Some(at) = was_due {
            batch.delete(record::due_key(arn, at), Expect::Any);
        }
        if let Some(at) = is_due {
            batch.put(record::due_key(arn, at), Vec::new(), Expect::Any);
        }
    }
    Ok(())
}

/// Writes or deletes grants and their place among those that a principal may retire.
fn write_grants(batch: &mut Batch, change: &KeyChange) -> Result<(), Error> {
    let arn = &change.arn;
    let Some(previous) = &change.previous else { return Ok(()) };
    let removed = match (&change.record, &change.grant) {
        (None, _) => previous.grants.all(),
        (Some(_), Some(GrantChange::Remove(id))) => previous.grants.get(*id).into_iter().collect(),
        (Some(_), Some(GrantChange::Add(grant))) => {
            batch.put(record::grant_key(arn, grant), record::encode(grant.as_ref())?, Expect::Absent);
            if let Some(retiring) = &grant.retiring {
                let value = record::encode(&(arn, grant.id))?;
                batch.put(record::retirable_key(arn, grant, retiring.name()), value, Expect::Absent);
            }
            Vec::new()
        }
        (Some(_), None) => Vec::new(),
    };
    for grant in removed {
        batch.delete(record::grant_key(arn, &grant), Expect::Any);
        if let Some(retiring) = &grant.retiring {
            batch.delete(record::retirable_key(arn, &grant, retiring.name()), Expect::Any);
        }
    }
    Ok(())
}

/// The key quota of the account is exhausted (KEY-33).
pub(crate) fn too_many_keys(limit: Option<u64>) -> Error {
    let limit = limit.unwrap_or_default();
    Error::LimitExceeded(
        format!("The account has {limit} KMS keys in this Region, the quota. Delete keys or raise the quota.").into(),
    )
}

const OUTBOX_RECORD: u8 = b'r';
const OUTBOX_EVENT: u8 = b'e';
