//! Secrets do not show, and compare as values.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fmt::Debug;

use keystead_crypto::entropy::{Entropy, SeededEntropy};
use keystead_crypto::{
    AeadAlgorithm, CryptoError, DefaultProvider, Digest, MacAlgorithm, Provider, SealingAlgorithm, SecretBytes,
    constant_time_eq, hkdf,
};

/// Spec: KEY-99
#[test]
fn debug_of_no_secret_bearing_type_prints_key_bytes() {
    let key: [u8; 32] = std::array::from_fn(|i| 0xa1 + i as u8);
    let provider = DefaultProvider::new();
    let mut printed: Vec<Box<dyn Debug>> = vec![
        Box::new(SecretBytes::from(&key)),
        Box::new(Some(SecretBytes::from(key.to_vec()))),
        Box::new(Digest::new(&key)),
        Box::new(SeededEntropy::from_bytes(key)),
    ];
    for algorithm in AeadAlgorithm::ALL {
        printed.push(Box::new(provider.aead(algorithm, &key[..algorithm.key_len()]).unwrap()));
    }
    for algorithm in SealingAlgorithm::ALL {
        printed.push(Box::new(provider.sealer(algorithm, &key[..algorithm.key_len()]).unwrap()));
    }
    for algorithm in MacAlgorithm::ALL {
        printed.push(Box::new(provider.mac(algorithm, &key[..16]).unwrap()));
    }
    assert_eq!(printed.len(), 19);
    for value in printed {
        for text in [format!("{value:?}"), format!("{value:#?}")] {
            let text = text.to_lowercase();
            for pair in key.windows(2) {
                let [as_hex, as_number] = [hex::encode(pair), pair[0].to_string()];
                assert!(!text.contains(&as_hex) && !text.contains(&as_number), "{text}");
            }
        }
    }
}

/// Spec: KEY-99
#[test]
fn secret_bytes_compare_by_value_and_clone_into_secret_bytes() {
    let secret = SecretBytes::from(b"correct horse");
    let copy: SecretBytes = secret.clone();
    assert_eq!(secret, copy);
    assert_ne!(secret, SecretBytes::from(b"correct house"));
    assert_ne!(secret, SecretBytes::from(b"correct"));
    assert_eq!(secret.expose(), b"correct horse");
    assert_eq!((secret.len(), secret.is_empty()), (13, false));
    assert!(SecretBytes::default().is_empty());
    assert_eq!(SecretBytes::zeroed(3).expose(), [0, 0, 0]);
}

#[test]
fn random_secrets_come_from_the_given_source_and_its_failure_is_reported() {
    let mut expected = [0; 32];
    SeededEntropy::new(5).fill(&mut expected).unwrap();
    assert_eq!(SecretBytes::random(&SeededEntropy::new(5), 32).unwrap().expose(), expected);
    assert_eq!(SecretBytes::random(&Broken, 32), Err(CryptoError::Entropy));
}

#[test]
fn constant_time_eq_is_equality() {
    assert!(constant_time_eq(b"", b"") && constant_time_eq(b"same", b"same"));
    assert!(!constant_time_eq(b"same", b"sane") && !constant_time_eq(b"same", b"sam") && !constant_time_eq(b"", b"x"));
}

#[test]
fn hkdf_refuses_a_cmac_and_too_much_output_and_leaves_the_buffer() {
    let provider = DefaultProvider::new();
    let mut out = vec![7; 255 * 32 + 1];
    let too_long = hkdf(&provider, MacAlgorithm::HmacSha256, b"", b"secret", b"", &mut out);
    assert_eq!(too_long, Err(CryptoError::OutputTooLong));
    let cmac = hkdf(&provider, MacAlgorithm::AesCmac, &[0; 16], b"secret", b"", &mut out[..16]);
    assert_eq!(cmac, Err(CryptoError::Unsupported));
    assert!(out.iter().all(|&byte| byte == 7));
    assert_eq!(hkdf(&provider, MacAlgorithm::HmacSha256, b"", b"secret", b"", &mut out[1..]), Ok(()));
}

#[derive(Debug)]
struct Broken;

impl Entropy for Broken {
    fn fill(&self, _: &mut [u8]) -> Result<(), CryptoError> {
        Err(CryptoError::Entropy)
    }
}
