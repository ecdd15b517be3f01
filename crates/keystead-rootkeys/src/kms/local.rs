//! Another Keystead in the same process.

use keystead::{CallError, Client};
use keystead_crypto::SecretBytes;
use keystead_types::KeyArn;

use super::{KeyService, KmsError};

impl KeyService for Client {
    fn encrypt(&self, key: &KeyArn, plaintext: &[u8], context: &[(&str, &str)]) -> Result<Vec<u8>, KmsError> {
        let call = self.encrypt(key.to_string(), plaintext);
        let call = context.iter().fold(call, |call, (name, value)| call.context(*name, *value));
        let answer = call.send().map_err(|error| exception(key, &error))?;
        Ok(answer.into_inner().ciphertext_blob)
    }

    fn decrypt(&self, key: &KeyArn, ciphertext: &[u8], context: &[(&str, &str)]) -> Result<SecretBytes, KmsError> {
        let call = self.decrypt(ciphertext).key_id(key.to_string());
        let call = context.iter().fold(call, |call, (name, value)| call.context(*name, *value));
        let answer = call.send().map_err(|error| exception(key, &error))?;
        Ok(answer.into_inner().plaintext.unwrap_or_default())
    }
}

fn exception(key: &KeyArn, error: &CallError) -> KmsError {
    KmsError::from_exception(key, error.code(), error.message())
}
