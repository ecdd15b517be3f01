//! ECDSA and ECDH on the NIST curves and secp256k1.
//!
//! SM2 has a module of its own: its scalars have another range and its schemes nothing in common with these (ASY-17).

mod curve;

use std::fmt;

use ecdsa::{EcdsaCurve, Signature, hazmat};
use elliptic_curve::ff::PrimeField;
use elliptic_curve::point::AffineCoordinates;
use elliptic_curve::{
    AffinePoint, FieldBytes, Generate, NonZeroScalar, ProjectivePoint,
    group::{Curve as _, Group},
};
use pkcs8::der::{Decode, SecretDocument};
use sec1::EcPrivateKey;
use zeroize::{Zeroize, Zeroizing};

use super::encoding;
use super::key_pair::prehash;
use super::rng::KeyRng;
use super::signature_der;
use crate::{
    CryptoError, Entropy, KeyPairAlgorithm, Message, PrivateKey, PublicKey, SecretBytes, SignatureScheme,
    constant_time_eq,
};
pub(super) use curve::Curve;

/// A scalar and its point. The scalar is wiped on drop.
pub(super) struct EcPrivate<C: Curve> {
    scalar: Zeroizing<NonZeroScalar<C>>,
    public: EcPublic<C>,
}

impl<C: Curve> EcPrivate<C> {
    pub(super) fn generate(entropy: &dyn Entropy) -> Result<Self, CryptoError> {
        NonZeroScalar::try_generate_from_rng(&mut KeyRng(entropy)).and_then(Self::new)
    }

    /// Reads RFC 5915 in PKCS #8, and checks what IMP-33 asks for.
    pub(super) fn from_pkcs8(pkcs8: &[u8]) -> Result<Self, CryptoError> {
        let info = encoding::read_pkcs8(C::ALGORITHM, pkcs8)?;
        let key = EcPrivateKey::from_der(info.private_key.expose()).map_err(|_| CryptoError::InvalidKey)?;
        let (_, curve) = C::ALGORITHM.oids();
        if key.parameters.is_some_and(|parameters| parameters.named_curve() != curve) {
            return Err(CryptoError::InvalidKey);
        }
        let private = Self::new(scalar(key.private_key).ok_or(CryptoError::InvalidKey)?)?;
        for point in [key.public_key, info.public_key.as_deref()].into_iter().flatten() {
            if parse_point::<C>(point).is_none_or(|point| ProjectivePoint::<C>::from(point) != private.public.point) {
                return Err(CryptoError::InvalidKey);
            }
        }
        Ok(private)
    }

    /// RFC 6979; deterministic where nothing is added.
    fn sign_digest(&self, digest: &[u8], additional: &[u8]) -> Result<Vec<u8>, CryptoError> {
        let (signature, _) = hazmat::sign_prehashed_rfc6979::<C, C::Hash>(&self.scalar, digest, additional);
        let (r, s) = signature.split_bytes();
        signature_der::encode(&r, &s)
    }

    fn new(scalar: NonZeroScalar<C>) -> Result<Self, CryptoError> {
        let scalar = Zeroizing::new(scalar);
        let point = ProjectivePoint::<C>::mul_by_generator(&scalar);
        Ok(Self { public: EcPublic::new(point)?, scalar })
    }
}

impl<C: Curve> PrivateKey for EcPrivate<C> {
    fn public(&self) -> &dyn PublicKey {
        &self.public
    }

    fn to_pkcs8(&self) -> Result<SecretBytes, CryptoError> {
        let scalar = Zeroizing::new(Vec::from(self.scalar.to_repr().as_slice()));
        let point = C::encode(&self.public.point.to_affine());
        let key = EcPrivateKey { private_key: &scalar, parameters: None, public_key: Some(&point) };
        let key = SecretDocument::encode_msg(&key).map_err(|_| CryptoError::InvalidKey)?;
        encoding::write_pkcs8(C::ALGORITHM, key.as_bytes())
    }

    /// Hedged: RFC 6979 with fresh entropy as additional data (section 3.6), so that neither a weak source nor a fault
    /// in one of two equal signatures tells the key. On secp256k1 S comes out low (ASY-35).
    fn sign(
        &self,
        scheme: SignatureScheme,
        message: Message<'_>,
        entropy: &dyn Entropy,
    ) -> Result<Vec<u8>, CryptoError> {
        require::<C>(scheme)?;
        let digest = prehash(C::HASH, message)?;
        let mut additional = Zeroizing::new([0; 32]);
        entropy.fill_nonce(additional.as_mut())?;
        self.sign_digest(digest.as_ref(), additional.as_ref())
    }

    fn agree(&self, peer: &[u8]) -> Result<SecretBytes, CryptoError> {
        if !C::AGREES {
            return Err(CryptoError::Unsupported);
        }
        let peer = EcPublic::<C>::from_spki(peer)?;
        // No NIST curve has a cofactor: the product is a point of the whole, prime order.
        let mut product = peer.point * **self.scalar;
        let mut x = product.to_affine().x();
        let secret = SecretBytes::from(x.as_slice());
        x.zeroize();
        product.zeroize();
        Ok(secret)
    }
}

