//! A JSON reader for policy documents (RFC 8259).
//!
//! It is the crate's own because a policy must be read as its reviewer reads it: `serde_json` merges duplicate
//! members and forgets where a value stood. This reader keeps every member, its place in the text and the digits of
//! numbers, and refuses nesting deeper than any policy needs. It is tested against `serde_json`.

use crate::Span;

/// A value and its place.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Node {
    pub json: Json,
    /// Bytes of the text.
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Json {
    Null,
    Bool(bool),
    /// The digits as written.
    Number(String),
    String(String),
    Array(Vec<Node>),
    /// All members in their order, duplicates included.
    Object(Vec<Member>),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Member {
    pub name: String,
    pub name_span: Span,
    pub value: Node,
}

/// What is wrong, and at which byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub message: String,
    pub offset: usize,
}

impl Fault {
    pub(crate) fn new(offset: usize, message: impl Into<String>) -> Self {
        Self { message: message.into(), offset }
    }
}

/// Reads a whole text as one value.
pub(crate) fn read(text: &str) -> Result<Node, Fault> {
    let mut reader = Reader { text, place: 0, depth: 0 };
    reader.skip_space();
    let value = reader.value()?;
    reader.skip_space();
    match reader.peek() {
        None => Ok(value),
        Some(_) => Err(reader.fault("text after the end of the JSON document; remove it")),
    }
}

impl Json {
    /// The name of the type, for messages.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::String(_) => "a string",
            Self::Array(_) => "an array",
            Self::Object(_) => "an object",
        }
    }
}

impl Node {
    /// The first member name that occurs twice in one object, at any depth (POL-132).
    pub(crate) fn find_duplicate(&self) -> Option<&Member> {
        match &self.json {
            Json::Array(items) => items.iter().find_map(Self::find_duplicate),
            Json::Object(members) => duplicate(members, |member| member.name.as_str())
                .or_else(|| members.iter().find_map(|member| member.value.find_duplicate())),
            _ => None,
        }
    }

    /// JSON Pointer (RFC 6901) to the innermost member or element around a byte of the text.
    pub(crate) fn pointer(&self, offset: usize) -> String {
        let mut pointer = String::new();
        let mut node = self;
        loop {
            let inner = match &node.json {
                Json::Array(items) => items
                    .iter()
                    .enumerate()
                    .find(|(_, item)| item.span.contains(offset))
                    .map(|(index, item)| (index.to_string(), item)),
                Json::Object(members) => members
                    .iter()
                    .find(|member| Span::new(member.name_span.start, member.value.span.end).contains(offset))
                    .map(|member| (member.name.replace('~', "~0").replace('/', "~1"), &member.value)),
                _ => None,
            };
            let Some((step, inner)) = inner else { return pointer };
            pointer.push('/');
            pointer.push_str(&step);
            node = inner;
        }
    }
}

/// The second of two members with equal keys.
pub(crate) fn duplicate<'m, K: Ord>(members: &'m [Member], key: impl Fn(&'m Member) -> K) -> Option<&'m Member> {
    let mut sorted: Vec<(K, &Member)> = members.iter().map(|member| (key(member), member)).collect();
    sorted.sort_by(|a, b| a.0.cmp(&b.0));
    let pairs = sorted.windows(2).filter(|pair| pair[0].0 == pair[1].0);
    pairs.map(|pair| pair[1].1).min_by_key(|member| member.name_span.start)
}

struct Reader<'t> {
    text: &'t str,
    place: usize,
    depth: usize,
}

