//! Step 15 of the door: one atomic commit, its audit record delivered, then the change is visible.
//!
//! The order is commit, deliver, publish, answer. Until it is published a commit lies under a veil. A record that a
//! required sink refuses undoes the commit before anybody has seen it; where even that fails, the record stays in the
//! outbox that the same commit wrote (AUD-06). Whenever it is not certain what the store holds now, the live forms of
//! what was to be changed are dropped, so that the next reader loads them anew.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError};

use keystead_hierarchy::Ekt;
use keystead_policy::Policy;
use keystead_store::{Batch, CommitError, Expect, Revision};
use keystead_types::{AccountId, AliasArn, KeyArn, Partition, Region};
use smallvec::SmallVec;

use crate::Error;
use crate::audit::AuditRecord;
use crate::engine::{Causes, Engine, hierarchy, internal, storage};
use crate::events::LifecycleEvent;
use crate::grant::{Afterglow, Grant, GrantId, GrantIndex};
use crate::import::{NewWrappingKey, note_materials};
use crate::ledger::Veil;
use crate::quota::{self, ResourceQuota};
use crate::record::{self, AliasRecord, CounterRecord, ImportedMaterial, KeyRecord, MaterialRecord, RECORD_FORMAT};
use crate::region::RegionState;
use crate::snapshot::{KeySnapshot, Material};
use crate::sync::RwLockReadGuard;
use crate::transfer::TransferKeyChange;

/// What an operation changes. Nothing of it is visible before the commit.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    /// In one Region, or of related keys in several.
    pub(crate) keys: Vec<KeyChange>,
    /// In the Regions of the keys, or in that of the commit.
    pub(crate) aliases: Vec<AliasChange>,
    /// The wrapping key of a new parameter set.
    pub(crate) wrapping_key: Option<NewWrappingKey>,
    /// The private key of a transfer request that begins or ends.
    pub(crate) transfer_key: Option<TransferKeyChange>,
    /// Keys more or less in their account and Region.
    pub(crate) key_counts: SmallVec<[(KeyArn, KeyCount); 1]>,
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
    /// New versions of its material.
    pub(crate) materials: Vec<MaterialRecord>,
    /// Versions that are there already and have changed: their token, their expiry, their place.
    pub(crate) rewritten: Vec<MaterialRecord>,
    /// Material pending rotation that is no more.
    pub(crate) withdrawn: Option<u32>,
    /// The compiled form of a new policy.
    pub(crate) policy: Option<Arc<Policy>>,
    /// A grant more or less.
    pub(crate) grant: Option<GrantChange>,
    /// What a new key brings along.
    pub(crate) grants: Vec<Arc<Grant>>,
    /// Whether unwrapped material must go.
    pub(crate) forget: bool,
}

/// A grant more or less on a key.
#[derive(Debug)]
pub(crate) enum GrantChange {
    Add(Arc<Grant>),
    Remove(GrantId, Option<Afterglow>),
}

impl KeyChange {
    /// Another record for an existing key.
    pub(crate) fn update(previous: Arc<KeySnapshot>, record: KeyRecord) -> Self {
        Self { previous: Some(Arc::clone(&previous)), record: Some(record), ..Self::nothing(previous.arn) }
    }

    /// A new key.
    pub(crate) fn create(arn: KeyArn, record: KeyRecord) -> Self {
        Self { record: Some(record), ..Self::nothing(arn) }
    }

    /// The end of a key.
    pub(crate) fn delete(previous: Arc<KeySnapshot>) -> Self {
        Self { previous: Some(Arc::clone(&previous)), forget: true, ..Self::nothing(previous.arn) }
    }

    fn nothing(arn: KeyArn) -> Self {
        Self {
            arn,
            previous: None,
            record: None,
            materials: Vec::new(),
            rewritten: Vec::new(),
            withdrawn: None,
            policy: None,
            grant: None,
            grants: Vec::new(),
            forget: false,
        }
    }

