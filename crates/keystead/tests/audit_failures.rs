//! Sinks that fail: no call is answered without its record, and no record or deletion event is lost.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use common::{ACCOUNT, REGION, copy_of, everything_in, root_key, view};
use keystead::{
    AuditMode, AuditRecord, AuditSink, CallError, CallbackSink, Caller, Client, EventKind, EventSink, Kms,
    LifecycleEvent, ManualClock, SinkError,
};
use keystead_memory::MemoryStore;
use keystead_store::{Fault, FaultyStore};

/// Spec: AUD-06, KEY-35
#[test]
fn what_a_required_sink_refuses_has_not_happened() {
    let world = World::new(AuditMode::Required);
    let client = &world.client;
    let keys: Vec<String> =
        (0..2).map(|_| client.create_key().send().unwrap().key_metadata.key_id.to_string()).collect();
    client.create_alias("alias/orders", &keys[0]).send().unwrap();
    let sealed = client.encrypt(&keys[0], b"secret").send().unwrap().into_inner().ciphertext_blob;
    let policy = client.get_key_policy(&keys[0]).send().unwrap().into_inner().policy.replace("Enable", "enable");

    let calls: [(&str, Attempt<'_>); 20] = [
        ("Decrypt", &|| client.decrypt(&sealed).send().map(drop)),
        ("Encrypt", &|| client.encrypt(&keys[0], b"x").send().map(drop)),
        ("GenerateDataKey", &|| client.generate_data_key(&keys[0]).key_spec("AES_256").send().map(drop)),
        ("GenerateRandom", &|| client.generate_random(32).send().map(drop)),
        ("DescribeKey", &|| client.describe_key(&keys[0]).send().map(drop)),
        ("ListKeys", &|| client.list_keys().send().map(drop)),
        ("CreateKey", &|| client.create_key().send().map(drop)),
        ("CreateAlias", &|| client.create_alias("alias/other", &keys[0]).send().map(drop)),
        ("UpdateAlias", &|| client.update_alias("alias/orders", &keys[1]).send().map(drop)),
        ("DeleteAlias", &|| client.delete_alias("alias/orders").send().map(drop)),
        ("TagResource", &|| client.tag_resource(&keys[0]).tag("a", "b").send().map(drop)),
        ("PutKeyPolicy", &|| client.put_key_policy(&keys[0], &*policy).send().map(drop)),
        ("UpdateKeyDescription", &|| client.update_key_description(&keys[0], "x").send().map(drop)),
        ("EnableKeyRotation", &|| client.enable_key_rotation(&keys[0]).send().map(drop)),
        ("RotateKeyOnDemand", &|| client.rotate_key_on_demand(&keys[0]).send().map(drop)),
        ("DisableKey", &|| client.disable_key(&keys[0]).send().map(drop)),
        ("ScheduleKeyDeletion", &|| client.schedule_key_deletion(&keys[0]).send().map(drop)),
        ("a refused call", &|| client.cancel_key_deletion(&keys[0]).send().map(drop)),
        ("an unknown key", &|| client.describe_key("00000000-0000-4000-8000-000000000000").send().map(drop)),
        ("a malformed call", &|| client.encrypt("", b"").send().map(drop)),
    ];
    let before = world.views(&sealed);
    // When the keys were used that the views look into is saved by now.
    world.kms.sweep().unwrap();
    for (name, call) in calls {
        world.sink.failing.store(true, Ordering::SeqCst);
        let error = call().unwrap_err();
        world.sink.failing.store(false, Ordering::SeqCst);
        assert_eq!(error.code(), "KMSInternalException", "{name}");
        assert_eq!(world.views(&sealed), before, "{name} left something behind");
    }
    // No record of what did not happen is delivered later, and nothing of it stays in the store.
    let (delivered, stored) = (world.sink.taken().len(), everything_in(world.store.inner()).len());
    world.kms.sweep().unwrap();
    assert_eq!(world.sink.taken().len(), delivered);
    assert!(everything_in(world.store.inner()).len() <= stored);
    // All of them work as soon as the sink does.
    client.update_alias("alias/orders", &keys[1]).send().unwrap();
    client.disable_key(&keys[0]).send().unwrap();
}

/// Spec: AUD-06
#[test]
fn nobody_sees_a_change_before_its_record_is_kept() {
    let world = World::new(AuditMode::Required);
    let client = &world.client;
    let keys: Vec<String> =
        (0..2).map(|_| client.create_key().send().unwrap().key_metadata.key_id.to_string()).collect();
    client.create_alias("alias/orders", &keys[0]).send().unwrap();
    let sealed = client.encrypt(&keys[0], b"secret").send().unwrap().into_inner().ciphertext_blob;
    let before = world.views(&sealed).0;
    // The sink looks around before it refuses, as another caller could at this moment.
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (onlooker, log, kms) = (client.clone(), Arc::clone(&seen), world.kms.clone());
    let looking = AtomicBool::new(false);
    let look = move || {
        if !looking.swap(true, Ordering::SeqCst) {
            let seen = std::thread::scope(|scope| scope.spawn(|| view(&kms, &onlooker, &[])).join().unwrap());
            log.lock().unwrap().push(seen);
            looking.store(false, Ordering::SeqCst);
        }
    };
    assert!(world.sink.on_refusal.set(Box::new(look)).is_ok());
    let changes: [Attempt<'_>; 6] = [
        &|| client.create_key().send().map(drop),
        &|| client.create_alias("alias/other", &keys[0]).send().map(drop),
        &|| client.update_alias("alias/orders", &keys[1]).send().map(drop),
        &|| client.delete_alias("alias/orders").send().map(drop),
        &|| client.tag_resource(&keys[0]).tag("a", "b").send().map(drop),
        &|| client.disable_key(&keys[0]).send().map(drop),
    ];
    let quiet = view(&world.kms, client, &[]);
    for (index, change) in changes.iter().enumerate() {
        world.sink.fail_next(1);
        assert!(change().is_err());
        assert_eq!(seen.lock().unwrap().pop().unwrap(), quiet, "change {index} was visible too early");
        assert_eq!(world.views(&sealed).0, before, "change {index} is visible afterwards");
    }
}

/// Spec: AUD-06
#[test]
fn a_best_effort_sink_may_lose_records_and_they_are_counted() {
    let world = World::new(AuditMode::BestEffort);
    world.sink.failing.store(true, Ordering::SeqCst);
    let key = world.client.create_key().send().unwrap().key_metadata.key_id;
    let sealed = world.client.encrypt(key, b"secret").send().unwrap();
    assert_eq!(world.client.decrypt(&sealed.ciphertext_blob).send().unwrap().expose(), b"secret");
    assert_eq!(world.kms.audit_failures(), 3);
}

/// Spec: AUD-06, AUD-07
#[test]
fn a_record_survives_the_crash_between_commit_and_delivery() {
    let world = World::new(AuditMode::Required);
    let key = world.client.create_key().send().unwrap().key_metadata.key_id.to_string();
    // The sink refuses, and taking the change back fails as well: the process is lost in the middle of the call.
    world.sink.failing.store(true, Ordering::SeqCst);
    world.store.crash_at(2, Fault::Before);
    assert_eq!(world.client.disable_key(&key).send().unwrap_err().code(), "KMSInternalException");
    let refused = world.sink.refused().into_iter().find(|record| record.event_name == "DisableKey").unwrap();

    let next = World::on(copy_of(world.store.inner()), AuditMode::Required, Arc::clone(&world.clock));
    assert!(!next.client.describe_key(&key).send().unwrap().key_metadata.enabled, "the change was committed");
    next.kms.sweep().unwrap();
    let redelivered: Vec<_> =
        next.sink.taken().into_iter().filter(|record| record.event_name == "DisableKey").collect();
    assert_eq!(redelivered.len(), 1);
    assert_eq!(redelivered[0].to_json(), refused.to_json(), "not the same record");
    next.kms.sweep().unwrap();
    assert_eq!(next.sink.taken().iter().filter(|record| record.event_name == "DisableKey").count(), 1);
}

/// Spec: AUD-07
#[test]
fn a_record_that_was_kept_is_not_delivered_again_while_the_process_lives() {
    let world = World::new(AuditMode::Required);
    let key = world.client.create_key().send().unwrap().key_metadata.key_id.to_string();
    for round in 0..5 {
        world.client.update_key_description(&key, format!("round {round}")).send().unwrap();
        // A commit that fails in between makes nobody forget what was delivered.
        world.store.fail_at(1, Fault::Before);
        world.client.update_key_description(&key, "lost").send().unwrap_err();
        world.kms.sweep().unwrap();
    }
    let mut ids: Vec<_> = world.sink.taken().iter().map(|record| record.event_id).collect();
    let delivered = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), delivered, "a record was delivered twice");
}

