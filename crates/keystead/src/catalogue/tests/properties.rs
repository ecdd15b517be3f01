//! Identifier classes, accounts, tokens and read-only flags against chapter 50, section 6, and chapter 10, KEY-18.

use super::super::{Identifiers, ROWS, Resource, Row};
use super::markdown::Table;

fn table() -> Table {
    Table::read("50-api-surface.md", &["Operation", "Key identifier forms", "Key of another account"])
}

/// Calls `check` with the row and the cells of each operation.
fn each(check: impl Fn(&'static Row, &[String])) {
    let table = table();
    assert!(table.rows().map(|cells| cells[0].as_str()).eq(ROWS.iter().map(|row| row.name)));
    for cells in table.rows() {
        check(Row::find(&cells[0]).unwrap(), &cells[1..]);
    }
}

/// Spec: API-019, API-047, KEY-18
#[test]
fn identifier_classes_are_those_of_the_table() {
    each(|row, cells| {
        let expected = match cells[0].chars().next() {
            Some('A') => Identifiers::Any,
            Some('B') => Identifiers::KeyOnly,
            Some('–') => Identifiers::None,
            // RetireGrant: a key ARN, and the key ID in the own account.
            _ if cells[0].starts_with("key ARN (key ID tolerated") => Identifiers::KeyOnly,
            _ => panic!("{}: {}", row.name, cells[0]),
        };
        assert_eq!(row.identifiers, expected, "{}", row.name);
    });
}

/// Spec: API-019, KEY-18
#[test]
fn identifier_classes_are_those_of_the_chapter_on_keys() {
    let text = Table::read("10-keys-and-identifiers.md", &["Accepts", "Operations (parameter)"]);
    let class_of = |name: &str| {
        let row = text.rows().find(|cells| cells[1].split(|c: char| !c.is_alphanumeric()).any(|word| word == name));
        row.map(|cells| cells[0].split(',').next().unwrap_or_default().to_owned())
    };
    let listed = ROWS.iter().filter_map(|row| Some((row, class_of(row.name)?)));
    let mut count = 0;
    for (row, class) in listed {
        let expected = match class.as_str() {
            "KA" => Identifiers::Any,
            "K" => Identifiers::KeyOnly,
            "alias name only" | "none" => Identifiers::None,
            other => panic!("{other}"),
        };
        assert_eq!(row.identifiers, expected, "{}", row.name);
        count += 1;
    }
    assert_eq!(count, ROWS.len() - 6, "all but the operations on custom key stores are named");
}

/// Spec: API-047, PRM-09
#[test]
fn other_accounts_are_served_where_the_table_says() {
    each(|row, cells| {
        let expected = cells[1].starts_with("yes");
        assert_eq!(row.actions.iter().all(|action| action.cross_account), expected, "{}", row.name);
    });
}

/// Spec: API-047
#[test]
fn authorized_resources_are_those_of_the_table() {
    each(|row, cells| {
        let on = &cells[2];
        let expected: &[Resource] = match on.as_str() {
            "key" => &[Resource::Key],
            "alias (IAM) and key" => &[Resource::Alias, Resource::Key],
            "alias (IAM), current key and new key" => &[Resource::Alias, Resource::Key, Resource::Key],
            _ if on.starts_with("`*` (IAM)") => &[Resource::None],
            _ if on.starts_with("source key") || on.starts_with("current primary key") => {
                &[Resource::Key, Resource::Key]
            }
            _ if on.starts_with("primary key; plus") => &[Resource::Key, Resource::None, Resource::Key],
            _ if on.starts_with("the grant itself") => &[Resource::Grant],
            _ => panic!("{}: {on}", row.name),
        };
        let found: Vec<_> = row.actions.iter().map(|action| action.resource).collect();
        // CreateKey has a second part when tags are given (PRM-14).
        let found = if row.name == "CreateKey" { &found[..1] } else { &found };
        assert_eq!(found, expected, "{}", row.name);
    });
}

/// Spec: API-027, API-030, API-034, API-047, API-089
#[test]
fn tokens_dry_runs_and_recipients_are_members_where_the_table_says() {
    each(|row, cells| {
        let has = |member: &str| row.member(member).is_some();
        let token = if row.name == "RetireGrant" { "GrantToken" } else { "GrantTokens" };
        assert_eq!(has(token), cells[4] != "–", "{} tokens", row.name);
        assert_eq!(has("DryRun"), cells[5].starts_with("yes"), "{} dry run", row.name);
        assert_eq!(has("DryRunModifiers"), cells[5].contains("modifiers"), "{} modifiers", row.name);
        assert_eq!(has("Recipient"), cells[6] == "yes", "{} recipient", row.name);
    });
}

/// Spec: API-047
#[test]
fn grants_carry_what_the_table_says() {
    each(|row, cells| {
        let expected = cells[3].starts_with("yes");
        assert!(row.actions.iter().all(|action| action.grantable == expected), "{}", row.name);
    });
}

/// Spec: API-048
#[test]
fn read_only_flags_are_those_of_the_table() {
    each(|row, cells| assert_eq!(row.read_only, cells[7] == "true", "{}", row.name));
}
