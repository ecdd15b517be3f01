//! SM2 keys and their encodings (ASY-54).

use std::fmt;

use ::sm2::elliptic_curve::ff::PrimeField;
use ::sm2::elliptic_curve::group::Group;
use ::sm2::elliptic_curve::point::AffineCoordinates;
use ::sm2::{AffinePoint, FieldBytes, ProjectivePoint, Scalar};
use der::asn1::{AnyRef, BitStringRef, ObjectIdentifier, OctetStringRef};
use der::{Decode, Encode};
use pkcs8::PrivateKeyInfoRef;
use pkcs8::spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoRef};
use sec1::{EcParameters, EcPrivateKey};
use sm3::{Digest, Sm3};
use zeroize::{Zeroize, Zeroizing};

use super::{DEFAULT_ID, MAX_ID_LEN};
use crate::{CryptoError, Entropy, SecretBytes};

/// A scalar in `[1, n-2]` and what is computed of it once.
pub(crate) struct PrivateKey {
    scalar: Zeroizing<Scalar>,
    /// `(1 + d)^-1`, of which every signature makes use.
    inverse: Zeroizing<Scalar>,
    public: PublicKey,
}

impl PrivateKey {
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
        let info = PrivateKeyInfoRef::from_der(pkcs8).map_err(|_| CryptoError::InvalidKey)?;
        check_algorithm(&info.algorithm)?;
        let inner = EcPrivateKey::from_der(info.private_key.as_bytes()).map_err(|_| CryptoError::InvalidKey)?;
        if inner.parameters.is_some_and(|EcParameters::NamedCurve(oid)| oid != SM2P256V1) {
            return Err(CryptoError::InvalidKey);
        }
        let bytes = Zeroizing::new(left_pad(inner.private_key).ok_or(CryptoError::InvalidKey)?);
        let scalar = Option::from(Scalar::from_repr(FieldBytes::from(*bytes))).map(Zeroizing::new);
        let key = scalar.and_then(Self::from_scalar).ok_or(CryptoError::InvalidKey)?;
        let outer = info.public_key.map(|bits| bits.as_bytes().ok_or(CryptoError::InvalidKey)).transpose()?;
        for point in [inner.public_key, outer].into_iter().flatten() {
            if parse_point(point)? != key.public.point {
                return Err(CryptoError::InvalidKey);
            }
        }
        Ok(key)
    }

    pub(crate) fn to_pkcs8(&self) -> Result<SecretBytes, CryptoError> {
        self.try_to_pkcs8().map_err(|_| CryptoError::InvalidKey)
    }

    /// The X coordinate of the Diffie-Hellman point with `peer`.
    pub(crate) fn agree(&self, peer: &PublicKey) -> SecretBytes {
        let mut point = (peer.projective() * *self.scalar).to_affine();
        let mut x = point.x();
        let shared = SecretBytes::from(&x[..]);
        x.zeroize();
        point.zeroize();
        shared
    }

    pub(crate) fn public(&self) -> &PublicKey {
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
        let public = PublicKey::from_point(ProjectivePoint::mul_by_generator(&scalar).to_affine()).ok()?;
        Some(Self { scalar, inverse, public })
    }

    fn try_to_pkcs8(&self) -> der::Result<SecretBytes> {
        let bytes = Zeroizing::new(<[u8; 32]>::from(self.scalar.to_repr()));
        let point = self.public.sec1();
        let inner = EcPrivateKey { private_key: &*bytes, parameters: None, public_key: Some(&point) };
        let inner = Zeroizing::new(inner.to_der()?);
        let info = PrivateKeyInfoRef::new(algorithm(), OctetStringRef::new(&inner)?);
        Ok(SecretBytes::from(info.to_der()?))
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey(Sm2)")
    }
}

/// A point on the curve other than infinity.
pub(crate) struct PublicKey {
    point: AffinePoint,
    spki: Vec<u8>,
    /// `Za` of the default ID.
    default_za: [u8; 32],
}

impl PublicKey {
    pub(crate) fn from_spki(spki: &[u8]) -> Result<Self, CryptoError> {
        let info = SubjectPublicKeyInfoRef::from_der(spki).map_err(|_| CryptoError::InvalidKey)?;
        check_algorithm(&info.algorithm)?;
        let point = info.subject_public_key.as_bytes().ok_or(CryptoError::InvalidKey)?;
        // RFC 5480 has no hybrid points.
        if point.first().is_some_and(|tag| HYBRID.contains(tag)) {
            return Err(CryptoError::InvalidKey);
        }
        Self::from_point(parse_point(point)?)
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
        let bits = key.sec1();
        let info = BitStringRef::from_bytes(&bits)
            .map(|subject_public_key| SubjectPublicKeyInfoRef { algorithm: algorithm(), subject_public_key });
        key.spki = info.and_then(|info| info.to_der()).map_err(|_| CryptoError::InvalidKey)?;
        Ok(key)
    }

    fn sec1(&self) -> [u8; 65] {
        let mut encoded = [4; 65];
        encoded[1..33].copy_from_slice(&self.point.x());
        encoded[33..].copy_from_slice(&self.point.y());
        encoded
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PublicKey(Sm2)")
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
pub(super) fn nonzero(bytes: &[u8; 32]) -> Option<Zeroizing<Scalar>> {
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

fn check_algorithm(algorithm: &AlgorithmIdentifierRef<'_>) -> Result<(), CryptoError> {
    let curve = algorithm.parameters_oid().map_err(|_| CryptoError::InvalidKey)?;
    if algorithm.oid == ID_EC_PUBLIC_KEY && curve == SM2P256V1 { Ok(()) } else { Err(CryptoError::InvalidKey) }
}

fn algorithm() -> AlgorithmIdentifierRef<'static> {
    AlgorithmIdentifierRef { oid: ID_EC_PUBLIC_KEY, parameters: Some(AnyRef::from(&SM2P256V1)) }
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

/// `id-ecPublicKey` (RFC 5480, section 2.1.1).
static ID_EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
/// The curve (GM/T 0006).
static SM2P256V1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.156.10197.1.301");
/// First bytes of hybrid points.
const HYBRID: [u8; 2] = [6, 7];

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
