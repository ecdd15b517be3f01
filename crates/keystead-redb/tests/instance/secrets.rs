//! What lies on the disk is worth nothing without the root key.

use std::fs;
use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;
use keystead::crypto::entropy::SeededEntropy;
use keystead::crypto::{DefaultProvider, Provider, SecretBytes};
use keystead::hierarchy::spec::{KeySpec, KeyUsage, WrappingAlgorithm, WrappingKeySpec};
use keystead::hierarchy::{RawRootKey, generate_material};
use keystead::{Client, Kms, Profile, replace_root_key};
use keystead_redb::RedbStore;
use keystead_store::{Batch, Expect, Store};

use crate::recorder::Recorder;
use crate::search::{Search, writings};
use crate::{REGION, client};

/// Every secret of a busy life is looked for in the file, raw, reversed, in hex and in base64. Secrets are whatever was
/// drawn for keys, whatever the provider was keyed with, and whatever callers brought or got.
///
/// Spec: OVR-18, KEY-04, QUO-48
#[test]
fn a_stolen_file_shows_no_secret() {
    let mut life = Life::new();
    life.makes_keys_of_every_kind();
    life.takes_material_of_others();
    life.spreads_over_regions();
    life.uses_keys();
    life.looks_into_the_file("in use");
    life.replaces_what_protects_keys();
    life.looks_into_the_file("after replacing the domain key and the root key");
}

/// The search would find what the other test does not.
#[test]
fn a_secret_in_the_file_would_be_found() {
    let mut life = Life::new();
    life.imports(REGION, KeySpec::SymmetricDefault);
    life.kms = None;
    let search = life.search();
    assert_eq!(search.found_in(&fs::read(&life.path).unwrap()).len(), 0);
    let (name, secret) = life.secrets.last().unwrap().clone();
    let writings = writings(&secret);
    assert_eq!(writings.len(), 10);
    for (n, (writing, text)) in writings.into_iter().enumerate() {
        // The leak is in the middle of a record.
        let leak = [b"{\"leak\":\"".as_slice(), &text, b"\"}"].concat();
        let copy = life.folder.path().join(format!("copy-{n}"));
        fs::copy(&life.path, &copy).unwrap();
        let mut batch = Batch::new();
        batch.put("leak", leak, Expect::Absent);
        RedbStore::open(&copy).unwrap().commit(batch).unwrap();
        let found = search.found_in(&fs::read(&copy).unwrap());
        assert!(found.iter().any(|place| place.starts_with(&name)), "{writing} is not found");
    }
}

/// An instance on a file, and what must not be found there.
struct Life {
    folder: tempfile::TempDir,
    path: PathBuf,
    recorder: Recorder,
    kms: Option<Kms>,
    /// By name.
    secrets: Vec<(String, Vec<u8>)>,
    /// What is stored openly: the control.
    open: Vec<(String, Vec<u8>)>,
    /// What may be found.
    public: Vec<Vec<u8>>,
    seeds: u64,
}

const EUROPE: &str = "eu-west-1";
const CHINA: &str = "cn-north-1";

