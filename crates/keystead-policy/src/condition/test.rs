//! The comparison of one request value with the values of a policy, which are read once, when the policy is compiled.

use std::net::IpAddr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::decimal::Decimal;
use super::instant::{self, Instant};
use super::network::Network;
use super::operator::{Base, Comparison, Operator, Quantifier};
use super::text::Text;
use crate::evaluate::Facts;
use crate::template::{Rules, Template};
use crate::{ConditionKey, Value};

/// The values of a condition element, in the form in which they are compared.
#[derive(Clone, Debug)]
pub(super) enum Test {
    /// Exact texts, sorted.
    Exact(Box<[Box<str>]>),
    /// Texts with wildcards, variables, or without regard to case; ARNs.
    Templates(Box<[Template]>),
    /// The same, only against texts that are ARNs.
    Arns(Box<[Template]>),
    Numeric(Comparison, Box<[OwnedDecimal]>),
    Date(Comparison, Box<[Option<Instant>]>),
    /// Values that hold a variable are listed too, and never match.
    Bool(Listed),
    Binary(Box<[Option<Box<[u8]>>]>),
    IpAddress(Box<[Option<Network>]>),
    Null(Listed),
    /// `Null` with a set operator (POL-49).
    Constant(bool),
}

/// Which of `true` and `false` are listed.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Listed {
    yes: bool,
    no: bool,
    any: bool,
}

impl Listed {
    pub(super) fn holds(self, value: bool) -> bool {
        if value { self.yes } else { self.no }
    }
}

/// A number of a policy, as its text; none if it holds a variable, which numbers never match (POL-67).
#[derive(Clone, Debug)]
pub(super) struct OwnedDecimal(Option<Box<str>>);

impl Test {
    /// Reads the policy values; the error is the position of the first that the operator cannot read.
    pub(super) fn new(op: &Operator, key: &ConditionKey, values: &[&str], variables: bool) -> Result<Self, usize> {
        let rules = Rules { variables, ..Rules::default() };
        let templates = |rules| values.iter().map(|value| Template::new(strip_hex(key, value), rules)).collect();
        Ok(match op.base {
            Base::StringEquals => exact_or_templates(templates(rules)),
            Base::StringEqualsIgnoreCase => Self::Templates(templates(Rules { ignore_case: true, ..rules })),
            Base::StringLike => exact_or_templates(templates(Rules { wildcards: true, ..rules })),
            Base::Arn => {
                let rules = Rules { wildcards: true, arn: true, ..rules };
                Self::Arns(values.iter().map(|value| Template::new(value, rules)).collect())
            }
            Base::Numeric(comparison) => {
                let numbers: Vec<_> = read(values, |text| Decimal::parse(text).map(|_| text.into()))?;
                Self::Numeric(comparison, numbers.into_iter().map(OwnedDecimal).collect())
            }
            Base::Date(comparison) => Self::Date(comparison, read(values, instant::parse)?),
            Base::Binary => Self::Binary(read(values, |text| STANDARD.decode(text).ok().map(Into::into))?),
            Base::IpAddress => Self::IpAddress(read(values, Network::parse)?),
            Base::Bool => Self::Bool(listed(values)?),
            Base::Null => match op.quantifier {
                None => Self::Null(listed(values)?),
                Some(quantifier) => {
                    listed(values)?;
                    Self::Constant(quantifier == Quantifier::All)
                }
            },
        })
    }

    /// Whether the policy lists no value (POL-135).
    pub(super) fn is_empty(&self) -> bool {
        match self {
            Self::Exact(values) => values.is_empty(),
            Self::Templates(values) | Self::Arns(values) => values.is_empty(),
            Self::Numeric(_, values) => values.is_empty(),
            Self::Date(_, values) => values.is_empty(),
            Self::Bool(values) | Self::Null(values) => !values.any,
            Self::Binary(values) => values.is_empty(),
            Self::IpAddress(values) => values.is_empty(),
            Self::Constant(_) => false,
        }
    }

    /// The texts that may match, if they can be listed.
    pub(super) fn exact_texts(&self) -> Option<Vec<&str>> {
        match self {
            Self::Exact(texts) => Some(texts.iter().map(|text| &**text).collect()),
            Self::Arns(templates) => templates.iter().map(Template::as_literal).collect(),
            _ => None,
        }
    }

