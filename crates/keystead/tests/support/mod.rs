//! What the scenarios share: an instance with a clock that stands still, and short ways to say what is expected.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

pub mod attempts;
pub mod parameters;
pub mod statements;

use std::fmt::Debug;
use std::sync::Arc;

use keystead::{AuditRecord, CallError, Caller, Client, Kms, KmsBuilder, ManualClock, MemoryEvents};
use serde_json::{Value, json};

/// The account of most callers and keys.
pub const ACCOUNT: &str = "111122223333";
/// Another account.
pub const OTHER: &str = "444455556666";
pub const REGION: &str = "us-west-2";
pub const START: &str = "2026-01-01T00:00:00Z";
/// A well-formed key ID that no key has.
pub const ABSENT: &str = "1234abcd-12ab-34cd-56ef-1234567890ab";

/// An instance, its clock and events, and a client of the root of [`ACCOUNT`].
pub struct World {
    pub kms: Kms,
    pub clock: Arc<ManualClock>,
    pub events: Arc<MemoryEvents>,
    pub root: Client,
}

/// A key by its names.
#[derive(Clone, Debug)]
pub struct Key {
    pub id: String,
    pub arn: String,
}

impl World {
    pub fn new() -> Self {
        Self::with(|builder| builder)
    }

    /// An instance with other parts.
    pub fn with(choose: impl FnOnce(KmsBuilder) -> KmsBuilder) -> Self {
        let clock = Arc::new(ManualClock::at(START));
        let events = Arc::new(MemoryEvents::new());
        let builder = Kms::builder().clock(Arc::clone(&clock)).event_sink(Arc::clone(&events));
        let kms = choose(builder).build().unwrap();
        let root = kms.client(REGION, Caller::account_root(ACCOUNT).unwrap()).unwrap();
        Self { kms, clock, events, root }
    }

    /// A key with everything at its default.
    pub fn key(&self) -> Key {
        Key::of(self.root.create_key().send().unwrap().key_metadata.arn)
    }

    /// A key with a policy of its own.
    pub fn key_with_policy(&self, policy: &str) -> Key {
        let call = self.root.create_key().policy(policy.to_owned()).bypass_policy_lockout_safety_check(true);
        Key::of(call.send().unwrap().key_metadata.arn)
    }

    /// A key of [`OTHER`], with the default policy.
    pub fn foreign_key(&self) -> Key {
        Key::of(self.foreign_root().create_key().send().unwrap().key_metadata.arn)
    }

    /// A client of the root of [`OTHER`].
    pub fn foreign_root(&self) -> Client {
        self.client(Caller::account_root(OTHER).unwrap())
    }

    pub fn client(&self, caller: Caller) -> Client {
        self.kms.client(REGION, caller).unwrap()
    }

    /// A user of [`ACCOUNT`] whose identity policy allows `actions` on everything.
    pub fn user(&self, actions: &[&str]) -> Client {
        let caller = Caller::user(ACCOUNT, "alice").unwrap();
        self.client(if actions.is_empty() { caller } else { caller.identity_policy(&allow(actions, "*")).unwrap() })
    }

    /// A role session of [`OTHER`] whose identity policy allows `actions` on everything.
    pub fn stranger(&self, actions: &[&str]) -> Client {
        let caller = Caller::role_session(OTHER, "partner", "session").unwrap();
        self.client(caller.identity_policy(&allow(actions, "*")).unwrap())
    }

    /// The records of an operation or internal action, oldest first.
    pub fn records(&self, event_name: &str) -> Vec<Arc<AuditRecord>> {
        self.kms.audit_trail().into_iter().filter(|record| record.event_name == event_name).collect()
    }

    /// The latest record, as JSON.
    pub fn last_record(&self) -> Value {
        serde_json::from_str(&self.kms.audit_trail().last().expect("a record").to_json()).unwrap()
    }
}

impl Key {
    pub fn of(arn: keystead::KeyArn) -> Self {
        Self { id: arn.key_id.to_string(), arn: arn.to_string() }
    }
}

/// An identity policy with one statement.
pub fn allow(actions: &[&str], resource: &str) -> String {
    policy(&[json!({ "Effect": "Allow", "Action": actions, "Resource": resource })])
}

/// A policy of these statements.
pub fn policy(statements: &[Value]) -> String {
    json!({ "Version": "2012-10-17", "Statement": statements }).to_string()
}

/// The statement of the default key policy.
pub fn delegation() -> Value {
    json!({ "Effect": "Allow", "Principal": { "AWS": format!("arn:aws:iam::{ACCOUNT}:root") }, "Action": "kms:*",
            "Resource": "*" })
}

/// The ARN of an alias of [`ACCOUNT`].
pub fn alias_arn(name: &str) -> String {
    format!("arn:aws:kms:{REGION}:{ACCOUNT}:{name}")
}

/// The ARN of a key of [`ACCOUNT`].
pub fn key_arn(key_id: &str) -> String {
    format!("arn:aws:kms:{REGION}:{ACCOUNT}:key/{key_id}")
}

/// The call failed with this exception and exactly this text.
#[track_caller]
pub fn assert_refused<T>(result: Result<T, CallError>, code: &str, message: &str) {
    let error = refusal(result);
    assert_eq!((error.code(), error.message()), (code, message));
}

/// The call failed with this exception; its text is not fixed.
#[track_caller]
pub fn assert_code<T>(result: Result<T, CallError>, code: &str) {
    let error = refusal(result);
    assert_eq!(error.code(), code, "{error}");
}

/// The call failed.
#[track_caller]
pub fn refusal<T>(result: Result<T, CallError>) -> CallError {
    match result {
        Ok(_) => panic!("the call succeeded"),
        Err(error) => error,
    }
}

/// The code and text with which the call failed.
#[track_caller]
pub fn outcome<T>(result: Result<T, CallError>) -> (&'static str, String) {
    let error = refusal(result);
    (error.code(), error.message().to_owned())
}

/// The text of an access-denied error about another account's key (API-014).
pub fn opaque(caller: &Client, action: &str) -> String {
    format!(
        "User: {} is not authorized to perform: {action} on this resource because the resource does not exist in this \
         Region, no resource-based policies allow access, or a resource-based policy explicitly denies access",
        caller.caller_arn()
    )
}

/// The text of a single violation of a shape (API-016).
pub fn violation(item: &str) -> String {
    format!("1 validation error detected: {item}")
}

/// Both are equal, whatever their order.
#[track_caller]
pub fn assert_same_set<T: Ord + Debug>(found: impl IntoIterator<Item = T>, expected: impl IntoIterator<Item = T>) {
    let (mut found, mut expected): (Vec<_>, Vec<_>) = (found.into_iter().collect(), expected.into_iter().collect());
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
}
