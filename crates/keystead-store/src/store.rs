//! The contract.

use std::fmt;
use std::sync::Arc;

use crate::{Batch, CommitError, Key, Range, StoreError};

/// A storage backend: an ordered map from keys to entries that changes by whole batches.
///
/// # What every backend promises
///
/// - **Atomic.** A commit is applied whole or not at all, whatever fails: power, process, network. No reader ever sees
///   part of one.
/// - **Serial.** All commits take place in one total order, that of their revisions. The preconditions of a commit are
///   judged on the state that its predecessors left, and nothing comes between judgment and writing.
/// - **Visible at once.** When a commit has returned, every read that starts afterwards, on any thread, sees it.
/// - **Consistent reads.** One `get` or one `scan` shows one state between two commits. Two calls may show two;
///   a [`snapshot`](Self::snapshot) shows one to any number.
/// - **Durable**, if the backend [says so](Self::is_durable): when a commit has returned it survives a crash. So do the revisions: after
///   reopening, new ones are greater than every one ever given, also if the records that bore them are gone.
/// - **Uninterpreted.** Keys compare as byte strings; values are returned exactly as given.
///
/// Calls may block, on a disk or a network. An error of one call leaves the store usable for others.
pub trait Store: fmt::Debug + Send + Sync + 'static {
    /// The entry at a key, or `None`. A key that no batch would take (empty or too long) is merely absent.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the answer cannot be given; never for an absent key.
    fn get(&self, key: &[u8]) -> Result<Option<Entry>, StoreError>;

    /// The first entries of a range, in ascending byte order of their keys.
    ///
    /// Returns `limit` entries, or all that there are: fewer than `limit` means that the range is exhausted. The next
    /// page is the same range [`after`](Range::after) the last key. `limit` may be 0, or `usize::MAX` for all records of a long
    /// range: a backend whose engine gives less at once asks again, within one state.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the answer cannot be given in full.
    fn scan(&self, range: &Range, limit: usize) -> Result<Vec<(Key, Entry)>, StoreError>;

    /// Applies a batch if all its preconditions hold, and returns the revision that all records it put now bear.
    ///
    /// The revision is greater than that of every earlier commit. A batch that writes nothing gets one as well, and a durable
    /// backend remembers it. Numbers may be left out, as by commits that did not succeed.
    ///
    /// Commits of other threads are no fault: a commit waits for them, or is tried again in here.
    ///
    /// # Errors
    ///
    /// - [`CommitError::Conflict`]: a precondition does not hold, as was read; nothing was applied. Of several commits
    ///   that conflict only with each other, one succeeds.
    /// - [`CommitError::Invalid`]: the batch breaks a rule of [`Batch`]; nothing was applied.
    /// - [`CommitError::Failed`]: the backend is at fault; nothing was applied, and nothing will be. Where the engine does not
    ///   guarantee that, the answer is `Unknown`.
    /// - [`CommitError::Unknown`]: the backend is at fault, and cannot tell. The batch was applied whole or not at all;
    ///   the revisions of its records tell which, once the store can be read.
    fn commit(&self, batch: Batch) -> Result<Revision, CommitError>;

    /// The present state, kept as it is for as many reads as its holder needs, while commits go on.
    ///
    /// It shows every commit that had returned before the call and none that begins after it has returned. Taking one may
    /// take as long as the backend needs to make a copy, and holding one may cost what was replaced since: it is for
    /// backups and the like, and dropped when they are done or have met an error.
    ///
    /// In memory it is a copy of the map, made when the first commit follows; in redb and in a SQL database a read
    /// transaction (`REPEATABLE READ` or stronger, read only; begun with a read, where `BEGIN` alone fixes no state); in etcd and TiKV reads at the revision or timestamp of the
    /// moment, which the backend keeps from being compacted. Where the engine ends long transactions, as FoundationDB does
    /// after seconds, the backend holds back commits while it sets a copy aside.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if there is none to be had.
    fn snapshot(&self) -> Result<Box<dyn Snapshot + '_>, StoreError>;

    /// Whether records are meant to outlive the process, so that whoever seals them needs a key that does so too.
    ///
    /// The answer is the same throughout the life of a store. A store that wraps another gives that one's answer.
    fn is_durable(&self) -> bool {
        false
    }
}

/// One state of a store between two commits, which never changes: what [`Store::snapshot`] gives.
pub trait Snapshot: fmt::Debug + Send {
    /// The first entries of a range in this state, by the rules of [`Store::scan`].
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the answer cannot be given in full. Once the backend can no longer show this state, every call
    /// fails.
    fn scan(&self, range: &Range, limit: usize) -> Result<Vec<(Key, Entry)>, StoreError>;
}

/// A position in the order of all commits of a store.
///
/// Each commit gets one, greater than all before it, not necessarily by one. It names the state of a record: a record
/// that was deleted and made again bears another, so equal revisions mean that nothing happened in between. Zero is
/// before the first commit and never given to one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision(pub u64);

impl Revision {
    /// The revision after this one, for backends that count. At any real rate of commits 64 bits do not run out.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A record as it was read: its value, and the commit that wrote it.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry {
    /// The bytes that were put. Cloning shares them.
    pub value: Arc<[u8]>,
    /// The commit that put them.
    pub revision: Revision,
}

impl fmt::Debug for Entry {
    /// Shows the length of the value, not its bytes, which are none of a log's business.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Entry({} bytes, revision {})", self.value.len(), self.revision)
    }
}

impl<S: Store + ?Sized> Store for Arc<S> {
    fn get(&self, key: &[u8]) -> Result<Option<Entry>, StoreError> {
        self.as_ref().get(key)
    }

    fn scan(&self, range: &Range, limit: usize) -> Result<Vec<(Key, Entry)>, StoreError> {
        self.as_ref().scan(range, limit)
    }

    fn commit(&self, batch: Batch) -> Result<Revision, CommitError> {
        self.as_ref().commit(batch)
    }

    fn snapshot(&self) -> Result<Box<dyn Snapshot + '_>, StoreError> {
        self.as_ref().snapshot()
    }

    fn is_durable(&self) -> bool {
        self.as_ref().is_durable()
    }
}
