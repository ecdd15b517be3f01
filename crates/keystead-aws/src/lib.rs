//! The AWS JSON 1.1 form of Keystead.
//!
//! - [`protocol`]: one call as bytes in, bytes out, without a transport.
//! - `sdk` (feature `sdk`, on by default): an unmodified `aws_sdk_kms::Client` talks to Keystead in the same process.
//! - `server` (feature `server`): the same over HTTP, to callers who sign their requests (`sigv4`).
//!
//! How code written for AWS KMS is tested and run with it, and what is different, is in `docs/aws.md`.
#![forbid(unsafe_code)]

pub mod protocol;
#[cfg(feature = "sdk")]
pub mod sdk;
#[cfg(feature = "server")]
pub mod server;
#[cfg(feature = "server")]
pub mod sigv4;
