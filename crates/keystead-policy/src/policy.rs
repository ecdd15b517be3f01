//! A compiled policy document.

use crate::compile::Compiler;
use crate::condition::Effect;
use crate::statement::{Statement, Statements};
use crate::{Catalogue, Lint, PolicyError, Span};

/// The kinds of policy document. They differ in grammar and in what they do in a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PolicyKind {
    /// The policy of a key.
    Key,
    /// A policy of a user, group or role.
    Identity,
    /// A permissions boundary of a user or role.
    PermissionsBoundary,
    /// A policy given when a session was made.
    Session,
    /// A service control policy of an organisation.
    ServiceControl,
    /// A resource control policy of an organisation.
    ResourceControl,
    /// The policy of a VPC endpoint.
    Endpoint,
}

/// A policy document, validated and ready to decide requests. Immutable; share it in an `Arc`.
#[derive(Clone, Debug)]
pub struct Policy {
    kind: PolicyKind,
    denies: Statements,
    allows: Statements,
    statements: Box<[StatementInfo]>,
    lints: Box<[Lint]>,
    bindings: Box<[(Box<str>, Box<str>)]>,
}

impl Policy {
    /// Validates and compiles a document as strictly as a write of it requires. [`Compiler`] has more choices.
    ///
    /// # Errors
    ///
    /// [`PolicyError::TooLarge`] for a text over the limit of its kind, [`PolicyError::Malformed`] for one that
    /// breaks a rule of chapter 21, section 3.
    pub fn compile(kind: PolicyKind, text: &str, catalogue: &Catalogue) -> Result<Self, PolicyError> {
        Compiler::new(catalogue).compile(kind, text)
    }

    /// The kind as which the document was compiled.
    pub fn kind(&self) -> PolicyKind {
        self.kind
    }

    /// What is legal in the document but probably not meant; in the order of the text.
    pub fn lints(&self) -> &[Lint] {
        &self.lints
    }

    /// The statements as written; their positions are those of
    /// [`DenyingStatement::statement`](crate::DenyingStatement).
    pub fn statements(&self) -> &[StatementInfo] {
        &self.statements
    }

    /// The ARNs that were bound to unique IDs by a [`Directory`](crate::Directory) (POL-26): what a host has to keep
    /// beside the document.
    pub fn bindings(&self) -> impl Iterator<Item = (&str, &str)> {
        self.bindings.iter().map(|(arn, id)| (&**arn, &**id))
    }

    pub(crate) fn new(
        kind: PolicyKind,
        statements: Vec<(Effect, Option<Statement>)>,
        infos: Vec<StatementInfo>,
        lints: Vec<Lint>,
        bindings: Vec<(Box<str>, Box<str>)>,
    ) -> Self {
        let (mut denies, mut allows) = (Vec::new(), Vec::new());
        for (effect, statement) in statements {
            match effect {
                Effect::Allow => allows.extend(statement),
                Effect::Deny => denies.extend(statement),
            }
        }
        Self {
            kind,
            denies: Statements::new(denies),
            allows: Statements::new(allows),
            statements: infos.into(),
            lints: lints.into(),
            bindings: bindings.into(),
        }
    }

    pub(crate) fn denies(&self) -> &Statements {
        &self.denies
    }

    pub(crate) fn allows(&self) -> &Statements {
        &self.allows
    }
}

/// What a reader needs to find a statement again.
#[derive(Clone, Debug)]
pub struct StatementInfo {
    pub(crate) sid: Option<Box<str>>,
    pub(crate) effect: Effect,
    pub(crate) span: Span,
    pub(crate) is_effective: bool,
}

impl StatementInfo {
    /// The `Sid`, if the statement has one.
    pub fn sid(&self) -> Option<&str> {
        self.sid.as_deref()
    }

    /// The `Effect`.
    pub fn effect(&self) -> Effect {
        self.effect
    }

    /// Where the statement stands in the text.
    pub fn span(&self) -> Span {
        self.span
    }

    /// Whether the statement can match anything at all; not if it lacks an element or lists nothing in it (POL-27,
    /// POL-133).
    pub fn is_effective(&self) -> bool {
        self.is_effective
    }
}
