//! An unmodified `aws_sdk_kms::Client` against Keystead in the same process.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod checked;
mod errors;
mod execution;
mod operations;
mod paginators;

#[path = "../support/mod.rs"]
mod support;
