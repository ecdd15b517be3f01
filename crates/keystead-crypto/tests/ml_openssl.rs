//! ML-DSA and ML-KEM against the `openssl` command, which knows them from version 3.5 on. With an older one nothing is
//! compared, and the tests say so.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr)]

use std::path::{Path, PathBuf};
use std::process::Command;

use keystead_crypto::entropy::OsEntropy;
use keystead_crypto::{DefaultProvider, KeyPairAlgorithm, Message, PrivateKey, Provider, SignatureScheme};
use tempfile::TempDir;

#[test]
fn ml_dsa_signatures_verify_on_the_other_side() {
    let Some(desk) = Desk::new() else { return };
    for (algorithm, name) in [
        (KeyPairAlgorithm::MlDsa44, "ML-DSA-44"),
        (KeyPairAlgorithm::MlDsa65, "ML-DSA-65"),
        (KeyPairAlgorithm::MlDsa87, "ML-DSA-87"),
    ] {
        for key in desk.keys(algorithm, name) {
            let (pkcs8, spki) = desk.put_key(&*key);
            let (message, signature) = (desk.put("message", b"hello"), desk.path("signature"));
            let files = [("-inkey", &*pkcs8), ("-in", &message), ("-out", &signature)];
            desk.run("pkeyutl -sign -rawin -keyform DER", &files);
            let theirs = std::fs::read(&signature).unwrap();
            let verdict = key.public().verify(SignatureScheme::MlDsa, Message::Raw(b"hello"), &theirs);
            assert_eq!(verdict, Ok(()), "{name}");

            let ours = key.sign(SignatureScheme::MlDsa, Message::Raw(b"hello"), &OsEntropy).unwrap();
            let files = [("-inkey", &*spki), ("-in", &message), ("-sigfile", &desk.put("signature", &ours))];
            desk.run("pkeyutl -verify -rawin -pubin -keyform DER", &files);
        }
    }
}

#[test]
fn ml_kem_secrets_open_on_the_other_side() {
    let Some(desk) = Desk::new() else { return };
    for (algorithm, name) in [
        (KeyPairAlgorithm::MlKem512, "ML-KEM-512"),
        (KeyPairAlgorithm::MlKem768, "ML-KEM-768"),
        (KeyPairAlgorithm::MlKem1024, "ML-KEM-1024"),
    ] {
        for key in desk.keys(algorithm, name) {
            let (pkcs8, spki) = desk.put_key(&*key);
            let (ciphertext, secret) = (desk.path("ciphertext"), desk.path("secret"));
            let files = [("-inkey", &*spki), ("-out", &ciphertext), ("-secret", &secret)];
            desk.run("pkeyutl -encap -pubin -keyform DER", &files);
            let opened = key.decapsulate(&std::fs::read(&ciphertext).unwrap()).unwrap();
            assert_eq!(opened.expose(), std::fs::read(&secret).unwrap(), "{name}");

            let made = key.public().encapsulate(&OsEntropy).unwrap();
            let files = [("-inkey", &*pkcs8), ("-in", &desk.put("ciphertext", &made.ciphertext)), ("-secret", &secret)];
            desk.run("pkeyutl -decap -keyform DER", &files);
            assert_eq!(made.secret.expose(), std::fs::read(&secret).unwrap(), "{name}");
        }
    }
}

/// A folder to exchange files with the command.
struct Desk(TempDir);

impl Desk {
    /// `None`, with a word about it, when the command is missing or does not know the algorithms.
    fn new() -> Option<Self> {
        let listed = Command::new("openssl").args(["list", "-signature-algorithms"]).output();
        if listed.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains("ML-DSA-44")) {
            return Some(Self(tempfile::tempdir().unwrap()));
        }
        eprintln!("NOT COMPARED: ML-DSA and ML-KEM need the `openssl` command, version 3.5 or later");
        None
    }

    /// One that the command has made and one of ours.
    fn keys(&self, algorithm: KeyPairAlgorithm, name: &str) -> [Box<dyn PrivateKey>; 2] {
        let (provider, made) = (DefaultProvider::new(), self.path("made"));
        self.run(&format!("genpkey -algorithm {name} -outform DER"), &[("-out", &made)]);
        let theirs = provider.private_key(algorithm, &std::fs::read(made).unwrap()).unwrap();
        [theirs, provider.generate_key_pair(algorithm, &OsEntropy).unwrap()]
    }

    /// Where the private key is, and the public one, which must be what the command derives.
    fn put_key(&self, key: &dyn PrivateKey) -> (PathBuf, PathBuf) {
        let (pkcs8, spki) = (self.put("pkcs8", key.to_pkcs8().unwrap().expose()), self.path("spki"));
        self.run("pkey -inform DER -pubout -outform DER", &[("-in", &pkcs8), ("-out", &spki)]);
        assert_eq!(std::fs::read(&spki).unwrap(), key.public().spki());
        (pkcs8, spki)
    }

    fn run(&self, command: &str, files: &[(&str, &Path)]) {
        let mut openssl = Command::new("openssl");
        openssl.args(command.split(' '));
        for (option, file) in files {
            openssl.arg(option).arg(file);
        }
        let output = openssl.output().unwrap();
        assert!(output.status.success(), "openssl {command}: {}", String::from_utf8_lossy(&output.stderr));
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
