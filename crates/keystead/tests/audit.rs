//! Audit records and lifecycle events (chapter 12).
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use keystead::crypto::SecretBytes;
use keystead::hierarchy::RawRootKey;
use keystead::{
    AuditMode, AuditQuery, AuditRecord, AuditSink, CallbackSink, Caller, EventKind, EventSink, JsonLinesSink, Kms,
    LifecycleEvent, ManualClock, MemorySink, SinkError, Timestamp, TlsDetails,
};
use keystead_memory::MemoryStore;
use serde_json::{Value, json};
use support::*;

fn parsed(record: &AuditRecord) -> Value {
    serde_json::from_str(&record.to_json()).unwrap()
}

/// Spec: AUD-01, AUD-09, AUD-10, AUD-11, AUD-14, AUD-15, AUD-20, AUD-22, AUD-37, API-107
#[test]
fn a_record_has_these_fields_and_no_others() {
    let world = World::new();
    let key = world.key();
    world.root.create_alias("alias/project-key", &key.id).send().unwrap();
    let caller = Caller::user(ACCOUNT, "division/bob")
        .unwrap()
        .identity_policy(&allow(&["kms:*"], "*"))
        .unwrap()
        .unique_id("AIDAEXAMPLE")
        .access_key_id("AKIAEXAMPLE")
        .source_ip("192.0.2.7".parse().unwrap())
        .user_agent("example/1.0")
        .vpc_endpoint("vpce-1")
        .via_service("s3.us-west-2.amazonaws.com")
        .tls_details(TlsDetails { tls_version: "TLSv1.3".into(), ..TlsDetails::default() });
    let answer = world.client(caller).encrypt("alias/project-key", b"x").context("App", "1").send().unwrap();

    let material = world.root.describe_key(&key.id).send().unwrap().key_metadata.current_key_material_id.unwrap();
    let record = parsed(world.records("Encrypt").last().unwrap());
    let expected = json!({
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "IAMUser",
            "principalId": "AIDAEXAMPLE",
            "arn": format!("arn:aws:iam::{ACCOUNT}:user/division/bob"),
            "accountId": ACCOUNT,
            "accessKeyId": "AKIAEXAMPLE",
            "userName": "bob",
            "invokedBy": "s3.us-west-2.amazonaws.com"
        },
        "eventTime": START,
        "eventSource": "kms.amazonaws.com",
        "eventName": "Encrypt",
        "awsRegion": REGION,
        "sourceIPAddress": "192.0.2.7",
        "userAgent": "example/1.0",
        "requestParameters": {
            "keyId": "alias/project-key",
            "encryptionAlgorithm": "SYMMETRIC_DEFAULT",
            "encryptionContext": { "App": "1" }
        },
        "responseElements": null,
        "additionalEventData": { "keyMaterialId": material.to_string() },
        "requestID": answer.request_id().to_string(),
        "eventID": record["eventID"],
        "readOnly": true,
        "resources": [{ "ARN": key.arn, "accountId": ACCOUNT, "type": "AWS::KMS::Key" }],
        "eventType": "AwsApiCall",
        "managementEvent": true,
        "recipientAccountId": ACCOUNT,
        "eventCategory": "Management",
        "vpcEndpointId": "vpce-1",
        "tlsDetails": { "tlsVersion": "TLSv1.3", "cipherSuite": "", "clientProvidedHostHeader": "" }
    });
    assert_eq!(record, expected);
}

/// Spec: AUD-13, AUD-09
#[test]
fn what_the_host_does_not_say_is_not_invented() {
    let world = World::new();
    world.root.list_keys().send().unwrap();
    let record = world.last_record();
    assert_eq!(record["sourceIPAddress"], "in-process");
    assert!(record["userAgent"].as_str().unwrap().starts_with("Keystead/"));
    assert_eq!(record["requestParameters"], Value::Null);
    for absent in ["errorCode", "errorMessage", "additionalEventData", "vpcEndpointId", "tlsDetails", "sharedEventID"] {
        assert!(record.get(absent).is_none(), "{absent}");
    }
    let identity = &record["userIdentity"];
    assert_eq!((&identity["type"], &identity["accountId"]), (&json!("Root"), &json!(ACCOUNT)));
    assert!(identity.get("accessKeyId").is_none() && identity.get("sessionContext").is_none());
}

