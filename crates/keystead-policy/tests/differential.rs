//! The compiled evaluator against the reference evaluator, and laws that hold for every set of policies, on random
//! policies and requests. The alphabet is small, so that statements match often.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod agreement;
mod common;
mod reference;

use std::sync::Arc;

use common::{Facts, Held, KEY, KMS, NO_RESOURCE, OTHER, OWNER};
use keystead_policy::{
    Compiler, Decision, GrantMatch, Layers, Level, Policy, PolicyKind, Principal, Request, Resource, decide, explain,
};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use proptest::strategy::ValueTree;
use reference::{Caller, Policies, Question};
use serde_json::{Map, Value as Json, json};

const ALIAS: &str = "arn:aws:kms:us-west-2:111122223333:alias/a";
const USER: &str = "arn:aws:iam::111122223333:user/p/bob";
const ROLE: &str = "arn:aws:iam::111122223333:role/p/R";
const SESSION: &str = "arn:aws:sts::111122223333:assumed-role/R/s";
const FOREIGN_ROLE: &str = "arn:aws:iam::444455556666:role/X";
const FOREIGN_SESSION: &str = "arn:aws:sts::444455556666:assumed-role/X/s";
const FEDERATED: &str = "arn:aws:sts::111122223333:federated-user/f";
const SERVICE: &str = "s3.amazonaws.com";

/// A question and the policies to answer it by.
#[derive(Clone, Debug)]
struct Case {
    question: Question,
    policies: Policies,
}

/// The answer of the crate, in the words of the reference.
fn answer(case: &Case) -> String {
    match Compiled::new(&case.policies).decide(&case.question) {
        Decision::Allowed => "allowed".to_owned(),
        Decision::ExplicitDeny(deny) => format!("deny {:?} {} {}", deny.layer, deny.policy, deny.statement),
        Decision::ImplicitDeny(layer) => format!("silent {layer:?}"),
    }
}

struct Compiled {
    key: Option<Arc<Policy>>,
    identity: Vec<Arc<Policy>>,
    boundary: Option<Arc<Policy>>,
    session: Vec<Arc<Policy>>,
    service_control: Vec<Level>,
    resource_control: Vec<Level>,
    endpoint: Option<Arc<Policy>>,
    grant: GrantMatch,
}

impl Compiled {
    fn new(policies: &Policies) -> Self {
        let one = |kind, document: &Json| {
            Arc::new(Compiler::new(&KMS).lenient().compile(kind, &document.to_string()).unwrap())
        };
        let all = |kind, documents: &[Json]| documents.iter().map(|document| one(kind, document)).collect();
        let levels = |kind, levels: &[Vec<Json>]| levels.iter().map(|level| all(kind, level)).collect();
        Self {
            key: policies.key.as_ref().map(|document| one(PolicyKind::Key, document)),
            identity: all(PolicyKind::Identity, &policies.identity),
            boundary: policies.boundary.as_ref().map(|document| one(PolicyKind::PermissionsBoundary, document)),
            session: all(PolicyKind::Session, &policies.session),
            service_control: levels(PolicyKind::ServiceControl, &policies.service_control),
            resource_control: levels(PolicyKind::ResourceControl, &policies.resource_control),
            endpoint: policies.endpoint.as_ref().map(|document| one(PolicyKind::Endpoint, document)),
            grant: match policies.grant {
                "principal" => GrantMatch::ToPrincipal,
                "role" => GrantMatch::ToRole,
                "account" => GrantMatch::ToAccount,
                _ => GrantMatch::None,
            },
        }
    }

