//! Why a policy document is refused.

use thiserror::Error;

/// A policy document that cannot be accepted. The variants are the two answers of the API: `LimitExceededException`
/// and `MalformedPolicyDocumentException`.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// The document is longer than the quota on policy size (POL-35). Caused by its author.
    #[error("the policy document is {size} bytes long, the limit is {limit}; shorten it")]
    TooLarge {
        /// Length of the document in bytes of its UTF-8 text, white space included.
        size: usize,
        /// The longest document accepted, in bytes.
        limit: usize,
    },
    /// The document is not valid JSON or breaks a rule of the policy grammar (chapter 21, section 3). Caused by its
    /// author.
    #[error("{0}")]
    Malformed(Malformed),
}

/// What is wrong in a policy document, and where. Displays as its message alone: the text for the caller.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct Malformed {
    message: String,
    pointer: String,
    line: u32,
    column: u32,
}

impl Malformed {
    pub(crate) fn new(message: String, pointer: String, (line, column): (u32, u32)) -> Self {
        Self { message, pointer, line, column }
    }

    /// The message; where the service has a wording of its own, in exactly these words.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// JSON Pointer (RFC 6901) to the member or element at fault; empty if it is the whole document, or if the text
    /// is not JSON.
    pub fn pointer(&self) -> &str {
        &self.pointer
    }

    /// Line of the fault, from 1.
    pub fn line(&self) -> u32 {
        self.line
    }

    /// Column of the fault in Unicode scalar values, from 1.
    pub fn column(&self) -> u32 {
        self.column
    }
}
