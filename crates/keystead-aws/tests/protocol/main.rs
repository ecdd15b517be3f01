//! The AWS JSON 1.1 protocol, without a transport (chapter 50, section 2).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod errors;
mod grants;
mod lifecycle;
mod members;
mod samples;
mod targets;

#[path = "../support/mod.rs"]
mod support;