    fn decide(&self, question: &Question) -> Decision {
        let principal = match (question.caller.kind, question.caller.arn) {
            ("root", _) => Principal::account_root("aws", question.caller.account.unwrap()),
            ("user", _) => Principal::user("aws", OWNER, "p/bob"),
            ("session", SESSION) => Principal::role_session("aws", OWNER, "p/R", "s"),
            ("session", _) => Principal::role_session("aws", OTHER, "X", "s"),
            ("federated", _) => Principal::federated_user("aws", OWNER, "f", question.caller.outer.map(|_| "p/bob")),
            ("service", name) => Principal::service("aws", name),
            _ => Principal::anonymous("aws"),
        };
        let facts = question.context.iter().fold(Facts::new(), |facts, (name, is_set, values)| {
            facts.with(name, if *is_set { Held::Many(values.clone()) } else { Held::Text(values[0].clone()) })
        });
        let request = Request {
            principal: &principal,
            action: KMS.action(&question.action).unwrap(),
            resource: Resource::new(&question.resource, question.owner),
            context: &facts,
            cross_account_capable: question.capable,
            identity_only: question.identity_only,
        };
        let layers = Layers {
            key_policy: self.key.as_deref(),
            identity: &self.identity,
            boundary: self.boundary.as_deref(),
            session: &self.session,
            service_control: &self.service_control,
            resource_control: &self.resource_control,
            endpoint: self.endpoint.as_slice(),
            grant: self.grant,
            identity_suffices: false,
        };
        let decision = decide(&request, &layers);
        agreement::check(&explain(&request, &layers), decision, &request, &layers);
        let open = Layers { identity_suffices: true, ..layers };
        agreement::check(&explain(&request, &open), decide(&request, &open), &request, &open);
        decision
    }
}

fn caller() -> impl Strategy<Value = Caller> {
    let caller = |kind, account, arn, outer| Caller { kind, account, arn, outer };
    select(vec![
        caller("root", Some(OWNER), "arn:aws:iam::111122223333:root", None),
        caller("root", Some(OTHER), "arn:aws:iam::444455556666:root", None),
        caller("user", Some(OWNER), USER, None),
        caller("session", Some(OWNER), SESSION, Some(ROLE)),
        caller("session", Some(OTHER), FOREIGN_SESSION, Some(FOREIGN_ROLE)),
        caller("federated", Some(OWNER), FEDERATED, Some(USER)),
        caller("federated", Some(OWNER), FEDERATED, None),
        caller("service", None, SERVICE, None),
        caller("anonymous", None, "anonymous", None),
    ])
}

fn one_or_list(values: &'static [&'static str]) -> impl Strategy<Value = Json> {
    let few = subsequence(values, 0..=values.len().min(4)).prop_map(|values| json!(values));
    prop_oneof![4 => select(values).prop_map(|value| json!(value)), 2 => few]
}

fn principals() -> impl Strategy<Value = Json> {
    const AWS: &[&str] = &[
        "*",
        OWNER,
        "arn:aws:iam::444455556666:root",
        USER,
        ROLE,
        SESSION,
        FOREIGN_ROLE,
        FOREIGN_SESSION,
        FEDERATED,
        "arn:aws:iam::111122223333:root",
    ];
    let members = (one_or_list(AWS), one_or_list(&[SERVICE, "sns.amazonaws.com"]), any::<(bool, bool, bool)>());
    let object = members.prop_map(|(aws, service, (has_aws, has_service, has_other))| {
        let mut map = Map::new();
        if has_aws {
            map.insert("AWS".into(), aws);
        }
        if has_service {
            map.insert("Service".into(), service);
        }
        if has_other {
            map.insert("Federated".into(), json!("x"));
        }
        Json::Object(map)
    });
    // The lists that spare somebody are rare by chance.
    let chain = json!({"AWS": [OWNER, ROLE, SESSION, USER, FEDERATED], "Service": SERVICE});
    prop_oneof![3 => Just(json!("*")), 5 => one_or_list(AWS).prop_map(|aws| json!({"AWS": aws})), 2 => object, 1 => Just(chain)]
}

