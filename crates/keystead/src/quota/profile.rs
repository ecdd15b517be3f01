//! What is allowed: a published set of values, and what the host changes in it.

use keystead_hierarchy::Profile;
use keystead_types::{AccountId, Region};

use super::published::Published;
use super::rate::{Rate, RequestQuota, ResourceQuota};
use crate::catalogue::Row;

/// How many resources there may be, and how many requests in a while (QUO-41).
///
/// Resources are counted in the store, so that limits on them outlive the process and hold for all who write the store.
/// Requests are counted in memory: by each instance for itself, and from nothing on after a restart (QUO-02, QUO-32). All
/// principals of an account share its quotas in a Region; whoever calls is charged, not the owner of the key. A request too
/// many fails at once with [`Error::Throttling`](crate::Error::Throttling), which tells when to come back; nothing waits
/// or tries again here. Who needs more data keys than GenerateDataKey may give keeps one for several messages, as
/// [`envelope`](crate::envelope) does for all chunks of a file (QUO-47).
///
/// ```
/// use keystead::{Kms, QuotaProfile, Rate, RequestQuota};
///
/// // Like the service, but with more calls of one operation.
/// let quotas = QuotaProfile::AWS_2026.with_rate(RequestQuota::Operation("CreateKey"), Some(Rate::per_second(50)));
/// let kms = Kms::builder().quotas(quotas).build()?;
/// // And without any limit from now on.
/// kms.set_quotas(QuotaProfile::UNLIMITED)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuotaProfile {
    base: [Option<u64>; ResourceQuota::ALL.len()],
    limits: [Option<u64>; ResourceQuota::ALL.len()],
    rates: Option<Published>,
    admission: Admission,
    is_custom: bool,
    /// What holds in a part of the instance or for one request quota; the last one that fits decides.
    overrides: Vec<Override>,
}

/// How requests are counted (QUO-30).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Admission {
    /// Consecutive intervals, each with as many units as the rate says. Cheap and exact; the default.
    #[default]
    FixedWindow,
    /// Units come back evenly. Smooth, but up to twice the rate in the first interval after a pause.
    TokenBucket,
}

/// For whom a quota is set: everybody, an account, a Region, or an account in a Region.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct QuotaScope {
    /// Only this account.
    pub account: Option<AccountId>,
    /// Only this Region.
    pub region: Option<Region>,
}

