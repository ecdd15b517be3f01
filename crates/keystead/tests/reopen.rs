//! A store outlives its instance, and tells nothing to those who have another root key.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use std::sync::Arc;

use common::{ACCOUNT, REGION, everything_in, records, root_key, view};
use keystead::crypto::SecretBytes;
use keystead::hierarchy::RawRootKey;
use keystead::store::Key;
use keystead::{CallError, Caller, Client, Kms, ManualClock};
use keystead_memory::MemoryStore;
use serde_json::{Value, json};

/// Spec: KEY-25, KEY-36, KEY-55, ROT-03, OVR-12
#[test]
fn everything_is_there_after_a_restart() {
    let world = World::new();
    let first = world.open();
    let (key, ciphertexts) = world.fill(&first);
    let before = view(&first.0, &first.1, &ciphertexts);
    assert!(before.contains("opens to") && !before.contains("Exception"), "{before}");
    drop(first);

    let second = world.open();
    assert_eq!(view(&second.0, &second.1, &ciphertexts), before);
    // And it can be changed on.
    second.1.rotate_key_on_demand(&key).send().unwrap();
    second.1.update_alias("alias/orders", &key).send().unwrap();
    second.1.tag_resource(&key).tag("later", "yes").send().unwrap();
    let after = view(&second.0, &second.1, &ciphertexts);
    drop(second);
    let third = world.open();
    assert_eq!(view(&third.0, &third.1, &ciphertexts), after);
}

/// Spec: OVR-16, OVR-18
#[test]
fn another_root_key_opens_nothing_and_changes_nothing() {
    let world = World::new();
    let first = world.open();
    let (_, ciphertexts) = world.fill(&first);
    let stored = world.stored();

    let stranger = Kms::builder().store(Arc::clone(&world.store)).clock(Arc::clone(&world.clock));
    let stranger = stranger.root_key(RawRootKey::new(&SecretBytes::from(&[8; 32])).unwrap());
    let error = stranger.build().unwrap_err().to_string();
    assert!(error.contains("root key"), "the error does not say what to do: {error}");
    assert_eq!(world.stored(), stored, "the stranger changed the store");
    let again = world.open();
    assert_eq!(view(&again.0, &again.1, &ciphertexts), view(&first.0, &first.1, &ciphertexts));
}

/// Spec: OVR-16
#[test]
fn swapped_key_tokens_are_a_fault_of_the_two_keys_only() {
    let world = World::new();
    let (_kms, client) = world.open();
    let keys: Vec<(String, Vec<u8>)> = (0..3).map(|_| new_key(&client)).collect();
    let materials: Vec<Key> = keys.iter().map(|(id, _)| world.material_of(id)).collect();
    let (one, two) = (world.read(&materials[0]), world.read(&materials[1]));
    world.write(&materials[0], two.clone());
    world.write(&materials[1], one.clone());

    let (_kms, client) = world.open();
    for (id, ciphertext) in &keys[..2] {
        assert_internal(client.decrypt(ciphertext).send().map(drop));
        assert_internal(client.encrypt(id, b"x").send().map(drop));
        assert!(client.describe_key(id).send().is_ok(), "metadata need no material");
    }
    assert_eq!(client.decrypt(&keys[2].1).send().unwrap().expose(), b"secret");
    // Put right, they work again.
    world.write(&materials[0], one);
    world.write(&materials[1], two);
    let (_kms, client) = world.open();
    assert!(keys.iter().all(|(_, ciphertext)| client.decrypt(ciphertext).send().is_ok()));
}

