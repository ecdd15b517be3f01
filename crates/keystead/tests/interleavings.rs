//! The protocol of commit, publication and cached material, through many thousand orders of events.
//!
//! Only built with `--cfg shuttle` (`scripts/interleavings`): then every lock, cell and map that threads share is a turn
//! which the scheduler may give to another thread (`src/sync.rs`). A failure prints the schedule that led to it. A wait in
//! a circle is a failure of any of these tests.
#![cfg(shuttle)]
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};

use common::{ACCOUNT, REGION};
use keystead::crypto::entropy::SeededEntropy;
use keystead::{
    AuditMode, AuditRecord, AuditSink, CallError, Caller, Client, Clock, Kms, KmsBuilder, ManualClock, QuotaProfile,
    ResourceQuota, SinkError,
};
use keystead_memory::MemoryStore;
use shuttle::thread;

/// Spec: KEY-45, STA-01
#[test]
fn nobody_uses_a_key_after_disable_has_returned() {
    check(|| {
        let client = client(&world().build().unwrap());
        let key = new_key(&client);
        let disabled = AtomicBool::new(false);
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    for _ in 0..3 {
                        let began_disabled = disabled.load(SeqCst);
                        let used = client.encrypt(&key, b"x").send();
                        assert!(!(began_disabled && used.is_ok()), "used while disabled");
                    }
                });
            }
            client.disable_key(&key).send().unwrap();
            disabled.store(true, SeqCst);
            assert_eq!(code(client.encrypt(&key, b"x").send()), "DisabledException");
        });
        client.enable_key(&key).send().unwrap();
        client.encrypt(&key, b"x").send().unwrap();
    });
}

/// Spec: ROT-08, KEY-110
#[test]
fn rotation_loses_no_ciphertext_and_never_goes_back() {
    check(|| {
        let client = client(&world().build().unwrap());
        let key = new_key(&client);
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    let mut newest = 0;
                    for _ in 0..3 {
                        let blob = client.encrypt(&key, b"x").send().unwrap().into_inner().ciphertext_blob;
                        let version = keystead::hierarchy::BlobHeader::parse(&blob).unwrap().material_version;
                        assert!(version >= newest, "a version came back");
                        newest = version;
                        assert_eq!(client.decrypt(&blob).send().unwrap().expose(), b"x");
                    }
                });
            }
            for _ in 0..2 {
                client.rotate_key_on_demand(&key).send().unwrap();
            }
        });
        assert_eq!(client.list_key_rotations(&key).send().unwrap().rotations.len(), 2);
    });
}

/// Spec: KEY-55, KEY-58
#[test]
fn an_alias_that_moves_back_and_forth_is_never_missing() {
    check(|| {
        let store = Arc::new(MemoryStore::new());
        let open = || client(&world().store(Arc::clone(&store)).root_key(common::root_key()).build().unwrap());
        let first = open();
        let keys = [new_key(&first), new_key(&first)];
        first.create_alias("alias/moving", &keys[0]).send().unwrap();
        // Has seen neither the alias nor the keys, so that loading and publishing meet.
        let client = open();
        thread::scope(|scope| {
            scope.spawn(|| {
                for _ in 0..2 {
                    client.encrypt("alias/moving", b"x").send().unwrap();
                }
            });
            scope.spawn(|| assert_eq!(client.list_aliases().send().unwrap().aliases.len(), 1));
            scope.spawn(|| client.update_alias("alias/moving", &keys[0]).send().unwrap());
            client.update_alias("alias/moving", &keys[1]).send().unwrap();
        });
        let target = client.describe_key("alias/moving").send().unwrap().key_metadata.key_id.to_string();
        assert!(keys.contains(&target));
    });
}

/// Spec: KEY-59
#[test]
fn an_alias_that_is_deleted_while_it_is_loaded_is_gone() {
    check(|| {
        let store = Arc::new(MemoryStore::new());
        let open = || client(&world().store(Arc::clone(&store)).root_key(common::root_key()).build().unwrap());
        let first = open();
        first.create_alias("alias/old", &new_key(&first)).send().unwrap();
        let client = open();
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| drop(client.encrypt("alias/old", b"x").send()));
            }
            client.delete_alias("alias/old").send().unwrap();
            assert_eq!(code(client.describe_key("alias/old").send()), "NotFoundException");
        });
        assert_eq!(code(client.encrypt("alias/old", b"x").send()), "NotFoundException");
        client.create_alias("alias/old", new_key(&client)).send().unwrap();
        client.encrypt("alias/old", b"x").send().unwrap();
    });
}