impl Reader<'_> {
    fn value(&mut self) -> Result<Node, Fault> {
        let start = self.place;
        let json = match self.peek() {
            Some(b'{') => self.nested(Self::object)?,
            Some(b'[') => self.nested(Self::array)?,
            Some(b'"') => Json::String(self.string()?),
            Some(b'-' | b'0'..=b'9') => Json::Number(self.number()?),
            _ if self.take("null") => Json::Null,
            _ if self.take("true") => Json::Bool(true),
            _ if self.take("false") => Json::Bool(false),
            _ => return Err(self.fault("expected a JSON value here")),
        };
        Ok(Node { json, span: Span::new(start, self.place) })
    }

    /// Recursion is bounded: a policy nests seven levels deep.
    fn nested(&mut self, read: impl FnOnce(&mut Self) -> Result<Json, Fault>) -> Result<Json, Fault> {
        if self.depth == MAX_DEPTH {
            return Err(self.fault("the document is nested too deeply for a policy"));
        }
        self.depth += 1;
        self.place += 1;
        self.skip_space();
        let json = read(self);
        self.depth -= 1;
        json
    }

    fn object(&mut self) -> Result<Json, Fault> {
        let mut members = Vec::new();
        if self.take("}") {
            return Ok(Json::Object(members));
        }
        loop {
            let start = self.place;
            if self.peek() != Some(b'"') {
                return Err(self.fault("expected a member name in double quotes here"));
            }
            let name = self.string()?;
            let name_span = Span::new(start, self.place);
            self.skip_space();
            if !self.take(":") {
                return Err(self.fault("expected `:` after the member name"));
            }
            self.skip_space();
            let value = self.value()?;
            members.push(Member { name, name_span, value });
            if self.ends_with("}", "expected `,` or `}` here")? {
                return Ok(Json::Object(members));
            }
        }
    }

    fn array(&mut self) -> Result<Json, Fault> {
        let mut items = Vec::new();
        if self.take("]") {
            return Ok(Json::Array(items));
        }
        loop {
            items.push(self.value()?);
            if self.ends_with("]", "expected `,` or `]` here")? {
                return Ok(Json::Array(items));
            }
        }
    }

    /// Whether a list ends here, or goes on after a comma.
    fn ends_with(&mut self, end: &str, message: &str) -> Result<bool, Fault> {
        self.skip_space();
        if self.take(end) {
            return Ok(true);
        }
        if !self.take(",") {
            return Err(self.fault(message));
        }
        self.skip_space();
        Ok(false)
    }

    fn string(&mut self) -> Result<String, Fault> {
        self.place += 1;
        let mut string = String::new();
        loop {
            let rest = self.rest();
            let plain = rest.bytes().position(|byte| byte < 0x20 || byte == b'"' || byte == b'\\');
            let Some(plain) = plain else {
                self.place = self.text.len();
                return Err(self.fault("the string has no end; close it with a double quote"));
            };
            string.push_str(rest.get(..plain).unwrap_or_default());
            self.place += plain;
            match self.peek() {
                Some(b'"') => {
                    self.place += 1;
                    return Ok(string);
                }
                Some(b'\\') => string.push(self.escape()?),
                _ => return Err(self.fault("a control character in a string; write it as an escape sequence")),
            }
        }
    }

    fn escape(&mut self) -> Result<char, Fault> {
        let start = self.place;
        let invalid = |message: &str| Err(Fault::new(start, message));
        self.place += 1;
        let kind = self.peek();
        self.place += 1;
        Ok(match kind {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                let Some(first) = self.hex4() else { return invalid("`\\u` needs four hexadecimal digits") };
                let code = match first {
                    0xd800..0xdc00 => {
                        let second = if self.take("\\u") { self.hex4() } else { None };
                        let Some(second @ 0xdc00..0xe000) = second else {
                            return invalid("the first half of a surrogate pair without the second");
                        };
                        0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00)
                    }
                    _ => first,
                };
                match char::from_u32(code) {
                    Some(c) => c,
                    None => return invalid("the second half of a surrogate pair without the first"),
                }
            }
            _ => {
                // The byte after the backslash may start a longer character.
                self.place = start;
                return invalid("no such escape sequence");
            }
        })
    }

    fn hex4(&mut self) -> Option<u32> {
        let digits = self.rest().get(..4).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
        let code = u32::from_str_radix(digits, 16).ok()?;
        self.place += 4;
        Some(code)
    }

    fn number(&mut self) -> Result<String, Fault> {
        let start = self.place;
        self.take("-");
        if !self.take("0") {
            self.digits()?;
        }
        if self.take(".") {
            self.digits()?;
        }
        if self.take("e") || self.take("E") {
            let _ = self.take("+") || self.take("-");
            self.digits()?;
        }
        Ok(self.text.get(start..self.place).unwrap_or_default().to_owned())
    }

    fn digits(&mut self) -> Result<(), Fault> {
        let count = self.rest().bytes().take_while(u8::is_ascii_digit).count();
        self.place += count;
        if count == 0 { Err(self.fault("expected a digit here")) } else { Ok(()) }
    }

    fn skip_space(&mut self) {
        self.place += self.rest().bytes().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).count();
    }

    fn take(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        if found {
            self.place += token.len();
        }
        found
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.place).copied()
    }

    fn rest(&self) -> &str {
        self.text.get(self.place..).unwrap_or_default()
    }

    fn fault(&self, message: &str) -> Fault {
        Fault::new(self.place, message)
    }
}