/// A sink that panics leaves the change in the store and its record in the outbox. Whoever looks sees that change.
///
/// Spec: AUD-06
#[test]
fn a_panic_of_a_sink_leaves_no_two_opinions() {
    let store = Arc::new(MemoryStore::new());
    let panicking = Arc::new(AtomicBool::new(false));
    let (switch, delivered) = (Arc::clone(&panicking), Arc::new(Mutex::new(Vec::new())));
    let log = Arc::clone(&delivered);
    let sink = CallbackSink::new(move |record: &Arc<AuditRecord>| {
        assert!(!switch.load(Ordering::SeqCst), "a sink that panics");
        log.lock().unwrap().push(record.event_name.to_string());
        Ok(())
    });
    let kms = Kms::builder().store(Arc::clone(&store)).root_key(root_key()).audit_sink(sink).build().unwrap();
    let client = kms.client(REGION, Caller::account_root(ACCOUNT).unwrap()).unwrap();
    let id = client.create_key().send().unwrap().key_metadata.key_id;
    client.encrypt(id, b"x").send().unwrap();
    panicking.store(true, Ordering::SeqCst);
    let changes: [&dyn Fn() -> bool; 2] =
        [&|| client.create_alias("alias/a", id).send().is_ok(), &|| client.disable_key(id).send().is_ok()];
    for change in changes {
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(change)).unwrap_err();
    }
    panicking.store(false, Ordering::SeqCst);
    let state = |client: &Client| client.describe_key("alias/a").send().unwrap().key_metadata.key_state;
    let other = Kms::builder().store(copy_of(&store)).root_key(root_key()).build().unwrap();
    let other = other.client(REGION, Caller::account_root(ACCOUNT).unwrap()).unwrap();
    assert_eq!((state(&client), state(&client).as_str()), (state(&other), "Disabled"));
    assert_eq!(client.encrypt(id, b"x").send().unwrap_err().code(), "DisabledException");
    kms.sweep().unwrap();
    let delivered = delivered.lock().unwrap();
    for name in ["CreateAlias", "DisableKey"] {
        assert_eq!(delivered.iter().filter(|own| *own == name).count(), 1, "{delivered:?}");
    }
}

