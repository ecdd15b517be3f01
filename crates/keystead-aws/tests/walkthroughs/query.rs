//! `--query` and `--output`, as far as the walkthroughs use them (WLK-02).

use serde_json::Value;

/// Carries out a query: a path of members, `List[*].Member`, or `List[?…]` by equality or beginning.
pub(crate) fn query(value: &Value, query: &str) -> Value {
    let Some((list, rest)) = query.split_once('[') else { return path(value, query) };
    let (filter, member) = rest.split_once(']').unwrap();
    let elements = path(value, list).as_array().cloned().unwrap_or_default();
    let kept = elements.into_iter().filter(|element| holds(element, filter));
    match member.strip_prefix('.') {
        Some(member) => kept.map(|element| path(&element, member)).collect(),
        None => kept.collect(),
    }
}

/// `text` prints scalars, and lists of them separated by tabs.
pub(crate) fn as_text(value: &Value) -> String {
    match value {
        Value::Array(values) => values.iter().map(as_text).collect::<Vec<_>>().join("\t"),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn path(value: &Value, path: &str) -> Value {
    path.split('.').fold(value.clone(), |value, member| value.get(member).cloned().unwrap_or_default())
}

fn holds(element: &Value, filter: &str) -> bool {
    let text = |member: &str| element[member].as_str().unwrap_or_default().to_owned();
    let Some(filter) = filter.strip_prefix('?') else { return filter == "*" };
    match (filter.split_once("=="), filter.strip_prefix("starts_with(")) {
        (Some((member, literal)), _) => text(member) == literal.trim_matches('`'),
        (None, Some(arguments)) => {
            let (member, literal) = arguments.trim_end_matches(')').split_once(", ").unwrap();
            text(member).starts_with(literal.trim_matches('`'))
        }
        (None, None) => panic!("not a filter: {filter}"),
    }
}
