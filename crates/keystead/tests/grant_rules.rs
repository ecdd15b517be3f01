//! Rules of chapter 23 beside its scenarios: shapes, errors, delegation, retiring, guard rails.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use keystead::catalogue::operations;
use keystead::operations::{CreateGrant, CreateGrantResponse};
use keystead::{
    CallbackSink, Caller, Client, ConditionValue, EncryptionContext, GrantId, GrantOperation, QuotaProfile,
};
use serde_json::json;
use support::*;

fn user(name: &str) -> Caller {
    Caller::user(ACCOUNT, name).unwrap()
}

fn arn(name: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:user/{name}")
}

fn grant(world: &World, key: &Key, grantee: &str, operations: &[&'static str]) -> CreateGrantResponse {
    let mut call = world.root.create_grant(&key.id, grantee.to_owned());
    for operation in operations {
        call = call.operation(*operation);
    }
    call.send().unwrap().into_inner()
}

fn encrypts(client: &Client, key: &Key) -> bool {
    client.encrypt(&key.arn, b"x").send().is_ok()
}

/// Spec: GRA-14
#[test]
fn members_of_create_grant_have_their_shapes() {
    let world = World::new();
    let key = world.key();
    let with = |change: &dyn Fn(&mut CreateGrant<'_>)| {
        let mut request = CreateGrant::new();
        request.key_id = Some(key.id.clone().into());
        request.grantee_principal = Some(arn("u").into());
        request.operations = Some(vec!["Encrypt".into()]);
        change(&mut request);
        world.root.call(request).send().map(drop)
    };
    let long = |length: usize| -> Cow<'static, str> { "x".repeat(length).into() };
    let principal =
        |length: usize| -> Cow<'static, str> { format!("{}{}", arn(""), "x".repeat(length - arn("").len())).into() };
    with(&|_| {}).unwrap();
    with(&|request| request.grantee_principal = Some(principal(256))).unwrap();
    with(&|request| request.retiring_principal = Some(principal(256))).unwrap();
    with(&|request| request.name = Some(long(256))).unwrap();
    with(&|request| request.name = Some("aZ09:/_-".into())).unwrap();
    with(&|request| request.grant_tokens = Some(Vec::new())).unwrap();
    for violating in [
        &(|request: &mut CreateGrant<'_>| request.key_id = None) as &dyn Fn(&mut CreateGrant<'_>),
        &|request| request.key_id = Some("".into()),
        &|request| request.key_id = Some(long(2049)),
        &|request| request.grantee_principal = None,
        &|request| request.grantee_principal = Some("".into()),
        &|request| request.grantee_principal = Some(principal(257)),
        &|request| request.grantee_principal = Some("arn:aws:iam::111122223333:user/a b".into()),
        &|request| request.retiring_principal = Some(principal(257)),
        &|request| request.retiring_principal = Some("arn:aws:iam::111122223333:user/a*".into()),
        &|request| request.operations = None,
        &|request| request.operations = Some(Vec::new()),
        &|request| request.operations = Some(vec!["encrypt".into()]),
        &|request| request.operations = Some(vec!["ReEncrypt".into()]),
        &|request| request.name = Some("".into()),
        &|request| request.name = Some(long(257)),
        &|request| request.name = Some("a b".into()),
        &|request| request.grant_tokens = Some(vec!["".into()]),
        &|request| request.grant_tokens = Some(vec![long(8193)]),
        &|request| request.grant_tokens = Some(vec!["x".into(); 11]),
    ] {
        assert_code(with(violating), "ValidationException");
    }
    world.root.create_alias("alias/a", &key.id).send().unwrap();
    assert_code(with(&|request| request.key_id = Some("alias/a".into())), "NotFoundException");
    assert_code(with(&|request| request.key_id = Some(alias_arn("alias/a").into())), "InvalidArnException");
    // A key of another account by its ARN only.
    let foreign = world.foreign_key();
    assert_code(with(&|request| request.key_id = Some(foreign.id.clone().into())), "NotFoundException");
    assert_code(with(&|request| request.key_id = Some(foreign.arn.clone().into())), "AccessDeniedException");
}

/// Spec: GRA-21
#[test]
fn create_grant_answers_with_these_exceptions() {
    let world = World::with(|builder| builder.quotas(QuotaProfile::DEFAULT.with_grants_per_key(1)));
    let (full, disabled, dying, key) = (world.key(), world.key(), world.key(), world.key());
    grant(&world, &full, &arn("u"), &["Encrypt"]);
    world.root.disable_key(&disabled.id).send().unwrap();
    world.root.schedule_key_deletion(&dying.id).send().unwrap();
    let create = |key: &str| world.root.create_grant(key.to_owned(), arn("u")).operation("Encrypt");
    assert_code(create(ABSENT).send(), "NotFoundException");
    assert_code(create(&disabled.id).send(), "DisabledException");
    assert_code(create("arn:aws:kms:us-west-2:1:key/x").send(), "InvalidArnException");
    let group = format!("arn:aws:iam::{ACCOUNT}:group/g");
    assert_code(create(&key.id).retiring_principal(group).send(), "InvalidArnException");
    assert_code(create(&key.id).grant_tokens(vec!["junk".into()]).send(), "InvalidGrantTokenException");
    assert_code(create(&full.id).send(), "LimitExceededException");
    assert_code(create(&dying.id).send(), "KMSInvalidStateException");
    let powerless = world.user(&[]);
    assert_code(powerless.create_grant(&key.id, arn("u")).operation("Encrypt").send(), "AccessDeniedException");
    assert_code(create(&key.id).operation("Sign").send(), "ValidationException");
    assert_code(create(&key.id).dry_run(true).send(), "DryRunOperationException");
    assert!(world.root.list_grants(&key.id).send().unwrap().grants.is_empty());
}

/// Spec: GRA-09
#[test]
fn names_and_constraints_are_recorded_in_clear() {
    let world = World::new();
    let key = world.key();
    let pairs = EncryptionContext::from_iter([("Department", "IT")]);
    let call = world.root.create_grant(&key.id, arn("u")).operation("Encrypt").name("for-orders");
    call.encryption_context_subset(pairs).send().unwrap();
    let record = world.last_record();
    assert_eq!(record["requestParameters"]["name"], "for-orders");
    assert_eq!(record["requestParameters"]["constraints"]["encryptionContextSubset"], json!({ "Department": "IT" }));
}

/// Spec: GRA-16
#[test]
fn one_may_grant_what_one_may_not_do() {
    let world = World::new();
    let key = world.key();
    let alice = world.user(&["kms:CreateGrant"]);
    assert!(!encrypts(&alice, &key));
    alice.create_grant(&key.id, arn("bob")).operation("Encrypt").send().unwrap();
    assert!(encrypts(&world.client(user("bob")), &key));
}

/// Spec: GRA-29
#[test]
fn nothing_but_its_constraint_limits_a_grant() {
    let model: serde_json::Value = serde_json::from_str(include_str!("../data/kms-2014-11-01.json")).unwrap();
    let members = model["shapes"]["GrantConstraints"]["members"].as_object().unwrap();
    let names: Vec<&str> = members.keys().map(String::as_str).collect();
    assert_same_set(names, ["EncryptionContextEquals", "EncryptionContextSubset", "SourceArn"]);

    let world = World::new();
    let key = world.key();
    let pairs = EncryptionContext::from_iter([("Department", "IT")]);
    let call = world.root.create_grant(&key.id, arn("u")).operation("Encrypt");
    call.encryption_context_equals(pairs).send().unwrap();
    let text = |text: &str| ConditionValue::Text(text.to_owned());
    for caller in [
        user("u"),
        user("u").source_ip("192.0.2.1".parse().unwrap()),
        user("u").vpc_endpoint("vpce-1").mfa(false),
        user("u").via_service("s3.us-west-2.amazonaws.com"),
        user("u").principal_tag("Department", "HR"),
        user("u").condition("saml:sub", text("u")).unwrap(),
    ] {
        let client = world.client(caller);
        client.encrypt(&key.id, b"x").context("Department", "IT").send().unwrap();
        assert_code(client.encrypt(&key.id, b"x").context("Department", "HR").send(), "AccessDeniedException");
    }
}

/// Spec: GRA-34, GRA-36
#[test]
fn children_outlive_their_parents_and_bound_their_own_children() {
    let world = World::new();
    let key = world.key();
    let parent = grant(&world, &key, &arn("u"), &["Encrypt", "Decrypt", "CreateGrant"]);
    let u = world.client(user("u"));
    u.create_grant(&key.id, arn("v")).operation("Encrypt").operation("CreateGrant").send().unwrap();
    world.root.revoke_grant(&key.id, &parent.grant_id).send().unwrap();

    let v = world.client(user("v"));
    assert!(!encrypts(&u, &key));
    assert!(encrypts(&v, &key));
    assert_code(v.create_grant(&key.id, arn("w")).operation("Decrypt").send(), "AccessDeniedException");
    v.create_grant(&key.id, arn("w")).operation("Encrypt").send().unwrap();
    assert!(encrypts(&world.client(user("w")), &key));
}

/// Parents that differ in their constraints are told apart by that of the child.
///
/// Spec: GRA-32, GRA-33
#[test]
fn a_child_finds_its_parent_among_many() {
    let world = World::new();
    let key = world.key();
    let context = |tenant: &str| EncryptionContext::from_iter([("app", "orders"), ("tenant", tenant)]).into_owned();
    for tenant in 0..40 {
        let call = world.root.create_grant(&key.id, arn("u")).operation("Decrypt").operation("CreateGrant");
        call.encryption_context_subset(context(&tenant.to_string())).send().unwrap();
    }
    let u = world.client(user("u"));
    let child = |context| {
        u.create_grant(&key.id, arn("v")).operation("Decrypt").encryption_context_equals(context).send().map(drop)
    };
    child(context("39")).unwrap();
    child(EncryptionContext::from_iter([("APP", "orders"), ("Tenant", "7"), ("more", "x")])).unwrap();
    assert_code(child(context("40")), "AccessDeniedException");
    assert_code(child(EncryptionContext::from_iter([("app", "orders")])), "AccessDeniedException");
}

/// Spec: GRA-42, GRA-11, GRA-58, GRA-65
#[test]
fn what_no_grant_can_give() {
    let world = World::new();
    let (key, other) = (world.key(), world.key());
    for row in operations() {
        for action in row.actions().iter().filter(|action| !action.is_grantable()) {
            let call = world.root.create_grant(&key.id, arn("u")).operation(action.policy_action().name());
            assert_code(call.send(), "ValidationException");
        }
    }
    assert!(world.root.list_grants(&key.id).send().unwrap().grants.is_empty());

    let everything = [
        "Encrypt",
        "Decrypt",
        "ReEncryptFrom",
        "ReEncryptTo",
        "GenerateDataKey",
        "DescribeKey",
        "CreateGrant",
        "RetireGrant",
    ];
    let made = grant(&world, &key, &arn("u"), &everything);
    let u = world.client(user("u"));
    u.describe_key(&key.id).send().unwrap();
    for (action, attempt) in attempts::CLASS_B_OWN {
        // A malformed document would be refused later.
        let result = match *action {
            "kms:PutKeyPolicy" => u.put_key_policy(&key.id, policy(&[delegation()])).send().map(drop),
            _ => attempt(&u, &key.id),
        };
        assert_code(result, "AccessDeniedException");
    }
    for result in [
        u.list_grants(&key.id).send().map(drop),
        u.revoke_grant(&key.id, &made.grant_id).send().map(drop),
        u.list_retirable_grants(arn("u")).send().map(drop),
        u.get_key_rotation_status(&key.id).send().map(drop),
        u.create_alias("alias/a", &key.id).send().map(drop),
        u.describe_key(&other.id).send().map(drop),
    ] {
        assert_code(result, "AccessDeniedException");
    }
    u.retire_grant().grant_token(&*made.grant_token).send().unwrap();
}

/// Spec: GRA-53, GRA-73, RUL-58
#[test]
fn a_service_shows_as_grantee_of_its_grants() {
    let world = World::new();
    let key = world.key();
    let service = "dynamodb.us-west-2.amazonaws.com";
    let integrated = world.client(Caller::account_root(ACCOUNT).unwrap().grant_is_for_aws_resource(true));
    let call = integrated.create_grant(&key.id, service).operation("Decrypt").operation("RetireGrant");
    let made = call.retiring_principal(service).send().unwrap().into_inner();
    let listed = world.root.list_grants(&key.id).send().unwrap().into_inner().grants;
    assert_eq!(listed[0].grantee_principal.as_deref(), Some(service));
    assert_eq!(listed[0].retiring_principal.as_deref(), Some(service));
    assert_eq!(listed[0].grantee_service_principal, None);
    let dynamodb = world.client(Caller::service(service, ACCOUNT).unwrap());
    let sealed = world.root.encrypt(&key.id, b"x").send().unwrap().into_inner().ciphertext_blob;
    dynamodb.decrypt(&sealed).send().unwrap();
    let other = world.client(Caller::service("s3.us-west-2.amazonaws.com", ACCOUNT).unwrap());
    assert_code(other.decrypt(&sealed).send(), "AccessDeniedException");
    dynamodb.retire_grant().grant_token(&*made.grant_token).send().unwrap();
}

fn retire(world: &World, key: &Key, caller: Caller, id: &GrantId) -> Result<(), keystead::CallError> {
    world.client(caller).retire_grant().key_id(&*key.arn).grant_id(id).send().map(drop)
}

/// Spec: GRA-60
#[test]
fn constraints_do_not_matter_for_retiring() {
    let world = World::new();
    let key = world.key();
    for retiring in ["g", "t"] {
        let pairs = EncryptionContext::from_iter([("Department", "IT")]);
        let call = world.root.create_grant(&key.id, arn("g")).operation("Encrypt").operation("RetireGrant");
        let made = call.retiring_principal(arn("t")).encryption_context_equals(pairs).send().unwrap();
        assert!(!encrypts(&world.client(user("g")), &key), "without context");
        retire(&world, &key, user(retiring), &made.grant_id).unwrap();
    }
}

/// Spec: PRM-25, GRA-57, GRA-58, GRA-59, POL-108
#[test]
fn key_policies_have_no_say_in_retiring() {
    let world = World::new();
    let say = |effect: &str| {
        json!({ "Effect": effect, "Principal": { "AWS": [arn("u"), arn("t")] },
                                     "Action": "kms:RetireGrant", "Resource": "*" })
    };
    let allowing = world.key_with_policy(&policy(&[delegation(), say("Allow")]));
    let denying = world.key_with_policy(&policy(&[delegation(), say("Deny")]));
    let make = |key: &Key| {
        let call = world.root.create_grant(&key.id, arn("g")).retiring_principal(arn("t")).operation("Encrypt");
        call.send().unwrap().into_inner().grant_id
    };
    let able = || user("u").identity_policy(&allow(&["kms:RetireGrant"], "*")).unwrap();
    let id = make(&allowing);
    assert_code(retire(&world, &allowing, user("u"), &id), "AccessDeniedException");
    retire(&world, &allowing, able(), &id).unwrap();
    retire(&world, &denying, able(), &make(&denying)).unwrap();
    retire(&world, &denying, user("t"), &make(&denying)).unwrap();
    let id = make(&denying);
    let deny = policy(&[json!({ "Effect": "Deny", "Action": "kms:RetireGrant", "Resource": "*" })]);
    assert_code(retire(&world, &denying, user("t").identity_policy(&deny).unwrap(), &id), "AccessDeniedException");
}

/// The account of the caller of CreateGrant, the owner's, and one that is to retire as a whole.
///
/// Spec: GRA-57, GRA-58, GRA-63
#[test]
fn accounts_that_may_retire() {
    const THIRD: &str = "777788889999";
    let world = World::new();
    let partner = json!({ "Effect": "Allow", "Principal": { "AWS": format!("arn:aws:iam::{OTHER}:root") },
                          "Action": "kms:CreateGrant", "Resource": "*" });
    let key = world.key_with_policy(&policy(&[delegation(), partner]));
    let issuer = world.client(Caller::account_root(OTHER).unwrap());
    let make = |retiring: String| {
        let call = issuer.create_grant(&key.arn, arn("g")).operation("Encrypt").retiring_principal(retiring);
        call.send().unwrap().into_inner().grant_id
    };
    let of = |account: &str| Caller::user(account, "u").unwrap();
    let able = |account: &str| of(account).identity_policy(&allow(&["kms:RetireGrant"], "*")).unwrap();
    let root = |account: &str| Caller::account_root(account).unwrap();
    for entitled in [root(OTHER), able(OTHER), root(ACCOUNT), able(ACCOUNT)] {
        retire(&world, &key, entitled, &make(arn("t"))).unwrap();
    }
    let id = make(arn("t"));
    for refused in [of(OTHER), of(ACCOUNT), root(THIRD), able(THIRD)] {
        assert_code(retire(&world, &key, refused, &id), "AccessDeniedException");
    }
    // To a caller without any right an unknown grant looks the same.
    let unknown: GrantId = "0".repeat(64).parse().unwrap();
    let told = |id: &GrantId| outcome(retire(&world, &key, able(THIRD), id));
    assert_eq!(told(&id), told(&unknown));

    let third = format!("arn:aws:iam::{THIRD}:root");
    retire(&world, &key, able(THIRD), &make(third.clone())).unwrap();
    retire(&world, &key, root(THIRD), &make(third.clone())).unwrap();
    assert_code(retire(&world, &key, of(THIRD), &make(third)), "AccessDeniedException");
}

/// Spec: GRA-72, POL-129
#[test]
fn resource_control_policies_bind_everything_but_retiring() {
    let world = World::new();
    let key = world.key();
    let rcp = policy(&[
        json!({ "Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*" }),
        json!({ "Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*" }),
    ]);
    let silent = policy(&[json!({ "Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*" })]);
    let open = policy(&[json!({ "Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*" })]);
    let able = || user("u").identity_policy(&allow(&["kms:RetireGrant"], "*")).unwrap();
    for level in [&rcp, &silent] {
        let under = |caller: Caller| caller.resource_control_level(&[level]).unwrap();
        let make = || {
            let call = world.root.create_grant(&key.id, arn("g")).operation("Encrypt").operation("RetireGrant");
            call.retiring_principal(arn("t")).send().unwrap().into_inner().grant_id
        };
        for entitled in [user("t"), user("g"), able(), Caller::account_root(ACCOUNT).unwrap()] {
            let id = make();
            assert!(!encrypts(&world.client(under(user("g"))), &key), "the grant does not help against the guard rail");
            retire(&world, &key, under(entitled), &id).unwrap();
        }
        let root = world.client(under(Caller::account_root(ACCOUNT).unwrap()));
        assert_code(root.describe_key(&key.id).send(), "AccessDeniedException");
    }
    // One that allows gives nothing of itself.
    let caller = user("u").resource_control_level(&[&open]).unwrap();
    assert_code(world.client(caller).describe_key(&key.id).send(), "AccessDeniedException");
    // Another guard rail does bind retiring.
    let id = grant(&world, &key, &arn("g"), &["Encrypt", "RetireGrant"]).grant_id;
    let deny = policy(&[json!({ "Effect": "Deny", "Action": "kms:*", "Resource": "*" })]);
    let caller = user("g").service_control_level(&[&deny]).unwrap();
    assert_code(retire(&world, &key, caller, &id), "AccessDeniedException");
}

/// The grant goes while the record of the call is being delivered: after authorization, before the answer.
///
/// Spec: GRA-64
#[test]
fn a_call_already_authorized_is_not_aborted() {
    let revoke: Arc<OnceLock<Box<dyn Fn() + Send + Sync>>> = Arc::default();
    let sink = {
        let revoke = Arc::clone(&revoke);
        CallbackSink::new(move |record| {
            if let (Some(revoke), "Encrypt") = (revoke.get(), &*record.event_name) {
                revoke();
            }
            Ok(())
        })
    };
    let world = World::with(|builder| builder.audit_sink(sink));
    let key = world.key();
    let id = grant(&world, &key, &arn("u"), &["Encrypt"]).grant_id;
    let (root, key_id) = (world.root.clone(), key.id.clone());
    let action = move || drop(root.revoke_grant(&key_id, &id).send());
    assert!(revoke.set(Box::new(action)).is_ok());
    let u = world.client(user("u"));
    u.encrypt(&key.id, b"x").send().unwrap();
    assert!(world.root.list_grants(&key.id).send().unwrap().grants.is_empty(), "revoked in the middle of the call");
    assert_code(u.encrypt(&key.id, b"x").send(), "AccessDeniedException");
}

/// Spec: GRA-04, GRA-06, GRA-51
#[test]
fn grants_last_until_their_key_is_gone() {
    let world = World::new();
    let key = world.key();
    let call = world.root.create_grant(&key.id, arn("g")).operation("Encrypt").retiring_principal(arn("t"));
    let token = call.send().unwrap().into_inner().grant_token;
    world.clock.advance_days(10_000);
    assert!(encrypts(&world.client(user("g")), &key), "grants do not expire");
    let listed = || world.root.list_retirable_grants(arn("t")).send().unwrap().grants.len();
    world.root.schedule_key_deletion(&key.id).pending_window_in_days(7).send().unwrap();
    assert_eq!(listed(), 1);
    world.clock.advance_days(7);
    assert_eq!(listed(), 0, "without a sweep");
    world.kms.sweep().unwrap();
    assert_eq!(listed(), 0);
    assert_code(world.client(user("t")).retire_grant().grant_token(&*token).send(), "NotFoundException");
}

/// Spec: GRA-18, GRA-61
#[test]
fn grants_can_be_removed_in_every_state() {
    let world = World::new();
    let key = world.key();
    let made: Vec<_> = (0..4).map(|_| grant(&world, &key, &arn("g"), &["Encrypt"]).grant_id).collect();
    world.root.disable_key(&key.id).send().unwrap();
    world.root.revoke_grant(&key.id, &made[0]).send().unwrap();
    retire(&world, &key, Caller::account_root(ACCOUNT).unwrap(), &made[1]).unwrap();
    world.root.schedule_key_deletion(&key.id).send().unwrap();
    world.root.revoke_grant(&key.id, &made[2]).send().unwrap();
    retire(&world, &key, Caller::account_root(ACCOUNT).unwrap(), &made[3]).unwrap();
}

/// Spec: GRA-52, GRA-49
#[test]
fn pages_hold_their_grants_while_others_are_made() {
    let world = World::new();
    let key = world.key();
    let made: Vec<_> = (0..120).map(|_| grant(&world, &key, &arn("g"), &["Encrypt"]).grant_id).collect();
    let mut seen = Vec::new();
    let mut marker: Option<String> = None;
    loop {
        let call = world.root.list_grants(&key.id);
        let call = if let Some(marker) = &marker { call.marker(marker.clone()) } else { call };
        let page = call.send().unwrap().into_inner();
        seen.extend(page.grants.iter().map(|entry| entry.grant_id));
        let Some(next) = page.next_marker else { break };
        marker = Some(next);
        world.clock.advance(std::time::Duration::from_secs(1));
        grant(&world, &key, &arn("g"), &["Decrypt"]);
    }
    let mut unique = seen.clone();
    unique.sort();
    unique.dedup();
    assert_eq!(unique.len(), seen.len(), "no grant twice");
    assert!(made.iter().all(|id| seen.contains(id)), "no grant left out");
}

/// Spec: GRA-07, GRA-49
#[test]
fn lists_show_the_key_arn_whatever_was_asked() {
    let world = World::new();
    let key = world.key();
    grant(&world, &key, &arn("g"), &["Encrypt"]);
    for asked in [&key.id, &key.arn] {
        let listed = world.root.list_grants(asked).send().unwrap();
        assert_eq!(listed.grants[0].key_id.to_string(), key.arn);
        assert_eq!(listed.grants[0].operations, [GrantOperation::Encrypt]);
    }
}

/// Spec: GRA-49, GRA-50
#[test]
fn filters_of_a_list_combine() {
    let world = World::new();
    let (key, other) = (world.key(), world.key());
    let made = grant(&world, &key, &arn("g"), &["Encrypt"]).grant_id;
    grant(&world, &key, &arn("h"), &["Encrypt"]);
    let listed = |key: &Key, grantee: Option<&str>, limit: i64| {
        let call = world.root.list_grants(&key.id).grant_id(&made).limit(limit);
        let call = if let Some(grantee) = grantee { call.grantee_principal(arn(grantee)) } else { call };
        let page = call.send().unwrap().into_inner();
        assert!(!page.truncated && page.next_marker.is_none());
        page.grants.iter().map(|entry| entry.grant_id).collect::<Vec<_>>()
    };
    assert_eq!(listed(&key, None, 1), [made]);
    assert_eq!(listed(&key, Some("g"), 50), [made]);
    assert!(listed(&key, Some("h"), 50).is_empty());
    assert!(listed(&other, None, 50).is_empty());
}

/// Spec: PRM-27, PRM-33
#[test]
fn a_dry_run_of_create_grant_checks_operations_and_parents() {
    let world = World::new();
    let key = world.key();
    let dry = |client: &Client, operation: &'static str| {
        client.create_grant(&key.id, arn("v")).operation(operation).dry_run(true).send().map(drop)
    };
    assert_code(dry(&world.root, "Encrypt"), "DryRunOperationException");
    assert_code(dry(&world.root, "Sign"), "ValidationException");
    grant(&world, &key, &arn("u"), &["Encrypt", "CreateGrant"]);
    let u = world.client(user("u"));
    assert_code(dry(&u, "Encrypt"), "DryRunOperationException");
    assert_code(dry(&u, "Decrypt"), "AccessDeniedException");
    assert_eq!(world.root.list_grants(&key.id).send().unwrap().grants.len(), 1);
}
