//! Which buckets a call fills, and when (QUO-15 to QUO-28).
//!
//! What the request alone decides is charged before anything is looked up. The bucket of a cryptographic call depends on
//! its keys and is charged once they are found, before anybody is asked whether the caller may use them. A key of
//! another account is the exception: its kind is none of a stranger's business (API-014), so that it is charged when the
//! caller is known to have a right to it, and like a key that does not exist otherwise.

use keystead_hierarchy::Profile;
use keystead_hierarchy::spec::DataKeyPairSpec;
use keystead_types::Region;

use super::limiter::{BucketId, Charges, Throttled};
use super::rate::{KeyFamily, RequestQuota};
use crate::Error;
use crate::catalogue::{self, Bucket};
use crate::door::CallFacts;
use crate::targets::Target;
use crate::value::MemberValue;

/// Charges what does not depend on a key.
pub(crate) fn charge_request(call: &CallFacts<'_>) -> Result<(), Error> {
    if !is_due(call) {
        return Ok(());
    }
    let own = RequestQuota::Operation(call.row.name);
    let mut charges = Charges::new();
    match call.row.bucket {
        Bucket::Cryptographic => return Ok(()),
        Bucket::KeyPair => match text(call, "KeyPairSpec").and_then(|spec| spec.parse::<DataKeyPairSpec>().ok()) {
            Some(spec) => charges.push((here(call, RequestQuota::KeyPair(spec)), 1)),
            None => return Ok(()),
        },
        Bucket::Own | Bucket::OwnAndKey => charges.push((here(call, own), 1)),
        Bucket::Replication => {
            charges.push((here(call, own), 1));
            // One is the rehearsal.
            let create = RequestQuota::Operation(catalogue::CREATE_KEY.name);
            charges.extend(there(call, "ReplicaRegion", create).map(|id| (id, 2)));
        }
        Bucket::BothRegions => {
            charges.push((here(call, own), 1));
            charges.extend(there(call, "PrimaryRegion", own).map(|id| (id, 1)));
        }
    }
    charge(call, charges)
}

/// Charges a cryptographic call for its keys, one unit for each kind (QUO-26). None, or keys that were not found, count
/// as symmetric.
pub(crate) fn charge_keys<'t>(call: &CallFacts<'_>, keys: impl IntoIterator<Item = &'t Target>) -> Result<(), Error> {
    if call.row.bucket != Bucket::Cryptographic || !is_due(call) {
        return Ok(());
    }
    let mut charges = Charges::new();
    for key in keys {
        let family = KeyFamily::of(key.snapshot().record.spec);
        let id = here(call, RequestQuota::Cryptographic(family));
        if !charges.iter().any(|(known, _)| *known == id) {
            charges.push((id, 1));
        }
    }
    if charges.is_empty() {
        charges.push((here(call, RequestQuota::Cryptographic(KeyFamily::Symmetric)), 1));
    }
    charge(call, charges)
}

/// Charges the key whose state an authorized caller is about to change (QUO-34). Others cannot fill its bucket.
pub(crate) fn charge_change(call: &CallFacts<'_>, key: &Target) -> Result<(), Error> {
    let limiter = &call.engine.limiter;
    if !call.row.bucket.changes_state() || !limiter.is_on() || call.changed.get() {
        return Ok(());
    }
    let (owner, id) = (key.arn().account, key.arn().key_id);
    let bucket = BucketId { account: owner, key: Some(id), ..here(call, RequestQuota::StateChanges) };
    let quotas = call.engine.quotas();
    let charged = limiter.charge(&Charges::from_iter([(bucket, 1)]), &quotas, call.engine.clock.monotonic());
    charged.map_err(|throttled| {
        limiter.give_back(call.charged.get().map(Charges::as_slice).unwrap_or_default(), &quotas);
        throttling(throttled)
    })?;
    call.changed.set(true);
    Ok(())
}

/// Whether requests are limited and this one is not charged yet: a call that starts anew is still one request.
fn is_due(call: &CallFacts<'_>) -> bool {
    call.engine.limiter.is_on() && call.charged.get().is_none()
}

fn charge(call: &CallFacts<'_>, charges: Charges) -> Result<(), Error> {
    call.engine.limiter.charge(&charges, &call.engine.quotas(), call.engine.clock.monotonic()).map_err(throttling)?;
    let _ = call.charged.set(charges);
    Ok(())
}

