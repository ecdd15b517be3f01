//! Condition elements: one operator applied to one key (chapter 21, section 4).

pub(crate) mod decimal;
pub(crate) mod instant;
mod key;
pub(crate) mod network;
pub(crate) mod operator;
mod test;
pub(crate) mod text;

pub use key::{ConditionKey, KeyName, KnownKey};

use operator::{Operator, Quantifier};
use test::Test;

use crate::evaluate::{Facts, Slot};
use crate::{Many, Value};

/// The effect of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// The statement allows what it matches.
    Allow,
    /// The statement denies what it matches, whatever allows it.
    Deny,
}

/// A compiled condition element: all of those of a statement must be satisfied.
#[derive(Clone, Debug)]
pub(crate) struct Element {
    pub(crate) key: ConditionKey,
    /// Given when the whole policy is known.
    pub(crate) slot: Slot,
    test: Test,
    quantifier: Option<Quantifier>,
    negated: bool,
    if_exists: bool,
}

impl Element {
    /// Compiles an element; the error is the position of the first value that the operator cannot read (POL-38).
    pub(crate) fn new(operator: Operator, key: &str, values: &[&str], variables: bool) -> Result<Self, usize> {
        let key = ConditionKey::parse(key);
        let test = Test::new(&operator, &key, values, variables)?;
        let Operator { quantifier, negated, if_exists, .. } = operator;
        Ok(Self { key, slot: Slot::NONE, test, quantifier, negated, if_exists })
    }

    /// The texts of which one must be the value of the key, if the key has a single value; none if the element can be
    /// satisfied by anything else.
    pub(crate) fn demanded_texts(&self) -> Option<Vec<&str>> {
        let is_plain = self.quantifier.is_none() && !self.negated && !self.if_exists && !self.test.is_empty();
        is_plain.then(|| self.test.exact_texts()).flatten()
    }

    /// Whether a request satisfies the element in a statement of this effect.
    pub(crate) fn is_satisfied(&self, effect: Effect, facts: &Facts<'_>) -> bool {
        // POL-49: constant, whatever the request.
        if let Test::Constant(constant) = self.test {
            return constant;
        }
        match facts.value_in(self.slot, &self.key) {
            Value::Colliding => self.is_satisfied_by_colliding(effect, facts),
            Value::Unusable => effect == Effect::Deny,
            Value::Absent => self.is_satisfied_by_absence(),
            Value::Many(values) => self.is_satisfied_by_set(values, facts),
            value => self.is_satisfied_by_one(value, facts),
        }
    }

    fn is_satisfied_by_absence(&self) -> bool {
        if let Test::Null(test) = &self.test {
            return test.holds(true);
        }
        match self.quantifier {
            _ if self.if_exists => true,
            Some(Quantifier::All) => true,
            Some(Quantifier::Any) => false,
            None => self.negated && !self.test.is_empty(),
        }
    }

    fn is_satisfied_by_one(&self, value: Value<'_>, facts: &Facts<'_>) -> bool {
        // An empty text is null (RUL-51).
        let is_null = matches!(value, Value::Text(""));
        if let Test::Null(test) = &self.test {
            return test.holds(is_null);
        }
        match self.quantifier {
            None => self.fits(value, facts),
            Some(Quantifier::All) => is_null || self.fits(value, facts),
            Some(Quantifier::Any) => !is_null && self.fits(value, facts),
        }
    }

    fn is_satisfied_by_set(&self, values: Many<'_>, facts: &Facts<'_>) -> bool {
        let mut count = 0_usize;
        let mut is_null = true;
        values.visit(&mut |text| {
            count += 1;
            is_null &= text.is_empty();
            true
        });
        if let Test::Null(test) = &self.test {
            return test.holds(is_null);
        }
        match (self.quantifier, count) {
            // A present key without any value: nothing matches.
            (None, 0) => self.negated && !self.test.is_empty(),
            (None, 1) => self.every(values, facts),
            // POL-65: several values need a set operator.
            (None, _) => false,
            (Some(Quantifier::All), _) => is_null || self.every(values, facts),
            (Some(Quantifier::Any), _) => !is_null && self.some(values, facts),
        }
    }

    /// POL-48: the whole element once per value; an `Allow` needs all, a `Deny` one.
    fn is_satisfied_by_colliding(&self, effect: Effect, facts: &Facts<'_>) -> bool {
        let satisfied = |value| match value {
            Value::Many(values) => self.is_satisfied_by_set(values, facts),
            value => self.is_satisfied_by_one(value, facts),
        };
        let mut values = (0..).map_while(|nth| facts.colliding(&self.key, nth)).peekable();
        match effect {
            Effect::Allow => values.peek().is_some() && values.all(satisfied),
            Effect::Deny => values.any(satisfied),
        }
    }

    fn every(&self, values: Many<'_>, facts: &Facts<'_>) -> bool {
        let mut every = true;
        values.visit(&mut |text| {
            every = self.fits(Value::Text(text), facts);
            every
        });
        every
    }

    fn some(&self, values: Many<'_>, facts: &Facts<'_>) -> bool {
        let mut some = false;
        values.visit(&mut |text| {
            some = self.fits(Value::Text(text), facts);
            !some
        });
        some
    }

    /// Whether one request value fits: it matches one of the policy values, or with a negated operator none. Without
    /// policy values nothing fits (POL-135). The negation belongs to the value, the quantifier comes last (POL-63).
    fn fits(&self, value: Value<'_>, facts: &Facts<'_>) -> bool {
        !self.test.is_empty() && self.test.matches(value, facts) != self.negated
    }
}
