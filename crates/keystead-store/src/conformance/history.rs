//! Random histories, compared with a model that is too simple to be wrong.

use super::conflict;
use crate::{Action, Batch, Entry, Expect, Key, Range, Revision, Store};

/// A step of a history, for [`follow_history`].
#[derive(Clone, Debug)]
pub enum Step {
    /// Commits a batch. Of changes at the same key only the first is made.
    Commit(Vec<Change>),
    /// Reads a record.
    Get(Key),
    /// Scans the keys with a prefix, strictly after a key if one is given.
    Scan {
        /// The prefix.
        prefix: Vec<u8>,
        /// Where the page starts.
        after: Option<Key>,
        /// The most entries.
        limit: usize,
    },
}

/// One operation of a commit.
#[derive(Clone, Debug)]
pub struct Change {
    /// The record.
    pub key: Key,
    /// The state in which it is expected.
    pub expected: Expected,
    /// What happens to it.
    pub action: Action,
}

/// A precondition in terms of the state at the time of the commit.
#[derive(Clone, Copy, Debug)]
pub enum Expected {
    /// Holds always.
    Any,
    /// Holds if there is no record.
    Absent,
    /// Holds: the record as it is.
    Current,
    /// Holds if the record bears the revision of the latest commit.
    Latest,
    /// Never holds: a revision yet to come.
    Never,
}

/// Takes the steps on a new, empty store and on a model, and compares all answers, and at the end all contents.
///
/// A history may come from [`random_histories`] or from the generator of a property test.
///
/// # Panics
///
/// With a message, at the first answer that differs.
pub fn follow_history(store: &impl Store, steps: &[Step]) {
    let mut model = Model::default();
    for step in steps {
        match step {
            Step::Commit(changes) => model.commit(store, changes),
            Step::Get(key) => {
                let found = store.get(key).expect("`get` must succeed");
                assert_eq!(found.as_ref(), model.find(key), "{step:?}");
            }
            Step::Scan { prefix, after, limit } => {
                let range = Range::prefix(prefix);
                let range = after.iter().fold(range, |range, key| range.after(key));
                let found = store.scan(&range, *limit).expect("`scan` must succeed");
                let expected =
                    model.sorted(|key| key.starts_with(prefix) && after.as_ref().is_none_or(|after| key > after));
                assert!(found.iter().eq(expected.iter().take(*limit)), "{step:?}: {found:?}");
            }
        }
    }
    let found = store.scan(&Range::all(), usize::MAX).expect("`scan` must succeed");
    assert_eq!(found, model.sorted(|_| true), "the contents after all steps");
}

/// Follows a number of histories made of random steps, the same ones each time.
pub fn random_histories<S: Store>(new_store: &impl Fn() -> S) {
    for seed in 0..HISTORIES {
        let mut random = Random(seed);
        let steps: Vec<Step> = (0..STEPS).map(|_| random.step()).collect();
        follow_history(&new_store(), &steps);
    }
}

/// A store as a list in no order.
#[derive(Default)]
struct Model {
    records: Vec<(Key, Entry)>,
    latest: Revision,
}

impl Model {
    fn commit(&mut self, store: &impl Store, changes: &[Change]) {
        let mut batch = Batch::new();
        let mut failing = Vec::new();
        let mut writes = Vec::new();
        let mut named = Vec::new();
        for change in changes {
            let key = &change.key;
            if named.contains(&key) {
                continue;
            }
            named.push(key);
            let (expect, holds) = self.judge(key, change.expected);
            if !holds {
                failing.push(key);
            }
            match &change.action {
                Action::Put(value) => batch.put(key, value.clone(), expect),
                Action::Delete => batch.delete(key, expect),
                Action::Check => batch.check(key, expect),
            };
            writes.push(change);
        }

        let result = store.commit(batch);
        if !failing.is_empty() {
            let at_fault = conflict(&result).expect("a batch with a failing precondition must meet a conflict");
            assert!(failing.contains(&at_fault), "`{at_fault}` is not at fault in {changes:?}");
            return;
        }
        let revision = result.expect("a batch without a failing precondition must succeed");
        assert!(revision > self.latest, "revision {revision} must be greater than {}", self.latest);
        self.latest = revision;
        for Change { key, action, .. } in writes {
            if !matches!(action, Action::Check) {
                self.records.retain(|(other, _)| other != key);
            }
            if let Action::Put(value) = action {
                self.records.push((key.clone(), Entry { value: value.clone(), revision }));
            }
        }
    }

    /// The precondition to ask for, and whether it holds.
    fn judge(&self, key: &Key, expected: Expected) -> (Expect, bool) {
        let found = self.find(key).map(|entry| entry.revision);
        match (expected, found) {
            (Expected::Any, _) => (Expect::Any, true),
            (Expected::Absent, found) => (Expect::Absent, found.is_none()),
            (Expected::Current, Some(revision)) => (Expect::Revision(revision), true),
            (Expected::Current, None) => (Expect::Absent, true),
            (Expected::Latest, found) => (Expect::Revision(self.latest), found == Some(self.latest)),
            (Expected::Never, _) => (Expect::Revision(Revision(u64::MAX)), false),
        }
    }

    fn find(&self, key: &Key) -> Option<&Entry> {
        self.records.iter().find(|(other, _)| other == key).map(|(_, entry)| entry)
    }

    fn sorted(&self, wanted: impl Fn(&Key) -> bool) -> Vec<(Key, Entry)> {
        let mut found: Vec<_> = self.records.iter().filter(|(key, _)| wanted(key)).cloned().collect();
        found.sort_by(|(a, _), (b, _)| a.cmp(b));
        found
    }
}

/// SplitMix64: enough for tests, and without a dependency.
struct Random(u64);

impl Random {
    fn step(&mut self) -> Step {
        match self.below(4) {
            0 => Step::Get(self.key()),
            1 => Step::Scan {
                prefix: if self.below(3) == 0 { Vec::new() } else { self.key()[..1].to_vec() },
                after: (self.below(2) == 0).then(|| self.key()),
                limit: self.below(6) as usize,
            },
            _ => Step::Commit((0..self.below(5)).map(|_| self.change()).collect()),
        }
    }

    fn change(&mut self) -> Change {
        let key = self.key();
        let expected = match self.below(12) {
            0 => Expected::Absent,
            1 => Expected::Latest,
            2 => Expected::Never,
            3..6 => Expected::Current,
            _ => Expected::Any,
        };
        let action = match self.below(6) {
            0 => Action::Check,
            1 | 2 => Action::Delete,
            _ => Action::Put(self.next().to_be_bytes()[..self.below(9) as usize].into()),
        };
        Change { key, expected, action }
    }

    /// One of few keys, so that steps meet.
    fn key(&mut self) -> Key {
        let len = 1 + self.below(2);
        let bytes: Vec<u8> = (0..len).map(|_| [0, b'a', b'b', u8::MAX][self.below(4) as usize]).collect();
        bytes.into()
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

const HISTORIES: u64 = 20;
const STEPS: usize = 100;
