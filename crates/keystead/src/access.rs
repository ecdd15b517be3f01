//! Who can use a key: what its policy and its grants open (POL-123). For who runs the service, not for its callers.

use std::collections::BTreeMap;

use keystead_policy::{Means, Opening};
use keystead_types::KeyArn;
use serde_json::Value;

use crate::Error;
use crate::catalogue::{KMS_ACTIONS, Resource, operations};
use crate::engine::Engine;
use crate::grant::{ContextConstraint, Grant, GrantId, Party};
use crate::operations::GrantListEntry;
use crate::resolve::key_not_found;
use crate::snapshot::KeySnapshot;

/// What the policy and the grants of a key open, and to whom. Made by [`Kms::who_can_use`](crate::Kms::who_can_use).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyAccess {
    /// The key.
    pub key: KeyArn,
    /// One entry for each principal that an `Allow` names, in the order of the policy, and for each grant, the oldest
    /// first.
    pub openings: Vec<KeyOpening>,
    /// The statements that deny. They may take from what is opened, as may policies of the caller and the guard rails.
    pub denies: Vec<StatementRef>,
}

/// Somebody to whom something is opened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyOpening {
    /// The principal as policy or grant name it; an account by the ARN of its root, everyone by `*`.
    pub principal: String,
    /// How it is opened. An account must itself allow its principals what it is given.
    pub means: Means,
    /// Whether the principal belongs to another account than the key (POL-125). Unless a grant opens it, its own
    /// account must allow it too.
    pub is_foreign: bool,
    /// The actions on the key, such as `kms:Encrypt`. What never counts in a key policy, or not for another account,
    /// is left out, whatever the policy says.
    pub actions: Vec<String>,
    /// What must hold besides, one line for each condition; empty if nothing.
    pub conditions: Vec<String>,
    /// Where it is said.
    pub source: OpeningSource,
}

/// Where it is said that something is opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OpeningSource {
    /// In the key policy.
    Statement(StatementRef),
    /// In a grant.
    Grant(GrantId),
}

/// A statement of the key policy.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StatementRef {
    /// Its position, from zero.
    pub position: u32,
    /// Its `Sid`.
    pub sid: Option<String>,
}

impl KeyAccess {
    /// What is opened to somebody by this very name.
    pub fn of<'a>(&'a self, principal: &'a str) -> impl Iterator<Item = &'a KeyOpening> {
        self.openings.iter().filter(move |opening| opening.principal == principal)
    }

    /// The accounts whose identity policies decide further, as ARNs of their roots.
    pub fn delegates(&self) -> impl Iterator<Item = &str> {
        let delegating = |opening: &&KeyOpening| matches!(opening.means, Means::Delegation | Means::GrantToAccount);
        self.openings.iter().filter(delegating).map(|opening| opening.principal.as_str())
    }
}

impl Engine {
    /// What the policy and the grants of a key open.
    pub(crate) fn who_can_use(&self, key: &KeyArn) -> Result<KeyAccess, Error> {
        self.look_at(key, |snapshot| {
            let access = keystead_policy::who_can_use(&snapshot.policy, &KMS_ACTIONS, &[]);
            let statements = Statements::of(snapshot);
            let of_policy = access.openings.into_iter().filter_map(|opening| opened(opening, &statements, key));
            let of_grants = grants(snapshot).into_iter().map(|grant| granted(&grant, key));
            let denies = access.denies.into_iter().map(|position| StatementRef {
                position,
                sid: statements.at(position).and_then(|statement| statement["Sid"].as_str()).map(str::to_owned),
            });
            KeyAccess { key: *key, openings: of_policy.chain(of_grants).collect(), denies: denies.collect() }
        })
    }

    /// Grants that allow the same, in groups of two and more (GRA-67).
    pub(crate) fn duplicate_grants(&self, key: &KeyArn) -> Result<Vec<Vec<GrantListEntry>>, Error> {
        self.look_at(key, |snapshot| {
            let mut groups: BTreeMap<_, Vec<Grant>> = BTreeMap::new();
            for grant in grants(snapshot) {
                let Grant { name, grantee, operations, source_arn, .. } = grant.clone();
                groups.entry((grantee, name, operations, grant.context.clone(), source_arn)).or_default().push(grant);
            }
            let doubled = groups.into_values().filter(|group| group.len() > 1);
            doubled.map(|group| group.into_iter().map(|grant| GrantListEntry::of(*key, grant)).collect()).collect()
        })
    }

