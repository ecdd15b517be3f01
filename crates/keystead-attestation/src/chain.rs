//! The certification path (ENV-75): from a trust anchor down to the certificate that signed the document.

use keystead_crypto::{Provider, PublicKey};
use keystead_types::Timestamp;

use crate::certificate::Certificate;
use crate::{AttestationError, CertificateFault, Expiry, TrustAnchors};

/// Verifies the path `issuers[0]`, …, `leaf`, and gives the key of the leaf.
///
/// It walks down from the root, so that no signature is computed over a certificate that no trusted key vouches for:
/// the work that an attacker can cause is bounded by the first forged one.
pub(crate) fn verify(
    issuers: &[&[u8]],
    leaf: &[u8],
    anchors: &TrustAnchors,
    provider: &dyn Provider,
    now: Timestamp,
) -> Result<Box<dyn PublicKey>, AttestationError> {
    let fault = |position, fault| AttestationError::CertificateChain { position, fault };
    if !issuers.first().is_some_and(|root| anchors.contains(root)) {
        return Err(fault(0, CertificateFault::NotAnAnchor));
    }

    let mut issuer: Option<(Certificate, Box<dyn PublicKey>)> = None;
    for (position, der) in issuers.iter().chain([&leaf]).enumerate() {
        let certificate = Certificate::parse(der).map_err(|wrong| fault(position, wrong))?;
        if !certificate.is_valid_at(now) {
            return Err(AttestationError::Expired(Expiry::Certificate(position)));
        }
        let constraints = match (issuers.len() - position).checked_sub(1) {
            Some(below) => certificate.check_issuer(below),
            None => certificate.check_signer(),
        };
        constraints.map_err(|wrong| fault(position, wrong))?;
        if let Some((issuer, key)) = &issuer {
            if !certificate.names_issuer(issuer) {
                return Err(fault(position, CertificateFault::Issuer));
            }
            if !certificate.is_signed_by(key.as_ref())? {
                return Err(fault(position, CertificateFault::Signature));
            }
        }
        let key = certificate.key(provider)?.ok_or(fault(position, CertificateFault::Algorithm))?;
        issuer = Some((certificate, key));
    }
    issuer.map(|(_, key)| key).ok_or(fault(0, CertificateFault::NotAnAnchor))
}
