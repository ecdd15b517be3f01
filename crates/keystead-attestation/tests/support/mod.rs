//! What every test of attestation needs: a provider, a clock, an authority, a recipient.
#![allow(dead_code)]

use std::sync::OnceLock;

use keystead_attestation::testing::{PROTECTED_ES384, TestAuthority, TestDocument};
use keystead_attestation::{AttestationDocument, AttestationError, TrustAnchors, VerifiedAttestation};
use keystead_crypto::entropy::SeededEntropy;
use keystead_crypto::{DefaultProvider, KeyPairAlgorithm, PrivateKey, Provider};
use keystead_types::Timestamp;

pub(crate) const PROVIDER: DefaultProvider = DefaultProvider::new();

/// 2026-09-21T14:13:20Z.
pub(crate) fn now() -> Timestamp {
    Timestamp::from_millis(1_790_000_000_000).unwrap()
}

pub(crate) fn entropy() -> SeededEntropy {
    SeededEntropy::new(7)
}

/// A root, an intermediate and a leaf.
pub(crate) fn authority() -> &'static TestAuthority {
    static AUTHORITY: OnceLock<TestAuthority> = OnceLock::new();
    AUTHORITY.get_or_init(|| TestAuthority::generate(&PROVIDER, &entropy(), now()).unwrap())
}

pub(crate) fn anchors() -> TrustAnchors {
    authority().trust_anchors().unwrap()
}

/// An RSA key pair of 2,048 bits.
pub(crate) fn recipient() -> &'static dyn PrivateKey {
    static RECIPIENT: OnceLock<Box<dyn PrivateKey>> = OnceLock::new();
    RECIPIENT
        .get_or_init(|| PROVIDER.generate_key_pair(KeyPairAlgorithm::Rsa2048, &SeededEntropy::new(11)).unwrap())
        .as_ref()
}

/// A document that verifies.
pub(crate) fn document() -> TestDocument<'static> {
    authority().document(now()).pcr(0, [0xab; 48]).public_key(recipient().public().spki())
}

pub(crate) fn verify(bytes: &[u8]) -> Result<VerifiedAttestation, AttestationError> {
    AttestationDocument::verify(bytes, &anchors(), &PROVIDER, now())
}

/// Signs a payload with the key of the authority's leaf.
pub(crate) fn signed(payload: &[u8]) -> Vec<u8> {
    authority().sign(PROTECTED_ES384, payload, &entropy()).unwrap()
}

/// A map of text keys and encoded values, of at most 23 pairs.
pub(crate) fn map(fields: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut out = vec![0xa0 | u8::try_from(fields.len()).unwrap()];
    out.extend(pairs(fields));
    out
}

/// The pairs of such a map.
pub(crate) fn pairs(fields: &[(&str, Vec<u8>)]) -> Vec<u8> {
    fields.iter().flat_map(|(key, value)| [text(key), value.clone()].concat()).collect()
}

pub(crate) fn text(text: &str) -> Vec<u8> {
    [&head(3, text.len()), text.as_bytes()].concat()
}

pub(crate) fn bytes(bytes: &[u8]) -> Vec<u8> {
    [&head(2, bytes.len()), bytes].concat()
}

/// The head of an item with an argument of at most two bytes.
pub(crate) fn head(major: u8, argument: usize) -> Vec<u8> {
    let major = major << 5;
    match argument {
        0..24 => vec![major | argument as u8],
        24..0x100 => vec![major | 24, argument as u8],
        _ => [&[major | 25][..], &u16::try_from(argument).unwrap().to_be_bytes()].concat(),
    }
}
