//! Texts with wildcards and policy variables, and how they are matched: in place, without recursion, without
//! allocation (POL-66 to POL-69, POL-138, POL-142, POL-143).

use crate::condition::ConditionKey;
use crate::evaluate::Facts;
use crate::fold::{folded, strip_folded};

/// A compiled text. Wildcards and variables are pieces of their own, so that what comes out of a variable can never
/// act as a wildcard (POL-69).
#[derive(Clone, Debug)]
pub(crate) struct Template {
    pieces: Box<[Piece]>,
    rules: Rules,
}

/// What a text may contain and how it is compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rules {
    /// `*` and `?` are wildcards.
    pub wildcards: bool,
    /// `${…}` are variables: the document has version 2012-10-17, and the place allows them.
    pub variables: bool,
    /// Letter case is ignored.
    pub ignore_case: bool,
    /// The text is an ARN: wildcards before its fifth colon match no colon (POL-59).
    pub arn: bool,
}

#[derive(Clone, Debug)]
enum Piece {
    Literal(Box<str>),
    /// `?`: one Unicode scalar value.
    One,
    /// `*`: any run, also empty.
    Run,
    Variable {
        key: ConditionKey,
        default: Option<Box<str>>,
    },
}

impl Template {
    pub(crate) fn new(text: &str, rules: Rules) -> Self {
        let mut builder = Builder { pieces: Vec::new(), literal: String::new(), rules };
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            let mut taken = c.len_utf8();
            match c {
                '*' if rules.wildcards => builder.push(Piece::Run),
                '?' if rules.wildcards => builder.push(Piece::One),
                '$' if rules.variables && rest.starts_with("${") => match variable(rest) {
                    Ok(Variable { content: Content::Literal(c), length }) => {
                        builder.literal.push(c);
                        taken = length;
                    }
                    Ok(Variable { content: Content::Key { name, default }, length }) => {
                        let default = default.map(|text| builder.normalized(text));
                        builder.push(Piece::Variable { key: ConditionKey::parse(name), default });
                        taken = length;
                    }
                    Err(_) => builder.literal.push(c),
                },
                _ => builder.literal.push(c),
            }
            rest = rest.get(taken..).unwrap_or_default();
        }
        builder.build()
    }

    /// The text, if it has neither wildcards nor variables.
    pub(crate) fn as_literal(&self) -> Option<&str> {
        match &*self.pieces {
            [] => Some(""),
            [Piece::Literal(text)] => Some(text),
            _ => None,
        }
    }

    /// Whether the text is the wildcard `*` alone.
    pub(crate) fn is_any(&self) -> bool {
        matches!(&*self.pieces, [Piece::Run])
    }

    /// Whether every variable of the text has a value in this request (POL-68).
    pub(crate) fn is_resolvable(&self, facts: &Facts<'_>) -> bool {
        self.pieces.iter().all(|piece| match piece {
            Piece::Variable { key, default } => facts.variable(key, default.as_deref()).is_some(),
            _ => true,
        })
    }

    /// Whether a text matches. A variable without value makes that impossible.
    pub(crate) fn matches(&self, text: &str, facts: &Facts<'_>) -> bool {
        self.is_resolvable(facts) && Cursor::new(self, text).run(facts)
    }
}

/// One walk over pieces and text: the classic greedy match that returns to the last `*` only, which takes at most
/// O(pattern × text) steps.
struct Cursor<'t> {
    template: &'t Template,
    text: &'t str,
    piece: usize,
    place: usize,
    /// Colons passed so far; counted only in ARNs.
    colons: usize,
    /// The last `*`: the piece after it, the end of what it has taken, the colons passed before it.
    star: Option<(usize, usize, usize)>,
}

impl<'t> Cursor<'t> {
    fn new(template: &'t Template, text: &'t str) -> Self {
        Self { template, text, piece: 0, place: 0, colons: 0, star: None }
    }

