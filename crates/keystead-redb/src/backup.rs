//! Backups.

use std::io;
use std::path::Path;

use keystead_store::StoreError;
use redb::{Database, Durability, ReadTransaction, ReadableTable};

use crate::error::Problem;
use crate::file::{Draft, shielded};
use crate::format::{self, RECORDS};
use crate::{BackupError, RedbStore};

impl RedbStore {
    /// Writes the state of this moment to a new file, while others read and commit on. The file is a store itself: to
    /// restore, put it in the place of the one that was lost. It appears under its name when it is whole and on disk, and
    /// only its owner may read or write it.
    ///
    /// A backup holds key material only under the root key, which must be kept elsewhere. It brings back the state it was
    /// made of: keys deleted since are there again, and what was created since is lost.
    ///
    /// # Errors
    /// [`BackupError`]; then there is no new file.
    pub fn backup_to(&self, path: impl AsRef<Path>) -> Result<(), BackupError> {
        let path = path.as_ref();
        let write = |error| match io::Error::kind(&error) {
            io::ErrorKind::AlreadyExists => BackupError::Exists { path: path.to_owned() },
            _ => BackupError::Write { path: path.to_owned(), error },
        };
        if path.try_exists().map_err(write)? {
            return Err(BackupError::Exists { path: path.to_owned() });
        }
        let source = self.view().map_err(BackupError::Read)?;
        let draft = Draft::new(path).map_err(write)?;
        let copied = shielded(|| {
            let target = draft.database(CACHE_SIZE)?;
            Ok(copy(&source, &target))
        });
        match copied {
            Ok(Ok(())) => draft.publish(path).map_err(write),
            Ok(Err(Failure::Read(problem))) => Err(BackupError::Read(StoreError::from(problem))),
            Ok(Err(Failure::Write(Problem::Io(error)))) | Err(Problem::Io(error)) => Err(write(error)),
            Ok(Err(Failure::Write(problem))) | Err(problem) => Err(write(io::Error::other(problem.to_string()))),
        }
    }
}

/// On which side a copy failed.
enum Failure {
    Read(Problem),
    Write(Problem),
}

fn copy(source: &ReadTransaction, target: &Database) -> Result<(), Failure> {
    let read = |problem: Problem| Failure::Read(problem);
    let write = |problem: Problem| Failure::Write(problem);
    let records = source.open_table(RECORDS).map_err(|error| read(error.into()))?;
    let mut left = records.iter().map_err(|error| read(error.into()))?.peekable();
    while left.peek().is_some() {
        let mut transaction = target.begin_write().map_err(|error| write(error.into()))?;
        // The last commit makes all of them durable.
        transaction.set_durability(Durability::None).map_err(|error| write(error.into()))?;
        {
            let mut table = transaction.open_table(RECORDS).map_err(|error| write(error.into()))?;
            for record in left.by_ref().take(RECORDS_A_COMMIT) {
                let (key, stored) = record.map_err(|error| read(error.into()))?;
                table.insert(key.value(), stored.value()).map_err(|error| write(error.into()))?;
            }
        }
        transaction.commit().map_err(|error| write(error.into()))?;
    }
    let last = format::last_revision(source).map_err(read)?;
    format::initialize(target, last).map_err(write)
}

const RECORDS_A_COMMIT: usize = 10_000;
const CACHE_SIZE: usize = 16 * 1024 * 1024;
