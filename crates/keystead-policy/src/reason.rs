//! The words for a refusal (POL-114, POL-115, POL-147).

use std::fmt;

use crate::{Action, Decision, Layer};

impl Decision {
    /// The last part of the message of `AccessDeniedException`, such as `because no identity-based policy allows the
    /// kms:Decrypt action` or `with an explicit deny in a resource-based policy`; empty for [`Decision::Allowed`].
    pub fn reason_text<'a>(&self, action: Action<'a>) -> Reason<'a> {
        Reason { decision: *self, action }
    }
}

/// Displays why a request is refused.
#[derive(Clone, Copy, Debug)]
pub struct Reason<'a> {
    decision: Decision,
    action: Action<'a>,
}

impl fmt::Display for Reason<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.decision {
            Decision::Allowed => Ok(()),
            Decision::ExplicitDeny(deny) => {
                let (article, name) = deny.layer.words();
                write!(f, "with an explicit deny in {article} {name}")
            }
            Decision::ImplicitDeny(layer) => {
                let (_, name) = layer.words();
                write!(f, "because no {name} allows the {} action", self.action)
            }
        }
    }
}

impl Layer {
    /// The article and the name that IAM uses for policies of this layer.
    const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Endpoint => ("a", "VPC endpoint policy"),
            Self::ServiceControl => ("a", "service control policy"),
            Self::ResourceControl => ("a", "resource control policy"),
            Self::Resource => ("a", "resource-based policy"),
            Self::Identity => ("an", "identity-based policy"),
            Self::Boundary => ("a", "permissions boundary"),
            Self::Session => ("a", "session policy"),
        }
    }
}
