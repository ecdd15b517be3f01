//! XAES-256-GCM against its specification at length and against another implementation.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use keystead_crypto::entropy::SeededEntropy;
use keystead_crypto::{DefaultProvider, Entropy, Provider, Sealer, SealingAlgorithm};
use shake::Shake128;
use shake::digest::{ExtendableOutput, Update, XofReader};
use xaes_256_gcm::Xaes256Gcm;
use xaes_256_gcm::aead::{Aead, KeyInit, Payload};

/// The accumulated tests of <https://c2sp.org/XAES-256-GCM>: keys, nonces and messages from one SHAKE-128 stream,
/// ciphertexts hashed by another.
///
/// Spec: RUL-11
#[test]
fn the_accumulated_ciphertexts_of_c2sp_match() {
    let mut source = Shake128::default().finalize_xof();
    let mut hash = Shake128::default();
    for round in 1..=1_000_000 {
        let (mut key, mut nonce) = ([0; 32], [0; 24]);
        source.read(&mut key);
        source.read(&mut nonce);
        let mut message = short_string(&mut source);
        let aad = short_string(&mut source);
        let tag = sealer(&key).seal(&nonce, &aad, &mut message).unwrap();
        hash.update(&message);
        hash.update(&tag);
        if round == 10_000 {
            assert_eq!(digest(&hash), "e6b9edf2df6cec60c8cbd864e2211b597fb69a529160cd040d56c0c210081939");
        }
    }
    assert_eq!(digest(&hash), "2163ae1445985a30b60585ee67daa55674df06901b890593e824b8a7c885ab15");
}

/// Spec: RUL-11
#[test]
fn another_implementation_opens_what_is_sealed_and_the_reverse() {
    let entropy = SeededEntropy::new(11);
    for length in (0..200).chain([1000, 4096, 5000]) {
        let (mut key, mut nonce, mut aad) = ([0; 32], [0; 24], vec![0; length % 41]);
        let mut plaintext = vec![0; length];
        for part in [&mut key[..], &mut nonce[..], &mut aad[..], &mut plaintext[..]] {
            entropy.fill(part).unwrap();
        }
        let (ours, theirs) = (sealer(&key), Xaes256Gcm::new(&key.into()));

        let mut sealed = plaintext.clone();
        let tag = ours.seal(&nonce, &aad, &mut sealed).unwrap();
        let message = [&sealed[..], &tag].concat();
        let payload = Payload { msg: &plaintext, aad: &aad };
        assert_eq!(theirs.encrypt(&nonce.into(), payload).unwrap(), message, "{length} bytes");
        let payload = Payload { msg: &message, aad: &aad };
        assert_eq!(theirs.decrypt(&nonce.into(), payload).unwrap(), plaintext, "{length} bytes");
    }
}

fn digest(hash: &Shake128) -> String {
    let mut digest = [0; 32];
    hash.clone().finalize_xof().read(&mut digest);
    hex::encode(digest)
}

fn short_string(source: &mut impl XofReader) -> Vec<u8> {
    let mut length = [0];
    source.read(&mut length);
    let mut bytes = vec![0; usize::from(length[0])];
    source.read(&mut bytes);
    bytes
}

fn sealer(key: &[u8]) -> Box<dyn Sealer> {
    DefaultProvider::new().sealer(SealingAlgorithm::Xaes256Gcm, key).unwrap()
}
