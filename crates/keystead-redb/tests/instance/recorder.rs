//! The parts of an instance through which every secret goes, remembering them.

use std::sync::{Arc, Mutex};

use keystead::crypto::entropy::SeededEntropy;
use keystead::crypto::{
    Aead, AeadAlgorithm, CryptoError, DefaultProvider, Digest, DigestAlgorithm, Entropy, KeyPairAlgorithm, Mac,
    MacAlgorithm, PrivateKey, Provider, PublicKey, Sealer, SealingAlgorithm, SecretBytes,
};

/// What was seen. A clone is the same recorder.
#[derive(Clone, Debug)]
pub(crate) struct Recorder {
    seen: Arc<Mutex<Seen>>,
    entropy: Arc<SeededEntropy>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    /// What was drawn at random for keys.
    pub(crate) drawn: Vec<Vec<u8>>,
    /// Keys that were put to use.
    pub(crate) keys: Vec<Vec<u8>>,
    /// Private keys, PKCS #8, and their public halves.
    pub(crate) pairs: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Recorder {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seen: Arc::default(), entropy: Arc::new(SeededEntropy::new(seed)) }
    }

    pub(crate) fn seen(&self) -> Seen {
        self.seen.lock().unwrap().clone()
    }

    fn key(&self, key: &[u8]) {
        self.seen.lock().unwrap().keys.push(key.to_vec());
    }

    fn pair(&self, pair: Box<dyn PrivateKey>) -> Result<Box<dyn PrivateKey>, CryptoError> {
        let pkcs8 = pair.to_pkcs8()?.expose().to_vec();
        self.seen.lock().unwrap().pairs.push((pkcs8, pair.public().spki().to_vec()));
        Ok(pair)
    }
}

impl Entropy for Recorder {
    fn fill(&self, dest: &mut [u8]) -> Result<(), CryptoError> {
        self.entropy.fill(dest)?;
        // Key IDs are shorter; candidates for primes are longer, and most of them are dropped.
        if (24..=64).contains(&dest.len()) {
            self.seen.lock().unwrap().drawn.push(dest.to_vec());
        }
        Ok(())
    }

    fn fill_nonce(&self, dest: &mut [u8]) -> Result<(), CryptoError> {
        self.entropy.fill(dest)
    }
}

impl Provider for Recorder {
    fn name(&self) -> &'static str {
        "recorder"
    }

    fn aead(&self, algorithm: AeadAlgorithm, key: &[u8]) -> Result<Box<dyn Aead>, CryptoError> {
        self.key(key);
        DefaultProvider.aead(algorithm, key)
    }

    fn sealer(&self, algorithm: SealingAlgorithm, key: &[u8]) -> Result<Box<dyn Sealer>, CryptoError> {
        self.key(key);
        DefaultProvider.sealer(algorithm, key)
    }

    fn mac(&self, algorithm: MacAlgorithm, key: &[u8]) -> Result<Box<dyn Mac>, CryptoError> {
        self.key(key);
        DefaultProvider.mac(algorithm, key)
    }

    fn digest(&self, algorithm: DigestAlgorithm, parts: &[&[u8]]) -> Result<Digest, CryptoError> {
        DefaultProvider.digest(algorithm, parts)
    }

    fn encrypt_cbc(&self, key: &[u8; 32], iv: &[u8; 16], plaintext: &[u8]) -> Result<Vec<u8>, CryptoError> {
        self.key(key);
        DefaultProvider.encrypt_cbc(key, iv, plaintext)
    }

    fn wrap_key(&self, kek: &[u8], key: &[u8]) -> Result<Vec<u8>, CryptoError> {
        self.key(kek);
        self.key(key);
        DefaultProvider.wrap_key(kek, key)
    }

    fn unwrap_key(&self, kek: &[u8], wrapped: &[u8]) -> Result<SecretBytes, CryptoError> {
        self.key(kek);
        DefaultProvider.unwrap_key(kek, wrapped)
    }

    fn generate_key_pair(
        &self,
        algorithm: KeyPairAlgorithm,
        entropy: &dyn Entropy,
    ) -> Result<Box<dyn PrivateKey>, CryptoError> {
        self.pair(DefaultProvider.generate_key_pair(algorithm, entropy)?)
    }

    fn private_key(&self, algorithm: KeyPairAlgorithm, pkcs8: &[u8]) -> Result<Box<dyn PrivateKey>, CryptoError> {
        self.pair(DefaultProvider.private_key(algorithm, pkcs8)?)
    }

    fn trusted_private_key(
        &self,
        algorithm: KeyPairAlgorithm,
        pkcs8: &[u8],
    ) -> Result<Box<dyn PrivateKey>, CryptoError> {
        self.pair(DefaultProvider.trusted_private_key(algorithm, pkcs8)?)
    }

    fn public_key(&self, algorithm: KeyPairAlgorithm, spki: &[u8]) -> Result<Box<dyn PublicKey>, CryptoError> {
        DefaultProvider.public_key(algorithm, spki)
    }
}
