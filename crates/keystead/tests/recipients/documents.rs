//! Documents that are not believed.

use std::time::Duration;

use keystead::attestation::testing::CertificateProfile;
use keystead::attestation::{TrustAnchors, envelope};
use keystead::crypto::entropy::SystemEntropy;
use keystead::crypto::{DefaultProvider, KeyPairAlgorithm, Provider};
use keystead::{CallError, RecipientInfo};

use crate::support::{World, assert_code, refusal};
use crate::{Asking, ENCLAVE, Enclave, Given, OPERATIONS, PLAINTEXT, Scene, VALIDATION, recipient, signed, start};

/// Spec: ENV-68, ENV-70
#[test]
fn without_an_anchor_every_document_is_invalid() {
    let scene = Scene::of(World::new());
    for operation in OPERATIONS {
        let refused = (operation.send)(&scene.world.root, &scene, &Asking::to(recipient()));
        assert_class(refused, "certificate chain");
        (operation.send)(&scene.world.root, &scene, &Asking::nothing()).unwrap();
        let explained = (operation.explain)(&scene.world.root, &scene, &Asking::to(recipient()));
        assert_eq!(explained.unwrap_err().code(), VALIDATION, "{}", operation.name);
    }
}

/// Spec: ENV-68, ENV-70
#[test]
fn a_document_of_another_root_is_invalid() {
    let scene = Scene::new();
    let foreign = signed(&Enclave::new(start()).draft());
    let keys = scene.world.root.list_keys().send().unwrap().keys.len();
    for operation in OPERATIONS {
        assert_class((operation.send)(&scene.world.root, &scene, &Asking::to(foreign.clone())), "certificate chain");
        assert!(scene.world.last_record()["additionalEventData"].get("recipient").is_none());
        if operation.has_dry_run {
            assert_class(
                (operation.send)(&scene.world.root, &scene, &Asking::dry(foreign.clone())),
                "certificate chain",
            );
        }
    }
    assert_eq!(scene.world.root.list_keys().send().unwrap().keys.len(), keys);
}

/// Spec: ENV-76
#[test]
fn certificates_are_judged_by_the_clock_of_the_host() {
    // The host allows documents of any age, so that only certificates are too old.
    let scene = Scene::trusting(ENCLAVE.anchors().with_max_age(Duration::ZERO));
    let draft = ENCLAVE.draft();
    scene.world.clock.advance(HOUR * 3 - Duration::from_secs(1));
    decrypt(&scene, signed(&draft)).unwrap();
    scene.world.clock.advance(Duration::from_secs(2));
    assert_class(decrypt(&scene, signed(&draft)), "expired");

    let early = Enclave::with_profiles(&[
        CertificateProfile::issuer("root", start()),
        CertificateProfile::signer("leaf", start().plus(HOUR)),
    ]);
    let scene = Scene::trusting(early.anchors().with_max_age(Duration::ZERO));
    assert_class(decrypt(&scene, signed(&early.draft())), "expired");
    scene.world.clock.advance(HOUR);
    decrypt(&scene, signed(&early.draft())).unwrap();
}

/// Spec: ENV-76, ENV-77
#[test]
fn an_old_document_is_refused_within_the_window() {
    let scene = Scene::new();
    let document = recipient();
    scene.world.clock.advance(Duration::from_secs(300));
    decrypt(&scene, document.clone()).unwrap();
    scene.world.clock.advance(Duration::from_secs(1));
    assert_class(decrypt(&scene, document.clone()), "expired");

    let scene = Scene::trusting(ENCLAVE.anchors().with_max_age(Duration::ZERO));
    scene.world.clock.advance(HOUR);
    decrypt(&scene, document).unwrap();
}

/// Spec: ENV-68
#[test]
fn no_flipped_bit_goes_unnoticed() {
    let scene = Scene::new();
    let document = ENCLAVE.draft().sign(&SystemEntropy).unwrap();
    // A prime, so that the bits are spread over header, payload, certificates and signature.
    for bit in (0..document.len() * 8).step_by(131).chain(document.len() * 8 - 8..document.len() * 8) {
        let mut flipped = document.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let refused = refusal(decrypt(&scene, RecipientInfo::new(flipped)));
        assert_eq!(refused.code(), VALIDATION, "bit {bit}");
    }
    decrypt(&scene, RecipientInfo::new(document)).unwrap();
}

/// Spec: ENV-68
#[test]
fn the_text_names_the_class_of_the_failure_and_nothing_of_the_document() {
    let scene = Scene::new();
    let good = ENCLAVE.draft().module_id("i-0secret-enc0secret");
    let mut forged = good.sign(&SystemEntropy).unwrap();
    *forged.last_mut().unwrap() ^= 1;
    let keyless = ENCLAVE.authority.document(start()).module_id("i-0secret-enc0secret");
    for (document, class) in [
        (RecipientInfo::new(forged), "signature"),
        (signed(&keyless), "public key"),
        (signed(&good.clone().public_key(elliptic_key())), "public key"),
        (signed(&good.clone().public_key(short_key())), "public key"),
        (RecipientInfo::new(vec![0]), "malformed"),
        (RecipientInfo::new(b"i-0secret-enc0secret".to_vec()), "malformed"),
    ] {
        let refused = refusal(decrypt(&scene, document));
        assert_eq!(refused.code(), VALIDATION);
        assert!(refused.message().contains(class) && !refused.message().contains("secret"), "{refused}");
    }
}

