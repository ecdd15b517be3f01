//! Small histories that were once answered wrongly.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use std::time::Duration;

use keystead::EventKind::{Deletion, Rotation};
use keystead::crypto::entropy::SystemEntropy;
use keystead::crypto::{DefaultProvider, KeyPairAlgorithm, Provider};
use keystead::hierarchy::spec::WrappingAlgorithm;
use keystead::store::{Fault, FaultyStore};
use keystead::{CallbackSink, Caller, Kms, ManualClock, MemoryEvents, SinkError};
use keystead_memory::MemoryStore;

/// Spec: KEY-20
#[test]
fn a_filter_tells_nothing_about_a_key_of_another_account() {
    let kms = Kms::in_memory();
    let owner = kms.client("us-west-2", Caller::account_root("444455556666").unwrap()).unwrap();
    let stranger = kms.client("us-west-2", Caller::account_root("111122223333").unwrap()).unwrap();
    let present = owner.create_key().send().unwrap().key_metadata.arn.to_string();
    let absent = "arn:aws:kms:us-west-2:444455556666:key/00000000-0000-4000-8000-000000000000";
    for arn in [present.as_str(), absent] {
        let refused = stranger.list_aliases().key_id(arn.to_owned()).send().unwrap_err();
        assert_eq!((refused.code(), refused.message()), ("NotFoundException", &*format!("Key '{arn}' does not exist")));
    }
}

/// Spec: KEY-54
#[test]
fn reserved_aliases_are_changed_by_nobody() {
    let kms = Kms::in_memory();
    let client = kms.client("us-west-2", Caller::account_root("111122223333").unwrap()).unwrap();
    let key = client.create_key().send().unwrap().key_metadata.key_id;
    assert_eq!(client.create_alias("alias/aws/ebs", key).send().unwrap_err().code(), "InvalidAliasNameException");
    assert_eq!(client.update_alias("alias/aws/ebs", key).send().unwrap_err().code(), "AccessDeniedException");
    assert_eq!(client.delete_alias("alias/aws/ebs").send().unwrap_err().code(), "AccessDeniedException");
}

/// Records wait in the outbox until the next commit takes their removal along; when that one is undone, they must not
/// be delivered once more.
///
/// Spec: AUD-07
#[test]
fn a_refused_record_does_not_repeat_the_one_before() {
    let (deaf, heard) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Vec::new())));
    let sink = {
        let (deaf, heard) = (Arc::clone(&deaf), Arc::clone(&heard));
        CallbackSink::new(move |record| {
            if deaf.load(Ordering::Relaxed) {
                return Err(SinkError::new("the sink hears nothing"));
            }
            heard.lock().unwrap().push(record.event_id);
            Ok(())
        })
    };
    let kms = Kms::builder().audit_sink(sink).build().unwrap();
    let client = kms.client("us-west-2", Caller::account_root("111122223333").unwrap()).unwrap();
    let key = client.create_key().send().unwrap().key_metadata.key_id;
    deaf.store(true, Ordering::Relaxed);
    assert_eq!(client.disable_key(key).send().unwrap_err().code(), "KMSInternalException");
    deaf.store(false, Ordering::Relaxed);
    kms.sweep().unwrap();
    assert!(client.describe_key(key).send().unwrap().key_metadata.enabled);
    let heard = heard.lock().unwrap();
    assert_eq!(heard.len(), heard.iter().collect::<HashSet<_>>().len(), "{heard:?}");
    assert_eq!(heard.len(), 2);
}

/// Spec: AUD-06
#[test]
fn a_key_can_be_changed_after_a_change_that_was_undone() {
    let deaf = Arc::new(AtomicBool::new(false));
    let sink = {
        let deaf = Arc::clone(&deaf);
        CallbackSink::new(move |_| match deaf.load(Ordering::Relaxed) {
            true => Err(SinkError::new("the sink hears nothing")),
            false => Ok(()),
        })
    };
    let kms = Kms::builder().audit_sink(sink).build().unwrap();
    let client = kms.client("us-west-2", Caller::account_root("111122223333").unwrap()).unwrap();
    let key = client.create_key().send().unwrap().key_metadata.key_id;
    deaf.store(true, Ordering::Relaxed);
    assert_eq!(client.disable_key(key).send().unwrap_err().code(), "KMSInternalException");
    deaf.store(false, Ordering::Relaxed);
    assert!(client.describe_key(key).send().unwrap().key_metadata.enabled);
    client.disable_key(key).send().unwrap();
    assert!(!client.describe_key(key).send().unwrap().key_metadata.enabled);
}

