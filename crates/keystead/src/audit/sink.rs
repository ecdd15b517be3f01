//! Where records go.

use std::collections::VecDeque;
use std::fmt;
use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use keystead_types::Timestamp;

use super::AuditRecord;

/// Receives audit records, in completion order (AUD-07).
///
/// A sink may be handed the same record again after a crash; `event_id` tells.
pub trait AuditSink: Send + Sync + 'static {
    /// Takes one record. In mode [`AuditMode::Required`] the caller of the operation waits for it.
    ///
    /// # Errors
    /// [`SinkError`] when the record could not be kept.
    fn record(&self, record: &Arc<AuditRecord>) -> Result<(), SinkError>;
}

/// A sink could not keep a record.
#[derive(Debug, thiserror::Error)]
#[error("the audit sink refused the record: {0}")]
pub struct SinkError(#[source] Box<dyn std::error::Error + Send + Sync>);

impl SinkError {
    /// Wraps the cause.
    pub fn new(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(cause.into())
    }
}

/// What a failing sink means for the call (AUD-06).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuditMode {
    /// The call fails with `KMSInternalException`; nothing is changed or released. The default for installed sinks.
    Required,
    /// The failure is counted, the call goes on.
    BestEffort,
}

/// Keeps the latest records in memory, to be queried.
///
/// Records are spread over several rings by thread, so that callers do not wait for each other.
pub struct MemorySink {
    rings: Vec<Mutex<Ring>>,
    per_ring: usize,
    order: AtomicU64,
}

impl MemorySink {
    /// A sink that keeps about `capacity` records; the oldest go first.
    pub fn new(capacity: usize) -> Self {
        let rings = (0..RINGS).map(|_| Mutex::default()).collect();
        Self { rings, per_ring: capacity.max(1), order: AtomicU64::new(0) }
    }

    /// All records kept, oldest first.
    pub fn records(&self) -> Vec<Arc<AuditRecord>> {
        let mut found: Vec<_> =
            self.rings.iter().flat_map(|ring| lock(ring).iter().cloned().collect::<Vec<_>>()).collect();
        found.sort_by_key(|(order, _)| *order);
        let surplus = found.len().saturating_sub(self.per_ring);
        found.drain(..surplus);
        found.into_iter().map(|(_, record)| record).collect()
    }

    /// The records that fit, newest first (AUD-40).
    pub fn query(&self, query: &AuditQuery) -> Vec<Arc<AuditRecord>> {
        let mut found: Vec<_> = self.records().into_iter().filter(|record| query.fits(record)).collect();
        found.reverse();
        found
    }

    /// Forgets all records.
    pub fn clear(&self) {
        for ring in &self.rings {
            lock(ring).clear();
        }
    }
}

impl AuditSink for MemorySink {
    fn record(&self, record: &Arc<AuditRecord>) -> Result<(), SinkError> {
        thread_local!(static RING: usize = {
            static NEXT: AtomicU64 = AtomicU64::new(0);
            NEXT.fetch_add(1, Ordering::Relaxed) as usize % RINGS
        });
        let order = self.order.fetch_add(1, Ordering::Relaxed);
        let mut ring = lock(&self.rings[RING.with(|ring| *ring)]);
        if ring.len() == self.per_ring {
            ring.pop_front();
        }
        ring.push_back((order, Arc::clone(record)));
        Ok(())
    }
}

impl fmt::Debug for MemorySink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemorySink").field("capacity", &self.per_ring).finish_non_exhaustive()
    }
}

/// Records with their place in the order of arrival.
type Ring = VecDeque<(u64, Arc<AuditRecord>)>;

/// What to look for in a [`MemorySink`]. Empty fields match everything (AUD-40).
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct AuditQuery {
    /// Exact event name.
    pub event_name: Option<String>,
    /// Exact user name.
    pub user_name: Option<String>,
    /// Exact event source.
    pub event_source: Option<String>,
    /// Exact resource type.
    pub resource_type: Option<String>,
    /// Resource ARN, or the key ID at its end.
    pub resource_name: Option<String>,
    /// Exact event ID.
    pub event_id: Option<uuid::Uuid>,
    /// Exact access key ID.
    pub access_key_id: Option<String>,
    /// The read-only flag.
    pub read_only: Option<bool>,
    /// Not before.
    pub from: Option<Timestamp>,
    /// Not after.
    pub until: Option<Timestamp>,
}

impl AuditQuery {
    /// Everything.
    pub fn new() -> Self {
        Self::default()
    }

    /// Records of one operation or internal action.
    #[must_use]
    pub fn event_name(mut self, name: impl Into<String>) -> Self {
        self.event_name = Some(name.into());
        self
    }

