//! The thread that sweeps, and that it makes no difference who does what is due.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;
mod support;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use common::root_key;
use keystead::{
    AuditRecord, CallError, CallbackSink, Caller, Client, EventKind, EventSink, Kms, LifecycleEvent, ManualClock,
    MemorySink, SinkError,
};
use keystead_memory::MemoryStore;
use keystead_store::{Fault, FaultyStore};
use proptest::prelude::*;
use support::*;

/// Longer than any machine takes.
const PATIENCE: Duration = Duration::from_secs(60);
const OFTEN: Duration = Duration::from_millis(1);

/// Tells a test of the events of the instance.
struct Messenger(Mutex<mpsc::Sender<EventKind>>);

impl EventSink for Messenger {
    fn publish(&self, event: &LifecycleEvent) -> Result<(), SinkError> {
        self.0.lock().unwrap().send(event.kind).map_err(SinkError::new)
    }
}

/// An instance that sweeps itself, and what it says.
fn swept_world() -> (World, mpsc::Receiver<EventKind>) {
    let (sender, events) = mpsc::channel();
    (World::with(|builder| builder.event_sink(Messenger(Mutex::new(sender))).maintenance(OFTEN)), events)
}

/// Spec: STA-02, RUL-15
#[test]
fn the_thread_does_what_is_due_without_a_call() {
    let (world, events) = swept_world();
    let key = world.key();
    world.root.enable_key_rotation(&key.id).rotation_period_in_days(90).send().unwrap();
    world.clock.advance_days(90);
    assert_eq!(events.recv_timeout(PATIENCE), Ok(EventKind::Rotation));
    world.root.schedule_key_deletion(&key.id).pending_window_in_days(7).send().unwrap();
    world.clock.advance_days(7);
    assert_eq!(events.recv_timeout(PATIENCE), Ok(EventKind::Deletion));
    assert_eq!(world.records("DeleteKey").len(), 1);
}

#[test]
fn the_thread_ends_with_the_last_handle_and_is_waited_for() {
    let store = Arc::new(MemoryStore::new());
    for round in 0..20 {
        let kms = Kms::builder().store(Arc::clone(&store)).root_key(root_key()).maintenance(OFTEN).build().unwrap();
        let client = kms.client(REGION, Caller::account_root(ACCOUNT).unwrap()).unwrap();
        client.create_key().send().unwrap();
        let other = kms.clone();
        drop(kms);
        other.sweep().unwrap();
        drop(other);
        if round % 2 == 0 {
            std::thread::sleep(Duration::from_millis(3));
        }
        drop(client);
        // Nobody holds the store any more: it could be opened by another instance, or closed.
        assert_eq!(Arc::strong_count(&store), 1);
    }
}

#[test]
fn failures_and_panics_of_a_sweep_do_not_end_it() {
    let store = Arc::new(FaultyStore::new(MemoryStore::new()));
    let (sender, events) = mpsc::channel();
    let sender = Mutex::new(sender);
    let panics = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&panics);
    let sink = CallbackSink::new(move |record: &Arc<AuditRecord>| {
        if record.event_name == "DeleteKey" && count.fetch_add(1, Ordering::SeqCst) == 0 {
            panic!("a sink that panics once");
        }
        Ok(())
    });
    let clock = Arc::new(ManualClock::at(START));
    let kms = Kms::builder()
        .store(Arc::clone(&store))
        .clock(Arc::clone(&clock))
        .audit_sink(sink)
        .event_sink(Messenger(sender))
        .maintenance(OFTEN)
        .build()
        .unwrap();
    let root = kms.client(REGION, Caller::account_root(ACCOUNT).unwrap()).unwrap();
    let id = root.create_key().send().unwrap().key_metadata.key_id;
    root.schedule_key_deletion(id).pending_window_in_days(7).send().unwrap();
    // The store refuses what the sweep commits, and everything after that, until somebody mends it.
    let before = store.commits();
    store.crash_at(1, Fault::Before);
    clock.advance_days(7);
    while store.commits() == before {
        std::thread::sleep(OFTEN);
    }
    std::thread::sleep(20 * OFTEN);
    store.recover();
    // Whatever the store and the sink did, the key goes in the end, and its event is told.
    assert_eq!(events.recv_timeout(PATIENCE), Ok(EventKind::Deletion));
    assert!(panics.load(Ordering::SeqCst) >= 1);
    assert_code(root.describe_key(id).send(), "NotFoundException");
}

