//! The `Authorization` header: what the signer claims, and whether it is so.

use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use http::HeaderMap;
use http::header::AUTHORIZATION;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use keystead::Timestamp;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::{SignatureError, SignedParts};

/// What the signer of a request claims. Nothing of it is proven before [`Authorization::verify`] has said so.
#[derive(Clone, PartialEq, Eq)]
pub struct Authorization<'r> {
    /// The access key whose secret has signed.
    pub access_key_id: &'r str,
    /// For what the signature is good.
    pub scope: CredentialScope<'r>,
    signed_headers: Vec<&'r str>,
    signature: [u8; 32],
    signed_at: SigningTime<'r>,
}

/// For what a signature is good: a day, a Region, a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CredentialScope<'r> {
    /// The day, as in `20150830`.
    pub date: &'r str,
    /// The Region.
    pub region: &'r str,
    /// The service, such as `kms`.
    pub service: &'r str,
}

impl<'r> Authorization<'r> {
    /// Reads what the headers of a request claim.
    ///
    /// # Errors
    /// [`SignatureError::Missing`] without a header of this algorithm, [`SignatureError::Incomplete`] when a part of it or
    /// the date is missing or malformed.
    pub fn of(headers: &'r HeaderMap) -> Result<Self, SignatureError> {
        let header = headers.get(AUTHORIZATION).ok_or(SignatureError::Missing)?;
        let header = header.to_str().map_err(|_| incomplete("Authorization header must be ASCII."))?;
        let parameters = header.strip_prefix(ALGORITHM).ok_or(SignatureError::Missing)?;
        if !parameters.starts_with(' ') {
            return Err(SignatureError::Missing);
        }
        let credential = parameter(parameters, "Credential")?;
        let (access_key_id, scope) = credential
            .split_once('/')
            .and_then(|(access_key_id, scope)| Some((access_key_id, CredentialScope::parse(scope)?)))
            .ok_or_else(|| {
                incomplete(
                    "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term.",
                )
            })?;
        let signed_headers: Vec<&str> = parameter(parameters, "SignedHeaders")?.split(';').collect();
        let mut signature = [0; 32];
        hex::decode_to_slice(parameter(parameters, "Signature")?, &mut signature)
            .map_err(|_| incomplete("Signature must be 64 hexadecimal digits."))?;
        let signed_at = SigningTime::of(headers)?;
        Ok(Self { access_key_id, scope, signed_headers, signature, signed_at })
    }

    /// Whether the holder of `secret_access_key` has signed this request, for `service`, at about `now`.
    ///
    /// # Errors
    /// [`SignatureError::OutOfScope`] for another day or service, or more than five minutes ago or ahead;
    /// [`SignatureError::Mismatch`] when the signature is wrong or does not cover all that counts.
    pub fn verify(
        &self,
        request: &SignedParts<'_>,
        secret_access_key: &[u8],
        service: &str,
        now: Timestamp,
    ) -> Result<(), SignatureError> {
        self.check_scope(service)?;
        self.signed_at.check(now)?;
        let is_sorted = self.signed_headers.is_sorted_by(|a, b| a < b);
        if !is_sorted || !self.signed_headers.contains(&DATE) || !request.covers_meaning(&self.signed_headers) {
            return Err(SignatureError::Mismatch);
        }
        let canonical = request.canonical(&self.signed_headers)?;
        let expected = self.scope.sign(secret_access_key, &self.string_to_sign(&canonical));
        if bool::from(expected.ct_eq(&self.signature)) { Ok(()) } else { Err(SignatureError::Mismatch) }
    }

    fn check_scope(&self, service: &str) -> Result<(), SignatureError> {
        let CredentialScope { date, service: scoped, .. } = self.scope;
        if scoped != service {
            let message = format!("Credential should be scoped to correct service: '{service}'.");
            return Err(SignatureError::OutOfScope(message));
        }
        let day = self.signed_at.day();
        if date != day {
            let message = format!(
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{date}' != \
                 '{day}', from '{}'.",
                self.signed_at.text
            );
            return Err(SignatureError::OutOfScope(message));
        }
        Ok(())
    }

