//! What a host trusts.

use std::time::Duration;

use keystead_types::Timestamp;
use x509_cert::der::Document;

use crate::cbor::MapLengths;
use crate::certificate::Certificate;
use crate::{AttestationError, CertificateFault, Expiry};

/// The roots that a host trusts, and how old a document may be.
///
/// Without a root every document is refused (ENV-70). The library brings none (ENV-94): get the root of the public
/// enclave PKI from its operator, check its fingerprint against the published one, and store it with your
/// configuration. See the crate documentation.
#[derive(Clone, Debug)]
pub struct TrustAnchors {
    certificates: Vec<Vec<u8>>,
    max_age: Duration,
    max_clock_skew: Duration,
    maps: MapLengths,
}

impl TrustAnchors {
    /// No roots; documents of the last 5 minutes, clocks that are 5 minutes apart (ENV-77).
    pub fn new() -> Self {
        Self {
            certificates: Vec::new(),
            max_age: DEFAULT_WINDOW,
            max_clock_skew: DEFAULT_WINDOW,
            maps: MapLengths::Definite,
        }
    }

    /// Trusts one root more, given as DER.
    ///
    /// # Errors
    /// [`AttestationError::CertificateChain`] when it is not a version 3 certificate of a P-384 key.
    pub fn with_certificate(mut self, der: &[u8]) -> Result<Self, AttestationError> {
        Certificate::parse(der).map_err(|fault| AttestationError::CertificateChain { position: 0, fault })?;
        self.certificates.push(der.to_vec());
        Ok(self)
    }

    /// Trusts one root more, given as PEM.
    ///
    /// # Errors
    /// As [`TrustAnchors::with_certificate`].
    pub fn with_pem(self, pem: &str) -> Result<Self, AttestationError> {
        let fault = CertificateFault::Encoding;
        match Document::from_pem(pem) {
            Ok((PEM_LABEL, certificate)) => self.with_certificate(certificate.as_bytes()),
            _ => Err(AttestationError::CertificateChain { position: 0, fault }),
        }
    }

    /// Refuses documents that are older; zero allows any age (ENV-77). A document never outlives its certificates.
    #[must_use]
    pub fn with_max_age(mut self, max_age: Duration) -> Self {
        self.max_age = max_age;
        self
    }

    /// Refuses documents that are dated further in the future (ENV-77).
    #[must_use]
    pub fn with_max_clock_skew(mut self, max_clock_skew: Duration) -> Self {
        self.max_clock_skew = max_clock_skew;
        self
    }

    /// Also takes documents whose maps end with a break instead of saying their length.
    ///
    /// ENV-74 calls these malformed, but enclaves have been seen to write their payload so. Nothing is lost in
    /// security: the signature covers the bytes as they are, and duplicate keys are found all the same.
    #[must_use]
    pub fn with_indefinite_maps(mut self) -> Self {
        self.maps = MapLengths::Any;
        self
    }

    pub(crate) fn maps(&self) -> MapLengths {
        self.maps
    }

    pub(crate) fn contains(&self, der: &[u8]) -> bool {
        self.certificates.iter().any(|anchor| anchor == der)
    }

    pub(crate) fn check_freshness(&self, written: Timestamp, now: Timestamp) -> Result<(), AttestationError> {
        if written.duration_since(now) > self.max_clock_skew {
            return Err(AttestationError::Expired(Expiry::InFuture));
        }
        if !self.max_age.is_zero() && now.duration_since(written) > self.max_age {
            return Err(AttestationError::Expired(Expiry::TooOld));
        }
        Ok(())
    }
}

impl Default for TrustAnchors {
    fn default() -> Self {
        Self::new()
    }
}

const DEFAULT_WINDOW: Duration = Duration::from_secs(5 * 60);
const PEM_LABEL: &str = "CERTIFICATE";
