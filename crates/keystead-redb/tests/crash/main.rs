//! A process at work on a store is killed at random moments, again and again. Whatever it had an answer for is there
//! afterwards, whole, and nothing is there by half.
//!
//! This program is both: the witness, and (by running itself) the worker. `scripts/crash` kills more often.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod random;
mod report;
mod witness;
mod worker;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use keystead::crypto::SecretBytes;
use keystead::hierarchy::RawRootKey;
use keystead::{Caller, Client, Kms, ManualClock, Timestamp};
use keystead_redb::RedbStore;
use random::Random;
use report::Report;
use witness::Witness;

/// Spec: KEY-35, KEY-36, ROT-03, ROT-10, OVR-12, OVR-14, API-041
#[test]
fn a_killed_process_loses_nothing_that_it_had_an_answer_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let seed = setting("KEYSTEAD_CRASH_SEED", u64::from(std::process::id()));
    let kills = setting("KEYSTEAD_CRASH_KILLS", 20);
    let mut random = Random(seed);
    let mut witness = Witness::default();
    let mut answers = 0;
    for kill in 0..kills {
        let mut child = start_worker(&path, random.next(), witness.clock());
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        // The first kill hits while the file comes to be, or soon after.
        for _ in 0..if kill == 0 { 0 } else { random.below(60) } {
            let Some(Ok(line)) = lines.next() else { break };
            answers += u64::from(witness.hears(Report::parse(&line)));
        }
        std::thread::sleep(Duration::from_micros(random.below(4000)));
        child.kill().unwrap(); // SIGKILL
        child.wait().unwrap();
        // What it said before it died counts.
        for line in lines.map_while(Result::ok) {
            answers += u64::from(witness.hears(Report::parse(&line)));
        }
        let (kms, client) = open(&path, witness.clock());
        witness.examines(&kms, &client, &format!("seed {seed}, kill {kill}"));
    }
    assert!(answers > kills, "the worker hardly worked: {answers} answers in {kills} runs");
}

/// What the witness runs as another process: with a store in the environment it works there until it is killed.
#[test]
fn the_worker_reports_what_it_does() {
    if let Some(path) = std::env::var_os(STORE) {
        let seed = setting("KEYSTEAD_CRASH_WORKER", 0);
        let start = Timestamp::from_millis(setting("KEYSTEAD_CRASH_TIME", 0) as i64).unwrap();
        worker::work(Path::new(&path), seed, start, usize::MAX, |report| report.print());
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let mut witness = Witness::default();
    worker::work(&path, 1, witness.clock(), 150, |report| {
        let line = report.to_string();
        assert_eq!(Report::parse(&line), *report);
        witness.hears(Report::parse(&line));
    });
    let (kms, client) = open(&path, witness.clock());
    witness.examines(&kms, &client, "without a kill");
    assert!(witness.keys() > 3, "the worker has made {} keys", witness.keys());
}

fn start_worker(path: &Path, seed: u64, start: Timestamp) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "the_worker_reports_what_it_does", "--nocapture", "--test-threads=1"])
        .env(STORE, path)
        .env("KEYSTEAD_CRASH_WORKER", seed.to_string())
        .env("KEYSTEAD_CRASH_TIME", start.as_millis().to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap()
}

/// An instance on the store at that time.
fn open(path: &Path, now: Timestamp) -> (Kms, Client) {
    open_with(path, Arc::new(ManualClock::new(now)))
}

fn open_with(path: &Path, clock: Arc<ManualClock>) -> (Kms, Client) {
    let root_key = RawRootKey::new(&SecretBytes::from(&[7; 32])).unwrap();
    let store = RedbStore::open(path).unwrap();
    let kms = Kms::builder().store(store).clock(clock).root_key(root_key).no_audit().build().unwrap();
    let client = kms.client("us-west-2", Caller::account_root(ACCOUNT).unwrap()).unwrap();
    (kms, client)
}

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().map_or(default, |value| value.parse().unwrap())
}

const STORE: &str = "KEYSTEAD_CRASH_STORE";
const ACCOUNT: &str = "111122223333";
