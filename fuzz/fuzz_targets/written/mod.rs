//! Values of which it is known what they mean, and how they compare: written down from section 4.2 of chapter 21,
//! without regard to speed.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use arbitrary::Arbitrary;
use jiff::Timestamp;
use jiff::tz::Offset;
use keystead_policy::Value;
use serde_json::{Value as Json, json};

/// A value and a way to write it.
#[derive(Arbitrary, Clone, Debug)]
pub enum Written {
    /// Any text.
    Text(String),
    /// An ARN, perhaps with wildcards.
    Arn([u8; 6]),
    /// `mantissa` times ten to the power of `exponent`.
    Number {
        mantissa: i32,
        exponent: i8,
        style: u8,
    },
    Instant {
        seconds: i64,
        nanos: u32,
        style: u8,
    },
    Truth {
        value: bool,
        style: u8,
    },
    Bytes(Vec<u8>),
    V4 {
        bits: u32,
        length: Option<u8>,
    },
    V6 {
        bits: u128,
        length: Option<u8>,
        is_mapped: bool,
    },
}

/// What an operator compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    Text,
    /// Texts, by other rules than equality.
    Pattern,
    Arn,
    /// The orders of request value and policy value that satisfy the operator.
    Number(&'static [i8]),
    Date(&'static [i8]),
    Bool,
    Binary,
    Address,
    Null,
}

impl Comparison {
    /// Whether a request value matches a policy value, before negation; none if that is not known here.
    pub fn matches(self, listed: &Written, held: &Written) -> Option<bool> {
        Some(match (self, listed, held) {
            (Self::Text, listed, held) => match listed.in_policy() {
                Json::String(text) => held.text()? == text,
                listed => held.text()? == listed.to_string(),
            },
            (
                Self::Number(orders),
                Written::Number { mantissa: a, exponent: x, .. },
                Written::Number { mantissa: b, exponent: y, .. },
            ) => {
                let (x, y) = (power(*x), power(*y));
                let scaled =
                    |mantissa: i32, exponent: i32| i128::from(mantissa) * 10_i128.pow((exponent - x.min(y)) as u32);
                orders.contains(&(scaled(*b, y).cmp(&scaled(*a, x)) as i8))
            }
            (Self::Date(orders), listed @ Written::Instant { .. }, held @ Written::Instant { .. }) => {
                orders.contains(&(held.instant()?.cmp(&listed.instant()?) as i8))
            }
            (Self::Bool, Written::Truth { value: a, .. }, Written::Truth { value: b, .. }) => a == b,
            (Self::Binary, Written::Bytes(a), Written::Bytes(b)) => a == b,
            (Self::Address, listed, held) => {
                let ((is_v4, bits, length), (other, address, _)) = (listed.range()?, held.range()?);
                is_v4 == other && bits.chars().zip(address.chars()).take(length).all(|(a, b)| a == b)
            }
            _ => return None,
        })
    }
}

impl Written {
    /// Whether an operator must accept the value in a policy.
    pub fn is_readable_as(&self, comparison: Comparison) -> bool {
        match comparison {
            Comparison::Text | Comparison::Pattern | Comparison::Arn => true,
            Comparison::Number(_) => matches!(self, Self::Number { .. }),
            Comparison::Date(_) => matches!(self, Self::Instant { .. }),
            Comparison::Bool | Comparison::Null => matches!(self, Self::Truth { .. }),
            Comparison::Binary => matches!(self, Self::Bytes(_)),
            Comparison::Address => self.range().is_some(),
        }
    }

    pub fn in_policy(&self) -> Json {
        match self {
            Self::Bytes(bytes) => json!(base64(bytes)),
            Self::Truth { value, style } if style % 3 == 0 => json!(value),
            Self::V4 { length: Some(length), .. } => json!(format!("{}/{}", self.address(), length % 33)),
            Self::V6 { length: Some(length), .. } => json!(format!("{}/{}", self.address(), length % 129)),
            other => json!(other.text()),
        }
    }

    /// As a text; bytes may be none.
    pub fn text(&self) -> Option<String> {
        Some(match self {
            Self::Text(text) => text.clone(),
            Self::Arn(parts) => {
                let part = |byte: &u8| PARTS[usize::from(*byte) % PARTS.len()];
                format!("arn:{}", parts.iter().skip(1).map(part).collect::<Vec<_>>().join(":"))
            }
            Self::Number { mantissa, exponent, style } => number(*mantissa, power(*exponent), *style),
            Self::Instant { style, .. } => {
                let (timestamp, nanos) = (self.timestamp(), self.timestamp().as_nanosecond());
                let sign = if nanos < 0 { "-" } else { "" };
                let hours = i8::try_from(style % 24).unwrap_or(0) - 12;
                match style % 3 {
                    0 => format!("{sign}{}.{:09}", nanos.abs() / 1_000_000_000, nanos.abs() % 1_000_000_000),
                    1 => timestamp.to_string(),
                    _ => timestamp.display_with_offset(Offset::constant(hours)).to_string(),
                }
            }
            Self::Truth { value, style } => {
                let text = value.to_string();
                if style % 2 == 0 { text } else { text.to_uppercase() }
            }
            Self::Bytes(bytes) => String::from_utf8(bytes.clone()).ok()?,
            Self::V4 { .. } | Self::V6 { .. } => self.address().to_string(),
        })
    }

    /// In its own type, where it has one.
    pub fn value(&self) -> Option<Value<'_>> {
        Some(match self {
            Self::Truth { value, .. } => Value::Bool(*value),
            Self::Instant { style, .. } if style % 2 == 0 => Value::Time(self.timestamp()),
            Self::Instant { .. } => Value::Epoch(self.timestamp()),
            Self::Bytes(bytes) => Value::Bytes(bytes),
            Self::V4 { .. } | Self::V6 { .. } => Value::Address(self.address()),
            Self::Number { mantissa, exponent, .. } if power(*exponent) == 0 => Value::Number((*mantissa).into()),
            Self::Text(_) | Self::Arn(_) | Self::Number { .. } => return None,
        })
    }

    fn instant(&self) -> Option<i128> {
        matches!(self, Self::Instant { .. }).then(|| self.timestamp().as_nanosecond())
    }

    /// From the year 1 to 9999, without a day at each end.
    fn timestamp(&self) -> Timestamp {
        let Self::Instant { seconds, nanos, .. } = self else { return Timestamp::UNIX_EPOCH };
        let seconds = -62_135_500_000 + seconds.rem_euclid(315_537_700_000);
        Timestamp::new(seconds, (nanos % 1_000_000_000) as i32).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    fn address(&self) -> IpAddr {
        match self {
            Self::V4 { bits, .. } => Ipv4Addr::from(*bits).into(),
            Self::V6 { bits, is_mapped: true, .. } => Ipv4Addr::from(*bits as u32).to_ipv6_mapped().into(),
            Self::V6 { bits, .. } => Ipv6Addr::from(*bits).into(),
            _ => Ipv4Addr::UNSPECIFIED.into(),
        }
    }

    /// Whether a range is one of IPv4, its bits as digits, and how many of them count. Mapped addresses are IPv4.
    fn range(&self) -> Option<(bool, String, usize)> {
        match *self {
            Self::V4 { bits, length } => {
                Some((true, format!("{bits:032b}"), length.map_or(32, |it| usize::from(it) % 33)))
            }
            Self::V6 { length, .. } => {
                let IpAddr::V6(address) = self.address() else { return None };
                let length = length.map_or(128, |it| usize::from(it) % 129);
                Some(match address.to_ipv4_mapped() {
                    Some(mapped) if length >= 96 => (true, format!("{:032b}", u32::from(mapped)), length - 96),
                    _ => (false, format!("{:0128b}", u128::from(address)), length),
                })
            }
            _ => None,
        }
    }
}

/// Exponents that leave room in an `i128`.
fn power(exponent: i8) -> i32 {
    i32::from(exponent) % 13
}

fn number(mantissa: i32, exponent: i32, style: u8) -> String {
    let sign = if mantissa < 0 { "-" } else { ["", "+"][usize::from(style / 4 % 2)] };
    let digits = mantissa.unsigned_abs().to_string();
    match style % 4 {
        0 => format!("{sign}{digits}e{exponent}"),
        1 => format!("{sign}00{digits}.00E{exponent:+}"),
        2 => format!("{sign}0.{digits}e{}", exponent + digits.len() as i32),
        _ if exponent >= 0 => format!("{sign}{digits}{}", "0".repeat(exponent as usize)),
        _ => {
            let digits = format!("{}{digits}", "0".repeat(exponent.unsigned_abs() as usize));
            let (whole, fraction) = digits.split_at(digits.len() - exponent.unsigned_abs() as usize);
            format!("{sign}0{whole}.{fraction}")
        }
    }
}

/// RFC 4648, section 4.
fn base64(bytes: &[u8]) -> String {
    let digits: String = bytes.iter().map(|byte| format!("{byte:08b}")).collect();
    let sextets = digits.as_bytes().chunks(6).map(|sextet| {
        let value = sextet.iter().chain(b"00000").take(6).fold(0, |value, digit| value * 2 + usize::from(digit - b'0'));
        char::from(ALPHABET[value])
    });
    let text: String = sextets.collect();
    let padding = "=".repeat(text.len().next_multiple_of(4) - text.len());
    text + &padding
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const PARTS: &[&str] = &["", "aws", "s3", "*", "a*", "?", "b", "b:c", "*:*", "a?s"];
