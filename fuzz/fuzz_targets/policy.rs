//! Policies: any text may be given as a document. What compiles is JSON, says the same when compiled again, decides
//! without a panic and explains what it decides; the reader takes as JSON exactly what `serde_json` takes.
#![no_main]

// The reader is not public; it is the crate's own source that runs here.
#[allow(dead_code, unreachable_pub)]
#[path = "../../crates/keystead-policy/src/json.rs"]
mod json;
#[allow(dead_code, unreachable_pub)]
#[path = "../../crates/keystead-policy/src/span.rs"]
mod span;

#[path = "../../crates/keystead-policy/tests/agreement/mod.rs"]
mod agreement;

use keystead_policy::{
    Catalogue, ConditionKey, Context, Layers, Many, Policy, PolicyKind, Principal, Request, Resource, Value, decide,
    explain,
};
use libfuzzer_sys::fuzz_target;
use span::Span;

// The first byte chooses the request, the rest is the document.
fuzz_target!(|input: &[u8]| {
    let Some((&seed, text)) = input.split_first() else { return };
    let Ok(text) = std::str::from_utf8(text) else { return };
    compare_readers(text);

    for kind in KINDS {
        let Ok(policy) = Policy::compile(kind, text, &KMS) else { continue };
        assert!(serde_json::from_str::<serde_json::Value>(text).is_ok(), "{kind:?} is no JSON: {text:?}");
        let again = Policy::compile(kind, text, &KMS).expect("it compiled before");
        assert_eq!(decisions(&policy, seed), decisions(&again, seed));
    }
});

/// Both readers agree on what is JSON, but for nesting and numbers that only one of them bounds.
fn compare_readers(text: &str) {
    let theirs = serde_json::from_str::<serde_json::Value>(text);
    match (json::read(text), theirs) {
        (Ok(_), Err(error)) => {
            assert!(error.to_string().contains("number out of range"), "only ours reads {text:?}: {error}");
        }
        (Err(fault), Ok(_)) => {
            assert!(fault.message.contains("nested too deeply"), "only theirs reads {text:?}: {fault:?}");
        }
        _ => {}
    }
}

fn decisions(policy: &Policy, seed: u8) -> Vec<bool> {
    let callers = [
        Principal::account_root("aws", "111122223333"),
        Principal::user("aws", "111122223333", "bob"),
        Principal::role_session("aws", "444455556666", "service/orders", "pod"),
        Principal::service("aws", "logs.amazonaws.com"),
    ];
    let own = [std::sync::Arc::new(policy.clone())];
    let mut answers = Vec::new();
    for principal in &callers {
        for name in ["kms:Encrypt", "kms:CreateGrant"] {
            let request = Request {
                principal,
                action: KMS.action(name).expect("an action of the catalogue"),
                resource: Resource::new(KEY, "111122223333"),
                context: &Values(seed),
                cross_account_capable: seed & 1 == 0,
                identity_only: seed & 2 == 0,
            };
            let layers = match policy.kind() {
                PolicyKind::Key => Layers { key_policy: Some(policy), ..Layers::default() },
                PolicyKind::PermissionsBoundary => Layers { boundary: Some(policy), ..Layers::default() },
                PolicyKind::Session => Layers { session: &own, ..Layers::default() },
                PolicyKind::Endpoint => Layers { endpoint: &own, ..Layers::default() },
                _ => Layers { identity: &own, ..Layers::default() },
            };
            let decision = decide(&request, &layers);
            agreement::check(&explain(&request, &layers), decision, &request, &layers);
            answers.push(decision.is_allowed());
        }
    }
    answers
}

/// Values of every type, chosen by the seed.
struct Values(u8);

impl Context for Values {
    fn value<'a>(&'a self, _: &ConditionKey) -> Value<'a> {
        match self.0 >> 2 & 7 {
            0 => Value::Absent,
            1 => Value::Text("bob"),
            2 => Value::Bool(true),
            3 => Value::Number(i64::MIN),
            4 => Value::Many(Many::Borrowed(&["a", ""])),
            5 => Value::Address(std::net::IpAddr::from([10, 0, 0, 1])),
            6 => Value::Bytes(b"bob"),
            _ => Value::Unusable,
        }
    }
}

const KMS: Catalogue = Catalogue::new("kms", &["Encrypt", "Decrypt", "CreateGrant", "PutKeyPolicy"]);
const KEY: &str = "arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
const KINDS: [PolicyKind; 7] = [
    PolicyKind::Key,
    PolicyKind::Identity,
    PolicyKind::PermissionsBoundary,
    PolicyKind::Session,
    PolicyKind::ServiceControl,
    PolicyKind::ResourceControl,
    PolicyKind::Endpoint,
];
