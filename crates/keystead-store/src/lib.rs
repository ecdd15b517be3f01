//! The contract of a Keystead storage backend, and the conformance suite every backend passes.
//!
//! A backend is a small, ordered, transactional map from byte strings to byte strings. It knows nothing of keys,
//! policies or grants: it stores what it is given and keeps the promises of [`Store`]. The contract is the common part
//! of an ordered map in memory, redb, etcd, FoundationDB, TiKV and a table in a SQL database.
//!
//! # Writing a backend
//!
//! Four methods, of which [`Store::commit`] carries the meaning, and [`Store::is_durable`] for a durable one. With a map and a lock it is:
//!
//! ```
//! # use std::collections::BTreeMap;
//! # use keystead_store::{Action, Batch, CommitError, Entry, Key, Revision};
//! # type State = (BTreeMap<Key, Entry>, Revision);
//! // `state` is locked for writing.
//! fn commit(state: &mut State, batch: Batch) -> Result<Revision, CommitError> {
//!     let (records, last) = state;
//!     let operations = batch.into_operations()?; // valid, in ascending key order, each key once
//!     for operation in &operations {
//!         let found = records.get(&operation.key).map(|entry| entry.revision);
//!         if !operation.expect.holds(found) {
//!             return Err(CommitError::Conflict { key: operation.key.clone() });
//!         }
//!     }
//!     let revision = last.next();
//!     for operation in operations {
//!         match operation.action {
//!             Action::Put(value) => drop(records.insert(operation.key, Entry { value, revision })),
//!             Action::Delete => drop(records.remove(&operation.key)),
//!             Action::Check => {}
//!         }
//!     }
//!     *last = revision;
//!     Ok(revision)
//! }
//! # let mut batch = Batch::new();
//! # batch.put("a", *b"1", keystead_store::Expect::Absent);
//! # assert_eq!(commit(&mut State::default(), batch).unwrap(), Revision(1));
//! ```
//!
//! Where a backend lives elsewhere, the steps between reading the preconditions and the last write are one transaction
//! of the engine, serializable or stronger: two commits that each write what the other one checks must not both succeed.
//! When the engine refuses a transaction only because another one runs, the backend tries it again. A [`Snapshot`] is a
//! read transaction that its holder ends. A [`Range`] is a half-open interval, as the engines' own scans are; its start may
//! be empty, or a byte longer than any key.
//!
//! A backend must pass the suite, which the feature `conformance` provides. In the backend's `tests/`:
//!
//! ```text
//! keystead_store::conformance_tests!(MyStore::new_empty);
//! ```
//!
//! A durable backend also runs `conformance::durability`, which closes and opens the store. No suite within a process
//! sees whether a commit was on disk when it returned: that takes a process that is killed.
//!
//! # One writer, and what comes later
//!
//! One process writes a store. Keystead keeps live objects in memory and reads the store only to load them, so a second
//! writer's commits would go unseen; a backend should refuse to be opened twice where it can, with an error of its own,
//! until the store is dropped. Any number of threads of that process read and write.
//!
//! Sharing a store between processes needs a feed of changes. It will be an extension trait whose one method yields the
//! keys written after a given [`Revision`], in the order of revisions. Nothing in this contract has to change for it:
//! revisions already order all commits, every record bears that of its last write, and a reader that publishes only what
//! is newer than what it holds may receive changes late, twice, or out of order.
#![forbid(unsafe_code)]

mod batch;
#[cfg(feature = "conformance")]
pub mod conformance;
mod error;
#[cfg(feature = "conformance")]
mod faulty;
mod key;
mod range;
mod store;

pub use batch::{Action, Batch, Expect, Operation};
pub use error::{CommitError, InvalidBatch, StoreError};
#[cfg(feature = "conformance")]
pub use faulty::{Fault, FaultyStore};
pub use key::Key;
pub use range::Range;
pub use store::{Entry, Revision, Snapshot, Store};

/// The longest key, in bytes; the shortest has one byte.
pub const MAX_KEY_LEN: usize = 512;

/// The longest value, in bytes; it may be empty. An engine with smaller cells splits.
pub const MAX_VALUE_LEN: usize = 1024 * 1024;
