//! Serialization in the shapes of the KMS API: names as strings, timestamps as epoch seconds.

use std::fmt::{self, Display};
use std::marker::PhantomData;
use std::str::FromStr;

use ::serde::de::{Error, Unexpected, Visitor};
use ::serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::Timestamp;

/// Reads a string and parses it; borrows where the format can lend.
pub(crate) fn text<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: Display>,
{
    deserializer.deserialize_str(TextVisitor(PhantomData))
}

/// Seconds since the epoch, a whole number or with up to three fraction digits (API-008, KEY-37); in binary formats,
/// a whole number of milliseconds.
impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let millis = self.as_millis();
        if !serializer.is_human_readable() {
            serializer.serialize_i64(millis)
        } else if millis % 1_000 == 0 {
            serializer.serialize_i64(millis / 1_000)
        } else {
            // Every timestamp in range has at most 15 significant digits, all of which an `f64` keeps.
            serializer.serialize_f64(millis as f64 / 1_000.0)
        }
    }
}

/// Digits beyond the millisecond are rounded. A string is refused (API-008).
impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            deserializer.deserialize_f64(SecondsVisitor)
        } else {
            let millis = i64::deserialize(deserializer)?;
            Self::from_millis(millis).ok_or_else(|| Error::invalid_value(Unexpected::Signed(millis), &"milliseconds"))
        }
    }
}

struct TextVisitor<T>(PhantomData<T>);

impl<T: FromStr<Err: Display>> Visitor<'_> for TextVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(E::custom)
    }
}

struct SecondsVisitor;

impl Visitor<'_> for SecondsVisitor {
    type Value = Timestamp;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number of seconds since the Unix epoch between the years -9999 and 9999")
    }

    fn visit_i64<E: Error>(self, seconds: i64) -> Result<Timestamp, E> {
        seconds
            .checked_mul(1_000)
            .and_then(Timestamp::from_millis)
            .ok_or_else(|| E::invalid_value(Unexpected::Signed(seconds), &self))
    }

    fn visit_u64<E: Error>(self, seconds: u64) -> Result<Timestamp, E> {
        match i64::try_from(seconds) {
            Ok(seconds) => self.visit_i64(seconds),
            Err(_) => Err(E::invalid_value(Unexpected::Unsigned(seconds), &self)),
        }
    }

    fn visit_f64<E: Error>(self, seconds: f64) -> Result<Timestamp, E> {
        // The cast saturates, far outside the range of timestamps; only NaN would slip through, as zero.
        let millis = (seconds * 1_000.0).round() as i64;
        if seconds.is_nan() { None } else { Timestamp::from_millis(millis) }
            .ok_or_else(|| E::invalid_value(Unexpected::Float(seconds), &self))
    }
}
