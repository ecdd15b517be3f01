//! What the tests share: the actions of chapter 24, a context made of a list, callers and a key.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, clippy::expect_used)]

use std::net::IpAddr;
use std::sync::Arc;

use jiff::Timestamp;
use keystead_policy::{
    Catalogue, Compiler, ConditionKey, Context, Decision, Explanation, Layers, Many, Policy, PolicyError, PolicyKind,
    Principal, Request, Resource, Value, decide, explain,
};

pub const KMS: Catalogue = Catalogue::new("kms", ACTIONS).with_cross_account(CROSS_ACCOUNT);

pub const OWNER: &str = "111122223333";
pub const OTHER: &str = "444455556666";
pub const KEY: &str = "arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
pub const ALIAS: &str = "arn:aws:kms:us-west-2:111122223333:alias/a";
pub const NO_RESOURCE: &str = "arn:aws:kms:us-west-2:111122223333:*";

/// A context: keys and what they hold.
#[derive(Clone, Debug, Default)]
pub struct Facts(Vec<(ConditionKey, Held)>);

#[derive(Clone, Debug)]
pub enum Held {
    Text(String),
    Many(Vec<String>),
    Bool(bool),
    Number(i64),
    Time(Timestamp),
    Epoch(Timestamp),
    Address(IpAddr),
    Bytes(Vec<u8>),
    Unusable,
}

impl Facts {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn with(mut self, key: &str, held: impl Into<Held>) -> Self {
        self.0.push((ConditionKey::parse(key), held.into()));
        self
    }

    fn held(&self, key: &ConditionKey) -> impl Iterator<Item = &Held> {
        self.0.iter().filter(move |(known, _)| known == key).map(|(_, held)| held)
    }
}

impl Context for Facts {
    fn value<'a>(&'a self, key: &ConditionKey) -> Value<'a> {
        let mut held = self.held(key);
        match (held.next(), held.next()) {
            (None, _) => Value::Absent,
            (Some(held), None) => held.value(),
            (Some(_), Some(_)) => Value::Colliding,
        }
    }

    fn colliding<'a>(&'a self, key: &ConditionKey, nth: usize) -> Option<Value<'a>> {
        self.0.iter().filter(|(known, _)| known == key).nth(nth).map(|(_, held)| held.value())
    }
}

impl Held {
    fn value(&self) -> Value<'_> {
        match self {
            Self::Text(text) => Value::Text(text),
            Self::Many(texts) => Value::Many(Many::Owned(texts)),
            Self::Bool(value) => Value::Bool(*value),
            Self::Number(value) => Value::Number(*value),
            Self::Time(value) => Value::Time(*value),
            Self::Epoch(value) => Value::Epoch(*value),
            Self::Address(value) => Value::Address(*value),
            Self::Bytes(value) => Value::Bytes(value),
            Self::Unusable => Value::Unusable,
        }
    }
}

