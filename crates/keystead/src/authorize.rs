//! Step 7 of the door: may this caller do this?
//!
//! The answer is a value. Only [`authorize`] makes an [`Authorized`], and only through it does an operation reach key
//! material, so an operation that forgot to ask does not compile.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Deref;

use keystead_hierarchy::EncryptionContext;
use keystead_hierarchy::spec::{KeyKind, KeyManager, KeyUsage};
use keystead_policy::{
    ConditionKey, Context, Decision, GrantMatch, KeyName, KnownKey, Layer, Layers, Many, Policy, Request,
    Resource as PolicyResource, TextSet, Value, decide,
};

use crate::Error;
use crate::catalogue::{Conditions, Resource, Row};
use crate::door::CallFacts;
use crate::grant::{
    ChildGrant, ContextConstraint, Grant, GrantId, GrantOperation, GrantQuery, Party, Sight, open_token,
};
use crate::material::LiveHandle;
use crate::snapshot::{KeySnapshot, Material};
use crate::targets::{Claim, Named, On, Target, Targets};
use crate::value::{MemberValue, Tag};

/// Targets that the caller may use for the operation at hand.
#[derive(Debug)]
pub(crate) struct Authorized<T>(T);

impl<T> Deref for Authorized<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> Authorized<T> {
    /// The material that encrypts, ready for use.
    pub(crate) fn current_material<'k>(
        &self,
        key: &'k Target,
        call: &CallFacts<'_>,
    ) -> Result<(&'k Material, LiveHandle), Error> {
        let material = key.snapshot().current_material().ok_or_else(|| crate::engine::damaged("key"))?;
        let live = call.engine.materials.live(call.engine, call.region, key.snapshot(), material, call.now)?;
        Ok((material, live))
    }

    /// The material of a version, ready for use; `None` if the key has no such version (ROT-04).
    pub(crate) fn material<'k>(
        &self,
        key: &'k Target,
        version: u32,
        call: &CallFacts<'_>,
    ) -> Result<Option<(&'k Material, LiveHandle)>, Error> {
        let Some(material) = key.snapshot().material(version) else { return Ok(None) };
        let live = call.engine.materials.live(call.engine, call.region, key.snapshot(), material, call.now)?;
        Ok(Some((material, live)))
    }
}

/// Decides every claim of the targets; the first refusal is reported (PRM-22).
pub(crate) fn authorize<T: Targets>(
    targets: T,
    row: &'static Row,
    call: &CallFacts<'_>,
) -> Result<Authorized<T>, Error> {
    for claim in targets.claims(row) {
        let decision = decide_claim(&claim, call);
        let absent = matches!(claim.on, On::Key(key, _) | On::Grant(key, _) if !key.exists);
        if !decision.is_allowed() || absent {
            return Err(refusal(&claim, decision, call));
        }
    }
    Ok(Authorized(targets))
}

/// Whether the caller may do something to a key; used where the answer must not be told.
pub(crate) fn may_use(key: &Target, call: &CallFacts<'_>) -> bool {
    let mut actions = call.row.actions.iter().filter(|action| action.resource == Resource::Key);
    actions.any(|action| decide_claim(&Claim { action, on: On::Key(key, None) }, call).is_allowed())
}

/// Whether a change of the key policy to `policy` would leave the caller able to change it again (POL-86).
pub(crate) fn may_replace_policy(
    policy: &Policy,
    arn_text: &str,
    key: Option<&KeySnapshot>,
    call: &CallFacts<'_>,
) -> bool {
    let put = &crate::catalogue::PUT_KEY_POLICY.actions[0];
    let account = call.account.as_str();
    let facts = Facts {
        call,
        conditions: if key.is_some() { Conditions::KEY } else { Conditions::KEY.and(Conditions::NEW_KEY) },
        key,
        other: None,
        request_alias: None,
        side: "",
        context_keys: ContextKeys(None),
        request_tags: RequestTags::of(call.row, call.values),
        grant_operations: Texts(&[]),
    };
    let request = Request {
        principal: call.principal,
        action: put.policy,
        resource: PolicyResource::new(arn_text, account),
        context: &facts,
        cross_account_capable: false,
        identity_only: false,
    };
    decide(&request, &layers(call, Some(policy))).is_allowed()
}

fn decide_claim(claim: &Claim<'_>, call: &CallFacts<'_>) -> Decision {
    with_request(claim, call, |question| question.decide().0)
}

