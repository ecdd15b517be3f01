//! AES-GCM.

use std::fmt;

use aws_lc_rs::aead::{AES_128_GCM, AES_192_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use keystead_crypto::{Aead, CryptoError, MessageKey, NONCE_LEN, TAG_LEN};

/// AES-GCM with a key of 16, 24 or 32 bytes, wiped on drop.
pub(crate) struct Gcm(LessSafeKey);

impl Gcm {
    #[inline]
    pub(crate) fn new(key: &[u8]) -> Result<Self, CryptoError> {
        let algorithm = match key.len() {
            16 => &AES_128_GCM,
            24 => &AES_192_GCM,
            32 => &AES_256_GCM,
            _ => return Err(CryptoError::InvalidKey),
        };
        let key = UnboundKey::new(algorithm, key).map_err(|_| CryptoError::InvalidKey)?;
        Ok(Self(LessSafeKey::new(key)))
    }
}

impl MessageKey for Gcm {
    #[inline]
    fn from_key(key: &[u8]) -> Result<Self, CryptoError> {
        Self::new(key)
    }
}

impl Aead for Gcm {
    #[inline]
    fn seal(&self, nonce: &[u8; NONCE_LEN], aad: &[u8], in_out: &mut [u8]) -> Result<[u8; TAG_LEN], CryptoError> {
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let tag =
            self.0.seal_in_place_separate_tag(nonce, Aad::from(aad), in_out).map_err(|_| CryptoError::InputTooLong)?;
        tag.as_ref().try_into().map_err(|_| CryptoError::Unsupported)
    }

    #[inline]
    fn open(
        &self,
        nonce: &[u8; NONCE_LEN],
        aad: &[u8],
        in_out: &mut [u8],
        tag: &[u8; TAG_LEN],
    ) -> Result<(), CryptoError> {
        let nonce = Nonce::assume_unique_for_key(*nonce);
        // AWS-LC zeroes the buffer itself when the tag turns out wrong.
        match self.0.open_in_place_separate_tag(nonce, Aad::from(aad), tag, in_out) {
            Ok(_) => Ok(()),
            Err(_) => Err(CryptoError::Unauthenticated),
        }
    }
}

impl fmt::Debug for Gcm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Gcm(key redacted)")
    }
}
