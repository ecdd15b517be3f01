//! The grammar of policy documents (chapter 21, section 3): from JSON to elements, every element with its place.

use std::collections::HashSet;

use crate::fold::folded;
use crate::json::{Fault, Json, Member, Node, duplicate};
use crate::{Effect, PolicyKind, Span};

/// A document whose shape is right. What its texts mean is for the compiler.
#[derive(Debug)]
pub(crate) struct Document<'n> {
    /// Version 2012-10-17: policy variables work (POL-12).
    pub has_variables: bool,
    pub statements: Vec<Statement<'n>>,
    pub span: Span,
}

#[derive(Debug)]
pub(crate) struct Statement<'n> {
    pub span: Span,
    pub sid: Option<Word<'n>>,
    pub effect: Effect,
    pub principal: Option<PrincipalList<'n>>,
    pub action: Option<List<'n>>,
    pub resource: Option<List<'n>>,
    pub condition: Option<Condition<'n>>,
}

/// A text of the document.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Word<'n> {
    pub text: &'n str,
    pub span: Span,
}

/// `Action`, `Resource`, or their `Not…` forms.
#[derive(Debug)]
pub(crate) struct List<'n> {
    pub negated: bool,
    pub span: Span,
    pub words: Vec<Word<'n>>,
}

/// `Principal` or `NotPrincipal`.
#[derive(Debug)]
pub(crate) struct PrincipalList<'n> {
    pub negated: bool,
    pub span: Span,
    /// Written as `{}`.
    pub is_empty_object: bool,
    pub entries: Vec<(PrincipalType, Word<'n>)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PrincipalType {
    Aws,
    Service,
    /// `Federated` and `CanonicalUser`: legal, and nobody here (POL-22).
    Elsewhere,
}

#[derive(Debug)]
pub(crate) struct Condition<'n> {
    pub span: Span,
    pub blocks: Vec<Block<'n>>,
}

#[derive(Debug)]
pub(crate) struct Block<'n> {
    pub operator: Word<'n>,
    pub span: Span,
    pub tests: Vec<KeyTest<'n>>,
}

/// One condition key and its values.
#[derive(Debug)]
pub(crate) struct KeyTest<'n> {
    pub key: Word<'n>,
    pub span: Span,
    pub values: Vec<Word<'n>>,
}

impl PolicyKind {
    /// Whether statements name principals (POL-17).
    pub(crate) fn has_principals(self) -> bool {
        matches!(self, Self::Key | Self::Endpoint | Self::ResourceControl)
    }

    /// Whether the document may have an `Id` (POL-13), free `Sid` texts and repeated ones (POL-15).
    pub(crate) fn has_free_ids(self) -> bool {
        matches!(self, Self::Key | Self::Endpoint)
    }
}

impl<'n> Document<'n> {
    /// Checks and takes apart a document. `strict` is the rule of a write; without it a statement may lack its
    /// principal (it then has no effect, POL-17).
    pub(crate) fn read(root: &'n Node, kind: PolicyKind, strict: bool) -> Result<Self, Fault> {
        let mut has_variables = false;
        let mut statements = None;
        for member in object(root, "a policy document")? {
            match member.name.as_str() {
                "Version" => has_variables = version(&member.value)?,
                "Id" if kind.has_free_ids() => {
                    string(&member.value, "`Id`")?;
                }
                "Statement" => statements = Some(&member.value),
                name => return Err(unknown_member(member, name, "a policy document of this kind")),
            }
        }
        let Some(node) = statements else {
            return Err(Fault::new(root.span.start, "the policy has no `Statement`; add one"));
        };
        let nodes = match &node.json {
            Json::Array(nodes) if nodes.is_empty() => {
                return Err(Fault::new(node.span.start, "`Statement` is empty; a policy needs at least one statement"));
            }
            Json::Array(nodes) => nodes.as_slice(),
            _ => std::slice::from_ref(node),
        };
        let statements = nodes.iter().map(|node| Statement::read(node, kind, strict)).collect::<Result<Vec<_>, _>>()?;
        if !kind.has_free_ids() {
            require_unique_sids(&statements)?;
        }
        Ok(Self { has_variables, statements, span: root.span })
    }
}