/// Spec: AUD-13, AUD-14
#[test]
fn the_session_of_a_role_is_shown_with_its_role() {
    let world = World::new();
    let key = world.key();
    let caller = Caller::role_session(ACCOUNT, "service/orders", "pod-7")
        .unwrap()
        .identity_policy(&allow(&["kms:*"], "*"))
        .unwrap()
        .unique_id("AROAEXAMPLE")
        .mfa(true)
        .token_issued(START.parse::<jiff::Timestamp>().unwrap().into());
    world.client(caller).describe_key(&key.id).send().unwrap();
    let expected = json!({
        "type": "AssumedRole",
        "principalId": "AROAEXAMPLE:pod-7",
        "arn": format!("arn:aws:sts::{ACCOUNT}:assumed-role/orders/pod-7"),
        "accountId": ACCOUNT,
        "sessionContext": {
            "attributes": { "mfaAuthenticated": "true", "creationDate": START },
            "sessionIssuer": {
                "type": "Role",
                "principalId": "AROAEXAMPLE",
                "arn": format!("arn:aws:iam::{ACCOUNT}:role/service/orders"),
                "accountId": ACCOUNT,
                "userName": "orders"
            }
        }
    });
    assert_eq!(world.last_record()["userIdentity"], expected);
}

/// Spec: AUD-20, AUD-22, STA-97
#[test]
fn decrypting_without_a_key_names_the_key_found() {
    let world = World::new();
    let key = world.key();
    let blob = world.root.encrypt(&key.id, b"x").send().unwrap().into_inner().ciphertext_blob;
    world.root.decrypt(&blob).send().unwrap();
    let record = world.last_record();
    assert_eq!(record["requestParameters"], json!({ "encryptionAlgorithm": "SYMMETRIC_DEFAULT" }));
    assert_eq!(record["resources"], json!([{ "ARN": key.arn, "accountId": ACCOUNT, "type": "AWS::KMS::Key" }]));
}

/// Spec: AUD-17, AUD-22
#[test]
fn random_bytes_leave_no_trace_of_their_number() {
    let world = World::new();
    world.root.generate_random(77).send().unwrap();
    let record = world.last_record();
    assert_eq!((&record["requestParameters"], &record["responseElements"]), (&Value::Null, &Value::Null));
    assert_eq!(record["resources"], json!([]));
    assert!(!record.to_string().contains("77\"") && record.get("additionalEventData").is_none());
}

