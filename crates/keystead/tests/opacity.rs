//! What a caller without permission can learn: nothing.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use keystead::crypto::entropy::SystemEntropy;
use keystead::crypto::{CryptoError, Entropy, SecretBytes};
use keystead::hierarchy::RawRootKey;
use keystead::store::{Batch, CommitError, Entry, Key, Range, Revision, Snapshot, Store, StoreError};
use keystead::{AuditRecord, CallError, Caller, Client, Kms, ManualClock, Timestamp};
use keystead_memory::MemoryStore;

const OWNER: &str = "222222222222";
const CALLER: &str = "111122223333";
const NOBODY: &str = "999999999999";
const REGION: &str = "us-west-2";
const ABSENT_ID: &str = "00000000-0000-4000-8000-000000000000";

/// Spec: API-014, POL-117, KEY-22, AUD-12, AUD-35, AUD-55
#[test]
fn absent_and_forbidden_keys_of_another_account_look_the_same() {
    let world = World::new();
    let key = world.forbidden_key();
    let arn = |account: &str, id: &str| format!("arn:aws:kms:{REGION}:{account}:key/{id}");
    let denied = world.key_with_policy(&deny_everything());
    let disabled = world.forbidden_key();
    world.owner.disable_key(&disabled).send().unwrap();
    let dying = world.forbidden_key();
    world.owner.schedule_key_deletion(&dying).send().unwrap();

    for (name, operation) in KEY_OPERATIONS {
        let absent = world.observe(*operation, &arn(OWNER, ABSENT_ID), OWNER);
        assert!(absent.answer.contains("AccessDeniedException"), "{name}: {absent:?}");
        let others = [
            (OWNER, &*key),
            (OWNER, &*denied),
            (OWNER, &*disabled),
            (OWNER, &*dying),
            (NOBODY, ABSENT_ID),
            (NOBODY, &*key),
        ];
        for (account, id) in others {
            assert_eq!(world.observe(*operation, &arn(account, id), account), absent, "{name} {account} {id}");
        }
        world.reopen();
        assert_eq!(world.observe(*operation, &arn(OWNER, &key), OWNER), absent, "{name}: first touch after opening");
    }
}

/// Spec: API-014, POL-117, KEY-22, AUD-12, AUD-35
#[test]
fn absent_and_forbidden_aliases_of_another_account_look_the_same() {
    let world = World::new();
    let key = world.forbidden_key();
    world.owner.create_alias("alias/orders", &key).send().unwrap();
    let arn = |account: &str, name: &str| format!("arn:aws:kms:{REGION}:{account}:alias/{name}");

    for (name, operation) in ALIAS_OPERATIONS {
        let absent = world.observe(*operation, &arn(OWNER, "absent"), OWNER);
        assert!(absent.answer.contains("AccessDeniedException"), "{name}: {absent:?}");
        assert_eq!(world.observe(*operation, &arn(OWNER, "orders"), OWNER), absent, "{name}: forbidden");
        assert_eq!(world.observe(*operation, &arn(NOBODY, "orders"), NOBODY), absent, "{name}: unknown account");
        world.reopen();
        assert_eq!(world.observe(*operation, &arn(OWNER, "orders"), OWNER), absent, "{name}: first touch");
    }
}

/// Spec: POL-119, STA-72, API-013
#[test]
fn a_bare_ciphertext_tells_nothing_of_its_key() {
    let world = World::new();
    let key = world.forbidden_key();
    let forbidden = world.owner.encrypt(&key, b"secret").send().unwrap().into_inner().ciphertext_blob;
    let mut damaged = forbidden.clone();
    *damaged.last_mut().unwrap() ^= 1;
    let dead = world.forbidden_key();
    let of_dead = world.owner.encrypt(&dead, b"secret").send().unwrap().into_inner().ciphertext_blob;
    world.owner.schedule_key_deletion(&dead).pending_window_in_days(7).send().unwrap();
    // Keys that exist in another system only, so not here.
    let elsewhere = World::new();
    let absent = elsewhere.sealed_by(OWNER);
    let unknown_account = elsewhere.sealed_by(NOBODY);

    let decrypt = |blob: &[u8]| world.observe_call(|client| client.decrypt(blob).send().map(drop), &[]);
    let re_encrypt =
        |blob: &[u8]| world.observe_call(|client| client.re_encrypt(blob, &*world.own).send().map(drop), &[]);
    for observe in [&decrypt as &dyn Fn(&[u8]) -> Observation, &re_encrypt] {
        let reference = observe(&absent);
        assert!(reference.answer.contains("on the resource associated with this ciphertext"), "{reference:?}");
        for blob in [&forbidden, &damaged, &unknown_account] {
            assert_eq!(observe(blob), reference);
        }
    }
    world.clock.advance_days(8);
    assert_eq!(decrypt(&of_dead), decrypt(&absent));
    assert_eq!(world.commits_during(|| drop(world.caller().decrypt(&of_dead).send())), 0, "a deletion was triggered");
}

