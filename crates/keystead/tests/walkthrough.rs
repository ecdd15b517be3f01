//! One symmetric key through its whole life.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::sync::Arc;

use keystead::{Caller, Kms, ManualClock, MemoryEvents};

const ACCOUNT: &str = "111122223333";

/// Spec: KEY-25, KEY-36, KEY-43, KEY-55, KEY-81, ROT-01, ROT-03, STA-54, STA-65, STA-69
#[test]
fn a_key_lives_its_whole_life() {
    let clock = Arc::new(ManualClock::at("2026-01-01T00:00:00Z"));
    let events = Arc::new(MemoryEvents::new());
    let kms = Kms::builder().clock(Arc::clone(&clock)).event_sink(Arc::clone(&events)).build().unwrap();
    let client = kms.client("us-west-2", Caller::account_root(ACCOUNT).unwrap()).unwrap();

    let key = client.create_key().description("orders").tag("team", "orders").send().unwrap();
    let key_id = key.key_metadata.key_id;
    client.create_alias("alias/orders", key_id).send().unwrap();

    let sealed = client.encrypt("alias/orders", b"4111").context("order", "42").send().unwrap();
    assert_eq!(sealed.key_id, key.key_metadata.arn);
    client.rotate_key_on_demand(key_id).send().unwrap();
    let opened = client.decrypt(&sealed.ciphertext_blob).context("order", "42").send().unwrap();
    assert_eq!(opened.expose(), b"4111");
    let refused = client.decrypt(&sealed.ciphertext_blob).context("order", "43").send().unwrap_err();
    assert_eq!((refused.code(), refused.message()), ("InvalidCiphertextException", ""));

    client.disable_key(key_id).send().unwrap();
    let refused = client.encrypt("alias/orders", b"x").send().unwrap_err();
    assert_eq!(refused.message(), format!("{} is disabled.", key.key_metadata.arn));
    client.enable_key(key_id).send().unwrap();

    let scheduled = client.schedule_key_deletion(key_id).pending_window_in_days(7).send().unwrap();
    assert_eq!(scheduled.key_id, key.key_metadata.arn);
    client.cancel_key_deletion(key_id).send().unwrap();
    client.schedule_key_deletion(key_id).pending_window_in_days(7).send().unwrap();
    clock.advance_days(7);
    assert_eq!(client.describe_key(key_id).send().unwrap_err().code(), "NotFoundException");
    assert_eq!(kms.sweep().unwrap().deleted, 0, "the touch has removed the key already");
    assert!(client.list_keys().send().unwrap().keys.is_empty());
    assert_eq!(events.events().len(), 2);
    assert!(kms.audit_trail().iter().any(|record| record.event_name == "DeleteKey"));
}
