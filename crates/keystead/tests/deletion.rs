//! Deletion of keys (chapter 20, sections 6 to 11).
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::time::Duration;

use keystead::hierarchy::spec::KeyState;
use keystead::operations::KeyMetadata;
use keystead::{Caller, EventKind};
use serde_json::{Value, json};
use support::*;

fn describe(world: &World, key: &Key) -> KeyMetadata {
    world.root.describe_key(&key.id).send().unwrap().into_inner().key_metadata
}

/// Spec: STA-51, STA-54, STA-55, STA-56, STA-57, KEY-23, API-023, API-059
#[test]
fn the_waiting_period_is_30_days_by_default() {
    let world = World::new();
    let key = world.key();
    world.clock.advance(Duration::from_millis(250));
    let answer = world.root.schedule_key_deletion(&key.id).send().unwrap();
    assert_eq!(answer.key_id.to_string(), key.arn);
    assert_eq!((answer.key_state, answer.pending_window_in_days), (KeyState::PendingDeletion, 30));
    assert_eq!(answer.deletion_date.unwrap().to_string(), "2026-01-31T00:00:00.250Z");
    let metadata = describe(&world, &key);
    assert_eq!((metadata.key_state, metadata.enabled), (KeyState::PendingDeletion, false));
    assert_eq!(metadata.deletion_date, answer.deletion_date);
    assert_eq!(metadata.pending_deletion_window_in_days, None);
    assert_code(world.root.encrypt(&key.id, b"x").send(), "KMSInvalidStateException");
}

/// Spec: STA-51, STA-52, API-016, API-059
#[test]
fn the_waiting_period_is_7_to_30_days() {
    let world = World::new();
    let key = world.key();
    for (days, bound) in
        [(-1, "greater than or equal to 1"), (0, "greater than or equal to 1"), (366, "less than or equal to 365")]
    {
        let item = format!(
            "Value '{days}' at 'pendingWindowInDays' failed to satisfy constraint: Member must have value {bound}"
        );
        let call = world.root.schedule_key_deletion(&key.id).pending_window_in_days(days);
        assert_refused(call.send(), "ValidationException", &violation(&item));
    }
    for days in [1, 6, 31, 365, i64::MAX, i64::MIN] {
        let call = world.root.schedule_key_deletion(&key.id).pending_window_in_days(days);
        assert_code(call.send(), "ValidationException");
    }
    assert_eq!(describe(&world, &key).key_state, KeyState::Enabled);
    for days in [7, 30] {
        let key = world.key();
        let answer = world.root.schedule_key_deletion(&key.id).pending_window_in_days(days).send().unwrap();
        assert_eq!(i64::from(answer.pending_window_in_days), days);
    }
}

/// Spec: STA-24, STA-37, STA-53, API-105
#[test]
fn a_scheduled_deletion_cannot_be_scheduled_anew() {
    let world = World::new();
    let key = world.key();
    let first = world.root.schedule_key_deletion(&key.id).send().unwrap();
    world.clock.advance_days(1);
    assert_refused(
        world.root.schedule_key_deletion(&key.id).pending_window_in_days(7).send(),
        "KMSInvalidStateException",
        &format!("{} is pending deletion.", key.arn),
    );
    assert_eq!(describe(&world, &key).deletion_date, first.deletion_date);
}

/// Spec: STA-53
#[test]
fn disabled_keys_can_be_scheduled_too() {
    let world = World::new();
    let key = world.key();
    world.root.disable_key(&key.arn).send().unwrap();
    world.root.schedule_key_deletion(&key.arn).send().unwrap();
    assert_eq!(describe(&world, &key).key_state, KeyState::PendingDeletion);
}

