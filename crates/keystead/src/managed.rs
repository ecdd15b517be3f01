//! AWS managed keys: the keys that services have in the accounts of their customers (KEY-07 to KEY-10).
//!
//! A host registers which service uses one. That makes the alias `alias/aws/<service>`, which points to nothing; the
//! first DescribeKey that names it makes the key (RUL-24). What customers may do with it is said by its key policy alone,
//! and nobody can replace that (KEY-08, KEY-09).

use std::sync::Arc;

use keystead_hierarchy::KeyFacts;
use keystead_hierarchy::schedule::{RotationPeriod, RotationSchedule};
use keystead_hierarchy::spec::{KeyManager, KeySpec, KeyUsage, Origin};
use keystead_policy::Policy;
use keystead_store::{Expect, Revision};
use keystead_types::{AccountId, AliasArn, AliasName, KeyArn, KeyId, Region};
use serde_json::json;

use crate::catalogue::{KMS_ACTIONS, operations};
use crate::commit::{AliasChange, Changes, CommitFailure, KeyChange};
use crate::door::CallFacts;
use crate::engine::{Engine, damaged};
use crate::policies::compile_key_policy;
use crate::record::{AliasRecord, KeyRecord, RECORD_FORMAT};
use crate::region::{LockSet, RegionState};
use crate::snapshot::KeySnapshot;
use crate::{Error, material};

/// The key that a service has in the account of a customer, for
/// [`Kms::register_aws_managed_key`](crate::Kms::register_aws_managed_key).
///
/// A service by its name alone, such as `"s3"`, has the key `alias/aws/s3` and calls as `s3.<region>.amazonaws.com`:
///
/// ```
/// use keystead::AwsManagedKey;
///
/// let of_s3: AwsManagedKey = "s3".into();
/// // Volumes are encrypted through EC2.
/// let of_ebs = AwsManagedKey::of("ebs").via_service("ec2");
/// ```
#[derive(Clone, Debug)]
pub struct AwsManagedKey {
    service: String,
    via: Vec<String>,
    policy: Option<String>,
}

impl AwsManagedKey {
    /// The key `alias/aws/<service>`.
    pub fn of(service: impl Into<String>) -> Self {
        Self { service: service.into(), via: Vec::new(), policy: None }
    }

    /// Names a service through which the key is used, if that is not the one it is named after; there may be several.
    /// It is the first label of what [`Caller::via_service`](crate::Caller::via_service) states: `ec2` for
    /// `ec2.us-west-2.amazonaws.com`.
    #[must_use]
    pub fn via_service(mut self, name: impl Into<String>) -> Self {
        self.via.push(name.into());
        self
    }

    /// The key policy, word for word, instead of the one that lets everyone in the account use the key through the
    /// service, and the account look at it. It must not allow anything that changes the key.
    #[must_use]
    pub fn policy(mut self, document: impl Into<String>) -> Self {
        self.policy = Some(document.into());
        self
    }

    fn alias(&self) -> Result<AliasName, Error> {
        AliasName::parse(&format!("{}{}", AliasName::RESERVED_PREFIX, self.service))
            .ok()
            .filter(|name| name.as_str().len() > AliasName::RESERVED_PREFIX.len())
            .ok_or_else(|| {
                let message = format!("`{}` cannot be part of an alias; name the service as in `s3`", self.service);
                Error::InvalidAliasName(message.into())
            })
    }

