//! The store.

use std::cell::Cell;
use std::fmt;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use keystead_store::{Action, Batch, CommitError, Entry, Key, Operation, Range, Revision, Snapshot, Store, StoreError};
use redb::{Database, ReadTransaction, ReadableDatabase, ReadableTable, WriteTransaction};

use crate::error::Problem;
use crate::file::{Medium, shielded};
use crate::format::{self, RECORDS};
use crate::{Durability, OpenError, RedbStoreBuilder};

/// A store in one file.
///
/// Readers see the latest commit and wait for no writer. Commits are made one after the other. The file is closed when
/// the store is dropped.
pub struct RedbStore {
    medium: Box<dyn Medium>,
    durability: Durability,
    /// `None` after an error, until the next call. Whoever reads or commits holds the lock shared; only to open the
    /// file anew takes it alone.
    database: RwLock<Option<Database>>,
    /// How often an error has closed the file. It rises while the lock is taken alone.
    closings: AtomicU64,
    /// The last revision that a caller was given: what must be there when the file is opened anew.
    acknowledged: AtomicU64,
}

impl RedbStore {
    /// Opens the store at `path`, or makes an empty one there, with every default of [`RedbStoreBuilder`].
    ///
    /// # Errors
    /// [`OpenError`]. A file that is not a store is left as it is.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        Self::builder().open(path)
    }

    /// Chooses how a store is opened.
    pub fn builder() -> RedbStoreBuilder {
        RedbStoreBuilder::default()
    }

    pub(crate) fn on(medium: Box<dyn Medium>, durability: Durability) -> Result<Self, Problem> {
        let (database, last) = open_and_check(medium.as_ref())?;
        let acknowledged = AtomicU64::new(last.0);
        Ok(Self {
            medium,
            durability,
            database: RwLock::new(Some(database)),
            closings: AtomicU64::new(0),
            acknowledged,
        })
    }

    /// A view of the present state that lasts, whatever is committed later.
    pub(crate) fn view(&self) -> Result<ReadTransaction, StoreError> {
        self.attempt(|database| Ok(database.begin_read()?))
    }

    /// Runs a piece of work on the open database. After an error of the disk it is closed, to be opened anew.
    fn attempt<T>(&self, work: impl FnOnce(&Database) -> Result<T, Problem>) -> Result<T, StoreError> {
        let result = {
            let slot = self.opened()?;
            // The guard keeps the file open; nobody empties the slot meanwhile.
            shielded(|| work(slot.as_ref().ok_or(Problem::Latched)?))
        };
        result.map_err(|problem| self.react(problem))
    }

    fn react(&self, problem: Problem) -> StoreError {
        if problem.closes() {
            let mut slot = self.slot_alone();
            drop(slot.take());
            self.closings.fetch_add(1, Ordering::SeqCst);
        }
        problem.into()
    }

    fn opened(&self) -> Result<RwLockReadGuard<'_, Option<Database>>, StoreError> {
        {
            let slot = self.database.read().unwrap_or_else(PoisonError::into_inner);
            if slot.is_some() {
                return Ok(slot);
            }
        }
        let mut slot = self.slot_alone();
        if slot.is_none() {
            let (database, last) = open_and_check(self.medium.as_ref())?;
            if last.0 < self.acknowledged.load(Ordering::SeqCst) {
                return Err(Problem::Behind.into());
            }
            *slot = Some(database);
        }
        Ok(RwLockWriteGuard::downgrade(slot))
    }

    fn slot_alone(&self) -> RwLockWriteGuard<'_, Option<Database>> {
        self.database.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether this commit must be on disk before it returns.
    fn is_synced(&self, revision: Revision) -> bool {
        match self.durability {
            Durability::Immediate => true,
            Durability::Eventual => revision.0.is_multiple_of(EVENTUAL_COMMITS),
        }
    }
}

impl Store for RedbStore {
    fn get(&self, key: &[u8]) -> Result<Option<Entry>, StoreError> {
        self.attempt(|database| {
            // The table keeps the transaction open, without which the page of what was found may be freed.
            let records = database.begin_read()?.open_table(RECORDS)?;
            let found = records.get(key)?;
            found.map(|stored| format::decode(stored.value())).transpose()
        })
    }

    fn scan(&self, range: &Range, limit: usize) -> Result<Vec<(Key, Entry)>, StoreError> {
        self.attempt(|database| page(&database.begin_read()?, range, limit))
    }

