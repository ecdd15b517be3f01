//! Statements under conditions for one user, and whether calls pass them.

use keystead::{CallError, Caller};
use serde_json::{Value, json};

use super::{ACCOUNT, policy};

/// The user alice, whom these statements allow or deny things.
pub fn alice(statements: &[Value]) -> Caller {
    let caller = Caller::user(ACCOUNT, "alice").unwrap();
    if statements.is_empty() { caller } else { caller.identity_policy(&policy(statements)).unwrap() }
}

pub fn allowing(actions: &[&str], condition: Value) -> Value {
    json!({ "Effect": "Allow", "Action": actions, "Resource": "*", "Condition": condition })
}

/// A statement of a key policy for alice.
pub fn by_key_policy(actions: &[&str], condition: Value) -> Value {
    json!({ "Effect": "Allow", "Principal": { "AWS": ALICE }, "Action": actions, "Resource": "*",
            "Condition": condition })
}

pub fn equals(key: &str, value: &str) -> Value {
    json!({ "StringEquals": { key: value } })
}

pub fn like(key: &str, value: &str) -> Value {
    json!({ "StringLike": { key: value } })
}

/// Whether the call passed authorization; it may fail of nothing else.
#[track_caller]
pub fn is_allowed<T>(result: Result<T, CallError>) -> bool {
    match result {
        Ok(_) => true,
        Err(error) => {
            assert_eq!(error.code(), "AccessDeniedException", "{error}");
            false
        }
    }
}

pub const ALICE: &str = "arn:aws:iam::111122223333:user/alice";
pub const GRANTEE: &str = "arn:aws:iam::111122223333:user/grantee";
