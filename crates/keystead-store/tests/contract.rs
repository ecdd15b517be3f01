//! Ranges, batches and the texts of errors.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeSet;

use keystead_store::{
    Action, Batch, CommitError, Entry, Expect, InvalidBatch, Key, MAX_KEY_LEN, MAX_VALUE_LEN, Range, Revision,
    StoreError,
};
use proptest::collection::vec;
use proptest::prelude::*;

#[test]
fn a_prefix_ends_before_its_successor() {
    let end = |prefix: &[u8]| Range::prefix(prefix).end().map(<[u8]>::to_vec);
    assert_eq!(end(b"ab"), Some(b"ac".to_vec()));
    assert_eq!(end(b"a\xff\xff"), Some(b"b".to_vec()));
    assert_eq!(end(b"\xff\xff"), None);
    assert_eq!(end(b""), None);
    assert_eq!(Range::prefix(""), Range::all());
}

#[test]
fn ranges_show_their_ends() {
    assert_eq!(format!("{:?}", Range::prefix("a").after(b"a\x01")), r"Range(a\x01\x00..b)");
    assert_eq!(format!("{:?}", Range::all()), "Range(..)");
}

fn short_key() -> impl Strategy<Value = Vec<u8>> {
    vec(prop_oneof![Just(0), Just(1), Just(b'a'), Just(254), Just(255), any::<u8>()], 0..4)
}

proptest! {
    /// A range holds what its definition says, gives the ordered maps of Rust the same, and never makes them panic.
    #[test]
    fn ranges_hold_what_they_say(
        prefix in short_key(),
        afters in vec(short_key(), 0..3),
        keys in proptest::collection::btree_set(short_key(), 0..40),
    ) {
        let range = afters.iter().fold(Range::prefix(&prefix), |range, key| range.after(key));
        let wanted = |key: &&Vec<u8>| key.starts_with(&prefix) && afters.iter().all(|after| *key > after);
        let expected: Vec<&Vec<u8>> = keys.iter().filter(wanted).collect();
        let contained: Vec<&Vec<u8>> = keys.iter().filter(|key| range.contains(key)).collect();
        prop_assert_eq!(&contained, &expected);
        prop_assert!(range.end().is_none_or(|end| range.start() <= end));
        prop_assert!(!range.is_empty() || expected.is_empty());

        let map: BTreeSet<Key> = keys.iter().map(|key| Key::from(key.as_slice())).collect();
        let found: Vec<&[u8]> = map.range::<[u8], _>(range.bounds()).map(|key| &key[..]).collect();
        prop_assert_eq!(found, expected);
    }

    /// Operations come out sorted, complete and untouched; a key named twice never does.
    #[test]
    fn batches_come_out_sorted(keys in vec(short_key(), 0..8)) {
        let mut batch = Batch::new();
        for key in &keys {
            batch.put(key.as_slice(), key.as_slice(), Expect::Any);
        }
        let unique: BTreeSet<&Vec<u8>> = keys.iter().collect();
        match batch.into_operations() {
            Ok(operations) => {
                let found: Vec<&[u8]> = operations.iter().map(|operation| &operation.key[..]).collect();
                prop_assert_eq!(found, unique.iter().map(|key| key.as_slice()).collect::<Vec<_>>());
                prop_assert!(operations.iter().all(|o| o.action == Action::Put(o.key[..].into())));
                prop_assert_eq!(unique.len(), keys.len());
            }
            Err(InvalidBatch::EmptyKey) => prop_assert!(unique.contains(&Vec::new())),
            Err(InvalidBatch::DuplicateKey { key }) => {
                prop_assert_eq!(keys.iter().filter(|other| other[..] == key[..]).count().min(2), 2);
            }
            Err(other) => prop_assert!(false, "{other}"),
        }
    }
}

#[test]
fn limits_are_inclusive() {
    let put = |key: usize, value: usize| {
        let mut batch = Batch::new();
        batch.put(vec![b'k'; key], vec![0; value], Expect::Any);
        batch.into_operations().map(|operations| operations.len())
    };
    assert_eq!(put(MAX_KEY_LEN, MAX_VALUE_LEN), Ok(1));
    assert_eq!(put(1, 0), Ok(1));
    assert_eq!(put(0, 0), Err(InvalidBatch::EmptyKey));
    assert_eq!(put(MAX_KEY_LEN + 1, 0), Err(InvalidBatch::KeyTooLong { len: MAX_KEY_LEN + 1 }));
    let too_long = InvalidBatch::ValueTooLong { key: "k".into(), len: MAX_VALUE_LEN + 1 };
    assert_eq!(put(1, MAX_VALUE_LEN + 1), Err(too_long));
}

#[test]
fn appended_batches_are_judged_as_one() {
    let mut batch = Batch::new();
    batch.put("a", *b"1", Expect::Absent);
    let mut other = Batch::new();
    other.check("b", Expect::Any);
    batch.append(other.clone());
    assert_eq!((batch.len(), batch.is_empty()), (2, false));
    assert!(batch.clone().into_operations().is_ok());
    batch.append(other);
    assert_eq!(batch.into_operations(), Err(InvalidBatch::DuplicateKey { key: "b".into() }));
}

#[test]
fn expectations_hold_in_one_state_each() {
    let (one, two) = (Some(Revision(1)), Some(Revision(2)));
    let holds = |expect: Expect| [None, one, two].map(|found| expect.holds(found));
    assert_eq!(holds(Expect::Any), [true, true, true]);
    assert_eq!(holds(Expect::Absent), [true, false, false]);
    assert_eq!(holds(Expect::Revision(Revision(2))), [false, false, true]);
    let entry = Entry { value: (*b"x").into(), revision: Revision(2) };
    assert_eq!(Expect::unchanged(Some(&entry)), Expect::Revision(Revision(2)));
    assert_eq!(Expect::unchanged(None), Expect::Absent);
}

#[test]
fn values_are_not_shown() {
    let entry = Entry { value: (*b"private").into(), revision: Revision(7) };
    assert_eq!(format!("{entry:?}"), "Entry(7 bytes, revision 7)");
    let mut batch = Batch::new();
    batch.put("k", *b"private", Expect::Any);
    assert!(!format!("{batch:?}").contains("private") && format!("{batch:?}").contains("Put(7 bytes)"));
}

#[test]
fn errors_say_what_to_do() {
    let conflict = CommitError::Conflict { key: b"key/\xff".into() };
    assert_eq!(conflict.to_string(), r"record `key/\xff` is not in the expected state: read it again and decide anew");
    assert!(StoreError::Unavailable("busy".into()).is_retryable());
    assert!(!StoreError::Corrupt("checksum".into()).is_retryable());
    assert!(!StoreError::Failed("disk full".into()).is_retryable());
}
