//! The credentials file: which access keys there are, and whose they are.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::{fs, io};

use keystead::crypto::SecretBytes;
use keystead::{Caller, CallerError, Timestamp, compile_identity_policy};
use serde::{Deserialize, Deserializer};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::principal::{self, PrincipalError};
use crate::sigv4::SignatureError;

/// Access keys with their secrets and owners. See `docs/server.md` for the file.
///
/// ```
/// use keystead_aws::server::Credentials;
///
/// let credentials = Credentials::from_toml(r#"
///     [credentials.AKIAIOSFODNN7EXAMPLE]
///     secret_access_key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
///     principal = "arn:aws:iam::111122223333:user/alice"
///     policies = ['{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "kms:*", "Resource": "*"}}']
///     tags = { team = "orders" }
/// "#)?;
/// assert_eq!(credentials.len(), 1);
/// # Ok::<(), keystead_aws::server::CredentialsError>(())
/// ```
#[derive(Default)]
pub struct Credentials(HashMap<String, Credential>);

/// Why a credentials file cannot be used. No message holds a secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialsError {
    /// A file cannot be read.
    #[error("cannot read `{path}`: {error}")]
    Read {
        /// Which one.
        path: PathBuf,
        /// Why.
        #[source]
        error: io::Error,
    },
    /// The text is no TOML, or not of this form.
    #[error("line {line} of the credentials: {message}")]
    Toml {
        /// Where, counted from one.
        line: usize,
        /// What is wrong.
        message: String,
    },
    /// An entry names no principal.
    #[error("access key `{access_key_id}`: {error}")]
    Principal {
        /// The entry.
        access_key_id: String,
        /// What is wrong.
        #[source]
        error: PrincipalError,
    },
    /// A policy of an entry is malformed.
    #[error("access key `{access_key_id}`: {error}")]
    Policy {
        /// The entry.
        access_key_id: String,
        /// What is wrong.
        #[source]
        error: CallerError,
    },
    /// A secret is empty.
    #[error("access key `{0}` has an empty `secret_access_key`; give it one")]
    EmptySecret(String),
}

/// One access key.
pub(super) struct Credential {
    secret_access_key: Secret,
    session_token: Option<Secret>,
    expires: Option<Timestamp>,
    pub(super) caller: Caller,
    pub(super) user_id: String,
}

impl Credentials {
    /// Reads a credentials file. Policy files in it are relative to its folder.
    ///
    /// # Errors
    /// [`CredentialsError`].
    pub fn read(path: &Path) -> Result<Self, CredentialsError> {
        let text = Zeroizing::new(read(path)?);
        Self::parse(&text, path.parent().unwrap_or(Path::new("")))
    }

    /// Reads the text of a credentials file. Policy files in it are relative to the working folder.
    ///
    /// # Errors
    /// [`CredentialsError`].
    pub fn from_toml(text: &str) -> Result<Self, CredentialsError> {
        Self::parse(text, Path::new(""))
    }

    /// How many access keys there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The access key of this ID.
    pub(super) fn get(&self, access_key_id: &str) -> Option<&Credential> {
        self.0.get(access_key_id)
    }

    fn parse(text: &str, folder: &Path) -> Result<Self, CredentialsError> {
        // The error's own text shows the line, and with it perhaps a secret.
        let file: File = toml::from_str(text).map_err(|error| CredentialsError::Toml {
            line: line_of(text, error.span()),
            message: error.message().to_owned(),
        })?;
        let entries = file.credentials.into_iter();
        entries
            .map(|(id, entry)| Ok((id.clone(), entry.into_credential(id, folder)?)))
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

impl Credential {
    /// The secret that signs.
    pub(super) fn secret(&self) -> &[u8] {
        self.secret_access_key.0.expose()
    }

    /// Whether `token` is the one that belongs to the access key, and its time is not over.
    pub(super) fn check_token(&self, token: Option<&[u8]>, now: Timestamp) -> Result<(), SignatureError> {
        let fits = match (&self.session_token, token) {
            (Some(expected), Some(token)) => bool::from(expected.0.expose().ct_eq(token)),
            (expected, token) => expected.is_none() && token.is_none(),
        };
        if !fits {
            return Err(SignatureError::UnknownCredentials);
        }
        match self.expires {
            Some(expires) if expires <= now => Err(SignatureError::ExpiredCredentials),
            _ => Ok(()),
        }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// A secret text of the file.
struct Secret(SecretBytes);

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(SecretBytes::from(String::deserialize(deserializer)?.into_bytes())))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    credentials: BTreeMap<String, Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    secret_access_key: Secret,
    session_token: Option<Secret>,
    expires: Option<toml::value::Datetime>,
    principal: String,
    unique_id: Option<String>,
    #[serde(default)]
    policies: Vec<String>,
    #[serde(default)]
    policy_files: Vec<PathBuf>,
    #[serde(default)]
    tags: BTreeMap<String, String>,
}

impl Entry {
    fn into_credential(self, access_key_id: String, folder: &Path) -> Result<Credential, CredentialsError> {
        if self.secret_access_key.0.expose().is_empty() {
            return Err(CredentialsError::EmptySecret(access_key_id));
        }
        let (mut caller, user_id) = principal::parse(&self.principal, self.unique_id.as_deref())
            .map_err(|error| CredentialsError::Principal { access_key_id: access_key_id.clone(), error })?;
        let files = self.policy_files.iter().map(|path| read(&folder.join(path)));
        for document in self.policies.iter().cloned().map(Ok).chain(files) {
            let policy = compile_identity_policy(&document?)
                .map_err(|error| CredentialsError::Policy { access_key_id: access_key_id.clone(), error })?;
            caller = caller.shared_identity_policy(policy);
        }
        for (key, value) in self.tags {
            caller = caller.principal_tag(key, value);
        }
        let expires = self.expires.map(|at| {
            let at: Option<jiff::Timestamp> = at.to_string().parse().ok();
            at.map(Timestamp::from).ok_or_else(|| CredentialsError::Toml {
                line: 0,
                message: format!("`expires` of `{access_key_id}` needs an offset, as in 2027-01-01T00:00:00Z"),
            })
        });
        Ok(Credential {
            secret_access_key: self.secret_access_key,
            session_token: self.session_token,
            expires: expires.transpose()?,
            caller: caller.access_key_id(access_key_id),
            user_id,
        })
    }
}

fn read(path: &Path) -> Result<String, CredentialsError> {
    fs::read_to_string(path).map_err(|error| CredentialsError::Read { path: path.to_owned(), error })
}

fn line_of(text: &str, span: Option<Range<usize>>) -> usize {
    let before = text.as_bytes().get(..span.map_or(0, |span| span.start)).unwrap_or_default();
    before.iter().filter(|byte| **byte == b'\n').count() + 1
}
