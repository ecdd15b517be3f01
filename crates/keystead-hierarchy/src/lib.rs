//! Root keys, domain keys, backing keys, exported key tokens and the ciphertext format of Keystead.
//!
//! ```text
//! root key            kept by the host                         [`root`]
//!   └─ domain key     one per Region, versioned                [`DomainKeys`], stored as [`DomainKeyEnvelope`]
//!        └─ material  one or more versions per KMS key         [`generate_material`], stored as [`Ekt`]
//!             └─ ciphertext, bound to its context              [`blob`], [`EncryptionContext`]
//! ```
//!
//! Beside the hierarchy stand the facts about keys that need neither policies nor storage: which specs, usages and
//! algorithms fit together ([`spec`]), which state a key is in ([`state`]), and when it rotates ([`schedule`]).
//!
//! Everything that is written to disk or handed to callers has a documented, versioned format: see `docs/formats`.
#![forbid(unsafe_code)]

mod api_enum;
mod context;
mod domain;
mod ekt;
mod error;
mod fingerprint;
mod material;
mod pairs;
mod wire;

pub mod blob;
pub mod root;
pub mod schedule;
pub mod spec;
pub mod state;

#[cfg(feature = "serde")]
#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;

pub use blob::BlobHeader;
pub use context::{EncryptionContext, MAX_CANONICAL_LEN};
pub use domain::{Domain, DomainKeyEnvelope, DomainKeys};
pub use ekt::{Ekt, EktBinding, Purpose};
pub use error::HierarchyError;
pub use fingerprint::Fingerprint;
pub use material::{MaterialId, generate_material};
pub use root::{
    EnvRootKey, EphemeralRootKey, FileRootKey, PassphraseCost, PassphraseRootKey, RawRootKey, RootKey, RootKeyError,
    RootKeyId, SealedElsewhere,
};
pub use schedule::{RotationPeriod, RotationSchedule};
pub use spec::Profile;
pub use state::{Deletion, KeyFacts};
