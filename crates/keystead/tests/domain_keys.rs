//! Rotation of domain keys.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;
mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use common::{copy_of, everything_in, records, root_key};
use keystead::store::{Fault, FaultyStore, Range, Store};
use keystead::{Caller, Client, EphemeralRootKey, Kms, KmsBuilder, ManualClock, QuotaProfile, Region, Sweep};
use keystead_memory::MemoryStore;
use support::parameters::{OAEP, ParameterSet};
use support::{ACCOUNT, Key, REGION, START};

/// Spec: OVR-17
#[test]
fn a_new_domain_key_changes_no_ciphertext_and_the_old_one_can_go() {
    let store = Arc::new(MemoryStore::new());
    let root = Arc::new(EphemeralRootKey::generate().unwrap());
    let open = || Kms::builder().store(Arc::clone(&store)).root_key(Arc::clone(&root)).build().unwrap();
    let kms = open();
    let client = client(&kms);
    let key = client.create_key().send().unwrap().key_metadata.key_id;
    let old = client.encrypt(key, b"before").send().unwrap().into_inner().ciphertext_blob;
    client.rotate_key_on_demand(key).send().unwrap();

    let done = kms.rotate_domain_key(client.region()).unwrap();
    assert_eq!((done.version, done.rewrapped, done.retired, done.skipped), (2, 2, 1, 0));
    let new = client.encrypt(key, b"after").send().unwrap().into_inner().ciphertext_blob;

    // A new instance knows only the new domain key.
    assert_eq!(versions_in(&store), 1);
    let reopened = self::client(&open());
    for (blob, plaintext) in [(&old, &b"before"[..]), (&new, b"after")] {
        assert_eq!(client.decrypt(blob).send().unwrap().expose(), plaintext);
        assert_eq!(reopened.decrypt(blob).send().unwrap().expose(), plaintext);
    }
}

/// Spec: OVR-17
#[test]
fn sweeps_move_a_bounded_share_and_finish_two_rotations_at_once() {
    let store = Arc::new(MemoryStore::new());
    let kms = world(&store).live_keys(10).build().unwrap();
    let root = client(&kms);
    let keys: Vec<_> = (0..1_100).map(|_| root.create_key().send().unwrap().key_metadata.key_id).collect();
    let blobs: Vec<Vec<u8>> =
        keys.iter().map(|key| root.encrypt(*key, b"x").send().unwrap().into_inner().ciphertext_blob).collect();
    assert!(kms.domain_key_status(region()).unwrap().is_settled());

    let begun = kms.begin_domain_key_rotation(region()).unwrap();
    assert_eq!((begun.version, &*begun.former, begun.rewrapped), (2, &[1][..], 0));
    assert_eq!(kms.domain_key_status(region()).unwrap(), begun, "nothing is moved before a sweep");
    let first = kms.sweep().unwrap();
    assert_eq!((first.rewrapped, first.retired, first.failed), (1_000, 0, 0));
    assert!(kms.live_keys() <= 10, "{} keys were loaded to be moved, and stay", kms.live_keys());
    let status = kms.domain_key_status(region()).unwrap();
    assert_eq!((status.version, &*status.former, status.rewrapped), (2, &[1][..], 1_000));

    // What is made meanwhile is under the new version.
    let between = root.create_key().send().unwrap().key_metadata.key_id;
    assert_eq!(kms.begin_domain_key_rotation(region()).unwrap().former, [1, 2]);
    let (rewrapped, retired) = settle(&kms);
    assert_eq!((rewrapped, retired), (1_101, 2), "each once, and those that were moved before once more");
    assert_eq!(kms.domain_key_status(region()).unwrap().version, 3);
    assert_eq!(versions_in(&store), 1);
    assert_eq!(kms.sweep().unwrap(), Sweep::default(), "there is nothing left to do");

    root.encrypt(between, b"x").send().unwrap();
    let reopened = client(&world(&store).build().unwrap());
    for blob in &blobs {
        assert_eq!(root.decrypt(blob).send().unwrap().expose(), b"x");
        assert_eq!(reopened.decrypt(blob).send().unwrap().expose(), b"x");
    }
}

