//! Holds the examples of Keystead; see the `[[example]]` entries of `Cargo.toml`. What an example needs beyond a page
//! stands here, so that tests can drive it.
#![forbid(unsafe_code)]

pub mod explain;
