//! What an envelope is encrypted with, and how its keys follow from the data key.

use std::fmt;

use keystead_crypto::{
    Aead, AeadAlgorithm, Digest, DigestAlgorithm, MacAlgorithm, NONCE_LEN, Provider, SecretBytes, hkdf,
};
use keystead_hierarchy::Profile;
use zeroize::Zeroizing;

use super::{EnvelopeError, Header};
use crate::client::Call;
use crate::operations::GenerateDataKey;

/// The algorithms of an envelope, by profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Algorithm {
    /// AES-256-GCM, keys by HKDF-SHA-256: the standard profile.
    Aes256Gcm,
    /// SM4-GCM, keys by HKDF-SM3: the China profile.
    Sm4Gcm,
}

impl Algorithm {
    pub(super) fn of_profile(profile: Profile) -> Self {
        match profile {
            Profile::Standard => Self::Aes256Gcm,
            Profile::China => Self::Sm4Gcm,
        }
    }

    /// The code in the header.
    pub(super) fn code(self) -> u8 {
        match self {
            Self::Aes256Gcm => 1,
            Self::Sm4Gcm => 2,
        }
    }

    pub(super) fn from_code(code: u8) -> Option<Self> {
        [Self::Aes256Gcm, Self::Sm4Gcm].into_iter().find(|algorithm| algorithm.code() == code)
    }

    /// Asks for a data key of the right length.
    pub(super) fn sized<'c>(self, call: Call<'c, GenerateDataKey<'c>>) -> Call<'c, GenerateDataKey<'c>> {
        match self {
            Self::Aes256Gcm => call.key_spec("AES_256"),
            Self::Sm4Gcm => call.number_of_bytes(self.aead().key_len() as i64),
        }
    }

    fn aead(self) -> AeadAlgorithm {
        match self {
            Self::Aes256Gcm => AeadAlgorithm::Aes256Gcm,
            Self::Sm4Gcm => AeadAlgorithm::Sm4Gcm,
        }
    }

    fn mac(self) -> MacAlgorithm {
        match self {
            Self::Aes256Gcm => MacAlgorithm::HmacSha256,
            Self::Sm4Gcm => MacAlgorithm::HmacSm3,
        }
    }

    fn digest(self) -> DigestAlgorithm {
        match self {
            Self::Aes256Gcm => DigestAlgorithm::Sha256,
            Self::Sm4Gcm => DigestAlgorithm::Sm3,
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Aes256Gcm => "AES-256-GCM",
            Self::Sm4Gcm => "SM4-GCM",
        })
    }
}

/// A data key in clear, from which the keys of one envelope follow.
pub(super) struct DataKey<'p> {
    algorithm: Algorithm,
    secret: SecretBytes,
    provider: &'p dyn Provider,
}

impl<'p> DataKey<'p> {
    /// A key of another length was not made for an envelope.
    pub(super) fn new(
        algorithm: Algorithm,
        secret: &SecretBytes,
        provider: &'p dyn Provider,
    ) -> Result<Self, EnvelopeError> {
        if secret.len() != algorithm.aead().key_len() {
            return Err(EnvelopeError::Unauthentic);
        }
        Ok(Self { algorithm, secret: secret.clone(), provider })
    }

    /// The key of the chunks. It depends on everything in the header but the encrypted data keys, so that these can be
    /// exchanged.
    pub(super) fn message_key(&self, header: &Header) -> Result<MessageKey, EnvelopeError> {
        let mut key = Zeroizing::new(vec![0; self.algorithm.aead().key_len()]);
        self.derive(header, MESSAGE_KEY_LABEL, header.message_part(), &mut key)?;
        Ok(MessageKey(self.provider.aead(self.algorithm.aead(), &key)?))
    }

    /// The value that binds the whole header to this data key and to no other.
    pub(super) fn commitment(&self, header: &Header) -> Result<[u8; COMMITMENT_LEN], EnvelopeError> {
        let mut commitment = [0; COMMITMENT_LEN];
        self.derive(header, COMMITMENT_LABEL, header.committed_part(), &mut commitment)?;
        Ok(commitment)
    }

    fn derive(&self, header: &Header, label: &[u8], part: &[u8], out: &mut [u8]) -> Result<(), EnvelopeError> {
        let hash: Digest = self.provider.digest(self.algorithm.digest(), &[part])?;
        let info = [label, hash.as_ref()].concat();
        Ok(hkdf(self.provider, self.algorithm.mac(), header.salt(), self.secret.expose(), &info, out)?)
    }
}

/// The key of the chunks of one envelope.
#[derive(Debug)]
pub(super) struct MessageKey(Box<dyn Aead>);

/// Where a chunk stands. No two chunks under one key share it, as the key serves one envelope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) index: u32,
    pub(super) is_last: bool,
}

impl MessageKey {
    /// Encrypts a chunk in place and appends its tag.
    pub(super) fn seal(&self, place: Place, chunk: &mut Vec<u8>) -> Result<(), EnvelopeError> {
        let tag = self.0.seal(&place.nonce(), &[], chunk)?;
        chunk.extend_from_slice(&tag);
        Ok(())
    }

    /// Decrypts a chunk and its tag in place; returns the length of the plaintext.
    pub(super) fn open(&self, place: Place, sealed: &mut [u8]) -> Result<usize, EnvelopeError> {
        let damaged = || EnvelopeError::Chunk { index: place.index.into() };
        let (chunk, tag) = sealed.split_last_chunk_mut().ok_or_else(damaged)?;
        self.0.open(&place.nonce(), &[], chunk, tag).map_err(|_| damaged())?;
        Ok(chunk.len())
    }
}

impl Place {
    fn nonce(self) -> [u8; NONCE_LEN] {
        let mut nonce = [0; NONCE_LEN];
        nonce[7..11].copy_from_slice(&self.index.to_be_bytes());
        nonce[11] = u8::from(self.is_last);
        nonce
    }

    /// The place after this one, unless there is none.
    pub(super) fn next(self) -> Result<Self, EnvelopeError> {
        match self.index.checked_add(1) {
            Some(index) => Ok(Self { index, ..self }),
            None => Err(EnvelopeError::TooLong { what: "chunks", limit: MAX_CHUNKS }),
        }
    }
}

impl fmt::Debug for DataKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DataKey({:?}, redacted)", self.algorithm)
    }
}

/// Bytes in a commitment. Twice the security level, because an attacker may look for two keys that collide.
pub(super) const COMMITMENT_LEN: usize = 32;
/// The counter in a nonce has 32 bits.
const MAX_CHUNKS: u64 = 1 << 32;
const MESSAGE_KEY_LABEL: &[u8] = b"keystead envelope v1 message key";
const COMMITMENT_LABEL: &[u8] = b"keystead envelope v1 commitment";
