//! The walkthroughs of chapter 61, line by line: in process through the dispatcher, and, if `KEYSTEAD_AWS_CLI` names one,
//! over HTTP through the real `aws` command. `scripts/README.md` has the language of the scripts.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod aws_cli;
mod in_process;
mod model;
mod pattern;
mod query;
mod runner;
mod script;

use runner::run;

/// Runs a script by its name.
macro_rules! walk {
    ($name:literal) => {
        run($name, include_str!(concat!("scripts/", $name, ".txt")))
    };
}

/// The walkthrough of the command line, with what continues it.
///
/// Spec: WLK-10, WLK-12, WLK-13
#[test]
fn create_alias_inspect() {
    walk!("10-create-alias-inspect");
}

/// Spec: WLK-11
#[test]
fn script_form() {
    walk!("11-script-form");
}

/// The introduction, with what continues it.
///
/// Spec: WLK-20, WLK-21, WLK-23..WLK-25
#[test]
fn introduction() {
    walk!("20-introduction");
}

/// Spec: WLK-30
#[test]
fn create_policy_list() {
    walk!("30-create-policy-list");
}

/// Spec: WLK-31
#[test]
fn aliases() {
    walk!("31-aliases");
}

/// Spec: WLK-32
#[test]
fn aliases_in_use() {
    walk!("32-aliases-in-use");
}

/// Spec: WLK-33
#[test]
fn tags() {
    walk!("33-tags");
}

/// Spec: WLK-34
#[test]
fn enable_and_disable() {
    walk!("34-enable-and-disable");
}

/// WLK-35 but for a rotation in progress, which takes no time here.
#[test]
fn rotation() {
    walk!("35-rotation");
}

/// Spec: WLK-36
#[test]
fn manual_rotation() {
    walk!("36-manual-rotation");
}

/// Spec: WLK-37
#[test]
fn deletion() {
    walk!("37-deletion");
}

/// WLK-38 but for grants that integrated services make.
#[test]
fn grants() {
    walk!("38-grants");
}

/// Spec: WLK-39
#[test]
fn dry_run() {
    walk!("39-dry-run");
}

/// Spec: WLK-40
#[test]
fn asymmetric_and_hmac() {
    walk!("40-asymmetric-and-hmac");
}

/// Spec: WLK-41
#[test]
fn multi_region() {
    walk!("41-multi-region");
}

/// WLK-60, encapsulation.
#[test]
fn encapsulation() {
    walk!("60-encapsulation");
}

/// WLK-60 but for encapsulation and the rotation of imported material.
#[test]
fn newer_operations() {
    walk!("60-newer-operations");
}

/// Every script is run.
#[test]
fn no_script_is_forgotten() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/walkthroughs/scripts");
    let tests = include_str!("main.rs");
    for file in std::fs::read_dir(folder).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        let Some(script) = name.strip_suffix(".txt") else { continue };
        let is_waiting = script.ends_with(".waiting");
        assert_eq!(tests.contains(&format!("walk!(\"{script}\")")), !is_waiting, "{script}");
    }
}

/// Any step that differs makes the script red; scripts do not see each other's keys.
///
/// Spec: WLK-03, WLK-06
#[test]
fn a_step_that_differs_is_red() {
    let is_red = |script: &str| std::panic::catch_unwind(|| runner::run_in_process("test", script)).is_err();
    assert!(!is_red("kms list-keys => {Keys: [], Truncated: false, !NextMarker}"));
    assert!(!is_red("kms create-key => {KeyMetadata: {KeyId: $K, Arn: \"…:key/$K\", CreationDate: now}}"));
    for script in [
        "kms list-keys => {Keys: [{}]}",
        "kms list-keys => {Keys: …, !Truncated}",
        "kms list-keys => {Keys: …, NextMarker: …}",
        "kms list-keys => (none)",
        "kms list-keys => ! NotFoundException",
        "kms describe-key --key-id alias/none => {}",
        "kms describe-key --key-id alias/none => ! InvalidArnException",
        "kms describe-key --key-id alias/none => ! NotFoundException \"another text\"",
        "kms create-key => {KeyMetadata: {CreationDate: now+1s}}",
        "kms create-key => {KeyMetadata: {KeyId: $K, Arn: $K}}",
        "kms create-key => {KeyMetadata: {KeyId: $K}}\nkms describe-key --key-id $K => {KeyMetadata: {KeyId: other $K}}",
        "kms generate-random --number-of-bytes 4 => {Plaintext: bytes 5}",
    ] {
        assert!(is_red(script), "{script}");
    }
}

/// Spec: WLK-02
#[test]
fn options_become_members() {
    let built = |operation: &str, line: &str| {
        let step = script::parse(&format!("kms {operation} {line}")).remove(0);
        let script::Action::Call { options, .. } = step.action else { panic!("a call") };
        in_process::request(model::input(&model::pascal(operation)), &options)
    };
    let json = serde_json::json!({
        "Description": "two words", "Tags": [{"TagKey": "a", "TagValue": "1"}, {"TagKey": "b", "TagValue": "2"}],
        "MultiRegion": true, "BypassPolicyLockoutSafetyCheck": false,
    });
    let line = "--description \"two words\" --tags TagKey=a,TagValue=1 TagKey=b,TagValue=2 --multi-region \
                --no-bypass-policy-lockout-safety-check";
    assert_eq!(built("create-key", line), json);
    let json = serde_json::json!({
        "Operations": ["Decrypt", "DescribeKey"],
        "Constraints": {"EncryptionContextSubset": {"a": "1", "b": "2"}},
    });
    let line = "--operations Decrypt DescribeKey --constraints EncryptionContextSubset={a=1,b=2}";
    assert_eq!(built("create-grant", line), json);
    let line = "--valid-to 2026-01-01T00:00:00+01:00 --import-token aGVsbG8K";
    let json = serde_json::json!({"ValidTo": 1_767_222_000, "ImportToken": "aGVsbG8K"});
    assert_eq!(built("import-key-material", line), json);
    let keys = serde_json::json!({"Keys": [{"Id": "a", "N": 1}, {"Id": "b", "N": 2}]});
    assert_eq!(query::query(&keys, "Keys[?Id==`b`]"), serde_json::json!([{"Id": "b", "N": 2}]));
    assert_eq!(query::as_text(&query::query(&keys, "Keys[*].Id")), "a\tb");
}
