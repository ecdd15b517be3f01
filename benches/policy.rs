//! How fast policies are decided, with few and many statements, beside Cedar and iam-rs; the ratios at the end.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

use std::hint::black_box;
use std::str::FromStr;
use std::time::{Duration, Instant};

use cedar_policy::{Authorizer, Entities, PolicySet};
use criterion::{BenchmarkId, Criterion};
use iam_rs::{Arn, ContextValue, IAMPolicy, IAMRequest, PolicyEvaluator, PrincipalId};
use keystead_policy::{
    Action, Catalogue, Compiler, ConditionKey, Context, Layers, Policy, PolicyKind, Principal, Request, Resource,
    SplitArn, Value, decide,
};

const STATEMENTS: [usize; 4] = [1, 10, 50, 200];
const HITS: [Hit; 3] = [Hit::First, Hit::Last, Hit::None];
const STARS: [usize; 2] = [60, 6_000];

fn main() {
    let mut criterion = Criterion::default()
        .measurement_time(Duration::from_secs(2))
        .warm_up_time(Duration::from_millis(500))
        .configure_from_args();
    statements(&mut criterion);
    everyone(&mut criterion);
    stars(&mut criterion);
    hostile(&mut criterion);
    criterion.final_summary();
    print_ratios();
}

/// Each statement names a role of its own.
fn statements(criterion: &mut Criterion) {
    for hit in HITS {
        let mut group = criterion.benchmark_group(format!("policy/{}", hit.name()));
        for count in STATEMENTS {
            let (keystead, cedar, iam_rs) = (Keystead::new(count, hit), Cedar::new(count, hit), IamRs::new(count, hit));
            group.bench_function(BenchmarkId::new("keystead", count), |bencher| bencher.iter(|| keystead.decide()));
            group.bench_function(BenchmarkId::new("cedar", count), |bencher| bencher.iter(|| cedar.decide()));
            group.bench_function(BenchmarkId::new("iam-rs", count), |bencher| bencher.iter(|| iam_rs.decide()));
        }
    }
}

/// Each statement is for everyone and tells requests apart by its condition only.
fn everyone(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("policy/everyone");
    for count in STATEMENTS {
        let keystead = Keystead::for_everyone(count);
        group.bench_function(BenchmarkId::new("keystead", count), |bencher| bencher.iter(|| keystead.decide()));
    }
}

/// The pattern with thirteen stars that takes exponential time where stars are tried one inside the other.
fn stars(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("policy/thirteen stars");
    for length in STARS {
        let (keystead, cedar, iam_rs) =
            (Keystead::with_stars(length), Cedar::with_stars(length), IamRs::with_stars(length));
        group.bench_function(BenchmarkId::new("keystead", length), |bencher| bencher.iter(|| keystead.decide()));
        group.bench_function(BenchmarkId::new("cedar", length), |bencher| bencher.iter(|| cedar.decide()));
        group.bench_function(BenchmarkId::new("iam-rs", length), |bencher| bencher.iter(|| iam_rs.decide()));
    }
}

/// Patterns of 4 KB that fail only at their end, wherever in a text of 8 KB they are tried. A single character beyond
/// ASCII makes every other one four times as wide.
fn hostile(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("policy/hostile");
    let patterns = [
        ("letters", format!("*?{}b*", "a".repeat(4_092))),
        ("question marks", format!("*{}b*", "a?".repeat(2_046))),
        ("stars", format!("{}b", "*?a".repeat(1_365))),
    ];
    for (name, pattern) in patterns {
        for (width, head) in [("ascii", ""), ("wide", "é")] {
            let keystead = Keystead::with_pattern(&pattern, format!("{head}{}", "a".repeat(8_192 - head.len())));
            assert!(!keystead.decide());
            let id = BenchmarkId::new(name, width);
            group.bench_function(id, |bencher| bencher.iter(|| keystead.decide()));
        }
    }
}

/// Prints how many times as long the peers take, from turns that alternate between all three: a machine that is busy now and
/// then does not favour one of them. The quickest turn of each counts.
fn print_ratios() {
    println!("{:<28} {:>12} {:>20} {:>20}", "quickest turn", "keystead", "cedar", "iam-rs");
    for hit in HITS {
        for count in STATEMENTS {
            let name = format!("{}/{count}", hit.name());
            print_ratio(&name, &Keystead::new(count, hit), &Cedar::new(count, hit), &IamRs::new(count, hit));
        }
    }
    for length in STARS {
        let name = format!("thirteen stars/{length}");
        print_ratio(&name, &Keystead::with_stars(length), &Cedar::with_stars(length), &IamRs::with_stars(length));
    }
}