    /// The policy of the key in an account and Region.
    fn policy_in(&self, region: &RegionState, account: AccountId) -> String {
        if let Some(policy) = &self.policy {
            return policy.clone();
        }
        let service = &self.service;
        let names: &[String] = if self.via.is_empty() { std::slice::from_ref(service) } else { &self.via };
        // The suffix is the same in every partition (CND-53).
        let via: Vec<String> = names.iter().map(|name| format!("{name}.{}.amazonaws.com", region.region)).collect();
        // Printed as JSON, so that no name can leave its quotes.
        let (id, via) = (json!(format!("auto-{service}-1")), json!(via));
        let sid = json!(format!(
            "Allow access through {service} for all principals in the account that are authorized to use {service}"
        ));
        let partition = region.partition;
        format!(
            r#"{{
  "Version" : "2012-10-17",
  "Id" : {id},
  "Statement" : [ {{
    "Sid" : {sid},
    "Effect" : "Allow",
    "Principal" : {{
      "AWS" : "*"
    }},
    "Action" : [ "kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:CreateGrant", "kms:DescribeKey" ],
    "Resource" : "*",
    "Condition" : {{
      "StringEquals" : {{
        "kms:CallerAccount" : "{account}",
        "kms:ViaService" : {via}
      }}
    }}
  }}, {{
    "Sid" : "Allow direct access to key metadata to the account",
    "Effect" : "Allow",
    "Principal" : {{
      "AWS" : "arn:{partition}:iam::{account}:root"
    }},
    "Action" : [ "kms:Describe*", "kms:Get*", "kms:List*", "kms:RevokeGrant" ],
    "Resource" : "*"
  }} ]
}}"#
        )
    }
}

impl From<&str> for AwsManagedKey {
    fn from(service: &str) -> Self {
        Self::of(service)
    }
}

/// An AWS managed key that is yet to be made, and the alias that waits for it.
#[derive(Debug)]
pub(crate) struct PredefinedKey {
    pub(crate) alias: AliasArn,
    pub(crate) arn: KeyArn,
    record: AliasRecord,
    revision: Revision,
}

impl PredefinedKey {
    /// What waits for its first DescribeKey under this name, with an ID of random bits for it; `None` for an alias that
    /// is not there, or points to a key.
    pub(crate) fn find(engine: &Engine, region: &RegionState, alias: AliasArn) -> Result<Option<Self>, Error> {
        let found = region.alias_record(alias.account, &alias.name)?;
        let Some((record, revision)) = found.filter(|(record, _)| record.target.is_none()) else { return Ok(None) };
        let arn = region.key_arn(alias.account, KeyId::single_region(engine.random_id()?));
        Ok(Some(Self { alias, arn, record, revision }))
    }

    /// The key as it will be, and the commit that makes it and points its alias to it.
    pub(crate) fn create(&self, call: &CallFacts<'_>) -> Result<(KeySnapshot, Changes), Error> {
        let (engine, region) = (call.engine, call.region);
        let policy = self.record.key_policy.clone().ok_or_else(|| damaged("predefined alias"))?;
        let record = KeyRecord {
            format: RECORD_FORMAT,
            created: call.now,
            spec: KeySpec::SymmetricDefault,
            usage: KeyUsage::EncryptDecrypt,
            origin: Origin::AwsKms,
            manager: KeyManager::Aws,
            profile: region.profile,
            description: DESCRIPTION.into(),
            facts: KeyFacts::new(Origin::AwsKms),
            policy,
            tags: Default::default(),
            aliases: [self.alias.name.clone()].into(),
            rotation: Some(RotationSchedule::starting(RotationPeriod::DEFAULT, call.now)),
            on_demand_rotations: 0,
            current: 1,
            import: None,
            related: None,
        };
        let secret = call.fresh_material(|| material::generate(engine, &record))?;
        let materials = vec![material::wrap(engine, region, &self.arn, &record, record.current, None, secret)?];
        let key = KeySnapshot::preview(self.arn, &record, &materials)?;
        let bound =
            AliasRecord { target: Some(self.arn.key_id), updated: call.now, key_policy: None, ..self.record.clone() };
        let alias = alias_change(&self.alias, bound, Expect::Revision(self.revision));
        let change =
            KeyChange { materials, policy: Some(Arc::clone(&key.policy)), ..KeyChange::create(self.arn, record) };
        Ok((key, Changes { keys: vec![change], aliases: vec![alias], ..Changes::default() }))
    }
}

