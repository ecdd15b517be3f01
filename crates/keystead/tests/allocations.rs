//! What a call on a known key costs: no parsing, no read of the store, and few allocations.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use common::{ACCOUNT, REGION, root_key};
use keystead::crypto::{
    Aead, AeadAlgorithm, CryptoError, DefaultProvider, Digest, DigestAlgorithm, Entropy, KeyPairAlgorithm, Mac,
    MacAlgorithm, PrivateKey, Provider, PublicKey, Sealer, SealingAlgorithm, SecretBytes,
};
use keystead::{Caller, Client, EncryptionContext, Kms, KmsBuilder, ManualClock, MaterialCaching};

/// Spec: KEY-79, KEY-81
#[test]
fn a_warm_call_allocates_its_result_and_little_else() {
    let client = client(&Kms::builder().no_audit().build().unwrap());
    let key = client.create_key().send().unwrap().key_metadata.key_id.to_string();
    let sealed = client.encrypt(&key, b"4111 1111 1111 1111").send().unwrap().into_inner().ciphertext_blob;
    let encrypt = || drop(client.encrypt(&key, b"4111 1111 1111 1111").context("order", "42").send().unwrap());
    let decrypt = || drop(client.decrypt(&sealed).send().unwrap());
    let data_key = || drop(client.generate_data_key(&key).key_spec("AES_256").send().unwrap());
    let describe = || drop(client.describe_key(&key).send().unwrap());
    let policy = || drop(client.get_key_policy(&key).send().unwrap());
    // A grantee whom no policy names: found among many, for the context of the call.
    let kms = Kms::builder().no_audit().build().unwrap();
    let root = kms.client(REGION, Caller::account_root(ACCOUNT).unwrap()).unwrap();
    let granted = root.create_key().send().unwrap().key_metadata.arn.to_string();
    for number in 0..100 {
        let tenant = number.to_string();
        let pairs = EncryptionContext::from_iter([("app", "orders"), ("tenant", tenant.as_str())]);
        let call = root.create_grant(&granted, format!("arn:aws:iam::{ACCOUNT}:role/app")).operation("Encrypt");
        call.encryption_context_subset(pairs).send().unwrap();
    }
    let grantee = kms.client(REGION, Caller::role_session(ACCOUNT, "app", "s").unwrap()).unwrap();
    let by_grant = || {
        let call = grantee.encrypt(&granted, b"4111 1111 1111 1111").context("app", "orders").context("tenant", "42");
        drop(call.send().unwrap());
    };
    let calls: [(&str, &dyn Fn(), u64); 6] = [
        // The result is one allocation.
        ("Encrypt", &encrypt, 1),
        ("Encrypt by a grantee", &by_grant, 1),
        ("Decrypt", &decrypt, 1),
        ("GenerateDataKey", &data_key, 2),
        // The description and the list of algorithms.
        ("DescribeKey", &describe, 2),
        // The document and the name of the policy; nothing is parsed.
        ("GetKeyPolicy", &policy, 2),
    ];
    for (name, call, most) in calls {
        call();
        let counted = allocation_counter::measure(call).count_total;
        assert!(counted <= most, "{name} allocates {counted} times, {most} are expected");
    }
}

/// Spec: OVR-13
#[test]
fn strict_caching_keeps_no_material() {
    let world = World::new(MaterialCaching::Strict);
    let key = world.key();
    for _ in 0..3 {
        let sealed = world.client.encrypt(&key, b"x").send().unwrap().into_inner().ciphertext_blob;
        assert_eq!(world.live(), 0, "material outlives Encrypt");
        world.client.decrypt(&sealed).send().unwrap();
        assert_eq!(world.live(), 0, "material outlives Decrypt");
        world.client.generate_data_key(&key).key_spec("AES_256").send().unwrap();
        world.client.re_encrypt(&sealed, &key).send().unwrap();
        world.client.decrypt(b"damaged").key_id(&key).send().unwrap_err();
        world.client.rotate_key_on_demand(&key).send().unwrap();
        assert_eq!(world.live(), 0, "material outlives a call");
    }
    assert!(world.counters.made.load(Ordering::SeqCst) >= 12, "every call unwraps anew");
}

