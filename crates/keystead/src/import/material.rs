//! The material itself: checked, recognised, accounted for.

use keystead_crypto::{CryptoError, SecretBytes};
use keystead_hierarchy::{Ekt, EktBinding, Fingerprint, Purpose};
use keystead_types::{KeyArn, Timestamp};

use crate::Error;
use crate::engine::{Engine, crypto, damaged, hierarchy};
use crate::material;
use crate::record::{ImportRecord, KeyRecord};
use crate::region::RegionState;
use crate::snapshot::{KeySnapshot, Material};

/// Unwrapped material that is one of the key's spec.
pub(crate) struct Accepted {
    /// What is stored: the bytes, or the canonical PKCS #8 form of a private key.
    pub(crate) secret: SecretBytes,
    pub(crate) fingerprint: Fingerprint,
}

/// Checks unwrapped material against the spec of the key (chapter 32, section 6), and takes its fingerprint.
pub(crate) fn accept(
    engine: &Engine,
    region: &RegionState,
    key: &KeySnapshot,
    unwrapped: SecretBytes,
) -> Result<Accepted, Error> {
    let record = &key.record;
    let fingerprint_key = open_fingerprint_key(region, key)?;
    let fingerprint = |canonical: &[u8]| {
        Fingerprint::of(engine.provider.as_ref(), &fingerprint_key, key.arn.key_id, canonical).map_err(hierarchy)
    };
    match record.spec.key_pair() {
        Some(algorithm) => {
            let pair = engine.provider.private_key(algorithm, unwrapped.expose()).map_err(|error| match error {
                CryptoError::InvalidKey => unfit(record),
                other => crypto(other),
            })?;
            let fingerprint = fingerprint(pair.public().spki())?;
            Ok(Accepted { secret: pair.to_pkcs8().map_err(crypto)?, fingerprint })
        }
        None if record.spec.material_len(record.profile) == Some(unwrapped.len()) => {
            Ok(Accepted { fingerprint: fingerprint(unwrapped.expose())?, secret: unwrapped })
        }
        None => Err(unfit(record)),
    }
}

/// Makes the key that turns imported material into fingerprints, wrapped for the store (IMP-08).
pub(crate) fn new_fingerprint_key(
    engine: &Engine,
    region: &RegionState,
    arn: &KeyArn,
    record: &KeyRecord,
) -> Result<ImportRecord, Error> {
    let secret = SecretBytes::random(engine.entropy.as_ref(), Fingerprint::LEN).map_err(crypto)?;
    wrap_fingerprint_key(engine, region, arn, record, &secret)
}

/// The same key for a related multi-Region key in another Region, wrapped anew; equal material has equal fingerprints in
/// both (IMP-08).
pub(crate) fn share_fingerprint_key(
    engine: &Engine,
    key: &KeySnapshot,
    from: &RegionState,
    to: &RegionState,
) -> Result<ImportRecord, Error> {
    let secret = open_fingerprint_key(from, key)?;
    wrap_fingerprint_key(engine, to, &key.arn_in(to.region), &key.record, &secret)
}

/// Writes into the record of a key what follows from its materials: version, whether it is there, and when it expires.
pub(crate) fn note_materials(
    record: &mut KeyRecord,
    materials: impl Iterator<Item = (u32, bool, Option<Timestamp>)> + Clone,
) {
    let current = record.current;
    // What is pending rotation belongs to the key for good only when it becomes current (chapter 32, section 13).
    let mut bound = materials.clone().filter(|(version, ..)| *version <= current);
    record.facts.material_present = current > 0 && bound.all(|(_, present, _)| present);
    if let Some(import) = &mut record.import {
        import.next_expiry = materials.filter(|(_, present, _)| *present).filter_map(|(.., valid_to)| valid_to).min();
    }
}

impl Engine {
    /// The token of a key's fingerprint key under the present domain key; `None` if it is that already.
    pub(crate) fn rewrapped_fingerprint_key(
        &self,
        keys: &keystead_hierarchy::DomainKeys,
        key: &KeySnapshot,
    ) -> Result<Option<KeyRecord>, Error> {
        let Some(import) = &key.record.import else { return Ok(None) };
        let ekt = Ekt::from_bytes(import.fingerprint_key.as_slice()).map_err(hierarchy)?;
        let binding = fingerprint_binding(&key.arn, &key.record);
        let Some(ekt) = keys.rewrap(&ekt, &binding, self.entropy.as_ref()).map_err(hierarchy)? else {
            return Ok(None);
        };
        let import = ImportRecord { fingerprint_key: ekt.into_bytes(), ..import.clone() };
        Ok(Some(KeyRecord { import: Some(import), ..key.record.clone() }))
    }
}

/// Called under the write lock of the key, so that the token in its record is the present one.
pub(crate) fn open_fingerprint_key(region: &RegionState, key: &KeySnapshot) -> Result<SecretBytes, Error> {
    let import = key.record.import.as_ref().ok_or_else(|| damaged("key"))?;
    let ekt = Ekt::from_bytes(import.fingerprint_key.as_slice()).map_err(hierarchy)?;
    let binding = fingerprint_binding(&key.arn, &key.record);
    region.domain_keys.load().unwrap(&ekt, &binding).map_err(hierarchy)
}

pub(crate) fn wrap_fingerprint_key(
    engine: &Engine,
    region: &RegionState,
    arn: &KeyArn,
    record: &KeyRecord,
    secret: &SecretBytes,
) -> Result<ImportRecord, Error> {
    let binding = fingerprint_binding(arn, record);
    let ekt = region.domain_keys.load().wrap(secret, &binding, engine.entropy.as_ref()).map_err(hierarchy)?;
    Ok(ImportRecord { fingerprint_key: ekt.into_bytes(), next_expiry: None })
}

fn fingerprint_binding(arn: &KeyArn, record: &KeyRecord) -> EktBinding {
    EktBinding { purpose: Purpose::Fingerprint, ..material::binding(arn, record, 0) }
}

/// The material is not one of the key's spec (IMP-35); the message says nothing about it.
fn unfit(record: &KeyRecord) -> Error {
    let what = match record.spec.material_len(record.profile) {
        Some(length) => format!("exactly {length} bytes"),
        None => "a private key in PKCS #8, BER or DER".to_owned(),
    };
    Error::IncorrectKeyMaterial(
        format!("The imported material is not valid for key spec {}: wrap {what}.", record.spec).into(),
    )
}

impl Material {
    /// What [`note_materials`] looks at.
    pub(crate) fn noted(&self) -> (u32, bool, Option<Timestamp>) {
        (self.version, self.ekt.is_some(), self.valid_to())
    }
}
