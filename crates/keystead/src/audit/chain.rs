//! Audit records in a file in which none can be altered, removed, inserted or moved unnoticed (AUD-08).
//!
//! `docs/formats/audit-chain.md` describes a line byte by byte.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use keystead_crypto::{DefaultProvider, DigestAlgorithm, Provider};
use serde::Deserialize;

use super::{AuditRecord, AuditSink, SinkError};

/// Writes records as JSON lines, each of which carries the SHA-256 of the line before.
///
/// Who can write the file can also write a chain anew from any line on, or cut its end off. Against that the host keeps
/// [`HashChainSink::head`] from time to time where the file's writers do not come, and verifies with
/// [`verify_audit_chain`] that the file still leads there.
pub struct HashChainSink(Mutex<Chain>);

struct Chain {
    file: File,
    head: ChainHead,
    /// Bytes of the lines that are whole.
    len: u64,
    /// Whether a part of a line may stand behind them.
    is_torn: bool,
    is_synced: bool,
}

/// The end of a chain: how many lines there are, and the hash of the last one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChainHead {
    /// Lines in the chain; the number of the last one.
    pub sequence: u64,
    /// The hash of the last line; zeros for an empty chain.
    pub hash: [u8; HASH_LEN],
}

/// What is wrong with a chain. Lines count from 1.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChainError {
    /// The line is none of a chain.
    #[error("line {line} is not a line of an audit chain")]
    Malformed {
        /// The line.
        line: u64,
    },
    /// The line does not have the hash it says.
    #[error("line {line} was altered: it does not have the hash it bears")]
    Altered {
        /// The line.
        line: u64,
    },
    /// Lines are missing before this one.
    #[error("line {line} bears the number {found}: {} records are missing before it", found - line)]
    Missing {
        /// The line.
        line: u64,
        /// The number that it bears.
        found: u64,
    },
    /// The line belongs further up.
    #[error("line {line} bears the number {found}: it is repeated or out of order")]
    Reordered {
        /// The line.
        line: u64,
        /// The number that it bears.
        found: u64,
    },
    /// The line is whole, but follows another line than the one before it.
    #[error("line {line} does not follow the line before it: that one was replaced")]
    Replaced {
        /// The line.
        line: u64,
    },
    /// The last line is not whole, as after a crash while it was written.
    #[error("line {line}, the last one, is not whole")]
    Torn {
        /// The line.
        line: u64,
    },
    /// The chain ends too early, or is another one.
    #[error("the chain has {found} lines and does not lead to the kept head at line {expected}")]
    Truncated {
        /// Lines that there are.
        found: u64,
        /// Lines that there were.
        expected: u64,
    },
    /// The file could not be read.
    #[error("the audit chain could not be read: {0}")]
    Io(#[from] io::Error),
}

/// Reads a chain from its first line on and gives its end. With `kept`, a head that was kept before, it also has to come
/// by there.
///
/// # Errors
/// [`ChainError`] with the first line at fault.
pub fn verify_audit_chain(chain: impl BufRead, kept: Option<ChainHead>) -> Result<ChainHead, ChainError> {
    let mut passed = kept.is_none_or(|kept| kept == ChainHead::EMPTY);
    let head = walk(chain, &mut 0, |head| passed |= kept == Some(head)).map_err(|(error, _)| error)?;
    match kept {
        Some(kept) if !passed => Err(ChainError::Truncated { found: head.sequence, expected: kept.sequence }),
        _ => Ok(head),
    }
}

impl HashChainSink {
    /// Opens a chain to write on, or begins one. What is there is verified. A last line that is not whole was never
    /// acknowledged and is cut off; its call has failed, or the record comes again.
    ///
    /// # Errors
    /// [`ChainError`] when the chain is broken, or the file cannot be had for this process alone.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, ChainError> {
        let mut file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
        file.try_lock().map_err(io::Error::from)?;
        let mut len = 0;
        let head = match walk(BufReader::new(&mut file), &mut len, |_| {}) {
            Ok(head) => head,
            Err((ChainError::Torn { .. }, head)) => {
                file.set_len(len)?;
                head
            }
            Err((error, _)) => return Err(error),
        };
        file.seek(SeekFrom::End(0))?;
        Ok(Self(Mutex::new(Chain { file, head, len, is_torn: false, is_synced: false })))
    }

    /// Lets every record reach the disk before its call is answered; otherwise the operating system decides when.
    #[must_use]
    pub fn synced(self) -> Self {
        let mut chain = self.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        chain.is_synced = true;
        Self(Mutex::new(chain))
    }

    /// The end of the chain.
    pub fn head(&self) -> ChainHead {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).head
    }
}

