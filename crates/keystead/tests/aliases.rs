//! Aliases (chapter 10, section 6).
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use keystead::operations::{AliasListEntry, CreateAlias};
use keystead::{Caller, Client, QuotaProfile};
use serde_json::json;
use support::*;

fn names(client: &Client) -> Vec<String> {
    entries(client).iter().map(|entry| entry.alias_name.to_string()).collect()
}

fn entries(client: &Client) -> Vec<AliasListEntry> {
    client.list_aliases().limit(100).send().unwrap().into_inner().aliases
}

/// Spec: KEY-50, KEY-51, KEY-52, KEY-55, KEY-63, API-064, API-067, API-115
#[test]
fn aliases_are_listed_by_name_with_their_keys_and_dates() {
    let world = World::new();
    let (first, second) = (world.key(), world.key());
    world.root.create_alias("alias/b", &first.id).send().unwrap();
    world.clock.advance_days(1);
    world.root.create_alias("alias/a/b", &first.arn).send().unwrap();
    world.root.create_alias("alias/c", &second.id).send().unwrap();
    world.clock.advance_days(1);
    world.root.update_alias("alias/b", &second.id).send().unwrap();

    let shown: Vec<_> = entries(&world.root)
        .into_iter()
        .map(|entry| {
            assert_eq!(entry.alias_arn.to_string(), alias_arn(entry.alias_name.as_str()));
            let dates = (entry.creation_date.unwrap().to_string(), entry.last_updated_date.unwrap().to_string());
            (entry.alias_name.to_string(), entry.target_key_id.unwrap().to_string(), dates)
        })
        .collect();
    let day = |n: u8| format!("2026-01-0{n}T00:00:00Z");
    assert_eq!(
        shown,
        [
            ("alias/a/b".to_owned(), first.id.clone(), (day(2), day(2))),
            ("alias/b".to_owned(), second.id.clone(), (day(1), day(3))),
            ("alias/c".to_owned(), second.id.clone(), (day(2), day(2))),
        ]
    );
    let of_first = world.root.list_aliases().key_id(first.arn.clone()).send().unwrap();
    assert_eq!(of_first.aliases.iter().map(|entry| entry.alias_name.to_string()).collect::<Vec<_>>(), ["alias/a/b"]);
    let none = world.key();
    assert!(world.root.list_aliases().key_id(none.id).send().unwrap().aliases.is_empty());
    assert_refused(
        world.root.list_aliases().key_id(ABSENT).send(),
        "NotFoundException",
        &format!("Key '{}' does not exist", key_arn(ABSENT)),
    );
}

/// Spec: KEY-54, API-063, API-105
#[test]
fn alias_names_follow_their_rules() {
    let world = World::new();
    let key = world.key();
    let create = |name: &str| world.root.create_alias(name.to_owned(), &key.id).send();
    let prefix = "Alias must start with the prefix \"alias/\". Please see \
                  https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html";
    for name in ["a", "Alias/a", "aliases/a", "/alias/a", "alias", "ALIAS/a"] {
        assert_refused(create(name), "ValidationException", prefix);
    }
    let pattern = |name: &str| {
        violation(&format!(
            "Value '{name}' at 'aliasName' failed to satisfy constraint: Member must satisfy regular expression pattern: \
             ^[a-zA-Z0-9:/_-]+$"
        ))
    };
    for name in ["alias/a b", "alias/ä", "alias/a.b", "alias/a*", "alias/a\n", "a b"] {
        assert_refused(create(name), "ValidationException", &pattern(name));
    }
    assert_refused(create("alias/a:b"), "ValidationException", "alias/a:b contains invalid characters for an alias");
    assert_code(create("alias/"), "ValidationException");
    let (code, message) = outcome(create(""));
    assert_eq!(code, "ValidationException");
    assert!(message.contains(
        "Value '' at 'aliasName' failed to satisfy constraint: Member must have length greater than or equal to 1"
    ));
    let long = format!("alias/{}", "a".repeat(251));
    assert_refused(
        create(&long),
        "ValidationException",
        &violation(&format!(
            "Value '{long}' at 'aliasName' failed to satisfy constraint: Member must have length less than or equal to 256"
        )),
    );
    assert_refused(
        world.root.call(CreateAlias::new()).send(),
        "ValidationException",
        "2 validation errors detected: Value null at 'aliasName' failed to satisfy constraint: Member must not be null; \
         Value null at 'targetKeyId' failed to satisfy constraint: Member must not be null",
    );
    assert!(names(&world.root).is_empty());

    for name in [&long[..256], "alias/alias/x", "alias/x", "alias/a/b_c-9", "alias/aws", "alias/awsome/x"] {
        create(name).unwrap();
    }
    assert_eq!(names(&world.root).len(), 6);
}