/// The bucket of the account that calls, in the Region of the call (QUO-22).
fn here(call: &CallFacts<'_>, quota: RequestQuota) -> BucketId {
    let (region, profile) = (call.region.region, call.region.profile);
    BucketId { account: call.account, region, profile, quota, key: None }
}

/// The bucket in the Region that a member names.
fn there(call: &CallFacts<'_>, member: &str, quota: RequestQuota) -> Option<BucketId> {
    let region: Region = text(call, member)?.parse().ok()?;
    let configured = call.engine.configured.get(&region);
    let profile = configured.map_or_else(|| Profile::of_region(&region), |config| config.profile);
    Some(BucketId { region, profile, ..here(call, quota) })
}

fn text<'c>(call: &CallFacts<'c>, member: &str) -> Option<&'c str> {
    match call.values.get(call.row.member(member)?)? {
        MemberValue::Text(text) => Some(text),
        _ => None,
    }
}

fn throttling(throttled: Throttled) -> Error {
    let message = "You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls.";
    Error::Throttling { message: message.into(), retry_after: throttled.retry_after }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::operations::{ReplicateKey, UpdatePrimaryRegion};
    use crate::quota::{QuotaProfile, QuotaStatus};
    use crate::request::Request;
    use crate::{Caller, Kms, ManualClock, RequestId};

    const ACCOUNT: &str = "111122223333";
    const PRIMARY: &str = "us-east-1";
    const REPLICA: &str = "eu-west-1";

    /// Scenario 8.
    ///
    /// Spec: QUO-15
    #[test]
    fn a_replication_costs_two_creations_where_the_replica_is() {
        let kms = kms();
        let request = ReplicateKey { replica_region: Some(REPLICA.into()), ..ReplicateKey::new() };
        create_keys(&kms, 4);
        assert_eq!(charged(&kms, &request), Err("ThrottlingException"));
        assert_eq!((used(&kms, PRIMARY, "ReplicateKey"), used(&kms, REPLICA, "CreateKey")), (0, 4));

        let kms = self::kms();
        create_keys(&kms, 3);
        assert_eq!(charged(&kms, &request), Ok(()));
        assert_eq!((used(&kms, PRIMARY, "ReplicateKey"), used(&kms, REPLICA, "CreateKey")), (1, 5));
        let client = kms.client(REPLICA, Caller::account_root(ACCOUNT).unwrap()).unwrap();
        assert_eq!(client.create_key().send().unwrap_err().code(), "ThrottlingException");
        assert_eq!(used(&kms, PRIMARY, "CreateKey"), 0);
    }

    /// Spec: QUO-15
    #[test]
    fn a_change_of_the_primary_costs_one_in_each_region() {
        let kms = kms();
        let request = UpdatePrimaryRegion { primary_region: Some(REPLICA.into()), ..UpdatePrimaryRegion::new() };
        for count in 1..=5 {
            assert_eq!(charged(&kms, &request), Ok(()));
            for region in [PRIMARY, REPLICA] {
                assert_eq!(used(&kms, region, "UpdatePrimaryRegion"), count);
            }
        }
        assert_eq!(charged(&kms, &request), Err("ThrottlingException"));
        assert_eq!(used(&kms, PRIMARY, "UpdatePrimaryRegion"), 5);
    }

    fn kms() -> Kms {
        let clock = Arc::new(ManualClock::at("2026-01-01T00:00:00Z"));
        Kms::builder().clock(clock).quotas(QuotaProfile::AWS_2026).build().unwrap()
    }

    fn create_keys(kms: &Kms, count: usize) {
        let client = kms.client(REPLICA, Caller::account_root(ACCOUNT).unwrap()).unwrap();
        (0..count).for_each(|_| drop(client.create_key().send().unwrap()));
    }

    fn charged<R: Request>(kms: &Kms, request: &R) -> Result<(), &'static str> {
        let client = kms.client(PRIMARY, Caller::account_root(ACCOUNT).unwrap()).unwrap();
        let values = request.values();
        let call = CallFacts::new(&client, R::ROW, &values, RequestId::from_random([0; 16]));
        charge_request(&call).map_err(|error| error.code())
    }

    fn used(kms: &Kms, region: &str, operation: &'static str) -> u64 {
        let status = kms.quota_status(region.parse().unwrap(), ACCOUNT.parse().unwrap()).unwrap();
        let of_operation = status.iter().find_map(|status| match status {
            QuotaStatus::Request { quota, used, .. } if *quota == RequestQuota::Operation(operation) => Some(*used),
            _ => None,
        });
        of_operation.unwrap()
    }
}
