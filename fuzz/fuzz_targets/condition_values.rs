//! Condition values: any value may stand in a policy and in a request, under every operator. Of what is written on
//! purpose (a number, an instant, an address, bytes) the target knows what it means and checks every comparison; texts
//! and ARNs are checked against the reference evaluator; whatever is written, the operators agree with one another.
#![no_main]

#[path = "../../crates/keystead-policy/tests/reference/mod.rs"]
mod reference;
mod written;

use arbitrary::Arbitrary;
use keystead_policy::{
    Catalogue, ConditionKey, Context, Decision, Layers, Many, Policy, PolicyKind, Principal, Request, Resource, Value,
    decide,
};
use libfuzzer_sys::fuzz_target;
use reference::{Caller, Policies, Question};
use serde_json::{Value as Json, json};
use written::{Comparison, Written};

/// A condition element and what the request holds under its key.
#[derive(Arbitrary, Debug)]
struct Input {
    operator: u8,
    quantifier: Option<bool>,
    if_exists: bool,
    listed: Vec<Written>,
    held: Held,
}

#[derive(Arbitrary, Debug)]
enum Held {
    Nothing,
    /// A value in its own type, where it has one.
    Typed(Written),
    Text(Written),
    Set(Vec<Written>),
    /// The first value of the policy again.
    Listed,
}

fuzz_target!(|input: Input| {
    let mut input = input;
    if matches!(input.held, Held::Listed) {
        input.held = input.listed.first().map_or(Held::Nothing, |first| Held::Typed(first.clone()));
    }
    let (name, comparison, negated) = OPERATORS[usize::from(input.operator) % OPERATORS.len()];
    let operator = input.form(name);
    let Some(satisfied) = satisfied(&operator, &input) else {
        let readable = input.listed.iter().all(|written| written.is_readable_as(comparison));
        assert!(!readable || operator == "NullIfExists" || operator.ends_with(":NullIfExists"), "{operator} {input:?}");
        return;
    };
    if let Some(expected) = input.expected(comparison, negated) {
        assert_eq!(satisfied, expected, "{operator} {input:?}");
    }
    if matches!(
        comparison,
        Comparison::Text | Comparison::Pattern | Comparison::Arn | Comparison::Bool | Comparison::Null
    ) {
        compare_with_reference(&operator, &input, satisfied);
    }
    compare_operators(name, &input, satisfied);
});

impl Input {
    fn form(&self, name: &str) -> String {
        let quantifier = match self.quantifier {
            None => "",
            Some(true) => "ForAllValues:",
            Some(false) => "ForAnyValue:",
        };
        format!("{quantifier}{name}{}", if self.if_exists { "IfExists" } else { "" })
    }

    /// Whether the element is satisfied, where the target knows it (chapter 21, sections 4.2 and 4.3).
    fn expected(&self, comparison: Comparison, negated: bool) -> Option<bool> {
        if comparison == Comparison::Null {
            return None;
        }
        let fits = |held: &Written| {
            let matches = self.listed.iter().map(|listed| comparison.matches(listed, held));
            let matched = matches.collect::<Option<Vec<bool>>>()?.contains(&true);
            Some(!self.listed.is_empty() && matched != negated)
        };
        let all = |held: &[Written]| held.iter().map(fits).collect::<Option<Vec<bool>>>();
        let fitting = match (&self.held, self.text()) {
            (Held::Set(set), _) => all(&distinct(set))?,
            (Held::Typed(one), _) if one.value().is_some() && comparison != Comparison::Text => return fits(one),
            (Held::Typed(one) | Held::Text(one), Some(text)) => {
                return match self.quantifier {
                    Some(all) if text.is_empty() => Some(all),
                    _ => fits(one),
                };
            }
            (Held::Typed(one), None) if one.value().is_some() => return None,
            _ => {
                return Some(match self.quantifier {
                    _ if self.if_exists => true,
                    Some(all) => all,
                    None => negated && !self.listed.is_empty(),
                });
            }
        };
        let is_null = self.texts().iter().all(String::is_empty);
        Some(match self.quantifier {
            Some(all) if is_null => all,
            Some(true) => !fitting.contains(&false),
            Some(false) => fitting.contains(&true),
            None if fitting.is_empty() => negated && !self.listed.is_empty(),
            None => fitting.len() == 1 && fitting[0],
        })
    }

