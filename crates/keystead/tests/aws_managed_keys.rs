//! AWS managed keys: registered by the host, made by the first DescribeKey, used through their service, changed by nobody.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;
mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use common::{records, root_key};
use keystead::operations::KeyMetadata;
use keystead::store::{Range, Store};
use keystead::{
    AwsManagedKey, CallError, CallbackSink, Caller, Client, EventKind, KeyFamily, Kms, ManualClock, QuotaProfile, Rate,
    RequestQuota, SinkError,
};
use keystead_memory::MemoryStore;
use serde_json::{Value, json};
use support::*;

const ALIAS: &str = "alias/aws/s3";
const VIA: &str = "s3.us-west-2.amazonaws.com";

fn register(kms: &Kms, key: impl Into<AwsManagedKey>) {
    kms.register_aws_managed_key(key, REGION.parse().unwrap(), ACCOUNT.parse().unwrap()).unwrap();
}

/// A world in which the root of [`ACCOUNT`] has made the key of S3.
fn world_with_key() -> (World, KeyMetadata) {
    let world = World::new();
    register(&world.kms, "s3");
    let key = describe(&world.root, ALIAS).unwrap();
    (world, key)
}

fn describe(client: &Client, name: &str) -> Result<KeyMetadata, CallError> {
    client.describe_key(name).send().map(|answer| answer.into_inner().key_metadata)
}

/// A user of [`ACCOUNT`] on whose behalf S3 calls; its identity policies do not speak of KMS.
fn through_s3(world: &World) -> Client {
    world.client(Caller::user(ACCOUNT, "alice").unwrap().via_service(VIA))
}

fn aliases(client: &Client) -> Vec<(String, Option<String>)> {
    let listed = client.list_aliases().send().unwrap().into_inner().aliases;
    listed.iter().map(|entry| (entry.alias_name.to_string(), entry.target_key_id.map(|id| id.to_string()))).collect()
}

/// Spec: KEY-10, KEY-51, KEY-63, API-055, API-067
#[test]
fn a_registration_makes_an_alias_without_target_and_nothing_else() {
    let world = World::new();
    assert_eq!(aliases(&world.root), [], "an instance with no registrations has no AWS aliases");
    register(&world.kms, "s3");
    assert_eq!(aliases(&world.root), [(ALIAS.to_owned(), None)]);
    let entry = world.root.list_aliases().send().unwrap().aliases[0].clone();
    assert_eq!(entry.alias_arn.to_string(), alias_arn(ALIAS));
    assert!(world.root.list_keys().send().unwrap().keys.is_empty());
    // In this account and Region alone.
    assert_eq!(aliases(&world.foreign_root()), []);
    let elsewhere = world.kms.client("eu-west-1", Caller::account_root(ACCOUNT).unwrap()).unwrap();
    assert_eq!(aliases(&elsewhere), []);
    // Again: nothing changes.
    register(&world.kms, "s3");
    assert_eq!(world.root.list_aliases().send().unwrap().aliases, [entry]);
}

/// Spec: KEY-10, RUL-24, API-024, API-055
#[test]
fn the_first_description_by_alias_makes_the_key() {
    for name in [ALIAS.to_owned(), alias_arn(ALIAS)] {
        let world = World::new();
        register(&world.kms, "s3");
        world.clock.advance_days(3);
        let key = describe(&world.root, &name).unwrap();
        let (state, manager, spec) = (key.key_state.as_str(), key.key_manager.as_str(), key.key_spec.as_str());
        assert_eq!((state, manager, spec), ("Enabled", "AWS", "SYMMETRIC_DEFAULT"));
        assert_eq!((key.origin.as_str(), key.key_usage.as_str()), ("AWS_KMS", "ENCRYPT_DECRYPT"));
        assert_eq!(key.creation_date.to_string(), "2026-01-04T00:00:00Z");
        assert!(!key.multi_region && key.enabled);
        assert_eq!(describe(&world.root, &name).unwrap(), key, "there is one key from now on");
        assert_eq!(aliases(&world.root), [(ALIAS.to_owned(), Some(key.key_id.to_string()))]);
        let listed = world.root.list_keys().send().unwrap().into_inner().keys;
        assert_eq!(listed.iter().map(|entry| entry.key_id).collect::<Vec<_>>(), [key.key_id]);
        let entry = world.root.list_aliases().key_id(key.key_id).send().unwrap().aliases[0].clone();
        assert_eq!(entry.creation_date.unwrap().to_string(), START);
        assert_eq!(entry.last_updated_date, Some(key.creation_date));
    }
}

