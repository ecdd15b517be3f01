//! A second evaluator, written from chapter 21 without regard to speed: policies stay JSON, the context is a list of
//! strings, patterns are matched by dynamic programming. It shares nothing with the crate.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, clippy::expect_used)]

use serde_json::Value as Json;

#[derive(Clone, Debug)]
pub struct Caller {
    /// `root`, `user`, `session`, `federated`, `service` or `anonymous`.
    pub kind: &'static str,
    pub account: Option<&'static str>,
    pub arn: &'static str,
    /// The role of a session, the user of a federated session.
    pub outer: Option<&'static str>,
}

/// The documents of each layer, levels as lists of lists.
#[derive(Clone, Debug, Default)]
pub struct Policies {
    pub key: Option<Json>,
    pub identity: Vec<Json>,
    pub boundary: Option<Json>,
    pub session: Vec<Json>,
    pub service_control: Vec<Vec<Json>>,
    pub resource_control: Vec<Vec<Json>>,
    pub endpoint: Option<Json>,
    /// `none`, `principal`, `role` or `account`.
    pub grant: &'static str,
}

#[derive(Clone, Debug)]
pub struct Question {
    pub caller: Caller,
    pub action: String,
    pub resource: String,
    pub owner: &'static str,
    pub capable: bool,
    pub identity_only: bool,
    /// Name, whether the key is multi-valued in this request, values. Names may repeat but for case.
    pub context: Vec<(String, bool, Vec<String>)>,
}

/// `allowed`, `deny <layer> <policy> <statement>` or `silent <layer>`.
pub fn decide(question: &Question, policies: &Policies) -> String {
    let caller = &question.caller;
    let foreign = caller.account.is_some_and(|account| account != question.owner);
    if foreign && !question.capable {
        return "silent Resource".into();
    }
    let bounded = policies.boundary.is_some();
    let key = if question.identity_only { None } else { policies.key.as_ref() };
    let bound_by_scp = caller.account.is_some();

    // Step 1.
    let scp: Vec<&Json> = policies.service_control.iter().flatten().filter(|_| bound_by_scp).collect();
    let order: [(&str, Vec<&Json>); 7] = [
        ("ServiceControl", scp),
        ("ResourceControl", policies.resource_control.iter().flatten().collect()),
        ("Resource", key.into_iter().collect()),
        ("Identity", policies.identity.iter().collect()),
        ("Boundary", policies.boundary.iter().collect()),
        ("Session", policies.session.iter().collect()),
        ("Endpoint", policies.endpoint.iter().collect()),
    ];
    for (layer, documents) in &order {
        for (policy, document) in documents.iter().enumerate() {
            for (position, statement) in statements(document).iter().enumerate() {
                if statement["Effect"] == "Deny"
                    && !matches(question, document, statement, *layer == "Resource", layer, bounded).is_empty()
                {
                    return format!("deny {layer} {policy} {position}");
                }
            }
        }
    }

    // Step 2.
    let allows = |document: &Json, layer: &str| {
        statements(document)
            .iter()
            .any(|it| it["Effect"] == "Allow" && !matches(question, document, it, false, layer, bounded).is_empty())
    };
    if policies.endpoint.as_ref().is_some_and(|document| !allows(document, "Endpoint")) {
        return "silent Endpoint".into();
    }
    for level in policies.service_control.iter().filter(|_| bound_by_scp) {
        if !level.iter().any(|document| allows(document, "ServiceControl")) {
            return "silent ServiceControl".into();
        }
    }
    for level in &policies.resource_control {
        if !level.is_empty() && !level.iter().any(|document| allows(document, "ResourceControl")) {
            return "silent ResourceControl".into();
        }
    }

    // Step 3: every source, as the list of what it still needs.
    let root = caller.kind == "root";
    let mut sources: Vec<Vec<&str>> = Vec::new();
    let delegated = if root { vec!["Boundary", "Session"] } else { vec!["Identity", "Boundary", "Session"] };
    if question.identity_only {
        if caller.account.is_none() {
            return "silent Identity".into();
        }
        sources.push(delegated.clone());
    } else {
        for statement in key.map(statements).unwrap_or_default() {
            if statement["Effect"] == "Allow" {
                for kind in matches(question, key.unwrap(), &statement, true, "Resource", bounded) {
                    sources.push(match kind {
                        _ if foreign => delegated.clone(),
                        "direct" => vec![],
                        "role" => vec!["Boundary", "Session"],
                        "account" => delegated.clone(),
                        other => unreachable!("{other}"),
                    });
                }
            }
        }
        match policies.grant {
            "principal" => sources.push(vec![]),
            "role" => sources.push(vec!["Boundary", "Session"]),
            "account" => sources.push(delegated),
            _ => {}
        }
    }
    let Some(easiest) = sources.into_iter().min_by_key(Vec::len) else { return "silent Resource".into() };
    for need in easiest {
        let present = match need {
            "Identity" => policies.identity.iter().any(|document| allows(document, "Identity")),
            "Boundary" => policies.boundary.as_ref().is_none_or(|document| allows(document, "Boundary")),
            _ => policies.session.is_empty() || policies.session.iter().any(|document| allows(document, "Session")),
        };
        if !present {
            return format!("silent {need}");
        }
    }
    "allowed".into()
}

