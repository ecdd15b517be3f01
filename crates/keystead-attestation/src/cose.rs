//! COSE_Sign1 (RFC 9052), as far as attestation documents use it: ES384 and no external data.

use keystead_crypto::{CryptoError, DigestAlgorithm, Message, PublicKey, SignatureScheme};

use crate::cbor::{self, MapLengths, Reader};
use crate::{AttestationError, Malformed, der};

/// A signed payload (ENV-72). The unprotected header is passed over.
pub(crate) struct Sign1<'d> {
    protected: &'d [u8],
    payload: &'d [u8],
    signature: &'d [u8],
}

impl<'d> Sign1<'d> {
    pub(crate) fn parse(bytes: &'d [u8], maps: MapLengths) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes, maps);
        reader.pass_tag(TAG_SIGN1)?;
        if reader.array()? != 4 {
            return Err(Malformed::Cbor);
        }
        let protected = reader.bytes()?;
        check_protected(protected)?;
        skip_unprotected(&mut reader)?;
        let payload = reader.bytes()?;
        let signature = reader.bytes()?;
        reader.finish()?;
        if signature.len() != SIGNATURE_LEN {
            return Err(Malformed::SignatureLength);
        }
        Ok(Self { protected, payload, signature })
    }

    pub(crate) fn payload(&self) -> &'d [u8] {
        self.payload
    }

    /// Checks the signature with the key of the leaf certificate (ENV-73).
    pub(crate) fn verify(&self, key: &dyn PublicKey) -> Result<(), AttestationError> {
        let (r, s) = self.signature.split_at(SIGNATURE_LEN / 2);
        let signature = der::sequence(&[&der::unsigned(r), &der::unsigned(s)]);
        let message = to_be_signed(self.protected, self.payload);
        key.verify(SCHEME, Message::Raw(&message), &signature).map_err(|error| match error {
            CryptoError::Unauthenticated => AttestationError::Signature,
            other => AttestationError::Provider(other),
        })
    }
}

/// The Sig_structure: what is signed in the place of the payload.
pub(crate) fn to_be_signed(protected: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut message = vec![ARRAY_OF_4];
    message.extend_from_slice(CONTEXT);
    for part in [protected, &[], payload] {
        cbor::push_bytes(&mut message, part);
    }
    message
}

fn check_protected(protected: &[u8]) -> Result<(), Malformed> {
    let mut reader = Reader::new(protected, MapLengths::Definite);
    let mut pairs = reader.map()?;
    let is_es384 = reader.another(&mut pairs)?
        && reader.unsigned() == Ok(HEADER_ALGORITHM)
        && reader.negative() == Ok(ES384)
        && !reader.another(&mut pairs)?;
    if !is_es384 {
        return Err(Malformed::Algorithm);
    }
    reader.finish()
}

/// A map with whatever in it: nothing of it is trusted.
fn skip_unprotected(reader: &mut Reader<'_>) -> Result<(), Malformed> {
    if reader.is_map() { reader.skip(1) } else { Err(Malformed::Cbor) }
}

pub(crate) const SCHEME: SignatureScheme = SignatureScheme::Ecdsa(DigestAlgorithm::Sha384);
/// r and s, as long as the field of P-384.
pub(crate) const SIGNATURE_LEN: usize = 96;

const TAG_SIGN1: u64 = 18;
const HEADER_ALGORITHM: u64 = 1;
/// -35, as a CBOR argument.
const ES384: u64 = 34;
const ARRAY_OF_4: u8 = 0x84;
/// The text string `Signature1`.
const CONTEXT: &[u8] = b"\x6aSignature1";
