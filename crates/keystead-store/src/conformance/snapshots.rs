//! `snapshot`.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;

use super::threads::{OnDrop, number};
use super::{commit, contents, one, put};
use crate::{Batch, Entry, Expect, Key, Range, Snapshot, Store};

/// A snapshot shows the state of its moment, by the rules of a scan, whatever is committed later.
pub fn snapshots<S: Store>(new_store: &impl Fn() -> S) {
    let store = new_store();
    let nothing = take(&store);
    put(&store, "kept", b"1");
    put(&store, "gone", b"1");
    put(&store, "changed", b"1");
    let before = contents(&store);
    let snapshot = take(&store);

    let mut batch = Batch::new();
    batch.put("changed", *b"22", Expect::Any).delete("gone", Expect::Any).put("new", *b"1", Expect::Absent);
    commit(&store, batch);
    let after = contents(&store);
    let next = take(&store);
    commit(&store, one(|batch| batch.delete("kept", Expect::Any)));

    for (snapshot, expected) in [(&nothing, Vec::new()), (&snapshot, before), (&next, after)] {
        for range in [Range::all(), Range::prefix("k"), Range::all().after("gone"), Range::prefix("none")] {
            let expected: Vec<_> = expected.iter().filter(|(key, _)| range.contains(key)).cloned().collect();
            for limit in [0, 1, 2, expected.len(), usize::MAX] {
                let found = snapshot.scan(&range, limit).expect("a scan of a snapshot must succeed");
                let expected = &expected[..limit.min(expected.len())];
                assert_eq!(found, expected, "a snapshot must show its moment: {range:?}, limit {limit}");
            }
        }
    }
    drop((nothing, snapshot, next));
    assert_eq!(contents(&store).len(), 2, "the store goes on when snapshots are dropped");
    put(&store, "kept", b"1");
}

/// However many pages are read of a snapshot and however often, they show one state between two commits, while others
/// commit on; and that state has every commit that had returned before.
pub fn lasting_snapshots<S: Store>(new_store: &impl Fn() -> S) {
    let store = new_store();
    let round = |n: u32| {
        let mut batch = Batch::new();
        for at in 0..RECORDS {
            batch.put(name(at).as_str(), n.to_be_bytes(), Expect::Any);
        }
        // Records that come and go, one at a time.
        batch.put(visitor(n).as_str(), n.to_be_bytes(), Expect::Any);
        if let Some(former) = n.checked_sub(1) {
            batch.delete(visitor(former).as_str(), Expect::Any);
        }
        batch
    };
    commit(&store, round(0));
    let (committed, stopped) = (AtomicU32::new(0), AtomicBool::new(false));
    thread::scope(|scope| {
        scope.spawn(|| {
            // The reader must not wait for a writer that has failed.
            let _stop = OnDrop(|| stopped.store(true, Ordering::Release));
            for n in 1.. {
                if stopped.load(Ordering::Acquire) {
                    break;
                }
                commit(&store, round(n));
                committed.store(n, Ordering::Release);
            }
        });
        let _stop = OnDrop(|| stopped.store(true, Ordering::Release));
        for _ in 0..SNAPSHOTS {
            let least = committed.load(Ordering::Acquire);
            let snapshot = take(&store);
            let found = pages(snapshot.as_ref());
            let shown = found.first().map_or(0, |(_, entry)| number(entry));
            assert!(shown >= least, "a snapshot must show commits that have returned: {shown}, not {least}");
            let numbers: Vec<u32> = found.iter().map(|(_, entry)| number(entry)).collect();
            assert_eq!(numbers, vec![shown; RECORDS as usize + 1], "a snapshot must show whole batches");
            while committed.load(Ordering::Acquire) <= shown && !stopped.load(Ordering::Acquire) {
                thread::yield_now();
            }
            assert_eq!(pages(snapshot.as_ref()), found, "a snapshot must never change");
        }
    });
}

#[track_caller]
fn take<S: Store>(store: &S) -> Box<dyn Snapshot + '_> {
    store.snapshot().expect("`snapshot` must succeed")
}

/// Everything in a snapshot, two records at a time.
fn pages(snapshot: &dyn Snapshot) -> Vec<(Key, Entry)> {
    let mut found: Vec<(Key, Entry)> = Vec::new();
    loop {
        let rest = found.last().map_or(Range::all(), |(last, _)| Range::all().after(last));
        let mut page = snapshot.scan(&rest, 2).expect("a scan of a snapshot must succeed");
        if page.is_empty() {
            return found;
        }
        found.append(&mut page);
        thread::yield_now();
    }
}

fn name(at: u32) -> String {
    format!("record/{at:02}")
}

/// One of many names, before, between and after the others.
fn visitor(n: u32) -> String {
    format!("record/{:02}+{n}", n % (RECORDS + 2))
}

const RECORDS: u32 = 8;
const SNAPSHOTS: u32 = 40;
