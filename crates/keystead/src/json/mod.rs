//! Requests and responses in the API's own JSON shape (feature `serde`; chapter 50, section 2).
//!
//! A request is read from JSON bytes or text by `serde_json` and borrows from them what it can; a response is written.
//! Members have the names of the API model. Bytes are Base64, instants are seconds since the epoch.
//!
//! No message repeats a value: what is in the wrong place may be a secret.

mod read;
mod write;

pub(crate) use read::{Structure, read_member, read_structure};
#[cfg(test)]
pub(crate) use write::describe_structure;
pub(crate) use write::{WriteMember, is_absent, write_member};
