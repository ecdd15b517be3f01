//! Partitions: the outermost division of the name space.

use std::str::FromStr;

use crate::inline::InlineText;
use crate::text::text_type;
use crate::{ParseError, Region};

/// The second element of an ARN: `aws`, `aws-cn`, or a name that the host chose.
///
/// 1 to 32 lower-case letters, digits and hyphens, beginning with a letter.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Partition(InlineText<MAX_LEN>);

impl Partition {
    /// `aws`, the standard partition.
    pub const AWS: Self = Self::constant("aws");
    /// `aws-cn`, the Chinese Regions.
    pub const AWS_CN: Self = Self::constant("aws-cn");
    /// `aws-us-gov`, the GovCloud Regions.
    pub const AWS_US_GOV: Self = Self::constant("aws-us-gov");

    /// The partition to which a Region belongs by its name: `aws-cn` for `cn-…`, `aws-us-gov` for `us-gov-…`, `aws` for
    /// all others. The host may decide otherwise (RUL-12).
    pub fn of_region(region: &Region) -> Self {
        BY_REGION_PREFIX
            .iter()
            .find(|(prefix, _)| region.as_str().starts_with(prefix))
            .map_or(Self::AWS, |(_, partition)| *partition)
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    const fn constant(name: &str) -> Self {
        match InlineText::new(name) {
            Some(text) => Self(text),
            // Evaluated at compile time only.
            None => panic!("not a partition name"),
        }
    }
}

impl FromStr for Partition {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let valid = text.starts_with(|first: char| first.is_ascii_lowercase())
            && text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        let text = if valid { InlineText::new(text) } else { None };
        text.map(Self).ok_or(ParseError::Partition)
    }
}

text_type!(stored Partition);

const MAX_LEN: usize = 32;

const BY_REGION_PREFIX: [(&str, Partition); 2] = [("cn-", Partition::AWS_CN), ("us-gov-", Partition::AWS_US_GOV)];
