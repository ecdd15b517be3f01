//! What a commit carries.

use std::fmt;
use std::sync::Arc;

use crate::{Entry, InvalidBatch, Key, MAX_KEY_LEN, MAX_VALUE_LEN, Revision};

/// Writes that happen together or not at all, each with a precondition.
///
/// A valid batch names each key at most once; its keys have 1 to [`MAX_KEY_LEN`] bytes and its values at most
/// [`MAX_VALUE_LEN`]. Preconditions are judged on the state before the batch, so the order of operations means nothing.
///
/// Every backend takes batches of 2,000 operations, and of 16 values of full length. The largest that Keystead makes delete a
/// key with all its grants, two operations for each. An engine with a bound beyond refuses a larger batch with
/// [`CommitError::Failed`](crate::CommitError::Failed) and says why; its host lowers the quota of grants per key.
///
/// ```
/// use keystead_store::{Batch, Expect, Revision};
///
/// let mut batch = Batch::new();
/// batch
///     .put("alias/orders", *b"1234abcd", Expect::Absent)
///     .put("count", *b"8", Expect::Revision(Revision(41)))
///     .check("key/1234abcd", Expect::Revision(Revision(40)));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Batch {
    operations: Vec<Operation>,
}

impl Batch {
    /// A batch that does nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Writes a record, in place of the one that is there, if any.
    pub fn put(&mut self, key: impl Into<Key>, value: impl Into<Arc<[u8]>>, expect: Expect) -> &mut Self {
        self.push(key, expect, Action::Put(value.into()))
    }

    /// Removes a record. That none is there is no fault unless `expect` says so.
    pub fn delete(&mut self, key: impl Into<Key>, expect: Expect) -> &mut Self {
        self.push(key, expect, Action::Delete)
    }

    /// Writes nothing at this key, but lets the whole batch depend on its state.
    pub fn check(&mut self, key: impl Into<Key>, expect: Expect) -> &mut Self {
        self.push(key, expect, Action::Check)
    }

    /// Takes over the operations of another batch.
    pub fn append(&mut self, other: Batch) -> &mut Self {
        self.operations.extend(other.operations);
        self
    }

    /// Number of operations, checks included.
    pub fn len(&self) -> usize {
        self.operations.len()
    }

    /// Whether there are no operations.
    pub fn is_empty(&self) -> bool {
        self.operations.is_empty()
    }

    /// The operations in ascending order of their keys: what a backend works on. There is no way to them but through
    /// the rules.
    ///
    /// # Errors
    ///
    /// [`InvalidBatch`] if the batch breaks a rule.
    pub fn into_operations(self) -> Result<Vec<Operation>, InvalidBatch> {
        let mut operations = self.operations;
        operations.iter().try_for_each(Operation::validate)?;
        operations.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        match operations.windows(2).find(|pair| pair[0].key == pair[1].key) {
            Some(pair) => Err(InvalidBatch::DuplicateKey { key: pair[0].key.clone() }),
            None => Ok(operations),
        }
    }

    fn push(&mut self, key: impl Into<Key>, expect: Expect, action: Action) -> &mut Self {
        self.operations.push(Operation { key: key.into(), expect, action });
        self
    }
}

/// One operation of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// The record concerned.
    pub key: Key,
    /// What must be true of it before the batch.
    pub expect: Expect,
    /// What happens to it.
    pub action: Action,
}

impl Operation {
    fn validate(&self) -> Result<(), InvalidBatch> {
        if self.key.is_empty() {
            return Err(InvalidBatch::EmptyKey);
        }
        if self.key.len() > MAX_KEY_LEN {
            return Err(InvalidBatch::KeyTooLong { len: self.key.len() });
        }
        match &self.action {
            Action::Put(value) if value.len() > MAX_VALUE_LEN => {
                Err(InvalidBatch::ValueTooLong { key: self.key.clone(), len: value.len() })
            }
            _ => Ok(()),
        }
    }
}

/// A precondition: the state in which a record must be before the batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// Any state.
    Any,
    /// There is no such record.
    Absent,
    /// The record is there, and bears exactly this revision.
    Revision(Revision),
}

impl Expect {
    /// The state in which a record was read: nothing happened to it since.
    pub fn unchanged(read: Option<&Entry>) -> Self {
        read.map_or(Self::Absent, |entry| Self::Revision(entry.revision))
    }

    /// Whether the precondition holds for a record that bears this revision, or is absent.
    pub fn holds(self, found: Option<Revision>) -> bool {
        match self {
            Self::Any => true,
            Self::Absent => found.is_none(),
            Self::Revision(expected) => found == Some(expected),
        }
    }
}

/// What an operation does to its record.
#[derive(Clone, PartialEq, Eq)]
pub enum Action {
    /// Writes this value.
    Put(Arc<[u8]>),
    /// Removes the record, if it is there.
    Delete,
    /// Nothing: only the precondition counts.
    Check,
}

impl fmt::Debug for Action {
    /// Shows the length of a value, not its bytes, which are none of a log's business.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Put(value) => write!(f, "Put({} bytes)", value.len()),
            Self::Delete => f.write_str("Delete"),
            Self::Check => f.write_str("Check"),
        }
    }
}