fn statements(document: &Json) -> Vec<Json> {
    match &document["Statement"] {
        Json::Array(list) => list.clone(),
        one => vec![one.clone()],
    }
}

fn list(value: &Json) -> Vec<String> {
    match value {
        Json::Array(items) => items.iter().map(text).collect(),
        one => vec![text(one)],
    }
}

fn text(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The ways in which a statement matches the question: `direct`, `role`, `account`; none if it does not.
fn matches(
    question: &Question,
    document: &Json,
    statement: &Json,
    hide: bool,
    layer: &str,
    bounded: bool,
) -> Vec<&'static str> {
    let with_variables = document["Version"] == "2012-10-17";
    let effect = statement["Effect"].as_str().unwrap();
    if !action_matches(question, statement) {
        return vec![];
    }
    let Some(resource) = element(statement, "Resource") else { return vec![] };
    if !resource_matches(question, resource, effect, with_variables, hide) {
        return vec![];
    }
    let kinds = match layer {
        "Resource" | "Endpoint" | "ResourceControl" => principal_kinds(&question.caller, statement, bounded),
        _ => vec!["direct"],
    };
    match condition(question, statement, effect, with_variables, hide) {
        Some(true) => kinds,
        Some(false) => vec![],
        // Unreadable: closed by effect.
        None if effect == "Deny" => kinds,
        None => vec![],
    }
}

/// Whether the element is negated, and its non-empty list.
fn element(statement: &Json, name: &str) -> Option<(bool, Vec<String>)> {
    let found = match (statement.get(name), statement.get(format!("Not{name}"))) {
        (Some(value), None) => (false, list(value)),
        (None, Some(value)) => (true, list(value)),
        _ => return None,
    };
    (!found.1.is_empty()).then_some(found)
}

fn action_matches(question: &Question, statement: &Json) -> bool {
    let Some((negated, patterns)) = element(statement, "Action") else { return false };
    let (service, name) = question.action.split_once(':').unwrap();
    let any = patterns.iter().any(|pattern| {
        let (s, n) = if pattern == "*" { ("*", "*") } else { pattern.split_once(':').unwrap() };
        let fits = |pattern: &str, text: &str| glob(&tokens(&pattern.to_lowercase()), &text.to_lowercase());
        fits(s, service) && fits(n, name)
    });
    any != negated
}

fn resource_matches(
    question: &Question,
    (negated, patterns): (bool, Vec<String>),
    effect: &str,
    with_variables: bool,
    hide: bool,
) -> bool {
    let results: Vec<Option<bool>> = patterns
        .iter()
        .map(|pattern| {
            if pattern == "*" {
                return Some(true);
            }
            // The first five segments, wildcards bound to them unless one ends its segment; then the rest.
            let segments: Vec<&str> = pattern.splitn(6, ':').collect();
            let mut all = Vec::new();
            for (index, segment) in segments.iter().enumerate() {
                if index > 0 {
                    all.push(Token::Char(':'));
                }
                let expanded =
                    if index == 5 { expand(question, segment, with_variables, hide)? } else { tokens(segment) };
                let last = expanded.len().wrapping_sub(1);
                all.extend(expanded.into_iter().enumerate().map(|(place, token)| match token {
                    Token::Star { .. } => Token::Star { crosses: index == 5 || place == last },
                    Token::One { .. } => Token::One { crosses: index == 5 },
                    char => char,
                }));
            }
            Some(glob(&all, &question.resource))
        })
        .collect();
    if !negated {
        return results.contains(&Some(true));
    }
    if results.contains(&Some(true)) {
        return false;
    }
    if results.contains(&None) { effect == "Deny" } else { true }
}

