//! The example that decides requests: its answers, and the corpus of decisions.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use keystead_examples::explain::{Options, answer, run};
use serde_json::{Value, json};

const JSON: Options = Options { json: true, lint: false };

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/keystead-policy/tests/corpus")
}

fn requests() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("data/requests.jsonl")).unwrap()
}

/// What is wrong with the answer to a line of the corpus, if anything.
fn disagreement(line: &str) -> Option<String> {
    let written: Value = serde_json::from_str(line).unwrap();
    let answer = answer(line, JSON).to_json();
    let agrees = match &written["expect"] {
        Value::String(decision) => answer["decision"] == **decision,
        Value::Object(expected) => expected.iter().all(|(name, value)| answer[name] == *value),
        _ => false,
    };
    (!agrees).then(|| format!("{} ({}): {answer}", written["id"], written["source"]))
}

/// The lines of the corpus.
fn lines() -> Vec<String> {
    let mut files: Vec<_> = fs::read_dir(corpus()).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
    let texts = files.iter().map(|path| fs::read_to_string(path).unwrap());
    texts.flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>()).collect()
}

/// The rows of the table of operators.
fn operator_rows() -> Vec<String> {
    let table = fs::read_to_string(corpus().join("operators.tsv")).unwrap();
    table.lines().skip(1).map(str::to_owned).collect()
}

/// Spec: POL-01, POL-04, POL-06..POL-08, POL-10..POL-22, POL-24, POL-27..POL-29, POL-31..POL-34, POL-38..POL-42, POL-44..POL-48, POL-50,
/// POL-64, POL-66..POL-75, POL-78, POL-90..POL-100, POL-102, POL-103, POL-105, POL-109..POL-111, POL-113,
/// POL-132..POL-134, POL-136, POL-137, POL-141..POL-147, CND-05..CND-07, CND-09, CND-34, CND-39, CND-40, CND-42, CND-43,
/// CND-58, CND-61, CND-66, CND-67, CND-73, CND-78, CND-115, CND-117, CND-118, CND-129, CND-130
#[test]
fn the_corpus_is_decided_as_it_says() {
    let lines = lines();
    assert!(lines.len() > 1_000);
    let wrong: Vec<_> = lines.iter().filter_map(|line| disagreement(line)).collect();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), lines.len(), wrong.join("\n"));
}

/// A rule that only ever allows, or only ever refuses, may as well not be there: the corpus decides by each at least
/// once either way.
/// Spec: POL-01
#[test]
fn every_rule_is_decided_both_ways() {
    let mut ways: BTreeMap<String, BTreeSet<bool>> = BTreeMap::new();
    for line in lines() {
        let line: Value = serde_json::from_str(&line).unwrap();
        let decision = line["expect"]["decision"].as_str().or(line["expect"].as_str());
        let source = line["source"].as_str().unwrap().to_owned();
        ways.entry(source).or_default().insert(decision == Some("Allowed"));
    }
    for row in operator_rows() {
        let columns: Vec<&str> = row.split('\t').collect();
        ways.entry(columns[4].to_owned()).or_default().insert(columns[3] == "yes");
    }
    let one_sided: Vec<_> =
        decidable().into_iter().filter(|rule| ways.get(rule).is_none_or(|ways| ways.len() < 2)).collect();
    assert_eq!(one_sided, [""; 0]);
    let unlisted: Vec<_> = ways.into_keys().filter(|rule| rule != "IAM" && !decidable().contains(rule)).collect();
    assert_eq!(unlisted, [""; 0]);
}

/// The rules of chapters 21 and 22 by which a line can be decided. The others say what a host states, what a facade
/// does around a decision or fills in for a request, or need values that a line cannot hold.
fn decidable() -> Vec<String> {
    const RULES: [(&str, &[(u32, u32)]); 2] = [
        (
            "POL",
            &[
                (4, 4),
                (6, 8),
                (10, 24),
                (27, 35),
                (38, 42),
                (44, 75),
                (78, 78),
                (90, 100),
                (102, 103),
                (105, 106),
                (109, 111),
                (113, 113),
                (132, 138),
                (141, 147),
            ],
        ),
        (
            "CND",
            &[
                (5, 7),
                (9, 32),
                (34, 34),
                (36, 36),
                (39, 40),
                (42, 44),
                (46, 54),
                (58, 59),
                (61, 63),
                (66, 67),
                (69, 73),
                (78, 78),
                (80, 115),
                (117, 124),
                (128, 131),
            ],
        ),
    ];
    let ranges = RULES.iter().flat_map(|(prefix, ranges)| ranges.iter().map(move |range| (prefix, range)));
    ranges.flat_map(|(prefix, &(first, last))| (first..=last).map(move |n| format!("{prefix}-{n:02}"))).collect()
}

