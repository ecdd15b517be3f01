//! What a call gives back: a response or an error, each with the ID of its request.

use std::fmt;
use std::ops::Deref;

use crate::Error;

/// The ID of one call: a random UUID, equal to `requestID` in the audit record (API-107).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct RequestId(uuid::Uuid);

impl RequestId {
    /// Makes a version-4 UUID out of random bytes.
    pub(crate) fn from_random(bytes: [u8; 16]) -> Self {
        Self(uuid::Builder::from_random_bytes(bytes).into_uuid())
    }

    /// The UUID.
    pub fn as_uuid(&self) -> &uuid::Uuid {
        &self.0
    }
}

impl From<uuid::Uuid> for RequestId {
    /// The ID of a request that is answered before it becomes a call.
    fn from(id: uuid::Uuid) -> Self {
        Self(id)
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// A response that knows the ID of its request. It dereferences to the response.
#[derive(Clone, Debug)]
pub struct Answer<R> {
    response: R,
    request_id: RequestId,
}

impl<R> Answer<R> {
    pub(crate) fn new(response: R, request_id: RequestId) -> Self {
        Self { response, request_id }
    }

    /// The ID of the call that was answered.
    pub fn request_id(&self) -> RequestId {
        self.request_id
    }

    /// The response alone.
    pub fn into_inner(self) -> R {
        self.response
    }
}

impl<R> Deref for Answer<R> {
    type Target = R;

    fn deref(&self) -> &R {
        &self.response
    }
}

/// An error that knows the ID of its request. It dereferences to the [`Error`].
#[derive(Clone, PartialEq, Eq)]
pub struct CallError {
    error: Error,
    request_id: RequestId,
}

impl CallError {
    pub(crate) fn new(error: Error, request_id: RequestId) -> Self {
        Self { error, request_id }
    }

    /// What went wrong.
    pub fn error(&self) -> &Error {
        &self.error
    }

    /// The ID of the call that failed.
    pub fn request_id(&self) -> RequestId {
        self.request_id
    }

    /// The error alone.
    pub fn into_error(self) -> Error {
        self.error
    }
}

impl Deref for CallError {
    type Target = Error;

    fn deref(&self) -> &Error {
        &self.error
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (request {})", self.error, self.request_id)
    }
}

impl fmt::Debug for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CallError({self})")
    }
}

impl std::error::Error for CallError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}

impl From<CallError> for Error {
    fn from(error: CallError) -> Self {
        error.error
    }
}
