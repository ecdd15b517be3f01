//! Answers, as JSON and for people.

use std::fmt;

use keystead::policy::{Decision, Effect, Layer};
use serde_json::{Value, json};

use super::case::{Case, Refusal};

/// The answer to a line.
#[derive(Clone, Debug)]
pub struct Answer {
    id: Value,
    result: Result<Verdict, Refusal>,
    lints: Option<Vec<Diagnostic>>,
}

#[derive(Clone, Debug)]
struct Verdict {
    decision: &'static str,
    blocked_by: Vec<&'static str>,
    matched: Vec<Matched>,
    reason: String,
    summary: String,
    absent_keys: Vec<String>,
}

/// A statement that matches.
#[derive(Clone, Debug)]
struct Matched {
    policy: String,
    pointer: String,
    sid: Option<String>,
    effect: &'static str,
    line: u32,
    column: u32,
}

/// A finding in a document.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    /// JSON pointer into the line, to the document.
    pub policy: String,
    /// A stable code.
    pub code: &'static str,
    /// JSON pointer into the document.
    pub pointer: String,
    /// Line in the document, from 1.
    pub line: u32,
    /// Column in the document, from 1.
    pub column: u32,
    /// What it means and what to do.
    pub message: &'static str,
}

impl Answer {
    pub(super) fn to_case(case: &Case, lint: bool) -> Self {
        Self { id: case.id.clone(), result: Ok(Verdict::on(case)), lints: lint.then(|| diagnostics(case)) }
    }

    pub(super) fn refusing(id: Value, refusal: Refusal) -> Self {
        Self { id, result: Err(refusal), lints: None }
    }

    /// The answer as a JSON object.
    pub fn to_json(&self) -> Value {
        let mut answer = match &self.result {
            Err(refusal) => json!({"id": self.id, "error": refusal.error, "pointer": refusal.pointer}),
            Ok(verdict) => json!({
                "id": self.id,
                "decision": verdict.decision,
                "blocked_by": verdict.blocked_by,
                "matched": verdict.matched.iter().map(|it| json!({
                    "policy": it.policy, "pointer": it.pointer, "sid": it.sid, "effect": it.effect,
                    "line": it.line, "column": it.column,
                })).collect::<Vec<_>>(),
                "reason": verdict.reason,
                "summary": verdict.summary,
                "absent_keys": verdict.absent_keys,
            }),
        };
        if let Some(lints) = &self.lints {
            answer["lints"] = lints
                .iter()
                .map(|it| {
                    json!({
                        "policy": it.policy, "code": it.code, "pointer": it.pointer, "line": it.line,
                        "column": it.column, "message": it.message,
                    })
                })
                .collect();
        }
        answer
    }
}

/// For people: the decision, why, and the statements that matched.
impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.id {
            Value::Null => f.write_str("-: ")?,
            Value::String(id) => write!(f, "{id}: ")?,
            id => write!(f, "{id}: ")?,
        }
        match &self.result {
            Err(Refusal { error, pointer }) if pointer.is_empty() => write!(f, "error: {error}")?,
            Err(Refusal { error, pointer }) => write!(f, "error at {pointer}: {error}")?,
            Ok(verdict) => write!(f, "{verdict}")?,
        }
        for Diagnostic { policy, code, pointer, line, column, message } in self.lints.iter().flatten() {
            write!(f, "\n    {code} {policy}{pointer} ({line}:{column}): {message}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.decision)?;
        if self.decision != ALLOWED {
            write!(f, " {}", self.reason)?;
        }
        write!(f, "\n    {}", self.summary)?;
        for Matched { policy, pointer, sid, effect, line, column } in &self.matched {
            write!(f, "\n    {effect} {policy}{pointer} ({line}:{column})")?;
            if let Some(sid) = sid {
                write!(f, " {sid}")?;
            }
        }
        if !self.absent_keys.is_empty() {
            write!(f, "\n    not in the request: {}", self.absent_keys.join(", "))?;
        }
        Ok(())
    }
}

impl Verdict {
    fn on(case: &Case) -> Self {
        let explanation = case.explain();
        let place = |layer, index: u32| {
            let mut of_layer = case.documents().iter().filter(|document| document.layer == layer);
            of_layer.nth(index as usize).map(|document| document.place.clone()).unwrap_or_default()
        };
        let matched = explanation.policies.iter().flat_map(|policy| {
            policy.matched().map(|statement| Matched {
                policy: place(policy.layer, policy.index),
                pointer: statement.pointer.clone(),
                sid: statement.sid.clone(),
                effect: if statement.effect == Effect::Allow { "Allow" } else { "Deny" },
                line: statement.line,
                column: statement.column,
            })
        });
        let decision = match explanation.decision {
            Decision::Allowed => ALLOWED,
            Decision::ExplicitDeny(_) => "ExplicitlyDenied",
            Decision::ImplicitDeny(_) => "ImplicitlyDenied",
        };
        let reason = match explanation.decision {
            Decision::Allowed => explanation.summary.clone(),
            refused => refused.reason_text(case.action()).to_string(),
        };
        Self {
            decision,
            blocked_by: explanation.blocking.iter().map(|layer| layer_name(*layer)).collect(),
            matched: matched.collect(),
            reason,
            absent_keys: explanation.absent_keys.iter().map(ToString::to_string).collect(),
            summary: explanation.summary,
        }
    }
}

fn diagnostics(case: &Case) -> Vec<Diagnostic> {
    let of = |document: &super::case::Document| -> Vec<Diagnostic> {
        let lints = document.policy.lints().iter();
        lints
            .map(|lint| Diagnostic {
                policy: document.place.clone(),
                code: lint.kind().code(),
                pointer: lint.pointer().to_owned(),
                line: lint.line(),
                column: lint.column(),
                message: lint.kind().message(),
            })
            .collect()
    };
    case.documents().iter().flat_map(of).collect()
}

fn layer_name(layer: Layer) -> &'static str {
    match layer {
        Layer::Endpoint => "endpoint",
        Layer::ServiceControl => "service_control",
        Layer::ResourceControl => "resource_control",
        Layer::Resource => "resource",
        Layer::Identity => "identity",
        Layer::Boundary => "boundary",
        Layer::Session => "session",
    }
}

const ALLOWED: &str = "Allowed";
