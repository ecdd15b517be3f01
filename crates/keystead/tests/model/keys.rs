//! Keys themselves: creation, description, switches, deletion, policies, last use (chapters 10 and 20).

use std::collections::BTreeMap;

use super::access::{Document, Seat};
use super::call::{Call, Given, Outcome, Refusal, Reply};
use super::names::{tag_rules, tag_shape};
use super::rules::{page_size, require, row};
use super::world::{Core, DAY, KEYS_PER_ACCOUNT, Key, Schedule, Spot, Version, World, is_key_id};

impl World {
    pub fn create_key(&mut self, seat: Seat, call: &Call, given: Given<'_>) -> Outcome {
        let Call::CreateKey { description, tags, kind, imported, multi_region } = call else {
            return Err(Refusal::code("no such call"));
        };
        let (at, place) = (seat.at, seat.place());
        let description = description.as_deref().unwrap_or_default();
        require(description.chars().count() <= 8192)?;
        tag_shape(tags)?;
        self.authorize_identity(seat, "CreateKey", Some("*"))?;
        if !tags.is_empty() {
            self.authorize_identity(seat, "TagResource", None)?;
        }
        if !kind.exists_in(place.partition) || (*multi_region && place.partition == "aws-cn") {
            return Err(Refusal::code("UnsupportedOperationException"));
        }
        tag_rules(tags)?;
        if tags.len() > 50 {
            return Err(Refusal::new("TagException", "Too many tags"));
        }
        if self.counted(at) >= KEYS_PER_ACCOUNT {
            return Err(Refusal::code("LimitExceededException"));
        }
        // A random ID of its form, never seen before (KEY-24, MRK-03).
        let Ok(Reply::Metadata(metadata)) = given else { return Ok(Reply::Unit) };
        let id = &metadata.key_id;
        let version_4 = || id.as_bytes()[14] == b'4' && matches!(id.as_bytes()[19], b'8' | b'9' | b'a' | b'b');
        let is_fit = is_key_id(id) && if *multi_region { id.starts_with("mrk-") } else { version_4() };
        if !is_fit || self.cores.iter().any(|core| core.id == *id) {
            return Ok(Reply::Unit);
        }
        let spot = Spot { at, index: self.scopes[at].keys.len() };
        self.cores.push(Core {
            id: id.clone(),
            kind,
            imported: *imported,
            multi_region: *multi_region,
            versions: if *imported { Vec::new() } else { vec![Version::default()] },
            withdrawn: BTreeMap::new(),
            schedule: None,
            on_demand: 0,
            public_key: None,
            primary: spot,
            handover: None,
            members: vec![spot],
        });
        let key = Key::new(self.cores.len() - 1, self.now, description, tags);
        self.scopes[at].keys.push(key);
        self.touch(seat, spot, true);
        let metadata = self.metadata(spot, metadata.material.as_deref());
        self.trail.answered = serde_json::json!({
            "keyMetadata": {
                "arn": metadata.arn, "keyId": metadata.key_id, "keyState": metadata.state, "enabled": metadata.enabled,
                "description": metadata.description, "keyUsage": metadata.usage, "keySpec": metadata.specs[0],
                "customerMasterKeySpec": metadata.specs[1], "origin": metadata.origin, "keyManager": "CUSTOMER",
                "multiRegion": multi_region, "...": null,
            },
        });
        Ok(Reply::Metadata(metadata))
    }

    pub fn describe(&mut self, seat: Seat, key: &str, tokens: &[String], given: Given<'_>) -> Outcome {
        if self.makes_managed_key(seat, key) {
            return self.make_managed_key(seat, given);
        }
        let key = self.admit_with(seat, key, "DescribeKey", None, tokens)?;
        self.judge(key, row("DescribeKey").states)?;
        let told = match given {
            Ok(Reply::Metadata(metadata)) => metadata.material.as_deref(),
            _ => None,
        };
        Ok(Reply::Metadata(self.metadata(key, told)))
    }

    /// Admission of a request that can bear grant tokens: they are looked at after the key is found.
    pub fn admit_with(
        &mut self,
        seat: Seat,
        text: &str,
        action: &str,
        context: Option<&super::call::Context>,
        tokens: &[String],
    ) -> Result<Spot, Refusal> {
        self.resolve_key(seat, text, row(action))?;
        self.tokens(seat, tokens)?;
        self.admit_in(seat, text, action, context)
    }

    pub fn list_keys(&mut self, seat: Seat, limit: Option<i64>) -> Outcome {
        page_size(limit)?;
        self.authorize_identity(seat, "ListKeys", Some("*"))?;
        let keys = self.spots(seat.at).map(|spot| (self.id(spot).to_owned(), self.arn(spot)));
        let mut keys: Vec<_> = keys.collect();
        keys.sort();
        Ok(Reply::Keys(keys))
    }

    pub fn describe_anew(&mut self, seat: Seat, key: &str, description: &str) -> Outcome {
        require(description.chars().count() <= 8192)?;
        let key = self.admit(seat, key, "UpdateKeyDescription")?;
        self.key_mut(key).description = description.to_owned();
        Ok(Reply::Unit)
    }

