//! Quotas (chapter 42): how many resources there may be, and how many requests in a while.
//!
//! A [`QuotaProfile`] says what is allowed, `published` what the service publishes. The limiter counts requests in
//! memory; resources are counted where they are stored.

mod charge;
mod limiter;
mod profile;
mod published;
mod rate;
mod status;
mod window;

pub(crate) use charge::{charge_change, charge_keys, charge_request};
pub(crate) use limiter::{Charges, Limiter};
pub use profile::{Admission, QuotaError, QuotaProfile, QuotaScope};
pub use rate::{InvalidRate, KeyFamily, Rate, RequestQuota, ResourceQuota};
pub use status::{QuotaStatus, RequestCounts};

/// Whether one more than `count` stays within `limit`.
pub(crate) fn admits(limit: Option<u64>, count: u64) -> bool {
    limit.is_none_or(|limit| count < limit)
}
