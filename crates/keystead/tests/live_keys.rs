//! Keys in memory are bounded, and nobody can tell.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;
mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use common::{copy_of, root_key, view};
use keystead::crypto::entropy::SeededEntropy;
use keystead::store::{Batch, CommitError, Entry, Fault, FaultyStore, Range, Revision, Snapshot, Store, StoreError};
use keystead::{Caller, Client, Clock, GrantVisibilityDelay, Kms, KmsBuilder, ManualClock, QuotaProfile};
use keystead_memory::MemoryStore;
use proptest::prelude::*;
use support::*;

/// Every hundredth of them would fit.
///
/// Spec: STA-01, STA-102, KEY-55, GRA-30
#[test]
fn ten_thousand_keys_in_the_place_of_a_hundred() {
    let world = World::with(|builder| builder.live_keys(100).quotas(QuotaProfile::UNLIMITED));
    let grantee = world.client(Caller::user(ACCOUNT, "grantee").unwrap());
    let kept = |when: &str| assert!(world.kms.live_keys() <= 100, "{when}: {} keys", world.kms.live_keys());
    let mut keys = Vec::new();
    for number in 0..10_000_u64 {
        let id = world.key().id;
        if number % 10 == 0 {
            world.root.create_alias(format!("alias/{number}"), &id).send().unwrap();
            world.root.create_grant(&id, grantee.caller_arn()).operation("Decrypt").send().unwrap();
        }
        world.clock.advance(Duration::from_secs(1));
        let sealed = world.root.encrypt(&id, &number.to_be_bytes()).send().unwrap().into_inner().ciphertext_blob;
        if number % 7 == 0 {
            world.root.disable_key(&id).send().unwrap();
        }
        keys.push((id, sealed, world.clock.now()));
        kept("while they are made");
    }
    for (number, (id, sealed, used)) in (0_u64..).zip(&keys) {
        let last = world.root.get_key_last_usage(id).send().unwrap().into_inner().key_last_usage;
        assert_eq!((last.operation, last.timestamp), (Some("Encrypt"), Some(*used)), "{number}");
        let opened = |client: &Client| client.decrypt(sealed).send().map(|opened| opened.expose().to_vec());
        if number % 7 == 0 {
            assert_code(opened(&world.root), "DisabledException");
        } else {
            assert_eq!(opened(&world.root).unwrap(), number.to_be_bytes());
        }
        if number % 70 == 10 {
            assert_eq!(opened(&grantee).unwrap(), number.to_be_bytes());
            world.root.encrypt(format!("alias/{number}"), b"x").send().unwrap();
        } else if number % 10 != 0 {
            assert_code(opened(&grantee), "AccessDeniedException");
        }
        kept("while they are used");
    }
    // Who asks without a call loads them too.
    for (id, ..) in keys.iter().take(300) {
        let arn = key_arn(id).parse().unwrap();
        world.kms.who_can_use(&arn).unwrap();
        world.kms.seconds_until_key_material_expiration(&arn).unwrap();
        world.root.describe_key(id).explain().unwrap();
        kept("after looks");
    }
    // A sweep looks at them all and keeps no more than before.
    for (id, ..) in keys.iter().skip(1).step_by(7) {
        world.root.schedule_key_deletion(id).pending_window_in_days(7).send().unwrap();
    }
    world.clock.advance_days(7);
    assert_eq!(world.kms.sweep().unwrap().deleted, keys.iter().skip(1).step_by(7).count());
    kept("after a sweep");
}

/// Spec: STA-102, API-123
#[test]
fn a_key_whose_last_use_cannot_be_saved_stays() {
    let store = Arc::new(FaultyStore::new(MemoryStore::new()));
    let clock = Arc::new(ManualClock::at(START));
    let open = || bounded(&store, &clock, 2).build().unwrap();
    let kms = open();
    let root = client(&kms);
    let keys: Vec<_> = (0..8).map(|_| root.create_key().send().unwrap().key_metadata.key_id).collect();
    let last = |root: &Client, number: usize| {
        root.get_key_last_usage(keys[number]).send().unwrap().into_inner().key_last_usage.timestamp
    };
    for fault in [Fault::Before, Fault::After] {
        let mut used = Vec::new();
        for key in &keys {
            clock.advance(Duration::from_secs(1));
            store.fail_at(1, fault);
            root.encrypt(*key, b"x").send().unwrap();
            used.push(Some(clock.now()));
        }
        store.recover();
        (0..keys.len()).for_each(|number| assert_eq!(last(&root, number), used[number], "{fault:?} {number}"));
        root.create_key().send().unwrap();
        root.create_key().send().unwrap();
        assert!(kms.live_keys() <= 2, "{} keys after the store has recovered", kms.live_keys());
        // What was evicted was saved; the rest goes with a sweep.
        kms.sweep().unwrap();
        let next = open();
        (0..keys.len()).for_each(|number| assert_eq!(last(&client(&next), number), used[number], "{fault:?} {number}"));
    }
}

