//! Calls through the dispatcher, without a transport.

use keystead::{Caller, Client, Kms, Timestamp};
use keystead_aws::protocol;
use serde_json::{Map, Value, json};

use crate::model;
use crate::query::{as_text, query};
use crate::runner::{self, Call, Failure, Front};

/// How instants are shown (WLK-04).
#[derive(Clone, Copy)]
pub(crate) enum Rendering {
    Epoch,
    Iso8601,
}

pub(crate) struct InProcess {
    kms: Kms,
    rendering: Rendering,
}

impl InProcess {
    pub(crate) fn new(kms: Kms, rendering: Rendering) -> Self {
        Self { kms, rendering }
    }
}

impl Front for InProcess {
    fn call(&mut self, call: &Call<'_>) -> Result<Option<Value>, Failure> {
        let operation = model::pascal(call.operation);
        let body = request(model::input(&operation), call.options).to_string();
        let target = format!("TrentService.{operation}");
        let reply = protocol::handle(&client(&self.kms, call.caller, call.region), &target, body.as_bytes());
        let mut value: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
        if reply.status != 200 {
            let text = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
            let message = if value["message"].is_null() { text("Message") } else { text("message") };
            return Err(Failure { code: text("__type"), message });
        }
        if reply.body.is_empty() {
            return Ok(None);
        }
        if let (Rendering::Iso8601, Some(shape)) = (self.rendering, model::output(&operation)) {
            render(&mut value, shape);
        }
        if let Some(wanted) = call.query {
            value = query(&value, wanted);
        }
        Ok(Some(if call.as_text { as_text(&value).into() } else { value }))
    }
}

fn client(kms: &Kms, caller: &runner::Caller, region: &str) -> Client {
    let parts: Vec<&str> = caller.arn.splitn(6, ':').collect();
    let (account, (kind, name)) = (parts[4], parts[5].split_once('/').unwrap());
    let made = match kind {
        "user" => Caller::user(account, name),
        "role" => Caller::role_session(account, name, "session"),
        other => panic!("nobody calls as a {other}"),
    };
    let made = match &caller.policy {
        Some(policy) => made.unwrap().identity_policy(policy),
        None => made,
    };
    kms.client(region, made.unwrap()).unwrap()
}

/// Builds the JSON of a request from options (WLK-02).
pub(crate) fn request(shape: &str, options: &[(String, Vec<String>)]) -> Value {
    let mut members = Map::new();
    for (option, values) in options {
        let (option, negated) = match option.strip_prefix("no-") {
            Some(option) => (option, true),
            None => (option.as_str(), false),
        };
        let name = model::member_of_option(shape, option);
        let of = model::member(shape, &name).unwrap();
        let value = if model::kind(of) == "boolean" { json!(!negated) } else { value_of(of, values) };
        members.insert(name, value);
    }
    members.into()
}

fn value_of(shape: &str, values: &[String]) -> Value {
    match model::kind(shape) {
        "list" => values.iter().map(|value| value_of(model::element(shape), std::slice::from_ref(value))).collect(),
        _ => scalar(shape, &values.join(" ")),
    }
}

fn scalar(shape: &str, text: &str) -> Value {
    match model::kind(shape) {
        "string" | "blob" => text.into(),
        "integer" => text.parse::<i64>().unwrap().into(),
        "timestamp" => text.parse::<jiff::Timestamp>().unwrap().as_second().into(),
        "map" => {
            pairs(text).into_iter().map(|(key, value)| (key.to_owned(), value.into())).collect::<Map<_, _>>().into()
        }
        "structure" => pairs(text)
            .into_iter()
            .map(|(key, value)| {
                let of = model::member(shape, key).unwrap_or_else(|| panic!("{shape} has no {key}"));
                (key.to_owned(), scalar(of, value.trim_start_matches('{').trim_end_matches('}')))
            })
            .collect::<Map<_, _>>()
            .into(),
        other => panic!("{shape} is a {other}"),
    }
}

/// `a=b,c={d=e}` as pairs.
fn pairs(text: &str) -> Vec<(&str, &str)> {
    let mut depth = 0;
    let parts = text.split(|letter| {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        letter == ',' && depth == 0
    });
    parts.map(|pair| pair.split_once('=').unwrap_or_else(|| panic!("not a pair: {pair}"))).collect()
}

/// Writes instants as ISO 8601.
fn render(value: &mut Value, shape: &str) {
    match (model::kind(shape), value) {
        ("timestamp", value) => {
            let millis = (value.as_f64().unwrap() * 1000.0).round() as i64;
            *value = Timestamp::from_millis(millis).unwrap().to_iso_seconds().into();
        }
        ("structure", Value::Object(members)) => {
            for (name, member) in members {
                render(member, model::member(shape, name).unwrap_or_else(|| panic!("{shape} has no {name}")));
            }
        }
        ("list", Value::Array(elements)) => {
            elements.iter_mut().for_each(|element| render(element, model::element(shape)))
        }
        _ => {}
    }
}
