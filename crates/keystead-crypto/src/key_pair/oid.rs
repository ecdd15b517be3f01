//! Which kind of key an encoding holds, by its object identifiers.

use pkcs8::PrivateKeyInfoRef;
use pkcs8::der::asn1::{ObjectIdentifier, UintRef};
use pkcs8::der::{Decode, Header, SliceReader};
use pkcs8::spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoRef};

use super::KeyPairAlgorithm;
use crate::ber;

impl KeyPairAlgorithm {
    /// The kind of a public key, by the object identifiers of its SubjectPublicKeyInfo and, for RSA, by the size of its
    /// modulus. The key itself is not checked: that is for [`Provider::public_key`](crate::Provider::public_key).
    pub fn of_spki(spki: &[u8]) -> Option<Self> {
        let info = SubjectPublicKeyInfoRef::from_der(spki).ok()?;
        Self::of(&info.algorithm, || info.subject_public_key.as_bytes().and_then(modulus_bits_of_public))
    }

    /// The kind of a private key, by the object identifiers of its PKCS #8 form, DER or BER, and, for RSA, by the size
    /// of its modulus. The key itself is not checked: that is for
    /// [`Provider::private_key`](crate::Provider::private_key).
    pub fn of_pkcs8(pkcs8: &[u8]) -> Option<Self> {
        let der = ber::to_der(pkcs8).ok()?;
        let info = PrivateKeyInfoRef::from_der(der.expose()).ok()?;
        Self::of(&info.algorithm, || {
            let key = ber::to_der(info.private_key.as_bytes()).ok()?;
            modulus_bits_of_private(key.expose())
        })
    }

    /// The object identifier of the algorithm and, for elliptic curves, that of the curve.
    pub(crate) const fn oids(self) -> (ObjectIdentifier, Option<ObjectIdentifier>) {
        match self {
            Self::Rsa2048 | Self::Rsa3072 | Self::Rsa4096 => (RSA_ENCRYPTION, None),
            Self::P256 => (EC_PUBLIC_KEY, Some(SECP256R1)),
            Self::P384 => (EC_PUBLIC_KEY, Some(SECP384R1)),
            Self::P521 => (EC_PUBLIC_KEY, Some(SECP521R1)),
            Self::Secp256k1 => (EC_PUBLIC_KEY, Some(SECP256K1)),
            Self::Sm2 => (EC_PUBLIC_KEY, Some(SM2P256V1)),
            Self::Ed25519 => (ED25519, None),
            Self::MlDsa44 => (ML_DSA_44, None),
            Self::MlDsa65 => (ML_DSA_65, None),
            Self::MlDsa87 => (ML_DSA_87, None),
            Self::MlKem512 => (ML_KEM_512, None),
            Self::MlKem768 => (ML_KEM_768, None),
            Self::MlKem1024 => (ML_KEM_1024, None),
        }
    }

    /// Bits of the modulus; `None` for all but RSA.
    pub(crate) const fn modulus_bits(self) -> Option<usize> {
        match self {
            Self::Rsa2048 => Some(2048),
            Self::Rsa3072 => Some(3072),
            Self::Rsa4096 => Some(4096),
            _ => None,
        }
    }

    fn of(identifier: &AlgorithmIdentifierRef<'_>, modulus_bits: impl Fn() -> Option<usize>) -> Option<Self> {
        let curve = match identifier.parameters {
            Some(parameters) if identifier.oid == EC_PUBLIC_KEY => Some(parameters.decode_as().ok()?),
            _ => None,
        };
        let bits = if identifier.oid == RSA_ENCRYPTION { Some(modulus_bits()?) } else { None };
        Self::ALL
            .into_iter()
            .find(|algorithm| algorithm.oids() == (identifier.oid, curve) && algorithm.modulus_bits() == bits)
    }
}

/// Of RSAPublicKey, where the modulus comes first.
fn modulus_bits_of_public(der: &[u8]) -> Option<usize> {
    let mut reader = SliceReader::new(der).ok()?;
    Header::decode(&mut reader).ok()?;
    bits(UintRef::decode(&mut reader).ok()?)
}

/// Of RSAPrivateKey, where the modulus comes behind the version.
fn modulus_bits_of_private(der: &[u8]) -> Option<usize> {
    let mut reader = SliceReader::new(der).ok()?;
    Header::decode(&mut reader).ok()?;
    UintRef::decode(&mut reader).ok()?;
    bits(UintRef::decode(&mut reader).ok()?)
}

fn bits(number: UintRef<'_>) -> Option<usize> {
    let first = number.as_bytes().first()?;
    Some(8 * number.as_bytes().len() - first.leading_zeros() as usize)
}

const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const SECP256R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const SECP384R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const SECP521R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");
const SECP256K1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.10");
const SM2P256V1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.156.10197.1.301");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
const ML_DSA_44: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.3.17");
const ML_DSA_65: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.3.18");
const ML_DSA_87: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.3.19");
const ML_KEM_512: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.4.1");
const ML_KEM_768: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.4.2");
const ML_KEM_1024: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.4.3");