    /// An overdue rotation is made at once, and the schedule starts anew from it (ROT-24).
    pub fn enable_key(&mut self, seat: Seat, key: &str) -> Outcome {
        let key = self.admit(seat, key, "EnableKey")?;
        let now = self.now;
        self.key_mut(key).enabled = true;
        let core = self.core(key);
        if let Some(schedule) = core.schedule.filter(|schedule| schedule.next <= now && core.primary == key) {
            self.core_mut(key).schedule = Some(Schedule { next: now + schedule.period, ..schedule });
            self.rotate(key, "AUTOMATIC");
        }
        Ok(Reply::Unit)
    }

    pub fn disable_key(&mut self, seat: Seat, key: &str) -> Outcome {
        let key = self.admit(seat, key, "DisableKey")?;
        self.key_mut(key).enabled = false;
        Ok(Reply::Unit)
    }

    pub fn schedule_deletion(&mut self, seat: Seat, key: &str, window: Option<i64>) -> Outcome {
        let window = window.unwrap_or(30);
        require((7..=30).contains(&window))?;
        let key = self.admit(seat, key, "ScheduleKeyDeletion")?;
        let core = self.core(key);
        // A primary waits until its replicas are gone (STA-79).
        let waits = core.primary == key && core.members.len() > 1;
        let date = self.now + window * DAY;
        let state = self.key_mut(key);
        if waits {
            state.waiting = Some(window * DAY);
        } else {
            state.deletion = Some(date);
        }
        let date = (!waits).then_some(date);
        let (arn, state) = (self.arn(key), self.state(key).to_owned());
        Ok(Reply::Scheduled { arn, date, state, window })
    }

    pub fn cancel_deletion(&mut self, seat: Seat, key: &str) -> Outcome {
        let key = self.admit(seat, key, "CancelKeyDeletion")?;
        let state = self.key_mut(key);
        (state.deletion, state.waiting, state.enabled) = (None, None, false);
        Ok(Reply::Key(self.arn(key)))
    }

    pub fn last_usage(&mut self, seat: Seat, key: &str, given: Given<'_>) -> Outcome {
        let key = self.admit(seat, key, "GetKeyLastUsage")?;
        let (id, state) = (self.id(key).to_owned(), self.key_mut(key));
        if state.forgetful
            && let Ok(Reply::Usage { last, .. }) = given
        {
            let kept =
                last.as_ref().map_or(Some(0), |last| state.used.iter().rposition(|used| used == last).map(|at| at + 1));
            state.used.truncate(kept.unwrap_or(state.used.len()));
            state.forgetful = false;
        }
        let last = state.used.last().cloned();
        Ok(Reply::Usage { key_id: id, created: state.created, since: state.created, last })
    }

    /// Successful cryptographic operations count (STA-102).
    pub fn use_key(&mut self, key: Spot, operation: &str) {
        let now = self.now;
        let state = self.key_mut(key);
        state.used.push((operation.to_owned(), now));
        state.forgetful = false;
    }

    /// The latest uses may be forgotten, up to the next one.
    pub fn forget_uses(&mut self) {
        for key in self.scopes.iter_mut().flat_map(|scope| &mut scope.keys) {
            key.forgetful = true;
        }
    }

    pub fn get_policy(&mut self, seat: Seat, key: &str, name: Option<&str>, given: Given<'_>) -> Outcome {
        let key = self.admit(seat, key, "GetKeyPolicy")?;
        if name.is_some_and(|name| name != "default") {
            return Err(Refusal::new("NotFoundException", "No such policy exists"));
        }
        let told = match given {
            Ok(Reply::Policy { text, .. }) => text,
            _ => "",
        };
        Ok(Reply::Policy { name: "default".to_owned(), text: self.policy_text(key, told) })
    }

    /// The policy of a key; how the default one is written is free (KEY-30).
    pub fn policy_text(&self, key: Spot, told: &str) -> String {
        let place = self.scopes[key.at].place;
        let expected = serde_json::json!({
            "Version": "2012-10-17",
            "Id": "key-default-1",
            "Statement": [{
                "Sid": "Enable IAM User Permissions",
                "Effect": "Allow",
                "Principal": {"AWS": format!("arn:{}:iam::{}:root", place.partition, place.account)},
                "Action": "kms:*",
                "Resource": "*",
            }],
        });
        let expected = if self.key(key).policy == Document::Managed { self.managed_policy(key.at) } else { expected };
        match self.key(key).policy.text(key.at) {
            Some(text) => text,
            None if serde_json::from_str::<serde_json::Value>(told).is_ok_and(|told| told == expected) => {
                told.to_owned()
            }
            None => "the default key policy".to_owned(),
        }
    }

    pub fn put_policy(&mut self, seat: Seat, key: &str, name: Option<&str>, policy: Document) -> Outcome {
        require(name.is_none_or(|name| name == "default"))?;
        let key = self.admit(seat, key, "PutKeyPolicy")?;
        policy.accept()?;
        self.key_mut(key).policy = policy;
        Ok(Reply::Unit)
    }
}
