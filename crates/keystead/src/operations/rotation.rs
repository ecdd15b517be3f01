//! EnableKeyRotation, DisableKeyRotation, GetKeyRotationStatus, RotateKeyOnDemand.

use std::borrow::Cow;

use keystead_hierarchy::spec::Origin;
use keystead_hierarchy::{RotationPeriod, RotationSchedule};
use keystead_types::{KeyArn, KeyId, Timestamp};

use super::answers::Unit;
use super::common::{require_not_replica, require_rotatable, text};
use crate::Error;
use crate::audit::{AuditExtras, Fields};
use crate::authorize::Authorized;
use crate::client::{Call, Client};
use crate::door::{CallFacts, Effect, Operation};
use crate::quota::{self, ResourceQuota};
use crate::request::request;
use crate::response::response;
use crate::snapshot::KeySnapshot;
use crate::targets::{OneKey, Target};

request! {
    /// Switches automatic rotation on, or changes its period (ROT-15 to ROT-23).
    ///
    /// Authorized by `kms:EnableKeyRotation` on the key.
    EnableKeyRotation: ENABLE_KEY_ROTATION -> Unit {
        /// The key: key ID or key ARN.
        key_id: Cow<'a, str>,
        /// 90 to 2,560 days of 24 hours; by default 365.
        rotation_period_in_days: i64,
    }
}

request! {
    /// Switches automatic rotation off; all material stays (ROT-17).
    ///
    /// Authorized by `kms:DisableKeyRotation` on the key.
    DisableKeyRotation: DISABLE_KEY_ROTATION -> Unit {
        /// The key: key ID or key ARN.
        key_id: Cow<'a, str>,
    }
}

request! {
    /// Says whether and when the key rotates (ROT-40).
    ///
    /// Authorized by `kms:GetKeyRotationStatus` on the key, across accounts too.
    GetKeyRotationStatus: GET_KEY_ROTATION_STATUS -> GetKeyRotationStatusResponse {
        /// The key: key ID or key ARN.
        key_id: Cow<'a, str>,
    }
}

response! {
    /// The answer of [`GetKeyRotationStatus`].
    #[derive(Clone, Debug, PartialEq, Eq)]
    GetKeyRotationStatusResponse {
        /// Whether automatic rotation is on.
        key_rotation_enabled: bool,
        /// The key ID.
        key_id: KeyId,
        /// The period; only while rotation is on.
        rotation_period_in_days: Option<u32>,
        /// When the next automatic rotation falls due; only while rotation is on.
        next_rotation_date: Option<Timestamp>,
        /// When a rotation on demand began; only while it runs.
        on_demand_rotation_start_date: Option<Timestamp>,
    }
}

request! {
    /// Rotates at once, without moving the automatic schedule (ROT-32). A key with imported material takes the new
    /// material that was imported for this, into each of its replicas too.
    ///
    /// Authorized by `kms:RotateKeyOnDemand` on the key.
    RotateKeyOnDemand: ROTATE_KEY_ON_DEMAND -> RotateKeyOnDemandResponse {
        /// The key: key ID or key ARN.
        key_id: Cow<'a, str>,
    }
}

response! {
    /// The answer of [`RotateKeyOnDemand`].
    #[derive(Clone, Debug, PartialEq, Eq)]
    RotateKeyOnDemandResponse {
        /// The key.
        key_id: KeyArn,
    }
}

