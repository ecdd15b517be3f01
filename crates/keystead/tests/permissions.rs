//! Who is asked and what is seen: the facade's part of chapter 21, and chapter 24.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use keystead::templates::{AWS_KEY_MANAGEMENT_SERVICE_POWER_USER, KeyPolicyBuilder, KeyPolicyTemplate as Template};
use keystead::{CallError, Caller, CallerError, Client, ConditionValue, Partition, Timestamp};
use serde_json::{Value, json};
use support::*;

fn bob() -> Caller {
    Caller::user(ACCOUNT, "bob").unwrap()
}

fn bob_arn() -> String {
    format!("arn:aws:iam::{ACCOUNT}:user/bob")
}

/// A statement for bob, with other members than usual.
fn statement(members: Value) -> Value {
    let mut statement =
        json!({ "Effect": "Allow", "Principal": { "AWS": bob_arn() }, "Action": "kms:Encrypt", "Resource": "*" });
    for (name, value) in members.as_object().unwrap() {
        statement[name] = value.clone();
    }
    statement
}

fn encrypt(client: &Client, key: &Key) -> Result<(), CallError> {
    client.encrypt(&key.arn, b"x").context("app", "orders").send().map(drop)
}

/// Every part of what a host states about a caller decides alone whether the call passes.
///
/// Spec: POL-02
#[test]
fn the_host_states_the_caller_and_the_library_the_key_and_the_request() {
    let world = World::new();
    let key = world.key_with_policy(&policy(&[delegation()]));
    world.root.tag_resource(&key.id).tag("team", "orders").send().unwrap();
    world.root.create_alias("alias/orders", &key.id).send().unwrap();
    let issued = Timestamp::from_millis(1_767_225_600_000).unwrap();
    let conditions = json!({
        "StringEquals": {
            // Of the host.
            "aws:PrincipalTag/team": "orders",
            "aws:SourceVpce": "vpce-1",
            "aws:UserAgent": "tests",
            "saml:sub": "bob",
            "kms:ViaService": "s3.us-west-2.amazonaws.com",
            // Of the library.
            "aws:ResourceTag/team": "orders",
            "kms:EncryptionContext:app": "orders",
            "kms:KeySpec": "SYMMETRIC_DEFAULT",
            "kms:CallerAccount": ACCOUNT,
            "aws:RequestedRegion": REGION,
            "aws:username": "bob",
        },
        "ForAnyValue:StringEquals": { "kms:ResourceAliases": "alias/orders" },
        "Bool": { "aws:MultiFactorAuthPresent": "true" },
        "DateEquals": { "aws:TokenIssueTime": START, "aws:CurrentTime": START },
    });
    let identity =
        policy(&[json!({ "Effect": "Allow", "Action": "kms:Encrypt", "Resource": "*", "Condition": conditions })]);
    let anything = policy(&[json!({ "Effect": "Allow", "Action": "*", "Resource": "*" })]);
    let anyone = policy(&[json!({ "Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*" })]);
    let other = allow(&["kms:DescribeKey"], "*");
    let other_anyone =
        policy(&[json!({ "Effect": "Allow", "Principal": "*", "Action": "kms:DescribeKey", "Resource": "*" })]);

    type Part<'p> = Box<dyn Fn(Caller) -> Caller + 'p>;
    let text = |text: &str| ConditionValue::Text(text.to_owned());
    let parts: [(Part<'_>, Part<'_>); 11] = [
        (Box::new(|it| it.identity_policy(&identity).unwrap()), Box::new(|it| it)),
        (
            Box::new(|it| it.permissions_boundary(&anything).unwrap()),
            Box::new(|it| it.permissions_boundary(&other).unwrap()),
        ),
        (
            Box::new(|it| it.service_control_level(&[&anything]).unwrap()),
            Box::new(|it| it.service_control_level(&[&other]).unwrap()),
        ),
        (
            Box::new(|it| it.resource_control_level(&[&anyone]).unwrap()),
            Box::new(|it| it.resource_control_level(&[&other_anyone]).unwrap()),
        ),
        (
            Box::new(|it| it.endpoint_policy(&anyone).unwrap()),
            Box::new(|it| it.endpoint_policy(&other_anyone).unwrap()),
        ),
        (Box::new(|it| it.principal_tag("team", "orders")), Box::new(|it| it.principal_tag("team", "sales"))),
        (Box::new(|it| it.vpc_endpoint("vpce-1").user_agent("tests")), Box::new(|it| it.vpc_endpoint("vpce-1"))),
        (Box::new(|it| it.condition("saml:sub", text("bob")).unwrap()), Box::new(|it| it)),
        (Box::new(|it| it.via_service("s3.us-west-2.amazonaws.com")), Box::new(|it| it)),
        (Box::new(|it| it.mfa(true)), Box::new(|it| it.mfa(false))),
        (Box::new(|it| it.token_issued(issued)), Box::new(|it| it)),
    ];
    let stated = |wrong: Option<usize>| {
        let parts = parts.iter().enumerate();
        parts.fold(bob(), |caller, (at, (right, other))| if wrong == Some(at) { other(caller) } else { right(caller) })
    };
    encrypt(&world.client(stated(None)), &key).unwrap();
    for wrong in 0..parts.len() {
        assert_code(encrypt(&world.client(stated(Some(wrong))), &key), "AccessDeniedException");
    }
    // What the library knows changes with key and request, not with the caller.
    world.root.untag_resource(&key.id).tag_key("team").send().unwrap();
    assert_code(encrypt(&world.client(stated(None)), &key), "AccessDeniedException");
}

