//! Who can use a resource: what its policy and its grants open (POL-123).

use crate::policy::Statement;
use crate::principal_match::{Entry, Principals};
use crate::{Catalogue, Policy};

/// Lists what the statements of a resource's policy and its grants open, by whom it is opened. Conditions and denies
/// are not weighed, as they depend on the request; [`explain`](crate::explain) weighs them.
///
/// The actions are those of the catalogue that the policy was compiled against.
pub fn who_can_use(policy: &Policy, catalogue: &Catalogue, grants: &[GrantedAccess<'_>]) -> ResourceAccess {
    let from_policy = policy.allows().as_slice().iter().flat_map(|statement| openings(statement, policy, catalogue));
    let from_grants = grants.iter().map(|grant| Opening {
        principal: grant.grantee.to_owned(),
        means: if grant.grantee.ends_with(":root") { Means::GrantToAccount } else { Means::Grant },
        actions: grant.operations.iter().map(|name| format!("{}:{name}", catalogue.service())).collect(),
        is_conditional: grant.is_constrained,
        statement: None,
        sid: None,
    });
    ResourceAccess {
        openings: from_policy.chain(from_grants).collect(),
        denies: policy.denies().as_slice().iter().map(|statement| statement.position).collect(),
    }
}

/// A grant, as far as this list tells of it.
#[derive(Clone, Copy, Debug)]
pub struct GrantedAccess<'a> {
    /// ARN of the grantee, or the name of a service.
    pub grantee: &'a str,
    /// The operations, without the service, such as `Decrypt`.
    pub operations: &'a [&'a str],
    /// Whether the grant has constraints.
    pub is_constrained: bool,
}

/// What a resource's policy and its grants open.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ResourceAccess {
    /// What is opened: one entry for each principal that an `Allow` names, and for each grant.
    pub openings: Vec<Opening>,
    /// Positions of the `Deny` statements of the policy, which may take from it.
    pub denies: Vec<u32>,
}

/// Somebody to whom something is opened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Opening {
    /// The principal as the policy or grant names it; an account by the ARN of its root, everyone by `*`.
    pub principal: String,
    /// How it is opened.
    pub means: Means,
    /// Full names of the actions.
    pub actions: Vec<String>,
    /// Whether it depends on conditions, on a list of resources, or on constraints of the grant.
    pub is_conditional: bool,
    /// Position of the statement in the policy; none for a grant.
    pub statement: Option<u32>,
    /// The `Sid` of the statement.
    pub sid: Option<String>,
}

/// How access is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Means {
    /// The policy names the principal. One of another account needs the permission of its own account too (POL-99).
    Direct,
    /// The policy names an account: identity policies of that account decide who of it may (POL-94). Its root user
    /// may at once.
    Delegation,
    /// A grant to the principal.
    Grant,
    /// A grant to an account: identity policies of that account decide.
    GrantToAccount,
}

fn openings(statement: &Statement, policy: &Policy, catalogue: &Catalogue) -> Vec<Opening> {
    let Principals::Named(entries) = &statement.principals else { return Vec::new() };
    let all = (0..catalogue.actions().len()).filter_map(|index| catalogue.at(index));
    let actions: Vec<String> =
        all.filter(|action| statement.actions.contains(action)).map(|action| action.to_string()).collect();
    let info = policy.statements().get(statement.position as usize);
    let opening = |(principal, means)| Opening {
        principal,
        means,
        actions: actions.clone(),
        is_conditional: !statement.conditions.is_empty() || !statement.resources.is_everything(),
        statement: Some(statement.position),
        sid: info.and_then(|info| info.sid()).map(str::to_owned),
    };
    if actions.is_empty() { Vec::new() } else { entries.iter().filter_map(named).map(opening).collect() }
}

fn named(entry: &Entry) -> Option<(String, Means)> {
    Some(match entry {
        Entry::Everyone => ("*".to_owned(), Means::Direct),
        Entry::Account { digits, partition } => {
            let partition = partition.as_deref().unwrap_or("aws");
            (format!("arn:{partition}:iam::{}:root", digits.as_str()), Means::Delegation)
        }
        Entry::Exact { arn, .. } | Entry::Role { arn, .. } | Entry::Service(arn) => {
            (arn.text().to_owned(), Means::Direct)
        }
        Entry::UniqueId(id) => (id.to_string(), Means::Direct),
        Entry::Nobody => return None,
    })
}
