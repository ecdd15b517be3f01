//! Key pairs: the part of the provider contract about private and public keys.
//!
//! Private keys travel as PKCS #8 (RFC 5958), public keys as SubjectPublicKeyInfo (RFC 5280), both DER; signatures,
//! ciphertexts and shared secrets have the form that chapters 30 and 41 give them. A key is parsed once and used often:
//! no method parses a key again.

use std::fmt;

use crate::{CryptoError, DigestAlgorithm, Entropy, SecretBytes};

/// A private key ready for use. Its `Debug` form shows nothing but the algorithm.
///
/// A method that the algorithm does not have answers [`CryptoError::Unsupported`]; so does a scheme.
pub trait PrivateKey: fmt::Debug + Send + Sync {
    /// The other half.
    fn public(&self) -> &dyn PublicKey;

    /// The key as PKCS #8. Of an elliptic curve the inner `ECPrivateKey` holds the public point (ASY-83); ML-DSA and
    /// ML-KEM keys are in seed form.
    fn to_pkcs8(&self) -> Result<SecretBytes, CryptoError>;

    /// Signs a message.
    ///
    /// `entropy` serves nonces, salts and blinding; a provider with a generator of its own need not use it.
    ///
    /// # Errors
    /// [`CryptoError::InvalidInput`] when a [`Message::Digest`] does not have the length of the scheme's hash.
    fn sign(
        &self,
        scheme: SignatureScheme,
        message: Message<'_>,
        entropy: &dyn Entropy,
    ) -> Result<Vec<u8>, CryptoError>;

    /// Decrypts. Every failure is [`CryptoError::Unauthenticated`], in the same time (ASY-24, ASY-52).
    fn decrypt(
        &self,
        scheme: EncryptionScheme,
        ciphertext: &[u8],
        entropy: &dyn Entropy,
    ) -> Result<SecretBytes, CryptoError> {
        let _ = (scheme, ciphertext, entropy);
        Err(CryptoError::Unsupported)
    }

    /// The X coordinate, at full field width, of the elliptic curve Diffie-Hellman point with `peer`, a
    /// SubjectPublicKeyInfo on the same curve.
    ///
    /// # Errors
    /// [`CryptoError::InvalidKey`] when `peer` is malformed, on another curve or not on its curve.
    fn agree(&self, peer: &[u8]) -> Result<SecretBytes, CryptoError> {
        let _ = peer;
        Err(CryptoError::Unsupported)
    }

    /// Opens an encapsulated secret of 32 bytes. Of a changed ciphertext it gives an unrelated secret (FIPS 203,
    /// implicit rejection).
    ///
    /// # Errors
    /// [`CryptoError::Unauthenticated`] when the ciphertext does not have the right length.
    fn decapsulate(&self, ciphertext: &[u8]) -> Result<SecretBytes, CryptoError> {
        let _ = ciphertext;
        Err(CryptoError::Unsupported)
    }
}

/// A public key ready for use.
pub trait PublicKey: fmt::Debug + Send + Sync {
    /// Which kind of key it is.
    fn algorithm(&self) -> KeyPairAlgorithm;

    /// The key as SubjectPublicKeyInfo: uncompressed point and named curve for elliptic curves (ASY-16).
    fn spki(&self) -> &[u8];

    /// Checks a signature.
    ///
    /// # Errors
    /// [`CryptoError::Unauthenticated`] when the signature is malformed or not that of the message under this key;
    /// [`CryptoError::InvalidInput`] as for [`PrivateKey::sign`].
    fn verify(&self, scheme: SignatureScheme, message: Message<'_>, signature: &[u8]) -> Result<(), CryptoError> {
        let _ = (scheme, message, signature);
        Err(CryptoError::Unsupported)
    }

    /// Encrypts.
    ///
    /// # Errors
    /// [`CryptoError::InputTooLong`] when the plaintext does not fit the scheme and key.
    fn encrypt(
        &self,
        scheme: EncryptionScheme,
        plaintext: &[u8],
        entropy: &dyn Entropy,
    ) -> Result<Vec<u8>, CryptoError> {
        let _ = (scheme, plaintext, entropy);
        Err(CryptoError::Unsupported)
    }