    fn look_at<R>(&self, key: &KeyArn, look: impl FnOnce(&KeySnapshot) -> R) -> Result<R, Error> {
        let region = self.region(key.region)?;
        let found = if key.partition == region.partition { region.key(key)? } else { None };
        let now = self.now();
        let living = found.filter(|snapshot| !snapshot.is_dead(now));
        let seen = living.map(|snapshot| look(&snapshot)).ok_or_else(|| key_not_found(key));
        self.evict_surplus(now);
        seen
    }
}

/// All grants of the key, the oldest first.
fn grants(snapshot: &KeySnapshot) -> Vec<Grant> {
    let mut grants: Vec<Grant> = snapshot.grants.all().iter().map(|grant| Grant::clone(grant)).collect();
    grants.sort_by_key(|grant| (grant.created, grant.id));
    grants
}

/// What a statement opens on the key; `None` if that is nothing.
fn opened(opening: Opening, statements: &Statements, key: &KeyArn) -> Option<KeyOpening> {
    let Opening { principal, means, actions, statement, sid, .. } = opening;
    let position = statement?;
    let is_foreign = account_of(&principal).is_some_and(|account| account != key.account.as_str());
    let actions: Vec<String> = actions.into_iter().filter(|action| works_on_keys(action, is_foreign)).collect();
    (!actions.is_empty()).then(|| KeyOpening {
        principal,
        means,
        is_foreign,
        actions,
        conditions: statements.at(position).map(conditions).unwrap_or_default(),
        source: OpeningSource::Statement(StatementRef { position, sid }),
    })
}

fn granted(grant: &Grant, key: &KeyArn) -> KeyOpening {
    let principal = grant.grantee.name();
    let (name, pairs) = match &grant.context {
        Some(ContextConstraint::Equals(pairs)) => ("EncryptionContextEquals", Some(pairs)),
        Some(ContextConstraint::Subset(pairs)) => ("EncryptionContextSubset", Some(pairs)),
        None => ("", None),
    };
    let mut conditions: Vec<String> =
        pairs.into_iter().flatten().map(|(key, value)| format!("{name} {key}: {value}")).collect();
    conditions.extend(grant.source_arn.iter().map(|arn| format!("SourceArn: {arn}")));
    KeyOpening {
        principal: principal.to_owned(),
        means: if Party::account(&grant.grantee).is_some() { Means::GrantToAccount } else { Means::Grant },
        is_foreign: account_of(principal).is_some_and(|account| account != key.account.as_str()),
        actions: grant.operations.iter().map(|operation| format!("kms:{operation}")).collect(),
        conditions,
        source: OpeningSource::Grant(grant.id),
    }
}

/// Whether a key policy can give the action, to principals of another account if `is_foreign` (PRM-09, PRM-10).
fn works_on_keys(name: &str, is_foreign: bool) -> bool {
    let actions = operations().iter().flat_map(|row| row.actions());
    let on_keys = actions.filter(|action| action.resource() == Resource::Key);
    on_keys
        .filter(|action| !is_foreign || action.crosses_accounts())
        .any(|action| action.policy_action().to_string() == name)
}

/// The account in a principal ARN; services and `*` have none.
fn account_of(principal: &str) -> Option<&str> {
    principal.split(':').nth(4)
}

/// The statements of a key policy, as written.
struct Statements(Vec<Value>);

impl Statements {
    fn of(snapshot: &KeySnapshot) -> Self {
        // It was compiled when it was written, so it can be read.
        let document: Value = serde_json::from_str(snapshot.policy.text()).unwrap_or_default();
        Self(match document.get("Statement") {
            Some(Value::Array(statements)) => statements.clone(),
            Some(statement) => vec![statement.clone()],
            None => Vec::new(),
        })
    }

    fn at(&self, position: u32) -> Option<&Value> {
        self.0.get(usize::try_from(position).ok()?)
    }
}

/// What a statement demands besides principal and action: `StringEquals kms:ViaService: a, b`.
fn conditions(statement: &Value) -> Vec<String> {
    let resources = ["Resource", "NotResource"].into_iter().filter_map(|element| {
        let listed = texts(statement.get(element)?);
        (listed != ["*"]).then(|| format!("{element}: {}", listed.join(", ")))
    });
    let operators = statement.get("Condition").and_then(Value::as_object).into_iter().flatten();
    let elements = operators.flat_map(|(operator, keys)| {
        let keys = keys.as_object().into_iter().flatten();
        keys.map(move |(key, values)| format!("{operator} {key}: {}", texts(values).join(", ")))
    });
    resources.chain(elements).collect()
}

/// One value or several, as text.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Array(values) => values.iter().flat_map(texts).collect(),
        Value::String(text) => vec![text.clone()],
        other => vec![other.to_string()],
    }
}
