//! Audit: one record per call and receiving account, in the exact shape of chapter 12.

mod build;
mod chain;
mod exclusion;
mod fields;
mod identity;
mod record;
mod sink;

pub(crate) use build::{AuditExtras, Draft, Elsewhere, ServiceEvent};
pub use chain::{ChainError, ChainHead, HashChainSink, verify_audit_chain};
pub use exclusion::{EventSelectorError, ExcludableSink};
pub use fields::{FieldValue, Fields};
pub use identity::{SessionAttributes, SessionContext, SessionIssuer, UserIdentity};
pub use record::{AuditRecord, ResourceEntry, TlsDetails};
pub(crate) use sink::Router;
pub use sink::{AuditMode, AuditQuery, AuditSink, CallbackSink, JsonLinesSink, MemorySink, SinkError};
