//! What an envelope holds: records as in the store, without tokens, and the secrets that were in the tokens.

use keystead_crypto::{SecretBytes, TAG_LEN};
use keystead_types::{AliasName, KeyArn};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::Error;
use crate::grant::Grant;
use crate::record::{self, AliasRecord, KeyRecord, MaterialRecord};

/// A key, or a set of related keys with the primary first.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Contents {
    pub(super) keys: Vec<TravellingKey>,
}

/// A key with all that belongs to it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct TravellingKey {
    pub(super) arn: KeyArn,
    /// Without the token of the fingerprint key.
    pub(super) record: KeyRecord,
    /// Ascending, without tokens.
    pub(super) materials: Vec<MaterialRecord>,
    pub(super) grants: Vec<Grant>,
    pub(super) aliases: Vec<(AliasName, AliasRecord)>,
    #[serde(skip)]
    pub(super) secrets: Secrets,
}

/// What stands apart from the records, because it must be wiped.
#[derive(Debug, Default)]
pub(super) struct Secrets {
    /// The key that turns imported material into fingerprints.
    pub(super) fingerprint_key: Option<SecretBytes>,
    /// One for each material; absent if it is not there.
    pub(super) materials: Vec<Option<SecretBytes>>,
}

impl Contents {
    /// The bytes to seal, with room for a tag: the length of the records, the records, each secret behind its length.
    pub(super) fn encode(&self) -> Result<Zeroizing<Vec<u8>>, Error> {
        let records = record::encode(self)?;
        let secrets = || self.keys.iter().flat_map(|key| key.secrets.in_order());
        let secrets_len: usize = secrets().map(|secret| LENGTH_LEN + secret.map_or(0, SecretBytes::len)).sum();
        // All at once: a growing vector would leave copies behind that nobody wipes.
        let mut bytes = Zeroizing::new(Vec::with_capacity(LENGTH_LEN + records.len() + secrets_len + TAG_LEN));
        let parts = std::iter::once(records.as_slice())
            .chain(secrets().map(|secret| secret.map_or(&[][..], SecretBytes::expose)));
        for part in parts {
            let len =
                u32::try_from(part.len()).map_err(|_| Error::KmsInternal("a key is too long to travel".into()))?;
            bytes.extend(len.to_be_bytes());
            bytes.extend(part);
        }
        Ok(bytes)
    }

    /// Reads what [`encode`](Self::encode) wrote; none for anything else.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes;
        let mut contents: Self = serde_json::from_slice(take(&mut rest)?).ok()?;
        for key in &mut contents.keys {
            let mut secret = || {
                let bytes = take(&mut rest)?;
                Some((!bytes.is_empty()).then(|| SecretBytes::from(bytes)))
            };
            let fingerprint_key = secret()?;
            let materials = key.materials.iter().map(|_| secret()).collect::<Option<_>>()?;
            key.secrets = Secrets { fingerprint_key, materials };
        }
        rest.is_empty().then_some(contents)
    }
}

impl Secrets {
    fn in_order(&self) -> impl Iterator<Item = Option<&SecretBytes>> {
        std::iter::once(self.fingerprint_key.as_ref()).chain(self.materials.iter().map(Option::as_ref))
    }
}

fn take<'b>(rest: &mut &'b [u8]) -> Option<&'b [u8]> {
    let (len, tail) = rest.split_first_chunk()?;
    let (taken, tail) = tail.split_at_checked(usize::try_from(u32::from_be_bytes(*len)).ok()?)?;
    *rest = tail;
    Some(taken)
}

const LENGTH_LEN: usize = 4;
