//! Changes that concern a whole set of related keys: each is one commit over all of them (chapter 31, section 8).

use std::sync::Arc;

use keystead_types::{KeyArn, Timestamp};

use crate::Error;
use crate::audit::{AuditRecord, Fields, ServiceEvent};
use crate::commit::{Changes, KeyChange};
use crate::engine::{Engine, damaged};
use crate::record::{KeyRecord, MaterialRecord};
use crate::snapshot::{KeySnapshot, Material};

impl Engine {
    /// Another record for a key, whose shared properties all related keys take over. That they did is recorded.
    pub(crate) fn shared_change(
        &self,
        key: Arc<KeySnapshot>,
        record: KeyRecord,
        now: Timestamp,
    ) -> Result<Changes, Error> {
        if record.shares_all(&key.record) {
            return Ok(Changes::of(KeyChange::update(key, record)));
        }
        let others = self.spread(&key, &record)?;
        let service_records =
            if others.is_empty() { Vec::new() } else { self.synchronization(&key.arn, &record, now)? };
        let keys = std::iter::once(KeyChange::update(key, record)).chain(others).collect();
        Ok(Changes { keys, service_records, ..Changes::default() })
    }

    /// Another record for a key, whose deletion was scheduled or cancelled. A primary that waits for its replicas must
    /// know their dates; nothing that is shared changes.
    pub(crate) fn deletion_date_change(
        &self,
        key: Arc<KeySnapshot>,
        mut record: KeyRecord,
        now: Timestamp,
    ) -> Result<Changes, Error> {
        let date = record.scheduled_deletion();
        let mut completed = false;
        if let Some(related) = &mut record.related {
            completed = related.complete_handover(now);
            related.set_deletion(key.arn.region, date);
        }
        if completed {
            return self.shared_change(key, record, now);
        }
        let others = if record.shares_all(&key.record) { Vec::new() } else { self.spread(&key, &record)? };
        let keys = std::iter::once(KeyChange::update(key, record)).chain(others).collect();
        Ok(Changes { keys, ..Changes::default() })
    }

    /// A key with imported material that is new to it, and to all related keys: they learn what to import (MRK-64).
    pub(crate) fn new_imported_material(
        &self,
        change: KeyChange,
        material: MaterialRecord,
        now: Timestamp,
    ) -> Result<Changes, Error> {
        let (mut others, mut service_records) = (Vec::new(), Vec::new());
        if let Some(key) = &change.previous {
            for other in self.related_keys(key)? {
                let materials = vec![material.clone().awaiting_import()];
                let record = other.record.clone();
                others.push(KeyChange { materials, ..KeyChange::update(other, record) });
            }
            service_records = self.synchronization(&key.arn, &key.record, now)?;
        }
        let change = KeyChange { materials: vec![material], ..change };
        Ok(Changes { keys: std::iter::once(change).chain(others).collect(), service_records, ..Changes::default() })
    }

    /// A key without the bytes of these imported materials. Related keys keep their own (MRK-65); but what is pending
    /// rotation goes from the whole set when it goes from the primary (chapter 31, section 15). Whoever calls knows what
    /// the key was when the bytes went.
    pub(crate) fn without_materials(
        &self,
        key: Arc<KeySnapshot>,
        gone: &[&Arc<Material>],
        is_replica: bool,
        now: Timestamp,
    ) -> Result<Changes, Error> {
        let gone: Vec<u32> = gone.iter().map(|material| material.version).collect();
        let withdrawn = gone.iter().copied().find(|version| *version > key.record.current && !is_replica);
        let (mut others, mut service_records) = (Vec::new(), Vec::new());
        if withdrawn.is_some() {
            let related = self.related_keys(&key)?;
            others.extend(related.into_iter().map(|other| KeyChange::without_materials(other, &[], withdrawn)));
            service_records = self.synchronization(&key.arn, &key.record, now)?;
        }
        let change = KeyChange::without_materials(key, &gone, withdrawn);
        Ok(Changes { keys: std::iter::once(change).chain(others).collect(), service_records, ..Changes::default() })
    }

    /// Whether every related key has the material that is pending rotation, so that none encrypts what another cannot
    /// decrypt (MRK-40).
    pub(crate) fn is_everywhere(&self, key: &KeySnapshot, pending: &Material, now: Timestamp) -> Result<bool, Error> {
        let Some(related) = &key.record.related else { return Ok(pending.is_present(now)) };
        for name in std::iter::once(related.primary_at(now)).chain(related.replicas_at(now)) {
            // A replica that is gone since `key` was read holds up nobody.
            let Some(other) = self.region(name)?.key(&key.arn_in(name))? else { continue };
            if !other.material(pending.version).is_some_and(|material| material.is_present(now)) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// What the new record of a key changes in all related ones. Whoever calls has the set locked.
    pub(crate) fn spread(&self, key: &KeySnapshot, record: &KeyRecord) -> Result<Vec<KeyChange>, Error> {
        let related = self.related_keys(key)?;
        let changes = related.into_iter().map(|other| {
            let mut own = other.record.clone();
            own.share(record);
            KeyChange::update(other, own)
        });
        Ok(changes.collect())
    }

    /// The keys related to a key, without itself.
    pub(crate) fn related_keys(&self, key: &KeySnapshot) -> Result<Vec<Arc<KeySnapshot>>, Error> {
        let Some(related) = &key.record.related else { return Ok(Vec::new()) };
        let others = related.regions().filter(|region| *region != key.arn.region);
        others
            .map(|name| {
                let other = self.region(name)?.key(&key.arn_in(name))?;
                other.map(|other| Arc::clone(&other)).ok_or_else(|| damaged("set of related keys"))
            })
            .collect()
    }

    /// The record of a change of shared properties, in the Region of the primary (MRK-75). A primary without replicas
    /// has nobody to share with.
    pub(crate) fn synchronization(
        &self,
        key: &KeyArn,
        record: &KeyRecord,
        now: Timestamp,
    ) -> Result<Vec<AuditRecord>, Error> {
        let Some(related) = &record.related else { return Ok(Vec::new()) };
        if related.replicas_at(now).next().is_none() {
            return Ok(Vec::new());
        }
        let primary = KeyArn { region: related.primary_at(now), ..*key };
        let response = Fields::new().with("keyId", primary.to_string());
        let event = ServiceEvent { name: "SynchronizeMultiRegionKey", details: None, response: Some(response) };
        let mut records = self.service_record(&primary, now, event)?;
        for record in &mut records {
            record.event_type = "AwsApiCall".into();
        }
        Ok(records)
    }

    /// The change that ends the phases that are over; `None` if none is.
    pub(crate) fn phase_end(&self, key: &Arc<KeySnapshot>, now: Timestamp) -> Result<Option<Changes>, Error> {
        let mut record = key.record.clone();
        if !record.related.as_mut().is_some_and(|related| related.complete_phases(now)) {
            return Ok(None);
        }
        self.shared_change(Arc::clone(key), record, now).map(Some)
    }

    /// When a key that waits for its replicas will be deleted, if all of them have a date (MRK-57).
    pub(crate) fn expected_deletion(&self, arn: &KeyArn) -> Result<Option<Timestamp>, Error> {
        let now = self.now();
        let key = self.region(arn.region)?.key(arn)?.filter(|key| !key.is_dead(now));
        let key = key.ok_or_else(|| crate::resolve::key_not_found(arn))?;
        Ok(key.record.expected_deletion(now))
    }
}