/// Spec: STA-22, STA-63, STA-64, STA-65, STA-68, API-023, API-060
#[test]
fn a_cancelled_key_is_disabled_and_whole() {
    let world = World::new();
    let key = world.key();
    let blob = world.root.encrypt(&key.id, b"x").send().unwrap().into_inner().ciphertext_blob;
    world.root.schedule_key_deletion(&key.id).pending_window_in_days(7).send().unwrap();
    world.clock.advance_days(5);
    assert_eq!(world.root.cancel_key_deletion(&key.id).send().unwrap().key_id.to_string(), key.arn);
    let metadata = describe(&world, &key);
    assert_eq!((metadata.key_state, metadata.enabled), (KeyState::Disabled, false));
    assert_eq!((metadata.deletion_date, metadata.pending_deletion_window_in_days), (None, None));
    assert_refused(world.root.encrypt(&key.id, b"x").send(), "DisabledException", &format!("{} is disabled.", key.arn));
    world.root.enable_key(&key.id).send().unwrap();
    assert_eq!(world.root.decrypt(&blob).send().unwrap().expose(), b"x");

    // The days that had passed are forgotten.
    world.root.schedule_key_deletion(&key.id).pending_window_in_days(7).send().unwrap();
    world.clock.advance_days(6);
    assert_eq!(describe(&world, &key).key_state, KeyState::PendingDeletion);
}

/// Spec: STA-25, STA-37, STA-64, RUL-21, API-105
#[test]
fn what_is_not_pending_cannot_be_cancelled() {
    let world = World::new();
    let key = world.key();
    let message = format!("{} is not pending deletion.", key.arn);
    assert_refused(world.root.cancel_key_deletion(&key.id).send(), "KMSInvalidStateException", &message);
    world.root.disable_key(&key.id).send().unwrap();
    assert_refused(world.root.cancel_key_deletion(&key.id).send(), "KMSInvalidStateException", &message);
    // Nor does the text look like that of a dying key.
    assert!(!message.ends_with(" is pending deletion."));
}

/// Spec: STA-24, STA-37, STA-38, STA-39, STA-40, STA-42, RUL-14, API-105, KEY-38, KEY-42, KEY-47, KEY-113
#[test]
fn a_dying_key_can_be_read_and_rescued_only() {
    let world = World::new();
    let key = world.key();
    let root = &world.root;
    let blob = root.encrypt(&key.id, b"x").send().unwrap().into_inner().ciphertext_blob;
    root.create_alias("alias/a", &key.id).send().unwrap();
    root.schedule_key_deletion(&key.id).send().unwrap();

    let id = key.id.as_str();
    for result in [
        root.encrypt(id, b"x").send().map(drop),
        root.decrypt(&blob).send().map(drop),
        root.re_encrypt(&blob, id).send().map(drop),
        root.generate_data_key(id).key_spec("AES_256").send().map(drop),
        root.generate_data_key_without_plaintext(id).key_spec("AES_256").send().map(drop),
        root.tag_resource(id).tag("a", "b").send().map(drop),
        root.untag_resource(id).tag_key("a").send().map(drop),
        root.create_alias("alias/b", id).send().map(drop),
        root.update_key_description(id, "x").send().map(drop),
        root.enable_key(id).send().map(drop),
        root.disable_key(id).send().map(drop),
        root.enable_key_rotation(id).send().map(drop),
        root.disable_key_rotation(id).send().map(drop),
        root.rotate_key_on_demand(id).send().map(drop),
    ] {
        assert_refused(result, "KMSInvalidStateException", &format!("{} is pending deletion.", key.arn));
    }
    root.describe_key(id).send().unwrap();
    root.put_key_policy(id, policy(&[delegation()])).send().unwrap();
    root.get_key_policy(id).send().unwrap();
    root.list_key_policies(id).send().unwrap();
    root.list_key_rotations(id).send().unwrap();
    root.get_key_rotation_status(id).send().unwrap();
    root.list_resource_tags(id).send().unwrap();
    assert_eq!(root.list_aliases().key_id(id).send().unwrap().aliases.len(), 1);
    assert_eq!(root.list_keys().send().unwrap().keys.len(), 1);
    root.delete_alias("alias/a").send().unwrap();
    root.cancel_key_deletion(id).send().unwrap();
}

