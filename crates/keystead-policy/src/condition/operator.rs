//! Names of condition operators (POL-49, POL-51 to POL-61).

/// A condition operator as written: `[ForAllValues:|ForAnyValue:]<Operator>[IfExists]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Operator {
    pub quantifier: Option<Quantifier>,
    pub base: Base,
    pub negated: bool,
    pub if_exists: bool,
}

/// A set operator (POL-62).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Quantifier {
    All,
    Any,
}

/// What an operator compares, without negation, quantifier and suffix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Base {
    StringEquals,
    StringEqualsIgnoreCase,
    StringLike,
    Numeric(Comparison),
    Date(Comparison),
    Bool,
    Binary,
    IpAddress,
    Arn,
    Null,
}

/// How the value of the request must stand to the value of the policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Operator {
    /// Reads an operator name, which is case-sensitive. `Null` takes no `IfExists`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (quantifier, name) = if let Some(name) = text.strip_prefix("ForAllValues:") {
            (Some(Quantifier::All), name)
        } else if let Some(name) = text.strip_prefix("ForAnyValue:") {
            (Some(Quantifier::Any), name)
        } else {
            (None, text)
        };
        let (name, if_exists) = name.strip_suffix("IfExists").map_or((name, false), |name| (name, true));
        let &(_, base, negated) = OPERATORS.iter().find(|(known, ..)| *known == name)?;
        (base != Base::Null || !if_exists).then_some(Self { quantifier, base, negated, if_exists })
    }
}

impl Base {
    /// Whether values may hold policy variables (POL-67).
    pub(crate) fn takes_variables(self) -> bool {
        matches!(self, Self::StringEquals | Self::StringEqualsIgnoreCase | Self::StringLike | Self::Arn)
    }
}

impl Comparison {
    pub(crate) fn holds(self, ordering: std::cmp::Ordering) -> bool {
        match self {
            Self::Equal => ordering.is_eq(),
            Self::Less => ordering.is_lt(),
            Self::LessOrEqual => ordering.is_le(),
            Self::Greater => ordering.is_gt(),
            Self::GreaterOrEqual => ordering.is_ge(),
        }
    }
}

/// Every operator: its name, what it compares, whether it negates.
const OPERATORS: &[(&str, Base, bool)] = &[
    ("StringEquals", Base::StringEquals, false),
    ("StringNotEquals", Base::StringEquals, true),
    ("StringEqualsIgnoreCase", Base::StringEqualsIgnoreCase, false),
    ("StringNotEqualsIgnoreCase", Base::StringEqualsIgnoreCase, true),
    ("StringLike", Base::StringLike, false),
    ("StringNotLike", Base::StringLike, true),
    ("NumericEquals", Base::Numeric(Comparison::Equal), false),
    ("NumericNotEquals", Base::Numeric(Comparison::Equal), true),
    ("NumericLessThan", Base::Numeric(Comparison::Less), false),
    ("NumericLessThanEquals", Base::Numeric(Comparison::LessOrEqual), false),
    ("NumericGreaterThan", Base::Numeric(Comparison::Greater), false),
    ("NumericGreaterThanEquals", Base::Numeric(Comparison::GreaterOrEqual), false),
    ("DateEquals", Base::Date(Comparison::Equal), false),
    ("DateNotEquals", Base::Date(Comparison::Equal), true),
    ("DateLessThan", Base::Date(Comparison::Less), false),
    ("DateLessThanEquals", Base::Date(Comparison::LessOrEqual), false),
    ("DateGreaterThan", Base::Date(Comparison::Greater), false),
    ("DateGreaterThanEquals", Base::Date(Comparison::GreaterOrEqual), false),
    ("Bool", Base::Bool, false),
    ("BinaryEquals", Base::Binary, false),
    ("IpAddress", Base::IpAddress, false),
    ("NotIpAddress", Base::IpAddress, true),
    ("ArnEquals", Base::Arn, false),
    ("ArnNotEquals", Base::Arn, true),
    ("ArnLike", Base::Arn, false),
    ("ArnNotLike", Base::Arn, true),
    ("Null", Base::Null, false),
];

#[cfg(test)]
mod tests {
    use super::*;

    /// Spec: POL-49
    #[test]
    fn names_are_case_sensitive_and_null_takes_no_suffix() {
        for name in [
            "stringEquals",
            "StringEqualsifExists",
            "NullIfExists",
            "ForAllValues:NullIfExists",
            "",
            "IfExists",
            "forAllValues:StringEquals",
            "ForAllValues: StringEquals",
            "ForAnyValue:ForAllValues:Bool",
            "BoolIfExistsIfExists",
            "ArnMatches",
        ] {
            assert_eq!(Operator::parse(name), None, "{name}");
        }
        let operator = Operator::parse("ForAnyValue:StringNotLikeIfExists");
        let expected =
            Operator { quantifier: Some(Quantifier::Any), base: Base::StringLike, negated: true, if_exists: true };
        assert_eq!(operator, Some(expected));
        assert!(Operator::parse("ForAllValues:Null").is_some());
    }
}
