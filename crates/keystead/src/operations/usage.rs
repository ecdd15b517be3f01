//! GetKeyLastUsage.

use std::borrow::Cow;

use keystead_types::{KeyId, Timestamp};

use super::common::text;
use crate::Error;
use crate::authorize::Authorized;
use crate::client::{Call, Client};
use crate::door::{CallFacts, Effect, Operation};
use crate::request::request;
use crate::response::response;
use crate::targets::{OneKey, Target};

request! {
    /// Says when a key was last used, successfully and for what (STA-102, API-123). Works in every state.
    ///
    /// Authorized by `kms:GetKeyLastUsage` on the key.
    GetKeyLastUsage: GET_KEY_LAST_USAGE -> GetKeyLastUsageResponse {
        /// The key: key ID or key ARN.
        key_id: Cow<'a, str>,
    }
}

response! {
    /// The answer of [`GetKeyLastUsage`].
    #[derive(Clone, Debug, PartialEq, Eq)]
    GetKeyLastUsageResponse {
        /// The key ID.
        key_id: KeyId,
        /// The last use; empty if there was none since tracking began.
        key_last_usage: KeyLastUsageData,
        /// Since when uses are tracked: since the creation of the key.
        tracking_start_date: Timestamp,
        /// When the key was created.
        key_creation_date: Timestamp,
    }
}

response! {
    /// The last successful cryptographic operation with a key. Dry runs do not count.
    #[derive(Clone, Debug, Default, PartialEq, Eq)]
    KeyLastUsageData {
        /// The API name of the operation, such as `Decrypt`.
        operation: Option<&'static str>,
        /// When it was carried out.
        timestamp: Option<Timestamp>,
        /// `eventID` of its audit record in the account of the key's owner; absent if no records were made.
        cloud_trail_event_id: Option<uuid::Uuid>,
        /// The ID of the call.
        kms_request_id: Option<uuid::Uuid>,
    }
}

impl Client {
    /// Says when a key was last used. See [`GetKeyLastUsage`].
    pub fn get_key_last_usage<'c>(&'c self, key_id: impl Into<Cow<'c, str>>) -> Call<'c, GetKeyLastUsage<'c>> {
        self.call(GetKeyLastUsage { key_id: Some(key_id.into()), ..GetKeyLastUsage::new() })
    }
}

impl Operation for GetKeyLastUsage<'_> {
    type Targets = OneKey;
    type Prepared<'p>
        = &'p Target
    where
        Self: 'p;

    fn wanted<'r>(&'r self, _: &CallFacts<'_>) -> Result<&'r str, Error> {
        Ok(text(&self.key_id))
    }

    fn prepare<'p>(&'p self, targets: &'p Authorized<OneKey>, _: &CallFacts<'p>) -> Result<&'p Target, Error> {
        Ok(&targets.0)
    }

    fn perform(key: &Target, _: &CallFacts<'_>) -> Result<Effect<GetKeyLastUsageResponse>, Error> {
        let key = key.snapshot();
        let key_last_usage = key.usage.get().map_or_else(KeyLastUsageData::default, |used| KeyLastUsageData {
            operation: Some(used.operation),
            timestamp: Some(used.at),
            cloud_trail_event_id: used.event_id,
            kms_request_id: Some(used.request_id),
        });
        Ok(Effect::reading(GetKeyLastUsageResponse {
            key_id: key.arn.key_id,
            key_last_usage,
            tracking_start_date: key.record.created,
            key_creation_date: key.record.created,
        }))
    }
}
