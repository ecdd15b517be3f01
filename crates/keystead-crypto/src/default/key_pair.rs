//! Key pairs of the default provider: which module serves which algorithm.

use crate::sm2;
use crate::{CryptoError, Entropy, KeyPairAlgorithm, PrivateKey, PublicKey};

pub(super) fn generate(algorithm: KeyPairAlgorithm, entropy: &dyn Entropy) -> Result<Box<dyn PrivateKey>, CryptoError> {
    Ok(match algorithm {
        KeyPairAlgorithm::Sm2 => Box::new(sm2::key::PrivateKey::generate(entropy)?),
        _ => return Err(CryptoError::Unsupported),
    })
}

pub(super) fn private_key(algorithm: KeyPairAlgorithm, pkcs8: &[u8]) -> Result<Box<dyn PrivateKey>, CryptoError> {
    Ok(match algorithm {
        KeyPairAlgorithm::Sm2 => Box::new(sm2::key::PrivateKey::from_pkcs8(pkcs8)?),
        _ => return Err(CryptoError::Unsupported),
    })
}

pub(super) fn public_key(algorithm: KeyPairAlgorithm, spki: &[u8]) -> Result<Box<dyn PublicKey>, CryptoError> {
    Ok(match algorithm {
        KeyPairAlgorithm::Sm2 => Box::new(sm2::key::PublicKey::from_spki(spki)?),
        _ => return Err(CryptoError::Unsupported),
    })
}
