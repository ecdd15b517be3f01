//! Who called, as the record shows it (chapter 12, section 4).

use keystead_types::{AccountId, Timestamp};
use serde::{Deserialize, Serialize};

/// `userIdentity`. What the host does not know is omitted, never invented (AUD-13).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct UserIdentity {
    /// `IAMUser`, `AssumedRole`, `Root`, `FederatedUser`, `AWSService`, `AWSAccount`; absent for internal actions.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The unique ID; `<role id>:<session name>` for a role session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub principal_id: Option<String>,
    /// The ARN of the caller.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arn: Option<String>,
    /// The account of the caller.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_id: Option<AccountId>,
    /// The access key that authenticated the caller.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_key_id: Option<String>,
    /// The name of the user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_name: Option<String>,
    /// Facts about temporary credentials.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_context: Option<SessionContext>,
    /// The service that called for the caller, or `AWS Internal`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invoked_by: Option<String>,
}

/// `sessionContext`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct SessionContext {
    /// When and how the session was authenticated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attributes: Option<SessionAttributes>,
    /// The role behind the session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_issuer: Option<SessionIssuer>,
}

/// `sessionContext.attributes`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct SessionAttributes {
    /// The text `true` or `false` (AUD-13).
    pub mfa_authenticated: String,
    /// `YYYY-MM-DDThh:mm:ssZ`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub creation_date: Option<String>,
}

/// `sessionContext.sessionIssuer`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct SessionIssuer {
    /// `Role`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The unique ID of the role.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub principal_id: Option<String>,
    /// The ARN of the role.
    pub arn: String,
    /// The account of the role.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_id: Option<AccountId>,
    /// The name of the role.
    pub user_name: String,
}

impl UserIdentity {
    /// The identity of an internal action: the owner of the key, without a type.
    pub(crate) fn internal(owner: AccountId) -> Self {
        Self { account_id: Some(owner), invoked_by: Some(INTERNAL.to_owned()), ..Self::default() }
    }

    /// What the owner of a key sees of a caller from another account (RUL-27).
    pub(crate) fn as_seen_by_owner(&self) -> Self {
        Self {
            kind: Some("AWSAccount".to_owned()),
            principal_id: self.principal_id.clone(),
            account_id: self.account_id,
            invoked_by: self.invoked_by.clone(),
            ..Self::default()
        }
    }
}

impl SessionContext {
    /// The context of a session with what is known of it.
    pub(crate) fn new(mfa: Option<bool>, issued: Option<Timestamp>, issuer: Option<SessionIssuer>) -> Option<Self> {
        let attributes = (mfa.is_some() || issued.is_some()).then(|| SessionAttributes {
            mfa_authenticated: mfa.unwrap_or(false).to_string(),
            creation_date: issued.map(|at| at.to_iso_seconds()),
        });
        (attributes.is_some() || issuer.is_some()).then_some(Self { attributes, session_issuer: issuer })
    }
}

/// Who acts when the library acts by itself.
pub(crate) const INTERNAL: &str = "AWS Internal";
