//! A failing backend: what a call changes has happened wholly or not at all, in memory and in the store.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use std::sync::Arc;

use common::{ACCOUNT, REGION, copy_of, root_key, view};
use keystead::crypto::entropy::SeededEntropy;
use keystead::{CallError, Caller, Client, Kms, ManualClock};
use keystead_memory::MemoryStore;
use keystead_store::{Fault, FaultyStore};

/// Spec: KEY-35, QUO-11, ROT-10, STA-02
#[test]
fn every_commit_that_fails_leaves_all_or_nothing() {
    let mut control = World::new();
    let mut expected = vec![control.views()];
    let mut commits = vec![control.store.commits()];
    for step in SCRIPT {
        (step.run)(&mut control).unwrap();
        expected.push(control.views());
        commits.push(control.store.commits());
    }
    let total = commits[SCRIPT.len()] - commits[0];
    assert!(total >= 20, "the script makes {total} commits");

    for nth in 1..=total {
        for fault in [Fault::Before, Fault::After] {
            let mut world = World::new();
            world.views();
            world.store.fail_at(nth, fault);
            let failing = (0..SCRIPT.len()).find(|index| commits[index + 1] - commits[0] >= nth).unwrap();
            for (index, step) in SCRIPT.iter().enumerate() {
                let label = format!("{fault:?} at commit {nth}, after {}", step.name);
                let result = (step.run)(&mut world);
                let (running, reopened) = world.views();
                assert_eq!(running, reopened, "{label}: memory and store disagree");
                match &result {
                    Err(error) if index == failing => {
                        assert_eq!(error.code(), "KMSInternalException", "{label}");
                        let happened = usize::from(fault == Fault::After);
                        assert_eq!(running, expected[index + happened].0, "{label}: half applied");
                    }
                    Err(error) => assert_ne!(error.code(), "KMSInternalException", "{label}: still broken: {error}"),
                    Ok(()) if index <= failing => assert!(index < failing || step.survives, "{label}: fault not seen"),
                    Ok(()) => {}
                }
            }
        }
    }
}

/// Spec: KEY-35
#[test]
fn a_store_that_is_gone_for_good_leaves_all_or_nothing() {
    let mut control = World::new();
    let mut expected = vec![control.views().1];
    let mut commits = vec![control.store.commits()];
    for step in SCRIPT {
        (step.run)(&mut control).unwrap();
        expected.push(control.views().1);
        commits.push(control.store.commits());
    }
    for nth in 1..=commits[SCRIPT.len()] - commits[0] {
        for fault in [Fault::Before, Fault::After] {
            let mut world = World::new();
            world.views();
            world.store.crash_at(nth, fault);
            let failing = (0..SCRIPT.len()).find(|index| commits[index + 1] - commits[0] >= nth).unwrap();
            for step in &SCRIPT[..failing] {
                (step.run)(&mut world).unwrap();
                world.running_view();
            }
            let step = &SCRIPT[failing];
            let result = (step.run)(&mut world);
            assert!(
                result.is_err() || step.survives,
                "{fault:?} at commit {nth}: {} succeeds without a store",
                step.name
            );
            let reopened = world.reopened_view();
            if !step.survives {
                let happened = usize::from(fault == Fault::After);
                assert_eq!(reopened, expected[failing + happened], "{fault:?} at commit {nth}: {}", step.name);
            }
        }
    }
}

struct Step {
    name: &'static str,
    run: fn(&mut World) -> Result<(), CallError>,
    /// The step succeeds even if its commit fails, because that only makes happen what time has changed already.
    survives: bool,
}

