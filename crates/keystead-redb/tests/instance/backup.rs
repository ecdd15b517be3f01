//! Backups of busy instances, from every backend into every backend.

use std::fmt::Debug;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use keystead::{Answer, CallError, Caller, Client, Kms, KmsBuilder, ManualClock, replace_root_key, restore_backup};
use keystead_memory::MemoryStore;
use keystead_redb::{Durability, RedbStore};
use keystead_store::{Range, Store};

use crate::domain_keys::{awaits_import, import};
use crate::{ACCOUNT, REGION, client, root_key};

/// Every key opens what it sealed before, and every list and description is the same, in whatever store it was and is.
///
/// Spec: ROT-03, OVR-18
#[test]
fn everything_comes_back_in_every_backend() {
    let folder = tempfile::tempdir().unwrap();
    for (source, from) in stores(folder.path(), "from").into_iter().enumerate() {
        let life = Life::on(from);
        let before = life.portrait(&life.kms);
        assert!(before.contains("bob opens") && before.contains("PendingDeletion"), "{before}");
        assert!(before.contains("Disabled") && before.contains("PendingImport"), "{before}");
        let mut backup = Vec::new();
        let summary = life.kms.backup(&mut backup).unwrap();
        assert!(summary.records > 20, "{summary:?}");
        assert_eq!(life.portrait(&life.kms), before, "a backup changes nothing");

        for (target, to) in stores(folder.path(), &format!("to-{source}")).into_iter().enumerate() {
            let restored = restore_backup(&to, &root_key(7), backup.as_slice()).unwrap();
            assert_eq!(restored, summary);
            let kms = life.builder().store(to).build().unwrap();
            assert_eq!(life.portrait(&kms), before, "from {source} to {target}");
            life.goes_on(&kms);
        }
    }
}

/// The same, but for the root key, which is replaced in the restored store.
///
/// Spec: OVR-18
#[test]
fn a_restored_store_takes_another_root_key() {
    let life = Life::on(Arc::new(MemoryStore::new()));
    let before = life.portrait(&life.kms);
    let mut backup = Vec::new();
    life.kms.backup(&mut backup).unwrap();
    let store = Arc::new(MemoryStore::new());
    restore_backup(&store, &root_key(7), backup.as_slice()).unwrap();
    replace_root_key(&store, &root_key(7), &root_key(8)).unwrap();
    assert!(life.builder().store(Arc::clone(&store)).build().is_err(), "the former root key still opens it");
    let kms = life.builder().store(store).root_key(root_key(8)).build().unwrap();
    assert_eq!(life.portrait(&kms), before);
}

/// Nothing that anybody would recognize stands in a backup.
///
/// Spec: OVR-18
#[test]
fn a_backup_shows_nothing_without_the_root_key() {
    let life = Life::on(Arc::new(MemoryStore::new()));
    let mut backup = Vec::new();
    life.kms.backup(&mut backup).unwrap();
    let texts = [ACCOUNT, REGION, "alias/", "arn:aws", "Statement", "domain", "secret", "ekt", "orders"];
    for text in texts {
        let found = backup.windows(text.len()).any(|window| window == text.as_bytes());
        assert!(!found, "`{text}` is in clear");
    }
    let stored = life.store.scan(&Range::all(), usize::MAX).unwrap();
    let has = |text: &str| {
        stored.iter().any(|(key, entry)| [&**key, &*entry.value].iter().any(|bytes| find(bytes, text.as_bytes())))
    };
    assert!(texts.into_iter().all(has), "what is looked for is not in the store either");
}

/// Keys are created, named and deleted while backups are made: each of those holds whole commits.
#[test]
fn a_backup_made_meanwhile_is_one_state() {
    let folder = tempfile::tempdir().unwrap();
    for store in stores(folder.path(), "busy") {
        let builder = || Kms::builder().root_key(root_key(7)).no_audit();
        let kms = builder().store(store).build().unwrap();
        client(&kms, REGION).create_key().send().unwrap();
        let (made, stopped) = (AtomicU64::new(0), AtomicBool::new(false));
        let mut counts = Vec::new();
        thread::scope(|scope| {
            for thread in 0..2 {
                let (kms, made, stopped) = (&kms, &made, &stopped);
                scope.spawn(move || {
                    let client = client(kms, REGION);
                    for n in (0..2_000).take_while(|_| !stopped.load(Ordering::Acquire)) {
                        let key = client.create_key().send().unwrap().key_metadata.key_id;
                        client.create_alias(format!("alias/{thread}-{n}"), key).send().unwrap();
                        made.fetch_add(1, Ordering::AcqRel);
                    }
                });
            }
            let backups: Vec<Vec<u8>> = (0..8)
                .map(|n| {
                    while made.load(Ordering::Acquire) < 3 * n {
                        thread::yield_now();
                    }
                    let mut backup = Vec::new();
                    kms.backup(&mut backup).unwrap();
                    backup
                })
                .collect();
            stopped.store(true, Ordering::Release);
            counts.extend(backups.iter().map(|backup| check_restored(backup, builder())));
        });
        assert!(counts.is_sorted() && counts.first() < counts.last(), "nothing happened meanwhile: {counts:?}");
    }
}

