//! Time, and sets of related keys: what passes by itself, rotations, replicas, and the move of the primary.

use super::access::{Document, Seat};
use super::call::{Given, Outcome, Pairs, Refusal, Reply};
use super::events::Happening;
use super::names::{tag_rules, tag_shape};
use super::rules::{require, row};
use super::world::{KEYS_PER_ACCOUNT, Key, PLACES, Schedule, Spot, Version, World};

impl World {
    /// Lets time pass. What falls due meanwhile happens in its order (MRK-58).
    pub fn advance(&mut self, millis: i64) {
        let end = self.now + millis;
        while let Some(next) = self.due().into_iter().filter(|at| *at > self.now && *at <= end).min() {
            self.now = next;
            self.pass(next);
        }
        self.now = end;
    }

    /// When something happens by itself: deletions, ends of changes, expirations.
    pub fn due(&self) -> Vec<i64> {
        let keys = self.scopes.iter().flat_map(|scope| &scope.keys);
        let mut due: Vec<_> = keys.filter_map(|key| key.deletion).collect();
        for core in &self.cores {
            due.extend(core.handover.map(|(_, until)| until));
            let members = core.members.iter();
            due.extend(members.flat_map(|key| core.versions.iter().filter_map(|version| version.expiry(*key))));
        }
        due
    }

    fn pass(&mut self, now: i64) {
        self.complete_handovers();
        self.expire(now);
        let spots: Vec<_> = self.all_spots().filter(|spot| self.key(*spot).deletion == Some(now)).collect();
        for spot in spots {
            self.delete(spot, now);
        }
    }

    /// Both keys change their roles at once (MRK-33).
    pub fn complete_handovers(&mut self) {
        for core in &mut self.cores {
            if let Some((to, until)) = core.handover
                && until <= self.now
            {
                (core.primary, core.handover) = (to, None);
            }
        }
    }

    /// The key is gone, with its aliases and grants; a primary that has waited for it begins its own waiting period.
    fn delete(&mut self, spot: Spot, now: i64) {
        let arn = self.arn(spot);
        self.happenings.push(Happening { arn, at: now, kind: "DeleteKey" });
        self.scopes[spot.at].aliases.retain(|_, alias| alias.key != spot.index);
        let core = self.core_mut(spot);
        core.members.retain(|member| *member != spot);
        let (primary, alone) = (core.primary, core.members.len() == 1);
        if primary != spot && alone {
            let key = self.key_mut(primary);
            if let Some(window) = key.waiting.take() {
                key.deletion = Some(now + window);
            }
        }
    }

    /// Every key that there ever was.
    pub fn all_spots(&self) -> impl Iterator<Item = Spot> {
        let places = self.scopes.iter().enumerate();
        places.flat_map(|(at, scope)| (0..scope.keys.len()).map(move |index| Spot { at, index }))
    }

    /// Brings every key up to date, as a sweep does; answers how many rotations that took.
    pub fn settle_all(&mut self) -> usize {
        let spots: Vec<_> = self.all_spots().filter(|spot| !self.key(*spot).is_gone(self.now)).collect();
        spots.into_iter().filter(|spot| self.settle(*spot)).count()
    }

    /// Makes an overdue rotation, if the primary is enabled; late ones keep the rhythm if they can (ROT-28, ROT-29).
    pub fn settle(&mut self, spot: Spot) -> bool {
        let now = self.now;
        let core = self.core(spot);
        let Some(schedule) = core.schedule.filter(|schedule| schedule.next <= now) else { return false };
        // Replicas rotate with their primary (ROT-50).
        let primary = self.key(core.primary);
        if core.primary != spot || !primary.enabled || primary.is_dying() {
            return false;
        }
        let in_rhythm = schedule.next + schedule.period;
        let next = if in_rhythm > now { in_rhythm } else { now + schedule.period };
        self.core_mut(spot).schedule = Some(Schedule { next, ..schedule });
        if self.key(spot).policy == Document::Managed {
            self.feat("an AWS managed key rotates");
        }
        self.rotate(spot, "AUTOMATIC");
        true
    }

    /// New material, for all related keys at once (ROT-47).
    pub fn rotate(&mut self, spot: Spot, kind: &'static str) {
        let now = self.now;
        let arns: Vec<_> = self.core(spot).members.iter().map(|member| self.arn(*member)).collect();
        let core = self.core_mut(spot);
        match core.versions.iter_mut().find(|version| version.is_pending()) {
            Some(version) => {
                version.rotation = Some((now, kind));
                if let Some(bound) = &mut version.bound {
                    bound.pending = false;
                }
            }
            None => core.versions.push(Version { rotation: Some((now, kind)), ..Version::default() }),
        }
        self.happenings.extend(arns.into_iter().map(|arn| Happening { arn, at: now, kind }));
    }

