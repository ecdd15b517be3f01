//! The caller, as the host states it.

use std::hash::{BuildHasher, Hash};

use foldhash::fast::FixedState;
use thiserror::Error;

use crate::principal_entry::{is_name, is_partition, is_path_and_name, is_service_name};
use crate::{ConditionKey, KnownKey, Value};

/// The authenticated caller of a request. Built once per caller: everything that a decision compares is computed here.
///
/// The host's statement is taken as proven (POL-04); no constructor checks the syntax of names.
#[derive(Clone, Debug)]
pub struct Principal {
    kind: PrincipalKind,
    partition: Box<str>,
    account: Option<Box<str>>,
    digits: Option<AccountDigits>,
    account_hash: Option<u64>,
    own: Named,
    /// The role of a session, the user of a federated session.
    outer: Option<Named>,
    /// The role path is unknown: `outer` ends in the name of the role, but its path is missing (POL-144).
    path_unknown: bool,
    name: Box<str>,
    unique_id: Option<Box<str>>,
    chain_mask: ChainMask,
}

/// The kinds of caller (POL-06). Groups are none: they only contribute identity policies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PrincipalKind {
    /// The root user of an account.
    Root,
    /// An IAM user.
    User,
    /// A session of an assumed role, web identity and SAML included.
    RoleSession,
    /// A session of a federated user.
    FederatedUser,
    /// A service that calls for itself.
    Service,
    /// Nobody known; for simulation only (POL-146).
    Anonymous,
}

impl Principal {
    /// The root user of an account: `arn:<partition>:iam::<account>:root`.
    pub fn account_root(partition: &str, account: &str) -> Self {
        let arn = format!("arn:{partition}:iam::{account}:root");
        Self::new(PrincipalKind::Root, partition, Some(account), arn, "root")
    }

    /// An IAM user: `arn:<partition>:iam::<account>:user/<path and name>`. The path has no leading slash
    /// (`division/bob`).
    pub fn user(partition: &str, account: &str, path_and_name: &str) -> Self {
        let arn = format!("arn:{partition}:iam::{account}:user/{path_and_name}");
        Self::new(PrincipalKind::User, partition, Some(account), arn, last_segment(path_and_name))
    }

    /// A session of a role, `arn:<partition>:sts::<account>:assumed-role/<role name>/<session>`, whose role has the
    /// ARN `arn:<partition>:iam::<account>:role/<path and name>`.
    pub fn role_session(partition: &str, account: &str, role_path_and_name: &str, session: &str) -> Self {
        let role = last_segment(role_path_and_name);
        let arn = format!("arn:{partition}:sts::{account}:assumed-role/{role}/{session}");
        Self::new(PrincipalKind::RoleSession, partition, Some(account), arn, session)
            .within(format!("arn:{partition}:iam::{account}:role/{role_path_and_name}"))
    }

    /// A session of which the host knows only the session ARN, hence not the path of the role. A role entry of a
    /// policy matches it when partition, account and the name of the role agree (POL-144); `aws:PrincipalArn` is the
    /// role ARN without path.
    pub fn role_session_without_path(partition: &str, account: &str, role_name: &str, session: &str) -> Self {
        let mut caller = Self::role_session(partition, account, role_name, session);
        caller.path_unknown = true;
        caller.chain_mask = ChainMask::ALL;
        caller
    }

    /// A session of a federated user, `arn:<partition>:sts::<account>:federated-user/<name>`. `user` is the path and
    /// name of the IAM user who asked for the session, if known.
    pub fn federated_user(partition: &str, account: &str, name: &str, user: Option<&str>) -> Self {
        let arn = format!("arn:{partition}:sts::{account}:federated-user/{name}");
        let caller = Self::new(PrincipalKind::FederatedUser, partition, Some(account), arn, name);
        match user {
            Some(user) => caller.within(format!("arn:{partition}:iam::{account}:user/{user}")),
            None => caller,
        }
    }

    /// A service principal such as `logs.amazonaws.com`. It has no account (POL-146).
    pub fn service(partition: &str, name: &str) -> Self {
        Self::new(PrincipalKind::Service, partition, None, name.to_owned(), name)
    }

    /// A caller without identity; for simulation (POL-146).
    pub fn anonymous(partition: &str) -> Self {
        Self::new(PrincipalKind::Anonymous, partition, None, "anonymous".to_owned(), "anonymous")
    }

