//! Restoring a backup: into an empty store, whole or so that nobody takes it for whole.
//!
//! The first commit writes a marker, the last one removes it together with the last records. In between, and after a crash,
//! no instance is built on the store; another restore clears what is there.

use std::io::Read;

use keystead_crypto::{DefaultProvider, Provider};
use keystead_hierarchy::RootKey;
use keystead_store::{Batch, Expect, Range, Revision, Store, StoreError};

use super::reader::{BackupReader, Page};
use super::{BackupSummary, RestoreError};

/// Brings a backup, up to the end of `input`, into an empty store of any backend. `root_key` is the one of the instance
/// that was backed up; [`replace_root_key`](crate::replace_root_key) can give the store another one afterwards.
///
/// When it breaks off (a damaged backup, a failing store, a crash), the store is empty or refused by
/// [`KmsBuilder::build`](crate::KmsBuilder::build). Another restore into the same store begins anew.
///
/// It goes back in time: what was deleted since is there again, with the grants and policies of that moment, and what was
/// created or rotated since is lost. Audit records and events that were not delivered at that moment are delivered again.
///
/// # Errors
/// [`RestoreError`], which says what is in the store now.
pub fn restore_backup(
    store: &dyn Store,
    root_key: &dyn RootKey,
    input: impl Read,
) -> Result<BackupSummary, RestoreError> {
    restore_backup_with(store, root_key, input, &DefaultProvider::new())
}

/// As [`restore_backup`], with a cryptographic provider of the host's choice.
///
/// # Errors
/// As [`restore_backup`].
pub fn restore_backup_with(
    store: &dyn Store,
    root_key: &dyn RootKey,
    input: impl Read,
    provider: &dyn Provider,
) -> Result<BackupSummary, RestoreError> {
    let mut backup = BackupReader::open(input, root_key, provider)?;
    // Nothing is written before something of the backup has proven authentic.
    let mut page = backup.page()?;
    let marker = begin(store)?;
    loop {
        let Page { records, is_last } = page;
        let mut batch = Batch::new();
        for (key, value) in records {
            if *key == *MARKER {
                return Err(RestoreError::Malformed("it was made of a store that was being restored"));
            }
            batch.put(key, value, Expect::Absent);
        }
        if is_last {
            batch.delete(MARKER, Expect::Revision(marker));
            store.commit(batch)?;
            return Ok(backup.summary());
        }
        // Somebody else who restores into this store has taken the marker over.
        batch.check(MARKER, Expect::Revision(marker));
        store.commit(batch)?;
        page = backup.page()?;
    }
}

/// Whether the store holds what is left of a restore that was not finished.
pub(crate) fn is_unfinished(store: &dyn Store) -> Result<bool, StoreError> {
    Ok(store.get(MARKER)?.is_some())
}

/// Marks an empty store, or one with what is left of another restore, which is cleared.
fn begin(store: &dyn Store) -> Result<Revision, RestoreError> {
    let former = store.get(MARKER)?;
    if former.is_none() && !store.scan(&Range::all(), 1)?.is_empty() {
        return Err(RestoreError::NotEmpty);
    }
    let mut batch = Batch::new();
    batch.put(MARKER, *b"", Expect::unchanged(former.as_ref()));
    let marker = store.commit(batch)?;
    loop {
        let page = store.scan(&Range::all(), CLEARING_PAGE)?;
        let mut batch = Batch::new();
        for (key, entry) in page.iter().filter(|(key, _)| **key != *MARKER) {
            // What was written since was written by somebody else.
            if former.is_none() || entry.revision > marker {
                let mut batch = Batch::new();
                batch.delete(MARKER, Expect::Revision(marker));
                store.commit(batch)?;
                return Err(RestoreError::Contended);
            }
            batch.delete(key, Expect::Revision(entry.revision));
        }
        if batch.is_empty() {
            return Ok(marker);
        }
        batch.check(MARKER, Expect::Revision(marker));
        store.commit(batch)?;
    }
}

/// The record of a store into which a backup is being restored.
const MARKER: &[u8] = b"\0restore\0unfinished";
/// Records deleted at a time. More than one, as the marker is not.
const CLEARING_PAGE: usize = 256;
