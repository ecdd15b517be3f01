//! A root key derived from a passphrase.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use argon2::{Algorithm, Argon2, Block, Params, Version};
use keystead_crypto::{DefaultProvider, Entropy, Provider, SecretBytes, entropy::SystemEntropy};
use zeroize::Zeroizing;

use super::raw::{DERIVATION_LEN, Origin};
use super::{RawRootKey, RootKey, RootKeyError, RootKeyId};

/// A root key that Argon2id (RFC 9106) derives from a passphrase.
///
/// Salt and cost travel inside what the key seals, so the passphrase alone opens it again. A derivation takes
/// noticeable time and memory; it runs when the key is first used and once more for each other salt it meets, and the
/// result is kept as long as this value lives.
pub struct PassphraseRootKey {
    passphrase: SecretBytes,
    cost: PassphraseCost,
    provider: Arc<dyn Provider>,
    entropy: Arc<dyn Entropy>,
    derived: Mutex<DerivedKeys>,
}

impl PassphraseRootKey {
    /// A root key from `passphrase`, of which every byte counts: strip a newline that does not belong to it. Nothing
    /// is derived yet. Uses the recommended cost, the default provider and the system's entropy.
    ///
    /// # Errors
    /// [`RootKeyError::UnfitPassphrase`] for an empty passphrase.
    pub fn new(passphrase: impl Into<SecretBytes>) -> Result<Self, RootKeyError> {
        Self::new_with(passphrase, PassphraseCost::default(), Arc::new(DefaultProvider), Arc::new(SystemEntropy))
    }

    /// As [`new`](Self::new), with a cost, a provider and a source of randomness of the host's choice.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn new_with(
        passphrase: impl Into<SecretBytes>,
        cost: PassphraseCost,
        provider: Arc<dyn Provider>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, RootKeyError> {
        let passphrase = passphrase.into();
        if passphrase.is_empty() || passphrase.len() > argon2::MAX_PWD_LEN {
            return Err(RootKeyError::UnfitPassphrase);
        }
        Ok(Self { passphrase, cost, provider, entropy, derived: Mutex::default() })
    }

    /// The key under which this value seals: that of the salt which opened something before, else of a fresh salt.
    fn sealing_key(&self) -> Result<DerivedKey, RootKeyError> {
        let mut derived = self.lock();
        if let Some(key) = &derived.sealing {
            return Ok(key.clone());
        }
        let mut salt = [0; SALT_LEN];
        self.entropy.fill_nonce(&mut salt)?;
        let key = self.derive(Derivation { cost: self.cost, salt })?;
        derived.sealing = Some(key.clone());
        derived.remember(key.clone());
        Ok(key)
    }

    /// The key of a given salt. The lock is held while Argon2 runs, so that several callers make it run once.
    fn key_for(&self, derivation: Derivation) -> Result<DerivedKey, RootKeyError> {
        let mut derived = self.lock();
        if let Some(key) = derived.recall(&derivation) {
            return Ok(key);
        }
        let key = self.derive(derivation)?;
        derived.remember(key.clone());
        Ok(key)
    }

    fn derive(&self, derivation: Derivation) -> Result<DerivedKey, RootKeyError> {
        let params = derivation.cost.params()?;
        let mut memory = Zeroizing::new(Vec::new());
        memory
            .try_reserve_exact(params.block_count())
            .map_err(|_| RootKeyError::OutOfMemory { mebibytes: derivation.cost.memory_kib / 1024 })?;
        memory.resize(params.block_count(), Block::default());

        let mut key = SecretBytes::zeroed(RawRootKey::KEY_LEN);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into_with_memory(
                self.passphrase.expose(),
                &derivation.salt,
                key.as_mut(),
                memory.as_mut_slice(),
            )
            .map_err(|_| RootKeyError::UnfitCost)?;
        let key = RawRootKey::new_with(&key, self.provider.as_ref(), self.entropy.clone())?;
        Ok(DerivedKey { derivation, key: Arc::new(key) })
    }

    /// A panic while the lock was held cannot have left half a key behind.
    fn lock(&self) -> MutexGuard<'_, DerivedKeys> {
        self.derived.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RootKey for PassphraseRootKey {
    /// The ID depends on the salt as well; it is fixed by the first value that this key opens or seals.
    fn id(&self) -> Result<RootKeyId, RootKeyError> {
        self.sealing_key()?.key.id()
    }

    fn seal(&self, plaintext: &[u8], aad: &[u8]) -> Result<Vec<u8>, RootKeyError> {
        let DerivedKey { derivation, key } = self.sealing_key()?;
        key.seal_with(Origin::Derived(&derivation.to_bytes()), plaintext, aad)
    }

    fn open(&self, sealed: &[u8], aad: &[u8]) -> Result<SecretBytes, RootKeyError> {
        let Some((origin @ Origin::Derived(derivation), _)) = Origin::of(sealed) else {
            let sealed_by = RootKeyId::of_sealed(sealed).ok_or(RootKeyError::Damaged)?;
            return Err(RootKeyError::WrongKey { sealed_by, given: self.id()? });
        };
        let key = self.key_for(Derivation::from_bytes(derivation).ok_or(RootKeyError::Damaged)?)?;
        let plaintext = key.key.open_with(origin, sealed, aad)?;
        // Only a value that proved authentic decides how later ones are sealed, and never at a cost other than ours:
        // whoever can write to the store must not choose either.
        if key.derivation.cost == self.cost {
            self.lock().sealing.get_or_insert(key);
        }
        Ok(plaintext)
    }
}

impl fmt::Debug for PassphraseRootKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PassphraseRootKey").field("cost", &self.cost).finish_non_exhaustive()
    }
}

