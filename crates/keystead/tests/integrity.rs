//! Records are bound to their place: what somebody without the root key does to the store is found out.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use std::sync::Arc;

use common::records::{SECRET, overwrite, value_of};
use common::{ACCOUNT, REGION, copy_of, everything_in, root_key, view};
use keystead::hierarchy::RootKey;
use keystead::store::{Entry, Fault, FaultyStore, Key, Store};
use keystead::{Caller, Client, ClientError, Kms, ManualClock, replace_root_key};
use keystead_memory::MemoryStore;

/// A user of the account whom nothing allows anything.
const MALLORY: &str = "arn:aws:iam::111122223333:user/mallory";

struct Filled {
    store: MemoryStore,
    /// Of the key that has everything.
    rich: String,
    /// Of the key that is used in passing.
    other: String,
    ciphertexts: Vec<Vec<u8>>,
}

/// A store with records of every kind.
fn filled() -> Filled {
    let store = Arc::new(MemoryStore::new());
    let kms = open_itself(Arc::clone(&store));
    let client = root(&kms);
    let new_key = || client.create_key().tag("a", "b").send().unwrap().key_metadata.key_id.to_string();
    let (rich, other) = (new_key(), new_key());
    let seal = |id: &str| client.encrypt(id, b"secret").context("a", "b").send().unwrap().into_inner().ciphertext_blob;
    let mut ciphertexts = vec![seal(&rich), seal(&other)];
    client.rotate_key_on_demand(&rich).send().unwrap();
    client.enable_key_rotation(&rich).send().unwrap();
    ciphertexts.push(seal(&rich));
    client.create_alias("alias/rich", &rich).send().unwrap();
    client.create_alias("alias/other", &other).send().unwrap();
    client.create_grant(&rich, MALLORY).operation("DescribeKey").retiring_principal(MALLORY).send().unwrap();
    let empty = client.create_key().origin("EXTERNAL").send().unwrap().key_metadata.key_id.to_string();
    client.get_parameters_for_import(&empty, "RSAES_OAEP_SHA_256", "RSA_2048").send().unwrap();
    kms.sweep().unwrap();
    drop((client, kms));
    Filled { store: copy_of(&*store), rich, other, ciphertexts }
}

/// An instance on a copy of the store.
fn open(store: &MemoryStore) -> Kms {
    open_itself(copy_of(store))
}

fn open_itself(store: impl Store) -> Kms {
    let clock = Arc::new(ManualClock::at("2026-01-01T00:00:00Z"));
    Kms::builder().store(store).clock(clock).root_key(root_key()).build().unwrap()
}

fn root(kms: &Kms) -> Client {
    kms.client(REGION, Caller::account_root(ACCOUNT).unwrap()).unwrap()
}

fn has(key: &Key, part: &[u8]) -> bool {
    key.windows(part.len()).any(|window| window == part)
}

/// Every record, altered by one bit at its beginning, in its middle and at its end, or replaced by another one of its
/// kind: the check names it and no other; what the key that it does not belong to can do, it can still do.
///
/// Spec: OVR-16, QUO-54
#[test]
fn an_altered_record_is_found_and_harms_nothing_else() {
    let Filled { store, rich, other, ciphertexts } = filled();
    let records = everything_in(&store);
    let kinds = [&b"k"[..], b"m", b"a", b"n", b"g", b"retire", b"due", b"wrap", b"u", b"domain"];
    assert!(records.len() > kinds.len() + 4, "{} records", records.len());
    for (name, entry) in records.iter().filter(|(name, _)| **name != *SECRET) {
        let neighbour = records.iter().find(|(other, _)| other != name && **other != *SECRET).unwrap();
        for damaged in damages(entry, &neighbour.1) {
            let store = copy_of(&store);
            overwrite(&store, name, damaged);
            let kms = open(&store);
            let found = kms.check_records().unwrap();
            assert_eq!(found.records as usize, records.len());
            assert_eq!(found.altered, [name.to_string()]);
            let client = match kms.client(REGION, Caller::account_root(ACCOUNT).unwrap()) {
                Ok(client) => client,
                Err(error) => {
                    assert!(has(name, b"domain") && matches!(error, ClientError::Open(_)), "{name}: {error}");
                    continue;
                }
            };
            let harms = |id: &str| has(name, id.as_bytes());
            if !harms(&other) {
                client.encrypt(&other, b"x").send().unwrap();
                assert_eq!(client.decrypt(&ciphertexts[1]).context("a", "b").send().unwrap().expose(), b"secret");
            }
            if !harms(&rich) {
                assert_eq!(client.decrypt(&ciphertexts[0]).context("a", "b").send().unwrap().expose(), b"secret");
                client.describe_key(&rich).send().unwrap();
            }
            assert!(client.list_keys().send().unwrap().keys.len() == 3, "{name}");
            assert_eq!(client.list_aliases().send().unwrap().aliases.len(), 2, "{name}");
            kms.sweep().unwrap();
        }
    }
    assert!(open(&store).check_records().unwrap().altered.is_empty());
}

