//! The language of the scripts.

use crate::pattern::Pattern;

/// One step of a script.
pub(crate) struct Step {
    /// As it stands in the script, for messages.
    pub(crate) text: String,
    pub(crate) action: Action,
    pub(crate) expected: Option<Expected>,
}

pub(crate) enum Action {
    /// `@account ID`: user Alice of that account calls from now on.
    Account(String),
    /// `@region NAME`
    Region(String),
    /// `@time +8d`
    Advance(u64),
    /// `@as ARN [allow | POLICY]`: another principal, without rights of its own, with all of them, or with those of an
    /// identity policy; `@as Alice`.
    As { principal: String, policy: Option<String> },
    /// `@service NAME`: the service has a key of its own in the account and Region.
    Service(String),
    /// `@in-process`: the script is not for the `aws` command.
    InProcess,
    /// `@let NAME = VALUE`, `@let NAME = flip VALUE`, `@let NAME = cut VALUE`
    Let { name: String, how: String, value: String },
    /// `kms OPERATION OPTIONS`, `repeat N times: kms …`
    Call { times: usize, operation: String, options: Vec<(String, Vec<String>)> },
}

/// What a call is to answer.
pub(crate) enum Expected {
    Nothing,
    Output(Pattern),
    Error { name: String, text: Option<String> },
}

/// The requirements that a script names, and its steps.
pub(crate) fn parse(script: &str) -> Vec<Step> {
    let mut statements: Vec<String> = Vec::new();
    for line in script.lines() {
        let trimmed = line.trim();
        match statements.last_mut() {
            _ if trimmed.is_empty() || trimmed.starts_with('#') => {}
            Some(statement) if line.starts_with(' ') => *statement = format!("{statement} {trimmed}"),
            _ => statements.push(trimmed.to_owned()),
        }
    }
    statements.into_iter().map(step).collect()
}

fn step(text: String) -> Step {
    let (left, right) = match text.split_once("=>") {
        Some((left, right)) => (left.trim(), Some(right.trim())),
        None => (text.as_str(), None),
    };
    let expected = right.map(expected);
    Step { action: action(left), expected, text }
}

fn action(text: &str) -> Action {
    let words = words(text);
    let rest: Vec<&str> = words.iter().map(String::as_str).collect();
    match rest.as_slice() {
        ["@account", id] => Action::Account((*id).to_owned()),
        ["@region", name] => Action::Region((*name).to_owned()),
        ["@time", by] => Action::Advance(seconds(by.strip_prefix('+').unwrap())),
        ["@as", principal] => Action::As { principal: (*principal).to_owned(), policy: None },
        ["@as", principal, policy] => {
            Action::As { principal: (*principal).to_owned(), policy: Some((*policy).to_owned()) }
        }
        ["@service", name] => Action::Service((*name).to_owned()),
        ["@in-process"] => Action::InProcess,
        ["@let", name, "=", value] => let_(name, "", value),
        ["@let", name, "=", how, value] => let_(name, how, value),
        ["repeat", times, "times:", "kms", operation, ..] => call(times.parse().unwrap(), operation, &rest[5..]),
        ["kms", operation, ..] => call(1, operation, &rest[2..]),
        _ => panic!("not a step: {text}"),
    }
}

fn let_(name: &str, how: &str, value: &str) -> Action {
    Action::Let { name: name.trim_start_matches('$').to_owned(), how: how.to_owned(), value: value.to_owned() }
}

fn call(times: usize, operation: &str, words: &[&str]) -> Action {
    let mut options: Vec<(String, Vec<String>)> = Vec::new();
    for word in words {
        match (word.strip_prefix("--"), options.last_mut()) {
            (Some(option), _) => options.push((option.to_owned(), Vec::new())),
            (None, Some((_, values))) => values.push((*word).to_owned()),
            (None, None) => panic!("a value without option: {word}"),
        }
    }
    Action::Call { times, operation: operation.to_owned(), options }
}

fn expected(text: &str) -> Expected {
    if text == "(none)" {
        return Expected::Nothing;
    }
    let Some(error) = text.strip_prefix("! ") else { return Expected::Output(Pattern::parse(text)) };
    match error.split_once(" \"") {
        Some((name, text)) => {
            Expected::Error { name: name.to_owned(), text: Some(text.strip_suffix('"').unwrap().to_owned()) }
        }
        None => Expected::Error { name: error.to_owned(), text: None },
    }
}

/// `7d`, `25h`, `90s`
pub(crate) fn seconds(text: &str) -> u64 {
    let (number, unit) = text.split_at(text.len() - 1);
    let unit = match unit {
        "d" => 86_400,
        "h" => 3_600,
        "s" => 1,
        other => panic!("not a unit of time: {other}"),
    };
    number.parse::<u64>().unwrap() * unit
}

/// Words as a shell splits them.
fn words(text: &str) -> Vec<String> {
    let (mut words, mut quote) = (vec![String::new()], None);
    for letter in text.chars() {
        let last = words.last_mut().unwrap();
        match (quote, letter) {
            (None, ' ') if last.is_empty() => {}
            (None, ' ') => words.push(String::new()),
            (None, '\'' | '"') => quote = Some(letter),
            (Some(open), close) if open == close => quote = None,
            _ => last.push(letter),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}