/// A sink that holds the last client and drops it while the thread sweeps.
#[test]
fn the_thread_does_not_wait_for_itself() {
    let kept: Arc<Mutex<Option<Client>>> = Arc::default();
    let (sender, dropped) = mpsc::channel();
    let (last, sender) = (Arc::clone(&kept), Mutex::new(sender));
    let clock = Arc::new(ManualClock::at(START));
    let sink = CallbackSink::new(move |record: &Arc<AuditRecord>| {
        if record.event_name == "RotateKey" {
            drop(last.lock().unwrap().take());
            sender.lock().unwrap().send(()).map_err(SinkError::new)?;
        }
        Ok(())
    });
    let kms = Kms::builder().clock(Arc::clone(&clock)).audit_sink(sink).maintenance(OFTEN).build().unwrap();
    let root = kms.client(REGION, Caller::account_root(ACCOUNT).unwrap()).unwrap();
    let id = root.create_key().send().unwrap().key_metadata.key_id;
    root.enable_key_rotation(id).send().unwrap();
    *kept.lock().unwrap() = Some(root);
    drop(kms);
    clock.advance_days(365);
    dropped.recv_timeout(PATIENCE).unwrap();
}

/// A step of a history on a handful of keys.
#[derive(Clone, Debug)]
enum Step {
    Create,
    Encrypt(usize),
    Describe(usize),
    Disable(usize),
    Enable(usize),
    Schedule(usize, u32),
    Cancel(usize),
    Alias(usize, usize),
    DropAlias(usize),
    Rotating(usize, u32),
    NotRotating(usize),
    Tag(usize),
    ListAll,
    Days(u32),
}

fn step() -> impl Strategy<Value = Step> {
    let key = 0..5_usize;
    prop_oneof![
        2 => Just(Step::Create),
        4 => key.clone().prop_map(Step::Encrypt),
        3 => key.clone().prop_map(Step::Describe),
        1 => key.clone().prop_map(Step::Disable),
        1 => key.clone().prop_map(Step::Enable),
        3 => (key.clone(), 7..12_u32).prop_map(|(key, days)| Step::Schedule(key, days)),
        1 => key.clone().prop_map(Step::Cancel),
        3 => (key.clone(), 0..3_usize).prop_map(|(key, name)| Step::Alias(key, name)),
        1 => (0..3_usize).prop_map(Step::DropAlias),
        2 => (key.clone(), 90..120_u32).prop_map(|(key, days)| Step::Rotating(key, days)),
        1 => key.clone().prop_map(Step::NotRotating),
        1 => key.prop_map(Step::Tag),
        2 => Just(Step::ListAll),
        6 => (1..60_u32).prop_map(Step::Days),
    ]
}

/// One run of a history.
struct Run {
    world: World,
    trail: Arc<MemorySink>,
    keys: Vec<Key>,
    answers: Vec<String>,
}

impl Run {
    fn new() -> Self {
        let trail = Arc::new(MemorySink::new(1_000_000));
        let world = World::with(|builder| builder.audit_sink(Arc::clone(&trail)));
        let mut run = Self { world, trail, keys: Vec::new(), answers: Vec::new() };
        (0..3).for_each(|_| run.take(&Step::Create));
        run
    }

    fn take(&mut self, step: &Step) {
        let root = self.world.root.clone();
        let key = |at: &usize| self.keys[at % self.keys.len()].id.clone();
        let done: Result<String, CallError> = match step {
            Step::Create => root.create_key().send().map(|answer| {
                self.keys.push(Key::of(answer.key_metadata.arn));
                String::new()
            }),
            Step::Encrypt(at) => root.encrypt(key(at), b"x").send().map(|_| String::new()),
            Step::Describe(at) => root.describe_key(key(at)).send().map(|answer| {
                let metadata = &answer.key_metadata;
                format!("{:?} {:?}", metadata.key_state, metadata.deletion_date)
            }),
            Step::Disable(at) => root.disable_key(key(at)).send().map(|_| String::new()),
            Step::Enable(at) => root.enable_key(key(at)).send().map(|_| String::new()),
            Step::Schedule(at, days) => root
                .schedule_key_deletion(key(at))
                .pending_window_in_days(i64::from(*days))
                .send()
                .map(|answer| format!("{:?}", answer.deletion_date)),
            Step::Cancel(at) => root.cancel_key_deletion(key(at)).send().map(|_| String::new()),
            Step::Alias(at, name) => root.create_alias(format!("alias/{name}"), key(at)).send().map(|_| String::new()),
            Step::DropAlias(name) => root.delete_alias(format!("alias/{name}")).send().map(|_| String::new()),
            Step::Rotating(at, days) => root
                .enable_key_rotation(key(at))
                .rotation_period_in_days(i64::from(*days))
                .send()
                .map(|_| String::new()),
            Step::NotRotating(at) => root.disable_key_rotation(key(at)).send().map(|_| String::new()),
            Step::Tag(at) => root.tag_resource(key(at)).tag("a", "b").send().map(|_| String::new()),
            Step::ListAll => {
                let aliases = root.list_aliases().send().unwrap().into_inner().aliases;
                let names = aliases.iter().map(|entry| format!("{} {:?}", entry.alias_name, entry.target_key_id));
                let keys = root.list_keys().send().unwrap().into_inner().keys;
                Ok(format!("{:?} {:?}", names.collect::<Vec<_>>(), keys.len()))
            }
            Step::Days(days) => {
                self.world.clock.advance_days(*days);
                Ok(String::new())
            }
        };
        let said = match done {
            Ok(said) => format!("ok {said}"),
            Err(error) => format!("{} {}", error.code(), error.message()),
        };
        self.answers.push(format!("{step:?}: {}", self.by_number(said)));
    }

