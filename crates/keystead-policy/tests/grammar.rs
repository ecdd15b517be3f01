//! What is a policy document and what is not (chapter 21, section 3): errors, their texts and places.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::*;
use keystead_policy::{
    Compiler, Directory, DirectoryEntry, Effect, Malformed, Policy, PolicyError, PolicyKind, Principal,
};

const KINDS: [PolicyKind; 7] = [
    PolicyKind::Key,
    PolicyKind::Identity,
    PolicyKind::PermissionsBoundary,
    PolicyKind::Session,
    PolicyKind::ServiceControl,
    PolicyKind::ResourceControl,
    PolicyKind::Endpoint,
];

const INVALID_PRINCIPALS: &str = "Policy contains a statement with one or more invalid principals.";

fn has_principals(kind: PolicyKind) -> bool {
    matches!(kind, PolicyKind::Key | PolicyKind::ResourceControl | PolicyKind::Endpoint)
}

/// A statement that is right for a kind, with a member replaced, added (or, if empty, left out).
fn statement(kind: PolicyKind, name: &str, value: &str) -> String {
    let principal = if has_principals(kind) { r#""*""# } else { "" };
    let mut members =
        vec![("Effect", r#""Allow""#), ("Principal", principal), ("Action", r#""kms:*""#), ("Resource", r#""*""#)];
    match members.iter_mut().find(|(known, _)| *known == name) {
        Some(member) => member.1 = value,
        None => members.push((name, value)),
    }
    let members: Vec<String> = members
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| format!("\"{name}\": {value}"))
        .collect();
    format!("{{{}}}", members.join(", "))
}

fn accepts(kind: PolicyKind, text: &str) -> bool {
    match Policy::compile(kind, text, &KMS) {
        Ok(_) => true,
        Err(PolicyError::Malformed(_)) => false,
        Err(other) => panic!("{other}"),
    }
}

fn accepts_statement(kind: PolicyKind, name: &str, value: &str) -> bool {
    accepts(kind, &document(&statement(kind, name, value)))
}

fn malformed(kind: PolicyKind, text: &str) -> Malformed {
    match Policy::compile(kind, text, &KMS) {
        Err(PolicyError::Malformed(malformed)) => malformed,
        other => panic!("{other:?}: {text}"),
    }
}

/// Spec: POL-12, POL-13, POL-14, POL-38
#[test]
fn documents() {
    for kind in KINDS {
        let inner = statement(kind, "", "");
        let free = matches!(kind, PolicyKind::Key | PolicyKind::Endpoint);
        for (text, expected) in [
            (format!(r#"{{"Statement": {inner}}}"#), true),
            (format!(r#"{{"Statement": [{inner}, {inner}]}}"#), true),
            (format!(r#"{{"Statement": [{inner}], "Version": "2012-10-17"}}"#), true),
            (format!(r#"{{"Statement": [{inner}], "Version": "2008-10-17"}}"#), true),
            (format!(r#"{{"Statement": [{inner}], "Version": "2012-10-18"}}"#), false),
            (format!(r#"{{"Statement": [{inner}], "Version": 2012}}"#), false),
            (format!(r#"{{"Statement": [{inner}], "Id": "any id"}}"#), free),
            (format!(r#"{{"Statement": [{inner}], "Id": 1}}"#), false),
            (format!(r#"{{"Statement": [{inner}], "id": "x"}}"#), false),
            (format!(r#"{{"statement": [{inner}]}}"#), false),
            (r#"{"Version": "2012-10-17"}"#.to_owned(), false),
            (r#"{"Statement": []}"#.to_owned(), false),
            (r#"{"Statement": "x"}"#.to_owned(), false),
            (r#"{"Statement": [[]]}"#.to_owned(), false),
            ("[]".to_owned(), false),
            ("\"x\"".to_owned(), false),
            (String::new(), false),
            (format!(r#"{{"Statement": {inner}}} x"#), false),
            (format!(r#"{{"Statement": {inner},}}"#), false),
            (format!(r#"{{"Statement": {inner}"#), false),
        ] {
            assert_eq!(accepts(kind, &text), expected, "{kind:?} {text}");
        }
    }
}

/// Spec: POL-15, RUL-53
#[test]
fn statement_ids() {
    for kind in KINDS {
        let free = matches!(kind, PolicyKind::Key | PolicyKind::Endpoint);
        assert!(accepts_statement(kind, "Sid", r#""Abc123""#));
        assert_eq!(accepts_statement(kind, "Sid", r#""Enable IAM: User (Permissions)""#), free, "{kind:?}");
        assert!(!accepts_statement(kind, "Sid", "1"));
        let twice = format!("{0}, {0}", statement(kind, "Sid", r#""Same""#));
        assert_eq!(accepts(kind, &document(&twice)), free, "{kind:?}");
        let unnamed = format!("{0}, {0}", statement(kind, "Sid", r#""""#));
        assert!(accepts(kind, &document(&unnamed)), "{kind:?}: an empty text is no ID");
    }
    let twice = format!("{0}, {0}", statement(PolicyKind::Identity, "Sid", r#""Same""#));
    assert_eq!(
        refusal(PolicyKind::Identity, &document(&twice)),
        "Statement IDs (SID) in a single policy must be unique."
    );
}

/// Spec: POL-16, POL-18, POL-19, POL-21, POL-38
#[test]
fn statements() {
    for kind in KINDS {
        for (name, value, expected) in [
            ("Effect", r#""Deny""#, true),
            ("Effect", r#""allow""#, false),
            ("Effect", "", false),
            ("Effect", "[\"Allow\"]", false),
            ("Action", r#"["kms:Encrypt", "s3:*", "*"]"#, true),
            ("Action", r#""Encrypt""#, false),
            ("Action", r#""""#, false),
            ("Action", "1", false),
            ("Action", r#"[["kms:*"]]"#, false),
            ("Action", r#"{"kms": "*"}"#, false),
            ("NotAction", r#""kms:*""#, false),
            ("NotResource", r#""*""#, false),
            ("Resource", "null", false),
            ("Resource", r#"["*", 1]"#, false),
            ("Condition", "[]", false),
            ("Condition", r#""x""#, false),
            ("Comment", r#""x""#, false),
            ("action", r#""kms:*""#, false),
        ] {
            assert_eq!(accepts_statement(kind, name, value), expected, "{kind:?} {name} {value}");
        }
        // Only a key policy takes statements without these elements (POL-27).
        assert_eq!(accepts_statement(kind, "Action", ""), kind == PolicyKind::Key, "{kind:?}");
        assert_eq!(accepts_statement(kind, "Resource", ""), kind == PolicyKind::Key, "{kind:?}");
        for (name, negated) in [("Action", "NotAction"), ("Resource", "NotResource")] {
            let text = document(&statement(kind, "", "").replace(&format!("\"{name}\""), &format!("\"{negated}\"")));
            assert!(accepts(kind, &text), "{kind:?} {text}");
        }
    }
}

/// Spec: POL-17, POL-42, POL-110
#[test]
fn principals_stand_where_they_belong() {
    for kind in KINDS {
        assert_eq!(accepts_statement(kind, "Principal", ""), !has_principals(kind), "{kind:?}");
        assert_eq!(
            accepts_statement(kind, "Principal", r#"{"AWS": "111122223333"}"#),
            has_principals(kind),
            "{kind:?}"
        );
        let not_principal =
            statement(kind, "Principal", r#"{"AWS": "111122223333"}"#).replace("Principal", "NotPrincipal");
        assert!(!accepts(kind, &document(&not_principal)), "{kind:?}: Allow");
        let deny = document(&not_principal.replace("Allow", "Deny"));
        assert_eq!(accepts(kind, &deny), matches!(kind, PolicyKind::Key | PolicyKind::Endpoint), "{kind:?}: Deny");
    }
    let both = statement(PolicyKind::Key, "NotPrincipal", r#""*""#).replace("Allow", "Deny");
    assert!(!accepts(PolicyKind::Key, &document(&both)));
}

/// Spec: POL-22, POL-23, POL-24, RUL-55
#[test]
fn principal_entries() {
    for (value, expected) in [
        (r#""*""#, true),
        (r#"{"AWS": "*"}"#, true),
        (r#"{"AWS": "111122223333"}"#, true),
        (r#"{"AWS": ["arn:aws:iam::111122223333:root", "arn:aws-cn:iam::111122223333:user/a/b"]}"#, true),
        (r#"{"AWS": "arn:aws:iam::111122223333:role/service-role/R@x"}"#, true),
        (r#"{"AWS": "arn:aws:sts::111122223333:assumed-role/R/s"}"#, true),
        (r#"{"AWS": "arn:aws:sts::111122223333:federated-user/f"}"#, true),
        (r#"{"Service": ["logs.us-west-2.amazonaws.com", "s3.amazonaws.com"], "AWS": "111122223333"}"#, true),
        (r#"{"Federated": "cognito-identity.amazonaws.com"}"#, true),
        (r#"{"CanonicalUser": "79a5"}"#, true),
    ] {
        assert!(accepts_statement(PolicyKind::Key, "Principal", value) == expected, "{value}");
    }
    for entry in [
        "arn:aws:iam::111122223333:group/g",
        "arn:aws:iam::111122223333:role/*",
        "arn:aws:iam::111122223333:role/R?",
        "arn:aws:iam::111122223333:role/*/R",
        "arn:aws:iam::111122223333:role/p?/R",
        "arn:aws:iam::*:root",
        "arn:aws:iam::111122223333:root/x",
        "arn:aws:iam::11112222333:root",
        "arn:aws:iam:us-west-2:111122223333:root",
        "arn:aws:iam::111122223333:user/",
        "arn:aws:iam::111122223333:user",
        "arn:aws:sts::111122223333:assumed-role/R",
        "arn:aws:sts::111122223333:assumed-role/R/s/t",
        "arn:aws:sts::111122223333:federated-user/a/f",
        "arn:aws:sts::111122223333:federated-user/f*",
        "arn:aws:sts::111122223333:user/u",
        "arn:aws:iam::111122223333:assumed-role/R/s",
        "arn:aws:s3::111122223333:user/u",
        "arn:AWS:iam::111122223333:root",
        "arn:aw*:iam::111122223333:root",
        "arn:1aws:iam::111122223333:root",
        "arn:*:iam::111122223333:root",
        "bob",
        "",
        "11112222333",
        "AIDACKCEVSQ6C2EXAMPLE",
        "AROACKCEVSQ6C2EXAMPLE",
    ] {
        let text = document(&statement(PolicyKind::Key, "Principal", &format!(r#"{{"AWS": ["*", "{entry}"]}}"#)));
        assert_eq!(refusal(PolicyKind::Key, &text), INVALID_PRINCIPALS, "{entry}");
    }
    for entry in ["*", "s3", "s3.", ".s3", "s3..com", "s3_x.amazonaws.com", ""] {
        let text = document(&statement(PolicyKind::Key, "Principal", &format!(r#"{{"Service": "{entry}"}}"#)));
        assert_eq!(refusal(PolicyKind::Key, &text), INVALID_PRINCIPALS, "{entry}");
    }
    for value in
        [r#""111122223333""#, r#"["*"]"#, r#"{"aws": "*"}"#, r#"{"User": "x"}"#, "1", r#"{"AWS": 111122223333}"#]
    {
        assert!(!accepts_statement(PolicyKind::Key, "Principal", value), "{value}");
    }
}

/// Spec: POL-38, POL-49, POL-54, POL-55, POL-56, POL-57, POL-58
#[test]
fn conditions() {
    for (condition, expected) in [
        (r#"{"StringEquals": {"a:b": "x"}}"#, true),
        (r#"{"StringEquals": {"a:b": ["x", 1, true]}}"#, true),
        (r#"{"stringEquals": {"a:b": "x"}}"#, false),
        (r#"{"StringMatches": {"a:b": "x"}}"#, false),
        (r#"{"NullIfExists": {"a:b": "true"}}"#, false),
        (r#"{"ForAllValues:Null": {"a:b": "true"}}"#, true),
        (r#"{"StringEquals": {"a:b": null}}"#, false),
        (r#"{"StringEquals": {"a:b": {"c": "d"}}}"#, false),
        (r#"{"StringEquals": {"a:b": [["x"]]}}"#, false),
        (r#"{"StringEquals": "x"}"#, false),
        (r#"{"StringEquals": []}"#, false),
        (r#"{"Bool": {"a:b": "yes"}}"#, false),
        (r#"{"Bool": {"a:b": "True"}}"#, true),
        (r#"{"Bool": {"a:b": "${x}"}}"#, true),
        (r#"{"Null": {"a:b": "1"}}"#, false),
        (r#"{"ForAnyValue:Null": {"a:b": "1"}}"#, false),
        (r#"{"NumericEquals": {"a:b": "ten"}}"#, false),
        (r#"{"NumericEquals": {"a:b": ["1", " 1"]}}"#, false),
        (r#"{"NumericEquals": {"a:b": 1.5e3}}"#, true),
        (r#"{"DateEquals": {"a:b": "January 1, 2030"}}"#, false),
        (r#"{"DateEquals": {"a:b": "2030-01-01T00:00:00"}}"#, false),
        (r#"{"DateEquals": {"a:b": 1893456000}}"#, true),
        (r#"{"BinaryEquals": {"a:b": "YQ="}}"#, false),
        (r#"{"BinaryEquals": {"a:b": "YQ=="}}"#, true),
        (r#"{"IpAddress": {"a:b": "abc"}}"#, false),
        (r#"{"IpAddress": {"a:b": "192.0.2.0/33"}}"#, false),
        (r#"{"NotIpAddress": {"a:b": "2001:db8::/32"}}"#, true),
        (r#"{"ArnLike": {"a:b": "no arn"}}"#, true),
    ] {
        for kind in KINDS {
            assert_eq!(accepts_statement(kind, "Condition", condition), expected, "{kind:?} {condition}");
        }
    }
}

/// Scenario 26 of section 11.
/// Spec: POL-21, POL-47, POL-132
#[test]
fn duplicates_are_malformed_at_every_depth() {
    let full = r#"{"Version": "2012-10-17", "Id": "i", "Statement": [{"Sid": "s", "Effect": "Deny",
        "Principal": {"AWS": "*", "Service": "s3.amazonaws.com"}, "Action": "kms:*", "Resource": "*",
        "Condition": {"StringEquals": {"kms:ViaService": "x", "kms:CallerAccount": "y"}, "Bool": {"a:b": "true"}}}]}"#;
    assert!(accepts(PolicyKind::Key, full));
    for (member, again) in [
        (r#""Id": "i","#, r#""Id": "i", "\u0049d": "j","#),
        (r#""Version": "2012-10-17","#, r#""Version": "2012-10-17", "Version": "2012-10-17","#),
        (r#""Action": "kms:*","#, r#""Action": "kms:*", "Action": "kms:*","#),
        (r#""AWS": "*","#, r#""AWS": "*", "AWS": "*","#),
        (r#""Bool": {"#, r#""StringEquals": {}, "Bool": {"#),
        (r#""kms:ViaService": "x","#, r#""kms:ViaService": "x", "kms:ViaService": "y","#),
        (r#""kms:ViaService": "x","#, r#""kms:ViaService": "x", "KMS:viaservice": "y","#),
    ] {
        let twice = full.replace(member, again);
        assert_ne!(twice, full);
        assert!(malformed(PolicyKind::Key, &twice).message().contains("twice"), "{twice}");
    }
    // Before any other check of the content.
    let both = r#"{"Nonsense": 1, "Statement": [{"Effect": "x", "Effect": "y"}]}"#;
    assert_eq!(malformed(PolicyKind::Key, both).message(), "`Effect` occurs twice in one object; keep one");
}

/// Spec: POL-38
#[test]
fn faults_have_places() {
    let text = "{\n  \"Statement\": [{\n    \"Effect\": \"Allow\",\n    \"Sid\": \"ä\", \"Principal\": {\"AWS\": [\"*\", \"a/b\"]},\n    \"Action\": \"*\", \"Resource\": \"*\"}]\n}";
    let fault = malformed(PolicyKind::Key, text);
    assert_eq!((fault.pointer(), fault.line(), fault.column()), ("/Statement/0/Principal/AWS/1", 4, 44));
    let fault = malformed(PolicyKind::Key, "{\"Statement\":\n [}");
    assert_eq!((fault.pointer(), fault.line(), fault.column()), ("", 2, 3));
    let fault = malformed(PolicyKind::Key, r#"{"Statement": [{"Effect": "Allow", "a/b~": 1}]}"#);
    assert_eq!(fault.pointer(), "/Statement/0/a~1b~0");
    assert_eq!(PolicyError::Malformed(fault.clone()).to_string(), fault.message());
}

/// Spec: POL-85
#[test]
fn faults_are_reported_in_order() {
    let text = |action: &str, principal: &str, operator: &str| {
        document(&format!(
            r#"{{"Effect": "Allow", "Principal": {principal}, "Action": {action}, "Resource": "*",
                 "Condition": {{"{operator}": {{"aws:RequestTag/x": "y"}}}}}}"#
        ))
    };
    let overly = "ForAllValues:StringEquals";
    assert!(refusal(PolicyKind::Key, &text("1", r#"{"AWS": "x"}"#, overly)).contains("`Action`"));
    assert!(refusal(PolicyKind::Key, &text(r#""*""#, r#"{"AWS": "x"}"#, "Nonsense")).contains("Nonsense"));
    assert_eq!(refusal(PolicyKind::Key, &text(r#""*""#, r#"{"AWS": "x"}"#, overly)), INVALID_PRINCIPALS);
    assert!(refusal(PolicyKind::Key, &text(r#""*""#, r#""*""#, overly)).starts_with("OverlyPermissiveCondition:"));
}

/// Spec: POL-35
#[test]
fn limits_can_be_raised() {
    let text = format!("{}{}", document(&statement(PolicyKind::Key, "", "")), " ".repeat(40_000));
    assert!(matches!(Policy::compile(PolicyKind::Key, &text, &KMS), Err(PolicyError::TooLarge { .. })));
    assert!(Compiler::new(&KMS).max_bytes(50_000).compile(PolicyKind::Key, &text).is_ok());
}

/// Spec: POL-36
#[test]
fn escapes_are_read_after_the_character_check() {
    let text = document(&statement(PolicyKind::Key, "Sid", r#""\u0100\ud83d\ude00\n""#));
    assert_eq!(keystead_policy::first_illegal_character(&text), None);
    assert_eq!(compile(PolicyKind::Key, &text).statements()[0].sid(), Some("\u{100}\u{1f600}\n"));
}

/// Spec: POL-138
#[test]
fn deep_nesting_is_refused_without_recursion() {
    let deep = "[".repeat(32_000);
    assert!(malformed(PolicyKind::Key, &deep).message().contains("nested too deeply"));
    let objects = "{\"a\":".repeat(6_000);
    assert!(malformed(PolicyKind::Key, &objects).message().contains("nested too deeply"));
}

struct Users;

impl Directory for Users {
    fn by_arn(&self, arn: &str) -> Option<DirectoryEntry> {
        let unique_id = match arn {
            "arn:aws:iam::111122223333:user/bob" => Some("AIDACKCEVSQ6C2EXAMPLE".to_owned()),
            "arn:aws:iam::111122223333:role/R" => None,
            _ => return None,
        };
        Some(DirectoryEntry { unique_id })
    }

    fn has_unique_id(&self, id: &str) -> bool {
        matches!(id, "AIDACKCEVSQ6C2EXAMPLE" | "AROACKCEVSQ6C2EXAMPLE")
    }
}

/// Spec: POL-23, POL-25, POL-26, RUL-55
#[test]
fn a_directory_decides_who_exists() {
    let text = |entry: &str| document(&statement(PolicyKind::Key, "Principal", &format!(r#"{{"AWS": "{entry}"}}"#)));
    let compile = |entry: &str| Compiler::new(&KMS).directory(&Users).compile(PolicyKind::Key, &text(entry));
    for entry in [
        "*",
        "111122223333",
        "arn:aws:iam::111122223333:role/R",
        "AROACKCEVSQ6C2EXAMPLE",
        "arn:aws:sts::111122223333:assumed-role/Unknown/s",
    ] {
        assert!(compile(entry).is_ok(), "{entry}");
    }
    for entry in ["arn:aws:iam::111122223333:user/eve", "arn:aws:iam::111122223333:role/S", "AIDACKCEVSQ6C2EXAMPL2"] {
        let Err(PolicyError::Malformed(fault)) = compile(entry) else { panic!("{entry}") };
        assert_eq!(fault.message(), INVALID_PRINCIPALS, "{entry}");
    }

    let eve = text("arn:aws:iam::111122223333:user/eve");
    assert!(Compiler::new(&KMS).directory(&Users).compile(PolicyKind::Endpoint, &eve).is_ok(), "only key policies");

    let bob = compile("arn:aws:iam::111122223333:user/bob").unwrap();
    assert_eq!(bob.bindings().collect::<Vec<_>>(), [("arn:aws:iam::111122223333:user/bob", "AIDACKCEVSQ6C2EXAMPLE")]);
    let allows = |policy: &Policy, caller: Principal| Ask::new(caller, "kms:Encrypt").is_allowed_by(policy, &[]);
    assert!(allows(&bob, user().with_unique_id("AIDACKCEVSQ6C2EXAMPLE")));
    assert!(!allows(&bob, user().with_unique_id("AIDAMADEANEWEXAMPLE22")), "another user of the same name");
    assert!(allows(&bob, user()), "without a stated ID the ARN decides");
    let federated = |id| Principal::federated_user("aws", OWNER, "f", Some("bob")).with_unique_id(id);
    assert!(allows(&bob, federated("AIDACKCEVSQ6C2EXAMPLE")) && !allows(&bob, federated("AIDAMADEANEWEXAMPLE22")));
    let by_id = compile("AROACKCEVSQ6C2EXAMPLE").unwrap();
    assert!(allows(&by_id, role().with_unique_id("AROACKCEVSQ6C2EXAMPLE")));
    assert!(!allows(&by_id, role()));
}

/// Spec: POL-26, POL-71
#[test]
fn unique_ids_are_spared_like_names() {
    let all_but = |entries: &str| {
        let text = document(&format!(
            r#"{{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}},
            {{"Effect": "Deny", "NotPrincipal": {{"AWS": [{entries}, "111122223333"]}}, "Action": "*", "Resource": "*"}}"#
        ));
        Compiler::new(&KMS).directory(&AnyId).compile(PolicyKind::Key, &text).unwrap()
    };
    let allows = |policy: &Policy, caller: Principal| Ask::new(caller, "kms:Encrypt").is_allowed_by(policy, &[]);
    let user_id = all_but(r#""AIDACKCEVSQ6C2EXAMPLE""#);
    assert!(allows(&user_id, user().with_unique_id("AIDACKCEVSQ6C2EXAMPLE")));
    assert!(!allows(&user_id, user().with_unique_id("AIDAMADEANEWEXAMPLE22")));
    assert!(!allows(&user_id, user()));
    let role_id = all_but(r#""AROACKCEVSQ6C2EXAMPLE", "arn:aws:sts::111122223333:assumed-role/R/s1""#);
    assert!(allows(&role_id, role().with_unique_id("AROACKCEVSQ6C2EXAMPLE")));
    assert!(!allows(&role_id, role().with_unique_id("AROAMADEANEWEXAMPLE22")));
    assert!(!allows(&role_id, role()));
    // The ID of a role is not a session of it.
    assert!(!allows(&all_but(r#""AROACKCEVSQ6C2EXAMPLE""#), role().with_unique_id("AROACKCEVSQ6C2EXAMPLE")));
}

/// Spec: POL-71
#[test]
fn a_user_is_spared_with_its_account_only() {
    let all_but = |entries: &str| {
        key_policy(&format!(
            r#"{{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}},
            {{"Effect": "Deny", "NotPrincipal": {{"AWS": [{entries}]}}, "Action": "*", "Resource": "*"}}"#
        ))
    };
    let (name, account) = (r#""arn:aws:iam::111122223333:user/bob""#, r#""111122223333""#);
    let allows = |entries: &str| Ask::new(user(), "kms:Encrypt").is_allowed_by(&all_but(entries), &[]);
    assert!(allows(&format!("{name}, {account}")));
    assert!(!allows(name) && !allows(account));
}

/// Everyone exists, every ID too.
struct AnyId;

impl Directory for AnyId {
    fn by_arn(&self, _: &str) -> Option<DirectoryEntry> {
        Some(DirectoryEntry::default())
    }

    fn has_unique_id(&self, _: &str) -> bool {
        true
    }
}

/// Spec: POL-121
#[test]
fn statements_can_be_found_again() {
    let text = document(&format!(
        "{}, {}",
        statement(PolicyKind::Key, "Sid", r#""One""#),
        statement(PolicyKind::Key, "Effect", r#""Deny""#)
    ));
    let policy = compile(PolicyKind::Key, &text);
    let infos = policy.statements();
    assert_eq!((infos[0].sid(), infos[0].effect()), (Some("One"), Effect::Allow));
    assert_eq!((infos[1].sid(), infos[1].effect()), (None, Effect::Deny));
    let span = infos[1].span();
    assert!(
        text[span.start..span.end].starts_with(r#"{"Effect": "Deny""#) && text[span.start..span.end].ends_with('}')
    );
    assert_eq!(span.line_and_column(&text), (1, span.start as u32 + 1));
}
