//! ECDSA and ECDH on the NIST curves.

use std::fmt;

use aws_lc_rs::agreement::{self, ECDH_P256, ECDH_P384, ECDH_P521, UnparsedPublicKey};
use aws_lc_rs::digest::{Algorithm as DigestFunction, SHA256, SHA384, SHA512};
use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1, ECDSA_P384_SHA384_ASN1_SIGNING,
    ECDSA_P521_SHA512_ASN1, ECDSA_P521_SHA512_ASN1_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm,
    EcdsaVerificationAlgorithm, KeyPair, ParsedPublicKey,
};
use keystead_crypto::{
    CryptoError, DigestAlgorithm, Entropy, KeyPairAlgorithm, Message, PrivateKey, Provider, PublicKey, SecretBytes,
    SignatureScheme,
};

use crate::canonical::AwsLcPrivateKey;
use crate::digest;
use crate::once::Once;
use crate::provider::SHARED;

/// A curve and the one signature scheme on it (chapter 30, section 5).
#[derive(Debug)]
pub(crate) struct Curve {
    algorithm: KeyPairAlgorithm,
    scheme: SignatureScheme,
    hash: &'static DigestFunction,
    signing: &'static EcdsaSigningAlgorithm,
    verification: &'static EcdsaVerificationAlgorithm,
    agreement: &'static agreement::Algorithm,
    /// Bytes in a coordinate.
    field_len: usize,
    /// Bytes in PKCS #8 with the public point and nothing else that is optional.
    pkcs8_len: usize,
    /// Bytes in SubjectPublicKeyInfo with an uncompressed point (chapter 30, section 2.2).
    spki_len: usize,
}

pub(crate) static P256: Curve = Curve {
    algorithm: KeyPairAlgorithm::P256,
    scheme: SignatureScheme::Ecdsa(DigestAlgorithm::Sha256),
    hash: &SHA256,
    signing: &ECDSA_P256_SHA256_ASN1_SIGNING,
    verification: &ECDSA_P256_SHA256_ASN1,
    agreement: &ECDH_P256,
    field_len: 32,
    pkcs8_len: 138,
    spki_len: 91,
};

pub(crate) static P384: Curve = Curve {
    algorithm: KeyPairAlgorithm::P384,
    scheme: SignatureScheme::Ecdsa(DigestAlgorithm::Sha384),
    hash: &SHA384,
    signing: &ECDSA_P384_SHA384_ASN1_SIGNING,
    verification: &ECDSA_P384_SHA384_ASN1,
    agreement: &ECDH_P384,
    field_len: 48,
    pkcs8_len: 185,
    spki_len: 120,
};

pub(crate) static P521: Curve = Curve {
    algorithm: KeyPairAlgorithm::P521,
    scheme: SignatureScheme::Ecdsa(DigestAlgorithm::Sha512),
    hash: &SHA512,
    signing: &ECDSA_P521_SHA512_ASN1_SIGNING,
    verification: &ECDSA_P521_SHA512_ASN1,
    agreement: &ECDH_P521,
    field_len: 66,
    pkcs8_len: 241,
    spki_len: 158,
};

pub(crate) struct EcPrivateKey {
    signing: EcdsaKeyPair,
    agreeing: Once<agreement::PrivateKey>,
    public: EcPublicKey,
}

impl EcPrivateKey {
    pub(crate) fn generate(curve: &'static Curve) -> Result<Self, CryptoError> {
        Self::new(curve, EcdsaKeyPair::generate(curve.signing).map_err(|_| CryptoError::Entropy)?)
    }

    fn new(curve: &'static Curve, signing: EcdsaKeyPair) -> Result<Self, CryptoError> {
        let spki = signing.public_key().as_der().map_err(|_| CryptoError::InvalidKey)?;
        let public = EcPublicKey::new(curve, spki.as_ref())?;
        Ok(Self { signing, agreeing: Once::new(), public })
    }

    fn agreeing(&self) -> Result<&agreement::PrivateKey, CryptoError> {
        self.agreeing.get(|| {
            let pkcs8 = self.write()?;
            agreement::PrivateKey::from_private_key_der(self.public.curve.agreement, pkcs8.expose())
                .map_err(|_| CryptoError::InvalidKey)
        })
    }
}

impl AwsLcPrivateKey for EcPrivateKey {
    type Parameters = Curve;

    fn algorithm(curve: &Curve) -> KeyPairAlgorithm {
        curve.algorithm
    }

