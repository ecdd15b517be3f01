//! The exported key token (EKT): key material wrapped under a domain key, the only form in which it is stored.
//!
//! Layout, byte by byte: `docs/formats/ekt.md`.

use std::fmt;

use keystead_crypto::{Entropy, SecretBytes};
use keystead_types::{AccountId, KeyId};
use smallvec::SmallVec;

use crate::HierarchyError;
use crate::blob::account_to_bytes;
use crate::domain::{Domain, DomainKey};
use crate::spec::{KeySpec, KeyUsage};
use crate::wire::{self, Sealed, VersionHeader, write_short_text};

/// Key material wrapped under one version of a domain key. Not secret.
///
/// [`DomainKeys`](crate::DomainKeys) makes and opens tokens. A token that exists has a well-formed header; whether it is
/// authentic shows when it is opened.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Ekt(Vec<u8>);

impl Ekt {
    /// Bytes that a token has more than the material in it.
    pub const OVERHEAD: usize = VersionHeader::LEN + Sealed::OVERHEAD;

    /// Takes the bytes that [`as_bytes`](Self::as_bytes) gave.
    ///
    /// # Errors
    /// [`HierarchyError::MalformedToken`] for another magic, format version or algorithm, domain key version 0, or no
    /// material.
    pub fn from_bytes(bytes: impl Into<Vec<u8>>) -> Result<Self, HierarchyError> {
        let bytes = bytes.into();
        match split(&bytes) {
            Some(_) => Ok(Self(bytes)),
            None => Err(HierarchyError::MalformedToken),
        }
    }

    /// The bytes to store.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The bytes to store.
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// The version of the domain key that opens this token.
    pub fn domain_key_version(&self) -> u32 {
        split(&self.0).map_or(0, |(header, _)| header.version)
    }

    /// Wraps `material`. The token is the only allocation.
    pub(crate) fn wrap(
        key: &DomainKey,
        domain: &Domain,
        binding: &EktBinding,
        material: &SecretBytes,
        entropy: &dyn Entropy,
    ) -> Result<Self, HierarchyError> {
        let header = key.header(MAGIC).to_bytes()?;
        let aad = binding.associated_data(&header, domain);
        Ok(Self(wire::seal(key.sealer.as_ref(), entropy, &header, &aad, material.expose())?))
    }

    /// Opens the token under `key`, whose version and algorithm must be those that the token names.
    pub(crate) fn unwrap(
        &self,
        key: &DomainKey,
        domain: &Domain,
        binding: &EktBinding,
    ) -> Result<SecretBytes, HierarchyError> {
        let (header, sealed) = split(&self.0).ok_or(HierarchyError::MalformedToken)?;
        if header != key.header(MAGIC) {
            return Err(HierarchyError::UnauthenticToken);
        }
        let aad = binding.associated_data(sealed.header, domain);
        sealed.open(key.sealer.as_ref(), &aad).map_err(|_| HierarchyError::UnauthenticToken)
    }
}

impl TryFrom<Vec<u8>> for Ekt {
    type Error = HierarchyError;

    fn try_from(bytes: Vec<u8>) -> Result<Self, HierarchyError> {
        Self::from_bytes(bytes)
    }
}

impl AsRef<[u8]> for Ekt {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Ekt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ekt(domain key version {}, {} bytes)", self.domain_key_version(), self.0.len())
    }
}

/// What a token belongs to. It opens only under the same binding, in the same domain (OVR-16).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EktBinding {
    /// The account that owns the key.
    pub account: AccountId,
    /// The key.
    pub key_id: KeyId,
    /// The version of the key's material.
    pub material_version: u32,
    /// The spec of the key.
    pub spec: KeySpec,
    /// The usage of the key.
    pub usage: KeyUsage,
    /// What the secret in the token is for.
    pub purpose: Purpose,
}

impl EktBinding {
    /// Header, domain and binding. Every part has a fixed length or stands behind its length, so the whole is injective.
    fn associated_data(&self, header: &[u8], domain: &Domain) -> SmallVec<[u8; 256]> {
        let mut data = SmallVec::new();
        data.extend_from_slice(header);
        domain.write_canonical(&mut data);
        data.extend_from_slice(&account_to_bytes(self.account));
        data.extend_from_slice(&self.key_id.to_bytes());
        data.extend_from_slice(&self.material_version.to_be_bytes());
        write_short_text(self.spec.as_str(), &mut data);
        write_short_text(self.usage.as_str(), &mut data);
        write_short_text(self.purpose.as_str(), &mut data);
        data
    }
}

crate::api_enum! {
    /// What a wrapped secret of a key is for. The names are part of the token format.
    #[non_exhaustive]
    pub enum Purpose("purpose") {
        /// The material that the key's operations use (HBK).
        Material = "MATERIAL",
        /// The key that turns imported material into its fingerprint (IMP-08).
        Fingerprint = "FINGERPRINT",
        /// The private key under which material is wrapped for import.
        ImportWrappingKey = "IMPORT_WRAPPING_KEY",
        /// The private keys of a transfer request, for which another instance seals a key.
        TransferKey = "TRANSFER_KEY",
        /// The inner key of a key in an external key store (CKS-94).
        InnerKey = "INNER_KEY",
    }
}

fn split(token: &[u8]) -> Option<(VersionHeader, Sealed<'_>)> {
    let (header, _) = VersionHeader::parse(token, MAGIC)?;
    let sealed = Sealed::split(token, VersionHeader::LEN)?;
    (!sealed.is_empty()).then_some((header, sealed))
}

const MAGIC: [u8; 2] = *b"KT";