/// Spec: OVR-16, ROT-03
#[test]
fn swapped_versions_of_one_key_never_decrypt_wrongly() {
    let world = World::new();
    let (_kms, client) = world.open();
    let (id, first) = new_key(&client);
    client.rotate_key_on_demand(&id).send().unwrap();
    let second = client.encrypt(&id, b"secret").send().unwrap().into_inner().ciphertext_blob;
    let materials = world.materials_of(&id);
    let tokens: Vec<Vec<u8>> = materials.iter().map(|key| world.read(key)).collect();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let ekt = |record: &str| {
        let value: serde_json::Value = serde_json::from_str(record).unwrap();
        value["ekt"].as_str().unwrap().to_owned()
    };
    let (a, b) = (text(&tokens[0]), text(&tokens[1]));
    world.write(&materials[0], a.replace(&ekt(&a), &ekt(&b)).into_bytes());
    world.write(&materials[1], b.replace(&ekt(&b), &ekt(&a)).into_bytes());
    let (_kms, client) = world.open();
    assert_internal(client.decrypt(&first).send().map(drop));
    assert_internal(client.decrypt(&second).send().map(drop));
    assert_internal(client.encrypt(&id, b"x").send().map(drop));
}

/// Spec: OVR-16, KEY-40
#[test]
fn a_damaged_record_harms_its_own_key_only() {
    let world = World::new();
    let (_kms, client) = world.open();
    let (healthy, ciphertext) = new_key(&client);
    client.create_alias("alias/healthy", &healthy).send().unwrap();
    let (damaged, of_damaged) = new_key(&client);
    client.create_alias("alias/damaged", &damaged).send().unwrap();
    client.enable_key_rotation(&damaged).rotation_period_in_days(90).send().unwrap();
    client.enable_key_rotation(&healthy).rotation_period_in_days(90).send().unwrap();
    let records: Vec<Key> =
        everything_in(&world.store).into_iter().map(|(key, _)| key).filter(|key| contains(key, &damaged)).collect();
    assert_eq!(records.len(), 2, "one record of the key and one of its material");

    for key in &records {
        let good = world.read(key);
        let damages: [Vec<u8>; 5] = [
            Vec::new(),
            good[..good.len() / 2].to_vec(),
            b"\xff\xfe not JSON".to_vec(),
            b"{}".to_vec(),
            String::from_utf8(good.clone()).unwrap().replace("\"ekt\":\"", "\"ekt\":\"AAAA").into_bytes(),
        ];
        for damage in damages.into_iter().filter(|damage| *damage != good) {
            world.write(key, damage);
            let (kms, client) = world.open();
            assert_internal(client.encrypt(&damaged, b"x").send().map(drop));
            assert_internal(client.decrypt(&of_damaged).send().map(drop));
            assert_internal(client.encrypt("alias/damaged", b"x").send().map(drop));
            assert_eq!(client.decrypt(&ciphertext).send().unwrap().expose(), b"secret");
            assert!(client.encrypt("alias/healthy", b"x").send().is_ok());
            let listed = client.list_keys().send().unwrap().into_inner().keys;
            assert!(listed.iter().any(|key| key.key_id.to_string() == healthy), "the healthy key is not listed");
            let aliases = client.list_aliases().send().unwrap().into_inner().aliases;
            assert!(aliases.iter().any(|alias| alias.alias_name.as_str() == "alias/healthy"));
            assert!(kms.sweep().is_ok());
        }
        world.write(key, good);
    }
    // A sweep gets past it too.
    let good = world.read(&records[0]);
    world.write(&records[0], b"{}".to_vec());
    world.clock.advance_days(91);
    let (kms, client) = world.open();
    let swept = kms.sweep().unwrap();
    assert_eq!((swept.rotated, swept.failed), (1, 1));
    assert!(client.create_key().send().is_ok());
    world.write(&records[0], good);
    let (_kms, client) = world.open();
    assert!(client.decrypt(&of_damaged).send().is_ok());
}