/// Spec: POL-03
#[test]
fn what_the_library_derives_cannot_be_stated() {
    let value = || ConditionValue::Text("x".to_owned());
    for owned in [
        "kms:CallerAccount",
        "kms:KeySpec",
        "KMS:keyspec",
        "kms:EncryptionContext:app",
        "kms:EncryptionContextKeys",
        "kms:GrantIsForAWSResource",
        "kms:ViaService",
        "kms:RecipientAttestation:ImageSha384",
        "kms:SomethingNew",
        "aws:ResourceTag/team",
        "AWS:resourcetag/Team",
        "aws:RequestTag/team",
        "aws:TagKeys",
        "aws:ResourceAccount",
        "aws:RequestedRegion",
        "aws:CurrentTime",
        "aws:EpochTime",
    ] {
        let refused = bob().condition(owned, value());
        assert!(matches!(refused, Err(CallerError::OwnedKey(name)) if name == owned), "{owned}");
    }

    // Nor does a map of the caller's become such a key.
    let world = World::new();
    let fooled = |name: &str, value: &str| {
        let condition = json!({ "StringEquals": { name: value } });
        let key = world.key_with_policy(&policy(&[delegation(), statement(json!({ "Condition": condition }))]));
        let client = world.client(bob());
        client.encrypt(&key.id, b"x").context(name, value).send().is_ok()
    };
    for name in ["kms:ViaService", "aws:SourceVpce", "aws:PrincipalTag/team", "kms:EncryptionContext:team", "saml:sub"]
    {
        assert!(!fooled(name, "x"), "{name}");
    }
    assert!(fooled("kms:CallerAccount", ACCOUNT), "the account is the caller's own");
}

/// Spec: POL-06, POL-07, POL-72
#[test]
fn kinds_of_principals_are_told_apart() {
    let world = World::new();
    let service = "ses.amazonaws.com";
    let aws = |path: &str| json!({ "AWS": format!("arn:aws:{path}") });
    let kinds: [(Caller, Value, String); 5] = [
        (Caller::account_root(ACCOUNT).unwrap(), aws(&format!("iam::{ACCOUNT}:root")), format!("iam::{ACCOUNT}:root")),
        (
            Caller::user(ACCOUNT, "team/n").unwrap(),
            aws(&format!("iam::{ACCOUNT}:user/team/n")),
            format!("iam::{ACCOUNT}:user/team/n"),
        ),
        (
            Caller::role_session(ACCOUNT, "team/n", "s").unwrap(),
            aws(&format!("iam::{ACCOUNT}:role/team/n")),
            format!("sts::{ACCOUNT}:assumed-role/n/s"),
        ),
        (
            Caller::federated_user(ACCOUNT, "n").unwrap(),
            aws(&format!("sts::{ACCOUNT}:federated-user/n")),
            format!("sts::{ACCOUNT}:federated-user/n"),
        ),
        (Caller::service(service, ACCOUNT).unwrap(), json!({ "Service": service }), service.to_owned()),
    ];
    for (at, (_, principal, _)) in kinds.iter().enumerate() {
        let key = world.key_with_policy(&policy(&[statement(json!({ "Principal": principal }))]));
        for (other, (caller, _, arn)) in kinds.iter().enumerate() {
            let client = world.client(caller.clone());
            let shown = if arn == service { arn.clone() } else { format!("arn:aws:{arn}") };
            assert_eq!(client.caller_arn(), shown);
            assert_eq!(encrypt(&client, &key).is_ok(), at == other, "{arn} and {principal}");
        }
    }
}

