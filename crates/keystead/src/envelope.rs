//! Envelope encryption of data of any size: a data key encrypts the data, a KMS key the data key (KEY-100, ENV-04).
//!
//! KMS operations take at most 4,096 bytes. For anything longer one asks for a data key, encrypts with it, and keeps it
//! beside the data, itself encrypted under a KMS key. This module does that with public KMS operations alone, so policies,
//! grants and the audit trail see every use: sealing needs `kms:GenerateDataKey` on the key, opening `kms:Decrypt`.
//!
//! ```
//! use keystead::{Caller, Kms, envelope};
//!
//! let kms = Kms::in_memory();
//! let client = kms.client("us-west-2", Caller::account_root("111122223333")?)?;
//! let key = client.create_key().send()?.key_metadata.key_id.to_string();
//!
//! let report = b"any number of bytes".repeat(10_000);
//! let mut sealed = Vec::new();
//! envelope::seal(&client, &key).context("tenant", "7").seal_stream(report.as_slice(), &mut sealed)?;
//!
//! let opened = envelope::open(&client).context("tenant", "7").open_to_vec(sealed.as_slice())?;
//! assert_eq!(opened.expose(), report);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What an envelope promises
//!
//! An envelope is a header and a row of chunks, 64 KiB each unless told otherwise; `docs/formats/envelope.md` has every
//! byte. Streams of any length need memory for one chunk.
//!
//! - **Nothing altered opens.** A changed, cut, extended, reordered or foreign piece is refused. A chunk is released only
//!   after it was authenticated, and the end is an error unless the last chunk was seen.
//! - **One meaning.** The header commits to the data key: nobody can make an envelope that opens to different contents for
//!   different readers.
//! - **It says what it is about.** The encryption context stands in the header in clear, and Decrypt proves it.
//!   What the opener names with [`Opener::context`] must be among it. Name what tells this envelope from others of the
//!   same key; without that, any envelope the caller may decrypt is accepted in the place of any other (ENV-62).
//! - AES-256-GCM in the standard profile, SM4-GCM in the China profile.
//!
//! It does not say who sealed: anyone who may call GenerateDataKey or Encrypt on the key can make an envelope.
//!
//! # Streams and files
//!
//! [`Opener::open_stream`] and [`Opener::reader`] hand out authenticated chunks before the last one was seen. If an
//! envelope turns out to be cut, what came before was genuine, but it is not the whole. Where half a message must not
//! be acted on, use [`Opener::open_to_vec`], or write to a temporary file and rename it once `open_stream` has
//! returned `Ok`. The same holds for sealing: until [`SealingWriter::finish`] has returned, there is no envelope.

mod algorithm;
mod error;
mod header;
mod reader;
#[cfg(test)]
mod tests;
mod writer;

use std::borrow::Cow;
use std::io::{BufRead, Read, Write};

use keystead_crypto::SecretBytes;
use keystead_hierarchy::EncryptionContext;
use keystead_types::KeyArn;

use crate::RequestId;
use crate::client::Client;

pub use algorithm::Algorithm;
pub use error::EnvelopeError;
pub use header::{ChunkSize, Header};
pub use reader::OpeningReader;
pub use writer::SealingWriter;

use algorithm::DataKey;

/// Prepares sealing under a key: key ID, key ARN, alias name or alias ARN.
pub fn seal<'c>(client: &'c Client, key_id: impl Into<Cow<'c, str>>) -> Sealer<'c> {
    Sealer {
        first: Recipient { client, key_id: key_id.into() },
        others: Vec::new(),
        context: EncryptionContext::new(),
        chunk_size: ChunkSize::default(),
    }
}

/// Prepares opening.
pub fn open(client: &Client) -> Opener<'_> {
    Opener { client, key_id: None, expected: EncryptionContext::new() }
}

/// Seals envelopes; made by [`seal`].
#[derive(Clone, Debug)]
#[must_use = "a sealer does nothing until it is given something to seal"]
pub struct Sealer<'c> {
    first: Recipient<'c>,
    others: Vec<Recipient<'c>>,
    context: EncryptionContext<'c>,
    chunk_size: ChunkSize,
}

/// A KMS key that can open an envelope.
#[derive(Clone, Debug)]
struct Recipient<'c> {
    client: &'c Client,
    key_id: Cow<'c, str>,
}

impl<'c> Sealer<'c> {
    /// Adds a pair to the encryption context. It is stored in clear and shown in the audit trail: no secrets (ENV-06).
    pub fn context(mut self, key: impl Into<Cow<'c, str>>, value: impl Into<Cow<'c, str>>) -> Self {
        self.context.insert(key, value);
        self
    }

    /// Adds all pairs of an encryption context.
    pub fn encryption_context(mut self, context: &'c EncryptionContext<'_>) -> Self {
        self.context.extend(context.iter());
        self
    }

    /// Lets another key open the envelope too, such as one of another Region or account. `client` needs `kms:Encrypt`
    /// on it. An envelope has at most 16 keys.
    pub fn also_under(mut self, client: &'c Client, key_id: impl Into<Cow<'c, str>>) -> Self {
        self.others.push(Recipient { client, key_id: key_id.into() });
        self
    }

