//! Attested recipients: a KMS answers with a secret, and only a measured environment can read it.
//!
//! An enclave, or an instance with NitroTPM, sends an *attestation document* along with a request. The document says what
//! runs there ([registers](VerifiedAttestation::pcr) of measurements), holds a public key, and is signed under a
//! certificate chain of the platform. This crate does three things with it:
//!
//! 1. [`AttestationDocument::verify`] checks all of it against the roots that the host trusts. Nothing that a document
//!    says can be read before.
//! 2. [`VerifiedAttestation`] gives the values of the condition keys `kms:RecipientAttestation:…`, for policies to decide.
//! 3. [`envelope::seal`] encrypts the result to the key in the document, as `CiphertextForRecipient`;
//!    [`envelope::open`] is the recipient's side.
//!
//! ```
//! # use keystead_crypto::{DefaultProvider, KeyPairAlgorithm, Provider, entropy::SystemEntropy};
//! # use keystead_types::Timestamp;
//! use keystead_attestation::{AttestationDocument, envelope, testing::TestAuthority};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let (provider, entropy) = (DefaultProvider::new(), SystemEntropy);
//! # let now = Timestamp::from_millis(1_790_000_000_000).ok_or("out of range")?;
//! // The enclave makes a key pair and asks for a document that holds the public key. Here, a test authority signs it.
//! let key_pair = provider.generate_key_pair(KeyPairAlgorithm::Rsa2048, &entropy)?;
//! let authority = TestAuthority::generate(&provider, &entropy, now)?;
//! let document = authority.document(now).pcr(0, [0xab; 48]).public_key(key_pair.public().spki()).sign(&entropy)?;
//!
//! // The service trusts the authority's root, asks its policies, and answers.
//! let anchors = authority.trust_anchors()?;
//! let verified = AttestationDocument::verify(&document, &anchors, &provider, now)?;
//! assert_eq!(verified.condition_value("kms:RecipientAttestation:ImageSha384"), Some("ab".repeat(48)));
//! let answer = envelope::seal(b"data key", verified.recipient(), &provider, &entropy)?;
//!
//! // Only the enclave can read the answer.
//! assert_eq!(envelope::open(&answer, key_pair.as_ref(), &entropy)?.expose(), b"data key");
//! # Ok(())
//! # }
//! ```
//!
//! # Where the root comes from
//!
//! The library ships no trust anchor (ENV-94): whom to believe is the host's decision, and no operation accepts a
//! certificate from a caller. For AWS Nitro Enclaves and NitroTPM, download `AWS_NitroEnclaves_Root-G1.zip` from
//! `aws-nitro-enclaves.amazonaws.com`, compare its SHA-256 with the one in the AWS documentation ("Verifying the root of
//! trust"; it begins with `8cf60e2b` and ends with `ff7c`), and give the `root.pem` in it to [`TrustAnchors::with_pem`].
//! Keep it with your configuration; do not download it at run time.
//!
//! # What verification does not do
//!
//! It asks no revocation lists (ENV-79): certificates of enclaves live for hours. It does not compare nonces: a
//! document may be used again within [`TrustAnchors::with_max_age`], which helps nobody but the holder of the private key.
//! And a valid document grants nothing (ENV-69): to *require* one, a policy needs a `Deny` with a negated operator on an
//! attestation key.
//!
//! # Features
//!
//! `testing`, for tests only: module `testing` makes authorities and documents without an enclave, so that policies can be
//! tried anywhere.
#![forbid(unsafe_code)]

mod anchors;
mod cbor;
mod certificate;
mod chain;
mod cose;
mod der;
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
