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
//! | RSA | `rsa` | blinded with fresh entropy in every private operation; RUSTSEC-2023-0071, see below |
//! | ECDSA, ECDH | `p256`, `p384`, `p521`, `k256` | constant time, wiped; signatures are hedged (RFC 6979, section 3.6) |
//! | Ed25519, Ed25519ph | `ed25519-dalek` | constant time, wiped |
//! | AES key wrap with padding | `aes` | RFC 5649 on it is ours: constant time, wiped |
//! | SHA-2, SM3 | `sha2`, `sm3` | constant time |
//! | SM2 | `sm2` for the curve | constant time by design, unaudited; signatures, encryption and encodings on it are ours, and wiped |
//! | ML-DSA, ML-KEM | `ml-dsa`, `ml-kem` | seeds are the keys; constant time by design, unaudited, wiped |
//! | sealing (XAES) | the above | a long-lived key meets only `aes` or `sm4`, which wipe it; ring sees one-message subkeys |
//!
//! **SM4 leaks through the cache.** The `sm4` crate looks secret bytes up in a 256-byte table, in the key schedule and
//! in every round. Whoever can observe the cache of the processor at fine grain (another tenant of the same core) may
//! learn key bits. Until a table-free SM4 takes its place, do not run SM4 keys beside code you do not trust.
//!
//! **RSA may leak through its timing.** RUSTSEC-2023-0071 stands against the `rsa` crate. The release in use blinds every
//! private operation and checks its result, and what could serve as an oracle gives one error for everything; that no
//! signal is left, nobody has measured. Where it matters, choose a provider over aws-lc.
//!
//! **Wiping has limits.** Key schedules, subkeys and buffers are wiped when their owner is dropped. Copies that the
//! compiler makes when it moves a value, key objects inside ring, intermediate values of `rsa`, the padded key block with
//! which `hmac` starts and the subkeys of `cmac` stay in memory until they are overwritten. To keep a long-lived key away
//! from ring, seal with a [`Sealer`]; an [`Aead`] of AES-128 or AES-256 is for keys that the caller holds only briefly.
#![deny(unsafe_code)]

mod aead;
mod default;
mod error;
mod kdf;
mod key_pair;
mod provider;
mod secret;
mod wrapping;
mod xaes;

pub mod ber;
#[cfg(feature = "conformance")]
pub mod conformance;
pub mod entropy;
pub mod sm2;

pub use aead::{Aead, AeadAlgorithm, NONCE_LEN, SEALING_NONCE_LEN, Sealer, SealingAlgorithm, TAG_LEN};
pub use default::DefaultProvider;
pub use entropy::Entropy;
pub use error::CryptoError;
pub use kdf::hkdf;
pub use key_pair::{Encapsulated, EncryptionScheme, KeyPairAlgorithm, Message, PrivateKey, PublicKey, SignatureScheme};
pub use provider::{Digest, DigestAlgorithm, Mac, MacAlgorithm, Provider};
pub use secret::{SecretBytes, constant_time_eq};
pub use wrapping::WrappingScheme;
pub use xaes::{MessageKey, xaes};
