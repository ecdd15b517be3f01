//! Root keys of Keystead that are kept elsewhere: in the operating system's keyring, or in another KMS.
//!
//! A store is opened with one root key, which must not lie beside it (OVR-18). The root keys that need nothing but the
//! process and its disk are in `keystead-hierarchy`; those here need somebody else to be there:
//!
//! | root key | feature | who keeps the secret |
//! |---|---|---|
//! | `KeyringRootKey` | `keyring` | the operating system, unlocked when the user logs in |
//! | [`KmsRootKey`] | `aws` | AWS KMS, or whatever speaks its protocol, through `aws-sdk-kms` |
//! | [`KmsRootKey`] | `keystead` | another Keystead in this process |
//! | [`KmsRootKey`] | none | any KMS for which the host implements [`KeyService`] |
//!
//! No feature is on by default. All of them pass the suite of root keys, `keystead_hierarchy::root::conformance`. Which
//! one is for whom, what each protects against, and what its loss means is in the manual, `docs/root-keys.md`.
#![forbid(unsafe_code)]

#[cfg(feature = "keyring")]
pub mod keyring;
pub mod kms;

#[cfg(feature = "keyring")]
pub use keyring::{KeyringError, KeyringRootKey};
pub use kms::{KeyService, KmsError, KmsRootKey};
