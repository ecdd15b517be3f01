//! Root keys, domain keys, backing keys, exported key tokens and the ciphertext format of Keystead.
#![forbid(unsafe_code)]
