//! Authenticated encryption: the two shapes Keystead uses, and their algorithms.

use std::fmt;

use crate::CryptoError;

/// Bytes in the nonce of an [`Aead`].
pub const NONCE_LEN: usize = 12;
/// Bytes in the nonce of a [`Sealer`].
pub const SEALING_NONCE_LEN: usize = 24;
/// Bytes in every authentication tag.
pub const TAG_LEN: usize = 16;

/// A key ready to seal and open under a caller-chosen 96-bit nonce that must never repeat.
pub trait Aead: fmt::Debug + Send + Sync {
    /// Encrypts `in_out` in place and returns the tag.
    fn seal(&self, nonce: &[u8; NONCE_LEN], aad: &[u8], in_out: &mut [u8]) -> Result<[u8; TAG_LEN], CryptoError>;

    /// Authenticates, then decrypts `in_out` in place. On failure `in_out` holds no plaintext.
    fn open(
        &self,
        nonce: &[u8; NONCE_LEN],
        aad: &[u8],
        in_out: &mut [u8],
        tag: &[u8; TAG_LEN],
    ) -> Result<(), CryptoError>;
}

/// A key ready to seal and open under random 192-bit nonces (XAES, C2SP), without a practical message limit.
pub trait Sealer: fmt::Debug + Send + Sync {
    /// Encrypts `in_out` in place and returns the tag.
    fn seal(
        &self,
        nonce: &[u8; SEALING_NONCE_LEN],
        aad: &[u8],
        in_out: &mut [u8],
    ) -> Result<[u8; TAG_LEN], CryptoError>;

    /// Authenticates, then decrypts `in_out` in place. On failure `in_out` holds no plaintext.
    fn open(
        &self,
        nonce: &[u8; SEALING_NONCE_LEN],
        aad: &[u8],
        in_out: &mut [u8],
        tag: &[u8; TAG_LEN],
    ) -> Result<(), CryptoError>;
}

/// Algorithms behind [`Aead`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AeadAlgorithm {
    /// AES-128-GCM (NIST SP 800-38D).
    Aes128Gcm,
    /// AES-192-GCM (NIST SP 800-38D).
    Aes192Gcm,
    /// AES-256-GCM (NIST SP 800-38D).
    Aes256Gcm,
    /// SM4-GCM (RFC 8998).
    Sm4Gcm,
}

/// Algorithms behind [`Sealer`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SealingAlgorithm {
    /// The XAES construction at 128 bits.
    Xaes128Gcm,
    /// The XAES construction at 192 bits.
    Xaes192Gcm,
    /// XAES-256-GCM (C2SP).
    Xaes256Gcm,
    /// The XAES construction over SM4.
    Xsm4Gcm,
}

impl AeadAlgorithm {
    /// Every algorithm.
    pub const ALL: [Self; 4] = [Self::Aes128Gcm, Self::Aes192Gcm, Self::Aes256Gcm, Self::Sm4Gcm];

    /// Bytes in a key.
    pub const fn key_len(self) -> usize {
        match self {
            Self::Aes128Gcm | Self::Sm4Gcm => 16,
            Self::Aes192Gcm => 24,
            Self::Aes256Gcm => 32,
        }
    }
}

impl SealingAlgorithm {
    /// Every algorithm.
    pub const ALL: [Self; 4] = [Self::Xaes128Gcm, Self::Xaes192Gcm, Self::Xaes256Gcm, Self::Xsm4Gcm];

    /// Bytes in a key.
    pub const fn key_len(self) -> usize {
        match self {
            Self::Xaes128Gcm | Self::Xsm4Gcm => 16,
            Self::Xaes192Gcm => 24,
            Self::Xaes256Gcm => 32,
        }
    }
}
