//! The durable store keeps every promise of the contract.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::sync::atomic::{AtomicU32, Ordering};

use keystead_redb::{Durability, RedbStore};
use keystead_store::conformance::durability;

keystead_store::conformance_tests!(stores(Durability::Immediate));

/// What is in no hurry to be on disk is no less a store.
mod eventually {
    use super::*;

    keystead_store::conformance_tests!(stores(Durability::Eventual));
}

#[test]
fn records_and_revisions_survive() {
    for mode in [Durability::Immediate, Durability::Eventual] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store");
        durability(|| RedbStore::builder().durability(mode).open(&path).unwrap());
    }
}

/// New stores, each in a file of its own.
fn stores(durability: Durability) -> impl Fn() -> RedbStore {
    let (folder, count) = (tempfile::tempdir().unwrap(), AtomicU32::new(0));
    move || {
        let path = folder.path().join(count.fetch_add(1, Ordering::Relaxed).to_string());
        RedbStore::builder().durability(durability).open(path).unwrap()
    }
}
