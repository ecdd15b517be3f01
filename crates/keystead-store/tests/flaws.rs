//! The suite accepts a correct store and rejects one for each promise that it breaks.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, RwLock};
use std::thread;
use std::time::Duration;

use keystead_store::{
    Action, Batch, CommitError, Entry, Expect, Key, Operation, Range, Revision, Snapshot, Store, StoreError,
    conformance,
};

#[test]
fn a_store_without_flaws_passes() {
    conformance::run(|| FlawedStore::new(None));
}

#[test]
fn a_durable_store_without_flaws_passes() {
    let store = Arc::new(FlawedStore::new(None));
    conformance::durability(|| Arc::clone(&store));
}

#[test]
fn every_flaw_is_found() {
    let unnoticed: Vec<Flaw> = FLAWS
        .iter()
        .copied()
        .filter(|&flaw| {
            let suite = || conformance::run(|| FlawedStore::new(Some(flaw)));
            catch_unwind(AssertUnwindSafe(suite)).is_ok()
        })
        .collect();
    assert!(unnoticed.is_empty(), "the suite does not notice {unnoticed:?}");
}

/// Each flaw is found by the topic that is about it, also without the topics before it.
#[test]
fn races_are_found_by_the_topics_about_races() {
    let fails = |topic: fn(&dyn Fn() -> FlawedStore), flaw| {
        catch_unwind(AssertUnwindSafe(|| topic(&|| FlawedStore::new(Some(flaw))))).is_err()
    };
    assert!(fails(|new| conformance::concurrent_increments(&new), Flaw::JudgesBeforeLocking));
    assert!(fails(|new| conformance::concurrent_creations(&new), Flaw::JudgesBeforeLocking));
    assert!(fails(|new| conformance::crossed_checks(&new), Flaw::JudgesChecksBeforeLocking));
    assert!(fails(|new| conformance::concurrent_deletions(&new), Flaw::JudgesDeletionsBeforeLocking));
    assert!(fails(|new| conformance::independent_commits(&new), Flaw::ConflictsWithAnyOther));
    assert!(fails(|new| conformance::independent_commits(&new), Flaw::NumbersBeforeLocking));
    assert!(fails(|new| conformance::large_batches(&new), Flaw::ScansPiecemeal));
    assert!(fails(|new| conformance::whole_batches(&new), Flaw::ScansPiecemeal));
    assert!(fails(|new| conformance::visibility(&new), Flaw::ReadsThePast));
    assert!(fails(|new| conformance::lasting_snapshots(&new), Flaw::SnapshotsShowThePresent));
    assert!(fails(|new| conformance::lasting_snapshots(&new), Flaw::SnapshotsAreCopiedPiecemeal));
}

#[test]
fn a_store_that_forgets_is_not_durable() {
    let suite = || conformance::durability(|| FlawedStore::new(None));
    assert!(catch_unwind(suite).is_err());
}

#[test]
fn a_store_that_does_not_say_that_it_is_durable_is_not() {
    let store = Arc::new(FlawedStore::new(None));
    let suite = || conformance::durability(|| Silent(Arc::clone(&store)));
    assert!(catch_unwind(AssertUnwindSafe(suite)).is_err());
}

/// A store that leaves out what it need not say.
#[derive(Debug)]
struct Silent(Arc<FlawedStore>);

impl Store for Silent {
    fn get(&self, key: &[u8]) -> Result<Option<Entry>, StoreError> {
        self.0.get(key)
    }

    fn scan(&self, range: &Range, limit: usize) -> Result<Vec<(Key, Entry)>, StoreError> {
        self.0.scan(range, limit)
    }

    fn commit(&self, batch: Batch) -> Result<Revision, CommitError> {
        self.0.commit(batch)
    }

    fn snapshot(&self) -> Result<Box<dyn Snapshot + '_>, StoreError> {
        self.0.snapshot()
    }
}

macro_rules! flaws {
    ($($name:ident),* $(,)?) => {
        /// A way to break the contract.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        enum Flaw {
            $($name),*
        }

        const FLAWS: &[Flaw] = &[$(Flaw::$name),*];
    };
}

flaws! {
    IgnoresAbsent,
    IgnoresRevision,
    IgnoresChecks,
    TakesAnyPresentRecord,
    AppliesUntilConflict,
    ReportsSuccessOnConflict,
    JudgesBeforeLocking,
    RevisesEachRecord,
    CountsPerKey,
    KeepsRevisionOfEmptyBatch,
    DeletesByPrefix,
    DropsEmptyValues,
    DecodesKeys,
    CutsLongValues,
    FailsOnAbsent,
    ScansDescending,
    ScansPastTheEnd,
    ScansOneMore,
    ScansOneLess,
    ScansPiecemeal,
    ScansAtMost1000,
    FoldsCase,
    TakesAtMost1000Operations,
    JudgesChecksBeforeLocking,
    JudgesDeletionsBeforeLocking,
    ConflictsWithAnyOther,
    NumbersBeforeLocking,
    ReadsThePast,
    SnapshotsShowThePresent,
    SnapshotsMissTheLastCommit,
    SnapshotsAreCopiedPiecemeal,
    SnapshotsIgnoreLimits,
    SnapshotsLastUntilTheNext,
}

