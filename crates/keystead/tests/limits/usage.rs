//! When keys were last used.

use std::sync::Arc;
use std::time::Duration;

use keystead::crypto::SecretBytes;
use keystead::hierarchy::RawRootKey;
use keystead::operations::KeyLastUsageData;
use keystead::store::{Range, Store};
use keystead::{Caller, Client, Kms, ManualClock, Timestamp};
use keystead_memory::MemoryStore;
use serde_json::json;

use super::support::{ABSENT, ACCOUNT, Key, REGION, START, World, policy};
use super::{DRY_RUN, code};

const DAY: Duration = Duration::from_secs(86_400);

/// A root key that comes back after a restart.
pub(crate) fn root_key() -> RawRootKey {
    RawRootKey::new(&SecretBytes::from(&[7; 32])).unwrap()
}

fn last(client: &Client, key: &Key) -> KeyLastUsageData {
    client.get_key_last_usage(&key.id).send().unwrap().into_inner().key_last_usage
}

fn typed(world: &World, spec: &str, usage: &str) -> Key {
    Key::of(world.root.create_key().key_spec(spec).key_usage(usage).send().unwrap().key_metadata.arn)
}

fn start() -> Timestamp {
    START.parse::<jiff::Timestamp>().unwrap().into()
}

/// Spec: STA-102, API-123
#[test]
fn the_last_successful_use_is_told_with_its_record() {
    let world = World::new();
    let key = world.key();
    let answer = world.root.get_key_last_usage(&key.arn).send().unwrap().into_inner();
    assert_eq!(answer.key_last_usage, KeyLastUsageData::default());
    assert_eq!((answer.key_id.to_string(), answer.key_creation_date), (key.id.clone(), start()));
    assert_eq!(answer.tracking_start_date, start());

    world.clock.advance(DAY);
    let sealed = world.root.encrypt(&key.id, b"x").send().unwrap();
    let record = world.records("Encrypt").pop().unwrap();
    let used = last(&world.root, &key);
    assert_eq!((used.operation, used.timestamp), (Some("Encrypt"), Some(start().plus(DAY))));
    assert_eq!(used.cloud_trail_event_id, Some(record.event_id));
    assert_eq!(used.kms_request_id.as_ref(), Some(sealed.request_id().as_uuid()));

    // Nothing of this is a use.
    world.clock.advance(DAY);
    let blob = &sealed.ciphertext_blob;
    assert_eq!(code(world.root.decrypt(blob).dry_run(true).send()), DRY_RUN);
    assert_eq!(code(world.root.decrypt(blob).context("a", "b").send()), "InvalidCiphertextException");
    assert_eq!(code(world.user(&[]).decrypt(blob).send()), "AccessDeniedException");
    world.root.describe_key(&key.id).send().unwrap();
    world.root.rotate_key_on_demand(&key.id).send().unwrap();
    world.root.generate_random(1).send().unwrap();
    assert_eq!(last(&world.root, &key), used);
    // It survives every change of the key, and every state tells it.
    world.root.schedule_key_deletion(&key.id).send().unwrap();
    assert_eq!(last(&world.root, &key), used);
    assert_eq!(code(world.root.get_key_last_usage("alias/x").send()), "NotFoundException");
    assert_eq!(code(world.root.get_key_last_usage(ABSENT).send()), "NotFoundException");
    assert_eq!(code(world.user(&["kms:DescribeKey"]).get_key_last_usage(&key.id).send()), "AccessDeniedException");
    assert_eq!(code(world.user(&["kms:GetKeyLastUsage"]).get_key_last_usage(&key.id).send()), "ok");
    let foreign = world.foreign_key();
    assert_eq!(code(world.root.get_key_last_usage(&foreign.arn).send()), "AccessDeniedException");
}

