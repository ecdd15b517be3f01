//! One Region of an instance: its names, its domain keys and the live form of its keys.

use std::collections::BTreeSet;
use std::hash::{BuildHasher, Hash};
use std::sync::{Arc, PoisonError, TryLockError};

use keystead_hierarchy::spec::{KeyManager, KeySpec, KeyUsage, Origin};
use keystead_hierarchy::{Domain, DomainKeyEnvelope, DomainKeys, KeyFacts, Profile};
use keystead_store::{Batch, Expect, Range, Revision};
use keystead_types::{AccountId, AliasArn, AliasName, KeyArn, KeyId, Partition, Region, Timestamp};

use crate::Error;
use crate::domain::Moving;
use crate::engine::{Engine, damaged, hierarchy, internal, storage};
use crate::grant::{Grant, GrantIndex};
use crate::kms::RegionConfig;
use crate::ledger::{Ledger, View};
use crate::live::LiveKeys;
use crate::policies::default_key_policy;
use crate::record::{self, AliasRecord, KeyRecord, MaterialRecord, RECORD_FORMAT, UsageRecord};
use crate::records::RecordError;
use crate::snapshot::{Held, KeyCell, KeySnapshot, Material};
use crate::sync::{ArcSwap, HashMap, Hasher, Mutex, MutexGuard, RwLock};
use crate::usage::LastUse;

/// One Region.
pub(crate) struct RegionState {
    pub(crate) region: Region,
    pub(crate) partition: Partition,
    pub(crate) profile: Profile,
    /// Whether keys of the specs `HMAC_…` can be made here (ASY-68).
    pub(crate) has_hmac_keys: bool,
    pub(crate) domain_keys: ArcSwap<DomainKeys>,
    /// Taken while the versions of the domain key change. Whether commits of new material under a former version may be
    /// under way.
    domain_rotation: Mutex<bool>,
    pub(crate) moving: Moving,
    /// Held shared by commits of new material, so that a rotation can wait for those that began under the former domain key.
    pub(crate) domain_epoch: RwLock<()>,
    /// Those of the instance.
    pub(crate) locks: Arc<WriteLocks>,
    store: Arc<Ledger>,
    /// Those of the instance.
    live: Arc<LiveKeys>,
    keys: HashMap<KeyRef, Arc<KeyCell>>,
    /// Of live keys; an alias is evicted with its key.
    aliases: HashMap<AliasRef, KeyId>,
    stand_in: KeyCell,
}

impl RegionState {
    /// Opens the Region: its domain keys are unsealed, or made on first use.
    pub(crate) fn open(engine: &Engine, region: Region, config: RegionConfig) -> Result<Self, Error> {
        let RegionConfig { partition, profile, hmac_keys, .. } = config;
        let domain_keys = open_domain_keys(engine, Domain { partition, region }, profile)?;
        Ok(Self {
            region,
            partition,
            profile,
            has_hmac_keys: hmac_keys,
            domain_keys: ArcSwap::from_pointee(domain_keys),
            domain_rotation: Mutex::default(),
            moving: Moving::default(),
            domain_epoch: RwLock::default(),
            locks: Arc::clone(&engine.locks),
            store: Arc::clone(&engine.store),
            live: Arc::clone(&engine.live),
            keys: HashMap::default(),
            aliases: HashMap::default(),
            stand_in: KeyCell::new(Arc::new(stand_in(partition, region, profile)?)),
        })
    }

    pub(crate) fn key_arn(&self, account: AccountId, key_id: KeyId) -> KeyArn {
        KeyArn { partition: self.partition, region: self.region, account, key_id }
    }

    pub(crate) fn alias_arn(&self, account: AccountId, name: &AliasName) -> AliasArn {
        AliasArn { partition: self.partition, region: self.region, account, name: name.clone() }
    }

    /// What every ARN of the account in this Region begins with.
    pub(crate) fn arn_prefix(&self, account: AccountId) -> String {
        arn_prefix(self.partition, self.region, account)
    }

