//! Imported key material (chapter 32): parameter sets, wrapping, the material, its life and end.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../support/mod.rs"]
mod support;

mod deletion;
mod encodings;
mod expiry;
mod interplay;
mod matrix;
mod openssl;
mod order;
mod parameters;
mod rotation;
mod walkthrough;

use keystead::operations::{ImportKeyMaterialResponse, KeyMetadata};
use keystead::{CallError, Caller, Client};
pub(crate) use support::parameters::{FOREVER, HYBRID, OAEP, ParameterSet as Set, material_of};
use support::{ACCOUNT, Key, World};

/// A Region with the China profile.
pub(crate) const CHINA: &str = "cn-north-1";
pub(crate) const EXPIRES: &str = "KEY_MATERIAL_EXPIRES";

impl World {
    /// A symmetric encryption key without material.
    pub(crate) fn empty_key(&self) -> Key {
        empty_key(&self.root, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT")
    }

    /// A symmetric encryption key with these bytes, for ever.
    pub(crate) fn imported_key(&self, material: &[u8]) -> Key {
        let key = self.empty_key();
        import(&self.root, &key, material).unwrap();
        key
    }

    pub(crate) fn china(&self) -> Client {
        self.kms.client(CHINA, Caller::account_root(ACCOUNT).unwrap()).unwrap()
    }
}

/// A key of origin `EXTERNAL`, without material.
pub(crate) fn empty_key(client: &Client, spec: &str, usage: &str) -> Key {
    let call = client.create_key().origin("EXTERNAL").key_spec(spec).key_usage(usage);
    Key::of(call.send().unwrap().key_metadata.arn)
}

pub(crate) fn described(client: &Client, key: &Key) -> KeyMetadata {
    client.describe_key(&key.id).send().unwrap().into_inner().key_metadata
}

pub(crate) fn state(client: &Client, key: &Key) -> &'static str {
    described(client, key).key_state.as_str()
}

/// Imports material for ever, in the way that takes material of any kind.
pub(crate) fn import(client: &Client, key: &Key, material: &[u8]) -> Result<ImportKeyMaterialResponse, CallError> {
    let spec = described(client, key).key_spec;
    let (algorithm, wrapping) = if spec.key_pair().is_none() {
        (OAEP, "RSA_2048")
    } else if client.region().as_str() == CHINA {
        ("SM2PKE", "SM2")
    } else {
        (HYBRID, "RSA_2048")
    };
    Set::of(client, key, algorithm, wrapping).import(client, key, material)
}

/// Encrypts under the key.
pub(crate) fn sealed(client: &Client, key: &Key) -> Vec<u8> {
    client.encrypt(&key.id, b"attack at dawn").send().unwrap().into_inner().ciphertext_blob
}

/// Whether the key opens it.
pub(crate) fn opens(client: &Client, ciphertext: &[u8]) -> bool {
    client.decrypt(ciphertext).send().is_ok_and(|opened| opened.expose() == b"attack at dawn")
}
