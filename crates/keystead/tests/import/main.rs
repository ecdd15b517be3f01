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

use keystead::crypto::entropy::SystemEntropy;
use keystead::crypto::{DefaultProvider, Provider, SecretBytes};
use keystead::hierarchy::spec::{KeySpec, WrappingAlgorithm, WrappingKeySpec};
use keystead::operations::{GetParametersForImportResponse, ImportKeyMaterialResponse, KeyMetadata};
use keystead::{CallError, Caller, Client};
use support::{ACCOUNT, Key, World};

/// A Region with the China profile.
pub(crate) const CHINA: &str = "cn-north-1";
pub(crate) const OAEP: &str = "RSAES_OAEP_SHA_256";
pub(crate) const HYBRID: &str = "RSA_AES_KEY_WRAP_SHA_256";
pub(crate) const FOREVER: &str = "KEY_MATERIAL_DOES_NOT_EXPIRE";
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

/// A parameter set and how its caller wraps with it.
pub(crate) struct Set {
    pub(crate) response: GetParametersForImportResponse,
    algorithm: WrappingAlgorithm,
    spec: WrappingKeySpec,
}

impl Set {
    pub(crate) fn of(client: &Client, key: &Key, algorithm: &str, spec: &str) -> Self {
        let response = client.get_parameters_for_import(&key.id, algorithm, spec).send().unwrap().into_inner();
        Self { response, algorithm: algorithm.parse().unwrap(), spec: spec.parse().unwrap() }
    }

    pub(crate) fn token(&self) -> &[u8] {
        &self.response.import_token
    }

    /// The material as the caller sends it.
    pub(crate) fn wrap(&self, material: &[u8]) -> Vec<u8> {
        let key = DefaultProvider.public_key(self.spec.key_pair(), &self.response.public_key).unwrap();
        self.algorithm.scheme().unwrap().wrap(&DefaultProvider, &*key, material, &SystemEntropy).unwrap()
    }

    /// Imports material that never expires.
    pub(crate) fn import(
        &self,
        client: &Client,
        key: &Key,
        material: &[u8],
    ) -> Result<ImportKeyMaterialResponse, CallError> {
        self.send(client, key, &self.wrap(material))
    }

    /// Imports wrapped material that never expires.
    pub(crate) fn send(
        &self,
        client: &Client,
        key: &Key,
        wrapped: &[u8],
    ) -> Result<ImportKeyMaterialResponse, CallError> {
        let call = client.import_key_material(&key.id, self.token(), wrapped).expiration_model(FOREVER);
        call.send().map(keystead::Answer::into_inner)
    }
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

/// Fresh material of a spec.
pub(crate) fn material_of(spec: KeySpec, china: bool) -> SecretBytes {
    let profile = if china { keystead::Profile::China } else { keystead::Profile::Standard };
    keystead::hierarchy::generate_material(spec, profile, &DefaultProvider, &SystemEntropy).unwrap()
}

/// Encrypts under the key.
pub(crate) fn sealed(client: &Client, key: &Key) -> Vec<u8> {
    client.encrypt(&key.id, b"attack at dawn").send().unwrap().into_inner().ciphertext_blob
}

/// Whether the key opens it.
pub(crate) fn opens(client: &Client, ciphertext: &[u8]) -> bool {
    client.decrypt(ciphertext).send().is_ok_and(|opened| opened.expose() == b"attack at dawn")
}
