//! The pinned vectors of `docs/formats/envelope.md`, and hostile headers.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::io::{self, BufRead, Read, Write};

use keystead_crypto::{CryptoError, DefaultProvider, SecretBytes};
use keystead_hierarchy::EncryptionContext;
use keystead_types::KeyArn;

use super::algorithm::DataKey;
use super::header::SALT_LEN;
use super::*;

struct Vector {
    algorithm: Algorithm,
    chunk_size: usize,
    context: EncryptionContext<'static>,
    data_key: SecretBytes,
    encrypted: Vec<Vec<u8>>,
    plaintext: Vec<u8>,
}

/// The vectors as the document describes them.
fn vectors() -> [Vector; 3] {
    let standard = Vector {
        algorithm: Algorithm::Aes256Gcm,
        chunk_size: 64,
        context: EncryptionContext::from_iter([("purpose", "backup"), ("tenant", "7")]),
        data_key: SecretBytes::from(&[0x42; 32]),
        encrypted: vec![b"encrypted data key".to_vec()],
        plaintext: (0..100).collect(),
    };
    let china = Vector {
        algorithm: Algorithm::Sm4Gcm,
        chunk_size: 65_536,
        context: EncryptionContext::new(),
        data_key: SecretBytes::from(&[0x42; 16]),
        encrypted: vec![b"first".to_vec(), b"second".to_vec()],
        plaintext: b"attack at dawn".to_vec(),
    };
    let empty = Vector {
        algorithm: Algorithm::Aes256Gcm,
        chunk_size: 65_536,
        context: EncryptionContext::new(),
        data_key: SecretBytes::from(&[0x42; 32]),
        encrypted: vec![b"encrypted data key".to_vec()],
        plaintext: Vec::new(),
    };
    [standard, china, empty]
}

fn salt() -> [u8; SALT_LEN] {
    std::array::from_fn(|position| position as u8)
}

fn summary() -> Summary {
    let key_id: KeyArn = "arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab".parse().unwrap();
    Summary {
        key_id,
        request_id: crate::RequestId::from_random([0; 16]),
        encryption_context: EncryptionContext::new(),
        plaintext_len: 0,
    }
}

/// Sealing without KMS: the blobs are given.
fn seal_vector(vector: &Vector) -> Vec<u8> {
    let chunk_size = ChunkSize::new(vector.chunk_size).unwrap();
    let mut header =
        Header::new(vector.algorithm, chunk_size, salt(), vector.context.clone(), vector.encrypted.clone()).unwrap();
    let provider = DefaultProvider::new();
    let data_key = DataKey::new(vector.algorithm, &vector.data_key, &provider).unwrap();
    header.commit(&data_key).unwrap();
    let key = data_key.message_key(&header).unwrap();
    let mut sealing = SealingWriter::start(Vec::new(), &header, key, summary()).unwrap();
    sealing.write_all(&vector.plaintext).unwrap();
    let (sealed, summary) = sealing.finish().unwrap();
    assert_eq!(summary.plaintext_len, vector.plaintext.len() as u64);
    sealed
}

/// Opening without KMS: the data key is known.
fn open_vector(vector: &Vector, mut sealed: &[u8]) -> Result<Vec<u8>, EnvelopeError> {
    let header = Header::read(&mut sealed)?;
    let provider = DefaultProvider::new();
    let data_key = DataKey::new(header.algorithm(), &vector.data_key, &provider)?;
    header.verify(&data_key)?;
    assert_eq!(header.encryption_context(), &vector.context);
    assert!(header.encrypted_data_keys().eq(vector.encrypted.iter().map(Vec::as_slice)));
    let key = data_key.message_key(&header)?;
    let mut plaintext = Vec::new();
    OpeningReader::new(sealed, header.chunk_size(), key, summary()).read_to_end(&mut plaintext)?;
    Ok(plaintext)
}

