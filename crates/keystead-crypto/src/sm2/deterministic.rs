//! SM2 with nonces of the caller's choice, for published vectors only (feature `conformance`; ASY-02).
//!
//! A nonce that is used twice, or that anyone can guess, gives the private key away.

use crate::CryptoError;
use crate::default::sm2::key::{self, Sm2Private, Sm2Public};
use crate::default::sm2::{encryption, signature};

/// Signs the digest `e` with the nonce `k`.
///
/// # Errors
/// [`CryptoError::InvalidKey`]; [`CryptoError::InvalidInput`] when `k` gives no signature.
pub fn sign(pkcs8: &[u8], e: &[u8; 32], k: &[u8; 32]) -> Result<Vec<u8>, CryptoError> {
    let key = Sm2Private::from_pkcs8(pkcs8)?;
    let k = key::nonzero(k).ok_or(CryptoError::InvalidInput)?;
    signature::sign_with(&key, e, &k).ok_or(CryptoError::InvalidInput)?.to_der()
}

/// Encrypts with the first of `nonces` that serves.
///
/// # Errors
/// Those of [`encrypt`](super::encrypt); [`CryptoError::Entropy`] when no nonce serves.
pub fn encrypt(spki: &[u8], plaintext: &[u8], nonces: &[[u8; 32]]) -> Result<Vec<u8>, CryptoError> {
    let mut nonces = nonces.iter();
    encryption::encrypt(&Sm2Public::from_spki(spki)?, plaintext, || {
        nonces.next().and_then(key::nonzero).ok_or(CryptoError::Entropy)
    })
}