/// Spec: KEY-54, API-012, API-063
#[test]
fn the_prefix_of_services_is_reserved() {
    let world = World::new();
    let key = world.key();
    assert_code(world.root.create_alias("alias/aws/s3", &key.id).send(), "InvalidAliasNameException");
    // Before anything is looked up: step 3 of the table.
    assert_code(world.user(&[]).create_alias("alias/aws/s3", ABSENT).send(), "InvalidAliasNameException");
    assert_code(world.root.update_alias("alias/aws/s3", &key.id).send(), "AccessDeniedException");
    assert_code(world.root.delete_alias("alias/aws/s3").send(), "AccessDeniedException");
}

/// Spec: KEY-53, KEY-55, API-064, API-066, API-105
#[test]
fn names_are_unique_by_letter_case_account_and_region() {
    let world = World::new();
    let (key, other) = (world.key(), world.key());
    world.root.create_alias("alias/Foo", &key.id).send().unwrap();
    let taken = format!("An alias with the name {} already exists", alias_arn("alias/Foo"));
    assert_refused(world.root.create_alias("alias/Foo", &key.id).send(), "AlreadyExistsException", &taken);
    assert_refused(world.root.create_alias("alias/Foo", &other.id).send(), "AlreadyExistsException", &taken);
    let missing = format!("Alias {} is not found.", alias_arn("alias/FOO"));
    assert_refused(world.root.encrypt("alias/FOO", b"x").send(), "NotFoundException", &missing);

    world.root.create_alias("alias/foo", &key.id).send().unwrap();
    let foreign = world.foreign_key();
    world.foreign_root().create_alias("alias/Foo", &foreign.id).send().unwrap();
    let east = world.kms.client("us-east-1", Caller::account_root(ACCOUNT).unwrap()).unwrap();
    let eastern = east.create_key().send().unwrap().into_inner().key_metadata;
    east.create_alias("alias/Foo", eastern.key_id).send().unwrap();
    assert_eq!(names(&world.root), ["alias/Foo", "alias/foo"]);
}

/// Spec: KEY-55, KEY-58, KEY-59, API-065, API-066, API-105
#[test]
fn what_is_absent_is_not_found() {
    let world = World::new();
    let key = world.key();
    let missing = format!("Alias {} is not found.", alias_arn("alias/a"));
    let absent = format!("Key '{}' does not exist", key_arn(ABSENT));
    assert_refused(world.root.create_alias("alias/a", ABSENT).send(), "NotFoundException", &absent);
    assert_refused(world.root.update_alias("alias/a", &key.id).send(), "NotFoundException", &missing);
    assert_refused(world.root.delete_alias("alias/a").send(), "NotFoundException", &missing);
    world.root.create_alias("alias/a", &key.id).send().unwrap();
    assert_refused(world.root.update_alias("alias/a", ABSENT).send(), "NotFoundException", &absent);
}

/// Spec: KEY-56, KEY-58, KEY-107, API-065
#[test]
fn an_updated_alias_names_the_new_key_at_once() {
    let world = World::new();
    let (first, second) = (world.key(), world.key());
    world.root.create_alias("alias/a", &first.id).send().unwrap();
    world.clock.advance_days(1);
    world.root.update_alias("alias/a", &first.id).send().unwrap();
    let entry = &entries(&world.root)[0];
    assert_eq!(entry.creation_date.unwrap().to_string(), START);
    assert_eq!(entry.last_updated_date.unwrap().to_string(), "2026-01-02T00:00:00Z");

    world.root.update_alias("alias/a", &second.arn).send().unwrap();
    assert_eq!(world.root.encrypt("alias/a", b"x").send().unwrap().key_id.to_string(), second.arn);
}

