//! The forms of an SM2 ciphertext.

use std::borrow::Cow;

use pkcs8::der::asn1::{OctetStringRef, UintRef};
use pkcs8::der::{self, Decode, DecodeValue, Encode, EncodeValue, Header, Length, Reader, Sequence, Writer};

use super::key::left_pad;
use crate::CryptoError;
use crate::sm2::CiphertextOrder;

/// A ciphertext in its parts. The point need not be on the curve.
#[derive(Debug)]
pub(crate) struct Ciphertext<'a> {
    pub(super) x: [u8; 32],
    pub(super) y: [u8; 32],
    pub(super) hash: [u8; 32],
    pub(super) text: Cow<'a, [u8]>,
}

impl<'a> Ciphertext<'a> {
    pub(crate) fn from_der(der: &'a [u8]) -> Result<Self, CryptoError> {
        let parts = Asn1::from_der(der).map_err(|_| CryptoError::Unauthenticated)?;
        let coordinate = |value: UintRef<'_>| left_pad(value.as_bytes()).ok_or(CryptoError::Unauthenticated);
        Ok(Self {
            x: coordinate(parts.x)?,
            y: coordinate(parts.y)?,
            hash: parts.hash.as_bytes().try_into().map_err(|_| CryptoError::Unauthenticated)?,
            text: parts.text.as_bytes().into(),
        })
    }

    pub(crate) fn from_raw(raw: &'a [u8], order: CiphertextOrder) -> Result<Self, CryptoError> {
        Self::split_raw(raw, order).ok_or(CryptoError::Unauthenticated)
    }

    pub(crate) fn to_der(&self) -> Result<Vec<u8>, CryptoError> {
        self.try_to_der().map_err(|_| CryptoError::InputTooLong)
    }

    pub(crate) fn to_raw(&self, order: CiphertextOrder) -> Vec<u8> {
        let point = [&[UNCOMPRESSED], &self.x[..], &self.y].concat();
        match order {
            CiphertextOrder::C1C2C3 => [&point, &*self.text, &self.hash].concat(),
            CiphertextOrder::C1C3C2 => [&point, &self.hash[..], &*self.text].concat(),
        }
    }

    fn split_raw(raw: &'a [u8], order: CiphertextOrder) -> Option<Self> {
        let (&UNCOMPRESSED, rest) = raw.split_first()? else { return None };
        let (&x, rest) = rest.split_first_chunk()?;
        let (&y, rest) = rest.split_first_chunk()?;
        let (text, &hash) = match order {
            CiphertextOrder::C1C2C3 => rest.split_last_chunk()?,
            CiphertextOrder::C1C3C2 => rest.split_first_chunk().map(|(hash, text)| (text, hash))?,
        };
        Some(Self { x, y, hash, text: text.into() })
    }

    fn try_to_der(&self) -> der::Result<Vec<u8>> {
        Asn1 {
            x: UintRef::new(&self.x)?,
            y: UintRef::new(&self.y)?,
            hash: OctetStringRef::new(&self.hash)?,
            text: OctetStringRef::new(&self.text)?,
        }
        .to_der()
    }
}

/// `SM2Cipher` of GM/T 0009, section 7.2.
struct Asn1<'a> {
    x: UintRef<'a>,
    y: UintRef<'a>,
    hash: &'a OctetStringRef,
    text: &'a OctetStringRef,
}

impl<'a> DecodeValue<'a> for Asn1<'a> {
    type Error = der::Error;

    fn decode_value<R: Reader<'a>>(reader: &mut R, _: Header) -> der::Result<Self> {
        Ok(Self { x: reader.decode()?, y: reader.decode()?, hash: reader.decode()?, text: reader.decode()? })
    }
}

impl EncodeValue for Asn1<'_> {
    fn value_len(&self) -> der::Result<Length> {
        self.x.encoded_len()? + self.y.encoded_len()? + self.hash.encoded_len()? + self.text.encoded_len()?
    }

    fn encode_value(&self, writer: &mut impl Writer) -> der::Result<()> {
        self.x.encode(writer)?;
        self.y.encode(writer)?;
        self.hash.encode(writer)?;
        self.text.encode(writer)
    }
}

impl<'a> Sequence<'a> for Asn1<'a> {}

/// Tag of an uncompressed point (SEC 1, section 2.3.3).
const UNCOMPRESSED: u8 = 4;
