//! ReplicateKey.

use keystead::{Caller, QuotaProfile, Tag};
use serde_json::json;

use crate::support::{ACCOUNT, OTHER, World, assert_code, assert_refused, delegation, policy};
use crate::{ASIA, DELAY, EUROPE, HOME, decrypt, roles};

/// Scenario 1.
///
/// Spec: MRK-01, MRK-04, MRK-26, MRK-45, MRK-46
#[test]
fn a_replica_is_being_created_and_then_enabled() {
    let world = World::new();
    let set = world.set(&[]);
    let answer = set.home.replicate_key(&set.id, EUROPE).send().unwrap().into_inner();
    let replica = answer.replica_key_metadata;
    assert_eq!((replica.key_state.as_str(), replica.enabled), ("Creating", false));
    assert_eq!(replica.arn.to_string(), set.arn_in(EUROPE));
    assert_eq!(roles(&replica), ("REPLICA", HOME.into(), vec![EUROPE.into()]));
    assert_eq!(answer.replica_tags, []);
    assert!(answer.replica_policy.contains("kms:*"));

    let there = set.described(&set.europe);
    assert_eq!((there.key_state.as_str(), there.enabled), ("Enabled", true));
    assert_eq!(roles(&there), ("REPLICA", HOME.into(), vec![EUROPE.into()]));
    assert_eq!(roles(&set.described(&set.home)), ("PRIMARY", HOME.into(), vec![EUROPE.into()]));
    let (here, there) = (set.described(&set.home), there);
    let sets = [here, there].map(|key| key.multi_region_configuration.unwrap());
    assert_eq!((sets[0].primary_key, &sets[0].replica_keys), (sets[1].primary_key, &sets[1].replica_keys));
    // Nothing of it is in a third Region.
    assert!(set.asia.list_keys().send().unwrap().keys.is_empty());
}

/// Spec: MRK-26, STA-11, STA-02, RUL-15
#[test]
fn the_construction_ends_by_the_clock() {
    let world = World::delayed();
    let set = world.of(&world.set(&[]).id);
    let blob = set.encrypt(&set.home, b"before");
    set.home.replicate_key(&set.id, EUROPE).send().unwrap();
    assert_eq!(set.state(&set.europe), "Creating");
    let message = format!("{} is creating.", set.arn_in(EUROPE));
    assert_refused(set.europe.encrypt(&set.id, b"x").send(), "KMSInvalidStateException", &message);
    let opened = set.europe.decrypt(&blob).context("order", "42").send();
    assert_refused(opened, "KMSInvalidStateException", &message);
    world.clock.advance(DELAY - std::time::Duration::from_millis(1));
    assert_eq!(set.state(&set.europe), "Creating");
    assert!(world.records("SynchronizeMultiRegionKey").is_empty());

    world.clock.advance(std::time::Duration::from_millis(1));
    // Decrypt alone brings nothing up to date; the state is that of the clock all the same.
    assert_eq!(decrypt(&set.europe, &blob), b"before");
    assert_eq!(set.state(&set.europe), "Enabled");
    assert_eq!(world.records("SynchronizeMultiRegionKey").len(), 1);
    assert_eq!(world.kms.sweep().unwrap().synchronized, 0);
}

/// Spec: STA-02, RUL-15
#[test]
fn a_sweep_ends_the_construction_too() {
    let world = World::delayed();
    let set = world.of(&world.set(&[]).id);
    set.home.replicate_key(&set.id, EUROPE).send().unwrap();
    set.home.replicate_key(&set.id, ASIA).send().unwrap();
    assert_eq!(world.kms.sweep().unwrap().synchronized, 0);
    world.clock.advance(DELAY);
    // Both are in one set: what ends one phase ends all that are over.
    assert_eq!(world.kms.sweep().unwrap().synchronized, 1);
    assert_eq!(world.kms.sweep().unwrap().synchronized, 0);
    assert_eq!(world.records("SynchronizeMultiRegionKey").len(), 1);
    assert_eq!((set.state(&set.europe), set.state(&set.asia)), ("Enabled", "Enabled"));
}

