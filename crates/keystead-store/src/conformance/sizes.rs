//! How much a store must take, and give, at once.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::threads::OnDrop;
use super::{commit, contents, keys, scan};
use crate::{Batch, Expect, Key, MAX_KEY_LEN, MAX_VALUE_LEN, Range, Store};

/// A scan without a limit gives all records, however many there are and however long.
pub fn long_scans<S: Store>(new_store: &impl Fn() -> S) {
    let store = new_store();
    let names: Vec<Key> = (0..MANY).map(|n| Key::from(format!("many/{n:06}").as_str())).collect();
    for part in names.chunks(1000) {
        let mut batch = Batch::new();
        for name in part {
            batch.put(name, *b"", Expect::Absent);
        }
        commit(&store, batch);
    }
    assert!(keys(&store, &Range::all(), usize::MAX) == names, "a scan must give all of {MANY} records");

    let long = "l".repeat(MAX_KEY_LEN);
    for n in 0..LONG {
        super::put(&store, format!("long/{n}").as_str(), &vec![n; MAX_VALUE_LEN]);
    }
    super::put(&store, long.as_str(), b"");
    let found = scan(&store, &Range::prefix("long/"), usize::MAX);
    let lengths = found.iter().map(|(_, entry)| entry.value.len());
    assert!(lengths.eq([MAX_VALUE_LEN; LONG as usize]), "a scan must give records of any length");
    let after = Range::prefix("l").after(long.as_str());
    assert!(scan(&store, &after, 2).len() == 2, "a page may start after the longest key");
}

/// A batch may be large, and is whole also then.
pub fn large_batches<S: Store>(new_store: &impl Fn() -> S) {
    let store = new_store();
    let round = || {
        let mut batch = Batch::new();
        for n in 0..OPERATIONS {
            batch.put(format!("large/{n:05}").as_str(), *b"", Expect::Any);
        }
        batch
    };
    commit(&store, round());
    let stopped = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..ROUNDS {
                if stopped.load(Ordering::Acquire) {
                    break;
                }
                commit(&store, round());
            }
        });
        let _stop = OnDrop(|| stopped.store(true, Ordering::Release));
        for _ in 0..ROUNDS {
            let found = contents(&store);
            let revision = found.first().map(|(_, entry)| entry.revision);
            assert_eq!(found.len(), OPERATIONS, "a large batch must be there whole");
            let is_one = found.iter().all(|(_, entry)| Some(entry.revision) == revision);
            assert!(is_one, "a scan must show one state, also if it is long");
        }
    });

    let mut batch = Batch::new();
    for n in 0..LARGE_VALUES {
        batch.put(format!("value/{n:02}").as_str(), vec![n; MAX_VALUE_LEN], Expect::Absent);
    }
    commit(&store, batch);
    assert_eq!(keys(&store, &Range::prefix("value/"), usize::MAX).len(), usize::from(LARGE_VALUES));
}

const MANY: usize = 12_000;
const LONG: u8 = 8;
/// What [`Batch`] promises that every backend takes, in operations and in values of full length.
const OPERATIONS: usize = 2000;
const LARGE_VALUES: u8 = 16;
const ROUNDS: usize = 10;
