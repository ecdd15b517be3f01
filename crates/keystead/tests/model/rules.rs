//! What each operation answers, in the order of checks of chapter 50, section 3.1: shape, identifiers, authorization,
//! what is overdue, state, content, conflicts and quotas.

use std::collections::BTreeSet;

use super::call::{Call, Pairs, Refusal, Reply, RotationEntry};
use super::world::{
    ALIASES_PER_KEY, Alias, DAY, Form, KEYS_PER_ACCOUNT, Key, MINUTE, Named, ON_DEMAND_ROTATIONS, Schedule, World,
    absent_key, is_key_id,
};

/// An answer.
pub type Outcome = Result<Reply, Refusal>;

/// What may be random in an answer is taken from the one that was given, and checked.
pub type Given<'g> = Result<&'g Reply, &'g Refusal>;

impl World {
    /// What `call` must be answered with.
    pub fn answer(&mut self, at: usize, call: &Call, given: Given<'_>) -> Outcome {
        match call {
            Call::CreateKey { description, tags } => self.create_key(at, description.as_deref(), tags, given),
            Call::DescribeKey { key } => {
                let key = self.admit(at, key, "DescribeKey", USE_ANY_STATE)?;
                Ok(Reply::Metadata(self.metadata(at, key, told_metadata(given))))
            }
            Call::ListKeys { limit } => {
                page_size(*limit)?;
                let place = self.scopes[at].place;
                let mut keys: Vec<_> =
                    self.living(at).map(|(_, key)| (key.id.clone(), place.key_arn(&key.id))).collect();
                keys.sort();
                Ok(Reply::Keys(keys))
            }
            Call::UpdateKeyDescription { key, description } => {
                require(description.chars().count() <= 8192)?;
                let key = self.admit(at, key, "UpdateKeyDescription", MANAGE_LIVING)?;
                self.key_mut(at, key).description = description.clone();
                Ok(Reply::Unit)
            }
            Call::EnableKey { key } => self.enable_key(at, key),
            Call::DisableKey { key } => {
                let key = self.admit(at, key, "DisableKey", MANAGE_LIVING)?;
                self.key_mut(at, key).enabled = false;
                Ok(Reply::Unit)
            }
            Call::ScheduleKeyDeletion { key, window } => self.schedule_deletion(at, key, *window),
            Call::CancelKeyDeletion { key } => {
                let key = self.admit(at, key, "CancelKeyDeletion", MANAGE_DYING)?;
                let state = self.key_mut(at, key);
                (state.deletion, state.enabled) = (None, false);
                Ok(Reply::Key(self.arn(at, key)))
            }
            Call::CreateAlias { name, key } => self.create_alias(at, name, key),
            Call::UpdateAlias { name, key } => self.update_alias(at, name, key),
            Call::DeleteAlias { name } => {
                alias_name(name)?;
                if name.starts_with("alias/aws/") {
                    return Err(Refusal::code("AccessDeniedException"));
                }
                let key = self.alias(at, name)?;
                self.settle(at, key);
                self.scopes[at].aliases.remove(name);
                Ok(Reply::Unit)
            }
            Call::ListAliases { key, limit } => {
                page_size(*limit)?;
                let only = key.as_deref().map(|key| self.filter(at, key)).transpose()?;
                Ok(Reply::Aliases(self.aliases(at, only)))
            }
            Call::WalkAliases { limit } => self.walk(at, *limit, given),
            Call::ForeignMarker { key } => {
                if let Some(key) = key {
                    self.filter(at, key)?;
                }
                Err(Refusal::code("InvalidMarkerException"))
            }
            Call::TagResource { key, tags } => self.tag(at, key, tags),
            Call::UntagResource { key, tag_keys } => {
                require(tag_keys.iter().all(|tag_key| (1..=128).contains(&tag_key.chars().count())))?;
                let key = self.admit(at, key, "UntagResource", MANAGE_LIVING)?;
                if tag_keys.is_empty() {
                    return Err(Refusal::code("TagException"));
                }
                self.key_mut(at, key).tags.retain(|tag_key, _| !tag_keys.contains(tag_key));
                Ok(Reply::Unit)
            }
            Call::ListResourceTags { key, limit } => {
                page_size(*limit)?;
                let key = self.admit(at, key, "ListResourceTags", MANAGE_ANY_STATE)?;
                Ok(Reply::Tags(self.key(at, key).tags.clone().into_iter().collect()))
            }
            Call::GetKeyPolicy { key, name } => self.get_policy(at, key, name.as_deref(), given),
            Call::PutKeyPolicy { key, name, policy } => self.put_policy(at, key, name.as_deref(), policy),
            Call::ListKeyPolicies { key } => {
                self.admit(at, key, "ListKeyPolicies", MANAGE_ANY_STATE)?;
                Ok(Reply::Names(vec!["default".to_owned()]))
            }
            Call::EnableKeyRotation { key, period } => {
                let period = period.unwrap_or(365);
                require((90..=2560).contains(&period))?;
                let key = self.admit(at, key, "EnableKeyRotation", MANAGE_ENABLED)?;
                let (now, period) = (self.now, period * DAY);
                let state = self.key_mut(at, key);
                if state.schedule.is_none_or(|schedule| schedule.period != period) {
                    state.schedule = Some(Schedule { period, next: now + period });
                }
                Ok(Reply::Unit)
            }
            Call::DisableKeyRotation { key } => {
                let key = self.admit(at, key, "DisableKeyRotation", MANAGE_ENABLED)?;
                self.key_mut(at, key).schedule = None;
                Ok(Reply::Unit)
            }
            Call::GetKeyRotationStatus { key } => {
                let key = self.admit(at, key, "GetKeyRotationStatus", MANAGE_ANY_STATE)?;
                let key = self.key(at, key);
                let shown = key.schedule.filter(|_| key.deletion.is_none());
                Ok(Reply::RotationStatus {
                    key_id: key.id.clone(),
                    enabled: shown.is_some(),
                    period: shown.map(|schedule| schedule.period / DAY),
                    next: shown.map(|schedule| schedule.next),
                    running: false,
                })
            }
            Call::RotateKeyOnDemand { key } => self.rotate_on_demand(at, key),
            Call::ListKeyRotations { key, all, limit } => self.list_rotations(at, key, *all, *limit, given),
            Call::Encrypt { key, context, plaintext, dry_run } => {
                self.encrypt(at, key, context, plaintext, *dry_run, given)
            }
            Call::Decrypt { blob, context, key, dry_run } => {
                self.decrypt(at, blob, context, key.as_deref(), *dry_run, given)
            }
            Call::ReEncrypt { blob, source, destination } => self.re_encrypt(at, blob, source, destination, given),
            Call::GenerateDataKey { key, context, spec, bytes, plain } => {
                self.generate(at, key, context, spec.as_deref(), *bytes, *plain, given)
            }
        }
    }