/// One member of the record of a key, altered in the store while nobody had it open.
///
/// Spec: KEY-06
#[test]
fn a_key_with_another_immutable_attribute_is_not_adopted() {
    let world = World::new();
    let (kms, client) = world.open();
    let create = |spec: &'static str, usage: &'static str| client.create_key().key_spec(spec).key_usage(usage);
    let plain = create("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT").send().unwrap().key_metadata.key_id.to_string();
    let related = client.create_key().multi_region(true).send().unwrap().key_metadata.key_id.to_string();
    let empty = client.create_key().origin("EXTERNAL").send().unwrap().key_metadata.key_id.to_string();
    let signing = create("ECC_NIST_P256", "SIGN_VERIFY").send().unwrap().key_metadata.key_id.to_string();
    drop((kms, client));

    let altered: &[(&str, &str, Value)] = &[
        (&plain, "spec", json!("HMAC_256")),
        (&plain, "usage", json!("SIGN_VERIFY")),
        (&plain, "origin", json!("EXTERNAL")),
        (&related, "related", Value::Null),
        (&empty, "origin", json!("AWS_KMS")),
        (&empty, "import", Value::Null),
    ];
    for (id, member, value) in altered {
        let name = world.record_of(id);
        let good = world.read(&name);
        let mut record: Value = serde_json::from_slice(&good).unwrap();
        assert_ne!(record[*member], *value, "{member}");
        record[*member] = value.clone();
        world.write(&name, record.to_string().into_bytes());
        let (_kms, client) = world.open();
        assert_internal(client.describe_key(*id).send().map(drop));
        assert_internal(client.update_key_description(*id, "adopted").send().map(drop));
        assert!(client.describe_key(&signing).send().is_ok(), "{member}: other keys are not harmed");
        world.write(&name, good);
        assert!(world.open().1.describe_key(*id).send().is_ok());
    }
    // What fits by its form is found out when the material is used: its token names spec and usage.
    let fitting =
        [(&signing, "spec", "ECC_SECG_P256K1"), (&signing, "usage", "KEY_AGREEMENT"), (&plain, "spec", "RSA_2048")];
    for (id, member, value) in fitting {
        let name = world.record_of(id);
        let good = world.read(&name);
        let mut record: Value = serde_json::from_slice(&good).unwrap();
        record[member] = json!(value);
        world.write(&name, record.to_string().into_bytes());
        let (_kms, client) = world.open();
        assert_internal(client.get_public_key(id).send().map(drop));
        world.write(&name, good);
    }
}

/// Spec: OVR-16
#[test]
fn a_damaged_domain_key_harms_its_own_region_only() {
    let world = World::new();
    let (kms, client) = world.open();
    let (_, ciphertext) = new_key(&client);
    let (other_id, of_other) = new_key(&world.in_region(&kms, "eu-west-1"));
    world.in_region(&kms, "eu-west-1").enable_key_rotation(&other_id).send().unwrap();
    let envelopes: Vec<Key> =
        everything_in(&world.store).into_iter().map(|(key, _)| key).filter(|key| contains(key, "domain")).collect();
    assert_eq!(envelopes.len(), 2);
    let west = envelopes.iter().find(|key| contains(key, REGION)).unwrap();
    let east = envelopes.iter().find(|key| contains(key, "eu-west-1")).unwrap();
    let (good, foreign) = (world.read(west), world.read(east));
    let mut flipped = good.clone();
    *flipped.last_mut().unwrap() ^= 1;

    world.clock.advance_days(400);
    for damage in [flipped, foreign, good[..10].to_vec(), Vec::new()] {
        world.write(west, damage);
        let kms = world.kms();
        let error = kms.client(REGION, Caller::account_root(ACCOUNT).unwrap()).unwrap_err();
        assert!(error.to_string().contains("KMSInternalException"), "{error}");
        let east = world.in_region(&kms, "eu-west-1");
        assert_eq!(east.decrypt(&of_other).send().unwrap().expose(), b"secret");
        assert!(kms.sweep().is_ok(), "one damaged Region stops the sweep of all");
    }
    world.write(west, good);
    let (_kms, client) = world.open();
    assert_eq!(client.decrypt(&ciphertext).send().unwrap().expose(), b"secret");
}

struct World {
    store: Arc<MemoryStore>,
    clock: Arc<ManualClock>,
}

impl World {
    fn new() -> Self {
        Self { store: Arc::default(), clock: Arc::new(ManualClock::at("2026-01-01T00:00:00Z")) }
    }

    fn kms(&self) -> Kms {
        let kms = Kms::builder().store(Arc::clone(&self.store)).clock(Arc::clone(&self.clock));
        kms.root_key(root_key()).build().unwrap()
    }