/// Spec: POL-06
#[test]
fn a_group_is_no_principal_but_lends_its_policies() {
    let world = World::new();
    let group = json!({ "AWS": format!("arn:aws:iam::{ACCOUNT}:group/g") });
    let document = policy(&[delegation(), statement(json!({ "Principal": group }))]);
    assert_code(world.root.create_key().policy(document).send(), "MalformedPolicyDocumentException");
    let key = world.key();
    let own = bob().identity_policy(&allow(&["kms:DescribeKey"], "*")).unwrap();
    assert_code(encrypt(&world.client(own.clone()), &key), "AccessDeniedException");
    let with_group = own.identity_policy(&allow(&["kms:Encrypt"], "*")).unwrap();
    encrypt(&world.client(with_group), &key).unwrap();
}

/// Spec: POL-09
#[test]
fn keys_and_aliases_are_resources_of_their_own() {
    let world = World::new();
    let key = world.key();
    let resources = |explanation: keystead::CallExplanation| -> Vec<String> {
        explanation.claims.into_iter().map(|claim| claim.resource).collect()
    };
    let alias = alias_arn("alias/a");
    let create = world.root.create_alias("alias/a", &key.id);
    assert_eq!(resources(create.explain().unwrap()), [&alias, &key.arn].map(String::as_str));
    create.send().unwrap();
    for name in [&key.id, &key.arn, &alias, "alias/a"] {
        assert_eq!(resources(world.root.describe_key(name).explain().unwrap()), [key.arn.as_str()]);
    }
    let account = format!("arn:aws:kms:{REGION}:{ACCOUNT}:*");
    assert_eq!(resources(world.root.list_keys().explain().unwrap()), [account.as_str()]);

    // What is said of the one does not hold for the other.
    let of = |resource: &str| world.client(bob().identity_policy(&allow(&["kms:*"], resource)).unwrap());
    assert_code(of(&alias).describe_key("alias/a").send(), "AccessDeniedException");
    assert_code(of(&key.arn).delete_alias("alias/a").send(), "AccessDeniedException");
    of(&key.arn).describe_key("alias/a").send().unwrap();
}

/// Spec: POL-20
#[test]
fn a_condition_is_an_object_of_operators_of_keys() {
    let world = World::new();
    let put = |condition: Value| {
        let key = world.key();
        let document = policy(&[delegation(), statement(json!({ "Condition": condition }))]);
        world.root.put_key_policy(&key.id, document).send().map(|_| key)
    };
    let client = world.client(bob());
    let passes = |condition: Value| encrypt(&client, &put(condition).unwrap()).is_ok();
    assert!(encrypt(&client, &world.key_with_policy(&policy(&[statement(json!({}))]))).is_ok(), "optional");
    assert!(passes(json!({ "StringEquals": { "kms:EncryptionContext:app": "orders" } })));
    assert!(passes(json!({ "StringEquals": { "kms:EncryptionContext:app": ["sales", "orders"] } })));
    assert!(!passes(json!({ "StringEquals": { "kms:EncryptionContext:app": ["sales"] } })));
    assert!(!passes(json!({
        "StringEquals": { "kms:EncryptionContext:app": "orders", "kms:ViaService": "x" }
    })));
    assert!(!passes(json!({
        "StringEquals": { "kms:EncryptionContext:app": "orders" }, "Bool": { "aws:MultiFactorAuthPresent": "true" }
    })));
    for malformed in [
        json!([]),
        json!("StringEquals"),
        json!({ "StringEquals": "orders" }),
        json!({ "StringEquals": ["orders"] }),
        json!({ "StringEquals": { "kms:EncryptionContext:app": { "a": "b" } } }),
        json!({ "Equals": { "kms:EncryptionContext:app": "orders" } }),
    ] {
        assert_code(put(malformed), "MalformedPolicyDocumentException");
    }
}

