//! CreateKey, DescribeKey, UpdateKeyDescription, EnableKey, DisableKey.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use keystead_hierarchy::KeyFacts;
use keystead_hierarchy::spec::{KeyKind, KeyManager, KeySpec, KeyUsage, Origin};
use keystead_policy::Policy;
use keystead_types::{KeyArn, KeyId};

use super::answers::{KeyMetadata, Unit};
use super::common::{require_multi_region_support, text};
use super::policies::accept_policy;
use super::tags::accept_tags;
use crate::audit::{AuditExtras, Fields};
use crate::authorize::Authorized;
use crate::client::{Call, Client};
use crate::commit::{Changes, KeyChange, KeyCount, too_many_keys};
use crate::door::{CallFacts, Effect, Operation, not_yet};
use crate::import::new_fingerprint_key;
use crate::policies::default_key_policy;
use crate::quota::{self, ResourceQuota};
use crate::record::{KeyRecord, RECORD_FORMAT};
use crate::region::RegionState;
use crate::related::RelatedKeys;
use crate::request::request;
use crate::response::response;
use crate::snapshot::KeySnapshot;
use crate::targets::{DescribedKey, NewKey, OneKey, Target};
use crate::value::Tag;
use crate::{Error, material};

request! {
    /// Creates a KMS key (KEY-25 to KEY-35). Without members: a customer managed symmetric encryption key, enabled,
    /// with the default key policy, no alias, no tags, no automatic rotation.
    ///
    /// Authorized by `kms:CreateKey`, with tags also `kms:TagResource`, in identity policies.
    CreateKey: CREATE_KEY -> CreateKeyResponse {
        /// The key policy; by default one that lets the account delegate to its identities.
        policy: Cow<'a, str>,
        /// Up to 8,192 characters. Not secret.
        description: Cow<'a, str>,
        /// What the key may be used for; needed for all specs but `SYMMETRIC_DEFAULT`.
        key_usage: Cow<'a, str>,
        /// The old name of the key spec.
        customer_master_key_spec: Cow<'a, str>,
        /// The kind of key; by default `SYMMETRIC_DEFAULT`.
        key_spec: Cow<'a, str>,
        /// Where the material comes from; by default `AWS_KMS`.
        origin: Cow<'a, str>,
        /// The key store.
        custom_key_store_id: Cow<'a, str>,
        /// Accepts a policy that locks the caller out.
        bypass_policy_lockout_safety_check: bool,
        /// Up to 50 tags. Not secret.
        tags: Vec<Tag>,
        /// Whether the key can be replicated to other Regions.
        multi_region: bool,
        /// The key in the external key manager.
        xks_key_id: Cow<'a, str>,
    }
}

response! {
    /// The answer of [`CreateKey`].
    #[derive(Clone, Debug, PartialEq, Eq)]
    CreateKeyResponse {
        /// The new key.
        key_metadata: KeyMetadata,
    }
}

impl Client {
    /// Creates a key. See [`CreateKey`].
    pub fn create_key(&self) -> Call<'_, CreateKey<'_>> {
        self.call(CreateKey::new())
    }

    /// Describes a key. See [`DescribeKey`].
    pub fn describe_key<'c>(&'c self, key_id: impl Into<Cow<'c, str>>) -> Call<'c, DescribeKey<'c>> {
        self.call(DescribeKey { key_id: Some(key_id.into()), ..DescribeKey::new() })
    }

    /// Sets the description of a key. See [`UpdateKeyDescription`].
    pub fn update_key_description<'c>(
        &'c self,
        key_id: impl Into<Cow<'c, str>>,
        description: impl Into<Cow<'c, str>>,
    ) -> Call<'c, UpdateKeyDescription<'c>> {
        self.call(UpdateKeyDescription {
            key_id: Some(key_id.into()),
            description: Some(description.into()),
            ..UpdateKeyDescription::new()
        })
    }

    /// Enables a key. See [`EnableKey`].
    pub fn enable_key<'c>(&'c self, key_id: impl Into<Cow<'c, str>>) -> Call<'c, EnableKey<'c>> {
        self.call(EnableKey { key_id: Some(key_id.into()), ..EnableKey::new() })
    }

    /// Disables a key. See [`DisableKey`].
    pub fn disable_key<'c>(&'c self, key_id: impl Into<Cow<'c, str>>) -> Call<'c, DisableKey<'c>> {
        self.call(DisableKey { key_id: Some(key_id.into()), ..DisableKey::new() })
    }
}

impl<'c> Call<'c, CreateKey<'c>> {
    /// Adds a tag.
    pub fn tag(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.request.tags.get_or_insert_default().push(Tag::new(key, value));
        self
    }
}