    /// The text with numbers instead of key IDs, which are random.
    fn by_number(&self, mut text: String) -> String {
        for (number, key) in self.keys.iter().enumerate() {
            text = text.replace(&key.id, &format!("#{number}"));
        }
        text
    }

    /// The internal actions and events, less their time stamps.
    fn happenings(&self) -> Vec<String> {
        let internal = ["RotateKey", "DeleteKey", "DeleteExpiredKeyMaterial", "SynchronizeMultiRegionKey"];
        let trail = self.trail.records();
        let records = trail.iter().filter(|record| internal.contains(&&*record.event_name)).map(|record| {
            let resources = record.resources.iter().flatten().map(|entry| entry.arn.clone());
            format!("record {} {}", record.event_name, resources.collect::<String>())
        });
        let events = self.world.events.events();
        let events = events.iter().map(|event| format!("event {} {}", event.kind.detail_type(), event.key_arn));
        let mut happenings: Vec<_> = records.chain(events).map(|text| self.by_number(text)).collect();
        happenings.sort();
        happenings
    }

    /// What is left at the end, to the last fact.
    fn end(&self) -> Vec<String> {
        let root = &self.world.root;
        let of_key = |key: &Key| match root.describe_key(&key.id).send() {
            Err(error) => error.code().to_owned(),
            Ok(answer) => {
                let mut metadata = answer.into_inner().key_metadata;
                metadata.current_key_material_id = None;
                let rotation = root.get_key_rotation_status(&key.id).send().unwrap().into_inner();
                let rotations = root.list_key_rotations(&key.id).send().unwrap().into_inner().rotations;
                let dates: Vec<_> = rotations.iter().map(|entry| (entry.rotation_date, entry.rotation_type)).collect();
                format!("{metadata:?} {rotation:?} {dates:?}")
            }
        };
        self.keys.iter().map(|key| self.by_number(of_key(key))).collect()
    }
}

/// Calls on every key and alias, as a busy service makes them.
fn touch_all(run: &Run) {
    for key in &run.keys {
        let _ = run.world.root.encrypt(&key.id, b"x").send();
        let _ = run.world.root.describe_key(&key.id).send();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// One instance sweeps after every step, the other never; whoever asks cannot tell. Only how often a key that nobody
    /// touched was rotated may differ (ROT-28), so here every key is touched after each move of the clock.
    ///
    /// Spec: STA-02, RUL-15
    #[test]
    fn lazy_and_eager_are_the_same(history in prop::collection::vec(step(), 1..60)) {
        let (mut eager, mut lazy) = (Run::new(), Run::new());
        for step in &history {
            for run in [&mut eager, &mut lazy] {
                run.take(step);
            }
            eager.world.kms.sweep().unwrap();
            if matches!(step, Step::Days(_)) {
                touch_all(&eager);
                touch_all(&lazy);
            }
        }
        prop_assert_eq!(&eager.answers, &lazy.answers);
        prop_assert_eq!(eager.end(), lazy.end());
        prop_assert_eq!(eager.happenings(), lazy.happenings());
    }

    /// The same where keys lie idle: states and answers are those of the clock, and the deletions are told once.
    ///
    /// Spec: STA-02, RUL-15
    #[test]
    fn idle_keys_answer_alike(history in prop::collection::vec(step(), 1..60)) {
        let (mut eager, mut lazy) = (Run::new(), Run::new());
        for step in &history {
            for run in [&mut eager, &mut lazy] {
                run.take(step);
            }
            eager.world.kms.sweep().unwrap();
        }
        prop_assert_eq!(&eager.answers, &lazy.answers);
        lazy.world.kms.sweep().unwrap();
        let deletions = |run: &Run| {
            let all = run.happenings().into_iter();
            all.filter(|text| text.contains("DeleteKey") || text.contains("Deletion")).collect::<Vec<_>>()
        };
        prop_assert_eq!(deletions(&eager), deletions(&lazy));
    }
}
