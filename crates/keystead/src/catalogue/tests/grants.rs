//! Grant operations against chapter 23.

use std::collections::BTreeSet;

use keystead_hierarchy::spec::{KeyKind, KeySpec, KeyUsage};

use super::super::{ROWS, Resource, Row};
use super::markdown::{Table, code_spans};
use crate::grant::GrantOperation;

/// The policy actions of a row, without the vendor.
fn actions(row: &Row) -> impl Iterator<Item = &'static str> {
    row.actions.iter().map(|action| action.policy.name())
}

fn grant_operations() -> BTreeSet<&'static str> {
    GrantOperation::ALL.iter().map(|operation| operation.as_str()).collect()
}

/// The column of the table of GRA-10 that a kind of key is in.
fn column(spec: KeySpec, usage: KeyUsage) -> Option<usize> {
    match (spec.kind(), usage) {
        (KeyKind::SymmetricEncryption, _) => Some(1),
        (KeyKind::Asymmetric, KeyUsage::EncryptDecrypt) => Some(2),
        (KeyKind::Asymmetric, KeyUsage::SignVerify) => Some(3),
        (KeyKind::Hmac, _) => Some(4),
        _ => None,
    }
}

fn specs_and_usages() -> impl Iterator<Item = (KeySpec, KeyUsage)> {
    KeySpec::ALL.iter().flat_map(|spec| spec.usages().map(|usage| (*spec, usage)))
}

/// Spec: GRA-10
#[test]
fn keys_support_the_grant_operations_of_the_table() {
    let table = Table::read("23-grants.md", &["Operation", "Symmetric encryption key"]);
    let mut named = BTreeSet::new();
    let mut columns = BTreeSet::new();
    for cells in table.rows() {
        for name in code_spans(&cells[0]) {
            let operation: GrantOperation = name.parse().unwrap();
            for (spec, usage) in specs_and_usages() {
                let Some(column) = column(spec, usage) else { continue };
                assert_eq!(operation.fits(spec, usage), cells[column] == "yes", "{name}, {spec} for {usage}");
                columns.insert(column);
            }
            named.insert(name);
        }
    }
    assert_eq!(columns.len(), 4, "every column is about some key");
    // The others came later (GRA-68).
    let newer = ["DeriveSharedSecret", "Encapsulate", "Decapsulate"];
    assert!(named.iter().map(String::as_str).chain(newer).collect::<BTreeSet<_>>() == grant_operations());
}

/// Spec: GRA-68
#[test]
fn newer_grant_operations_are_for_key_agreement_and_encapsulation() {
    for (spec, usage) in specs_and_usages() {
        let agrees = usage == KeyUsage::KeyAgreement;
        let encapsulates = usage == KeyUsage::EncapsulateDecapsulate;
        assert_eq!(GrantOperation::DeriveSharedSecret.fits(spec, usage), agrees, "{spec} for {usage}");
        assert_eq!(GrantOperation::Encapsulate.fits(spec, usage), encapsulates, "{spec} for {usage}");
        assert_eq!(GrantOperation::Decapsulate.fits(spec, usage), encapsulates, "{spec} for {usage}");
    }
    assert!(specs_and_usages().any(|(_, usage)| usage == KeyUsage::KeyAgreement));
    assert!(specs_and_usages().any(|(_, usage)| usage == KeyUsage::EncapsulateDecapsulate));
}

/// Spec: GRA-13, GRA-44
#[test]
fn grant_operations_are_those_that_take_grant_tokens_and_retire_grant() {
    let with_tokens = ROWS.iter().filter(|row| row.member("GrantTokens").is_some());
    let mut taking: BTreeSet<_> = with_tokens.flat_map(|row| actions(row)).collect();
    assert!(taking.insert("RetireGrant"));
    assert_eq!(taking, grant_operations());
    let retire = Row::find("RetireGrant").unwrap();
    assert!(retire.member("GrantToken").is_some() && retire.member("GrantTokens").is_none());
    let grantable: BTreeSet<_> = ROWS
        .iter()
        .flat_map(|row| row.actions)
        .filter(|action| action.grantable)
        .map(|action| action.policy.name())
        .collect();
    assert_eq!(grantable, grant_operations());
}

/// Spec: GRA-65
#[test]
fn control_over_grants_is_given_where_the_table_says() {
    let table = Table::read("23-grants.md", &["Operation", "by key policy / identity policy", "by grant"]);
    let mut count = 0;
    for cells in table.rows() {
        let row = Row::find(&code_spans(&cells[0])[0]).unwrap();
        let [action] = row.actions else { panic!("{} has one action", row.name) };
        assert_eq!(action.grantable, cells[2].starts_with("yes"), "{}", row.name);
        let resource = match cells[1].as_str() {
            "yes" => Resource::Key,
            "yes (identity policy)" => Resource::None,
            "limited (GRA-57)" => Resource::Grant,
            other => panic!("{other}"),
        };
        assert_eq!(action.resource, resource, "{}", row.name);
        count += 1;
    }
    assert_eq!(count, 5);
}
