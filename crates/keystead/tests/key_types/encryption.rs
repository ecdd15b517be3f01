//! Encrypt, Decrypt and ReEncrypt with key pairs.

use keystead::crypto::EncryptionScheme;
use keystead::crypto::entropy::SystemEntropy;
use keystead::crypto::sm2::{self, CiphertextOrder};

use crate::support::{World, assert_code, assert_refused, assert_same_set};
use crate::{outside, typed_key};

/// The algorithms of RSA keys and the bytes that they take at 2,048 bits.
const OAEP: [(&str, usize); 2] = [("RSAES_OAEP_SHA_1", 214), ("RSAES_OAEP_SHA_256", 190)];

/// Spec: ASY-20, ASY-21, API-075
#[test]
fn rsa_takes_as_much_as_fits() {
    let world = World::new();
    let key = world.typed_key("RSA_2048", "ENCRYPT_DECRYPT");
    for (algorithm, limit) in OAEP {
        for length in [1, limit - 1, limit] {
            let plaintext = vec![7; length];
            let sealed = world.root.encrypt(&key.id, &plaintext).encryption_algorithm(algorithm).send().unwrap();
            assert_eq!(sealed.ciphertext_blob.len(), 256);
            assert_eq!((sealed.key_id.to_string(), sealed.encryption_algorithm.as_str()), (key.arn.clone(), algorithm));
            let opened = world.root.decrypt(&sealed.ciphertext_blob).key_id(&key.id).encryption_algorithm(algorithm);
            let opened = opened.send().unwrap();
            assert_eq!(opened.expose(), plaintext);
            assert_eq!((opened.encryption_algorithm.as_str(), opened.key_material_id), (algorithm, None));
        }
        let message =
            format!("Algorithm {algorithm} and key spec RSA_2048 cannot encrypt data larger than {limit} bytes.");
        let too_long = vec![7; limit + 1];
        let refused = world.root.encrypt(&key.id, &too_long).encryption_algorithm(algorithm).send();
        assert_refused(refused, "ValidationException", &message);
    }
    assert_code(world.root.encrypt(&key.id, b"").encryption_algorithm(OAEP[0].0).send(), "ValidationException");
    let huge = vec![7; 4097];
    let refused = world.root.encrypt(&key.id, &huge).encryption_algorithm(OAEP[0].0).send();
    assert!(refused.unwrap_err().message().ends_with("Member must have length less than or equal to 4096"));
}

/// Spec: ASY-19, TYP-16, API-076
#[test]
fn the_algorithm_must_be_named() {
    let world = World::new();
    let key = world.typed_key("RSA_2048", "ENCRYPT_DECRYPT");
    let message = "Algorithm SYMMETRIC_DEFAULT is incompatible with key spec RSA_2048.";
    assert_refused(world.root.encrypt(&key.id, b"x").send(), USAGE, message);
    assert_refused(world.root.decrypt(vec![0; 256]).key_id(&key.id).send(), USAGE, message);
    let message = "Algorithm SM2PKE is incompatible with key spec RSA_2048.";
    assert_refused(world.root.encrypt(&key.id, b"x").encryption_algorithm("SM2PKE").send(), USAGE, message);
    let symmetric = world.key();
    let message = "Algorithm RSAES_OAEP_SHA_256 is incompatible with key spec SYMMETRIC_DEFAULT.";
    let refused = world.root.encrypt(&symmetric.id, b"x").encryption_algorithm("RSAES_OAEP_SHA_256").send();
    assert_refused(refused, USAGE, message);
}

/// Spec: ASY-22, CND-37
#[test]
fn an_encryption_context_is_refused_not_ignored() {
    let world = World::new();
    let key = world.typed_key("RSA_2048", "ENCRYPT_DECRYPT");
    let algorithm = "RSAES_OAEP_SHA_256";
    let refused = world.root.encrypt(&key.id, b"x").encryption_algorithm(algorithm).context("a", "b").send();
    assert_code(refused, "ValidationException");
    let sealed = world.root.encrypt(&key.id, b"x").encryption_algorithm(algorithm).send().unwrap();
    let decrypt = || world.root.decrypt(&sealed.ciphertext_blob).key_id(&key.id).encryption_algorithm(algorithm);
    assert_code(decrypt().context("a", "b").send(), "ValidationException");
    decrypt().send().unwrap();
}

