//! Sign and Verify.

use keystead::crypto::{DefaultProvider, Digest, DigestAlgorithm, Message, Provider, SignatureScheme};

use crate::support::{Key, World, assert_code, assert_refused};
use crate::{outside, typed_key};

/// Every signing algorithm that the standard profile has, with a spec, and the hash of its digest form.
const ALGORITHMS: &[(&str, &str, Option<DigestAlgorithm>)] = &[
    ("RSASSA_PSS_SHA_256", "RSA_2048", Some(DigestAlgorithm::Sha256)),
    ("RSASSA_PSS_SHA_384", "RSA_2048", Some(DigestAlgorithm::Sha384)),
    ("RSASSA_PSS_SHA_512", "RSA_2048", Some(DigestAlgorithm::Sha512)),
    ("RSASSA_PKCS1_V1_5_SHA_256", "RSA_2048", Some(DigestAlgorithm::Sha256)),
    ("RSASSA_PKCS1_V1_5_SHA_384", "RSA_2048", Some(DigestAlgorithm::Sha384)),
    ("RSASSA_PKCS1_V1_5_SHA_512", "RSA_2048", Some(DigestAlgorithm::Sha512)),
    ("ECDSA_SHA_256", "ECC_NIST_P256", Some(DigestAlgorithm::Sha256)),
    ("ECDSA_SHA_384", "ECC_NIST_P384", Some(DigestAlgorithm::Sha384)),
    ("ECDSA_SHA_512", "ECC_NIST_P521", Some(DigestAlgorithm::Sha512)),
    ("ECDSA_SHA_256", "ECC_SECG_P256K1", Some(DigestAlgorithm::Sha256)),
    ("ED25519_SHA_512", "ECC_NIST_EDWARDS25519", None),
    ("ML_DSA_SHAKE_256", "ML_DSA_44", None),
    ("ML_DSA_SHAKE_256", "ML_DSA_65", None),
    ("ML_DSA_SHAKE_256", "ML_DSA_87", None),
];

/// Spec: ASY-75, ASY-76, ASY-77, API-084
#[test]
fn every_algorithm_signs_and_verifies() {
    let world = World::new();
    let rsa = world.typed_key("RSA_2048", "SIGN_VERIFY");
    for (algorithm, spec, hash) in ALGORITHMS {
        let key = if *spec == "RSA_2048" { rsa.clone() } else { world.typed_key(spec, "SIGN_VERIFY") };
        let signature = sign(&world, &key, algorithm, "RAW", MESSAGE);
        verify(&world, &key, algorithm, "RAW", MESSAGE, &signature).unwrap();

        let mut flipped = signature.clone();
        *flipped.last_mut().unwrap() ^= 1;
        let longer = [&signature[..], &[0]].concat();
        for wrong in [&flipped, &longer, &vec![0], &signature[..signature.len() - 1].to_vec()] {
            assert_refused(verify(&world, &key, algorithm, "RAW", MESSAGE, wrong), INVALID, "");
        }
        assert_refused(verify(&world, &key, algorithm, "RAW", b"another", &signature), INVALID, "");

        let Some(hash) = hash else { continue };
        let digest = digest(*hash, MESSAGE);
        verify(&world, &key, algorithm, "DIGEST", digest.as_ref(), &signature).unwrap();
        let signature = sign(&world, &key, algorithm, "DIGEST", digest.as_ref());
        verify(&world, &key, algorithm, "RAW", MESSAGE, &signature).unwrap();
        assert_refused(verify(&world, &key, algorithm, "RAW", digest.as_ref(), &signature), INVALID, "");
    }
}

/// Spec: ASY-74, RUL-30, TYP-01
#[test]
fn message_types_and_digest_lengths_are_checked() {
    let world = World::new();
    let rsa = world.typed_key("RSA_2048", "SIGN_VERIFY");
    for (algorithm, spec, hash) in ALGORITHMS {
        let key = if *spec == "RSA_2048" { rsa.clone() } else { world.typed_key(spec, "SIGN_VERIFY") };
        for message_type in ["DIGEST", "EXTERNAL_MU"] {
            let fits = match message_type {
                "DIGEST" => *hash,
                _ if *algorithm == "ML_DSA_SHAKE_256" => Some(DigestAlgorithm::Sha512),
                _ => None,
            };
            for length in [1, 31, 32, 33, 48, 64, 65] {
                let message = vec![3; length];
                let call = world.root.sign(&key.id, &message).signing_algorithm(*algorithm);
                let signed = call.message_type(message_type).send();
                let call = world.root.verify(&key.id, &message, b"s").signing_algorithm(*algorithm);
                let verified = call.message_type(message_type).send();
                match fits {
                    Some(hash) if hash.output_len() == length => {
                        signed.unwrap();
                        assert_refused(verified, INVALID, "");
                    }
                    Some(_) => {
                        let text = format!("Digest is invalid length for algorithm {algorithm}.");
                        assert_refused(signed, "ValidationException", &text);
                        assert_refused(verified, "ValidationException", &text);
                    }
                    None => {
                        assert_code(signed, "ValidationException");
                        assert_code(verified, "ValidationException");
                    }
                }
            }
        }
    }
}