/// Every other use of the alias, and every other caller, finds nothing.
///
/// Spec: RUL-24, API-024, KEY-10
#[test]
fn nothing_else_makes_the_key() {
    let world = World::new();
    register(&world.kms, "s3");
    let missing = format!("Alias {} is not found.", alias_arn(ALIAS));
    let root = &world.root;
    let uses: [(&str, Result<(), CallError>); 9] = [
        ("Encrypt", root.encrypt(ALIAS, b"x").send().map(drop)),
        ("Encrypt through the service", through_s3(&world).encrypt(ALIAS, b"x").send().map(drop)),
        ("GenerateDataKey", root.generate_data_key(ALIAS).key_spec("AES_256").send().map(drop)),
        ("GetPublicKey", root.get_public_key(ALIAS).send().map(drop)),
        ("Sign", root.sign(ALIAS, b"x").signing_algorithm("ECDSA_SHA_256").send().map(drop)),
        (
            "DescribeKey of another service",
            root.describe_key("alias/aws/ebs").send().map(drop).map_err(|error| {
                assert_eq!(error.message(), format!("Alias {} is not found.", alias_arn("alias/aws/ebs")));
                root.describe_key("alias/aws/s4").send().unwrap_err()
            }),
        ),
        ("DescribeKey without permission", world.user(&[]).describe_key(ALIAS).send().map(drop)),
        ("DescribeKey through the service", through_s3(&world).describe_key(ALIAS).send().map(drop)),
        (
            "DescribeKey by a service",
            world.client(Caller::service("s3.amazonaws.com", ACCOUNT).unwrap()).describe_key(ALIAS).send().map(drop),
        ),
    ];
    for (what, result) in uses {
        let error = refusal(result);
        assert_eq!(error.code(), "NotFoundException", "{what}");
        if !what.contains("another service") {
            assert_eq!(error.message(), missing, "{what}");
        }
    }
    // An explicit Deny, a guard rail and a permission for something else are no permission.
    let alice = || Caller::user(ACCOUNT, "alice").unwrap().identity_policy(&allow(&["kms:*"], "*")).unwrap();
    let deny = policy(&[json!({ "Effect": "Deny", "Action": "kms:DescribeKey", "Resource": "*" })]);
    for caller in [
        alice().identity_policy(&deny).unwrap(),
        alice().service_control_level(&[&deny]).unwrap(),
        Caller::user(ACCOUNT, "alice")
            .unwrap()
            .identity_policy(&allow(&["kms:Encrypt", "kms:CreateKey"], "*"))
            .unwrap(),
    ] {
        assert_refused(describe(&world.client(caller), ALIAS), "NotFoundException", &missing);
    }
    // Another account sees what it sees of any alias that is not there.
    let stranger = world.stranger(&["kms:*"]);
    let arn = alias_arn(ALIAS);
    assert_refused(describe(&stranger, &arn), "AccessDeniedException", &opaque(&stranger, "kms:DescribeKey"));
    assert_eq!(aliases(&world.root), [(ALIAS.to_owned(), None)]);
    assert!(world.root.list_keys().send().unwrap().keys.is_empty());
    // An explanation makes nothing, but knows.
    assert!(world.root.describe_key(ALIAS).explain().unwrap().is_allowed());
    assert!(!world.user(&[]).describe_key(ALIAS).explain().unwrap().is_allowed());
    assert!(world.root.list_keys().send().unwrap().keys.is_empty());

    let permitted = world.user(&["kms:DescribeKey"]);
    describe(&permitted, ALIAS).unwrap();
    assert_eq!(world.root.list_keys().send().unwrap().keys.len(), 1);
}