/// Spec: OVR-25
#[test]
fn every_operation_of_symmetric_keys_takes_a_context_and_no_other_does() {
    let members = ["EncryptionContext", "SourceEncryptionContext", "DestinationEncryptionContext"];
    let takers = keystead::catalogue::operations().iter().filter(|row| row.members().any(|one| members.contains(&one)));
    let expected = [
        "Encrypt",
        "Decrypt",
        "ReEncrypt",
        "GenerateDataKey",
        "GenerateDataKeyWithoutPlaintext",
        "GenerateDataKeyPair",
        "GenerateDataKeyPairWithoutPlaintext",
    ];
    assert_same_set(takers.map(|row| row.name()), expected);
    let world = World::new();
    let (symmetric, rsa) = (world.key(), world.typed_key("RSA_2048", "ENCRYPT_DECRYPT"));
    let sealed = world.root.encrypt(&symmetric.id, b"x").context("a", "b").send().unwrap().into_inner().ciphertext_blob;
    let re_encrypt = || world.root.re_encrypt(&sealed, &rsa.id).source_context("a", "b");
    let re_encrypt = || re_encrypt().destination_encryption_algorithm("RSAES_OAEP_SHA_256");
    re_encrypt().send().unwrap();
    assert_code(re_encrypt().destination_context("a", "b").send(), "ValidationException");
}

/// Spec: ASY-23, ASY-24, ASY-25, ASY-18, API-077
#[test]
fn what_does_not_open_gives_one_answer() {
    let world = World::new();
    let key = world.typed_key("RSA_2048", "ENCRYPT_DECRYPT");
    let other = world.typed_key("RSA_2048", "ENCRYPT_DECRYPT");
    let public = outside(&world.root, &key);
    let sealed = public.encrypt(EncryptionScheme::RsaOaepSha256, b"from outside", &SystemEntropy).unwrap();
    let decrypt = |blob: &[u8], key: &str, algorithm: &'static str| {
        let opened = world.root.decrypt(blob.to_vec()).key_id(key.to_owned()).encryption_algorithm(algorithm).send();
        opened.map(|opened| opened.expose().to_vec())
    };
    assert_eq!(decrypt(&sealed, &key.id, "RSAES_OAEP_SHA_256").unwrap(), b"from outside");

    let mut flipped = sealed.clone();
    flipped[100] ^= 1;
    let longer = [&sealed[..], &[0]].concat();
    for (blob, key, algorithm) in [
        (&sealed, &key.id, "RSAES_OAEP_SHA_1"),
        (&sealed, &other.id, "RSAES_OAEP_SHA_256"),
        (&flipped, &key.id, "RSAES_OAEP_SHA_256"),
        (&longer, &key.id, "RSAES_OAEP_SHA_256"),
        (&sealed[..255].to_vec(), &key.id, "RSAES_OAEP_SHA_256"),
        (&vec![0xff; 256], &key.id, "RSAES_OAEP_SHA_256"),
        (&vec![0; 256], &key.id, "RSAES_OAEP_SHA_256"),
    ] {
        assert_refused(decrypt(blob, key, algorithm), "InvalidCiphertextException", "");
    }
    // Without a key the bytes can only be a symmetric ciphertext.
    assert_refused(
        world.root.decrypt(&sealed).encryption_algorithm("RSAES_OAEP_SHA_256").send(),
        "InvalidCiphertextException",
        "",
    );
}

/// Spec: ASY-26, TYP-01
#[test]
fn keys_of_other_usages_do_not_encrypt() {
    let world = World::new();
    for (spec, usage) in
        [("RSA_2048", "SIGN_VERIFY"), ("HMAC_256", "GENERATE_VERIFY_MAC"), ("ECC_NIST_P256", "KEY_AGREEMENT")]
    {
        let key = world.typed_key(spec, usage);
        let message = format!("{} key usage is {usage} which is not valid for Encrypt.", key.arn);
        let refused = world.root.encrypt(&key.id, b"x").encryption_algorithm("RSAES_OAEP_SHA_256").send();
        assert_refused(refused, USAGE, &message);
    }
}

