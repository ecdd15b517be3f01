//! The receiver's side. What is in an envelope was made by whoever had the request, so it is believed as little as any
//! other input: it must be what an instance like this one would hold.

use std::collections::BTreeSet;
use std::sync::Arc;

use keystead_crypto::{CryptoError, SecretBytes};
use keystead_hierarchy::spec::{KeyKind, KeyManager, Origin};
use keystead_hierarchy::{Deletion, Fingerprint, KeyFacts};
use keystead_policy::Policy;
use keystead_store::Expect;
use keystead_types::{AliasName, KeyArn};

use super::contents::{Contents, TravellingKey};
use super::wire::EnvelopeHeader;
use super::{TransferError, seal};
use crate::commit::{AliasChange, Changes, CommitFailure, KeyChange, KeyCount};
use crate::engine::Engine;
use crate::grant::Grant;
use crate::import::{note_materials, wrap_fingerprint_key};
use crate::policies::compile_key_policy;
use crate::quota::{self, ResourceQuota};
use crate::record::{ImportRecord, KeyRecord, MaterialRecord, RECORD_FORMAT};
use crate::region::{LockSet, RegionState, is_whole};
use crate::related::RelatedKeys;
use crate::snapshot::Material;
use crate::{Error, material};

impl Engine {
    pub(super) fn import_key(&self, envelope: &[u8]) -> Result<KeyArn, TransferError> {
        let (EnvelopeHeader { slip, .. }, ..) = EnvelopeHeader::parse(envelope)?;
        let now = self.now();
        if slip.valid_to < now {
            return Err(TransferError::Expired { valid_to: slip.valid_to });
        }
        // A Region that nobody has asked for is not opened for an envelope that names it.
        if !self.has_transfer_key(&slip)? {
            return Err(TransferError::UnknownRequest);
        }
        let home = self.region(slip.region)?;
        let (keys, _) = self.transfer_key(&home, &slip)?;
        let request = keys.request(slip)?;
        let contents = seal::open(&keys, envelope, self.provider.as_ref())?;
        let contents =
            Contents::decode(contents.expose()).ok_or(TransferError::Malformed("its records are damaged"))?;
        let arrivals = self.accept(contents)?;
        let primary = arrivals.first().map(|arrival| arrival.arn).ok_or(TransferError::Malformed("it holds no key"))?;
        for arrival in &arrivals {
            // What has ceased to exist here is in nobody's way.
            self.settle(&arrival.region, &arrival.arn, now)?;
        }

        let mut set = LockSet::default();
        for arrival in &arrivals {
            home.locks.add_key(&mut set, &arrival.arn);
            for name in &arrival.record.aliases {
                home.locks.add_alias(&mut set, arrival.arn.account, name);
            }
        }
        let _held = home.locks.lock(set);
        for _ in 0..ATTEMPTS {
            self.require_vacancy(&arrivals)?;
            // Read anew each time: another import may have used it.
            let (_, used) = self.transfer_key(&home, &slip)?;
            let mut changes = Changes { transfer_key: Some(used), ..Changes::default() };
            for arrival in &arrivals {
                changes.keys.push(arrival.creation(self)?);
                changes.aliases.extend(arrival.alias_changes());
                changes.key_counts.push((arrival.arn, KeyCount::OneMore));
                changes.service_records.extend(self.transfer_record("ImportKey", &arrival.arn, &request, now)?);
            }
            match self.commit(changes, Vec::new()) {
                Ok(()) => return Ok(primary),
                // A domain key was rotated, or a counter was changed meanwhile.
                Err(CommitFailure::Conflict) => {}
                Err(CommitFailure::Failed(error)) => return Err(error.into()),
            }
        }
        Err(TransferError::Malformed("a part of it is here already, of another key"))
    }

