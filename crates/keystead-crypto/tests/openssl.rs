//! Key pairs beside the `openssl` command: what one makes, the other reads.
//!
//! Where there is no such command the tests say so and prove nothing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr)]

use std::path::Path;
use std::process::Command;

use keystead_crypto::KeyPairAlgorithm::{self, Ed25519, P256, P384, P521, Rsa2048, Rsa3072, Secp256k1};
use keystead_crypto::{CryptoError, DefaultProvider, DigestAlgorithm, EncryptionScheme, Message, PrivateKey, Provider};
use keystead_crypto::{SignatureScheme, entropy::SeededEntropy};

/// Spec: ASY-25, ASY-28, ASY-30, ASY-31, ASY-32, ASY-83
#[test]
fn keys_of_keystead_work_in_openssl() {
    let Some(openssl) = Openssl::new() else { return };
    let entropy = SeededEntropy::new(1);
    for (algorithm, _) in KINDS {
        let key = DefaultProvider.generate_key_pair(algorithm, &entropy).unwrap();
        exchange(&openssl, algorithm, &*key);
    }
}

/// Spec: ASY-25, ASY-28, ASY-30, ASY-31, ASY-32, IMP-29, IMP-30
#[test]
fn keys_of_openssl_work_in_keystead() {
    let Some(openssl) = Openssl::new() else { return };
    for (algorithm, options) in KINDS {
        openssl.genpkey(options, "made.der");
        let der = openssl.read("made.der");
        assert_eq!(KeyPairAlgorithm::of_pkcs8(&der), Some(algorithm));
        let key = DefaultProvider.private_key(algorithm, &der).unwrap();
        openssl.run("pkey -in made.der -inform DER -pubout -outform DER -out made.pub");
        assert_eq!(key.public().spki(), openssl.read("made.pub"), "{algorithm:?}");
        exchange(&openssl, algorithm, &*key);
    }
}

/// Spec: IMP-31
#[test]
fn three_primes_are_refused() {
    let Some(openssl) = Openssl::new() else { return };
    openssl.genpkey("-algorithm RSA -pkeyopt rsa_keygen_bits:2048 -pkeyopt rsa_keygen_primes:3", "3.der");
    let read = DefaultProvider.private_key(Rsa2048, &openssl.read("3.der"));
    assert_eq!(read.err(), Some(CryptoError::InvalidKey));
}

/// Spec: IMP-30, IMP-33
#[test]
fn other_forms_of_private_keys_are_refused() {
    let Some(openssl) = Openssl::new() else { return };
    openssl.genpkey("-algorithm EC -pkeyopt ec_paramgen_curve:P-256", "key.der");
    openssl.run("pkcs8 -topk8 -inform DER -in key.der -outform DER -out encrypted.der -passout pass:secret -v2 aes256");
    openssl.run("ec -inform DER -in key.der -outform DER -out sec1.der");
    openssl.run("pkey -inform DER -in key.der -out key.pem");
    openssl.genpkey("-algorithm EC -pkeyopt ec_paramgen_curve:P-256 -pkeyopt ec_param_enc:explicit", "explicit.der");
    openssl.genpkey("-algorithm RSA -pkeyopt rsa_keygen_bits:2048", "rsa.der");
    assert!(DefaultProvider.private_key(Rsa2048, &openssl.read("rsa.der")).is_ok());
    assert!(DefaultProvider.private_key(P256, &openssl.read("key.der")).is_ok());
    openssl.run("rsa -inform DER -in rsa.der -traditional -outform DER -out pkcs1.der");
    openssl.genpkey("-algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048", "pss.der");
    openssl.genpkey("-algorithm RSA -pkeyopt rsa_keygen_bits:1024", "rsa1024.der");
    for (file, algorithm) in [
        ("encrypted.der", P256),
        ("sec1.der", P256),
        ("key.pem", P256),
        ("explicit.der", P256),
        ("pkcs1.der", Rsa2048),
        ("pss.der", Rsa2048),
        ("rsa1024.der", Rsa2048),
    ] {
        let read = DefaultProvider.private_key(algorithm, &openssl.read(file));
        assert_eq!(read.err(), Some(CryptoError::InvalidKey), "{file}");
    }
}

