//! The model's state: keys, aliases and time in two accounts and four Regions, as chapters 10, 11, 20 and 31 have them.

use std::collections::{BTreeMap, BTreeSet};

use super::access::{Document, Seat};
use super::audit::Trail;
use super::call::{AliasEntry, Blob, Context, Metadata, Pairs, Refusal, Related};
use super::events::Happening;
use super::grants::Grant;
use super::imports::{Bound, ParameterSet};
use super::kinds::Kind;

/// An account in a Region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub account: &'static str,
    pub region: &'static str,
    pub partition: &'static str,
}

const fn place(account: &'static str, region: &'static str, partition: &'static str) -> Place {
    Place { account, region, partition }
}

/// The places of the model; two neighbours are the two accounts of a Region.
pub const PLACES: [Place; 8] = [
    place("111122223333", "us-west-2", "aws"),
    place("444455556666", "us-west-2", "aws"),
    place("111122223333", "cn-north-1", "aws-cn"),
    place("444455556666", "cn-north-1", "aws-cn"),
    place("111122223333", "eu-west-1", "aws"),
    place("444455556666", "eu-west-1", "aws"),
    place("111122223333", "ap-southeast-2", "aws"),
    place("444455556666", "ap-southeast-2", "aws"),
];

/// Quotas of the model's instance, small so that they are met often.
pub const KEYS_PER_ACCOUNT: u64 = 5;
pub const ALIASES_PER_KEY: u64 = 2;
pub const GRANTS_PER_KEY: u64 = 4;
pub const ON_DEMAND_ROTATIONS: u32 = 2;

pub const SECOND: i64 = 1000;
pub const MINUTE: i64 = 60 * SECOND;
pub const DAY: i64 = 24 * 60 * MINUTE;

