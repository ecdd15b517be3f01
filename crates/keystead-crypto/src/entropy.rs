//! Randomness.

#[cfg_attr(any(target_os = "linux", target_os = "android"), allow(unsafe_code))]
mod fork;
mod os;
mod seeded;
mod system;

use std::fmt;

use crate::CryptoError;

pub use os::OsEntropy;
pub use seeded::SeededEntropy;
pub use system::SystemEntropy;

/// A source of randomness.
pub trait Entropy: fmt::Debug + Send + Sync + 'static {
    /// Fills `dest` with bytes fit for keys.
    fn fill(&self, dest: &mut [u8]) -> Result<(), CryptoError>;

    /// Fills `dest` with bytes fit for nonces and identifiers: unpredictable and never repeated, also across `fork`.
    fn fill_nonce(&self, dest: &mut [u8]) -> Result<(), CryptoError> {
        self.fill(dest)
    }
}
