//! What the store holds, and under which keys.
//!
//! Values are JSON objects with a format version; unknown members are ignored, new ones have defaults, so that records
//! survive new fields. Secret material appears only inside exported key tokens.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use keystead_hierarchy::Profile;
use keystead_hierarchy::schedule::RotationSchedule;
use keystead_hierarchy::spec::{KeyManager, KeySpec, KeyState, KeyUsage, Origin};
use keystead_hierarchy::{Deletion, Fingerprint, KeyFacts, MaterialId};
use keystead_types::{AccountId, AliasName, KeyArn, KeyId, Partition, Region, Timestamp};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::grant::Grant;
use crate::related::RelatedKeys;

/// A KMS key without its material.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct KeyRecord {
    #[serde(rename = "v")]
    pub(crate) format: u32,
    pub(crate) created: Timestamp,
    pub(crate) spec: KeySpec,
    pub(crate) usage: KeyUsage,
    pub(crate) origin: Origin,
    pub(crate) manager: KeyManager,
    pub(crate) profile: Profile,
    pub(crate) description: Arc<str>,
    /// What `KeyState` is derived from.
    pub(crate) facts: KeyFacts,
    /// The key policy, byte for byte as it was given.
    pub(crate) policy: Arc<str>,
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) aliases: BTreeSet<AliasName>,
    pub(crate) rotation: Option<RotationSchedule>,
    /// On-demand rotations over the life of the key (ROT-33).
    pub(crate) on_demand_rotations: u32,
    /// The material version that encrypts; 0 as long as none was imported.
    pub(crate) current: u32,
    /// The set that a multi-Region key belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) related: Option<Box<RelatedKeys>>,
    /// What keys of origin `EXTERNAL` have besides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) import: Option<ImportRecord>,
}

/// What a key remembers about imports.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ImportRecord {
    /// The exported key token of the key that makes fingerprints (IMP-08).
    #[serde(with = "base64_bytes")]
    pub(crate) fingerprint_key: Vec<u8>,
    /// When the first of the materials that are there expires.
    pub(crate) next_expiry: Option<Timestamp>,
}

/// One version of key material.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct MaterialRecord {
    #[serde(rename = "v")]
    pub(crate) format: u32,
    pub(crate) version: u32,
    pub(crate) id: MaterialId,
    /// The exported key token; absent after imported material was deleted or has expired.
    #[serde(default, with = "optional_base64_bytes", skip_serializing_if = "Option::is_none")]
    pub(crate) ekt: Option<Vec<u8>>,
    /// How and when it became current; absent for the first material.
    pub(crate) rotation: Option<Rotation>,
    /// What is known of imported material.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) imported: Option<ImportedMaterial>,
}

/// What is known of imported material, also when it is not there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ImportedMaterial {
    /// By which it is known again (IMP-07).
    pub(crate) fingerprint: Fingerprint,
    pub(crate) description: Option<Arc<str>>,
    /// When it expires, if it is there and does.
    pub(crate) valid_to: Option<Timestamp>,
}

impl MaterialRecord {
    /// As a related key knows the material that is yet to import it (MRK-62, MRK-64): description and expiry are its own.
    pub(crate) fn awaiting_import(self) -> Self {
        let imported = self.imported.map(|imported| ImportedMaterial { description: None, valid_to: None, ..imported });
        Self { ekt: None, imported, ..self }
    }
}

/// A completed rotation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Rotation {
    pub(crate) at: Timestamp,
    pub(crate) on_demand: bool,
}

/// An alias.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct AliasRecord {
    #[serde(rename = "v")]
    pub(crate) format: u32,
    /// The key; absent for a predefined alias until its key is made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) target: Option<KeyId>,
    /// The policy of the AWS managed key that is yet to be made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) key_policy: Option<Arc<str>>,
    pub(crate) created: Timestamp,
    pub(crate) updated: Timestamp,
}

impl AliasRecord {
    /// A new alias of a key.
    pub(crate) fn of(key: KeyId, now: Timestamp) -> Self {
        Self { format: RECORD_FORMAT, target: Some(key), key_policy: None, created: now, updated: now }
    }
}

/// How many resources of one kind an account has in a Region (QUO-11).
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct CounterRecord {
    #[serde(rename = "v")]
    pub(crate) format: u32,
    pub(crate) count: u64,
}