    /// What the request holds, as far as it is texts.
    fn texts(&self) -> Vec<String> {
        match &self.held {
            Held::Set(set) => distinct(set).iter().filter_map(Written::text).collect(),
            Held::Typed(one) if one.value().is_some() => vec![],
            Held::Typed(one) | Held::Text(one) => one.text().into_iter().collect(),
            Held::Nothing | Held::Listed => vec![],
        }
    }

    fn text(&self) -> Option<String> {
        self.texts().into_iter().next()
    }
}

/// Whether the request satisfies the element; none if the policy is refused.
fn satisfied(operator: &str, input: &Input) -> Option<bool> {
    let statement = |effect: &str| json!({"Statement": statement(effect, operator, input)}).to_string();
    let compile = |text: &str| Policy::compile(PolicyKind::Identity, text, &KMS).ok();
    let (allow, deny) =
        (compile(&statement("Allow"))?, compile(&statement("Deny")).expect("it differs in effect only"));
    let open = compile(r#"{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}"#).expect("valid");
    let (allow, deny) = ([allow.into()], [deny.into(), open.into()]);
    let context = One { input, texts: input.texts() };
    let principal = Principal::user("aws", ACCOUNT, "bob");
    let decide = |identity| {
        let request = Request {
            principal: &principal,
            action: KMS.action("kms:Decrypt").expect("an action of the catalogue"),
            resource: Resource::new(KEY, ACCOUNT),
            context: &context,
            cross_account_capable: true,
            identity_only: true,
        };
        decide(&request, &Layers { identity, ..Layers::default() })
    };
    let allowed = decide(&allow).is_allowed();
    assert_eq!(allowed, matches!(decide(&deny), Decision::ExplicitDeny(_)), "{operator} {input:?}");
    Some(allowed)
}

fn statement(effect: &str, operator: &str, input: &Input) -> Json {
    let listed: Vec<Json> = input.listed.iter().map(Written::in_policy).collect();
    json!({"Effect": effect, "Action": "*", "Resource": "*", "Condition": {operator: {NAME: listed}}})
}

/// Texts only: the reference knows no other values.
fn compare_with_reference(operator: &str, input: &Input, satisfied: bool) {
    let context = match &input.held {
        Held::Typed(one) if one.value().is_some() => return,
        Held::Set(_) => vec![(true, input.texts())],
        _ => input.text().into_iter().map(|text| (false, vec![text])).collect(),
    };
    // Beyond ASCII, lower case is not the folding of POL-52.
    let is_ascii = input.listed.iter().all(|listed| listed.in_policy().to_string().is_ascii())
        && context.iter().flat_map(|(_, texts)| texts).all(|text: &String| text.is_ascii());
    if operator.contains("IgnoreCase") && !is_ascii {
        return;
    }
    let question = Question {
        caller: Caller { kind: "user", account: Some(ACCOUNT), arn: "arn:aws:iam::111122223333:user/bob", outer: None },
        action: "kms:Decrypt".into(),
        resource: KEY.into(),
        owner: ACCOUNT,
        capable: true,
        identity_only: true,
        context: context.into_iter().map(|(is_set, texts)| (NAME.to_owned(), is_set, texts)).collect(),
    };
    let identity = vec![json!({"Statement": statement("Allow", operator, input)})];
    let answer = reference::decide(&question, &Policies { identity, grant: "none", ..Policies::default() });
    assert_eq!(satisfied, answer == "allowed", "{operator} {input:?}: {answer}");
}

/// What operators of one family say of the same values.
fn compare_operators(name: &str, input: &Input, is_satisfied: bool) {
    let says = |name: &str| satisfied(&input.form(name), input).expect("the same values are readable");
    let is_single = matches!(input.held, Held::Typed(_) | Held::Text(_)) && input.quantifier.is_none();
    let is_single = is_single && !input.if_exists;
    if let (Some(opposite), true) = (opposite(name), is_single && !input.listed.is_empty()) {
        assert_ne!(is_satisfied, says(opposite), "{name} {input:?}");
    }
    let family = name.find("Equals").or(name.find("LessThan")).or(name.find("GreaterThan")).map(|end| &name[..end]);
    if let (Some(family @ ("Numeric" | "Date")), true, [_]) = (family, is_single, &*input.listed) {
        let [less, equal, greater] = ["LessThan", "Equals", "GreaterThan"].map(|it| says(&format!("{family}{it}")));
        assert!(usize::from(less) + usize::from(equal) + usize::from(greater) <= 1, "{input:?}");
        assert_eq!(says(&format!("{family}LessThanEquals")), less || equal, "{input:?}");
        assert_eq!(says(&format!("{family}GreaterThanEquals")), greater || equal, "{input:?}");
    }
}

/// The operator that says the contrary of a positive one.
fn opposite(name: &str) -> Option<&'static str> {
    OPERATORS
        .iter()
        .find(|(other, _, negated)| *negated && other.replacen("Not", "", 1) == name)
        .map(|(other, ..)| *other)
}