/// Whether the store has made a change that it cannot vouch for, the next call sees; and it can change the key again.
#[test]
fn a_key_can_be_changed_after_a_commit_that_failed() {
    for (fault, is_enabled) in [(Fault::Before, true), (Fault::After, false)] {
        let store = Arc::new(FaultyStore::new(MemoryStore::new()));
        let kms = Kms::builder().store(Arc::clone(&store)).build().unwrap();
        let client = kms.client("us-west-2", Caller::account_root("111122223333").unwrap()).unwrap();
        let key = client.create_key().send().unwrap().key_metadata.key_id;
        let sealed = client.encrypt(key, b"x").send().unwrap().ciphertext_blob.clone();
        store.fail_at(1, fault);
        assert_eq!(client.disable_key(key).send().unwrap_err().code(), "KMSInternalException");
        assert_eq!(client.describe_key(key).send().unwrap().key_metadata.enabled, is_enabled, "{fault:?}");
        client.disable_key(key).send().unwrap();
        client.enable_key(key).send().unwrap();
        assert_eq!(client.decrypt(&sealed).send().unwrap().expose(), b"x");
    }
}

/// The same for an alias, which names another key at once.
#[test]
fn an_alias_moves_although_the_store_cannot_tell() {
    for (fault, moved) in [(Fault::Before, false), (Fault::After, true)] {
        let store = Arc::new(FaultyStore::new(MemoryStore::new()));
        let kms = Kms::builder().store(Arc::clone(&store)).build().unwrap();
        let client = kms.client("us-west-2", Caller::account_root("111122223333").unwrap()).unwrap();
        let keys = [(); 2].map(|()| client.create_key().send().unwrap().key_metadata.key_id);
        client.create_alias("alias/a", keys[0]).send().unwrap();
        store.fail_at(1, fault);
        assert_eq!(client.update_alias("alias/a", keys[1]).send().unwrap_err().code(), "KMSInternalException");
        let named = client.describe_key("alias/a").send().unwrap().key_metadata.key_id;
        assert_eq!(named, keys[usize::from(moved)], "{fault:?}");
        client.update_alias("alias/a", keys[0]).send().unwrap();
        assert_eq!(client.describe_key("alias/a").send().unwrap().key_metadata.key_id, keys[0]);
        client.delete_alias("alias/a").send().unwrap();
    }
}

/// An account that holds a grant with `RetireGrant` is its grantee, and may retire it.
///
/// Spec: GRA-38, GRA-57
#[test]
fn an_account_may_retire_the_grant_that_it_holds() {
    let kms = Kms::in_memory();
    let owner = kms.client("us-west-2", Caller::account_root("111122223333").unwrap()).unwrap();
    let grantee = kms.client("us-west-2", Caller::account_root("444455556666").unwrap()).unwrap();
    let powerless = kms.client("us-west-2", Caller::user("444455556666", "guest").unwrap()).unwrap();
    let key = owner.create_key().send().unwrap().key_metadata.arn.to_string();
    let grant = |operation: &str| {
        let call = owner.create_grant(&key, "arn:aws:iam::444455556666:root").operation(operation.to_owned());
        call.send().unwrap().grant_token.clone()
    };
    let (retirable, other) = (grant("RetireGrant"), grant("Decrypt"));
    for (client, token) in [(&powerless, &retirable), (&grantee, &other)] {
        assert_eq!(client.retire_grant().grant_token(token).send().unwrap_err().code(), "AccessDeniedException");
    }
    grantee.retire_grant().grant_token(&retirable).send().unwrap();
}

