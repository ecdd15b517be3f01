//! Chapter 42, part B: what the library promises for keys, whatever happens around it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;
mod support;

use std::fmt::Debug;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use common::{copy_of, everything_in, root_key, view};
use keystead::crypto::entropy::SystemEntropy;
use keystead::crypto::{DefaultProvider, Provider, SecretBytes};
use keystead::hierarchy::RawRootKey;
use keystead::hierarchy::spec::{WrappingAlgorithm, WrappingKeySpec};
use keystead::{CallError, Caller, Client, Kms};
use keystead_memory::MemoryStore;
use serde_json::{Value, json};
use support::*;

/// Bytes that are easily found again.
const MATERIAL: &[u8; 32] = b"these bytes are the key material";

fn open(store: &Arc<MemoryStore>) -> Kms {
    Kms::builder().store(Arc::clone(store)).root_key(root_key()).build().unwrap()
}

fn root(kms: &Kms, region: &str) -> Client {
    kms.client(region, Caller::account_root(ACCOUNT).unwrap()).unwrap()
}

/// A symmetric encryption key with [`MATERIAL`].
fn imported(root: &Client) -> String {
    let key = root.create_key().origin("EXTERNAL").send().unwrap().key_metadata.key_id.to_string();
    let (algorithm, spec) = ("RSAES_OAEP_SHA_256", "RSA_2048");
    let set = root.get_parameters_for_import(&key, algorithm, spec).send().unwrap();
    let spec: WrappingKeySpec = spec.parse().unwrap();
    let wrapping = DefaultProvider.public_key(spec.key_pair(), &set.public_key).unwrap();
    let scheme = algorithm.parse::<WrappingAlgorithm>().unwrap().scheme().unwrap();
    let wrapped = scheme.wrap(&DefaultProvider, &*wrapping, MATERIAL, &SystemEntropy).unwrap();
    let call = root.import_key_material(&key, &set.import_token, &wrapped);
    call.expiration_model("KEY_MATERIAL_DOES_NOT_EXPIRE").send().unwrap();
    key
}

/// Whether the bytes stand there, in any usual form.
fn holds(place: &[u8], secret: &[u8]) -> bool {
    let forms = [
        secret.to_vec(),
        hex::encode(secret).into_bytes(),
        STANDARD.encode(secret).into_bytes(),
        format!("{secret:?}").trim_matches(['[', ']']).as_bytes().to_vec(),
    ];
    forms.iter().any(|form| place.windows(form.len()).any(|window| window == form))
}

/// Spec: QUO-48, QUO-49, KEY-04
#[test]
fn material_is_in_no_answer_no_record_and_no_store() {
    let store = Arc::new(MemoryStore::new());
    let kms = open(&store);
    let root = root(&kms, REGION);
    let id = imported(&root);
    root.create_alias("alias/imported", &id).send().unwrap();
    let sealed = root.encrypt(&id, b"x").send().unwrap().into_inner().ciphertext_blob;
    let grant = root.create_grant(&id, "arn:aws:iam::111122223333:user/u").operation("Decrypt").send().unwrap();
    let said: Vec<Box<dyn Debug>> = vec![
        Box::new(sealed.clone()),
        Box::new(root.decrypt(&sealed).send().unwrap()),
        Box::new(root.re_encrypt(&sealed, &id).send().unwrap().ciphertext_blob.clone()),
        Box::new(root.generate_data_key(&id).key_spec("AES_256").send().unwrap().expose().to_vec()),
        Box::new(root.generate_data_key_pair(&id).key_pair_spec("ECC_NIST_P256").send().unwrap()),
        Box::new(root.describe_key(&id).send().unwrap()),
        Box::new(root.get_key_policy(&id).send().unwrap()),
        Box::new(root.get_key_rotation_status(&id).send().unwrap()),
        Box::new(root.list_key_rotations(&id).include_key_material("ALL_KEY_MATERIAL").send().unwrap()),
        Box::new(root.list_grants(&id).send().unwrap()),
        Box::new(root.list_aliases().send().unwrap()),
        Box::new(root.get_key_last_usage(&id).send().unwrap()),
        Box::new(root.get_parameters_for_import(&id, "RSAES_OAEP_SHA_256", "RSA_2048").send().unwrap()),
        Box::new(root.get_public_key(&id).send().unwrap_err()),
        Box::new(grant.grant_token.clone()),
        Box::new(kms.audit_trail()),
        Box::new(kms.clone()),
    ];
    for (at, said) in said.iter().enumerate() {
        assert!(!holds(format!("{said:?}").as_bytes(), MATERIAL), "{at}");
    }
    kms.sweep().unwrap();
    for (name, entry) in everything_in(&*store) {
        assert!(!holds(name.as_ref(), MATERIAL) && !holds(&entry.value, MATERIAL), "{name:?}");
    }
    // It does what it is there for.
    assert!(holds(b"... these bytes are the key material ...", MATERIAL));
    assert!(holds(format!("{:?}", MATERIAL.to_vec()).as_bytes(), MATERIAL));
}

