//! Failing stores and restarts: a change of a set has happened in all Regions or in none.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

use keystead::crypto::entropy::SeededEntropy;
use keystead::{CallError, CallbackSink, Caller, Client, Kms, ManualClock, SinkError};
use keystead_memory::MemoryStore;
use keystead_store::{Fault, FaultyStore};

use crate::common::{ACCOUNT, copy_of, root_key, view};
use crate::support::Key;
use crate::support::parameters::{FOREVER, OAEP, ParameterSet};
use crate::{ASIA, DELAY, EUROPE, HOME, REGIONS};

type Step = (&'static str, fn(&mut House) -> Result<(), CallError>);

/// Every kind of change of a set, with phases that last.
const SCRIPT: &[Step] = &[
    ("create", |h| {
        h.id = h.client(HOME).create_key().multi_region(true).send()?.key_metadata.key_id.to_string();
        Ok(())
    }),
    ("encrypt", |h| h.encrypt(HOME)),
    ("replicate", |h| h.client(HOME).replicate_key(&h.id, EUROPE).tag("team", "a").send().map(drop)),
    ("finish the replica", |h| h.wait()),
    ("turn rotation on", |h| h.client(HOME).enable_key_rotation(&h.id).rotation_period_in_days(90).send().map(drop)),
    ("rotate", |h| h.client(HOME).rotate_key_on_demand(&h.id).send().map(drop)),
    ("encrypt in the replica", |h| h.encrypt(EUROPE)),
    ("replicate again", |h| h.client(HOME).replicate_key(&h.id, ASIA).send().map(drop)),
    ("finish the other replica", |h| h.wait()),
    ("move", |h| h.client(HOME).update_primary_region(&h.id, EUROPE).send().map(drop)),
    ("finish the move", |h| h.wait()),
    ("encrypt in the third", |h| h.encrypt(ASIA)),
    ("let the schedule rotate", |h| {
        h.clock.advance_days(90);
        h.sweep()
    }),
    ("schedule the primary", |h| {
        h.client(EUROPE).schedule_key_deletion(&h.id).pending_window_in_days(7).send().map(drop)
    }),
    ("schedule a replica", |h| h.client(HOME).schedule_key_deletion(&h.id).pending_window_in_days(7).send().map(drop)),
    ("schedule the other replica", |h| {
        h.client(ASIA).schedule_key_deletion(&h.id).pending_window_in_days(8).send().map(drop)
    }),
    ("cancel one", |h| h.client(ASIA).cancel_key_deletion(&h.id).send().map(drop)),
    ("lose a replica", |h| {
        h.clock.advance_days(7);
        h.sweep()
    }),
    ("schedule the last replica", |h| {
        h.client(ASIA).schedule_key_deletion(&h.id).pending_window_in_days(7).send().map(drop)
    }),
    ("lose the last replica", |h| {
        h.clock.advance_days(7);
        h.sweep()
    }),
    ("cancel the primary", |h| h.client(EUROPE).cancel_key_deletion(&h.id).send().map(drop)),
];

/// Every kind of change of a set with imported material.
const IMPORTS: &[Step] = &[
    ("create", |h| {
        let client = h.client(HOME);
        let created = client.create_key().multi_region(true).origin("EXTERNAL").send()?;
        h.id = created.key_metadata.key_id.to_string();
        Ok(())
    }),
    ("get parameters", |h| h.get_parameters(HOME)),
    ("import", |h| h.import(HOME, 1, "NEW_KEY_MATERIAL")),
    ("encrypt", |h| h.encrypt(HOME)),
    ("replicate", |h| h.client(HOME).replicate_key(&h.id, EUROPE).send().map(drop)),
    ("finish the replica", |h| h.wait()),
    ("get parameters there", |h| h.get_parameters(EUROPE)),
    ("import there", |h| h.import(EUROPE, 1, "EXISTING_KEY_MATERIAL")),
    ("import new material", |h| h.import(HOME, 2, "NEW_KEY_MATERIAL")),
    ("withdraw it", |h| h.delete(HOME, 1)),
    ("import other material", |h| h.import(HOME, 3, "NEW_KEY_MATERIAL")),
    ("import it there", |h| h.import(EUROPE, 3, "EXISTING_KEY_MATERIAL")),
    ("rotate", |h| h.client(HOME).rotate_key_on_demand(&h.id).send().map(drop)),
    ("encrypt in the replica", |h| h.encrypt(EUROPE)),
    ("move", |h| h.client(HOME).update_primary_region(&h.id, EUROPE).send().map(drop)),
    ("finish the move", |h| h.wait()),
    ("delete material", |h| h.delete(HOME, 0)),
    ("import it again", |h| h.import(HOME, 1, "EXISTING_KEY_MATERIAL")),
];

/// The steps in which only time does something.
const BY_TIME: &[&str] = &[
    "finish the replica",
    "finish the other replica",
    "finish the move",
    "let the schedule rotate",
    "lose a replica",
    "lose the last replica",
];

struct House {
    store: Arc<FaultyStore<MemoryStore>>,
    clock: Arc<ManualClock>,
    kms: Kms,
    id: String,
    blobs: Vec<Vec<u8>>,
    parameters: BTreeMap<String, ParameterSet>,
}

impl House {
    fn new() -> Self {
        let store = Arc::new(FaultyStore::new(MemoryStore::new()));
        let clock = Arc::new(ManualClock::at("2026-01-01T00:00:00Z"));
        let builder = Kms::builder().store(Arc::clone(&store)).clock(Arc::clone(&clock)).root_key(root_key());
        let kms = builder.entropy(SeededEntropy::new(1)).multi_region_delay(DELAY).build().unwrap();
        let house = Self { store, clock, kms, id: String::new(), blobs: Vec::new(), parameters: BTreeMap::new() };
        house.seen(&house.kms);
        house
    }

    fn client(&self, region: &str) -> Client {
        self.kms.client(region, Caller::account_root(ACCOUNT).unwrap()).unwrap()
    }

    fn encrypt(&mut self, region: &str) -> Result<(), CallError> {
        let sealed = self.client(region).encrypt(&self.id, b"plaintext").context("a", "b").send()?;
        self.blobs.push(sealed.into_inner().ciphertext_blob);
        Ok(())
    }

    fn key_in(&self, region: &str) -> Key {
        Key { id: self.id.clone(), arn: format!("arn:aws:kms:{region}:{ACCOUNT}:key/{}", self.id) }
    }

    fn get_parameters(&mut self, region: &str) -> Result<(), CallError> {
        let parameters = ParameterSet::get(&self.client(region), &self.key_in(region), OAEP, "RSA_2048")?;
        self.parameters.insert(region.to_owned(), parameters);
        Ok(())
    }

    fn import(&self, region: &str, byte: u8, import_type: &str) -> Result<(), CallError> {
        let parameters = &self.parameters[region];
        let client = self.client(region);
        let call = client.import_key_material(&self.id, parameters.token(), parameters.wrap(&[byte; 32]));
        call.expiration_model(FOREVER).import_type(import_type).send().map(drop)
    }

    /// Deletes the material at this place of the list.
    fn delete(&self, region: &str, place: usize) -> Result<(), CallError> {
        let client = self.client(region);
        let listed = client.list_key_rotations(&self.id).include_key_material("ALL_KEY_MATERIAL").send()?;
        let id = listed.rotations[place].key_material_id.unwrap().to_string();
        client.delete_imported_key_material(&self.id).key_material_id(id).send().map(drop)
    }

    fn wait(&self) -> Result<(), CallError> {
        self.clock.advance(DELAY);
        self.sweep()
    }

    fn sweep(&self) -> Result<(), CallError> {
        // What a sweep cannot do is done later, whether or not it could note how keys were used.
        drop(self.kms.sweep());
        Ok(())
    }

    /// All that can be seen in all Regions.
    fn seen(&self, kms: &Kms) -> String {
        let mut seen = String::new();
        for region in REGIONS {
            let client = kms.client(region, Caller::account_root(ACCOUNT).unwrap()).unwrap();
            writeln!(seen, "{region}\n{}", view(kms, &client, &self.blobs)).unwrap();
            for key in client.list_keys().send().unwrap().into_inner().keys {
                let call = client.list_key_rotations(key.key_id).include_key_material("ALL_KEY_MATERIAL");
                for material in call.send().unwrap().into_inner().rotations {
                    writeln!(seen, "{:?} {:?}", material.key_material_state, material.import_state).unwrap();
                }
            }
        }
        seen
    }

    fn reopened(&self) -> String {
        let builder =
            Kms::builder().store(copy_of(self.store.inner())).clock(Arc::clone(&self.clock)).root_key(root_key());
        self.seen(&builder.no_audit().multi_region_delay(DELAY).build().unwrap())
    }
}

/// Spec: MRK-33, MRK-40, ROT-10, KEY-35
#[test]
fn every_commit_that_fails_leaves_all_or_nothing() {
    fail_at_every_commit(SCRIPT, 18);
}

/// Spec: MRK-40, MRK-64, IMP-43
#[test]
fn imports_into_sets_happen_whole_or_not_at_all() {
    fail_at_every_commit(IMPORTS, 15);
}

/// Runs the script with each of its commits failing once, before it takes effect and after.
fn fail_at_every_commit(script: &[Step], least: u64) {
    let mut control = House::new();
    let begin = control.store.commits();
    let (mut expected, mut commits) = (vec![control.seen(&control.kms)], vec![begin]);
    for (name, run) in script {
        run(&mut control).unwrap_or_else(|error| panic!("{name}: {error}"));
        let reopened = control.reopened();
        expected.push(control.seen(&control.kms));
        commits.push(control.store.commits());
        assert_eq!(expected.last(), Some(&reopened), "{name}: memory and store disagree");
    }
    let total = control.store.commits() - begin;
    assert!(total >= least, "the script makes {total} commits");

    for nth in 1..=total {
        for fault in [Fault::Before, Fault::After] {
            let mut house = House::new();
            house.seen(&house.kms);
            house.store.fail_at(nth, fault);
            let failing = (0..script.len()).find(|index| commits[index + 1] - begin >= nth).unwrap();
            for (index, (name, run)) in script.iter().enumerate().take(failing + 1) {
                let result = run(&mut house);
                let label = format!("{fault:?} at commit {nth}: {name}");
                // The copy first: looking at keys brings them up to date.
                let (reopened, running) = (house.reopened(), house.seen(&house.kms));
                assert!(running == reopened, "{label}: memory and store disagree:\n{running}\n{reopened}");
                if index < failing {
                    result.unwrap();
                } else if let Err(error) = result {
                    assert_eq!(error.code(), "KMSInternalException", "{label}");
                    let happened = usize::from(fault == Fault::After);
                    assert_eq!(house.reopened(), expected[index + happened], "{label}: half applied");
                }
            }
            // What time changes happens at the next opportunity.
            house.sweep().unwrap();
            if BY_TIME.contains(&script[failing].0) {
                assert_eq!(house.reopened(), expected[failing + 1], "{fault:?} at commit {nth}: not made up for");
            }
        }
    }
}

/// A process that dies in the middle of a phase finds it where it was.
///
/// Spec: MRK-26, MRK-36, STA-02
#[test]
fn phases_survive_a_restart() {
    let mut house = House::new();
    for (name, run) in SCRIPT {
        run(&mut house).unwrap();
        if *name == "move" {
            break;
        }
    }
    let before = house.reopened();
    assert!(before.contains("Updating"), "{before}");
    let store = copy_of(house.store.inner());
    let builder = Kms::builder().store(store).clock(Arc::clone(&house.clock)).root_key(root_key());
    let kms = builder.multi_region_delay(DELAY).build().unwrap();
    assert_eq!(house.seen(&kms), before);
    house.clock.advance(DELAY);
    let derived = house.seen(&kms);
    assert_eq!(kms.sweep().unwrap(), keystead::Sweep::default(), "looking at it was enough");
    assert!(!derived.contains("Updating"));
    assert_eq!(house.seen(&kms), derived);
}

/// A sink that refuses the record undoes the change in every Region.
///
/// Spec: AUD-06
#[test]
fn a_change_without_its_record_happens_nowhere() {
    use std::sync::atomic::{AtomicBool, Ordering};

    let refuses = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&refuses);
    let sink = CallbackSink::new(
        move |_: &Arc<keystead::AuditRecord>| {
            if flag.load(Ordering::Relaxed) { Err(SinkError::new("full")) } else { Ok(()) }
        },
    );
    let kms = Kms::builder().audit_sink(sink).build().unwrap();
    let client = |region: &str| kms.client(region, Caller::account_root(ACCOUNT).unwrap()).unwrap();
    let (home, europe, asia) = (client(HOME), client(EUROPE), client(ASIA));
    let id = home.create_key().multi_region(true).send().unwrap().key_metadata.key_id.to_string();
    home.replicate_key(&id, EUROPE).send().unwrap();
    let seen = || {
        [&home, &europe].map(|client| {
            let status = client.get_key_rotation_status(&id).send().unwrap().into_inner();
            (client.describe_key(&id).send().unwrap().into_inner(), status)
        })
    };
    let before = seen();
    let attempts: [&dyn Fn() -> Result<(), CallError>; 5] = [
        &|| home.rotate_key_on_demand(&id).send().map(drop),
        &|| home.enable_key_rotation(&id).send().map(drop),
        &|| home.replicate_key(&id, ASIA).send().map(drop),
        &|| home.update_primary_region(&id, EUROPE).send().map(drop),
        &|| europe.schedule_key_deletion(&id).send().map(drop),
    ];
    for attempt in attempts {
        refuses.store(true, Ordering::Relaxed);
        assert_eq!(attempt().unwrap_err().code(), "KMSInternalException");
        refuses.store(false, Ordering::Relaxed);
        assert_eq!(seen(), before);
        assert!(asia.list_keys().send().unwrap().keys.is_empty());
    }
    let blob = home.encrypt(&id, b"x").send().unwrap().into_inner().ciphertext_blob;
    assert_eq!(europe.decrypt(blob).send().unwrap().expose(), b"x");
    for attempt in attempts {
        attempt().unwrap_or_else(|error| panic!("{error}"));
    }
}
