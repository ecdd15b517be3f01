//! Example keys of RFC 9881 and RFC 9935: every form of a private key belongs to the same public key.

use super::Suite;
use super::encoding::{OCTET_STRING, pkcs8, tagged};
use super::testdata::{Record, records};
use crate::{CryptoError, KeyPairAlgorithm, Message, PrivateKey, SignatureScheme};

pub(super) fn run(suite: &mut Suite<'_>) {
    for record in records(include_str!("../../testdata/rfc9881.txt")) {
        let (algorithm, expanded_len) = match record.text("set") {
            "ML-DSA-44" => (KeyPairAlgorithm::MlDsa44, 2560),
            "ML-DSA-65" => (KeyPairAlgorithm::MlDsa65, 4032),
            "ML-DSA-87" => (KeyPairAlgorithm::MlDsa87, 4896),
            other => panic!("`{other}` is not a parameter set"),
        };
        match record.find("inconsistent") {
            Some(_) => inconsistent(suite, algorithm, &record),
            None => ml_dsa(suite, algorithm, expanded_len, &record),
        }
    }
    for record in records(include_str!("../../testdata/rfc9935.txt")) {
        let algorithm = match record.text("set") {
            "ML-KEM-512" => KeyPairAlgorithm::MlKem512,
            "ML-KEM-768" => KeyPairAlgorithm::MlKem768,
            "ML-KEM-1024" => KeyPairAlgorithm::MlKem1024,
            other => panic!("`{other}` is not a parameter set"),
        };
        ml_kem(suite, algorithm, &record);
    }
}

fn ml_dsa(suite: &mut Suite<'_>, algorithm: KeyPairAlgorithm, expanded_len: usize, record: &Record<'_>) {
    let (seed, both) = (record.bytes("seed"), record.bytes("both"));
    let expanded = tagged(OCTET_STRING, &[&both[both.len() - expanded_len..]]);
    let expanded = pkcs8(&seed[IDENTIFIER], &expanded);
    for (form, written) in [(&seed, &seed), (&both, &seed), (&expanded, &expanded)] {
        let Some(key) = opened(suite, algorithm, record, form, written) else { return };
        let message = Message::Raw(b"a message");
        let signature = key.sign(SignatureScheme::MlDsa, message, &suite.entropy).expect("signing succeeds");
        let Some(public) = suite.public_key(algorithm, &record.bytes("public")) else { return };
        assert_eq!(public.verify(SignatureScheme::MlDsa, message, &signature), Ok(()), "{algorithm:?}");
    }
}

fn ml_kem(suite: &mut Suite<'_>, algorithm: KeyPairAlgorithm, record: &Record<'_>) {
    for form in [record.bytes("seed"), record.bytes("expanded")] {
        let Some(key) = opened(suite, algorithm, record, &form, &form) else { return };
        let Some(public) = suite.public_key(algorithm, &record.bytes("public")) else { return };
        let made = public.encapsulate(&suite.entropy).expect("encapsulation succeeds");
        assert_eq!(key.decapsulate(&made.ciphertext).as_ref(), Ok(&made.secret), "{algorithm:?}");
    }
}

/// The private key, when it has the published public key and is written as it should be.
fn opened(
    suite: &mut Suite<'_>,
    algorithm: KeyPairAlgorithm,
    record: &Record<'_>,
    form: &[u8],
    written: &[u8],
) -> Option<Box<dyn PrivateKey>> {
    let key = suite.private_key(algorithm, form)?;
    assert_eq!(key.public().spki(), record.bytes("public"), "{algorithm:?}: the example public key");
    let encoded = key.to_pkcs8().expect("a key has an encoding");
    assert_eq!(encoded.expose(), written, "{algorithm:?}: the encoding of an example key");
    Some(key)
}

fn inconsistent(suite: &mut Suite<'_>, algorithm: KeyPairAlgorithm, record: &Record<'_>) {
    suite.report.checks += 1;
    let name = record.text("name");
    match suite.provider.private_key(algorithm, &record.bytes("inconsistent")) {
        Err(CryptoError::InvalidKey | CryptoError::Unsupported) => {}
        made => panic!("{algorithm:?}: {name}: {:?}", made.map(drop)),
    }
}

/// Where the AlgorithmIdentifier stands in a private key that is as short as a seed.
const IDENTIFIER: std::ops::Range<usize> = 5..18;
