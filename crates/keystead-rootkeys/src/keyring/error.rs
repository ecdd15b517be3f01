//! How the use of a keyring fails.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use keystead_crypto::CryptoError;
use keystead_hierarchy::RootKeyError;

/// Why the keyring did not give a root key. No message contains the content of an entry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyringError {
    /// There is no keyring: the system has none that is supported, or nothing provides one in this session.
    #[error(
        "there is no keyring ({reason}): log in to a session with one (on Linux a Secret Service such as GNOME Keyring, \
         on the session bus), or keep the root key in a file"
    )]
    NoKeyring {
        /// What the system said.
        reason: String,
    },
    /// The keyring is locked, or does not let this program in.
    #[error("the keyring is locked or refuses access ({reason}): unlock it, or allow this program to use it")]
    Locked {
        /// What the keyring said.
        reason: String,
    },
    /// There is no such entry.
    #[error(
        "the keyring has no entry with service `{service}` and account `{account}`: unlock it, create one, or correct the names"
    )]
    EntryMissing {
        /// The service.
        service: String,
        /// The account.
        account: String,
    },
    /// Several entries bear these names.
    #[error(
        "the keyring has several entries with service `{service}` and account `{account}`: delete all but the one that \
         the store was made with"
    )]
    EntryAmbiguous {
        /// The service.
        service: String,
        /// The account.
        account: String,
    },
    /// The entry is not a root key.
    #[error(
        "the entry with service `{service}` and account `{account}` is not a root key: it must hold 64 hexadecimal \
         digits, and has {len} bytes"
    )]
    EntryMalformed {
        /// The service.
        service: String,
        /// The account.
        account: String,
        /// Bytes in the entry.
        len: usize,
    },
    /// The keyring cannot have entries of this name.
    #[error("the keyring takes no entry with service `{service}` and account `{account}`: {reason}")]
    InvalidName {
        /// The service.
        service: String,
        /// The account.
        account: String,
        /// What the keyring said.
        reason: String,
    },
    /// The keyring did not answer. It may be waiting for a password that nobody can type.
    #[error("the keyring has not answered within {} s: unlock it first", after.as_secs())]
    TimedOut {
        /// How long it had.
        after: Duration,
    },
    /// The file by which processes take turns in creating an entry cannot be used.
    #[error("cannot lock `{}`, by which processes take turns in creating a root key: {kind}", path.display())]
    Turn {
        /// The file.
        path: PathBuf,
        /// Why.
        kind: io::ErrorKind,
    },
    /// The thread that speaks with the keyring could not be started.
    #[error("no thread for calls to the keyring: {0}")]
    Thread(io::ErrorKind),
    /// The keyring failed in another way.
    #[error("the keyring has failed: {reason}")]
    Failed {
        /// What the keyring said.
        reason: String,
    },
    /// The root key could not be made.
    #[error(transparent)]
    RootKey(#[from] RootKeyError),
}

impl KeyringError {
    /// The debug form of these errors can hold what an entry contains, the printed one never does.
    pub(super) fn from_keyring(service: &str, account: &str, error: keyring_core::Error) -> Self {
        use keyring_core::Error;

        let (service, account) = (service.to_owned(), account.to_owned());
        match error {
            Error::NoEntry => Self::EntryMissing { service, account },
            Error::NoStorageAccess(error) => Self::Locked { reason: error.to_string() },
            Error::Ambiguous(_) => Self::EntryAmbiguous { service, account },
            Error::BadEncoding(bytes) | Error::BadDataFormat(bytes, _) => {
                let bytes = keystead_crypto::SecretBytes::from(bytes);
                Self::EntryMalformed { service, account, len: bytes.len() }
            }
            Error::Invalid(name, why) => Self::InvalidName { service, account, reason: format!("the {name} {why}") },
            Error::TooLong(name, limit) => {
                Self::InvalidName { service, account, reason: format!("the {name} has more than {limit} characters") }
            }
            Error::PlatformFailure(error) => Self::Failed { reason: error.to_string() },
            error => Self::Failed { reason: error.to_string() },
        }
    }
}

impl From<CryptoError> for KeyringError {
    fn from(error: CryptoError) -> Self {
        Self::RootKey(error.into())
    }
}

impl From<KeyringError> for RootKeyError {
    fn from(error: KeyringError) -> Self {
        match error {
            KeyringError::RootKey(error) => error,
            KeyringError::TimedOut { .. } => Self::Unreachable { reason: error.to_string() },
            _ => Self::Unavailable { reason: error.to_string() },
        }
    }
}
