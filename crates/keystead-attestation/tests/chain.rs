//! Certificate chains that break a rule. The documents are properly signed by the key of the last certificate.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::time::Duration;

use keystead_attestation::testing::{CertificateProfile, PROTECTED_ES384, TestAuthority};
use keystead_attestation::{AttestationDocument, AttestationError, CertificateFault, Expiry, TrustAnchors};
use keystead_crypto::entropy::SeededEntropy;
use keystead_types::Timestamp;
use support::{PROVIDER, anchors, authority, bytes, document, entropy, map, now, recipient, signed, verify};

/// Root, intermediate, leaf.
fn profiles() -> [CertificateProfile; 3] {
    [
        CertificateProfile::issuer("root", now()),
        CertificateProfile::issuer("intermediate", now()),
        CertificateProfile::signer("leaf", now()),
    ]
}

/// What becomes of a document under a chain of these profiles.
fn under(profiles: &[CertificateProfile]) -> Result<(), AttestationError> {
    at(profiles, now())
}

fn at(profiles: &[CertificateProfile], instant: Timestamp) -> Result<(), AttestationError> {
    let authority = TestAuthority::with_profiles(profiles, &PROVIDER, &entropy()).unwrap();
    let document = authority.document(instant).public_key(recipient().public().spki()).sign(&entropy()).unwrap();
    let anchors = authority.trust_anchors().unwrap();
    AttestationDocument::verify(&document, &anchors, &PROVIDER, instant).map(drop)
}

/// What becomes of it when one of the profiles is changed.
fn changed(position: usize, change: impl FnOnce(&mut CertificateProfile)) -> Result<(), AttestationError> {
    let mut profiles = profiles();
    change(&mut profiles[position]);
    under(&profiles)
}

fn fault(position: usize, fault: CertificateFault) -> Result<(), AttestationError> {
    Err(AttestationError::CertificateChain { position, fault })
}

/// Spec: ENV-80
#[test]
fn proper_chains_of_any_length_verify() {
    let [root, intermediate, leaf] = profiles();
    assert_eq!(under(&[root.clone(), leaf.clone()]), Ok(()));
    assert_eq!(under(&[root.clone(), intermediate.clone(), leaf.clone()]), Ok(()));
    assert_eq!(under(&[root, intermediate.clone(), intermediate.clone(), intermediate, leaf]), Ok(()));
}

/// Spec: ENV-70, ENV-75
#[test]
fn the_root_must_be_an_anchor_of_the_host() {
    let document = document().sign(&entropy()).unwrap();
    let under = |anchors: &TrustAnchors| AttestationDocument::verify(&document, anchors, &PROVIDER, now()).map(drop);
    // Same names, other keys.
    let other = TestAuthority::generate(&PROVIDER, &SeededEntropy::new(8), now()).unwrap();
    assert_eq!(under(&other.trust_anchors().unwrap()), fault(0, CertificateFault::NotAnAnchor));
    assert_eq!(under(&TrustAnchors::default()), fault(0, CertificateFault::NotAnAnchor));
    let both = other.trust_anchors().unwrap().with_certificate(&authority().certificates()[0]).unwrap();
    assert_eq!(under(&both), Ok(()));
    // An anchor in the middle of the bundle is none.
    let middle = TrustAnchors::new().with_certificate(&authority().certificates()[1]).unwrap();
    assert_eq!(under(&middle), fault(0, CertificateFault::NotAnAnchor));
}

#[test]
fn an_anchor_must_be_a_certificate() {
    for der in [&[][..], &[0x30, 0x00], recipient().public().spki()] {
        let error = TrustAnchors::new().with_certificate(der).err();
        assert_eq!(error, fault(0, CertificateFault::Encoding).err());
    }
}

/// Spec: ENV-75, ENV-76
#[test]
fn every_certificate_must_be_valid_at_the_time_of_verification() {
    for position in 0..3 {
        let expired = Err(AttestationError::Expired(Expiry::Certificate(position)));
        let second = Duration::from_secs(1);
        assert_eq!(changed(position, |profile| profile.not_after = now()), Ok(()));
        assert_eq!(changed(position, |profile| profile.not_after = now().minus(second)), expired);
        assert_eq!(changed(position, |profile| profile.not_before = now()), Ok(()));
        assert_eq!(changed(position, |profile| profile.not_before = now().plus(second)), expired);
    }
}

/// Chapter 51, scenario 18.
#[test]
fn a_document_dies_with_its_leaf() {
    let document = document().sign(&entropy()).unwrap();
    let anchors = anchors().with_max_age(Duration::ZERO).with_max_clock_skew(Duration::from_secs(60));
    let class = |instant| {
        let error = AttestationDocument::verify(&document, &anchors, &PROVIDER, instant).err();
        error.and_then(|error| error.class())
    };
    assert_eq!(class(now()), None);
    assert_eq!(class(now().plus(Duration::from_secs(3 * 3600))), None);
    assert_eq!(class(now().plus(Duration::from_secs(3 * 3600 + 1))), Some("expired"));
    assert_eq!(class(now().minus(Duration::from_millis(1))), Some("expired"));
}

#[test]
fn validity_beyond_2049_is_generalized_time() {
    let far = Timestamp::from_millis(2_600_000_000_000).unwrap();
    let profiles = [CertificateProfile::issuer("root", far), CertificateProfile::signer("leaf", far)];
    assert_eq!(at(&profiles, far), Ok(()));
}

/// Spec: ENV-75
#[test]
fn issuers_must_be_allowed_to_issue() {
    for position in 0..2 {
        let refused = fault(position, CertificateFault::NotAnIssuer);
        assert_eq!(changed(position, |profile| profile.ca = false), refused);
        assert_eq!(changed(position, |profile| profile.key_cert_sign = false), refused);
        assert_eq!(
            changed(position, |profile| {
                profile.key_cert_sign = false;
                profile.digital_signature = true;
            }),
            refused
        );
    }
}

