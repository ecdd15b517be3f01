//! Chapter 12, section 6, row by row: one success and one failure of every operation there is.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use base64::Engine as _;
use keystead::{CallError, Client};
use serde_json::{Value, json};
use support::*;

/// A world with a key, its ciphertext and an alias, and a second key.
struct Setup {
    world: World,
    key: Key,
    other: Key,
    blob: Vec<u8>,
}

impl Setup {
    fn new() -> Self {
        let world = World::new();
        let (key, other) = (world.key(), world.key());
        let blob = world.root.encrypt(&key.id, b"x").send().unwrap().into_inner().ciphertext_blob;
        world.root.create_alias("alias/a", &key.id).send().unwrap();
        Self { world, key, other, blob }
    }
}

type Call = fn(&Client, &Setup) -> Result<(), CallError>;

struct Row {
    name: &'static str,
    read_only: bool,
    call: Call,
    parameters: fn(&Setup) -> Value,
    response: fn(&Setup) -> Value,
    resources: fn(&Setup) -> Vec<String>,
}

fn none(_: &Setup) -> Value {
    Value::Null
}

fn key_arn_of(setup: &Setup) -> Value {
    json!({ "keyId": setup.key.arn })
}

fn key_id_of(setup: &Setup) -> Value {
    json!({ "keyId": setup.key.id })
}

fn one_key(setup: &Setup) -> Vec<String> {
    vec![setup.key.arn.clone()]
}

fn nothing(_: &Setup) -> Vec<String> {
    Vec::new()
}

