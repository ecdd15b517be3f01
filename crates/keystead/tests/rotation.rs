//! Rotation (chapter 11).
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::time::Duration;

use keystead::hierarchy::spec::KeyState;
use keystead::operations::{GetKeyRotationStatusResponse, KeyMaterialState, RotationType, RotationsListEntry};
use keystead::{Caller, Kms, QuotaProfile};
use serde_json::json;
use support::*;

fn status(world: &World, key: &Key) -> GetKeyRotationStatusResponse {
    world.root.get_key_rotation_status(&key.id).send().unwrap().into_inner()
}

/// The date of the next rotation, in days since the start.
fn next(world: &World, key: &Key) -> Option<i64> {
    let start: jiff::Timestamp = START.parse().unwrap();
    status(world, key).next_rotation_date.map(|at| {
        let millis = at.as_millis() - start.as_millisecond();
        assert_eq!(millis % 86_400_000, 0);
        millis / 86_400_000
    })
}

fn rotations(world: &World, key: &Key) -> Vec<RotationsListEntry> {
    world.root.list_key_rotations(&key.id).send().unwrap().into_inner().rotations
}

/// What caused each rotation.
fn causes(world: &World, key: &Key) -> Vec<RotationType> {
    rotations(world, key).iter().map(|entry| entry.rotation_type.unwrap()).collect()
}

fn seal(world: &World, key: &Key) -> Vec<u8> {
    world.root.encrypt(&key.id, b"x").send().unwrap().into_inner().ciphertext_blob
}

/// The version of key material in the header of a ciphertext.
fn version(blob: &[u8]) -> u32 {
    keystead::hierarchy::BlobHeader::parse(blob).unwrap().material_version
}

/// Spec: ROT-01, ROT-02, ROT-03, ROT-04, ROT-06, OVR-14
#[test]
fn every_ciphertext_opens_with_the_material_that_made_it() {
    let world = World::new();
    let key = world.key();
    let before = world.root.describe_key(&key.id).send().unwrap().into_inner().key_metadata;
    let mut blobs = vec![seal(&world, &key)];
    for _ in 0..3 {
        world.clock.advance_days(1);
        world.root.rotate_key_on_demand(&key.id).send().unwrap();
        blobs.push(seal(&world, &key));
    }
    assert_eq!(blobs.iter().map(|blob| version(blob)).collect::<Vec<_>>(), [1, 2, 3, 4]);
    for blob in &blobs {
        assert_eq!(world.root.decrypt(blob).send().unwrap().expose(), b"x");
        let moved = world.root.re_encrypt(blob, &key.id).send().unwrap();
        assert_eq!(version(&moved.ciphertext_blob), 4);
    }
    // The reference of the first ciphertext in place of that of the second.
    let mut mixed = blobs[1].clone();
    mixed[27..31].copy_from_slice(&blobs[0][27..31]);
    assert_refused(world.root.decrypt(&mixed).send(), "InvalidCiphertextException", "");
    mixed[27..31].copy_from_slice(&9_u32.to_be_bytes());
    assert_refused(world.root.decrypt(&mixed).send(), "InvalidCiphertextException", "");

    let mut after = world.root.describe_key(&key.id).send().unwrap().into_inner().key_metadata;
    assert_ne!(after.current_key_material_id, before.current_key_material_id);
    after.current_key_material_id = before.current_key_material_id;
    assert_eq!(after, before);
}

