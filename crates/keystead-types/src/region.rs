//! Regions.

use std::str::FromStr;

use crate::ParseError;
use crate::inline::InlineText;
use crate::text::text_type;

/// A Region name such as `us-west-2`.
///
/// The API's `RegionType`: `^([a-z]+-){2,3}\d+$`, at most 32 characters. Any such name is a Region; which ones exist
/// is the host's business.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Region(InlineText<MAX_LEN>);

impl Region {
    /// The name.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl FromStr for Region {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let text = if is_region(text) { InlineText::new(text) } else { None };
        text.map(Self).ok_or(ParseError::Region)
    }
}

text_type!(stored Region);

/// Two or three words of letters, then a number, joined by hyphens; told in one pass.
fn is_region(text: &str) -> bool {
    let (mut words, mut letters, mut digits) = (0, 0, 0);
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' if digits == 0 => letters += 1,
            b'-' if letters > 0 => (words, letters) = (words + 1, 0),
            b'0'..=b'9' if words > 0 && letters == 0 => digits += 1,
            _ => return false,
        }
    }
    (2..=3).contains(&words) && digits > 0
}

const MAX_LEN: usize = 32;
