//! The in-memory storage backend of Keystead.
#![forbid(unsafe_code)]
