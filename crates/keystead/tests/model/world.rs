//! The model's state: keys, aliases and time in two accounts and two Regions, as chapters 10, 11 and 20 have them.

use std::collections::{BTreeMap, BTreeSet};

use super::call::{AliasEntry, Blob, Context, Metadata, Pairs, Refusal};

/// An account in a Region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub account: &'static str,
    pub region: &'static str,
    pub partition: &'static str,
}

/// The four places of the model.
pub const PLACES: [Place; 4] = [
    Place { account: "111122223333", region: "us-west-2", partition: "aws" },
    Place { account: "444455556666", region: "us-west-2", partition: "aws" },
    Place { account: "111122223333", region: "cn-north-1", partition: "aws-cn" },
    Place { account: "444455556666", region: "cn-north-1", partition: "aws-cn" },
];

/// Quotas of the model's instance, small so that they are met often.
pub const KEYS_PER_ACCOUNT: u64 = 4;
pub const ALIASES_PER_KEY: u64 = 2;
pub const ON_DEMAND_ROTATIONS: u32 = 3;

pub const SECOND: i64 = 1000;
pub const MINUTE: i64 = 60 * SECOND;
pub const DAY: i64 = 24 * 60 * MINUTE;

/// Everything the model knows.
pub struct World {
    pub now: i64,
    pub scopes: Vec<Scope>,
    pub ciphertexts: Vec<Ciphertext>,
    pub plaintexts: Vec<Plaintext>,
    /// What must have happened without a call: each key rotation and deletion, in the order in which it was made.
    pub rotations: Vec<Happening>,
    pub deletions: Vec<Happening>,
    materials: BTreeSet<String>,
}

/// What is in one place.
pub struct Scope {
    pub place: Place,
    /// Every key ever created, deleted ones included.
    pub keys: Vec<Key>,
    pub aliases: BTreeMap<String, Alias>,
    /// The last alias that a walk over all of them has seen.
    pub walk: Option<String>,
}

pub struct Key {
    pub id: String,
    pub created: i64,
    pub description: String,
    pub enabled: bool,
    /// When the waiting period ends.
    pub deletion: Option<i64>,
    /// `None` is the policy that a key has without one.
    pub policy: Option<String>,
    pub tags: BTreeMap<String, String>,
    pub schedule: Option<Schedule>,
    pub materials: Vec<Version>,
    pub on_demand: u32,
}

#[derive(Clone, Copy)]
pub struct Schedule {
    pub period: i64,
    pub next: i64,
}

/// A version of key material; what made it, and its ID once an answer has told it.
pub struct Version {
    pub id: Option<String>,
    pub rotation: Option<(i64, &'static str)>,
}

pub struct Alias {
    pub key: usize,
    pub created: i64,
    pub updated: i64,
}

/// A ciphertext that some call has returned.
pub struct Ciphertext {
    /// Where the key is: index of the place and of the key in it.
    pub scope: usize,
    pub key: usize,
    pub version: usize,
    pub context: Context,
    pub plaintext: usize,
    pub blob: Vec<u8>,
}

/// What a ciphertext holds; unknown for a data key that nobody has seen yet.
pub struct Plaintext {
    pub length: usize,
    pub bytes: Option<Vec<u8>>,
}

/// A rotation (with its type) or deletion of a key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Happening {
    pub arn: String,
    /// When it was due, for deletions; when it was made, for rotations.
    pub at: i64,
    pub kind: &'static str,
}

/// What an identifier stands for.
#[derive(Debug)]
pub enum Named {
    Own(usize),
    /// Something of another account, existing or not.
    Foreign {
        account: String,
        resource: String,
    },
}

/// How an operation treats identifiers (KEY-18, KEY-22).
#[derive(Clone, Copy)]
pub struct Form {
    pub aliases: bool,
    pub declares_invalid_arn: bool,
}

impl World {
    pub fn new(now: i64) -> Self {
        let scopes = PLACES.map(|place| Scope { place, keys: Vec::new(), aliases: BTreeMap::new(), walk: None });
        Self {
            now,
            scopes: scopes.into(),
            ciphertexts: Vec::new(),
            plaintexts: Vec::new(),
            rotations: Vec::new(),
            deletions: Vec::new(),
            materials: BTreeSet::new(),
        }
    }

    /// Lets time pass. Keys whose waiting period ends are gone from this moment, with their aliases.
    pub fn advance(&mut self, millis: i64) {
        let before = self.now;
        self.now += millis;
        for scope in &mut self.scopes {
            for (index, key) in scope.keys.iter().enumerate() {
                let Some(at) = key.deletion.filter(|at| before < *at && *at <= self.now) else { continue };
                scope.aliases.retain(|_, alias| alias.key != index);
                self.deletions.push(Happening { arn: scope.place.key_arn(&key.id), at, kind: "DeleteKey" });
            }
        }
    }

    /// Brings every key up to date, as a sweep does; answers how many rotations that took.
    pub fn settle_all(&mut self) -> usize {
        let before = self.rotations.len();
        for at in 0..self.scopes.len() {
            for key in 0..self.scopes[at].keys.len() {
                self.settle(at, key);
            }
        }
        self.rotations.len() - before
    }