    fn string_to_sign(&self, canonical: &[u8]) -> String {
        let CredentialScope { date, region, service } = self.scope;
        let digest = hex::encode(Sha256::digest(canonical));
        format!("{ALGORITHM}\n{}\n{date}/{region}/{service}/{TERMINATOR}\n{digest}", self.signed_at.text)
    }
}

impl std::fmt::Debug for Authorization<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authorization")
            .field("access_key_id", &self.access_key_id)
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}

impl<'r> CredentialScope<'r> {
    fn parse(text: &'r str) -> Option<Self> {
        let mut parts = text.split('/');
        let scope = Self { date: parts.next()?, region: parts.next()?, service: parts.next()? };
        (parts.next() == Some(TERMINATOR) && parts.next().is_none()).then_some(scope)
    }

    /// The signature of a text under the key that is derived for this scope.
    fn sign(&self, secret_access_key: &[u8], text: &str) -> [u8; 32] {
        let secret = Zeroizing::new([b"AWS4", secret_access_key].concat());
        let mut key = Zeroizing::new(hmac(&secret, self.date));
        for part in [self.region, self.service, TERMINATOR] {
            key = Zeroizing::new(hmac(&*key, part));
        }
        hmac(&*key, text)
    }
}

/// When a request was signed, as text and as an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct SigningTime<'r> {
    text: &'r str,
    at: Timestamp,
}

impl<'r> SigningTime<'r> {
    fn of(headers: &'r HeaderMap) -> Result<Self, SignatureError> {
        let text = headers
            .get(DATE)
            .ok_or_else(|| incomplete("Authorization header requires existence of a 'X-Amz-Date' header."))?;
        let malformed = || incomplete("Date must be in ISO-8601 'basic format', as in '20150830T123600Z'.");
        let text = text.to_str().map_err(|_| malformed())?;
        let has_form = text.len() == DATE_LEN && text.bytes().filter(u8::is_ascii_digit).count() == DATE_LEN - 2;
        let at = DateTime::strptime(DATE_FORMAT, text).ok().filter(|_| has_form);
        let at = at.and_then(|at| TimeZone::UTC.to_timestamp(at).ok()).ok_or_else(malformed)?;
        Ok(Self { text, at: Timestamp::from(at) })
    }

    fn day(&self) -> &'r str {
        self.text.get(..8).unwrap_or_default()
    }

    fn check(&self, now: Timestamp) -> Result<(), SignatureError> {
        let minutes = MAX_SKEW.as_secs() / 60;
        let (earliest, latest) = (now.minus(MAX_SKEW), now.plus(MAX_SKEW));
        let message = if self.at < earliest {
            format!(
                "Signature expired: {} is now earlier than {} ({} - {minutes} min.)",
                self.text,
                basic(earliest),
                basic(now)
            )
        } else if self.at > latest {
            format!(
                "Signature not yet current: {} is still later than {} ({} + {minutes} min.)",
                self.text,
                basic(latest),
                basic(now)
            )
        } else {
            return Ok(());
        };
        Err(SignatureError::OutOfScope(message))
    }
}

/// An instant in the ISO 8601 basic format.
fn basic(at: Timestamp) -> String {
    at.to_iso_seconds().replace(['-', ':'], "")
}

/// The value of a parameter of the header.
fn parameter<'r>(parameters: &'r str, name: &str) -> Result<&'r str, SignatureError> {
    parameters
        .split(',')
        .find_map(|parameter| parameter.trim().strip_prefix(name)?.strip_prefix('='))
        .filter(|value| !value.is_empty())
        .ok_or_else(|| incomplete(&format!("Authorization header requires '{name}' parameter.")))
}

fn incomplete(message: &str) -> SignatureError {
    SignatureError::Incomplete(message.to_owned())
}

fn hmac(key: &[u8], text: &str) -> [u8; 32] {
    #[allow(clippy::expect_used)] // HMAC has no wrong key length
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any key will do");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().into()
}

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const TERMINATOR: &str = "aws4_request";
const DATE: &str = "x-amz-date";
const DATE_FORMAT: &str = "%Y%m%dT%H%M%SZ";
const DATE_LEN: usize = 16;
/// How far the clocks of signer and verifier may be apart.
const MAX_SKEW: Duration = Duration::from_secs(5 * 60);
