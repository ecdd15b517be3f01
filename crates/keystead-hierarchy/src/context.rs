//! The encryption context and its canonical form.

use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};

use crate::pairs::Pairs;

/// Bytes that the canonical form of an encryption context may have at most, unless the host chooses another limit.
/// Source: KEY-83. The caller of this crate checks it.
pub const MAX_CANONICAL_LEN: usize = 8192;

/// A set of non-secret key-value pairs that is bound to a ciphertext as associated data.
///
/// Keys are unique; a later insertion replaces the value of an earlier one. Order of insertion means nothing. Keys and
/// values are compared byte for byte, without any Unicode normalisation. An empty context equals no context.
/// Up to four borrowed pairs need no heap. Source: KEY-79 to KEY-87, OVR-25 to OVR-28.
///
/// ```
/// use keystead_hierarchy::EncryptionContext;
///
/// let context = EncryptionContext::from_iter([("purpose", "backup"), ("tenant", "7")]);
/// assert_eq!(context.get("tenant"), Some("7"));
/// ```
#[derive(Clone, Default)]
pub struct EncryptionContext<'a> {
    /// Sorted by the bytes of the key, without duplicates: equality and the canonical form follow.
    pairs: Pairs<'a>,
}

impl<'a> EncryptionContext<'a> {
    /// A context without pairs.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a pair. Returns the value that `key` had before, if any.
    pub fn insert(&mut self, key: impl Into<Cow<'a, str>>, value: impl Into<Cow<'a, str>>) -> Option<Cow<'a, str>> {
        let (key, value) = (key.into(), value.into());
        match self.position(&key) {
            Ok(at) => Some(std::mem::replace(&mut self.pairs[at].1, value)),
            Err(at) => {
                self.pairs.insert(at, (key, value));
                None
            }
        }
    }

    /// The value of `key`; the letter case counts.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.position(key).ok().map(|at| self.pairs[at].1.as_ref())
    }

    /// The pairs in ascending order of the key's bytes.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str)> + DoubleEndedIterator + Clone {
        self.pairs.iter().map(|(key, value)| (key.as_ref(), value.as_ref()))
    }

    /// Number of pairs.
    pub fn len(&self) -> usize {
        self.pairs.len()
    }

    /// Whether there are no pairs, which means the same as no context at all.
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// Copies what is borrowed.
    pub fn into_owned(self) -> EncryptionContext<'static> {
        let owned = |text: Cow<'a, str>| Cow::Owned(text.into_owned());
        EncryptionContext { pairs: self.pairs.into_iter().map(|(key, value)| (owned(key), owned(value))).collect() }
    }

    /// The same context, borrowing from this one.
    pub fn as_borrowed(&self) -> EncryptionContext<'_> {
        EncryptionContext {
            pairs: self.iter().map(|(key, value)| (Cow::Borrowed(key), Cow::Borrowed(value))).collect(),
        }
    }

    /// Bytes that [`write_canonical`](Self::write_canonical) appends. Sums that no memory could hold saturate.
    pub fn canonical_len(&self) -> usize {
        self.iter()
            .flat_map(|(key, value)| [key, value])
            .fold(LENGTH_LEN, |sum, text| sum.saturating_add(LENGTH_LEN).saturating_add(text.len()))
    }

    /// Appends the canonical form: the number of pairs, then each key and value behind its length, in ascending order
    /// of the keys. All numbers are `u32`, big-endian.
    ///
    /// Two contexts have the same form only if they are equal, and no form is a prefix of another (KEY-84).
    pub fn write_canonical(&self, out: &mut impl Extend<u8>) {
        self.for_each_canonical_part(|part| out.extend(part.iter().copied()));
    }

    /// Calls `sink` with the canonical form, piece by piece.
    pub(crate) fn for_each_canonical_part(&self, mut sink: impl FnMut(&[u8])) {
        sink(&length(self.len()));
        for text in self.iter().flat_map(|(key, value)| [key, value]) {
            sink(&length(text.len()));
            sink(text.as_bytes());
        }
    }

    fn position(&self, key: &str) -> Result<usize, usize> {
        self.pairs.binary_search_by(|(present, _)| present.as_bytes().cmp(key.as_bytes()))
    }
}

impl<'a, K: Into<Cow<'a, str>>, V: Into<Cow<'a, str>>> FromIterator<(K, V)> for EncryptionContext<'a> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        let mut context = Self::new();
        context.extend(pairs);
        context
    }
}

impl<'a, K: Into<Cow<'a, str>>, V: Into<Cow<'a, str>>> Extend<(K, V)> for EncryptionContext<'a> {
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, pairs: I) {
        for (key, value) in pairs {
            self.insert(key, value);
        }
    }
}

impl<'b> PartialEq<EncryptionContext<'b>> for EncryptionContext<'_> {
    fn eq(&self, other: &EncryptionContext<'b>) -> bool {
        *self.pairs == *other.pairs
    }
}

impl Eq for EncryptionContext<'_> {}

impl Hash for EncryptionContext<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.pairs.hash(state);
    }
}

impl fmt::Debug for EncryptionContext<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

#[cfg(feature = "serde")]
mod json {
    use std::fmt;

    use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
    use serde::ser::{Serialize, Serializer};

    use super::EncryptionContext;

    impl Serialize for EncryptionContext<'_> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_map(self.iter())
        }
    }

    impl<'de> Deserialize<'de> for EncryptionContext<'static> {
        /// Takes an object of strings; numbers and booleans count as their text (KEY-82).
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            deserializer.deserialize_map(Pairs)
        }
    }

    struct Pairs;

    impl<'de> Visitor<'de> for Pairs {
        type Value = EncryptionContext<'static>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a map of strings")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut context = EncryptionContext::new();
            while let Some((key, Text(value))) = map.next_entry::<String, Text>()? {
                context.insert(key, value);
            }
            Ok(context)
        }
    }

    /// A scalar taken as its text.
    struct Text(String);

    impl<'de> Deserialize<'de> for Text {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            deserializer.deserialize_any(Scalar)
        }
    }

    struct Scalar;

    impl Visitor<'_> for Scalar {
        type Value = Text;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a string, number or boolean")
        }

        fn visit_str<E: Error>(self, value: &str) -> Result<Text, E> {
            Ok(Text(value.to_owned()))
        }

        fn visit_string<E: Error>(self, value: String) -> Result<Text, E> {
            Ok(Text(value))
        }

        fn visit_bool<E: Error>(self, value: bool) -> Result<Text, E> {
            Ok(Text(value.to_string()))
        }

        fn visit_u64<E: Error>(self, value: u64) -> Result<Text, E> {
            Ok(Text(value.to_string()))
        }

        fn visit_i64<E: Error>(self, value: i64) -> Result<Text, E> {
            Ok(Text(value.to_string()))
        }

        /// `Debug` keeps the fraction of a whole number (`1.0`), as KEY-82 asks.
        fn visit_f64<E: Error>(self, value: f64) -> Result<Text, E> {
            Ok(Text(format!("{value:?}")))
        }
    }
}

/// Lengths of 4 GiB and more, which the limit of KEY-83 lets nobody pass, become `u32::MAX`.
fn length(len: usize) -> [u8; LENGTH_LEN] {
    u32::try_from(len).unwrap_or(u32::MAX).to_be_bytes()
}

/// Bytes in a count or length.
const LENGTH_LEN: usize = 4;
