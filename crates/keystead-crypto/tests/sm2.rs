//! SM2 beyond what every provider must do: the offline helper, and vectors that need a known nonce.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod script;

use keystead_crypto::conformance::sm2_vectors as vectors;
use keystead_crypto::entropy::{OsEntropy, SeededEntropy};
use keystead_crypto::sm2::{self, CiphertextOrder, deterministic};
use keystead_crypto::{
    CryptoError, DefaultProvider, EncryptionScheme, KeyPairAlgorithm, Message, PrivateKey, Provider, SignatureScheme,
};
use script::Script;

/// Spec: ASY-38, ASY-39, ASY-43, ASY-46
#[test]
fn published_signatures_come_out_bit_by_bit() {
    for signed in vectors::SIGNATURES {
        let (id, message) = (signed.id.as_bytes(), vectors::MESSAGE.as_bytes());
        assert_eq!(hex::encode(sm2::za(id, &spki()).unwrap()), signed.za);
        assert_ne!(signed.za, vectors::TRUNCATED_ZA);
        let e = sm2::e(id, &spki(), message).unwrap();
        assert_eq!(hex::encode(e), signed.e);
        let signature = deterministic::sign(&unhex(vectors::PKCS8), &e, &nonce(vectors::NONCE)).unwrap();
        assert_eq!(hex::encode(signature), signed.signature);
    }
}

/// Spec: ASY-47, ASY-48, ASY-53
#[test]
fn published_ciphertexts_come_out_bit_by_bit() {
    let k327 = nonce(&format!("{:064x}", 327));
    for (plaintext, k, ciphertext) in [
        (vectors::PLAINTEXT, nonce(vectors::NONCE), vectors::CIPHERTEXT),
        ("keystead", k327, vectors::CIPHERTEXT_SHORT_X),
    ] {
        let made = deterministic::encrypt(&spki(), plaintext.as_bytes(), &[k]).unwrap();
        assert_eq!(hex::encode(made), ciphertext);
    }
}

/// Spec: ASY-51
#[test]
fn a_nonce_whose_key_stream_is_zero_is_passed_over() {
    let (first, second) = (nonce(&format!("{:064x}", 470)), nonce(&format!("{:064x}", 471)));
    assert_eq!(deterministic::encrypt(&spki(), b"A", &[first]), Err(CryptoError::Entropy));
    let made = deterministic::encrypt(&spki(), b"A", &[first, second]).unwrap();
    assert_eq!(hex::encode(made), vectors::CIPHERTEXT_SECOND_NONCE);
    // The same nonce serves a longer plaintext.
    assert!(deterministic::encrypt(&spki(), b"AA", &[first]).is_ok());
}

/// Spec: ASY-02
#[test]
fn a_nonce_out_of_range_is_refused() {
    for k in ["0".repeat(64), vectors::ORDER.to_owned(), "f".repeat(64)] {
        let k = nonce(&k);
        let signed = deterministic::sign(&unhex(vectors::PKCS8), &[7; 32], &k);
        assert_eq!(signed, Err(CryptoError::InvalidInput));
        assert_eq!(deterministic::encrypt(&spki(), b"A", &[k]), Err(CryptoError::Entropy));
    }
}

/// Spec: ASY-41, ASY-42, ASY-44
#[test]
fn a_signature_under_an_id_of_ones_own_verifies_with_that_id_only() {
    let key = key();
    for (id, other) in [(&b"alice@example.com"[..], &b"bob@example.com"[..]), (b"", sm2::DEFAULT_ID)] {
        let digest = sm2::e(id, &spki(), b"hello").unwrap();
        let signature = key.sign(SignatureScheme::Sm2Dsa, Message::Digest(&digest), &OsEntropy).unwrap();
        assert_eq!(sm2::verify(id, &spki(), b"hello", &signature), Ok(()));
        for wrong in [
            sm2::verify(other, &spki(), b"hello", &signature),
            sm2::verify(id, &spki(), b"hallo", &signature),
            key.public().verify(SignatureScheme::Sm2Dsa, Message::Raw(b"hello"), &signature),
        ] {
            assert_eq!(wrong, Err(CryptoError::Unauthenticated));
        }
    }
}

/// Spec: ASY-40, ASY-42, ASY-44
#[test]
fn a_signed_message_carries_the_default_id() {
    let signature = key().sign(SignatureScheme::Sm2Dsa, Message::Raw(b"hello"), &OsEntropy).unwrap();
    assert_eq!(sm2::verify(b"1234567812345678", &spki(), b"hello", &signature), Ok(()));
}

/// Spec: ASY-45
#[test]
fn an_id_has_up_to_8191_bytes() {
    let (longest, too_long) = (vec![b'x'; 8191], vec![b'x'; 8192]);
    assert_eq!(sm2::MAX_ID_LEN, longest.len());
    let digests = [b"".as_slice(), &longest[..8190], &longest].map(|id| sm2::e(id, &spki(), b"hello").unwrap());
    assert!(digests[0] != digests[1] && digests[1] != digests[2]);
    for id in [too_long, vec![b'x'; 65_536 / 8 + 16]] {
        assert_eq!(sm2::za(&id, &spki()), Err(CryptoError::InputTooLong));
        assert_eq!(sm2::e(&id, &spki(), b""), Err(CryptoError::InputTooLong));
        assert_eq!(sm2::verify(&id, &spki(), b"", b""), Err(CryptoError::InputTooLong));
    }
}

