//! Deletion of related keys: replicas at their dates, the primary after the last of them (section 10).

use std::time::Duration;

use keystead::{QuotaProfile, Timestamp};

use crate::support::{START, World, assert_code, assert_refused};
use crate::{ASIA, EUROPE, HOME, decrypt, roles};

fn day(days: u32) -> Timestamp {
    let start: jiff::Timestamp = START.parse().unwrap();
    Timestamp::from(start).plus(crate::DELAY).plus_days(days)
}

/// Spec: MRK-46, MRK-48, STA-77, STA-79, STA-80, STA-56, STA-92
#[test]
fn a_primary_with_replicas_waits_without_a_date() {
    let world = World::new();
    let set = world.set(&[EUROPE]);
    let replica = set.europe.schedule_key_deletion(&set.id).pending_window_in_days(7).send().unwrap();
    assert_eq!((replica.key_state.as_str(), replica.deletion_date), ("PendingDeletion", Some(day(7))));
    for days in [6, 31] {
        let call = set.home.schedule_key_deletion(&set.id).pending_window_in_days(days);
        assert_code(call.send(), "ValidationException");
    }
    // Though its replica is to be deleted, it exists.
    let answer = set.home.schedule_key_deletion(&set.id).send().unwrap();
    assert_eq!((answer.key_state.as_str(), answer.deletion_date), ("PendingReplicaDeletion", None));
    assert_eq!(answer.pending_window_in_days, 30);
    let key = set.described(&set.home);
    assert_eq!((key.key_state.as_str(), key.enabled), ("PendingReplicaDeletion", false));
    assert_eq!((key.deletion_date, key.pending_deletion_window_in_days), (None, Some(30)));
    assert_eq!(roles(&key).2, [EUROPE]);
    let alone = world.set(&[]);
    let answer = alone.home.schedule_key_deletion(&alone.id).pending_window_in_days(7).send().unwrap();
    assert_eq!(answer.key_state.as_str(), "PendingDeletion");
}

/// Scenario 16.
///
/// Spec: MRK-49, MRK-50, MRK-54, STA-82, STA-83
#[test]
fn the_window_of_the_primary_begins_with_the_last_deletion() {
    let world = World::new();
    let set = world.set(&[EUROPE, ASIA, "us-west-2"]);
    let west = world.root_in("us-west-2");
    for (client, days) in [(&set.home, 7), (&set.europe, 7), (&set.asia, 7), (&west, 30)] {
        client.schedule_key_deletion(&set.id).pending_window_in_days(days).send().unwrap();
    }
    for today in 1..30 {
        world.clock.advance_days(1);
        world.kms.sweep().unwrap();
        let key = set.described(&set.home);
        assert_eq!((key.key_state.as_str(), key.deletion_date), ("PendingReplicaDeletion", None), "day {today}");
        assert_eq!(roles(&key).2.len(), if today < 7 { 3 } else { 1 }, "day {today}");
    }
    world.clock.advance_days(1);
    world.kms.sweep().unwrap();
    let key = set.described(&set.home);
    assert_eq!((key.key_state.as_str(), key.deletion_date), ("PendingDeletion", Some(day(37))));
    assert_eq!((key.pending_deletion_window_in_days, roles(&key).2.len()), (None, 0));
    world.clock.advance_days(7);
    world.kms.sweep().unwrap();
    assert_code(set.home.describe_key(&set.id).send(), "NotFoundException");
    assert_eq!(world.records("DeleteKey").len(), 4);
    for region in [HOME, EUROPE, ASIA, "us-west-2"] {
        assert_eq!(world.kms.key_count(region.parse().unwrap(), set.home.account()).unwrap(), 0);
    }
}

/// Scenario 17, by daily sweeps and by one jump.
///
/// Spec: MRK-51, MRK-58, STA-02, STA-84, RUL-22
#[test]
fn the_shortest_way_takes_fourteen_days() {
    for daily in [true, false] {
        let world = World::new();
        let set = world.set(&[EUROPE, ASIA]);
        for client in set.clients() {
            client.schedule_key_deletion(&set.id).pending_window_in_days(7).send().unwrap();
        }
        if daily {
            for today in 1..=20 {
                world.clock.advance_days(1);
                world.kms.sweep().unwrap();
                let exists = set.home.describe_key(&set.id).send().is_ok();
                assert_eq!(exists, today < 14, "day {today}");
            }
        } else {
            world.clock.advance_days(20);
            assert_eq!(world.kms.sweep().unwrap().deleted, 3);
        }
        assert_code(set.home.describe_key(&set.id).send(), "NotFoundException");
        let deleted = world.records("DeleteKey");
        let regions: Vec<_> = deleted.iter().map(|record| record.aws_region.to_string()).collect();
        assert_eq!((regions.len(), regions[2].as_str()), (3, HOME), "{regions:?}");
        assert_eq!(world.events.events().len(), 3);
    }
}