/// Spec: API-012, POL-114, POL-116
#[test]
fn without_permission_the_own_account_tells_only_that_a_key_exists() {
    let world = World::new();
    let outsider = || world.client(Caller::user(OWNER, "mallory").unwrap());
    let good = world.forbidden_key();
    let reference = |result: Result<(), CallError>| {
        let error = result.unwrap_err();
        (error.code().to_owned(), error.message().to_owned())
    };
    let ciphertext = world.owner.encrypt(&good, b"x").send().unwrap().into_inner().ciphertext_blob;
    let encrypt = || reference(outsider().encrypt(&good, b"x").send().map(drop));
    let decrypt = |blob: &[u8]| reference(outsider().decrypt(blob).key_id(&good).send().map(drop));
    let (sealing, opening) = (encrypt(), decrypt(&ciphertext));
    assert_eq!((&*sealing.0, &*opening.0), ("AccessDeniedException", "AccessDeniedException"));

    // Neither algorithm, context, nor validity of the ciphertext is judged first.
    let mut damaged = ciphertext.clone();
    *damaged.last_mut().unwrap() ^= 1;
    assert_eq!(decrypt(&damaged), opening);
    assert_eq!(decrypt(b"no ciphertext at all"), opening);
    let odd = outsider();
    assert_eq!(
        reference(odd.encrypt(&good, b"x").encryption_algorithm("RSAES_OAEP_SHA_256").send().map(drop)),
        sealing
    );
    assert_eq!(reference(odd.encrypt(&good, b"x").context("long", "y".repeat(20_000)).send().map(drop)), sealing);
    // Nor the state.
    world.owner.disable_key(&good).send().unwrap();
    assert_eq!((encrypt(), decrypt(&ciphertext)), (sealing.clone(), opening.clone()));
    world.owner.schedule_key_deletion(&good).send().unwrap();
    assert_eq!((encrypt(), decrypt(&ciphertext)), (sealing, opening));
}

/// Spec: STA-02, ROT-28
#[test]
fn a_caller_without_permission_triggers_nothing() {
    let world = World::new();
    let rotating = world.forbidden_key();
    world.owner.enable_key_rotation(&rotating).rotation_period_in_days(90).send().unwrap();
    let dying = world.forbidden_key();
    world.owner.create_alias("alias/dying", &dying).send().unwrap();
    world.owner.schedule_key_deletion(&dying).pending_window_in_days(7).send().unwrap();
    world.clock.advance_days(100);

    let outsiders = [world.caller(), world.client(Caller::user(OWNER, "mallory").unwrap())];
    let touches = world.commits_during(|| {
        for outsider in &outsiders {
            for id in [&rotating, &dying] {
                for (name, operation) in KEY_OPERATIONS {
                    let arn = format!("arn:aws:kms:{REGION}:{OWNER}:key/{id}");
                    assert!(operation(outsider, &arn).is_err(), "{name}");
                }
            }
            assert!(outsider.create_alias("alias/dying", &rotating).send().is_err());
            assert!(outsider.encrypt("alias/dying", b"x").send().is_err());
        }
    });
    assert_eq!(touches, 0, "something was committed for a caller without permission");
    let swept = world.kms().sweep().unwrap();
    assert_eq!((swept.rotated, swept.deleted), (1, 1), "the work was still to be done");
}

type Operation = fn(&Client, &str) -> Result<(), CallError>;

const ALIAS_OPERATIONS: &[(&str, Operation)] = &[
    ("Encrypt", |c, id| c.encrypt(id, b"x").send().map(drop)),
    ("Decrypt", |c, id| c.decrypt(b"no ciphertext").key_id(id).send().map(drop)),
    ("ReEncrypt", |c, id| {
        let own = c.list_keys().send().unwrap().keys[0].key_id;
        let blob = c.encrypt(own, b"x").send().unwrap().into_inner().ciphertext_blob;
        c.re_encrypt(blob, id).send().map(drop)
    }),
    ("GenerateDataKey", |c, id| c.generate_data_key(id).key_spec("AES_256").send().map(drop)),
    ("GenerateDataKeyWithoutPlaintext", |c, id| {
        c.generate_data_key_without_plaintext(id).key_spec("AES_256").send().map(drop)
    }),
    ("DescribeKey", |c, id| c.describe_key(id).send().map(drop)),
];

