//! No text makes the engine panic, and none keeps it busy without end.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::*;
use keystead_policy::{
    Compiler, ConditionKey, Decision, Layers, Policy, PolicyError, PolicyKind, Request, Resource, decide,
};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value as Json, json};

const KINDS: [PolicyKind; 7] = [
    PolicyKind::Key,
    PolicyKind::Identity,
    PolicyKind::PermissionsBoundary,
    PolicyKind::Session,
    PolicyKind::ServiceControl,
    PolicyKind::ResourceControl,
    PolicyKind::Endpoint,
];

/// Texts that are rich in what means something in a policy.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        select(vec![
            "*",
            "?",
            "${",
            "}",
            "'",
            ", '",
            ":",
            "/",
            "arn:aws:kms:",
            "arn:aws:iam::111122223333:",
            "role/",
            "aws:username",
            "0x",
            "-",
            "+",
            ".",
            "e",
            "T",
            "Z",
            "10",
            "2030-01-01",
            "::",
            "ä",
            "ſ",
            "İ",
            "\u{1f600}",
            "\u{0}",
            " ",
            "\n",
            "$",
            "kms:",
            "Encrypt",
            "ForAllValues:",
            "IfExists",
            "String",
            "Equals",
        ])
        .prop_map(str::to_owned),
        any::<char>().prop_map(String::from),
    ];
    proptest::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

const OPERATORS: &[&str] = &[
    "StringEquals",
    "StringNotLike",
    "StringLike",
    "StringEqualsIgnoreCase",
    "NumericLessThan",
    "DateGreaterThan",
    "Bool",
    "BinaryEquals",
    "IpAddress",
    "ArnLike",
    "ArnNotEquals",
    "Null",
    "ForAllValues:StringLike",
    "ForAnyValue:ArnLikeIfExists",
];

fn document() -> impl Strategy<Value = Json> {
    (select(OPERATORS), text(), proptest::collection::vec(text(), 0..3), text(), text(), any::<(bool, bool)>())
        .prop_map(|(operator, key, values, action, resource, (allow, star))| {
            json!({"Version": "2012-10-17", "Statement": [{
                "Effect": if allow { "Allow" } else { "Deny" },
                "Principal": "*",
                "Action": if star { json!("*") } else { json!([action, "kms:*"]) },
                "Resource": if star { json!("*") } else { json!([resource, "*"]) },
                "Condition": {operator: {"host:value": values, key: "x"}},
            }]})
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Spec: POL-38, POL-139
    #[test]
    fn no_document_makes_the_engine_panic(document in document(), damage in any::<(Index, bool)>(), extra in text(), value in text(), arn in text()) {
        let mut text = document.to_string();
        if damage.1 {
            let places: Vec<usize> = text.char_indices().map(|(place, _)| place).collect();
            text.insert_str(places[damage.0.index(places.len())], &extra);
        }
        let caller = role();
        let facts = Facts::new().with("host:value", &*value).with("aws:username", &*extra);
        let request = Request {
            principal: &caller,
            action: KMS.action("kms:Encrypt").unwrap(),
            resource: Resource::new(&arn, OWNER),
            context: &facts,
            cross_account_capable: true,
            identity_only: false,
        };
        for kind in KINDS {
            for compiler in [Compiler::new(&KMS), Compiler::new(&KMS).lenient()] {
                match compiler.compile(kind, &text) {
                    Ok(policy) => {
                        let _ = decide(&request, &Layers { key_policy: Some(&policy), ..Layers::default() });
                    }
                    Err(PolicyError::Malformed(fault)) => {
                        prop_assert!(fault.line() >= 1 && fault.column() >= 1 && !fault.message().is_empty());
                    }
                    Err(other) => return Err(TestCaseError::fail(other.to_string())),
                }
            }
        }
    }

    /// Spec: POL-47
    #[test]
    fn every_name_is_a_key_that_ignores_case(name in text()) {
        let key = ConditionKey::parse(&name);
        prop_assert_eq!(&key, &ConditionKey::parse(&name.to_ascii_uppercase()));
        if let ConditionKey::Other(folded) = key {
            prop_assert!(folded.matches(&name) && folded.matches(&name.to_ascii_uppercase()));
        }
    }
}

/// The longest documents that do the most work: compiling, linting and deciding them comes to an end, where a match that
/// goes back to every star would take years.
/// Spec: POL-138
#[test]
fn hostile_documents_are_compiled_and_decided() {
    let repeat = |piece: &str, length: usize| piece.repeat(length / piece.len());
    let principals = |count: usize| (0..count).map(|n| format!("\"{n:012}\"")).collect::<Vec<_>>().join(",");
    let conditioned = |operator: &str, value: &str| {
        format!(
            r#"{{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*","Condition":{{"{operator}":{{"host:value":"{value}"}}}}}}"#
        )
    };
    let statements = [
        conditioned("StringLike", &format!("*{}b", repeat("a?", 15_000))),
        conditioned("StringLike", &format!("*{}b", repeat("a*", 30_000))),
        conditioned("StringLike", &format!("*{}b", "a".repeat(8_000))),
        conditioned("StringEqualsIgnoreCase", &repeat("${aws:username}", 30_000)),
        conditioned("ArnLike", &format!("arn:aws:s3:*{}:*", repeat("a*", 30_000))),
        format!(r#"{{"Effect":"Deny","NotPrincipal":{{"AWS":[{}]}},"Action":"*","Resource":"*"}}"#, principals(2_000)),
        format!(r#"{{"Effect":"Deny","Principal":"*","Action":["{}:*"],"Resource":"*"}}"#, repeat("k*", 30_000)),
        format!(r#"{{"Effect":"Deny","Principal":"*","Action":"*:{}","Resource":"*"}}"#, repeat("*e", 30_000)),
        format!(
            r#"{{"Effect":"Deny","Principal":"*","Action":"*","Resource":"arn:aws:kms:{}*b"}}"#,
            repeat("*-", 30_000)
        ),
    ];
    let long = "a".repeat(8_192);
    for statement in statements {
        let policy = match Policy::compile(PolicyKind::Key, &common::document(&statement), &KMS) {
            Ok(policy) => policy,
            Err(error) => panic!("{error}"),
        };
        let ask = Ask::new(role(), "kms:Encrypt").with("host:value", &*long).with("aws:username", "a");
        let is_denied = statement.contains("NotPrincipal");
        let decision = ask.decides(&Layers { key_policy: Some(&policy), ..Layers::default() });
        assert_eq!(matches!(decision, Decision::ExplicitDeny(_)), is_denied, "{:.100}", statement);
        assert!(!decision.is_allowed(), "{:.100}", statement);
    }
}