/// Spec: MRK-24, MRK-28
#[test]
fn a_replica_has_what_the_request_gives_and_no_more() {
    let world = World::new();
    let home = world.root_in(HOME);
    let own = policy(&[
        delegation(),
        json!({ "Sid": "own", "Effect": "Deny", "Principal": "*", "Action": "kms:Sign", "Resource": "*" }),
    ]);
    let key = home.create_key().multi_region(true).description("primary").tag("team", "a").policy(own.clone());
    let set = world.of(&key.send().unwrap().key_metadata.key_id.to_string());
    home.create_alias("alias/orders", &set.id).send().unwrap();
    home.create_grant(&set.id, "arn:aws:iam::111122223333:user/bob").operation("Decrypt").send().unwrap();

    set.home.replicate_key(&set.id, EUROPE).send().unwrap();
    let there = set.described(&set.europe);
    assert_eq!(there.description, "");
    assert!(set.europe.list_resource_tags(&set.id).send().unwrap().tags.is_empty());
    assert!(set.europe.list_aliases().send().unwrap().aliases.is_empty());
    assert!(set.europe.list_grants(&set.id).send().unwrap().grants.is_empty());
    assert_ne!(set.europe.get_key_policy(&set.id).send().unwrap().policy, own);

    let answer = set.home.replicate_key(&set.id, ASIA).description("replica").tag("team", "b").policy(own.clone());
    let answer = answer.send().unwrap().into_inner();
    assert_eq!((answer.replica_policy.as_str(), answer.replica_tags), (own.as_str(), vec![Tag::new("team", "b")]));
    assert_eq!(answer.replica_key_metadata.description, "replica");
    assert_eq!(set.asia.get_key_policy(&set.id).send().unwrap().policy, own);
    assert_eq!(set.asia.list_resource_tags(&set.id).send().unwrap().tags, [Tag::new("team", "b")]);
    // The replica has its own date.
    world.clock.advance_days(1);
    let sibling = home.create_key().multi_region(true).send().unwrap().into_inner().key_metadata;
    world.clock.advance_days(1);
    let replica = home.replicate_key(sibling.arn, EUROPE).send().unwrap().into_inner().replica_key_metadata;
    assert_eq!(replica.creation_date, sibling.creation_date.plus_days(1));
}

/// The table of section 6, row by row.
///
/// Spec: MRK-31, KEY-71
#[test]
fn what_cannot_be_replicated_is_refused_without_a_trace() {
    let world = World::new();
    let set = world.set(&[EUROPE]);
    let replicate = |region: &'static str| set.home.replicate_key(&set.id, region);
    // 1, 2.
    assert_code(replicate("Europe").send(), "ValidationException");
    assert_code(set.home.replicate_key("mrk-00000000000000000000000000000000", ASIA).send(), "NotFoundException");
    set.home.create_alias("alias/a", &set.id).send().unwrap();
    assert_code(set.home.replicate_key("alias/a", ASIA).send(), "NotFoundException");
    let alias_arn = "arn:aws:kms:us-east-1:111122223333:alias/a";
    assert_code(set.home.replicate_key(alias_arn, ASIA).send(), "InvalidArnException");
    // 5: a replica (scenario 6), another partition (scenario 22).
    let message = format!("{} is not a multi-region primary key.", set.arn_in(EUROPE));
    assert_refused(set.europe.replicate_key(&set.id, ASIA).send(), "UnsupportedOperationException", &message);
    assert_code(replicate("cn-north-1").send(), "UnsupportedOperationException");
    // 8 (scenario 7).
    assert_code(replicate(EUROPE).send(), "AlreadyExistsException");
    assert_code(replicate(HOME).send(), "AlreadyExistsException");
    set.europe.schedule_key_deletion(&set.id).send().unwrap();
    assert_code(replicate(EUROPE).send(), "AlreadyExistsException");
    // 9, 10.
    assert_code(replicate(ASIA).policy("x".repeat(32_769)).send(), "LimitExceededException");
    assert_code(replicate(ASIA).policy("{").send(), "MalformedPolicyDocumentException");
    let locked = policy(&[json!({ "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::111122223333:root" },
                                  "Action": "kms:Encrypt", "Resource": "*" })]);
    assert_code(replicate(ASIA).policy(locked.clone()).send(), "MalformedPolicyDocumentException");
    assert_code(replicate(ASIA).tag("a", "1").tag("a", "2").send(), "TagException");
    assert!(set.asia.list_keys().send().unwrap().keys.is_empty());
    assert_eq!(roles(&set.described(&set.home)).2, [EUROPE]);
    let created = world.records("CreateKey");
    assert!(created.iter().all(|record| record.aws_region.as_str() != ASIA));
    // Who knows what he does may.
    replicate(ASIA).policy(locked).bypass_policy_lockout_safety_check(true).send().unwrap();
}