    /// Whether a single request value matches at least one policy value, before any negation.
    pub(super) fn matches(&self, value: Value<'_>, facts: &Facts<'_>) -> bool {
        match self {
            Self::Exact(values) => Text::of(value).is_some_and(|text| is_listed(values, text.as_str())),
            Self::Templates(values) => {
                Text::of(value).is_some_and(|text| values.iter().any(|template| template.matches(text.as_str(), facts)))
            }
            Self::Arns(values) => Text::of(value).is_some_and(|text| {
                is_arn(text.as_str()) && values.iter().any(|template| template.matches(text.as_str(), facts))
            }),
            Self::Numeric(comparison, values) => matches_number(*comparison, values, value),
            Self::Date(comparison, values) => to_instant(value)
                .is_some_and(|instant| values.iter().flatten().any(|listed| comparison.holds(instant.cmp(listed)))),
            Self::Bool(listed) => to_bool(value).is_some_and(|value| listed.holds(value)),
            Self::Binary(values) => match value {
                Value::Bytes(bytes) => values.iter().flatten().any(|listed| **listed == *bytes),
                value => Text::of(value)
                    .is_some_and(|text| values.iter().flatten().any(|listed| **listed == *text.as_str().as_bytes())),
            },
            Self::IpAddress(values) => {
                to_address(value).is_some_and(|address| values.iter().flatten().any(|range| range.contains(address)))
            }
            Self::Null(_) | Self::Constant(_) => false,
        }
    }
}

/// Plain texts compare faster than templates.
fn exact_or_templates(templates: Box<[Template]>) -> Test {
    match templates.iter().map(|template| template.as_literal().map(Box::from)).collect::<Option<Vec<Box<str>>>>() {
        Some(mut texts) => {
            texts.sort_unstable();
            Test::Exact(texts.into_boxed_slice())
        }
        None => Test::Templates(templates),
    }
}

/// Reads typed values. One that holds `${` is accepted as literal text, which no typed value equals (POL-67).
fn read<T, C: FromIterator<Option<T>>>(values: &[&str], parse: impl Fn(&str) -> Option<T>) -> Result<C, usize> {
    values
        .iter()
        .enumerate()
        .map(|(position, text)| match parse(text) {
            None if !text.contains("${") => Err(position),
            parsed => Ok(parsed),
        })
        .collect()
}

fn listed(values: &[&str]) -> Result<Listed, usize> {
    let values: Vec<Option<bool>> = read(values, parse_bool)?;
    Ok(Listed { yes: values.contains(&Some(true)), no: values.contains(&Some(false)), any: !values.is_empty() })
}

fn parse_bool(text: &str) -> Option<bool> {
    [("true", true), ("false", false)].into_iter().find(|(word, _)| text.eq_ignore_ascii_case(word)).map(|(_, b)| b)
}

fn is_listed(sorted: &[Box<str>], text: &str) -> bool {
    if sorted.len() <= LINEAR_SEARCH {
        return sorted.iter().any(|listed| **listed == *text);
    }
    sorted.binary_search_by(|listed| (**listed).cmp(text)).is_ok()
}

fn matches_number(comparison: Comparison, values: &[OwnedDecimal], value: Value<'_>) -> bool {
    let Some(text) = Text::of(value) else { return false };
    let Some(number) = Decimal::parse(text.as_str()) else { return false };
    values.iter().any(|OwnedDecimal(listed)| {
        let listed = listed.as_deref().and_then(Decimal::parse);
        listed.is_some_and(|listed| comparison.holds(number.cmp(&listed)))
    })
}

fn to_instant(value: Value<'_>) -> Option<Instant> {
    match value {
        Value::Time(instant) | Value::Epoch(instant) => Some(instant.as_nanosecond()),
        Value::Number(seconds) => Some(instant::from_seconds(seconds)),
        Value::Text(text) => instant::parse(text),
        _ => None,
    }
}

fn to_bool(value: Value<'_>) -> Option<bool> {
    match value {
        Value::Bool(value) => Some(value),
        Value::Text(text) => parse_bool(text),
        _ => None,
    }
}

fn to_address(value: Value<'_>) -> Option<IpAddr> {
    match value {
        Value::Address(address) => Some(address),
        Value::Text(text) => text.parse().ok(),
        _ => None,
    }
}

/// Six parts, the first of them `arn` (POL-59).
fn is_arn(text: &str) -> bool {
    text.starts_with("arn:") && text.bytes().filter(|&byte| byte == b':').nth(4).is_some()
}

/// Policies write measurements with or without `0x` (CND-66).
fn strip_hex<'v>(key: &ConditionKey, value: &'v str) -> &'v str {
    if key.is_measurement() { value.strip_prefix("0x").unwrap_or(value) } else { value }
}

/// Up to so many texts a linear search is the faster one.
const LINEAR_SEARCH: usize = 8;
