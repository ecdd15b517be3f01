//! ML-DSA keys of NIST ACVP from their seeds; ML-KEM keys of the self-test of AWS-LC, and what they open.

use super::Suite;
use super::encoding::{OCTET_STRING, pkcs8, sequence, spki, tagged};
use super::testdata::{Record, records};
use crate::KeyPairAlgorithm;

pub(super) fn run(suite: &mut Suite<'_>) {
    for record in records(include_str!("../../testdata/acvp_ml_dsa.txt")) {
        ml_dsa(suite, &record);
    }
    for record in records(include_str!("../../testdata/aws_lc_ml_kem.txt")) {
        ml_kem(suite, &record);
    }
}

/// Seed, public key and, of some, the expanded private key.
fn ml_dsa(suite: &mut Suite<'_>, record: &Record<'_>) {
    let (algorithm, identifier) = set(record.text("set"));
    let (seed, public) = (record.bytes("seed"), spki(&identifier, &record.bytes("pk")));
    let seed_form = pkcs8(&identifier, &tagged(SEED, &[&seed]));
    let Some(key) = suite.private_key(algorithm, &seed_form) else { return };
    assert_eq!(key.public().spki(), public, "{algorithm:?}: ACVP key generation {}", record.text("tcid"));
    if record.find("sk").is_none() {
        return;
    }
    // A provider derives the expanded key to compare it.
    let both = sequence(&[&tagged(OCTET_STRING, &[&seed]), &tagged(OCTET_STRING, &[&record.bytes("sk")])]);
    let Some(key) = suite.private_key(algorithm, &pkcs8(&identifier, &both)) else { return };
    assert_eq!(key.to_pkcs8().expect("a key has an encoding").expose(), seed_form, "{algorithm:?}");
}

/// Seed and public key; or expanded key, ciphertext and secret.
fn ml_kem(suite: &mut Suite<'_>, record: &Record<'_>) {
    let (algorithm, identifier) = set(record.text("set"));
    let name = record.text("name");
    let form = match record.find("dk") {
        None => tagged(SEED, &[&record.bytes("d"), &record.bytes("z")]),
        Some(_) => tagged(OCTET_STRING, &[&record.bytes("dk")]),
    };
    let Some(key) = suite.private_key(algorithm, &pkcs8(&identifier, &form)) else { return };
    if record.find("ek").is_some() {
        assert_eq!(key.public().spki(), spki(&identifier, &record.bytes("ek")), "{algorithm:?}: {name}");
    }
    if record.find("c").is_some() {
        let opened = key.decapsulate(&record.bytes("c")).expect("the length is right");
        assert_eq!(opened.expose(), record.bytes("k"), "{algorithm:?}: {name}");
    }
}

/// Algorithm and AlgorithmIdentifier (RFC 9881, section 2; RFC 9935, section 3).
fn set(name: &str) -> (KeyPairAlgorithm, Vec<u8>) {
    let (algorithm, arcs) = match name {
        "ML-DSA-44" => (KeyPairAlgorithm::MlDsa44, [3, 17]),
        "ML-DSA-65" => (KeyPairAlgorithm::MlDsa65, [3, 18]),
        "ML-DSA-87" => (KeyPairAlgorithm::MlDsa87, [3, 19]),
        "ML-KEM-512" => (KeyPairAlgorithm::MlKem512, [4, 1]),
        "ML-KEM-768" => (KeyPairAlgorithm::MlKem768, [4, 2]),
        "ML-KEM-1024" => (KeyPairAlgorithm::MlKem1024, [4, 3]),
        other => panic!("`{other}` is not a parameter set"),
    };
    (algorithm, sequence(&[&tagged(0x06, &[&[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04], &arcs])]))
}

/// `[0] IMPLICIT`, the tag of a seed.
const SEED: u8 = 0x80;
