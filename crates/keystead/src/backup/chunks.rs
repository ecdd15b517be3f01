//! A stream of bytes as a row of sealed chunks, in which none can be changed, moved, left out or added.

use std::io::{Read, Write};

use keystead_crypto::{Entropy, SEALING_NONCE_LEN, Sealer, TAG_LEN};

use super::header::Header;
use super::{BackupError, RestoreError};

/// Cuts what it is given into chunks and seals them.
pub(super) struct ChunkWriter<'e, W> {
    out: W,
    sealer: Box<dyn Sealer>,
    entropy: &'e dyn Entropy,
    place: Place,
    /// What waits until it is known whether more follows: behind the room for a nonce, at most a chunk.
    chunk: Vec<u8>,
}

impl<'e, W: Write> ChunkWriter<'e, W> {
    /// Writes the header.
    pub(super) fn start(
        mut out: W,
        header: &Header,
        sealer: Box<dyn Sealer>,
        entropy: &'e dyn Entropy,
    ) -> Result<Self, BackupError> {
        out.write_all(header.as_bytes())?;
        let mut chunk = Vec::with_capacity(SEALED_LEN);
        chunk.resize(SEALING_NONCE_LEN, 0);
        Ok(Self { out, sealer, entropy, place: Place::first(header), chunk })
    }

    pub(super) fn write(&mut self, mut bytes: &[u8]) -> Result<(), BackupError> {
        while !bytes.is_empty() {
            let room = SEALING_NONCE_LEN + CHUNK_LEN - self.chunk.len();
            if room == 0 {
                self.write_chunk(false)?;
                continue;
            }
            let (taken, left) = bytes.split_at(room.min(bytes.len()));
            self.chunk.extend_from_slice(taken);
            bytes = left;
        }
        Ok(())
    }

    /// Writes the last chunk, and flushes.
    pub(super) fn finish(mut self) -> Result<(), BackupError> {
        self.write_chunk(true)?;
        Ok(self.out.flush()?)
    }

    fn write_chunk(&mut self, is_last: bool) -> Result<(), BackupError> {
        let mut nonce = [0; SEALING_NONCE_LEN];
        self.entropy.fill_nonce(&mut nonce)?;
        let (room, plaintext) = self.chunk.split_at_mut(SEALING_NONCE_LEN);
        room.copy_from_slice(&nonce);
        let tag = self.sealer.seal(&nonce, self.place.associated_data(is_last), plaintext)?;
        self.chunk.extend_from_slice(&tag);
        self.out.write_all(&self.chunk)?;
        self.chunk.truncate(SEALING_NONCE_LEN);
        self.place.index += 1;
        Ok(())
    }
}

/// Opens chunks and gives the bytes in them, each after its chunk was authenticated.
pub(super) struct ChunkReader<R> {
    input: R,
    sealer: Box<dyn Sealer>,
    /// Where the next chunk stands.
    place: Place,
    /// The present chunk; what was read of it stands before `unread`.
    chunk: Vec<u8>,
    unread: std::ops::Range<usize>,
    /// The first byte of the next chunk, as long as there is one.
    ahead: Option<u8>,
    has_last: bool,
}

impl<R: Read> ChunkReader<R> {
    /// Of an input whose header was read.
    pub(super) fn new(input: R, header: &Header, sealer: Box<dyn Sealer>) -> Self {
        let chunk = Vec::with_capacity(SEALED_LEN + 1);
        Self { input, sealer, place: Place::first(header), chunk, unread: 0..0, ahead: None, has_last: false }
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], RestoreError> {
        let mut bytes = [0; N];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    pub(super) fn bytes(&mut self, len: usize) -> Result<Vec<u8>, RestoreError> {
        let mut bytes = vec![0; len];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    /// Whether nothing is left, which is certain only after the last chunk.
    pub(super) fn is_at_end(&self) -> bool {
        self.has_last && self.unread.is_empty()
    }

    fn fill(&mut self, mut wanted: &mut [u8]) -> Result<(), RestoreError> {
        while !wanted.is_empty() {
            if self.unread.is_empty() {
                self.open_next()?;
            }
            let found = &self.chunk[self.unread.clone()];
            let len = found.len().min(wanted.len());
            let (now, later) = wanted.split_at_mut(len);
            now.copy_from_slice(&found[..len]);
            self.unread.start += len;
            wanted = later;
        }
        Ok(())
    }

    fn open_next(&mut self) -> Result<(), RestoreError> {
        if self.has_last {
            return Err(RestoreError::Malformed("it ends within a record"));
        }
        let damaged = RestoreError::Damaged { chunk: self.place.index };
        self.chunk.clear();
        self.chunk.extend(self.ahead.take());
        // A byte more than a chunk tells that another follows.
        let missing = SEALED_LEN + 1 - self.chunk.len();
        (&mut self.input).take(missing as u64).read_to_end(&mut self.chunk)?;
        let is_last = self.chunk.len() <= SEALED_LEN;
        if !is_last {
            self.ahead = self.chunk.pop();
        }
        let Some((nonce, rest)) = self.chunk.split_first_chunk_mut() else { return Err(damaged) };
        let Some((sealed, tag)) = rest.split_last_chunk_mut() else { return Err(damaged) };
        self.sealer.open(nonce, self.place.associated_data(is_last), sealed, tag).map_err(|_| damaged)?;
        self.unread = SEALING_NONCE_LEN..SEALING_NONCE_LEN + sealed.len();
        self.place.index += 1;
        self.has_last = is_last;
        Ok(())
    }
}

/// Where a chunk stands: in this backup, after so many others. What a chunk is bound to.
struct Place {
    index: u64,
    /// The header, and room for index and end.
    bytes: Vec<u8>,
}

impl Place {
    fn first(header: &Header) -> Self {
        let mut bytes = header.as_bytes().to_vec();
        bytes.extend([0; PLACE_LEN]);
        Self { index: 0, bytes }
    }

    fn associated_data(&mut self, is_last: bool) -> &[u8] {
        if let Some(place) = self.bytes.last_chunk_mut::<PLACE_LEN>() {
            place[..PLACE_LEN - 1].copy_from_slice(&self.index.to_be_bytes());
            place[PLACE_LEN - 1] = u8::from(is_last);
        }
        &self.bytes
    }
}

/// Bytes of plaintext in every chunk but the last.
pub(super) const CHUNK_LEN: usize = 64 * 1024;
const SEALED_LEN: usize = SEALING_NONCE_LEN + CHUNK_LEN + TAG_LEN;
/// Bytes of index and end.
const PLACE_LEN: usize = 8 + 1;
