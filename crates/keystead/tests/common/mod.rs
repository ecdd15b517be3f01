//! What several tests need.
#![allow(clippy::unwrap_used, clippy::expect_used)]
#![allow(dead_code, reason = "no test uses all of it")]

pub(crate) mod records;

use std::fmt::Write;

use keystead::crypto::SecretBytes;
use keystead::hierarchy::RawRootKey;
use keystead::store::{Batch, Expect, Range, Store};
use keystead::{Client, Kms};
use keystead_memory::MemoryStore;

pub(crate) const ACCOUNT: &str = "111122223333";
pub(crate) const REGION: &str = "us-west-2";

/// A root key that comes back after a restart.
pub(crate) fn root_key() -> RawRootKey {
    RawRootKey::new(&SecretBytes::from(&[7; 32])).unwrap()
}

/// A store with the same records; revisions differ.
pub(crate) fn copy_of(store: &impl Store) -> MemoryStore {
    let copy = MemoryStore::new();
    for (key, entry) in everything_in(store) {
        let mut batch = Batch::new();
        batch.put(key, entry.value.to_vec(), Expect::Absent);
        copy.commit(batch).unwrap();
    }
    copy
}

/// All records of a store.
pub(crate) fn everything_in(store: &impl Store) -> Vec<(keystead::store::Key, keystead::store::Entry)> {
    store.scan(&Range::all(), usize::MAX).unwrap()
}

/// All that an account can see in a Region, as text; identifiers of key material are left out, because they are random.
pub(crate) fn view(kms: &Kms, client: &Client, ciphertexts: &[Vec<u8>]) -> String {
    let mut seen = String::new();
    let keys = client.list_keys().send().unwrap().into_inner().keys;
    for key in &keys {
        let id = key.key_id;
        let mut metadata = client.describe_key(id).send().unwrap().into_inner().key_metadata;
        metadata.current_key_material_id = None;
        writeln!(seen, "{metadata:?}").unwrap();
        writeln!(seen, "{}", client.get_key_policy(id).send().unwrap().policy).unwrap();
        writeln!(seen, "{:?}", client.list_resource_tags(id).send().unwrap().tags).unwrap();
        writeln!(seen, "{:?}", client.get_key_rotation_status(id).send().unwrap().into_inner()).unwrap();
        for rotation in &client.list_key_rotations(id).send().unwrap().rotations {
            writeln!(seen, "{:?} {:?}", rotation.rotation_type, rotation.rotation_date).unwrap();
        }
        for alias in &client.list_aliases().key_id(id).send().unwrap().aliases {
            writeln!(seen, "{alias:?}").unwrap();
        }
    }
    for alias in &client.list_aliases().send().unwrap().aliases {
        let described = client.describe_key(alias.alias_name.as_str()).send().unwrap();
        writeln!(seen, "{alias:?} {}", described.key_metadata.key_id).unwrap();
    }
    for ciphertext in ciphertexts {
        match client.decrypt(ciphertext).context("a", "b").send() {
            Ok(opened) => writeln!(seen, "opens to {:?}", opened.expose()).unwrap(),
            Err(error) => writeln!(seen, "{}", error.error()).unwrap(),
        }
    }
    writeln!(seen, "{} keys counted", kms.key_count(client.region(), client.account()).unwrap()).unwrap();
    seen
}
