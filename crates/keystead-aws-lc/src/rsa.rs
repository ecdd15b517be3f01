//! RSA signatures and encryption.

use std::fmt;

use aws_lc_rs::digest::{Algorithm as DigestFunction, SHA256, SHA384, SHA512};
use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{
    KeyPair, KeySize, OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OaepAlgorithm, OaepPrivateDecryptingKey,
    OaepPublicEncryptingKey, PrivateDecryptingKey, PublicEncryptingKey,
};
use aws_lc_rs::signature::{
    KeyPair as _, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512,
    RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384,
    RSA_PSS_2048_8192_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384, RSA_PSS_SHA512, RsaParameters, RsaSignatureEncoding,
};
use keystead_crypto::{
    CryptoError, DigestAlgorithm, EncryptionScheme, Entropy, KeyPairAlgorithm, Message, PrivateKey, PublicKey,
    SecretBytes, SignatureScheme,
};

use crate::canonical::AwsLcPrivateKey;
use crate::digest;
use crate::once::Once;

pub(crate) static RSA_2048: Size = Size { algorithm: KeyPairAlgorithm::Rsa2048, modulus: KeySize::Rsa2048 };
pub(crate) static RSA_3072: Size = Size { algorithm: KeyPairAlgorithm::Rsa3072, modulus: KeySize::Rsa3072 };
pub(crate) static RSA_4096: Size = Size { algorithm: KeyPairAlgorithm::Rsa4096, modulus: KeySize::Rsa4096 };

/// A length of modulus.
#[derive(Debug)]
pub(crate) struct Size {
    algorithm: KeyPairAlgorithm,
    modulus: KeySize,
}

/// Blinded, as AWS-LC always is.
pub(crate) struct RsaPrivateKey {
    signing: KeyPair,
    decrypting: Once<OaepPrivateDecryptingKey>,
    public: RsaPublicKey,
}

impl RsaPrivateKey {
    pub(crate) fn generate(size: &'static Size) -> Result<Self, CryptoError> {
        Self::new(size, KeyPair::generate(size.modulus).map_err(|_| CryptoError::Entropy)?)
    }

    fn new(size: &'static Size, signing: KeyPair) -> Result<Self, CryptoError> {
        let spki = signing.public_key().as_der().map_err(|_| CryptoError::InvalidKey)?;
        let public = RsaPublicKey::new(size, spki.as_ref())?;
        Ok(Self { signing, decrypting: Once::new(), public })
    }

    fn decrypting(&self) -> Result<&OaepPrivateDecryptingKey, CryptoError> {
        self.decrypting.get(|| {
            let key = PrivateDecryptingKey::from_pkcs8(self.to_pkcs8()?.expose());
            OaepPrivateDecryptingKey::new(key.map_err(|_| CryptoError::InvalidKey)?)
                .map_err(|_| CryptoError::InvalidKey)
        })
    }
}

impl AwsLcPrivateKey for RsaPrivateKey {
    type Parameters = Size;

    fn algorithm(size: &Size) -> KeyPairAlgorithm {
        size.algorithm
    }

    fn read(size: &'static Size, pkcs8: &[u8]) -> Result<Self, CryptoError> {
        Self::new(size, KeyPair::from_pkcs8(pkcs8).map_err(|_| CryptoError::InvalidKey)?)
    }

    fn write(&self) -> Result<SecretBytes, CryptoError> {
        let der = self.signing.as_der().map_err(|_| CryptoError::InvalidKey)?;
        Ok(SecretBytes::from(der.as_ref()))
    }
}

impl PrivateKey for RsaPrivateKey {
    fn public(&self) -> &dyn PublicKey {
        &self.public
    }

    fn to_pkcs8(&self) -> Result<SecretBytes, CryptoError> {
        self.write()
    }

    fn sign(&self, scheme: SignatureScheme, message: Message<'_>, _: &dyn Entropy) -> Result<Vec<u8>, CryptoError> {
        let padding = &SCHEMES[position(scheme)?];
        let mut signature = vec![0; self.public.modulus_len()];
        match message {
            Message::Raw(message) => self.signing.sign(padding.signing, &SystemRandom::new(), message, &mut signature),
            Message::Digest(value) => {
                let digest = digest::import(padding.hash, value)?;
                self.signing.sign_digest(padding.signing, &digest, &mut signature)
            }
            Message::ExternalMu(_) => return Err(CryptoError::Unsupported),
        }
        .map_err(|_| CryptoError::Entropy)?;
        Ok(signature)
    }

    fn decrypt(
        &self,
        scheme: EncryptionScheme,
        ciphertext: &[u8],
        _: &dyn Entropy,
    ) -> Result<SecretBytes, CryptoError> {
        let padding = oaep(scheme)?;
        let key = self.decrypting()?;
        let mut buffer = SecretBytes::zeroed(key.min_output_size());
        let plaintext = key.decrypt(padding, ciphertext, buffer.as_mut(), None);
        plaintext.map(|plaintext| SecretBytes::from(&*plaintext)).map_err(|_| CryptoError::Unauthenticated)
    }
}

impl fmt::Debug for RsaPrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RsaPrivateKey({:?}, redacted)", self.public.size.algorithm)
    }
}

