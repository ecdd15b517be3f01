//! New material of imported sets: imported into the primary, then into every replica, then made current everywhere (section
//! 15).

use keystead::operations::KeyMaterialState;
use keystead::{Client, Clock};

use crate::imports::{FIRST, SECOND, THIRD};
use crate::support::parameters::FOREVER;
use crate::support::{World, assert_code, assert_refused, assert_same_set, outcome};
use crate::{ASIA, DELAY, EUROPE, HOME, decrypt, roles};

/// What waits for its import into a related key.
const WAITING: &str = "PENDING_MULTI_REGION_IMPORT_AND_ROTATION";

/// Spec: MRK-40, MRK-43, MRK-75, MRK-76, RUL-17, RUL-28, STA-100, ROT-47, ROT-56
#[test]
fn new_material_becomes_current_when_all_have_it() {
    let world = World::new();
    let set = world.imported_set(&[EUROPE, ASIA]);
    let old = set.encrypt(&set.europe, b"old");
    let first = set.described(&set.home).current_key_material_id;
    // Not into a replica first, under whatever name.
    let (code, message) = outcome(set.import_as(&set.europe, &SECOND, "NEW_KEY_MATERIAL"));
    assert_eq!(code, "UnsupportedOperationException");
    assert!(message.starts_with(&set.arn_in(EUROPE)), "{message}");
    assert_code(set.import(&set.europe, &SECOND), "IncorrectKeyMaterialException");
    assert_code(set.import_as(&set.europe, &SECOND, "EXISTING_KEY_MATERIAL"), "IncorrectKeyMaterialException");
    assert_refused(set.home.rotate_key_on_demand(&set.id).send(), "KMSInvalidStateException", &set.no_material());

    let synchronizations = || world.records("SynchronizeMultiRegionKey").len();
    let before = synchronizations();
    let second = set.import_as(&set.home, &SECOND, "NEW_KEY_MATERIAL").unwrap();
    assert_eq!(synchronizations(), before + 1, "all know of it");
    assert_eq!(set.shown(&set.home), [("CURRENT", "IMPORTED"), (WAITING, "IMPORTED")]);
    for replica in [&set.europe, &set.asia] {
        assert_eq!(set.shown(replica), [("CURRENT", "IMPORTED"), (WAITING, "PENDING_IMPORT")]);
        assert_eq!(set.state(replica), "Enabled", "what is pending is not needed");
        assert_eq!(set.described(replica).current_key_material_id, first);
    }
    // A blob that claims to be made with it is none.
    let mut forged = old.clone();
    assert_eq!(forged[27..31], 1u32.to_be_bytes());
    forged[27..31].copy_from_slice(&2u32.to_be_bytes());
    for client in set.clients() {
        assert_code(client.decrypt(&forged).context("order", "42").send(), "InvalidCiphertextException");
    }
    assert_code(set.import(&set.europe, &THIRD), "IncorrectKeyMaterialException");
    assert_code(set.import_as(&set.home, &THIRD, "NEW_KEY_MATERIAL"), "KMSInvalidStateException");

    for replica in [&set.europe, &set.asia] {
        let refused = set.home.rotate_key_on_demand(&set.id).send();
        assert_refused(refused, "KMSInvalidStateException", &set.no_material());
        let imported = set.import(replica, &SECOND).unwrap();
        assert_eq!(imported.key_material_id.unwrap().to_string(), second);
    }
    for client in set.clients() {
        assert_eq!(set.shown(client), [("CURRENT", "IMPORTED"), ("PENDING_ROTATION", "IMPORTED")]);
        assert_eq!(set.described(client).current_key_material_id, first);
    }
    assert_eq!(synchronizations(), before + 1, "an import into a replica concerns nobody else");

    set.home.rotate_key_on_demand(&set.id).send().unwrap();
    for client in set.clients() {
        assert_eq!(set.shown(client), [("NON_CURRENT", "IMPORTED"), ("CURRENT", "IMPORTED")]);
        assert_eq!(set.described(client).current_key_material_id.unwrap().to_string(), second);
        assert_eq!(set.materials(client)[1].rotation_date, Some(world.clock.now()));
        let new = set.encrypt(client, b"new");
        for other in set.clients() {
            assert_eq!(decrypt(other, &old), b"old");
            assert_eq!(decrypt(other, &new), b"new");
        }
    }
    let rotated = world.records("RotateKey");
    assert_same_set(rotated.iter().map(|record| record.aws_region.to_string()), crate::REGIONS.map(str::to_owned));
    assert_eq!(synchronizations(), before + 2);
    assert!(world.records("SynchronizeMultiRegionKey").iter().all(|record| record.aws_region.as_str() == HOME));
    assert_refused(set.home.rotate_key_on_demand(&set.id).send(), "KMSInvalidStateException", &set.no_material());
    assert_code(set.europe.rotate_key_on_demand(&set.id).send(), "UnsupportedOperationException");
}