const KEY_OPERATIONS: &[(&str, Operation)] = &[
    ALIAS_OPERATIONS[0],
    ALIAS_OPERATIONS[1],
    ALIAS_OPERATIONS[3],
    ALIAS_OPERATIONS[4],
    ALIAS_OPERATIONS[5],
    ("DryRun", |c, id| c.encrypt(id, b"x").dry_run(true).send().map(drop)),
    ("GetKeyRotationStatus", |c, id| c.get_key_rotation_status(id).send().map(drop)),
    ("GetKeyPolicy", |c, id| c.get_key_policy(id).send().map(drop)),
    ("PutKeyPolicy", |c, id| c.put_key_policy(id, "{}").send().map(drop)),
    ("ListKeyPolicies", |c, id| c.list_key_policies(id).send().map(drop)),
    ("ListResourceTags", |c, id| c.list_resource_tags(id).send().map(drop)),
    ("ListKeyRotations", |c, id| c.list_key_rotations(id).send().map(drop)),
    ("TagResource", |c, id| c.tag_resource(id).tag("a", "b").send().map(drop)),
    ("UntagResource", |c, id| c.untag_resource(id).tag_key("a").send().map(drop)),
    ("EnableKey", |c, id| c.enable_key(id).send().map(drop)),
    ("DisableKey", |c, id| c.disable_key(id).send().map(drop)),
    ("EnableKeyRotation", |c, id| c.enable_key_rotation(id).send().map(drop)),
    ("DisableKeyRotation", |c, id| c.disable_key_rotation(id).send().map(drop)),
    ("RotateKeyOnDemand", |c, id| c.rotate_key_on_demand(id).send().map(drop)),
    ("ScheduleKeyDeletion", |c, id| c.schedule_key_deletion(id).send().map(drop)),
    ("CancelKeyDeletion", |c, id| c.cancel_key_deletion(id).send().map(drop)),
    ("UpdateKeyDescription", |c, id| c.update_key_description(id, "x").send().map(drop)),
    ("CreateAlias", |c, id| c.create_alias("alias/mine", id).send().map(drop)),
];

/// What the caller can see of one call, less what it wrote itself and what differs between any two calls.
#[derive(Debug, PartialEq, Eq)]
struct Observation {
    answer: String,
    records: Vec<String>,
    /// Reads and commits of the store, draws of entropy.
    steps: [u64; 3],
}

/// A system with an owner of keys, and a caller of another account who may do everything its own account can give.
struct World {
    kms: std::sync::Mutex<Kms>,
    owner: Client,
    /// A key of the caller.
    own: String,
    clock: Arc<ManualClock>,
    counters: Arc<Counters>,
    store: Arc<Counting<MemoryStore>>,
}

#[derive(Debug, Default)]
struct Counters {
    reads: AtomicU64,
    commits: AtomicU64,
    draws: AtomicU64,
}

impl World {
    fn new() -> Self {
        let counters = Arc::new(Counters::default());
        let clock = Arc::new(ManualClock::at("2026-01-01T00:00:00Z"));
        let store = Arc::new(Counting { inner: MemoryStore::new(), counters: Arc::clone(&counters) });
        let kms = open(&store, &counters, &clock);
        let owner = kms.client(REGION, Caller::account_root(OWNER).unwrap()).unwrap();
        let own = kms.client(REGION, Caller::account_root(CALLER).unwrap()).unwrap();
        let own = own.create_key().send().unwrap().key_metadata.key_id.to_string();
        Self { kms: std::sync::Mutex::new(kms), owner, own, clock, counters, store }
    }

    fn kms(&self) -> Kms {
        self.kms.lock().unwrap().clone()
    }

    /// Continues with an instance that has nothing in memory but the caller's own key. The owner's client keeps the old
    /// one.
    fn reopen(&self) {
        *self.kms.lock().unwrap() = open(&self.store, &self.counters, &self.clock);
        self.caller().describe_key(&*self.own).send().unwrap();
    }

    fn client(&self, caller: Caller) -> Client {
        self.kms().client(REGION, caller).unwrap()
    }