/// Spec: OVR-13
#[test]
fn cached_material_is_unwrapped_once_and_goes_when_the_key_may_not_be_used() {
    let world = World::new(MaterialCaching::default());
    let key = world.key();
    let made = || world.counters.made.load(Ordering::SeqCst);
    world.encrypt(&key);
    let before = made();
    for _ in 0..10 {
        world.encrypt(&key);
    }
    assert_eq!((made(), world.live()), (before, 1), "unwrapped again although it was cached");

    world.client.disable_key(&key).send().unwrap();
    assert_eq!(world.live(), 0, "material outlives DisableKey");
    world.client.enable_key(&key).send().unwrap();
    world.encrypt(&key);
    world.client.schedule_key_deletion(&key).pending_window_in_days(7).send().unwrap();
    assert_eq!(world.live(), 0, "material outlives ScheduleKeyDeletion");
    world.client.cancel_key_deletion(&key).send().unwrap();
    world.client.enable_key(&key).send().unwrap();
    world.encrypt(&key);
    assert_eq!(world.live(), 1);
    let World { counters, client, .. } = world;
    drop(client);
    assert_eq!(counters.live.load(Ordering::SeqCst), 0, "material outlives the instance");
}

/// Spec: OVR-13
#[test]
fn material_that_is_just_being_unwrapped_goes_too() {
    let world = World::new(MaterialCaching::default());
    let key = world.key();
    for _ in 0..100 {
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..5 {
                        let _ = world.client.encrypt(&key, b"x").send();
                    }
                });
            }
            world.client.disable_key(&key).send().unwrap();
        });
        assert_eq!(world.live(), 0, "a call that overlapped DisableKey left material behind");
        world.client.enable_key(&key).send().unwrap();
    }
}

/// Spec: OVR-13
#[test]
fn the_material_of_an_evicted_key_is_wiped_and_takes_no_place() {
    let two = NonZeroUsize::new(2).unwrap();
    let caching = MaterialCaching::Bounded { entries: two, max_age: Duration::from_secs(3600) };
    let world = World::with(caching, |builder| builder.live_keys(2));
    let keys: Vec<String> = (0..20).map(|_| world.key()).collect();
    for key in &keys[1..] {
        // Always in use, so that it stays.
        world.encrypt(&keys[0]);
        let made = world.counters.made.load(Ordering::SeqCst);
        world.encrypt(&keys[0]);
        assert_eq!(world.counters.made.load(Ordering::SeqCst), made, "others took its place");
        world.encrypt(key);
        assert!(world.live() <= 2, "{} materials of two keys", world.live());
    }
}

/// Spec: OVR-13
#[test]
fn the_cache_is_bounded_in_number_and_age() {
    let two = NonZeroUsize::new(2).unwrap();
    let world = World::new(MaterialCaching::Bounded { entries: two, max_age: Duration::from_secs(60) });
    let keys: Vec<String> = (0..5).map(|_| world.key()).collect();
    for key in keys.iter().chain(&keys) {
        world.encrypt(key);
        assert!(world.live() <= 2, "{} materials in a cache for two", world.live());
    }
    let made = || world.counters.made.load(Ordering::SeqCst);
    world.encrypt(&keys[4]);
    let before = made();
    world.clock.advance(Duration::from_secs(59));
    world.encrypt(&keys[4]);
    assert_eq!(made(), before, "unwrapped again before its time");
    world.clock.advance(Duration::from_secs(2));
    world.encrypt(&keys[4]);
    assert!(made() > before, "used after its time");
    assert!(world.live() <= 2);
}

struct World {
    client: Client,
    clock: Arc<ManualClock>,
    counters: Arc<Counters>,
    /// Sealers that live as long as the Region is open.
    idle: u64,
}

impl World {
    fn new(caching: MaterialCaching) -> Self {
        Self::with(caching, |builder| builder)
    }

    fn with(caching: MaterialCaching, choose: impl FnOnce(KmsBuilder) -> KmsBuilder) -> Self {
        let (clock, counters) = (Arc::new(ManualClock::at("2026-01-01T00:00:00Z")), Arc::new(Counters::default()));
        let kms = Kms::builder().clock(Arc::clone(&clock)).provider(Counting(Arc::clone(&counters))).no_audit();
        let client = client(&choose(kms.root_key(root_key()).material_caching(caching)).build().unwrap());
        let idle = counters.live.load(Ordering::SeqCst);
        Self { client, clock, counters, idle }
    }

