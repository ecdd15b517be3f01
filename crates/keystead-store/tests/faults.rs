//! Faults come when ordered, and only then.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::sync::{Arc, Mutex};

use keystead_store::{
    Action, Batch, CommitError, Entry, Expect, Fault, FaultyStore, Key, Range, Revision, Snapshot, Store, StoreError,
};

#[test]
fn a_fault_before_the_commit_changes_nothing() {
    let store = FaultyStore::new(OneRecord::default());
    store.fail_at(2, Fault::Before);
    assert_eq!(put(&store, b'1').unwrap(), Revision(1));
    assert!(matches!(put(&store, b'2'), Err(CommitError::Failed(_))));
    assert_eq!((value(&store), store.inner().commits()), (Some(b'1'), 1));
    assert_eq!(put(&store, b'3').unwrap(), Revision(2), "only the ordered commit fails");
    assert_eq!(store.commits(), 3);
}

#[test]
fn a_fault_after_the_commit_hides_its_success() {
    let store = FaultyStore::new(OneRecord::default());
    store.fail_at(1, Fault::After);
    assert!(matches!(put(&store, b'1'), Err(CommitError::Unknown(_))));
    assert_eq!((value(&store), store.inner().commits()), (Some(b'1'), 1));
    assert!(put(&store, b'2').is_ok());
}

#[test]
fn a_refused_batch_stays_refused() {
    let store = FaultyStore::new(OneRecord::default());
    store.fail_at(1, Fault::After);
    let mut batch = Batch::new();
    batch.put("a", *b"1", Expect::Any).delete("a", Expect::Any);
    assert!(matches!(store.commit(batch), Err(CommitError::Invalid(_))));
    assert!(put(&store, b'2').is_ok());
}

#[test]
fn a_crash_lasts_until_recovery() {
    for (fault, left) in [(Fault::Before, None), (Fault::After, Some(b'1'))] {
        let store = FaultyStore::new(OneRecord::default());
        store.crash_at(1, fault);
        let snapshot = store.snapshot().unwrap();
        assert_eq!(snapshot.scan(&Range::all(), 1).unwrap(), []);
        assert_eq!(value(&store), None, "reads work until then");
        assert!(put(&store, b'1').is_err());
        assert!(matches!(put(&store, b'2'), Err(CommitError::Failed(_))));
        assert!(store.get(b"a").is_err_and(|error| error.is_retryable()));
        assert!(store.scan(&Range::all(), 1).is_err());
        assert!(snapshot.scan(&Range::all(), 1).is_err() && store.snapshot().is_err());
        assert_eq!(value(store.inner()), left, "after the crash nothing reaches the store");
        store.recover();
        assert_eq!(value(&store), left);
        assert_eq!(snapshot.scan(&Range::all(), 1).unwrap(), []);
        assert!(put(&store, b'3').is_ok());
        assert_eq!(store.commits(), 3);
    }
}

#[test]
fn recovery_cancels_orders() {
    let store = FaultyStore::new(OneRecord::default());
    store.fail_at(1, Fault::Before);
    store.recover();
    assert!(put(&store, b'1').is_ok());
}

#[test]
fn whoever_wraps_a_store_is_as_durable() {
    for is_durable in [false, true] {
        let store = FaultyStore::new(Arc::new(OneRecord { is_durable, ..OneRecord::default() }));
        assert_eq!(store.is_durable(), is_durable);
        store.crash_at(1, Fault::Before);
        put(&store, b'1').unwrap_err();
        assert_eq!(store.is_durable(), is_durable, "after a crash");
        let shared: Arc<dyn Store> = Arc::new(store);
        assert_eq!(Store::is_durable(&shared), is_durable);
    }
}

fn put(store: &impl Store, value: u8) -> Result<Revision, CommitError> {
    let mut batch = Batch::new();
    batch.put("a", [value], Expect::Any);
    store.commit(batch)
}

fn value(store: &impl Store) -> Option<u8> {
    store.get(b"a").unwrap().map(|entry| entry.value[0])
}

/// The least that these tests need of a store: one record, and no preconditions.
#[derive(Debug, Default)]
struct OneRecord {
    state: Mutex<(Option<Entry>, Revision)>,
    is_durable: bool,
}

impl OneRecord {
    fn commits(&self) -> u64 {
        self.state.lock().unwrap().1.0
    }
}

impl Store for OneRecord {
    fn get(&self, _: &[u8]) -> Result<Option<Entry>, StoreError> {
        Ok(self.state.lock().unwrap().0.clone())
    }

    fn scan(&self, _: &Range, _: usize) -> Result<Vec<(Key, Entry)>, StoreError> {
        Ok(self.get(b"a")?.map(|entry| (Key::from("a"), entry)).into_iter().collect())
    }

    fn commit(&self, batch: Batch) -> Result<Revision, CommitError> {
        let mut state = self.state.lock().unwrap();
        let revision = state.1.next();
        for operation in batch.into_operations()? {
            if let Action::Put(value) = operation.action {
                state.0 = Some(Entry { value, revision });
            }
        }
        state.1 = revision;
        Ok(revision)
    }

    fn snapshot(&self) -> Result<Box<dyn Snapshot + '_>, StoreError> {
        Ok(Box::new(Kept(self.scan(&Range::all(), 1)?)))
    }

    fn is_durable(&self) -> bool {
        self.is_durable
    }
}

#[derive(Debug)]
struct Kept(Vec<(Key, Entry)>);

impl Snapshot for Kept {
    fn scan(&self, _: &Range, _: usize) -> Result<Vec<(Key, Entry)>, StoreError> {
        Ok(self.0.clone())
    }
}
