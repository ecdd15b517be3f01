//! Security and resilience properties (chapter 42, part B).

use std::sync::Arc;

use keystead::store::{Batch, Expect, Range, Store};
use keystead::{Caller, ClientError, Kms};
use keystead_memory::MemoryStore;
use serde_json::json;

use super::code;
use super::support::{ACCOUNT, REGION, World, allow};
use super::usage::root_key;

fn open(store: &Arc<MemoryStore>) -> Kms {
    Kms::builder().store(Arc::clone(store)).root_key(root_key()).build().unwrap()
}

fn root() -> Caller {
    Caller::account_root(ACCOUNT).unwrap()
}

/// Spec: QUO-54
#[test]
fn swapped_records_never_lead_to_the_use_of_another_key() {
    let store = Arc::new(MemoryStore::new());
    let client = open(&store).client(REGION, root()).unwrap();
    let keys = [(); 2].map(|()| client.create_key().send().unwrap().key_metadata.key_id.to_string());
    let blobs = keys.each_ref().map(|key| client.encrypt(key, b"x").send().unwrap().into_inner().ciphertext_blob);
    drop(client);
    // The material of each key under the name of the other one.
    let material = |key: &str| {
        let name = [b"m", key.as_bytes()].concat();
        let found = store.scan(&Range::all(), usize::MAX).unwrap();
        found.into_iter().find(|(own, _)| own.as_ref().windows(name.len()).any(|part| part == name)).unwrap()
    };
    let [(first, a), (second, b)] = [material(&keys[0]), material(&keys[1])];
    let mut batch = Batch::new();
    batch.put(first, Arc::clone(&b.value), Expect::Any).put(second, Arc::clone(&a.value), Expect::Any);
    store.commit(batch).unwrap();

    let client = open(&store).client(REGION, root()).unwrap();
    for (key, blob) in keys.iter().zip(&blobs) {
        assert_eq!(code(client.encrypt(key, b"x").send()), "KMSInternalException");
        assert_eq!(code(client.decrypt(blob).send()), "KMSInternalException");
    }
}

/// Spec: QUO-55
#[test]
fn damage_in_one_region_leaves_the_others_alone() {
    let store = Arc::new(MemoryStore::new());
    let kms = open(&store);
    let regions = ["us-east-1", REGION];
    let keys = regions.map(|region| {
        let client = kms.client(region, root()).unwrap();
        client.create_key().send().unwrap().key_metadata.key_id.to_string()
    });
    drop(kms);
    let mut batch = Batch::new();
    for (name, _) in store.scan(&Range::all(), usize::MAX).unwrap() {
        if name.as_ref().windows(9).any(|part| part == b"us-east-1") {
            batch.put(name, b"damaged".to_vec(), Expect::Any);
        }
    }
    assert!(batch.len() >= 3, "domain key, key and material");
    store.commit(batch).unwrap();

    let kms = open(&store);
    assert!(matches!(kms.client(regions[0], root()), Err(ClientError::Open(_))));
    let client = kms.client(regions[1], root()).unwrap();
    assert_eq!(code(client.encrypt(&keys[1], b"x").send()), "ok");
    assert_eq!(code(client.create_key().send()), "ok");
    assert_eq!(kms.sweep().unwrap().failed, 1, "the damaged Region is told");
}

/// Spec: QUO-56
#[test]
fn a_change_is_seen_by_every_later_request() {
    let world = World::new();
    let key = world.key();
    let alice = world.user(&["kms:Encrypt"]);
    assert_eq!(code(alice.encrypt(&key.id, b"x").send()), "ok");
    let own = format!(
        r#"{{"Version": "2012-10-17", "Statement": {{"Effect": "Allow", "Principal": {{"AWS": "arn:aws:iam::{ACCOUNT}:root"}},
        "Action": ["kms:PutKeyPolicy", "kms:DisableKey"], "Resource": "*"}}}}"#
    );
    world.root.put_key_policy(&key.id, own).send().unwrap();
    assert_eq!(code(alice.encrypt(&key.id, b"x").send()), "AccessDeniedException");
    let default = super::support::policy(&[super::support::delegation()]);
    world.root.put_key_policy(&key.id, default).send().unwrap();
    assert_eq!(code(alice.encrypt(&key.id, b"x").send()), "ok");
    world.root.disable_key(&key.id).send().unwrap();
    assert_eq!(code(alice.encrypt(&key.id, b"x").send()), "DisabledException");
}

/// Spec: QUO-51
#[test]
fn no_debug_output_shows_a_plaintext() {
    let world = World::new();
    let key = world.key();
    let secret = b"recognisable";
    let call = world.root.encrypt(&key.id, secret);
    let mut told = format!("{call:?}");
    let sealed = call.send().unwrap();
    let opened = world.root.decrypt(&sealed.ciphertext_blob).send().unwrap();
    assert_eq!(opened.expose(), secret);
    let owned = world.root.encrypt(&key.id, secret.to_vec());
    told += &format!("{opened:?} {owned:?} {:?} {:?} {:?}", world.kms, world.root, world.kms.audit_trail());
    assert!(told.contains("Decrypt"));
    let numbers = format!("{:?}", &secret[..4]);
    for form in ["recognis", "7265636f", numbers.trim_matches(['[', ']'])] {
        assert!(!told.contains(form), "{form}");
    }
}

