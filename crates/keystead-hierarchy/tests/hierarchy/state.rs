//! States from facts, against the chapter's order.

use keystead_hierarchy::spec::{KeyState, Origin};
use keystead_hierarchy::{Deletion, KeyFacts};

use crate::support::{day, seconds};

/// All 96 combinations of facts: the first condition of the chapter's list that holds names the state.
///
/// Spec: STA-04, STA-18
#[test]
fn the_first_condition_that_holds_decides() {
    let mut seen = Vec::new();
    for bits in 0..32 {
        let bit = |at: u8| bits & (1 << at) != 0;
        for deletion in deletions() {
            let facts = KeyFacts {
                enabled: bit(0),
                deletion,
                material_present: bit(1),
                store_connected: bit(2),
                creating: bit(3),
                updating: bit(4),
            };
            let conditions = [
                (matches!(deletion, Deletion::Scheduled { .. }), "PendingDeletion"),
                (matches!(deletion, Deletion::AwaitingReplicas { .. }), "PendingReplicaDeletion"),
                (facts.creating, "Creating"),
                (facts.updating, "Updating"),
                (!facts.store_connected, "Unavailable"),
                (!facts.material_present, "PendingImport"),
                (!facts.enabled, "Disabled"),
                (true, "Enabled"),
            ];
            let (_, expected) = conditions.iter().find(|(holds, _)| *holds).unwrap();
            assert_eq!(facts.state().as_str(), *expected, "{facts:?}");
            seen.push(facts.state());
        }
    }
    assert!(KeyState::ALL.iter().all(|state| seen.contains(state)));
}

/// Spec: STA-13, RUL-31
#[test]
fn keys_begin_enabled_or_without_material() {
    for origin in Origin::ALL.iter().copied() {
        let facts = KeyFacts::new(origin);
        let expected = if origin == Origin::External { KeyState::PendingImport } else { KeyState::Enabled };
        assert_eq!((facts.enabled, facts.state()), (true, expected));
    }
}

/// Spec: STA-06, STA-66, RUL-31
#[test]
fn material_and_the_enabled_flag_are_independent() {
    let mut key = KeyFacts { enabled: false, ..KeyFacts::new(Origin::External) };
    assert_eq!(key.state(), KeyState::PendingImport);
    key.material_present = true;
    assert_eq!(key.state(), KeyState::Disabled);
    key.enabled = true;
    assert_eq!(key.state(), KeyState::Enabled);
}

/// Spec: STA-16, STA-67
#[test]
fn a_disconnected_store_does_not_hide_a_deletion() {
    let mut key = KeyFacts { deletion: deletions()[1], ..KeyFacts::new(Origin::AwsCloudHsm) };
    key.store_connected = false;
    assert_eq!(key.state(), KeyState::PendingDeletion);
    // Cancelling the deletion disables the key.
    (key.deletion, key.enabled) = (Deletion::None, false);
    assert_eq!(key.state(), KeyState::Unavailable);
    key.store_connected = true;
    assert_eq!(key.state(), KeyState::Disabled);
}

/// Spec: STA-17
#[test]
fn what_was_asked_of_an_unavailable_key_shows_later() {
    let mut key = KeyFacts { store_connected: false, ..KeyFacts::new(Origin::ExternalKeyStore) };
    for enabled in [false, true] {
        key.enabled = enabled;
        assert_eq!(key.state(), KeyState::Unavailable);
    }
    key.enabled = false;
    key.store_connected = true;
    assert_eq!(key.state(), KeyState::Disabled);
}

/// Spec: STA-19, STA-20
#[test]
fn the_end_of_an_update_uncovers_the_state_below() {
    let mut key = KeyFacts { updating: true, material_present: false, ..KeyFacts::new(Origin::External) };
    assert_eq!(key.state(), KeyState::Updating);
    key.updating = false;
    assert_eq!(key.state(), KeyState::PendingImport);
    key.deletion = deletions()[1];
    assert_eq!(key.state(), KeyState::PendingDeletion);
}

/// Spec: STA-05, STA-12
#[test]
fn two_states_are_usable() {
    for state in KeyState::ALL.iter().copied() {
        assert_eq!(state.is_usable(), matches!(state.as_str(), "Enabled" | "Updating"));
        assert_eq!(state.is_pending_deletion(), state.as_str().ends_with("Deletion"));
    }
}

/// Spec: STA-55, STA-64, STA-80
#[test]
fn a_key_is_gone_from_its_date_on() {
    assert!(!deletions()[1].is_due(day(30).minus(seconds(1))));
    assert!(deletions()[1].is_due(day(30)));
    assert!(!deletions()[0].is_due(day(100_000)) && !deletions()[2].is_due(day(100_000)));
}

/// Spec: STA-80, STA-82, MRK-50, MRK-58
#[test]
fn the_wait_of_a_primary_begins_with_the_end_of_its_last_replica() {
    let [none, scheduled, waiting] = deletions();
    assert_eq!(waiting.after_last_replica(day(10)), Deletion::Scheduled { at: day(17) });
    assert_eq!(none.after_last_replica(day(10)), none);
    assert_eq!(scheduled.after_last_replica(day(10)), scheduled);
}

fn deletions() -> [Deletion; 3] {
    [Deletion::None, Deletion::Scheduled { at: day(30) }, Deletion::AwaitingReplicas { window_days: 7 }]
}
