//! SM2 behind the contract.

pub(crate) mod ciphertext;
pub(crate) mod encryption;
pub(crate) mod key;
pub(crate) mod signature;

use crate::{
    CryptoError, EncryptionScheme, Entropy, KeyPairAlgorithm, Message, PrivateKey, PublicKey, SecretBytes,
    SignatureScheme,
};
use key::{Sm2Private, Sm2Public};

impl PrivateKey for Sm2Private {
    fn public(&self) -> &dyn PublicKey {
        Sm2Private::public(self)
    }

    fn to_pkcs8(&self) -> Result<SecretBytes, CryptoError> {
        Sm2Private::to_pkcs8(self)
    }

    fn sign(
        &self,
        scheme: SignatureScheme,
        message: Message<'_>,
        entropy: &dyn Entropy,
    ) -> Result<Vec<u8>, CryptoError> {
        signature::sign(self, &digest(Sm2Private::public(self), scheme, message)?, entropy)
    }

    fn decrypt(
        &self,
        scheme: EncryptionScheme,
        ciphertext: &[u8],
        _: &dyn Entropy,
    ) -> Result<SecretBytes, CryptoError> {
        match scheme {
            EncryptionScheme::Sm2Pke => encryption::decrypt(self, ciphertext),
            _ => Err(CryptoError::Unsupported),
        }
    }

    fn agree(&self, peer: &[u8]) -> Result<SecretBytes, CryptoError> {
        Ok(Sm2Private::agree(self, &Sm2Public::from_spki(peer)?))
    }
}

impl PublicKey for Sm2Public {
    fn algorithm(&self) -> KeyPairAlgorithm {
        KeyPairAlgorithm::Sm2
    }

    fn spki(&self) -> &[u8] {
        Sm2Public::spki(self)
    }

    fn verify(&self, scheme: SignatureScheme, message: Message<'_>, signature: &[u8]) -> Result<(), CryptoError> {
        signature::verify(self, &digest(self, scheme, message)?, signature)
    }

    fn encrypt(
        &self,
        scheme: EncryptionScheme,
        plaintext: &[u8],
        entropy: &dyn Entropy,
    ) -> Result<Vec<u8>, CryptoError> {
        match scheme {
            EncryptionScheme::Sm2Pke => encryption::encrypt(self, plaintext, || key::nonce(entropy)),
            _ => Err(CryptoError::Unsupported),
        }
    }
}

/// The digest `e` of a message (ASY-40, ASY-41).
fn digest(key: &Sm2Public, scheme: SignatureScheme, message: Message<'_>) -> Result<[u8; 32], CryptoError> {
    match (scheme, message) {
        (SignatureScheme::Sm2Dsa, Message::Raw(message)) => Ok(signature::e(key.default_za(), message)),
        (SignatureScheme::Sm2Dsa, Message::Digest(e)) => e.try_into().map_err(|_| CryptoError::InvalidInput),
        _ => Err(CryptoError::Unsupported),
    }
}
