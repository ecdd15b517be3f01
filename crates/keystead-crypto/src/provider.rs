//! The provider contract.

use std::fmt;

use zeroize::Zeroize;

use crate::{
    Aead, AeadAlgorithm, CryptoError, Entropy, KeyPairAlgorithm, PrivateKey, PublicKey, Sealer, SealingAlgorithm,
    SecretBytes, constant_time_eq,
};

/// Everything Keystead asks of a cryptographic library.
///
/// A `Kms` is built with one provider. What a provider must do is decided by the public conformance suite.
pub trait Provider: fmt::Debug + Send + Sync + 'static {
    /// A short name for logs and errors, such as `ring+rustcrypto`.
    fn name(&self) -> &'static str;

    /// Prepares an AEAD key; the key schedule is computed here, once.
    fn aead(&self, algorithm: AeadAlgorithm, key: &[u8]) -> Result<Box<dyn Aead>, CryptoError>;

    /// Prepares a sealing key; the key schedule and the derivation subkeys are computed here, once.
    fn sealer(&self, algorithm: SealingAlgorithm, key: &[u8]) -> Result<Box<dyn Sealer>, CryptoError>;

    /// Prepares a MAC key.
    fn mac(&self, algorithm: MacAlgorithm, key: &[u8]) -> Result<Box<dyn Mac>, CryptoError>;

    /// Hashes the concatenation of `parts`.
    fn digest(&self, algorithm: DigestAlgorithm, parts: &[&[u8]]) -> Result<Digest, CryptoError>;

    /// Encrypts with AES-256 in CBC mode (NIST SP 800-38A), padded as RFC 5652, section 6.3, says. Not authenticated:
    /// it exists for the CMS structures that attested recipients get.
    fn encrypt_cbc(&self, key: &[u8; 32], iv: &[u8; 16], plaintext: &[u8]) -> Result<Vec<u8>, CryptoError>;

    /// Wraps a key under an AES key of 16, 24 or 32 bytes: AES key wrap with padding (RFC 5649, NIST SP 800-38F).
    ///
    /// # Errors
    /// [`CryptoError::InvalidKey`] when `kek` has another length, [`CryptoError::InvalidInput`] when `key` is empty.
    fn wrap_key(&self, kek: &[u8], key: &[u8]) -> Result<Vec<u8>, CryptoError>;

    /// Opens what [`Provider::wrap_key`] made. Integrity value, length and padding are checked in constant time
    /// (IMP-24).
    ///
    /// # Errors
    /// [`CryptoError::InvalidKey`] when `kek` has another length, [`CryptoError::Unauthenticated`] for everything else.
    fn unwrap_key(&self, kek: &[u8], wrapped: &[u8]) -> Result<SecretBytes, CryptoError>;

    /// Generates a key pair. `entropy` is that for keys; a provider with a generator of its own need not use it.
    fn generate_key_pair(
        &self,
        algorithm: KeyPairAlgorithm,
        entropy: &dyn Entropy,
    ) -> Result<Box<dyn PrivateKey>, CryptoError>;

    /// Reads a private key from PKCS #8, DER or BER, and checks it: the parameters of `algorithm`, a scalar in range,
    /// an RSA modulus of exactly the right size that is the product of two primes, a public half, if there is one,
    /// that fits (IMP-29..IMP-33).
    ///
    /// # Errors
    /// [`CryptoError::InvalidKey`].
    fn private_key(&self, algorithm: KeyPairAlgorithm, pkcs8: &[u8]) -> Result<Box<dyn PrivateKey>, CryptoError>;

    /// Reads what [`PrivateKey::to_pkcs8`] wrote, or what [`Provider::private_key`] has accepted before. It may leave
    /// out checks that take longer than a use of the key, such as whether the factors of an RSA modulus are prime.
    ///
    /// # Errors
    /// [`CryptoError::InvalidKey`].
    fn trusted_private_key(
        &self,
        algorithm: KeyPairAlgorithm,
        pkcs8: &[u8],
    ) -> Result<Box<dyn PrivateKey>, CryptoError> {
        self.private_key(algorithm, pkcs8)
    }

    /// Reads a public key from SubjectPublicKeyInfo, DER, and checks it. The point of an elliptic curve may be
    /// uncompressed, compressed or hybrid (X9.62).
    ///
    /// # Errors
    /// [`CryptoError::InvalidKey`].
    fn public_key(&self, algorithm: KeyPairAlgorithm, spki: &[u8]) -> Result<Box<dyn PublicKey>, CryptoError>;
}

