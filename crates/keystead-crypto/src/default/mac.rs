//! HMAC and CMAC.

use std::fmt;

use hmac::{KeyInit, Mac as RustCryptoMac};

use crate::{CryptoError, Digest, Mac};

/// A MAC key whose first blocks are already absorbed; each code starts from a copy. Wiped on drop.
pub(super) struct MacKey<M>(M);

impl<M: KeyInit> MacKey<M> {
    pub(super) fn new(key: &[u8]) -> Result<Self, CryptoError> {
        M::new_from_slice(key).map(Self).map_err(|_| CryptoError::InvalidKey)
    }
}

impl<M: RustCryptoMac + Clone + Send + Sync> Mac for MacKey<M> {
    fn sign(&self, parts: &[&[u8]]) -> Digest {
        let mut mac = self.0.clone();
        for part in parts {
            mac.update(part);
        }
        Digest::new(&mac.finalize().into_bytes())
    }
}

impl<M> fmt::Debug for MacKey<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MacKey(redacted)")
    }
}
