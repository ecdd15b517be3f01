//! The exported key token (EKT): key material wrapped under a domain key, the only form in which it is stored.
//!
//! Layout, byte by byte: `docs/formats/ekt.md`.

use std::fmt;

use keystead_crypto::{CryptoError, Entropy, SEALING_NONCE_LEN, Sealer, SealingAlgorithm, SecretBytes, TAG_LEN};
use keystead_types::{AccountId, KeyId};
use smallvec::SmallVec;
use zeroize::Zeroize;

use crate::HierarchyError;
use crate::blob::account_to_bytes;
use crate::domain::Domain;
use crate::spec::{KeySpec, KeyUsage};
use crate::wire::{Preamble, write_short_text};

/// Key material wrapped under one version of a domain key. Not secret.
///
/// [`DomainKeys`](crate::DomainKeys) makes and opens tokens. A token that exists has a well-formed header; whether it is
/// authentic shows when it is opened.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Ekt(Vec<u8>);

impl Ekt {
    /// Bytes that a token has more than the material in it.
    pub const OVERHEAD: usize = HEADER_LEN + SEALING_NONCE_LEN + TAG_LEN;

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
        split(&self.0).map_or(0, |(parsed, _)| parsed.version)
    }

    /// Wraps `material`. The token is the only allocation.
    pub(crate) fn wrap(
        key: &WrappingKey<'_>,
        domain: &Domain,
        binding: &EktBinding,
        material: &[u8],
        entropy: &dyn Entropy,
    ) -> Result<Self, HierarchyError> {
        let header = key.header()?;
        let mut nonce = [0; SEALING_NONCE_LEN];
        entropy.fill_nonce(&mut nonce)?;

        let mut bytes = Vec::with_capacity(Self::OVERHEAD + material.len());
        bytes.extend_from_slice(&header);
        bytes.extend_from_slice(&nonce);
        bytes.extend_from_slice(material);
        let aad = binding.associated_data(&header, domain);
        match key.sealer.seal(&nonce, &aad, &mut bytes[HEADER_LEN + SEALING_NONCE_LEN..]) {
            Ok(tag) => {
                bytes.extend_from_slice(&tag);
                Ok(Self(bytes))
            }
            Err(error) => {
                bytes.zeroize();
                Err(error.into())
            }
        }
    }

    /// Opens the token under the domain key version that it names.
    pub(crate) fn unwrap(
        &self,
        key: &WrappingKey<'_>,
        domain: &Domain,
        binding: &EktBinding,
    ) -> Result<SecretBytes, HierarchyError> {
        let (header, parts) = split(&self.0).ok_or(HierarchyError::MalformedToken)?;
        if (header.algorithm, header.version) != (key.algorithm, key.version) {
            return Err(HierarchyError::UnauthenticToken);
        }
        let mut material = SecretBytes::from(parts.ciphertext);
        key.sealer
            .open(parts.nonce, &binding.associated_data(parts.header, domain), material.as_mut(), parts.tag)
            .map_err(|_| HierarchyError::UnauthenticToken)?;
        Ok(material)
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
    fn associated_data(&self, header: &[u8; HEADER_LEN], domain: &Domain) -> SmallVec<[u8; 256]> {
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
        /// The inner key of a key in an external key store (CKS-94).
        InnerKey = "INNER_KEY",
    }
}

/// One version of a domain key, as wrapping needs it.
pub(crate) struct WrappingKey<'a> {
    pub(crate) version: u32,
    pub(crate) algorithm: SealingAlgorithm,
    pub(crate) sealer: &'a dyn Sealer,
}

impl WrappingKey<'_> {
    fn header(&self) -> Result<[u8; HEADER_LEN], CryptoError> {
        let preamble = Preamble { magic: MAGIC, format: FORMAT, algorithm: self.algorithm };
        let mut header = [0; HEADER_LEN];
        let (head, version) = header.split_at_mut(Preamble::LEN);
        head.copy_from_slice(&preamble.to_bytes().ok_or(CryptoError::Unsupported)?);
        version.copy_from_slice(&self.version.to_be_bytes());
        Ok(header)
    }
}

/// What a token's header says.
struct Header {
    algorithm: SealingAlgorithm,
    version: u32,
}

/// The parts of a token, borrowed from it.
struct Parts<'a> {
    header: &'a [u8; HEADER_LEN],
    nonce: &'a [u8; SEALING_NONCE_LEN],
    ciphertext: &'a [u8],
    tag: &'a [u8; TAG_LEN],
}

fn split(bytes: &[u8]) -> Option<(Header, Parts<'_>)> {
    let (header, sealed) = bytes.split_first_chunk::<HEADER_LEN>()?;
    let (nonce, sealed) = sealed.split_first_chunk()?;
    let (ciphertext, tag) = sealed.split_last_chunk()?;
    let (preamble, version) = Preamble::parse(header, MAGIC, FORMAT)?;
    let version = u32::from_be_bytes(version.try_into().ok()?);
    let meaningful = version > 0 && !ciphertext.is_empty();
    meaningful.then_some((Header { algorithm: preamble.algorithm, version }, Parts { header, nonce, ciphertext, tag }))
}

const MAGIC: [u8; 2] = *b"KT";
const FORMAT: u8 = 1;
/// Preamble and domain key version.
const HEADER_LEN: usize = Preamble::LEN + 4;
