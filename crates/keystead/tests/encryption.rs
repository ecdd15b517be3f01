//! Encryption contexts and data keys (chapter 10, sections 8 and 9).
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use keystead::{Caller, EncryptionContext};
use support::*;

/// Spec: KEY-11, KEY-16, RUL-12
#[test]
fn the_china_profile_encrypts_too_under_its_own_partition() {
    let world = World::new();
    let china = world.kms.client("cn-north-1", Caller::account_root(ACCOUNT).unwrap()).unwrap();
    let key = china.create_key().send().unwrap().into_inner().key_metadata;
    assert_eq!(key.arn.to_string(), format!("arn:aws-cn:kms:cn-north-1:{ACCOUNT}:key/{}", key.key_id));
    let sealed = china.encrypt(key.arn, b"plain").context("a", "b").send().unwrap();
    assert_eq!(china.decrypt(&sealed.ciphertext_blob).context("a", "b").send().unwrap().expose(), b"plain");
}

/// Spec: KEY-79, KEY-81, KEY-87, API-077, API-105
#[test]
fn decryption_repeats_the_context_exactly() {
    let world = World::new();
    let key = world.key();
    let sealed = world.root.encrypt(&key.id, b"x").context("Dept", "IT").context("dept", "x").send().unwrap();
    let decrypt = |pairs: &[(&'static str, &'static str)]| {
        let call = world.root.decrypt(&sealed.ciphertext_blob);
        pairs.iter().fold(call, |call, (key, value)| call.context(*key, *value)).send()
    };
    let wrong: &[&[(&str, &str)]] = &[
        &[],
        &[("Dept", "IT")],
        &[("dept", "x")],
        &[("Dept", "x"), ("dept", "IT")],
        &[("DEPT", "IT"), ("dept", "x")],
        &[("Dept", "It"), ("dept", "x")],
        &[("Dept", "IT"), ("dept", "x"), ("more", "")],
        &[("Dept", "IT "), ("dept", "x")],
    ];
    for pairs in wrong {
        assert_refused(decrypt(pairs), "InvalidCiphertextException", "");
    }
    assert_eq!(decrypt(&[("dept", "x"), ("Dept", "IT")]).unwrap().expose(), b"x");
    assert_eq!(decrypt(&[("Dept", "IT"), ("dept", "x")]).unwrap().expose(), b"x");
}

/// Spec: KEY-81, KEY-83, KEY-84
#[test]
fn different_contexts_never_stand_for_each_other() {
    let world = World::new();
    let key = world.key();
    let contexts: &[&[(&str, &str)]] = &[
        &[],
        &[("a", "bc")],
        &[("ab", "c")],
        &[("abc", "")],
        &[("", "abc")],
        &[("", "")],
        &[("a", "b"), ("c", "d")],
        &[("a", "b\u{0}c"), ("", "d")],
        &[("a", "bcd")],
        &[("é", "x")],
        &[("e\u{301}", "x")],
    ];
    for sealing in contexts {
        let call = world.root.encrypt(&key.id, b"x");
        let sealed = sealing.iter().fold(call, |call, (key, value)| call.context(*key, *value)).send().unwrap();
        for opening in contexts {
            let call = world.root.decrypt(&sealed.ciphertext_blob);
            let opened = opening.iter().fold(call, |call, (key, value)| call.context(*key, *value)).send();
            assert_eq!(opened.is_ok(), sealing == opening, "{sealing:?} {opening:?}");
        }
    }
}

/// Spec: KEY-80, KEY-81, API-026
#[test]
fn an_empty_context_is_none() {
    let world = World::new();
    let key = world.key();
    let none = world.root.encrypt(&key.id, b"x").send().unwrap().into_inner().ciphertext_blob;
    let empty = world.root.encrypt(&key.id, b"x").encryption_context(EncryptionContext::new()).send().unwrap();
    world.root.decrypt(&none).encryption_context(EncryptionContext::new()).send().unwrap();
    world.root.decrypt(&empty.ciphertext_blob).send().unwrap();
}

/// Spec: KEY-83
#[test]
fn contexts_have_8192_bytes_in_canonical_form_unless_the_host_says_otherwise() {
    // Four bytes count the pairs, four each the length of key and value.
    let longest = "v".repeat(8192 - 4 - 4 - 1 - 4);
    let world = World::new();
    let key = world.key();
    world.root.encrypt(&key.id, b"x").context("k", &longest).send().unwrap();
    let longer = longest.clone() + "v";
    assert_code(world.root.encrypt(&key.id, b"x").context("k", &longer).send(), "ValidationException");
    let sealed = world.root.encrypt(&key.id, b"x").send().unwrap().into_inner().ciphertext_blob;
    assert_code(world.root.decrypt(&sealed).context("k", &longer).send(), "ValidationException");
    assert_code(
        world.root.re_encrypt(&sealed, &key.id).destination_context("k", &longer).send(),
        "ValidationException",
    );
    let call = world.root.generate_data_key(&key.id).key_spec("AES_256").context("k", &longer);
    assert_code(call.send(), "ValidationException");

    let generous = World::with(|builder| builder.max_encryption_context_len(8193));
    let key = generous.key();
    generous.root.encrypt(&key.id, b"x").context("k", &longer).send().unwrap();
}