    /// Nothing is there that the keys would replace, or that would belong to their set.
    fn require_vacancy(&self, arrivals: &[Arrival]) -> Result<(), TransferError> {
        for Arrival { arn, region, record, .. } in arrivals {
            let mut regions = vec![Arc::clone(region)];
            if arn.key_id.is_multi_region() {
                for name in self.stored_regions()? {
                    regions.push(self.region(name)?);
                }
            }
            for region in regions {
                let arn = KeyArn { partition: region.partition, region: region.region, ..*arn };
                if region.key(&arn)?.is_some() {
                    return Err(TransferError::KeyExists(arn));
                }
            }
            for name in &record.aliases {
                if region.alias_record(arn.account, name)?.is_some() {
                    return Err(TransferError::AliasTaken(region.alias_arn(arn.account, name)));
                }
            }
        }
        Ok(())
    }

    /// Checks all that is in an envelope.
    fn accept(&self, contents: Contents) -> Result<Vec<Arrival>, TransferError> {
        let arrivals = contents.keys.into_iter().map(|key| self.accept_key(key)).collect::<Result<Vec<_>, _>>()?;
        let Some((first, others)) = arrivals.split_first() else { return Ok(arrivals) };
        let regions: BTreeSet<_> = arrivals.iter().map(|arrival| arrival.arn.region).collect();
        if regions.len() != arrivals.len() {
            return Err(TransferError::Malformed("two keys of one Region"));
        }
        let expected = first.arn.key_id.is_multi_region().then(|| {
            let mut related = Box::new(RelatedKeys::new(first.arn.region));
            others.iter().for_each(|other| related.add(other.arn.region, None));
            related
        });
        let is_set = arrivals.iter().all(|arrival| arrival.record.related == expected);
        if !is_set || !others.iter().all(|other| first.is_related_to(other)) {
            return Err(TransferError::Malformed("its keys are no set"));
        }
        Ok(arrivals)
    }

    /// Checks one key for itself, its material included.
    fn accept_key(&self, key: TravellingKey) -> Result<Arrival, TransferError> {
        let TravellingKey { arn, mut record, materials, mut grants, aliases, secrets } = key;
        self.require_place(&arn, &record)?;
        let region = self.region(arn.region)?;
        let policy = compile_key_policy(&record.policy).map_err(|_| TransferError::Malformed("its key policy"))?;
        require_sound_record(&record, &materials)?;
        if materials.len() != secrets.materials.len() || aliases.len() != record.aliases.len() {
            return Err(TransferError::Malformed("its parts do not fit"));
        }
        for (name, alias) in &aliases {
            let is_own =
                record.aliases.contains(name) && alias.target == Some(arn.key_id) && alias.key_policy.is_none();
            if !is_own || name.is_reserved() || alias.format != RECORD_FORMAT {
                return Err(TransferError::Malformed("an alias"));
            }
        }
        self.require_quotas(&region, &arn, &record, &grants)?;
        let names: BTreeSet<_> = grants.iter().map(|grant| grant.id).collect();
        if names.len() != grants.len() || !grants.iter().all(|grant| is_sound_grant(grant, &record)) {
            return Err(TransferError::Malformed("a grant"));
        }
        grants.sort_by_key(|grant| (grant.created, grant.id));

        let fingerprint_key = secrets.fingerprint_key;
        if fingerprint_key.is_some() != record.import.is_some()
            || fingerprint_key.as_ref().is_some_and(|key| key.len() != Fingerprint::LEN)
        {
            return Err(TransferError::Malformed("the fingerprints of its material"));
        }
        let mut arrival_materials = Vec::new();
        for (material, secret) in materials.into_iter().zip(secrets.materials) {
            let secret = secret.map(|secret| self.accept_material(&record, secret)).transpose()?;
            if let (Some(imported), Some(key), Some((_, canonical))) = (&material.imported, &fingerprint_key, &secret) {
                let found = Fingerprint::of(self.provider.as_ref(), key, arn.key_id, canonical.expose());
                if found.map_err(crate::engine::hierarchy)? != imported.fingerprint {
                    return Err(TransferError::Malformed("the fingerprints of its material"));
                }
            }
            arrival_materials.push((material, secret.map(|(secret, _)| secret)));
        }
        let present = arrival_materials.iter().map(|(material, secret)| {
            (material.version, secret.is_some(), material.imported.as_ref().and_then(|imported| imported.valid_to))
        });
        if record.origin == Origin::AwsKms && !present.clone().all(|(_, present, _)| present) {
            return Err(TransferError::Malformed("it lacks material"));
        }
        record.facts = KeyFacts { enabled: record.facts.enabled, ..KeyFacts::new(record.origin) };
        if record.origin == Origin::External {
            note_materials(&mut record, present);
        }
        Ok(Arrival {
            arn,
            region,
            record,
            policy: Arc::new(policy),
            materials: arrival_materials,
            fingerprint_key,
            grants: grants.into_iter().map(Arc::new).collect(),
            aliases,
        })
    }