/// Spec: POL-49, POL-51, POL-52, POL-53, POL-54, POL-55, POL-56, POL-57, POL-58, POL-59, POL-60, POL-61, POL-62, POL-63,
/// POL-65, POL-67, POL-135
#[test]
fn the_table_of_operators_holds_in_allow_and_deny() {
    let rows = operator_rows();
    let mut wrong = Vec::new();
    for row in &rows {
        let columns: Vec<&str> = row.split('\t').collect();
        let [operator, policy, request, satisfied, source] = columns[..] else { panic!("{row}") };
        let request: Value = serde_json::from_str(request).unwrap();
        let context = if request == "absent" { json!({}) } else { json!({"test:key": request}) };
        let policy: Value = serde_json::from_str(policy).unwrap();
        let conditioned = |effect: &str| {
            json!({"Version": "2012-10-17", "Statement": {"Effect": effect, "Action": "s3:*", "Resource": "*",
                "Condition": {operator: {"test:key": policy}}}})
        };
        let open = json!({"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}});
        let (allow, deny) = match satisfied {
            "yes" => ("Allowed", "ExplicitlyDenied"),
            "no" => ("ImplicitlyDenied", "Allowed"),
            other => panic!("{other}"),
        };
        for (policies, expected) in [(json!([conditioned("Allow")]), allow), (json!([open, conditioned("Deny")]), deny)]
        {
            let line = json!({
                "id": row, "source": source, "expect": expected, "principal": "arn:aws:iam::111122223333:user/bob",
                "action": "s3:GetObject", "resource": "arn:aws:s3:::b/o", "context": context,
                "identity_policies": policies, "resource_policy": null, "resource_policy_delegates": false,
            });
            wrong.extend(disagreement(&line.to_string()));
        }
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(rows.len() > 300);
}

/// Spec: POL-122, POL-124
#[test]
fn lines_are_answered_one_by_one() {
    let mut output = Vec::new();
    run(requests().as_bytes(), &mut output, JSON).unwrap();
    let answers: Vec<Value> =
        String::from_utf8(output).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let decisions: Vec<_> = answers.iter().map(|answer| answer["decision"].as_str().unwrap_or("error")).collect();
    assert_eq!(decisions, ["ImplicitlyDenied", "Allowed", "ExplicitlyDenied", "Allowed", "error", "error", "Allowed"]);
    assert_eq!(
        answers[0],
        json!({
            "id": "no identity policy",
            "decision": "ImplicitlyDenied",
            "blocked_by": ["identity"],
            "matched": [{"policy": "/resource_policy", "pointer": "/Statement", "sid": "Enable IAM policies",
                "effect": "Allow", "line": 1, "column": 40}],
            "reason": "because no identity-based policy allows the kms:Decrypt action",
            "summary": "the policy of the resource leaves it to the identity policies of the account, and no identity \
                        policy of the caller allows it",
            "absent_keys": [],
        })
    );
    assert_eq!(answers[2]["blocked_by"], json!(["service_control"]));
    assert_eq!(answers[2]["matched"][1]["policy"], "/service_control_policies/1/0");
    assert_eq!(answers[4]["pointer"], "/identity_policies/0/Statement/Action");
    assert!(answers[4]["error"].as_str().unwrap().contains("twice"));
    assert_eq!((&answers[5]["id"], &answers[5]["pointer"]), (&Value::Null, &json!("")));
}

/// Spec: POL-132
#[test]
fn lines_that_cannot_be_decided_say_where() {
    let request = |member: &str| {
        let line =
            format!(r#"{{"id": 7, "principal": "s3.amazonaws.com", "action": "s3:Get", "resource": "*", {member}}}"#);
        answer(&line, JSON).to_json()
    };
    for (member, pointer) in [
        (r#""context": {"a/b": {}}"#, "/context/a~1b"),
        (r#""context": {"a": [[]]}"#, "/context/a"),
        (r#""session_policies": [{}]"#, "/session_policies/0"),
        (r#""resource_control_policies": [[], [{"Id": 1}]]"#, "/resource_control_policies/1/0/Id"),
        (r#""resource_policy": 3"#, "/resource_policy"),
        (r#""identity_policies": 3"#, ""),
        (r#""action": "s3:Put""#, ""),
    ] {
        let answer = request(member);
        assert!(answer["error"].is_string() && answer.get("decision").is_none(), "{answer}");
        assert_eq!((&answer["id"], &answer["pointer"]), (&json!(7), &json!(pointer)), "{answer}");
    }
    assert_eq!(request(r#""context": null, "grants": null, "resource_policy": null"#)["decision"], "ImplicitlyDenied");
}

/// Spec: POL-122, POL-140
#[test]
fn people_are_answered_in_text() {
    let mut output = Vec::new();
    run(requests().as_bytes(), &mut output, Options { json: false, lint: true }).unwrap();
    let output = String::from_utf8(output).unwrap();
    assert!(
        output.starts_with("no identity policy: ImplicitlyDenied because no identity-based policy allows"),
        "{output}"
    );
    assert!(output.contains("\n    Allow /resource_policy/Statement (1:40) Enable IAM policies"), "{output}");
    assert!(output.contains("error at /identity_policies/0/Statement/Action: "), "{output}");
    assert!(output.contains("INVALID_ACTION /identity_policies/0/Statement/0/Action/1 (1:"), "{output}");
}

/// Spec: POL-140
#[test]
fn lints_of_every_document_are_listed() {
    let line = requests().lines().last().unwrap().to_owned();
    assert_eq!(answer(&line, JSON).to_json().get("lints"), None);
    let lints = answer(&line, Options { json: true, lint: true }).to_json()["lints"].clone();
    let found: Vec<_> = lints.as_array().unwrap().iter().map(|lint| (&lint["policy"], &lint["code"])).collect();
    assert_eq!(found, [(&json!("/identity_policies/0"), &json!("INVALID_ACTION"))]);
}
