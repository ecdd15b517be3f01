//! Key pairs of the default provider, where they go beyond what every provider must do.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use keystead_crypto::KeyPairAlgorithm::{self, Ed25519, P256, P384, P521, Rsa2048, Secp256k1};
use keystead_crypto::{CryptoError, DefaultProvider, DigestAlgorithm, EncryptionScheme, Entropy, Message, PrivateKey};
use keystead_crypto::{Provider, SignatureScheme, entropy::SeededEntropy};

/// Spec: IMP-31
#[test]
fn rsa_keys_are_checked_before_they_are_used() {
    for (verdict, what, pkcs8) in rsa_private_keys() {
        let read = DefaultProvider.private_key(Rsa2048, &pkcs8);
        match verdict {
            "good" => {
                let key = read.unwrap_or_else(|error| panic!("{what}: {error}"));
                works(&*key, what);
            }
            "composite" | "bad" => assert_eq!(read.err(), Some(CryptoError::InvalidKey), "{what}"),
            other => panic!("`{other}` is no verdict"),
        }
    }
}

/// Spec: IMP-31
#[test]
fn one_rsa_key_has_one_encoding_whatever_it_came_in() {
    let keys = rsa_private_keys();
    let read = |name: &str| {
        let (_, _, pkcs8) = keys.iter().find(|(_, what, _)| *what == name).unwrap();
        DefaultProvider.private_key(Rsa2048, pkcs8).unwrap()
    };
    let plain = read("e=65537");
    for same in ["factors exchanged", "exponent modulo phi", "other CRT values", "public key behind"] {
        assert_eq!(read(same).public().spki(), plain.public().spki(), "{same}");
    }
    // CRT values are computed, never taken over.
    assert_eq!(read("other CRT values").to_pkcs8().unwrap(), plain.to_pkcs8().unwrap());
}

#[test]
fn only_foreign_rsa_keys_are_tested_for_primes() {
    for (verdict, what, pkcs8) in rsa_private_keys() {
        let trusted = DefaultProvider.trusted_private_key(Rsa2048, &pkcs8);
        assert_eq!(trusted.is_ok(), verdict != "bad", "{what}");
    }
}

/// Spec: ASY-36
#[test]
fn signatures_of_one_message_differ_and_verify() {
    let entropy = SeededEntropy::new(3);
    for (algorithm, scheme) in RANDOMIZED {
        let key = DefaultProvider.generate_key_pair(algorithm, &entropy).unwrap();
        let sign = || key.sign(scheme, Message::Raw(b"message"), &entropy).unwrap();
        let (one, two) = (sign(), sign());
        assert_ne!(one, two, "{algorithm:?}");
        for signature in [one, two] {
            assert_eq!(key.public().verify(scheme, Message::Raw(b"message"), &signature), Ok(()), "{algorithm:?}");
        }
    }
}

/// Spec: ASY-35
#[test]
fn what_is_signed_on_secp256k1_has_a_low_s_and_both_verify() {
    let entropy = SeededEntropy::new(4);
    let key = DefaultProvider.generate_key_pair(Secp256k1, &entropy).unwrap();
    let scheme = SignatureScheme::Ecdsa(DigestAlgorithm::Sha256);
    for number in 0..50_u8 {
        let message = [number];
        let signature = key.sign(scheme, Message::Raw(&message), &entropy).unwrap();
        let s = s_of(&signature);
        assert!(s < HALF_ORDER.to_vec(), "S is high: {}", hex::encode(&signature));
        let high = with_s(&signature, &subtract(&hex::decode(ORDER).unwrap(), &s));
        assert_eq!(key.public().verify(scheme, Message::Raw(&message), &high), Ok(()));
    }
}

#[test]
fn a_failing_source_of_entropy_is_told() {
    let entropy = SeededEntropy::new(5);
    for algorithm in [Rsa2048, P256, P384, P521, Secp256k1, Ed25519] {
        let made = DefaultProvider.generate_key_pair(algorithm, &Broken);
        assert_eq!(made.err(), Some(CryptoError::Entropy), "{algorithm:?}");
    }
    for (algorithm, scheme) in RANDOMIZED {
        let key = DefaultProvider.generate_key_pair(algorithm, &entropy).unwrap();
        assert_eq!(key.sign(scheme, Message::Raw(b"message"), &Broken), Err(CryptoError::Entropy), "{algorithm:?}");
    }
    // Without entropy RSA would not be blinded: then it does nothing.
    let key = DefaultProvider.generate_key_pair(Rsa2048, &entropy).unwrap();
    let pkcs1 = SignatureScheme::RsaPkcs1(DigestAlgorithm::Sha256);
    assert_eq!(key.sign(pkcs1, Message::Raw(b"message"), &Broken), Err(CryptoError::Entropy));
    for scheme in [EncryptionScheme::RsaOaepSha1, EncryptionScheme::RsaOaepSha256] {
        assert_eq!(key.public().encrypt(scheme, b"secret", &Broken), Err(CryptoError::Entropy));
        let ciphertext = key.public().encrypt(scheme, b"secret", &entropy).unwrap();
        assert_eq!(key.decrypt(scheme, &ciphertext, &Broken), Err(CryptoError::Entropy));
    }
}

