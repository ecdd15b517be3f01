//! When keys were last used (STA-102, API-123).
//!
//! A use is noted beside the live form of the key, in memory, and saved by the sweep, by the call that finds the last
//! save an hour old, and when the instance is dropped. The keys with unsaved uses stand in a list, so that a sweep costs
//! what there is to save and not what there is. What a crash loses are therefore the uses of an hour at most, of keys in
//! steady use or of an instance that is swept.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, TryLockError};
use std::time::Duration;

use keystead_store::{Batch, Expect};
use keystead_types::{KeyArn, Timestamp};

use crate::Error;
use crate::catalogue::Row;
use crate::engine::{Engine, internal, storage};
use crate::record::{self, RECORD_FORMAT, UsageRecord};
use crate::records::RecordError;
use crate::region::LockSet;

/// One use of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KeyUse {
    pub(crate) at: Timestamp,
    /// The API name of the operation.
    pub(crate) operation: &'static str,
    /// The record of the use in the account of the key's owner, if anybody listens.
    pub(crate) event_id: Option<uuid::Uuid>,
    pub(crate) request_id: uuid::Uuid,
}

/// The last use of one key.
///
/// A key begins with one place to note uses. The first two threads that meet there make it several, one for each thread,
/// so that they do not share a cache line from then on.
pub(crate) struct LastUse {
    place: Place,
    stripes: OnceLock<Box<[Stripe; STRIPES]>>,
    /// The instant of the first use that is not saved yet; [`NONE`] if all are.
    unsaved_since: AtomicI64,
    /// Whether the key was deleted.
    ended: AtomicBool,
}

/// What there is to do after a use was noted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Noted {
    /// The key has unsaved uses from now on.
    FirstUnsaved,
    /// The oldest unsaved use is an hour old.
    SaveIsDue,
    /// Nothing yet.
    Later,
}

/// The keys with unsaved uses, whether or not they are live.
#[derive(Debug, Default)]
pub(crate) struct UnsavedKeys(Mutex<HashMap<KeyArn, Arc<LastUse>>>);

impl UnsavedKeys {
    pub(crate) fn add(&self, key: KeyArn, usage: &Arc<LastUse>) {
        if !usage.has_ended() {
            self.lock().insert(key, Arc::clone(usage));
        }
    }

