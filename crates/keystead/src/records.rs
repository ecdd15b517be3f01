//! Records bound to their place (`docs/formats/record.md`): whoever can write the store, but has no root key, can neither
//! change a record nor put it elsewhere without being found out.

use std::sync::Arc;

use keystead_crypto::Mac;
use keystead_store::{Action, Batch, CommitError, Entry, Key, Range, Revision, Store, StoreError};

use crate::instance::STORE_KEY as UNTAGGED;

/// What an inspection of all records found.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordCheck {
    /// Records there are.
    pub records: u64,
    /// The store keys of those that were altered, bytes that are not printable ASCII escaped.
    pub altered: Vec<String>,
}

/// Puts tags on the values that go to a store, and checks those that come back.
#[derive(Debug)]
pub(crate) struct RecordSeal {
    mac: Box<dyn Mac>,
}

/// Why a record cannot be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RecordError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("a record was changed or moved by something other than Keystead: restore it from a backup")]
    Altered,
}

/// A record in a range, or why it cannot be had.
pub(crate) type Found = (Key, Result<Entry, RecordError>);

impl RecordSeal {
    /// The key of `mac` is derived from the secret of the instance.
    pub(crate) fn new(mac: Box<dyn Mac>) -> Self {
        Self { mac }
    }

    pub(crate) fn get(&self, store: &dyn Store, key: &[u8]) -> Result<Option<Entry>, RecordError> {
        store.get(key)?.map(|entry| self.open_entry(key, &entry)).transpose()
    }

    /// The entries of a range; those that were altered, as errors of their own.
    pub(crate) fn scan(&self, store: &dyn Store, range: &Range, limit: usize) -> Result<Vec<Found>, StoreError> {
        let found = store.scan(range, limit)?.into_iter();
        let opened = found.map(|(key, entry)| {
            let entry = self.open_entry(&key, &entry);
            (key, entry)
        });
        Ok(opened.collect())
    }

    pub(crate) fn commit(&self, store: &dyn Store, batch: Batch) -> Result<Revision, CommitError> {
        let mut sealed = Batch::new();
        for operation in batch.into_operations()? {
            match operation.action {
                Action::Put(value) => {
                    let value = self.seal(&operation.key, &value);
                    sealed.put(operation.key, value, operation.expect)
                }
                Action::Delete => sealed.delete(operation.key, operation.expect),
                Action::Check => sealed.check(operation.key, operation.expect),
            };
        }
        store.commit(sealed)
    }

    /// Looks at every record.
    pub(crate) fn check(&self, store: &dyn Store) -> Result<RecordCheck, RecordError> {
        let mut found = RecordCheck { records: 0, altered: Vec::new() };
        let mut range = Range::all();
        loop {
            let page = store.scan(&range, PAGE)?;
            for (key, entry) in &page {
                found.records += 1;
                if **key != *UNTAGGED && self.open(key, &entry.value).is_none() {
                    found.altered.push(key.to_string());
                }
            }
            match page.last() {
                Some((last, _)) if page.len() == PAGE => range = Range::all().after(last),
                _ => return Ok(found),
            }
        }
    }

    /// The value as it is stored.
    pub(crate) fn seal(&self, key: &[u8], value: &[u8]) -> Arc<[u8]> {
        [&[FORMAT], &self.tag(key, value)[..], value].concat().into()
    }

    /// The value of a stored record, if it was sealed at this place.
    pub(crate) fn open<'v>(&self, key: &[u8], stored: &'v [u8]) -> Option<&'v [u8]> {
        let (&format, rest) = stored.split_first()?;
        let (tag, value) = rest.split_first_chunk::<TAG_LEN>()?;
        (format == FORMAT && keystead_crypto::constant_time_eq(tag, &self.tag(key, value))).then_some(value)
    }

    fn open_entry(&self, key: &[u8], entry: &Entry) -> Result<Entry, RecordError> {
        match self.open(key, &entry.value) {
            Some(value) => Ok(Entry { value: value.into(), revision: entry.revision }),
            None => {
                tracing::error!(record = %key.escape_ascii(), "a stored record is not what was written there");
                Err(RecordError::Altered)
            }
        }
    }

    fn tag(&self, key: &[u8], value: &[u8]) -> [u8; TAG_LEN] {
        // Keys of records are short.
        let key_len = u16::try_from(key.len()).unwrap_or(u16::MAX).to_be_bytes();
        let code = self.mac.sign(&[&[FORMAT], &key_len, key, value]);
        let mut tag = [0; TAG_LEN];
        tag.iter_mut().zip(code.as_ref()).for_each(|(to, from)| *to = *from);
        tag
    }
}

/// The format version, the first byte of every record. Records without a tag began with a letter or were empty.
const FORMAT: u8 = 1;
/// Of the 32 bytes of the code, the first ones.
const TAG_LEN: usize = 16;
/// Records looked at in one go.
const PAGE: usize = 256;

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use keystead_crypto::{DefaultProvider, MacAlgorithm, Provider};

    use super::*;

    fn seal() -> RecordSeal {
        RecordSeal::new(DefaultProvider.mac(MacAlgorithm::HmacSha256, &[0x42; 32]).unwrap())
    }

    /// The vector of `docs/formats/record.md`.
    #[test]
    fn the_format_is_the_documented_one() {
        let stored = seal().seal(b"aws\x00us-west-2\x00111122223333nkeys", br#"{"v":1,"count":3}"#);
        assert_eq!(hex::encode(&*stored), "017dcff9179c9093d1efcc60bba9f8952f7b2276223a312c22636f756e74223a337d");
    }

    #[test]
    fn a_changed_or_moved_record_does_not_open() {
        let seal = seal();
        let stored = seal.seal(b"place", b"value");
        assert_eq!(seal.open(b"place", &stored), Some(&b"value"[..]));
        for other in [&b"plac"[..], b"placf", b"placev", b""] {
            assert_eq!(seal.open(other, &stored), None);
        }
        for at in 0..stored.len() {
            let mut changed = stored.to_vec();
            changed[at] ^= 1;
            assert_eq!(seal.open(b"place", &changed), None, "byte {at}");
            assert_eq!(seal.open(b"place", &stored[..at]), None, "cut at {at}");
        }
    }
}