const ROWS: &[Row] = &[
    Row {
        name: "CancelKeyDeletion",
        read_only: false,
        call: |client, setup| {
            setup.world.root.schedule_key_deletion(&setup.key.id).send().ok();
            client.cancel_key_deletion(&setup.key.id).send().map(drop)
        },
        parameters: key_id_of,
        response: key_arn_of,
        resources: one_key,
    },
    Row {
        name: "CreateAlias",
        read_only: false,
        call: |client, setup| client.create_alias("alias/b", &setup.key.id).send().map(drop),
        parameters: |setup| json!({ "aliasName": "alias/b", "targetKeyId": setup.key.id }),
        response: key_arn_of,
        resources: |setup| vec![setup.key.arn.clone(), alias_arn("alias/b")],
    },
    Row {
        name: "Decrypt",
        read_only: true,
        call: |client, setup| client.decrypt(&setup.blob).key_id(setup.key.id.clone()).send().map(drop),
        parameters: |setup| json!({ "keyId": setup.key.id, "encryptionAlgorithm": "SYMMETRIC_DEFAULT" }),
        response: none,
        resources: one_key,
    },
    Row {
        name: "DeleteAlias",
        read_only: false,
        call: |client, _| client.delete_alias("alias/a").send().map(drop),
        parameters: |_| json!({ "aliasName": "alias/a" }),
        response: key_arn_of,
        resources: |setup| vec![alias_arn("alias/a"), setup.key.arn.clone()],
    },
    Row {
        name: "DescribeKey",
        read_only: true,
        call: |client, _| client.describe_key("alias/a").send().map(drop),
        parameters: |_| json!({ "keyId": "alias/a" }),
        response: none,
        resources: one_key,
    },
    Row {
        name: "DisableKey",
        read_only: false,
        call: |client, setup| client.disable_key(&setup.key.id).send().map(drop),
        parameters: key_id_of,
        response: key_arn_of,
        resources: one_key,
    },
    Row {
        name: "DisableKeyRotation",
        read_only: false,
        call: |client, setup| client.disable_key_rotation(&setup.key.id).send().map(drop),
        parameters: key_id_of,
        response: none,
        resources: one_key,
    },
    Row {
        name: "EnableKey",
        read_only: false,
        call: |client, setup| client.enable_key(&setup.key.id).send().map(drop),
        parameters: key_id_of,
        response: key_arn_of,
        resources: one_key,
    },
    Row {
        name: "EnableKeyRotation",
        read_only: false,
        call: |client, setup| client.enable_key_rotation(&setup.key.id).rotation_period_in_days(90).send().map(drop),
        parameters: |setup| json!({ "keyId": setup.key.id, "rotationPeriodInDays": 90 }),
        response: key_arn_of,
        resources: one_key,
    },
    Row {
        name: "Encrypt",
        read_only: true,
        call: |client, setup| client.encrypt(&setup.key.arn, b"x").send().map(drop),
        parameters: |setup| json!({ "keyId": setup.key.arn, "encryptionAlgorithm": "SYMMETRIC_DEFAULT" }),
        response: none,
        resources: one_key,
    },
    Row {
        name: "GenerateDataKey",
        read_only: true,
        call: |client, _| client.generate_data_key("alias/a").number_of_bytes(9).context("a", "b").send().map(drop),
        parameters: |_| json!({ "keyId": "alias/a", "numberOfBytes": 9, "encryptionContext": { "a": "b" } }),
        response: none,
        resources: one_key,
    },
    Row {
        name: "GenerateDataKeyWithoutPlaintext",
        read_only: true,
        call: |client, setup| {
            client.generate_data_key_without_plaintext(&setup.key.id).key_spec("AES_128").send().map(drop)
        },
        parameters: |setup| json!({ "keyId": setup.key.id, "keySpec": "AES_128" }),
        response: none,
        resources: one_key,
    },
    Row {
        name: "GenerateRandom",
        read_only: true,
        call: |client, _| client.generate_random(9).send().map(drop),
        parameters: none,
        response: none,
        resources: nothing,
    },
    Row {
        name: "GetKeyPolicy",
        read_only: true,
        call: |client, setup| client.get_key_policy(&setup.key.id).policy_name("default").send().map(drop),
        parameters: |setup| json!({ "keyId": setup.key.id, "policyName": "default" }),
        response: none,
        resources: one_key,
    },
    Row {
        name: "GetKeyRotationStatus",
        read_only: true,
        call: |client, setup| client.get_key_rotation_status(&setup.key.id).send().map(drop),
        parameters: key_id_of,
        response: none,
        resources: one_key,
    },
    Row {
        name: "ListAliases",
        read_only: true,
        call: |client, setup| client.list_aliases().key_id(setup.key.id.clone()).limit(7).send().map(drop),
        parameters: |setup| json!({ "keyId": setup.key.id, "limit": 7 }),
        response: none,
        resources: nothing,
    },
    Row {
        name: "ListKeyPolicies",
        read_only: true,
        call: |client, setup| client.list_key_policies(&setup.key.id).limit(7).send().map(drop),
        parameters: |setup| json!({ "keyId": setup.key.id, "limit": 7 }),
        response: none,
        resources: one_key,
    },
    Row {
        name: "ListKeyRotations",
        read_only: true,
        call: |client, setup| {
            client.list_key_rotations(&setup.key.id).include_key_material("ROTATIONS_ONLY").send().map(drop)
        },
        parameters: |setup| json!({ "keyId": setup.key.id, "includeKeyMaterial": "ROTATIONS_ONLY" }),
        response: none,
        resources: one_key,
    },
    Row {
        name: "ListKeys",
        read_only: true,
        call: |client, _| client.list_keys().send().map(drop),
        parameters: none,
        response: none,
        resources: nothing,
    },
    Row {
        name: "ListResourceTags",
        read_only: true,
        call: |client, setup| client.list_resource_tags(&setup.key.id).send().map(drop),
        parameters: key_id_of,
        response: none,
        resources: one_key,
    },
    Row {
        name: "PutKeyPolicy",
        read_only: false,
        call: |client, setup| client.put_key_policy(&setup.key.id, policy(&[delegation()])).send().map(drop),
        parameters: |setup| json!({ "keyId": setup.key.id, "policy": policy(&[delegation()]), "bypassPolicyLockoutSafetyCheck": false }),
        response: none,
        resources: one_key,
    },
    Row {
        name: "ReEncrypt",
        read_only: true,
        call: |client, setup| {
            let call = client.re_encrypt(&setup.blob, &setup.other.id).source_key_id(setup.key.id.clone());
            call.destination_context("a", "b").send().map(drop)
        },
        parameters: |setup| {
            json!({ "sourceEncryptionAlgorithm": "SYMMETRIC_DEFAULT", "destinationEncryptionAlgorithm": "SYMMETRIC_DEFAULT",
                    "sourceKeyId": setup.key.id, "destinationKeyId": setup.other.id,
                    "destinationEncryptionContext": { "a": "b" } })
        },
        response: none,
        resources: |setup| vec![setup.key.arn.clone(), setup.other.arn.clone()],
    },
    Row {
        name: "RotateKeyOnDemand",
        read_only: false,
        call: |client, setup| client.rotate_key_on_demand(&setup.key.id).send().map(drop),
        parameters: key_id_of,
        response: key_arn_of,
        resources: one_key,
    },
    Row {
        name: "ScheduleKeyDeletion",
        read_only: false,
        call: |client, setup| client.schedule_key_deletion(&setup.key.id).send().map(drop),
        parameters: key_id_of,
        response: |setup| {
            json!({ "keyId": setup.key.arn, "keyState": "PendingDeletion", "pendingWindowInDays": 30,
                    "deletionDate": "Jan 31, 2026, 12:00:00 AM" })
        },
        resources: one_key,
    },
    Row {
        name: "TagResource",
        read_only: false,
        call: |client, setup| client.tag_resource(&setup.key.id).tag("a", "b").send().map(drop),
        parameters: |setup| json!({ "keyId": setup.key.id, "tags": [{ "tagKey": "a", "tagValue": "b" }] }),
        response: none,
        resources: one_key,
    },
    Row {
        name: "UntagResource",
        read_only: false,
        call: |client, setup| client.untag_resource(&setup.key.id).tag_key("a").send().map(drop),
        parameters: |setup| json!({ "keyId": setup.key.id, "tagKeys": ["a"] }),
        response: key_arn_of,
        resources: one_key,
    },
    Row {
        name: "UpdateAlias",
        read_only: false,
        call: |client, setup| client.update_alias("alias/a", &setup.other.id).send().map(drop),
        parameters: |setup| json!({ "aliasName": "alias/a", "targetKeyId": setup.other.id }),
        response: |setup| json!({ "keyId": setup.other.arn }),
        resources: |setup| vec![alias_arn("alias/a"), setup.other.arn.clone()],
    },
    Row {
        name: "UpdateKeyDescription",
        read_only: false,
        call: |client, setup| client.update_key_description(&setup.key.id, "d").send().map(drop),
        parameters: |setup| json!({ "keyId": setup.key.id, "description": "d" }),
        response: none,
        resources: one_key,
    },
];