/// The blocks of hexadecimal text in the document.
fn documented() -> Vec<Vec<u8>> {
    let document = include_str!("../../../../docs/formats/envelope.md");
    let (_, vectors) = document.split_once("## Vectors").unwrap();
    let blocks = vectors.split("```").skip(1).step_by(2);
    blocks
        .map(|block| hex::decode(block.trim_start_matches("text").split_whitespace().collect::<String>()).unwrap())
        .collect()
}

/// Spec: ENV-10
#[test]
fn the_documented_vectors_are_made_and_opened() {
    let documented = documented();
    assert_eq!(documented.len(), 3);
    for (vector, pinned) in vectors().iter().zip(documented) {
        assert_eq!(hex::encode(seal_vector(vector)), hex::encode(&pinned));
        assert_eq!(open_vector(vector, &pinned).unwrap(), vector.plaintext);
    }
}

#[test]
fn every_changed_bit_of_the_vectors_is_refused() {
    for vector in vectors() {
        let sealed = seal_vector(&vector);
        for bit in 0..sealed.len() * 8 {
            let mut altered = sealed.clone();
            altered[bit / 8] ^= 1 << (bit % 8);
            assert!(open_vector(&vector, &altered).is_err(), "bit {bit}");
        }
        for length in 0..sealed.len() {
            assert!(open_vector(&vector, &sealed[..length]).is_err(), "cut to {length}");
        }
    }
}

#[test]
fn a_data_key_of_another_length_is_refused() {
    let provider = DefaultProvider::new();
    for length in [0, 16, 31, 33, 1024] {
        let refused = DataKey::new(Algorithm::Aes256Gcm, &SecretBytes::zeroed(length), &provider).unwrap_err();
        assert!(matches!(refused, EnvelopeError::Unauthentic));
    }
}

/// A reader that counts, and never ends.
struct Endless<'a> {
    start: &'a [u8],
    given: usize,
}

impl Read for Endless<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = if self.start.is_empty() {
            buffer.fill(0xff);
            buffer.len()
        } else {
            self.start.read(buffer)?
        };
        self.given += read;
        Ok(read)
    }
}

#[test]
fn announced_lengths_out_of_range_are_not_read() {
    let sealed = seal_vector(&vectors()[2]);
    let alter = |at: usize, bytes: &[u8]| {
        let mut header = sealed.clone();
        header[at..at + bytes.len()].copy_from_slice(bytes);
        header
    };
    let hostile = [
        (alter(0, b"KSEX"), "not an envelope"),
        (alter(4, &[2]), "version 2"),
        (alter(5, &[0]), "unknown algorithm"),
        (alter(6, &[5]), "chunk size"),
        (alter(6, &[21]), "chunk size"),
        (alter(6, &[255]), "chunk size"),
        (alter(39, &[0xff; 4]), "context too long"),
        (alter(39, &[0, 0x10, 0, 1]), "context too long"),
        (alter(43, &[0xff; 4]), "canonical"),
        (alter(47, &[0]), "number of data keys"),
        (alter(47, &[17]), "number of data keys"),
        (alter(48, &[0, 0]), "length of an encrypted data key"),
        (alter(48, &[0xff, 0xff]), "length of an encrypted data key"),
    ];
    for (header, expected) in hostile {
        let mut reader = Endless { start: &header, given: 0 };
        let refused = Header::read(&mut reader).unwrap_err().to_string();
        assert!(refused.contains(expected), "{refused}");
        assert!(reader.given <= 64, "{expected}: {} bytes were read", reader.given);
    }
}

