//! Lists in pages (chapter 10, section 10).
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::collections::BTreeSet;

use keystead::{CallError, Caller, Client, QuotaProfile, Tag};
use support::*;

/// A page, reduced to what is on it and where it goes on.
struct Page {
    items: Vec<String>,
    next: Option<String>,
}

type List = fn(&Client, &str, Option<i64>, Option<String>) -> Result<Page, CallError>;

/// Sends the call with limit and marker and reduces the answer.
macro_rules! page {
    ($call:expr, $limit:ident, $marker:ident, $items:ident, $item:expr) => {{
        let mut call = $call;
        if let Some(limit) = $limit {
            call = call.limit(limit);
        }
        if let Some(marker) = $marker {
            call = call.marker(marker);
        }
        let answer = call.send()?;
        assert_eq!(answer.truncated, answer.next_marker.is_some());
        Ok(Page { items: answer.$items.iter().map($item).collect(), next: answer.next_marker.clone() })
    }};
}

fn keys(client: &Client, _: &str, limit: Option<i64>, marker: Option<String>) -> Result<Page, CallError> {
    page!(client.list_keys(), limit, marker, keys, |entry| entry.key_id.to_string())
}

fn aliases(client: &Client, _: &str, limit: Option<i64>, marker: Option<String>) -> Result<Page, CallError> {
    page!(client.list_aliases(), limit, marker, aliases, |entry| entry.alias_name.to_string())
}

fn aliases_of(client: &Client, key: &str, limit: Option<i64>, marker: Option<String>) -> Result<Page, CallError> {
    page!(client.list_aliases().key_id(key), limit, marker, aliases, |entry| entry.alias_name.to_string())
}

fn tags(client: &Client, key: &str, limit: Option<i64>, marker: Option<String>) -> Result<Page, CallError> {
    page!(client.list_resource_tags(key), limit, marker, tags, |tag| tag.tag_key.clone())
}

fn policies(client: &Client, key: &str, limit: Option<i64>, marker: Option<String>) -> Result<Page, CallError> {
    page!(client.list_key_policies(key), limit, marker, policy_names, |name| name.clone())
}

fn rotations(client: &Client, key: &str, limit: Option<i64>, marker: Option<String>) -> Result<Page, CallError> {
    let item = |entry: &keystead::operations::RotationsListEntry| entry.key_material_id.unwrap().to_string();
    page!(client.list_key_rotations(key), limit, marker, rotations, item)
}

fn materials(client: &Client, key: &str, limit: Option<i64>, marker: Option<String>) -> Result<Page, CallError> {
    let item = |entry: &keystead::operations::RotationsListEntry| entry.key_material_id.unwrap().to_string();
    let call = client.list_key_rotations(key).include_key_material("ALL_KEY_MATERIAL");
    page!(call, limit, marker, rotations, item)
}

/// All items, page by page.
fn all(list: List, client: &Client, key: &str, limit: i64) -> Vec<String> {
    let (mut items, mut marker) = (Vec::new(), None);
    loop {
        let page = list(client, key, Some(limit), marker).unwrap();
        assert!(page.items.len() <= usize::try_from(limit).unwrap());
        items.extend(page.items);
        marker = page.next;
        if marker.is_none() {
            return items;
        }
    }
}

/// A world whose lists are all longer than any page: 1,005 keys, one of them with 120 aliases, 50 tags and 1,001
/// rotations.
fn crowded() -> (World, Key) {
    let world = World::with(|builder| builder.quotas(QuotaProfile::UNLIMITED));
    let key = world.key();
    for n in 0..120 {
        world.root.create_alias(format!("alias/{n:03}"), &key.id).send().unwrap();
    }
    let many = (0..50).map(|n| Tag::new(format!("tag-{n:02}"), "x")).collect::<Vec<_>>();
    world.root.tag_resource(&key.id).tags(many).send().unwrap();
    for _ in 0..1001 {
        world.root.rotate_key_on_demand(&key.id).send().unwrap();
    }
    for _ in 0..1004 {
        world.key();
    }
    (world, key)
}

