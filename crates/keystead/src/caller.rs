//! Who calls: the host's statement about an authenticated caller.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use keystead_policy::{Catalogue, ConditionKey, Level, Policy, PolicyError, PolicyKind, Principal};
use keystead_types::{AccountId, Partition, Timestamp};

use crate::audit::{SessionContext, SessionIssuer, TlsDetails, UserIdentity};
use crate::catalogue::KMS_ACTIONS;
use crate::environment::ConditionValue;

/// The caller of every operation. The host has authenticated it; Keystead takes the statement as proven (POL-04).
///
/// There is no caller without permissions checks: an application that wants no policies calls as the root of its
/// account, [`Caller::account_root`], which the default key policy allows everything (OVR-03, POL-05).
///
/// A `Caller` is cheap to clone: policies are compiled once and shared.
///
/// ```
/// use keystead::Caller;
///
/// let caller = Caller::role_session("111122223333", "service/orders", "pod-7")?
///     .identity_policy(r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "kms:Encrypt", "Resource": "*"}}"#)?
///     .principal_tag("team", "orders");
/// # Ok::<(), keystead::CallerError>(())
/// ```
#[derive(Clone)]
pub struct Caller(Arc<Statement>);

/// Why a statement about a caller is refused. These are mistakes of the host, not of the caller.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CallerError {
    /// The account is not twelve digits.
    #[error("`{0}` is not an account ID; give twelve digits")]
    Account(String),
    /// A policy is malformed.
    #[error("policy of the caller: {0}")]
    Policy(#[from] PolicyError),
    /// The condition key belongs to the library (POL-03).
    #[error("condition key `{0}` is set by the library and cannot be supplied")]
    OwnedKey(String),
    /// Several values for a condition key that has at most one (CND-05).
    #[error("condition key `{0}` has one value at most; give a single one")]
    SingleValued(String),
    /// A source address beside a VPC endpoint (CND-116).
    #[error(
        "`aws:SourceIp` does not exist for calls through a VPC endpoint; state `aws:VpcSourceIp`, or neither \
         `aws:SourceVpce`, `aws:SourceVpc` nor `aws:VpcSourceIp`"
    )]
    AddressAndEndpoint,
    /// `aws:ViaAWSService` is stated to be false although a service calls with the principal's credentials (CND-116).
    #[error("`aws:ViaAWSService` must be true for a call through a service; leave it out")]
    NotViaService,
    /// A service principal that calls through a service (CND-53).
    #[error("a service principal calls for itself; state the principal for whom it calls, or leave `via_service` out")]
    ServiceViaService,
    /// The resource or account on whose behalf a service calls, without a service (CND-116).
    #[error("`{0}` is of calls that a service makes; state the service as caller or by `via_service`, or leave it out")]
    SourceWithoutService(&'static str),
}

impl Caller {
    /// The root user of an account, given as twelve digits.
    ///
    /// # Errors
    /// [`CallerError::Account`].
    pub fn account_root(account: &str) -> Result<Self, CallerError> {
        Ok(Self::new(Kind::Root, Some(parse_account(account)?)))
    }

    /// An IAM user by path and name, such as `division/bob`.
    ///
    /// # Errors
    /// [`CallerError::Account`].
    pub fn user(account: &str, path_and_name: &str) -> Result<Self, CallerError> {
        Ok(Self::new(Kind::User(path_and_name.into()), Some(parse_account(account)?)))
    }

    /// A session of a role, given by path and name of the role and the session name.
    ///
    /// # Errors
    /// [`CallerError::Account`].
    pub fn role_session(account: &str, role_path_and_name: &str, session: &str) -> Result<Self, CallerError> {
        let kind = Kind::RoleSession { role: role_path_and_name.into(), session: session.into() };
        Ok(Self::new(kind, Some(parse_account(account)?)))
    }

    /// A session of a federated user.
    ///
    /// # Errors
    /// [`CallerError::Account`].
    pub fn federated_user(account: &str, name: &str) -> Result<Self, CallerError> {
        Ok(Self::new(Kind::FederatedUser(name.into()), Some(parse_account(account)?)))
    }

