//! What time does: overdue rotations, expiries and deletions, lazily when a key is touched and eagerly by the sweep (STA-02).

use std::collections::HashSet;
use std::sync::Arc;

use keystead_hierarchy::MaterialId;
use keystead_hierarchy::spec::KeyManager;
use keystead_store::{Expect, Range};
use keystead_types::{AccountId, AliasArn, KeyArn, Timestamp};

use crate::audit::{AuditRecord, Fields, ServiceEvent};
use crate::commit::{AliasChange, Changes, CommitFailure, KeyChange, KeyCount};
use crate::domain::Moved;
use crate::engine::{Engine, damaged, storage};
use crate::events::{EventKind, LifecycleEvent};
use crate::import::note_materials;
use crate::record::{self, KeyRecord, MaterialRecord, Rotation};
use crate::region::{LockSet, RegionState};
use crate::snapshot::{Held, KeySnapshot, Material};
use crate::{Error, material};

/// What a sweep did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sweep {
    /// Keys rotated.
    pub rotated: usize,
    /// Keys of which imported material has expired.
    pub expired: usize,
    /// Keys deleted.
    pub deleted: usize,
    /// Multi-Region changes completed: replicas that have become usable, primaries that have changed.
    pub synchronized: usize,
    /// Key materials wrapped anew, because the domain key of their Region rotates.
    pub rewrapped: usize,
    /// Former versions of domain keys destroyed.
    pub retired: usize,
    /// Keys that should have been brought up to date but could not be, materials that could not be wrapped anew, and
    /// Regions that could not be opened; a later sweep tries again.
    pub failed: usize,
}

/// What bringing a key up to date did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Settled {
    Nothing,
    Rotated,
    Expired,
    Deleted,
    /// A phase of a multi-Region change is over.
    Synchronized,
}

impl Engine {
    /// Brings every overdue key up to date, goes on with rotations of domain keys, saves the last uses of keys, looks at
    /// the gauges and offers undelivered records and events again.
    pub(crate) fn sweep(&self) -> Result<Sweep, Error> {
        let now = self.now();
        let mut sweep = Sweep::default();
        let mut regions = Vec::new();
        let mut domains = Vec::new();
        for (region, versions) in self.stored_domains()? {
            // A Region that cannot be opened does not hold up the others.
            match self.region(region) {
                Ok(region) => {
                    let expired = [
                        self.delete_expired_wrapping_keys(&region, now),
                        self.delete_expired_transfer_keys(&region, now),
                    ];
                    sweep.failed += expired.iter().filter(|deleted| deleted.is_err()).count();
                    domains.push((Arc::clone(&region), versions));
                    regions.push(region);
                }
                Err(_) => sweep.failed += 1,
            }
        }
        // What is brought up to date may make another key due: the deletion of the last replica its primary.
        let mut done = HashSet::new();
        loop {
            let mut due = Vec::new();
            for region in &regions {
                due.extend(self.due(region, now)?.into_iter().map(|(at, arn)| (at, arn, region)));
            }
            due.retain(|(_, arn, _)| !done.contains(arn));
            if due.is_empty() {
                break;
            }
            // Related keys lie in several Regions; what was due first comes first.
            due.sort_by_key(|(at, ..)| *at);
            for (_, arn, region) in due {
                match self.settle(region, &arn, now) {
                    Ok(Settled::Rotated) => sweep.rotated += 1,
                    Ok(Settled::Expired) => sweep.expired += 1,
                    Ok(Settled::Deleted) => sweep.deleted += 1,
                    Ok(Settled::Synchronized) => sweep.synchronized += 1,
                    Ok(Settled::Nothing) => {
                        done.insert(arn);
                    }
                    Err(_) => {
                        sweep.failed += 1;
                        done.insert(arn);
                    }
                }
                self.evict_surplus(now);
            }
        }
        for (region, versions) in domains {
            let mut moved = Moved::default();
            if let Err(error) = self.sweep_domain_key(&region, versions, &mut moved) {
                tracing::warn!(region = %region.region, %error, "the rotation of the domain key could not go on");
                sweep.failed += 1;
            }
            sweep.rewrapped += moved.moved;
            sweep.retired += moved.retired;
            sweep.failed += moved.skipped;
        }
        self.sample_gauges(now)?;
        self.save_all_uses()?;
        self.evict_all_surplus(now);
        self.limiter.evict(&self.quotas(), self.clock.monotonic());
        self.redeliver()?;
        Ok(sweep)
    }

