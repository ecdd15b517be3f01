//! Rotation of domain keys: every exported key token is wrapped anew, no ciphertext changes (OVR-17).
//!
//! A rotation begins with a new version, which wraps from then on; both open. The tokens under former versions are then
//! moved one by one, by sweeps a bounded share at a time, or by [`Kms::rotate_domain_key`](crate::Kms::rotate_domain_key)
//! all at once. What there is to do is read off the store: a Region with more than one version has not finished. So
//! whoever finds it goes on, also after a crash. A former version is destroyed when a whole pass over the Region has
//! found no token that may need it, readable or not.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, TryLockError};
use std::time::Duration;

use keystead_hierarchy::Domain;
use keystead_store::{Batch, CommitError, Expect, Key, Range};
use keystead_types::Region;

use crate::Error;
use crate::engine::{Engine, damaged, hierarchy, internal, storage};
use crate::record;
use crate::region::{RegionState, stored_domain_keys};
use crate::rewrap::{Found, Need};
use crate::sync::{Mutex, MutexGuard};

/// What the rotation of a domain key did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DomainRotation {
    /// The version in use now.
    pub version: u32,
    /// Key materials that were wrapped anew.
    pub rewrapped: usize,
    /// Former versions that were destroyed.
    pub retired: usize,
    /// Key materials that could not be wrapped anew, because their records or those of their keys are damaged. The
    /// versions that they may be under are kept.
    pub skipped: usize,
}

/// Where the rotation of a Region's domain key stands.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DomainKeyStatus {
    /// The version that wraps.
    pub version: u32,
    /// Former versions that are still there, because key material may be wrapped under them; in ascending order.
    pub former: Vec<u32>,
    /// Key materials that this instance has wrapped anew since the latest rotation began, or since it opened the Region.
    pub rewrapped: u64,
    /// Key materials that the last pass over the Region had to leave as they are, because their records or those of
    /// their keys are damaged. They keep the former versions that they may be under.
    pub skipped: u64,
}

impl DomainKeyStatus {
    /// Whether all is under the present version, and no other is left.
    pub fn is_settled(&self) -> bool {
        self.former.is_empty()
    }
}

/// How far the tokens of a Region have been moved. None of it is stored.
#[derive(Default)]
pub(crate) struct Moving {
    /// Taken by whoever moves tokens, before any other lock.
    pass: Mutex<Pass>,
    moved: AtomicU64,
    skipped: AtomicU64,
}

/// What moving tokens has led to.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Moved {
    pub(crate) moved: usize,
    pub(crate) skipped: usize,
    pub(crate) retired: usize,
}

impl Engine {
    /// Adds a version, which wraps from now on.
    pub(crate) fn begin_domain_key_rotation(&self, region: &RegionState) -> Result<DomainKeyStatus, Error> {
        let mut in_flight = region.hold_domain_key();
        // A rotation that failed may have left a version that this instance does not know.
        let mut keys = stored_domain_keys(self, domain(region))?.ok_or_else(|| damaged("domain key"))?;
        let envelope =
            keys.rotate(self.root_key.as_ref(), self.provider.as_ref(), self.entropy.as_ref()).map_err(hierarchy)?;
        let mut batch = Batch::new();
        let key = record::domain_key(region.partition, region.region, envelope.version());
        batch.put(key, envelope.as_bytes(), Expect::Absent);
        self.store.commit(batch).map_err(commit_error)?;
        region.domain_keys.store(Arc::new(keys));
        *in_flight = true;
        region.moving.moved.store(0, Ordering::Relaxed);
        region.moving.skipped.store(0, Ordering::Relaxed);
        Ok(domain_key_status(region))
    }

    /// Adds a version, moves every token to it, destroys the former versions.
    pub(crate) fn rotate_domain_key(&self, region: &RegionState) -> Result<DomainRotation, Error> {
        self.begin_domain_key_rotation(region)?;
        let mut pass = lock(&region.moving.pass);
        let (mut all, mut done) = (Share::ALL, Moved::default());
        self.move_tokens(region, &mut pass, &mut all, &mut done)?;
        let Moved { moved, skipped, retired } = done;
        Ok(DomainRotation { version: region.domain_keys.load().current_version(), rewrapped: moved, retired, skipped })
    }

