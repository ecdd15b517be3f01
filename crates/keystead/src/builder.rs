//! Building an instance from the parts that a host chooses.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use arc_swap::ArcSwap;
use keystead_attestation::TrustAnchors;
use keystead_crypto::entropy::SystemEntropy;
use keystead_crypto::{DefaultProvider, Entropy, Provider};
use keystead_hierarchy::{EphemeralRootKey, MAX_CANONICAL_LEN, RootKey, RootKeyError};
use keystead_memory::MemoryStore;
use keystead_store::Store;
use keystead_types::{AccountId, Region};

use crate::audit::{AuditMode, AuditSink, MemorySink, Router};
use crate::clock::{Clock, SystemClock};
use crate::engine::{Engine, storage};
use crate::events::EventSink;
use crate::grant::GrantVisibilityDelay;
use crate::instance::InstanceSecret;
use crate::kms::{Kms, RegionConfig};
use crate::ledger::Ledger;
use crate::live::LiveKeys;
use crate::material::{MaterialCache, MaterialCaching};
use crate::metrics::{Gauges, Meter, MetricSink};
use crate::quota::{Limiter, QuotaError, QuotaProfile};
use crate::region::WriteLocks;
use crate::sync::{Mutex, RwLock};
use crate::upkeep::Instance;
use crate::usage::UnsavedKeys;
use crate::{Error, backup};

/// Chooses the parts of a [`Kms`]. Every part has a working default.
#[derive(Default)]
pub struct KmsBuilder {
    store: Option<Arc<dyn Store>>,
    provider: Option<Arc<dyn Provider>>,
    entropy: Option<Arc<dyn Entropy>>,
    clock: Option<Arc<dyn Clock>>,
    root_key: Option<Arc<dyn RootKey>>,
    sinks: Vec<(AuditMode, Box<dyn AuditSink>)>,
    no_audit: bool,
    events: Option<Box<dyn EventSink>>,
    quotas: QuotaProfile,
    metrics: bool,
    metric_sinks: Vec<Box<dyn MetricSink>>,
    sweep_every: Option<Duration>,
    caching: MaterialCaching,
    live_keys: Option<usize>,
    grant_delay: GrantVisibilityDelay,
    max_context_len: Option<usize>,
    trust_anchors: TrustAnchors,
    multi_region_delay: Duration,
    no_service_linked_role: bool,
    regions: HashMap<Region, RegionConfig>,
    enabled_regions: HashMap<AccountId, BTreeSet<Region>>,
}

impl KmsBuilder {
    /// Where records are kept; by default in memory. A durable store needs a [`root_key`](Self::root_key).
    #[must_use]
    pub fn store(mut self, store: impl Store) -> Self {
        self.store = Some(Arc::new(store));
        self
    }

    /// The cryptographic provider; by default the one made of ring and RustCrypto.
    #[must_use]
    pub fn provider(mut self, provider: impl Provider) -> Self {
        self.provider = Some(Arc::new(provider));
        self
    }

    /// The source of randomness; by default the operating system, and for nonces a fork-safe generator seeded by it.
    #[must_use]
    pub fn entropy(mut self, entropy: impl Entropy) -> Self {
        self.entropy = Some(Arc::new(entropy));
        self
    }