    /// Records that concern a key, by key ARN or key ID.
    #[must_use]
    pub fn resource_name(mut self, name: impl Into<String>) -> Self {
        self.resource_name = Some(name.into());
        self
    }

    fn fits(&self, record: &AuditRecord) -> bool {
        let is =
            |wanted: &Option<String>, found: Option<&str>| wanted.as_deref().is_none_or(|wanted| Some(wanted) == found);
        let identity = &record.user_identity;
        let mut resources = record.resources.iter().flatten();
        is(&self.event_name, Some(&record.event_name))
            && is(&self.event_source, Some(&record.event_source))
            && is(&self.user_name, identity.user_name.as_deref())
            && is(&self.access_key_id, identity.access_key_id.as_deref())
            && self.resource_type.as_deref().is_none_or(|wanted| resources.clone().any(|entry| entry.kind == wanted))
            && self.resource_name.as_deref().is_none_or(|wanted| {
                resources.any(|entry| entry.arn == wanted || entry.arn.ends_with(&format!("/{wanted}")))
            })
            && self.event_id.is_none_or(|wanted| wanted == record.event_id)
            && self.read_only.is_none_or(|wanted| wanted == record.read_only)
            && self.from.is_none_or(|from| from <= record.event_time)
            && self.until.is_none_or(|until| record.event_time <= until)
    }
}

/// Writes one JSON object per line.
pub struct JsonLinesSink<W> {
    writer: Mutex<W>,
}

impl<W: Write + Send + 'static> JsonLinesSink<W> {
    /// A sink that writes to `writer` and flushes after each record.
    pub fn new(writer: W) -> Self {
        Self { writer: Mutex::new(writer) }
    }

    /// Gives the writer back.
    pub fn into_inner(self) -> W {
        self.writer.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<W: Write + Send + 'static> AuditSink for JsonLinesSink<W> {
    fn record(&self, record: &Arc<AuditRecord>) -> Result<(), SinkError> {
        let mut line = record.to_json();
        line.push('\n');
        let mut writer = lock(&self.writer);
        writer.write_all(line.as_bytes()).and_then(|()| writer.flush()).map_err(SinkError::new)
    }
}

/// Hands records to a function.
pub struct CallbackSink<F>(F);

impl<F> CallbackSink<F>
where
    F: Fn(&Arc<AuditRecord>) -> Result<(), SinkError> + Send + Sync + 'static,
{
    /// A sink that calls `callback` with each record.
    pub fn new(callback: F) -> Self {
        Self(callback)
    }
}

impl<F> AuditSink for CallbackSink<F>
where
    F: Fn(&Arc<AuditRecord>) -> Result<(), SinkError> + Send + Sync + 'static,
{
    fn record(&self, record: &Arc<AuditRecord>) -> Result<(), SinkError> {
        (self.0)(record)
    }
}

impl<S: AuditSink + ?Sized> AuditSink for Arc<S> {
    fn record(&self, record: &Arc<AuditRecord>) -> Result<(), SinkError> {
        self.as_ref().record(record)
    }
}

/// All sinks of an instance.
#[derive(Default)]
pub(crate) struct Router {
    sinks: Vec<(AuditMode, Box<dyn AuditSink>)>,
    failures: AtomicU64,
}

impl Router {
    pub(crate) fn add(&mut self, mode: AuditMode, sink: Box<dyn AuditSink>) {
        self.sinks.push((mode, sink));
    }

    /// Whether nobody listens, so that no record need be made.
    pub(crate) fn is_silent(&self) -> bool {
        self.sinks.is_empty()
    }

    /// Whether a failing sink fails the call.
    pub(crate) fn is_required(&self) -> bool {
        self.sinks.iter().any(|(mode, _)| *mode == AuditMode::Required)
    }

    /// Hands a record to every sink; required ones first, so that a failure releases nothing.
    pub(crate) fn deliver(&self, record: &Arc<AuditRecord>) -> Result<(), SinkError> {
        for (_, sink) in self.sinks.iter().filter(|(mode, _)| *mode == AuditMode::Required) {
            sink.record(record)?;
        }
        for (_, sink) in self.sinks.iter().filter(|(mode, _)| *mode == AuditMode::BestEffort) {
            if sink.record(record).is_err() {
                self.failures.fetch_add(1, Ordering::Relaxed);
            }
        }
        Ok(())
    }

    /// How many records best-effort sinks have lost.
    pub(crate) fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }
}

impl fmt::Debug for Router {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Router").field("sinks", &self.sinks.len()).finish_non_exhaustive()
    }
}

/// A panic of another thread inside a sink does not make its records unreadable.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Rings of a [`MemorySink`].
const RINGS: usize = 16;
