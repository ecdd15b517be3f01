//! Our entropy in the form that the RustCrypto crates take.

use std::convert::Infallible;

use rand_core::{TryCryptoRng, TryRng};
use zeroize::Zeroizing;

use crate::entropy::SeededEntropy;
use crate::{CryptoError, Entropy};

/// Bytes fit for keys.
pub(super) struct KeyRng<'e>(pub(super) &'e dyn Entropy);

impl TryRng for KeyRng<'_> {
    type Error = CryptoError;

    fn try_next_u32(&mut self) -> Result<u32, CryptoError> {
        rand_core::utils::next_word_via_fill(self)
    }

    fn try_next_u64(&mut self) -> Result<u64, CryptoError> {
        rand_core::utils::next_word_via_fill(self)
    }

    fn try_fill_bytes(&mut self, dest: &mut [u8]) -> Result<(), CryptoError> {
        self.0.fill(dest)
    }
}

impl TryCryptoRng for KeyRng<'_> {}

/// A source that cannot fail, for code that does not let it: the AES-256-CTR key stream under a seed fit for keys.
///
/// The search for RSA primes takes kilobytes, in a place where a failing source could only panic.
pub(super) struct ExpandedRng(SeededEntropy);

impl ExpandedRng {
    pub(super) fn new(entropy: &dyn Entropy) -> Result<Self, CryptoError> {
        let mut seed = Zeroizing::new([0; 32]);
        entropy.fill(seed.as_mut())?;
        Ok(Self(SeededEntropy::from_bytes(*seed)))
    }
}

impl TryRng for ExpandedRng {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        rand_core::utils::next_word_via_fill(self)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        rand_core::utils::next_word_via_fill(self)
    }

    fn try_fill_bytes(&mut self, dest: &mut [u8]) -> Result<(), Infallible> {
        self.0.stream(dest);
        Ok(())
    }
}

impl TryCryptoRng for ExpandedRng {}
