//! Policies through the facade (chapters 21 and 24).
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use keystead::{Caller, Client};
use serde_json::{Value, json};
use support::*;

const ALICE: &str = "arn:aws:iam::111122223333:user/alice";
const ROLE: &str = "arn:aws:iam::111122223333:role/worker";
const PARTNER: &str = "arn:aws:iam::444455556666:role/partner";

fn statement(effect: &str, principal: Value, actions: &str) -> Value {
    json!({ "Effect": effect, "Principal": principal, "Action": actions, "Resource": "*" })
}

fn under(mut statement: Value, condition: Value) -> Value {
    statement["Condition"] = condition;
    statement
}

fn worker() -> Caller {
    Caller::role_session(ACCOUNT, "worker", "shift").unwrap()
}

fn denied(caller: &Client, action: &str, resource: &str, reason: &str) -> String {
    format!("User: {} is not authorized to perform: {action} on resource: {resource} {reason}", caller.caller_arn())
}

fn no_layer(layer: &str, action: &str) -> String {
    format!("because no {layer} allows the {action} action")
}

/// Spec: POL-114, POL-115, POL-97
#[test]
fn an_identity_policy_alone_does_not_reach_a_key() {
    let world = World::new();
    let key = world.key_with_policy(&policy(&[statement("Allow", json!({ "AWS": ROLE }), "kms:*")]));
    let alice = world.user(&["kms:Encrypt"]);
    let reason = no_layer("resource-based policy", "kms:Encrypt");
    assert_refused(
        alice.encrypt(&key.id, b"x").send(),
        "AccessDeniedException",
        &denied(&alice, "kms:Encrypt", &key.arn, &reason),
    );
}

/// Spec: POL-05, POL-94, POL-114, POL-115, API-105, POL-74
#[test]
fn the_default_policy_leaves_it_to_identity_policies() {
    let world = World::new();
    let key = world.key();
    let alice = world.user(&[]);
    let reason = no_layer("identity-based policy", "kms:Encrypt");
    assert_refused(
        alice.encrypt(&key.id, b"x").send(),
        "AccessDeniedException",
        &denied(&alice, "kms:Encrypt", &key.arn, &reason),
    );
    world.user(&["kms:Encrypt"]).encrypt(&key.id, b"x").send().unwrap();
    world.root.encrypt(&key.id, b"x").send().unwrap();
}

/// Spec: POL-94, CND-53
#[test]
fn a_delegation_may_be_narrow() {
    let world = World::new();
    let service = "s3.us-west-2.amazonaws.com";
    let account = json!({ "AWS": format!("arn:aws:iam::{ACCOUNT}:root") });
    let key = world.key_with_policy(&policy(&[
        under(statement("Allow", account, "kms:Decrypt"), json!({ "StringEquals": { "kms:ViaService": service } })),
        statement("Allow", json!({ "AWS": ROLE }), "kms:Encrypt"),
    ]));
    let blob = world.client(worker()).encrypt(&key.id, b"x").send().unwrap().into_inner().ciphertext_blob;
    let alice = || Caller::user(ACCOUNT, "alice").unwrap().identity_policy(&allow(&["kms:*"], "*")).unwrap();
    assert_code(world.client(alice()).decrypt(&blob).send(), "AccessDeniedException");
    let through = world.client(alice().via_service(service));
    through.decrypt(&blob).send().unwrap();
    assert_code(through.encrypt(&key.id, b"x").send(), "AccessDeniedException");
    assert_code(
        world.client(alice().via_service("s3.eu-west-1.amazonaws.com")).decrypt(&blob).send(),
        "AccessDeniedException",
    );
}

/// Spec: POL-94, POL-91
#[test]
fn a_conditional_allow_restricts_nothing_but_a_deny_does() {
    let world = World::new();
    let wrong = json!({ "StringNotEquals": { "kms:EncryptionContext:app": "1" } });
    let right = json!({ "StringEquals": { "kms:EncryptionContext:app": "1" } });
    let role = || json!({ "AWS": ROLE });
    let caller = || worker().identity_policy(&allow(&["kms:Encrypt"], "*")).unwrap();

    let key = world.key_with_policy(&policy(&[delegation(), under(statement("Allow", role(), "kms:Encrypt"), right)]));
    world.client(caller()).encrypt(&key.id, b"x").send().unwrap();

    let key = world.key_with_policy(&policy(&[delegation(), under(statement("Deny", role(), "kms:Encrypt"), wrong)]));
    let client = world.client(caller());
    let reason = "with an explicit deny in a resource-based policy";
    assert_refused(
        client.encrypt(&key.id, b"x").send(),
        "AccessDeniedException",
        &denied(&client, "kms:Encrypt", &key.arn, reason),
    );
    client.encrypt(&key.id, b"x").context("app", "1").send().unwrap();
}

