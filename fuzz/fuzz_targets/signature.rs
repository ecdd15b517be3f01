//! Signatures: any bytes may be one, and none that was not made is right.
#![no_main]

use std::sync::LazyLock;

use arbitrary::Arbitrary;
use keystead_crypto::{DefaultProvider, DigestAlgorithm, KeyPairAlgorithm, Message, PrivateKey, Provider};
use keystead_crypto::{SignatureScheme, entropy::SeededEntropy};
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary, Debug)]
struct Input {
    curve: u8,
    signature: Vec<u8>,
    at: usize,
    with: u8,
}

fuzz_target!(|input: Input| {
    let (key, scheme, made) = &KEYS[usize::from(input.curve) % KEYS.len()];
    let message = Message::Raw(b"message");
    assert!(key.public().verify(*scheme, message, &input.signature).is_err(), "nobody made this");

    let mut changed = made.clone();
    let at = input.at % changed.len();
    changed[at] ^= input.with;
    let right = key.public().verify(*scheme, message, &changed).is_ok();
    assert_eq!(right, input.with == 0, "there is one encoding of a signature");
});

type Key = (Box<dyn PrivateKey>, SignatureScheme, Vec<u8>);

static KEYS: LazyLock<Vec<Key>> = LazyLock::new(|| {
    let entropy = SeededEntropy::new(1);
    let curves = [
        (KeyPairAlgorithm::P256, DigestAlgorithm::Sha256),
        (KeyPairAlgorithm::P384, DigestAlgorithm::Sha384),
        (KeyPairAlgorithm::P521, DigestAlgorithm::Sha512),
        (KeyPairAlgorithm::Secp256k1, DigestAlgorithm::Sha256),
    ];
    let keys = curves.map(|(curve, hash)| {
        let key = DefaultProvider.generate_key_pair(curve, &entropy).expect("a key");
        let scheme = SignatureScheme::Ecdsa(hash);
        let made = key.sign(scheme, Message::Raw(b"message"), &entropy).expect("a signature");
        (key, scheme, made)
    });
    keys.into()
});
