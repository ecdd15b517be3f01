//! Instances on a store in a file: what they ask for, what they leave in it, what they survive.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod backup;
mod domain_keys;
mod recorder;
mod root_key;
mod search;
mod secrets;

use std::path::Path;

use keystead::crypto::SecretBytes;
use keystead::hierarchy::RawRootKey;
use keystead::{Caller, Client, Kms};
use keystead_redb::RedbStore;

pub(crate) const ACCOUNT: &str = "111122223333";
pub(crate) const REGION: &str = "us-west-2";

/// An instance on the file.
pub(crate) fn open(path: &Path) -> Kms {
    Kms::builder().store(RedbStore::open(path).unwrap()).root_key(root_key(7)).build().unwrap()
}

/// A root key that comes back after a restart.
pub(crate) fn root_key(byte: u8) -> RawRootKey {
    RawRootKey::new(&SecretBytes::from(&[byte; 32])).unwrap()
}

pub(crate) fn client(kms: &Kms, region: &str) -> Client {
    kms.client(region, Caller::account_root(ACCOUNT).unwrap()).unwrap()
}