/// Spec: RUL-30, API-084
#[test]
fn ed25519ph_hashes_the_digest_again() {
    let world = World::new();
    let key = world.typed_key("ECC_NIST_EDWARDS25519", "SIGN_VERIFY");
    let digest = digest(DigestAlgorithm::Sha512, MESSAGE);
    let signature = sign(&world, &key, "ED25519_PH_SHA_512", "DIGEST", digest.as_ref());
    assert_eq!(signature.len(), 64);
    verify(&world, &key, "ED25519_PH_SHA_512", "DIGEST", digest.as_ref(), &signature).unwrap();
    let public = outside(&world.root, &key);
    public.verify(SignatureScheme::Ed25519Ph, Message::Digest(digest.as_ref()), &signature).unwrap();
    assert!(public.verify(SignatureScheme::Ed25519, Message::Raw(MESSAGE), &signature).is_err());
    let raw = world.root.sign(&key.id, MESSAGE).signing_algorithm("ED25519_PH_SHA_512").send();
    assert_code(raw, "ValidationException");
}

/// Spec: ASY-78, ASY-63
#[test]
fn an_algorithm_of_another_spec_is_refused_before_anything_is_parsed() {
    let world = World::new();
    let key = world.typed_key("ECC_NIST_P256", "SIGN_VERIFY");
    for algorithm in ["ECDSA_SHA_384", "ECDSA_SHA_512", "RSASSA_PSS_SHA_256", "SM2DSA", "ED25519_SHA_512"] {
        let message = format!("Algorithm {algorithm} is incompatible with key spec ECC_NIST_P256.");
        assert_refused(world.root.sign(&key.id, b"m").signing_algorithm(algorithm).send(), USAGE, &message);
        let verified = world.root.verify(&key.id, b"m", b"no signature").signing_algorithm(algorithm).send();
        assert_refused(verified, USAGE, &message);
    }
}

/// Spec: ASY-80, ASY-65
#[test]
fn state_comes_before_usage_and_usage_before_algorithm() {
    let world = World::new();
    let key = world.typed_key("HMAC_256", "GENERATE_VERIFY_MAC");
    let call = || world.root.sign(&key.id, b"m").signing_algorithm("RSASSA_PSS_SHA_256").send();
    let message = format!("{} key usage is GENERATE_VERIFY_MAC which is not valid for Sign.", key.arn);
    assert_refused(call(), USAGE, &message);
    world.root.disable_key(&key.id).send().unwrap();
    assert_refused(call(), "DisabledException", &format!("{} is disabled.", key.arn));
}

/// Spec: ASY-28, ASY-30, ASY-31, ASY-32
#[test]
fn signatures_have_their_standard_form_outside() {
    let world = World::new();
    let rsa = world.typed_key("RSA_2048", "SIGN_VERIFY");
    let public = outside(&world.root, &rsa);
    let sha256 = DigestAlgorithm::Sha256;
    let pss = sign(&world, &rsa, "RSASSA_PSS_SHA_256", "RAW", MESSAGE);
    let pkcs1 = sign(&world, &rsa, "RSASSA_PKCS1_V1_5_SHA_256", "RAW", MESSAGE);
    assert_eq!((pss.len(), pkcs1.len()), (256, 256));
    public.verify(SignatureScheme::RsaPss(sha256), Message::Raw(MESSAGE), &pss).unwrap();
    public.verify(SignatureScheme::RsaPkcs1(sha256), Message::Raw(MESSAGE), &pkcs1).unwrap();
    assert_eq!(pkcs1, sign(&world, &rsa, "RSASSA_PKCS1_V1_5_SHA_256", "RAW", MESSAGE));
    assert_ne!(pss, sign(&world, &rsa, "RSASSA_PSS_SHA_256", "RAW", MESSAGE));

    let ecc = world.typed_key("ECC_NIST_P384", "SIGN_VERIFY");
    let signature = sign(&world, &ecc, "ECDSA_SHA_384", "RAW", MESSAGE);
    assert!(signature[0] == 0x30 && signature.len() <= 104);
    let scheme = SignatureScheme::Ecdsa(DigestAlgorithm::Sha384);
    outside(&world.root, &ecc).verify(scheme, Message::Raw(MESSAGE), &signature).unwrap();
}