/// Spec: AUD-38
#[test]
fn the_use_of_a_grant_can_be_traced_to_its_creation() {
    let world = World::new();
    let key = world.key();
    let grantee = Caller::user(ACCOUNT, "grantee").unwrap();
    let arn = format!("arn:aws:iam::{ACCOUNT}:user/grantee");
    world.root.create_grant(&key.id, arn).operation("Decrypt").send().unwrap();
    let made = world.last_record();
    let sealed = world.root.encrypt(&key.id, b"x").context("volume", "7").send().unwrap();
    let encrypted = world.last_record();
    world.client(grantee).decrypt(&sealed.ciphertext_blob).context("volume", "7").send().unwrap();
    let used = world.last_record();
    assert_eq!(made["requestParameters"]["granteePrincipal"], used["userIdentity"]["arn"]);
    let context = |record: &serde_json::Value| record["requestParameters"]["encryptionContext"].clone();
    assert_eq!(context(&encrypted), context(&used));
    assert_eq!(context(&used), json!({ "volume": "7" }));
    for record in [made, encrypted, used] {
        assert_eq!(record["resources"][0]["ARN"], key.arn.as_str());
    }
}

/// Spec: QUO-53
#[test]
fn a_key_belongs_to_the_account_that_made_it() {
    let world = World::new();
    let key = world.foreign_key();
    let everything = allow(&["kms:*"], "*");
    let alice = world.client(Caller::user(ACCOUNT, "alice").unwrap().identity_policy(&everything).unwrap());
    // Whatever the policies of another account say, those of the owner govern.
    assert_eq!(code(alice.describe_key(&key.arn).send()), "AccessDeniedException");
    let gift = json!({ "Version": "2012-10-17", "Statement": { "Effect": "Allow",
        "Principal": { "AWS": format!("arn:aws:iam::{ACCOUNT}:root") }, "Action": "kms:*", "Resource": "*" } });
    let owner = world.foreign_root();
    let put = owner.put_key_policy(&key.id, gift.to_string()).bypass_policy_lockout_safety_check(true);
    put.send().unwrap();
    // Even so the key stays where it was, and what only an owner may do stays the owner's.
    let described = alice.describe_key(&key.arn).send().unwrap();
    assert_eq!(described.key_metadata.aws_account_id, owner.account());
    assert_eq!(code(alice.schedule_key_deletion(&key.arn).send()), "AccessDeniedException");
    assert_eq!(code(alice.put_key_policy(&key.arn, gift.to_string()).send()), "AccessDeniedException");
    assert_eq!(alice.list_keys().send().unwrap().keys.len(), 0);
}

/// The worked example: one statement, not a list, with an address condition.
///
/// Spec: QUO-60, QUO-61
#[test]
fn a_policy_may_shut_out_networks() {
    let world = World::new();
    let role = format!("arn:aws:iam::{ACCOUNT}:role/app");
    let document = json!({ "Version": "2012-10-17", "Statement": {
        "Effect": "Allow", "Principal": { "AWS": role }, "Resource": "*",
        "Action": ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"],
        "Condition": { "NotIpAddress": { "aws:SourceIp": ["192.0.2.0/24", "203.0.113.0/24"] } } } });
    let key = world.key_with_policy(&document.to_string());
    let from = |address: Option<&str>| {
        let caller = Caller::role_session(ACCOUNT, "app", "session").unwrap();
        let caller = match address {
            Some(address) => caller.source_ip(address.parse().unwrap()),
            None => caller,
        };
        let client = world.client(caller);
        [code(client.encrypt(&key.id, b"x").send()), code(client.describe_key(&key.id).send())]
    };
    assert_eq!(from(Some("198.51.100.7")), ["ok"; 2]);
    assert_eq!(from(Some("192.0.2.9")), ["AccessDeniedException"; 2]);
    assert_eq!(from(Some("203.0.113.255")), ["AccessDeniedException"; 2]);
    // A negated operator matches when the key is missing.
    assert_eq!(from(None), ["ok"; 2]);
}

/// Spec: QUO-62
#[test]
fn the_use_of_a_key_that_waits_for_its_deletion_is_on_record() {
    let world = World::new();
    let everybody = json!({ "Version": "2012-10-17", "Statement": { "Effect": "Allow", "Principal": "*",
        "Action": "kms:*", "Resource": "*" } });
    let key = world.key_with_policy(&everybody.to_string());
    let stranger = world.stranger(&["kms:*"]);
    stranger.encrypt(&key.arn, b"x").send().unwrap();
    assert_eq!(world.records("Encrypt").len(), 2, "one for each account");
    world.root.schedule_key_deletion(&key.id).send().unwrap();
    assert_eq!(code(stranger.encrypt(&key.arn, b"x").send()), "KMSInvalidStateException");
    let message = world.last_record()["errorMessage"].as_str().unwrap().to_owned();
    assert!(message.ends_with(" is pending deletion."), "{message}");
    let before = world.records("Encrypt").len();
    let nobody = world.stranger(&[]);
    assert_eq!(code(nobody.encrypt(&key.arn, b"x").send()), "AccessDeniedException");
    assert_eq!(world.records("Encrypt").len(), before + 1, "a refused call is the caller's alone");
}
