//! Reading a backup.

use std::io::Read;

use keystead_crypto::Provider;
use keystead_hierarchy::RootKey;
use keystead_store::{Key, MAX_KEY_LEN, MAX_VALUE_LEN};
use keystead_types::Timestamp;

use super::chunks::ChunkReader;
use super::header::Header;
use super::{BackupSummary, END, RECORD, RestoreError};

/// The records of a backup, page by page.
pub(super) struct BackupReader<R> {
    chunks: ChunkReader<R>,
    taken_at: Timestamp,
    records: u64,
    last: Option<Key>,
}

/// Some records in ascending order.
pub(super) struct Page {
    pub(super) records: Vec<(Key, Vec<u8>)>,
    /// Whether the backup ends here. Everything up to its end is authentic then.
    pub(super) is_last: bool,
}

impl<R: Read> BackupReader<R> {
    pub(super) fn open(mut input: R, root_key: &dyn RootKey, provider: &dyn Provider) -> Result<Self, RestoreError> {
        let (header, sealer) = Header::read(&mut input, root_key, provider)?;
        let mut chunks = ChunkReader::new(input, &header, sealer);
        let taken_at = Timestamp::from_millis(i64::from_be_bytes(chunks.array()?));
        let taken_at = taken_at.ok_or(RestoreError::Malformed("it was made at no time"))?;
        Ok(Self { chunks, taken_at, records: 0, last: None })
    }

    /// The next page. Not to be asked for after the last.
    pub(super) fn page(&mut self) -> Result<Page, RestoreError> {
        let (mut records, mut bytes) = (Vec::new(), 0);
        while records.len() < PAGE_RECORDS && bytes < PAGE_BYTES {
            let Some((key, value)) = self.record()? else { return Ok(Page { records, is_last: true }) };
            bytes += key.len() + value.len();
            records.push((key, value));
        }
        Ok(Page { records, is_last: false })
    }

    /// What was read so far.
    pub(super) fn summary(&self) -> BackupSummary {
        BackupSummary { records: self.records, taken_at: self.taken_at }
    }

    /// The next record; none at the end.
    fn record(&mut self) -> Result<Option<(Key, Vec<u8>)>, RestoreError> {
        match self.chunks.array()? {
            [RECORD] => {}
            [END] => return self.end().map(|()| None),
            _ => return Err(RestoreError::Malformed("it holds what is no record")),
        }
        let key_len = usize::from(u16::from_be_bytes(self.chunks.array()?));
        let value_len = usize::try_from(u32::from_be_bytes(self.chunks.array()?)).unwrap_or(usize::MAX);
        if !(1..=MAX_KEY_LEN).contains(&key_len) || value_len > MAX_VALUE_LEN {
            return Err(RestoreError::Malformed("a record that no store takes"));
        }
        let key = Key::from(self.chunks.bytes(key_len)?);
        if self.last.as_ref().is_some_and(|last| *last >= key) {
            return Err(RestoreError::Malformed("its records are in no order"));
        }
        let value = self.chunks.bytes(value_len)?;
        self.last = Some(key.clone());
        self.records += 1;
        Ok(Some((key, value)))
    }

    fn end(&mut self) -> Result<(), RestoreError> {
        if u64::from_be_bytes(self.chunks.array()?) != self.records {
            return Err(RestoreError::Malformed("it lacks records"));
        }
        if self.chunks.is_at_end() { Ok(()) } else { Err(RestoreError::Malformed("it goes on after its end")) }
    }
}

/// A page has no more records,
const PAGE_RECORDS: usize = 256;
/// and is complete when it has so many bytes.
const PAGE_BYTES: usize = 1024 * 1024;
