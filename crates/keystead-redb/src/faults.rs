//! A disk that fails: errors, short writes, no space, power cuts. Whatever was acknowledged stays.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use keystead_store::{Batch, CommitError, Expect, Range, Store};
use redb::{Database, StorageBackend};

use crate::error::Problem;
use crate::file::Medium;
use crate::{Durability, RedbStore, format};

#[test]
fn an_error_of_the_disk_loses_nothing_and_closes_nothing() {
    for fault in [Fault::Refuses, Fault::WritesHalf] {
        let mut at = 0;
        loop {
            let disk = Disk::new();
            let mut work = Work::default();
            let store = disk.store();
            disk.order(at, fault);
            for n in 0..12 {
                work.step(&store, n);
            }
            let was_met = disk.state().order.is_none();
            work.check(&store, &format!("{fault:?} at {at}"));
            drop(store);
            work.check(&disk.store(), &format!("{fault:?} at {at}, opened again"));
            if !was_met {
                break;
            }
            assert!(work.failures <= 1, "one error of the disk failed {} commits", work.failures);
            at += 1;
        }
        assert!(at > 50, "only {at} operations of the disk were tried");
    }
}

#[test]
fn a_failed_read_is_told_and_the_next_succeeds() {
    let disk = Disk::new();
    let mut work = Work::default();
    let store = disk.store();
    for n in 0..12 {
        work.step(&store, n);
    }
    drop(store);
    let mut failures = 0;
    for at in 0..20 {
        let store = disk.store();
        disk.order_read(at);
        let found = store.scan(&Range::all(), usize::MAX);
        failures += u32::from(found.is_err());
        disk.state().read_order = None;
        work.check(&store, &format!("after read {at} failed"));
    }
    assert!(failures > 0, "no read failed");
}

#[test]
fn a_snapshot_ends_with_an_error_and_the_store_goes_on() {
    let (mut ended, mut lasted) = (0, 0);
    for at in 0..60 {
        let disk = Disk::new();
        let mut work = Work::default();
        let store = disk.store();
        for n in 0..4 {
            work.step(&store, n);
        }
        let snapshot = store.snapshot().unwrap();
        let shown = snapshot.scan(&Range::all(), usize::MAX).unwrap();
        disk.order(at, Fault::Refuses);
        for n in 4..8 {
            work.step(&store, n);
        }
        disk.state().order = None;
        match snapshot.scan(&Range::all(), usize::MAX) {
            Ok(found) => lasted += u32::from(found == shown),
            Err(error) => ended += u32::from(error.is_retryable()),
        }
        work.check(&store, &format!("beside a snapshot, after an error at {at}"));
        drop(snapshot);
        work.check(&store, &format!("after a snapshot and an error at {at}"));
    }
    assert_eq!(ended + lasted, 60, "a snapshot shows its state or nothing");
    assert!(ended > 0 && lasted > 0, "{ended} ended, {lasted} lasted");
}

#[test]
fn a_full_disk_is_told_and_serves_readers_until_there_is_space() {
    let disk = Disk::new();
    let mut work = Work::default();
    let store = disk.store();
    work.step(&store, 0);
    let len = disk.state().now.len();
    disk.state().space = Some(len);
    let mut n = 1;
    while work.failures < 3 {
        work.step_of(&store, n, 64 * 1024);
        work.check(&store, "on a full disk");
        n += 1;
        assert!(n < 1000, "the disk is never full");
    }
    assert!(work.last_error.contains("no space"), "{}", work.last_error);
    disk.state().space = None;
    let failures = work.failures;
    for n in n..n + 5 {
        work.step_of(&store, n, 64 * 1024);
    }
    assert_eq!(work.failures, failures, "there is space again");
    work.check(&store, "with space again");
    drop(store);
    work.check(&disk.store(), "opened again");
}

/// What was not synced is lost in part, as it pleases the disk.
#[test]
fn a_power_cut_loses_nothing_that_was_acknowledged() {
    for at in 0..400 {
        let disk = Disk::new();
        let mut work = Work::default();
        let store = disk.store();
        disk.order(at, Fault::PowerCut);
        for n in 0..30 {
            if !disk.state().is_dead {
                work.step(&store, n);
            }
        }
        drop(store);
        disk.power_on(at);
        work.check(&disk.store(), &format!("the power was cut at {at}"));
    }
}

