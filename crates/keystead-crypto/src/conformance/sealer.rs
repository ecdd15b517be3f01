//! The XAES construction.

use super::vectors::{SEALING, SEALING_NONCE, SEALING_PLAINTEXT};
use super::{Suite, WRONG_KEY_LENGTHS, array, properties, unhex, unhex_array};
use crate::{AeadAlgorithm, MacAlgorithm, SEALING_NONCE_LEN, SealingAlgorithm};

pub(super) fn run(suite: &mut Suite<'_>) {
    known_answers(suite);
    for algorithm in SealingAlgorithm::ALL {
        composition(suite, algorithm);
        let key = suite.random(algorithm.key_len());
        let Some(sealer) = suite.sealer(algorithm, &key) else { continue };
        properties::check::<SEALING_NONCE_LEN>(
            suite,
            &algorithm,
            &|nonce, aad, in_out| sealer.seal(nonce, aad, in_out),
            &|nonce, aad, in_out, tag| sealer.open(nonce, aad, in_out, tag),
        );
        assert!(!properties::shows(&format!("{sealer:?}"), &key), "{algorithm:?}: `Debug` prints the key");
        for length in WRONG_KEY_LENGTHS.into_iter().chain([16, 24, 32]).filter(|&len| len != algorithm.key_len()) {
            let made = suite.provider.sealer(algorithm, &vec![0; length]);
            suite.refused(&algorithm, length, made);
        }
    }
}

fn known_answers(suite: &mut Suite<'_>) {
    for vector in SEALING {
        let algorithm = vector.algorithm;
        let Some(sealer) = suite.sealer(algorithm, &vec![vector.key_byte; algorithm.key_len()]) else { continue };
        let (aad, tag) = (vector.aad.as_bytes(), unhex_array(vector.tag));
        let mut buffer = SEALING_PLAINTEXT.to_vec();
        assert_eq!(sealer.seal(SEALING_NONCE, aad, &mut buffer), Ok(tag), "{algorithm:?}: key {}", vector.key_byte);
        assert_eq!(buffer, unhex(vector.ciphertext), "{algorithm:?}: key {}", vector.key_byte);
        assert_eq!(
            sealer.open(SEALING_NONCE, aad, &mut buffer, &tag),
            Ok(()),
            "{algorithm:?}: key {}",
            vector.key_byte
        );
        assert_eq!(buffer, SEALING_PLAINTEXT, "{algorithm:?}: key {}", vector.key_byte);
    }
}

/// The construction spelled out over the provider's own CMAC and GCM.
fn composition(suite: &mut Suite<'_>, algorithm: SealingAlgorithm) {
    let (mac, aead) = match algorithm {
        SealingAlgorithm::Xaes128Gcm => (MacAlgorithm::AesCmac, AeadAlgorithm::Aes128Gcm),
        SealingAlgorithm::Xaes192Gcm => (MacAlgorithm::AesCmac, AeadAlgorithm::Aes192Gcm),
        SealingAlgorithm::Xaes256Gcm => (MacAlgorithm::AesCmac, AeadAlgorithm::Aes256Gcm),
        SealingAlgorithm::Xsm4Gcm => (MacAlgorithm::Sm4Cmac, AeadAlgorithm::Sm4Gcm),
    };
    for round in 0..100 {
        let key = suite.random(algorithm.key_len());
        let nonce: [u8; SEALING_NONCE_LEN] = array(&suite.random(SEALING_NONCE_LEN));
        let (aad, plaintext) = (suite.random(round), suite.random(3 * round));
        let Some(prf) = suite.mac(mac, &key) else { return };
        let mut subkey = Vec::new();
        for counter in [1, 2] {
            subkey.extend_from_slice(prf.sign(&[&[0, counter, b'X', 0], &nonce[..12]]).as_ref());
        }
        let Some(aead) = suite.aead(aead, &subkey[..algorithm.key_len()]) else { return };
        let Some(sealer) = suite.sealer(algorithm, &key) else { return };
        let (mut expected, mut sealed) = (plaintext.clone(), plaintext);
        let expected_tag = aead.seal(&array(&nonce[12..]), &aad, &mut expected);
        assert_eq!(sealer.seal(&nonce, &aad, &mut sealed), expected_tag, "{algorithm:?}: tag of round {round}");
        assert_eq!(sealed, expected, "{algorithm:?}: ciphertext of round {round}");
    }
}