/// Spec: KEY-09, CND-59, CND-58, OVR-07
#[test]
fn the_key_is_used_through_its_service_alone() {
    let (world, key) = world_with_key();
    let id = key.key_id.to_string();
    let user = through_s3(&world);
    let sealed = user.encrypt(ALIAS, b"object").context("aws:s3:arn", "arn:aws:s3:::b").send().unwrap().into_inner();
    let opened = user.decrypt(&sealed.ciphertext_blob).context("aws:s3:arn", "arn:aws:s3:::b").send().unwrap();
    assert_eq!(opened.expose(), b"object");
    user.generate_data_key(&id).key_spec("AES_256").send().unwrap();
    user.re_encrypt(&sealed.ciphertext_blob, &id).source_context("aws:s3:arn", "arn:aws:s3:::b").send().unwrap();
    user.create_grant(&id, "arn:aws:iam::111122223333:role/s3").operation("Decrypt").send().unwrap();

    let everything = allow(&["kms:*"], "*");
    let direct = [
        Caller::account_root(ACCOUNT).unwrap(),
        Caller::user(ACCOUNT, "alice").unwrap().identity_policy(&everything).unwrap(),
        Caller::user(ACCOUNT, "alice")
            .unwrap()
            .identity_policy(&everything)
            .unwrap()
            .via_service("s3.eu-west-1.amazonaws.com"),
        Caller::user(ACCOUNT, "alice")
            .unwrap()
            .identity_policy(&everything)
            .unwrap()
            .via_service("ec2.us-west-2.amazonaws.com"),
        // Through the service, but of another account.
        Caller::user(OTHER, "eve").unwrap().identity_policy(&everything).unwrap().via_service(VIA),
        Caller::service("s3.amazonaws.com", ACCOUNT).unwrap(),
    ];
    for caller in direct {
        let client = world.client(caller);
        let arn = key.arn.to_string();
        let attempts: [Result<(), CallError>; 6] = [
            client.encrypt(&arn, b"x").send().map(drop),
            client.decrypt(&sealed.ciphertext_blob).send().map(drop),
            client.generate_data_key(&arn).key_spec("AES_256").send().map(drop),
            client.generate_data_key_pair(&arn).key_pair_spec("ECC_NIST_P256").send().map(drop),
            client.re_encrypt(&sealed.ciphertext_blob, &arn).send().map(drop),
            client.create_grant(&arn, "arn:aws:iam::111122223333:user/u").operation("Decrypt").send().map(drop),
        ];
        for attempt in attempts {
            assert_code(attempt, "AccessDeniedException");
        }
    }
}

