//! Rotation of domain keys.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::sync::Arc;

use keystead::store::Store;
use keystead::{Caller, EphemeralRootKey, Kms};
use keystead_memory::MemoryStore;

/// Spec: OVR-17
#[test]
fn a_new_domain_key_changes_no_ciphertext_and_the_old_one_can_go() {
    let store = Arc::new(MemoryStore::new());
    let root = Arc::new(EphemeralRootKey::generate().unwrap());
    let open = || Kms::builder().store(Arc::clone(&store)).root_key(Arc::clone(&root)).build().unwrap();
    let caller = || Caller::account_root("111122223333").unwrap();
    let kms = open();
    let client = kms.client("us-west-2", caller()).unwrap();
    let key = client.create_key().send().unwrap().key_metadata.key_id;
    let old = client.encrypt(key, b"before").send().unwrap().into_inner().ciphertext_blob;
    client.rotate_key_on_demand(key).send().unwrap();

    let done = kms.rotate_domain_key(client.region()).unwrap();
    assert_eq!((done.version, done.rewrapped, done.retired), (2, 2, 1));
    let new = client.encrypt(key, b"after").send().unwrap().into_inner().ciphertext_blob;

    // A new instance knows only the new domain key.
    let domain_keys = store.scan(&keystead::store::Range::prefix(b"\0domain\0"), 10).unwrap();
    assert_eq!(domain_keys.len(), 1);
    let reopened = open().client("us-west-2", caller()).unwrap();
    for (blob, plaintext) in [(&old, &b"before"[..]), (&new, b"after")] {
        assert_eq!(client.decrypt(blob).send().unwrap().expose(), plaintext);
        assert_eq!(reopened.decrypt(blob).send().unwrap().expose(), plaintext);
    }
}
