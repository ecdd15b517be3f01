//! A busy machine: many threads on the same keys, names and counters.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Barrier, Mutex, mpsc};
use std::time::{Duration, Instant};

use common::{ACCOUNT, REGION, everything_in};
use keystead::{CallError, Caller, Client, Kms, ManualClock, MemoryEvents, QuotaProfile};
use keystead_memory::MemoryStore;

/// Spec: ROT-08, KEY-45, KEY-110
#[test]
fn eight_threads_use_keys_that_others_change() {
    within(Duration::from_secs(120), || {
        let kms = Kms::builder().quotas(QuotaProfile::UNLIMITED).build().unwrap();
        let client = client(&kms);
        let keys: Vec<String> = (0..3).map(|_| new_key(&client)).collect();
        client.create_alias("alias/moving", &keys[0]).send().unwrap();
        let done = AtomicBool::new(false);
        let sealed = Mutex::new(Vec::new());

        std::thread::scope(|scope| {
            let users: Vec<_> = (0..8)
                .map(|thread| {
                    let (client, keys, sealed) = (client.clone(), &keys, &sealed);
                    scope.spawn(move || {
                        for round in 0..300 {
                            let name = if round % 3 == 0 { "alias/moving" } else { &*keys[(thread + round) % 3] };
                            let text = format!("{thread} {round}");
                            match client.encrypt(name, text.as_bytes()).send() {
                                Ok(answer) => {
                                    let blob = answer.into_inner().ciphertext_blob;
                                    match client.decrypt(&blob).send() {
                                        Ok(opened) => assert_eq!(opened.expose(), text.as_bytes()),
                                        Err(error) => assert_unusable(&error),
                                    }
                                    sealed.lock().unwrap().push((blob, text));
                                }
                                Err(error) => assert_unusable(&error),
                            }
                        }
                    })
                })
                .collect();
            let (done, keys) = (&done, &keys);
            let mut changers: Vec<Change<'_>> = Vec::new();
            changers.push(Box::new(|client, round| client.rotate_key_on_demand(&keys[round % 3]).send().map(drop)));
            changers.push(Box::new(|client, _| {
                client.disable_key(&keys[1]).send()?;
                client.enable_key(&keys[1]).send().map(drop)
            }));
            changers.push(Box::new(|client, round| {
                client.tag_resource(&keys[0]).tag(format!("t{}", round % 40), "x").send().map(drop)
            }));
            changers.push(Box::new(|client, round| {
                client.update_alias("alias/moving", &keys[if round % 2 == 0 { 2 } else { 0 }]).send().map(drop)
            }));
            changers.push(Box::new(|client, _| {
                client.schedule_key_deletion(&keys[1]).send()?;
                client.cancel_key_deletion(&keys[1]).send().map(drop)
            }));
            for change in changers {
                let client = client.clone();
                scope.spawn(move || {
                    for round in 0.. {
                        if done.load(Ordering::SeqCst) {
                            break;
                        }
                        if let Err(error) = change(&client, round) {
                            assert_unusable(&error);
                        }
                        std::thread::sleep(Duration::from_micros(200));
                    }
                });
            }
            let finished: Vec<_> = users.into_iter().map(|user| user.join()).collect();
            done.store(true, Ordering::SeqCst);
            assert!(finished.iter().all(Result::is_ok), "a user thread failed");
        });

        let _ = client.cancel_key_deletion(&keys[1]).send();
        client.enable_key(&keys[1]).send().unwrap();
        let sealed = sealed.into_inner().unwrap();
        assert!(sealed.len() > 300, "only {} calls got through", sealed.len());
        for (blob, text) in &sealed {
            assert_eq!(client.decrypt(blob).send().unwrap().expose(), text.as_bytes());
        }
    });
}

/// What a thread does again and again.
type Change<'k> = Box<dyn Fn(&Client, usize) -> Result<(), CallError> + Send + 'k>;

/// The only keys that are changed to be unusable are so for moments; a name is always there.
fn assert_unusable(error: &CallError) {
    assert!(matches!(error.code(), "DisabledException" | "KMSInvalidStateException"), "{error}");
}