    /// The key without the bytes of these imported materials, by their versions. The one that is withdrawn leaves no
    /// trace; of the others it stays known what they were (IMP-46).
    pub(crate) fn without_materials(previous: Arc<KeySnapshot>, gone: &[u32], withdrawn: Option<u32>) -> Self {
        let mut record = previous.record.clone();
        let is_gone = |version: u32| gone.contains(&version) && withdrawn != Some(version);
        let rewritten = previous.materials.iter().filter(|material| is_gone(material.version)).map(|material| {
            let imported = material.imported.clone().map(|imported| ImportedMaterial { valid_to: None, ..imported });
            MaterialRecord { ekt: None, imported, ..material.to_record() }
        });
        let rewritten = rewritten.collect();
        let left = previous.materials.iter().filter(|material| withdrawn != Some(material.version)).map(|material| {
            let (version, present, valid_to) = material.noted();
            (version, present && !is_gone(version), valid_to)
        });
        note_materials(&mut record, left);
        Self { rewritten, withdrawn, forget: true, ..Self::update(Arc::clone(&previous), record) }
    }

    /// The exported key tokens that it brings; those that are there already, and stay, do not count.
    fn new_tokens(&self) -> impl Iterator<Item = &[u8]> {
        let created = self.record.as_ref().filter(|_| self.previous.is_none());
        let fingerprint_key = created.and_then(|record| record.import.as_ref());
        let former = |version| self.previous.as_ref()?.material(version)?.ekt.as_ref();
        let rewritten = self
            .rewritten
            .iter()
            .filter(move |material| former(material.version).map(Ekt::as_bytes) != material.ekt.as_deref());
        let materials = self.materials.iter().chain(rewritten).filter_map(|material| material.ekt.as_deref());
        materials.chain(fingerprint_key.map(|import| import.fingerprint_key.as_slice()))
    }

    /// All materials of the key, if any has changed.
    fn all_materials(&self) -> Result<Option<Vec<Arc<Material>>>, Error> {
        if self.materials.is_empty() && self.rewritten.is_empty() && self.withdrawn.is_none() {
            return Ok(None);
        }
        let changed = self.rewritten.iter().chain(&self.materials);
        let mut materials =
            changed.map(|record| Material::new(record.clone()).map(Arc::new)).collect::<Result<Vec<_>, _>>()?;
        for kept in self.previous.iter().flat_map(|previous| previous.materials.iter()) {
            if self.withdrawn != Some(kept.version) && !materials.iter().any(|other| other.version == kept.version) {
                materials.push(Arc::clone(kept));
            }
        }
        materials.sort_unstable_by_key(|material| material.version);
        Ok(Some(materials))
    }

    /// The key as the commit of `revision` has left it; `None` if that deleted it.
    fn snapshot(&self, revision: Revision) -> Result<Option<KeySnapshot>, Error> {
        let Some(record) = self.record.clone() else { return Ok(None) };
        let previous = self.previous.as_deref();
        let grants = match (previous, &self.grant) {
            (None, _) => Some(GrantIndex::of(self.grants.iter().map(|grant| Grant::clone(grant)))),
            (Some(previous), Some(GrantChange::Add(grant))) => Some(previous.grants.with(Arc::clone(grant))),
            (Some(previous), Some(GrantChange::Remove(id, afterglow))) => {
                Some(previous.grants.without(*id, *afterglow))
            }
            (Some(_), None) => None,
        };
        KeySnapshot::build(self.arn, record, revision, previous, self.policy.clone(), self.all_materials()?, grants)
            .map(Some)
    }
}

/// A change of one alias.
#[derive(Debug)]
pub(crate) struct AliasChange {
    pub(crate) alias: AliasArn,
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