/// Spec: ASY-40, ASY-41, ASY-42, ASY-44
#[test]
fn sm2_digests_are_the_callers_own() {
    let world = World::new();
    let china = world.china();
    let key = typed_key(&china, "SM2", "SIGN_VERIFY");
    let spki = china.get_public_key(&key.id).send().unwrap().into_inner().public_key;
    let sign = |message: &[u8], kind: &'static str| {
        let signed = china.sign(&key.id, message.to_vec()).signing_algorithm("SM2DSA").message_type(kind).send();
        signed.unwrap().into_inner().signature
    };
    let verify = |message: &[u8], kind: &'static str, signature: &[u8]| {
        let call = china.verify(&key.id, message.to_vec(), signature.to_vec());
        call.signing_algorithm("SM2DSA").message_type(kind).send()
    };
    let e = keystead::crypto::sm2::e(b"1234567812345678", &spki, MESSAGE).unwrap();
    verify(e.as_ref(), "DIGEST", &sign(MESSAGE, "RAW")).unwrap();
    verify(MESSAGE, "RAW", &sign(e.as_ref(), "DIGEST")).unwrap();
    let bare = digest(DigestAlgorithm::Sm3, MESSAGE);
    assert_refused(verify(MESSAGE, "RAW", &sign(bare.as_ref(), "DIGEST")), INVALID, "");

    let custom = keystead::crypto::sm2::e(b"ALICE123@YAHOO.COM", &spki, MESSAGE).unwrap();
    let signature = sign(custom.as_ref(), "DIGEST");
    assert_refused(verify(MESSAGE, "RAW", &signature), INVALID, "");
    keystead::crypto::sm2::verify(b"ALICE123@YAHOO.COM", &spki, MESSAGE, &signature).unwrap();
}

/// Spec: ASY-80, RUL-26, ASY-88
#[test]
fn a_dry_run_uses_no_private_key() {
    let world = World::new();
    let key = world.typed_key("ECC_NIST_P256", "SIGN_VERIFY");
    let sign = |length: usize| {
        let call = world.root.sign(&key.id, vec![1; length]).signing_algorithm("ECDSA_SHA_256");
        call.message_type("DIGEST").dry_run(true).send()
    };
    assert_code(sign(31), "ValidationException");
    assert_code(sign(32), "DryRunOperationException");
    let verified = world.root.verify(&key.id, b"m", b"no signature").signing_algorithm("ECDSA_SHA_256");
    assert_code(verified.dry_run(true).send(), "DryRunOperationException");
}

fn sign(world: &World, key: &Key, algorithm: &str, message_type: &str, message: &[u8]) -> Vec<u8> {
    let call = world.root.sign(&key.id, message).signing_algorithm(algorithm).message_type(message_type);
    let answer = call.send().unwrap().into_inner();
    assert_eq!((answer.key_id.to_string(), answer.signing_algorithm.as_str()), (key.arn.clone(), algorithm));
    answer.signature
}

fn verify(
    world: &World,
    key: &Key,
    algorithm: &str,
    message_type: &str,
    message: &[u8],
    signature: &[u8],
) -> Result<(), keystead::CallError> {
    let call = world.root.verify(&key.id, message, signature).signing_algorithm(algorithm).message_type(message_type);
    call.send().map(|answer| {
        assert!(answer.signature_valid);
        assert_eq!((answer.key_id.to_string(), answer.signing_algorithm.as_str()), (key.arn.clone(), algorithm));
    })
}

fn digest(algorithm: DigestAlgorithm, message: &[u8]) -> Digest {
    DefaultProvider.digest(algorithm, &[message]).unwrap()
}

const MESSAGE: &[u8] = b"what was agreed on";
const INVALID: &str = "KMSInvalidSignatureException";
const USAGE: &str = "InvalidKeyUsageException";
