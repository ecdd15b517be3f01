//! Imported keys among others: portability, conditions, audit, secrecy, restarts.

use std::sync::Arc;

use keystead::crypto::{DefaultProvider, MacAlgorithm, Provider};
use keystead::store::{Range, Store};
use keystead::{CallError, Clock, Kms};
use keystead_memory::MemoryStore;
use serde_json::json;

use crate::support::statements::{alice, allowing};
use crate::support::{ACCOUNT, REGION, World, assert_code};
use crate::{EXPIRES, FOREVER, OAEP, Set, described, empty_key, import, opens, sealed, state};

/// Spec: IMP-54, IMP-56
#[test]
fn ciphertexts_belong_to_one_key() {
    let world = World::new();
    let (one, other) = (world.imported_key(&[7; 32]), world.imported_key(&[7; 32]));
    let ciphertext = sealed(&world.root, &one);
    assert_code(world.root.decrypt(&ciphertext).key_id(other.id.as_str()).send(), "IncorrectKeyException");
    let ids = [&one, &other].map(|key| described(&world.root, key).current_key_material_id.unwrap());
    assert_ne!(ids[0], ids[1], "names of equal material of two keys are unrelated");
    world.root.schedule_key_deletion(&one.id).pending_window_in_days(7).send().unwrap();
    world.clock.advance_days(7);
    assert!(!opens(&world.root, &ciphertext));
    world.imported_key(&[7; 32]);
    assert!(!opens(&world.root, &ciphertext), "a new key has a new ID, whatever its material");
}

/// Spec: OVR-24, KEY-98
#[test]
fn data_keys_in_hand_outlive_the_use_of_the_key() {
    type End = fn(&World, &str) -> Result<(), CallError>;
    let ends: [(&str, &str, End); 4] = [
        ("disable", "DisabledException", |world, id| world.root.disable_key(id).send().map(|_| ())),
        ("delete", "KMSInvalidStateException", |world, id| world.root.schedule_key_deletion(id).send().map(|_| ())),
        ("delete material", "KMSInvalidStateException", |world, id| {
            world.root.delete_imported_key_material(id).send().map(|_| ())
        }),
        ("expire", "KMSInvalidStateException", |world, _| {
            world.clock.advance_days(2);
            Ok(())
        }),
    ];
    for (name, code, end) in ends {
        let world = World::new();
        let key = world.empty_key();
        let set = Set::of(&world.root, &key, OAEP, "RSA_2048");
        let valid_to = world.clock.now().plus_days(1);
        let import = world.root.import_key_material(&key.id, set.token(), set.wrap(&[7; 32])).valid_to(valid_to);
        import.send().unwrap();
        let data_key = world.root.generate_data_key(&key.id).key_spec("AES_256").send().unwrap();
        let before = DefaultProvider.mac(MacAlgorithm::HmacSha256, data_key.expose()).unwrap().sign(&[b"data"]);
        end(&world, &key.id).unwrap();
        assert_code(world.root.decrypt(&data_key.ciphertext_blob).send(), code);
        assert_code(world.root.generate_data_key(&key.id).key_spec("AES_256").send(), code);
        let after = DefaultProvider.mac(MacAlgorithm::HmacSha256, data_key.expose()).unwrap().sign(&[b"data"]);
        assert_eq!(before.as_ref(), after.as_ref(), "{name}: the data key in hand works on");
    }
}

/// Spec: IMP-55
#[test]
fn macs_are_portable() {
    let world = World::new();
    let tag = || {
        let key = empty_key(&world.root, "HMAC_256", "GENERATE_VERIFY_MAC");
        import(&world.root, &key, &[7; 32]).unwrap();
        world.root.generate_mac(&key.id, b"message").mac_algorithm("HMAC_SHA_256").send().unwrap().mac.clone()
    };
    let (first, second) = (tag(), tag());
    assert_eq!(first, second);
    use keystead::crypto::{DefaultProvider, MacAlgorithm, Provider};
    let outside = DefaultProvider.mac(MacAlgorithm::HmacSha256, &[7; 32]).unwrap();
    assert_eq!(outside.sign(&[b"message"]).as_ref(), first);
}

/// Spec: IMP-38
#[test]
fn conditions_see_what_was_sent() {
    let world = World::new();
    let key = world.empty_key();
    let set = Set::of(&world.root, &key, OAEP, "RSA_2048");
    let wrapped = set.wrap(&[7; 32]);
    let soon = keystead::Clock::now(&*world.clock).plus_days(1);
    let late = keystead::Clock::now(&*world.clock).plus_days(100);
    let silent = world
        .client(alice(&[allowing(&["kms:ImportKeyMaterial"], json!({ "Null": { "kms:ExpirationModel": "true" } }))]));
    silent.import_key_material(&key.id, set.token(), &wrapped).valid_to(late).send().unwrap();
    let spoken = silent.import_key_material(&key.id, set.token(), &wrapped).valid_to(late).expiration_model(EXPIRES);
    assert_code(spoken.send(), "AccessDeniedException");
    let limit = (soon.as_millis() / 1000).to_string();
    let bounded = world.client(alice(&[allowing(
        &["kms:ImportKeyMaterial"],
        json!({ "NumericLessThanEquals": { "kms:ValidTo": limit } }),
    )]));
    bounded.import_key_material(&key.id, set.token(), &wrapped).valid_to(soon).send().unwrap();
    let call = bounded.import_key_material(&key.id, set.token(), &wrapped).valid_to(late);
    assert_code(call.send(), "AccessDeniedException");
    let picky = world.client(alice(&[
        json!({ "Effect": "Allow", "Action": "kms:GetParametersForImport", "Resource": "*" }),
        json!({ "Effect": "Deny", "Action": "kms:*", "Resource": "*",
                "Condition": { "StringEquals": { "kms:WrappingAlgorithm": "RSAES_OAEP_SHA_1" } } }),
    ]));
    assert_code(
        picky.get_parameters_for_import(&key.id, "RSAES_OAEP_SHA_1", "RSA_2048").send(),
        "AccessDeniedException",
    );
    picky.get_parameters_for_import(&key.id, OAEP, "RSA_2048").send().unwrap();
}

