//! The default provider, but for the generation of RSA keys: seconds each, so a handful is made once and dealt out.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use keystead::crypto::entropy::SystemEntropy;
use keystead::crypto::{
    Aead, AeadAlgorithm, CryptoError, DefaultProvider, Digest, DigestAlgorithm, Entropy, KeyPairAlgorithm, Mac,
    MacAlgorithm, PrivateKey, Provider, PublicKey, Sealer, SealingAlgorithm, SecretBytes,
};

/// How many RSA keys there are.
const RSA_KEYS: usize = 4;

#[derive(Debug, Default)]
pub struct FewRsaKeys {
    default: DefaultProvider,
    dealt: AtomicUsize,
}

impl Provider for FewRsaKeys {
    fn name(&self) -> &'static str {
        self.default.name()
    }

    fn aead(&self, algorithm: AeadAlgorithm, key: &[u8]) -> Result<Box<dyn Aead>, CryptoError> {
        self.default.aead(algorithm, key)
    }

    fn sealer(&self, algorithm: SealingAlgorithm, key: &[u8]) -> Result<Box<dyn Sealer>, CryptoError> {
        self.default.sealer(algorithm, key)
    }

    fn mac(&self, algorithm: MacAlgorithm, key: &[u8]) -> Result<Box<dyn Mac>, CryptoError> {
        self.default.mac(algorithm, key)
    }

    fn digest(&self, algorithm: DigestAlgorithm, parts: &[&[u8]]) -> Result<Digest, CryptoError> {
        self.default.digest(algorithm, parts)
    }

    fn encrypt_cbc(&self, key: &[u8; 32], iv: &[u8; 16], plaintext: &[u8]) -> Result<Vec<u8>, CryptoError> {
        self.default.encrypt_cbc(key, iv, plaintext)
    }

    fn wrap_key(&self, kek: &[u8], key: &[u8]) -> Result<Vec<u8>, CryptoError> {
        self.default.wrap_key(kek, key)
    }

    fn unwrap_key(&self, kek: &[u8], wrapped: &[u8]) -> Result<SecretBytes, CryptoError> {
        self.default.unwrap_key(kek, wrapped)
    }

    fn generate_key_pair(
        &self,
        algorithm: KeyPairAlgorithm,
        entropy: &dyn Entropy,
    ) -> Result<Box<dyn PrivateKey>, CryptoError> {
        if algorithm != KeyPairAlgorithm::Rsa2048 {
            return self.default.generate_key_pair(algorithm, entropy);
        }
        let dealt = self.dealt.fetch_add(1, Ordering::Relaxed);
        self.default.trusted_private_key(algorithm, rsa_keys()[dealt % RSA_KEYS].expose())
    }

    fn private_key(&self, algorithm: KeyPairAlgorithm, pkcs8: &[u8]) -> Result<Box<dyn PrivateKey>, CryptoError> {
        self.default.private_key(algorithm, pkcs8)
    }

    fn trusted_private_key(
        &self,
        algorithm: KeyPairAlgorithm,
        pkcs8: &[u8],
    ) -> Result<Box<dyn PrivateKey>, CryptoError> {
        self.default.trusted_private_key(algorithm, pkcs8)
    }

    fn public_key(&self, algorithm: KeyPairAlgorithm, spki: &[u8]) -> Result<Box<dyn PublicKey>, CryptoError> {
        self.default.public_key(algorithm, spki)
    }
}

fn rsa_keys() -> &'static [SecretBytes] {
    static KEYS: OnceLock<Vec<SecretBytes>> = OnceLock::new();
    KEYS.get_or_init(|| {
        let make = |_| {
            let key = DefaultProvider::new().generate_key_pair(KeyPairAlgorithm::Rsa2048, &SystemEntropy).unwrap();
            key.to_pkcs8().unwrap()
        };
        (0..RSA_KEYS).map(make).collect()
    })
}
