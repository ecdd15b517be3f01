//! A compiled policy document.

use crate::catalogue::{Action, ActionSet};
use crate::compile::Compiler;
use crate::condition::{Effect, Element};
use crate::evaluate::{Facts, assign_slots};
use crate::index::Statements;
use crate::principal::ChainMask;
use crate::principal_match::Principals;
use crate::resource::SplitArn;
use crate::resource_match::{Matched, ResourcePattern};
use crate::wildcard;
use crate::{Catalogue, Lint, PolicyError, Span};

/// The kinds of policy document. They differ in grammar and in what they do in a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PolicyKind {
    /// The policy of a key.
    Key,
    /// A policy of a user, group or role.
    Identity,
    /// A permissions boundary of a user or role.
    PermissionsBoundary,
    /// A policy given when a session was made.
    Session,
    /// A service control policy of an organisation.
    ServiceControl,
    /// A resource control policy of an organisation.
    ResourceControl,
    /// The policy of a VPC endpoint.
    Endpoint,
}

/// A policy document, validated and ready to decide requests. Immutable; share it in an `Arc`.
#[derive(Clone, Debug)]
pub struct Policy {
    kind: PolicyKind,
    text: Box<str>,
    denies: Statements,
    allows: Statements,
    statements: Box<[StatementInfo]>,
    lints: Box<[Lint]>,
    bindings: Box<[(Box<str>, Box<str>)]>,
}

impl Policy {
    /// Validates and compiles a document as strictly as a write of it requires. [`Compiler`] has more choices.
    ///
    /// # Errors
    ///
    /// [`PolicyError::TooLarge`] for a text over the limit of its kind, [`PolicyError::Malformed`] for one that
    /// breaks a rule of chapter 21, section 3.
    pub fn compile(kind: PolicyKind, text: &str, catalogue: &Catalogue) -> Result<Self, PolicyError> {
        Compiler::new(catalogue).compile(kind, text)
    }

    /// The kind as which the document was compiled.
    pub fn kind(&self) -> PolicyKind {
        self.kind
    }

    /// The document as written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What is legal in the document but probably not meant; in the order of the text.
    pub fn lints(&self) -> &[Lint] {
        &self.lints
    }

    /// The statements as written; their positions are those of
    /// [`DenyingStatement::statement`](crate::DenyingStatement).
    pub fn statements(&self) -> &[StatementInfo] {
        &self.statements
    }

    /// The ARNs that were bound to unique IDs by a [`Directory`](crate::Directory) (POL-26): what a host has to keep
    /// beside the document.
    pub fn bindings(&self) -> impl Iterator<Item = (&str, &str)> {
        self.bindings.iter().map(|(arn, id)| (&**arn, &**id))
    }

    pub(crate) fn new(
        kind: PolicyKind,
        text: &str,
        mut statements: Vec<(Effect, Option<Statement>)>,
        infos: Vec<StatementInfo>,
        lints: Vec<Lint>,
        bindings: Vec<(Box<str>, Box<str>)>,
    ) -> Self {
        assign_slots(statements.iter_mut().filter_map(|(_, statement)| statement.as_mut()));
        let (mut denies, mut allows) = (Vec::new(), Vec::new());
        for (effect, statement) in statements {
            match effect {
                Effect::Allow => allows.extend(statement),
                Effect::Deny => denies.extend(statement),
            }
        }
        Self {
            kind,
            text: text.into(),
            denies: denies.into_iter().collect(),
            allows: allows.into_iter().collect(),
            statements: infos.into(),
            lints: lints.into(),
            bindings: bindings.into(),
        }
    }

    pub(crate) fn denies(&self) -> &Statements {
        &self.denies
    }

    pub(crate) fn allows(&self) -> &Statements {
        &self.allows
    }
}

/// What a reader needs to find a statement again.
#[derive(Clone, Debug)]
pub struct StatementInfo {
    pub(crate) sid: Option<Box<str>>,
    pub(crate) effect: Effect,
    pub(crate) span: Span,
    pub(crate) is_effective: bool,
}

impl StatementInfo {
    /// The `Sid`, if the statement has one.
    pub fn sid(&self) -> Option<&str> {
        self.sid.as_deref()
    }