fn check(row: &Row, setup: &Setup, record: &Value) {
    let name = row.name;
    assert_eq!(record["requestParameters"], (row.parameters)(setup), "{name}");
    let resources = record["resources"].as_array().unwrap();
    let arns: Vec<_> = resources.iter().map(|entry| entry["ARN"].as_str().unwrap().to_owned()).collect();
    assert!(resources.iter().all(|entry| entry["accountId"] == ACCOUNT && entry["type"] == "AWS::KMS::Key"));
    let expected = (row.resources)(setup);
    // A caller who is refused sees at most what it named: the record of a refusal need not know the alias.
    if record.get("errorCode").is_none() {
        assert_eq!(arns, expected, "{name}");
    } else {
        assert!(arns.iter().all(|arn| expected.contains(arn)), "{name}: {arns:?}");
    }
    assert_eq!(record["readOnly"], row.read_only, "{name}");
    assert_eq!(
        (&record["eventType"], &record["eventCategory"]),
        (&json!("AwsApiCall"), &json!("Management")),
        "{name}"
    );
    assert!(record["requestID"].is_string());
}

/// Spec: AUD-01, AUD-11, AUD-15, AUD-16, AUD-20, AUD-21, AUD-22, AUD-23
#[test]
fn every_row_records_a_success() {
    for row in ROWS {
        let setup = Setup::new();
        (row.call)(&setup.world.root, &setup).unwrap_or_else(|error| panic!("{}: {error}", row.name));
        let records = setup.world.records(row.name);
        let record: Value = serde_json::from_str(&records.last().unwrap().to_json()).unwrap();
        check(row, &setup, &record);
        assert_eq!(record["responseElements"], (row.response)(&setup), "{}", row.name);
        assert!(record.get("errorCode").is_none(), "{}", row.name);
    }
}

