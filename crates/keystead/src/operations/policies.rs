//! GetKeyPolicy and PutKeyPolicy.

use std::borrow::Cow;
use std::sync::Arc;

use keystead_policy::{Policy, PolicyError};
use keystead_types::KeyArn;

use super::answers::Unit;
use super::common::text;
use crate::Error;
use crate::authorize::{Authorized, may_replace_policy};
use crate::client::{Call, Client};
use crate::commit::{Changes, KeyChange};
use crate::door::{CallFacts, Effect, Operation};
use crate::policies::compile_key_policy;
use crate::quota::ResourceQuota;
use crate::record::KeyRecord;
use crate::request::request;
use crate::response::response;
use crate::snapshot::KeySnapshot;
use crate::targets::{OneKey, Target};

request! {
    /// Shows the key policy, byte for byte as it was given (POL-82).
    ///
    /// Authorized by `kms:GetKeyPolicy` on the key.
    GetKeyPolicy: GET_KEY_POLICY -> GetKeyPolicyResponse {
        /// The key: key ID or key ARN.
        key_id: Cow<'a, str>,
        /// `default`, the only policy there is.
        policy_name: Cow<'a, str>,
    }
}

response! {
    /// The answer of [`GetKeyPolicy`].
    #[derive(Clone, Debug, PartialEq, Eq)]
    GetKeyPolicyResponse {
        /// The document.
        policy: String,
        /// `default`.
        policy_name: String,
    }
}

request! {
    /// Replaces the key policy (POL-80).
    ///
    /// Authorized by `kms:PutKeyPolicy` on the key.
    PutKeyPolicy: PUT_KEY_POLICY -> Unit {
        /// The key: key ID or key ARN.
        key_id: Cow<'a, str>,
        /// `default`, the only policy there is.
        policy_name: Cow<'a, str>,
        /// The document, at most 32,768 bytes. Not secret.
        policy: Cow<'a, str>,
        /// Accepts a policy that locks the caller out.
        bypass_policy_lockout_safety_check: bool,
    }
}

impl Client {
    /// Shows the key policy. See [`GetKeyPolicy`].
    pub fn get_key_policy<'c>(&'c self, key_id: impl Into<Cow<'c, str>>) -> Call<'c, GetKeyPolicy<'c>> {
        self.call(GetKeyPolicy { key_id: Some(key_id.into()), ..GetKeyPolicy::new() })
    }

    /// Replaces the key policy. See [`PutKeyPolicy`].
    pub fn put_key_policy<'c>(
        &'c self,
        key_id: impl Into<Cow<'c, str>>,
        policy: impl Into<Cow<'c, str>>,
    ) -> Call<'c, PutKeyPolicy<'c>> {
        self.call(PutKeyPolicy { key_id: Some(key_id.into()), policy: Some(policy.into()), ..PutKeyPolicy::new() })
    }
}

impl Operation for GetKeyPolicy<'_> {
    type Targets = OneKey;
    type Prepared<'p>
        = &'p Target
    where
        Self: 'p;

    fn wanted<'r>(&'r self, _: &CallFacts<'_>) -> Result<&'r str, Error> {
        Ok(text(&self.key_id))
    }

    fn prepare<'p>(&'p self, targets: &'p Authorized<OneKey>, _: &CallFacts<'p>) -> Result<&'p Target, Error> {
        match self.policy_name.as_deref() {
            None | Some(DEFAULT_POLICY) => Ok(&targets.0),
            Some(_) => Err(Error::NotFound("No such policy exists".into())),
        }
    }

    fn perform(key: &Target, _: &CallFacts<'_>) -> Result<Effect<GetKeyPolicyResponse>, Error> {
        let policy = key.snapshot().record.policy.to_string();
        Ok(Effect::reading(GetKeyPolicyResponse { policy, policy_name: DEFAULT_POLICY.to_owned() }))
    }
}

/// A key and its next policy.
pub(crate) struct ReplacingPolicy<'p> {
    key: &'p Target,
    document: &'p str,
    policy: Policy,
}

impl Operation for PutKeyPolicy<'_> {
    type Targets = OneKey;
    type Prepared<'p>
        = ReplacingPolicy<'p>
    where
        Self: 'p;

    fn check(&self) -> Result<(), Error> {
        match self.policy_name.as_deref() {
            None | Some(DEFAULT_POLICY) => Ok(()),
            Some("AWS_RAM") => {
                Err(Error::Validation("The AWS_RAM policy can only be managed by the RAM service".into()))
            }
            Some(name) => Err(Error::Validation(format!("PolicyName {name} is not valid; use default.").into())),
        }
    }

    fn wanted<'r>(&'r self, _: &CallFacts<'_>) -> Result<&'r str, Error> {
        Ok(text(&self.key_id))
    }

    fn prepare<'p>(
        &'p self,
        targets: &'p Authorized<OneKey>,
        call: &CallFacts<'p>,
    ) -> Result<ReplacingPolicy<'p>, Error> {
        let document = text(&self.policy);
        let bypass = self.bypass_policy_lockout_safety_check.unwrap_or(false);
        let key = targets.0.snapshot();
        let policy = accept_policy(document, bypass, &key.arn, Some(key), call)?;
        Ok(ReplacingPolicy { key: &targets.0, document, policy })
    }

    fn perform(replacing: ReplacingPolicy<'_>, _: &CallFacts<'_>) -> Result<Effect<Unit>, Error> {
        let ReplacingPolicy { key, document, policy } = replacing;
        let record = KeyRecord { policy: document.into(), ..key.snapshot().record.clone() };
        let change = KeyChange { policy: Some(Arc::new(policy)), ..KeyChange::update(key.held(), record) };
        Ok(Effect::changing(Unit, Changes::of(change)))
    }
}

/// Step 12d: size, content, lockout, in this order (POL-85, RUL-56). `key` is absent while it is created.
pub(super) fn accept_policy(
    document: &str,
    bypass: bool,
    arn: &KeyArn,
    key: Option<&KeySnapshot>,
    call: &CallFacts<'_>,
) -> Result<Policy, Error> {
    let limit = call.engine.limit(ResourceQuota::KeyPolicyBytes, call.region, arn.account);
    if let Some(limit) = limit.filter(|limit| document.len() as u64 > *limit) {
        let message = format!("The key policy is {} bytes long, the quota is {limit}; shorten it.", document.len());
        return Err(Error::LimitExceeded(message.into()));
    }
    let policy = compile_key_policy(document).map_err(|error| match error {
        PolicyError::TooLarge { .. } => Error::LimitExceeded(error.to_string().into()),
        other => Error::MalformedPolicyDocument(other.to_string().into()),
    })?;
    if !bypass && !may_replace_policy(&policy, arn, key, call) {
        let message = "The new key policy will not allow you to update the key policy in the future.";
        return Err(Error::MalformedPolicyDocument(message.into()));
    }
    Ok(policy)
}

/// The name of the only policy of a key.
pub(super) const DEFAULT_POLICY: &str = "default";
