//! Quotas on resources (chapter 42, section 2).

use std::sync::Arc;

use keystead::store::{Range, Store};
use keystead::{Caller, Kms, QuotaError, QuotaProfile, QuotaScope, QuotaStatus, Region, ResourceQuota};
use keystead_memory::MemoryStore;
use serde_json::json;

use super::support::{ACCOUNT, OTHER, REGION, World, assert_refused, delegation, outcome, policy};
use super::{LIMIT, code};

/// The table of section 2.
///
/// Spec: QUO-03, QUO-05, QUO-41, RUL-06
#[test]
fn the_profiles_hold_the_published_limits() {
    let names =
        ["KMS keys", "Aliases per KMS key", "Grants per KMS key", "Key policy document size", "On-demand rotations"];
    let limits = |rotations| [100_000, 50, 50_000, 32_768, rotations].map(Some);
    let profiles = [
        (QuotaProfile::DEFAULT, limits(25)),
        (QuotaProfile::AWS_2024, limits(10)),
        (QuotaProfile::AWS_2026, limits(25)),
        (QuotaProfile::UNLIMITED, [None; 5]),
    ];
    for (quotas, expected) in profiles {
        let world = World::with(|builder| builder.quotas(quotas));
        world.key();
        let status = world.kms.quota_status(REGION.parse().unwrap(), ACCOUNT.parse().unwrap()).unwrap();
        let resources: Vec<_> = status
            .iter()
            .filter_map(|status| match status {
                QuotaStatus::Resource { applied, default, used, .. } => {
                    assert_eq!(applied, default);
                    Some((status.name(), *applied, *used, status.is_adjustable()))
                }
                _ => None,
            })
            .collect();
        let used = [Some(1), None, None, None, None];
        let adjustable = [true, true, true, false, false];
        for (index, found) in resources.into_iter().enumerate() {
            assert_eq!(found, (names[index].to_owned(), expected[index], used[index], adjustable[index]));
        }
    }
}

/// Spec: QUO-42
#[test]
fn what_the_service_adjusts_for_nobody_needs_a_custom_profile() {
    let world = World::new();
    for quota in ResourceQuota::ALL {
        let changed = QuotaProfile::DEFAULT.with_limit(quota, Some(7));
        let narrowed = QuotaProfile::DEFAULT.with_limit_in(QuotaScope::EVERYWHERE, quota, Some(7));
        let expected = if quota.is_adjustable() { Ok(()) } else { Err(QuotaError::NotAdjustable(quota)) };
        assert_eq!(world.kms.set_quotas(changed.clone()), expected);
        assert_eq!(world.kms.set_quotas(narrowed.clone()), expected);
        assert_eq!(world.kms.set_quotas(changed.custom()), Ok(()));
        assert_eq!(world.kms.set_quotas(narrowed.custom()), Ok(()));
    }
    assert_eq!(world.kms.set_quotas(QuotaProfile::UNLIMITED), Ok(()));
}

/// Spec: QUO-03, QUO-04, QUO-09, QUO-12, QUO-42
#[test]
fn keys_count_until_they_are_gone_and_lowering_the_quota_takes_nothing() {
    let world = World::with(|builder| builder.quotas(QuotaProfile::DEFAULT.with_keys_per_account(3)));
    let keys = [world.key(), world.key(), world.key()];
    let full = "The account has 3 KMS keys in this Region, the quota. Delete keys or raise the quota.";
    assert_refused(world.root.create_key().send(), LIMIT, full);
    let refused = world.root.create_key().send().unwrap_err();
    assert!(!refused.is_retryable() && refused.http_status() == 400);
    // Each account and Region counts by itself.
    world.foreign_key();
    world.kms.client("us-east-1", Caller::account_root(ACCOUNT).unwrap()).unwrap().create_key().send().unwrap();
    // Scenario 13: a key that waits for its deletion holds its place, and may stay.
    world.root.schedule_key_deletion(&keys[0].id).pending_window_in_days(7).send().unwrap();
    assert_eq!(code(world.root.create_key().send()), LIMIT);
    world.root.cancel_key_deletion(&keys[0].id).send().unwrap();
    world.root.schedule_key_deletion(&keys[0].id).pending_window_in_days(7).send().unwrap();
    world.clock.advance_days(7);
    world.key();
    assert_eq!(code(world.root.create_key().send()), LIMIT);

    world.kms.set_quotas(QuotaProfile::DEFAULT.with_keys_per_account(1)).unwrap();
    world.root.encrypt(&keys[1].id, b"x").send().unwrap();
    assert_eq!(code(world.root.create_key().send()), LIMIT);
    let (region, account): (Region, _) = (REGION.parse().unwrap(), ACCOUNT.parse().unwrap());
    let raised = QuotaProfile::DEFAULT.with_keys_per_account(1).with_limit_in(
        QuotaScope::account_in_region(account, region),
        ResourceQuota::Keys,
        Some(4),
    );
    world.kms.set_quotas(raised).unwrap();
    world.key();
    assert_eq!(code(world.root.create_key().send()), LIMIT);
}

