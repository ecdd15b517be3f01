//! A store whose root key is a key of another KMS. That is AWS KMS, or, here, a second Keystead behind an unmodified
//! `aws_sdk_kms::Client`, so that nothing leaves the process.
//!
//! ```sh
//! cargo run --release --example root_key_in_kms
//! ```
#![allow(clippy::print_stdout)]

use std::error::Error;

use aws_sdk_kms::Client as Sdk;
use keystead::{Caller, FileRootKey, Kms, replace_root_key};
use keystead_aws::sdk::AwsSdk;
use keystead_redb::RedbStore;
use keystead_rootkeys::KmsRootKey;

fn main() -> Result<(), Box<dyn Error>> {
    // The KMS elsewhere, with a key for us and nothing else that we may do.
    let elsewhere = Kms::in_memory();
    let admin = elsewhere.client("eu-central-1", Caller::account_root("999988887777")?)?;
    let key_arn = admin.create_key().policy(KEY_POLICY).send()?.key_metadata.arn.to_string();
    let sdk: Sdk = elsewhere.aws_sdk_client("eu-central-1", Caller::user("999988887777", "orders")?)?;
    println!("The root key is {key_arn}.\n");

    // A store that so far had its root key in a file.
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("keys.redb");
    let file = FileRootKey::create(folder.path().join("root.key"))?;
    let kms = Kms::builder().store(RedbStore::open(&path)?).root_key(file).build()?;
    let sealed = encrypt(&kms)?;
    drop(kms);

    // It goes over to the KMS in one commit. The file can be locked away then.
    let store = RedbStore::open(&path)?;
    let file = FileRootKey::open(folder.path().join("root.key"))?;
    let secrets = replace_root_key(&store, &file, &KmsRootKey::aws(&sdk, &key_arn)?)?;
    drop(store);
    println!("{secrets} secrets went from the file to the KMS.");
    let refused = Kms::builder().store(RedbStore::open(&path)?).root_key(file).build().err();
    println!("The file opens the store no more: {}\n", refused.ok_or("it does")?);

    // From now on it opens with the KMS, which has seen each secret that was opened.
    let kms = Kms::builder().store(RedbStore::open(&path)?).root_key(KmsRootKey::aws(&sdk, &key_arn)?).build()?;
    decrypt(&kms, &sealed)?;
    drop(kms);
    println!("With the KMS key it opens. The trail of the KMS:");
    for record in elsewhere.audit_trail().iter().filter(|record| record.event_name == "Decrypt") {
        println!("  Decrypt by {:?}", record.user_identity.arn.as_deref().unwrap_or("?"));
    }

    // Who takes the key away closes the store, with all its keys.
    admin.disable_key(&key_arn).send()?;
    let refused = Kms::builder().store(RedbStore::open(&path)?).root_key(KmsRootKey::aws(&sdk, &key_arn)?).build();
    println!("\nThe key is disabled: {}", refused.err().ok_or("it opens")?);
    admin.enable_key(&key_arn).send()?;
    let kms = Kms::builder().store(RedbStore::open(&path)?).root_key(KmsRootKey::aws(&sdk, &key_arn)?).build()?;
    decrypt(&kms, &sealed)?;
    println!("It is enabled, and the store opens again.");
    Ok(())
}

fn encrypt(kms: &Kms) -> Result<Vec<u8>, Box<dyn Error>> {
    let client = kms.client("us-west-2", Caller::account_root("111122223333")?)?;
    let key = client.create_key().description("orders").send()?;
    Ok(client.encrypt(key.key_metadata.key_id, b"order 42").send()?.into_inner().ciphertext_blob)
}

fn decrypt(kms: &Kms, sealed: &[u8]) -> Result<(), Box<dyn Error>> {
    let client = kms.client("us-west-2", Caller::account_root("111122223333")?)?;
    let opened = client.decrypt(sealed).send()?;
    if opened.expose() == b"order 42" { Ok(()) } else { Err("what was sealed came back changed".into()) }
}

/// The service may use the key for this purpose only; the account keeps everything else.
const KEY_POLICY: &str = r#"{
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": { "AWS": "arn:aws:iam::999988887777:root" },
            "Action": "kms:*",
            "Resource": "*"
        },
        {
            "Effect": "Allow",
            "Principal": { "AWS": "arn:aws:iam::999988887777:user/orders" },
            "Action": ["kms:Encrypt", "kms:Decrypt"],
            "Resource": "*",
            "Condition": { "StringEquals": { "kms:EncryptionContext:keystead-purpose": "root key v1" } }
        }
    ]
}"#;
