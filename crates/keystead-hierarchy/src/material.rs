//! Key material: how it is drawn, and how it is named without being shown.

use std::fmt;
use std::str::FromStr;

use keystead_crypto::{CryptoError, Entropy, MacAlgorithm, Provider, SecretBytes};
use keystead_types::KeyId;

use crate::HierarchyError;
use crate::spec::{KeySpec, Profile, UnknownName};

/// Makes fresh material (ROT-08, OVR-12): random bytes for symmetric encryption and HMAC keys, a private key in PKCS #8
/// for key pairs. The entropy is that for keys, not that for nonces. RSA keys take up to seconds.
///
/// # Errors
/// [`HierarchyError::Crypto`] when the source of randomness fails or the provider lacks the kind of key pair.
pub fn generate_material(
    spec: KeySpec,
    profile: Profile,
    provider: &dyn Provider,
    entropy: &dyn Entropy,
) -> Result<SecretBytes, HierarchyError> {
    Ok(match (spec.key_pair(), spec.material_len(profile)) {
        (Some(key_pair), _) => provider.generate_key_pair(key_pair, entropy)?.to_pkcs8()?,
        (None, Some(len)) => SecretBytes::random(entropy, len)?,
        (None, None) => return Err(CryptoError::Unsupported.into()),
    })
}

/// The public name of one material of one key (`KeyMaterialId`): 64 lower-case hexadecimal digits.
///
/// It is HMAC-SHA-256, keyed with the material, of a label and the key ID. So it depends on nothing else: the same
/// material imported again into the same key, or into a related multi-Region key, has the same name (IMP-07, MRK-64),
/// and other keys' names for it are unrelated. It reveals nothing that a ciphertext does not: HMAC under an unknown
/// key of full entropy cannot be told from random bytes, and who has a guess at the material can test it against the
/// name exactly as against any blob's tag. Source: chapter 11, section 17.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MaterialId([u8; Self::LEN]);

impl MaterialId {
    /// Bytes in an ID.
    pub const LEN: usize = 32;

    /// The name of `material` as material of key `key_id`.
    ///
    /// # Errors
    /// [`HierarchyError::Crypto`] when the provider fails.
    pub fn of(provider: &dyn Provider, key_id: KeyId, material: &SecretBytes) -> Result<Self, HierarchyError> {
        let mac = provider.mac(MacAlgorithm::HmacSha256, material.expose())?;
        // HMAC pads short keys with zeros; the length keeps materials apart that differ by such zeros only.
        let len = (material.len() as u64).to_be_bytes();
        let code = mac.sign(&[LABEL, &key_id.to_bytes(), &len]);
        let mut id = [0; Self::LEN];
        id.iter_mut().zip(code.as_ref()).for_each(|(to, from)| *to = *from);
        Ok(Self(id))
    }

    /// An ID from the bytes that [`as_bytes`](Self::as_bytes) gave.
    pub const fn from_bytes(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }
}

impl fmt::Display for MaterialId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for MaterialId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MaterialId({self})")
    }
}

impl FromStr for MaterialId {
    type Err = UnknownName;

    /// Exactly 64 lower-case hexadecimal digits.
    fn from_str(text: &str) -> Result<Self, UnknownName> {
        let mut id = [0; Self::LEN];
        let lower = !text.bytes().any(|byte| byte.is_ascii_uppercase());
        match hex::decode_to_slice(text, &mut id) {
            Ok(()) if lower => Ok(Self(id)),
            _ => Err(UnknownName::new("key material ID")),
        }
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for MaterialId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for MaterialId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        crate::__private::deserialize_from_str(deserializer, "64 lower-case hexadecimal digits")
    }
}

const LABEL: &[u8] = b"keystead key material id v1";