/// Spec: ROT-02, ROT-15, ROT-21, ROT-22, ROT-29, ROT-40, ROT-42, API-090, API-091
#[test]
fn a_key_rotates_at_the_very_instant() {
    let world = World::new();
    let key = world.key();
    world.root.enable_key_rotation(&key.id).send().unwrap();
    let shown = status(&world, &key);
    assert!(shown.key_rotation_enabled);
    assert_eq!(shown.key_id.to_string(), key.id);
    assert_eq!((shown.rotation_period_in_days, shown.on_demand_rotation_start_date), (Some(365), None));
    assert_eq!(next(&world, &key), Some(365));

    world.clock.advance(Duration::from_secs(365 * 86_400 - 1));
    assert_eq!(version(&seal(&world, &key)), 1);
    assert!(rotations(&world, &key).is_empty());
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(version(&seal(&world, &key)), 2);
    let listed = rotations(&world, &key);
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].key_id.to_string(), key.id);
    assert_eq!(listed[0].rotation_type, Some(RotationType::Automatic));
    assert_eq!(listed[0].rotation_date.unwrap().to_string(), "2027-01-01T00:00:00Z");
    assert_eq!(next(&world, &key), Some(730));
}

/// Spec: ROT-29, ROT-30, RUL-15
#[test]
fn every_touch_and_the_sweep_make_an_overdue_rotation_happen() {
    type Touch = fn(&World, &Key);
    let touches: &[Touch] = &[
        |world, key| {
            world.root.describe_key(&key.id).send().unwrap();
        },
        |world, key| {
            world.root.generate_data_key(&key.id).key_spec("AES_256").send().unwrap();
        },
        |world, key| {
            world.root.disable_key_rotation(&key.id).send().unwrap();
        },
        |world, key| {
            world.root.disable_key(&key.id).send().unwrap();
        },
        |world, key| {
            world.root.get_key_rotation_status(&key.id).send().unwrap();
        },
        |world, key| {
            world.root.rotate_key_on_demand(&key.id).send().unwrap();
        },
        |world, key| {
            world.root.tag_resource(&key.id).tag("a", "b").send().unwrap();
        },
        |world, key| {
            world.root.schedule_key_deletion(&key.id).send().unwrap();
        },
        |world, _| assert_eq!(world.kms.sweep().unwrap().rotated, 1),
    ];
    for touch in touches {
        let world = World::new();
        let key = world.key();
        world.root.enable_key_rotation(&key.id).rotation_period_in_days(90).send().unwrap();
        world.clock.advance_days(90);
        assert!(world.records("RotateKey").is_empty());
        touch(&world, &key);
        let listed = rotations(&world, &key);
        assert_eq!(listed[0].rotation_type, Some(RotationType::Automatic));
        let expected = if world.records("RotateKeyOnDemand").is_empty() { 1 } else { 2 };
        assert_eq!(listed.len(), expected);
    }
}

/// Spec: ROT-09, ROT-29
#[test]
fn decrypting_does_not_wait_for_an_overdue_rotation() {
    let world = World::new();
    let key = world.key();
    let blob = seal(&world, &key);
    world.root.enable_key_rotation(&key.id).rotation_period_in_days(90).send().unwrap();
    world.clock.advance_days(90);
    world.root.decrypt(&blob).send().unwrap();
    assert!(world.records("RotateKey").is_empty());
}

/// Spec: ROT-15, API-016
#[test]
fn the_period_is_90_to_2560_days() {
    let world = World::new();
    let key = world.key();
    for (days, bound) in
        [(89, "greater than or equal to 90"), (0, "greater than or equal to 90"), (2561, "less than or equal to 2560")]
    {
        let item = format!(
            "Value '{days}' at 'rotationPeriodInDays' failed to satisfy constraint: Member must have value {bound}"
        );
        let call = world.root.enable_key_rotation(&key.id).rotation_period_in_days(days);
        assert_refused(call.send(), "ValidationException", &violation(&item));
    }
    assert!(!status(&world, &key).key_rotation_enabled);
    for days in [90, 2560] {
        world.root.enable_key_rotation(&key.id).rotation_period_in_days(days).send().unwrap();
        assert_eq!(next(&world, &key), Some(days));
    }
}

