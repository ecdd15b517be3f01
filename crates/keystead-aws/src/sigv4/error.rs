//! Why a request is not believed.

/// Why the signer of a request is not believed. The texts are the service's own, and say nothing of what was computed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// There is no `Authorization` header of this algorithm. The signer has to sign.
    #[error("Missing Authentication Token")]
    Missing,
    /// The `Authorization` header or the date lacks a part. The signer has to complete it.
    #[error("{0}")]
    Incomplete(String),
    /// No such access key, or the session token is not the one that belongs to it.
    #[error("The security token included in the request is invalid.")]
    UnknownCredentials,
    /// The credentials were temporary, and their time is over.
    #[error("The security token included in the request is expired")]
    ExpiredCredentials,
    /// The request was signed too long ago, or too far ahead, for another day, Region or service.
    #[error("{0}")]
    OutOfScope(String),
    /// The signature is not that of the request.
    #[error(
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access \
         Key and signing method. Consult the service documentation for details."
    )]
    Mismatch,
}

impl SignatureError {
    /// The name of the exception in the JSON protocol, which KMS speaks.
    pub fn json_code(&self) -> &'static str {
        self.codes().0
    }

    /// The name of the error in the query protocol, which STS speaks.
    pub fn query_code(&self) -> &'static str {
        self.codes().1
    }

    fn codes(&self) -> (&'static str, &'static str) {
        match self {
            Self::Missing => ("MissingAuthenticationTokenException", "MissingAuthenticationToken"),
            Self::Incomplete(_) => ("IncompleteSignatureException", "IncompleteSignature"),
            Self::UnknownCredentials => ("UnrecognizedClientException", "InvalidClientTokenId"),
            Self::ExpiredCredentials => ("ExpiredTokenException", "ExpiredToken"),
            Self::OutOfScope(_) | Self::Mismatch => ("InvalidSignatureException", "SignatureDoesNotMatch"),
        }
    }
}
