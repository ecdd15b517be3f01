//! What related keys share, and what each has of its own (section 4).

use crate::support::{World, assert_code, assert_refused, assert_same_set};
use crate::{ASIA, EUROPE, HOME, decrypt, roles};

/// Spec: MRK-13, MRK-01, KEY-49, KEY-76
#[test]
fn independent_properties_stay_apart() {
    let world = World::new();
    let set = world.set(&[EUROPE]);
    let others = |of: &keystead::Client| {
        (
            set.described(of),
            of.get_key_policy(&set.id).send().unwrap().into_inner().policy,
            of.list_resource_tags(&set.id).send().unwrap().into_inner().tags,
            of.list_aliases().send().unwrap().into_inner().aliases,
            of.list_grants(&set.id).send().unwrap().into_inner().grants.len(),
        )
    };
    for (own, other) in [(&set.home, &set.europe), (&set.europe, &set.home)] {
        let before = others(other);
        let policy = before.1.replace("key-default-1", own.region().as_str());
        own.put_key_policy(&set.id, policy.clone()).send().unwrap();
        own.update_key_description(&set.id, own.region().as_str()).send().unwrap();
        own.tag_resource(&set.id).tag("region", own.region().as_str()).send().unwrap();
        own.create_alias("alias/same", &set.id).send().unwrap();
        own.create_grant(&set.id, "arn:aws:iam::111122223333:user/bob").operation("Decrypt").send().unwrap();
        own.disable_key(&set.id).send().unwrap();
        assert_eq!(others(other), before);
        own.enable_key(&set.id).send().unwrap();
        own.schedule_key_deletion(&set.id).send().unwrap();
        assert_eq!(others(other).0, before.0);
        own.cancel_key_deletion(&set.id).send().unwrap();
        own.enable_key(&set.id).send().unwrap();
        assert_eq!(others(other), before);
        assert_eq!(others(own).1, policy);
    }
}

/// Scenario 8.
///
/// Spec: MRK-13, MRK-23
#[test]
fn an_alias_points_to_the_local_key() {
    let world = World::new();
    let set = world.set(&[EUROPE]);
    for client in [&set.home, &set.europe] {
        client.create_alias("alias/orders", &set.id).send().unwrap();
    }
    for (client, region) in [(&set.home, HOME), (&set.europe, EUROPE)] {
        let sealed = client.encrypt("alias/orders", b"x").send().unwrap();
        assert_eq!(sealed.key_id.to_string(), set.arn_in(region));
    }
    set.home.disable_key(&set.id).send().unwrap();
    assert_refused(
        set.home.encrypt("alias/orders", b"x").send(),
        "DisabledException",
        &format!("{} is disabled.", set.arn_in(HOME)),
    );
    assert!(set.europe.encrypt("alias/orders", b"x").send().is_ok());
}

/// Scenario 9.
///
/// Spec: MRK-14, MRK-39, ROT-45, ROT-46, RUL-19
#[test]
fn shared_properties_are_set_on_the_primary_and_read_everywhere() {
    let world = World::new();
    let set = world.set(&[EUROPE]);
    let message = format!("{} is not a multi-region primary key.", set.arn_in(EUROPE));
    let try_all = || {
        [
            set.europe.enable_key_rotation(&set.id).send().map(drop),
            set.europe.disable_key_rotation(&set.id).send().map(drop),
            set.europe.rotate_key_on_demand(&set.id).send().map(drop),
            set.europe.replicate_key(&set.id, ASIA).send().map(drop),
            set.europe.update_primary_region(&set.id, HOME).send().map(drop),
        ]
    };
    try_all().into_iter().for_each(|refused| assert_refused(refused, "UnsupportedOperationException", &message));
    // The role comes before the state.
    set.europe.disable_key(&set.id).send().unwrap();
    try_all().into_iter().for_each(|refused| assert_refused(refused, "UnsupportedOperationException", &message));
    set.europe.enable_key(&set.id).send().unwrap();

    set.home.enable_key_rotation(&set.id).rotation_period_in_days(120).send().unwrap();
    set.home.replicate_key(&set.id, ASIA).send().unwrap();
    let statuses = set.clients().map(|client| client.get_key_rotation_status(&set.id).send().unwrap().into_inner());
    assert!(statuses[0].key_rotation_enabled);
    assert_eq!(statuses[0].rotation_period_in_days, Some(120));
    assert!(statuses.iter().all(|status| *status == statuses[0]));
    set.home.disable_key_rotation(&set.id).send().unwrap();
    for client in set.clients() {
        assert!(!client.get_key_rotation_status(&set.id).send().unwrap().key_rotation_enabled);
    }
}

