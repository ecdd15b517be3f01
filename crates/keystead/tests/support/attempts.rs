//! Calls on one key, to be tried one after the other.

use keystead::{CallError, Client};

/// A call on one key, reduced to whether it succeeds.
pub type Attempt = fn(&Client, &str) -> Result<(), CallError>;

/// Operations that take every form of identifier, with the name of their policy action.
pub const CLASS_A: &[(&str, Attempt)] = &[
    ("kms:DescribeKey", |client, key| client.describe_key(key).send().map(drop)),
    ("kms:Encrypt", |client, key| client.encrypt(key, b"x").send().map(drop)),
    ("kms:GenerateDataKey", |client, key| client.generate_data_key(key).key_spec("AES_256").send().map(drop)),
    ("kms:GenerateDataKeyWithoutPlaintext", |client, key| {
        client.generate_data_key_without_plaintext(key).key_spec("AES_256").send().map(drop)
    }),
];

/// Operations that take a key ID or key ARN of the own account only, and declare `InvalidArnException`.
pub const CLASS_B_OWN: &[(&str, Attempt)] = &[
    ("kms:EnableKey", |client, key| client.enable_key(key).send().map(drop)),
    ("kms:DisableKey", |client, key| client.disable_key(key).send().map(drop)),
    ("kms:UpdateKeyDescription", |client, key| client.update_key_description(key, "x").send().map(drop)),
    ("kms:EnableKeyRotation", |client, key| client.enable_key_rotation(key).send().map(drop)),
    ("kms:DisableKeyRotation", |client, key| client.disable_key_rotation(key).send().map(drop)),
    ("kms:RotateKeyOnDemand", |client, key| client.rotate_key_on_demand(key).send().map(drop)),
    ("kms:ListKeyRotations", |client, key| client.list_key_rotations(key).send().map(drop)),
    ("kms:GetKeyPolicy", |client, key| client.get_key_policy(key).send().map(drop)),
    ("kms:PutKeyPolicy", |client, key| client.put_key_policy(key, "{}").send().map(drop)),
    ("kms:ListKeyPolicies", |client, key| client.list_key_policies(key).send().map(drop)),
    ("kms:TagResource", |client, key| client.tag_resource(key).tag("a", "b").send().map(drop)),
    ("kms:UntagResource", |client, key| client.untag_resource(key).tag_key("a").send().map(drop)),
    ("kms:ListResourceTags", |client, key| client.list_resource_tags(key).send().map(drop)),
    ("kms:ScheduleKeyDeletion", |client, key| client.schedule_key_deletion(key).send().map(drop)),
    ("kms:CancelKeyDeletion", |client, key| client.cancel_key_deletion(key).send().map(drop)),
];