/// Spec: POL-37, POL-36
#[test]
fn what_a_policy_cannot_write_is_said_otherwise() {
    let world = World::new();
    let key = world.key();
    let conditioned = |condition: Value| policy(&[delegation(), statement(json!({ "Condition": condition }))]);
    for inexpressible in [
        json!({ "StringEquals": { "kms:EncryptionContext:app": "ключ" } }),
        json!({ "StringEquals": { "kms:EncryptionContext:ключ": "x" } }),
        json!({ "ArnEquals": { "aws:SourceArn": "arn:aws:logs:us-west-2:111122223333:log-group:журнал" } }),
    ] {
        let call = world.root.put_key_policy(&key.id, conditioned(inexpressible));
        assert_code(call.send(), "ValidationException");
    }

    // The account of the source for its ARN, the key of the pair for its value.
    let service = "logs.us-west-2.amazonaws.com";
    let of_account = json!({ "Principal": { "Service": service },
                             "Condition": { "StringEquals": { "aws:SourceAccount": ACCOUNT } } });
    let of_key = json!({ "Condition": { "ForAnyValue:StringEquals": { "kms:EncryptionContextKeys": "app" } } });
    let document = policy(&[delegation(), statement(of_account), statement(of_key)]);
    world.root.put_key_policy(&key.id, document).send().unwrap();
    let calling = |account: &str| {
        let text = |text: &str| ConditionValue::Text(text.to_owned());
        let source = format!("arn:aws:logs:us-west-2:{account}:log-group:журнал");
        let caller = Caller::service(service, ACCOUNT).unwrap().condition("aws:SourceArn", text(&source)).unwrap();
        world.client(caller.condition("aws:SourceAccount", text(account)).unwrap())
    };
    encrypt(&calling(ACCOUNT), &key).unwrap();
    assert_code(encrypt(&calling(OTHER), &key), "AccessDeniedException");
    let client = world.client(bob());
    client.encrypt(&key.id, b"x").context("app", "ключ").send().unwrap();
    assert_code(client.encrypt(&key.id, b"x").context("ключ", "app").send(), "AccessDeniedException");
}

/// Spec: POL-104
#[test]
fn through_a_service_the_principal_still_needs_the_permission() {
    let world = World::new();
    let key = world.key();
    let through = |caller: Caller| world.client(caller.via_service("s3.us-west-2.amazonaws.com"));
    assert_code(encrypt(&through(bob()), &key), "AccessDeniedException");
    let able = bob().identity_policy(&allow(&["kms:Encrypt"], "*")).unwrap();
    encrypt(&through(able), &key).unwrap();
    // That the service itself may use the key does not help its user.
    let service = json!({ "Principal": { "Service": "s3.us-west-2.amazonaws.com" } });
    let key = world.key_with_policy(&policy(&[delegation(), statement(service)]));
    assert_code(encrypt(&through(bob()), &key), "AccessDeniedException");
}

/// Spec: POL-112, POL-109
#[test]
fn a_refusal_by_the_endpoint_is_recorded_like_any_other() {
    let world = World::new();
    let key = world.key();
    let document =
        policy(&[json!({ "Effect": "Allow", "Principal": "*", "Action": "kms:DescribeKey", "Resource": "*" })]);
    let able = bob().identity_policy(&allow(&["kms:*"], "*")).unwrap().vpc_endpoint("vpce-1a2b3c4d");
    let client = world.client(able.endpoint_policy(&document).unwrap());
    assert_code(encrypt(&client, &key), "AccessDeniedException");
    let record = world.last_record();
    assert_eq!(record["eventName"], "Encrypt");
    assert_eq!(record["errorCode"], "AccessDenied");
    assert_eq!(record["vpcEndpointId"], "vpce-1a2b3c4d");
    client.describe_key(&key.id).send().unwrap();
    assert_eq!(world.last_record()["vpcEndpointId"], "vpce-1a2b3c4d");
    assert!(world.last_record()["errorCode"].is_null());
}