/// The process dies, or the store fails once; afterwards there are only sweeps.
///
/// Spec: OVR-17
#[test]
fn a_rotation_that_is_interrupted_at_any_commit_is_finished_by_sweeps() {
    let template = Arc::new(MemoryStore::new());
    let blobs = furnish(&client(&world(&template).build().unwrap()));
    let faulty = || Arc::new(FaultyStore::new(copy_of(&*template)));
    let store = faulty();
    let kms = world(&store).build().unwrap();
    let before = store.commits();
    kms.begin_domain_key_rotation(region()).unwrap();
    settle(&kms);
    let commits = store.commits() - before;
    assert!(commits >= 8, "{commits} commits are few");

    for (n, fault) in (1..=commits).flat_map(|n| [(n, Fault::Before), (n, Fault::After)]) {
        for dies in [true, false] {
            let when = format!("commit {n}, {fault:?}, dies: {dies}");
            let store = faulty();
            let kms = world(&store).build().unwrap();
            if dies {
                store.crash_at(n, fault)
            } else {
                store.fail_at(n, fault)
            }
            let begun = kms.begin_domain_key_rotation(region());
            assert_eq!(begun.is_err(), n == 1, "{when}");
            let interrupted = (0..3).any(|_| kms.sweep().map_or(true, |swept| swept.failed > 0));
            assert!(interrupted || n == 1, "{when}: nothing was interrupted");
            let kms = if dies {
                drop(kms);
                store.recover();
                world(&store).build().unwrap()
            } else {
                works(&kms, &blobs, &when);
                kms
            };
            works(&kms, &blobs, &when);
            settle(&kms);
            assert_eq!(versions_in(store.inner()), 1, "{when}");
            works(&kms, &blobs, &when);
            works(&world(&Arc::new(copy_of(store.inner()))).build().unwrap(), &blobs, &when);
        }
    }
}

/// Spec: OVR-17, OVR-16
#[test]
fn a_damaged_token_keeps_its_version_and_nothing_else() {
    let store = Arc::new(MemoryStore::new());
    let clock = Arc::new(ManualClock::at(START));
    let kms = world(&store).clock(Arc::clone(&clock)).build().unwrap();
    let root = client(&kms);
    let (bad, good) = (new_key(&root), new_key(&root));
    let sealed = [&bad, &good].map(|key| root.encrypt(key, b"x").send().unwrap().into_inner().ciphertext_blob);
    kms.begin_domain_key_rotation(region()).unwrap();
    let between = new_key(&root);
    let sealed_between = root.encrypt(&between, b"x").send().unwrap().into_inner().ciphertext_blob;
    kms.begin_domain_key_rotation(region()).unwrap();

    let (name, whole) = material_of(&store, &bad);
    let mut record: serde_json::Value = serde_json::from_slice(&whole).unwrap();
    let mut token = STANDARD.decode(record["ekt"].as_str().unwrap()).unwrap();
    *token.last_mut().unwrap() ^= 1;
    record["ekt"] = STANDARD.encode(token).into();
    records::write(&store, &name, &serde_json::to_vec(&record).unwrap());

    let swept = kms.sweep().unwrap();
    assert_eq!((swept.rewrapped, swept.retired, swept.failed), (2, 1, 1), "{swept:?}");
    let status = kms.domain_key_status(region()).unwrap();
    assert_eq!((status.version, &*status.former, status.skipped), (3, &[1][..], 1));
    // Not at every sweep anew.
    assert_eq!(kms.sweep().unwrap(), Sweep::default());
    let reopened = client(&world(&store).build().unwrap());
    for blob in [&sealed[1], &sealed_between] {
        assert_eq!(reopened.decrypt(blob).send().unwrap().expose(), b"x");
    }
    assert_eq!(reopened.decrypt(&sealed[0]).send().unwrap_err().code(), "KMSInternalException");

    // A record that nobody can read may need anything.
    records::overwrite(&store, &name, b"no record".to_vec());
    let done = kms.rotate_domain_key(region()).unwrap();
    assert_eq!((done.version, done.retired, done.skipped), (4, 0, 1), "{done:?}");
    assert_eq!(kms.domain_key_status(region()).unwrap().former, [1, 3]);

    records::write(&store, &name, &whole);
    clock.advance(Duration::from_secs(3_600));
    let swept = kms.sweep().unwrap();
    assert_eq!((swept.rewrapped, swept.retired, swept.failed), (1, 2, 0), "{swept:?}");
    assert_eq!(versions_in(&store), 1);
    let reopened = client(&world(&store).build().unwrap());
    assert_eq!(reopened.decrypt(&sealed[0]).send().unwrap().expose(), b"x");
}

