//! The two ways to count requests, each in one atomic word (QUO-29, QUO-30, QUO-45).

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::rate::Rate;

/// Why units were not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The rate is reached. Tells how long to wait, unless waiting is in vain.
    Short(Option<Duration>),
    /// The word is out of use.
    Retired,
}

/// A word that no counter has: whoever finds it looks for another one.
pub(super) const RETIRED: u64 = u64::MAX;

/// Consecutive intervals: the upper 40 bits of the word say in milliseconds when the present one began, the lower 24 how
/// many units are gone.
pub(super) struct FixedWindow;

impl FixedWindow {
    /// Takes units, and gives how many were taken in the interval before, if a new one has begun.
    pub(super) fn take(word: &AtomicU64, rate: Rate, now: Duration, units: u32) -> Result<u32, Refusal> {
        let (now, interval) = (millis(now), millis(rate.interval()));
        loop {
            let seen = word.load(Ordering::Relaxed);
            if seen == RETIRED {
                return Err(Refusal::Retired);
            }
            let (began, count) = unpack(seen);
            let since = elapsed(began, now);
            let (start, taken) = match () {
                // Nothing for a whole interval: the next one begins with this request.
                () if count == 0 || since >= 2 * interval => (now, 0),
                () if since >= interval => (began + interval, 0),
                () => (began, count),
            };
            if taken + units > rate.units() {
                let wait = Duration::from_millis(interval.saturating_sub(elapsed(start, now)));
                return Err(Refusal::Short((units <= rate.units()).then_some(wait)));
            }
            if word
                .compare_exchange_weak(seen, pack(start, taken + units), Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
            {
                return Ok(if start == began { 0 } else { count });
            }
        }
    }

    /// Gives units back that were taken in the present interval.
    pub(super) fn give_back(word: &AtomicU64, units: u32) {
        let _ = word.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |seen| {
            let (start, count) = unpack(seen);
            (seen != RETIRED).then(|| pack(start, count.saturating_sub(units)))
        });
    }

    /// Units taken in the present interval.
    pub(super) fn taken(word: u64, rate: Rate, now: Duration) -> u32 {
        let (start, count) = unpack(word);
        if word == RETIRED || elapsed(start, millis(now)) >= millis(rate.interval()) { 0 } else { count }
    }

    /// Units taken in the interval that the word speaks of.
    pub(super) fn count(word: u64) -> u32 {
        if word == RETIRED { 0 } else { unpack(word).1 }
    }

    /// Whether a request now would find a fresh interval.
    pub(super) fn is_idle(word: u64, rate: Rate, now: Duration) -> bool {
        let (start, count) = unpack(word);
        count == 0 || elapsed(start, millis(now)) >= 2 * millis(rate.interval())
    }
}

/// Units that come back evenly (the generic cell rate algorithm): the word is the instant, in nanoseconds, at which all
/// units are back.
pub(super) struct TokenBucket;

impl TokenBucket {
    pub(super) fn take(word: &AtomicU64, rate: Rate, now: Duration, units: u32) -> Result<(), Refusal> {
        let now = nanos(now);
        let Some(cost) = cost(rate) else { return Err(Refusal::Short(None)) };
        let (full, price) = (cost.saturating_mul(rate.units().into()), cost.saturating_mul(units.into()));
        loop {
            let seen = word.load(Ordering::Relaxed);
            if seen == RETIRED {
                return Err(Refusal::Retired);
            }
            let back = seen.max(now).saturating_add(price);
            if back - now > full {
                let wait = Duration::from_nanos(back - now - full);
                return Err(Refusal::Short((price <= full).then_some(wait)));
            }
            if word.compare_exchange_weak(seen, back, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
                return Ok(());
            }
        }
    }

    pub(super) fn give_back(word: &AtomicU64, rate: Rate, units: u32) {
        let price = cost(rate).unwrap_or_default().saturating_mul(units.into());
        let _ = word.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |seen| {
            (seen != RETIRED).then(|| seen.saturating_sub(price))
        });
    }

    /// Units that are not back yet.
    pub(super) fn taken(word: u64, rate: Rate, now: Duration) -> u32 {
        let missing = if word == RETIRED { 0 } else { word.saturating_sub(nanos(now)) };
        let units = cost(rate).map_or(0, |cost| missing.div_ceil(cost));
        u32::try_from(units).unwrap_or(u32::MAX)
    }

    pub(super) fn is_idle(word: u64, now: Duration) -> bool {
        word <= nanos(now)
    }
}

/// Nanoseconds that one unit takes to come back, rounded up; none at a rate of none.
fn cost(rate: Rate) -> Option<u64> {
    match rate.units() {
        0 => None,
        units => Some(nanos(rate.interval()).div_ceil(units.into())),
    }
}

fn unpack(word: u64) -> (u64, u32) {
    (word >> COUNT_BITS, (word & COUNT_MASK) as u32)
}

fn pack(start: u64, count: u32) -> u64 {
    (start << COUNT_BITS) | u64::from(count)
}

/// Milliseconds from one instant to another, in the arithmetic of 40 bits: the instants repeat every 34 years. Threads
/// read the clock one after the other, so that `now` may lie a little before what another one has written.
fn elapsed(start: u64, now: u64) -> u64 {
    let difference = now.wrapping_sub(start) & START_MASK;
    if difference > START_MASK / 2 { 0 } else { difference }
}

fn millis(duration: Duration) -> u64 {
    duration.as_millis() as u64 & START_MASK
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX - 1)
}

const COUNT_BITS: u32 = 24;
const COUNT_MASK: u64 = (1 << COUNT_BITS) - 1;
const START_MASK: u64 = (1 << (64 - COUNT_BITS)) - 1;
