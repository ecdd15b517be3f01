//! Writing certificates.

use std::time::Duration;

use keystead_crypto::{CryptoError, Entropy, Message, PrivateKey};
use keystead_types::Timestamp;

use crate::cose::SCHEME;
use crate::der;

/// What a certificate says. [`issuer`](Self::issuer) and [`signer`](Self::signer) make proper ones; change a field to
/// break a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateProfile {
    /// The common name.
    pub subject: String,
    /// The common name of the issuer, if it shall be another than that of the certificate before.
    pub issuer: Option<String>,
    /// Valid from this second,
    pub not_before: Timestamp,
    /// to this one.
    pub not_after: Timestamp,
    /// Basic constraints: whether it is an issuer.
    pub ca: bool,
    /// Basic constraints: how many issuers may follow.
    pub path_len: Option<u8>,
    /// Key usage: may sign certificates.
    pub key_cert_sign: bool,
    /// Key usage: may sign documents.
    pub digital_signature: bool,
    /// Has a critical extension that nobody knows.
    pub unknown_critical_extension: bool,
}

impl CertificateProfile {
    /// An issuer, valid for a day around `now`.
    pub fn issuer(subject: &str, now: Timestamp) -> Self {
        Self {
            subject: subject.to_owned(),
            issuer: None,
            not_before: now.minus(HALF_A_DAY),
            not_after: now.plus(HALF_A_DAY),
            ca: true,
            path_len: None,
            key_cert_sign: true,
            digital_signature: false,
            unknown_critical_extension: false,
        }
    }

    /// A leaf whose key signs documents, valid for three hours from `now`.
    pub fn signer(subject: &str, now: Timestamp) -> Self {
        Self {
            not_before: now,
            not_after: now.plus(THREE_HOURS),
            ca: false,
            key_cert_sign: false,
            digital_signature: true,
            ..Self::issuer(subject, now)
        }
    }

    /// The certificate of a key, signed by its issuer.
    pub(super) fn issue(
        &self,
        spki: &[u8],
        issuer: &str,
        signer: &dyn PrivateKey,
        entropy: &dyn Entropy,
    ) -> Result<Vec<u8>, CryptoError> {
        let mut serial = [0; SERIAL_LEN];
        entropy.fill_nonce(&mut serial)?;
        let algorithm = der::sequence(&[ECDSA_WITH_SHA384]);
        let tbs = der::sequence(&[
            &der::element(VERSION, &[&der::integer(V3)]),
            &der::unsigned(&serial),
            &algorithm,
            &name(self.issuer.as_deref().unwrap_or(issuer)),
            &der::sequence(&[&time(self.not_before), &time(self.not_after)]),
            &name(&self.subject),
            spki,
            &der::element(EXTENSIONS, &[&der::sequence(&[&self.extensions()])]),
        ]);
        let signature = signer.sign(SCHEME, Message::Raw(&tbs), entropy)?;
        Ok(der::sequence(&[&tbs, &algorithm, &der::element(BIT_STRING, &[&[0], &signature])]))
    }

    fn extensions(&self) -> Vec<u8> {
        let ca = if self.ca { TRUE } else { &[] };
        let path_len = self.path_len.map(der::integer).unwrap_or_default();
        let constraints = der::sequence(&[ca, &path_len]);
        let usage = match (self.digital_signature, self.key_cert_sign) {
            // Unused bits, then the first bits of KeyUsage.
            (false, false) => &[0][..],
            (true, false) => &[7, 0x80],
            (false, true) => &[2, 0x04],
            (true, true) => &[2, 0x84],
        };
        let usage = der::element(BIT_STRING, &[usage]);
        let mut extensions = [critical(BASIC_CONSTRAINTS, &constraints), critical(KEY_USAGE, &usage)].concat();
        if self.unknown_critical_extension {
            extensions.extend(critical(UNKNOWN, &[]));
        }
        extensions
    }
}

fn critical(id: &[u8], value: &[u8]) -> Vec<u8> {
    der::sequence(&[id, TRUE, &der::element(der::OCTET_STRING, &[value])])
}

/// A name of nothing but a common name.
fn name(common_name: &str) -> Vec<u8> {
    let attribute = der::sequence(&[COMMON_NAME, &der::element(UTF8_STRING, &[common_name.as_bytes()])]);
    der::sequence(&[&der::element(der::SET, &[&attribute])])
}

/// UTCTime until 2049, then GeneralizedTime (RFC 5280, section 4.1.2.5).
fn time(instant: Timestamp) -> Vec<u8> {
    let digits = instant.as_jiff().strftime("%Y%m%d%H%M%SZ").to_string();
    match digits.get(2..) {
        Some(short) if digits.as_str() < "2050" => der::element(UTC_TIME, &[short.as_bytes()]),
        _ => der::element(GENERALIZED_TIME, &[digits.as_bytes()]),
    }
}

const HALF_A_DAY: Duration = Duration::from_secs(12 * 60 * 60);
const THREE_HOURS: Duration = Duration::from_secs(3 * 60 * 60);
const SERIAL_LEN: usize = 16;
const V3: u8 = 2;

const VERSION: u8 = 0xa0;
const EXTENSIONS: u8 = 0xa3;
const BIT_STRING: u8 = 0x03;
const UTF8_STRING: u8 = 0x0c;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

const TRUE: &[u8] = b"\x01\x01\xff";
/// 1.2.840.10045.4.3.3
const ECDSA_WITH_SHA384: &[u8] = b"\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x03";
/// 2.5.4.3
const COMMON_NAME: &[u8] = b"\x06\x03\x55\x04\x03";
/// 2.5.29.19
const BASIC_CONSTRAINTS: &[u8] = b"\x06\x03\x55\x1d\x13";
/// 2.5.29.15
const KEY_USAGE: &[u8] = b"\x06\x03\x55\x1d\x0f";
/// 1.3.6.1.4.1.32473.1, of the arc for documentation (RFC 5612).
const UNKNOWN: &[u8] = b"\x06\x09\x2b\x06\x01\x04\x01\x81\xfd\x59\x01";