/// Spec: MRK-29, MRK-44, STA-78
#[test]
fn a_replica_can_come_and_go_and_come_again() {
    let world = World::new();
    let set = world.set(&[EUROPE]);
    set.home.rotate_key_on_demand(&set.id).send().unwrap();
    let blob = set.encrypt(&set.europe, b"secret");
    let history = || set.home.list_key_rotations(&set.id).send().unwrap().into_inner().rotations;
    let before = history();
    set.europe.create_alias("alias/orders", &set.id).send().unwrap();
    set.europe.tag_resource(&set.id).tag("team", "a").send().unwrap();
    set.europe.create_grant(&set.id, "arn:aws:iam::111122223333:user/bob").operation("Decrypt").send().unwrap();
    set.europe.schedule_key_deletion(&set.id).pending_window_in_days(7).send().unwrap();
    world.clock.advance_days(7);
    // Nobody has swept: the call itself makes room.
    set.home.replicate_key(&set.id, EUROPE).send().unwrap();
    assert_eq!(decrypt(&set.europe, &blob), b"secret");
    assert!(set.europe.list_aliases().send().unwrap().aliases.is_empty());
    assert!(set.europe.list_resource_tags(&set.id).send().unwrap().tags.is_empty());
    assert!(set.europe.list_grants(&set.id).send().unwrap().grants.is_empty());
    assert_eq!(history(), before);
    assert_eq!(world.records("DeleteKey").len(), 1);
    let count = world.kms.key_count(EUROPE.parse().unwrap(), set.home.account()).unwrap();
    assert_eq!(count, 1);
}

/// Spec: MRK-47, MRK-45, MRK-46
#[test]
fn the_replicas_are_a_set() {
    let world = World::new();
    let mut seen = Vec::new();
    for order in [[EUROPE, ASIA], [ASIA, EUROPE]] {
        let set = world.set(&order);
        let lists = set.clients().map(|client| {
            let described = set.described(client).multi_region_configuration.unwrap();
            described.replica_keys.iter().map(|key| (key.region.to_string(), key.arn.to_string())).collect::<Vec<_>>()
        });
        let expected = order.map(|region| (region.to_owned(), set.arn_in(region)));
        for list in lists {
            assert_same_set(list, expected.clone());
        }
        seen.push(roles(&set.described(&set.asia)));
    }
    assert_eq!(seen[0], seen[1], "whichever came first");
}

/// There is no way from one instance into another: a set that could not keep its rules is not offered.
///
/// Spec: MRK-02
#[test]
fn a_set_lives_within_one_instance() {
    let world = World::with(|builder| builder.root_key(crate::common::root_key()));
    let elsewhere = World::with(|builder| builder.root_key(crate::common::root_key()));
    let set = world.set(&[EUROPE]);
    let blob = set.encrypt(&set.home, b"secret");
    for region in [HOME, EUROPE] {
        let other = elsewhere.root_in(region);
        assert_code(other.describe_key(set.arn_in(region)).send(), "NotFoundException");
        assert_code(other.decrypt(&blob).context("order", "42").send(), "AccessDeniedException");
        assert_eq!(elsewhere.kms.key_count(region.parse().unwrap(), other.account()).unwrap(), 0);
    }
    // No operation takes a key from outside: of all blobs that requests carry only one is material, and that needs the
    // token of a key that is there already.
    let carriers =
        keystead::catalogue::operations().iter().filter(|row| row.members().any(|member| member == "ImportToken"));
    assert_eq!(carriers.map(|row| row.name()).collect::<Vec<_>>(), ["ImportKeyMaterial"]);
    assert!(!keystead::catalogue::operations().iter().any(|row| row.name().contains("Export")));
}
