//! How a key of a seed gets into an instance: in one commit, beside the door.

use std::collections::BTreeSet;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keystead_crypto::{CryptoError, SecretBytes};
use keystead_hierarchy::KeyFacts;
use keystead_hierarchy::schedule::{PeriodOutOfRange, RotationPeriod, RotationSchedule};
use keystead_hierarchy::spec::{KeyKind, KeyManager, KeySpec, KeyUsage, Origin};
use keystead_policy::PolicyError;
use keystead_store::Expect;
use keystead_types::{AccountId, AliasName, KeyArn, KeyId, Region, Timestamp};
use zeroize::Zeroizing;

use super::seed::{Pem, SeedKey};
use crate::commit::{AliasChange, Changes, CommitFailure, KeyChange, KeyCount};
use crate::engine::{Engine, crypto};
use crate::operations::accept_tags;
use crate::policies::{compile_key_policy, default_key_policy};
use crate::record::{AliasRecord, KeyRecord, RECORD_FORMAT, Rotation};
use crate::region::{LockSet, RegionState};
use crate::related::RelatedKeys;
use crate::value::Tag;
use crate::{Error, material};

/// Why a key cannot be as its seed says.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SeedProblem {
    /// The ID is none.
    #[error("the `id` is no key ID: write a UUID, or `mrk-` and 32 hexadecimal digits")]
    Id,
    /// Key spec and usage do not fit each other or the Region.
    #[error("{0}")]
    Spec(String),
    /// The policy is malformed.
    #[error("policy: {0}")]
    Policy(#[from] PolicyError),
    /// A tag is not acceptable.
    #[error("tags: {0}")]
    Tags(#[source] Error),
    /// The alias is none, one of a service, or taken.
    #[error("`{0}` is reserved, taken or no alias: write a free name like `alias/orders`")]
    Alias(String),
    /// The material is not that of the key spec.
    #[error("material of key spec {spec} is {expected}")]
    Material {
        /// The key spec.
        spec: KeySpec,
        /// What it needs.
        expected: String,
    },
    /// The rotation period is out of range.
    #[error(transparent)]
    Rotation(#[from] PeriodOutOfRange),
    /// Only symmetric encryption keys rotate.
    #[error("keys of key spec {0} do not rotate: give one material, and no rotation period")]
    NoRotation(KeySpec),
    /// There is such a key already.
    #[error("there is one already; plant each key once")]
    Exists,
    /// The instance failed.
    #[error(transparent)]
    Failed(#[from] Error),
}

/// Puts one key into an instance.
pub(super) fn plant(engine: &Engine, key: &SeedKey, account: AccountId, region: Region) -> Result<KeyArn, SeedProblem> {
    let region = engine.region(region)?;
    let key_id: KeyId = key.id.parse().map_err(|_| SeedProblem::Id)?;
    let arn = region.key_arn(account, key_id);
    let now = engine.now();
    let aliases = aliases(key)?;
    let mut record = record(key, &arn, &region, now)?;
    record.aliases.clone_from(&aliases);
    let policy = Arc::new(compile_key_policy(&record.policy)?);
    let secrets = secrets(engine, key, &record)?;
    record.current = u32::try_from(secrets.len()).unwrap_or(u32::MAX);

    let mut locks = LockSet::default();
    region.locks.add_key(&mut locks, &arn);
    aliases.iter().for_each(|name| region.locks.add_alias(&mut locks, account, name));
    let _held = region.locks.lock(locks);
    if region.key(&arn)?.is_some() {
        return Err(SeedProblem::Exists);
    }
    let taken = |name: &AliasName| region.alias(account, name).map(|target| target.is_some());
    for name in &aliases {
        if taken(name)? {
            return Err(SeedProblem::Alias(name.to_string()));
        }
    }
    let alias = |name| {
        let record = AliasRecord::of(key_id, now);
        AliasChange { alias: region.alias_arn(account, &name), record: Some(record), expect: Expect::Absent }
    };
    let rotated = |version: u32| (version > FIRST_VERSION).then_some(Rotation { at: now, on_demand: false });
    loop {
        // Wrapped anew each time: the domain key may have been rotated.
        let versions = (FIRST_VERSION..).zip(&secrets);
        let materials = versions
            .map(|(version, secret)| material::wrap(engine, &region, &arn, &record, version, rotated(version), secret));
        let materials = materials.collect::<Result<Vec<_>, Error>>()?;
        let change =
            KeyChange { materials, policy: Some(Arc::clone(&policy)), ..KeyChange::create(arn, record.clone()) };
        let changes = Changes {
            keys: vec![change],
            aliases: aliases.iter().cloned().map(alias).collect(),
            key_counts: [(arn, KeyCount::OneMore)].into_iter().collect(),
            ..Changes::default()
        };
        match engine.commit(changes, Vec::new()) {
            Ok(()) => return Ok(arn),
            Err(CommitFailure::Conflict) => {}
            Err(CommitFailure::Failed(error)) => return Err(error.into()),
        }
    }
}

fn record(key: &SeedKey, arn: &KeyArn, region: &RegionState, now: Timestamp) -> Result<KeyRecord, SeedProblem> {
    let (spec, usage) = spec_and_usage(key, region)?;
    let rotates = spec.kind() == KeyKind::SymmetricEncryption;
    if !rotates && (key.material.len() > 1 || key.rotation_period_in_days.is_some()) {
        return Err(SeedProblem::NoRotation(spec));
    }
    let period = key.rotation_period_in_days.map(RotationPeriod::new).transpose()?;
    let tags: Vec<Tag> = key.tags.iter().map(|(name, value)| Tag::new(name, value)).collect();
    let policy = match &key.policy {
        Some(document) => document.clone(),
        None => default_key_policy(arn.partition, arn.account),
    };
    Ok(KeyRecord {
        format: RECORD_FORMAT,
        created: now,
        spec,
        usage,
        origin: Origin::AwsKms,
        manager: KeyManager::Customer,
        profile: region.profile,
        description: key.description.as_deref().unwrap_or_default().into(),
        facts: KeyFacts { enabled: key.enabled.unwrap_or(true), ..KeyFacts::new(Origin::AwsKms) },
        policy: policy.into(),
        tags: accept_tags(&Default::default(), &tags).map_err(SeedProblem::Tags)?,
        aliases: BTreeSet::new(),
        rotation: period.map(|period| RotationSchedule::starting(period, now)),
        on_demand_rotations: 0,
        current: 0,
        import: None,
        related: arn.key_id.is_multi_region().then(|| Box::new(RelatedKeys::new(arn.region))),
    })
}

fn spec_and_usage(key: &SeedKey, region: &RegionState) -> Result<(KeySpec, KeyUsage), SeedProblem> {
    let name = key.spec.as_deref().unwrap_or("SYMMETRIC_DEFAULT");
    let spec: KeySpec = name.parse().map_err(|_| SeedProblem::Spec(format!("`{name}` is no key spec")))?;
    let usage = match key.usage.as_deref() {
        Some(name) => name.parse().map_err(|_| SeedProblem::Spec(format!("`{name}` is no key usage")))?,
        None => {
            spec.default_usage().ok_or_else(|| SeedProblem::Spec(format!("say the `usage` of a key of spec {spec}")))?
        }
    };
    if !spec.allows(usage) {
        return Err(SeedProblem::Spec(format!("key usage {usage} is not compatible with key spec {spec}")));
    }
    if !spec.available_in(region.profile) {
        return Err(SeedProblem::Spec(format!("key spec {spec} is not available in Region {}", region.region)));
    }
    Ok((spec, usage))
}

fn aliases(key: &SeedKey) -> Result<BTreeSet<AliasName>, SeedProblem> {
    let parse = |name: &String| {
        let alias = AliasName::parse(name).ok().filter(|alias| !alias.is_reserved());
        alias.ok_or_else(|| SeedProblem::Alias(name.clone()))
    };
    key.aliases.iter().map(parse).collect()
}

/// The material of all versions, oldest first.
fn secrets(engine: &Engine, key: &SeedKey, record: &KeyRecord) -> Result<Vec<SecretBytes>, SeedProblem> {
    let unfit = |expected: String| SeedProblem::Material { spec: record.spec, expected };
    let Some(algorithm) = record.spec.key_pair() else {
        let length = record.spec.material_len(record.profile).unwrap_or_default();
        if key.private_key.is_some() || key.material.iter().any(|material| material.0.len() != length) {
            return Err(unfit(format!("{length} bytes each")));
        }
        return match key.material.as_slice() {
            [] => Ok(vec![material::generate(engine, record)?]),
            given => Ok(given.iter().map(|material| material.0.clone()).collect()),
        };
    };
    let pkcs8 = || unfit("given as `private_key`: PKCS #8 in PEM (`-----BEGIN PRIVATE KEY-----`)".to_owned());
    match &key.private_key {
        _ if !key.material.is_empty() => Err(pkcs8()),
        None => Ok(vec![material::generate(engine, record)?]),
        Some(pem) => {
            let der = decode_pem(pem).ok_or_else(pkcs8)?;
            let pair = engine.provider.private_key(algorithm, &der).map_err(|error| match error {
                CryptoError::InvalidKey => pkcs8(),
                other => crypto(other).into(),
            })?;
            Ok(vec![pair.to_pkcs8().map_err(crypto)?])
        }
    }
}

/// The bytes between the lines of RFC 7468.
fn decode_pem(pem: &Pem) -> Option<Zeroizing<Vec<u8>>> {
    let text = std::str::from_utf8(pem.0.expose()).ok()?;
    let (_, rest) = text.split_once("-----BEGIN PRIVATE KEY-----")?;
    let (body, _) = rest.split_once("-----END PRIVATE KEY-----")?;
    let base64: Zeroizing<Vec<u8>> = Zeroizing::new(body.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect());
    STANDARD.decode(&*base64).ok().map(Zeroizing::new)
}

const FIRST_VERSION: u32 = 1;
