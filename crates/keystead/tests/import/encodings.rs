//! Private keys in their encodings.

use keystead::Client;
use keystead::crypto::SecretBytes;

use crate::support::{Key, World, assert_code};
use crate::{HYBRID, Set, empty_key, import, material_of, state};

/// Chapter 32, section 11.3: one P-256 key in three encodings.
const WITH_POINT: &str = "308187020100301306072a8648ce3d020106082a8648ce3d030107046d306b0201010420c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721a1440342000460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb67903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299";
const INDEFINITE: &str = "3080020100301306072a8648ce3d020106082a8648ce3d030107046d306b0201010420c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721a1440342000460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb67903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d44622990000";
const WITHOUT_POINT: &str = "3041020100301306072a8648ce3d020106082a8648ce3d0301070427302502010104\
    20c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721";
/// Its public key.
const SPKI: &str = "3059301306072a8648ce3d020106082a8648ce3d0301070342000460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb67903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299";

fn signing_key(client: &Client) -> Key {
    empty_key(client, "ECC_NIST_P256", "SIGN_VERIFY")
}

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

/// Spec: IMP-08, IMP-29, IMP-30, IMP-33, ASY-72
#[test]
fn every_encoding_of_a_key_is_the_same_material() {
    let world = World::new();
    let key = signing_key(&world.root);
    let set = Set::of(&world.root, &key, HYBRID, "RSA_2048");
    for encoding in [WITH_POINT, INDEFINITE, WITHOUT_POINT] {
        set.import(&world.root, &key, &unhex(encoding)).unwrap();
        assert_eq!(world.root.get_public_key(&key.id).send().unwrap().public_key, unhex(SPKI));
        world.root.delete_imported_key_material(&key.id).send().unwrap();
        assert_eq!(state(&world.root, &key), "PendingImport");
    }
}

/// Spec: IMP-29, IMP-30, IMP-33, IMP-35
#[test]
fn what_is_not_such_a_key_is_refused() {
    let world = World::new();
    let key = signing_key(&world.root);
    let set = Set::of(&world.root, &key, HYBRID, "RSA_2048");
    let good = unhex(WITH_POINT);
    let changed = |at: usize| {
        let mut wrong = good.clone();
        wrong[at] ^= 1;
        wrong
    };
    let sec1 = good[29..].to_vec();
    let pem = b"-----BEGIN PRIVATE KEY-----\nMIGH\n-----END PRIVATE KEY-----\n".to_vec();
    let spec = |name: &str| material_of(name.parse().unwrap(), false).expose().to_vec();
    let wrong = [
        ("a point that does not fit the scalar", changed(good.len() - 1)),
        ("a scalar that does not fit the point", changed(50)),
        ("another curve", spec("ECC_SECG_P256K1")),
        ("another curve", spec("ECC_NIST_P384")),
        ("another algorithm", spec("ECC_NIST_EDWARDS25519")),
        ("trailing bytes", [good.as_slice(), &[0]].concat()),
        ("SEC 1", sec1),
        ("PEM", pem),
        ("raw bytes", vec![7; 32]),
        ("nothing of the kind", vec![0x30; 100]),
    ];
    for (what, wrong) in wrong {
        let error = set.import(&world.root, &key, &wrong).expect_err(what);
        assert_eq!(error.code(), "IncorrectKeyMaterialException", "{what}");
        assert_eq!(state(&world.root, &key), "PendingImport", "{what}");
    }
    set.import(&world.root, &key, &good).unwrap();
}

/// Spec: IMP-31, IMP-35
#[test]
fn rsa_keys_have_exactly_the_size_of_their_spec_and_two_primes() {
    let world = World::new();
    let key = empty_key(&world.root, "RSA_2048", "SIGN_VERIFY");
    let set = Set::of(&world.root, &key, HYBRID, "RSA_2048");
    let longer = material_of("RSA_3072".parse().unwrap(), false);
    assert_code(set.import(&world.root, &key, longer.expose()), "IncorrectKeyMaterialException");
    let good = material_of("RSA_2048".parse().unwrap(), false);
    let mut wrong = good.expose().to_vec();
    // Inside the modulus, behind the head of PKCS #8 and RSAPrivateKey.
    wrong[100] ^= 1;
    assert_code(set.import(&world.root, &key, &wrong), "IncorrectKeyMaterialException");
    set.import(&world.root, &key, good.expose()).unwrap();
}

/// Spec: IMP-32
#[test]
fn sm2_wraps_keys_of_any_length() {
    let world = World::new();
    let china = world.china();
    let key = empty_key(&china, "RSA_4096", "SIGN_VERIFY");
    let material: SecretBytes = material_of("RSA_4096".parse().unwrap(), true);
    assert!(material.len() > 2300);
    import(&china, &key, material.expose()).unwrap();
    assert_eq!(state(&china, &key), "Enabled");
}
