//! Root keys in the keyring of the system. `scripts/keyring-test` starts one, and runs each test in the state that it
//! names.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

use std::process::{Command, id};
use std::{env, thread};

use keystead_hierarchy::RootKey;
use keystead_hierarchy::root::conformance;
use keystead_rootkeys::{KeyringError, KeyringRootKey};

/// Spec: OVR-18
#[test]
fn unlocked_it_passes_the_suite_of_root_keys() {
    let open = |name| KeyringRootKey::open_or_create(SERVICE, &format!("{name}-{}", id())).unwrap();
    conformance::run(|| open("suite"), || open("other"));
    let missing = KeyringRootKey::open(SERVICE, &format!("missing-{}", id())).unwrap_err();
    assert!(matches!(missing, KeyringError::EntryMissing { .. }), "{missing}");
}

/// Processes, not threads: each has its own connection and its own lock.
///
/// Spec: OVR-18
#[test]
fn unlocked_of_many_processes_one_creates() {
    if let Ok(account) = env::var(CHILD) {
        println!("root key {}", KeyringRootKey::open_or_create(SERVICE, &account).unwrap().id().unwrap());
        return;
    }
    let account = format!("race-{}", id());
    let run = || {
        let mut child = Command::new(env::current_exe().unwrap());
        child.args(["--exact", "unlocked_of_many_processes_one_creates", "--nocapture"]).env(CHILD, &account);
        let printed = String::from_utf8(child.output().unwrap().stdout).unwrap();
        printed.lines().find(|line| line.contains("root key ")).map(str::to_owned).expect("the child has a root key")
    };
    let ids: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(run)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let line = |id: &str| id.split("root key ").last().map(str::to_owned);
    assert!(ids.iter().all(|id| line(id) == line(&ids[0])), "{ids:?}");
}

#[tokio::test(flavor = "current_thread")]
async fn unlocked_it_can_be_asked_inside_a_runtime() {
    KeyringRootKey::open_or_create(SERVICE, "runtime").unwrap();
    tokio::spawn(async { KeyringRootKey::open(SERVICE, "runtime").unwrap() }).await.unwrap();
}

/// Run twice, with a keyring that was started anew in between; the script compares what is printed.
#[test]
fn kept_over_a_restart() {
    println!("kept root key {}", KeyringRootKey::open_or_create(SERVICE, "kept").unwrap().id().unwrap());
}

#[test]
fn locked_it_says_to_unlock_it() {
    let locked = KeyringRootKey::open_or_create(SERVICE, "kept").unwrap_err();
    assert!(matches!(locked, KeyringError::Locked { .. }), "{locked:?}");
    assert!(locked.to_string().contains("unlock it"), "{locked}");
}

const SERVICE: &str = "keystead-tests";
/// Set in a process that a test has started: the account.
const CHILD: &str = "KEYSTEAD_TEST_ACCOUNT";
