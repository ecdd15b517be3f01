//! Writing a backup.

use std::io::Write;

use keystead_crypto::{Entropy, Provider};
use keystead_hierarchy::RootKey;
use keystead_store::{Range, Snapshot};
use keystead_types::Timestamp;

use super::chunks::ChunkWriter;
use super::header::Header;
use super::{BackupError, BackupSummary, END, RECORD};

/// With what a backup is sealed.
#[derive(Clone, Copy)]
pub(super) struct Seal<'a> {
    pub(super) root_key: &'a dyn RootKey,
    pub(super) provider: &'a dyn Provider,
    pub(super) entropy: &'a dyn Entropy,
}

/// Writes everything that the snapshot shows.
pub(super) fn write(
    snapshot: &dyn Snapshot,
    taken_at: Timestamp,
    seal: Seal<'_>,
    out: impl Write,
) -> Result<BackupSummary, BackupError> {
    let (header, sealer) = Header::generate(seal.root_key, seal.provider, seal.entropy)?;
    let mut chunks = ChunkWriter::start(out, &header, sealer, seal.entropy)?;
    chunks.write(&taken_at.as_millis().to_be_bytes())?;
    let mut records = 0_u64;
    let mut range = Range::all();
    loop {
        let page = snapshot.scan(&range, PAGE)?;
        for (key, entry) in &page {
            // The contract of stores bounds both lengths far below.
            chunks.write(&[RECORD])?;
            chunks.write(&(key.len() as u16).to_be_bytes())?;
            chunks.write(&(entry.value.len() as u32).to_be_bytes())?;
            chunks.write(key)?;
            chunks.write(&entry.value)?;
            records += 1;
        }
        match page.last() {
            Some((last, _)) if page.len() == PAGE => range = Range::all().after(last),
            _ => break,
        }
    }
    chunks.write(&[END])?;
    chunks.write(&records.to_be_bytes())?;
    chunks.finish()?;
    Ok(BackupSummary { records, taken_at })
}

/// Records read at a time.
const PAGE: usize = 256;
