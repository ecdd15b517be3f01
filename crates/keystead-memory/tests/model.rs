//! Histories that proptest makes and shrinks, against the model of the conformance suite.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use keystead_memory::MemoryStore;
use keystead_store::conformance::{Change, Expected, Step, follow_history};
use keystead_store::{Action, Key};
use proptest::collection::vec;
use proptest::prelude::*;

fn key() -> impl Strategy<Value = Key> {
    let byte = prop_oneof![Just(0), Just(b'a'), Just(b'b'), Just(u8::MAX), any::<u8>()];
    vec(byte, 1..4).prop_map(Key::from)
}

fn change() -> impl Strategy<Value = Change> {
    let expected = prop_oneof![
        5 => Just(Expected::Any),
        3 => Just(Expected::Current),
        1 => Just(Expected::Absent),
        1 => Just(Expected::Latest),
        1 => Just(Expected::Never),
    ];
    let action = prop_oneof![
        4 => vec(any::<u8>(), 0..20).prop_map(|value| Action::Put(value.into())),
        2 => Just(Action::Delete),
        1 => Just(Action::Check),
    ];
    (key(), expected, action).prop_map(|(key, expected, action)| Change { key, expected, action })
}

fn step() -> impl Strategy<Value = Step> {
    let prefix = prop_oneof![Just(Vec::new()), key().prop_map(|key| key.to_vec())];
    let scan = (prefix, proptest::option::of(key()), prop_oneof![0..8_usize, Just(usize::MAX)]);
    prop_oneof![
        3 => vec(change(), 0..6).prop_map(Step::Commit),
        1 => key().prop_map(Step::Get),
        1 => scan.prop_map(|(prefix, after, limit)| Step::Scan { prefix, after, limit }),
    ]
}

proptest! {
    #[test]
    fn any_history_matches_the_model(steps in vec(step(), 0..60)) {
        follow_history(&MemoryStore::new(), &steps);
    }
}