/// A key that may be created.
pub(crate) struct Creating {
    arn: KeyArn,
    record: KeyRecord,
    policy: Option<Arc<Policy>>,
}

impl CreateKey<'_> {
    fn spec(&self) -> Result<KeySpec, Error> {
        match self.key_spec.as_deref().or(self.customer_master_key_spec.as_deref()) {
            Some(name) => name.parse().map_err(|_| Error::Validation(format!("Unknown key spec {name}").into())),
            None => Ok(KeySpec::SymmetricDefault),
        }
    }

    fn usage(&self, spec: KeySpec) -> Result<KeyUsage, Error> {
        match self.key_usage.as_deref() {
            Some(name) => name.parse().map_err(|_| Error::Validation(format!("Unknown key usage {name}").into())),
            None => spec.default_usage().ok_or_else(|| {
                let message =
                    "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.";
                Error::Validation(message.into())
            }),
        }
    }

    fn origin(&self) -> Result<Origin, Error> {
        match self.origin.as_deref() {
            Some(name) => name.parse().map_err(|_| Error::Validation(format!("Unknown origin {name}").into())),
            None => Ok(Origin::AwsKms),
        }
    }
}

impl Operation for CreateKey<'_> {
    type Targets = NewKey;
    type Prepared<'p>
        = Creating
    where
        Self: 'p;

    fn check(&self) -> Result<(), Error> {
        if self.key_spec.is_some() && self.customer_master_key_spec.is_some() {
            let message = "Specify either KeySpec or CustomerMasterKeySpec, not both.";
            return Err(Error::Validation(message.into()));
        }
        let spec = self.spec()?;
        let usage = self.usage(spec)?;
        if !spec.allows(usage) {
            return Err(Error::Validation(format!("KeyUsage {usage} is not compatible with KeySpec {spec}").into()));
        }
        let origin = self.origin()?;
        let needs_store = matches!(origin, Origin::AwsCloudHsm | Origin::ExternalKeyStore);
        member_fits("CustomKeyStoreId", self.custom_key_store_id.is_some(), needs_store, origin)?;
        member_fits("XksKeyId", self.xks_key_id.is_some(), origin == Origin::ExternalKeyStore, origin)
    }

    fn wanted(&self, call: &CallFacts<'_>) -> Result<NewKey, Error> {
        let multi_region = self.multi_region == Some(true);
        let arn = call.fresh_key(if multi_region { KeyId::multi_region } else { KeyId::single_region })?;
        let tagged = self.tags.as_ref().is_some_and(|tags| !tags.is_empty());
        Ok(NewKey { arn, tagged, linked_role: multi_region && call.engine.service_linked_role })
    }

    fn capability(&self, _: &Authorized<NewKey>, call: &CallFacts<'_>) -> Result<(), Error> {
        let spec = self.spec()?;
        let is_barred = spec.kind() == KeyKind::Hmac && !call.region.has_hmac_keys;
        if is_barred || !spec.available_in(call.region.profile) {
            let message = format!("KeySpec {spec} is not supported in Region {}.", call.region.region);
            return Err(Error::UnsupportedOperation(message.into()));
        }
        let origin = self.origin()?;
        if self.multi_region == Some(true) {
            require_multi_region_support(&call.region.region, call)?;
            if matches!(origin, Origin::AwsCloudHsm | Origin::ExternalKeyStore) {
                let message = format!("Keys with Origin {origin} cannot be multi-Region keys.");
                return Err(Error::UnsupportedOperation(message.into()));
            }
        }
        match origin {
            Origin::AwsKms | Origin::External => Ok(()),
            Origin::AwsCloudHsm | Origin::ExternalKeyStore => Err(not_yet("Custom key stores")),
        }
    }

    fn prepare<'p>(&'p self, targets: &'p Authorized<NewKey>, call: &CallFacts<'p>) -> Result<Creating, Error> {
        let (spec, origin) = (self.spec()?, self.origin()?);
        let arn = targets.arn;
        let bypass = self.bypass_policy_lockout_safety_check.unwrap_or(false);
        let policy = match self.policy.as_deref() {
            Some(document) => Some(Arc::new(accept_policy(document, bypass, &arn, None, call)?)),
            None => None,
        };
        let tags = match &self.tags {
            Some(tags) => accept_tags(&BTreeMap::new(), tags)?,
            None => BTreeMap::new(),
        };
        // Keys whose waiting period is over are removed first, as a sweep would have done (KEY-33).
        if require_key_quota(call.region, call).is_err() {
            call.engine.remove_dead_keys(call.region, call.account, call.now)?;
            require_key_quota(call.region, call)?;
        }

        let document = match self.policy.as_deref() {
            Some(document) => document.to_owned(),
            None => default_key_policy(arn.partition, arn.account),
        };
        let record = KeyRecord {
            format: RECORD_FORMAT,
            created: call.now,
            spec,
            usage: self.usage(spec)?,
            origin,
            manager: KeyManager::Customer,
            profile: call.region.profile,
            description: text(&self.description).into(),
            facts: KeyFacts::new(origin),
            policy: document.into(),
            tags,
            aliases: Default::default(),
            rotation: None,
            on_demand_rotations: 0,
            current: if origin == Origin::External { NO_MATERIAL } else { FIRST_MATERIAL },
            import: None,
            related: arn.key_id.is_multi_region().then(|| Box::new(RelatedKeys::new(arn.region))),
        };
        Ok(Creating { arn, record, policy })
    }

    fn perform(creating: Creating, call: &CallFacts<'_>) -> Result<Effect<CreateKeyResponse>, Error> {
        let Creating { arn, mut record, policy } = creating;
        let (engine, region) = (call.engine, call.region);
        let materials = if record.origin == Origin::External {
            record.import = Some(new_fingerprint_key(engine, region, &arn, &record)?);
            Vec::new()
        } else {
            let secret = call.fresh_material(|| material::generate(engine, &record))?;
            vec![material::wrap(engine, region, &arn, &record, FIRST_MATERIAL, None, secret)?]
        };
        let shown = KeySnapshot::preview(arn, &record, &materials)?;
        let key_metadata = KeyMetadata::of(&shown, call.now);
        let audit = AuditExtras {
            created: Some(arn),
            response: call.is_recorded().then(|| Fields::new().with("keyMetadata", key_metadata.recorded())),
            ..AuditExtras::default()
        };
        let policy = policy.or(Some(shown.policy));
        let change = KeyChange { materials, policy, ..KeyChange::create(arn, record) };
        let changes = Changes { key_counts: [(arn, KeyCount::OneMore)].into_iter().collect(), ..Changes::of(change) };
        Ok(Effect { response: CreateKeyResponse { key_metadata }, changes, audit })
    }
}