impl Engine {
    /// Makes the predefined alias of a service, unless it is there.
    pub(crate) fn register_aws_managed_key(
        &self,
        key: &AwsManagedKey,
        region: Region,
        account: AccountId,
    ) -> Result<AliasArn, Error> {
        let region = self.region(region)?;
        let alias = region.alias_arn(account, &key.alias()?);
        let policy = key.policy_in(&region, account);
        accept_policy(&policy)?;
        loop {
            let target = region.alias(account, &alias.name)?.map(|key_id| region.key_arn(account, key_id));
            let mut set = LockSet::default();
            region.locks.add_alias(&mut set, account, &alias.name);
            if let Some(arn) = &target {
                region.locks.add_key(&mut set, arn);
            }
            let _held = region.locks.lock(set);
            let changes = match &target {
                Some(arn) => self.with_yearly_rotation(&region, arn)?,
                None => self.registration(&region, &alias, &policy)?,
            };
            let Some(changes) = changes else { return Ok(alias) };
            match self.commit(changes, Vec::new()) {
                Ok(()) => return Ok(alias),
                Err(CommitFailure::Conflict) => continue,
                Err(CommitFailure::Failed(error)) => return Err(error),
            }
        }
    }

    /// The change that makes the alias, or gives the key that is yet to be made another policy.
    fn registration(&self, region: &RegionState, alias: &AliasArn, policy: &str) -> Result<Option<Changes>, Error> {
        let now = self.now();
        let (record, expect) = match region.alias_record(alias.account, &alias.name)? {
            Some((record, _)) if record.target.is_some() || record.key_policy.as_deref() == Some(policy) => {
                return Ok(None);
            }
            Some((record, revision)) => {
                (AliasRecord { key_policy: Some(policy.into()), ..record }, Expect::Revision(revision))
            }
            None => {
                let key_policy = Some(policy.into());
                let record =
                    AliasRecord { format: RECORD_FORMAT, target: None, key_policy, created: now, updated: now };
                (record, Expect::Absent)
            }
        };
        Ok(Some(Changes { aliases: vec![alias_change(alias, record, expect)], ..Changes::default() }))
    }

    /// The change that gives a key of former days the schedule of today (ROT-53).
    fn with_yearly_rotation(&self, region: &RegionState, arn: &KeyArn) -> Result<Option<Changes>, Error> {
        let key = region.key(arn)?.map(|key| Arc::clone(&key)).ok_or_else(|| damaged("predefined alias"))?;
        if key.record.rotation.is_some_and(|schedule| schedule.period() == RotationPeriod::DEFAULT) {
            return Ok(None);
        }
        let last = key.materials.iter().filter_map(|material| material.rotation).map(|rotation| rotation.at).max();
        let schedule = RotationSchedule::starting(RotationPeriod::DEFAULT, last.unwrap_or(key.record.created));
        let record = KeyRecord { rotation: Some(schedule), ..key.record.clone() };
        Ok(Some(Changes::of(KeyChange::update(key, record))))
    }
}

/// A policy of an AWS managed key lets nobody change the key (KEY-08): of what it may allow, only grants leave a trace.
fn accept_policy(document: &str) -> Result<(), Error> {
    let malformed = |message: String| Error::MalformedPolicyDocument(message.into());
    let policy: Policy = compile_key_policy(document).map_err(|error| malformed(error.to_string()))?;
    let openings = keystead_policy::who_can_use(&policy, &KMS_ACTIONS, &[]).openings;
    let allowed = openings.into_iter().flat_map(|opening| opening.actions);
    match allowed.into_iter().find(|action| !leaves_the_key_alone(action)) {
        Some(action) => Err(malformed(format!("{action} would change the AWS managed key; do not allow it"))),
        None => Ok(()),
    }
}

fn leaves_the_key_alone(action: &str) -> bool {
    let changes = |row: &&&crate::catalogue::Row| !row.read_only;
    let by_row = operations().iter().filter(changes).flat_map(|row| row.actions());
    by_row.map(|action| action.policy_action().to_string()).all(|changing| changing != action)
        || GRANT_ACTIONS.contains(&action)
}

fn alias_change(alias: &AliasArn, record: AliasRecord, expect: Expect) -> AliasChange {
    AliasChange { alias: alias.clone(), record: Some(record), expect }
}

const DESCRIPTION: &str = "Default key that protects data of this service when no other key is defined";
/// Actions that change what belongs to a key, but not the key (ENV-52).
const GRANT_ACTIONS: [&str; 3] = ["kms:CreateGrant", "kms:RevokeGrant", "kms:RetireGrant"];
