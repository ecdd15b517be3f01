//! Domain keys: the keys under which the material of a Region's keys is wrapped.
//!
//! Layout of the sealed form, byte by byte: `docs/formats/domain-key.md`.

use std::fmt;
use std::sync::Arc;

use keystead_crypto::{Entropy, Provider, Sealer, SealingAlgorithm, SecretBytes};
use keystead_types::{Partition, Region};
use smallvec::SmallVec;

use crate::HierarchyError;
use crate::ekt::{Ekt, EktBinding};
use crate::root::RootKey;
use crate::wire::{Preamble, VersionHeader, write_short_text};

/// One Region of an instance: the scope of a domain key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Domain {
    /// The partition.
    pub partition: Partition,
    /// The Region.
    pub region: Region,
}

impl Domain {
    /// Partition and Region, each behind a length byte.
    pub(crate) fn write_canonical(&self, out: &mut impl Extend<u8>) {
        write_short_text(self.partition.as_str(), out);
        write_short_text(self.region.as_str(), out);
    }
}

/// The key ring of one domain: all versions of its key in use, the newest of which wraps.
///
/// A ring is cheap to clone. To rotate without a moment in which a token could be lost, rotate a clone, store the
/// envelope, and only then let the clone take the place of the original. Rotation changes no ciphertext made for callers
/// (OVR-17): [`rewrap`](Self::rewrap) brings tokens to the current version at leisure, and once the last one has moved,
/// [`retire`](Self::retire) drops the old version.
#[derive(Clone)]
pub struct DomainKeys {
    domain: Domain,
    /// Ascending by version; never empty.
    keys: Vec<Arc<DomainKey>>,
}

impl DomainKeys {
    /// Makes version 1 of a new domain's key. The envelope must be stored before the ring wraps anything.
    ///
    /// `algorithm` is that of the domain's profile, see [`Profile::sealing_algorithm`](crate::Profile::sealing_algorithm).
    ///
    /// # Errors
    /// [`HierarchyError::Root`] or [`HierarchyError::Crypto`].
    pub fn generate(
        root: &dyn RootKey,
        provider: &dyn Provider,
        entropy: &dyn Entropy,
        domain: Domain,
        algorithm: SealingAlgorithm,
    ) -> Result<(Self, DomainKeyEnvelope), HierarchyError> {
        let (key, envelope) = DomainKey::generate(root, provider, entropy, &domain, FIRST_VERSION, algorithm)?;
        Ok((Self { domain, keys: vec![Arc::new(key)] }, envelope))
    }

