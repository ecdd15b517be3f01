//! Rotation by schedule and on demand (chapter 11).

use super::access::Seat;
use super::call::{Given, Outcome, Refusal, Reply, RotationEntry};
use super::rules::{page_size, require, row};
use super::world::{Core, DAY, MINUTE, ON_DEMAND_ROTATIONS, Schedule, Spot, World};

impl World {
    pub fn enable_rotation(&mut self, seat: Seat, key: &str, period: Option<i64>) -> Outcome {
        let period = period.unwrap_or(365);
        require((90..=2560).contains(&period))?;
        let key = self.admit_unjudged(seat, key, "EnableKeyRotation")?;
        self.require_schedulable(key)?;
        self.judge(key, row("EnableKeyRotation").states)?;
        let (now, period) = (self.now, period * DAY);
        let core = self.core_mut(key);
        if core.schedule.is_none_or(|schedule| schedule.period != period) {
            core.schedule = Some(Schedule { period, next: now + period });
        }
        Ok(Reply::Unit)
    }

    pub fn disable_rotation(&mut self, seat: Seat, key: &str) -> Outcome {
        let key = self.admit_unjudged(seat, key, "DisableKeyRotation")?;
        self.require_schedulable(key)?;
        self.judge(key, row("DisableKeyRotation").states)?;
        self.core_mut(key).schedule = None;
        Ok(Reply::Unit)
    }

    pub fn rotation_status(&mut self, seat: Seat, key: &str) -> Outcome {
        let key = self.admit(seat, key, "GetKeyRotationStatus")?;
        let shown = self.core(key).schedule.filter(|_| !self.key(key).is_dying());
        Ok(Reply::RotationStatus {
            key_id: self.id(key).to_owned(),
            enabled: shown.is_some(),
            period: shown.map(|schedule| schedule.period / DAY),
            next: shown.map(|schedule| schedule.next),
            running: false,
        })
    }

    pub fn rotate_on_demand(&mut self, seat: Seat, key: &str) -> Outcome {
        let key = self.admit_unjudged(seat, key, "RotateKeyOnDemand")?;
        self.require_rotatable(key)?;
        if self.core(key).multi_region {
            self.require_role(key)?;
        }
        self.judge(key, row("RotateKeyOnDemand").states)?;
        let arn = self.arn(key);
        let now = self.now;
        let core = self.core(key);
        if core.imported && !core.is_ready() {
            let waits = core.versions.iter().any(|version| version.is_pending() && version.is_present(key));
            if waits {
                self.feat("a rotation waits for a replica");
            }
            let message = format!("No available key material pending rotation for the key: {arn}.");
            return Err(Refusal::new("KMSInvalidStateException", message));
        }
        if core.on_demand >= ON_DEMAND_ROTATIONS {
            let message = "The on-demand rotations limit has been reached for the given keyId. No more on-demand \
                           rotations can be performed for this key: ";
            return Err(Refusal::new("LimitExceededException", format!("{message}{arn}")));
        }
        if core.schedule.is_some_and(|schedule| schedule.next - now <= 20 * MINUTE) {
            return Err(Refusal::code("ConflictException"));
        }
        if core.imported && core.members.len() > 1 {
            self.feat("an imported set rotates");
        }
        self.core_mut(key).on_demand += 1;
        self.rotate(key, "ON_DEMAND");
        Ok(Reply::Key(arn))
    }

    pub fn list_rotations(
        &mut self,
        seat: Seat,
        key: &str,
        all: bool,
        limit: Option<i64>,
        given: Given<'_>,
    ) -> Outcome {
        page_size(limit)?;
        let key = self.admit_unjudged(seat, key, "ListKeyRotations")?;
        self.require_rotatable(key)?;
        let told: &[RotationEntry] = match given {
            Ok(Reply::Rotations(told)) => told,
            _ => &[],
        };
        let core = self.key(key).core;
        let shown = |core: &Core| {
            let listed = |version: usize| all || core.versions[version].rotation.is_some();
            (0..core.versions.len()).filter(|version| listed(*version)).collect::<Vec<_>>()
        };
        let mut entries = Vec::new();
        for (version, told) in
            shown(&self.cores[core]).into_iter().zip(told.iter().map(Some).chain(std::iter::repeat(None)))
        {
            let material = self.material(core, version, told.and_then(|entry| entry.material.as_deref()));
            entries.push(rotation_entry(&self.cores[core], key, version, material));
        }
        Ok(Reply::Rotations(entries))
    }

    /// Capability: only symmetric encryption keys have rotations (ROT, section 2).
    fn require_rotatable(&self, key: Spot) -> Result<(), Refusal> {
        if self.kind(key).is_symmetric() { Ok(()) } else { Err(Refusal::code("UnsupportedOperationException")) }
    }

    /// Capability: and only those with material of our own, that are no replicas, have a schedule.
    fn require_schedulable(&self, key: Spot) -> Result<(), Refusal> {
        self.require_rotatable(key)?;
        if self.core(key).imported {
            let message = format!("{} origin is EXTERNAL which is not valid for this operation.", self.arn(key));
            return Err(Refusal::new("UnsupportedOperationException", message));
        }
        self.require_role(key)
    }

    /// What is shared is changed through the primary (MRK-14).
    fn require_role(&self, key: Spot) -> Result<(), Refusal> {
        if self.core(key).primary == key { Ok(()) } else { Err(Refusal::code("UnsupportedOperationException")) }
    }
}

fn rotation_entry(core: &Core, key: Spot, index: usize, material: Option<String>) -> RotationEntry {
    let version = &core.versions[index];
    let state = match core.current() {
        _ if version.is_pending() && core.is_ready() => "PENDING_ROTATION",
        // There is nobody that a key of its own could wait for.
        _ if version.is_pending() && core.multi_region => "PENDING_MULTI_REGION_IMPORT_AND_ROTATION",
        _ if version.is_pending() => "PENDING_ROTATION",
        Some(current) if current == index => "CURRENT",
        _ => "NON_CURRENT",
    };
    let imported = version.bound.as_ref().map(|bound| {
        let held = bound.held.get(&key).cloned().unwrap_or_default();
        let model = match (held.present, held.valid_to) {
            (false, _) => None,
            (true, Some(_)) => Some("KEY_MATERIAL_EXPIRES".to_owned()),
            (true, None) => Some("KEY_MATERIAL_DOES_NOT_EXPIRE".to_owned()),
        };
        let there = if held.present { "IMPORTED" } else { "PENDING_IMPORT" };
        (held.description, there.to_owned(), model, version.expiry(key))
    });
    RotationEntry {
        key_id: core.id.clone(),
        material,
        state: Some(state.to_owned()),
        date: version.rotation.map(|(date, _)| date),
        kind: version.rotation.map(|(_, kind)| kind.to_owned()),
        imported,
    }
}
