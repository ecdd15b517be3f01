//! Explanations: what they say of the acceptance scenarios of chapter 21, section 11, and of single statements.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::*;
use keystead_policy::{
    Decision, Effect, Explanation, FailedCondition, GrantMatch, GrantedAccess, Layer, Layers, LintKind, Means,
    Mismatch, Naming, Outcome, Policy, PolicyKind, Principal, RequestValue, who_can_use,
};

fn on_key(key_policy: &Policy) -> Layers<'_> {
    Layers { key_policy: Some(key_policy), ..Layers::default() }
}

/// The outcomes of the statements of one layer, in order.
fn outcomes(explanation: &Explanation, layer: Layer) -> Vec<Outcome> {
    let policies = explanation.policies.iter().filter(|policy| policy.layer == layer);
    policies.flat_map(|policy| policy.statements.iter().map(|statement| statement.outcome.clone())).collect()
}

fn failed(explanation: &Explanation, layer: Layer) -> FailedCondition {
    match outcomes(explanation, layer).as_slice() {
        [Outcome::Fails(Mismatch::Condition(failed))] => failed.clone(),
        other => panic!("{other:?}"),
    }
}

/// Scenario 1.
/// Spec: POL-78, POL-115, POL-122, POL-124
#[test]
fn an_identity_policy_alone_does_not_open_a_key() {
    let policy = gives(r#"{"AWS": "arn:aws:iam::111122223333:role/R"}"#);
    let identity = [may(r#""kms:Encrypt""#)];
    let explanation = Ask::new(user(), "kms:Encrypt").explain(&Layers { identity: &identity, ..on_key(&policy) });
    assert_eq!(explanation.decision, Decision::ImplicitDeny(Layer::Resource));
    assert_eq!(explanation.blocking, [Layer::Resource]);
    assert_eq!(outcomes(&explanation, Layer::Resource), [Outcome::Fails(Mismatch::Principal)]);
    assert_eq!(outcomes(&explanation, Layer::Identity), [Outcome::Matches(Naming::Itself)]);
    assert_eq!(
        explanation.summary,
        "no statement of the policy of the resource names the caller or its account, and the identity policy that \
         allows it does not suffice"
    );
}

/// Scenario 2.
/// Spec: POL-94, POL-122, POL-124
#[test]
fn a_delegation_needs_an_identity_policy() {
    let policy = default_policy();
    let ask = Ask::new(user(), "kms:Encrypt");
    let bare = ask.explain(&on_key(&policy));
    assert_eq!(bare.blocking, [Layer::Identity]);
    assert_eq!(outcomes(&bare, Layer::Resource), [Outcome::Matches(Naming::Account)]);
    assert_eq!(
        bare.summary,
        "the policy of the resource leaves it to the identity policies of the account, and no identity policy of the \
         caller allows it"
    );
    let identity = [may(r#""kms:Encrypt""#)];
    let allowed = ask.explain(&Layers { identity: &identity, ..on_key(&policy) });
    assert_eq!(
        allowed.summary,
        "the policy of the resource leaves it to the account of the caller, and an identity policy of the caller allows it"
    );
    let root = Ask::new(Principal::account_root("aws", OWNER), "kms:Encrypt").explain(&on_key(&policy));
    assert_eq!(root.summary, "the policy of the resource allows it to the account of the root user");
}

/// Scenario 3.
/// Spec: POL-122, POL-124
#[test]
fn a_failing_condition_is_shown_with_its_values() {
    let policy = key_policy(
        r#"{"Sid": "Via S3", "Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "kms:Decrypt",
            "Resource": "*", "Condition": {"StringEquals": {"kms:ViaService": "s3.us-west-2.amazonaws.com"}}}"#,
    );
    let identity = [may(r#""kms:*""#)];
    let layers = Layers { identity: &identity, ..on_key(&policy) };
    let direct = Ask::new(user(), "kms:Decrypt").explain(&layers);
    let condition = failed(&direct, Layer::Resource);
    assert_eq!(condition.pointer, "/Statement/0/Condition/StringEquals/kms:ViaService");
    assert_eq!((&*condition.operator, &*condition.key), ("StringEquals", "kms:ViaService"));
    assert_eq!(condition.values, ["s3.us-west-2.amazonaws.com"]);
    assert_eq!(condition.request, RequestValue::Absent);
    assert_eq!(direct.absent_keys.iter().map(ToString::to_string).collect::<Vec<_>>(), ["kms:ViaService"]);
    assert_eq!(
        direct.summary,
        "statements of the policy of the resource name the caller or its account, but none of them allows it, and the \
         identity policy that allows it does not suffice; statement 1 (`Via S3`) fails at `StringEquals` of \
         `kms:ViaService`: the request does not have it"
    );
    let other = Ask::new(user(), "kms:Decrypt").with("kms:ViaService", "ses.us-west-2.amazonaws.com").explain(&layers);
    assert_eq!(failed(&other, Layer::Resource).request, RequestValue::One("ses.us-west-2.amazonaws.com".into()));
    assert!(other.absent_keys.is_empty());
    let encrypt = Ask::new(user(), "kms:Encrypt").explain(&layers);
    assert_eq!(outcomes(&encrypt, Layer::Resource), [Outcome::Fails(Mismatch::Action)]);
}

/// Scenario 5.
/// Spec: POL-91, POL-96, POL-122, POL-124
#[test]
fn a_deny_is_named_with_its_place() {
    let policy = Policy::compile(
        PolicyKind::Key,
        r#"{"Statement": [
  {"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "kms:*", "Resource": "*"},
  {"Sid": "Only through the endpoint", "Effect": "Deny", "Principal": "*", "Action": "kms:Decrypt", "Resource": "*",
   "Condition": {"StringNotEquals": {"aws:SourceVpce": "vpce-1"}}}
]}"#,
        &KMS,
    )
    .unwrap();
    let granted = Layers { grant: GrantMatch::ToPrincipal, ..on_key(&policy) };
    let denied = Ask::new(role(), "kms:Decrypt").explain(&granted);
    assert!(matches!(denied.decision, Decision::ExplicitDeny(_)));
    assert_eq!(denied.blocking, [Layer::Resource]);
    assert_eq!(
        denied.summary,
        "statement 2 (`Only through the endpoint`) of the policy of the resource denies it, which nothing can outweigh"
    );
    let statement = denied.policies[0].matched().find(|statement| statement.effect == Effect::Deny).unwrap();
    assert_eq!((&*statement.pointer, statement.position, statement.line, statement.column), ("/Statement/1", 1, 3, 3));
    assert_eq!(statement.sid.as_deref(), Some("Only through the endpoint"));
    let inside = Ask::new(role(), "kms:Decrypt").with("aws:SourceVpce", "vpce-1").explain(&granted);
    assert_eq!(inside.summary, "a grant allows it to the caller");
}

/// Scenario 7.
/// Spec: POL-98, POL-122, POL-124
#[test]
fn naming_tells_role_from_session() {
    let silent =
        [compile(PolicyKind::Session, &document(r#"{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}"#)).into()];
    let by_role = gives(r#"{"AWS": "arn:aws:iam::111122223333:role/R"}"#);
    let limited = Ask::new(role(), "kms:Decrypt").explain(&Layers { session: &silent, ..on_key(&by_role) });
    assert_eq!(limited.blocking, [Layer::Session]);
    assert_eq!(outcomes(&limited, Layer::Resource), [Outcome::Matches(Naming::Role)]);
    assert_eq!(limited.summary, "no session policy of the caller allows it; statement 1 does not cover the action");
    let by_session = gives(r#"{"AWS": "arn:aws:sts::111122223333:assumed-role/R/s1"}"#);
    let allowed = Ask::new(role(), "kms:Decrypt").explain(&Layers { session: &silent, ..on_key(&by_session) });
    assert_eq!(outcomes(&allowed, Layer::Resource), [Outcome::Matches(Naming::Itself)]);
    assert_eq!(allowed.summary, "the policy of the resource allows it to the caller");
}

/// Scenario 8.
/// Spec: POL-90, POL-99, POL-122, POL-124, POL-125
#[test]
fn callers_of_other_accounts_need_both_sides() {
    let shared = gives(r#"{"AWS": "arn:aws:iam::444455556666:role/X"}"#);
    let ask = Ask::new(foreigner(), "kms:Decrypt");
    let bare = ask.explain(&on_key(&shared));
    assert!(bare.is_foreign);
    assert_eq!(bare.blocking, [Layer::Identity]);
    assert_eq!(
        bare.summary,
        "the policy of the resource allows it, but the account of the caller must too, and no identity policy of the \
         caller allows it"
    );
    // With nothing on either side both are named.
    let closed = default_policy();
    assert_eq!(ask.explain(&on_key(&closed)).blocking, [Layer::Resource, Layer::Identity]);
    let identity = [may(r#""kms:*""#)];
    let put = Ask::new(foreigner(), "kms:PutKeyPolicy").explain(&Layers { identity: &identity, ..on_key(&shared) });
    assert_eq!(put.blocking, [Layer::Resource]);
    assert_eq!(put.summary, "kms:PutKeyPolicy cannot be allowed to callers of other accounts");
    assert!(!Ask::new(user(), "kms:Decrypt").explain(&on_key(&closed)).is_foreign);
}

/// Scenario 11 and 27.
/// Spec: POL-27, POL-122, POL-133
#[test]
fn statements_without_effect_are_called_so() {
    let policy = key_policy(
        r#"{"Effect": "Deny", "Principal": "*", "Action": "kms:*"},
           {"Effect": "Allow", "Principal": "*", "NotAction": [], "Resource": "*"}"#,
    );
    let explanation = Ask::new(user(), "kms:Decrypt").explain(&on_key(&policy));
    let ineffective = Outcome::Fails(Mismatch::Ineffective);
    assert_eq!(outcomes(&explanation, Layer::Resource), [ineffective.clone(), ineffective]);
    assert_eq!(explanation.decision, Decision::ImplicitDeny(Layer::Resource));
}

/// Scenarios 20 and 30.
/// Spec: POL-66, POL-68, POL-122
#[test]
fn variables_are_shown_replaced() {
    let policy = key_policy(
        r#"{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:user/bob"}, "Action": "kms:*",
            "Resource": "*", "Condition": {"StringLike": {"kms:EncryptionContext:user":
            ["${aws:username}-*${*}", "${aws:PrincipalTag/none}", "${aws:PrincipalTag/none, 'nobody'}"]}}}"#,
    );
    let ask = Ask::new(user(), "kms:Encrypt").with("aws:username", "bob").with("kms:EncryptionContext:User", "alice");
    let condition = failed(&ask.explain(&on_key(&policy)), Layer::Resource);
    assert_eq!(condition.values, ["bob-*${*}", "${aws:PrincipalTag/none}", "nobody"]);
    assert_eq!(condition.request, RequestValue::One("alice".into()));
    assert_eq!(condition.pointer, "/Statement/0/Condition/StringLike/kms:EncryptionContext:user");
    // Without the version they are literal text.
    let old = compile(
        PolicyKind::Key,
        r#"{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*",
            "Condition": {"StringEquals": {"aws:ResourceTag/a/b": "${aws:username}"}}}}"#,
    );
    let condition = failed(&ask.explain(&on_key(&old)), Layer::Resource);
    assert_eq!(condition.values, ["${aws:username}"]);
    assert_eq!(condition.pointer, "/Statement/Condition/StringEquals/aws:ResourceTag~1a~1b");
}

/// Spec: CND-09, POL-48, POL-122
#[test]
fn what_the_request_has_is_told_in_every_form() {
    let with = |condition: &str| {
        key_policy(&format!(
            r#"{{"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*", "Condition": {condition}}}"#
        ))
    };
    let ask = Ask::new(user(), "kms:Encrypt")
        .with("aws:ResourceTag/Stage", "prod")
        .with("kms:EncryptionContextKeys", ["a", "b"])
        .with("kms:EncryptionContext:a", "1")
        .with("kms:EncryptionContext:A", "2")
        .with("aws:SecureTransport", false)
        .with("kms:RecipientAttestation:PCR1", Held::Unusable)
        .with("s3:bytes", Held::Bytes(vec![1, 2]));
    let cases = [
        (r#"{"StringEquals": {"aws:ResourceTag/Stage": "prod"}}"#, RequestValue::Hidden),
        (r#"{"StringEquals": {"kms:EncryptionContextKeys": "a"}}"#, RequestValue::Many(vec!["a".into(), "b".into()])),
        (
            r#"{"StringEquals": {"kms:EncryptionContext:a": "1"}}"#,
            RequestValue::Colliding(vec!["1".into(), "2".into()]),
        ),
        (r#"{"Bool": {"aws:SecureTransport": true}}"#, RequestValue::One("false".into())),
        (r#"{"StringEquals": {"kms:RecipientAttestation:PCR1": "00"}}"#, RequestValue::Unusable),
        (r#"{"BinaryEquals": {"s3:bytes": "AAAA"}}"#, RequestValue::One("AQI=".into())),
        (r#"{"Null": {"kms:ViaService": false}}"#, RequestValue::Absent),
    ];
    for (condition, expected) in cases {
        let policy = with(condition);
        assert_eq!(failed(&ask.explain(&on_key(&policy)), Layer::Resource).request, expected, "{condition}");
    }
}

/// Spec: POL-92, POL-115, POL-122, POL-147
#[test]
fn all_blocking_layers_are_listed_in_the_order_of_the_messages() {
    let silent = |kind| -> std::sync::Arc<Policy> {
        let principal = if kind == PolicyKind::Endpoint { r#""Principal": "*","# } else { "" };
        let statement = format!(r#"{{"Effect": "Allow", {principal} "Action": "s3:*", "Resource": "*"}}"#);
        compile(kind, &document(&statement)).into()
    };
    let policy = default_policy();
    let (endpoint, session) = ([silent(PolicyKind::Endpoint)], [silent(PolicyKind::Session)]);
    let service_control = [vec![silent(PolicyKind::ServiceControl)]];
    let boundary = silent(PolicyKind::PermissionsBoundary);
    let layers = Layers {
        endpoint: &endpoint,
        service_control: &service_control,
        boundary: Some(&boundary),
        session: &session,
        ..on_key(&policy)
    };
    let explanation = Ask::new(user(), "kms:Decrypt").explain(&layers);
    assert_eq!(
        explanation.blocking,
        [Layer::Endpoint, Layer::ServiceControl, Layer::Identity, Layer::Boundary, Layer::Session]
    );
    let order: Vec<Layer> = explanation.policies.iter().map(|policy| policy.layer).collect();
    assert_eq!(order, [Layer::ServiceControl, Layer::Resource, Layer::Boundary, Layer::Session, Layer::Endpoint]);
}

/// Spec: POL-123
#[test]
fn who_can_use_lists_what_policy_and_grants_open() {
    let policy = key_policy(
        r#"{"Sid": "Enable IAM policies", "Effect": "Allow", "Principal": {"AWS": "444455556666"}, "Action": "kms:*",
            "Resource": "*"},
           {"Effect": "Allow", "Principal": {"AWS": ["arn:aws:iam::111122223333:role/R"], "Service": "s3.amazonaws.com"},
            "Action": ["kms:Decrypt", "kms:ReEncrypt*"], "Resource": "*",
            "Condition": {"StringEquals": {"kms:ViaService": "s3.us-west-2.amazonaws.com"}}},
           {"Effect": "Deny", "Principal": "*", "Action": "kms:Sign", "Resource": "*"},
           {"Effect": "Allow", "Principal": {"Federated": "idp"}, "Action": "kms:Sign", "Resource": "*"}"#,
    );
    let grants =
        [GrantedAccess { grantee: "arn:aws:iam::444455556666:role/X", operations: &["Decrypt"], is_constrained: true }];
    let access = who_can_use(&policy, &KMS, &grants);
    assert_eq!(access.denies, [2]);
    let [account, role, service, grant] = access.openings.as_slice() else { panic!("{access:?}") };
    assert_eq!((&*account.principal, account.means), ("arn:aws:iam::444455556666:root", Means::Delegation));
    assert_eq!((account.actions.len(), account.is_conditional), (KMS.actions().len(), false));
    assert_eq!((account.statement, account.sid.as_deref()), (Some(0), Some("Enable IAM policies")));
    assert_eq!((&*role.principal, role.means), ("arn:aws:iam::111122223333:role/R", Means::Direct));
    assert_eq!(role.actions, ["kms:Decrypt", "kms:ReEncryptFrom", "kms:ReEncryptTo"]);
    assert!(role.is_conditional && service.is_conditional && service.principal == "s3.amazonaws.com");
    assert_eq!((grant.means, grant.statement, grant.is_conditional), (Means::Grant, None, true));

    for resource in [r#""Resource": "arn:aws:kms:us-west-2:*""#, r#""NotResource": "arn:aws:kms:us-west-2:*""#] {
        let narrow = format!(r#"{{"Effect": "Allow", "Principal": "*", "Action": "kms:Sign", {resource}}}"#);
        assert!(who_can_use(&key_policy(&narrow), &KMS, &[]).openings[0].is_conditional, "{resource}");
    }
    assert_eq!(grant.actions, ["kms:Decrypt"]);
}

/// Spec: POL-140
#[test]
fn lints_have_stable_codes_and_pointers() {
    let policy = key_policy(
        r#"{"Effect": "Allow", "Principal": "*", "Action": "kms:Decrpyt", "Resource": "*",
            "Condition": {"Null": {}, "StringEquals": {"kms:EncryptionContextKeys": ["a", "b"]}}}"#,
    );
    let found: Vec<_> = policy.lints().iter().map(|lint| (lint.kind().code(), lint.pointer())).collect();
    assert_eq!(
        found,
        [
            ("MISSING_ACCOUNT_PRINCIPAL", ""),
            ("INVALID_ACTION", "/Statement/0/Action"),
            ("EMPTY_OBJECT_CONDITION", "/Statement/0/Condition/Null"),
            ("MISSING_QUALIFIER", "/Statement/0/Condition/StringEquals/kms:EncryptionContextKeys"),
        ]
    );
    let mut codes: Vec<_> = LintKind::ALL.iter().map(|kind| kind.code()).collect();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), LintKind::ALL.len());
    assert!(codes.iter().all(|code| code.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')));
}
