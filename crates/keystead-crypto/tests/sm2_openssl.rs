//! SM2 against the `openssl` command, version 3.0 or later: keys, signatures and ciphertexts in both directions.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use keystead_crypto::entropy::OsEntropy;
use keystead_crypto::{
    DefaultProvider, EncryptionScheme, KeyPairAlgorithm, Message, PrivateKey, Provider, SignatureScheme, sm2,
};
use tempfile::TempDir;

/// Spec: ASY-54
#[test]
fn keys_are_the_same_on_both_sides() {
    let desk = Desk::new();
    for key in [desk.their_key(), our_key()] {
        let pkcs8 = desk.put("key", key.to_pkcs8().unwrap().expose());
        let spki = desk.path("spki");
        desk.run("pkey -inform DER -pubout -outform DER", &[("-in", &pkcs8), ("-out", &spki)]);
        assert_eq!(std::fs::read(spki).unwrap(), key.public().spki());
    }
}

/// Spec: ASY-38, ASY-40, ASY-42, ASY-44
#[test]
fn our_signatures_verify_there() {
    let desk = Desk::new();
    for key in [desk.their_key(), our_key()] {
        let spki = desk.put("spki", key.public().spki());
        for (id, message) in CASES {
            let signed = match id {
                "1234567812345678" => Message::Raw(message),
                id => Message::Digest(&sm2::e(id.as_bytes(), key.public().spki(), message).unwrap()),
            };
            let signature = key.sign(SignatureScheme::Sm2Dsa, signed, &OsEntropy).unwrap();
            assert!(desk.verifies(&spki, id, message, &signature), "{id}");
            assert!(!desk.verifies(&spki, "another ID", message, &signature), "{id}");
        }
    }
}

/// Spec: ASY-38, ASY-40, ASY-42, ASY-44
#[test]
fn their_signatures_verify_here() {
    let desk = Desk::new();
    let key = desk.their_key();
    let pkcs8 = desk.put("key", key.to_pkcs8().unwrap().expose());
    for (id, message) in CASES {
        let signature = desk.path("signature");
        let id_option = PathBuf::from(format!("distid:{id}"));
        let message_file = desk.put("message", message);
        let files = [("-pkeyopt", &*id_option), ("-inkey", &pkcs8), ("-in", &message_file), ("-out", &signature)];
        desk.run("pkeyutl -sign -rawin -digest sm3 -keyform DER", &files);
        let signature = std::fs::read(signature).unwrap();
        assert_eq!(sm2::verify(id.as_bytes(), key.public().spki(), message, &signature), Ok(()), "{id}");
        let raw = key.public().verify(SignatureScheme::Sm2Dsa, Message::Raw(message), &signature);
        assert_eq!(raw.is_ok(), id == "1234567812345678");
    }
}

/// Spec: ASY-47, ASY-48
#[test]
fn our_ciphertexts_decrypt_there() {
    let desk = Desk::new();
    let key = our_key();
    let pkcs8 = desk.put("key", key.to_pkcs8().unwrap().expose());
    for length in LENGTHS {
        let plaintext: Vec<u8> = (0..length).map(|i| i as u8).collect();
        let ciphertext = key.public().encrypt(EncryptionScheme::Sm2Pke, &plaintext, &OsEntropy).unwrap();
        let (sealed, opened) = (desk.put("sealed", &ciphertext), desk.path("opened"));
        desk.run("pkeyutl -decrypt -keyform DER", &[("-inkey", &pkcs8), ("-in", &sealed), ("-out", &opened)]);
        assert_eq!(std::fs::read(opened).unwrap(), plaintext, "{length} bytes");
    }
}

/// Spec: ASY-47, ASY-48
#[test]
fn their_ciphertexts_decrypt_here() {
    let desk = Desk::new();
    let key = our_key();
    let spki = desk.put("spki", key.public().spki());
    // Often enough to meet coordinates with leading zero bytes and with the top bit set.
    for length in LENGTHS.into_iter().chain([33; 60]) {
        let plaintext: Vec<u8> = (0..length).map(|i| i as u8).collect();
        let (opened, sealed) = (desk.put("opened", &plaintext), desk.path("sealed"));
        desk.run("pkeyutl -encrypt -pubin -keyform DER", &[("-inkey", &spki), ("-in", &opened), ("-out", &sealed)]);
        let ciphertext = std::fs::read(sealed).unwrap();
        let opened = key.decrypt(EncryptionScheme::Sm2Pke, &ciphertext, &OsEntropy).unwrap();
        assert_eq!(opened.expose(), plaintext, "{length} bytes");
    }
}

/// A folder to exchange files with the command.
struct Desk(TempDir);

impl Desk {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// A key that the command has made.
    fn their_key(&self) -> Box<dyn PrivateKey> {
        let (made, pkcs8) = (self.path("made"), self.path("pkcs8"));
        self.run("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:SM2 -outform DER", &[("-out", &made)]);
        self.run("pkcs8 -topk8 -nocrypt -inform DER -outform DER", &[("-in", &made), ("-out", &pkcs8)]);
        let pkcs8 = std::fs::read(pkcs8).unwrap();
        let key = DefaultProvider::new().private_key(KeyPairAlgorithm::Sm2, &pkcs8).unwrap();
        assert_eq!(key.to_pkcs8().unwrap().expose(), pkcs8);
        key
    }

    fn verifies(&self, spki: &Path, id: &str, message: &[u8], signature: &[u8]) -> bool {
        let (message, signature) = (self.put("message", message), self.put("signature", signature));
        let output = Command::new("openssl")
            .args("pkeyutl -verify -rawin -digest sm3 -pubin -keyform DER".split(' '))
            .args(["-pkeyopt", &format!("distid:{id}")])
            .args([Path::new("-inkey"), spki, Path::new("-in"), &message, Path::new("-sigfile"), &signature])
            .output()
            .expect(NO_COMMAND);
        let verdict = String::from_utf8_lossy(&output.stdout).into_owned();
        match verdict.trim() {
            "Signature Verified Successfully" => true,
            "Signature Verification Failure" => false,
            _ => panic!("no verdict: {}", complaint(&output)),
        }
    }

    fn run(&self, command: &str, files: &[(&str, &Path)]) {
        let mut openssl = Command::new("openssl");
        openssl.args(command.split(' '));
        for (option, file) in files {
            openssl.arg(option).arg(file);
        }
        let output = openssl.output().expect(NO_COMMAND);
        assert!(output.status.success(), "openssl {command}: {}", complaint(&output));
    }

    fn put(&self, name: &str, contents: &[u8]) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, contents).unwrap();
        path
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}

fn our_key() -> Box<dyn PrivateKey> {
    DefaultProvider::new().generate_key_pair(KeyPairAlgorithm::Sm2, &OsEntropy).unwrap()
}

fn complaint(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// IDs and messages.
const CASES: [(&str, &[u8]); 4] = [
    ("1234567812345678", b"hello"),
    ("1234567812345678", &[0x5a; 4096]),
    ("alice@example.com", b"hello"),
    ("a distinguishing ID of more than thirty-one bytes, whose length in bits needs two", b"hello"),
];

/// Bytes of plaintexts, around the block of the key stream.
const LENGTHS: [usize; 8] = [1, 2, 31, 32, 33, 64, 1024, 2000];

const NO_COMMAND: &str = "these tests need the `openssl` command, version 3.0 or later: install it";
