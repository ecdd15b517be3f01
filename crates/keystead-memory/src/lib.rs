//! The in-memory storage backend of Keystead: the default, and gone when the process ends.
#![forbid(unsafe_code)]

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use keystead_store::{Action, Batch, CommitError, Entry, Key, Range, Revision, Snapshot, Store, StoreError};

/// An ordered map behind a lock. Readers share it; a commit has it alone for as long as its batch is long. Snapshots cost
/// nothing until a commit follows, which then copies the map.
///
/// It never fails: the only errors are conflicts and invalid batches.
///
/// ```
/// use keystead_memory::MemoryStore;
/// use keystead_store::{Batch, Expect, Store};
///
/// let store = MemoryStore::new();
/// let mut batch = Batch::new();
/// batch.put("alias/orders", *b"1234abcd", Expect::Absent);
/// let revision = store.commit(batch)?;
///
/// let entry = store.get(b"alias/orders")?.ok_or("just written")?;
/// assert_eq!((&entry.value[..], entry.revision), (b"1234abcd".as_slice(), revision));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Default)]
pub struct MemoryStore {
    state: RwLock<State>,
}

#[derive(Default)]
struct State {
    /// Shared with snapshots: the first commit while there is one copies the map, which shares keys and values.
    records: Arc<Records>,
    last: Revision,
}

type Records = BTreeMap<Key, Entry>;

impl MemoryStore {
    /// A store without records.
    pub fn new() -> Self {
        Self::default()
    }

    // A panic cannot leave a commit half applied: all that may fail in one comes before its first write. So the state
    // of a poisoned lock is whole.
    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for MemoryStore {
    fn get(&self, key: &[u8]) -> Result<Option<Entry>, StoreError> {
        Ok(self.read().records.get(key).cloned())
    }

    fn scan(&self, range: &Range, limit: usize) -> Result<Vec<(Key, Entry)>, StoreError> {
        Ok(page(&self.read().records, range, limit))
    }

    fn commit(&self, batch: Batch) -> Result<Revision, CommitError> {
        let operations = batch.into_operations()?;
        let mut state = self.write();
        for operation in &operations {
            let found = state.records.get(&operation.key).map(|entry| entry.revision);
            if !operation.expect.holds(found) {
                return Err(CommitError::Conflict { key: operation.key.clone() });
            }
        }
        let revision = state.last.next();
        state.last = revision;
        let records = Arc::make_mut(&mut state.records);
        for operation in operations {
            match operation.action {
                Action::Put(value) => drop(records.insert(operation.key, Entry { value, revision })),
                Action::Delete => drop(records.remove(&operation.key)),
                Action::Check => {}
            }
        }
        Ok(revision)
    }

    fn snapshot(&self) -> Result<Box<dyn Snapshot + '_>, StoreError> {
        Ok(Box::new(MemorySnapshot(Arc::clone(&self.read().records))))
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.read();
        f.debug_struct("MemoryStore").field("records", &state.records.len()).field("last", &state.last).finish()
    }
}

struct MemorySnapshot(Arc<Records>);

impl Snapshot for MemorySnapshot {
    fn scan(&self, range: &Range, limit: usize) -> Result<Vec<(Key, Entry)>, StoreError> {
        Ok(page(&self.0, range, limit))
    }
}

impl fmt::Debug for MemorySnapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemorySnapshot").field("records", &self.0.len()).finish()
    }
}

fn page(records: &Records, range: &Range, limit: usize) -> Vec<(Key, Entry)> {
    let found = records.range::<[u8], _>(range.bounds()).take(limit);
    found.map(|(key, entry)| (key.clone(), entry.clone())).collect()
}
