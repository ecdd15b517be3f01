//! Stored records, read and written as `docs/formats/record.md` says, by whoever has the root key.

use keystead::crypto::{DefaultProvider, MacAlgorithm, Provider, hkdf};
use keystead::hierarchy::RootKey;
use keystead::store::{Batch, Expect, Key, Store};

use super::root_key;

/// The value in a stored record.
pub(crate) fn value_of(stored: &[u8]) -> &[u8] {
    &stored[17..]
}

/// The value of a record.
pub(crate) fn read(store: &impl Store, key: &Key) -> Vec<u8> {
    value_of(&store.get(key).unwrap().unwrap().value).to_vec()
}

/// Writes a record with a tag that is right.
pub(crate) fn write(store: &impl Store, key: &Key, value: &[u8]) {
    let sealed = store.get(SECRET).unwrap().unwrap().value;
    let secret = root_key().open(&sealed, b"\0instance\0secret\0with record tags").unwrap();
    let mut tag_key = [0; 32];
    hkdf(&DefaultProvider, MacAlgorithm::HmacSha256, b"", secret.expose(), b"keystead record tags", &mut tag_key)
        .unwrap();
    let mac = DefaultProvider.mac(MacAlgorithm::HmacSha256, &tag_key).unwrap();
    let len = u16::try_from(key.len()).unwrap().to_be_bytes();
    let tag = mac.sign(&[&[1], &len, key, value]);
    overwrite(store, key, [&[1], &tag.as_ref()[..16], value].concat());
}

/// Writes bytes as somebody does who has no root key.
pub(crate) fn overwrite(store: &impl Store, key: &Key, bytes: Vec<u8>) {
    let mut batch = Batch::new();
    batch.put(key, bytes, Expect::Any);
    store.commit(batch).unwrap();
}

/// Where the one record without a tag is.
pub(crate) const SECRET: &[u8] = b"\0instance\0secret";