/// What counts and what is counted, what names and what is named agree. How many keys there are.
fn check_restored(backup: &[u8], builder: KmsBuilder) -> u64 {
    let store = MemoryStore::new();
    restore_backup(&store, &root_key(7), backup).unwrap();
    let kms = builder.store(store).build().unwrap();
    let client = client(&kms, REGION);
    let (mut keys, mut marker) = (0, None::<String>);
    loop {
        let mut call = client.list_keys().limit(1000);
        if let Some(marker) = marker.take() {
            call = call.marker(marker);
        }
        let page = call.send().unwrap().into_inner();
        for key in &page.keys {
            client.encrypt(key.key_id, b"x").send().unwrap();
        }
        keys += page.keys.len() as u64;
        marker = page.next_marker;
        if marker.is_none() {
            break;
        }
    }
    assert_eq!(kms.key_count(client.region(), client.account()).unwrap(), keys);
    for alias in &client.list_aliases().limit(100).send().unwrap().aliases {
        let target = client.describe_key(&alias.alias_name).send().unwrap().key_metadata.key_id;
        assert_eq!(Some(target), alias.target_key_id);
    }
    keys
}

/// An empty store of every backend.
fn stores(folder: &Path, name: &str) -> [Arc<dyn Store>; 2] {
    let file = RedbStore::builder().durability(Durability::Eventual).open(folder.join(name)).unwrap();
    [Arc::new(MemoryStore::new()), Arc::new(file)]
}

/// An instance with keys of many kinds, and what they made.
struct Life {
    store: Arc<dyn Store>,
    clock: Arc<ManualClock>,
    kms: Kms,
    ciphertexts: Vec<Vec<u8>>,
    mac: (String, Vec<u8>),
    signature: (String, Vec<u8>),
    waiting: (String, Vec<u8>, Vec<u8>),
}

impl Life {
    fn on(store: Arc<dyn Store>) -> Self {
        let clock = Arc::new(ManualClock::at("2026-01-01T00:00:00Z"));
        let kms = instance(&clock).store(Arc::clone(&store)).build().unwrap();
        let (home, away) = (client(&kms, REGION), client(&kms, EUROPE));
        let mut ciphertexts = Vec::new();
        let mut seal = |client: &Client, key: &str| {
            ciphertexts.push(client.encrypt(key, b"secret").send().unwrap().into_inner().ciphertext_blob);
        };

        let orders = home.create_key().description("orders").tag("team", "sales").send().unwrap();
        let orders = orders.key_metadata.key_id.to_string();
        home.create_alias("alias/orders", &orders).send().unwrap();
        home.create_alias("alias/bills", &orders).send().unwrap();
        let policy = home.get_key_policy(&orders).send().unwrap().policy.replace("key-default-1", "own");
        home.put_key_policy(&orders, policy).send().unwrap();
        home.create_grant(&orders, BOB).operation("Decrypt").retiring_principal(BOB).send().unwrap();
        home.create_grant(&orders, BOB).operation("Encrypt").name("second").send().unwrap();
        home.enable_key_rotation(&orders).rotation_period_in_days(90).send().unwrap();
        seal(&home, &orders);
        home.rotate_key_on_demand(&orders).send().unwrap();
        seal(&home, "alias/orders");
        clock.advance_days(91);
        seal(&home, "alias/bills");

        let set = home.create_key().multi_region(true).send().unwrap().key_metadata.key_id.to_string();
        home.replicate_key(&set, EUROPE).description("a replica").send().unwrap();
        away.create_alias("alias/replica", &set).send().unwrap();
        seal(&home, &set);
        seal(&away, &set);

        let (imported, token, wrapped) = awaits_import(&home);
        import(&home, &imported, &token, &wrapped);
        seal(&home, &imported);
        let waiting = awaits_import(&home);

        let create = |spec: &str, usage: &str| {
            home.create_key().key_spec(spec).key_usage(usage).send().unwrap().key_metadata.key_id.to_string()
        };
        let mac = create("HMAC_256", "GENERATE_VERIFY_MAC");
        let code = home.generate_mac(&mac, b"message").mac_algorithm("HMAC_SHA_256").send().unwrap().mac.clone();
        let pair = create("ECC_NIST_P256", "SIGN_VERIFY");
        let signed = home.sign(&pair, b"message").signing_algorithm("ECDSA_SHA_256").send().unwrap();
        let signature = signed.signature.clone();
        let disabled = create("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT");
        seal(&home, &disabled);
        home.disable_key(&disabled).send().unwrap();
        let leaving = create("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT");
        home.schedule_key_deletion(&leaving).pending_window_in_days(7).send().unwrap();
        kms.register_aws_managed_key("s3", home.region(), home.account()).unwrap();
        home.describe_key("alias/aws/s3").send().unwrap();
        kms.sweep().unwrap();
        Self { store, clock, kms, ciphertexts, mac: (mac, code), signature: (pair, signature), waiting }
    }