#[test]
fn eventual_commits_are_lost_from_the_end_only() {
    for at in 0..150 {
        let disk = Disk::new();
        drop(disk.store());
        let store = RedbStore::on(Box::new(Arc::clone(&disk)), Durability::Eventual).unwrap();
        disk.order(at, Fault::PowerCut);
        let mut acknowledged = 0;
        for n in 1..=250_u64 {
            let mut batch = Batch::new();
            batch.put("count", n.to_be_bytes(), Expect::Any).put(&n.to_be_bytes(), *b"", Expect::Absent);
            acknowledged = if store.commit(batch).is_ok() { n } else { break };
        }
        drop(store);
        disk.power_on(at);
        let store = disk.store();
        let count =
            store.get(b"count").unwrap().map_or(0, |entry| u64::from_be_bytes((*entry.value).try_into().unwrap()));
        let records = store.scan(&Range::all(), usize::MAX).unwrap().len() as u64;
        assert_eq!(records, count + u64::from(count > 0), "part of a commit, at {at}");
        assert!(count <= acknowledged + 1 && acknowledged < count + 100, "{count} of {acknowledged}, at {at}");
    }
}

/// A record and what was written to it; `None` deletes it.
type Written = (Vec<u8>, Option<Vec<u8>>);

/// Commits, and what must have come of them.
#[derive(Default)]
struct Work {
    records: BTreeMap<Vec<u8>, Vec<u8>>,
    /// The two records that each commit writes, if nobody knows whether the last one did.
    doubtful: Option<[Written; 3]>,
    failures: usize,
    last_error: String,
}

impl Work {
    fn step(&mut self, store: &RedbStore, n: u64) {
        self.step_of(store, n, 3000);
    }

    /// Writes two records with one value, and deletes a third.
    fn step_of(&mut self, store: &RedbStore, n: u64, len: usize) {
        let value = vec![n as u8; len];
        let (left, right) = (format!("left {}", n % 7), format!("right {n}"));
        let gone = format!("right {}", n.wrapping_sub(4));
        let mut batch = Batch::new();
        batch.put(left.as_str(), value.clone(), Expect::Any);
        batch.put(right.as_str(), value.clone(), Expect::Any);
        batch.delete(gone.as_str(), Expect::Any);
        let changes =
            [(left.into_bytes(), Some(value.clone())), (right.into_bytes(), Some(value)), (gone.into_bytes(), None)];
        match store.commit(batch) {
            Ok(_) => {
                // A later commit settles an earlier one.
                self.resolve(store);
                self.apply(changes);
            }
            Err(error) => {
                let source = std::error::Error::source(&error).and_then(std::error::Error::source);
                self.last_error = format!("{error}: {source:?}");
                self.failures += 1;
                self.resolve(store);
                if matches!(error, CommitError::Unknown(_)) {
                    self.doubtful = Some(changes);
                }
                self.resolve(store);
            }
        }
    }

    /// Finds out, if it can be read, whether the doubtful commit has happened.
    fn resolve(&mut self, store: &RedbStore) {
        let Some(changes) = &self.doubtful else { return };
        let Ok(found) = store.get(&changes[1].0) else { return };
        let has_happened = found.map(|entry| entry.value.to_vec()) == changes[1].1;
        if let (Some(changes), true) = (self.doubtful.take(), has_happened) {
            self.apply(changes);
        }
    }

    fn apply(&mut self, changes: [Written; 3]) {
        for (key, value) in changes {
            match value {
                Some(value) => drop(self.records.insert(key, value)),
                None => drop(self.records.remove(&key)),
            }
        }
    }

    fn check(&mut self, store: &RedbStore, when: &str) {
        self.resolve(store);
        let found = store.scan(&Range::all(), usize::MAX).unwrap_or_else(|error| panic!("{when}: {error:?}"));
        let found: BTreeMap<_, _> = found.iter().map(|(key, entry)| (key.to_vec(), entry.value.to_vec())).collect();
        let names = |records: &BTreeMap<Vec<u8>, Vec<u8>>| {
            let name = |(key, value): (&Vec<u8>, &Vec<u8>)| format!("{}={:?}", key.escape_ascii(), value.first());
            records.iter().map(name).collect::<Vec<_>>()
        };
        assert!(found == self.records, "{when}:\n{:?}\n{:?}", names(&found), names(&self.records));
    }
}