    /// Opens a domain from the envelopes of all its versions in use, in any order. The highest version is current.
    ///
    /// # Errors
    /// [`HierarchyError::Root`] with [`RootKeyError::WrongKey`](crate::RootKeyError::WrongKey) when another root key
    /// sealed an envelope and with [`RootKeyError::Damaged`](crate::RootKeyError::Damaged) when an envelope was changed
    /// or belongs to another domain; [`HierarchyError::NoDomainKey`] without envelopes;
    /// [`HierarchyError::DuplicateDomainKey`].
    pub fn open<'a>(
        root: &dyn RootKey,
        provider: &dyn Provider,
        domain: Domain,
        envelopes: impl IntoIterator<Item = &'a DomainKeyEnvelope>,
    ) -> Result<Self, HierarchyError> {
        let mut keys = envelopes
            .into_iter()
            .map(|envelope| DomainKey::open(root, provider, &domain, envelope).map(Arc::new))
            .collect::<Result<Vec<_>, _>>()?;
        keys.sort_unstable_by_key(|key| key.version);
        if let Some(pair) = keys.windows(2).find(|pair| pair[0].version == pair[1].version) {
            return Err(HierarchyError::DuplicateDomainKey { version: pair[0].version });
        }
        if keys.is_empty() {
            return Err(HierarchyError::NoDomainKey);
        }
        Ok(Self { domain, keys })
    }

    /// The domain that these keys belong to.
    pub fn domain(&self) -> &Domain {
        &self.domain
    }

    /// The version that wraps.
    pub fn current_version(&self) -> u32 {
        self.keys.last().map_or(0, |key| key.version)
    }

    /// All versions in use, ascending.
    pub fn versions(&self) -> impl ExactSizeIterator<Item = u32> + DoubleEndedIterator {
        self.keys.iter().map(|key| key.version)
    }

    /// Wraps `material` under the current version.
    ///
    /// # Errors
    /// [`HierarchyError::Crypto`] when the source of randomness or the provider fails.
    pub fn wrap(
        &self,
        material: &SecretBytes,
        binding: &EktBinding,
        entropy: &dyn Entropy,
    ) -> Result<Ekt, HierarchyError> {
        let key = self.keys.last().ok_or(HierarchyError::NoDomainKey)?;
        Ekt::wrap(key, &self.domain, binding, material, entropy)
    }

    /// Opens a token. The material lives in zeroizing memory until it is dropped (OVR-13).
    ///
    /// # Errors
    /// [`HierarchyError::UnknownDomainKey`] when the ring lacks the version that the token names;
    /// [`HierarchyError::UnauthenticToken`] when the token was changed or belongs elsewhere (OVR-16).
    pub fn unwrap(&self, token: &Ekt, binding: &EktBinding) -> Result<SecretBytes, HierarchyError> {
        let version = token.domain_key_version();
        let at = self
            .keys
            .binary_search_by_key(&version, |key| key.version)
            .map_err(|_| HierarchyError::UnknownDomainKey { version })?;
        token.unwrap(&self.keys[at], &self.domain, binding)
    }

    /// Wraps the content of a token of an older version under the current one; `None` if the token is current already.
    ///
    /// # Errors
    /// As [`unwrap`](Self::unwrap) and [`wrap`](Self::wrap).
    pub fn rewrap(
        &self,
        token: &Ekt,
        binding: &EktBinding,
        entropy: &dyn Entropy,
    ) -> Result<Option<Ekt>, HierarchyError> {
        if token.domain_key_version() == self.current_version() {
            return Ok(None);
        }
        let material = self.unwrap(token, binding)?;
        self.wrap(&material, binding, entropy).map(Some)
    }

    /// Adds a new version, which is current from now on, and returns its envelope, to be stored before the ring wraps.
    ///
    /// # Errors
    /// [`HierarchyError::Root`], [`HierarchyError::Crypto`] or [`HierarchyError::VersionsExhausted`]; the ring is then
    /// unchanged.
    pub fn rotate(
        &mut self,
        root: &dyn RootKey,
        provider: &dyn Provider,
        entropy: &dyn Entropy,
    ) -> Result<DomainKeyEnvelope, HierarchyError> {
        let current = self.keys.last().ok_or(HierarchyError::NoDomainKey)?;
        let version = current.version.checked_add(1).ok_or(HierarchyError::VersionsExhausted)?;
        let (key, envelope) = DomainKey::generate(root, provider, entropy, &self.domain, version, current.algorithm)?;
        self.keys.push(Arc::new(key));
        Ok(envelope)
    }

    /// Drops a former version. Its tokens no longer open, so all must have been rewrapped; its envelope may be deleted.
    ///
    /// # Errors
    /// [`HierarchyError::DomainKeyInUse`] for the current version, [`HierarchyError::UnknownDomainKey`] for one that
    /// the ring does not have.
    pub fn retire(&mut self, version: u32) -> Result<(), HierarchyError> {
        if version == self.current_version() {
            return Err(HierarchyError::DomainKeyInUse { version });
        }
        let at = self
            .keys
            .binary_search_by_key(&version, |key| key.version)
            .map_err(|_| HierarchyError::UnknownDomainKey { version })?;
        self.keys.remove(at);
        Ok(())
    }
}

impl fmt::Debug for DomainKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let versions: Vec<u32> = self.versions().collect();
        f.debug_struct("DomainKeys").field("domain", &self.domain).field("versions", &versions).finish()
    }
}

/// One version of a domain key, sealed by the root key: its durable form. Not secret.
#[derive(Clone, PartialEq, Eq)]
pub struct DomainKeyEnvelope {
    header: VersionHeader,
    bytes: Vec<u8>,
}

