//! Grants: permissions on one key for one grantee (chapter 23).

mod index;
mod token;
mod trie;
mod visibility;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use keystead_hierarchy::EncryptionContext;
use keystead_hierarchy::spec::{KeyKind, KeySpec, KeyUsage};
use keystead_policy::{Principal, PrincipalKind};
use keystead_types::{AccountId, Timestamp};
use serde::{Deserialize, Serialize};

pub(crate) use index::{GrantIndex, GrantQuery};
pub(crate) use token::{GrantReference, open as open_token, seal as seal_token};
pub use visibility::GrantVisibilityDelay;
pub(crate) use visibility::{Afterglow, Sight};

/// The ID of a grant: 64 lower-case hexadecimal digits (GRA-07).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct GrantId([u8; 32]);

keystead_hierarchy::api_enum! {
    /// An operation that a grant can allow (GRA-10, GRA-68).
    #[non_exhaustive]
    pub enum GrantOperation("grant operation") {
        /// `kms:Decrypt`.
        Decrypt = "Decrypt",
        /// `kms:Encrypt`.
        Encrypt = "Encrypt",
        /// `kms:GenerateDataKey`.
        GenerateDataKey = "GenerateDataKey",
        /// `kms:GenerateDataKeyWithoutPlaintext`.
        GenerateDataKeyWithoutPlaintext = "GenerateDataKeyWithoutPlaintext",
        /// `kms:ReEncryptFrom`.
        ReEncryptFrom = "ReEncryptFrom",
        /// `kms:ReEncryptTo`.
        ReEncryptTo = "ReEncryptTo",
        /// `kms:Sign`.
        Sign = "Sign",
        /// `kms:Verify`.
        Verify = "Verify",
        /// `kms:GetPublicKey`.
        GetPublicKey = "GetPublicKey",
        /// `kms:CreateGrant`.
        CreateGrant = "CreateGrant",
        /// `kms:RetireGrant`.
        RetireGrant = "RetireGrant",
        /// `kms:DescribeKey`.
        DescribeKey = "DescribeKey",
        /// `kms:GenerateDataKeyPair`.
        GenerateDataKeyPair = "GenerateDataKeyPair",
        /// `kms:GenerateDataKeyPairWithoutPlaintext`.
        GenerateDataKeyPairWithoutPlaintext = "GenerateDataKeyPairWithoutPlaintext",
        /// `kms:GenerateMac`.
        GenerateMac = "GenerateMac",
        /// `kms:VerifyMac`.
        VerifyMac = "VerifyMac",
        /// `kms:DeriveSharedSecret`.
        DeriveSharedSecret = "DeriveSharedSecret",
        /// `kms:Encapsulate`.
        Encapsulate = "Encapsulate",
        /// `kms:Decapsulate`.
        Decapsulate = "Decapsulate",
    }
}

/// A grant as it is stored and used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Grant {
    #[serde(rename = "v")]
    pub(crate) format: u32,
    pub(crate) id: GrantId,
    /// Empty if none was given.
    pub(crate) name: String,
    pub(crate) created: Timestamp,
    pub(crate) grantee: Party,
    pub(crate) retiring: Option<Party>,
    /// The account whose principal made the grant.
    pub(crate) issuer: AccountId,
    pub(crate) operations: BTreeSet<GrantOperation>,
    pub(crate) context: Option<ContextConstraint>,
    pub(crate) source_arn: Option<String>,
}

/// A principal named in a grant.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Party {
    /// A principal ARN, or the name of a service where an integrated service wrote it (GRA-73).
    Principal(String),
    /// A service, in the members made for services (GRA-69).
    Service(String),
}

/// What a grant demands of the encryption context.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum ContextConstraint {
    /// Exactly these pairs.
    Equals(BTreeMap<String, String>),
    /// At least these pairs.
    Subset(BTreeMap<String, String>),
}

/// What a child grant asks for, when a parent grant is to allow it (GRA-30 to GRA-36).
pub(crate) struct ChildGrant<'c> {
    pub(crate) operations: &'c BTreeSet<GrantOperation>,
    pub(crate) context: Option<&'c ContextConstraint>,
    pub(crate) source_arn: Option<&'c str>,
}

impl GrantId {
    pub(crate) fn from_random(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub(crate) fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    pub(crate) fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl Grant {
    /// Whether this grant and a new one differ in nothing but ID and time (GRA-19).
    pub(crate) fn is_same_as(&self, other: &Grant) -> bool {
        self.name == other.name
            && self.grantee == other.grantee
            && self.retiring == other.retiring
            && self.issuer == other.issuer
            && self.operations == other.operations
            && self.context == other.context
            && self.source_arn == other.source_arn
    }

    /// Whether the encryption context of a request satisfies the constraint (GRA-25 to GRA-28).
    pub(crate) fn admits_context(&self, context: Option<&EncryptionContext<'_>>) -> bool {
        self.context.as_ref().is_none_or(|constraint| context.is_some_and(|context| constraint.admits(context)))
    }

    /// Whether the request is made on behalf of the resource that the grant names (GRA-70).
    pub(crate) fn admits_source(&self, source_arn: Option<&str>) -> bool {
        self.source_arn.as_deref().is_none_or(|wanted| source_arn == Some(wanted))
    }

    /// Whether this grant, as the only permission, allows the child.
    pub(crate) fn admits_child(&self, child: &ChildGrant<'_>) -> bool {
        child.operations.is_subset(&self.operations)
            && (self.source_arn.is_none() || self.source_arn.as_deref() == child.source_arn)
            && match (&self.context, child.context) {
                (None, _) => true,
                (Some(_), None) => false,
                (Some(ContextConstraint::Subset(parent)), Some(child)) => contains(child.pairs(), parent),
                (Some(ContextConstraint::Equals(parent)), Some(ContextConstraint::Equals(child))) => {
                    child.len() == parent.len() && contains(child, parent)
                }
                (Some(ContextConstraint::Equals(_)), Some(ContextConstraint::Subset(_))) => false,
            }
    }
}

impl Party {
    /// The name as given.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Principal(name) | Self::Service(name) => name,
        }
    }