    /// Makes a secret of 32 bytes, and the ciphertext that [`PrivateKey::decapsulate`] opens.
    fn encapsulate(&self, entropy: &dyn Entropy) -> Result<Encapsulated, CryptoError> {
        let _ = entropy;
        Err(CryptoError::Unsupported)
    }
}

/// A secret and its encapsulation.
#[derive(Clone, Debug)]
pub struct Encapsulated {
    /// The secret of 32 bytes.
    pub secret: SecretBytes,
    /// What the holder of the private key opens.
    pub ciphertext: Vec<u8>,
}

/// What is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message<'m> {
    /// The message itself; the scheme hashes it.
    Raw(&'m [u8]),
    /// Its hash. For SM2 this is `e`, that is `SM3(Za || M)` (ASY-41); Ed25519ph hashes it again (chapter 30,
    /// section 19).
    Digest(&'m [u8]),
    /// The representative mu of 64 bytes (FIPS 204, section 6.2), for ML-DSA only.
    ExternalMu(&'m [u8]),
}

/// Kinds of key pairs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KeyPairAlgorithm {
    /// RSA, modulus of 2,048 bits.
    Rsa2048,
    /// RSA, modulus of 3,072 bits.
    Rsa3072,
    /// RSA, modulus of 4,096 bits.
    Rsa4096,
    /// secp256r1.
    P256,
    /// secp384r1.
    P384,
    /// secp521r1.
    P521,
    /// secp256k1.
    Secp256k1,
    /// sm2p256v1 (GB/T 32918.5).
    Sm2,
    /// Ed25519 (RFC 8032).
    Ed25519,
    /// ML-DSA-44 (FIPS 204).
    MlDsa44,
    /// ML-DSA-65.
    MlDsa65,
    /// ML-DSA-87.
    MlDsa87,
    /// ML-KEM-512 (FIPS 203).
    MlKem512,
    /// ML-KEM-768.
    MlKem768,
    /// ML-KEM-1024.
    MlKem1024,
}

impl KeyPairAlgorithm {
    /// Every kind.
    pub const ALL: [Self; 15] = [
        Self::Rsa2048,
        Self::Rsa3072,
        Self::Rsa4096,
        Self::P256,
        Self::P384,
        Self::P521,
        Self::Secp256k1,
        Self::Sm2,
        Self::Ed25519,
        Self::MlDsa44,
        Self::MlDsa65,
        Self::MlDsa87,
        Self::MlKem512,
        Self::MlKem768,
        Self::MlKem1024,
    ];
}

/// How signatures are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SignatureScheme {
    /// RSASSA-PSS (RFC 8017), the salt as long as the hash, for SHA-256, SHA-384 and SHA-512.
    RsaPss(DigestAlgorithm),
    /// RSASSA-PKCS1-v1_5 (RFC 8017), for SHA-256, SHA-384 and SHA-512.
    RsaPkcs1(DigestAlgorithm),
    /// ECDSA (FIPS 186-5), DER signatures, high S accepted (ASY-34).
    Ecdsa(DigestAlgorithm),
    /// SM2 with SM3 (GB/T 32918.2), DER signatures; raw messages take the ID `1234567812345678` (ASY-40).
    Sm2Dsa,
    /// Ed25519 (RFC 8032).
    Ed25519,
    /// Ed25519ph (RFC 8032).
    Ed25519Ph,
    /// ML-DSA (FIPS 204), hedged, empty context.
    MlDsa,
}

/// How public keys encrypt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EncryptionScheme {
    /// RSAES-OAEP with SHA-1 for hash and mask, empty label (RFC 8017).
    RsaOaepSha1,
    /// RSAES-OAEP with SHA-256 for hash and mask, empty label.
    RsaOaepSha256,
    /// SM2 public key encryption (GB/T 32918.4), DER ciphertexts (GM/T 0009).
    Sm2Pke,
}
