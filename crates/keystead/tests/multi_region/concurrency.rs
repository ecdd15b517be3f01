//! Threads that change sets while others use them: nobody sees half of a change, and nobody waits in a circle.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use keystead::{Client, QuotaProfile};

use crate::support::World;
use crate::{ASIA, EUROPE, HOME, decrypt, roles};

/// Sets the flag when dropped, so that a failing thread does not leave the others running.
struct Stop<'f>(&'f AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn unlimited() -> World {
    World::with(|builder| builder.quotas(QuotaProfile::UNLIMITED).no_audit())
}

/// What one Region encrypts, every other one decrypts at once, in the middle of rotations and of new domain keys.
///
/// Spec: MRK-16, MRK-40, ROT-09, ROT-47
#[test]
fn ciphertexts_cross_regions_while_the_set_rotates() {
    let world = unlimited();
    let set = world.set(&[EUROPE, ASIA]);
    let done = AtomicBool::new(false);
    let crossed = AtomicUsize::new(0);
    thread::scope(|scope| {
        for (from, to) in [(0, 1), (1, 0), (1, 2)] {
            let (set, done, crossed) = (&set, &done, &crossed);
            scope.spawn(move || {
                let _stop = Stop(done);
                while !done.load(Ordering::Relaxed) {
                    let blob = set.encrypt(set.clients()[from], b"secret");
                    assert_eq!(decrypt(set.clients()[to], &blob), b"secret");
                    crossed.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        scope.spawn(|| {
            let _stop = Stop(&done);
            while !done.load(Ordering::Relaxed) {
                world.kms.rotate_domain_key(EUROPE.parse().unwrap()).unwrap();
            }
        });
        let _stop = Stop(&done);
        for _ in 0..150 {
            set.home.rotate_key_on_demand(&set.id).send().unwrap();
        }
    });
    assert!(crossed.load(Ordering::Relaxed) > 0);
    let current = set.clients().map(|client| set.described(client).current_key_material_id);
    assert!(current.iter().all(|id| *id == current[0]));
    assert_eq!(set.asia.list_key_rotations(&set.id).limit(1000).send().unwrap().rotations.len(), 150);
}

/// Whoever looks into several Regions, one after the other, sees the primary move forward only, and never none or two.
///
/// Spec: MRK-33, MRK-45
#[test]
fn every_observer_sees_one_primary() {
    let world = unlimited();
    let set = world.set(&[EUROPE]);
    let done = AtomicBool::new(false);
    // Moves that have begun, and moves that are complete.
    let (begun, complete) = (AtomicUsize::new(0), AtomicUsize::new(0));
    thread::scope(|scope| {
        for first in [0, 1] {
            let (set, done, begun, complete) = (&set, &done, &begun, &complete);
            scope.spawn(move || {
                let _stop = Stop(done);
                while !done.load(Ordering::Relaxed) {
                    let settled = complete.load(Ordering::SeqCst);
                    let clients = [set.clients()[first], set.clients()[1 - first]];
                    let seen = clients.map(|client| roles(&set.described(client)));
                    // With no move between, both keys tell the same, and one is the primary.
                    if begun.load(Ordering::SeqCst) == settled {
                        assert_eq!((&seen[0].1, &seen[0].2), (&seen[1].1, &seen[1].2));
                        assert_ne!(seen[0].0, seen[1].0);
                    }
                }
            });
        }
        let _stop = Stop(&done);
        let mut clients: [(&Client, &str); 2] = [(&set.home, EUROPE), (&set.europe, HOME)];
        for _ in 0..300 {
            begun.fetch_add(1, Ordering::SeqCst);
            clients[0].0.update_primary_region(&set.id, clients[0].1).send().unwrap();
            complete.fetch_add(1, Ordering::SeqCst);
            clients.swap(0, 1);
        }
    });
}

/// A single move: from the first look that shows it, everybody sees it everywhere.
///
/// Spec: MRK-33
#[test]
fn a_move_that_was_seen_once_is_seen_everywhere() {
    let world = unlimited();
    for _ in 0..100 {
        let set = world.set(&[EUROPE]);
        thread::scope(|scope| {
            scope.spawn(|| set.home.update_primary_region(&set.id, EUROPE).send().unwrap());
            for (first, second) in [(&set.home, &set.europe), (&set.europe, &set.home)] {
                let set = &set;
                scope.spawn(move || {
                    while roles(&set.described(first)).1 != EUROPE {}
                    assert_eq!(roles(&set.described(second)).1, EUROPE);
                });
            }
        });
    }
}

/// Everything at once, from every Region: whoever loses a race is refused, and the set stays whole.
///
/// Spec: MRK-33, MRK-40, MRK-44, KEY-107
#[test]
fn changes_from_all_regions_leave_the_set_whole() {
    let world = unlimited();
    let set = world.set(&[EUROPE]);
    let blob = set.encrypt(&set.home, b"secret");
    let allowed = |code: &str| {
        // The role has moved, the replica is there or is not, the key is disabled at the moment.
        ["UnsupportedOperationException", "AlreadyExistsException", "NotFoundException", "DisabledException"]
            .contains(&code)
    };
    thread::scope(|scope| {
        for (number, client) in set.clients().into_iter().enumerate() {
            let (set, allowed) = (&set, &allowed);
            scope.spawn(move || {
                for round in 0..60 {
                    let next = crate::REGIONS[(number + 1 + round % 2) % 3];
                    let results = [
                        client.replicate_key(&set.id, next).send().map(drop),
                        client.rotate_key_on_demand(&set.id).send().map(drop),
                        client.update_primary_region(&set.id, next).send().map(drop),
                        client.tag_resource(&set.id).tag("round", round.to_string()).send().map(drop),
                        client.disable_key(&set.id).send().map(drop),
                        client.enable_key(&set.id).send().map(drop),
                        client.enable_key_rotation(&set.id).send().map(drop),
                    ];
                    for error in results.into_iter().filter_map(Result::err) {
                        assert!(allowed(error.code()), "{error}");
                    }
                }
            });
        }
    });
    // Whether every Region has got its key is a matter of luck.
    for (client, region) in set.clients().into_iter().flat_map(|client| crate::REGIONS.map(|to| (client, to))) {
        drop(client.replicate_key(&set.id, region).send());
    }
    let described = set.clients().map(|client| set.described(client));
    let (_, primary, replicas) = roles(&described[0]);
    assert_eq!(replicas.len(), 2);
    for (client, key) in set.clients().into_iter().zip(&described) {
        let (role, of, others) = roles(key);
        assert_eq!((&of, &others), (&primary, &replicas));
        assert_eq!(role == "PRIMARY", key.arn.region.to_string() == primary);
        assert_eq!(key.current_key_material_id, described[0].current_key_material_id);
        assert_eq!(decrypt(client, &blob), b"secret");
        assert_eq!(world.kms.key_count(client.region(), client.account()).unwrap(), 1);
    }
}

/// Two sweeps and touches at once: every deletion happens once, in its order.
///
/// Spec: STA-02, MRK-50, MRK-58
#[test]
fn many_sweeps_delete_a_set_once() {
    for _ in 0..20 {
        let world = World::new();
        let set = world.set(&[EUROPE, ASIA]);
        for client in set.clients() {
            client.schedule_key_deletion(&set.id).pending_window_in_days(7).send().unwrap();
        }
        world.clock.advance_days(30);
        let deleted = Arc::new(AtomicUsize::new(0));
        thread::scope(|scope| {
            for client in set.clients() {
                let (world, set, deleted) = (&world, &set, &deleted);
                scope.spawn(move || {
                    let sweep = world.kms.sweep().unwrap();
                    assert_eq!(sweep.failed, 0);
                    deleted.fetch_add(sweep.deleted, Ordering::Relaxed);
                    assert!(client.describe_key(&set.id).send().is_err());
                });
            }
        });
        let records = world.records("DeleteKey");
        assert_eq!(records.len(), 3);
        assert_eq!(records[2].aws_region.as_str(), HOME);
        assert_eq!(world.events.events().len(), 3);
    }
}
