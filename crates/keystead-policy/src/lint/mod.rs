//! What is legal in a policy but probably not meant (POL-43, POL-140).

pub(crate) use check::check;

use crate::Span;

mod check;

/// A finding: nothing that blocks a write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lint {
    kind: LintKind,
    pointer: Box<str>,
    span: Span,
    line: u32,
    column: u32,
}

impl Lint {
    /// What was found.
    pub fn kind(&self) -> LintKind {
        self.kind
    }

    /// JSON Pointer (RFC 6901) to the member or element meant; empty for the whole document.
    pub fn pointer(&self) -> &str {
        &self.pointer
    }

    /// Where, in bytes of the text.
    pub fn span(&self) -> Span {
        self.span
    }

    /// The line, from 1.
    pub fn line(&self) -> u32 {
        self.line
    }

    /// The column in Unicode scalar values, from 1.
    pub fn column(&self) -> u32 {
        self.column
    }
}

macro_rules! lint_kinds {
    ($($(#[$doc:meta])* $variant:ident = $code:literal, $name:literal: $message:literal;)*) => {
        /// The kinds of finding. Where a documented policy check of IAM says the same, it has the same name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum LintKind {
            $(#[doc = concat!($name, ": ", $message, ".")] $(#[$doc])* $variant,)*
        }

        impl LintKind {
            /// All kinds.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// A stable code for programs, such as `MISSING_ACTION`; it never changes its meaning.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }

            /// The name under which to look the finding up.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What it means and what to do.
            pub const fn message(self) -> &'static str {
                match self { $(Self::$variant => $message,)* }
            }
        }
    };
}

lint_kinds! {
    // The statement has no effect.
    MissingAction = "MISSING_ACTION", "Missing action": "the statement has no `Action` and therefore no effect; add one";
    MissingResource = "MISSING_RESOURCE", "Missing resource": "the statement has no `Resource` and therefore no effect; add one";
    EmptyArrayAction = "EMPTY_ARRAY_ACTION", "Empty array action": "the empty list matches no action, so the statement has no effect";
    EmptyArrayResource = "EMPTY_ARRAY_RESOURCE", "Empty array resource": "the empty list matches no resource, so the statement has no effect";
    EmptyArrayPrincipal = "EMPTY_ARRAY_PRINCIPAL", "Empty array principal": "the empty list names nobody, so the statement has no effect";
    EmptyObjectPrincipal = "EMPTY_OBJECT_PRINCIPAL", "Empty object principal": "the empty object names nobody, so the statement has no effect";
    UnmatchedPrincipal = "UNSUPPORTED_PRINCIPAL", "Unsupported principal": "no caller of this service has a principal of this type, so the entry never matches";
    // Actions and resources.
    InvalidAction = "INVALID_ACTION", "Invalid action": "no action of the service matches; check the spelling";
    WildcardInService = "WILDCARD_IN_SERVICE", "Wildcard in service": "the wildcard in the service part may match other services; spell the service out";
    // Conditions.
    EmptyObjectCondition = "EMPTY_OBJECT_CONDITION", "Empty object condition": "the empty object constrains nothing; remove it";
    EmptyArrayCondition = "EMPTY_ARRAY_CONDITION", "Empty array condition": "no request value can match an empty list; add values or remove the key";
    UnknownConditionKey = "INVALID_CONDITION_KEY", "Invalid condition key": "the engine knows no such key; unless the host supplies it, it is absent from every request";
    MissingQualifier = "MISSING_QUALIFIER", "Missing qualifier": "the key can have several values, and without `ForAllValues` or `ForAnyValue` the condition then fails; add one";
    SingleValuedQualifier = "FORALLVALUES_OR_FORANYVALUE_WITH_SINGLE_VALUED_KEY", "ForAllValues or ForAnyValue with single valued key": "the key has one value at most; remove the set operator (`ForAllValues` is true for every request without the key)";
    NullWithQualifier = "NULL_WITH_QUALIFIER", "Null with qualifier": "`Null` with a set operator does not depend on the request; remove the set operator";
    YearOnlyDate = "INVALID_DATE", "Invalid date": "a date of digits only is a number of seconds since 1970, not a year; write a date such as 2030-01-01";
    PrivateIpAddress = "PRIVATE_IP_ADDRESS", "Private IP address": "`aws:SourceIp` is a public address, which no private range contains";
    HostBitsInIpRange = "HOST_BITS_IN_IP_RANGE", "Host bits in IP range": "the bits after the prefix are ignored; clear them";
    HexPrefix = "HEX_PREFIX_IN_MEASUREMENT", "Hex prefix in measurement": "measurements have no prefix `0x`, so it is left out before the comparison; remove it";
    // Variables.
    VariableUnsupportedInVersion = "VARIABLE_UNSUPPORTED_IN_VERSION", "Variable unsupported in version": "without `Version` 2012-10-17 this is literal text, not a variable";
    InvalidVariableForOperator = "INVALID_VARIABLE_FOR_OPERATOR", "Invalid variable for operator": "the operator takes no variables, so this literal text never matches";
    VariableUnsupportedInElement = "VARIABLE_UNSUPPORTED_IN_ELEMENT", "Variable unsupported in element": "variables stand in the resource part and in condition values only; here this is literal text";
    MissingBraceInVariable = "MISSING_BRACE_IN_VARIABLE", "Missing brace in variable": "the variable has no closing brace, so this is literal text";
    MissingQuoteInVariable = "MISSING_QUOTE_IN_VARIABLE", "Missing quote in variable": "the default of a variable stands in single quotes; without them this is literal text";
    SpaceInVariable = "UNSUPPORTED_SPACE_IN_VARIABLE", "Unsupported space in variable": "a variable name has no spaces, so this is literal text";
    EmptyVariable = "EMPTY_VARIABLE", "Empty variable": "the variable has no name, so this is literal text";
    // Foot-guns.
    NotPrincipalIncomplete = "DENY_WITH_INCOMPLETE_NOTPRINCIPAL", "Deny with incomplete NotPrincipal": "a principal is spared only if its account, and for a session its role, are listed too; prefer a condition on `aws:PrincipalArn`";
    OpenPrincipal = "ALLOW_WITH_OPEN_PRINCIPAL", "Allow with open principal": "everybody is allowed, other accounts included; add a condition or name principals";
    MissingAccountPrincipal = "MISSING_ACCOUNT_PRINCIPAL", "Missing account principal": "no statement gives the account of a principal access, so identity policies give none and access may be lost with the principals named";
    CrossAccountResourceWildcard = "WILDCARD_RESOURCE_WITH_CROSS_ACCOUNT_ACTIONS", "Wildcard resource with cross-account actions": "`*` covers keys of other accounts too; list key ARNs of the accounts meant";
}
