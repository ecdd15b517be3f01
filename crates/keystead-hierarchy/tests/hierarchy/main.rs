//! The behaviour of the key hierarchy, one module per subject.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod blob;
mod context;
mod domain;
mod material;
mod root;
mod schedule;
#[cfg(feature = "serde")]
mod serde;
mod spec;
mod state;
mod support;
mod vectors;