/// Spec: POL-114, POL-115, POL-91
#[test]
fn every_layer_that_denies_is_named() {
    let world = World::new();
    let key = world.key_with_policy(&policy(&[delegation(), statement("Allow", json!({ "AWS": ALICE }), "kms:*")]));
    let deny = policy(&[
        json!({ "Effect": "Allow", "Action": "*", "Resource": "*" }),
        json!({ "Effect": "Deny", "Action": "kms:DisableKey", "Resource": "*" }),
    ]);
    let anywhere = policy(&[
        json!({ "Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*" }),
        json!({ "Effect": "Deny", "Principal": "*", "Action": "kms:DisableKey", "Resource": "*" }),
    ]);
    let alice = || Caller::user(ACCOUNT, "alice").unwrap();
    for (caller, layer) in [
        (alice().identity_policy(&deny).unwrap(), "an identity-based policy"),
        (alice().permissions_boundary(&deny).unwrap(), "a permissions boundary"),
        (alice().session_policy(&deny).unwrap(), "a session policy"),
        (alice().service_control_level(&[&deny]).unwrap(), "a service control policy"),
        (alice().resource_control_level(&[&anywhere]).unwrap(), "a resource control policy"),
        (alice().endpoint_policy(&anywhere).unwrap(), "a VPC endpoint policy"),
    ] {
        let client = world.client(caller);
        let reason = format!("with an explicit deny in {layer}");
        assert_refused(
            client.disable_key(&key.id).send(),
            "AccessDeniedException",
            &denied(&client, "kms:DisableKey", &key.arn, &reason),
        );
        client.describe_key(&key.id).send().unwrap();
    }
}

/// Spec: POL-147, POL-92
#[test]
fn every_layer_that_is_silent_is_named() {
    let world = World::new();
    let role = json!({ "AWS": ROLE });
    let key = world.key_with_policy(&policy(&[delegation(), statement("Allow", role, "kms:*")]));
    let other = allow(&["kms:Encrypt"], "*");
    let anyone = policy(&[json!({ "Effect": "Allow", "Principal": "*", "Action": "kms:Encrypt", "Resource": "*" })]);
    for (caller, layer) in [
        (worker().permissions_boundary(&other).unwrap(), "permissions boundary"),
        (worker().session_policy(&other).unwrap(), "session policy"),
        (worker().service_control_level(&[&other]).unwrap(), "service control policy"),
        (worker().endpoint_policy(&anyone).unwrap(), "VPC endpoint policy"),
    ] {
        let client = world.client(caller);
        assert_refused(
            client.disable_key(&key.id).send(),
            "AccessDeniedException",
            &denied(&client, "kms:DisableKey", &key.arn, &no_layer(layer, "kms:DisableKey")),
        );
        client.encrypt(&key.id, b"x").send().unwrap();
    }
}

/// Spec: POL-95, POL-98, RUL-40
#[test]
fn a_role_in_the_key_policy_is_bound_by_the_session_its_session_is_not() {
    let world = World::new();
    let session = format!("arn:aws:sts::{ACCOUNT}:assumed-role/worker/shift");
    let narrow = || worker().session_policy(&allow(&["kms:DescribeKey"], "*")).unwrap();
    let key = world.key_with_policy(&policy(&[statement("Allow", json!({ "AWS": ROLE }), "kms:Encrypt")]));
    world.client(worker()).encrypt(&key.id, b"x").send().unwrap();
    assert_code(world.client(narrow()).encrypt(&key.id, b"x").send(), "AccessDeniedException");
    let key = world.key_with_policy(&policy(&[statement("Allow", json!({ "AWS": session }), "kms:Encrypt")]));
    world.client(narrow()).encrypt(&key.id, b"x").send().unwrap();
    let other = world.client(Caller::role_session(ACCOUNT, "worker", "other").unwrap());
    assert_code(other.encrypt(&key.id, b"x").send(), "AccessDeniedException");
}