/// Spec: KEY-59, KEY-65
#[test]
fn a_deleted_alias_leaves_the_key_and_can_be_made_anew() {
    let world = World::new();
    let key = world.key();
    world.root.create_alias("alias/a", &key.id).send().unwrap();
    let sealed = world.root.encrypt("alias/a", b"x").send().unwrap().into_inner().ciphertext_blob;
    world.root.disable_key(&key.id).send().unwrap();
    world.root.delete_alias("alias/a").send().unwrap();
    let missing = format!("Alias {} is not found.", alias_arn("alias/a"));
    assert_refused(world.root.decrypt(&sealed).key_id("alias/a").send(), "NotFoundException", &missing);
    world.root.enable_key(&key.id).send().unwrap();
    world.root.decrypt(&sealed).send().unwrap();

    world.clock.advance_days(1);
    world.root.create_alias("alias/a", &key.id).send().unwrap();
    assert_eq!(entries(&world.root)[0].creation_date.unwrap().to_string(), "2026-01-02T00:00:00Z");
}

/// Spec: KEY-13, KEY-65, API-077, API-105, AUD-32
#[test]
fn a_moved_alias_does_not_open_what_the_old_key_sealed() {
    let world = World::new();
    let (first, second) = (world.key(), world.key());
    world.root.create_alias("alias/a", &first.id).send().unwrap();
    let sealed = world.root.encrypt("alias/a", b"x").send().unwrap().into_inner().ciphertext_blob;
    world.root.update_alias("alias/a", &second.id).send().unwrap();

    let wrong = "The key ID in the request does not identify a CMK that can perform this operation.";
    assert_refused(world.root.decrypt(&sealed).key_id("alias/a").send(), "IncorrectKeyException", wrong);
    let call = world.root.re_encrypt(&sealed, "alias/a").source_key_id("alias/a");
    assert_refused(call.send(), "IncorrectKeyException", wrong);
    assert_eq!(world.root.decrypt(&sealed).send().unwrap().key_id.to_string(), first.arn);
    assert_eq!(world.root.re_encrypt(&sealed, "alias/a").send().unwrap().key_id.to_string(), second.arn);
}

/// Spec: KEY-58, STA-07, STA-39, STA-45, STA-70, API-105
#[test]
fn a_dying_key_loses_aliases_but_gains_none() {
    let world = World::new();
    let (dying, healthy) = (world.key(), world.key());
    for (name, key) in [("alias/a", &dying), ("alias/gone", &dying), ("alias/stays", &dying), ("alias/b", &healthy)] {
        world.root.create_alias(name, &key.id).send().unwrap();
    }
    world.root.schedule_key_deletion(&dying.id).pending_window_in_days(7).send().unwrap();
    let pending = format!("{} is pending deletion.", dying.arn);
    assert_refused(world.root.update_alias("alias/b", &dying.id).send(), "KMSInvalidStateException", &pending);
    assert_refused(world.root.create_alias("alias/c", &dying.id).send(), "KMSInvalidStateException", &pending);
    assert_refused(world.root.update_alias("alias/a", &dying.id).send(), "KMSInvalidStateException", &pending);
    world.root.update_alias("alias/a", &healthy.id).send().unwrap();
    world.root.delete_alias("alias/gone").send().unwrap();
    assert_eq!(names(&world.root), ["alias/a", "alias/b", "alias/stays"]);

    world.clock.advance_days(7);
    assert_eq!(names(&world.root), ["alias/a", "alias/b"]);
    world.root.create_alias("alias/stays", &healthy.id).send().unwrap();
}

