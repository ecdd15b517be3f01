//! The store as callers may see it: a commit shows when its record is delivered and its live form is published.
//!
//! A call commits, delivers the audit record, then makes the change visible (AUD-06). In between the store holds what
//! nobody may see yet, and what is perhaps taken back. Whoever reads the store reads it through here, where the records
//! of such commits look as they did before.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

use keystead_store::{
    Batch, CommitError, Entry, Expect, InvalidBatch, Key, Range, Revision, Snapshot, Store, StoreError,
};

use crate::records::{Found, RecordCheck, RecordError, RecordSeal};
use crate::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

/// A store, less what is not visible yet.
#[derive(Debug)]
pub(crate) struct Ledger {
    store: Arc<dyn Store>,
    seal: RecordSeal,
    /// What readers get for the records of commits under way.
    before: RwLock<Before>,
}

/// Records as they were; `None` for those that did not exist.
type Before = BTreeMap<Key, Option<Entry>>;

impl Ledger {
    pub(crate) fn new(store: Arc<dyn Store>, seal: RecordSeal) -> Self {
        Self { store, seal, before: RwLock::default() }
    }

    pub(crate) fn get(&self, key: &[u8]) -> Result<Option<Entry>, RecordError> {
        self.view().get(key)
    }

    pub(crate) fn scan(&self, range: &Range, limit: usize) -> Result<Vec<(Key, Entry)>, RecordError> {
        self.view().scan(range, limit)
    }

    /// The same for whom one altered record is no reason to leave the others alone.
    pub(crate) fn scan_each(&self, range: &Range, limit: usize) -> Result<Vec<Found>, RecordError> {
        self.view().scan_each(range, limit)
    }

    /// Looks at every record in the store.
    pub(crate) fn check(&self) -> Result<RecordCheck, RecordError> {
        self.seal.check(self.store.as_ref())
    }

    /// One consistent view: nothing becomes visible as long as it is held. Not to be taken twice by one thread.
    pub(crate) fn view(&self) -> View<'_> {
        View { ledger: self, before: self.before.read().unwrap_or_else(PoisonError::into_inner) }
    }

    /// The store of this moment as it is, veiled records in their new form: what a crash now would leave.
    pub(crate) fn snapshot(&self) -> Result<Box<dyn Snapshot + '_>, StoreError> {
        self.store.snapshot()
    }

    /// Commits at once.
    pub(crate) fn commit(&self, batch: Batch) -> Result<Revision, CommitError> {
        self.seal.commit(self.store.as_ref(), batch)
    }

    /// Keeps the records of `batch` as they are for all readers, until the veil is lifted. The writer has them locked.
    pub(crate) fn veil(&self, batch: &Batch) -> Result<Veil<'_>, LedgerError> {
        let operations = batch.clone().into_operations()?;
        let mut entries = Vec::with_capacity(operations.len());
        for operation in operations {
            let entry = self.stored(&operation.key)?;
            entries.push((operation.key, entry));
        }
        Ok(self.veil_as(entries))
    }

    /// Hides records altogether.
    pub(crate) fn veil_absent(&self, keys: impl IntoIterator<Item = Key>) -> Veil<'_> {
        self.veil_as(keys.into_iter().map(|key| (key, None)).collect())
    }

    /// Acts while nobody holds a view. It must not read the ledger.
    pub(crate) fn while_nobody_reads<T>(&self, act: impl FnOnce() -> T) -> T {
        let _before = self.before();
        act()
    }

    fn veil_as(&self, entries: Vec<(Key, Option<Entry>)>) -> Veil<'_> {
        let mut before = self.before();
        for (key, entry) in &entries {
            before.insert(key.clone(), entry.clone());
        }
        Veil { ledger: self, entries }
    }

    /// The entry in the store, whatever readers see.
    fn stored(&self, key: &[u8]) -> Result<Option<Entry>, RecordError> {
        self.seal.get(self.store.as_ref(), key)
    }

    fn before(&self) -> RwLockWriteGuard<'_, Before> {
        self.before.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why a veil could not be drawn.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LedgerError {
    #[error(transparent)]
    Batch(#[from] InvalidBatch),
    #[error(transparent)]
    Record(#[from] RecordError),
}

/// The ledger while nothing in it changes.
pub(crate) struct View<'l> {
    ledger: &'l Ledger,
    before: RwLockReadGuard<'l, Before>,
}

impl View<'_> {
    pub(crate) fn get(&self, key: &[u8]) -> Result<Option<Entry>, RecordError> {
        match self.before.get(key) {
            Some(entry) => Ok(entry.clone()),
            None => self.ledger.stored(key),
        }
    }

    pub(crate) fn scan(&self, range: &Range, limit: usize) -> Result<Vec<(Key, Entry)>, RecordError> {
        self.scan_each(range, limit)?.into_iter().map(|(key, entry)| Ok((key, entry?))).collect()
    }

    /// The same for whom one altered record is no reason to leave the others alone.
    pub(crate) fn scan_each(&self, range: &Range, limit: usize) -> Result<Vec<Found>, RecordError> {
        let Ledger { store, seal, .. } = self.ledger;
        let mut veiled = self.before.range::<[u8], _>(range.bounds()).peekable();
        if range.is_empty() || veiled.peek().is_none() {
            return Ok(seal.scan(store.as_ref(), range, limit)?);
        }
        let veiled: Vec<_> = veiled.collect();
        let found = seal.scan(store.as_ref(), range, limit.saturating_add(veiled.len()))?;
        let mut found: BTreeMap<_, _> = found.into_iter().map(|(key, entry)| (key, Some(entry))).collect();
        found.extend(veiled.into_iter().map(|(key, entry)| (key.clone(), entry.clone().map(Ok))));
        Ok(found.into_iter().filter_map(|(key, entry)| Some((key, entry?))).take(limit).collect())
    }
}