/// Everything the model knows.
pub struct World {
    pub now: i64,
    /// When the history began, and the service was registered.
    pub began: i64,
    /// How long replicas are made and primaries change.
    pub delay: i64,
    pub scopes: Vec<Scope>,
    pub cores: Vec<Core>,
    pub ciphertexts: Vec<Ciphertext>,
    pub plaintexts: Vec<Plaintext>,
    pub signatures: Vec<Signature>,
    pub secrets: Vec<Secret>,
    /// What two key pairs have agreed on.
    pub agreements: BTreeMap<(usize, usize), Vec<u8>>,
    pub sets: Vec<ParameterSet>,
    /// What must have happened without a call, in the order in which it was made.
    pub happenings: Vec<Happening>,
    /// What must be recorded of the call at hand.
    pub trail: Trail,
    /// Every grant ID that was ever told.
    pub told: BTreeSet<String>,
    /// Every grant token that was ever told, and in which Region.
    pub tokens: Vec<(String, &'static str)>,
    pub materials: BTreeSet<String>,
    /// What the history came to that no answer tells, and how often.
    pub feats: BTreeMap<&'static str, u64>,
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

/// Where a key is: a place, and its number there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spot {
    pub at: usize,
    pub index: usize,
}

/// What related keys share (chapter 31, section 4). A single-Region key shares it with nobody.
pub struct Core {
    pub id: String,
    pub kind: &'static Kind,
    pub imported: bool,
    pub multi_region: bool,
    pub versions: Vec<Version>,
    /// The IDs of materials that were pending and never bound: equal material has an equal ID (chapter 32, section 13).
    pub withdrawn: BTreeMap<Vec<u8>, String>,
    pub schedule: Option<Schedule>,
    pub on_demand: u32,
    pub public_key: Option<Vec<u8>>,
    pub primary: Spot,
    /// The primary to be, and when it is.
    pub handover: Option<(Spot, i64)>,
    /// The keys that exist.
    pub members: Vec<Spot>,
}

/// What a key has for itself.
pub struct Key {
    pub core: usize,
    pub created: i64,
    pub description: String,
    pub enabled: bool,
    /// How long the waiting period will be once the replicas are gone.
    pub waiting: Option<i64>,
    /// When the waiting period ends.
    pub deletion: Option<i64>,
    /// Until when a replica is made.
    pub creating: Option<i64>,
    pub policy: Document,
    pub tags: BTreeMap<String, String>,
    pub grants: Vec<Grant>,
    /// The operations that used the key, and when.
    pub used: Vec<(String, i64)>,
    /// Whether the latest uses may be forgotten: a change of the key was taken back after them.
    pub forgetful: bool,
}

#[derive(Clone, Copy)]
pub struct Schedule {
    pub period: i64,
    pub next: i64,
}

/// A version of key material; what made it, and its ID once an answer has told it.
#[derive(Default)]
pub struct Version {
    pub id: Option<String>,
    pub rotation: Option<(i64, &'static str)>,
    pub bound: Option<Bound>,
}

pub struct Alias {
    pub key: usize,
    pub created: i64,
    pub updated: i64,
}

/// A ciphertext that some call has returned.
pub struct Ciphertext {
    pub core: usize,
    /// Where it was made.
    pub at: usize,
    pub version: usize,
    /// The algorithm, for ciphertexts of key pairs.
    pub algorithm: Option<&'static str>,
    pub context: Context,
    pub plaintext: usize,
    pub blob: Vec<u8>,
}

/// What a ciphertext holds; unknown for a data key that nobody has seen yet.
pub struct Plaintext {
    pub length: usize,
    pub bytes: Option<Vec<u8>>,
}

/// A signature or code that some call has returned.
pub struct Signature {
    pub core: usize,
    pub at: usize,
    pub algorithm: &'static str,
    pub message: Vec<u8>,
    pub kind: &'static str,
    pub bytes: Vec<u8>,
}

/// A secret that was encapsulated.
pub struct Secret {
    pub core: usize,
    pub at: usize,
    pub blob: Vec<u8>,
    pub bytes: Vec<u8>,
}

/// What an identifier stands for.
#[derive(Clone, Copy, Debug)]
pub enum Named {
    Key(Spot),
    /// Something of another account that does not exist.
    Nothing,
}

/// How an operation treats identifiers (KEY-18, KEY-22).
#[derive(Clone, Copy, Debug)]
pub struct Form {
    pub aliases: bool,
    pub declares_invalid_arn: bool,
}

impl World {
    pub fn new(now: i64, delay: i64) -> Self {
        let scopes = PLACES.map(|place| Scope { place, keys: Vec::new(), aliases: BTreeMap::new(), walk: None });
        Self {
            now,
            began: now,
            delay,
            scopes: scopes.into(),
            cores: Vec::new(),
            ciphertexts: Vec::new(),
            plaintexts: Vec::new(),
            signatures: Vec::new(),
            secrets: Vec::new(),
            agreements: BTreeMap::new(),
            sets: Vec::new(),
            happenings: Vec::new(),
            trail: Trail::default(),
            told: BTreeSet::new(),
            tokens: Vec::new(),
            materials: BTreeSet::new(),
            feats: BTreeMap::new(),
        }
    }

    pub fn feat(&mut self, what: &'static str) {
        *self.feats.entry(what).or_default() += 1;
    }

    pub fn key(&self, spot: Spot) -> &Key {
        &self.scopes[spot.at].keys[spot.index]
    }

    pub fn key_mut(&mut self, spot: Spot) -> &mut Key {
        &mut self.scopes[spot.at].keys[spot.index]
    }

    pub fn core(&self, spot: Spot) -> &Core {
        &self.cores[self.key(spot).core]
    }

    pub fn core_mut(&mut self, spot: Spot) -> &mut Core {
        let core = self.key(spot).core;
        &mut self.cores[core]
    }

    pub fn kind(&self, spot: Spot) -> &'static Kind {
        self.core(spot).kind
    }

    pub fn id(&self, spot: Spot) -> &str {
        &self.core(spot).id
    }

    pub fn arn(&self, spot: Spot) -> String {
        self.scopes[spot.at].place.key_arn(self.id(spot))
    }

    /// The keys of a place that exist now.
    pub fn living(&self, at: usize) -> impl Iterator<Item = (usize, &Key)> {
        self.scopes[at].keys.iter().enumerate().filter(|(_, key)| !key.is_gone(self.now))
    }

