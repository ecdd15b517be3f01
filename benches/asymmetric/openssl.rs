//! The same operations with OpenSSL, through the high-level interface of its crate: a context per call, keys parsed
//! beforehand, but for the peer of a key agreement, which arrives as bytes.

use std::hint::black_box;

use keystead::crypto::KeyPairAlgorithm;
use openssl::derive::Deriver;
use openssl::ec::{EcGroup, EcKey};
use openssl::encrypt::{Decrypter, Encrypter};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private, Public};
use openssl::rsa::{Padding, Rsa};
use openssl::sign::{RsaPssSaltlen, Signer, Verifier};

use crate::{Call, MESSAGE};

/// A key of OpenSSL.
pub(crate) struct Peer {
    kind: Kind,
    pkcs8: Vec<u8>,
    private: PKey<Private>,
    public: PKey<Public>,
}

#[derive(Clone, Copy)]
enum Kind {
    Rsa { bits: u32 },
    Ec { curve: Nid, hash: fn() -> MessageDigest, agrees: bool },
    Ed25519,
}

impl Peer {
    /// `None` where OpenSSL 3.0 or its crate lacks the algorithm, or the ID that SM2 signs with.
    pub(crate) fn new(algorithm: KeyPairAlgorithm, pkcs8: &[u8]) -> Option<Self> {
        let ec = |curve, hash, agrees| Kind::Ec { curve, hash, agrees };
        let kind = match algorithm {
            KeyPairAlgorithm::Rsa2048 => Kind::Rsa { bits: 2048 },
            KeyPairAlgorithm::Rsa3072 => Kind::Rsa { bits: 3072 },
            KeyPairAlgorithm::Rsa4096 => Kind::Rsa { bits: 4096 },
            KeyPairAlgorithm::P256 => ec(Nid::X9_62_PRIME256V1, MessageDigest::sha256, true),
            KeyPairAlgorithm::P384 => ec(Nid::SECP384R1, MessageDigest::sha384, true),
            KeyPairAlgorithm::P521 => ec(Nid::SECP521R1, MessageDigest::sha512, true),
            KeyPairAlgorithm::Secp256k1 => ec(Nid::SECP256K1, MessageDigest::sha256, false),
            KeyPairAlgorithm::Ed25519 => Kind::Ed25519,
            _ => return None,
        };
        let private = PKey::private_key_from_pkcs8(pkcs8).unwrap();
        let public = PKey::public_key_from_der(&private.public_key_to_der().unwrap()).unwrap();
        Some(Self { kind, pkcs8: pkcs8.to_vec(), private, public })
    }

    /// What does `operation`, if OpenSSL takes part in it.
    pub(crate) fn call(&self, operation: &str) -> Option<Call> {
        let (kind, private, public) = (self.kind, self.private.clone(), self.public.clone());
        Some(match (operation, kind) {
            ("sign", _) => {
                Box::new(move || drop(black_box(kind.signer(&private).sign_oneshot_to_vec(MESSAGE).unwrap())))
            }
            ("verify", _) => {
                let signature = kind.signer(&private).sign_oneshot_to_vec(MESSAGE).unwrap();
                Box::new(move || assert!(kind.verifier(&public).verify_oneshot(&signature, MESSAGE).unwrap()))
            }
            ("encrypt", Kind::Rsa { .. }) => Box::new(move || drop(black_box(encrypt(&public)))),
            ("decrypt", Kind::Rsa { .. }) => {
                let ciphertext = encrypt(&public);
                Box::new(move || drop(black_box(decrypt(&private, &ciphertext))))
            }
            ("agree", Kind::Ec { agrees: true, .. }) => {
                let peer = public.public_key_to_der().unwrap();
                Box::new(move || drop(black_box(agree(&private, &peer))))
            }
            ("read", _) => {
                let pkcs8 = self.pkcs8.clone();
                Box::new(move || drop(black_box(PKey::private_key_from_pkcs8(&pkcs8).unwrap())))
            }
            ("generate", _) => Box::new(move || drop(black_box(kind.generate()))),
            _ => return None,
        })
    }
}

impl Kind {
    fn signer<'k>(self, key: &'k PKey<Private>) -> Signer<'k> {
        match self {
            Self::Rsa { .. } => {
                let mut signer = Signer::new(MessageDigest::sha256(), key).unwrap();
                signer.set_rsa_padding(Padding::PKCS1_PSS).unwrap();
                signer.set_rsa_pss_saltlen(RsaPssSaltlen::DIGEST_LENGTH).unwrap();
                signer
            }
            Self::Ec { hash, .. } => Signer::new(hash(), key).unwrap(),
            Self::Ed25519 => Signer::new_without_digest(key).unwrap(),
        }
    }

    fn verifier<'k>(self, key: &'k PKey<Public>) -> Verifier<'k> {
        match self {
            Self::Rsa { .. } => {
                let mut verifier = Verifier::new(MessageDigest::sha256(), key).unwrap();
                verifier.set_rsa_padding(Padding::PKCS1_PSS).unwrap();
                verifier.set_rsa_pss_saltlen(RsaPssSaltlen::DIGEST_LENGTH).unwrap();
                verifier
            }
            Self::Ec { hash, .. } => Verifier::new(hash(), key).unwrap(),
            Self::Ed25519 => Verifier::new_without_digest(key).unwrap(),
        }
    }

    fn generate(self) -> PKey<Private> {
        match self {
            Self::Rsa { bits } => PKey::from_rsa(Rsa::generate(bits).unwrap()).unwrap(),
            Self::Ec { curve, .. } => {
                let group = EcGroup::from_curve_name(curve).unwrap();
                PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap()
            }
            Self::Ed25519 => PKey::generate_ed25519().unwrap(),
        }
    }
}

fn encrypt(key: &PKey<Public>) -> Vec<u8> {
    let mut encrypter = Encrypter::new(key).unwrap();
    encrypter.set_rsa_padding(Padding::PKCS1_OAEP).unwrap();
    encrypter.set_rsa_oaep_md(MessageDigest::sha256()).unwrap();
    encrypter.set_rsa_mgf1_md(MessageDigest::sha256()).unwrap();
    let mut ciphertext = vec![0; encrypter.encrypt_len(MESSAGE).unwrap()];
    let length = encrypter.encrypt(MESSAGE, &mut ciphertext).unwrap();
    ciphertext.truncate(length);
    ciphertext
}

fn decrypt(key: &PKey<Private>, ciphertext: &[u8]) -> Vec<u8> {
    let mut decrypter = Decrypter::new(key).unwrap();
    decrypter.set_rsa_padding(Padding::PKCS1_OAEP).unwrap();
    decrypter.set_rsa_oaep_md(MessageDigest::sha256()).unwrap();
    decrypter.set_rsa_mgf1_md(MessageDigest::sha256()).unwrap();
    let mut plaintext = vec![0; decrypter.decrypt_len(ciphertext).unwrap()];
    let length = decrypter.decrypt(ciphertext, &mut plaintext).unwrap();
    plaintext.truncate(length);
    plaintext
}

fn agree(key: &PKey<Private>, peer: &[u8]) -> Vec<u8> {
    let peer = PKey::public_key_from_der(peer).unwrap();
    let mut deriver = Deriver::new(key).unwrap();
    deriver.set_peer(&peer).unwrap();
    deriver.derive_to_vec().unwrap()
}
