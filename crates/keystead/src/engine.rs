//! The inside of a `Kms`: what all Regions and calls share.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Display;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use keystead_attestation::TrustAnchors;
use keystead_crypto::{CryptoError, Entropy, Mac, Provider, Sealer};
use keystead_hierarchy::{HierarchyError, RootKey};
use keystead_types::{AccountId, Region, Timestamp};

use crate::audit::Router;
use crate::clock::Clock;
use crate::events::EventSink;
use crate::grant::GrantVisibilityDelay;
use crate::ledger::Ledger;
use crate::live::LiveKeys;
use crate::material::MaterialCache;
use crate::metrics::{Gauges, Meter};
use crate::quota::{Limiter, QuotaProfile, ResourceQuota};
use crate::records::RecordError;
use crate::region::{RegionState, WriteLocks};
use crate::sync::{Mutex, RwLock};
use crate::usage::UnsavedKeys;
use crate::{Error, RegionConfig, RequestId};

/// What all Regions and calls share.
pub(crate) struct Engine {
    pub(crate) store: Arc<Ledger>,
    pub(crate) provider: Arc<dyn Provider>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) root_key: Arc<dyn RootKey>,
    pub(crate) audit: Router,
    pub(crate) events: Option<Box<dyn EventSink>>,
    pub(crate) quotas: ArcSwap<QuotaProfile>,
    pub(crate) limiter: Limiter,
    /// Counts calls, if the host wants it.
    pub(crate) meter: Option<Meter>,
    pub(crate) gauges: Gauges,
    /// Lifecycle events that were refused for good.
    pub(crate) event_failures: AtomicU64,
    pub(crate) materials: MaterialCache,
    /// How long changes of grants take to count (GRA-48).
    pub(crate) grant_delay: GrantVisibilityDelay,
    /// The roots of the attestation documents that are believed.
    pub(crate) trust_anchors: TrustAnchors,
    /// Seals grant tokens.
    pub(crate) token_sealer: Box<dyn Sealer>,
    /// Seals import tokens.
    pub(crate) import_sealer: Box<dyn Sealer>,
    /// Authenticates pagination markers.
    pub(crate) marker_key: Box<dyn Mac>,
    /// Bytes that the canonical form of an encryption context may have (KEY-83).
    pub(crate) max_context_len: usize,
    /// How long changes of sets of related keys take to complete (MRK-26, MRK-35).
    pub(crate) multi_region_delay: Duration,
    /// Whether a multi-Region primary needs `iam:CreateServiceLinkedRole` (RUL-25).
    pub(crate) service_linked_role: bool,
    pub(crate) configured: HashMap<Region, RegionConfig>,
    /// Of accounts that have not all Regions.
    pub(crate) enabled_regions: HashMap<AccountId, BTreeSet<Region>>,
    /// Taken by writers.
    pub(crate) locks: Arc<WriteLocks>,
    pub(crate) regions: RwLock<HashMap<Region, Arc<RegionState>>>,
    /// Serialises commits that change a counter.
    pub(crate) counters: Mutex<()>,
    /// Bounds the keys in memory.
    pub(crate) live: Arc<LiveKeys>,
    /// The keys whose last use is not saved.
    pub(crate) unsaved: UnsavedKeys,
    /// Outbox entries that were delivered and go with the next commit.
    pub(crate) delivered: Mutex<Vec<keystead_store::Key>>,
    /// Taken while the outbox is offered again.
    pub(crate) redelivery: Mutex<()>,
    /// Numbers outbox entries of this run.
    pub(crate) outbox_order: AtomicU64,
}

impl Engine {
    /// The Region of this name, opened on first use.
    pub(crate) fn region(&self, region: Region) -> Result<Arc<RegionState>, Error> {
        if let Some(state) = self.regions.read().unwrap_or_else(PoisonError::into_inner).get(&region) {
            return Ok(Arc::clone(state));
        }
        let mut regions = self.regions.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(state) = regions.get(&region) {
            return Ok(Arc::clone(state));
        }
        let config = self.region_config(&region);
        let state = Arc::new(RegionState::open(self, region, config)?);
        regions.insert(region, Arc::clone(&state));
        Ok(state)
    }