/// Spec: KEY-102, KEY-103, API-037, API-038, RUL-02
#[test]
fn pages_have_their_default_and_largest_sizes() {
    let (world, key) = crowded();
    let sizes: [(List, usize, usize); 7] = [
        (keys, 100, 1000),
        (aliases, 50, 100),
        (aliases_of, 50, 100),
        (tags, 50, 50),
        (policies, 1, 1),
        (rotations, 100, 1000),
        (materials, 100, 1000),
    ];
    for (list, default, largest) in sizes {
        let size = |limit| list(&world.root, &key.id, limit, None).unwrap().items.len();
        assert_eq!(size(None), default);
        assert_eq!(size(Some(1)), 1);
        assert_eq!(size(Some(1000)), largest);
        assert_eq!(size(Some(101)), largest.min(101));
    }
}

/// Spec: KEY-103, API-016, API-037
#[test]
fn limits_are_1_to_1000() {
    let world = World::new();
    let key = world.key();
    for list in LISTS {
        for (limit, bound) in [
            (0, "greater than or equal to 1"),
            (-1, "greater than or equal to 1"),
            (1001, "less than or equal to 1000"),
        ] {
            let item =
                format!("Value '{limit}' at 'limit' failed to satisfy constraint: Member must have value {bound}");
            assert_refused(list(&world.root, &key.id, Some(limit), None), "ValidationException", &violation(&item));
        }
    }
}

const LISTS: [List; 7] = [keys, aliases, aliases_of, tags, policies, rotations, materials];

/// Spec: KEY-102, KEY-105, API-040, API-113
#[test]
fn following_the_markers_shows_everything_once_and_in_order() {
    let world = World::new();
    let key = world.key();
    for n in 0..23 {
        world.key();
        world.root.create_alias(format!("alias/{n:02}"), &key.id).send().unwrap();
        world.root.tag_resource(&key.id).tag(format!("{n:02}"), "x").send().unwrap();
        world.root.rotate_key_on_demand(&key.id).send().unwrap();
    }
    for (list, count) in
        [(keys as List, 24), (aliases, 23), (aliases_of, 23), (tags, 23), (rotations, 23), (materials, 24)]
    {
        let whole = list(&world.root, &key.id, Some(50), None).unwrap();
        assert_eq!((whole.items.len(), &whole.next), (count, &None));
        for limit in [1, 2, 10, 23, 24] {
            assert_eq!(all(list, &world.root, &key.id, limit), whole.items, "pages of {limit}");
        }
    }
    for list in [keys as List, aliases, tags] {
        let items = all(list, &world.root, &key.id, 7);
        assert!(items.is_sorted());
    }
}

/// Spec: KEY-105, API-040
#[test]
fn a_traversal_survives_changes() {
    let world = World::with(|builder| builder.quotas(QuotaProfile::UNLIMITED));
    let key = world.key();
    for n in 0..250 {
        world.root.create_alias(format!("alias/b{n:03}"), &key.id).send().unwrap();
    }
    for list in [aliases as List, aliases_of] {
        let first = list(&world.root, &key.id, Some(50), None).unwrap();
        let second = list(&world.root, &key.id, Some(50), first.next).unwrap();
        let last = second.items.last().unwrap().clone();
        world.root.delete_alias(last.clone()).send().unwrap();
        world.root.create_alias("alias/a", &key.id).send().unwrap();
        let (mut seen, mut marker) = ([first.items, second.items].concat(), second.next);
        while marker.is_some() {
            let page = list(&world.root, &key.id, Some(50), marker).unwrap();
            seen.extend(page.items);
            marker = page.next;
        }
        assert_eq!(seen.len(), 250);
        assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), 250);
        world.root.create_alias(last, &key.id).send().unwrap();
        world.root.delete_alias("alias/a").send().unwrap();
    }
}