fn print_ratio(name: &str, keystead: &Keystead, cedar: &Cedar, iam_rs: &IamRs) {
    assert_eq!([keystead.decide(); 2], [cedar.decide(), iam_rs.decide()], "{name}: all must answer alike");
    let mut quickest = [f64::INFINITY; 3];
    for _ in 0..TURNS {
        quickest[0] = quickest[0].min(turn(|| keystead.decide()));
        quickest[1] = quickest[1].min(turn(|| cedar.decide()));
        quickest[2] = quickest[2].min(turn(|| iam_rs.decide()));
    }
    let [keystead, cedar, iam_rs] = quickest;
    let (by_cedar, by_iam_rs) = (cedar / keystead, iam_rs / keystead);
    println!("{name:<28} {keystead:>9.1} ns {cedar:>9.0} ns x{by_cedar:<6.0} {iam_rs:>9.0} ns x{by_iam_rs:<6.0}");
}

/// Nanoseconds per call in one turn, which is short enough that many pass without an interruption.
fn turn(call: impl Fn() -> bool) -> f64 {
    let begin = Instant::now();
    let mut calls = 0;
    while calls < CALLS_PER_TURN && (calls == 0 || begin.elapsed() < LONGEST_TURN) {
        for _ in 0..CALLS_PER_CLOCK {
            black_box(call());
        }
        calls += CALLS_PER_CLOCK;
    }
    begin.elapsed().as_nanos() as f64 / f64::from(calls)
}

/// Which statement allows the request.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Hit {
    First,
    Last,
    /// None: the last one names the role, but another tenant.
    None,
}

impl Hit {
    fn name(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Last => "last",
            Self::None => "none",
        }
    }

    fn role(self, count: usize) -> String {
        if self == Self::First { role(0) } else { role(count - 1) }
    }

    fn tenant(self, count: usize) -> String {
        match self {
            Self::First => tenant(0),
            Self::Last => tenant(count - 1),
            Self::None => "nobody".to_owned(),
        }
    }
}

/// A policy and a request, ready to be decided by this library.
struct Keystead {
    policy: Policy,
    principal: Principal,
    key: SplitArn<'static>,
    context: Tenant,
}

impl Keystead {
    fn new(count: usize, hit: Hit) -> Self {
        Self {
            policy: compile(&policy(count, false)),
            principal: Principal::role_session("aws", ACCOUNT, &hit.role(count), "s"),
            key: SplitArn::new(KEY),
            context: Tenant(hit.tenant(count)),
        }
    }

    fn for_everyone(count: usize) -> Self {
        let policy = compile(&policy(count, true));
        Self { policy, ..Self::new(count, Hit::Last) }
    }

    fn with_stars(length: usize) -> Self {
        Self::with_pattern(THIRTEEN_STARS, "a".repeat(length))
    }

    fn with_pattern(pattern: &str, tenant: String) -> Self {
        let policy = compile(&policy_with_pattern(pattern));
        Self { policy, context: Tenant(tenant), ..Self::new(1, Hit::First) }
    }

    fn decide(&self) -> bool {
        let request = Request {
            principal: &self.principal,
            action: DECRYPT,
            resource: Resource::from_split(self.key, ACCOUNT),
            context: &self.context,
            cross_account_capable: true,
            identity_only: false,
        };
        decide(black_box(&request), &Layers { key_policy: Some(&self.policy), ..Layers::default() }).is_allowed()
    }
}

/// Key policies end at 32 KB, which 200 such statements exceed.
fn compile(policy: &str) -> Policy {
    Compiler::new(&KMS).max_bytes(usize::MAX).compile(PolicyKind::Key, policy).unwrap()
}

/// A context with one pair.
struct Tenant(String);

impl Context for Tenant {
    fn value<'a>(&'a self, key: &ConditionKey) -> Value<'a> {
        match key {
            ConditionKey::EncryptionContext(name) if name.matches("tenant") => Value::Text(&self.0),
            _ => Value::Absent,
        }
    }
}

/// The same for Cedar.
struct Cedar {
    authorizer: Authorizer,
    policies: PolicySet,
    entities: Entities,
    request: cedar_policy::Request,
}

