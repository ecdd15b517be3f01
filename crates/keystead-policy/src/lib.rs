//! Parse, validate, compile, decide and explain AWS-style key and identity policies.
#![forbid(unsafe_code)]
