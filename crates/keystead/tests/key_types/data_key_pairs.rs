//! GenerateDataKeyPair and GenerateDataKeyPairWithoutPlaintext.

use keystead::crypto::entropy::SystemEntropy;
use keystead::crypto::{DefaultProvider, DigestAlgorithm, EncryptionScheme, Message, Provider, SignatureScheme};

use crate::support::{World, assert_code, assert_refused};
use crate::{key_pair, typed_key};

/// Every spec but RSA beyond 2,048 bits, whose generation takes seconds.
const SPECS: [&str; 9] = [
    "RSA_2048",
    "ECC_NIST_P256",
    "ECC_NIST_P384",
    "ECC_NIST_P521",
    "ECC_SECG_P256K1",
    "ECC_NIST_EDWARDS25519",
    "ML_KEM_512",
    "ML_KEM_768",
    "ML_KEM_1024",
];

/// Spec: ASY-82, ASY-83, ASY-84, ASY-85, API-081, KEY-93
#[test]
fn pairs_of_every_spec_come_back_by_decrypting() {
    let world = World::new();
    let key = world.key();
    let mut kem_lengths = Vec::new();
    for spec in SPECS {
        let made = world.root.generate_data_key_pair(&key.id).key_pair_spec(spec).context("a", "b").send().unwrap();
        let made = made.into_inner();
        assert_eq!((made.key_id.to_string(), made.key_pair_spec.as_str()), (key.arn.clone(), spec));
        assert!(made.key_material_id.is_some());
        let private_key = made.private_key_plaintext.unwrap();
        let pair = key_pair(made.key_pair_spec.key_spec());
        let read = DefaultProvider.private_key(pair, private_key.expose()).unwrap();
        assert_eq!(read.public().spki(), made.public_key);
        let opened = world.root.decrypt(&made.private_key_ciphertext_blob).context("a", "b").send().unwrap();
        assert_eq!(opened.expose(), private_key.expose());
        assert_refused(world.root.decrypt(&made.private_key_ciphertext_blob).send(), "InvalidCiphertextException", "");
        if spec.starts_with("ML_KEM") {
            kem_lengths.push(private_key.len());
        }

        let hidden = world.root.generate_data_key_pair_without_plaintext(&key.id).key_pair_spec(spec).send().unwrap();
        let opened = world.root.decrypt(&hidden.private_key_ciphertext_blob).send().unwrap();
        let read = DefaultProvider.private_key(pair, opened.expose()).unwrap();
        assert_eq!(read.public().spki(), hidden.public_key);
        assert_ne!(hidden.public_key, made.public_key);
    }
    assert_eq!(kem_lengths, [kem_lengths[0]; 3]);
}

/// Spec: ASY-86
#[test]
fn only_symmetric_encryption_keys_protect_pairs() {
    let world = World::new();
    for (spec, usage) in [
        ("RSA_2048", "ENCRYPT_DECRYPT"),
        ("ECC_NIST_P256", "SIGN_VERIFY"),
        ("HMAC_256", "GENERATE_VERIFY_MAC"),
        ("ECC_NIST_P256", "KEY_AGREEMENT"),
        ("ML_KEM_768", "ENCAPSULATE_DECAPSULATE"),
    ] {
        let key = world.typed_key(spec, usage);
        let client = &world.root;
        let made = client.generate_data_key_pair(&key.id).key_pair_spec("ECC_NIST_P256").send();
        assert_code(made, "InvalidKeyUsageException");
        let made = client.generate_data_key_pair_without_plaintext(&key.id).key_pair_spec("ECC_NIST_P256").send();
        assert_code(made, "InvalidKeyUsageException");
    }
}

/// Spec: ASY-55, ASY-54
#[test]
fn profiles_have_their_own_specs() {
    let world = World::new();
    let key = world.key();
    let china = world.china();
    let chinese = typed_key(&china, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT");
    let unsupported = "UnsupportedOperationException";
    assert_code(world.root.generate_data_key_pair(&key.id).key_pair_spec("SM2").send(), unsupported);
    let made = china.generate_data_key_pair(&chinese.id).key_pair_spec("SM2").send().unwrap();
    assert_eq!(made.public_key.len(), 91);
    for spec in ["ML_KEM_512", "ML_KEM_768", "ML_KEM_1024"] {
        assert_code(china.generate_data_key_pair(&chinese.id).key_pair_spec(spec).send(), unsupported);
    }
}

/// Spec: KEY-94, OVR-23
#[test]
fn every_spec_of_the_chapter_is_a_spec_of_pairs() {
    let world = World::new();
    let key = world.key();
    let call = |spec: &'static str| world.root.generate_data_key_pair(&key.id).key_pair_spec(spec).dry_run(true).send();
    let curves = ["ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_P521", "ECC_SECG_P256K1"];
    for spec in ["RSA_2048", "RSA_3072", "RSA_4096"].into_iter().chain(curves) {
        assert_code(call(spec), "DryRunOperationException");
    }
    assert_code(call("SM2"), "UnsupportedOperationException");
    let china = world.china();
    let chinese = typed_key(&china, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT");
    let made = china.generate_data_key_pair(&chinese.id).key_pair_spec("SM2").dry_run(true).send();
    assert_code(made, "DryRunOperationException");
    for no_pair in ["SYMMETRIC_DEFAULT", "HMAC_256"] {
        assert_code(call(no_pair), "ValidationException");
    }
}

/// One pair signs and decrypts; a KMS key could not.
///
/// Spec: KEY-95, OVR-23
#[test]
fn nothing_restricts_a_pair_outside() {
    let world = World::new();
    let key = world.key();
    let made = world.root.generate_data_key_pair(&key.id).key_pair_spec("RSA_2048").send().unwrap().into_inner();
    let pair = key_pair(made.key_pair_spec.key_spec());
    let private_key = DefaultProvider.private_key(pair, made.private_key_plaintext.unwrap().expose()).unwrap();
    let public_key = DefaultProvider.public_key(pair, &made.public_key).unwrap();
    let scheme = SignatureScheme::RsaPss(DigestAlgorithm::Sha256);
    let signature = private_key.sign(scheme, Message::Raw(b"m"), &SystemEntropy).unwrap();
    public_key.verify(scheme, Message::Raw(b"m"), &signature).unwrap();
    let scheme = EncryptionScheme::RsaOaepSha256;
    let sealed = public_key.encrypt(scheme, b"m", &SystemEntropy).unwrap();
    assert_eq!(private_key.decrypt(scheme, &sealed, &SystemEntropy).unwrap().expose(), b"m");
}

/// Spec: ASY-88
#[test]
fn a_dry_run_makes_no_pair() {
    let world = World::new();
    let key = world.key();
    // Hundreds of these would take minutes if they were made.
    for _ in 0..200 {
        let made = world.root.generate_data_key_pair(&key.id).key_pair_spec("RSA_4096").dry_run(true).send();
        assert_code(made, "DryRunOperationException");
    }
}