    /// A service that calls for itself, such as `logs.amazonaws.com`, in the Region namespace and at the expense of
    /// `account` (POL-146).
    ///
    /// # Errors
    /// [`CallerError::Account`].
    pub fn service(name: &str, account: &str) -> Result<Self, CallerError> {
        Ok(Self::new(Kind::Service(name.into()), Some(parse_account(account)?)))
    }

    /// Adds an identity policy that applies to the caller (its own, a group's, its role's).
    ///
    /// # Errors
    /// [`CallerError::Policy`].
    pub fn identity_policy(self, document: &str) -> Result<Self, CallerError> {
        let policy = compile(PolicyKind::Identity, document)?;
        Ok(self.shared_identity_policy(policy))
    }

    /// Adds an identity policy that was compiled before, see [`compile_identity_policy`].
    #[must_use]
    pub fn shared_identity_policy(self, policy: Arc<Policy>) -> Self {
        self.with(|statement| statement.identity.push(policy))
    }

    /// Sets the permissions boundary.
    ///
    /// # Errors
    /// [`CallerError::Policy`].
    pub fn permissions_boundary(self, document: &str) -> Result<Self, CallerError> {
        let policy = compile(PolicyKind::PermissionsBoundary, document)?;
        Ok(self.with(|statement| statement.boundary = Some(policy)))
    }

    /// Adds a session policy.
    ///
    /// # Errors
    /// [`CallerError::Policy`].
    pub fn session_policy(self, document: &str) -> Result<Self, CallerError> {
        let policy = compile(PolicyKind::Session, document)?;
        Ok(self.with(|statement| statement.session.push(policy)))
    }

    /// Adds a level of service control policies, the organisation root first.
    ///
    /// # Errors
    /// [`CallerError::Policy`].
    pub fn service_control_level(self, documents: &[&str]) -> Result<Self, CallerError> {
        let level = compile_level(PolicyKind::ServiceControl, documents)?;
        Ok(self.with(|statement| statement.service_control.push(level)))
    }

    /// Adds a level of resource control policies, the organisation root first.
    ///
    /// # Errors
    /// [`CallerError::Policy`].
    pub fn resource_control_level(self, documents: &[&str]) -> Result<Self, CallerError> {
        let level = compile_level(PolicyKind::ResourceControl, documents)?;
        Ok(self.with(|statement| statement.resource_control.push(level)))
    }

    /// Sets the policy of the VPC endpoint through which the caller comes.
    ///
    /// # Errors
    /// [`CallerError::Policy`].
    pub fn endpoint_policy(self, document: &str) -> Result<Self, CallerError> {
        let policy = compile(PolicyKind::Endpoint, document)?;
        Ok(self.with(|statement| statement.endpoint = Some(policy)))
    }

    /// Adds a tag of the principal or its session (`aws:PrincipalTag/<key>`).
    #[must_use]
    pub fn principal_tag(self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.with(|statement| statement.tags.push((key.into(), value.into())))
    }

    /// States the unique ID of the user, or of the role of the session (`aws:userid`).
    #[must_use]
    pub fn unique_id(self, id: &str) -> Self {
        self.with(|statement| statement.unique_id = Some(id.into()))
    }

    /// States the access key that authenticated the caller, for the audit record.
    #[must_use]
    pub fn access_key_id(self, id: impl Into<String>) -> Self {
        self.with(|statement| statement.access_key_id = Some(id.into()))
    }

    /// States the address the call came from (`aws:SourceIp`, `sourceIPAddress`). Of a call through a VPC endpoint it
    /// is an address inside the VPC (`aws:VpcSourceIp`).
    #[must_use]
    pub fn source_ip(self, address: IpAddr) -> Self {
        self.with(|statement| statement.source_ip = Some(address))
    }

    /// States the user agent (`aws:UserAgent`, `userAgent`).
    #[must_use]
    pub fn user_agent(self, agent: impl Into<String>) -> Self {
        self.with(|statement| statement.user_agent = Some(agent.into()))
    }

