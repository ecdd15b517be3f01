//! The outbox: records and events that the commit of a change writes along, so that a crash between commit and delivery loses
//! none (AUD-06, AUD-46).

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError, TryLockError};

use keystead_store::{Batch, Expect, Key};

use crate::Error;
use crate::audit::AuditRecord;
use crate::engine::{Engine, internal, storage};
use crate::events::{EventKind, LifecycleEvent};
use crate::ledger::Veil;
use crate::record;
use crate::sync::MutexGuard;

impl Engine {
    /// What must survive a crash between commit and delivery.
    pub(crate) fn outbox(
        &self,
        records: &[Arc<AuditRecord>],
        events: &[LifecycleEvent],
    ) -> Result<Vec<(Key, Vec<u8>)>, Error> {
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
    pub(crate) fn clear_delivered(&self, batch: &mut Batch) -> Cleared<'_> {
        let mut delivered = self.lock_delivered();
        let keys = std::mem::take(&mut *delivered);
        for key in &keys {
            batch.delete(key.clone(), Expect::Any);
        }
        // Whoever redelivers must find an entry here or among the delivered ones, but not in the store alone.
        let veil = self.store.veil_absent(keys.iter().cloned());
        Cleared { keys, _veil: veil }
    }

    pub(crate) fn lock_delivered(&self) -> MutexGuard<'_, Vec<Key>> {
        self.delivered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Publishes the events, and remembers what of the outbox was taken. The records in it are delivered already.
    pub(crate) fn settle_outbox(&self, outbox: Vec<(Key, Vec<u8>)>, events: &[LifecycleEvent]) {
        for event in events {
            // Deletions stand in the outbox until they are taken; the others are best effort (STA-96).
            if let (Some(sink), true) = (&self.events, event.kind != EventKind::Deletion)
                && sink.publish(event).is_err()
            {
                self.event_failures.fetch_add(1, Ordering::Relaxed);
            }
        }
        for (key, value) in outbox {
            if key.as_ref().last() == Some(&OUTBOX_RECORD) || self.publish_event(&value) {
                self.lock_delivered().push(key);
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
        // Another thread that is at it, or a sink that calls back, is not waited for.
        let _one_at_a_time = match self.redelivery.try_lock() {
            Ok(guard) => guard,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return Ok(()),
        };
        let range = keystead_store::Range::prefix(record::OUTBOX_PREFIX);
        let (entries, mut taken) = {
            let mut delivered = self.lock_delivered();
            let entries = self.store.scan_each(&range, usize::MAX).map_err(storage)?;
            (entries, std::mem::take(&mut *delivered).into_iter().collect::<BTreeSet<Key>>())
        };
        for (key, entry) in entries {
            // An altered one stays for whoever investigates.
            let Ok(entry) = entry else { continue };
            let is_taken = taken.contains(&key)
                || match key.as_ref().last() {
                    Some(&OUTBOX_RECORD) => serde_json::from_slice::<AuditRecord>(&entry.value)
                        .is_ok_and(|record| self.audit.deliver(&Arc::new(record)).is_ok()),
                    _ => self.publish_event(&entry.value),
                };
            if is_taken {
                taken.insert(key);
            }
        }
        if taken.is_empty() {
            return Ok(());
        }
        let mut batch = Batch::new();
        for key in &taken {
            batch.delete(key.clone(), Expect::Any);
        }
        self.store.commit(batch).map(drop).map_err(|error| {
            self.lock_delivered().extend(taken);
            internal("storage", error)
        })
    }
}

/// Outbox entries that a commit removes, because they were delivered.
pub(crate) struct Cleared<'l> {
    pub(crate) keys: Vec<Key>,
    _veil: Veil<'l>,
}

const OUTBOX_RECORD: u8 = b'r';
const OUTBOX_EVENT: u8 = b'e';
