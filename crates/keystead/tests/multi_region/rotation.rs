//! Rotation of a whole set.

use keystead::{QuotaProfile, ResourceQuota};

use crate::support::{World, assert_code, assert_same_set};
use crate::{ASIA, EUROPE, REGIONS, decrypt};

/// Scenario 10: whatever a related key encrypts with, all others have it.
///
/// Spec: MRK-40, MRK-41, ROT-47, ROT-50
#[test]
fn new_material_is_everywhere_at_once() {
    let world = World::new();
    let set = world.set(&[EUROPE, ASIA]);
    set.asia.disable_key(&set.id).send().unwrap();
    let first = set.described(&set.home).current_key_material_id;
    let answer = set.home.rotate_key_on_demand(&set.id).send().unwrap();
    assert_eq!(answer.key_id.to_string(), set.arn_in(REGIONS[0]));
    let current = set.clients().map(|client| set.described(client).current_key_material_id);
    assert_ne!(current[0], first);
    assert!(current.iter().all(|id| *id == current[0]));

    let blobs = [set.encrypt(&set.home, b"a"), set.encrypt(&set.europe, b"b")];
    set.asia.enable_key(&set.id).send().unwrap();
    for client in set.clients() {
        assert_eq!(decrypt(client, &blobs[0]), b"a");
        assert_eq!(decrypt(client, &blobs[1]), b"b");
    }
    // A replica that is pending deletion receives it as well.
    set.asia.schedule_key_deletion(&set.id).send().unwrap();
    set.home.rotate_key_on_demand(&set.id).send().unwrap();
    let blob = set.encrypt(&set.home, b"c");
    set.asia.cancel_key_deletion(&set.id).send().unwrap();
    set.asia.enable_key(&set.id).send().unwrap();
    assert_eq!(decrypt(&set.asia, &blob), b"c");
}

/// Spec: MRK-41
#[test]
fn a_replica_under_construction_receives_new_material() {
    let world = World::delayed();
    let set = world.set(&[]);
    set.home.replicate_key(&set.id, EUROPE).send().unwrap();
    assert_eq!(set.state(&set.europe), "Creating");
    set.home.rotate_key_on_demand(&set.id).send().unwrap();
    let blob = set.encrypt(&set.home, b"new");
    world.clock.advance(crate::DELAY);
    assert_eq!(decrypt(&set.europe, &blob), b"new");
}

/// Spec: MRK-39, ROT-46, ROT-50, ROT-56
#[test]
fn the_schedule_of_the_primary_rotates_the_set() {
    let world = World::new();
    let set = world.set(&[EUROPE, ASIA]);
    set.home.enable_key_rotation(&set.id).rotation_period_in_days(90).send().unwrap();
    world.clock.advance_days(90);
    // Using a replica does not wait for the rotation, which is the business of the primary.
    set.encrypt(&set.europe, b"x");
    assert!(world.records("RotateKey").is_empty());
    set.encrypt(&set.home, b"x");
    let records = world.records("RotateKey");
    assert_same_set(records.iter().map(|record| record.aws_region.to_string()), REGIONS.map(str::to_owned));
    assert_eq!(world.kms.sweep().unwrap().rotated, 0);
    let rotations =
        set.clients().map(|client| client.list_key_rotations(&set.id).send().unwrap().into_inner().rotations);
    assert_eq!(rotations[0].len(), 1);
    assert!(rotations.iter().all(|list| *list == rotations[0]));

    // A disabled primary rotates nothing; enabled again, it makes up for it.
    set.home.disable_key(&set.id).send().unwrap();
    world.clock.advance_days(90);
    assert_eq!(world.kms.sweep().unwrap().rotated, 0);
    set.home.enable_key(&set.id).send().unwrap();
    assert_eq!(set.europe.list_key_rotations(&set.id).send().unwrap().rotations.len(), 2);
    // A disabled replica holds up nobody.
    set.europe.disable_key(&set.id).send().unwrap();
    world.clock.advance_days(90);
    assert_eq!(world.kms.sweep().unwrap().rotated, 1);
    assert_eq!(set.europe.list_key_rotations(&set.id).send().unwrap().rotations.len(), 3);
}

/// Spec: MRK-43, ROT-51
#[test]
fn rotations_on_demand_count_once_per_set() {
    let quotas = QuotaProfile::DEFAULT.with_limit(ResourceQuota::OnDemandRotations, Some(2)).custom();
    let world = World::with(|builder| builder.quotas(quotas));
    let set = world.set(&[EUROPE]);
    set.home.rotate_key_on_demand(&set.id).send().unwrap();
    set.home.update_primary_region(&set.id, EUROPE).send().unwrap();
    set.europe.rotate_key_on_demand(&set.id).send().unwrap();
    assert_code(set.europe.rotate_key_on_demand(&set.id).send(), "LimitExceededException");
}

/// New domain keys of the Regions change nothing.
///
/// Spec: OVR-17
#[test]
fn each_region_keeps_the_material_under_its_own_domain_key() {
    let world = World::new();
    let set = world.set(&[EUROPE]);
    let blob = set.encrypt(&set.home, b"secret");
    world.kms.rotate_domain_key(EUROPE.parse().unwrap()).unwrap();
    set.home.rotate_key_on_demand(&set.id).send().unwrap();
    world.kms.rotate_domain_key(REGIONS[0].parse().unwrap()).unwrap();
    set.home.replicate_key(&set.id, ASIA).send().unwrap();
    let newer = set.encrypt(&set.asia, b"newer");
    for client in set.clients() {
        assert_eq!((decrypt(client, &blob), decrypt(client, &newer)), (b"secret".to_vec(), b"newer".to_vec()));
    }
}
