//! Counts calls and how long they take, by operation and outcome.
//!
//! Threads count in stripes of their own, so that they do not wait for each other; a snapshot adds up.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::DataPoint;
use crate::Kms;
use crate::catalogue::{Row, operations};
use crate::engine::Engine;
use crate::quota::{RequestCounts, RequestQuota};

/// What an instance has done since it was built. Made by [`Kms::metrics`].
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Metrics {
    /// Operations that were called, in alphabetical order.
    pub operations: Vec<OperationMetrics>,
    /// What has become of requests that a rate limits, by quota (QUO-44).
    pub requests: BTreeMap<RequestQuota, RequestCounts>,
    /// Audit records that best-effort sinks have lost.
    pub audit_failures: u64,
    /// Lifecycle events that the event sink has refused and nobody offers again (AUD-46).
    pub event_failures: u64,
    /// What the gauges showed at the latest sweep that looked at them, once a minute at most (AUD-53). They are looked
    /// at only if the instance counts its calls or has a [`MetricSink`](crate::MetricSink).
    pub gauges: Vec<DataPoint>,
}

/// The calls of one operation.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct OperationMetrics {
    /// The API name, such as `Encrypt`.
    pub operation: &'static str,
    /// How long successful calls took.
    pub succeeded: Latencies,
    /// How long failed calls took.
    pub failed: Latencies,
    /// Failed calls by the name of their exception.
    pub errors: BTreeMap<&'static str, u64>,
}

/// How long calls took, by the monotonic clock of the host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Latencies {
    /// Calls.
    pub count: u64,
    /// The time of all calls together.
    pub total: Duration,
    /// Calls below 1 µs, below 2 µs, below 4 µs and so on; the last entry has all others.
    pub histogram: [u64; SLOTS],
}

/// Counts the calls of an instance.
pub(crate) struct Meter {
    stripes: Box<[Stripe]>,
    /// Failures are rare enough to meet at a lock.
    errors: Mutex<BTreeMap<(usize, &'static str), u64>>,
}

#[repr(align(128))]
struct Stripe(Box<[[Counter; 2]]>);

#[derive(Default)]
struct Counter {
    nanos: AtomicU64,
    slots: [AtomicU64; SLOTS],
}

impl Meter {
    pub(crate) fn new() -> Self {
        let stripe = |_| Stripe(operations().iter().map(|_| Default::default()).collect());
        Self { stripes: (0..STRIPES).map(stripe).collect(), errors: Mutex::default() }
    }

    /// Counts one call; `error` is the name of its exception.
    pub(crate) fn count(&self, row: &'static Row, took: Duration, error: Option<&'static str>) {
        thread_local!(static STRIPE: usize = {
            static NEXT: AtomicUsize = AtomicUsize::new(0);
            NEXT.fetch_add(1, Ordering::Relaxed) % STRIPES
        });
        let Some(operation) = operations().iter().position(|known| std::ptr::eq(*known, row)) else { return };
        let counter = &self.stripes[STRIPE.with(|stripe| *stripe)].0[operation][usize::from(error.is_some())];
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        counter.nanos.fetch_add(nanos, Ordering::Relaxed);
        counter.slots[slot(nanos)].fetch_add(1, Ordering::Relaxed);
        if let Some(code) = error {
            *self.errors.lock().unwrap_or_else(PoisonError::into_inner).entry((operation, code)).or_default() += 1;
        }
    }

    fn operations(&self) -> Vec<OperationMetrics> {
        let errors = self.errors.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let of_operation = |(index, row): (usize, &&'static Row)| {
            let errors = errors.range((index, "")..(index + 1, "")).map(|((_, code), count)| (*code, *count));
            OperationMetrics {
                operation: row.name(),
                succeeded: self.latencies(index, 0),
                failed: self.latencies(index, 1),
                errors: errors.collect(),
            }
        };
        let called = operations().iter().enumerate().map(of_operation);
        called.filter(|metrics| metrics.succeeded.count + metrics.failed.count > 0).collect()
    }

    fn latencies(&self, operation: usize, outcome: usize) -> Latencies {
        let mut sum = Latencies::default();
        for counter in self.stripes.iter().map(|stripe| &stripe.0[operation][outcome]) {
            sum.total += Duration::from_nanos(counter.nanos.load(Ordering::Relaxed));
            for (slot, count) in sum.histogram.iter_mut().zip(&counter.slots) {
                *slot += count.load(Ordering::Relaxed);
            }
        }
        sum.count = sum.histogram.iter().sum();
        sum
    }
}

impl Latencies {
    /// The mean; zero without calls.
    pub fn mean(&self) -> Duration {
        let nanos = self.total.as_nanos().checked_div(self.count.into()).unwrap_or_default();
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// A time that this share of the calls stayed below, such as 0.99; the histogram tells it to a factor of two.
    /// `None` without calls, or if it is among the longest, which are not told apart.
    pub fn quantile(&self, share: f64) -> Option<Duration> {
        let wanted = ((self.count as f64 * share).ceil() as u64).clamp(1, self.count.max(1));
        let mut below = 0;
        let slot = self.histogram.iter().take(SLOTS - 1).position(|count| {
            below += count;
            below >= wanted
        })?;
        Some(Duration::from_micros(1 << slot))
    }
}

impl Kms {
    /// What the instance has done. Calls are counted only if it was built [with metrics](crate::KmsBuilder::metrics).
    pub fn metrics(&self) -> Metrics {
        self.engine.metrics()
    }
}

impl Engine {
    pub(crate) fn metrics(&self) -> Metrics {
        Metrics {
            operations: self.meter.as_ref().map(Meter::operations).unwrap_or_default(),
            requests: self.limiter.totals(&self.quotas()),
            audit_failures: self.audit.failures(),
            event_failures: self.event_failures.load(Ordering::Relaxed),
            gauges: self.gauges.latest(),
        }
    }
}

impl fmt::Debug for Meter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Meter").finish_non_exhaustive()
    }
}

/// The slot of the histogram: that of the next power of two in microseconds.
fn slot(nanos: u64) -> usize {
    let micros = nanos / 1000;
    ((u64::BITS - micros.leading_zeros()) as usize).min(SLOTS - 1)
}

/// Up to four seconds; then come all others.
const SLOTS: usize = 24;
/// Threads that count without meeting another.
const STRIPES: usize = 16;
