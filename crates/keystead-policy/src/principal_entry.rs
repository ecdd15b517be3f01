//! Reading the entries of principal lists (POL-22 to POL-26).

use crate::document::PrincipalType;
use crate::principal::{AccountDigits, Named};
use crate::principal_match::Entry;

/// What a host knows of the users and roles that may be named in a policy (POL-25, POL-26).
pub trait Directory {
    /// The user or role with this ARN, if it exists.
    fn by_arn(&self, arn: &str) -> Option<DirectoryEntry>;

    /// Whether a user or role with this unique ID (`AIDA…`, `AROA…`) exists.
    fn has_unique_id(&self, id: &str) -> bool;
}

/// An existing user or role.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DirectoryEntry {
    /// Its unique ID. If it is stated, the policy is bound to it: a user or role made anew under the same name does not
    /// inherit what the policy gives.
    pub unique_id: Option<String>,
}

impl Entry {
    /// Reads an entry; `None` if it is no principal, or none that exists. `must_exist`: users and roles are looked up
    /// in the directory, if there is one.
    pub(crate) fn read(
        kind: PrincipalType,
        text: &str,
        directory: Option<&dyn Directory>,
        must_exist: bool,
    ) -> Option<Self> {
        match kind {
            PrincipalType::Elsewhere => Some(Self::Nobody),
            PrincipalType::Service => is_service_name(text).then(|| Self::Service(Named::new(text.to_owned()))),
            PrincipalType::Aws if text == "*" => Some(Self::Everyone),
            PrincipalType::Aws if is_unique_id(text) => {
                directory?.has_unique_id(text).then(|| Self::UniqueId(text.into()))
            }
            PrincipalType::Aws => match AccountDigits::new(text) {
                Some(digits) => Some(Self::Account { digits, partition: None }),
                None => Self::from_arn(text, directory.filter(|_| must_exist)),
            },
        }
    }

    fn from_arn(text: &str, directory: Option<&dyn Directory>) -> Option<Self> {
        let mut parts = text.splitn(6, ':');
        let (arn, partition, service, region) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let digits = AccountDigits::new(parts.next()?)?;
        let resource = parts.next()?;
        if arn != "arn" || !is_partition(partition) || !region.is_empty() {
            return None;
        }
        if (service, resource) == ("iam", "root") {
            return Some(Self::Account { digits, partition: Some(partition.into()) });
        }
        let (kind, name) = resource.split_once('/')?;
        let arn = || Named::new(text.to_owned());
        match (service, kind) {
            ("iam", "user") if is_path_and_name(name) => {
                Some(Self::Exact { arn: arn(), unique_id: bind(text, directory)? })
            }
            ("iam", "role") if is_path_and_name(name) => {
                Some(Self::Role { arn: arn(), unique_id: bind(text, directory)? })
            }
            ("sts", "federated-user") if is_name(name) => Some(Self::Exact { arn: arn(), unique_id: None }),
            ("sts", "assumed-role") => {
                let (role, session) = name.split_once('/')?;
                (is_name(role) && is_name(session)).then(|| Self::Exact { arn: arn(), unique_id: None })
            }
            _ => None,
        }
    }

    /// The ARN and the unique ID that the entry is bound to, if it is.
    pub(crate) fn binding(&self) -> Option<(Box<str>, Box<str>)> {
        match self {
            Self::Exact { arn, unique_id: Some(id) } | Self::Role { arn, unique_id: Some(id) } => {
                Some((arn.text().into(), id.clone()))
            }
            _ => None,
        }
    }
}

/// The unique ID to bind a user or role to; `None` if the directory does not know it.
fn bind(arn: &str, directory: Option<&dyn Directory>) -> Option<Option<Box<str>>> {
    match directory {
        None => Some(None),
        Some(directory) => directory.by_arn(arn).map(|entry| entry.unique_id.map(String::into_boxed_str)),
    }
}

pub(crate) fn is_partition(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// Names of users, roles and sessions in IAM: `[\w+=,.@-]+`.
pub(crate) fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte))
}

/// A name after a path of printable ASCII; without wildcards (POL-23).
pub(crate) fn is_path_and_name(text: &str) -> bool {
    let (path, name) = text.rsplit_once('/').map_or(("", text), |(path, name)| (path, name));
    is_name(name) && path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'*' && byte != b'?')
}

/// `AIDA…` for users, `AROA…` for roles.
fn is_unique_id(text: &str) -> bool {
    (text.starts_with("AIDA") || text.starts_with("AROA"))
        && (16..=128).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

/// `^[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$` (POL-24).
pub(crate) fn is_service_name(text: &str) -> bool {
    let is_label =
        |label: &str| !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    text.contains('.') && text.split('.').all(is_label)
}
