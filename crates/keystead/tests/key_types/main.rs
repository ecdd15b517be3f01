//! Keys of every spec and usage (chapters 30 and 41): what they are, what they do, and what they refuse.
#![allow(unreachable_pub, clippy::unwrap_used, clippy::expect_used)]

#[path = "../support/mod.rs"]
mod support;

mod agreement;
mod creation;
mod data_key_pairs;
mod encryption;
mod generation;
mod grants;
mod large;
mod macs;
mod matrix;
mod profiles;
mod public_keys;
mod scenarios;
mod signatures;

use keystead::crypto::{DefaultProvider, KeyPairAlgorithm, Provider, PublicKey};
use keystead::hierarchy::spec::KeySpec;
use keystead::{Caller, Client};
use support::{ACCOUNT, Key, World};

/// A Region with the China profile.
pub const CHINA: &str = "cn-north-1";

impl World {
    /// A key of a spec and usage.
    pub(crate) fn typed_key(&self, spec: &str, usage: &str) -> Key {
        typed_key(&self.root, spec, usage)
    }

    /// A client of the root in a Region of the China profile.
    pub(crate) fn china(&self) -> Client {
        self.kms.client(CHINA, Caller::account_root(ACCOUNT).unwrap()).unwrap()
    }
}

/// A key of a spec and usage in the Region of the client.
pub fn typed_key(client: &Client, spec: &str, usage: &str) -> Key {
    Key::of(client.create_key().key_spec(spec).key_usage(usage).send().unwrap().key_metadata.arn)
}

/// The public half of a key, as somebody outside uses it.
pub fn outside(client: &Client, key: &Key) -> Box<dyn PublicKey> {
    let answer = client.get_public_key(&key.id).send().unwrap().into_inner();
    DefaultProvider.public_key(key_pair(answer.key_spec), &answer.public_key).unwrap()
}

/// The kind of pair of a spec.
pub fn key_pair(spec: KeySpec) -> KeyPairAlgorithm {
    spec.key_pair().unwrap()
}

/// Every spec but RSA beyond 2,048 bits, whose generation takes seconds, with its usages.
pub const QUICK: &[(&str, &str)] = &[
    ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT"),
    ("HMAC_224", "GENERATE_VERIFY_MAC"),
    ("HMAC_256", "GENERATE_VERIFY_MAC"),
    ("HMAC_384", "GENERATE_VERIFY_MAC"),
    ("HMAC_512", "GENERATE_VERIFY_MAC"),
    ("RSA_2048", "ENCRYPT_DECRYPT"),
    ("RSA_2048", "SIGN_VERIFY"),
    ("ECC_NIST_P256", "SIGN_VERIFY"),
    ("ECC_NIST_P384", "SIGN_VERIFY"),
    ("ECC_NIST_P521", "SIGN_VERIFY"),
    ("ECC_NIST_P256", "KEY_AGREEMENT"),
    ("ECC_NIST_P384", "KEY_AGREEMENT"),
    ("ECC_NIST_P521", "KEY_AGREEMENT"),
    ("ECC_SECG_P256K1", "SIGN_VERIFY"),
    ("ECC_NIST_EDWARDS25519", "SIGN_VERIFY"),
    ("ML_DSA_44", "SIGN_VERIFY"),
    ("ML_DSA_65", "SIGN_VERIFY"),
    ("ML_DSA_87", "SIGN_VERIFY"),
    ("ML_KEM_512", "ENCAPSULATE_DECAPSULATE"),
    ("ML_KEM_768", "ENCAPSULATE_DECAPSULATE"),
    ("ML_KEM_1024", "ENCAPSULATE_DECAPSULATE"),
];

/// The usages that SM2 keys have, in the China profile.
pub const SM2_USAGES: [&str; 3] = ["ENCRYPT_DECRYPT", "SIGN_VERIFY", "KEY_AGREEMENT"];
