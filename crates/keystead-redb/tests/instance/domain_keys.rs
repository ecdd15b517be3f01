//! The rotation of a domain key is interrupted at every commit.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use keystead::crypto::entropy::SystemEntropy;
use keystead::crypto::{DefaultProvider, Provider};
use keystead::hierarchy::spec::{WrappingAlgorithm, WrappingKeySpec};
use keystead::{Client, Kms};
use keystead_redb::RedbStore;
use keystead_store::{Fault, FaultyStore, Range, Store};

use crate::{REGION, client, open, root_key};

/// The process dies: what is opened next is the file as it was at that moment, never closed.
///
/// Spec: OVR-17
#[test]
fn a_rotation_that_dies_is_finished_by_the_next_process() {
    let world = World::new();
    for (n, fault) in world.interruptions() {
        let when = format!("commit {n}, {fault:?}");
        let path = world.copy();
        let store = faulty(&path);
        let kms = on(&store);
        world.works(&kms, &when);
        store.crash_at(n, fault);
        assert!(kms.rotate_domain_key(REGION.parse().unwrap()).is_err(), "{when}: nothing was interrupted");
        let dead = world.folder.path().join("dead");
        fs::copy(&path, &dead).unwrap();
        drop((kms, store));

        let next = open(&dead);
        world.works(&next, &when);
        let done = next.rotate_domain_key(REGION.parse().unwrap()).unwrap();
        assert!(done.retired >= 1, "{when}: {done:?}");
        world.works(&next, &when);
        drop(next);
        world.is_finished(&dead, &when);
    }
}

/// The disk fails once: the same instance goes on, and its next rotation finishes what the first has begun.
///
/// Spec: OVR-17
#[test]
fn a_rotation_that_fails_is_finished_by_the_same_instance() {
    let world = World::new();
    for (n, fault) in world.interruptions() {
        let when = format!("commit {n}, {fault:?}");
        let path = world.copy();
        let store = faulty(&path);
        let kms = on(&store);
        store.fail_at(n, fault);
        assert!(kms.rotate_domain_key(REGION.parse().unwrap()).is_err(), "{when}: nothing was interrupted");
        world.works(&kms, &when);
        // What is made between the two is under a key that stays.
        let key = client(&kms, REGION).create_key().send().unwrap().key_metadata.key_id;
        let sealed = client(&kms, REGION).encrypt(key, b"between").send().unwrap().into_inner().ciphertext_blob;

        let again = kms.rotate_domain_key(REGION.parse().unwrap());
        assert!(again.is_ok(), "{when}: {again:?}");
        world.works(&kms, &when);
        drop((kms, store));
        world.is_finished(&path, &when);
        assert_eq!(client(&open(&path), REGION).decrypt(&sealed).send().unwrap().expose(), b"between", "{when}");
    }
}

/// The process dies in a rotation that sweeps carry out; the next one does nothing but sweep.
///
/// Spec: OVR-17
#[test]
fn a_rotation_that_dies_is_finished_by_the_sweeps_of_the_next_process() {
    let world = World::new();
    let region = || REGION.parse().unwrap();
    let commits = {
        let store = faulty(&world.copy());
        let kms = on(&store);
        kms.begin_domain_key_rotation(region()).unwrap();
        let swept = kms.sweep().unwrap();
        assert_eq!((swept.retired, swept.failed), (1, 0), "{swept:?}");
        store.commits()
    };
    assert!(commits >= 12, "{commits} commits are few");
    for (n, fault) in (1..=commits).flat_map(|n| [(n, Fault::Before), (n, Fault::After)]) {
        let when = format!("commit {n}, {fault:?}");
        let path = world.copy();
        let store = faulty(&path);
        let kms = on(&store);
        store.crash_at(n, fault);
        let dead =
            kms.begin_domain_key_rotation(region()).is_err() || kms.sweep().map_or(true, |swept| swept.failed > 0);
        assert!(dead, "{when}: nothing was interrupted");
        let dead = world.folder.path().join("dead");
        fs::copy(&path, &dead).unwrap();
        drop((kms, store));

        let next = open(&dead);
        world.works(&next, &when);
        let swept = next.sweep().unwrap();
        assert_eq!(swept.failed, 0, "{when}");
        assert!(next.domain_key_status(region()).unwrap().is_settled(), "{when}: {swept:?}");
        world.works(&next, &when);
        drop(next);
        world.is_finished(&dead, &when);
    }
}

/// A file with a key of every kind that has something wrapped under the domain key, and what they made.
struct World {
    folder: tempfile::TempDir,
    ciphertexts: Vec<Vec<u8>>,
    mac_key: String,
    mac: Vec<u8>,
    pair: String,
    signature: Vec<u8>,
    /// A key that waits for its material, the token that came with the wrapping key, and the wrapped material.
    import: (String, Vec<u8>, Vec<u8>),
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let kms = open(&folder.path().join("template"));
        let client = client(&kms, REGION);
        let mut ciphertexts = Vec::new();
        for _ in 0..2 {
            let key = client.create_key().send().unwrap().key_metadata.key_id;
            for _ in 0..2 {
                ciphertexts.push(client.encrypt(key, PLAINTEXT).send().unwrap().into_inner().ciphertext_blob);
                client.rotate_key_on_demand(key).send().unwrap();
            }
        }
        let (imported, token, wrapped) = awaits_import(&client);
        import(&client, &imported, &token, &wrapped);
        ciphertexts.push(client.encrypt(imported, PLAINTEXT).send().unwrap().into_inner().ciphertext_blob);