/// Spec: OVR-17
#[test]
fn rotations_during_traffic_lose_nothing() {
    let store = Arc::new(MemoryStore::new());
    let kms = world(&store).live_keys(4).build().unwrap();
    let root = client(&kms);
    let keys: Vec<String> = (0..8).map(|_| new_key(&root)).collect();
    let done = AtomicBool::new(false);
    let blobs: Vec<Vec<u8>> = std::thread::scope(|scope| {
        let work = |thread: usize| {
            let (root, keys, done) = (&root, &keys, &done);
            move || {
                let mut blobs = Vec::new();
                for round in 0.. {
                    let key = &keys[(round + thread) % keys.len()];
                    match round % 10 {
                        3 => drop(root.rotate_key_on_demand(key).send()),
                        7 => {
                            let made = new_key(root);
                            blobs.push(root.encrypt(&made, b"x").send().unwrap().into_inner().ciphertext_blob);
                        }
                        _ => {
                            let blob = root.encrypt(key, b"x").send().unwrap().into_inner().ciphertext_blob;
                            assert_eq!(root.decrypt(&blob).send().unwrap().expose(), b"x");
                            blobs.push(blob);
                        }
                    }
                    if done.load(Ordering::SeqCst) || round == 2_000 {
                        break;
                    }
                }
                blobs
            }
        };
        let workers: Vec<_> = (0..3).map(|thread| scope.spawn(work(thread))).collect();
        for round in 0..12 {
            kms.begin_domain_key_rotation(region()).unwrap();
            if round % 3 > 0 {
                assert_eq!(kms.sweep().unwrap().failed, 0);
            }
        }
        done.store(true, Ordering::SeqCst);
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    settle(&kms);
    assert_eq!(versions_in(&store), 1);
    let reopened = client(&world(&store).build().unwrap());
    for blob in &blobs {
        assert_eq!(root.decrypt(blob).send().unwrap().expose(), b"x");
        assert_eq!(reopened.decrypt(blob).send().unwrap().expose(), b"x");
    }
}

/// Ciphertexts of keys with every kind of token: materials, one of them imported, the secret behind fingerprints, and
/// wrapping keys.
fn furnish(root: &Client) -> Vec<Vec<u8>> {
    let seal = |key: &str| root.encrypt(key, PLAINTEXT).send().unwrap().into_inner().ciphertext_blob;
    let rotated = new_key(root);
    let mut blobs = vec![seal(&rotated)];
    root.rotate_key_on_demand(&rotated).send().unwrap();
    blobs.extend([seal(&rotated), seal(&new_key(root))]);
    let imported = Key::of(root.create_key().origin("EXTERNAL").send().unwrap().key_metadata.arn);
    let set = ParameterSet::of(root, &imported, OAEP, "RSA_2048");
    set.import(root, &imported, &[7; 32]).unwrap();
    blobs.push(seal(&imported.id));
    blobs
}

#[track_caller]
fn works(kms: &Kms, blobs: &[Vec<u8>], when: &str) {
    for blob in blobs {
        let opened = client(kms).decrypt(blob).send().unwrap_or_else(|error| panic!("{when}: {error}"));
        assert_eq!(opened.expose(), PLAINTEXT, "{when}");
    }
}

fn world<S: Store>(store: &Arc<S>) -> KmsBuilder {
    Kms::builder().store(Arc::clone(store)).root_key(root_key()).no_audit().quotas(QuotaProfile::UNLIMITED)
}

fn client(kms: &Kms) -> Client {
    kms.client(REGION, Caller::account_root(ACCOUNT).unwrap()).unwrap()
}

fn region() -> Region {
    REGION.parse().unwrap()
}

fn new_key(root: &Client) -> String {
    root.create_key().send().unwrap().key_metadata.key_id.to_string()
}

/// Sweeps until the rotation is over; how many materials were wrapped anew, and how many versions destroyed.
#[track_caller]
fn settle(kms: &Kms) -> (usize, usize) {
    let (mut rewrapped, mut retired) = (0, 0);
    for _ in 0..10 {
        let swept = kms.sweep().unwrap();
        (rewrapped, retired) = (rewrapped + swept.rewrapped, retired + swept.retired);
        if kms.domain_key_status(region()).unwrap().is_settled() {
            return (rewrapped, retired);
        }
    }
    panic!("not over after ten sweeps: {:?}", kms.domain_key_status(region()));
}

fn versions_in(store: &impl Store) -> usize {
    store.scan(&Range::prefix(b"\0domain\0"), 10).unwrap().len()
}

/// The record of a key's only material.
fn material_of(store: &MemoryStore, key: &str) -> (keystead::store::Key, Vec<u8>) {
    let name = format!("m{key}");
    let is_material =
        |stored: &keystead::store::Key| stored.as_ref().windows(name.len()).any(|part| part == name.as_bytes());
    let (key, entry) = everything_in(store).into_iter().find(|(stored, _)| is_material(stored)).unwrap();
    (key, records::value_of(&entry.value).to_vec())
}

const PLAINTEXT: &[u8] = b"before the rotation";