/// Spec: ENV-75
#[test]
fn path_lengths_are_honoured() {
    assert_eq!(changed(0, |root| root.path_len = Some(1)), Ok(()));
    assert_eq!(changed(0, |root| root.path_len = Some(0)), fault(0, CertificateFault::PathLength));
    assert_eq!(changed(1, |intermediate| intermediate.path_len = Some(0)), Ok(()));
    let [root, mut intermediate, leaf] = profiles();
    intermediate.path_len = Some(0);
    let last = CertificateProfile { subject: "last".to_owned(), ..intermediate.clone() };
    assert_eq!(under(&[root, intermediate, last, leaf]), fault(1, CertificateFault::PathLength));
}

/// Spec: ENV-75
#[test]
fn the_leaf_must_sign_documents_and_nothing_else() {
    let refused = fault(2, CertificateFault::NotASigner);
    assert_eq!(changed(2, |leaf| leaf.digital_signature = false), refused);
    assert_eq!(changed(2, |leaf| leaf.ca = true), refused);
    assert_eq!(changed(2, |leaf| leaf.path_len = Some(0)), refused);
}

/// RFC 5280, sections 4.2 and 6.1.
#[test]
fn names_must_chain_and_critical_extensions_be_known() {
    for position in 1..3 {
        let stranger = changed(position, |profile| profile.issuer = Some("stranger".to_owned()));
        assert_eq!(stranger, fault(position, CertificateFault::Issuer));
        let unknown = changed(position, |profile| profile.unknown_critical_extension = true);
        assert_eq!(unknown, fault(position, CertificateFault::Extension));
    }
}

/// Spec: ENV-75
#[test]
fn every_certificate_must_be_signed_by_the_one_before_it() {
    // Another authority of the same names and the same root: only keys differ.
    let other = TestAuthority::generate(&PROVIDER, &SeededEntropy::new(9), now()).unwrap();
    let ours = authority().certificates();
    for (bundle, position) in [([&ours[0], &other.certificates()[1]], 1), ([&ours[0], &ours[1]], 2)] {
        let mut fields = other.document(now()).public_key(recipient().public().spki()).fields();
        for (name, value) in &mut fields {
            if *name == "cabundle" {
                *value = [vec![0x82], bytes(bundle[0]), bytes(bundle[1])].concat();
            }
        }
        let document = other.sign(PROTECTED_ES384, &map(&fields), &entropy()).unwrap();
        assert_eq!(verify(&document).map(drop), fault(position, CertificateFault::Signature));
    }
}

/// Chapter 51, section 7.2: the order is root first.
#[test]
fn the_bundle_is_ordered() {
    let [root, intermediate, _] = authority().certificates() else { panic!("three certificates") };
    let bundle = |certificates: &[&Vec<u8>]| {
        let mut fields = document().fields();
        for (name, value) in &mut fields {
            if *name == "cabundle" {
                let items = certificates.iter().flat_map(|der| bytes(der));
                *value = [0x80 | certificates.len() as u8].into_iter().chain(items).collect();
            }
        }
        verify(&signed(&map(&fields))).map(drop)
    };
    assert_eq!(bundle(&[root, intermediate]), Ok(()));
    assert_eq!(bundle(&[intermediate, root]), fault(0, CertificateFault::NotAnAnchor));
    assert_eq!(bundle(&[root]), fault(1, CertificateFault::Issuer));
    assert_eq!(bundle(&[root, root, intermediate]), Ok(()), "the root issues itself");
    assert_eq!(bundle(&[root, intermediate, intermediate]), fault(2, CertificateFault::Issuer));
}

/// Spec: ENV-75
#[test]
fn certificates_are_der_of_p384_with_ecdsa_sha384() {
    let [_, _, leaf] = authority().certificates() else { panic!("three certificates") };
    let with_leaf = |leaf: &[u8]| {
        let mut fields = document().fields();
        for (name, value) in &mut fields {
            if *name == "certificate" {
                *value = bytes(leaf);
            }
        }
        verify(&signed(&map(&fields))).map(drop)
    };
    assert_eq!(with_leaf(leaf), Ok(()));
    assert_eq!(with_leaf(&leaf[1..]), fault(2, CertificateFault::Encoding));
    assert_eq!(with_leaf(&leaf[..leaf.len() - 1]), fault(2, CertificateFault::Encoding));
    assert_eq!(with_leaf(&[leaf, &[0][..]].concat()), fault(2, CertificateFault::Encoding));

    let replaced = |from: &[u8], to: &[u8]| {
        let mut altered = leaf.clone();
        let mut found = 0;
        for at in 0..altered.len() - from.len() {
            if &leaf[at..at + from.len()] == from {
                altered[at..at + to.len()].copy_from_slice(to);
                found += 1;
            }
        }
        assert!(found > 0);
        with_leaf(&altered)
    };
    // ecdsa-with-SHA384 to ecdsa-with-SHA256, secp384r1 to secp521r1, version 3 to version 2.
    let (sha384, sha256) = (b"\x2a\x86\x48\xce\x3d\x04\x03\x03", b"\x2a\x86\x48\xce\x3d\x04\x03\x02");
    assert_eq!(replaced(sha384, sha256), fault(2, CertificateFault::Algorithm));
    assert_eq!(replaced(b"\x2b\x81\x04\x00\x22", b"\x2b\x81\x04\x00\x23"), fault(2, CertificateFault::Algorithm));
    assert_eq!(replaced(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x01"), fault(2, CertificateFault::Version));
}
