//! GetPublicKey.

use crate::support::{World, assert_code, assert_refused};
use crate::{QUICK, SM2_USAGES, typed_key};

/// Bytes of SubjectPublicKeyInfo by spec (chapter 30, section 2.2; the others by their standards).
const SIZES: &[(&str, usize)] = &[
    ("RSA_2048", 294),
    ("ECC_NIST_P256", 91),
    ("ECC_NIST_P384", 120),
    ("ECC_NIST_P521", 158),
    ("ECC_SECG_P256K1", 88),
    ("ECC_NIST_EDWARDS25519", 44),
    ("ML_DSA_44", 22 + 1312),
    ("ML_DSA_65", 22 + 1952),
    ("ML_DSA_87", 22 + 2592),
    ("ML_KEM_512", 22 + 800),
    ("ML_KEM_768", 22 + 1184),
    ("ML_KEM_1024", 22 + 1568),
];

/// Spec: ASY-16, ASY-71, ASY-82, API-086
#[test]
fn public_keys_are_stable_and_complete() {
    let world = World::new();
    for (spec, usage) in QUICK {
        let Some((_, size)) = SIZES.iter().find(|(known, _)| known == spec) else { continue };
        let key = world.typed_key(spec, usage);
        let answer = world.root.get_public_key(&key.arn).send().unwrap().into_inner();
        assert_eq!(answer.public_key.len(), *size, "{spec}");
        assert_eq!(answer.key_id.to_string(), key.arn);
        assert_eq!((answer.key_spec.as_str(), answer.key_usage.as_str()), (*spec, *usage));
        assert_eq!(answer.customer_master_key_spec, answer.key_spec);
        let metadata = world.root.describe_key(&key.id).send().unwrap().into_inner().key_metadata;
        assert_eq!(answer.encryption_algorithms, metadata.encryption_algorithms);
        assert_eq!(answer.signing_algorithms, metadata.signing_algorithms);
        assert_eq!(answer.key_agreement_algorithms, metadata.key_agreement_algorithms);
        assert_eq!(answer.encapsulation_algorithms, metadata.encapsulation_algorithms);
        assert_eq!(world.root.get_public_key(&key.id).send().unwrap().into_inner(), answer);
    }
    let china = world.china();
    for usage in SM2_USAGES {
        let key = typed_key(&china, "SM2", usage);
        assert_eq!(china.get_public_key(&key.id).send().unwrap().public_key.len(), 91);
    }
}

/// Spec: ASY-66, TYP-02
#[test]
fn symmetric_keys_have_none_whatever_their_state() {
    let world = World::new();
    for (spec, usage) in [("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT"), ("HMAC_384", "GENERATE_VERIFY_MAC")] {
        let key = world.typed_key(spec, usage);
        assert_code(world.root.get_public_key(&key.id).send(), "UnsupportedOperationException");
        world.root.disable_key(&key.id).send().unwrap();
        assert_code(world.root.get_public_key(&key.id).send(), "UnsupportedOperationException");
    }
}

/// Spec: ASY-70, ASY-81
#[test]
fn the_state_of_the_key_counts() {
    let world = World::new();
    let key = world.typed_key("RSA_2048", "ENCRYPT_DECRYPT");
    let public = crate::outside(&world.root, &key);
    world.root.disable_key(&key.id).send().unwrap();
    assert_refused(
        world.root.get_public_key(&key.id).send(),
        "DisabledException",
        &format!("{} is disabled.", key.arn),
    );

    // What was exported goes on working, and the key opens it when it is enabled again.
    let scheme = keystead::crypto::EncryptionScheme::RsaOaepSha256;
    let sealed = public.encrypt(scheme, b"late", &keystead::crypto::entropy::SystemEntropy).unwrap();
    world.root.enable_key(&key.id).send().unwrap();
    let opened = world.root.decrypt(&sealed).key_id(&key.id).encryption_algorithm("RSAES_OAEP_SHA_256").send();
    assert_eq!(opened.unwrap().expose(), b"late");

    world.root.schedule_key_deletion(&key.id).send().unwrap();
    let message = format!("{} is pending deletion.", key.arn);
    assert_refused(world.root.get_public_key(&key.id).send(), "KMSInvalidStateException", &message);
}

/// Spec: ASY-71
#[test]
fn no_private_key_leaves_by_any_answer_or_record() {
    let world = World::new();
    let key = world.typed_key("ECC_NIST_P256", "SIGN_VERIFY");
    let public = world.root.get_public_key(&key.id).send().unwrap().into_inner().public_key;
    world.root.sign(&key.id, b"message").signing_algorithm("ECDSA_SHA_256").send().unwrap();
    let records: String = world.kms.audit_trail().iter().map(|record| record.to_json()).collect();
    assert!(records.contains("GetPublicKey") && records.contains("\"Sign\""));
    for bytes in [&public[..], b"message"] {
        assert!(!records.contains(&hex::encode(bytes)));
        use base64::Engine as _;
        assert!(!records.contains(&base64::engine::general_purpose::STANDARD.encode(bytes)));
    }
}
