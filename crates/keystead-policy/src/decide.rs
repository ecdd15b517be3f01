//! The decision: one request against the policies of all layers (chapter 21, section 6).

use std::ops::ControlFlow;
use std::sync::Arc;

use crate::evaluate::Evaluation;
use crate::principal_match::Reach;
use crate::{Action, Context, Policy, PolicyKind, Principal, PrincipalKind, Resource};

/// What is asked: may this caller do this action on this resource, in this context?
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// The caller.
    pub principal: &'a Principal,
    /// The action.
    pub action: Action<'a>,
    /// The resource and the account that owns it.
    pub resource: Resource<'a>,
    /// The values of condition keys.
    pub context: &'a dyn Context,
    /// Whether callers of other accounts can be authorized for this action at all (POL-90). A host that knows the
    /// caller's account to be disabled in the key's Region states `false` (POL-101).
    pub cross_account_capable: bool,
    /// Whether only identity policies count: for operations without a key, alias resources, and the actions that a
    /// key policy cannot give (POL-105, POL-106, PRM-10). The key policy is then ignored, its denies too.
    pub identity_only: bool,
}

/// One level of control policies: those attached to one node of the organisation.
pub type Level = Vec<Arc<Policy>>;

/// The policies that bear on a request. The default has none, and allows nothing.
///
/// A policy counts only in the layer of its own [`PolicyKind`]: in another one its allows are ignored and its denies
/// hold.
#[derive(Clone, Copy, Default)]
pub struct Layers<'a> {
    /// The policy of the key. `None` where the resource has none: the request is then decided as if the key policy
    /// had no statement.
    pub key_policy: Option<&'a Policy>,
    /// The identity policies of the caller: those of a user and its groups, or of a role.
    pub identity: &'a [Arc<Policy>],
    /// The permissions boundary of the caller.
    pub boundary: Option<&'a Policy>,
    /// The session policies of the caller; together they allow what any of them allows. Empty: no such limit.
    pub session: &'a [Arc<Policy>],
    /// Service control policies of the caller's account, organisation root first. Each level must allow, an empty
    /// one does not (POL-92). They do not bind service principals. Empty: no such limit.
    pub service_control: &'a [Level],
    /// Resource control policies of the resource's account, organisation root first. Each level must allow, an empty
    /// one does (POL-92). The host leaves them out where they do not apply (POL-129). Empty: no such limit.
    pub resource_control: &'a [Level],
    /// The policies of the VPC endpoint through which the request came; together they allow what any of them allows.
    /// Empty: no such limit.
    pub endpoint: &'a [Arc<Policy>],
    /// The strongest grant that fits the request.
    pub grant: GrantMatch,
    /// Whether identity policies suffice for callers of the resource's own account, as they do beside the resource
    /// policies of most services. `false` is the rule of keys: what the key policy does not open stays shut (POL-78).
    /// With `true` the resource policy sees all condition keys (CND-09 is a rule of key policies).
    pub identity_suffices: bool,
}

/// Whether a grant names the caller, and how (POL-96, GRA-38). The facade finds the grant: key, operation,
/// constraints and visibility are its business.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GrantMatch {
    /// No grant fits the request.
    #[default]
    None,
    /// A grant to the user, role session, federated session or service itself: limited by nothing but explicit denies
    /// and guard rails (GRA-39, RUL-45).
    ToPrincipal,
    /// A grant to the role of the session: limited by a silent permissions boundary or session policy.
    ToRole,
    /// A grant to the caller's account: needs an identity policy too, but for the root user.
    ToAccount,
}

/// The kinds of policy that take part in a decision. The order is that of [`Decision::ImplicitDeny`] (POL-147).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Layer {
    /// The VPC endpoint policy.
    Endpoint,
    /// Service control policies.
    ServiceControl,
    /// Resource control policies.
    ResourceControl,
    /// The key policy, and grants.
    Resource,
    /// Identity policies.
    Identity,
    /// The permissions boundary.
    Boundary,
    /// Session policies.
    Session,
}