/// A key ready to make and check message authentication codes.
pub trait Mac: fmt::Debug + Send + Sync {
    /// The code of the concatenation of `parts`.
    fn sign(&self, parts: &[&[u8]]) -> Digest;

    /// Compares in constant time; a code of another length is wrong.
    fn verify(&self, parts: &[&[u8]], code: &[u8]) -> Result<(), CryptoError> {
        if constant_time_eq(self.sign(parts).as_ref(), code) { Ok(()) } else { Err(CryptoError::Unauthenticated) }
    }
}

/// Hash functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DigestAlgorithm {
    /// SHA-224 (FIPS 180-4).
    Sha224,
    /// SHA-256 (FIPS 180-4).
    Sha256,
    /// SHA-384 (FIPS 180-4).
    Sha384,
    /// SHA-512 (FIPS 180-4).
    Sha512,
    /// SM3 (GB/T 32905).
    Sm3,
}

impl DigestAlgorithm {
    /// Every algorithm.
    pub const ALL: [Self; 5] = [Self::Sha224, Self::Sha256, Self::Sha384, Self::Sha512, Self::Sm3];

    /// Bytes in a hash value.
    pub const fn output_len(self) -> usize {
        match self {
            Self::Sha224 => 28,
            Self::Sha256 | Self::Sm3 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    /// Bytes in an input block.
    pub const fn block_len(self) -> usize {
        match self {
            Self::Sha224 | Self::Sha256 | Self::Sm3 => 64,
            Self::Sha384 | Self::Sha512 => 128,
        }
    }
}

/// Message authentication codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MacAlgorithm {
    /// HMAC-SHA-224 (RFC 2104, FIPS 198-1).
    HmacSha224,
    /// HMAC-SHA-256.
    HmacSha256,
    /// HMAC-SHA-384.
    HmacSha384,
    /// HMAC-SHA-512.
    HmacSha512,
    /// HMAC-SM3.
    HmacSm3,
    /// AES-CMAC (RFC 4493, NIST SP 800-38B), key of 16, 24 or 32 bytes.
    AesCmac,
    /// SM4-CMAC.
    Sm4Cmac,
}

impl MacAlgorithm {
    /// Every algorithm.
    pub const ALL: [Self; 7] = [
        Self::HmacSha224,
        Self::HmacSha256,
        Self::HmacSha384,
        Self::HmacSha512,
        Self::HmacSm3,
        Self::AesCmac,
        Self::Sm4Cmac,
    ];

    /// The hash function of an HMAC; `None` for a CMAC.
    pub const fn digest(self) -> Option<DigestAlgorithm> {
        match self {
            Self::HmacSha224 => Some(DigestAlgorithm::Sha224),
            Self::HmacSha256 => Some(DigestAlgorithm::Sha256),
            Self::HmacSha384 => Some(DigestAlgorithm::Sha384),
            Self::HmacSha512 => Some(DigestAlgorithm::Sha512),
            Self::HmacSm3 => Some(DigestAlgorithm::Sm3),
            Self::AesCmac | Self::Sm4Cmac => None,
        }
    }

    /// Bytes in a code.
    pub const fn code_len(self) -> usize {
        match self.digest() {
            Some(digest) => digest.output_len(),
            None => 16,
        }
    }
}

/// The value of a hash or MAC: up to 64 bytes, without a heap allocation.
#[derive(Clone, Copy)]
pub struct Digest {
    bytes: [u8; 64],
    len: u8,
}

impl Digest {
    /// Copies `bytes`, of which there are at most 64; longer input is cut.
    pub fn new(bytes: &[u8]) -> Self {
        let len = bytes.len().min(64);
        let mut value = Self { bytes: [0; 64], len: len as u8 };
        value.bytes[..len].copy_from_slice(&bytes[..len]);
        value
    }
}

impl Zeroize for Digest {
    fn zeroize(&mut self) {
        self.bytes.zeroize();
        self.len.zeroize();
    }
}

impl AsRef<[u8]> for Digest {
    fn as_ref(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({} bytes)", self.len)
    }
}
