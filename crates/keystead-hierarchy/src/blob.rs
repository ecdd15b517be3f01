//! The ciphertext blob: what Encrypt returns and Decrypt takes.
//!
//! Layout, byte by byte: `docs/formats/blob.md`.

use keystead_crypto::{CryptoError, Entropy, Sealer, SealingAlgorithm, SecretBytes};
use keystead_types::{AccountId, KeyId};

use crate::wire::{self, Preamble, Sealed};
use crate::{EncryptionContext, HierarchyError};

/// Bytes that a blob has more than its plaintext. Source: CKS-96 allows 204.
pub const BLOB_OVERHEAD: usize = BlobHeader::LEN + Sealed::OVERHEAD;

/// Seals `plaintext` into a new blob. The blob is the only allocation, unless the associated data exceed 512 bytes.
///
/// `sealer` holds the material that `header` names.
///
/// # Errors
/// [`HierarchyError::Crypto`] when the source of randomness or the provider fails.
pub fn seal(
    sealer: &dyn Sealer,
    header: &BlobHeader,
    entropy: &dyn Entropy,
    context: &EncryptionContext<'_>,
    plaintext: &[u8],
) -> Result<Vec<u8>, HierarchyError> {
    let header = header.to_bytes()?;
    with_associated_data(&header, context, |data| wire::seal(sealer, entropy, &header, data, plaintext))
        .map_err(Into::into)
}

/// Opens a blob. The plaintext is the only allocation, unless the associated data exceed 512 bytes.
///
/// `sealer` holds the material that [`BlobHeader::parse`] named.
///
/// # Errors
/// [`HierarchyError::MalformedBlob`] as in [`BlobHeader::parse`]; [`HierarchyError::UnauthenticBlob`] whatever else
/// is wrong, be it header, ciphertext, key or context (KEY-87).
pub fn open(sealer: &dyn Sealer, blob: &[u8], context: &EncryptionContext<'_>) -> Result<SecretBytes, HierarchyError> {
    BlobHeader::parse(blob)?;
    let sealed = Sealed::split(blob, BlobHeader::LEN).ok_or(HierarchyError::MalformedBlob)?;
    with_associated_data(sealed.header, context, |data| sealed.open(sealer, data))
        .map_err(|_| HierarchyError::UnauthenticBlob)
}

/// The clear, authenticated part of a blob: it says which key and which of its materials opens it, so that Decrypt needs
/// no key ID (OVR-15, ROT-04).
///
/// It names no Region, because related multi-Region keys open each other's blobs (MRK-17).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlobHeader {
    /// How the plaintext is sealed.
    pub algorithm: SealingAlgorithm,
    /// The account that owns the key.
    pub account: AccountId,
    /// The key.
    pub key_id: KeyId,
    /// The version of the key's material.
    pub material_version: u32,
}

impl BlobHeader {
    /// Bytes in a header.
    pub const LEN: usize = Preamble::LEN + ACCOUNT_LEN + KEY_ID_LEN + VERSION_LEN;

    /// Reads the header of a blob, without allocating. The result is a claim until [`open`] has succeeded.
    ///
    /// # Errors
    /// [`HierarchyError::MalformedBlob`] for another magic, format version or algorithm, a header field without
    /// meaning, or fewer bytes than any blob has.
    pub fn parse(blob: &[u8]) -> Result<Self, HierarchyError> {
        if blob.len() < BLOB_OVERHEAD {
            return Err(HierarchyError::MalformedBlob);
        }
        Self::from_bytes(blob).ok_or(HierarchyError::MalformedBlob)
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (preamble, rest) = Preamble::parse(bytes, MAGIC)?;
        let (account, rest) = rest.split_first_chunk()?;
        let (key_id, rest) = rest.split_first_chunk()?;
        let (version, _) = rest.split_first_chunk()?;
        Some(Self {
            algorithm: preamble.algorithm,
            account: account_from_bytes(account)?,
            key_id: KeyId::from_bytes(key_id)?,
            material_version: u32::from_be_bytes(*version),
        })
    }

    fn to_bytes(self) -> Result<[u8; Self::LEN], CryptoError> {
        let preamble = Preamble { magic: MAGIC, algorithm: self.algorithm }.to_bytes()?;
        let mut bytes = [0; Self::LEN];
        let (head, rest) = bytes.split_at_mut(Preamble::LEN);
        let (account, rest) = rest.split_at_mut(ACCOUNT_LEN);
        let (key_id, version) = rest.split_at_mut(KEY_ID_LEN);
        head.copy_from_slice(&preamble);
        account.copy_from_slice(&account_to_bytes(self.account));
        key_id.copy_from_slice(&self.key_id.to_bytes());
        version.copy_from_slice(&self.material_version.to_be_bytes());
        Ok(bytes)
    }
}

/// Header and canonical context. The header has a fixed length and the context's form is injective, so the whole is.
/// They stand on the stack, unless they are long.
fn with_associated_data<R>(header: &[u8], context: &EncryptionContext<'_>, answer: impl FnOnce(&[u8]) -> R) -> R {
    let length = header.len().saturating_add(context.canonical_len());
    let mut short = [0; SHORT_ASSOCIATED_DATA];
    let mut long = Vec::new();
    let data = if let Some(data) = short.get_mut(..length) {
        data
    } else {
        long.resize(length, 0);
        &mut long[..]
    };
    let mut rest = &mut *data;
    let mut append = |part: &[u8]| {
        let (place, after) = std::mem::take(&mut rest).split_at_mut(part.len());
        place.copy_from_slice(part);
        rest = after;
    };
    append(header);
    context.for_each_canonical_part(append);
    answer(data)
}

/// An account number has twelve digits and so fits 48 bits.
pub(crate) fn account_to_bytes(account: AccountId) -> [u8; ACCOUNT_LEN] {
    let [_, _, bytes @ ..] = account.as_u64().to_be_bytes();
    bytes
}

fn account_from_bytes([a, b, c, d, e, f]: &[u8; ACCOUNT_LEN]) -> Option<AccountId> {
    AccountId::from_u64(u64::from_be_bytes([0, 0, *a, *b, *c, *d, *e, *f]))
}

/// Longer associated data need the heap.
const SHORT_ASSOCIATED_DATA: usize = 512;
const MAGIC: [u8; 2] = *b"KS";
const ACCOUNT_LEN: usize = 6;
const KEY_ID_LEN: usize = 17;
const VERSION_LEN: usize = 4;