/// Spec: QUO-50, OVR-22
#[test]
fn data_keys_come_in_clear_from_the_operations_that_say_so() {
    let store = Arc::new(MemoryStore::new());
    let kms = open(&store);
    let root = root(&kms, REGION);
    let id = root.create_key().send().unwrap().key_metadata.key_id;
    let data_key = root.generate_data_key(id).key_spec("AES_256").send().unwrap();
    let pair = root.generate_data_key_pair(id).key_pair_spec("ECC_NIST_P256").send().unwrap();
    let private_key = pair.private_key_plaintext.as_ref().unwrap().expose();
    let without = root.generate_data_key_without_plaintext(id).key_spec("AES_256").send().unwrap();
    let opened = |blob: &[u8]| root.decrypt(blob).send().unwrap().expose().to_vec();
    assert_eq!(opened(&data_key.ciphertext_blob), data_key.expose());
    assert_eq!(opened(&pair.private_key_ciphertext_blob), private_key);
    let hidden = opened(&without.ciphertext_blob);
    assert_eq!(hidden.len(), 32);
    assert!(!holds(format!("{without:?}").as_bytes(), &hidden));
    // The library keeps none of them.
    for secret in [data_key.expose(), private_key, &hidden] {
        assert!(everything_in(&*store).iter().all(|(_, entry)| !holds(&entry.value, secret)));
        assert!(kms.audit_trail().iter().all(|record| !holds(record.to_json().as_bytes(), secret)));
    }
}

/// The encrypted form of everything is what the store holds: a copy of it is a backup.
///
/// Spec: QUO-57
#[test]
fn a_copy_of_the_store_is_a_backup() {
    let store = Arc::new(MemoryStore::new());
    let kms = open(&store);
    let client = root(&kms, REGION);
    let id = client.create_key().description("orders").tag("a", "b").send().unwrap().key_metadata.key_id;
    client.create_alias("alias/orders", id).send().unwrap();
    let sealed = client.encrypt(id, b"order 42").context("a", "b").send().unwrap().into_inner().ciphertext_blob;
    client.rotate_key_on_demand(id).send().unwrap();
    kms.sweep().unwrap();
    let before = view(&kms, &client, std::slice::from_ref(&sealed));
    let backup = Arc::new(copy_of(&*store));
    client.delete_alias("alias/orders").send().unwrap();
    client.disable_key(id).send().unwrap();

    let restored = open(&backup);
    let client = root(&restored, REGION);
    assert_eq!(view(&restored, &client, &[sealed]), before);
    // Without the root key it is worth nothing.
    let other = RawRootKey::new(&SecretBytes::from(&[8; 32])).unwrap();
    assert!(Kms::builder().store(Arc::new(copy_of(&*backup))).root_key(other).build().is_err());
}

