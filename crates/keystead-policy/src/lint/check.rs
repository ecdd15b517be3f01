//! Finding lints in a document whose grammar is right.

use super::{Lint, LintKind};
use crate::condition::ConditionKey;
use crate::condition::network::Network;
use crate::condition::operator::{Base, Operator};
use crate::document::{Block, Document, KeyTest, List, PrincipalList, PrincipalType, Statement, Word};
use crate::json::Node;
use crate::policy::ActionPattern;
use crate::template::{Content, NotAVariable, Variable, variable};
use crate::{Catalogue, Effect, KnownKey, PolicyKind, Span};

/// Finds what is probably not meant, in the order of the text.
pub(crate) fn check(
    document: &Document<'_>,
    root: &Node,
    kind: PolicyKind,
    catalogue: &Catalogue,
    text: &str,
) -> Vec<Lint> {
    let mut checker = Checker { kind, catalogue, has_variables: document.has_variables, findings: Vec::new() };
    checker.document(document);
    let mut findings = checker.findings;
    findings.sort_by_key(|(_, span)| span.start);
    let mut places = Places { text, offset: 0, line: 1, column: 1 };
    let lint = |(kind, span): (LintKind, Span)| {
        let (line, column) = places.advance(span.start);
        Lint { kind, pointer: root.pointer(span.start).into(), span, line, column }
    };
    findings.into_iter().map(lint).collect()
}

/// Lines and columns of ascending offsets, in one walk over the text.
struct Places<'t> {
    text: &'t str,
    offset: usize,
    line: u32,
    column: u32,
}

impl Places<'_> {
    fn advance(&mut self, offset: usize) -> (u32, u32) {
        for c in self.text.get(self.offset..offset).unwrap_or_default().chars() {
            (self.line, self.column) = if c == '\n' { (self.line + 1, 1) } else { (self.line, self.column + 1) };
        }
        self.offset = offset;
        (self.line, self.column)
    }
}

struct Checker<'c> {
    kind: PolicyKind,
    catalogue: &'c Catalogue,
    has_variables: bool,
    findings: Vec<(LintKind, Span)>,
}

