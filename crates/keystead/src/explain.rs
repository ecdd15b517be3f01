//! What authorization would answer to a call, and why.

use keystead_policy::{Decision, Explanation, GrantMatch, Layer, Layers};

use crate::authorize::with_request;
use crate::door::CallFacts;
use crate::targets::{Claim, On};

/// What authorization would answer to a call, and why. Made by [`Call::explain`](crate::Call::explain).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CallExplanation {
    /// Everything that must be allowed, in the order in which a refusal is reported (PRM-22).
    pub claims: Vec<ClaimExplanation>,
}

/// The answer to one thing that must be allowed: an action on a resource.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ClaimExplanation {
    /// The policy action, such as `kms:ReEncryptFrom`.
    pub action: String,
    /// The ARN of the key or alias; that of the account's KMS resources (`…:*`) for requests without one.
    pub resource: String,
    /// The decision that a call would get. It is the one of the explanation, but for the rules on retiring grants
    /// (GRA-57 to GRA-59) and keys of other accounts that do not exist (POL-117).
    pub decision: Decision,
    /// The strongest grant that fits the call. Grants are looked for only where policies do not suffice.
    pub grant: GrantMatch,
    /// Whether the key belongs to another account than the caller, and is absent. It is then judged by a stand-in.
    pub is_absent: bool,
    /// What the policies say, statement by statement.
    pub explanation: Explanation,
}

impl CallExplanation {
    /// Whether authorization would let the call pass.
    pub fn is_allowed(&self) -> bool {
        self.claims.iter().all(|claim| claim.decision.is_allowed())
    }

    /// The claim that a refusal would report.
    pub fn refused(&self) -> Option<&ClaimExplanation> {
        self.claims.iter().find(|claim| !claim.decision.is_allowed())
    }
}

pub(crate) fn explain_claims(claims: &[Claim<'_>], call: &CallFacts<'_>) -> CallExplanation {
    CallExplanation { claims: claims.iter().map(|claim| explain_claim(claim, call)).collect() }
}

/// Asks the same question that [`authorize`](crate::authorize::authorize) asks (POL-124).
fn explain_claim(claim: &Claim<'_>, call: &CallFacts<'_>) -> ClaimExplanation {
    with_request(claim, call, |question| {
        let (decision, grant) = question.decide();
        let is_absent = matches!(claim.on, On::Key(key, _) | On::Grant(key, _) if !key.exists);
        ClaimExplanation {
            action: claim.action.policy.to_string(),
            resource: question.request.resource.arn().to_owned(),
            decision: match decision {
                Decision::Allowed if is_absent => Decision::ImplicitDeny(Layer::Resource),
                decision => decision,
            },
            grant,
            is_absent,
            explanation: keystead_policy::explain(&question.request, &Layers { grant, ..question.layers }),
        }
    })
}
