//! Chapter 12, section 6, row by row: one success and one failure of every operation there is.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../support/mod.rs"]
mod support;

mod grants_and_imports;
mod key_stores;
mod key_types;
mod rows;

use std::collections::BTreeSet;
use std::sync::OnceLock;

use base64::Engine as _;
use keystead::{CallError, Client};
use serde_json::{Value, json};
use support::*;

/// A world with a key, its ciphertext and an alias, and a second key.
struct Setup {
    world: World,
    key: Key,
    other: Key,
    blob: Vec<u8>,
    /// A key of another type, for the rows that need one; its alias is `alias/typed`.
    typed: OnceLock<Key>,
    /// A grant on the key, for the rows that need one.
    grant: OnceLock<String>,
}

impl Setup {
    fn new() -> Self {
        let world = World::new();
        let (key, other) = (world.key(), world.key());
        let blob = world.root.encrypt(&key.id, b"x").send().unwrap().into_inner().ciphertext_blob;
        world.root.create_alias("alias/a", &key.id).send().unwrap();
        Self { world, key, other, blob, typed: OnceLock::new(), grant: OnceLock::new() }
    }
}

type Call = fn(&Client, &Setup) -> Result<(), CallError>;

struct Row {
    name: &'static str,
    read_only: bool,
    call: Call,
    parameters: fn(&Setup) -> Value,
    response: fn(&Setup) -> Value,
    resources: fn(&Setup) -> Vec<String>,
}

fn rows() -> impl Iterator<Item = &'static Row> {
    rows::ROWS.iter().chain(key_types::ROWS).chain(grants_and_imports::ROWS)
}

fn check(row: &Row, setup: &Setup, record: &Value) {
    let name = row.name;
    assert_eq!(record["requestParameters"], (row.parameters)(setup), "{name}");
    let resources = record["resources"].as_array().unwrap();
    let arns: Vec<_> = resources.iter().map(|entry| entry["ARN"].as_str().unwrap().to_owned()).collect();
    assert!(resources.iter().all(|entry| entry["accountId"] == ACCOUNT && entry["type"] == "AWS::KMS::Key"));
    let expected = (row.resources)(setup);
    // A caller who is refused sees at most what it named: the record of a refusal need not know the alias.
    if record.get("errorCode").is_none() {
        assert_eq!(arns, expected, "{name}");
    } else {
        assert!(arns.iter().all(|arn| expected.contains(arn)), "{name}: {arns:?}");
    }
    assert_eq!(record["readOnly"], row.read_only, "{name}");
    assert_eq!(
        (&record["eventType"], &record["eventCategory"]),
        (&json!("AwsApiCall"), &json!("Management")),
        "{name}"
    );
    assert!(record["requestID"].is_string());
}

/// Spec: AUD-01, AUD-11, AUD-15, AUD-16, AUD-20, AUD-21, AUD-22, AUD-23
#[test]
fn every_row_records_a_success() {
    for row in rows() {
        let setup = Setup::new();
        (row.call)(&setup.world.root, &setup).unwrap_or_else(|error| panic!("{}: {error}", row.name));
        let records = setup.world.records(row.name);
        // UpdatePrimaryRegion has a record in the other Region, too.
        let record = records.iter().rfind(|record| record.aws_region.as_str() == REGION).unwrap();
        let record: Value = serde_json::from_str(&record.to_json()).unwrap();
        check(row, &setup, &record);
        assert_eq!(record["responseElements"], (row.response)(&setup), "{}", row.name);
        assert!(record.get("errorCode").is_none(), "{}", row.name);
    }
}

/// Spec: AUD-03, AUD-22, AUD-29, AUD-30
#[test]
fn every_row_records_a_refusal() {
    for row in rows() {
        let setup = Setup::new();
        let powerless = setup.world.user(&[]);
        let before = setup.world.records(row.name).len();
        let error = refusal((row.call)(&powerless, &setup));
        assert_eq!(error.code(), "AccessDeniedException", "{}", row.name);
        let records = setup.world.records(row.name);
        assert_eq!(records.len(), before + 1, "{}", row.name);
        let record: Value = serde_json::from_str(&records.last().unwrap().to_json()).unwrap();
        check(row, &setup, &record);
        assert_eq!(record["errorCode"], "AccessDenied");
        assert_eq!(record["errorMessage"], error.message());
        assert_eq!(record["responseElements"], Value::Null);
    }
}

/// Bytes that are easily found again.
const SECRET: &[u8] = b"remarkable secret bytes";

