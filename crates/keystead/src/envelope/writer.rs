//! Sealing.

use std::fmt;
use std::io::{self, Read, Write};

use keystead_crypto::TAG_LEN;
use zeroize::Zeroizing;

use super::algorithm::{MessageKey, Place};
use super::{EnvelopeError, Header, Summary};

/// Seals what is written to it; made by [`Sealer::writer`](super::Sealer::writer).
///
/// Only [`finish`](Self::finish) writes the last chunk. Without it there is no envelope, only the beginning of one, which
/// does not open.
#[must_use = "the envelope is complete only after finish"]
pub struct SealingWriter<W> {
    inner: W,
    key: MessageKey,
    chunk_size: usize,
    /// Where the chunk in `chunk` will stand.
    place: Place,
    /// Plaintext that waits until it is known whether more follows; room for a tag is behind it.
    chunk: Zeroizing<Vec<u8>>,
    /// Set when a write failed: nobody knows how much of a chunk was written.
    is_broken: bool,
    summary: Summary,
}

impl<W: Write> SealingWriter<W> {
    pub(super) fn start(
        mut inner: W,
        header: &Header,
        key: MessageKey,
        summary: Summary,
    ) -> Result<Self, EnvelopeError> {
        inner.write_all(header.as_bytes())?;
        let chunk_size = header.chunk_size().bytes();
        Ok(Self {
            inner,
            key,
            chunk_size,
            place: Place { index: 0, is_last: false },
            chunk: Zeroizing::new(Vec::with_capacity(chunk_size + TAG_LEN)),
            is_broken: false,
            summary,
        })
    }

    /// Seals the last chunk, flushes, and returns the inner writer.
    ///
    /// # Errors
    /// [`EnvelopeError::Io`] when writing fails or has failed before.
    pub fn finish(mut self) -> Result<(W, Summary), EnvelopeError> {
        self.place.is_last = true;
        self.write_chunk()?;
        self.inner.flush()?;
        Ok((self.inner, self.summary))
    }

    /// Seals everything up to the end of `reader`, without a buffer between.
    pub(super) fn seal_all_of(&mut self, reader: &mut impl Read) -> Result<(), EnvelopeError> {
        loop {
            let wanted = self.chunk_size - self.chunk.len();
            let read = reader.by_ref().take(wanted as u64).read_to_end(&mut self.chunk)?;
            self.summary.plaintext_len += read as u64;
            if read < wanted {
                return Ok(());
            }
            // The chunk is full. It is the last one if nothing follows.
            let mut next = Zeroizing::new([0; 1]);
            if read_some(reader, next.as_mut_slice())? == 0 {
                return Ok(());
            }
            self.write_all(next.as_slice())?;
        }
    }

    fn write_chunk(&mut self) -> Result<(), EnvelopeError> {
        if std::mem::replace(&mut self.is_broken, true) {
            return Err(EnvelopeError::Io(io::Error::other("an earlier write of the envelope failed; seal anew")));
        }
        self.key.seal(self.place, &mut self.chunk)?;
        self.inner.write_all(&self.chunk)?;
        self.chunk.clear();
        self.is_broken = false;
        Ok(())
    }
}

impl<W: Write> Write for SealingWriter<W> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        if self.chunk.len() >= self.chunk_size {
            let next = self.place.next()?;
            self.write_chunk()?;
            self.place = next;
        }
        let taken = buffer.len().min(self.chunk_size - self.chunk.len());
        self.chunk.extend_from_slice(&buffer[..taken]);
        self.summary.plaintext_len += taken as u64;
        Ok(taken)
    }

    /// Flushes the inner writer. An unfinished chunk stays in memory, because a chunk cannot be added to.
    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl<W> fmt::Debug for SealingWriter<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealingWriter").field("summary", &self.summary).finish_non_exhaustive()
    }
}

/// Reads like [`Read::read`], and again when a signal came between.
pub(super) fn read_some(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match reader.read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            result => return result,
        }
    }
}
