//! Parameter sets: wrapping key and token.

use std::time::Duration;

use crate::support::{ACCOUNT, OTHER, World, assert_code, assert_refused};
use crate::{FOREVER, HYBRID, OAEP, Set, described, empty_key, state};

/// Spec: IMP-02, IMP-04, IMP-05, IMP-57, STA-09, STA-26
#[test]
fn a_key_without_material_can_be_managed_and_not_used() {
    let world = World::new();
    let key = world.empty_key();
    let metadata = described(&world.root, &key);
    assert_eq!((metadata.key_state.as_str(), metadata.enabled), ("PendingImport", false));
    assert_eq!((metadata.expiration_model, metadata.valid_to), (None, None));
    assert_eq!((metadata.origin.as_str(), metadata.current_key_material_id), ("EXTERNAL", None));
    let pending = format!("{} is pending import.", key.arn);
    assert_refused(world.root.encrypt(&key.id, b"x").send(), "KMSInvalidStateException", &pending);
    assert_refused(world.root.enable_key(&key.id).send(), "KMSInvalidStateException", &pending);
    assert_refused(world.root.disable_key(&key.id).send(), "KMSInvalidStateException", &pending);
    assert_refused(world.root.rotate_key_on_demand(&key.id).send(), "KMSInvalidStateException", &pending);
    let grant =
        world.root.create_grant(&key.id, format!("arn:aws:iam::{ACCOUNT}:root")).operations(vec!["Encrypt".into()]);
    assert_refused(grant.send(), "KMSInvalidStateException", &pending);
    world.root.create_alias("alias/waiting", &key.id).send().unwrap();
    world.root.update_key_description(&key.id, "waiting").send().unwrap();
    world.root.schedule_key_deletion(&key.id).send().unwrap();
    assert_eq!(state(&world.root, &key), "PendingDeletion");
    world.root.cancel_key_deletion(&key.id).send().unwrap();
    assert_eq!(state(&world.root, &key), "PendingImport");
}

/// Spec: IMP-03
#[test]
fn key_stores_take_no_imported_material() {
    let world = World::new();
    let call = world.root.create_key().origin("EXTERNAL").custom_key_store_id("cks-1234567890abcdef0");
    assert_code(call.send(), "ValidationException");
}

/// Spec: API-094, IMP-16, IMP-17, IMP-18
#[test]
fn sets_have_a_key_and_a_token_of_their_own_for_24_hours() {
    let world = World::new();
    let key = world.empty_key();
    let first = Set::of(&world.root, &key, OAEP, "RSA_2048");
    let second = Set::of(&world.root, &key, OAEP, "RSA_2048");
    assert_eq!(first.response.key_id.to_string(), key.arn);
    assert_eq!(first.response.public_key.len(), 294);
    assert!((1..=6144).contains(&first.token().len()));
    let now = keystead::Clock::now(&*world.clock);
    assert_eq!(first.response.parameters_valid_to, now.plus_days(1));
    assert_ne!(first.response.public_key, second.response.public_key);

    // The wrapping key of one with the token of the other.
    assert_refused(second.send(&world.root, &key, &first.wrap(&[7; 32])), "InvalidCiphertextException", "");
    // The token of another key.
    let other = world.empty_key();
    assert_code(first.import(&world.root, &other, &[7; 32]), "InvalidImportTokenException");
    // Any other token.
    for at in [0, 30, first.token().len() - 1] {
        let mut forged = first.token().to_vec();
        forged[at] ^= 1;
        let call = world.root.import_key_material(&key.id, &forged, first.wrap(&[7; 32])).expiration_model(FOREVER);
        assert_code(call.send(), "InvalidImportTokenException");
    }
    // A later set does not end an earlier one.
    world.clock.advance(Duration::from_secs(24 * 3600 - 1));
    first.import(&world.root, &key, &[7; 32]).unwrap();
    world.clock.advance(Duration::from_secs(2));
    assert_code(second.import(&world.root, &key, &[7; 32]), "ExpiredImportTokenException");
}

