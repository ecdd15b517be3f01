//! ML-DSA and ML-KEM keys, signatures and ciphertexts: any bytes may arrive, also as the contents of a well-formed key.
#![no_main]

use arbitrary::Arbitrary;
use keystead_crypto::{
    CryptoError, DefaultProvider, KeyPairAlgorithm, Message, PrivateKey, Provider, SignatureScheme,
    entropy::SeededEntropy,
};
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary, Debug)]
struct Input {
    kind: Kind,
    form: Form,
    bytes: Vec<u8>,
    seed: u64,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Kind {
    MlDsa44,
    MlDsa65,
    MlDsa87,
    MlKem512,
    MlKem768,
    MlKem1024,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Form {
    /// The bytes are all of it.
    Whole,
    /// They stand inside PKCS #8.
    Inside,
    /// They are repeated up to the length of a seed.
    Seed,
    /// They are repeated up to the length of an expanded key.
    Expanded,
}

fuzz_target!(|input: Input| {
    let row = row(input.kind);
    let filled = |length: usize| -> Vec<u8> { input.bytes.iter().copied().chain([0]).cycle().take(length).collect() };
    let pkcs8 = match input.form {
        Form::Whole => input.bytes.clone(),
        Form::Inside => row.pkcs8(&input.bytes),
        Form::Seed => row.pkcs8(&tagged(0x80, &filled(row.seed_len))),
        Form::Expanded => row.pkcs8(&tagged(0x04, &filled(row.expanded_len))),
    };
    if let Ok(key) = DefaultProvider.private_key(row.algorithm, &pkcs8) {
        works(&row, &*key, &input);
    }

    let spki = match input.form {
        Form::Whole => input.bytes.clone(),
        _ => row.spki(&filled(row.public_len)),
    };
    if let Ok(key) = DefaultProvider.public_key(row.algorithm, &spki) {
        assert_eq!(key.spki(), spki, "two encodings of one key");
        // Of a key that nobody made, a signature may happen to verify: all that is asked is an answer.
        let _ = key.verify(SignatureScheme::MlDsa, Message::Raw(b"hello"), &filled(row.output_len));
        let _ = key.encapsulate(&SeededEntropy::new(input.seed));
    }
});

fn works(row: &Row, key: &dyn PrivateKey, input: &Input) {
    let entropy = SeededEntropy::new(input.seed);
    let pkcs8 = key.to_pkcs8().expect("a key has an encoding");
    let again = DefaultProvider.private_key(row.algorithm, pkcs8.expose()).expect("it reads what it writes");
    assert_eq!(again.public().spki(), key.public().spki());
    match key.sign(SignatureScheme::MlDsa, Message::Raw(&input.bytes), &entropy) {
        Ok(signature) => {
            let verdict = again.public().verify(SignatureScheme::MlDsa, Message::Raw(&input.bytes), &signature);
            // Of a key in expanded form, not everything can be checked.
            assert!(verdict.is_ok() || matches!(input.form, Form::Expanded), "a signature does not verify");
        }
        Err(error) => {
            assert_eq!(error, CryptoError::Unsupported);
            let made = again.public().encapsulate(&entropy).expect("encapsulation works");
            assert!(key.decapsulate(&made.ciphertext) == Ok(made.secret), "a secret does not come out");
        }
    }
}

struct Row {
    algorithm: KeyPairAlgorithm,
    /// Last two arcs of the object identifier.
    arcs: [u8; 2],
    seed_len: usize,
    expanded_len: usize,
    public_len: usize,
    /// Of a signature or ciphertext.
    output_len: usize,
}

impl Row {
    fn pkcs8(&self, key: &[u8]) -> Vec<u8> {
        tagged(0x30, &[&[2, 1, 0], &self.identifier()[..], &tagged(0x04, key)].concat())
    }

    fn spki(&self, key: &[u8]) -> Vec<u8> {
        tagged(0x30, &[self.identifier(), tagged(0x03, &[&[0], key].concat())].concat())
    }

    fn identifier(&self) -> Vec<u8> {
        tagged(0x30, &tagged(0x06, &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, self.arcs[0], self.arcs[1]]))
    }
}

fn row(kind: Kind) -> Row {
    let (algorithm, arcs, seed_len, expanded_len, public_len, output_len) = match kind {
        Kind::MlDsa44 => (KeyPairAlgorithm::MlDsa44, [3, 17], 32, 2560, 1312, 2420),
        Kind::MlDsa65 => (KeyPairAlgorithm::MlDsa65, [3, 18], 32, 4032, 1952, 3309),
        Kind::MlDsa87 => (KeyPairAlgorithm::MlDsa87, [3, 19], 32, 4896, 2592, 4627),
        Kind::MlKem512 => (KeyPairAlgorithm::MlKem512, [4, 1], 64, 1632, 800, 768),
        Kind::MlKem768 => (KeyPairAlgorithm::MlKem768, [4, 2], 64, 2400, 1184, 1088),
        Kind::MlKem1024 => (KeyPairAlgorithm::MlKem1024, [4, 3], 64, 3168, 1568, 1568),
    };
    Row { algorithm, arcs, seed_len, expanded_len, public_len, output_len }
}

fn tagged(tag: u8, value: &[u8]) -> Vec<u8> {
    let length = value.len();
    let header = match length {
        0..0x80 => vec![tag, length as u8],
        0x80..0x100 => vec![tag, 0x81, length as u8],
        _ => vec![tag, 0x82, (length >> 8) as u8, length as u8],
    };
    [&header, value].concat()
}