/// Spec: AUD-17, AUD-34, API-025, KEY-04
#[test]
fn no_record_holds_a_secret_or_a_ciphertext() {
    let setup = Setup::new();
    let (client, id) = (&setup.world.root, setup.key.id.as_str());
    let text = || std::borrow::Cow::Borrowed(std::str::from_utf8(SECRET).unwrap());
    let mut hidden: Vec<Vec<u8>> = vec![SECRET.to_vec(), setup.blob.clone()];
    for key in [id, ABSENT] {
        if let Ok(sealed) = client.encrypt(key, SECRET).send() {
            hidden.push(sealed.ciphertext_blob.clone());
            client.decrypt(&sealed.ciphertext_blob).send().unwrap();
            client.decrypt(&sealed.ciphertext_blob).context("a", "b").send().unwrap_err();
            hidden.push(client.re_encrypt(&sealed.ciphertext_blob, key).send().unwrap().ciphertext_blob.clone());
        }
        client.decrypt(SECRET).key_id(key).send().unwrap_err();
        client.re_encrypt(SECRET, key).send().unwrap_err();
        if let Ok(made) = client.generate_data_key(key).key_spec("AES_256").send() {
            hidden.push(made.expose().to_vec());
            hidden.push(made.ciphertext_blob.clone());
        }
        if let Ok(made) = client.generate_data_key_without_plaintext(key).key_spec("AES_256").send() {
            hidden.push(made.ciphertext_blob.clone());
        }
    }
    hidden.push(client.generate_random(32).send().unwrap().expose().to_vec());
    // Operations of later versions are recorded already.
    client.generate_mac(id, SECRET).mac_algorithm("HMAC_SHA_256").send().unwrap_err();
    client.verify_mac(id, SECRET, SECRET).mac_algorithm("HMAC_SHA_256").send().unwrap_err();
    client.sign(id, SECRET).signing_algorithm("ECDSA_SHA_256").send().unwrap_err();
    let call = client.verify(id, SECRET, SECRET).signing_algorithm("ECDSA_SHA_256");
    call.send().unwrap_err();
    let call = client.import_key_material(id, SECRET, SECRET).expiration_model("KEY_MATERIAL_DOES_NOT_EXPIRE");
    call.send().unwrap_err();
    client.retire_grant().grant_token(text()).send().unwrap_err();
    client.derive_shared_secret(id, SECRET).send().unwrap_err();
    let call = client.decapsulate(id, SECRET);
    call.send().unwrap_err();
    client.encrypt(id, b"x").grant_tokens(vec![text()]).send().unwrap_err();
    let call = client.create_custom_key_store().custom_key_store_name("n").key_store_password(SECRET);
    call.trust_anchor_certificate(text()).send().unwrap_err();
    // Violations do not quote them either.
    client.encrypt(id, SECRET.repeat(300)).send().unwrap_err();

    let trail: String = setup.world.kms.audit_trail().iter().map(|record| record.to_json()).collect();
    for secret in hidden {
        for form in [
            String::from_utf8_lossy(&secret).into_owned(),
            hex::encode(&secret),
            base64::engine::general_purpose::STANDARD_NO_PAD.encode(&secret),
            base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(&secret),
        ] {
            assert!(!trail.contains(&form), "{form}");
        }
    }
    assert!(trail.contains("DeriveSharedSecret") && trail.contains("CreateCustomKeyStore"));
}

/// Spec: AUD-15, AUD-18, AUD-22
#[test]
fn constraints_of_grants_are_recorded_by_the_names_of_the_table() {
    let setup = Setup::new();
    let constraints = {
        let mut constraints = keystead::GrantConstraints::default();
        let mut context = keystead::EncryptionContext::new();
        context.insert("App", "1");
        constraints.encryption_context_subset = Some(context);
        constraints
    };
    let call = setup.world.root.create_grant(&setup.key.id, "arn:aws:iam::111122223333:user/u");
    call.operations(vec!["Decrypt".into()]).constraints(constraints).send().unwrap();
    let record = setup.world.records("CreateGrant").pop().unwrap();
    let record: Value = serde_json::from_str(&record.to_json()).unwrap();
    assert_eq!(record["requestParameters"]["operations"], json!(["Decrypt"]));
    assert_eq!(record["requestParameters"]["constraints"], json!({ "encryptionContextSubset": { "App": "1" } }));
}

/// Spec: AUD-22
#[test]
fn every_operation_has_a_row() {
    // The record of CreateKey has no fixed content; a test of its own proves it.
    let named: BTreeSet<_> = rows().map(|row| row.name).chain(["CreateKey"]).chain(key_stores::names()).collect();
    assert_same_set(named, keystead::catalogue::operations().iter().map(|row| row.name()));
}