/// Spec: ROT-27, ROT-32, ROT-37, ROT-39, ROT-42, ROT-43, API-023, API-092
#[test]
fn rotation_on_demand_keeps_the_schedule() {
    let world = World::new();
    let key = world.key();
    world.root.enable_key_rotation(&key.id).rotation_period_in_days(730).send().unwrap();
    world.clock.advance_days(726);
    let answer = world.root.rotate_key_on_demand(&key.id).send().unwrap();
    assert_eq!(answer.key_id.to_string(), key.arn);
    assert_eq!(next(&world, &key), Some(730));
    assert_eq!(status(&world, &key).on_demand_rotation_start_date, None);
    world.clock.advance_days(4);
    assert_eq!(version(&seal(&world, &key)), 3);
    assert_eq!(next(&world, &key), Some(1460));
    assert_eq!(causes(&world, &key), [RotationType::OnDemand, RotationType::Automatic]);
}

/// Spec: ROT-20, ROT-24, ROT-40, KEY-48, STA-21
#[test]
fn a_disabled_key_rotates_once_when_it_is_enabled() {
    let world = World::new();
    let key = world.key();
    world.root.enable_key_rotation(&key.id).send().unwrap();
    world.clock.advance_days(355);
    world.root.disable_key(&key.id).send().unwrap();
    world.clock.advance_days(410);
    assert_eq!(world.kms.sweep().unwrap().rotated, 0);
    assert!(status(&world, &key).key_rotation_enabled);
    assert_eq!(next(&world, &key), Some(365), "the date may lie in the past");
    assert!(rotations(&world, &key).is_empty());

    world.root.enable_key(&key.id).send().unwrap();
    assert_eq!(causes(&world, &key), [RotationType::Automatic]);
    assert_eq!(next(&world, &key), Some(765 + 365));
    assert_eq!(version(&seal(&world, &key)), 2);
}

/// Spec: ROT-24
#[test]
fn a_key_that_is_enabled_in_time_keeps_its_date() {
    let world = World::new();
    let key = world.key();
    world.root.enable_key_rotation(&key.id).send().unwrap();
    world.clock.advance_days(100);
    world.root.disable_key(&key.id).send().unwrap();
    world.clock.advance_days(100);
    world.root.enable_key(&key.id).send().unwrap();
    assert_eq!(next(&world, &key), Some(365));
    assert!(rotations(&world, &key).is_empty());
}

/// Spec: ROT-19, ROT-20, ROT-25, ROT-40, STA-21, STA-68, API-091
#[test]
fn a_key_pending_deletion_does_not_rotate() {
    let world = World::new();
    let key = world.key();
    world.root.enable_key_rotation(&key.id).rotation_period_in_days(90).send().unwrap();
    world.clock.advance_days(80);
    world.root.schedule_key_deletion(&key.id).send().unwrap();
    let shown = status(&world, &key);
    assert!(!shown.key_rotation_enabled);
    assert_eq!((shown.rotation_period_in_days, shown.next_rotation_date), (None, None));
    let pending = format!("{} is pending deletion.", key.arn);
    assert_refused(world.root.enable_key_rotation(&key.id).send(), "KMSInvalidStateException", &pending);
    assert_refused(world.root.disable_key_rotation(&key.id).send(), "KMSInvalidStateException", &pending);
    assert_refused(world.root.rotate_key_on_demand(&key.id).send(), "KMSInvalidStateException", &pending);
    world.clock.advance_days(20);
    assert_eq!(world.kms.sweep().unwrap().rotated, 0);

    world.root.cancel_key_deletion(&key.id).send().unwrap();
    let shown = status(&world, &key);
    assert_eq!((shown.key_rotation_enabled, shown.rotation_period_in_days), (true, Some(90)));
    assert_eq!(next(&world, &key), Some(90));
    assert!(rotations(&world, &key).is_empty());
    world.root.enable_key(&key.id).send().unwrap();
    assert_eq!(causes(&world, &key), [RotationType::Automatic]);
}

