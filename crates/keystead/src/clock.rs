//! Time comes from the host (KEY-02).

use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use keystead_types::Timestamp;

/// Where a `Kms` reads the time: once per request (STA-03).
pub trait Clock: fmt::Debug + Send + Sync + 'static {
    /// The present instant.
    fn now(&self) -> Timestamp;

    /// Time since some fixed instant, which no correction of the clock moves: request quotas go by it (QUO-31). By
    /// default that of the operating system.
    fn monotonic(&self) -> Duration {
        static START: OnceLock<Instant> = OnceLock::new();
        START.get_or_init(Instant::now).elapsed()
    }
}

/// The clock of the operating system; the default.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        // Only a clock set before 1970 or thousands of years off is out of range; the epoch is as wrong as any other
        // answer then.
        let elapsed = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let seconds = i64::try_from(elapsed.as_secs()).unwrap_or(i64::MAX);
        let millis = seconds.saturating_mul(1000).saturating_add(i64::from(elapsed.subsec_millis()));
        Timestamp::from_millis(millis).unwrap_or(Timestamp::UNIX_EPOCH)
    }
}

/// A clock that stands still until it is moved: time travel for tests and demonstrations.
///
/// ```
/// use keystead::{Clock, ManualClock};
///
/// let clock = ManualClock::at("2026-01-01T00:00:00Z");
/// clock.advance_days(90);
/// assert_eq!(clock.now().to_string(), "2026-04-01T00:00:00Z");
/// ```
#[derive(Debug)]
pub struct ManualClock {
    wall: AtomicI64,
    monotonic: AtomicU64,
}

impl ManualClock {
    /// A clock that shows `start`.
    pub fn new(start: Timestamp) -> Self {
        Self { wall: AtomicI64::new(start.as_millis()), monotonic: AtomicU64::new(0) }
    }

    /// A clock that shows an RFC 3339 instant; the epoch if `start` is not one.
    pub fn at(start: &str) -> Self {
        Self::new(start.parse::<jiff::Timestamp>().map_or(Timestamp::UNIX_EPOCH, Timestamp::from))
    }

    /// Moves the clock forward.
    pub fn advance(&self, by: Duration) {
        self.wall.fetch_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX), Ordering::SeqCst);
        self.monotonic.fetch_add(u64::try_from(by.as_millis()).unwrap_or(u64::MAX), Ordering::SeqCst);
    }

    /// Moves the clock forward by whole days of 86,400 seconds.
    pub fn advance_days(&self, days: u32) {
        self.advance(Duration::from_secs(u64::from(days) * 86_400));
    }

    /// Sets the clock, backwards too. No time passes: whoever measures it notices nothing.
    pub fn set(&self, now: Timestamp) {
        self.wall.store(now.as_millis(), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.wall.load(Ordering::SeqCst)).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    fn monotonic(&self) -> Duration {
        Duration::from_millis(self.monotonic.load(Ordering::SeqCst))
    }
}