    #[allow(clippy::too_many_arguments)]
    pub fn replicate(
        &mut self,
        seat: Seat,
        key: &str,
        region: &str,
        description: Option<&str>,
        policy: Document,
        tags: &Pairs,
        given: Given<'_>,
    ) -> Outcome {
        let description = description.unwrap_or_default();
        require(description.chars().count() <= 8192)?;
        tag_shape(tags)?;
        let rule = row("ReplicateKey");
        let key = self.resolve_key(seat, key, rule)?;
        let key = self.existing(seat, key, rule)?;
        let authorized = self.authorize(seat, key, rule, None).and_then(|()| {
            self.authorize_identity(seat, "CreateKey", Some("*"))?;
            if tags.is_empty() { Ok(()) } else { self.authorize_identity(seat, "TagResource", None) }
        });
        self.touch(seat, key, authorized.is_ok());
        authorized?;
        self.settle(key);
        self.require_primary(key)?;
        let account = seat.place().account;
        let there = (0..PLACES.len()).find(|at| (PLACES[*at].region, PLACES[*at].account) == (region, account));
        let Some(there) = there.filter(|at| PLACES[*at].partition == seat.place().partition) else {
            return Err(Refusal::code("UnsupportedOperationException"));
        };
        self.judge(key, rule.states)?;
        if self.core(key).members.iter().any(|member| member.at == there) {
            return Err(Refusal::code("AlreadyExistsException"));
        }
        policy.accept()?;
        tag_rules(tags)?;
        if tags.len() > 50 {
            return Err(Refusal::new("TagException", "Too many tags"));
        }
        if self.counted(there) >= KEYS_PER_ACCOUNT {
            return Err(Refusal::code("LimitExceededException"));
        }
        let Ok(Reply::Replicated { metadata: told, policy: text, .. }) = given else { return Ok(Reply::Unit) };
        let core = self.key(key).core;
        let replica =
            Key { policy, creating: Some(self.now + self.delay), ..Key::new(core, self.now, description, tags) };
        self.scopes[there].keys.push(replica);
        let replica = Spot { at: there, index: self.scopes[there].keys.len() - 1 };
        self.cores[core].members.push(replica);
        let mut metadata = self.metadata(replica, told.material.as_deref());
        (metadata.state, metadata.enabled) = ("Creating".to_owned(), false);
        let text = self.policy_text(replica, text);
        let tags = self.key(replica).tags.clone().into_iter().collect();
        self.trail.answered = serde_json::json!({
            "replicaKeyMetadata": {
                "arn": metadata.arn, "keyState": "Creating", "enabled": false, "description": metadata.description,
                "...": null,
            },
            "replicaPolicy": text,
            "...": null,
        });
        self.trail.created_replica = Some(there);
        Ok(Reply::Replicated { metadata, policy: text, tags })
    }

    pub fn update_primary(&mut self, seat: Seat, key: &str, region: &str) -> Outcome {
        let rule = row("UpdatePrimaryRegion");
        let key = self.resolve_key(seat, key, rule)?;
        let key = self.existing(seat, key, rule)?;
        let authorized = self.authorize(seat, key, rule, None);
        self.touch(seat, key, authorized.is_ok());
        authorized?;
        self.settle(key);
        self.require_primary(key)?;
        if region == seat.place().region {
            return Err(Refusal::code("UnsupportedOperationException"));
        }
        let members = &self.core(key).members;
        let Some(to) = members.iter().copied().find(|member| PLACES[member.at].region == region) else {
            return Err(Refusal::code("NotFoundException"));
        };
        let there = Seat { at: to.at, ..seat };
        self.authorize(there, to, rule, None)?;
        self.judge(key, rule.states)?;
        self.judge(to, rule.states)?;
        let until = self.now + self.delay;
        self.core_mut(key).handover = Some((to, until));
        self.trail.moved_to = Some(to.at);
        Ok(Reply::Unit)
    }

    /// Capability: the role that a key has in its set (RUL-19).
    pub fn require_primary(&self, key: Spot) -> Result<(), Refusal> {
        let core = self.core(key);
        if core.multi_region && core.primary == key {
            return Ok(());
        }
        let message = format!("{} is not a multi-region primary key.", self.arn(key));
        Err(Refusal::new("UnsupportedOperationException", message))
    }
}
