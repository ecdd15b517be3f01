//! Grants: the acceptance scenarios of chapter 23.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use keystead::{Caller, Client, ConditionValue, EncryptionContext, Error, GrantOperation, KeyArn, Kms, QuotaProfile};

const OWNER: &str = "111122223333";
const OTHER: &str = "444455556666";

/// An owner with a key whose policy names nobody but the account.
struct House {
    kms: Kms,
    root: Client,
    key: KeyArn,
}

impl House {
    fn new() -> Self {
        Self::with(Kms::in_memory())
    }

    fn with(kms: Kms) -> Self {
        let root = kms.client("us-west-2", Caller::account_root(OWNER).unwrap()).unwrap();
        let key = root.create_key().send().unwrap().key_metadata.arn;
        Self { kms, root, key }
    }

    fn client(&self, caller: Caller) -> Client {
        self.kms.client("us-west-2", caller).unwrap()
    }

    fn user(&self, name: &str) -> Client {
        self.client(Caller::user(OWNER, name).unwrap())
    }

    fn session(&self, account: &str) -> Caller {
        let _ = self;
        Caller::role_session(account, "R", "s").unwrap()
    }

    fn grant(&self, grantee: &str, operations: &[GrantOperation]) -> keystead::operations::CreateGrantResponse {
        let mut call = self.root.create_grant(self.key, grantee);
        for operation in operations {
            call = call.operation(operation.as_str());
        }
        call.send().unwrap().into_inner()
    }
}

fn role(account: &str) -> String {
    format!("arn:aws:iam::{account}:role/R")
}

fn user(name: &str) -> String {
    format!("arn:aws:iam::{OWNER}:user/{name}")
}

fn pairs<'a>(pairs: &[(&'a str, &'a str)]) -> EncryptionContext<'a> {
    EncryptionContext::from_iter(pairs.iter().copied())
}