    /// The same, as spots.
    pub fn spots(&self, at: usize) -> impl Iterator<Item = Spot> {
        self.living(at).map(move |(index, _)| Spot { at, index })
    }

    pub fn find(&self, at: usize, id: &str) -> Option<Spot> {
        self.spots(at).find(|spot| self.id(*spot) == id)
    }

    /// Chapter 20, section 2, by the precedence of STA-18.
    pub fn state(&self, spot: Spot) -> &'static str {
        let (key, core) = (self.key(spot), self.core(spot));
        let changing = core.handover.is_some_and(|(to, until)| until > self.now && [to, core.primary].contains(&spot));
        if key.deletion.is_some() {
            "PendingDeletion"
        } else if key.waiting.is_some() {
            "PendingReplicaDeletion"
        } else if key.creating.is_some_and(|until| until > self.now) {
            "Creating"
        } else if changing {
            "Updating"
        } else if core.imported && !core.is_complete(spot) {
            "PendingImport"
        } else if key.enabled {
            "Enabled"
        } else {
            "Disabled"
        }
    }

    /// The ID of a material: learned when it is first told, the same ever after, unlike any other.
    pub fn material(&mut self, core: usize, version: usize, told: Option<&str>) -> Option<String> {
        let known = self.cores[core].versions.get(version)?.id.clone();
        if known.is_some() {
            return known;
        }
        let told = told.filter(|id| is_material_id(id) && !self.materials.contains(*id))?.to_owned();
        self.materials.insert(told.clone());
        self.cores[core].versions[version].id = Some(told.clone());
        Some(told)
    }

    /// The ID of the current material; only symmetric encryption keys tell it.
    pub fn current_material(&mut self, spot: Spot, told: Option<&str>) -> Option<String> {
        if !self.kind(spot).is_symmetric() {
            return None;
        }
        let version = self.core(spot).current()?;
        self.material(self.key(spot).core, version, told)
    }

    /// Keeps a ciphertext that was returned under the current material of a key.
    pub fn keep(
        &mut self,
        spot: Spot,
        algorithm: Option<&'static str>,
        context: &Context,
        plaintext: usize,
        blob: Vec<u8>,
    ) {
        let version = self.core(spot).current().unwrap_or_default();
        let core = self.key(spot).core;
        self.ciphertexts.push(Ciphertext {
            core,
            at: spot.at,
            version,
            algorithm,
            context: context.clone(),
            plaintext,
            blob,
        });
    }

    pub fn plaintext(&mut self, length: usize, bytes: Option<Vec<u8>>) -> usize {
        self.plaintexts.push(Plaintext { length, bytes });
        self.plaintexts.len() - 1
    }

    /// `KeyMetadata` of a key (KEY-36).
    pub fn metadata(&mut self, spot: Spot, told: Option<&str>) -> Metadata {
        let material = self.current_material(spot, told);
        let (key, core, state) = (self.key(spot), self.core(spot), self.state(spot));
        let place = self.scopes[spot.at].place;
        let (model, valid_to) = core.expiration(spot);
        Metadata {
            account: place.account.to_owned(),
            key_id: core.id.clone(),
            arn: place.key_arn(&core.id),
            created: key.created,
            enabled: state == "Enabled",
            description: key.description.clone(),
            state: state.to_owned(),
            deletion: key.deletion,
            waiting: key.waiting.filter(|_| key.deletion.is_none()).map(|window| window / DAY),
            material,
            origin: if core.imported { "EXTERNAL" } else { "AWS_KMS" }.to_owned(),
            manager: if key.policy == Document::Managed { "AWS" } else { "CUSTOMER" }.to_owned(),
            specs: [core.kind.spec; 2].map(str::to_owned),
            usage: core.kind.usage.to_owned(),
            algorithms: core.kind.algorithms.iter().map(|algorithm| (*algorithm).to_owned()).collect(),
            expiration: model.map(str::to_owned),
            valid_to,
            related: core.multi_region.then(|| self.related(spot)),
        }
    }

