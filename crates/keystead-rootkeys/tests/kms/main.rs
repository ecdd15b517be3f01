//! Root keys in another KMS. The KMS is a Keystead, reached through an unmodified `aws_sdk_kms::Client` and directly.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod failures;
mod format;
mod runtimes;
mod stores;
mod support;