#[test]
fn points_are_read_in_every_form_and_written_in_one() {
    let entropy = SeededEntropy::new(6);
    for (algorithm, field_len) in [(P256, 32), (P384, 48), (P521, 66), (Secp256k1, 32)] {
        let key = DefaultProvider.generate_key_pair(algorithm, &entropy).unwrap();
        let spki = key.public().spki();
        let point = &spki[spki.len() - 2 * field_len..];
        let (x, odd) = (&point[..field_len], point[2 * field_len - 1] & 1);
        for (tag, coordinates) in [(4, point), (2 + odd, x), (6 + odd, point)] {
            let read = DefaultProvider.public_key(algorithm, &spki_of(algorithm, tag, coordinates)).unwrap();
            assert_eq!(read.spki(), spki, "{algorithm:?}, {tag}");
        }
        let wrong_half = DefaultProvider.public_key(algorithm, &spki_of(algorithm, 3 - odd, x)).unwrap();
        assert_ne!(wrong_half.spki(), spki, "{algorithm:?}: the other point with this X");
        for (tag, coordinates) in [(7 - odd, point), (5, x), (0, &[][..]), (4, x), (2, point), (1, point), (4, &[])] {
            let read = DefaultProvider.public_key(algorithm, &spki_of(algorithm, tag, coordinates));
            assert_eq!(read.err(), Some(CryptoError::InvalidKey), "{algorithm:?}, {tag}");
        }
    }
}

/// Signs, decrypts, and is the same key after it was written.
fn works(key: &dyn PrivateKey, what: &str) {
    let entropy = SeededEntropy::new(7);
    let scheme = SignatureScheme::RsaPss(DigestAlgorithm::Sha256);
    let signature = key.sign(scheme, Message::Raw(b"message"), &entropy).unwrap();
    assert_eq!(key.public().verify(scheme, Message::Raw(b"message"), &signature), Ok(()), "{what}");
    let ciphertext = key.public().encrypt(EncryptionScheme::RsaOaepSha256, b"secret", &entropy).unwrap();
    let opened = key.decrypt(EncryptionScheme::RsaOaepSha256, &ciphertext, &entropy).unwrap();
    assert_eq!(opened.expose(), b"secret", "{what}");
    let written = key.to_pkcs8().unwrap();
    let again = DefaultProvider.private_key(Rsa2048, written.expose()).unwrap();
    assert_eq!(again.public().spki(), key.public().spki(), "{what}");
}

/// Verdict, what is special, PKCS #8.
fn rsa_private_keys() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let lines = include_str!("data/rsa_private_keys.txt").lines().filter(|line| !line.starts_with('#'));
    let fields = lines.map(|line| line.split('|').collect::<Vec<_>>());
    fields.map(|fields| (fields[0], fields[1], hex::decode(fields[2]).unwrap())).collect()
}

/// SubjectPublicKeyInfo around a point in some form, spelled out byte by byte.
fn spki_of(algorithm: KeyPairAlgorithm, tag: u8, coordinates: &[u8]) -> Vec<u8> {
    let identifier = hex::decode(match algorithm {
        P256 => "301306072a8648ce3d020106082a8648ce3d030107",
        P384 => "301006072a8648ce3d020106052b81040022",
        P521 => "301006072a8648ce3d020106052b81040023",
        Secp256k1 => "301006072a8648ce3d020106052b8104000a",
        other => panic!("{other:?} has no curve"),
    });
    let bits = tlv(3, &[&[0, tag], coordinates].concat());
    tlv(0x30, &[identifier.unwrap(), bits].concat())
}

fn tlv(tag: u8, contents: &[u8]) -> Vec<u8> {
    let length = contents.len() as u8;
    let header = if length < 0x80 { vec![tag, length] } else { vec![tag, 0x81, length] };
    [&header, contents].concat()
}

/// The second number of a signature, 32 bytes.
fn s_of(signature: &[u8]) -> Vec<u8> {
    let r_len = usize::from(signature[3]);
    let s = &signature[6 + r_len..];
    let s = &s[s.len().saturating_sub(32)..];
    [&vec![0; 32 - s.len()], s].concat()
}

fn with_s(signature: &[u8], s: &[u8]) -> Vec<u8> {
    let r = &signature[2..4 + usize::from(signature[3])];
    let start = s.iter().position(|&byte| byte != 0).unwrap();
    let sign: &[u8] = if s[start] < 0x80 { &[] } else { &[0] };
    tlv(0x30, &[r, &tlv(2, &[sign, &s[start..]].concat())].concat())
}

/// Big endian, of equal length.
fn subtract(left: &[u8], right: &[u8]) -> Vec<u8> {
    let mut borrow = 0;
    let digits = left.iter().zip(right).rev().map(|(&left, &right)| {
        let digit = i16::from(left) - i16::from(right) - borrow;
        borrow = i16::from(digit < 0);
        (digit + 256 * borrow) as u8
    });
    let mut digits: Vec<u8> = digits.collect();
    digits.reverse();
    digits
}

#[derive(Debug)]
struct Broken;

impl Entropy for Broken {
    fn fill(&self, _dest: &mut [u8]) -> Result<(), CryptoError> {
        Err(CryptoError::Entropy)
    }
}

const RANDOMIZED: [(KeyPairAlgorithm, SignatureScheme); 5] = [
    (P256, SignatureScheme::Ecdsa(DigestAlgorithm::Sha256)),
    (P384, SignatureScheme::Ecdsa(DigestAlgorithm::Sha384)),
    (P521, SignatureScheme::Ecdsa(DigestAlgorithm::Sha512)),
    (Secp256k1, SignatureScheme::Ecdsa(DigestAlgorithm::Sha256)),
    (Rsa2048, SignatureScheme::RsaPss(DigestAlgorithm::Sha256)),
];

/// Of secp256k1 (SEC 2, section 2.4.1).
const ORDER: &str = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
const HALF_ORDER: [u8; 16] =
    [0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
