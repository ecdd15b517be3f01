//! What can go wrong with an envelope.

use std::io;

use keystead_crypto::CryptoError;

use crate::CallError;

/// Why an envelope could not be sealed or opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EnvelopeError {
    /// A KMS operation was refused: sealing is not permitted, or opening is not, or the encryption context in the header
    /// is not the one that the data key was made for.
    #[error(transparent)]
    Kms(#[from] CallError),
    /// The envelope is genuine, but it is not bound to the demanded value of this pair of the encryption context: it is not
    /// the one that was meant.
    #[error("the envelope is not bound to the expected value of `{key}`; open the envelope that is")]
    Context {
        /// The key of the pair.
        key: String,
    },
    /// The bytes do not begin like an envelope.
    #[error("this is not an envelope; give what was sealed")]
    NotAnEnvelope,
    /// A later version of the format.
    #[error("envelope format version {0} is not known; use a later version of Keystead")]
    Version(u8),
    /// A field of the header has no meaning.
    #[error("the envelope header is damaged: {0}; get the envelope again")]
    Malformed(&'static str),
    /// The header was altered, or its data key belongs to another envelope.
    #[error("the envelope header is not authentic; get the envelope again")]
    Unauthentic,
    /// A chunk was altered, is not in its place, or the end of the envelope is missing or not its end. Chunks before it
    /// are genuine.
    #[error("the envelope is damaged or cut at chunk {index}; get the envelope again")]
    Chunk {
        /// The number of the chunk, from 0.
        index: u64,
    },
    /// More than an envelope can hold: encryption context, number of keys or number of chunks.
    #[error("{what} exceed the limit of {limit}; use fewer, or larger chunks")]
    TooLong {
        /// What there is too much of.
        what: &'static str,
        /// How much there may be.
        limit: u64,
    },
    /// A fault of provider or entropy.
    #[error("cryptography: {0}")]
    Crypto(#[from] CryptoError),
    /// Reading or writing failed.
    #[error("input or output: {0}")]
    Io(#[source] io::Error),
}

impl From<io::Error> for EnvelopeError {
    /// Takes out what [`io::Error::from`] put in.
    fn from(error: io::Error) -> Self {
        match error.downcast::<Self>() {
            Ok(own) => own,
            Err(error) => Self::Io(error),
        }
    }
}

impl From<EnvelopeError> for io::Error {
    fn from(error: EnvelopeError) -> Self {
        let kind = match &error {
            EnvelopeError::Io(inner) => inner.kind(),
            EnvelopeError::Kms(_) | EnvelopeError::Crypto(_) => io::ErrorKind::Other,
            EnvelopeError::TooLong { .. } => io::ErrorKind::FileTooLarge,
            _ => io::ErrorKind::InvalidData,
        };
        Self::new(kind, error)
    }
}
