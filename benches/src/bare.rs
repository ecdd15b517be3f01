//! The cryptography of an operation and nothing else: what a program would have to do without a key management system.

use keystead::crypto::entropy::SystemEntropy;
use keystead::crypto::{
    CryptoError, DefaultProvider, Entropy, Provider, SEALING_NONCE_LEN, Sealer, SealingAlgorithm, SecretBytes, TAG_LEN,
};
use keystead::hierarchy::BlobHeader;

use crate::context;

/// A key of the same algorithm, with associated data of the same bytes, made beforehand.
#[derive(Debug)]
pub struct Bare {
    sealer: Box<dyn Sealer>,
    header: [u8; BlobHeader::LEN],
    associated_data: Vec<u8>,
}

impl Bare {
    /// A random key.
    ///
    /// # Errors
    /// When the operating system has no entropy.
    pub fn new() -> Result<Self, CryptoError> {
        let key = SecretBytes::random(&SystemEntropy, SealingAlgorithm::Xaes256Gcm.key_len())?;
        let sealer = DefaultProvider::new().sealer(SealingAlgorithm::Xaes256Gcm, key.expose())?;
        let header = [0x4b; BlobHeader::LEN];
        let mut associated_data = header.to_vec();
        context().write_canonical(&mut associated_data);
        Ok(Self { sealer, header, associated_data })
    }

    /// A fresh nonce, the subkey of the message, the sealed message with its header in a new vector.
    ///
    /// # Errors
    /// When the operating system has no entropy.
    pub fn encrypt(&self, plaintext: &[u8]) -> Result<Vec<u8>, CryptoError> {
        let mut nonce = [0; SEALING_NONCE_LEN];
        SystemEntropy.fill_nonce(&mut nonce)?;
        let body = self.header.len() + nonce.len();
        let mut blob = Vec::with_capacity(body + plaintext.len() + TAG_LEN);
        blob.extend_from_slice(&self.header);
        blob.extend_from_slice(&nonce);
        blob.extend_from_slice(plaintext);
        let tag = self.sealer.seal(&nonce, &self.associated_data, &mut blob[body..])?;
        blob.extend_from_slice(&tag);
        Ok(blob)
    }

    /// The reverse, into memory that is wiped on drop.
    ///
    /// # Errors
    /// When `blob` is not what [`Bare::encrypt`] made.
    pub fn decrypt(&self, blob: &[u8]) -> Result<SecretBytes, CryptoError> {
        let (_, sealed) = blob.split_at_checked(self.header.len()).ok_or(CryptoError::Unauthenticated)?;
        let (nonce, sealed) = sealed.split_first_chunk().ok_or(CryptoError::Unauthenticated)?;
        let (ciphertext, tag) = sealed.split_last_chunk().ok_or(CryptoError::Unauthenticated)?;
        let mut plaintext = SecretBytes::from(ciphertext);
        self.sealer.open(nonce, &self.associated_data, plaintext.as_mut(), tag)?;
        Ok(plaintext)
    }

    /// A data key from the operating system, in clear and sealed.
    ///
    /// # Errors
    /// When the operating system has no entropy.
    pub fn generate_data_key(&self, length: usize) -> Result<(SecretBytes, Vec<u8>), CryptoError> {
        let data_key = SecretBytes::random(&SystemEntropy, length)?;
        let blob = self.encrypt(data_key.expose())?;
        Ok((data_key, blob))
    }
}