/// What the policy engine is asked about a claim.
pub(crate) struct Question<'q> {
    pub(crate) request: Request<'q>,
    pub(crate) layers: Layers<'q>,
    claim: &'q Claim<'q>,
    call: &'q CallFacts<'q>,
    /// The encryption context that grants are held against.
    context: Option<&'q EncryptionContext<'q>>,
}

impl Question<'_> {
    /// The decision, and the grant without which it would be another.
    pub(crate) fn decide(&self) -> (Decision, GrantMatch) {
        let Self { request, layers, claim, call, context } = self;
        let decision = decide(request, layers);
        match (decision, claim.on) {
            (decision, On::Grant(key, grant)) => {
                (decide_retiring(decision, key.snapshot(), grant, call), GrantMatch::None)
            }
            // Policies come first; only what they do not allow is looked for among the grants (GRA-30).
            (Decision::ImplicitDeny(_), On::Key(key, _)) if claim.action.grantable => {
                match matching_grant(claim, key.snapshot(), *context, call) {
                    GrantMatch::None => (decision, GrantMatch::None),
                    grant => (decide(request, &Layers { grant, ..*layers }), grant),
                }
            }
            _ => (decision, GrantMatch::None),
        }
    }
}

/// Puts a claim into the words of the policy engine, for a decision or an explanation.
pub(crate) fn with_request<R>(claim: &Claim<'_>, call: &CallFacts<'_>, answer: impl FnOnce(&Question<'_>) -> R) -> R {
    let text;
    let (key, other) = match claim.on {
        On::Key(key, other) => (Some(key), other),
        On::Grant(key, _) => (Some(key), None),
        _ => (None, None),
    };
    let resource = match claim.on {
        On::Key(key, _) | On::Grant(key, _) => key.snapshot().resource(),
        On::Alias(alias) => {
            text = alias.to_string();
            PolicyResource::new(&text, alias.account.as_str())
        }
        On::NewKey(arn) => {
            text = arn.to_string();
            PolicyResource::new(&text, call.account.as_str())
        }
        On::Nothing => {
            text = format!("{}*", call.region.arn_prefix(call.account));
            PolicyResource::new(&text, call.account.as_str())
        }
    };
    let side = match claim.action.policy.name() {
        _ if other.is_none() => "",
        "ReEncryptFrom" => "Source",
        _ => "Destination",
    };
    let conditions = claim.action.conditions;
    let of_grant = match claim.on {
        On::Grant(_, Some(grant)) => grant.context.as_ref().map(|context| context.pairs()).map(borrowed),
        _ => None,
    };
    let context = if !conditions.has(Conditions::CONTEXT) {
        None
    } else if conditions.has(Conditions::GRANT) {
        of_grant.as_ref().or_else(|| constraint(call).map(|(_, context)| context))
    } else {
        encryption_context(call, side)
    };
    let symmetric = key.is_none_or(|key| key.snapshot().record.spec.kind() == KeyKind::SymmetricEncryption);
    let facts = Facts {
        call,
        conditions,
        key: key.map(Target::snapshot),
        other: other.map(Target::snapshot),
        request_alias: key.and_then(|key| match &key.named {
            Named::Alias(name) => Some(name.as_str()),
            _ => None,
        }),
        side,
        context_keys: ContextKeys(context.filter(|context| symmetric && !context.is_empty())),
        request_tags: if conditions.has(Conditions::TAGS) {
            RequestTags::of(call.row, call.values)
        } else {
            RequestTags::None
        },
        grant_operations: Texts(if conditions.has(Conditions::GRANT) { texts(call, "Operations") } else { &[] }),
    };
    let identity_only = claim.action.resource != Resource::Key || matches!(claim.on, On::NewKey(_) | On::Grant(..));
    let request = Request {
        principal: call.principal,
        action: claim.action.policy,
        resource,
        context: &facts,
        cross_account_capable: claim.action.cross_account,
        identity_only,
    };
    let mut layers = layers(call, key.map(|key| key.snapshot().policy.as_ref()));
    if is_beyond_resource_control(claim) {
        layers.resource_control = &[];
    }
    answer(&Question { request, layers, claim, call, context })
}

/// Resource control policies concern neither AWS managed keys nor RetireGrant (POL-129, GRA-72).
fn is_beyond_resource_control(claim: &Claim<'_>) -> bool {
    match claim.on {
        On::Grant(..) => true,
        On::Key(key, _) => key.snapshot().record.manager == KeyManager::Aws,
        On::Alias(_) | On::NewKey(_) | On::Nothing => false,
    }
}

/// The strongest grant on the key that fits the call (GRA-37).
fn matching_grant(
    claim: &Claim<'_>,
    key: &KeySnapshot,
    context: Option<&EncryptionContext<'_>>,
    call: &CallFacts<'_>,
) -> GrantMatch {
    let Ok(operation) = claim.action.policy.name().parse::<GrantOperation>() else { return GrantMatch::None };
    let requested: BTreeSet<GrantOperation>;
    let wanted_context;
    let child = if operation == GrantOperation::CreateGrant {
        requested = texts(call, "Operations").iter().filter_map(|name| name.parse().ok()).collect();
        wanted_context = constraint(call).map(|(name, context)| owned_constraint(name, context));
        Some(ChildGrant { operations: &requested, context: wanted_context.as_ref(), source_arn: source_arn(call) })
    } else {
        None
    };
    key.grants.find(&GrantQuery {
        operation,
        caller: call.principal,
        account_root: call.account_root,
        context,
        source_arn: host_text(call, KnownKey::AwsSourceArn),
        child: child.as_ref(),
        sight: Sight { now: call.now, delay: call.engine.grant_delay.create, presented: &presented(key, call) },
    })
}

/// The grants on the key whose tokens the call presents. They matter only while new grants are not visible (GRA-47).
fn presented(key: &KeySnapshot, call: &CallFacts<'_>) -> Vec<GrantId> {
    if call.engine.grant_delay.create.is_zero() {
        return Vec::new();
    }
    let references =
        texts(call, "GrantTokens").iter().filter_map(|text| open_token(call.engine, call.region, text).ok());
    references.filter(|reference| reference.key == key.arn).map(|reference| reference.grant).collect()
}

/// Who may retire a grant (GRA-57 to GRA-59). `decision` is what the caller's own policies say of `kms:RetireGrant`.
fn decide_retiring(decision: Decision, key: &KeySnapshot, grant: Option<&Grant>, call: &CallFacts<'_>) -> Decision {
    let stopped = match decision {
        Decision::ExplicitDeny(_) => true,
        // What a guard rail does not allow, no grant can.
        Decision::ImplicitDeny(layer) => {
            matches!(layer, Layer::Endpoint | Layer::ServiceControl)
        }
        Decision::Allowed => false,
    };
    let is = |party: &Party| party.is(call.principal);
    let own_right = grant.is_some_and(|grant| {
        grant.retiring.as_ref().is_some_and(is)
            || (is(&grant.grantee) && grant.operations.contains(&GrantOperation::RetireGrant))
    });
    let account = call.principal.account();
    let involved = account == Some(key.arn.account.as_str())
        || grant.is_some_and(|grant| {
            account == Some(grant.issuer.as_str())
                || grant.retiring.as_ref().and_then(Party::account).is_some_and(|retiring| account == Some(retiring))
        });
    match decision {
        _ if stopped => decision,
        _ if own_right => Decision::Allowed,
        Decision::Allowed if involved => Decision::Allowed,
        _ => Decision::ImplicitDeny(Layer::Identity),
    }
}

fn layers<'p>(call: &CallFacts<'p>, key_policy: Option<&'p Policy>) -> Layers<'p> {
    let statement = call.caller.statement();
    Layers {
        key_policy,
        identity: &statement.identity,
        boundary: statement.boundary.as_deref(),
        session: &statement.session,
        service_control: &statement.service_control,
        resource_control: &statement.resource_control,
        endpoint: statement.endpoint.as_slice(),
        grant: GrantMatch::None,
        identity_suffices: false,
    }
}

/// The exception for a refusal. Of another account's keys it tells nothing (POL-114 to POL-119).
fn refusal(claim: &Claim<'_>, decision: Decision, call: &CallFacts<'_>) -> Error {
    let caller = call.principal.arn();
    let action = claim.action.policy;
    let opaque = "because the resource does not exist in this Region, no resource-based policies allow access, or a \
                  resource-based policy explicitly denies access";
    let message = match claim.on {
        On::Key(key, _) if key.named == Named::Ciphertext => {
            format!(
                "User: {caller} is not authorized to perform: {action} on the resource associated with this ciphertext {opaque}"
            )
        }
        On::Key(key, _) | On::Grant(key, _) if key.foreign => {
            format!("User: {caller} is not authorized to perform: {action} on this resource {opaque}")
        }
        On::Key(key, _) | On::Grant(key, _) => format!(
            "User: {caller} is not authorized to perform: {action} on resource: {} {}",
            key.snapshot().arn_text,
            decision.reason_text(action)
        ),
        On::Alias(alias) => format!(
            "User: {caller} is not authorized to perform: {action} on resource: {alias} {}",
            decision.reason_text(action)
        ),
        On::NewKey(_) => {
            format!("User: {caller} is not authorized to perform: {action} {}", decision.reason_text(action))
        }
        On::Nothing => format!(
            "User: {caller} is not authorized to perform: {action} on resource: * {}",
            decision.reason_text(action)
        ),
    };
    Error::AccessDenied(message.into())
}

/// The condition keys of one claim (chapter 22).
struct Facts<'f> {
    call: &'f CallFacts<'f>,
    conditions: Conditions,
    key: Option<&'f KeySnapshot>,
    other: Option<&'f KeySnapshot>,
    request_alias: Option<&'f str>,
    /// What the members of this side begin with in a two-key request.
    side: &'static str,
    context_keys: ContextKeys<'f>,
    request_tags: RequestTags<'f>,
    grant_operations: Texts<'f>,
}

