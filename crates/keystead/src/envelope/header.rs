//! The header of an envelope, byte by byte as in `docs/formats/envelope.md`.

use std::io::Read;

use keystead_crypto::constant_time_eq;
use keystead_hierarchy::EncryptionContext;

use super::algorithm::{COMMITMENT_LEN, DataKey};
use super::{Algorithm, EnvelopeError};

/// The clear part of an envelope.
///
/// What [`Header::read`] returns is a claim of whoever wrote it, until an [`Opener`](super::Opener) has proven it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    algorithm: Algorithm,
    chunk_size: ChunkSize,
    salt: [u8; SALT_LEN],
    context: EncryptionContext<'static>,
    data_keys: Vec<Vec<u8>>,
    /// All of the above as written, and the commitment behind it.
    bytes: Vec<u8>,
    /// Where the encrypted data keys begin.
    data_keys_at: usize,
}

/// How many bytes of plaintext a chunk has: a power of two from 64 bytes to 1 MiB, by default 64 KiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ChunkSize {
    log2: u8,
}

impl ChunkSize {
    /// The chunk size of so many bytes; `None` unless it is a power of two from 64 to 1,048,576.
    pub fn new(bytes: usize) -> Option<Self> {
        if !bytes.is_power_of_two() {
            return None;
        }
        Self::from_log2(u8::try_from(bytes.trailing_zeros()).ok()?)
    }

    /// The number of bytes.
    pub fn bytes(self) -> usize {
        1 << self.log2
    }

    fn from_log2(log2: u8) -> Option<Self> {
        CHUNK_SIZES.contains(&log2).then_some(Self { log2 })
    }
}

impl Default for ChunkSize {
    fn default() -> Self {
        Self { log2: 16 }
    }
}

impl Header {
    /// Reads the header of an envelope, and no byte more. Memory grows with what arrives, not with what is announced.
    ///
    /// # Errors
    /// [`EnvelopeError::NotAnEnvelope`], [`EnvelopeError::Version`] or [`EnvelopeError::Malformed`] when this is no header
    /// that this version understands; [`EnvelopeError::Io`] when reading fails.
    pub fn read(reader: impl Read) -> Result<Self, EnvelopeError> {
        let mut input = Input { reader, bytes: Vec::new() };
        let magic = input.array()?;
        if magic != MAGIC {
            return Err(EnvelopeError::NotAnEnvelope);
        }
        let [version] = input.array()?;
        if version != VERSION {
            return Err(EnvelopeError::Version(version));
        }
        let [algorithm, log2] = input.array()?;
        let algorithm = Algorithm::from_code(algorithm).ok_or(EnvelopeError::Malformed("unknown algorithm"))?;
        let chunk_size = ChunkSize::from_log2(log2).ok_or(EnvelopeError::Malformed("chunk size out of range"))?;
        let salt = input.array()?;

        let length = u32::from_be_bytes(input.array()?);
        if length > MAX_CONTEXT_LEN {
            return Err(EnvelopeError::Malformed("encryption context too long"));
        }
        let context = parse_context(input.take(length as usize)?)
            .ok_or(EnvelopeError::Malformed("encryption context not in canonical form"))?;

        let data_keys_at = input.bytes.len();
        let [count] = input.array()?;
        if count == 0 || count > MAX_DATA_KEYS {
            return Err(EnvelopeError::Malformed("number of data keys out of range"));
        }
        let mut data_keys = Vec::new();
        for _ in 0..count {
            let length = u16::from_be_bytes(input.array()?);
            if length == 0 || length > MAX_DATA_KEY_LEN {
                return Err(EnvelopeError::Malformed("length of an encrypted data key out of range"));
            }
            data_keys.push(input.take(length.into())?.to_vec());
        }
        input.take(COMMITMENT_LEN)?;
        Ok(Self { algorithm, chunk_size, salt, context, data_keys, bytes: input.bytes, data_keys_at })
    }

    /// The algorithm.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The size of the chunks.
    pub fn chunk_size(&self) -> ChunkSize {
        self.chunk_size
    }