/// Spec: ROT-17, ROT-26
#[test]
fn off_and_on_again_starts_a_new_schedule() {
    let world = World::new();
    let key = world.key();
    world.root.enable_key_rotation(&key.id).send().unwrap();
    world.clock.advance_days(300);
    world.root.disable_key_rotation(&key.id).send().unwrap();
    world.root.disable_key_rotation(&key.id).send().unwrap();
    assert_eq!(status(&world, &key).rotation_period_in_days, None);
    world.clock.advance_days(10);
    world.root.enable_key_rotation(&key.id).send().unwrap();
    assert_eq!(next(&world, &key), Some(675));

    // A date that passes while rotation is off is not made up for.
    world.root.disable_key_rotation(&key.id).send().unwrap();
    world.clock.advance_days(400);
    world.root.enable_key_rotation(&key.id).send().unwrap();
    assert!(rotations(&world, &key).is_empty());
}

/// Spec: ROT-23, RUL-05
#[test]
fn enabling_again_moves_the_date_only_with_another_period() {
    let world = World::new();
    let key = world.key();
    let enable = |days: i64| world.root.enable_key_rotation(&key.id).rotation_period_in_days(days).send().unwrap();
    enable(180);
    for _ in 0..50 {
        world.clock.advance_days(1);
        enable(180);
        assert_eq!(next(&world, &key), Some(180));
    }
    enable(200);
    assert_eq!(next(&world, &key), Some(250));
    world.clock.advance_days(10);
    world.root.enable_key_rotation(&key.id).send().unwrap();
    assert_eq!(status(&world, &key).rotation_period_in_days, Some(365));
    assert_eq!(next(&world, &key), Some(425));
}

/// Spec: ROT-33, ROT-34, ROT-35, RUL-06, STA-104, API-092, API-105
#[test]
fn a_key_rotates_on_demand_25_times_in_its_life() {
    for (quotas, limit) in [(QuotaProfile::DEFAULT, 25), (QuotaProfile::AWS_2024, 10)] {
        let world = World::with(|builder| builder.quotas(quotas));
        let key = world.key();
        world.root.disable_key(&key.id).send().unwrap();
        assert_code(world.root.rotate_key_on_demand(&key.id).send(), "DisabledException");
        world.root.enable_key(&key.id).send().unwrap();
        for _ in 0..limit {
            // The request rate is another quota.
            world.clock.advance(Duration::from_secs(1));
            world.root.rotate_key_on_demand(&key.id).send().unwrap();
        }
        let message = format!(
            "The on-demand rotations limit has been reached for the given keyId. No more on-demand rotations can be \
             performed for this key: {}",
            key.arn
        );
        assert_refused(world.root.rotate_key_on_demand(&key.id).send(), "LimitExceededException", &message);
        world.root.disable_key(&key.id).send().unwrap();
        world.root.enable_key(&key.id).send().unwrap();
        world.clock.advance_days(400);
        assert_refused(world.root.rotate_key_on_demand(&key.id).send(), "LimitExceededException", &message);
        world.root.enable_key_rotation(&key.id).rotation_period_in_days(90).send().unwrap();
        world.clock.advance_days(90);
        assert_eq!(version(&seal(&world, &key)), limit + 2);
    }
}

/// Spec: ROT-36, API-092
#[test]
fn rotation_on_demand_waits_for_an_automatic_one_that_is_near() {
    let world = World::new();
    let key = world.key();
    world.root.enable_key_rotation(&key.id).rotation_period_in_days(90).send().unwrap();
    world.clock.advance(Duration::from_secs(90 * 86_400 - 20 * 60));
    let error = refusal(world.root.rotate_key_on_demand(&key.id).send());
    assert_eq!(error.code(), "ConflictException");
    assert!(error.is_retryable());
    world.clock.advance(Duration::from_secs(20 * 60));
    world.root.rotate_key_on_demand(&key.id).send().unwrap();
    assert_eq!(causes(&world, &key), [RotationType::Automatic, RotationType::OnDemand]);
}

