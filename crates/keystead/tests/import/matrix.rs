//! Which material may be wrapped how (chapter 32, section 3).

use keystead::Client;
use keystead::hierarchy::spec::{KeySpec, KeyUsage};

use crate::support::{World, assert_code};
use crate::{CHINA, HYBRID, OAEP, Set, empty_key, material_of, state};

/// Every spec with material that is quick to make, and one wrapping of each kind: what it says is what happens.
///
/// Spec: IMP-02, IMP-13, IMP-21, IMP-25, RUL-10, RUL-29
#[test]
fn every_spec_imports_in_every_way_it_may() {
    let world = World::with(|builder| builder.no_audit());
    for client in [world.root.clone(), world.china()] {
        let china = client.region().as_str() == CHINA;
        for spec in KeySpec::ALL.iter().copied().filter(|spec| exists(*spec, china) && is_quick(*spec)) {
            let material = material_of(spec, china);
            for (algorithm, wrapping_key) in WAYS {
                let key = empty_key(&client, spec.as_str(), usage(spec));
                if allowed(spec, algorithm, wrapping_key, china) {
                    let set = Set::of(&client, &key, algorithm, wrapping_key);
                    set.import(&client, &key, material.expose()).unwrap();
                    assert_eq!(state(&client, &key), "Enabled", "{spec} by {algorithm}");
                    works(&client, &key.id, spec);
                } else {
                    let call = client.get_parameters_for_import(&key.id, algorithm, wrapping_key);
                    assert_code(call.send(), "UnsupportedOperationException");
                }
            }
        }
    }
}

/// Spec: IMP-14
#[test]
fn p521_needs_more_than_rsa_2048_or_more_than_oaep() {
    let world = World::new();
    let material = material_of(KeySpec::EccNistP521, false);
    let key = empty_key(&world.root, "ECC_NIST_P521", "SIGN_VERIFY");
    for algorithm in ["RSAES_OAEP_SHA_1", OAEP] {
        let call = world.root.get_parameters_for_import(&key.id, algorithm, "RSA_2048");
        assert_code(call.send(), "UnsupportedOperationException");
    }
    Set::of(&world.root, &key, HYBRID, "RSA_2048").import(&world.root, &key, material.expose()).unwrap();
    let set = Set::of(&world.root, &key, OAEP, "RSA_3072");
    assert_eq!(set.response.public_key.len(), 422);
    set.import(&world.root, &key, material.expose()).unwrap();
}

/// Spec: IMP-26
#[test]
fn the_longest_keys_fit() {
    let world = World::new();
    let material = material_of(KeySpec::Rsa4096, false);
    let key = empty_key(&world.root, "RSA_4096", "ENCRYPT_DECRYPT");
    let set = Set::of(&world.root, &key, HYBRID, "RSA_4096");
    assert_eq!(set.response.public_key.len(), 550);
    let wrapped = set.wrap(material.expose());
    assert!((2850..2950).contains(&wrapped.len()), "{}", wrapped.len());
    set.send(&world.root, &key, &wrapped).unwrap();
    assert_eq!(state(&world.root, &key), "Enabled");
}

/// The table, row by row, for wrapping keys of 2,048 bits and SM2.
fn allowed(spec: KeySpec, algorithm: &str, wrapping_key: &str, china: bool) -> bool {
    let (oaep, hybrid, sm2) = match spec.as_str() {
        "SYMMETRIC_DEFAULT" | "HMAC_224" | "HMAC_256" | "HMAC_384" | "HMAC_512" => (true, false, false),
        "ECC_NIST_P521" => (false, !china, china),
        "ECC_NIST_P256" | "ECC_NIST_P384" | "ECC_SECG_P256K1" | "ECC_NIST_EDWARDS25519" => (true, !china, china),
        "SM2" => (true, false, true),
        _ => (false, !china, china),
    };
    match (algorithm, wrapping_key) {
        ("RSAES_OAEP_SHA_1" | "RSAES_OAEP_SHA_256", "RSA_2048") => oaep,
        ("RSA_AES_KEY_WRAP_SHA_1" | "RSA_AES_KEY_WRAP_SHA_256", "RSA_2048") => hybrid,
        ("SM2PKE", "SM2") => sm2,
        _ => false,
    }
}

fn exists(spec: KeySpec, china: bool) -> bool {
    let name = spec.as_str();
    if china { !name.starts_with("ML_KEM") } else { name != "SM2" }
}

/// RSA beyond 2,048 bits takes seconds to make; it has tests of its own.
fn is_quick(spec: KeySpec) -> bool {
    !matches!(spec, KeySpec::Rsa3072 | KeySpec::Rsa4096)
}

fn usage(spec: KeySpec) -> &'static str {
    spec.usages().last().map_or("", KeyUsage::as_str)
}

/// The imported key does what keys of its kind do.
fn works(client: &Client, key: &str, spec: KeySpec) {
    match spec.usages().last().unwrap() {
        KeyUsage::EncryptDecrypt => drop(client.encrypt(key, b"x").send().unwrap()),
        KeyUsage::GenerateVerifyMac => {
            let algorithm = spec.mac_algorithm().unwrap().as_str();
            drop(client.generate_mac(key, b"x").mac_algorithm(algorithm).send().unwrap());
        }
        KeyUsage::SignVerify => {
            let algorithm = spec.signing_algorithms()[0].as_str();
            let made = client.sign(key, b"x").signing_algorithm(algorithm).send().unwrap();
            client.verify(key, b"x", &made.signature).signing_algorithm(algorithm).send().unwrap();
        }
        KeyUsage::KeyAgreement | KeyUsage::EncapsulateDecapsulate => {
            assert!(!client.get_public_key(key).send().unwrap().public_key.is_empty());
        }
    }
}

const WAYS: [(&str, &str); 8] = [
    ("RSAES_PKCS1_V1_5", "RSA_2048"),
    ("RSAES_OAEP_SHA_1", "RSA_2048"),
    ("RSAES_OAEP_SHA_256", "RSA_2048"),
    ("RSA_AES_KEY_WRAP_SHA_1", "RSA_2048"),
    ("RSA_AES_KEY_WRAP_SHA_256", "RSA_2048"),
    ("SM2PKE", "SM2"),
    ("SM2PKE", "RSA_2048"),
    ("RSAES_OAEP_SHA_256", "SM2"),
];