/// A set holds no text twice.
fn distinct(set: &[Written]) -> Vec<Written> {
    let mut distinct: Vec<Written> = Vec::new();
    for written in set {
        if written.text().is_some() && distinct.iter().all(|other| other.text() != written.text()) {
            distinct.push(written.clone());
        }
    }
    distinct
}

/// A context with one key.
struct One<'i> {
    input: &'i Input,
    texts: Vec<String>,
}

impl Context for One<'_> {
    fn value<'a>(&'a self, key: &ConditionKey) -> Value<'a> {
        assert_eq!(*key, ConditionKey::parse(NAME));
        match &self.input.held {
            Held::Set(_) => Value::Many(Many::Owned(&self.texts)),
            Held::Typed(one) if one.value().is_some() => one.value().unwrap_or(Value::Absent),
            _ => self.texts.first().map_or(Value::Absent, |text| Value::Text(text)),
        }
    }
}

const OPERATORS: &[(&str, Comparison, bool)] = &[
    ("StringEquals", Comparison::Text, false),
    ("StringNotEquals", Comparison::Text, true),
    ("StringEqualsIgnoreCase", Comparison::Pattern, false),
    ("StringNotEqualsIgnoreCase", Comparison::Pattern, true),
    ("StringLike", Comparison::Pattern, false),
    ("StringNotLike", Comparison::Pattern, true),
    ("ArnEquals", Comparison::Arn, false),
    ("ArnNotEquals", Comparison::Arn, true),
    ("ArnLike", Comparison::Arn, false),
    ("ArnNotLike", Comparison::Arn, true),
    ("NumericEquals", Comparison::Number(&[0]), false),
    ("NumericNotEquals", Comparison::Number(&[0]), true),
    ("NumericLessThan", Comparison::Number(&[-1]), false),
    ("NumericLessThanEquals", Comparison::Number(&[-1, 0]), false),
    ("NumericGreaterThan", Comparison::Number(&[1]), false),
    ("NumericGreaterThanEquals", Comparison::Number(&[0, 1]), false),
    ("DateEquals", Comparison::Date(&[0]), false),
    ("DateNotEquals", Comparison::Date(&[0]), true),
    ("DateLessThan", Comparison::Date(&[-1]), false),
    ("DateLessThanEquals", Comparison::Date(&[-1, 0]), false),
    ("DateGreaterThan", Comparison::Date(&[1]), false),
    ("DateGreaterThanEquals", Comparison::Date(&[0, 1]), false),
    ("Bool", Comparison::Bool, false),
    ("BinaryEquals", Comparison::Binary, false),
    ("IpAddress", Comparison::Address, false),
    ("NotIpAddress", Comparison::Address, true),
    ("Null", Comparison::Null, false),
];
const KMS: Catalogue = Catalogue::new("kms", &["Decrypt"]);
const ACCOUNT: &str = "111122223333";
const KEY: &str = "arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
const NAME: &str = "test:key";
