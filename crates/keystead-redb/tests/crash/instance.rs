//! The instance that worker and witness open on one store, one after the other.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use keystead::crypto::entropy::SystemEntropy;
use keystead::crypto::{
    Aead, AeadAlgorithm, CryptoError, DefaultProvider, Digest, DigestAlgorithm, Entropy, KeyPairAlgorithm, Mac,
    MacAlgorithm, PrivateKey, Provider, PublicKey, Sealer, SealingAlgorithm, SecretBytes,
};
use keystead::hierarchy::RawRootKey;
use keystead::{Caller, Client, EventKind, EventSink, Kms, LifecycleEvent, ManualClock, SinkError};
use keystead_redb::RedbStore;

use crate::report::{Report, bytes, hex};

/// An instance with its store, and a client of the root of the account in each of [`REGIONS`].
pub(crate) struct Opened {
    pub(crate) kms: Kms,
    pub(crate) clients: [Client; 2],
    pub(crate) store: Arc<RedbStore>,
}

/// Who hears of what was done.
pub(crate) type Tell = Arc<dyn Fn(Report) + Send + Sync>;

pub(crate) const REGIONS: [&str; 2] = ["us-west-2", "eu-west-1"];
pub(crate) const ACCOUNT: &str = "111122223333";

impl Opened {
    pub(crate) fn new(path: &Path, clock: Arc<ManualClock>, tell: Tell) -> Self {
        let root_key = RawRootKey::new(&SecretBytes::from(&[7; 32])).unwrap();
        let store = Arc::new(RedbStore::open(path).unwrap());
        let builder = Kms::builder().store(Arc::clone(&store)).clock(clock).root_key(root_key);
        let kms = builder.provider(OneRsaKey).event_sink(Announcer(tell)).no_audit().build().unwrap();
        let clients = REGIONS.map(|region| kms.client(region, Caller::account_root(ACCOUNT).unwrap()).unwrap());
        Self { kms, clients, store }
    }

    /// The client in the Region of a key, and its key ID.
    pub(crate) fn find<'k>(&self, key: &'k str) -> (&Client, &'k str) {
        let (region, id) = key.split_once('/').unwrap();
        (self.clients.iter().find(|client| client.region() == region).unwrap(), id)
    }

    /// The keys of both Regions.
    pub(crate) fn keys(&self) -> Vec<String> {
        let of = |client: &Client| {
            let keys = client.list_keys().limit(1000).send().unwrap().into_inner();
            assert!(!keys.truncated, "more keys than the worker makes");
            keys.keys.into_iter().map(|key| name(client, &key.key_id)).collect::<Vec<_>>()
        };
        self.clients.iter().flat_map(of).collect()
    }

    /// All that can be seen of a key, if it is there.
    pub(crate) fn portrait(&self, key: &str) -> Option<String> {
        let (client, id) = self.find(key);
        let seen = client.describe_key(id).send().ok()?.into_inner();
        let policy = client.get_key_policy(id).send().unwrap().into_inner();
        let tags = client.list_resource_tags(id).send().unwrap().into_inner();
        let aliases = client.list_aliases().key_id(id).send().unwrap().into_inner();
        let grants = client.list_grants(id).send().unwrap().into_inner();
        // Not every key has these.
        let all = client.list_key_rotations(id).include_key_material("ALL_KEY_MATERIAL");
        let rotations = all.send().map(|answer| answer.into_inner()).map_err(|error| error.code());
        let status = client.get_key_rotation_status(id).send();
        let status = status.map(|answer| answer.into_inner()).map_err(|error| error.code());
        let public = client.get_public_key(id).send().map(|answer| answer.into_inner()).map_err(|error| error.code());
        Some(format!("{seen:?}\n{policy:?}\n{tags:?}\n{aliases:?}\n{grants:?}\n{rotations:?}\n{status:?}\n{public:?}"))
    }
}

/// The name of a key in reports.
pub(crate) fn name(client: &Client, id: &impl ToString) -> String {
    format!("{}/{}", client.region(), id.to_string())
}

/// Tells of deletions.
struct Announcer(Tell);

impl EventSink for Announcer {
    fn publish(&self, event: &LifecycleEvent) -> Result<(), SinkError> {
        if event.kind == EventKind::Deletion {
            let key = format!("{}/{}", event.region, event.key_arn.key_id);
            (self.0)(Report::Announced { key });
        }
        Ok(())
    }
}

/// The default provider, but that all RSA keys are one: those of import parameters, which take long to find.
#[derive(Debug)]
struct OneRsaKey;

impl OneRsaKey {
    /// The key; the witness hands it down to the worker.
    fn key() -> &'static SecretBytes {
        static KEY: OnceLock<SecretBytes> = OnceLock::new();
        KEY.get_or_init(|| match std::env::var(RSA_KEY) {
            Ok(handed_down) => SecretBytes::from(bytes(&handed_down)),
            Err(_) => {
                let pair = DefaultProvider.generate_key_pair(KeyPairAlgorithm::Rsa2048, &SystemEntropy).unwrap();
                pair.to_pkcs8().unwrap()
            }
        })
    }
}

/// What a worker finds in its environment.
pub(crate) fn rsa_key() -> (&'static str, String) {
    (RSA_KEY, hex(OneRsaKey::key().expose()))
}

impl Provider for OneRsaKey {
    fn name(&self) -> &'static str {
        DefaultProvider.name()
    }

    fn aead(&self, algorithm: AeadAlgorithm, key: &[u8]) -> Result<Box<dyn Aead>, CryptoError> {
        DefaultProvider.aead(algorithm, key)
    }

    fn sealer(&self, algorithm: SealingAlgorithm, key: &[u8]) -> Result<Box<dyn Sealer>, CryptoError> {
        DefaultProvider.sealer(algorithm, key)
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
        match algorithm {
            KeyPairAlgorithm::Rsa2048 => self.trusted_private_key(algorithm, Self::key().expose()),
            _ => DefaultProvider.generate_key_pair(algorithm, entropy),
        }
    }

    fn private_key(&self, algorithm: KeyPairAlgorithm, pkcs8: &[u8]) -> Result<Box<dyn PrivateKey>, CryptoError> {
        DefaultProvider.private_key(algorithm, pkcs8)
    }

    fn trusted_private_key(
        &self,
        algorithm: KeyPairAlgorithm,
        pkcs8: &[u8],
    ) -> Result<Box<dyn PrivateKey>, CryptoError> {
        DefaultProvider.trusted_private_key(algorithm, pkcs8)
    }

    fn public_key(&self, algorithm: KeyPairAlgorithm, spki: &[u8]) -> Result<Box<dyn PublicKey>, CryptoError> {
        DefaultProvider.public_key(algorithm, spki)
    }
}

const RSA_KEY: &str = "KEYSTEAD_CRASH_RSA";
