//! Stores that fail, processes that die, and two instances on one store: a change has happened or it has not.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use keystead::crypto::SecretBytes;
use keystead::crypto::entropy::SeededEntropy;
use keystead::hierarchy::RawRootKey;
use keystead::hierarchy::spec::KeyState;
use keystead::store::{Fault, FaultyStore, Store};
use keystead::{AuditMode, Caller, Client, Kms, ManualClock, MemorySink, QuotaProfile};
use keystead_memory::MemoryStore;
use support::*;

/// A store that outlives the instances on it, and the clock they share.
struct Disk {
    store: Arc<MemoryStore>,
    clock: Arc<ManualClock>,
    records: Arc<MemorySink>,
    /// The seed of the next instance.
    seed: AtomicU64,
}

impl Disk {
    fn new() -> Self {
        let records = Arc::new(MemorySink::new(10_000));
        Self {
            store: Arc::new(MemoryStore::new()),
            clock: Arc::new(ManualClock::at(START)),
            records,
            seed: AtomicU64::new(0),
        }
    }

    fn open(&self) -> Kms {
        self.open_on(Arc::clone(&self.store), AuditMode::BestEffort)
    }

    /// An instance; what is random in it depends only on how many there were before.
    fn open_on(&self, store: impl Store, mode: AuditMode) -> Kms {
        Kms::builder()
            .store(store)
            .clock(Arc::clone(&self.clock))
            .root_key(RawRootKey::new(&SecretBytes::from(vec![7; 32])).unwrap())
            .entropy(SeededEntropy::new(self.seed.fetch_add(1, Ordering::SeqCst)))
            .audit_sink_with(mode, Arc::clone(&self.records))
            .quotas(QuotaProfile::DEFAULT.with_keys_per_account(5))
            .build()
            .unwrap()
    }
}

fn client(kms: &Kms) -> Client {
    kms.client(REGION, Caller::account_root(ACCOUNT).unwrap()).unwrap()
}

/// Everything that can be seen of the keys and aliases of the account.
fn portrait(kms: &Kms) -> String {
    let client = client(kms);
    let mut out = format!("{} keys\n", kms.key_count(client.region(), client.account()).unwrap());
    for entry in &client.list_keys().send().unwrap().keys {
        let id = entry.key_id;
        // A key that is due is seen as it will be.
        if let Ok(key) = client.describe_key(id).send() {
            let rotations = client.list_key_rotations(id).include_key_material("ALL_KEY_MATERIAL").send().unwrap();
            let tags = client.list_resource_tags(id).send().unwrap();
            let aliases = client.list_aliases().key_id(id).send().unwrap();
            let status = client.get_key_rotation_status(id).send().unwrap();
            let policy = client.get_key_policy(id).send().unwrap();
            out += &format!("{key:?}\n{rotations:?}\n{tags:?}\n{aliases:?}\n{status:?}\n{policy:?}\n");
        }
    }
    let aliases = client.list_aliases().send().unwrap();
    for entry in &aliases.aliases {
        let target = client.describe_key(&entry.alias_name).send().unwrap().key_metadata.key_id;
        assert_eq!(Some(target), entry.target_key_id);
        let own = client.list_aliases().key_id(target).send().unwrap();
        assert!(own.aliases.contains(entry), "{entry:?} is not among the aliases of its key");
    }
    // Request IDs are not part of the state.
    let lines = out.lines().map(|line| line.split("request_id").next().unwrap_or_default().to_owned() + "\n");
    lines.collect::<String>() + &format!("{:?}", aliases.into_inner())
}

type Act = fn(&Kms, &Disk, &[String]);