/// Spec: ASY-44
#[test]
fn what_is_encrypted_offline_decrypts() {
    let key = key();
    for plaintext in [b"A".to_vec(), vec![7; 1024], vec![7; 5000]] {
        let ciphertext = sm2::encrypt(&spki(), &plaintext, &OsEntropy).unwrap();
        let opened = key.decrypt(EncryptionScheme::Sm2Pke, &ciphertext, &OsEntropy).unwrap();
        assert_eq!(opened.expose(), plaintext);
    }
    assert_eq!(sm2::encrypt(&spki(), b"", &OsEntropy), Err(CryptoError::InvalidInput));
    assert_eq!(sm2::encrypt(&spki()[1..], b"A", &OsEntropy), Err(CryptoError::InvalidKey));
    let too_long = vec![0; 128 * 1024 * 1024 + 1];
    assert_eq!(sm2::encrypt(&spki(), &too_long, &OsEntropy), Err(CryptoError::InputTooLong));
}

/// Spec: ASY-49
#[test]
fn ciphertexts_convert_from_both_orders_and_back() {
    let parts = [vectors::C1_X, vectors::C1_Y, vectors::C2, vectors::C3].map(unhex);
    let [x, y, text, hash] = parts.each_ref().map(Vec::as_slice);
    for (order, raw) in [
        (CiphertextOrder::C1C2C3, [&[4], x, y, text, hash].concat()),
        (CiphertextOrder::C1C3C2, [&[4], x, y, hash, text].concat()),
    ] {
        let der = sm2::ciphertext_to_der(&raw, order).unwrap();
        assert_eq!(hex::encode(&der), vectors::CIPHERTEXT);
        assert_eq!(sm2::ciphertext_from_der(&der, order).unwrap(), raw);
        let opened = key().decrypt(EncryptionScheme::Sm2Pke, &der, &OsEntropy).unwrap();
        assert_eq!(opened.expose(), vectors::PLAINTEXT.as_bytes());

        let refused = |raw: &[u8]| assert_eq!(sm2::ciphertext_to_der(raw, order), Err(CryptoError::Unauthenticated));
        (0..97).for_each(|cut| refused(&raw[..cut]));
        refused(&raw[2..]);
        refused(&[&[2], &raw[1..]].concat());
        assert_eq!(sm2::ciphertext_from_der(&raw, order), Err(CryptoError::Unauthenticated));
    }
    // A coordinate with a leading zero byte has its full width again.
    let raw = sm2::ciphertext_from_der(&unhex(vectors::CIPHERTEXT_SHORT_X), CiphertextOrder::C1C3C2).unwrap();
    assert_eq!((raw.len(), raw[1]), (1 + 64 + 32 + 8, 0));
    let der = sm2::ciphertext_to_der(&raw, CiphertextOrder::C1C3C2).unwrap();
    assert_eq!(hex::encode(der), vectors::CIPHERTEXT_SHORT_X);
}

/// Spec: ASY-17
#[test]
fn scalars_end_at_n_minus_2() {
    // The first draw is n - 1, the second n - 2.
    let mut scalar = nonce(vectors::ORDER);
    scalar[31] -= 1;
    let script = Script::new(&[[0; 32], [0xff; 32], scalar, {
        scalar[31] -= 1;
        scalar
    }]);
    let key = DefaultProvider::new().generate_key_pair(KeyPairAlgorithm::Sm2, &script).unwrap();
    let pkcs8 = key.to_pkcs8().unwrap();
    assert_eq!(&pkcs8.expose()[36..68], scalar);
}

/// Spec: ASY-43
#[test]
fn broken_entropy_is_reported_not_waited_for() {
    let provider = DefaultProvider::new();
    for broken in [[0; 32], [0xff; 32]] {
        let script = Script::repeating(broken);
        assert_eq!(provider.generate_key_pair(KeyPairAlgorithm::Sm2, &script).unwrap_err(), CryptoError::Entropy);
        let signed = key().sign(SignatureScheme::Sm2Dsa, Message::Raw(b"hello"), &script);
        assert_eq!(signed, Err(CryptoError::Entropy));
        assert_eq!(sm2::encrypt(&spki(), b"hello", &script), Err(CryptoError::Entropy));
    }
}

/// Keys of one seed are the same keys.
#[test]
fn generation_takes_all_randomness_from_its_source() {
    let generate = || {
        let key = DefaultProvider::new().generate_key_pair(KeyPairAlgorithm::Sm2, &SeededEntropy::new(7));
        key.unwrap().to_pkcs8().unwrap()
    };
    assert_eq!(generate(), generate());
}

fn key() -> Box<dyn PrivateKey> {
    DefaultProvider::new().private_key(KeyPairAlgorithm::Sm2, &unhex(vectors::PKCS8)).unwrap()
}

fn spki() -> Vec<u8> {
    unhex(vectors::SPKI)
}

fn nonce(text: &str) -> [u8; 32] {
    unhex(text).try_into().unwrap()
}

fn unhex(text: &str) -> Vec<u8> {
    hex::decode(text).unwrap()
}