    /// Commits what has fallen due on one key, exactly once.
    pub(crate) fn settle(&self, region: &RegionState, arn: &KeyArn, now: Timestamp) -> Result<Settled, Error> {
        let mut idle = false;
        loop {
            match self.first_expired_with(region, arn, now)? {
                Some(first) if first != *arn => {
                    // Nothing to do once may mean that another thread did it; twice, that nobody can.
                    let settled = self.settle(self.region(first.region)?.as_ref(), &first, now)?;
                    if idle && settled == Settled::Nothing {
                        return Err(damaged("set of related keys"));
                    }
                    idle = settled == Settled::Nothing;
                    continue;
                }
                Some(_) => {}
                None => self.bury_replicas_before(region, arn, now)?,
            }
            let Some(key) = region.key(arn)? else { return Ok(Settled::Nothing) };
            let set = lock_set(region, &key);
            let held = region.locks.lock(set);
            let Some(key) = region.key(arn)?.map(|key| Arc::clone(&key)) else { return Ok(Settled::Nothing) };
            if !held.cover(&lock_set(region, &key)) {
                continue;
            }
            let (changes, settled) = if key.expires_first(now) {
                (self.expiration(key, now)?, Settled::Expired)
            } else if let Some(changes) = self.phase_end(&key, now)? {
                (changes, Settled::Synchronized)
            } else if key.is_dead(now) {
                if dead_before(&key, now).is_some() {
                    continue;
                }
                (self.deletion(key, now)?, Settled::Deleted)
            } else if key.has_expired_material(now) {
                (self.expiration(key, now)?, Settled::Expired)
            } else if key.record.rotation_due(arn.region, now).is_some_and(|at| at <= now) {
                (self.automatic_rotation(region, key, now)?, Settled::Rotated)
            } else {
                return Ok(Settled::Nothing);
            };
            match self.commit(changes, Vec::new()) {
                Ok(()) => return Ok(settled),
                Err(CommitFailure::Conflict) => continue,
                Err(CommitFailure::Failed(error)) => return Err(error),
            }
        }
    }

    /// The related key whose expired material goes before anything is done to this one; possibly itself.
    fn first_expired_with(&self, region: &RegionState, arn: &KeyArn, now: Timestamp) -> Result<Option<KeyArn>, Error> {
        region.key(arn)?.map_or(Ok(None), |key| self.first_expired(&key, now))
    }

    /// Removes the replicas that must go before this key: those whose waiting periods ended earlier (MRK-58).
    fn bury_replicas_before(&self, region: &RegionState, arn: &KeyArn, now: Timestamp) -> Result<(), Error> {
        let first =
            || Ok::<_, Error>(region.key(arn)?.filter(|key| key.is_dead(now)).and_then(|key| dead_before(&key, now)));
        let mut previous = None;
        while let Some(replica) = first()? {
            if previous == Some(replica) {
                return Err(damaged("set of related keys"));
            }
            self.settle(self.region(replica.region)?.as_ref(), &replica, now)?;
            previous = Some(replica);
        }
        Ok(())
    }

    /// The change that makes new material current (ROT-59), in all related keys at once (ROT-47), with records and
    /// events.
    pub(crate) fn rotation(
        &self,
        region: &RegionState,
        key: Arc<KeySnapshot>,
        mut record: KeyRecord,
        now: Timestamp,
        on_demand: bool,
    ) -> Result<Changes, Error> {
        let version = u32::try_from(key.materials.len() + 1).map_err(|_| damaged("material list"))?;
        let rotation = Some(Rotation { at: now, on_demand });
        let secret = material::generate(self, &record)?;
        let material = material::wrap(self, region, &key.arn, &record, version, rotation, &secret)?;
        record.current = version;
        let id = material.id;

        let synchronized = self.synchronization(&key.arn, &record, now)?;
        let mut others = Vec::new();
        for other in self.related_keys(&key)? {
            let region = self.region(other.arn.region)?;
            let material = material::wrap(self, &region, &other.arn, &record, version, rotation, &secret)?;
            let mut own = other.record.clone();
            own.share(&record);
            others.push(KeyChange { materials: vec![material], ..KeyChange::update(other, own) });
        }
        let change = KeyChange { materials: vec![material], ..KeyChange::update(Arc::clone(&key), record) };
        let changes = Changes { keys: std::iter::once(change).chain(others).collect(), ..Changes::default() };
        let mut changes = self.rotated(&key, id, changes, now, on_demand)?;
        changes.service_records.extend(synchronized);
        Ok(changes)
    }