/// A rotation is complete before its answer, so that the next one finds none in progress; whatever is refused meanwhile
/// does not count.
///
/// Spec: ROT-37, ROT-38
#[test]
fn rotations_on_demand_do_not_overlap() {
    let world = World::new();
    let key = world.key();
    let accepted: usize = std::thread::scope(|scope| {
        let callers: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let one = || match world.root.rotate_key_on_demand(&key.id).send() {
                        Ok(_) => {
                            let status = status(&world, &key);
                            assert_eq!(status.on_demand_rotation_start_date, None);
                            1
                        }
                        Err(error) => {
                            assert_eq!(error.code(), "ConflictException");
                            0
                        }
                    };
                    (0..5).map(|_| one()).sum::<usize>()
                })
            })
            .collect();
        callers.into_iter().map(|caller| caller.join().unwrap()).sum()
    });
    assert_eq!(causes(&world, &key), vec![RotationType::OnDemand; accepted]);
    assert_eq!(world.records("RotateKey").len(), accepted);
    // As many as were accepted have counted.
    let left = (0..30).take_while(|_| world.root.rotate_key_on_demand(&key.id).send().is_ok()).count();
    assert_eq!(left, 25 - accepted);
}

/// Spec: ROT-13, ROT-14, ROT-41
#[test]
fn each_operation_needs_its_own_permission() {
    let world = World::new();
    let key = world.key();
    let enabler = world.user(&["kms:EnableKeyRotation"]);
    enabler.enable_key_rotation(&key.id).send().unwrap();
    assert_code(enabler.rotate_key_on_demand(&key.id).send(), "AccessDeniedException");
    assert_code(enabler.disable_key_rotation(&key.id).send(), "AccessDeniedException");
    assert_code(enabler.get_key_rotation_status(&key.id).send(), "AccessDeniedException");
    assert_code(enabler.list_key_rotations(&key.id).send(), "AccessDeniedException");
    let rotator = world.user(&["kms:RotateKeyOnDemand"]);
    rotator.rotate_key_on_demand(&key.id).send().unwrap();
    assert_code(rotator.enable_key_rotation(&key.id).send(), "AccessDeniedException");
}

/// Spec: ROT-16, CND-27
#[test]
fn policies_see_the_period_also_when_it_is_the_default() {
    let world = World::new();
    let under = |operator: &str, days: &str| {
        let condition = json!({ operator: { "kms:RotationPeriodInDays": days } });
        let deny = json!({ "Effect": "Deny", "Principal": "*", "Action": "kms:EnableKeyRotation", "Resource": "*",
                           "Condition": condition });
        world.key_with_policy(&policy(&[delegation(), deny]))
    };
    let key = under("NumericLessThanEquals", "180");
    let call = world.root.enable_key_rotation(&key.id).rotation_period_in_days(180);
    assert_code(call.send(), "AccessDeniedException");
    world.root.enable_key_rotation(&key.id).rotation_period_in_days(181).send().unwrap();
    world.root.enable_key_rotation(&key.id).send().unwrap();
    let key = under("NumericGreaterThanEquals", "365");
    assert_code(world.root.enable_key_rotation(&key.id).send(), "AccessDeniedException");
    world.root.enable_key_rotation(&key.id).rotation_period_in_days(364).send().unwrap();
}

/// Spec: ROT-05, ROT-17, ROT-18
#[test]
fn without_rotation_all_material_stays() {
    let world = World::new();
    let key = world.key();
    world.root.enable_key_rotation(&key.id).rotation_period_in_days(90).send().unwrap();
    let mut blobs = vec![seal(&world, &key)];
    for _ in 0..2 {
        world.clock.advance_days(90);
        blobs.push(seal(&world, &key));
    }
    world.root.disable_key_rotation(&key.id).send().unwrap();
    world.clock.advance_days(90);
    assert_eq!(version(&seal(&world, &key)), 3);
    for blob in &blobs {
        world.root.decrypt(blob).send().unwrap();
    }
    world.root.rotate_key_on_demand(&key.id).send().unwrap();
}

