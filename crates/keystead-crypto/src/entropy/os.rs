//! The operating system's generator.

use crate::{CryptoError, Entropy};

/// Every byte straight from the operating system (`getrandom(2)` and its like): about 250 ns a call on Linux.
///
/// The choice for hosts whose memory is snapshotted and resumed more than once, see [`SystemEntropy`].
///
/// [`SystemEntropy`]: crate::entropy::SystemEntropy
#[derive(Clone, Copy, Debug, Default)]
pub struct OsEntropy;

impl Entropy for OsEntropy {
    fn fill(&self, dest: &mut [u8]) -> Result<(), CryptoError> {
        getrandom::fill(dest).map_err(|_| CryptoError::Entropy)
    }
}