/// Spec: STA-02, STA-58, STA-69, STA-70, STA-93, STA-95, STA-96, KEY-50, AUD-28, AUD-44, AUD-45, RUL-15
#[test]
fn a_deletion_happens_once_however_it_is_noticed() {
    type Touch = fn(&World, &Key);
    let touches: &[Touch] = &[
        |world, _| assert_eq!(world.kms.sweep().unwrap().deleted, 1),
        |world, key| assert_code(world.root.describe_key(&key.id).send(), "NotFoundException"),
        |world, key| assert_code(world.root.encrypt(&key.arn, b"x").send(), "NotFoundException"),
        |world, key| assert_code(world.root.cancel_key_deletion(&key.id).send(), "NotFoundException"),
        |world, _| assert_code(world.root.encrypt("alias/a", b"x").send(), "NotFoundException"),
    ];
    for touch in touches {
        let world = World::new();
        let (key, other) = (world.key(), world.key());
        world.root.create_alias("alias/a", &key.id).send().unwrap();
        world.root.tag_resource(&key.id).tag("a", "b").send().unwrap();
        world.root.schedule_key_deletion(&key.id).pending_window_in_days(7).send().unwrap();
        world.clock.advance_days(7);
        touch(&world, &key);
        for _ in 0..10 {
            let missing = format!("Key '{}' does not exist", key.arn);
            assert_refused(world.root.describe_key(&key.arn).send(), "NotFoundException", &missing);
        }
        assert_eq!(world.kms.sweep().unwrap().deleted, 0);

        let records = world.records("DeleteKey");
        assert_eq!(records.len(), 1);
        let record: Value = serde_json::from_str(&records[0].to_json()).unwrap();
        assert_eq!(record["eventType"], "AwsServiceEvent");
        assert_eq!(record["userIdentity"], json!({ "accountId": ACCOUNT, "invokedBy": "AWS Internal" }));
        assert_eq!(record["requestParameters"], Value::Null);
        assert_eq!(record["responseElements"], json!({ "keyId": key.arn }));
        assert_eq!(record["readOnly"], false);
        assert_eq!(record["resources"], json!([{ "ARN": key.arn, "accountId": ACCOUNT, "type": "AWS::KMS::Key" }]));

        let events = world.events.events();
        assert_eq!(events.len(), 1);
        assert_eq!(events[0].kind, EventKind::Deletion);
        let event: Value = serde_json::from_str(&events[0].to_json()).unwrap();
        let expected = json!({
            "version": "0", "id": event["id"], "detail-type": "KMS CMK Deletion", "source": "aws.kms",
            "account": ACCOUNT, "time": "2026-01-08T00:00:00Z", "region": REGION, "resources": [key.arn],
            "detail": { "key-id": key.id },
        });
        assert_eq!(event, expected);

        world.root.create_alias("alias/a", &other.id).send().unwrap();
        assert_eq!(world.root.list_keys().send().unwrap().keys.len(), 1);
        assert_eq!(world.kms.key_count(world.root.region(), world.root.account()).unwrap(), 1);
    }
}

/// Spec: STA-02, KEY-40
#[test]
fn lists_do_not_show_a_key_whose_time_has_come() {
    let world = World::new();
    let key = world.key();
    world.root.create_alias("alias/a", &key.id).send().unwrap();
    world.root.schedule_key_deletion(&key.id).pending_window_in_days(7).send().unwrap();
    world.clock.advance_days(7);
    assert!(world.root.list_keys().send().unwrap().keys.is_empty());
    assert!(world.root.list_aliases().send().unwrap().aliases.is_empty());
}

/// Spec: STA-55, STA-64
#[test]
fn the_last_second_is_early_enough() {
    let world = World::new();
    let (saved, lost) = (world.key(), world.key());
    for key in [&saved, &lost] {
        world.root.schedule_key_deletion(&key.id).pending_window_in_days(7).send().unwrap();
    }
    world.clock.advance(Duration::from_secs(7 * 86_400 - 1));
    assert_eq!(world.kms.sweep().unwrap().deleted, 0);
    world.root.cancel_key_deletion(&saved.id).send().unwrap();
    world.clock.advance(Duration::from_secs(1));
    assert_code(world.root.cancel_key_deletion(&lost.id).send(), "NotFoundException");
    assert_eq!(describe(&world, &saved).key_state, KeyState::Disabled);
}