/// Spec: ROT-08, ROT-42, ROT-43, ROT-44, API-093, API-122
#[test]
fn rotations_are_listed_with_their_material_in_pages() {
    let world = World::new();
    let key = world.key();
    let empty = world.root.list_key_rotations(&key.id).send().unwrap();
    assert!(empty.rotations.is_empty() && !empty.truncated && empty.next_marker.is_none());
    for _ in 0..5 {
        world.root.rotate_key_on_demand(&key.id).send().unwrap();
    }
    world.root.disable_key(&key.id).send().unwrap();
    world.root.schedule_key_deletion(&key.id).send().unwrap();

    let all = world.root.list_key_rotations(&key.id).include_key_material("ALL_KEY_MATERIAL").send().unwrap();
    assert_eq!(all.rotations.len(), 6);
    let first = &all.rotations[0];
    assert_eq!((first.rotation_date, first.rotation_type), (None, None));
    let states: Vec<_> = all.rotations.iter().map(|entry| entry.key_material_state.unwrap()).collect();
    assert_eq!(states[..5], [KeyMaterialState::NonCurrent; 5]);
    assert_eq!(states[5], KeyMaterialState::Current);
    let current = world.root.describe_key(&key.id).send().unwrap().key_metadata.current_key_material_id;
    assert_eq!(all.rotations[5].key_material_id, current);
    let ids: std::collections::BTreeSet<_> =
        all.rotations.iter().map(|entry| entry.key_material_id.unwrap().to_string()).collect();
    assert_eq!(ids.len(), 6);

    let mut seen = Vec::new();
    let mut marker: Option<String> = None;
    loop {
        let mut call = world.root.list_key_rotations(&key.id).limit(2);
        if let Some(marker) = marker.take() {
            call = call.marker(marker);
        }
        let page = call.send().unwrap().into_inner();
        assert!(page.rotations.len() <= 2);
        seen.extend(page.rotations);
        match page.next_marker {
            Some(next) => marker = Some(next),
            None => break,
        }
    }
    assert_eq!(seen, all.rotations[1..]);
}

/// Spec: ROT-28, ROT-31
#[test]
fn a_host_that_slept_rotates_once() {
    let world = World::new();
    let key = world.key();
    world.root.enable_key_rotation(&key.id).rotation_period_in_days(90).send().unwrap();
    world.clock.advance_days(1000);
    assert_eq!(version(&seal(&world, &key)), 2);
    assert_eq!(next(&world, &key), Some(1090));
    assert_eq!(rotations(&world, &key)[0].rotation_date.unwrap().to_string(), "2028-09-27T00:00:00Z");

    // Less than a period late: the schedule goes on.
    world.clock.advance_days(100);
    assert_eq!(version(&seal(&world, &key)), 3);
    assert_eq!(next(&world, &key), Some(1180));

    // A clock that goes backwards changes nothing.
    world.clock.set(START.parse::<jiff::Timestamp>().unwrap().into());
    assert_eq!(version(&seal(&world, &key)), 3);
    assert_eq!(next(&world, &key), Some(1180));
}

/// Spec: ROT-54
#[test]
fn an_alias_moved_to_a_new_key_is_rotation_by_hand() {
    let world = World::new();
    let (old, new) = (world.key(), world.key());
    world.root.create_alias("alias/a", &old.id).send().unwrap();
    let blob = world.root.encrypt("alias/a", b"x").send().unwrap().into_inner().ciphertext_blob;
    world.root.update_alias("alias/a", &new.id).send().unwrap();

    assert_eq!(world.root.encrypt("alias/a", b"x").send().unwrap().key_id.to_string(), new.arn);
    let data_key = world.root.generate_data_key("alias/a").key_spec("AES_256").send().unwrap();
    assert_eq!(data_key.key_id.to_string(), new.arn);
    assert_eq!(world.root.describe_key("alias/a").send().unwrap().key_metadata.arn.to_string(), new.arn);
    assert_eq!(world.root.decrypt(&blob).send().unwrap().key_id.to_string(), old.arn);
    assert_code(world.root.decrypt(&blob).key_id("alias/a").send(), "IncorrectKeyException");
    world.root.decrypt(&blob).key_id(old.id.clone()).send().unwrap();
    let moved = world.root.re_encrypt(&blob, "alias/a").send().unwrap();
    assert_eq!((moved.source_key_id.to_string(), moved.key_id.to_string()), (old.arn.clone(), new.arn.clone()));
    world.root.disable_key(&old.id).send().unwrap();
    assert_code(world.root.decrypt(&blob).send(), "DisabledException");
    assert_eq!(world.root.decrypt(&moved.ciphertext_blob).send().unwrap().expose(), b"x");
}