/// The answer to a [`Request`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Decision {
    /// The request is allowed.
    Allowed,
    /// A statement denies the request, whatever else allows it.
    ExplicitDeny(DenyingStatement),
    /// Nothing denies the request, and this layer is the first that would have to allow it and does not.
    ImplicitDeny(Layer),
}

/// Where a matching `Deny` stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DenyingStatement {
    /// The layer of the policy.
    pub layer: Layer,
    /// Position of the policy among those of its layer, from 0; policies of several levels are counted through.
    pub policy: u32,
    /// Position of the statement in its policy, from 0.
    pub statement: u32,
}

impl Decision {
    /// Whether the request may proceed.
    pub fn is_allowed(&self) -> bool {
        matches!(self, Self::Allowed)
    }
}

/// Decides a request. Pure: no clock, no I/O, no state, no allocation (POL-01).
pub fn decide(request: &Request<'_>, layers: &Layers<'_>) -> Decision {
    // Step 0: an action that other accounts cannot have (POL-90).
    let foreign = request.is_foreign();
    if foreign && !request.cross_account_capable {
        return Decision::ImplicitDeny(Layer::Resource);
    }
    // Steps 1 to 4.
    match layers.first_deny(request) {
        Some(deny) => Decision::ExplicitDeny(deny),
        None => match layers.first_silent(request, foreign) {
            Some(layer) => Decision::ImplicitDeny(layer),
            None => Decision::Allowed,
        },
    }
}

impl Request<'_> {
    /// Whether the caller belongs to another account than the resource (POL-125). A caller without account does not
    /// (POL-146).
    pub fn is_foreign(&self) -> bool {
        self.principal.account().is_some_and(|account| account != self.resource.account())
    }
}

impl<'a> Layers<'a> {
    /// Step 1: the first matching deny, in the order of POL-115.
    fn first_deny(&self, request: &Request<'_>) -> Option<DenyingStatement> {
        let evaluation = self.evaluation(request);
        self.find_policy(request, |layer, policy, index| {
            let statement = evaluation.denies(policy)?;
            Some(DenyingStatement { layer, policy: index, statement })
        })
    }