/// Every operation of the list.
///
/// Spec: API-123, STA-102
#[test]
fn every_cryptographic_operation_is_a_use() {
    let world = World::new();
    let root = &world.root;
    let key = world.key();
    let expect = |key: &Key, operation: &'static str| {
        assert_eq!(last(root, key).operation, Some(operation));
        world.clock.advance(Duration::from_millis(1));
    };
    let blob = root.encrypt(&key.id, b"x").send().unwrap().into_inner().ciphertext_blob;
    expect(&key, "Encrypt");
    root.decrypt(&blob).send().unwrap();
    expect(&key, "Decrypt");
    root.generate_data_key(&key.id).key_spec("AES_256").send().unwrap();
    expect(&key, "GenerateDataKey");
    root.generate_data_key_without_plaintext(&key.id).key_spec("AES_256").send().unwrap();
    expect(&key, "GenerateDataKeyWithoutPlaintext");
    root.generate_data_key_pair(&key.id).key_pair_spec("ECC_NIST_P256").send().unwrap();
    expect(&key, "GenerateDataKeyPair");
    root.generate_data_key_pair_without_plaintext(&key.id).key_pair_spec("ECC_NIST_P256").send().unwrap();
    expect(&key, "GenerateDataKeyPairWithoutPlaintext");
    let destination = world.key();
    root.re_encrypt(&blob, destination.id.clone()).send().unwrap();
    expect(&key, "ReEncrypt");
    expect(&destination, "ReEncrypt");

    let mac_key = typed(&world, "HMAC_256", "GENERATE_VERIFY_MAC");
    let mac = root.generate_mac(&mac_key.id, b"x").mac_algorithm("HMAC_SHA_256").send().unwrap().into_inner().mac;
    expect(&mac_key, "GenerateMac");
    root.verify_mac(&mac_key.id, b"y", &mac).mac_algorithm("HMAC_SHA_256").send().unwrap_err();
    expect(&mac_key, "GenerateMac");
    root.verify_mac(&mac_key.id, b"x", &mac).mac_algorithm("HMAC_SHA_256").send().unwrap();
    expect(&mac_key, "VerifyMac");

    let signer = typed(&world, "ECC_NIST_P256", "SIGN_VERIFY");
    let signature =
        root.sign(&signer.id, b"x").signing_algorithm("ECDSA_SHA_256").send().unwrap().into_inner().signature;
    expect(&signer, "Sign");
    root.verify(&signer.id, b"x", &signature).signing_algorithm("ECDSA_SHA_256").send().unwrap();
    expect(&signer, "Verify");
    root.get_public_key(&signer.id).send().unwrap();
    expect(&signer, "Verify");

    let agreement = typed(&world, "ECC_NIST_P256", "KEY_AGREEMENT");
    let public = root.get_public_key(&agreement.id).send().unwrap().into_inner().public_key;
    root.derive_shared_secret(&agreement.id, &public).send().unwrap();
    expect(&agreement, "DeriveSharedSecret");

    let kem = typed(&world, "ML_KEM_512", "ENCAPSULATE_DECAPSULATE");
    let sealed = root.encapsulate(&kem.id).send().unwrap().into_inner().shared_secret_ciphertext_blob;
    expect(&kem, "Encapsulate");
    root.decapsulate(&kem.id, &sealed).send().unwrap();
    expect(&kem, "Decapsulate");
}

/// Each owner is told the record in its own account (AUD-35), and nobody's record if none is made.
///
/// Spec: API-123
#[test]
fn an_owner_is_told_the_record_of_its_own_account() {
    let world = World::new();
    let everybody = policy(&[json!({ "Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*" })]);
    let key = world.key_with_policy(&everybody);
    world.stranger(&["kms:*"]).encrypt(&key.arn, b"x").send().unwrap();
    let records = world.records("Encrypt");
    let own = records.iter().find(|record| record.recipient_account_id == Some(ACCOUNT.parse().unwrap()));
    assert_eq!(records.len(), 2);
    assert_eq!(last(&world.root, &key).cloud_trail_event_id, Some(own.unwrap().event_id));

    let silent = World::with(|builder| builder.no_audit());
    let key = silent.key();
    silent.root.encrypt(&key.id, b"x").send().unwrap();
    let used = last(&silent.root, &key);
    assert_eq!((used.operation, used.cloud_trail_event_id), (Some("Encrypt"), None));
    assert!(used.kms_request_id.is_some());
}

