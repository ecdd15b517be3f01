//! What the tests of this crate share.
#![allow(dead_code, reason = "no test uses all of it")]

pub(crate) mod model;

use keystead::{Caller, Client, Kms};
use keystead_aws::protocol::{self, Reply};
use serde_json::Value;

pub(crate) const ACCOUNT: &str = "111122223333";
pub(crate) const OTHER_ACCOUNT: &str = "444455556666";
pub(crate) const REGION: &str = "us-west-2";

/// The root of the account, which every default key policy admits.
pub(crate) fn root() -> Caller {
    Caller::account_root(ACCOUNT).unwrap()
}

pub(crate) fn client() -> Client {
    Kms::in_memory().client(REGION, root()).unwrap()
}

/// One call, with its body as JSON text.
pub(crate) fn call(client: &Client, operation: &str, body: &str) -> Reply {
    protocol::handle(client, &format!("TrentService.{operation}"), body.as_bytes())
}

/// The answer of a call that succeeds.
pub(crate) fn answer(client: &Client, operation: &str, body: Value) -> Value {
    let reply = call(client, operation, &body.to_string());
    assert_eq!((reply.status, reply.error_type), (200, None), "{operation} {body}: {}", text(&reply));
    if reply.body.is_empty() { Value::Null } else { json(&reply) }
}

/// The exception and its text.
pub(crate) fn refusal(client: &Client, operation: &str, body: &str) -> (&'static str, String) {
    let reply = call(client, operation, body);
    let code = reply.error_type.unwrap_or_else(|| panic!("{operation} {body} succeeds"));
    let json = json(&reply);
    assert_eq!(json["__type"], code);
    let message = json.get("message").or(json.get("Message")).and_then(Value::as_str).unwrap();
    (code, message.to_owned())
}

pub(crate) fn json(reply: &Reply) -> Value {
    serde_json::from_slice(&reply.body).unwrap()
}

pub(crate) fn text(reply: &Reply) -> String {
    String::from_utf8(reply.body.clone()).unwrap()
}

/// The ID of a new symmetric encryption key.
pub(crate) fn key(client: &Client) -> String {
    let created = answer(client, "CreateKey", serde_json::json!({}));
    created["KeyMetadata"]["KeyId"].as_str().unwrap().to_owned()
}