/// The deepest nesting read.
const MAX_DEPTH: usize = 32;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;

    /// What `serde_json` would have made of a value. Of duplicate members it keeps the last.
    fn to_serde(node: &Node) -> serde_json::Value {
        match &node.json {
            Json::Null => serde_json::Value::Null,
            Json::Bool(value) => (*value).into(),
            Json::Number(digits) => serde_json::from_str(digits).unwrap(),
            Json::String(text) => text.as_str().into(),
            Json::Array(items) => items.iter().map(to_serde).collect(),
            Json::Object(members) => {
                let members = members.iter().map(|member| (member.name.clone(), to_serde(&member.value)));
                serde_json::Value::Object(members.collect())
            }
        }
    }

    fn compare(text: &str) {
        match (read(text), serde_json::from_str::<serde_json::Value>(text)) {
            (Ok(ours), Ok(theirs)) => assert_eq!(to_serde(&ours), theirs, "{text:?}"),
            (Err(_), Err(_)) => {}
            // They read numbers into 64 bits; ours keep their digits.
            (Ok(_), Err(error)) if error.to_string().contains("number out of range") => {}
            (ours, theirs) => panic!("{text:?}: {ours:?}, {theirs:?}"),
        }
    }

    /// Tokens and fragments from which both right and wrong documents arise.
    fn tokens() -> impl Strategy<Value = String> {
        let token = select(vec![
            "{",
            "}",
            "[",
            "]",
            ",",
            ":",
            "\"a\"",
            "\"b\\n\"",
            "\"\\u00e4\"",
            "\"\\ud83d\\ude00\"",
            "\"\\ud83d\"",
            "\"\\u12\"",
            "\"ä\u{2028}\"",
            "\"\t\"",
            "\"",
            "\\",
            "1",
            "-0",
            "01",
            "1.5e+3",
            "1.",
            "-",
            "1e999",
            "true",
            "false",
            "null",
            "nul",
            " ",
            "\n",
            "\t",
            "\u{a0}",
            "\u{feff}",
            "/",
            "'a'",
            "\"a\":",
            "\"a\": 1,",
        ]);
        proptest::collection::vec(token, 0..12).prop_map(|tokens| tokens.concat())
    }

    /// A value as text, with white space between its tokens.
    fn value() -> impl Strategy<Value = String> {
        let string = any::<String>().prop_map(|text| serde_json::to_string(&text).unwrap());
        let number = prop_oneof![
            any::<i64>().prop_map(|n| n.to_string()),
            any::<f64>().prop_filter("finite", |n| n.is_finite()).prop_map(|n| serde_json::to_string(&n).unwrap())
        ];
        let leaf = prop_oneof![string.clone(), number, select(vec!["null", "true", "false"]).prop_map(str::to_owned)];
        let space = select(vec!["", " ", "\n", "\t \r"]);
        leaf.prop_recursive(5, 40, 5, move |inner| {
            let member = (string.clone(), inner.clone()).prop_map(|(name, value)| format!("{name} :{value}"));
            prop_oneof![
                (proptest::collection::vec(inner, 0..5), space.clone())
                    .prop_map(|(items, s)| format!("[{s}{}{s}]", items.join(&format!("{s},")))),
                (proptest::collection::vec(member, 0..5), space.clone())
                    .prop_map(|(items, s)| format!("{{{s}{}{s}}}", items.join(&format!(",{s}")))),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn documents_are_read_as_serde_json_reads_them(text in value()) {
            compare(&text);
        }

        #[test]
        fn damaged_documents_are_refused_as_serde_json_refuses_them(text in value(), at in any::<prop::sample::Index>(), tokens in tokens()) {
            let places: Vec<usize> = text.char_indices().map(|(place, _)| place).collect();
            let place = if places.is_empty() { 0 } else { places[at.index(places.len())] };
            compare(&format!("{}{tokens}{}", &text[..place], &text[place..]));
            compare(&text[..place]);
        }

        #[test]
        fn token_soup_is_refused_as_serde_json_refuses_it(text in tokens()) {
            compare(&text);
        }
    }

    /// Spec: POL-132
    #[test]
    fn duplicates_are_found_at_every_depth() {
        let found = |text: &str| read(text).unwrap().find_duplicate().map(|member| member.name_span.start);
        assert_eq!(found(r#"{"a": 1, "b": {"a": 2}}"#), None);
        assert_eq!(found(r#"{"a": 1, "\u0061": 2}"#), Some(9));
        assert_eq!(found(r#"[{"x": [{"b": 1, "a": 1, "b": 2, "a": 2}]}]"#), Some(25));
        assert_eq!(found(r#"{"a": 1, "A": 2}"#), None);
    }

    #[test]
    fn nesting_has_a_limit() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(read(&nested(MAX_DEPTH)).is_ok());
        assert_eq!(read(&nested(MAX_DEPTH + 1)).unwrap_err().offset, MAX_DEPTH);
    }
}
