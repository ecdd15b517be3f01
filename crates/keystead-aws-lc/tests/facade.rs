//! One store, two providers: what an instance wrote with one, an instance with the other goes on using.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::sync::Arc;

use keystead::crypto::{DefaultProvider, Provider, SecretBytes};
use keystead::hierarchy::RawRootKey;
use keystead::store::Store;
use keystead::{Caller, Client, Kms};
use keystead_aws_lc::AwsLcProvider;
use keystead_memory::MemoryStore;

/// Spec, usage and algorithm of the keys of the standard profile.
const KEYS: &[(&str, &str, &str)] = &[
    ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", "SYMMETRIC_DEFAULT"),
    ("RSA_2048", "ENCRYPT_DECRYPT", "RSAES_OAEP_SHA_1"),
    ("RSA_2048", "ENCRYPT_DECRYPT", "RSAES_OAEP_SHA_256"),
    ("HMAC_224", "GENERATE_VERIFY_MAC", "HMAC_SHA_224"),
    ("HMAC_256", "GENERATE_VERIFY_MAC", "HMAC_SHA_256"),
    ("HMAC_384", "GENERATE_VERIFY_MAC", "HMAC_SHA_384"),
    ("HMAC_512", "GENERATE_VERIFY_MAC", "HMAC_SHA_512"),
    ("RSA_2048", "SIGN_VERIFY", "RSASSA_PSS_SHA_512"),
    ("RSA_2048", "SIGN_VERIFY", "RSASSA_PKCS1_V1_5_SHA_256"),
    ("ECC_NIST_P256", "SIGN_VERIFY", "ECDSA_SHA_256"),
    ("ECC_NIST_P384", "SIGN_VERIFY", "ECDSA_SHA_384"),
    ("ECC_NIST_P521", "SIGN_VERIFY", "ECDSA_SHA_512"),
    ("ECC_SECG_P256K1", "SIGN_VERIFY", "ECDSA_SHA_256"),
    ("ECC_NIST_EDWARDS25519", "SIGN_VERIFY", "ED25519_SHA_512"),
    ("ML_DSA_44", "SIGN_VERIFY", "ML_DSA_SHAKE_256"),
    ("ML_DSA_65", "SIGN_VERIFY", "ML_DSA_SHAKE_256"),
    ("ML_DSA_87", "SIGN_VERIFY", "ML_DSA_SHAKE_256"),
    ("ECC_NIST_P256", "KEY_AGREEMENT", "ECDH"),
    ("ECC_NIST_P384", "KEY_AGREEMENT", "ECDH"),
    ("ECC_NIST_P521", "KEY_AGREEMENT", "ECDH"),
    ("ML_KEM_512", "ENCAPSULATE_DECAPSULATE", "ML_KEM"),
    ("ML_KEM_768", "ENCAPSULATE_DECAPSULATE", "ML_KEM"),
    ("ML_KEM_1024", "ENCAPSULATE_DECAPSULATE", "ML_KEM"),
];

#[test]
fn keys_of_one_provider_work_with_the_other() {
    let store = Arc::new(MemoryStore::new());
    let default = client(&store, DefaultProvider::new());
    let aws_lc = client(&store, AwsLcProvider::new());
    for (made_by, used_by) in [(&default, &aws_lc), (&aws_lc, &default)] {
        for (spec, usage, algorithm) in KEYS {
            let key = made_by.create_key().key_spec(*spec).key_usage(*usage).send().unwrap().key_metadata.key_id;
            let key = key.to_string();
            // Both instances read keys when they first touch them.
            exchange(made_by, used_by, &key, algorithm);
            exchange(used_by, made_by, &key, algorithm);
            if !matches!(*usage, "GENERATE_VERIFY_MAC") && *spec != "SYMMETRIC_DEFAULT" {
                let [one, two] =
                    [made_by, used_by].map(|client| client.get_public_key(&key).send().unwrap().into_inner());
                assert_eq!(one, two, "{spec}");
            }
        }
    }
}

/// What one instance makes with the key, the other accepts.
fn exchange(one: &Client, other: &Client, key: &str, algorithm: &str) {
    match algorithm {
        "SYMMETRIC_DEFAULT" => {
            let sealed = one.encrypt(key, b"secret").context("a", "b").send().unwrap();
            assert_eq!(other.decrypt(&sealed.ciphertext_blob).context("a", "b").send().unwrap().expose(), b"secret");
        }
        _ if algorithm.starts_with("RSAES") => {
            let sealed = one.encrypt(key, b"secret").encryption_algorithm(algorithm).send().unwrap();
            let call = other.decrypt(&sealed.ciphertext_blob).key_id(key).encryption_algorithm(algorithm);
            assert_eq!(call.send().unwrap().expose(), b"secret");
        }
        _ if algorithm.starts_with("HMAC") => {
            let made = one.generate_mac(key, b"message").mac_algorithm(algorithm).send().unwrap();
            other.verify_mac(key, b"message", &made.mac).mac_algorithm(algorithm).send().unwrap();
        }
        "ECDH" => {
            let own = other.get_public_key(key).send().unwrap().into_inner().public_key;
            let [mine, theirs] = [one, other].map(|client| {
                client.derive_shared_secret(key, own.clone()).send().unwrap().into_inner().shared_secret.unwrap()
            });
            assert_eq!(mine, theirs);
        }
        "ML_KEM" => {
            let made = one.encapsulate(key).send().unwrap();
            let opened = other.decapsulate(key, &made.shared_secret_ciphertext_blob).send().unwrap();
            assert_eq!(opened.shared_secret, made.shared_secret);
        }
        _ => {
            let signed = one.sign(key, b"message").signing_algorithm(algorithm).send().unwrap();
            other.verify(key, b"message", &signed.signature).signing_algorithm(algorithm).send().unwrap();
        }
    }
}

/// An instance over the store with this provider; the root key is always the same.
fn client(store: &Arc<MemoryStore>, provider: impl Provider) -> Client {
    let root_key = RawRootKey::new(&SecretBytes::from(&[7; 32])).unwrap();
    let store: Arc<dyn Store> = Arc::clone(store) as _;
    let kms = Kms::builder().store(store).root_key(root_key).provider(provider).build().unwrap();
    kms.client("us-west-2", Caller::account_root("111122223333").unwrap()).unwrap()
}