    fn run(mut self, facts: &Facts<'_>) -> bool {
        loop {
            let advanced = match self.template.pieces.get(self.piece) {
                None if self.place == self.text.len() => return true,
                None => false,
                Some(Piece::Run) => {
                    self.piece += 1;
                    if self.piece == self.template.pieces.len() && self.may_cross(self.colons) {
                        return true;
                    }
                    self.star = Some((self.piece, self.place, self.colons));
                    continue;
                }
                Some(Piece::One) => self.take_one(),
                Some(Piece::Literal(literal)) => self.take(literal),
                Some(Piece::Variable { key, default }) => match facts.variable(key, default.as_deref()) {
                    // A default is folded already; folding again changes nothing.
                    Some(value) if self.template.rules.ignore_case => self.take_unfolded(value.as_str()),
                    Some(value) => self.take(value.as_str()),
                    None => return false,
                },
            };
            if advanced {
                self.piece += 1;
            } else if !self.return_to_star() {
                return false;
            }
        }
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.place..).unwrap_or_default()
    }

    fn take_one(&mut self) -> bool {
        match self.rest().chars().next() {
            Some(c) if c != ':' || self.may_cross(self.colons) => {
                self.place += c.len_utf8();
                true
            }
            _ => false,
        }
    }

    fn take(&mut self, literal: &str) -> bool {
        if self.template.rules.ignore_case {
            match strip_folded(self.rest(), literal) {
                Some(length) => self.place += length,
                None => return false,
            }
        } else if self.rest().as_bytes().starts_with(literal.as_bytes()) {
            self.place += literal.len();
        } else {
            return false;
        }
        if self.template.rules.arn && self.colons < 5 {
            self.colons += literal.bytes().filter(|&byte| byte == b':').count();
        }
        true
    }

    /// Takes a value that is not folded yet, ignoring case.
    fn take_unfolded(&mut self, value: &str) -> bool {
        let mut rest = self.rest().chars();
        let equal = value.chars().all(|c| rest.next().map(crate::fold::fold) == Some(crate::fold::fold(c)));
        if equal {
            self.place = self.text.len() - rest.as_str().len();
        }
        equal
    }

    /// Lets the last `*` take one character more.
    fn return_to_star(&mut self) -> bool {
        let Some((piece, end, colons)) = self.star else { return false };
        let Some(c) = self.text.get(end..).and_then(|rest| rest.chars().next()) else { return false };
        if c == ':' && !self.may_cross(colons) {
            return false;
        }
        let end = end + c.len_utf8();
        self.star = Some((piece, end, colons));
        (self.piece, self.place, self.colons) = (piece, end, colons);
        true
    }

    /// Whether a wildcard met after this many colons matches colons.
    fn may_cross(&self, colons: usize) -> bool {
        !self.template.rules.arn || colons >= 5
    }
}

struct Builder {
    pieces: Vec<Piece>,
    literal: String,
    rules: Rules,
}

impl Builder {
    fn push(&mut self, piece: Piece) {
        self.flush();
        // Several stars in a row mean what one means.
        if !matches!((&piece, self.pieces.last()), (Piece::Run, Some(Piece::Run))) {
            self.pieces.push(piece);
        }
    }

    fn flush(&mut self) {
        if !self.literal.is_empty() {
            let literal = std::mem::take(&mut self.literal);
            let literal = self.normalized(&literal);
            self.pieces.push(Piece::Literal(literal));
        }
    }

    fn normalized(&self, text: &str) -> Box<str> {
        if self.rules.ignore_case { folded(text).into() } else { text.into() }
    }

    fn build(mut self) -> Template {
        self.flush();
        Template { pieces: self.pieces.into_boxed_slice(), rules: self.rules }
    }
}

/// A well-formed `${…}` at the start of a text.
pub(crate) struct Variable<'t> {
    pub content: Content<'t>,
    /// Bytes from `$` to `}`.
    pub length: usize,
}

pub(crate) enum Content<'t> {
    /// `${*}`, `${?}`, `${$}`.
    Literal(char),
    /// `${key}` or `${key, 'default'}`.
    Key { name: &'t str, default: Option<&'t str> },
}

/// Why a text that starts with `${` is no variable (POL-143).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotAVariable {
    MissingBrace,
    MissingQuote,
    Space,
    Empty,
}

/// Reads the variable at the start of `text`, which starts with `${`.
pub(crate) fn variable(text: &str) -> Result<Variable<'_>, NotAVariable> {
    let body = text.get(2..).unwrap_or_default();
    let end = body.find([',', '}']).ok_or(NotAVariable::MissingBrace)?;
    let (name, rest) = body.split_at(end);
    // A `$` or `{` inside the name: the brace belongs to another variable.
    if name != "$" && name.contains(['$', '{']) {
        return Err(NotAVariable::MissingBrace);
    }
    if name.is_empty() {
        return Err(NotAVariable::Empty);
    }
    if name.contains(char::is_whitespace) {
        return Err(NotAVariable::Space);
    }
    let at = |rest: &str| text.len() - rest.len();
    if let Some(rest) = rest.strip_prefix('}') {
        let content = match name {
            "*" => Content::Literal('*'),
            "?" => Content::Literal('?'),
            "$" => Content::Literal('$'),
            _ => Content::Key { name, default: None },
        };
        return Ok(Variable { content, length: at(rest) });
    }
    let rest = rest.trim_start_matches([',', ' ']).strip_prefix('\'').ok_or(NotAVariable::MissingQuote)?;
    let (default, rest) = rest.split_once('\'').ok_or(NotAVariable::MissingQuote)?;
    let rest = rest.trim_start_matches(' ').strip_prefix('}').ok_or(NotAVariable::MissingBrace)?;
    Ok(Variable { content: Content::Key { name, default: Some(default) }, length: at(rest) })
}
