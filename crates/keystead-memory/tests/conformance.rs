//! The in-memory store keeps every promise of the contract.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use keystead_memory::MemoryStore;

keystead_store::conformance_tests!(MemoryStore::new);

/// A store behind `Arc<dyn Store>`, as applications hold it, is a store as well.
mod behind_a_trait_object {
    use std::sync::Arc;

    use keystead_store::Store;

    use super::MemoryStore;

    keystead_store::conformance_tests!(|| -> Arc<dyn Store> { Arc::new(MemoryStore::new()) });
}

#[test]
fn the_suite_runs_as_one() {
    keystead_store::conformance::run(MemoryStore::new);
}
