//! An embeddable key management system with the semantics of AWS KMS.
//!
//! A Rust service links Keystead and has, in its own process, what a cloud KMS does: logical keys with policies,
//! aliases, tags, states and rotation; encryption and data keys whose key material never leaves the library; an audit
//! record of every call.
//!
//! ```
//! use keystead::{Caller, Kms};
//!
//! let kms = Kms::in_memory();
//! let client = kms.client("us-west-2", Caller::account_root("111122223333")?)?;
//! let key = client.create_key().description("orders").send()?;
//! client.create_alias("alias/orders", &key.key_metadata.key_id).send()?;
//!
//! let sealed = client.encrypt("alias/orders", b"4111 1111 1111 1111").context("order", "42").send()?;
//! let opened = client.decrypt(&sealed.ciphertext_blob).context("order", "42").send()?;
//! assert_eq!(opened.expose(), b"4111 1111 1111 1111");
//!
//! let signing = client.create_key().key_spec("ECC_NIST_P256").key_usage("SIGN_VERIFY").send()?.key_metadata.key_id;
//! let signed = client.sign(signing, b"order 42").signing_algorithm("ECDSA_SHA_256").send()?;
//! client.verify(signing, b"order 42", &signed.signature).signing_algorithm("ECDSA_SHA_256").send()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Names are the KMS API's own, in Rust case: required members of a request are arguments, optional ones are set
//! fluently, `send` carries the call out. Every answer and every error knows its request ID.
//!
//! With feature `serde`, requests are read from the JSON of the API and responses are written as it; `keystead-aws` makes
//! the AWS JSON 1.1 protocol of them.
#![forbid(unsafe_code)]

mod access;
mod answer;
mod audit;
mod authorize;
mod backup;
mod builder;
mod caller;
pub mod catalogue;
mod client;
mod clock;
mod commit;
mod domain;
mod door;
mod engine;
pub mod envelope;
mod environment;
mod error;
mod events;
mod explain;
mod facts;
mod grant;
mod import;
mod instance;
#[cfg(feature = "serde")]
mod json;
mod kms;
mod ledger;
mod live;
mod maintenance;
mod managed;
mod material;
mod metrics;
pub mod operations;
mod outbox;
mod pagination;
mod policies;
mod quota;
mod recipient;
mod record;
mod records;
mod region;
mod related;
mod request;
mod resolve;
mod response;
mod rewrap;
mod root_replacement;
mod shape;
mod snapshot;
mod sync;
mod synchronize;
mod targets;
pub mod templates;
#[cfg(feature = "testing")]
pub mod testing;
mod transfer;
mod upkeep;
mod usage;
mod value;

pub use access::{KeyAccess, KeyOpening, OpeningSource, StatementRef};
pub use answer::{Answer, CallError, RequestId};
pub use audit::{
    AuditMode, AuditQuery, AuditRecord, AuditSink, CallbackSink, ChainError, ChainHead, EventSelectorError,
    ExcludableSink, FieldValue, Fields, HashChainSink, JsonLinesSink, MemorySink, ResourceEntry, SessionAttributes,
    SessionContext, SessionIssuer, SinkError, TlsDetails, UserIdentity, verify_audit_chain,
};
pub use backup::{BackupError, BackupSummary, RestoreError, restore_backup, restore_backup_with};
pub use builder::{BuildError, KmsBuilder};
pub use caller::{Caller, CallerError, compile_identity_policy};
pub use client::{Call, Client};
pub use clock::{Clock, ManualClock, SystemClock};
pub use domain::{DomainKeyStatus, DomainRotation};
pub use environment::ConditionValue;
pub use error::{Error, Fault, Message};
pub use events::{EventKind, EventSink, LifecycleEvent, MemoryEvents};
pub use explain::{CallExplanation, ClaimExplanation};
pub use grant::{GrantId, GrantOperation, GrantVisibilityDelay, InvalidGrantId};
pub use keystead_attestation as attestation;
pub use keystead_crypto as crypto;
pub use keystead_hierarchy as hierarchy;
pub use keystead_hierarchy::{
    EncryptionContext, EnvRootKey, EphemeralRootKey, FileRootKey, PassphraseRootKey, Profile, RootKey, RootKeyError,
};
pub use keystead_policy as policy;
pub use keystead_store as store;
pub use keystead_types as types;
pub use keystead_types::{AccountId, AliasArn, AliasName, KeyArn, KeyId, Partition, Region, Timestamp};
pub use kms::{ClientError, Kms, RegionConfig};
pub use maintenance::Sweep;
pub use managed::AwsManagedKey;
pub use material::MaterialCaching;
#[cfg(feature = "metrics")]
pub use metrics::FacadeMetrics;
pub use metrics::{
    DataPoint, Dimension, Latencies, MemoryMetrics, MetricName, MetricQuery, MetricSink, MetricUnit, Metrics,
    OperationMetrics, ProxyErrorType, ProxyHealth, Statistics,
};
pub use quota::{
    Admission, InvalidRate, KeyFamily, QuotaError, QuotaProfile, QuotaScope, QuotaStatus, Rate, RequestCounts,
    RequestQuota, ResourceQuota,
};
pub use records::RecordCheck;
pub use request::ApiRequest;
pub use root_replacement::replace_root_key;
pub use transfer::{TransferError, TransferRequest};
pub use value::{Blob, GrantConstraints, RecipientInfo, Tag, XksProxyAuthenticationCredential};
