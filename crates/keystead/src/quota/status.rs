//! What is allowed and what is used of it (QUO-44).

use std::ops::AddAssign;

use keystead_hierarchy::spec::DataKeyPairSpec;
use keystead_types::{AccountId, Region};

use super::limiter::BucketId;
use super::profile::{QuotaError, QuotaProfile};
use super::published;
use super::rate::{KeyFamily, Rate, RequestQuota, ResourceQuota};
use crate::{Error, Kms};

/// One quota of an account in a Region.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum QuotaStatus {
    /// On the number or size of resources.
    Resource {
        /// Which.
        quota: ResourceQuota,
        /// What holds; `None` is no limit.
        applied: Option<u64>,
        /// What the profile holds without the changes of the host.
        default: Option<u64>,
        /// How many there are; absent for what is counted per key.
        used: Option<u64>,
    },
    /// On requests.
    Request {
        /// Which.
        quota: RequestQuota,
        /// What holds; `None` is no limit.
        applied: Option<Rate>,
        /// What the profile holds without the changes of the host.
        default: Option<Rate>,
        /// Units taken in the present interval.
        used: u64,
        /// What has become of the requests, as long as they keep coming; after a pause it begins anew.
        counts: RequestCounts,
    },
}

/// What has become of requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RequestCounts {
    /// Units admitted.
    pub admitted: u64,
    /// Requests refused.
    pub refused: u64,
}

impl AddAssign for RequestCounts {
    fn add_assign(&mut self, more: Self) {
        self.admitted += more.admitted;
        self.refused += more.refused;
    }
}

impl QuotaStatus {
    /// The name, as lists of quotas show it.
    pub fn name(&self) -> String {
        match self {
            Self::Resource { quota, .. } => quota.name().to_owned(),
            Self::Request { quota, .. } => quota.to_string(),
        }
    }

    /// Whether every profile may give it another value.
    pub fn is_adjustable(&self) -> bool {
        match self {
            Self::Resource { quota, .. } => quota.is_adjustable(),
            Self::Request { .. } => true,
        }
    }
}

impl Kms {
    /// The quotas in force.
    pub fn quotas(&self) -> QuotaProfile {
        self.engine.quotas().as_ref().clone()
    }

    /// Puts other quotas in force, for the next request on. Whatever exceeds them stays (QUO-12).
    ///
    /// # Errors
    /// [`QuotaError`] when the profile holds what it may not; the former one remains.
    pub fn set_quotas(&self, quotas: QuotaProfile) -> Result<(), QuotaError> {
        quotas.check()?;
        self.engine.set_quotas(quotas);
        Ok(())
    }

    /// Every quota of an account in a Region, with its use (QUO-44).
    ///
    /// # Errors
    /// [`Error::KmsInternal`] when the store fails.
    pub fn quota_status(&self, region: Region, account: AccountId) -> Result<Vec<QuotaStatus>, Error> {
        let state = self.engine.region(region)?;
        let quotas = self.engine.quotas();
        let now = self.engine.clock.monotonic();
        let keys = self.engine.key_count(state.partition, state.region, account)?;
        let resources = ResourceQuota::ALL.into_iter().map(|quota| QuotaStatus::Resource {
            quota,
            applied: quotas.limit(quota, region, account),
            default: quotas.published_limit(quota),
            used: (quota == ResourceQuota::Keys).then_some(keys),
        });
        let requests = request_quotas().map(|quota| {
            let id = BucketId { account, region, profile: state.profile, quota, key: None };
            let (counts, used) = self.engine.limiter.counts(&id, &quotas, now);
            let default = quotas.published_rate(quota, region, state.profile);
            QuotaStatus::Request { quota, applied: id.rate(&quotas), default, used, counts }
        });
        Ok(resources.chain(requests).collect())
    }
}

/// Every request quota, but for those of single keys.
fn request_quotas() -> impl Iterator<Item = RequestQuota> {
    let families = KeyFamily::ALL.into_iter().map(RequestQuota::Cryptographic);
    let pairs = DataKeyPairSpec::ALL.iter().copied().map(RequestQuota::KeyPair);
    families.chain(pairs).chain(published::operations().map(RequestQuota::Operation))
}
