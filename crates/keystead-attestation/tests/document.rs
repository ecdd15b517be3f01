//! Documents that verify, and what they say.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::collections::BTreeMap;
use std::time::Duration;

use keystead_attestation::{AttestationDocument, AttestationError, Expiry, TrustAnchors};
use keystead_crypto::KeyPairAlgorithm;
use keystead_types::Timestamp;
use support::{PROVIDER, anchors, authority, document, entropy, now, recipient, verify};

#[test]
fn a_verified_document_says_what_was_signed() {
    let bytes = document()
        .module_id("i-1-enc2")
        .pcr(8, [0xcd; 48])
        .user_data(*b"user data")
        .nonce(*b"nonce")
        .sign(&entropy())
        .unwrap();
    let verified = verify(&bytes).unwrap();
    assert_eq!(verified.module_id(), "i-1-enc2");
    assert_eq!(verified.timestamp(), now());
    assert_eq!(verified.pcr(0), Some(&[0xab; 48][..]));
    assert_eq!(verified.pcr(8), Some(&[0xcd; 48][..]));
    assert_eq!(verified.pcr(1), None);
    assert_eq!(verified.nitro_tpm_pcrs().count(), 0);
    assert_eq!(verified.user_data(), Some(&b"user data"[..]));
    assert_eq!(verified.nonce(), Some(&b"nonce"[..]));
    assert_eq!(verified.recipient().spki(), recipient().public().spki());
    assert_eq!(verified.recipient().algorithm(), KeyPairAlgorithm::Rsa2048);
}

/// Spec: ENV-72
#[test]
fn the_tag_of_cose_sign1_is_optional() {
    let untagged = document().sign(&entropy()).unwrap();
    assert_eq!(untagged[0], 0x84);
    verify(&untagged).unwrap();
    verify(&[&[0xd2], &untagged[..]].concat()).unwrap();
}

/// Spec: ENV-81
#[test]
fn enclave_registers_are_condition_values_in_lower_case_hexadecimal() {
    let bytes = document().pcr(31, [0x0f; 48]).sign(&entropy()).unwrap();
    let values: BTreeMap<_, _> = verify(&bytes).unwrap().condition_values().collect();
    let expected = [("ImageSha384", "ab"), ("PCR0", "ab"), ("PCR31", "0f")]
        .map(|(name, byte)| (format!("kms:RecipientAttestation:{name}"), byte.repeat(48)));
    assert_eq!(values, BTreeMap::from(expected));
}

/// Spec: ENV-95
#[test]
fn a_document_of_an_instance_has_nitro_tpm_registers() {
    let bytes = document().nitro_tpm_pcr(4, [0x44; 48]).nitro_tpm_pcr(23, [0x23; 48]).sign(&entropy()).unwrap();
    let verified = verify(&bytes).unwrap();
    assert_eq!(verified.nitro_tpm_pcr(4), Some(&[0x44; 48][..]));
    let values: BTreeMap<_, _> = verified.condition_values().collect();
    let expected = [("NitroTPMPCR4", "44"), ("NitroTPMPCR23", "23")]
        .map(|(name, byte)| (format!("kms:RecipientAttestation:{name}"), byte.repeat(48)));
    assert_eq!(values, BTreeMap::from(expected));
}

/// Spec: ENV-86
#[test]
fn condition_keys_are_found_in_any_case_and_without_leading_zeros() {
    let bytes = document().pcr(8, [8; 48]).sign(&entropy()).unwrap();
    let verified = verify(&bytes).unwrap();
    let image = Some("ab".repeat(48));
    for key in [
        "kms:RecipientAttestation:ImageSha384",
        "KMS:recipientattestation:IMAGESHA384",
        "kms:RecipientAttestation:pcr0",
    ] {
        assert_eq!(verified.condition_value(key), image, "{key}");
    }
    assert_eq!(verified.condition_value("kms:RecipientAttestation:PCR8"), Some("08".repeat(48)));
    for name in ["PCR", "PCR08", "PCR+8", "PCR1", "PCR32", "PCR256", "NitroTPMPCR8", "PCR8 ", "ImageSha256", "é"] {
        assert_eq!(verified.condition_value(&format!("kms:RecipientAttestation:{name}")), None, "{name}");
    }
    assert_eq!(verified.condition_value("aws:PrincipalArn"), None);
}

/// Every condition key of a document is found again by its name.
#[test]
fn condition_value_agrees_with_condition_values() {
    let bytes = document().pcr(10, [1; 48]).nitro_tpm_pcr(7, [7; 48]).pcr(3, [3; 48]).sign(&entropy()).unwrap();
    let verified = verify(&bytes).unwrap();
    assert_eq!(verified.condition_values().count(), 2);
    for (key, value) in verified.condition_values() {
        assert_eq!(verified.condition_value(&key), Some(value));
    }
}

