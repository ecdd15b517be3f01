//! The contract of a Keystead storage backend, and the conformance suite every backend passes.
#![forbid(unsafe_code)]