/// Ways to alter a record.
fn damages(entry: &Entry, other: &Entry) -> Vec<Vec<u8>> {
    let flipped = |at: usize| {
        let mut bytes = entry.value.to_vec();
        bytes[at] ^= 1;
        bytes
    };
    let len = entry.value.len();
    vec![
        flipped(0),
        flipped(len / 2),
        flipped(len - 1),
        other.value.to_vec(),
        value_of(&entry.value).to_vec(),
        entry.value[..len / 2].to_vec(),
        Vec::new(),
    ]
}

/// Who can write the store cannot give himself rights: neither by a policy, nor by a grant that was somebody else's, nor
/// by an alias that leads elsewhere.
///
/// Spec: QUO-54, OVR-16
#[test]
fn nobody_gains_rights_by_writing_the_store() {
    let Filled { store, rich, other, .. } = filled();
    let records = everything_in(&store);
    let find = |part: String| records.iter().find(|(name, _)| has(name, part.as_bytes())).unwrap().clone();
    let mallory = |kms: &Kms| kms.client(REGION, Caller::user(ACCOUNT, "mallory").unwrap()).unwrap();

    let (name, entry) = find(format!("k{other}"));
    let text = String::from_utf8_lossy(&entry.value[17..]).into_owned();
    let forged = text.replace(&format!("arn:aws:iam::{ACCOUNT}:root"), "*");
    assert_ne!(text, forged);
    let tampered = copy_of(&store);
    overwrite(&tampered, &name, [&entry.value[..17], forged.as_bytes()].concat());
    let kms = open(&tampered);
    assert_eq!(mallory(&kms).encrypt(&other, b"x").send().unwrap_err().code(), "KMSInternalException");

    // The grant on one key put under the other one.
    let (name, entry) = find(format!("g{rich}"));
    let moved: Vec<u8> = name.as_ref().to_vec();
    let at = moved.windows(rich.len()).position(|part| part == rich.as_bytes()).unwrap();
    let moved = Key::from([&moved[..at], other.as_bytes(), &moved[at + rich.len()..]].concat());
    let tampered = copy_of(&store);
    overwrite(&tampered, &moved, entry.value.to_vec());
    let kms = open(&tampered);
    assert_eq!(mallory(&kms).describe_key(&other).send().unwrap_err().code(), "KMSInternalException");
    mallory(&kms).describe_key(&rich).send().unwrap();

    let ((rich_alias, _), (_, other_alias)) = (find("alias/rich".into()), find("alias/other".into()));
    let tampered = copy_of(&store);
    overwrite(&tampered, &rich_alias, other_alias.value.to_vec());
    let kms = open(&tampered);
    assert_eq!(root(&kms).encrypt("alias/rich", b"x").send().unwrap_err().code(), "KMSInternalException");
    root(&kms).encrypt("alias/other", b"x").send().unwrap();
}

