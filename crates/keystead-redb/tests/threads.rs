//! Threads that read while another one commits.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::sync::atomic::{AtomicBool, Ordering};

use keystead_redb::{Durability, RedbStore};
use keystead_store::{Batch, Expect, Range, Store};

/// The engine checks in builds for tests that no page is freed that somebody reads.
#[test]
fn readers_do_not_disturb_a_writer() {
    let folder = tempfile::tempdir().unwrap();
    let store = RedbStore::builder().durability(Durability::Eventual).open(folder.path().join("store")).unwrap();
    let ended = AtomicBool::new(false);
    let (store, ended) = (&store, &ended);
    std::thread::scope(|scope| {
        for reader in 0..3 {
            scope.spawn(move || {
                while !ended.load(Ordering::Relaxed) {
                    let found = store.get(b"count").unwrap();
                    assert!(found.is_none_or(|entry| entry.value.len() == 8));
                    if reader == 0 {
                        assert!(store.scan(&Range::all(), 8).unwrap().len() <= 8);
                    }
                }
            });
        }
        let outcome = (0..3000_u64).try_for_each(|n| {
            let mut batch = Batch::new();
            batch.put("count", n.to_be_bytes(), Expect::Any).put(&(n % 50).to_be_bytes(), [0; 500], Expect::Any);
            store.commit(batch).map(drop)
        });
        ended.store(true, Ordering::Relaxed);
        outcome.unwrap();
    });
}
