//! Rules on condition keys that need more than one call to show (chapter 22).
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use keystead::{Caller, EncryptionContext, RecipientInfo};
use serde_json::{Value, json};
use support::statements::*;
use support::*;

/// The lockout check knows all that the call knows, but for the flag that skips it.
///
/// Spec: CND-123, CND-132, POL-86
#[test]
fn the_lockout_check_sees_the_keys_of_the_call() {
    let world = World::new();
    let key = world.key();
    let service = "s3.us-west-2.amazonaws.com";
    let client = world.client(
        alice(&[json!({ "Effect": "Allow", "Action": ["kms:PutKeyPolicy", "kms:CreateKey"], "Resource": "*" })])
            .via_service(service),
    );
    let put = |condition: Value| {
        let document = policy(&[by_key_policy(&["kms:PutKeyPolicy"], condition)]);
        let put = client.put_key_policy(&key.id, document.clone()).send().map(drop);
        // Restored for the next condition.
        world.root.put_key_policy(&key.id, policy(&[delegation()])).send().ok();
        (put, client.create_key().policy(document).send().map(drop))
    };
    for condition in [
        equals("kms:PolicyName", "default"),
        equals("kms:CallerAccount", ACCOUNT),
        equals("kms:ViaService", service),
        equals("kms:KeySpec", "SYMMETRIC_DEFAULT"),
        equals("aws:ResourceAccount", ACCOUNT),
        json!({ "Null": { "kms:BypassPolicyLockoutSafetyCheck": "true" } }),
    ] {
        let fresh = world.key();
        let document = policy(&[by_key_policy(&["kms:PutKeyPolicy"], condition.clone())]);
        client.put_key_policy(&fresh.id, document.clone()).send().unwrap();
        client.create_key().policy(document).send().unwrap();
    }
    for condition in [
        equals("kms:PolicyName", "other"),
        equals("kms:CallerAccount", OTHER),
        json!({ "Bool": { "kms:BypassPolicyLockoutSafetyCheck": "false" } }),
    ] {
        let (put, create) = put(condition);
        assert_code(put, "MalformedPolicyDocumentException");
        assert_code(create, "MalformedPolicyDocumentException");
    }
}

/// Spec: CND-04, CND-27, CND-33
#[test]
fn the_default_rotation_period_is_a_year() {
    let world = World::new();
    let key = world.key();
    let condition = json!({ "NumericLessThanEquals": { "kms:RotationPeriodInDays": 364 } });
    let client = world.client(alice(&[allowing(&["kms:EnableKeyRotation"], condition)]));
    assert_code(client.enable_key_rotation(&key.id).send(), "AccessDeniedException");
    client.enable_key_rotation(&key.id).rotation_period_in_days(364).send().unwrap();
    assert_code(client.enable_key_rotation(&key.id).rotation_period_in_days(365).send(), "AccessDeniedException");
}

/// Spec: CND-69, CND-70, CND-75
#[test]
fn a_request_does_not_satisfy_conditions_by_its_own_effect() {
    let world = World::new();
    let key = world.key();
    let able = |condition: Value| world.client(alice(&[allowing(&["kms:*"], condition)]));
    let by_tag = able(equals("aws:ResourceTag/Purpose", "Test"));
    assert_code(by_tag.tag_resource(&key.id).tag("Purpose", "Test").send(), "AccessDeniedException");
    let by_request = able(equals("aws:RequestTag/Purpose", "Test"));
    by_request.tag_resource(&key.id).tag("Purpose", "Test").send().unwrap();
    assert_code(by_request.untag_resource(&key.id).tag_key("Purpose").send(), "AccessDeniedException");
    // The tag that the request removes or replaces is still there.
    by_tag.tag_resource(&key.id).tag("Purpose", "Other").send().unwrap();
    let by_alias = able(json!({ "ForAnyValue:StringEquals": { "kms:ResourceAliases": "alias/a" } }));
    let attempt = by_alias.create_alias("alias/a", &key.id).send();
    assert_code(attempt, "AccessDeniedException");
    // A key to be created has the tags that it is going to have.
    by_request.create_key().tag("Purpose", "Test").send().unwrap();
    by_tag.create_key().tag("Purpose", "Test").send().unwrap();
    assert_code(by_tag.create_key().tag("Purpose", "Other").send(), "AccessDeniedException");
    assert_code(by_tag.create_key().send(), "AccessDeniedException");
}

