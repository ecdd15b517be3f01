//! The instance.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use arc_swap::ArcSwap;
use keystead_attestation::TrustAnchors;
use keystead_crypto::entropy::SystemEntropy;
use keystead_crypto::{DefaultProvider, Entropy, Provider};
use keystead_hierarchy::{EphemeralRootKey, MAX_CANONICAL_LEN, Profile, RootKey, RootKeyError};
use keystead_memory::MemoryStore;
use keystead_store::Store;
use keystead_types::{AccountId, AliasArn, KeyArn, Partition, Region, Timestamp};

use crate::access::KeyAccess;
use crate::audit::{AuditMode, AuditRecord, AuditSink, MemorySink, Router};
use crate::caller::{Caller, CallerError};
use crate::client::Client;
use crate::clock::{Clock, SystemClock};
use crate::domain::{DomainKeyStatus, DomainRotation, domain_key_status};
use crate::engine::{Engine, storage};
use crate::events::EventSink;
use crate::grant::GrantVisibilityDelay;
use crate::instance::InstanceSecret;
use crate::ledger::Ledger;
use crate::live::LiveKeys;
use crate::maintenance::Sweep;
use crate::managed::AwsManagedKey;
use crate::material::{MaterialCache, MaterialCaching};
use crate::metrics::{Gauges, Meter, MetricSink};
use crate::operations::GrantListEntry;
use crate::quota::{Limiter, QuotaError, QuotaProfile};
use crate::records::RecordCheck;
use crate::region::WriteLocks;
use crate::sync::{Mutex, RwLock};
use crate::upkeep::Instance;
use crate::usage::UnsavedKeys;
use crate::{Error, backup};

/// A key management system in this process. Cheap to clone; all clones are one instance.
///
/// ```
/// use keystead::{Caller, Kms};
///
/// let kms = Kms::in_memory();
/// let client = kms.client("us-west-2", Caller::account_root("111122223333")?)?;
/// let key = client.create_key().description("orders").send()?;
/// client.create_alias("alias/orders", &key.key_metadata.key_id).send()?;
///
/// let sealed = client.encrypt("alias/orders", b"4111 1111 1111 1111").context("order", "42").send()?;
/// let opened = client.decrypt(&sealed.ciphertext_blob).context("order", "42").send()?;
/// assert_eq!(opened.expose(), b"4111 1111 1111 1111");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Kms {
    pub(crate) engine: Arc<Instance>,
    /// The sink that is there by default.
    trail: Option<Arc<MemorySink>>,
}

impl Kms {
    /// An instance that lives and dies with the process: keys in memory under an ephemeral root key, the clock and
    /// entropy of the operating system, and the latest audit records kept in memory.
    ///
    /// # Panics
    /// When the operating system has no entropy; use [`Kms::builder`] to handle that.
    pub fn in_memory() -> Self {
        #[allow(clippy::expect_used)] // documented; there is no sensible way on without entropy
        Self::builder().build().expect("the operating system provides entropy")
    }

    /// Chooses every part of an instance.
    pub fn builder() -> KmsBuilder {
        KmsBuilder::default()
    }

    /// A client of `caller` in `region`. A service that has no account of its own uses the one it was made with.
    ///
    /// # Errors
    /// [`ClientError`] when the Region is no Region name, the caller has no account or is stated in contradictory terms,
    /// or the domain keys of the Region cannot be opened.
    pub fn client(&self, region: &str, caller: Caller) -> Result<Client, ClientError> {
        let region: Region = region.parse().map_err(|_| ClientError::Region(region.to_owned()))?;
        let account = caller.account().ok_or(ClientError::NoAccount)?;
        caller.check()?;
        let state = self.engine.region(region).map_err(ClientError::Open)?;
        Ok(Client::new(Arc::clone(&self.engine), state, caller, account))
    }

    /// Makes what time has changed happen: rotations, expiries of imported material and deletions that are due, and
    /// deliveries that failed before. It also saves when keys were last used, and goes on with rotations of domain keys.
    /// Hosts call it from a timer, or let [`KmsBuilder::maintenance`] do so; nothing depends on it but promptness (STA-02, RUL-15).
    ///
    /// # Errors
    /// [`Error::KmsInternal`] when the store fails. What was done until then stays done.
    pub fn sweep(&self) -> Result<Sweep, Error> {
        self.engine.sweep()
    }