/// Spec: KEY-110, KEY-72
#[test]
fn no_update_is_lost() {
    check(|| {
        let client = client(&world().build().unwrap());
        let key = new_key(&client);
        thread::scope(|scope| {
            for name in ["a", "b"] {
                let (client, key) = (&client, &key);
                scope.spawn(move || client.tag_resource(key).tag(name, "x").send().unwrap());
            }
            scope.spawn(|| client.update_key_description(&key, "described").send().unwrap());
            scope.spawn(|| client.create_alias("alias/name", &key).send().unwrap());
            client.enable_key_rotation(&key).send().unwrap();
        });
        let metadata = client.describe_key("alias/name").send().unwrap().into_inner().key_metadata;
        assert_eq!(metadata.description, "described");
        assert_eq!(client.list_resource_tags(&key).send().unwrap().tags.len(), 2);
        assert!(client.get_key_rotation_status(&key).send().unwrap().key_rotation_enabled);
    });
}

/// Spec: KEY-62, QUO-03, QUO-11
#[test]
fn one_name_and_one_place_are_taken_once() {
    check(|| {
        let quotas = QuotaProfile::UNLIMITED.with_limit(ResourceQuota::Keys, Some(3));
        let kms = world().quotas(quotas).build().unwrap();
        let client = client(&kms);
        let keys = [new_key(&client), new_key(&client)];
        let (named, made) = (AtomicU32::new(0), AtomicU32::new(0));
        thread::scope(|scope| {
            for key in &keys {
                let (client, named, made) = (&client, &named, &made);
                scope.spawn(move || match client.create_alias("alias/one", key).send() {
                    Ok(_) => drop(named.fetch_add(1, SeqCst)),
                    Err(error) => assert_eq!(error.code(), "AlreadyExistsException"),
                });
                scope.spawn(move || match client.create_key().send() {
                    Ok(_) => drop(made.fetch_add(1, SeqCst)),
                    Err(error) => assert_eq!(error.code(), "LimitExceededException"),
                });
            }
        });
        assert_eq!((named.into_inner(), made.into_inner()), (1, 1));
        assert_eq!(kms.key_count(client.region(), client.account()).unwrap(), 3);
        assert_eq!(client.list_aliases().send().unwrap().aliases.len(), 1);
    });
}

/// Spec: AUD-06
#[test]
fn a_change_whose_record_is_refused_is_seen_by_nobody() {
    check(|| {
        let refusing = Arc::new(Refusing::default());
        let kms = world().audit_sink_with(AuditMode::Required, Arc::clone(&refusing)).build().unwrap();
        let client = client(&kms);
        let key = new_key(&client);
        client.create_alias("alias/name", &key).send().unwrap();
        let other = new_key(&client);
        refusing.0.store(true, SeqCst);
        thread::scope(|scope| {
            scope.spawn(|| {
                for _ in 0..3 {
                    client.encrypt("alias/name", b"x").send().unwrap();
                }
            });
            scope.spawn(|| {
                let described = client.describe_key("alias/name").send().unwrap();
                assert_eq!(described.key_metadata.key_id.to_string(), key);
                assert_eq!(client.list_aliases().key_id(&other).send().unwrap().aliases.len(), 0);
            });
            // Reads the store and not the live forms.
            scope.spawn(|| {
                let listed = client.list_aliases().send().unwrap().into_inner().aliases;
                assert!(listed.iter().all(|alias| alias.target_key_id.is_some_and(|id| id.to_string() == key)));
            });
            scope.spawn(|| assert_eq!(code(client.disable_key(&key).send()), "KMSInternalException"));
            assert_eq!(code(client.update_alias("alias/name", &other).send()), "KMSInternalException");
        });
        refusing.0.store(false, SeqCst);
        client.disable_key(&key).send().unwrap();
        assert_eq!(code(client.encrypt("alias/name", b"x").send()), "DisabledException");
    });
}

