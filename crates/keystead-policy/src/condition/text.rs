//! The text form of typed request values (CND-131), without allocation.

use std::fmt::{self, Write};

use jiff::Timestamp;
use jiff::tz::Offset;

use crate::Value;

/// A text borrowed from the request, or a short one made from a typed value.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Text<'a> {
    Borrowed(&'a str),
    Inline(Inline),
}

impl<'a> Text<'a> {
    /// The text form of a single value; none for absent, multiple or binary ones.
    pub(crate) fn of(value: Value<'a>) -> Option<Self> {
        Some(match value {
            Value::Text(text) => Self::Borrowed(text),
            Value::Bool(value) => Self::Borrowed(if value { "true" } else { "false" }),
            Value::Number(value) => Self::Inline(Inline::write(|out| write!(out, "{value}"))?),
            Value::Time(instant) => Self::Inline(Inline::write(|out| write_calendar(out, instant))?),
            Value::Epoch(instant) => Self::Inline(Inline::write(|out| write_epoch(out, instant))?),
            Value::Address(address) => Self::Inline(Inline::write(|out| write!(out, "{address}"))?),
            Value::Absent | Value::Bytes(_) | Value::Many(_) | Value::Colliding | Value::Unusable => return None,
        })
    }

    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Borrowed(text) => text,
            Self::Inline(text) => text.as_str(),
        }
    }
}

/// A short text on the stack.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Inline {
    bytes: [u8; Self::CAPACITY],
    length: u8,
}

impl Inline {
    /// Holds the longest of the typed values: an IPv6 address (45).
    const CAPACITY: usize = 46;

    fn write(write: impl FnOnce(&mut Self) -> fmt::Result) -> Option<Self> {
        let mut text = Self { bytes: [0; Self::CAPACITY], length: 0 };
        write(&mut text).ok().map(|()| text)
    }

    fn as_str(&self) -> &str {
        let bytes = self.bytes.get(..usize::from(self.length)).unwrap_or_default();
        // Only whole texts are ever written.
        std::str::from_utf8(bytes).unwrap_or_default()
    }
}

impl Write for Inline {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let start = usize::from(self.length);
        let end = start + text.len();
        self.bytes.get_mut(start..end).ok_or(fmt::Error)?.copy_from_slice(text.as_bytes());
        self.length = end as u8;
        Ok(())
    }
}

/// `YYYY-MM-DDThh:mm:ssZ`.
fn write_calendar(out: &mut Inline, instant: Timestamp) -> fmt::Result {
    let time = Offset::UTC.to_datetime(instant);
    let (year, month, day) = (time.year(), time.month(), time.day());
    write!(out, "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", time.hour(), time.minute(), time.second())
}

/// Epoch seconds, with the decimals that are needed.
fn write_epoch(out: &mut Inline, instant: Timestamp) -> fmt::Result {
    let nanos = instant.as_nanosecond();
    let (seconds, fraction) = (nanos.unsigned_abs() / 1_000_000_000, nanos.unsigned_abs() % 1_000_000_000);
    let sign = if nanos < 0 { "-" } else { "" };
    if fraction == 0 {
        return write!(out, "{sign}{seconds}");
    }
    let (mut fraction, mut width) = (fraction, 9);
    while fraction % 10 == 0 {
        fraction /= 10;
        width -= 1;
    }
    write!(out, "{sign}{seconds}.{fraction:0width$}")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    /// Spec: CND-131
    #[test]
    fn typed_values_have_one_text_form() {
        let instant: Timestamp = "2018-12-31T11:59:59.25Z".parse().unwrap();
        let table = [
            (Value::Bool(true), "true"),
            (Value::Number(-7), "-7"),
            (Value::Number(i64::MIN), "-9223372036854775808"),
            (Value::Time(instant), "2018-12-31T11:59:59Z"),
            (Value::Epoch(instant), "1546257599.25"),
            (Value::Epoch(Timestamp::UNIX_EPOCH), "0"),
            (Value::Epoch("1969-12-31T23:59:58.5Z".parse().unwrap()), "-1.5"),
            (Value::Address("2001:db8::1".parse().unwrap()), "2001:db8::1"),
            (Value::Text(""), ""),
        ];
        for (value, text) in table {
            assert_eq!(Text::of(value).unwrap().as_str(), text);
        }
        assert!(Text::of(Value::Bytes(b"x")).is_none());
        assert!(Text::of(Value::Time(Timestamp::MIN)).is_some());
        assert!(Text::of(Value::Epoch(Timestamp::MIN)).is_some());
    }
}