    /// Gives a Region a new domain key and returns: new key material is wrapped under it from now on. [Sweeps](Self::sweep)
    /// wrap anew what material there is, up to 1,000 of them each, and destroy the former versions when nothing needs
    /// them any more. No ciphertext changes and no operation waits (OVR-17). After a crash, the sweeps of the next instance
    /// go on; [`Kms::domain_key_status`] says how far they are.
    ///
    /// # Errors
    /// [`Error::KmsInternal`] when the store, the root key or the entropy fails.
    pub fn begin_domain_key_rotation(&self, region: Region) -> Result<DomainKeyStatus, Error> {
        let state = self.engine.region(region)?;
        self.engine.begin_domain_key_rotation(&state)
    }

    /// Where the rotation of a Region's domain key stands.
    ///
    /// # Errors
    /// [`Error::KmsInternal`] when the Region cannot be opened.
    pub fn domain_key_status(&self, region: Region) -> Result<DomainKeyStatus, Error> {
        Ok(domain_key_status(self.engine.region(region)?.as_ref()))
    }

    /// Gives a Region a new domain key, wraps every key material anew under it and destroys the former versions, all
    /// before it returns: [`Kms::begin_domain_key_rotation`] leaves that to sweeps. A rotation that was begun before
    /// is finished with it. After a crash or an error, sweeps go on, or call it again.
    ///
    /// # Errors
    /// [`Error::KmsInternal`] when the store, the root key or the entropy fails. What was wrapped anew until then
    /// stays so; both versions remain in use.
    pub fn rotate_domain_key(&self, region: Region) -> Result<DomainRotation, Error> {
        let state = self.engine.region(region)?;
        self.engine.rotate_domain_key(&state)
    }

    /// Reads every record of the store and tells which were altered by something other than Keystead. In daily work that
    /// shows when a record is read: its key fails with [`Error::KmsInternal`], the others go on.
    ///
    /// # Errors
    /// [`Error::KmsInternal`] when the store fails.
    pub fn check_records(&self) -> Result<RecordCheck, Error> {
        self.engine.store.check().map_err(storage)
    }

    /// Says that a service has an AWS managed key in an account and Region (KEY-10): the alias `alias/aws/<service>` is
    /// there from now on, and the first DescribeKey that names it makes the key. Customers can use that key through the
    /// service and look at it, but not change it; it rotates every year and counts against no quota.
    ///
    /// A registration lives in the store. To repeat it, as hosts do when they start, changes nothing; only a key that is
    /// not made yet takes another policy.
    ///
    /// ```
    /// use keystead::{Caller, Kms};
    ///
    /// let kms = Kms::in_memory();
    /// kms.register_aws_managed_key("s3", "us-west-2".parse()?, "111122223333".parse()?)?;
    ///
    /// let root = kms.client("us-west-2", Caller::account_root("111122223333")?)?;
    /// root.describe_key("alias/aws/s3").send()?;
    /// assert!(root.encrypt("alias/aws/s3", b"directly").send().is_err());
    /// let caller = Caller::user("111122223333", "bob")?.via_service("s3.us-west-2.amazonaws.com");
    /// kms.client("us-west-2", caller)?.encrypt("alias/aws/s3", b"through S3").send()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::InvalidAliasName`] when the service has a name that no alias can have,
    /// [`Error::MalformedPolicyDocument`] when the given policy is malformed or would let somebody change the key,
    /// [`Error::KmsInternal`] when the store fails.
    pub fn register_aws_managed_key(
        &self,
        key: impl Into<AwsManagedKey>,
        region: Region,
        account: AccountId,
    ) -> Result<AliasArn, Error> {
        self.engine.register_aws_managed_key(&key.into(), region, account)
    }

    /// The latest audit records, oldest first, as long as no sink was installed.
    pub fn audit_trail(&self) -> Vec<Arc<AuditRecord>> {
        self.trail.as_ref().map(|trail| trail.records()).unwrap_or_default()
    }

    /// How many audit records best-effort sinks have lost.
    pub fn audit_failures(&self) -> u64 {
        self.engine.audit.failures()
    }

    /// Lists to whom the policy and the grants of a key open what, as of now. Conditions are told but not weighed, and
    /// policies of callers are not known here; [`Call::explain`](crate::Call::explain) weighs everything for one call.
    ///
    /// This is no operation of the API and asks for no permission: it is for who runs the service, not for its callers.
    ///
    /// ```
    /// use keystead::{Caller, Kms};
    ///
    /// let kms = Kms::in_memory();
    /// let root = kms.client("us-west-2", Caller::account_root("111122223333")?)?;
    /// let key = root.create_key().send()?.key_metadata.arn;
    /// let bob = "arn:aws:iam::444455556666:user/bob";
    /// root.create_grant(key, bob).operation("Decrypt").send()?;
    ///
    /// let access = kms.who_can_use(&key)?;
    /// assert_eq!(access.delegates().collect::<Vec<_>>(), ["arn:aws:iam::111122223333:root"]);
    /// let opening = access.of(bob).next().expect("a grant");
    /// assert_eq!(opening.actions, ["kms:Decrypt"]);
    /// assert!(opening.is_foreign && opening.conditions.is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no such key, [`Error::KmsInternal`] when the store fails.
    pub fn who_can_use(&self, key: &KeyArn) -> Result<KeyAccess, Error> {
        self.engine.who_can_use(key)
    }

