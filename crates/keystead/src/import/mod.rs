//! Imported key material (chapter 32): what one import needs, and what is kept of it.

mod expiry;
mod material;
mod token;
mod wrapping_key;

pub(crate) use material::{
    Accepted, accept, new_fingerprint_key, note_materials, open_fingerprint_key, share_fingerprint_key,
    wrap_fingerprint_key,
};
pub(crate) use token::ImportToken;
pub(crate) use wrapping_key::{NewWrappingKey, open_wrapping_key};
