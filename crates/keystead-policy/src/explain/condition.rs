//! A condition that is not satisfied, in the words of the policy and of the request.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::condition::ConditionKey;
use crate::condition::operator::Operator;
use crate::condition::text::Text;
use crate::document::Statement;
use crate::evaluate::Facts;
use crate::json::Node;
use crate::template::{Content, Variable, variable};
use crate::{Many, Value};

/// A condition that a request does not satisfy.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FailedCondition {
    /// JSON Pointer (RFC 6901) to the condition key in the document.
    pub pointer: String,
    /// The operator as written, such as `ForAnyValue:StringLike`.
    pub operator: String,
    /// The condition key as written.
    pub key: String,
    /// The values of the policy. Policy variables are replaced; one that has no value stays as it is written.
    pub values: Vec<String>,
    /// What the request has under the key.
    pub request: RequestValue,
}

/// What a request has under a condition key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RequestValue {
    /// Nothing.
    Absent,
    /// Whatever it is, a key policy does not see this key (CND-09).
    Hidden,
    /// A value on which authorization must not rely (CND-55).
    Unusable,
    /// One value, in its text form; bytes in Base64.
    One(String),
    /// The values of a multi-valued key.
    Many(Vec<String>),
    /// The values of several keys that differ in letter case only (POL-48).
    Colliding(Vec<String>),
}

/// Describes the condition at a position of a compiled statement, which lists them as the text does.
pub(super) fn failed_condition(
    statement: &Statement<'_>,
    position: usize,
    root: &Node,
    variables: bool,
    facts: &Facts<'_>,
) -> Option<FailedCondition> {
    let blocks = statement.condition.iter().flat_map(|condition| &condition.blocks);
    let (block, test) = blocks.flat_map(|block| block.tests.iter().map(move |test| (block, test))).nth(position)?;
    let variables = variables && Operator::parse(block.operator.text).is_some_and(|it| it.base.takes_variables());
    let replaced = |text: &str| if variables { with_variables_replaced(text, facts) } else { text.to_owned() };
    Some(FailedCondition {
        pointer: root.pointer(test.key.span.start),
        operator: block.operator.text.to_owned(),
        key: test.key.text.to_owned(),
        values: test.values.iter().map(|value| replaced(value.text)).collect(),
        request: RequestValue::of(&ConditionKey::parse(test.key.text), facts),
    })
}

impl RequestValue {
    fn of(key: &ConditionKey, facts: &Facts<'_>) -> Self {
        if facts.hides(key) {
            return Self::Hidden;
        }
        match facts.value(key) {
            Value::Absent => Self::Absent,
            Value::Unusable => Self::Unusable,
            Value::Many(values) => Self::Many(texts(values)),
            Value::Colliding => {
                let values = (0..).map_while(|nth| facts.colliding(key, nth));
                Self::Colliding(values.flat_map(value_texts).collect())
            }
            value => Self::One(value_texts(value).concat()),
        }
    }
}

impl fmt::Display for RequestValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => f.write_str("the request does not have it"),
            Self::Hidden => f.write_str("a key policy does not see it"),
            Self::Unusable => f.write_str("the value of the request cannot be relied on"),
            Self::One(value) => write!(f, "the request has `{value}`"),
            Self::Many(values) if values.is_empty() => f.write_str("the request has no value"),
            Self::Many(values) => write!(f, "the request has `{}`", values.join("`, `")),
            Self::Colliding(values) => {
                write!(f, "the request has it in several spellings with `{}`", values.join("`, `"))
            }
        }
    }
}

fn value_texts(value: Value<'_>) -> Vec<String> {
    match value {
        Value::Many(values) => texts(values),
        Value::Bytes(bytes) => vec![STANDARD.encode(bytes)],
        value => Text::of(value).map(|text| text.as_str().to_owned()).into_iter().collect(),
    }
}

fn texts(values: Many<'_>) -> Vec<String> {
    let mut texts = Vec::new();
    values.visit(&mut |text| {
        texts.push(text.to_owned());
        true
    });
    texts
}

/// `${*}`, `${?}` and `${$}` stay, as they are not wildcards.
fn with_variables_replaced(text: &str, facts: &Facts<'_>) -> String {
    let mut replaced = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let mut taken = c.len_utf8();
        let found = if rest.starts_with("${") { variable(rest).ok() } else { None };
        match found {
            Some(Variable { content: Content::Key { name, default }, length }) => {
                taken = length;
                match facts.variable(&ConditionKey::parse(name), default) {
                    Some(value) => replaced.push_str(value.as_str()),
                    None => replaced.push_str(rest.get(..length).unwrap_or_default()),
                }
            }
            Some(Variable { content: Content::Literal(_), length }) => {
                taken = length;
                replaced.push_str(rest.get(..length).unwrap_or_default());
            }
            None => replaced.push(c),
        }
        rest = rest.get(taken..).unwrap_or_default();
    }
    replaced
}
