//! The public suite that decides what a provider is (feature `conformance`).
//!
//! A provider's own tests call [`run`] and look at what it reports:
//!
//! ```no_run
//! let report = keystead_crypto::conformance::run(&keystead_crypto::DefaultProvider::new());
//! assert!(report.unsupported.is_empty());
//! ```
#![allow(clippy::expect_used)] // A suite says what is wrong by panicking, and its own vectors are well-formed.

mod acvp;
mod aead;
mod cavp;
mod digest;
mod ecdh;
mod ecdsa;
mod ed25519;
mod encoding;
mod kdf;
mod key_pair;
mod key_wrap;
mod lamps;
mod mac;
mod ml_dsa;
mod ml_kem;
mod properties;
mod rsa;
mod sealer;
mod sm2;
pub mod sm2_vectors;
mod testdata;
mod vectors;

#[cfg(test)]
pub(crate) use ecdsa::rfc_6979_vectors;

use std::fmt;

use crate::{Aead, AeadAlgorithm, CryptoError, Digest, DigestAlgorithm, KeyPairAlgorithm, Mac, MacAlgorithm};
use crate::{PrivateKey, Provider, PublicKey, Sealer, SealingAlgorithm, entropy::SeededEntropy};

/// Runs every check against `provider`: published vectors (Wycheproof, NIST, RFC, GB/T, C2SP) and properties.
///
/// An algorithm that the provider answers with [`CryptoError::Unsupported`] is skipped and reported.
///
/// # Panics
///
/// With the algorithm and the vector, when an answer of the provider is wrong.
pub fn run(provider: &dyn Provider) -> Report {
    let mut suite = Suite { provider, entropy: SeededEntropy::new(SEED), report: Report::default() };
    assert!(!provider.name().is_empty(), "a provider has a name");
    digest::run(&mut suite);
    mac::run(&mut suite);
    kdf::run(&mut suite);
    aead::run(&mut suite);
    sealer::run(&mut suite);
    key_wrap::run(&mut suite);
    sm2::run(&mut suite);
    ml_dsa::run(&mut suite);
    ml_kem::run(&mut suite);
    key_pair::run(&mut suite);
    rsa::run(&mut suite);
    ecdsa::run(&mut suite);
    ecdh::run(&mut suite);
    ed25519::run(&mut suite);
    cavp::run(&mut suite);
    acvp::run(&mut suite);
    lamps::run(&mut suite);
    suite.report
}

/// What a run has seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
#[must_use = "a provider without any algorithm passes too: look at what was checked"]
pub struct Report {
    /// Number of checks made.
    pub checks: usize,
    /// Names of the algorithms that the provider does not implement, each once.
    pub unsupported: Vec<String>,
}

struct Suite<'a> {
    provider: &'a dyn Provider,
    entropy: SeededEntropy,
    report: Report,
}

impl Suite<'_> {
    fn aead(&mut self, algorithm: AeadAlgorithm, key: &[u8]) -> Option<Box<dyn Aead>> {
        let made = self.provider.aead(algorithm, key);
        self.known(&algorithm, made)
    }

    fn sealer(&mut self, algorithm: SealingAlgorithm, key: &[u8]) -> Option<Box<dyn Sealer>> {
        let made = self.provider.sealer(algorithm, key);
        self.known(&algorithm, made)
    }

    fn mac(&mut self, algorithm: MacAlgorithm, key: &[u8]) -> Option<Box<dyn Mac>> {
        let made = self.provider.mac(algorithm, key);
        self.known(&algorithm, made)
    }

    fn digest(&mut self, algorithm: DigestAlgorithm, parts: &[&[u8]]) -> Option<Digest> {
        let made = self.provider.digest(algorithm, parts);
        self.known(&algorithm, made)
    }

    fn private_key(&mut self, algorithm: KeyPairAlgorithm, pkcs8: &[u8]) -> Option<Box<dyn PrivateKey>> {
        let made = self.provider.private_key(algorithm, pkcs8);
        self.known(&algorithm, made)
    }

    fn public_key(&mut self, algorithm: KeyPairAlgorithm, spki: &[u8]) -> Option<Box<dyn PublicKey>> {
        let made = self.provider.public_key(algorithm, spki);
        self.known(&algorithm, made)
    }

    fn generated(&mut self, algorithm: KeyPairAlgorithm) -> Option<Box<dyn PrivateKey>> {
        let made = self.provider.generate_key_pair(algorithm, &self.entropy);
        self.known(&algorithm, made)
    }

    /// The value, or `None` and a line in the report when the algorithm is not implemented.
    fn known<T>(&mut self, algorithm: &dyn fmt::Debug, made: Result<T, CryptoError>) -> Option<T> {
        self.report.checks += 1;
        match made {
            Ok(value) => Some(value),
            Err(CryptoError::Unsupported) => {
                let name = format!("{algorithm:?}");
                if !self.report.unsupported.contains(&name) {
                    self.report.unsupported.push(name);
                }
                None
            }
            Err(error) => panic!("{algorithm:?}: a valid request was refused: {error}"),
        }
    }

    /// A key of the wrong length is `InvalidKey`, or the algorithm is not implemented at all.
    fn refused<T>(&mut self, algorithm: &dyn fmt::Debug, key_len: usize, made: Result<T, CryptoError>) {
        self.report.checks += 1;
        match made {
            Err(CryptoError::InvalidKey | CryptoError::Unsupported) => {}
            Err(error) => panic!("{algorithm:?}: a key of {key_len} bytes gave `{error}`"),
            Ok(_) => panic!("{algorithm:?}: a key of {key_len} bytes was accepted"),
        }
    }

    fn random(&self, len: usize) -> Vec<u8> {
        let mut bytes = vec![0; len];
        crate::Entropy::fill(&self.entropy, &mut bytes).expect("seeded entropy cannot fail");
        bytes
    }
}

fn unhex(text: &str) -> Vec<u8> {
    hex::decode(text).expect("vectors are hexadecimal")
}

fn unhex_array<const N: usize>(text: &str) -> [u8; N] {
    array(&unhex(text))
}

fn array<const N: usize>(bytes: &[u8]) -> [u8; N] {
    bytes.try_into().expect("vectors have the length of their field")
}

const SEED: u64 = 0x6b65_7973_7465_6164;
/// Lengths that no key has.
const WRONG_KEY_LENGTHS: [usize; 9] = [0, 1, 8, 15, 17, 23, 31, 33, 64];