/// A replica whose waiting period is over is gone, swept or not: a later rotation of its primary is none of its own.
///
/// Spec: STA-02, ROT-56
#[test]
fn a_rotation_is_not_announced_for_a_replica_that_is_gone() {
    let (clock, events) = (Arc::new(ManualClock::at("2026-01-01T00:00:00Z")), Arc::new(MemoryEvents::new()));
    let kms = Kms::builder().clock(Arc::clone(&clock)).event_sink(Arc::clone(&events)).build().unwrap();
    let client = |region: &str| kms.client(region, Caller::account_root("111122223333").unwrap()).unwrap();
    let (home, europe) = (client("us-west-2"), client("eu-west-1"));
    let key = home.create_key().multi_region(true).send().unwrap().key_metadata.key_id;
    home.replicate_key(key, "eu-west-1").send().unwrap();
    europe.schedule_key_deletion(key).pending_window_in_days(7_i64).send().unwrap();
    // A replica that waits for its end is still told.
    home.rotate_key_on_demand(key).send().unwrap();
    clock.advance(Duration::from_secs(8 * 24 * 3600));
    home.rotate_key_on_demand(key).send().unwrap();
    kms.sweep().unwrap();
    let mut told: Vec<_> = events.events().iter().map(|event| (event.key_arn.region.to_string(), event.kind)).collect();
    told[..2].sort_by(|one, other| one.0.cmp(&other.0));
    let expected = [("eu-west-1", Rotation), ("us-west-2", Rotation), ("us-west-2", Rotation), ("eu-west-1", Deletion)];
    assert_eq!(told, expected.map(|(region, kind)| (region.to_owned(), kind)));
    let rotations = kms.audit_trail().iter().filter(|record| record.event_name == "RotateKey").count();
    assert_eq!(rotations, 3);
}

/// Material that would have expired after the end of its key went with the key, however late that is noticed.
///
/// Spec: STA-02, STA-69, IMP-49
#[test]
fn material_of_a_key_that_is_gone_does_not_expire() {
    let (clock, events) = (Arc::new(ManualClock::at("2026-01-01T00:00:00Z")), Arc::new(MemoryEvents::new()));
    let kms = Kms::builder().clock(Arc::clone(&clock)).event_sink(Arc::clone(&events)).build().unwrap();
    let client = kms.client("us-west-2", Caller::account_root("111122223333").unwrap()).unwrap();
    let key = client.create_key().origin("EXTERNAL").send().unwrap().key_metadata.key_id;
    let set = client.get_parameters_for_import(key, "RSAES_OAEP_SHA_256", "RSA_2048").send().unwrap();
    let algorithm: WrappingAlgorithm = "RSAES_OAEP_SHA_256".parse().unwrap();
    let public = DefaultProvider.public_key(KeyPairAlgorithm::Rsa2048, &set.public_key).unwrap();
    let wrapped = algorithm.scheme().unwrap().wrap(&DefaultProvider, &*public, &[7; 32], &SystemEntropy).unwrap();
    let day = Duration::from_secs(24 * 3600);
    let valid_to = "2026-01-09T00:00:00Z".parse::<jiff::Timestamp>().unwrap();
    client
        .import_key_material(key, &set.import_token, &wrapped)
        .valid_to(keystead::Timestamp::from(valid_to))
        .send()
        .unwrap();
    client.schedule_key_deletion(key).pending_window_in_days(7_i64).send().unwrap();
    clock.advance(day * 10);
    kms.sweep().unwrap();
    assert_eq!(events.events().iter().map(|event| event.kind).collect::<Vec<_>>(), [Deletion]);
}

