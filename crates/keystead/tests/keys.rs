//! Keys (chapter 10, sections 2, 4 and 5).
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::collections::BTreeSet;
use std::time::Duration;

use keystead::hierarchy::spec::{KeyManager, KeySpec, KeyState, KeyUsage, Origin};
use keystead::{Caller, Client, QuotaProfile};
use serde_json::{Value, json};
use support::attempts::CLASS_A;
use support::*;

/// Spec: KEY-05, KEY-14, KEY-25, KEY-31, KEY-34, KEY-36, API-045, API-049, API-111, API-121, STA-04, STA-13, ROT-12
#[test]
fn a_key_without_wishes_has_the_defaults() {
    let world = World::new();
    let key = world.root.create_key().send().unwrap();

    let metadata = &key.key_metadata;
    assert_eq!(metadata.aws_account_id.to_string(), ACCOUNT);
    assert_eq!(metadata.arn.to_string(), key_arn(&metadata.key_id.to_string()));
    assert_eq!(metadata.creation_date.to_string(), START);
    assert_eq!((metadata.key_state, metadata.enabled), (KeyState::Enabled, true));
    assert_eq!((metadata.key_spec, metadata.customer_master_key_spec), (KeySpec::SymmetricDefault, metadata.key_spec));
    assert_eq!((metadata.key_usage, metadata.origin), (KeyUsage::EncryptDecrypt, Origin::AwsKms));
    assert_eq!((metadata.key_manager, metadata.multi_region), (KeyManager::Customer, false));
    assert_eq!(metadata.description, "");
    let algorithms = metadata.encryption_algorithms.as_ref().unwrap();
    assert_eq!(algorithms.iter().map(|algorithm| algorithm.as_str()).collect::<Vec<_>>(), ["SYMMETRIC_DEFAULT"]);
    assert_eq!((&metadata.signing_algorithms, &metadata.mac_algorithms), (&None, &None));
    assert_eq!((metadata.deletion_date, metadata.pending_deletion_window_in_days), (None, None));
    let material = metadata.current_key_material_id.unwrap().to_string();
    assert!(material.len() == 64 && material.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f')), "{material}");

    assert_eq!(world.root.describe_key(metadata.key_id).send().unwrap().key_metadata, *metadata);
    assert!(world.root.list_aliases().send().unwrap().aliases.is_empty());
    assert!(world.root.list_resource_tags(metadata.key_id).send().unwrap().tags.is_empty());
    assert!(!world.root.get_key_rotation_status(metadata.key_id).send().unwrap().key_rotation_enabled);
}

/// Spec: KEY-30, API-061, POL-77, POL-82
#[test]
fn the_default_policy_delegates_to_the_account() {
    let world = World::new();
    let key = world.key();
    let answer = world.root.get_key_policy(&key.id).policy_name("default").send().unwrap();
    let expected = json!({
        "Version": "2012-10-17",
        "Id": "key-default-1",
        "Statement": [{
            "Sid": "Enable IAM User Permissions",
            "Effect": "Allow",
            "Principal": { "AWS": format!("arn:aws:iam::{ACCOUNT}:root") },
            "Action": "kms:*",
            "Resource": "*"
        }]
    });
    assert_eq!(serde_json::from_str::<Value>(&answer.policy).unwrap(), expected);
    assert_eq!(answer.policy_name, "default");
}

/// Spec: KEY-16, KEY-17, KEY-24, KEY-32
#[test]
fn each_call_makes_a_key_of_its_own_with_a_random_uuid() {
    let world = World::new();
    let ids: BTreeSet<_> = (0..50).map(|_| world.key().id).collect();
    assert_eq!(ids.len(), 50);
    for id in ids {
        let parts: Vec<_> = id.split('-').map(str::len).collect();
        assert_eq!(parts, [8, 4, 4, 4, 12], "{id}");
        assert!(id.chars().all(|c| matches!(c, '-' | '0'..='9' | 'a'..='f')), "{id}");
        assert_eq!(&id[14..15], "4", "{id} has another version");
        assert!(matches!(&id[19..20], "8" | "9" | "a" | "b"), "{id} has another variant");
    }
}

/// Spec: KEY-26, API-051
#[test]
fn every_pair_of_spec_and_usage_is_accepted_or_named() {
    let world = World::new();
    let china = world.kms.client("cn-north-1", Caller::account_root(ACCOUNT).unwrap()).unwrap();
    let usages = ["ENCRYPT_DECRYPT", "SIGN_VERIFY", "GENERATE_VERIFY_MAC", "KEY_AGREEMENT", "ENCAPSULATE_DECAPSULATE"];
    let matrix: &[(&[&str], [bool; 5])] = &[
        (&["SYMMETRIC_DEFAULT"], [true, false, false, false, false]),
        (&["HMAC_224", "HMAC_256", "HMAC_384", "HMAC_512"], [false, false, true, false, false]),
        (&["RSA_2048", "RSA_3072", "RSA_4096"], [true, true, false, false, false]),
        (&["ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_P521"], [false, true, false, true, false]),
        (&["ECC_SECG_P256K1", "ECC_NIST_EDWARDS25519"], [false, true, false, false, false]),
        (&["SM2"], [true, true, false, true, false]),
        (&["ML_DSA_44", "ML_DSA_65", "ML_DSA_87"], [false, true, false, false, false]),
        (&["ML_KEM_512", "ML_KEM_768", "ML_KEM_1024"], [false, false, false, false, true]),
    ];
    for (specs, fitting) in matrix {
        for spec in *specs {
            let client = if *spec == "SM2" { &china } else { &world.root };
            for (usage, fits) in usages.iter().zip(fitting) {
                let result = client.create_key().key_spec(*spec).key_usage(*usage).send();
                let message = format!("KeyUsage {usage} is not compatible with KeySpec {spec}");
                let refused =
                    result.is_err_and(|error| error.code() == "ValidationException" && error.message() == message);
                assert_eq!(refused, !fits, "{spec} {usage}");
            }
        }
    }
}

/// Spec: KEY-26, API-051
#[test]
fn only_symmetric_keys_have_a_default_usage() {
    let world = World::new();
    for spec in ["HMAC_256", "RSA_2048", "ECC_NIST_P256", "ML_KEM_768"] {
        assert_refused(
            world.root.create_key().key_spec(spec).send(),
            "ValidationException",
            "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.",
        );
    }
}

/// Spec: KEY-26, API-050, RUL-07
#[test]
fn the_old_and_the_new_name_of_the_spec_exclude_each_other() {
    let world = World::new();
    for old in ["SYMMETRIC_DEFAULT", "RSA_2048"] {
        let call = world.root.create_key().key_spec("SYMMETRIC_DEFAULT").customer_master_key_spec(old);
        assert_code(call.send(), "ValidationException");
    }
    let key = world.root.create_key().customer_master_key_spec("SYMMETRIC_DEFAULT").send().unwrap();
    assert_eq!(key.key_metadata.key_spec, KeySpec::SymmetricDefault);
}

/// Spec: KEY-26, API-052
#[test]
fn members_of_key_stores_fit_the_origin() {
    let world = World::new();
    let create = || world.root.create_key();
    for call in [
        create().custom_key_store_id("cks-1"),
        create().xks_key_id("external-1"),
        create().origin("EXTERNAL").custom_key_store_id("cks-1"),
        create().origin("EXTERNAL").xks_key_id("external-1"),
        create().origin("AWS_CLOUDHSM"),
        create().origin("AWS_CLOUDHSM").custom_key_store_id("cks-1").xks_key_id("external-1"),
        create().origin("EXTERNAL_KEY_STORE"),
        create().origin("EXTERNAL_KEY_STORE").custom_key_store_id("cks-1"),
        create().origin("EXTERNAL_KEY_STORE").xks_key_id("external-1"),
    ] {
        assert_code(call.send(), "ValidationException");
    }
}

/// Spec: KEY-26, KEY-35, API-016
#[test]
fn unknown_words_and_long_texts_are_violations_and_create_nothing() {
    let world = World::new();
    let create = || world.root.create_key();
    for (call, start) in [
        (
            create().key_usage("NONE"),
            "Value 'NONE' at 'keyUsage' failed to satisfy constraint: Member must satisfy enum value set: [",
        ),
        (
            create().key_spec("DES"),
            "Value 'DES' at 'keySpec' failed to satisfy constraint: Member must satisfy enum value set: [",
        ),
        (
            // The old member was not extended (API-050).
            create().customer_master_key_spec("ML_KEM_512"),
            "Value 'ML_KEM_512' at 'customerMasterKeySpec' failed to satisfy constraint: Member must satisfy enum value set: [",
        ),
        (
            create().origin("HOME"),
            "Value 'HOME' at 'origin' failed to satisfy constraint: Member must satisfy enum value set: [",
        ),
        (
            create().xks_key_id("a b"),
            "Value 'a b' at 'xksKeyId' failed to satisfy constraint: Member must satisfy regular expression pattern: ^[a-zA-Z0-9-_.]+$",
        ),
        (
            create().custom_key_store_id(""),
            "Value '' at 'customKeyStoreId' failed to satisfy constraint: Member must have length greater than or equal to 1",
        ),
    ] {
        let (code, message) = outcome(call.send());
        assert_eq!(code, "ValidationException");
        assert!(message.starts_with(&violation(start)), "{message}");
    }
    let (code, message) = outcome(create().description("ä".repeat(8193)).send());
    assert_eq!(code, "ValidationException");
    assert!(message.ends_with(
        "at 'description' failed to satisfy constraint: Member must have length less than or equal to 8192"
    ));
    assert!(world.root.list_keys().send().unwrap().keys.is_empty());
    assert_eq!(world.kms.key_count(world.root.region(), world.root.account()).unwrap(), 0);

    // Characters count, not bytes.
    create().description("ä".repeat(8192)).send().unwrap();
}

/// Spec: KEY-26, API-054, API-105, POL-85, POL-86, RUL-56
#[test]
fn policies_are_judged_by_size_then_content_then_lockout() {
    let world = World::new();
    let create = |policy: String| world.root.create_key().policy(policy).send();
    let padded = |length: usize| {
        let document = policy(&[delegation()]);
        let padding = " ".repeat(length - document.len());
        document + &padding
    };
    assert_code(create("x".repeat(131_073)), "ValidationException");
    assert_code(create(padded(1000).replace(' ', "\u{100}")), "ValidationException");
    assert_code(create("x".repeat(32_769)), "LimitExceededException");
    assert_code(create(padded(32_769)), "LimitExceededException");
    assert_code(create("not JSON".to_owned()), "MalformedPolicyDocumentException");
    assert_code(create(policy(&[json!({ "Effect": "Perhaps" })])), "MalformedPolicyDocumentException");
    let nobody = policy(&[json!({ "Effect": "Allow", "Principal": { "AWS": format!("arn:aws:iam::{OTHER}:root") },
        "Action": "kms:*", "Resource": "*" })]);
    assert_refused(
        create(nobody.clone()),
        "MalformedPolicyDocumentException",
        "The new key policy will not allow you to update the key policy in the future.",
    );
    assert!(world.root.list_keys().send().unwrap().keys.is_empty(), "a refused key does not exist (KEY-35)");

    create(padded(32_768)).unwrap();
    world.root.create_key().policy(nobody).bypass_policy_lockout_safety_check(true).send().unwrap();
}

/// Spec: KEY-26, KEY-27, API-051
#[test]
fn specs_of_the_other_profile_are_not_supported() {
    let world = World::new();
    let china = world.kms.client("cn-north-1", Caller::account_root(ACCOUNT).unwrap()).unwrap();
    assert_code(
        world.root.create_key().key_spec("SM2").key_usage("SIGN_VERIFY").send(),
        "UnsupportedOperationException",
    );
    let call = china.create_key().key_spec("ML_KEM_512").key_usage("ENCAPSULATE_DECAPSULATE");
    assert_code(call.send(), "UnsupportedOperationException");
}

/// Spec: KEY-29, KEY-28
#[test]
fn the_creator_of_a_key_has_no_rights_of_its_own() {
    let world = World::new();
    let bob = policy(&[json!({ "Effect": "Allow", "Principal": { "AWS": format!("arn:aws:iam::{ACCOUNT}:user/bob") },
        "Action": "kms:*", "Resource": "*" })]);
    let alice = world.user(&["kms:*"]);
    let key = alice.create_key().policy(bob).bypass_policy_lockout_safety_check(true).send().unwrap();
    assert_code(alice.describe_key(key.key_metadata.key_id).send(), "AccessDeniedException");
    let bob = world.client(Caller::user(ACCOUNT, "bob").unwrap());
    bob.describe_key(key.key_metadata.key_id).send().unwrap();
}

/// Spec: KEY-33, STA-62, STA-70
#[test]
fn keys_count_against_the_quota_until_they_are_gone() {
    let world = World::with(|builder| builder.quotas(QuotaProfile::DEFAULT.with_keys_per_account(2)));
    let (first, second) = (world.key(), world.key());
    world.root.schedule_key_deletion(&first.id).pending_window_in_days(7).send().unwrap();
    world.root.disable_key(&second.id).send().unwrap();
    assert_code(world.root.create_key().send(), "LimitExceededException");
    assert_eq!(world.root.list_keys().send().unwrap().keys.len(), 2);
    world.foreign_key();

    world.clock.advance_days(7);
    let third = world.key();
    assert_same_set(listed(&world.root), [second.id, third.id]);
}

fn listed(client: &Client) -> Vec<String> {
    client.list_keys().send().unwrap().keys.iter().map(|entry| entry.key_id.to_string()).collect()
}

/// Spec: KEY-01, KEY-40, KEY-41, API-040, API-056
#[test]
fn all_keys_of_account_and_region_are_listed_in_order() {
    let world = World::new();
    let keys: Vec<_> = (0..8).map(|_| world.key()).collect();
    world.root.disable_key(&keys[0].id).send().unwrap();
    world.root.schedule_key_deletion(&keys[1].id).send().unwrap();
    world.foreign_key();
    world.kms.client("us-east-1", Caller::account_root(ACCOUNT).unwrap()).unwrap().create_key().send().unwrap();

    let mut expected: Vec<_> = keys.iter().map(|key| key.id.clone()).collect();
    expected.sort();
    assert_eq!(listed(&world.root), expected);
    let answer = world.root.list_keys().send().unwrap();
    assert!(answer.keys.iter().all(|entry| entry.key_arn.to_string() == key_arn(&entry.key_id.to_string())));
    // Key policies are not asked.
    assert_eq!(listed(&world.user(&["kms:ListKeys"])), expected);
    assert_code(world.user(&["kms:DescribeKey"]).list_keys().send(), "AccessDeniedException");
}

/// Spec: KEY-42, API-058
#[test]
fn descriptions_are_replaced_and_cleared() {
    let world = World::new();
    let key = world.root.create_key().description("first").send().unwrap().into_inner().key_metadata;
    let description = || world.root.describe_key(key.key_id).send().unwrap().key_metadata.description.clone();
    world.root.update_key_description(key.key_id, "ä".repeat(8192)).send().unwrap();
    assert_eq!(description(), "ä".repeat(8192));
    assert_code(world.root.update_key_description(key.key_id, "x".repeat(8193)).send(), "ValidationException");
    world.root.update_key_description(key.arn, "").send().unwrap();
    assert_eq!(description(), "");
    let incomplete = keystead::operations::UpdateKeyDescription::new();
    assert_refused(
        world.root.call(incomplete).send(),
        "ValidationException",
        "2 validation errors detected: Value null at 'keyId' failed to satisfy constraint: Member must not be null; Value \
         null at 'description' failed to satisfy constraint: Member must not be null",
    );
}

/// Spec: KEY-43, KEY-45, KEY-113, STA-06, STA-22, STA-38, API-105, ROT-20
#[test]
fn a_disabled_key_refuses_use_but_not_management() {
    let world = World::new();
    let key = world.key();
    let sealed = world.root.encrypt(&key.id, b"x").send().unwrap().into_inner().ciphertext_blob;
    world.root.disable_key(&key.id).send().unwrap();

    let disabled = format!("{} is disabled.", key.arn);
    for (action, attempt) in CLASS_A.iter().filter(|(action, _)| *action != "kms:DescribeKey") {
        assert_eq!(outcome(attempt(&world.root, &key.id)), ("DisabledException", disabled.clone()), "{action}");
    }
    assert_refused(world.root.decrypt(&sealed).send(), "DisabledException", &disabled);
    assert_refused(world.root.re_encrypt(&sealed, &key.id).send(), "DisabledException", &disabled);
    assert_refused(world.root.enable_key_rotation(&key.id).send(), "DisabledException", &disabled);
    assert_refused(world.root.disable_key_rotation(&key.id).send(), "DisabledException", &disabled);
    assert_refused(world.root.rotate_key_on_demand(&key.id).send(), "DisabledException", &disabled);

    let metadata = world.root.describe_key(&key.id).send().unwrap().key_metadata.clone();
    assert_eq!((metadata.key_state, metadata.enabled), (KeyState::Disabled, false));
    world.root.create_alias("alias/a", &key.id).send().unwrap();
    world.root.tag_resource(&key.id).tag("a", "b").send().unwrap();
    world.root.untag_resource(&key.id).tag_key("a").send().unwrap();
    world.root.update_key_description(&key.id, "x").send().unwrap();
    world.root.put_key_policy(&key.id, policy(&[delegation()])).send().unwrap();
    world.root.get_key_policy(&key.id).send().unwrap();
    world.root.list_key_rotations(&key.id).send().unwrap();
    world.root.get_key_rotation_status(&key.id).send().unwrap();

    world.root.enable_key(&key.id).send().unwrap();
    assert_eq!(world.root.decrypt(&sealed).send().unwrap().expose(), b"x");
}

/// Spec: KEY-44, STA-48, API-057
#[test]
fn enabling_and_disabling_twice_is_once_and_recorded_twice() {
    let world = World::new();
    let key = world.key();
    world.root.enable_key(&key.id).send().unwrap();
    assert_eq!(state(&world, &key), KeyState::Enabled);
    world.root.disable_key(&key.id).send().unwrap();
    world.root.disable_key(&key.id).send().unwrap();
    assert_eq!(state(&world, &key), KeyState::Disabled);
    assert_eq!(world.records("DisableKey").len(), 2);
}

fn state(world: &World, key: &Key) -> KeyState {
    world.root.describe_key(&key.id).send().unwrap().key_metadata.key_state
}

/// Spec: KEY-37, KEY-02, STA-03
#[test]
fn dates_have_milliseconds_of_the_hosts_clock() {
    let world = World::new();
    world.clock.advance(Duration::from_millis(475));
    let key = world.root.create_key().send().unwrap().into_inner().key_metadata;
    assert_eq!(key.creation_date.to_string(), "2026-01-01T00:00:00.475Z");
}

/// Spec: KEY-107, KEY-110
#[test]
fn of_several_who_create_one_alias_one_succeeds() {
    let world = World::new();
    let key = world.key();
    let results: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> =
            (0..8).map(|_| scope.spawn(|| world.root.create_alias("alias/a", &key.id).send().map(drop))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    let mut refused = results.into_iter().filter_map(Result::err);
    assert!(refused.all(|error| error.code() == "AlreadyExistsException"));
}
