//! ReplicateKey and UpdatePrimaryRegion.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use keystead_hierarchy::spec::KeyState;
use keystead_policy::Policy;
use keystead_types::{Region, Timestamp};

use super::answers::{KeyMetadata, Unit};
use super::common::{require_multi_region_support, require_primary, text};
use super::keys::require_key_quota;
use super::policies::accept_policy;
use super::tags::accept_tags;
use crate::audit::{AuditExtras, Elsewhere, FieldValue, Fields};
use crate::authorize::Authorized;
use crate::client::{Call, Client};
use crate::commit::{Changes, KeyChange, KeyCount};
use crate::door::{CallFacts, Effect, Operation};
use crate::import::share_fingerprint_key;
use crate::record::KeyRecord;
use crate::region::RegionState;
use crate::request::request;
use crate::response::response;
use crate::snapshot::KeySnapshot;
use crate::targets::{NewReplica, Succession, Target, WantedReplica};
use crate::value::Tag;
use crate::{Error, material};

request! {
    /// Makes a replica of a multi-Region primary key in another Region (MRK-24 to MRK-31): a key of its own with the
    /// same key ID and the same material, so that each decrypts what the other has encrypted. Policy, description,
    /// tags, aliases and grants of the primary are not copied. Neither is imported material: the replica waits until the
    /// same is imported there (MRK-62).
    ///
    /// Authorized by `kms:ReplicateKey` on the primary, and in the Region of the replica by `kms:CreateKey`, with tags
    /// also `kms:TagResource`, in identity policies.
    ReplicateKey: REPLICATE_KEY -> ReplicateKeyResponse {
        /// The primary: key ID or key ARN.
        key_id: Cow<'a, str>,
        /// The Region of the replica.
        replica_region: Cow<'a, str>,
        /// The key policy of the replica; by default one that lets the account delegate to its identities.
        policy: Cow<'a, str>,
        /// Accepts a policy that locks the caller out.
        bypass_policy_lockout_safety_check: bool,
        /// The description of the replica. Not secret.
        description: Cow<'a, str>,
        /// The tags of the replica. Not secret.
        tags: Vec<Tag>,
    }
}

response! {
    /// The answer of [`ReplicateKey`].
    #[derive(Clone, Debug, PartialEq, Eq)]
    ReplicateKeyResponse {
        /// The replica, in state `Creating`.
        replica_key_metadata: KeyMetadata,
        /// Its key policy.
        replica_policy: String,
        /// Its tags.
        replica_tags: Vec<Tag>,
    }
}

request! {
    /// Makes a replica the primary of its set, and the primary a replica (MRK-32 to MRK-38). Nothing else about the two
    /// keys changes.
    ///
    /// Authorized by `kms:UpdatePrimaryRegion` on both keys, each in its Region.
    UpdatePrimaryRegion: UPDATE_PRIMARY_REGION -> Unit {
        /// The present primary: key ID or key ARN.
        key_id: Cow<'a, str>,
        /// The Region of the replica that becomes the primary.
        primary_region: Cow<'a, str>,
    }
}

impl Client {
    /// Makes a replica in another Region. See [`ReplicateKey`].
    pub fn replicate_key<'c>(
        &'c self,
        key_id: impl Into<Cow<'c, str>>,
        replica_region: impl Into<Cow<'c, str>>,
    ) -> Call<'c, ReplicateKey<'c>> {
        self.call(ReplicateKey {
            key_id: Some(key_id.into()),
            replica_region: Some(replica_region.into()),
            ..ReplicateKey::new()
        })
    }

    /// Makes a replica the primary. See [`UpdatePrimaryRegion`].
    pub fn update_primary_region<'c>(
        &'c self,
        key_id: impl Into<Cow<'c, str>>,
        primary_region: impl Into<Cow<'c, str>>,
    ) -> Call<'c, UpdatePrimaryRegion<'c>> {
        self.call(UpdatePrimaryRegion {
            key_id: Some(key_id.into()),
            primary_region: Some(primary_region.into()),
            ..UpdatePrimaryRegion::new()
        })
    }
}

impl<'c> Call<'c, ReplicateKey<'c>> {
    /// Adds a tag.
    pub fn tag(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.request.tags.get_or_insert_default().push(Tag::new(key, value));
        self
    }
}

/// A replica that may be made.
pub(crate) struct Replicating<'p> {
    primary: &'p Target,
    region: Arc<RegionState>,
    record: KeyRecord,
    policy: Option<Arc<Policy>>,
    bypass: bool,
    given_policy: bool,
}

impl ReplicateKey<'_> {
    fn region(&self) -> Result<Region, Error> {
        parse_region(text(&self.replica_region))
    }
}