    fn commit(&self, batch: Batch) -> Result<Revision, CommitError> {
        let operations = batch.into_operations()?;
        let is_uncertain = Cell::new(false);
        let outcome = self.attempt(|database| {
            let mut transaction = database.begin_write()?;
            if let Some(key) = first_conflict(&transaction, &operations)? {
                transaction.abort()?;
                return Ok(Err(CommitError::Conflict { key }));
            }
            let revision = format::next_revision(&transaction)?;
            apply(&transaction, operations, revision)?;
            if !self.is_synced(revision) {
                transaction.set_durability(redb::Durability::None)?;
            }
            is_uncertain.set(true);
            transaction.commit()?;
            self.acknowledged.fetch_max(revision.0, Ordering::SeqCst);
            Ok(Ok(revision))
        });
        match outcome {
            Ok(result) => result,
            Err(error) if is_uncertain.get() => Err(CommitError::Unknown(error)),
            Err(error) => Err(CommitError::Failed(error)),
        }
    }

    fn snapshot(&self) -> Result<Box<dyn Snapshot + '_>, StoreError> {
        self.attempt(|database| {
            let (closings, transaction) = (self.closings.load(Ordering::SeqCst), database.begin_read()?);
            Ok(Box::new(RedbSnapshot { store: self, closings, transaction }) as Box<dyn Snapshot + '_>)
        })
    }

    fn is_durable(&self) -> bool {
        true
    }
}

/// A read transaction. It ends for good when an error closes the file: once that is opened anew, nothing keeps the pages of
/// this state from being overwritten.
struct RedbSnapshot<'s> {
    store: &'s RedbStore,
    /// How often the file had been closed when the transaction began.
    closings: u64,
    transaction: ReadTransaction,
}

impl Snapshot for RedbSnapshot<'_> {
    fn scan(&self, range: &Range, limit: usize) -> Result<Vec<(Key, Entry)>, StoreError> {
        let result = {
            // The guard keeps the file from being opened anew meanwhile.
            let _slot = self.store.database.read().unwrap_or_else(PoisonError::into_inner);
            if self.store.closings.load(Ordering::SeqCst) != self.closings {
                return Err(Problem::Latched.into());
            }
            shielded(|| page(&self.transaction, range, limit))
        };
        result.map_err(|problem| self.store.react(problem))
    }
}

impl fmt::Debug for RedbSnapshot<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedbSnapshot").field("store", &self.store).finish_non_exhaustive()
    }
}

impl fmt::Debug for RedbStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedbStore").field("medium", &self.medium).finish_non_exhaustive()
    }
}

fn open_and_check(medium: &dyn Medium) -> Result<(Database, Revision), Problem> {
    shielded(|| {
        let database = medium.open()?;
        let last = format::check(&database)?;
        Ok((database, last))
    })
}

fn page(transaction: &ReadTransaction, range: &Range, limit: usize) -> Result<Vec<(Key, Entry)>, Problem> {
    let records = transaction.open_table(RECORDS)?;
    let found = records.range::<&[u8]>(range.bounds())?.take(limit);
    found
        .map(|record| {
            let (key, stored) = record?;
            Ok((Key::from(key.value()), format::decode(stored.value())?))
        })
        .collect()
}

fn first_conflict(transaction: &WriteTransaction, operations: &[Operation]) -> Result<Option<Key>, Problem> {
    let records = transaction.open_table(RECORDS)?;
    for operation in operations {
        let found = records.get(&*operation.key)?.map(|stored| format::revision_of(stored.value())).transpose()?;
        if !operation.expect.holds(found) {
            return Ok(Some(operation.key.clone()));
        }
    }
    Ok(None)
}

fn apply(transaction: &WriteTransaction, operations: Vec<Operation>, revision: Revision) -> Result<(), Problem> {
    let mut records = transaction.open_table(RECORDS)?;
    for Operation { key, action, .. } in operations {
        match action {
            Action::Put(value) => drop(records.insert(&*key, &*format::encode(revision, &value))?),
            Action::Delete => drop(records.remove(&*key)?),
            Action::Check => {}
        }
    }
    Ok(())
}

/// How many commits [`Durability::Eventual`] makes durable at once.
const EVENTUAL_COMMITS: u64 = 100;
