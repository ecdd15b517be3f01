//! What a request knows: the values of condition keys.

use std::fmt;
use std::net::IpAddr;

use jiff::Timestamp;

use crate::ConditionKey;

/// The condition-key values of one request. The host and the facade answer; the engine never writes.
pub trait Context {
    /// The value of a key, borrowed from the request; [`Value::Absent`] if the request has none. A decision may ask
    /// for a key more than once, and must always get the same value. Must not allocate.
    fn value<'a>(&'a self, key: &ConditionKey) -> Value<'a>;

    /// The `nth` (from 0) of the values whose names are equal to `key` ignoring case, `None` after the last. Asked
    /// only when [`Context::value`] answered [`Value::Colliding`] (POL-48).
    fn colliding<'a>(&'a self, key: &ConditionKey, nth: usize) -> Option<Value<'a>> {
        let _ = (key, nth);
        None
    }
}

/// The value of a condition key in a request.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Value<'a> {
    /// The request has no such key, or its value is null.
    Absent,
    /// A text, as given. The empty text is a value for String operators, and null for `Null` and set operators
    /// (CND-130).
    Text(&'a str),
    /// A boolean; its text form is `true` or `false`.
    Bool(bool),
    /// A whole number; comparable as a number and, as epoch seconds, as a date.
    Number(i64),
    /// An instant whose text form is `YYYY-MM-DDThh:mm:ssZ` (`aws:CurrentTime`).
    Time(Timestamp),
    /// An instant whose text form is epoch seconds (`aws:EpochTime`, `kms:ValidTo`); comparable as a number too.
    Epoch(Timestamp),
    /// An address.
    Address(IpAddr),
    /// Bytes, for `BinaryEquals`; they have no text form.
    Bytes(&'a [u8]),
    /// The values of a multi-valued key, without duplicates.
    Many(Many<'a>),
    /// Several entries of the request have this name but for letter case; the engine asks [`Context::colliding`] for
    /// each, and an `Allow` needs all of them to satisfy a condition, a `Deny` one (POL-48).
    Colliding,
    /// There is a value, but authorization must not rely on it (CND-55): a condition on it is never satisfied in an
    /// `Allow` and always in a `Deny`.
    Unusable,
}

/// The values of a multi-valued condition key, in the form the caller has at hand.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum Many<'a> {
    /// Borrowed texts.
    Borrowed(&'a [&'a str]),
    /// Owned texts.
    Owned(&'a [String]),
    /// Anything else that can be visited, such as the names of a map.
    Set(&'a dyn TextSet),
}

/// A set of texts that can be visited without allocation.
pub trait TextSet {
    /// Calls `visit` with each text until one call answers `false`.
    fn visit(&self, visit: &mut dyn FnMut(&str) -> bool);
}

impl Many<'_> {
    /// Calls `visit` with each value until one call answers `false`.
    pub(crate) fn visit(&self, visit: &mut dyn FnMut(&str) -> bool) {
        match self {
            Self::Borrowed(texts) => {
                texts.iter().all(|text| visit(text));
            }
            Self::Owned(texts) => {
                texts.iter().all(|text| visit(text));
            }
            Self::Set(texts) => texts.visit(visit),
        }
    }
}

impl fmt::Debug for Many<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut set = f.debug_set();
        self.visit(&mut |text| {
            set.entry(&text);
            true
        });
        set.finish()
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<Option<&'a str>> for Value<'a> {
    fn from(text: Option<&'a str>) -> Self {
        text.map_or(Self::Absent, Self::Text)
    }
}

impl<'a> From<&'a [&'a str]> for Value<'a> {
    fn from(texts: &'a [&'a str]) -> Self {
        Self::Many(Many::Borrowed(texts))
    }
}

impl<'a> From<&'a [String]> for Value<'a> {
    fn from(texts: &'a [String]) -> Self {
        Self::Many(Many::Owned(texts))
    }
}

impl From<bool> for Value<'_> {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Value<'_> {
    fn from(value: i64) -> Self {
        Self::Number(value)
    }
}

impl From<IpAddr> for Value<'_> {
    fn from(value: IpAddr) -> Self {
        Self::Address(value)
    }
}
