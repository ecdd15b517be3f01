//! An embeddable key management system with the semantics of AWS KMS.
#![forbid(unsafe_code)]