/// Spec: ROT-08
#[test]
fn encryption_goes_on_while_the_key_rotates() {
    within(Duration::from_secs(60), || {
        let kms = Kms::builder().quotas(QuotaProfile::UNLIMITED).build().unwrap();
        let client = client(&kms);
        let key = new_key(&client);
        let rotating = AtomicBool::new(true);
        let blobs: Vec<Vec<Vec<u8>>> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|_| {
                    let (client, key, rotating) = (client.clone(), &key, &rotating);
                    scope.spawn(move || {
                        let mut blobs = Vec::new();
                        while rotating.load(Ordering::SeqCst) || blobs.len() < 50 {
                            blobs.push(client.encrypt(key, b"x").send().unwrap().into_inner().ciphertext_blob);
                        }
                        blobs
                    })
                })
                .collect();
            for _ in 0..20 {
                client.rotate_key_on_demand(&key).send().unwrap();
                std::thread::sleep(Duration::from_millis(1));
            }
            rotating.store(false, Ordering::SeqCst);
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let version = |blob: &[u8]| keystead::hierarchy::BlobHeader::parse(blob).unwrap().material_version;
        for blobs in &blobs {
            assert!(blobs.iter().map(|blob| version(blob)).is_sorted(), "a version came back");
            assert!(blobs.iter().all(|blob| client.decrypt(blob).send().is_ok()));
        }
        assert_eq!(client.list_key_rotations(&key).send().unwrap().rotations.len(), 20);
    });
}

/// Spec: KEY-45
#[test]
fn nobody_uses_a_key_after_disable_has_returned() {
    within(Duration::from_secs(60), || {
        let kms = Kms::builder().no_audit().build().unwrap();
        let client = client(&kms);
        let key = new_key(&client);
        // Even while the key is enabled or about to be disabled, odd while it is certainly disabled.
        let phase = AtomicU32::new(0);
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let users: Vec<_> = (0..8)
                .map(|_| {
                    let (client, key, phase, stop) = (client.clone(), &key, &phase, &stop);
                    scope.spawn(move || {
                        let mut used = 0;
                        while !stop.load(Ordering::SeqCst) {
                            let before = phase.load(Ordering::SeqCst);
                            let worked = client.encrypt(key, b"x").send().is_ok();
                            let after = phase.load(Ordering::SeqCst);
                            assert!(!(worked && before == after && before % 2 == 1), "used while disabled");
                            used += u32::from(worked);
                        }
                        used
                    })
                })
                .collect();
            for _ in 0..200 {
                client.disable_key(&key).send().unwrap();
                phase.fetch_add(1, Ordering::SeqCst);
                std::thread::sleep(Duration::from_micros(300));
                phase.fetch_add(1, Ordering::SeqCst);
                client.enable_key(&key).send().unwrap();
                std::thread::sleep(Duration::from_micros(300));
            }
            stop.store(true, Ordering::SeqCst);
            let used: u32 = users.into_iter().map(|user| user.join().unwrap()).sum();
            assert!(used > 0, "nobody ever used the key");
        });
    });
}

/// Spec: KEY-55, KEY-58
#[test]
fn an_alias_that_moves_is_never_missing() {
    within(Duration::from_secs(60), || {
        let store = Arc::new(MemoryStore::new());
        let open = || {
            let kms = Kms::builder().store(Arc::clone(&store)).root_key(common::root_key()).no_audit();
            client(&kms.build().unwrap())
        };
        let first = open();
        let keys = [new_key(&first), new_key(&first)];
        first.create_alias("alias/moving", &keys[0]).send().unwrap();
        // The second instance has seen neither the alias nor the keys.
        let client = open();
        let moving = AtomicBool::new(true);
        std::thread::scope(|scope| {
            let users: Vec<_> = (0..6)
                .map(|_| {
                    let (client, moving) = (client.clone(), &moving);
                    scope.spawn(move || {
                        while moving.load(Ordering::SeqCst) {
                            client.encrypt("alias/moving", b"x").send().unwrap();
                            assert_eq!(client.list_aliases().send().unwrap().aliases.len(), 1);
                        }
                    })
                })
                .collect();
            for round in 0..1000 {
                client.update_alias("alias/moving", &keys[(round + 1) % 2]).send().unwrap();
            }
            moving.store(false, Ordering::SeqCst);
            assert!(users.into_iter().all(|user| user.join().is_ok()), "the alias was missing for a moment");
        });
    });
}

