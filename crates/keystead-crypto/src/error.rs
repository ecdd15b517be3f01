//! What can go wrong inside a provider.

/// A failure of a cryptographic provider. It never says more than its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CryptoError {
    /// Ciphertext, tag, nonce or associated data do not belong together.
    #[error("authentication failed")]
    Unauthenticated,
    /// The key is not one of the algorithm: of another length, malformed, or with parts that do not fit each other.
    #[error("key is not one of the algorithm")]
    InvalidKey,
    /// The input does not have the length that the algorithm takes, such as that of a hash.
    #[error("input does not have the length that the algorithm takes")]
    InvalidInput,
    /// The input is longer than the algorithm allows.
    #[error("input is longer than the algorithm allows")]
    InputTooLong,
    /// More output is asked for than the algorithm gives.
    #[error("more output is asked for than the algorithm gives")]
    OutputTooLong,
    /// The provider does not implement the algorithm.
    #[error("algorithm is not implemented by this provider")]
    Unsupported,
    /// The source of randomness failed.
    #[error("the source of randomness failed")]
    Entropy,
}
