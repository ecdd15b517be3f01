//! Hash functions.

use super::vectors::{DIGESTS, MILLION};
use super::{Suite, unhex};
use crate::DigestAlgorithm;

pub(super) fn run(suite: &mut Suite<'_>) {
    for &(algorithm, message, expected) in DIGESTS {
        if let Some(digest) = suite.digest(algorithm, &[message.as_bytes()]) {
            assert_eq!(digest.as_ref(), unhex(expected), "{algorithm:?} of `{message}`");
        }
    }
    let thousand = [b'a'; 1000];
    for &(algorithm, expected) in MILLION {
        if let Some(digest) = suite.digest(algorithm, &[&thousand[..]; 1000]) {
            assert_eq!(digest.as_ref(), unhex(expected), "{algorithm:?} of a million letters");
        }
    }
    for algorithm in DigestAlgorithm::ALL {
        parts_are_concatenated(suite, algorithm);
    }
}

fn parts_are_concatenated(suite: &mut Suite<'_>, algorithm: DigestAlgorithm) {
    let message = suite.random(200);
    let Some(whole) = suite.digest(algorithm, &[&message]) else { return };
    assert_eq!(whole.as_ref().len(), algorithm.output_len(), "{algorithm:?}: length of the value");
    for cut in 0..=message.len() {
        let (head, tail) = message.split_at(cut);
        let Some(digest) = suite.digest(algorithm, &[head, &[], tail]) else { return };
        assert_eq!(digest.as_ref(), whole.as_ref(), "{algorithm:?}: message cut at {cut}");
    }
}
