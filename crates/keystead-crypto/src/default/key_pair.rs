//! Key pairs of the default provider: which module serves which algorithm.

use k256::Secp256k1;
use ml_dsa::{MlDsa44, MlDsa65, MlDsa87};
use ml_kem::{MlKem512, MlKem768, MlKem1024};
use p256::NistP256;
use p384::NistP384;
use p521::NistP521;
use sha2::{Sha256, Sha384, Sha512};

use super::ec::{EcPrivate, EcPublic};
use super::ed25519::{Ed25519Private, Ed25519Public};
use super::hash;
use super::ml_dsa::{MlDsaPrivate, MlDsaPublic};
use super::ml_kem::{MlKemPrivate, MlKemPublic};
use super::rsa::{RsaPrivate, RsaPublic};
use super::sm2::key::{Sm2Private, Sm2Public};
use crate::{CryptoError, Digest, DigestAlgorithm, Entropy, KeyPairAlgorithm, Message, PrivateKey, PublicKey};

pub(super) fn generate(algorithm: KeyPairAlgorithm, entropy: &dyn Entropy) -> Result<Box<dyn PrivateKey>, CryptoError> {
    Ok(match algorithm {
        KeyPairAlgorithm::Rsa2048 | KeyPairAlgorithm::Rsa3072 | KeyPairAlgorithm::Rsa4096 => {
            Box::new(RsaPrivate::generate(algorithm, entropy)?)
        }
        KeyPairAlgorithm::P256 => Box::new(EcPrivate::<NistP256>::generate(entropy)?),
        KeyPairAlgorithm::P384 => Box::new(EcPrivate::<NistP384>::generate(entropy)?),
        KeyPairAlgorithm::P521 => Box::new(EcPrivate::<NistP521>::generate(entropy)?),
        KeyPairAlgorithm::Secp256k1 => Box::new(EcPrivate::<Secp256k1>::generate(entropy)?),
        KeyPairAlgorithm::Ed25519 => Box::new(Ed25519Private::generate(entropy)?),
        KeyPairAlgorithm::Sm2 => Box::new(Sm2Private::generate(entropy)?),
        KeyPairAlgorithm::MlDsa44 => Box::new(MlDsaPrivate::<MlDsa44>::generate(entropy)?),
        KeyPairAlgorithm::MlDsa65 => Box::new(MlDsaPrivate::<MlDsa65>::generate(entropy)?),
        KeyPairAlgorithm::MlDsa87 => Box::new(MlDsaPrivate::<MlDsa87>::generate(entropy)?),
        KeyPairAlgorithm::MlKem512 => Box::new(MlKemPrivate::<MlKem512>::generate(entropy)?),
        KeyPairAlgorithm::MlKem768 => Box::new(MlKemPrivate::<MlKem768>::generate(entropy)?),
        KeyPairAlgorithm::MlKem1024 => Box::new(MlKemPrivate::<MlKem1024>::generate(entropy)?),
    })
}

pub(super) fn private_key(
    algorithm: KeyPairAlgorithm,
    pkcs8: &[u8],
    origin: Origin,
) -> Result<Box<dyn PrivateKey>, CryptoError> {
    Ok(match algorithm {
        KeyPairAlgorithm::Rsa2048 | KeyPairAlgorithm::Rsa3072 | KeyPairAlgorithm::Rsa4096 => {
            Box::new(RsaPrivate::from_pkcs8(algorithm, pkcs8, origin)?)
        }
        KeyPairAlgorithm::P256 => Box::new(EcPrivate::<NistP256>::from_pkcs8(pkcs8)?),
        KeyPairAlgorithm::P384 => Box::new(EcPrivate::<NistP384>::from_pkcs8(pkcs8)?),
        KeyPairAlgorithm::P521 => Box::new(EcPrivate::<NistP521>::from_pkcs8(pkcs8)?),
        KeyPairAlgorithm::Secp256k1 => Box::new(EcPrivate::<Secp256k1>::from_pkcs8(pkcs8)?),
        KeyPairAlgorithm::Ed25519 => Box::new(Ed25519Private::from_pkcs8(pkcs8)?),
        KeyPairAlgorithm::Sm2 => Box::new(Sm2Private::from_pkcs8(pkcs8)?),
        KeyPairAlgorithm::MlDsa44 => Box::new(MlDsaPrivate::<MlDsa44>::from_pkcs8(pkcs8)?),
        KeyPairAlgorithm::MlDsa65 => Box::new(MlDsaPrivate::<MlDsa65>::from_pkcs8(pkcs8)?),
        KeyPairAlgorithm::MlDsa87 => Box::new(MlDsaPrivate::<MlDsa87>::from_pkcs8(pkcs8)?),
        KeyPairAlgorithm::MlKem512 => Box::new(MlKemPrivate::<MlKem512>::from_pkcs8(pkcs8)?),
        KeyPairAlgorithm::MlKem768 => Box::new(MlKemPrivate::<MlKem768>::from_pkcs8(pkcs8)?),
        KeyPairAlgorithm::MlKem1024 => Box::new(MlKemPrivate::<MlKem1024>::from_pkcs8(pkcs8)?),
    })
}

pub(super) fn public_key(algorithm: KeyPairAlgorithm, spki: &[u8]) -> Result<Box<dyn PublicKey>, CryptoError> {
    Ok(match algorithm {
        KeyPairAlgorithm::Rsa2048 | KeyPairAlgorithm::Rsa3072 | KeyPairAlgorithm::Rsa4096 => {
            Box::new(RsaPublic::from_spki(algorithm, spki)?)
        }
        KeyPairAlgorithm::P256 => Box::new(EcPublic::<NistP256>::from_spki(spki)?),
        KeyPairAlgorithm::P384 => Box::new(EcPublic::<NistP384>::from_spki(spki)?),
        KeyPairAlgorithm::P521 => Box::new(EcPublic::<NistP521>::from_spki(spki)?),
        KeyPairAlgorithm::Secp256k1 => Box::new(EcPublic::<Secp256k1>::from_spki(spki)?),
        KeyPairAlgorithm::Ed25519 => Box::new(Ed25519Public::from_spki(spki)?),
        KeyPairAlgorithm::Sm2 => Box::new(Sm2Public::from_spki(spki)?),
        KeyPairAlgorithm::MlDsa44 => Box::new(MlDsaPublic::<MlDsa44>::from_spki(spki)?),
        KeyPairAlgorithm::MlDsa65 => Box::new(MlDsaPublic::<MlDsa65>::from_spki(spki)?),
        KeyPairAlgorithm::MlDsa87 => Box::new(MlDsaPublic::<MlDsa87>::from_spki(spki)?),
        KeyPairAlgorithm::MlKem512 => Box::new(MlKemPublic::<MlKem512>::from_spki(spki)?),
        KeyPairAlgorithm::MlKem768 => Box::new(MlKemPublic::<MlKem768>::from_spki(spki)?),
        KeyPairAlgorithm::MlKem1024 => Box::new(MlKemPublic::<MlKem1024>::from_spki(spki)?),
    })
}

/// Where a private key comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// This provider has made or checked it before.
    Known,
    /// Anywhere.
    Unknown,
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
