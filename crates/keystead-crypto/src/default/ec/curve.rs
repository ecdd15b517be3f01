//! What distinguishes one curve from another.

use ecdsa::EcdsaCurve;
use elliptic_curve::sec1::ToSec1Point;
use elliptic_curve::{AffinePoint, CurveArithmetic, PublicKey};
use sha2::digest::block_api::BlockSizeUser;
use sha2::{Digest, Sha256, Sha384, Sha512};

use crate::{DigestAlgorithm, KeyPairAlgorithm};

/// A curve with the one hash function that goes with it.
pub(in crate::default) trait Curve: EcdsaCurve + CurveArithmetic {
    /// Its hash function.
    type Hash: Digest + BlockSizeUser;
    /// The same.
    const HASH: DigestAlgorithm;
    /// Its name.
    const ALGORITHM: KeyPairAlgorithm;
    /// Whether keys on it agree on secrets (chapter 30, section 19).
    const AGREES: bool;

    /// The uncompressed form of a point.
    fn encode(point: &AffinePoint<Self>) -> Vec<u8>;

    /// A point from its compressed or uncompressed form, on the curve and not infinity.
    fn decode(octets: &[u8]) -> Option<AffinePoint<Self>>;
}

macro_rules! curve {
    ($curve:ty, $hash:ident, $algorithm:ident, $agrees:literal) => {
        impl Curve for $curve {
            type Hash = $hash;
            const HASH: DigestAlgorithm = DigestAlgorithm::$hash;
            const ALGORITHM: KeyPairAlgorithm = KeyPairAlgorithm::$algorithm;
            const AGREES: bool = $agrees;

            fn encode(point: &AffinePoint<Self>) -> Vec<u8> {
                point.to_sec1_point(false).as_bytes().to_vec()
            }

            fn decode(octets: &[u8]) -> Option<AffinePoint<Self>> {
                PublicKey::<Self>::from_sec1_bytes(octets).ok().map(|key| *key.as_affine())
            }
        }
    };
}

curve!(p256::NistP256, Sha256, P256, true);
curve!(p384::NistP384, Sha384, P384, true);
curve!(p521::NistP521, Sha512, P521, true);
curve!(k256::Secp256k1, Sha256, Secp256k1, false);
