//! What is said of a failure of the system: to the caller what to do, to the log of the host why.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fmt::{Debug, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use keystead::store::{Batch, CommitError, Entry, Key, Range, Revision, Snapshot, Store, StoreError};
use keystead::{AuditRecord, AuditSink, Caller, Kms, SinkError};
use keystead_memory::MemoryStore;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

const REASON: &str = "no space left on the device";

/// Spec: KEY-111
#[test]
fn the_cause_of_a_failure_is_for_the_log_and_advice_for_the_caller() {
    let disk = Arc::new(FullDisk { inner: MemoryStore::new(), is_full: AtomicBool::new(false) });
    let kms = Kms::builder().store(Arc::clone(&disk)).build().unwrap();
    let client = kms.client("us-west-2", Caller::account_root("111122223333").unwrap()).unwrap();
    let key = client.create_key().send().unwrap().key_metadata.key_id;
    disk.is_full.store(true, Ordering::Relaxed);
    type Act<'a> = &'a dyn Fn() -> keystead::Error;
    let acts: [(&str, Act<'_>); 3] = [
        ("commit failed and changed nothing", &|| client.disable_key(key).send().unwrap_err().into_error()),
        ("store failed", &|| client.list_keys().send().unwrap_err().into_error()),
        ("store failed", &|| kms.rotate_domain_key(client.region()).unwrap_err()),
    ];
    for (part, act) in acts {
        let log = Log::default();
        let error = tracing::subscriber::with_default(log.clone(), act);
        assert!(error.code() == "KMSInternalException" && error.is_retryable());
        let told = error.to_string();
        assert!(told.contains("storage: ") && told.contains("try again"), "{told}");
        assert!(!told.contains(REASON), "the caller is told of the disk of the host: {told}");
        let log = log.0.lock().unwrap();
        assert!(log.contains(part) && log.contains(REASON), "the log does not say why: {log}");
    }
}

/// Spec: AUD-06
#[test]
fn why_an_audit_sink_refuses_is_in_the_log() {
    struct Full;

    impl AuditSink for Full {
        fn record(&self, _: &Arc<AuditRecord>) -> Result<(), SinkError> {
            Err(SinkError::new(REASON))
        }
    }

    let kms = Kms::builder().audit_sink(Full).build().unwrap();
    let client = kms.client("us-west-2", Caller::account_root("111122223333").unwrap()).unwrap();
    let log = Log::default();
    let error = tracing::subscriber::with_default(log.clone(), || client.create_key().send().unwrap_err());
    assert_eq!(error.code(), "KMSInternalException");
    assert!(!error.message().contains(REASON), "{error}");
    let log = log.0.lock().unwrap();
    assert!(log.contains("refused") && log.contains(REASON), "the log does not say why: {log}");
    assert!(!log.contains(&format!("{REASON}: {REASON}")), "the log says it twice: {log}");
}

/// A store that, once it is full, fails as one on a disk does: for a reason that has a reason.
#[derive(Debug)]
struct FullDisk {
    inner: MemoryStore,
    is_full: AtomicBool,
}

#[derive(Debug, thiserror::Error)]
#[error("cannot write the file")]
struct DiskError(#[source] std::io::Error);

impl FullDisk {
    fn check(&self) -> Result<(), StoreError> {
        match self.is_full.load(Ordering::Relaxed) {
            true => Err(StoreError::Failed(Box::new(DiskError(std::io::Error::other(REASON))))),
            false => Ok(()),
        }
    }
}

impl Store for FullDisk {
    fn get(&self, key: &[u8]) -> Result<Option<Entry>, StoreError> {
        self.inner.get(key)
    }

    fn scan(&self, range: &Range, limit: usize) -> Result<Vec<(Key, Entry)>, StoreError> {
        self.check()?;
        self.inner.scan(range, limit)
    }

    fn commit(&self, batch: Batch) -> Result<Revision, CommitError> {
        self.check().map_err(CommitError::Failed)?;
        self.inner.commit(batch)
    }

    fn snapshot(&self) -> Result<Box<dyn Snapshot + '_>, StoreError> {
        self.check()?;
        self.inner.snapshot()
    }

    fn is_durable(&self) -> bool {
        false
    }
}

/// The errors that were logged.
#[derive(Clone, Debug, Default)]
struct Log(Arc<Mutex<String>>);

impl Visit for &Log {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        writeln!(self.0.lock().unwrap(), "{field}={value:?}").unwrap();
    }
}

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() == Level::ERROR
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        event.record(&mut &*self);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}
