//! How the use of a KMS key fails.

use std::io;
use std::time::Duration;

use keystead_crypto::CryptoError;
use keystead_hierarchy::RootKeyError;
use keystead_types::KeyArn;

/// Why a KMS did not do what a root key needs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KmsError {
    /// The host named something else than a KMS key by its ARN.
    #[error("`{text}` is not the ARN of a KMS key: write it as in `arn:aws:kms:us-west-2:111122223333:key/…`")]
    NotKeyArn {
        /// What was named.
        text: String,
    },
    /// The ciphertext, or what it is bound to, was changed. Caused by damage or manipulation of the store.
    #[error("the KMS does not know the ciphertext as one of its own under this key and context")]
    InvalidCiphertext,
    /// The key policy, or something before it, refuses the caller; or the KMS does not accept its credentials.
    #[error("the KMS refuses the use of `{key}`: allow this caller kms:Encrypt and kms:Decrypt on it ({reason})")]
    AccessDenied {
        /// The key.
        key: Box<KeyArn>,
        /// What the KMS said.
        reason: String,
    },
    /// The KMS key is disabled.
    #[error("`{key}` is disabled: enable it, and keep it enabled as long as the store is used")]
    Disabled {
        /// The key.
        key: Box<KeyArn>,
    },
    /// The state of the KMS key forbids its use. Most often it waits for its deletion.
    #[error("`{key}` is in a state in which it cannot be used: if it waits for deletion, cancel that ({reason})")]
    InvalidState {
        /// The key.
        key: Box<KeyArn>,
        /// What the KMS said.
        reason: String,
    },
    /// The KMS has no such key.
    #[error(
        "there is no key `{key}` in this KMS: correct its ARN, Region or endpoint; if it was deleted, what it sealed is \
         lost, and only a copy of the store under another root key helps"
    )]
    NotFound {
        /// The key.
        key: Box<KeyArn>,
    },
    /// The KMS had too many requests, also after the retries of the SDK.
    #[error("the KMS has too many requests: try again later, or raise its quota ({reason})")]
    Throttled {
        /// What the KMS said.
        reason: String,
    },
    /// The KMS cannot be reached, or cannot answer for now.
    #[error("the KMS cannot be reached: check network, endpoint and credentials, and try again ({reason})")]
    Unreachable {
        /// What happened on the way.
        reason: String,
    },
    /// The KMS did not answer in time.
    #[error("the KMS has not answered within {} ms: check the network, and try again", after.as_millis())]
    TimedOut {
        /// How long it had.
        after: Duration,
    },
    /// The KMS refuses for another reason; the key may be of another kind than one that encrypts and decrypts.
    #[error("the KMS refuses: {code}: {reason}; a symmetric key for encryption and decryption is needed")]
    Refused {
        /// The name of the exception.
        code: String,
        /// What the KMS said.
        reason: String,
    },
    /// The thread that speaks with the KMS could not be started, or has ended.
    #[error("no thread for calls to the KMS: {0}")]
    Thread(io::ErrorKind),
    /// The cryptographic provider failed.
    #[error("the cryptographic provider failed: {0}")]
    Crypto(#[from] CryptoError),
}

impl KmsError {
    /// What an exception of the KMS API means for the use of `key`.
    pub fn from_exception(key: &KeyArn, code: &str, reason: &str) -> Self {
        let (key, reason) = (|| Box::new(*key), || reason.to_owned());
        match EXCEPTIONS.iter().find(|(name, _)| *name == code).map(|(_, meaning)| meaning) {
            Some(Meaning::Damaged) => Self::InvalidCiphertext,
            Some(Meaning::AccessDenied) => Self::AccessDenied { key: key(), reason: reason() },
            Some(Meaning::Disabled) => Self::Disabled { key: key() },
            Some(Meaning::InvalidState) => Self::InvalidState { key: key(), reason: reason() },
            Some(Meaning::NotFound) => Self::NotFound { key: key() },
            Some(Meaning::Throttled) => Self::Throttled { reason: reason() },
            Some(Meaning::Unreachable) => Self::Unreachable { reason: format!("{code}: {}", reason()) },
            None => Self::Refused { code: code.to_owned(), reason: reason() },
        }
    }
}

impl From<KmsError> for RootKeyError {
    fn from(error: KmsError) -> Self {
        match error {
            KmsError::InvalidCiphertext => Self::Damaged,
            KmsError::Crypto(error) => Self::Crypto(error),
            KmsError::Throttled { .. } | KmsError::Unreachable { .. } | KmsError::TimedOut { .. } => {
                Self::Unreachable { reason: error.to_string() }
            }
            _ => Self::Unavailable { reason: error.to_string() },
        }
    }
}

/// What an exception says about the use of a key.
enum Meaning {
    Damaged,
    AccessDenied,
    Disabled,
    InvalidState,
    NotFound,
    Throttled,
    Unreachable,
}

/// The exceptions of Encrypt and Decrypt, and those that all services of AWS have in common. Any other is a refusal.
const EXCEPTIONS: [(&str, Meaning); 22] = [
    ("InvalidCiphertextException", Meaning::Damaged),
    // The frame has named this key already, so it is the ciphertext that is not as it was.
    ("IncorrectKeyException", Meaning::Damaged),
    ("AccessDeniedException", Meaning::AccessDenied),
    ("ExpiredTokenException", Meaning::AccessDenied),
    ("IncompleteSignature", Meaning::AccessDenied),
    ("InvalidClientTokenId", Meaning::AccessDenied),
    ("InvalidSignatureException", Meaning::AccessDenied),
    ("MissingAuthenticationToken", Meaning::AccessDenied),
    ("OptInRequired", Meaning::AccessDenied),
    ("UnrecognizedClientException", Meaning::AccessDenied),
    ("DisabledException", Meaning::Disabled),
    ("KMSInvalidStateException", Meaning::InvalidState),
    ("NotFoundException", Meaning::NotFound),
    ("RequestLimitExceeded", Meaning::Throttled),
    ("Throttling", Meaning::Throttled),
    ("ThrottlingException", Meaning::Throttled),
    ("DependencyTimeoutException", Meaning::Unreachable),
    ("InternalFailure", Meaning::Unreachable),
    ("KMSInternalException", Meaning::Unreachable),
    ("KeyUnavailableException", Meaning::Unreachable),
    ("RequestExpired", Meaning::Unreachable),
    ("ServiceUnavailable", Meaning::Unreachable),
];
