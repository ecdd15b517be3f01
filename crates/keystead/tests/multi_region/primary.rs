//! UpdatePrimaryRegion.

use crate::support::{World, assert_code, assert_refused};
use crate::{ASIA, DELAY, EUROPE, HOME, decrypt, roles};

/// Scenario 13.
///
/// Spec: MRK-33, MRK-04, MRK-45
#[test]
fn the_primary_moves_and_nothing_else_does() {
    let world = World::new();
    let set = world.set(&[EUROPE, ASIA]);
    set.home.create_alias("alias/orders", &set.id).send().unwrap();
    set.home.tag_resource(&set.id).tag("team", "a").send().unwrap();
    set.home.enable_key_rotation(&set.id).rotation_period_in_days(90).send().unwrap();
    let blob = set.encrypt(&set.home, b"secret");
    let before = set.clients().map(|client| set.described(client));
    let next = set.home.get_key_rotation_status(&set.id).send().unwrap().next_rotation_date;

    set.home.update_primary_region(&set.id, EUROPE).send().unwrap();
    let after = set.clients().map(|client| set.described(client));
    let replicas = vec![ASIA.to_owned(), HOME.to_owned()];
    assert_eq!(roles(&after[0]), ("REPLICA", EUROPE.into(), replicas.clone()));
    assert_eq!(roles(&after[1]), ("PRIMARY", EUROPE.into(), replicas.clone()));
    assert_eq!(roles(&after[2]), ("REPLICA", EUROPE.into(), replicas));
    for (before, mut after) in before.into_iter().zip(after) {
        after.multi_region_configuration.clone_from(&before.multi_region_configuration);
        assert_eq!(before, after);
    }
    assert_eq!(set.home.list_aliases().key_id(&set.id).send().unwrap().aliases.len(), 1);
    assert_eq!(set.home.list_resource_tags(&set.id).send().unwrap().tags.len(), 1);
    set.clients().into_iter().for_each(|client| assert_eq!(decrypt(client, &blob), b"secret"));

    // What the primary does is now done in the other Region.
    let message = format!("{} is not a multi-region primary key.", set.arn_in(HOME));
    for refused in [
        set.home.replicate_key(&set.id, "us-west-2").send().map(drop),
        set.home.update_primary_region(&set.id, ASIA).send().map(drop),
        set.home.rotate_key_on_demand(&set.id).send().map(drop),
    ] {
        assert_refused(refused, "UnsupportedOperationException", &message);
    }
    set.europe.replicate_key(&set.id, "us-west-2").send().unwrap();
    assert_eq!(roles(&set.described(&set.home)).2.len(), 3);
    assert_eq!(set.europe.get_key_rotation_status(&set.id).send().unwrap().next_rotation_date, next);
}

/// The schedule goes on under the new primary.
///
/// Spec: MRK-34, ROT-49
#[test]
fn rotation_goes_on_under_the_new_primary() {
    let world = World::new();
    let set = world.set(&[EUROPE]);
    set.home.enable_key_rotation(&set.id).rotation_period_in_days(90).send().unwrap();
    world.clock.advance_days(50);
    set.home.update_primary_region(&set.id, EUROPE).send().unwrap();
    assert_eq!(world.kms.sweep().unwrap().rotated, 0);
    world.clock.advance_days(39);
    assert_eq!(world.kms.sweep().unwrap().rotated, 0);
    world.clock.advance_days(1);
    assert_eq!(world.kms.sweep().unwrap().rotated, 1);
    assert_eq!(set.home.list_key_rotations(&set.id).send().unwrap().rotations.len(), 1);
    set.europe.disable_key_rotation(&set.id).send().unwrap();
    assert!(!set.home.get_key_rotation_status(&set.id).send().unwrap().key_rotation_enabled);
}

/// Spec: MRK-32, STA-46
#[test]
fn who_cannot_take_over_or_hand_over_does_not() {
    let world = World::new();
    let set = world.set(&[EUROPE, ASIA]);
    let update = |region: &'static str| set.home.update_primary_region(&set.id, region).send();
    let key = world.key();
    let message = format!("{} is not a multi-region primary key.", key.arn);
    let refused = world.root.update_primary_region(&key.id, EUROPE).send();
    assert_refused(refused, "UnsupportedOperationException", &message);
    let message = format!("{} is not a multi-region primary key.", set.arn_in(EUROPE));
    let refused = set.europe.update_primary_region(&set.id, EUROPE).send();
    assert_refused(refused, "UnsupportedOperationException", &message);
    assert_code(update(HOME), "UnsupportedOperationException");
    assert_code(update("us-west-2"), "NotFoundException");
    assert_code(update("nowhere"), "ValidationException");

    // Scenario 14; the primary is looked at first.
    set.europe.disable_key(&set.id).send().unwrap();
    let disabled = |region| format!("{} is disabled.", set.arn_in(region));
    assert_refused(update(EUROPE), "DisabledException", &disabled(EUROPE));
    set.home.disable_key(&set.id).send().unwrap();
    assert_refused(update(EUROPE), "DisabledException", &disabled(HOME));
    set.home.enable_key(&set.id).send().unwrap();
    set.asia.schedule_key_deletion(&set.id).send().unwrap();
    let message = format!("{} is pending deletion.", set.arn_in(ASIA));
    assert_refused(update(ASIA), "KMSInvalidStateException", &message);
    set.europe.enable_key(&set.id).send().unwrap();
    set.home.schedule_key_deletion(&set.id).send().unwrap();
    let message = format!("{} is pending replica deletion.", set.arn_in(HOME));
    assert_refused(update(EUROPE), "KMSInvalidStateException", &message);
    assert_eq!(roles(&set.described(&set.asia)), ("REPLICA", HOME.into(), vec![ASIA.into(), EUROPE.into()]));
}

