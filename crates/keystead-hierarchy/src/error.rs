//! What can go wrong in the key hierarchy.

use keystead_crypto::CryptoError;

use crate::root::RootKeyError;

/// A failure of the key hierarchy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HierarchyError {
    /// The bytes are not a ciphertext blob: magic, format version, algorithm or length is wrong. Caused by the caller.
    #[error("the bytes are not a ciphertext blob; pass it complete and unchanged")]
    MalformedBlob,
    /// Ciphertext, header and encryption context do not belong together, or another key made the blob. Which of them
    /// is wrong is not told (KEY-87). Caused by the caller.
    #[error("the ciphertext does not open under this key and encryption context")]
    UnauthenticBlob,
    /// The bytes are not an exported key token. Caused by damage in the store.
    #[error("the bytes are not an exported key token; the stored record is damaged")]
    MalformedToken,
    /// The token was changed, or belongs to another key, version, purpose or domain (OVR-16). Caused by damage or
    /// manipulation of the store.
    #[error("the exported key token does not belong to this key, version and domain; the stored record is damaged")]
    UnauthenticToken,
    /// The bytes are not a domain key envelope. Caused by damage in the store.
    #[error("the bytes are not a domain key envelope; the stored record is damaged")]
    MalformedEnvelope,
    /// The ring has no such domain key: retired too early, or its envelope was not given to `open`.
    #[error("domain key version {version} is missing; open the domain with the envelopes of all versions in use")]
    UnknownDomainKey {
        /// The version that the token names.
        version: u32,
    },
    /// Two envelopes bear the same version.
    #[error("domain key version {version} stands in two envelopes; keep one record per version")]
    DuplicateDomainKey {
        /// The repeated version.
        version: u32,
    },
    /// A domain was opened without any envelope.
    #[error("the domain has no key; open it with its envelopes or generate one")]
    NoDomainKey,
    /// The current domain key cannot be retired.
    #[error("domain key version {version} is the current one; rotate before retiring it")]
    DomainKeyInUse {
        /// The current version.
        version: u32,
    },
    /// The ring has used its last version number.
    #[error("the domain has no version number left")]
    VersionsExhausted,
    /// The root key refused.
    #[error(transparent)]
    Root(#[from] RootKeyError),
    /// The cryptographic provider or the source of randomness failed.
    #[error("the cryptographic provider failed: {0}")]
    Crypto(#[from] CryptoError),
}