/// The last use of a key, as of the last save.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct UsageRecord {
    #[serde(rename = "v")]
    pub(crate) format: u32,
    pub(crate) at: Timestamp,
    pub(crate) operation: Box<str>,
    pub(crate) event_id: Option<uuid::Uuid>,
    pub(crate) request_id: uuid::Uuid,
}

/// The format version that this code writes.
pub(crate) const RECORD_FORMAT: u32 = 1;

impl KeyRecord {
    /// The state at `now` of the key in `region` (STA-18).
    pub(crate) fn state(&self, region: Region, now: Timestamp) -> KeyState {
        self.facts_at(region, now).state()
    }

    /// When the key ceases to exist, as far as that is known at `now`.
    pub(crate) fn deletion_due(&self, now: Timestamp) -> Option<Timestamp> {
        match self.deletion_at(now) {
            Deletion::Scheduled { at } => Some(at),
            _ => None,
        }
    }

    /// When the waiting period ends that was begun with this record.
    pub(crate) fn scheduled_deletion(&self) -> Option<Timestamp> {
        match self.facts.deletion {
            Deletion::Scheduled { at } => Some(at),
            Deletion::None | Deletion::AwaitingReplicas { .. } => None,
        }
    }

    /// The waiting period that begins when the last replica is gone.
    pub(crate) fn pending_window_days(&self, now: Timestamp) -> Option<u32> {
        match self.deletion_at(now) {
            Deletion::AwaitingReplicas { window_days } => Some(window_days),
            _ => None,
        }
    }

    /// Whether the key in `region` is a replica at `now`.
    pub(crate) fn is_replica(&self, region: Region, now: Timestamp) -> bool {
        self.related.as_ref().is_some_and(|related| related.primary_at(now) != region)
    }

    /// When the next automatic rotation falls due; never while the state forbids it (ROT-24, ROT-25), and never at the
    /// end of time, where there is no instant after it. Replicas rotate with their primary (ROT-50).
    pub(crate) fn rotation_due(&self, region: Region, now: Timestamp) -> Option<Timestamp> {
        let rotates = self.state(region, now).is_usable() && !self.is_replica(region, now);
        self.rotation.filter(|_| rotates).map(|schedule| schedule.next()).filter(|at| *at < Timestamp::MAX)
    }

    /// The aliases that count against the quota: those that are not predefined (KEY-62).
    pub(crate) fn counted_aliases(&self) -> u64 {
        self.aliases.iter().filter(|name| !name.is_reserved()).count() as u64
    }

    /// When the first of the imported materials that are there expires.
    pub(crate) fn expiry_due(&self) -> Option<Timestamp> {
        self.import.as_ref().and_then(|import| import.next_expiry)
    }

    /// The next instant at which the key in `region` has to be brought up to date, as far as the record knows. What
    /// happens after the end of a phase is known when that is recorded. A primary goes when its time is over, whether or
    /// not anybody has removed the replicas that it waits for.
    pub(crate) fn next_due(&self, region: Region) -> Option<Timestamp> {
        let deletion = self.expected_deletion(Timestamp::MIN);
        let phase = self.related.as_ref().and_then(|related| related.phase_due(region));
        let rotation = self.rotation_due(region, Timestamp::MIN);
        [deletion, phase, rotation, self.expiry_due()].into_iter().flatten().min()
    }

    /// The record of a replica of this key: what is shared, and everything else at its default (MRK-24). Tokens in it are
    /// still those of this key's Region.
    pub(crate) fn as_replica(&self, now: Timestamp) -> Self {
        Self {
            created: now,
            description: "".into(),
            facts: KeyFacts::new(self.origin),
            tags: BTreeMap::new(),
            aliases: BTreeSet::new(),
            ..self.clone()
        }
    }

    /// When the key will be deleted if nothing is cancelled; of a primary that waits for its replicas it is known once
    /// all of them have a date (MRK-57).
    pub(crate) fn expected_deletion(&self, now: Timestamp) -> Option<Timestamp> {
        let last = self.related.as_deref().and_then(RelatedKeys::last_deletion);
        match last.map_or(self.facts.deletion, |at| self.facts.deletion.after_last_replica(at)) {
            Deletion::Scheduled { at } => Some(at),
            Deletion::AwaitingReplicas { .. } => self.deletion_due(now),
            Deletion::None => None,
        }
    }

