//! What survives closing and opening.

use super::{commit, contents, one, put};
use crate::{Batch, Expect, Store};

/// Records and revisions survive closing and opening, and the store says that they do. For backends that outlive the process; not part of
/// [`run`](super::run).
///
/// `open` opens one and the same store each time, empty at first; the suite drops what it opened before it opens anew.
///
/// # Panics
///
/// With a message, at the first promise that the store does not keep.
pub fn durability<S: Store>(open: impl Fn() -> S) {
    let store = open();
    assert!(store.is_durable(), "a store that outlives the process must say so");
    let mut batch = Batch::new();
    for n in 0..100_u32 {
        batch.put(&n.to_be_bytes(), n.to_le_bytes(), Expect::Absent);
    }
    commit(&store, batch);
    put(&store, "replaced", b"1");
    put(&store, "replaced", b"");
    let before = contents(&store);
    drop(store);

    let store = open();
    assert_eq!(contents(&store), before, "records and their revisions must survive");
    // The newest revision now belongs to a record that is gone; it must not be given again.
    put(&store, "newest", b"1");
    let last = commit(&store, one(|batch| batch.delete("newest", Expect::Any)));
    drop(store);

    let store = open();
    assert_eq!(contents(&store), before, "a deleted record must stay deleted");
    let next = commit(&store, Batch::new());
    assert!(next > last, "revision {next} after opening must be greater than {last} before");
    drop(store);

    let again = commit(&open(), Batch::new());
    assert!(again > next, "revision {again} after opening must be greater than {next}, which wrote nothing");
}
