//! Counts requests: one atomic word per account, Region and quota (QUO-45).

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use keystead_hierarchy::Profile;
use keystead_types::{AccountId, KeyId, Region};
use smallvec::SmallVec;

use super::profile::{Admission, QuotaProfile};
use super::rate::{Rate, RequestQuota};
use super::status::RequestCounts;
use super::window::{FixedWindow, RETIRED, Refusal, TokenBucket};

/// The request quotas of an instance as they are used.
#[derive(Debug)]
pub(crate) struct Limiter {
    /// Whether any request can be refused: all that a call looks at otherwise.
    is_on: AtomicBool,
    buckets: papaya::HashMap<BucketId, Arc<Bucket>, foldhash::fast::RandomState>,
    /// So many buckets call for a look at which of them are idle.
    crowded_at: AtomicUsize,
    /// What evicted buckets have counted.
    past: Mutex<BTreeMap<RequestQuota, RequestCounts>>,
}

/// Whose requests of which kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct BucketId {
    pub(super) account: AccountId,
    pub(super) region: Region,
    /// What the Region uses; it decides on some rates.
    pub(super) profile: Profile,
    pub(super) quota: RequestQuota,
    /// The key whose state is changed.
    pub(super) key: Option<KeyId>,
}

/// What a call costs: units in buckets.
pub(crate) type Charges = SmallVec<[(BucketId, u32); 3]>;

/// What one bucket has counted.
#[derive(Debug, Default)]
struct Bucket {
    word: AtomicU64,
    /// Units admitted, but for those that the word tells.
    admitted: AtomicU64,
    refused: AtomicU64,
}

/// The rate of a bucket is reached. Tells how long to wait, unless waiting is in vain.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Throttled {
    pub(crate) retry_after: Option<Duration>,
}

impl Limiter {
    pub(crate) fn new(quotas: &QuotaProfile) -> Self {
        Self {
            is_on: AtomicBool::new(quotas.limits_requests()),
            buckets: papaya::HashMap::default(),
            crowded_at: AtomicUsize::new(CROWD),
            past: Mutex::default(),
        }
    }

    pub(crate) fn is_on(&self) -> bool {
        self.is_on.load(Ordering::Relaxed)
    }

    /// Takes all units or none (QUO-15).
    pub(crate) fn charge(&self, charges: &Charges, quotas: &QuotaProfile, now: Duration) -> Result<(), Throttled> {
        for (position, (id, units)) in charges.iter().enumerate() {
            if let Err(throttled) = self.take(id, *units, quotas, now) {
                self.give_back(&charges[..position], quotas);
                return Err(throttled);
            }
        }
        Ok(())
    }

    /// Undoes charges of a call that is refused after all: a throttled request is not charged (QUO-28).
    pub(crate) fn give_back(&self, charges: &[(BucketId, u32)], quotas: &QuotaProfile) {
        let buckets = self.buckets.pin();
        for (id, units) in charges {
            let (Some(rate), Some(bucket)) = (id.rate(quotas), buckets.get(id)) else { continue };
            match quotas.admission() {
                Admission::FixedWindow => FixedWindow::give_back(&bucket.word, *units),
                Admission::TokenBucket => {
                    TokenBucket::give_back(&bucket.word, rate, *units);
                    bucket.admitted.fetch_sub((*units).into(), Ordering::Relaxed);
                }
            }
        }
    }

    /// Goes over to other quotas, which are in force already. A higher rate begins a new interval, so that none admits
    /// more than was allowed when it began.
    pub(crate) fn replace(&self, former: &QuotaProfile, present: &QuotaProfile) {
        self.is_on.store(present.limits_requests(), Ordering::Relaxed);
        let counted_alike = former.admission() == present.admission();
        for (id, bucket) in &self.buckets.pin() {
            let is_raised = match (id.rate(former), id.rate(present)) {
                (Some(former), Some(present)) => present.is_above(former),
                (before, after) => before.is_some() != after.is_some(),
            };
            if !counted_alike || (is_raised && former.admission() == Admission::FixedWindow) {
                bucket.reset(former.admission());
            }
        }
    }

    /// What has become of the requests of one account and Region, and the units taken in the present interval.
    pub(super) fn counts(&self, id: &BucketId, quotas: &QuotaProfile, now: Duration) -> (RequestCounts, u64) {
        let buckets = self.buckets.pin();
        let Some(bucket) = buckets.get(id) else { return Default::default() };
        let word = bucket.word.load(Ordering::Relaxed);
        let taken = id.rate(quotas).map_or(0, |rate| match quotas.admission() {
            Admission::FixedWindow => FixedWindow::taken(word, rate, now),
            Admission::TokenBucket => TokenBucket::taken(word, rate, now),
        });
        (bucket.counts(quotas.admission()), taken.into())
    }