    /// AWS-LC writes a key without its public point, or with a compressed one, if it read it so. Such keys are refused by
    /// their length: `to_pkcs8` writes the whole point (ASY-83).
    fn read(curve: &'static Curve, pkcs8: &[u8]) -> Result<Self, CryptoError> {
        if pkcs8.len() != curve.pkcs8_len {
            return Err(CryptoError::InvalidKey);
        }
        Self::new(curve, EcdsaKeyPair::from_pkcs8(curve.signing, pkcs8).map_err(|_| CryptoError::InvalidKey)?)
    }

    fn write(&self) -> Result<SecretBytes, CryptoError> {
        let der = self.signing.to_pkcs8v1().map_err(|_| CryptoError::InvalidKey)?;
        Ok(SecretBytes::from(der.as_ref()))
    }
}

impl PrivateKey for EcPrivateKey {
    fn public(&self) -> &dyn PublicKey {
        &self.public
    }

    fn to_pkcs8(&self) -> Result<SecretBytes, CryptoError> {
        self.write()
    }

    fn sign(&self, scheme: SignatureScheme, message: Message<'_>, _: &dyn Entropy) -> Result<Vec<u8>, CryptoError> {
        let curve = self.public.curve;
        curve.check_scheme(scheme)?;
        let signature = match message {
            Message::Raw(message) => self.signing.sign(&SystemRandom::new(), message),
            Message::Digest(value) => self.signing.sign_digest(&digest::import(curve.hash, value)?),
            Message::ExternalMu(_) => return Err(CryptoError::Unsupported),
        };
        Ok(signature.map_err(|_| CryptoError::Entropy)?.as_ref().to_vec())
    }

    fn agree(&self, peer: &[u8]) -> Result<SecretBytes, CryptoError> {
        let curve = self.public.curve;
        if self.public.has_same_form(peer) {
            return curve.agree(self.agreeing()?, peer);
        }
        curve.agree(self.agreeing()?, SHARED.public_key(curve.algorithm, peer)?.spki())
    }
}

impl fmt::Debug for EcPrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EcPrivateKey({:?}, redacted)", self.public.curve.algorithm)
    }
}

pub(crate) struct EcPublicKey {
    curve: &'static Curve,
    spki: Box<[u8]>,
    verifying: ParsedPublicKey,
}

impl EcPublicKey {
    pub(crate) fn new(curve: &'static Curve, spki: &[u8]) -> Result<Self, CryptoError> {
        if spki.len() != curve.spki_len {
            return Err(CryptoError::InvalidKey);
        }
        let verifying = ParsedPublicKey::new(curve.verification, spki).map_err(|_| CryptoError::InvalidKey)?;
        Ok(Self { curve, spki: spki.into(), verifying })
    }

    /// Whether `spki` is as this key's, but for the coordinates: the same curve, uncompressed, nothing else in it.
    fn has_same_form(&self, spki: &[u8]) -> bool {
        let head = self.curve.spki_len - 2 * self.curve.field_len;
        spki.len() == self.spki.len() && spki[..head] == self.spki[..head]
    }
}

impl PublicKey for EcPublicKey {
    fn algorithm(&self) -> KeyPairAlgorithm {
        self.curve.algorithm
    }

    fn spki(&self) -> &[u8] {
        &self.spki
    }

    fn verify(&self, scheme: SignatureScheme, message: Message<'_>, signature: &[u8]) -> Result<(), CryptoError> {
        self.curve.check_scheme(scheme)?;
        match message {
            Message::Raw(message) => self.verifying.verify_sig(message, signature),
            Message::Digest(value) => {
                self.verifying.verify_digest_sig(&digest::import(self.curve.hash, value)?, signature)
            }
            Message::ExternalMu(_) => return Err(CryptoError::Unsupported),
        }
        .map_err(|_| CryptoError::Unauthenticated)
    }
}

impl fmt::Debug for EcPublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EcPublicKey({:?})", self.curve.algorithm)
    }
}

impl Curve {
    fn check_scheme(&self, scheme: SignatureScheme) -> Result<(), CryptoError> {
        if scheme == self.scheme { Ok(()) } else { Err(CryptoError::Unsupported) }
    }

    fn agree(&self, key: &agreement::PrivateKey, peer: &[u8]) -> Result<SecretBytes, CryptoError> {
        let peer = UnparsedPublicKey::new(self.agreement, peer);
        agreement::agree(key, peer, CryptoError::InvalidKey, |secret| Ok(SecretBytes::from(secret)))
    }
}
