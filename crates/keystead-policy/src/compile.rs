//! From the text of a policy to its compiled form.

use crate::catalogue::Catalogue;
use crate::condition::operator::{Operator, Quantifier};
use crate::condition::{ConditionKey, Effect, Element};
use crate::document::{self, Condition, Document, List, PrincipalList};
use crate::json::{self, Fault, Node};
use crate::policy::{ActionPattern, Actions, Resources, Statement, StatementInfo};
use crate::principal_match::{Entry, Principals};
use crate::resource_match::ResourcePattern;
use crate::{Directory, Malformed, Policy, PolicyError, PolicyKind, Span, lint};

/// Compiles policy documents. Its defaults are the rules for writing a key policy.
#[derive(Clone, Copy)]
pub struct Compiler<'c> {
    catalogue: &'c Catalogue,
    directory: Option<&'c dyn Directory>,
    max_bytes: Option<usize>,
    strict: bool,
}

impl<'c> Compiler<'c> {
    /// A strict compiler against a catalogue, without a directory.
    pub fn new(catalogue: &'c Catalogue) -> Self {
        Self { catalogue, directory: None, max_bytes: None, strict: true }
    }

    /// Looks up principals: every user and role that a key policy names must exist (POL-25).
    #[must_use]
    pub fn directory(mut self, directory: &'c dyn Directory) -> Self {
        self.directory = Some(directory);
        self
    }

    /// Sets the longest text accepted, in bytes. Default: 32,768 for a key policy (POL-35), 131,072 for the others.
    #[must_use]
    pub fn max_bytes(mut self, max_bytes: usize) -> Self {
        self.max_bytes = Some(max_bytes);
        self
    }

    /// Accepts documents that nobody checked when they were written: a statement with an unknown operator or an
    /// unreadable value then never applies as an `Allow` and, its conditions unheeded, always as a `Deny` (POL-139);
    /// one without the principal that its kind needs never applies (POL-17). Everything else stays malformed.
    #[must_use]
    pub fn lenient(mut self) -> Self {
        self.strict = false;
        self
    }

    /// Validates and compiles a document. The checks run in the order of POL-85: size, JSON and grammar, principals,
    /// set operators.
    ///
    /// # Errors
    ///
    /// [`PolicyError::TooLarge`] and [`PolicyError::Malformed`]; the first fault found is reported.
    pub fn compile(&self, kind: PolicyKind, text: &str) -> Result<Policy, PolicyError> {
        let limit = self.max_bytes.unwrap_or(if kind == PolicyKind::Key { MAX_KEY_POLICY } else { MAX_OTHER_POLICY });
        if text.len() > limit {
            return Err(PolicyError::TooLarge { size: text.len(), limit });
        }
        let root = json::read(text).map_err(|fault| malformed(fault, None, text))?;
        self.compile_node(kind, &root, text).map_err(|fault| malformed(fault, Some(&root), text))
    }

    fn compile_node(&self, kind: PolicyKind, root: &Node, text: &str) -> Result<Policy, Fault> {
        if let Some(second) = root.find_duplicate() {
            let message = format!("`{}` occurs twice in one object; keep one", second.name);
            return Err(Fault::new(second.name_span.start, message));
        }
        let document = Document::read(root, kind, self.strict)?;
        let bodies = document
            .statements
            .iter()
            .map(|statement| self.body(statement, document.has_variables))
            .collect::<Result<Vec<_>, _>>()?;
        let principals = document
            .statements
            .iter()
            .map(|statement| self.principals(statement.principal.as_ref(), kind))
            .collect::<Result<Vec<_>, _>>()?;
        if kind == PolicyKind::Key && self.strict {
            refuse_overly_permissive(&document)?;
        }

        let lints = lint::check(&document, root, kind, self.catalogue, text);
        let bindings = principals.iter().flatten().flat_map(Principals::entries).filter_map(Entry::binding).collect();
        let mut statements = Vec::new();
        let mut infos = Vec::new();
        for (position, ((written, body), principals)) in
            (0..).zip(document.statements.iter().zip(bodies).zip(principals))
        {
            let statement = body.and_then(|body| {
                let Body { actions, resources, conditions } = body;
                let principals = principals?;
                Some(Statement { actions, named: principals.mask(), principals, resources, conditions, position })
            });
            infos.push(StatementInfo {
                sid: written.sid.map(|sid| sid.text.into()),
                effect: written.effect,
                span: written.span,
                is_effective: statement.is_some(),
            });
            statements.push((written.effect, statement));
        }
        Ok(Policy::new(kind, text, statements, infos, lints, bindings))
    }

    /// The statement without its principals; none if it can never apply.
    fn body(&self, statement: &document::Statement<'_>, variables: bool) -> Result<Option<Body>, Fault> {
        let actions = statement.action.as_ref().map(|list| self.actions(list)).transpose()?.flatten();
        let resources = statement.resource.as_ref().map(|list| resources(list, variables)).transpose()?.flatten();
        let conditions = match statement.condition.as_ref().map(|condition| conditions(condition, variables)) {
            None => Some(Vec::new()),
            Some(Ok(conditions)) => Some(conditions),
            Some(Err(fault)) if self.strict => return Err(fault),
            // POL-139: what cannot be read fails closed, by effect.
            Some(Err(_)) => (statement.effect == Effect::Deny).then(Vec::new),
        };
        Ok(match (actions, resources, conditions) {
            (Some(actions), Some(resources), Some(conditions)) => {
                Some(Body { actions, resources, conditions: conditions.into() })
            }
            _ => None,
        })
    }

