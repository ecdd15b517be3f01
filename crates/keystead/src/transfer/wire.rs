//! How requests and envelopes are written and read.

use keystead_types::{Partition, Region, Timestamp};

use super::TransferError;

/// Which request of whom: what stands in both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slip {
    pub(super) id: [u8; 16],
    pub(super) valid_to: Timestamp,
    /// Where the receiver keeps the private half.
    pub(super) partition: Partition,
    pub(super) region: Region,
}

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) slip: Slip,
    /// The public keys, as SubjectPublicKeyInfo.
    pub(super) p384: Vec<u8>,
    pub(super) ml_kem: Vec<u8>,
}

/// What stands before the sealed key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct EnvelopeHeader {
    pub(super) slip: Slip,
    /// The public key that the sender made for this envelope.
    pub(super) p384: Vec<u8>,
    /// The encapsulated secret.
    pub(super) ml_kem: Vec<u8>,
}

impl Request {
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, TransferError> {
        let mut fields = Fields::after(REQUEST, bytes, || TransferError::NotARequest)?;
        let parts = fields.parts().filter(|_| fields.is_empty());
        let (slip, [p384, ml_kem]) = parts.ok_or(TransferError::NotARequest)?;
        Ok(Self { slip, p384, ml_kem })
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        write(REQUEST, &self.slip, [&self.p384, &self.ml_kem])
    }
}

impl EnvelopeHeader {
    /// The header, its bytes, and what follows.
    pub(super) fn parse(bytes: &[u8]) -> Result<(Self, &[u8], &[u8]), TransferError> {
        let mut fields = Fields::after(ENVELOPE, bytes, || TransferError::NotAnEnvelope)?;
        let (slip, [p384, ml_kem]) = fields.parts().ok_or(TransferError::NotAnEnvelope)?;
        let header = Self { slip, p384, ml_kem };
        let (head, rest) = bytes.split_at(bytes.len() - fields.0.len());
        Ok((header, head, rest))
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        write(ENVELOPE, &self.slip, [&self.p384, &self.ml_kem])
    }
}

fn write(magic: [u8; 4], slip: &Slip, blocks: [&[u8]; 2]) -> Vec<u8> {
    let mut bytes = [magic.as_slice(), &[FORMAT, SCHEME], &slip.id].concat();
    bytes.extend(slip.valid_to.as_millis().to_be_bytes());
    for text in [slip.partition.as_str(), slip.region.as_str()] {
        // Both types admit far fewer bytes than 255.
        bytes.push(text.len() as u8);
        bytes.extend(text.as_bytes());
    }
    for block in blocks {
        // Public keys and ciphertexts of the scheme have at most 1,206 bytes.
        bytes.extend((block.len() as u16).to_be_bytes());
        bytes.extend(block);
    }
    bytes
}

/// What is left to read.
struct Fields<'b>(&'b [u8]);

impl<'b> Fields<'b> {
    fn after(magic: [u8; 4], bytes: &'b [u8], other: impl Fn() -> TransferError) -> Result<Self, TransferError> {
        let mut fields = Self(bytes);
        let [found @ .., format, scheme] = fields.array::<6>().ok_or_else(&other)?;
        match (found == magic, format, scheme) {
            (true, FORMAT, SCHEME) => Ok(fields),
            (true, newer, _) if newer > FORMAT => Err(TransferError::NewerFormat { found: newer, known: FORMAT }),
            _ => Err(other()),
        }
    }

    fn parts(&mut self) -> Option<(Slip, [Vec<u8>; 2])> {
        Some((self.slip()?, [self.block()?.to_vec(), self.block()?.to_vec()]))
    }

    fn slip(&mut self) -> Option<Slip> {
        Some(Slip {
            id: self.array()?,
            valid_to: Timestamp::from_millis(i64::from_be_bytes(self.array()?))?,
            partition: self.text()?.parse().ok()?,
            region: self.text()?.parse().ok()?,
        })
    }

    fn text(&mut self) -> Option<&'b str> {
        let [len] = self.array()?;
        std::str::from_utf8(self.take(len.into())?).ok()
    }

    fn block(&mut self) -> Option<&'b [u8]> {
        let len = u16::from_be_bytes(self.array()?);
        self.take(len.into())
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (array, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*array)
    }

    fn take(&mut self, len: usize) -> Option<&'b [u8]> {
        let (taken, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(taken)
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

const REQUEST: [u8; 4] = *b"KSTR";
const ENVELOPE: [u8; 4] = *b"KSTE";
const FORMAT: u8 = 1;
/// ECDH on P-384 and ML-KEM-768, HKDF-SHA-384, XAES-256-GCM.
const SCHEME: u8 = 1;
