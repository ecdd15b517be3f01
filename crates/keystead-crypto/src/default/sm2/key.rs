//! SM2 keys and their encodings (ASY-54).

use std::fmt;

use ::sm2::elliptic_curve::ff::PrimeField;
use ::sm2::elliptic_curve::group::Group;
use ::sm2::elliptic_curve::point::AffineCoordinates;
use ::sm2::{AffinePoint, FieldBytes, ProjectivePoint, Scalar};
use pkcs8::der::{Decode, SecretDocument};
use sec1::EcPrivateKey;
use sm3::{Digest, Sm3};
use zeroize::{Zeroize, Zeroizing};

use super::super::encoding;
use crate::sm2::{DEFAULT_ID, MAX_ID_LEN};
use crate::{CryptoError, Entropy, KeyPairAlgorithm, SecretBytes};

/// A scalar in `[1, n-2]` and what is computed of it once.
pub(crate) struct Sm2Private {
    scalar: Zeroizing<Scalar>,
    /// `(1 + d)^-1`, of which every signature makes use.
    inverse: Zeroizing<Scalar>,
    public: Sm2Public,
}

impl Sm2Private {
    pub(crate) fn generate(entropy: &dyn Entropy) -> Result<Self, CryptoError> {
        for _ in 0..MAX_DRAWS {
            if let Some(key) = Self::from_scalar(nonce(entropy)?) {
                return Ok(key);
            }
        }
        Err(CryptoError::Entropy)
    }

    /// Reads PKCS #8 as IMP-33 says: a named curve wherever there are parameters, and a public point that fits, if
    /// there is one.
    pub(crate) fn from_pkcs8(pkcs8: &[u8]) -> Result<Self, CryptoError> {
        let info = encoding::read_pkcs8(KeyPairAlgorithm::Sm2, pkcs8)?;
        let inner = EcPrivateKey::from_der(info.private_key.expose()).map_err(|_| CryptoError::InvalidKey)?;
        let (_, curve) = KeyPairAlgorithm::Sm2.oids();
        if inner.parameters.is_some_and(|parameters| parameters.named_curve() != curve) {
            return Err(CryptoError::InvalidKey);
        }
        let bytes = Zeroizing::new(left_pad(inner.private_key).ok_or(CryptoError::InvalidKey)?);
        let scalar = Option::from(Scalar::from_repr(FieldBytes::from(*bytes))).map(Zeroizing::new);
        let key = scalar.and_then(Self::from_scalar).ok_or(CryptoError::InvalidKey)?;
        for point in [inner.public_key, info.public_key.as_deref()].into_iter().flatten() {
            if parse_point(point)? != key.public.point {
                return Err(CryptoError::InvalidKey);
            }
        }
        Ok(key)
    }

    pub(crate) fn to_pkcs8(&self) -> Result<SecretBytes, CryptoError> {
        let bytes = Zeroizing::new(<[u8; 32]>::from(self.scalar.to_repr()));
        let point = self.public.sec1();
        let inner = EcPrivateKey { private_key: &*bytes, parameters: None, public_key: Some(&point) };
        let inner = SecretDocument::encode_msg(&inner).map_err(|_| CryptoError::InvalidKey)?;
        encoding::write_pkcs8(KeyPairAlgorithm::Sm2, inner.as_bytes())
    }

    /// The X coordinate of the Diffie-Hellman point with `peer`.
    pub(crate) fn agree(&self, peer: &Sm2Public) -> SecretBytes {
        let mut point = (peer.projective() * *self.scalar).to_affine();
        let mut x = point.x();
        let shared = SecretBytes::from(&x[..]);
        x.zeroize();
        point.zeroize();
        shared
    }

    pub(crate) fn public(&self) -> &Sm2Public {
        &self.public
    }

    pub(super) fn scalar(&self) -> &Scalar {
        &self.scalar
    }

    pub(super) fn inverse(&self) -> &Scalar {
        &self.inverse
    }

    /// `None` unless `scalar` is in `[1, n-2]`.
    fn from_scalar(scalar: Zeroizing<Scalar>) -> Option<Self> {
        if bool::from(scalar.is_zero()) {
            return None;
        }
        let inverse = Option::from((*scalar + Scalar::ONE).invert()).map(Zeroizing::new)?;
        let public = Sm2Public::from_point(ProjectivePoint::mul_by_generator(&scalar).to_affine()).ok()?;
        Some(Self { scalar, inverse, public })
    }
}

impl fmt::Debug for Sm2Private {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sm2Private(redacted)")
    }
}

/// A point on the curve other than infinity.
pub(crate) struct Sm2Public {
    point: AffinePoint,
    spki: Vec<u8>,
    /// `Za` of the default ID.
    default_za: [u8; 32],
}

impl Sm2Public {
    pub(crate) fn from_spki(spki: &[u8]) -> Result<Self, CryptoError> {
        Self::from_point(parse_point(encoding::read_spki(KeyPairAlgorithm::Sm2, spki)?)?)
    }

    pub(crate) fn spki(&self) -> &[u8] {
        &self.spki
    }

    pub(crate) fn za(&self, id: &[u8]) -> Result<[u8; 32], CryptoError> {
        za(&self.point, id)
    }