    /// The present snapshot of a key, dead or alive.
    pub(crate) fn key(&self, arn: &KeyArn) -> Result<Option<Held>, Error> {
        let reference = KeyRef { account: arn.account, key_id: arn.key_id };
        if let Some(cell) = self.keys.pin().get(&reference) {
            cell.touch();
            return Ok(Some(cell.load()));
        }
        self.load_key(arn)
    }

    /// The key that an alias points to; none as long as a predefined alias waits for its key.
    pub(crate) fn alias(&self, account: AccountId, name: &AliasName) -> Result<Option<KeyId>, Error> {
        let reference = AliasRef { account, name: name.clone() };
        if let Some(key_id) = self.aliases.pin().get(&reference) {
            return Ok(Some(*key_id));
        }
        // Nothing is published as long as the view is held, so what is remembered is what the ledger shows.
        let view = self.store.view();
        let Some(entry) = view.get(&record::alias_key(self.partition, self.region, account, name)).map_err(storage)?
        else {
            return Ok(None);
        };
        let record: AliasRecord = record::decode(&entry.value)?;
        Ok(record.target.map(|target| *self.aliases.pin().get_or_insert(reference, target)))
    }

    /// The key, if imported material of it expires some day. No other is loaded for this.
    pub(crate) fn expiring_key(&self, arn: &KeyArn) -> Result<Option<Held>, Error> {
        // A damaged record harms its own key only.
        let entry = match self.store.get(&record::key_key(arn)) {
            Ok(Some(entry)) => entry,
            Ok(None) | Err(RecordError::Altered) => return Ok(None),
            Err(error) => return Err(storage(error)),
        };
        let expires = record::decode::<KeyRecord>(&entry.value).is_ok_and(|record| record.expiry_due().is_some());
        if expires { self.key(arn) } else { Ok(None) }
    }

    /// Whether the key can be had without reading the store.
    pub(crate) fn has_live_key(&self, arn: &KeyArn) -> bool {
        self.keys.pin().contains_key(&KeyRef { account: arn.account, key_id: arn.key_id })
    }

    /// Whether this is the material that calls find, and the state of its key admits cryptographic operations.
    pub(crate) fn has_usable_material(&self, arn: &KeyArn, material: &Arc<Material>, now: Timestamp) -> bool {
        let reference = KeyRef { account: arn.account, key_id: arn.key_id };
        self.keys.pin().get(&reference).is_some_and(|cell| {
            let key = cell.load();
            let present = key.material(material.version);
            key.state(now).is_usable() && present.is_some_and(|present| Arc::ptr_eq(present, material))
        })
    }

    /// Whether the alias can be had without reading the store.
    pub(crate) fn has_live_alias(&self, account: AccountId, name: &AliasName) -> bool {
        self.aliases.pin().contains_key(&AliasRef { account, name: name.clone() })
    }

    /// Keeps the versions of the domain key as they are. Taken before any write lock.
    pub(crate) fn hold_domain_key(&self) -> MutexGuard<'_, bool> {
        self.domain_rotation.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads the store for nothing, so that a call takes as long as another one.
    pub(crate) fn read_in_vain(&self) -> Result<(), Error> {
        let nobody = record::key_key(&self.stand_in().arn);
        self.store.get(&nobody).map(drop).map_err(storage)
    }

    /// Waits until what is being published is visible as a whole.
    pub(crate) fn wait_for_publication(&self) {
        drop(self.store.view());
    }

    /// The stored record of an alias.
    pub(crate) fn alias_record(
        &self,
        account: AccountId,
        name: &AliasName,
    ) -> Result<Option<(AliasRecord, Revision)>, Error> {
        let key = record::alias_key(self.partition, self.region, account, name);
        match self.store.get(&key).map_err(storage)? {
            Some(entry) => Ok(Some((record::decode(&entry.value)?, entry.revision))),
            None => Ok(None),
        }
    }

    /// What absent keys of other accounts are judged by: a key that exists nowhere.
    pub(crate) fn stand_in(&self) -> Held {
        self.stand_in.load()
    }

    /// Makes a committed key visible.
    pub(crate) fn publish_key(&self, snapshot: KeySnapshot) {
        let snapshot = Arc::new(snapshot);
        self.with_cell(&snapshot, |cell| cell.publish(&snapshot));
    }

