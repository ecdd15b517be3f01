//! Root keys in a keyring that the tests bring. For that of the system see `keyring_of_the_system.rs`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

use std::any::Any;
use std::collections::HashMap;
use std::sync::{Arc, Barrier, Mutex};
use std::time::Duration;
use std::{env, thread};

use keyring_core::api::{CredentialApi, CredentialStoreApi};
use keyring_core::{Credential, CredentialStore, Entry, Error};
use keystead_hierarchy::root::conformance;
use keystead_hierarchy::{RawRootKey, RootKey, RootKeyError};
use keystead_rootkeys::keyring::keyring_core;
use keystead_rootkeys::{KeyringError, KeyringRootKey};

/// Spec: OVR-18
#[test]
fn a_keyring_root_key_passes_the_suite_of_root_keys() {
    let keyring = Keyring::default();
    conformance::run(|| keyring.open_or_create("root"), || keyring.open_or_create("other"));
}

/// Spec: OVR-18
#[test]
fn an_entry_is_created_once_and_opens_again() {
    let keyring = Keyring::default();
    let missing = KeyringRootKey::open_in(keyring.store(), SERVICE, "root").unwrap_err();
    assert_eq!(missing, KeyringError::EntryMissing { service: SERVICE.to_owned(), account: "root".to_owned() });
    assert!(missing.to_string().contains("create one, or correct the names"));
    assert_eq!(keyring.text("root"), None, "`open` creates nothing");

    let sealed = keyring.open_or_create("root").seal(b"domain key", b"").unwrap();
    let text = keyring.text("root").unwrap();
    assert_eq!(text.len(), 64);
    for reopened in [KeyringRootKey::open_in(keyring.store(), SERVICE, "root").unwrap(), keyring.open_or_create("root")]
    {
        assert_eq!(reopened.open(&sealed, b"").unwrap().expose(), b"domain key");
    }
    assert_eq!(keyring.text("root").unwrap(), text, "the entry was overwritten");
    assert_ne!(keyring.open_or_create("other").id(), keyring.open_or_create("root").id());
}

/// The content is that of a key file, so a key can be carried over by hand.
#[test]
fn an_entry_holds_the_text_of_a_key_file() {
    let keyring = Keyring::default();
    let digits = "0123456789abcdef".repeat(4);
    let id = RawRootKey::new(&hex::decode(&digits).unwrap().into()).unwrap().id();
    for text in [digits.clone(), digits.to_uppercase(), format!("{digits}\n"), format!("  {digits}\r\n")] {
        keyring.put("root", text.as_bytes());
        assert_eq!(keyring.open_or_create("root").id(), id);
    }
}

/// Spec: OVR-18
#[test]
fn an_entry_that_is_no_key_is_left_as_it_is() {
    let keyring = Keyring::default();
    let wrong = [String::new(), "secret!".to_owned(), "0".repeat(63), "0".repeat(65), "g".repeat(64), "0".repeat(4096)];
    for text in wrong {
        keyring.put("root", text.as_bytes());
        for error in [
            KeyringRootKey::open_in(keyring.store(), SERVICE, "root").unwrap_err(),
            KeyringRootKey::open_or_create_in(keyring.store(), SERVICE, "root").unwrap_err(),
        ] {
            let (service, account) = (SERVICE.to_owned(), "root".to_owned());
            assert_eq!(error, KeyringError::EntryMalformed { service, account, len: text.len() });
            assert!(error.to_string().contains("64 hexadecimal digits") && !error.to_string().contains("secret!"));
        }
        assert_eq!(keyring.text("root"), Some(text), "what somebody else has put there was overwritten");
    }
}