const TEXTS: &[&str] = &[
    "",
    "a",
    "A",
    "ab",
    "a*",
    "*b",
    "?",
    "b:c",
    "${aws:username}",
    "${aws:username, 'a'}*",
    "x${*}",
    "${aws:TagKeys}",
    "${aws:ResourceTag/t}",
    "${open",
    "*:*",
];
const ARNS: &[&str] = &[
    "arn:aws:s3:::b",
    "arn:aws:s3:*:*:?",
    "arn:aws:s*:::b*",
    "arn:*",
    "${aws:SourceArn}",
    "arn:aws:s3:::${aws:username}",
    "arn:aws:s3::1:b:c",
    "*:aws:s3:::*",
];
const NUMBERS: &[&str] = &["9", "10", "10.0", "1e1", "-1", "${aws:username}", "ten"];
const DATES: &[&str] = &["2030-01-01T00:00:00Z", "2030-01", "2030-01-01", "1893456000", "1893456001", "2030", "soon"];
const BOOLEANS: &[&str] = &["true", "false", "True", "maybe", "${x}"];
const ADDRESSES: &[&str] = &["10.0.0.0/8", "10.1.2.3", "192.0.2.0/24", "0.0.0.0/0", "home"];
const KEYS: &[&str] = &[
    "kms:EncryptionContext:a",
    "KMS:encryptioncontext:A",
    "aws:ResourceTag/t",
    "kms:ViaService",
    "aws:TagKeys",
    "kms:ResourceAliases",
    "aws:SourceArn",
];

fn condition() -> impl Strategy<Value = (String, Json)> {
    let families: Vec<(&[&str], &'static [&'static str])> = vec![
        (
            &[
                "StringEquals",
                "StringNotEquals",
                "StringEqualsIgnoreCase",
                "StringNotEqualsIgnoreCase",
                "StringLike",
                "StringNotLike",
            ],
            TEXTS,
        ),
        (&["ArnEquals", "ArnNotEquals", "ArnLike", "ArnNotLike"], ARNS),
        (
            &[
                "NumericEquals",
                "NumericNotEquals",
                "NumericLessThan",
                "NumericLessThanEquals",
                "NumericGreaterThan",
                "NumericGreaterThanEquals",
            ],
            NUMBERS,
        ),
        (
            &[
                "DateEquals",
                "DateNotEquals",
                "DateLessThan",
                "DateLessThanEquals",
                "DateGreaterThan",
                "DateGreaterThanEquals",
            ],
            DATES,
        ),
        (&["Bool", "Null", "Bool"], BOOLEANS),
        (&["IpAddress", "NotIpAddress"], ADDRESSES),
        (&["StringMatches"], TEXTS),
    ];
    let families = families.into_iter().map(|(names, values)| {
        let weight = if names[0] == "StringEquals" {
            6
        } else if names[0] == "StringMatches" {
            1
        } else {
            3
        };
        (weight, (select(names.to_vec()), one_or_list(values)).boxed())
    });
    let operator = proptest::strategy::Union::new_weighted(families.collect());
    let form = (select(vec!["", "", "", "ForAllValues:", "ForAnyValue:"]), select(vec!["", "", "IfExists"]));
    (operator, form, select(KEYS)).prop_map(|((name, values), (quantifier, suffix), key)| {
        (format!("{quantifier}{name}{suffix}"), json!({key: values}))
    })
}

fn conditions() -> impl Strategy<Value = Option<Json>> {
    let some = proptest::collection::vec(condition(), 0..=2)
        .prop_map(|elements| Some(elements.into_iter().collect::<Map<_, _>>().into()));
    prop_oneof![1 => Just(None), 1 => some]
}

const ACTIONS: &[&str] =
    &["*", "kms:*", "KMS:encrypt", "kms:Decrypt", "k*:?ncrypt", "kms:List*", "s3:*", "kms:En*t", "*:De*"];
const RESOURCES: &[&str] = &[
    "*",
    "*",
    KEY,
    ALIAS,
    "arn:aws:kms:*",
    "arn:aws:kms:us-*",
    "arn:aws:kms:us-*-2:key/*",
    "arn:aws:kms:*:111122223333:key/*",
    "arn:aws:kms:us-west-2:111122223333:*",
    "arn:aws:kms:us-west-2:111122223333:alias/${aws:username}",
    "arn:a?s:kms:us-west-?:*:*/?",
    "arn:aws:kms:us-west-2:111122223333:key/${aws:username, '1234'}*",
    "arn:aws:kms:us*:*",
    "arn:aws:kms:*a*:alias/*",
    "arn:aws:kms",
];

