//! The suite that decides what a backend is. For tests: it panics with a message when a promise is broken.
//!
//! [`run`] runs all topics; the macro [`conformance_tests!`](crate::conformance_tests) makes a test of each, so that a
//! failure has a name. Every topic makes the stores that it needs with the function it is given, which returns a new,
//! empty store each time. [`durability`] is for backends that outlive the process:
//!
//! ```text
//! conformance::durability(|| FileStore::open(&path).unwrap());
//! ```
//!
//! What no suite within one process can see: a commit that returns before it is on disk, and what a crash leaves. A
//! durable backend kills a process of its own, as `keystead-redb` does in `tests/crash`.
#![allow(clippy::expect_used, reason = "a failed expectation is what a suite is for")]

#[macro_use]
mod topics;

mod commits;
mod contention;
mod durability;
mod history;
mod reads;
mod sizes;
mod snapshots;
mod threads;

use crate::{Batch, CommitError, Entry, Expect, Key, Range, Revision, Store};

pub use commits::{atomicity, invalid_batches, preconditions, revisions};
pub use contention::{concurrent_deletions, crossed_checks, independent_commits};
pub use durability::durability;
pub use history::{Change, Expected, Step, follow_history, random_histories};
pub use reads::{empty_store, pagination, reads, scans, uninterpreted_bytes};
pub use sizes::{large_batches, long_scans};
pub use snapshots::{lasting_snapshots, snapshots};
pub use threads::{concurrent_creations, concurrent_increments, visibility, whole_batches};

/// Runs every topic of the suite on stores that `new_store` makes, each new and empty.
///
/// # Panics
///
/// With a message, at the first promise that the store does not keep.
pub fn run<S: Store>(new_store: impl Fn() -> S) {
    macro_rules! run_topics {
        ($new_store:expr; $($topic:ident)*) => {
            $($topic($new_store);)*
        };
    }
    __conformance_topics!([run_topics] & new_store);
}

/// A batch with one operation.
fn one(add: impl FnOnce(&mut Batch) -> &mut Batch) -> Batch {
    let mut batch = Batch::new();
    add(&mut batch);
    batch
}

/// Commits what must succeed.
#[track_caller]
fn commit(store: &impl Store, batch: Batch) -> Revision {
    store.commit(batch).expect("a commit whose preconditions hold must succeed")
}

/// Puts one record, whatever was there.
#[track_caller]
fn put(store: &impl Store, key: impl Into<Key>, value: &[u8]) -> Revision {
    commit(store, one(|batch| batch.put(key, value, Expect::Any)))
}

#[track_caller]
fn get(store: &impl Store, key: impl AsRef<[u8]>) -> Option<Entry> {
    store.get(key.as_ref()).expect("`get` must succeed")
}

#[track_caller]
fn scan(store: &impl Store, range: &Range, limit: usize) -> Vec<(Key, Entry)> {
    store.scan(range, limit).expect("`scan` must succeed")
}

#[track_caller]
fn keys(store: &impl Store, range: &Range, limit: usize) -> Vec<Key> {
    scan(store, range, limit).into_iter().map(|(key, _)| key).collect()
}

/// Everything in the store.
#[track_caller]
fn contents(store: &impl Store) -> Vec<(Key, Entry)> {
    scan(store, &Range::all(), usize::MAX)
}

/// Whether an error says that a precondition failed, and which.
fn conflict(result: &Result<Revision, CommitError>) -> Option<&Key> {
    match result {
        Err(CommitError::Conflict { key }) => Some(key),
        _ => None,
    }
}
