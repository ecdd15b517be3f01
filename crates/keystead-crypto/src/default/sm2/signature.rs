//! SM2DSA (GB/T 32918.2).

use ::sm2::elliptic_curve::ff::PrimeField;
use ::sm2::elliptic_curve::group::Group;
use ::sm2::elliptic_curve::ops::{MulByGeneratorVartime, Reduce};
use ::sm2::elliptic_curve::point::AffineCoordinates;
use ::sm2::{FieldBytes, ProjectivePoint, Scalar};
use sm3::{Digest, Sm3};
use zeroize::{Zeroize, Zeroizing};

use super::super::signature_der;
use super::key::{self, Sm2Private, Sm2Public};
use crate::{CryptoError, Entropy};

/// `SM3(Za || M)`.
pub(crate) fn e(za: &[u8; 32], message: &[u8]) -> [u8; 32] {
    let mut hash = Sm3::new();
    hash.update(za);
    hash.update(message);
    hash.finalize().into()
}

/// Signs `e`; the signature is DER.
pub(crate) fn sign(key: &Sm2Private, e: &[u8; 32], entropy: &dyn Entropy) -> Result<Vec<u8>, CryptoError> {
    loop {
        if let Some(signature) = sign_with(key, e, &key::nonce(entropy)?) {
            return signature.to_der();
        }
    }
}

/// The signature that the nonce `k` gives, if it gives one (ASY-43).
pub(crate) fn sign_with(key: &Sm2Private, e: &[u8; 32], k: &Zeroizing<Scalar>) -> Option<Signature> {
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
pub(crate) fn verify(key: &Sm2Public, e: &[u8; 32], signature: &[u8]) -> Result<(), CryptoError> {
    let Signature { r, s } = Signature::from_der(signature).ok_or(CryptoError::Unauthenticated)?;
    let t = r + s;
    if bool::from(t.is_zero()) {
        return Err(CryptoError::Unauthenticated);
    }
    let point = ProjectivePoint::mul_by_generator_and_mul_add_vartime(&s, &t, &key.projective());
    let valid = !bool::from(point.is_identity()) && r == number(e) + number(&point.to_affine().x().into());
    if valid { Ok(()) } else { Err(CryptoError::Unauthenticated) }
}

/// Two scalars in `[1, n-1]`.
pub(crate) struct Signature {
    r: Scalar,
    s: Scalar,
}

impl Signature {
    pub(crate) fn to_der(&self) -> Result<Vec<u8>, CryptoError> {
        signature_der::encode(&self.r.to_repr(), &self.s.to_repr())
    }

    fn from_der(der: &[u8]) -> Option<Self> {
        let (mut r, mut s) = ([0; 32], [0; 32]);
        signature_der::decode(der, &mut r, &mut s)?;
        Some(Self { r: *key::nonzero(&r)?, s: *key::nonzero(&s)? })
    }
}

/// The number that `bytes` stand for, modulo n.
fn number(bytes: &[u8; 32]) -> Scalar {
    Scalar::reduce(&FieldBytes::from(*bytes))
}
