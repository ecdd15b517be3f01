//! Root keys: the one secret that must be kept outside the store (OVR-18).
//!
//! A root key seals domain keys and nothing else. [`EphemeralRootKey`] lives as long as the process; [`FileRootKey`],
//! [`EnvRootKey`] and [`PassphraseRootKey`] come back after a restart. Others (an HSM, an OS keyring, another KMS)
//! implement [`RootKey`] and pass the suite that feature `conformance` provides. All the providers here are built on
//! [`RawRootKey`]; its sealed form, and the frame of what others seal ([`SealedElsewhere`]), are laid out, byte by byte,
//! in `docs/formats/domain-key.md`.

#[cfg(feature = "conformance")]
pub mod conformance;
mod elsewhere;
mod env;
mod ephemeral;
mod file;
mod passphrase;
mod raw;

use std::fmt;
use std::io;
use std::path::PathBuf;

use keystead_crypto::{CryptoError, SecretBytes};

pub use elsewhere::SealedElsewhere;
pub use env::EnvRootKey;
pub use ephemeral::EphemeralRootKey;
pub use file::FileRootKey;
pub use passphrase::{PassphraseCost, PassphraseRootKey};
pub use raw::RawRootKey;

/// A key that seals domain keys.
///
/// It is used when a domain is opened, created or rotated, never on the path of a cryptographic operation, so an
/// implementation may be slow or remote.
pub trait RootKey: fmt::Debug + Send + Sync + 'static {
    /// Tells this root key from others. Not secret.
    ///
    /// # Errors
    /// When the key must be fetched or derived first and that fails.
    fn id(&self) -> Result<RootKeyId, RootKeyError>;

    /// Seals `plaintext`, bound to `aad`.
    ///
    /// # Errors
    /// When the key cannot be used.
    fn seal(&self, plaintext: &[u8], aad: &[u8]) -> Result<Vec<u8>, RootKeyError>;

    /// Opens what [`seal`](Self::seal) made under the same `aad`.
    ///
    /// # Errors
    /// [`RootKeyError::WrongKey`] when another root key sealed it; [`RootKeyError::Damaged`] when it, or `aad`, is not
    /// what was sealed.
    fn open(&self, sealed: &[u8], aad: &[u8]) -> Result<SecretBytes, RootKeyError>;
}

impl<T: RootKey + ?Sized> RootKey for std::sync::Arc<T> {
    fn id(&self) -> Result<RootKeyId, RootKeyError> {
        (**self).id()
    }

    fn seal(&self, plaintext: &[u8], aad: &[u8]) -> Result<Vec<u8>, RootKeyError> {
        (**self).seal(plaintext, aad)
    }

    fn open(&self, sealed: &[u8], aad: &[u8]) -> Result<SecretBytes, RootKeyError> {
        (**self).open(sealed, aad)
    }
}

/// The root keys that only differ in where their 32 bytes come from.
macro_rules! seal_with_raw_key {
    ($($name:ident),+) => {$(
        impl RootKey for $name {
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
    )+};
}

seal_with_raw_key!(EphemeralRootKey, FileRootKey, EnvRootKey);

/// Names a root key: a one-way fingerprint of it, fit for logs. Printed as 32 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RootKeyId([u8; Self::LEN]);

impl RootKeyId {
    /// Bytes in an ID.
    pub const LEN: usize = 16;

    /// An ID from its bytes, for implementations of [`RootKey`].
    pub const fn from_bytes(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }
}

impl fmt::Display for RootKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for RootKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RootKeyId({self})")
    }
}

/// A failure of a root key. No message contains key bytes, passphrases or the value of a variable.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RootKeyError {
    /// Another root key sealed this. Caused by the host's configuration.
    #[error("sealed by root key {sealed_by}, but root key {given} was given; start with the root key of this store")]
    WrongKey {
        /// The root key that is needed.
        sealed_by: RootKeyId,
        /// The root key at hand. For a passphrase: what it yields under the salt of the sealed value.
        given: RootKeyId,
    },
    /// The sealed bytes, or what they are bound to, were changed. Caused by damage or manipulation of the store.
    #[error("the sealed domain key is damaged or belongs elsewhere; restore the record from a backup")]
    Damaged,
    /// A root key has another number of bytes than 32.
    #[error("a root key has 32 bytes, not {len}")]
    InvalidLength {
        /// Bytes that were given.
        len: usize,
    },
    /// There is no key file.
    #[error("no root key file at `{}`; create one or correct the path", path.display())]
    FileMissing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// A key file to be created exists already. It is never overwritten, for its loss is the loss of all keys.
    #[error("a file exists at `{}`; open it as root key or choose another path", path.display())]
    FileExists {
        /// Where the file is.
        path: PathBuf,
    },
    /// Users other than the owner may read or write the key file.
    #[error(
        "root key file `{}` has mode {mode:03o} and is open to other users; run `chmod 600` on it and consider the key exposed",
        path.display()
    )]
    FileExposed {
        /// Where the file is.
        path: PathBuf,
        /// The permission bits found.
        mode: u32,
    },
    /// The file does not hold 64 hexadecimal digits.
    #[error("`{}` is not a root key file; it must hold 64 hexadecimal digits and nothing else", path.display())]
    FileMalformed {
        /// Where the file is.
        path: PathBuf,
    },
    /// The operating system refused access to the key file.
    #[error("cannot access root key file `{}`: {kind}", path.display())]
    FileAccess {
        /// Where the file is.
        path: PathBuf,
        /// Why.
        kind: io::ErrorKind,
    },
    /// The environment variable is not set.
    #[error("environment variable `{name}` is not set; set it to 32 random bytes in base64 or hexadecimal")]
    VariableMissing {
        /// Name of the variable.
        name: String,
    },
    /// The value of the environment variable is not a key.
    #[error("environment variable `{name}` does not hold exactly 32 bytes in base64 or hexadecimal")]
    VariableMalformed {
        /// Name of the variable.
        name: String,
    },
    /// The passphrase is empty or longer than Argon2 takes.
    #[error("the passphrase is empty or too long; choose one of at least six random words")]
    UnfitPassphrase,
    /// The cost of the passphrase derivation is outside the accepted range.
    #[error("the cost of the passphrase derivation is outside the accepted range")]
    UnfitCost,
    /// There is too little memory to derive a key from the passphrase.
    #[error("not enough memory to derive the root key; {mebibytes} MiB are needed")]
    OutOfMemory {
        /// Memory that the derivation takes, in MiB.
        mebibytes: u32,
    },
    /// A root key kept elsewhere is missing, or whoever keeps it refuses; for implementations outside this crate.
    #[error("the root key is not available: {reason}")]
    Unavailable {
        /// What happened and what to do, without secrets.
        reason: String,
    },
    /// Where the root key is kept cannot be reached for now, and trying again may help; for implementations outside this
    /// crate.
    #[error("the root key cannot be reached: {reason}")]
    Unreachable {
        /// What happened and what to do, without secrets.
        reason: String,
    },
    /// The cryptographic provider or the source of randomness failed.
    #[error("the cryptographic provider failed: {0}")]
    Crypto(#[from] CryptoError),
}