/// What may be interrupted. Outcomes are not looked at: an interrupted call fails, a whole one succeeds.
const ACTS: &[(&str, Act)] = &[
    ("create a key", |kms, _, _| {
        client(kms).create_key().tag("a", "b").description("d").send().ok();
    }),
    ("create an alias", |kms, _, keys| {
        client(kms).create_alias("alias/new", &keys[0]).send().ok();
    }),
    ("move an alias", |kms, _, keys| {
        client(kms).update_alias("alias/a", &keys[1]).send().ok();
    }),
    ("delete an alias", |kms, _, _| {
        client(kms).delete_alias("alias/a").send().ok();
    }),
    ("tag", |kms, _, keys| {
        client(kms).tag_resource(&keys[0]).tag("x", "1").tag("y", "2").send().ok();
    }),
    ("replace the policy", |kms, _, keys| {
        client(kms).put_key_policy(&keys[0], policy(&[delegation(), delegation()])).send().ok();
    }),
    ("disable", |kms, _, keys| {
        client(kms).disable_key(&keys[0]).send().ok();
    }),
    ("rotate on demand", |kms, _, keys| {
        client(kms).rotate_key_on_demand(&keys[0]).send().ok();
    }),
    ("schedule a deletion", |kms, _, keys| {
        client(kms).schedule_key_deletion(&keys[0]).send().ok();
    }),
    ("cancel a deletion", |kms, _, keys| {
        client(kms).cancel_key_deletion(&keys[2]).send().ok();
    }),
];

/// Two keys, the first with an alias, tags and rotation, and a third that is going to be deleted.
fn prepare(kms: &Kms) -> (Vec<String>, Vec<u8>) {
    let client = client(kms);
    let keys: Vec<_> = (0..3).map(|_| client.create_key().send().unwrap().key_metadata.key_id.to_string()).collect();
    client.create_alias("alias/a", &keys[0]).send().unwrap();
    client.create_alias("alias/dying", &keys[2]).send().unwrap();
    client.tag_resource(&keys[0]).tag("t", "u").send().unwrap();
    client.enable_key_rotation(&keys[0]).rotation_period_in_days(90).send().unwrap();
    client.schedule_key_deletion(&keys[2]).pending_window_in_days(7).send().unwrap();
    let blob = client.encrypt(&keys[0], b"before").send().unwrap().into_inner().ciphertext_blob;
    (keys, blob)
}

/// Spec: KEY-35, ROT-10, ROT-59, API-041
#[test]
fn a_process_that_dies_leaves_the_state_before_or_after() {
    for (name, act) in ACTS {
        for mode in [AuditMode::BestEffort, AuditMode::Required] {
            let run = |fault: Option<(u64, Fault)>| {
                let disk = Disk::new();
                let store = Arc::new(FaultyStore::new(Arc::clone(&disk.store)));
                let kms = disk.open_on(Arc::clone(&store), mode);
                let (keys, blob) = prepare(&kms);
                let before = portrait(&disk.open());
                let commits = store.commits();
                if let Some((n, fault)) = fault {
                    store.crash_at(n, fault);
                }
                act(&kms, &disk, &keys);
                let commits = store.commits() - commits;
                drop(kms);
                let next = disk.open();
                let opened = client(&next).decrypt(&blob).send();
                assert!(
                    opened.is_ok_and(|opened| opened.expose() == b"before")
                        || *name == "disable"
                        || *name == "schedule a deletion"
                );
                (before, portrait(&next), commits)
            };
            let (before, after, commits) = run(None);
            assert_ne!(before, after, "{name} does something");
            assert!(commits > 0);
            for n in 1..=commits {
                for fault in [Fault::Before, Fault::After] {
                    let (_, found, _) = run(Some((n, fault)));
                    assert!(found == before || found == after, "{name} was interrupted at {n} ({fault:?}):\n{found}");
                    if (n, fault) == (1, Fault::Before) {
                        assert_eq!(found, before, "{name}");
                    }
                }
            }
        }
    }
}

/// Spec: STA-02, STA-69, STA-93, STA-96, AUD-46
#[test]
fn a_sweep_that_dies_is_finished_by_the_next() {
    for n in 1..=3 {
        for fault in [Fault::Before, Fault::After] {
            let disk = Disk::new();
            let store = Arc::new(FaultyStore::new(Arc::clone(&disk.store)));
            let kms = disk.open_on(Arc::clone(&store), AuditMode::Required);
            let (keys, blob) = prepare(&kms);
            disk.clock.advance_days(90);
            store.crash_at(n, fault);
            kms.sweep().ok();
            drop(kms);

            let next = disk.open_on(Arc::clone(&disk.store), AuditMode::Required);
            next.sweep().unwrap();
            let client = client(&next);
            assert_code(client.describe_key(&keys[2]).send(), "NotFoundException");
            assert_code(client.describe_key("alias/dying").send(), "NotFoundException");
            assert_eq!(client.list_key_rotations(&keys[0]).send().unwrap().rotations.len(), 1);
            assert_eq!(next.key_count(client.region(), client.account()).unwrap(), 2);
            client.decrypt(&blob).send().unwrap();
            for name in ["DeleteKey", "RotateKey"] {
                let found = disk.records.records().into_iter().filter(|record| record.event_name == name);
                let ids: std::collections::BTreeSet<_> = found.map(|record| record.event_id).collect();
                assert_eq!(ids.len(), 1, "{name} at {n} ({fault:?})");
            }
        }
    }
}

