//! Explanations of calls.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use keystead::policy::{Decision, GrantMatch, Layer, Mismatch, Outcome, RequestValue};
use keystead::{Caller, Client, Error, KeyArn, Kms};

const OWNER: &str = "111122223333";

const ENCRYPT_AND_ALIASES: &str = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow",
    "Action": ["kms:Encrypt", "kms:CreateAlias"], "Resource": "*"}}"#;

struct House {
    kms: Kms,
    root: Client,
    key: KeyArn,
}

impl House {
    fn new() -> Self {
        let kms = Kms::in_memory();
        let root = kms.client("us-west-2", Caller::account_root(OWNER).unwrap()).unwrap();
        let key = root.create_key().send().unwrap().key_metadata.arn;
        Self { kms, root, key }
    }

    fn client(&self, caller: Caller) -> Client {
        self.kms.client("us-west-2", caller).unwrap()
    }
}

fn bob() -> Caller {
    Caller::user(OWNER, "bob").unwrap()
}

/// Spec: POL-122, POL-124
#[test]
fn an_explanation_says_what_the_call_would_be_told() {
    let house = House::new();
    let bare = house.client(bob());
    let explanation = bare.encrypt(house.key, b"x").explain().unwrap();
    assert!(!explanation.is_allowed());
    let claim = explanation.refused().unwrap();
    assert_eq!((&*claim.action, &*claim.resource), ("kms:Encrypt", &*house.key.to_string()));
    assert_eq!(claim.decision, Decision::ImplicitDeny(Layer::Identity));
    assert_eq!(claim.explanation.blocking, [Layer::Identity]);
    let refusal = bare.encrypt(house.key, b"x").send().unwrap_err().into_error();
    assert!(refusal.to_string().contains("no identity-based policy"), "{refusal}");

    let able = house.client(bob().identity_policy(ENCRYPT_AND_ALIASES).unwrap());
    assert!(able.encrypt(house.key, b"x").explain().unwrap().is_allowed());
    assert!(able.encrypt(house.key, b"x").send().is_ok());
}

/// Spec: POL-106, POL-107, POL-122
#[test]
fn every_claim_of_a_compound_operation_is_explained() {
    let house = House::new();
    let able = house.client(bob().identity_policy(ENCRYPT_AND_ALIASES).unwrap());
    let id = house.key.key_id.to_string();
    let alias = able.create_alias("alias/orders", &id).explain().unwrap();
    let claims: Vec<_> =
        alias.claims.iter().map(|claim| (&*claim.action, claim.resource.contains(":alias/"))).collect();
    assert_eq!(claims, [("kms:CreateAlias", true), ("kms:CreateAlias", false)]);
    assert!(alias.is_allowed());
    // It was not created.
    assert!(able.create_alias("alias/orders", &id).send().is_ok());

    let sealed = able.encrypt(&id, b"x").send().unwrap();
    let moved = able.re_encrypt(&sealed.ciphertext_blob, &id).explain().unwrap();
    let actions: Vec<_> = moved.claims.iter().map(|claim| &*claim.action).collect();
    assert_eq!(actions, ["kms:ReEncryptFrom", "kms:ReEncryptTo"]);
    assert_eq!(moved.refused().unwrap().action, "kms:ReEncryptFrom");
}

/// Spec: CND-13, POL-122
#[test]
fn a_failing_condition_shows_policy_and_request() {
    let house = House::new();
    let policy = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "kms:Encrypt", "Resource": "*",
        "Condition": {"StringEquals": {"kms:EncryptionContext:app": "${aws:username}s"}}}}"#;
    let able = house.client(bob().identity_policy(policy).unwrap());
    let explanation = able.encrypt(house.key, b"x").context("App", "alices").explain().unwrap();
    let statements = explanation.claims[0].explanation.policies.iter().filter(|it| it.layer == Layer::Identity);
    let outcomes: Vec<_> = statements.flat_map(|policy| policy.statements.iter().map(|it| &it.outcome)).collect();
    let [Outcome::Fails(Mismatch::Condition(failed))] = outcomes.as_slice() else { panic!("{outcomes:?}") };
    assert_eq!(failed.values, ["bobs"]);
    assert_eq!(failed.request, RequestValue::One("alices".into()));
}

/// Spec: POL-96, POL-122
#[test]
fn a_grant_that_is_used_is_named() {
    let house = House::new();
    let grantee = format!("arn:aws:iam::{OWNER}:user/bob");
    house.root.create_grant(house.key, &grantee).operation("Encrypt").send().unwrap();
    let explanation = house.client(bob()).encrypt(house.key, b"x").explain().unwrap();
    assert_eq!(explanation.claims[0].grant, GrantMatch::ToPrincipal);
    assert_eq!(explanation.claims[0].explanation.summary, "a grant allows it to the caller");
}

/// Spec: POL-117, POL-122
#[test]
fn nothing_is_done_or_recorded() {
    let house = House::new();
    let before = house.kms.audit_trail().len();
    assert!(house.root.disable_key(house.key).explain().unwrap().is_allowed());
    assert!(house.root.create_key().explain().unwrap().is_allowed());
    assert!(house.root.list_keys().send().unwrap().keys.len() == 1);
    assert!(house.root.encrypt(house.key, b"x").send().is_ok(), "the key is still enabled");
    assert_eq!(house.kms.audit_trail().len(), before + 2);

    // What fails before authorization fails here too.
    let absent = house.root.encrypt("1234abcd-12ab-34cd-56ef-1234567890ab", b"x").explain();
    assert!(matches!(absent, Err(Error::NotFound(_))));
    assert!(matches!(house.root.encrypt("", b"x").explain(), Err(Error::Validation(_))));
    // An absent key of another account is refused like a forbidden one.
    let foreign = "arn:aws:kms:us-west-2:444455556666:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    let claim = house.root.encrypt(foreign, b"x").explain().unwrap().claims.remove(0);
    assert!(claim.is_absent && claim.explanation.is_foreign && !claim.decision.is_allowed());
}