/// Spec: POL-99, POL-100, PRM-02, PRM-09, PRM-12, POL-90
#[test]
fn across_accounts_both_sides_must_allow_what_may_cross() {
    let world = World::new();
    let key = world.key_with_policy(&policy(&[delegation(), statement("Allow", json!({ "AWS": PARTNER }), "kms:*")]));
    let with = |identity: Option<String>| {
        let caller = Caller::role_session(OTHER, "partner", "session").unwrap();
        world.client(match identity {
            Some(document) => caller.identity_policy(&document).unwrap(),
            None => caller,
        })
    };
    assert_code(with(None).encrypt(&key.arn, b"x").send(), "AccessDeniedException");
    let able = with(Some(allow(&["kms:*"], &key.arn)));
    able.encrypt(&key.arn, b"x").send().unwrap();
    able.describe_key(&key.arn).send().unwrap();
    able.get_key_rotation_status(&key.arn).send().unwrap();
    let refused = opaque(&able, "kms:PutKeyPolicy");
    let result = able.put_key_policy(&key.arn, policy(&[delegation()])).send();
    assert_refused(result, "AccessDeniedException", &refused);
    let result = able.tag_resource(&key.arn).tag("a", "b").send();
    assert_refused(result, "AccessDeniedException", &opaque(&able, "kms:TagResource"));
}

/// Spec: POL-99, POL-75
#[test]
fn everybody_includes_strangers_only_with_their_own_permission() {
    let world = World::new();
    let key = world.key_with_policy(&policy(&[delegation(), statement("Allow", json!("*"), "kms:Encrypt")]));
    world.stranger(&["kms:Encrypt"]).encrypt(&key.arn, b"x").send().unwrap();
    assert_code(world.stranger(&["kms:Decrypt"]).encrypt(&key.arn, b"x").send(), "AccessDeniedException");
    world.user(&[]).encrypt(&key.arn, b"x").send().unwrap();
}

/// Spec: API-019, API-020, API-022, PRM-04, POL-118
#[test]
fn foreign_keys_are_named_by_arn() {
    let world = World::new();
    let key = world.key_with_policy(&policy(&[delegation(), statement("Allow", json!("*"), "kms:*")]));
    world.root.create_alias("alias/shared", &key.id).send().unwrap();
    let partner = world.stranger(&["kms:*"]);
    let alias = alias_arn("alias/shared");
    assert_eq!(partner.encrypt(&alias, b"x").send().unwrap().key_id.to_string(), key.arn);
    assert_refused(
        partner.encrypt("alias/shared", b"x").send(),
        "NotFoundException",
        &format!("Alias {} is not found.", alias.replace(ACCOUNT, OTHER)),
    );
    partner.get_key_rotation_status(&key.arn).send().unwrap();
    assert_refused(
        partner.get_key_rotation_status(&alias).send(),
        "InvalidArnException",
        "Key Aliases are not supported for this operation",
    );
}

/// Spec: POL-27, API-054
#[test]
fn a_statement_without_resource_is_accepted_and_does_nothing() {
    let world = World::new();
    let deny = json!({ "Effect": "Deny", "Principal": "*", "Action": "kms:Encrypt" });
    let mute = json!({ "Effect": "Deny", "Principal": "*", "Resource": "*" });
    let key =
        Key::of(world.root.create_key().policy(policy(&[delegation(), deny, mute])).send().unwrap().key_metadata.arn);
    world.root.encrypt(&key.id, b"x").send().unwrap();
}

const LOCKOUT: &str = "The new key policy will not allow you to update the key policy in the future.";

