//! One sentence on a decision: what decided, or what is missing.

use super::{Explanation, Mismatch, Naming, Outcome, PolicyExplanation, StatementExplanation};
use crate::{Decision, DenyingStatement, Effect, GrantMatch, Layer, Layers, Request};

/// The sentence; lower case, no period.
pub(super) fn of(explanation: &Explanation, request: &Request<'_>, layers: &Layers<'_>) -> String {
    match explanation.decision {
        Decision::Allowed => allowed(explanation, request, layers),
        Decision::ExplicitDeny(deny) => denied(explanation, deny),
        Decision::ImplicitDeny(_) if explanation.is_foreign && !request.cross_account_capable => {
            format!("{} cannot be allowed to callers of other accounts", request.action)
        }
        Decision::ImplicitDeny(layer) => {
            let missing = match layer {
                Layer::Resource => resource_missing(explanation, request, layers),
                Layer::Identity => identity_missing(explanation, request, layers),
                Layer::ServiceControl => "a level of the service control policies does not allow it".to_owned(),
                Layer::ResourceControl => "a level of the resource control policies does not allow it".to_owned(),
                Layer::Boundary => "the permissions boundary of the caller does not allow it".to_owned(),
                Layer::Session => "no session policy of the caller allows it".to_owned(),
                Layer::Endpoint => "no VPC endpoint policy allows it".to_owned(),
            };
            match nearest(explanation, layer) {
                Some(near) => format!("{missing}; {near}"),
                None => missing,
            }
        }
    }
}

fn allowed(explanation: &Explanation, request: &Request<'_>, layers: &Layers<'_>) -> String {
    let naming = explanation.key_policy_naming();
    let by_identity = "an identity policy of the caller allows it";
    let root = request.principal.principal_type() == "Account";
    match naming {
        _ if request.identity_only && root => "the root user is allowed what nothing denies".to_owned(),
        _ if request.identity_only => by_identity.to_owned(),
        Some(_) if explanation.is_foreign => {
            format!("the policy of the resource allows it to the other account, and {by_identity}")
        }
        Some(Naming::Itself | Naming::Role) => "the policy of the resource allows it to the caller".to_owned(),
        _ if matches!(layers.grant, GrantMatch::ToPrincipal | GrantMatch::ToRole) => {
            "a grant allows it to the caller".to_owned()
        }
        Some(Naming::Account) if root => {
            "the policy of the resource allows it to the account of the root user".to_owned()
        }
        Some(Naming::Account) => {
            format!("the policy of the resource leaves it to the account of the caller, and {by_identity}")
        }
        None if layers.grant == GrantMatch::ToAccount && root => "a grant allows it to the account".to_owned(),
        None if layers.grant == GrantMatch::ToAccount => {
            format!("a grant allows it to the account of the caller, and {by_identity}")
        }
        None if root => "the root user needs no policy on a resource of its own account".to_owned(),
        None => by_identity.to_owned(),
    }
}

fn denied(explanation: &Explanation, deny: DenyingStatement) -> String {
    let policy = explanation.policies.iter().find(|it| it.layer == deny.layer && it.index == deny.policy);
    let statement = policy.and_then(|policy| policy.statements.get(deny.statement as usize));
    let place = statement.map_or_else(String::new, |statement| format!("{} of ", place(statement)));
    format!("{place}{} denies it, which nothing can outweigh", one(deny.layer))
}

fn resource_missing(explanation: &Explanation, request: &Request<'_>, layers: &Layers<'_>) -> String {
    let policy = explanation.of_layer(Layer::Resource).next();
    let names = |statement: &&StatementExplanation| {
        statement.effect == Effect::Allow
            && !matches!(
                statement.outcome,
                Outcome::Fails(Mismatch::Principal | Mismatch::Ineffective | Mismatch::Kind)
            )
    };
    let who = if request.principal.account().is_some() { "the caller or its account" } else { "the caller" };
    let missing = match policy {
        None => "the resource has no policy that could allow it".to_owned(),
        Some(policy) if policy.statements.iter().any(|statement| names(&statement)) => {
            format!("statements of the policy of the resource name {who}, but none of them allows it")
        }
        Some(_) => format!("no statement of the policy of the resource names {who}"),
    };
    let identity = match explanation.allows(Layer::Identity) {
        true => ", and the identity policy that allows it does not suffice",
        false if explanation.is_foreign => ", and no identity policy of the caller allows it either",
        false => "",
    };
    let grant = if layers.grant == GrantMatch::None { "" } else { "; the grant does not help" };
    format!("{missing}{identity}{grant}")
}

