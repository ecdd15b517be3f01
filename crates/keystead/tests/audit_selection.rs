//! What is recorded at all: calls and the four internal actions, and not what a sink excludes.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::sync::Arc;

use keystead::{
    AuditMode, Caller, ConditionValue, EventSelectorError, ExcludableSink, HashChainSink, MemorySink,
    verify_audit_chain,
};
use serde_json::{Value, json};
use support::*;

const KMS: &[&str] = &["kms.amazonaws.com"];

fn names(sink: &MemorySink) -> Vec<String> {
    sink.records().iter().map(|record| record.event_name.to_string()).collect()
}

/// Scenario 22 of chapter 12.
///
/// Spec: AUD-42
#[test]
fn all_records_are_excluded_or_none() {
    let sink = Arc::new(ExcludableSink::new(MemorySink::new(1000)));
    let other = Arc::new(MemorySink::new(1000));
    let world = World::with(|builder| {
        builder.audit_sink(Arc::clone(&sink)).audit_sink_with(AuditMode::BestEffort, Arc::clone(&other))
    });
    let key = world.key();
    let admin = world.client(Caller::user(ACCOUNT, "admin").unwrap().user_agent("tests"));
    admin.put_event_selectors(&sink, KMS).unwrap();
    admin.put_event_selectors(&sink, KMS).unwrap();
    assert!(sink.is_excluded());
    world.root.encrypt(&key.id, b"x").send().unwrap();
    world.root.encrypt(ABSENT, b"x").send().unwrap_err();
    world.root.disable_key(&key.id).send().unwrap();
    admin.put_event_selectors(&sink, &[]).unwrap();
    world.root.enable_key(&key.id).send().unwrap();
    assert_eq!(names(sink.inner()), ["CreateKey", "PutEventSelectors", "PutEventSelectors", "EnableKey"]);
    // Another sink misses nothing, and hears nothing of the switch.
    assert_eq!(names(&other), ["CreateKey", "Encrypt", "Encrypt", "DisableKey", "EnableKey"]);

    let records = sink.inner().records();
    for (record, excluded) in [(&records[1], json!(KMS)), (&records[2], json!([]))] {
        let record: Value = serde_json::from_str(&record.to_json()).unwrap();
        assert_eq!(record["eventSource"], "cloudtrail.amazonaws.com");
        assert_eq!(record["requestParameters"], json!({ "excludeManagementEventSources": excluded }));
        assert_eq!(record["userIdentity"]["userName"], "admin");
        assert_eq!((&record["userAgent"], &record["sourceIPAddress"]), (&json!("tests"), &json!("in-process")));
        assert_eq!((&record["eventType"], &record["readOnly"]), (&json!("AwsApiCall"), &json!(false)));
        assert_eq!((&record["awsRegion"], &record["recipientAccountId"]), (&json!(REGION), &json!(ACCOUNT)));
        assert!(record.get("resources").is_none() && record["requestID"].is_string());
    }
}

/// Spec: AUD-42
#[test]
fn a_selection_of_operations_is_a_mistake_of_the_host() {
    let sink = Arc::new(ExcludableSink::new(MemorySink::new(10)));
    let world = World::with(|builder| builder.audit_sink(Arc::clone(&sink)));
    for sources in [&["kms.amazonaws.com", "Decrypt"][..], &["kms:Encrypt"], &["rdsdata.amazonaws.com"], &[""]] {
        let refused = world.root.put_event_selectors(&sink, sources);
        assert!(matches!(refused, Err(EventSelectorError::Source(_))), "{sources:?}");
    }
    assert!(!sink.is_excluded() && names(sink.inner()).is_empty());
}

/// Spec: AUD-42
#[test]
fn a_mandatory_sink_is_not_switched_off() {
    let sink = Arc::new(ExcludableSink::mandatory(MemorySink::new(10)));
    let world = World::with(|builder| builder.audit_sink(Arc::clone(&sink)));
    assert!(matches!(world.root.put_event_selectors(&sink, KMS), Err(EventSelectorError::Mandatory)));
    world.root.put_event_selectors(&sink, &[]).unwrap();
    world.key();
    assert_eq!(names(sink.inner()), ["CreateKey"]);
}

