//! Why a request is decided as it is (POL-122, POL-124).

use std::ops::ControlFlow;

use crate::document::{self, Document};
use crate::evaluate::{Evaluation, Unmatched};
use crate::json::{self, Node};
use crate::policy::Statement;
use crate::principal_match::Reach;
use crate::{ConditionKey, Decision, Effect, Layer, Layers, Policy, PolicyKind, Request, decide};

use condition::failed_condition;
use recorder::Recorder;

pub use condition::{FailedCondition, RequestValue};

mod condition;
mod recorder;
mod summary;

/// Explains the decision on a request: the same evaluation as [`decide`], statement by statement (POL-124). Has no
/// effect, and may allocate.
///
/// It holds policy text, which belongs to the owner of the policies and not into an error for the caller (POL-121).
pub fn explain(request: &Request<'_>, layers: &Layers<'_>) -> Explanation {
    let recorder = Recorder::new(request.context);
    let request = &Request { context: &recorder, ..*request };
    let decision = decide(request, layers);
    let mut policies = Vec::new();
    let evaluation = layers.evaluation(request);
    let _: Option<()> = layers.find_policy(request, |layer, policy, index| {
        policies.push(PolicyExplanation::new(&evaluation, layer, policy, index));
        None
    });
    let blocking = blocking(request, layers, decision, &policies);
    let mut explanation = Explanation {
        decision,
        is_foreign: request.is_foreign(),
        blocking,
        policies,
        absent_keys: recorder.absent(),
        summary: String::new(),
    };
    explanation.summary = summary::of(&explanation, request, layers);
    explanation
}

/// Why a request is decided as it is.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Explanation {
    /// The decision; always that of [`decide`].
    pub decision: Decision,
    /// Whether the caller belongs to another account than the resource (POL-125).
    pub is_foreign: bool,
    /// The layers that stand in the way. After an explicit deny those with a statement that denies, in the order of
    /// POL-115; after an implicit one those that must allow the request and do not, in the order of POL-147. The first
    /// is that of the decision. Empty if the request is allowed.
    pub blocking: Vec<Layer>,
    /// Every policy that bears on the request, in the order of POL-115.
    pub policies: Vec<PolicyExplanation>,
    /// Condition keys and variables that were looked up, and that the request does not have.
    pub absent_keys: Vec<ConditionKey>,
    /// One sentence: what decided, or what is missing.
    pub summary: String,
}

/// What one policy says to a request.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PolicyExplanation {
    /// The layer of the policy.
    pub layer: Layer,
    /// Position of the policy among those of its layer, from 0; policies of several levels are counted through.
    pub index: u32,
    /// Its statements, as they stand in the document.
    pub statements: Vec<StatementExplanation>,
}

/// What one statement says to a request.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct StatementExplanation {
    /// Position in the document, from 0.
    pub position: u32,
    /// JSON Pointer (RFC 6901) to the statement in the document.
    pub pointer: String,
    /// The `Sid`, if the statement has one.
    pub sid: Option<String>,
    /// The `Effect`.
    pub effect: Effect,
    /// The line where the statement begins, from 1.
    pub line: u32,
    /// The column where it begins in Unicode scalar values, from 1.
    pub column: u32,
    /// Whether it matches the request, and if not, why.
    pub outcome: Outcome,
}

/// Whether a statement matches a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It matches.
    Matches(Naming),
    /// It does not; the first element that fails.
    Fails(Mismatch),
}

/// How a matching statement names the caller (POL-72, POL-98).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Naming {
    /// Itself or everyone; also in policies that name no principal.
    Itself,
    /// By the role of its session, or the user of its federated session.
    Role,
    /// By its account: in an `Allow` of a key policy a delegation (POL-73).
    Account,
}

/// The element of a statement that does not match.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mismatch {
    /// The statement has no effect on any request: an element is missing, lists nothing or cannot be read (POL-27,
    /// POL-133, POL-139).
    Ineffective,
    /// The policy was compiled as another kind than its layer takes; its allows are ignored.
    Kind,
    /// `Principal` or `NotPrincipal`.
    Principal,
    /// `Action` or `NotAction`.
    Action,
    /// `Resource` or `NotResource`.
    Resource,
    /// A condition.
    Condition(FailedCondition),
}

impl PolicyExplanation {
    /// The statements that match the request, of either effect.
    pub fn matched(&self) -> impl Iterator<Item = &StatementExplanation> {
        self.statements.iter().filter(|statement| matches!(statement.outcome, Outcome::Matches(_)))
    }

