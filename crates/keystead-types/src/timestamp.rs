//! Instants, to the millisecond.

use std::fmt;
use std::time::{Duration, SystemTime};

/// An instant in UTC with millisecond resolution (KEY-37), between the years -9999 and 9999.
///
/// There is no `now`: the clock comes from the host (KEY-02). A day is 86,400 seconds. Arithmetic stops at
/// [`MIN`](Self::MIN) and [`MAX`](Self::MAX), and takes the whole milliseconds of a [`Duration`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(jiff::Timestamp);

impl Timestamp {
    /// The earliest instant: `-009999-01-02T01:59:59Z`.
    pub const MIN: Self = Self(jiff::Timestamp::MIN);
    /// The latest instant: `9999-12-30T22:00:00.999Z`.
    pub const MAX: Self = Self(jiff::Timestamp::constant(253_402_207_200, 999_000_000));
    /// `1970-01-01T00:00:00Z`.
    pub const UNIX_EPOCH: Self = Self(jiff::Timestamp::UNIX_EPOCH);

    /// The instant this many milliseconds after the Unix epoch (before it, if negative); `None` out of range.
    pub fn from_millis(millis: i64) -> Option<Self> {
        // Not `from_millisecond`, which ends at the last whole second.
        let nanos = millis.rem_euclid(MILLIS_PER_SECOND) as i32 * NANOS_PER_MILLI;
        jiff::Timestamp::new(millis.div_euclid(MILLIS_PER_SECOND), nanos).ok().map(Self)
    }

    /// Milliseconds since the Unix epoch, negative before it.
    pub fn as_millis(&self) -> i64 {
        self.0.as_millisecond()
    }

    /// The millisecond that contains a system time; `None` out of range.
    pub fn from_std(time: SystemTime) -> Option<Self> {
        jiff::Timestamp::try_from(time).ok().map(Self::from)
    }

    /// The same instant as a `jiff` timestamp.
    pub fn as_jiff(&self) -> jiff::Timestamp {
        self.0
    }

    /// This many days of 86,400 seconds later.
    #[must_use]
    pub fn plus_days(self, days: u32) -> Self {
        self.plus(Duration::from_secs(u64::from(days) * SECONDS_PER_DAY))
    }

    /// Later by the duration.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        let millis = self.as_millis().saturating_add(whole_millis(duration));
        Self::from_millis(millis).unwrap_or(Self::MAX)
    }

    /// Earlier by the duration.
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        let millis = self.as_millis().saturating_sub(whole_millis(duration));
        Self::from_millis(millis).unwrap_or(Self::MIN)
    }

    /// The time since `earlier`; zero if that is not earlier.
    pub fn duration_since(self, earlier: Self) -> Duration {
        // The range spans fewer milliseconds than an `i64` counts.
        let millis = self.as_millis() - earlier.as_millis();
        Duration::from_millis(u64::try_from(millis).unwrap_or(0))
    }

    /// `YYYY-MM-DDThh:mm:ssZ`, as audit records date events; the fraction is cut off.
    pub fn to_iso_seconds(&self) -> String {
        self.0.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    }

    /// `Aug 10, 2022, 10:38:27 PM`, as audit records write the dates inside requests and responses (AUD-16).
    pub fn to_audit_text(&self) -> String {
        self.0.strftime("%b %-d, %Y, %-I:%M:%S %p").to_string()
    }
}

impl From<jiff::Timestamp> for Timestamp {
    /// The millisecond that contains the instant.
    fn from(instant: jiff::Timestamp) -> Self {
        let millis = instant.as_nanosecond().div_euclid(NANOS_PER_MILLI.into());
        // In range, as the earliest instant is a whole millisecond.
        i64::try_from(millis).ok().and_then(Self::from_millis).unwrap_or(Self::MIN)
    }
}

impl From<Timestamp> for jiff::Timestamp {
    fn from(timestamp: Timestamp) -> Self {
        timestamp.0
    }
}

impl From<Timestamp> for SystemTime {
    fn from(timestamp: Timestamp) -> Self {
        timestamp.0.into()
    }
}

/// RFC 3339 in UTC; with three fraction digits, or with none if the second is whole.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.subsec_nanosecond() == 0 { write!(f, "{}", self.0) } else { write!(f, "{:.3}", self.0) }
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn whole_millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

const SECONDS_PER_DAY: u64 = 86_400;
const MILLIS_PER_SECOND: i64 = 1_000;
const NANOS_PER_MILLI: i32 = 1_000_000;
