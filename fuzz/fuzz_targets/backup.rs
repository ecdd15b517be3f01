//! Backups: any bytes may be given for one, also to somebody for whom every chunk is authentic.
#![no_main]

use arbitrary::Arbitrary;
use keystead::{Kms, RestoreError, restore_backup, restore_backup_with};
use keystead_crypto::{
    Aead, AeadAlgorithm, CryptoError, DefaultProvider, Digest, DigestAlgorithm, Entropy, KeyPairAlgorithm, Mac,
    MacAlgorithm, PrivateKey, Provider, PublicKey, Sealer, SealingAlgorithm, SecretBytes,
};
use keystead_hierarchy::{RawRootKey, RootKey, RootKeyError, RootKeyId};
use keystead_memory::MemoryStore;
use keystead::store::{Range, Store};
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary, Debug)]
struct Input {
    bytes: Vec<u8>,
    /// A row of records, behind a header that fits.
    contents: Vec<u8>,
}

fuzz_target!(|input: Input| {
    let root_key = RawRootKey::new(&SecretBytes::from(&[7; 32])).expect("a root key");
    let store = MemoryStore::new();
    assert!(restore_backup(&store, &root_key, input.bytes.as_slice()).is_err(), "nobody sealed this");
    assert!(records(&store).is_empty());

    // Chunks that are cut where the input ends, with room for nonce and tag.
    let mut backup = b"KSBK\x01\x01\x00\x03key".to_vec();
    for chunk in input.contents.chunks(64 * 1024) {
        backup.extend([0; 24]);
        backup.extend(chunk);
        backup.extend([0; 16]);
    }
    match restore_backup_with(&store, &OpensAll, backup.as_slice(), &OpensAll) {
        Ok(summary) => {
            let records = records(&store);
            assert_eq!(records.len() as u64, summary.records);
            assert!(records.is_sorted());
            let again = restore_backup_with(&store, &OpensAll, backup.as_slice(), &OpensAll);
            assert!(summary.records == 0 || matches!(again, Err(RestoreError::NotEmpty)));
        }
        Err(_) if records(&store).is_empty() => {}
        Err(_) => assert!(Kms::builder().store(store).root_key(root_key).build().is_err(), "a part is taken for whole"),
    }
});

fn records(store: &MemoryStore) -> Vec<Vec<u8>> {
    let found = store.scan(&Range::all(), usize::MAX).expect("memory does not fail");
    found.into_iter().map(|(key, _)| key.to_vec()).collect()
}

/// A root key and a provider for which everything is authentic and nothing encrypted.
#[derive(Debug)]
struct OpensAll;

impl RootKey for OpensAll {
    fn id(&self) -> Result<RootKeyId, RootKeyError> {
        Ok(RootKeyId::from_bytes([0; 16]))
    }

    fn seal(&self, plaintext: &[u8], _: &[u8]) -> Result<Vec<u8>, RootKeyError> {
        Ok(plaintext.to_vec())
    }

    fn open(&self, _: &[u8], _: &[u8]) -> Result<SecretBytes, RootKeyError> {
        Ok(SecretBytes::zeroed(32))
    }
}

impl Sealer for OpensAll {
    fn seal(&self, _: &[u8; 24], _: &[u8], _: &mut [u8]) -> Result<[u8; 16], CryptoError> {
        Ok([0; 16])
    }

    fn open(&self, _: &[u8; 24], _: &[u8], _: &mut [u8], _: &[u8; 16]) -> Result<(), CryptoError> {
        Ok(())
    }
}

impl Provider for OpensAll {
    fn name(&self) -> &'static str {
        "opens all"
    }

    fn aead(&self, algorithm: AeadAlgorithm, key: &[u8]) -> Result<Box<dyn Aead>, CryptoError> {
        DefaultProvider.aead(algorithm, key)
    }

    fn sealer(&self, _: SealingAlgorithm, _: &[u8]) -> Result<Box<dyn Sealer>, CryptoError> {
        Ok(Box::new(Self))
    }

    fn mac(&self, algorithm: MacAlgorithm, key: &[u8]) -> Result<Box<dyn Mac>, CryptoError> {
        DefaultProvider.mac(algorithm, key)
    }

    fn digest(&self, algorithm: DigestAlgorithm, parts: &[&[u8]]) -> Result<Digest, CryptoError> {
        DefaultProvider.digest(algorithm, parts)
    }

    fn encrypt_cbc(&self, key: &[u8; 32], iv: &[u8; 16], plaintext: &[u8]) -> Result<Vec<u8>, CryptoError> {
        DefaultProvider.encrypt_cbc(key, iv, plaintext)
    }

    fn wrap_key(&self, kek: &[u8], key: &[u8]) -> Result<Vec<u8>, CryptoError> {
        DefaultProvider.wrap_key(kek, key)
    }

    fn unwrap_key(&self, kek: &[u8], wrapped: &[u8]) -> Result<SecretBytes, CryptoError> {
        DefaultProvider.unwrap_key(kek, wrapped)
    }

    fn generate_key_pair(
        &self,
        algorithm: KeyPairAlgorithm,
        entropy: &dyn Entropy,
    ) -> Result<Box<dyn PrivateKey>, CryptoError> {
        DefaultProvider.generate_key_pair(algorithm, entropy)
    }

    fn private_key(&self, algorithm: KeyPairAlgorithm, pkcs8: &[u8]) -> Result<Box<dyn PrivateKey>, CryptoError> {
        DefaultProvider.private_key(algorithm, pkcs8)
    }

    fn public_key(&self, algorithm: KeyPairAlgorithm, spki: &[u8]) -> Result<Box<dyn PublicKey>, CryptoError> {
        DefaultProvider.public_key(algorithm, spki)
    }
}