/// What deriving a key from a passphrase costs, to the host once and to an attacker at every guess.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PassphraseCost {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

impl PassphraseCost {
    /// The second recommended option of RFC 9106, section 4: 64 MiB, three passes, four lanes.
    pub const RECOMMENDED: Self = Self { memory_kib: 64 * 1024, passes: 3, lanes: 4 };
    /// The least that is accepted (OWASP password storage): 19 MiB, two passes, one lane. For small devices and tests.
    pub const MINIMUM: Self = Self { memory_kib: 19 * 1024, passes: 2, lanes: 1 };

    /// Another cost: memory in KiB (from 19 MiB to 1 GiB), passes (2 to 64), lanes (1 to 16).
    ///
    /// # Errors
    /// [`RootKeyError::UnfitCost`] outside these ranges.
    pub fn new(memory_kib: u32, passes: u32, lanes: u32) -> Result<Self, RootKeyError> {
        let fit = (Self::MINIMUM.memory_kib..=MAX_MEMORY_KIB).contains(&memory_kib)
            && (Self::MINIMUM.passes..=MAX_PASSES).contains(&passes)
            && (Self::MINIMUM.lanes..=MAX_LANES).contains(&lanes);
        if fit { Ok(Self { memory_kib, passes, lanes }) } else { Err(RootKeyError::UnfitCost) }
    }

    fn params(self) -> Result<Params, RootKeyError> {
        Params::new(self.memory_kib, self.passes, self.lanes, Some(RawRootKey::KEY_LEN))
            .map_err(|_| RootKeyError::UnfitCost)
    }
}

impl Default for PassphraseCost {
    fn default() -> Self {
        Self::RECOMMENDED
    }
}

/// Cost and salt: what, next to the passphrase, decides the key.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Derivation {
    cost: PassphraseCost,
    salt: [u8; SALT_LEN],
}

impl Derivation {
    /// Memory, passes and lanes as big-endian `u32`, then the salt.
    fn to_bytes(self) -> [u8; DERIVATION_LEN] {
        let mut bytes = [0; DERIVATION_LEN];
        let costs = [self.cost.memory_kib, self.cost.passes, self.cost.lanes].map(u32::to_be_bytes);
        let parts = costs.as_flattened().iter().chain(&self.salt);
        bytes.iter_mut().zip(parts).for_each(|(to, from)| *to = *from);
        bytes
    }

    /// None for costs outside the accepted ranges, so that a forged value cannot exhaust the machine.
    fn from_bytes(bytes: &[u8; DERIVATION_LEN]) -> Option<Self> {
        let (costs, salt) = bytes.split_last_chunk::<SALT_LEN>()?;
        let (costs, _) = costs.as_chunks::<4>();
        let &[memory, passes, lanes] = costs else { return None };
        let [memory, passes, lanes] = [memory, passes, lanes].map(u32::from_be_bytes);
        Some(Self { cost: PassphraseCost::new(memory, passes, lanes).ok()?, salt: *salt })
    }
}

#[derive(Clone)]
struct DerivedKey {
    derivation: Derivation,
    key: Arc<RawRootKey>,
}

/// The keys derived so far.
#[derive(Default)]
struct DerivedKeys {
    /// The one that seals.
    sealing: Option<DerivedKey>,
    /// The latest ones, oldest first.
    recent: Vec<DerivedKey>,
}

impl DerivedKeys {
    fn recall(&self, derivation: &Derivation) -> Option<DerivedKey> {
        self.recent.iter().chain(&self.sealing).find(|key| key.derivation == *derivation).cloned()
    }

    fn remember(&mut self, key: DerivedKey) {
        if self.recent.len() == MAX_RECENT {
            self.recent.remove(0);
        }
        self.recent.push(key);
    }
}

const SALT_LEN: usize = 16;
/// Derived keys kept. A store normally needs one.
const MAX_RECENT: usize = 8;
const MAX_MEMORY_KIB: u32 = 1024 * 1024;
const MAX_PASSES: u32 = 64;
const MAX_LANES: u32 = 16;
