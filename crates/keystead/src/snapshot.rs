//! The live form of a key: what readers see, without a lock.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use keystead_crypto::{Mac, PrivateKey, Sealer};
use keystead_hierarchy::spec::KeyState;
use keystead_hierarchy::{Ekt, Fingerprint, KeyFacts, MaterialId};
use keystead_policy::{ArnColons, Policy, Resource, SplitArn};
use keystead_store::Revision;
use keystead_types::{KeyArn, Region, Timestamp};

use crate::Error;
use crate::engine::{damaged, hierarchy};
use crate::grant::GrantIndex;
use crate::policies::compile_key_policy;
use crate::record::{ImportedMaterial, KeyRecord, MaterialRecord, RECORD_FORMAT, Rotation};
use crate::sync::{ArcSwap, ArcSwapOption};
use crate::usage::LastUse;

/// Where the snapshots of one key follow each other.
#[derive(Debug)]
pub(crate) struct KeyCell {
    snapshot: ArcSwap<KeySnapshot>,
    /// Whether the key was used since the hand of [`LiveKeys`](crate::live::LiveKeys) came by.
    touched: AtomicBool,
}

/// One consistent view of a key: metadata, policy, tags, aliases, material (POL-127). It never changes.
#[derive(Debug)]
pub(crate) struct KeySnapshot {
    /// The commit that it shows.
    pub(crate) revision: Revision,
    pub(crate) arn: KeyArn,
    pub(crate) arn_text: Box<str>,
    arn_colons: ArnColons,
    pub(crate) record: KeyRecord,
    pub(crate) policy: Arc<Policy>,
    /// In ascending order of version; version `n` stands at index `n - 1`.
    pub(crate) materials: Arc<Vec<Arc<Material>>>,
    pub(crate) grants: GrantIndex,
    /// The names in `record.aliases`, for policy conditions.
    pub(crate) alias_names: Vec<String>,
    /// The next instant at which time alone changes something.
    pub(crate) next_due: Option<Timestamp>,
    /// Shared by all snapshots of the key.
    pub(crate) usage: Arc<LastUse>,
}

/// One version of key material: its exported key token, and its live form while that is cached.
pub(crate) struct Material {
    pub(crate) version: u32,
    pub(crate) id: MaterialId,
    /// Absent after imported material was deleted or has expired.
    pub(crate) ekt: Option<Ekt>,
    pub(crate) rotation: Option<Rotation>,
    pub(crate) imported: Option<ImportedMaterial>,
    pub(crate) live: ArcSwapOption<LiveMaterial>,
}

/// Unwrapped key material, ready for use; wiped when the last user drops it.
#[derive(Debug)]
pub(crate) struct LiveMaterial {
    pub(crate) key: LiveKey,
    /// When it was unwrapped; too old material is unwrapped anew (RUL-08).
    pub(crate) since: Timestamp,
}

/// A key in the form in which its operations use it.
#[derive(Debug)]
pub(crate) enum LiveKey {
    /// A symmetric encryption key.
    Sealer(Box<dyn Sealer>),
    /// An HMAC key.
    Mac(Box<dyn Mac>),
    /// A key pair, parsed.
    Pair(Box<dyn PrivateKey>),
}

/// A snapshot held by a reader.
pub(crate) type Held = arc_swap::Guard<Arc<KeySnapshot>>;

impl KeyCell {
    pub(crate) fn new(snapshot: Arc<KeySnapshot>) -> Self {
        Self { snapshot: ArcSwap::new(snapshot), touched: AtomicBool::new(false) }
    }

    /// Notes that the key is used. Calls on one key share this line and write it once in a round of the hand only.
    pub(crate) fn touch(&self) {
        if !self.is_touched() {
            self.touched.store(true, Ordering::Relaxed);
        }
    }

    pub(crate) fn is_touched(&self) -> bool {
        self.touched.load(Ordering::Relaxed)
    }

    /// Whether it was touched; from here on it was not.
    pub(crate) fn take_touch(&self) -> bool {
        self.is_touched() && self.touched.swap(false, Ordering::Relaxed)
    }

    pub(crate) fn load(&self) -> Held {
        self.snapshot.load()
    }

    /// Publishes `snapshot` unless a newer one is there already.
    pub(crate) fn publish(&self, snapshot: &Arc<KeySnapshot>) {
        self.snapshot.rcu(|present| {
            if present.revision < snapshot.revision { Arc::clone(snapshot) } else { Arc::clone(present) }
        });
    }

