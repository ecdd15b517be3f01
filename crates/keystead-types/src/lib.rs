//! The vocabulary that every Keystead crate shares: partitions, Regions, accounts, ARNs, key identifiers, timestamps.
//!
//! Each type here can only hold a valid value: it is made by parsing, and from then on nobody asks again. All but
//! [`AliasName`] and [`AliasArn`] are `Copy` and live inline, so that they may be map keys and travel through the hot
//! path without allocating. `Display` and `Debug` both print the text a caller would write.
//!
//! | Type | Text |
//! |---|---|
//! | [`Partition`] | `aws`, `aws-cn`, … |
//! | [`Region`] | `us-west-2` |
//! | [`AccountId`] | `111122223333` |
//! | [`KeyId`] | `1234abcd-12ab-34cd-56ef-1234567890ab` or `mrk-1234abcd12ab34cd56ef1234567890ab` |
//! | [`KeyArn`] | `arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab` |
//! | [`AliasName`] | `alias/orders` |
//! | [`AliasArn`] | `arn:aws:kms:us-west-2:111122223333:alias/orders` |
//! | [`Timestamp`] | `2017-08-16T19:05:55.475Z` |
//!
//! With the feature `serde`, names are strings and a [`Timestamp`] is a number of seconds, as in the KMS API.
#![forbid(unsafe_code)]

mod account;
mod alias;
mod arn;
mod error;
mod inline;
mod key_id;
mod kms_arn;
mod partition;
mod region;
#[cfg(feature = "serde")]
mod serde;
mod text;
mod timestamp;

pub use account::AccountId;
pub use alias::{AliasName, AliasNameError};
pub use arn::Arn;
pub use error::ParseError;
pub use key_id::KeyId;
pub use kms_arn::{AliasArn, KeyArn, KmsArn};
pub use partition::Partition;
pub use region::Region;
pub use timestamp::Timestamp;
