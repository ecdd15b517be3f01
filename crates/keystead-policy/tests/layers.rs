//! How the layers of a decision work together (chapter 21, section 6).
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use std::sync::Arc;

use common::*;
use keystead_policy::{Decision, DenyingStatement, GrantMatch, Layer, Layers, Level, Policy, PolicyKind, Principal};

fn document_of(kind: PolicyKind, effect: &str, actions: &str) -> Arc<Policy> {
    let principal = match kind {
        PolicyKind::Key | PolicyKind::ResourceControl | PolicyKind::Endpoint => r#""Principal": "*", "#,
        _ => "",
    };
    let statement = format!(r#"{{"Effect": "{effect}", {principal}"Action": {actions}, "Resource": "*"}}"#);
    Arc::new(compile(kind, &document(&statement)))
}

fn allow(kind: PolicyKind) -> Arc<Policy> {
    document_of(kind, "Allow", r#""*""#)
}

/// A policy that allows something else only.
fn silent(kind: PolicyKind) -> Arc<Policy> {
    document_of(kind, "Allow", r#""kms:ListKeys""#)
}

fn deny(kind: PolicyKind) -> Arc<Policy> {
    document_of(kind, "Deny", r#""*""#)
}

fn on_key(key_policy: &Policy) -> Layers<'_> {
    Layers { key_policy: Some(key_policy), ..Layers::default() }
}

/// The table of POL-98, row by row: who the key policy names, who calls, and whether a silent identity policy, boundary
/// and session policy leave the request allowed.
/// Spec: POL-72, POL-73, POL-94, POL-95, POL-98, POL-145, RUL-40
#[test]
fn silent_layers_against_a_direct_allow() {
    let federated = Principal::federated_user("aws", OWNER, "f", Some("bob"));
    let rows = [
        (r#"{"AWS": "arn:aws:iam::111122223333:user/bob"}"#, user(), true, true, true),
        (r#"{"AWS": "arn:aws:iam::111122223333:role/R"}"#, role(), true, false, false),
        (r#"{"AWS": "arn:aws:sts::111122223333:assumed-role/R/s1"}"#, role(), true, true, true),
        (r#"{"AWS": "arn:aws:sts::111122223333:federated-user/f"}"#, federated.clone(), true, true, true),
        (r#"{"AWS": "arn:aws:iam::111122223333:user/bob"}"#, federated, true, false, false),
        (r#""*""#, role(), true, true, true),
        (r#""*""#, user(), true, true, true),
        (r#"{"AWS": "*"}"#, role(), true, true, true),
        (r#"{"AWS": "111122223333"}"#, role(), false, false, false),
        (r#"{"AWS": "arn:aws:iam::111122223333:root"}"#, user(), false, false, false),
    ];
    let (silent_boundary, silent_session) = (silent(PolicyKind::PermissionsBoundary), [silent(PolicyKind::Session)]);
    let (silent_identity, identity) = ([silent(PolicyKind::Identity)], [allow(PolicyKind::Identity)]);
    for (principal, caller, without_identity, without_boundary, without_session) in rows {
        let policy = gives(principal);
        let ask = Ask::new(caller, "kms:Decrypt");
        let full = Layers { identity: &identity, ..on_key(&policy) };
        assert!(ask.is_allowed(&full), "{principal}");
        let check = |layers: Layers<'_>| ask.is_allowed(&layers);
        assert_eq!(check(Layers { identity: &silent_identity, ..full }), without_identity, "{principal}: identity");
        assert_eq!(
            check(Layers { boundary: Some(&silent_boundary), ..full }),
            without_boundary,
            "{principal}: boundary"
        );
        assert_eq!(check(Layers { session: &silent_session, ..full }), without_session, "{principal}: session");
    }
}

/// Spec: POL-96, GRA-38, GRA-39, RUL-45
#[test]
fn grants_against_silent_layers() {
    let rows = [
        (GrantMatch::None, false, false, false),
        (GrantMatch::ToPrincipal, true, true, true),
        (GrantMatch::ToRole, true, false, false),
        (GrantMatch::ToAccount, false, false, false),
    ];
    let (silent_boundary, silent_session) = (silent(PolicyKind::PermissionsBoundary), [silent(PolicyKind::Session)]);
    let identity = [allow(PolicyKind::Identity)];
    let other = gives(r#"{"AWS": "arn:aws:iam::111122223333:role/Other"}"#);
    for (grant, without_identity, without_boundary, without_session) in rows {
        for caller in [role(), foreigner()] {
            let ask = Ask::new(caller, "kms:Decrypt");
            let full = Layers { identity: &identity, grant, ..on_key(&other) };
            let check = |layers: Layers<'_>| ask.is_allowed(&layers);
            assert_eq!(check(full), grant != GrantMatch::None, "{grant:?}");
            assert_eq!(check(Layers { identity: &[], ..full }), without_identity, "{grant:?}: identity");
            assert_eq!(
                check(Layers { boundary: Some(&silent_boundary), ..full }),
                without_boundary,
                "{grant:?}: boundary"
            );
            assert_eq!(check(Layers { session: &silent_session, ..full }), without_session, "{grant:?}: session");
        }
    }
    let root = Ask::new(Principal::account_root("aws", OTHER), "kms:Decrypt");
    assert!(
        root.is_allowed(&Layers { grant: GrantMatch::ToAccount, ..on_key(&other) }),
        "root needs no identity policy"
    );
    let service = Ask::new(Principal::service("aws", "s3.amazonaws.com"), "kms:Decrypt");
    assert!(service.is_allowed(&Layers { grant: GrantMatch::ToPrincipal, ..on_key(&other) }));
}

/// Spec: POL-99, POL-100, POL-101, POL-102
#[test]
fn cross_account_needs_every_layer_of_the_caller() {
    let identity = [allow(PolicyKind::Identity)];
    let (silent_boundary, silent_session) = (silent(PolicyKind::PermissionsBoundary), [silent(PolicyKind::Session)]);
    for principal in [
        r#"{"AWS": "arn:aws:sts::444455556666:assumed-role/X/s1"}"#,
        r#"{"AWS": "arn:aws:iam::444455556666:role/X"}"#,
        r#"{"AWS": "444455556666"}"#,
        r#""*""#,
    ] {
        let policy = gives(principal);
        let ask = Ask::new(foreigner(), "kms:Decrypt");
        let full = Layers { identity: &identity, ..on_key(&policy) };
        assert!(ask.is_allowed(&full), "{principal}");
        assert_eq!(
            ask.decide(&Layers { identity: &[], ..full }),
            Decision::ImplicitDeny(Layer::Identity),
            "{principal}"
        );
        assert_eq!(
            ask.decide(&Layers { boundary: Some(&silent_boundary), ..full }),
            Decision::ImplicitDeny(Layer::Boundary)
        );
        assert_eq!(ask.decide(&Layers { session: &silent_session, ..full }), Decision::ImplicitDeny(Layer::Session));
        assert_eq!(Ask::new(foreigner(), "kms:PutKeyPolicy").decide(&full), Decision::ImplicitDeny(Layer::Resource));
    }
    let root = Ask::new(Principal::account_root("aws", OTHER), "kms:Decrypt");
    assert!(root.is_allowed_by(&gives(r#"{"AWS": "444455556666"}"#), &[]), "root needs no identity policy");
    for (principal, caller) in [(r#"{"AWS": "444455556666"}"#, user()), (r#"{"AWS": "111122223333"}"#, foreigner())] {
        assert!(!Ask::new(caller, "kms:Decrypt").is_allowed_by(&gives(principal), &identity), "{principal}");
    }
}

/// Spec: POL-91, POL-114, POL-115
#[test]
fn any_layer_denies_and_the_first_is_named() {
    let policies = [
        PolicyKind::ServiceControl,
        PolicyKind::ResourceControl,
        PolicyKind::Key,
        PolicyKind::Identity,
        PolicyKind::PermissionsBoundary,
        PolicyKind::Session,
        PolicyKind::Endpoint,
    ];
    let texts = [
        "with an explicit deny in a service control policy",
        "with an explicit deny in a resource control policy",
        "with an explicit deny in a resource-based policy",
        "with an explicit deny in an identity-based policy",
        "with an explicit deny in a permissions boundary",
        "with an explicit deny in a session policy",
        "with an explicit deny in a VPC endpoint policy",
    ];
    // Denies in all layers from `first` on: the first is named.
    for (first, text) in texts.into_iter().enumerate() {
        let policy = |kind| {
            let place = policies.iter().position(|it| *it == kind).unwrap();
            if place >= first { deny(kind) } else { allow(kind) }
        };
        let key_policy = policy(PolicyKind::Key);
        let (service_control, resource_control) =
            ([vec![policy(PolicyKind::ServiceControl)]], [vec![policy(PolicyKind::ResourceControl)]]);
        let (identity, session) = ([policy(PolicyKind::Identity)], [policy(PolicyKind::Session)]);
        let (boundary, endpoint) = (policy(PolicyKind::PermissionsBoundary), [policy(PolicyKind::Endpoint)]);
        let layers = Layers {
            key_policy: Some(&key_policy),
            identity: &identity,
            boundary: Some(&boundary),
            session: &session,
            service_control: &service_control,
            resource_control: &resource_control,
            endpoint: &endpoint,
            grant: GrantMatch::ToPrincipal,
            identity_suffices: false,
        };
        assert_eq!(Ask::new(role(), "kms:Decrypt").reason(&layers), text);
        assert_eq!(Ask::new(Principal::account_root("aws", OWNER), "kms:Decrypt").reason(&layers), text);
    }
}

/// Spec: POL-92, POL-114, POL-147
#[test]
fn the_first_layer_without_an_allow_is_named() {
    let kinds = [
        PolicyKind::Endpoint,
        PolicyKind::ServiceControl,
        PolicyKind::ResourceControl,
        PolicyKind::Key,
        PolicyKind::Identity,
        PolicyKind::PermissionsBoundary,
        PolicyKind::Session,
    ];
    let texts = [
        "because no VPC endpoint policy allows the kms:Decrypt action",
        "because no service control policy allows the kms:Decrypt action",
        "because no resource control policy allows the kms:Decrypt action",
        "because no resource-based policy allows the kms:Decrypt action",
        "because no identity-based policy allows the kms:Decrypt action",
        "because no permissions boundary allows the kms:Decrypt action",
        "because no session policy allows the kms:Decrypt action",
        "",
    ];
    for (first, text) in texts.into_iter().enumerate() {
        let place = |kind| kinds.iter().position(|it| *it == kind).unwrap();
        let policy = |kind| if place(kind) >= first { silent(kind) } else { allow(kind) };
        // A delegation, so that identity policies, boundary and session policies are asked.
        let key_policy =
            if place(PolicyKind::Key) >= first { silent(PolicyKind::Key) } else { Arc::new(default_policy()) };
        let (service_control, resource_control) =
            ([vec![policy(PolicyKind::ServiceControl)]], [vec![policy(PolicyKind::ResourceControl)]]);
        let (identity, session) = ([policy(PolicyKind::Identity)], [policy(PolicyKind::Session)]);
        let (boundary, endpoint) = (policy(PolicyKind::PermissionsBoundary), [policy(PolicyKind::Endpoint)]);
        let layers = Layers {
            key_policy: Some(&key_policy),
            identity: &identity,
            boundary: Some(&boundary),
            session: &session,
            service_control: &service_control,
            resource_control: &resource_control,
            endpoint: &endpoint,
            grant: GrantMatch::None,
            identity_suffices: false,
        };
        assert_eq!(Ask::new(role(), "kms:Decrypt").reason(&layers), text);
    }
}

/// Spec: POL-92, POL-103
#[test]
fn control_policies_come_in_levels() {
    let policy = default_policy();
    let identity = [allow(PolicyKind::Identity)];
    let base = Layers { identity: &identity, ..on_key(&policy) };
    let ask = Ask::new(role(), "kms:Decrypt");
    let levels = |kind: PolicyKind, levels: &[&[&Arc<Policy>]]| {
        let levels: Vec<Level> = levels.iter().map(|level| level.iter().copied().cloned().collect()).collect();
        match kind {
            PolicyKind::ServiceControl => ask.is_allowed(&Layers { service_control: &levels, ..base }),
            _ => ask.is_allowed(&Layers { resource_control: &levels, ..base }),
        }
    };
    for kind in [PolicyKind::ServiceControl, PolicyKind::ResourceControl] {
        let (yes, no, never) = (allow(kind), silent(kind), deny(kind));
        assert!(levels(kind, &[]));
        assert!(levels(kind, &[&[&yes], &[&no, &yes]]), "any policy of a level");
        assert!(!levels(kind, &[&[&yes], &[&no]]), "every level");
        assert!(!levels(kind, &[&[&yes, &never], &[&yes]]), "a deny anywhere");
        assert_eq!(levels(kind, &[&[&yes], &[]]), kind == PolicyKind::ResourceControl, "an empty level");
    }
    let blocked = [vec![deny(PolicyKind::ServiceControl)]];
    let open = gives(r#""*""#);
    let layers = Layers { service_control: &blocked, ..on_key(&open) };
    assert!(Ask::new(Principal::service("aws", "s3.amazonaws.com"), "kms:Decrypt").is_allowed(&layers));
    assert!(!Ask::new(Principal::account_root("aws", OWNER), "kms:Decrypt").is_allowed(&layers));
}

/// Spec: POL-91, POL-115
#[test]
fn a_deny_says_where_it_stands() {
    let policy = default_policy();
    let identity = [
        may(r#""kms:*""#),
        identity(
            r#"{"Effect": "Allow", "Action": "kms:*", "Resource": "*"}, {"Effect": "Deny", "Action": "s3:*", "Resource": "*"},
               {"Effect": "Deny", "Action": "kms:Decrypt", "Resource": "*"}"#,
        ),
    ];
    let layers = Layers { identity: &identity, ..on_key(&policy) };
    let expected = DenyingStatement { layer: Layer::Identity, policy: 1, statement: 2 };
    assert_eq!(Ask::new(role(), "kms:Decrypt").decide(&layers), Decision::ExplicitDeny(expected));
    let levels = [
        vec![allow(PolicyKind::ServiceControl)],
        vec![allow(PolicyKind::ServiceControl), deny(PolicyKind::ServiceControl)],
    ];
    let expected = DenyingStatement { layer: Layer::ServiceControl, policy: 2, statement: 0 };
    let decision = Ask::new(role(), "kms:Decrypt").decide(&Layers { service_control: &levels, ..layers });
    assert_eq!(decision, Decision::ExplicitDeny(expected));
}

/// Spec: POL-10, POL-105, POL-137, PRM-10, PRM-13
#[test]
fn iam_only_operations_heed_identity_policies_alone() {
    let everything = allow(PolicyKind::Key);
    let nothing = deny(PolicyKind::Key);
    let ask = Ask::new(role(), "kms:ListKeys").on(NO_RESOURCE).identity_only();
    assert_eq!(ask.reason(&on_key(&everything)), "because no identity-based policy allows the kms:ListKeys action");
    let by = |identity: &Arc<Policy>| {
        ask.is_allowed(&Layers { identity: std::slice::from_ref(identity), ..on_key(&nothing) })
    };
    assert!(by(&may(r#""kms:ListKeys""#)));
    let on = |element: &str, pattern: &str| {
        identity(&format!(r#"{{"Effect": "Allow", "Action": "kms:ListKeys", "{element}": "{pattern}"}}"#))
    };
    for (element, pattern, expected) in [
        ("Resource", "arn:aws:kms:us-west-2:111122223333:*", true),
        ("Resource", "arn:aws:kms:us-west-2:*", true),
        ("Resource", "arn:aws:kms:*:111122223333:*", true),
        ("Resource", "arn:aws:kms:us-west-2:111122223333:key/*", false),
        ("Resource", "arn:aws:kms:us-east-1:111122223333:*", false),
        ("Resource", KEY, false),
        ("NotResource", "arn:aws:kms:us-west-2:111122223333:key/*", true),
        ("NotResource", "arn:aws:kms:us-west-2:111122223333:*", false),
        ("NotResource", "*", false),
    ] {
        assert_eq!(by(&on(element, pattern)), expected, "{element} {pattern}");
    }
    let root = Ask::new(Principal::account_root("aws", OWNER), "kms:ListKeys").on(NO_RESOURCE).identity_only();
    assert!(root.is_allowed(&Layers::default()));
    let boundary = silent(PolicyKind::Session);
    assert!(!by(&boundary), "a policy of another kind allows nothing");
    let identity = [may(r#""kms:CreateKey""#)];
    let (boundary, session) = (silent(PolicyKind::PermissionsBoundary), [silent(PolicyKind::Session)]);
    let create = Ask::new(role(), "kms:CreateKey").on(NO_RESOURCE).identity_only();
    let full = Layers { identity: &identity, ..Layers::default() };
    assert!(create.is_allowed(&full));
    assert_eq!(create.decide(&Layers { boundary: Some(&boundary), ..full }), Decision::ImplicitDeny(Layer::Boundary));
    assert_eq!(create.decide(&Layers { session: &session, ..full }), Decision::ImplicitDeny(Layer::Session));
}

/// Spec: POL-74, POL-94
#[test]
fn the_root_user_needs_no_identity_policy_but_heeds_its_limits() {
    let policy = default_policy();
    let root = Ask::new(Principal::account_root("aws", OWNER), "kms:Decrypt");
    assert!(root.is_allowed(&on_key(&policy)));
    let session = [silent(PolicyKind::Session)];
    let limited = Layers { session: &session, ..on_key(&policy) };
    assert_eq!(root.decide(&limited), Decision::ImplicitDeny(Layer::Session));
}

/// Spec: POL-67
#[test]
fn variables_before_the_resource_part_are_literal() {
    let on = |resource: &str| identity(&format!(r#"{{"Effect": "Allow", "Action": "*", "Resource": "{resource}"}}"#));
    let ask = Ask::new(user(), "kms:Decrypt").with("aws:RequestedRegion", "us-west-2").with("aws:username", "1234");
    let policy = default_policy();
    assert!(!ask.is_allowed_by(&policy, &[on("arn:aws:kms:${aws:RequestedRegion}:111122223333:key/*")]));
    assert!(ask.is_allowed_by(&policy, &[on("arn:aws:kms:us-west-2:111122223333:key/${aws:username}abcd-*")]));
}

/// Spec: POL-34, POL-136
#[test]
fn an_arn_in_a_key_policy_only_narrows() {
    for (resource, expected) in [
        ("*", true),
        (KEY, true),
        ("arn:aws:kms:us-west-2:111122223333:key/*", true),
        ("arn:aws:kms:us-east-1:111122223333:key/*", false),
        ("arn:aws:kms:us-west-2:111122223333:key/00000000-12ab-34cd-56ef-1234567890ab", false),
    ] {
        let policy = key_policy(&format!(
            r#"{{"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "{resource}"}}"#
        ));
        assert_eq!(Ask::new(user(), "kms:Decrypt").is_allowed_by(&policy, &[]), expected, "{resource}");
    }
}

/// Spec: CND-09, CND-52, CND-69
#[test]
fn key_policies_do_not_see_keys_of_identity_policies() {
    for (condition, in_key_policy, in_identity_policy) in [
        (r#"{"StringEquals": {"aws:ResourceTag/Project": "Alpha"}}"#, false, true),
        (r#"{"Null": {"AWS:resourcetag/project": "true"}}"#, true, false),
        (r#"{"ForAnyValue:StringLike": {"kms:ResourceAliases": "alias/x*"}}"#, false, true),
        (r#"{"StringEquals": {"kms:RequestAlias": "${aws:ResourceTag/Project, 'none'}"}}"#, false, true),
    ] {
        let ask = Ask::new(user(), "kms:Decrypt")
            .with("aws:ResourceTag/Project", "Alpha")
            .with("kms:RequestAlias", "Alpha")
            .with("kms:ResourceAliases", ["alias/x1"]);
        let statement = format!(r#"{{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {condition}}}"#);
        let by_key_policy = key_policy(&statement.replace(r#""Action""#, r#""Principal": "*", "Action""#));
        assert_eq!(ask.is_allowed_by(&by_key_policy, &[]), in_key_policy, "{condition}");
        assert_eq!(ask.is_allowed_by(&default_policy(), &[identity(&statement)]), in_identity_policy, "{condition}");
    }
}

/// Spec: POL-22, POL-75, POL-146, RUL-55, RUL-65
#[test]
fn unmatched_and_anonymous_principals() {
    let anonymous = Ask::new(Principal::anonymous("aws"), "kms:Decrypt");
    assert!(anonymous.is_allowed_by(&gives(r#""*""#), &[]));
    assert!(!anonymous.is_allowed_by(&default_policy(), &[may(r#""*""#)]));
    assert!(!anonymous.is_allowed_by(&gives(r#"{"AWS": "arn:aws:iam::111122223333:user/bob"}"#), &[may(r#""*""#)]));
    // Not bound to one account, so no action is closed to it for that reason (POL-90).
    assert!(Ask::new(Principal::anonymous("aws"), "kms:PutKeyPolicy").is_allowed_by(&gives(r#""*""#), &[]));
    let elsewhere = r#"{"Federated": "*", "CanonicalUser": "*"}"#;
    for caller in [user(), role(), Principal::federated_user("aws", OWNER, "f", None), Principal::anonymous("aws")] {
        assert!(!Ask::new(caller.clone(), "kms:Decrypt").is_allowed_by(&gives(elsewhere), &[]));
        let deny = key_policy(&format!(
            r#"{{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}},
               {{"Effect": "Deny", "Principal": {elsewhere}, "Action": "*", "Resource": "*"}}"#
        ));
        assert!(Ask::new(caller, "kms:Decrypt").is_allowed_by(&deny, &[]));
    }
}

/// Spec: POL-73, POL-144
#[test]
fn denies_reach_sessions_by_role_and_everybody_by_account() {
    let deny = |principal: &str| {
        key_policy(&format!(
            r#"{{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}},
               {{"Effect": "Deny", "Principal": {principal}, "Action": "*", "Resource": "*"}}"#
        ))
    };
    let denied =
        |caller: Principal, principal: &str| !Ask::new(caller, "kms:Decrypt").is_allowed_by(&deny(principal), &[]);
    let (account, role_arn) = (r#"{"AWS": "111122223333"}"#, r#"{"AWS": "arn:aws:iam::111122223333:role/R"}"#);
    assert!(denied(role(), role_arn) && !denied(user(), role_arn));
    for caller in
        [role(), user(), Principal::account_root("aws", OWNER), Principal::federated_user("aws", OWNER, "f", None)]
    {
        assert!(denied(caller, account));
    }
    assert!(!denied(Principal::service("aws", "s3.amazonaws.com"), account));
    let in_china = r#"{"AWS": "arn:aws-cn:iam::111122223333:root"}"#;
    assert!(!denied(role(), in_china) && denied(Principal::user("aws-cn", OWNER, "bob"), in_china));
}

/// Spec: POL-72, POL-144
#[test]
fn role_entries_match_by_full_arn_or_by_name_if_the_path_is_unknown() {
    let with_path = Principal::role_session("aws", OWNER, "svc/R", "s1");
    let without = Principal::role_session_without_path("aws", OWNER, "R", "s1");
    for (principal, known, unknown) in [
        ("arn:aws:iam::111122223333:role/svc/R", true, true),
        ("arn:aws:iam::111122223333:role/R", false, true),
        ("arn:aws:iam::111122223333:role/other/R", false, true),
        ("arn:aws:iam::111122223333:role/svc/r", false, false),
        ("arn:aws-cn:iam::111122223333:role/svc/R", false, false),
        ("arn:aws:iam::444455556666:role/svc/R", false, false),
        ("arn:aws:iam::111122223333:user/svc/R", false, false),
        ("arn:aws:sts::111122223333:assumed-role/R/s1", true, true),
        ("arn:aws:sts::111122223333:assumed-role/R/s2", false, false),
        ("arn:aws-cn:iam::111122223333:root", false, false),
    ] {
        let policy = gives(&format!(r#"{{"AWS": "{principal}"}}"#));
        let allows = |caller: &Principal| Ask::new(caller.clone(), "kms:Decrypt").is_allowed_by(&policy, &[]);
        assert_eq!((allows(&with_path), allows(&without)), (known, unknown), "{principal}");
    }
}

/// Spec: POL-17
#[test]
fn a_policy_in_the_layer_of_another_kind_gives_nothing() {
    let identity_as_key = may(r#""*""#);
    assert!(!Ask::new(user(), "kms:Decrypt").is_allowed_by(&identity_as_key, &[may(r#""*""#)]));
    let key_as_identity = Arc::new(gives(r#""*""#));
    assert!(!Ask::new(user(), "kms:Decrypt").is_allowed_by(&default_policy(), &[key_as_identity]));
    assert!(!Ask::new(user(), "kms:Decrypt").is_allowed_by(&gives(r#""*""#), &[deny(PolicyKind::Session)]));
}

/// Spec: POL-17, POL-92
#[test]
fn endpoint_policies_compare_the_principal() {
    let endpoint = [Arc::new(compile(
        PolicyKind::Endpoint,
        r#"{"Statement": {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:user/bob"}, "Action": "*", "Resource": "*"}}"#,
    ))];
    let open = gives(r#""*""#);
    let layers = Layers { endpoint: &endpoint, ..on_key(&open) };
    assert!(Ask::new(user(), "kms:Decrypt").is_allowed(&layers));
    assert!(!Ask::new(role(), "kms:Decrypt").is_allowed(&layers));
}

/// Spec: POL-91, POL-92, POL-109
#[test]
fn several_endpoint_policies_allow_what_any_allows_and_deny_what_any_denies() {
    let of = |effect: &str, action: &str| {
        let statement = format!(r#"{{"Effect": "{effect}", "Principal": "*", "Action": "{action}", "Resource": "*"}}"#);
        Arc::new(compile(PolicyKind::Endpoint, &document(&statement)))
    };
    let open = gives(r#""*""#);
    let ask =
        |endpoint: &[Arc<Policy>]| Ask::new(user(), "kms:Decrypt").is_allowed(&Layers { endpoint, ..on_key(&open) });
    let (other, own, deny) = (of("Allow", "kms:Encrypt"), of("Allow", "kms:Decrypt"), of("Deny", "kms:Decrypt"));
    assert!(ask(&[]));
    assert!(!ask(std::slice::from_ref(&other)));
    assert!(ask(&[other.clone(), own.clone()]));
    assert!(!ask(&[own, other, deny]));
}

/// Spec: POL-78, POL-94, POL-99
#[test]
fn beside_a_policy_that_delegates_by_itself_identity_policies_suffice_in_the_same_account() {
    let identity = [may(r#""kms:Decrypt""#)];
    let silent = gives(r#"{"AWS": "arn:aws:iam::111122223333:user/somebody"}"#);
    let shares = gives(r#"{"AWS": "444455556666"}"#);
    let layers = Layers { identity: &identity, identity_suffices: true, ..on_key(&silent) };
    let reason = |caller: Principal, layers: &Layers<'_>| Ask::new(caller, "kms:Decrypt").reason(layers);
    assert_eq!(reason(user(), &layers), "");
    assert_eq!(reason(user(), &Layers { key_policy: None, ..layers }), "");
    assert_ne!(reason(user(), &Layers { identity_suffices: false, ..layers }), "");
    // Who has no identity policy is told to get one, unless it is the root user.
    let bare = Layers { identity: &[], ..layers };
    assert_eq!(reason(user(), &bare), "because no identity-based policy allows the kms:Decrypt action");
    assert_eq!(reason(Principal::account_root("aws", OWNER), &bare), "");
    // Other accounts and services still need the resource policy.
    assert_eq!(reason(foreigner(), &layers), "because no resource-based policy allows the kms:Decrypt action");
    assert_eq!(reason(foreigner(), &Layers { key_policy: Some(&shares), ..layers }), "");
    assert_ne!(reason(Principal::service("aws", "s3.amazonaws.com"), &layers), "");
    // The limits of the caller still hold.
    let boundary = silent_boundary();
    assert_ne!(reason(user(), &Layers { boundary: Some(&boundary), ..layers }), "");
}

fn silent_boundary() -> Policy {
    let statement = r#"{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}"#;
    compile(PolicyKind::PermissionsBoundary, &document(statement))
}