    /// The steps that all operations on one key share: shape, identifiers, authorization, what is overdue, state.
    pub fn admit(&mut self, at: usize, text: &str, action: &str, rule: Rule) -> Result<usize, Refusal> {
        require((1..=2048).contains(&text.chars().count()))?;
        let key = self.own(at, text, action, rule.form)?;
        self.settle(at, key);
        self.judge(at, key, rule.states)?;
        Ok(key)
    }

    fn own(&self, at: usize, text: &str, action: &str, form: Form) -> Result<usize, Refusal> {
        match self.resolve(at, text, form)? {
            Named::Own(key) => Ok(key),
            Named::Foreign { .. } => Err(self.denied(at, action, "this resource")),
        }
    }

    /// Chapter 20, section 4.
    pub fn judge(&self, at: usize, key: usize, states: States) -> Result<(), Refusal> {
        let arn = self.arn(at, key);
        let state = self.key(at, key).state();
        match (states, state) {
            (States::Any, _) | (States::Dying, "PendingDeletion") => Ok(()),
            (States::Dying, _) => {
                Err(Refusal::new("KMSInvalidStateException", format!("{arn} is not pending deletion.")))
            }
            (_, "PendingDeletion") => {
                Err(Refusal::new("KMSInvalidStateException", format!("{arn} is pending deletion.")))
            }
            (States::Enabled, "Disabled") => Err(Refusal::new("DisabledException", format!("{arn} is disabled."))),
            _ => Ok(()),
        }
    }

