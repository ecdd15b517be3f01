//! The schedule of automatic rotation, as pure functions of what is recorded and the time.

use std::ops::RangeInclusive;
use std::time::Duration;

use keystead_types::Timestamp;

/// The automatic rotation of one key. A key without one does not rotate by itself: DisableKeyRotation drops the
/// schedule, and a later EnableKeyRotation starts another (ROT-17, ROT-26).
///
/// On-demand rotations leave it alone (ROT-27). While a key is disabled or pending deletion, the schedule is kept and
/// not asked (ROT-24, ROT-25).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct RotationSchedule {
    period: RotationPeriod,
    next: Timestamp,
}

impl RotationSchedule {
    /// A schedule whose first rotation is one period after `anchor` (ROT-21): the time of enabling, or the creation of
    /// an AWS managed key (ROT-52).
    pub fn starting(period: RotationPeriod, anchor: Timestamp) -> Self {
        Self { period, next: anchor.plus_days(period.days().into()) }
    }

    /// What EnableKeyRotation makes of the schedule that the key has now.
    ///
    /// The same period changes nothing, so that a daily "ensure enabled" never postpones the rotation; another one
    /// starts afresh at `now`. Source: ROT-23, RUL-05.
    pub fn enable(present: Option<Self>, period: RotationPeriod, now: Timestamp) -> Self {
        match present {
            Some(present) if present.period == period => present,
            _ => Self::starting(period, now),
        }
    }

    /// The time between rotations.
    pub fn period(&self) -> RotationPeriod {
        self.period
    }

    /// When the next automatic rotation becomes due (`NextRotationDate`, ROT-22).
    pub fn next(&self) -> Timestamp {
        self.next
    }

    /// Whether a rotation is due: from [`next`](Self::next) on, whatever the clock showed before (ROT-31).
    pub fn is_due(&self, now: Timestamp) -> bool {
        now >= self.next
    }

    /// Whether an automatic rotation is due or will be within 20 minutes, so that RotateKeyOnDemand is a conflict.
    /// Source: chapter 11, section 17.
    pub fn conflicts_with_on_demand(&self, now: Timestamp) -> bool {
        now.plus(ON_DEMAND_CONFLICT_WINDOW) >= self.next
    }

    /// The schedule after the due rotation happened at `actual`.
    ///
    /// The rhythm is kept when the rotation was late by less than a period; otherwise it starts afresh, so that one
    /// rotation stands for all that were missed. Source: ROT-21, ROT-28.
    pub fn after_automatic_rotation(self, actual: Timestamp) -> Self {
        if !self.is_due(actual) {
            return self;
        }
        let in_rhythm = Self::starting(self.period, self.next);
        if in_rhythm.next > actual { in_rhythm } else { Self::starting(self.period, actual) }
    }

    /// The schedule after EnableKey made up at `actual` for a rotation that fell due while the key was disabled: one
    /// period later. Source: ROT-24.
    pub fn after_rotation_on_enable(self, actual: Timestamp) -> Self {
        if self.is_due(actual) { Self::starting(self.period, actual) } else { self }
    }
}

/// The time between automatic rotations: a whole number of days of 86,400 seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(try_from = "u16", into = "u16"))]
pub struct RotationPeriod(u16);

impl RotationPeriod {
    /// The periods that EnableKeyRotation takes, in days. Source: ROT-15.
    pub const DAYS: RangeInclusive<u16> = 90..=2560;
    /// The period when the caller names none: 365 days. Source: ROT-15.
    pub const DEFAULT: Self = Self(365);

    /// A period that EnableKeyRotation takes.
    ///
    /// # Errors
    /// [`PeriodOutOfRange`] outside [`Self::DAYS`].
    pub fn new(days: u32) -> Result<Self, PeriodOutOfRange> {
        Self::within(days, Self::DAYS)
    }

    /// A period within the bounds of another face of the library.
    ///
    /// # Errors
    /// [`PeriodOutOfRange`] outside `bounds`.
    pub fn within(days: u32, bounds: RangeInclusive<u16>) -> Result<Self, PeriodOutOfRange> {
        match u16::try_from(days) {
            Ok(days) if bounds.contains(&days) => Ok(Self(days)),
            _ => Err(PeriodOutOfRange { days, min: *bounds.start(), max: *bounds.end() }),
        }
    }

    /// The number of days.
    pub const fn days(self) -> u16 {
        self.0
    }
}

impl Default for RotationPeriod {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl From<RotationPeriod> for u16 {
    fn from(period: RotationPeriod) -> u16 {
        period.0
    }
}

impl TryFrom<u16> for RotationPeriod {
    type Error = PeriodOutOfRange;

    /// Takes what a record holds: a period of any face of the library, so at least a day.
    fn try_from(days: u16) -> Result<Self, PeriodOutOfRange> {
        Self::within(days.into(), 1..=u16::MAX)
    }
}

/// A rotation period that is too short or too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a rotation period of {days} days is not possible; choose {min} to {max} days")]
pub struct PeriodOutOfRange {
    /// The days that were asked for.
    pub days: u32,
    /// The fewest days possible.
    pub min: u16,
    /// The most days possible.
    pub max: u16,
}

const ON_DEMAND_CONFLICT_WINDOW: Duration = Duration::from_secs(20 * 60);