    /// The exported key tokens that it brings.
    fn new_tokens(&self) -> impl Iterator<Item = (&KeyArn, &[u8])> {
        let wrapping_key = self.wrapping_key.as_ref().map(|new| (&new.record.key, new.record.ekt.as_slice()));
        let transfer_key = self.transfer_key.as_ref().and_then(TransferKeyChange::new_token);
        let tokens = self.keys.iter().flat_map(|change| change.new_tokens().map(|token| (&change.arn, token)));
        tokens.chain(wrapping_key).chain(transfer_key)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.keys.is_empty()
            && self.aliases.is_empty()
            && self.wrapping_key.is_none()
            && self.transfer_key.is_none()
            && self.service_records.is_empty()
            && self.events.is_empty()
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
    pub(crate) fn commit(&self, mut changes: Changes, mut records: Vec<AuditRecord>) -> Result<(), CommitFailure> {
        records.append(&mut changes.service_records);
        let records: Vec<Arc<AuditRecord>> = records.into_iter().map(Arc::new).collect();
        if changes.is_empty() {
            self.deliver(&records)?;
            return Ok(());
        }

        let counts = !changes.key_counts.is_empty();
        let _counting = counts.then(|| self.counters.lock().unwrap_or_else(PoisonError::into_inner));
        let regions = Regions::touched(self, &changes)?;
        let _epochs = regions.hold_epochs(&changes);
        if !has_current_tokens(&regions, &changes)? {
            return Err(CommitFailure::Conflict);
        }
        let mut batch = self.batch(&changes)?;
        // Outlives the veil: what a panic of a sink leaves behind is loaded anew.
        let _unwinding = Unwinding { regions: &regions, changes: &changes };
        let veil = self.store.veil(&batch).map_err(|error| internal("storage", error))?;
        let outbox = self.outbox(&records, &changes.events)?;
        let outbox_veil = self.store.veil_absent(outbox.iter().map(|(key, _)| key.clone()));
        for (key, value) in outbox.iter() {
            batch.put(key.clone(), value.clone(), Expect::Absent);
        }
        let cleared = self.clear_delivered(&mut batch);
        let revision = match self.store.commit(batch) {
            Ok(revision) => revision,
            Err(error) => {
                self.lock_delivered().extend(cleared.keys);
                veil.lift(|| regions.forget(&changes));
                return Err(match error {
                    CommitError::Conflict { .. } => CommitFailure::Conflict,
                    other => internal("storage", other).into(),
                });
            }
        };
        drop(cleared);

        if let Err(error) = self.deliver(&records) {
            let undone = Veil::undo(&[&veil, &outbox_veil], revision);
            veil.lift(|| regions.forget(&changes));
            return Err(if undone { error } else { change_stands() }.into());
        }
        publish(&regions, &changes, veil, revision)?;
        self.settle_outbox(outbox, &changes.events);
        Ok(())
    }

    /// Hands records to the sinks.
    pub(crate) fn deliver(&self, records: &[Arc<AuditRecord>]) -> Result<(), Error> {
        records.iter().try_for_each(|record| self.audit.deliver(record)).map_err(|error| {
            tracing::error!(error = %Causes(&error), "an audit sink refused a record");
            Error::KmsInternal("the audit record could not be delivered; the call was not carried out".into())
        })
    }

    fn batch(&self, changes: &Changes) -> Result<Batch, CommitFailure> {
        let mut batch = Batch::new();
        for change in &changes.keys {
            write_key(&mut batch, change)?;
        }
        for change in &changes.aliases {
            let AliasArn { partition, region, account, name } = &change.alias;
            let key = record::alias_key(*partition, *region, *account, name);
            match &change.record {
                Some(record) => batch.put(key, record::encode(record)?, change.expect),
                None => batch.delete(key, change.expect),
            };
        }
        if let Some(NewWrappingKey { store_key, record }) = &changes.wrapping_key {
            batch.put(store_key.clone(), record::encode(record)?, Expect::Absent);
        }
        if let Some(change) = &changes.transfer_key {
            change.write(&mut batch)?;
        }
        for (arn, count) in &changes.key_counts {
            self.write_counter(&mut batch, arn, *count)?;
        }
        Ok(batch)
    }

    /// Checks the quota and changes the counter in the commit of what it counts (QUO-11).
    fn write_counter(&self, batch: &mut Batch, arn: &KeyArn, count: KeyCount) -> Result<(), Error> {
        let key = record::counter_key(arn.partition, arn.region, arn.account);
        let entry = self.store.get(&key).map_err(storage)?;
        let present: CounterRecord =
            entry.as_ref().map(|entry| record::decode(&entry.value)).transpose()?.unwrap_or_default();
        let limit = self.quotas().limit(ResourceQuota::Keys, arn.region, arn.account);
        let count = match count {
            KeyCount::OneMore if !quota::admits(limit, present.count) => return Err(too_many_keys(limit)),
            KeyCount::OneMore => present.count.saturating_add(1),
            KeyCount::OneLess => present.count.saturating_sub(1),
        };
        let record = CounterRecord { format: RECORD_FORMAT, count };
        batch.put(key, record::encode(&record)?, Expect::unchanged(entry.as_ref()));
        Ok(())
    }

    /// How many keys the account has in the Region.
    pub(crate) fn key_count(&self, partition: Partition, region: Region, account: AccountId) -> Result<u64, Error> {
        let key = record::counter_key(partition, region, account);
        match self.store.get(&key).map_err(storage)? {
            Some(entry) => Ok(record::decode::<CounterRecord>(&entry.value)?.count),
            None => Ok(0),
        }
    }
}

/// Makes the changes visible in one step.
fn publish(regions: &Regions, changes: &Changes, veil: Veil<'_>, revision: Revision) -> Result<(), Error> {
    let snapshots: Result<Vec<_>, Error> = changes.keys.iter().map(|change| change.snapshot(revision)).collect();
    let snapshots = match snapshots {
        Ok(snapshots) => snapshots,
        Err(error) => {
            veil.lift(|| regions.forget(changes));
            return Err(error);
        }
    };
    veil.lift(|| {
        // One key after the other becomes visible. None of them may use what another does not know yet (MRK-40).
        if changes.keys.len() > 1 {
            for (change, snapshot) in changes.keys.iter().zip(&snapshots).filter(|(one, _)| !one.materials.is_empty()) {
                if let (Some(previous), Some(next)) = (&change.previous, snapshot) {
                    regions.with(change.arn.region, |region| region.announce_material(previous, next));
                }
            }
        }
        for (change, snapshot) in changes.keys.iter().zip(snapshots) {
            regions.with(change.arn.region, |region| match snapshot {
                Some(snapshot) => region.publish_key(snapshot),
                None => region.remove_key(&change.arn),
            });
            // Afterwards: a call that goes by the former snapshot may just be unwrapping.
            if let (true, Some(previous)) = (change.forget, &change.previous) {
                previous.forget_live_material();
            }
        }
        for change in &changes.aliases {
            let target = change.record.as_ref().and_then(|record| record.target);
            let AliasArn { region, account, name, .. } = &change.alias;
            regions.with(*region, |region| region.publish_alias(*account, name, target));
        }
    });
    Ok(())
}

/// The Regions in which a commit changes something, in ascending order.
struct Regions(SmallVec<[Arc<RegionState>; 1]>);

impl Regions {
    fn touched(engine: &Engine, changes: &Changes) -> Result<Self, Error> {
        let keys = changes.keys.iter().map(|change| change.arn.region);
        let aliases = changes.aliases.iter().map(|change| change.alias.region);
        let tokens = changes.new_tokens().map(|(arn, _)| arn.region);
        let names: BTreeSet<Region> = keys.chain(aliases).chain(tokens).collect();
        names.into_iter().map(|name| engine.region(name)).collect::<Result<_, Error>>().map(Self)
    }