    fn create_key(&mut self, at: usize, description: Option<&str>, tags: &Pairs, given: Given<'_>) -> Outcome {
        let description = description.unwrap_or_default();
        require(description.chars().count() <= 8192)?;
        tag_shape(tags)?;
        tag_rules(tags)?;
        if tags.len() > 50 {
            return Err(Refusal::new("TagException", "Too many tags"));
        }
        if self.living(at).count() as u64 >= KEYS_PER_ACCOUNT {
            return Err(Refusal::code("LimitExceededException"));
        }
        // A random UUID, never seen before (KEY-24).
        let Ok(Reply::Metadata(metadata)) = given else { return Ok(Reply::Unit) };
        let id = &metadata.key_id;
        let version_4 =
            is_key_id(id) && id.as_bytes()[14] == b'4' && matches!(id.as_bytes()[19], b'8' | b'9' | b'a' | b'b');
        if !version_4 || self.scopes.iter().flat_map(|scope| &scope.keys).any(|key| key.id == *id) {
            return Ok(Reply::Unit);
        }
        let key = Key::new(id, self.now, description, tags);
        self.scopes[at].keys.push(key);
        let key = self.scopes[at].keys.len() - 1;
        Ok(Reply::Metadata(self.metadata(at, key, metadata.material.as_deref())))
    }

    /// An overdue rotation is made at once, and the schedule starts anew from it (ROT-24).
    fn enable_key(&mut self, at: usize, text: &str) -> Outcome {
        let key = self.admit(at, text, "EnableKey", MANAGE_LIVING)?;
        let now = self.now;
        let state = self.key_mut(at, key);
        state.enabled = true;
        if let Some(schedule) = state.schedule.filter(|schedule| schedule.next <= now) {
            state.schedule = Some(Schedule { next: now + schedule.period, ..schedule });
            self.rotate(at, key, "AUTOMATIC");
        }
        Ok(Reply::Unit)
    }

    fn schedule_deletion(&mut self, at: usize, text: &str, window: Option<i64>) -> Outcome {
        let window = window.unwrap_or(30);
        require((7..=30).contains(&window))?;
        let key = self.admit(at, text, "ScheduleKeyDeletion", MANAGE_LIVING)?;
        let date = self.now + window * DAY;
        self.key_mut(at, key).deletion = Some(date);
        Ok(Reply::Scheduled { arn: self.arn(at, key), date: Some(date), state: "PendingDeletion".to_owned(), window })
    }

    fn create_alias(&mut self, at: usize, name: &str, target: &str) -> Outcome {
        alias_name(name)?;
        require((1..=2048).contains(&target.chars().count()))?;
        if name.starts_with("alias/aws/") {
            return Err(Refusal::code("InvalidAliasNameException"));
        }
        let key = self.admit(at, target, "CreateAlias", ALIAS_TARGET)?;
        if self.scopes[at].aliases.contains_key(name) {
            let message = format!("An alias with the name {} already exists", self.scopes[at].place.arn(name));
            return Err(Refusal::new("AlreadyExistsException", message));
        }
        self.alias_quota(at, key)?;
        let alias = Alias { key, created: self.now, updated: self.now };
        self.scopes[at].aliases.insert(name.to_owned(), alias);
        Ok(Reply::Unit)
    }

    fn update_alias(&mut self, at: usize, name: &str, target: &str) -> Outcome {
        alias_name(name)?;
        require((1..=2048).contains(&target.chars().count()))?;
        if name.starts_with("alias/aws/") {
            return Err(Refusal::code("AccessDeniedException"));
        }
        let current = self.alias(at, name)?;
        let key = self.own(at, target, "UpdateAlias", ALIAS_TARGET.form)?;
        self.settle(at, current);
        self.settle(at, key);
        self.judge(at, key, ALIAS_TARGET.states)?;
        if current != key {
            self.alias_quota(at, key)?;
        }
        let now = self.now;
        if let Some(alias) = self.scopes[at].aliases.get_mut(name) {
            (alias.key, alias.updated) = (key, now);
        }
        Ok(Reply::Unit)
    }

    fn alias_quota(&self, at: usize, key: usize) -> Result<(), Refusal> {
        let held = self.scopes[at].aliases.values().filter(|alias| alias.key == key).count() as u64;
        if held < ALIASES_PER_KEY { Ok(()) } else { Err(Refusal::code("LimitExceededException")) }
    }