/// Every operation that changes a key, by everybody who might try.
///
/// Spec: KEY-08, KEY-07, STA-50, POL-83, KEY-70, API-065, API-097, ROT-52
#[test]
fn nobody_changes_the_key() {
    let (world, key) = world_with_key();
    let own = world.key();
    world.root.create_alias("alias/own", &own.id).send().unwrap();
    type Change = fn(&Client, &str) -> Result<(), CallError>;
    let changes: [(&str, Change); 19] = [
        ("CancelKeyDeletion", |client, key| client.cancel_key_deletion(key).send().map(drop)),
        ("CreateAlias", |client, key| client.create_alias("alias/mine", key).send().map(drop)),
        ("CreateGrant", |client, key| {
            client.create_grant(key, "arn:aws:iam::111122223333:user/u").operation("Decrypt").send().map(drop)
        }),
        ("DeleteAlias", |client, _| client.delete_alias(ALIAS).send().map(drop)),
        ("DeleteImportedKeyMaterial", |client, key| client.delete_imported_key_material(key).send().map(drop)),
        ("DisableKey", |client, key| client.disable_key(key).send().map(drop)),
        ("DisableKeyRotation", |client, key| client.disable_key_rotation(key).send().map(drop)),
        ("EnableKey", |client, key| client.enable_key(key).send().map(drop)),
        ("EnableKeyRotation", |client, key| {
            client.enable_key_rotation(key).rotation_period_in_days(90).send().map(drop)
        }),
        ("ImportKeyMaterial", |client, key| {
            client
                .import_key_material(key, b"t", b"m")
                .expiration_model("KEY_MATERIAL_DOES_NOT_EXPIRE")
                .send()
                .map(drop)
        }),
        ("PutKeyPolicy", |client, key| client.put_key_policy(key, policy(&[delegation()])).send().map(drop)),
        ("ReplicateKey", |client, key| client.replicate_key(key, "eu-west-1").send().map(drop)),
        ("RotateKeyOnDemand", |client, key| client.rotate_key_on_demand(key).send().map(drop)),
        ("ScheduleKeyDeletion", |client, key| client.schedule_key_deletion(key).send().map(drop)),
        ("TagResource", |client, key| client.tag_resource(key).tag("a", "b").send().map(drop)),
        ("UntagResource", |client, key| client.untag_resource(key).tag_key("a").send().map(drop)),
        ("UpdateAlias", |client, key| client.update_alias("alias/own", key).send().map(drop)),
        ("UpdateKeyDescription", |client, key| client.update_key_description(key, "mine").send().map(drop)),
        ("UpdatePrimaryRegion", |client, key| client.update_primary_region(key, "eu-west-1").send().map(drop)),
    ];
    let everything = allow(&["kms:*"], "*");
    let callers = [
        Caller::account_root(ACCOUNT).unwrap(),
        Caller::user(ACCOUNT, "alice").unwrap().identity_policy(&everything).unwrap(),
        Caller::role_session(ACCOUNT, "admin", "s").unwrap().identity_policy(&everything).unwrap().via_service(VIA),
    ];
    let seen = || {
        let id = key.key_id;
        let policy = world.root.get_key_policy(id).send().unwrap().into_inner().policy;
        let rotation = world.root.get_key_rotation_status(id).send().unwrap().into_inner();
        (describe(&world.root, ALIAS).unwrap(), policy, rotation, aliases(&world.root))
    };
    let before = seen();
    for caller in callers {
        let is_through_service = format!("{caller:?}").contains("admin");
        let client = world.client(caller);
        for (name, change) in changes {
            // Services make grants for their users; that is no change of the key.
            if name == "CreateGrant" && is_through_service {
                continue;
            }
            let error = refusal(change(&client, &key.key_id.to_string()));
            assert_eq!(error.code(), "AccessDeniedException", "{name}: {error}");
        }
    }
    assert_refused(
        world.root.disable_key(key.key_id).send(),
        "AccessDeniedException",
        &format!(
            "User: arn:aws:iam::{ACCOUNT}:root is not authorized to perform: kms:DisableKey on resource: {} because no \
             resource-based policy allows the kms:DisableKey action",
            key.arn
        ),
    );
    assert_code(world.root.create_alias("alias/aws/s4", &own.id).send(), "InvalidAliasNameException");
    assert_code(world.root.update_alias(ALIAS, &own.id).send(), "AccessDeniedException");
    assert_eq!(seen(), before);
    // Every operation whose record is not read-only is among them, or works on no key that exists.
    let others = [
        "CreateKey",
        "RetireGrant",
        "RevokeGrant",
        "ConnectCustomKeyStore",
        "CreateCustomKeyStore",
        "DeleteCustomKeyStore",
        "DisconnectCustomKeyStore",
        "UpdateCustomKeyStore",
    ];
    let read_only = [
        "Decapsulate",
        "Decrypt",
        "DeriveSharedSecret",
        "DescribeCustomKeyStores",
        "DescribeKey",
        "Encapsulate",
        "Encrypt",
        "GenerateDataKey",
        "GenerateDataKeyPair",
        "GenerateDataKeyPairWithoutPlaintext",
        "GenerateDataKeyWithoutPlaintext",
        "GenerateMac",
        "GenerateRandom",
        "GetKeyLastUsage",
        "GetKeyPolicy",
        "GetKeyRotationStatus",
        "GetParametersForImport",
        "GetPublicKey",
        "ListAliases",
        "ListGrants",
        "ListKeyPolicies",
        "ListKeyRotations",
        "ListKeys",
        "ListResourceTags",
        "ListRetirableGrants",
        "ReEncrypt",
        "Sign",
        "Verify",
        "VerifyMac",
    ];
    let named = changes.map(|(name, _)| name).into_iter().chain(others).chain(read_only);
    assert_same_set(named, keystead::catalogue::operations().iter().map(|row| row.name()));
}

