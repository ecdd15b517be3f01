//! Scenarios of chapter 30, section 17, that the other files leave.

use std::sync::Arc;

use keystead::crypto::entropy::SeededEntropy;
use keystead::crypto::{DefaultProvider, DigestAlgorithm, Provider};
use keystead::{Caller, Client, Kms, ManualClock};
use serde_json::json;

use crate::support::statements::{alice, allowing};
use crate::support::{ACCOUNT, REGION, START, World, assert_code, assert_refused};
use crate::typed_key;

/// Scenario 1.
///
/// Spec: ASY-06
#[test]
fn a_key_without_usage_leaves_nothing_behind() {
    let world = World::new();
    assert_code(world.root.create_key().key_spec("ECC_NIST_P256").send(), VALIDATION);
    assert!(world.root.list_keys().send().unwrap().keys.is_empty());
    assert_eq!(world.kms.key_count(REGION.parse().unwrap(), ACCOUNT.parse().unwrap()).unwrap(), 0);
    let records = world.records("CreateKey");
    assert!(records.len() == 1 && records[0].to_json().contains("errorCode"));
}

/// Scenario 2.
///
/// Spec: ASY-09, ASY-10, ASY-11
#[test]
fn metadata_of_an_rsa_encryption_key_lists_two_algorithms() {
    let world = World::new();
    let created = world.root.create_key().key_spec("RSA_2048").key_usage("ENCRYPT_DECRYPT").send().unwrap();
    let metadata = created.into_inner().key_metadata;
    let names: Vec<_> = metadata.encryption_algorithms.unwrap().iter().map(|one| one.as_str()).collect();
    assert_eq!(names, ["RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"]);
    assert!(metadata.signing_algorithms.is_none() && metadata.mac_algorithms.is_none());
    assert_eq!(metadata.customer_master_key_spec, metadata.key_spec);
}

/// Scenario 8.
///
/// Spec: ASY-74, ASY-75, ASY-76
#[test]
fn a_raw_message_and_its_digest_are_one_message() {
    let world = World::new();
    let key = world.typed_key("ECC_NIST_P384", "SIGN_VERIFY");
    let signed = world.root.sign(&key.id, b"M").signing_algorithm("ECDSA_SHA_384").send().unwrap().into_inner();
    let verify = |message: &[u8], kind: &'static str| {
        let call = world.root.verify(&key.id, message.to_vec(), &signed.signature);
        call.signing_algorithm("ECDSA_SHA_384").message_type(kind).send()
    };
    let digest = DefaultProvider.digest(DigestAlgorithm::Sha384, &[b"M"]).unwrap();
    assert!(verify(digest.as_ref(), "DIGEST").unwrap().signature_valid);
    assert_refused(verify(digest.as_ref(), "RAW"), "KMSInvalidSignatureException", "");
    assert_code(verify(&digest.as_ref()[..32], "DIGEST"), VALIDATION);
}

/// Scenario 9, with signatures made here: one of `s` and `n - s` is the high one.
///
/// Spec: ASY-34
#[test]
fn low_and_high_s_both_verify() {
    let world = World::new();
    let curves = [
        ("ECC_NIST_P256", "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"),
        ("ECC_SECG_P256K1", "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141"),
    ];
    for (spec, order) in curves {
        let key = world.typed_key(spec, "SIGN_VERIFY");
        let signed = world.root.sign(&key.id, b"sample").signing_algorithm("ECDSA_SHA_256").send().unwrap();
        let [r, s] = numbers(&signed.signature);
        let mirrored = der(&r, &minus(&hex::decode(order).unwrap(), &s));
        assert_ne!(mirrored, signed.signature);
        assert_eq!(der(&r, &s), signed.signature);
        for signature in [&mirrored, &signed.signature] {
            let call = world.root.verify(&key.id, b"sample", signature).signing_algorithm("ECDSA_SHA_256");
            call.send().unwrap_or_else(|error| panic!("{spec}: {error}"));
        }
    }
}

