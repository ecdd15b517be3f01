//! Deletion of keys (chapter 20, sections 6 to 11).
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::sync::Arc;
use std::time::Duration;

use keystead::hierarchy::spec::KeyState;
use keystead::operations::KeyMetadata;
use keystead::store::{Range, Store};
use keystead::{Caller, Clock, EventKind};
use keystead_memory::MemoryStore;
use keystead_store::{Fault, FaultyStore};
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

/// Keys of every type and origin; those of key stores do not exist yet.
///
/// Spec: STA-59, STA-55, STA-57, STA-70
#[test]
fn every_kind_of_key_is_deleted_in_the_same_way() {
    let kinds = [
        ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT"),
        ("HMAC_512", "GENERATE_VERIFY_MAC"),
        ("RSA_2048", "SIGN_VERIFY"),
        ("ECC_NIST_P384", "KEY_AGREEMENT"),
        ("ECC_NIST_EDWARDS25519", "SIGN_VERIFY"),
        ("ML_DSA_44", "SIGN_VERIFY"),
        ("ML_KEM_768", "ENCAPSULATE_DECAPSULATE"),
    ];
    for (spec, usage) in kinds {
        for (origin, multi_region) in [("AWS_KMS", false), ("AWS_KMS", true), ("EXTERNAL", false), ("EXTERNAL", true)] {
            let world = World::new();
            let create = world.root.create_key().key_spec(spec).key_usage(usage).origin(origin);
            let key = Key::of(create.multi_region(multi_region).send().unwrap().key_metadata.arn);
            world.root.create_alias("alias/key", &key.id).send().unwrap();
            let answer = world.root.schedule_key_deletion(&key.id).pending_window_in_days(9).send().unwrap();
            assert_eq!((answer.key_state, answer.pending_window_in_days), (KeyState::PendingDeletion, 9));
            assert_eq!(answer.deletion_date, Some(world.clock.now().plus_days(9)));
            assert_refused(
                world.root.enable_key(&key.id).send(),
                "KMSInvalidStateException",
                &format!("{} is pending deletion.", key.arn),
            );
            world.clock.advance_days(8);
            assert_eq!(world.kms.sweep().unwrap().deleted, 0);
            world.clock.advance_days(1);
            assert_eq!(world.kms.sweep().unwrap().deleted, 1, "{spec} {origin}");
            assert_code(world.root.describe_key(&key.id).send(), "NotFoundException");
            assert!(world.root.list_aliases().send().unwrap().aliases.is_empty());
            assert_eq!(world.records("DeleteKey").len(), 1);
        }
    }
}

/// Spec: STA-60
#[test]
fn scheduling_fails_with_the_errors_of_the_api() {
    let store = Arc::new(FaultyStore::new(MemoryStore::new()));
    let world = World::with(|builder| builder.store(Arc::clone(&store)));
    let key = world.key();
    let schedule = |key: &str| world.root.schedule_key_deletion(key.to_owned()).send().map(drop);
    assert_code(schedule(ABSENT), "NotFoundException");
    assert_code(schedule("arn:aws:kms:us-west-2:111122223333:alias/a"), "InvalidArnException");
    let six = world.root.schedule_key_deletion(&key.id).pending_window_in_days(6);
    assert_code(six.send(), "ValidationException");
    let denied = world.user(&["kms:DescribeKey"]).schedule_key_deletion(&key.id).send();
    assert_code(denied, "AccessDeniedException");
    store.fail_at(1, Fault::Before);
    assert_code(schedule(&key.id), "KMSInternalException");
    assert_eq!(describe(&world, &key).key_state, KeyState::Enabled);
    schedule(&key.id).unwrap();
    assert_code(schedule(&key.id), "KMSInvalidStateException");
    // DependencyTimeoutException comes from key stores only; it is declared as well.
    let model: Value = serde_json::from_str(include_str!("../data/kms-2014-11-01.json")).unwrap();
    let declared = model["operations"]["ScheduleKeyDeletion"]["errors"].as_array().unwrap();
    let declared = declared.iter().map(|code| code.as_str().unwrap());
    assert_same_set(
        declared,
        [
            "DependencyTimeoutException",
            "InvalidArnException",
            "KMSInternalException",
            "KMSInvalidStateException",
            "NotFoundException",
        ],
    );
}

/// Spec: STA-73
#[test]
fn nobody_remembers_what_was_encrypted() {
    let store = Arc::new(MemoryStore::new());
    let world = World::with(|builder| builder.store(Arc::clone(&store)).no_audit());
    let (used, unused) = (world.key(), world.key());
    let everything = || {
        let entries = store.scan(&Range::all(), usize::MAX).unwrap();
        entries.into_iter().map(|(key, entry)| (key, entry.value)).collect::<Vec<_>>()
    };
    // The first use of a key in an hour is saved.
    world.root.encrypt(&used.id, b"first").send().unwrap();
    let before = everything();
    for number in 0..100_u32 {
        world.root.encrypt(&used.id, &number.to_be_bytes()).send().unwrap();
    }
    assert!(everything() == before, "a ciphertext has left a trace");
    let answers = [&used, &unused].map(|key| {
        let answer = world.root.schedule_key_deletion(&key.id).send().unwrap().into_inner();
        (answer.key_state, answer.deletion_date, answer.pending_window_in_days)
    });
    assert_eq!(answers[0], answers[1]);
}

/// Spec: STA-74
#[test]
fn exported_public_keys_outlive_their_key() {
    use keystead::crypto::entropy::SystemEntropy;
    use keystead::crypto::{DefaultProvider, EncryptionScheme, KeyPairAlgorithm, Provider};

    let world = World::new();
    let created = world.root.create_key().key_spec("RSA_2048").key_usage("ENCRYPT_DECRYPT").send().unwrap();
    let key = Key::of(created.key_metadata.arn);
    let spki = world.root.get_public_key(&key.id).send().unwrap().public_key.clone();
    let public = DefaultProvider.public_key(KeyPairAlgorithm::Rsa2048, &spki).unwrap();
    let encrypt = || public.encrypt(EncryptionScheme::RsaOaepSha256, b"late", &SystemEntropy).unwrap();
    let decrypt = |blob: &[u8]| {
        let call = world.root.decrypt(blob.to_vec()).key_id(&key.id).encryption_algorithm("RSAES_OAEP_SHA_256");
        call.send().map(|opened| opened.expose().to_vec())
    };
    let made = world.events.events().len();
    world.root.schedule_key_deletion(&key.id).pending_window_in_days(7).send().unwrap();
    assert_eq!(world.events.events().len(), made, "nobody is told");
    assert_code(world.root.get_public_key(&key.id).send(), "KMSInvalidStateException");
    let blob = encrypt();
    assert_code(decrypt(&blob), "KMSInvalidStateException");
    world.root.cancel_key_deletion(&key.id).send().unwrap();
    world.root.enable_key(&key.id).send().unwrap();
    assert_eq!(decrypt(&blob).unwrap(), b"late");
    world.root.schedule_key_deletion(&key.id).pending_window_in_days(7).send().unwrap();
    world.clock.advance_days(7);
    assert_code(decrypt(&encrypt()), "NotFoundException");
    // The documentation warns of it.
    let documentation = include_str!("../src/operations/deletion.rs");
    assert!(documentation.contains("Public keys that were") && documentation.contains("nobody can decrypt it"));
}