pub(crate) struct RsaPublicKey {
    size: &'static Size,
    spki: Box<[u8]>,
    encrypting: OaepPublicEncryptingKey,
    /// AWS-LC ties a key to a scheme; in the order of [`SCHEMES`].
    verifying: [Once<ParsedPublicKey>; SCHEMES.len()],
}

impl RsaPublicKey {
    pub(crate) fn new(size: &'static Size, spki: &[u8]) -> Result<Self, CryptoError> {
        let key = PublicEncryptingKey::from_der(spki).map_err(|_| CryptoError::InvalidKey)?;
        if key.key_size_bits() != 8 * size.modulus.len() {
            return Err(CryptoError::InvalidKey);
        }
        let encrypting = OaepPublicEncryptingKey::new(key).map_err(|_| CryptoError::InvalidKey)?;
        Ok(Self { size, spki: spki.into(), encrypting, verifying: [const { Once::new() }; SCHEMES.len()] })
    }

    fn modulus_len(&self) -> usize {
        self.size.modulus.len()
    }
}

impl PublicKey for RsaPublicKey {
    fn algorithm(&self) -> KeyPairAlgorithm {
        self.size.algorithm
    }

    fn spki(&self) -> &[u8] {
        &self.spki
    }

    fn verify(&self, scheme: SignatureScheme, message: Message<'_>, signature: &[u8]) -> Result<(), CryptoError> {
        let position = position(scheme)?;
        let padding = &SCHEMES[position];
        let key = self.verifying[position].get(|| ParsedPublicKey::new(padding.verification, &self.spki));
        let key = key.map_err(|_| CryptoError::InvalidKey)?;
        match message {
            Message::Raw(message) => key.verify_sig(message, signature),
            Message::Digest(value) => key.verify_digest_sig(&digest::import(padding.hash, value)?, signature),
            Message::ExternalMu(_) => return Err(CryptoError::Unsupported),
        }
        .map_err(|_| CryptoError::Unauthenticated)
    }

    fn encrypt(&self, scheme: EncryptionScheme, plaintext: &[u8], _: &dyn Entropy) -> Result<Vec<u8>, CryptoError> {
        let padding = oaep(scheme)?;
        if plaintext.len() > self.encrypting.max_plaintext_size(padding) {
            return Err(CryptoError::InputTooLong);
        }
        let mut ciphertext = vec![0; self.encrypting.ciphertext_size()];
        self.encrypting.encrypt(padding, plaintext, &mut ciphertext, None).map_err(|_| CryptoError::Entropy)?;
        Ok(ciphertext)
    }
}

impl fmt::Debug for RsaPublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RsaPublicKey({:?})", self.size.algorithm)
    }
}

fn oaep(scheme: EncryptionScheme) -> Result<&'static OaepAlgorithm, CryptoError> {
    match scheme {
        EncryptionScheme::RsaOaepSha1 => Ok(&OAEP_SHA1_MGF1SHA1),
        EncryptionScheme::RsaOaepSha256 => Ok(&OAEP_SHA256_MGF1SHA256),
        _ => Err(CryptoError::Unsupported),
    }
}

fn position(scheme: SignatureScheme) -> Result<usize, CryptoError> {
    SCHEMES.iter().position(|padding| padding.scheme == scheme).ok_or(CryptoError::Unsupported)
}

struct Padding {
    scheme: SignatureScheme,
    hash: &'static DigestFunction,
    signing: &'static RsaSignatureEncoding,
    /// AWS-LC takes a salt of exactly the length of the hash, as it makes one.
    verification: &'static RsaParameters,
}

static SCHEMES: [Padding; 6] = [
    Padding {
        scheme: SignatureScheme::RsaPss(DigestAlgorithm::Sha256),
        hash: &SHA256,
        signing: &RSA_PSS_SHA256,
        verification: &RSA_PSS_2048_8192_SHA256,
    },
    Padding {
        scheme: SignatureScheme::RsaPss(DigestAlgorithm::Sha384),
        hash: &SHA384,
        signing: &RSA_PSS_SHA384,
        verification: &RSA_PSS_2048_8192_SHA384,
    },
    Padding {
        scheme: SignatureScheme::RsaPss(DigestAlgorithm::Sha512),
        hash: &SHA512,
        signing: &RSA_PSS_SHA512,
        verification: &RSA_PSS_2048_8192_SHA512,
    },
    Padding {
        scheme: SignatureScheme::RsaPkcs1(DigestAlgorithm::Sha256),
        hash: &SHA256,
        signing: &RSA_PKCS1_SHA256,
        verification: &RSA_PKCS1_2048_8192_SHA256,
    },
    Padding {
        scheme: SignatureScheme::RsaPkcs1(DigestAlgorithm::Sha384),
        hash: &SHA384,
        signing: &RSA_PKCS1_SHA384,
        verification: &RSA_PKCS1_2048_8192_SHA384,
    },
    Padding {
        scheme: SignatureScheme::RsaPkcs1(DigestAlgorithm::Sha512),
        hash: &SHA512,
        signing: &RSA_PKCS1_SHA512,
        verification: &RSA_PKCS1_2048_8192_SHA512,
    },
];