    /// Reads a caller from its ARN, from the name of a service (`logs.amazonaws.com`, in partition `aws`), or from a
    /// 12-digit account ID, which means the root user; for simulation. A session ARN lacks the path of the role
    /// (POL-144). The ARN of a role stands for a session of the role whose name is not known.
    ///
    /// # Errors
    ///
    /// [`InvalidPrincipal`] for a text that names no caller: a group, a wildcard, anything malformed.
    pub fn parse(text: &str) -> Result<Self, InvalidPrincipal> {
        if is_service_name(text) {
            return Ok(Self::service("aws", text));
        }
        if AccountDigits::new(text).is_some() {
            return Ok(Self::account_root("aws", text));
        }
        Self::from_arn(text).ok_or_else(|| InvalidPrincipal(text.to_owned()))
    }

    fn from_arn(text: &str) -> Option<Self> {
        let mut parts = text.splitn(6, ':');
        let ("arn", partition, service, "") = (parts.next()?, parts.next()?, parts.next()?, parts.next()?) else {
            return None;
        };
        let account =
            parts.next().filter(|account| is_partition(partition) && AccountDigits::new(account).is_some())?;
        let resource = parts.next()?;
        if (service, resource) == ("iam", "root") {
            return Some(Self::account_root(partition, account));
        }
        let (kind, name) = resource.split_once('/')?;
        Some(match (service, kind) {
            ("iam", "user") if is_path_and_name(name) => Self::user(partition, account, name),
            ("iam", "role") if is_path_and_name(name) => Self::role_session(partition, account, name, ""),
            ("sts", "federated-user") if is_name(name) => Self::federated_user(partition, account, name, None),
            ("sts", "assumed-role") => {
                let (role, session) =
                    name.split_once('/').filter(|(role, session)| is_name(role) && is_name(session))?;
                Self::role_session_without_path(partition, account, role, session)
            }
            _ => return None,
        })
    }

    /// States the unique ID: of the user (`AIDA…`), for a session of its role (`AROA…`) or federating user.
    #[must_use]
    pub fn with_unique_id(mut self, id: &str) -> Self {
        self.unique_id = Some(id.into());
        self
    }

    /// What kind of caller this is.
    pub fn kind(&self) -> PrincipalKind {
        self.kind
    }

    /// The caller's own ARN: of the session, not of the role. The name of a service; `anonymous`.
    pub fn arn(&self) -> &str {
        &self.own.text
    }

    /// The partition of the caller.
    pub fn partition(&self) -> &str {
        &self.partition
    }

    /// The account of the caller; none for services and anonymous callers.
    pub fn account(&self) -> Option<&str> {
        self.account.as_deref()
    }

    /// The unique ID of the user or role, if the host stated it.
    pub fn unique_id(&self) -> Option<&str> {
        self.unique_id.as_deref()
    }

    /// `aws:PrincipalArn` (CND-85): the role of a session, else the caller's own ARN; none for services and anonymous
    /// callers.
    pub fn principal_arn(&self) -> Option<&str> {
        match self.kind {
            PrincipalKind::Service | PrincipalKind::Anonymous => None,
            PrincipalKind::RoleSession => self.outer.as_ref().map(|role| &*role.text),
            PrincipalKind::Root | PrincipalKind::User | PrincipalKind::FederatedUser => Some(&self.own.text),
        }
    }

