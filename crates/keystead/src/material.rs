//! Key material in use: unwrapped on demand, kept in a bounded cache (RUL-08).

use std::collections::VecDeque;
use std::fmt;
use std::num::NonZeroUsize;
use std::sync::{Arc, PoisonError, Weak};
use std::time::Duration;

use keystead_crypto::{Mac, PrivateKey, Sealer, SealingAlgorithm, SecretBytes};
use keystead_hierarchy::{EktBinding, HierarchyError, MaterialId, Purpose, generate_material};
use keystead_types::{KeyArn, Timestamp};

use crate::Error;
use crate::engine::{Engine, crypto, damaged, hierarchy};
use crate::record::{KeyRecord, MaterialRecord, RECORD_FORMAT, Rotation};
use crate::region::RegionState;
use crate::snapshot::{KeySnapshot, LiveKey, LiveMaterial, Material};
use crate::sync::Mutex;

/// How long unwrapped key material may stay in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MaterialCaching {
    /// Keep at most so many materials, each at most so long; wiped on disable, deletion and drop. The default, with
    /// 10,000 materials and one hour.
    Bounded {
        /// Materials in the cache.
        entries: NonZeroUsize,
        /// Time since a material was unwrapped, by the host's clock.
        max_age: Duration,
    },
    /// Keep nothing: every operation unwraps its material and wipes it.
    Strict,
}

impl Default for MaterialCaching {
    fn default() -> Self {
        Self::Bounded { entries: DEFAULT_ENTRIES, max_age: DEFAULT_AGE }
    }
}

/// Decides which materials stay unwrapped. The live forms themselves sit beside the key they belong to.
#[derive(Debug)]
pub(crate) struct MaterialCache {
    caching: MaterialCaching,
    /// Only the slow path, which has just unwrapped something, takes the lock.
    unwrapped: Mutex<Unwrapped>,
}

#[derive(Debug, Default)]
struct Unwrapped {
    /// In order of unwrapping; among them some that were wiped otherwise.
    materials: VecDeque<Weak<Material>>,
    /// How many were admitted since those were looked for.
    unchecked: usize,
}

/// Unwrapped material, cached or for this call only.
pub(crate) enum LiveHandle {
    Cached(arc_swap::Guard<Option<Arc<LiveMaterial>>>),
    Fresh(Arc<LiveMaterial>),
}

impl LiveHandle {
    /// The symmetric encryption key.
    pub(crate) fn sealer(&self) -> Result<&dyn Sealer, Error> {
        match self.key() {
            Some(LiveKey::Sealer(sealer)) => Ok(sealer.as_ref()),
            _ => Err(damaged("key material")),
        }
    }

    /// The HMAC key.
    pub(crate) fn mac(&self) -> Result<&dyn Mac, Error> {
        match self.key() {
            Some(LiveKey::Mac(mac)) => Ok(mac.as_ref()),
            _ => Err(damaged("key material")),
        }
    }

    /// The private key.
    pub(crate) fn pair(&self) -> Result<&dyn PrivateKey, Error> {
        match self.key() {
            Some(LiveKey::Pair(pair)) => Ok(pair.as_ref()),
            _ => Err(damaged("key material")),
        }
    }

    fn key(&self) -> Option<&LiveKey> {
        match self {
            Self::Cached(guard) => guard.as_ref().map(|live| &live.key),
            Self::Fresh(live) => Some(&live.key),
        }
    }
}

impl MaterialCache {
    pub(crate) fn new(caching: MaterialCaching) -> Self {
        Self { caching, unwrapped: Mutex::default() }
    }

    /// The live form of a material of `key`.
    pub(crate) fn live(
        &self,
        engine: &Engine,
        region: &RegionState,
        key: &KeySnapshot,
        material: &Arc<Material>,
        now: Timestamp,
    ) -> Result<LiveHandle, Error> {
        let MaterialCaching::Bounded { entries, max_age } = self.caching else {
            return unwrap(engine, region, key, material, now).map(|live| LiveHandle::Fresh(Arc::new(live)));
        };
        let cached = material.live.load();
        if cached.as_ref().is_some_and(|live| now.duration_since(live.since) < max_age) {
            return Ok(LiveHandle::Cached(cached));
        }
        let live = Arc::new(unwrap(engine, region, key, material, now)?);
        material.live.store(Some(Arc::clone(&live)));
        self.admit(material, entries);
        // A key that was disabled or evicted since this call looked at it has forgotten its material already.
        if !region.has_usable_material(&key.arn, material, now) {
            material.live.store(None);
        }
        Ok(LiveHandle::Fresh(live))
    }

    /// Counts a newly unwrapped material, and drops the oldest ones over the bound.
    fn admit(&self, material: &Arc<Material>, entries: NonZeroUsize) {
        let mut unwrapped = self.unwrapped.lock().unwrap_or_else(PoisonError::into_inner);
        let Unwrapped { materials, unchecked } = &mut *unwrapped;
        materials.push_back(Arc::downgrade(material));
        *unchecked += 1;
        // What was wiped with its key takes no place. It is looked for so seldom that an admission costs a look or two.
        if materials.len() > entries.get() && *unchecked > entries.get() / 2 {
            materials.retain(|material| material.upgrade().is_some_and(|material| material.live.load().is_some()));
            *unchecked = 0;
        }
        while materials.len() > entries.get() {
            if let Some(oldest) = materials.pop_front().and_then(|oldest| oldest.upgrade()) {
                oldest.live.store(None);
            }
        }
    }
}