fn identity_missing(explanation: &Explanation, request: &Request<'_>, layers: &Layers<'_>) -> String {
    if request.identity_only && request.principal.account().is_none() {
        return "only identity policies can allow it, and the caller has none".to_owned();
    }
    let need = if request.identity_only {
        "only identity policies can allow it"
    } else if explanation.is_foreign && explanation.key_policy_naming().is_some() {
        "the policy of the resource allows it, but the account of the caller must too"
    } else if explanation.key_policy_naming().is_some() {
        "the policy of the resource leaves it to the identity policies of the account"
    } else if layers.grant == GrantMatch::ToAccount {
        "the grant leaves it to the identity policies of the account"
    } else {
        return "neither the policy of the resource nor an identity policy of the caller allows it".to_owned();
    };
    format!("{need}, and no identity policy of the caller allows it")
}

/// The statement of a layer that lacks least.
fn nearest(explanation: &Explanation, layer: Layer) -> Option<String> {
    let rank = |statement: &StatementExplanation| match &statement.outcome {
        Outcome::Fails(Mismatch::Action) => Some((1, "does not cover the action".to_owned())),
        Outcome::Fails(Mismatch::Resource) => Some((2, "does not cover the resource".to_owned())),
        Outcome::Fails(Mismatch::Condition(failed)) => {
            let text = format!("fails at `{}` of `{}`: {}", failed.operator, failed.key, failed.request);
            Some((3, text))
        }
        _ => None,
    };
    let policies = explanation.of_layer(layer);
    let allows = policies.flat_map(|policy| &policy.statements).filter(|statement| statement.effect == Effect::Allow);
    let (_, what, statement) = allows
        .filter_map(|statement| rank(statement).map(|(rank, what)| (rank, what, statement)))
        // Of equals the first.
        .reduce(|best, next| if next.0 > best.0 { next } else { best })?;
    Some(format!("{} {what}", place(statement)))
}

impl Explanation {
    fn of_layer(&self, layer: Layer) -> impl Iterator<Item = &PolicyExplanation> {
        self.policies.iter().filter(move |policy| policy.layer == layer)
    }

    fn allows(&self, layer: Layer) -> bool {
        self.of_layer(layer).flat_map(|policy| &policy.statements).any(|statement| statement.matches(Effect::Allow))
    }

    /// How the policy of the resource names the caller where it allows the request; the strongest form.
    fn key_policy_naming(&self) -> Option<Naming> {
        let statements = self.of_layer(Layer::Resource).flat_map(|policy| &policy.statements);
        let namings = statements.filter(|statement| statement.effect == Effect::Allow).filter_map(|statement| {
            match statement.outcome {
                Outcome::Matches(naming) => Some(naming),
                Outcome::Fails(_) => None,
            }
        });
        namings.min_by_key(|naming| *naming as u8)
    }
}

fn place(statement: &StatementExplanation) -> String {
    match statement.sid.as_deref() {
        Some(sid) if !sid.is_empty() => format!("statement {} (`{sid}`)", statement.position + 1),
        _ => format!("statement {}", statement.position + 1),
    }
}

fn one(layer: Layer) -> &'static str {
    match layer {
        Layer::Endpoint => "a VPC endpoint policy",
        Layer::ServiceControl => "a service control policy",
        Layer::ResourceControl => "a resource control policy",
        Layer::Resource => "the policy of the resource",
        Layer::Identity => "an identity policy",
        Layer::Boundary => "the permissions boundary",
        Layer::Session => "a session policy",
    }
}