    /// Makes new material known before any related key uses it, so that what one encrypts all others can decrypt
    /// (MRK-40). Readers of the store wait until all is published.
    pub(crate) fn announce_material(&self, previous: &KeySnapshot, next: &KeySnapshot) {
        let reference = KeyRef { account: next.arn.account, key_id: next.arn.key_id };
        if let Some(cell) = self.keys.pin().get(&reference) {
            cell.announce(Arc::new(previous.with_materials_of(next)));
        }
    }

    /// Makes a committed deletion visible. A key that gets its ID again, as a replica may, begins anew.
    pub(crate) fn remove_key(&self, arn: &KeyArn) {
        let reference = KeyRef { account: arn.account, key_id: arn.key_id };
        if let Some(cell) = self.keys.pin().get(&reference) {
            cell.load().usage.end();
        }
        self.retract_key(arn);
    }

    /// Takes a key out, to be loaded anew, and wipes what was unwrapped.
    pub(crate) fn retract_key(&self, arn: &KeyArn) {
        let reference = KeyRef { account: arn.account, key_id: arn.key_id };
        let keys = self.keys.pin();
        if let Some(cell) = keys.get(&reference) {
            self.live.leaving(&cell.load());
        }
        if let Some(cell) = keys.remove(&reference) {
            self.live.left();
            cell.load().forget_live_material();
        }
    }

    /// Takes out a key and its aliases, if `cell` is still the live form of the key. It is locked, and nobody loads.
    pub(crate) fn evict(&self, cell: &Arc<KeyCell>) {
        let key = cell.load();
        let reference = KeyRef { account: key.arn.account, key_id: key.arn.key_id };
        self.live.leaving(&key);
        let keys = self.keys.pin();
        if let Ok(Some(_)) = keys.remove_if(&reference, |_, present| Arc::ptr_eq(present, cell)) {
            self.live.left();
            let aliases = self.aliases.pin();
            for name in &key.record.aliases {
                aliases.remove(&AliasRef { account: key.arn.account, name: name.clone() });
            }
            key.forget_live_material();
        }
    }

    /// Makes a committed alias visible; `None` removes it.
    pub(crate) fn publish_alias(&self, account: AccountId, name: &AliasName, target: Option<KeyId>) {
        let reference = AliasRef { account, name: name.clone() };
        let aliases = self.aliases.pin();
        match target {
            Some(key_id) => {
                aliases.insert(reference, key_id);
            }
            None => {
                aliases.remove(&reference);
            }
        }
    }

    /// Reads a key that is not live yet. Nothing is published meanwhile.
    fn load_key(&self, arn: &KeyArn) -> Result<Option<Held>, Error> {
        let view = self.store.view();
        let Some(entry) = view.get(&record::key_key(arn)).map_err(storage)? else { return Ok(None) };
        let record: KeyRecord = record::decode(&entry.value)?;
        let (materials, grants) = (load_materials(&view, arn)?, load_grants(&view, arn)?);
        if !is_whole(arn, &record, &materials) {
            return Err(damaged("key"));
        }
        let usage = view.get(&record::usage_key(arn)).map_err(storage)?;
        let usage = usage.map(|entry| record::decode::<UsageRecord>(&entry.value)).transpose()?;
        let materials = Some(materials);
        let mut snapshot = KeySnapshot::build(*arn, record, entry.revision, None, None, materials, Some(grants))?;
        let saved = || Arc::new(LastUse::saved(usage.and_then(UsageRecord::into_use)));
        snapshot.usage = self.live.last_use(arn).unwrap_or_else(saved);
        Ok(Some(self.with_cell(&Arc::new(snapshot), KeyCell::load)))
    }