/// Spec: AUD-03, AUD-22, AUD-29, AUD-30
#[test]
fn every_row_records_a_refusal() {
    for row in ROWS {
        let setup = Setup::new();
        let powerless = setup.world.user(&[]);
        let before = setup.world.records(row.name).len();
        let error = refusal((row.call)(&powerless, &setup));
        assert_eq!(error.code(), "AccessDeniedException", "{}", row.name);
        let records = setup.world.records(row.name);
        assert_eq!(records.len(), before + 1, "{}", row.name);
        let record: Value = serde_json::from_str(&records.last().unwrap().to_json()).unwrap();
        check(row, &setup, &record);
        assert_eq!(record["errorCode"], "AccessDenied");
        assert_eq!(record["errorMessage"], error.message());
        assert_eq!(record["responseElements"], Value::Null);
    }
}

/// Bytes that are easily found again.
const SECRET: &[u8] = b"remarkable secret bytes";

/// Spec: AUD-17, AUD-34, API-025, KEY-04
#[test]
fn no_record_holds_a_secret_or_a_ciphertext() {
    let setup = Setup::new();
    let (client, id) = (&setup.world.root, setup.key.id.as_str());
    let text = || std::borrow::Cow::Borrowed(std::str::from_utf8(SECRET).unwrap());
    let mut hidden: Vec<Vec<u8>> = vec![SECRET.to_vec(), setup.blob.clone()];
    for key in [id, ABSENT] {
        if let Ok(sealed) = client.encrypt(key, SECRET).send() {
            hidden.push(sealed.ciphertext_blob.clone());
            client.decrypt(&sealed.ciphertext_blob).send().unwrap();
            client.decrypt(&sealed.ciphertext_blob).context("a", "b").send().unwrap_err();
            hidden.push(client.re_encrypt(&sealed.ciphertext_blob, key).send().unwrap().ciphertext_blob.clone());
        }
        client.decrypt(SECRET).key_id(key).send().unwrap_err();
        client.re_encrypt(SECRET, key).send().unwrap_err();
        if let Ok(made) = client.generate_data_key(key).key_spec("AES_256").send() {
            hidden.push(made.expose().to_vec());
            hidden.push(made.ciphertext_blob.clone());
        }
        if let Ok(made) = client.generate_data_key_without_plaintext(key).key_spec("AES_256").send() {
            hidden.push(made.ciphertext_blob.clone());
        }
    }
    hidden.push(client.generate_random(32).send().unwrap().expose().to_vec());
    // Operations of later versions are recorded already.
    client.generate_mac(id, SECRET).mac_algorithm("HMAC_SHA_256").send().unwrap_err();
    client.verify_mac(id, SECRET, SECRET).mac_algorithm("HMAC_SHA_256").send().unwrap_err();
    client.sign(id, SECRET).signing_algorithm("ECDSA_SHA_256").send().unwrap_err();
    let call = client.verify(id, SECRET, SECRET).signing_algorithm("ECDSA_SHA_256");
    call.send().unwrap_err();
    let call = client.import_key_material(id, SECRET, SECRET).expiration_model("KEY_MATERIAL_DOES_NOT_EXPIRE");
    call.send().unwrap_err();
    client.retire_grant().grant_token(text()).send().unwrap_err();
    client.derive_shared_secret(id, SECRET).send().unwrap_err();
    let call = client.decapsulate(id, SECRET);
    call.send().unwrap_err();
    client.encrypt(id, b"x").grant_tokens(vec![text()]).send().unwrap_err();
    let call = client.create_custom_key_store().custom_key_store_name("n").key_store_password(SECRET);
    call.trust_anchor_certificate(text()).send().unwrap_err();
    // Violations do not quote them either.
    client.encrypt(id, SECRET.repeat(300)).send().unwrap_err();

    let trail: String = setup.world.kms.audit_trail().iter().map(|record| record.to_json()).collect();
    for secret in hidden {
        for form in [
            String::from_utf8_lossy(&secret).into_owned(),
            hex::encode(&secret),
            base64::engine::general_purpose::STANDARD_NO_PAD.encode(&secret),
            base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(&secret),
        ] {
            assert!(!trail.contains(&form), "{form}");
        }
    }
    assert!(trail.contains("DeriveSharedSecret") && trail.contains("CreateCustomKeyStore"));
}

