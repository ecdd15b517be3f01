//! The ARNs of KMS keys and aliases.

use std::fmt;
use std::str::FromStr;

use crate::text::text_type;
use crate::{AccountId, AliasName, Arn, KeyId, ParseError, Partition, Region};

/// The ARN of a KMS key: the only form that names a key everywhere (KEY-16, KEY-17).
///
/// Orders by its fields.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyArn {
    /// The partition of the Region.
    pub partition: Partition,
    /// Where the key lives.
    pub region: Region,
    /// Who owns the key.
    pub account: AccountId,
    /// The key in that account and Region.
    pub key_id: KeyId,
}

/// The ARN of an alias; it may denote different keys at different times (KEY-16, KEY-17).
///
/// Orders by its fields.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AliasArn {
    /// The partition of the Region.
    pub partition: Partition,
    /// Where the alias lives.
    pub region: Region,
    /// Who owns the alias.
    pub account: AccountId,
    /// The alias in that account and Region.
    pub name: AliasName,
}

/// The ARN of a key or an alias, whichever the text names.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KmsArn {
    /// A key ARN.
    Key(KeyArn),
    /// An alias ARN.
    Alias(AliasArn),
}

impl KmsArn {
    /// Takes the ARN of a key or alias of any partition, Region and account; the service must be `kms`.
    ///
    /// # Errors
    ///
    /// [`ParseError::KmsArn`] for any other text.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        Arn::parse(text).and_then(Self::of).ok_or(ParseError::KmsArn)
    }

    /// The partition.
    pub fn partition(&self) -> Partition {
        match self {
            Self::Key(arn) => arn.partition,
            Self::Alias(arn) => arn.partition,
        }
    }

    /// The Region.
    pub fn region(&self) -> Region {
        match self {
            Self::Key(arn) => arn.region,
            Self::Alias(arn) => arn.region,
        }
    }

    /// The owning account.
    pub fn account(&self) -> AccountId {
        match self {
            Self::Key(arn) => arn.account,
            Self::Alias(arn) => arn.account,
        }
    }

    fn of(arn: Arn<'_>) -> Option<Self> {
        if arn.service != SERVICE {
            return None;
        }
        let partition = arn.partition.parse().ok()?;
        let region = arn.region.parse().ok()?;
        let account = arn.account.parse().ok()?;
        Some(match arn.resource.strip_prefix(KEY_PREFIX) {
            Some(key_id) => Self::Key(KeyArn { partition, region, account, key_id: key_id.parse().ok()? }),
            // The name of an alias includes the kind of the resource.
            None => Self::Alias(AliasArn { partition, region, account, name: arn.resource.parse().ok()? }),
        })
    }
}

impl FromStr for KmsArn {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        Self::parse(text)
    }
}

impl FromStr for KeyArn {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        match KmsArn::parse(text) {
            Ok(KmsArn::Key(arn)) => Ok(arn),
            _ => Err(ParseError::KeyArn),
        }
    }
}

impl FromStr for AliasArn {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        match KmsArn::parse(text) {
            Ok(KmsArn::Alias(arn)) => Ok(arn),
            _ => Err(ParseError::AliasArn),
        }
    }
}

impl From<KeyArn> for KmsArn {
    fn from(arn: KeyArn) -> Self {
        Self::Key(arn)
    }
}

impl From<AliasArn> for KmsArn {
    fn from(arn: AliasArn) -> Self {
        Self::Alias(arn)
    }
}

impl fmt::Display for KeyArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut buf = [0; KeyId::TEXT_LEN];
        write_arn(f, &self.partition, &self.region, &self.account, [KEY_PREFIX, self.key_id.encode(&mut buf)])
    }
}

impl fmt::Display for AliasArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The name of an alias includes the kind of the resource.
        write_arn(f, &self.partition, &self.region, &self.account, ["", self.name.as_str()])
    }
}

impl fmt::Display for KmsArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(arn) => arn.fmt(f),
            Self::Alias(arn) => arn.fmt(f),
        }
    }
}

text_type!(composed KeyArn);
text_type!(composed AliasArn);
text_type!(composed KmsArn);

fn write_arn(
    f: &mut fmt::Formatter<'_>,
    partition: &Partition,
    region: &Region,
    account: &AccountId,
    [kind, id]: [&str; 2],
) -> fmt::Result {
    ["arn:", partition.as_str(), ":", SERVICE, ":", region.as_str(), ":", account.as_str(), ":", kind, id]
        .into_iter()
        .try_for_each(|part| f.write_str(part))
}

const SERVICE: &str = "kms";
const KEY_PREFIX: &str = "key/";