    /// What the Region is, whether or not it was opened.
    pub(crate) fn region_config(&self, region: &Region) -> RegionConfig {
        self.configured.get(region).copied().unwrap_or_else(|| RegionConfig::of_region(region))
    }

    /// Whether the account has enabled the Region.
    pub(crate) fn is_enabled(&self, region: &Region, account: AccountId) -> bool {
        self.enabled_regions.get(&account).is_none_or(|enabled| enabled.contains(region))
    }

    /// All Regions that the store knows.
    pub(crate) fn stored_regions(&self) -> Result<Vec<Region>, Error> {
        Ok(self.stored_domains()?.into_iter().map(|(region, _)| region).collect())
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The quotas in force.
    pub(crate) fn quotas(&self) -> arc_swap::Guard<Arc<QuotaProfile>> {
        self.quotas.load()
    }

    /// How many resources an account may have in a Region.
    pub(crate) fn limit(&self, quota: ResourceQuota, region: &RegionState, account: AccountId) -> Option<u64> {
        self.quotas().limit(quota, region.region, account)
    }

    pub(crate) fn set_quotas(&self, quotas: QuotaProfile) {
        let present = Arc::new(quotas);
        let former = self.quotas.swap(Arc::clone(&present));
        self.limiter.replace(&former, &present);
    }

    pub(crate) fn new_request_id(&self) -> Result<RequestId, Error> {
        Ok(RequestId::from_random(self.random_id()?))
    }

    pub(crate) fn new_uuid(&self) -> Result<uuid::Uuid, Error> {
        Ok(uuid::Builder::from_random_bytes(self.random_id()?).into_uuid())
    }

    /// Random bytes for identifiers.
    pub(crate) fn random_id(&self) -> Result<[u8; 16], Error> {
        let mut bytes = [0; 16];
        self.entropy.fill_nonce(&mut bytes).map_err(crypto)?;
        Ok(bytes)
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("provider", &self.provider).field("store", &self.store).finish_non_exhaustive()
    }
}

/// A failing backend, as the caller sees it.
pub(crate) fn storage(error: impl Into<RecordError>) -> Error {
    internal("storage", error.into())
}

/// A failing provider, as the caller sees it.
pub(crate) fn crypto(error: CryptoError) -> Error {
    internal("cryptography", error)
}

/// A fault of the key hierarchy, as the caller sees it: never the caller's own (OVR-16).
pub(crate) fn hierarchy(error: HierarchyError) -> Error {
    internal("key hierarchy", error)
}

/// A stored record makes no sense.
pub(crate) fn damaged(what: &str) -> Error {
    tracing::error!(what, "a stored record is damaged");
    Error::KmsInternal(format!("{what}: the stored record is damaged").into())
}

/// A fault that is not the caller's. The caller learns which part of the system failed and what to do; why it failed is
/// for the log of the host.
pub(crate) fn internal(part: &str, error: impl std::error::Error) -> Error {
    tracing::error!(part, error = %Causes(&error), "a part of the system failed");
    let advice =
        if error.source().is_some() { "; try again, and if it fails again, see the log of the host" } else { "" };
    Error::KmsInternal(format!("{part}: {error}{advice}").into())
}

/// An error and what has caused it. None of the errors that come here bears a secret.
pub(crate) struct Causes<'e>(pub(crate) &'e dyn std::error::Error);

impl Display for Causes<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut text = self.0.to_string();
        let mut next = self.0.source();
        while let Some(error) = next {
            let cause = error.to_string();
            // Some errors tell their cause themselves.
            if !text.ends_with(&cause) {
                text = format!("{text}: {cause}");
            }
            next = error.source();
        }
        f.write_str(&text)
    }
}
