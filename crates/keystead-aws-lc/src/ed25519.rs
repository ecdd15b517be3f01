//! Ed25519. Its prehashed form, Ed25519ph, is the default provider's.

use std::fmt;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, ParsedPublicKey};
use keystead_crypto::{
    CryptoError, Entropy, KeyPairAlgorithm, Message, PrivateKey, Provider, PublicKey, SecretBytes, SignatureScheme,
};

use crate::canonical::AwsLcPrivateKey;
use crate::once::Once;
use crate::provider::SHARED;

pub(crate) struct Ed25519PrivateKey {
    signing: Ed25519KeyPair,
    shared: Once<Box<dyn PrivateKey>>,
    public: Ed25519PublicKey,
}

impl Ed25519PrivateKey {
    pub(crate) fn generate() -> Result<Self, CryptoError> {
        Self::new(Ed25519KeyPair::generate().map_err(|_| CryptoError::Entropy)?)
    }

    fn new(signing: Ed25519KeyPair) -> Result<Self, CryptoError> {
        let spki = signing.public_key().as_der().map_err(|_| CryptoError::InvalidKey)?;
        let public = Ed25519PublicKey::new(SHARED.public_key(KeyPairAlgorithm::Ed25519, spki.as_ref())?)?;
        Ok(Self { signing, shared: Once::new(), public })
    }
}

impl AwsLcPrivateKey for Ed25519PrivateKey {
    type Parameters = ();

    fn algorithm(_: &()) -> KeyPairAlgorithm {
        KeyPairAlgorithm::Ed25519
    }

    fn read(_: &'static (), pkcs8: &[u8]) -> Result<Self, CryptoError> {
        Self::new(Ed25519KeyPair::from_pkcs8(pkcs8).map_err(|_| CryptoError::InvalidKey)?)
    }

    fn write(&self) -> Result<SecretBytes, CryptoError> {
        let der = self.signing.to_pkcs8v1().map_err(|_| CryptoError::InvalidKey)?;
        Ok(SecretBytes::from(der.as_ref()))
    }
}

impl PrivateKey for Ed25519PrivateKey {
    fn public(&self) -> &dyn PublicKey {
        &self.public
    }

    fn to_pkcs8(&self) -> Result<SecretBytes, CryptoError> {
        self.write()
    }

    fn sign(
        &self,
        scheme: SignatureScheme,
        message: Message<'_>,
        entropy: &dyn Entropy,
    ) -> Result<Vec<u8>, CryptoError> {
        if let (SignatureScheme::Ed25519, Message::Raw(message)) = (scheme, message) {
            let signature = self.signing.try_sign(message).map_err(|_| CryptoError::Unsupported)?;
            return Ok(signature.as_ref().to_vec());
        }
        let shared =
            self.shared.get(|| SHARED.trusted_private_key(KeyPairAlgorithm::Ed25519, self.write()?.expose()))?;
        shared.sign(scheme, message, entropy)
    }
}

impl fmt::Debug for Ed25519PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ed25519PrivateKey(redacted)")
    }
}

#[derive(Debug)]
pub(crate) struct Ed25519PublicKey {
    verifying: ParsedPublicKey,
    shared: Box<dyn PublicKey>,
}

impl Ed25519PublicKey {
    /// AWS-LC looks at the point only when it verifies; the default provider has looked at that of `shared`.
    pub(crate) fn new(shared: Box<dyn PublicKey>) -> Result<Self, CryptoError> {
        let verifying = ParsedPublicKey::new(&ED25519, shared.spki()).map_err(|_| CryptoError::InvalidKey)?;
        Ok(Self { verifying, shared })
    }
}

impl PublicKey for Ed25519PublicKey {
    fn algorithm(&self) -> KeyPairAlgorithm {
        KeyPairAlgorithm::Ed25519
    }

    fn spki(&self) -> &[u8] {
        self.shared.spki()
    }

    fn verify(&self, scheme: SignatureScheme, message: Message<'_>, signature: &[u8]) -> Result<(), CryptoError> {
        match (scheme, message) {
            (SignatureScheme::Ed25519, Message::Raw(message)) => {
                self.verifying.verify_sig(message, signature).map_err(|_| CryptoError::Unauthenticated)
            }
            _ => self.shared.verify(scheme, message, signature),
        }
    }
}
