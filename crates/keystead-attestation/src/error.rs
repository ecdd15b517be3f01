//! What can be wrong with an attestation document.

use keystead_crypto::CryptoError;

/// Why an attestation document is not believed.
///
/// The message names the class of failure (ENV-68) and nothing that the document holds.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AttestationError {
    /// The bytes are not an attestation document. The caller sent something else, or it was altered.
    #[error("attestation document is malformed: {0}")]
    Malformed(#[from] Malformed),
    /// A certificate does not lead from the document to a trust anchor of the host.
    #[error("certificate chain of the attestation document is not trusted: certificate {position} {fault}")]
    CertificateChain {
        /// Which certificate: 0 is the root, the last one signed the document.
        position: usize,
        /// What is wrong with it.
        fault: CertificateFault,
    },
    /// The document, or a certificate of its chain, is not valid at the time of verification.
    #[error("attestation document is expired or not yet valid: {0}")]
    Expired(Expiry),
    /// The document was not signed with the key of its certificate.
    #[error("signature of the attestation document is wrong")]
    Signature,
    /// The document has no public key to which a response can be encrypted.
    #[error("public key of the attestation document cannot be used: {0}")]
    PublicKey(#[from] RecipientKeyError),
    /// The provider failed for a reason that is not the document's, such as an algorithm it does not implement.
    #[error("attestation document cannot be verified: {0}")]
    Provider(#[from] CryptoError),
}

impl AttestationError {
    /// The class of failure in the words of ENV-68; `None` when the document is not to blame.
    pub fn class(&self) -> Option<&'static str> {
        Some(match self {
            Self::Malformed(_) => "malformed",
            Self::CertificateChain { .. } => "certificate chain",
            Self::Expired(_) => "expired",
            Self::Signature => "signature",
            Self::PublicKey(_) => "public key",
            Self::Provider(_) => return None,
        })
    }
}

/// How the encoding of a document breaks the rules of ENV-72 to ENV-74.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Malformed {
    /// There are no bytes, or more than 262,144.
    #[error("it must have 1 to 262144 bytes")]
    Size,
    /// The bytes are not CBOR, end too early, or hold an item of another type than the one expected.
    #[error("it is not well-formed CBOR of the expected types")]
    Cbor,
    /// An array, map or string does not say its length.
    #[error("it has an item of indefinite length")]
    IndefiniteLength,
    /// Items are nested deeper than 8 levels.
    #[error("it is nested too deeply")]
    Depth,
    /// A map has the same key twice.
    #[error("a map has a key twice")]
    DuplicateKey,
    /// Bytes follow the end of the structure.
    #[error("bytes follow its end")]
    TrailingBytes,
    /// The protected header is not `{1: -35}`, that is ES384.
    #[error("its protected header must name the algorithm ES384 and nothing else")]
    Algorithm,
    /// The signature does not have 96 bytes.
    #[error("its signature must have 96 bytes")]
    SignatureLength,
    /// A required field is missing.
    #[error("field `{0}` is missing")]
    MissingField(&'static str),
    /// A field does not have the length or value that it must have.
    #[error("field `{0}` has a length or value that is not allowed")]
    Field(&'static str),
}

/// What is wrong with a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateFault {
    /// The first certificate of the bundle is none of the host's trust anchors, or the host has none (ENV-70).
    #[error("is not a trust anchor of this host")]
    NotAnAnchor,
    /// It is not a certificate in DER.
    #[error("is not a DER certificate")]
    Encoding,
    /// It is not of version 3.
    #[error("is not of X.509 version 3")]
    Version,
    /// It does not hold a P-384 key, or is not signed by ECDSA with SHA-384.
    #[error("does not use P-384 with ECDSA-SHA384")]
    Algorithm,
    /// It has an extension twice, or a critical one that this verifier does not know.
    #[error("has a repeated or an unknown critical extension")]
    Extension,
    /// It does not name the subject of the certificate before it as its issuer.
    #[error("names another issuer than the certificate before it")]
    Issuer,
    /// The certificate before it did not sign it.
    #[error("is not signed by the certificate before it")]
    Signature,
    /// It issues a certificate, but its basic constraints or its key usage do not allow that.
    #[error("may not issue certificates")]
    NotAnIssuer,
    /// More certificates follow it than its path length allows.
    #[error("has more certificates below it than its path length allows")]
    PathLength,
    /// It signed the document, but is an issuer, or its key usage does not allow that.
    #[error("may not sign documents")]
    NotASigner,
}

/// What is expired or not yet valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Expiry {
    /// A certificate, outside its validity period; 0 is the root.
    #[error("certificate {0} is outside its validity period")]
    Certificate(usize),
    /// The document is older than the host allows (ENV-77): ask for a new one.
    #[error("the document is too old, request a new one")]
    TooOld,
    /// The document is dated further in the future than the host allows.
    #[error("the document is dated in the future, check the clocks")]
    InFuture,
}

/// Why a public key cannot receive responses (ENV-78).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecipientKeyError {
    /// The document has none.
    #[error("the document has none, request one with a public key")]
    Missing,
    /// It is not an RSA key as SubjectPublicKeyInfo in DER.
    #[error("it is not an RSA key in DER SubjectPublicKeyInfo form")]
    NotRsa,
    /// It does not have 2,048, 3,072 or 4,096 bits, or its exponent is even or less than 3.
    #[error("it must have 2048, 3072 or 4096 bits and an odd exponent of at least 3")]
    Size,
}