/// Spec: GRA-74, STA-01
#[test]
fn a_revoked_grant_allows_nothing_more() {
    check(|| {
        let kms = world().build().unwrap();
        let client = client(&kms);
        let key = client.create_key().send().unwrap().key_metadata.arn.to_string();
        let grantee = kms.client(REGION, Caller::account_root("444455556666").unwrap()).unwrap();
        let grant = || {
            let call = client.create_grant(&key, "arn:aws:iam::444455556666:root").operation("Encrypt");
            call.send().unwrap().grant_id
        };
        let (revoking, revoked) = (AtomicBool::new(false), AtomicBool::new(false));
        let first = grant();
        thread::scope(|scope| {
            scope.spawn(|| {
                for _ in 0..3 {
                    let began_revoked = revoked.load(SeqCst);
                    let allowed = grantee.encrypt(&key, b"x").send().is_ok();
                    // There is one grant at every moment before, although not the same.
                    assert!(allowed || revoking.load(SeqCst), "a grant was lost");
                    assert!(!(allowed && began_revoked), "allowed after the last grant was revoked");
                }
            });
            scope.spawn(|| client.tag_resource(&key).tag("a", "b").send().unwrap());
            let second = grant();
            client.revoke_grant(&key, first.to_string()).send().unwrap();
            revoking.store(true, SeqCst);
            client.revoke_grant(&key, second.to_string()).send().unwrap();
            revoked.store(true, SeqCst);
            assert_eq!(code(grantee.encrypt(&key, b"x").send()), "AccessDeniedException");
        });
    });
}

/// Spec: OVR-17, ROT-03
#[test]
fn a_rotating_domain_key_loses_no_material() {
    check(|| {
        let store = Arc::new(MemoryStore::new());
        let open = || world().store(Arc::clone(&store)).root_key(common::root_key()).build().unwrap();
        let kms = open();
        let client = client(&kms);
        let old = new_key(&client);
        let seal = |key: &str| client.encrypt(key, b"x").send().unwrap().into_inner().ciphertext_blob;
        let blobs: Vec<Vec<u8>> = thread::scope(|scope| {
            let made = scope.spawn(|| seal(&new_key(&client)));
            let rotated = scope.spawn(|| {
                client.rotate_key_on_demand(&old).send().unwrap();
                seal(&old)
            });
            kms.rotate_domain_key(client.region()).unwrap();
            vec![made.join().unwrap(), rotated.join().unwrap()]
        });
        let next = self::client(&open());
        for blob in &blobs {
            assert_eq!(client.decrypt(blob).send().unwrap().expose(), b"x");
            assert_eq!(next.decrypt(blob).send().unwrap().expose(), b"x");
        }
    });
}

/// Spec: OVR-17, ROT-03
#[test]
fn a_domain_key_that_sweeps_rotate_loses_no_material() {
    check(|| {
        let store = Arc::new(MemoryStore::new());
        let open = || world().store(Arc::clone(&store)).root_key(common::root_key()).live_keys(1).build().unwrap();
        let kms = open();
        let client = client(&kms);
        let old = new_key(&client);
        let seal = |key: &str| client.encrypt(key, b"x").send().unwrap().into_inner().ciphertext_blob;
        let blobs: Vec<Vec<u8>> = thread::scope(|scope| {
            let made = scope.spawn(|| seal(&new_key(&client)));
            let rotated = scope.spawn(|| {
                client.rotate_key_on_demand(&old).send().unwrap();
                seal(&old)
            });
            scope.spawn(|| kms.sweep().unwrap());
            kms.begin_domain_key_rotation(client.region()).unwrap();
            kms.sweep().unwrap();
            vec![made.join().unwrap(), rotated.join().unwrap()]
        });
        kms.sweep().unwrap();
        assert!(kms.domain_key_status(client.region()).unwrap().is_settled());
        let next = self::client(&open());
        for blob in &blobs {
            assert_eq!(client.decrypt(blob).send().unwrap().expose(), b"x");
            assert_eq!(next.decrypt(blob).send().unwrap().expose(), b"x");
        }
    });
}