/// Spec: KEY-07, POL-82, POL-83, KEY-74, ROT-40, ROT-52
#[test]
fn the_account_looks_at_the_key() {
    let (world, key) = world_with_key();
    let id = key.key_id;
    for client in [&world.root, &world.user(&["kms:Describe*", "kms:Get*", "kms:List*"])] {
        assert_eq!(describe(client, &id.to_string()).unwrap(), key);
        let document: Value = serde_json::from_str(&client.get_key_policy(id).send().unwrap().policy).unwrap();
        assert_eq!(document["Id"], "auto-s3-1");
        let [through, metadata] = [&document["Statement"][0], &document["Statement"][1]];
        assert_eq!(
            through["Condition"],
            json!({ "StringEquals": { "kms:CallerAccount": ACCOUNT, "kms:ViaService": [VIA] } })
        );
        assert_eq!(metadata["Principal"], json!({ "AWS": format!("arn:aws:iam::{ACCOUNT}:root") }));
        assert_eq!(client.list_key_policies(id).send().unwrap().policy_names, ["default"]);
        assert!(client.list_resource_tags(id).send().unwrap().tags.is_empty());
        assert!(client.list_grants(id).send().unwrap().grants.is_empty());
        assert!(client.list_key_rotations(id).send().unwrap().rotations.is_empty());
        client.get_key_last_usage(id).send().unwrap();
        let status = client.get_key_rotation_status(id).send().unwrap().into_inner();
        assert_eq!((status.key_rotation_enabled, status.rotation_period_in_days), (true, Some(365)));
        assert_eq!(status.next_rotation_date.unwrap().to_string(), "2027-01-01T00:00:00Z");
        assert_eq!(status.on_demand_rotation_start_date, None);
        assert_code(client.get_public_key(id).send(), "UnsupportedOperationException");
    }
    assert_code(world.stranger(&["kms:*"]).describe_key(key.arn).send(), "AccessDeniedException");
}

/// Spec: ROT-52, AUD-44, AUD-01, AUD-05
#[test]
fn the_key_rotates_every_year_and_nothing_but_that_is_recorded() {
    let (world, key) = world_with_key();
    let sealed = through_s3(&world).encrypt(ALIAS, b"old").send().unwrap().into_inner().ciphertext_blob;
    // Registering is no call, making the key no internal action: the record of the call names the key.
    let names: Vec<_> = world.kms.audit_trail().iter().map(|record| record.event_name.to_string()).collect();
    assert_eq!(names, ["DescribeKey", "Encrypt"]);
    let record: Value = serde_json::from_str(&world.records("DescribeKey")[0].to_json()).unwrap();
    assert_eq!(record["requestParameters"], json!({ "keyId": ALIAS }));
    assert_eq!(
        record["resources"],
        json!([{ "ARN": key.arn.to_string(), "accountId": ACCOUNT, "type": "AWS::KMS::Key" }])
    );
    assert_eq!((&record["responseElements"], &record["readOnly"]), (&Value::Null, &json!(true)));

    world.clock.advance_days(364);
    world.kms.sweep().unwrap();
    assert!(world.records("RotateKey").is_empty());
    world.clock.advance_days(1);
    assert_eq!(world.kms.sweep().unwrap().rotated, 1);
    world.clock.advance_days(365);
    through_s3(&world).encrypt(ALIAS, b"new").send().unwrap();
    let rotations = world.root.list_key_rotations(key.key_id).send().unwrap().into_inner().rotations;
    assert_eq!(rotations.len(), 2);
    let records = world.records("RotateKey");
    assert_eq!(records.len(), 2);
    let record: Value = serde_json::from_str(&records[0].to_json()).unwrap();
    assert_eq!(record["serviceEventDetails"]["rotationType"], "AUTOMATIC");
    assert_eq!(record["userIdentity"], json!({ "accountId": ACCOUNT, "invokedBy": "AWS Internal" }));
    let events = world.events.events();
    assert!(events.iter().all(|event| event.kind == EventKind::Rotation && event.key_arn == key.arn));
    assert_eq!(events.len(), 2);
    assert_eq!(through_s3(&world).decrypt(&sealed).send().unwrap().expose(), b"old");
}

