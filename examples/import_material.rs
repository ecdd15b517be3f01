//! Bring your own key: material made and wrapped by OpenSSL is imported, used, deleted and imported again, and into two Regions.
//!
//! ```sh
//! cargo run --release --example import_material
//! ```
//!
//! Without an `openssl` of version 3 the material is made and wrapped in this process, and the output says so. The exit
//! status says whether everything was as it should be.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::error::Error;
use std::path::Path;
use std::process::{Command, ExitCode};

use keystead::crypto::entropy::SystemEntropy;
use keystead::crypto::{DefaultProvider, EncryptionScheme, KeyPairAlgorithm, Provider, WrappingScheme};
use keystead::crypto::{MacAlgorithm, SecretBytes};
use keystead::{Caller, Client, Kms};

fn main() -> ExitCode {
    match run() {
        Ok(()) => {
            println!("\nEverything was as expected.");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("\nimport_material: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let kms = Kms::in_memory();
    let client = kms.client("eu-central-1", Caller::account_root("111122223333")?)?;
    let folder = tempfile::tempdir()?;
    let tool = Tool::find(folder.path());
    println!("Material is made and wrapped by {}.\n", tool.name());

    // An HMAC key: its tags are the same here and wherever else the material is.
    let key_id = empty_key(&client, "HMAC_256", "GENERATE_VERIFY_MAC")?;
    println!("Key {key_id} is created without material.");
    let material = tool.random_material()?;
    import(&client, &key_id, "RSAES_OAEP_SHA_256", &material, &tool)?;
    println!("Its material is imported under RSAES_OAEP_SHA_256.");
    let tag = client.generate_mac(&key_id, b"message").mac_algorithm("HMAC_SHA_256").send()?.mac.clone();
    let outside = DefaultProvider.mac(MacAlgorithm::HmacSha256, material.expose())?;
    expect(outside.sign(&[b"message"]).as_ref() == tag, "tags inside and outside are equal")?;
    println!("A tag made with it is the one that the material gives outside.");

    client.delete_imported_key_material(&key_id).send()?;
    let refusal = client.generate_mac(&key_id, b"message").mac_algorithm("HMAC_SHA_256").send().err();
    let refusal = refusal.ok_or("a key without material makes tags")?;
    println!("The material is deleted: {}", refusal.error());
    let other = import(&client, &key_id, "RSAES_OAEP_SHA_256", &tool.random_material()?, &tool).err();
    let other = other.ok_or("other material is accepted")?;
    println!("Other material is refused: {other}");
    import(&client, &key_id, "RSAES_OAEP_SHA_256", &material, &tool)?;
    client.verify_mac(&key_id, b"message", &tag).mac_algorithm("HMAC_SHA_256").send()?;
    println!("The same material is accepted, and verifies the tag.\n");

    // A private key does not fit into an RSA block: an AES key stands between.
    let key_id = empty_key(&client, "ECC_NIST_P256", "SIGN_VERIFY")?;
    let private_key = tool.private_key()?;
    import(&client, &key_id, "RSA_AES_KEY_WRAP_SHA_256", &private_key, &tool)?;
    println!("Key {key_id} takes a private key under RSA_AES_KEY_WRAP_SHA_256.");
    let expected = DefaultProvider.private_key(KeyPairAlgorithm::P256, private_key.expose())?;
    let public_key = client.get_public_key(&key_id).send()?.public_key.clone();
    expect(public_key == expected.public().spki(), "the public key is that of the private key")?;
    let made = client.sign(&key_id, b"contract").signing_algorithm("ECDSA_SHA_256").send()?;
    client.verify(&key_id, b"contract", &made.signature).signing_algorithm("ECDSA_SHA_256").send()?;
    println!("Its public key is the expected one, and it signs.\n");
    two_regions(&kms, &client, &tool)
}

/// Related keys take the same material, each by an import of its own.
fn two_regions(kms: &Kms, home: &Client, tool: &Tool<'_>) -> Result<(), Box<dyn Error>> {
    let away = kms.client("eu-west-1", Caller::account_root("111122223333")?)?;
    let created = home.create_key().multi_region(true).origin("EXTERNAL").send()?;
    let key_id = created.key_metadata.key_id.to_string();
    let import_into =
        |client: &Client, material: &SecretBytes| import(client, &key_id, "RSAES_OAEP_SHA_256", material, tool);
    let material = tool.random_material()?;
    import_into(home, &material)?;
    home.replicate_key(&key_id, "eu-west-1").send()?;
    let waiting = away.encrypt(&key_id, b"order 42").send().err().ok_or("a replica has material by itself")?;
    println!("Key {key_id} has a replica without material: {}", waiting.error());
    let other = import_into(&away, &tool.random_material()?).err().ok_or("other material is accepted")?;
    println!("It takes that of its primary and no other: {other}");
    import_into(&away, &material)?;
    let sealed = home.encrypt(&key_id, b"order 42").send()?;
    expect(away.decrypt(&sealed.ciphertext_blob).send()?.expose() == b"order 42", "the replica opens it")?;
    println!("With it, it opens what the primary has sealed.");
    Ok(())
}

fn empty_key(client: &Client, spec: &str, usage: &str) -> Result<String, Box<dyn Error>> {
    let created = client.create_key().origin("EXTERNAL").key_spec(spec).key_usage(usage).send()?;
    expect(created.key_metadata.key_state.as_str() == "PendingImport", "the key waits for its material")?;
    Ok(created.key_metadata.key_id.to_string())
}

/// The three steps of every import: get parameters, wrap, import.
fn import(
    client: &Client,
    key_id: &str,
    algorithm: &str,
    material: &SecretBytes,
    tool: &Tool<'_>,
) -> Result<(), Box<dyn Error>> {
    let parameters = client.get_parameters_for_import(key_id, algorithm, "RSA_3072").send()?;
    let wrapped = match algorithm {
        "RSAES_OAEP_SHA_256" => tool.wrap(&parameters.public_key, material)?,
        _ => tool.wrap_under_aes(&parameters.public_key, material)?,
    };
    let call = client.import_key_material(key_id, &parameters.import_token, &wrapped);
    call.expiration_model("KEY_MATERIAL_DOES_NOT_EXPIRE").send()?;
    Ok(())
}

/// What makes and wraps material.
enum Tool<'f> {
    OpenSsl(&'f Path),
    InProcess,
}

impl<'f> Tool<'f> {
    fn find(folder: &'f Path) -> Self {
        match Command::new("openssl").arg("version").output() {
            Ok(output) if output.stdout.starts_with(b"OpenSSL 3") => Self::OpenSsl(folder),
            _ => Self::InProcess,
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::OpenSsl(_) => "OpenSSL",
            Self::InProcess => "this process, as there is no OpenSSL 3 here",
        }
    }

    fn random_material(&self) -> Result<SecretBytes, Box<dyn Error>> {
        match self {
            Self::OpenSsl(folder) => {
                openssl(folder, "rand -out material 32")?;
                Ok(std::fs::read(folder.join("material"))?.into())
            }
            Self::InProcess => Ok(SecretBytes::random(&SystemEntropy, 32)?),
        }
    }

    fn private_key(&self) -> Result<SecretBytes, Box<dyn Error>> {
        match self {
            Self::OpenSsl(folder) => {
                openssl(folder, "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out key.pem")?;
                openssl(folder, "pkcs8 -topk8 -nocrypt -in key.pem -outform DER -out private")?;
                Ok(std::fs::read(folder.join("private"))?.into())
            }
            Self::InProcess => {
                Ok(DefaultProvider.generate_key_pair(KeyPairAlgorithm::P256, &SystemEntropy)?.to_pkcs8()?)
            }
        }
    }

    fn wrap(&self, wrapping_key: &[u8], material: &SecretBytes) -> Result<Vec<u8>, Box<dyn Error>> {
        match self {
            Self::OpenSsl(folder) => encrypt(folder, wrapping_key, material.expose()),
            Self::InProcess => {
                in_process(WrappingScheme::Direct(EncryptionScheme::RsaOaepSha256), wrapping_key, material)
            }
        }
    }

    fn wrap_under_aes(&self, wrapping_key: &[u8], material: &SecretBytes) -> Result<Vec<u8>, Box<dyn Error>> {
        let Self::OpenSsl(folder) = self else {
            let scheme = WrappingScheme::AesKeyWrap(EncryptionScheme::RsaOaepSha256);
            return in_process(scheme, wrapping_key, material);
        };
        openssl(folder, "rand -out aes-key 32")?;
        let aes_key = std::fs::read(folder.join("aes-key"))?;
        let digits: String = aes_key.iter().map(|byte| format!("{byte:02x}")).collect();
        std::fs::write(folder.join("plain"), material.expose())?;
        openssl(folder, &format!("enc -id-aes256-wrap-pad -iv A65959A6 -K {digits} -in plain -out wrapped"))?;
        // First the wrapped AES key, then the wrapped material.
        let mut wrapped = encrypt(folder, wrapping_key, &aes_key)?;
        wrapped.extend(std::fs::read(folder.join("wrapped"))?);
        Ok(wrapped)
    }
}

/// RSA-OAEP with SHA-256, by OpenSSL.
fn encrypt(folder: &Path, wrapping_key: &[u8], plaintext: &[u8]) -> Result<Vec<u8>, Box<dyn Error>> {
    std::fs::write(folder.join("wrapping.der"), wrapping_key)?;
    std::fs::write(folder.join("plaintext"), plaintext)?;
    openssl(
        folder,
        "pkeyutl -encrypt -pubin -keyform DER -inkey wrapping.der -in plaintext -out encrypted \
         -pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha256 -pkeyopt rsa_mgf1_md:sha256",
    )?;
    Ok(std::fs::read(folder.join("encrypted"))?)
}

fn in_process(scheme: WrappingScheme, wrapping_key: &[u8], material: &SecretBytes) -> Result<Vec<u8>, Box<dyn Error>> {
    let key = DefaultProvider.public_key(KeyPairAlgorithm::Rsa3072, wrapping_key)?;
    Ok(scheme.wrap(&DefaultProvider, &*key, material.expose(), &SystemEntropy)?)
}

fn openssl(folder: &Path, arguments: &str) -> Result<(), Box<dyn Error>> {
    let output = Command::new("openssl").args(arguments.split_whitespace()).current_dir(folder).output()?;
    if output.status.success() {
        return Ok(());
    }
    let command = arguments.split_whitespace().next().unwrap_or_default();
    Err(format!("openssl {command}: {}", String::from_utf8_lossy(&output.stderr)).into())
}

fn expect(holds: bool, what: &str) -> Result<(), Box<dyn Error>> {
    if holds { Ok(()) } else { Err(format!("not so: {what}").into()) }
}