    /// Takes over what related keys share, and nothing else (MRK-13, MRK-14).
    pub(crate) fn share(&mut self, from: &Self) {
        self.rotation = from.rotation;
        self.on_demand_rotations = from.on_demand_rotations;
        self.current = from.current;
        self.related.clone_from(&from.related);
    }

    /// Whether both say the same of what related keys share.
    pub(crate) fn shares_all(&self, other: &Self) -> bool {
        self.rotation == other.rotation
            && self.on_demand_rotations == other.on_demand_rotations
            && self.current == other.current
            && self.related == other.related
    }

    /// The facts about the key in `region` at `now`.
    pub(crate) fn facts_at(&self, region: Region, now: Timestamp) -> KeyFacts {
        match &self.related {
            None => self.facts,
            Some(related) => KeyFacts {
                creating: related.is_creating(region, now),
                updating: related.is_updating(region, now),
                deletion: self.deletion_at(now),
                ..self.facts
            },
        }
    }

    /// The waiting period of a primary begins when its last replica is gone, whether or not that was removed (MRK-58).
    fn deletion_at(&self, now: Timestamp) -> Deletion {
        match self.related.as_deref().and_then(RelatedKeys::last_deletion).filter(|at| *at <= now) {
            Some(at) => self.facts.deletion.after_last_replica(at),
            None => self.facts.deletion,
        }
    }
}

/// Serialises a record.
pub(crate) fn encode<T: Serialize>(record: &T) -> Result<Vec<u8>, Error> {
    serde_json::to_vec(record).map_err(|_| Error::KmsInternal("a record could not be encoded".into()))
}

/// Reads a record back; damage concerns this record alone.
pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Error> {
    serde_json::from_slice(bytes)
        .map_err(|_| Error::KmsInternal("a stored record is damaged or of a newer format".into()))
}

/// What a record is. The letter stands in its store key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Key,
    Material,
    Alias,
    Grant,
    Counter,
    Usage,
}

impl Kind {
    fn letter(self) -> u8 {
        match self {
            Self::Key => b'k',
            Self::Material => b'm',
            Self::Alias => b'a',
            Self::Grant => b'g',
            Self::Counter => b'n',
            Self::Usage => b'u',
        }
    }
}

/// The beginning of the store keys of one kind in one account and Region:
/// `partition 0 region 0 account kind`, ordered by account, kind and ID.
pub(crate) fn prefix(partition: Partition, region: Region, account: AccountId, kind: Kind) -> Vec<u8> {
    let mut key = region_prefix(partition, region);
    key.extend_from_slice(account.as_str().as_bytes());
    key.push(kind.letter());
    key
}

pub(crate) fn key_key(arn: &KeyArn) -> Vec<u8> {
    let mut key = prefix(arn.partition, arn.region, arn.account, Kind::Key);
    key.extend_from_slice(arn.key_id.encode(&mut [0; KeyId::TEXT_LEN]).as_bytes());
    key
}

/// The key in the store key of its record.
pub(crate) fn parse_key_key(partition: Partition, region: Region, key: &[u8]) -> Option<KeyArn> {
    let rest = key.strip_prefix(region_prefix(partition, region).as_slice())?;
    let (account, rest) = rest.split_first_chunk::<12>()?;
    let key_id = rest.strip_prefix(&[Kind::Key.letter()])?;
    let account = std::str::from_utf8(account).ok()?.parse().ok()?;
    let key_id = std::str::from_utf8(key_id).ok()?.parse().ok()?;
    Some(KeyArn { partition, region, account, key_id })
}

pub(crate) fn usage_key(arn: &KeyArn) -> Vec<u8> {
    let mut key = prefix(arn.partition, arn.region, arn.account, Kind::Usage);
    key.extend_from_slice(arn.key_id.encode(&mut [0; KeyId::TEXT_LEN]).as_bytes());
    key
}

/// The beginning of the store keys of all material versions of a key.
pub(crate) fn material_prefix(arn: &KeyArn) -> Vec<u8> {
    let mut key = prefix(arn.partition, arn.region, arn.account, Kind::Material);
    key.extend_from_slice(arn.key_id.encode(&mut [0; KeyId::TEXT_LEN]).as_bytes());
    key
}

pub(crate) fn material_key(arn: &KeyArn, version: u32) -> Vec<u8> {
    let mut key = material_prefix(arn);
    key.extend_from_slice(&version.to_be_bytes());
    key
}

