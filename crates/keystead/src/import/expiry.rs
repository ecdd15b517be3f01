//! In which order the imported material of related keys expires.
//!
//! What becomes of pending material depends on the whole set: when it expires at the primary, it leaves all related keys
//! (MRK-77). So while a set has some, its expirations are noticed in the order of their instants, whichever key is
//! touched first (RUL-15).

use keystead_types::{KeyArn, Timestamp};

use crate::Error;
use crate::engine::Engine;
use crate::snapshot::KeySnapshot;

impl Engine {
    /// The key of a set with pending material whose material was the first to expire and has not gone yet. At one
    /// instant, the primary comes last: what its replicas lose then is their own.
    pub(crate) fn first_expired(&self, key: &KeySnapshot, now: Timestamp) -> Result<Option<KeyArn>, Error> {
        if !key.has_shared_pending() {
            return Ok(None);
        }
        let mut first = None;
        for name in key.record.related.iter().flat_map(|related| related.regions()) {
            let Some(other) = self.region(name)?.key(&key.arn_in(name))? else { continue };
            if let Some(at) = other.first_expiry(now) {
                let due = (at, !other.is_replica(at), name);
                first = Some(first.map_or(due, |first| due.min(first)));
            }
        }
        Ok(first.map(|(.., name)| key.arn_in(name)))
    }
}

impl KeySnapshot {
    /// Whether material is pending rotation that related keys have, or are yet to import.
    pub(crate) fn has_shared_pending(&self) -> bool {
        self.pending_material().is_some() && self.record.related.is_some()
    }

    /// When the first material expired that has not gone yet. With the key goes what would have expired after it.
    pub(crate) fn first_expiry(&self, now: Timestamp) -> Option<Timestamp> {
        let at = self.record.expiry_due().filter(|at| *at <= now)?;
        self.record.deletion_due(now).is_none_or(|end| at <= end).then_some(at)
    }

    /// Whether this expiry comes before whatever else is due on the key: then it must be noticed first, while the record
    /// still knows the roles of then.
    pub(crate) fn expires_first(&self, now: Timestamp) -> bool {
        let phase = self.record.related.as_ref().and_then(|related| related.phase_due(self.arn.region));
        self.has_shared_pending() && self.first_expiry(now).is_some_and(|at| phase.is_none_or(|phase| at < phase))
    }
}