impl AuditSink for HashChainSink {
    fn record(&self, record: &Arc<AuditRecord>) -> Result<(), SinkError> {
        let mut chain = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        chain.append(&record.to_json()).map_err(SinkError::new)
    }
}

impl Chain {
    fn append(&mut self, record: &str) -> io::Result<()> {
        if self.is_torn {
            self.file.set_len(self.len)?;
            self.is_torn = false;
        }
        let sequence = self.head.sequence + 1;
        let mut line = format!(r#"{{"sequence":{sequence},"previous":"{}","record":{record}"#, self.head);
        let head = ChainHead { sequence, hash: hash(&line)? };
        line.push_str(&format!("{HASH_FIELD}{head}\"}}\n"));
        let written = self.file.write_all(line.as_bytes());
        let written = written.and_then(|()| if self.is_synced { self.file.sync_data() } else { Ok(()) });
        if let Err(error) = written {
            // No line may follow a part of one.
            self.is_torn = self.file.set_len(self.len).is_err();
            return Err(error);
        }
        self.len += line.len() as u64;
        self.head = head;
        Ok(())
    }
}

impl ChainHead {
    /// Of a chain without lines.
    pub const EMPTY: Self = Self { sequence: 0, hash: [0; HASH_LEN] };
}

/// The hash in hexadecimal digits.
impl fmt::Display for ChainHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.hash))
    }
}

impl fmt::Debug for HashChainSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HashChainSink").field("head", &self.head()).finish_non_exhaustive()
    }
}

/// Verifies line by line. An error comes with the end of what is good; `len` is its length in bytes.
fn walk(
    mut chain: impl BufRead,
    len: &mut u64,
    mut passed: impl FnMut(ChainHead),
) -> Result<ChainHead, (ChainError, ChainHead)> {
    let mut head = ChainHead::EMPTY;
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = chain.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line);
        match read.map_err(ChainError::from).and_then(|_| follow(head, &line)) {
            Ok(Some(next)) => head = next,
            Ok(None) => return Ok(head),
            Err(error) => return Err((error, head)),
        }
        *len += line.len() as u64;
        passed(head);
    }
}

/// The head after one more line; none at the end.
fn follow(head: ChainHead, line: &[u8]) -> Result<Option<ChainHead>, ChainError> {
    if line.is_empty() {
        return Ok(None);
    }
    let number = head.sequence + 1;
    let malformed = ChainError::Malformed { line: number };
    let Some(line) = line.strip_suffix(b"\n") else {
        return Err(if (line.len() as u64) < LONGEST_LINE { ChainError::Torn { line: number } } else { malformed });
    };
    let Ok(line) = std::str::from_utf8(line) else { return Err(malformed) };
    let Some((covered, tail)) = line.rsplit_once(HASH_FIELD) else { return Err(malformed) };
    let Ok(parts) = serde_json::from_str::<Line<'_>>(line) else { return Err(malformed) };
    let mut own = [0; HASH_LEN];
    let mut previous = [0; HASH_LEN];
    if hex::decode_to_slice(parts.hash, &mut own).is_err()
        || hex::decode_to_slice(parts.previous, &mut previous).is_err()
    {
        return Err(malformed);
    }
    if tail != format!("{}\"}}", hex::encode(own)) {
        return Err(malformed);
    }
    if hash(covered)? != own {
        return Err(ChainError::Altered { line: number });
    }
    match parts.sequence {
        found if found > number => Err(ChainError::Missing { line: number, found }),
        found if found < number => Err(ChainError::Reordered { line: number, found }),
        _ if previous != head.hash => Err(ChainError::Replaced { line: number }),
        sequence => Ok(Some(ChainHead { sequence, hash: own })),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line<'l> {
    sequence: u64,
    previous: &'l str,
    #[serde(rename = "record")]
    _record: serde::de::IgnoredAny,
    hash: &'l str,
}

fn hash(text: &str) -> io::Result<[u8; HASH_LEN]> {
    let digest =
        DefaultProvider::new().digest(DigestAlgorithm::Sha256, &[text.as_bytes()]).map_err(io::Error::other)?;
    digest.as_ref().try_into().map_err(io::Error::other)
}

/// Bytes of SHA-256.
const HASH_LEN: usize = 32;
/// What parts a line into what its hash covers and the hash: the last that there is in the line.
const HASH_FIELD: &str = r#","hash":""#;
/// No record comes near it; what does is not read into memory.
const LONGEST_LINE: u64 = 16 << 20;
