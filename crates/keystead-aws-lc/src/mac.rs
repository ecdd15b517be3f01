//! HMAC over SHA-2.

use std::fmt;

use aws_lc_rs::hmac::{self, Context, HMAC_SHA224, HMAC_SHA256, HMAC_SHA384, HMAC_SHA512};
use keystead_crypto::{Digest, Mac, MacAlgorithm};

/// An HMAC key whose first blocks are already absorbed; each code starts from a copy. Wiped on drop.
pub(crate) struct HmacKey(hmac::Key);

impl HmacKey {
    /// `None` when AWS-LC does not have the algorithm.
    pub(crate) fn new(algorithm: MacAlgorithm, key: &[u8]) -> Option<Self> {
        let algorithm = match algorithm {
            MacAlgorithm::HmacSha224 => HMAC_SHA224,
            MacAlgorithm::HmacSha256 => HMAC_SHA256,
            MacAlgorithm::HmacSha384 => HMAC_SHA384,
            MacAlgorithm::HmacSha512 => HMAC_SHA512,
            _ => return None,
        };
        Some(Self(hmac::Key::new(algorithm, key)))
    }
}

impl Mac for HmacKey {
    fn sign(&self, parts: &[&[u8]]) -> Digest {
        let mut context = Context::with_key(&self.0);
        for part in parts {
            context.update(part);
        }
        Digest::new(context.sign().as_ref())
    }
}

impl fmt::Debug for HmacKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HmacKey(redacted)")
    }
}
