//! Key states against chapter 20, STA-38.

use std::collections::BTreeSet;

use keystead_hierarchy::spec::KeyState;

use super::super::{ROWS, Row, States};
use super::markdown::{Table, without_brackets};

/// The states of each column of the table.
const COLUMNS: [&[KeyState]; 7] = [
    &[KeyState::Enabled],
    &[KeyState::Disabled],
    &[KeyState::PendingDeletion, KeyState::PendingReplicaDeletion],
    &[KeyState::PendingImport],
    &[KeyState::Unavailable],
    &[KeyState::Creating],
    &[KeyState::Updating],
];

/// What a cell says of the state; notes 6, 7 and 9 are about the capability of the key, which comes before it.
fn admitted(cell: &str) -> Option<bool> {
    let note = |n: u8| cell.contains(&format!("[{n}]"));
    let refuses = [1, 2, 3, 4, 5, 8, 10, 11, 14, 15].into_iter().any(note);
    let plain = without_brackets(cell);
    match plain.split([',', ' ']).next().unwrap_or_default() {
        "ok" => Some(true),
        _ if refuses => Some(false),
        "cond" => Some(true),
        _ => None,
    }
}

/// Spec: STA-38..STA-41, STA-43..STA-46, KEY-42, KEY-47, KEY-75
#[test]
fn states_admit_what_the_table_says() {
    let table = Table::read("20-key-states-and-deletion.md", &["Operation", "Enabled", "Disabled"]);
    let mut judged = 0;
    for cells in table.rows() {
        let name = without_brackets(&cells[0]);
        let row = Row::find(name.trim()).unwrap();
        for (cell, states) in cells[1..].iter().zip(COLUMNS) {
            let Some(expected) = admitted(cell) else { continue };
            for state in states {
                assert_eq!(row.admits(*state), expected, "{name} in {state}: {cell}");
            }
            judged += 1;
        }
    }
    assert_eq!(table.rows().count(), 42);
    assert!(judged > 250, "{judged}");
}

/// Spec: STA-38, STA-99
#[test]
fn operations_outside_the_table_have_their_states() {
    let table = Table::read("20-key-states-and-deletion.md", &["Operation", "Enabled", "Disabled"]);
    let listed: BTreeSet<_> = table.rows().map(|cells| without_brackets(&cells[0]).trim().to_owned()).collect();
    for row in ROWS.iter().filter(|row| !listed.contains(row.name)) {
        let expected = match row.name {
            "DeriveSharedSecret" | "Encapsulate" | "Decapsulate" => States::USE,
            _ => States::ALL,
        };
        assert_eq!(row.states, expected, "{}", row.name);
    }
}

#[test]
fn cells_are_understood() {
    for (cell, expected) in [
        ("ok", Some(true)),
        ("ok, else [9]", Some(true)),
        ("ok [12]", Some(true)),
        ("ok (RUL-13)", Some(true)),
        ("cond [7]", Some(true)),
        ("cond [10]", Some(false)),
        ("[1]|[7]", Some(false)),
        ("[14] → STA-43", Some(false)),
        ("n/a → [5]", Some(false)),
        ("[4] (see [13])", Some(false)),
        ("[7]", None),
        ("[6]", None),
        ("n/a ([9])", None),
    ] {
        assert_eq!(admitted(cell), expected, "{cell}");
    }
}