impl Life {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store");
        let mut life = Self {
            path,
            folder,
            recorder: Recorder::new(1),
            kms: None,
            secrets: Vec::new(),
            open: Vec::new(),
            public: Vec::new(),
            seeds: 100,
        };
        let root = life.random("root key", 32);
        life.opens_with(&root);
        life
    }

    fn opens_with(&mut self, root: &[u8]) {
        let builder = Kms::builder().store(RedbStore::open(&self.path).unwrap()).root_key(raw(root));
        let kms = builder.provider(self.recorder.clone()).entropy(self.recorder.clone()).build().unwrap();
        self.kms = Some(kms);
    }

    fn client(&self, region: &str) -> Client {
        client(self.kms.as_ref().unwrap(), region)
    }

    /// A secret that somebody brings along.
    fn random(&mut self, name: &str, len: usize) -> Vec<u8> {
        let bytes = SecretBytes::random(&self.entropy(), len).unwrap().expose().to_vec();
        self.secret(name, &bytes);
        bytes
    }

    fn entropy(&mut self) -> SeededEntropy {
        self.seeds += 1;
        SeededEntropy::new(self.seeds)
    }

    fn secret(&mut self, name: &str, bytes: &[u8]) {
        self.secrets.push((name.to_owned(), bytes.to_vec()));
    }

    fn makes_keys_of_every_kind(&mut self) {
        let root = self.client(REGION);
        for (n, spec) in kinds().enumerate() {
            let client = self.client(region_of(spec));
            let call = client.create_key().key_spec(spec.as_str()).key_usage(usage(spec));
            let key = call.description(format!("description {n} of a key")).send().unwrap().key_metadata.key_id;
            self.open.push((format!("description {n}"), format!("description {n} of a key").into_bytes()));
            if spec.key_pair().is_some() {
                let spki = client.get_public_key(key).send().unwrap().public_key.clone();
                self.public.push(spki);
            }
        }
        let mac = root.create_key().key_spec("HMAC_512").key_usage("GENERATE_VERIFY_MAC").send().unwrap();
        let message = self.random("message", 40);
        let made = root.generate_mac(mac.key_metadata.key_id, &message).mac_algorithm("HMAC_SHA_512").send().unwrap();
        self.secret("code", &made.mac);
    }

    fn takes_material_of_others(&mut self) {
        for spec in kinds() {
            self.imports(region_of(spec), spec);
        }
        self.imports(CHINA, KeySpec::SymmetricDefault);
    }

    /// Generates material outside, brings it in, and uses it.
    fn imports(&mut self, region: &str, spec: KeySpec) {
        let (client, china) = (self.client(region), region == CHINA);
        let profile = if china { Profile::China } else { Profile::Standard };
        let material = generate_material(spec, profile, &DefaultProvider, &self.entropy()).unwrap();
        let key = client.create_key().origin("EXTERNAL").key_spec(spec.as_str()).key_usage(usage(spec)).send().unwrap();
        let key = key.key_metadata.key_id;
        let (algorithm, wrapping) = match (spec.key_pair().is_some(), china) {
            (false, _) => ("RSAES_OAEP_SHA_256", "RSA_2048"),
            (true, false) => ("RSA_AES_KEY_WRAP_SHA_256", "RSA_2048"),
            (true, true) => ("SM2PKE", "SM2"),
        };
        let set = client.get_parameters_for_import(key, algorithm, wrapping).send().unwrap().into_inner();
        let spec_of_wrapping: WrappingKeySpec = wrapping.parse().unwrap();
        let public = DefaultProvider.public_key(spec_of_wrapping.key_pair(), &set.public_key).unwrap();
        let scheme = algorithm.parse::<WrappingAlgorithm>().unwrap().scheme().unwrap();
        let wrapped = scheme.wrap(&DefaultProvider, &*public, material.expose(), &self.entropy()).unwrap();
        let call = client.import_key_material(key, &set.import_token, &wrapped);
        call.expiration_model("KEY_MATERIAL_DOES_NOT_EXPIRE").send().unwrap();
        self.public.push(set.public_key);
        if spec.key_pair().is_some() {
            self.public.push(client.get_public_key(key).send().unwrap().public_key.clone());
        }
        self.secret(&format!("imported {}", spec.as_str()), material.expose());
    }

    fn spreads_over_regions(&mut self) {
        let root = self.client(REGION);
        let key = root.create_key().multi_region(true).send().unwrap().key_metadata.key_id;
        root.replicate_key(key, EUROPE).send().unwrap();
        root.rotate_key_on_demand(key).send().unwrap();
        self.kms.as_ref().unwrap().sweep().unwrap();
        let plaintext = self.random("plaintext of a replica", 48);
        let sealed = root.encrypt(key, &plaintext).send().unwrap().into_inner().ciphertext_blob;
        let opened = self.client(EUROPE).decrypt(&sealed).send().unwrap();
        assert_eq!(opened.expose(), plaintext);
    }

    fn uses_keys(&mut self) {
        let root = self.client(REGION);
        let key = root.create_key().send().unwrap().key_metadata.key_id;
        root.create_alias("alias/stored-in-the-open", key).send().unwrap();
        self.open.push(("alias".into(), b"alias/stored-in-the-open".to_vec()));
        root.tag_resource(key).tag("department", "accounts receivable").send().unwrap();
        self.open.push(("tag".into(), b"accounts receivable".to_vec()));
        root.rotate_key_on_demand(key).send().unwrap();

        let plaintext = self.random("plaintext", 100);
        let sealed = root.encrypt(key, &plaintext).context("order", "42").send().unwrap().into_inner().ciphertext_blob;
        assert_eq!(root.decrypt(&sealed).context("order", "42").send().unwrap().expose(), plaintext);
        let made = root.generate_data_key(key).key_spec("AES_256").send().unwrap();
        self.secret("data key", made.expose());
        let blind = root.generate_data_key_without_plaintext(key).number_of_bytes(64).send().unwrap();
        let opened = root.decrypt(&blind.ciphertext_blob).send().unwrap();
        self.secret("data key that was opened later", opened.expose());
        let random = root.generate_random(48).send().unwrap();
        self.secret("random bytes", random.expose());
        // Their private halves are recorded where they are made.
        for spec in ["RSA_2048", "ECC_NIST_P384", "ECC_NIST_EDWARDS25519"] {
            root.generate_data_key_pair(key).key_pair_spec(spec).send().unwrap();
        }
        let agreement = root.create_key().key_spec("ECC_NIST_P256").key_usage("KEY_AGREEMENT").send().unwrap();
        let agreement = agreement.key_metadata.key_id;
        let own = root.get_public_key(agreement).send().unwrap().into_inner().public_key;
        let shared = root.derive_shared_secret(agreement, own).send().unwrap();
        self.secret("shared secret", shared.shared_secret.as_ref().unwrap().expose());

        let grant = root.create_grant(key, "arn:aws:iam::444455556666:user/bob").operation("Decrypt").send().unwrap();
        let token = grant.grant_token.clone();
        self.secret("grant token", &URL_SAFE.decode(&token).unwrap());
        self.secret("text of a grant token", token.as_bytes());
        // The ID of a grant is drawn like a key, but is its name.
        let id = grant.grant_id.to_string();
        self.public
            .push((0..id.len() / 2).map(|at| u8::from_str_radix(&id[2 * at..2 * at + 2], 16).unwrap()).collect());
        self.open.push(("grantee".into(), b"arn:aws:iam::444455556666:user/bob".to_vec()));
    }

    fn replaces_what_protects_keys(&mut self) {
        let kms = self.kms.take().unwrap();
        for region in [REGION, EUROPE, CHINA] {
            kms.rotate_domain_key(region.parse().unwrap()).unwrap();
        }
        drop(kms);
        let former = self.secrets.iter().find(|(name, _)| name == "root key").unwrap().1.clone();
        let next = self.random("next root key", 32);
        let store = RedbStore::open(&self.path).unwrap();
        assert!(replace_root_key(&store, &raw(&former), &raw(&next)).unwrap() >= 4);
        drop(store);
        self.opens_with(&next);
        self.client(REGION).encrypt("alias/stored-in-the-open", b"goes on").send().unwrap();
    }

    /// Everything that is secret, in all writings.
    fn search(&self) -> Search {
        let seen = self.recorder.seen();
        let mut search = Search::default();
        let spkis = seen.pairs.iter().map(|(_, spki)| spki);
        self.public.iter().chain(spkis).for_each(|public| search.allow(public));
        self.secrets.iter().for_each(|(name, secret)| search.add(name, secret));
        seen.drawn.iter().for_each(|drawn| search.add("drawn for a key", drawn));
        seen.keys.iter().for_each(|key| search.add("key in use", key));
        seen.pairs.iter().for_each(|(pkcs8, _)| search.add("private key", pkcs8));
        search
    }

    fn looks_into_the_file(&self, when: &str) {
        let bytes = fs::read(&self.path).unwrap();
        let seen = self.recorder.seen();
        assert!(seen.drawn.len() > 20 && seen.keys.len() > 50 && seen.pairs.len() > 20, "{when}: little was recorded");
        let search = self.search();
        assert!(search.len() > 100_000, "{when}: {} pieces are few", search.len());
        let found = search.found_in(&bytes);
        assert!(found.is_empty(), "{when}: the file holds {found:?}");

        // What is no secret is there, in the writing that the store chose.
        let mut control = Search::default();
        self.open.iter().for_each(|(name, open)| control.add(name, open));
        let found = control.found_in(&bytes);
        for (name, _) in &self.open {
            assert!(
                found.iter().any(|place| place.starts_with(&format!("{name}, "))),
                "{when}: the search does not see the {name}"
            );
        }
    }
}

fn raw(root: &[u8]) -> RawRootKey {
    RawRootKey::new(&SecretBytes::from(root.to_vec())).unwrap()
}

/// Every spec, but RSA beyond 2,048 bits, which takes seconds to make and is stored in the same way.
fn kinds() -> impl Iterator<Item = KeySpec> {
    KeySpec::ALL.iter().copied().filter(|spec| !matches!(spec, KeySpec::Rsa3072 | KeySpec::Rsa4096))
}

fn region_of(spec: KeySpec) -> &'static str {
    if spec == KeySpec::Sm2 { CHINA } else { REGION }
}

fn usage(spec: KeySpec) -> &'static str {
    spec.usages().last().map_or("", KeyUsage::as_str)
}
