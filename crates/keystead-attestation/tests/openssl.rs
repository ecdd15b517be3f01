//! Another implementation of CMS on the other side. Without an `openssl` of version 3 these tests say so and pass.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr)]

mod support;

use std::path::Path;
use std::process::Command;

use keystead_attestation::RecipientKey;
use keystead_attestation::envelope::{open, seal};
use keystead_crypto::entropy::SystemEntropy;
use support::{PROVIDER, recipient};

const PLAINTEXT: &[u8] = b"a data key, or whatever the recipient asked for";

/// Spec: ENV-89, ENV-90
#[test]
fn openssl_opens_our_envelopes() {
    let Some(folder) = folder() else { return };
    let path = folder.path();
    std::fs::write(path.join("key.der"), recipient().to_pkcs8().unwrap().expose()).unwrap();
    let key = RecipientKey::from_spki(recipient().public().spki(), &PROVIDER).unwrap();
    std::fs::write(path.join("sealed"), seal(PLAINTEXT, &key, &PROVIDER, &SystemEntropy).unwrap()).unwrap();
    openssl(path, "pkey -inform DER -in key.der -out key.pem");
    // Without a certificate, every recipient is tried.
    openssl(path, "cms -decrypt -inform DER -in sealed -inkey key.pem -out opened");
    assert_eq!(std::fs::read(path.join("opened")).unwrap(), PLAINTEXT);
}

/// With the recipient named by its key and by its certificate, and as DER and as a stream of BER.
///
/// Spec: ENV-89, ENV-90
#[test]
fn we_open_envelopes_of_openssl() {
    let Some(folder) = folder() else { return };
    let path = folder.path();
    std::fs::write(path.join("plaintext"), PLAINTEXT).unwrap();
    std::fs::write(path.join("key.der"), recipient().to_pkcs8().unwrap().expose()).unwrap();
    openssl(path, "pkey -inform DER -in key.der -out key.pem");
    openssl(path, "req -x509 -new -key key.pem -subj /CN=recipient -days 1 -out certificate.pem");
    for options in ["", "-keyid", "-stream", "-keyid -stream"] {
        openssl(
            path,
            &format!(
                "cms -encrypt -binary {options} -in plaintext -outform DER -out sealed -aes-256-cbc -recip certificate.pem \
                 -keyopt rsa_padding_mode:oaep -keyopt rsa_oaep_md:sha256"
            ),
        );
        let sealed = std::fs::read(path.join("sealed")).unwrap();
        assert_eq!(sealed[1] == 0x80, options.contains("stream"), "indefinite lengths");
        assert_eq!(open(&sealed, recipient(), &SystemEntropy).unwrap().expose(), PLAINTEXT, "{options}");
    }
}

/// A folder to work in, if there is an OpenSSL to work with.
fn folder() -> Option<tempfile::TempDir> {
    let version = Command::new("openssl").arg("version").output();
    match version {
        Ok(output) if output.stdout.starts_with(b"OpenSSL 3") => Some(tempfile::tempdir().unwrap()),
        _ => {
            eprintln!("SKIPPED: interoperability of CMS needs `openssl` of version 3");
            None
        }
    }
}

fn openssl(folder: &Path, arguments: &str) {
    let output = Command::new("openssl").args(arguments.split_whitespace()).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "openssl {arguments}: {}", String::from_utf8_lossy(&output.stderr));
}
