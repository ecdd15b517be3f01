//! Files: how one comes to be, and how it is opened.

use std::fmt;
use std::fs::File;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use keystead_store::Revision;
use redb::backends::FileBackend;
use redb::{Database, DatabaseError, StorageError};
use tempfile::NamedTempFile;

use crate::error::Problem;
use crate::{OpenError, format};

/// Where a database lives. It is opened again after each error.
pub(crate) trait Medium: fmt::Debug + Send + Sync {
    fn open(&self) -> Result<Database, Problem>;
}

/// A file that is there.
#[derive(Debug)]
pub(crate) struct StoreFile {
    pub(crate) path: PathBuf,
    pub(crate) cache_size: usize,
    pub(crate) verify: bool,
}

impl Medium for StoreFile {
    fn open(&self) -> Result<Database, Problem> {
        let mut builder = Database::builder();
        builder.set_cache_size(self.cache_size).set_check_integrity_on_open(self.verify);
        builder.open(&self.path).map_err(|error| match error {
            // What the engine says of a file that does not begin as its files do.
            DatabaseError::Storage(StorageError::Io(error))
                if matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof) =>
            {
                Problem::NotAStore
            }
            DatabaseError::UpgradeRequired(_) => Problem::NotAStore,
            other => other.into(),
        })
    }
}

/// Makes an empty store, unless there is a file.
pub(crate) fn create_if_missing(path: &Path) -> Result<(), OpenError> {
    let io = |error| OpenError::Io { path: path.to_owned(), error };
    if path.try_exists().map_err(io)? {
        return Ok(());
    }
    let draft = Draft::new(path).map_err(io)?;
    let database = draft.database(CREATION_CACHE_SIZE).map_err(|problem| OpenError::of(path, problem))?;
    format::initialize(&database, Revision::default()).map_err(|problem| OpenError::of(path, problem))?;
    drop(database);
    match draft.publish(path) {
        // Somebody was quicker: theirs is opened.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        result => result.map_err(io),
    }
}

/// A file under another name, until it is whole. Only its owner may read or write it.
pub(crate) struct Draft(NamedTempFile);

impl Draft {
    /// A draft beside where the file is to be.
    pub(crate) fn new(path: &Path) -> io::Result<Self> {
        let draft = tempfile::Builder::new().prefix(".keystead-").suffix(".draft").tempfile_in(folder_of(path))?;
        Ok(Self(draft))
    }

    /// A new database in the draft.
    pub(crate) fn database(&self, cache_size: usize) -> Result<Database, Problem> {
        let file = self.0.reopen().map_err(Problem::Io)?;
        Ok(Database::builder().set_cache_size(cache_size).create_with_backend(FileBackend::new(file)?)?)
    }

    /// Gives it its name, if no file has that, and makes the name durable.
    pub(crate) fn publish(self, path: &Path) -> io::Result<()> {
        self.0.as_file().sync_all()?;
        self.0.persist_noclobber(path).map_err(|error| error.error)?;
        sync_folder(folder_of(path))
    }
}

/// The engine panics over some files that something else has changed; its callers must not.
pub(crate) fn shielded<T>(act: impl FnOnce() -> Result<T, Problem>) -> Result<T, Problem> {
    // What the engine was at is discarded with it.
    catch_unwind(AssertUnwindSafe(act))
        .unwrap_or_else(|_| Err(Problem::Damaged("its pages contradict each other".into())))
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// On Unix a new name is on disk once its folder is.
#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

const CREATION_CACHE_SIZE: usize = 1024 * 1024;