fn allow(action: &str) -> String {
    format!(r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":"{action}","Resource":"*"}}}}"#)
}

fn deny(action: &str) -> String {
    format!(r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Deny","Action":"{action}","Resource":"*"}}}}"#)
}

fn code<T: std::fmt::Debug>(result: Result<T, keystead::CallError>) -> &'static str {
    result.unwrap_err().code()
}

/// Spec: GRA-01, GRA-03, GRA-37, GRA-38, POL-96
#[test]
fn a_grant_allows_its_operations_without_any_policy() {
    let house = House::new();
    house.grant(&role(OWNER), &[GrantOperation::Decrypt]);
    let blob = house.root.encrypt(house.key, b"x").send().unwrap();
    let session = house.client(house.session(OWNER));
    assert_eq!(session.decrypt(&blob.ciphertext_blob).send().unwrap().expose(), b"x");
    assert_eq!(code(session.encrypt(house.key, b"x").send()), "AccessDeniedException");
}

/// Spec: GRA-02, POL-91
#[test]
fn a_deny_defeats_a_grant() {
    let house = House::new();
    house.grant(&role(OWNER), &[GrantOperation::Encrypt]);
    let session = house.session(OWNER).identity_policy(&deny("kms:Encrypt")).unwrap();
    let error = house.client(session).encrypt(house.key, b"x").send().unwrap_err();
    assert!(error.message().ends_with("with an explicit deny in an identity-based policy"), "{error}");
}

/// Spec: GRA-25, GRA-26, GRA-27, GRA-28, RUL-67, OVR-29
#[test]
fn constraints_hold_for_the_encryption_context() {
    let house = House::new();
    let constraint = pairs(&[("Department", "IT")]);
    let both = [GrantOperation::Encrypt, GrantOperation::DescribeKey];
    for (name, exact) in [("subset", false), ("equals", true)] {
        let mut call = house.root.create_grant(house.key, user(name));
        for operation in both {
            call = call.operation(operation.as_str());
        }
        let call = if exact {
            call.encryption_context_equals(constraint.clone())
        } else {
            call.encryption_context_subset(constraint.clone())
        };
        call.send().unwrap();
    }
    let encrypt = |name: &str, context: &[(&'static str, &'static str)]| {
        let client = house.user(name);
        client.encrypt(house.key, b"x").encryption_context(pairs(context)).send().map(drop).is_ok()
    };
    assert!(encrypt("subset", &[("Department", "IT"), ("Purpose", "Test")]));
    assert!(!encrypt("equals", &[("Department", "IT"), ("Purpose", "Test")]));
    for name in ["subset", "equals"] {
        assert!(encrypt(name, &[("Department", "IT")]), "{name}");
        assert!(encrypt(name, &[("department", "IT")]), "{name}: keys ignore case");
        assert!(!encrypt(name, &[("department", "it")]), "{name}: values do not");
        assert!(!encrypt(name, &[("Department", "IT"), ("department", "HR")]), "{name}: all must fit");
        assert!(!encrypt(name, &[]), "{name}: no context");
        house.user(name).describe_key(house.key).send().unwrap();
    }
}

/// Spec: GRA-11, GRA-12, GRA-22, GRA-23
#[test]
fn unfit_operations_and_constraints_create_nothing() {
    let house = House::new();
    let call = || house.root.create_grant(house.key, user("u"));
    assert_eq!(code(call().operation("Sign").send()), "ValidationException");
    assert_eq!(code(call().operation("ScheduleKeyDeletion").send()), "ValidationException");
    assert_eq!(code(call().send()), "ValidationException");
    let keys: Vec<String> = (0..9).map(|number| number.to_string()).collect();
    let nine = EncryptionContext::from_iter(keys.iter().map(|key| (key.as_str(), "v")));
    assert_eq!(code(call().operation("Encrypt").encryption_context_subset(nine).send()), "ValidationException");
    let long = "v".repeat(385);
    let long = pairs(&[("k", &long)]).into_owned();
    assert_eq!(code(call().operation("Encrypt").encryption_context_subset(long).send()), "ValidationException");
    let (one, two) = (pairs(&[("k", "v")]), pairs(&[("k", "v")]));
    let both = call().operation("Encrypt").encryption_context_subset(one).encryption_context_equals(two);
    assert_eq!(code(both.send()), "ValidationException");
    assert!(house.root.list_grants(house.key).send().unwrap().grants.is_empty());
}

/// Spec: GRA-15, GRA-73, RUL-58, GRA-69
#[test]
fn principals_of_a_grant() {
    let house = House::new();
    let service = "dynamodb.us-west-2.amazonaws.com";
    let call = |client: &Client, grantee: &str| {
        client.create_grant(house.key, grantee.to_owned()).operation("Decrypt").send().map(drop)
    };
    for unfit in [OWNER, service, "arn:aws:iam::111122223333:group/g", "arn:aws:s3:::bucket"] {
        assert_eq!(code(call(&house.root, unfit)), "InvalidArnException", "{unfit}");
    }
    let integrated = Caller::account_root(OWNER).unwrap().grant_is_for_aws_resource(true);
    call(&house.client(integrated), service).unwrap();
    let blob = house.root.encrypt(house.key, b"x").send().unwrap();
    let caller = Caller::service(service, OWNER).unwrap();
    house.client(caller).decrypt(&blob.ciphertext_blob).send().unwrap();
}

/// Spec: GRA-69, GRA-70
#[test]
fn a_service_grant_holds_for_its_source_only() {
    let house = House::new();
    let (service, source) = ("logs.us-west-2.amazonaws.com", "arn:aws:logs:us-west-2:111122223333:log-group:g");
    let request = || {
        let mut request = keystead::operations::CreateGrant::new();
        request.key_id = Some((&house.key).into());
        request.grantee_service_principal = Some(service.into());
        request.operations = Some(vec!["Encrypt".into()]);
        house.root.call(request)
    };
    assert_eq!(code(request().send()), "ValidationException");
    request().source_arn(source).retiring_service_principal(service).send().unwrap();
    let caller = |source: &str| {
        let value = ConditionValue::Text(source.to_owned());
        house.client(Caller::service(service, OWNER).unwrap().condition("aws:SourceArn", value).unwrap())
    };
    caller(source).encrypt(house.key, b"x").send().unwrap();
    let other = "arn:aws:logs:us-west-2:111122223333:log-group:h";
    assert_eq!(code(caller(other).encrypt(house.key, b"x").send()), "AccessDeniedException");
}

/// Spec: API-125, GRA-69
#[test]
fn only_services_ask_for_the_grants_of_services() {
    let house = House::new();
    let (service, other) = ("logs.us-west-2.amazonaws.com", "s3.us-west-2.amazonaws.com");
    let source = "arn:aws:logs:us-west-2:111122223333:log-group:g";
    let create = |grantee: &'static str, source: &'static str| {
        let mut request = keystead::operations::CreateGrant::new();
        request.key_id = Some((&house.key).into());
        request.grantee_service_principal = Some(grantee.into());
        request.operations = Some(vec!["Encrypt".into(), "DescribeKey".into()]);
        house.root.call(request).source_arn(source).retiring_service_principal(grantee).send()
    };
    create(service, source).unwrap();
    create(other, source).unwrap();
    let long = |length: usize| -> &'static str {
        let start = format!("arn:aws:s3:us-west-2:{OWNER}:");
        let rest = "x".repeat(length - start.len());
        (start + &rest).leak()
    };
    create(other, long(512)).unwrap();
    assert_eq!(code(create(other, long(513))), "ValidationException");
    assert_eq!(code(create(other, "arn:aws:s3:::bucket-without-account")), "ValidationException");

    let listed = house.root.list_grants(house.key).send().unwrap().into_inner().grants;
    let of_service = listed.iter().find(|grant| grant.grantee_service_principal.as_deref() == Some(service)).unwrap();
    assert_eq!(of_service.retiring_service_principal.as_deref(), Some(service));
    assert_eq!((&of_service.grantee_principal, &of_service.retiring_principal), (&None, &None));

    let by_service = |client: &Client| {
        let listed = client.list_grants(house.key).grantee_service_principal(service).send();
        listed.map(|answer| answer.into_inner().grants.len())
    };
    assert_eq!(code(by_service(&house.root)), "AccessDeniedException");
    let policy = r#"{ "Statement": { "Effect": "Allow", "Principal": { "Service": "logs.us-west-2.amazonaws.com" },
                      "Action": "kms:ListGrants", "Resource": "*" } }"#;
    let put = house.root.put_key_policy(house.key, policy).bypass_policy_lockout_safety_check(true);
    put.send().unwrap();
    let logs = house.client(Caller::service(service, OWNER).unwrap());
    assert_eq!(by_service(&logs).unwrap(), 1);
    let retirable = |client: &Client| {
        let mut request = keystead::operations::ListRetirableGrants::new();
        request.retiring_service_principal = Some(service.into());
        client.call(request).send().map(|answer| answer.into_inner().grants.len())
    };
    assert_eq!(code(retirable(&house.root)), "AccessDeniedException");
}

