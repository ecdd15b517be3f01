//! Step 7 of the door: may this caller do this?
//!
//! The answer is a value. Only [`authorize`] makes an [`Authorized`], and only through it does an operation reach key
//! material, so an operation that forgot to ask does not compile.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Deref;

use keystead_hierarchy::EncryptionContext;
use keystead_hierarchy::spec::KeyManager;
use keystead_policy::{
    ConditionKey, Decision, GrantMatch, KnownKey, Layer, Layers, Policy, Request, Resource as PolicyResource, Value,
    decide,
};
use keystead_types::KeyArn;

use crate::Error;
use crate::catalogue::{Resource, Row};
use crate::door::CallFacts;
use crate::facts::{EQUALS, Facts, claimed_context, constraint, source_arn, texts};
use crate::grant::{
    ChildGrant, ContextConstraint, Grant, GrantId, GrantOperation, GrantQuery, Party, Sight, open_token,
};
use crate::managed::PredefinedKey;
use crate::material::LiveHandle;
use crate::region::arn_prefix;
use crate::resolve::alias_not_found;
use crate::snapshot::{KeySnapshot, Material};
use crate::targets::{Claim, Named, On, Target, Targets};

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

    /// The material of a version, ready for use; `None` if the key has no such version (ROT-04), as a replica that is yet
    /// to import what is pending rotation.
    pub(crate) fn material<'k>(
        &self,
        key: &'k Target,
        version: u32,
        call: &CallFacts<'_>,
    ) -> Result<Option<(&'k Material, LiveHandle)>, Error> {
        let Some(material) = key.snapshot().material(version).filter(|material| material.ekt.is_some()) else {
            return Ok(None);
        };
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
    arn: &KeyArn,
    key: Option<&KeySnapshot>,
    call: &CallFacts<'_>,
) -> bool {
    let put = &crate::catalogue::PUT_KEY_POLICY.actions[0];
    let arn_text = arn.to_string();
    let facts = Facts::of_next_policy_change(arn, key, call);
    let request = Request {
        principal: call.principal,
        action: put.policy,
        resource: PolicyResource::new(&arn_text, arn.account.as_str()),
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
    let key = match claim.on {
        On::Key(key, _) | On::Grant(key, _) => Some(key),
        _ => None,
    };
    let resource = match claim.on {
        On::Key(key, _) | On::Grant(key, _) => key.snapshot().resource(),
        On::Alias(alias) => {
            text = alias.to_string();
            PolicyResource::new(&text, alias.account.as_str())
        }
        On::NewKey(arn) | On::Predefined(PredefinedKey { arn, .. }) => {
            text = arn.to_string();
            PolicyResource::new(&text, call.account.as_str())
        }
        On::Replica(draft) if claim.action.resource == Resource::Key => draft.resource(),
        On::Replica(draft) => {
            text = format!("{}*", arn_prefix(draft.arn.partition, draft.arn.region, call.account));
            PolicyResource::new(&text, call.account.as_str())
        }
        On::Nothing => {
            text = format!("{}*", call.region.arn_prefix(call.account));
            PolicyResource::new(&text, call.account.as_str())
        }
    };
    let of_grant = match claim.on {
        On::Grant(_, Some(grant)) => grant.context.as_ref().map(|context| context.pairs()).map(borrowed),
        _ => None,
    };
    let context = of_grant.as_ref().or_else(|| claimed_context(claim, call));
    let facts = Facts::of_claim(claim, call, context);
    let identity_only = claim.action.resource != Resource::Key
        || matches!(claim.on, On::NewKey(_) | On::Predefined(_) | On::Replica(_) | On::Grant(..));
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
        On::Predefined(_) => true,
        On::Alias(_) | On::NewKey(_) | On::Replica(_) | On::Nothing => false,
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
    // An account that is a party stands for those of its principals whom an identity policy allows it (GRA-38).
    let is_account = |party: &Party| party.account().is_some_and(|party| account == Some(party));
    let involved = account == Some(key.arn.account.as_str())
        || grant.is_some_and(|grant| {
            account == Some(grant.issuer.as_str())
                || grant.retiring.as_ref().is_some_and(is_account)
                || (is_account(&grant.grantee) && grant.operations.contains(&GrantOperation::RetireGrant))
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
        // To whom it is not made, it is not there (RUL-24).
        On::Predefined(key) => return alias_not_found(&key.alias.to_string()),
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
        On::Nothing | On::Replica(_) if claim.action.resource == Resource::None => format!(
            "User: {caller} is not authorized to perform: {action} on resource: * {}",
            decision.reason_text(action)
        ),
        On::NewKey(_) | On::Replica(_) | On::Nothing => {
            format!("User: {caller} is not authorized to perform: {action} {}", decision.reason_text(action))
        }
    };
    Error::AccessDenied(message.into())
}

fn owned_constraint(name: &str, context: &EncryptionContext<'_>) -> ContextConstraint {
    let pairs = context.iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
    if name == EQUALS { ContextConstraint::Equals(pairs) } else { ContextConstraint::Subset(pairs) }
}

fn borrowed(pairs: &BTreeMap<String, String>) -> EncryptionContext<'_> {
    EncryptionContext::from_iter(pairs.iter().map(|(key, value)| (key.as_str(), value.as_str())))
}

/// A text that the host states about the environment of the call.
fn host_text<'f>(call: &CallFacts<'f>, key: KnownKey) -> Option<&'f str> {
    match call.caller.statement().value(&ConditionKey::Known(key)) {
        Value::Text(text) => Some(text),
        _ => None,
    }
}
