//! `SEQUENCE { r INTEGER, s INTEGER }`, the form of ECDSA and SM2 signatures (RFC 3279, section 2.2.3; GM/T 0009).

use pkcs8::der::asn1::UintRef;
use pkcs8::der::{self, Decode, Encode, Header, Length, Reader, SliceReader, Tag};

use crate::CryptoError;

/// Encodes two numbers, big endian.
pub(super) fn encode(r: &[u8], s: &[u8]) -> Result<Vec<u8>, CryptoError> {
    try_encode(r, s).map_err(|_| CryptoError::InvalidInput)
}

/// Decodes two numbers, big endian and padded to the length of where they go. Anything but strict DER with two
/// non-negative numbers that fit is `None` (ASY-33).
pub(super) fn decode(signature: &[u8], r: &mut [u8], s: &mut [u8]) -> Option<()> {
    let mut reader = SliceReader::new(signature).ok()?;
    let numbers =
        reader.sequence(|numbers| Ok::<_, der::Error>((UintRef::decode(numbers)?, UintRef::decode(numbers)?)));
    let (r_number, s_number) = numbers.ok()?;
    if !reader.is_finished() {
        return None;
    }
    pad(r_number.as_bytes(), r)?;
    pad(s_number.as_bytes(), s)
}

fn try_encode(r: &[u8], s: &[u8]) -> der::Result<Vec<u8>> {
    let (r, s) = (UintRef::new(r)?, UintRef::new(s)?);
    let length: Length = (r.encoded_len()? + s.encoded_len()?)?;
    let mut signature = Vec::with_capacity(MAX_LEN);
    Header::new(Tag::Sequence, length).encode_to_vec(&mut signature)?;
    r.encode_to_vec(&mut signature)?;
    s.encode_to_vec(&mut signature)?;
    Ok(signature)
}

fn pad(number: &[u8], padded: &mut [u8]) -> Option<()> {
    let start = padded.len().checked_sub(number.len())?;
    padded.get_mut(start..)?.copy_from_slice(number);
    Some(())
}

/// Of P-521 (chapter 30, section 5).
const MAX_LEN: usize = 139;