/// Spec: GRA-19, GRA-20, API-070
#[test]
fn a_name_makes_retries_idempotent() {
    let house = House::new();
    let create = |name: Option<&'static str>, operations: &[&'static str]| {
        let mut call = house.root.create_grant(house.key, user("u"));
        for operation in operations {
            call = call.operation(*operation);
        }
        let call = if let Some(name) = name { call.name(name) } else { call };
        call.send().unwrap().into_inner()
    };
    let first = create(Some("n"), &["Encrypt", "Decrypt"]);
    let again = create(Some("n"), &["Decrypt", "Encrypt"]);
    assert_eq!(first.grant_id, again.grant_id);
    assert_ne!(first.grant_token, again.grant_token);
    assert_ne!(create(Some("n"), &["Encrypt"]).grant_id, first.grant_id);
    assert_ne!(create(None, &["Encrypt"]).grant_id, create(None, &["Encrypt"]).grant_id);
    assert_eq!(house.root.list_grants(house.key).send().unwrap().grants.len(), 4);
    house.root.retire_grant().grant_token(&*again.grant_token).send().unwrap();
    assert_eq!(code(house.root.retire_grant().grant_token(&*first.grant_token).send()), "NotFoundException");
}

/// Spec: GRA-30, GRA-31, GRA-32, GRA-33, GRA-34, GRA-35
#[test]
fn a_child_grant_does_not_exceed_its_parent() {
    let house = House::new();
    let parent = [GrantOperation::GenerateDataKey, GrantOperation::Decrypt, GrantOperation::CreateGrant];
    let mut call = house.root.create_grant(house.key, user("U"));
    for operation in parent {
        call = call.operation(operation.as_str());
    }
    call.encryption_context_subset(pairs(&[("Department", "IT")])).send().unwrap();
    let u = house.user("U");
    let child = |operation: &'static str| u.create_grant(house.key, user("child")).operation(operation);
    child("Decrypt").encryption_context_equals(pairs(&[("Department", "IT")])).send().unwrap();
    child("Decrypt").encryption_context_subset(pairs(&[("Department", "IT"), ("Team", "x")])).send().unwrap();
    let it = || pairs(&[("Department", "IT")]);
    assert_eq!(code(child("Encrypt").encryption_context_equals(it()).send()), "AccessDeniedException");
    assert_eq!(code(child("Decrypt").send()), "AccessDeniedException");
    let hr = pairs(&[("Department", "HR")]);
    assert_eq!(code(child("Decrypt").encryption_context_equals(hr).send()), "AccessDeniedException");

    // A policy lifts the limits.
    let caller = Caller::user(OWNER, "U").unwrap().identity_policy(&allow("kms:CreateGrant")).unwrap();
    house.client(caller).create_grant(house.key, user("child")).operation("Encrypt").send().unwrap();

    // Two parents do not add up.
    house.grant(&user("V"), &[GrantOperation::Decrypt, GrantOperation::CreateGrant]);
    house.grant(&user("V"), &[GrantOperation::Encrypt, GrantOperation::CreateGrant]);
    let both = house.user("V");
    let both = both.create_grant(house.key, user("child")).operation("Encrypt").operation("Decrypt");
    assert_eq!(code(both.send()), "AccessDeniedException");
}