/// Spec: ROT-05, STA-71, STA-72
#[test]
fn deletion_destroys_every_version() {
    let world = World::new();
    let key = world.key();
    let mut blobs = vec![seal(&world, &key)];
    world.root.rotate_key_on_demand(&key.id).send().unwrap();
    blobs.push(seal(&world, &key));
    world.root.schedule_key_deletion(&key.id).pending_window_in_days(7).send().unwrap();
    world.clock.advance_days(7);
    world.kms.sweep().unwrap();
    for blob in &blobs {
        assert_code(world.root.decrypt(blob).key_id(key.id.clone()).send(), "NotFoundException");
        let message = opaque(&world.root, "kms:Decrypt")
            .replace("on this resource", "on the resource associated with this ciphertext");
        assert_refused(world.root.decrypt(blob).send(), "AccessDeniedException", &message);
    }
}

/// Spec: ROT-09, ROT-11
#[test]
fn encryption_goes_on_while_keys_rotate() {
    let world = World::with(|builder| builder.quotas(QuotaProfile::UNLIMITED));
    let key = world.key();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let mut last = 0;
                while last < 21 {
                    let blob = seal(&world, &key);
                    assert!(version(&blob) >= last, "versions never decrease");
                    last = version(&blob);
                    assert_eq!(world.root.decrypt(&blob).send().unwrap().expose(), b"x");
                }
            });
        }
        for _ in 0..20 {
            world.root.rotate_key_on_demand(&key.id).send().unwrap();
        }
    });
    for _ in 0..300 {
        world.root.rotate_key_on_demand(&key.id).send().unwrap();
    }
    assert_eq!(version(&seal(&world, &key)), 321);
}

/// Spec: ROT-07, KEY-33
#[test]
fn a_rotated_key_counts_once() {
    let world = World::with(|builder| builder.quotas(QuotaProfile::DEFAULT.with_keys_per_account(2)));
    let key = world.key();
    world.root.rotate_key_on_demand(&key.id).send().unwrap();
    assert_eq!(world.kms.key_count(world.root.region(), world.root.account()).unwrap(), 1);
    world.key();
}

/// Spec: ROT-10
#[test]
fn a_rotation_that_fails_leaves_the_old_material_and_is_tried_again() {
    use keystead::store::{Fault, FaultyStore};
    let store = std::sync::Arc::new(FaultyStore::new(keystead_memory::MemoryStore::new()));
    let clock = std::sync::Arc::new(keystead::ManualClock::at(START));
    let kms = Kms::builder().store(std::sync::Arc::clone(&store)).clock(std::sync::Arc::clone(&clock)).build().unwrap();
    let client = kms.client(REGION, Caller::account_root(ACCOUNT).unwrap()).unwrap();
    let key = client.create_key().send().unwrap().into_inner().key_metadata;
    client.enable_key_rotation(key.key_id).rotation_period_in_days(90).send().unwrap();
    clock.advance_days(90);

    store.fail_at(1, Fault::Before);
    assert_eq!(version(&client.encrypt(key.key_id, b"x").send().unwrap().ciphertext_blob), 1);
    assert_eq!(version(&client.encrypt(key.key_id, b"x").send().unwrap().ciphertext_blob), 2);

    store.fail_at(1, Fault::Before);
    assert_code(client.rotate_key_on_demand(key.key_id).send(), "KMSInternalException");
    assert_eq!(client.list_key_rotations(key.key_id).send().unwrap().rotations.len(), 1);
    assert_eq!(client.describe_key(key.key_id).send().unwrap().key_metadata.key_state, KeyState::Enabled);
}