    /// Makes an overdue rotation of an enabled key; late ones keep the rhythm if they can (ROT-28, ROT-29).
    pub fn settle(&mut self, at: usize, key: usize) {
        let now = self.now;
        let key_state = &self.scopes[at].keys[key];
        let Some(schedule) = key_state.schedule.filter(|schedule| schedule.next <= now) else { return };
        if !key_state.enabled || key_state.deletion.is_some() {
            return;
        }
        let in_rhythm = schedule.next + schedule.period;
        let next = if in_rhythm > now { in_rhythm } else { now + schedule.period };
        self.scopes[at].keys[key].schedule = Some(Schedule { next, ..schedule });
        self.rotate(at, key, "AUTOMATIC");
    }

    pub fn rotate(&mut self, at: usize, key: usize, kind: &'static str) {
        let now = self.now;
        let arn = self.arn(at, key);
        self.key_mut(at, key).materials.push(Version { id: None, rotation: Some((now, kind)) });
        self.rotations.push(Happening { arn, at: now, kind });
    }

    pub fn key(&self, at: usize, key: usize) -> &Key {
        &self.scopes[at].keys[key]
    }

    pub fn key_mut(&mut self, at: usize, key: usize) -> &mut Key {
        &mut self.scopes[at].keys[key]
    }

    pub fn arn(&self, at: usize, key: usize) -> String {
        let scope = &self.scopes[at];
        scope.place.key_arn(&scope.keys[key].id)
    }

    /// The keys of a place that exist now.
    pub fn living(&self, at: usize) -> impl Iterator<Item = (usize, &Key)> {
        self.scopes[at].keys.iter().enumerate().filter(|(_, key)| !key.is_gone(self.now))
    }

    pub fn find(&self, at: usize, id: &str) -> Option<usize> {
        self.living(at).find(|(_, key)| key.id == id).map(|(index, _)| index)
    }

    /// The ID of a material: learned when it is first told, the same ever after, unlike any other.
    pub fn material(&mut self, at: usize, key: usize, version: usize, told: Option<&str>) -> Option<String> {
        let known = self.scopes[at].keys[key].materials[version].id.clone();
        if known.is_some() {
            return known;
        }
        let told = told.filter(|id| is_material_id(id) && !self.materials.contains(*id))?.to_owned();
        self.materials.insert(told.clone());
        self.key_mut(at, key).materials[version].id = Some(told.clone());
        Some(told)
    }

    /// The ID of the current material.
    pub fn current_material(&mut self, at: usize, key: usize, told: Option<&str>) -> Option<String> {
        let version = self.current(at, key);
        self.material(at, key, version, told)
    }

    /// The version that encrypts: always the latest (ROT-02).
    pub fn current(&self, at: usize, key: usize) -> usize {
        self.key(at, key).materials.len() - 1
    }

    /// Keeps a ciphertext that was returned under the current material of a key.
    pub fn keep(&mut self, at: usize, key: usize, context: &Context, plaintext: usize, blob: Vec<u8>) {
        let version = self.current(at, key);
        self.ciphertexts.push(Ciphertext { scope: at, key, version, context: context.clone(), plaintext, blob });
    }

    pub fn plaintext(&mut self, length: usize, bytes: Option<Vec<u8>>) -> usize {
        self.plaintexts.push(Plaintext { length, bytes });
        self.plaintexts.len() - 1
    }

    /// `KeyMetadata` of a key (KEY-36).
    pub fn metadata(&mut self, at: usize, key: usize, told: Option<&str>) -> Metadata {
        let material = self.current_material(at, key, told);
        let place = self.scopes[at].place;
        let key = self.key(at, key);
        let constants =
            ["ENCRYPT_DECRYPT", "AWS_KMS", "CUSTOMER", "SYMMETRIC_DEFAULT", "SYMMETRIC_DEFAULT", "SYMMETRIC_DEFAULT"];
        Metadata {
            account: place.account.to_owned(),
            key_id: key.id.clone(),
            arn: place.key_arn(&key.id),
            created: key.created,
            enabled: key.state() == "Enabled",
            description: key.description.clone(),
            state: key.state().to_owned(),
            deletion: key.deletion,
            material,
            constants: constants.map(str::to_owned).into(),
            surplus: Vec::new(),
        }
    }

    /// Aliases by name, of one key or all.
    pub fn aliases(&self, at: usize, only: Option<usize>) -> Vec<AliasEntry> {
        let scope = &self.scopes[at];
        let listed = scope.aliases.iter().filter(|(_, alias)| only.is_none_or(|key| alias.key == key));
        let entry = |(name, alias): (&String, &Alias)| AliasEntry {
            name: name.clone(),
            arn: scope.place.arn(name),
            target: Some(scope.keys[alias.key].id.clone()),
            created: Some(alias.created),
            updated: Some(alias.updated),
        };
        listed.map(entry).collect()
    }

