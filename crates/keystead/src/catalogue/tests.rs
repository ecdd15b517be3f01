//! The catalogue equals the tables of the specification and the published API model, cell by cell.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod audited;
mod grants;
mod markdown;
mod model;
mod permissions;
mod properties;
mod requests;
mod responses;
mod states;
