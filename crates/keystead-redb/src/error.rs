//! What can go wrong with a file.

use std::io;
use std::path::{Path, PathBuf};

use keystead_store::StoreError;

/// Why a store cannot be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// There is no file, and none was to be created.
    #[error("there is no store at `{}`: correct the path", path.display())]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// Another process, or another part of this one, has it open.
    #[error("`{}` is in use: one process at a time uses a store, end the other first", path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// The file holds something else. Nothing in it was changed.
    #[error("`{}` is not a Keystead store: correct the path, or move that file away", path.display())]
    NotAStore {
        /// The file.
        path: PathBuf,
    },
    /// A newer version of this crate wrote the file.
    #[error(
        "`{}` has format {found}, and this version knows formats up to {known}: use the version that wrote it, or a newer one",
        path.display()
    )]
    NewerFormat {
        /// The file.
        path: PathBuf,
        /// Its format version.
        found: u64,
        /// The newest version that is known here, [`FORMAT_VERSION`](crate::FORMAT_VERSION).
        known: u64,
    },
    /// The file was changed or cut off by something else.
    #[error("`{}` is damaged: restore it from a backup ({reason})", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The operating system refused.
    #[error("cannot open `{}`: {error}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        error: io::Error,
    },
}

impl OpenError {
    pub(crate) fn of(path: &Path, problem: Problem) -> Self {
        let path = path.to_owned();
        match problem {
            Problem::Io(error) if error.kind() == io::ErrorKind::NotFound => Self::Missing { path },
            Problem::Io(error) => Self::Io { path, error },
            Problem::InUse => Self::InUse { path },
            Problem::NotAStore => Self::NotAStore { path },
            Problem::NewerFormat { found, known } => Self::NewerFormat { path, found, known },
            Problem::Damaged(reason) => Self::Damaged { path, reason },
            problem @ (Problem::Latched | Problem::Behind) => {
                Self::Io { path, error: io::Error::other(problem.to_string()) }
            }
        }
    }
}

/// Why a backup was not made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackupError {
    /// There is a file already. It is never overwritten.
    #[error("there is a file at `{}`: choose another path for the backup", path.display())]
    Exists {
        /// Where the backup was to be.
        path: PathBuf,
    },
    /// The backup cannot be written.
    #[error("cannot write the backup `{}`: {error}", path.display())]
    Write {
        /// Where the backup was to be.
        path: PathBuf,
        /// Why.
        #[source]
        error: io::Error,
    },
    /// The store cannot be read.
    #[error("cannot read the store")]
    Read(#[source] StoreError),
}

/// What went wrong, in words of our own: no type of the engine leaves this crate.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Problem {
    #[error("{0}")]
    Io(#[source] io::Error),
    #[error("the store is in use by another process")]
    InUse,
    #[error("the file is not a Keystead store")]
    NotAStore,
    #[error("the file has format {found}, the newest known is {known}")]
    NewerFormat { found: u64, known: u64 },
    #[error("{0}")]
    Damaged(String),
    /// An earlier call met an error; the file must be opened anew.
    #[error("an earlier error closed the file")]
    Latched,
    /// Opened anew, the file lacks what was acknowledged.
    #[error("the file lacks acknowledged commits: end the process and look at the disk")]
    Behind,
}

impl Problem {
    /// Whether the engine must be opened anew.
    pub(crate) fn closes(&self) -> bool {
        matches!(self, Self::Io(_) | Self::Damaged(_) | Self::Latched)
    }
}

impl From<Problem> for StoreError {
    fn from(problem: Problem) -> Self {
        match problem {
            Problem::Latched | Problem::InUse => Self::Unavailable(problem.into()),
            Problem::Damaged(_) | Problem::NotAStore => Self::Corrupt(problem.into()),
            Problem::Io(_) | Problem::NewerFormat { .. } | Problem::Behind => Self::Failed(problem.into()),
        }
    }
}

impl From<redb::Error> for Problem {
    fn from(error: redb::Error) -> Self {
        match error {
            redb::Error::Io(error) => Self::Io(error),
            redb::Error::DatabaseAlreadyOpen | redb::Error::LockProtocolMismatch => Self::InUse,
            redb::Error::PreviousIo | redb::Error::DatabaseClosed => Self::Latched,
            redb::Error::Corrupted(reason) => Self::Damaged(reason),
            redb::Error::TableDoesNotExist(_) | redb::Error::TableTypeMismatch { .. } => Self::NotAStore,
            other => Self::Damaged(other.to_string()),
        }
    }
}

/// The engine has an error type for each of its parts.
macro_rules! from_parts {
    ($($part:ident),+) => {$(
        impl From<redb::$part> for Problem {
            fn from(error: redb::$part) -> Self {
                redb::Error::from(error).into()
            }
        }
    )+};
}

from_parts!(CommitError, DatabaseError, SetDurabilityError, StorageError, TableError, TransactionError);
