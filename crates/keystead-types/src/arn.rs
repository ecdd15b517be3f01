//! ARNs of any service, as a borrowed split.

use std::fmt;

/// The five parts of an ARN, `arn:<partition>:<service>:<region>:<account>:<resource>`, borrowed from its text.
///
/// Splitting is all that happens: parts may be empty, patterns or nonsense. For the ARNs of keys and aliases see
/// [`KmsArn`](crate::KmsArn).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Arn<'a> {
    /// For instance `aws`.
    pub partition: &'a str,
    /// For instance `kms` or `iam`.
    pub service: &'a str,
    /// Empty for services without Regions.
    pub region: &'a str,
    /// Usually 12 digits; empty in some services.
    pub account: &'a str,
    /// Everything after the fifth colon, its own colons included.
    pub resource: &'a str,
}

impl<'a> Arn<'a> {
    /// Splits a text; `None` if it does not begin with `arn:` or has fewer than five colons.
    pub fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.strip_prefix("arn:")?.splitn(5, ':');
        Some(Self {
            partition: parts.next()?,
            service: parts.next()?,
            region: parts.next()?,
            account: parts.next()?,
            resource: parts.next()?,
        })
    }
}

impl fmt::Display for Arn<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { partition, service, region, account, resource } = self;
        write!(f, "arn:{partition}:{service}:{region}:{account}:{resource}")
    }
}

impl fmt::Debug for Arn<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