    /// `aws:PrincipalType` (CND-86).
    pub fn principal_type(&self) -> &'static str {
        match self.kind {
            PrincipalKind::Root => "Account",
            PrincipalKind::User => "User",
            PrincipalKind::RoleSession => "AssumedRole",
            PrincipalKind::FederatedUser => "FederatedUser",
            PrincipalKind::Service => "Service",
            PrincipalKind::Anonymous => "Anonymous",
        }
    }

    /// The keys of chapter 22 that follow from the caller alone (CND-84 to CND-86, CND-88, CND-92, CND-93);
    /// [`Value::Absent`] for every other key, so that a [`Context`](crate::Context) can ask here first.
    pub fn value(&self, key: &ConditionKey) -> Value<'_> {
        let ConditionKey::Known(known) = key else { return Value::Absent };
        match known {
            KnownKey::AwsPrincipalAccount => self.account().into(),
            KnownKey::AwsPrincipalArn => self.principal_arn().into(),
            KnownKey::AwsPrincipalType => self.principal_type().into(),
            KnownKey::AwsUsername => (self.kind == PrincipalKind::User).then_some(&*self.name).into(),
            KnownKey::AwsPrincipalIsAwsService if self.kind != PrincipalKind::Anonymous => {
                Value::Bool(self.kind == PrincipalKind::Service)
            }
            KnownKey::AwsPrincipalServiceName => (self.kind == PrincipalKind::Service).then_some(self.arn()).into(),
            _ => Value::Absent,
        }
    }

    fn new(kind: PrincipalKind, partition: &str, account: Option<&str>, arn: String, name: &str) -> Self {
        let own = Named::new(arn);
        let digits = account.and_then(AccountDigits::new);
        Self {
            kind,
            partition: partition.into(),
            account: account.map(Into::into),
            digits,
            account_hash: digits.map(AccountDigits::hash),
            chain_mask: digits.map_or(ChainMask::NONE, AccountDigits::mask).or(own.mask()),
            own,
            outer: None,
            path_unknown: false,
            name: name.into(),
            unique_id: None,
        }
    }

    fn within(mut self, outer: String) -> Self {
        let outer = Named::new(outer);
        self.chain_mask = self.chain_mask.or(outer.mask());
        self.outer = Some(outer);
        self
    }

    pub(crate) fn own(&self) -> &Named {
        &self.own
    }

    pub(crate) fn outer(&self) -> Option<&Named> {
        self.outer.as_ref()
    }

    pub(crate) fn digits(&self) -> Option<AccountDigits> {
        self.digits
    }

    pub(crate) fn chain_mask(&self) -> ChainMask {
        self.chain_mask
    }

    /// The hashes of the names by which policies call this caller: itself, the role or user behind it, its account.
    pub(crate) fn name_hashes(&self) -> impl Iterator<Item = u64> {
        [Some(self.own.hash), self.outer.as_ref().map(Named::hash), self.account_hash].into_iter().flatten()
    }

    pub(crate) fn is_path_unknown(&self) -> bool {
        self.path_unknown
    }
}

/// A text that names no caller.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{0}` is no caller; write the ARN of a user, role, session or account root, or the name of a service")]
pub struct InvalidPrincipal(String);

/// A text that is compared often: hashed once, so that a difference is seen without reading the text.
#[derive(Clone, Debug)]
pub(crate) struct Named {
    hash: u64,
    text: Box<str>,
}

impl Named {
    pub(crate) fn new(text: String) -> Self {
        Self { hash: hash(text.as_str()), text: text.into_boxed_str() }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn hash(&self) -> u64 {
        self.hash
    }

    pub(crate) fn mask(&self) -> ChainMask {
        ChainMask::of(self.hash)
    }
}

impl PartialEq for Named {
    fn eq(&self, other: &Self) -> bool {
        self.hash == other.hash && self.text == other.text
    }
}

/// A 12-digit account ID.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AccountDigits([u8; 12]);

impl AccountDigits {
    pub(crate) fn new(text: &str) -> Option<Self> {
        let digits: [u8; 12] = text.as_bytes().try_into().ok()?;
        digits.iter().all(u8::is_ascii_digit).then_some(Self(digits))
    }

    pub(crate) fn as_str(&self) -> &str {
        // Only ASCII digits are ever held.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    pub(crate) fn hash(self) -> u64 {
        hash(&self.0)
    }

    pub(crate) fn mask(self) -> ChainMask {
        ChainMask::of(self.hash())
    }
}

/// A Bloom filter of one word over names of principals: two masks without a common bit have no common name. It spares
/// most statements of a long policy the reading of their principal lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ChainMask(u64);

impl ChainMask {
    pub(crate) const NONE: Self = Self(0);
    pub(crate) const ALL: Self = Self(u64::MAX);

    pub(crate) fn of(hash: u64) -> Self {
        Self(1 << (hash % 64))
    }

