//! From a line to what the policy engine is asked.

use std::collections::BTreeMap;
use std::sync::Arc;

use keystead::catalogue::{KMS_ACTIONS, Resource as On, operations};
use keystead::policy::{
    Action, Compiler, ContextMap, Explanation, GrantMatch, Layer, Layers, Level, Policy, PolicyError, PolicyKind,
    Principal, PrincipalKind, Request, Resource, explain,
};
use serde_json::Value;
use serde_json::value::RawValue;

use super::line::{Constraints, Grant, Line};

/// A request and the policies that bear on it.
pub struct Case {
    pub(super) id: Value,
    principal: Principal,
    action: String,
    resource: String,
    account: String,
    context: ContextMap,
    delegates: bool,
    documents: Vec<Document>,
    grant: GrantMatch,
    control_levels: [Vec<Level>; 2],
}

/// A policy and where in the line it stands.
pub(super) struct Document {
    pub(super) layer: Layer,
    /// JSON pointer.
    pub(super) place: String,
    pub(super) policy: Arc<Policy>,
}

/// Why a line cannot be decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What is wrong.
    pub error: String,
    /// JSON pointer into the line to the member at fault; empty if it is the whole line.
    pub pointer: String,
}

impl Case {
    /// Reads a line.
    ///
    /// # Errors
    /// A [`Refusal`] for a line that is not such an object, and for a policy that is malformed.
    pub fn read(line: &str) -> Result<Self, Refusal> {
        let line: Line<'_> =
            serde_json::from_str(line).map_err(|error| Refusal::new("", format!("the line is no request: {error}")))?;
        let principal = match line.principal.as_deref() {
            None => Principal::anonymous("aws"),
            Some(text) => Principal::parse(text).map_err(|error| Refusal::new("/principal", error))?,
        };
        let pairs = text_pairs(&line)?;
        let account = match &line.resource_account {
            Some(account) => account.clone(),
            None => owner(&line.resource, &principal).to_owned(),
        };
        let mut documents = Documents::default();
        let delegates = line.resource_policy_delegates.unwrap_or(true);
        documents.levels(Layer::ServiceControl, "/service_control_policies", line.service_control_policies)?;
        documents.levels(Layer::ResourceControl, "/resource_control_policies", line.resource_control_policies)?;
        documents.one(Layer::Resource, "/resource_policy", line.resource_policy)?;
        documents.all(Layer::Identity, "/identity_policies", line.identity_policies)?;
        documents.one(Layer::Boundary, "/permissions_boundary", line.permissions_boundary)?;
        documents.all(Layer::Session, "/session_policies", line.session_policies)?;
        documents.all(Layer::Endpoint, "/endpoint_policies", line.endpoint_policies)?;
        Ok(Self {
            id: line.id,
            grant: strongest_grant(line.grants.as_deref().unwrap_or_default(), &principal, &line.action, &pairs),
            context: context(&pairs),
            principal,
            action: line.action,
            resource: line.resource,
            account,
            delegates,
            documents: documents.found,
            control_levels: documents.levels,
        })
    }

    /// The action.
    pub(super) fn action(&self) -> Action<'_> {
        KMS_ACTIONS.action(&self.action).unwrap_or_else(|| Action::foreign(&self.action))
    }

    /// The policies, each with its place.
    pub(super) fn documents(&self) -> &[Document] {
        &self.documents
    }

    /// The decision and its reasons.
    pub fn explain(&self) -> Explanation {
        let of_layer = |layer| -> Vec<Arc<Policy>> {
            let documents = self.documents.iter().filter(|document| document.layer == layer);
            documents.map(|document| Arc::clone(&document.policy)).collect()
        };
        let (identity, session, endpoint) =
            (of_layer(Layer::Identity), of_layer(Layer::Session), of_layer(Layer::Endpoint));
        let (resource, boundary) = (of_layer(Layer::Resource), of_layer(Layer::Boundary));
        let [service_control, resource_control] = &self.control_levels;
        let layers = Layers {
            key_policy: resource.first().map(|policy| &**policy),
            identity: &identity,
            boundary: boundary.first().map(|policy| &**policy),
            session: &session,
            service_control,
            resource_control,
            endpoint: &endpoint,
            grant: self.grant,
            identity_suffices: !self.delegates,
        };
        let rules = Rules::of(&self.action, &self.resource);
        let request = Request {
            principal: &self.principal,
            action: self.action(),
            resource: Resource::new(&self.resource, &self.account),
            context: &self.context,
            cross_account_capable: rules.cross_account_capable,
            identity_only: rules.identity_only,
        };
        explain(&request, &layers)
    }
}