    fn remove(&self, key: &KeyArn) -> Option<Arc<LastUse>> {
        self.lock().remove(key)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<KeyArn, Arc<LastUse>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

type Place = Mutex<Option<KeyUse>>;

/// A place on cache lines of its own.
#[derive(Default)]
#[repr(align(128))]
struct Stripe(Place);

impl LastUse {
    /// As it was saved.
    pub(crate) fn saved(last: Option<KeyUse>) -> Self {
        Self {
            place: Mutex::new(last),
            stripes: OnceLock::new(),
            unsaved_since: AtomicI64::new(NONE),
            ended: AtomicBool::new(false),
        }
    }

    /// Notes a use.
    pub(crate) fn note(&self, used: KeyUse) -> Noted {
        let mut place = self.own_place();
        if place.is_none_or(|known| known.at <= used.at) {
            *place = Some(used);
        }
        drop(place);
        let at = used.at.as_millis();
        match self.unsaved_since.load(Ordering::Relaxed) {
            NONE => {
                self.unsaved_since.store(at, Ordering::Relaxed);
                Noted::FirstUnsaved
            }
            since if at.saturating_sub(since) >= SAVE_AFTER.as_millis() as i64 => Noted::SaveIsDue,
            _ => Noted::Later,
        }
    }

    /// The last use, if there was one.
    pub(crate) fn get(&self) -> Option<KeyUse> {
        let stripes = self.stripes.get().into_iter().flat_map(|stripes| stripes.iter().map(|stripe| &stripe.0));
        // Of two uses in the same instant, the one in a stripe came later.
        std::iter::once(&self.place).chain(stripes).filter_map(|place| *lock(place)).max_by_key(|used| used.at)
    }

    /// How long the key has not been used, at least: since its creation if it never was (CND-122).
    pub(crate) fn days_without(&self, created: Timestamp, now: Timestamp) -> u64 {
        let since = self.get().map_or(created, |used| used.at.max(created));
        now.duration_since(since).as_secs() / SECONDS_PER_DAY
    }

    /// The key is deleted: whoever still uses it leaves nothing to save.
    pub(crate) fn end(&self) {
        self.ended.store(true, Ordering::Release);
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }

    /// Whether there are uses that are not saved.
    pub(crate) fn is_unsaved(&self) -> bool {
        self.unsaved_since.load(Ordering::Acquire) != NONE && !self.has_ended()
    }

    /// The last use, if it is not saved. From here on it counts as saved.
    fn take_unsaved(&self) -> Option<KeyUse> {
        (self.unsaved_since.swap(NONE, Ordering::AcqRel) != NONE).then(|| self.get()).flatten()
    }

    /// It could not be saved after all.
    fn keep_unsaved(&self, used: KeyUse) {
        let _ = self.unsaved_since.compare_exchange(NONE, used.at.as_millis(), Ordering::AcqRel, Ordering::Relaxed);
    }

    fn own_place(&self) -> MutexGuard<'_, Option<KeyUse>> {
        thread_local!(static STRIPE: usize = {
            static NEXT: AtomicUsize = AtomicUsize::new(0);
            NEXT.fetch_add(1, Ordering::Relaxed) % STRIPES
        });
        let stripes = match self.stripes.get() {
            Some(stripes) => stripes,
            None => match self.place.try_lock() {
                Ok(place) => return place,
                Err(TryLockError::Poisoned(poisoned)) => return poisoned.into_inner(),
                Err(TryLockError::WouldBlock) => self.stripes.get_or_init(Box::default),
            },
        };
        lock(&stripes[STRIPE.with(|stripe| *stripe)].0)
    }
}

impl Engine {
    /// Saves the uses of every key.
    pub(crate) fn save_all_uses(&self) -> Result<(), Error> {
        let keys: Vec<KeyArn> = self.unsaved.lock().keys().copied().collect();
        keys.chunks(SAVED_TOGETHER).try_for_each(|keys| self.save_uses(keys))
    }

    /// Saves the uses of some keys in one commit.
    pub(crate) fn save_uses(&self, keys: &[KeyArn]) -> Result<(), Error> {
        let mut set = LockSet::default();
        keys.iter().for_each(|arn| self.locks.add_key(&mut set, arn));
        let _held = self.locks.lock(set);
        self.save_uses_of_locked(keys)
    }

    /// The same. The caller has the keys locked: one that is deleted meanwhile must not leave a record behind.
    pub(crate) fn save_uses_of_locked(&self, keys: &[KeyArn]) -> Result<(), Error> {
        let exist = keys.iter().map(|arn| self.exists(arn)).collect::<Result<Vec<_>, _>>()?;
        let mut saved = Vec::with_capacity(keys.len());
        for (arn, exists) in keys.iter().zip(exist) {
            // First: a use that is noted from here on is saved now or puts the key into the list again.
            let usage = self.unsaved.remove(arn).filter(|usage| exists && !usage.has_ended());
            let Some(usage) = usage else { continue };
            if let Some(used) = usage.take_unsaved() {
                saved.push((*arn, usage, used));
            }
        }
        self.write_uses(&saved).inspect_err(|_| {
            for (arn, usage, used) in &saved {
                usage.keep_unsaved(*used);
                self.unsaved.add(*arn, usage);
            }
        })
    }

