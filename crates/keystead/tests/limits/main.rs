//! What limits and measures: request rates, resource quotas, the last use of keys, counted calls, the chain of records.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../support/mod.rs"]
mod support;

mod chain;
mod metrics;
mod properties;
mod quotas;
mod throttling;
mod usage;

use keystead::{CallError, QuotaProfile, Rate, RequestQuota};
use support::World;

/// The code of the exception with which a call failed; `ok` if it did not.
fn code<T>(result: Result<T, CallError>) -> &'static str {
    result.map_or_else(|error| error.code(), |_| "ok")
}

/// An instance with these request rates and no others.
fn limited(rates: &[(RequestQuota, Rate)]) -> World {
    World::with(|builder| builder.quotas(profile(rates)))
}

fn profile(rates: &[(RequestQuota, Rate)]) -> QuotaProfile {
    rates.iter().fold(QuotaProfile::DEFAULT, |profile, (quota, rate)| profile.with_rate(*quota, Some(*rate)))
}

const THROTTLED: &str = "ThrottlingException";
const DRY_RUN: &str = "DryRunOperationException";
const LIMIT: &str = "LimitExceededException";
