//! A process at work on a store is killed at random moments, again and again. Whatever it had an answer for is there
//! afterwards, whole, and nothing is there by half. Some threads work at once, on keys of every kind and sets of related keys,
//! while domain keys rotate and backups are made.
//!
//! This program is both: the witness, and (by running itself) the worker. `scripts/crash` kills more often.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod deeds;
mod inspection;
mod instance;
mod random;
mod report;
mod witness;
mod worker;

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader};
use std::panic;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use keystead::{ManualClock, Timestamp};

use inspection::inspect;
use instance::{Opened, rsa_key};
use random::Random;
use report::Report;
use witness::Witness;
use worker::BACKUP;

/// Spec: KEY-35, KEY-36, ROT-03, ROT-10, STA-96, GRA-51, OVR-12, OVR-14, OVR-17, API-041
#[test]
fn a_killed_process_loses_nothing_that_it_had_an_answer_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let seed = setting("KEYSTEAD_CRASH_SEED", u64::from(std::process::id()));
    let kills = setting("KEYSTEAD_CRASH_KILLS", 20);
    let mut random = Random(seed);
    let mut witness = Witness::default();
    let (mut answers, mut backups) = (0, 0);
    for kill in 0..kills {
        let when = format!("seed {seed}, kill {kill}");
        let mut child = start_worker(&path, random.next(), witness.clock());
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        // The first kill hits while the file comes to be, or soon after.
        for _ in 0..if kill == 0 { 0 } else { random.below(600) } {
            let Some(Ok(line)) = lines.next() else { break };
            answers += u64::from(witness.hears(Report::parse(&line)));
        }
        std::thread::sleep(Duration::from_micros(random.below(4000)));
        assert_eq!(child.try_wait().unwrap(), None, "{when}: the worker has ended by itself");
        child.kill().unwrap(); // SIGKILL
        child.wait().unwrap();
        // What it said before it died counts.
        for line in lines.map_while(Result::ok) {
            answers += u64::from(witness.hears(Report::parse(&line)));
        }
        witness.examines(&path, &when);
        backups += examine_backups(folder.path(), &when);
    }
    assert!(answers > kills, "the worker hardly worked: {answers} answers in {kills} runs");
    if kills >= 100 {
        let missing: Vec<_> = MET.iter().filter(|what| !witness.met.contains(*what)).collect();
        assert!(missing.is_empty() && backups > 0, "there was never {missing:?}; {backups} backups");
    }
}

/// What the witness runs as another process: with a store in the environment it works there until it is killed.
#[test]
fn the_worker_reports_what_it_does() {
    if let Some(path) = std::env::var_os(STORE) {
        let seed = setting("KEYSTEAD_CRASH_WORKER", 0);
        let start = Timestamp::from_millis(setting("KEYSTEAD_CRASH_TIME", 0) as i64).unwrap();
        // A thread that fails must not die alone.
        let default = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            default(info);
            std::process::abort();
        }));
        worker::work(Path::new(&path), seed, start, usize::MAX, &(Arc::new(|report: Report| report.print()) as _));
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let witness = Arc::new(Mutex::new(Witness::default()));
    let (start, hearing) = (witness.lock().unwrap().clock(), Arc::clone(&witness));
    let tell = Arc::new(move |report: Report| {
        let line = report.to_string();
        assert_eq!(Report::parse(&line), report);
        hearing.lock().unwrap().hears(report);
    });
    worker::work(&path, 1, start, 100, &(tell as _));
    let mut witness = witness.lock().unwrap();
    witness.examines(&path, "without a kill");
    assert!(witness.keys() > 3, "the worker has made {} keys", witness.keys());
}

fn start_worker(path: &Path, seed: u64, start: Timestamp) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "the_worker_reports_what_it_does", "--nocapture", "--test-threads=1"])
        .env(STORE, path)
        .env("KEYSTEAD_CRASH_WORKER", seed.to_string())
        .env("KEYSTEAD_CRASH_TIME", start.as_millis().to_string())
        .envs([rsa_key()])
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap()
}

/// Whatever bears the name of a backup is one, whole, and everything in it falls due in its time.
fn examine_backups(folder: &Path, when: &str) -> u64 {
    let mut backups = 0;
    for file in fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_some_and(|extension| extension == BACKUP) {
            let far = Timestamp::from_millis(FAR).unwrap();
            let opened = Opened::new(&path, Arc::new(ManualClock::new(far)), Arc::new(|_| ()));
            let sweep = opened.kms.sweep().unwrap();
            assert_eq!(sweep.failed, 0, "{when}: {sweep:?}");
            inspect(&opened, &format!("{when}, {}", path.display()), &mut BTreeSet::new());
            drop(opened);
            fs::remove_file(&path).unwrap();
            backups += 1;
        }
    }
    backups
}

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().map_or(default, |value| value.parse().unwrap())
}

const STORE: &str = "KEYSTEAD_CRASH_STORE";
/// Longer after the start than the time passes that the worker lets pass.
const FAR: i64 = 1000 * 365 * 86_400_000;
/// What long runs come to.
const MET: &[&str] = &[
    "a ciphertext",
    "a signature",
    "a code",
    "grants to retire",
    "a deletion to come",
    "a rotation to come",
    "an expiry",
    "a set of related keys",
];