    /// Acts on the cell of the key, which holds `snapshot` if the key was not live.
    fn with_cell<R>(&self, snapshot: &Arc<KeySnapshot>, act: impl FnOnce(&KeyCell) -> R) -> R {
        let reference = KeyRef { account: snapshot.arn.account, key_id: snapshot.arn.key_id };
        let keys = self.keys.pin();
        if let Some(cell) = keys.get(&reference) {
            return act(cell);
        }
        let made = Arc::new(KeyCell::new(Arc::clone(snapshot)));
        let cell = keys.get_or_insert(reference, Arc::clone(&made));
        if Arc::ptr_eq(cell, &made) {
            self.live.entered(&made);
        }
        act(cell)
    }
}

/// What every ARN of the account in a Region begins with.
pub(crate) fn arn_prefix(partition: Partition, region: Region, account: AccountId) -> String {
    format!("arn:{partition}:kms:{region}:{account}:")
}

/// Whether what never changes of a key agrees with its ID and its materials: a key that was made something else is not
/// adopted (KEY-06). What fits by its form is found out on use, because tokens are bound to spec and usage (OVR-16).
pub(crate) fn is_whole(arn: &KeyArn, record: &KeyRecord, materials: &[Arc<Material>]) -> bool {
    let is_imported = record.origin == Origin::External;
    record.spec.allows(record.usage)
        && record.spec.available_in(record.profile)
        && record.related.is_some() == arn.key_id.is_multi_region()
        && record.import.is_some() == is_imported
        && materials.iter().all(|material| material.imported.is_some() == is_imported)
}

fn load_grants(view: &View<'_>, arn: &KeyArn) -> Result<GrantIndex, Error> {
    let entries = view.scan(&Range::prefix(record::grant_prefix(arn)), usize::MAX).map_err(storage)?;
    let grants = entries.into_iter().map(|(_, entry)| record::decode(&entry.value));
    Ok(GrantIndex::of(grants.collect::<Result<Vec<Grant>, Error>>()?))
}

fn load_materials(view: &View<'_>, arn: &KeyArn) -> Result<Vec<Arc<Material>>, Error> {
    let range = Range::prefix(record::material_prefix(arn));
    let entries = view.scan(&range, usize::MAX).map_err(storage)?;
    entries
        .into_iter()
        .map(|(_, entry)| {
            let record: MaterialRecord = record::decode(&entry.value)?;
            Ok(Arc::new(Material::new(record)?))
        })
        .collect()
}

impl std::fmt::Debug for RegionState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RegionState").field("region", &self.region).finish_non_exhaustive()
    }
}

/// The mutexes of writers, the same in all Regions. Every resource belongs to a stripe; stripes are taken in ascending
/// order, so writers cannot wait for each other in a circle. Related multi-Region keys have one ID and so one stripe:
/// whoever locks one of them has locked the set.
pub(crate) struct WriteLocks {
    stripes: Vec<Mutex<()>>,
    hasher: Hasher,
}

/// The stripes that an operation needs.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct LockSet(BTreeSet<usize>);

/// Stripes taken.
pub(crate) struct HeldLocks<'l> {
    _guards: Vec<MutexGuard<'l, ()>>,
    set: LockSet,
}

impl WriteLocks {
    pub(crate) fn new() -> Self {
        let stripes = (0..STRIPES).map(|_| Mutex::default()).collect();
        Self { stripes, hasher: Hasher::default() }
    }

    pub(crate) fn add_key(&self, set: &mut LockSet, arn: &KeyArn) {
        set.0.insert(self.stripe(&(arn.account, arn.key_id)));
    }

    pub(crate) fn add_alias(&self, set: &mut LockSet, account: AccountId, name: &AliasName) {
        set.0.insert(self.stripe(&(account, name.as_str())));
    }

    pub(crate) fn lock(&self, set: LockSet) -> HeldLocks<'_> {
        // A panic elsewhere leaves nothing half-done: what counts is committed or not.
        let guards =
            set.0.iter().map(|stripe| self.stripes[*stripe].lock().unwrap_or_else(PoisonError::into_inner)).collect();
        HeldLocks { _guards: guards, set }
    }

    /// Takes those of the stripes that nobody has, and waits for none.
    pub(crate) fn try_lock(&self, set: LockSet) -> HeldLocks<'_> {
        let (mut guards, mut had) = (Vec::with_capacity(set.0.len()), LockSet::default());
        for stripe in set.0 {
            match self.stripes[stripe].try_lock() {
                Ok(guard) => guards.push(guard),
                Err(TryLockError::Poisoned(poisoned)) => guards.push(poisoned.into_inner()),
                Err(TryLockError::WouldBlock) => continue,
            }
            had.0.insert(stripe);
        }
        HeldLocks { _guards: guards, set: had }
    }

    fn stripe(&self, resource: &impl Hash) -> usize {
        self.hasher.hash_one(resource) as usize % STRIPES
    }
}