/// Spec: STA-102
#[test]
fn the_last_use_survives_a_restart() {
    let store = Arc::new(MemoryStore::new());
    let clock = Arc::new(ManualClock::at(START));
    let open =
        || Kms::builder().store(Arc::clone(&store)).root_key(root_key()).clock(Arc::clone(&clock)).build().unwrap();
    let client = |kms: &Kms| kms.client(REGION, Caller::account_root(ACCOUNT).unwrap()).unwrap();
    let kms = open();
    let key = Key::of(client(&kms).create_key().send().unwrap().key_metadata.arn);
    let encrypt = |client: &Client| drop(client.encrypt(&key.id, b"x").send().unwrap());
    // Another instance on the same records sees what is saved and no more, as after a crash.
    let saved = || last(&client(&open()), &key);

    encrypt(&client(&kms));
    assert_eq!(saved(), KeyLastUsageData::default());
    kms.sweep().unwrap();
    let first = last(&client(&kms), &key);
    assert_eq!((saved(), first.operation), (first.clone(), Some("Encrypt")));
    // Without a sweep, steady use saves itself every hour.
    for _ in 0..4 {
        clock.advance(Duration::from_secs(1_200));
        encrypt(&client(&kms));
    }
    let hourly = last(&client(&kms), &key);
    assert_eq!(saved(), hourly);
    assert_ne!(hourly, first);
    clock.advance(Duration::from_secs(60));
    encrypt(&client(&kms));
    let latest = last(&client(&kms), &key);
    assert_eq!(saved(), hourly);
    drop(kms);
    assert_eq!(saved(), latest);

    // With the key goes the record of its use.
    let kms = open();
    client(&kms).schedule_key_deletion(&key.id).pending_window_in_days(7).send().unwrap();
    clock.advance(7 * DAY);
    kms.sweep().unwrap();
    let left = store.scan(&Range::all(), usize::MAX).unwrap();
    assert!(!left.iter().any(|(name, _)| name.as_ref().ends_with(key.id.as_bytes())), "{left:?}");
}

/// Spec: CND-122, STA-103, PRM-39
#[test]
fn rules_protect_keys_that_were_used_lately() {
    let world = World::new();
    let (used, unused) = (world.key(), world.key());
    let protecting = policy(&[
        json!({ "Effect": "Allow", "Action": "kms:*", "Resource": "*" }),
        json!({ "Effect": "Deny", "Action": ["kms:DisableKey", "kms:ScheduleKeyDeletion"], "Resource": "*",
                "Condition": { "NumericLessThanEquals": { "kms:TrailingDaysWithoutKeyUsage": "30" } } }),
    ]);
    let alice = world.client(Caller::user(ACCOUNT, "alice").unwrap().identity_policy(&protecting).unwrap());
    let disable = |key: &Key| code(alice.disable_key(&key.id).send());
    // A key created today has zero days.
    assert_eq!([disable(&used), disable(&unused)], ["AccessDeniedException"; 2]);
    world.clock.advance(20 * DAY);
    world.root.encrypt(&used.id, b"x").send().unwrap();
    world.clock.advance(11 * DAY - Duration::from_millis(1));
    assert_eq!([disable(&used), disable(&unused)], ["AccessDeniedException"; 2]);
    world.clock.advance(Duration::from_millis(1));
    assert_eq!([disable(&used), disable(&unused)], ["AccessDeniedException", "ok"]);
    world.clock.advance(20 * DAY - Duration::from_millis(1));
    assert_eq!(code(alice.schedule_key_deletion(&used.id).send()), "AccessDeniedException");
    world.clock.advance(Duration::from_millis(1));
    assert_eq!(code(alice.schedule_key_deletion(&used.id).send()), "ok");
    // Exactly the days: an Allow goes by the same number.
    let exactly = policy(&[json!({ "Effect": "Allow", "Action": "kms:DisableKey", "Resource": "*",
        "Condition": { "NumericEquals": { "kms:TrailingDaysWithoutKeyUsage": "0" } } })]);
    let bob = world.client(Caller::user(ACCOUNT, "bob").unwrap().identity_policy(&exactly).unwrap());
    let fresh = world.key();
    assert_eq!(code(bob.disable_key(&fresh.id).send()), "ok");
    world.clock.advance(DAY);
    assert_eq!(code(bob.disable_key(&fresh.id).send()), "AccessDeniedException");
}
