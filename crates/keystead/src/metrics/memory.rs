//! Metrics kept in memory, to be asked.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use keystead_types::Timestamp;

use super::{DataPoint, Dimension, MetricName, MetricSink, ProxyErrorType};

/// Keeps metrics in memory: those of two weeks, unless the host wants more or less (AUD-53).
pub struct MemoryMetrics {
    points: Mutex<VecDeque<DataPoint>>,
    keep: Duration,
}

/// Which data points to look at; empty fields fit all.
#[derive(Clone, Debug)]
pub struct MetricQuery {
    name: MetricName,
    dimensions: Vec<(Dimension, String)>,
    from: Option<Timestamp>,
    until: Option<Timestamp>,
}

/// Data points summed up.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Statistics {
    /// How many they are.
    pub count: u64,
    /// All together.
    pub sum: f64,
    /// The least.
    pub minimum: f64,
    /// The greatest.
    pub maximum: f64,
}

/// How the proxy of a key store does (AUD-52).
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ProxyHealth {
    /// Requests to the proxy.
    pub requests: u64,
    /// The share, in percent, of requests that ended in success or a non-retryable error.
    pub reliability: f64,
    /// The exceptions, the most frequent first.
    pub exceptions: Vec<(String, u64)>,
    /// The mean latency in milliseconds by operation of the API and of the proxy.
    pub latencies: BTreeMap<(String, String), f64>,
}

impl MemoryMetrics {
    /// Keeps data points for two weeks.
    pub fn new() -> Self {
        Self::keeping(TWO_WEEKS)
    }

    /// Keeps data points for so long.
    pub fn keeping(keep: Duration) -> Self {
        Self { points: Mutex::default(), keep }
    }

    /// The data points that fit, in the order of their arrival.
    pub fn points(&self, query: &MetricQuery) -> Vec<DataPoint> {
        self.lock().iter().filter(|point| query.fits(point)).cloned().collect()
    }

    /// The data points that fit, summed up; `None` without any.
    pub fn statistics(&self, query: &MetricQuery) -> Option<Statistics> {
        let points = self.lock();
        let values = points.iter().filter(|point| query.fits(point)).map(|point| point.value);
        values.map(Statistics::of_one).reduce(Statistics::and)
    }

    /// How the proxy of a key store has done since an instant; `None` if nobody asked it anything.
    pub fn proxy_health(&self, custom_key_store_id: &str, since: Timestamp) -> Option<ProxyHealth> {
        let of_store = |name| MetricQuery::new(name).of(Dimension::CustomKeyStoreId, custom_key_store_id).from(since);
        let answers = self.points(&of_store(MetricName::XksProxyErrors));
        let requests = answers.len() as u64;
        if requests == 0 {
            return None;
        }
        let is_of =
            |point: &&DataPoint, kind: ProxyErrorType| point.dimension(Dimension::ErrorType) == Some(kind.as_str());
        let retryable = answers.iter().filter(|point| is_of(point, ProxyErrorType::Retryable)).count() as u64;
        let mut counts = BTreeMap::<String, u64>::new();
        for failed in answers.iter().filter(|point| !is_of(point, ProxyErrorType::NotApplicable)) {
            *counts.entry(failed.dimension(Dimension::ExceptionName).unwrap_or_default().to_owned()).or_default() += 1;
        }
        let mut exceptions: Vec<_> = counts.into_iter().collect();
        exceptions.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let mut latencies = BTreeMap::<_, Statistics>::new();
        for point in self.points(&of_store(MetricName::XksProxyLatency)) {
            let part = |dimension| point.dimension(dimension).unwrap_or_default().to_owned();
            let one = Statistics::of_one(point.value);
            let pair = (part(Dimension::KmsOperation), part(Dimension::XksOperation));
            latencies.entry(pair).and_modify(|sum| *sum = sum.and(one)).or_insert(one);
        }
        Some(ProxyHealth {
            requests,
            reliability: (requests - retryable) as f64 * 100.0 / requests as f64,
            exceptions,
            latencies: latencies.into_iter().map(|(pair, sum)| (pair, sum.average())).collect(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<DataPoint>> {
        self.points.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl MetricSink for MemoryMetrics {
    fn record(&self, point: &DataPoint) {
        let mut points = self.lock();
        let is_old = |old: &DataPoint| point.at.duration_since(old.at) > self.keep;
        while points.front().is_some_and(is_old) {
            points.pop_front();
        }
        points.push_back(point.clone());
    }
}

impl MetricQuery {
    /// All data points of a metric.
    pub fn new(name: MetricName) -> Self {
        Self { name, dimensions: Vec::new(), from: None, until: None }
    }

    /// Only with this value of a dimension. For `ErrorType`, `Retryable` and `Non-retryable` will do.
    #[must_use]
    pub fn of(mut self, dimension: Dimension, value: impl Into<String>) -> Self {
        let value = value.into();
        let short = ProxyErrorType::ALL.iter().find(|kind| kind.as_str().strip_suffix(" errors") == Some(&value));
        let value = match short {
            Some(kind) if dimension == Dimension::ErrorType => kind.as_str().to_owned(),
            _ => value,
        };
        self.dimensions.push((dimension, value));
        self
    }

    /// Not before.
    #[must_use]
    pub fn from(mut self, from: Timestamp) -> Self {
        self.from = Some(from);
        self
    }

    /// Not after.
    #[must_use]
    pub fn until(mut self, until: Timestamp) -> Self {
        self.until = Some(until);
        self
    }

    fn fits(&self, point: &DataPoint) -> bool {
        point.name == self.name
            && self.dimensions.iter().all(|(dimension, value)| point.dimension(*dimension) == Some(value))
            && self.from.is_none_or(|from| from <= point.at)
            && self.until.is_none_or(|until| point.at <= until)
    }
}

impl Statistics {
    /// The mean.
    pub fn average(&self) -> f64 {
        self.sum / self.count as f64
    }

    fn of_one(value: f64) -> Self {
        Self { count: 1, sum: value, minimum: value, maximum: value }
    }

    fn and(self, other: Self) -> Self {
        Self {
            count: self.count + other.count,
            sum: self.sum + other.sum,
            minimum: self.minimum.min(other.minimum),
            maximum: self.maximum.max(other.maximum),
        }
    }
}

impl Default for MemoryMetrics {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for MemoryMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryMetrics").field("points", &self.lock().len()).finish_non_exhaustive()
    }
}

const TWO_WEEKS: Duration = Duration::from_secs(14 * 86_400);
