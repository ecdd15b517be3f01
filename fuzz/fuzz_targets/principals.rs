//! Principal elements against callers: entries put together of parts that fit or nearly fit, and any text. Checked
//! against the reference evaluator in `Allow` and `Deny`, `Principal` and `NotPrincipal`, with the limits that tell
//! the ways of being named apart; and by laws for what the reference does not know.
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

#[derive(Arbitrary, Debug)]
struct Input {
    caller: u8,
    aws: Vec<Entry>,
    service: Option<Entry>,
    federated: bool,
    element: Element,
    has_identity: bool,
    /// Whether there is a permissions boundary, and whether it allows.
    boundary: Option<bool>,
    session: Option<bool>,
}

#[derive(Arbitrary, Debug)]
enum Element {
    Allow,
    Deny,
    DenyAllBut,
}

#[derive(Arbitrary, Debug)]
enum Entry {
    /// Of parts, by their numbers.
    Parts {
        partition: u8,
        service: u8,
        account: u8,
        kind: u8,
        path: u8,
        name: u8,
    },
    Account(u8),
    Service(u8),
    Everyone,
    Any(String),
}

fuzz_target!(|input: Input| {
    for entry in input.aws.iter().chain(&input.service) {
        parse(&entry.text());
    }
    let Ok(policy) = Policy::compile(PolicyKind::Key, &input.document().to_string(), &KMS) else { return };
    for entry in &input.aws {
        let text = entry.text();
        // POL-23: an account, an ARN without wildcards, or everyone.
        let is_account = text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
        assert!(text == "*" || is_account || (text.starts_with("arn:") && !text.contains(['*', '?'])), "{text}");
    }
    let (caller, principal) = input.caller();
    let decision = input.decide(&policy, &principal);
    let expected = reference::decide(&input.question(caller), &input.policies());
    assert_eq!(decision, expected, "{input:?}");

    // A session whose role is known by name only is named wherever the session is.
    if caller.kind == "session" && !matches!(input.element, Element::DenyAllBut) {
        let account = caller.account.expect("a session has one");
        let (role, session) = caller.arn.rsplit_once('/').expect("a session ARN");
        let role = role.rsplit_once('/').expect("a session ARN").1;
        let nameless = Principal::role_session_without_path("aws", account, role, session);
        if decision == "allowed" && matches!(input.element, Element::Allow) || decision.starts_with("deny") {
            assert_eq!(input.decide(&policy, &nameless), decision, "{input:?}");
        }
    }
});

/// A caller that can be read is the one that its ARN names.
fn parse(text: &str) {
    let Ok(principal) = Principal::parse(text) else { return };
    let again = Principal::parse(principal.arn());
    if let Ok(again) = again {
        assert_eq!((principal.arn(), principal.kind()), (again.arn(), again.kind()));
        assert_eq!(principal.account(), again.account());
    }
    assert!(principal.account().is_none_or(|account| text.contains(account)), "{text}");
}

impl Input {
    fn document(&self) -> Json {
        let aws: Vec<String> = self.aws.iter().map(Entry::text).collect();
        let mut principals = json!({"AWS": aws});
        if let Some(service) = &self.service {
            principals["Service"] = json!(service.text());
        }
        if self.federated {
            principals["Federated"] = json!("accounts.example.com");
        }
        let open = json!({"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"});
        let statement = |effect: &str, element: &str| json!({"Effect": effect, element: principals, "Action": "*", "Resource": "*"});
        let statements = match self.element {
            Element::Allow => json!([statement("Allow", "Principal")]),
            Element::Deny => json!([open, statement("Deny", "Principal")]),
            Element::DenyAllBut => json!([open, statement("Deny", "NotPrincipal")]),
        };
        json!({"Statement": statements})
    }

    fn caller(&self) -> (&'static Caller, Principal) {
        let (caller, make) = &CALLERS[usize::from(self.caller) % CALLERS.len()];
        (caller, make())
    }

    fn policies(&self) -> Policies {
        Policies {
            key: Some(self.document()),
            identity: vec![limit(self.has_identity)],
            boundary: self.boundary.map(limit),
            session: self.session.map(limit).into_iter().collect(),
            grant: "none",
            ..Policies::default()
        }
    }

    fn question(&self, caller: &Caller) -> Question {
        Question {
            caller: caller.clone(),
            action: "kms:Decrypt".into(),
            resource: KEY.into(),
            owner: OWNER,
            capable: true,
            identity_only: false,
            context: vec![],
        }
    }