impl Operation for ReplicateKey<'_> {
    type Targets = NewReplica;
    type Prepared<'p>
        = Replicating<'p>
    where
        Self: 'p;

    fn wanted<'r>(&'r self, _: &CallFacts<'_>) -> Result<WantedReplica<'r>, Error> {
        Ok(WantedReplica {
            key_id: text(&self.key_id),
            region: self.region()?,
            tagged: self.tags.as_ref().is_some_and(|tags| !tags.is_empty()),
        })
    }

    fn capability(&self, targets: &Authorized<NewReplica>, call: &CallFacts<'_>) -> Result<(), Error> {
        let key = targets.key.snapshot();
        require_primary(key, call)?;
        let region = self.region()?;
        if !call.engine.is_enabled(&region, key.arn.account) {
            let message = format!("Region {region} is not enabled for account {}.", key.arn.account);
            return Err(Error::UnsupportedOperation(message.into()));
        }
        require_multi_region_support(&region, call)?;
        let there = call.engine.region_config(&region);
        if there.partition != key.arn.partition || there.profile != key.record.profile {
            let message = format!("{} cannot be replicated to Region {region}.", key.arn_text);
            return Err(Error::UnsupportedOperation(message.into()));
        }
        Ok(())
    }

    fn prepare<'p>(
        &'p self,
        targets: &'p Authorized<NewReplica>,
        call: &CallFacts<'p>,
    ) -> Result<Replicating<'p>, Error> {
        let primary = targets.key.snapshot();
        let draft = &targets.draft;
        let name = draft.arn.region;
        let occupied = primary.record.related.as_ref().is_some_and(|related| related.regions().any(|own| own == name));
        if occupied {
            return Err(Error::AlreadyExists(format!("Key {} already exists.", draft.arn_text).into()));
        }
        let bypass = self.bypass_policy_lockout_safety_check.unwrap_or(false);
        let policy = match self.policy.as_deref() {
            Some(document) => Some(Arc::new(accept_policy(document, bypass, &draft.arn, Some(draft), call)?)),
            None => None,
        };
        let tags = match &self.tags {
            Some(tags) => accept_tags(&BTreeMap::new(), tags)?,
            None => BTreeMap::new(),
        };
        let region = call.engine.region(name)?;
        require_key_quota(&region, call)?;

        let mut record = primary.record.as_replica(call.now);
        record.description = text(&self.description).into();
        record.policy = self.policy.as_deref().map_or_else(|| Arc::clone(&draft.record.policy), Into::into);
        record.tags = tags;
        if let Some(related) = &mut record.related {
            related.add(name, phase_end(call));
        }
        let given_policy = policy.is_some();
        Ok(Replicating { primary: &targets.key, region, record, policy, bypass, given_policy })
    }

    fn perform(replicating: Replicating<'_>, call: &CallFacts<'_>) -> Result<Effect<ReplicateKeyResponse>, Error> {
        let Replicating { primary, region, mut record, policy, bypass, given_policy } = replicating;
        let primary = primary.held();
        let arn = primary.arn_in(region.region);
        let materials = material::transfer(call.engine, &primary, call.region, &region)?;
        if record.import.is_some() {
            record.import = Some(share_fingerprint_key(call.engine, &primary, call.region, &region)?);
        }
        let shown = KeySnapshot::preview(arn, &record, &materials)?;
        // The answer precedes the end of the construction, also when that takes no time (MRK-26).
        let replica_key_metadata =
            KeyMetadata { key_state: KeyState::Creating, enabled: false, ..KeyMetadata::of(&shown, call.now) };
        let tags = record.tags.iter().map(|(key, value)| Tag::new(key, value)).collect();
        let response = ReplicateKeyResponse {
            replica_key_metadata,
            replica_policy: record.policy.to_string(),
            replica_tags: tags,
        };
        let audit = if call.is_recorded() {
            AuditExtras {
                response: Some(recorded_answer(&response)),
                elsewhere: Some(Elsewhere {
                    name: "CreateKey",
                    region: arn.region,
                    request: creation(&response, bypass, given_policy),
                    response: Fields::new().with("keyMetadata", response.replica_key_metadata.recorded()),
                    resource: Some(arn),
                    invoked_by: None,
                }),
                ..AuditExtras::default()
            }
        } else {
            AuditExtras::default()
        };

        let mut own = primary.record.clone();
        own.related.clone_from(&record.related);
        let is_complete = record.related.as_ref().is_some_and(|related| related.phase_due(arn.region).is_none());
        let synchronized = if is_complete { call.engine.synchronization(&arn, &record, call.now)? } else { Vec::new() };
        let others = call.engine.spread(&primary, &own)?;
        let replica = KeyChange { materials, policy: policy.or(Some(shown.policy)), ..KeyChange::create(arn, record) };
        let changes = Changes {
            keys: [replica, KeyChange::update(primary, own)].into_iter().chain(others).collect(),
            key_counts: [(arn, KeyCount::OneMore)].into_iter().collect(),
            service_records: synchronized,
            ..Changes::default()
        };
        Ok(Effect { response, changes, audit })
    }
}