    /// The encryption context.
    pub fn encryption_context(&self) -> &EncryptionContext<'static> {
        &self.context
    }

    /// The ciphertext blobs of the data key; Decrypt opens each of them under [`Self::encryption_context`].
    pub fn encrypted_data_keys(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        self.data_keys.iter().map(Vec::as_slice)
    }

    /// A header without its commitment.
    pub(super) fn new(
        algorithm: Algorithm,
        chunk_size: ChunkSize,
        salt: [u8; SALT_LEN],
        context: EncryptionContext<'static>,
        data_keys: Vec<Vec<u8>>,
    ) -> Result<Self, EnvelopeError> {
        let length = u32::try_from(context.canonical_len()).unwrap_or(u32::MAX);
        if length > MAX_CONTEXT_LEN {
            let limit = MAX_CONTEXT_LEN.into();
            return Err(EnvelopeError::TooLong { what: "bytes of encryption context", limit });
        }
        let mut bytes = MAGIC.to_vec();
        bytes.extend([VERSION, algorithm.code(), chunk_size.log2]);
        bytes.extend(salt);
        bytes.extend(length.to_be_bytes());
        context.write_canonical(&mut bytes);
        let data_keys_at = bytes.len();
        let mut header = Self { algorithm, chunk_size, salt, context, data_keys: Vec::new(), bytes, data_keys_at };
        header.replace_data_keys(data_keys)?;
        Ok(header)
    }

    /// Writes other encrypted data keys. The commitment must be made anew.
    pub(super) fn replace_data_keys(&mut self, data_keys: Vec<Vec<u8>>) -> Result<(), EnvelopeError> {
        let count = u8::try_from(data_keys.len()).unwrap_or(u8::MAX);
        if count > MAX_DATA_KEYS {
            return Err(EnvelopeError::TooLong { what: "keys of the envelope", limit: MAX_DATA_KEYS.into() });
        }
        self.bytes.truncate(self.data_keys_at);
        self.bytes.push(count);
        for data_key in &data_keys {
            let length = u16::try_from(data_key.len()).unwrap_or(u16::MAX);
            if length > MAX_DATA_KEY_LEN {
                let limit = MAX_DATA_KEY_LEN.into();
                return Err(EnvelopeError::TooLong { what: "bytes of an encrypted data key", limit });
            }
            self.bytes.extend(length.to_be_bytes());
            self.bytes.extend(data_key);
        }
        self.bytes.extend([0; COMMITMENT_LEN]);
        self.data_keys = data_keys;
        Ok(())
    }

    /// Writes the commitment to a data key.
    pub(super) fn commit(&mut self, data_key: &DataKey<'_>) -> Result<(), EnvelopeError> {
        let commitment = data_key.commitment(self)?;
        self.bytes.truncate(self.committed_part().len());
        self.bytes.extend(commitment);
        Ok(())
    }

    /// Whether the header was made with this data key, every byte of it.
    pub(super) fn verify(&self, data_key: &DataKey<'_>) -> Result<(), EnvelopeError> {
        let found = &self.bytes[self.committed_part().len()..];
        if constant_time_eq(&data_key.commitment(self)?, found) { Ok(()) } else { Err(EnvelopeError::Unauthentic) }
    }

    pub(super) fn salt(&self) -> &[u8; SALT_LEN] {
        &self.salt
    }

    /// What the key of the chunks depends on: everything before the encrypted data keys.
    pub(super) fn message_part(&self) -> &[u8] {
        &self.bytes[..self.data_keys_at]
    }

    /// What the commitment is about: everything before it.
    pub(super) fn committed_part(&self) -> &[u8] {
        &self.bytes[..self.bytes.len() - COMMITMENT_LEN]
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// Reads pieces, and keeps all that was read.
struct Input<R> {
    reader: R,
    bytes: Vec<u8>,
}

impl<R: Read> Input<R> {
    fn array<const N: usize>(&mut self) -> Result<[u8; N], EnvelopeError> {
        let mut piece = [0; N];
        piece.copy_from_slice(self.take(N)?);
        Ok(piece)
    }

    fn take(&mut self, length: usize) -> Result<&[u8], EnvelopeError> {
        let start = self.bytes.len();
        (&mut self.reader).take(length as u64).read_to_end(&mut self.bytes)?;
        match &self.bytes[start..] {
            piece if piece.len() == length => Ok(piece),
            _ if self.bytes.len() < MAGIC.len() => Err(EnvelopeError::NotAnEnvelope),
            _ => Err(EnvelopeError::Malformed("cut short")),
        }
    }
}

/// Reads the canonical form of an encryption context. It is the only form of its context.
fn parse_context(bytes: &[u8]) -> Option<EncryptionContext<'static>> {
    let mut rest = bytes;
    let count = take_u32(&mut rest)?;
    let mut context = EncryptionContext::new();
    let mut previous: Option<&str> = None;
    for _ in 0..count {
        let key = take_text(&mut rest)?;
        let value = take_text(&mut rest)?;
        // Ascending keys also keep the insertion at the end of the list, where it is cheap.
        if previous.is_some_and(|previous| previous.as_bytes() >= key.as_bytes()) {
            return None;
        }
        previous = Some(key);
        context.insert(key.to_owned(), value.to_owned());
    }
    rest.is_empty().then_some(context)
}

fn take_text<'b>(rest: &mut &'b [u8]) -> Option<&'b str> {
    let length = take_u32(rest)?;
    let (text, tail) = rest.split_at_checked(usize::try_from(length).ok()?)?;
    *rest = tail;
    std::str::from_utf8(text).ok()
}

fn take_u32(rest: &mut &[u8]) -> Option<u32> {
    let (number, tail) = rest.split_first_chunk()?;
    *rest = tail;
    Some(u32::from_be_bytes(*number))
}

/// Bytes in the salt: enough that no two envelopes ever share one.
pub(super) const SALT_LEN: usize = 32;
const MAGIC: [u8; 4] = *b"KSEV";
const VERSION: u8 = 1;
/// Exponents of the chunk sizes. 2^32 chunks of 1 MiB are 2^48 blocks, at which GCM tells its key stream from chance with
/// a probability of 2^-32 (NIST SP 800-38D bounds it likewise).
const CHUNK_SIZES: std::ops::RangeInclusive<u8> = 6..=20;
/// Bytes of canonical encryption context; KMS operations take far less (KEY-83).
const MAX_CONTEXT_LEN: u32 = 1 << 20;
/// Bounds the Decrypt calls that a forged header can cause.
const MAX_DATA_KEYS: u8 = 16;
/// Bytes of a ciphertext blob that Decrypt takes (API model).
const MAX_DATA_KEY_LEN: u16 = 6144;
