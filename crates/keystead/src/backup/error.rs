//! What can go wrong with a backup.

use std::io;

use keystead_crypto::CryptoError;
use keystead_hierarchy::RootKeyError;
use keystead_store::{CommitError, StoreError};

/// Why a backup was not made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackupError {
    /// The store cannot be read.
    #[error("the store cannot be read: {0}")]
    Store(#[from] StoreError),
    /// The root key cannot seal.
    #[error("root key: {0}")]
    RootKey(#[from] RootKeyError),
    /// The root key seals a key of 32 bytes to more than 65,535.
    #[error("the root key seals the key of the backup to {len} bytes: use one that needs at most 65,535")]
    SealedKeyTooLong {
        /// Bytes of the sealed key.
        len: usize,
    },
    /// A fault of provider or entropy.
    #[error("cryptography: {0}")]
    Crypto(#[from] CryptoError),
    /// The backup cannot be written.
    #[error("the backup cannot be written: {0}")]
    Io(#[from] io::Error),
}

/// Why a backup was not restored. Each variant says what the store holds now.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RestoreError {
    /// The bytes do not begin like a backup. Nothing was written.
    #[error("this is not a backup: give what `Kms::backup` wrote")]
    NotABackup,
    /// A newer version of Keystead wrote it. Nothing was written.
    #[error("the backup has format {found}, and this version knows formats up to {known}: use a newer one")]
    NewerFormat {
        /// Its format version.
        found: u8,
        /// The newest that is known here.
        known: u8,
    },
    /// Another root key sealed the backup, or this one cannot be used. Nothing was written.
    #[error("the backup does not open with this root key: {0}")]
    RootKey(#[source] RootKeyError),
    /// The beginning of the backup was changed or cut off. Nothing was written.
    #[error("the header of the backup is damaged: take another copy of it")]
    DamagedHeader,
    /// A piece was changed, cut off, or is not in its place. If it is not the first, the store holds the beginning of the
    /// backup, and no instance can be built on it.
    #[error("the backup is damaged or cut off at chunk {chunk}: restore another copy of it into the same store")]
    Damaged {
        /// The number of the chunk, from 0.
        chunk: u64,
    },
    /// It is authentic, but holds what no backup holds. Not caused by damage.
    #[error("the backup makes no sense ({0}): use the version of Keystead that wrote it")]
    Malformed(&'static str),
    /// The store has records. It was left as it is.
    #[error("the store is not empty: restore into a new one")]
    NotEmpty,
    /// Something else writes the store: an instance, or another restore.
    #[error("something else writes the store: end it, and restore into a new one")]
    Contended,
    /// The backup cannot be read. Begin anew, with the same store.
    #[error("the backup cannot be read: {0}")]
    Io(#[from] io::Error),
    /// The store fails. Begin anew, with the same store, when that is mended.
    #[error("the store fails: {0}")]
    Store(#[from] StoreError),
    /// A fault of the provider.
    #[error("cryptography: {0}")]
    Crypto(#[from] CryptoError),
}

impl From<RootKeyError> for RestoreError {
    fn from(error: RootKeyError) -> Self {
        match error {
            // The root key speaks of domain keys.
            RootKeyError::Damaged => Self::DamagedHeader,
            other => Self::RootKey(other),
        }
    }
}

impl From<CommitError> for RestoreError {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Conflict { .. } => Self::Contended,
            CommitError::Failed(error) | CommitError::Unknown(error) => Self::Store(error),
            // Records are checked as they are read.
            _ => Self::Malformed("a record that no store takes"),
        }
    }
}
