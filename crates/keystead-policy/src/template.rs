//! Texts with wildcards and policy variables, and how they are matched: in place, without recursion, without
//! allocation (POL-66 to POL-69, POL-138, POL-142, POL-143).

use std::ops::ControlFlow;

use crate::condition::ConditionKey;
use crate::condition::text::Text;
use crate::evaluate::Facts;
use crate::fold::{fold, folded, strip_folded};
use crate::wildcard::{self, Chunk, Want};

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

impl Rules {
    /// Whether a wildcard met after this many colons matches colons.
    fn may_cross(self, colons: usize) -> bool {
        !self.arn || colons >= 5
    }
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
        self.is_resolvable(facts) && Walk { template: self, facts, text, place: 0, colons: 0 }.run()
    }
}

/// One walk over pieces and text. Each chunk between two `*` is taken at the first place where it fits, the last one at
/// the end of the text: no place is left for a second attempt to do better.
struct Walk<'t, 'r> {
    template: &'t Template,
    facts: &'t Facts<'r>,
    text: &'t str,
    place: usize,
    /// Colons passed so far; counted only in ARNs.
    colons: usize,
}

impl<'t, 'r> Walk<'t, 'r> {
    fn run(mut self) -> bool {
        let mut chunks = self.template.pieces.split(|piece| matches!(piece, Piece::Run));
        if !chunks.next().is_some_and(|head| self.take_chunk(head)) {
            return false;
        }
        let Some(mut chunk) = chunks.next() else { return self.place == self.text.len() };
        for next in chunks {
            if !self.skip_to(chunk) {
                return false;
            }
            chunk = next;
        }
        self.ends_in(chunk)
    }

    /// Takes the first place of a chunk behind a `*`.
    fn skip_to(&mut self, chunk: &'t [Piece]) -> bool {
        let (rest, last) = (self.rest(), self.longest_run());
        let place = match chunk {
            [Piece::Literal(literal)] if !self.template.rules.ignore_case => rest.find(&**literal),
            _ => wildcard::find(rest, last, &self.chunk(chunk)),
        };
        place.filter(|&place| place <= last).is_some_and(|place| {
            self.place += place;
            self.take_chunk(chunk)
        })
    }

    /// Takes the chunk behind the last `*`, which must reach the end of the text.
    fn ends_in(&mut self, chunk: &'t [Piece]) -> bool {
        let rest = self.rest();
        let place = match wildcard::length(&self.chunk(chunk), rest.len()) {
            0 => Some(rest.len()),
            length => rest.char_indices().rev().nth(length - 1).map(|(place, _)| place),
        };
        place.filter(|&place| place <= self.longest_run()).is_some_and(|place| {
            self.place += place;
            self.take_chunk(chunk) && self.place == self.text.len()
        })
    }

    fn take_chunk(&mut self, chunk: &[Piece]) -> bool {
        chunk.iter().all(|piece| match piece {
            Piece::Run => false,
            Piece::One => self.take_one(),
            Piece::Literal(literal) => self.take(literal),
            Piece::Variable { key, default } => match self.facts.variable(key, default.as_deref()) {
                // A default is folded already; folding again changes nothing.
                Some(value) if self.template.rules.ignore_case => self.take_unfolded(value.as_str()),
                Some(value) => self.take(value.as_str()),
                None => false,
            },
        })
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.place..).unwrap_or_default()
    }

    fn take_one(&mut self) -> bool {
        match self.rest().chars().next() {
            Some(c) if c != ':' || self.template.rules.may_cross(self.colons) => {
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
        let equal = value.chars().all(|c| rest.next().map(fold) == Some(fold(c)));
        if equal {
            self.place = self.text.len() - rest.as_str().len();
        }
        equal
    }

    /// How many bytes a `*` may take here.
    fn longest_run(&self) -> usize {
        let rest = self.rest();
        if self.template.rules.may_cross(self.colons) { rest.len() } else { rest.find(':').unwrap_or(rest.len()) }
    }

    fn chunk(&self, pieces: &'t [Piece]) -> Pieces<'t, 'r> {
        Pieces { pieces, rules: self.template.rules, facts: self.facts, colons: self.colons }
    }
}

/// A chunk to search for, met after some colons.
struct Pieces<'t, 'r> {
    pieces: &'t [Piece],
    rules: Rules,
    facts: &'t Facts<'r>,
    colons: usize,
}

impl Chunk for Pieces<'_, '_> {
    fn visit(&self, mut visit: impl FnMut(Want) -> ControlFlow<()>) -> ControlFlow<()> {
        let mut colons = self.colons;
        for piece in self.pieces {
            let value = match piece {
                // A chunk holds none.
                Piece::Run => continue,
                Piece::One => {
                    visit(if self.rules.may_cross(colons) { Want::Any } else { Want::NoColon })?;
                    continue;
                }
                Piece::Literal(literal) => Some(Text::Borrowed(literal)),
                Piece::Variable { key, default } => self.facts.variable(key, default.as_deref()),
            };
            for c in value.as_ref().map_or("", Text::as_str).chars() {
                colons += usize::from(c == ':');
                visit(Want::Char(self.normalized(c)))?;
            }
        }
        ControlFlow::Continue(())
    }

    fn normalized(&self, c: char) -> char {
        if self.rules.ignore_case { fold(c) } else { c }
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
