//! ScheduleKeyDeletion and CancelKeyDeletion.

use std::borrow::Cow;

use keystead_hierarchy::Deletion;
use keystead_hierarchy::spec::KeyState;
use keystead_types::{KeyArn, Timestamp};

use super::common::text;
use crate::Error;
use crate::audit::{AuditExtras, Fields};
use crate::authorize::Authorized;
use crate::client::{Call, Client};
use crate::door::{CallFacts, Effect, Operation};
use crate::request::request;
use crate::response::response;
use crate::targets::{OneKey, Target};

request! {
    /// Begins the waiting period after which the key is destroyed (STA-51 to STA-62). The key is unusable at once.
    ///
    /// Nobody knows which ciphertexts there are under the key, so nobody warns of their loss. Public keys that were
    /// handed out stay with their holders, who are told nothing: they can go on encrypting with the public key of a key
    /// pair, and once that is destroyed nobody can decrypt it (STA-73, STA-74).
    ///
    /// Authorized by `kms:ScheduleKeyDeletion` on the key.
    ScheduleKeyDeletion: SCHEDULE_KEY_DELETION -> ScheduleKeyDeletionResponse {
        /// The key: key ID or key ARN.
        key_id: Cow<'a, str>,
        /// 7 to 30 days of 24 hours; by default 30.
        pending_window_in_days: i64,
    }
}

response! {
    /// The answer of [`ScheduleKeyDeletion`].
    #[derive(Clone, Debug, PartialEq, Eq)]
    ScheduleKeyDeletionResponse {
        /// The key.
        key_id: KeyArn,
        /// When it will be destroyed; unknown as long as replicas exist (STA-80).
        deletion_date: Option<Timestamp>,
        /// The new state.
        key_state: KeyState,
        /// The waiting period in days.
        pending_window_in_days: u32,
    }
}

request! {
    /// Ends the waiting period; the key is then disabled (STA-63 to STA-68).
    ///
    /// Authorized by `kms:CancelKeyDeletion` on the key.
    CancelKeyDeletion: CANCEL_KEY_DELETION -> CancelKeyDeletionResponse {
        /// The key: key ID or key ARN.
        key_id: Cow<'a, str>,
    }
}

response! {
    /// The answer of [`CancelKeyDeletion`].
    #[derive(Clone, Debug, PartialEq, Eq)]
    CancelKeyDeletionResponse {
        /// The key.
        key_id: KeyArn,
    }
}

impl Client {
    /// Schedules the destruction of a key. See [`ScheduleKeyDeletion`].
    pub fn schedule_key_deletion<'c>(&'c self, key_id: impl Into<Cow<'c, str>>) -> Call<'c, ScheduleKeyDeletion<'c>> {
        self.call(ScheduleKeyDeletion { key_id: Some(key_id.into()), ..ScheduleKeyDeletion::new() })
    }

    /// Cancels the destruction of a key. See [`CancelKeyDeletion`].
    pub fn cancel_key_deletion<'c>(&'c self, key_id: impl Into<Cow<'c, str>>) -> Call<'c, CancelKeyDeletion<'c>> {
        self.call(CancelKeyDeletion { key_id: Some(key_id.into()), ..CancelKeyDeletion::new() })
    }
}

impl ScheduleKeyDeletion<'_> {
    fn window(&self) -> Result<u32, Error> {
        let days = self.pending_window_in_days.unwrap_or(DEFAULT_WINDOW);
        match u32::try_from(days) {
            Ok(window) if WINDOW.contains(&window) => Ok(window),
            _ => {
                let (first, last) = (WINDOW.start(), WINDOW.end());
                let message = format!("PendingWindowInDays {days} is out of range; choose {first} to {last} days.");
                Err(Error::Validation(message.into()))
            }
        }
    }
}

impl Operation for ScheduleKeyDeletion<'_> {
    type Targets = OneKey;
    type Prepared<'p>
        = (&'p Target, u32)
    where
        Self: 'p;

    fn check(&self) -> Result<(), Error> {
        self.window().map(drop)
    }

    fn wanted<'r>(&'r self, _: &CallFacts<'_>) -> Result<&'r str, Error> {
        Ok(text(&self.key_id))
    }

    fn prepare<'p>(&'p self, targets: &'p Authorized<OneKey>, _: &CallFacts<'p>) -> Result<(&'p Target, u32), Error> {
        Ok((&targets.0, self.window()?))
    }

    fn perform(
        (key, window): (&Target, u32),
        call: &CallFacts<'_>,
    ) -> Result<Effect<ScheduleKeyDeletionResponse>, Error> {
        let (key, region) = (key.held(), key.arn().region);
        let mut record = key.record.clone();
        let replicas = record.related.as_ref().is_some_and(|related| related.replicas_at(call.now).next().is_some());
        record.facts.deletion = if replicas && !key.is_replica(call.now) {
            Deletion::AwaitingReplicas { window_days: window }
        } else {
            Deletion::Scheduled { at: call.now.plus_days(window) }
        };
        let response = ScheduleKeyDeletionResponse {
            key_id: key.arn,
            deletion_date: record.deletion_due(call.now),
            key_state: record.state(region, call.now),
            pending_window_in_days: window,
        };
        let mut recorded = Fields::new()
            .with("keyId", response.key_id.to_string())
            .with("keyState", response.key_state.as_str())
            .with("pendingWindowInDays", i64::from(window));
        if let Some(at) = response.deletion_date {
            recorded.push("deletionDate", at.to_audit_text());
        }
        let mut changes = call.engine.deletion_date_change(key, record, call.now)?;
        changes.keys.iter_mut().filter(|change| change.arn.region == region).for_each(|change| change.forget = true);
        let audit = AuditExtras { response: Some(recorded), ..AuditExtras::default() };
        Ok(Effect { response, changes, audit })
    }
}

impl Operation for CancelKeyDeletion<'_> {
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

    fn perform(key: &Target, call: &CallFacts<'_>) -> Result<Effect<CancelKeyDeletionResponse>, Error> {
        let mut record = key.snapshot().record.clone();
        record.facts.deletion = Deletion::None;
        record.facts.enabled = false;
        let response = CancelKeyDeletionResponse { key_id: *key.arn() };
        let recorded = Fields::new().with("keyId", response.key_id.to_string());
        let audit = AuditExtras { response: Some(recorded), ..AuditExtras::default() };
        Ok(Effect { response, changes: call.engine.deletion_date_change(key.held(), record, call.now)?, audit })
    }
}

/// Days that a waiting period may have (STA-51).
const WINDOW: std::ops::RangeInclusive<u32> = 7..=30;
const DEFAULT_WINDOW: i64 = 30;
