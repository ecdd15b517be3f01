//! The sources of randomness: distinct, reproducible where they say so.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::HashSet;
use std::thread;

use keystead_crypto::entropy::{OsEntropy, SeededEntropy, SystemEntropy};
use keystead_crypto::{CryptoError, Entropy};

type Source = fn(&mut [u8]) -> Result<(), CryptoError>;

/// Far more draws than one pool holds, from several threads at once.
#[test]
fn no_two_draws_are_equal() {
    let sources: [Source; 4] = [
        |dest| OsEntropy.fill(dest),
        |dest| OsEntropy.fill_nonce(dest),
        |dest| SystemEntropy.fill(dest),
        |dest| SystemEntropy.fill_nonce(dest),
    ];
    for source in sources {
        let threads: Vec<_> = (0..4).map(|_| thread::spawn(move || draws(source, 5000))).collect();
        let mut seen = HashSet::new();
        for thread in threads {
            for draw in thread.join().unwrap() {
                assert!(seen.insert(draw), "a draw came twice");
            }
        }
    }
}

#[test]
fn every_length_is_filled_to_the_last_byte() {
    for length in (0..600).chain([4079, 4080, 4081, 10_000]) {
        let mut union = vec![0; length];
        // A byte that stays zero through 16 draws is one in 2^128.
        for _ in 0..16 {
            let mut dest = vec![0; length];
            SystemEntropy.fill_nonce(&mut dest).unwrap();
            for (seen, byte) in union.iter_mut().zip(&dest) {
                *seen |= byte;
            }
        }
        assert!(union.iter().all(|&byte| byte != 0), "{length} bytes");
    }
}

/// Counts ones in a megabit: a bias of half a percent would be ten standard deviations.
#[test]
fn bits_are_balanced() {
    let mut ones = 0u32;
    for _ in 0..5208 {
        let mut nonce = [0; 24];
        SystemEntropy.fill_nonce(&mut nonce).unwrap();
        ones += nonce.iter().map(|byte| byte.count_ones()).sum::<u32>();
    }
    assert!((495_000..505_000).contains(&ones), "{ones} ones among 999,936 bits");
}

/// Spec: KEY-02
#[test]
fn a_seed_decides_every_byte() {
    let stream = |source: SeededEntropy| {
        let (mut key, mut nonce, mut last) = ([0; 32], [0; 24], [0; 5]);
        source.fill(&mut key).unwrap();
        source.fill_nonce(&mut nonce).unwrap();
        source.fill(&mut last).unwrap();
        (key, nonce, last)
    };
    assert_eq!(stream(SeededEntropy::new(1)), stream(SeededEntropy::new(1)));
    assert_ne!(stream(SeededEntropy::new(1)), stream(SeededEntropy::new(2)));
    assert_eq!(stream(SeededEntropy::from_bytes([9; 32])), stream(SeededEntropy::from_bytes([9; 32])));
}

/// AES-256 under a key of zeros, of the counters 0 and 1. Tests that depend on a seed rely on it between releases.
#[test]
fn the_stream_of_a_seed_is_pinned() {
    let mut bytes = [0; 20];
    SeededEntropy::from_bytes([0; 32]).fill(&mut bytes).unwrap();
    assert_eq!(hex::encode(bytes), "dc95c078a2408989ad48a21492842087530f8afb");
}

#[test]
fn threads_share_a_seeded_source_without_sharing_bytes() {
    let source = SeededEntropy::new(3);
    let mut seen = HashSet::new();
    thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    (0..1000)
                        .map(|_| {
                            let mut dest = [0; 24];
                            source.fill(&mut dest).unwrap();
                            dest
                        })
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        for thread in threads {
            for draw in thread.join().unwrap() {
                assert!(seen.insert(draw), "a draw came twice");
            }
        }
    });
}

fn draws(source: Source, count: usize) -> Vec<[u8; 24]> {
    (0..count)
        .map(|_| {
            let mut dest = [0; 24];
            source(&mut dest).unwrap();
            dest
        })
        .collect()
}