/// Spec: ASY-27, API-079
#[test]
fn re_encryption_goes_between_all_kinds() {
    let world = World::new();
    let symmetric = world.key();
    let rsa = world.typed_key("RSA_2048", "ENCRYPT_DECRYPT");
    let algorithm = "RSAES_OAEP_SHA_256";
    let client = &world.root;

    let sealed = client.encrypt(&symmetric.id, b"secret").context("a", "b").send().unwrap();
    let to_rsa = client.re_encrypt(&sealed.ciphertext_blob, &rsa.id).source_context("a", "b");
    let to_rsa = to_rsa.destination_encryption_algorithm(algorithm).send().unwrap();
    assert_eq!(to_rsa.destination_encryption_algorithm.as_str(), algorithm);
    assert!(to_rsa.source_key_material_id.is_some() && to_rsa.destination_key_material_id.is_none());

    let back = client.re_encrypt(&to_rsa.ciphertext_blob, &symmetric.id).source_key_id(&rsa.id);
    let back = back.source_encryption_algorithm(algorithm).destination_context("c", "d").send().unwrap();
    assert_eq!(back.source_encryption_algorithm.as_str(), algorithm);
    assert_eq!(client.decrypt(&back.ciphertext_blob).context("c", "d").send().unwrap().expose(), b"secret");

    // The limit of the destination, and contexts on the symmetric side only.
    let large = client.encrypt(&symmetric.id, &[1; 191]).send().unwrap();
    let refused = client.re_encrypt(&large.ciphertext_blob, &rsa.id).destination_encryption_algorithm(algorithm).send();
    assert_code(refused, "ValidationException");
    let refused = client.re_encrypt(&sealed.ciphertext_blob, &rsa.id).source_context("a", "b");
    let refused = refused.destination_encryption_algorithm(algorithm).destination_context("x", "y").send();
    assert_code(refused, "ValidationException");
    // A destination that cannot encrypt is found before the source is opened.
    let mac = world.typed_key("HMAC_256", "GENERATE_VERIFY_MAC");
    let damaged = [&sealed.ciphertext_blob[..sealed.ciphertext_blob.len() - 1], &[0]].concat();
    assert_code(client.re_encrypt(damaged, &mac.id).send(), USAGE);
}

/// Spec: ASY-48, ASY-50, ASY-49, ASY-52
#[test]
fn sm2_encrypts_up_to_a_kibibyte() {
    let world = World::new();
    let china = world.china();
    let key = typed_key(&china, "SM2", "ENCRYPT_DECRYPT");
    let decrypt = |blob: Vec<u8>| china.decrypt(blob).key_id(&key.id).encryption_algorithm("SM2PKE").send();
    for length in [1, 1024] {
        let sealed = china.encrypt(&key.id, vec![9; length]).encryption_algorithm("SM2PKE").send().unwrap();
        assert_eq!(sealed.ciphertext_blob[0], 0x30);
        assert_eq!(decrypt(sealed.ciphertext_blob.clone()).unwrap().expose(), vec![9; length]);
    }
    let message = "Algorithm SM2PKE and key spec SM2 cannot encrypt data larger than 1024 bytes.";
    let refused = china.encrypt(&key.id, vec![9; 1025]).encryption_algorithm("SM2PKE").send();
    assert_refused(refused, "ValidationException", message);
    // Made outside, the plaintext may be longer.
    let public = outside(&china, &key);
    let sealed = public.encrypt(EncryptionScheme::Sm2Pke, &[5; 3000], &SystemEntropy).unwrap();
    assert_eq!(decrypt(sealed.clone()).unwrap().expose(), [5; 3000]);

    for order in [CiphertextOrder::C1C2C3, CiphertextOrder::C1C3C2] {
        let raw = sm2::ciphertext_from_der(&sealed, order).unwrap();
        assert_refused(decrypt(raw.clone()), "InvalidCiphertextException", "");
        assert_eq!(decrypt(sm2::ciphertext_to_der(&raw, order).unwrap()).unwrap().expose(), [5; 3000]);
    }
}

const USAGE: &str = "InvalidKeyUsageException";