/// Spec: IMP-17
#[test]
fn a_token_holds_in_its_region_and_account_only() {
    let world = World::new();
    let key = world.empty_key();
    let set = Set::of(&world.root, &key, OAEP, "RSA_2048");
    let foreign = world.foreign_root();
    let theirs = empty_key(&foreign, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT");
    assert_ne!(theirs.arn.contains(ACCOUNT), theirs.arn.contains(OTHER));
    assert_code(set.import(&foreign, &theirs, &[7; 32]), "InvalidImportTokenException");
    let elsewhere = world.kms.client("eu-west-1", keystead::Caller::account_root(ACCOUNT).unwrap()).unwrap();
    let there = empty_key(&elsewhere, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT");
    assert_code(set.import(&elsewhere, &there, &[7; 32]), "InvalidImportTokenException");
}

/// A wrapping key is encrypted at rest and leaves when its set has expired.
///
/// Spec: IMP-18
#[test]
fn expired_wrapping_keys_are_deleted() {
    let store = std::sync::Arc::new(keystead_memory::MemoryStore::new());
    let world = World::with(|builder| builder.store(std::sync::Arc::clone(&store)));
    let key = world.empty_key();
    let wrapping_keys = || {
        use keystead::store::{Range, Store};
        let records = store.scan(&Range::all(), usize::MAX).unwrap();
        records.into_iter().filter(|(key, _)| key.as_ref().windows(5).any(|part| part == b"\0wrap")).count()
    };
    Set::of(&world.root, &key, OAEP, "RSA_2048");
    world.clock.advance(Duration::from_secs(12 * 3600));
    Set::of(&world.root, &key, OAEP, "RSA_2048");
    world.kms.sweep().unwrap();
    assert_eq!(wrapping_keys(), 2);
    world.clock.advance(Duration::from_secs(12 * 3600 + 1));
    world.kms.sweep().unwrap();
    assert_eq!(wrapping_keys(), 1);
    world.clock.advance(Duration::from_secs(12 * 3600));
    Set::of(&world.root, &key, OAEP, "RSA_2048");
    assert_eq!(wrapping_keys(), 1, "the next set takes the place of those that expired");
}

/// Spec: IMP-17, IMP-44, OVR-17
#[test]
fn sets_and_fingerprints_survive_a_new_domain_key() {
    let world = World::new();
    let key = world.imported_key(&[7; 32]);
    let ciphertext = crate::sealed(&world.root, &key);
    let set = Set::of(&world.root, &key, OAEP, "RSA_2048");
    let rotation = world.kms.rotate_domain_key(world.root.region()).unwrap();
    assert_eq!((rotation.rewrapped, rotation.retired), (4, 1), "material, fingerprint key, two wrapping keys");
    assert_code(set.import(&world.root, &key, &[8; 32]), "IncorrectKeyMaterialException");
    set.import(&world.root, &key, &[7; 32]).unwrap();
    assert!(crate::opens(&world.root, &ciphertext));
}

/// Spec: IMP-19, IMP-20, IMP-59
#[test]
fn getting_parameters_is_recorded_as_reading() {
    let world = World::new();
    let key = world.empty_key();
    let before = described(&world.root, &key);
    Set::of(&world.root, &key, HYBRID.replace("RSA_AES_KEY_WRAP", "RSAES_OAEP").as_str(), "RSA_2048");
    let record = world.last_record();
    assert_eq!(record["eventName"], "GetParametersForImport");
    assert_eq!(record["readOnly"], true);
    assert_eq!(record["responseElements"], serde_json::Value::Null);
    assert_eq!(
        record["requestParameters"],
        serde_json::json!({ "keyId": key.id, "wrappingAlgorithm": OAEP, "wrappingKeySpec": "RSA_2048" })
    );
    assert_eq!(described(&world.root, &key), before);
}

/// Origin, then state, then combination.
///
/// Spec: API-094, IMP-20, RUL-03, STA-29
#[test]
fn parameters_are_checked_in_order() {
    let world = World::new();
    let get = |key: &crate::Key, algorithm: &'static str| {
        world.root.get_parameters_for_import(key.id.clone(), algorithm, "RSA_2048").send()
    };
    let ours = world.key();
    world.root.disable_key(&ours.id).send().unwrap();
    world.root.schedule_key_deletion(&ours.id).send().unwrap();
    let origin = format!("{} origin is AWS_KMS which is not valid for this operation.", ours.arn);
    assert_refused(get(&ours, OAEP), "UnsupportedOperationException", &origin);
    let empty = world.empty_key();
    assert_code(get(&empty, "RSAES_PKCS1_V1_5"), "UnsupportedOperationException");
    assert_code(get(&empty, "RSAES_PKCS1_V2"), "ValidationException");
    world.root.schedule_key_deletion(&empty.id).send().unwrap();
    let state = format!("{} is pending deletion.", empty.arn);
    assert_refused(get(&empty, "RSAES_PKCS1_V1_5"), "KMSInvalidStateException", &state);
    // Aliases are not accepted.
    world.root.create_alias("alias/a", &world.empty_key().id).send().unwrap();
    assert!(world.root.get_parameters_for_import("alias/a", OAEP, "RSA_2048").send().is_err());
}

/// Material comes in wrapped and with a token, or not at all.
///
/// Spec: IMP-01
#[test]
fn nothing_takes_material_in_clear() {
    let model: serde_json::Value = serde_json::from_str(include_str!("../../data/kms-2014-11-01.json")).unwrap();
    // Members of requests that carry bytes, by what the model calls them.
    let shapes = model["shapes"].as_object().unwrap();
    let mut carriers = Vec::new();
    for operation in keystead::catalogue::operations() {
        let input = format!("{}Request", operation.name());
        let Some(members) = shapes.get(&input).and_then(|shape| shape["members"].as_object()) else { continue };
        for (member, shape) in members {
            let is_blob = shapes[shape.as_str().unwrap()]["type"] == "blob";
            if is_blob && member.contains("Material") {
                carriers.push(format!("{} {member}", operation.name()));
            }
        }
    }
    assert_eq!(carriers, ["ImportKeyMaterial EncryptedKeyMaterial"]);

    let world = World::new();
    let key = world.empty_key();
    let material = [7; 32];
    let set = Set::of(&world.root, &key, OAEP, "RSA_2048");
    assert_code(set.send(&world.root, &key, &material), "InvalidCiphertextException");
    let tokenless = world.root.import_key_material(&key.id, b"x", set.wrap(&material)).expiration_model(FOREVER);
    assert_code(tokenless.send(), "InvalidImportTokenException");
    let importer = world.user(&["kms:ImportKeyMaterial"]);
    assert_code(importer.get_parameters_for_import(&key.id, OAEP, "RSA_2048").send(), "AccessDeniedException");
    assert_eq!(state(&world.root, &key), "PendingImport");
    // The way through is authorized and recorded at each step.
    set.import(&world.root, &key, &material).unwrap();
    let steps = ["GetParametersForImport", "ImportKeyMaterial"]
        .map(|step| world.records(step).iter().filter(|record| record.error_code.is_none()).count());
    assert_eq!(steps, [1, 1]);
}