impl Refusal {
    fn new(pointer: &str, error: impl ToString) -> Self {
        Self { error: error.to_string(), pointer: pointer.to_owned() }
    }
}

/// What the service of an action says of it.
struct Rules {
    cross_account_capable: bool,
    identity_only: bool,
}

impl Rules {
    /// The catalogue knows the actions of KMS; other services have neither limit.
    fn of(action: &str, resource: &str) -> Self {
        if KMS_ACTIONS.action(action).is_none() {
            return Self { cross_account_capable: true, identity_only: false };
        }
        let known =
            || operations().iter().flat_map(|row| row.actions()).filter(|it| it.policy_action().to_string() == action);
        let on_keys = known().any(|action| action.resource() == On::Key) || known().next().is_none();
        Self {
            cross_account_capable: known().any(|action| action.crosses_accounts()),
            // Aliases have no policy, and some operations have no key (POL-105, POL-106).
            identity_only: !on_keys
                || (resource.contains(":alias/") && known().any(|action| action.resource() == On::Alias)),
        }
    }
}

/// Compiles the documents of a line.
#[derive(Default)]
struct Documents {
    found: Vec<Document>,
    levels: [Vec<Level>; 2],
}

impl Documents {
    fn one(&mut self, layer: Layer, place: &str, text: Option<&RawValue>) -> Result<(), Refusal> {
        text.map_or(Ok(()), |text| self.add(layer, place.to_owned(), text).map(drop))
    }

    fn all(&mut self, layer: Layer, place: &str, texts: Option<Vec<&RawValue>>) -> Result<Level, Refusal> {
        let texts = texts.unwrap_or_default();
        texts.iter().enumerate().map(|(index, text)| self.add(layer, format!("{place}/{index}"), text)).collect()
    }

    fn levels(&mut self, layer: Layer, place: &str, levels: Option<Vec<Vec<&RawValue>>>) -> Result<(), Refusal> {
        for (index, level) in levels.unwrap_or_default().into_iter().enumerate() {
            let level = self.all(layer, &format!("{place}/{index}"), Some(level))?;
            self.levels[usize::from(layer == Layer::ResourceControl)].push(level);
        }
        Ok(())
    }

    fn add(&mut self, layer: Layer, place: String, text: &RawValue) -> Result<Arc<Policy>, Refusal> {
        let kind = match layer {
            Layer::Endpoint => PolicyKind::Endpoint,
            Layer::ServiceControl => PolicyKind::ServiceControl,
            Layer::ResourceControl => PolicyKind::ResourceControl,
            Layer::Resource => PolicyKind::Key,
            Layer::Identity => PolicyKind::Identity,
            Layer::Boundary => PolicyKind::PermissionsBoundary,
            Layer::Session => PolicyKind::Session,
        };
        let policy = Compiler::new(&KMS_ACTIONS).compile(kind, text.get()).map_err(|error| {
            let pointer = match &error {
                PolicyError::Malformed(malformed) => malformed.pointer(),
                _ => "",
            };
            Refusal::new(&format!("{place}{pointer}"), &error)
        })?;
        let policy = Arc::new(policy);
        self.found.push(Document { layer, place, policy: Arc::clone(&policy) });
        Ok(policy)
    }
}