    /// States the VPC endpoint through which the call came (`aws:SourceVpce`, `vpcEndpointId`).
    #[must_use]
    pub fn vpc_endpoint(self, id: impl Into<String>) -> Self {
        self.with(|statement| statement.vpc_endpoint = Some(id.into()))
    }

    /// States the TLS connection through which the call came, for the audit record.
    #[must_use]
    pub fn tls_details(self, details: TlsDetails) -> Self {
        self.with(|statement| statement.tls = Some(details))
    }

    /// States that a service calls with the principal's credentials, as
    /// `<service>.<region>.amazonaws.com` (`kms:ViaService`, `aws:ViaAWSService`).
    #[must_use]
    pub fn via_service(self, name: impl Into<String>) -> Self {
        self.with(|statement| statement.via_service = Some(name.into()))
    }

    /// States whether the session was authenticated with MFA (`aws:MultiFactorAuthPresent`).
    #[must_use]
    pub fn mfa(self, present: bool) -> Self {
        self.with(|statement| statement.mfa = Some(present))
    }

    /// States when the temporary credentials were issued (`aws:TokenIssueTime`).
    #[must_use]
    pub fn token_issued(self, at: Timestamp) -> Self {
        self.with(|statement| statement.token_issued = Some(at))
    }

    /// States that the call is made by an integrated service for the caller (`kms:GrantIsForAWSResource`).
    #[must_use]
    pub fn grant_is_for_aws_resource(self, is: bool) -> Self {
        self.with(|statement| statement.grant_for_service = is)
    }

    /// Supplies any other condition key of the environment, such as `aws:SourceArn` or `saml:sub` (CND-115). Of two
    /// values for one key the later one counts.
    ///
    /// # Errors
    /// [`CallerError::OwnedKey`] for keys that the library derives itself, so that nothing a caller controls can
    /// forge them (POL-03); [`CallerError::SingleValued`] for several values of a key that has at most one.
    pub fn condition(self, name: &str, value: ConditionValue) -> Result<Self, CallerError> {
        let mut caller = self;
        Arc::make_mut(&mut caller.0).supply(name, value)?;
        Ok(caller)
    }

    /// The account of the caller; for a service, the one it calls for.
    pub fn account(&self) -> Option<AccountId> {
        self.0.account
    }

    /// The caller in a partition.
    pub(crate) fn principal(&self, partition: Partition) -> Principal {
        let partition = partition.as_str();
        let account = self.0.account.as_ref().map_or("", AccountId::as_str);
        let principal = match &self.0.kind {
            Kind::Root => Principal::account_root(partition, account),
            Kind::User(name) => Principal::user(partition, account, name),
            Kind::RoleSession { role, session } => Principal::role_session(partition, account, role, session),
            Kind::FederatedUser(name) => Principal::federated_user(partition, account, name, None),
            Kind::Service(name) => Principal::service(partition, name),
        };
        match &self.0.unique_id {
            Some(id) => principal.with_unique_id(id),
            None => principal,
        }
    }

    /// Refuses statements that contradict each other, which are mistakes of the host (CND-116).
    pub(crate) fn check(&self) -> Result<(), CallerError> {
        self.0.check()
    }

    pub(crate) fn statement(&self) -> &Statement {
        &self.0
    }

    fn new(kind: Kind, account: Option<AccountId>) -> Self {
        Self(Arc::new(Statement {
            kind,
            account,
            unique_id: None,
            identity: Vec::new(),
            boundary: None,
            session: Vec::new(),
            service_control: Vec::new(),
            resource_control: Vec::new(),
            endpoint: None,
            tags: Vec::new(),
            conditions: Vec::new(),
            access_key_id: None,
            source_ip: None,
            user_agent: None,
            vpc_endpoint: None,
            tls: None,
            via_service: None,
            mfa: None,
            token_issued: None,
            grant_for_service: false,
        }))
    }

    fn with(mut self, change: impl FnOnce(&mut Statement)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }
}

impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caller").field("kind", &self.0.kind).field("account", &self.0.account).finish_non_exhaustive()
    }
}