const SCRIPT: &[Step] = &[
    step("create the first key", |w| {
        let key = w.client.create_key().description("first").tag("team", "a").send()?;
        w.keys.push(key.key_metadata.key_id.to_string());
        Ok(())
    }),
    step("create the second key", |w| {
        let key = w.client.create_key().send()?;
        w.keys.push(key.key_metadata.key_id.to_string());
        Ok(())
    }),
    step("create an alias", |w| w.client.create_alias("alias/orders", w.key(0)).send().map(drop)),
    step("encrypt", |w| w.encrypt(0)),
    step("move the alias", |w| w.client.update_alias("alias/orders", w.key(1)).send().map(drop)),
    step("move the alias to where it is", |w| w.client.update_alias("alias/orders", w.key(1)).send().map(drop)),
    step("tag", |w| w.client.tag_resource(w.key(0)).tag("stage", "prod").tag("team", "b").send().map(drop)),
    step("untag", |w| w.client.untag_resource(w.key(0)).tag_key("team").send().map(drop)),
    step("describe", |w| w.client.update_key_description(w.key(0), "renamed").send().map(drop)),
    step("replace the policy", |w| {
        let policy = w.client.get_key_policy(w.key(0)).send()?.into_inner().policy.replace("key-default-1", "mine");
        w.client.put_key_policy(w.key(0), policy).send().map(drop)
    }),
    step("enable rotation", |w| w.client.enable_key_rotation(w.key(0)).rotation_period_in_days(90).send().map(drop)),
    step("rotate on demand", |w| w.client.rotate_key_on_demand(w.key(0)).send().map(drop)),
    step("encrypt after the rotation", |w| w.encrypt(0)),
    step("disable", |w| w.client.disable_key(w.key(0)).send().map(drop)),
    step("enable", |w| w.client.enable_key(w.key(0)).send().map(drop)),
    Step {
        name: "encrypt when a rotation is overdue",
        run: |w| {
            w.clock.advance_days(91);
            w.encrypt(0)
        },
        survives: true,
    },
    step("disable rotation", |w| w.client.disable_key_rotation(w.key(0)).send().map(drop)),
    step("schedule deletion", |w| w.client.schedule_key_deletion(w.key(0)).send().map(drop)),
    step("cancel deletion", |w| w.client.cancel_key_deletion(w.key(0)).send().map(drop)),
    step("schedule the other deletion", |w| {
        w.client.schedule_key_deletion(w.key(1)).pending_window_in_days(7).send().map(drop)
    }),
    Step {
        name: "touch a key whose waiting period is over",
        run: |w| {
            w.clock.advance_days(8);
            drop(w.client.describe_key(w.key(1)).send());
            Ok(())
        },
        survives: true,
    },
    step("take the freed name", |w| w.client.create_alias("alias/orders", w.key(0)).send().map(drop)),
    step("delete the alias", |w| w.client.delete_alias("alias/orders").send().map(drop)),
    step("create the last key", |w| {
        let key = w.client.create_key().description("last").send()?;
        w.keys.push(key.key_metadata.key_id.to_string());
        Ok(())
    }),
];

const fn step(name: &'static str, run: fn(&mut World) -> Result<(), CallError>) -> Step {
    Step { name, run, survives: false }
}

/// A running instance on a store that can fail.
struct World {
    store: Arc<FaultyStore<MemoryStore>>,
    clock: Arc<ManualClock>,
    kms: Kms,
    client: Client,
    keys: Vec<String>,
    ciphertexts: Vec<Vec<u8>>,
}

impl World {
    fn new() -> Self {
        let store = Arc::new(FaultyStore::new(MemoryStore::new()));
        let clock = Arc::new(ManualClock::at("2026-01-01T00:00:00Z"));
        let kms = Kms::builder().store(Arc::clone(&store)).clock(Arc::clone(&clock)).root_key(root_key());
        let kms = kms.entropy(SeededEntropy::new(1)).build().unwrap();
        let client = kms.client(REGION, Caller::account_root(ACCOUNT).unwrap()).unwrap();
        Self { store, clock, kms, client, keys: Vec::new(), ciphertexts: Vec::new() }
    }

    /// A key of the script; one that could not be created is one that does not exist.
    fn key(&self, index: usize) -> String {
        self.keys.get(index).cloned().unwrap_or_else(|| "00000000-0000-4000-8000-000000000000".to_owned())
    }

    fn encrypt(&mut self, index: usize) -> Result<(), CallError> {
        let sealed = self.client.encrypt(self.key(index), b"plaintext").context("a", "b").send()?;
        self.ciphertexts.push(sealed.into_inner().ciphertext_blob);
        Ok(())
    }

    /// What can be seen in the running instance, and in a new one opened on a copy of the store.
    fn views(&self) -> (String, String) {
        let running = self.running_view();
        (running, self.reopened_view())
    }

    fn running_view(&self) -> String {
        view(&self.kms, &self.client, &self.ciphertexts)
    }

    fn reopened_view(&self) -> String {
        let kms = Kms::builder().store(copy_of(self.store.inner())).clock(Arc::clone(&self.clock)).root_key(root_key());
        let kms = kms.no_audit().build().unwrap();
        let client = kms.client(REGION, Caller::account_root(ACCOUNT).unwrap()).unwrap();
        view(&kms, &client, &self.ciphertexts)
    }
}
