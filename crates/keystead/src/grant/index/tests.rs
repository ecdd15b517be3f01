#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;
use std::time::Duration;

use keystead_types::Timestamp;
use proptest::prelude::*;

use super::super::{ContextConstraint, Party};
use super::*;
use crate::record::RECORD_FORMAT;

const USER: &str = "arn:aws:iam::111122223333:user/u";
const ACCOUNT: &str = "arn:aws:iam::111122223333:root";

fn grant(number: u64, grantee: &str, context: Option<ContextConstraint>) -> Grant {
    let mut id = [0; 32];
    // Spread like random IDs, so that a failure can be repeated.
    id[..8].copy_from_slice(&number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    id[24..].copy_from_slice(&number.to_be_bytes());
    Grant {
        format: RECORD_FORMAT,
        id: GrantId::from_bytes(id),
        name: String::new(),
        created: Timestamp::UNIX_EPOCH,
        grantee: Party::Principal(grantee.to_owned()),
        retiring: None,
        issuer: "111122223333".parse().unwrap(),
        operations: [GrantOperation::Encrypt, GrantOperation::DescribeKey].into(),
        context,
        source_arn: None,
    }
}

fn subset(pairs: &[(&str, &str)]) -> ContextConstraint {
    ContextConstraint::Subset(pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect())
}

fn find(index: &GrantIndex, operation: GrantOperation, pairs: &[(&str, &str)]) -> GrantMatch {
    let caller = Principal::user("aws", "111122223333", "u");
    let context = EncryptionContext::from_iter(pairs.iter().copied());
    index.find(&GrantQuery {
        operation,
        caller: &caller,
        account_root: Some(ACCOUNT),
        context: Some(&context),
        source_arn: None,
        child: None,
        sight: Sight { now: Timestamp::UNIX_EPOCH, delay: Duration::ZERO, presented: &[] },
    })
}

fn letters() -> impl Strategy<Value = BTreeMap<String, String>> {
    proptest::collection::btree_map("[ab]", "[xy]", 1..3)
}

fn any_grant(number: u64) -> impl Strategy<Value = Grant> {
    let grantee = prop_oneof![Just(USER), Just(ACCOUNT), Just("arn:aws:iam::111122223333:user/v")];
    let constraint = proptest::option::of(prop_oneof![
        letters().prop_map(ContextConstraint::Equals),
        letters().prop_map(ContextConstraint::Subset)
    ]);
    (grantee, constraint).prop_map(move |(grantee, context)| grant(number, grantee, context))
}

proptest! {
    /// What the index finds after any history is what a look at every grant finds.
    ///
    /// Spec: GRA-25, GRA-37, GRA-38
    #[test]
    fn the_index_finds_what_a_list_finds(
        grants in (1..80_usize).prop_flat_map(|many| (0..many as u64).map(any_grant).collect::<Vec<_>>()),
        removed in proptest::collection::vec(any::<prop::sample::Index>(), 0..60),
        context in letters(),
    ) {
        let mut list = grants.clone();
        let mut index = GrantIndex::of(grants);
        let before = index.clone();
        let count = list.len();
        for choice in removed {
            if list.is_empty() {
                break;
            }
            let gone = list.swap_remove(choice.index(list.len()));
            index = index.without(gone.id, None);
            prop_assert!(index.get(gone.id).is_none());
        }
        let pairs: Vec<_> = context.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        let fits = |grantee: &str| {
            let context = EncryptionContext::from_iter(pairs.iter().copied());
            list.iter().any(|grant| grant.grantee.name() == grantee && grant.admits_context(Some(&context)))
        };
        let expected = match (fits(USER), fits(ACCOUNT)) {
            (true, _) => GrantMatch::ToPrincipal,
            (false, true) => GrantMatch::ToAccount,
            (false, false) => GrantMatch::None,
        };
        prop_assert_eq!(find(&index, GrantOperation::Encrypt, &pairs), expected);
        prop_assert_eq!(index.len(), list.len());
        let mut ids: Vec<_> = index.all().iter().map(|grant| grant.id).collect();
        let mut expected: Vec<_> = list.iter().map(|grant| grant.id).collect();
        ids.sort();
        expected.sort();
        prop_assert_eq!(ids, expected);
        // The former index is as it was.
        prop_assert_eq!(before.all().len(), count);
    }
}

/// Many grants for one grantee, whose constraints begin alike, in turn.
fn crowded(count: u64) -> GrantIndex {
    let tenant = |number: u64| Some(subset(&[("app", "orders"), ("tenant", &number.to_string())]));
    GrantIndex::of((0..count).map(|number| grant(number, USER, tenant(number))))
}

#[test]
fn one_grant_more_or_less_costs_little_among_many() {
    let alike = GrantIndex::of((0..20_000).map(|number| grant(number, USER, Some(subset(&[("app", "orders")])))));
    for index in [crowded(20_000), alike] {
        let added = Arc::new(grant(20_000, USER, Some(subset(&[("app", "orders"), ("tenant", "new")]))));
        let with = allocation_counter::measure(|| drop(index.with(Arc::clone(&added)))).bytes_total;
        let id = grant(1, USER, None).id;
        let without = allocation_counter::measure(|| drop(index.without(id, None))).bytes_total;
        assert!(with < 32 * 1024, "{with} bytes for one grant more");
        assert!(without < 32 * 1024, "{without} bytes for one grant less");
        assert_eq!(index.without(id, None).all().len(), 19_999);
    }
}

#[test]
fn grants_of_one_grantee_are_told_apart_by_their_contexts() {
    let index = crowded(5_000);
    let tried = |pair: (&str, &str)| {
        let hash = hash_grantee(USER, GrantOperation::Encrypt, Some(pair), None);
        let mut tried = 0;
        index.entries.find(hash, |_| {
            tried += 1;
            false
        });
        tried
    };
    assert!(tried(("APP", "orders")) <= CROWD, "{} grants look alike", tried(("app", "orders")));
    assert_eq!(tried(("Tenant", "4000")), 1);
    let of = |tenant| find(&index, GrantOperation::Encrypt, &[("app", "orders"), ("tenant", tenant)]);
    assert_eq!((of("4000"), of("5000")), (GrantMatch::ToPrincipal, GrantMatch::None));
    assert_eq!(find(&index, GrantOperation::DescribeKey, &[]), GrantMatch::ToPrincipal);
}

#[test]
fn nothing_is_left_of_an_emptied_index() {
    let mut index = crowded(300);
    for grant in index.all() {
        index = index.without(grant.id, None);
    }
    let mut left = 0;
    index.entries.each(&mut |_, _| left += 1);
    assert_eq!((index.len(), left), (0, 0));
}
