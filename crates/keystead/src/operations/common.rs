//! What several operations need.

use std::borrow::Cow;
use std::fmt::Display;
use std::str::FromStr;
use std::sync::LazyLock;

use keystead_crypto::CryptoError;
use keystead_hierarchy::spec::{EncryptionAlgorithm, KeyKind, KeyUsage, Origin};
use keystead_hierarchy::{BlobHeader, EncryptionContext, HierarchyError};
use keystead_types::Region;

use crate::Error;
use crate::door::CallFacts;
use crate::engine::{crypto, hierarchy};
use crate::material::sealing_algorithm;
use crate::snapshot::KeySnapshot;
use crate::targets::Target;

/// The text of a member that the shape step has found present; empty if it was optional and absent.
pub(super) fn text<'r>(member: &'r Option<Cow<'_, str>>) -> &'r str {
    member.as_deref().unwrap_or_default()
}

/// Step 10: the usage of the key fits the operation (KEY-13).
pub(super) fn require_usage(key: &KeySnapshot, usage: KeyUsage, call: &CallFacts<'_>) -> Result<(), Error> {
    if key.record.usage == usage {
        return Ok(());
    }
    let message =
        format!("{} key usage is {} which is not valid for {}.", key.arn_text, key.record.usage, call.row.name());
    Err(Error::InvalidKeyUsage(message.into()))
}

/// Step 10: the encryption algorithm fits the spec of the key; the default is the symmetric one (API-076).
pub(super) fn require_encryption_algorithm(
    key: &KeySnapshot,
    algorithm: &Option<Cow<'_, str>>,
    call: &CallFacts<'_>,
) -> Result<EncryptionAlgorithm, Error> {
    require_usage(key, KeyUsage::EncryptDecrypt, call)?;
    let algorithm = match algorithm {
        Some(name) => name.parse().map_err(|_| unknown_algorithm(name))?,
        None => EncryptionAlgorithm::SymmetricDefault,
    };
    require_listed(key, algorithm, key.record.spec.encryption_algorithms())
}

/// Step 10: the algorithm that the request names is among those of the key's spec.
pub(super) fn require_algorithm<A>(key: &KeySnapshot, name: &Option<Cow<'_, str>>, list: &[A]) -> Result<A, Error>
where
    A: Copy + PartialEq + Display + FromStr,
{
    let name = text(name);
    let algorithm = name.parse().map_err(|_| unknown_algorithm(name))?;
    require_listed(key, algorithm, list)
}

fn require_listed<A: Copy + PartialEq + Display>(key: &KeySnapshot, algorithm: A, list: &[A]) -> Result<A, Error> {
    if list.contains(&algorithm) {
        return Ok(algorithm);
    }
    let message = format!("Algorithm {algorithm} is incompatible with key spec {}.", key.record.spec);
    Err(Error::InvalidKeyUsage(message.into()))
}

/// The shape step has compared the name with the enumeration already.
fn unknown_algorithm(name: &str) -> Error {
    Error::Validation(format!("Unknown algorithm {name}").into())
}

/// Step 10 for operations that work with symmetric encryption keys only (KEY-91).
pub(super) fn require_symmetric(key: &KeySnapshot, call: &CallFacts<'_>) -> Result<(), Error> {
    require_encryption_algorithm(key, &None, call).map(drop)
}

/// Step 11: asymmetric algorithms bind no encryption context, and must not seem to (ASY-22).
pub(super) fn require_no_context(context: &EncryptionContext<'_>, algorithm: EncryptionAlgorithm) -> Result<(), Error> {
    if context.is_empty() {
        return Ok(());
    }
    let message = format!("Algorithm {algorithm} does not support an encryption context; omit it.");
    Err(Error::Validation(message.into()))
}

/// The plaintext fits the algorithm and key (API-075).
pub(super) fn require_plaintext_fits(
    key: &KeySnapshot,
    algorithm: EncryptionAlgorithm,
    length: usize,
) -> Result<(), Error> {
    let spec = key.record.spec;
    match spec.plaintext_limit(algorithm) {
        Some(limit) if length > limit => {
            let message =
                format!("Algorithm {algorithm} and key spec {spec} cannot encrypt data larger than {limit} bytes.");
            Err(Error::Validation(message.into()))
        }
        _ => Ok(()),
    }
}

/// Step 11: the encryption context is within its limit (KEY-83). Absent and empty are the same.
pub(super) fn require_context<'a>(
    context: &'a Option<EncryptionContext<'_>>,
    call: &CallFacts<'_>,
) -> Result<&'a EncryptionContext<'a>, Error> {
    let Some(context) = context else { return Ok(&EMPTY_CONTEXT) };
    let (length, limit) = (context.canonical_len(), call.engine.max_context_len);
    if length > limit {
        let message =
            format!("The encryption context takes {length} bytes in canonical form, the limit is {limit}; shorten it.");
        return Err(Error::Validation(message.into()));
    }
    Ok(context)
}