impl<'n> Statement<'n> {
    fn read(node: &'n Node, kind: PolicyKind, strict: bool) -> Result<Self, Fault> {
        let members = object(node, "a statement")?;
        let mut effect = None;
        let (mut sid, mut principal, mut action, mut resource, mut condition) = (None, None, None, None, None);
        for member in members {
            let value = &member.value;
            match member.name.as_str() {
                "Sid" => sid = Some(read_sid(value, kind)?),
                "Effect" => effect = Some(read_effect(value)?),
                name @ ("Principal" | "NotPrincipal") => {
                    let list = PrincipalList::read(value, name == "NotPrincipal")?;
                    require_single(&principal, member, "`Principal` or `NotPrincipal`")?;
                    principal = Some(list);
                }
                name @ ("Action" | "NotAction") => {
                    require_single(&action, member, "`Action` or `NotAction`")?;
                    action = Some(List::read(value, name == "NotAction", name)?);
                }
                name @ ("Resource" | "NotResource") => {
                    require_single(&resource, member, "`Resource` or `NotResource`")?;
                    resource = Some(List::read(value, name == "NotResource", name)?);
                }
                "Condition" => condition = Some(Condition::read(value)?),
                name => return Err(unknown_member(member, name, "a statement")),
            }
        }
        let fault = |message: &str| Fault::new(node.span.start, message);
        let effect = effect.ok_or_else(|| fault("the statement has no `Effect`; write `Allow` or `Deny`"))?;
        let statement = Self { span: node.span, sid, effect, principal, action, resource, condition };
        statement.require_principal(kind, strict)?;
        // A key policy takes such a statement, which then has no effect (POL-27).
        if kind != PolicyKind::Key {
            if statement.action.is_none() {
                return Err(fault("the statement has no `Action` or `NotAction`; add one"));
            }
            if statement.resource.is_none() {
                return Err(fault("the statement has no `Resource` or `NotResource`; add one"));
            }
        }
        Ok(statement)
    }

    fn require_principal(&self, kind: PolicyKind, strict: bool) -> Result<(), Fault> {
        match &self.principal {
            None if kind.has_principals() && strict => {
                Err(Fault::new(self.span.start, "the statement has no `Principal`; add one"))
            }
            None => Ok(()),
            Some(list) if !kind.has_principals() => {
                Err(Fault::new(list.span.start, "a policy of this kind names no principal; remove it"))
            }
            Some(list) if list.negated && kind == PolicyKind::ResourceControl => {
                Err(Fault::new(list.span.start, "a resource control policy takes no `NotPrincipal`; use `Principal`"))
            }
            // It would allow everybody else, anonymous callers included (POL-42).
            Some(list) if list.negated && self.effect == Effect::Allow => {
                Err(Fault::new(list.span.start, "`NotPrincipal` is not allowed together with `Allow`; use `Principal`"))
            }
            Some(_) => Ok(()),
        }
    }
}

impl<'n> List<'n> {
    fn read(node: &'n Node, negated: bool, name: &str) -> Result<Self, Fault> {
        let words = strings(node, name)?;
        Ok(Self { negated, span: node.span, words })
    }
}

impl<'n> PrincipalList<'n> {
    fn read(node: &'n Node, negated: bool) -> Result<Self, Fault> {
        let mut list = Self { negated, span: node.span, is_empty_object: false, entries: Vec::new() };
        match &node.json {
            Json::String(text) if text == "*" => {
                list.entries.push((PrincipalType::Aws, Word { text, span: node.span }));
            }
            // An empty list names nobody (POL-133).
            Json::Array(items) if items.is_empty() => {}
            Json::Object(members) => {
                list.is_empty_object = members.is_empty();
                for member in members {
                    let kind = match member.name.as_str() {
                        "AWS" => PrincipalType::Aws,
                        "Service" => PrincipalType::Service,
                        "Federated" | "CanonicalUser" => PrincipalType::Elsewhere,
                        name => return Err(unknown_member(member, name, "a principal")),
                    };
                    let words = strings(&member.value, &member.name)?;
                    list.entries.extend(words.into_iter().map(|word| (kind, word)));
                }
            }
            _ => return Err(Fault::new(node.span.start, "a principal is `\"*\"` or an object such as {\"AWS\": …}")),
        }
        Ok(list)
    }
}

impl<'n> Condition<'n> {
    fn read(node: &'n Node) -> Result<Self, Fault> {
        let blocks = object(node, "`Condition`")?.iter().map(Block::read).collect::<Result<_, _>>()?;
        Ok(Self { span: node.span, blocks })
    }
}