/// Spec: KEY-55, KEY-58, KEY-62, API-064
#[test]
fn a_key_has_50_aliases_unless_the_host_says_otherwise() {
    let world = World::new();
    let (full, other) = (world.key(), world.key());
    for n in 0..50 {
        world.root.create_alias(format!("alias/{n}"), &full.id).send().unwrap();
    }
    world.root.create_alias("alias/other", &other.id).send().unwrap();
    assert_code(world.root.create_alias("alias/51", &full.id).send(), "LimitExceededException");
    assert_code(world.root.update_alias("alias/other", &full.id).send(), "LimitExceededException");
    assert_eq!(world.root.describe_key("alias/other").send().unwrap().key_metadata.arn.to_string(), other.arn);
    // Its own aliases may be pointed to it again.
    world.root.update_alias("alias/7", &full.id).send().unwrap();
    world.root.delete_alias("alias/7").send().unwrap();
    world.root.update_alias("alias/other", &full.id).send().unwrap();

    let small = World::with(|builder| builder.quotas(QuotaProfile::DEFAULT.with_aliases_per_key(1)));
    let key = small.key();
    small.root.create_alias("alias/1", &key.id).send().unwrap();
    assert_code(small.root.create_alias("alias/2", &key.id).send(), "LimitExceededException");
}

/// Spec: KEY-60, PRM-16, PRM-17, PRM-18, PRM-22, POL-148, POL-107
#[test]
fn every_part_of_an_alias_operation_must_be_allowed() {
    let world = World::new();
    let (current, next) = (world.key(), world.key());
    world.root.create_alias("alias/a", &current.id).send().unwrap();
    let on = |actions: &[&str], resources: &[&str]| {
        let statements: Vec<_> = resources
            .iter()
            .map(|resource| json!({ "Effect": "Allow", "Action": actions, "Resource": resource }))
            .collect();
        let caller = Caller::user(ACCOUNT, "alice").unwrap();
        world.client(if statements.is_empty() { caller } else { caller.identity_policy(&policy(&statements)).unwrap() })
    };
    let (alias, new_alias) = (alias_arn("alias/a"), alias_arn("alias/b"));
    let denied = |action: &str, resource: &str| {
        format!(
            "User: arn:aws:iam::{ACCOUNT}:user/alice is not authorized to perform: {action} on resource: {resource} \
             because no identity-based policy allows the {action} action"
        )
    };

    let parts = [alias.as_str(), current.arn.as_str(), next.arn.as_str()];
    for missing in parts {
        let granted: Vec<_> = parts.into_iter().filter(|part| *part != missing).collect();
        let result = on(&["kms:UpdateAlias"], &granted).update_alias("alias/a", &next.id).send();
        assert_refused(result, "AccessDeniedException", &denied("kms:UpdateAlias", missing));
    }
    // The first part that is missing is named.
    let result = on(&["kms:CreateAlias"], &[]).update_alias("alias/a", &next.id).send();
    assert_refused(result, "AccessDeniedException", &denied("kms:UpdateAlias", &alias));

    let result = on(&["kms:CreateAlias"], &[&next.arn]).create_alias("alias/b", &next.id).send();
    assert_refused(result, "AccessDeniedException", &denied("kms:CreateAlias", &new_alias));
    let result = on(&["kms:CreateAlias"], &[&new_alias]).create_alias("alias/b", &next.id).send();
    assert_refused(result, "AccessDeniedException", &denied("kms:CreateAlias", &next.arn));
    let result = on(&["kms:DeleteAlias"], &[&current.arn]).delete_alias("alias/a").send();
    assert_refused(result, "AccessDeniedException", &denied("kms:DeleteAlias", &alias));
    let result = on(&["kms:DeleteAlias"], &[&alias]).delete_alias("alias/a").send();
    assert_refused(result, "AccessDeniedException", &denied("kms:DeleteAlias", &current.arn));
    let result = on(&["kms:CreateAlias"], &["*"]).list_aliases().send();
    assert_refused(result, "AccessDeniedException", &denied("kms:ListAliases", "*"));
    assert_eq!(world.root.describe_key("alias/a").send().unwrap().key_metadata.arn.to_string(), current.arn);

    on(&["kms:CreateAlias"], &[&new_alias, &next.arn]).create_alias("alias/b", &next.id).send().unwrap();
    on(&["kms:UpdateAlias"], &parts).update_alias("alias/a", &next.id).send().unwrap();
    on(&["kms:DeleteAlias"], &[&alias, &next.arn]).delete_alias("alias/a").send().unwrap();
    assert_eq!(names(&on(&["kms:ListAliases"], &["*"])), ["alias/b"]);
}

