//! The acceptance scenarios of chapter 21, section 11, as far as they concern the engine.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use std::sync::Arc;

use common::*;
use keystead_policy::{
    Action, GrantMatch, Layers, Policy, PolicyError, PolicyKind, Principal, Request, Resource, decide,
};

const ROLE_R: &str = r#"{"AWS": "arn:aws:iam::111122223333:role/R"}"#;

fn on_key(key_policy: &Policy) -> Layers<'_> {
    Layers { key_policy: Some(key_policy), ..Layers::default() }
}

/// Scenario 1.
/// Spec: POL-04, POL-78, POL-114, POL-115
#[test]
fn identity_policy_alone_gives_nothing() {
    let policy = gives(ROLE_R);
    let identity = [may(r#""kms:Encrypt""#)];
    let layers = Layers { identity: &identity, ..on_key(&policy) };
    assert_eq!(
        Ask::new(user(), "kms:Encrypt").reason(&layers),
        "because no resource-based policy allows the kms:Encrypt action"
    );
}

/// Scenario 2.
/// Spec: POL-74, POL-77, POL-94, POL-115
#[test]
fn delegation_needs_an_identity_policy_but_for_root() {
    let policy = default_policy();
    let ask = Ask::new(user(), "kms:Encrypt");
    assert_eq!(ask.reason(&on_key(&policy)), "because no identity-based policy allows the kms:Encrypt action");
    assert!(ask.is_allowed_by(&policy, &[may(r#""kms:Encrypt""#)]));
    assert!(Ask::new(Principal::account_root("aws", OWNER), "kms:Encrypt").is_allowed_by(&policy, &[]));
}

/// Scenario 3.
/// Spec: POL-94
#[test]
fn a_delegation_gives_no_more_than_it_says() {
    let policy = key_policy(
        r#"{"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "kms:Decrypt", "Resource": "*",
            "Condition": {"StringEquals": {"kms:ViaService": "s3.us-west-2.amazonaws.com"}}}"#,
    );
    let identity = [may(r#""kms:*""#)];
    let via = |action| Ask::new(user(), action).with("kms:ViaService", "s3.us-west-2.amazonaws.com");
    assert!(!Ask::new(user(), "kms:Decrypt").is_allowed_by(&policy, &identity));
    assert!(via("kms:Decrypt").is_allowed_by(&policy, &identity));
    assert!(!via("kms:Encrypt").is_allowed_by(&policy, &identity));
}

/// Scenario 4.
/// Spec: POL-91, POL-94
#[test]
fn a_conditional_allow_does_not_restrict_but_a_conditional_deny_does() {
    let delegation = r#"{"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "kms:*", "Resource": "*"}"#;
    let allow = format!(
        r#"{{"Effect": "Allow", "Principal": {ROLE_R}, "Action": "kms:Decrypt", "Resource": "*",
             "Condition": {{"StringEquals": {{"kms:EncryptionContext:a": "b"}}}}}}"#
    );
    let deny = allow.replace("Allow", "Deny").replace("StringEquals", "StringNotEquals");
    let identity = [may(r#""kms:Decrypt""#)];
    let ask = Ask::new(role(), "kms:Decrypt");
    assert!(ask.is_allowed_by(&key_policy(&format!("{delegation}, {allow}")), &identity));
    assert!(!ask.is_allowed_by(&key_policy(&format!("{delegation}, {deny}")), &identity));
}

/// Scenario 5.
/// Spec: POL-51, POL-91, POL-96
#[test]
fn deny_beats_grant() {
    let policy = key_policy(
        r#"{"Effect": "Deny", "Principal": "*", "Action": "kms:Decrypt", "Resource": "*",
            "Condition": {"StringNotEquals": {"aws:SourceVpce": "vpce-1"}}}"#,
    );
    let layers = Layers { grant: GrantMatch::ToPrincipal, ..on_key(&policy) };
    assert_eq!(Ask::new(role(), "kms:Decrypt").reason(&layers), "with an explicit deny in a resource-based policy");
    assert!(Ask::new(role(), "kms:Decrypt").with("aws:SourceVpce", "vpce-1").is_allowed(&layers));
}

/// Scenario 6.
/// Spec: POL-78, POL-91, POL-114
#[test]
fn identity_deny_beats_key_policy() {
    let policy = gives(ROLE_R);
    let identity = [identity(r#"{"Effect": "Deny", "Action": "kms:DisableKey", "Resource": "*"}"#)];
    let layers = Layers { identity: &identity, ..on_key(&policy) };
    let reason = Ask::new(role(), "kms:DisableKey").reason(&layers);
    assert_eq!(reason, "with an explicit deny in an identity-based policy");
    assert!(Ask::new(role(), "kms:EnableKey").is_allowed(&layers));
}

/// Scenario 7.
/// Spec: POL-72, POL-95, POL-98, POL-144, POL-145, RUL-40
#[test]
fn role_and_session_arns() {
    let session =
        [compile(PolicyKind::Session, &document(r#"{"Effect": "Allow", "Action": "kms:Encrypt", "Resource": "*"}"#))
            .into()];
    let ask = Ask::new(role(), "kms:Decrypt");
    let role_named = gives(ROLE_R);
    assert!(ask.is_allowed_by(&role_named, &[]));
    assert_eq!(
        ask.reason(&Layers { session: &session, ..on_key(&role_named) }),
        "because no session policy allows the kms:Decrypt action"
    );
    let session_named = gives(r#"{"AWS": "arn:aws:sts::111122223333:assumed-role/R/s1"}"#);
    assert!(ask.is_allowed(&Layers { session: &session, ..on_key(&session_named) }));
}

/// Scenario 8.
/// Spec: POL-90, POL-99, POL-100, PRM-02, PRM-12
#[test]
fn cross_account_needs_both_sides() {
    let policy = gives(r#"{"AWS": "arn:aws:iam::444455556666:role/X"}"#);
    let both = [identity(&format!(
        r#"{{"Effect": "Allow", "Action": ["kms:Encrypt", "kms:PutKeyPolicy"], "Resource": "{KEY}"}}"#
    ))];
    let encrypt = Ask::new(foreigner(), "kms:Encrypt");
    assert_eq!(encrypt.reason(&on_key(&policy)), "because no identity-based policy allows the kms:Encrypt action");
    assert!(encrypt.is_allowed_by(&policy, &both));
    assert!(!Ask::new(foreigner(), "kms:PutKeyPolicy").is_allowed_by(&policy, &both));
    assert!(!Ask::new(foreigner(), "kms:Decrypt").is_allowed_by(&policy, &both));
}

/// Scenario 9.
/// Spec: POL-33, POL-75, POL-99
#[test]
fn cross_account_star() {
    let policy =
        key_policy(r#"{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "kms:Encrypt", "Resource": "*"}"#);
    let encrypt = Ask::new(foreigner(), "kms:Encrypt");
    assert!(encrypt.is_allowed_by(&policy, &[may(r#""kms:Encrypt""#)]));
    assert!(!encrypt.is_allowed_by(&policy, &[]));
    assert!(Ask::new(user(), "kms:Encrypt").is_allowed_by(&policy, &[]));
}

/// Scenario 11.
/// Spec: POL-27
#[test]
fn a_statement_without_resource_or_action_is_accepted_and_ineffective() {
    let allow = r#"{"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*"}"#;
    for deny in [
        r#"{"Effect": "Deny", "Principal": "*", "Action": "kms:*"}"#,
        r#"{"Effect": "Deny", "Principal": "*", "Resource": "*"}"#,
        r#"{"Effect": "Deny", "Principal": "*"}"#,
    ] {
        let policy = key_policy(&format!("{allow}, {deny}"));
        assert!(Ask::new(user(), "kms:Encrypt").is_allowed_by(&policy, &[]), "{deny}");
        assert!(policy.statements()[0].is_effective() && !policy.statements()[1].is_effective());
    }
    let allow_without = key_policy(r#"{"Effect": "Allow", "Principal": "*", "Action": "kms:*"}"#);
    assert!(!Ask::new(user(), "kms:Encrypt").is_allowed_by(&allow_without, &[]));
}

/// Scenarios 12 to 14: the question of the lockout check, asked of the new policy.
/// Spec: POL-87
#[test]
fn the_lockout_question() {
    let put = Ask::new(user(), "kms:PutKeyPolicy");
    assert!(!put.is_allowed_by(&gives(ROLE_R), &[]));
    assert!(put.is_allowed_by(&default_policy(), &[may(r#""kms:PutKeyPolicy""#)]));
    assert!(!put.is_allowed_by(&default_policy(), &[]));
    let denied = key_policy(
        r#"{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:user/bob"}, "Action": "kms:*", "Resource": "*"},
           {"Effect": "Deny", "Principal": "*", "Action": "kms:PutKeyPolicy", "Resource": "*"}"#,
    );
    assert!(!put.is_allowed_by(&denied, &[]));
    assert!(Ask::new(user(), "kms:GetKeyPolicy").is_allowed_by(&denied, &[]));
}

/// Scenario 15.
/// Spec: POL-35
#[test]
fn size_is_counted_in_bytes() {
    let text = |length: usize| {
        let empty =
            r#"{"Id": "ä", "Statement": {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}}"#;
        assert_eq!(empty.len(), empty.chars().count() + 1);
        format!("{empty}{}", " ".repeat(length - empty.len()))
    };
    assert!(Policy::compile(PolicyKind::Key, &text(32_768), &KMS).is_ok());
    let error = Policy::compile(PolicyKind::Key, &text(32_769), &KMS).unwrap_err();
    assert_eq!(error, PolicyError::TooLarge { size: 32_769, limit: 32_768 });
}

/// Scenario 16.
/// Spec: POL-39, POL-40
#[test]
fn overly_permissive_set_operators() {
    let with = |operator: &str, key: &str| {
        document(&format!(
            r#"{{"Effect": "Deny", "Principal": "*", "Action": "kms:*", "Resource": "*",
                 "Condition": {{"{operator}": {{"{key}": "x"}}}}}}"#
        ))
    };
    for key in ["kms:EncryptionContext:Dept", "KMS:encryptioncontext:d", "aws:RequestTag/Dept"] {
        let message = refusal(PolicyKind::Key, &with("ForAllValues:StringEquals", key));
        assert!(message.starts_with("OverlyPermissiveCondition:"), "{message}");
        compile(PolicyKind::Key, &with("ForAnyValue:StringEquals", key));
    }
    compile(PolicyKind::Key, &with("ForAllValues:StringEquals", "kms:EncryptionContextKeys"));
    let elsewhere = with("ForAllValues:StringEquals", "kms:EncryptionContext:Dept").replace(r#""Principal": "*","#, "");
    compile(PolicyKind::Identity, &elsewhere);
}

/// Scenario 17.
/// Spec: POL-47, POL-51
#[test]
fn key_names_ignore_case_and_values_do_not() {
    let policy = conditioned(r#"{"StringEquals": {"kms:EncryptionContext:Appname": "ExampleApp"}}"#);
    let ask = |value| Ask::new(user(), "kms:Encrypt").with("kms:EncryptionContext:AppName", value);
    assert!(ask("ExampleApp").is_allowed_by(&policy, &[]));
    assert!(!ask("exampleapp").is_allowed_by(&policy, &[]));
}

/// Scenario 18.
/// Spec: POL-44, POL-62, POL-64, CND-40
#[test]
fn set_operators_pin_the_whole_encryption_context() {
    let keys_only = conditioned(r#"{"ForAllValues:StringEquals": {"kms:EncryptionContextKeys": ["AppName"]}}"#);
    assert!(Ask::new(user(), "kms:Encrypt").is_allowed_by(&keys_only, &[]));
    let pair = conditioned(
        r#"{"ForAllValues:StringEquals": {"kms:EncryptionContextKeys": ["AppName"]},
            "StringEquals": {"kms:EncryptionContext:AppName": "ExampleApp"}}"#,
    );
    let right = Ask::new(user(), "kms:Encrypt").with("kms:EncryptionContext:AppName", "ExampleApp");
    assert!(right.clone().with("kms:EncryptionContextKeys", ["AppName"]).is_allowed_by(&pair, &[]));
    assert!(!right.with("kms:EncryptionContextKeys", ["AppName", "More"]).is_allowed_by(&pair, &[]));
    assert!(!Ask::new(user(), "kms:Encrypt").is_allowed_by(&pair, &[]));
}

/// Scenario 19.
/// Spec: POL-60
#[test]
fn null_demands_some_context() {
    let policy = conditioned(r#"{"Null": {"kms:EncryptionContextKeys": "false"}}"#);
    assert!(!Ask::new(user(), "kms:Encrypt").is_allowed_by(&policy, &[]));
    assert!(Ask::new(user(), "kms:Encrypt").with("kms:EncryptionContextKeys", ["x"]).is_allowed_by(&policy, &[]));
}

/// Scenario 20.
/// Spec: POL-12, POL-66, POL-69
#[test]
fn variables_need_the_version_and_never_act_as_wildcards() {
    let condition = r#"{"StringEquals": {"kms:EncryptionContext:user": "${aws:username}"}}"#;
    let ask = |value: &str| {
        Ask::new(user(), "kms:Encrypt").with("aws:username", "bob").with("kms:EncryptionContext:user", value)
    };
    let policy = conditioned(condition);
    assert!(ask("bob").is_allowed_by(&policy, &[]));
    assert!(!ask("alice").is_allowed_by(&policy, &[]));
    let old = format!(
        r#"{{"Version": "2008-10-17", "Statement": {{"Effect": "Allow", "Principal": "*", "Action": "*",
             "Resource": "*", "Condition": {condition}}}}}"#
    );
    for old in [old.clone(), old.replace(r#""Version": "2008-10-17","#, "")] {
        let old = compile(PolicyKind::Key, &old);
        assert!(!ask("bob").is_allowed_by(&old, &[]));
        assert!(ask("${aws:username}").is_allowed_by(&old, &[]));
    }
    let like = conditioned(r#"{"StringLike": {"kms:EncryptionContext:user": "${aws:PrincipalTag/t}"}}"#);
    let tagged = |value| {
        Ask::new(user(), "kms:Encrypt").with("aws:PrincipalTag/T", "*").with("kms:EncryptionContext:user", value)
    };
    assert!(tagged("*").is_allowed_by(&like, &[]));
    assert!(!tagged("x").is_allowed_by(&like, &[]));
}

/// Scenario 21.
/// Spec: POL-11, POL-106
#[test]
fn an_alias_arn_is_the_alias_not_the_key() {
    let identity = [identity(&format!(
        r#"{{"Effect": "Allow", "Action": ["kms:Encrypt", "kms:CreateAlias"], "Resource": "{ALIAS}"}}"#
    ))];
    assert!(!Ask::new(user(), "kms:Encrypt").is_allowed_by(&default_policy(), &identity));
    let create = Ask::new(user(), "kms:CreateAlias").on(ALIAS).identity_only();
    assert!(create.is_allowed(&Layers { identity: &identity, ..Layers::default() }));
    assert!(!Ask::new(user(), "kms:CreateAlias").is_allowed_by(&default_policy(), &identity));
}

/// Scenario 22.
/// Spec: POL-10, POL-92, POL-109, POL-111, POL-147
#[test]
fn an_endpoint_policy_for_one_key_does_not_allow_list_keys() {
    let endpoint = [Arc::new(compile(
        PolicyKind::Endpoint,
        &format!(
            r#"{{"Statement": {{"Effect": "Allow", "Principal": "*", "Action": ["kms:ListKeys", "kms:Encrypt"],
                 "Resource": "{KEY}"}}}}"#
        ),
    ))];
    let identity = [may(r#""kms:*""#)];
    let layers = Layers { identity: &identity, endpoint: &endpoint, ..Layers::default() };
    let ask = Ask::new(user(), "kms:ListKeys").on(NO_RESOURCE).identity_only();
    assert_eq!(ask.reason(&layers), "because no VPC endpoint policy allows the kms:ListKeys action");
    assert!(ask.is_allowed(&Layers { endpoint: &[], ..layers }));
    let policy = default_policy();
    assert!(Ask::new(user(), "kms:Encrypt").is_allowed(&Layers { key_policy: Some(&policy), ..layers }));
}

/// Scenarios 23 and 32.
/// Spec: POL-08, POL-71, RUL-46
#[test]
fn not_principal_spares_only_who_is_listed_with_role_and_account() {
    let policy = |listed: &str| {
        key_policy(&format!(
            r#"{{"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*"}},
               {{"Effect": "Deny", "NotPrincipal": {{"AWS": [{listed}]}}, "Action": "kms:*", "Resource": "*"}}"#
        ))
    };
    let session = r#""arn:aws:sts::111122223333:assumed-role/R/s1""#;
    let role_arn = r#""arn:aws:iam::111122223333:role/R""#;
    let account = r#""111122223333""#;
    let ask = Ask::new(role(), "kms:Encrypt");
    for partial in [
        role_arn.to_owned(),
        account.to_owned(),
        format!("{role_arn}, {account}"),
        format!("{session}, {role_arn}"),
        format!("{session}, {account}"),
    ] {
        assert!(!ask.is_allowed_by(&policy(&partial), &[]), "{partial}");
    }
    let full = policy(&format!("{session}, {role_arn}, {account}"));
    assert!(ask.is_allowed_by(&full, &[]));
    assert!(Ask::new(Principal::account_root("aws", OWNER), "kms:Encrypt").is_allowed_by(&policy(account), &[]));
    assert!(!Ask::new(Principal::anonymous("aws"), "kms:Encrypt").is_allowed_by(&full, &[]));
    let boundary =
        compile(PolicyKind::PermissionsBoundary, &document(r#"{"Effect": "Allow", "Action": "*", "Resource": "*"}"#));
    assert!(!ask.is_allowed(&Layers { boundary: Some(&boundary), ..on_key(&full) }));
}

/// Scenario 24.
/// Spec: POL-53, POL-59
#[test]
fn arn_operators_do_not_cross_colons() {
    let pattern = "arn:aws:cloudtrail:*:111122223333:trail/*";
    let arn = "arn:aws:cloudtrail:us-west-2:999999999999:x:111122223333:trail/y";
    let ask = Ask::new(user(), "kms:Encrypt").with("aws:SourceArn", arn);
    let by = |operator: &str| conditioned(&format!(r#"{{"{operator}": {{"aws:SourceArn": "{pattern}"}}}}"#));
    assert!(!ask.is_allowed_by(&by("ArnLike"), &[]));
    assert!(!ask.is_allowed_by(&by("ArnEquals"), &[]));
    assert!(ask.is_allowed_by(&by("StringLike"), &[]));
    let right =
        Ask::new(user(), "kms:Encrypt").with("aws:SourceArn", "arn:aws:cloudtrail:us-west-2:111122223333:trail/a:b");
    assert!(right.is_allowed_by(&by("ArnEquals"), &[]));
}

/// Scenario 25.
/// Spec: POL-04
#[test]
fn creators_have_no_rights_of_their_own() {
    assert!(!Ask::new(user(), "kms:DescribeKey").is_allowed_by(&gives(ROLE_R), &[may(r#""kms:*""#)]));
}

/// Scenario 27.
/// Spec: POL-133, POL-134, RUL-41, RUL-54
#[test]
fn empty_lists_give_and_deny_nothing() {
    let ask = Ask::new(user(), "kms:Encrypt");
    for allow in [
        r#"{"Effect": "Allow", "Principal": "*", "NotAction": [], "Resource": "*"}"#,
        r#"{"Effect": "Allow", "Principal": "*", "Action": "*", "NotResource": []}"#,
        r#"{"Effect": "Allow", "Principal": "*", "Action": [], "Resource": "*"}"#,
        r#"{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": []}"#,
        r#"{"Effect": "Allow", "Principal": {}, "Action": "*", "Resource": "*"}"#,
        r#"{"Effect": "Allow", "Principal": {"AWS": []}, "Action": "*", "Resource": "*"}"#,
        r#"{"Effect": "Allow", "Principal": [], "Action": "*", "Resource": "*"}"#,
    ] {
        assert!(!ask.is_allowed_by(&key_policy(allow), &[]), "{allow}");
        let deny = format!(
            r#"{{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}}, {}"#,
            allow.replace("Allow", "Deny")
        );
        assert!(ask.is_allowed_by(&key_policy(&deny), &[]), "{deny}");
    }
    let not_principal = r#"{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"},
        {"Effect": "Deny", "NotPrincipal": {"AWS": []}, "Action": "*", "Resource": "*"}"#;
    assert!(ask.is_allowed_by(&key_policy(not_principal), &[]));
    for condition in ["{}", r#"{"StringEquals": {}}"#] {
        assert!(ask.is_allowed_by(&conditioned(condition), &[]), "{condition}");
    }
}

/// Scenario 28.
/// Spec: POL-28, POL-30, POL-31, POL-32, POL-136, RUL-47, RUL-62
#[test]
fn action_and_resource_patterns() {
    for (action, expected) in [
        ("k*:Decrypt", true),
        ("*:*", true),
        ("*", true),
        ("KMS:DECRYPT", true),
        ("kms:De?rypt", true),
        ("kms:De??rypt", false),
        ("kms:Decrypt ", false),
        (" kms:Decrypt", false),
        ("kms:Encrypt,kms:Decrypt", false),
        ("kms:Decrypt:x", false),
        ("s3:Decrypt", false),
        (":Decrypt", false),
    ] {
        let policy =
            key_policy(&format!(r#"{{"Effect": "Allow", "Principal": "*", "Action": "{action}", "Resource": "*"}}"#));
        assert_eq!(Ask::new(user(), "kms:Decrypt").is_allowed_by(&policy, &[]), expected, "{action}");
    }
    let other_region = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    for (pattern, key, alias, elsewhere) in [
        ("arn:aws:kms:us-west-2:*", true, true, false),
        ("arn:aws:kms:*", true, true, true),
        ("arn:aws:kms:us-*:key/1234abcd-12ab-34cd-56ef-1234567890ab", true, false, true),
        ("arn:aws:kms:us-*-2:key/1234abcd-12ab-34cd-56ef-1234567890ab", false, false, false),
        ("arn:aws:kms:us-*-2:111122223333:key/*", true, false, false),
        ("arn:aws:kms:us-*-2*:key/*", true, false, false),
        ("arn:*:kms:*:*:alias/?", false, true, false),
        ("arn:aws:kms:us-west-?:1111*3333:*", true, true, false),
        ("arn:aws:kms:us-west-2:111122223333", false, false, false),
        ("arn:aws:kms", false, false, false),
        ("arn:aws:kms:us-west-2:111122223333:KEY/*", false, false, false),
        ("arn:aws:s3:*", false, false, false),
    ] {
        let identity = [identity(&format!(r#"{{"Effect": "Allow", "Action": "kms:*", "Resource": "{pattern}"}}"#))];
        let allows = |arn| {
            let ask = Ask::new(user(), "kms:TagResource").on(arn).identity_only();
            ask.is_allowed(&Layers { identity: &identity, ..Layers::default() })
        };
        assert_eq!((allows(KEY), allows(ALIAS), allows(other_region)), (key, alias, elsewhere), "{pattern}");
    }
    for pattern in [
        "arn:aws:*:us-west-2:111122223333:*",
        "arn:*",
        "arn:aws",
        "arn:aws:k?s:*:*:*",
        "arn:aws::x:y:z",
        "1234abcd",
        "alias/a",
        "**",
        "",
    ] {
        let text = document(&format!(
            r#"{{"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "{pattern}"}}"#
        ));
        let vendor = "Resource vendor must be fully qualified and cannot contain regexes.";
        assert_eq!(refusal(PolicyKind::Key, &text), vendor, "{pattern}");
        assert_eq!(refusal(PolicyKind::Identity, &text.replace(r#""Principal": "*","#, "")), vendor, "{pattern}");
    }
}

/// Scenario 30.
/// Spec: POL-67, POL-68, POL-141, RUL-44, RUL-48
#[test]
fn variables_without_value() {
    let deny = key_policy(
        r#"{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"},
           {"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*",
            "Condition": {"StringNotEquals": {"kms:EncryptionContext:owner": "${aws:PrincipalTag/none}"}}}"#,
    );
    let ask = Ask::new(user(), "kms:Encrypt").with("kms:EncryptionContext:owner", "x");
    assert!(!ask.is_allowed_by(&deny, &[]));
    assert!(ask.with("aws:PrincipalTag/none", "x").is_allowed_by(&deny, &[]));

    let pattern = "arn:aws:kms:us-west-2:111122223333:key/${aws:PrincipalTag/none}";
    let statement =
        |effect: &str, element: &str| format!(r#"{{"Effect": "{effect}", "Action": "*", "{element}": "{pattern}"}}"#);
    let everything = r#"{"Effect": "Allow", "Action": "*", "Resource": "*"}"#;
    let ask = Ask::new(user(), "kms:Encrypt");
    let by = |statements: &str| ask.is_allowed_by(&default_policy(), &[identity(statements)]);
    assert!(!by(&statement("Allow", "Resource")));
    assert!(!by(&statement("Allow", "NotResource")));
    assert!(by(&format!("{everything}, {}", statement("Deny", "Resource"))));
    assert!(!by(&format!("{everything}, {}", statement("Deny", "NotResource"))));

    for condition in [
        r#"{"Bool": {"aws:SecureTransport": "${aws:username}"}}"#,
        r#"{"NumericEquals": {"kms:RotationPeriodInDays": "${aws:username}"}}"#,
    ] {
        let ask = Ask::new(user(), "kms:Encrypt")
            .with("aws:username", "true")
            .with("aws:SecureTransport", true)
            .with("kms:RotationPeriodInDays", 5);
        assert!(!ask.is_allowed_by(&conditioned(condition), &[]), "{condition}");
    }
}

/// Scenario 31.
/// Spec: POL-54, POL-55, POL-58
#[test]
fn typed_values() {
    for (operator, listed, value, expected) in [
        ("NumericLessThan", "10", "9abc", false),
        ("NumericLessThan", "10", "9", true),
        ("NumericEquals", "9007199254740992", "9007199254740993", false),
        ("NumericEquals", "10", "10.0", true),
        ("DateLessThan", "2030-01-01", "1893455999", true),
        ("DateLessThan", "2030-01-01", "1893455999000", false),
        ("IpAddress", "2001:db8::1", "2001:db8::1", true),
        ("IpAddress", "2001:db8::1", "2001:db8::2", false),
        ("NotIpAddress", "192.0.2.0/24", "2001:db8::1", true),
        ("NotIpAddress", "192.0.2.0/24", "no address", true),
    ] {
        let policy = conditioned(&format!(r#"{{"{operator}": {{"host:value": "{listed}"}}}}"#));
        let ask = Ask::new(user(), "kms:Encrypt").with("host:value", value);
        assert_eq!(ask.is_allowed_by(&policy, &[]), expected, "{operator} {listed} {value}");
    }
}

/// Scenario 33.
/// Spec: POL-103, POL-146, RUL-49
#[test]
fn a_delegation_does_not_cover_service_principals() {
    let service = Ask::new(Principal::service("aws", "ses.amazonaws.com"), "kms:Encrypt");
    assert!(!service.is_allowed_by(&default_policy(), &[may(r#""kms:*""#)]));
    assert!(service.is_allowed_by(&gives(r#"{"Service": "ses.amazonaws.com"}"#), &[]));
    assert!(!service.is_allowed_by(&gives(r#"{"Service": "sns.amazonaws.com"}"#), &[]));
    assert!(service.is_allowed_by(&gives(r#""*""#), &[]));
    assert!(!service.identity_only().is_allowed(&Layers { identity: &[may(r#""kms:*""#)], ..Layers::default() }));
}

/// Scenario 34: an evaluator that tries stars one inside the other does not come to an end here.
/// Spec: POL-138
#[test]
fn hostile_patterns_come_to_an_end() {
    let stars = "a*a*a*a*a*a*a*a*a*a*a*a*a*b";
    let text = "a".repeat(60);
    let policy = conditioned(&format!(
        r#"{{"StringLike": {{"host:text": "{stars}"}}, "ArnLike": {{"host:arn": "arn:aws:x:y:z:{stars}"}}}}"#
    ));
    let ask = Ask::new(user(), "kms:Encrypt").with("host:text", &*text);
    let arn = Ask::new(user(), "kms:Encrypt")
        .with("host:text", "aaaaaaaaaaaaab")
        .with("host:arn", &*format!("arn:aws:x:y:z:{text}"));
    assert!(!ask.is_allowed_by(&policy, &[]));
    assert!(!arn.is_allowed_by(&policy, &[]));
}

/// Spec: POL-28
#[test]
fn actions_outside_the_catalogue_take_the_same_evaluator() {
    let policies = [identity(
        r#"{"Effect": "Allow", "Action": ["iam:Create*"], "Resource": "*"}, {"Effect": "Deny", "NotAction": ["IAM:*", "kms:*"], "Resource": "*"}"#,
    )];
    let caller = user();
    let facts = Facts::new();
    let decide = |action| {
        let request = Request {
            principal: &caller,
            action: Action::foreign(action),
            resource: Resource::new("*", OWNER),
            context: &facts,
            cross_account_capable: false,
            identity_only: true,
        };
        decide(&request, &Layers { identity: &policies, ..Layers::default() })
    };
    let reason = |action| decide(action).reason_text(Action::foreign(action)).to_string();
    assert!(decide("iam:CreateServiceLinkedRole").is_allowed());
    assert_eq!(reason("iam:DeleteRole"), "because no identity-based policy allows the iam:DeleteRole action");
    assert_eq!(reason("s3:GetObject"), "with an explicit deny in an identity-based policy");
}

/// A key policy that gives everybody everything under a condition.
fn conditioned(condition: &str) -> Policy {
    key_policy(&format!(
        r#"{{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*", "Condition": {condition}}}"#
    ))
}