/// What a key says is the same whether or not anybody has swept.
///
/// Spec: RUL-15, MRK-58, STA-03
#[test]
fn dates_do_not_depend_on_the_sweep() {
    let world = World::new();
    let set = world.set(&[EUROPE, ASIA]);
    set.europe.schedule_key_deletion(&set.id).pending_window_in_days(20).send().unwrap();
    set.asia.schedule_key_deletion(&set.id).pending_window_in_days(7).send().unwrap();
    set.home.schedule_key_deletion(&set.id).pending_window_in_days(10).send().unwrap();
    world.clock.advance_days(25);
    let before = set.described(&set.home);
    assert_eq!((before.key_state.as_str(), before.deletion_date), ("PendingDeletion", Some(day(30))));
    assert!(roles(&before).2.is_empty());
    let message = format!("{} is pending deletion.", set.arn_in(HOME));
    assert_refused(set.home.encrypt(&set.id, b"x").send(), "KMSInvalidStateException", &message);
    assert!(world.records("DeleteKey").is_empty());
    world.kms.sweep().unwrap();
    assert_eq!(set.described(&set.home), before);
    let regions = world.records("DeleteKey").iter().map(|record| record.aws_region.to_string()).collect::<Vec<_>>();
    assert_eq!(regions, [ASIA, EUROPE]);
}

/// Who touches a primary whose time is over finds nothing, and the replicas are gone before it.
///
/// Spec: MRK-50, MRK-58, STA-02
#[test]
fn touching_a_dead_primary_buries_its_replicas_first() {
    let world = World::new();
    let set = world.set(&[EUROPE, ASIA]);
    for client in set.clients() {
        client.schedule_key_deletion(&set.id).pending_window_in_days(7).send().unwrap();
    }
    world.clock.advance_days(100);
    assert!(set.home.list_keys().send().unwrap().keys.is_empty());
    assert_code(set.home.describe_key(&set.id).send(), "NotFoundException");
    let regions = world.records("DeleteKey").iter().map(|record| record.aws_region.to_string()).collect::<Vec<_>>();
    assert_eq!(regions, [ASIA, EUROPE, HOME]);
    assert_eq!(world.kms.sweep().unwrap().deleted, 0);
}

/// Scenario 18.
///
/// Nobody sweeps and nobody touches the set; the quota of its account counts what exists.
///
/// Spec: KEY-33, MRK-58, RUL-15
#[test]
fn a_dead_primary_makes_room_whether_or_not_its_replica_was_buried() {
    let world = World::with(|builder| builder.quotas(QuotaProfile::DEFAULT.with_keys_per_account(1)));
    let set = world.set(&[EUROPE]);
    for client in [&set.home, &set.europe] {
        client.schedule_key_deletion(&set.id).pending_window_in_days(7).send().unwrap();
    }
    world.clock.advance_days(13);
    world.clock.advance(Duration::from_secs(86_399));
    assert_code(set.home.create_key().send(), "LimitExceededException");
    world.clock.advance(Duration::from_secs(1));
    set.home.create_key().send().unwrap();
    set.europe.create_key().send().unwrap();
}

/// Spec: MRK-53, MRK-49, STA-86
#[test]
fn cancelling_concerns_one_key() {
    let world = World::new();
    let set = world.set(&[EUROPE, ASIA]);
    for client in set.clients() {
        client.schedule_key_deletion(&set.id).pending_window_in_days(7).send().unwrap();
    }
    let states = || set.clients().map(|client| set.state(client));
    assert_eq!(states(), ["PendingReplicaDeletion", "PendingDeletion", "PendingDeletion"]);
    set.asia.cancel_key_deletion(&set.id).send().unwrap();
    assert_eq!(states(), ["PendingReplicaDeletion", "PendingDeletion", "Disabled"]);
    world.clock.advance_days(7);
    assert_code(set.europe.describe_key(&set.id).send(), "NotFoundException");
    assert_eq!(set.state(&set.home), "PendingReplicaDeletion");

    set.home.cancel_key_deletion(&set.id).send().unwrap();
    let key = set.described(&set.home);
    assert_eq!((key.key_state.as_str(), key.pending_deletion_window_in_days), ("Disabled", None));
    set.asia.schedule_key_deletion(&set.id).pending_window_in_days(7).send().unwrap();
    world.clock.advance_days(60);
    world.kms.sweep().unwrap();
    assert_eq!((set.state(&set.home), roles(&set.described(&set.home)).2.len()), ("Disabled", 0));

    // In the period that began by itself it can be cancelled too.
    set.home.enable_key(&set.id).send().unwrap();
    set.home.replicate_key(&set.id, ASIA).send().unwrap();
    for client in [&set.home, &set.asia] {
        client.schedule_key_deletion(&set.id).pending_window_in_days(7).send().unwrap();
    }
    world.clock.advance_days(8);
    assert_eq!(set.state(&set.home), "PendingDeletion");
    set.home.cancel_key_deletion(&set.id).send().unwrap();
    world.clock.advance_days(60);
    world.kms.sweep().unwrap();
    assert_eq!(set.state(&set.home), "Disabled");
}

