//! SM2 ciphertexts: any bytes may arrive, every form has one encoding, and only untouched ones decrypt.
#![no_main]

use std::sync::LazyLock;

use arbitrary::Arbitrary;
use keystead_crypto::sm2::{self, CiphertextOrder};
use keystead_crypto::{
    CryptoError, DefaultProvider, EncryptionScheme, KeyPairAlgorithm, PrivateKey, Provider, entropy::SeededEntropy,
};
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary, Debug)]
struct Input {
    bytes: Vec<u8>,
    plaintext: Vec<u8>,
    seed: u64,
    at: usize,
    with: u8,
}

fuzz_target!(|input: Input| {
    let entropy = SeededEntropy::new(input.seed);
    let decrypt = |ciphertext: &[u8]| KEY.decrypt(EncryptionScheme::Sm2Pke, ciphertext, &entropy);

    assert_eq!(decrypt(&input.bytes), Err(CryptoError::Unauthenticated), "nobody encrypted this");
    for order in [CiphertextOrder::C1C2C3, CiphertextOrder::C1C3C2] {
        if let Ok(raw) = sm2::ciphertext_from_der(&input.bytes, order) {
            assert_eq!(sm2::ciphertext_to_der(&raw, order).as_ref(), Ok(&input.bytes), "two encodings of one thing");
        }
        if let Ok(der) = sm2::ciphertext_to_der(&input.bytes, order) {
            assert_eq!(sm2::ciphertext_from_der(&der, order).as_ref(), Ok(&input.bytes));
        }
    }

    if input.plaintext.is_empty() {
        return;
    }
    let spki = KEY.public().spki();
    let mut ciphertext = sm2::encrypt(spki, &input.plaintext, &entropy).expect("a short plaintext encrypts");
    assert_eq!(decrypt(&ciphertext).expect("an untouched ciphertext decrypts").expose(), input.plaintext);
    let at = input.at % ciphertext.len();
    ciphertext[at] ^= input.with;
    assert_eq!(decrypt(&ciphertext).is_ok(), input.with == 0, "an altered ciphertext decrypts");
});

static KEY: LazyLock<Box<dyn PrivateKey>> =
    LazyLock::new(|| DefaultProvider.generate_key_pair(KeyPairAlgorithm::Sm2, &SeededEntropy::new(1)).expect("a key"));