/// Spec: POL-80, POL-86, POL-87, API-105, KEY-29
#[test]
fn a_policy_must_let_its_author_change_it() {
    let world = World::new();
    let direct = policy(&[delegation(), statement("Allow", json!({ "AWS": ALICE }), "kms:*")]);
    let key = world.key_with_policy(&direct);
    let alice = world.user(&[]);
    let put = |document: String| alice.put_key_policy(&key.id, document).send();
    let only_role = policy(&[statement("Allow", json!({ "AWS": ROLE }), "kms:*")]);
    assert_refused(put(only_role.clone()), "MalformedPolicyDocumentException", LOCKOUT);
    // Through the account only if an identity policy adds it.
    assert_refused(put(policy(&[delegation()])), "MalformedPolicyDocumentException", LOCKOUT);
    let but_not_put = policy(&[
        statement("Allow", json!({ "AWS": ALICE }), "kms:*"),
        statement("Deny", json!("*"), "kms:PutKeyPolicy"),
    ]);
    assert_refused(put(but_not_put), "MalformedPolicyDocumentException", LOCKOUT);
    assert_eq!(alice.get_key_policy(&key.id).send().unwrap().policy, direct);

    let able = world.user(&["kms:PutKeyPolicy"]);
    able.put_key_policy(&key.id, policy(&[delegation()])).send().unwrap();
    able.put_key_policy(&key.id, only_role).bypass_policy_lockout_safety_check(true).send().unwrap();
    assert_code(able.put_key_policy(&key.id, policy(&[delegation()])).send(), "AccessDeniedException");
}

/// Spec: POL-85, API-054, QUO-07
#[test]
fn a_policy_has_32768_bytes_of_latin_letters() {
    let world = World::new();
    let key = world.key();
    let base = policy(&[delegation()]);
    let padded = |filler: &str, bytes: usize| {
        let missing = bytes - base.len() - r#","Id":"""#.len();
        let id = filler.repeat(missing / filler.len()) + &"x".repeat(missing % filler.len());
        base.replacen('{', &format!(r#"{{"Id":"{id}","#), 1)
    };
    let put = |document: String| world.root.put_key_policy(&key.id, document).send();
    assert_eq!(padded("ä", 32_768).len(), 32_768);
    put(padded("x", 32_768)).unwrap();
    put(padded("ä", 32_768)).unwrap();
    assert_code(put(padded("x", 32_769)), "LimitExceededException");
    assert_code(put(padded("ä", 32_769)), "LimitExceededException");
    assert_code(put(base.replacen('{', "{\"Id\":\"\u{2019}\",", 1)), "ValidationException");
    assert_code(put("x".repeat(131_073)), "ValidationException");
}

/// Spec: POL-84, POL-85, POL-39, API-054, KEY-26
#[test]
fn malformed_policies_leave_the_old_one_in_place() {
    let world = World::new();
    let key = world.key();
    let before = world.root.get_key_policy(&key.id).send().unwrap().policy.clone();
    let all_values = json!({ "ForAllValues:StringEquals": { "kms:EncryptionContext:Dept": "IT" } });
    let permissive = policy(&[delegation(), under(statement("Allow", json!("*"), "kms:Encrypt"), all_values)]);
    let (code, message) = outcome(world.root.put_key_policy(&key.id, permissive).send());
    assert_eq!(code, "MalformedPolicyDocumentException");
    assert!(message.starts_with("OverlyPermissiveCondition:"), "{message}");
    for document in [
        "[]".to_owned(),
        "{}x".to_owned(),
        policy(&[statement("Maybe", json!("*"), "kms:*")]),
        policy(&[json!({ "Effect": "Allow", "Action": "kms:*", "Resource": "*" })]),
        policy(&[statement("Allow", json!({ "AWS": "arn:aws:iam::1234:root" }), "kms:*")]),
        policy(&[statement("Allow", json!({ "Nobody": "x" }), "kms:*")]),
        r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"a:b","Action":"a:c","Resource":"*"}}"#.to_owned(),
    ] {
        assert_code(world.root.put_key_policy(&key.id, document.as_str()).send(), "MalformedPolicyDocumentException");
    }
    assert_eq!(world.root.get_key_policy(&key.id).send().unwrap().policy, before);
}

/// Spec: KEY-86, CND-13, POL-47
#[test]
fn context_keys_match_whatever_their_case_values_do_not() {
    let world = World::new();
    let condition = json!({ "StringEquals": { "kms:EncryptionContext:Appname": "ExampleApp" } });
    let key = world.key_with_policy(&policy(&[under(statement("Allow", json!({ "AWS": ALICE }), "kms:*"), condition)]));
    let alice = world.user(&[]);
    alice.encrypt(&key.id, b"x").context("AppName", "ExampleApp").send().unwrap();
    assert_code(alice.encrypt(&key.id, b"x").context("AppName", "exampleapp").send(), "AccessDeniedException");
    assert_code(alice.encrypt(&key.id, b"x").send(), "AccessDeniedException");
}