/// The account of the ARN; resources such as S3 buckets have none there.
fn owner<'a>(resource: &'a str, principal: &'a Principal) -> &'a str {
    let stated = resource.split(':').nth(4).filter(|account| !account.is_empty());
    stated.or(principal.account()).unwrap_or_default()
}

/// A value of the context: one text, or several.
enum Texts {
    One(String),
    Many(Vec<String>),
}

/// The context with the tags of the caller, in texts.
fn text_pairs(line: &Line<'_>) -> Result<Vec<(String, Texts)>, Refusal> {
    let tags = line.principal_tags.iter().flatten();
    let mut pairs: Vec<_> =
        tags.map(|(key, value)| (format!("aws:PrincipalTag/{key}"), Texts::One(value.clone()))).collect();
    for (key, value) in &line.context.0 {
        let wrong = || {
            let pointer = format!("/context/{}", key.replace('~', "~0").replace('/', "~1"));
            Refusal::new(&pointer, "a condition key has a string, number or boolean, or a list of them")
        };
        let texts = match value {
            Value::Null => continue,
            Value::Array(values) => Texts::Many(values.iter().map(scalar).collect::<Option<_>>().ok_or_else(wrong)?),
            value => Texts::One(scalar(value).ok_or_else(wrong)?),
        };
        pairs.push((key.clone(), texts));
    }
    Ok(pairs)
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        _ => None,
    }
}

fn context(pairs: &[(String, Texts)]) -> ContextMap {
    let mut context = ContextMap::new();
    for (key, texts) in pairs {
        match texts {
            Texts::One(text) => context.insert(key, text),
            Texts::Many(texts) => context.insert_all(key, texts.iter().cloned()),
        }
    }
    context
}

/// The strongest grant that fits (GRA-37).
fn strongest_grant(grants: &[Grant], principal: &Principal, action: &str, pairs: &[(String, Texts)]) -> GrantMatch {
    let Some(operation) = action.strip_prefix("kms:") else { return GrantMatch::None };
    let context = encryption_context(pairs);
    let fitting = grants.iter().filter(|grant| {
        grant.operations.iter().any(|own| own == operation)
            && grant.constraints.as_ref().is_none_or(|constraints| constraints.are_met_by(&context))
    });
    let matches: Vec<GrantMatch> = fitting.map(|grant| names(&grant.grantee, principal)).collect();
    let order = [GrantMatch::ToPrincipal, GrantMatch::ToRole, GrantMatch::ToAccount];
    order.into_iter().find(|it| matches.contains(it)).unwrap_or_default()
}

fn names(grantee: &str, principal: &Principal) -> GrantMatch {
    let account = Principal::parse(grantee).ok().filter(|grantee| grantee.kind() == PrincipalKind::Root);
    if account.is_some_and(|grantee| grantee.account() == principal.account()) {
        GrantMatch::ToAccount
    } else if grantee == principal.arn() {
        GrantMatch::ToPrincipal
    } else if principal.kind() == PrincipalKind::RoleSession && principal.principal_arn() == Some(grantee) {
        GrantMatch::ToRole
    } else {
        GrantMatch::None
    }
}

impl Constraints {
    fn are_met_by(&self, context: &BTreeMap<&str, &str>) -> bool {
        let pairs = |map: &BTreeMap<String, String>| {
            map.iter().all(|(key, value)| context.get(key.as_str()) == Some(&value.as_str()))
        };
        self.subset.as_ref().is_none_or(pairs)
            && self.equals.as_ref().is_none_or(|map| map.len() == context.len() && pairs(map))
    }
}

/// The encryption context that the condition keys tell of.
fn encryption_context(pairs: &[(String, Texts)]) -> BTreeMap<&str, &str> {
    let prefix = "kms:EncryptionContext:";
    pairs
        .iter()
        .filter_map(|(key, texts)| match (key.split_at_checked(prefix.len())?, texts) {
            ((head, name), Texts::One(value)) if head.eq_ignore_ascii_case(prefix) => Some((name, value.as_str())),
            _ => None,
        })
        .collect()
}
