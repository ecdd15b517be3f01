//! Alias names.

use std::borrow::Borrow;
use std::str::FromStr;
use std::sync::Arc;

use crate::text::text_type;

/// The name of an alias, with its prefix: `alias/orders` (KEY-54, API-063).
///
/// 1 to 256 characters: `alias/`, then at least one of ASCII letters, digits, `/`, `_`, `-`. Case counts. Cloning is
/// cheap. A reserved name ([`is_reserved`](Self::is_reserved)) is a valid name: predefined aliases bear one.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AliasName(Arc<str>);

impl AliasName {
    /// What every alias name begins with.
    pub const PREFIX: &'static str = "alias/";
    /// What the names of predefined aliases begin with.
    pub const RESERVED_PREFIX: &'static str = "alias/aws/";
    /// The longest name, prefix included, in characters.
    pub const MAX_LEN: usize = 256;

    /// Takes a whole name.
    ///
    /// # Errors
    ///
    /// The first violation in the order of the variants of [`AliasNameError`].
    pub fn parse(name: &str) -> Result<Self, AliasNameError> {
        let in_pattern = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b':' | b'/' | b'_' | b'-');
        if name.is_empty() || name.len() > Self::MAX_LEN || !name.bytes().all(in_pattern) {
            return Err(AliasNameError::Pattern);
        }
        let rest = name.strip_prefix(Self::PREFIX).ok_or(AliasNameError::MissingPrefix)?;
        if rest.contains(':') {
            return Err(AliasNameError::Colon);
        }
        if rest.is_empty() {
            return Err(AliasNameError::Empty);
        }
        Ok(Self(name.into()))
    }

    /// Whether the name begins with `alias/aws/`, which no caller may create, move or delete.
    pub fn is_reserved(&self) -> bool {
        self.0.starts_with(Self::RESERVED_PREFIX)
    }

    /// The whole name, prefix included.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Why a text is no alias name: one variant for each row of the tables of KEY-54 and API-063.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum AliasNameError {
    /// Empty, longer than 256 characters, or not of `^[a-zA-Z0-9:/_-]+$`: what the API's shape check refuses.
    #[error("alias name must have 1 to 256 letters, digits and `:/_-`")]
    Pattern,
    /// Does not begin with `alias/`.
    #[error("alias name must begin with `alias/`")]
    MissingPrefix,
    /// Contains a colon, which the shape admits and the name rules forbid.
    #[error("alias name must not contain `:`")]
    Colon,
    /// Exactly `alias/`.
    #[error("alias name must have at least one character after `alias/`")]
    Empty,
}

impl FromStr for AliasName {
    type Err = AliasNameError;

    fn from_str(name: &str) -> Result<Self, AliasNameError> {
        Self::parse(name)
    }
}

impl Borrow<str> for AliasName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

text_type!(stored AliasName);