/// Records that readers still see as they were. Lifted when dropped.
pub(crate) struct Veil<'l> {
    ledger: &'l Ledger,
    entries: Vec<(Key, Option<Entry>)>,
}

impl Veil<'_> {
    /// Makes the records visible in one step with what `publish` does. It must not read the ledger.
    pub(crate) fn lift<T>(mut self, publish: impl FnOnce() -> T) -> T {
        let mut before = self.ledger.before();
        let published = publish();
        for (key, _) in std::mem::take(&mut self.entries) {
            before.remove(&key);
        }
        published
    }

    /// Takes the commit of `revision` back. Whether that worked; if not, the records may be in either state.
    pub(crate) fn undo(veils: &[&Self], revision: Revision) -> bool {
        let Some(ledger) = veils.first().map(|veil| veil.ledger) else { return true };
        let mut batch = Batch::new();
        for (key, entry) in veils.iter().flat_map(|veil| &veil.entries) {
            let expect = match ledger.store.get(key.as_ref()) {
                Ok(Some(present)) if present.revision == revision => Expect::Revision(revision),
                Ok(None) => Expect::Absent,
                Ok(Some(_)) | Err(_) => return false,
            };
            match entry {
                Some(entry) => batch.put(key.clone(), Arc::clone(&entry.value), expect),
                None => batch.delete(key.clone(), expect),
            };
        }
        ledger.commit(batch).is_ok()
    }
}

impl Drop for Veil<'_> {
    fn drop(&mut self) {
        if !self.entries.is_empty() {
            let mut before = self.ledger.before();
            for (key, _) in &self.entries {
                before.remove(key);
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use keystead_crypto::{DefaultProvider, MacAlgorithm, Provider};
    use keystead_memory::MemoryStore;

    use super::*;

    fn seal() -> RecordSeal {
        RecordSeal::new(DefaultProvider.mac(MacAlgorithm::HmacSha256, &[0x42; 32]).unwrap())
    }

    fn put(entries: &[(&str, &str)]) -> Batch {
        let mut batch = Batch::new();
        for (key, value) in entries {
            batch.put(*key, value.as_bytes(), Expect::Any);
        }
        batch
    }

    fn seen(ledger: &Ledger, limit: usize) -> String {
        let found = ledger.scan(&Range::all(), limit).unwrap().into_iter();
        let texts = found.map(|(key, entry)| [&*key, &*entry.value].map(String::from_utf8_lossy).concat());
        texts.collect::<Vec<_>>().join(" ")
    }

    /// Spec: AUD-06
    #[test]
    fn a_veil_hides_what_is_committed_under_it() {
        let ledger = Ledger::new(Arc::new(MemoryStore::new()), seal());
        ledger.commit(put(&[("a", "1"), ("c", "1"), ("e", "1")])).unwrap();
        let mut batch = put(&[("a", "2"), ("b", "2"), ("d", "2")]);
        batch.delete("c", Expect::Any);
        let veil = ledger.veil(&batch).unwrap();
        ledger.commit(batch).unwrap();
        for (limit, expected) in [(1, "a1"), (2, "a1 c1"), (3, "a1 c1 e1"), (9, "a1 c1 e1")] {
            assert_eq!(seen(&ledger, limit), expected);
        }
        assert!(ledger.get(b"b").unwrap().is_none());
        assert_eq!(&*ledger.get(b"c").unwrap().unwrap().value, b"1");
        veil.lift(|| ());
        assert_eq!(seen(&ledger, 9), "a2 b2 d2 e1");
    }

    /// Spec: AUD-06
    #[test]
    fn undoing_restores_every_record() {
        let ledger = Ledger::new(Arc::new(MemoryStore::new()), seal());
        ledger.commit(put(&[("a", "1"), ("c", "1")])).unwrap();
        let mut batch = put(&[("a", "2"), ("b", "2")]);
        batch.delete("c", Expect::Any);
        let veil = ledger.veil(&batch).unwrap();
        let revision = ledger.commit(batch).unwrap();
        assert!(Veil::undo(&[&veil], revision));
        drop(veil);
        assert_eq!(seen(&ledger, 9), "a1 c1");
    }
}
