//! The rows of symmetric encryption keys, aliases and administration.

use serde_json::{Value, json};

use crate::support::{alias_arn, delegation, policy};
use crate::{Row, Setup};

pub(super) fn none(_: &Setup) -> Value {
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

pub(super) const ROWS: &[Row] = &[
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
        name: "GetKeyLastUsage",
        read_only: true,
        call: |client, setup| client.get_key_last_usage(&setup.key.id).send().map(drop),
        parameters: key_id_of,
        response: none,
        resources: one_key,
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
