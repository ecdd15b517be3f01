//! Lifecycle events in the shape of an event bus (AUD-44, STA-95).

use std::sync::{Arc, Mutex, PoisonError};

use keystead_types::{AccountId, KeyArn, KeyId, Region, Timestamp};
use serde::Serialize;

use crate::audit::SinkError;

/// What happened to a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EventKind {
    /// Key material was rotated. Best effort.
    Rotation,
    /// Imported key material expired and was deleted. Best effort.
    MaterialExpiration,
    /// The key was deleted at the end of its waiting period. Delivered at least once.
    Deletion,
}

/// One lifecycle event.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LifecycleEvent {
    /// Unique; a redelivered event bears the same.
    pub id: uuid::Uuid,
    /// What happened.
    pub kind: EventKind,
    /// The owner of the key.
    pub account: AccountId,
    /// When the event was made (RUL-22).
    pub time: Timestamp,
    /// The Region of the key.
    pub region: Region,
    /// The key.
    pub key_arn: KeyArn,
}

/// Receives lifecycle events.
pub trait EventSink: Send + Sync + 'static {
    /// Takes one event.
    ///
    /// # Errors
    /// [`SinkError`] when the event was not taken. A deletion event is offered again later, others are dropped.
    fn publish(&self, event: &LifecycleEvent) -> Result<(), SinkError>;
}

/// Keeps events in memory.
#[derive(Debug, Default)]
pub struct MemoryEvents(Mutex<Vec<LifecycleEvent>>);

impl MemoryEvents {
    /// No events yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The events so far, in order.
    pub fn events(&self) -> Vec<LifecycleEvent> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl EventSink for MemoryEvents {
    fn publish(&self, event: &LifecycleEvent) -> Result<(), SinkError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(event.clone());
        Ok(())
    }
}

impl<S: EventSink + ?Sized> EventSink for Arc<S> {
    fn publish(&self, event: &LifecycleEvent) -> Result<(), SinkError> {
        self.as_ref().publish(event)
    }
}

impl EventKind {
    /// The `detail-type` of the event.
    pub fn detail_type(self) -> &'static str {
        match self {
            Self::Rotation => "KMS CMK Rotation",
            Self::MaterialExpiration => "KMS Imported Key Material Expiration",
            Self::Deletion => "KMS CMK Deletion",
        }
    }

    fn from_detail_type(text: &str) -> Option<Self> {
        [Self::Rotation, Self::MaterialExpiration, Self::Deletion].into_iter().find(|kind| kind.detail_type() == text)
    }
}

impl LifecycleEvent {
    /// The JSON object that an event bus carries.
    pub fn to_json(&self) -> String {
        #[derive(Serialize)]
        struct Shape<'e> {
            version: &'static str,
            id: uuid::Uuid,
            #[serde(rename = "detail-type")]
            detail_type: &'static str,
            source: &'static str,
            account: AccountId,
            time: String,
            region: Region,
            resources: [&'e KeyArn; 1],
            detail: Detail,
        }
        #[derive(Serialize)]
        struct Detail {
            #[serde(rename = "key-id")]
            key_id: KeyId,
        }

        let shape = Shape {
            version: "0",
            id: self.id,
            detail_type: self.kind.detail_type(),
            source: "aws.kms",
            account: self.account,
            time: self.time.to_iso_seconds(),
            region: self.region,
            resources: [&self.key_arn],
            detail: Detail { key_id: self.key_arn.key_id },
        };
        // Texts only; nothing can fail.
        serde_json::to_string(&shape).unwrap_or_default()
    }

    /// Reads back what [`LifecycleEvent::to_json`] wrote.
    pub(crate) fn from_json(text: &[u8]) -> Option<Self> {
        let value: serde_json::Value = serde_json::from_slice(text).ok()?;
        let field = |name: &str| value.get(name)?.as_str();
        let key_arn: KeyArn = value.get("resources")?.get(0)?.as_str()?.parse().ok()?;
        Some(Self {
            id: field("id")?.parse().ok()?,
            kind: EventKind::from_detail_type(field("detail-type")?)?,
            account: field("account")?.parse().ok()?,
            time: field("time")?.parse::<jiff::Timestamp>().ok()?.into(),
            region: field("region")?.parse().ok()?,
            key_arn,
        })
    }
}
