//! A long policy is searched by an index. It must say what its statements say one by one.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::*;
use keystead_policy::{Decision, Layers, Policy, Principal};
use proptest::prelude::*;
use proptest::sample::select;

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Spec: POL-44, POL-91, POL-93
    #[test]
    fn a_long_policy_says_what_its_statements_say(
        statements in proptest::collection::vec(statement(), 5..40),
        caller in select(vec![user(), role(), Principal::account_root("aws", OWNER), session_without_path()]),
        via in value(), tenant in value(), source in value(),
    ) {
        let ask = Ask::new(caller, "kms:Decrypt");
        let ask = [("kms:ViaService", via), ("kms:EncryptionContext:tenant", tenant), ("aws:SourceArn", source)]
            .into_iter()
            .fold(ask, |ask, (key, values)| values.into_iter().fold(ask, |ask, value| ask.with(key, value)));

        let alone: Vec<Decision> = statements.iter().map(|statement| decide(&ask, &key_policy(statement))).collect();
        let together = decide(&ask, &key_policy(&statements.join(",")));
        match alone.iter().position(|decision| matches!(decision, Decision::ExplicitDeny(_))) {
            Some(first) => {
                let Decision::ExplicitDeny(deny) = together else { panic!("{together:?}: {first} denies") };
                prop_assert_eq!(deny.statement as usize, first);
            }
            None => prop_assert_eq!(together.is_allowed(), alone.iter().any(Decision::is_allowed)),
        }
    }
}

/// Statements for everyone on one key that differ only in the value of a condition, and every way in which a request
/// can hold such a value.
/// Spec: POL-48, POL-51, POL-65, CND-55
#[test]
fn a_value_finds_its_statement() {
    let statements = |effect: &str| {
        let statements = (0..50).map(|index| {
            format!(
                r#"{{"Effect": "{effect}", "Principal": "*", "Action": "kms:Decrypt", "Resource": "{KEY}",
                "Condition": {{"StringEquals": {{"aws:SourceAccount": "{index}"}}}}}}"#
            )
        });
        statements.collect::<Vec<_>>().join(",")
    };
    let allow = key_policy(&statements("Allow"));
    let everything = r#"{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"},"#;
    let deny = key_policy(&format!("{everything}{}", statements("Deny")));
    let table: [(&[Held], bool, Option<u32>); 10] = [
        (&["7".into()], true, Some(8)),
        (&["50".into()], false, None),
        (&[], false, None),
        (&[Held::Number(49)], true, Some(50)),
        (&[Held::Bytes(b"7".to_vec())], false, None),
        (&[["7"].into()], true, Some(8)),
        (&[["7", "8"].into()], false, None),
        (&["50".into(), "7".into()], false, Some(8)),
        (&["7".into(), "7".into()], true, Some(8)),
        (&[Held::Unusable], false, Some(1)),
    ];
    for (held, allowed, denied) in table {
        let ask =
            held.iter().fold(Ask::new(user(), "kms:Decrypt"), |ask, held| ask.with("aws:SourceAccount", held.clone()));
        assert_eq!(decide(&ask, &allow).is_allowed(), allowed, "{held:?}");
        match (decide(&ask, &deny), denied) {
            (Decision::ExplicitDeny(deny), Some(statement)) => assert_eq!(deny.statement, statement, "{held:?}"),
            (decision, expected) => assert_eq!((decision, expected), (Decision::Allowed, None), "{held:?}"),
        }
    }
}

