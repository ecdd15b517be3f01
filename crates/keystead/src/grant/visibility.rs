//! When a change of grants begins to count: at once, unless a host wants to test that it takes a while (GRA-48).

use std::time::Duration;

use keystead_types::Timestamp;

use super::{Grant, GrantId};

/// How long changes of grants take to count in authorization, by the clock of the instance. A test hook: the service is
/// eventually consistent, Keystead is not (POL-126).
///
/// Lists show every change at once. While a new grant is not visible yet, it counts for calls that present its token;
/// removed grants go on to count for a while. The latter does not outlive the process.
///
/// ```
/// use std::{sync::Arc, time::Duration};
///
/// use keystead::{Caller, GrantVisibilityDelay, Kms, ManualClock};
///
/// let clock = Arc::new(ManualClock::at("2026-01-01T00:00:00Z"));
/// let delay = GrantVisibilityDelay::from(Duration::from_secs(300));
/// let kms = Kms::builder().clock(Arc::clone(&clock)).grant_visibility_delay(delay).build()?;
/// let root = kms.client("us-west-2", Caller::account_root("111122223333")?)?;
/// let key = root.create_key().send()?.key_metadata.arn;
///
/// let bob = kms.client("us-west-2", Caller::user("111122223333", "bob")?)?;
/// let grant = root.create_grant(key, bob.caller_arn()).operation("Encrypt").send()?;
/// assert!(bob.encrypt(key, b"x").send().is_err());
/// assert!(bob.encrypt(key, b"x").grant_tokens(vec![grant.grant_token.as_str().into()]).send().is_ok());
/// clock.advance(Duration::from_secs(300));
/// assert!(bob.encrypt(key, b"x").send().is_ok());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct GrantVisibilityDelay {
    /// From CreateGrant until the grant counts without its token.
    pub create: Duration,
    /// From RetireGrant until the grant does not count any more.
    pub retire: Duration,
    /// From RevokeGrant until the grant does not count any more.
    pub revoke: Duration,
}

impl GrantVisibilityDelay {
    /// Every change counts at once; the default.
    pub const NONE: Self = Self { create: Duration::ZERO, retire: Duration::ZERO, revoke: Duration::ZERO };

    /// This, with another delay of new grants.
    #[must_use]
    pub const fn with_create(mut self, delay: Duration) -> Self {
        self.create = delay;
        self
    }

    /// This, with another delay of retired grants.
    #[must_use]
    pub const fn with_retire(mut self, delay: Duration) -> Self {
        self.retire = delay;
        self
    }

    /// This, with another delay of revoked grants.
    #[must_use]
    pub const fn with_revoke(mut self, delay: Duration) -> Self {
        self.revoke = delay;
        self
    }
}

impl From<Duration> for GrantVisibilityDelay {
    /// The same delay for all changes.
    fn from(delay: Duration) -> Self {
        Self { create: delay, retire: delay, revoke: delay }
    }
}

/// What a call sees of the grants.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sight<'s> {
    pub(crate) now: Timestamp,
    /// How long new grants take to be visible.
    pub(crate) delay: Duration,
    /// Grants whose tokens the call presents.
    pub(crate) presented: &'s [GrantId],
}

impl Sight<'_> {
    pub(crate) fn sees(&self, grant: &Grant) -> bool {
        self.delay.is_zero() || grant.created.plus(self.delay) <= self.now || self.presented.contains(&grant.id)
    }
}

/// How a removed grant goes on to count.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Afterglow {
    now: Timestamp,
    until: Timestamp,
}

impl Afterglow {
    /// `None` if it does not.
    pub(crate) fn of(delay: Duration, now: Timestamp) -> Option<Self> {
        (!delay.is_zero()).then(|| Self { now, until: now.plus(delay) })
    }

    /// When it began.
    pub(crate) fn began(&self) -> Timestamp {
        self.now
    }

    pub(crate) fn lasts(&self, now: Timestamp) -> bool {
        now < self.until
    }
}
