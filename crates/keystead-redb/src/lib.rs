//! The durable storage backend of Keystead: one file, embedded, on [redb](https://www.redb.org).
//!
//! ```
//! use keystead_redb::RedbStore;
//! use keystead_store::{Batch, Expect, Store};
//!
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("keys.redb");
//! let store = RedbStore::open(&path)?;
//! let mut batch = Batch::new();
//! batch.put("alias/orders", *b"1234abcd", Expect::Absent);
//! store.commit(batch)?; // on disk, whatever happens now
//! drop(store);
//!
//! let entry = RedbStore::open(&path)?.get(b"alias/orders")?.ok_or("it is on disk")?;
//! assert_eq!(&entry.value[..], b"1234abcd");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A store belongs to one process at a time. Readers see the latest commit without waiting for the writer; writers
//! wait for each other. The file is laid out in `docs/formats/store-file.md`; what is detected of damage and
//! manipulation, and how to back up, in `docs/storage.md`.
//!
//! # When the disk fails
//!
//! A call that meets an error returns it, and the file is opened anew by the next call, which puts right what the failed
//! one left. Nothing has to be restarted after a full disk. What was acknowledged is there, or else no call succeeds.
#![forbid(unsafe_code)]

mod backup;
mod builder;
mod error;
#[cfg(test)]
mod faults;
mod file;
mod format;
mod store;

pub use builder::{Durability, RedbStoreBuilder};
pub use error::{BackupError, OpenError};
pub use format::FORMAT_VERSION;
pub use store::RedbStore;
