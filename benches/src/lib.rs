//! Holds the benchmarks of Keystead; see the `[[bench]]` entries of `Cargo.toml`.