#[derive(Debug)]
struct FlawedStore {
    flaw: Option<Flaw>,
    state: RwLock<State>,
    past: RwLock<State>,
    /// Held while something is committed.
    busy: Mutex<()>,
    /// What the snapshot that was taken last shows.
    kept: Arc<RwLock<Vec<(Key, Entry)>>>,
}

#[derive(Clone, Debug, Default)]
struct State {
    records: BTreeMap<Key, Entry>,
    last: Revision,
}

impl FlawedStore {
    fn new(flaw: Option<Flaw>) -> Self {
        Self { flaw, state: RwLock::default(), past: RwLock::default(), busy: Mutex::default(), kept: Arc::default() }
    }

    fn has(&self, flaw: Flaw) -> bool {
        self.flaw == Some(flaw)
    }

    fn find_conflict(&self, state: &State, operations: &[Operation]) -> Option<Key> {
        let failed = operations.iter().find(|operation| {
            let found = state.records.get(&operation.key).map(|entry| entry.revision);
            let excused = match operation.expect {
                Expect::Any => true,
                Expect::Absent => self.has(Flaw::IgnoresAbsent),
                Expect::Revision(_) if found.is_some() && self.has(Flaw::TakesAnyPresentRecord) => true,
                Expect::Revision(_) => self.has(Flaw::IgnoresRevision),
            };
            let skipped = operation.action == Action::Check && self.has(Flaw::IgnoresChecks);
            !excused && !skipped && !operation.expect.holds(found)
        });
        failed.map(|operation| operation.key.clone())
    }

    fn apply(&self, state: &mut State, operations: Vec<Operation>) -> Revision {
        if !(operations.is_empty() && self.has(Flaw::KeepsRevisionOfEmptyBatch)) {
            state.last = state.last.next();
        }
        for Operation { key, action, .. } in operations {
            let key = if self.has(Flaw::DecodesKeys) { String::from_utf8_lossy(&key).as_ref().into() } else { key };
            if self.has(Flaw::RevisesEachRecord) {
                state.last = state.last.next();
            }
            match action {
                Action::Put(value) => {
                    let keep = if self.has(Flaw::CutsLongValues) { value.len().min(65_535) } else { value.len() };
                    let revision = match state.records.get(&key) {
                        _ if !self.has(Flaw::CountsPerKey) => state.last,
                        Some(entry) => entry.revision.next(),
                        None => Revision(1),
                    };
                    if value.is_empty() && self.has(Flaw::DropsEmptyValues) {
                        state.records.remove(&key);
                    } else {
                        state.records.insert(key, Entry { value: value[..keep].into(), revision });
                    }
                }
                Action::Delete if self.has(Flaw::DeletesByPrefix) => {
                    state.records.retain(|other, _| !other.starts_with(&key));
                }
                Action::Delete => drop(state.records.remove(&key)),
                Action::Check => {}
            }
        }
        state.last
    }
}

impl Store for FlawedStore {
    fn get(&self, key: &[u8]) -> Result<Option<Entry>, StoreError> {
        let state = if self.has(Flaw::ReadsThePast) { &self.past } else { &self.state };
        let state = state.read().unwrap();
        let found = if self.has(Flaw::FoldsCase) {
            let same = |(other, _): &(&Key, &Entry)| other.eq_ignore_ascii_case(key);
            state.records.iter().find(same).map(|(_, entry)| entry.clone())
        } else {
            state.records.get(key).cloned()
        };
        if found.is_none() && self.has(Flaw::FailsOnAbsent) {
            return Err(StoreError::Failed("not found".into()));
        }
        Ok(found)
    }

    fn scan(&self, range: &Range, limit: usize) -> Result<Vec<(Key, Entry)>, StoreError> {
        let limit = match self.flaw {
            Some(Flaw::ScansOneMore) => limit.saturating_add(1),
            Some(Flaw::ScansOneLess) => limit.saturating_sub(1),
            Some(Flaw::ScansAtMost1000) => limit.min(1000),
            _ => limit,
        };
        let range = if self.has(Flaw::ScansPastTheEnd) { Range::all().after(range.start()) } else { range.clone() };
        let page = |range: &Range, limit: usize| -> Vec<(Key, Entry)> {
            let state = self.state.read().unwrap();
            let found = state.records.range::<[u8], _>(range.bounds());
            let copy = |(key, entry): (&Key, &Entry)| (key.clone(), entry.clone());
            if self.has(Flaw::ScansDescending) {
                found.rev().take(limit).map(copy).collect()
            } else {
                found.take(limit).map(copy).collect()
            }
        };
        if !self.has(Flaw::ScansPiecemeal) {
            return Ok(page(&range, limit));
        }
        let mut found = page(&range, limit.min(1));
        while let Some((last, _)) = found.last().filter(|_| found.len() < limit) {
            let mut more = page(&range.clone().after(last), 1);
            if more.is_empty() {
                break;
            }
            found.append(&mut more);
            thread::sleep(Duration::from_micros(50));
        }
        Ok(found)
    }

