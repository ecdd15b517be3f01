//! Key pairs of the default provider: which module serves which algorithm.

use crate::{CryptoError, Entropy, KeyPairAlgorithm, PrivateKey, PublicKey};

pub(super) fn generate(
    algorithm: KeyPairAlgorithm,
    _entropy: &dyn Entropy,
) -> Result<Box<dyn PrivateKey>, CryptoError> {
    match algorithm {
        _ => Err(CryptoError::Unsupported),
    }
}

pub(super) fn private_key(algorithm: KeyPairAlgorithm, _pkcs8: &[u8]) -> Result<Box<dyn PrivateKey>, CryptoError> {
    match algorithm {
        _ => Err(CryptoError::Unsupported),
    }
}

pub(super) fn public_key(algorithm: KeyPairAlgorithm, _spki: &[u8]) -> Result<Box<dyn PublicKey>, CryptoError> {
    match algorithm {
        _ => Err(CryptoError::Unsupported),
    }
}