fn statement(with_principal: bool) -> impl Strategy<Value = Json> {
    let parts = (
        select(vec!["Allow", "Allow", "Deny"]),
        (one_or_list(ACTIONS), prop::bool::weighted(0.15)),
        (one_or_list(RESOURCES), prop::bool::weighted(0.15)),
        (principals(), prop::bool::weighted(0.4)),
        conditions(),
    );
    parts.prop_map(move |(effect, (actions, not_action), (resources, not_resource), (principals, not), condition)| {
        let mut map = Map::new();
        map.insert("Effect".into(), json!(effect));
        map.insert(if not_action { "NotAction" } else { "Action" }.into(), actions);
        map.insert(if not_resource { "NotResource" } else { "Resource" }.into(), resources);
        if with_principal {
            let negated = not && effect == "Deny";
            map.insert(if negated { "NotPrincipal" } else { "Principal" }.into(), principals);
        }
        if let Some(condition) = condition {
            map.insert("Condition".into(), condition);
        }
        Json::Object(map)
    })
}

fn document(with_principal: bool) -> impl Strategy<Value = Json> {
    // Longer documents are searched by an index.
    let count = prop_oneof![4 => 1..4_usize, 1 => 5..12_usize];
    let statements = count.prop_flat_map(move |count| proptest::collection::vec(statement(with_principal), count));
    (statements, prop::bool::weighted(0.8))
        .prop_map(|(list, new)| json!({"Version": if new { "2012-10-17" } else { "2008-10-17" }, "Statement": list}))
}

/// A document that usually allows, so that a decision gets past its layer.
fn guard_rail(with_principal: bool) -> impl Strategy<Value = Json> {
    let mut open = json!({"Effect": "Allow", "Action": "*", "Resource": "*"});
    if with_principal {
        open["Principal"] = json!("*");
    }
    let open = json!({"Statement": open});
    prop_oneof![2 => Just(open), 1 => document(with_principal).prop_map(|document| {
        // Resource control policies take no NotPrincipal.
        serde_json::from_str(&document.to_string().replace("NotPrincipal", "Principal")).unwrap()
    })]
}

fn case() -> impl Strategy<Value = Case> {
    let few = |document: BoxedStrategy<Json>| proptest::collection::vec(document, 0..=2);
    let rails = |with_principal| {
        let level = proptest::collection::vec(guard_rail(with_principal), 0..=2);
        prop_oneof![3 => Just(vec![]), 1 => proptest::collection::vec(level, 1..=2)]
    };
    let policies = (
        proptest::option::weighted(0.95, document(true)),
        few(prop_oneof![document(false), guard_rail(false)].boxed()),
        proptest::option::weighted(0.2, guard_rail(false)),
        prop_oneof![4 => Just(vec![]), 1 => few(guard_rail(false).boxed())],
        rails(false),
        rails(true),
        proptest::option::weighted(0.2, guard_rail(true)),
        select(vec!["none", "none", "none", "principal", "role", "account"]),
    )
        .prop_map(|(key, identity, boundary, session, service_control, resource_control, endpoint, grant)| Policies {
            key,
            identity,
            boundary,
            session,
            service_control,
            resource_control,
            endpoint,
            grant,
        });
    let resources = vec![(KEY, false), (KEY, false), (KEY, false), (KEY, true), (ALIAS, true), (NO_RESOURCE, true)];
    let question = (
        caller(),
        select(vec!["kms:Encrypt", "kms:Decrypt", "kms:ListKeys"]),
        select(resources),
        prop::bool::weighted(0.8),
        context(),
    )
        .prop_map(|(caller, action, (resource, identity_only), capable, context)| Question {
            caller,
            action: action.into(),
            resource: resource.into(),
            owner: OWNER,
            capable,
            identity_only,
            context,
        });
    (question, policies).prop_map(|(question, policies)| Case { question, policies })
}