    /// Sets the size of the chunks, instead of 64 KiB.
    pub fn chunk_size(mut self, chunk_size: ChunkSize) -> Self {
        self.chunk_size = chunk_size;
        self
    }

    /// Seals everything that `reader` gives, and flushes `writer`.
    ///
    /// # Errors
    /// [`EnvelopeError::Kms`] when a KMS operation is refused, [`EnvelopeError::Io`] when reading or writing fails. What
    /// was written until then is no envelope.
    pub fn seal_stream(&self, mut reader: impl Read, writer: impl Write) -> Result<Summary, EnvelopeError> {
        let mut sealing = self.writer(writer)?;
        sealing.seal_all_of(&mut reader)?;
        sealing.finish().map(|(_, summary)| summary)
    }

    /// Seals bytes in memory.
    ///
    /// # Errors
    /// As [`seal_stream`](Self::seal_stream).
    pub fn seal_to_vec(&self, plaintext: &[u8]) -> Result<Vec<u8>, EnvelopeError> {
        let mut sealing = self.writer(Vec::with_capacity(plaintext.len()))?;
        sealing.write_all(plaintext)?;
        sealing.finish().map(|(sealed, _)| sealed)
    }

    /// A writer that seals what is written to it. Call [`SealingWriter::finish`] at the end.
    ///
    /// # Errors
    /// [`EnvelopeError::Kms`] when a KMS operation is refused, [`EnvelopeError::Io`] when the header cannot be written.
    pub fn writer<W: Write>(&self, inner: W) -> Result<SealingWriter<W>, EnvelopeError> {
        let Recipient { client, key_id } = &self.first;
        let engine = client.engine();
        let algorithm = Algorithm::of_profile(client.region_state().profile);
        let call = client.generate_data_key(key_id.as_ref()).encryption_context(self.context.as_borrowed());
        let answer = algorithm.sized(call).send()?;
        let plaintext = SecretBytes::from(answer.expose());
        let mut encrypted = vec![answer.ciphertext_blob.clone()];
        for other in &self.others {
            encrypted.push(other.encrypt(&plaintext, &self.context)?);
        }
        let mut salt = [0; header::SALT_LEN];
        engine.entropy.fill_nonce(&mut salt)?;
        let mut header = Header::new(algorithm, self.chunk_size, salt, self.context.clone().into_owned(), encrypted)?;
        let data_key = DataKey::new(algorithm, &plaintext, engine.provider.as_ref())?;
        header.commit(&data_key)?;
        let message_key = data_key.message_key(&header)?;
        let summary = Summary {
            key_id: answer.key_id,
            request_id: answer.request_id(),
            encryption_context: header.encryption_context().clone(),
            plaintext_len: 0,
        };
        SealingWriter::start(inner, &header, message_key, summary)
    }
}

impl Recipient<'_> {
    /// The data key, encrypted under this key.
    fn encrypt(&self, data_key: &SecretBytes, context: &EncryptionContext<'_>) -> Result<Vec<u8>, EnvelopeError> {
        let call = self.client.encrypt(self.key_id.as_ref(), data_key).encryption_context(context.as_borrowed());
        Ok(call.send()?.into_inner().ciphertext_blob)
    }
}

/// Opens envelopes; made by [`open`].
#[derive(Clone, Debug)]
#[must_use = "an opener does nothing until it is given something to open"]
pub struct Opener<'c> {
    client: &'c Client,
    key_id: Option<Cow<'c, str>>,
    expected: EncryptionContext<'c>,
}

impl<'c> Opener<'c> {
    /// Demands a pair among the encryption context of the envelope.
    pub fn context(mut self, key: impl Into<Cow<'c, str>>, value: impl Into<Cow<'c, str>>) -> Self {
        self.expected.insert(key, value);
        self
    }

    /// Demands all pairs of an encryption context.
    pub fn encryption_context(mut self, context: &'c EncryptionContext<'_>) -> Self {
        self.expected.extend(context.iter());
        self
    }

    /// Demands that this key opens the envelope, instead of any key that the caller may use.
    pub fn key_id(mut self, key_id: impl Into<Cow<'c, str>>) -> Self {
        self.key_id = Some(key_id.into());
        self
    }

    /// Opens the envelope that `reader` gives up to its end, and flushes `writer`.
    ///
    /// Chunks are written as they are authenticated: on an error `writer` may hold the beginning of the plaintext. Discard
    /// it then, as by writing to a temporary file that is renamed on success.
    ///
    /// # Errors
    /// [`EnvelopeError::Kms`] when Decrypt is refused, [`EnvelopeError::Context`] when a demanded pair is missing,
    /// [`EnvelopeError::Io`] when reading or writing fails; the others when this is not an envelope or not a whole one.
    pub fn open_stream(&self, reader: impl Read, mut writer: impl Write) -> Result<Summary, EnvelopeError> {
        let mut opening = self.reader(reader)?;
        loop {
            let chunk = opening.fill_buf()?;
            if chunk.is_empty() {
                writer.flush()?;
                return Ok(opening.into_summary());
            }
            writer.write_all(chunk)?;
            let len = chunk.len();
            opening.consume(len);
        }
    }