    fn new(evaluation: &Evaluation<'_>, layer: Layer, policy: &Policy, index: u32) -> Self {
        // A policy was compiled from its text, so that both steps succeed.
        let root = json::read(policy.text()).ok();
        let document = root.as_ref().and_then(|root| Document::read(root, policy.kind(), false).ok());
        let statements = match (&root, &document) {
            (Some(root), Some(document)) => {
                let examiner = Examiner { evaluation, layer, policy, root, variables: document.has_variables };
                document.statements.iter().zip(0..).map(|(written, at)| examiner.statement(written, at)).collect()
            }
            _ => Vec::new(),
        };
        Self { layer, index, statements }
    }
}

impl StatementExplanation {
    /// Whether the statement matches the request with this effect.
    pub fn matches(&self, effect: Effect) -> bool {
        self.effect == effect && matches!(self.outcome, Outcome::Matches(_))
    }
}

/// Holds a policy against its text.
struct Examiner<'e> {
    evaluation: &'e Evaluation<'e>,
    layer: Layer,
    policy: &'e Policy,
    root: &'e Node,
    variables: bool,
}

impl Examiner<'_> {
    fn statement(&self, written: &document::Statement<'_>, position: u32) -> StatementExplanation {
        let (line, column) = written.span.line_and_column(self.policy.text());
        StatementExplanation {
            position,
            pointer: self.root.pointer(written.span.start),
            sid: written.sid.map(|sid| sid.text.to_owned()),
            effect: written.effect,
            line,
            column,
            outcome: self.outcome(written, position),
        }
    }

    fn outcome(&self, written: &document::Statement<'_>, position: u32) -> Outcome {
        let kind = self.policy.kind();
        let compiled: &[Statement] = match written.effect {
            Effect::Allow if kind != self.layer.kind() => return Outcome::Fails(Mismatch::Kind),
            Effect::Allow => self.policy.allows().as_slice(),
            Effect::Deny => self.policy.denies().as_slice(),
        };
        let Some(statement) = compiled.iter().find(|statement| statement.position == position) else {
            return Outcome::Fails(Mismatch::Ineffective);
        };
        match self.evaluation.examine(statement, written.effect, kind) {
            Ok(Reach::Direct) => Outcome::Matches(Naming::Itself),
            Ok(Reach::Role) => Outcome::Matches(Naming::Role),
            Ok(Reach::Account) => Outcome::Matches(Naming::Account),
            Ok(Reach::None) | Err(Unmatched::Principal) => Outcome::Fails(Mismatch::Principal),
            Err(Unmatched::Action) => Outcome::Fails(Mismatch::Action),
            Err(Unmatched::Resource) => Outcome::Fails(Mismatch::Resource),
            Err(Unmatched::Condition(at)) => {
                let facts = self.evaluation.facts(kind);
                let failed = failed_condition(written, at, self.root, self.variables, &facts);
                Outcome::Fails(failed.map_or(Mismatch::Ineffective, Mismatch::Condition))
            }
        }
    }
}

impl Layer {
    /// The kind of policy that counts in the layer.
    fn kind(self) -> PolicyKind {
        match self {
            Self::Endpoint => PolicyKind::Endpoint,
            Self::ServiceControl => PolicyKind::ServiceControl,
            Self::ResourceControl => PolicyKind::ResourceControl,
            Self::Resource => PolicyKind::Key,
            Self::Identity => PolicyKind::Identity,
            Self::Boundary => PolicyKind::PermissionsBoundary,
            Self::Session => PolicyKind::Session,
        }
    }
}

fn blocking(
    request: &Request<'_>,
    layers: &Layers<'_>,
    decision: Decision,
    policies: &[PolicyExplanation],
) -> Vec<Layer> {
    let mut blocking = Vec::new();
    match decision {
        Decision::Allowed => {}
        Decision::ExplicitDeny(_) => {
            let denies = |policy: &&PolicyExplanation| policy.statements.iter().any(|it| it.matches(Effect::Deny));
            blocking.extend(policies.iter().filter(denies).map(|policy| policy.layer));
            blocking.dedup();
        }
        Decision::ImplicitDeny(layer) if request.is_foreign() && !request.cross_account_capable => blocking.push(layer),
        Decision::ImplicitDeny(_) => {
            let _: ControlFlow<()> = layers.find_silent(request, request.is_foreign(), |layer| {
                blocking.push(layer);
                ControlFlow::Continue(())
            });
        }
    }
    blocking
}