    /// The `Effect`.
    pub fn effect(&self) -> Effect {
        self.effect
    }

    /// Where the statement stands in the text.
    pub fn span(&self) -> Span {
        self.span
    }

    /// Whether the statement can match anything at all; not if it lacks an element or lists nothing in it (POL-27,
    /// POL-133).
    pub fn is_effective(&self) -> bool {
        self.is_effective
    }
}

/// A compiled statement that can match.
#[derive(Clone, Debug)]
pub(crate) struct Statement {
    pub actions: Actions,
    /// The mask of `principals`.
    pub named: ChainMask,
    pub principals: Principals,
    pub resources: Resources,
    pub conditions: Box<[Element]>,
    /// Position in the document, from 0.
    pub position: u32,
}

/// The `Action` or `NotAction` element.
#[derive(Clone, Debug)]
pub(crate) struct Actions {
    /// The catalogue actions that the element covers; negation is worked in.
    known: ActionSet,
    /// The patterns, for actions outside the catalogue.
    patterns: Box<[ActionPattern]>,
    negated: bool,
}

impl Actions {
    pub(crate) fn new(patterns: Vec<ActionPattern>, negated: bool, catalogue: &Catalogue) -> Self {
        let mut known = ActionSet::default();
        for (bit, name) in catalogue.actions().iter().enumerate() {
            if patterns.iter().any(|pattern| pattern.matches(catalogue.service(), name)) != negated {
                known.insert(bit);
            }
        }
        Self { known, patterns: patterns.into(), negated }
    }

    pub(crate) fn known(&self) -> ActionSet {
        self.known
    }

    pub(crate) fn contains(&self, action: &Action<'_>) -> bool {
        match action.bit() {
            Some(bit) => self.known.contains(bit),
            None => self.patterns.iter().any(|it| it.matches(action.service(), action.name())) != self.negated,
        }
    }
}

/// One entry of an action list (POL-28).
#[derive(Clone, Debug)]
pub(crate) struct ActionPattern {
    service: Box<str>,
    name: Box<str>,
}

impl ActionPattern {
    /// Reads `*` or `<service>:<name>`; nothing else names an action.
    pub(crate) fn new(text: &str) -> Option<Self> {
        let (service, name) = if text == "*" { ("*", "*") } else { text.split_once(':')? };
        Some(Self { service: service.into(), name: name.into() })
    }

    pub(crate) fn service(&self) -> &str {
        &self.service
    }

    /// Each part is matched alone, ignoring case.
    pub(crate) fn matches(&self, service: &str, name: &str) -> bool {
        wildcard::matches_ignore_ascii_case(&self.service, service)
            && wildcard::matches_ignore_ascii_case(&self.name, name)
    }
}

/// The `Resource` or `NotResource` element.
#[derive(Clone, Debug)]
pub(crate) struct Resources {
    pub patterns: Box<[ResourcePattern]>,
    pub negated: bool,
}

impl Resources {
    /// Whether the element covers every resource.
    pub(crate) fn is_everything(&self) -> bool {
        !self.negated && self.patterns.iter().any(|pattern| matches!(pattern, ResourcePattern::Any))
    }

    /// The ARNs that the element lists, if it covers these and nothing else.
    pub(crate) fn exact(&self) -> Option<Vec<&str>> {
        if self.negated {
            return None;
        }
        let exact = self.patterns.iter().map(|pattern| match pattern {
            ResourcePattern::Exact(arn) => Some(&**arn),
            _ => None,
        });
        exact.collect()
    }

    /// Whether the element covers a resource in a statement of this effect.
    pub(crate) fn contains(&self, arn: &SplitArn<'_>, effect: Effect, facts: &Facts<'_>) -> bool {
        let mut unresolvable = false;
        for pattern in &self.patterns {
            match pattern.matches(arn, facts) {
                Matched::Yes => return !self.negated,
                Matched::Unresolvable => unresolvable = true,
                Matched::No => {}
            }
        }
        // POL-141: what `NotResource` spares cannot be told, so an Allow gives nothing and a Deny spares nothing.
        self.negated && (!unresolvable || effect == Effect::Deny)
    }
}
