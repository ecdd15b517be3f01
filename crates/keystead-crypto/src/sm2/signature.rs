//! SM2DSA (GB/T 32918.2).

use ::sm2::elliptic_curve::ff::PrimeField;
use ::sm2::elliptic_curve::group::Group;
use ::sm2::elliptic_curve::ops::{MulByGeneratorVartime, Reduce};
use ::sm2::elliptic_curve::point::AffineCoordinates;
use ::sm2::{FieldBytes, ProjectivePoint, Scalar};
use der::asn1::UintRef;
use der::{Decode, DecodeValue, Encode, EncodeValue, Header, Length, Reader, Sequence, Writer};
use sm3::{Digest, Sm3};
use zeroize::{Zeroize, Zeroizing};

use super::key::{self, PrivateKey, PublicKey};
use crate::{CryptoError, Entropy};

/// `SM3(Za || M)`.
pub(crate) fn e(za: &[u8; 32], message: &[u8]) -> [u8; 32] {
    let mut hash = Sm3::new();
    hash.update(za);
    hash.update(message);
    hash.finalize().into()
}

/// Signs `e`; the signature is DER.
pub(crate) fn sign(key: &PrivateKey, e: &[u8; 32], entropy: &dyn Entropy) -> Result<Vec<u8>, CryptoError> {
    loop {
        if let Some(signature) = sign_with(key, e, &key::nonce(entropy)?) {
            return signature.to_der();
        }
    }
}

/// The signature that the nonce `k` gives, if it gives one (ASY-43).
pub(super) fn sign_with(key: &PrivateKey, e: &[u8; 32], k: &Zeroizing<Scalar>) -> Option<Signature> {
    let point = ProjectivePoint::mul_by_generator(k).to_affine();
    let r = number(e) + number(&point.x().into());
    let mut sum = r + **k;
    if bool::from(r.is_zero() | sum.is_zero()) {
        return None;
    }
    // (1 + d)^-1 (k - r d), with r d = r (1 + d) - r.
    let s = sum * key.inverse() - r;
    sum.zeroize();
    (!bool::from(s.is_zero())).then_some(Signature { r, s })
}

/// Checks a DER signature of `e`. Everything here is public, so the arithmetic is not constant time.
pub(crate) fn verify(key: &PublicKey, e: &[u8; 32], signature: &[u8]) -> Result<(), CryptoError> {
    let Signature { r, s } = Signature::from_der(signature)?;
    let t = r + s;
    if bool::from(t.is_zero()) {
        return Err(CryptoError::Unauthenticated);
    }
    let point = ProjectivePoint::mul_by_generator_and_mul_add_vartime(&s, &t, &key.projective());
    let valid = !bool::from(point.is_identity()) && r == number(e) + number(&point.to_affine().x().into());
    if valid { Ok(()) } else { Err(CryptoError::Unauthenticated) }
}

/// Two scalars in `[1, n-1]`.
pub(super) struct Signature {
    r: Scalar,
    s: Scalar,
}

impl Signature {
    pub(super) fn to_der(&self) -> Result<Vec<u8>, CryptoError> {
        let (r, s) = (self.r.to_repr(), self.s.to_repr());
        let parts = UintRef::new(&r).and_then(|r| Ok(Asn1 { r, s: UintRef::new(&s)? }));
        parts.and_then(|parts| parts.to_der()).map_err(|_| CryptoError::InvalidInput)
    }

    fn from_der(der: &[u8]) -> Result<Self, CryptoError> {
        let parts = Asn1::from_der(der).map_err(|_| CryptoError::Unauthenticated)?;
        let scalar = |value: UintRef<'_>| {
            let scalar = key::left_pad(value.as_bytes()).and_then(|bytes| key::nonzero(&bytes));
            scalar.map(|scalar| *scalar).ok_or(CryptoError::Unauthenticated)
        };
        Ok(Self { r: scalar(parts.r)?, s: scalar(parts.s)? })
    }
}

/// `SM2Signature` of GM/T 0009, section 7.3.
struct Asn1<'a> {
    r: UintRef<'a>,
    s: UintRef<'a>,
}

impl<'a> DecodeValue<'a> for Asn1<'a> {
    type Error = der::Error;

    fn decode_value<R: Reader<'a>>(reader: &mut R, _: Header) -> der::Result<Self> {
        Ok(Self { r: reader.decode()?, s: reader.decode()? })
    }
}

impl EncodeValue for Asn1<'_> {
    fn value_len(&self) -> der::Result<Length> {
        self.r.encoded_len()? + self.s.encoded_len()?
    }

    fn encode_value(&self, writer: &mut impl Writer) -> der::Result<()> {
        self.r.encode(writer)?;
        self.s.encode(writer)
    }
}

impl<'a> Sequence<'a> for Asn1<'a> {}

/// The number that `bytes` stand for, modulo n.
fn number(bytes: &[u8; 32]) -> Scalar {
    Scalar::reduce(&FieldBytes::from(*bytes))
}