    /// Resolves an identifier (KEY-16 to KEY-22, RUL-23).
    pub fn resolve(&self, at: usize, text: &str, form: Form) -> Result<Named, Refusal> {
        let place = self.scopes[at].place;
        if text.starts_with("arn:") {
            return self.resolve_arn(at, text, form);
        }
        if text.starts_with("alias/") && form.aliases {
            return self.alias(at, text).map(Named::Own);
        }
        if !is_key_id(text) {
            return Err(Refusal::new("NotFoundException", format!("Invalid keyId '{text}'")));
        }
        self.find(at, text).map(Named::Own).ok_or_else(|| absent_key(&place.key_arn(text)))
    }

    /// The key an alias of this place points to.
    pub fn alias(&self, at: usize, name: &str) -> Result<usize, Refusal> {
        let scope = &self.scopes[at];
        scope
            .aliases
            .get(name)
            .map(|alias| alias.key)
            .ok_or_else(|| Refusal::new("NotFoundException", format!("Alias {} is not found.", scope.place.arn(name))))
    }

    fn resolve_arn(&self, at: usize, text: &str, form: Form) -> Result<Named, Refusal> {
        let place = self.scopes[at].place;
        let malformed =
            || Refusal::code(if form.declares_invalid_arn { "InvalidArnException" } else { "NotFoundException" });
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        let &[_, partition, "kms", region, account, resource] = parts.as_slice() else { return Err(malformed()) };
        if account.len() != 12 || !account.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(malformed());
        }
        let key_id = resource.strip_prefix("key/").filter(|id| is_key_id(id));
        if key_id.is_none() && !resource.starts_with("alias/") {
            return Err(malformed());
        }
        if region != place.region {
            return Err(Refusal::new("NotFoundException", format!("Invalid arn {region}")));
        }
        if partition != place.partition {
            return Err(malformed());
        }
        if key_id.is_none() && !form.aliases {
            let message = "Key Aliases are not supported for this operation";
            return Err(if form.declares_invalid_arn {
                Refusal::new("InvalidArnException", message)
            } else {
                Refusal::code("NotFoundException")
            });
        }
        if account != place.account {
            return Ok(Named::Foreign { account: account.to_owned(), resource: resource.to_owned() });
        }
        match key_id {
            Some(id) => self.find(at, id).map(Named::Own).ok_or_else(|| absent_key(text)),
            None => self.alias(at, resource).map(Named::Own),
        }
    }

    /// The caller is told the same of whatever is not its own (POL-117, POL-119).
    pub fn denied(&self, at: usize, action: &str, on: &str) -> Refusal {
        let Place { account, partition, .. } = self.scopes[at].place;
        let message = format!(
            "User: arn:{partition}:iam::{account}:root is not authorized to perform: kms:{action} on {on} because the \
             resource does not exist in this Region, no resource-based policies allow access, or a resource-based \
             policy explicitly denies access"
        );
        Refusal::new("AccessDeniedException", message)
    }

    /// The ciphertext that a blob is or was made of.
    pub fn origin(&self, blob: &Blob) -> Option<&Ciphertext> {
        blob.origin.map(|index| &self.ciphertexts[index])
    }
}

impl Place {
    pub fn key_arn(&self, id: &str) -> String {
        self.arn(&format!("key/{id}"))
    }

    /// The ARN of `key/…` or `alias/…` in this place.
    pub fn arn(&self, resource: &str) -> String {
        let Self { account, region, partition } = self;
        format!("arn:{partition}:kms:{region}:{account}:{resource}")
    }
}

impl Key {
    pub fn new(id: &str, now: i64, description: &str, tags: &Pairs) -> Self {
        Self {
            id: id.to_owned(),
            created: now,
            description: description.to_owned(),
            enabled: true,
            deletion: None,
            policy: None,
            tags: tags.iter().cloned().collect(),
            schedule: None,
            materials: vec![Version { id: None, rotation: None }],
            on_demand: 0,
        }
    }

    /// Whether the waiting period is over (STA-55, STA-70).
    pub fn is_gone(&self, now: i64) -> bool {
        self.deletion.is_some_and(|at| at <= now)
    }

    pub fn state(&self) -> &'static str {
        match (self.deletion, self.enabled) {
            (Some(_), _) => "PendingDeletion",
            (None, true) => "Enabled",
            (None, false) => "Disabled",
        }
    }
}

pub fn absent_key(arn: &str) -> Refusal {
    Refusal::new("NotFoundException", format!("Key '{arn}' does not exist"))
}

/// A lower-case UUID, or `mrk-` and 32 lower-case hexadecimal digits (KEY-16).
pub fn is_key_id(text: &str) -> bool {
    let hex = |part: &str, length: usize| {
        part.len() == length && part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    match text.strip_prefix("mrk-") {
        Some(digits) => hex(digits, 32),
        None => {
            let parts: Vec<&str> = text.split('-').collect();
            parts.len() == 5 && parts.iter().zip([8, 4, 4, 4, 12]).all(|(part, length)| hex(part, length))
        }
    }
}

fn is_material_id(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}