    pub(crate) fn default_za(&self) -> &[u8; 32] {
        &self.default_za
    }

    pub(super) fn projective(&self) -> ProjectivePoint {
        ProjectivePoint::from(self.point)
    }

    fn from_point(point: AffinePoint) -> Result<Self, CryptoError> {
        let mut key = Self { point, spki: Vec::new(), default_za: za(&point, DEFAULT_ID)? };
        key.spki = encoding::write_spki(KeyPairAlgorithm::Sm2, &key.sec1())?;
        Ok(key)
    }

    fn sec1(&self) -> [u8; 65] {
        let mut encoded = [4; 65];
        encoded[1..33].copy_from_slice(&self.point.x());
        encoded[33..].copy_from_slice(&self.point.y());
        encoded
    }
}

impl fmt::Debug for Sm2Public {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sm2Public")
    }
}

/// A random scalar in `[1, n-1]`.
pub(crate) fn nonce(entropy: &dyn Entropy) -> Result<Zeroizing<Scalar>, CryptoError> {
    let mut bytes = Zeroizing::new([0; 32]);
    for _ in 0..MAX_DRAWS {
        entropy.fill(&mut *bytes)?;
        if let Some(scalar) = nonzero(&bytes) {
            return Ok(scalar);
        }
    }
    Err(CryptoError::Entropy)
}

/// The scalar that `bytes` stand for, if it is in `[1, n-1]`.
pub(crate) fn nonzero(bytes: &[u8; 32]) -> Option<Zeroizing<Scalar>> {
    let scalar = Option::<Scalar>::from(Scalar::from_repr(FieldBytes::from(*bytes))).map(Zeroizing::new)?;
    (!bool::from(scalar.is_zero())).then_some(scalar)
}

/// `bytes` as a number of 32 bytes; `None` when it is greater than that.
pub(super) fn left_pad(bytes: &[u8]) -> Option<[u8; 32]> {
    let excess = bytes.len().saturating_sub(32);
    let (zeros, digits) = bytes.split_at(excess);
    let mut padded = [0; 32];
    padded[32 - digits.len()..].copy_from_slice(digits);
    zeros.iter().all(|&byte| byte == 0).then_some(padded)
}

fn za(point: &AffinePoint, id: &[u8]) -> Result<[u8; 32], CryptoError> {
    if id.len() > MAX_ID_LEN {
        return Err(CryptoError::InputTooLong);
    }
    let entl = (8 * id.len()) as u16;
    let mut hash = Sm3::new();
    hash.update(entl.to_be_bytes());
    hash.update(id);
    hash.update(CURVE);
    hash.update(point.x());
    hash.update(point.y());
    Ok(hash.finalize().into())
}

/// Reads a point that is compressed, uncompressed or hybrid (SEC 1, section 2.3.4; ANSI X9.62, section 4.3.6).
fn parse_point(bytes: &[u8]) -> Result<AffinePoint, CryptoError> {
    let (&tag, coordinates) = bytes.split_first().ok_or(CryptoError::InvalidKey)?;
    let key = match tag {
        2..=4 => ::sm2::PublicKey::from_sec1_bytes(bytes),
        6..=7 if coordinates.last().is_some_and(|y| y % 2 == tag % 2) => {
            ::sm2::PublicKey::from_sec1_bytes(&[&[4], coordinates].concat())
        }
        _ => return Err(CryptoError::InvalidKey),
    };
    key.map(|key| *key.as_affine()).map_err(|_| CryptoError::InvalidKey)
}

/// Draws after which a source of randomness counts as broken. A sound one needs a second draw once in 2^32.
const MAX_DRAWS: usize = 16;

/// `a || b || Gx || Gy` (GB/T 32918.5).
#[rustfmt::skip]
const CURVE: [u8; 128] = [
    0xff, 0xff, 0xff, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfc,
    0x28, 0xe9, 0xfa, 0x9e, 0x9d, 0x9f, 0x5e, 0x34, 0x4d, 0x5a, 0x9e, 0x4b, 0xcf, 0x65, 0x09, 0xa7,
    0xf3, 0x97, 0x89, 0xf5, 0x15, 0xab, 0x8f, 0x92, 0xdd, 0xbc, 0xbd, 0x41, 0x4d, 0x94, 0x0e, 0x93,
    0x32, 0xc4, 0xae, 0x2c, 0x1f, 0x19, 0x81, 0x19, 0x5f, 0x99, 0x04, 0x46, 0x6a, 0x39, 0xc9, 0x94,
    0x8f, 0xe3, 0x0b, 0xbf, 0xf2, 0x66, 0x0b, 0xe1, 0x71, 0x5a, 0x45, 0x89, 0x33, 0x4c, 0x74, 0xc7,
    0xbc, 0x37, 0x36, 0xa2, 0xf4, 0xf6, 0x77, 0x9c, 0x59, 0xbd, 0xce, 0xe3, 0x6b, 0x69, 0x21, 0x53,
    0xd0, 0xa9, 0x87, 0x7c, 0xc6, 0x2a, 0x47, 0x40, 0x02, 0xdf, 0x32, 0xe5, 0x21, 0x39, 0xf0, 0xa0,
];