    /// Shows the present key with more material than it uses. The writer has the key locked.
    pub(crate) fn announce(&self, snapshot: Arc<KeySnapshot>) {
        self.snapshot.store(snapshot);
    }
}

impl KeySnapshot {
    /// The live form of a committed record. What did not change is shared with `previous`; `policy` is the compiled
    /// form of the record's policy if the caller has it, `materials` are all of them if any has changed.
    pub(crate) fn build(
        arn: KeyArn,
        record: KeyRecord,
        revision: Revision,
        previous: Option<&KeySnapshot>,
        policy: Option<Arc<Policy>>,
        materials: Option<Vec<Arc<Material>>>,
        grants: Option<GrantIndex>,
    ) -> Result<Self, Error> {
        let grants = grants.or_else(|| previous.map(|previous| previous.grants.clone())).unwrap_or_default();
        let policy = match (policy, previous) {
            (Some(policy), _) => policy,
            (None, Some(previous)) if previous.record.policy == record.policy => Arc::clone(&previous.policy),
            _ => Arc::new(compile_key_policy(&record.policy).map_err(|_| damaged("key policy"))?),
        };
        let materials = match (materials, previous) {
            (Some(materials), _) => Arc::new(materials),
            (None, Some(previous)) => Arc::clone(&previous.materials),
            (None, None) => Arc::default(),
        };
        let complete = materials.iter().enumerate().all(|(index, material)| material.version as usize == index + 1);
        if !complete || record.current as usize > materials.len() {
            return Err(damaged("list of key materials"));
        }
        let arn_text: Box<str> = arn.to_string().into();
        Ok(Self {
            revision,
            arn_colons: ArnColons::find(&arn_text),
            arn_text,
            alias_names: record.aliases.iter().map(ToString::to_string).collect(),
            next_due: record.next_due(arn.region),
            usage: previous.map(|previous| Arc::clone(&previous.usage)).unwrap_or_default(),
            arn,
            record,
            policy,
            materials,
            grants,
        })
    }

    /// The same key with a material wrapped anew.
    pub(crate) fn with_material(&self, revision: Revision, renewed: Material) -> Self {
        let renewed = Arc::new(renewed);
        let materials = self.materials.iter().map(|material| {
            if material.version == renewed.version { Arc::clone(&renewed) } else { Arc::clone(material) }
        });
        self.with_materials(revision, Arc::new(materials.collect()))
    }

    /// The same key with the materials of its successor, which it does not use yet (MRK-40).
    pub(crate) fn with_materials_of(&self, next: &Self) -> Self {
        self.with_materials(self.revision, Arc::clone(&next.materials))
    }

    fn with_materials(&self, revision: Revision, materials: Arc<Vec<Arc<Material>>>) -> Self {
        Self {
            revision,
            arn: self.arn,
            arn_text: self.arn_text.clone(),
            arn_colons: self.arn_colons,
            record: self.record.clone(),
            policy: Arc::clone(&self.policy),
            materials,
            grants: self.grants.clone(),
            alias_names: self.alias_names.clone(),
            next_due: self.next_due,
            usage: Arc::clone(&self.usage),
        }
    }