impl Operation for UpdatePrimaryRegion<'_> {
    type Targets = Succession;
    type Prepared<'p>
        = (&'p Target, &'p Target)
    where
        Self: 'p;

    fn wanted<'r>(&'r self, _: &CallFacts<'_>) -> Result<(&'r str, Region), Error> {
        Ok((text(&self.key_id), parse_region(text(&self.primary_region))?))
    }

    fn capability(&self, targets: &Authorized<Succession>, call: &CallFacts<'_>) -> Result<(), Error> {
        let key = targets.primary.snapshot();
        require_primary(key, call)?;
        let region = parse_region(text(&self.primary_region))?;
        if region == key.arn.region {
            let message = format!("{} is already the primary key in Region {region}.", key.arn_text);
            return Err(Error::UnsupportedOperation(message.into()));
        }
        heir(targets, region).map(drop)
    }

    fn prepare<'p>(
        &'p self,
        targets: &'p Authorized<Succession>,
        _: &CallFacts<'p>,
    ) -> Result<(&'p Target, &'p Target), Error> {
        let region = parse_region(text(&self.primary_region))?;
        Ok((&targets.primary, heir(targets, region)?))
    }

    fn perform((primary, heir): (&Target, &Target), call: &CallFacts<'_>) -> Result<Effect<Unit>, Error> {
        let mut record = primary.snapshot().record.clone();
        let mut is_complete = false;
        if let Some(related) = &mut record.related {
            related.complete_handover(call.now);
            related.hand_over(heir.arn().region, phase_end(call).unwrap_or(call.now));
            is_complete = related.complete_handover(call.now);
        }
        let mut changes = call.engine.shared_change(primary.held(), record, call.now)?;
        if !is_complete {
            // Nothing was propagated yet but that something will be.
            changes.service_records.clear();
        }
        let heir = heir.arn();
        let elsewhere = call.is_recorded().then(|| Elsewhere {
            name: call.row.name,
            region: heir.region,
            request: Fields::new().with("keyId", heir.to_string()).with("primaryRegion", heir.region.as_str()),
            response: Fields::new().with("keyId", heir.to_string()),
            resource: None,
            invoked_by: Some("kms.amazonaws.com"),
        });
        Ok(Effect { response: Unit, changes, audit: AuditExtras { elsewhere, ..AuditExtras::default() } })
    }
}

/// When the second phase of a change begins; `None` if at once.
fn phase_end(call: &CallFacts<'_>) -> Option<Timestamp> {
    let delay = call.engine.multi_region_delay;
    (!delay.is_zero()).then(|| call.now.plus(delay))
}

/// The replica that takes over.
fn heir(targets: &Succession, region: Region) -> Result<&Target, Error> {
    let missing =
        || Error::NotFound(format!("Key '{}' does not exist", targets.primary.snapshot().arn_in(region)).into());
    targets.heir.as_ref().ok_or_else(missing)
}

/// The shape step has compared the name with the pattern of Regions already.
fn parse_region(name: &str) -> Result<Region, Error> {
    name.parse().map_err(|_| Error::Validation(format!("Unknown Region {name}").into()))
}

fn recorded_answer(response: &ReplicateKeyResponse) -> Fields {
    Fields::new()
        .with("replicaKeyMetadata", response.replica_key_metadata.recorded())
        .with("replicaPolicy", response.replica_policy.as_str())
        .with("replicaTags", recorded_tags(&response.replica_tags))
}

/// The replica as a request of CreateKey would have asked for it.
fn creation(response: &ReplicateKeyResponse, bypass: bool, given_policy: bool) -> Fields {
    let key = &response.replica_key_metadata;
    let mut fields = Fields::new()
        .with("description", key.description.as_str())
        .with("origin", key.origin.as_str())
        .with("keySpec", key.key_spec.as_str())
        .with("customerMasterKeySpec", key.key_spec.as_str())
        .with("keyUsage", key.key_usage.as_str())
        .with("bypassPolicyLockoutSafetyCheck", bypass);
    if given_policy {
        fields.push("policy", response.replica_policy.as_str());
    }
    if !response.replica_tags.is_empty() {
        fields.push("tags", recorded_tags(&response.replica_tags));
    }
    fields.push("multiRegion", true);
    fields
}

fn recorded_tags(tags: &[Tag]) -> Vec<FieldValue> {
    tags.iter().map(FieldValue::from).collect()
}