/// Spec: KEY-104, API-039
#[test]
fn markers_belong_to_one_list() {
    let world = World::new();
    let (key, other) = (world.key(), world.key());
    for (n, target) in [&key, &other].into_iter().cycle().take(6).enumerate() {
        world.root.create_alias(format!("alias/{n}"), &target.id).send().unwrap();
        world.root.tag_resource(&target.id).tag(format!("{n}"), "x").send().unwrap();
        world.root.rotate_key_on_demand(&target.id).send().unwrap();
    }
    let lists: [List; 6] = [keys, aliases, aliases_of, tags, rotations, materials];
    let markers = lists.map(|list| list(&world.root, &key.id, Some(1), None).unwrap().next.unwrap());
    for (issuer, marker) in markers.iter().enumerate() {
        assert!((1..=1024).contains(&marker.chars().count()));
        assert!(marker.chars().all(|c| ('\u{20}'..='\u{ff}').contains(&c)));
        for (reader, list) in lists.iter().enumerate() {
            let result = list(&world.root, &key.id, Some(1), Some(marker.clone()));
            if reader == issuer {
                result.unwrap();
            } else {
                assert_code(result, "InvalidMarkerException");
            }
        }
        // Another page size is fine, another key, account or Region is not.
        let list = lists[issuer];
        list(&world.root, &key.id, Some(2), Some(marker.clone())).unwrap();
        if issuer > 1 {
            assert_code(list(&world.root, &other.id, Some(1), Some(marker.clone())), "InvalidMarkerException");
        } else {
            let east = world.kms.client("us-east-1", Caller::account_root(ACCOUNT).unwrap()).unwrap();
            for client in [world.foreign_root(), east] {
                assert_code(list(&client, "", Some(1), Some(marker.clone())), "InvalidMarkerException");
            }
        }
    }
}

/// Spec: KEY-104, API-016, API-039
#[test]
fn forged_and_damaged_markers_are_refused() {
    let world = World::new();
    let key = world.key();
    for n in 0..3 {
        world.key();
        world.root.create_alias(format!("alias/{n}"), &key.id).send().unwrap();
        world.root.tag_resource(&key.id).tag(format!("{n}"), "x").send().unwrap();
        world.root.rotate_key_on_demand(&key.id).send().unwrap();
    }
    for list in LISTS {
        // ListKeyPolicies does not declare the exception.
        let one_policy = list(&world.root, &key.id, None, None).unwrap().items == ["default"];
        let code = if one_policy { "ValidationException" } else { "InvalidMarkerException" };
        let read = |marker: &str| list(&world.root, &key.id, Some(1), Some(marker.to_owned()));
        for forged in ["x", " ", "ÿÿÿ", "AAAAAAAAAAAAAAAAAAAAAA", "====", &"A".repeat(1024)] {
            assert_code(read(forged), code);
        }
        for (marker, problem) in [
            ("", "have length greater than or equal to 1"),
            ("\u{100}", "satisfy regular expression pattern: [\\u0020-\\u00FF]*"),
            ("a\n", "satisfy regular expression pattern: [\\u0020-\\u00FF]*"),
        ] {
            let item = format!("Value '{marker}' at 'marker' failed to satisfy constraint: Member must {problem}");
            assert_refused(read(marker), "ValidationException", &violation(&item));
        }
        assert_code(read(&"A".repeat(1025)), "ValidationException");
        let Some(marker) = list(&world.root, &key.id, Some(1), None).unwrap().next else { continue };
        for length in 1..marker.len() {
            assert_code(read(&marker[..length]), "InvalidMarkerException");
        }
        for position in 0..marker.len() - 1 {
            let mut damaged = marker.clone().into_bytes();
            damaged[position] = if damaged[position] == b'A' { b'B' } else { b'A' };
            assert_code(read(std::str::from_utf8(&damaged).unwrap()), "InvalidMarkerException");
        }
        read(&marker).unwrap();
    }
}

/// Spec: API-037
#[test]
fn sixty_aliases_fill_a_page_and_a_part_of_another() {
    let world = World::new();
    let (one, two) = (world.key(), world.key());
    for n in 0..60 {
        let key = if n % 2 == 0 { &one } else { &two };
        world.root.create_alias(format!("alias/{n:02}"), &key.id).send().unwrap();
    }
    let first = aliases(&world.root, "", None, None).unwrap();
    assert_eq!(first.items.len(), 50);
    let second = aliases(&world.root, "", None, first.next).unwrap();
    assert_eq!((second.items.len(), second.next), (10, None));
}
