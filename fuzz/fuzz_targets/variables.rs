//! Policy variables: values, defaults and patterns of any kind. A value that is put in for a variable is text and never
//! a pattern; one that is missing makes the text match nothing. Checked against the reference evaluator, in condition
//! values and in resources.
#![no_main]

#[path = "../../crates/keystead-policy/tests/reference/mod.rs"]
mod reference;

use arbitrary::Arbitrary;
use keystead_policy::{
    Catalogue, ContextMap, Decision, Layers, Policy, PolicyKind, Principal, Request, Resource, decide,
};
use libfuzzer_sys::fuzz_target;
use reference::{Caller, Policies, Question};
use serde_json::{Value as Json, json};

/// A text with variables, the context that gives them values, and the text that it is compared with.
#[derive(Arbitrary, Debug)]
struct Input {
    pieces: Vec<Piece>,
    values: [Option<String>; 4],
    set: Option<Vec<String>>,
    compared: Compared,
    operator: u8,
    is_negated: bool,
    is_old_version: bool,
}

#[derive(Arbitrary, Debug)]
enum Piece {
    Literal(String),
    Star,
    One,
    Variable {
        key: u8,
        default: Option<String>,
    },
    /// `${*}`, `${?}`, `${$}`.
    Escaped(u8),
}

#[derive(Arbitrary, Debug)]
enum Compared {
    Text(String),
    /// What the text becomes, with this for every star and question mark, and a character changed or none.
    Expansion {
        star: String,
        one: char,
        change: Option<(u8, char)>,
    },
}

fuzz_target!(|input: Input| {
    let text = input.written();
    let compared = input.compared();
    let operator = OPERATORS[usize::from(input.operator) % OPERATORS.len()];
    let operator = if input.is_negated {
        operator.replace("String", "StringNot").replace("Arn", "ArnNot")
    } else {
        operator.to_owned()
    };
    // Beyond ASCII, lower case is not the folding of POL-52.
    if !operator.contains("IgnoreCase") || (text.is_ascii() && compared.is_ascii() && input.are_values_ascii()) {
        let condition = json!({operator.as_str(): {COMPARED: text}});
        input.check(KEY, &compared, json!({"Action": "*", "Resource": "*", "Condition": condition}));
    }
    let element = if input.is_negated { "NotResource" } else { "Resource" };
    let (pattern, resource) = (format!("{PREFIX}key/{text}"), format!("{PREFIX}key/{compared}"));
    input.check(&resource, &compared, json!({"Action": "*", element: pattern}));
});

impl Input {
    /// Both evaluators give the same answer, in an `Allow` and in a `Deny`.
    fn check(&self, resource: &str, compared: &str, statement: Json) {
        let version = if self.is_old_version { "2008-10-17" } else { "2012-10-17" };
        let document = |effect: &str| {
            let mut statement = statement.clone();
            statement["Effect"] = json!(effect);
            let open = json!({"Effect": "Allow", "Action": "*", "Resource": "*"});
            let statements = if effect == "Deny" { json!([statement, open]) } else { json!([statement]) };
            json!({"Version": version, "Statement": statements})
        };
        let mut context = ContextMap::new();
        let mut entries = Vec::new();
        for (key, value) in self.entries(compared) {
            context.insert(key, value);
            entries.push((key.to_owned(), false, vec![value.to_owned()]));
        }
        if let Some(set) = &self.set {
            let mut distinct = set.clone();
            distinct.sort();
            distinct.dedup();
            context.insert_all(SET, distinct.iter().cloned());
            entries.push((SET.to_owned(), true, distinct));
        }
        let principal = Principal::user("aws", ACCOUNT, "bob");
        let request = Request {
            principal: &principal,
            action: KMS.action("kms:Decrypt").expect("an action of the catalogue"),
            resource: Resource::new(resource, ACCOUNT),
            context: &context,
            cross_account_capable: true,
            identity_only: true,
        };
        let question = Question {
            caller: Caller { kind: "user", account: Some(ACCOUNT), arn: USER, outer: None },
            action: "kms:Decrypt".into(),
            resource: resource.into(),
            owner: ACCOUNT,
            capable: true,
            identity_only: true,
            context: entries,
        };
        for effect in ["Allow", "Deny"] {
            let document = document(effect);
            let policy = Policy::compile(PolicyKind::Identity, &document.to_string(), &KMS);
            let identity = [policy.unwrap_or_else(|error| panic!("{error}: {document}")).into()];
            let decision = match decide(&request, &Layers { identity: &identity, ..Layers::default() }) {
                Decision::Allowed => "allowed".to_owned(),
                Decision::ExplicitDeny(deny) => format!("deny {:?} {} {}", deny.layer, deny.policy, deny.statement),
                Decision::ImplicitDeny(layer) => format!("silent {layer:?}"),
            };
            let policies = Policies { identity: vec![document], grant: "none", ..Policies::default() };
            assert_eq!(decision, reference::decide(&question, &policies), "{policies:?} {question:?}");
        }
    }