/// Signatures, ciphertexts and secrets both ways, with one key on both sides.
fn exchange(openssl: &Openssl, algorithm: KeyPairAlgorithm, key: &dyn PrivateKey) {
    openssl.write("key.der", key.to_pkcs8().unwrap().expose());
    openssl.write("key.pub", key.public().spki());
    openssl.run("pkey -in key.der -inform DER -check -noout");
    openssl.run("pkey -in key.der -inform DER -pubout -outform DER -out derived.pub");
    assert_eq!(openssl.read("derived.pub"), key.public().spki(), "{algorithm:?}");
    match algorithm {
        Rsa2048 | Rsa3072 => {
            for (hash, name) in HASHES {
                let pss = format!(
                    "-pkeyopt rsa_padding_mode:pss -pkeyopt rsa_pss_saltlen:digest -pkeyopt rsa_mgf1_md:{name}"
                );
                signatures(openssl, key, SignatureScheme::RsaPss(hash), name, &pss);
                signatures(openssl, key, SignatureScheme::RsaPkcs1(hash), name, "-pkeyopt rsa_padding_mode:pkcs1");
            }
            // Any other salt is one too many (ASY-28).
            openssl.write("message", MESSAGE);
            openssl.run("pkeyutl -sign -inkey key.der -keyform DER -rawin -digest sha256 -in message -out signature -pkeyopt rsa_padding_mode:pss -pkeyopt rsa_pss_saltlen:20");
            let scheme = SignatureScheme::RsaPss(DigestAlgorithm::Sha256);
            let verdict = key.public().verify(scheme, Message::Raw(MESSAGE), &openssl.read("signature"));
            assert_eq!(verdict, Err(CryptoError::Unauthenticated), "a salt of 20 bytes");
            ciphertexts(openssl, key, EncryptionScheme::RsaOaepSha1, "sha1");
            ciphertexts(openssl, key, EncryptionScheme::RsaOaepSha256, "sha256");
        }
        Ed25519 => pure_signatures(openssl, key),
        P384 => signatures(openssl, key, SignatureScheme::Ecdsa(DigestAlgorithm::Sha384), "sha384", ""),
        P521 => signatures(openssl, key, SignatureScheme::Ecdsa(DigestAlgorithm::Sha512), "sha512", ""),
        _ => signatures(openssl, key, SignatureScheme::Ecdsa(DigestAlgorithm::Sha256), "sha256", ""),
    }
    if matches!(algorithm, P256 | P384 | P521) {
        agreement(openssl, algorithm, key);
    }
}

fn signatures(openssl: &Openssl, key: &dyn PrivateKey, scheme: SignatureScheme, hash: &str, options: &str) {
    let entropy = SeededEntropy::new(2);
    openssl.write("message", MESSAGE);
    let digest = format!("-rawin -digest {hash} -in message {options}");
    let signed = key.sign(scheme, Message::Raw(MESSAGE), &entropy).unwrap();
    openssl.write("signature", &signed);
    openssl.run(&format!("pkeyutl -verify -inkey key.pub -keyform DER -pubin -sigfile signature {digest}"));
    openssl.run(&format!("pkeyutl -sign -inkey key.der -keyform DER -out signature {digest}"));
    let theirs = openssl.read("signature");
    assert_eq!(key.public().verify(scheme, Message::Raw(MESSAGE), &theirs), Ok(()), "{scheme:?}");
    if let SignatureScheme::RsaPkcs1(_) = scheme {
        assert_eq!(theirs, signed, "PKCS #1 v1.5 is deterministic");
    }
}

/// Ed25519 signs files without hashing them first.
fn pure_signatures(openssl: &Openssl, key: &dyn PrivateKey) {
    openssl.write("message", MESSAGE);
    let signed = key.sign(SignatureScheme::Ed25519, Message::Raw(MESSAGE), &SeededEntropy::new(3)).unwrap();
    openssl.write("signature", &signed);
    openssl.run("pkeyutl -verify -inkey key.pub -keyform DER -pubin -sigfile signature -rawin -in message");
    openssl.run("pkeyutl -sign -inkey key.der -keyform DER -rawin -in message -out signature");
    assert_eq!(openssl.read("signature"), signed, "Ed25519 is deterministic");
}

