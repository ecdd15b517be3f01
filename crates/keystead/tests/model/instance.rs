//! What instances are made of and what stays when one ends: disk, root key, clock, entropy, sinks.

use std::collections::HashSet;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use keystead::crypto::entropy::SeededEntropy;
use keystead::crypto::{CryptoError, DefaultProvider, Entropy, SecretBytes};
use keystead::hierarchy::RawRootKey;
use keystead::{
    AuditMode, AuditRecord, AuditSink, EventSink, Kms, LifecycleEvent, ManualClock, MaterialCaching, MemoryEvents,
    QuotaProfile, ResourceQuota, SinkError, Timestamp, replace_root_key,
};

use super::disk::{Backend, Disk};
use super::provider::FewRsaKeys;
use super::world::{ALIASES_PER_KEY, GRANTS_PER_KEY, KEYS_PER_ACCOUNT, ON_DEMAND_ROTATIONS};

/// How the instances of a run differ from those of others.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    pub seed: u64,
    /// Unwraps material anew for every call.
    pub strict: bool,
    /// The audit sink can refuse a call.
    pub required_sink: bool,
    /// How many milliseconds replicas are made and primaries change.
    pub delay: i64,
    pub backend: Backend,
}

pub struct Parts {
    setting: Setting,
    pub clock: Arc<ManualClock>,
    pub disk: Disk,
    root_key: Arc<RawRootKey>,
    entropy: Shared,
    pub events: Arc<Listener>,
    pub log: Arc<Mutex<Log>>,
    /// Whether the audit sink refuses records.
    pub deaf: Arc<AtomicBool>,
}

/// The audit records, each once; repetitions are known by their event ID.
#[derive(Default)]
pub struct Log {
    pub records: Vec<Arc<AuditRecord>>,
    pub repeated: usize,
    seen: HashSet<String>,
}

impl Parts {
    pub fn new(setting: Setting, now: i64) -> Self {
        let entropy = Shared(Arc::new(SeededEntropy::new(setting.seed)));
        Self {
            setting,
            clock: Arc::new(ManualClock::new(Timestamp::from_millis(now).unwrap())),
            disk: Disk::new(setting.backend),
            root_key: Arc::new(new_root_key(&entropy)),
            entropy,
            events: Arc::default(),
            log: Arc::default(),
            deaf: Arc::default(),
        }
    }

    /// An instance, the first or a later one.
    pub fn open(&mut self) -> Kms {
        let quotas = QuotaProfile::DEFAULT.custom();
        let quotas = quotas.with_keys_per_account(KEYS_PER_ACCOUNT).with_aliases_per_key(ALIASES_PER_KEY);
        let quotas = quotas.with_grants_per_key(GRANTS_PER_KEY);
        let quotas = quotas.with_limit(ResourceQuota::OnDemandRotations, Some(ON_DEMAND_ROTATIONS.into()));
        let caching = if self.setting.strict {
            MaterialCaching::Strict
        } else {
            // Few and short-lived, so that they come and go.
            MaterialCaching::Bounded { entries: NonZeroUsize::new(3).unwrap(), max_age: Duration::from_secs(3600) }
        };
        let mode = if self.setting.required_sink { AuditMode::Required } else { AuditMode::BestEffort };
        Kms::builder()
            .provider(FewRsaKeys::default())
            .multi_region_delay(Duration::from_millis(self.setting.delay.unsigned_abs()))
            .store(self.disk.open())
            .root_key(Arc::clone(&self.root_key))
            .entropy(self.entropy.clone())
            .clock(Arc::clone(&self.clock))
            .event_sink(Arc::clone(&self.events))
            .audit_sink_with(mode, Ear { log: Arc::clone(&self.log), deaf: Arc::clone(&self.deaf) })
            .quotas(quotas)
            .material_caching(caching)
            // None but those of the call at hand, one, or all.
            .live_keys([0, 1, usize::MAX][(self.setting.seed % 3) as usize])
            .build()
            .unwrap()
    }

    /// Puts what no instance has open under another root key (OVR-18).
    pub fn replace_root_key(&mut self) {
        let next = Arc::new(new_root_key(&self.entropy));
        let former = std::mem::replace(&mut self.root_key, next);
        let store = self.disk.open();
        replace_root_key(&store, &former, &self.root_key).unwrap();
        assert!(Kms::builder().store(store).root_key(former).build().is_err(), "the former root key still opens");
    }
}

fn new_root_key(entropy: &Shared) -> RawRootKey {
    let secret = SecretBytes::random(entropy, 32).unwrap();
    RawRootKey::new_with(&secret, &DefaultProvider::new(), Arc::new(entropy.clone())).unwrap()
}

/// The sink of lifecycle events of all instances of a run.
#[derive(Default)]
pub struct Listener {
    /// Whether it refuses them.
    pub deaf: AtomicBool,
    pub heard: MemoryEvents,
}

impl EventSink for Listener {
    fn publish(&self, event: &LifecycleEvent) -> Result<(), SinkError> {
        if self.deaf.load(Ordering::Relaxed) {
            return Err(SinkError::new("nobody listens"));
        }
        self.heard.publish(event)
    }
}

/// The audit sink of all instances of a run.
struct Ear {
    log: Arc<Mutex<Log>>,
    deaf: Arc<AtomicBool>,
}

impl AuditSink for Ear {
    fn record(&self, record: &Arc<AuditRecord>) -> Result<(), SinkError> {
        if self.deaf.load(Ordering::Relaxed) {
            return Err(SinkError::new("the sink hears nothing"));
        }
        let mut log = self.log.lock().unwrap();
        match log.seen.insert(record.event_id.to_string()) {
            true => log.records.push(Arc::clone(record)),
            false => log.repeated += 1,
        }
        Ok(())
    }
}

/// One stream of random bytes for all instances of a run.
#[derive(Clone, Debug)]
struct Shared(Arc<SeededEntropy>);

impl Entropy for Shared {
    fn fill(&self, dest: &mut [u8]) -> Result<(), CryptoError> {
        self.0.fill(dest)
    }
}
