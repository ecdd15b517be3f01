//! Explanations against decisions.
#![allow(unreachable_pub, clippy::unwrap_used)]

use keystead_policy::{Decision, Effect, Explanation, Layer, Layers, PolicyExplanation, Request};

/// An explanation tells the same as the decision, and the statements it lists bear it out.
pub fn check(explanation: &Explanation, decision: Decision, request: &Request<'_>, layers: &Layers<'_>) {
    assert_eq!(explanation.decision, decision, "{explanation:?}");
    assert!(!explanation.summary.is_empty());
    let matched = |layer, effect| {
        let mut of_layer = explanation.policies.iter().filter(move |policy| policy.layer == layer);
        of_layer.any(|policy| policy.matched().any(|statement| statement.effect == effect))
    };
    match decision {
        Decision::Allowed => assert_eq!(explanation.blocking, []),
        Decision::ImplicitDeny(layer) => assert_eq!(explanation.blocking.first(), Some(&layer)),
        Decision::ExplicitDeny(deny) => {
            assert_eq!(explanation.blocking.first(), Some(&deny.layer));
            let place = |policy: &&PolicyExplanation| policy.layer == deny.layer && policy.index == deny.policy;
            let policy = explanation.policies.iter().find(place).unwrap();
            let first = policy.matched().find(|statement| statement.effect == Effect::Deny).unwrap();
            assert_eq!(first.position, deny.statement);
        }
    }
    if !request.is_foreign() || request.cross_account_capable {
        for layer in [Layer::ServiceControl, Layer::ResourceControl, Layer::Endpoint, Layer::Identity] {
            let denies = matched(layer, Effect::Deny);
            assert!(!denies || matches!(decision, Decision::ExplicitDeny(_)), "{layer:?} {explanation:?}");
        }
    }
    if decision == Decision::Allowed && !layers.endpoint.is_empty() {
        assert!(matched(Layer::Endpoint, Effect::Allow));
    }
}