/// The key and version in the store key of a material.
pub(crate) fn parse_material_key(partition: Partition, region: Region, key: &[u8]) -> Option<(KeyArn, u32)> {
    let rest = key.strip_prefix(region_prefix(partition, region).as_slice())?;
    let (account, rest) = rest.split_first_chunk::<12>()?;
    let (&letter, rest) = rest.split_first()?;
    let (key_id, version) = rest.split_first_chunk::<{ KeyId::TEXT_LEN }>()?;
    if letter != Kind::Material.letter() {
        return None;
    }
    let account = std::str::from_utf8(account).ok()?.parse().ok()?;
    let key_id = std::str::from_utf8(key_id).ok()?.parse().ok()?;
    Some((KeyArn { partition, region, account, key_id }, u32::from_be_bytes(version.try_into().ok()?)))
}

pub(crate) fn alias_key(partition: Partition, region: Region, account: AccountId, name: &AliasName) -> Vec<u8> {
    let mut key = prefix(partition, region, account, Kind::Alias);
    key.extend_from_slice(name.as_str().as_bytes());
    key
}

/// The beginning of the store keys of all grants on a key; they sort by creation.
pub(crate) fn grant_prefix(arn: &KeyArn) -> Vec<u8> {
    let mut key = prefix(arn.partition, arn.region, arn.account, Kind::Grant);
    key.extend_from_slice(arn.key_id.encode(&mut [0; KeyId::TEXT_LEN]).as_bytes());
    key
}

pub(crate) fn grant_key(arn: &KeyArn, grant: &Grant) -> Vec<u8> {
    let mut key = grant_prefix(arn);
    key.extend_from_slice(&due_instant(grant.created));
    key.extend_from_slice(grant.id.as_bytes());
    key
}

/// The beginning of the index of grants that a principal may retire, over all accounts of a Region.
pub(crate) fn retirable_prefix(partition: Partition, region: Region, principal: &str) -> Vec<u8> {
    let mut key = region_prefix(partition, region);
    key.extend_from_slice(b"retire");
    key.extend_from_slice(principal.as_bytes());
    key.push(0);
    key
}

/// The index entry of a grant; its value names key and grant.
pub(crate) fn retirable_key(arn: &KeyArn, grant: &Grant, principal: &str) -> Vec<u8> {
    let mut key = retirable_prefix(arn.partition, arn.region, principal);
    key.extend_from_slice(&due_instant(grant.created));
    key.extend_from_slice(grant.id.as_bytes());
    key
}

pub(crate) fn counter_key(partition: Partition, region: Region, account: AccountId) -> Vec<u8> {
    let mut key = prefix(partition, region, account, Kind::Counter);
    key.extend_from_slice(b"keys");
    key
}

/// The beginning of the index of instants at which something falls due in a Region.
pub(crate) fn due_prefix(partition: Partition, region: Region) -> Vec<u8> {
    let mut key = region_prefix(partition, region);
    key.extend_from_slice(b"due");
    key
}

/// The index entry that says when `arn` needs attention next; it sorts by instant. Entries have no value.
pub(crate) fn due_key(arn: &KeyArn, at: Timestamp) -> Vec<u8> {
    let mut key = due_prefix(arn.partition, arn.region);
    key.extend_from_slice(&due_instant(at));
    key.extend_from_slice(arn.account.as_str().as_bytes());
    key.extend_from_slice(&arn.key_id.to_bytes());
    key
}

/// Reads an index entry back.
pub(crate) fn parse_due_key(partition: Partition, region: Region, key: &[u8]) -> Option<(Timestamp, KeyArn)> {
    let rest = key.strip_prefix(due_prefix(partition, region).as_slice())?;
    let (instant, rest) = rest.split_first_chunk::<8>()?;
    let (account, key_id) = rest.split_first_chunk::<12>()?;
    let at = parse_due_instant(instant)?;
    let account = std::str::from_utf8(account).ok()?.parse().ok()?;
    let key_id = KeyId::from_bytes(key_id.try_into().ok()?)?;
    Some((at, KeyArn { partition, region, account, key_id }))
}

/// The beginning of the store keys of the wrapping keys for imports in a Region.
pub(crate) fn wrapping_key_prefix(partition: Partition, region: Region) -> Vec<u8> {
    let mut key = region_prefix(partition, region);
    key.extend_from_slice(b"wrap");
    key
}