/// Spec: CND-77
#[test]
fn access_by_alias_ends_when_the_alias_moves() {
    let world = World::new();
    let (key, next) = (world.key(), world.key());
    world.root.create_alias("alias/a", &key.id).send().unwrap();
    let condition = json!({ "ForAnyValue:StringEquals": { "kms:ResourceAliases": "alias/a" } });
    let client = world.client(alice(&[allowing(&["kms:Decrypt"], condition)]));
    let blob = world.root.encrypt(&key.id, b"x").send().unwrap();
    let with_alias = || client.decrypt(&blob.ciphertext_blob).key_id("alias/a").send();
    let without = || client.decrypt(&blob.ciphertext_blob).send();
    with_alias().unwrap();
    without().unwrap();
    world.root.update_alias("alias/a", &next.id).send().unwrap();
    assert_code(with_alias(), "IncorrectKeyException");
    assert_code(without(), "AccessDeniedException");
    world.root.delete_alias("alias/a").send().unwrap();
    assert_code(with_alias(), "NotFoundException");
    assert_code(without(), "AccessDeniedException");
}

/// Spec: CND-08
#[test]
fn each_side_of_a_request_has_its_own_values() {
    let world = World::new();
    let (key, other) = (world.key(), world.key());
    world.root.create_alias("alias/source", &key.id).send().unwrap();
    world.root.create_alias("alias/destination", &other.id).send().unwrap();
    let blob = world.root.encrypt(&key.id, b"x").context("Side", "source").send().unwrap();
    let statements = |from: &str, to: &str| {
        [("kms:ReEncryptFrom", from), ("kms:ReEncryptTo", to)].map(|(action, side)| {
            let condition = json!({ "StringEquals": {
                "kms:EncryptionContext:Side": side, "kms:RequestAlias": format!("alias/{side}") } });
            allowing(&[action], condition)
        })
    };
    let re_encrypt = |from: &str, to: &str| {
        let client = world.client(alice(&statements(from, to)));
        let call = client.re_encrypt(&blob.ciphertext_blob, "alias/destination").source_key_id("alias/source");
        is_allowed(call.source_context("Side", "source").destination_context("Side", "destination").send())
    };
    assert!(re_encrypt("source", "destination"));
    assert!(!re_encrypt("destination", "source"));
    assert!(!re_encrypt("source", "source") && !re_encrypt("destination", "destination"));
    // The current key of an alias and its next one are judged each by its own tags.
    world.root.tag_resource(&key.id).tag("Movable", "yes").send().unwrap();
    let statements = [
        json!({ "Effect": "Allow", "Action": "kms:UpdateAlias", "Resource": alias_arn("alias/source") }),
        allowing(&["kms:UpdateAlias"], equals("aws:ResourceTag/Movable", "yes")),
    ];
    let client = world.client(alice(&statements));
    assert_code(client.update_alias("alias/source", &other.id).send(), "AccessDeniedException");
    world.root.tag_resource(&other.id).tag("Movable", "yes").send().unwrap();
    client.update_alias("alias/source", &other.id).send().unwrap();
}

/// A document that nobody has verified gives no values: the request fails before policies are asked.
#[test]
fn an_unverified_document_satisfies_nothing() {
    let world = World::new();
    let key = world.key();
    let blob = world.root.encrypt(&key.id, b"x").send().unwrap();
    let condition = like("kms:RecipientAttestation:ImageSha384", "*");
    let client = world.client(alice(&[allowing(&["kms:*"], condition)]));
    let mut recipient = RecipientInfo::default();
    recipient.key_encryption_algorithm = Some("RSAES_OAEP_SHA_256".into());
    recipient.attestation_document = Some(b"forged".into());
    for caller in [&client, &world.client(alice(&[])), &world.root] {
        let error = refusal(caller.decrypt(&blob.ciphertext_blob).recipient(recipient.clone()).send());
        assert_ne!(error.code(), "AccessDeniedException", "{error}");
    }
    assert!(client.decrypt(&blob.ciphertext_blob).recipient(recipient).explain().is_err());
}