impl DomainKeyEnvelope {
    /// Takes the bytes that [`as_bytes`](Self::as_bytes) gave.
    ///
    /// # Errors
    /// [`HierarchyError::MalformedEnvelope`] for another magic, format version or algorithm, version 0, or nothing
    /// sealed.
    pub fn from_bytes(bytes: impl Into<Vec<u8>>) -> Result<Self, HierarchyError> {
        let bytes = bytes.into();
        match VersionHeader::parse(&bytes, MAGIC) {
            Some((header, sealed)) if !sealed.is_empty() => Ok(Self { header, bytes }),
            _ => Err(HierarchyError::MalformedEnvelope),
        }
    }

    /// The bytes to store.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The version of the domain key inside.
    pub fn version(&self) -> u32 {
        self.header.version
    }

    /// The same domain key, sealed by another root key: how a root key is replaced.
    ///
    /// # Errors
    /// As [`DomainKeys::open`] for `old`; [`HierarchyError::Root`] when `new` cannot seal.
    pub fn reseal(&self, old: &dyn RootKey, new: &dyn RootKey, domain: &Domain) -> Result<Self, HierarchyError> {
        let key = self.open(old, domain)?;
        Self::seal(new, domain, self.header, &key)
    }

    fn seal(
        root: &dyn RootKey,
        domain: &Domain,
        header: VersionHeader,
        key: &SecretBytes,
    ) -> Result<Self, HierarchyError> {
        let mut bytes = header.to_bytes()?.to_vec();
        let sealed = root.seal(key.expose(), &associated_data(&bytes, domain))?;
        bytes.extend_from_slice(&sealed);
        Ok(Self { header, bytes })
    }

    fn open(&self, root: &dyn RootKey, domain: &Domain) -> Result<SecretBytes, HierarchyError> {
        let (header, sealed) =
            self.bytes.split_at_checked(VersionHeader::LEN).ok_or(HierarchyError::MalformedEnvelope)?;
        Ok(root.open(sealed, &associated_data(header, domain))?)
    }
}

impl AsRef<[u8]> for DomainKeyEnvelope {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl fmt::Debug for DomainKeyEnvelope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DomainKeyEnvelope(version {}, {} bytes)", self.version(), self.bytes.len())
    }
}

/// One version of a domain key, ready for use. The raw key lives only inside the sealer.
pub(crate) struct DomainKey {
    version: u32,
    algorithm: SealingAlgorithm,
    pub(crate) sealer: Box<dyn Sealer>,
}

impl DomainKey {
    fn generate(
        root: &dyn RootKey,
        provider: &dyn Provider,
        entropy: &dyn Entropy,
        domain: &Domain,
        version: u32,
        algorithm: SealingAlgorithm,
    ) -> Result<(Self, DomainKeyEnvelope), HierarchyError> {
        let key = SecretBytes::random(entropy, algorithm.key_len())?;
        let sealer = provider.sealer(algorithm, key.expose())?;
        let generated = Self { version, algorithm, sealer };
        let envelope = DomainKeyEnvelope::seal(root, domain, generated.header(MAGIC), &key)?;
        Ok((generated, envelope))
    }

    fn open(
        root: &dyn RootKey,
        provider: &dyn Provider,
        domain: &Domain,
        envelope: &DomainKeyEnvelope,
    ) -> Result<Self, HierarchyError> {
        let VersionHeader { preamble: Preamble { algorithm, .. }, version } = envelope.header;
        let key = envelope.open(root, domain)?;
        Ok(Self { version, algorithm, sealer: provider.sealer(algorithm, key.expose())? })
    }

    /// How that begins which names this key.
    pub(crate) fn header(&self, magic: [u8; 2]) -> VersionHeader {
        VersionHeader { preamble: Preamble { magic, algorithm: self.algorithm }, version: self.version }
    }
}

/// Header and domain: an envelope opens in no other domain and under no other version.
fn associated_data(header: &[u8], domain: &Domain) -> SmallVec<[u8; 128]> {
    let mut data = SmallVec::from_slice(header);
    domain.write_canonical(&mut data);
    data
}

const MAGIC: [u8; 2] = *b"KD";
const FIRST_VERSION: u32 = 1;
