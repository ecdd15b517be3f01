//! Material wrapped by OpenSSL. Without an `openssl` of version 3 these tests say so and pass.
#![allow(clippy::print_stderr)]

use std::path::Path;
use std::process::Command;

use crate::support::World;
use crate::{Set, empty_key, opens, sealed, state};

/// Spec: IMP-21
#[test]
fn openssl_wraps_symmetric_material() {
    let Some(folder) = Folder::new() else { return };
    let world = World::new();
    for (algorithm, digest) in [("RSAES_OAEP_SHA_1", "sha1"), ("RSAES_OAEP_SHA_256", "sha256")] {
        let key = world.empty_key();
        let set = Set::of(&world.root, &key, algorithm, "RSA_2048");
        folder.write("wrapping.der", &set.response.public_key);
        folder.openssl("rand -out material 32");
        folder.openssl(&format!(
            "pkeyutl -encrypt -pubin -keyform DER -inkey wrapping.der -in material -out wrapped -pkeyopt \
             rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:{digest} -pkeyopt rsa_mgf1_md:{digest}"
        ));
        set.send(&world.root, &key, &folder.read("wrapped")).unwrap();
        assert!(opens(&world.root, &sealed(&world.root, &key)));
    }
}

/// Spec: IMP-22, IMP-24, IMP-30
#[test]
fn openssl_wraps_private_keys_under_an_aes_key() {
    let Some(folder) = Folder::new() else { return };
    let world = World::new();
    let keys = [
        ("ECC_NIST_P256", "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out key.pem"),
        ("ECC_NIST_P521", "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-521 -out key.pem"),
        ("ECC_SECG_P256K1", "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:secp256k1 -out key.pem"),
        ("ECC_NIST_EDWARDS25519", "genpkey -algorithm ED25519 -out key.pem"),
        ("RSA_2048", "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out key.pem"),
    ];
    for (spec, generate) in keys {
        let key = empty_key(&world.root, spec, "SIGN_VERIFY");
        let set = Set::of(&world.root, &key, "RSA_AES_KEY_WRAP_SHA_256", "RSA_2048");
        folder.write("wrapping.der", &set.response.public_key);
        folder.openssl(generate);
        folder.openssl(TO_PKCS8);
        folder.openssl("rand -out aes-key 32");
        let aes_key: String = folder.read("aes-key").iter().map(|byte| format!("{byte:02x}")).collect();
        folder
            .openssl(&format!("enc -id-aes256-wrap-pad -iv A65959A6 -K {aes_key} -in material -out wrapped-material"));
        folder.openssl(
            "pkeyutl -encrypt -pubin -keyform DER -inkey wrapping.der -in aes-key -out wrapped-key -pkeyopt \
             rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha256 -pkeyopt rsa_mgf1_md:sha256",
        );
        let wrapped = [folder.read("wrapped-key"), folder.read("wrapped-material")].concat();
        set.send(&world.root, &key, &wrapped).unwrap();
        assert_eq!(state(&world.root, &key), "Enabled");
        folder.openssl("pkey -inform DER -in material -pubout -outform DER -out public");
        assert_eq!(world.root.get_public_key(&key.id).send().unwrap().public_key, folder.read("public"), "{spec}");
    }
}

/// Spec: IMP-33
#[test]
fn explicit_curve_parameters_of_openssl_are_refused() {
    let Some(folder) = Folder::new() else { return };
    let world = World::new();
    let key = empty_key(&world.root, "ECC_NIST_P256", "SIGN_VERIFY");
    let set = Set::of(&world.root, &key, "RSA_AES_KEY_WRAP_SHA_256", "RSA_2048");
    folder
        .openssl("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -pkeyopt ec_param_enc:explicit -out key.pem");
    folder.openssl(TO_PKCS8);
    let refused = set.import(&world.root, &key, &folder.read("material")).unwrap_err();
    assert_eq!(refused.code(), "IncorrectKeyMaterialException");
}

/// A folder to work in.
struct Folder(tempfile::TempDir);

impl Folder {
    /// None without an OpenSSL to work with.
    fn new() -> Option<Self> {
        match Command::new("openssl").arg("version").output() {
            Ok(output) if output.stdout.starts_with(b"OpenSSL 3") => Some(Self(tempfile::tempdir().unwrap())),
            _ => {
                eprintln!("SKIPPED: interoperability of imports needs `openssl` of version 3");
                None
            }
        }
    }

    fn openssl(&self, arguments: &str) {
        let output = Command::new("openssl").args(arguments.split_whitespace()).current_dir(self.path()).output();
        let output = output.unwrap();
        assert!(output.status.success(), "openssl {arguments}: {}", String::from_utf8_lossy(&output.stderr));
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.path().join(name), bytes).unwrap();
    }

    fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path().join(name)).unwrap()
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

/// `genpkey` itself writes DER in the form of each algorithm.
const TO_PKCS8: &str = "pkcs8 -topk8 -nocrypt -in key.pem -outform DER -out material";
