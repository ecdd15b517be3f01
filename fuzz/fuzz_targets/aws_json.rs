//! AWS JSON 1.1: any bytes may come as the body of any operation. There is no panic, nothing is the service's fault, an
//! answer is JSON or empty, and what is no JSON is refused as such.
#![no_main]

use std::collections::HashMap;
use std::sync::LazyLock;

use keystead::catalogue::operations;
use keystead::{Caller, Client, Kms};
use keystead_aws::protocol;
use libfuzzer_sys::fuzz_target;
use serde::de::IgnoredAny;

// The first byte chooses the operation, the rest is the body.
fuzz_target!(|input: &[u8]| {
    let Some((&choice, body)) = input.split_first() else { return };
    let operation = operations()[usize::from(choice) % operations().len()].name();
    let target = format!("TrentService.{operation}");
    if protocol::may_block(&target, body) {
        return;
    }
    let reply = protocol::handle(&CLIENT, &target, body);
    assert!(reply.status == 200 || reply.status == 400, "{operation}: {reply:?}");
    assert_eq!(reply.status == 200, reply.error_type.is_none());
    let is_json = serde_json::from_slice::<serde_json::Value>(&reply.body).is_ok();
    assert!(is_json || (reply.body.is_empty() && reply.status == 200), "{operation}: {reply:?}");
    // What is inside of ignored members need only end where it seems to.
    let is_object =
        str::from_utf8(body).is_ok_and(|text| serde_json::from_str::<HashMap<String, IgnoredAny>>(text).is_ok());
    if !is_object && !body.is_empty() {
        assert_eq!(reply.error_type, Some("SerializationException"), "{operation}");
    }
});

/// An instance that grows only by what the requests make.
static CLIENT: LazyLock<Client> = LazyLock::new(|| {
    let kms = Kms::builder().no_audit().build().expect("the defaults fit each other");
    let root = Caller::account_root("111122223333").expect("an account");
    kms.client("us-west-2", root).expect("a Region")
});
