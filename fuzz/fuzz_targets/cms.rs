//! Envelopes: any bytes may come to a recipient, also with the right key inside.
#![no_main]

use std::sync::OnceLock;

use keystead_attestation::{RecipientKey, envelope};
use keystead_crypto::entropy::SeededEntropy;
use keystead_crypto::{
    CryptoError, DefaultProvider, EncryptionScheme, Entropy, Message, PrivateKey, Provider, PublicKey, SecretBytes,
    SignatureScheme,
};
use libfuzzer_sys::fuzz_target;

/// A private key that decrypts everything to one content key: RSA would stop the fuzzer at its first step.
#[derive(Debug)]
struct OpensAll(Box<dyn PublicKey>);

impl PrivateKey for OpensAll {
    fn public(&self) -> &dyn PublicKey {
        self.0.as_ref()
    }

    fn to_pkcs8(&self) -> Result<SecretBytes, CryptoError> {
        Err(CryptoError::Unsupported)
    }

    fn sign(&self, _: SignatureScheme, _: Message<'_>, _: &dyn Entropy) -> Result<Vec<u8>, CryptoError> {
        Err(CryptoError::Unsupported)
    }

    fn decrypt(&self, _: EncryptionScheme, _: &[u8], _: &dyn Entropy) -> Result<SecretBytes, CryptoError> {
        Ok(SecretBytes::from(&[0x42; 32]))
    }
}

fn key() -> &'static OpensAll {
    static KEY: OnceLock<OpensAll> = OnceLock::new();
    KEY.get_or_init(|| {
        let spki = include_bytes!("../keys/recipient.der");
        let recipient = RecipientKey::from_spki(spki, &DefaultProvider).expect("a key");
        let public = DefaultProvider.public_key(recipient.algorithm(), spki).expect("a key");
        OpensAll(public)
    })
}

fuzz_target!(|bytes: &[u8]| {
    let entropy = SeededEntropy::new(1);
    if let Ok(plaintext) = envelope::open(bytes, key(), &entropy) {
        assert!(plaintext.len() < bytes.len());
    }
});
