//! How a store is opened.

use std::path::Path;

use crate::file::{self, StoreFile};
use crate::{OpenError, RedbStore};

/// Chooses how a [`RedbStore`] is opened. [`RedbStore::open`] has the defaults.
#[derive(Clone, Debug)]
pub struct RedbStoreBuilder {
    durability: Durability,
    cache_size: usize,
    create: bool,
    verify: bool,
}

/// When a commit is on disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Durability {
    /// When it returns. The default.
    #[default]
    Immediate,
    /// With the hundredth commit after it, or when the store is closed, if not before. A crash loses the commits since;
    /// it never leaves part of one. For imports and tests: **the revisions that are lost are given again**, and so are
    /// keys that callers believe to have. Do not use it where anything is encrypted that must be read again.
    Eventual,
}

impl RedbStoreBuilder {
    /// When commits are on disk; by default, before they return.
    #[must_use]
    pub fn durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// How many bytes of the file are kept in memory at most; by default 64 MiB. Keystead keeps the keys in use in
    /// memory itself, so that a small cache costs little.
    #[must_use]
    pub fn cache_size(mut self, bytes: usize) -> Self {
        self.cache_size = bytes;
        self
    }

    /// Whether a missing file is created; by default it is. Without, a mistyped path is an error instead of an empty
    /// store.
    #[must_use]
    pub fn create_if_missing(mut self, create: bool) -> Self {
        self.create = create;
        self
    }

    /// Whether the checksum of every page is verified on opening; by default only after a crash. It reads the whole
    /// file, and finds whatever changed in it by accident.
    #[must_use]
    pub fn verify_on_open(mut self, verify: bool) -> Self {
        self.verify = verify;
        self
    }

    /// Opens the store at `path`. A new file is there whole or not at all, and only its owner may read or write it.
    ///
    /// # Errors
    /// [`OpenError`]. A file that is not a store is left as it is.
    pub fn open(&self, path: impl AsRef<Path>) -> Result<RedbStore, OpenError> {
        let path = path.as_ref();
        if self.create {
            file::create_if_missing(path)?;
        }
        let file = StoreFile { path: path.to_owned(), cache_size: self.cache_size, verify: self.verify };
        RedbStore::on(Box::new(file), self.durability).map_err(|error| OpenError::of(path, error))
    }
}

impl Default for RedbStoreBuilder {
    fn default() -> Self {
        Self { durability: Durability::default(), cache_size: DEFAULT_CACHE_SIZE, create: true, verify: false }
    }
}

/// Bytes of the file kept in memory by default.
const DEFAULT_CACHE_SIZE: usize = 64 * 1024 * 1024;
