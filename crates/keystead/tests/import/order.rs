//! ImportKeyMaterial: its checks and their order.

use std::time::Duration;

use keystead::Clock;
use keystead::crypto::{DefaultProvider, Entropy, Provider, entropy::SeededEntropy};

use crate::support::{World, assert_code, assert_refused, outcome};
use crate::{EXPIRES, FOREVER, HYBRID, OAEP, Set, described, empty_key, import, material_of, state};

/// Spec: IMP-36, IMP-39
#[test]
fn material_expires_by_default_and_so_needs_a_date() {
    let world = World::new();
    let key = world.empty_key();
    let set = Set::of(&world.root, &key, OAEP, "RSA_2048");
    let wrapped = set.wrap(&[7; 32]);
    let call = || world.root.import_key_material(&key.id, set.token(), &wrapped);
    let message = "A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES";
    assert_refused(call().send(), "ValidationException", message);
    assert_refused(call().expiration_model(EXPIRES).send(), "ValidationException", message);
    assert_eq!(state(&world.root, &key), "PendingImport");
    call().expiration_model(FOREVER).send().unwrap();
    let metadata = described(&world.root, &key);
    assert_eq!((metadata.enabled, metadata.valid_to), (true, None));
    assert_eq!(metadata.expiration_model.unwrap().as_str(), FOREVER);
}

/// Spec: API-095, IMP-37
#[test]
fn material_lives_at_most_365_days() {
    let world = World::new();
    let key = world.empty_key();
    let set = Set::of(&world.root, &key, OAEP, "RSA_2048");
    let wrapped = set.wrap(&[7; 32]);
    let until = |at| world.root.import_key_material(&key.id, set.token(), &wrapped).valid_to(at);
    let now = world.clock.now();
    let second = Duration::from_secs(1);
    for wrong in [now, now.minus(second), now.plus_days(365).plus(second)] {
        assert_code(until(wrong).send(), "ValidationException");
    }
    assert_code(until(now.plus_days(1)).expiration_model(FOREVER).send(), "ValidationException");
    until(now.plus_days(365)).send().unwrap();
    assert_eq!(described(&world.root, &key).valid_to, Some(now.plus_days(365)));
    until(now.plus(second)).expiration_model(EXPIRES).send().unwrap();
    assert_eq!(described(&world.root, &key).valid_to, Some(now.plus(second)));
}

/// Spec: IMP-05, IMP-11, STA-27, STA-30, OVR-05
#[test]
fn keys_of_another_origin_refuse_whatever_their_state() {
    let world = World::new();
    let key = world.key();
    let message = format!("{} origin is AWS_KMS which is not valid for this operation.", key.arn);
    for disable in [false, true] {
        if disable {
            world.root.disable_key(&key.id).send().unwrap();
        }
        let get = world.root.get_parameters_for_import(&key.id, OAEP, "RSA_2048");
        assert_refused(get.send(), "UnsupportedOperationException", &message);
        let import = world.root.import_key_material(&key.id, b"token", b"material").expiration_model(FOREVER);
        assert_refused(import.send(), "UnsupportedOperationException", &message);
        let delete = world.root.delete_imported_key_material(&key.id);
        assert_refused(delete.send(), "UnsupportedOperationException", &message);
    }
    let imported = world.imported_key(&[7; 32]);
    let message = format!("{} origin is EXTERNAL which is not valid for this operation.", imported.arn);
    assert_refused(world.root.enable_key_rotation(&imported.id).send(), "UnsupportedOperationException", &message);
    assert_refused(world.root.disable_key_rotation(&imported.id).send(), "UnsupportedOperationException", &message);
    assert!(!world.root.get_key_rotation_status(&imported.id).send().unwrap().key_rotation_enabled);
}