/// Spec: KEY-33, KEY-62, GRA-05, QUO-14, QUO-03
#[test]
fn the_key_counts_against_no_resource_quota() {
    let quotas = QuotaProfile::DEFAULT.with_keys_per_account(1).with_aliases_per_key(1).with_grants_per_key(1);
    let world = World::with(|builder| builder.quotas(quotas));
    let own = world.key();
    world.root.create_alias("alias/own", &own.id).send().unwrap();
    register(&world.kms, "s3");
    describe(&world.root, ALIAS).unwrap();
    assert_eq!(world.kms.key_count(REGION.parse().unwrap(), ACCOUNT.parse().unwrap()).unwrap(), 1);
    assert_code(world.root.create_key().send(), "LimitExceededException");
    let service = through_s3(&world);
    for user in ["u", "v", "w"] {
        let grantee = format!("arn:aws:iam::{ACCOUNT}:user/{user}");
        service
            .create_grant(describe(&world.root, ALIAS).unwrap().key_id, grantee)
            .operation("Decrypt")
            .send()
            .unwrap();
    }
    // Its predefined alias is none that the quota counts, so conditions on it go on working.
    let none = World::with(|builder| builder.quotas(QuotaProfile::DEFAULT.with_aliases_per_key(0)));
    let with_alias =
        json!({ "Effect": "Allow", "Principal": { "AWS": "*" }, "Action": "kms:Encrypt", "Resource": "*" });
    register(&none.kms, AwsManagedKey::of("s3").policy(policy(&[with_alias, delegation_of_reads()])));
    describe(&none.root, ALIAS).unwrap();
    let boundary = policy(&[json!({ "Effect": "Allow", "Action": "kms:*", "Resource": "*",
        "Condition": { "ForAnyValue:StringEquals": { "kms:ResourceAliases": ALIAS } } })]);
    let caller = Caller::user(ACCOUNT, "alice").unwrap();
    let caller = caller.identity_policy(&boundary).unwrap().permissions_boundary(&boundary).unwrap();
    none.client(caller).encrypt(ALIAS, b"x").send().unwrap();
}

fn delegation_of_reads() -> Value {
    json!({ "Effect": "Allow", "Principal": { "AWS": format!("arn:aws:iam::{ACCOUNT}:root") },
            "Action": ["kms:Describe*", "kms:Get*", "kms:List*"], "Resource": "*" })
}

/// Spec: QUO-24, OVR-07
#[test]
fn requests_with_the_key_count() {
    let rate = Rate::per_second(2);
    let quotas = QuotaProfile::DEFAULT.with_rate(RequestQuota::Cryptographic(KeyFamily::Symmetric), Some(rate));
    let world = World::with(|builder| builder.quotas(quotas));
    register(&world.kms, "s3");
    describe(&world.root, ALIAS).unwrap();
    let own = world.key();
    through_s3(&world).encrypt(ALIAS, b"x").send().unwrap();
    world.root.encrypt(&own.id, b"x").send().unwrap();
    assert_code(through_s3(&world).encrypt(ALIAS, b"x").send(), "ThrottlingException");
    assert_code(world.root.encrypt(&own.id, b"x").send(), "ThrottlingException");
}