impl Client {
    /// Switches automatic rotation on. See [`EnableKeyRotation`].
    pub fn enable_key_rotation<'c>(&'c self, key_id: impl Into<Cow<'c, str>>) -> Call<'c, EnableKeyRotation<'c>> {
        self.call(EnableKeyRotation { key_id: Some(key_id.into()), ..EnableKeyRotation::new() })
    }

    /// Switches automatic rotation off. See [`DisableKeyRotation`].
    pub fn disable_key_rotation<'c>(&'c self, key_id: impl Into<Cow<'c, str>>) -> Call<'c, DisableKeyRotation<'c>> {
        self.call(DisableKeyRotation { key_id: Some(key_id.into()), ..DisableKeyRotation::new() })
    }

    /// Says whether and when a key rotates. See [`GetKeyRotationStatus`].
    pub fn get_key_rotation_status<'c>(
        &'c self,
        key_id: impl Into<Cow<'c, str>>,
    ) -> Call<'c, GetKeyRotationStatus<'c>> {
        self.call(GetKeyRotationStatus { key_id: Some(key_id.into()), ..GetKeyRotationStatus::new() })
    }

    /// Rotates a key at once. See [`RotateKeyOnDemand`].
    pub fn rotate_key_on_demand<'c>(&'c self, key_id: impl Into<Cow<'c, str>>) -> Call<'c, RotateKeyOnDemand<'c>> {
        self.call(RotateKeyOnDemand { key_id: Some(key_id.into()), ..RotateKeyOnDemand::new() })
    }
}

impl Operation for EnableKeyRotation<'_> {
    type Targets = OneKey;
    type Prepared<'p>
        = (&'p Target, RotationPeriod)
    where
        Self: 'p;

    fn wanted<'r>(&'r self, _: &CallFacts<'_>) -> Result<&'r str, Error> {
        Ok(text(&self.key_id))
    }

    fn capability(&self, targets: &Authorized<OneKey>, call: &CallFacts<'_>) -> Result<(), Error> {
        require_rotatable(&targets.0, AUTOMATIC)?;
        require_not_replica(targets.0.snapshot(), call)
    }

    fn prepare<'p>(
        &'p self,
        targets: &'p Authorized<OneKey>,
        _: &CallFacts<'p>,
    ) -> Result<(&'p Target, RotationPeriod), Error> {
        let period = match self.rotation_period_in_days {
            Some(days) => u32::try_from(days)
                .ok()
                .and_then(|days| RotationPeriod::new(days).ok())
                .ok_or_else(|| Error::Validation(format!("RotationPeriodInDays {days} is out of range").into()))?,
            None => RotationPeriod::DEFAULT,
        };
        Ok((&targets.0, period))
    }

    fn perform((key, period): (&Target, RotationPeriod), call: &CallFacts<'_>) -> Result<Effect<Unit>, Error> {
        let mut record = key.snapshot().record.clone();
        record.rotation = Some(RotationSchedule::enable(record.rotation, period, call.now));
        Ok(Effect::changing(Unit, call.engine.shared_change(key.held(), record, call.now)?))
    }
}

impl Operation for DisableKeyRotation<'_> {
    type Targets = OneKey;
    type Prepared<'p>
        = &'p Target
    where
        Self: 'p;

    fn wanted<'r>(&'r self, _: &CallFacts<'_>) -> Result<&'r str, Error> {
        Ok(text(&self.key_id))
    }

    fn capability(&self, targets: &Authorized<OneKey>, call: &CallFacts<'_>) -> Result<(), Error> {
        require_rotatable(&targets.0, AUTOMATIC)?;
        require_not_replica(targets.0.snapshot(), call)
    }

    fn prepare<'p>(&'p self, targets: &'p Authorized<OneKey>, _: &CallFacts<'p>) -> Result<&'p Target, Error> {
        Ok(&targets.0)
    }

    fn perform(key: &Target, call: &CallFacts<'_>) -> Result<Effect<Unit>, Error> {
        let mut record = key.snapshot().record.clone();
        record.rotation = None;
        Ok(Effect::changing(Unit, call.engine.shared_change(key.held(), record, call.now)?))
    }
}