/// Spec: TYP-15
#[test]
fn a_replica_leaves_to_its_primary_what_is_of_the_set() {
    let world = World::new();
    let set = world.set(&[EUROPE]);
    let unsupported = "UnsupportedOperationException";
    assert_code(set.europe.replicate_key(&set.id, ASIA).send(), unsupported);
    assert_code(set.europe.enable_key_rotation(&set.id).send(), unsupported);
    assert_code(set.europe.disable_key_rotation(&set.id).send(), unsupported);
    // A Region without a replica cannot take over, one with a replica can; then the roles are exchanged.
    assert_code(set.home.update_primary_region(&set.id, ASIA).send(), "NotFoundException");
    set.home.update_primary_region(&set.id, EUROPE).send().unwrap();
    world.clock.advance(DELAY);
    assert_code(set.home.replicate_key(&set.id, ASIA).send(), unsupported);
    assert_code(set.home.enable_key_rotation(&set.id).send(), unsupported);
    set.europe.enable_key_rotation(&set.id).send().unwrap();
    set.europe.replicate_key(&set.id, ASIA).send().unwrap();
}

/// Spec: MRK-35, MRK-36, RUL-20, STA-12, STA-19
#[test]
fn while_it_moves_the_old_roles_count() {
    let world = World::delayed();
    let set = world.set(&[EUROPE, ASIA]);
    let synchronized = world.records("SynchronizeMultiRegionKey").len();
    set.home.update_primary_region(&set.id, EUROPE).send().unwrap();
    let states = || set.clients().map(|client| set.state(client));
    assert_eq!(states(), ["Updating", "Updating", "Enabled"]);
    assert!(!set.described(&set.home).enabled);
    for client in set.clients() {
        assert_eq!(roles(&set.described(client)).1, HOME);
    }
    assert_eq!(roles(&set.described(&set.home)).0, "PRIMARY");
    assert_eq!(world.records("SynchronizeMultiRegionKey").len(), synchronized);

    world.clock.advance(DELAY);
    assert_eq!(states(), ["Enabled"; 3]);
    for client in set.clients() {
        assert_eq!(roles(&set.described(client)).1, EUROPE);
    }
    assert_eq!(world.records("SynchronizeMultiRegionKey").len(), synchronized + 1);
    let record = world.records("SynchronizeMultiRegionKey").last().unwrap().clone();
    assert_eq!(record.aws_region.as_str(), EUROPE);
}

/// The third key, which takes no part, knows the new primary at the same instant, touched or not.
///
/// Spec: MRK-33, RUL-15
#[test]
fn the_end_of_a_move_is_seen_everywhere_at_once() {
    let world = World::delayed();
    let set = world.set(&[EUROPE, ASIA]);
    set.home.update_primary_region(&set.id, EUROPE).send().unwrap();
    world.clock.advance(DELAY);
    assert_eq!(roles(&set.described(&set.asia)), ("REPLICA", EUROPE.into(), vec![ASIA.into(), HOME.into()]));
    assert_eq!(world.kms.sweep().unwrap().synchronized, 1);
    assert_eq!(roles(&set.described(&set.asia)), ("REPLICA", EUROPE.into(), vec![ASIA.into(), HOME.into()]));
    // A former primary can be deleted as a replica (MRK-55).
    let answer = set.home.schedule_key_deletion(&set.id).send().unwrap();
    assert_eq!(answer.key_state.as_str(), "PendingDeletion");
}

/// Spec: MRK-55, STA-85
#[test]
fn a_former_primary_goes_as_a_replica() {
    let world = World::new();
    let set = world.set(&[EUROPE]);
    let blob = set.encrypt(&set.home, b"secret");
    set.home.update_primary_region(&set.id, EUROPE).send().unwrap();
    set.home.schedule_key_deletion(&set.id).pending_window_in_days(7).send().unwrap();
    world.clock.advance_days(7);
    assert_code(set.home.describe_key(&set.id).send(), "NotFoundException");
    assert_eq!(roles(&set.described(&set.europe)), ("PRIMARY", EUROPE.into(), vec![]));
    assert_eq!(decrypt(&set.europe, &blob), b"secret");
    // And can come back (MRK-29).
    set.europe.replicate_key(&set.id, HOME).send().unwrap();
    assert_eq!(decrypt(&set.home, &blob), b"secret");
}