/// Spec: ENV-77
#[test]
fn documents_have_an_age_limit_which_a_host_may_lift() {
    let bytes = document().sign(&entropy()).unwrap();
    let at =
        |anchors: &TrustAnchors, instant| AttestationDocument::verify(&bytes, anchors, &PROVIDER, instant).map(drop);
    let (limit, bit) = (Duration::from_secs(300), Duration::from_millis(1));
    let too_old = Err(AttestationError::Expired(Expiry::TooOld));
    assert_eq!(at(&anchors(), now().plus(limit)), Ok(()));
    assert_eq!(at(&anchors(), now().plus(limit + bit)), too_old);

    let minute = anchors().with_max_age(Duration::from_secs(60));
    assert_eq!(at(&minute, now().plus(Duration::from_secs(61))), too_old);

    let any_age = anchors().with_max_age(Duration::ZERO);
    assert_eq!(at(&any_age, now().plus(Duration::from_secs(2 * 3600))), Ok(()));
}

/// Spec: ENV-77
#[test]
fn documents_may_be_dated_a_little_in_the_future() {
    let written = |ahead: u64| {
        let instant = now().plus(Duration::from_millis(ahead));
        authority().document(instant).public_key(recipient().public().spki()).sign(&entropy()).unwrap()
    };
    let in_future = Some(AttestationError::Expired(Expiry::InFuture));
    assert_eq!(verify(&written(300_000)).err(), None);
    assert_eq!(verify(&written(300_001)).err(), in_future);
    let strict = anchors().with_max_clock_skew(Duration::ZERO);
    let bytes = written(1);
    assert_eq!(AttestationDocument::verify(&bytes, &strict, &PROVIDER, now()).err(), in_future);
}

/// A document of a real enclave, with the published root of its infrastructure. The vectors' origin stands beside them.
///
/// Spec: ENV-75, ENV-94
#[test]
fn a_real_document_verifies_at_its_time() {
    let bytes = include_bytes!("vectors/nitro-enclave.cose");
    let written = Timestamp::from_millis(0x0194_3c5e_ae00).unwrap();
    let anchors = TrustAnchors::new().with_certificate(real_root(bytes)).unwrap();
    let verified = AttestationDocument::verify(bytes, &anchors, &PROVIDER, written).unwrap();
    assert_eq!(verified.module_id(), "i-0bee92034f3d60691-enc01943c5eaab3ad6a");
    assert_eq!(verified.timestamp(), written);
    assert_eq!(verified.pcrs().count(), 16);
    assert_eq!(verified.recipient().algorithm(), KeyPairAlgorithm::Rsa2048);

    let later = written.plus(Duration::from_secs(4 * 3600));
    let expired = AttestationDocument::verify(bytes, &anchors, &PROVIDER, later).err();
    assert_eq!(expired, Some(AttestationError::Expired(Expiry::Certificate(4))));
    // Nobody is trusted whom the host does not name, the operator of the public infrastructure neither.
    for others in [support::anchors(), TrustAnchors::new()] {
        let refused = AttestationDocument::verify(bytes, &others, &PROVIDER, written).err();
        assert_eq!(refused.and_then(|error| error.class()), Some("certificate chain"));
    }
}

/// The first certificate of the real document's bundle, if it has the published fingerprint.
fn real_root(document: &[u8]) -> &[u8] {
    use keystead_crypto::{DigestAlgorithm, Provider};
    let name = b"cabundle\x84\x59\x02\x15";
    let start = document.windows(name.len()).position(|window| window == name).unwrap() + name.len();
    let root = &document[start..start + 0x215];
    let fingerprint = PROVIDER.digest(DigestAlgorithm::Sha256, &[root]).unwrap();
    assert_eq!(fingerprint.as_ref()[..4], [0x64, 0x1a, 0x03, 0x21]);
    root
}

#[test]
fn anchors_are_read_from_pem_too() {
    let bytes = document().sign(&entropy()).unwrap();
    let pem = pem(&authority().certificates()[0]);
    let anchors = TrustAnchors::new().with_pem(&pem).unwrap();
    AttestationDocument::verify(&bytes, &anchors, &PROVIDER, now()).unwrap();
    assert!(TrustAnchors::new().with_pem(&pem.replace("CERTIFICATE", "PUBLIC KEY")).is_err());
    assert!(TrustAnchors::new().with_pem("").is_err());
}

fn pem(der: &[u8]) -> String {
    use x509_cert::der::pem::{LineEnding, encode_string};
    encode_string("CERTIFICATE", LineEnding::LF, der).unwrap()
}
