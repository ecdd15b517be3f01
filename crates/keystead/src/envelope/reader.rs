//! Opening.

use std::fmt;
use std::io::{self, BufRead, Read};

use keystead_crypto::TAG_LEN;
use zeroize::Zeroizing;

use super::algorithm::{MessageKey, Place};
use super::writer::read_some;
use super::{ChunkSize, EnvelopeError, Summary};

/// Reads the plaintext of an envelope; made by [`Opener::reader`](super::Opener::reader).
///
/// It gives a chunk only after the whole chunk was authenticated, and ends only after the last chunk of the envelope; an
/// envelope that is cut or altered ends in an error of kind [`io::ErrorKind::InvalidData`] that holds an
/// [`EnvelopeError`], and every later read gives an error too.
pub struct OpeningReader<R> {
    inner: R,
    key: MessageKey,
    /// Bytes in a full chunk with its tag.
    sealed_size: usize,
    state: State,
    /// The present chunk: first sealed, then in clear. One byte longer than a chunk, to see whether another follows.
    buffer: Zeroizing<Vec<u8>>,
    /// The first byte of the next chunk, as long as there is one.
    ahead: Option<u8>,
    /// The plaintext in `buffer` that nobody has read yet.
    unread: std::ops::Range<usize>,
    summary: Summary,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// The chunk of this index comes next.
    Expecting(Place),
    /// The last chunk was opened.
    Complete,
    /// The chunk of this index was not authentic.
    Damaged { index: u64 },
}

impl<R: Read> OpeningReader<R> {
    pub(super) fn new(inner: R, chunk_size: ChunkSize, key: MessageKey, summary: Summary) -> Self {
        let sealed_size = chunk_size.bytes() + TAG_LEN;
        Self {
            inner,
            key,
            sealed_size,
            state: State::Expecting(Place { index: 0, is_last: false }),
            buffer: Zeroizing::new(vec![0; sealed_size + 1]),
            ahead: None,
            unread: 0..0,
            summary,
        }
    }

    /// What is being opened. Its `plaintext_len` counts the bytes that were authenticated so far.
    pub fn summary(&self) -> &Summary {
        &self.summary
    }

    pub(super) fn into_summary(self) -> Summary {
        self.summary
    }

    /// Opens the next chunk. When reading fails, it can be tried again only from the beginning of the envelope.
    fn open_chunk(&mut self, expected: Place) -> Result<(), EnvelopeError> {
        self.state = State::Damaged { index: expected.index.into() };
        let length = self.fill()?;
        let place = Place { is_last: length <= self.sealed_size, ..expected };
        let sealed = &mut self.buffer[..length.min(self.sealed_size)];
        if place.is_last && sealed.len() == TAG_LEN && place.index > 0 {
            // Only an empty message has an empty chunk, so that every message has one form.
            return Err(EnvelopeError::Chunk { index: place.index.into() });
        }
        let plaintext = self.key.open(place, sealed)?;
        self.ahead = self.buffer.get(self.sealed_size).copied().filter(|_| !place.is_last);
        self.unread = 0..plaintext;
        self.summary.plaintext_len += plaintext as u64;
        self.state = if place.is_last { State::Complete } else { State::Expecting(place.next()?) };
        Ok(())
    }

    /// Fills the buffer as far as the input goes: more than `sealed_size` bytes mean that another chunk follows.
    fn fill(&mut self) -> io::Result<usize> {
        let mut length = 0;
        if let Some(byte) = self.ahead.take() {
            self.buffer[0] = byte;
            length = 1;
        }
        while length < self.buffer.len() {
            match read_some(&mut self.inner, &mut self.buffer[length..])? {
                0 => break,
                read => length += read,
            }
        }
        Ok(length)
    }
}

impl<R: Read> BufRead for OpeningReader<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.unread.is_empty() {
            match self.state {
                State::Expecting(place) => self.open_chunk(place)?,
                State::Complete => {}
                State::Damaged { index } => return Err(EnvelopeError::Chunk { index }.into()),
            }
        }
        Ok(&self.buffer[self.unread.clone()])
    }

    fn consume(&mut self, amount: usize) {
        self.unread.start = self.unread.end.min(self.unread.start.saturating_add(amount));
    }
}

impl<R: Read> Read for OpeningReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(buffer)?;
        self.consume(read);
        Ok(read)
    }
}

impl<R> fmt::Debug for OpeningReader<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpeningReader")
            .field("state", &self.state)
            .field("summary", &self.summary)
            .finish_non_exhaustive()
    }
}