/// What everything else hangs on is never made anew for records that are there already.
///
/// Spec: OVR-16
#[test]
fn a_lost_secret_or_domain_key_is_told_and_not_replaced() {
    let Filled { store, rich, ciphertexts, .. } = filled();
    let without = |prefix: &[u8]| {
        let rest = MemoryStore::new();
        for (name, entry) in everything_in(&store).into_iter().filter(|(name, _)| !name.starts_with(prefix)) {
            overwrite(&rest, &name, entry.value.to_vec());
        }
        Arc::new(rest)
    };
    let rest = without(SECRET);
    let error = Kms::builder().store(Arc::clone(&rest)).root_key(root_key()).build().unwrap_err();
    assert!(error.to_string().contains("restore a backup"), "{error}");
    assert!(rest.get(SECRET).unwrap().is_none(), "a new secret was made");

    let rest = without(b"\0domain");
    let before = everything_in(&*rest).len();
    let kms = open_itself(Arc::clone(&rest));
    let client = kms.client(REGION, Caller::account_root(ACCOUNT).unwrap());
    assert!(matches!(client, Err(ClientError::Open(_))), "{rich}");
    assert_eq!(everything_in(&*rest).len(), before, "a new domain key was made");
    // Another Region is not harmed.
    let elsewhere = kms.client("eu-west-1", Caller::account_root(ACCOUNT).unwrap()).unwrap();
    elsewhere.create_key().send().unwrap();

    let kms = open(&store);
    assert_eq!(root(&kms).decrypt(&ciphertexts[0]).context("a", "b").send().unwrap().expose(), b"secret");
}

/// A store of the time before tags: records as they are, the secret bound to its place alone.
fn untagged(store: &MemoryStore) -> MemoryStore {
    let untagged = MemoryStore::new();
    for (name, entry) in everything_in(store) {
        let value = if *name == *SECRET {
            let secret = root_key().open(&entry.value, b"\0instance\0secret\0with record tags").unwrap();
            root_key().seal(secret.expose(), b"\0instance\0secret").unwrap()
        } else {
            value_of(&entry.value).to_vec()
        };
        overwrite(&untagged, &name, value);
    }
    untagged
}

#[test]
fn a_store_without_tags_gets_them_even_if_that_is_interrupted() {
    let Filled { store, ciphertexts, .. } = filled();
    let former = untagged(&store);
    let expected = view(&open(&store), &root(&open(&store)), &ciphertexts);

    let kms = open(&former);
    assert!(kms.check_records().unwrap().altered.is_empty());
    assert_eq!(view(&kms, &root(&kms), &ciphertexts), expected);

    for fault in [Fault::Before, Fault::After] {
        for at in 1.. {
            let store = Arc::new(FaultyStore::new(untagged(&store)));
            store.crash_at(at, fault);
            let build = || Kms::builder().store(Arc::clone(&store)).root_key(root_key()).build();
            let done = build().is_ok();
            store.recover();
            let kms = build().unwrap();
            assert!(kms.check_records().unwrap().altered.is_empty());
            assert_eq!(view(&kms, &root(&kms), &ciphertexts), expected);
            if done {
                assert!(at > 2, "tags and secret are commits of their own");
                break;
            }
        }
    }
    // The replacement of a root key does it as well.
    let former = untagged(&store);
    let next = keystead::hierarchy::RawRootKey::new(&keystead::crypto::SecretBytes::from(&[9; 32])).unwrap();
    assert_eq!(replace_root_key(&former, &root_key(), &next).unwrap(), 2);
    let kms = Kms::builder().store(former).root_key(next).build().unwrap();
    assert!(kms.check_records().unwrap().altered.is_empty());
    assert_eq!(view(&kms, &root(&kms), &ciphertexts), expected);
}

/// Taking off the tags does not make a store one of the time before.
///
/// Spec: QUO-54
#[test]
fn tags_cannot_be_taken_off() {
    let Filled { store, rich, .. } = filled();
    for (name, entry) in everything_in(&store).into_iter().filter(|(name, _)| **name != *SECRET) {
        overwrite(&store, &name, value_of(&entry.value).to_vec());
    }
    let kms = open(&store);
    let found = kms.check_records().unwrap();
    assert_eq!(found.altered.len() as u64, found.records - 1);
    assert!(kms.client(REGION, Caller::account_root(ACCOUNT).unwrap()).is_err(), "{rich}");
}