    /// What has become of all requests, by quota.
    pub(crate) fn totals(&self, quotas: &QuotaProfile) -> BTreeMap<RequestQuota, RequestCounts> {
        let mut totals = self.past().clone();
        for (id, bucket) in &self.buckets.pin() {
            *totals.entry(id.quota).or_default() += bucket.counts(quotas.admission());
        }
        totals
    }

    /// Forgets buckets that are as good as new.
    pub(crate) fn evict(&self, quotas: &QuotaProfile, now: Duration) {
        let buckets = self.buckets.pin();
        for (id, bucket) in &buckets {
            let word = bucket.word.load(Ordering::Relaxed);
            let is_idle = id.rate(quotas).is_none_or(|rate| match quotas.admission() {
                Admission::FixedWindow => FixedWindow::is_idle(word, rate, now),
                Admission::TokenBucket => TokenBucket::is_idle(word, now),
            });
            // Whoever has found the bucket before finds it out of use now, and looks for its successor.
            if is_idle && bucket.word.compare_exchange(word, RETIRED, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
                let mut counts = bucket.counts(quotas.admission());
                if quotas.admission() == Admission::FixedWindow {
                    counts.admitted += u64::from(FixedWindow::count(word));
                }
                *self.past().entry(id.quota).or_default() += counts;
                let _ = buckets.remove_if(id, |_, found| Arc::ptr_eq(found, bucket));
            }
        }
        self.crowded_at.store((2 * buckets.len()).max(CROWD), Ordering::Relaxed);
    }

    fn take(&self, id: &BucketId, units: u32, quotas: &QuotaProfile, now: Duration) -> Result<(), Throttled> {
        let Some(rate) = id.rate(quotas) else { return Ok(()) };
        loop {
            let buckets = self.buckets.pin();
            let bucket = match buckets.get(id) {
                Some(bucket) => bucket,
                None => {
                    if buckets.len() >= self.crowded_at.load(Ordering::Relaxed) {
                        self.evict(quotas, now);
                    }
                    buckets.get_or_insert_with(*id, Arc::default)
                }
            };
            match bucket.take(rate, quotas.admission(), now, units) {
                Ok(()) => return Ok(()),
                Err(Refusal::Short(retry_after)) => return Err(Throttled { retry_after }),
                // It may not be out of the map yet.
                Err(Refusal::Retired) => {
                    let _ = buckets.remove_if(id, |_, found| Arc::ptr_eq(found, bucket));
                }
            }
        }
    }

    fn past(&self) -> MutexGuard<'_, BTreeMap<RequestQuota, RequestCounts>> {
        self.past.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Bucket {
    fn take(&self, rate: Rate, admission: Admission, now: Duration, units: u32) -> Result<(), Refusal> {
        let taken = match admission {
            // What the word counted is added up when its interval is over: one atomic operation per request.
            Admission::FixedWindow => FixedWindow::take(&self.word, rate, now, units),
            Admission::TokenBucket => TokenBucket::take(&self.word, rate, now, units).map(|()| units),
        };
        match taken {
            Ok(0) => Ok(()),
            Ok(counted) => {
                self.admitted.fetch_add(counted.into(), Ordering::Relaxed);
                Ok(())
            }
            Err(refusal) => {
                if let Refusal::Short(_) = refusal {
                    self.refused.fetch_add(1, Ordering::Relaxed);
                }
                Err(refusal)
            }
        }
    }

    fn counts(&self, admission: Admission) -> RequestCounts {
        let present = match admission {
            Admission::FixedWindow => FixedWindow::count(self.word.load(Ordering::Relaxed)).into(),
            Admission::TokenBucket => 0,
        };
        RequestCounts {
            admitted: self.admitted.load(Ordering::Relaxed) + present,
            refused: self.refused.load(Ordering::Relaxed),
        }
    }

    fn reset(&self, admission: Admission) {
        let former =
            self.word.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |word| (word != RETIRED).then_some(0));
        if let (Ok(word), Admission::FixedWindow) = (former, admission) {
            self.admitted.fetch_add(FixedWindow::count(word).into(), Ordering::Relaxed);
        }
    }
}

impl BucketId {
    pub(super) fn rate(&self, quotas: &QuotaProfile) -> Option<Rate> {
        quotas.rate(self.quota, self.region, self.account, self.profile)
    }
}

/// So few buckets are never looked through.
const CROWD: usize = 1024;
