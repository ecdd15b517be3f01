//! What an answer has to look like.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keystead::Timestamp;
use serde_json::Value;

use crate::script::seconds;

/// The values that a script has captured.
pub(crate) type Captured = BTreeMap<String, Value>;

/// What a value has to look like.
#[derive(Debug)]
pub(crate) enum Pattern {
    /// `…`
    Any,
    /// `$NAME`: captured where it is met first, equal from then on.
    Capture(String),
    /// `other $NAME`
    Other(String),
    /// `true`, `30`
    Literal(Value),
    /// `"text of $NAME"`, `Enabled`; `…` at either end stands for more text.
    Text(String),
    /// `{Member: pattern, !Absent}`; members not listed may be there.
    Object(Vec<(String, Option<Pattern>)>),
    /// `[one, two]`
    List(Vec<Pattern>),
    /// `set [one, two]`: in any order.
    Set(Vec<Pattern>),
    /// `now`, `now+7d`
    Time(u64),
    /// `bytes 32`: Base64 of so many.
    Bytes(usize),
    /// `json {…}`: text that is JSON.
    Json(Box<Pattern>),
}

impl Pattern {
    pub(crate) fn parse(text: &str) -> Self {
        let mut rest = text;
        let pattern = pattern(&mut rest);
        assert_eq!(rest.trim(), "", "more than a pattern: {text}");
        pattern
    }

    /// Compares, and captures.
    pub(crate) fn check(&self, value: &Value, captured: &mut Captured, now: Timestamp) -> Result<(), String> {
        let fail = |wanted: String| Err(format!("{value} is not {wanted}"));
        let is_text = value.as_str();
        match self {
            Self::Any => Ok(()),
            Self::Capture(name) => match captured.get(name) {
                Some(known) if known == value => Ok(()),
                Some(known) => fail(format!("{known}, which is ${name}")),
                None => {
                    captured.insert(name.clone(), value.clone());
                    Ok(())
                }
            },
            Self::Other(name) if captured[name] == *value => fail(format!("other than ${name}")),
            Self::Other(_) => Ok(()),
            Self::Literal(literal) if literal == value => Ok(()),
            Self::Literal(literal) => fail(literal.to_string()),
            Self::Text(template) => {
                let wanted = interpolated(template, captured);
                if is_text.is_some_and(|text| fits(text, &wanted)) { Ok(()) } else { fail(format!("{wanted:?}")) }
            }
            Self::Object(members) => {
                if !value.is_object() {
                    return fail("an object".to_owned());
                }
                members.iter().try_for_each(|(name, pattern)| match (pattern, value.get(name)) {
                    (None, None) => Ok(()),
                    (None, Some(present)) => Err(format!("{name} is there: {present}")),
                    (Some(_), None) => Err(format!("{name} is missing in {value}")),
                    (Some(pattern), Some(member)) => {
                        pattern.check(member, captured, now).map_err(|error| format!("{name}: {error}"))
                    }
                })
            }
            Self::List(patterns) => match value.as_array() {
                Some(values) if values.len() == patterns.len() => {
                    patterns.iter().zip(values).try_for_each(|(pattern, value)| pattern.check(value, captured, now))
                }
                _ => fail(format!("a list of {}", patterns.len())),
            },
            Self::Set(patterns) => {
                let mut left: Vec<&Value> = value.as_array().into_iter().flatten().collect();
                if left.len() != patterns.len() {
                    return fail(format!("a list of {}", patterns.len()));
                }
                patterns.iter().try_for_each(|pattern| {
                    let found = left.iter().position(|value| pattern.check(value, &mut captured.clone(), now).is_ok());
                    let found = found.ok_or_else(|| format!("{value} has no {pattern:?}"))?;
                    pattern.check(left.remove(found), captured, now)
                })
            }
            Self::Time(later) => {
                let wanted = now.as_millis() / 1000 + i64::try_from(*later).unwrap();
                match epoch(value) {
                    Some(at) if at == wanted => Ok(()),
                    _ => fail(format!("the instant {wanted}")),
                }
            }
            Self::Bytes(length) => match is_text.map(|text| STANDARD.decode(text)) {
                Some(Ok(bytes)) if bytes.len() == *length => Ok(()),
                _ => fail(format!("Base64 of {length} bytes")),
            },
            Self::Json(pattern) => match is_text.map(serde_json::from_str::<Value>) {
                Some(Ok(inner)) => pattern.check(&inner, captured, now),
                _ => fail("JSON in a text".to_owned()),
            },
        }
    }
}

