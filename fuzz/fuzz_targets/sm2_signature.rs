//! SM2 signatures and keys: any bytes may arrive, and only untouched signatures verify.
#![no_main]

use std::sync::LazyLock;

use arbitrary::Arbitrary;
use keystead_crypto::{
    CryptoError, DefaultProvider, KeyPairAlgorithm, Message, PrivateKey, Provider, SignatureScheme,
    entropy::SeededEntropy, sm2,
};
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary, Debug)]
struct Input {
    bytes: Vec<u8>,
    id: Vec<u8>,
    message: Vec<u8>,
    seed: u64,
    at: usize,
    with: u8,
}

fuzz_target!(|input: Input| {
    let spki = KEY.public().spki();
    if input.id.len() <= sm2::MAX_ID_LEN {
        let verdict = sm2::verify(&input.id, spki, &input.message, &input.bytes);
        assert_eq!(verdict, Err(CryptoError::Unauthenticated), "nobody signed this");
        let digest = sm2::e(&input.id, spki, &input.message).expect("the ID is short");
        let entropy = SeededEntropy::new(input.seed);
        let signature = KEY.sign(SignatureScheme::Sm2Dsa, Message::Digest(&digest), &entropy);
        let mut signature = signature.expect("signing works");
        assert_eq!(sm2::verify(&input.id, spki, &input.message, &signature), Ok(()));
        let at = input.at % signature.len();
        signature[at] ^= input.with;
        let verdict = sm2::verify(&input.id, spki, &input.message, &signature);
        assert_eq!(verdict.is_ok(), input.with == 0, "an altered signature verifies");
    }

    if let Ok(key) = DefaultProvider.public_key(KeyPairAlgorithm::Sm2, &input.bytes) {
        let again = DefaultProvider.public_key(KeyPairAlgorithm::Sm2, key.spki()).expect("it reads what it writes");
        assert_eq!(again.spki(), key.spki());
    }
    if let Ok(key) = DefaultProvider.private_key(KeyPairAlgorithm::Sm2, &input.bytes) {
        let pkcs8 = key.to_pkcs8().expect("a key has an encoding");
        let again = DefaultProvider.private_key(KeyPairAlgorithm::Sm2, pkcs8.expose());
        assert_eq!(again.expect("it reads what it writes").public().spki(), key.public().spki());
    }
});

static KEY: LazyLock<Box<dyn PrivateKey>> =
    LazyLock::new(|| DefaultProvider.generate_key_pair(KeyPairAlgorithm::Sm2, &SeededEntropy::new(1)).expect("a key"));
