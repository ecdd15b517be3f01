//! A root key in the operating system's keyring.
//!
//! | system | keyring | persistent |
//! |---|---|---|
//! | Linux and other Unix | the Secret Service on the session bus: GNOME Keyring, KWallet, KeePassXC | yes |
//! | macOS | the user's login keychain | yes |
//! | Windows | the Credential Manager | yes |
//!
//! The keyring of the Linux kernel (keyutils) forgets everything with a restart, and is never used unless the host
//! passes it to [`open_in`](KeyringRootKey::open_in).

mod creation;
mod error;
mod system;

use std::fmt;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

use keyring_core::{CredentialStore, Entry};
use keystead_crypto::{CryptoError, Entropy, SecretBytes, entropy::SystemEntropy};
use keystead_hierarchy::{RawRootKey, RootKey, RootKeyError, RootKeyId};
use zeroize::Zeroizing;

pub use error::KeyringError;
pub use keyring_core;

/// A root key that the operating system's keyring keeps, in an entry with a service and an account name.
///
/// The entry holds the text of a key file: 32 bytes as 64 hexadecimal digits. An entry that is there is never
/// overwritten. Losing it is losing every key that the library generated (OVR-18): keep a copy, apart from the store.
///
/// The keyring is asked once, when the root key is opened. It may then ask the user for a password; a call waits for up
/// to two minutes.
pub struct KeyringRootKey(RawRootKey);

impl KeyringRootKey {
    /// Reads the entry of the system's keyring.
    ///
    /// # Errors
    /// [`KeyringError`]; [`KeyringError::EntryMissing`] if there is no such entry.
    pub fn open(service: &str, account: &str) -> Result<Self, KeyringError> {
        Self::ask(Place::new(service, account), system::store, Place::read)
    }

    /// Reads the entry of the system's keyring, or draws a new root key and puts it there if there is none. Of several
    /// processes that try at once, one creates.
    ///
    /// # Errors
    /// [`KeyringError`].
    pub fn open_or_create(service: &str, account: &str) -> Result<Self, KeyringError> {
        Self::ask(Place::new(service, account), system::store, Place::read_or_create)
    }

    /// As [`open`](Self::open), in a keyring of the host's choice: any store of the `keyring-core` family.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_in(keyring: Arc<CredentialStore>, service: &str, account: &str) -> Result<Self, KeyringError> {
        Self::ask(Place::new(service, account), || Ok(keyring), Place::read)
    }

    /// As [`open_or_create`](Self::open_or_create), in a keyring of the host's choice. If that forgets its entries, with
    /// the process or when the machine starts again, the store is lost then.
    ///
    /// # Errors
    /// As [`open_or_create`](Self::open_or_create).
    pub fn open_or_create_in(
        keyring: Arc<CredentialStore>,
        service: &str,
        account: &str,
    ) -> Result<Self, KeyringError> {
        Self::ask(Place::new(service, account), || Ok(keyring), Place::read_or_create)
    }

    /// Speaks with the keyring on a thread of its own, and waits a limited time. The keyrings of some systems run a
    /// small asynchronous runtime, which must not be started inside another; and one that waits for a user who is not
    /// there would wait for ever.
    fn ask(
        place: Place,
        keyring: impl FnOnce() -> Result<Arc<CredentialStore>, KeyringError> + Send + 'static,
        question: fn(&Place, &CredentialStore) -> Result<SecretBytes, KeyringError>,
    ) -> Result<Self, KeyringError> {
        let (answer, answered) = sync_channel(1);
        let ask = move || {
            let key = keyring().and_then(|keyring| question(&place, keyring.as_ref()));
            // If nobody waits any more, the next one to ask finds what this one has made.
            let _ = answer.send(key);
        };
        let thread = thread::Builder::new().name("keystead-keyring".to_owned());
        thread.spawn(ask).map_err(|error| KeyringError::Thread(error.kind()))?;
        let key = answered.recv_timeout(PATIENCE).map_err(|error| match error {
            RecvTimeoutError::Timeout => KeyringError::TimedOut { after: PATIENCE },
            RecvTimeoutError::Disconnected => KeyringError::Failed { reason: "it has panicked".to_owned() },
        })??;
        Ok(Self(RawRootKey::new(&key)?))
    }
}