    fn written(&self) -> String {
        self.pieces.iter().map(Piece::written).collect()
    }

    fn compared(&self) -> String {
        let (star, one, change) = match &self.compared {
            Compared::Text(text) => return text.clone(),
            Compared::Expansion { star, one, change } => (star, one, change),
        };
        let mut text: Vec<char> = self.pieces.iter().flat_map(|piece| piece.expanded(self, star, *one)).collect();
        if let Some((place, changed)) = *change {
            let place = usize::from(place) % text.len().max(1);
            text.splice(place.min(text.len())..(place + 1).min(text.len()), [changed]);
        }
        text.into_iter().collect()
    }

    fn entries<'a>(&'a self, compared: &'a str) -> impl Iterator<Item = (&'static str, &'a str)> {
        let values = KEYS.into_iter().zip(&self.values).filter_map(|(key, value)| Some((key, value.as_deref()?)));
        values.chain([(COMPARED, compared)])
    }

    fn are_values_ascii(&self) -> bool {
        self.values.iter().flatten().all(|value| value.is_ascii())
    }
}

impl Piece {
    fn written(&self) -> String {
        match self {
            Self::Literal(text) => plain(text),
            Self::Star => "*".into(),
            Self::One => "?".into(),
            Self::Variable { key, default: None } => format!("${{{}}}", name(*key)),
            Self::Variable { key, default: Some(default) } => {
                format!("${{{}, '{}'}}", name(*key), plain(default))
            }
            Self::Escaped(which) => format!("${{{}}}", escaped(*which)),
        }
    }

    fn expanded(&self, input: &Input, star: &str, one: char) -> Vec<char> {
        let text = match self {
            Self::Literal(text) => plain(text),
            Self::Star => star.to_owned(),
            Self::One => one.to_string(),
            Self::Escaped(which) => escaped(*which).to_string(),
            Self::Variable { key, default } => {
                let value = input.values.get(usize::from(*key) % (KEYS.len() + 1)).cloned().flatten();
                value.or_else(|| default.as_deref().map(plain)).unwrap_or_default()
            }
        };
        text.chars().collect()
    }
}

/// Without the characters that begin or end a variable.
fn plain(text: &str) -> String {
    text.chars().filter(|c| !matches!(c, '$' | '\'' | '{' | '}')).collect()
}

fn name(key: u8) -> &'static str {
    let number = usize::from(key) % (KEYS.len() + 1);
    // Names ignore case.
    let other_letters = ["AWS:UserName", "aws:principaltag/T", "kms:ENCRYPTIONCONTEXT:a", "Test:Key", "aws:tagKEYS"];
    let names = if key < 128 {
        ["aws:username", "aws:PrincipalTag/t", "kms:EncryptionContext:a", "test:key", SET]
    } else {
        other_letters
    };
    names[number]
}

fn escaped(which: u8) -> char {
    ['*', '?', '$'][usize::from(which) % 3]
}

const OPERATORS: &[&str] = &["StringEquals", "StringEqualsIgnoreCase", "StringLike", "ArnLike", "ArnEquals"];
const KEYS: [&str; 4] = ["aws:username", "aws:PrincipalTag/t", "kms:EncryptionContext:a", "test:key"];
const SET: &str = "aws:TagKeys";
const COMPARED: &str = "test:compared";
const KMS: Catalogue = Catalogue::new("kms", &["Decrypt"]);
const ACCOUNT: &str = "111122223333";
const USER: &str = "arn:aws:iam::111122223333:user/bob";
const PREFIX: &str = "arn:aws:kms:us-west-2:111122223333:";
const KEY: &str = "arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
