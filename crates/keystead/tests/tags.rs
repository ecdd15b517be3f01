//! Tags (chapter 10, section 7).
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use keystead::{Caller, Tag};
use serde_json::{Value, json};
use support::*;

fn tags(world: &World, key: &Key) -> Vec<(String, String)> {
    let answer = world.root.list_resource_tags(&key.id).send().unwrap();
    answer.tags.iter().map(|tag| (tag.tag_key.clone(), tag.tag_value.clone())).collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn numbered(count: usize) -> Vec<Tag> {
    (0..count).map(|n| Tag::new(format!("tag-{n:02}"), "x")).collect()
}

/// Spec: KEY-68, KEY-72, KEY-73, KEY-74, API-097
#[test]
fn tags_are_added_replaced_removed_and_listed_by_key() {
    let world = World::new();
    let key = world.key();
    world.root.tag_resource(&key.id).tag("b", "1").tag("A", "2").tag("a", "").send().unwrap();
    world.root.tag_resource(&key.arn).tag("b", "3").tag("Ä ö_.:/=+-@9", "語 x").send().unwrap();
    assert_eq!(tags(&world, &key), pairs(&[("A", "2"), ("a", ""), ("b", "3"), ("Ä ö_.:/=+-@9", "語 x")]));
    world.root.untag_resource(&key.id).tag_key("a").tag_key("absent").tag_key("B").send().unwrap();
    assert_eq!(tags(&world, &key), pairs(&[("A", "2"), ("b", "3"), ("Ä ö_.:/=+-@9", "語 x")]));
}

/// Spec: KEY-25, KEY-34, KEY-68, API-053
#[test]
fn a_key_is_born_with_its_tags() {
    let world = World::new();
    let call = world.root.create_key().tags(numbered(50));
    let key = Key::of(call.send().unwrap().key_metadata.arn);
    assert_eq!(tags(&world, &key).len(), 50);
}

/// Spec: KEY-69, KEY-71, API-053, API-105
#[test]
fn reserved_double_and_unwritable_tags_are_refused() {
    let world = World::new();
    let key = world.key();
    for reserved in ["aws:x", "AWS:x", "aWs:", "aws:"] {
        let message = "Tags beginning with aws: are reserved";
        assert_refused(world.root.create_key().tag(reserved, "1").send(), "TagException", message);
        assert_refused(world.root.tag_resource(&key.id).tag(reserved, "1").send(), "TagException", message);
    }
    let message = "Duplicate tag keys";
    assert_refused(world.root.create_key().tag("a", "1").tag("a", "1").send(), "TagException", message);
    assert_refused(world.root.tag_resource(&key.id).tag("a", "1").tag("a", "2").send(), "TagException", message);
    for text in ["a\n", "a\t", "a*", "a<b", "a#b", "\u{0}", "a\u{200b}"] {
        assert_code(world.root.tag_resource(&key.id).tag(text, "1").send(), "TagException");
        assert_code(world.root.tag_resource(&key.id).tag("a", text).send(), "TagException");
    }
    world.root.tag_resource(&key.id).tag("awsome", "aws:x").tag("a:aws:", "b").send().unwrap();
}

/// Spec: KEY-68, KEY-71, API-016
#[test]
fn tags_have_their_lengths() {
    let world = World::new();
    let key = world.key();
    let tag = |key_length: usize, value_length: usize| Tag::new("ä".repeat(key_length), "ö".repeat(value_length));
    let long_key = violation("Value '")
        + &"ä".repeat(129)
        + "' at 'tags.2.member.tagKey' failed to satisfy constraint: Member must have length less than or equal to 128";
    let list = || vec![Tag::new("a", "b"), tag(129, 0)];
    assert_refused(world.root.create_key().tags(list()).send(), "ValidationException", &long_key);
    assert_refused(world.root.tag_resource(&key.id).tags(list()).send(), "ValidationException", &long_key);
    let (code, message) = outcome(world.root.tag_resource(&key.id).tags(vec![tag(1, 257)]).send());
    assert_eq!(code, "ValidationException");
    assert!(message.ends_with(
        "at 'tags.1.member.tagValue' failed to satisfy constraint: Member must have length less than or equal to 256"
    ));
    assert_refused(
        world.root.tag_resource(&key.id).tag("", "x").send(),
        "ValidationException",
        &violation(
            "Value '' at 'tags.1.member.tagKey' failed to satisfy constraint: Member must have length greater than or equal to 1",
        ),
    );
    let (code, message) = outcome(world.root.untag_resource(&key.id).tag_key("k".repeat(129)).send());
    assert_eq!(code, "ValidationException");
    assert!(message.contains(
        "at 'tagKeys.1.member' failed to satisfy constraint: Member must have length less than or equal to 128"
    ));
    world.root.tag_resource(&key.id).tags(vec![tag(128, 256)]).send().unwrap();
}

/// Spec: KEY-68, KEY-71, API-053, API-105
#[test]
fn a_key_has_50_tags() {
    let world = World::new();
    assert_refused(world.root.create_key().tags(numbered(51)).send(), "TagException", "Too many tags");
    let key = world.key();
    world.root.tag_resource(&key.id).tags(numbered(50)).send().unwrap();
    assert_code(world.root.tag_resource(&key.id).tag("one more", "x").send(), "LimitExceededException");
    world.root.tag_resource(&key.id).tag("tag-07", "y").send().unwrap();
    world.root.untag_resource(&key.id).tag_key("tag-00").send().unwrap();
    world.root.tag_resource(&key.id).tag("one more", "x").send().unwrap();
    assert_eq!(tags(&world, &key).len(), 50);
}

/// Spec: KEY-71, KEY-73, API-097
#[test]
fn tagging_is_all_or_nothing() {
    let world = World::new();
    let key = world.key();
    world.root.tag_resource(&key.id).tag("A", "1").send().unwrap();
    assert_code(world.root.tag_resource(&key.id).tag("B", "2").tag("aws:C", "3").send(), "TagException");
    assert_eq!(tags(&world, &key), pairs(&[("A", "1")]));
    world.root.untag_resource(&key.id).tag_key("Z").send().unwrap();
    assert_eq!(tags(&world, &key), pairs(&[("A", "1")]));
    assert_code(world.root.create_key().tag("B", "2").tag("aws:C", "3").send(), "TagException");
    assert_eq!(world.root.list_keys().send().unwrap().keys.len(), 1);
}

/// Spec: KEY-72, KEY-73
#[test]
fn empty_lists_are_refused() {
    let world = World::new();
    let key = world.key();
    assert_code(world.root.tag_resource(&key.id).send(), "TagException");
    assert_code(world.root.untag_resource(&key.id).send(), "TagException");
}

/// Spec: KEY-74, KEY-75, STA-39, API-105
#[test]
fn a_dying_key_keeps_its_tags() {
    let world = World::new();
    let key = world.key();
    world.root.tag_resource(&key.id).tag("A", "1").send().unwrap();
    world.root.schedule_key_deletion(&key.id).send().unwrap();
    let pending = format!("{} is pending deletion.", key.arn);
    assert_refused(world.root.tag_resource(&key.id).tag("B", "2").send(), "KMSInvalidStateException", &pending);
    assert_refused(world.root.untag_resource(&key.id).tag_key("A").send(), "KMSInvalidStateException", &pending);
    assert_eq!(tags(&world, &key), pairs(&[("A", "1")]));
}

/// Spec: KEY-77, KEY-78, CND-69
#[test]
fn policies_see_the_tags_of_the_request_and_those_of_the_key() {
    let world = World::new();
    let key = world.key();
    let alice = |action: &str, condition: Value| {
        let statement = json!({ "Effect": "Allow", "Action": action, "Resource": "*", "Condition": condition });
        world.client(Caller::user(ACCOUNT, "alice").unwrap().identity_policy(&policy(&[statement])).unwrap())
    };

    let by_request = alice("kms:TagResource", json!({ "StringEquals": { "aws:RequestTag/team": "orders" } }));
    assert_code(by_request.tag_resource(&key.id).tag("team", "other").send(), "AccessDeniedException");
    assert_code(by_request.tag_resource(&key.id).tag("x", "orders").send(), "AccessDeniedException");
    by_request.tag_resource(&key.id).tag("team", "orders").send().unwrap();

    let by_keys = alice("kms:*", json!({ "ForAllValues:StringEquals": { "aws:TagKeys": ["team"] } }));
    assert_code(by_keys.untag_resource(&key.id).tag_key("team").tag_key("x").send(), "AccessDeniedException");
    assert_code(by_keys.tag_resource(&key.id).tag("x", "1").send(), "AccessDeniedException");
    by_keys.tag_resource(&key.id).tag("team", "two").send().unwrap();

    // The tag of the key is the one before the call.
    let by_resource = alice("kms:*", json!({ "StringEquals": { "aws:ResourceTag/team": "two" } }));
    by_resource.encrypt(&key.id, b"x").send().unwrap();
    by_resource.tag_resource(&key.id).tag("team", "three").send().unwrap();
    assert_code(by_resource.encrypt(&key.id, b"x").send(), "AccessDeniedException");
    assert_code(by_resource.tag_resource(&key.id).tag("team", "two").send(), "AccessDeniedException");
}

/// Spec: KEY-72, KEY-77, POL-62
#[test]
fn an_empty_list_passes_a_condition_on_all_values_and_still_fails() {
    let world = World::new();
    let key = world.key();
    let statement = json!({ "Effect": "Allow", "Action": "kms:TagResource", "Resource": "*",
                            "Condition": { "ForAllValues:StringEquals": { "aws:TagKeys": "Project" } } });
    let alice = world.client(Caller::user(ACCOUNT, "alice").unwrap().identity_policy(&policy(&[statement])).unwrap());
    assert_code(alice.tag_resource(&key.id).send(), "TagException");
    assert_code(alice.tag_resource(&key.id).tag("Other", "x").send(), "AccessDeniedException");
}
