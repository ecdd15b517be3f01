//! Every condition operator against every kind of request value, with every set operator and suffix: the truth table of
//! chapter 21, section 4, written from the text.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::*;
use keystead_policy::{Compiler, Policy, PolicyKind};

/// An operator, policy values, two request values that match and two that do not, negation aside.
struct Row {
    operator: &'static str,
    negated: bool,
    listed: &'static str,
    matching: [&'static str; 2],
    other: [&'static str; 2],
}

const fn row(
    operator: &'static str,
    negated: bool,
    listed: &'static str,
    matching: [&'static str; 2],
    other: [&'static str; 2],
) -> Row {
    Row { operator, negated, listed, matching, other }
}

const AB: &str = r#"["a", "b"]"#;
const NUMBER: &str = "10";
const DATE: &str = r#""2030-01-01T00:00:00Z""#;
const ARN: &str = r#""arn:aws:sns:*:111122223333:t?pic""#;
const ARNS: [&str; 2] = ["arn:aws:sns:us-east-1:111122223333:topic", "arn:aws:sns:eu-west-1:111122223333:tapic"];
const NOT_ARNS: [&str; 2] = ["arn:aws:sns:us-east-1:444455556666:topic", "topic"];

/// POL-51 to POL-59: 26 operators; `Null` has a table of its own.
const ROWS: &[Row] = &[
    row("StringEquals", false, AB, ["a", "b"], ["A", "a*"]),
    row("StringEquals", false, r#"["?", "c*"]"#, ["?", "c*"], ["x", "cc"]),
    row("StringNotEquals", true, AB, ["a", "b"], ["A", "a*"]),
    row("StringEqualsIgnoreCase", false, r#"["STRASSE", "Σ"]"#, ["strasse", "ς"], ["straße", "x"]),
    row("StringNotEqualsIgnoreCase", true, r#"["STRASSE", "Σ"]"#, ["strasse", "ς"], ["straße", "x"]),
    row("StringLike", false, r#""a?c*""#, ["abc", "aäcx\ny"], ["Abc", "ac"]),
    row("StringNotLike", true, r#""a?c*""#, ["abc", "aäcx\ny"], ["Abc", "ac"]),
    row("NumericEquals", false, NUMBER, ["10", "1e1"], ["10.01", " 10"]),
    row("NumericNotEquals", true, NUMBER, ["10", "1e1"], ["10.01", " 10"]),
    row("NumericLessThan", false, NUMBER, ["9.99", "-11"], ["10", "1x"]),
    row("NumericLessThanEquals", false, NUMBER, ["10.0", "9"], ["10.01", "x"]),
    row("NumericGreaterThan", false, NUMBER, ["10.01", "1e400"], ["10", "11x"]),
    row("NumericGreaterThanEquals", false, NUMBER, ["10", "11"], ["9.9", "-11"]),
    row("DateEquals", false, DATE, ["1893456000", "2030-01"], ["2030", "January 1, 2030"]),
    row("DateNotEquals", true, DATE, ["1893456000", "2030-01"], ["2030", "January 1, 2030"]),
    row("DateLessThan", false, DATE, ["2029-12-31T23:59:59.9Z", "2029"], ["1893456000", "x"]),
    row("DateLessThanEquals", false, DATE, ["1893456000", "2030-01-01T01:00+01:00"], ["2030-01-02", "x"]),
    row("DateGreaterThan", false, DATE, ["2030-01-01T00:00:01Z", "1893456000.5"], ["2030-01-01", "x"]),
    row("DateGreaterThanEquals", false, DATE, ["2030-01-01", "2031-01"], ["2029-12-31", "x"]),
    row("Bool", false, "true", ["true", "TRUE"], ["false", "yes"]),
    row("BinaryEquals", false, r#"["YQ==", "Yg=="]"#, ["a", "b"], ["YQ==", "c"]),
    row("IpAddress", false, r#""192.0.2.0/24""#, ["192.0.2.1", "::ffff:192.0.2.2"], ["192.0.3.1", "::1"]),
    row("NotIpAddress", true, r#""192.0.2.0/24""#, ["192.0.2.1", "::ffff:192.0.2.2"], ["192.0.3.1", "::1"]),
    row("ArnEquals", false, ARN, ARNS, NOT_ARNS),
    row("ArnNotEquals", true, ARN, ARNS, NOT_ARNS),
    row("ArnLike", false, ARN, ARNS, NOT_ARNS),
    row("ArnNotLike", true, ARN, ARNS, NOT_ARNS),
];

/// What the request holds.
#[derive(Clone, Copy, Debug)]
enum Holds {
    Absent,
    EmptyList,
    EmptyText,
    Matching,
    Other,
    AllMatching,
    SomeMatching,
    NoneMatching,
}

/// The forms of an operator, in the order of the columns below.
const FORMS: [(&str, &str); 6] = [
    ("", ""),
    ("", "IfExists"),
    ("ForAnyValue:", ""),
    ("ForAllValues:", ""),
    ("ForAnyValue:", "IfExists"),
    ("ForAllValues:", "IfExists"),
];

const T: bool = true;
const F: bool = false;

/// Columns: plain, IfExists, ForAnyValue, ForAllValues, ForAnyValue…IfExists, ForAllValues…IfExists.
const POSITIVE: [(Holds, [bool; 6]); 8] = [
    (Holds::Absent, [F, T, F, T, T, T]),
    (Holds::EmptyList, [F, F, F, T, F, T]),
    (Holds::EmptyText, [F, F, F, T, F, T]),
    (Holds::Matching, [T, T, T, T, T, T]),
    (Holds::Other, [F, F, F, F, F, F]),
    (Holds::AllMatching, [F, F, T, T, T, T]),
    (Holds::SomeMatching, [F, F, T, F, T, F]),
    (Holds::NoneMatching, [F, F, F, F, F, F]),
];

const NEGATED: [(Holds, [bool; 6]); 8] = [
    (Holds::Absent, [T, T, F, T, T, T]),
    (Holds::EmptyList, [T, T, F, T, F, T]),
    (Holds::EmptyText, [T, T, F, T, F, T]),
    (Holds::Matching, [F, F, F, F, F, F]),
    (Holds::Other, [T, T, T, T, T, T]),
    (Holds::AllMatching, [F, F, F, F, F, F]),
    (Holds::SomeMatching, [F, F, T, F, T, F]),
    (Holds::NoneMatching, [F, F, T, T, T, T]),
];

/// An empty list of policy values (POL-135), positive or negated alike.
const NOTHING_LISTED: [(Holds, [bool; 6]); 8] = [
    (Holds::Absent, [F, T, F, T, T, T]),
    (Holds::EmptyList, [F, F, F, T, F, T]),
    (Holds::EmptyText, [F, F, F, T, F, T]),
    (Holds::Matching, [F, F, F, F, F, F]),
    (Holds::Other, [F, F, F, F, F, F]),
    (Holds::AllMatching, [F, F, F, F, F, F]),
    (Holds::SomeMatching, [F, F, F, F, F, F]),
    (Holds::NoneMatching, [F, F, F, F, F, F]),
];

/// `Null` with the value `true`; columns: plain, ForAnyValue, ForAllValues. With `false` the first column is turned.
const NULL: [(Holds, [bool; 3]); 8] = [
    (Holds::Absent, [T, F, T]),
    (Holds::EmptyList, [T, F, T]),
    (Holds::EmptyText, [T, F, T]),
    (Holds::Matching, [F, F, T]),
    (Holds::Other, [F, F, T]),
    (Holds::AllMatching, [F, F, T]),
    (Holds::SomeMatching, [F, F, T]),
    (Holds::NoneMatching, [F, F, T]),
];

/// Spec: POL-51, POL-52, POL-53, POL-54, POL-55, POL-56, POL-57, POL-58, POL-59, POL-61, POL-62, POL-63, POL-64
/// Spec: POL-65, RUL-43, RUL-50, RUL-51, RUL-52, CND-05, CND-130
#[test]
fn every_operator_in_every_form_against_every_request() {
    for row in ROWS {
        let expected = if row.negated { &NEGATED } else { &POSITIVE };
        check(row, row.listed, expected);
    }
}

/// Spec: POL-135, RUL-41
#[test]
fn an_empty_list_of_values_never_matches() {
    for row in ROWS {
        check(row, "[]", &NOTHING_LISTED);
    }
}

/// Spec: POL-49, POL-60, POL-135, RUL-51
#[test]
fn null_in_every_form_against_every_request() {
    let row = row("Null", false, "", ["a", "b"], ["c", "d"]);
    for (holds, columns) in NULL {
        for (quantifier, expected) in ["", "ForAnyValue:", "ForAllValues:"].into_iter().zip(columns) {
            let of = |listed: &str| satisfied(&format!("{quantifier}Null"), listed, holds, &row);
            let constant = !quantifier.is_empty();
            assert_eq!(of("true"), expected, "{quantifier}Null true, {holds:?}");
            assert_eq!(
                of(r#""false""#),
                if constant { expected } else { !expected },
                "{quantifier}Null false, {holds:?}"
            );
            assert_eq!(
                of(r#"["true", "false"]"#),
                if constant { expected } else { T },
                "{quantifier}Null both, {holds:?}"
            );
            assert_eq!(of("[]"), if constant { expected } else { F }, "{quantifier}Null [], {holds:?}");
        }
    }
}

/// Scenario 29 of section 11.
/// Spec: POL-60, POL-62, POL-63, POL-65, RUL-51
#[test]
fn sets_and_empty_texts() {
    let satisfied = |operator: &str, listed: &str, held: Held| {
        let condition = format!(r#"{{"{operator}": {{"kms:EncryptionContextKeys": {listed}}}}}"#);
        let ask = Ask::new(user(), "kms:Encrypt").with("kms:EncryptionContextKeys", held);
        ask.is_allowed_by(&policy("Allow", &condition), &[])
    };
    for (operator, listed, held, expected) in [
        ("ForAnyValue:StringNotEquals", r#"["a"]"#, ["a", "b"].into(), T),
        ("ForAllValues:StringNotEquals", r#"["a"]"#, ["a", "b"].into(), F),
        ("ForAllValues:StringEquals", r#""a""#, [""].into(), T),
        ("ForAnyValue:StringEquals", r#""""#, [""].into(), F),
        ("ForAnyValue:StringNotEquals", r#""a""#, [""].into(), F),
        ("ForAnyValue:StringEquals", r#""""#, ["", "a"].into(), T),
        ("ForAllValues:StringEquals", r#""a""#, ["", "a"].into(), F),
        ("Null", "true", [""].into(), T),
        ("Null", "true", ["", "a"].into(), F),
        ("StringEquals", r#""""#, [""].into(), T),
        ("StringEquals", r#""a""#, ["a", "b"].into(), F),
        ("StringEquals", r#""a""#, ["a"].into(), T),
    ] {
        assert_eq!(satisfied(operator, listed, Held::clone(&held)), expected, "{operator} {listed} {held:?}");
    }
}

/// Spec: POL-44, POL-46
#[test]
fn several_listed_values_are_alternatives_and_nor_when_negated() {
    let policy = |operator: &str| policy(r"Allow", &format!(r#"{{"{operator}": {{"host:value": ["x", "y"]}}}}"#));
    for (value, equals) in [("x", T), ("y", T), ("z", F)] {
        let ask = Ask::new(user(), "kms:Encrypt").with("host:value", value);
        assert_eq!(ask.is_allowed_by(&policy("StringEquals"), &[]), equals);
        assert_eq!(ask.is_allowed_by(&policy("StringNotEquals"), &[]), !equals);
    }
}

/// Spec: POL-44, POL-51
#[test]
fn long_lists_in_any_order() {
    let listed = "zyxwvutsrqponmlkjihgfedcba".split("").filter(|letter| !letter.is_empty()).collect::<Vec<_>>();
    let policy = policy("Allow", &format!(r#"{{"StringEquals": {{"host:value": {listed:?}}}}}"#));
    let allows = |value: &str| Ask::new(user(), "kms:Encrypt").with("host:value", value).is_allowed_by(&policy, &[]);
    assert!(listed.iter().all(|value| allows(value)));
    assert!(!allows("A") && !allows("") && !allows("ab"));
}

/// Spec: POL-44, POL-45
#[test]
fn keys_and_operators_are_joined_by_and() {
    let policy = policy("Allow", r#"{"StringEquals": {"host:a": "1", "host:b": "2"}, "StringLike": {"host:c": "3*"}}"#);
    let ask = |a, b, c| {
        let ask = Ask::new(user(), "kms:Encrypt").with("host:a", a).with("host:b", b).with("host:c", c);
        ask.is_allowed_by(&policy, &[])
    };
    assert!(ask("1", "2", "34"));
    assert!(!ask("x", "2", "34") && !ask("1", "x", "34") && !ask("1", "2", "x"));
}

/// Spec: POL-48, RUL-42
#[test]
fn colliding_names_fail_closed_by_effect() {
    let condition = r#"{"StringEquals": {"kms:EncryptionContext:stage": "prod"}}"#;
    let (allow, deny) = (policy("Allow", condition), policy("Deny", condition));
    let ask = |first, second| {
        Ask::new(user(), "kms:Encrypt")
            .with("kms:EncryptionContext:Stage", first)
            .with("kms:EncryptionContext:stage", second)
    };
    for (first, second, allowed, denied) in
        [("prod", "prod", T, T), ("prod", "test", F, T), ("test", "prod", F, T), ("test", "test", F, F)]
    {
        assert_eq!(ask(first, second).is_allowed_by(&allow, &[]), allowed, "{first} {second}");
        assert_eq!(!ask(first, second).is_allowed_by(&deny, &[]), denied, "{first} {second}");
    }
}

/// Spec: POL-48, POL-62
#[test]
fn colliding_names_are_evaluated_one_value_at_a_time_also_under_set_operators() {
    let condition = r#"{"ForAnyValue:StringEquals": {"kms:EncryptionContext:stage": "prod"}}"#;
    let ask = Ask::new(user(), "kms:Encrypt")
        .with("kms:EncryptionContext:Stage", "prod")
        .with("kms:EncryptionContext:stage", "test");
    assert!(!ask.is_allowed_by(&policy("Allow", condition), &[]));
    assert!(!ask.is_allowed_by(&policy("Deny", condition), &[]));
}

/// Spec: POL-50, CND-34, CND-131
#[test]
fn values_compare_by_their_text_form() {
    for (condition, held, expected) in [
        (r#"{"StringEquals": {"host:value": true}}"#, Held::Bool(true), T),
        (r#"{"StringEquals": {"host:value": "true"}}"#, Held::Bool(true), T),
        (r#"{"Bool": {"host:value": "TRUE"}}"#, Held::Bool(true), T),
        (r#"{"Bool": {"host:value": false}}"#, Held::Text("False".into()), T),
        (r#"{"StringEquals": {"host:value": 365}}"#, Held::Number(365), T),
        (r#"{"StringEquals": {"host:value": 10.0}}"#, Held::Number(10), F),
        (r#"{"StringEquals": {"host:value": 10.0}}"#, Held::Text("10.0".into()), T),
        (r#"{"StringLike": {"host:value": "2018-12-31T*Z"}}"#, Held::Time("2018-12-31T11:59:59Z".parse().unwrap()), T),
        (r#"{"StringEquals": {"host:value": "1546257599"}}"#, Held::Epoch("2018-12-31T11:59:59Z".parse().unwrap()), T),
        (
            r#"{"NumericEquals": {"host:value": "1546257599.0"}}"#,
            Held::Epoch("2018-12-31T11:59:59Z".parse().unwrap()),
            T,
        ),
        (
            r#"{"DateEquals": {"host:value": "2018-12-31T11:59:59Z"}}"#,
            Held::Epoch("2018-12-31T11:59:59Z".parse().unwrap()),
            T,
        ),
        (r#"{"DateEquals": {"host:value": "1546257599"}}"#, Held::Number(1_546_257_599), T),
        (r#"{"IpAddress": {"host:value": "2001:db8::/32"}}"#, Held::Address("2001:db8::9".parse().unwrap()), T),
        (r#"{"StringEquals": {"host:value": "2001:db8::9"}}"#, Held::Address("2001:db8:0::9".parse().unwrap()), T),
        (r#"{"BinaryEquals": {"host:value": "/wA="}}"#, Held::Bytes(vec![0xff, 0]), T),
        (r#"{"BinaryEquals": {"host:value": "/wA="}}"#, Held::Bytes(vec![0xff]), F),
        (r#"{"StringEquals": {"host:value": ""}}"#, Held::Text(String::new()), T),
    ] {
        let ask = Ask::new(user(), "kms:Encrypt").with("host:value", held.clone());
        assert_eq!(ask.is_allowed_by(&policy("Allow", condition), &[]), expected, "{condition} {held:?}");
    }
}

/// Spec: POL-67, POL-68, POL-142, POL-143
#[test]
fn variables_in_values() {
    let facts = |ask: Ask| {
        ask.with("aws:username", "bob")
            .with("aws:PrincipalTag/empty", "")
            .with("aws:PrincipalTag/star", "b*")
            .with("aws:PrincipalTag/capital", "BoB")
            .with("kms:EncryptionContextKeys", ["k"])
            .with("kms:RotationPeriodInDays", 365)
            .with("aws:PrincipalArn", "arn:aws:iam::111122223333:user/bob")
    };
    for (operator, listed, value, expected) in [
        ("StringEquals", "${aws:username}", "bob", T),
        ("StringEquals", "${AWS:UserName}", "bob", T),
        ("StringEquals", "x-${aws:username}-${kms:RotationPeriodInDays}", "x-bob-365", T),
        ("StringEquals", "${aws:none, 'd'}", "d", T),
        ("StringEquals", "${aws:none,'d'}", "d", T),
        ("StringEquals", "${aws:none}", "${aws:none}", F),
        ("StringNotEquals", "${aws:none}", "anything", T),
        ("StringEquals", "${aws:none}", "", F),
        ("StringEquals", "${aws:PrincipalTag/empty, 'd'}", "", T),
        ("StringEquals", "${aws:PrincipalTag/empty, 'd'}", "d", F),
        ("StringEquals", "${kms:EncryptionContextKeys}", "k", F),
        ("StringNotEquals", "${kms:EncryptionContextKeys}", "k", T),
        ("StringEquals", "${*}${?}${$}", "*?$", T),
        ("StringLike", "${*}b", "*b", T),
        ("StringLike", "${*}b", "ab", F),
        ("StringLike", "*${aws:username}", "xxbobob", T),
        ("StringLike", "*${aws:username}", "xxbobo", F),
        ("StringLike", "*${aws:username}", "bobbob", T),
        ("StringLike", "${aws:PrincipalTag/star}", "bob", F),
        ("StringLike", "${aws:PrincipalTag/star}*", "b*x", T),
        ("StringLike", "${aws:none, 'a*'}", "ab", F),
        ("StringEqualsIgnoreCase", "X${aws:username}", "xBOB", T),
        ("StringEqualsIgnoreCase", "X-${aws:username}-y${aws:username}", "x-BOB-Ybob", T),
        ("StringEqualsIgnoreCase", "${aws:PrincipalTag/capital}", "bOb", T),
        ("StringEquals", "${aws:username}", "BOB", F),
        ("StringLike", "*${aws:username}", "xBOB", F),
        ("StringEquals", "?${aws:username}", "xbob", F),
        ("StringEquals", "*${aws:username}", "bob", F),
        ("StringEqualsIgnoreCase", "?*", "xy", F),
        ("StringEqualsIgnoreCase", "${aws:none, 'Dd'}", "dD", T),
        ("StringEquals", "${aws:username", "${aws:username", T),
        ("StringEquals", "${}", "${}", T),
        ("StringEquals", "${aws: username}", "${aws: username}", T),
        ("StringEquals", "${aws:username, d}", "${aws:username, d}", T),
        ("StringEquals", "${a${aws:username}", "${abob", T),
        ("ArnEquals", "${aws:PrincipalArn}", "arn:aws:iam::111122223333:user/bob", T),
        ("ArnEquals", "arn:aws:iam::111122223333:user/${aws:username}", "arn:aws:iam::111122223333:user/bob", T),
        ("ArnNotEquals", "arn:aws:iam::111122223333:user/${aws:none}", "arn:aws:iam::111122223333:user/bob", T),
        ("BinaryEquals", "${aws:username}", "bob", F),
        ("IpAddress", "${aws:username}", "192.0.2.1", F),
        ("DateEquals", "${aws:username}", "2030-01", F),
    ] {
        let policy = policy("Allow", &format!(r#"{{"{operator}": {{"host:value": "{listed}"}}}}"#));
        let ask = facts(Ask::new(user(), "kms:Encrypt")).with("host:value", value);
        assert_eq!(ask.is_allowed_by(&policy, &[]), expected, "{operator} {listed} {value}");
    }
}

/// Spec: POL-59
#[test]
fn arn_components_are_compared_alone() {
    for (pattern, arn, expected) in [
        ("arn:aws:sns:*:1:t", "arn:aws:sns::1:t", T),
        ("arn:aws:sns:us-*:1:t", "arn:aws:sns:us-x:9:1:t", F),
        ("arn:aws:sns:*", "arn:aws:sns:us-east-1:1:t", F),
        ("arn:aws:sns:r:*:d", "arn:aws:sns:r:1:c:d", F),
        ("arn:aws:sns:r:1:*:d", "arn:aws:sns:r:1:c:d", T),
        ("arn:aws:sns:*:*:*", "arn:aws:sns:us-east-1:1:a:b/c:d", T),
        ("arn:aws:sns:?:1:a?b", "arn:aws:sns:x:1:a:b", T),
        ("arn:aws:sn?:x:1:t", "arn:aws:sn::x:1:t", F),
        ("*", "arn:aws:sns:us-east-1:1:t", F),
        ("arn:aws:sns:us-east-1:1:T", "arn:aws:sns:us-east-1:1:t", F),
        ("*:*:*:*:*:*", "arn:aws:sns:us-east-1:1:t", T),
        ("*:*:*:*:*:*", "x:aws:sns:us-east-1:1:t", F),
    ] {
        let policy = policy("Allow", &format!(r#"{{"ArnLike": {{"aws:SourceArn": "{pattern}"}}}}"#));
        let ask = Ask::new(user(), "kms:Encrypt").with("aws:SourceArn", arn);
        assert_eq!(ask.is_allowed_by(&policy, &[]), expected, "{pattern} {arn}");
    }
}

/// Spec: CND-66
#[test]
fn measurements_are_written_with_or_without_prefix() {
    for key in ["PCR1", "NitroTPMPCR1", "ImageSha384"] {
        let key = format!("kms:RecipientAttestation:{key}");
        let ask = Ask::new(user(), "kms:Decrypt").with(&key, "abcd");
        for (operator, listed, expected) in [
            ("StringEqualsIgnoreCase", "0xABCD", T),
            ("StringEqualsIgnoreCase", "ABCD", T),
            ("StringEquals", "0xabcd", T),
            ("StringLike", "0xab*", T),
            ("StringEquals", "0x0xabcd", F),
        ] {
            let policy = policy("Allow", &format!(r#"{{"{operator}": {{"{key}": "{listed}"}}}}"#));
            assert_eq!(ask.is_allowed_by(&policy, &[]), expected, "{key} {operator} {listed}");
        }
    }
    let elsewhere = policy("Allow", r#"{"StringEquals": {"host:value": "0xabcd"}}"#);
    assert!(!Ask::new(user(), "kms:Decrypt").with("host:value", "abcd").is_allowed_by(&elsewhere, &[]));
}

/// Spec: CND-55
#[test]
fn values_that_must_not_be_relied_upon_fail_closed_by_effect() {
    for condition in [
        r#"{"ForAnyValue:StringLike": {"kms:ResourceAliases": "alias/x*"}}"#,
        r#"{"ForAllValues:StringNotLike": {"kms:ResourceAliases": "alias/x*"}}"#,
        r#"{"Null": {"kms:ResourceAliases": "false"}}"#,
    ] {
        let allow =
            identity(&format!(r#"{{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {condition}}}"#));
        let deny =
            identity(&format!(r#"{{"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {condition}}}"#));
        let ask = Ask::new(user(), "kms:Encrypt").with("kms:ResourceAliases", Held::Unusable);
        assert!(!ask.is_allowed_by(&default_policy(), &[allow]), "{condition}");
        assert!(!ask.is_allowed_by(&default_policy(), &[may(r#""*""#), deny]), "{condition}");
    }
}

/// Spec: POL-139
#[test]
fn unchecked_documents_fail_closed_by_effect() {
    for condition in [
        r#"{"StringMatches": {"host:value": "x"}}"#,
        r#"{"Bool": {"host:value": "yes"}}"#,
        r#"{"NumericLessThan": {"host:value": "ten"}, "StringEquals": {"host:value": "y"}}"#,
    ] {
        let statement = |effect: &str| {
            document(&format!(r#"{{"Effect": "{effect}", "Action": "*", "Resource": "*", "Condition": {condition}}}"#))
        };
        assert!(Policy::compile(PolicyKind::Identity, &statement("Allow"), &KMS).is_err(), "{condition}");
        let ask = Ask::new(user(), "kms:Encrypt").with("host:value", "x");
        let (allow, deny) =
            (lenient(PolicyKind::Identity, &statement("Allow")), lenient(PolicyKind::Identity, &statement("Deny")));
        assert!(!ask.is_allowed_by(&default_policy(), &[allow.into()]), "{condition}");
        assert!(!ask.is_allowed_by(&default_policy(), &[may(r#""*""#), deny.into()]), "{condition}");
    }
    let unprincipled = document(r#"{"Effect": "Allow", "Action": "*", "Resource": "*"}"#);
    let policy = Compiler::new(&KMS).lenient().compile(PolicyKind::Key, &unprincipled).unwrap();
    assert!(!Ask::new(user(), "kms:Encrypt").is_allowed_by(&policy, &[may(r#""*""#)]));
}

fn check(row: &Row, listed: &str, expected: &[(Holds, [bool; 6]); 8]) {
    for (holds, columns) in expected {
        for ((quantifier, suffix), expected) in FORMS.into_iter().zip(columns) {
            let operator = format!("{quantifier}{}{suffix}", row.operator);
            assert_eq!(satisfied(&operator, listed, *holds, row), *expected, "{operator} {listed}: {holds:?}");
        }
    }
}

/// Whether a condition is satisfied, which an `Allow` and a `Deny` must agree on.
fn satisfied(operator: &str, listed: &str, holds: Holds, row: &Row) -> bool {
    let condition = format!(r#"{{"{operator}": {{"host:value": {listed}}}}}"#);
    let ask = Ask::new(user(), "kms:Encrypt");
    let held = match holds {
        Holds::Absent => None,
        Holds::EmptyList => Some([].into()),
        Holds::EmptyText => Some("".into()),
        Holds::Matching => Some(row.matching[0].into()),
        Holds::Other => Some(row.other[0].into()),
        Holds::AllMatching => Some(row.matching.into()),
        Holds::SomeMatching => Some([row.other[0], row.matching[1]].into()),
        Holds::NoneMatching => Some(row.other.into()),
    };
    let ask = held.into_iter().fold(ask, |ask, held: Held| ask.with("host:value", held));
    let allowed = ask.is_allowed_by(&policy("Allow", &condition), &[]);
    let denied = !ask.is_allowed_by(&policy("Deny", &condition), &[]);
    assert_eq!(allowed, denied, "{condition} {holds:?}");
    allowed
}

/// A key policy that gives everybody everything under a condition, or everything but that.
fn policy(effect: &str, condition: &str) -> Policy {
    let everything = r#"{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}"#;
    let statement = format!(
        r#"{{"Effect": "{effect}", "Principal": "*", "Action": "*", "Resource": "*", "Condition": {condition}}}"#
    );
    match effect {
        "Deny" => key_policy(&format!("{everything}, {statement}")),
        _ => key_policy(&statement),
    }
}