/// Spec: GRA-32
#[test]
fn a_parent_with_equals_allows_only_the_same_child() {
    let house = House::new();
    let same = || pairs(&[("k", "v")]);
    let call = house.root.create_grant(house.key, user("U")).operation("Decrypt").operation("CreateGrant");
    call.encryption_context_equals(same()).send().unwrap();
    let u = house.user("U");
    let child = || u.create_grant(house.key, user("child")).operation("Decrypt");
    assert_eq!(code(child().encryption_context_subset(same()).send()), "AccessDeniedException");
    child().encryption_context_equals(same()).send().unwrap();
}

/// Spec: GRA-54, GRA-55, GRA-56, GRA-57, GRA-58, GRA-59, GRA-63
#[test]
fn who_may_retire_and_revoke() {
    let house = House::new();
    let make = |operations: &[&'static str]| {
        let mut call = house.root.create_grant(house.key, user("G")).retiring_principal(user("T"));
        for operation in operations {
            call = call.operation(*operation);
        }
        call.send().unwrap().into_inner().grant_id
    };
    let retire = |caller: Caller, id: keystead::GrantId| {
        house.client(caller).retire_grant().key_id(house.key).grant_id(&id).send().map(drop)
    };
    let is = |name: &str| Caller::user(OWNER, name).unwrap();
    let id = make(&["Decrypt"]);
    assert_eq!(code(retire(is("G"), id)), "AccessDeniedException");
    assert_eq!(code(house.user("G").revoke_grant(house.key, &id).send()), "AccessDeniedException");
    let stopped = is("T").identity_policy(&deny("kms:RetireGrant")).unwrap();
    assert_eq!(code(retire(stopped, id)), "AccessDeniedException");
    assert_eq!(code(retire(is("U"), id)), "AccessDeniedException");
    retire(is("T"), id).unwrap();
    retire(is("G"), make(&["Decrypt", "RetireGrant"])).unwrap();
    retire(Caller::account_root(OWNER).unwrap(), make(&["Decrypt"])).unwrap();
    retire(is("U").identity_policy(&allow("kms:RetireGrant")).unwrap(), make(&["Decrypt"])).unwrap();
    let outsider = Caller::user(OTHER, "U").unwrap().identity_policy(&allow("kms:RetireGrant")).unwrap();
    let id = make(&["Decrypt"]);
    assert_eq!(code(retire(outsider, id)), "AccessDeniedException");
    house.root.revoke_grant(house.key, &id).send().unwrap();
    assert_eq!(code(house.root.revoke_grant(house.key, &id).send()), "NotFoundException");
    assert_eq!(code(house.root.revoke_grant(house.key, "xyz").send()), "InvalidGrantIdException");
    assert_eq!(code(house.root.retire_grant().grant_id("xyz").send()), "ValidationException");
}