    /// Keys like this can be in their Region here.
    fn require_place(&self, arn: &KeyArn, record: &KeyRecord) -> Result<(), TransferError> {
        let config = self.region_config(&arn.region);
        let is_multi_region = arn.key_id.is_multi_region();
        let fits = config.partition == arn.partition
            && config.profile == record.profile
            && record.spec.available_in(record.profile)
            && (config.hmac_keys || record.spec.kind() != KeyKind::Hmac)
            && (!is_multi_region || config.multi_region && self.is_enabled(&arn.region, arn.account));
        if fits { Ok(()) } else { Err(TransferError::Region(arn.region)) }
    }

    /// The limits that the operations keep. That on the number of keys is kept by the commit.
    fn require_quotas(
        &self,
        region: &RegionState,
        arn: &KeyArn,
        record: &KeyRecord,
        grants: &[Grant],
    ) -> Result<(), Error> {
        let counts = [
            (ResourceQuota::AliasesPerKey, record.counted_aliases(), "aliases"),
            (ResourceQuota::GrantsPerKey, grants.len() as u64, "grants"),
            (ResourceQuota::KeyPolicyBytes, record.policy.len() as u64, "bytes of key policy"),
        ];
        for (quota, count, what) in counts {
            let limit = self.limit(quota, region, arn.account);
            if count > 0 && !quota::admits(limit, count - 1) {
                let limit = limit.unwrap_or_default();
                let message = format!("{arn} has {count} {what}, the quota is {limit}. Raise the quota.");
                return Err(Error::LimitExceeded(message.into()));
            }
        }
        Ok(())
    }

    /// Material in the form in which it is stored, and what its fingerprint is made of (IMP-08).
    fn accept_material(
        &self,
        record: &KeyRecord,
        secret: SecretBytes,
    ) -> Result<(SecretBytes, SecretBytes), TransferError> {
        let unfit = TransferError::Malformed("its material is none of its key spec");
        match record.spec.key_pair() {
            Some(algorithm) => match self.provider.private_key(algorithm, secret.expose()) {
                Ok(pair) => Ok((pair.to_pkcs8()?, pair.public().spki().into())),
                Err(CryptoError::InvalidKey) => Err(unfit),
                Err(other) => Err(other.into()),
            },
            None if record.spec.material_len(record.profile) == Some(secret.len()) => Ok((secret.clone(), secret)),
            None => Err(unfit),
        }
    }
}

/// A key that may come in.
struct Arrival {
    arn: KeyArn,
    region: Arc<RegionState>,
    record: KeyRecord,
    policy: Arc<Policy>,
    materials: Vec<(MaterialRecord, Option<SecretBytes>)>,
    fingerprint_key: Option<SecretBytes>,
    grants: Vec<Arc<Grant>>,
    aliases: Vec<(AliasName, crate::record::AliasRecord)>,
}

impl Arrival {
    /// The change that makes the key, all secrets wrapped for this instance.
    fn creation(&self, engine: &Engine) -> Result<KeyChange, TransferError> {
        let mut record = self.record.clone();
        if let (Some(import), Some(secret)) = (&record.import, &self.fingerprint_key) {
            let next_expiry = import.next_expiry;
            let wrapped = wrap_fingerprint_key(engine, &self.region, &self.arn, &record, secret)?;
            record.import = Some(ImportRecord { next_expiry, ..wrapped });
        }
        let wrap = |(given, secret): &(MaterialRecord, Option<SecretBytes>)| {
            let Some(secret) = secret else { return Ok(MaterialRecord { ekt: None, ..given.clone() }) };
            let (version, rotation) = (given.version, given.rotation);
            let wrapped = material::wrap(engine, &self.region, &self.arn, &record, version, rotation, secret)?;
            if wrapped.id != given.id {
                return Err(TransferError::Malformed("the IDs of its material"));
            }
            Ok(MaterialRecord { imported: given.imported.clone(), ..wrapped })
        };
        let materials = self.materials.iter().map(wrap).collect::<Result<Vec<_>, _>>()?;
        let live = materials.iter().map(|one| Material::new(one.clone()).map(Arc::new));
        if !is_whole(&self.arn, &record, &live.collect::<Result<Vec<_>, _>>()?) {
            return Err(TransferError::Malformed("its attributes do not fit each other"));
        }
        let (policy, grants) = (Some(Arc::clone(&self.policy)), self.grants.clone());
        Ok(KeyChange { materials, policy, grants, ..KeyChange::create(self.arn, record) })
    }