impl Context for Facts<'_> {
    fn value<'a>(&'a self, key: &ConditionKey) -> Value<'a> {
        match key {
            ConditionKey::EncryptionContext(name) => {
                only(self.context_keys.pairs().filter(|(own, _)| name.matches(own)).map(|(_, value)| value))
            }
            ConditionKey::ResourceTag(name) => only(self.resource_tags(name)),
            ConditionKey::RequestTag(name) if self.conditions.has(Conditions::TAGS) => {
                only(self.request_tags.values(name))
            }
            ConditionKey::Known(known) => self.known(*known, key),
            _ => self.call.caller.statement().value(key),
        }
    }

    fn colliding<'a>(&'a self, key: &ConditionKey, nth: usize) -> Option<Value<'a>> {
        match key {
            ConditionKey::EncryptionContext(name) => self
                .context_keys
                .pairs()
                .filter(|(own, _)| name.matches(own))
                .nth(nth)
                .map(|(_, value)| Value::Text(value)),
            ConditionKey::ResourceTag(name) => self.resource_tags(name).nth(nth).map(Value::Text),
            ConditionKey::RequestTag(name) => self.request_tags.values(name).nth(nth).map(Value::Text),
            ConditionKey::PrincipalTag(name) => self.call.caller.statement().colliding_tag(name, nth),
            _ => None,
        }
    }
}

