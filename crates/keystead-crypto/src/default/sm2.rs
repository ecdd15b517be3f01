//! SM2 behind the contract.

use crate::sm2::key::{self, PrivateKey, PublicKey};
use crate::sm2::{encryption, signature};
use crate::{CryptoError, EncryptionScheme, Entropy, KeyPairAlgorithm, Message, SecretBytes, SignatureScheme};

impl crate::PrivateKey for PrivateKey {
    fn public(&self) -> &dyn crate::PublicKey {
        PrivateKey::public(self)
    }

    fn to_pkcs8(&self) -> Result<SecretBytes, CryptoError> {
        PrivateKey::to_pkcs8(self)
    }

    fn sign(
        &self,
        scheme: SignatureScheme,
        message: Message<'_>,
        entropy: &dyn Entropy,
    ) -> Result<Vec<u8>, CryptoError> {
        signature::sign(self, &digest(PrivateKey::public(self), scheme, message)?, entropy)
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
        Ok(PrivateKey::agree(self, &PublicKey::from_spki(peer)?))
    }
}

impl crate::PublicKey for PublicKey {
    fn algorithm(&self) -> KeyPairAlgorithm {
        KeyPairAlgorithm::Sm2
    }

    fn spki(&self) -> &[u8] {
        PublicKey::spki(self)
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
fn digest(key: &PublicKey, scheme: SignatureScheme, message: Message<'_>) -> Result<[u8; 32], CryptoError> {
    match (scheme, message) {
        (SignatureScheme::Sm2Dsa, Message::Raw(message)) => Ok(signature::e(key.default_za(), message)),
        (SignatureScheme::Sm2Dsa, Message::Digest(e)) => e.try_into().map_err(|_| CryptoError::InvalidInput),
        _ => Err(CryptoError::Unsupported),
    }
}
