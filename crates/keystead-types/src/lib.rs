//! The vocabulary that every Keystead crate shares: partitions, Regions, accounts, ARNs, key identifiers, timestamps.
#![forbid(unsafe_code)]