/// Spec: POL-60, POL-62, KEY-86, CND-40
#[test]
fn conditions_on_all_keys_and_on_none() {
    let world = World::new();
    let alice = world.user(&[]);
    let key_under = |condition: Value| {
        world.key_with_policy(&policy(&[under(statement("Allow", json!({ "AWS": ALICE }), "kms:*"), condition)]))
    };
    let only = json!({ "kms:EncryptionContextKeys": ["AppName"] });
    let key = key_under(json!({ "ForAllValues:StringEquals": only.clone() }));
    alice.encrypt(&key.id, b"x").send().unwrap();
    let key = key_under(json!({ "ForAllValues:StringEquals": only,
        "StringEquals": { "kms:EncryptionContext:AppName": "ExampleApp" } }));
    alice.encrypt(&key.id, b"x").context("AppName", "ExampleApp").send().unwrap();
    let call = alice.encrypt(&key.id, b"x").context("AppName", "ExampleApp").context("more", "x");
    assert_code(call.send(), "AccessDeniedException");
    assert_code(alice.encrypt(&key.id, b"x").send(), "AccessDeniedException");
    let key = key_under(json!({ "Null": { "kms:EncryptionContextKeys": "false" } }));
    assert_code(alice.encrypt(&key.id, b"x").send(), "AccessDeniedException");
    alice.encrypt(&key.id, b"x").context("any", "x").send().unwrap();
}

/// Spec: POL-66, POL-69
#[test]
fn variables_stand_for_the_caller() {
    let world = World::new();
    let equals = |condition: Value, version: &str| {
        let document = json!({ "Version": version,
            "Statement": [under(statement("Allow", json!({ "AWS": ALICE }), "kms:*"), condition)] });
        world.key_with_policy(&document.to_string())
    };
    let user = json!({ "StringEquals": { "kms:EncryptionContext:user": "${aws:username}" } });
    let alice = world.user(&[]);
    let key = equals(user.clone(), "2012-10-17");
    alice.encrypt(&key.id, b"x").context("user", "alice").send().unwrap();
    assert_code(alice.encrypt(&key.id, b"x").context("user", "bob").send(), "AccessDeniedException");
    let key = equals(user, "2008-10-17");
    assert_code(alice.encrypt(&key.id, b"x").context("user", "alice").send(), "AccessDeniedException");
    alice.encrypt(&key.id, b"x").context("user", "${aws:username}").send().unwrap();

    let key =
        equals(json!({ "StringLike": { "kms:EncryptionContext:team": "${aws:PrincipalTag/team}" } }), "2012-10-17");
    let tagged = world.client(Caller::user(ACCOUNT, "alice").unwrap().principal_tag("team", "*"));
    assert_code(tagged.encrypt(&key.id, b"x").context("team", "orders").send(), "AccessDeniedException");
    tagged.encrypt(&key.id, b"x").context("team", "*").send().unwrap();
}

/// Spec: POL-10, POL-111, PRM-13, POL-137
#[test]
fn requests_without_a_key_have_a_resource_of_the_account() {
    let world = World::new();
    let alice = |region: &str, resource: &str| {
        let caller = Caller::user(ACCOUNT, "alice").unwrap();
        let caller = caller.identity_policy(&allow(&["kms:CreateKey", "kms:ListKeys"], resource)).unwrap();
        world.kms.client(region, caller).unwrap()
    };
    let scoped = format!("arn:aws:kms:us-west-2:{ACCOUNT}:*");
    alice(REGION, &scoped).create_key().send().unwrap();
    alice(REGION, "*").create_key().send().unwrap();
    let east = alice("us-east-1", &scoped);
    assert_refused(
        east.create_key().send(),
        "AccessDeniedException",
        &denied(&east, "kms:CreateKey", "*", &no_layer("identity-based policy", "kms:CreateKey")),
    );
    let keys_only = format!("arn:aws:kms:us-west-2:{ACCOUNT}:key/*");
    assert_code(alice(REGION, &keys_only).create_key().send(), "AccessDeniedException");
    assert_code(alice(REGION, &keys_only).list_keys().send(), "AccessDeniedException");

    // An endpoint policy that lists a key does not let lists through.
    let key = world.key();
    let endpoint = policy(&[json!({ "Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": key.arn })]);
    let caller = Caller::user(ACCOUNT, "alice").unwrap().identity_policy(&allow(&["kms:*"], "*")).unwrap();
    let through = world.client(caller.endpoint_policy(&endpoint).unwrap());
    through.describe_key(&key.id).send().unwrap();
    assert_code(through.list_keys().send(), "AccessDeniedException");
}

