//! Key pairs of the default provider: which module serves which algorithm.

use k256::Secp256k1;
use p256::NistP256;
use p384::NistP384;
use p521::NistP521;
use sha2::{Sha256, Sha384, Sha512};

use super::ec::{EcPrivate, EcPublic};
use super::ed25519::{Ed25519Private, Ed25519Public};
use super::hash;
use super::rsa::{RsaPrivate, RsaPublic};
use crate::{CryptoError, Digest, DigestAlgorithm, Entropy, KeyPairAlgorithm, Message, PrivateKey, PublicKey};
use KeyPairAlgorithm::{Ed25519, P256, P384, P521, Rsa2048, Rsa3072, Rsa4096, Secp256k1 as K256};

pub(super) fn generate(algorithm: KeyPairAlgorithm, entropy: &dyn Entropy) -> Result<Box<dyn PrivateKey>, CryptoError> {
    Ok(match algorithm {
        Rsa2048 | Rsa3072 | Rsa4096 => Box::new(RsaPrivate::generate(algorithm, entropy)?),
        P256 => Box::new(EcPrivate::<NistP256>::generate(entropy)?),
        P384 => Box::new(EcPrivate::<NistP384>::generate(entropy)?),
        P521 => Box::new(EcPrivate::<NistP521>::generate(entropy)?),
        K256 => Box::new(EcPrivate::<Secp256k1>::generate(entropy)?),
        Ed25519 => Box::new(Ed25519Private::generate(entropy)?),
        _ => return Err(CryptoError::Unsupported),
    })
}

pub(super) fn private_key(algorithm: KeyPairAlgorithm, pkcs8: &[u8]) -> Result<Box<dyn PrivateKey>, CryptoError> {
    Ok(match algorithm {
        Rsa2048 | Rsa3072 | Rsa4096 => Box::new(RsaPrivate::from_pkcs8(algorithm, pkcs8)?),
        P256 => Box::new(EcPrivate::<NistP256>::from_pkcs8(pkcs8)?),
        P384 => Box::new(EcPrivate::<NistP384>::from_pkcs8(pkcs8)?),
        P521 => Box::new(EcPrivate::<NistP521>::from_pkcs8(pkcs8)?),
        K256 => Box::new(EcPrivate::<Secp256k1>::from_pkcs8(pkcs8)?),
        Ed25519 => Box::new(Ed25519Private::from_pkcs8(pkcs8)?),
        _ => return Err(CryptoError::Unsupported),
    })
}

pub(super) fn public_key(algorithm: KeyPairAlgorithm, spki: &[u8]) -> Result<Box<dyn PublicKey>, CryptoError> {
    Ok(match algorithm {
        Rsa2048 | Rsa3072 | Rsa4096 => Box::new(RsaPublic::from_spki(algorithm, spki)?),
        P256 => Box::new(EcPublic::<NistP256>::from_spki(spki)?),
        P384 => Box::new(EcPublic::<NistP384>::from_spki(spki)?),
        P521 => Box::new(EcPublic::<NistP521>::from_spki(spki)?),
        K256 => Box::new(EcPublic::<Secp256k1>::from_spki(spki)?),
        Ed25519 => Box::new(Ed25519Public::from_spki(spki)?),
        _ => return Err(CryptoError::Unsupported),
    })
}

/// The hash of a message, or the one that the caller has made.
pub(super) fn prehash(algorithm: DigestAlgorithm, message: Message<'_>) -> Result<Digest, CryptoError> {
    match message {
        Message::Raw(message) => Ok(match algorithm {
            DigestAlgorithm::Sha256 => hash::<Sha256>(&[message]),
            DigestAlgorithm::Sha384 => hash::<Sha384>(&[message]),
            DigestAlgorithm::Sha512 => hash::<Sha512>(&[message]),
            _ => return Err(CryptoError::Unsupported),
        }),
        Message::Digest(digest) if digest.len() == algorithm.output_len() => Ok(Digest::new(digest)),
        Message::Digest(_) => Err(CryptoError::InvalidInput),
        Message::ExternalMu(_) => Err(CryptoError::Unsupported),
    }
}