impl Cedar {
    fn new(count: usize, hit: Hit) -> Self {
        let policies: String = (0..count)
            .map(|index| {
                format!(
                    r#"permit(principal == Role::"{}", action in [Action::"kms:Decrypt", Action::"kms:GenerateDataKey",
                    Action::"kms:DescribeKey"], resource == Key::"{KEY}")
                    when {{ context.tenant == "{}" }};"#,
                    role(index),
                    tenant(index)
                )
            })
            .collect();
        Self::with(&policies, &hit.role(count), &hit.tenant(count))
    }

    fn with_stars(length: usize) -> Self {
        let policy = format!(
            r#"permit(principal == Role::"{}", action == Action::"kms:Decrypt", resource)
            when {{ context.tenant like "{THIRTEEN_STARS}" }};"#,
            role(0)
        );
        Self::with(&policy, &role(0), &"a".repeat(length))
    }

    fn with(policies: &str, role: &str, tenant: &str) -> Self {
        let uid = |text: String| cedar_policy::EntityUid::from_str(&text).unwrap();
        let context = cedar_policy::RestrictedExpression::new_string(tenant.to_owned());
        let context = cedar_policy::Context::from_pairs([("tenant".to_owned(), context)]).unwrap();
        let principal = uid(format!(r#"Role::"{role}""#));
        let (action, resource) = (uid(r#"Action::"kms:Decrypt""#.to_owned()), uid(format!(r#"Key::"{KEY}""#)));
        Self {
            authorizer: Authorizer::new(),
            policies: PolicySet::from_str(policies).unwrap(),
            entities: Entities::empty(),
            request: cedar_policy::Request::new(principal, action, resource, context, None).unwrap(),
        }
    }

    fn decide(&self) -> bool {
        let answer = self.authorizer.is_authorized(black_box(&self.request), &self.policies, &self.entities);
        answer.decision() == cedar_policy::Decision::Allow
    }
}

/// The same for iam-rs.
struct IamRs {
    evaluator: PolicyEvaluator,
    request: IAMRequest,
}

impl IamRs {
    fn new(count: usize, hit: Hit) -> Self {
        Self::with(&policy(count, false), &hit.role(count), &hit.tenant(count))
    }

    fn with_stars(length: usize) -> Self {
        Self::with(&policy_with_pattern(THIRTEEN_STARS), &role(0), &"a".repeat(length))
    }

    fn with(policy: &str, role: &str, tenant: &str) -> Self {
        let mut context = iam_rs::Context::new();
        context.insert("kms:EncryptionContext:tenant".to_owned(), ContextValue::String(tenant.to_owned()));
        let principal = iam_rs::Principal::Aws(PrincipalId::String(format!("arn:aws:iam::{ACCOUNT}:role/{role}")));
        Self {
            evaluator: PolicyEvaluator::with_policies(vec![IAMPolicy::from_json(policy).unwrap()]),
            request: IAMRequest::new_with_context(principal, "kms:Decrypt", Arn::parse(KEY).unwrap(), context),
        }
    }

    fn decide(&self) -> bool {
        self.evaluator.evaluate(black_box(&self.request)).unwrap().decision == iam_rs::Decision::Allow
    }
}

fn policy(count: usize, for_everyone: bool) -> String {
    let statements: Vec<String> = (0..count)
        .map(|index| {
            let principal = match for_everyone {
                true => r#""*""#.to_owned(),
                false => format!(r#"{{"AWS": "arn:aws:iam::{ACCOUNT}:role/{}"}}"#, role(index)),
            };
            statement(&principal, "StringEquals", &tenant(index))
        })
        .collect();
    document(&statements.join(","))
}

fn policy_with_pattern(pattern: &str) -> String {
    let principal = format!(r#"{{"AWS": "arn:aws:iam::{ACCOUNT}:role/{}"}}"#, role(0));
    document(&statement(&principal, "StringLike", pattern))
}

fn document(statements: &str) -> String {
    format!(r#"{{"Version": "2012-10-17", "Statement": [{statements}]}}"#)
}

fn statement(principal: &str, operator: &str, tenant: &str) -> String {
    format!(
        r#"{{"Effect":"Allow","Principal":{principal},"Action":["kms:Decrypt","kms:GenerateDataKey","kms:DescribeKey"],"Resource":"{KEY}","Condition":{{"{operator}":{{"kms:EncryptionContext:tenant":"{tenant}"}}}}}}"#
    )
}

fn role(index: usize) -> String {
    format!("role-{index}")
}

fn tenant(index: usize) -> String {
    format!("tenant-{index}")
}

const KMS: Catalogue = Catalogue::new("kms", &["Decrypt", "DescribeKey", "Encrypt", "GenerateDataKey"]);
const DECRYPT: Action<'static> = KMS.action("kms:Decrypt").expect("an action of the catalogue");
const ACCOUNT: &str = "111122223333";
const KEY: &str = "arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
const THIRTEEN_STARS: &str = "a*a*a*a*a*a*a*a*a*a*a*a*a*b";

const TURNS: u32 = 200;
const CALLS_PER_TURN: u32 = 200;
const CALLS_PER_CLOCK: u32 = 10;
const LONGEST_TURN: Duration = Duration::from_millis(1);