/// The chain of a sink shows what was left out by whom, and remains a chain.
///
/// Spec: AUD-42, AUD-08
#[test]
fn a_chain_goes_on_over_a_gap() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chain");
    let sink = Arc::new(ExcludableSink::new(HashChainSink::open(&path).unwrap()));
    let world = World::with(|builder| builder.audit_sink(Arc::clone(&sink)));
    world.key();
    world.root.put_event_selectors(&sink, KMS).unwrap();
    world.key();
    world.root.put_event_selectors(&sink, &[]).unwrap();
    world.key();
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(text.lines().count(), 4);
    let head = sink.inner().head();
    assert_eq!(verify_audit_chain(text.as_bytes(), Some(head)).unwrap(), head);
}

/// An envelope of many steps, registrations, sweeps, explanations and questions of the host are no calls.
///
/// Spec: AUD-05
#[test]
fn only_calls_and_internal_actions_are_recorded() {
    let world = World::new();
    let key = world.key();
    let arn = key.arn.parse().unwrap();
    let calls = world.kms.audit_trail().len();
    world.kms.sweep().unwrap();
    world.kms.who_can_use(&arn).unwrap();
    world.kms.duplicate_grants(&arn).unwrap();
    world.kms.expected_deletion(&arn).unwrap();
    world.kms.seconds_until_key_material_expiration(&arn).unwrap();
    world.kms.quota_status(REGION.parse().unwrap(), ACCOUNT.parse().unwrap()).unwrap();
    world.kms.metrics();
    world.kms.rotate_domain_key(REGION.parse().unwrap()).unwrap();
    world.kms.register_aws_managed_key("s3", REGION.parse().unwrap(), ACCOUNT.parse().unwrap()).unwrap();
    world.root.encrypt(&key.id, b"x").explain().unwrap();
    assert_eq!(world.kms.audit_trail().len(), calls);

    // A service on behalf of a user: the host says who is recorded, and how.
    let on_behalf = Caller::role_session(ACCOUNT, "reader", "s").unwrap().via_service("s3.us-west-2.amazonaws.com");
    let on_behalf = on_behalf.identity_policy(&allow(&["kms:Encrypt"], "*")).unwrap();
    world.client(on_behalf).encrypt(&key.id, b"x").send().unwrap();
    let record = world.last_record();
    assert_eq!(world.kms.audit_trail().len(), calls + 1);
    assert_eq!(record["userIdentity"]["type"], "AssumedRole");
    assert_eq!(record["userIdentity"]["invokedBy"], "s3.us-west-2.amazonaws.com");
}

/// Spec: AUD-39
#[test]
fn a_refusal_by_the_policy_of_an_endpoint_is_recorded_like_any_other() {
    let world = World::new();
    let key = world.key();
    let endpoint =
        policy(&[json!({ "Effect": "Allow", "Principal": "*", "Action": "kms:DescribeKey", "Resource": "*" })]);
    let caller = Caller::user(ACCOUNT, "alice").unwrap().identity_policy(&allow(&["kms:*"], "*")).unwrap();
    let caller = caller.vpc_endpoint("vpce-1").endpoint_policy(&endpoint).unwrap();
    let caller = caller.condition("aws:SourceVpc", ConditionValue::Text("vpc-1".to_owned())).unwrap();
    let alice = world.client(caller);
    alice.describe_key(&key.id).send().unwrap();
    let error = refusal(alice.encrypt(&key.id, b"x").send());
    assert_eq!(error.code(), "AccessDeniedException");
    let record = world.last_record();
    assert_eq!((&record["eventName"], &record["errorCode"]), (&json!("Encrypt"), &json!("AccessDenied")));
    assert_eq!((&record["vpcEndpointId"], &record["errorMessage"]), (&json!("vpce-1"), &json!(error.message())));
    assert_eq!(record["resources"][0]["ARN"], key.arn);
}