/// Spec: KEY-110, KEY-62
#[test]
fn of_many_who_want_one_name_exactly_one_gets_it() {
    within(Duration::from_secs(60), || {
        let kms = Kms::in_memory();
        let client = client(&kms);
        for round in 0..20 {
            let keys: Vec<String> = (0..8).map(|_| new_key(&client)).collect();
            let name = format!("alias/name-{round}");
            let results = at_once(8, |thread| client.create_alias(&*name, &keys[thread]).send().map(drop));
            assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1, "{results:?}");
            let others = results.iter().filter_map(|result| result.as_ref().err());
            assert!(others.into_iter().all(|error| error.code() == "AlreadyExistsException"), "{results:?}");
            let owner = results.iter().position(Result::is_ok).unwrap();
            let target = client.describe_key(&*name).send().unwrap().key_metadata.key_id;
            assert_eq!(target.to_string(), keys[owner]);
            let listed: usize =
                keys.iter().map(|key| client.list_aliases().key_id(key).send().unwrap().aliases.len()).sum();
            assert_eq!(listed, 1);
        }
    });
}

/// Spec: QUO-03, QUO-11, KEY-33
#[test]
fn the_last_place_in_a_quota_is_taken_once() {
    within(Duration::from_secs(60), || {
        let store = Arc::new(MemoryStore::new());
        let quotas = QuotaProfile::DEFAULT.with_keys_per_account(100);
        let kms = Kms::builder().quotas(quotas).store(Arc::clone(&store)).build().unwrap();
        let client = client(&kms);
        for _ in 0..99 {
            new_key(&client);
        }
        let before = everything_in(&store).len();
        let results = at_once(32, |_| client.create_key().send().map(drop));
        assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
        let refused = results.iter().filter_map(|result| result.as_ref().err());
        assert!(refused.into_iter().all(|error| error.code() == "LimitExceededException"), "{results:?}");
        assert_eq!(client.list_keys().limit(1000).send().unwrap().keys.len(), 100);
        assert_eq!(kms.key_count(client.region(), client.account()).unwrap(), 100);
        assert_eq!(everything_in(&store).len(), before + 2, "one key and one material more, nothing left over");
    });
}

/// Spec: KEY-72, KEY-110
#[test]
fn no_tag_is_lost() {
    within(Duration::from_secs(60), || {
        let client = client(&Kms::in_memory());
        let key = new_key(&client);
        let results = at_once(8, |thread| {
            for index in 0..5 {
                client.tag_resource(&key).tag(format!("{thread}-{index}"), "x").send()?;
                client.tag_resource(&key).tag(format!("{thread}-gone"), "x").send()?;
                client.untag_resource(&key).tag_key(format!("{thread}-gone")).send()?;
            }
            Ok::<_, CallError>(())
        });
        assert!(results.iter().all(Result::is_ok), "{results:?}");
        let tags = client.list_resource_tags(&key).send().unwrap().into_inner().tags;
        assert_eq!(tags.len(), 40, "{tags:?}");
    });
}