/// Every call loads the key, while its token moves and the former version goes.
///
/// Spec: OVR-17
#[test]
fn a_key_loaded_while_its_token_moves_opens_what_it_has_sealed() {
    check(|| {
        let kms = world().live_keys(0).build().unwrap();
        let client = client(&kms);
        let blob = client.encrypt(new_key(&client), b"x").send().unwrap().into_inner().ciphertext_blob;
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    for _ in 0..3 {
                        assert_eq!(client.decrypt(&blob).send().unwrap().expose(), b"x");
                    }
                });
            }
            kms.begin_domain_key_rotation(client.region()).unwrap();
            assert_eq!(kms.sweep().unwrap().retired, 1);
        });
        assert_eq!(client.decrypt(&blob).send().unwrap().expose(), b"x");
    });
}

/// Spec: MRK-40, MRK-33
#[test]
fn what_one_region_encrypts_the_others_decrypt_while_the_set_rotates() {
    check(|| {
        let kms = world().build().unwrap();
        let home = client(&kms);
        let away = kms.client("eu-west-1", Caller::account_root(ACCOUNT).unwrap()).unwrap();
        let key = home.create_key().multi_region(true).send().unwrap().key_metadata.key_id.to_string();
        home.replicate_key(&key, "eu-west-1").send().unwrap();
        kms.sweep().unwrap();
        thread::scope(|scope| {
            for (from, to) in [(&home, &away), (&away, &home)] {
                let key = &key;
                scope.spawn(move || {
                    for _ in 0..2 {
                        let blob = from.encrypt(key, b"x").send().unwrap().into_inner().ciphertext_blob;
                        assert_eq!(to.decrypt(&blob).key_id(key).send().unwrap().expose(), b"x");
                    }
                });
            }
            scope.spawn(|| away.tag_resource(&key).tag("a", "b").send().unwrap());
            home.rotate_key_on_demand(&key).send().unwrap();
        });
        let current = |client: &Client| client.describe_key(&key).send().unwrap().key_metadata.current_key_material_id;
        assert_eq!(current(&home), current(&away));
    });
}

/// Spec: STA-02, ROT-28, STA-69
#[test]
fn what_falls_due_happens_once_whoever_notices() {
    check(|| {
        let clock = Arc::new(ManualClock::at("2026-01-01T00:00:00Z"));
        let kms = world().clock(Arc::clone(&clock)).build().unwrap();
        let client = client(&kms);
        let (rotating, dying) = (new_key(&client), new_key(&client));
        client.create_alias("alias/dying", &dying).send().unwrap();
        client.enable_key_rotation(&rotating).rotation_period_in_days(90).send().unwrap();
        client.schedule_key_deletion(&dying).pending_window_in_days(7).send().unwrap();
        clock.advance_days(90);
        thread::scope(|scope| {
            scope.spawn(|| kms.sweep().unwrap());
            scope.spawn(|| client.encrypt(&rotating, b"x").send().unwrap());
            scope.spawn(|| assert_eq!(code(client.describe_key(&dying).send()), "NotFoundException"));
            client.create_alias("alias/dying", &rotating).send().unwrap();
        });
        kms.sweep().unwrap();
        assert_eq!(client.list_key_rotations(&rotating).send().unwrap().rotations.len(), 1);
        assert_eq!(kms.key_count(client.region(), client.account()).unwrap(), 1);
    });
}

/// Spec: STA-01, KEY-110
#[test]
fn a_key_loaded_while_it_changes_shows_the_change() {
    check(|| {
        let store = Arc::new(MemoryStore::new());
        let open = || client(&world().store(Arc::clone(&store)).root_key(common::root_key()).build().unwrap());
        let key = new_key(&open());
        let client = open();
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| drop(client.encrypt(&key, b"x").send()));
            }
            client.disable_key(&key).send().unwrap();
            assert_eq!(code(client.encrypt(&key, b"x").send()), "DisabledException");
        });
        assert_eq!(code(client.encrypt(&key, b"x").send()), "DisabledException");
    });
}

