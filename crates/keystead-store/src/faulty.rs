//! A store that fails when told to.

use std::sync::{Mutex, PoisonError};

use crate::{Batch, CommitError, Entry, Key, Range, Revision, Snapshot, Store, StoreError};

/// Wraps a store and makes chosen commits fail, for tests of whoever uses a store. Not meant for production.
///
/// Commits are counted from 1 as they arrive. To try every crash point of a piece of work, run it once, ask
/// [`commits`](Self::commits) how many commits it took, then run it again for each of them with
/// [`crash_at`](Self::crash_at), and look at the store inside, which remembers only what was applied.
#[derive(Debug)]
pub struct FaultyStore<S> {
    inner: S,
    plan: Mutex<Plan>,
}

/// How a chosen commit fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing is applied; the caller gets [`CommitError::Failed`].
    Before,
    /// The batch is applied, but the caller gets [`CommitError::Unknown`]. A batch that the store refuses, for
    /// instance over a conflict, is refused as usual, and the fault waits no longer.
    After,
}

impl<S> FaultyStore<S> {
    /// Wraps a store. Without further orders it behaves as that store does.
    pub fn new(inner: S) -> Self {
        Self { inner, plan: Mutex::default() }
    }

    /// The store inside, which never fails by order.
    pub fn inner(&self) -> &S {
        &self.inner
    }

    /// Number of commits that have arrived so far, failed ones included.
    pub fn commits(&self) -> u64 {
        self.plan().commits
    }

    /// Makes the `n`-th commit from now fail (1 is the next), and that one only. It replaces an earlier order.
    pub fn fail_at(&self, n: u64, fault: Fault) {
        self.plan().order(n, fault, false);
    }

    /// Makes the `n`-th commit from now fail (1 is the next), and from then on every call, reads too, until
    /// [`recover`](Self::recover): as a process sees it that has lost its store for good. It replaces an earlier order.
    pub fn crash_at(&self, n: u64, fault: Fault) {
        self.plan().order(n, fault, true);
    }

    /// Cancels all orders and ends a crash.
    pub fn recover(&self) {
        let mut plan = self.plan();
        *plan = Plan { commits: plan.commits, ..Plan::default() };
    }

    fn plan(&self) -> std::sync::MutexGuard<'_, Plan> {
        // A plan is valid after each assignment, whoever panicked.
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn check_alive(&self) -> Result<(), StoreError> {
        if self.plan().crashed { Err(injected()) } else { Ok(()) }
    }
}

impl<S: Store> Store for FaultyStore<S> {
    fn get(&self, key: &[u8]) -> Result<Option<Entry>, StoreError> {
        self.check_alive()?;
        self.inner.get(key)
    }

    fn scan(&self, range: &Range, limit: usize) -> Result<Vec<(Key, Entry)>, StoreError> {
        self.check_alive()?;
        self.inner.scan(range, limit)
    }

    fn commit(&self, batch: Batch) -> Result<Revision, CommitError> {
        let fault = self.plan().next_commit();
        match fault {
            None => self.inner.commit(batch),
            Some(Fault::Before) => Err(CommitError::Failed(injected())),
            Some(Fault::After) => {
                self.inner.commit(batch)?;
                Err(CommitError::Unknown(injected()))
            }
        }
    }

    fn snapshot(&self) -> Result<Box<dyn Snapshot + '_>, StoreError> {
        self.check_alive()?;
        Ok(Box::new(FaultySnapshot { store: self, inner: self.inner.snapshot()? }))
    }

    fn is_durable(&self) -> bool {
        self.inner.is_durable()
    }
}

/// A snapshot that cannot be read while its store is lost.
#[derive(Debug)]
struct FaultySnapshot<'s, S> {
    store: &'s FaultyStore<S>,
    inner: Box<dyn Snapshot + 's>,
}

impl<S: Store> Snapshot for FaultySnapshot<'_, S> {
    fn scan(&self, range: &Range, limit: usize) -> Result<Vec<(Key, Entry)>, StoreError> {
        self.store.check_alive()?;
        self.inner.scan(range, limit)
    }
}

/// What has happened, and what shall.
#[derive(Debug, Default)]
struct Plan {
    commits: u64,
    order: Option<Order>,
    crashed: bool,
}

#[derive(Debug)]
struct Order {
    at: u64,
    fault: Fault,
    crash: bool,
}

impl Plan {
    fn order(&mut self, n: u64, fault: Fault, crash: bool) {
        self.order = Some(Order { at: self.commits.saturating_add(n), fault, crash });
    }

    fn next_commit(&mut self) -> Option<Fault> {
        self.commits += 1;
        if self.crashed {
            return Some(Fault::Before);
        }
        let due = self.order.take_if(|order| order.at <= self.commits)?;
        self.crashed = due.crash;
        Some(due.fault)
    }
}

fn injected() -> StoreError {
    StoreError::Unavailable("injected fault".into())
}