/// Makes key material from fresh entropy (OVR-12, ROT-08). RSA keys take up to seconds.
pub(crate) fn generate(engine: &Engine, record: &KeyRecord) -> Result<SecretBytes, Error> {
    generate_material(record.spec, record.profile, engine.provider.as_ref(), engine.entropy.as_ref()).map_err(hierarchy)
}

/// Wraps a new version of key material for the store.
pub(crate) fn wrap(
    engine: &Engine,
    region: &RegionState,
    arn: &KeyArn,
    record: &KeyRecord,
    version: u32,
    rotation: Option<Rotation>,
    material: &SecretBytes,
) -> Result<MaterialRecord, Error> {
    let binding = binding(arn, record, version);
    let ekt = region.domain_keys.load().wrap(material, &binding, engine.entropy.as_ref()).map_err(hierarchy)?;
    let id = MaterialId::of(engine.provider.as_ref(), arn.key_id, material).map_err(hierarchy)?;
    Ok(MaterialRecord { format: RECORD_FORMAT, version, id, ekt: Some(ekt.into_bytes()), rotation, imported: None })
}

/// All material of a key for a related key in another Region, wrapped anew: no token is in two Regions. Imported material
/// stays behind; only what it is recognised by goes along (MRK-62).
pub(crate) fn transfer(
    engine: &Engine,
    key: &KeySnapshot,
    from: &RegionState,
    to: &RegionState,
) -> Result<Vec<MaterialRecord>, Error> {
    let wrapped = key.materials.iter().map(|material| {
        if material.imported.is_some() {
            return Ok(material.to_record().awaiting_import());
        }
        let secret = open(from, key, material)?;
        let arn = key.arn_in(to.region);
        wrap(engine, to, &arn, &key.record, material.version, material.rotation, &secret)
    });
    wrapped.collect()
}

/// Opens an exported key token and prepares the key in it.
fn unwrap(
    engine: &Engine,
    region: &RegionState,
    key: &KeySnapshot,
    material: &Material,
    now: Timestamp,
) -> Result<LiveMaterial, Error> {
    let secret = open(region, key, material)?;
    Ok(LiveMaterial { key: prepare(engine, &key.record, secret.expose())?, since: now })
}

/// The bytes of a material, on their way to another instance; `None` if they are not there.
pub(crate) fn open_if_present(
    region: &RegionState,
    key: &KeySnapshot,
    material: &Material,
) -> Result<Option<SecretBytes>, Error> {
    material.ekt.is_some().then(|| open(region, key, material)).transpose()
}

fn open(region: &RegionState, key: &KeySnapshot, material: &Material) -> Result<SecretBytes, Error> {
    let binding = binding(&key.arn, &key.record, material.version);
    let ekt = material.ekt.as_ref().ok_or_else(|| damaged("key material"))?;
    match region.domain_keys.load().unwrap(ekt, &binding) {
        // The domain key was rotated since the snapshot was taken; the present one holds a token under the new key.
        Err(HierarchyError::UnknownDomainKey { .. }) => {
            let present = region.key(&key.arn)?.ok_or_else(|| damaged("key"))?;
            let material = present.material(material.version).ok_or_else(|| damaged("key material"))?;
            let ekt = material.ekt.as_ref().ok_or_else(|| damaged("key material"))?;
            region.domain_keys.load().unwrap(ekt, &binding)
        }
        opened => opened,
    }
    .map_err(hierarchy)
}

/// Computes key schedules and parses key pairs, once.
fn prepare(engine: &Engine, record: &KeyRecord, secret: &[u8]) -> Result<LiveKey, Error> {
    let provider = &engine.provider;
    match (record.spec.key_pair(), record.spec.mac_algorithm()) {
        (Some(algorithm), _) => provider.trusted_private_key(algorithm, secret).map(LiveKey::Pair),
        (None, Some(mac)) => provider.mac(mac.algorithm(), secret).map(LiveKey::Mac),
        (None, None) => provider.sealer(sealing_algorithm(record), secret).map(LiveKey::Sealer),
    }
    .map_err(crypto)
}

/// How messages are sealed under the key (RUL-11).
pub(crate) fn sealing_algorithm(record: &KeyRecord) -> SealingAlgorithm {
    record.profile.sealing_algorithm()
}

/// What the token of a material belongs to (OVR-16).
pub(crate) fn binding(arn: &KeyArn, record: &KeyRecord, material_version: u32) -> EktBinding {
    EktBinding {
        account: arn.account,
        key_id: arn.key_id,
        material_version,
        spec: record.spec,
        usage: record.usage,
        purpose: Purpose::Material,
    }
}

impl fmt::Debug for LiveHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LiveHandle")
    }
}

const DEFAULT_ENTRIES: NonZeroUsize = NonZeroUsize::new(10_000).unwrap();
const DEFAULT_AGE: Duration = Duration::from_secs(3600);