/// Spec: STA-02, ROT-28, STA-69
#[test]
fn what_falls_due_happens_once_however_many_notice_it() {
    within(Duration::from_secs(120), || {
        for round in 0..20 {
            let clock = Arc::new(ManualClock::at("2026-01-01T00:00:00Z"));
            let events = Arc::new(MemoryEvents::new());
            let kms = Kms::builder().clock(Arc::clone(&clock)).event_sink(Arc::clone(&events)).build().unwrap();
            let client = client(&kms);
            let (rotating, dying) = (new_key(&client), new_key(&client));
            client.create_alias("alias/dying", &dying).send().unwrap();
            client.enable_key_rotation(&rotating).rotation_period_in_days(90).send().unwrap();
            client.schedule_key_deletion(&dying).pending_window_in_days(7).send().unwrap();
            clock.advance_days(90);
            at_once(6, |thread| match (thread + round) % 3 {
                0 => drop(kms.sweep().unwrap()),
                1 => {
                    client.encrypt(&rotating, b"x").send().unwrap();
                    drop(client.create_alias("alias/dying", &rotating).send());
                }
                _ => {
                    assert_eq!(client.describe_key(&dying).send().unwrap_err().code(), "NotFoundException");
                    client.update_key_description(&rotating, "touched").send().unwrap();
                }
            });
            kms.sweep().unwrap();
            let trail = kms.audit_trail();
            let count = |name: &str| trail.iter().filter(|record| record.event_name == name).count();
            assert_eq!((count("RotateKey"), count("DeleteKey")), (1, 1));
            assert_eq!(client.list_key_rotations(&rotating).send().unwrap().rotations.len(), 1);
            assert_eq!(events.events().len(), 2, "one event of each");
            assert_eq!(kms.key_count(client.region(), client.account()).unwrap(), 1);
        }
    });
}

/// Spec: OVR-17, ROT-03
#[test]
fn no_key_is_lost_that_is_made_while_the_domain_key_rotates() {
    within(Duration::from_secs(60), || {
        let store = Arc::new(MemoryStore::new());
        let open = || {
            let kms = Kms::builder().store(Arc::clone(&store)).root_key(common::root_key()).no_audit();
            kms.quotas(QuotaProfile::UNLIMITED).build().unwrap()
        };
        let kms = open();
        let client = client(&kms);
        let made = AtomicU32::new(0);
        let sealed: Vec<Vec<u8>> = std::thread::scope(|scope| {
            let makers: Vec<_> = (0..6)
                .map(|_| {
                    let (client, made) = (client.clone(), &made);
                    scope.spawn(move || {
                        let mut sealed = Vec::new();
                        for _ in 0..40 {
                            let key = new_key(&client);
                            client.rotate_key_on_demand(&key).send().unwrap();
                            sealed.push(client.encrypt(&key, b"x").send().unwrap().into_inner().ciphertext_blob);
                        }
                        made.fetch_add(1, Ordering::SeqCst);
                        sealed
                    })
                })
                .collect();
            while made.load(Ordering::SeqCst) < 6 {
                kms.rotate_domain_key(client.region()).unwrap();
            }
            makers.into_iter().flat_map(|maker| maker.join().unwrap()).collect()
        });
        let next = self::client(&open());
        for blob in &sealed {
            assert!(client.decrypt(blob).send().is_ok());
            assert_eq!(next.decrypt(blob).send().unwrap().expose(), b"x");
        }
    });
}

fn client(kms: &Kms) -> Client {
    kms.client(REGION, Caller::account_root(ACCOUNT).unwrap()).unwrap()
}

fn new_key(client: &Client) -> String {
    client.create_key().send().unwrap().key_metadata.key_id.to_string()
}

/// Runs `work` on so many threads that begin together; the results in the order of the threads.
fn at_once<T: Send>(threads: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let barrier = Barrier::new(threads);
    std::thread::scope(|scope| {
        let (barrier, work) = (&barrier, &work);
        let threads: Vec<_> = (0..threads)
            .map(|thread| {
                scope.spawn(move || {
                    barrier.wait();
                    work(thread)
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

/// Fails instead of waiting for ever when threads wait for each other.
fn within(limit: Duration, work: impl FnOnce() + Send + 'static) {
    let (sender, receiver) = mpsc::channel();
    let begun = Instant::now();
    let thread = std::thread::spawn(move || {
        work();
        let _ = sender.send(());
    });
    match receiver.recv_timeout(limit) {
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("still not done after {:?}: a deadlock?", begun.elapsed()),
        _ => thread.join().unwrap(),
    }
}