/// Spec: ENV-64, ENV-65
#[test]
fn recipients_may_have_larger_keys() {
    let scene = Scene::new();
    for algorithm in [KeyPairAlgorithm::Rsa3072, KeyPairAlgorithm::Rsa4096] {
        let key = DefaultProvider.generate_key_pair(algorithm, &SystemEntropy).unwrap();
        let given = decrypt(&scene, signed(&ENCLAVE.draft().public_key(key.public().spki()))).unwrap();
        let opened = envelope::open(&given.sealed.unwrap(), key.as_ref(), &SystemEntropy).unwrap();
        assert_eq!(opened.expose(), PLAINTEXT);
    }
}

/// Spec: ENV-66, API-089
#[test]
fn a_recipient_has_both_members() {
    let scene = Scene::new();
    let mut documentless = recipient();
    documentless.attestation_document = None;
    let mut unnamed = recipient();
    unnamed.key_encryption_algorithm = None;
    for operation in OPERATIONS {
        for (incomplete, member) in [
            (&documentless, "AttestationDocument"),
            (&unnamed, "KeyEncryptionAlgorithm"),
            (&RecipientInfo::default(), ""),
        ] {
            let refused = refusal((operation.send)(&scene.world.root, &scene, &Asking::to(incomplete.clone())));
            assert_eq!(refused.code(), VALIDATION, "{}", operation.name);
            assert!(refused.message().contains(member), "{refused}");
        }
    }
}

/// Spec: ENV-66
#[test]
fn the_members_have_their_shapes() {
    let scene = Scene::new();
    for name in ["RSAES_OAEP_SHA_1", "RSAES_PKCS1_V1_5", "rsaes_oaep_sha_256", ""] {
        let mut other = recipient();
        other.key_encryption_algorithm = Some(name.into());
        let refused = refusal(decrypt(&scene, other));
        assert_eq!(refused.code(), VALIDATION);
        assert!(refused.message().contains("Member must satisfy enum value set: [RSAES_OAEP_SHA_256]"), "{refused}");
    }
    let longest = "failed to satisfy constraint: Member must have length less than or equal to 262144";
    let refused = refusal(decrypt(&scene, RecipientInfo::new(vec![0; 262_145])));
    assert!(refused.code() == VALIDATION && refused.message().contains(longest), "{refused}");
    assert_class(decrypt(&scene, RecipientInfo::new(vec![0; 262_144])), "malformed");
    assert_code(decrypt(&scene, RecipientInfo::new(Vec::new())), VALIDATION);
}

/// Spec: ENV-70
#[test]
fn every_anchor_of_the_host_is_believed() {
    let other = Enclave::new(start());
    let both = TrustAnchors::new()
        .with_certificate(&ENCLAVE.authority.certificates()[0])
        .and_then(|anchors| anchors.with_certificate(&other.authority.certificates()[0]))
        .unwrap();
    let scene = Scene::trusting(both);
    decrypt(&scene, recipient()).unwrap().opened(&ENCLAVE);
    decrypt(&scene, signed(&other.draft())).unwrap().opened(&other);
}

fn decrypt(scene: &Scene, recipient: RecipientInfo<'static>) -> Result<Given, CallError> {
    (OPERATIONS[0].send)(&scene.world.root, scene, &Asking::to(recipient))
}

/// The document was refused, for a reason of this class.
#[track_caller]
fn assert_class(result: Result<Given, CallError>, class: &str) {
    let refused = refusal(result);
    assert_eq!(refused.code(), VALIDATION);
    assert!(refused.message().contains(class), "{refused}");
}

fn elliptic_key() -> Vec<u8> {
    let pair = DefaultProvider.generate_key_pair(KeyPairAlgorithm::P384, &SystemEntropy).unwrap();
    pair.public().spki().to_vec()
}

/// An RSA key of 1,024 bits: only its length matters here.
fn short_key() -> Vec<u8> {
    let number = [&[0x02, 0x81, 0x81, 0x00][..], &[0xff; 128]].concat();
    let numbers = [&[0x30, 0x81, 0x89][..], &number, &[0x02, 0x03, 0x01, 0x00, 0x01]].concat();
    let algorithm = hex::decode("300d06092a864886f70d0101010500").unwrap();
    [&[0x30, 0x81, 0x9f][..], &algorithm, &[0x03, 0x81, 0x8d, 0x00], &numbers].concat()
}

const HOUR: Duration = Duration::from_secs(3600);