/// Spec: MRK-40, MRK-26, MRK-62, MRK-76
#[test]
fn a_replica_that_comes_later_holds_up_the_rotation() {
    let world = World::delayed();
    let set = world.imported_set(&[EUROPE]);
    set.import_as(&set.home, &SECOND, "NEW_KEY_MATERIAL").unwrap();
    set.import(&set.europe, &SECOND).unwrap();
    set.home.replicate_key(&set.id, ASIA).send().unwrap();
    let refused = || assert_code(set.home.rotate_key_on_demand(&set.id).send(), "KMSInvalidStateException");
    refused();
    world.clock.advance(DELAY);
    assert_eq!(set.shown(&set.asia), [("CURRENT", "PENDING_IMPORT"), (WAITING, "PENDING_IMPORT")]);
    set.import(&set.asia, &SECOND).unwrap();
    assert_eq!(set.state(&set.asia), "PendingImport", "the current material is still missing");
    set.home.rotate_key_on_demand(&set.id).send().unwrap();
    let blob = set.encrypt(&set.europe, b"x");
    assert_eq!(set.state(&set.asia), "PendingImport", "both are bound now");
    set.import(&set.asia, &FIRST).unwrap();
    assert_eq!(decrypt(&set.asia, &blob), b"x");

    // One that is to be deleted still counts, because that can be cancelled; one that is gone does not.
    set.import_as(&set.home, &THIRD, "NEW_KEY_MATERIAL").unwrap();
    set.import(&set.europe, &THIRD).unwrap();
    set.asia.schedule_key_deletion(&set.id).pending_window_in_days(7).send().unwrap();
    refused();
    world.clock.advance_days(7);
    assert_eq!(set.materials(&set.home)[2].key_material_state, Some(KeyMaterialState::PendingRotation));
    set.home.rotate_key_on_demand(&set.id).send().unwrap();
    assert_eq!(decrypt(&set.europe, &set.encrypt(&set.home, b"y")), b"y");
}

/// Spec: IMP-45, MRK-65
#[test]
fn pending_material_can_be_withdrawn_from_the_whole_set() {
    let world = World::new();
    let set = world.imported_set(&[EUROPE, ASIA]);
    let delete = |client: &Client, id: &str| client.delete_imported_key_material(&set.id).key_material_id(id).send();
    let second = set.import_as(&set.home, &SECOND, "NEW_KEY_MATERIAL").unwrap();
    set.import(&set.europe, &SECOND).unwrap();
    set.import(&set.asia, &SECOND).unwrap();
    // A replica gives up its own copy only.
    delete(&set.europe, &second).unwrap();
    assert_eq!(set.shown(&set.europe)[1], (WAITING, "PENDING_IMPORT"));
    assert_eq!(set.shown(&set.asia)[1], (WAITING, "IMPORTED"));
    assert_code(set.home.rotate_key_on_demand(&set.id).send(), "KMSInvalidStateException");
    // The primary takes it back from all.
    delete(&set.home, &second).unwrap();
    for client in set.clients() {
        assert_eq!(set.shown(client), [("CURRENT", "IMPORTED")]);
        assert_eq!(set.state(client), "Enabled");
    }
    assert_code(delete(&set.asia, &second), "NotFoundException");
    assert_code(set.import(&set.asia, &SECOND), "IncorrectKeyMaterialException");

    // Other material takes its place.
    set.import_as(&set.home, &THIRD, "NEW_KEY_MATERIAL").unwrap();
    for replica in [&set.europe, &set.asia] {
        set.import(replica, &THIRD).unwrap();
    }
    set.home.rotate_key_on_demand(&set.id).send().unwrap();
    assert_eq!(decrypt(&set.asia, &set.encrypt(&set.europe, b"x")), b"x");
}

/// Spec: MRK-78, IMP-41
#[test]
fn a_description_is_that_of_one_import() {
    let world = World::new();
    let set = world.imported_set(&[EUROPE]);
    let describe = |client: &Client, text: &str| {
        let parameters = set.parameters(client);
        let call = client.import_key_material(&set.id, parameters.token(), parameters.wrap(&FIRST));
        call.expiration_model(FOREVER).key_material_description(text.to_owned()).send().unwrap();
    };
    let shown = |client: &Client| set.materials(client)[0].key_material_description.clone();
    describe(&set.home, "from the vault");
    assert_eq!((shown(&set.home).as_deref(), shown(&set.europe)), (Some("from the vault"), None));
    describe(&set.europe, "from the other vault");
    // A replica that comes later knows neither.
    set.home.replicate_key(&set.id, ASIA).send().unwrap();
    assert_eq!(shown(&set.asia), None);
    assert_eq!(shown(&set.home).as_deref(), Some("from the vault"));
    assert_eq!(shown(&set.europe).as_deref(), Some("from the other vault"));
}