/// Spec: ENV-52, KEY-08, CND-59
#[test]
fn a_host_writes_the_policy_of_a_service() {
    let world = World::new();
    // As the service writes it, name for name.
    let workmail = policy(&[
        json!({ "Sid": "Allow access through WorkMail", "Effect": "Allow", "Principal": { "AWS": "*" },
                "Action": ["kms:Decrypt", "kms:CreateGrant", "kms:ReEncrypt*", "kms:DescribeKey", "kms:Encrypt"],
                "Resource": "*", "Condition": { "StringEquals": {
                    "kms:ViaService": "workmail.us-west-2.amazonaws.com", "kms:CallerAccount": ACCOUNT } } }),
        json!({ "Effect": "Allow", "Principal": { "AWS": format!("arn:aws:iam::{ACCOUNT}:root") },
                "Action": ["kms:Describe*", "kms:List*", "kms:Get*", "kms:RevokeGrant"], "Resource": "*" }),
    ]);
    register(&world.kms, AwsManagedKey::of("workmail").policy(&workmail));
    let key = describe(&world.root, "alias/aws/workmail").unwrap();
    assert_eq!(world.root.get_key_policy(key.key_id).send().unwrap().policy, workmail);
    let user = world.client(Caller::user(ACCOUNT, "alice").unwrap().via_service("workmail.us-west-2.amazonaws.com"));
    user.encrypt(key.key_id, b"x").send().unwrap();
    // A key that is there keeps its policy; one that is yet to be made takes the latest.
    register(&world.kms, "workmail");
    assert_eq!(world.root.get_key_policy(key.key_id).send().unwrap().policy, workmail);
    register(&world.kms, "ebs");
    register(&world.kms, AwsManagedKey::of("ebs").via_service("ec2").via_service("rds"));
    let ebs = describe(&world.root, "alias/aws/ebs").unwrap().key_id;
    for (service, expected) in [("ec2", true), ("rds", true), ("ebs", false)] {
        let caller = Caller::user(ACCOUNT, "alice").unwrap().via_service(format!("{service}.us-west-2.amazonaws.com"));
        assert_eq!(world.client(caller).encrypt(ebs, b"x").send().is_ok(), expected, "{service}");
    }

    let refused = |key: AwsManagedKey| {
        let error = world.kms.register_aws_managed_key(key, REGION.parse().unwrap(), ACCOUNT.parse().unwrap());
        error.unwrap_err().code()
    };
    for action in ["kms:*", "kms:PutKeyPolicy", "kms:TagResource", "kms:ScheduleKeyDeletion", "kms:Up*"] {
        let mut statement = delegation();
        statement["Action"] = action.into();
        let document = policy(&[delegation_of_reads(), statement]);
        assert_eq!(refused(AwsManagedKey::of("sqs").policy(document)), "MalformedPolicyDocumentException", "{action}");
    }
    assert_eq!(refused(AwsManagedKey::of("sqs").policy("{")), "MalformedPolicyDocumentException");
    for name in ["", "s 3", "s:3", &"s".repeat(300)] {
        assert_eq!(refused(AwsManagedKey::of(name)), "InvalidAliasNameException", "{name}");
    }
    // No name leaves its place in the policy.
    let name = r#"ec2", "kms:CallerAccount" : "444455556666"#;
    register(&world.kms, AwsManagedKey::of("sqs").via_service(name));
    let sqs = describe(&world.root, "alias/aws/sqs").unwrap().key_id;
    let document: Value = serde_json::from_str(&world.root.get_key_policy(sqs).send().unwrap().policy).unwrap();
    assert_eq!(document["Statement"][0]["Condition"]["StringEquals"]["kms:CallerAccount"], ACCOUNT);
}