    /// Lets no rotation of a domain key pass that new material is wrapped under.
    fn hold_epochs(&self, changes: &Changes) -> SmallVec<[RwLockReadGuard<'_, ()>; 1]> {
        let has_material =
            |region: &&Arc<RegionState>| changes.new_tokens().any(|(arn, _)| arn.region == region.region);
        let regions = self.0.iter().filter(has_material);
        regions.map(|region| region.domain_epoch.read().unwrap_or_else(PoisonError::into_inner)).collect()
    }

    fn with<R>(&self, name: Region, act: impl FnOnce(&RegionState) -> R) -> Option<R> {
        self.0.iter().find(|region| region.region == name).map(|region| act(region))
    }

    /// Drops the live forms of what `changes` is about; the next reader loads what the store holds.
    fn forget(&self, changes: &Changes) {
        for change in &changes.keys {
            self.with(change.arn.region, |region| region.retract_key(&change.arn));
        }
        for AliasArn { region, account, name, .. } in changes.aliases.iter().map(|change| &change.alias) {
            self.with(*region, |region| region.publish_alias(*account, name, None));
        }
    }
}

/// Drops the live forms of what was to be changed, should a sink panic between commit and publication.
struct Unwinding<'c> {
    regions: &'c Regions,
    changes: &'c Changes,
}

