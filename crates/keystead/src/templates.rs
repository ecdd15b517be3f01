//! Ready-made policies: the statements that the console of the service writes into key policies, and the managed
//! identity policy for its power users. They are ordinary documents; no rule depends on them.
//!
//! ```
//! use keystead::templates::{KeyPolicyBuilder, KeyPolicyTemplate as T};
//! use keystead::{Caller, Kms, Partition};
//!
//! let policy = KeyPolicyBuilder::new(Partition::AWS, "111122223333".parse()?)
//!     .allow(["arn:aws:iam::111122223333:role/admin"], &[T::KeyAdministrators, T::KeyDeletion])
//!     .allow(["arn:aws:iam::111122223333:role/orders"], &[T::SymmetricEncryptionUsers])
//!     .build();
//!
//! let kms = Kms::in_memory();
//! let root = kms.client("us-west-2", Caller::account_root("111122223333")?)?;
//! let key = root.create_key().policy(policy).send()?.key_metadata.arn;
//! let orders = kms.client("us-west-2", Caller::role_session("111122223333", "orders", "pod-7")?)?;
//! assert!(orders.encrypt(key, b"4111 1111 1111 1111").send().is_ok());
//! assert!(orders.disable_key(key).send().is_err());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use keystead_types::{AccountId, Partition};
use serde::Serialize;
use serde_json::{Value, json};

/// Writes a key policy of template statements (POL-79). It begins with the statement of the default key policy, which
/// lets the account use identity policies.
#[derive(Clone, Debug)]
pub struct KeyPolicyBuilder {
    statements: Vec<Statement>,
}

/// What a statement of the console allows (POL-79).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KeyPolicyTemplate {
    /// Administer the key, but neither use nor delete it. Who may change its policy and create grants can obtain any
    /// permission.
    KeyAdministrators,
    /// For administrators: schedule and cancel the deletion of the key.
    KeyDeletion,
    /// For administrators: rotate the key on demand.
    OnDemandRotation,
    /// For administrators of keys with imported material.
    ImportedMaterial,
    /// For administrators of multi-Region keys.
    MultiRegionKeys,
    /// Use a symmetric encryption key.
    SymmetricEncryptionUsers,
    /// Use an HMAC key.
    HmacUsers,
    /// Use an asymmetric key for encryption.
    AsymmetricEncryptionUsers,
    /// Use an asymmetric key for signing.
    AsymmetricSigningUsers,
    /// Let integrated services use the key through grants.
    GrantsThroughServices,
}

/// The managed identity policy `AWSKeyManagementServicePowerUser` (POL-128). It gives no cryptographic operation; but
/// who may tag keys and move aliases can change what conditions on tags and aliases decide.
///
/// ```
/// use keystead::{Caller, templates};
///
/// let caller = Caller::user("111122223333", "bob")?
///     .identity_policy(templates::AWS_KEY_MANAGEMENT_SERVICE_POWER_USER)?;
/// # Ok::<(), keystead::CallerError>(())
/// ```
pub const AWS_KEY_MANAGEMENT_SERVICE_POWER_USER: &str = r#"{
  "Version" : "2012-10-17",
  "Statement" : [ {
    "Effect" : "Allow",
    "Action" : [
      "kms:CreateAlias",
      "kms:CreateKey",
      "kms:DeleteAlias",
      "kms:Describe*",
      "kms:GenerateRandom",
      "kms:Get*",
      "kms:List*",
      "kms:TagResource",
      "kms:UntagResource",
      "iam:ListGroups",
      "iam:ListRoles",
      "iam:ListUsers"
    ],
    "Resource" : "*"
  } ]
}"#;

impl KeyPolicyBuilder {
    /// A policy for a key of this account.
    pub fn new(partition: Partition, account: AccountId) -> Self {
        let root = format!("arn:{partition}:iam::{account}:root");
        let delegation = Statement::new("Enable IAM User Permissions", vec![root], vec!["kms:*"], None);
        Self { statements: vec![delegation] }
    }