/// A bound of one, so that every call on one key evicts another.
///
/// Spec: STA-01, KEY-110, STA-69, STA-102
#[test]
fn eviction_meets_writers_readers_and_the_end_of_a_key() {
    check(|| {
        let clock = Arc::new(ManualClock::at("2026-01-01T00:00:00Z"));
        let kms = world().clock(Arc::clone(&clock)).live_keys(1).build().unwrap();
        let client = client(&kms);
        let (key, other, dying) = (new_key(&client), new_key(&client), new_key(&client));
        client.create_alias("alias/key", &key).send().unwrap();
        client.schedule_key_deletion(&dying).pending_window_in_days(7).send().unwrap();
        clock.advance_days(7);
        let disabled = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                for id in [&*key, &*other, "alias/key"] {
                    let began_disabled = disabled.load(SeqCst);
                    let used = client.encrypt(id, b"x").send();
                    assert!(used.is_ok() || id != other, "{used:?}");
                    assert!(!(began_disabled && used.is_ok() && id != other), "used while disabled");
                }
            });
            scope.spawn(|| {
                client.encrypt(&other, b"x").send().unwrap();
                assert_eq!(code(client.describe_key(&dying).send()), "NotFoundException");
            });
            scope.spawn(|| client.tag_resource(&key).tag("a", "b").send().unwrap());
            scope.spawn(|| kms.sweep().unwrap());
            client.disable_key(&key).send().unwrap();
            disabled.store(true, SeqCst);
            assert_eq!(code(client.encrypt(&key, b"x").send()), "DisabledException");
        });
        kms.sweep().unwrap();
        client.list_resource_tags(&other).send().unwrap();
        assert!(kms.live_keys() <= 1, "{} keys are live", kms.live_keys());
        assert_eq!(code(client.encrypt("alias/key", b"x").send()), "DisabledException");
        assert_eq!(client.list_resource_tags(&key).send().unwrap().tags.len(), 1);
        let used = client.get_key_last_usage(&other).send().unwrap().into_inner().key_last_usage;
        assert_eq!(used.operation, Some("Encrypt"));
        assert_eq!(code(client.describe_key(&dying).send()), "NotFoundException");
        assert_eq!(kms.key_count(client.region(), client.account()).unwrap(), 2);
    });
}

/// Spec: STA-102, API-123
#[test]
fn no_last_use_is_lost_between_eviction_and_the_next_load() {
    check(|| {
        let clock = Arc::new(ManualClock::at("2026-01-01T00:00:00Z"));
        let kms = world().clock(Arc::clone(&clock)).live_keys(0).build().unwrap();
        let client = client(&kms);
        let key = new_key(&client);
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    let now = clock.now();
                    client.encrypt(&key, b"x").send().unwrap();
                    let used = client.get_key_last_usage(&key).send().unwrap().into_inner().key_last_usage;
                    assert!(used.timestamp.is_some_and(|at| at >= now), "{used:?} before {now}");
                });
            }
            clock.advance_days(1);
            kms.sweep().unwrap();
            client.encrypt(&key, b"x").send().unwrap();
        });
        let used = client.get_key_last_usage(&key).send().unwrap().into_inner().key_last_usage;
        assert_eq!(used.timestamp, Some(clock.now()));
    });
}

/// A sink that refuses when it is told to, slowly enough for others to look on.
#[derive(Default)]
struct Refusing(AtomicBool);

impl AuditSink for Refusing {
    fn record(&self, record: &Arc<AuditRecord>) -> Result<(), SinkError> {
        thread::yield_now();
        let changes = matches!(&*record.event_name, "DisableKey" | "UpdateAlias");
        if changes && self.0.load(SeqCst) { Err(SinkError::new("full")) } else { Ok(()) }
    }
}

/// Runs `scenario` under random schedules, and under schedules with few, well-placed preemptions.
fn check(scenario: impl Fn() + Send + Sync + Clone + 'static) {
    let rounds = std::env::var("KEYSTEAD_SCHEDULES").ok().and_then(|text| text.parse().ok()).unwrap_or(500);
    shuttle::check_random(scenario.clone(), rounds);
    shuttle::check_pct(scenario, rounds, 3);
}

fn world() -> KmsBuilder {
    Kms::builder().no_audit().quotas(QuotaProfile::UNLIMITED).entropy(SeededEntropy::new(7))
}

fn client(kms: &Kms) -> Client {
    kms.client(REGION, Caller::account_root(ACCOUNT).unwrap()).unwrap()
}

fn new_key(client: &Client) -> String {
    client.create_key().send().unwrap().key_metadata.key_id.to_string()
}

fn code<T: std::fmt::Debug>(result: Result<T, CallError>) -> &'static str {
    result.expect_err("refused").code()
}
