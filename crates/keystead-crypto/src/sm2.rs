//! SM2 without a key store: what a holder of a public key does offline (GB/T 32918, GM/T 0009).
//!
//! A KMS signs with the ID `1234567812345678` and takes ciphertexts in one form. This module is for the other side: it
//! computes the digest that a message has under any ID ([`e`]), checks signatures ([`verify`]), encrypts for a key of
//! which only the SubjectPublicKeyInfo is at hand ([`encrypt`]), and turns the concatenated ciphertexts of other
//! libraries into the DER form and back ([`ciphertext_to_der`], [`ciphertext_from_der`]).
//!
//! ```
//! use keystead_crypto::entropy::OsEntropy;
//! use keystead_crypto::{DefaultProvider, EncryptionScheme, KeyPairAlgorithm, Message, Provider, SignatureScheme, sm2};
//!
//! let entropy = OsEntropy;
//! let key = DefaultProvider::new().generate_key_pair(KeyPairAlgorithm::Sm2, &entropy)?;
//! let spki = key.public().spki();
//!
//! // A signature under an ID of one's own: the signer gets the digest, the verifier the message.
//! let digest = sm2::e(b"alice@example.com", spki, b"hello")?;
//! let signature = key.sign(SignatureScheme::Sm2Dsa, Message::Digest(&digest), &entropy)?;
//! sm2::verify(b"alice@example.com", spki, b"hello", &signature)?;
//!
//! // A ciphertext made offline.
//! let ciphertext = sm2::encrypt(spki, b"for the key's holder", &entropy)?;
//! let plaintext = key.decrypt(EncryptionScheme::Sm2Pke, &ciphertext, &entropy)?;
//! assert_eq!(plaintext.expose(), b"for the key's holder");
//! # Ok::<(), keystead_crypto::CryptoError>(())
//! ```

#[cfg(feature = "conformance")]
pub mod deterministic;

use crate::default::sm2::ciphertext::Ciphertext;
use crate::default::sm2::key::{self, Sm2Public};
use crate::default::sm2::{encryption, signature};
use crate::{CryptoError, Entropy};

/// The distinguishing ID of signers that have none of their own (GM/T 0009), with which a KMS signs messages.
pub const DEFAULT_ID: &[u8; 16] = b"1234567812345678";

/// Bytes in the longest distinguishing ID, whose length in bits must fit 16 bits.
pub const MAX_ID_LEN: usize = 8191;

/// The identity hash `Za = SM3(ENTL || ID || a || b || Gx || Gy || Xa || Ya)` of the holder of a public key
/// (GB/T 32918.2, section 5.5; ASY-39).
///
/// ```
/// # use keystead_crypto::{DefaultProvider, KeyPairAlgorithm, Provider, entropy::OsEntropy, sm2};
/// # let key = DefaultProvider::new().generate_key_pair(KeyPairAlgorithm::Sm2, &OsEntropy)?;
/// let za = sm2::za(sm2::DEFAULT_ID, key.public().spki())?;
/// assert_ne!(za, sm2::za(b"alice@example.com", key.public().spki())?);
/// # Ok::<(), keystead_crypto::CryptoError>(())
/// ```
///
/// # Errors
/// [`CryptoError::InputTooLong`] for an ID of more than [`MAX_ID_LEN`] bytes, [`CryptoError::InvalidKey`] when `spki` is
/// not the SubjectPublicKeyInfo of an SM2 key.
pub fn za(id: &[u8], spki: &[u8]) -> Result<[u8; 32], CryptoError> {
    Sm2Public::from_spki(spki)?.za(id)
}

/// The digest `e = SM3(Za || M)` of a message: what `Message::Digest` stands for with SM2 (ASY-41).
///
/// # Errors
/// Those of [`za`].
pub fn e(id: &[u8], spki: &[u8], message: &[u8]) -> Result<[u8; 32], CryptoError> {
    Ok(signature::e(&za(id, spki)?, message))
}

/// Checks the signature, DER, of a message under any distinguishing ID.
///
/// # Errors
/// Those of [`za`]; [`CryptoError::Unauthenticated`] when the signature is malformed or not that of the message.
pub fn verify(id: &[u8], spki: &[u8], message: &[u8], signature: &[u8]) -> Result<(), CryptoError> {
    let key = Sm2Public::from_spki(spki)?;
    let e = signature::e(&key.za(id)?, message);
    signature::verify(&key, &e, signature)
}

/// Encrypts for the holder of a public key, into the DER form (ASY-48).
///
/// # Errors
/// [`CryptoError::InvalidKey`] when `spki` is not the SubjectPublicKeyInfo of an SM2 key,
/// [`CryptoError::InvalidInput`] for an empty plaintext, [`CryptoError::InputTooLong`] for one of more than 128 MiB,
/// [`CryptoError::Entropy`] when the source fails.
pub fn encrypt(spki: &[u8], plaintext: &[u8], entropy: &dyn Entropy) -> Result<Vec<u8>, CryptoError> {
    encryption::encrypt(&Sm2Public::from_spki(spki)?, plaintext, || key::nonce(entropy))
}

/// Turns a concatenated ciphertext, `04 || x || y` and then hash and text in the given order, into the DER form
/// (ASY-49). Whether it belongs to a key is seen when it is decrypted.
///
/// ```
/// # use keystead_crypto::{DefaultProvider, KeyPairAlgorithm, Provider, entropy::OsEntropy, sm2};
/// # let key = DefaultProvider::new().generate_key_pair(KeyPairAlgorithm::Sm2, &OsEntropy)?;
/// use sm2::CiphertextOrder;
///
/// let der = sm2::encrypt(key.public().spki(), b"hello", &OsEntropy)?;
/// let old = sm2::ciphertext_from_der(&der, CiphertextOrder::C1C2C3)?;
/// assert_eq!(old.len(), 1 + 64 + 5 + 32);
/// assert_eq!(sm2::ciphertext_to_der(&old, CiphertextOrder::C1C2C3)?, der);
/// # Ok::<(), keystead_crypto::CryptoError>(())
/// ```
///
/// # Errors
/// [`CryptoError::Unauthenticated`] when `raw` is not such a ciphertext, as its decryption would answer.
pub fn ciphertext_to_der(raw: &[u8], order: CiphertextOrder) -> Result<Vec<u8>, CryptoError> {
    Ciphertext::from_raw(raw, order)?.to_der()
}

/// Turns a ciphertext from the DER form into a concatenated one.
///
/// # Errors
/// [`CryptoError::Unauthenticated`] when `der` is not strict DER of the form of ASY-48.
pub fn ciphertext_from_der(der: &[u8], order: CiphertextOrder) -> Result<Vec<u8>, CryptoError> {
    Ok(Ciphertext::from_der(der)?.to_raw(order))
}

/// Orders of the parts of a concatenated ciphertext: point (C1), text (C2) and hash (C3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CiphertextOrder {
    /// `04 || x || y || C2 || C3`, the order of 2010.
    C1C2C3,
    /// `04 || x || y || C3 || C2`, the order of GB/T 32918.4.
    C1C3C2,
}