/// Spec: IMP-34, IMP-35, IMP-39
#[test]
fn raw_material_has_exactly_the_length_of_its_spec() {
    let world = World::new();
    let key = world.empty_key();
    let set = Set::of(&world.root, &key, OAEP, "RSA_2048");
    for length in [1, 16, 31, 33, 64] {
        assert_code(set.import(&world.root, &key, &vec![7; length]), "IncorrectKeyMaterialException");
        assert_eq!(state(&world.root, &key), "PendingImport");
    }
    set.import(&world.root, &key, &[0; 32]).unwrap();

    let china = world.china();
    let key = empty_key(&china, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT");
    let set = Set::of(&china, &key, OAEP, "RSA_2048");
    assert_code(set.import(&china, &key, &[7; 32]), "IncorrectKeyMaterialException");
    set.import(&china, &key, &[7; 16]).unwrap();

    for (spec, length) in [("HMAC_224", 28), ("HMAC_256", 32), ("HMAC_384", 48), ("HMAC_512", 64)] {
        let key = empty_key(&world.root, spec, "GENERATE_VERIFY_MAC");
        let set = Set::of(&world.root, &key, OAEP, "RSA_2048");
        assert_code(set.import(&world.root, &key, &vec![7; length - 1]), "IncorrectKeyMaterialException");
        set.import(&world.root, &key, &vec![7; length]).unwrap();
    }
}

/// Spec: IMP-22, IMP-42
#[test]
fn the_wrapping_is_that_of_the_set() {
    let world = World::new();
    let key = empty_key(&world.root, "ECC_NIST_P256", "SIGN_VERIFY");
    let material = material_of("ECC_NIST_P256".parse().unwrap(), false);
    let hybrid = Set::of(&world.root, &key, HYBRID, "RSA_2048");
    let wrapped = hybrid.wrap(material.expose());
    let (first, second) = wrapped.split_at(256);
    let swapped = [second, first].concat();
    assert_refused(hybrid.send(&world.root, &key, &swapped), "InvalidCiphertextException", "");
    let public = DefaultProvider.public_key(keystead::crypto::KeyPairAlgorithm::Rsa2048, &hybrid.response.public_key);
    let scheme = keystead::crypto::EncryptionScheme::RsaOaepSha256;
    let entropy = keystead::crypto::entropy::SystemEntropy;
    let direct = public.unwrap().encrypt(scheme, material.expose(), &entropy).unwrap();
    assert_refused(hybrid.send(&world.root, &key, &direct), "InvalidCiphertextException", "");
    hybrid.send(&world.root, &key, &wrapped).unwrap();
}

/// Spec: IMP-27
#[test]
fn damaged_blobs_give_one_answer() {
    let world = World::with(|builder| builder.no_audit());
    let key = empty_key(&world.root, "ECC_NIST_P256", "SIGN_VERIFY");
    let material = material_of("ECC_NIST_P256".parse().unwrap(), false);
    let set = Set::of(&world.root, &key, HYBRID, "RSA_2048");
    let wrapped = set.wrap(material.expose());
    let entropy = SeededEntropy::new(32);
    for _ in 0..1000 {
        let mut draw = [0; 8];
        entropy.fill(&mut draw).unwrap();
        let draw = u64::from_le_bytes(draw) as usize;
        let mut wrong = wrapped.clone();
        match draw % 4 {
            0 => wrong.truncate(draw / 4 % wrapped.len()),
            1 => wrong.extend([0; 8]),
            _ => wrong[draw / 4 % wrapped.len()] ^= 1 << (draw / 8192 % 8),
        }
        if wrong.is_empty() {
            continue;
        }
        assert_eq!(outcome(set.send(&world.root, &key, &wrong)), ("InvalidCiphertextException", String::new()));
    }
    assert_eq!(state(&world.root, &key), "PendingImport");
    set.send(&world.root, &key, &wrapped).unwrap();
}

/// Spec: IMP-07, IMP-09, IMP-40
#[test]
fn the_first_material_binds_for_good() {
    let world = World::new();
    let key = world.imported_key(&[7; 32]);
    for _ in 0..2 {
        assert_code(import(&world.root, &key, &[8; 32]), "IncorrectKeyMaterialException");
        let hmac = Set::of(&world.root, &key, "RSAES_OAEP_SHA_1", "RSA_2048");
        hmac.import(&world.root, &key, &[7; 32]).unwrap();
        hmac.import(&world.root, &key, &[7; 32]).unwrap();
        world.root.delete_imported_key_material(&key.id).send().unwrap();
        assert_code(import(&world.root, &key, &[8; 32]), "IncorrectKeyMaterialException");
        assert_eq!(state(&world.root, &key), "PendingImport");
    }
}

/// Spec: IMP-43
#[test]
fn of_two_first_imports_one_wins() {
    let world = World::new();
    let key = world.empty_key();
    let set = Set::of(&world.root, &key, OAEP, "RSA_2048");
    let wrapped = [set.wrap(&[7; 32]), set.wrap(&[8; 32])];
    let outcomes: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> =
            wrapped.iter().map(|wrapped| scope.spawn(|| set.send(&world.root, &key, wrapped))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    for error in outcomes.into_iter().filter_map(Result::err) {
        assert_eq!(error.code(), "IncorrectKeyMaterialException");
    }
}

/// Spec: RUL-28
#[test]
fn members_about_several_materials_fit_symmetric_keys_only() {
    let world = World::new();
    let key = empty_key(&world.root, "HMAC_256", "GENERATE_VERIFY_MAC");
    let set = Set::of(&world.root, &key, OAEP, "RSA_2048");
    let wrapped = set.wrap(&[7; 32]);
    let call = || world.root.import_key_material(&key.id, set.token(), &wrapped).expiration_model(FOREVER);
    assert_code(call().import_type("NEW_KEY_MATERIAL").send(), "UnsupportedOperationException");
    assert_code(call().key_material_id("0".repeat(64)).send(), "UnsupportedOperationException");
    let both = call().import_type("NEW_KEY_MATERIAL").key_material_id("0".repeat(64));
    assert_code(both.send(), "ValidationException");
    let delete = world.root.delete_imported_key_material(&key.id).key_material_id("0".repeat(64));
    assert_code(delete.send(), "UnsupportedOperationException");
    assert_eq!(call().send().unwrap().key_material_id, None);
}