/// Scenario 10.
///
/// Spec: ASY-33
#[test]
fn signatures_are_strict_der() {
    let world = World::new();
    let key = world.typed_key("ECC_NIST_P256", "SIGN_VERIFY");
    let signed = world.root.sign(&key.id, b"m").signing_algorithm("ECDSA_SHA_256").send().unwrap().into_inner();
    let good = signed.signature;
    let [r, s] = numbers(&good);
    let long_form = [&[0x30, 0x81, good[1]][..], &good[2..]].concat();
    let indefinite = [&[0x30, 0x80][..], &good[2..], &[0, 0]].concat();
    let padded = der(&[&[0, 0][..], &r].concat(), &s);
    let fixed_width = [&[0; 32][r.len()..], &r, &[0; 32][s.len()..], &s].concat();
    let negative = {
        let mut numbers = [&[0x02, 0x20][..], &[0xff; 32], &[0x02, 0x20], &[0xff; 32]].concat();
        numbers.splice(0..0, [0x30, 68]);
        numbers
    };
    let wrong = [
        vec![0],
        [&good[..], &[0]].concat(),
        good[..good.len() - 1].to_vec(),
        long_form,
        indefinite,
        padded,
        fixed_width,
        negative,
        der(&[0], &s),
        der(&r, &[0]),
        der(&[0xff; 32], &s),
        vec![0x30, 0],
    ];
    for signature in wrong {
        let call = world.root.verify(&key.id, b"m", &signature).signing_algorithm("ECDSA_SHA_256");
        assert_refused(call.send(), "KMSInvalidSignatureException", "");
    }
}

/// Scenario 19, as far as it needs no import.
///
/// Spec: ASY-55, ASY-56
#[test]
fn a_chinese_ciphertext_opens_at_home_only() {
    let world = World::new();
    let china = world.china();
    let key = typed_key(&china, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT");
    let sealed = china.encrypt(&key.id, b"secret").send().unwrap().into_inner().ciphertext_blob;
    assert_eq!(china.decrypt(&sealed).send().unwrap().expose(), b"secret");
    let elsewhere = world.kms.client("us-east-1", Caller::account_root(ACCOUNT).unwrap()).unwrap();
    elsewhere.decrypt(&sealed).send().unwrap_err();
    let refused = elsewhere.create_key().key_spec("SM2").key_usage("SIGN_VERIFY").send();
    assert_code(refused, "UnsupportedOperationException");
}

/// Scenario 22.
///
/// Spec: ASY-12
#[test]
fn a_policy_sees_the_message_type_that_is_left_out() {
    let world = World::new();
    let key = world.typed_key("RSA_2048", "SIGN_VERIFY");
    let condition = json!({ "StringEquals": {
        "kms:SigningAlgorithm": "RSASSA_PSS_SHA_256", "kms:MessageType": "RAW" } });
    let user = world.client(alice(&[allowing(&["kms:Sign"], condition)]));
    let sign = |algorithm: &'static str| user.sign(&key.id, vec![7; 32]).signing_algorithm(algorithm);
    sign("RSASSA_PSS_SHA_256").send().unwrap();
    sign("RSASSA_PSS_SHA_256").message_type("RAW").send().unwrap();
    assert_code(sign("RSASSA_PSS_SHA_256").message_type("DIGEST").send(), DENIED);
    assert_code(sign("RSASSA_PKCS1_V1_5_SHA_256").send(), DENIED);
}

/// Scenario 24.
///
/// Spec: ASY-80, ASY-89
#[test]
fn a_dry_run_is_recorded_without_bytes() {
    let world = World::new();
    let key = world.typed_key("ECC_NIST_P256", "SIGN_VERIFY");
    let sign = |length: usize| {
        let call = world.root.sign(&key.id, vec![b'z'; length]).signing_algorithm("ECDSA_SHA_256");
        call.message_type("DIGEST").dry_run(true).send()
    };
    assert_code(sign(31), VALIDATION);
    assert_code(sign(32), "DryRunOperationException");
    let record = world.last_record();
    let parameters =
        json!({ "keyId": key.id, "messageType": "DIGEST", "signingAlgorithm": "ECDSA_SHA_256", "dryRun": true });
    assert_eq!((&record["requestParameters"], &record["responseElements"]), (&parameters, &serde_json::Value::Null));
    assert!(!record.to_string().contains("zzz"));
}

/// Spec: ASY-79
#[test]
fn long_messages_are_hashed_by_the_caller() {
    let world = World::new();
    let key = world.typed_key("ECC_NIST_P256", "SIGN_VERIFY");
    let sign = |message: &[u8], kind: &'static str| {
        world.root.sign(&key.id, message.to_vec()).signing_algorithm("ECDSA_SHA_256").message_type(kind).send()
    };
    let message = vec![b'm'; 4097];
    assert_code(sign(&message, "RAW"), VALIDATION);
    assert_code(sign(b"", "RAW"), VALIDATION);
    sign(&message[..4096], "RAW").unwrap();
    let digest = DefaultProvider.digest(DigestAlgorithm::Sha256, &[&message]).unwrap();
    let signature = sign(digest.as_ref(), "DIGEST").unwrap().into_inner().signature;
    let scheme = keystead::crypto::SignatureScheme::Ecdsa(DigestAlgorithm::Sha256);
    let whole = keystead::crypto::Message::Raw(&message);
    crate::outside(&world.root, &key).verify(scheme, whole, &signature).unwrap();
}