/// Spec: AUD-46, STA-96
#[test]
fn a_deletion_event_is_offered_until_it_is_taken() {
    let world = World::new(AuditMode::BestEffort);
    let key = world.client.create_key().send().unwrap().key_metadata.key_id.to_string();
    world.client.schedule_key_deletion(&key).pending_window_in_days(7).send().unwrap();
    world.clock.advance_days(8);
    world.events.failing.store(true, Ordering::SeqCst);
    assert_eq!(world.kms.sweep().unwrap().deleted, 1);
    world.kms.sweep().unwrap();
    assert!(world.events.offers() >= 2, "offered {} times", world.events.offers());
    // The process ends before anybody took it; the next one goes on.
    let next = World::on(copy_of(world.store.inner()), AuditMode::BestEffort, Arc::clone(&world.clock));
    next.kms.sweep().unwrap();
    next.kms.sweep().unwrap();
    let taken = next.events.taken.lock().unwrap().clone();
    assert_eq!(taken.len(), 1, "{taken:?}");
    assert_eq!((taken[0].kind, taken[0].key_arn.key_id.to_string()), (EventKind::Deletion, key));
    assert_eq!(taken[0].id, world.events.refused.lock().unwrap()[0].id);
}

/// A call that may fail.
type Attempt<'c> = &'c dyn Fn() -> Result<(), CallError>;