/// Spec: GRA-17, GRA-38, GRA-40, POL-96
#[test]
fn grantees_of_other_accounts() {
    let house = House::new();
    let blob = house.root.encrypt(house.key, b"x").send().unwrap();
    let foreign = || house.session(OTHER);
    house.grant(&role(OTHER), &[GrantOperation::Decrypt, GrantOperation::DescribeKey]);
    let client = house.client(foreign());
    client.decrypt(&blob.ciphertext_blob).key_id(house.key).send().unwrap();
    client.decrypt(&blob.ciphertext_blob).send().unwrap();
    client.describe_key(house.key).send().unwrap();

    let house = House::new();
    let blob = house.root.encrypt(house.key, b"x").send().unwrap();
    house.grant(&format!("arn:aws:iam::{OTHER}:root"), &[GrantOperation::Decrypt]);
    let client = house.client(foreign());
    assert_eq!(code(client.decrypt(&blob.ciphertext_blob).key_id(house.key).send()), "AccessDeniedException");
    let client = house.client(foreign().identity_policy(&allow("kms:Decrypt")).unwrap());
    client.decrypt(&blob.ciphertext_blob).key_id(house.key).send().unwrap();
}

/// Spec: GRA-43, GRA-44, GRA-45, GRA-46, GRA-47, GRA-74, RUL-59, API-028
#[test]
fn tokens_are_checked_and_add_nothing() {
    let house = House::new();
    let grant = house.grant(&user("U"), &[GrantOperation::Encrypt]);
    let token = grant.grant_token;
    let u = house.user("U");
    let encrypt = |client: &Client, token: &str| {
        let tokens: Vec<std::borrow::Cow<'_, str>> = vec![token.to_owned().into()];
        client.encrypt(house.key, b"x").grant_tokens(tokens).send().map(drop)
    };
    encrypt(&u, &token).unwrap();
    assert_eq!(code(encrypt(&house.user("V"), &token)), "AccessDeniedException");
    assert_eq!(code(encrypt(&house.root, "junk")), "InvalidGrantTokenException");
    let mut damaged = token.clone().into_bytes();
    damaged[40] = if damaged[40] == b'A' { b'B' } else { b'A' };
    let damaged = String::from_utf8(damaged).unwrap();
    assert_eq!(code(encrypt(&u, &damaged)), "InvalidGrantTokenException");
    let eleven: Vec<std::borrow::Cow<'_, str>> = vec![token.as_str().into(); 11];
    assert_eq!(code(u.encrypt(house.key, b"x").grant_tokens(eleven).send()), "ValidationException");

    house.root.retire_grant().grant_token(&*token).send().unwrap();
    assert_eq!(code(encrypt(&u, &token)), "AccessDeniedException");
    assert_eq!(code(house.user("V").retire_grant().grant_token(&*token).send()), "NotFoundException");
    assert_eq!(code(house.root.retire_grant().grant_token(&*damaged).send()), "InvalidGrantTokenException");
    let other_instance = House::new();
    assert_eq!(code(encrypt(&other_instance.root, &token)), "NotFoundException");
    let own = other_instance.root.encrypt(other_instance.key, b"x");
    assert_eq!(code(own.grant_tokens(vec![token.as_str().into()]).send()), "InvalidGrantTokenException");
}