/// Pending material that expires at the primary leaves the whole set at that instant, whichever key is touched first, and
/// what a replica has of it does not expire later.
///
/// Spec: MRK-77, STA-02, RUL-15, IMP-49
#[test]
fn pending_material_that_expires_at_the_primary_is_gone_everywhere() {
    let (clock, events) = (Arc::new(ManualClock::at("2026-01-01T00:00:00Z")), Arc::new(MemoryEvents::new()));
    let kms = Kms::builder().clock(Arc::clone(&clock)).event_sink(Arc::clone(&events)).build().unwrap();
    let client = |region: &str| kms.client(region, Caller::account_root("111122223333").unwrap()).unwrap();
    let (home, europe) = (client("us-west-2"), client("eu-west-1"));
    let key = home.create_key().origin("EXTERNAL").multi_region(true).send().unwrap().key_metadata.key_id;
    let import = |client: &keystead::Client, kind: &str, byte: u8, valid_to: &str| {
        let set = client.get_parameters_for_import(key, "RSAES_OAEP_SHA_256", "RSA_2048").send().unwrap();
        let algorithm: WrappingAlgorithm = "RSAES_OAEP_SHA_256".parse().unwrap();
        let public = DefaultProvider.public_key(KeyPairAlgorithm::Rsa2048, &set.public_key).unwrap();
        let wrapped =
            algorithm.scheme().unwrap().wrap(&DefaultProvider, &*public, &[byte; 32], &SystemEntropy).unwrap();
        let valid_to = keystead::Timestamp::from(valid_to.parse::<jiff::Timestamp>().unwrap());
        let call = client.import_key_material(key, &set.import_token, &wrapped).valid_to(valid_to);
        call.import_type(kind.to_owned()).send().map(drop).map_err(|error| error.code())
    };
    let (new, existing, far) = ("NEW_KEY_MATERIAL", "EXISTING_KEY_MATERIAL", "2026-06-01T00:00:00Z");
    import(&home, new, 1, far).unwrap();
    home.replicate_key(key, "eu-west-1").send().unwrap();
    import(&europe, existing, 1, far).unwrap();
    import(&home, new, 2, "2026-01-02T00:00:00Z").unwrap();
    import(&europe, existing, 2, "2026-01-03T00:00:00Z").unwrap();
    clock.advance(Duration::from_secs(3 * 24 * 3600));

    let listed = europe.list_key_rotations(key).include_key_material("ALL_KEY_MATERIAL").send().unwrap();
    assert_eq!(listed.rotations.len(), 1);
    assert_eq!(import(&europe, existing, 2, far), Err("IncorrectKeyMaterialException"));
    kms.sweep().unwrap();
    let expired: Vec<_> = events.events().iter().map(|event| (event.key_arn.region.to_string(), event.kind)).collect();
    assert_eq!(expired, [("us-west-2".to_owned(), keystead::EventKind::MaterialExpiration)]);
}

/// Material that expires while the primary Region changes is missing, although the state is `Updating`.
///
/// Spec: IMP-50, STA-18, STA-19
#[test]
fn a_key_that_is_updating_does_not_work_without_material() {
    let clock = Arc::new(ManualClock::at("2026-01-01T00:00:00Z"));
    let builder = Kms::builder().clock(Arc::clone(&clock)).multi_region_delay(Duration::from_secs(60));
    let kms = builder.build().unwrap();
    let client = |region: &str| kms.client(region, Caller::account_root("111122223333").unwrap()).unwrap();
    let (home, europe) = (client("us-west-2"), client("eu-west-1"));
    let key = home.create_key().origin("EXTERNAL").multi_region(true).send().unwrap().key_metadata.key_id;
    let import = |client: &keystead::Client| {
        let set = client.get_parameters_for_import(key, "RSAES_OAEP_SHA_256", "RSA_2048").send().unwrap();
        let algorithm: WrappingAlgorithm = "RSAES_OAEP_SHA_256".parse().unwrap();
        let public = DefaultProvider.public_key(KeyPairAlgorithm::Rsa2048, &set.public_key).unwrap();
        let wrapped = algorithm.scheme().unwrap().wrap(&DefaultProvider, &*public, &[7; 32], &SystemEntropy).unwrap();
        let valid_to = keystead::Timestamp::from("2026-01-01T00:02:00Z".parse::<jiff::Timestamp>().unwrap());
        client.import_key_material(key, &set.import_token, &wrapped).valid_to(valid_to).send().unwrap();
    };
    import(&home);
    home.replicate_key(key, "eu-west-1").send().unwrap();
    clock.advance(Duration::from_secs(60));
    import(&europe);
    clock.advance(Duration::from_secs(59));
    home.update_primary_region(key, "eu-west-1").send().unwrap();
    clock.advance(Duration::from_secs(1));
    assert_eq!(home.describe_key(key).send().unwrap().key_metadata.key_state.as_str(), "Updating");
    let refused = home.encrypt(key, b"x").send().unwrap_err();
    let arn = format!("arn:aws:kms:us-west-2:111122223333:key/{key}");
    assert_eq!(
        (refused.code(), refused.message()),
        ("KMSInvalidStateException", &*format!("{arn} is pending import."))
    );
}