/// Whether `text` is as wanted; `…` at either end stands for more.
pub(crate) fn fits(text: &str, wanted: &str) -> bool {
    match (wanted.strip_prefix('…'), wanted.strip_suffix('…')) {
        (Some(end), None) => text.ends_with(end),
        (None, Some(start)) => text.starts_with(start),
        (Some(_), Some(_)) => text.contains(wanted.trim_matches('…')),
        (None, None) => text == wanted,
    }
}

/// Puts what was captured in the place of its name.
pub(crate) fn interpolated(template: &str, captured: &Captured) -> String {
    let mut text = template.to_owned();
    // The longest name first, so that $K does not eat $K2.
    let mut names: Vec<&String> = captured.keys().collect();
    names.sort_by_key(|name| std::cmp::Reverse(name.len()));
    for name in names {
        if let Some(value) = captured[name].as_str() {
            text = text.replace(&format!("${name}"), value);
        }
    }
    text
}

/// Seconds since the epoch, from a number or an ISO 8601 text (WLK-04).
fn epoch(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_f64().map(|seconds| seconds as i64),
        Value::String(text) => text.parse::<jiff::Timestamp>().ok().map(|at| at.as_second()),
        _ => None,
    }
}

fn pattern(rest: &mut &str) -> Pattern {
    *rest = rest.trim_start();
    match rest.chars().next() {
        Some('{') => Pattern::Object(items(rest, '}').into_iter().map(member).collect()),
        Some('[') => Pattern::List(items(rest, ']').into_iter().map(Pattern::parse).collect()),
        Some('"') => {
            let (text, after) = rest[1..].split_once('"').expect("a closing quote");
            *rest = after;
            Pattern::Text(text.to_owned())
        }
        _ => {
            let word = bare(rest);
            match word {
                "…" => Pattern::Any,
                "set" => match pattern(rest) {
                    Pattern::List(patterns) => Pattern::Set(patterns),
                    other => panic!("a set is a list, not {other:?}"),
                },
                "json" => Pattern::Json(Box::new(pattern(rest))),
                "bytes" => {
                    *rest = rest.trim_start();
                    Pattern::Bytes(bare(rest).parse().unwrap())
                }
                "other" => {
                    *rest = rest.trim_start();
                    Pattern::Other(bare(rest).trim_start_matches('$').to_owned())
                }
                "now" => Pattern::Time(0),
                "true" => Pattern::Literal(true.into()),
                "false" => Pattern::Literal(false.into()),
                _ => match (word.strip_prefix("now+"), word.strip_prefix('$'), word.parse::<i64>()) {
                    (Some(later), ..) => Pattern::Time(seconds(later)),
                    (_, Some(name), _) => Pattern::Capture(name.to_owned()),
                    (.., Ok(number)) => Pattern::Literal(number.into()),
                    _ => Pattern::Text(word.to_owned()),
                },
            }
        }
    }
}

fn member(item: &str) -> (String, Option<Pattern>) {
    match (item.strip_prefix('!'), item.split_once(':')) {
        (Some(absent), _) => (absent.to_owned(), None),
        (None, Some((name, rest))) => (name.trim().to_owned(), Some(Pattern::parse(rest))),
        (None, None) => panic!("not a member: {item}"),
    }
}

/// A word without quotes.
fn bare<'t>(rest: &mut &'t str) -> &'t str {
    let end = rest.find([',', ']', '}', ' ']).unwrap_or(rest.len());
    let (word, after) = rest.split_at(end);
    *rest = after;
    word
}

/// The items between brackets, which may be nested.
fn items<'t>(rest: &mut &'t str, close: char) -> Vec<&'t str> {
    let (mut depth, mut quoted, mut start, mut items) = (0, false, 1, Vec::new());
    for (at, letter) in rest.char_indices() {
        match letter {
            '"' => quoted = !quoted,
            _ if quoted => {}
            '{' | '[' => depth += 1,
            '}' | ']' => depth -= 1,
            _ => {}
        }
        if depth == 0 || (depth == 1 && letter == ',' && !quoted) {
            let item = rest[start..at].trim();
            if !item.is_empty() {
                items.push(item);
            }
            start = at + letter.len_utf8();
        }
        if depth == 0 {
            assert_eq!(letter, close);
            *rest = &rest[start..];
            return items;
        }
    }
    panic!("no closing {close}: {rest}");
}
