//! AES key wrap with padding (RFC 5649).

use aws_lc_rs::key_wrap::{AES_128, AES_256, AesBlockCipher, AesKek, KeyWrapPadded};
use keystead_crypto::{CryptoError, SecretBytes};

/// The cipher for keys of this length; `aws-lc-rs` has no AES-192 here.
pub(crate) fn cipher(kek: &[u8]) -> Option<&'static AesBlockCipher> {
    match kek.len() {
        16 => Some(&AES_128),
        32 => Some(&AES_256),
        _ => None,
    }
}

pub(crate) fn wrap(cipher: &'static AesBlockCipher, kek: &[u8], key: &[u8]) -> Result<Vec<u8>, CryptoError> {
    if key.is_empty() {
        return Err(CryptoError::InvalidInput);
    }
    let kek = AesKek::new(cipher, kek).map_err(|_| CryptoError::InvalidKey)?;
    let mut wrapped = vec![0; key.len() + MAX_OVERHEAD];
    let len = kek.wrap_with_padding(key, &mut wrapped).map_err(|_| CryptoError::InputTooLong)?.len();
    wrapped.truncate(len);
    Ok(wrapped)
}

pub(crate) fn unwrap(cipher: &'static AesBlockCipher, kek: &[u8], wrapped: &[u8]) -> Result<SecretBytes, CryptoError> {
    let kek = AesKek::new(cipher, kek).map_err(|_| CryptoError::InvalidKey)?;
    let mut opened = SecretBytes::zeroed(wrapped.len());
    let key = kek.unwrap_with_padding(wrapped, opened.as_mut()).map_err(|_| CryptoError::Unauthenticated)?;
    Ok(SecretBytes::from(&*key))
}

/// The integrity value and the longest padding.
const MAX_OVERHEAD: usize = 8 + 7;