fn principal_kinds(caller: &Caller, statement: &Json, bounded: bool) -> Vec<&'static str> {
    let (negated, value) = match (statement.get("Principal"), statement.get("NotPrincipal")) {
        (Some(value), None) => (false, value),
        (None, Some(value)) => (true, value),
        _ => return vec![],
    };
    let mut entries: Vec<(String, String)> = Vec::new();
    match value {
        Json::String(star) => entries.push(("AWS".into(), star.clone())),
        Json::Object(map) => {
            for (kind, value) in map {
                entries.extend(list(value).into_iter().map(|entry| (kind.clone(), entry)));
            }
        }
        _ => {}
    }
    if entries.is_empty() {
        return vec![];
    }
    let account_entries: Vec<String> = caller
        .account
        .map(|account| vec![account.to_owned(), format!("arn:aws:iam::{account}:root")])
        .unwrap_or_default();
    let lists = |names: &[String]| {
        entries.iter().any(|(kind, entry)| {
            (kind == "AWS" && (entry == "*" || names.contains(entry))) || {
                kind == "Service" && caller.kind == "service" && names.contains(entry)
            }
        })
    };
    let own = [caller.arn.to_owned()];
    if negated {
        let mut chain: Vec<Vec<String>> = Vec::new();
        match caller.kind {
            "anonymous" => {}
            "root" => chain.push(account_entries),
            "service" => chain.push(own.to_vec()),
            _ => {
                chain.push(own.to_vec());
                chain.push(account_entries);
                chain.extend(caller.outer.map(|outer| vec![outer.to_owned()]));
            }
        }
        let exempt = !bounded && !chain.is_empty() && chain.iter().all(|names| lists(names));
        return if exempt { vec![] } else { vec!["direct"] };
    }
    let mut kinds = Vec::new();
    for (kind, entry) in &entries {
        kinds.extend(match (kind.as_str(), entry.as_str()) {
            ("AWS", "*") => Some("direct"),
            ("Service", name) => (caller.kind == "service" && name == caller.arn).then_some("direct"),
            ("AWS", _) if account_entries.contains(entry) => Some("account"),
            ("AWS", arn) if caller.account.is_some() && arn == caller.arn => Some("direct"),
            ("AWS", arn) if caller.outer == Some(arn) => Some("role"),
            _ => None,
        });
    }
    kinds
}

/// Whether all condition elements hold; none if one cannot be read.
fn condition(question: &Question, statement: &Json, effect: &str, with_variables: bool, hide: bool) -> Option<bool> {
    let Some(Json::Object(blocks)) = statement.get("Condition") else { return Some(true) };
    let mut all = true;
    for (operator, keys) in blocks {
        for (key, listed) in keys.as_object().unwrap() {
            all &= condition_element(question, operator, key, &list(listed), effect, with_variables, hide)?;
        }
    }
    Some(all)
}

