//! The root key at its simplest: 32 bytes in memory.

use std::fmt;
use std::sync::Arc;

use keystead_crypto::{
    DefaultProvider, Entropy, MacAlgorithm, Provider, SEALING_NONCE_LEN, Sealer, SealingAlgorithm, SecretBytes,
    TAG_LEN, entropy::SystemEntropy,
};
use zeroize::Zeroize;

use super::{RootKey, RootKeyError, RootKeyId};
use crate::wire::Preamble;

/// A root key of 32 bytes that the host supplies, and the base of the other root keys of this crate.
///
/// The bytes themselves are not kept: one part of HMAC-SHA-256 output under them is the ID, another the key that seals.
pub struct RawRootKey {
    id: RootKeyId,
    sealer: Box<dyn Sealer>,
    entropy: Arc<dyn Entropy>,
}

impl RawRootKey {
    /// Bytes in a root key.
    pub const KEY_LEN: usize = 32;

    /// A root key from 32 bytes of full entropy, using the default provider and the system's entropy. A passphrase
    /// belongs into [`PassphraseRootKey`](super::PassphraseRootKey).
    ///
    /// # Errors
    /// [`RootKeyError::InvalidLength`] or [`RootKeyError::Crypto`].
    pub fn new(key: &SecretBytes) -> Result<Self, RootKeyError> {
        Self::new_with(key, &DefaultProvider, Arc::new(SystemEntropy))
    }

    /// As [`new`](Self::new), with a provider and a source of randomness of the host's choice.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn new_with(
        key: &SecretBytes,
        provider: &dyn Provider,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, RootKeyError> {
        if key.len() != Self::KEY_LEN {
            return Err(RootKeyError::InvalidLength { len: key.len() });
        }
        let mac = provider.mac(MacAlgorithm::HmacSha256, key.expose())?;
        let mut id = [0; RootKeyId::LEN];
        id.iter_mut().zip(mac.sign(&[ID_LABEL]).as_ref()).for_each(|(to, from)| *to = *from);
        let sealing_key = SecretBytes::from(mac.sign(&[SEALING_LABEL]).as_ref());
        let sealer = provider.sealer(ALGORITHM, sealing_key.expose())?;
        Ok(Self { id: RootKeyId(id), sealer, entropy })
    }

    /// Seals behind `origin`, which says how to come by the key and is authenticated too.
    pub(super) fn seal_with(&self, origin: &Origin<'_>, plaintext: &[u8], aad: &[u8]) -> Result<Vec<u8>, RootKeyError> {
        let mut nonce = [0; SEALING_NONCE_LEN];
        self.entropy.fill_nonce(&mut nonce)?;

        let mut sealed = origin.to_bytes()?;
        sealed.extend_from_slice(self.id.as_bytes());
        let bound = [sealed.as_slice(), aad].concat();
        sealed.extend_from_slice(&nonce);
        let body = sealed.len();
        sealed.reserve_exact(plaintext.len() + TAG_LEN);
        sealed.extend_from_slice(plaintext);
        match self.sealer.seal(&nonce, &bound, &mut sealed[body..]) {
            Ok(tag) => {
                sealed.extend_from_slice(&tag);
                Ok(sealed)
            }
            Err(error) => {
                sealed.zeroize();
                Err(error.into())
            }
        }
    }

    /// Opens what stands behind `origin`.
    pub(super) fn open_with(&self, origin: &Origin<'_>, rest: &[u8], aad: &[u8]) -> Result<SecretBytes, RootKeyError> {
        let (sealed_by, sealed) = rest.split_first_chunk().ok_or(RootKeyError::Damaged)?;
        let (nonce, sealed) = sealed.split_first_chunk().ok_or(RootKeyError::Damaged)?;
        let (ciphertext, tag) = sealed.split_last_chunk().ok_or(RootKeyError::Damaged)?;
        let sealed_by = RootKeyId(*sealed_by);
        if sealed_by != self.id {
            return Err(RootKeyError::WrongKey { sealed_by, given: self.id });
        }
        let bound = [&origin.to_bytes()?, sealed_by.as_bytes().as_slice(), aad].concat();
        let mut plaintext = SecretBytes::from(ciphertext);
        self.sealer.open(nonce, &bound, plaintext.as_mut(), tag).map_err(|_| RootKeyError::Damaged)?;
        Ok(plaintext)
    }
}

impl RootKey for RawRootKey {
    fn id(&self) -> Result<RootKeyId, RootKeyError> {
        Ok(self.id)
    }

    fn seal(&self, plaintext: &[u8], aad: &[u8]) -> Result<Vec<u8>, RootKeyError> {
        self.seal_with(&Origin::Raw, plaintext, aad)
    }

    fn open(&self, sealed: &[u8], aad: &[u8]) -> Result<SecretBytes, RootKeyError> {
        match Origin::split(sealed).ok_or(RootKeyError::Damaged)? {
            (Origin::Raw, rest) => self.open_with(&Origin::Raw, rest, aad),
            (Origin::Derived(_), rest) => Err(sealed_by(rest)
                .map_or(RootKeyError::Damaged, |sealed_by| RootKeyError::WrongKey { sealed_by, given: self.id })),
        }
    }
}

impl fmt::Debug for RawRootKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RawRootKey({})", self.id)
    }
}

/// How the key that sealed a value comes about: what stands before everything else.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin<'a> {
    /// The root key is given.
    Raw,
    /// The root key is derived by these bytes, which the deriving provider understands.
    Derived(&'a [u8; DERIVATION_LEN]),
}

impl<'a> Origin<'a> {
    /// Reads what stands before the rest of `sealed`.
    pub(super) fn split(sealed: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (preamble, rest) = Preamble::parse(sealed, MAGIC, FORMAT)?;
        if preamble.algorithm != ALGORITHM {
            return None;
        }
        match rest.split_first()? {
            (&RAW, rest) => Some((Self::Raw, rest)),
            (&DERIVED, rest) => rest.split_first_chunk().map(|(derivation, rest)| (Self::Derived(derivation), rest)),
            _ => None,
        }
    }

    fn to_bytes(self) -> Result<Vec<u8>, RootKeyError> {
        let preamble = Preamble { magic: MAGIC, format: FORMAT, algorithm: ALGORITHM };
        let mut bytes = Vec::with_capacity(Preamble::LEN + 1 + DERIVATION_LEN + RootKeyId::LEN + SEALING_NONCE_LEN);
        bytes.extend_from_slice(&preamble.to_bytes().ok_or(RootKeyError::Damaged)?);
        match self {
            Self::Raw => bytes.push(RAW),
            Self::Derived(derivation) => {
                bytes.push(DERIVED);
                bytes.extend_from_slice(derivation);
            }
        }
        Ok(bytes)
    }
}

/// The root key that a value names behind its origin.
pub(super) fn sealed_by(rest: &[u8]) -> Option<RootKeyId> {
    rest.first_chunk().map(|id| RootKeyId(*id))
}

const MAGIC: [u8; 2] = *b"KR";
const FORMAT: u8 = 1;
const ALGORITHM: SealingAlgorithm = SealingAlgorithm::Xaes256Gcm;
const RAW: u8 = 0;
const DERIVED: u8 = 1;
/// Bytes that describe a derivation: three costs and a salt.
pub(super) const DERIVATION_LEN: usize = 12 + 16;
/// What the ID is computed from.
const ID_LABEL: &[u8] = b"keystead root key id v1";
/// What the sealing key is computed from.
const SEALING_LABEL: &[u8] = b"keystead root key sealing v1";