impl<'f> Facts<'f> {
    fn known<'a>(&'a self, known: KnownKey, key: &ConditionKey) -> Value<'a> {
        use KnownKey as K;

        let has = |group| self.conditions.has(group);
        match known {
            // Of the caller, the clock and the Region.
            K::AwsCurrentTime => Value::Time(self.call.now.as_jiff()),
            K::AwsEpochTime => Value::Epoch(self.call.now.as_jiff()),
            K::AwsRequestedRegion => Value::Text(self.call.region.region.as_str()),
            K::AwsResourceAccount => match self.key {
                Some(key) => Value::Text(key.arn.account.as_str()),
                None if self.call.row.actions.iter().any(|action| action.resource == Resource::Alias) => {
                    Value::Text(self.call.account.as_str())
                }
                None => Value::Absent,
            },
            K::KmsCallerAccount if has(Conditions::KEY) || has(Conditions::CALLER_ACCOUNT) => {
                self.call.principal.account().into()
            }
            K::KmsViaService if has(Conditions::KEY) || has(Conditions::VIA_SERVICE) => {
                self.call.caller.statement().via_service.as_deref().into()
            }
            // Of the key.
            K::KmsKeySpec | K::KmsCustomerMasterKeySpec if has(Conditions::KEY) || has(Conditions::NEW_KEY) => self
                .key_property(
                    |key| key.record.spec.as_str(),
                    &["KeySpec", "CustomerMasterKeySpec"],
                    "SYMMETRIC_DEFAULT",
                ),
            K::KmsKeyUsage | K::KmsCustomerMasterKeyUsage if has(Conditions::KEY) || has(Conditions::NEW_KEY) => {
                self.key_property(|key| key.record.usage.as_str(), &["KeyUsage"], KeyUsage::EncryptDecrypt.as_str())
            }
            K::KmsKeyOrigin if has(Conditions::KEY) || has(Conditions::NEW_KEY) => {
                self.key_property(|key| key.record.origin.as_str(), &["Origin"], "AWS_KMS")
            }
            K::KmsMultiRegion if has(Conditions::KEY) || has(Conditions::NEW_KEY) => {
                Value::Bool(self.is_multi_region())
            }
            K::KmsMultiRegionKeyType if self.key.is_none() && has(Conditions::NEW_KEY) && self.is_multi_region() => {
                Value::Text("PRIMARY")
            }
            K::KmsResourceAliases if has(Conditions::KEY) => self.resource_aliases(),
            // Of the request.
            K::KmsRequestAlias if has(Conditions::REQUEST_ALIAS) => self.request_alias.into(),
            K::KmsEncryptionContextKeys => match self.context_keys.0 {
                Some(_) => Value::Many(Many::Set(&self.context_keys)),
                None => Value::Absent,
            },
            K::KmsEncryptionAlgorithm if has(Conditions::ENCRYPTION_ALGORITHM) => {
                Value::Text(self.text("EncryptionAlgorithm").unwrap_or("SYMMETRIC_DEFAULT"))
            }
            K::KmsSigningAlgorithm if has(Conditions::SIGNING) => self.text("SigningAlgorithm").into(),
            K::KmsMessageType if has(Conditions::SIGNING) => Value::Text(self.text("MessageType").unwrap_or("RAW")),
            K::KmsMacAlgorithm if has(Conditions::MAC) => self.text("MacAlgorithm").into(),
            K::KmsDataKeyPairSpec if has(Conditions::KEY_PAIR) => self.text("KeyPairSpec").into(),
            K::KmsReEncryptOnSameKey if has(Conditions::SAME_KEY) => {
                Value::Bool(self.key.map(|key| key.arn) == self.other.map(|key| key.arn))
            }
            K::KmsBypassPolicyLockoutSafetyCheck if has(Conditions::BYPASS) => {
                match self.member("BypassPolicyLockoutSafetyCheck") {
                    Some(MemberValue::Boolean(value)) => Value::Bool(*value),
                    _ => Value::Absent,
                }
            }
            K::KmsRotationPeriodInDays if has(Conditions::ROTATION_PERIOD) => {
                Value::Number(self.number("RotationPeriodInDays").unwrap_or(365))
            }
            K::KmsScheduleKeyDeletionPendingWindowInDays if has(Conditions::PENDING_WINDOW) => {
                Value::Number(self.number("PendingWindowInDays").unwrap_or(30))
            }
            K::KmsPolicyName if has(Conditions::POLICY_NAME) => {
                Value::Text(self.text("PolicyName").unwrap_or("default"))
            }
            K::KmsReplicaRegion if has(Conditions::REPLICA_REGION) => self.text("ReplicaRegion").into(),
            K::KmsPrimaryRegion if has(Conditions::PRIMARY_REGION) => self.text("PrimaryRegion").into(),
            K::KmsWrappingAlgorithm if has(Conditions::WRAPPING) => self.text("WrappingAlgorithm").into(),
            K::KmsWrappingKeySpec if has(Conditions::WRAPPING) => self.text("WrappingKeySpec").into(),
            K::KmsExpirationModel if has(Conditions::EXPIRATION) => self.text("ExpirationModel").into(),
            K::KmsValidTo if has(Conditions::EXPIRATION) => match self.member("ValidTo") {
                Some(MemberValue::Timestamp(at)) => Value::Epoch(at.as_jiff()),
                _ => Value::Absent,
            },
            K::KmsKeyAgreementAlgorithm if has(Conditions::KEY_AGREEMENT) => self.text("KeyAgreementAlgorithm").into(),
            K::KmsGrantIsForAwsResource if has(Conditions::GRANT_FOR_SERVICE) => {
                Value::Bool(self.call.caller.statement().grant_for_service)
            }
            K::KmsGrantConstraintType if has(Conditions::GRANT) => match constraint(self.call) {
                Some((name, _)) => Value::Text(name),
                None => Value::Absent,
            },
            K::KmsGrantOperations if has(Conditions::GRANT) && !self.grant_operations.0.is_empty() => {
                Value::Many(Many::Set(&self.grant_operations))
            }
            K::KmsGranteePrincipal if has(Conditions::GRANT) => self.text("GranteePrincipal").into(),
            K::KmsRetiringPrincipal if has(Conditions::GRANT) => self.text("RetiringPrincipal").into(),
            K::KmsGranteeServicePrincipal if has(Conditions::GRANT) => self.text("GranteeServicePrincipal").into(),
            K::KmsRetiringServicePrincipal if has(Conditions::GRANT) => self.text("RetiringServicePrincipal").into(),
            K::KmsGrantConstraintSourceArn if has(Conditions::GRANT) => source_arn(self.call).into(),
            K::AwsTagKeys if has(Conditions::TAGS) && !self.request_tags.is_empty() => {
                Value::Many(Many::Set(&self.request_tags))
            }
            _ if known.name().starts_with("kms:") => Value::Absent,
            _ => match self.call.principal.value(key) {
                Value::Absent => self.call.caller.statement().value(key),
                value => value,
            },
        }
    }

    /// A property of the key, or of the key to be created as the request asks for it (CND-03).
    fn key_property<'a>(
        &'a self,
        of_key: impl Fn(&'a KeySnapshot) -> &'a str,
        members: &[&'static str],
        default: &'static str,
    ) -> Value<'a> {
        match self.key {
            Some(key) => Value::Text(of_key(key)),
            None => Value::Text(members.iter().find_map(|member| self.text(member)).unwrap_or(default)),
        }
    }

    fn is_multi_region(&self) -> bool {
        match self.key {
            Some(key) => key.arn.key_id.is_multi_region(),
            None => matches!(self.member("MultiRegion"), Some(MemberValue::Boolean(true))),
        }
    }

    /// More aliases than the quota make the key unreliable (CND-55).
    fn resource_aliases(&self) -> Value<'_> {
        let Some(key) = self.key else { return Value::Absent };
        let limit = self.call.engine.quotas.aliases_per_key;
        if limit.is_some_and(|limit| key.alias_names.len() as u64 > limit) {
            return Value::Unusable;
        }
        if key.alias_names.is_empty() { Value::Absent } else { Value::from(key.alias_names.as_slice()) }
    }

    /// The tags of the key, or those of the key to be created (CND-69).
    fn resource_tags<'a, 'n>(&'a self, name: &'n KeyName) -> impl Iterator<Item = &'a str> + use<'a, 'n, 'f> {
        let of_key = self.key.into_iter().flat_map(|key| &key.record.tags);
        let of_new = self.key.is_none() && self.conditions.has(Conditions::NEW_KEY);
        let of_request = of_new.then(|| self.request_tags.values(name)).into_iter().flatten();
        of_key
            .filter(|_| self.conditions.has(Conditions::KEY))
            .filter(|(key, _)| name.matches(key))
            .map(|(_, value)| value.as_str())
            .chain(of_request)
    }

    fn text(&self, name: &'static str) -> Option<&str> {
        match self.member(name)? {
            MemberValue::Text(text) => Some(text),
            _ => None,
        }
    }

    fn number(&self, name: &'static str) -> Option<i64> {
        match self.member(name)? {
            MemberValue::Integer(number) => Some(*number),
            _ => None,
        }
    }

    fn member(&self, name: &'static str) -> Option<&MemberValue<'f>> {
        member(self.call.row, self.call.values, self.side, name)
    }
}

