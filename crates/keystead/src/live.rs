//! Which keys are live: about as many as the host allows, and of them those that were used lately.
//!
//! The live form of a key is loaded on first use and evicted, between calls, when there are more than the bound:
//! approximately the least recently used first (CLOCK: who was touched since the hand came by has a second chance). The
//! keys of all Regions share the bound. An evicted key loses nothing:
//!
//! - *What is committed.* An eviction has the key locked, so no writer is between reading the key and publishing what it
//!   made of it; and nobody loads from the ledger meanwhile, so no loader puts back what it read before. Who misses the
//!   key afterwards loads what is committed and visible. Who holds the evicted snapshot goes on with it, as if a writer
//!   had replaced it.
//! - *Its last use* is saved before. Whoever still notes one on the evicted form does so in a place that the next live form
//!   takes over: as long as anybody holds it, it is known here.
//! - *Unwrapped material* is wiped after the key was taken out, and who just unwraps some looks afterwards whether it is
//!   still the one in use; so one of the two wipes it.
//! - *A removed grant that still counts* is nowhere but in memory: its key stays until it counts no more.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, TryLockError, Weak};

use keystead_types::{KeyArn, Timestamp};

use crate::Error;
use crate::engine::Engine;
use crate::region::{LockSet, RegionState};
use crate::snapshot::{KeyCell, KeySnapshot};
use crate::sync::{Mutex, MutexGuard};
use crate::usage::LastUse;

/// The live keys of an instance, in all Regions.
pub(crate) struct LiveKeys {
    bound: usize,
    count: AtomicUsize,
    /// Above how many there is something to do: the bound, or more after last uses could not be saved.
    threshold: AtomicUsize,
    /// Where the hand goes round. Only who loads, creates or evicts a key takes the lock.
    ring: Mutex<VecDeque<Weak<KeyCell>>>,
    /// The last uses of keys that are not live any more, as long as a call or an unsaved use holds them.
    departed: Mutex<HashMap<KeyArn, Weak<LastUse>>>,
    /// Taken while keys are evicted.
    evicting: Mutex<()>,
}

impl LiveKeys {
    pub(crate) fn new(bound: Option<usize>) -> Self {
        let bound = bound.unwrap_or(DEFAULT_BOUND);
        Self {
            bound,
            count: AtomicUsize::new(0),
            threshold: AtomicUsize::new(bound),
            ring: Mutex::default(),
            departed: Mutex::default(),
            evicting: Mutex::default(),
        }
    }

    /// How many keys are live.
    pub(crate) fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    /// A key has become live.
    pub(crate) fn entered(&self, cell: &Arc<KeyCell>) {
        let count = self.count.fetch_add(1, Ordering::Relaxed) + 1;
        let mut ring = lock(&self.ring);
        // Places of keys that have left otherwise, as by deletion.
        if ring.len() > count.saturating_mul(2).saturating_add(SLACK) {
            ring.retain(|cell| cell.strong_count() > 0);
        }
        ring.push_back(Arc::downgrade(cell));
    }

    /// Keeps the last use of a key that is about to leave where its next live form finds it.
    pub(crate) fn leaving(&self, key: &KeySnapshot) {
        let mut departed = lock(&self.departed);
        if departed.len() >= SLACK && departed.len() == departed.capacity() {
            departed.retain(|_, usage| usage.strong_count() > 0);
        }
        departed.insert(key.arn, Arc::downgrade(&key.usage));
    }

    /// The key has left.
    pub(crate) fn left(&self) {
        self.count.fetch_sub(1, Ordering::Relaxed);
    }

    /// The last use of a key that was live before, if anybody holds it.
    pub(crate) fn last_use(&self, arn: &KeyArn) -> Option<Arc<LastUse>> {
        lock(&self.departed).get(arn)?.upgrade().filter(|usage| !usage.has_ended())
    }

    fn is_over(&self) -> bool {
        self.count.load(Ordering::Relaxed) > self.threshold.load(Ordering::Relaxed)
    }

    /// Some more than there are too many go at once, so that their last uses are saved together.
    fn surplus(&self) -> usize {
        (self.count().saturating_sub(self.bound) + self.together() - 1).min(EVICTED_TOGETHER)
    }

    fn together(&self) -> usize {
        (self.bound / PORTION).clamp(1, EVICTED_TOGETHER)
    }