/// Why a profile does not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum QuotaError {
    /// The service does not raise or lower this quota for anybody.
    #[error("the quota `{}` is not adjustable: make the profile custom first", .0.name())]
    NotAdjustable(ResourceQuota),
    /// No operation has this name.
    #[error("`{0}` is not an operation with a request rate of its own: give a name of the API, like CreateKey")]
    UnknownOperation(&'static str),
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Override {
    scope: QuotaScope,
    value: Value,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Value {
    Limit(ResourceQuota, Option<u64>),
    Rate(RequestQuota, Option<Rate>),
}

impl QuotaProfile {
    /// The numbers of resources that the service allows at present, and no limit on requests: in one process there is
    /// no other tenant to protect. The default.
    pub const DEFAULT: Self = Self::of([Some(100_000), Some(50), Some(50_000), Some(32_768), Some(25)], None);

    /// What the guide of 2024 says, with its request rates (RUL-06).
    pub const AWS_2024: Self =
        Self::of([Some(100_000), Some(50), Some(50_000), Some(32_768), Some(10)], Some(Published::Of2024));

    /// What the service publishes at present, with its request rates.
    pub const AWS_2026: Self =
        Self::of([Some(100_000), Some(50), Some(50_000), Some(32_768), Some(25)], Some(Published::Of2026));

    /// No limit at all, but for those on the shape of requests.
    pub const UNLIMITED: Self = Self::of([None; ResourceQuota::ALL.len()], None);

    /// This profile with another limit on keys.
    #[must_use]
    pub const fn with_keys_per_account(self, limit: u64) -> Self {
        self.with_limit(ResourceQuota::Keys, Some(limit))
    }

    /// This profile with another limit on aliases.
    #[must_use]
    pub const fn with_aliases_per_key(self, limit: u64) -> Self {
        self.with_limit(ResourceQuota::AliasesPerKey, Some(limit))
    }

    /// This profile with another limit on grants.
    #[must_use]
    pub const fn with_grants_per_key(self, limit: u64) -> Self {
        self.with_limit(ResourceQuota::GrantsPerKey, Some(limit))
    }

    /// This profile with another limit; `None` lifts it.
    #[must_use]
    pub const fn with_limit(mut self, quota: ResourceQuota, limit: Option<u64>) -> Self {
        self.limits[quota as usize] = limit;
        self
    }

    /// This profile with another limit in a part of the instance.
    #[must_use]
    pub fn with_limit_in(mut self, scope: QuotaScope, quota: ResourceQuota, limit: Option<u64>) -> Self {
        self.overrides.push(Override { scope, value: Value::Limit(quota, limit) });
        self
    }

    /// This profile with another request rate; `None` lifts it.
    #[must_use]
    pub fn with_rate(self, quota: RequestQuota, rate: Option<Rate>) -> Self {
        self.with_rate_in(QuotaScope::EVERYWHERE, quota, rate)
    }

    /// This profile with another request rate in a part of the instance.
    #[must_use]
    pub fn with_rate_in(mut self, scope: QuotaScope, quota: RequestQuota, rate: Option<Rate>) -> Self {
        self.overrides.push(Override { scope, value: Value::Rate(quota, rate) });
        self
    }

    /// This profile with requests counted in another way.
    #[must_use]
    pub const fn with_admission(mut self, admission: Admission) -> Self {
        self.admission = admission;
        self
    }

    /// This profile, in which the host may set what the service sets for nobody (QUO-42).
    #[must_use]
    pub const fn custom(mut self) -> Self {
        self.is_custom = true;
        self
    }

    /// The limit that holds for an account in a Region.
    pub fn limit(&self, quota: ResourceQuota, region: Region, account: AccountId) -> Option<u64> {
        let own = self.find(region, account, |value| match value {
            Value::Limit(of, limit) if of == quota => Some(limit),
            _ => None,
        });
        own.unwrap_or(self.limits[quota as usize])
    }

    const fn of(limits: [Option<u64>; ResourceQuota::ALL.len()], rates: Option<Published>) -> Self {
        Self { base: limits, limits, rates, admission: Admission::FixedWindow, is_custom: false, overrides: Vec::new() }
    }

    /// The request rate that holds for an account in a Region.
    pub(crate) fn rate(
        &self,
        quota: RequestQuota,
        region: Region,
        account: AccountId,
        profile: Profile,
    ) -> Option<Rate> {
        let own = self.find(region, account, |value| match value {
            Value::Rate(of, rate) if of == quota => Some(rate),
            _ => None,
        });
        own.unwrap_or_else(|| self.published_rate(quota, region, profile))
    }

    /// The request rate before the host changed anything.
    pub(super) fn published_rate(&self, quota: RequestQuota, region: Region, profile: Profile) -> Option<Rate> {
        self.rates.and_then(|rates| rates.rate(quota, &region, profile))
    }

    /// The limit before the host changed anything.
    pub(super) fn published_limit(&self, quota: ResourceQuota) -> Option<u64> {
        self.base[quota as usize]
    }

    pub(super) fn admission(&self) -> Admission {
        self.admission
    }

    /// Whether any request can be refused.
    pub(super) fn limits_requests(&self) -> bool {
        self.rates.is_some() || self.overrides.iter().any(|own| matches!(own.value, Value::Rate(_, Some(_))))
    }

    /// Whether the profile holds what it may (QUO-42, QUO-43).
    pub(crate) fn check(&self) -> Result<(), QuotaError> {
        let limits = ResourceQuota::ALL.into_iter().map(|quota| Value::Limit(quota, self.limits[quota as usize]));
        for value in limits.chain(self.overrides.iter().map(|own| own.value)) {
            match value {
                Value::Limit(quota, limit)
                    if !self.is_custom && !quota.is_adjustable() && limit != self.published_limit(quota) =>
                {
                    return Err(QuotaError::NotAdjustable(quota));
                }
                Value::Rate(RequestQuota::Operation(name), _)
                    if Row::find(name).is_none_or(|row| !row.bucket.has_own()) =>
                {
                    return Err(QuotaError::UnknownOperation(name));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn find<T>(&self, region: Region, account: AccountId, fits: impl Fn(Value) -> Option<T>) -> Option<T> {
        let mut near = self.overrides.iter().rev().filter(|own| own.scope.covers(region, account));
        near.find_map(|own| fits(own.value))
    }
}

impl Default for QuotaProfile {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl QuotaScope {
    /// Every account in every Region.
    pub const EVERYWHERE: Self = Self { account: None, region: None };

    /// An account, in every Region.
    pub const fn account(account: AccountId) -> Self {
        Self { account: Some(account), region: None }
    }

    /// A Region, for every account.
    pub const fn region(region: Region) -> Self {
        Self { account: None, region: Some(region) }
    }

    /// An account in a Region.
    pub const fn account_in_region(account: AccountId, region: Region) -> Self {
        Self { account: Some(account), region: Some(region) }
    }

    fn covers(&self, region: Region, account: AccountId) -> bool {
        self.account.is_none_or(|own| own == account) && self.region.is_none_or(|own| own == region)
    }
}
