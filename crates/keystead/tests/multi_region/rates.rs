//! What replication and changes of the primary cost (chapter 42), and what happens when they meet.

use std::sync::Barrier;
use std::time::Duration;

use keystead::{QuotaProfile, QuotaStatus, RequestQuota};

use crate::support::{ACCOUNT, World, assert_code};
use crate::{EUROPE, HOME, REGIONS, Set, roles};

/// Five of one operation in a second, and what CreateKey may do where replicas are made.
fn limited() -> World {
    World::with(|builder| builder.quotas(QuotaProfile::AWS_2026))
}

/// A primary with replicas, made slowly.
fn set(world: &World, replicas: &[&str]) -> Set {
    let home = world.root_in(HOME);
    let set = world.of(&home.create_key().multi_region(true).send().unwrap().key_metadata.key_id.to_string());
    for region in replicas {
        set.home.replicate_key(&set.id, *region).send().unwrap();
    }
    world.clock.advance(Duration::from_secs(10));
    set
}

/// Units taken in the present second.
fn used(world: &World, region: &str, operation: &'static str) -> u64 {
    let status = world.kms.quota_status(region.parse().unwrap(), ACCOUNT.parse().unwrap()).unwrap();
    let of_operation = status.iter().find_map(|status| match status {
        QuotaStatus::Request { quota, used, .. } if *quota == RequestQuota::Operation(operation) => Some(*used),
        _ => None,
    });
    of_operation.unwrap()
}

fn keys_in(world: &World, region: &str) -> u64 {
    world.kms.key_count(region.parse().unwrap(), ACCOUNT.parse().unwrap()).unwrap()
}

/// Spec: MRK-30, QUO-15
#[test]
fn one_replication_makes_one_replica_and_costs_two_creations() {
    let world = limited();
    let primary = set(&world, &[]);
    primary.home.replicate_key(&primary.id, EUROPE).send().unwrap();
    assert_eq!(REGIONS.map(|region| keys_in(&world, region)), [1, 1, 0]);
    let creations = world.records("CreateKey");
    assert_eq!(creations.iter().filter(|record| record.aws_region.as_str() == EUROPE).count(), 1);
    assert_eq!((used(&world, HOME, "ReplicateKey"), used(&world, EUROPE, "CreateKey")), (1, 2));
    assert_eq!((used(&world, HOME, "CreateKey"), used(&world, EUROPE, "ReplicateKey")), (0, 0));

    // Each into a Region of its own, the sixth in a second is one too many.
    let others = ["ap-southeast-2", "us-west-2", "ca-central-1", "eu-central-1"];
    for region in others {
        primary.home.replicate_key(&primary.id, region).send().unwrap();
    }
    let sixth = || primary.home.replicate_key(&primary.id, "sa-east-1").send();
    assert_code(sixth(), "ThrottlingException");
    assert_eq!((keys_in(&world, "sa-east-1"), used(&world, "sa-east-1", "CreateKey")), (0, 0));
    world.clock.advance(Duration::from_secs(1));
    sixth().unwrap();

    // What has no room in the Region of the replica costs nothing anywhere.
    let second = set(&world, &[]);
    let europe = world.root_in(EUROPE);
    for _ in 0..4 {
        europe.create_key().send().unwrap();
    }
    let before = used(&world, HOME, "ReplicateKey");
    assert_code(second.home.replicate_key(&second.id, EUROPE).send(), "ThrottlingException");
    assert_eq!(used(&world, HOME, "ReplicateKey"), before);
    assert_code(second.europe.describe_key(&second.id).send(), "NotFoundException");
}

/// Spec: MRK-38, QUO-15
#[test]
fn a_change_of_the_primary_counts_once_in_each_of_two_regions() {
    let world = limited();
    let set = set(&world, &[EUROPE]);
    let ends = [(&set.home, EUROPE), (&set.europe, HOME)];
    for count in 1..=5 {
        let (client, to) = ends[(count as usize + 1) % 2];
        client.update_primary_region(&set.id, to).send().unwrap();
        assert_eq!([HOME, EUROPE].map(|region| used(&world, region, "UpdatePrimaryRegion")), [count, count]);
        assert_eq!(used(&world, "ap-southeast-2", "UpdatePrimaryRegion"), 0);
    }
    assert_code(set.europe.update_primary_region(&set.id, HOME).send(), "ThrottlingException");
    assert_eq!(roles(&set.described(&set.home)).1, EUROPE);
    world.clock.advance(Duration::from_secs(1));
    set.europe.update_primary_region(&set.id, HOME).send().unwrap();
}

/// Of two calls at once each sees the set before the other or after it: a replica comes from whoever is primary then.
///
/// Spec: MRK-33, MRK-30
#[test]
fn replication_and_a_change_of_the_primary_do_not_mix() {
    for _ in 0..50 {
        let world = World::with(|builder| builder.no_audit());
        let set = world.set(&[EUROPE]);
        let start = Barrier::new(3);
        let replicate = |client: &keystead::Client| {
            start.wait();
            client.replicate_key(&set.id, REGIONS[2]).send().map(drop)
        };
        let (moved, replicated, again) = std::thread::scope(|scope| {
            let moved = scope.spawn(|| {
                start.wait();
                set.home.update_primary_region(&set.id, EUROPE).send().map(drop)
            });
            let replicated = scope.spawn(|| replicate(&set.home));
            let again = scope.spawn(|| replicate(&set.europe));
            (moved.join().unwrap(), replicated.join().unwrap(), again.join().unwrap())
        });
        moved.unwrap();
        let (_, primary, replicas) = roles(&set.described(&set.europe));
        assert_eq!(primary, EUROPE);
        let made = [&replicated, &again].into_iter().filter(|result| result.is_ok()).count();
        assert_eq!(replicas.len(), 1 + made);
        assert_eq!(keys_in(&world, REGIONS[2]), made as u64);
        assert!(made <= 1, "one replica, made twice");
        for refused in [replicated, again].into_iter().filter_map(Result::err) {
            let expected = ["UnsupportedOperationException", "AlreadyExistsException"];
            assert!(expected.contains(&refused.code()), "{refused}");
        }
        if made == 1 {
            assert_eq!(roles(&set.described(&set.asia)).1, EUROPE);
        }
    }
}
