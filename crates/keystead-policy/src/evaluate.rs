//! Evaluation of compiled policies against one request: no recursion, no allocation.

use std::cell::Cell;
use std::collections::HashMap;
use std::ops::ControlFlow;

use crate::condition::text::Text;
use crate::index::Asked;
use crate::policy::Statement;
use crate::principal_match::Reach;
use crate::{ConditionKey, Context, Effect, Policy, PolicyKind, Request, Value};

/// A request in evaluation.
pub(crate) struct Evaluation<'r> {
    asked: Asked<'r>,
    /// The caller has a permissions boundary (POL-71).
    bounded: bool,
    /// The policy of the resource does not see the condition keys that only identity policies know (CND-09).
    hiding: bool,
}

/// Why a statement does not match: the first element that fails, with the position of a condition element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unmatched {
    Principal,
    Action,
    Resource,
    Condition(usize),
}

impl<'r> Evaluation<'r> {
    pub(crate) fn new(request: &'r Request<'r>, bounded: bool, hiding: bool) -> Self {
        Self { asked: Asked::new(request), bounded, hiding }
    }

    /// Position of the first statement of a policy that denies the request.
    pub(crate) fn denies(&self, policy: &Policy) -> Option<u32> {
        let facts = self.facts(policy.kind());
        let denies = |statement: &Statement| self.applies(statement, Effect::Deny, &facts) != Reach::None;
        policy.denies().find(&self.asked, &facts, denies).map(|statement| statement.position)
    }

    /// Whether a policy of this kind allows the request.
    pub(crate) fn allows(&self, policy: &Policy, kind: PolicyKind) -> bool {
        let facts = self.facts(kind);
        let allows = |statement: &Statement| match self.applies(statement, Effect::Allow, &facts) {
            Reach::None => ControlFlow::Continue(()),
            _ => ControlFlow::Break(()),
        };
        policy.kind() == kind && policy.allows().visit(&self.asked, &facts, allows).is_break()
    }

    /// How strongly a key policy allows the request to this caller.
    pub(crate) fn reach(&self, policy: &Policy) -> Reach {
        let mut strongest = Reach::None;
        if policy.kind() != PolicyKind::Key {
            return strongest;
        }
        let facts = self.facts(PolicyKind::Key);
        let _ = policy.allows().visit(&self.asked, &facts, |statement| {
            strongest = strongest.max(self.applies(statement, Effect::Allow, &facts));
            if strongest == Reach::Direct { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        strongest
    }

    /// Whether a statement matches the request, and how it names the caller. The cheap tests come first.
    fn applies(&self, statement: &Statement, effect: Effect, facts: &Facts<'_>) -> Reach {
        let principal = self.asked.request.principal;
        if !statement.actions.contains(&self.asked.request.action) || !statement.named.meets(principal.chain_mask()) {
            return Reach::None;
        }
        let reach = statement.principals.reach(principal, self.bounded);
        if reach == Reach::None {
            return Reach::None;
        }
        let matches = statement.resources.contains(self.asked.request.resource.split(), effect, facts)
            && statement.conditions.iter().all(|element| element.is_satisfied(effect, facts));
        if matches { reach } else { Reach::None }
    }

    /// The same as [`Evaluation::applies`], element by element in the order in which people read them.
    pub(crate) fn examine(&self, statement: &Statement, effect: Effect, kind: PolicyKind) -> Result<Reach, Unmatched> {
        let facts = self.facts(kind);
        let reach = statement.principals.reach(self.asked.request.principal, self.bounded);
        let unsatisfied = || statement.conditions.iter().position(|element| !element.is_satisfied(effect, &facts));
        let examined = if reach == Reach::None {
            Err(Unmatched::Principal)
        } else if !statement.actions.contains(&self.asked.request.action) {
            Err(Unmatched::Action)
        } else if !statement.resources.contains(self.asked.request.resource.split(), effect, &facts) {
            Err(Unmatched::Resource)
        } else {
            unsatisfied().map_or(Ok(reach), |position| Err(Unmatched::Condition(position)))
        };
        debug_assert_eq!(examined.unwrap_or(Reach::None), self.applies(statement, effect, &facts));
        examined
    }

    /// The context, as a policy of this kind sees it.
    pub(crate) fn facts(&self, kind: PolicyKind) -> Facts<'r> {
        Facts {
            context: self.asked.request.context,
            in_key_policy: kind == PolicyKind::Key && self.hiding,
            latest: Cell::new((Slot::NONE, Value::Absent)),
        }
    }
}

/// The context of a request, as one policy may see it.
pub(crate) struct Facts<'r> {
    context: &'r dyn Context,
    in_key_policy: bool,
    /// The value last asked for by a condition: the statements of a long policy often test the same key.
    latest: Cell<(Slot, Value<'r>)>,
}

/// The number of a condition key among those of its policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Slot(u32);

impl Slot {
    /// The slot of no key.
    pub(crate) const NONE: Self = Self(u32::MAX);
}

/// Gives every condition key of a policy one slot.
pub(crate) fn assign_slots<'s>(statements: impl Iterator<Item = &'s mut Statement>) {
    let mut slots = HashMap::new();
    for element in statements.flat_map(|statement| &mut statement.conditions) {
        let next = Slot(slots.len() as u32);
        element.slot = *slots.entry(element.key.clone()).or_insert(next);
    }
}

impl<'r> Facts<'r> {
    /// The value of a key; absent in a key policy if only identity policies know it (CND-09).
    pub(crate) fn value(&self, key: &ConditionKey) -> Value<'r> {
        if self.hides(key) {
            return Value::Absent;
        }
        self.context.value(key)
    }

    /// The same for the key of a slot, whose value is remembered until another one is asked for.
    pub(crate) fn value_in(&self, slot: Slot, key: &ConditionKey) -> Value<'r> {
        let (latest, value) = self.latest.get();
        if slot == latest && slot != Slot::NONE {
            return value;
        }
        let value = self.value(key);
        self.latest.set((slot, value));
        value
    }

    pub(crate) fn hides(&self, key: &ConditionKey) -> bool {
        self.in_key_policy && key.is_identity_only()
    }

    /// The `nth` value of a key whose name the request has in several spellings.
    pub(crate) fn colliding(&self, key: &ConditionKey, nth: usize) -> Option<Value<'r>> {
        self.context.colliding(key, nth)
    }

    /// The value of a policy variable: of a single-valued key, or the default if the key is absent (POL-68, POL-142).
    pub(crate) fn variable<'t>(&self, key: &ConditionKey, default: Option<&'t str>) -> Option<Text<'t>>
    where
        'r: 't,
    {
        match self.value(key) {
            Value::Absent => default.map(Text::Borrowed),
            value => Text::of(value),
        }
    }
}