/// Compiles an identity policy once, to be shared by many callers.
///
/// # Errors
/// [`CallerError::Policy`].
pub fn compile_identity_policy(document: &str) -> Result<Arc<Policy>, CallerError> {
    Ok(compile(PolicyKind::Identity, document)?)
}

/// What the host states about a caller.
#[derive(Clone)]
pub(crate) struct Statement {
    pub(crate) kind: Kind,
    pub(crate) account: Option<AccountId>,
    pub(crate) unique_id: Option<Box<str>>,
    pub(crate) identity: Vec<Arc<Policy>>,
    pub(crate) boundary: Option<Arc<Policy>>,
    pub(crate) session: Vec<Arc<Policy>>,
    pub(crate) service_control: Vec<Level>,
    pub(crate) resource_control: Vec<Level>,
    pub(crate) endpoint: Option<Arc<Policy>>,
    pub(crate) tags: Vec<(String, String)>,
    pub(crate) conditions: Vec<(ConditionKey, ConditionValue)>,
    pub(crate) access_key_id: Option<String>,
    pub(crate) source_ip: Option<IpAddr>,
    pub(crate) user_agent: Option<String>,
    pub(crate) vpc_endpoint: Option<String>,
    pub(crate) tls: Option<TlsDetails>,
    pub(crate) via_service: Option<String>,
    pub(crate) mfa: Option<bool>,
    pub(crate) token_issued: Option<Timestamp>,
    pub(crate) grant_for_service: bool,
}

/// The kinds of caller that a host can state (POL-06).
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Root,
    User(Box<str>),
    RoleSession { role: Box<str>, session: Box<str> },
    FederatedUser(Box<str>),
    Service(Box<str>),
}

impl Statement {
    /// `userIdentity` of the caller's records.
    pub(crate) fn identity(&self, principal: &Principal) -> UserIdentity {
        let account = self.account.as_ref();
        let unique_id = self.unique_id.as_deref();
        let mut identity = UserIdentity {
            kind: Some(
                match &self.kind {
                    Kind::Root => "Root",
                    Kind::User(_) => "IAMUser",
                    Kind::RoleSession { .. } => "AssumedRole",
                    Kind::FederatedUser(_) => "FederatedUser",
                    Kind::Service(_) => "AWSService",
                }
                .to_owned(),
            ),
            invoked_by: self.via_service.clone(),
            access_key_id: self.access_key_id.clone(),
            ..UserIdentity::default()
        };
        let mut issuer = None;
        match &self.kind {
            Kind::Service(name) => {
                identity.invoked_by = Some(name.to_string());
                return identity;
            }
            Kind::Root => identity.principal_id = account.map(ToString::to_string),
            Kind::User(path) => {
                identity.user_name = Some(last_segment(path).to_owned());
                identity.principal_id = unique_id.map(ToOwned::to_owned);
            }
            Kind::RoleSession { role, session } => {
                identity.principal_id = unique_id.map(|id| format!("{id}:{session}"));
                issuer = Some(SessionIssuer {
                    kind: "Role".to_owned(),
                    principal_id: unique_id.map(ToOwned::to_owned),
                    arn: principal.principal_arn().unwrap_or_default().to_owned(),
                    account_id: self.account,
                    user_name: last_segment(role).to_owned(),
                });
            }
            Kind::FederatedUser(name) => {
                identity.principal_id = account.map(|account| format!("{account}:{name}"));
            }
        }
        identity.arn = Some(principal.arn().to_owned());
        identity.account_id = self.account;
        identity.session_context = SessionContext::new(self.mfa, self.token_issued, issuer);
        identity
    }
}

fn parse_account(account: &str) -> Result<AccountId, CallerError> {
    account.parse().map_err(|_| CallerError::Account(account.to_owned()))
}

fn compile(kind: PolicyKind, document: &str) -> Result<Arc<Policy>, PolicyError> {
    let catalogue: &Catalogue = &KMS_ACTIONS;
    Policy::compile(kind, document, catalogue).map(Arc::new)
}

fn compile_level(kind: PolicyKind, documents: &[&str]) -> Result<Level, PolicyError> {
    documents.iter().map(|document| compile(kind, document)).collect()
}

fn last_segment(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}
