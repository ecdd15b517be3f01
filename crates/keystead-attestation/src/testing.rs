//! For tests only: signed attestation documents without an enclave (ENV-80).
//!
//! A [`TestAuthority`] is what the attestation infrastructure is for real enclaves: a chain of certificates under a root
//! of its own, and the key that signs documents. A host that trusts its root believes whatever a test writes, so this
//! module, behind the feature `testing`, has no place in a production build.

mod certificate;
mod document;

use keystead_crypto::{CryptoError, Entropy, KeyPairAlgorithm, Message, PrivateKey, Provider};
use keystead_types::Timestamp;
use x509_cert::der::asn1::UintRef;
use x509_cert::der::{self, Decode, Reader, SliceReader};

use crate::cbor;
use crate::cose::{SCHEME, SIGNATURE_LEN, to_be_signed};
use crate::{AttestationError, TrustAnchors};
pub use certificate::CertificateProfile;
pub use document::TestDocument;

/// A freshly generated root, the certificates below it, and the key of the last one.
#[derive(Debug)]
pub struct TestAuthority {
    certificates: Vec<Vec<u8>>,
    signer: Box<dyn PrivateKey>,
}

impl TestAuthority {
    /// A root, an intermediate and a leaf, as they are valid for a real document of `now`: the leaf for three hours.
    ///
    /// # Errors
    /// What the provider answers.
    pub fn generate(provider: &dyn Provider, entropy: &dyn Entropy, now: Timestamp) -> Result<Self, CryptoError> {
        let root = CertificateProfile::issuer("test.nitro-enclaves", now);
        let intermediate = CertificateProfile::issuer("intermediate.test.nitro-enclaves", now);
        let leaf = CertificateProfile::signer("enclave.test.nitro-enclaves", now);
        Self::with_profiles(&[root, intermediate, leaf], provider, entropy)
    }

    /// Certificates of these profiles, each issued by the one before it; the first issues itself. Nothing keeps them from
    /// breaking the rules.
    ///
    /// # Errors
    /// What the provider answers; [`CryptoError::InvalidInput`] without a profile.
    pub fn with_profiles(
        profiles: &[CertificateProfile],
        provider: &dyn Provider,
        entropy: &dyn Entropy,
    ) -> Result<Self, CryptoError> {
        let mut certificates = Vec::new();
        let mut issuer: Option<(&CertificateProfile, Box<dyn PrivateKey>)> = None;
        for profile in profiles {
            let key = provider.generate_key_pair(KeyPairAlgorithm::P384, entropy)?;
            let (name, signer) = match &issuer {
                Some((issuer, signer)) => (issuer.subject.as_str(), signer.as_ref()),
                None => (profile.subject.as_str(), key.as_ref()),
            };
            certificates.push(profile.issue(key.public().spki(), name, signer, entropy)?);
            issuer = Some((profile, key));
        }
        let (_, signer) = issuer.ok_or(CryptoError::InvalidInput)?;
        Ok(Self { certificates, signer })
    }

    /// Trust in this authority's root, and nothing else.
    ///
    /// # Errors
    /// [`AttestationError::CertificateChain`] when the profile of the root is that of none.
    pub fn trust_anchors(&self) -> Result<TrustAnchors, AttestationError> {
        TrustAnchors::new().with_certificate(self.certificates.first().map_or(&[], Vec::as_slice))
    }

    /// The certificates in DER: the root first, last the one whose key signs documents.
    pub fn certificates(&self) -> &[Vec<u8>] {
        &self.certificates
    }

    /// A document of `now`, to be filled and signed. It has one register, PCR0, of zeros.
    pub fn document(&self, now: Timestamp) -> TestDocument<'_> {
        TestDocument::new(self, now)
    }

    /// Signs any payload, under any protected header, as an untagged COSE_Sign1.
    ///
    /// # Errors
    /// What the provider answers.
    pub fn sign(&self, protected: &[u8], payload: &[u8], entropy: &dyn Entropy) -> Result<Vec<u8>, CryptoError> {
        let message = to_be_signed(protected, payload);
        let signature = self.signer.sign(SCHEME, Message::Raw(&message), entropy)?;
        let signature = fixed_length(&signature).map_err(|_| CryptoError::InvalidInput)?;
        let mut signed = vec![ARRAY_OF_4];
        cbor::push_bytes(&mut signed, protected);
        signed.push(EMPTY_MAP);
        cbor::push_bytes(&mut signed, payload);
        cbor::push_bytes(&mut signed, &signature);
        Ok(signed)
    }
}

/// A DER signature as r and s of 48 bytes each.
fn fixed_length(signature: &[u8]) -> Result<Vec<u8>, der::Error> {
    let numbers = SliceReader::new(signature)?
        .sequence(|numbers| -> Result<_, der::Error> { Ok([UintRef::decode(numbers)?, UintRef::decode(numbers)?]) })?;
    let mut fixed = Vec::with_capacity(SIGNATURE_LEN);
    for number in numbers {
        let bytes = number.as_bytes();
        fixed.resize(fixed.len() + (SIGNATURE_LEN / 2).saturating_sub(bytes.len()), 0);
        fixed.extend_from_slice(bytes);
    }
    Ok(fixed)
}

/// The protected header `{1: -35}`.
pub const PROTECTED_ES384: &[u8] = &[0xa1, 0x01, 0x38, 0x22];

const ARRAY_OF_4: u8 = 0x84;
const EMPTY_MAP: u8 = 0xa0;
