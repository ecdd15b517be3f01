//! Fingerprints: by which a key knows its imported material again, without having it.

use std::fmt;

use keystead_crypto::{MacAlgorithm, Provider, SecretBytes, constant_time_eq};
use keystead_types::KeyId;

use crate::HierarchyError;

/// What is left of imported material when it is deleted (IMP-08): HMAC-SHA-256, under a key of its own, of a label, the
/// key ID and the canonical form of the material. That is the SubjectPublicKeyInfo of a key pair, so that every encoding
/// of it is the same material, and the bytes themselves of any other.
#[derive(Clone, Copy)]
pub struct Fingerprint([u8; Self::LEN]);

impl Fingerprint {
    /// Bytes in a fingerprint, and in the key that makes it.
    pub const LEN: usize = 32;

    /// The fingerprint of material of key `key_id`.
    ///
    /// # Errors
    /// [`HierarchyError::Crypto`] when the provider fails.
    pub fn of(
        provider: &dyn Provider,
        fingerprint_key: &SecretBytes,
        key_id: KeyId,
        canonical: &[u8],
    ) -> Result<Self, HierarchyError> {
        let mac = provider.mac(MacAlgorithm::HmacSha256, fingerprint_key.expose())?;
        let code = mac.sign(&[LABEL, &key_id.to_bytes(), canonical]);
        let mut bytes = [0; Self::LEN];
        bytes.iter_mut().zip(code.as_ref()).for_each(|(to, from)| *to = *from);
        Ok(Self(bytes))
    }
}

impl PartialEq for Fingerprint {
    fn eq(&self, other: &Self) -> bool {
        constant_time_eq(&self.0, &other.0)
    }
}

impl Eq for Fingerprint {}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fingerprint")
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Fingerprint {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::encode(self.0))
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for Fingerprint {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        let mut bytes = [0; Self::LEN];
        hex::decode_to_slice(text.as_bytes(), &mut bytes).map_err(serde::de::Error::custom)?;
        Ok(Self(bytes))
    }
}

const LABEL: &[u8] = b"keystead imported material fingerprint v1";
