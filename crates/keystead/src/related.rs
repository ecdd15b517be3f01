//! A set of related multi-Region keys: a primary and its replicas (chapter 31).
//!
//! What related keys share stands in the record of each of them, and one commit changes all these records. So every key
//! knows its set without a look into other Regions, and no two of them ever disagree. Like the state of a key, what time
//! does to a set is derived from the record (RUL-15).

use std::collections::BTreeMap;

use keystead_types::{Region, Timestamp};
use serde::{Deserialize, Serialize};

/// The keys of a set, by their Regions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RelatedKeys {
    /// The Region of the primary. Read [`RelatedKeys::primary_at`], which knows of a handover that is over.
    primary: Region,
    /// The replicas that are in the store, those included whose waiting period is over.
    replicas: BTreeMap<Region, Replica>,
    /// A change of the primary Region under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    handover: Option<Handover>,
}

/// What the set must know of a replica.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Replica {
    /// When its construction ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ready: Option<Timestamp>,
    /// When it ceases to exist. A primary that waits for its replicas goes by this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    deletion: Option<Timestamp>,
}

/// The old and the new primary are `Updating` until it is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Handover {
    to: Region,
    at: Timestamp,
}

impl RelatedKeys {
    /// A primary without replicas.
    pub(crate) fn new(primary: Region) -> Self {
        Self { primary, replicas: BTreeMap::new(), handover: None }
    }

    /// The Region of the primary at `now`.
    pub(crate) fn primary_at(&self, now: Timestamp) -> Region {
        self.handover.filter(|handover| handover.at <= now).map_or(self.primary, |handover| handover.to)
    }

    /// The Regions of the replicas that exist at `now`.
    pub(crate) fn replicas_at(&self, now: Timestamp) -> impl Iterator<Item = Region> + '_ {
        let primary = self.primary_at(now);
        let dead = move |region: &Region| {
            self.replicas.get(region).and_then(|replica| replica.deletion).is_some_and(|at| at <= now)
        };
        self.regions().filter(move |region| *region != primary && !dead(region))
    }

    /// The Regions of all keys in the store.
    pub(crate) fn regions(&self) -> impl Iterator<Item = Region> + '_ {
        std::iter::once(self.primary).chain(self.replicas.keys().copied())
    }

    /// Whether the replica in `region` is under construction.
    pub(crate) fn is_creating(&self, region: Region, now: Timestamp) -> bool {
        self.replicas.get(&region).and_then(|replica| replica.ready).is_some_and(|ready| now < ready)
    }

    /// Whether the key in `region` takes part in a change of the primary Region.
    pub(crate) fn is_updating(&self, region: Region, now: Timestamp) -> bool {
        self.handover.is_some_and(|handover| now < handover.at && self.takes_part(region, handover))
    }

    /// When the last replica ceases to exist; `None` as long as one is not to be deleted, or if there is none.
    pub(crate) fn last_deletion(&self) -> Option<Timestamp> {
        let dates: Option<Vec<_>> = self.replicas.values().map(|replica| replica.deletion).collect();
        dates?.into_iter().max()
    }

    /// The replica whose waiting period was the first to end, if it is still in the store (MRK-58).
    pub(crate) fn first_dead_replica(&self, now: Timestamp) -> Option<Region> {
        let dated = self.replicas.iter().filter_map(|(region, replica)| Some((replica.deletion?, *region)));
        dated.min().filter(|(at, _)| *at <= now).map(|(_, region)| region)
    }

    /// When a phase ends that concerns the key in `region`.
    pub(crate) fn phase_due(&self, region: Region) -> Option<Timestamp> {
        let ready = self.replicas.get(&region).and_then(|replica| replica.ready);
        let handover = self.handover.filter(|handover| self.takes_part(region, *handover));
        [ready, handover.map(|handover| handover.at)].into_iter().flatten().min()
    }

    /// Records what phases that are over have changed; returns whether any was.
    pub(crate) fn complete_phases(&mut self, now: Timestamp) -> bool {
        let mut any = false;
        for replica in self.replicas.values_mut() {
            any |= replica.ready.take_if(|ready| *ready <= now).is_some();
        }
        if let Some(Handover { to, .. }) = self.handover.take_if(|handover| handover.at <= now) {
            self.replicas.remove(&to);
            self.replicas.insert(self.primary, Replica::default());
            self.primary = to;
            any = true;
        }
        any
    }

    /// Adds a replica, under construction until `ready`.
    pub(crate) fn add(&mut self, region: Region, ready: Timestamp) {
        self.replicas.insert(region, Replica { ready: Some(ready), deletion: None });
    }

    /// Takes away a deleted replica.
    pub(crate) fn remove(&mut self, region: Region) {
        self.replicas.remove(&region);
    }

    /// Hands the role of the primary over to a replica.
    pub(crate) fn hand_over(&mut self, to: Region, at: Timestamp) {
        self.handover = Some(Handover { to, at });
    }

    /// Notes when a replica ceases to exist. Primaries have no date here.
    pub(crate) fn set_deletion(&mut self, region: Region, deletion: Option<Timestamp>) {
        if let Some(replica) = self.replicas.get_mut(&region) {
            replica.deletion = deletion;
        }
    }

    fn takes_part(&self, region: Region, handover: Handover) -> bool {
        region == self.primary || region == handover.to
    }
}