/// A replica that is made again has the ID of the former one.
///
/// Spec: STA-102, API-123
#[test]
fn the_last_use_of_a_deleted_key_is_not_that_of_its_successor() {
    for bound in [0, 1, usize::MAX] {
        let world = World::with(|builder| builder.live_keys(bound));
        let away = world.kms.client("eu-west-1", Caller::account_root(ACCOUNT).unwrap()).unwrap();
        let key = world.root.create_key().multi_region(true).send().unwrap().key_metadata.key_id;
        world.root.replicate_key(key, "eu-west-1").send().unwrap();
        away.encrypt(key, b"x").send().unwrap();
        away.schedule_key_deletion(key).pending_window_in_days(7).send().unwrap();
        world.clock.advance_days(7);
        world.root.replicate_key(key, "eu-west-1").send().unwrap();
        let last = || away.get_key_last_usage(key).send().unwrap().key_last_usage.timestamp;
        assert_eq!(last(), None, "{bound}");
        world.kms.sweep().unwrap();
        world.key();
        assert_eq!(last(), None, "{bound}: after a sweep");
    }
}

/// Spec: GRA-48, POL-126
#[test]
fn a_removed_grant_that_still_counts_keeps_its_key() {
    let delay = GrantVisibilityDelay::NONE.with_revoke(Duration::from_secs(300));
    let world = World::with(|builder| builder.grant_visibility_delay(delay).live_keys(1));
    let grantee = world.client(Caller::user(ACCOUNT, "grantee").unwrap());
    let key = world.key();
    let grant = world.root.create_grant(&key.id, grantee.caller_arn()).operation("Encrypt").send().unwrap().grant_id;
    world.root.revoke_grant(&key.id, grant.to_string()).send().unwrap();
    for _ in 0..10 {
        world.key();
        grantee.encrypt(&key.id, b"x").send().unwrap();
    }
    world.clock.advance(Duration::from_secs(300));
    assert_code(grantee.encrypt(&key.id, b"x").send(), "AccessDeniedException");
    (0..4).for_each(|_| drop(world.key()));
    assert!(world.kms.live_keys() <= 1, "{} keys", world.kms.live_keys());
}

/// Spec: KEY-79
#[test]
fn a_key_in_use_stays_while_others_come_and_go() {
    let store = Arc::new(Counted::default());
    let kms = bounded(&store, &Arc::new(ManualClock::at(START)), 64).build().unwrap();
    let root = client(&kms);
    let cold: Vec<_> = (0..1_000).map(|_| root.create_key().send().unwrap().key_metadata.key_id).collect();
    let hot = root.create_key().send().unwrap().key_metadata.key_id;
    root.create_alias("alias/hot", hot).send().unwrap();
    root.encrypt("alias/hot", b"x").send().unwrap();
    for key in &cold {
        let before = store.reads();
        root.encrypt(*key, b"x").send().unwrap();
        assert!(store.reads() > before, "an evicted key is read again");
        let before = store.reads();
        root.encrypt("alias/hot", b"x").send().unwrap();
        assert_eq!(store.reads(), before, "the key in use was evicted");
        assert!(kms.live_keys() <= 64, "{} keys", kms.live_keys());
    }
}