impl RootKey for KeyringRootKey {
    fn id(&self) -> Result<RootKeyId, RootKeyError> {
        self.0.id()
    }

    fn seal(&self, plaintext: &[u8], aad: &[u8]) -> Result<Vec<u8>, RootKeyError> {
        self.0.seal(plaintext, aad)
    }

    fn open(&self, sealed: &[u8], aad: &[u8]) -> Result<SecretBytes, RootKeyError> {
        self.0.open(sealed, aad)
    }
}

impl fmt::Debug for KeyringRootKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("KeyringRootKey").field(&self.0).finish()
    }
}

/// Where in a keyring a root key is.
struct Place {
    service: String,
    account: String,
}

impl Place {
    fn new(service: &str, account: &str) -> Self {
        Self { service: service.to_owned(), account: account.to_owned() }
    }

    fn read(&self, keyring: &CredentialStore) -> Result<SecretBytes, KeyringError> {
        let entry = self.entry(keyring)?;
        let text = Zeroizing::new(entry.get_secret().map_err(|error| self.failure(error))?);
        decode(&text).ok_or_else(|| KeyringError::EntryMalformed {
            service: self.service.clone(),
            account: self.account.clone(),
            len: text.len(),
        })
    }

    /// Keyrings replace an entry as readily as they make one, so no two may look and then write at the same time.
    fn read_or_create(&self, keyring: &CredentialStore) -> Result<SecretBytes, KeyringError> {
        match self.read(keyring) {
            Err(KeyringError::EntryMissing { .. }) => {}
            other => return other,
        }
        let _turn = creation::turn()?;
        self.unlock(keyring)?;
        match self.read(keyring) {
            Err(KeyringError::EntryMissing { .. }) => {}
            other => return other,
        }
        let text = draw(&SystemEntropy)?;
        let entry = self.entry(keyring)?;
        entry.set_secret(text.as_bytes()).map_err(|error| self.failure(error))?;
        // What counts is what the keyring gives back, and that it does.
        self.read(keyring)
    }

    /// Some keyrings show no entries while they are locked, and are unlocked by whoever writes the first. So that this does
    /// not replace the root key that is there, something else is written first, and removed again.
    fn unlock(&self, keyring: &CredentialStore) -> Result<(), KeyringError> {
        let aside = Self { service: self.service.clone(), account: format!("{}{ASIDE}", self.account) };
        let entry = aside.entry(keyring)?;
        entry.set_secret(b"-").map_err(|error| aside.failure(error))?;
        // If it stays it does no harm.
        let _ = entry.delete_credential();
        Ok(())
    }

    fn entry(&self, keyring: &CredentialStore) -> Result<Entry, KeyringError> {
        keyring.build(&self.service, &self.account, None).map_err(|error| self.failure(error))
    }

    fn failure(&self, error: keyring_core::Error) -> KeyringError {
        KeyringError::from_keyring(&self.service, &self.account, error)
    }
}

/// A new root key as the text of an entry.
fn draw(entropy: &dyn Entropy) -> Result<Zeroizing<String>, CryptoError> {
    let key = SecretBytes::random(entropy, RawRootKey::KEY_LEN)?;
    Ok(Zeroizing::new(hex::encode(key.expose())))
}

/// The key that the text of an entry stands for. White space around it is ignored: people paste.
fn decode(text: &[u8]) -> Option<SecretBytes> {
    let mut key = SecretBytes::zeroed(RawRootKey::KEY_LEN);
    hex::decode_to_slice(text.trim_ascii(), key.as_mut()).ok()?;
    Some(key)
}

/// What the name of the account ends with for the entry that unlocks.
const ASIDE: &str = " (being created)";
/// How long a keyring may take, of which a user who types a password needs the most.
const PATIENCE: Duration = Duration::from_secs(120);
