//! Importing material as its owner does: a parameter set, and material wrapped with it.

use keystead::crypto::entropy::SystemEntropy;
use keystead::crypto::{DefaultProvider, Provider, SecretBytes};
use keystead::hierarchy::spec::{KeySpec, WrappingAlgorithm, WrappingKeySpec};
use keystead::operations::{GetParametersForImportResponse, ImportKeyMaterialResponse};
use keystead::{CallError, Client};

use super::Key;

pub const OAEP: &str = "RSAES_OAEP_SHA_256";
pub const HYBRID: &str = "RSA_AES_KEY_WRAP_SHA_256";
pub const FOREVER: &str = "KEY_MATERIAL_DOES_NOT_EXPIRE";

/// A parameter set and how its caller wraps with it.
pub struct ParameterSet {
    pub response: GetParametersForImportResponse,
    algorithm: WrappingAlgorithm,
    spec: WrappingKeySpec,
}

impl ParameterSet {
    pub fn of(client: &Client, key: &Key, algorithm: &str, spec: &str) -> Self {
        Self::get(client, key, algorithm, spec).unwrap()
    }

    pub fn get(client: &Client, key: &Key, algorithm: &str, spec: &str) -> Result<Self, CallError> {
        let response = client.get_parameters_for_import(&key.id, algorithm, spec).send()?.into_inner();
        Ok(Self { response, algorithm: algorithm.parse().unwrap(), spec: spec.parse().unwrap() })
    }

    pub fn token(&self) -> &[u8] {
        &self.response.import_token
    }

    /// The material as the caller sends it.
    pub fn wrap(&self, material: &[u8]) -> Vec<u8> {
        let key = DefaultProvider.public_key(self.spec.key_pair(), &self.response.public_key).unwrap();
        self.algorithm.scheme().unwrap().wrap(&DefaultProvider, &*key, material, &SystemEntropy).unwrap()
    }

    /// Imports material that never expires.
    pub fn import(&self, client: &Client, key: &Key, material: &[u8]) -> Result<ImportKeyMaterialResponse, CallError> {
        self.send(client, key, &self.wrap(material))
    }

    /// Imports wrapped material that never expires.
    pub fn send(&self, client: &Client, key: &Key, wrapped: &[u8]) -> Result<ImportKeyMaterialResponse, CallError> {
        let call = client.import_key_material(&key.id, self.token(), wrapped).expiration_model(FOREVER);
        call.send().map(keystead::Answer::into_inner)
    }
}

/// Fresh material of a spec.
pub fn material_of(spec: KeySpec, china: bool) -> SecretBytes {
    let profile = if china { keystead::Profile::China } else { keystead::Profile::Standard };
    keystead::hierarchy::generate_material(spec, profile, &DefaultProvider, &SystemEntropy).unwrap()
}