    /// Visits the policies that can deny the request, in the order of POL-115, until one gives an answer.
    pub(crate) fn find_policy<T>(
        &self,
        request: &Request<'_>,
        mut answer: impl FnMut(Layer, &'a Policy, u32) -> Option<T>,
    ) -> Option<T> {
        let service_control = if is_bound_by_service_control(request.principal) { self.service_control } else { &[] };
        let answer = &mut answer;
        find_in(Layer::ServiceControl, service_control.iter().flatten().map(|policy| &**policy), answer)
            .or_else(|| {
                find_in(Layer::ResourceControl, self.resource_control.iter().flatten().map(|policy| &**policy), answer)
            })
            .or_else(|| find_in(Layer::Resource, self.key_policy(request).into_iter(), answer))
            .or_else(|| find_in(Layer::Identity, self.identity.iter().map(|policy| &**policy), answer))
            .or_else(|| find_in(Layer::Boundary, self.boundary.into_iter(), answer))
            .or_else(|| find_in(Layer::Session, self.session.iter().map(|policy| &**policy), answer))
            .or_else(|| find_in(Layer::Endpoint, self.endpoint.iter().map(|policy| &**policy), answer))
    }

    /// Steps 2 to 4: the first layer that must allow the request and does not.
    fn first_silent(&self, request: &Request<'_>, foreign: bool) -> Option<Layer> {
        self.find_silent(request, foreign, ControlFlow::Break).break_value()
    }

    /// Visits the layers that must allow the request and do not, in the order of POL-147, until told to stop. Behind a
    /// silent resource only a caller of another account is still asked for its own policies: one of the same account
    /// might be named by the resource policy itself.
    pub(crate) fn find_silent<T>(
        &self,
        request: &Request<'_>,
        foreign: bool,
        mut found: impl FnMut(Layer) -> ControlFlow<T>,
    ) -> ControlFlow<T> {
        let evaluation = self.evaluation(request);
        let any = |policies: &[Arc<Policy>], kind| policies.iter().any(|policy| evaluation.allows(policy, kind));

        // Step 2: guard rails that must allow, if present (POL-92).
        if !self.endpoint.is_empty() && !any(self.endpoint, PolicyKind::Endpoint) {
            found(Layer::Endpoint)?;
        }
        if is_bound_by_service_control(request.principal)
            && self.service_control.iter().any(|level| !any(level, PolicyKind::ServiceControl))
        {
            found(Layer::ServiceControl)?;
        }
        if self.resource_control.iter().any(|level| !level.is_empty() && !any(level, PolicyKind::ResourceControl)) {
            found(Layer::ResourceControl)?;
        }

        // Step 3: what the resource side gives, and what the caller's side must add to it.
        let reach = self.key_policy(request).map_or(Reach::None, |policy| evaluation.reach(policy));
        let mut needs = self.needs(request, foreign, reach);
        if needs == Needs::Refused {
            found(if request.identity_only { Layer::Identity } else { Layer::Resource })?;
            if !foreign {
                return ControlFlow::Continue(());
            }
            needs = delegated(request.principal);
        }
        if needs >= Needs::Identity && !any(self.identity, PolicyKind::Identity) {
            found(Layer::Identity)?;
        }
        if needs >= Needs::Limits {
            if self.boundary.is_some_and(|policy| !evaluation.allows(policy, PolicyKind::PermissionsBoundary)) {
                found(Layer::Boundary)?;
            }
            if !self.session.is_empty() && !any(self.session, PolicyKind::Session) {
                found(Layer::Session)?;
            }
        }
        ControlFlow::Continue(())
    }

    /// What the caller's own policies must still allow, given the strongest source on the resource side: a statement
    /// of the key policy, or a grant (POL-94 to POL-99, POL-103, POL-105).
    fn needs(&self, request: &Request<'_>, foreign: bool, reach: Reach) -> Needs {
        let kind = request.principal.kind();
        let has_account = !matches!(kind, PrincipalKind::Service | PrincipalKind::Anonymous);
        let delegated = delegated(request.principal);
        if request.identity_only {
            return if has_account { delegated } else { Needs::Refused };
        }
        let from_key_policy = match reach {
            Reach::None => Needs::Refused,
            // Naming a foreign principal does not spare its own account's permission (POL-99).
            _ if foreign => delegated,
            Reach::Account => delegated,
            Reach::Role => Needs::Limits,
            Reach::Direct => Needs::Nothing,
        };
        let from_grant = match self.grant {
            GrantMatch::None => Needs::Refused,
            GrantMatch::ToPrincipal => Needs::Nothing,
            GrantMatch::ToRole => Needs::Limits,
            GrantMatch::ToAccount => delegated,
        };
        let from_account = if self.identity_suffices && has_account && !foreign { delegated } else { Needs::Refused };
        from_key_policy.min(from_grant).min(from_account)
    }

    fn key_policy(&self, request: &Request<'_>) -> Option<&'a Policy> {
        if request.identity_only { None } else { self.key_policy }
    }

    pub(crate) fn evaluation<'r>(&self, request: &'r Request<'r>) -> Evaluation<'r> {
        Evaluation::new(request, self.boundary.is_some(), !self.identity_suffices)
    }
}

/// The first answer about the policies of one layer.
fn find_in<'a, T>(
    layer: Layer,
    policies: impl Iterator<Item = &'a Policy>,
    answer: &mut impl FnMut(Layer, &'a Policy, u32) -> Option<T>,
) -> Option<T> {
    policies.zip(0..).find_map(|(policy, index)| answer(layer, policy, index))
}

/// What the caller's side must allow besides the resource side; each includes those before it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Needs {
    Nothing,
    /// Permissions boundary and session policies, if present.
    Limits,
    /// These, and an identity policy.
    Identity,
    /// Nothing on the caller's side can help.
    Refused,
}

/// What the account of a caller must add where the resource leaves the decision to it: the root user needs no identity
/// policy in its own account.
fn delegated(principal: &Principal) -> Needs {
    if principal.kind() == PrincipalKind::Root { Needs::Limits } else { Needs::Identity }
}

/// Service control policies bind the principals of accounts, the root user included (POL-92).
fn is_bound_by_service_control(principal: &Principal) -> bool {
    principal.account().is_some()
}