/// Spec: IMP-58
#[test]
fn each_step_has_a_permission_of_its_own() {
    let world = World::new();
    let key = world.empty_key();
    let set = Set::of(&world.root, &key, OAEP, "RSA_2048");
    let nobody = world.user(&["kms:Encrypt"]);
    assert_code(nobody.get_parameters_for_import(&key.id, OAEP, "RSA_2048").send(), "AccessDeniedException");
    assert_code(set.import(&nobody, &key, &[7; 32]), "AccessDeniedException");
    assert_code(nobody.delete_imported_key_material(&key.id).send(), "AccessDeniedException");
    let importer = world.user(&["kms:GetParametersForImport", "kms:ImportKeyMaterial", "kms:DescribeKey"]);
    Set::of(&importer, &key, OAEP, "RSA_2048").import(&importer, &key, &[7; 32]).unwrap();
    assert_code(importer.delete_imported_key_material(&key.id).send(), "AccessDeniedException");
}

/// Spec: IMP-59, IMP-45, AUD-21
#[test]
fn records_name_key_and_expiry_and_hold_neither_token_nor_blob() {
    use base64::Engine as _;
    let world = World::new();
    let key = world.empty_key();
    assert_eq!(world.last_record()["requestParameters"]["origin"], "EXTERNAL");
    let set = Set::of(&world.root, &key, OAEP, "RSA_2048");
    let wrapped = set.wrap(&[7; 32]);
    let valid_to = keystead::Clock::now(&*world.clock).plus_days(1);
    let call = world.root.import_key_material(&key.id, set.token(), &wrapped).valid_to(valid_to);
    let id = call.expiration_model(EXPIRES).send().unwrap().key_material_id.unwrap().to_string();
    let record = world.last_record();
    assert_eq!((&record["eventName"], &record["readOnly"]), (&json!("ImportKeyMaterial"), &json!(false)));
    assert_eq!(
        record["requestParameters"],
        json!({ "keyId": key.id, "expirationModel": EXPIRES, "validTo": "Jan 2, 2026, 12:00:00 AM" })
    );
    assert_eq!(record["responseElements"], json!({ "keyId": key.arn, "keyMaterialId": id }));
    world.root.delete_imported_key_material(&key.id).send().unwrap();
    let record = world.last_record();
    assert_eq!(record["requestParameters"], json!({ "keyId": key.id }));
    assert_eq!(record["responseElements"], json!({ "keyId": key.arn, "keyMaterialId": id }));
    let all: String = world.kms.audit_trail().iter().map(|record| record.to_json()).collect();
    for secret in [set.token(), &wrapped, &[7; 32], &set.response.public_key] {
        let base64 = base64::engine::general_purpose::STANDARD.encode(&secret[..24]);
        assert!(!all.contains(&base64));
    }
}

/// Spec: IMP-10, IMP-28, IMP-44
#[test]
fn the_store_never_holds_the_material_in_clear() {
    let store = Arc::new(MemoryStore::new());
    let world = World::with(|builder| builder.store(Arc::clone(&store)));
    let key = world.imported_key(b"0123456789abcdef0123456789ABCDEF");
    for (_, entry) in store.scan(&Range::all(), usize::MAX).unwrap() {
        let text = String::from_utf8_lossy(&entry.value).into_owned();
        assert!(!text.contains("0123456789abcdef"));
        assert!(!text.contains("MDEyMzQ1Njc4OWFiY2RlZg"), "base64");
    }
    world.root.delete_imported_key_material(&key.id).send().unwrap();
    let tokens = store.scan(&Range::all(), usize::MAX).unwrap().into_iter().filter(|(_, entry)| {
        let text = String::from_utf8_lossy(&entry.value).into_owned();
        text.contains("\"fingerprint\":") && text.contains("\"ekt\":")
    });
    assert_eq!(tokens.count(), 0, "the token leaves with the material");
}

/// Spec: IMP-08, IMP-16, IMP-46
#[test]
fn everything_survives_a_restart() {
    let store = Arc::new(MemoryStore::new());
    let open = || {
        let root = keystead::hierarchy::RawRootKey::new(&[7; 32].as_slice().into()).unwrap();
        let kms = Kms::builder().store(Arc::clone(&store)).root_key(root).build().unwrap();
        let client = kms.client(REGION, keystead::Caller::account_root(ACCOUNT).unwrap()).unwrap();
        (kms, client)
    };
    let (_first, client) = open();
    let key = empty_key(&client, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT");
    let set = Set::of(&client, &key, OAEP, "RSA_2048");
    set.import(&client, &key, &[7; 32]).unwrap();
    let ciphertext = sealed(&client, &key);
    client.delete_imported_key_material(&key.id).send().unwrap();

    let (_second, client) = open();
    assert_eq!(state(&client, &key), "PendingImport");
    assert_code(set.import(&client, &key, &[8; 32]), "IncorrectKeyMaterialException");
    let wrapped = set.wrap(&[7; 32]);
    client.import_key_material(&key.id, set.token(), &wrapped).expiration_model(FOREVER).send().unwrap();
    assert!(opens(&client, &ciphertext));
}
