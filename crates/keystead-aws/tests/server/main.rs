//! The HTTP service, over sockets.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod command;
mod http;
mod identity;
mod limits;
mod support;
