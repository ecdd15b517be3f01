//! Regions, rotations and events of keys.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use keystead::crypto::entropy::SystemEntropy;
use keystead::crypto::{DefaultProvider, EncryptionScheme, KeyPairAlgorithm, Provider, WrappingScheme};
use keystead::{Client, Kms, ManualClock};
use serde_json::{Value, json};

use crate::support::{REGION, answer, call, client, json, key, refusal, root};

const UNSUPPORTED: &str = "UnsupportedOperationException";

/// Spec: API-101
#[test]
fn a_primary_is_replicated_with_the_defaults() {
    let kms = Kms::in_memory();
    let client = kms.client(REGION, root()).unwrap();
    let tags = json!([{ "TagKey": "team", "TagValue": "payments" }]);
    let body = json!({ "MultiRegion": true, "Description": "orders", "Tags": tags });
    let id = answer(&client, "CreateKey", body)["KeyMetadata"]["KeyId"].clone();
    let replicate = |id: &Value, region: &str| {
        call(&client, "ReplicateKey", &json!({ "KeyId": id, "ReplicaRegion": region }).to_string())
    };
    let reply = replicate(&id, "eu-west-1");
    let answered = json(&reply);
    let mut members: Vec<_> = answered.as_object().unwrap().keys().map(String::as_str).collect();
    members.sort_unstable();
    assert_eq!(members, ["ReplicaKeyMetadata", "ReplicaPolicy", "ReplicaTags"]);
    let metadata = &answered["ReplicaKeyMetadata"];
    assert_eq!((&metadata["KeyState"], &metadata["Enabled"]), (&json!("Creating"), &json!(false)));
    assert_eq!((&metadata["Description"], &answered["ReplicaTags"]), (&json!(""), &json!([])));
    let default = answer(&client, "GetKeyPolicy", json!({ "KeyId": key(&client) }))["Policy"].clone();
    assert_eq!(answered["ReplicaPolicy"], default);

    assert_eq!(replicate(&id, "eu-west-1").error_type, Some("AlreadyExistsException"));
    assert_eq!(replicate(&id, REGION).error_type, Some("AlreadyExistsException"));
    assert_eq!(replicate(&id, "cn-north-1").error_type, Some(UNSUPPORTED));
    let single = key(&client);
    let body = json!({ "KeyId": single, "ReplicaRegion": "eu-west-1" }).to_string();
    let text = format!("arn:aws:kms:us-west-2:111122223333:key/{single} is not a multi-region primary key.");
    assert_eq!(refusal(&client, "ReplicateKey", &body), (UNSUPPORTED, text));
}

/// Spec: API-102
#[test]
fn the_primary_moves_to_a_region_with_an_enabled_replica() {
    let kms = Kms::builder().multi_region_delay(std::time::Duration::from_secs(60)).clock(clock()).build().unwrap();
    let client = kms.client(REGION, root()).unwrap();
    let primary = answer(&client, "CreateKey", json!({ "MultiRegion": true }))["KeyMetadata"]["KeyId"].clone();
    let update = |id: &Value, region: &str| {
        call(&client, "UpdatePrimaryRegion", &json!({ "KeyId": id, "PrimaryRegion": region }).to_string())
    };
    assert_eq!(update(&json!(key(&client)), "eu-west-1").error_type, Some(UNSUPPORTED));
    assert_eq!(update(&primary, "eu-west-1").error_type, Some("NotFoundException"));
    assert_eq!(update(&primary, REGION).error_type, Some(UNSUPPORTED));
}

/// Spec: API-102
#[test]
fn both_keys_pass_through_updating() {
    let clock = clock();
    let delay = std::time::Duration::from_secs(60);
    let kms = Kms::builder().multi_region_delay(delay).clock(Arc::clone(&clock)).build().unwrap();
    let here = kms.client(REGION, root()).unwrap();
    let there = kms.client("eu-west-1", root()).unwrap();
    let id = answer(&here, "CreateKey", json!({ "MultiRegion": true }))["KeyMetadata"]["KeyId"].clone();
    answer(&here, "ReplicateKey", json!({ "KeyId": id, "ReplicaRegion": "eu-west-1" }));
    let body = json!({ "KeyId": id, "PrimaryRegion": "eu-west-1" });
    let state = |client| answer(client, "DescribeKey", json!({ "KeyId": id }))["KeyMetadata"]["KeyState"].clone();
    assert_eq!((state(&here), state(&there)), (json!("Enabled"), json!("Creating")));
    assert_eq!(refusal(&here, "UpdatePrimaryRegion", &body.to_string()).0, "KMSInvalidStateException");
    clock.advance(delay);
    let reply = call(&here, "UpdatePrimaryRegion", &body.to_string());
    assert_eq!((reply.status, reply.body.len()), (200, 0));
    assert_eq!((state(&here), state(&there)), (json!("Updating"), json!("Updating")));
    clock.advance(delay);
    assert_eq!((state(&here), state(&there)), (json!("Enabled"), json!("Enabled")));
    assert_eq!(refusal(&here, "UpdatePrimaryRegion", &body.to_string()).0, UNSUPPORTED);
}

