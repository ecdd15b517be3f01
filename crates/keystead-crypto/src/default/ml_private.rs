//! The forms of ML-DSA and ML-KEM private keys inside PKCS #8 (RFC 9881, section 6; RFC 9935, section 6).

use pkcs8::der::asn1::{ContextSpecific, OctetStringRef};
use pkcs8::der::{self, Decode, Encode, Reader, SliceReader, TagMode, TagNumber};
use zeroize::Zeroizing;

use crate::CryptoError;

/// The seed, what follows from it, or both.
pub(super) enum MlPrivate<'k> {
    Seed(&'k [u8]),
    Expanded(&'k [u8]),
    Both { seed: &'k [u8], expanded: &'k [u8] },
}

impl<'k> MlPrivate<'k> {
    pub(super) fn from_der(der: &'k [u8]) -> Result<Self, CryptoError> {
        Self::decode(der).map_err(|_| CryptoError::InvalidKey)
    }

    /// The form in DER, without what is redundant of `Both`.
    pub(super) fn to_der(&self) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        self.encode().map_err(|_| CryptoError::InvalidKey)
    }

    fn decode(der: &'k [u8]) -> der::Result<Self> {
        let mut reader = SliceReader::new(der)?;
        let form = match der.first() {
            Some(&SEQUENCE) => reader.sequence(|both| {
                let (seed, expanded) = (<&OctetStringRef>::decode(both)?, <&OctetStringRef>::decode(both)?);
                Ok::<_, der::Error>(Self::Both { seed: seed.as_bytes(), expanded: expanded.as_bytes() })
            })?,
            Some(&OCTET_STRING) => Self::Expanded(<&OctetStringRef>::decode(&mut reader)?.as_bytes()),
            _ => {
                let seed = ContextSpecific::<&OctetStringRef>::decode_implicit(&mut reader, SEED)?;
                Self::Seed(seed.ok_or_else(|| der::ErrorKind::Failed.to_error())?.value.as_bytes())
            }
        };
        reader.finish()?;
        Ok(form)
    }

    fn encode(&self) -> der::Result<Zeroizing<Vec<u8>>> {
        let bytes = match self {
            Self::Seed(seed) | Self::Both { seed, .. } => {
                let value = OctetStringRef::new(seed)?;
                ContextSpecific { tag_number: SEED, tag_mode: TagMode::Implicit, value }.to_der()?
            }
            Self::Expanded(expanded) => OctetStringRef::new(expanded)?.to_der()?,
        };
        Ok(Zeroizing::new(bytes))
    }
}

const SEED: TagNumber = TagNumber(0);
const OCTET_STRING: u8 = 0x04;
const SEQUENCE: u8 = 0x30;
