//! The cryptographic provider contract of Keystead, its default implementation, secret memory and entropy.
//!
//! A [`Provider`] is the only thing through which the rest of Keystead does cryptography.
#![deny(unsafe_code)]

mod aead;
mod error;
mod provider;
mod secret;

pub mod entropy;

pub use aead::{Aead, AeadAlgorithm, NONCE_LEN, SEALING_NONCE_LEN, Sealer, SealingAlgorithm, TAG_LEN};
pub use entropy::Entropy;
pub use error::CryptoError;
pub use provider::{Digest, DigestAlgorithm, Mac, MacAlgorithm, Provider};
pub use secret::SecretBytes;
