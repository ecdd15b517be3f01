//! Resource patterns of a compiled statement (POL-31, POL-136, POL-137).

use crate::evaluate::Facts;
use crate::resource::SplitArn;
use crate::template::{Rules, Template};

/// One entry of a `Resource` or `NotResource` element.
#[derive(Clone, Debug)]
pub(crate) enum ResourcePattern {
    /// `*`.
    Any,
    /// An ARN without wildcards and variables.
    Exact(Box<str>),
    /// Any other pattern with at least five colons: six parts, compared one by one.
    Parts(Box<[Part; 6]>),
    /// A pattern with fewer colons: only a `*` that ends its segment can make up for the missing ones.
    Short(Box<[ShortPart]>),
}

/// Whether a pattern matches, if that can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Matched {
    Yes,
    No,
    /// A variable of the pattern has no value.
    Unresolvable,
}

/// One part of a pattern.
#[derive(Clone, Debug)]
pub(crate) enum Part {
    Any,
    Is(Box<str>),
    Template(Template),
}

#[derive(Clone, Debug)]
pub(crate) struct ShortPart {
    part: Part,
    ends_in_star: bool,
}

impl ResourcePattern {
    /// Compiles a pattern; `None` if it is neither `*` nor an ARN whose service is spelled out (POL-136).
    /// `variables`: the document has version 2012-10-17.
    pub(crate) fn new(text: &str, variables: bool) -> Option<Self> {
        if text == "*" {
            return Some(Self::Any);
        }
        let segments: Vec<&str> = text.splitn(6, ':').collect();
        let service = *segments.get(2)?;
        if segments.first() != Some(&"arn") || service.is_empty() || service.contains(['*', '?']) {
            return None;
        }
        let parts = segments.iter().enumerate().map(|(index, segment)| {
            // Variables stand in the resource part only (POL-67).
            Part::new(segment, Rules { wildcards: true, variables: variables && index == 5, ..Rules::default() })
        });
        match parts.collect::<Vec<_>>().try_into() {
            Ok(parts) => Some(Self::of_parts(parts)),
            Err(parts) => Some(Self::Short(
                parts
                    .into_iter()
                    .zip(&segments)
                    .map(|(part, segment)| ShortPart { part, ends_in_star: segment.ends_with('*') })
                    .collect(),
            )),
        }
    }

    fn of_parts(parts: [Part; 6]) -> Self {
        let literal = |part: &Part| match part {
            Part::Is(literal) => Some(literal.clone()),
            Part::Any | Part::Template(_) => None,
        };
        match parts.iter().map(literal).collect::<Option<Vec<_>>>() {
            Some(literals) => Self::Exact(literals.join(":").into()),
            None => Self::Parts(Box::new(parts)),
        }
    }

    pub(crate) fn matches(&self, arn: &SplitArn<'_>, facts: &Facts<'_>) -> Matched {
        let matched = match self {
            Self::Any => true,
            Self::Exact(text) => arn.is(text),
            Self::Parts(parts) => {
                if let Part::Template(last) = &parts[5]
                    && !last.is_resolvable(facts)
                {
                    return Matched::Unresolvable;
                }
                // The last part tells most resources apart.
                (0..6).rev().all(|index| arn.part(index).is_some_and(|text| parts[index].matches(text, facts)))
            }
            Self::Short(parts) => matches_short(parts, arn, facts),
        };
        if matched { Matched::Yes } else { Matched::No }
    }
}

impl Part {
    fn new(segment: &str, rules: Rules) -> Self {
        let template = Template::new(segment, rules);
        if template.is_any() {
            return Self::Any;
        }
        match template.as_literal() {
            Some(literal) => Self::Is(literal.into()),
            None => Self::Template(template),
        }
    }

    fn matches(&self, text: &str, facts: &Facts<'_>) -> bool {
        match self {
            Self::Any => true,
            Self::Is(literal) => **literal == *text,
            Self::Template(template) => template.matches(text, facts),
        }
    }
}

/// Lays the segments of a short pattern over the six parts of an ARN: each takes one part, or, if it ends in `*`, also
/// any number of further ones. `reached` is the set of parts up to which the segments so far can lie.
fn matches_short(segments: &[ShortPart], arn: &SplitArn<'_>, facts: &Facts<'_>) -> bool {
    let mut reached: u8 = 1;
    for segment in segments {
        let mut next = 0;
        for part in 0..6 {
            if reached >> part & 1 == 1 && arn.part(part).is_some_and(|text| segment.part.matches(text, facts)) {
                // Up to exactly part + 1, or to every later end.
                next |= if segment.ends_in_star { !1 << part } else { 2 << part };
            }
        }
        reached = next;
    }
    reached >> 6 & 1 == 1
}
