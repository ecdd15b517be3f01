//! Sealed backups of a whole store, from any backend to any other.
//!
//! [`Kms::backup`] writes the state of one moment as a stream of bytes that only the root key opens, while calls go on;
//! [`restore_backup`] brings it into an empty store. `docs/formats/backup.md` has every byte.
//!
//! Records travel as they stand in the store: key material stays in its exported key tokens, under the domain keys that
//! the root key seals (OVR-12). So a backup alone is worthless, and so is the root key alone.

mod chunks;
mod error;
mod header;
mod reader;
mod restore;
#[cfg(test)]
mod tests;
mod writer;

use std::io::Write;

use keystead_types::Timestamp;

use crate::kms::Kms;

pub use error::{BackupError, RestoreError};
pub(crate) use restore::is_unfinished;
pub use restore::{restore_backup, restore_backup_with};

impl Kms {
    /// Writes the state of this moment, sealed by the root key, and flushes `out`. Calls go on meanwhile and none of them
    /// waits; what they change is not in the backup. It needs memory for a page of records, and the store perhaps for what
    /// is replaced meanwhile ([`Store::snapshot`](crate::store::Store::snapshot)).
    ///
    /// What is in a backup is what a crash at that moment would have left: all of every commit or none of it, but of the
    /// uses of keys only what was saved by then (see [`Kms::sweep`]).
    ///
    /// ```
    /// use keystead::{Caller, EphemeralRootKey, Kms, restore_backup};
    /// use keystead_memory::MemoryStore;
    /// use std::sync::Arc;
    ///
    /// let root_key = Arc::new(EphemeralRootKey::generate()?);
    /// let kms = Kms::builder().root_key(Arc::clone(&root_key)).build()?;
    /// let client = kms.client("us-west-2", Caller::account_root("111122223333")?)?;
    /// let key = client.create_key().send()?.key_metadata.key_id;
    /// let sealed = client.encrypt(key, b"4111 1111 1111 1111").send()?;
    ///
    /// let mut backup = Vec::new();
    /// kms.backup(&mut backup)?;
    ///
    /// let store = MemoryStore::new();
    /// restore_backup(&store, &root_key, backup.as_slice())?;
    /// let restored = Kms::builder().store(store).root_key(root_key).build()?;
    /// let client = restored.client("us-west-2", Caller::account_root("111122223333")?)?;
    /// assert_eq!(client.decrypt(&sealed.ciphertext_blob).send()?.expose(), b"4111 1111 1111 1111");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`BackupError`]. What was written until then is no backup and will not be restored.
    pub fn backup(&self, out: impl Write) -> Result<BackupSummary, BackupError> {
        let engine = &self.engine;
        let snapshot = engine.store.snapshot()?;
        let seal = writer::Seal {
            root_key: engine.root_key.as_ref(),
            provider: engine.provider.as_ref(),
            entropy: engine.entropy.as_ref(),
        };
        writer::write(snapshot.as_ref(), engine.now(), seal, out)
    }
}

/// What a backup holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BackupSummary {
    /// Records of the store: several for each key.
    pub records: u64,
    /// When it was made, by the clock of the instance that made it.
    pub taken_at: Timestamp,
}

/// What comes before a record.
const RECORD: u8 = 1;
/// What comes before the number of records, at the end.
const END: u8 = 0;