/// Spec: GRA-07, GRA-49, GRA-50, GRA-52, API-071, API-040
#[test]
fn grants_are_listed_page_by_page() {
    let house = House::new();
    let made: Vec<_> =
        (0..120).map(|n| house.grant(&user(&format!("u{}", n % 2)), &[GrantOperation::Decrypt]).grant_id).collect();
    let mut seen = Vec::new();
    let mut marker: Option<String> = None;
    let mut sizes = Vec::new();
    loop {
        let call = house.root.list_grants(house.key);
        let call = if let Some(marker) = &marker { call.marker(marker.clone()) } else { call };
        let page = call.send().unwrap();
        sizes.push(page.grants.len());
        seen.extend(page.grants.iter().map(|entry| entry.grant_id));
        marker = page.next_marker.clone();
        if marker.is_none() {
            break;
        }
    }
    assert_eq!(sizes, [50, 50, 20]);
    let mut sorted = (made.clone(), seen.clone());
    sorted.0.sort();
    sorted.1.sort();
    assert_eq!(sorted.0, sorted.1);
    assert_eq!(house.root.list_grants(house.key).limit(101).send().unwrap().grants.len(), 100);
    assert_eq!(code(house.root.list_grants(house.key).limit(1001).send()), "ValidationException");
    let filtered = house.root.list_grants(house.key).grantee_principal(user("u1")).limit(100).send().unwrap();
    assert_eq!(filtered.grants.len(), 60);
    let one = house.root.list_grants(house.key).grant_id(&made[3]).send().unwrap();
    assert_eq!(one.grants[0].grant_id, made[3]);
    assert_eq!((one.grants[0].key_id, one.grants[0].name.as_str()), (house.key, ""));
    assert_eq!(one.grants[0].issuing_account, format!("arn:aws:iam::{OWNER}:root"));
    let unknown = "0".repeat(64);
    assert!(house.root.list_grants(house.key).grant_id(unknown).send().unwrap().grants.is_empty());
    assert_eq!(code(house.root.list_grants(house.key).grant_id("x").send()), "InvalidGrantIdException");
    let marker = house.root.list_grants(house.key).send().unwrap().next_marker.clone().unwrap();
    let misused = house.root.list_grants(house.key).grantee_principal(user("u1")).marker(marker);
    assert_eq!(code(misused.send()), "InvalidMarkerException");
}

/// Spec: GRA-51, GRA-06, GRA-04
#[test]
fn retirable_grants_of_all_accounts() {
    let house = House::new();
    let other = house.client(Caller::account_root(OTHER).unwrap());
    let foreign_key = other.create_key().send().unwrap().key_metadata.arn;
    house.root.create_grant(house.key, user("G")).retiring_principal(user("T")).operation("Decrypt").send().unwrap();
    other.create_grant(foreign_key, user("G")).retiring_principal(user("T")).operation("Decrypt").send().unwrap();
    let listed = house.root.list_retirable_grants(user("T")).send().unwrap();
    assert_eq!(listed.grants.len(), 2);
    assert_eq!(code(other.list_retirable_grants(user("T")).send()), "AccessDeniedException");
    let gone = other.schedule_key_deletion(foreign_key).pending_window_in_days(7).send();
    gone.unwrap();
    assert_eq!(house.root.list_retirable_grants(user("T")).send().unwrap().grants.len(), 2);
}

/// Spec: GRA-18, GRA-61
#[test]
fn key_states_and_grants() {
    let house = House::new();
    let id = house.grant(&user("u"), &[GrantOperation::Decrypt]).grant_id;
    let create = || house.root.create_grant(house.key, user("u")).operation("Decrypt").send().map(drop);
    house.root.disable_key(house.key).send().unwrap();
    assert_eq!(code(create()), "DisabledException");
    house.root.schedule_key_deletion(house.key).send().unwrap();
    assert_eq!(code(create()), "KMSInvalidStateException");
    house.root.revoke_grant(house.key, &id).send().unwrap();
}

/// Spec: GRA-05, QUO-08
#[test]
fn the_quota_counts_grants() {
    let house = House::with(Kms::builder().quotas(QuotaProfile::DEFAULT.with_grants_per_key(3)).build().unwrap());
    let named =
        || house.root.create_grant(house.key, user("u")).operation("Decrypt").name("n").send().unwrap().grant_id;
    let first = named();
    house.grant(&user("u"), &[GrantOperation::Decrypt]);
    house.grant(&user("u"), &[GrantOperation::Decrypt]);
    let fourth = || house.root.create_grant(house.key, user("u")).operation("Decrypt").send().map(drop);
    assert_eq!(code(fourth()), "LimitExceededException");
    let dry = house.root.create_grant(house.key, user("u")).operation("Decrypt").dry_run(true).send();
    assert_eq!(code(dry), "LimitExceededException");
    assert_eq!(named(), first);
    house.root.revoke_grant(house.key, &first).send().unwrap();
    fourth().unwrap();
}

