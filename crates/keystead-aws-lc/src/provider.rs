//! The provider: which module serves which algorithm.

use keystead_crypto::{
    Aead, AeadAlgorithm, CryptoError, DefaultProvider, Digest, DigestAlgorithm, Entropy, KeyPairAlgorithm, Mac,
    MacAlgorithm, PrivateKey, Provider, PublicKey, Sealer, SealingAlgorithm, SecretBytes, xaes,
};

use crate::aead::Gcm;
use crate::ec::{self, EcPrivateKey, EcPublicKey};
use crate::ed25519::{Ed25519PrivateKey, Ed25519PublicKey};
use crate::mac::HmacKey;
use crate::ml_dsa::{self, MlDsaPrivateKey, MlDsaPublicKey};
use crate::ml_kem::{self, MlKemPrivateKey, MlKemPublicKey};
use crate::rsa::{self, RsaPrivateKey, RsaPublicKey};
use crate::{canonical, digest, key_wrap};

/// Every algorithm of the contract, from AWS-LC where it has it. The crate documentation says which does what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AwsLcProvider;

impl AwsLcProvider {
    /// The provider. It has no state and costs nothing to make.
    pub const fn new() -> Self {
        Self
    }
}

impl Provider for AwsLcProvider {
    fn name(&self) -> &'static str {
        if cfg!(feature = "fips") { "aws-lc-fips" } else { "aws-lc" }
    }

    fn aead(&self, algorithm: AeadAlgorithm, key: &[u8]) -> Result<Box<dyn Aead>, CryptoError> {
        match algorithm {
            AeadAlgorithm::Aes128Gcm | AeadAlgorithm::Aes192Gcm | AeadAlgorithm::Aes256Gcm => {
                check_length(key, algorithm.key_len())?;
                Ok(Box::new(Gcm::new(key)?))
            }
            _ => SHARED.aead(algorithm, key),
        }
    }

    fn sealer(&self, algorithm: SealingAlgorithm, key: &[u8]) -> Result<Box<dyn Sealer>, CryptoError> {
        match algorithm {
            SealingAlgorithm::Xaes128Gcm | SealingAlgorithm::Xaes192Gcm | SealingAlgorithm::Xaes256Gcm => {
                check_length(key, algorithm.key_len())?;
                xaes::<Gcm>(key)
            }
            _ => SHARED.sealer(algorithm, key),
        }
    }

    fn mac(&self, algorithm: MacAlgorithm, key: &[u8]) -> Result<Box<dyn Mac>, CryptoError> {
        match HmacKey::new(algorithm, key) {
            Some(mac) => Ok(Box::new(mac)),
            None => SHARED.mac(algorithm, key),
        }
    }

    fn digest(&self, algorithm: DigestAlgorithm, parts: &[&[u8]]) -> Result<Digest, CryptoError> {
        match digest::function(algorithm) {
            Some(function) => Ok(digest::hash(function, parts)),
            None => SHARED.digest(algorithm, parts),
        }
    }

    fn encrypt_cbc(&self, key: &[u8; 32], iv: &[u8; 16], plaintext: &[u8]) -> Result<Vec<u8>, CryptoError> {
        SHARED.encrypt_cbc(key, iv, plaintext)
    }

    fn wrap_key(&self, kek: &[u8], key: &[u8]) -> Result<Vec<u8>, CryptoError> {
        match key_wrap::cipher(kek) {
            Some(cipher) => key_wrap::wrap(cipher, kek, key),
            None => SHARED.wrap_key(kek, key),
        }
    }

    fn unwrap_key(&self, kek: &[u8], wrapped: &[u8]) -> Result<SecretBytes, CryptoError> {
        match key_wrap::cipher(kek) {
            Some(cipher) => key_wrap::unwrap(cipher, kek, wrapped),
            None => SHARED.unwrap_key(kek, wrapped),
        }
    }

    fn generate_key_pair(
        &self,
        algorithm: KeyPairAlgorithm,
        entropy: &dyn Entropy,
    ) -> Result<Box<dyn PrivateKey>, CryptoError> {
        Ok(match Family::of(algorithm) {
            Family::Rsa(size) => Box::new(RsaPrivateKey::generate(size)?),
            Family::Ec(curve) => Box::new(EcPrivateKey::generate(curve)?),
            Family::Ed25519 => Box::new(Ed25519PrivateKey::generate()?),
            Family::MlDsa(set) => Box::new(MlDsaPrivateKey::generate(set)?),
            Family::MlKem(set) => Box::new(MlKemPrivateKey::new(set, SHARED.generate_key_pair(algorithm, entropy)?)?),
            Family::Shared => return SHARED.generate_key_pair(algorithm, entropy),
        })
    }

    fn private_key(&self, algorithm: KeyPairAlgorithm, pkcs8: &[u8]) -> Result<Box<dyn PrivateKey>, CryptoError> {
        Ok(match Family::of(algorithm) {
            Family::Rsa(size) => Box::new(canonical::private_key::<RsaPrivateKey>(size, pkcs8)?),
            Family::Ec(curve) => Box::new(canonical::private_key::<EcPrivateKey>(curve, pkcs8)?),
            Family::Ed25519 => Box::new(canonical::private_key::<Ed25519PrivateKey>(&(), pkcs8)?),
            Family::MlDsa(set) => Box::new(canonical::private_key::<MlDsaPrivateKey>(set, pkcs8)?),
            Family::MlKem(set) => Box::new(MlKemPrivateKey::new(set, SHARED.private_key(algorithm, pkcs8)?)?),
            Family::Shared => return SHARED.private_key(algorithm, pkcs8),
        })
    }

    fn trusted_private_key(
        &self,
        algorithm: KeyPairAlgorithm,
        pkcs8: &[u8],
    ) -> Result<Box<dyn PrivateKey>, CryptoError> {
        Ok(match Family::of(algorithm) {
            Family::Rsa(size) => Box::new(canonical::trusted_private_key::<RsaPrivateKey>(size, pkcs8)?),
            Family::Ec(curve) => Box::new(canonical::trusted_private_key::<EcPrivateKey>(curve, pkcs8)?),
            Family::Ed25519 => Box::new(canonical::trusted_private_key::<Ed25519PrivateKey>(&(), pkcs8)?),
            Family::MlDsa(set) => Box::new(canonical::trusted_private_key::<MlDsaPrivateKey>(set, pkcs8)?),
            Family::MlKem(set) => Box::new(MlKemPrivateKey::new(set, SHARED.trusted_private_key(algorithm, pkcs8)?)?),
            Family::Shared => return SHARED.trusted_private_key(algorithm, pkcs8),
        })
    }

    /// The default provider reads the key, checks it and brings it into its one form, and AWS-LC reads that.
    fn public_key(&self, algorithm: KeyPairAlgorithm, spki: &[u8]) -> Result<Box<dyn PublicKey>, CryptoError> {
        let key = SHARED.public_key(algorithm, spki)?;
        Ok(match Family::of(algorithm) {
            Family::Rsa(size) => Box::new(RsaPublicKey::new(size, key.spki())?),
            Family::Ec(curve) => Box::new(EcPublicKey::new(curve, key.spki())?),
            Family::Ed25519 => Box::new(Ed25519PublicKey::new(key)?),
            Family::MlDsa(set) => Box::new(MlDsaPublicKey::new(set, key.spki())?),
            Family::MlKem(set) => Box::new(MlKemPublicKey::new(set, key.spki())?),
            Family::Shared => key,
        })
    }
}