/// Spec: AUD-15, AUD-18, AUD-22
#[test]
fn grants_and_key_stores_are_recorded_by_the_names_of_the_table() {
    let setup = Setup::new();
    let constraints = {
        let mut constraints = keystead::GrantConstraints::default();
        let mut context = keystead::EncryptionContext::new();
        context.insert("App", "1");
        constraints.encryption_context_subset = Some(context);
        constraints
    };
    let call = setup.world.root.create_grant(&setup.key.id, "arn:aws:iam::111122223333:user/u");
    call.operations(vec!["Decrypt".into()]).constraints(constraints).send().unwrap();
    let record = setup.world.records("CreateGrant").pop().unwrap();
    let record: Value = serde_json::from_str(&record.to_json()).unwrap();
    assert_eq!(record["requestParameters"]["operations"], json!(["Decrypt"]));
    assert_eq!(record["requestParameters"]["constraints"], json!({ "encryptionContextSubset": { "App": "1" } }));

    let call = setup.world.root.create_custom_key_store().custom_key_store_name("n");
    call.cloud_hsm_cluster_id("cluster-1234abcd23").send().ok();
    let record = setup.world.last_record();
    assert_eq!(record["requestParameters"], json!({ "customKeyStoreName": "n", "clusterId": "cluster-1234abcd23" }));
}

/// Spec: AUD-22
#[test]
fn every_operation_has_a_row_here_or_is_proven_elsewhere() {
    let named = ROWS.iter().map(|row| row.name).chain(["CreateKey"]).chain(LATER.iter().copied());
    assert_same_set(named, keystead::catalogue::operations().iter().map(|row| row.name()));
}

/// Operations whose records other tests prove; CreateKey, whose record has no fixed content, is another.
const LATER: &[&str] = &[
    "ConnectCustomKeyStore",
    "CreateCustomKeyStore",
    "CreateGrant",
    "Decapsulate",
    "DeleteCustomKeyStore",
    "DeleteImportedKeyMaterial",
    "DeriveSharedSecret",
    "DescribeCustomKeyStores",
    "DisconnectCustomKeyStore",
    "Encapsulate",
    "GenerateDataKeyPair",
    "GenerateDataKeyPairWithoutPlaintext",
    "GenerateMac",
    "GetKeyLastUsage",
    "GetParametersForImport",
    "GetPublicKey",
    "ImportKeyMaterial",
    "ListGrants",
    "ListRetirableGrants",
    "ReplicateKey",
    "RetireGrant",
    "RevokeGrant",
    "Sign",
    "UpdateCustomKeyStore",
    "UpdatePrimaryRegion",
    "Verify",
    "VerifyMac",
];
