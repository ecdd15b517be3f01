//! What a text that does not parse is told.

/// The text is not what its type needs; each variant names the type and the form it takes.
///
/// Alias names have an error of their own, [`AliasNameError`](crate::AliasNameError), because the API answers each
/// violation differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum ParseError {
    /// Not a [`Partition`](crate::Partition).
    #[error("partition must be 1 to 32 lower-case letters, digits and hyphens that begin with a letter, such as `aws`")]
    Partition,
    /// Not a [`Region`](crate::Region).
    #[error("region must have the form `us-west-2` and at most 32 characters")]
    Region,
    /// Not an [`AccountId`](crate::AccountId).
    #[error("account ID must be 12 decimal digits")]
    AccountId,
    /// Not a [`KeyId`](crate::KeyId).
    #[error("key ID must be a lower-case UUID, or `mrk-` and 32 lower-case hexadecimal digits")]
    KeyId,
    /// Not a [`KeyArn`](crate::KeyArn).
    #[error("key ARN must have the form `arn:<partition>:kms:<region>:<account>:key/<key ID>`")]
    KeyArn,
    /// Not an [`AliasArn`](crate::AliasArn).
    #[error("alias ARN must have the form `arn:<partition>:kms:<region>:<account>:alias/<name>`")]
    AliasArn,
    /// Not a [`KmsArn`](crate::KmsArn).
    #[error("not the ARN of a KMS key or alias: write `arn:<partition>:kms:<region>:<account>:` and the resource")]
    KmsArn,
}