/// Spec: KEY-107, API-041
#[test]
fn a_commit_of_unknown_outcome_is_read_again() {
    for fault in [Fault::Before, Fault::After] {
        let disk = Disk::new();
        let store = Arc::new(FaultyStore::new(Arc::clone(&disk.store)));
        let kms = disk.open_on(Arc::clone(&store), AuditMode::BestEffort);
        let (keys, _) = prepare(&kms);
        let living = client(&kms);
        for (name, act) in ACTS {
            store.fail_at(1, fault);
            act(&kms, &disk, &keys);
            assert_eq!(portrait(&kms), portrait(&disk.open()), "{name} ({fault:?})");
        }
        // The key is not stuck.
        living.update_key_description(&keys[1], "still alive").send().unwrap();
        living.enable_key(&keys[1]).send().unwrap();
    }
}

/// Spec: ROT-59, API-041
#[test]
fn two_instances_on_one_store_do_a_due_rotation_once() {
    let disk = Disk::new();
    let (one, two) = (disk.open(), disk.open());
    let (keys, blob) = prepare(&one);
    let (first, second) = (client(&one), client(&two));
    second.describe_key(&keys[0]).send().unwrap();
    disk.clock.advance_days(90);
    first.encrypt(&keys[0], b"x").send().unwrap();
    second.encrypt(&keys[0], b"x").send().unwrap();
    for client in [&first, &second] {
        assert_eq!(client.list_key_rotations(&keys[0]).send().unwrap().rotations.len(), 1);
        client.decrypt(&blob).send().unwrap();
    }
    let rotated = disk.records.records().into_iter().filter(|record| record.event_name == "RotateKey");
    assert_eq!(rotated.count(), 1);

    // A change over a change of the other is decided anew.
    first.disable_key(&keys[1]).send().unwrap();
    second.tag_resource(&keys[1]).tag("a", "b").send().unwrap();
    assert_eq!(second.describe_key(&keys[1]).send().unwrap().key_metadata.key_state, KeyState::Disabled);
}

/// Spec: KEY-64, KEY-107, KEY-110
#[test]
fn an_alias_that_moves_always_names_one_of_its_keys() {
    let world = World::new();
    let (one, two) = (world.key(), world.key());
    world.root.create_alias("alias/a", &one.id).send().unwrap();
    let arns = [one.arn.clone(), two.arn.clone()];
    let moving = AtomicUsize::new(2);
    std::thread::scope(|scope| {
        for n in 0..2 {
            let (world, one, two, moving) = (&world, &one, &two, &moving);
            scope.spawn(move || {
                for turn in 0..200 {
                    let target = if (turn + n) % 2 == 0 { two } else { one };
                    world.root.update_alias("alias/a", &target.id).send().unwrap();
                }
                moving.fetch_sub(1, Ordering::SeqCst);
            });
        }
        for _ in 0..2 {
            scope.spawn(|| {
                while moving.load(Ordering::SeqCst) > 0 {
                    let sealed = world.root.encrypt("alias/a", b"x").send().unwrap();
                    assert!(arns.contains(&sealed.key_id.to_string()));
                    assert_eq!(world.root.decrypt(&sealed.ciphertext_blob).send().unwrap().key_id, sealed.key_id);
                }
            });
        }
    });
    let target = world.root.describe_key("alias/a").send().unwrap().key_metadata.key_id;
    assert_eq!(world.root.list_aliases().key_id(target).send().unwrap().aliases.len(), 1);
}