/// The store key of a wrapping key; it sorts by expiry.
pub(crate) fn wrapping_key_key(partition: Partition, region: Region, valid_to: Timestamp, set: &[u8; 16]) -> Vec<u8> {
    let mut key = wrapping_key_prefix(partition, region);
    key.extend_from_slice(&due_instant(valid_to));
    key.extend_from_slice(set);
    key
}

/// When the record with this store key expires: the instant stands behind the prefix.
pub(crate) fn parse_expiry(prefix: &[u8], key: &[u8]) -> Option<Timestamp> {
    let (instant, _) = key.strip_prefix(prefix)?.split_first_chunk::<8>()?;
    parse_due_instant(instant)
}

/// Whether this is the store key of a wrapping key.
pub(crate) fn is_wrapping_key_key(partition: Partition, region: Region, key: &[u8]) -> bool {
    parse_expiry(&wrapping_key_prefix(partition, region), key).is_some()
}

/// The beginning of the store keys of the private halves of transfer requests in a Region.
pub(crate) fn transfer_key_prefix(partition: Partition, region: Region) -> Vec<u8> {
    let mut key = region_prefix(partition, region);
    key.extend_from_slice(b"transfer");
    key
}

/// The store key of a private half; it sorts by expiry.
pub(crate) fn transfer_key_key(partition: Partition, region: Region, valid_to: Timestamp, id: &[u8; 16]) -> Vec<u8> {
    let mut key = transfer_key_prefix(partition, region);
    key.extend_from_slice(&due_instant(valid_to));
    key.extend_from_slice(id);
    key
}

/// The request in the store key of its private half.
pub(crate) fn parse_transfer_key_key(partition: Partition, region: Region, key: &[u8]) -> Option<[u8; 16]> {
    let rest = key.strip_prefix(transfer_key_prefix(partition, region).as_slice())?;
    let (_, id) = rest.split_first_chunk::<8>()?;
    id.try_into().ok()
}

/// The store keys of undelivered audit records and events.
pub(crate) const OUTBOX_PREFIX: &[u8] = b"\0outbox\0";
/// The store keys of sealed domain keys.
pub(crate) const DOMAIN_PREFIX: &[u8] = b"\0domain\0";

/// The beginning of the store keys of all domain key versions of a Region.
pub(crate) fn domain_prefix(partition: Partition, region: Region) -> Vec<u8> {
    [DOMAIN_PREFIX, &region_prefix(partition, region)].concat()
}

pub(crate) fn domain_key(partition: Partition, region: Region, version: u32) -> Vec<u8> {
    [domain_prefix(partition, region).as_slice(), &version.to_be_bytes()].concat()
}

/// The partition and Region in the store key of a domain key.
pub(crate) fn parse_domain_key(key: &[u8]) -> Option<(Partition, Region)> {
    let mut parts = key.strip_prefix(DOMAIN_PREFIX)?.split(|byte| *byte == 0);
    let mut part = || std::str::from_utf8(parts.next()?).ok();
    Some((part()?.parse().ok()?, part()?.parse().ok()?))
}

/// The instant as bytes that sort like it.
fn due_instant(at: Timestamp) -> [u8; 8] {
    (at.as_millis() as u64 ^ SIGN).to_be_bytes()
}

fn parse_due_instant(instant: &[u8; 8]) -> Option<Timestamp> {
    Timestamp::from_millis((u64::from_be_bytes(*instant) ^ SIGN) as i64)
}

/// The beginning of the store keys of everything in a Region.
pub(crate) fn region_prefix(partition: Partition, region: Region) -> Vec<u8> {
    let mut key = Vec::with_capacity(128);
    key.extend_from_slice(partition.as_str().as_bytes());
    key.push(0);
    key.extend_from_slice(region.as_str().as_bytes());
    key.push(0);
    key
}

const SIGN: u64 = 1 << 63;

pub(crate) mod base64_bytes {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(crate) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(bytes))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        STANDARD.decode(text.as_bytes()).map_err(D::Error::custom)
    }
}

mod optional_base64_bytes {
    use serde::{Deserializer, Serializer};

    use super::base64_bytes;

    pub(super) fn serialize<S: Serializer>(bytes: &Option<Vec<u8>>, serializer: S) -> Result<S::Ok, S::Error> {
        match bytes {
            Some(bytes) => base64_bytes::serialize(bytes, serializer),
            None => serializer.serialize_none(),
        }
    }

    /// A member that is there has a value; for one that is not, there is a default.
    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<u8>>, D::Error> {
        base64_bytes::deserialize(deserializer).map(Some)
    }
}