/// Spec: AUD-22, API-079
#[test]
fn re_encryption_lists_the_source_first_and_one_key_twice() {
    let world = World::new();
    let (from, to) = (world.key(), world.key());
    let blob = world.root.encrypt(&from.id, b"x").send().unwrap().into_inner().ciphertext_blob;
    let arns = |record: Value| {
        let resources = record["resources"].as_array().unwrap().clone();
        resources.iter().map(|entry| entry["ARN"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let answer = world.root.re_encrypt(&blob, &to.id).send().unwrap();
    let record = world.last_record();
    assert_eq!(
        record["additionalEventData"],
        json!({ "sourceKeyMaterialId": answer.source_key_material_id.unwrap().to_string(),
                "destinationKeyMaterialId": answer.destination_key_material_id.unwrap().to_string() })
    );
    assert_eq!(arns(record), [from.arn.clone(), to.arn]);
    world.root.re_encrypt(&blob, &from.id).send().unwrap();
    assert_eq!(arns(world.last_record()), [from.arn.clone(), from.arn]);
}

/// Spec: AUD-25, AUD-16, AUD-20, AUD-18
#[test]
fn a_new_key_is_recorded_with_defaults_and_metadata() {
    let world = World::new();
    let document = policy(&[delegation()]);
    let call = world.root.create_key().policy(document.clone()).tag("team", "orders").description("d");
    let metadata = call.send().unwrap().into_inner().key_metadata;
    let record = world.last_record();
    let defaults = json!({
        "description": "d", "origin": "AWS_KMS", "keySpec": "SYMMETRIC_DEFAULT",
        "customerMasterKeySpec": "SYMMETRIC_DEFAULT", "keyUsage": "ENCRYPT_DECRYPT",
        "bypassPolicyLockoutSafetyCheck": false, "policy": document,
        "tags": [{ "tagKey": "team", "tagValue": "orders" }]
    });
    assert_eq!(record["requestParameters"], defaults);
    let shown = json!({ "keyMetadata": {
        "awsAccountId": ACCOUNT, "keyId": metadata.key_id.to_string(), "arn": metadata.arn.to_string(),
        "creationDate": "Jan 1, 2026, 12:00:00 AM", "enabled": true, "description": "d",
        "keyUsage": "ENCRYPT_DECRYPT", "keyState": "Enabled", "origin": "AWS_KMS", "keyManager": "CUSTOMER",
        "customerMasterKeySpec": "SYMMETRIC_DEFAULT", "keySpec": "SYMMETRIC_DEFAULT",
        "encryptionAlgorithms": ["SYMMETRIC_DEFAULT"], "multiRegion": false
    }});
    assert_eq!(record["responseElements"], shown);
    assert_eq!(record["resources"][0]["ARN"], metadata.arn.to_string());

    world.root.create_key().send().unwrap();
    let given = world.last_record()["requestParameters"].clone();
    assert_eq!(given["description"], "");
    assert!(given.get("policy").is_none() && given.get("tags").is_none() && given.get("multiRegion").is_none());
}

/// Spec: AUD-17, AUD-18, KEY-67
#[test]
fn policies_and_tags_are_recorded_when_given_and_withheld_when_read() {
    let world = World::new();
    let key = world.key();
    let document = policy(&[
        delegation(),
        json!({ "Sid": "Remarkable", "Effect": "Deny", "Principal": "*",
        "Action": "kms:Sign", "Resource": "*" }),
    ]);
    world.root.put_key_policy(&key.id, document.as_str()).send().unwrap();
    assert_eq!(world.last_record()["requestParameters"]["policy"], document);
    world.root.get_key_policy(&key.id).send().unwrap();
    assert!(!world.last_record().to_string().contains("Remarkable"));
    world.root.tag_resource(&key.id).tag("remarkable", "tag").send().unwrap();
    assert!(world.last_record().to_string().contains("remarkable"));
    world.root.list_resource_tags(&key.id).send().unwrap();
    assert!(!world.last_record().to_string().contains("remarkable"));
}

/// Spec: AUD-18, AUD-29, AUD-30, AUD-34, KEY-86
#[test]
fn the_context_presented_is_recorded_also_when_it_is_wrong() {
    let world = World::new();
    let key = world.key();
    let data_key = world.root.generate_data_key(&key.id).key_spec("AES_256").context("Dept", "IT").send().unwrap();
    assert_eq!(
        world.last_record()["requestParameters"],
        json!({ "keyId": key.id, "keySpec": "AES_256", "encryptionContext": { "Dept": "IT" } })
    );
    world.root.decrypt(&data_key.ciphertext_blob).context("Dept", "HR").send().unwrap_err();
    let record = world.last_record();
    assert_eq!(record["requestParameters"]["encryptionContext"], json!({ "Dept": "HR" }));
    assert_eq!(record["errorCode"], "InvalidCiphertextException");
    assert!(record.get("errorMessage").is_none(), "an empty message is absent");
    assert_eq!(record["responseElements"], Value::Null);
    assert_eq!(record["resources"][0]["ARN"], key.arn);
}

/// Spec: AUD-03, AUD-04, AUD-12, AUD-29, AUD-30, AUD-32, API-033, PRM-32
#[test]
fn failures_are_recorded_from_every_stage() {
    let world = World::new();
    let (key, other) = (world.key(), world.key());
    let blob = world.root.encrypt(&key.id, b"x").send().unwrap().into_inner().ciphertext_blob;
    let alice = world.user(&["kms:Decrypt"]);
    type Failing<'w> = (Box<dyn Fn() -> bool + 'w>, &'static str, Value);
    let listed = |arn: &str| json!([{ "ARN": arn, "accountId": ACCOUNT, "type": "AWS::KMS::Key" }]);
    let absent = key_arn(ABSENT);
    let foreign = absent.replace(ACCOUNT, OTHER);
    let stages: Vec<Failing<'_>> = vec![
        (Box::new(|| world.root.encrypt("", b"x").send().is_err()), "ValidationException", json!([])),
        (Box::new(|| world.root.encrypt(ABSENT, b"x").send().is_err()), "NotFoundException", json!([])),
        (Box::new(|| alice.encrypt(&key.id, b"x").send().is_err()), "AccessDenied", listed(&key.arn)),
        (
            Box::new(|| alice.encrypt(&foreign, b"x").send().is_err()),
            "AccessDenied",
            json!([{ "ARN": foreign, "accountId": OTHER, "type": "AWS::KMS::Key" }]),
        ),
        (
            Box::new(|| world.root.decrypt(&blob).key_id(other.id.clone()).send().is_err()),
            "IncorrectKeyException",
            listed(&other.arn),
        ),
        (
            Box::new(|| world.root.encrypt(&key.id, b"x").dry_run(true).send().is_err()),
            "DryRunOperationException",
            listed(&key.arn),
        ),
    ];
    for (fails, code, resources) in stages {
        let before = world.kms.audit_trail().len();
        assert!(fails());
        let trail = world.kms.audit_trail();
        assert_eq!(trail.len(), before + 1, "{code}");
        let record = world.last_record();
        assert_eq!((&record["errorCode"], &record["resources"]), (&json!(code), &resources));
        assert_eq!(record["responseElements"], Value::Null);
        assert_eq!(record["requestParameters"].get("dryRun").is_some(), code == "DryRunOperationException");
    }
}

/// Spec: AUD-30
#[test]
fn the_request_id_of_a_refusal_is_in_its_record() {
    let world = World::new();
    let error = refusal(world.root.encrypt(ABSENT, b"x").send());
    assert_eq!(world.last_record()["requestID"], error.request_id().to_string());
    assert_eq!(world.last_record()["errorMessage"], error.message());
}

/// Spec: AUD-35, AUD-36, API-107, API-108, RUL-27
#[test]
fn both_accounts_see_a_call_across_accounts_unless_it_is_refused() {
    let world = World::new();
    let shared = policy(&[
        delegation(),
        json!({ "Effect": "Allow", "Principal": { "AWS": format!("arn:aws:iam::{OTHER}:root") },
        "Action": "kms:*", "Resource": "*" }),
    ]);
    let key = world.key_with_policy(&shared);
    let partner = world.stranger(&["kms:Encrypt"]);
    partner.encrypt(&key.arn, b"x").send().unwrap();
    let records = world.records("Encrypt");
    assert_eq!(records.len(), 2);
    let (theirs, ours) = (parsed(&records[0]), parsed(&records[1]));
    assert_eq!((&theirs["recipientAccountId"], &ours["recipientAccountId"]), (&json!(OTHER), &json!(ACCOUNT)));
    for equal in ["sharedEventID", "requestID", "eventTime", "resources", "requestParameters"] {
        assert_eq!(theirs[equal], ours[equal], "{equal}");
    }
    assert!(theirs["sharedEventID"].is_string());
    assert_ne!(theirs["eventID"], ours["eventID"]);
    assert_eq!(theirs["userIdentity"]["type"], "AssumedRole");
    assert_eq!(ours["userIdentity"], json!({ "type": "AWSAccount", "accountId": OTHER }));

    let before = world.kms.audit_trail().len();
    partner.decrypt(&[0; 80]).key_id(key.arn.clone()).send().unwrap_err();
    partner.encrypt(key_arn(ABSENT), b"x").send().unwrap_err();
    let records = world.kms.audit_trail().split_off(before);
    let recipients: Vec<_> = records.iter().map(|record| record.recipient_account_id.unwrap().to_string()).collect();
    assert_eq!(recipients, [OTHER, OTHER]);
}

/// Spec: AUD-27, AUD-44, AUD-45, ROT-55, ROT-57, STA-96
#[test]
fn rotations_are_recorded_as_actions_of_the_service() {
    let world = World::new();
    let key = world.key();
    let material = || world.root.describe_key(&key.id).send().unwrap().key_metadata.current_key_material_id.unwrap();
    let first = material();
    world.root.rotate_key_on_demand(&key.id).send().unwrap();
    let second = material();
    world.root.enable_key_rotation(&key.id).rotation_period_in_days(90).send().unwrap();
    world.clock.advance_days(90);
    world.kms.sweep().unwrap();
    let third = material();

    let on_demand = world.records("RotateKeyOnDemand");
    assert_eq!(on_demand.len(), 1);
    assert!(on_demand[0].request_id.is_some());
    assert_eq!(parsed(&on_demand[0])["responseElements"], json!({ "keyId": key.arn }));
    let records = world.records("RotateKey");
    assert_eq!(records.len(), 2);
    for (record, cause, from, to) in
        [(&records[0], "ON_DEMAND", first, second), (&records[1], "AUTOMATIC", second, third)]
    {
        let record = parsed(record);
        assert_eq!((&record["eventType"], record.get("requestID")), (&json!("AwsServiceEvent"), None));
        assert_eq!(record["userIdentity"], json!({ "accountId": ACCOUNT, "invokedBy": "AWS Internal" }));
        assert_eq!(
            (&record["sourceIPAddress"], &record["userAgent"]),
            (&json!("AWS Internal"), &json!("AWS Internal"))
        );
        assert_eq!((&record["requestParameters"], &record["responseElements"]), (&Value::Null, &Value::Null));
        assert_eq!(record["recipientAccountId"], ACCOUNT);
        assert_eq!(record["readOnly"], false);
        assert_eq!(record["resources"][0]["ARN"], key.arn);
        assert_eq!(
            record["serviceEventDetails"],
            json!({ "rotationType": cause, "keyId": key.id, "keyOrigin": "AWS_KMS",
                    "previousKeyMaterialId": from.to_string(), "currentKeyMaterialId": to.to_string() })
        );
    }
    let order: Vec<_> = world.kms.audit_trail().iter().map(|record| record.event_name.to_string()).collect();
    let place = order.iter().position(|name| name == "RotateKeyOnDemand").unwrap();
    assert_eq!(order[place + 1], "RotateKey");

    let events = world.events.events();
    assert!(events.iter().all(|event| event.kind == EventKind::Rotation && event.key_arn.to_string() == key.arn));
    assert_eq!(events.len(), 2);
    let event: Value = serde_json::from_str(&events[0].to_json()).unwrap();
    assert_eq!((&event["detail-type"], &event["detail"]), (&json!("KMS CMK Rotation"), &json!({ "key-id": key.id })));
}

/// Spec: AUD-47
#[test]
fn what_can_be_undone_is_no_lifecycle_event() {
    let world = World::new();
    let key = world.key();
    world.root.disable_key(&key.id).send().unwrap();
    world.root.enable_key(&key.id).send().unwrap();
    world.root.schedule_key_deletion(&key.id).send().unwrap();
    world.root.cancel_key_deletion(&key.id).send().unwrap();
    assert!(world.events.events().is_empty());
}

/// Refuses everything while told to.
#[derive(Default)]
struct Moody(AtomicBool);

impl Moody {
    fn set(&self, refuses: bool) {
        self.0.store(refuses, Ordering::SeqCst);
    }

    fn answer(&self) -> Result<(), SinkError> {
        if self.0.load(Ordering::SeqCst) { Err(SinkError::new("no room")) } else { Ok(()) }
    }
}

impl AuditSink for Moody {
    fn record(&self, _: &Arc<AuditRecord>) -> Result<(), SinkError> {
        self.answer()
    }
}

impl EventSink for Moody {
    fn publish(&self, _: &LifecycleEvent) -> Result<(), SinkError> {
        self.answer()
    }
}

/// Spec: AUD-06, KEY-35
#[test]
fn without_its_record_a_call_releases_and_changes_nothing() {
    let sink = Arc::new(Moody::default());
    let world = World::with(|builder| builder.audit_sink(Arc::clone(&sink)));
    let key = world.key();
    let blob = world.root.encrypt(&key.id, b"x").send().unwrap().into_inner().ciphertext_blob;
    sink.set(true);
    let error = refusal(world.root.decrypt(&blob).send());
    assert_eq!(error.code(), "KMSInternalException");
    assert!(error.is_retryable());
    assert_code(world.root.create_key().send(), "KMSInternalException");
    assert_code(world.root.disable_key(&key.id).send(), "KMSInternalException");
    assert_code(world.root.create_alias("alias/a", &key.id).send(), "KMSInternalException");
    assert_code(world.root.rotate_key_on_demand(&key.id).send(), "KMSInternalException");
    // A refusal cannot be recorded either.
    assert_code(world.root.encrypt(ABSENT, b"x").send(), "KMSInternalException");
    sink.set(false);
    assert_eq!(world.root.list_keys().send().unwrap().keys.len(), 1);
    assert_eq!(world.kms.key_count(world.root.region(), world.root.account()).unwrap(), 1);
    assert!(world.root.list_aliases().send().unwrap().aliases.is_empty());
    assert!(world.root.list_key_rotations(&key.id).send().unwrap().rotations.is_empty());
    world.root.encrypt(&key.id, b"x").send().unwrap();
    // What was taken back can be done now.
    world.root.create_alias("alias/a", &key.id).send().unwrap();
    world.root.rotate_key_on_demand(&key.id).send().unwrap();
    world.root.disable_key(&key.id).send().unwrap();
    world.key();
}

/// Spec: AUD-06
#[test]
fn a_best_effort_sink_fails_silently_but_is_counted() {
    let sink = Arc::new(Moody::default());
    let world = World::with(|builder| builder.audit_sink_with(AuditMode::BestEffort, Arc::clone(&sink)));
    sink.set(true);
    let key = world.key();
    let blob = world.root.encrypt(&key.id, b"x").send().unwrap().into_inner().ciphertext_blob;
    world.root.decrypt(&blob).send().unwrap();
    assert_eq!(world.kms.audit_failures(), 3);
}

/// Spec: AUD-07, AUD-46, STA-96
#[test]
fn a_deletion_is_announced_until_somebody_listens() {
    let store = Arc::new(MemoryStore::new());
    let clock = Arc::new(ManualClock::at(START));
    let records = Arc::new(MemorySink::new(1000));
    let build = |events: Arc<dyn EventSink>| {
        let root_key = RawRootKey::new(&SecretBytes::from(vec![7; 32])).unwrap();
        let builder = Kms::builder().store(Arc::clone(&store)).clock(Arc::clone(&clock)).root_key(root_key);
        builder.audit_sink(Arc::clone(&records)).event_sink(events).build().unwrap()
    };
    let deaf = Arc::new(Moody::default());
    let kms = build(Arc::clone(&deaf) as Arc<dyn EventSink>);
    let client = kms.client(REGION, Caller::account_root(ACCOUNT).unwrap()).unwrap();
    let key = client.create_key().send().unwrap().into_inner().key_metadata;
    client.schedule_key_deletion(key.key_id).pending_window_in_days(7).send().unwrap();
    clock.advance_days(7);
    deaf.set(true);
    assert_eq!(kms.sweep().unwrap().deleted, 1);
    drop((client, kms));

    // The process is gone; the next one finds the event in the store.
    let events = Arc::new(keystead::MemoryEvents::new());
    let kms = build(Arc::clone(&events) as Arc<dyn EventSink>);
    kms.sweep().unwrap();
    let kinds: Vec<_> = events.events().iter().map(|event| (event.kind, event.key_arn)).collect();
    assert_eq!(kinds, [(EventKind::Deletion, key.arn)]);
    kms.sweep().unwrap();
    assert_eq!(events.events().len(), 1);
    let ids: BTreeSet<_> =
        records.query(&AuditQuery::new().event_name("DeleteKey")).iter().map(|record| record.event_id).collect();
    assert_eq!(ids.len(), 1);
}

/// Spec: AUD-09
#[test]
fn records_are_written_as_lines_of_json() {
    #[derive(Clone, Default)]
    struct Shared(Arc<std::sync::Mutex<Vec<u8>>>);
    impl std::io::Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let written = Shared::default();
    let counted = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counter = Arc::clone(&counted);
    let count = CallbackSink::new(move |_| {
        counter.fetch_add(1, Ordering::SeqCst);
        Ok(())
    });
    let world = World::with(|builder| builder.audit_sink(JsonLinesSink::new(written.clone())).audit_sink(count));
    let key = world.key();
    world.root.encrypt(&key.id, b"x").context("line\nbreak", "\u{2028}").send().unwrap();
    let text = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
    let names: Vec<_> =
        text.lines().map(|line| serde_json::from_str::<AuditRecord>(line).unwrap().event_name.to_string()).collect();
    assert_eq!(names, ["CreateKey", "Encrypt"]);
    assert_eq!(counted.load(Ordering::SeqCst), 2);
}

/// Spec: AUD-40, AUD-41, AUD-43
#[test]
fn the_memory_sink_is_searched_newest_first() {
    let sink = Arc::new(MemorySink::new(100));
    let world = World::with(|builder| builder.audit_sink(Arc::clone(&sink)));
    let (key, other) = (world.key(), world.key());
    world.clock.advance_days(1);
    let bob = Caller::user(ACCOUNT, "bob").unwrap().identity_policy(&allow(&["kms:*"], "*")).unwrap();
    let bob = world.client(bob.access_key_id("AKIABOB"));
    bob.disable_key(&key.id).send().unwrap();
    bob.describe_key(&other.id).send().unwrap();
    bob.list_keys().send().unwrap();

    let names =
        |query: AuditQuery| sink.query(&query).iter().map(|record| record.event_name.to_string()).collect::<Vec<_>>();
    assert_eq!(names(AuditQuery::new()), ["ListKeys", "DescribeKey", "DisableKey", "CreateKey", "CreateKey"]);
    assert_eq!(names(AuditQuery::new().event_name("DisableKey")), ["DisableKey"]);
    assert_eq!(names(AuditQuery::new().resource_name(key.arn)), ["DisableKey", "CreateKey"]);
    assert_eq!(names(AuditQuery::new().resource_name(other.id)), ["DescribeKey", "CreateKey"]);
    let with = |change: fn(&mut AuditQuery)| {
        let mut query = AuditQuery::new();
        change(&mut query);
        names(query)
    };
    assert_eq!(with(|query| query.user_name = Some("bob".into())).len(), 3);
    assert_eq!(with(|query| query.access_key_id = Some("AKIABOB".into())).len(), 3);
    assert_eq!(with(|query| query.read_only = Some(false)), ["DisableKey", "CreateKey", "CreateKey"]);
    assert_eq!(with(|query| query.resource_type = Some("AWS::KMS::Key".into())).len(), 4);
    assert_eq!(with(|query| query.event_source = Some("kms.amazonaws.com".into())).len(), 5);
    assert!(with(|query| query.event_source = Some("s3.amazonaws.com".into())).is_empty());
    let day: Timestamp = "2026-01-02T00:00:00Z".parse::<jiff::Timestamp>().unwrap().into();
    let (mut from, mut until) = (AuditQuery::new(), AuditQuery::new());
    from.from = Some(day);
    until.until = Some(day.minus(std::time::Duration::from_millis(1)));
    assert_eq!((names(from).len(), names(until).len()), (3, 2));
    let mut one = AuditQuery::new();
    one.event_id = Some(sink.records()[2].event_id);
    assert_eq!(names(one), ["DisableKey"]);
}

/// Spec: AUD-07
#[test]
fn every_record_has_an_id_of_its_own() {
    let world = World::new();
    let key = world.key();
    for _ in 0..20 {
        world.root.rotate_key_on_demand(&key.id).send().unwrap();
    }
    let ids: BTreeSet<_> = world.kms.audit_trail().iter().map(|record| record.event_id).collect();
    assert_eq!(ids.len(), 41);
}
