//! Who calls.

use std::net::{IpAddr, SocketAddr};

use http::request::Parts;
use keystead::{AccountId, Caller, Timestamp};

use super::credentials::Credentials;
use crate::sigv4::{Authorization, SignatureError, SignedParts};

/// How it is found out who calls.
#[derive(Debug)]
pub enum Authentication {
    /// Nobody proves anything: for development and tests, on loopback addresses only. An access key of twelve digits
    /// calls as the root of that account, any other, and none, as the root of this one.
    ///
    /// Requests of web pages are refused: those with an `Origin`, and those whose `Host` is not this machine.
    None(AccountId),
    /// Every request is signed with Signature Version 4 by one of these access keys.
    SigV4(Credentials),
}

/// A caller who has been believed.
pub(super) struct Authenticated {
    pub(super) caller: Caller,
    /// What `GetCallerIdentity` shows beside the ARN.
    pub(super) user_id: String,
    /// The Region of the credential scope; the default one if nothing was signed.
    pub(super) region: Option<String>,
}

impl Authentication {
    /// Nobody proves anything; the default account is `account`. See [`Authentication::None`].
    pub fn none(account: AccountId) -> Self {
        Self::None(account)
    }

    /// Whether requests must be signed.
    pub fn is_verified(&self) -> bool {
        matches!(self, Self::SigV4(_))
    }

    /// Finds out who has sent a request to `service`.
    pub(super) fn of(
        &self,
        parts: &Parts,
        body: &[u8],
        service: &str,
        now: Timestamp,
    ) -> Result<Authenticated, SignatureError> {
        let credentials = match self {
            Self::None(account) => return Ok(claimed(*account, parts)),
            Self::SigV4(credentials) => credentials,
        };
        let authorization = Authorization::of(&parts.headers)?;
        let credential = credentials.get(authorization.access_key_id).ok_or(SignatureError::UnknownCredentials)?;
        let token = parts.headers.get(SECURITY_TOKEN).map(|token| token.as_bytes());
        let signed = SignedParts {
            method: parts.method.as_str(),
            path: parts.uri.path(),
            query: parts.uri.query().unwrap_or_default(),
            headers: &parts.headers,
            body,
        };
        authorization.verify(&signed, credential.secret(), service, now)?;
        credential.check_token(token, now)?;
        Ok(Authenticated {
            caller: credential.caller.clone(),
            user_id: credential.user_id.clone(),
            region: Some(authorization.scope.region.to_owned()),
        })
    }
}

/// Whether a web page may have sent the request (cross-site requests, DNS rebinding).
pub(super) fn may_be_of_web_page(parts: &Parts) -> bool {
    let origin = parts.headers.contains_key(http::header::ORIGIN);
    let host = parts.headers.get(http::header::HOST).map(|host| host.to_str().unwrap_or_default());
    origin || host.is_some_and(|host| !is_this_machine(host))
}

/// The caller that a request claims to be.
fn claimed(account: AccountId, parts: &Parts) -> Authenticated {
    let authorization = Authorization::of(&parts.headers).ok();
    let named = authorization.as_ref().and_then(|claim| claim.access_key_id.parse::<AccountId>().ok());
    let account = named.unwrap_or(account).to_string();
    #[allow(clippy::expect_used)] // an account ID is twelve digits
    let caller = Caller::account_root(&account).expect("an account ID is one");
    Authenticated {
        caller: match &authorization {
            Some(claim) => caller.access_key_id(claim.access_key_id),
            None => caller,
        },
        user_id: account,
        region: authorization.map(|claim| claim.scope.region.to_owned()),
    }
}

fn is_this_machine(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let is_local = |name: &str| name == "localhost" || name.ends_with(".localhost");
    name.parse::<IpAddr>().is_ok() || host.parse::<SocketAddr>().is_ok() || is_local(&name.to_ascii_lowercase())
}

const SECURITY_TOKEN: &str = "x-amz-security-token";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_this_machine() {
        for host in ["localhost", "LOCALHOST:8200", "127.0.0.1:8200", "[::1]:8200", "kms.localhost:1"] {
            assert!(is_this_machine(host), "{host}");
        }
        for host in ["", "evil.example", "evil.example:8200", "localhost.evil.example", "127.0.0.1.evil.example"] {
            assert!(!is_this_machine(host), "{host}");
        }
    }
}