/// A member of the request; in a two-key request the one of the given side.
fn member<'v, 'f>(
    row: &'static Row,
    values: &'v [MemberValue<'f>],
    side: &'static str,
    name: &'static str,
) -> Option<&'v MemberValue<'f>> {
    // A comparison with an empty text is slow on processors where it reads, masked, from nowhere.
    let position = match side {
        "" => row.member(name)?,
        _ => row.members.iter().position(|member| member.name.strip_prefix(side) == Some(name))?,
    };
    values.get(position)
}

fn encryption_context<'f>(call: &CallFacts<'f>, side: &'static str) -> Option<&'f EncryptionContext<'f>> {
    match member(call.row, call.values, side, "EncryptionContext")? {
        MemberValue::TextMap(context) => Some(context),
        _ => None,
    }
}

/// The encryption context constraint of a grant to be made, with its name.
fn constraint<'f>(call: &CallFacts<'f>) -> Option<(&'static str, &'f EncryptionContext<'f>)> {
    let MemberValue::Structure(members) = member(call.row, call.values, "", "Constraints")? else { return None };
    match members.as_slice() {
        [MemberValue::TextMap(subset), ..] => Some((SUBSET, subset)),
        [_, MemberValue::TextMap(equals), ..] => Some((EQUALS, equals)),
        _ => None,
    }
}

