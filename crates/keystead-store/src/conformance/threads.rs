//! What threads see of each other's commits.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Barrier, mpsc};
use std::thread;

use super::{commit, conflict, contents, get, one, put, scan};
use crate::{Batch, Entry, Expect, Range, Revision, Store};

/// When a commit has returned, every read on any thread sees it.
pub fn visibility<S: Store>(new_store: &impl Fn() -> S) {
    let store = new_store();
    let (announce, announced) = mpsc::channel::<(u32, Revision)>();
    thread::scope(|scope| {
        scope.spawn(|| {
            // Owned by this thread, so that the reader ends when the writer does, however that ends.
            let announce = announce;
            for n in 0..COMMITS {
                let revision = put(&store, "news", &n.to_be_bytes());
                if announce.send((n, revision)).is_err() {
                    return;
                }
            }
        });
        for (n, revision) in announced {
            let found = get(&store, "news").expect("the record was written");
            assert!(found.revision >= revision, "a read must see commit {revision}, not only {}", found.revision);
            assert!(number(&found) >= n, "a read must see the value of a commit that has returned");
        }
    });
}

/// A scan shows all of a commit or none of it, whatever is committed meanwhile.
pub fn whole_batches<S: Store>(new_store: &impl Fn() -> S) {
    let store = new_store();
    let pair = |n: u32| {
        let mut batch = Batch::new();
        batch.put("pair/a", n.to_be_bytes(), Expect::Any).put("pair/z", n.to_be_bytes(), Expect::Any);
        // A record that comes and goes between the two.
        if n.is_multiple_of(2) {
            batch.put("pair/m", n.to_be_bytes(), Expect::Any)
        } else {
            batch.delete("pair/m", Expect::Any)
        };
        batch
    };
    commit(&store, pair(0));
    // The writer writes as long as somebody reads; readers read until they have seen enough change.
    let (readers, stopped) = (AtomicU32::new(READERS), AtomicBool::new(false));
    let read = || {
        let _leave = OnDrop(|| {
            readers.fetch_sub(1, Ordering::AcqRel);
        });
        let (mut changes, mut last) = (0, 0);
        while changes < CHANGES && !stopped.load(Ordering::Acquire) {
            let found = scan(&store, &Range::prefix("pair/"), 10);
            let numbers: Vec<u32> = found.iter().map(|(_, entry)| number(entry)).collect();
            let first = numbers.first().copied().unwrap_or_default();
            let count = if first.is_multiple_of(2) { 3 } else { 2 };
            assert_eq!(numbers, vec![first; count], "a scan must show whole batches");
            changes += u32::from(first != last);
            last = first;
            thread::yield_now();
        }
    };
    thread::scope(|scope| {
        for _ in 0..READERS {
            scope.spawn(read);
        }
        let _stop = OnDrop(|| stopped.store(true, Ordering::Release));
        for n in 1.. {
            if readers.load(Ordering::Acquire) == 0 {
                break;
            }
            commit(&store, pair(n));
        }
    });
}

/// Counters that threads raise, each on the revision it has read, lose no count.
pub fn concurrent_increments<S: Store>(new_store: &impl Fn() -> S) {
    let store = new_store();
    let start = Barrier::new(THREADS as usize);
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                start.wait();
                for _ in 0..INCREMENTS {
                    while !raise(&store, ["count/a", "count/b"]) {}
                }
            });
        }
    });
    for key in ["count/a", "count/b"] {
        let count = get(&store, key).map(|entry| number(&entry));
        assert_eq!(count, Some(THREADS * INCREMENTS), "no increment of `{key}` may be lost");
    }
}

/// Of threads that create one record, each expecting none, exactly one succeeds, and its value stays.
pub fn concurrent_creations<S: Store>(new_store: &impl Fn() -> S) {
    let store = new_store();
    for round in 0..ROUNDS {
        let key = format!("prize/{round}");
        let start = Barrier::new(THREADS as usize);
        let contend = |thread: u32| {
            start.wait();
            let result = store.commit(one(|batch| batch.put(key.as_str(), thread.to_be_bytes(), Expect::Absent)));
            assert!(result.is_ok() || conflict(&result).is_some(), "a loser meets a conflict: {result:?}");
            result.ok().map(|revision| (thread, revision))
        };
        let winners: Vec<_> = thread::scope(|scope| {
            let contend = &contend;
            let threads: Vec<_> = (0..THREADS).map(|n| scope.spawn(move || contend(n))).collect();
            threads.into_iter().filter_map(|thread| thread.join().expect("a contender must not panic")).collect()
        });
        let found = get(&store, &key).map(|entry| (number(&entry), entry.revision));
        assert_eq!(winners.len(), 1, "exactly one creation must succeed: {winners:?}");
        assert_eq!(found, winners.first().copied(), "the record must be the winner's");
    }
    assert_eq!(contents(&store).len(), ROUNDS as usize, "losers must leave nothing");
}

/// Raises counters by one in one commit, unless somebody else has done so since they were read.
fn raise<const N: usize>(store: &impl Store, keys: [&str; N]) -> bool {
    let mut batch = Batch::new();
    for key in keys {
        let read = get(store, key);
        let count = read.as_ref().map_or(0, number);
        batch.put(key, (count + 1).to_be_bytes(), Expect::unchanged(read.as_ref()));
    }
    let result = store.commit(batch);
    assert!(result.is_ok() || conflict(&result).is_some(), "only a conflict may stop an increment: {result:?}");
    result.is_ok()
}

/// The number that a record of these tests holds.
pub(super) fn number(entry: &Entry) -> u32 {
    let bytes: [u8; 4] = entry.value[..].try_into().expect("the value is a number of four bytes");
    u32::from_be_bytes(bytes)
}

/// Runs a closure on the way out, so that threads that wait for each other end also when one of them fails.
pub(super) struct OnDrop<F: Fn()>(pub(super) F);

impl<F: Fn()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

const THREADS: u32 = 4;
const INCREMENTS: u32 = 50;
const ROUNDS: u32 = 25;
const COMMITS: u32 = 200;
const READERS: u32 = 2;
const CHANGES: u32 = 40;