/// Spec: KEY-88, KEY-89, KEY-90, KEY-92, API-080, API-112, API-121, API-078
#[test]
fn data_keys_have_the_length_asked_for_and_open_again() {
    let world = World::new();
    let key = world.key();
    let generate = || world.root.generate_data_key(&key.id).context("app", "1");
    let sizes = [
        (generate().key_spec("AES_128"), 16),
        (generate().key_spec("AES_256"), 32),
        (generate().number_of_bytes(1), 1),
        (generate().number_of_bytes(1024), 1024),
    ];
    for (call, length) in sizes {
        let data_key = call.send().unwrap();
        assert_eq!(data_key.expose().len(), length);
        assert!(data_key.ciphertext_blob.len() <= 6144);
        assert!(data_key.key_material_id.is_some());
        let opened = world.root.decrypt(&data_key.ciphertext_blob).context("app", "1").send().unwrap();
        assert_eq!(opened.expose(), data_key.expose());
        assert_eq!(opened.key_material_id, data_key.key_material_id);
        assert_code(world.root.decrypt(&data_key.ciphertext_blob).send(), "InvalidCiphertextException");
        world.root.re_encrypt(&data_key.ciphertext_blob, &key.id).source_context("app", "1").send().unwrap();
    }
    let hidden = world.root.generate_data_key_without_plaintext(&key.id).number_of_bytes(24).send().unwrap();
    assert_eq!(hidden.key_id.to_string(), key.arn);
    assert_eq!(world.root.decrypt(&hidden.ciphertext_blob).send().unwrap().expose().len(), 24);
    let (one, two) = (generate().key_spec("AES_256").send().unwrap(), generate().key_spec("AES_256").send().unwrap());
    assert_ne!(one.expose(), two.expose());
}

/// Spec: KEY-89, API-016, API-080, API-105
#[test]
fn the_size_of_a_data_key_is_given_exactly_once() {
    let world = World::new();
    let key = world.key();
    let plain = || world.root.generate_data_key(&key.id);
    let hidden = || world.root.generate_data_key_without_plaintext(&key.id);
    let message = "Please specify either number of bytes or key spec.";
    assert_refused(plain().send(), "ValidationException", message);
    assert_refused(hidden().send(), "ValidationException", message);
    assert_refused(plain().key_spec("AES_256").number_of_bytes(32).send(), "ValidationException", message);
    assert_refused(hidden().key_spec("AES_256").number_of_bytes(32).send(), "ValidationException", message);
    for (bytes, bound) in
        [(0, "greater than or equal to 1"), (-1, "greater than or equal to 1"), (1025, "less than or equal to 1024")]
    {
        let item =
            format!("Value '{bytes}' at 'numberOfBytes' failed to satisfy constraint: Member must have value {bound}");
        assert_refused(plain().number_of_bytes(bytes).send(), "ValidationException", &violation(&item));
        assert_refused(hidden().number_of_bytes(bytes).send(), "ValidationException", &violation(&item));
    }
    let item = "Value 'AES_192' at 'keySpec' failed to satisfy constraint: Member must satisfy enum value set: [AES_256, AES_128]";
    assert_refused(plain().key_spec("AES_192").send(), "ValidationException", &violation(item));
}

/// Spec: KEY-46, KEY-98
#[test]
fn disabling_reaches_data_keys_when_they_are_opened_again() {
    let world = World::new();
    let key = world.key();
    let data_key = world.root.generate_data_key(&key.id).key_spec("AES_256").send().unwrap();
    world.root.disable_key(&key.id).send().unwrap();
    let disabled = format!("{} is disabled.", key.arn);
    assert_refused(world.root.decrypt(&data_key.ciphertext_blob).send(), "DisabledException", &disabled);
    world.root.enable_key(&key.id).send().unwrap();
    let opened = world.root.decrypt(&data_key.ciphertext_blob).send().unwrap();
    assert_eq!(opened.expose(), data_key.expose());
}

/// Spec: KEY-04, KEY-99, API-025
#[test]
fn nothing_secret_is_printed() {
    let world = World::new();
    let key = world.key();
    let secret = b"correct horse battery staple";
    let call = world.root.encrypt(&key.id, secret);
    let printed = format!("{call:?}");
    let sealed = call.send().unwrap();
    let opened = world.root.decrypt(&sealed.ciphertext_blob).send().unwrap();
    let printed = format!("{printed} {opened:?} {:?}", opened.plaintext);
    let numbers = secret[..4].iter().map(u8::to_string).collect::<Vec<_>>().join(", ");
    for form in ["correct horse", numbers.as_str(), "636f7272", "Y29ycmVj"] {
        assert!(!printed.contains(form), "{printed}");
    }
}