impl<'n> Block<'n> {
    fn read(member: &'n Member) -> Result<Self, Fault> {
        let members = object(&member.value, "a condition operator")?;
        if let Some(second) = duplicate(members, |member| folded(&member.name)) {
            let message = format!("`{}` occurs twice, but for letter case; keep one", second.name);
            return Err(Fault::new(second.name_span.start, message));
        }
        let operator = Word { text: &member.name, span: member.name_span };
        let tests = members.iter().map(KeyTest::read).collect::<Result<_, _>>()?;
        Ok(Self { operator, span: member.value.span, tests })
    }
}

impl<'n> KeyTest<'n> {
    fn read(member: &'n Member) -> Result<Self, Fault> {
        let nodes = match &member.value.json {
            Json::Array(nodes) => nodes.as_slice(),
            _ => std::slice::from_ref(&member.value),
        };
        let values = nodes.iter().map(scalar).collect::<Result<_, _>>()?;
        let key = Word { text: &member.name, span: member.name_span };
        Ok(Self { key, span: member.value.span, values })
    }
}

/// Strings, numbers and booleans, by their text (POL-50).
fn scalar(node: &Node) -> Result<Word<'_>, Fault> {
    let text = match &node.json {
        Json::String(text) | Json::Number(text) => text.as_str(),
        Json::Bool(true) => "true",
        Json::Bool(false) => "false",
        other => {
            let message = format!("a condition value is a string, number or boolean, not {}", other.kind());
            return Err(Fault::new(node.span.start, message));
        }
    };
    Ok(Word { text, span: node.span })
}

fn version(node: &Node) -> Result<bool, Fault> {
    match string(node, "`Version`")?.text {
        "2012-10-17" => Ok(true),
        "2008-10-17" => Ok(false),
        _ => Err(Fault::new(node.span.start, "no such policy version; write `2012-10-17`")),
    }
}

fn read_effect(node: &Node) -> Result<Effect, Fault> {
    match string(node, "`Effect`")?.text {
        "Allow" => Ok(Effect::Allow),
        "Deny" => Ok(Effect::Deny),
        _ => Err(Fault::new(node.span.start, "no such effect; write `Allow` or `Deny`")),
    }
}

fn read_sid(node: &Node, kind: PolicyKind) -> Result<Word<'_>, Fault> {
    let sid = string(node, "`Sid`")?;
    if !kind.has_free_ids() && !sid.text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(Fault::new(
            node.span.start,
            "a `Sid` has only the letters A-Z and a-z and digits; remove the rest",
        ));
    }
    Ok(sid)
}

fn require_unique_sids(statements: &[Statement<'_>]) -> Result<(), Fault> {
    let mut seen = HashSet::new();
    // An empty text is no ID.
    for sid in statements.iter().filter_map(|statement| statement.sid).filter(|sid| !sid.text.is_empty()) {
        if !seen.insert(sid.text) {
            return Err(Fault::new(sid.span.start, DUPLICATE_SID));
        }
    }
    Ok(())
}

fn require_single<T>(earlier: &Option<T>, member: &Member, what: &str) -> Result<(), Fault> {
    match earlier {
        None => Ok(()),
        Some(_) => Err(Fault::new(member.name_span.start, format!("a statement has either {what}, not both"))),
    }
}

fn object<'n>(node: &'n Node, what: &str) -> Result<&'n [Member], Fault> {
    match &node.json {
        Json::Object(members) => Ok(members),
        other => Err(Fault::new(node.span.start, format!("{what} is an object, not {}", other.kind()))),
    }
}

fn string<'n>(node: &'n Node, what: &str) -> Result<Word<'n>, Fault> {
    match &node.json {
        Json::String(text) => Ok(Word { text, span: node.span }),
        other => Err(Fault::new(node.span.start, format!("{what} is a string, not {}", other.kind()))),
    }
}

/// A string, or an array of strings.
fn strings<'n>(node: &'n Node, name: &str) -> Result<Vec<Word<'n>>, Fault> {
    match &node.json {
        Json::Array(items) => items.iter().map(|item| string(item, &format!("an entry of `{name}`"))).collect(),
        _ => string(node, &format!("`{name}`")).map(|word| vec![word]),
    }
}

fn unknown_member(member: &Member, name: &str, place: &str) -> Fault {
    Fault::new(member.name_span.start, format!("`{name}` is no member of {place}; remove it"))
}

/// The words of IAM (RUL-53).
const DUPLICATE_SID: &str = "Statement IDs (SID) in a single policy must be unique.";
