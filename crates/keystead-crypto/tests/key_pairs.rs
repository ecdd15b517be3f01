//! Key pairs of the default provider.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use keystead_crypto::KeyPairAlgorithm::{self, Ed25519, P256, P384, P521, Rsa2048, Rsa3072, Rsa4096, Secp256k1};
use keystead_crypto::{CryptoError, DefaultProvider, Message, Provider, entropy::SeededEntropy};
use keystead_crypto::{DigestAlgorithm, SignatureScheme};

/// Spec: ASY-16, ASY-83
#[test]
fn public_keys_have_exactly_the_sizes_of_the_table() {
    let entropy = SeededEntropy::new(1);
    for (algorithm, size) in SPKI_SIZES {
        let key = DefaultProvider.generate_key_pair(algorithm, &entropy).unwrap();
        assert_eq!(key.public().spki().len(), size, "{algorithm:?}");
        assert_eq!(KeyPairAlgorithm::of_spki(key.public().spki()), Some(algorithm));
        let pkcs8 = key.to_pkcs8().unwrap();
        assert_eq!(KeyPairAlgorithm::of_pkcs8(pkcs8.expose()), Some(algorithm));
        let again = DefaultProvider.private_key(algorithm, pkcs8.expose()).unwrap();
        assert_eq!(again.public().spki(), key.public().spki());
        assert_eq!(again.to_pkcs8().unwrap(), pkcs8);
    }
}

#[test]
fn signatures_of_every_algorithm_verify() {
    let entropy = SeededEntropy::new(2);
    for (algorithm, scheme) in [
        (P256, SignatureScheme::Ecdsa(DigestAlgorithm::Sha256)),
        (P384, SignatureScheme::Ecdsa(DigestAlgorithm::Sha384)),
        (P521, SignatureScheme::Ecdsa(DigestAlgorithm::Sha512)),
        (Secp256k1, SignatureScheme::Ecdsa(DigestAlgorithm::Sha256)),
        (Ed25519, SignatureScheme::Ed25519),
        (Rsa2048, SignatureScheme::RsaPss(DigestAlgorithm::Sha384)),
        (Rsa2048, SignatureScheme::RsaPkcs1(DigestAlgorithm::Sha512)),
    ] {
        let key = DefaultProvider.generate_key_pair(algorithm, &entropy).unwrap();
        let message = Message::Raw(b"message");
        let signature = key.sign(scheme, message, &entropy).unwrap();
        assert_eq!(key.public().verify(scheme, message, &signature), Ok(()), "{algorithm:?}");
        let other = key.public().verify(scheme, Message::Raw(b"other"), &signature);
        assert_eq!(other, Err(CryptoError::Unauthenticated), "{algorithm:?}");
    }
}

const SPKI_SIZES: [(KeyPairAlgorithm, usize); 8] = [
    (Rsa2048, 294),
    (Rsa3072, 422),
    (Rsa4096, 550),
    (P256, 91),
    (P384, 120),
    (P521, 158),
    (Secp256k1, 88),
    (Ed25519, 44),
];