    /// `MultiRegionConfiguration` (MRK-45, MRK-46); the old roles hold until a change is complete (RUL-20).
    fn related(&self, spot: Spot) -> Related {
        let core = self.core(spot);
        let arn = |spot: &Spot| self.scopes[spot.at].place.key_arn(&core.id);
        let mut replicas: Vec<_> = core.members.iter().filter(|member| **member != core.primary).map(arn).collect();
        replicas.sort();
        Related { is_primary: spot == core.primary, primary: arn(&core.primary), replicas }
    }

    /// Aliases by name, of one key or all.
    pub fn aliases(&self, at: usize, only: Option<usize>) -> Vec<AliasEntry> {
        let scope = &self.scopes[at];
        let listed = scope.aliases.iter().filter(|(_, alias)| only.is_none_or(|key| alias.key == key));
        let entry = |(name, alias): (&String, &Alias)| AliasEntry {
            name: name.clone(),
            arn: scope.place.arn(name),
            target: Some(self.id(Spot { at, index: alias.key }).to_owned()),
            created: Some(alias.created),
            updated: Some(alias.updated),
        };
        let predefined = self.predefined(at).filter(|_| only.is_none());
        let mut all: Vec<_> = listed.map(entry).chain(predefined).collect();
        all.sort_by(|one, other| one.name.cmp(&other.name));
        all
    }

    /// Resolves an identifier (KEY-16 to KEY-22, RUL-23).
    pub fn resolve(&self, seat: Seat, text: &str, form: Form) -> Result<Named, Refusal> {
        let (at, place) = (seat.at, seat.place());
        if text.starts_with("arn:") {
            return self.resolve_arn(seat, text, form);
        }
        if text.starts_with("alias/") && form.aliases {
            return self.alias(at, text).map(Named::Key);
        }
        if !is_key_id(text) {
            return Err(Refusal::new("NotFoundException", format!("Invalid keyId '{text}'")));
        }
        self.find(at, text).map(Named::Key).ok_or_else(|| absent_key(&place.key_arn(text)))
    }

    /// The key an alias of this place points to.
    pub fn alias(&self, at: usize, name: &str) -> Result<Spot, Refusal> {
        let scope = &self.scopes[at];
        let alias = scope.aliases.get(name).map(|alias| Spot { at, index: alias.key });
        alias.ok_or_else(|| Refusal::new("NotFoundException", format!("Alias {} is not found.", scope.place.arn(name))))
    }

    fn resolve_arn(&self, seat: Seat, text: &str, form: Form) -> Result<Named, Refusal> {
        let (at, place) = (seat.at, seat.place());
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
        if account == place.account {
            return match key_id {
                Some(id) => self.find(at, id).map(Named::Key).ok_or_else(|| absent_key(text)),
                None => self.alias(at, resource).map(Named::Key),
            };
        }
        let neighbour = at ^ 1;
        if account != PLACES[neighbour].account {
            return Ok(Named::Nothing);
        }
        let found = match key_id {
            Some(id) => self.find(neighbour, id),
            None => self.alias(neighbour, resource).ok(),
        };
        Ok(found.map_or(Named::Nothing, Named::Key))
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

impl Core {
    /// The version that encrypts: always the latest (ROT-02), but for one that waits for its rotation.
    pub fn current(&self) -> Option<usize> {
        let pending = self.versions.iter().filter(|version| version.is_pending()).count();
        (self.versions.len() - pending).checked_sub(1)
    }
}

impl Key {
    pub fn new(core: usize, now: i64, description: &str, tags: &Pairs) -> Self {
        Self {
            core,
            created: now,
            description: description.to_owned(),
            enabled: true,
            waiting: None,
            deletion: None,
            creating: None,
            policy: Document::Default,
            tags: tags.iter().cloned().collect(),
            grants: Vec::new(),
            used: Vec::new(),
            forgetful: false,
        }
    }

    /// Whether the waiting period is over (STA-55, STA-70).
    pub fn is_gone(&self, now: i64) -> bool {
        self.deletion.is_some_and(|at| at <= now)
    }

    /// Whether its deletion is scheduled, now or after that of the replicas.
    pub fn is_dying(&self) -> bool {
        self.deletion.is_some() || self.waiting.is_some()
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

pub fn is_material_id(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}
