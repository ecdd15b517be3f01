//! PKCS #8 and SubjectPublicKeyInfo, as every kind of key needs them.

use pkcs8::PrivateKeyInfoRef;
use pkcs8::der::asn1::{AnyRef, BitStringRef, OctetStringRef};
use pkcs8::der::{Decode, Encode, SecretDocument};
use pkcs8::spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoRef};

use crate::{CryptoError, KeyPairAlgorithm, SecretBytes, ber};

/// What PKCS #8 says of a private key.
pub(super) struct PrivateKeyInfo {
    /// The key in the form of its algorithm, in DER where that form is ASN.1.
    pub(super) private_key: SecretBytes,
    /// The public key that version 1 adds (RFC 5958).
    pub(super) public_key: Option<Vec<u8>>,
}

/// Reads PKCS #8, DER or BER, and checks that it is for `algorithm`.
pub(super) fn read_pkcs8(algorithm: KeyPairAlgorithm, pkcs8: &[u8]) -> Result<PrivateKeyInfo, CryptoError> {
    let der = ber::to_der(pkcs8)?;
    let info = PrivateKeyInfoRef::from_der(der.expose()).map_err(|_| CryptoError::InvalidKey)?;
    check_identifier(algorithm, &info.algorithm)?;
    let public_key = match info.public_key {
        Some(bits) => Some(bits.as_bytes().ok_or(CryptoError::InvalidKey)?.to_vec()),
        None => None,
    };
    Ok(PrivateKeyInfo { private_key: ber::to_der(info.private_key.as_bytes())?, public_key })
}

/// Writes PKCS #8, version 0, around a key in the form of its algorithm.
pub(super) fn write_pkcs8(algorithm: KeyPairAlgorithm, private_key: &[u8]) -> Result<SecretBytes, CryptoError> {
    let (oid, curve) = algorithm.oids();
    let key = OctetStringRef::new(private_key).map_err(|_| CryptoError::InvalidKey)?;
    let info = PrivateKeyInfoRef::new(AlgorithmIdentifierRef { oid, parameters: parameters(algorithm, &curve) }, key);
    let document = SecretDocument::encode_msg(&info).map_err(|_| CryptoError::InvalidKey)?;
    Ok(SecretBytes::from(document.as_bytes()))
}

/// Reads SubjectPublicKeyInfo, DER only, checks that it is for `algorithm`, and gives the key in it.
pub(super) fn read_spki(algorithm: KeyPairAlgorithm, spki: &[u8]) -> Result<&[u8], CryptoError> {
    let info = SubjectPublicKeyInfoRef::from_der(spki).map_err(|_| CryptoError::InvalidKey)?;
    check_identifier(algorithm, &info.algorithm)?;
    info.subject_public_key.as_bytes().ok_or(CryptoError::InvalidKey)
}

/// Writes SubjectPublicKeyInfo around a key in the form of its algorithm.
pub(super) fn write_spki(algorithm: KeyPairAlgorithm, public_key: &[u8]) -> Result<Vec<u8>, CryptoError> {
    let (oid, curve) = algorithm.oids();
    let subject_public_key = BitStringRef::from_bytes(public_key).map_err(|_| CryptoError::InvalidKey)?;
    let algorithm = AlgorithmIdentifierRef { oid, parameters: parameters(algorithm, &curve) };
    SubjectPublicKeyInfoRef { algorithm, subject_public_key }.to_der().map_err(|_| CryptoError::InvalidKey)
}

fn check_identifier(algorithm: KeyPairAlgorithm, identifier: &AlgorithmIdentifierRef<'_>) -> Result<(), CryptoError> {
    let (oid, curve) = algorithm.oids();
    let expected = AlgorithmIdentifierRef { oid, parameters: parameters(algorithm, &curve) };
    if *identifier == expected { Ok(()) } else { Err(CryptoError::InvalidKey) }
}

/// The named curve, NULL for RSA (RFC 3279, section 2.3.1), otherwise nothing.
fn parameters<'c>(algorithm: KeyPairAlgorithm, curve: &'c Option<pkcs8::ObjectIdentifier>) -> Option<AnyRef<'c>> {
    match curve {
        Some(curve) => Some(AnyRef::from(curve)),
        None => algorithm.modulus_bits().map(|_| AnyRef::NULL),
    }
}