    /// The key as policies see it.
    pub(crate) fn resource(&self) -> Resource<'_> {
        Resource::from_split(SplitArn::from_parts(&self.arn_text, self.arn_colons), self.arn.account.as_str())
    }

    /// A key that is about to be created, as it will look.
    pub(crate) fn preview(arn: KeyArn, record: &KeyRecord, materials: &[MaterialRecord]) -> Result<Self, Error> {
        let materials = materials.iter().map(|material| Ok(Arc::new(Material::new(material.clone())?)));
        let materials = materials.collect::<Result<_, Error>>()?;
        Self::build(arn, record.clone(), Revision(0), None, None, Some(materials), None)
    }

    /// Whether it was never committed.
    pub(crate) fn is_draft(&self) -> bool {
        self.revision == Revision(0)
    }

    /// Whether the key is a replica.
    pub(crate) fn is_replica(&self, now: Timestamp) -> bool {
        self.record.is_replica(self.arn.region, now)
    }

    /// The related key in another Region.
    pub(crate) fn arn_in(&self, region: Region) -> KeyArn {
        KeyArn { region, ..self.arn }
    }

    /// The state of the key (STA-04). Imported material that has expired is not there, whether or not it was deleted yet
    /// (IMP-50).
    pub(crate) fn state(&self, now: Timestamp) -> KeyState {
        self.facts(now).state()
    }

    /// Whether imported material that the key needs is missing, whatever its state.
    pub(crate) fn lacks_material(&self, now: Timestamp) -> bool {
        !self.facts(now).material_present
    }

    fn facts(&self, now: Timestamp) -> KeyFacts {
        let mut facts = self.record.facts_at(self.arn.region, now);
        if self.has_expired_material(now) {
            facts.material_present &= self.bound_materials().all(|material| !material.is_expired(now));
        }
        facts
    }

    /// Whether imported material has expired and is not deleted yet.
    pub(crate) fn has_expired_material(&self, now: Timestamp) -> bool {
        self.is_overdue(now) && self.record.expiry_due().is_some_and(|at| at <= now)
    }

    /// Whether the key has imported material, and all of it is there.
    pub(crate) fn has_imported_material(&self, now: Timestamp) -> bool {
        self.record.import.is_some()
            && self.record.current > 0
            && self.bound_materials().all(|material| material.is_present(now))
    }

    /// When the first of the materials that the key needs expires; `None` if one is missing or none expires.
    pub(crate) fn material_expiry(&self, now: Timestamp) -> Option<Timestamp> {
        self.record.import.as_ref()?;
        let expiry = self.bound_materials().filter_map(|material| material.valid_to()).min();
        expiry.filter(|_| self.has_imported_material(now))
    }

    /// The materials that belong to the key for good.
    fn bound_materials(&self) -> impl Iterator<Item = &Arc<Material>> {
        self.materials.iter().filter(|material| material.version <= self.record.current)
    }

    /// Whether the waiting period is over: the key exists no more, whether or not it was removed yet (STA-70).
    pub(crate) fn is_dead(&self, now: Timestamp) -> bool {
        self.record.deletion_due(now).is_some_and(|at| at <= now)
    }

    /// Whether time has changed something that is not committed yet.
    pub(crate) fn is_overdue(&self, now: Timestamp) -> bool {
        self.next_due.is_some_and(|at| at <= now)
    }

    pub(crate) fn material(&self, version: u32) -> Option<&Arc<Material>> {
        let index = usize::try_from(version.checked_sub(1)?).ok()?;
        self.materials.get(index)
    }

    pub(crate) fn current_material(&self) -> Option<&Arc<Material>> {
        self.material(self.record.current)
    }

    /// The imported material that waits for RotateKeyOnDemand.
    pub(crate) fn pending_material(&self) -> Option<&Arc<Material>> {
        self.materials.last().filter(|last| last.version > self.record.current)
    }

    /// Drops every unwrapped material (RUL-08).
    pub(crate) fn forget_live_material(&self) {
        for material in self.materials.iter() {
            material.live.store(None);
        }
    }
}

impl Material {
    pub(crate) fn new(record: MaterialRecord) -> Result<Self, Error> {
        Ok(Self {
            version: record.version,
            id: record.id,
            ekt: record.ekt.map(Ekt::from_bytes).transpose().map_err(hierarchy)?,
            rotation: record.rotation,
            imported: record.imported,
            live: ArcSwapOption::empty(),
        })
    }

    /// What the store holds of it.
    pub(crate) fn to_record(&self) -> MaterialRecord {
        MaterialRecord {
            format: RECORD_FORMAT,
            version: self.version,
            id: self.id,
            ekt: self.ekt.as_ref().map(|ekt| ekt.as_bytes().to_vec()),
            rotation: self.rotation,
            imported: self.imported.clone(),
        }
    }

    /// When it expires, if it is imported, there, and does.
    pub(crate) fn valid_to(&self) -> Option<Timestamp> {
        self.imported.as_ref().filter(|_| self.ekt.is_some())?.valid_to
    }

    pub(crate) fn is_expired(&self, now: Timestamp) -> bool {
        self.valid_to().is_some_and(|at| at <= now)
    }

    /// Whether its bytes are there.
    pub(crate) fn is_present(&self, now: Timestamp) -> bool {
        self.ekt.is_some() && !self.is_expired(now)
    }

    pub(crate) fn has_fingerprint(&self, fingerprint: &Fingerprint) -> bool {
        self.imported.as_ref().is_some_and(|imported| imported.fingerprint == *fingerprint)
    }
}

impl fmt::Debug for Material {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Material").field("version", &self.version).field("id", &self.id).finish_non_exhaustive()
    }
}