    fn decide(&self, policy: &Policy, principal: &Principal) -> String {
        let compile = |kind, document: Json| Policy::compile(kind, &document.to_string(), &KMS).expect("valid");
        let identity = [compile(PolicyKind::Identity, limit(self.has_identity)).into()];
        let boundary = self.boundary.map(|open| compile(PolicyKind::PermissionsBoundary, limit(open)));
        let session: Vec<_> =
            self.session.map(|open| compile(PolicyKind::Session, limit(open)).into()).into_iter().collect();
        let request = Request {
            principal,
            action: KMS.action("kms:Decrypt").expect("an action of the catalogue"),
            resource: Resource::new(KEY, OWNER),
            context: &ContextMap::new(),
            cross_account_capable: true,
            identity_only: false,
        };
        let layers = Layers {
            key_policy: Some(policy),
            identity: &identity,
            boundary: boundary.as_ref(),
            session: &session,
            ..Layers::default()
        };
        match decide(&request, &layers) {
            Decision::Allowed => "allowed".to_owned(),
            Decision::ExplicitDeny(deny) => format!("deny {:?} {} {}", deny.layer, deny.policy, deny.statement),
            Decision::ImplicitDeny(layer) => format!("silent {layer:?}"),
        }
    }
}

impl Entry {
    fn text(&self) -> String {
        let pick = |parts: &[&'static str], number: u8| parts[usize::from(number) % parts.len()];
        match self {
            Self::Parts { partition, service, account, kind, path, name } => format!(
                "arn:{}:{}::{}:{}{}{}",
                pick(PARTITIONS, *partition),
                pick(SERVICES, *service),
                pick(ACCOUNTS, *account),
                pick(KINDS, *kind),
                pick(PATHS, *path),
                pick(NAMES, *name)
            ),
            Self::Account(account) => pick(ACCOUNTS, *account).to_owned(),
            Self::Service(name) => pick(SERVICE_NAMES, *name).to_owned(),
            Self::Everyone => "*".to_owned(),
            Self::Any(text) => text.clone(),
        }
    }
}

fn limit(is_open: bool) -> Json {
    json!({"Statement": {"Effect": "Allow", "Action": if is_open { "*" } else { "s3:*" }, "Resource": "*"}})
}

const fn caller(
    kind: &'static str,
    account: Option<&'static str>,
    arn: &'static str,
    outer: Option<&'static str>,
) -> Caller {
    Caller { kind, account, arn, outer }
}

type Make = fn() -> Principal;

const CALLERS: &[(Caller, Make)] = &[
    (caller("root", Some(OWNER), "arn:aws:iam::111122223333:root", None), || Principal::account_root("aws", OWNER)),
    (caller("root", Some(OTHER), "arn:aws:iam::444455556666:root", None), || Principal::account_root("aws", OTHER)),
    (caller("user", Some(OWNER), "arn:aws:iam::111122223333:user/bob", None), || Principal::user("aws", OWNER, "bob")),
    (caller("user", Some(OTHER), "arn:aws:iam::444455556666:user/p/bob", None), || {
        Principal::user("aws", OTHER, "p/bob")
    }),
    (
        caller(
            "session",
            Some(OWNER),
            "arn:aws:sts::111122223333:assumed-role/bob/s",
            Some("arn:aws:iam::111122223333:role/p/q/bob"),
        ),
        || Principal::role_session("aws", OWNER, "p/q/bob", "s"),
    ),
    (
        caller(
            "session",
            Some(OTHER),
            "arn:aws:sts::444455556666:assumed-role/bob/bob",
            Some("arn:aws:iam::444455556666:role/bob"),
        ),
        || Principal::role_session("aws", OTHER, "bob", "bob"),
    ),
    (
        caller(
            "federated",
            Some(OWNER),
            "arn:aws:sts::111122223333:federated-user/bob",
            Some("arn:aws:iam::111122223333:user/p/bob"),
        ),
        || Principal::federated_user("aws", OWNER, "bob", Some("p/bob")),
    ),
    (caller("federated", Some(OWNER), "arn:aws:sts::111122223333:federated-user/s", None), || {
        Principal::federated_user("aws", OWNER, "s", None)
    }),
    (caller("service", None, "s3.amazonaws.com", None), || Principal::service("aws", "s3.amazonaws.com")),
    (caller("anonymous", None, "anonymous", None), || Principal::anonymous("aws")),
];
const KMS: Catalogue = Catalogue::new("kms", &["Decrypt"]);
const OWNER: &str = "111122223333";
const OTHER: &str = "444455556666";
const KEY: &str = "arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
const PARTITIONS: &[&str] = &["aws", "aws", "aws", "aws-cn", "*", ""];
const SERVICES: &[&str] = &["iam", "sts", "iam", "sts", "s3"];
const ACCOUNTS: &[&str] = &[OWNER, OTHER, OWNER, OTHER, "777788889999", "11112222333", "*"];
const KINDS: &[&str] = &["user", "role", "assumed-role", "federated-user", "root", "group"];
const PATHS: &[&str] = &["/", "/p/", "/p/q/", "/bob/", "", "/*/"];
const NAMES: &[&str] = &["bob", "s", "BOB", "", "*", "bob/s", "bob/bob"];
const SERVICE_NAMES: &[&str] = &["s3.amazonaws.com", "s3.amazonaws.com.cn", "S3.amazonaws.com", "s3", "*"];