/// What serves the algorithms that AWS-LC lacks.
pub(crate) const SHARED: DefaultProvider = DefaultProvider::new();

/// Which module serves an algorithm, and with which parameters.
enum Family {
    Rsa(&'static rsa::Size),
    Ec(&'static ec::Curve),
    Ed25519,
    MlDsa(&'static ml_dsa::ParameterSet),
    MlKem(&'static ml_kem::ParameterSet),
    Shared,
}

impl Family {
    fn of(algorithm: KeyPairAlgorithm) -> Self {
        match algorithm {
            KeyPairAlgorithm::Rsa2048 => Self::Rsa(&rsa::RSA_2048),
            KeyPairAlgorithm::Rsa3072 => Self::Rsa(&rsa::RSA_3072),
            KeyPairAlgorithm::Rsa4096 => Self::Rsa(&rsa::RSA_4096),
            KeyPairAlgorithm::P256 => Self::Ec(&ec::P256),
            KeyPairAlgorithm::P384 => Self::Ec(&ec::P384),
            KeyPairAlgorithm::P521 => Self::Ec(&ec::P521),
            KeyPairAlgorithm::Ed25519 => Self::Ed25519,
            KeyPairAlgorithm::MlDsa44 => Self::MlDsa(&ml_dsa::ML_DSA_44),
            KeyPairAlgorithm::MlDsa65 => Self::MlDsa(&ml_dsa::ML_DSA_65),
            KeyPairAlgorithm::MlDsa87 => Self::MlDsa(&ml_dsa::ML_DSA_87),
            KeyPairAlgorithm::MlKem512 => Self::MlKem(&ml_kem::ML_KEM_512),
            KeyPairAlgorithm::MlKem768 => Self::MlKem(&ml_kem::ML_KEM_768),
            KeyPairAlgorithm::MlKem1024 => Self::MlKem(&ml_kem::ML_KEM_1024),
            _ => Self::Shared,
        }
    }
}

fn check_length(key: &[u8], expected: usize) -> Result<(), CryptoError> {
    if key.len() == expected { Ok(()) } else { Err(CryptoError::InvalidKey) }
}