    fn builder(&self) -> KmsBuilder {
        instance(&self.clock)
    }

    /// Everything that can be seen, and what becomes of all that was made.
    fn portrait(&self, kms: &Kms) -> String {
        let mut lines = Vec::new();
        for region in [REGION, EUROPE] {
            let client = client(kms, region);
            for key in &client.list_keys().send().unwrap().keys {
                let id = key.key_id;
                lines.push(text(client.describe_key(id).send()));
                lines.push(text(client.get_key_policy(id).send()));
                lines.push(text(client.list_resource_tags(id).send()));
                lines.push(text(client.list_grants(id).send()));
                lines.push(text(client.list_aliases().key_id(id).send()));
                lines.push(text(client.get_key_rotation_status(id).send()));
                lines.push(text(client.list_key_rotations(id).include_key_material("ALL_KEY_MATERIAL").send()));
                lines.push(text(client.get_public_key(id).send()));
            }
            lines.push(text(client.list_aliases().send()));
            let count = kms.key_count(client.region(), client.account()).unwrap();
            lines.push(format!("{count} keys in {region}"));
            for ciphertext in &self.ciphertexts {
                lines.push(match client.decrypt(ciphertext).send() {
                    Ok(opened) => format!("{} opens to {:?}", opened.key_id, opened.expose()),
                    Err(error) => error.code().to_owned(),
                });
            }
        }
        let home = client(kms, REGION);
        let ((mac, code), (pair, signature)) = (&self.mac, &self.signature);
        home.verify_mac(mac, b"message", code).mac_algorithm("HMAC_SHA_256").send().unwrap();
        home.verify(pair, b"message", signature).signing_algorithm("ECDSA_SHA_256").send().unwrap();
        let bob = kms.client(REGION, Caller::user(ACCOUNT, "bob").unwrap()).unwrap();
        lines.push(format!("bob opens {:?}", bob.decrypt(&self.ciphertexts[0]).send().unwrap().expose()));
        lines.join("\n")
    }

    /// What was begun before the backup is finished on the restored instance, and time goes on there.
    fn goes_on(&self, kms: &Kms) {
        let home = client(kms, REGION);
        let (key, token, wrapped) = &self.waiting;
        import(&home, key, token, wrapped);
        home.create_key().send().unwrap();
        let orders = home.describe_key("alias/orders").send().unwrap().key_metadata.key_id;
        home.rotate_key_on_demand(orders).send().unwrap();
        home.create_alias("alias/orders", orders).send().unwrap_err();
        home.create_alias("alias/new", orders).send().unwrap();
        kms.rotate_domain_key(home.region()).unwrap();
        assert_eq!(home.decrypt(&self.ciphertexts[0]).send().unwrap().expose(), b"secret");
        kms.sweep().unwrap();
    }
}

fn instance(clock: &Arc<ManualClock>) -> KmsBuilder {
    Kms::builder().clock(Arc::clone(clock)).root_key(root_key(7))
}

/// The answer or the error, without what differs from call to call.
fn text<R: Debug>(result: Result<Answer<R>, CallError>) -> String {
    match result {
        Ok(answer) => format!("{:?}", answer.into_inner()),
        Err(error) => error.code().to_owned(),
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}

const EUROPE: &str = "eu-west-1";
const BOB: &str = "arn:aws:iam::111122223333:user/bob";