/// The resource on whose behalf a grant to be made holds.
fn source_arn<'f>(call: &CallFacts<'f>) -> Option<&'f str> {
    let MemberValue::Structure(members) = member(call.row, call.values, "", "Constraints")? else { return None };
    match members.as_slice() {
        [_, _, MemberValue::Text(arn)] => Some(arn),
        _ => None,
    }
}

fn owned_constraint(name: &str, context: &EncryptionContext<'_>) -> ContextConstraint {
    let pairs = context.iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
    if name == EQUALS { ContextConstraint::Equals(pairs) } else { ContextConstraint::Subset(pairs) }
}

fn borrowed(pairs: &BTreeMap<String, String>) -> EncryptionContext<'_> {
    EncryptionContext::from_iter(pairs.iter().map(|(key, value)| (key.as_str(), value.as_str())))
}

fn texts<'f>(call: &CallFacts<'f>, name: &'static str) -> &'f [Cow<'f, str>] {
    match member(call.row, call.values, "", name) {
        Some(MemberValue::TextList(texts)) => texts,
        _ => &[],
    }
}

/// A text that the host states about the environment of the call.
fn host_text<'f>(call: &CallFacts<'f>, key: KnownKey) -> Option<&'f str> {
    match call.caller.statement().value(&ConditionKey::Known(key)) {
        Value::Text(text) => Some(text),
        _ => None,
    }
}