    pub(crate) fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// Any fixed seed does: hashes only spare comparisons, equal ones are followed by comparing the texts.
pub(crate) fn hash<T: Hash + ?Sized>(value: &T) -> u64 {
    FixedState::with_seed(0).hash_one(value)
}

pub(crate) fn last_segment(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, last)| last)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    /// Spec: POL-07, CND-85, CND-86
    #[test]
    fn arns_and_types_of_every_kind() {
        let table = [
            (Principal::account_root("aws", "111122223333"), "arn:aws:iam::111122223333:root", "Account"),
            (Principal::user("aws-cn", "111122223333", "a/bob"), "arn:aws-cn:iam::111122223333:user/a/bob", "User"),
            (
                Principal::role_session("aws", "111122223333", "svc/R", "s1"),
                "arn:aws:sts::111122223333:assumed-role/R/s1",
                "AssumedRole",
            ),
            (
                Principal::federated_user("aws", "111122223333", "eve", None),
                "arn:aws:sts::111122223333:federated-user/eve",
                "FederatedUser",
            ),
            (Principal::service("aws", "ses.amazonaws.com"), "ses.amazonaws.com", "Service"),
            (Principal::anonymous("aws"), "anonymous", "Anonymous"),
        ];
        for (caller, arn, kind) in table {
            assert_eq!((caller.arn(), caller.principal_type()), (arn, kind));
        }
        let session = Principal::role_session("aws", "111122223333", "svc/R", "s1");
        assert_eq!(session.principal_arn(), Some("arn:aws:iam::111122223333:role/svc/R"));
    }

    /// Spec: POL-07, POL-08, POL-144
    #[test]
    fn callers_are_read_from_their_arns() {
        for arn in [
            "arn:aws:iam::111122223333:root",
            "arn:aws-cn:iam::111122223333:user/a/bob",
            "arn:aws:sts::111122223333:assumed-role/R/s1",
            "arn:aws:sts::111122223333:federated-user/eve",
            "ses.amazonaws.com",
        ] {
            assert_eq!(Principal::parse(arn).unwrap().arn(), arn);
        }
        let role = Principal::parse("arn:aws:iam::111122223333:role/svc/R").unwrap();
        assert_eq!(role.principal_arn(), Some("arn:aws:iam::111122223333:role/svc/R"));
        assert_eq!(role.kind(), PrincipalKind::RoleSession);
        assert_eq!(Principal::parse("111122223333").unwrap().arn(), "arn:aws:iam::111122223333:root");
        assert!(Principal::parse("arn:aws:sts::111122223333:assumed-role/R/s1").unwrap().is_path_unknown());
        for none in [
            "",
            "*",
            "bob",
            "arn:aws:iam::111122223333:group/g",
            "arn:aws:iam::111122223333:user/*",
            "arn:aws:iam::111122223333:role/*",
            "arn:aws:iam::111122223333:role/",
            "arn:aws:sts::111122223333:federated-user/*",
            "arn:aws:sts::111122223333:assumed-role/R/*",
            "arn:a*s:iam::111122223333:root",
            "arn:aws:iam::*:root",
            "arn:aws:iam:us-west-2:111122223333:root",
            "arn:aws:sts::111122223333:assumed-role/R",
            "arn:aws:sts::111122223333:assumed-role/R/s/t",
            "arn:aws:iam::111122223333",
        ] {
            assert!(Principal::parse(none).is_err(), "{none}");
        }
    }

    /// Spec: POL-70, POL-146, CND-88, CND-92, CND-93
    #[test]
    fn caller_derived_keys_are_absent_where_the_caller_has_none() {
        let service = Principal::service("aws", "ses.amazonaws.com");
        let session = Principal::role_session("aws", "111122223333", "R", "s1");
        let user = Principal::user("aws", "111122223333", "a/bob");
        let text = |caller: &Principal, known| match caller.value(&ConditionKey::Known(known)) {
            Value::Absent => None,
            Value::Text(text) => Some(text.to_owned()),
            Value::Bool(value) => Some(value.to_string()),
            other => unreachable!("{other:?}"),
        };
        assert_eq!(text(&service, KnownKey::AwsPrincipalAccount), None);
        assert_eq!(text(&service, KnownKey::AwsPrincipalArn), None);
        assert_eq!(text(&service, KnownKey::AwsPrincipalServiceName).as_deref(), Some("ses.amazonaws.com"));
        assert_eq!(text(&service, KnownKey::AwsPrincipalIsAwsService).as_deref(), Some("true"));
        assert_eq!(text(&session, KnownKey::AwsUsername), None);
        assert_eq!(text(&session, KnownKey::AwsPrincipalIsAwsService).as_deref(), Some("false"));
        assert_eq!(text(&user, KnownKey::AwsUsername).as_deref(), Some("bob"));
        assert_eq!(text(&Principal::anonymous("aws"), KnownKey::AwsPrincipalIsAwsService), None);
    }
}