fn ciphertexts(openssl: &Openssl, key: &dyn PrivateKey, scheme: EncryptionScheme, hash: &str) {
    let entropy = SeededEntropy::new(4);
    let padding = format!("-pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:{hash} -pkeyopt rsa_mgf1_md:{hash}");
    openssl.write("message", MESSAGE);
    openssl.run(&format!("pkeyutl -encrypt -inkey key.pub -keyform DER -pubin -in message -out ciphertext {padding}"));
    let opened = key.decrypt(scheme, &openssl.read("ciphertext"), &entropy).unwrap();
    assert_eq!(opened.expose(), MESSAGE, "{scheme:?}");
    openssl.write("ciphertext", &key.public().encrypt(scheme, MESSAGE, &entropy).unwrap());
    openssl.run(&format!("pkeyutl -decrypt -inkey key.der -keyform DER -in ciphertext -out opened {padding}"));
    assert_eq!(openssl.read("opened"), MESSAGE, "{scheme:?}");
    // Two different hashes are not ours (ASY-18), nor is a label (ASY-25).
    let mixed = "-pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha256 -pkeyopt rsa_mgf1_md:sha1";
    for padding in [mixed, &format!("{padding} -pkeyopt rsa_oaep_label:abcd")] {
        openssl
            .run(&format!("pkeyutl -encrypt -inkey key.pub -keyform DER -pubin -in message -out ciphertext {padding}"));
        let opened = key.decrypt(scheme, &openssl.read("ciphertext"), &entropy);
        assert_eq!(opened, Err(CryptoError::Unauthenticated), "{scheme:?}: {padding}");
    }
}

fn agreement(openssl: &Openssl, algorithm: KeyPairAlgorithm, key: &dyn PrivateKey) {
    let peer = DefaultProvider.generate_key_pair(algorithm, &SeededEntropy::new(5)).unwrap();
    openssl.write("peer.pub", peer.public().spki());
    // This form of the command reads peers as PEM only.
    openssl.run("pkey -pubin -inform DER -in peer.pub -out peer.pem");
    openssl.run("pkeyutl -derive -inkey key.der -keyform DER -peerkey peer.pem -out secret");
    let secret = openssl.read("secret");
    assert_eq!(key.agree(peer.public().spki()).unwrap().expose(), secret, "{algorithm:?}");
    assert_eq!(peer.agree(key.public().spki()).unwrap().expose(), secret, "{algorithm:?}");
}

/// The command, in a scratch folder of its own.
struct Openssl(tempfile::TempDir);

impl Openssl {
    fn new() -> Option<Self> {
        if Command::new("openssl").arg("version").output().is_err() {
            eprintln!("SKIPPED: there is no `openssl` command, so nothing was exchanged with it");
            return None;
        }
        Some(Self(tempfile::tempdir().unwrap()))
    }

    fn run(&self, line: &str) {
        let made = Command::new("openssl").args(line.split_whitespace()).current_dir(self.path()).output().unwrap();
        assert!(made.status.success(), "openssl {line}: {}", String::from_utf8_lossy(&made.stderr));
    }

    /// Makes a private key and writes it as PKCS #8: the command alone would choose another form for DER.
    fn genpkey(&self, options: &str, file: &str) {
        self.run(&format!("genpkey {options} -out {file}.pem"));
        self.run(&format!("pkcs8 -topk8 -nocrypt -in {file}.pem -outform DER -out {file}"));
    }

    fn read(&self, file: &str) -> Vec<u8> {
        std::fs::read(self.path().join(file)).unwrap()
    }

    fn write(&self, file: &str, contents: &[u8]) {
        std::fs::write(self.path().join(file), contents).unwrap();
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

const MESSAGE: &[u8] = b"a message for both";

const HASHES: [(DigestAlgorithm, &str); 3] =
    [(DigestAlgorithm::Sha256, "sha256"), (DigestAlgorithm::Sha384, "sha384"), (DigestAlgorithm::Sha512, "sha512")];

/// With what `openssl genpkey` makes a key of the kind.
const KINDS: [(KeyPairAlgorithm, &str); 7] = [
    (Rsa2048, "-algorithm RSA -pkeyopt rsa_keygen_bits:2048"),
    (Rsa3072, "-algorithm RSA -pkeyopt rsa_keygen_bits:3072"),
    (P256, "-algorithm EC -pkeyopt ec_paramgen_curve:P-256"),
    (P384, "-algorithm EC -pkeyopt ec_paramgen_curve:P-384"),
    (P521, "-algorithm EC -pkeyopt ec_paramgen_curve:P-521"),
    (Secp256k1, "-algorithm EC -pkeyopt ec_paramgen_curve:secp256k1"),
    (Ed25519, "-algorithm ED25519"),
];
