//! The ciphertext blob: what Encrypt returns and Decrypt takes.
//!
//! Layout, byte by byte: `docs/formats/blob.md`.

use keystead_crypto::{CryptoError, Entropy, SEALING_NONCE_LEN, Sealer, SealingAlgorithm, SecretBytes, TAG_LEN};
use keystead_types::{AccountId, KeyId};
use smallvec::SmallVec;
use zeroize::Zeroize;

use crate::wire::Preamble;
use crate::{EncryptionContext, HierarchyError};

/// Bytes that a blob has more than its plaintext. Source: CKS-96 allows 204.
pub const BLOB_OVERHEAD: usize = BlobHeader::LEN + SEALING_NONCE_LEN + TAG_LEN;

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
        Self::split(blob).map(|(header, ..)| header).ok_or(HierarchyError::MalformedBlob)
    }

    /// The header and the parts of a blob: header bytes, nonce, ciphertext, tag.
    fn split(blob: &[u8]) -> Option<(Self, Parts<'_>)> {
        let (header, sealed) = blob.split_first_chunk::<{ Self::LEN }>()?;
        let (nonce, sealed) = sealed.split_first_chunk()?;
        let (ciphertext, tag) = sealed.split_last_chunk()?;

        let (preamble, rest) = Preamble::parse(header, MAGIC, FORMAT)?;
        let (account, rest) = rest.split_first_chunk::<ACCOUNT_LEN>()?;
        let (key_id, version) = rest.split_first_chunk::<KEY_ID_LEN>()?;
        let parsed = Self {
            algorithm: preamble.algorithm,
            account: account_from_bytes(account)?,
            key_id: KeyId::from_bytes(key_id)?,
            material_version: u32::from_be_bytes(version.try_into().ok()?),
        };
        Some((parsed, Parts { header, nonce, ciphertext, tag }))
    }

    /// The bytes of this header.
    ///
    /// # Errors
    /// [`CryptoError::Unsupported`] for a sealing algorithm that the format has no code for.
    fn to_bytes(self) -> Result<[u8; Self::LEN], CryptoError> {
        let preamble = Preamble { magic: MAGIC, format: FORMAT, algorithm: self.algorithm };
        let mut bytes = [0; Self::LEN];
        let (head, rest) = bytes.split_at_mut(Preamble::LEN);
        let (account, rest) = rest.split_at_mut(ACCOUNT_LEN);
        let (key_id, version) = rest.split_at_mut(KEY_ID_LEN);
        head.copy_from_slice(&preamble.to_bytes().ok_or(CryptoError::Unsupported)?);
        account.copy_from_slice(&account_to_bytes(self.account));
        key_id.copy_from_slice(&self.key_id.to_bytes());
        version.copy_from_slice(&self.material_version.to_be_bytes());
        Ok(bytes)
    }
}

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
    let mut nonce = [0; SEALING_NONCE_LEN];
    entropy.fill_nonce(&mut nonce)?;

    let mut blob = Vec::with_capacity(BLOB_OVERHEAD + plaintext.len());
    blob.extend_from_slice(&header);
    blob.extend_from_slice(&nonce);
    blob.extend_from_slice(plaintext);
    let sealed = sealer.seal(&nonce, &associated_data(&header, context), &mut blob[BODY_OFFSET..]);
    match sealed {
        Ok(tag) => {
            blob.extend_from_slice(&tag);
            Ok(blob)
        }
        Err(error) => {
            blob.zeroize();
            Err(error.into())
        }
    }
}

/// Opens a blob. The plaintext is the only allocation, unless the associated data exceed 512 bytes.
///
/// `sealer` holds the material that [`BlobHeader::parse`] named.
///
/// # Errors
/// [`HierarchyError::MalformedBlob`] as in [`BlobHeader::parse`]; [`HierarchyError::UnauthenticBlob`] whatever else
/// is wrong, be it header, ciphertext, key or context.
pub fn open(sealer: &dyn Sealer, blob: &[u8], context: &EncryptionContext<'_>) -> Result<SecretBytes, HierarchyError> {
    let (_, parts) = BlobHeader::split(blob).ok_or(HierarchyError::MalformedBlob)?;
    let mut plaintext = SecretBytes::from(parts.ciphertext);
    sealer
        .open(parts.nonce, &associated_data(parts.header, context), plaintext.as_mut(), parts.tag)
        .map_err(|_| HierarchyError::UnauthenticBlob)?;
    Ok(plaintext)
}

/// The variable parts of a blob, borrowed from it.
struct Parts<'a> {
    header: &'a [u8; BlobHeader::LEN],
    nonce: &'a [u8; SEALING_NONCE_LEN],
    ciphertext: &'a [u8],
    tag: &'a [u8; TAG_LEN],
}

/// Header and canonical context. The header has a fixed length and the context's form is injective, so the whole is.
fn associated_data(header: &[u8; BlobHeader::LEN], context: &EncryptionContext<'_>) -> SmallVec<[u8; 512]> {
    let mut data = SmallVec::with_capacity(BlobHeader::LEN + context.canonical_len());
    data.extend_from_slice(header);
    context.write_canonical(&mut data);
    data
}

/// An account number has twelve digits and so fits 48 bits.
pub(crate) fn account_to_bytes(account: AccountId) -> [u8; ACCOUNT_LEN] {
    let [_, _, bytes @ ..] = account.as_u64().to_be_bytes();
    bytes
}

fn account_from_bytes([a, b, c, d, e, f]: &[u8; ACCOUNT_LEN]) -> Option<AccountId> {
    AccountId::from_u64(u64::from_be_bytes([0, 0, *a, *b, *c, *d, *e, *f]))
}

const MAGIC: [u8; 2] = *b"KS";
const FORMAT: u8 = 1;
pub(crate) const ACCOUNT_LEN: usize = 6;
const KEY_ID_LEN: usize = 17;
const VERSION_LEN: usize = 4;
/// Where the ciphertext begins.
const BODY_OFFSET: usize = BlobHeader::LEN + SEALING_NONCE_LEN;
