//! Decryption with AES-256 in CBC mode. The provider contract only encrypts so, because the service only encrypts; this
//! is the recipient's side.

use aes::Aes256;
use cbc::cipher::block_padding::NoPadding;
use cbc::cipher::{BlockModeDecrypt, KeyIvInit};
use keystead_crypto::SecretBytes;
use subtle::{Choice, ConstantTimeEq, ConstantTimeLess};

/// The plaintext; `None` when the padding is wrong, which takes as long to find as that it is right.
pub(super) fn decrypt(ciphertext: Vec<u8>, key: &[u8; 32], iv: &[u8; 16]) -> Option<SecretBytes> {
    let mut buffer = SecretBytes::from(ciphertext);
    let decrypted = cbc::Decryptor::<Aes256>::new(key.into(), iv.into()).decrypt_padded::<NoPadding>(buffer.as_mut());
    let padded = decrypted.ok()?;
    let len = padded.len().checked_sub(usize::from(padding_len(padded)?))?;
    padded.get(..len).map(SecretBytes::from)
}

/// Length of the padding of RFC 5652, section 6.3: 1 to 16 bytes that each say how many they are.
fn padding_len(padded: &[u8]) -> Option<u8> {
    let block = padded.last_chunk::<BLOCK_LEN>()?;
    let len = block[BLOCK_LEN - 1];
    let mut right = !len.ct_eq(&0) & len.ct_lt(&(BLOCK_LEN as u8 + 1));
    for (after, byte) in (0..).zip(block.iter().rev()) {
        let is_padding: Choice = u8::ct_lt(&after, &len);
        right &= !is_padding | byte.ct_eq(&len);
    }
    bool::from(right).then_some(len)
}

const BLOCK_LEN: usize = 16;