/// A disk, and what of it would survive a power cut.
#[derive(Debug, Default)]
struct Disk {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    now: Vec<u8>,
    durable: Vec<u8>,
    unsynced: Vec<Change>,
    /// The fault that comes after so many changes.
    order: Option<(u64, Fault)>,
    read_order: Option<u64>,
    /// The most bytes it holds.
    space: Option<usize>,
    is_dead: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Refuses,
    WritesHalf,
    PowerCut,
}

#[derive(Clone, Debug)]
enum Change {
    Write(usize, Vec<u8>),
    Len(usize),
}

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Len(len) => bytes.resize(*len, 0),
            Self::Write(at, data) => {
                bytes.resize(bytes.len().max(at + data.len()), 0);
                bytes[*at..at + data.len()].copy_from_slice(data);
            }
        }
    }

    fn half(&self) -> Self {
        match self {
            Self::Write(at, data) => Self::Write(*at, data[..data.len() / 2].to_vec()),
            Self::Len(len) => Self::Len(*len),
        }
    }
}

impl Disk {
    /// A disk with an empty store.
    fn new() -> Arc<Self> {
        let disk = Arc::new(Self::default());
        let database = Medium::open(&disk).unwrap();
        format::initialize(&database, keystead_store::Revision::default()).unwrap();
        drop(database);
        disk
    }

    fn store(self: &Arc<Self>) -> RedbStore {
        RedbStore::on(Box::new(Arc::clone(self)), Durability::Immediate).unwrap()
    }

    fn order(&self, after: u64, fault: Fault) {
        self.state().order = Some((after, fault));
    }

    fn order_read(&self, after: u64) {
        self.state().read_order = Some(after);
    }

    /// Begins anew with what was synced, and some of the rest.
    fn power_on(&self, seed: u64) {
        let mut state = self.state();
        let mut bytes = std::mem::take(&mut state.durable);
        let mut choice = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        for change in std::mem::take(&mut state.unsynced) {
            choice ^= choice << 13;
            choice ^= choice >> 7;
            choice ^= choice << 17;
            match choice % 3 {
                0 => {}
                1 => change.half().apply(&mut bytes),
                _ => change.apply(&mut bytes),
            }
        }
        *state = State { now: bytes.clone(), durable: bytes, ..State::default() };
    }

    fn change(&self, change: Change) -> io::Result<()> {
        let mut state = self.state();
        state.meet_fault(Some(&change))?;
        let end = match &change {
            Change::Write(at, data) => at + data.len(),
            Change::Len(len) => *len,
        };
        if state.space.is_some_and(|space| end > space && end > state.now.len()) {
            return Err(io::Error::new(io::ErrorKind::StorageFull, "no space left on device"));
        }
        change.apply(&mut state.now);
        state.unsynced.push(change);
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

impl State {
    fn meet_fault(&mut self, change: Option<&Change>) -> io::Result<()> {
        if self.is_dead {
            return Err(io::Error::other("no power"));
        }
        match &mut self.order {
            Some((0, fault)) => {
                match (*fault, change) {
                    (Fault::WritesHalf, Some(change)) => {
                        let half = change.half();
                        half.apply(&mut self.now);
                        self.unsynced.push(half);
                    }
                    (Fault::PowerCut, change) => {
                        self.is_dead = true;
                        self.unsynced.extend(change.cloned());
                    }
                    _ => {}
                }
                self.order = None;
                Err(io::Error::other("injected"))
            }
            Some((left, _)) => {
                *left -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }
}

impl Medium for Arc<Disk> {
    fn open(&self) -> Result<Database, Problem> {
        let mut builder = Database::builder();
        // Without a cache every read reaches the disk.
        Ok(builder.set_cache_size(0).create_with_backend(Handle(Arc::clone(self)))?)
    }
}

/// The disk as one database has it open.
#[derive(Debug)]
struct Handle(Arc<Disk>);

impl StorageBackend for Handle {
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.state().now.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let mut state = self.0.state();
        match &mut state.read_order {
            Some(0) => {
                state.read_order = None;
                return Err(io::Error::other("injected"));
            }
            Some(left) => *left -= 1,
            None => {}
        }
        let at = offset as usize;
        let found = state.now.get(at..at + out.len()).ok_or(io::ErrorKind::UnexpectedEof)?;
        out.copy_from_slice(found);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.change(Change::Len(len as usize))
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut state = self.0.state();
        state.meet_fault(None)?;
        state.durable = state.now.clone();
        state.unsynced.clear();
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.0.change(Change::Write(offset as usize, data.to_vec()))
    }
}