/// Spec: MRK-50, MRK-52, STA-08, STA-81
#[test]
fn a_waiting_primary_may_wait_for_ever_and_its_replicas_work() {
    let world = World::new();
    let set = world.set(&[EUROPE]);
    let blob = set.encrypt(&set.home, b"secret");
    set.home.schedule_key_deletion(&set.id).pending_window_in_days(7).send().unwrap();
    world.clock.advance_days(4000);
    world.kms.sweep().unwrap();
    assert_eq!(set.state(&set.home), "PendingReplicaDeletion");
    assert_eq!((set.state(&set.europe), decrypt(&set.europe, &blob)), ("Enabled", b"secret".to_vec()));
    let message = format!("{} is pending replica deletion.", set.arn_in(HOME));
    for refused in [
        set.home.encrypt(&set.id, b"x").send().map(drop),
        set.home.replicate_key(&set.id, ASIA).send().map(drop),
        set.home.update_primary_region(&set.id, EUROPE).send().map(drop),
        set.home.schedule_key_deletion(&set.id).send().map(drop),
    ] {
        assert_refused(refused, "KMSInvalidStateException", &message);
    }
}

/// Spec: MRK-57
#[test]
fn the_date_of_a_waiting_primary_can_be_expected() {
    let world = World::new();
    let set = world.set(&[EUROPE, ASIA]);
    let expected = || world.kms.expected_deletion(&set.arn_in(HOME).parse().unwrap()).unwrap();
    assert_eq!(expected(), None);
    set.home.schedule_key_deletion(&set.id).pending_window_in_days(10).send().unwrap();
    set.europe.schedule_key_deletion(&set.id).pending_window_in_days(20).send().unwrap();
    assert_eq!(expected(), None);
    set.asia.schedule_key_deletion(&set.id).pending_window_in_days(7).send().unwrap();
    assert_eq!(expected(), Some(day(30)));
    assert_eq!(world.kms.expected_deletion(&set.arn_in(ASIA).parse().unwrap()).unwrap(), Some(day(7)));
    world.clock.advance_days(25);
    world.kms.sweep().unwrap();
    assert_eq!((expected(), set.described(&set.home).deletion_date), (Some(day(30)), Some(day(30))));
    set.home.cancel_key_deletion(&set.id).send().unwrap();
    assert_eq!(expected(), None);
}

/// Scenario 19; the primary alone goes like any key.
///
/// Spec: MRK-56, STA-71
#[test]
fn a_set_is_gone_with_its_primary() {
    let world = World::new();
    let set = world.set(&[]);
    let blob = set.encrypt(&set.home, b"secret");
    set.home.schedule_key_deletion(&set.id).pending_window_in_days(7).send().unwrap();
    world.clock.advance_days(7);
    world.kms.sweep().unwrap();
    assert_code(set.home.replicate_key(&set.id, EUROPE).send(), "NotFoundException");
    assert_code(set.home.decrypt(&blob).context("order", "42").send(), "AccessDeniedException");
}

/// Spec: MRK-29, STA-78, STA-87
#[test]
fn which_key_waits_follows_the_role() {
    let world = World::new();
    let set = world.set(&[EUROPE]);
    set.home.update_primary_region(&set.id, EUROPE).send().unwrap();
    let answer = set.europe.schedule_key_deletion(&set.id).pending_window_in_days(7).send().unwrap();
    assert_eq!(answer.key_state.as_str(), "PendingReplicaDeletion");
    set.home.schedule_key_deletion(&set.id).pending_window_in_days(7).send().unwrap();
    world.clock.advance_days(7);
    world.kms.sweep().unwrap();
    let key = set.described(&set.europe);
    assert_eq!((key.key_state.as_str(), key.deletion_date), ("PendingDeletion", Some(day(14))));
}

/// Spec: MRK-26, STA-53
#[test]
fn a_replica_under_construction_can_be_scheduled() {
    let world = World::delayed();
    let set = world.of(&world.set(&[]).id);
    set.home.replicate_key(&set.id, EUROPE).send().unwrap();
    set.europe.schedule_key_deletion(&set.id).pending_window_in_days(7).send().unwrap();
    assert_eq!(set.state(&set.europe), "PendingDeletion");
    world.clock.advance_days(7);
    world.kms.sweep().unwrap();
    assert_code(set.europe.describe_key(&set.id).send(), "NotFoundException");
    assert_eq!(world.records("DeleteKey").len(), 1);
    assert!(roles(&set.described(&set.home)).2.is_empty());
}