/// A member that belongs to certain origins and no others (API-052).
fn member_fits(member: &str, given: bool, needed: bool, origin: Origin) -> Result<(), Error> {
    match (given, needed) {
        (true, false) => Err(Error::Validation(format!("{member} is not valid with Origin {origin}; omit it.").into())),
        (false, true) => Err(Error::Validation(format!("{member} is required with Origin {origin}.").into())),
        _ => Ok(()),
    }
}

/// The key quota of a Region.
pub(super) fn require_key_quota(region: &RegionState, call: &CallFacts<'_>) -> Result<(), Error> {
    let limit = call.engine.limit(ResourceQuota::Keys, region, call.account);
    let count = call.engine.key_count(region.partition, region.region, call.account)?;
    if quota::admits(limit, count) { Ok(()) } else { Err(too_many_keys(limit)) }
}

request! {
    /// Describes a key; works in every state and across accounts (KEY-38). The first that names the alias of a registered
    /// AWS managed key makes it (KEY-10), if an identity policy allows the call, or the account root makes it.
    ///
    /// Authorized by `kms:DescribeKey` on the key.
    DescribeKey: DESCRIBE_KEY -> DescribeKeyResponse {
        /// The key: key ID, key ARN, alias name or alias ARN.
        key_id: Cow<'a, str>,
        /// Grants to be considered although they are new.
        grant_tokens: Vec<Cow<'a, str>>,
    }
}

response! {
    /// The answer of [`DescribeKey`].
    #[derive(Clone, Debug, PartialEq, Eq)]
    DescribeKeyResponse {
        /// The key.
        key_metadata: KeyMetadata,
    }
}

impl Operation for DescribeKey<'_> {
    type Targets = DescribedKey;
    type Prepared<'p>
        = &'p DescribedKey
    where
        Self: 'p;

    fn wanted<'r>(&'r self, _: &CallFacts<'_>) -> Result<&'r str, Error> {
        Ok(text(&self.key_id))
    }

    fn prepare<'p>(
        &'p self,
        targets: &'p Authorized<DescribedKey>,
        _: &CallFacts<'p>,
    ) -> Result<&'p DescribedKey, Error> {
        Ok(targets)
    }

    fn perform(described: &DescribedKey, call: &CallFacts<'_>) -> Result<Effect<DescribeKeyResponse>, Error> {
        let answer = |key: &KeySnapshot| DescribeKeyResponse { key_metadata: KeyMetadata::of(key, call.now) };
        match described {
            DescribedKey::Key(key) => Ok(Effect::reading(answer(key.snapshot()))),
            DescribedKey::Predefined(predefined) => {
                let (key, changes) = predefined.create(call)?;
                let audit = AuditExtras { created: Some(predefined.arn), ..AuditExtras::default() };
                Ok(Effect { response: answer(&key), changes, audit })
            }
        }
    }
}