/// Spec: POL-129
#[test]
fn resource_control_policies_do_not_apply() {
    let (world, key) = world_with_key();
    let nobody = policy(&[json!({ "Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*" })]);
    let all = policy(&[json!({ "Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*" })]);
    let caller = Caller::user(ACCOUNT, "alice").unwrap().via_service(VIA);
    let caller = caller.resource_control_level(&[&all, &nobody]).unwrap();
    world.client(caller).encrypt(key.key_id, b"x").send().unwrap();
}

/// Spec: AUD-06, KEY-10
#[test]
fn without_its_record_no_key_is_made() {
    let failing = Arc::new(AtomicBool::new(true));
    let switch = Arc::clone(&failing);
    let sink = CallbackSink::new(
        move |_: &_| {
            if switch.load(Ordering::SeqCst) { Err(SinkError::new("full")) } else { Ok(()) }
        },
    );
    let world = World::with(|builder| builder.audit_sink(sink));
    register(&world.kms, "s3");
    assert_code(describe(&world.root, ALIAS), "KMSInternalException");
    failing.store(false, Ordering::SeqCst);
    assert!(world.root.list_keys().send().unwrap().keys.is_empty());
    assert_eq!(aliases(&world.root), [(ALIAS.to_owned(), None)]);
    describe(&world.root, ALIAS).unwrap();
}

/// Spec: KEY-10
#[test]
fn callers_who_meet_make_one_key() {
    for _ in 0..20 {
        let world = World::new();
        let made: Vec<_> = std::thread::scope(|scope| {
            let callers: Vec<_> = (0..4)
                .map(|_| {
                    scope.spawn(|| {
                        register(&world.kms, "s3");
                        describe(&world.root, ALIAS).unwrap().key_id
                    })
                })
                .collect();
            callers.into_iter().map(|caller| caller.join().unwrap()).collect()
        });
        assert!(made.iter().all(|id| *id == made[0]), "{made:?}");
        assert_eq!(world.root.list_keys().send().unwrap().keys.len(), 1);
    }
}

/// Spec: KEY-10, ROT-53
#[test]
fn registrations_and_keys_outlive_the_process() {
    let store = Arc::new(MemoryStore::new());
    let clock = Arc::new(ManualClock::at(START));
    let open =
        || Kms::builder().store(Arc::clone(&store)).root_key(root_key()).clock(Arc::clone(&clock)).build().unwrap();
    let root = |kms: &Kms| kms.client(REGION, Caller::account_root(ACCOUNT).unwrap()).unwrap();
    let kms = open();
    register(&kms, "s3");
    drop(kms);
    let kms = open();
    assert_eq!(aliases(&root(&kms)), [(ALIAS.to_owned(), None)]);
    let key = describe(&root(&kms), ALIAS).unwrap();
    drop(kms);
    assert_eq!(describe(&root(&open()), ALIAS).unwrap(), key);

    // A key of the days when they rotated every three years.
    let entries = store.scan(&Range::all(), usize::MAX).unwrap();
    let of_key = |name: &[u8]| name.ends_with(format!("k{}", key.key_id).as_bytes());
    let (name, _) = entries.into_iter().find(|(name, _)| of_key(name.as_ref())).unwrap();
    let mut record: Value = serde_json::from_slice(&records::read(&store, &name)).unwrap();
    assert_eq!(record["rotation"]["period"], 365);
    record["rotation"]["period"] = 1095.into();
    records::write(&store, &name, record.to_string().as_bytes());
    clock.advance_days(10);
    let kms = open();
    register(&kms, "s3");
    let status = root(&kms).get_key_rotation_status(key.key_id).send().unwrap().into_inner();
    assert_eq!(status.rotation_period_in_days, Some(365));
    assert_eq!(status.next_rotation_date.unwrap().to_string(), "2027-01-01T00:00:00Z");
}
