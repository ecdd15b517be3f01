//! What threads may and may not do to each other.

use std::collections::BTreeSet;
use std::sync::Barrier;
use std::thread;

use super::{conflict, get, one, put};
use crate::{Batch, CommitError, Expect, Revision, Store};

/// Threads that write records of their own meet no conflict and no other error, and no two commits get one revision.
pub fn independent_commits<S: Store>(new_store: &impl Fn() -> S) {
    let store = new_store();
    let write = |thread: usize| -> Vec<Revision> {
        let key = format!("own/{thread}");
        let mut revisions = Vec::new();
        for _ in 0..COMMITS {
            let expect = revisions.last().map_or(Expect::Absent, |last| Expect::Revision(*last));
            let result = store.commit(one(|batch| batch.put(key.as_str(), *b"", expect)));
            revisions.push(result.expect("a commit must not fail over records that it does not name"));
        }
        revisions
    };
    let revisions: Vec<Vec<Revision>> = thread::scope(|scope| {
        let write = &write;
        let threads: Vec<_> = (0..THREADS).map(|n| scope.spawn(move || write(n))).collect();
        threads.into_iter().map(|thread| thread.join().expect("a writer must not panic")).collect()
    });
    assert!(revisions.iter().all(|own| own.is_sorted_by(|a, b| a < b)), "revisions must rise");
    let distinct: BTreeSet<Revision> = revisions.iter().flatten().copied().collect();
    assert_eq!(distinct.len(), THREADS * COMMITS, "two commits must not get one revision");
}

/// Of two commits that each write what the other one checks, one succeeds: checks are judged with the writes.
pub fn crossed_checks<S: Store>(new_store: &impl Fn() -> S) {
    let store = new_store();
    for round in 0..ROUNDS {
        let batch = |own: &str, other: &str| {
            let mut batch = Batch::new();
            batch.put(format!("{own}/{round}").as_str(), *b"", Expect::Absent);
            batch.check(format!("{other}/{round}").as_str(), Expect::Absent);
            batch
        };
        let winners = race(&store, [batch("left", "right"), batch("right", "left")]);
        assert_eq!(winners, 1, "of two commits that check each other, one must succeed");
    }
}

/// Of two commits that delete one state of a record, one succeeds.
pub fn concurrent_deletions<S: Store>(new_store: &impl Fn() -> S) {
    let store = new_store();
    for _ in 0..ROUNDS {
        let present = put(&store, "once", b"");
        let batch = || one(|batch| batch.delete("once", Expect::Revision(present)));
        assert_eq!(race(&store, [batch(), batch()]), 1, "a state of a record must be deleted once");
        assert_eq!(get(&store, "once"), None);
    }
}

/// How many of the commits succeed, made at once. The others must meet a conflict.
fn race<const N: usize>(store: &impl Store, batches: [Batch; N]) -> usize {
    let start = Barrier::new(N);
    let results: Vec<Result<Revision, CommitError>> = thread::scope(|scope| {
        let start = &start;
        let threads = batches.map(|batch| {
            scope.spawn(move || {
                start.wait();
                store.commit(batch)
            })
        });
        threads.into_iter().map(|thread| thread.join().expect("a contender must not panic")).collect()
    });
    let is_told = |result: &Result<_, _>| result.is_ok() || conflict(result).is_some();
    assert!(results.iter().all(is_told), "a loser meets a conflict: {results:?}");
    results.iter().filter(|result| result.is_ok()).count()
}

const THREADS: usize = 4;
/// More in all than a counter of one byte counts.
const COMMITS: usize = 70;
const ROUNDS: u32 = 60;