/// The only value of several, none, or the note that there are several (POL-48).
fn only<'a>(mut values: impl Iterator<Item = &'a str>) -> Value<'a> {
    match (values.next(), values.next()) {
        (None, _) => Value::Absent,
        (Some(value), None) => Value::Text(value),
        _ => Value::Colliding,
    }
}

/// The encryption context, seen as the set of its keys.
struct ContextKeys<'f>(Option<&'f EncryptionContext<'f>>);

impl<'f> ContextKeys<'f> {
    fn pairs(&self) -> impl Iterator<Item = (&'f str, &'f str)> + use<'f> {
        self.0.into_iter().flat_map(EncryptionContext::iter)
    }
}

impl TextSet for ContextKeys<'_> {
    fn visit(&self, visit: &mut dyn FnMut(&str) -> bool) {
        self.pairs().all(|(key, _)| visit(key));
    }
}

/// Texts of the request, seen as a set.
struct Texts<'f>(&'f [Cow<'f, str>]);

impl TextSet for Texts<'_> {
    fn visit(&self, visit: &mut dyn FnMut(&str) -> bool) {
        self.0.iter().all(|text| visit(text));
    }
}

/// The tags or tag keys of the request, seen as the set of their keys.
enum RequestTags<'f> {
    None,
    Tags(&'f [Tag]),
    Keys(&'f [Cow<'f, str>]),
}

impl<'f> RequestTags<'f> {
    fn of(row: &'static Row, values: &'f [MemberValue<'f>]) -> Self {
        for name in ["Tags", "TagKeys"] {
            match row.member(name).and_then(|position| values.get(position)) {
                Some(MemberValue::Tags(tags)) => return Self::Tags(tags),
                Some(MemberValue::TextList(keys)) => return Self::Keys(keys),
                _ => {}
            }
        }
        Self::None
    }

    fn values<'n>(&self, name: &'n KeyName) -> impl Iterator<Item = &'f str> + use<'f, 'n> {
        let tags = match self {
            Self::Tags(tags) => *tags,
            _ => &[],
        };
        tags.iter().filter(|tag| name.matches(&tag.tag_key)).map(|tag| tag.tag_value.as_str())
    }

    fn is_empty(&self) -> bool {
        match self {
            Self::None => true,
            Self::Tags(tags) => tags.is_empty(),
            Self::Keys(keys) => keys.is_empty(),
        }
    }
}

impl TextSet for RequestTags<'_> {
    fn visit(&self, visit: &mut dyn FnMut(&str) -> bool) {
        match self {
            Self::None => true,
            Self::Tags(tags) => tags.iter().all(|tag| visit(&tag.tag_key)),
            Self::Keys(keys) => keys.iter().all(|key| visit(key)),
        };
    }
}

const SUBSET: &str = "EncryptionContextSubset";
const EQUALS: &str = "EncryptionContextEquals";