impl Drop for Unwinding<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.regions.forget(self.changes);
        }
    }
}

/// Whether new material is wrapped under the present domain keys. One that was wrapped before a rotation of the domain
/// key would escape it and be lost with the former version.
fn has_current_tokens(regions: &Regions, changes: &Changes) -> Result<bool, Error> {
    for (arn, token) in changes.new_tokens() {
        let present = regions.with(arn.region, |region| region.domain_keys.load().current_version());
        if Some(Ekt::from_bytes(token).map_err(hierarchy)?.domain_key_version()) != present {
            return Ok(false);
        }
    }
    Ok(true)
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
    for material in &change.materials {
        batch.put(record::material_key(arn, material.version), record::encode(material)?, Expect::Absent);
    }
    for material in &change.rewritten {
        batch.put(record::material_key(arn, material.version), record::encode(material)?, Expect::Any);
    }
    if let Some(version) = change.withdrawn {
        batch.delete(record::material_key(arn, version), Expect::Any);
    }
    if let (None, Some(previous)) = (&change.record, &change.previous) {
        for material in previous.materials.iter() {
            batch.delete(record::material_key(arn, material.version), Expect::Any);
        }
        batch.delete(record::usage_key(arn), Expect::Any);
    }
    write_grants(batch, change)?;
    let was_due = change.previous.as_ref().and_then(|previous| previous.next_due);
    let is_due = change.record.as_ref().and_then(|record| record.next_due(arn.region));
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
    let Some(previous) = &change.previous else {
        return change.grants.iter().try_for_each(|grant| write_grant(batch, arn, grant));
    };
    let removed = match (&change.record, &change.grant) {
        (None, _) => previous.grants.all(),
        (Some(_), Some(GrantChange::Remove(id, _))) => previous.grants.get(*id).into_iter().collect(),
        (Some(_), Some(GrantChange::Add(grant))) => return write_grant(batch, arn, grant),
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

fn write_grant(batch: &mut Batch, arn: &KeyArn, grant: &Grant) -> Result<(), Error> {
    batch.put(record::grant_key(arn, grant), record::encode(grant)?, Expect::Absent);
    if let Some(retiring) = &grant.retiring {
        let value = record::encode(&(arn, grant.id))?;
        batch.put(record::retirable_key(arn, grant, retiring.name()), value, Expect::Absent);
    }
    Ok(())
}

/// The sink refused the record and the store refused to take the change back.
fn change_stands() -> Error {
    let message = "the audit record could not be delivered and the change not be taken back: it stands, and its record \
                   is delivered later";
    Error::KmsInternal(message.into())
}

/// The key quota of the account is exhausted (KEY-33).
pub(crate) fn too_many_keys(limit: Option<u64>) -> Error {
    let limit = limit.unwrap_or_default();
    Error::LimitExceeded(
        format!("The account has {limit} KMS keys in this Region, the quota. Delete keys or raise the quota.").into(),
    )
}
