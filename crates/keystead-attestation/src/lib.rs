//! Attested recipients
#![forbid(unsafe_code)]

mod anchors;
mod cbor;
mod certificate;
mod chain;
mod cose;
mod document;
pub mod envelope;
mod error;
mod pcrs;
mod recipient;
#[cfg(feature = "testing")]
pub mod testing;
mod verified;

pub use anchors::TrustAnchors;
pub use document::AttestationDocument;
pub use error::{AttestationError, CertificateFault, Expiry, Malformed, RecipientKeyError};
pub use recipient::RecipientKey;
pub use verified::VerifiedAttestation;