    fn open(&self) -> (Kms, Client) {
        let kms = self.kms();
        let client = self.in_region(&kms, REGION);
        (kms, client)
    }

    fn in_region(&self, kms: &Kms, region: &str) -> Client {
        kms.client(region, Caller::account_root(ACCOUNT).unwrap()).unwrap()
    }

    /// Keys in all states, with everything that can belong to them. One of them, and ciphertexts of all.
    fn fill(&self, (_, client): &(Kms, Client)) -> (String, Vec<Vec<u8>>) {
        let seal = |id: &str| client.encrypt(id, b"secret").context("a", "b").send().unwrap().into_inner();
        let mut ciphertexts = Vec::new();
        let mut ids = Vec::new();
        for index in 0..4 {
            let key = client.create_key().description(format!("key {index}")).tag("index", index.to_string());
            let id = key.send().unwrap().key_metadata.key_id.to_string();
            ciphertexts.push(seal(&id).ciphertext_blob);
            ids.push(id);
        }
        let rich = ids[0].clone();
        client.create_alias("alias/orders", &ids[1]).send().unwrap();
        client.create_alias("alias/second", &rich).send().unwrap();
        client.create_alias("alias/third", &rich).send().unwrap();
        client.delete_alias("alias/third").send().unwrap();
        let policy = client.get_key_policy(&rich).send().unwrap().into_inner().policy.replace("key-default-1", "own");
        client.put_key_policy(&rich, policy).send().unwrap();
        client.enable_key_rotation(&rich).rotation_period_in_days(90).send().unwrap();
        client.rotate_key_on_demand(&rich).send().unwrap();
        ciphertexts.push(seal(&rich).ciphertext_blob);
        self.clock.advance_days(91);
        ciphertexts.push(seal("alias/second").ciphertext_blob);
        client.disable_key(&ids[2]).send().unwrap();
        client.enable_key(&ids[2]).send().unwrap();
        let dead = client.create_key().send().unwrap().key_metadata.key_id;
        client.schedule_key_deletion(dead).pending_window_in_days(7).send().unwrap();
        self.clock.advance_days(7);
        client.disable_key_rotation(&rich).send().unwrap();
        (rich, ciphertexts)
    }

    fn stored(&self) -> Vec<(Key, Vec<u8>)> {
        everything_in(&self.store).into_iter().map(|(key, entry)| (key, entry.value.to_vec())).collect()
    }

    /// The store keys of the material of a key: the record that holds a key token.
    fn materials_of(&self, id: &str) -> Vec<Key> {
        let records = everything_in(&self.store).into_iter();
        let of_key = records.filter(|(key, entry)| contains(key, id) && find(&entry.value, b"\"ekt\""));
        of_key.map(|(key, _)| key).collect()
    }

    fn material_of(&self, id: &str) -> Key {
        self.materials_of(id).remove(0)
    }

    /// The store key of the record of a key itself.
    fn record_of(&self, id: &str) -> Key {
        let mut records = everything_in(&self.store).into_iter();
        let own = records.find(|(key, entry)| contains(key, id) && find(&entry.value, b"\"origin\""));
        own.unwrap().0
    }

    fn read(&self, key: &Key) -> Vec<u8> {
        records::read(&self.store, key)
    }

    /// With the right tag: what protects what is inside is at stake here.
    fn write(&self, key: &Key, value: Vec<u8>) {
        records::write(&self.store, key, &value);
    }
}

/// A key and a ciphertext of it.
fn new_key(client: &Client) -> (String, Vec<u8>) {
    let id = client.create_key().send().unwrap().key_metadata.key_id.to_string();
    let ciphertext = client.encrypt(&id, b"secret").send().unwrap().into_inner().ciphertext_blob;
    (id, ciphertext)
}

fn assert_internal(result: Result<(), CallError>) {
    assert_eq!(result.unwrap_err().code(), "KMSInternalException");
}

fn contains(key: &Key, text: &str) -> bool {
    find(key.as_ref(), text.as_bytes())
}

fn find(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}
