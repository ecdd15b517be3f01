//! What is accepted but reported (POL-43, POL-140).
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::*;
use keystead_policy::{LintKind, PolicyKind};

fn lints(kind: PolicyKind, text: &str) -> Vec<LintKind> {
    compile(kind, text).lints().iter().map(|lint| lint.kind()).collect()
}

/// A key policy that reports nothing but for one statement of it.
fn in_key_policy(statement: &str) -> Vec<LintKind> {
    let quiet = r#"{"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "kms:*", "Resource": "*"}"#;
    assert_eq!(lints(PolicyKind::Key, &document(quiet)), []);
    lints(PolicyKind::Key, &document(&format!("{quiet}, {statement}")))
}

fn in_identity_policy(statement: &str) -> Vec<LintKind> {
    lints(PolicyKind::Identity, &document(statement))
}

fn with_condition(condition: &str) -> Vec<LintKind> {
    in_identity_policy(&format!(
        r#"{{"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "{KEY}", "Condition": {condition}}}"#
    ))
}

/// Spec: POL-27
#[test]
fn missing_elements() {
    assert_eq!(in_key_policy(r#"{"Effect": "Deny", "Principal": "*", "Resource": "*"}"#), [LintKind::MissingAction]);
    assert_eq!(in_key_policy(r#"{"Effect": "Deny", "Principal": "*", "Action": "*"}"#), [LintKind::MissingResource]);
}

/// Spec: POL-133, POL-134, POL-135
#[test]
fn empty_lists_and_objects() {
    let principal = |value: &str| {
        in_key_policy(&format!(r#"{{"Effect": "Deny", "Principal": {value}, "Action": "*", "Resource": "*"}}"#))
    };
    assert_eq!(principal("[]"), [LintKind::EmptyArrayPrincipal]);
    assert_eq!(principal(r#"{"AWS": []}"#), [LintKind::EmptyArrayPrincipal]);
    assert_eq!(principal("{}"), [LintKind::EmptyObjectPrincipal]);
    assert_eq!(principal(r#"{"AWS": [], "Service": "s3.amazonaws.com"}"#), []);
    let action = r#"{"Effect": "Deny", "NotAction": [], "Resource": "*"}"#;
    assert_eq!(in_identity_policy(action), [LintKind::EmptyArrayAction]);
    let resource = r#"{"Effect": "Deny", "Action": "*", "NotResource": []}"#;
    assert_eq!(in_identity_policy(resource), [LintKind::EmptyArrayResource]);
    assert_eq!(with_condition("{}"), [LintKind::EmptyObjectCondition]);
    assert_eq!(with_condition(r#"{"StringEquals": {}}"#), [LintKind::EmptyObjectCondition]);
    assert_eq!(with_condition(r#"{"StringEquals": {"kms:ViaService": []}}"#), [LintKind::EmptyArrayCondition]);
}

/// Spec: POL-28, POL-29
#[test]
fn actions() {
    let action =
        |text: &str| in_identity_policy(&format!(r#"{{"Effect": "Allow", "Action": "{text}", "Resource": "{KEY}"}}"#));
    assert_eq!(action("k*:Decrypt"), [LintKind::WildcardInService]);
    assert_eq!(action("kms:ReEncrypt"), [LintKind::InvalidAction]);
    assert_eq!(action("KMS:encryptt"), [LintKind::InvalidAction]);
    assert_eq!(action("kms:${aws:username}"), [LintKind::VariableUnsupportedInElement, LintKind::InvalidAction]);
    for quiet in ["*", "kms:ReEncrypt*", "s3:Anything", "KMS:encrypt"] {
        assert_eq!(action(quiet), [], "{quiet}");
    }
}

/// Spec: POL-40, POL-41, POL-49, POL-65, RUL-50
#[test]
fn keys_and_qualifiers() {
    for (condition, expected) in [
        (r#"{"StringEquals": {"kms:Nonsense": "x"}}"#, Some(LintKind::UnknownConditionKey)),
        (r#"{"StringEquals": {"kms:EncryptionContextKeys": "x"}}"#, Some(LintKind::MissingQualifier)),
        (r#"{"StringNotEquals": {"aws:TagKeys": "x"}}"#, Some(LintKind::MissingQualifier)),
        (r#"{"ForAnyValue:StringEquals": {"kms:EncryptionContextKeys": "x"}}"#, None),
        (r#"{"Null": {"kms:EncryptionContextKeys": "true"}}"#, None),
        (r#"{"ForAnyValue:StringEquals": {"kms:EncryptionContext:x": "x"}}"#, Some(LintKind::SingleValuedQualifier)),
        (r#"{"ForAllValues:StringEquals": {"kms:ViaService": "x"}}"#, Some(LintKind::SingleValuedQualifier)),
        (r#"{"ForAllValues:Null": {"kms:EncryptionContextKeys": "true"}}"#, Some(LintKind::NullWithQualifier)),
        (r#"{"StringEquals": {"kms:RecipientAttestation:PCR0": "x", "aws:PrincipalTag/a b": "y"}}"#, None),
    ] {
        assert_eq!(with_condition(condition), Vec::from_iter(expected), "{condition}");
    }
}

/// Spec: POL-140, RUL-52
#[test]
fn values() {
    for (condition, expected) in [
        (r#"{"DateLessThan": {"aws:CurrentTime": "2030"}}"#, Some(LintKind::YearOnlyDate)),
        (r#"{"DateLessThan": {"aws:CurrentTime": 2030}}"#, Some(LintKind::YearOnlyDate)),
        (r#"{"DateLessThan": {"aws:CurrentTime": "1893456000"}}"#, None),
        (r#"{"NumericLessThan": {"aws:MultiFactorAuthAge": "2030"}}"#, None),
        (r#"{"IpAddress": {"aws:SourceIp": "10.1.0.0/16"}}"#, Some(LintKind::PrivateIpAddress)),
        (r#"{"NotIpAddress": {"aws:SourceIp": "fd00::/16"}}"#, Some(LintKind::PrivateIpAddress)),
        (r#"{"IpAddress": {"aws:VpcSourceIp": "10.1.0.0/16"}}"#, None),
        (r#"{"IpAddress": {"aws:SourceIp": ["0.0.0.0/0", "172.32.0.0/16", "8.0.0.0/5"]}}"#, None),
        (r#"{"IpAddress": {"aws:SourceIp": "203.0.113.9/24"}}"#, Some(LintKind::HostBitsInIpRange)),
    ] {
        assert_eq!(with_condition(condition), Vec::from_iter(expected), "{condition}");
    }
}

/// Spec: ENV-82
#[test]
fn prefixes_of_measurements() {
    let prefixed = |operator: &str, key: &str, value: &str| {
        with_condition(&format!(r#"{{"{operator}": {{"{key}": "{value}"}}}}"#))
    };
    for operator in ["StringEquals", "StringNotEqualsIgnoreCase", "StringLike", "StringEqualsIfExists"] {
        for key in ["ImageSha384", "PCR8", "NitroTPMPCR4"] {
            let key = format!("kms:RecipientAttestation:{key}");
            assert_eq!(prefixed(operator, &key, "0xab"), [LintKind::HexPrefix], "{operator} {key}");
            assert_eq!(prefixed(operator, &key, "ab0x"), [], "{operator} {key}");
        }
        assert_eq!(prefixed(operator, "aws:PrincipalTag/a", "0xab"), [], "{operator}");
    }
}

/// Spec: POL-67, POL-140, POL-143
#[test]
fn variables() {
    let value =
        |operator: &str, key: &str, text: &str| with_condition(&format!(r#"{{"{operator}": {{"{key}": "{text}"}}}}"#));
    for (text, expected) in [
        ("${aws:username", Some(LintKind::MissingBraceInVariable)),
        ("${aws:username, d}", Some(LintKind::MissingQuoteInVariable)),
        ("${aws:username, 'd}", Some(LintKind::MissingQuoteInVariable)),
        ("${aws: username}", Some(LintKind::SpaceInVariable)),
        ("x${}", Some(LintKind::EmptyVariable)),
        ("${aws:username, 'd'}${*}${?}${$}", None),
    ] {
        assert_eq!(value("StringLike", "aws:username", text), Vec::from_iter(expected), "{text}");
    }
    for (operator, key) in
        [("Bool", "aws:SecureTransport"), ("NumericEquals", "aws:MultiFactorAuthAge"), ("IpAddress", "aws:SourceIp")]
    {
        assert_eq!(value(operator, key, "${aws:username}"), [LintKind::InvalidVariableForOperator], "{operator}");
    }
    assert_eq!(
        with_condition(r#"{"StringEquals": {"aws:PrincipalTag/${aws:username}": "x"}}"#),
        [LintKind::VariableUnsupportedInElement]
    );
    let resource = |version: &str, text: &str| {
        lints(
            PolicyKind::Identity,
            &format!(
                r#"{{{version}"Statement": {{"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "{text}"}}}}"#
            ),
        )
    };
    let (old, new) = ("", r#""Version": "2012-10-17", "#);
    assert_eq!(
        resource(new, "arn:aws:kms:${aws:RequestedRegion}:111122223333:key/x"),
        [LintKind::VariableUnsupportedInElement]
    );
    assert_eq!(resource(new, "arn:aws:kms:us-west-2:111122223333:key/${aws:username}"), []);
    assert_eq!(
        resource(old, "arn:aws:kms:us-west-2:111122223333:key/${aws:username}"),
        [LintKind::VariableUnsupportedInVersion]
    );
    assert_eq!(
        resource(new, "arn:aws:kms:us-west-2:111122223333:key/${aws:username"),
        [LintKind::MissingBraceInVariable]
    );
}

/// Spec: POL-22, POL-43, POL-71, POL-140
#[test]
fn principals() {
    let deny = |listed: &str| {
        in_key_policy(&format!(
            r#"{{"Effect": "Deny", "NotPrincipal": {{"AWS": [{listed}]}}, "Action": "*", "Resource": "*"}}"#
        ))
    };
    let session = r#""arn:aws:sts::111122223333:assumed-role/R/s1""#;
    let (role, account) = (r#""arn:aws:iam::111122223333:role/path/R""#, r#""111122223333""#);
    let user = r#""arn:aws:iam::111122223333:user/bob""#;
    assert_eq!(deny(role), [LintKind::NotPrincipalIncomplete]);
    assert_eq!(deny(account), [LintKind::NotPrincipalIncomplete]);
    assert_eq!(deny(user), [LintKind::NotPrincipalIncomplete]);
    assert_eq!(deny(&format!("{role}, {account}")), [LintKind::NotPrincipalIncomplete]);
    assert_eq!(deny(&format!("{session}, {account}")), [LintKind::NotPrincipalIncomplete]);
    assert_eq!(deny(&format!("{session}, {role}, {account}")), []);
    assert_eq!(deny(&format!(r#"{user}, "arn:aws:iam::111122223333:root""#)), []);

    let allow = |principal: &str, rest: &str| {
        in_key_policy(&format!(
            r#"{{"Effect": "Allow", "Principal": {principal}, "Action": "*", "Resource": "*"{rest}}}"#
        ))
    };
    let condition = r#", "Condition": {"StringEquals": {"kms:CallerAccount": "111122223333"}}"#;
    assert_eq!(allow(r#""*""#, ""), [LintKind::OpenPrincipal]);
    assert_eq!(
        allow(r#"{"AWS": "*"}"#, r#", "Condition": {}"#),
        [LintKind::OpenPrincipal, LintKind::EmptyObjectCondition]
    );
    assert_eq!(allow(r#""*""#, condition), []);
    assert_eq!(allow(r#"{"Federated": "x"}"#, ""), [LintKind::UnmatchedPrincipal]);
    let alone = r#"{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:user/bob"}, "Action": "*", "Resource": "*"}"#;
    assert_eq!(lints(PolicyKind::Key, &document(alone)), [LintKind::MissingAccountPrincipal]);
}

/// Spec: POL-43
#[test]
fn wildcard_resources_of_cross_account_actions() {
    let on = |element: &str, actions: &str, resource: &str| {
        in_identity_policy(&format!(r#"{{"Effect": "Allow", "{element}": {actions}, "Resource": {resource}}}"#))
    };
    let star = r#""*""#;
    assert_eq!(on("Action", r#""kms:Decrypt""#, star), [LintKind::CrossAccountResourceWildcard]);
    assert_eq!(on("Action", r#"["s3:*", "kms:List*"]"#, star), [LintKind::CrossAccountResourceWildcard]);
    assert_eq!(on("NotAction", r#""s3:*""#, star), [LintKind::CrossAccountResourceWildcard]);
    assert_eq!(on("NotAction", r#""kms:*""#, star), []);
    assert_eq!(on("Action", r#""kms:ListKeys""#, star), []);
    assert_eq!(on("Action", r#""kms:Decrypt""#, r#""arn:aws:kms:*""#), []);
}

/// Spec: POL-140
#[test]
fn findings_have_places_names_and_words() {
    let text = "{\"Statement\": [{\"Effect\": \"Allow\", \"Resource\": [],\n  \"Action\": [\"s3:*\", \"k*:x\"]}]}";
    let policy = compile(PolicyKind::Identity, text);
    let found: Vec<_> = policy.lints().iter().map(|lint| (lint.kind(), lint.line(), lint.column())).collect();
    assert_eq!(found, [(LintKind::EmptyArrayResource, 1, 48), (LintKind::WildcardInService, 2, 22)]);
    assert_eq!(&text[policy.lints()[1].span().start..policy.lints()[1].span().end], "\"k*:x\"");
    assert_eq!(LintKind::MissingQualifier.name(), "Missing qualifier");
    for kind in LintKind::ALL {
        assert!(!kind.message().ends_with('.') && kind.message().len() > 20, "{kind:?}");
    }
}