/// Spec: PRM-01, PRM-10
#[test]
fn some_permissions_work_in_identity_policies_only() {
    let world = World::new();
    world.key_with_policy(&policy(&[delegation(), statement("Allow", json!({ "AWS": ALICE }), "kms:*")]));
    let bare = world.user(&[]);
    for result in [
        bare.list_aliases().send().map(drop),
        bare.list_keys().send().map(drop),
        bare.create_key().send().map(drop),
        bare.generate_random(1).send().map(drop),
    ] {
        assert_code(result, "AccessDeniedException");
    }
    let able = world.user(&["kms:ListAliases", "kms:ListKeys", "kms:CreateKey", "kms:GenerateRandom"]);
    able.list_aliases().send().unwrap();
    able.list_keys().send().unwrap();
    able.create_key().send().unwrap();
    able.generate_random(1).send().unwrap();
}

/// Spec: PRM-10, PRM-16, KEY-60
#[test]
fn an_alias_is_allowed_by_identity_its_key_by_the_key_policy() {
    let world = World::new();
    let key =
        world.key_with_policy(&policy(&[delegation(), statement("Allow", json!({ "AWS": ALICE }), "kms:CreateAlias")]));
    assert_code(world.user(&[]).create_alias("alias/a", &key.id).send(), "AccessDeniedException");
    let caller = Caller::user(ACCOUNT, "alice").unwrap();
    let caller = caller.identity_policy(&allow(&["kms:CreateAlias"], &alias_arn("alias/a"))).unwrap();
    world.client(caller).create_alias("alias/a", &key.id).send().unwrap();
}

/// Spec: PRM-14, KEY-28, API-053, POL-148
#[test]
fn tags_at_birth_need_a_permission_of_their_own() {
    let world = World::new();
    let alice = |statements: &[Value]| {
        world.client(Caller::user(ACCOUNT, "alice").unwrap().identity_policy(&policy(statements)).unwrap())
    };
    let create = json!({ "Effect": "Allow", "Action": ["kms:CreateKey", "kms:PutKeyPolicy"], "Resource": "*" });
    let tag_on = |resource: &str| json!({ "Effect": "Allow", "Action": "kms:TagResource", "Resource": resource });
    let without = alice(std::slice::from_ref(&create));
    let message = format!(
        "User: {ALICE} is not authorized to perform: kms:TagResource because no identity-based policy allows the \
         kms:TagResource action"
    );
    assert_refused(without.create_key().tag("a", "b").send(), "AccessDeniedException", &message);
    // The new key policy cannot give it.
    let own = policy(&[delegation(), statement("Allow", json!({ "AWS": ALICE }), "kms:*")]);
    assert_refused(without.create_key().tag("a", "b").policy(own).send(), "AccessDeniedException", &message);
    let one = alice(&[create.clone(), tag_on(&key_arn(ABSENT))]);
    assert_code(one.create_key().tag("a", "b").send(), "AccessDeniedException");
    assert!(world.root.list_keys().send().unwrap().keys.is_empty());

    let any = alice(&[create, tag_on(&format!("arn:aws:kms:*:{ACCOUNT}:key/*"))]);
    any.create_key().tag("a", "b").send().unwrap();
    without.create_key().send().unwrap();
}

/// Spec: PRM-08, PRM-19, API-079
#[test]
fn re_encryption_needs_both_of_its_actions() {
    let world = World::new();
    let (from, to) = (world.key(), world.key());
    let blob = world.root.encrypt(&from.id, b"x").send().unwrap().into_inner().ciphertext_blob;
    for destination in [&from, &to] {
        let source_only = world.user(&["kms:ReEncryptFrom"]);
        assert_refused(
            source_only.re_encrypt(&blob, &destination.id).send(),
            "AccessDeniedException",
            &denied(
                &source_only,
                "kms:ReEncryptTo",
                &destination.arn,
                &no_layer("identity-based policy", "kms:ReEncryptTo"),
            ),
        );
        assert_code(
            world.user(&["kms:ReEncryptTo"]).re_encrypt(&blob, &destination.id).send(),
            "AccessDeniedException",
        );
        assert_code(world.user(&["kms:ReEncrypt"]).re_encrypt(&blob, &destination.id).send(), "AccessDeniedException");
        world.user(&["kms:ReEncrypt*"]).re_encrypt(&blob, &destination.id).send().unwrap();
    }
}