    fn caller(&self) -> Client {
        let everything = r#"{"Version": "2012-10-17",
            "Statement": {"Effect": "Allow", "Action": "kms:*", "Resource": "*"}}"#;
        self.client(Caller::user(CALLER, "bob").unwrap().identity_policy(everything).unwrap())
    }

    /// A key that other accounts may not use.
    fn forbidden_key(&self) -> String {
        self.owner.create_key().send().unwrap().key_metadata.key_id.to_string()
    }

    fn key_with_policy(&self, policy: &str) -> String {
        let call = self.owner.create_key().policy(policy).bypass_policy_lockout_safety_check(true);
        call.send().unwrap().key_metadata.key_id.to_string()
    }

    /// A ciphertext of a key of this system.
    fn sealed_by(&self, account: &str) -> Vec<u8> {
        let client = self.client(Caller::account_root(account).unwrap());
        let key = client.create_key().send().unwrap().key_metadata.key_id;
        client.encrypt(key, b"secret").send().unwrap().into_inner().ciphertext_blob
    }

    fn observe(&self, operation: Operation, identifier: &str, account: &str) -> Observation {
        self.observe_call(|client| operation(client, identifier), &[identifier, account])
    }

    /// The last call of `call`, made by the caller; `written` is what the caller wrote.
    fn observe_call(&self, call: impl Fn(&Client) -> Result<(), CallError>, written: &[&str]) -> Observation {
        let client = self.caller();
        let before = self.steps();
        let known = self.kms().audit_trail().len();
        let error = call(&client).unwrap_err();
        let after = self.steps();
        let hide = |text: String| written.iter().fold(text, |text, word| text.replace(word, "<written>"));
        let records = self.kms().audit_trail();
        Observation {
            answer: hide(error.error().to_string()),
            records: records[known..].iter().map(|record| hide(comparable(record))).collect(),
            steps: std::array::from_fn(|index| after[index] - before[index]),
        }
    }

    fn steps(&self) -> [u64; 3] {
        [&self.counters.reads, &self.counters.commits, &self.counters.draws].map(|count| count.load(Ordering::SeqCst))
    }

    fn commits_during(&self, work: impl FnOnce()) -> u64 {
        let before = self.steps()[1];
        work();
        self.steps()[1] - before
    }
}

fn open(store: &Arc<Counting<MemoryStore>>, counters: &Arc<Counters>, clock: &Arc<ManualClock>) -> Kms {
    let root_key = RawRootKey::new(&SecretBytes::from(&[7; 32])).unwrap();
    let kms = Kms::builder().store(Arc::clone(store)).clock(Arc::clone(clock)).root_key(root_key);
    kms.entropy(CountingEntropy(Arc::clone(counters))).build().unwrap()
}

/// The record without what differs from call to call; a key ID of the caller's own is no difference either.
fn comparable(record: &AuditRecord) -> String {
    let mut record = record.clone();
    record.event_id = Default::default();
    record.request_id = None;
    record.event_time = Timestamp::UNIX_EPOCH;
    record.to_json()
}

fn deny_everything() -> String {
    format!(
        r#"{{"Version": "2012-10-17", "Statement": [
            {{"Effect": "Allow", "Principal": {{"AWS": "{OWNER}"}}, "Action": "kms:*", "Resource": "*"}},
            {{"Effect": "Allow", "Principal": {{"AWS": "{CALLER}"}}, "Action": "kms:*", "Resource": "*"}},
            {{"Effect": "Deny", "Principal": {{"AWS": "{CALLER}"}}, "Action": "kms:*", "Resource": "*"}}]}}"#
    )
}

#[derive(Debug)]
struct Counting<S> {
    inner: S,
    counters: Arc<Counters>,
}

impl<S: Store> Store for Counting<S> {
    fn get(&self, key: &[u8]) -> Result<Option<Entry>, StoreError> {
        self.counters.reads.fetch_add(1, Ordering::SeqCst);
        self.inner.get(key)
    }

    fn scan(&self, range: &Range, limit: usize) -> Result<Vec<(Key, Entry)>, StoreError> {
        self.counters.reads.fetch_add(1, Ordering::SeqCst);
        self.inner.scan(range, limit)
    }

    fn commit(&self, batch: Batch) -> Result<Revision, CommitError> {
        self.counters.commits.fetch_add(1, Ordering::SeqCst);
        self.inner.commit(batch)
    }

    fn snapshot(&self) -> Result<Box<dyn Snapshot + '_>, StoreError> {
        self.counters.reads.fetch_add(1, Ordering::SeqCst);
        self.inner.snapshot()
    }
}

#[derive(Debug)]
struct CountingEntropy(Arc<Counters>);

impl Entropy for CountingEntropy {
    fn fill(&self, dest: &mut [u8]) -> Result<(), CryptoError> {
        self.0.draws.fetch_add(1, Ordering::SeqCst);
        SystemEntropy.fill(dest)
    }
}
