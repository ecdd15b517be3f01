//! Reproducible bytes for tests.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use aes::Aes256Enc;
use aes::cipher::{Array, BlockCipherEncrypt, KeyInit};
use zeroize::Zeroizing;

use crate::{CryptoError, Entropy};

/// The same bytes for the same seed, **for tests only**: whoever knows the seed knows every key.
///
/// A call takes whole 16-byte blocks of the AES-256-CTR key stream under the seed and drops what it does not need, so
/// the bytes of a call depend on the lengths of the calls before it, not on their contents. Calls from several threads
/// get distinct bytes in the order in which they come.
pub struct SeededEntropy {
    cipher: Aes256Enc,
    next_block: AtomicU64,
}

impl SeededEntropy {
    /// Starts the stream of a small seed.
    pub fn new(seed: u64) -> Self {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_be_bytes());
        Self::from_bytes(bytes)
    }

    /// Starts the stream of a seed of 32 bytes.
    pub fn from_bytes(seed: [u8; 32]) -> Self {
        Self { cipher: Aes256Enc::new(&seed.into()), next_block: AtomicU64::new(0) }
    }

    /// The next bytes. It cannot fail.
    pub(crate) fn stream(&self, dest: &mut [u8]) {
        let blocks = dest.len().div_ceil(BLOCK_LEN) as u64;
        let first = self.next_block.fetch_add(blocks, Ordering::Relaxed);
        for (number, chunk) in (first..).zip(dest.chunks_mut(BLOCK_LEN)) {
            let mut block = Zeroizing::new(u128::from(number).to_be_bytes());
            self.cipher.encrypt_block(Array::cast_from_core_mut(&mut block));
            chunk.copy_from_slice(&block[..chunk.len()]);
        }
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, dest: &mut [u8]) -> Result<(), CryptoError> {
        self.stream(dest);
        Ok(())
    }
}

impl fmt::Debug for SeededEntropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SeededEntropy(seed redacted)")
    }
}

const BLOCK_LEN: usize = 16;