fn condition_element(
    question: &Question,
    operator: &str,
    key: &str,
    listed: &[String],
    effect: &str,
    with_variables: bool,
    hide: bool,
) -> Option<bool> {
    let (quantifier, rest) = match operator.split_once(':') {
        Some(("ForAllValues", rest)) => ("all", rest),
        Some(("ForAnyValue", rest)) => ("any", rest),
        None => ("", operator),
        _ => return None,
    };
    let (base, if_exists) = rest.strip_suffix("IfExists").map_or((rest, false), |base| (base, true));
    let readable = |check: &dyn Fn(&str) -> bool| listed.iter().all(|value| value.contains("${") || check(value));
    let negated = base.contains("Not");
    let plain = base.replace("Not", "");
    let is_readable = match plain.as_str() {
        "StringEquals" | "StringEqualsIgnoreCase" | "StringLike" | "ArnEquals" | "ArnLike" => true,
        "Bool" | "Null" => readable(&|value| matches!(value.to_lowercase().as_str(), "true" | "false")),
        "IpAddress" => readable(&|value| cidr(value).is_some()),
        name if name.starts_with("Numeric") => readable(&|value| number(value).is_some()),
        name if name.starts_with("Date") => readable(&|value| instant(value).is_some()),
        _ => false,
    };
    if !is_readable || (plain == "Null" && if_exists) {
        return None;
    }
    let entries = lookup(question, key, hide);
    if plain == "Null" && !quantifier.is_empty() {
        return Some(quantifier == "all");
    }
    let fits = |value: &str| {
        let one = |policy_value: &String| compare(question, &plain, policy_value, value, with_variables, hide);
        !listed.is_empty() && listed.iter().any(one) != negated
    };
    let evaluate = |is_set: bool, values: &[String]| {
        let null = values.iter().all(String::is_empty);
        if plain == "Null" {
            return listed.iter().any(|wanted| wanted.eq_ignore_ascii_case(if null { "true" } else { "false" }));
        }
        match quantifier {
            "all" => null || values.iter().all(|value| fits(value)),
            "any" => !null && values.iter().any(|value| fits(value)),
            _ if is_set && values.is_empty() => negated && !listed.is_empty(),
            _ => values.len() == 1 && fits(&values[0]),
        }
    };
    Some(match entries.as_slice() {
        [] if plain == "Null" => listed.iter().any(|wanted| wanted.eq_ignore_ascii_case("true")),
        [] if if_exists => true,
        [] => match quantifier {
            "all" => true,
            "any" => false,
            _ => negated && !listed.is_empty(),
        },
        [(is_set, values)] => evaluate(*is_set, values),
        several if effect == "Allow" => several.iter().all(|(is_set, values)| evaluate(*is_set, values)),
        several => several.iter().any(|(is_set, values)| evaluate(*is_set, values)),
    })
}

fn lookup(question: &Question, key: &str, hide: bool) -> Vec<(bool, Vec<String>)> {
    let key = key.to_lowercase();
    if hide && (key.starts_with("aws:resourcetag/") || key == "kms:resourcealiases") {
        return vec![];
    }
    let same = question.context.iter().filter(|(name, ..)| name.to_lowercase() == key);
    same.map(|(_, is_set, values)| (*is_set, values.clone())).collect()
}

/// Whether one request value matches one policy value.
fn compare(question: &Question, plain: &str, listed: &str, value: &str, with_variables: bool, hide: bool) -> bool {
    let expanded = |text: &str| expand(question, text, with_variables, hide);
    match plain {
        "StringEquals" | "StringEqualsIgnoreCase" => {
            let Some(tokens) = expanded(listed) else { return false };
            let literal: String = tokens.iter().map(Token::as_written).collect();
            if plain == "StringEquals" { literal == value } else { literal.to_lowercase() == value.to_lowercase() }
        }
        "StringLike" => expanded(listed).is_some_and(|tokens| glob(&tokens, value)),
        "ArnEquals" | "ArnLike" => {
            let Some(tokens) = expanded(listed) else { return false };
            let pattern = split_five(&tokens, |token| matches!(token, Token::Char(':')));
            let characters: Vec<char> = value.chars().collect();
            let parts = split_five(&characters, |c| *c == ':');
            value.starts_with("arn:")
                && pattern.len() == 6
                && parts.len() == 6
                && pattern.iter().zip(&parts).all(|(tokens, part)| glob(tokens, &part.iter().collect::<String>()))
        }
        "Bool" => {
            matches!(value.to_lowercase().as_str(), "true" | "false") && value.to_lowercase() == listed.to_lowercase()
        }
        "IpAddress" => match (cidr(listed), value.parse::<std::net::Ipv4Addr>()) {
            (Some((network, length)), Ok(address)) => {
                let bits = |address: u32| format!("{address:032b}")[..length].to_owned();
                bits(network) == bits(address.into())
            }
            _ => false,
        },
        name => {
            let (order, left, right) = match name.strip_prefix("Numeric") {
                Some(order) => (order, number(value), number(listed)),
                None => (name.strip_prefix("Date").unwrap(), instant(value), instant(listed)),
            };
            let (Some(left), Some(right)) = (left, right) else { return false };
            match order {
                "Equals" => left == right,
                "LessThan" => left < right,
                "LessThanEquals" => left <= right,
                "GreaterThan" => left > right,
                "GreaterThanEquals" => left >= right,
                other => unreachable!("{other}"),
            }
        }
    }
}

