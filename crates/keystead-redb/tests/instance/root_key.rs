//! A store that outlives the process needs a root key that does so too.

use std::sync::Arc;

use keystead::{BuildError, EphemeralRootKey, Kms, KmsBuilder};
use keystead_memory::MemoryStore;
use keystead_redb::RedbStore;
use keystead_store::{FaultyStore, Range, Store};

use crate::{REGION, client, open};

/// Spec: OVR-18
#[test]
fn a_store_in_a_file_is_refused_without_a_root_key() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(RedbStore::open(folder.path().join("store")).unwrap());
    let wrapped: Arc<dyn Store> = Arc::new(FaultyStore::new(Arc::clone(&store)));
    let builders: [KmsBuilder; 2] = [Kms::builder().store(Arc::clone(&store)), Kms::builder().store(wrapped)];
    for builder in builders {
        let error = builder.build().unwrap_err();
        assert!(matches!(error, BuildError::DurableWithoutRootKey), "{error}");
        assert!(error.to_string().contains("set `root_key`"), "the error does not say what to do: {error}");
    }
    assert!(store.scan(&Range::all(), 1).unwrap().is_empty(), "the refusal has written something");

    // Nothing was spoilt: with a root key that is kept, the store is kept.
    drop(store);
    let path = folder.path().join("store");
    let key = client(&open(&path), REGION).create_key().send().unwrap().key_metadata.key_id;
    client(&open(&path), REGION).encrypt(key, b"x").send().unwrap();
}

#[test]
fn who_wants_an_ephemeral_root_key_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let store = RedbStore::open(&path).unwrap();
    let kms = Kms::builder().store(store).root_key(EphemeralRootKey::generate().unwrap()).build().unwrap();
    let key = client(&kms, REGION).create_key().send().unwrap().key_metadata.key_id;
    client(&kms, REGION).encrypt(key, b"x").send().unwrap();
    drop(kms);
    let next = Kms::builder().store(RedbStore::open(&path).unwrap()).root_key(EphemeralRootKey::generate().unwrap());
    assert!(next.build().is_err(), "what the first instance left is lost, as it wanted");
}

#[test]
fn memory_needs_no_root_key() {
    let store = FaultyStore::new(MemoryStore::new());
    let kms = Kms::builder().store(store).build().unwrap();
    client(&kms, REGION).create_key().send().unwrap();
}