/// Spec: API-128
#[test]
fn a_key_rotates_on_demand_25_times() {
    let client = client();
    let id = key(&client);
    for _ in 0..25 {
        answer(&client, "RotateKeyOnDemand", json!({ "KeyId": id }));
        answer(&client, "DescribeKey", json!({ "KeyId": id }));
    }
    let (code, text) = refusal(&client, "RotateKeyOnDemand", &json!({ "KeyId": id }).to_string());
    let arn = format!("arn:aws:kms:us-west-2:111122223333:key/{id}");
    let expected = format!(
        "The on-demand rotations limit has been reached for the given keyId. No more on-demand rotations can be \
         performed for this key: {arn}"
    );
    assert_eq!((code, text), ("LimitExceededException", expected));
}

/// Spec: API-109
#[test]
fn what_happens_by_itself_is_recorded_as_such() {
    let clock = clock();
    let kms = Kms::builder().clock(Arc::clone(&clock)).build().unwrap();
    let client = kms.client(REGION, root()).unwrap();
    let (rotating, dying) = (key(&client), key(&client));
    let set = answer(&client, "CreateKey", json!({ "MultiRegion": true }))["KeyMetadata"]["KeyId"].clone();
    answer(&client, "ReplicateKey", json!({ "KeyId": set, "ReplicaRegion": "eu-west-1" }));
    import(&client, 1_772_000_000);
    answer(&client, "EnableKeyRotation", json!({ "KeyId": rotating }));
    answer(&client, "EnableKeyRotation", json!({ "KeyId": set }));
    answer(&client, "ScheduleKeyDeletion", json!({ "KeyId": dying, "PendingWindowInDays": 7 }));
    clock.advance_days(366);
    kms.sweep().unwrap();
    let recorded = |name: &str| {
        let trail = kms.audit_trail();
        let record = trail.iter().find(|record| record.event_name == name).unwrap_or_else(|| panic!("no {name}"));
        let record = serde_json::to_value(record).unwrap();
        (record["eventType"].clone(), record["userIdentity"]["invokedBy"].clone())
    };
    for (name, kind) in [
        ("RotateKey", "AwsServiceEvent"),
        ("DeleteKey", "AwsServiceEvent"),
        ("DeleteExpiredKeyMaterial", "AwsServiceEvent"),
        ("SynchronizeMultiRegionKey", "AwsApiCall"),
    ] {
        assert_eq!(recorded(name), (json!(kind), json!("AWS Internal")), "{name}");
    }
}

/// A key with imported material that expires.
fn import(client: &Client, valid_to: i64) {
    let created = answer(client, "CreateKey", json!({ "Origin": "EXTERNAL" }));
    let id = &created["KeyMetadata"]["KeyId"];
    let body = json!({ "KeyId": id, "WrappingAlgorithm": "RSAES_OAEP_SHA_256", "WrappingKeySpec": "RSA_2048" });
    let parameters = answer(client, "GetParametersForImport", body);
    let public = STANDARD.decode(parameters["PublicKey"].as_str().unwrap()).unwrap();
    let wrapping_key = DefaultProvider.public_key(KeyPairAlgorithm::Rsa2048, &public).unwrap();
    let scheme = WrappingScheme::Direct(EncryptionScheme::RsaOaepSha256);
    let wrapped = scheme.wrap(&DefaultProvider, &*wrapping_key, &[7; 32], &SystemEntropy).unwrap();
    let body = json!({
        "KeyId": id, "ImportToken": parameters["ImportToken"], "EncryptedKeyMaterial": STANDARD.encode(wrapped),
        "ValidTo": valid_to,
    });
    answer(client, "ImportKeyMaterial", body);
}

/// Spec: API-085
#[test]
fn signatures_have_the_encodings_of_their_standards() {
    let client = client();
    let sign = |spec: &str, algorithm: &str| {
        let created = answer(&client, "CreateKey", json!({ "KeySpec": spec, "KeyUsage": "SIGN_VERIFY" }));
        let id = &created["KeyMetadata"]["KeyId"];
        let body = json!({ "KeyId": id, "Message": "AA==", "SigningAlgorithm": algorithm });
        let signature = answer(&client, "Sign", body)["Signature"].as_str().unwrap().to_owned();
        STANDARD.decode(signature).unwrap()
    };
    // The length of the modulus.
    assert_eq!(sign("RSA_2048", "RSASSA_PKCS1_V1_5_SHA_256").len(), 256);
    assert_eq!(sign("RSA_2048", "RSASSA_PSS_SHA_256").len(), 256);
    // SEQUENCE { INTEGER r, INTEGER s }, with nothing behind it.
    for (spec, algorithm) in [("ECC_NIST_P256", "ECDSA_SHA_256"), ("ECC_SECG_P256K1", "ECDSA_SHA_256")] {
        let signature = sign(spec, algorithm);
        assert_eq!((signature[0], usize::from(signature[1])), (0x30, signature.len() - 2), "{spec}");
        let r = usize::from(signature[3]);
        let s = usize::from(signature[5 + r]);
        assert_eq!((signature[2], signature[4 + r], 6 + r + s), (2, 2, signature.len()), "{spec}");
        assert!(r <= 33 && s <= 33, "{spec}");
    }
    assert!(sign("ML_DSA_87", "ML_DSA_SHAKE_256").len() <= 6_144);
}

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at("2026-01-31T00:00:00Z"))
}
