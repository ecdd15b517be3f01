//! What a caller writes and what is answered, in plain strings and integers.

use std::collections::BTreeMap;

/// One call. Identifiers stand as the caller writes them; absent members are `None`.
#[derive(Clone, Debug)]
pub enum Call {
    CreateKey {
        description: Option<String>,
        tags: Pairs,
    },
    DescribeKey {
        key: String,
    },
    ListKeys {
        limit: Option<i64>,
    },
    UpdateKeyDescription {
        key: String,
        description: String,
    },
    EnableKey {
        key: String,
    },
    DisableKey {
        key: String,
    },
    ScheduleKeyDeletion {
        key: String,
        window: Option<i64>,
    },
    CancelKeyDeletion {
        key: String,
    },
    CreateAlias {
        name: String,
        key: String,
    },
    UpdateAlias {
        name: String,
        key: String,
    },
    DeleteAlias {
        name: String,
    },
    ListAliases {
        key: Option<String>,
        limit: Option<i64>,
    },
    /// The next page of a walk over all aliases that goes on while other calls are made.
    WalkAliases {
        limit: i64,
    },
    /// A list of keys or of aliases that is continued with a marker of another one.
    ForeignMarker {
        key: Option<String>,
    },
    TagResource {
        key: String,
        tags: Pairs,
    },
    UntagResource {
        key: String,
        tag_keys: Vec<String>,
    },
    ListResourceTags {
        key: String,
        limit: Option<i64>,
    },
    GetKeyPolicy {
        key: String,
        name: Option<String>,
    },
    PutKeyPolicy {
        key: String,
        name: Option<String>,
        policy: String,
    },
    ListKeyPolicies {
        key: String,
    },
    EnableKeyRotation {
        key: String,
        period: Option<i64>,
    },
    DisableKeyRotation {
        key: String,
    },
    GetKeyRotationStatus {
        key: String,
    },
    RotateKeyOnDemand {
        key: String,
    },
    ListKeyRotations {
        key: String,
        all: bool,
        limit: Option<i64>,
    },
    Encrypt {
        key: String,
        context: Context,
        plaintext: Vec<u8>,
        dry_run: bool,
    },
    Decrypt {
        blob: Blob,
        context: Context,
        key: Option<String>,
        dry_run: bool,
    },
    ReEncrypt {
        blob: Blob,
        source: Side,
        destination: Side,
    },
    GenerateDataKey {
        key: String,
        context: Context,
        spec: Option<String>,
        bytes: Option<i64>,
        plain: bool,
    },
}

/// One side of a ReEncrypt.
#[derive(Clone, Debug)]
pub struct Side {
    pub key: Option<String>,
    pub context: Context,
}

/// A ciphertext as presented.
#[derive(Clone, Debug)]
pub struct Blob {
    pub bytes: Vec<u8>,
    /// Which ciphertext of the model it is or was made of; `None` for bytes that never were one.
    pub origin: Option<usize>,
    /// Whether it is exactly that ciphertext.
    pub intact: bool,
}

/// An encryption context.
pub type Context = BTreeMap<String, String>;

/// Tags as written, duplicates included.
pub type Pairs = Vec<(String, String)>;

/// What a call is answered with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    Unit,
    /// `KeyId` alone.
    Key(String),
    Metadata(Metadata),
    Scheduled {
        arn: String,
        date: Option<i64>,
        state: String,
        window: i64,
    },
    /// Key IDs with their ARNs.
    Keys(Vec<(String, String)>),
    Aliases(Vec<AliasEntry>),
    /// A page of a walk, and whether there is more.
    Page(Vec<AliasEntry>, bool),
    Tags(Pairs),
    Policy {
        name: String,
        text: String,
    },
    Names(Vec<String>),
    RotationStatus {
        key_id: String,
        period: Option<i64>,
        next: Option<i64>,
        enabled: bool,
        running: bool,
    },
    Rotations(Vec<RotationEntry>),
    Sealed {
        arn: String,
        source: Option<Material>,
        material: Option<String>,
        plaintext: Option<Vec<u8>>,
        blob: Vec<u8>,
    },
    Opened {
        key: Material,
        plaintext: Vec<u8>,
    },
}

/// `KeyMetadata`, with the members that symmetric keys can have now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metadata {
    pub account: String,
    pub key_id: String,
    pub arn: String,
    pub created: i64,
    pub enabled: bool,
    pub description: String,
    pub state: String,
    pub deletion: Option<i64>,
    pub material: Option<String>,
    /// Usage, origin, manager, both spec members, encryption algorithms.
    pub constants: Vec<String>,
    /// Members that such a key must not have.
    pub surplus: Vec<&'static str>,
}

/// An alias in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AliasEntry {
    pub name: String,
    pub arn: String,
    pub target: Option<String>,
    pub created: Option<i64>,
    pub updated: Option<i64>,
}

/// A rotation in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RotationEntry {
    pub key_id: String,
    pub material: Option<String>,
    pub state: Option<String>,
    pub date: Option<i64>,
    pub kind: Option<String>,
}

/// A key ARN and the material of that key that was used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Material {
    pub arn: String,
    pub id: Option<String>,
}

/// An exception. The model gives a message where the chapters fix one.
#[derive(Clone, Debug)]
pub struct Refusal {
    pub code: String,
    pub message: Option<String>,
}

impl Refusal {
    /// An exception whose text the chapters fix.
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), message: Some(message.into()) }
    }

    /// An exception whose text is free.
    pub fn code(code: &str) -> Self {
        Self { code: code.to_owned(), message: None }
    }

    /// Whether `actual` is this exception.
    pub fn is(&self, actual: &Self) -> bool {
        self.code == actual.code && (self.message.is_none() || self.message == actual.message)
    }
}
