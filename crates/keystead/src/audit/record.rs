//! The record.

use std::borrow::Cow;
use std::sync::Arc;

use keystead_types::{AccountId, Region, Timestamp};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Fields, UserIdentity};

/// One audit record (chapter 12, section 3). It serialises to the exact JSON object that the chapter lays down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AuditRecord {
    /// `1.11`.
    pub event_version: Cow<'static, str>,
    /// Who called.
    #[serde(with = "shared")]
    pub user_identity: Arc<UserIdentity>,
    /// When the call was complete, in whole seconds.
    #[serde(with = "iso_seconds")]
    pub event_time: Timestamp,
    /// `kms.amazonaws.com`.
    pub event_source: Cow<'static, str>,
    /// The operation, or the internal action.
    pub event_name: Cow<'static, str>,
    /// The Region of the call.
    pub aws_region: Region,
    /// From the caller; `in-process` if the host gave none.
    #[serde(rename = "sourceIPAddress")]
    pub source_ip_address: Cow<'static, str>,
    /// From the caller; `Keystead/<version>` if the host gave none.
    pub user_agent: Cow<'static, str>,
    /// The exception, on failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_code: Option<Cow<'static, str>>,
    /// Its text, unless empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_message: Option<Cow<'static, str>>,
    /// What the caller wrote, less what must not be recorded (AUD-17).
    pub request_parameters: Option<Fields>,
    /// What the answer said, where the table shows it; `null` on failure.
    pub response_elements: Option<Fields>,
    /// Facts in neither request nor response.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub additional_event_data: Option<Fields>,
    /// The ID of the call; absent for internal actions.
    #[serde(rename = "requestID", default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<uuid::Uuid>,
    /// The ID of this record. A record that is delivered twice bears it twice.
    #[serde(rename = "eventID")]
    pub event_id: uuid::Uuid,
    /// Whether the operation changes nothing; true for all cryptographic operations.
    pub read_only: bool,
    /// The keys and aliases concerned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<Vec<ResourceEntry>>,
    /// `AwsApiCall` or `AwsServiceEvent`.
    pub event_type: Cow<'static, str>,
    /// True.
    pub management_event: bool,
    /// The account whose trail receives this copy; absent for callers without account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipient_account_id: Option<AccountId>,
    /// `Management`.
    pub event_category: Cow<'static, str>,
    /// Details of internal actions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_event_details: Option<Fields>,
    /// The same in all copies of one call.
    #[serde(rename = "sharedEventID", default, skip_serializing_if = "Option::is_none")]
    pub shared_event_id: Option<uuid::Uuid>,
    /// The VPC endpoint through which the call came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vpc_endpoint_id: Option<Cow<'static, str>>,
    /// The TLS connection through which the call came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls_details: Option<TlsDetails>,
}

/// A key or alias that a record concerns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ResourceEntry {
    /// The ARN of the key or alias.
    #[serde(rename = "ARN")]
    pub arn: String,
    /// The owner.
    #[serde(rename = "accountId")]
    pub account_id: AccountId,
    /// `AWS::KMS::Key`, for aliases too.
    #[serde(rename = "type")]
    pub kind: Cow<'static, str>,
}

/// `tlsDetails`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TlsDetails {
    /// Such as `TLSv1.3`.
    pub tls_version: String,
    /// Such as `TLS_AES_128_GCM_SHA256`.
    pub cipher_suite: String,
    /// The host that the client addressed.
    pub client_provided_host_header: String,
}

impl ResourceEntry {
    pub(crate) fn new(arn: impl ToString, account_id: AccountId) -> Self {
        Self { arn: arn.to_string(), account_id, kind: Cow::Borrowed("AWS::KMS::Key") }
    }
}

impl AuditRecord {
    /// The record as one line of JSON, without the line end.
    pub fn to_json(&self) -> String {
        // Maps have text keys and no value fails to serialise.
        serde_json::to_string(self).unwrap_or_default()
    }
}

mod shared {
    use super::*;

    pub(super) fn serialize<S: Serializer>(value: &Arc<UserIdentity>, serializer: S) -> Result<S::Ok, S::Error> {
        value.as_ref().serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Arc<UserIdentity>, D::Error> {
        UserIdentity::deserialize(deserializer).map(Arc::new)
    }
}

mod iso_seconds {
    use super::*;

    pub(super) fn serialize<S: Serializer>(value: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&value.to_iso_seconds())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse::<jiff::Timestamp>().map(Timestamp::from).map_err(serde::de::Error::custom)
    }
}