impl<C: Curve> fmt::Debug for EcPrivate<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EcPrivate({:?}, redacted)", C::ALGORITHM)
    }
}

/// A point other than infinity, ready for use.
pub(super) struct EcPublic<C: Curve> {
    point: ProjectivePoint<C>,
    spki: Vec<u8>,
}

impl<C: Curve> EcPublic<C> {
    /// Reads SubjectPublicKeyInfo; its point may be in any of the three forms (X9.62, 4.3.6).
    pub(super) fn from_spki(spki: &[u8]) -> Result<Self, CryptoError> {
        let point = parse_point::<C>(encoding::read_spki(C::ALGORITHM, spki)?).ok_or(CryptoError::InvalidKey)?;
        Self::new(point.into())
    }

    fn new(point: ProjectivePoint<C>) -> Result<Self, CryptoError> {
        let spki = encoding::write_spki(C::ALGORITHM, &C::encode(&point.to_affine()))?;
        Ok(Self { point, spki })
    }
}

impl<C: Curve> PublicKey for EcPublic<C> {
    fn algorithm(&self) -> KeyPairAlgorithm {
        C::ALGORITHM
    }

    fn spki(&self) -> &[u8] {
        &self.spki
    }

    fn verify(&self, scheme: SignatureScheme, message: Message<'_>, signature: &[u8]) -> Result<(), CryptoError> {
        require::<C>(scheme)?;
        let digest = prehash(C::HASH, message)?;
        parse_signature::<C>(signature)
            .and_then(|signature| hazmat::verify_prehashed(&self.point, digest.as_ref(), &signature).ok())
            .ok_or(CryptoError::Unauthenticated)
    }
}

impl<C: Curve> fmt::Debug for EcPublic<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EcPublic({:?})", C::ALGORITHM)
    }
}

/// Each curve has exactly one scheme (chapter 30, section 5).
fn require<C: Curve>(scheme: SignatureScheme) -> Result<(), CryptoError> {
    if scheme == SignatureScheme::Ecdsa(C::HASH) { Ok(()) } else { Err(CryptoError::Unsupported) }
}

/// A scalar in [1, n-1]; shorter octets are padded, longer ones must start with zeros.
fn scalar<C: Curve>(octets: &[u8]) -> Option<NonZeroScalar<C>> {
    let mut repr = FieldBytes::<C>::default();
    let width = repr.len();
    let (excess, octets) = octets.split_at(octets.len().saturating_sub(width));
    if !constant_time_eq(excess, &vec![0; excess.len()]) {
        return None;
    }
    repr.as_mut_slice().get_mut(width - octets.len()..)?.copy_from_slice(octets);
    let scalar = NonZeroScalar::from_repr(repr).into_option();
    repr.zeroize();
    scalar
}

/// A point on the curve, not infinity: compressed, uncompressed, or both (hybrid).
fn parse_point<C: Curve>(octets: &[u8]) -> Option<AffinePoint<C>> {
    let hybrid = match octets {
        [tag @ (0x06 | 0x07), ..] => *tag,
        [0x02..=0x04, ..] => return C::decode(octets),
        _ => return None,
    };
    let (_, coordinates) = octets.split_first()?;
    if coordinates.last()? & 1 != hybrid & 1 {
        return None;
    }
    C::decode(&[&[0x04], coordinates].concat())
}

/// Strict DER with both numbers in [1, n-1]; S in either half (ASY-33, ASY-34).
fn parse_signature<C: Curve>(der: &[u8]) -> Option<Signature<C>> {
    let (mut r, mut s) = (FieldBytes::<C>::default(), FieldBytes::<C>::default());
    signature_der::decode(der, &mut r, &mut s)?;
    let signature = Signature::<C>::from_scalars(r, s).ok()?;
    // The crate refuses a high S where it makes only low ones.
    Some(if <C as EcdsaCurve>::NORMALIZE_S { signature.normalize_s() } else { signature })
}

#[cfg(all(test, feature = "conformance"))]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;
    use crate::conformance::rfc_6979_vectors;

    /// Spec: ASY-02, ASY-32, ASY-37
    #[test]
    fn without_entropy_signatures_are_those_of_rfc_6979() {
        check::<p256::NistP256>();
        check::<p384::NistP384>();
        check::<p521::NistP521>();
    }

    fn check<C: Curve>() {
        for (pkcs8, message, signature) in rfc_6979_vectors(C::ALGORITHM) {
            let key = EcPrivate::<C>::from_pkcs8(&pkcs8).unwrap();
            let digest = prehash(C::HASH, Message::Raw(message.as_bytes())).unwrap();
            assert_eq!(key.sign_digest(digest.as_ref(), &[]).unwrap(), signature, "{:?}: {message}", C::ALGORITHM);
        }
    }
}