/// Row 5 of the table: a Region that the account has not enabled.
///
/// Spec: MRK-31
#[test]
fn keys_stay_in_the_regions_that_their_account_has_enabled() {
    let enabled = [HOME, EUROPE].map(|region| region.parse().unwrap());
    let world = World::with(|builder| builder.enabled_regions(ACCOUNT.parse().unwrap(), enabled));
    let set = world.set(&[EUROPE]);
    let refused = set.home.replicate_key(&set.id, ASIA).send();
    let message = format!("Region {ASIA} is not enabled for account {ACCOUNT}.");
    assert_refused(refused, "UnsupportedOperationException", &message);
    assert!(set.asia.list_keys().send().unwrap().keys.is_empty());
    // The role comes first, and the state last.
    let replica = format!("{} is not a multi-region primary key.", set.arn_in(EUROPE));
    assert_refused(set.europe.replicate_key(&set.id, ASIA).send(), "UnsupportedOperationException", &replica);
    set.home.disable_key(&set.id).send().unwrap();
    assert_refused(set.home.replicate_key(&set.id, ASIA).send(), "UnsupportedOperationException", &message);
    // Another account may have more.
    let other = world.kms.client(HOME, Caller::account_root(OTHER).unwrap()).unwrap();
    let key = other.create_key().multi_region(true).send().unwrap().key_metadata.arn;
    other.replicate_key(key, ASIA).send().unwrap();
}

/// Spec: MRK-70, POL-86
#[test]
fn the_lockout_check_sees_the_replica() {
    let world = World::new();
    let set = world.set(&[]);
    let only_in = |region: &str, role: &str| {
        policy(&[
            json!({ "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::111122223333:root" }, "Action": "kms:*",
            "Resource": "*", "Condition": { "StringEquals": { "aws:RequestedRegion": region, "kms:MultiRegionKeyType": role } } }),
        ])
    };
    let replicate = |region: &str, role: &str| {
        set.home.replicate_key(&set.id, EUROPE).tag("team", "a").policy(only_in(region, role)).send()
    };
    assert_code(replicate(HOME, "REPLICA"), "MalformedPolicyDocumentException");
    assert_code(replicate(EUROPE, "PRIMARY"), "MalformedPolicyDocumentException");
    replicate(EUROPE, "REPLICA").unwrap();
}

/// Keys whose time is over do not count, in the Region of the replica either.
///
/// Spec: KEY-33, MRK-11
#[test]
fn a_dead_key_makes_room_for_a_replica() {
    let world = World::with(|builder| builder.quotas(QuotaProfile::DEFAULT.with_keys_per_account(2)));
    let set = world.set(&[]);
    let dead: Vec<_> = (0..2).map(|_| set.europe.create_key().send().unwrap().key_metadata.arn).collect();
    assert_code(set.home.replicate_key(&set.id, EUROPE).send(), "LimitExceededException");
    for key in &dead {
        set.europe.schedule_key_deletion(*key).pending_window_in_days(7).send().unwrap();
    }
    world.clock.advance_days(6);
    assert_code(set.home.replicate_key(&set.id, EUROPE).send(), "LimitExceededException");
    world.clock.advance_days(1);
    set.home.replicate_key(&set.id, EUROPE).send().unwrap();
    assert_eq!(set.state(&set.europe), "Enabled");
    assert_eq!(world.records("DeleteKey").len(), 1);
}