    /// The change that makes imported material current that was pending, in all related keys at once (chapter 32,
    /// section 13).
    pub(crate) fn promotion(
        &self,
        key: Arc<KeySnapshot>,
        pending: &Material,
        mut record: KeyRecord,
        now: Timestamp,
    ) -> Result<Changes, Error> {
        record.current = pending.version;
        let promoted = |key: Arc<KeySnapshot>, mut record: KeyRecord| {
            let pending = key.material(pending.version).ok_or_else(|| damaged("list of key materials"))?;
            let rotation = Some(Rotation { at: now, on_demand: true });
            let material = MaterialRecord { rotation, ..pending.to_record() };
            note_materials(&mut record, key.materials.iter().map(|material| material.noted()));
            Ok::<_, Error>(KeyChange { rewritten: vec![material], ..KeyChange::update(key, record) })
        };
        let synchronized = self.synchronization(&key.arn, &record, now)?;
        let mut others = Vec::new();
        for other in self.related_keys(&key)? {
            let mut own = other.record.clone();
            own.share(&record);
            others.push(promoted(other, own)?);
        }
        let change = promoted(Arc::clone(&key), record)?;
        let changes = Changes { keys: std::iter::once(change).chain(others).collect(), ..Changes::default() };
        let mut changes = self.rotated(&key, pending.id, changes, now, true)?;
        changes.service_records.extend(synchronized);
        Ok(changes)
    }

    /// Adds record and event of a rotation for each key that it changes. A replica whose waiting period is over is gone,
    /// although it may still be in the store (RUL-15).
    fn rotated(
        &self,
        key: &KeySnapshot,
        now_current: MaterialId,
        mut changes: Changes,
        now: Timestamp,
        on_demand: bool,
    ) -> Result<Changes, Error> {
        let rotation_type = if on_demand { "ON_DEMAND" } else { "AUTOMATIC" };
        let mut details = Fields::new()
            .with("rotationType", rotation_type)
            .with("keyId", key.arn.key_id.to_string())
            .with("keyOrigin", key.record.origin.as_str());
        if let Some(previous) = key.current_material() {
            details.push("previousKeyMaterialId", previous.id.to_string());
        }
        details.push("currentKeyMaterialId", now_current.to_string());
        let is_gone = |change: &&KeyChange| change.previous.as_ref().is_some_and(|key| key.is_dead(now));
        for change in changes.keys.iter().filter(|change| !is_gone(change)) {
            let event = ServiceEvent { name: "RotateKey", details: Some(details.clone()), response: None };
            changes.service_records.extend(self.service_record(&change.arn, now, event)?);
            changes.events.push(self.event(EventKind::Rotation, &change.arn, now)?);
        }
        Ok(changes)
    }

    /// The change that deletes expired material (IMP-49), with a record and an event for each.
    fn expiration(&self, key: Arc<KeySnapshot>, now: Timestamp) -> Result<Changes, Error> {
        // One instant after the other, where related keys are concerned.
        let end = key.record.expiry_due().filter(|_| key.has_shared_pending()).unwrap_or(now);
        let expired: Vec<_> = key.materials.iter().filter(|material| material.is_expired(end)).collect();
        let mut changes = self.expired(&key, end, now)?;
        let is_replica = key.is_replica(end);
        let removal = self.without_materials(Arc::clone(&key), &expired, is_replica, now)?;
        changes.service_records.extend(removal.service_records);
        Ok(Changes { keys: removal.keys, ..changes })
    }

    /// Records and events of materials that have expired by `end`, which is noticed at `now`.
    fn expired(&self, key: &KeySnapshot, end: Timestamp, now: Timestamp) -> Result<Changes, Error> {
        let mut changes = Changes::default();
        for _ in key.materials.iter().filter(|material| material.is_expired(end)) {
            let details = Fields::new().with("keyId", key.arn.key_id.to_string());
            let event = ServiceEvent { name: "DeleteExpiredKeyMaterial", details: Some(details), response: None };
            changes.service_records.append(&mut self.service_record(&key.arn, now, event)?);
            changes.events.push(self.event(EventKind::MaterialExpiration, &key.arn, now)?);
        }
        Ok(changes)
    }

    fn automatic_rotation(
        &self,
        region: &RegionState,
        key: Arc<KeySnapshot>,
        now: Timestamp,
    ) -> Result<Changes, Error> {
        let mut record = key.record.clone();
        record.rotation = record.rotation.map(|schedule| schedule.after_automatic_rotation(now));
        self.rotation(region, key, record, now, false)
    }