struct World {
    store: Arc<FaultyStore<MemoryStore>>,
    clock: Arc<ManualClock>,
    sink: Arc<Sink>,
    events: Arc<Events>,
    kms: Kms,
    client: Client,
}

impl World {
    fn new(mode: AuditMode) -> Self {
        Self::on(MemoryStore::new(), mode, Arc::new(ManualClock::at("2026-01-01T00:00:00Z")))
    }

    fn on(store: MemoryStore, mode: AuditMode, clock: Arc<ManualClock>) -> Self {
        let store = Arc::new(FaultyStore::new(store));
        let (sink, events) = (Arc::new(Sink::default()), Arc::new(Events::default()));
        let kms = Kms::builder().store(Arc::clone(&store)).clock(Arc::clone(&clock)).root_key(root_key());
        let kms = kms.audit_sink_with(mode, Arc::clone(&sink)).event_sink(Arc::clone(&events)).build().unwrap();
        let client = kms.client(REGION, Caller::account_root(ACCOUNT).unwrap()).unwrap();
        Self { store, clock, sink, events, kms, client }
    }

    /// What can be seen in the running instance, and in a new one opened on a copy of the store.
    fn views(&self, sealed: &[u8]) -> (String, String) {
        let ciphertexts = [sealed.to_vec()];
        let running = view(&self.kms, &self.client, &ciphertexts);
        let kms = Kms::builder().store(copy_of(self.store.inner())).clock(Arc::clone(&self.clock)).root_key(root_key());
        let kms = kms.no_audit().build().unwrap();
        let client = kms.client(REGION, Caller::account_root(ACCOUNT).unwrap()).unwrap();
        (running, view(&kms, &client, &ciphertexts))
    }
}

/// An audit sink that fails on demand and remembers what it was handed.
#[derive(Default)]
struct Sink {
    failing: AtomicBool,
    failures_left: AtomicUsize,
    taken: Mutex<Vec<Arc<AuditRecord>>>,
    refused: Mutex<Vec<Arc<AuditRecord>>>,
    on_refusal: OnceLock<Box<dyn Fn() + Send + Sync>>,
}

impl Sink {
    fn taken(&self) -> Vec<Arc<AuditRecord>> {
        self.taken.lock().unwrap().clone()
    }

    fn refused(&self) -> Vec<Arc<AuditRecord>> {
        self.refused.lock().unwrap().clone()
    }

    fn fail_next(&self, records: usize) {
        self.failures_left.store(records, Ordering::SeqCst);
    }
}

impl AuditSink for Sink {
    fn record(&self, record: &Arc<AuditRecord>) -> Result<(), SinkError> {
        let left = self.failures_left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        if left.is_err() && !self.failing.load(Ordering::SeqCst) {
            self.taken.lock().unwrap().push(Arc::clone(record));
            return Ok(());
        }
        self.refused.lock().unwrap().push(Arc::clone(record));
        if let Some(act) = self.on_refusal.get() {
            act();
        }
        Err(SinkError::new("the disk is full"))
    }
}

#[derive(Default)]
struct Events {
    failing: AtomicBool,
    taken: Mutex<Vec<LifecycleEvent>>,
    refused: Mutex<Vec<LifecycleEvent>>,
}

impl Events {
    fn offers(&self) -> usize {
        self.refused.lock().unwrap().len()
    }
}

impl EventSink for Events {
    fn publish(&self, event: &LifecycleEvent) -> Result<(), SinkError> {
        if self.failing.load(Ordering::SeqCst) {
            self.refused.lock().unwrap().push(event.clone());
            return Err(SinkError::new("the bus is down"));
        }
        self.taken.lock().unwrap().push(event.clone());
        Ok(())
    }
}