impl Operation for GetKeyRotationStatus<'_> {
    type Targets = OneKey;
    type Prepared<'p>
        = &'p Target
    where
        Self: 'p;

    fn wanted<'r>(&'r self, _: &CallFacts<'_>) -> Result<&'r str, Error> {
        Ok(text(&self.key_id))
    }

    /// Only key stores refuse (RUL-13).
    fn capability(&self, targets: &Authorized<OneKey>, _: &CallFacts<'_>) -> Result<(), Error> {
        let key = targets.0.snapshot();
        if matches!(key.record.origin, Origin::AwsCloudHsm | Origin::ExternalKeyStore) {
            return require_rotatable(&targets.0, ON_DEMAND);
        }
        Ok(())
    }

    fn prepare<'p>(&'p self, targets: &'p Authorized<OneKey>, _: &CallFacts<'p>) -> Result<&'p Target, Error> {
        Ok(&targets.0)
    }

    fn perform(key: &Target, call: &CallFacts<'_>) -> Result<Effect<GetKeyRotationStatusResponse>, Error> {
        let record = &key.snapshot().record;
        // While deletion is pending, rotation reads as off (ROT-25).
        let shown = record.rotation.filter(|_| !key.snapshot().state(call.now).is_pending_deletion());
        Ok(Effect::reading(GetKeyRotationStatusResponse {
            key_rotation_enabled: shown.is_some(),
            key_id: key.arn().key_id,
            rotation_period_in_days: shown.map(|schedule| schedule.period().days().into()),
            next_rotation_date: shown.map(|schedule| schedule.next()),
            on_demand_rotation_start_date: None,
        }))
    }
}

impl Operation for RotateKeyOnDemand<'_> {
    type Targets = OneKey;
    type Prepared<'p>
        = &'p Target
    where
        Self: 'p;

    fn wanted<'r>(&'r self, _: &CallFacts<'_>) -> Result<&'r str, Error> {
        Ok(text(&self.key_id))
    }

    fn capability(&self, targets: &Authorized<OneKey>, call: &CallFacts<'_>) -> Result<(), Error> {
        require_rotatable(&targets.0, ON_DEMAND)?;
        require_not_replica(targets.0.snapshot(), call)
    }

    fn prepare<'p>(&'p self, targets: &'p Authorized<OneKey>, call: &CallFacts<'p>) -> Result<&'p Target, Error> {
        let key = targets.0.snapshot();
        if key.record.origin == Origin::External && !has_ready_material(key, call)? {
            let message = format!("No available key material pending rotation for the key: {}.", key.arn_text);
            return Err(Error::KmsInvalidState(message.into()));
        }
        let limit = call.engine.limit(ResourceQuota::OnDemandRotations, call.region, key.arn.account);
        if !quota::admits(limit, key.record.on_demand_rotations.into()) {
            let message = format!(
                "The on-demand rotations limit has been reached for the given keyId. No more on-demand rotations can \
                 be performed for this key: {}",
                key.arn_text
            );
            return Err(Error::LimitExceeded(message.into()));
        }
        if key.record.rotation.is_some_and(|schedule| schedule.conflicts_with_on_demand(call.now)) {
            let message = format!("An automatic rotation of {} is due within 20 minutes.", key.arn_text);
            return Err(Error::Conflict(message.into()));
        }
        Ok(&targets.0)
    }

    fn perform(key: &Target, call: &CallFacts<'_>) -> Result<Effect<RotateKeyOnDemandResponse>, Error> {
        let mut record = key.snapshot().record.clone();
        record.on_demand_rotations += 1;
        let changes = match key.snapshot().pending_material() {
            Some(pending) => call.engine.promotion(key.held(), pending, record, call.now)?,
            None => call.engine.rotation(call.region, key.held(), record, call.now, true)?,
        };
        let response = RotateKeyOnDemandResponse { key_id: *key.arn() };
        let recorded = Fields::new().with("keyId", response.key_id.to_string());
        Ok(Effect { response, changes, audit: AuditExtras { response: Some(recorded), ..AuditExtras::default() } })
    }
}

/// Whether imported material can become current: it is there, in all related keys.
fn has_ready_material(key: &KeySnapshot, call: &CallFacts<'_>) -> Result<bool, Error> {
    key.pending_material().map_or(Ok(false), |pending| call.engine.is_everywhere(key, pending, call.now))
}

/// Origins whose keys rotate automatically.
const AUTOMATIC: &[Origin] = &[Origin::AwsKms];
/// Origins whose keys rotate on demand (RUL-17).
pub(super) const ON_DEMAND: &[Origin] = &[Origin::AwsKms, Origin::External];
