//! Material that expires.

use std::time::Duration;

use keystead::{Clock, EventKind};

use crate::support::{Key, World, assert_code, assert_refused};
use crate::{OAEP, Set, described, empty_key, opens, sealed, state};

fn import_until(world: &World, key: &Key, material: &[u8], days: u32) {
    let set = Set::of(&world.root, key, OAEP, "RSA_2048");
    let valid_to = world.clock.now().plus_days(days);
    world.root.import_key_material(&key.id, set.token(), set.wrap(material)).valid_to(valid_to).send().unwrap();
}

/// Spec: IMP-12, IMP-49, IMP-50, STA-02
#[test]
fn expired_material_is_gone_without_a_sweep_and_once() {
    let world = World::new();
    let key = world.empty_key();
    import_until(&world, &key, &[7; 32], 10);
    let ciphertext = sealed(&world.root, &key);
    world.clock.advance_days(10);
    let pending = format!("{} is pending import.", key.arn);
    assert_refused(world.root.decrypt(&ciphertext).send(), "KMSInvalidStateException", &pending);
    let metadata = described(&world.root, &key);
    assert_eq!(
        (metadata.key_state.as_str(), metadata.valid_to, metadata.expiration_model),
        ("PendingImport", None, None)
    );
    for _ in 0..10 {
        assert_code(world.root.encrypt(&key.id, b"x").send(), "KMSInvalidStateException");
    }
    world.kms.sweep().unwrap();
    let records = world.records("DeleteExpiredKeyMaterial");
    let [record] = records.as_slice() else { panic!("{records:?}") };
    let record: serde_json::Value = serde_json::from_str(&record.to_json()).unwrap();
    assert_eq!(record["eventType"], "AwsServiceEvent");
    assert_eq!(record["userIdentity"]["invokedBy"], "AWS Internal");
    assert_eq!(record["serviceEventDetails"]["keyId"], *key.id);
    assert_eq!(record["resources"][0]["ARN"], *key.arn);
    assert_eq!(
        (&record["requestParameters"], &record["responseElements"]),
        (&serde_json::Value::Null, &serde_json::Value::Null)
    );
    let events: Vec<_> = world.events.events().into_iter().map(|event| event.kind).collect();
    assert_eq!(events, [EventKind::MaterialExpiration]);

    import_until(&world, &key, &[7; 32], 1);
    assert!(opens(&world.root, &ciphertext), "the same material opens what it sealed");
}

/// Spec: IMP-49, IMP-51, STA-02
#[test]
fn a_sweep_does_the_same() {
    let world = World::new();
    let (enabled, disabled, dying) = (world.empty_key(), world.empty_key(), world.empty_key());
    for key in [&enabled, &disabled, &dying] {
        import_until(&world, key, &[7; 32], 5);
    }
    world.root.disable_key(&disabled.id).send().unwrap();
    world.root.schedule_key_deletion(&dying.id).send().unwrap();
    assert_eq!(world.kms.sweep().unwrap().expired, 0);
    world.clock.advance_days(5);
    assert_eq!(world.kms.sweep().unwrap().expired, 3);
    assert_eq!(world.kms.sweep().unwrap().expired, 0);
    assert_eq!(state(&world.root, &enabled), "PendingImport");
    assert_eq!(state(&world.root, &disabled), "PendingImport");
    assert_eq!(state(&world.root, &dying), "PendingDeletion");
    assert_eq!(world.records("DeleteExpiredKeyMaterial").len(), 3);
    world.root.cancel_key_deletion(&dying.id).send().unwrap();
    assert_eq!(state(&world.root, &dying), "PendingImport");
    // Disabled stays the administrator's word (RUL-31).
    import_until(&world, &disabled, &[7; 32], 5);
    assert_eq!(state(&world.root, &disabled), "Disabled");
}

/// Spec: IMP-41, IMP-09
#[test]
fn a_new_import_moves_the_deadline() {
    let world = World::new();
    let key = world.empty_key();
    import_until(&world, &key, &[7; 32], 10);
    let ciphertext = sealed(&world.root, &key);
    world.clock.advance_days(9);
    import_until(&world, &key, &[7; 32], 10);
    world.clock.advance_days(2);
    world.kms.sweep().unwrap();
    assert!(opens(&world.root, &ciphertext));
    world.clock.advance_days(8);
    assert_eq!(state(&world.root, &key), "PendingImport");
    assert_eq!(world.records("DeleteExpiredKeyMaterial").len(), 1);
}

/// Spec: IMP-52
#[test]
fn a_gauge_shows_how_long_material_lives() {
    let world = World::new();
    let key = world.empty_key();
    let gauge = || world.kms.seconds_until_key_material_expiration(&key.arn.parse().unwrap()).unwrap();
    assert_eq!(gauge(), None);
    import_until(&world, &key, &[7; 32], 2);
    assert_eq!(gauge(), Some(2 * 86_400));
    world.clock.advance(Duration::from_secs(86_399));
    assert_eq!(gauge(), Some(86_401));
    world.clock.advance_days(2);
    assert_eq!(gauge(), None);
    let forever = world.imported_key(&[7; 32]);
    assert_eq!(world.kms.seconds_until_key_material_expiration(&forever.arn.parse().unwrap()).unwrap(), None);
}

/// Spec: IMP-50
#[test]
fn other_kinds_of_keys_expire_too() {
    let world = World::new();
    let key = empty_key(&world.root, "HMAC_256", "GENERATE_VERIFY_MAC");
    import_until(&world, &key, &[7; 32], 1);
    let mac = || world.root.generate_mac(&key.id, b"x").mac_algorithm("HMAC_SHA_256").send();
    mac().unwrap();
    world.clock.advance_days(1);
    assert_code(mac(), "KMSInvalidStateException");
}
