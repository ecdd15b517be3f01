//! The root key at its simplest: 32 bytes in memory.

use std::fmt;
use std::sync::Arc;

use keystead_crypto::{
    DefaultProvider, Entropy, MacAlgorithm, Provider, Sealer, SealingAlgorithm, SecretBytes, entropy::SystemEntropy,
    hkdf,
};

use super::{RootKey, RootKeyError, RootKeyId};
use crate::wire::{self, Preamble, Sealed};

/// A root key of 32 bytes that the host supplies, and the base of the other root keys of this crate.
///
/// The bytes themselves are not kept: HKDF-SHA-256 derives from them, separately, the ID and the key that seals.
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
        let derive = |label, out: &mut [u8]| hkdf(provider, MacAlgorithm::HmacSha256, &[], key.expose(), label, out);
        let mut id = [0; RootKeyId::LEN];
        derive(ID_LABEL, &mut id)?;
        let mut sealing_key = SecretBytes::zeroed(ALGORITHM.key_len());
        derive(SEALING_LABEL, sealing_key.as_mut())?;
        let sealer = provider.sealer(ALGORITHM, sealing_key.expose())?;
        Ok(Self { id: RootKeyId(id), sealer, entropy })
    }

    /// Seals behind `origin`, which says how to come by the key and is authenticated too.
    pub(super) fn seal_with(&self, origin: Origin<'_>, plaintext: &[u8], aad: &[u8]) -> Result<Vec<u8>, RootKeyError> {
        let header = self.header(origin)?;
        let bound = [header.as_slice(), aad].concat();
        Ok(wire::seal(self.sealer.as_ref(), self.entropy.as_ref(), &header, &bound, plaintext)?)
    }

    /// Opens what bears `origin`.
    pub(super) fn open_with(&self, origin: Origin<'_>, sealed: &[u8], aad: &[u8]) -> Result<SecretBytes, RootKeyError> {
        let header = self.header(origin)?;
        match Origin::of(sealed) {
            Some((_, sealed_by)) if sealed_by != self.id => {
                return Err(RootKeyError::WrongKey { sealed_by, given: self.id });
            }
            Some((found, _)) if found == origin => {}
            _ => return Err(RootKeyError::Damaged),
        }
        let sealed = Sealed::split(sealed, header.len()).ok_or(RootKeyError::Damaged)?;
        let bound = [sealed.header, aad].concat();
        sealed.open(self.sealer.as_ref(), &bound).map_err(|_| RootKeyError::Damaged)
    }

    /// Preamble, origin, ID.
    fn header(&self, origin: Origin<'_>) -> Result<Vec<u8>, RootKeyError> {
        let preamble = Preamble { magic: MAGIC, algorithm: ALGORITHM }.to_bytes()?;
        Ok([preamble.as_slice(), &[origin.code()], origin.derivation(), self.id.as_bytes()].concat())
    }
}

impl RootKey for RawRootKey {
    fn id(&self) -> Result<RootKeyId, RootKeyError> {
        Ok(self.id)
    }

    fn seal(&self, plaintext: &[u8], aad: &[u8]) -> Result<Vec<u8>, RootKeyError> {
        self.seal_with(Origin::Raw, plaintext, aad)
    }

    fn open(&self, sealed: &[u8], aad: &[u8]) -> Result<SecretBytes, RootKeyError> {
        match Origin::of(sealed) {
            Some((Origin::Raw, _)) => self.open_with(Origin::Raw, sealed, aad),
            _ => match RootKeyId::of_sealed(sealed) {
                Some(sealed_by) => Err(RootKeyError::WrongKey { sealed_by, given: self.id }),
                None => Err(RootKeyError::Damaged),
            },
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
    /// How the key came about that sealed this, and its ID; none if the bytes are not a sealed value.
    pub(super) fn of(sealed: &'a [u8]) -> Option<(Self, RootKeyId)> {
        let (preamble, rest) = Preamble::parse(sealed, MAGIC)?;
        let (code, rest) = rest.split_first()?;
        let (origin, rest) = match *code {
            RAW => (Self::Raw, rest),
            DERIVED => rest.split_first_chunk().map(|(derivation, rest)| (Self::Derived(derivation), rest))?,
            _ => return None,
        };
        let (id, _) = rest.split_first_chunk()?;
        (preamble.algorithm == ALGORITHM).then_some((origin, RootKeyId(*id)))
    }

    fn code(self) -> u8 {
        match self {
            Self::Raw => RAW,
            Self::Derived(_) => DERIVED,
        }
    }

    fn derivation(self) -> &'a [u8] {
        match self {
            Self::Raw => &[],
            Self::Derived(derivation) => derivation,
        }
    }
}

const MAGIC: [u8; 2] = *b"KR";
const ALGORITHM: SealingAlgorithm = SealingAlgorithm::Xaes256Gcm;
const RAW: u8 = 0;
const DERIVED: u8 = 1;
/// Bytes that describe a derivation: three costs and a salt.
pub(super) const DERIVATION_LEN: usize = 12 + 16;
/// What the ID is derived with.
const ID_LABEL: &[u8] = b"keystead root key id v1";
/// What the sealing key is derived with.
const SEALING_LABEL: &[u8] = b"keystead root key sealing v1";