impl Checker<'_> {
    fn report(&mut self, kind: LintKind, span: Span) {
        self.findings.push((kind, span));
    }

    fn document(&mut self, document: &Document<'_>) {
        if self.kind == PolicyKind::Key && !document.statements.iter().any(names_account) {
            self.report(LintKind::MissingAccountPrincipal, document.span);
        }
        for statement in &document.statements {
            self.statement(statement);
        }
    }

    fn statement(&mut self, statement: &Statement<'_>) {
        match &statement.action {
            None => self.report(LintKind::MissingAction, statement.span),
            Some(list) => self.actions(list),
        }
        match &statement.resource {
            None => self.report(LintKind::MissingResource, statement.span),
            Some(list) => self.resources(list),
        }
        if let Some(list) = &statement.principal {
            self.principals(list, statement);
        }
        if let Some(condition) = &statement.condition {
            if condition.blocks.is_empty() {
                self.report(LintKind::EmptyObjectCondition, condition.span);
            }
            for block in &condition.blocks {
                self.block(block);
            }
        }
        self.cross_account_wildcard(statement);
    }

    fn actions(&mut self, list: &List<'_>) {
        if list.words.is_empty() {
            self.report(LintKind::EmptyArrayAction, list.span);
        }
        for word in &list.words {
            if word.text.contains("${") {
                self.report(LintKind::VariableUnsupportedInElement, word.span);
            }
            let Some(pattern) = ActionPattern::new(word.text).filter(|_| word.text != "*") else { continue };
            let service = self.catalogue.service();
            if pattern.service().contains(['*', '?']) {
                self.report(LintKind::WildcardInService, word.span);
            } else if pattern.service().eq_ignore_ascii_case(service)
                && !self.catalogue.actions().iter().any(|name| pattern.matches(service, name))
            {
                self.report(LintKind::InvalidAction, word.span);
            }
        }
    }

    fn resources(&mut self, list: &List<'_>) {
        if list.words.is_empty() {
            self.report(LintKind::EmptyArrayResource, list.span);
        }
        for word in &list.words {
            let parts: Vec<&str> = word.text.splitn(6, ':').collect();
            let (head, last) = parts.split_at(parts.len().min(5));
            if head.iter().any(|part| part.contains("${")) {
                self.report(LintKind::VariableUnsupportedInElement, word.span);
            }
            if let [last] = last {
                self.variables(last, word.span);
            }
        }
    }

    fn principals(&mut self, list: &PrincipalList<'_>, statement: &Statement<'_>) {
        if list.entries.is_empty() {
            let kind =
                if list.is_empty_object { LintKind::EmptyObjectPrincipal } else { LintKind::EmptyArrayPrincipal };
            self.report(kind, list.span);
        }
        for (_, word) in list.entries.iter().filter(|(kind, _)| *kind == PrincipalType::Elsewhere) {
            self.report(LintKind::UnmatchedPrincipal, word.span);
        }
        if list.negated {
            let words = || list.entries.iter().filter(|(kind, _)| *kind == PrincipalType::Aws).map(|(_, word)| word);
            let listed: Vec<NamedPrincipal<'_>> = words().map(|word| NamedPrincipal::read(word.text)).collect();
            for (word, entry) in words().zip(&listed) {
                if !is_complete(entry, &listed) {
                    self.report(LintKind::NotPrincipalIncomplete, word.span);
                }
            }
        }
        let is_open = statement.effect == Effect::Allow && !is_conditioned(statement);
        if self.kind == PolicyKind::Key && is_open && !list.negated {
            for (_, word) in list.entries.iter().filter(|(kind, word)| *kind == PrincipalType::Aws && word.text == "*")
            {
                self.report(LintKind::OpenPrincipal, word.span);
            }
        }
    }

    fn block(&mut self, block: &Block<'_>) {
        if block.tests.is_empty() {
            self.report(LintKind::EmptyObjectCondition, block.span);
        }
        // Only a document that nobody checked has an unknown operator.
        let Some(operator) = Operator::parse(block.operator.text) else { return };
        if operator.base == Base::Null && operator.quantifier.is_some() {
            self.report(LintKind::NullWithQualifier, block.operator.span);
        }
        for test in &block.tests {
            self.key_test(&operator, test);
        }
    }

    fn key_test(&mut self, operator: &Operator, test: &KeyTest<'_>) {
        let key = ConditionKey::parse(test.key.text);
        if test.key.text.contains("${") {
            self.report(LintKind::VariableUnsupportedInElement, test.key.span);
        }
        let is_known = !matches!(key, ConditionKey::Other(_));
        if !is_known {
            self.report(LintKind::UnknownConditionKey, test.key.span);
        }
        if operator.base != Base::Null {
            match operator.quantifier {
                None if key.is_multi_valued() => self.report(LintKind::MissingQualifier, test.key.span),
                Some(_) if is_known && !key.is_multi_valued() => {
                    self.report(LintKind::SingleValuedQualifier, test.key.span);
                }
                _ => {}
            }
        }
        if test.values.is_empty() {
            self.report(LintKind::EmptyArrayCondition, test.span);
        }
        for value in &test.values {
            self.value(operator, &key, value);
        }
    }

    fn value(&mut self, operator: &Operator, key: &ConditionKey, value: &Word<'_>) {
        if operator.base.takes_variables() {
            self.variables(value.text, value.span);
        } else if value.text.contains("${") {
            self.report(LintKind::InvalidVariableForOperator, value.span);
        }
        match operator.base {
            Base::Date(_) if value.text.len() == 4 && value.text.bytes().all(|byte| byte.is_ascii_digit()) => {
                self.report(LintKind::YearOnlyDate, value.span);
            }
            Base::IpAddress => {
                if Network::has_host_bits(value.text) {
                    self.report(LintKind::HostBitsInIpRange, value.span);
                }
                if *key == ConditionKey::Known(KnownKey::AwsSourceIp) && Network::is_private(value.text) {
                    self.report(LintKind::PrivateIpAddress, value.span);
                }
            }
            Base::StringEquals | Base::StringEqualsIgnoreCase | Base::StringLike
                if key.is_measurement() && value.text.starts_with("0x") =>
            {
                self.report(LintKind::HexPrefix, value.span);
            }
            _ => {}
        }
    }

    /// Variables in a text that may hold some.
    fn variables(&mut self, text: &str, span: Span) {
        for (place, _) in text.match_indices("${") {
            match variable(text.get(place..).unwrap_or_default()) {
                Ok(Variable { content: Content::Key { .. }, .. }) if !self.has_variables => {
                    self.report(LintKind::VariableUnsupportedInVersion, span);
                }
                Err(fault) if self.has_variables => {
                    let kind = match fault {
                        NotAVariable::MissingBrace => LintKind::MissingBraceInVariable,
                        NotAVariable::MissingQuote => LintKind::MissingQuoteInVariable,
                        NotAVariable::Space => LintKind::SpaceInVariable,
                        NotAVariable::Empty => LintKind::EmptyVariable,
                    };
                    self.report(kind, span);
                }
                _ => {}
            }
        }
    }

    fn cross_account_wildcard(&mut self, statement: &Statement<'_>) {
        let (Some(actions), Some(resources)) = (&statement.action, &statement.resource) else { return };
        if self.kind != PolicyKind::Identity || statement.effect != Effect::Allow || resources.negated {
            return;
        }
        let covers = |name: &&'static str| {
            let mut patterns = actions.words.iter().filter_map(|word| ActionPattern::new(word.text));
            patterns.any(|pattern| pattern.matches(self.catalogue.service(), name)) != actions.negated
        };
        if !actions.words.is_empty() && self.catalogue.cross_account().iter().any(covers) {
            for word in resources.words.iter().filter(|word| word.text == "*") {
                self.report(LintKind::CrossAccountResourceWildcard, word.span);
            }
        }
    }
}

