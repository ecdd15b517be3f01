//! What can go wrong in a store.

use std::error::Error;

use crate::{Key, MAX_KEY_LEN, MAX_VALUE_LEN};

/// A fault of the backend itself: the caller did nothing wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The store cannot be reached now; the same call may succeed later. That threads of this process get in each other's
    /// way is no such thing: the store lets one wait for the other.
    #[error("store is unavailable: try again")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
    /// What is stored is damaged: restore it from a backup.
    #[error("store is damaged: restore it from a backup")]
    Corrupt(#[source] Box<dyn Error + Send + Sync>),
    /// Anything else, such as a full disk or a lack of permission; the source says what to mend.
    #[error("store failed")]
    Failed(#[source] Box<dyn Error + Send + Sync>),
}

impl StoreError {
    /// Whether the same call may succeed later without anybody mending anything.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }
}

/// Why a commit did not succeed, and what became of it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CommitError {
    /// A precondition does not hold; nothing was applied.
    #[error("record `{key}` is not in the expected state: read it again and decide anew")]
    Conflict {
        /// A record whose precondition failed; if several did, any of them.
        key: Key,
    },
    /// The batch breaks a rule, whatever the store holds; nothing was applied.
    #[error(transparent)]
    Invalid(#[from] InvalidBatch),
    /// The backend is at fault; nothing was applied, and nothing will be, as the engine guarantees.
    #[error("commit failed and changed nothing")]
    Failed(#[source] StoreError),
    /// The backend is at fault. The batch was applied whole or not at all, but the backend cannot tell which.
    #[error("commit may or may not have happened: read its records again")]
    Unknown(#[source] StoreError),
}

/// A rule of [`Batch`](crate::Batch) that a batch breaks: a mistake in the caller's code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidBatch {
    /// Two operations name one key.
    #[error("batch names the key `{key}` twice: merge the operations")]
    DuplicateKey {
        /// The key.
        key: Key,
    },
    /// An operation names the empty key.
    #[error("batch names the empty key: give it at least one byte")]
    EmptyKey,
    /// A key is longer than [`MAX_KEY_LEN`].
    #[error("batch names a key of {len} bytes: the limit is {MAX_KEY_LEN}")]
    KeyTooLong {
        /// Its length in bytes.
        len: usize,
    },
    /// A value is longer than [`MAX_VALUE_LEN`].
    #[error("batch puts {len} bytes at the key `{key}`: the limit is {MAX_VALUE_LEN}")]
    ValueTooLong {
        /// The record.
        key: Key,
        /// The length of its value in bytes.
        len: usize,
    },
}
