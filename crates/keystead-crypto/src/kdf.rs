//! Key derivation.

use zeroize::Zeroizing;

use crate::{CryptoError, Digest, MacAlgorithm, Provider};

/// Fills `out` with key material derived from `secret` (HKDF, RFC 5869: extract, then expand).
///
/// `salt` may be empty; `info` says what the derived key is for and must differ between uses.
///
/// # Errors
///
/// [`CryptoError::Unsupported`] when `mac` is not an HMAC or the provider lacks it,
/// [`CryptoError::OutputTooLong`] when `out` is longer than 255 codes of `mac`. `out` is then untouched.
pub fn hkdf(
    provider: &dyn Provider,
    mac: MacAlgorithm,
    salt: &[u8],
    secret: &[u8],
    info: &[u8],
    out: &mut [u8],
) -> Result<(), CryptoError> {
    let block_len = mac.digest().ok_or(CryptoError::Unsupported)?.output_len();
    if out.len() > usize::from(u8::MAX) * block_len {
        return Err(CryptoError::OutputTooLong);
    }
    let pseudorandom_key = Zeroizing::new(provider.mac(mac, salt)?.sign(&[secret]));
    let key = provider.mac(mac, pseudorandom_key.as_ref())?;
    let mut previous = Zeroizing::new(Digest::new(&[]));
    for (counter, block) in (1u8..=u8::MAX).zip(out.chunks_mut(block_len)) {
        previous = Zeroizing::new(key.sign(&[previous.as_ref(), info, &[counter]]));
        block.copy_from_slice(&previous.as_ref()[..block.len()]);
    }
    Ok(())
}