    /// The key that narrows a list; one of another account does not exist for this caller (KEY-20).
    fn filter(&mut self, at: usize, text: &str) -> Result<usize, Refusal> {
        require((1..=2048).contains(&text.chars().count()))?;
        match self.resolve(at, text, MANAGE_ANY_STATE.form)? {
            Named::Own(key) => {
                self.settle(at, key);
                Ok(key)
            }
            Named::Foreign { account, resource } => {
                let place = self.scopes[at].place;
                Err(absent_key(&format!("arn:{}:kms:{}:{account}:{resource}", place.partition, place.region)))
            }
        }
    }

    /// A page may be short, but it repeats nothing, leaves out nothing, and goes on if there is more (KEY-105).
    fn walk(&mut self, at: usize, limit: i64, given: Given<'_>) -> Outcome {
        page_size(Some(limit))?;
        let seen = self.scopes[at].walk.take();
        let mut rest = self.aliases(at, None);
        rest.retain(|entry| seen.as_ref().is_none_or(|seen| entry.name > *seen));
        let more = match given {
            Ok(Reply::Page(page, true)) if !page.is_empty() && page.len() < rest.len() => {
                rest.truncate(page.len().min(limit as usize));
                true
            }
            _ => rest.len() > limit as usize,
        };
        if more {
            self.scopes[at].walk = rest.last().map(|entry| entry.name.clone());
        }
        Ok(Reply::Page(rest, more))
    }

    fn tag(&mut self, at: usize, text: &str, tags: &Pairs) -> Outcome {
        tag_shape(tags)?;
        let key = self.admit(at, text, "TagResource", MANAGE_LIVING)?;
        if tags.is_empty() {
            return Err(Refusal::code("TagException"));
        }
        tag_rules(tags)?;
        let mut result = self.key(at, key).tags.clone();
        result.extend(tags.iter().cloned());
        if result.len() > 50 {
            return Err(Refusal::code("LimitExceededException"));
        }
        self.key_mut(at, key).tags = result;
        Ok(Reply::Unit)
    }

    fn get_policy(&mut self, at: usize, text: &str, name: Option<&str>, given: Given<'_>) -> Outcome {
        let key = self.admit(at, text, "GetKeyPolicy", MANAGE_ANY_STATE)?;
        if name.is_some_and(|name| name != "default") {
            return Err(Refusal::new("NotFoundException", "No such policy exists"));
        }
        let text = match (&self.key(at, key).policy, given) {
            (Some(policy), _) => policy.clone(),
            (None, Ok(Reply::Policy { text, .. })) if self.is_default_policy(at, text) => text.clone(),
            (None, _) => "the default key policy".to_owned(),
        };
        Ok(Reply::Policy { name: "default".to_owned(), text })
    }

    /// KEY-30.
    fn is_default_policy(&self, at: usize, text: &str) -> bool {
        let place = self.scopes[at].place;
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
        serde_json::from_str::<serde_json::Value>(text).is_ok_and(|policy| policy == expected)
    }

    /// The documents of the model are good, no JSON, too long, or lock the caller out.
    fn put_policy(&mut self, at: usize, text: &str, name: Option<&str>, policy: &str) -> Outcome {
        require(name.is_none_or(|name| name == "default"))?;
        let key = self.admit(at, text, "PutKeyPolicy", MANAGE_ANY_STATE)?;
        if policy.len() > 32_768 {
            return Err(Refusal::code("LimitExceededException"));
        }
        if !policy.starts_with('{') {
            return Err(Refusal::code("MalformedPolicyDocumentException"));
        }
        if policy.contains("kms:DescribeKey") {
            let message = "The new key policy will not allow you to update the key policy in the future.";
            return Err(Refusal::new("MalformedPolicyDocumentException", message));
        }
        self.key_mut(at, key).policy = Some(policy.to_owned());
        Ok(Reply::Unit)
    }

    fn rotate_on_demand(&mut self, at: usize, text: &str) -> Outcome {
        let key = self.admit(at, text, "RotateKeyOnDemand", MANAGE_ENABLED)?;
        let arn = self.arn(at, key);
        let now = self.now;
        let state = self.key_mut(at, key);
        if state.on_demand >= ON_DEMAND_ROTATIONS {
            let message = "The on-demand rotations limit has been reached for the given keyId. No more on-demand \
                           rotations can be performed for this key: ";
            return Err(Refusal::new("LimitExceededException", format!("{message}{arn}")));
        }
        if state.schedule.is_some_and(|schedule| schedule.next - now <= 20 * MINUTE) {
            return Err(Refusal::code("ConflictException"));
        }
        state.on_demand += 1;
        self.rotate(at, key, "ON_DEMAND");
        Ok(Reply::Key(arn))
    }