/// Spec: GRA-39, RUL-45
#[test]
fn boundaries_limit_grants_to_roles_only() {
    let house = House::new();
    house.grant(&user("U"), &[GrantOperation::Encrypt]);
    house.grant(&role(OWNER), &[GrantOperation::Encrypt]);
    let silent = allow("s3:GetObject");
    let encrypt = |caller: Caller| house.client(caller).encrypt(house.key, b"x").send().map(drop).is_ok();
    let u = || Caller::user(OWNER, "U").unwrap();
    assert!(encrypt(u().permissions_boundary(&silent).unwrap()));
    assert!(!encrypt(house.session(OWNER).permissions_boundary(&silent).unwrap()));
    assert!(!encrypt(u().permissions_boundary(&deny("kms:Encrypt")).unwrap()));
}

/// Spec: GRA-41, PRM-19
#[test]
fn the_halves_of_re_encrypt_may_come_from_different_sources() {
    let house = House::new();
    let second = house.root.create_key().send().unwrap().key_metadata.arn;
    house.grant(&user("U"), &[GrantOperation::ReEncryptFrom]);
    house.root.create_grant(second, user("U")).operation("ReEncryptTo").send().unwrap();
    let u = house.user("U");
    let first = house.root.encrypt(house.key, b"x").send().unwrap();
    u.re_encrypt(&first.ciphertext_blob, second).send().unwrap();
    let back = house.root.encrypt(second, b"x").send().unwrap();
    assert_eq!(code(u.re_encrypt(&back.ciphertext_blob, house.key).send()), "AccessDeniedException");
}

/// Spec: GRA-08, GRA-66, AUD-17
#[test]
fn records_show_the_grant_and_never_the_token() {
    let house = House::new();
    let call = house.root.create_grant(house.key, user("U")).operation("Decrypt").name("n");
    let made = call.encryption_context_equals(pairs(&[("k", "v")])).send().unwrap().into_inner();
    house.root.retire_grant().grant_token(&*made.grant_token).send().unwrap();
    let trail = house.kms.audit_trail();
    let [.., created, retired] = trail.as_slice() else { panic!("two records") };
    let created: serde_json::Value = serde_json::from_str(&created.to_json()).unwrap();
    assert_eq!(created["requestParameters"]["constraints"]["encryptionContextEquals"]["k"], "v");
    assert_eq!(created["responseElements"]["grantId"], made.grant_id.to_string());
    let retired: serde_json::Value = serde_json::from_str(&retired.to_json()).unwrap();
    assert_eq!(retired["additionalEventData"]["grantId"], made.grant_id.to_string());
    assert_eq!(retired["resources"][0]["ARN"], house.key.to_string());
    assert!(retired["requestParameters"].is_null());
    assert!(trail.iter().all(|record| !record.to_json().contains(&made.grant_token)));
    let _: fn(&Error) -> &str = Error::message;
}

/// Spec: GRA-71, API-032, PRM-30
#[test]
fn dry_runs_leave_grants_alone() {
    let house = House::new();
    let dry = house.root.create_grant(house.key, user("U")).operation("Decrypt").dry_run(true).send();
    assert_eq!(code(dry), "DryRunOperationException");
    assert!(house.root.list_grants(house.key).send().unwrap().grants.is_empty());
    let id = house.grant(&user("U"), &[GrantOperation::Decrypt]).grant_id;
    assert_eq!(code(house.root.revoke_grant(house.key, &id).dry_run(true).send()), "DryRunOperationException");
    let retire = house.root.retire_grant().key_id(house.key).grant_id(&id).dry_run(true);
    assert_eq!(code(retire.send()), "DryRunOperationException");
    assert_eq!(house.root.list_grants(house.key).send().unwrap().grants.len(), 1);
}