    /// Whether the party is the caller: the user, the session, every session of the role, the service (GRA-38). An
    /// account is nobody in particular.
    pub(crate) fn is(&self, caller: &Principal) -> bool {
        match (self, caller.kind()) {
            (_, PrincipalKind::Service) => self.name() == caller.arn(),
            (Self::Principal(arn), _) => !is_account_root(arn) && names(arn, caller),
            (Self::Service(_), _) => false,
        }
    }

    /// The account, if the party is a whole account.
    pub(crate) fn account(&self) -> Option<&str> {
        match self {
            Self::Principal(arn) if is_account_root(arn) => arn.split(':').nth(4),
            _ => None,
        }
    }
}

impl ContextConstraint {
    pub(crate) fn pairs(&self) -> &BTreeMap<String, String> {
        match self {
            Self::Equals(pairs) | Self::Subset(pairs) => pairs,
        }
    }

    /// Keys are compared without letter case, values with it; pairs of the request that collide must all fit (GRA-26).
    fn admits(&self, context: &EncryptionContext<'_>) -> bool {
        let fits = self.pairs().iter().all(|(key, value)| {
            let mut found = context.iter().filter(|(own, _)| same_key(own, key)).peekable();
            found.peek().is_some() && found.all(|(_, own)| own == value)
        });
        let exact = || context.iter().all(|(own, _)| self.pairs().keys().any(|key| same_key(own, key)));
        let no_more = || context.len() == self.pairs().len();
        fits && match self {
            Self::Subset(_) => true,
            Self::Equals(_) => no_more() && exact(),
        }
    }
}

impl GrantOperation {
    /// Whether keys of this spec and usage can do it (GRA-10, GRA-68).
    pub(crate) fn fits(self, spec: KeySpec, usage: KeyUsage) -> bool {
        let asymmetric = spec.kind() == KeyKind::Asymmetric;
        match self {
            Self::DescribeKey | Self::CreateGrant | Self::RetireGrant => true,
            Self::Encrypt | Self::Decrypt | Self::ReEncryptFrom | Self::ReEncryptTo => {
                usage == KeyUsage::EncryptDecrypt
            }
            Self::GenerateDataKey
            | Self::GenerateDataKeyWithoutPlaintext
            | Self::GenerateDataKeyPair
            | Self::GenerateDataKeyPairWithoutPlaintext => spec.kind() == KeyKind::SymmetricEncryption,
            Self::Sign | Self::Verify => usage == KeyUsage::SignVerify,
            Self::GenerateMac | Self::VerifyMac => usage == KeyUsage::GenerateVerifyMac,
            Self::GetPublicKey => asymmetric,
            Self::DeriveSharedSecret => usage == KeyUsage::KeyAgreement,
            Self::Encapsulate | Self::Decapsulate => usage == KeyUsage::EncapsulateDecapsulate,
        }
    }
}

/// Whether keys of an encryption context are the same for a grant.
pub(crate) fn same_key(left: &str, right: &str) -> bool {
    left == right || left.chars().flat_map(char::to_lowercase).eq(right.chars().flat_map(char::to_lowercase))
}

fn contains(larger: &BTreeMap<String, String>, smaller: &BTreeMap<String, String>) -> bool {
    smaller.iter().all(|(key, value)| larger.iter().any(|(own, owned)| same_key(own, key) && owned == value))
}

fn is_account_root(arn: &str) -> bool {
    arn.ends_with(":root")
}

/// Whether an ARN is the caller's own or that of the role behind the session.
fn names(arn: &str, caller: &Principal) -> bool {
    arn == caller.arn() || caller.principal_arn() == Some(arn)
}

impl FromStr for GrantId {
    type Err = InvalidGrantId;

    fn from_str(text: &str) -> Result<Self, InvalidGrantId> {
        let lower = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let mut bytes = [0; 32];
        match hex::decode_to_slice(text, &mut bytes) {
            Ok(()) if lower => Ok(Self(bytes)),
            _ => Err(InvalidGrantId),
        }
    }
}

/// A text is no grant ID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a grant ID; it has 64 lower-case hexadecimal digits")]
pub struct InvalidGrantId;

impl TryFrom<String> for GrantId {
    type Error = InvalidGrantId;

    fn try_from(text: String) -> Result<Self, InvalidGrantId> {
        text.parse()
    }
}

impl From<GrantId> for String {
    fn from(id: GrantId) -> Self {
        id.to_string()
    }
}

impl<'a> From<&'a GrantId> for std::borrow::Cow<'a, str> {
    fn from(id: &'a GrantId) -> Self {
        id.to_string().into()
    }
}

impl fmt::Display for GrantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for GrantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