/// An `Allow` that names an account.
fn names_account(statement: &Statement<'_>) -> bool {
    let mut entries = statement.principal.iter().filter(|list| !list.negated).flat_map(|list| &list.entries);
    statement.effect == Effect::Allow
        && entries.any(|(kind, word)| *kind == PrincipalType::Aws && NamedPrincipal::read(word.text).is_account())
}

fn is_conditioned(statement: &Statement<'_>) -> bool {
    statement.condition.as_ref().is_some_and(|condition| condition.blocks.iter().any(|block| !block.tests.is_empty()))
}

/// Whether a `NotPrincipal` list spares whom an entry of it means: all elements of a principal chain are there (POL-71).
fn is_complete(entry: &NamedPrincipal<'_>, listed: &[NamedPrincipal<'_>]) -> bool {
    let lists = |found: &dyn Fn(&NamedPrincipal<'_>) -> bool| {
        listed.iter().any(|other| other.account == entry.account && found(other))
    };
    let has_account = || lists(&|other| other.is_account());
    let has = |kind: &str| lists(&|other| other.kind == kind && other.role() == entry.role());
    match entry.kind {
        // `*` lists everything; a unique ID tells nothing about its account.
        "*" | "id" => true,
        "root" => lists(&|other| !other.is_account()),
        "role" => has_account() && has("assumed-role"),
        "assumed-role" => has_account() && has("role"),
        _ => has_account(),
    }
}

/// An `AWS` entry, taken apart as far as these checks need.
#[derive(Clone, Copy)]
struct NamedPrincipal<'t> {
    /// `*`, `id`, or the resource type of its ARN; an account ID is the ARN of its root.
    kind: &'t str,
    account: &'t str,
    name: &'t str,
}

impl<'t> NamedPrincipal<'t> {
    fn read(text: &'t str) -> Self {
        let mut parts = text.splitn(6, ':').skip(4);
        match (parts.next(), parts.next()) {
            (Some(account), Some(resource)) => {
                let (kind, name) = resource.split_once('/').unwrap_or((resource, ""));
                Self { kind, account, name }
            }
            _ if text == "*" => Self { kind: "*", account: "", name: "" },
            _ if text.bytes().all(|byte| byte.is_ascii_digit()) => Self { kind: "root", account: text, name: "" },
            _ => Self { kind: "id", account: "", name: text },
        }
    }

    fn is_account(&self) -> bool {
        self.kind == "root"
    }

    /// The name of the role that a role or session ARN means.
    fn role(&self) -> &'t str {
        match self.kind {
            "assumed-role" => self.name.split('/').next().unwrap_or_default(),
            _ => self.name.rsplit('/').next().unwrap_or_default(),
        }
    }
}