/// The header of what is sealed under the current material of a key.
pub(super) fn header(key: &KeySnapshot, material_version: u32) -> BlobHeader {
    BlobHeader {
        algorithm: sealing_algorithm(&key.record),
        account: key.arn.account,
        key_id: key.arn.key_id,
        material_version,
    }
}

/// A blob that does not open is the caller's fault; anything else is ours (KEY-87).
pub(super) fn open_error(error: HierarchyError) -> Error {
    match error {
        HierarchyError::MalformedBlob | HierarchyError::UnauthenticBlob => invalid_ciphertext(),
        other => hierarchy(other),
    }
}

pub(super) fn invalid_ciphertext() -> Error {
    Error::InvalidCiphertext("".into())
}

/// What a ciphertext that a private key does not open means (ASY-24): the same whatever is wrong with it.
pub(super) fn decryption_error(error: CryptoError) -> Error {
    match error {
        CryptoError::Unauthenticated => invalid_ciphertext(),
        other => crypto(other),
    }
}

/// The named key did not make the ciphertext (AUD-32).
pub(super) fn incorrect_key() -> Error {
    Error::IncorrectKey("The key ID in the request does not identify a CMK that can perform this operation.".into())
}

/// Step 8 for the operations on rotation: symmetric encryption keys with the given origins, not in a key store, and
/// primary (chapter 11, section 2).
pub(super) fn require_rotatable(target: &Target, origins: &[Origin]) -> Result<(), Error> {
    let key = target.snapshot();
    if key.record.spec.kind() != KeyKind::SymmetricEncryption {
        return Err(Error::UnsupportedOperation("".into()));
    }
    if !origins.contains(&key.record.origin) {
        let message =
            format!("{} origin is {} which is not valid for this operation.", key.arn_text, key.record.origin);
        return Err(Error::UnsupportedOperation(message.into()));
    }
    Ok(())
}

/// Step 8: what related keys share is set on their primary (MRK-14, RUL-19).
pub(super) fn require_not_replica(key: &KeySnapshot, call: &CallFacts<'_>) -> Result<(), Error> {
    if key.is_replica(call.now) { Err(not_primary(key)) } else { Ok(()) }
}

/// Step 8: the key is the primary of a set.
pub(super) fn require_primary(key: &KeySnapshot, call: &CallFacts<'_>) -> Result<(), Error> {
    if key.record.related.is_none() {
        return Err(not_primary(key));
    }
    require_not_replica(key, call)
}

/// Step 8: multi-Region keys may be in the Region (RUL-09).
pub(super) fn require_multi_region_support(region: &Region, call: &CallFacts<'_>) -> Result<(), Error> {
    if call.engine.region_config(region).multi_region {
        return Ok(());
    }
    Err(Error::UnsupportedOperation(format!("Multi-Region keys are not supported in Region {region}.").into()))
}

fn not_primary(key: &KeySnapshot) -> Error {
    Error::UnsupportedOperation(format!("{} is not a multi-region primary key.", key.arn_text).into())
}

/// What an absent context means.
static EMPTY_CONTEXT: LazyLock<EncryptionContext<'static>> = LazyLock::new(EncryptionContext::new);