    fn key(&self) -> String {
        self.client.create_key().send().unwrap().key_metadata.key_id.to_string()
    }

    fn encrypt(&self, key: &str) {
        self.client.encrypt(key, b"x").send().unwrap();
    }

    /// Materials ready for use.
    fn live(&self) -> u64 {
        self.counters.live.load(Ordering::SeqCst) - self.idle
    }
}

fn client(kms: &Kms) -> Client {
    kms.client(REGION, Caller::account_root(ACCOUNT).unwrap()).unwrap()
}

#[derive(Debug, Default)]
struct Counters {
    live: AtomicU64,
    made: AtomicU64,
}

/// A provider that knows how many sealing keys there are.
#[derive(Debug)]
struct Counting(Arc<Counters>);

impl Provider for Counting {
    fn name(&self) -> &'static str {
        "counting"
    }

    fn aead(&self, algorithm: AeadAlgorithm, key: &[u8]) -> Result<Box<dyn Aead>, CryptoError> {
        DefaultProvider.aead(algorithm, key)
    }

    fn sealer(&self, algorithm: SealingAlgorithm, key: &[u8]) -> Result<Box<dyn Sealer>, CryptoError> {
        let inner = DefaultProvider.sealer(algorithm, key)?;
        self.0.live.fetch_add(1, Ordering::SeqCst);
        self.0.made.fetch_add(1, Ordering::SeqCst);
        Ok(Box::new(CountedSealer { inner, counters: Arc::clone(&self.0) }))
    }

    fn mac(&self, algorithm: MacAlgorithm, key: &[u8]) -> Result<Box<dyn Mac>, CryptoError> {
        DefaultProvider.mac(algorithm, key)
    }

    fn digest(&self, algorithm: DigestAlgorithm, parts: &[&[u8]]) -> Result<Digest, CryptoError> {
        DefaultProvider.digest(algorithm, parts)
    }

    fn encrypt_cbc(&self, key: &[u8; 32], iv: &[u8; 16], plaintext: &[u8]) -> Result<Vec<u8>, CryptoError> {
        DefaultProvider.encrypt_cbc(key, iv, plaintext)
    }

    fn wrap_key(&self, kek: &[u8], key: &[u8]) -> Result<Vec<u8>, CryptoError> {
        DefaultProvider.wrap_key(kek, key)
    }

    fn unwrap_key(&self, kek: &[u8], wrapped: &[u8]) -> Result<SecretBytes, CryptoError> {
        DefaultProvider.unwrap_key(kek, wrapped)
    }

    fn generate_key_pair(
        &self,
        algorithm: KeyPairAlgorithm,
        entropy: &dyn Entropy,
    ) -> Result<Box<dyn PrivateKey>, CryptoError> {
        DefaultProvider.generate_key_pair(algorithm, entropy)
    }

    fn private_key(&self, algorithm: KeyPairAlgorithm, pkcs8: &[u8]) -> Result<Box<dyn PrivateKey>, CryptoError> {
        DefaultProvider.private_key(algorithm, pkcs8)
    }

    fn public_key(&self, algorithm: KeyPairAlgorithm, spki: &[u8]) -> Result<Box<dyn PublicKey>, CryptoError> {
        DefaultProvider.public_key(algorithm, spki)
    }
}

#[derive(Debug)]
struct CountedSealer {
    inner: Box<dyn Sealer>,
    counters: Arc<Counters>,
}

impl Drop for CountedSealer {
    fn drop(&mut self) {
        self.counters.live.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Sealer for CountedSealer {
    fn seal(&self, nonce: &[u8; 24], aad: &[u8], in_out: &mut [u8]) -> Result<[u8; 16], CryptoError> {
        self.inner.seal(nonce, aad, in_out)
    }

    fn open(&self, nonce: &[u8; 24], aad: &[u8], in_out: &mut [u8], tag: &[u8; 16]) -> Result<(), CryptoError> {
        self.inner.open(nonce, aad, in_out, tag)
    }
}