    /// Goes on with a rotation if one has begun, here or in an instance before this one. `stored` is the number of
    /// versions that the store holds.
    pub(crate) fn sweep_domain_key(&self, region: &RegionState, stored: usize, done: &mut Moved) -> Result<(), Error> {
        let mut pass = match region.moving.pass.try_lock() {
            Ok(pass) => pass,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            // Somebody is at it.
            Err(TryLockError::WouldBlock) => return Ok(()),
        };
        if region.domain_keys.load().versions().len() != stored {
            self.adopt_stored_versions(region)?;
        }
        let keys = region.domain_keys.load();
        let now = self.clock.monotonic();
        let is_resting = pass.rest.is_some_and(|rest| rest.version == keys.current_version() && now < rest.until);
        if keys.versions().len() == 1 || is_resting {
            return Ok(());
        }
        let mut share = Share { moves: MOVES_PER_SWEEP, looks: LOOKS_PER_SWEEP };
        self.move_tokens(region, &mut pass, &mut share, done)
    }

    /// Takes over the versions that the store holds, after a commit that was made although it seemed to fail.
    fn adopt_stored_versions(&self, region: &RegionState) -> Result<(), Error> {
        let mut in_flight = region.hold_domain_key();
        let stored = stored_domain_keys(self, domain(region))?.ok_or_else(|| damaged("domain key"))?;
        if !stored.versions().eq(region.domain_keys.load().versions()) {
            region.domain_keys.store(Arc::new(stored));
            *in_flight = true;
        }
        Ok(())
    }

    /// Makes passes over the Region until one has found nothing to move, or the share is used up.
    fn move_tokens(
        &self,
        region: &RegionState,
        pass: &mut Pass,
        share: &mut Share,
        done: &mut Moved,
    ) -> Result<(), Error> {
        loop {
            if pass.version != region.domain_keys.load().current_version() {
                *pass = self.new_pass(region);
            }
            match self.go_on(region, pass, share, done)? {
                Stop::ShareUsed => return Ok(()),
                Stop::Overtaken => {}
                Stop::End => {
                    let ended = std::mem::take(pass);
                    region.moving.skipped.store(ended.skipped as u64, Ordering::Relaxed);
                    if ended.moved == 0 {
                        done.skipped += ended.skipped;
                        done.retired += self.retire(region, &ended)?;
                        // What is damaged will not be better the next minute.
                        let until = self.clock.monotonic().saturating_add(REST);
                        pass.rest = Some(Rest { version: ended.version, until });
                        return Ok(());
                    }
                }
            }
        }
    }

    /// Every token under a former version is in the store when a pass begins.
    fn new_pass(&self, region: &RegionState) -> Pass {
        let mut in_flight = region.hold_domain_key();
        if std::mem::take(&mut *in_flight) {
            drop(region.domain_epoch.write().unwrap_or_else(PoisonError::into_inner));
        }
        Pass { version: region.domain_keys.load().current_version(), ..Pass::default() }
    }

    fn go_on(&self, region: &RegionState, pass: &mut Pass, share: &mut Share, done: &mut Moved) -> Result<Stop, Error> {
        let prefix = record::region_prefix(region.partition, region.region);
        loop {
            let range = Range::prefix(&prefix);
            let range = pass.after.as_ref().map_or(range.clone(), |last| range.after(last));
            let page = self.store.scan_each(&range, SCAN_PAGE).map_err(storage)?;
            let is_last = page.len() < SCAN_PAGE;
            for (key, entry) in page {
                if share.is_used() {
                    return Ok(Stop::ShareUsed);
                }
                if pass.version != region.domain_keys.load().current_version() {
                    return Ok(Stop::Overtaken);
                }
                let found = self.rewrap(region, &key, entry.ok().as_ref().map(|entry| &*entry.value))?;
                share.looks -= 1;
                match found {
                    Found::Nothing => {}
                    Found::Moved => {
                        region.moving.moved.fetch_add(1, Ordering::Relaxed);
                        (pass.moved, done.moved, share.moves) = (pass.moved + 1, done.moved + 1, share.moves - 1);
                    }
                    Found::Stuck(need) => pass.skip(need),
                }
                pass.after = Some(key);
            }
            // Their keys were loaded for this.
            self.evict_surplus(self.now());
            if is_last {
                return Ok(Stop::End);
            }
        }
    }