/// The keyring below is slow to write and overwrites readily, as the real ones do.
///
/// Spec: OVR-18
#[test]
fn of_many_creators_one_wins() {
    let keyring = Keyring { delay: Duration::from_millis(50), ..Keyring::default() };
    let start = Barrier::new(8);
    let ids: Vec<_> = thread::scope(|scope| {
        let open = || {
            start.wait();
            keyring.open_or_create("root").id().unwrap()
        };
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(open)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    assert_eq!(keyring.writes("root"), 1);
}

/// Some keyrings show nothing while they are locked, and unlock themselves for a write.
///
/// Spec: OVR-18
#[test]
fn an_entry_that_a_locked_keyring_hides_is_not_overwritten() {
    let keyring = Keyring::default();
    let sealed = keyring.open_or_create("root").seal(b"domain key", b"").unwrap();
    keyring.lock();
    assert!(matches!(
        KeyringRootKey::open_in(keyring.store(), SERVICE, "root"),
        Err(KeyringError::EntryMissing { .. })
    ));
    assert_eq!(keyring.open_or_create("root").open(&sealed, b"").unwrap().expose(), b"domain key");
    assert_eq!(keyring.writes("root"), 1);
    assert_eq!(keyring.accounts(), ["root"], "what was written to unlock it is still there");
}

#[test]
fn failures_say_what_to_do() {
    let platform = || Box::from("the door is shut");
    let cases = [
        (Error::NoStorageAccess(platform()), "the keyring is locked or refuses access (the door is shut): unlock it"),
        (Error::Ambiguous(Vec::new()), "delete all but the one that the store was made with"),
        (Error::PlatformFailure(platform()), "the keyring has failed: the door is shut"),
        (Error::TooLong("account".to_owned(), 32), "the account has more than 32 characters"),
        (Error::Invalid("service".to_owned(), "cannot be empty".to_owned()), "the service cannot be empty"),
        (
            Error::BadEncoding(b"secret!".to_vec()),
            "is not a root key: it must hold 64 hexadecimal digits, and has 7 bytes",
        ),
        (Error::NotSupportedByStore("never".to_owned()), "never"),
    ];
    for (error, advice) in cases {
        let keyring = Keyring::default();
        keyring.fail(error);
        let error = KeyringRootKey::open_or_create_in(keyring.store(), SERVICE, "root").unwrap_err();
        assert!(error.to_string().contains(advice), "{error}");
        assert!(!format!("{error:?} {error}").contains("secret!"));
        assert_eq!(keyring.writes("root"), 0, "nothing is written when it is not known what is there");
        let error = RootKeyError::from(error);
        assert!(matches!(&error, RootKeyError::Unavailable { reason } if reason.contains(advice)), "{error}");
    }
}

#[test]
fn nothing_shows_the_key() {
    let keyring = Keyring::default();
    let root_key = keyring.open_or_create("root");
    let shown = format!("{root_key:?}");
    assert_eq!(shown, format!("KeyringRootKey(RawRootKey({}))", root_key.id().unwrap()));
    assert!(!shown.contains(&keyring.text("root").unwrap()[..8]));
}

/// A root key cannot be had where nothing listens on the session bus; that is an answer, and no panic.
#[cfg(target_os = "linux")]
#[test]
fn a_session_without_a_keyring_is_an_error() {
    if env::var_os(CHILD).is_some() {
        println!("{}", KeyringRootKey::open_or_create(SERVICE, "root").unwrap_err());
        return;
    }
    let child = std::process::Command::new(env::current_exe().unwrap())
        .args(["--exact", "a_session_without_a_keyring_is_an_error", "--nocapture"])
        .env(CHILD, "yes")
        .env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus")
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&child.stdout);
    assert!(child.status.success(), "{printed}");
    assert!(printed.contains("there is no keyring") && printed.contains("keep the root key in a file"), "{printed}");
}

/// A keyring in memory that behaves as the real ones do: it overwrites, and takes its time.
#[derive(Clone, Default)]
struct Keyring {
    inner: Arc<Mutex<Inner>>,
    delay: Duration,
}

#[derive(Default)]
struct Inner {
    entries: HashMap<String, Vec<u8>>,
    writes: Vec<String>,
    is_locked: bool,
    failure: Option<Error>,
}

impl Keyring {
    fn store(&self) -> Arc<CredentialStore> {
        Arc::new(self.clone())
    }

    #[track_caller]
    fn open_or_create(&self, account: &str) -> KeyringRootKey {
        KeyringRootKey::open_or_create_in(self.store(), SERVICE, account).unwrap()
    }

    fn put(&self, account: &str, text: &[u8]) {
        self.inner.lock().unwrap().entries.insert(account.to_owned(), text.to_vec());
    }

    fn text(&self, account: &str) -> Option<String> {
        self.inner.lock().unwrap().entries.get(account).map(|text| String::from_utf8(text.clone()).unwrap())
    }

    fn writes(&self, account: &str) -> usize {
        self.inner.lock().unwrap().writes.iter().filter(|written| *written == account).count()
    }

    fn accounts(&self) -> Vec<String> {
        self.inner.lock().unwrap().entries.keys().cloned().collect()
    }

    /// Hides everything until something is written.
    fn lock(&self) {
        self.inner.lock().unwrap().is_locked = true;
    }

    /// The next call fails.
    fn fail(&self, error: Error) {
        self.inner.lock().unwrap().failure = Some(error);
    }
}

impl CredentialStoreApi for Keyring {
    fn vendor(&self) -> String {
        "tests".to_owned()
    }

    fn id(&self) -> String {
        "1".to_owned()
    }

    fn build(&self, service: &str, user: &str, _: Option<&HashMap<&str, &str>>) -> keyring_core::Result<Entry> {
        assert_eq!(service, SERVICE);
        Ok(Entry::new_with_credential(Arc::new(Item { keyring: self.clone(), account: user.to_owned() })))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// An entry of [`Keyring`].
struct Item {
    keyring: Keyring,
    account: String,
}

impl CredentialApi for Item {
    fn set_secret(&self, secret: &[u8]) -> keyring_core::Result<()> {
        thread::sleep(self.keyring.delay);
        self.keyring.put(&self.account, secret);
        let mut inner = self.keyring.inner.lock().unwrap();
        inner.writes.push(self.account.clone());
        inner.is_locked = false;
        Ok(())
    }

    fn get_secret(&self) -> keyring_core::Result<Vec<u8>> {
        let mut inner = self.keyring.inner.lock().unwrap();
        if let Some(error) = inner.failure.take() {
            return Err(error);
        }
        let entry = if inner.is_locked { None } else { inner.entries.get(&self.account).cloned() };
        entry.ok_or(Error::NoEntry)
    }

    fn delete_credential(&self) -> keyring_core::Result<()> {
        assert!(self.account.ends_with(" (being created)"), "a root key is never deleted");
        self.keyring.inner.lock().unwrap().entries.remove(&self.account);
        Ok(())
    }

    fn get_credential(&self) -> keyring_core::Result<Option<Arc<Credential>>> {
        Ok(None)
    }

    fn get_specifiers(&self) -> Option<(String, String)> {
        None
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

const SERVICE: &str = "keystead-tests";
/// Set in a process that a test has started.
const CHILD: &str = "KEYSTEAD_TEST_CHILD";