/// Spec: KEY-61, POL-10
#[test]
fn the_arn_of_an_alias_in_a_policy_is_not_the_key_behind_it() {
    let world = World::new();
    let key = world.key();
    world.root.create_alias("alias/a", &key.id).send().unwrap();
    let caller = Caller::user(ACCOUNT, "alice").unwrap();
    let caller = caller.identity_policy(&allow(&["kms:*"], &alias_arn("alias/a"))).unwrap();
    assert_code(world.client(caller).encrypt("alias/a", b"x").send(), "AccessDeniedException");
}

/// Spec: KEY-66, CND-25, CND-52, CND-56
#[test]
fn the_alias_of_the_request_is_not_the_aliases_of_the_key() {
    let world = World::new();
    let user = format!("arn:aws:iam::{ACCOUNT}:user/alice");
    let under = |condition: serde_json::Value| {
        let statement = json!({ "Effect": "Allow", "Principal": { "AWS": user }, "Action": "kms:*", "Resource": "*",
                                "Condition": condition });
        let key = world.key_with_policy(&policy(&[delegation(), statement]));
        for name in entries(&world.root) {
            world.root.delete_alias(&name.alias_name).send().unwrap();
        }
        world.root.create_alias("alias/alpha", &key.id).send().unwrap();
        world.root.create_alias("alias/beta", &key.id).send().unwrap();
        key
    };
    let alice = world.client(Caller::user(ACCOUNT, "alice").unwrap());
    let sealed = |key: &Key| world.root.encrypt(&key.id, b"x").send().unwrap().into_inner().ciphertext_blob;

    let key = under(json!({ "StringLike": { "kms:RequestAlias": "alias/*alpha*" } }));
    let blob = sealed(&key);
    for identifier in ["alias/beta", key.id.as_str(), key.arn.as_str(), alias_arn("alias/beta").as_str()] {
        assert_code(alice.decrypt(&blob).key_id(identifier.to_owned()).send(), "AccessDeniedException");
    }
    assert_code(alice.decrypt(&blob).send(), "AccessDeniedException");
    for identifier in ["alias/alpha".to_owned(), alias_arn("alias/alpha")] {
        alice.decrypt(&blob).key_id(identifier.clone()).send().unwrap();
        alice.describe_key(&identifier).send().unwrap();
    }
    // The request of an operation on the alias itself names no key by alias.
    assert_code(alice.list_key_rotations(&key.id).send(), "AccessDeniedException");

    // In key policies the aliases of the key are unknown.
    let condition = json!({ "ForAnyValue:StringLike": { "kms:ResourceAliases": "alias/*alpha*" } });
    let key = under(condition.clone());
    let blob = sealed(&key);
    assert_code(alice.decrypt(&blob).key_id("alias/alpha").send(), "AccessDeniedException");

    let statement = json!({ "Effect": "Allow", "Action": "kms:*", "Resource": "*", "Condition": condition });
    let caller = Caller::user(ACCOUNT, "alice").unwrap().identity_policy(&policy(&[statement])).unwrap();
    let alice = world.client(caller);
    for identifier in ["alias/beta", "alias/alpha", key.id.as_str(), key.arn.as_str()] {
        alice.decrypt(&blob).key_id(identifier.to_owned()).send().unwrap();
    }
    alice.list_key_rotations(&key.id).send().unwrap();
    world.root.delete_alias("alias/alpha").send().unwrap();
    assert_code(alice.decrypt(&blob).send(), "AccessDeniedException");
}
