//! The key to which a response is encrypted.

use keystead_crypto::{CryptoError, KeyPairAlgorithm, Provider, PublicKey};
use x509_cert::der::asn1::{AnyRef, ObjectIdentifier, UintRef};
use x509_cert::der::{self, Decode, Reader, SliceReader};
use x509_cert::spki::SubjectPublicKeyInfoRef;

use crate::{AttestationError, RecipientKeyError};

/// An RSA public key of 2,048, 3,072 or 4,096 bits (ENV-78), ready for use.
#[derive(Debug)]
pub struct RecipientKey(Box<dyn PublicKey>);

impl RecipientKey {
    /// Reads a DER SubjectPublicKeyInfo.
    ///
    /// # Errors
    /// [`AttestationError::PublicKey`], or [`AttestationError::Provider`] when the provider has no RSA.
    pub fn from_spki(spki: &[u8], provider: &dyn Provider) -> Result<Self, AttestationError> {
        let algorithm = algorithm_of(spki)?;
        match provider.public_key(algorithm, spki) {
            Ok(key) => Ok(Self(key)),
            Err(CryptoError::InvalidKey) => Err(RecipientKeyError::NotRsa.into()),
            Err(error) => Err(error.into()),
        }
    }

    /// The key as it stood in the document: DER SubjectPublicKeyInfo.
    pub fn spki(&self) -> &[u8] {
        self.0.spki()
    }

    /// Its size.
    pub fn algorithm(&self) -> KeyPairAlgorithm {
        self.0.algorithm()
    }

    pub(crate) fn key(&self) -> &dyn PublicKey {
        self.0.as_ref()
    }
}

fn algorithm_of(spki: &[u8]) -> Result<KeyPairAlgorithm, RecipientKeyError> {
    let not_rsa = RecipientKeyError::NotRsa;
    let info = SubjectPublicKeyInfoRef::from_der(spki).map_err(|_| not_rsa)?;
    if info.algorithm.oid != RSA_ENCRYPTION || info.algorithm.parameters != Some(AnyRef::NULL) {
        return Err(not_rsa);
    }
    let key = info.subject_public_key.as_bytes().ok_or(not_rsa)?;
    let (modulus, exponent) = read_rsa_key(key).map_err(|_| not_rsa)?;
    if !is_odd_and_at_least_3(exponent.as_bytes()) {
        return Err(RecipientKeyError::Size);
    }
    match bits(modulus.as_bytes()) {
        2048 => Ok(KeyPairAlgorithm::Rsa2048),
        3072 => Ok(KeyPairAlgorithm::Rsa3072),
        4096 => Ok(KeyPairAlgorithm::Rsa4096),
        _ => Err(RecipientKeyError::Size),
    }
}

/// `RSAPublicKey` (RFC 8017, appendix A.1.1).
fn read_rsa_key(key: &[u8]) -> Result<(UintRef<'_>, UintRef<'_>), der::Error> {
    let mut reader = SliceReader::new(key)?;
    let numbers = reader
        .sequence(|numbers| -> Result<_, der::Error> { Ok((UintRef::decode(numbers)?, UintRef::decode(numbers)?)) })?;
    reader.finish()?;
    Ok(numbers)
}

/// Significant bits of a number without leading zero bytes.
fn bits(number: &[u8]) -> usize {
    number.len() * 8 - number.first().map_or(0, |first| first.leading_zeros() as usize)
}

fn is_odd_and_at_least_3(number: &[u8]) -> bool {
    number.last().is_some_and(|last| last & 1 == 1) && bits(number) >= 2
}

const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
