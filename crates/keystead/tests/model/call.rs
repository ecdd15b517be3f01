//! What a caller writes and what is answered, in plain strings and integers.

use std::collections::BTreeMap;

use super::access::Document;
use super::grants::Constraint;
use super::kinds::Kind;

/// One call. Identifiers stand as the caller writes them; absent members are `None`.
#[derive(Clone, Debug)]
pub enum Call {
    CreateKey {
        description: Option<String>,
        tags: Pairs,
        kind: &'static Kind,
        imported: bool,
        multi_region: bool,
    },
    DescribeKey {
        key: String,
        tokens: Vec<String>,
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
    GetKeyLastUsage {
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
        policy: Document,
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
        algorithm: Option<&'static str>,
        tokens: Vec<String>,
        dry_run: bool,
    },
    Decrypt {
        blob: Blob,
        side: Side,
        dry_run: bool,
    },
    ReEncrypt {
        blob: Blob,
        source: Side,
        destination: Side,
        dry_run: bool,
    },
    GenerateDataKey {
        key: String,
        context: Context,
        spec: Option<String>,
        bytes: Option<i64>,
        plain: bool,
        dry_run: bool,
    },
    GenerateDataKeyPair {
        key: String,
        context: Context,
        spec: &'static str,
        plain: bool,
        dry_run: bool,
    },
    GenerateRandom {
        bytes: Option<i64>,
    },
    Sign {
        key: String,
        message: Message,
        dry_run: bool,
    },
    Verify {
        key: String,
        message: Message,
        signature: Vec<u8>,
        dry_run: bool,
    },
    GenerateMac {
        key: String,
        message: Message,
        dry_run: bool,
    },
    VerifyMac {
        key: String,
        message: Message,
        code: Vec<u8>,
        dry_run: bool,
    },
    GetPublicKey {
        key: String,
    },
    DeriveSharedSecret {
        key: String,
        peer: Vec<u8>,
        dry_run: bool,
    },
    Encapsulate {
        key: String,
        dry_run: bool,
    },
    Decapsulate {
        key: String,
        blob: Vec<u8>,
        dry_run: bool,
    },
    CreateGrant(GrantRequest),
    ListGrants {
        key: String,
        id: Option<String>,
        grantee: Option<String>,
        limit: Option<i64>,
    },
    ListRetirableGrants {
        principal: String,
        limit: Option<i64>,
    },
    RetireGrant {
        by: Named,
        dry_run: bool,
    },
    RevokeGrant {
        key: String,
        id: String,
        dry_run: bool,
    },
    ReplicateKey {
        key: String,
        region: String,
        description: Option<String>,
        policy: Document,
        tags: Pairs,
    },
    UpdatePrimaryRegion {
        key: String,
        region: String,
    },
    GetParametersForImport {
        key: String,
        algorithm: &'static str,
        spec: &'static str,
    },
    ImportKeyMaterial(Import),
    DeleteImportedKeyMaterial {
        key: String,
        id: Option<String>,
    },
}

/// An answer.
pub type Outcome = Result<Reply, Refusal>;

/// What may be random in an answer is taken from the one that was given, and checked.
pub type Given<'g> = Result<&'g Reply, &'g Refusal>;

/// What is signed, or authenticated by a code, and how.
#[derive(Clone, Debug)]
pub struct Message {
    pub bytes: Vec<u8>,
    pub kind: Option<&'static str>,
    pub algorithm: &'static str,
}

/// CreateGrant.
#[derive(Clone, Debug)]
pub struct GrantRequest {
    pub key: String,
    pub grantee: String,
    pub retiring: Option<String>,
    pub operations: Vec<&'static str>,
    pub constraint: Option<Constraint>,
    pub tokens: Vec<String>,
    pub name: Option<String>,
    pub dry_run: bool,
}

/// How RetireGrant names a grant.
#[derive(Clone, Debug)]
pub enum Named {
    Token(String),
    Id { key: String, id: String },
}

/// ImportKeyMaterial. What the wrapped bytes are is known to the caller alone.
#[derive(Clone, Debug)]
pub struct Import {
    pub key: String,
    /// The parameter set whose token is sent, and the one under whose key the material is wrapped.
    pub set: Option<usize>,
    pub wrapped_with: Option<usize>,
    pub token: Vec<u8>,
    pub wrapped: Vec<u8>,
    pub material: Vec<u8>,
    pub damaged: bool,
    pub expires: Option<bool>,
    pub valid_to: Option<i64>,
    pub new_material: Option<bool>,
    pub id: Option<String>,
    pub description: Option<String>,
}

/// The key of a Decrypt, or one side of a ReEncrypt.
#[derive(Clone, Debug)]
pub struct Side {
    pub key: Option<String>,
    pub context: Context,
    pub algorithm: Option<&'static str>,
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
    /// The sealed private half, the public half, and the private one in clear.
    Pair {
        key: Material,
        spec: String,
        blob: Vec<u8>,
        public_key: Vec<u8>,
        private_key: Option<Vec<u8>>,
    },
    /// A signature or code.
    Signed {
        arn: String,
        bytes: Vec<u8>,
        algorithm: String,
    },
    Verified {
        arn: String,
        algorithm: String,
    },
    PublicKey {
        arn: String,
        bytes: Vec<u8>,
        spec: String,
        usage: String,
        algorithms: Vec<String>,
    },
    /// A secret; and sealed, if it was encapsulated.
    Secret {
        arn: String,
        bytes: Vec<u8>,
        blob: Option<Vec<u8>>,
    },
    Random(Vec<u8>),
    Granted {
        id: String,
        token: String,
    },
    Grants(Vec<GrantEntry>),
    Replicated {
        metadata: Metadata,
        policy: String,
        tags: Pairs,
    },
    Usage {
        key_id: String,
        created: i64,
        since: i64,
        last: Option<(String, i64)>,
    },
    Parameters {
        arn: String,
        token: Vec<u8>,
        public_key: Vec<u8>,
        valid_to: i64,
    },
    Imported {
        arn: String,
        material: Option<String>,
    },
}

/// An entry of a list of grants.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct GrantEntry {
    pub key: String,
    pub created: i64,
    pub id: String,
    pub name: String,
    pub grantee: String,
    pub retiring: Option<String>,
    pub issuer: String,
    pub operations: Vec<String>,
    pub constraint: Option<(bool, Context)>,
}

/// `KeyMetadata`.
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
    /// `PendingDeletionWindowInDays`.
    pub waiting: Option<i64>,
    pub material: Option<String>,
    pub origin: String,
    pub manager: String,
    /// Both spec members.
    pub specs: [String; 2],
    pub usage: String,
    /// Whichever list of algorithms there is.
    pub algorithms: Vec<String>,
    pub expiration: Option<String>,
    pub valid_to: Option<i64>,
    pub related: Option<Related>,
}

/// `MultiRegionConfiguration`, with the replicas in the order of their ARNs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Related {
    pub is_primary: bool,
    pub primary: String,
    pub replicas: Vec<String>,
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
    /// Of imported material: what it was called, whether it is there, until when.
    pub imported: Option<ImportedMaterial>,
}

/// Of imported material: `KeyMaterialDescription`, `ImportState`, `ExpirationModel`, `ValidTo`.
pub type ImportedMaterial = (Option<String>, String, Option<String>, Option<i64>);

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