    /// Moves the hand on to keys that were not touched since it came by, and takes them out of the ring.
    fn choose(&self, wanted: usize) -> Vec<Arc<KeyCell>> {
        let mut ring = lock(&self.ring);
        let mut chosen = Vec::with_capacity(wanted);
        for _ in 0..ring.len().saturating_mul(2).min(LOOKS) {
            if chosen.len() == wanted {
                break;
            }
            let Some(place) = ring.pop_front() else { break };
            match place.upgrade() {
                Some(cell) if cell.take_touch() => ring.push_back(place),
                Some(cell) => chosen.push(cell),
                None => {}
            }
        }
        chosen
    }

    /// Those that could not be evicted.
    fn keep(&self, cells: impl IntoIterator<Item = Arc<KeyCell>>) {
        lock(&self.ring).extend(cells.into_iter().map(|cell| Arc::downgrade(&cell)));
    }

    /// Waits for more keys before it tries again, because the store takes no last uses.
    fn wait(&self) {
        self.threshold.store(self.count().saturating_add(self.together()), Ordering::Relaxed);
    }

    /// Tries again.
    fn resume(&self) {
        self.threshold.store(self.bound, Ordering::Relaxed);
    }
}

impl Engine {
    /// Evicts keys if there are too many. The caller holds no view of the ledger; locks of keys, as around a sink that
    /// calls back, do not matter: nothing is waited for.
    pub(crate) fn evict_surplus(&self, now: Timestamp) {
        if !self.live.is_over() {
            return;
        }
        let _one_at_a_time = match self.live.evicting.try_lock() {
            Ok(guard) => guard,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return,
        };
        while self.live.is_over() {
            match self.evict(now) {
                Ok(0) => break,
                Ok(_) => self.live.resume(),
                Err(error) => {
                    self.live.wait();
                    tracing::warn!(%error, "keys stay in memory because their last uses could not be saved");
                }
            }
        }
    }

    /// The same after all last uses were saved.
    pub(crate) fn evict_all_surplus(&self, now: Timestamp) {
        self.live.resume();
        self.evict_surplus(now);
    }

    /// Evicts a portion, and tells how many places in the ring it has cleared. If last uses could not be saved, the keys
    /// with some stay.
    fn evict(&self, now: Timestamp) -> Result<usize, Error> {
        let chosen = self.live.choose(self.live.surplus());
        let mut set = LockSet::default();
        chosen.iter().for_each(|cell| self.locks.add_key(&mut set, &cell.load().arn));
        let held = self.locks.try_lock(set);
        let is_free = |cell: &Arc<KeyCell>| {
            let key = cell.load();
            let mut own = LockSet::default();
            self.locks.add_key(&mut own, &key.arn);
            held.cover(&own) && !key.grants.is_fading(now)
        };
        let wanted = chosen.len();
        let (free, mut kept): (Vec<_>, Vec<_>) = chosen.into_iter().partition(is_free);

        let used: Vec<KeyArn> =
            free.iter().map(|cell| cell.load()).filter(|key| key.usage.is_unsaved()).map(|key| key.arn).collect();
        let saved = self.save_uses_of_locked(&used);
        let (free, unsaved): (Vec<_>, Vec<_>) = free.into_iter().partition(|cell| !cell.load().usage.is_unsaved());
        kept.extend(unsaved);

        let regions = free.iter().map(|cell| self.region(cell.load().arn.region));
        let regions: Vec<Option<Arc<RegionState>>> = regions.map(Result::ok).collect();
        self.store.while_nobody_reads(|| {
            for (cell, region) in free.iter().zip(regions) {
                match region {
                    Some(region) if !cell.is_touched() => region.evict(cell),
                    _ => kept.push(Arc::clone(cell)),
                }
            }
        });
        let cleared = wanted - kept.len();
        self.live.keep(kept);
        saved.map(|()| cleared)
    }
}

impl fmt::Debug for LiveKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LiveKeys").field("bound", &self.bound).field("count", &self.count()).finish_non_exhaustive()
    }
}

/// A panic elsewhere leaves ring and table whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Some 300 MB: more keys than most instances have, and as much memory as a server can do without.
const DEFAULT_BOUND: usize = 100_000;
/// One of so many keys is evicted before there is need, so that evictions come in portions.
const PORTION: usize = 64;
/// Keys whose last uses go into one commit.
const EVICTED_TOGETHER: usize = 256;
/// Places that the hand passes in one round.
const LOOKS: usize = 10_000;
/// Places of keys that have left, before it is worth to look for them.
const SLACK: usize = 64;
