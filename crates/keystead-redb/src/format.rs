//! The tables of a store file (`docs/formats/store-file.md`).

use keystead_store::{Entry, Revision};
use redb::{Database, Durability, ReadTransaction, ReadableDatabase, ReadableTable, TableDefinition, WriteTransaction};

use crate::error::Problem;

/// The format version of the files that this version writes, and the newest that it reads.
pub const FORMAT_VERSION: u64 = 1;

/// From the key of a record to its revision, 8 bytes big-endian, followed by its value.
pub(crate) const RECORDS: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("keystead.records");

/// What the file says about itself.
pub(crate) const FILE: TableDefinition<'_, &str, u64> = TableDefinition::new("keystead.file");

/// In [`FILE`]: the revision of the last commit.
const LAST_REVISION: &str = "revision";

/// In [`FILE`]: the format version.
const FORMAT: &str = "format";

/// Makes the tables of an empty database.
pub(crate) fn initialize(database: &Database, last: Revision) -> Result<(), Problem> {
    let mut transaction = database.begin_write()?;
    transaction.set_durability(Durability::Immediate)?;
    transaction.open_table(FILE)?.insert(FORMAT, FORMAT_VERSION)?;
    transaction.open_table(RECORDS)?;
    set_last_revision(&transaction, last)?;
    Ok(transaction.commit()?)
}

/// Whether the database is a store of a known format, and the revision of its last commit.
pub(crate) fn check(database: &Database) -> Result<Revision, Problem> {
    let transaction = database.begin_read()?;
    let found = value(&transaction, FORMAT)?.ok_or(Problem::NotAStore)?;
    if found > FORMAT_VERSION {
        return Err(Problem::NewerFormat { found, known: FORMAT_VERSION });
    }
    transaction.open_table(RECORDS)?;
    last_revision(&transaction)
}

pub(crate) fn last_revision(transaction: &ReadTransaction) -> Result<Revision, Problem> {
    let last = value(transaction, LAST_REVISION)?;
    last.map(Revision).ok_or_else(|| Problem::Damaged("the last revision is missing".into()))
}

/// Gives the next revision to the commit that is being made.
pub(crate) fn next_revision(transaction: &WriteTransaction) -> Result<Revision, Problem> {
    let last = transaction.open_table(FILE)?.get(LAST_REVISION)?.map(|guard| guard.value());
    let next = Revision(last.ok_or_else(|| Problem::Damaged("the last revision is missing".into()))?).next();
    set_last_revision(transaction, next)?;
    Ok(next)
}

/// A record as it stands in [`RECORDS`].
pub(crate) fn encode(revision: Revision, value: &[u8]) -> Vec<u8> {
    [&revision.0.to_be_bytes(), value].concat()
}

pub(crate) fn decode(stored: &[u8]) -> Result<Entry, Problem> {
    let (revision, value) = split(stored)?;
    Ok(Entry { value: value.into(), revision })
}

pub(crate) fn revision_of(stored: &[u8]) -> Result<Revision, Problem> {
    split(stored).map(|(revision, _)| revision)
}

fn split(stored: &[u8]) -> Result<(Revision, &[u8]), Problem> {
    let (revision, value) =
        stored.split_first_chunk().ok_or_else(|| Problem::Damaged("a record is too short".into()))?;
    Ok((Revision(u64::from_be_bytes(*revision)), value))
}

fn value(transaction: &ReadTransaction, name: &str) -> Result<Option<u64>, Problem> {
    Ok(transaction.open_table(FILE)?.get(name)?.map(|guard| guard.value()))
}

fn set_last_revision(transaction: &WriteTransaction, revision: Revision) -> Result<(), Problem> {
    transaction.open_table(FILE)?.insert(LAST_REVISION, revision.0)?;
    Ok(())
}
