//! The bridge between key policies and the policy engine.

use keystead_policy::{Compiler, Policy, PolicyError, PolicyKind};
use keystead_types::{AccountId, Partition};

use crate::catalogue::KMS_ACTIONS;

/// The policy of a key that is created without one: the account may delegate to its identities (KEY-30, POL-77).
pub(crate) fn default_key_policy(partition: Partition, account: AccountId) -> String {
    format!(
        r#"{{
  "Version" : "2012-10-17",
  "Id" : "key-default-1",
  "Statement" : [ {{
    "Sid" : "Enable IAM User Permissions",
    "Effect" : "Allow",
    "Principal" : {{
      "AWS" : "arn:{partition}:iam::{account}:root"
    }},
    "Action" : "kms:*",
    "Resource" : "*"
  }} ]
}}"#
    )
}

/// Validates and compiles a key policy.
pub(crate) fn compile_key_policy(text: &str) -> Result<Policy, PolicyError> {
    Compiler::new(&KMS_ACTIONS).max_bytes(LONGEST).compile(PolicyKind::Key, text)
}

/// The longest document that a request can carry; the quota on its size is another matter (QUO-07).
const LONGEST: usize = 131_072;