    /// Finds grants on a key that differ in nothing that counts: grantee, operations, constraints and name (GRA-67).
    /// Each group has two at least, the oldest first. Whoever revokes one of them takes nothing away.
    ///
    /// Like [`Kms::who_can_use`] it is for who runs the service.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no such key, [`Error::KmsInternal`] when the store fails.
    pub fn duplicate_grants(&self, key: &KeyArn) -> Result<Vec<Vec<GrantListEntry>>, Error> {
        self.engine.duplicate_grants(key)
    }

    /// The gauge `SecondsUntilKeyMaterialExpiration` (IMP-52): whole seconds until the first of the imported materials
    /// that a key needs expires. `None` for keys that have none, or none that expires. Hosts raise an alarm when it falls
    /// below what a renewed import takes.
    ///
    /// # Errors
    /// [`Error::KmsInternal`] when the store fails.
    pub fn seconds_until_key_material_expiration(&self, key: &KeyArn) -> Result<Option<u64>, Error> {
        let state = self.engine.region(key.region)?;
        let now = self.engine.now();
        let expiry = state.key(key)?.and_then(|key| key.material_expiry(now));
        self.engine.evict_surplus(now);
        Ok(expiry.map(|at| at.duration_since(now).as_secs()))
    }

    /// When a key will be deleted if nobody cancels; `None` if that is not scheduled. A multi-Region primary that waits
    /// for its replicas has no `DeletionDate`, but an expected one once all replicas have theirs (MRK-57).
    ///
    /// Like [`Kms::who_can_use`] it is for who runs the service.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no such key, [`Error::KmsInternal`] when the store fails.
    pub fn expected_deletion(&self, key: &KeyArn) -> Result<Option<Timestamp>, Error> {
        self.engine.expected_deletion(key)
    }

    /// How many keys are in memory now; [`KmsBuilder::live_keys`] bounds them.
    pub fn live_keys(&self) -> usize {
        self.engine.live.count()
    }

    /// How many keys an account has in a Region, every state counted (QUO-03).
    ///
    /// # Errors
    /// [`Error::KmsInternal`] when the store fails.
    pub fn key_count(&self, region: Region, account: AccountId) -> Result<u64, Error> {
        let state = self.engine.region(region)?;
        self.engine.key_count(state.partition, region, account)
    }
}

impl fmt::Debug for Kms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kms").field("engine", &self.engine).finish()
    }
}

/// Why a client could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// Not a Region name.
    #[error("`{0}` is not a Region name; give one like us-west-2")]
    Region(String),
    /// The caller has no account.
    #[error("the caller has no account; state the one it calls for")]
    NoAccount,
    /// What the host states about the caller is contradictory.
    #[error(transparent)]
    Caller(#[from] CallerError),
    /// The Region could not be opened.
    #[error("the Region could not be opened: {0}")]
    Open(#[source] Error),
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

/// What a Region is, apart from its name (RUL-12).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RegionConfig {
    /// The partition, the second part of every ARN.
    pub partition: Partition,
    /// The meaning of `SYMMETRIC_DEFAULT`, and which key specs exist.
    pub profile: Profile,
    /// Whether HMAC keys can be made. Those that there are go on working without.
    pub hmac_keys: bool,
    /// Whether multi-Region keys may be there (RUL-09).
    pub multi_region: bool,
}

impl RegionConfig {
    /// What the name of the Region says: `cn-…` is in partition `aws-cn` under the China profile, any other in `aws`
    /// under the standard one. HMAC keys can be made in every Region (ASY-68), multi-Region keys in Regions of the
    /// standard profile.
    pub fn of_region(region: &Region) -> Self {
        let profile = Profile::of_region(region);
        Self {
            partition: Partition::of_region(region),
            profile,
            hmac_keys: true,
            multi_region: profile == Profile::Standard,
        }
    }
}

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
    /// does. The thread ends with the last `Kms` and [`Client`] of the instance, which wait for it; a sweep that
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
    /// [`BuildError`] when a durable store has no root key, a backup was restored into the store in part, the default root key cannot be made, the entropy fails, the
    /// quotas hold what they may not, or the thread of [`maintenance`](Self::maintenance) cannot be made.
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

/// Audit records kept by default.
const DEFAULT_RECORDS: usize = 1000;
