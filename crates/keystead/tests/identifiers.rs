//! How keys are named (chapter 10, section 3).
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use keystead::hierarchy::spec::KeyState;
use serde_json::json;
use support::attempts::{Attempt, CLASS_A, CLASS_B_OWN};
use support::*;

/// Spec: KEY-16, API-016
#[test]
fn identifiers_have_1_to_2048_characters() {
    let world = World::new();
    assert_refused(
        world.root.describe_key("").send(),
        "ValidationException",
        &violation(
            "Value '' at 'keyId' failed to satisfy constraint: Member must have length greater than or equal to 1",
        ),
    );
    let long = "k".repeat(2049);
    let (code, message) = outcome(world.root.encrypt(&long, b"x").send());
    assert_eq!(code, "ValidationException");
    assert!(
        message
            .ends_with("at 'keyId' failed to satisfy constraint: Member must have length less than or equal to 2048")
    );
    assert_refused(
        world.root.describe_key(&long[1..]).send(),
        "NotFoundException",
        &format!("Invalid keyId '{}'", &long[1..]),
    );
}

/// Spec: KEY-22, API-021, API-105, RUL-23, STA-49, POL-116
#[test]
fn identifiers_that_name_nothing_are_told_apart() {
    let world = World::new();
    let key = world.key();
    let absent = key_arn(ABSENT);
    let multi_region = "mrk-1234abcd12ab34cd56ef1234567890ab";
    let table: &[(String, &str, String)] = &[
        ("no-key".into(), "NotFoundException", "Invalid keyId 'no-key'".into()),
        (ABSENT.to_uppercase(), "NotFoundException", format!("Invalid keyId '{}'", ABSENT.to_uppercase())),
        (format!(" {}", key.id), "NotFoundException", format!("Invalid keyId ' {}'", key.id)),
        (format!("{}0", key.id), "NotFoundException", format!("Invalid keyId '{}0'", key.id)),
        ("mrk-1234".into(), "NotFoundException", "Invalid keyId 'mrk-1234'".into()),
        (ABSENT.into(), "NotFoundException", format!("Key '{absent}' does not exist")),
        (absent.clone(), "NotFoundException", format!("Key '{absent}' does not exist")),
        (multi_region.into(), "NotFoundException", format!("Key '{}' does not exist", key_arn(multi_region))),
        (key.arn.replace(REGION, "us-east-1"), "NotFoundException", "Invalid arn us-east-1".into()),
        (
            key.arn.replace(REGION, "us-east-1").replace(ACCOUNT, OTHER),
            "NotFoundException",
            "Invalid arn us-east-1".into(),
        ),
        (alias_arn("alias/a").replace(REGION, "eu-west-3"), "NotFoundException", "Invalid arn eu-west-3".into()),
        ("alias/none".into(), "NotFoundException", format!("Alias {} is not found.", alias_arn("alias/none"))),
        (alias_arn("alias/none"), "NotFoundException", format!("Alias {} is not found.", alias_arn("alias/none"))),
    ];
    for (identifier, code, message) in table {
        assert_refused(world.root.describe_key(identifier).send(), code, message);
        assert_refused(world.root.encrypt(identifier, b"x").send(), code, message);
    }
}

/// Spec: KEY-22, API-021
#[test]
fn malformed_arns_are_invalid_where_the_operation_says_so() {
    let world = World::new();
    let key = world.key();
    for malformed in [
        "arn:".to_owned(),
        key.arn.replace("arn:aws:", "arn:aws-cn:"),
        key.arn.replace("arn:aws:", "arn:nowhere:"),
        key.arn.replace(":kms:", ":s3:"),
        key.arn.replace(ACCOUNT, "11112222333"),
        key.arn.replace(ACCOUNT, "11112222333x"),
        key.arn.replace(":key/", ":keys/"),
        key.arn.replace(":key/", ":"),
        format!("{}:", key.arn.split(":key/").next().unwrap()),
        key.arn.replace(&key.id, ""),
        key.arn.to_uppercase().replace("ARN:", "arn:"),
    ] {
        for (action, attempt) in CLASS_A {
            let expected = if *action == "kms:DescribeKey" { "InvalidArnException" } else { "NotFoundException" };
            assert_eq!(outcome(attempt(&world.root, &malformed)).0, expected, "{action} {malformed}");
        }
        for (action, attempt) in CLASS_B_OWN {
            assert_eq!(outcome(attempt(&world.root, &malformed)).0, "InvalidArnException", "{action} {malformed}");
        }
        assert_code(world.root.create_alias("alias/a", &malformed).send(), "NotFoundException");
        assert_code(world.root.list_aliases().key_id(malformed).send(), "InvalidArnException");
    }
}

