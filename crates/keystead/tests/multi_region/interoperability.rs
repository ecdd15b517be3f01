//! What one related key encrypts, every other one decrypts.

use keystead::hierarchy::BlobHeader;

use crate::support::{World, assert_code};
use crate::{ASIA, EUROPE, HOME, REGIONS, decrypt};

/// Scenario 2.
///
/// Spec: MRK-16, MRK-17, MRK-20, MRK-21
#[test]
fn ciphertexts_cross_regions() {
    let world = World::new();
    let set = world.set(&[EUROPE, ASIA]);
    for (from, name) in set.clients().into_iter().zip(REGIONS) {
        let sealed = from.encrypt(&set.id, b"secret").context("order", "42").send().unwrap();
        assert_eq!(sealed.key_id.to_string(), set.arn_in(name));
        for (to, there) in set.clients().into_iter().zip(REGIONS) {
            for key in [None, Some(set.id.clone()), Some(set.arn_in(there))] {
                let mut call = to.decrypt(&sealed.ciphertext_blob).context("order", "42");
                call = match key {
                    Some(key) => call.key_id(key),
                    None => call,
                };
                let opened = call.send().unwrap();
                assert_eq!((opened.expose(), opened.key_id.to_string()), (&b"secret"[..], set.arn_in(there)));
            }
            assert_code(
                to.decrypt(&sealed.ciphertext_blob).context("order", "43").send(),
                "InvalidCiphertextException",
            );
        }
    }
    let data_key = set.home.generate_data_key(&set.id).key_spec("AES_256").send().unwrap();
    let opened = set.asia.decrypt(&data_key.ciphertext_blob).send().unwrap();
    assert_eq!(opened.expose(), data_key.plaintext.as_ref().unwrap().expose());
    let again = set.asia.re_encrypt(&data_key.ciphertext_blob, &set.id).send().unwrap();
    assert!(set.home.decrypt(&again.ciphertext_blob).send().is_ok());
}

/// Scenario 3.
///
/// Spec: MRK-16, MRK-25, ROT-48
#[test]
fn a_later_replica_opens_what_was_made_before_it() {
    let world = World::new();
    let set = world.set(&[EUROPE]);
    let mut blobs = vec![set.encrypt(&set.home, b"0")];
    for round in [b"1", b"2"] {
        set.home.rotate_key_on_demand(&set.id).send().unwrap();
        blobs.push(set.encrypt(&set.europe, round));
    }
    set.home.replicate_key(&set.id, ASIA).send().unwrap();
    for (index, blob) in blobs.iter().enumerate() {
        assert_eq!(decrypt(&set.asia, blob), index.to_string().as_bytes());
    }
    let ids = |client: &keystead::Client| {
        let call = client.list_key_rotations(&set.id).include_key_material("ALL_KEY_MATERIAL").send().unwrap();
        call.rotations.iter().map(|rotation| rotation.key_material_id).collect::<Vec<_>>()
    };
    assert_eq!(ids(&set.home).len(), 3);
    assert_eq!(ids(&set.home), ids(&set.asia));
}

/// Scenario 4.
///
/// Spec: MRK-17, MRK-12
#[test]
fn a_ciphertext_names_the_key_and_no_region() {
    let world = World::new();
    let (set, other) = (world.set(&[EUROPE]), world.set(&[EUROPE]));
    let blob = set.encrypt(&set.home, b"secret");
    let header = BlobHeader::parse(&blob).unwrap();
    assert_eq!(header.key_id.to_string(), set.id);
    for region in REGIONS {
        assert!(!blob.windows(region.len()).any(|part| part == region.as_bytes()));
    }
    let named = header.key_id.to_bytes();
    let at = blob.windows(named.len()).position(|part| part == named).unwrap();
    let mut moved = blob.clone();
    let stranger: keystead::KeyId = other.id.parse().unwrap();
    moved[at..at + named.len()].copy_from_slice(&stranger.to_bytes());
    let opened = |client: &keystead::Client, blob: &[u8]| client.decrypt(blob).context("order", "42").send();
    assert_code(opened(&set.europe, &moved), "InvalidCiphertextException");
    assert_eq!(opened(&set.europe, &blob).unwrap().expose(), b"secret");
    // Unrelated sets never interoperate, though they are in the same Regions.
    let wrong = set.europe.decrypt(&blob).context("order", "42").key_id(&other.id).send();
    assert_code(wrong, "IncorrectKeyException");
}

