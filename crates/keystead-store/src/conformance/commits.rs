//! `commit`, one after the other.

use super::{commit, conflict, contents, get, one, put};
use crate::{Batch, CommitError, Expect, InvalidBatch, Key, MAX_KEY_LEN, MAX_VALUE_LEN, Revision, Store};

/// A batch is applied whole, or leaves no trace.
pub fn atomicity<S: Store>(new_store: &impl Fn() -> S) {
    let store = new_store();
    let kept = put(&store, "kept", b"1");
    put(&store, "gone", b"1");
    let mut batch = Batch::new();
    batch.put("new", *b"2", Expect::Absent).delete("gone", Expect::Any).check("kept", Expect::Revision(kept));
    let revision = commit(&store, batch);
    let found: Vec<_> = contents(&store).into_iter().map(|(key, entry)| (key.to_string(), entry.revision)).collect();
    assert_eq!(found, [("kept".into(), kept), ("new".into(), revision)], "all of a batch must be applied");

    // The failing precondition at the first, a middle and the last key, in each kind of operation.
    let before = contents(&store);
    for failing in ["a", "m", "z"] {
        let stale = Expect::Revision(revision);
        let failures = [
            one(|batch| batch.put(failing, *b"3", stale)),
            one(|batch| batch.delete(failing, stale)),
            one(|batch| batch.check(failing, stale)),
        ];
        for mut batch in failures {
            batch.put("b", *b"3", Expect::Absent).delete("kept", Expect::Any).put("new", *b"3", Expect::Any);
            batch.put("y", *b"3", Expect::Any);
            let result = store.commit(batch);
            assert_eq!(conflict(&result), Some(&Key::from(failing)), "a failed precondition names its key: {result:?}");
            assert_eq!(contents(&store), before, "a failed batch must leave no trace");
        }
    }
}

/// Each precondition holds exactly in its state, for each kind of operation.
pub fn preconditions<S: Store>(new_store: &impl Fn() -> S) {
    let store = new_store();
    let first = put(&store, "present", b"1");
    let current = put(&store, "present", b"2");
    let elsewhere = put(&store, "elsewhere", b"3");
    let future = Revision(u64::MAX);
    let table = [
        ("present", Expect::Any, true),
        ("present", Expect::Absent, false),
        ("present", Expect::Revision(current), true),
        ("present", Expect::Revision(first), false),
        ("present", Expect::Revision(elsewhere), false),
        ("present", Expect::Revision(future), false),
        ("present", Expect::Revision(Revision::default()), false),
        ("absent", Expect::Any, true),
        ("absent", Expect::Absent, true),
        ("absent", Expect::Revision(current), false),
        ("absent", Expect::Revision(Revision::default()), false),
    ];
    for (key, expect, holds) in table {
        // A check writes nothing, so that the table stays true; for writes a second operation makes the batch fail.
        let result = store.commit(one(|batch| batch.check(key, expect)));
        assert_eq!(result.is_ok(), holds, "check of `{key}` with {expect:?}: {result:?}");
        for write in [one(|batch| batch.put(key, *b"x", expect)), one(|batch| batch.delete(key, expect))] {
            let mut write = write;
            write.check("zzz", Expect::Revision(future));
            let result = store.commit(write);
            let at_fault = conflict(&result).expect("the batch cannot succeed").to_string();
            assert!(at_fault == "zzz" || (at_fault == key && !holds), "write of `{key}` with {expect:?}: {result:?}");
        }
    }

    let replaced = commit(&store, one(|batch| batch.put("present", *b"4", Expect::Revision(current))));
    let result = store.commit(one(|batch| batch.delete("present", Expect::Revision(current))));
    assert!(conflict(&result).is_some(), "a revision that was replaced must not match: {result:?}");
    commit(&store, one(|batch| batch.delete("present", Expect::Revision(replaced))));
    put(&store, "present", b"4");
    let result = store.commit(one(|batch| batch.put("present", *b"5", Expect::Revision(replaced))));
    assert!(conflict(&result).is_some(), "a record made again is another record: {result:?}");
}

/// A batch that breaks a rule is refused and leaves no trace; the longest key and value are no breach.
pub fn invalid_batches<S: Store>(new_store: &impl Fn() -> S) {
    let store = new_store();
    put(&store, "a", b"1");
    let before = contents(&store);
    let refused = |mut batch: Batch| {
        batch.put("b", *b"2", Expect::Any);
        let result = store.commit(batch);
        assert_eq!(contents(&store), before, "a refused batch must leave no trace");
        match result {
            Err(CommitError::Invalid(reason)) => reason,
            other => panic!("an invalid batch must be refused as such: {other:?}"),
        }
    };
    let twice = one(|batch| batch.put("a", *b"2", Expect::Any).delete("a", Expect::Any));
    assert_eq!(refused(twice), InvalidBatch::DuplicateKey { key: "a".into() });
    let twice = one(|batch| batch.check("a", Expect::Any).put("a", *b"2", Expect::Any));
    assert_eq!(refused(twice), InvalidBatch::DuplicateKey { key: "a".into() });
    assert_eq!(refused(one(|batch| batch.put("", *b"2", Expect::Any))), InvalidBatch::EmptyKey);

    let key = Key::from(vec![b'k'; MAX_KEY_LEN + 1]);
    assert_eq!(refused(one(|batch| batch.delete(&key, Expect::Any))), InvalidBatch::KeyTooLong { len: key.len() });
    let value = vec![0; MAX_VALUE_LEN + 1];
    let reason = refused(one(|batch| batch.put("a", value.as_slice(), Expect::Any)));
    assert_eq!(reason, InvalidBatch::ValueTooLong { key: "a".into(), len: value.len() });
}

/// Revisions grow with every commit, and all records of a commit bear its own.
pub fn revisions<S: Store>(new_store: &impl Fn() -> S) {
    let store = new_store();
    let mut batch = Batch::new();
    batch.put("a", *b"1", Expect::Absent).put("b", *b"1", Expect::Absent).put("c", *b"1", Expect::Absent);
    let first = commit(&store, batch);
    assert!(first > Revision::default(), "revision zero is before the first commit");
    for key in ["a", "b", "c"] {
        assert_eq!(get(&store, key).map(|entry| entry.revision), Some(first), "a commit's records bear its revision");
    }

    let mut last = first;
    let mut grows = |revision: Revision, what: &str| {
        assert!(revision > last, "{what}: revision {revision} must be greater than {last}");
        last = revision;
    };
    grows(put(&store, "a", b"1"), "a put of the same value");
    grows(commit(&store, one(|batch| batch.delete("b", Expect::Any))), "a delete");
    grows(commit(&store, one(|batch| batch.delete("b", Expect::Any))), "a delete of what is absent");
    grows(commit(&store, one(|batch| batch.check("c", Expect::Revision(first)))), "a check alone");
    grows(commit(&store, Batch::new()), "an empty batch");
    let result = store.commit(one(|batch| batch.put("a", *b"2", Expect::Absent)));
    assert!(conflict(&result).is_some(), "the record is there: {result:?}");
    grows(put(&store, "b", b"1"), "a record made again");
    assert_eq!(get(&store, "c").map(|entry| entry.revision), Some(first), "a check must not change the revision");
}