    /// Allows principals, named by their ARNs, what the templates say.
    #[must_use]
    pub fn allow<P: Into<String>>(
        mut self,
        principals: impl IntoIterator<Item = P>,
        templates: &[KeyPolicyTemplate],
    ) -> Self {
        let principals: Vec<String> = principals.into_iter().map(Into::into).collect();
        for template in templates {
            let (sid, condition) = (template.sid(), template.condition());
            let same = |statement: &&mut Statement| statement.sid == sid && statement.principal.aws == principals;
            match self.statements.iter_mut().find(same) {
                Some(statement) => statement.action.extend(template.actions()),
                None => {
                    let actions = template.actions().to_vec();
                    self.statements.push(Statement::new(sid, principals.clone(), actions, condition));
                }
            }
        }
        self
    }

    /// The document. Whether its principals are well-formed is judged when a key gets it.
    pub fn build(&self) -> String {
        let document = Document { version: "2012-10-17", statement: &self.statements };
        // Texts and lists of texts: nothing of it can fail to be written.
        serde_json::to_string_pretty(&document).unwrap_or_default()
    }
}

impl KeyPolicyTemplate {
    /// The actions that it allows.
    pub const fn actions(self) -> &'static [&'static str] {
        match self {
            Self::KeyAdministrators => &[
                "kms:Create*",
                "kms:Describe*",
                "kms:Enable*",
                "kms:List*",
                "kms:Put*",
                "kms:Update*",
                "kms:Revoke*",
                "kms:Disable*",
                "kms:Get*",
                "kms:Delete*",
                "kms:TagResource",
                "kms:UntagResource",
            ],
            Self::KeyDeletion => &["kms:ScheduleKeyDeletion", "kms:CancelKeyDeletion"],
            Self::OnDemandRotation => &["kms:RotateKeyOnDemand"],
            Self::ImportedMaterial => &["kms:ImportKeyMaterial"],
            Self::MultiRegionKeys => &["kms:ReplicateKey", "kms:UpdatePrimaryRegion"],
            Self::SymmetricEncryptionUsers => {
                &["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"]
            }
            Self::HmacUsers => &["kms:DescribeKey", "kms:GenerateMac", "kms:VerifyMac"],
            Self::AsymmetricEncryptionUsers => {
                &["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:DescribeKey", "kms:GetPublicKey"]
            }
            Self::AsymmetricSigningUsers => &["kms:DescribeKey", "kms:GetPublicKey", "kms:Sign", "kms:Verify"],
            Self::GrantsThroughServices => &["kms:CreateGrant", "kms:ListGrants", "kms:RevokeGrant"],
        }
    }

    const fn sid(self) -> &'static str {
        match self {
            Self::KeyAdministrators
            | Self::KeyDeletion
            | Self::OnDemandRotation
            | Self::ImportedMaterial
            | Self::MultiRegionKeys => "Allow access for Key Administrators",
            Self::SymmetricEncryptionUsers
            | Self::HmacUsers
            | Self::AsymmetricEncryptionUsers
            | Self::AsymmetricSigningUsers => "Allow use of the key",
            Self::GrantsThroughServices => "Allow attachment of persistent resources",
        }
    }

    fn condition(self) -> Option<Value> {
        (self == Self::GrantsThroughServices).then(|| json!({ "Bool": { "kms:GrantIsForAWSResource": "true" } }))
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Document<'d> {
    version: &'static str,
    statement: &'d [Statement],
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Statement {
    sid: &'static str,
    effect: &'static str,
    principal: Principals,
    action: Vec<&'static str>,
    resource: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    condition: Option<Value>,
}

#[derive(Clone, Debug, Serialize)]
struct Principals {
    #[serde(rename = "AWS")]
    aws: Vec<String>,
}

impl Statement {
    fn new(sid: &'static str, aws: Vec<String>, action: Vec<&'static str>, condition: Option<Value>) -> Self {
        Self { sid, effect: "Allow", principal: Principals { aws }, action, resource: "*", condition }
    }
}