/// Spec: MRK-18
#[test]
fn keys_of_one_region_are_bound_to_themselves() {
    let world = World::new();
    let (key, other) = (world.key(), world.key());
    let blob = world.root.encrypt(&key.id, b"x").send().unwrap().into_inner().ciphertext_blob;
    let (own, stranger): (keystead::KeyId, keystead::KeyId) = (key.id.parse().unwrap(), other.id.parse().unwrap());
    let at = blob.windows(17).position(|part| part == own.to_bytes()).unwrap();
    let mut moved = blob;
    moved[at..at + 17].copy_from_slice(&stranger.to_bytes());
    assert_code(world.root.decrypt(moved).send(), "InvalidCiphertextException");
}

/// Spec: MRK-19, MRK-05
#[test]
fn a_ciphertext_is_opened_where_it_is_brought() {
    let world = World::new();
    let set = world.set(&[EUROPE]);
    let blob = set.encrypt(&set.home, b"secret");
    let opened = |call: keystead::Call<'_, keystead::operations::Decrypt<'_>>| call.context("order", "42").send();
    assert_code(opened(set.asia.decrypt(&blob)), "AccessDeniedException");
    assert_code(opened(set.europe.decrypt(&blob).key_id(set.arn_in(HOME))), "NotFoundException");
    assert!(opened(set.europe.decrypt(&blob).key_id(set.arn_in(EUROPE))).is_ok());
}

/// Scenario 24.
///
/// Spec: MRK-22, MRK-42
#[test]
fn tags_and_signatures_cross_regions() {
    let world = World::new();
    let make = |spec: &str, usage: &str| {
        let call = world
            .root_in(HOME)
            .create_key()
            .multi_region(true)
            .key_spec(spec.to_owned())
            .key_usage(usage.to_owned())
            .send();
        let set = world.of(&call.unwrap().key_metadata.key_id.to_string());
        set.home.replicate_key(&set.id, EUROPE).send().unwrap();
        assert_code(set.home.enable_key_rotation(&set.id).send(), "UnsupportedOperationException");
        set
    };
    let set = make("HMAC_384", "GENERATE_VERIFY_MAC");
    let tag = |client: &keystead::Client| {
        client.generate_mac(&set.id, b"message").mac_algorithm("HMAC_SHA_384").send().unwrap().into_inner().mac
    };
    assert_eq!(tag(&set.home), tag(&set.europe));
    assert!(
        set.europe
            .verify_mac(&set.id, b"message", tag(&set.home))
            .mac_algorithm("HMAC_SHA_384")
            .send()
            .unwrap()
            .mac_valid
    );

    for (spec, algorithm, deterministic) in [
        ("RSA_2048", "RSASSA_PKCS1_V1_5_SHA_256", true),
        ("RSA_2048", "RSASSA_PSS_SHA_256", false),
        ("ECC_NIST_P256", "ECDSA_SHA_256", false),
    ] {
        let set = make(spec, "SIGN_VERIFY");
        let signature = |client: &keystead::Client| {
            client.sign(&set.id, b"message").signing_algorithm(algorithm).send().unwrap().into_inner().signature
        };
        let (here, there) = (signature(&set.home), signature(&set.europe));
        assert!(!deterministic || here == there, "{algorithm}");
        assert!(
            set.europe.verify(&set.id, b"message", here).signing_algorithm(algorithm).send().unwrap().signature_valid
        );
        assert!(
            set.home.verify(&set.id, b"message", there).signing_algorithm(algorithm).send().unwrap().signature_valid
        );
    }
}

/// Spec: MRK-23
#[test]
fn a_replica_does_not_need_its_relatives() {
    let world = World::new();
    let set = world.set(&[EUROPE, ASIA]);
    let blob = set.encrypt(&set.home, b"secret");
    set.home.disable_key(&set.id).send().unwrap();
    set.asia.schedule_key_deletion(&set.id).send().unwrap();
    assert_eq!(decrypt(&set.europe, &blob), b"secret");
    set.home.schedule_key_deletion(&set.id).send().unwrap();
    assert_eq!(decrypt(&set.europe, &set.encrypt(&set.europe, b"more")), b"more");
}
