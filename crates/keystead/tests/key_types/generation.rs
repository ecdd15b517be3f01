//! Generating a key pair may take seconds; nobody waits for it but who asked.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use keystead::crypto::{
    Aead, AeadAlgorithm, CryptoError, DefaultProvider, Digest, DigestAlgorithm, Entropy, KeyPairAlgorithm, Mac,
    MacAlgorithm, PrivateKey, Provider, PublicKey, Sealer, SealingAlgorithm,
};
use keystead::{Client, QuotaProfile};

use crate::support::{Key, OTHER, REGION, World};
use crate::typed_key;

/// A provider that generates RSA pairs of 4,096 bits only once it is told to.
#[derive(Debug)]
struct Gated {
    entered: Mutex<Sender<()>>,
    go: Mutex<Receiver<()>>,
}

/// The other ends of a [`Gated`].
struct Gate {
    entered: Receiver<()>,
    go: Sender<()>,
}

fn gated() -> (Gated, Gate) {
    let ((entering, entered), (go, going)) = (channel(), channel());
    (Gated { entered: Mutex::new(entering), go: Mutex::new(going) }, Gate { entered, go })
}

#[test]
fn others_work_while_a_key_is_created() {
    while_generating(|client, _| drop(typed_key(client, "RSA_4096", "SIGN_VERIFY")));
}

#[test]
fn others_work_while_a_data_key_pair_is_generated() {
    while_generating(|client, key| {
        let call = client.generate_data_key_pair(&key.id).key_pair_spec("RSA_4096");
        assert_eq!(call.send().unwrap().public_key.len(), 550);
    });
}

/// Does everything else in the account and Region between the beginning and the end of `generate`.
fn while_generating(generate: impl FnOnce(&Client, &Key) + Send) {
    let (provider, gate) = gated();
    let world = World::with(|builder| builder.provider(provider).quotas(QuotaProfile::UNLIMITED));
    let key = world.key();
    std::thread::scope(|scope| {
        let generating = scope.spawn(|| generate(&world.root, &key));
        gate.entered.recv_timeout(WATCHDOG).unwrap();
        use_everything(&world, &key);
        assert!(!generating.is_finished(), "generation went on without being told to");
        gate.go.send(()).unwrap();
        generating.join().unwrap();
    });
}

fn use_everything(world: &World, key: &Key) {
    let client = &world.root;
    let sealed = client.encrypt(&key.id, b"x").send().unwrap();
    assert_eq!(client.decrypt(&sealed.ciphertext_blob).send().unwrap().expose(), b"x");
    // More keys and names than there are locks to share.
    for nth in 0..600 {
        let made = Key::of(client.create_key().send().unwrap().key_metadata.arn);
        client.create_alias(format!("alias/{nth}"), &made.id).send().unwrap();
    }
    client.update_alias("alias/1", &key.id).send().unwrap();
    client.delete_alias("alias/2").send().unwrap();
    client.tag_resource(&key.id).tag("a", "b").send().unwrap();
    client.create_grant(&key.id, "arn:aws:iam::111122223333:user/u").operation("Decrypt").send().unwrap();
    client.rotate_key_on_demand(&key.id).send().unwrap();
    client.disable_key(&key.id).send().unwrap();
    client.enable_key(&key.id).send().unwrap();
    client.list_keys().send().unwrap();
    let signing = typed_key(client, "ECC_NIST_P256", "SIGN_VERIFY");
    client.sign(&signing.id, b"m").signing_algorithm("ECDSA_SHA_256").send().unwrap();
    client.schedule_key_deletion(&signing.id).send().unwrap();
    world.foreign_key();
    assert!(world.kms.key_count(REGION.parse().unwrap(), OTHER.parse().unwrap()).unwrap() == 1);
    world.kms.sweep().unwrap();
    world.kms.rotate_domain_key(REGION.parse().unwrap()).unwrap();
}

impl Provider for Gated {
    fn name(&self) -> &'static str {
        "gated"
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

    fn generate_key_pair(
        &self,
        algorithm: KeyPairAlgorithm,
        entropy: &dyn Entropy,
    ) -> Result<Box<dyn PrivateKey>, CryptoError> {
        if algorithm == KeyPairAlgorithm::Rsa4096 {
            self.entered
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .send(())
                .map_err(|_| CryptoError::InvalidInput)?;
            let go = self.go.lock().unwrap_or_else(PoisonError::into_inner);
            go.recv_timeout(WATCHDOG).map_err(|_| CryptoError::InvalidInput)?;
        }
        DefaultProvider.generate_key_pair(algorithm, entropy)
    }

    fn private_key(&self, algorithm: KeyPairAlgorithm, pkcs8: &[u8]) -> Result<Box<dyn PrivateKey>, CryptoError> {
        DefaultProvider.private_key(algorithm, pkcs8)
    }

    fn public_key(&self, algorithm: KeyPairAlgorithm, spki: &[u8]) -> Result<Box<dyn PublicKey>, CryptoError> {
        DefaultProvider.public_key(algorithm, spki)
    }
}

/// Only a deadlock takes this long.
const WATCHDOG: Duration = Duration::from_secs(120);