/// Spec: CND-23
#[test]
fn re_encryption_on_one_key_is_a_condition() {
    let world = World::new();
    let (from, to) = (world.key(), world.key());
    let blob = world.root.encrypt(&from.id, b"x").send().unwrap().into_inner().ciphertext_blob;
    let statement = json!({ "Effect": "Allow", "Action": "kms:ReEncrypt*", "Resource": "*",
                            "Condition": { "Bool": { "kms:ReEncryptOnSameKey": "true" } } });
    let alice = world.client(Caller::user(ACCOUNT, "alice").unwrap().identity_policy(&policy(&[statement])).unwrap());
    alice.re_encrypt(&blob, &from.id).send().unwrap();
    assert_code(alice.re_encrypt(&blob, &to.id).send(), "AccessDeniedException");
}

/// Spec: PRM-28, PRM-29, PRM-33
#[test]
fn permission_is_judged_before_the_ciphertext() {
    let world = World::new();
    let key = world.key();
    let blob = world.root.encrypt(&key.id, b"x").context("a", "1").send().unwrap().into_inner().ciphertext_blob;
    let call = world.root.decrypt(&blob).context("a", "2").dry_run(true);
    assert_refused(call.send(), "InvalidCiphertextException", "");
    assert_code(world.root.decrypt(&blob).context("a", "1").dry_run(true).send(), "DryRunOperationException");
    let powerless = world.user(&[]);
    for dry_run in [false, true] {
        let call = powerless.decrypt(&[1; 100]).key_id(key.id.clone()).dry_run(dry_run);
        assert_code(call.send(), "AccessDeniedException");
    }
}

/// Spec: POL-71, RUL-46
#[test]
fn not_principal_spares_only_who_is_listed_with_role_and_account() {
    let world = World::new();
    let account = format!("arn:aws:iam::{ACCOUNT}:root");
    let session = format!("arn:aws:sts::{ACCOUNT}:assumed-role/worker/shift");
    let with = |spared: Value| {
        let deny =
            json!({ "Effect": "Deny", "NotPrincipal": { "AWS": spared }, "Action": "kms:Encrypt", "Resource": "*" });
        world.key_with_policy(&policy(&[delegation(), statement("Allow", json!({ "AWS": ROLE }), "kms:*"), deny]))
    };
    let key = with(json!([ROLE]));
    assert_code(world.client(worker()).encrypt(&key.id, b"x").send(), "AccessDeniedException");
    let key = with(json!([session, ROLE, account]));
    world.client(worker()).encrypt(&key.id, b"x").send().unwrap();
    let bound = worker().permissions_boundary(&allow(&["kms:*"], "*")).unwrap();
    assert_code(world.client(bound).encrypt(&key.id, b"x").send(), "AccessDeniedException");
}

/// Spec: POL-103, RUL-49
#[test]
fn a_delegation_is_not_for_services() {
    let world = World::new();
    let service = || world.client(Caller::service("ses.amazonaws.com", ACCOUNT).unwrap());
    let key = world.key();
    assert_code(service().encrypt(&key.id, b"x").send(), "AccessDeniedException");
    let named = statement("Allow", json!({ "Service": "ses.amazonaws.com" }), "kms:Encrypt");
    let key = world.key_with_policy(&policy(&[delegation(), named]));
    service().encrypt(&key.id, b"x").send().unwrap();
}

/// Spec: POL-80, POL-127, KEY-107, API-041
#[test]
fn a_new_policy_holds_from_the_next_request() {
    let world = World::new();
    let key = world.key();
    let alice = world.user(&[]);
    assert_code(alice.encrypt(&key.id, b"x").send(), "AccessDeniedException");
    let open = policy(&[delegation(), statement("Allow", json!({ "AWS": ALICE }), "kms:Encrypt")]);
    world.root.put_key_policy(&key.id, open).send().unwrap();
    alice.encrypt(&key.id, b"x").send().unwrap();
    world.root.put_key_policy(&key.id, policy(&[delegation()])).send().unwrap();
    assert_code(alice.encrypt(&key.id, b"x").send(), "AccessDeniedException");
}