    fn commit(&self, batch: Batch) -> Result<Revision, CommitError> {
        let mut operations = batch.into_operations()?;
        if self.has(Flaw::JudgesBeforeLocking) {
            let conflict = self.find_conflict(&self.state.read().unwrap(), &operations);
            thread::sleep(Duration::from_micros(50));
            return match conflict {
                Some(key) => Err(CommitError::Conflict { key }),
                None => Ok(self.apply(&mut self.state.write().unwrap(), operations)),
            };
        }
        if self.has(Flaw::TakesAtMost1000Operations) && operations.len() > 1000 {
            return Err(CommitError::Failed(StoreError::Failed("too large".into())));
        }
        let _busy = match self.busy.try_lock() {
            Err(_) if self.has(Flaw::ConflictsWithAnyOther) => {
                return Err(CommitError::Conflict { key: operations[0].key.clone() });
            }
            guard => guard,
        };
        // Some judge a part of the batch, or count, before they have the lock.
        let is_early = |operation: &Operation| match operation.action {
            Action::Check => self.has(Flaw::JudgesChecksBeforeLocking),
            Action::Delete => self.has(Flaw::JudgesDeletionsBeforeLocking),
            Action::Put(_) => false,
        };
        let early: Vec<Operation> = operations.iter().filter(|operation| is_early(operation)).cloned().collect();
        let (conflict, number) = {
            let state = self.state.read().unwrap();
            (self.find_conflict(&state, &early), state.last)
        };
        if let Some(key) = conflict {
            return Err(CommitError::Conflict { key });
        }
        let is_slow =
            !early.is_empty() || self.has(Flaw::NumbersBeforeLocking) || self.has(Flaw::ConflictsWithAnyOther);
        if is_slow {
            thread::sleep(Duration::from_micros(50));
        }
        operations
            .iter_mut()
            .filter(|operation| is_early(operation))
            .for_each(|operation| operation.expect = Expect::Any);
        let mut state = self.state.write().unwrap();
        if self.has(Flaw::NumbersBeforeLocking) {
            state.last = number;
        }
        if self.has(Flaw::ReadsThePast) {
            *self.past.write().unwrap() = state.clone();
        }
        if let Some(key) = self.find_conflict(&state, &operations) {
            if self.has(Flaw::ReportsSuccessOnConflict) {
                return Ok(state.last.next());
            }
            if self.has(Flaw::AppliesUntilConflict) {
                operations.retain(|operation| operation.key < key);
                self.apply(&mut state, operations);
            }
            return Err(CommitError::Conflict { key });
        }
        Ok(self.apply(&mut state, operations))
    }

    fn snapshot(&self) -> Result<Box<dyn Snapshot + '_>, StoreError> {
        let mut copy: Vec<(Key, Entry)> = Vec::new();
        if self.has(Flaw::SnapshotsAreCopiedPiecemeal) {
            let next = |copy: &[(Key, Entry)]| {
                let rest = copy.last().map_or(Range::all(), |(last, _)| Range::all().after(last));
                thread::sleep(Duration::from_micros(50));
                self.scan(&rest, 1)
            };
            while let Some(record) = next(&copy)?.pop() {
                copy.push(record);
            }
        } else {
            let state = self.state.read().unwrap();
            let misses = |entry: &Entry| self.has(Flaw::SnapshotsMissTheLastCommit) && entry.revision == state.last;
            let records = state.records.iter().filter(|(_, entry)| !misses(entry));
            copy.extend(records.map(|(key, entry)| (key.clone(), entry.clone())));
        }
        let copy = if self.has(Flaw::SnapshotsLastUntilTheNext) {
            *self.kept.write().unwrap() = copy;
            Arc::clone(&self.kept)
        } else {
            Arc::new(RwLock::new(copy))
        };
        Ok(Box::new(FlawedSnapshot { store: self, copy }))
    }

    fn is_durable(&self) -> bool {
        true
    }
}

#[derive(Debug)]
struct FlawedSnapshot<'s> {
    store: &'s FlawedStore,
    copy: Arc<RwLock<Vec<(Key, Entry)>>>,
}

impl Snapshot for FlawedSnapshot<'_> {
    fn scan(&self, range: &Range, limit: usize) -> Result<Vec<(Key, Entry)>, StoreError> {
        if self.store.has(Flaw::SnapshotsShowThePresent) {
            return self.store.scan(range, limit);
        }
        let limit = if self.store.has(Flaw::SnapshotsIgnoreLimits) { usize::MAX } else { limit };
        let copy = self.copy.read().unwrap();
        Ok(copy.iter().filter(|(key, _)| range.contains(key)).take(limit).cloned().collect())
    }
}