/// Spec: CND-13, CND-14, CND-39
#[test]
fn keys_of_a_context_match_by_case_only_as_a_set() {
    let world = World::new();
    let key = world.key();
    let encrypts = |condition: &Value, name: &'static str| {
        let client = world.client(alice(&[allowing(&["kms:Encrypt"], condition.clone())]));
        is_allowed(client.encrypt(&key.id, b"x").context(name, "1").send())
    };
    let pair = equals("kms:EncryptionContext:App", "1");
    assert!(encrypts(&pair, "App") && encrypts(&pair, "app") && !encrypts(&pair, "other"));
    let exact = json!({ "StringEquals": { "kms:EncryptionContext:App": "1" },
                        "ForAnyValue:StringEquals": { "kms:EncryptionContextKeys": "App" } });
    assert!(encrypts(&exact, "App") && !encrypts(&exact, "app"));
    // Some context is required.
    let some = json!({ "Null": { "kms:EncryptionContextKeys": "false" } });
    assert!(encrypts(&some, "any"));
    let client = world.client(alice(&[allowing(&["kms:Encrypt"], some)]));
    assert_code(client.encrypt(&key.id, b"x").send(), "AccessDeniedException");
    assert_code(
        client.encrypt(&key.id, b"x").encryption_context(EncryptionContext::new()).send(),
        "AccessDeniedException",
    );
}

/// Spec: CND-53, CND-60, CND-61
#[test]
fn permission_through_a_service_is_of_the_principal() {
    let world = World::new();
    let listed = json!({ "Effect": "Allow", "Principal": { "AWS": ALICE }, "Action": "kms:Encrypt", "Resource": "*",
        "Condition": { "StringEquals": { "kms:ViaService": ["s3.us-west-2.amazonaws.com", "own.example"] } } });
    let key = world.key_with_policy(&policy(&[delegation(), listed]));
    let encrypts = |caller: Caller, service: Option<&str>| {
        let caller = service.map_or(caller.clone(), |service| caller.clone().via_service(service));
        is_allowed(world.client(caller).encrypt(&key.id, b"x").send())
    };
    for service in ["s3.us-west-2.amazonaws.com", "own.example"] {
        assert!(encrypts(alice(&[]), Some(service)));
        // Not of whoever calls through it.
        assert!(!encrypts(Caller::user(ACCOUNT, "bob").unwrap(), Some(service)));
    }
    assert!(!encrypts(alice(&[]), None) && !encrypts(alice(&[]), Some("s3.eu-west-1.amazonaws.com")));
}

/// Spec: CND-132, PRM-28
#[test]
fn a_dry_run_is_judged_by_the_same_keys() {
    let world = World::new();
    let key = world.key();
    world.root.create_alias("alias/a", &key.id).send().unwrap();
    for condition in [
        equals("kms:EncryptionContext:order", "42"),
        equals("kms:RequestAlias", "alias/a"),
        json!({ "ForAnyValue:StringEquals": { "kms:ResourceAliases": "alias/a" } }),
        equals("kms:EncryptionAlgorithm", "SYMMETRIC_DEFAULT"),
        equals("kms:CallerAccount", ACCOUNT),
    ] {
        let client = world.client(alice(&[allowing(&["kms:Encrypt"], condition)]));
        assert_code(
            client.encrypt("alias/a", b"x").context("order", "42").dry_run(true).send(),
            "DryRunOperationException",
        );
    }
    for condition in [equals("kms:EncryptionContext:order", "43"), equals("kms:RequestAlias", "alias/b")] {
        let client = world.client(alice(&[allowing(&["kms:Encrypt"], condition)]));
        assert_code(
            client.encrypt("alias/a", b"x").context("order", "42").dry_run(true).send(),
            "AccessDeniedException",
        );
    }
}

/// Spec: CND-38
#[test]
fn values_of_a_context_are_texts() {
    let world = World::new();
    let key = world.key();
    let client = world.client(alice(&[allowing(&["kms:Encrypt"], equals("kms:EncryptionContext:n", "10103.0"))]));
    client.encrypt(&key.id, b"x").context("n", "10103.0").send().unwrap();
    assert_code(client.encrypt(&key.id, b"x").context("n", "10103").send(), "AccessDeniedException");
}

/// Spec: CND-45
#[test]
fn wrapping_keys_are_of_four_kinds() {
    let world = World::new();
    let key = world.key();
    let import = |spec: &'static str| {
        let call = world.root.get_parameters_for_import().key_id(&*key.id).wrapping_key_spec(spec);
        call.wrapping_algorithm("RSAES_OAEP_SHA_256").send()
    };
    for spec in ["RSA_2048", "RSA_3072", "RSA_4096", "SM2"] {
        assert_ne!(refusal(import(spec)).code(), "ValidationException", "{spec}");
    }
    assert_code(import("RSA_1024"), "ValidationException");
}