/// Spec: STA-02, STA-47, KEY-112
#[test]
fn callers_without_rights_make_nothing_happen() {
    let world = World::new();
    let key = world.key();
    world.root.schedule_key_deletion(&key.id).pending_window_in_days(7).send().unwrap();
    world.clock.advance_days(7);
    assert_code(world.user(&["kms:Encrypt"]).describe_key(&key.id).send(), "NotFoundException");
    assert!(world.records("DeleteKey").is_empty());
    assert_eq!(world.kms.sweep().unwrap().deleted, 1);
}

/// Spec: STA-47, KEY-112, POL-120
#[test]
fn a_caller_without_permission_does_not_learn_the_state() {
    let world = World::new();
    let key = world.key();
    world.root.disable_key(&key.id).send().unwrap();
    assert_code(world.user(&["kms:Decrypt"]).encrypt(&key.id, b"x").send(), "AccessDeniedException");
    assert_code(world.user(&["kms:Encrypt"]).encrypt(&key.id, b"x").send(), "DisabledException");
}

/// Spec: STA-89, STA-90, CND-28
#[test]
fn deleting_is_not_a_permission_that_begins_with_delete() {
    let world = World::new();
    let key = world.key();
    assert_code(world.user(&["kms:Delete*"]).schedule_key_deletion(&key.id).send(), "AccessDeniedException");
    world.user(&["kms:S*"]).schedule_key_deletion(&key.id).send().unwrap();
    assert_code(world.user(&["kms:Delete*", "kms:S*"]).cancel_key_deletion(&key.id).send(), "AccessDeniedException");
    world.user(&["kms:C*"]).cancel_key_deletion(&key.id).send().unwrap();

    let condition = json!({ "NumericGreaterThanEquals": { "kms:ScheduleKeyDeletionPendingWindowInDays": "30" } });
    let statement = json!({ "Effect": "Allow", "Action": "kms:*", "Resource": "*", "Condition": condition });
    let patient = Caller::user(ACCOUNT, "alice").unwrap().identity_policy(&policy(&[statement])).unwrap();
    let patient = world.client(patient);
    let call = patient.schedule_key_deletion(&key.id).pending_window_in_days(29);
    assert_code(call.send(), "AccessDeniedException");
    // A wider window than the service allows stays impossible, and the default counts as 30.
    let call = patient.schedule_key_deletion(&key.id).pending_window_in_days(31);
    assert_code(call.send(), "ValidationException");
    patient.schedule_key_deletion(&key.id).send().unwrap();
}

/// Spec: STA-92, STA-94, AUD-16, AUD-22, AUD-31
#[test]
fn scheduling_cancelling_and_refused_use_are_recorded() {
    let world = World::new();
    let key = world.key();
    world.root.schedule_key_deletion(&key.id).pending_window_in_days(7).send().unwrap();
    let record = world.last_record();
    assert_eq!(record["requestParameters"], json!({ "keyId": key.id, "pendingWindowInDays": 7 }));
    assert_eq!(
        record["responseElements"],
        json!({ "keyId": key.arn, "keyState": "PendingDeletion", "pendingWindowInDays": 7,
                "deletionDate": "Jan 8, 2026, 12:00:00 AM" })
    );
    world.root.encrypt(&key.id, b"x").send().unwrap_err();
    let record = world.last_record();
    assert_eq!(record["errorCode"], "KMSInvalidStateException");
    assert_eq!(record["errorMessage"], format!("{} is pending deletion.", key.arn));
    assert_eq!(record["resources"][0]["ARN"], key.arn);

    world.root.describe_key(&key.id).send().unwrap();
    world.root.put_key_policy(&key.id, policy(&[delegation()])).send().unwrap();
    world.root.list_keys().send().unwrap();
    world.root.cancel_key_deletion(&key.id).send().unwrap();
    assert_eq!(world.last_record()["responseElements"], json!({ "keyId": key.arn }));
    let messages = world.kms.audit_trail().into_iter().filter_map(|record| record.error_message.clone());
    assert_eq!(messages.filter(|message| message.ends_with(" is pending deletion.")).count(), 1);
}