request! {
    /// Sets the description of a key; an empty one clears it (KEY-42).
    ///
    /// Authorized by `kms:UpdateKeyDescription` on the key.
    UpdateKeyDescription: UPDATE_KEY_DESCRIPTION -> Unit {
        /// The key: key ID or key ARN.
        key_id: Cow<'a, str>,
        /// Up to 8,192 characters. Not secret.
        description: Cow<'a, str>,
    }
}

impl Operation for UpdateKeyDescription<'_> {
    type Targets = OneKey;
    type Prepared<'p>
        = (&'p Target, &'p str)
    where
        Self: 'p;

    fn wanted<'r>(&'r self, _: &CallFacts<'_>) -> Result<&'r str, Error> {
        Ok(text(&self.key_id))
    }

    fn prepare<'p>(
        &'p self,
        targets: &'p Authorized<OneKey>,
        _: &CallFacts<'p>,
    ) -> Result<(&'p Target, &'p str), Error> {
        Ok((&targets.0, text(&self.description)))
    }

    fn perform((key, description): (&Target, &str), _: &CallFacts<'_>) -> Result<Effect<Unit>, Error> {
        let record = KeyRecord { description: description.into(), ..key.snapshot().record.clone() };
        Ok(Effect::changing(Unit, Changes::of(KeyChange::update(key.held(), record))))
    }
}

request! {
    /// Enables a key; idempotent (KEY-44). An overdue rotation is made at once (ROT-24).
    ///
    /// Authorized by `kms:EnableKey` on the key.
    EnableKey: ENABLE_KEY -> Unit {
        /// The key: key ID or key ARN.
        key_id: Cow<'a, str>,
    }
}

impl Operation for EnableKey<'_> {
    type Targets = OneKey;
    type Prepared<'p>
        = &'p Target
    where
        Self: 'p;

    fn wanted<'r>(&'r self, _: &CallFacts<'_>) -> Result<&'r str, Error> {
        Ok(text(&self.key_id))
    }

    fn prepare<'p>(&'p self, targets: &'p Authorized<OneKey>, _: &CallFacts<'p>) -> Result<&'p Target, Error> {
        Ok(&targets.0)
    }

    fn perform(key: &Target, call: &CallFacts<'_>) -> Result<Effect<Unit>, Error> {
        let mut record = key.snapshot().record.clone();
        if record.facts.enabled {
            return Ok(Effect::reading(Unit));
        }
        record.facts.enabled = true;
        let overdue = record.rotation_due(key.arn().region, call.now).is_some_and(|at| at <= call.now);
        let changes = if overdue {
            record.rotation = record.rotation.map(|schedule| schedule.after_rotation_on_enable(call.now));
            call.engine.rotation(call.region, key.held(), record, call.now, false)?
        } else {
            Changes::of(KeyChange::update(key.held(), record))
        };
        Ok(Effect::changing(Unit, changes))
    }
}

request! {
    /// Disables a key; idempotent (KEY-43). No use of the key begins after the answer.
    ///
    /// Authorized by `kms:DisableKey` on the key.
    DisableKey: DISABLE_KEY -> Unit {
        /// The key: key ID or key ARN.
        key_id: Cow<'a, str>,
    }
}

impl Operation for DisableKey<'_> {
    type Targets = OneKey;
    type Prepared<'p>
        = &'p Target
    where
        Self: 'p;

    fn wanted<'r>(&'r self, _: &CallFacts<'_>) -> Result<&'r str, Error> {
        Ok(text(&self.key_id))
    }

    fn prepare<'p>(&'p self, targets: &'p Authorized<OneKey>, _: &CallFacts<'p>) -> Result<&'p Target, Error> {
        Ok(&targets.0)
    }

    fn perform(key: &Target, _: &CallFacts<'_>) -> Result<Effect<Unit>, Error> {
        let mut record = key.snapshot().record.clone();
        if !record.facts.enabled {
            return Ok(Effect::reading(Unit));
        }
        record.facts.enabled = false;
        let change = KeyChange { forget: true, ..KeyChange::update(key.held(), record) };
        Ok(Effect::changing(Unit, Changes::of(change)))
    }
}

/// The number of the first material of a key.
const FIRST_MATERIAL: u32 = 1;
/// Of a key whose material is yet to be imported.
const NO_MATERIAL: u32 = 0;