    /// The clock; by default that of the operating system. Share a [`ManualClock`](crate::ManualClock) to travel in
    /// time.
    #[must_use]
    pub fn clock<C: Clock>(mut self, clock: Arc<C>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// The root key that seals the domain keys; by default an ephemeral one, with which nothing outlives the process.
    /// A [durable store](Store::is_durable) has no default; to have it end with the process all the same, give an
    /// [`EphemeralRootKey`].
    #[must_use]
    pub fn root_key(mut self, root_key: impl RootKey + 'static) -> Self {
        self.root_key = Some(Arc::new(root_key));
        self
    }

    /// Installs an audit sink whose failure fails the call (AUD-06).
    #[must_use]
    pub fn audit_sink(self, sink: impl AuditSink) -> Self {
        self.audit_sink_with(AuditMode::Required, sink)
    }

    /// Installs an audit sink in a mode.
    #[must_use]
    pub fn audit_sink_with(mut self, mode: AuditMode, sink: impl AuditSink) -> Self {
        self.sinks.push((mode, Box::new(sink)));
        self
    }

    /// Makes no audit records unless a sink is installed. By default the latest are kept in memory.
    #[must_use]
    pub fn no_audit(mut self) -> Self {
        self.no_audit = true;
        self
    }

    /// Installs the sink of lifecycle events; by default they go nowhere.
    #[must_use]
    pub fn event_sink(mut self, sink: impl EventSink) -> Self {
        self.events = Some(Box::new(sink));
        self
    }

    /// The quotas; by default the numbers of resources of the service today, and no limit on requests.
    #[must_use]
    pub fn quotas(mut self, quotas: QuotaProfile) -> Self {
        self.quotas = quotas;
        self
    }

    /// Counts calls and how long they take, for [`Kms::metrics`]; by default nobody does. It costs each call two looks
    /// at the clock.
    #[must_use]
    pub fn metrics(mut self) -> Self {
        self.metrics = true;
        self
    }

    /// Installs a sink of metrics: of gauges that sweeps look at once a minute at most, and of what key stores measure
    /// (AUD-49, AUD-53). There may be several.
    #[must_use]
    pub fn metric_sink(mut self, sink: impl MetricSink) -> Self {
        self.metric_sinks.push(Box::new(sink));
        self
    }

    /// Sweeps at intervals, at least of a millisecond, in a thread of its own (see [`Kms::sweep`]); by default the host
    /// does. The thread ends with the last `Kms` and [`Client`](crate::Client) of the instance, which wait for it; a sweep that
    /// fails, or panics, is told in the logs and tried again. Intervals are those of the operating system; what is due
    /// goes by the [`clock`](Self::clock).
    #[must_use]
    pub fn maintenance(mut self, every: Duration) -> Self {
        self.sweep_every = Some(every);
        self
    }

    /// How long unwrapped key material stays in memory.
    #[must_use]
    pub fn material_caching(mut self, caching: MaterialCaching) -> Self {
        self.caching = caching;
        self
    }

    /// How many keys the instance has in memory at most, over all its Regions; by default 100,000. Each takes some 3 KB,
    /// and more with long policies and many grants. Beyond that, about the least recently used go, in portions, and are
    /// read from the store again on their next use; a call on a key in memory reads nothing. Calls of many threads may
    /// exceed the bound by the keys that they work with. A key leaves only when its last use is saved, and not while it
    /// has a removed grant that still counts ([`grant_visibility_delay`](Self::grant_visibility_delay)).
    #[must_use]
    pub fn live_keys(mut self, keys: usize) -> Self {
        self.live_keys = Some(keys);
        self
    }

    /// Lets changes of grants take a while to count, so that a host can test what it does meanwhile; by default they
    /// count at once (GRA-48, POL-126). A [`Duration`](std::time::Duration) delays all of them alike.
    #[must_use]
    pub fn grant_visibility_delay(mut self, delay: impl Into<GrantVisibilityDelay>) -> Self {
        self.grant_delay = delay.into();
        self
    }

    /// How many bytes the canonical form of an encryption context may have; by default 8,192 (KEY-83).
    #[must_use]
    pub fn max_encryption_context_len(mut self, bytes: usize) -> Self {
        self.max_context_len = Some(bytes);
        self
    }

    /// The roots of the attestation documents that are believed; by default none, so that every call with a recipient
    /// is refused (ENV-70).
    #[must_use]
    pub fn trust_anchors(mut self, anchors: TrustAnchors) -> Self {
        self.trust_anchors = anchors;
        self
    }

    /// Lets ReplicateKey and UpdatePrimaryRegion take a while, so that a host can test what it does with keys that are
    /// `Creating` or `Updating`; by default they are complete before the next call (MRK-26, MRK-35).
    #[must_use]
    pub fn multi_region_delay(mut self, delay: Duration) -> Self {
        self.multi_region_delay = delay;
        self
    }

    /// Lets callers create multi-Region keys without `iam:CreateServiceLinkedRole`, for hosts without IAM (RUL-25).
    #[must_use]
    pub fn without_service_linked_role(mut self) -> Self {
        self.no_service_linked_role = true;
        self
    }

    /// Sets what a Region is, instead of what its name says.
    #[must_use]
    pub fn region(mut self, region: Region, config: RegionConfig) -> Self {
        self.regions.insert(region, config);
        self
    }

    /// Names the Regions that an account has enabled; by default they are all. Its keys cannot be replicated to others.
    #[must_use]
    pub fn enabled_regions(mut self, account: AccountId, regions: impl IntoIterator<Item = Region>) -> Self {
        self.enabled_regions.insert(account, regions.into_iter().collect());
        self
    }

    /// Builds the instance.
    ///
    /// # Errors
    /// [`BuildError`] when a durable store has no root key, a backup was restored into the store in part, the default root
    /// key cannot be made, the entropy fails, the quotas hold what they may not, or the thread of
    /// [`maintenance`](Self::maintenance) cannot be made.
    pub fn build(self) -> Result<Kms, BuildError> {
        let provider = self.provider.unwrap_or_else(|| Arc::new(DefaultProvider::new()));
        let entropy = self.entropy.unwrap_or_else(|| Arc::new(SystemEntropy));
        let root_key = match self.root_key {
            Some(root_key) => root_key,
            None if self.store.as_ref().is_some_and(|store| store.is_durable()) => {
                return Err(BuildError::DurableWithoutRootKey);
            }
            None => Arc::new(EphemeralRootKey::generate_with(provider.as_ref(), Arc::clone(&entropy))?),
        };
        self.quotas.check()?;
        let store = self.store.unwrap_or_else(|| Arc::new(MemoryStore::new()));
        if backup::is_unfinished(store.as_ref()).map_err(storage)? {
            return Err(BuildError::UnfinishedRestore);
        }
        let secret = InstanceSecret::open(store.as_ref(), root_key.as_ref(), provider.as_ref(), entropy.as_ref())?;
        let token_sealer = secret.token_sealer(provider.as_ref())?;
        let import_sealer = secret.import_sealer(provider.as_ref())?;
        let marker_key = secret.marker_mac(provider.as_ref())?;

        let mut audit = Router::default();
        let trail = (self.sinks.is_empty() && !self.no_audit).then(|| Arc::new(MemorySink::new(DEFAULT_RECORDS)));
        if let Some(trail) = &trail {
            audit.add(AuditMode::BestEffort, Box::new(Arc::clone(trail)));
        }
        for (mode, sink) in self.sinks {
            audit.add(mode, sink);
        }
        let engine = Engine {
            store: Arc::new(Ledger::new(store, secret.record_seal(provider.as_ref())?)),
            provider,
            entropy,
            clock: self.clock.unwrap_or_else(|| Arc::new(SystemClock)),
            root_key,
            audit,
            events: self.events,
            limiter: Limiter::new(&self.quotas),
            meter: self.metrics.then(Meter::new),
            gauges: Gauges::new(self.metric_sinks),
            event_failures: AtomicU64::new(0),
            quotas: ArcSwap::from_pointee(self.quotas),
            materials: MaterialCache::new(self.caching),
            grant_delay: self.grant_delay,
            trust_anchors: self.trust_anchors,
            token_sealer,
            import_sealer,
            marker_key,
            max_context_len: self.max_context_len.unwrap_or(MAX_CANONICAL_LEN),
            multi_region_delay: self.multi_region_delay,
            service_linked_role: !self.no_service_linked_role,
            configured: self.regions,
            enabled_regions: self.enabled_regions,
            locks: Arc::new(WriteLocks::new()),
            regions: RwLock::default(),
            counters: Mutex::default(),
            live: Arc::new(LiveKeys::new(self.live_keys)),
            unsaved: UnsavedKeys::default(),
            delivered: Mutex::default(),
            redelivery: Mutex::default(),
            outbox_order: AtomicU64::new(0),
        };
        let instance = Instance::new(engine, self.sweep_every).map_err(BuildError::Thread)?;
        Ok(Kms { engine: Arc::new(instance), trail })
    }
}

impl fmt::Debug for KmsBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KmsBuilder").finish_non_exhaustive()
    }
}

/// Why an instance could not be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The host chose a store that outlives the process, and no root key. The one of the default would end with the
    /// process, and what is in the store with it.
    #[error(
        "the store outlives the process but the default root key does not, and nothing in the store could be opened \
         again: set `root_key` to one that is kept, or to an ephemeral one if that is what you want"
    )]
    DurableWithoutRootKey,
    /// A backup was being restored into the store, and not all of it is there.
    #[error(
        "a backup was not restored to its end and the store holds a part of it: restore it again into this store, or \
         take another store"
    )]
    UnfinishedRestore,
    /// The root key could not be made.
    #[error("root key: {0}")]
    RootKey(#[from] RootKeyError),
    /// The quotas hold what they may not.
    #[error("quotas: {0}")]
    Quotas(#[from] QuotaError),
    /// The thread that sweeps could not be made.
    #[error("maintenance thread: {0}")]
    Thread(#[source] std::io::Error),
    /// A fault of provider or entropy.
    #[error("{0}")]
    Failed(#[from] Error),
}

/// Audit records kept by default.
const DEFAULT_RECORDS: usize = 1000;