    /// Opens an envelope into memory: all of it, or nothing.
    ///
    /// # Errors
    /// As [`open_stream`](Self::open_stream).
    pub fn open_to_vec(&self, reader: impl Read) -> Result<SecretBytes, EnvelopeError> {
        let mut opening = self.reader(reader)?;
        // A growing vector would leave copies behind that nobody wipes.
        let mut chunks: Vec<SecretBytes> = Vec::new();
        loop {
            let chunk = opening.fill_buf()?;
            if chunk.is_empty() {
                break;
            }
            chunks.push(chunk.into());
            let len = chunk.len();
            opening.consume(len);
        }
        let mut whole = SecretBytes::zeroed(chunks.iter().map(SecretBytes::len).sum());
        let mut rest = whole.as_mut();
        for chunk in &chunks {
            let (head, tail) = rest.split_at_mut(chunk.len());
            head.copy_from_slice(chunk.expose());
            rest = tail;
        }
        Ok(whole)
    }

    /// A reader of the plaintext. It gives authenticated bytes only, and ends without an error only after the last chunk.
    ///
    /// # Errors
    /// As [`open_stream`](Self::open_stream), as far as the header is concerned.
    pub fn reader<R: Read>(&self, mut inner: R) -> Result<OpeningReader<R>, EnvelopeError> {
        let header = Header::read(&mut inner)?;
        let opened = self.unlock(&header)?;
        let message_key = opened.data_key.message_key(&header)?;
        Ok(OpeningReader::new(inner, header.chunk_size(), message_key, opened.summary))
    }

    /// Exchanges the keys of an envelope for `key_id` without touching the data: KMS calls for the data key, and a copy of
    /// the chunks, which stay encrypted (KEY-100). The chunks are not looked at; opening will tell whether they are whole.
    ///
    /// Needs `kms:Decrypt` on a present key and `kms:Encrypt` on the new one. Whoever knew the data key still does: after a
    /// disclosure, open and seal anew.
    ///
    /// # Errors
    /// As [`open_stream`](Self::open_stream), and [`EnvelopeError::Kms`] when Encrypt is refused.
    pub fn rewrap_stream(
        &self,
        key_id: &str,
        mut reader: impl Read,
        mut writer: impl Write,
    ) -> Result<(), EnvelopeError> {
        let mut header = Header::read(&mut reader)?;
        let opened = self.unlock(&header)?;
        let recipient = Recipient { client: self.client, key_id: key_id.into() };
        header.replace_data_keys(vec![recipient.encrypt(&opened.plaintext, header.encryption_context())?])?;
        header.commit(&opened.data_key)?;
        writer.write_all(header.as_bytes())?;
        std::io::copy(&mut reader, &mut writer)?;
        writer.flush()?;
        Ok(())
    }

    /// Decrypts the data key and proves the header with it. If no key opens it, the first refusal is reported.
    fn unlock(&self, header: &Header) -> Result<Unlocked<'c>, EnvelopeError> {
        let mut refusal = None;
        for encrypted in header.encrypted_data_keys() {
            let mut call = self.client.decrypt(encrypted).encryption_context(header.encryption_context().as_borrowed());
            if let Some(key_id) = &self.key_id {
                call = call.key_id(key_id.as_ref());
            }
            let answer = match call.send() {
                Ok(answer) => answer,
                Err(error) => {
                    refusal.get_or_insert(error);
                    continue;
                }
            };
            let plaintext = SecretBytes::from(answer.expose());
            let data_key = DataKey::new(header.algorithm(), &plaintext, self.client.engine().provider.as_ref())?;
            header.verify(&data_key)?;
            self.check_context(header.encryption_context())?;
            let summary = Summary {
                key_id: answer.key_id,
                request_id: answer.request_id(),
                encryption_context: header.encryption_context().clone(),
                plaintext_len: 0,
            };
            return Ok(Unlocked { data_key, plaintext, summary });
        }
        Err(refusal.map_or(EnvelopeError::Malformed("no data key"), EnvelopeError::Kms))
    }

    /// The context is proven now; whether it is the one that is meant is another question (ENV-43, ENV-62).
    fn check_context(&self, found: &EncryptionContext<'_>) -> Result<(), EnvelopeError> {
        match self.expected.iter().find(|(key, value)| found.get(key) != Some(value)) {
            Some((key, _)) => Err(EnvelopeError::Context { key: key.to_owned() }),
            None => Ok(()),
        }
    }
}

/// A data key that fits its header.
struct Unlocked<'c> {
    data_key: DataKey<'c>,
    plaintext: SecretBytes,
    summary: Summary,
}

/// What was sealed or opened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Summary {
    /// The key whose data key was used.
    pub key_id: KeyArn,
    /// The KMS call that made or opened the data key, as in the audit trail.
    pub request_id: RequestId,
    /// The encryption context of the envelope.
    pub encryption_context: EncryptionContext<'static>,
    /// Bytes of plaintext.
    pub plaintext_len: u64,
}
