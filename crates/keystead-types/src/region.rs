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

/// Two or three words of letters, then a number, joined by hyphens.
fn is_region(text: &str) -> bool {
    let Some((words, number)) = text.rsplit_once('-') else { return false };
    let is_number = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
    let are_words = words.split('-').all(|word| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase()));
    is_number && are_words && (2..=3).contains(&words.split('-').count())
}

const MAX_LEN: usize = 32;