/// Spec: POL-131, PRM-14
#[test]
fn creating_a_key_takes_up_to_three_permissions() {
    let world = World::new();
    let able = |actions: &[&str]| world.client(bob().identity_policy(&allow(actions, "*")).unwrap());
    assert_code(able(&["kms:TagResource", "kms:PutKeyPolicy"]).create_key().send(), "AccessDeniedException");
    able(&["kms:CreateKey"]).create_key().send().unwrap();
    assert_code(able(&["kms:CreateKey"]).create_key().tag("a", "b").send(), "AccessDeniedException");
    able(&["kms:CreateKey", "kms:TagResource"]).create_key().tag("a", "b").send().unwrap();
    let own = || policy(&[delegation()]);
    let refused = able(&["kms:CreateKey"]).create_key().policy(own()).send();
    assert_code(refused, "MalformedPolicyDocumentException");
    able(&["kms:CreateKey", "kms:PutKeyPolicy"]).create_key().policy(own()).send().unwrap();
}

/// Spec: POL-128
#[test]
fn the_power_user_sees_names_and_tags_but_uses_nothing() {
    let document: Value = serde_json::from_str(AWS_KEY_MANAGEMENT_SERVICE_POWER_USER).unwrap();
    let actions = document["Statement"][0]["Action"].as_array().unwrap();
    assert_same_set(
        actions.iter().map(|action| action.as_str().unwrap()).filter(|action| action.starts_with("kms:")),
        [
            "kms:CreateAlias",
            "kms:CreateKey",
            "kms:DeleteAlias",
            "kms:Describe*",
            "kms:GenerateRandom",
            "kms:Get*",
            "kms:List*",
            "kms:TagResource",
            "kms:UntagResource",
        ],
    );
    let world = World::new();
    let power = world.client(bob().identity_policy(AWS_KEY_MANAGEMENT_SERVICE_POWER_USER).unwrap());
    let key = Key::of(power.create_key().tag("a", "b").send().unwrap().key_metadata.arn);
    power.create_alias("alias/a", &key.id).send().unwrap();
    power.describe_key("alias/a").send().unwrap();
    power.get_key_policy(&key.id).send().unwrap();
    power.list_grants(&key.id).send().unwrap();
    power.untag_resource(&key.id).tag_key("a").send().unwrap();
    power.generate_random(1).send().unwrap();
    power.delete_alias("alias/a").send().unwrap();
    assert_code(encrypt(&power, &key), "AccessDeniedException");
    assert_code(power.disable_key(&key.id).send(), "AccessDeniedException");
    let call = power.create_grant(&key.id, bob_arn()).operation("Encrypt");
    assert_code(call.send(), "AccessDeniedException");
    // It names no principal.
    let call = world.root.put_key_policy(&key.id, AWS_KEY_MANAGEMENT_SERVICE_POWER_USER);
    assert_code(call.send(), "MalformedPolicyDocumentException");
}