    fn list_rotations(&mut self, at: usize, text: &str, all: bool, limit: Option<i64>, given: Given<'_>) -> Outcome {
        page_size(limit)?;
        let key = self.admit(at, text, "ListKeyRotations", MANAGE_ANY_STATE)?;
        let told: &[RotationEntry] = match given {
            Ok(Reply::Rotations(told)) => told,
            _ => &[],
        };
        let (first, last) = (usize::from(!all), self.current(at, key));
        let mut entries = Vec::new();
        for (version, told) in (first..=last).zip(told.iter().map(Some).chain(std::iter::repeat(None))) {
            let material = self.material(at, key, version, told.and_then(|entry| entry.material.as_deref()));
            let key = self.key(at, key);
            let rotation = key.materials[version].rotation;
            entries.push(RotationEntry {
                key_id: key.id.clone(),
                material,
                state: Some(if version == last { "CURRENT" } else { "NON_CURRENT" }.to_owned()),
                date: rotation.map(|(date, _)| date),
                kind: rotation.map(|(_, kind)| kind.to_owned()),
            });
        }
        Ok(Reply::Rotations(entries))
    }
}

/// How an operation treats identifiers and states.
#[derive(Clone, Copy)]
pub struct Rule {
    pub form: Form,
    pub states: States,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum States {
    Any,
    /// Not while deletion is pending.
    Living,
    Enabled,
    /// Only while deletion is pending.
    Dying,
}

const fn manage(states: States) -> Rule {
    Rule { form: Form { aliases: false, declares_invalid_arn: true }, states }
}

const MANAGE_ANY_STATE: Rule = manage(States::Any);
const MANAGE_LIVING: Rule = manage(States::Living);
const MANAGE_ENABLED: Rule = manage(States::Enabled);
const MANAGE_DYING: Rule = manage(States::Dying);
const USE_ANY_STATE: Rule = Rule { form: Form { aliases: true, declares_invalid_arn: true }, states: States::Any };
pub const CRYPTOGRAPHIC: Rule =
    Rule { form: Form { aliases: true, declares_invalid_arn: false }, states: States::Enabled };
const ALIAS_TARGET: Rule = Rule { form: Form { aliases: false, declares_invalid_arn: false }, states: States::Living };

pub fn require(holds: bool) -> Result<(), Refusal> {
    if holds { Ok(()) } else { Err(Refusal::code("ValidationException")) }
}

fn page_size(limit: Option<i64>) -> Result<(), Refusal> {
    require(limit.is_none_or(|limit| (1..=1000).contains(&limit)))
}

/// KEY-54.
fn alias_name(name: &str) -> Result<(), Refusal> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'_' | b'-');
    require((1..=256).contains(&name.len()))?;
    let rest = name.strip_prefix("alias/").ok_or_else(|| Refusal::code("ValidationException"))?;
    require(!rest.is_empty() && rest.bytes().all(allowed))
}

/// KEY-71.
fn tag_shape(tags: &Pairs) -> Result<(), Refusal> {
    require(tags.iter().all(|(key, value)| (1..=128).contains(&key.chars().count()) && value.chars().count() <= 256))
}

/// KEY-69, KEY-71.
fn tag_rules(tags: &Pairs) -> Result<(), Refusal> {
    let allowed = |char: char| char.is_alphabetic() || char.is_numeric() || " _.:/=+-@".contains(char);
    if tags.iter().any(|(key, _)| key.to_ascii_lowercase().starts_with("aws:")) {
        return Err(Refusal::new("TagException", "Tags beginning with aws: are reserved"));
    }
    if tags.iter().any(|(key, value)| !key.chars().all(allowed) || !value.chars().all(allowed)) {
        return Err(Refusal::code("TagException"));
    }
    let keys: BTreeSet<_> = tags.iter().map(|(key, _)| key).collect();
    if keys.len() == tags.len() { Ok(()) } else { Err(Refusal::new("TagException", "Duplicate tag keys")) }
}

fn told_metadata(given: Given<'_>) -> Option<&str> {
    match given {
        Ok(Reply::Metadata(metadata)) => metadata.material.as_deref(),
        _ => None,
    }
}
