//! Holds the examples of Keystead; see the `[[example]]` entries of `Cargo.toml`.