/// Small numbers only: exact in binary too.
fn number(text: &str) -> Option<f64> {
    let plain = text.chars().all(|c| c.is_ascii_digit() || "+-.e".contains(c));
    (plain && !text.starts_with('.') && !text.ends_with('.')).then(|| text.parse().ok()).flatten()
}

fn instant(text: &str) -> Option<f64> {
    if let Ok(time) = text.parse::<jiff::Timestamp>() {
        return Some(time.as_second() as f64);
    }
    if let Some((year, month)) = text.split_once('-').filter(|(_, month)| month.len() == 2) {
        return instant(&format!("{year}-{month}-01T00:00:00Z"));
    }
    if text.len() == 10 && text.contains('-') {
        return instant(&format!("{text}T00:00:00Z"));
    }
    if text.contains('e') { None } else { number(text) }
}

fn cidr(text: &str) -> Option<(u32, usize)> {
    let (address, length) = text.split_once('/').unwrap_or((text, "32"));
    Some((address.parse::<std::net::Ipv4Addr>().ok()?.into(), length.parse().ok()?))
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Token {
    Char(char),
    One { crosses: bool },
    Star { crosses: bool },
}

impl Token {
    fn as_written(&self) -> char {
        match self {
            Self::Char(c) => *c,
            Self::One { .. } => '?',
            Self::Star { .. } => '*',
        }
    }
}

fn tokens(text: &str) -> Vec<Token> {
    text.chars()
        .map(|c| match c {
            '*' => Token::Star { crosses: true },
            '?' => Token::One { crosses: true },
            c => Token::Char(c),
        })
        .collect()
}

/// Replaces variables; what comes out of them is literal. None if one has no value.
fn expand(question: &Question, text: &str, with_variables: bool, hide: bool) -> Option<Vec<Token>> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("${").filter(|_| with_variables) {
        out.extend(tokens(&rest[..start]));
        let Some(end) = rest[start..].find('}') else {
            out.extend(tokens(&rest[start..]));
            return Some(out);
        };
        let body = &rest[start + 2..start + end];
        rest = &rest[start + end + 1..];
        if matches!(body, "*" | "?" | "$") {
            out.push(Token::Char(body.chars().next().unwrap()));
            continue;
        }
        let (name, default) = match body.split_once(", '") {
            Some((name, default)) => (name, Some(default.trim_end_matches('\''))),
            None => (body, None),
        };
        let value = match lookup(question, name, hide).as_slice() {
            [] => default?.to_owned(),
            [(false, values)] => values[0].clone(),
            _ => return None,
        };
        out.extend(value.chars().map(Token::Char));
    }
    out.extend(tokens(rest));
    Some(out)
}

fn split_five<T: Clone>(items: &[T], is_separator: impl Fn(&T) -> bool) -> Vec<Vec<T>> {
    let mut parts = vec![Vec::new()];
    for item in items {
        if is_separator(item) && parts.len() < 6 {
            parts.push(Vec::new());
        } else {
            parts.last_mut().unwrap().push(item.clone());
        }
    }
    parts
}

/// The textbook table: `table[i][j]` is whether the first `i` tokens match the first `j` characters.
fn glob(pattern: &[Token], text: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    let mut table = vec![vec![false; text.len() + 1]; pattern.len() + 1];
    table[0][0] = true;
    for i in 1..=pattern.len() {
        for j in 0..=text.len() {
            table[i][j] = match pattern[i - 1] {
                Token::Star { crosses } => {
                    table[i - 1][j] || (j > 0 && table[i][j - 1] && (crosses || text[j - 1] != ':'))
                }
                Token::One { crosses } => j > 0 && table[i - 1][j - 1] && (crosses || text[j - 1] != ':'),
                Token::Char(c) => j > 0 && table[i - 1][j - 1] && text[j - 1] == c,
            };
        }
    }
    table[pattern.len()][text.len()]
}