impl From<&str> for Held {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl<const N: usize> From<[&str; N]> for Held {
    fn from(texts: [&str; N]) -> Self {
        Self::Many(texts.map(str::to_owned).to_vec())
    }
}

impl From<bool> for Held {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Held {
    fn from(value: i64) -> Self {
        Self::Number(value)
    }
}

/// A policy that must be accepted.
pub fn compile(kind: PolicyKind, text: &str) -> Policy {
    Policy::compile(kind, text, &KMS).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// The message with which a policy must be refused.
pub fn refusal(kind: PolicyKind, text: &str) -> String {
    match Policy::compile(kind, text, &KMS) {
        Err(PolicyError::Malformed(malformed)) => malformed.message().to_owned(),
        other => panic!("{other:?}: {text}"),
    }
}

pub fn lenient(kind: PolicyKind, text: &str) -> Policy {
    Compiler::new(&KMS).lenient().compile(kind, text).unwrap()
}

/// A document of version 2012-10-17 with these statements.
pub fn document(statements: &str) -> String {
    format!(r#"{{"Version": "2012-10-17", "Statement": [{statements}]}}"#)
}

pub fn key_policy(statements: &str) -> Policy {
    compile(PolicyKind::Key, &document(statements))
}

pub fn identity(statements: &str) -> Arc<Policy> {
    Arc::new(compile(PolicyKind::Identity, &document(statements)))
}

/// An identity policy that allows these actions (JSON) on everything.
pub fn may(actions: &str) -> Arc<Policy> {
    identity(&format!(r#"{{"Effect": "Allow", "Action": {actions}, "Resource": "*"}}"#))
}

/// A key policy that gives everything to a principal (JSON).
pub fn gives(principal: &str) -> Policy {
    key_policy(&format!(r#"{{"Effect": "Allow", "Principal": {principal}, "Action": "kms:*", "Resource": "*"}}"#))
}

/// The default key policy of the owner.
pub fn default_policy() -> Policy {
    gives(r#"{"AWS": "arn:aws:iam::111122223333:root"}"#)
}

pub fn role() -> Principal {
    Principal::role_session("aws", OWNER, "R", "s1")
}

pub fn user() -> Principal {
    Principal::user("aws", OWNER, "bob")
}

pub fn foreigner() -> Principal {
    Principal::role_session("aws", OTHER, "X", "s1")
}

/// One question: everything about a request but the policies.
#[derive(Clone)]
pub struct Ask {
    pub principal: Principal,
    pub action: &'static str,
    pub arn: &'static str,
    pub owner: &'static str,
    pub facts: Facts,
    pub identity_only: bool,
}

impl Ask {
    pub fn new(principal: Principal, action: &'static str) -> Self {
        Self { principal, action, arn: KEY, owner: OWNER, facts: Facts::new(), identity_only: false }
    }

    pub fn on(mut self, arn: &'static str) -> Self {
        self.arn = arn;
        self
    }

    pub fn with(mut self, key: &str, held: impl Into<Held>) -> Self {
        self.facts = self.facts.with(key, held);
        self
    }

    pub fn identity_only(mut self) -> Self {
        self.identity_only = true;
        self
    }

    /// The decision; every one is explained too (POL-124).
    pub fn decide(&self, layers: &Layers<'_>) -> Decision {
        let decision = decide(&self.request(), layers);
        assert_eq!(self.explain(layers).decision, decision);
        decision
    }

    /// The decision alone.
    pub fn decides(&self, layers: &Layers<'_>) -> Decision {
        decide(&self.request(), layers)
    }

    pub fn explain(&self, layers: &Layers<'_>) -> Explanation {
        explain(&self.request(), layers)
    }

    fn request(&self) -> Request<'_> {
        let action = KMS.action(self.action).expect(self.action);
        Request {
            principal: &self.principal,
            action,
            resource: Resource::new(self.arn, self.owner),
            context: &self.facts,
            cross_account_capable: CROSS_ACCOUNT.contains(&action.name()),
            identity_only: self.identity_only,
        }
    }

    /// The reason for a refusal, empty if allowed.
    pub fn reason(&self, layers: &Layers<'_>) -> String {
        self.decide(layers).reason_text(KMS.action(self.action).unwrap()).to_string()
    }

    pub fn is_allowed(&self, layers: &Layers<'_>) -> bool {
        self.decide(layers).is_allowed()
    }

    /// By a key policy and identity policies alone.
    pub fn is_allowed_by(&self, key_policy: &Policy, identity: &[Arc<Policy>]) -> bool {
        self.is_allowed(&Layers { key_policy: Some(key_policy), identity, ..Layers::default() })
    }
}

const ACTIONS: &[&str] = &[
    "CancelKeyDeletion",
    "ConnectCustomKeyStore",
    "CreateAlias",
    "CreateCustomKeyStore",
    "CreateGrant",
    "CreateKey",
    "Decapsulate",
    "Decrypt",
    "DeleteAlias",
    "DeleteCustomKeyStore",
    "DeleteImportedKeyMaterial",
    "DeriveSharedSecret",
    "DescribeCustomKeyStores",
    "DescribeKey",
    "DisableKey",
    "DisableKeyRotation",
    "DisconnectCustomKeyStore",
    "EnableKey",
    "EnableKeyRotation",
    "Encapsulate",
    "Encrypt",
    "GenerateDataKey",
    "GenerateDataKeyPair",
    "GenerateDataKeyPairWithoutPlaintext",
    "GenerateDataKeyWithoutPlaintext",
    "GenerateMac",
    "GenerateRandom",
    "GetKeyPolicy",
    "GetKeyRotationStatus",
    "GetParametersForImport",
    "GetPublicKey",
    "ImportKeyMaterial",
    "ListAliases",
    "ListGrants",
    "ListKeyPolicies",
    "ListKeyRotations",
    "ListKeys",
    "ListResourceTags",
    "ListRetirableGrants",
    "PutKeyPolicy",
    "ReEncryptFrom",
    "ReEncryptTo",
    "ReplicateKey",
    "RetireGrant",
    "RevokeGrant",
    "RotateKeyOnDemand",
    "ScheduleKeyDeletion",
    "Sign",
    "SynchronizeMultiRegionKey",
    "TagResource",
    "UntagResource",
    "UpdateAlias",
    "UpdateCustomKeyStore",
    "UpdateKeyDescription",
    "UpdatePrimaryRegion",
    "Verify",
    "VerifyMac",
];

const CROSS_ACCOUNT: &[&str] = &[
    "CreateGrant",
    "Decapsulate",
    "Decrypt",
    "DeriveSharedSecret",
    "DescribeKey",
    "Encapsulate",
    "Encrypt",
    "GenerateDataKey",
    "GenerateDataKeyPair",
    "GenerateDataKeyPairWithoutPlaintext",
    "GenerateDataKeyWithoutPlaintext",
    "GenerateMac",
    "GetKeyRotationStatus",
    "GetPublicKey",
    "ListGrants",
    "ReEncryptFrom",
    "ReEncryptTo",
    "RetireGrant",
    "RevokeGrant",
    "Sign",
    "Verify",
    "VerifyMac",
];