    fn alias_changes(&self) -> impl Iterator<Item = AliasChange> + '_ {
        self.aliases.iter().map(|(name, record)| AliasChange {
            alias: self.region.alias_arn(self.arn.account, name),
            record: Some(record.clone()),
            expect: Expect::Absent,
        })
    }

    /// Whether two keys can be of one set: whatever related keys share is the same (MRK-13).
    fn is_related_to(&self, other: &Self) -> bool {
        let same_key = KeyArn { region: self.arn.region, ..other.arn } == self.arn;
        let (own, others) = (&self.record, &other.record);
        let fixed = |record: &KeyRecord| (record.spec, record.usage, record.origin, record.profile);
        let materials = |arrival: &Self| -> Vec<_> {
            arrival.materials.iter().map(|(one, _)| (one.version, one.id, one.rotation)).collect()
        };
        same_key
            && own.shares_all(others)
            && fixed(own) == fixed(others)
            && self.fingerprint_key == other.fingerprint_key
            && materials(self) == materials(other)
    }
}

/// Whether a record is of a key that this version could have made, as far as it shows by itself.
fn require_sound_record(record: &KeyRecord, materials: &[MaterialRecord]) -> Result<(), TransferError> {
    let is_symmetric = record.spec.kind() == KeyKind::SymmetricEncryption;
    let is_generated = record.origin == Origin::AwsKms;
    let current = record.current as usize;
    let versions = materials.iter().zip(1..).all(|(material, version)| {
        material.version == version && material.format == RECORD_FORMAT && material.imported.is_some() != is_generated
    });
    let count = if is_generated {
        current == materials.len() && current > 0
    } else {
        record.origin == Origin::External && (current..=current.saturating_add(1)).contains(&materials.len())
    };
    let checks = [
        (record.format == RECORD_FORMAT, "its format"),
        (record.manager == KeyManager::Customer, "its manager"),
        (record.facts.deletion == Deletion::None, "its state"),
        (versions && count && (is_symmetric || materials.len() <= 1), "its materials"),
        (record.rotation.is_none() || is_symmetric && is_generated, "its rotation"),
        (record.description.chars().count() <= MAX_DESCRIPTION, "its description"),
        (crate::operations::are_acceptable_tags(&record.tags), "its tags"),
    ];
    match checks.into_iter().find(|(holds, _)| !holds) {
        Some((_, what)) => Err(TransferError::Malformed(what)),
        None => Ok(()),
    }
}

/// Names of parties stand in keys of the store.
fn is_sound_grant(grant: &Grant, key: &KeyRecord) -> bool {
    let is_name = |name: &str| !name.is_empty() && name.len() <= MAX_PARTY && !name.chars().any(char::is_control);
    let fits = grant.operations.iter().all(|operation| operation.fits(key.spec, key.usage));
    let is_usable = grant.format == RECORD_FORMAT && !grant.operations.is_empty() && fits;
    is_usable && is_name(grant.grantee.name()) && grant.retiring.as_ref().is_none_or(|party| is_name(party.name()))
}

/// Domain keys and counters change now and then, but not this often.
const ATTEMPTS: usize = 100;
/// Characters of a description (API model).
const MAX_DESCRIPTION: usize = 8192;
/// Characters of a principal (API model), of up to four bytes only where they are none.
const MAX_PARTY: usize = 256;
