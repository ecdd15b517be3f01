//! The values that members of a request hold, and the view of them that the door works on.

use std::borrow::Cow;
use std::fmt;

use keystead_crypto::SecretBytes;
use keystead_hierarchy::EncryptionContext;
use keystead_types::Timestamp;
use smallvec::SmallVec;

/// Bytes in a request: borrowed from the caller, or owned and wiped on drop. Never printed.
#[derive(Clone)]
pub enum Blob<'a> {
    /// The caller's own memory.
    Borrowed(&'a [u8]),
    /// Memory of the request.
    Owned(SecretBytes),
}

impl AsRef<[u8]> for Blob<'_> {
    fn as_ref(&self) -> &[u8] {
        match self {
            Self::Borrowed(bytes) => bytes,
            Self::Owned(bytes) => bytes.expose(),
        }
    }
}

impl fmt::Debug for Blob<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Blob({} bytes)", self.as_ref().len())
    }
}

impl<'a> From<&'a [u8]> for Blob<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self::Borrowed(bytes)
    }
}

impl<'a, const N: usize> From<&'a [u8; N]> for Blob<'a> {
    fn from(bytes: &'a [u8; N]) -> Self {
        Self::Borrowed(bytes)
    }
}

impl<'a> From<&'a Vec<u8>> for Blob<'a> {
    fn from(bytes: &'a Vec<u8>) -> Self {
        Self::Borrowed(bytes)
    }
}

impl<'a> From<&'a SecretBytes> for Blob<'a> {
    fn from(bytes: &'a SecretBytes) -> Self {
        Self::Borrowed(bytes.expose())
    }
}

impl From<Vec<u8>> for Blob<'_> {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Owned(bytes.into())
    }
}

impl From<SecretBytes> for Blob<'_> {
    fn from(bytes: SecretBytes) -> Self {
        Self::Owned(bytes)
    }
}

/// A tag: a case-sensitive pair, not secret (KEY-68).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Tag {
    /// 1 to 128 characters.
    pub tag_key: String,
    /// 0 to 256 characters.
    pub tag_value: String,
}

impl Tag {
    /// A tag.
    pub fn new(tag_key: impl Into<String>, tag_value: impl Into<String>) -> Self {
        Self { tag_key: tag_key.into(), tag_value: tag_value.into() }
    }
}

/// The attested environment that a result is to be encrypted to (API-089).
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct RecipientInfo<'a> {
    /// How the result is encrypted to the public key in the document.
    pub key_encryption_algorithm: Option<Cow<'a, str>>,
    /// The signed attestation document.
    pub attestation_document: Option<Blob<'a>>,
}

impl<'a> RecipientInfo<'a> {
    /// The recipient that an attestation document names, under the one algorithm there is (ENV-66).
    pub fn new(attestation_document: impl Into<Blob<'a>>) -> Self {
        Self {
            key_encryption_algorithm: Some("RSAES_OAEP_SHA_256".into()),
            attestation_document: Some(attestation_document.into()),
        }
    }
}

/// Conditions under which a grant holds (API-069).
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct GrantConstraints<'a> {
    /// Every pair must be in the encryption context of the request.
    pub encryption_context_subset: Option<EncryptionContext<'a>>,
    /// The encryption context of the request must be exactly this.
    pub encryption_context_equals: Option<EncryptionContext<'a>>,
    /// The resource on whose behalf a service calls.
    pub source_arn: Option<Cow<'a, str>>,
}

/// The credential of an external key store proxy.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct XksProxyAuthenticationCredential<'a> {
    /// The identifier of the secret; itself treated as one.
    pub access_key_id: Option<Blob<'a>>,
    /// The secret.
    pub raw_secret_access_key: Option<Blob<'a>>,
}

/// One member of a request as the door sees it.
#[derive(Clone, Debug)]
pub(crate) enum MemberValue<'v> {
    /// Not given.
    Absent,
    /// A string, or an enumeration by its name.
    Text(&'v str),
    /// Bytes, or a text too secret to be a string.
    Blob(&'v [u8]),
    /// A number.
    Integer(i64),
    /// A switch.
    Boolean(bool),
    /// An instant.
    Timestamp(Timestamp),
    /// An encryption context.
    TextMap(&'v EncryptionContext<'v>),
    /// Strings.
    TextList(&'v [Cow<'v, str>]),
    /// Tags.
    Tags(&'v [Tag]),
    /// A nested structure, its members in model order.
    Structure(Vec<MemberValue<'v>>),
}

/// The members of a request, in the order of the API model.
pub(crate) type Values<'v> = SmallVec<[MemberValue<'v>; 12]>;

/// A type that a member of a request can have.
pub(crate) trait MemberField {
    /// The view of the member.
    fn value(&self) -> MemberValue<'_>;
}

impl<T: MemberField> MemberField for Option<T> {
    fn value(&self) -> MemberValue<'_> {
        self.as_ref().map_or(MemberValue::Absent, T::value)
    }
}

impl MemberField for Cow<'_, str> {
    fn value(&self) -> MemberValue<'_> {
        MemberValue::Text(self)
    }
}

impl MemberField for Blob<'_> {
    fn value(&self) -> MemberValue<'_> {
        MemberValue::Blob(self.as_ref())
    }
}

impl MemberField for i64 {
    fn value(&self) -> MemberValue<'_> {
        MemberValue::Integer(*self)
    }
}

impl MemberField for bool {
    fn value(&self) -> MemberValue<'_> {
        MemberValue::Boolean(*self)
    }
}

impl MemberField for Timestamp {
    fn value(&self) -> MemberValue<'_> {
        MemberValue::Timestamp(*self)
    }
}

impl MemberField for EncryptionContext<'_> {
    fn value(&self) -> MemberValue<'_> {
        MemberValue::TextMap(self)
    }
}

impl MemberField for Vec<Cow<'_, str>> {
    fn value(&self) -> MemberValue<'_> {
        MemberValue::TextList(self)
    }
}

impl MemberField for Vec<Tag> {
    fn value(&self) -> MemberValue<'_> {
        MemberValue::Tags(self)
    }
}

impl MemberField for RecipientInfo<'_> {
    fn value(&self) -> MemberValue<'_> {
        MemberValue::Structure(vec![self.key_encryption_algorithm.value(), self.attestation_document.value()])
    }
}

impl MemberField for GrantConstraints<'_> {
    fn value(&self) -> MemberValue<'_> {
        MemberValue::Structure(vec![
            self.encryption_context_subset.value(),
            self.encryption_context_equals.value(),
            self.source_arn.value(),
        ])
    }
}

impl MemberField for XksProxyAuthenticationCredential<'_> {
    fn value(&self) -> MemberValue<'_> {
        MemberValue::Structure(vec![self.access_key_id.value(), self.raw_secret_access_key.value()])
    }
}