/// Everything that instances differ by is given to them: with the same entropy and clock they do the same, side by side
/// and without knowing of each other.
///
/// Spec: ASY-01
#[test]
fn instances_share_nothing() {
    let instance = |seed: u64| {
        let kms = Kms::builder().entropy(SeededEntropy::new(seed)).clock(Arc::new(ManualClock::at(START)));
        kms.build().unwrap().client(REGION, Caller::account_root(ACCOUNT).unwrap()).unwrap()
    };
    let made = |client: &Client| {
        let signing = typed_key(client, "ECC_NIST_P256", "SIGN_VERIFY");
        let mac = typed_key(client, "HMAC_256", "GENERATE_VERIFY_MAC");
        let public_key = client.get_public_key(&signing.id).send().unwrap().into_inner().public_key;
        let mac = client.generate_mac(&mac.id, b"m").mac_algorithm("HMAC_SHA_256").send().unwrap().into_inner();
        (public_key, mac.mac, mac.key_id)
    };
    let (one, twin, other) = (instance(1), instance(1), instance(2));
    let first = made(&one);
    assert_eq!(made(&twin), first);
    assert_ne!(made(&other), first);
    // Each has its own keys, even where they have the same names.
    one.schedule_key_deletion(first.2.to_string()).send().unwrap();
    twin.generate_mac(first.2.to_string(), b"m").mac_algorithm("HMAC_SHA_256").send().unwrap();
}

/// The numbers r and s of a signature, without leading zeros.
fn numbers(signature: &[u8]) -> [Vec<u8>; 2] {
    let r_len = usize::from(signature[3]);
    let (r, s) = (&signature[4..4 + r_len], &signature[4 + r_len + 2..]);
    [r, s].map(|number| number[usize::from(number[0] == 0)..].to_vec())
}

/// A signature of these numbers.
fn der(r: &[u8], s: &[u8]) -> Vec<u8> {
    let number = |value: &[u8]| {
        let sign: &[u8] = if value[0] >= 0x80 { &[0] } else { &[] };
        [&[0x02, u8::try_from(sign.len() + value.len()).unwrap()], sign, value].concat()
    };
    let numbers = [number(r), number(s)].concat();
    [&[0x30, u8::try_from(numbers.len()).unwrap()], &numbers[..]].concat()
}

/// The difference of two big-endian numbers, without leading zeros.
fn minus(larger: &[u8], smaller: &[u8]) -> Vec<u8> {
    let mut difference = larger.to_vec();
    let mut borrow = 0;
    for at in 1..=larger.len() {
        let taken = i16::from(at.checked_sub(smaller.len() + 1).map_or_else(|| smaller[smaller.len() - at], |_| 0));
        let digit = i16::from(larger[larger.len() - at]) - taken - borrow;
        borrow = i16::from(digit < 0);
        difference[larger.len() - at] = u8::try_from(digit.rem_euclid(256)).unwrap();
    }
    let zeros = difference.iter().take_while(|digit| **digit == 0).count();
    difference.split_off(zeros)
}

const VALIDATION: &str = "ValidationException";
const DENIED: &str = "AccessDeniedException";