impl HeldLocks<'_> {
    /// Whether these are exactly the stripes of `set` or more.
    pub(crate) fn cover(&self, set: &LockSet) -> bool {
        set.0.is_subset(&self.set.0)
    }
}

/// A key within a Region.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct KeyRef {
    account: AccountId,
    key_id: KeyId,
}

/// An alias within a Region.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct AliasRef {
    account: AccountId,
    name: AliasName,
}

/// Unseals the domain keys of a Region, or makes the first one.
fn open_domain_keys(engine: &Engine, domain: Domain, profile: Profile) -> Result<DomainKeys, Error> {
    if let Some(keys) = stored_domain_keys(engine, domain)? {
        return Ok(keys);
    }
    // They come before any other record of the Region.
    let region = Range::prefix(record::region_prefix(domain.partition, domain.region));
    if !engine.store.scan_each(&region, 1).map_err(storage)?.is_empty() {
        return Err(damaged("domain key"));
    }
    let (keys, envelope) = DomainKeys::generate(
        engine.root_key.as_ref(),
        engine.provider.as_ref(),
        engine.entropy.as_ref(),
        domain,
        profile.sealing_algorithm(),
    )
    .map_err(hierarchy)?;
    let mut batch = Batch::new();
    let key = record::domain_key(domain.partition, domain.region, envelope.version());
    batch.put(key, envelope.as_bytes(), Expect::Absent);
    engine.store.commit(batch).map_err(|error| internal("storage", error))?;
    Ok(keys)
}

/// Unseals the domain keys that the store has of a Region, if any.
pub(crate) fn stored_domain_keys(engine: &Engine, domain: Domain) -> Result<Option<DomainKeys>, Error> {
    let prefix = record::domain_prefix(domain.partition, domain.region);
    let stored = engine.store.scan(&Range::prefix(&prefix), usize::MAX).map_err(storage)?;
    if stored.is_empty() {
        return Ok(None);
    }
    let envelopes = stored
        .iter()
        .map(|(_, entry)| DomainKeyEnvelope::from_bytes(&*entry.value))
        .collect::<Result<Vec<_>, _>>()
        .map_err(hierarchy)?;
    let keys = DomainKeys::open(engine.root_key.as_ref(), engine.provider.as_ref(), domain, &envelopes);
    keys.map(Some).map_err(hierarchy)
}

/// A key that exists nowhere, with the default policy of an account that does not exist.
fn stand_in(partition: Partition, region: Region, profile: Profile) -> Result<KeySnapshot, Error> {
    let nobody = AccountId::from_u64(0).ok_or_else(|| Error::KmsInternal("account zero".into()))?;
    let arn = KeyArn { partition, region, account: nobody, key_id: KeyId::single_region([0; 16]) };
    let record = KeyRecord {
        format: RECORD_FORMAT,
        created: Timestamp::UNIX_EPOCH,
        spec: KeySpec::SymmetricDefault,
        usage: KeyUsage::EncryptDecrypt,
        origin: Origin::AwsKms,
        manager: KeyManager::Customer,
        profile,
        description: "".into(),
        facts: KeyFacts::new(Origin::AwsKms),
        policy: default_key_policy(partition, nobody).into(),
        tags: Default::default(),
        aliases: Default::default(),
        rotation: None,
        on_demand_rotations: 0,
        current: 0,
        import: None,
        related: None,
    };
    KeySnapshot::build(arn, record, Revision(0), None, None, None, None)
}

/// Enough that two writers seldom meet.
const STRIPES: usize = 256;