    fn write_uses(&self, uses: &[(KeyArn, Arc<LastUse>, KeyUse)]) -> Result<(), Error> {
        if uses.is_empty() {
            return Ok(());
        }
        let mut batch = Batch::new();
        for (arn, _, used) in uses {
            batch.put(record::usage_key(arn), record::encode(&UsageRecord::of(used))?, Expect::Any);
        }
        self.store.commit(batch).map(drop).map_err(|error| internal("storage", error))
    }

    fn exists(&self, arn: &KeyArn) -> Result<bool, Error> {
        if self.region(arn.region)?.has_live_key(arn) {
            return Ok(true);
        }
        match self.store.get(&record::key_key(arn)) {
            Ok(found) => Ok(found.is_some()),
            Err(RecordError::Altered) => Ok(true),
            Err(error) => Err(storage(error)),
        }
    }
}

/// What is known of uses outlives the instance.
impl Drop for Engine {
    fn drop(&mut self) {
        if let Err(error) = self.save_all_uses() {
            tracing::warn!(%error, "the last uses of keys could not be saved");
        }
    }
}

impl UsageRecord {
    fn of(used: &KeyUse) -> Self {
        Self {
            format: RECORD_FORMAT,
            at: used.at,
            operation: used.operation.into(),
            event_id: used.event_id,
            request_id: used.request_id,
        }
    }

    /// The use, if the operation is one that this version knows.
    pub(crate) fn into_use(self) -> Option<KeyUse> {
        let operation = Row::find(&self.operation)?.name;
        Some(KeyUse { at: self.at, operation, event_id: self.event_id, request_id: self.request_id })
    }
}

impl Default for LastUse {
    fn default() -> Self {
        Self::saved(None)
    }
}

impl fmt::Debug for LastUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LastUse").field(&self.get()).finish()
    }
}

/// A panic elsewhere leaves no use half written.
fn lock(place: &Place) -> MutexGuard<'_, Option<KeyUse>> {
    place.lock().unwrap_or_else(PoisonError::into_inner)
}

/// No use is unsaved.
const NONE: i64 = i64::MAX;
/// Uses are saved when the first of them is this old.
const SAVE_AFTER: Duration = Duration::from_secs(3600);
/// Keys whose uses go into one commit.
const SAVED_TOGETHER: usize = 256;
/// Places of a key in demand; more threads share them.
const STRIPES: usize = 16;
const SECONDS_PER_DAY: u64 = 86_400;

#[cfg(test)]
mod tests {
    use super::*;

    fn used(millis: i64) -> KeyUse {
        KeyUse {
            at: Timestamp::from_millis(millis).unwrap_or(Timestamp::UNIX_EPOCH),
            operation: "Encrypt",
            event_id: None,
            request_id: uuid::Uuid::from_u128(millis as u128),
        }
    }

    #[test]
    fn threads_that_meet_lose_no_use() {
        let usage = LastUse::default();
        let busy = lock(&usage.place);
        std::thread::scope(|scope| {
            for thread in 1..=8 {
                let usage = &usage;
                scope.spawn(move || {
                    (0..100).for_each(|round| {
                        usage.note(used(round * 10 + thread));
                    })
                });
            }
        });
        drop(busy);
        assert!(usage.stripes.get().is_some());
        assert_eq!(usage.get(), Some(used(998)));
        usage.note(used(5));
        assert_eq!(usage.get(), Some(used(998)), "an older use does not replace a newer one");
    }

    #[test]
    fn a_save_is_due_after_an_hour() {
        let usage = LastUse::default();
        assert_eq!(usage.note(used(0)), Noted::FirstUnsaved);
        assert_eq!(usage.note(used(3_599_999)), Noted::Later);
        assert_eq!(usage.note(used(3_600_000)), Noted::SaveIsDue);
        assert_eq!(usage.take_unsaved(), Some(used(3_600_000)));
        assert_eq!(usage.take_unsaved(), None);
        usage.keep_unsaved(used(3_600_000));
        assert_eq!(usage.take_unsaved(), Some(used(3_600_000)));
    }
}