        let create = |spec: &str, usage: &str| {
            client.create_key().key_spec(spec).key_usage(usage).send().unwrap().key_metadata.key_id.to_string()
        };
        let mac_key = create("HMAC_256", "GENERATE_VERIFY_MAC");
        let mac = client.generate_mac(&mac_key, PLAINTEXT).mac_algorithm("HMAC_SHA_256").send().unwrap().mac.clone();
        let pair = create("ECC_NIST_P256", "SIGN_VERIFY");
        let signed = client.sign(&pair, PLAINTEXT).signing_algorithm("ECDSA_SHA_256").send().unwrap();
        let signature = signed.signature.clone();
        let import = awaits_import(&client);
        Self { folder, ciphertexts, mac_key, mac, pair, signature, import }
    }

    /// Every commit of a rotation, failing before and after it was made.
    fn interruptions(&self) -> Vec<(u64, Fault)> {
        let store = faulty(&self.copy());
        let kms = on(&store);
        self.works(&kms, "before the rotation");
        let before = store.commits();
        let done = kms.rotate_domain_key(REGION.parse().unwrap()).unwrap();
        assert_eq!((done.version, done.retired), (2, 1));
        let commits = store.commits() - before;
        // A version, nine materials, the secret of the fingerprints, a wrapping key or two, the end.
        assert!(commits >= 12, "{commits} commits are few");
        (1..=commits).flat_map(|n| [(n, Fault::Before), (n, Fault::After)]).collect()
    }

    fn copy(&self) -> PathBuf {
        let path = self.folder.path().join("store");
        fs::copy(self.folder.path().join("template"), &path).unwrap();
        path
    }

    /// Everything that was made before still opens and verifies.
    fn works(&self, kms: &Kms, when: &str) {
        let client = client(kms, REGION);
        for ciphertext in &self.ciphertexts {
            let opened = client.decrypt(ciphertext).send().unwrap_or_else(|error| panic!("{when}: {error}"));
            assert_eq!(opened.expose(), PLAINTEXT, "{when}");
        }
        let verified = client.verify_mac(&self.mac_key, PLAINTEXT, &self.mac).mac_algorithm("HMAC_SHA_256").send();
        assert!(verified.is_ok(), "{when}: {verified:?}");
        client.sign(&self.pair, PLAINTEXT).signing_algorithm("ECDSA_SHA_256").send().unwrap();
        let verify = client.verify(&self.pair, PLAINTEXT, &self.signature).signing_algorithm("ECDSA_SHA_256");
        assert!(verify.send().is_ok(), "{when}");
    }

    /// The former version is gone, nothing needs it, and the import that was begun before can be made.
    fn is_finished(&self, path: &Path, when: &str) {
        let store = RedbStore::open(path).unwrap();
        let domain_keys = store.scan(&Range::prefix(b"\0domain\0"), 10).unwrap();
        assert_eq!(domain_keys.len(), 1, "{when}: versions are left over");
        drop(store);
        let kms = open(path);
        self.works(&kms, when);
        let (key, token, wrapped) = &self.import;
        import(&client(&kms, REGION), key, token, wrapped);
    }
}

fn faulty(path: &Path) -> Arc<FaultyStore<RedbStore>> {
    Arc::new(FaultyStore::new(RedbStore::open(path).unwrap()))
}

fn on(store: &Arc<FaultyStore<RedbStore>>) -> Kms {
    Kms::builder().store(Arc::clone(store)).root_key(root_key(7)).build().unwrap()
}

/// A key without material, its import token, and the material as its owner sends it.
pub(crate) fn awaits_import(client: &Client) -> (String, Vec<u8>, Vec<u8>) {
    let key = client.create_key().origin("EXTERNAL").send().unwrap().key_metadata.key_id.to_string();
    let (algorithm, spec) = ("RSAES_OAEP_SHA_256", "RSA_2048");
    let set = client.get_parameters_for_import(&key, algorithm, spec).send().unwrap().into_inner();
    let spec: WrappingKeySpec = spec.parse().unwrap();
    let public = DefaultProvider.public_key(spec.key_pair(), &set.public_key).unwrap();
    let scheme = algorithm.parse::<WrappingAlgorithm>().unwrap().scheme().unwrap();
    let wrapped = scheme.wrap(&DefaultProvider, &*public, &[0x5a; 32], &SystemEntropy).unwrap();
    (key, set.import_token, wrapped)
}

pub(crate) fn import(client: &Client, key: &str, token: &[u8], wrapped: &[u8]) {
    let call = client.import_key_material(key, token, wrapped).expiration_model("KEY_MATERIAL_DOES_NOT_EXPIRE");
    call.send().unwrap();
}

const PLAINTEXT: &[u8] = b"before the rotation";