/// Spec: POL-79, MRK-74
#[test]
fn templates_write_the_statements_of_the_console() {
    // The first column of the table, and what its second column lists.
    let table: &[(&[Template], &[&str])] = &[
        (
            &[Template::KeyAdministrators],
            &[
                "kms:Create*",
                "kms:Describe*",
                "kms:Enable*",
                "kms:List*",
                "kms:Put*",
                "kms:Update*",
                "kms:Revoke*",
                "kms:Disable*",
                "kms:Get*",
                "kms:Delete*",
                "kms:TagResource",
                "kms:UntagResource",
            ],
        ),
        (&[Template::KeyDeletion], &["kms:ScheduleKeyDeletion", "kms:CancelKeyDeletion"]),
        (&[Template::OnDemandRotation], &["kms:RotateKeyOnDemand"]),
        (&[Template::ImportedMaterial], &["kms:ImportKeyMaterial"]),
        (&[Template::MultiRegionKeys], &["kms:ReplicateKey", "kms:UpdatePrimaryRegion"]),
        (
            &[Template::SymmetricEncryptionUsers],
            &["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"],
        ),
        (&[Template::HmacUsers], &["kms:DescribeKey", "kms:GenerateMac", "kms:VerifyMac"]),
        (
            &[Template::AsymmetricEncryptionUsers],
            &["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:DescribeKey", "kms:GetPublicKey"],
        ),
        (&[Template::AsymmetricSigningUsers], &["kms:DescribeKey", "kms:GetPublicKey", "kms:Sign", "kms:Verify"]),
        (&[Template::GrantsThroughServices], &["kms:CreateGrant", "kms:ListGrants", "kms:RevokeGrant"]),
        (
            &[Template::KeyDeletion, Template::MultiRegionKeys],
            &["kms:ScheduleKeyDeletion", "kms:CancelKeyDeletion", "kms:ReplicateKey", "kms:UpdatePrimaryRegion"],
        ),
    ];
    let builder = || KeyPolicyBuilder::new(Partition::AWS, ACCOUNT.parse().unwrap());
    for (templates, actions) in table {
        let document: Value = serde_json::from_str(&builder().allow([bob_arn()], templates).build()).unwrap();
        let statements = document["Statement"].as_array().unwrap();
        assert_eq!(statements.len(), 2);
        assert_eq!(statements[0]["Principal"]["AWS"], json!([format!("arn:aws:iam::{ACCOUNT}:root")]));
        assert_eq!(statements[0]["Action"], json!(["kms:*"]));
        assert_eq!(statements[1]["Principal"]["AWS"], json!([bob_arn()]));
        assert_eq!(statements[1]["Action"], json!(actions), "{templates:?}");
        let conditioned = json!({ "Bool": { "kms:GrantIsForAWSResource": "true" } });
        let expected = if templates[0] == Template::GrantsThroughServices { conditioned } else { Value::Null };
        assert_eq!(statements[1]["Condition"], expected);
    }

    let world = World::new();
    let everything = builder()
        .allow([bob_arn()], &[Template::KeyAdministrators, Template::KeyDeletion])
        .allow([format!("arn:aws:iam::{ACCOUNT}:role/app")], &[Template::SymmetricEncryptionUsers])
        .allow([format!("arn:aws:iam::{ACCOUNT}:role/app")], &[Template::GrantsThroughServices])
        .build();
    let key = Key::of(world.root.create_key().policy(everything).send().unwrap().key_metadata.arn);
    let (admin, session) = (world.client(bob()), Caller::role_session(ACCOUNT, "app", "s").unwrap());
    assert_code(encrypt(&admin, &key), "AccessDeniedException");
    admin.disable_key(&key.id).send().unwrap();
    admin.enable_key(&key.id).send().unwrap();
    encrypt(&world.client(session.clone()), &key).unwrap();
    let grant =
        |caller: Caller| world.client(caller).create_grant(&key.id, bob_arn()).operation("Encrypt").send().map(drop);
    assert_code(grant(session.clone()), "AccessDeniedException");
    grant(session.grant_is_for_aws_resource(true)).unwrap();
    encrypt(&admin, &key).unwrap();
}

/// Spec: POL-105, PRM-01, PRM-10
#[test]
fn a_deny_in_a_key_policy_reaches_no_request_without_key() {
    let world = World::new();
    let deny =
        json!({ "Effect": "Deny", "Principal": "*", "Action": ["kms:ListKeys", "kms:CreateKey", "kms:ListAliases"] });
    world.key_with_policy(&policy(&[delegation(), statement(deny)]));
    world.root.list_keys().send().unwrap();
    world.root.list_aliases().send().unwrap();
    world.root.create_key().send().unwrap();
}

/// The fallback of a dry run is the same as that of the call, and nothing of it stays.
///
/// Spec: PRM-28, PRM-30, PRM-32
#[test]
fn a_dry_run_of_encrypt_answers_like_the_call() {
    let world = World::new();
    let key = world.key();
    let able = world.user(&["kms:Encrypt"]);
    let dry = |client: &Client, bytes: usize| client.encrypt(&key.id, vec![7; bytes]).dry_run(true).send();
    assert_refused(
        dry(&able, 10),
        "DryRunOperationException",
        "The request would have succeeded, but the DryRun option is set.",
    );
    let record = world.last_record();
    assert_eq!(record["errorCode"], "DryRunOperationException");
    assert_eq!(record["requestParameters"]["dryRun"], true);
    assert_code(dry(&world.user(&[]), 10), "AccessDeniedException");
    assert_code(dry(&able, 4097), "ValidationException");
    world.root.disable_key(&key.id).send().unwrap();
    assert_code(dry(&able, 10), "DisabledException");
}
