//! DeriveSharedSecret, Encapsulate and Decapsulate.

use keystead::crypto::entropy::SystemEntropy;
use keystead::crypto::{DefaultProvider, KeyPairAlgorithm, Provider};

use crate::support::{World, assert_code, assert_refused};
use crate::{outside, typed_key};

/// Spec: API-087
#[test]
fn two_keys_agree_on_the_coordinate() {
    let world = World::new();
    for (spec, width) in [("ECC_NIST_P256", 32), ("ECC_NIST_P384", 48), ("ECC_NIST_P521", 66)] {
        let [one, two] = [0, 1].map(|_| world.typed_key(spec, "KEY_AGREEMENT"));
        let public = |key: &str| world.root.get_public_key(key.to_owned()).send().unwrap().into_inner().public_key;
        let derive = |key: &str, peer: Vec<u8>| {
            let answer = world.root.derive_shared_secret(key.to_owned(), peer).send().unwrap().into_inner();
            assert_eq!((answer.key_agreement_algorithm.as_str(), answer.key_origin.as_str()), ("ECDH", "AWS_KMS"));
            answer.shared_secret.unwrap()
        };
        let secret = derive(&one.id, public(&two.id));
        assert_eq!(secret, derive(&two.id, public(&one.id)));
        assert_eq!(secret.len(), width);
        // With somebody outside.
        let pair = crate::key_pair(spec.parse().unwrap());
        let peer = DefaultProvider.generate_key_pair(pair, &SystemEntropy).unwrap();
        let secret = derive(&one.id, peer.public().spki().to_vec());
        assert_eq!(secret, peer.agree(&public(&one.id)).unwrap());
    }
    let china = world.china();
    let key = typed_key(&china, "SM2", "KEY_AGREEMENT");
    let peer = DefaultProvider.generate_key_pair(KeyPairAlgorithm::Sm2, &SystemEntropy).unwrap();
    let answer = china.derive_shared_secret(&key.id, peer.public().spki().to_vec()).send().unwrap().into_inner();
    let spki = china.get_public_key(&key.id).send().unwrap().into_inner().public_key;
    assert_eq!(answer.shared_secret.unwrap(), peer.agree(&spki).unwrap());
}

/// Spec: API-087
#[test]
fn the_peer_must_be_on_the_same_curve() {
    let world = World::new();
    let key = world.typed_key("ECC_NIST_P256", "KEY_AGREEMENT");
    let spki = |algorithm| {
        let pair = DefaultProvider.generate_key_pair(algorithm, &SystemEntropy).unwrap();
        pair.public().spki().to_vec()
    };
    let good = spki(KeyPairAlgorithm::P256);
    let mut off_curve = good.clone();
    *off_curve.last_mut().unwrap() ^= 1;
    let cut = good[..90].to_vec();
    let longer = [&good[..], &[0]].concat();
    for peer in [spki(KeyPairAlgorithm::P384), spki(KeyPairAlgorithm::Secp256k1), off_curve, cut, longer, vec![0]] {
        assert_refused(world.root.derive_shared_secret(&key.id, peer).send(), "ValidationException", "");
    }
    let signing = world.typed_key("ECC_NIST_P256", "SIGN_VERIFY");
    let message = format!("{} key usage is SIGN_VERIFY which is not valid for DeriveSharedSecret.", signing.arn);
    let refused = world.root.derive_shared_secret(&signing.id, good.clone()).send();
    assert_refused(refused, "InvalidKeyUsageException", &message);
    let dry = world.root.derive_shared_secret(&key.id, good).dry_run(true).send();
    assert_code(dry, "DryRunOperationException");
}

/// Spec: API-088
#[test]
fn encapsulated_secrets_open() {
    let world = World::new();
    for (spec, length) in [("ML_KEM_512", 768), ("ML_KEM_768", 1088), ("ML_KEM_1024", 1568)] {
        let key = world.typed_key(spec, "ENCAPSULATE_DECAPSULATE");
        let made = world.root.encapsulate(&key.id).send().unwrap().into_inner();
        assert_eq!((made.shared_secret.len(), made.shared_secret_ciphertext_blob.len()), (32, length));
        assert_eq!((made.key_id.to_string(), made.encapsulation_algorithm.as_str()), (key.arn.clone(), "ML_KEM"));
        let open = |blob: &[u8]| world.root.decapsulate(&key.id, blob.to_vec()).send();
        assert_eq!(open(&made.shared_secret_ciphertext_blob).unwrap().shared_secret, made.shared_secret);

        let outside = outside(&world.root, &key).encapsulate(&SystemEntropy).unwrap();
        assert_eq!(open(&outside.ciphertext).unwrap().shared_secret, outside.secret);

        // Changed bytes give another secret, always the same; another length is an error.
        let mut changed = made.shared_secret_ciphertext_blob.clone();
        changed[5] ^= 1;
        let other = open(&changed).unwrap().into_inner().shared_secret;
        assert_ne!(other, made.shared_secret);
        assert_eq!(open(&changed).unwrap().shared_secret, other);
        for wrong in [&changed[..length - 1], &[&changed[..], &[0]].concat(), &[0]] {
            assert_refused(open(wrong), "InvalidCiphertextException", "");
            let dry = world.root.decapsulate(&key.id, wrong.to_vec()).dry_run(true).send();
            assert_refused(dry, "InvalidCiphertextException", "");
        }
        let dry = world.root.decapsulate(&key.id, changed).dry_run(true).send();
        assert_code(dry, "DryRunOperationException");
    }
    let signing = world.typed_key("ML_DSA_44", "SIGN_VERIFY");
    assert_code(world.root.encapsulate(&signing.id).send(), "InvalidKeyUsageException");
}
