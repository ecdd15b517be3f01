//! Sinks from which the records of KMS can be left out altogether (AUD-42).

use std::borrow::Cow;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::build::{blank, from_caller};
use super::{AuditRecord, AuditSink, FieldValue, Fields, SinkError};
use crate::client::Client;
use crate::{Error, RequestId};

/// A sink from which all records of KMS can be excluded, and included again, while the instance runs.
///
/// What is missed meanwhile is lost. To exclude some operations and not others is not offered: who wants that asks the
/// full records. A sink that the host calls [mandatory](Self::mandatory) cannot be switched off.
///
/// ```
/// use std::sync::Arc;
///
/// use keystead::{Caller, ExcludableSink, Kms, MemorySink};
///
/// let sink = Arc::new(ExcludableSink::new(MemorySink::new(1000)));
/// let kms = Kms::builder().audit_sink(Arc::clone(&sink)).build()?;
/// let root = kms.client("us-west-2", Caller::account_root("111122223333")?)?;
///
/// root.put_event_selectors(&sink, &["kms.amazonaws.com"])?;
/// root.create_key().send()?;
/// root.put_event_selectors(&sink, &[])?;
///
/// let names: Vec<_> = sink.inner().records().iter().map(|record| record.event_name.to_string()).collect();
/// assert_eq!(names, ["PutEventSelectors", "PutEventSelectors"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct ExcludableSink<S> {
    sink: S,
    excluded: AtomicBool,
    is_mandatory: bool,
    /// Taken while it is switched.
    switching: Mutex<()>,
}

/// Why a sink was not switched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EventSelectorError {
    /// The caller named a source that is not KMS as a whole.
    #[error("`{0}` cannot be excluded: give `kms.amazonaws.com`, for all records of KMS, or nothing")]
    Source(String),
    /// The host calls the sink mandatory.
    #[error("the sink is mandatory: nothing can be excluded from it")]
    Mandatory,
    /// The sink did not take the record of the switch; nothing was switched.
    #[error(transparent)]
    Sink(#[from] SinkError),
    /// The entropy failed.
    #[error("{0}")]
    Failed(#[from] Error),
}

impl<S: AuditSink> ExcludableSink<S> {
    /// A sink that gets all records until they are excluded.
    pub fn new(sink: S) -> Self {
        Self { sink, excluded: AtomicBool::new(false), is_mandatory: false, switching: Mutex::default() }
    }

    /// A sink from which nothing can be excluded.
    pub fn mandatory(sink: S) -> Self {
        Self { is_mandatory: true, ..Self::new(sink) }
    }

    /// The sink inside.
    pub fn inner(&self) -> &S {
        &self.sink
    }

    /// Whether the records of KMS are left out at present.
    pub fn is_excluded(&self) -> bool {
        self.excluded.load(Ordering::SeqCst)
    }

    /// Switches, with a record of it in the sink. Nothing is recorded of a switch to what holds already.
    fn switch(
        &self,
        excluded: bool,
        record: impl FnOnce() -> Result<AuditRecord, Error>,
    ) -> Result<(), EventSelectorError> {
        let _one_at_a_time = self.switching.lock().unwrap_or_else(PoisonError::into_inner);
        if self.is_excluded() != excluded {
            self.sink.record(&Arc::new(record()?))?;
            self.excluded.store(excluded, Ordering::SeqCst);
        }
        Ok(())
    }
}

impl<S: AuditSink> AuditSink for ExcludableSink<S> {
    fn record(&self, record: &Arc<AuditRecord>) -> Result<(), SinkError> {
        if self.is_excluded() { Ok(()) } else { self.sink.record(record) }
    }
}

impl Client {
    /// Excludes the records of these event sources from a sink: `kms.amazonaws.com`, or none, which includes them again.
    /// The sink gets a record of the switch, `PutEventSelectors`, under the name of this caller. It is no operation of
    /// the API and asks for no permission; who may do it is for the host to say.
    ///
    /// # Errors
    /// [`EventSelectorError`]; then nothing has been switched.
    pub fn put_event_selectors<S: AuditSink>(
        &self,
        sink: &ExcludableSink<S>,
        excluded_sources: &[&str],
    ) -> Result<(), EventSelectorError> {
        if let Some(other) = excluded_sources.iter().find(|source| **source != KMS) {
            return Err(EventSelectorError::Source((*other).to_owned()));
        }
        let excluded = !excluded_sources.is_empty();
        if excluded && sink.is_mandatory {
            return Err(EventSelectorError::Mandatory);
        }
        sink.switch(excluded, || self.selector_record(excluded_sources))
    }

    fn selector_record(&self, excluded_sources: &[&str]) -> Result<AuditRecord, Error> {
        let (engine, region) = (self.engine(), self.region_state().region);
        let sources = excluded_sources.iter().map(|source| FieldValue::from(*source)).collect();
        let parameters = Fields::new().with("excludeManagementEventSources", FieldValue::List(sources));
        let request_id: RequestId = engine.new_request_id()?;
        let identity = Arc::clone(self.identity());
        let record = blank("PutEventSelectors", region, engine.now(), engine.new_uuid()?, identity);
        Ok(AuditRecord {
            event_source: Cow::Borrowed("cloudtrail.amazonaws.com"),
            request_parameters: Some(parameters),
            request_id: Some(*request_id.as_uuid()),
            event_type: Cow::Borrowed("AwsApiCall"),
            recipient_account_id: Some(self.account()),
            ..from_caller(record, self.caller())
        })
    }
}

impl<S> fmt::Debug for ExcludableSink<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExcludableSink").field("excluded", &self.excluded).finish_non_exhaustive()
    }
}

const KMS: &str = "kms.amazonaws.com";
