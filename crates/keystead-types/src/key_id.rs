//! Key identifiers.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use crate::ParseError;
use crate::text::text_type;

/// The ID of a KMS key, unique in its account and Region (KEY-16, KEY-17).
///
/// Either a UUID in lower case (a single-Region key), or `mrk-` and 32 lower-case hexadecimal digits (a multi-Region
/// key, the same ID in every Region). Both texts have 36 characters. Identifiers order as their texts do.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyId {
    // In this order, so that the derived order is that of the texts: `mrk-` sorts after every hexadecimal digit.
    multi_region: bool,
    bytes: [u8; 16],
}

impl KeyId {
    /// Length of the text, in bytes.
    pub const TEXT_LEN: usize = 36;

    /// The ID of a single-Region key: a version-4 UUID made of 122 of these 128 random bits (KEY-24).
    pub fn single_region(mut random: [u8; 16]) -> Self {
        random[6] = (random[6] & 0x0f) | 0x40;
        random[8] = (random[8] & 0x3f) | 0x80;
        Self { multi_region: false, bytes: random }
    }

    /// The ID of a multi-Region key, made of these 128 random bits (KEY-24).
    pub fn multi_region(random: [u8; 16]) -> Self {
        Self { multi_region: true, bytes: random }
    }

    /// Whether this is the `mrk-` form.
    pub fn is_multi_region(&self) -> bool {
        self.multi_region
    }

    /// The binary form: a kind byte (0 single-Region, 1 multi-Region), then the 128 bits.
    pub fn to_bytes(&self) -> [u8; 17] {
        let mut out = [0; 17];
        out[0] = self.multi_region.into();
        out[1..].copy_from_slice(&self.bytes);
        out
    }

    /// Reads the binary form; `None` if the kind byte is neither 0 nor 1.
    pub fn from_bytes(bytes: &[u8; 17]) -> Option<Self> {
        let [kind, bits @ ..] = *bytes;
        let multi_region = match kind {
            0 => false,
            1 => true,
            _ => return None,
        };
        Some(Self { multi_region, bytes: bits })
    }

    /// Writes the text into `buf` and returns it, without allocating.
    pub fn encode<'b>(&self, buf: &'b mut [u8; Self::TEXT_LEN]) -> &'b str {
        let places = if self.multi_region { &MRK_PLACES } else { &UUID_PLACES };
        if self.multi_region {
            buf[..MRK.len()].copy_from_slice(MRK);
        } else {
            HYPHENS.iter().for_each(|&place| buf[place] = b'-');
        }
        for (byte, &at) in self.bytes.iter().zip(places) {
            buf[at] = DIGITS[usize::from(byte >> 4)];
            buf[at + 1] = DIGITS[usize::from(byte & 0x0f)];
        }
        // Always valid: ASCII only.
        std::str::from_utf8(buf).unwrap_or_default()
    }
}

impl FromStr for KeyId {
    type Err = ParseError;

    /// Takes exactly the two forms of KEY-16, in lower case; a UUID of any version.
    fn from_str(text: &str) -> Result<Self, ParseError> {
        let text: &[u8; Self::TEXT_LEN] = text.as_bytes().try_into().map_err(|_| ParseError::KeyId)?;
        let multi_region = text.starts_with(MRK);
        let bytes = if multi_region { digits(text, &MRK_PLACES) } else { digits(text, &UUID_PLACES) };
        let hyphens = multi_region || HYPHENS.iter().all(|&place| text[place] == b'-');
        bytes.filter(|_| hyphens).map(|bytes| Self { multi_region, bytes }).ok_or(ParseError::KeyId)
    }
}

/// The bytes whose two digits begin at `places`.
#[inline]
fn digits(text: &[u8; KeyId::TEXT_LEN], places: &[usize; 16]) -> Option<[u8; 16]> {
    // Values above 0x0f mark what is no digit; they are collected and judged once.
    let mut seen = 0;
    let mut bytes = [0; 16];
    for (byte, &at) in bytes.iter_mut().zip(places) {
        let (high, low) = (VALUES[usize::from(text[at])], VALUES[usize::from(text[at + 1])]);
        seen |= high | low;
        *byte = (high << 4) | (low & 0x0f);
    }
    (seen & NO_DIGIT == 0).then_some(bytes)
}

impl Hash for KeyId {
    /// One word, fast; the form is left out, as equal bits in both forms do not meet in practice.
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u128(u128::from_le_bytes(self.bytes));
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.encode(&mut [0; Self::TEXT_LEN]))
    }
}

text_type!(composed KeyId);

const MRK: &[u8] = b"mrk-";

/// Where the hyphens of a UUID stand (RFC 9562, section 4).
const HYPHENS: [usize; 4] = [8, 13, 18, 23];

/// Where the digits of each byte begin in a UUID.
const UUID_PLACES: [usize; 16] = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];

/// Where the digits of each byte begin behind `mrk-`.
const MRK_PLACES: [usize; 16] = [4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30, 32, 34];

const DIGITS: &[u8; 16] = b"0123456789abcdef";

const NO_DIGIT: u8 = 0x80;

/// The value of each lower-case hexadecimal digit; `NO_DIGIT` elsewhere.
const VALUES: [u8; 256] = {
    let mut values = [NO_DIGIT; 256];
    let mut value = 0;
    while value < 16 {
        values[DIGITS[value] as usize] = value as u8;
        value += 1;
    }
    values
};