    fn actions(&self, list: &List<'_>) -> Result<Option<Actions>, Fault> {
        let patterns = list
            .words
            .iter()
            .map(|word| {
                let message = || format!("`{}` is no action; write `<service>:<name>` or `*`", word.text);
                ActionPattern::new(word.text).ok_or_else(|| Fault::new(word.span.start, message()))
            })
            .collect::<Result<Vec<_>, _>>()?;
        // An empty list never means "everything" (POL-133).
        Ok((!patterns.is_empty()).then(|| Actions::new(patterns, list.negated, self.catalogue)))
    }

    /// The principals of a statement; none if it names nobody (POL-133).
    fn principals(&self, list: Option<&PrincipalList<'_>>, kind: PolicyKind) -> Result<Option<Principals>, Fault> {
        let Some(list) = list else {
            return Ok((!kind.has_principals()).then_some(Principals::Unstated));
        };
        let must_exist = kind == PolicyKind::Key;
        let entries = list
            .entries
            .iter()
            .map(|(kind, word)| {
                Entry::read(*kind, word.text, self.directory, must_exist)
                    .ok_or_else(|| Fault::new(word.span.start, INVALID_PRINCIPALS))
            })
            .collect::<Result<Box<[_]>, _>>()?;
        Ok(match (entries.is_empty(), list.negated) {
            (true, _) => None,
            (false, false) => Some(Principals::Named(entries)),
            (false, true) => Some(Principals::AllBut(entries)),
        })
    }
}

/// A compiled statement without its principals.
struct Body {
    actions: Actions,
    resources: Resources,
    conditions: Box<[Element]>,
}

fn resources(list: &List<'_>, variables: bool) -> Result<Option<Resources>, Fault> {
    let patterns = list
        .words
        .iter()
        .map(|word| {
            ResourcePattern::new(word.text, variables)
                .ok_or_else(|| Fault::new(word.span.start, INVALID_RESOURCE_VENDOR))
        })
        .collect::<Result<Box<[_]>, _>>()?;
    Ok((!patterns.is_empty()).then_some(Resources { patterns, negated: list.negated }))
}

fn conditions(condition: &Condition<'_>, variables: bool) -> Result<Vec<Element>, Fault> {
    let mut elements = Vec::new();
    for block in &condition.blocks {
        let Some(operator) = Operator::parse(block.operator.text) else {
            let message = format!("`{}` is no condition operator", block.operator.text);
            return Err(Fault::new(block.operator.span.start, message));
        };
        for test in &block.tests {
            let values: Vec<&str> = test.values.iter().map(|value| value.text).collect();
            let element = Element::new(operator, test.key.text, &values, variables).map_err(|position| {
                let word = test.values.get(position).unwrap_or(&test.key);
                let message = format!("`{}` is no value for `{}`", word.text, block.operator.text);
                Fault::new(word.span.start, message)
            })?;
            elements.push(element);
        }
    }
    Ok(elements)
}

/// POL-39: a quantifier over a single-valued key is true for every request that lacks the key.
fn refuse_overly_permissive(document: &Document<'_>) -> Result<(), Fault> {
    let blocks = document.statements.iter().filter_map(|statement| statement.condition.as_ref());
    for block in blocks.flat_map(|condition| &condition.blocks) {
        let is_for_all =
            Operator::parse(block.operator.text).is_some_and(|operator| operator.quantifier == Some(Quantifier::All));
        for test in block.tests.iter().filter(|_| is_for_all) {
            let key = ConditionKey::parse(test.key.text);
            if matches!(key, ConditionKey::EncryptionContext(_) | ConditionKey::RequestTag(_)) {
                let message = format!(
                    "{OVERLY_PERMISSIVE}: the condition key {} has a single value, so that {} is true for every \
                     request without it. Remove ForAllValues from the condition.",
                    test.key.text, block.operator.text
                );
                return Err(Fault::new(block.operator.span.start, message));
            }
        }
    }
    Ok(())
}

fn malformed(fault: Fault, root: Option<&Node>, text: &str) -> PolicyError {
    let pointer = root.map(|root| root.pointer(fault.offset)).unwrap_or_default();
    let place = Span::new(fault.offset, fault.offset).line_and_column(text);
    PolicyError::Malformed(Malformed::new(fault.message, pointer, place))
}

/// Quota on key policies, in bytes (POL-35).
const MAX_KEY_POLICY: usize = 32_768;

/// Longest policy text of the API model, applied to kinds without a quota of their own.
const MAX_OTHER_POLICY: usize = 131_072;

/// The words of the service (POL-23).
const INVALID_PRINCIPALS: &str = "Policy contains a statement with one or more invalid principals.";

/// The words of IAM (POL-136).
const INVALID_RESOURCE_VENDOR: &str = "Resource vendor must be fully qualified and cannot contain regexes.";

/// How the service begins the message of POL-39.
const OVERLY_PERMISSIVE: &str = "OverlyPermissiveCondition";