    /// The change that removes a key and all that belongs to it (STA-69), with its record and event. Related keys lose
    /// a replica; if it was the last one, the waiting period of the primary has begun at its date (MRK-54, MRK-58).
    fn deletion(&self, key: Arc<KeySnapshot>, now: Timestamp) -> Result<Changes, Error> {
        let arn = key.arn;
        let mut shared = key.record.clone();
        if let Some(related) = &mut shared.related {
            related.remove(arn.region);
        }
        let mut others = self.spread(&key, &shared)?;
        let is_last = shared.related.as_ref().is_some_and(|related| related.regions().count() == 1);
        if let Some(at) = key.record.deletion_due(now).filter(|_| is_last) {
            for record in others.iter_mut().filter_map(|change| change.record.as_mut()) {
                record.facts.deletion = record.facts.deletion.after_last_replica(at);
            }
        }
        let response = Fields::new().with("keyId", arn.to_string());
        let event = ServiceEvent { name: "DeleteKey", details: None, response: Some(response) };
        let KeyArn { partition, region, account, .. } = arn;
        let aliases = key.record.aliases.iter().map(|name| AliasChange {
            alias: AliasArn { partition, region, account, name: name.clone() },
            record: None,
            expect: Expect::Any,
        });
        let aliases = aliases.collect();
        // A sweep would have come in time for what expired during the waiting period, and for nothing after it.
        let end = key.record.deletion_due(now).unwrap_or(now);
        let Changes { mut service_records, mut events, .. } = self.expired(&key, end, now)?;
        service_records.append(&mut self.service_record(&arn, now, event)?);
        events.push(self.event(EventKind::Deletion, &arn, now)?);
        let counted = key.record.manager == KeyManager::Customer;
        if !others.is_empty() {
            service_records.extend(self.synchronization(&arn, &shared, now)?);
        }
        Ok(Changes {
            aliases,
            key_counts: counted.then_some((arn, KeyCount::OneLess)).into_iter().collect(),
            service_records,
            events,
            keys: std::iter::once(KeyChange::delete(key)).chain(others).collect(),
            ..Changes::default()
        })
    }

    /// Removes the keys of one account whose waiting period is over. One that cannot be removed does not hold up the
    /// others.
    pub(crate) fn remove_dead_keys(
        &self,
        region: &RegionState,
        account: AccountId,
        now: Timestamp,
    ) -> Result<(), Error> {
        for (_, arn) in self.due(region, now)?.into_iter().filter(|(_, arn)| arn.account == account) {
            if region.key(&arn).is_ok_and(|key| key.is_some_and(|key| key.is_dead(now))) {
                let _ = self.settle(region, &arn, now);
            }
        }
        Ok(())
    }

    /// A key of the account whose waiting period is over.
    pub(crate) fn first_dead_key(
        &self,
        region: &RegionState,
        account: AccountId,
        now: Timestamp,
    ) -> Result<Option<Held>, Error> {
        for (_, arn) in self.due(region, now)?.into_iter().filter(|(_, arn)| arn.account == account) {
            if let Some(dead) = region.key(&arn)?.filter(|key| key.is_dead(now)) {
                return Ok(Some(dead));
            }
        }
        Ok(None)
    }

    /// The keys that need attention by `now`, the longest overdue first.
    pub(crate) fn due(&self, region: &RegionState, now: Timestamp) -> Result<Vec<(Timestamp, KeyArn)>, Error> {
        let prefix = record::due_prefix(region.partition, region.region);
        let mut range = Range::prefix(&prefix);
        let mut due = Vec::new();
        loop {
            let page = self.store.scan_each(&range, SCAN_PAGE).map_err(storage)?;
            let complete = page.len() < SCAN_PAGE;
            for (key, _) in &page {
                match record::parse_due_key(region.partition, region.region, key.as_ref()) {
                    Some((at, arn)) if at <= now => due.push((at, arn)),
                    Some(_) => return Ok(due),
                    None => {}
                }
            }
            match page.last() {
                Some((last, _)) if !complete => range = Range::prefix(&prefix).after(last),
                _ => return Ok(due),
            }
        }
    }

    fn event(&self, kind: EventKind, arn: &KeyArn, now: Timestamp) -> Result<LifecycleEvent, Error> {
        let id = self.new_uuid()?;
        Ok(LifecycleEvent { id, kind, account: arn.account, time: now, region: arn.region, key_arn: *arn })
    }

    /// The record of an internal action, if anybody listens.
    pub(crate) fn service_record(
        &self,
        arn: &KeyArn,
        now: Timestamp,
        event: ServiceEvent,
    ) -> Result<Vec<AuditRecord>, Error> {
        if self.audit.is_silent() {
            return Ok(Vec::new());
        }
        Ok(vec![event.into_record(arn, now, self.new_uuid()?)])
    }
}

/// The replica that must be deleted before `key` is.
fn dead_before(key: &KeySnapshot, now: Timestamp) -> Option<KeyArn> {
    let first = key.record.related.as_ref()?.first_dead_replica(now)?;
    (first != key.arn.region).then(|| key.arn_in(first))
}

/// The locks of a key and of the aliases that point to it.
fn lock_set(region: &RegionState, key: &KeySnapshot) -> LockSet {
    let mut set = LockSet::default();
    region.locks.add_key(&mut set, &key.arn);
    for name in &key.record.aliases {
        region.locks.add_alias(&mut set, key.arn.account, name);
    }
    set
}

/// Index entries read at a time.
const SCAN_PAGE: usize = 1000;
