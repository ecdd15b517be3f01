//! Profiles of Regions, and what a host says about them.

use keystead::{Caller, Partition, Profile, Region, RegionConfig};

use crate::support::{ACCOUNT, World, assert_code};
use crate::{CHINA, typed_key};

/// Spec: ASY-56
#[test]
fn the_host_may_force_a_profile() {
    let region: Region = "eu-central-1".parse().unwrap();
    let home: Region = "cn-north-1".parse().unwrap();
    let world = World::with(|builder| {
        let chinese = RegionConfig { profile: Profile::China, ..RegionConfig::of_region(&region) };
        let standard = RegionConfig { profile: Profile::Standard, ..RegionConfig::of_region(&home) };
        builder.region(region, chinese).region(home, standard)
    });
    let client = |region: &str| world.kms.client(region, Caller::account_root(ACCOUNT).unwrap()).unwrap();
    let forced = client("eu-central-1");
    let key = typed_key(&forced, "SM2", "SIGN_VERIFY");
    assert!(key.arn.starts_with("arn:aws:kms:eu-central-1:"), "the partition is another matter");
    assert_code(client("cn-north-1").create_key().key_spec("SM2").key_usage("SIGN_VERIFY").send(), UNSUPPORTED);
    typed_key(&client("cn-northwest-1"), "SM2", "SIGN_VERIFY");
    assert_eq!(RegionConfig::of_region(&home).partition, Partition::AWS_CN);
}

/// Spec: ASY-56, ASY-59
#[test]
fn limits_are_the_same_in_both_profiles() {
    let world = World::new();
    for client in [&world.root, &world.china()] {
        let [key, other] = [0, 1].map(|_| typed_key(client, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT"));
        let encrypt = |length: usize| client.encrypt(&key.id, vec![7; length]).context("a", "b").send();
        let sealed = encrypt(4096).unwrap().into_inner();
        assert_eq!(sealed.encryption_algorithm.as_str(), "SYMMETRIC_DEFAULT");
        assert_code(encrypt(4097), "ValidationException");
        assert_code(encrypt(0), "ValidationException");
        let open = |blob: &[u8], context: &'static str| client.decrypt(blob.to_vec()).context("a", context).send();
        assert_eq!(open(&sealed.ciphertext_blob, "b").unwrap().expose(), [7; 4096]);
        assert_code(open(&sealed.ciphertext_blob, "c"), "InvalidCiphertextException");
        let moved = client.re_encrypt(&sealed.ciphertext_blob, &other.id).source_context("a", "b");
        let moved = moved.destination_context("a", "d").send().unwrap().into_inner();
        assert_eq!(open(&moved.ciphertext_blob, "d").unwrap().key_id.to_string(), other.arn);

        for (length, fits) in [(1, true), (1024, true), (1025, false), (0, false)] {
            let made = client.generate_data_key(&key.id).number_of_bytes(length).send();
            assert_eq!(made.is_ok(), fits, "{length}");
        }
        let made = client.generate_data_key(&key.id).key_spec("AES_128").send().unwrap().into_inner();
        assert_eq!(made.expose().len(), 16);
        assert_eq!(client.decrypt(&made.ciphertext_blob).send().unwrap().expose(), made.expose());
        let metadata = client.describe_key(&key.id).send().unwrap().into_inner().key_metadata;
        assert_eq!(metadata.key_spec.as_str(), "SYMMETRIC_DEFAULT");
    }
}

/// Spec: ASY-57, ASY-58
#[test]
fn a_ciphertext_of_one_cipher_does_not_open_under_the_other() {
    let world = World::new();
    let china = world.china();
    let chinese = typed_key(&china, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT");
    let standard = world.key();
    let sealed = china.encrypt(&chinese.id, b"secret").send().unwrap().into_inner().ciphertext_blob;
    let other = world.root.encrypt(&standard.id, b"secret").send().unwrap().into_inner().ciphertext_blob;
    // Elsewhere the key is not known, or is not the one that made it.
    world.root.decrypt(&sealed).send().unwrap_err();
    assert_code(world.root.decrypt(&sealed).key_id(&standard.id).send(), "IncorrectKeyException");
    assert_code(china.decrypt(&other).key_id(&chinese.id).send(), "IncorrectKeyException");

    // The name of the cipher stands in the header, and is authenticated.
    let cipher = (0..sealed.len().min(other.len())).find(|&at| sealed[at] != other[at]).unwrap();
    let mut renamed = sealed.clone();
    renamed[cipher] = other[cipher];
    assert_ne!(renamed, sealed);
    assert_code(china.decrypt(&renamed).send(), "InvalidCiphertextException");
    for at in 0..sealed.len() {
        let mut flipped = sealed.clone();
        flipped[at] ^= 1;
        assert!(china.decrypt(flipped).key_id(&chinese.id).send().is_err(), "{at}");
    }
    assert_eq!(china.decrypt(&sealed).send().unwrap().expose(), b"secret");
}

/// Spec: ASY-68
#[test]
fn a_region_without_hmac_makes_no_hmac_keys() {
    let region: Region = "eu-west-1".parse().unwrap();
    let config = RegionConfig { hmac_keys: false, ..RegionConfig::of_region(&region) };
    let world = World::with(|builder| builder.region(region, config));
    let without = world.kms.client("eu-west-1", Caller::account_root(ACCOUNT).unwrap()).unwrap();
    for spec in ["HMAC_224", "HMAC_256", "HMAC_384", "HMAC_512"] {
        let create =
            |client: &keystead::Client| client.create_key().key_spec(spec).key_usage("GENERATE_VERIFY_MAC").send();
        assert_code(create(&without), UNSUPPORTED);
        create(&world.root).unwrap();
        create(&world.china()).unwrap();
    }
    assert!(without.list_keys().send().unwrap().keys.is_empty());
    typed_key(&without, "ECC_NIST_P256", "SIGN_VERIFY");
    typed_key(&without, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT");
    assert!(RegionConfig::of_region(&CHINA.parse().unwrap()).hmac_keys);
}

const UNSUPPORTED: &str = "UnsupportedOperationException";
