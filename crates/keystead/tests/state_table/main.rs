//! The table of chapter 20, section 4, cell by cell: what every operation answers in every key state, for keys of every kind
//! that can be in it. The cells are read from the chapter; which keys support which operation is written down here from
//! chapters 11, 20, 31 and 32. Nothing is shared with the code.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../common/mod.rs"]
mod common;
#[path = "../support/mod.rs"]
mod support;

mod attempts;
mod chapter;
mod expectation;
mod scene;

use std::collections::BTreeSet;

use keystead::catalogue;

use attempts::ATTEMPTS;
use chapter::{Column, row_of, table};
use expectation::{Expected, expected};
use scene::{Base, KINDS, Role, State};

/// Spec: STA-38, STA-22..STA-31, STA-35, STA-36, STA-39, STA-40, STA-42, STA-43, STA-45, STA-99, STA-100, ASY-70, ASY-81,
/// MRK-27, MRK-35, MRK-52, RUL-13, RUL-14, RUL-17, RUL-19, RUL-20, RUL-21
#[test]
fn every_cell_holds_for_every_kind_of_key() {
    let (mut wrong, mut count) = (Vec::new(), 0);
    let (mut tried, mut supported) = (BTreeSet::new(), BTreeSet::new());
    for kind in KINDS {
        let base = Base::new(kind);
        for state in kind.states() {
            let stage = base.bring_to(state);
            for attempt in ATTEMPTS.iter().filter(|attempt| attempt.concerns(&kind)) {
                let scene = stage.open();
                let found = (attempt.call)(&scene).map_err(|error| (error.code(), error.message().to_owned()));
                let cell = row_of(attempt.row).cell(state.column());
                let expected = expected(cell, attempt, &kind, state, &scene);
                if !expected.is(&found) {
                    wrong.push(format!("{} of {kind:?} in {state:?}: {found:?}, not {expected:?}", attempt.name));
                }
                if found.is_err() && scene.state() != state.name() {
                    wrong.push(format!("{} of {kind:?} in {state:?}: refused, but it changed the state", attempt.name));
                }
                tried.insert((attempt.row, state.column()));
                if !matches!(expected, Expected::Unsupported(_)) {
                    supported.insert((attempt.row, state.column()));
                }
                count += 1;
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {count} are wrong:\n{}", wrong.len(), wrong.join("\n"));
    // No cell was left out, and none was tried only with keys that cannot do it, unless it says nothing else.
    for row in table() {
        for column in Column::ALL.into_iter().filter(|column| *column != Column::Unavailable) {
            let seen = if row.cell(column).is_always_unsupported() { &tried } else { &supported };
            assert!(seen.contains(&(row.operation, column)), "{} in {column:?}", row.operation);
        }
    }
}

/// Every operation that exists is in the table, behaves like a row of it (STA-99), or looks at no key.
///
/// Spec: STA-38, STA-99
#[test]
fn no_operation_is_without_a_row() {
    assert_eq!(table().len(), 42);
    let tried: BTreeSet<&str> = ATTEMPTS.iter().map(|attempt| attempt.operation()).collect();
    for row in table() {
        assert!(tried.contains(row.operation), "{} is not tried", row.operation);
    }
    let known: BTreeSet<&str> = tried.into_iter().chain(KEYLESS.iter().copied()).collect();
    let exist = catalogue::operations().iter().map(|row| row.name());
    // Those on key stores have no key, and do not exist yet.
    let exist: BTreeSet<&str> = exist.filter(|name| !name.contains("CustomKeyStore")).collect();
    assert_eq!(exist.len(), 50);
    assert_eq!(known, exist);
}

/// The state of a key is nobody's business who may not use it.
///
/// Spec: STA-47
#[test]
fn authorization_comes_before_state_and_capability() {
    for kind in KINDS.into_iter().filter(|kind| kind.is_symmetric()) {
        let base = Base::new(kind);
        for state in kind.states() {
            let stage = base.bring_to(state);
            for attempt in ATTEMPTS.iter().filter(|attempt| attempt.concerns(&kind)) {
                let scene = stage.open().seen_by_a_stranger();
                let refused = (attempt.call)(&scene).map_err(|error| error.code());
                assert_eq!(refused, Err("AccessDeniedException"), "{} in {state:?}", attempt.name);
            }
        }
    }
}

/// The first of two keys is judged first.
///
/// Spec: STA-46
#[test]
fn the_source_of_a_re_encryption_is_judged_first() {
    let kind = KINDS.into_iter().find(|kind| kind.is_symmetric() && kind.role == Role::Single).unwrap();
    let scene = Base::new(kind).bring_to(State::Disabled).open();
    let other = scene.client.schedule_key_deletion(&scene.other).send().unwrap().key_id;
    let refused = scene.client.re_encrypt(&scene.made, &scene.other).send().unwrap_err();
    assert_eq!(refused.message(), format!("{} is disabled.", scene.arn));
    let refused = scene.client.re_encrypt(&scene.foreign, &scene.id).send().unwrap_err();
    assert_eq!(refused.message(), format!("{other} is pending deletion."));
}

/// Operations that act on no existing key, and so have no key-state check.
const KEYLESS: [&str; 4] = ["CreateKey", "GenerateRandom", "ListKeys", "ListRetirableGrants"];
