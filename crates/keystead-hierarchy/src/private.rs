//! What the expansion of [`api_enum!`](crate::api_enum) needs. Not part of the API.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

pub use serde;
use serde::Deserializer;
use serde::de::{Error, Visitor};

/// Reads a value from its text, borrowing nothing and copying nothing.
pub fn deserialize_from_str<'de, T, D>(deserializer: D, expected: &'static str) -> Result<T, D::Error>
where
    T: FromStr<Err: fmt::Display>,
    D: Deserializer<'de>,
{
    deserializer.deserialize_str(Text(expected, PhantomData))
}

struct Text<T>(&'static str, PhantomData<T>);

impl<T: FromStr<Err: fmt::Display>> Visitor<'_> for Text<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(E::custom)
    }
}
