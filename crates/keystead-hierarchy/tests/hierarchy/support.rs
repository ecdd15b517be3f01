//! What the tests share.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use keystead_crypto::entropy::SeededEntropy;
use keystead_crypto::{CryptoError, DefaultProvider, Entropy, Provider, Sealer, SealingAlgorithm, SecretBytes};
use keystead_hierarchy::spec::{KeySpec, KeyUsage};
use keystead_hierarchy::{BlobHeader, Domain, EktBinding, Purpose, RawRootKey};
use keystead_types::{KeyId, Timestamp};

/// Gives the bytes 0, 1, 2, … over all calls, so that vectors can be written down.
#[derive(Debug, Default)]
pub(crate) struct Counting(AtomicU8);

impl Entropy for Counting {
    fn fill(&self, dest: &mut [u8]) -> Result<(), CryptoError> {
        dest.iter_mut().for_each(|byte| *byte = self.0.fetch_add(1, Ordering::Relaxed));
        Ok(())
    }
}

/// Has no randomness to give.
#[derive(Debug)]
pub(crate) struct Exhausted;

impl Entropy for Exhausted {
    fn fill(&self, _: &mut [u8]) -> Result<(), CryptoError> {
        Err(CryptoError::Entropy)
    }
}

pub(crate) fn entropy() -> SeededEntropy {
    SeededEntropy::new(7)
}

pub(crate) fn sealer(algorithm: SealingAlgorithm, key_byte: u8) -> Box<dyn Sealer> {
    DefaultProvider.sealer(algorithm, &vec![key_byte; algorithm.key_len()]).unwrap()
}

pub(crate) fn single_region() -> KeyId {
    "1234abcd-12ab-34cd-56ef-1234567890ab".parse().unwrap()
}

pub(crate) fn multi_region() -> KeyId {
    "mrk-1234abcd12ab34cd56ef1234567890ab".parse().unwrap()
}

pub(crate) fn header() -> BlobHeader {
    BlobHeader {
        algorithm: SealingAlgorithm::Xaes256Gcm,
        account: "111122223333".parse().unwrap(),
        key_id: single_region(),
        material_version: 1,
    }
}

pub(crate) fn domain(partition: &str, region: &str) -> Domain {
    Domain { partition: partition.parse().unwrap(), region: region.parse().unwrap() }
}

pub(crate) fn binding() -> EktBinding {
    EktBinding {
        account: "111122223333".parse().unwrap(),
        key_id: single_region(),
        material_version: 3,
        spec: KeySpec::SymmetricDefault,
        usage: KeyUsage::EncryptDecrypt,
        purpose: Purpose::Material,
    }
}

/// A root key of one repeated byte; its nonces are those of `entropy`.
pub(crate) fn root_key(key_byte: u8, entropy: impl Entropy) -> RawRootKey {
    RawRootKey::new_with(&SecretBytes::from(&[key_byte; 32]), &DefaultProvider, Arc::new(entropy)).unwrap()
}

pub(crate) fn secret(bytes: &[u8]) -> SecretBytes {
    SecretBytes::from(bytes)
}

/// Midnight of the `day`-th day after 1 January 2024, UTC.
pub(crate) fn day(day: i64) -> Timestamp {
    Timestamp::from_millis(1_704_067_200_000 + day * 86_400_000).unwrap()
}

pub(crate) fn seconds(seconds: u64) -> std::time::Duration {
    std::time::Duration::from_secs(seconds)
}

/// Every way to damage `bytes` by one bit, one missing byte at either end, or one more byte.
pub(crate) fn damaged(bytes: &[u8]) -> Vec<Vec<u8>> {
    let flipped = (0..bytes.len() * 8).map(|bit| {
        let mut copy = bytes.to_vec();
        copy[bit / 8] ^= 1 << (bit % 8);
        copy
    });
    let cut = (0..bytes.len()).map(|len| bytes[..len].to_vec());
    let beheaded = (1..bytes.len()).map(|from| bytes[from..].to_vec());
    let extended = [0, 1, 0xff].map(|byte| [bytes, &[byte]].concat());
    flipped.chain(cut).chain(beheaded).chain(extended).collect()
}