/// Spec: STA-01, KEY-110, STA-102
#[test]
fn threads_on_more_keys_than_there_is_place_for() {
    let store = Arc::new(MemoryStore::new());
    let kms = bounded(&store, &Arc::new(ManualClock::at(START)), 3).build().unwrap();
    let root = client(&kms);
    let keys: Vec<_> = (0..12).map(|_| root.create_key().send().unwrap().key_metadata.key_id).collect();
    let disabled: Vec<AtomicU64> = keys.iter().map(|_| AtomicU64::new(0)).collect();
    std::thread::scope(|scope| {
        for thread in 0..4_usize {
            let (root, keys, disabled) = (&root, &keys, &disabled);
            scope.spawn(move || {
                for round in 0..600 {
                    let number = (round * 5 + thread) % keys.len();
                    let was_disabled = disabled[number].load(Ordering::SeqCst);
                    let used = root.encrypt(keys[number], b"x").send();
                    assert!(!(was_disabled == 1 && used.is_ok()), "key {number} was used while disabled");
                }
            });
        }
        for number in 0..keys.len() {
            root.tag_resource(keys[number]).tag("number", number.to_string()).send().unwrap();
            if number % 2 == 1 {
                root.disable_key(keys[number]).send().unwrap();
                disabled[number].store(1, Ordering::SeqCst);
            }
        }
    });
    root.describe_key(keys[0]).send().unwrap();
    assert!(kms.live_keys() <= 3, "{} keys", kms.live_keys());
    for (number, key) in keys.iter().enumerate() {
        assert_eq!(root.list_resource_tags(*key).send().unwrap().tags[0].tag_value, number.to_string());
        assert_eq!(root.describe_key(*key).send().unwrap().key_metadata.enabled, number % 2 == 0);
        assert!(root.get_key_last_usage(*key).send().unwrap().key_last_usage.timestamp.is_some() || number % 2 == 1);
    }
}

/// Neither building an instance nor the first call in a Region looks at the keys that there are.
#[test]
fn opening_reads_the_same_however_many_keys_there_are() {
    let clock = Arc::new(ManualClock::at(START));
    let opening = |keys: usize| {
        let full = Arc::new(MemoryStore::new());
        let root = client(&bounded(&full, &clock, 100).build().unwrap());
        for number in 0..keys {
            let key = root.create_key().send().unwrap().key_metadata.key_id;
            root.create_alias(format!("alias/{number}"), key).send().unwrap();
        }
        let store = Arc::new(Counted { inner: copy_of(&*full), ..Counted::default() });
        let kms = bounded(&store, &clock, 100).build().unwrap();
        let built = store.seen();
        let root = client(&kms);
        root.encrypt("alias/0", b"x").send().unwrap();
        let called = store.seen();
        root.create_key().send().unwrap();
        kms.sweep().unwrap();
        (built, called, store.seen())
    };
    assert_eq!(opening(2), opening(2_000));
}

/// A step with one of five keys.
#[derive(Clone, Copy, Debug)]
enum Step {
    Encrypt(usize),
    Decrypt(usize),
    Disable(usize),
    Enable(usize),
    Rotate(usize),
    Tag(usize),
    Alias(usize, u8),
    Unalias(u8),
    Delete(usize),
    Cancel(usize),
    Grant(usize),
    Wait(u8),
    Sweep,
}

/// Spec: STA-01, STA-102, KEY-55, KEY-110
#[test]
fn the_bound_changes_no_answer() {
    let key = || 0..5_usize;
    let step = prop_oneof![
        4 => key().prop_map(Step::Encrypt),
        4 => key().prop_map(Step::Decrypt),
        1 => key().prop_map(Step::Disable),
        2 => key().prop_map(Step::Enable),
        1 => key().prop_map(Step::Rotate),
        1 => key().prop_map(Step::Tag),
        1 => (key(), 0..3_u8).prop_map(|(key, name)| Step::Alias(key, name)),
        1 => (0..3_u8).prop_map(Step::Unalias),
        1 => key().prop_map(Step::Delete),
        2 => key().prop_map(Step::Cancel),
        1 => key().prop_map(Step::Grant),
        1 => (1..9_u8).prop_map(Step::Wait),
        1 => Just(Step::Sweep),
    ];
    proptest!(ProptestConfig { cases: 96, failure_persistence: None, ..Default::default() }, |(
        steps in prop::collection::vec(step, 1..60), seed: u64,
    )| {
        // The keys are the same in all instances.
        let made = Arc::new(MemoryStore::new());
        let clock = Arc::new(ManualClock::at(START));
        let maker = client(&bounded(&made, &clock, usize::MAX).build().unwrap());
        let keys: Vec<_> = (0..5).map(|_| maker.create_key().send().unwrap().key_metadata.key_id.to_string()).collect();
        let play = |bound| {
            let clock = Arc::new(ManualClock::at(START));
            let store = Arc::new(copy_of(&*made));
            let kms = bounded(&store, &clock, bound).entropy(SeededEntropy::new(seed)).build().unwrap();
            let root = client(&kms);
            let mut blobs = vec![Vec::new(); keys.len()];
            let mut said = String::new();
            for step in &steps {
                said += &format!("{step:?}: {}\n", take(*step, &kms, &clock, &keys, &mut blobs));
                assert!(kms.live_keys() <= bound);
            }
            for key in &keys {
                let last = root.get_key_last_usage(key).send().map(|last| {
                    let last = &last.key_last_usage;
                    (last.operation, last.timestamp)
                });
                said += &format!("{:?}\n", last.map_err(|error| error.code()));
            }
            said + &view(&kms, &root, &blobs)
        };
        let unbounded = play(usize::MAX);
        for bound in [0, 1, 3] {
            prop_assert_eq!(&play(bound), &unbounded, "with {} live keys", bound);
        }
    });
}