/// Scenario 12.
///
/// Spec: QUO-11, QUO-13
#[test]
fn the_last_place_is_given_once_and_nothing_is_left_of_the_others() {
    let store = Arc::new(MemoryStore::new());
    let quotas = QuotaProfile::DEFAULT.with_keys_per_account(10);
    let world = World::with(|builder| builder.store(Arc::clone(&store)).quotas(quotas));
    (0..9).for_each(|_| drop(world.key()));
    let records = || store.scan(&Range::all(), usize::MAX).unwrap().len();
    let before = records();
    let codes: Vec<_> = std::thread::scope(|scope| {
        let root = &world.root;
        let threads: Vec<_> = (0..32).map(|_| scope.spawn(move || code(root.create_key().send()))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(codes.iter().filter(|code| **code == "ok").count(), 1);
    assert_eq!(codes.iter().filter(|code| **code == LIMIT).count(), 31);
    assert_eq!(records(), before + 2, "a key and its material, and no more");
}

/// Spec: QUO-02
#[test]
fn instances_on_one_store_share_the_resources_and_count_requests_apart() {
    let store = Arc::new(MemoryStore::new());
    let random = keystead::RequestQuota::Cryptographic(keystead::KeyFamily::Symmetric);
    let open = || {
        let quotas = QuotaProfile::DEFAULT.with_keys_per_account(2);
        let quotas = quotas.with_rate(random, Some(keystead::Rate::one_per_millis(3_600_000)));
        let builder = Kms::builder().store(Arc::clone(&store)).root_key(super::usage::root_key());
        let kms = builder.quotas(quotas).build().unwrap();
        kms.client(REGION, Caller::account_root(ACCOUNT).unwrap()).unwrap()
    };
    let (one, two) = (open(), open());
    assert_eq!([code(one.create_key().send()), code(two.create_key().send())], ["ok"; 2]);
    assert_eq!([code(one.create_key().send()), code(two.create_key().send())], [LIMIT; 2]);
    for client in [&one, &two] {
        let calls = [code(client.generate_random(1).send()), code(client.generate_random(1).send())];
        assert_eq!(calls, ["ok", super::THROTTLED]);
    }
}

/// Scenario 15.
///
/// Spec: QUO-03, QUO-05, QUO-12
#[test]
fn aliases_count_on_the_key_they_point_to() {
    let world = World::new();
    let (full, empty) = (world.key(), world.key());
    for number in 0..50 {
        world.root.create_alias(format!("alias/full{number}"), &full.id).send().unwrap();
    }
    let text = format!("{} has 50 aliases, the quota. Delete aliases or raise the quota.", full.arn);
    assert_refused(world.root.create_alias("alias/more", &full.id).send(), LIMIT, &text);
    world.root.create_alias("alias/other", &empty.id).send().unwrap();
    assert_refused(world.root.update_alias("alias/other", &full.id).send(), LIMIT, &text);
    let described = world.root.describe_key("alias/other").send().unwrap();
    assert_eq!(described.key_metadata.key_id.to_string(), empty.id);
    world.root.update_alias("alias/full0", &full.id).send().unwrap();
    // A lower quota takes no alias away, and lets them leave.
    world.kms.set_quotas(QuotaProfile::DEFAULT.with_aliases_per_key(10)).unwrap();
    world.root.update_alias("alias/full1", &empty.id).send().unwrap();
    assert_eq!(code(world.root.update_alias("alias/other", &full.id).send()), LIMIT);
    assert_eq!(world.root.list_aliases().key_id(&full.id).send().unwrap().aliases.len(), 49);
}

/// Scenario 14.
///
/// Spec: QUO-06
#[test]
fn a_right_by_alias_rests_while_the_key_has_too_many() {
    let world = World::new();
    let key = world.key();
    for name in ["alias/a", "alias/b", "alias/c"] {
        world.root.create_alias(name, &key.id).send().unwrap();
    }
    let by_alias = policy(&[json!({ "Effect": "Allow", "Action": "kms:Encrypt", "Resource": "*",
        "Condition": { "ForAnyValue:StringEquals": { "kms:ResourceAliases": "alias/a" } } })]);
    let alice = world.client(Caller::user(ACCOUNT, "alice").unwrap().identity_policy(&by_alias).unwrap());
    let plain = world.user(&["kms:Encrypt"]);
    let both = || [code(alice.encrypt(&key.id, b"x").send()), code(plain.encrypt(&key.id, b"x").send())];
    assert_eq!(both(), ["ok"; 2]);
    world.kms.set_quotas(QuotaProfile::DEFAULT.with_aliases_per_key(2)).unwrap();
    assert_eq!(both(), ["AccessDeniedException", "ok"]);
    world.root.delete_alias("alias/c").send().unwrap();
    assert_eq!(both(), ["ok"; 2]);
}

/// Spec: QUO-03, QUO-08
#[test]
fn grants_count_until_they_are_retired_or_revoked() {
    let world = World::with(|builder| builder.quotas(QuotaProfile::DEFAULT.with_grants_per_key(2)));
    let key = world.key();
    let grant = |name: &str| {
        let call = world.root.create_grant(&key.id, format!("arn:aws:iam::{ACCOUNT}:user/{name}"));
        call.name(name.to_owned()).operation("Encrypt").send()
    };
    let first = grant("one").unwrap().grant_id.to_string();
    grant("two").unwrap();
    assert_refused(grant("three"), LIMIT, &format!("{} has 2 grants, the quota. Retire or revoke grants.", key.arn));
    // One that is there already needs no place.
    assert_eq!(grant("one").unwrap().grant_id.to_string(), first);
    world.root.revoke_grant(&key.id, &first).send().unwrap();
    grant("three").unwrap();
}

/// Scenario 16.
///
/// Spec: QUO-07, QUO-42
#[test]
fn the_size_of_a_policy_is_its_bytes_as_given() {
    let world = World::new();
    let key = world.key();
    let document = |bytes: usize, filling: &str| {
        let empty = policy(&[delegation()]);
        let padding = bytes - empty.len() - filling.len();
        // White space counts, too.
        let mut document = empty.replace("kms:*", &format!("kms:*{filling}"));
        document.push_str(&" ".repeat(padding));
        document
    };
    let put = |document: &str| world.root.put_key_policy(&key.id, document.to_owned()).send();
    assert_eq!(code(put(&document(32_768, ""))), "ok");
    let text = "The key policy is 32769 bytes long, the quota is 32768; shorten it.";
    assert_refused(put(&document(32_769, "")), LIMIT, text);
    let create = |document: String| code(world.root.create_key().policy(document).send());
    assert_eq!([create(document(32_768, "")), create(document(32_769, ""))], ["ok", LIMIT]);
    // 32,768 characters, one of which has two bytes.
    assert_eq!(code(put(&document(32_769, "\u{e9}"))), LIMIT);
    assert_eq!(document(32_769, "\u{e9}").chars().count(), 32_768);
    // The shape of the request is another matter.
    assert_eq!(code(put(&document(131_073, ""))), "ValidationException");
    world
        .kms
        .set_quotas(QuotaProfile::DEFAULT.custom().with_limit(ResourceQuota::KeyPolicyBytes, Some(40_000)))
        .unwrap();
    assert_eq!([code(put(&document(40_000, ""))), code(put(&document(40_001, "")))], ["ok", LIMIT]);
    world.kms.set_quotas(QuotaProfile::UNLIMITED).unwrap();
    assert_eq!(code(put(&document(131_072, ""))), "ok");
}

/// Scenario 17.
///
/// Spec: QUO-03, QUO-32, RUL-06
#[test]
fn rotations_on_demand_count_over_the_life_of_a_key() {
    let store = Arc::new(MemoryStore::new());
    let open = |limit| {
        let quotas = QuotaProfile::DEFAULT.custom().with_limit(ResourceQuota::OnDemandRotations, Some(limit));
        let builder = Kms::builder().store(Arc::clone(&store)).root_key(super::usage::root_key());
        let kms = builder.quotas(quotas).build().unwrap();
        kms.client(REGION, Caller::account_root(ACCOUNT).unwrap()).unwrap()
    };
    let client = open(2);
    let key = client.create_key().send().unwrap().key_metadata.key_id.to_string();
    client.rotate_key_on_demand(&key).send().unwrap();
    client.rotate_key_on_demand(&key).send().unwrap();
    let (refused, text) = outcome(client.rotate_key_on_demand(&key).send());
    assert_eq!(refused, LIMIT);
    assert!(text.starts_with("The on-demand rotations limit has been reached for the given keyId."), "{text}");
    assert_eq!(client.list_key_rotations(&key).send().unwrap().rotations.len(), 2);
    drop(client);
    assert_eq!(code(open(2).rotate_key_on_demand(&key).send()), LIMIT);
    assert_eq!(code(open(3).rotate_key_on_demand(&key).send()), "ok");
}

/// Spec: QUO-13, QUO-14
#[test]
fn quotas_come_after_access_and_before_work_and_services_count_like_the_caller() {
    let world = World::with(|builder| builder.quotas(QuotaProfile::DEFAULT.with_keys_per_account(1)));
    let service = Caller::account_root(ACCOUNT).unwrap().via_service("ec2.us-west-2.amazonaws.com");
    world.client(service).create_key().send().unwrap();
    assert_eq!(code(world.user(&[]).create_key().send()), "AccessDeniedException");
    assert_eq!(code(world.root.create_key().policy("{").send()), "MalformedPolicyDocumentException");
    assert_eq!(code(world.root.create_key().send()), LIMIT);
    assert_eq!(code(world.client(Caller::account_root(OTHER).unwrap()).create_key().send()), "ok");
}