/// Spec: KEY-18, KEY-23, KEY-64, API-019, API-023
#[test]
fn cryptographic_operations_take_every_form_and_answer_the_arn() {
    let world = World::new();
    let key = world.key();
    world.root.create_alias("alias/team/a", &key.id).send().unwrap();
    for form in [key.id.clone(), key.arn.clone(), "alias/team/a".to_owned(), alias_arn("alias/team/a")] {
        for (action, attempt) in CLASS_A {
            attempt(&world.root, &form).unwrap_or_else(|error| panic!("{action} {form}: {error}"));
        }
        let sealed = world.root.encrypt(&form, b"x").send().unwrap();
        assert_eq!(sealed.key_id.to_string(), key.arn);
        assert_eq!(world.root.generate_data_key(&form).number_of_bytes(8).send().unwrap().key_id.to_string(), key.arn);
        let opened = world.root.decrypt(&sealed.ciphertext_blob).key_id(form.clone()).send().unwrap();
        assert_eq!(opened.key_id.to_string(), key.arn);
        let moved = world.root.re_encrypt(&sealed.ciphertext_blob, &form).source_key_id(form.clone()).send().unwrap();
        assert_eq!((moved.source_key_id.to_string(), moved.key_id.to_string()), (key.arn.clone(), key.arn.clone()));
        assert_eq!(world.root.describe_key(&form).send().unwrap().key_metadata.key_id.to_string(), key.id);
    }
}

/// Spec: KEY-18, KEY-21, API-020, API-105, ROT-13, STA-49
#[test]
fn management_operations_take_no_alias() {
    let world = World::new();
    let key = world.key();
    world.root.create_alias("alias/a", &key.id).send().unwrap();
    let attempts = CLASS_B_OWN.iter().map(|(_, attempt)| *attempt);
    let cross_account: Attempt = |client, key| client.get_key_rotation_status(key).send().map(drop);
    let filter: Attempt = |client, key| client.list_aliases().key_id(key.to_owned()).send().map(drop);
    for attempt in attempts.chain([cross_account, filter]) {
        assert_refused(attempt(&world.root, "alias/a"), "NotFoundException", "Invalid keyId 'alias/a'");
        assert_refused(
            attempt(&world.root, &alias_arn("alias/a")),
            "InvalidArnException",
            "Key Aliases are not supported for this operation",
        );
    }
    // Operations on aliases do not declare InvalidArnException.
    assert_refused(
        world.root.create_alias("alias/b", "alias/a").send(),
        "NotFoundException",
        "Invalid keyId 'alias/a'",
    );
    assert_refused(
        world.root.update_alias("alias/a", alias_arn("alias/a")).send(),
        "NotFoundException",
        "Key Aliases are not supported for this operation",
    );
    assert_eq!(world.root.describe_key(&key.id).send().unwrap().key_metadata.key_state, KeyState::Enabled);
    assert!(!world.root.get_key_rotation_status(&key.id).send().unwrap().key_rotation_enabled);
}

/// Spec: KEY-20, KEY-70, API-014, POL-117, PRM-09, PRM-12, STA-91
#[test]
fn keys_of_other_accounts_cannot_be_managed_or_detected() {
    let world = World::new();
    let key = world.foreign_key();
    let shared = policy(&[json!({ "Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*" })]);
    world.foreign_root().put_key_policy(&key.id, shared).send().unwrap();
    let caller = world.user(&["kms:*"]);
    for (action, attempt) in CLASS_B_OWN {
        for arn in
            [key.arn.clone(), key_arn(ABSENT).replace(ACCOUNT, OTHER), key_arn(ABSENT).replace(ACCOUNT, "999999999999")]
        {
            assert_refused(attempt(&caller, &arn), "AccessDeniedException", &opaque(&caller, action));
        }
    }
    assert_code(caller.list_aliases().key_id(key.arn.clone()).send(), "NotFoundException");
    // What may be shared is shared.
    assert_eq!(caller.describe_key(&key.arn).send().unwrap().key_metadata.arn.to_string(), key.arn);
    assert!(!caller.get_key_rotation_status(&key.arn).send().unwrap().key_rotation_enabled);
}

/// Spec: KEY-22, API-014, API-108, POL-117, STA-47
#[test]
fn forbidden_and_absent_foreign_keys_look_alike() {
    let world = World::new();
    let key = world.foreign_key();
    world.foreign_root().create_alias("alias/there", &key.id).send().unwrap();
    let caller = world.user(&["kms:*"]);
    let foreign = |arn: String| arn.replace(ACCOUNT, OTHER);
    for arn in [
        key.arn.clone(),
        foreign(key_arn(ABSENT)),
        foreign(alias_arn("alias/there")),
        foreign(alias_arn("alias/absent")),
        key_arn(ABSENT).replace(ACCOUNT, "999999999999"),
    ] {
        for (action, attempt) in CLASS_A {
            assert_refused(attempt(&caller, &arn), "AccessDeniedException", &opaque(&caller, action));
        }
    }
}

/// Spec: KEY-19, API-022, PRM-43, POL-118
#[test]
fn a_bare_foreign_key_id_works_only_beside_its_ciphertext() {
    let world = World::new();
    let shared = policy(&[json!({ "Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*" })]);
    let key = world.key_with_policy(&shared);
    let sealed = world.root.encrypt(&key.id, b"x").send().unwrap().into_inner().ciphertext_blob;

    let partner = world.stranger(&["kms:*"]);
    let missing = format!("Key '{}' does not exist", key.arn.replace(ACCOUNT, OTHER));
    assert_refused(partner.encrypt(&key.id, b"x").send(), "NotFoundException", &missing);
    let opened = partner.decrypt(&sealed).key_id(key.id.clone()).send().unwrap();
    assert_eq!(opened.key_id.to_string(), key.arn);
    partner.re_encrypt(&sealed, &key.arn).source_key_id(key.id.clone()).send().unwrap();
    assert_refused(partner.re_encrypt(&sealed, &key.id).send(), "NotFoundException", &missing);
}