fn context() -> impl Strategy<Value = Vec<(String, bool, Vec<String>)>> {
    const VALUES: &[&str] = &[
        "",
        "a",
        "A",
        "ab",
        "a*",
        "b:c",
        "x*",
        "9",
        "10",
        "1893456000",
        "2030-01-01T00:00:00Z",
        "true",
        "FALSE",
        "10.1.2.3",
        "192.0.2.9",
        "::1",
        "arn:aws:s3:::b",
        "arn:aws:s3::1:b:c",
        "${aws:username}",
        "${open",
    ];
    const SINGLE: &[&str] = &[
        "kms:EncryptionContext:a",
        "kms:EncryptionContext:A",
        "aws:ResourceTag/t",
        "kms:ViaService",
        "aws:username",
        "aws:SourceArn",
    ];
    let single = SINGLE.iter().map(|name| {
        (select(VALUES), any::<bool>())
            .prop_map(move |(value, present)| present.then(|| ((*name).to_owned(), false, vec![value.to_owned()])))
            .boxed()
    });
    let sets = ["aws:TagKeys", "kms:ResourceAliases"].map(|name| {
        (subsequence(VALUES, 0..=3), any::<bool>())
            .prop_map(move |(values, present)| {
                present.then(|| (name.to_owned(), true, values.iter().map(|value| (*value).to_owned()).collect()))
            })
            .boxed()
    });
    single.chain(sets).collect::<Vec<_>>().prop_map(|entries| entries.into_iter().flatten().collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    /// Spec: POL-90, POL-91, POL-92, POL-93, POL-94, POL-95, POL-96, POL-97, POL-98, POL-99, POL-105, POL-137, POL-139
    #[test]
    fn the_evaluator_agrees_with_the_reference(case in case()) {
        prop_assert_eq!(answer(&case), reference::decide(&case.question, &case.policies));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Spec: POL-91
    #[test]
    fn one_deny_more_never_allows(case in case(), deny in statement(true), place in 0..3_usize) {
        let before = Compiled::new(&case.policies).decide(&case.question);
        let mut more = case.clone();
        let mut deny = deny;
        deny["Effect"] = json!("Deny");
        add(&mut more, deny, place);
        prop_assert!(before.is_allowed() || !Compiled::new(&more.policies).decide(&case.question).is_allowed());
    }

    /// Spec: POL-93
    #[test]
    fn one_allow_more_never_denies(case in case(), allow in statement(true), place in 0..3_usize) {
        let before = Compiled::new(&case.policies).decide(&case.question);
        let mut more = case.clone();
        let mut allow = allow;
        if allow.get("NotPrincipal").is_some() {
            return Ok(());
        }
        allow["Effect"] = json!("Allow");
        add(&mut more, allow, place);
        prop_assert!(!before.is_allowed() || Compiled::new(&more.policies).decide(&case.question).is_allowed());
    }

    /// Spec: POL-91, POL-93
    #[test]
    fn order_and_repetition_of_statements_are_irrelevant(case in case()) {
        let mut turned = case.clone();
        for document in documents(&mut turned.policies) {
            let list = document["Statement"].as_array().cloned().unwrap_or_default();
            if !list.is_empty() {
                document["Statement"] = list.iter().rev().chain(&list).cloned().collect();
            }
        }
        turned.policies.identity.reverse();
        turned.policies.session.reverse();
        let (before, after) = (Compiled::new(&case.policies).decide(&case.question), Compiled::new(&turned.policies).decide(&case.question));
        prop_assert_eq!(layer(before), layer(after));
    }

    /// Spec: POL-41
    #[test]
    fn keys_that_no_policy_names_are_irrelevant(case in case()) {
        let mut more = case.clone();
        more.question.context.push(("host:irrelevant".into(), false, vec!["a".into()]));
        prop_assert_eq!(answer(&case), answer(&more));
    }

    /// Spec: POL-78
    #[test]
    fn without_key_policy_or_grant_nothing_is_allowed_on_a_key(case in case()) {
        let mut bare = case;
        bare.policies.key = None;
        bare.policies.grant = "none";
        bare.question.identity_only = false;
        prop_assert!(!Compiled::new(&bare.policies).decide(&bare.question).is_allowed());
    }

    /// Spec: POL-99, POL-102
    #[test]
    fn a_cross_account_allow_needs_both_sides(case in case()) {
        let mut one_sided = case;
        one_sided.question.owner = "777788889999";
        one_sided.question.identity_only = false;
        one_sided.policies.grant = "none";
        one_sided.policies.identity.clear();
        let caller = &one_sided.question.caller;
        prop_assume!(caller.account.is_some() && caller.kind != "root");
        prop_assert!(!Compiled::new(&one_sided.policies).decide(&one_sided.question).is_allowed());
    }

    /// Spec: POL-44
    #[test]
    fn a_list_of_actions_is_one_statement_per_action(case in case()) {
        let mut split = case.clone();
        for document in documents(&mut split.policies) {
            let list = document["Statement"].as_array().cloned().unwrap_or_default();
            if list.is_empty() {
                continue;
            }
            document["Statement"] = list.iter().flat_map(|statement| {
                match statement.get("Action").and_then(Json::as_array).filter(|actions| !actions.is_empty()) {
                    None => vec![statement.clone()],
                    Some(actions) => actions.iter().map(|action| {
                        let mut one = statement.clone();
                        one["Action"] = action.clone();
                        one
                    }).collect(),
                }
            }).collect();
        }
        let (before, after) = (Compiled::new(&case.policies).decide(&case.question), Compiled::new(&split.policies).decide(&case.question));
        prop_assert_eq!(layer(before), layer(after));
    }
}

/// How many random cases are compared with the reference: `KEYSTEAD_POLICY_CASES`, or a few.
fn cases() -> u32 {
    std::env::var("KEYSTEAD_POLICY_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(6_000)
}

/// The comparison above means something only if its cases reach every kind of answer.
/// Spec: POL-91, POL-147
#[test]
fn the_cases_reach_every_answer() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let strategy = case();
    let mut counts = std::collections::BTreeMap::new();
    for _ in 0..4_000 {
        let case = strategy.new_tree(&mut runner).unwrap().current();
        let answer = answer(&case);
        let kind: Vec<&str> = answer.split(' ').take(2).collect();
        *counts.entry(kind.join(" ")).or_insert(0) += 1;
    }
    let kinds = ["Endpoint", "ServiceControl", "ResourceControl", "Resource", "Identity", "Boundary", "Session"];
    for kind in kinds.iter().flat_map(|layer| [format!("deny {layer}"), format!("silent {layer}")]) {
        assert!(counts.get(&kind).is_some_and(|count| *count >= 4), "{kind}: {counts:?}");
    }
    assert!(counts["allowed"] >= 400, "{counts:?}");
}

/// Adds a statement to the key policy, an identity policy or the boundary, if there is one.
fn add(case: &mut Case, statement: Json, place: usize) {
    let document = match place {
        0 => case.policies.key.as_mut(),
        1 => case.policies.identity.first_mut(),
        _ => case.policies.boundary.as_mut(),
    };
    let Some(document) = document else { return };
    let mut statement = statement;
    if place > 0 {
        statement.as_object_mut().unwrap().retain(|name, _| !name.ends_with("Principal"));
    }
    let mut list = match &document["Statement"] {
        Json::Array(list) => list.clone(),
        one => vec![one.clone()],
    };
    list.push(statement);
    document["Statement"] = json!(list);
}

fn documents(policies: &mut Policies) -> impl Iterator<Item = &mut Json> {
    let levels = policies.service_control.iter_mut().chain(&mut policies.resource_control);
    policies
        .key
        .iter_mut()
        .chain(&mut policies.identity)
        .chain(&mut policies.boundary)
        .chain(&mut policies.session)
        .chain(&mut policies.endpoint)
        .chain(levels.flatten())
}

/// A decision without the position of its statement.
fn layer(decision: Decision) -> String {
    match decision {
        Decision::ExplicitDeny(deny) => format!("deny {:?}", deny.layer),
        other => format!("{other:?}"),
    }
}
