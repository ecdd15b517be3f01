//! One X.509 certificate (RFC 5280) of the chain, under the narrow profile of ENV-75.

use std::time::Duration;

use keystead_crypto::{CryptoError, KeyPairAlgorithm, Message, Provider, PublicKey};
use keystead_types::Timestamp;
use x509_cert::der::asn1::ObjectIdentifier;
use x509_cert::der::oid::AssociatedOid;
use x509_cert::der::{Decode, Encode};
use x509_cert::ext::pkix::{BasicConstraints, KeyUsage};
use x509_cert::spki::AlgorithmIdentifierOwned;
use x509_cert::{TbsCertificate, Version};

use crate::cose::SCHEME;
use crate::{AttestationError, CertificateFault};

/// A certificate of version 3 with a P-384 key, signed by ECDSA with SHA-384, and no extension unheard of.
pub(crate) struct Certificate {
    parsed: x509_cert::Certificate,
    signed: Vec<u8>,
    spki: Vec<u8>,
    constraints: Option<BasicConstraints>,
    usage: Option<KeyUsage>,
}

impl Certificate {
    pub(crate) fn parse(der: &[u8]) -> Result<Self, CertificateFault> {
        let parsed = x509_cert::Certificate::from_der(der).map_err(encoding)?;
        // Bytes that one would not write so are not DER; and what is signed is what was read.
        if parsed.to_der().map_err(encoding)? != der {
            return Err(CertificateFault::Encoding);
        }
        let tbs = parsed.tbs_certificate();
        if tbs.version() != Version::V3 {
            return Err(CertificateFault::Version);
        }
        check_algorithms(&parsed)?;
        Ok(Self {
            signed: tbs.to_der().map_err(encoding)?,
            spki: tbs.subject_public_key_info().to_der().map_err(encoding)?,
            constraints: extension(tbs)?,
            usage: extension(tbs)?,
            parsed,
        })
    }

    pub(crate) fn is_valid_at(&self, now: Timestamp) -> bool {
        let validity = self.parsed.tbs_certificate().validity();
        let (Some(not_before), Some(not_after)) =
            (instant(validity.not_before.to_unix_duration()), instant(validity.not_after.to_unix_duration()))
        else {
            return false;
        };
        // Both ends are whole seconds and belong to the period (RFC 5280, section 4.1.2.5).
        not_before <= now && now < not_after.plus(Duration::from_secs(1))
    }

    /// Whether it may issue certificates, with `below` issuers between it and the leaf.
    pub(crate) fn check_issuer(&self, below: usize) -> Result<(), CertificateFault> {
        let Some(constraints) = self.constraints.as_ref().filter(|constraints| constraints.ca) else {
            return Err(CertificateFault::NotAnIssuer);
        };
        if !self.usage.as_ref().is_some_and(KeyUsage::key_cert_sign) {
            return Err(CertificateFault::NotAnIssuer);
        }
        match constraints.path_len_constraint {
            Some(allowed) if below > usize::from(allowed) => Err(CertificateFault::PathLength),
            _ => Ok(()),
        }
    }

    /// Whether it may sign documents and is no issuer.
    pub(crate) fn check_signer(&self) -> Result<(), CertificateFault> {
        let issues = self.constraints.as_ref().is_some_and(|constraints| {
            // A path length makes sense for issuers only.
            constraints.ca || constraints.path_len_constraint.is_some()
        });
        let signs = self.usage.as_ref().is_some_and(KeyUsage::digital_signature);
        if issues || !signs { Err(CertificateFault::NotASigner) } else { Ok(()) }
    }

    pub(crate) fn names_issuer(&self, issuer: &Self) -> bool {
        self.parsed.tbs_certificate().issuer() == issuer.parsed.tbs_certificate().subject()
    }

    /// Whether the signature is that of a key; an error when the provider cannot tell.
    pub(crate) fn is_signed_by(&self, key: &dyn PublicKey) -> Result<bool, AttestationError> {
        let Some(signature) = self.parsed.signature().as_bytes() else {
            return Ok(false);
        };
        match key.verify(SCHEME, Message::Raw(&self.signed), signature) {
            Ok(()) => Ok(true),
            Err(CryptoError::Unauthenticated) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// The key, ready for use; `None` when it is not a point of the curve.
    pub(crate) fn key(&self, provider: &dyn Provider) -> Result<Option<Box<dyn PublicKey>>, AttestationError> {
        match provider.public_key(KeyPairAlgorithm::P384, &self.spki) {
            Ok(key) => Ok(Some(key)),
            Err(CryptoError::InvalidKey) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

fn check_algorithms(certificate: &x509_cert::Certificate) -> Result<(), CertificateFault> {
    let tbs = certificate.tbs_certificate();
    let is_signature =
        |algorithm: &AlgorithmIdentifierOwned| algorithm.oid == ECDSA_WITH_SHA384 && algorithm.parameters.is_none();
    let key = &tbs.subject_public_key_info().algorithm;
    let curve = key.parameters.as_ref().and_then(|curve| curve.decode_as::<ObjectIdentifier>().ok());
    let all = is_signature(certificate.signature_algorithm())
        && is_signature(tbs.signature())
        && key.oid == EC_PUBLIC_KEY
        && curve == Some(SECP384R1);
    if all { Ok(()) } else { Err(CertificateFault::Algorithm) }
}

/// The extension of a type, if the certificate has it; an error if it has any twice, or one that one must know and
/// this verifier does not.
fn extension<'c, E: Decode<'c> + AssociatedOid>(tbs: &'c TbsCertificate) -> Result<Option<E>, CertificateFault> {
    let extensions = tbs.extensions().map_or(&[][..], |extensions| extensions);
    let mut found = None;
    for (index, extension) in extensions.iter().enumerate() {
        let id = extension.extn_id;
        let known = id == BasicConstraints::OID || id == KeyUsage::OID;
        let repeated = extensions.iter().take(index).any(|earlier| earlier.extn_id == id);
        if repeated || (extension.critical && !known) {
            return Err(CertificateFault::Extension);
        }
        if id == E::OID {
            found = Some(E::from_der(extension.extn_value.as_bytes()).map_err(|_| CertificateFault::Encoding)?);
        }
    }
    Ok(found)
}

fn instant(since_epoch: Duration) -> Option<Timestamp> {
    Timestamp::from_millis(i64::try_from(since_epoch.as_millis()).ok()?)
}

fn encoding(_: x509_cert::der::Error) -> CertificateFault {
    CertificateFault::Encoding
}

const ECDSA_WITH_SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.3");
const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const SECP384R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
