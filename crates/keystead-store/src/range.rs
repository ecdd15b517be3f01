//! Ranges of keys.

use std::fmt;
use std::ops::Bound;

/// A half-open interval of keys in byte order: from [`start`](Self::start), inclusive, to [`end`](Self::end),
/// exclusive.
///
/// The start never exceeds the end, so that [`bounds`](Self::bounds) may be given to `BTreeMap::range` as it is.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Range {
    start: Vec<u8>,
    end: Option<Vec<u8>>,
}

impl Range {
    /// All keys.
    pub fn all() -> Self {
        Self { start: Vec::new(), end: None }
    }

    /// All keys that begin with these bytes.
    pub fn prefix(prefix: impl AsRef<[u8]>) -> Self {
        let prefix = prefix.as_ref();
        Self { start: prefix.to_vec(), end: successor_of_prefix(prefix) }
    }

    /// The part of this range that lies strictly after a key: how the next page begins where the last one ended.
    #[must_use]
    pub fn after(mut self, key: impl AsRef<[u8]>) -> Self {
        // The smallest byte string greater than the key.
        let mut next = key.as_ref().to_vec();
        next.push(0);
        self.start = self.start.max(next);
        if let Some(end) = &self.end {
            self.start = self.start.min(end.clone());
        }
        self
    }

    /// The first key that may lie in the range.
    pub fn start(&self) -> &[u8] {
        &self.start
    }

    /// The first key beyond the range; `None` if nothing is.
    pub fn end(&self) -> Option<&[u8]> {
        self.end.as_deref()
    }

    /// Both ends, in the form that the ordered maps of Rust take.
    pub fn bounds(&self) -> (Bound<&[u8]>, Bound<&[u8]>) {
        (Bound::Included(self.start()), self.end().map_or(Bound::Unbounded, Bound::Excluded))
    }

    /// Whether a key lies in the range.
    pub fn contains(&self, key: impl AsRef<[u8]>) -> bool {
        let key = key.as_ref();
        self.start() <= key && self.end().is_none_or(|end| key < end)
    }

    /// Whether no key lies in the range.
    pub fn is_empty(&self) -> bool {
        self.end().is_some_and(|end| self.start() == end)
    }
}

impl fmt::Debug for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Range({}..", self.start.escape_ascii())?;
        if let Some(end) = &self.end {
            write!(f, "{}", end.escape_ascii())?;
        }
        f.write_str(")")
    }
}

/// The smallest byte string greater than all that begin with `prefix`: the prefix with its last byte below 0xff
/// increased and the rest cut off. `None` if there is no such byte, hence no such string.
fn successor_of_prefix(prefix: &[u8]) -> Option<Vec<u8>> {
    let last = prefix.iter().rposition(|&byte| byte < u8::MAX)?;
    let mut successor = prefix[..=last].to_vec();
    successor[last] += 1;
    Some(successor)
}
