//! Condition keys that every request has (chapter 22, section 6), through the facade.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::time::Duration;

use keystead::{Caller, Client};
use serde_json::{Value, json};
use support::*;

fn alice_if(condition: Value) -> Caller {
    let statement = json!({ "Effect": "Allow", "Action": "kms:*", "Resource": "*", "Condition": condition });
    Caller::user(ACCOUNT, "alice").unwrap().identity_policy(&policy(&[statement])).unwrap()
}

/// Whether a request on a key, one on an alias and one on neither are allowed; they must agree.
#[track_caller]
fn is_allowed(world: &World, client: &Client) -> bool {
    let key = world.key();
    let on_key = client.encrypt(&key.id, b"x").send().map(drop);
    let on_alias = client.create_alias(format!("alias/{}", key.id), &key.id).send().map(drop);
    let on_nothing = client.list_keys().send().map(drop);
    let answers = [on_key, on_alias, on_nothing].map(|result| match result {
        Ok(()) => true,
        Err(error) => {
            assert_eq!(error.code(), "AccessDeniedException");
            false
        }
    });
    assert!(answers == [true; 3] || answers == [false; 3], "{answers:?}");
    answers[0]
}

/// Spec: PRM-06, CND-127
#[test]
fn global_keys_apply_to_every_row() {
    let world = World::new();
    let address = |text: &str| text.parse().unwrap();
    let from = json!({ "IpAddress": { "aws:SourceIp": "192.0.2.0/24" } });
    assert!(is_allowed(&world, &world.client(alice_if(from.clone()).source_ip(address("192.0.2.7")))));
    assert!(!is_allowed(&world, &world.client(alice_if(from.clone()).source_ip(address("198.51.100.7")))));
    assert!(!is_allowed(&world, &world.client(alice_if(from))));

    let region = |name: &str| json!({ "StringEquals": { "aws:RequestedRegion": name } });
    assert!(is_allowed(&world, &world.client(alice_if(region(REGION)))));
    assert!(!is_allowed(&world, &world.client(alice_if(region("us-east-1")))));

    let mfa = json!({ "Bool": { "aws:MultiFactorAuthPresent": "true" } });
    assert!(is_allowed(&world, &world.client(alice_if(mfa.clone()).mfa(true))));
    assert!(!is_allowed(&world, &world.client(alice_if(mfa.clone()).mfa(false))));
    assert!(!is_allowed(&world, &world.client(alice_if(mfa))));

    let tag = json!({ "StringEquals": { "aws:PrincipalTag/team": "orders" } });
    assert!(is_allowed(&world, &world.client(alice_if(tag.clone()).principal_tag("Team", "orders"))));
    assert!(!is_allowed(&world, &world.client(alice_if(tag))));

    let until = world.client(alice_if(json!({ "DateLessThan": { "aws:CurrentTime": "2026-01-02T00:00:00Z" } })));
    assert!(is_allowed(&world, &until));
    world.clock.advance(Duration::from_secs(86_400));
    assert!(!is_allowed(&world, &until));
}

/// Spec: POL-113
#[test]
fn a_service_that_calls_for_a_user_has_no_address_of_the_user() {
    let world = World::new();
    let key = world.key();
    let caller = alice_if(json!({ "IpAddress": { "aws:SourceIp": "192.0.2.0/24" } }));
    let direct = world.client(caller.clone().source_ip("192.0.2.7".parse().unwrap()));
    direct.encrypt(&key.id, b"x").send().unwrap();
    let through = world.client(caller.via_service("s3.us-west-2.amazonaws.com"));
    assert_code(through.encrypt(&key.id, b"x").send(), "AccessDeniedException");
}

/// Spec: POL-88
#[test]
fn the_default_policy_is_attached_without_the_lockout_check() {
    let world = World::new();
    let creator = world.user(&["kms:CreateKey"]);
    creator.create_key().send().unwrap();
    let given = policy(&[delegation()]);
    assert_code(creator.create_key().policy(given).send(), "MalformedPolicyDocumentException");
}

/// Spec: POL-89
#[test]
fn policies_may_forbid_to_bypass_the_lockout_check() {
    let world = World::new();
    let key = world.key();
    let careful = world.client(alice_if(json!({ "BoolIfExists": { "kms:BypassPolicyLockoutSafetyCheck": "false" } })));
    let put = |bypass: bool| {
        careful.put_key_policy(&key.id, policy(&[delegation()])).bypass_policy_lockout_safety_check(bypass).send()
    };
    assert_code(put(true), "AccessDeniedException");
    put(false).unwrap();
    careful.put_key_policy(&key.id, policy(&[delegation()])).send().unwrap();
    assert_code(careful.create_key().bypass_policy_lockout_safety_check(true).send(), "AccessDeniedException");
    careful.create_key().send().unwrap();
}

/// Spec: PRM-44
#[test]
fn lists_show_the_keys_of_the_caller_itself() {
    let world = World::new();
    let key = world.key();
    let list = |owners: Vec<std::borrow::Cow<'static, str>>| world.root.list_keys().resource_owners(owners).send();
    let own = list(vec!["SELF".into()]).unwrap();
    assert_eq!(own.keys.iter().map(|entry| entry.key_id.to_string()).collect::<Vec<_>>(), [key.id]);
    assert_code(list(Vec::new()), "ValidationException");
    assert_code(list(vec!["SELF".into(); 3]), "ValidationException");
    assert_refused(
        list(vec!["OTHERS".into()]),
        "ValidationException",
        &violation(
            "Value 'OTHERS' at 'resourceOwners.1.member' failed to satisfy constraint: Member must satisfy enum value set: \
             [SELF, OTHER_ACCOUNTS_VIA_RAM]",
        ),
    );
}