/// A value that must not be relied upon meets every condition of a `Deny`, also one that lists nothing.
/// Spec: CND-55
#[test]
fn an_empty_list_is_found_too() {
    let statement = |effect: &str, values: &str| {
        format!(
            r#"{{"Effect": "{effect}", "Principal": "*", "Action": "*", "Resource": "*",
            "Condition": {{"StringEquals": {{"aws:SourceAccount": {values}}}}}}}"#
        )
    };
    let denies = (0..6).map(|_| statement("Deny", "[]")).collect::<Vec<_>>().join(",");
    let policy = key_policy(&format!("{},{denies}", statement("Allow", r#""1""#)));
    let ask = |held: Held| Ask::new(user(), "kms:Decrypt").with("aws:SourceAccount", held);
    assert_eq!(decide(&ask("1".into()), &policy), Decision::Allowed);
    let Decision::ExplicitDeny(deny) = decide(&ask(Held::Unusable), &policy) else { panic!("it denies") };
    assert_eq!(deny.statement, 1);
}

fn decide(ask: &Ask, policy: &Policy) -> Decision {
    let identity = [may(r#""*""#)];
    ask.decide(&Layers { key_policy: Some(policy), identity: &identity, ..Layers::default() })
}

fn session_without_path() -> Principal {
    Principal::role_session_without_path("aws", OWNER, "R", "s1")
}

/// The alphabet is small and uneven, so that some names, resources and values are crowded and others are not.
fn statement() -> impl Strategy<Value = String> {
    let principal = select(vec![
        r#""*""#,
        r#""*""#,
        r#""*""#,
        r#"{"AWS": "111122223333"}"#,
        r#"{"AWS": ["111122223333", "444455556666"]}"#,
        r#"{"AWS": "arn:aws:iam::111122223333:role/R"}"#,
        r#"{"AWS": "arn:aws:iam::111122223333:role/path/R"}"#,
        r#"{"AWS": "arn:aws:iam::111122223333:user/bob"}"#,
        r#"{"Federated": "x"}"#,
    ]);
    let resource = select(vec!["*", KEY, KEY, ALIAS, "arn:aws:kms:*"]);
    let action = select(vec!["kms:*", "kms:Decrypt", "kms:Encrypt", "*"]);
    let effect = select(vec!["Allow", "Allow", "Deny"]);
    (effect, principal, resource, action, condition()).prop_map(|(effect, principal, resource, action, condition)| {
        format!(
            r#"{{"Effect": "{effect}", "Principal": {principal}, "Action": "{action}", "Resource": "{resource}",
            "Condition": {condition}}}"#
        )
    })
}

fn condition() -> impl Strategy<Value = String> {
    let one = |operators: &[&'static str], keys: &[&'static str], values: &[&'static str]| {
        (select(operators.to_vec()), select(keys.to_vec()), select(values.to_vec()))
            .prop_map(|(operator, key, values)| format!(r#"{{"{operator}": {{"{key}": {values}}}}}"#))
    };
    let keys = ["kms:ViaService", "kms:EncryptionContext:tenant", "aws:SourceArn"];
    let values = [
        r#""a""#,
        r#""b""#,
        r#"["a", "c"]"#,
        "[]",
        r#""*""#,
        r#""true""#,
        "7",
        r#""arn:aws:s3:::b""#,
        r#""${aws:username}""#,
    ];
    let others = [
        "StringNotEquals",
        "StringEqualsIfExists",
        "ForAllValues:StringEquals",
        "ForAnyValue:StringEquals",
        "StringLike",
        "StringEqualsIgnoreCase",
        "ArnNotEquals",
        "ArnEqualsIfExists",
    ];
    prop_oneof![
        5 => one(&["StringEquals"], &keys, &values),
        2 => one(&["ArnEquals", "ArnLike"], &keys, &[r#""arn:aws:s3:::b""#, r#"["arn:aws:s3:::b", "arn:aws:s3:::c"]"#, r#""arn:aws:s3:::*""#]),
        2 => one(&others, &["kms:ViaService", "aws:SourceArn"], &values),
        1 => Just("{}".to_owned()),
    ]
}

/// What a request may hold under one name; several entries differ in letter case.
fn value() -> impl Strategy<Value = Vec<Held>> {
    prop_oneof![
        1 => Just(vec![]),
        4 => select(vec!["a", "b", "A", "", "c", "arn:aws:s3:::b"]).prop_map(|text| vec![text.into()]),
        1 => select(vec![Held::Bool(true), Held::Number(7), Held::Bytes(b"a".to_vec()), Held::Unusable]).prop_map(|held| vec![held]),
        1 => Just(vec![["a"].into()]),
        1 => Just(vec![["a", "b"].into()]),
        1 => Just(vec!["a".into(), "b".into()]),
    ]
}