/// Spec: QUO-63
#[test]
fn the_china_profile_differs_in_algorithms_alone() {
    let script = |client: &Client| -> Vec<String> {
        let mut said = Vec::new();
        let mut note = |result: Result<Value, CallError>| {
            said.push(match result {
                Ok(value) => value.to_string(),
                Err(error) => error.code().to_owned(),
            });
        };
        let key = client.create_key().tag("a", "b").send().unwrap().key_metadata.key_id;
        let hmac = client.create_key().key_spec("HMAC_256").key_usage("GENERATE_VERIFY_MAC").send().unwrap();
        let hmac = hmac.key_metadata.key_id;
        note(
            client
                .describe_key(key)
                .send()
                .map(|answer| json!([answer.key_metadata.key_spec.as_str(), answer.key_metadata.key_state.as_str()])),
        );
        note(client.create_alias("alias/a", key).send().map(|_| json!("alias")));
        note(client.create_alias("alias/a", key).send().map(|_| json!("alias")));
        let sealed = client.encrypt("alias/a", b"x").context("a", "b").send().unwrap().into_inner().ciphertext_blob;
        note(client.decrypt(&sealed).context("a", "b").send().map(|opened| json!(opened.expose())));
        note(client.decrypt(&sealed).context("a", "c").send().map(|_| json!("opened")));
        note(client.encrypt(key, vec![0; 4096]).send().map(|_| json!("sealed")));
        note(client.encrypt(key, vec![0; 4097]).send().map(|_| json!("sealed")));
        note(client.generate_data_key(key).number_of_bytes(24).send().map(|made| json!(made.expose().len())));
        note(client.generate_mac(hmac, b"x").mac_algorithm("HMAC_SHA_256").send().map(|made| json!(made.mac.len())));
        note(client.generate_mac(key, b"x").mac_algorithm("HMAC_SHA_256").send().map(|_| json!("mac")));
        note(client.enable_key_rotation(key).send().map(|_| json!("rotating")));
        note(client.rotate_key_on_demand(key).send().map(|_| json!("rotated")));
        note(client.decrypt(&sealed).context("a", "b").send().map(|opened| json!(opened.expose())));
        note(client.disable_key(key).send().map(|_| json!("disabled")));
        note(client.encrypt(key, b"x").send().map(|_| json!("sealed")));
        note(
            client
                .schedule_key_deletion(key)
                .pending_window_in_days(7)
                .send()
                .map(|answer| json!(answer.key_state.as_str())),
        );
        note(client.encrypt(key, b"x").send().map(|_| json!("sealed")));
        note(client.tag_resource(key).tag("c", "d").send().map(|_| json!("tagged")));
        note(client.put_key_policy(key, "{}").send().map(|_| json!("policy")));
        said
    };
    let world = World::new();
    let [here, china] = [REGION, "cn-north-1"].map(|region| script(&root(&world.kms, region)));
    assert_eq!(here, china);
    assert!(here.iter().any(|said| said == "KMSInvalidStateException"));
    // The algorithms.
    let sm2 = |region: &str| root(&world.kms, region).create_key().key_spec("SM2").key_usage("SIGN_VERIFY").send();
    sm2("cn-north-1").unwrap();
    assert_code(sm2(REGION), "UnsupportedOperationException");
}

/// Each of them alone decides one call.
///
/// Spec: QUO-64
#[test]
fn every_means_of_protection_decides() {
    let world = World::new();
    let alice = Caller::user(ACCOUNT, "alice").unwrap();
    let encrypt = |caller: &Caller, key: &Key, app: &str| {
        world.client(caller.clone()).encrypt(&key.arn, b"x").context("app", app).send().is_ok()
    };
    let arn = "arn:aws:iam::111122223333:user/alice";
    let to_alice = |condition: Value| {
        policy(&[
            delegation(),
            json!({ "Effect": "Allow", "Principal": { "AWS": arn }, "Action": "kms:Encrypt",
            "Resource": "*", "Condition": condition }),
        ])
    };
    // A key policy.
    let (closed, open) = (world.key(), world.key_with_policy(&to_alice(json!({}))));
    assert_eq!([encrypt(&alice, &closed, "a"), encrypt(&alice, &open, "a")], [false, true]);
    // An identity policy.
    let allowed = alice.clone().identity_policy(&allow(&["kms:Encrypt"], &closed.arn)).unwrap();
    assert!(encrypt(&allowed, &closed, "a"));
    // A condition, on the encryption context.
    let by_app = world.key_with_policy(&to_alice(json!({ "StringEquals": { "kms:EncryptionContext:app": "a" } })));
    assert_eq!([encrypt(&alice, &by_app, "a"), encrypt(&alice, &by_app, "b")], [true, false]);
    // The encryption context itself.
    let sealed = world.root.encrypt(&open.id, b"x").context("app", "a").send().unwrap().into_inner().ciphertext_blob;
    assert_code(world.root.decrypt(&sealed).context("app", "b").send(), "InvalidCiphertextException");
    world.root.decrypt(&sealed).context("app", "a").send().unwrap();
    // A constraint of a grant.
    let mut context = keystead::EncryptionContext::new();
    context.insert("app", "a");
    let mut constraints = keystead::GrantConstraints::default();
    constraints.encryption_context_equals = Some(context);
    world.root.create_grant(&closed.id, arn).operation("Encrypt").constraints(constraints).send().unwrap();
    assert_eq!([encrypt(&alice, &closed, "a"), encrypt(&alice, &closed, "b")], [true, false]);
}
