//! The compiled form of statements.

use crate::Catalogue;
use crate::catalogue::{Action, ActionSet};
use crate::condition::{Effect, Element};
use crate::evaluate::Facts;
use crate::principal::ChainMask;
use crate::principal_match::Principals;
use crate::resource::SplitArn;
use crate::resource_match::{Matched, ResourcePattern};
use crate::wildcard;

/// The statements of one effect. What rules most of them out stands apart and close together.
#[derive(Clone, Debug)]
pub(crate) struct Statements {
    heads: Box<[Head]>,
    bodies: Box<[Statement]>,
}

#[derive(Clone, Copy, Debug)]
struct Head {
    actions: ActionSet,
    callers: ChainMask,
}

impl Statements {
    pub(crate) fn new(statements: Vec<Statement>) -> Self {
        let head = |it: &Statement| Head { actions: it.actions.known, callers: it.principals.mask() };
        Self { heads: statements.iter().map(head).collect(), bodies: statements.into() }
    }

    /// The statements that cover an action and may name a caller.
    pub(crate) fn candidates(&self, action: Action<'_>, caller: ChainMask) -> impl Iterator<Item = &Statement> {
        self.heads.iter().zip(&self.bodies).filter_map(move |(head, body)| {
            let covers = match action.bit() {
                Some(bit) => head.actions.contains(bit),
                None => body.actions.contains_foreign(&action),
            };
            (covers && head.callers.meets(caller)).then_some(body)
        })
    }
}

/// A compiled statement that can match.
#[derive(Clone, Debug)]
pub(crate) struct Statement {
    pub actions: Actions,
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

    fn contains_foreign(&self, action: &Action<'_>) -> bool {
        self.patterns.iter().any(|it| it.matches(action.service(), action.name())) != self.negated
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
