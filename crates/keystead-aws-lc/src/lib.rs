//! The cryptographic provider of Keystead over [AWS-LC](https://github.com/aws/aws-lc), through `aws-lc-rs`.
//!
//! ```
//! use keystead_aws_lc::AwsLcProvider;
//! use keystead_crypto::{DigestAlgorithm, Provider};
//!
//! let hash = AwsLcProvider::new().digest(DigestAlgorithm::Sha256, &[b"abc"])?;
//! assert_eq!(hash.as_ref()[..4], [0xba, 0x78, 0x16, 0xbf]);
//! # Ok::<(), keystead_crypto::CryptoError>(())
//! ```
//!
//! Take it where RSA or the NIST curves carry load, where the timing of RSA matters (RUSTSEC-2023-0071 lists the `rsa`
//! crate of the default provider), or on the road to a FIPS-validated module. It needs a C compiler to build. It passes
//! the same suite as the default provider, and each reads what the other wrote.
//!
//! # Which library does what
//!
//! | algorithm | library |
//! |---|---|
//! | AES-GCM, SHA-2, HMAC-SHA-2 | AWS-LC |
//! | sealing (XAES) over AES | the key of a message is derived as in the default provider, by the `aes` crate; its GCM is AWS-LC |
//! | AES key wrap with padding, 128 and 256 bits | AWS-LC |
//! | RSA | AWS-LC |
//! | ECDSA and ECDH on P-256, P-384, P-521 | AWS-LC |
//! | Ed25519, ML-DSA of a whole message | AWS-LC |
//! | ML-KEM encapsulation | AWS-LC |
//! | Ed25519ph, ML-DSA with external mu, ML-KEM generation and decapsulation | the default provider: `aws-lc-rs` has no call for the first two, and reads no ML-KEM key in seed form |
//! | SM2, SM3, SM4, secp256k1, CMAC, CBC, key wrap with 192 bits | the default provider |
//!
//! # Randomness
//!
//! AWS-LC draws from a generator of its own, seeded by the operating system and safe across `fork`. Wherever AWS-LC
//! generates, signs, encrypts or encapsulates, **the `entropy` argument is not used**: seeding it does not make the
//! result repeatable. The algorithms of the default provider do use it.
//!
//! # Wiping
//!
//! AWS-LC wipes whatever it frees, so keys and key schedules do not outlive their owner; the round keys of a key wrap
//! stay on the stack until they are overwritten. Long-lived sealing keys meet
//! only the `aes` crate, as in the default provider.
//!
//! # FIPS
//!
//! Feature `fips` puts the validated module of AWS-LC (`aws-lc-fips-sys`) under everything that the table above gives to
//! AWS-LC; its build needs CMake and Go besides the C compiler. The feature swaps the module and nothing else: whether
//! a use is approved depends on the algorithm too, and what the default provider does is outside the module.
#![forbid(unsafe_code)]

mod aead;
mod canonical;
mod digest;
mod ec;
mod ed25519;
mod key_wrap;
mod mac;
mod ml_dsa;
mod ml_kem;
mod once;
mod provider;
mod rsa;

pub use provider::AwsLcProvider;
