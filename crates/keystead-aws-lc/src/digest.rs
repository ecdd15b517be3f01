//! SHA-2.

use aws_lc_rs::digest::{self, Algorithm, Context, SHA224, SHA256, SHA384, SHA512};
use keystead_crypto::{CryptoError, Digest, DigestAlgorithm};

/// The function of AWS-LC, if it has one.
pub(crate) fn function(algorithm: DigestAlgorithm) -> Option<&'static Algorithm> {
    match algorithm {
        DigestAlgorithm::Sha224 => Some(&SHA224),
        DigestAlgorithm::Sha256 => Some(&SHA256),
        DigestAlgorithm::Sha384 => Some(&SHA384),
        DigestAlgorithm::Sha512 => Some(&SHA512),
        _ => None,
    }
}

/// Hashes the concatenation of `parts`.
pub(crate) fn hash(function: &'static Algorithm, parts: &[&[u8]]) -> Digest {
    let mut context = Context::new(function);
    for part in parts {
        context.update(part);
    }
    Digest::new(context.finish().as_ref())
}

/// A hash value that the caller computed.
pub(crate) fn import(function: &'static Algorithm, value: &[u8]) -> Result<digest::Digest, CryptoError> {
    digest::Digest::import_less_safe(value, function).map_err(|_| CryptoError::InvalidInput)
}
