//! What the library takes from its host, and from nobody else (chapter 20, section 1).
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;
mod support;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use keystead::hierarchy::spec::KeyState;
use keystead::{AuditRecord, CallbackSink, Caller, Clock, Kms, ManualClock};
use keystead_memory::MemoryStore;
use support::{ACCOUNT, REGION, assert_code, assert_same_set};

/// Spec: STA-01, STA-03
#[test]
fn every_instant_is_that_of_the_host_s_clock() {
    let clock = Arc::new(ManualClock::at("1999-12-31T23:59:59Z"));
    let records = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&records);
    let sink = CallbackSink::new(move |record: &Arc<AuditRecord>| {
        heard.lock().unwrap().push(Arc::clone(record));
        Ok(())
    });
    let kms = Kms::builder().clock(Arc::clone(&clock)).audit_sink(sink).build().unwrap();
    let client = kms.client(REGION, Caller::account_root(ACCOUNT).unwrap()).unwrap();
    let created = client.create_key().send().unwrap().into_inner().key_metadata;
    assert_eq!(created.creation_date, clock.now());
    assert_eq!((created.arn.region.as_str(), created.arn.account.as_str()), (REGION, ACCOUNT));
    let scheduled = client.schedule_key_deletion(created.key_id).pending_window_in_days(7).send().unwrap();
    assert_eq!(scheduled.deletion_date, Some(clock.now().plus_days(7)));
    assert_eq!(kms.sweep().unwrap().deleted, 0);
    clock.advance_days(7);
    assert_eq!(kms.sweep().unwrap().deleted, 1);
    let records = records.lock().unwrap();
    let names = records.iter().map(|record| record.event_name.to_string());
    assert_same_set(names, ["CreateKey", "ScheduleKeyDeletion", "DeleteKey"].map(str::to_owned));
    assert!(records.iter().all(|record| [created.creation_date, clock.now()].contains(&record.event_time)));
}

/// The wall clock is read in one file, the system clock that a host may choose; the environment in one, the root key that a
/// host may keep there; the network nowhere.
///
/// Spec: STA-01
#[test]
fn the_source_reads_neither_clock_nor_environment_nor_network() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let parts =
        ["keystead", "keystead-types", "keystead-policy", "keystead-store", "keystead-memory", "keystead-hierarchy"];
    let mut found = Vec::new();
    for part in parts {
        for file in sources(&crates.join(part).join("src")) {
            let source = std::fs::read_to_string(&file).unwrap();
            let reads = READS.iter().any(|call| source.contains(call));
            if reads {
                found.push(file.strip_prefix(crates).unwrap().to_string_lossy().replace('\\', "/"));
            }
        }
    }
    assert_same_set(found, ["keystead/src/clock.rs", "keystead-hierarchy/src/root/env.rs"].map(str::to_owned));
}

/// Closing an account is the host dropping its store: no state stands for it, and nothing is left to reach.
///
/// Spec: STA-76
#[test]
fn an_account_closes_with_its_store() {
    let open = |store: Arc<MemoryStore>| Kms::builder().store(store).root_key(common::root_key()).build().unwrap();
    let client = |kms: &Kms| kms.client(REGION, Caller::account_root(ACCOUNT).unwrap()).unwrap();
    let store = Arc::new(MemoryStore::new());
    let kms = open(Arc::clone(&store));
    let key = client(&kms).create_key().send().unwrap().key_metadata.arn;
    let blob = client(&kms).encrypt(key.to_string(), b"x").send().unwrap().ciphertext_blob.clone();
    drop(kms);
    // As long as the store is there, so is the account.
    assert!(client(&open(Arc::clone(&store))).decrypt(&blob).send().is_ok());
    drop(store);
    let empty = open(Arc::new(MemoryStore::new()));
    assert_code(client(&empty).describe_key(key.to_string()).send(), "NotFoundException");
    assert_code(client(&empty).decrypt(&blob).send(), "AccessDeniedException");
    let states = KeyState::ALL.iter().map(|state| state.as_str());
    assert_same_set(
        states,
        [
            "Creating",
            "Disabled",
            "Enabled",
            "PendingDeletion",
            "PendingImport",
            "PendingReplicaDeletion",
            "Unavailable",
            "Updating",
        ],
    );
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let nested = entries.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] });
    nested.filter(|path| path.extension().is_some_and(|extension| extension == "rs")).collect()
}

/// How Rust code reads them.
const READS: [&str; 9] = [
    "SystemTime::now",
    "Instant::now",
    "Timestamp::now",
    "Zoned::now",
    "env::var",
    "env::args",
    "TcpStream",
    "UdpSocket",
    "ToSocketAddrs",
];