/// Expired material goes as deleted material does.
///
/// Spec: IMP-49, MRK-65, MRK-77
#[test]
fn pending_material_expires_like_any_other() {
    let world = World::new();
    let set = world.imported_set(&[EUROPE]);
    set.import_as(&set.home, &SECOND, "NEW_KEY_MATERIAL").unwrap();
    set.import_for(&world, &set.europe, &SECOND, 3);
    assert_eq!(set.shown(&set.home)[1].0, "PENDING_ROTATION");
    world.clock.advance_days(3);
    assert_code(set.home.rotate_key_on_demand(&set.id).send(), "KMSInvalidStateException");
    assert_eq!(set.shown(&set.home)[1], (WAITING, "IMPORTED"));
    assert_eq!(set.shown(&set.europe)[1].1, "PENDING_IMPORT");
    assert_eq!((set.state(&set.home), set.state(&set.europe)), ("Enabled", "Enabled"));

    set.import_for(&world, &set.home, &SECOND, 3);
    world.clock.advance_days(3);
    assert_eq!(world.kms.sweep().unwrap().expired, 1);
    for client in [&set.home, &set.europe] {
        assert_eq!(set.shown(client), [("CURRENT", "IMPORTED")]);
    }
    assert_eq!(world.records("DeleteExpiredKeyMaterial").len(), 2);
}

/// Spec: MRK-32, MRK-33, MRK-34, MRK-43, MRK-77
#[test]
fn a_new_primary_takes_over_what_is_pending() {
    let world = World::delayed();
    let set = world.imported_set(&[EUROPE]);
    let second = set.import_as(&set.home, &SECOND, "NEW_KEY_MATERIAL").unwrap();
    let parameters = set.parameters(&set.europe);
    set.home.update_primary_region(&set.id, EUROPE).send().unwrap();
    // Until the change is over the old roles count; imports go on.
    let import = |import_type| set.import_with(&parameters, &set.europe, &SECOND, import_type);
    assert_code(import("NEW_KEY_MATERIAL"), "UnsupportedOperationException");
    assert_eq!(import("EXISTING_KEY_MATERIAL").unwrap(), second);
    assert_eq!(set.shown(&set.home)[1].0, "PENDING_ROTATION");
    let deleted = set.europe.delete_imported_key_material(&set.id).key_material_id(second.as_str()).send();
    assert_code(deleted, "KMSInvalidStateException");
    world.clock.advance(DELAY);
    assert_code(set.import_as(&set.home, &THIRD, "NEW_KEY_MATERIAL"), "UnsupportedOperationException");
    set.europe.rotate_key_on_demand(&set.id).send().unwrap();
    assert_eq!(decrypt(&set.home, &set.encrypt(&set.europe, b"x")), b"x");

    // What a new primary has not imported itself it can withdraw.
    let third = set.import_as(&set.europe, &THIRD, "NEW_KEY_MATERIAL").unwrap();
    set.europe.update_primary_region(&set.id, HOME).send().unwrap();
    world.clock.advance(DELAY);
    assert_eq!(set.shown(&set.home)[2], (WAITING, "PENDING_IMPORT"));
    assert_code(set.home.rotate_key_on_demand(&set.id).send(), "KMSInvalidStateException");
    set.home.delete_imported_key_material(&set.id).key_material_id(third.as_str()).send().unwrap();
    assert_eq!(set.shown(&set.europe).len(), 2);
    set.home.update_primary_region(&set.id, EUROPE).send().unwrap();
    world.clock.advance(DELAY);
    // Both must have their material for the role to move.
    set.home.delete_imported_key_material(&set.id).send().unwrap();
    let pending = format!("{} is pending import.", set.arn_in(HOME));
    let refused = set.europe.update_primary_region(&set.id, HOME).send();
    assert_refused(refused, "KMSInvalidStateException", &pending);
    assert_eq!(roles(&set.described(&set.home)), ("REPLICA", EUROPE.to_owned(), vec![HOME.to_owned()]));
}

/// Threads in all Regions find whatever any of them has just sealed, while the set takes on one material after another.
///
/// Spec: MRK-16, MRK-40, ROT-09
#[test]
fn ciphertexts_cross_regions_while_imported_material_rotates() {
    use std::sync::atomic::{AtomicBool, Ordering};

    let world = World::with(|builder| builder.no_audit());
    let set = world.imported_set(&[EUROPE]);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for (from, to) in [(&set.home, &set.europe), (&set.europe, &set.home)] {
            let (set, done) = (&set, &done);
            scope.spawn(move || {
                while !done.load(Ordering::Relaxed) {
                    assert_eq!(decrypt(to, &set.encrypt(from, b"secret")), b"secret");
                }
            });
        }
        let parameters = [&set.home, &set.europe].map(|client| set.parameters(client));
        let changes = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            for number in 2..20 {
                let material = [number; 32];
                set.import_with(&parameters[0], &set.home, &material, "NEW_KEY_MATERIAL").unwrap();
                set.import_with(&parameters[1], &set.europe, &material, "EXISTING_KEY_MATERIAL").unwrap();
                set.home.rotate_key_on_demand(&set.id).send().unwrap();
            }
        }));
        done.store(true, Ordering::Relaxed);
        changes.unwrap();
    });
    assert_eq!(set.materials(&set.europe).len(), 19);
}