#[test]
fn contexts_in_another_form_than_the_canonical_are_refused() {
    let header = |context: &[u8]| {
        let mut bytes = b"KSEV\x01\x01\x10".to_vec();
        bytes.extend(salt());
        bytes.extend((context.len() as u32).to_be_bytes());
        bytes.extend(context);
        bytes.extend([1, 0, 1, 0]);
        bytes.extend([0; 32]);
        bytes
    };
    let pair = |key: &[u8], value: &[u8]| {
        [&(key.len() as u32).to_be_bytes()[..], key, &(value.len() as u32).to_be_bytes()[..], value].concat()
    };
    let of = |count: u32, pairs: &[Vec<u8>]| [&count.to_be_bytes()[..], &pairs.concat()].concat();

    let good = of(2, &[pair(b"a", b"1"), pair(b"b", b"")]);
    assert_eq!(Header::read(&*header(&good)).unwrap().encryption_context().get("a"), Some("1"));
    let bad = [
        Vec::new(),
        of(2, &[pair(b"b", b""), pair(b"a", b"1")]),
        of(2, &[pair(b"a", b"1"), pair(b"a", b"1")]),
        of(3, &[pair(b"a", b"1"), pair(b"b", b"")]),
        of(1, &[pair(b"a", b"1"), pair(b"b", b"")]),
        of(u32::MAX, &[]),
        of(1, &[pair(b"\xff", b"1")]),
        of(1, &[vec![0xff; 8]]),
    ];
    for context in bad {
        let refused = Header::read(&*header(&context)).unwrap_err();
        assert!(matches!(refused, EnvelopeError::Malformed(_)), "{context:?}: {refused}");
    }
}

#[test]
fn the_last_place_ends_the_envelope_with_an_error() {
    let place = algorithm::Place { index: u32::MAX, is_last: false };
    assert!(matches!(place.next(), Err(EnvelopeError::TooLong { limit: 4_294_967_296, .. })));
}

/// Fails after so many bytes.
struct Failing(usize);

impl Write for Failing {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let taken = buffer.len().min(self.0);
        self.0 -= taken;
        if taken == 0 { Err(io::Error::other("full")) } else { Ok(taken) }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn after_a_failed_write_there_is_no_envelope() {
    let vector = &vectors()[0];
    let chunk_size = ChunkSize::new(64).unwrap();
    let mut header =
        Header::new(vector.algorithm, chunk_size, salt(), vector.context.clone(), vector.encrypted.clone()).unwrap();
    let provider = DefaultProvider::new();
    let data_key = DataKey::new(vector.algorithm, &vector.data_key, &provider).unwrap();
    header.commit(&data_key).unwrap();
    let room = header.as_bytes().len() + 100;
    let key = data_key.message_key(&header).unwrap();
    let mut sealing = SealingWriter::start(Failing(room), &header, key, summary()).unwrap();
    assert!(sealing.write_all(&[7; 500]).is_err());
    assert!(sealing.write_all(&[7; 500]).is_err());
    assert!(matches!(sealing.finish(), Err(EnvelopeError::Io(_))));
}

#[test]
fn a_damaged_reader_stays_damaged() {
    let vector = &vectors()[0];
    let mut sealed = seal_vector(vector);
    *sealed.last_mut().unwrap() ^= 1;
    let mut input = sealed.as_slice();
    let header = Header::read(&mut input).unwrap();
    let provider = DefaultProvider::new();
    let data_key = DataKey::new(vector.algorithm, &vector.data_key, &provider).unwrap();
    let mut opening = OpeningReader::new(input, header.chunk_size(), data_key.message_key(&header).unwrap(), summary());
    assert_eq!(opening.fill_buf().unwrap(), &vector.plaintext[..64], "the first chunk is genuine");
    opening.consume(64);
    for _ in 0..3 {
        let refused = EnvelopeError::from(opening.fill_buf().unwrap_err());
        assert!(matches!(refused, EnvelopeError::Chunk { index: 1 }), "{refused}");
    }
    assert_eq!(opening.summary().plaintext_len, 64);
}

#[test]
fn errors_survive_the_way_through_io() {
    let errors =
        [EnvelopeError::NotAnEnvelope, EnvelopeError::Crypto(CryptoError::Entropy), EnvelopeError::Unauthentic];
    for error in errors {
        let text = error.to_string();
        assert_eq!(EnvelopeError::from(io::Error::from(error)).to_string(), text);
    }
    assert!(matches!(EnvelopeError::from(io::Error::other("disk")), EnvelopeError::Io(_)));
}