/// Takes a step, and says what was answered.
fn take(step: Step, kms: &Kms, clock: &ManualClock, keys: &[String], blobs: &mut [Vec<u8>]) -> String {
    let root = client(kms);
    let grantee = kms.client(REGION, Caller::user(ACCOUNT, "grantee").unwrap()).unwrap();
    fn said<T>(result: Result<T, keystead::CallError>) -> String {
        result.map_or_else(|error| error.code().to_owned(), |_| "ok".to_owned())
    }
    match step {
        Step::Encrypt(key) => match root.encrypt(&keys[key], b"x").context("a", "b").send() {
            Ok(sealed) => {
                blobs[key] = sealed.into_inner().ciphertext_blob;
                "ok".to_owned()
            }
            Err(error) => error.code().to_owned(),
        },
        Step::Decrypt(key) => {
            let open = |client: &Client| said(client.decrypt(&blobs[key]).key_id(&keys[key]).context("a", "b").send());
            open(&root) + &open(&grantee)
        }
        Step::Disable(key) => said(root.disable_key(&keys[key]).send()),
        Step::Enable(key) => said(root.enable_key(&keys[key]).send()),
        Step::Rotate(key) => said(root.rotate_key_on_demand(&keys[key]).send()),
        Step::Tag(key) => said(root.tag_resource(&keys[key]).tag("a", "b").send()),
        Step::Alias(key, name) => {
            let alias = format!("alias/{name}");
            said(root.create_alias(&*alias, &keys[key]).send()) + &said(root.update_alias(&*alias, &keys[key]).send())
        }
        Step::Unalias(name) => {
            let used = said(root.encrypt(format!("alias/{name}"), b"x").send());
            used + &said(root.delete_alias(format!("alias/{name}")).send())
        }
        Step::Delete(key) => said(root.schedule_key_deletion(&keys[key]).pending_window_in_days(7).send()),
        Step::Cancel(key) => said(root.cancel_key_deletion(&keys[key]).send()),
        Step::Grant(key) => said(root.create_grant(&keys[key], grantee.caller_arn()).operation("Decrypt").send()),
        Step::Wait(days) => {
            clock.advance_days(days.into());
            String::new()
        }
        Step::Sweep => format!("{:?}", kms.sweep().unwrap()),
    }
}

fn bounded<S: Store>(store: &Arc<S>, clock: &Arc<ManualClock>, keys: usize) -> KmsBuilder {
    let builder = Kms::builder().store(Arc::clone(store)).root_key(root_key()).clock(Arc::clone(clock));
    builder.no_audit().quotas(QuotaProfile::UNLIMITED).live_keys(keys)
}

fn client(kms: &Kms) -> Client {
    kms.client(REGION, Caller::account_root(ACCOUNT).unwrap()).unwrap()
}

/// A store that counts what is read of it.
#[derive(Debug, Default)]
struct Counted {
    inner: MemoryStore,
    reads: AtomicU64,
    /// Records that reads have brought.
    records: AtomicU64,
}

impl Counted {
    fn reads(&self) -> u64 {
        self.reads.load(Ordering::SeqCst)
    }

    /// Reads, and the records that they have brought.
    fn seen(&self) -> (u64, u64) {
        (self.reads(), self.records.load(Ordering::SeqCst))
    }
}

impl Store for Counted {
    fn get(&self, key: &[u8]) -> Result<Option<Entry>, StoreError> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        let found = self.inner.get(key)?;
        self.records.fetch_add(found.is_some().into(), Ordering::SeqCst);
        Ok(found)
    }

    fn scan(&self, range: &Range, limit: usize) -> Result<Vec<(keystead::store::Key, Entry)>, StoreError> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        let found = self.inner.scan(range, limit)?;
        self.records.fetch_add(found.len() as u64, Ordering::SeqCst);
        Ok(found)
    }

    fn commit(&self, batch: Batch) -> Result<Revision, CommitError> {
        self.inner.commit(batch)
    }

    fn snapshot(&self) -> Result<Box<dyn Snapshot + '_>, StoreError> {
        self.inner.snapshot()
    }
}
