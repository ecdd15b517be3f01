//! The cryptographic provider contract of Keystead, its default implementation, secret memory and entropy.
//!
//! A [`Provider`] is the only thing through which the rest of Keystead does cryptography. [`DefaultProvider`] is the
//! one that needs nothing but Cargo; others live in crates of their own and pass the same
//! suite (`conformance`, behind the feature of that name).
//!
//! # Which crate does what, and why
//!
//! | algorithm | crate | what to know |
//! |---|---|---|
//! | AES-128-GCM, AES-256-GCM | `ring` | assembly, constant time; its key objects are **not wiped** on drop |
//! | AES-192-GCM | `aes-gcm` | ring has no AES-192; constant time, wiped |
//! | SM4-GCM, SM4-CMAC | `sm4`, `aes-gcm`, `cmac` | wiped, but **not constant time**, see below |
//! | AES-CMAC | `aes`, `cmac` | constant time, wiped |
//! | HMAC | `hmac` with `sha2`, `sm3` | the fastest at the sizes of a KMS; constant time, wiped |
//! | SHA-2, SM3 | `sha2`, `sm3` | constant time |
//! | sealing (XAES) | the above | a long-lived key meets only `aes` or `sm4`, which wipe it; ring sees one-message subkeys |
//!
//! **SM4 leaks through the cache.** The `sm4` crate looks secret bytes up in a 256-byte table, in the key schedule and
//! in every round. Whoever can observe the cache of the processor at fine grain (another tenant of the same core) may
//! learn key bits. Until a table-free SM4 takes its place, do not run SM4 keys beside code you do not trust.
//!
//! **Wiping has limits.** Key schedules, subkeys and buffers are wiped when their owner is dropped. Copies that the
//! compiler makes when it moves a value, key objects inside ring, the padded key block with which `hmac` starts and the
//! subkeys of `cmac` stay in memory until they are overwritten. To keep a long-lived key away from ring, seal with a
//! [`Sealer`]; an [`Aead`] of AES-128 or AES-256 is for keys that the caller holds only briefly.
#![deny(unsafe_code)]

mod aead;
mod default;
mod error;
mod kdf;
mod key_pair;
mod provider;
mod secret;

#[cfg(feature = "conformance")]
pub mod conformance;
pub mod entropy;

pub use aead::{Aead, AeadAlgorithm, NONCE_LEN, SEALING_NONCE_LEN, Sealer, SealingAlgorithm, TAG_LEN};
pub use default::DefaultProvider;
pub use entropy::Entropy;
pub use error::CryptoError;
pub use kdf::hkdf;
pub use key_pair::{Encapsulated, EncryptionScheme, KeyPairAlgorithm, Message, PrivateKey, PublicKey, SignatureScheme};
pub use provider::{Digest, DigestAlgorithm, Mac, MacAlgorithm, Provider};
pub use secret::{SecretBytes, constant_time_eq};
