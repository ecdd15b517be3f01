//! Where the records of a run are kept, while instances come and go.

use std::path::PathBuf;
use std::sync::Arc;

use keystead::store::{Batch, Fault, FaultyStore, Store};
use keystead_memory::MemoryStore;
use keystead_redb::{Durability, RedbStore};
use tempfile::TempDir;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    Memory,
    /// A file, which each instance opens anew.
    File,
    /// Memory that fails when told to.
    Unreliable,
}

pub enum Disk {
    Memory(Arc<MemoryStore>),
    File(StoreFile),
    Unreliable(Arc<FaultyStore<MemoryStore>>),
}

/// How the store fails while one call is at work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// A commit does not happen.
    Refused,
    /// A commit happens, but whoever asked for it is told that it may or may not have.
    Unknown,
    /// Nothing can be read or committed.
    Absent,
}

pub struct StoreFile {
    folder: TempDir,
    /// Number of the file in use: each restored backup is another one.
    number: usize,
    store: Option<Arc<RedbStore>>,
}

impl Failure {
    pub fn name(self) -> &'static str {
        match self {
            Self::Refused => "a call whose commit was refused",
            Self::Unknown => "a call with a commit of unknown outcome",
            Self::Absent => "a call without a store",
        }
    }
}

impl Disk {
    pub fn new(backend: Backend) -> Self {
        match backend {
            Backend::Memory => Self::Memory(Arc::default()),
            Backend::File => Self::File(StoreFile { folder: tempfile::tempdir().unwrap(), number: 0, store: None }),
            Backend::Unreliable => Self::Unreliable(Arc::new(FaultyStore::new(MemoryStore::new()))),
        }
    }

    /// The store; a file is opened if it is not.
    pub fn open(&mut self) -> Arc<dyn Store> {
        match self {
            Self::Memory(store) => Arc::clone(store) as Arc<dyn Store>,
            Self::Unreliable(store) => Arc::clone(store) as Arc<dyn Store>,
            Self::File(file) => file.open(),
        }
    }

    /// Ends the use of a file. Nobody else has it open.
    pub fn close(&mut self) {
        if let Self::File(file) = self {
            let store = file.store.take().map(Arc::into_inner);
            assert!(store.is_none_or(|last| last.is_some()), "an instance outlives its last client");
        }
    }

    /// Makes a backup, if it is a file, for [`restore`](Self::restore).
    pub fn back_up(&self) {
        if let Self::File(file) = self {
            file.store.as_ref().unwrap().backup_to(file.path(file.number + 1)).unwrap();
        }
    }

    /// Puts the backup in the place of the file, which is closed.
    pub fn restore(&mut self) {
        if let Self::File(file) = self {
            std::fs::remove_file(file.path(file.number)).unwrap();
            file.number += 1;
        }
    }

    /// Makes the next calls meet a failure, at the `n`-th commit if it is one of those.
    pub fn fail(&self, failure: Failure, n: u64) {
        let Self::Unreliable(store) = self else { return };
        match failure {
            Failure::Refused => store.fail_at(n, Fault::Before),
            Failure::Unknown => store.fail_at(n, Fault::After),
            Failure::Absent => {
                store.crash_at(1, Fault::Before);
                store.commit(Batch::new()).unwrap_err();
            }
        }
    }

    /// Ends all failures.
    pub fn recover(&self) {
        if let Self::Unreliable(store) = self {
            store.recover();
        }
    }

    /// How many commits were tried so far, on a store that may fail.
    pub fn commits(&self) -> u64 {
        if let Self::Unreliable(store) = self { store.commits() } else { 0 }
    }
}

impl StoreFile {
    fn open(&mut self) -> Arc<dyn Store> {
        let store = self.store.get_or_insert_with(|| {
            let path = self.folder.path().join(self.number.to_string());
            // What a process that ends in peace leaves is all there, synced or not.
            Arc::new(RedbStore::builder().durability(Durability::Eventual).open(path).unwrap())
        });
        Arc::clone(store) as Arc<dyn Store>
    }

    fn path(&self, number: usize) -> PathBuf {
        self.folder.path().join(number.to_string())
    }
}
