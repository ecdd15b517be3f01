//! What holds for every authenticated encryption, whatever its nonce.

use std::fmt;

use super::{Suite, array};
use crate::{CryptoError, TAG_LEN};

pub(super) type Seal<'a, const NONCE: usize> =
    &'a dyn Fn(&[u8; NONCE], &[u8], &mut [u8]) -> Result<[u8; TAG_LEN], CryptoError>;
pub(super) type Open<'a, const NONCE: usize> =
    &'a dyn Fn(&[u8; NONCE], &[u8], &mut [u8], &[u8; TAG_LEN]) -> Result<(), CryptoError>;

pub(super) fn check<const NONCE: usize>(
    suite: &mut Suite<'_>,
    algorithm: &dyn fmt::Debug,
    seal: Seal<'_, NONCE>,
    open: Open<'_, NONCE>,
) {
    for length in (0..300).chain((300..LONGEST).step_by(97)).chain([511, 512, 1023, 1024, 1025, 4095, 4096, LONGEST]) {
        round_trip(suite, algorithm, length, seal, open);
    }
    for length in [0, 1, 16, 33, 200] {
        tampering(suite, algorithm, length, seal, open);
    }
}

/// Whether `printed` shows a piece of `secret`: eight bytes of it in hexadecimal, or three as a list of numbers.
pub(super) fn shows(printed: &str, secret: &[u8]) -> bool {
    let printed = printed.to_lowercase();
    let as_hex = secret.windows(8).any(|piece| printed.contains(&hex::encode(piece)));
    let as_list = secret.windows(3).any(|piece| {
        let list = format!("{piece:?}");
        printed.contains(list.trim_matches(['[', ']']))
    });
    as_hex || as_list
}

pub(super) fn flipped(bytes: &[u8], bit: usize) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[bit / 8] ^= 1 << (bit % 8);
    bytes
}

fn round_trip<const NONCE: usize>(
    suite: &mut Suite<'_>,
    algorithm: &dyn fmt::Debug,
    length: usize,
    seal: Seal<'_, NONCE>,
    open: Open<'_, NONCE>,
) {
    suite.report.checks += 1;
    let nonce = array(&suite.random(NONCE));
    let (aad, plaintext) = (suite.random(length % 67), suite.random(length));
    let mut buffer = plaintext.clone();
    let tag = seal(&nonce, &aad, &mut buffer).expect("sealing a short message succeeds");
    assert!(!leaks(&buffer, &plaintext), "{algorithm:?}: ciphertext of {length} bytes shows plaintext");
    assert_eq!(open(&nonce, &aad, &mut buffer, &tag), Ok(()), "{algorithm:?}: {length} bytes");
    assert_eq!(buffer, plaintext, "{algorithm:?}: {length} bytes");
}

/// One flipped bit anywhere, or a part of another length, is refused and leaves no plaintext behind.
fn tampering<const NONCE: usize>(
    suite: &mut Suite<'_>,
    algorithm: &dyn fmt::Debug,
    length: usize,
    seal: Seal<'_, NONCE>,
    open: Open<'_, NONCE>,
) {
    let nonce: [u8; NONCE] = array(&suite.random(NONCE));
    let (aad, plaintext) = (suite.random(20), suite.random(length));
    let mut ciphertext = plaintext.clone();
    let tag = seal(&nonce, &aad, &mut ciphertext).expect("sealing a short message succeeds");

    let mut refused = |part: &str, nonce: &[u8; NONCE], aad: &[u8], ciphertext: &[u8], tag: &[u8; TAG_LEN]| {
        suite.report.checks += 1;
        let mut buffer = ciphertext.to_vec();
        let opened = open(nonce, aad, &mut buffer, tag);
        assert_eq!(opened, Err(CryptoError::Unauthenticated), "{algorithm:?}: {part} changed, {length} bytes");
        assert!(!leaks(&buffer, &plaintext), "{algorithm:?}: {part} changed, {length} bytes: plaintext left behind");
    };
    for bit in 0..8 * NONCE {
        refused("nonce", &array(&flipped(&nonce, bit)), &aad, &ciphertext, &tag);
    }
    for bit in 0..8 * aad.len() {
        refused("associated data", &nonce, &flipped(&aad, bit), &ciphertext, &tag);
    }
    for bit in 0..8 * ciphertext.len() {
        refused("ciphertext", &nonce, &aad, &flipped(&ciphertext, bit), &tag);
    }
    for bit in 0..8 * TAG_LEN {
        refused("tag", &nonce, &aad, &ciphertext, &array(&flipped(&tag, bit)));
    }
    refused("associated data", &nonce, &[], &ciphertext, &tag);
    refused("associated data", &nonce, &aad[1..], &ciphertext, &tag);
    refused("associated data", &nonce, &[&aad[..], &[0]].concat(), &ciphertext, &tag);
    refused("ciphertext", &nonce, &aad, &[&ciphertext[..], &[0]].concat(), &tag);
    for cut in 0..length {
        refused("ciphertext", &nonce, &aad, &ciphertext[..cut], &tag);
    }
}

/// Whether eight bytes in a row stand where the plaintext has them. Chance does that once in 2^64.
fn leaks(buffer: &[u8], plaintext: &[u8]) -> bool {
    buffer.windows(8).zip(plaintext.windows(8)).any(|(left, right)| left == right)
}

const LONGEST: usize = 5000;