    /// Destroys the former versions that nothing needs, and tells how many.
    fn retire(&self, region: &RegionState, pass: &Pass) -> Result<usize, Error> {
        let _unchanged = region.hold_domain_key();
        let mut keys = region.domain_keys.load().as_ref().clone();
        if keys.current_version() != pass.version || pass.needs_all {
            return Ok(0);
        }
        let is_unused = |version: &u32| *version != pass.version && !pass.needed.contains(version);
        let unused: Vec<u32> = keys.versions().filter(is_unused).collect();
        if unused.is_empty() {
            return Ok(0);
        }
        let mut batch = Batch::new();
        for version in &unused {
            keys.retire(*version).map_err(hierarchy)?;
            batch.delete(record::domain_key(region.partition, region.region, *version), Expect::Any);
        }
        self.store.commit(batch).map_err(commit_error)?;
        region.domain_keys.store(Arc::new(keys));
        Ok(unused.len())
    }

    /// The Regions that the store knows, with the number of versions of their domain keys.
    pub(crate) fn stored_domains(&self) -> Result<Vec<(Region, usize)>, Error> {
        let stored = self.store.scan_each(&Range::prefix(record::DOMAIN_PREFIX), usize::MAX).map_err(storage)?;
        let mut domains: Vec<(Region, usize)> = Vec::new();
        for (_, region) in stored.iter().filter_map(|(key, _)| record::parse_domain_key(key)) {
            match domains.last_mut().filter(|(last, _)| *last == region) {
                Some((_, versions)) => *versions += 1,
                None => domains.push((region, 1)),
            }
        }
        Ok(domains)
    }
}

/// Where the rotation of the Region's domain key stands.
pub(crate) fn domain_key_status(region: &RegionState) -> DomainKeyStatus {
    let keys = region.domain_keys.load();
    let version = keys.current_version();
    DomainKeyStatus {
        version,
        former: keys.versions().filter(|other| *other != version).collect(),
        rewrapped: region.moving.moved.load(Ordering::Relaxed),
        skipped: region.moving.skipped.load(Ordering::Relaxed),
    }
}

/// One pass over the records of a Region.
#[derive(Debug, Default)]
struct Pass {
    /// The version that tokens are moved to. 0 before the first pass.
    version: u32,
    /// The record that was looked at last.
    after: Option<Key>,
    moved: usize,
    skipped: usize,
    /// Versions of tokens that could not be moved.
    needed: BTreeSet<u32>,
    /// Whether there are records of which it is not known what they need.
    needs_all: bool,
    /// When the next pass may begin.
    rest: Option<Rest>,
}

/// After a pass that moved nothing.
#[derive(Clone, Copy, Debug)]
struct Rest {
    version: u32,
    /// By the monotonic clock.
    until: Duration,
}

impl Pass {
    fn skip(&mut self, need: Need) {
        self.skipped += 1;
        match need {
            Need::Version(version) => drop(self.needed.insert(version)),
            Need::Unknown => self.needs_all = true,
        }
    }
}

/// Why a pass was left.
enum Stop {
    End,
    ShareUsed,
    /// Another rotation has begun.
    Overtaken,
}

/// How much may be done at one go.
struct Share {
    moves: usize,
    looks: usize,
}

impl Share {
    const ALL: Self = Self { moves: usize::MAX, looks: usize::MAX };

    fn is_used(&self) -> bool {
        self.moves == 0 || self.looks == 0
    }
}

pub(crate) fn commit_error(error: CommitError) -> Error {
    match error {
        CommitError::Conflict { .. } => damaged("domain key"),
        other => internal("storage", other),
    }
}

fn domain(region: &RegionState) -> Domain {
    Domain { partition: region.partition, region: region.region }
}

/// A panic elsewhere leaves a pass that can go on.
fn lock(pass: &Mutex<Pass>) -> MutexGuard<'_, Pass> {
    pass.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Records read at a time.
const SCAN_PAGE: usize = 256;
/// Tokens that a sweep moves in a Region at most; each is a commit.
const MOVES_PER_SWEEP: usize = 1_000;
/// Records that a sweep looks at for this in a Region at most.
const LOOKS_PER_SWEEP: usize = 20_000;
/// Between passes that find nothing but damage.
const REST: Duration = Duration::from_secs(3_600);
