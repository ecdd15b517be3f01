//! How errors are worded.

use std::sync::Arc;

use keystead::{AuditRecord, AuditSink, Caller, Kms, QuotaProfile, Rate, RequestQuota, SinkError};
use keystead_aws::protocol;
use serde_json::{Value, json};

use crate::support::{ACCOUNT, OTHER_ACCOUNT, REGION, answer, call, client, json, key, refusal, root};

/// Spec: API-006
#[test]
fn an_exception_of_the_model_has_its_text_in_message() {
    let reply = call(&client(), "DescribeKey", r#"{ "KeyId": "none" }"#);
    assert_eq!(reply.status, 400);
    assert_eq!(json(&reply), json!({ "__type": "NotFoundException", "message": "Invalid keyId 'none'" }));
}

/// Spec: API-006
#[test]
fn a_refusal_of_access_has_its_text_in_message_with_a_capital() {
    let kms = Kms::in_memory();
    let user = kms.client(REGION, Caller::user(ACCOUNT, "alice").unwrap()).unwrap();
    let reply = call(&user, "ListKeys", "{}");
    assert_eq!((reply.status, reply.error_type), (400, Some("AccessDeniedException")));
    let body = json(&reply);
    assert_eq!(body.as_object().unwrap().len(), 2);
    assert!(
        body["Message"].as_str().unwrap().starts_with("User: arn:aws:iam::111122223333:user/alice is not"),
        "{body}"
    );
}

/// Spec: API-006, API-103
#[test]
fn a_fault_of_the_service_has_status_500() {
    struct Broken;

    impl AuditSink for Broken {
        fn record(&self, _: &Arc<AuditRecord>) -> Result<(), SinkError> {
            Err(SinkError::new("full"))
        }
    }

    let kms = Kms::builder().audit_sink(Broken).build().unwrap();
    let reply = call(&kms.client(REGION, root()).unwrap(), "ListKeys", "{}");
    assert_eq!((reply.status, reply.error_type), (500, Some("KMSInternalException")));
}

/// Spec: API-006
#[test]
fn what_fails_before_a_call_has_its_own_status_and_id() {
    let cases = [
        ("IncompleteSignature", 400),
        ("MissingAuthenticationToken", 400),
        ("InvalidClientTokenId", 403),
        ("ServiceUnavailable", 503),
        ("InternalFailure", 500),
        ("RequestEntityTooLargeException", 413),
    ];
    for (code, status) in cases {
        let reply = protocol::error_reply(code, "why");
        assert_eq!((reply.status, reply.error_type), (status, Some(code)));
        assert_eq!(json(&reply), json!({ "__type": code, "message": "why" }));
        assert_ne!(reply.request_id, protocol::error_reply(code, "why").request_id);
    }
}

/// Spec: API-006, API-105
#[test]
fn an_empty_text_is_sent_as_such() {
    let client = client();
    let body = json(&call(&client, "Decrypt", r#"{ "CiphertextBlob": "AAAA" }"#));
    assert_eq!(body, json!({ "__type": "InvalidCiphertextException", "message": "" }));
}

/// Spec: API-044
#[test]
fn a_caller_that_is_too_quick_is_told_so() {
    let rare = Some(Rate::one_per_millis(3_600_000));
    let quotas = QuotaProfile::DEFAULT.with_rate(RequestQuota::Operation("ListKeys"), rare);
    let kms = Kms::builder().quotas(quotas).build().unwrap();
    let client = kms.client(REGION, root()).unwrap();
    answer(&client, "ListKeys", json!({}));
    let reply = call(&client, "ListKeys", "{}");
    assert_eq!(reply.status, 400);
    let text = "You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls.";
    assert_eq!(json(&reply), json!({ "__type": "ThrottlingException", "message": text }));
    // Others are charged for themselves.
    answer(&kms.client(REGION, Caller::account_root(OTHER_ACCOUNT).unwrap()).unwrap(), "ListKeys", json!({}));
}

/// Spec: API-106
#[test]
fn the_newer_text_is_written_where_a_ciphertext_is_not_for_the_caller() {
    let kms = Kms::in_memory();
    let owner = kms.client(REGION, root()).unwrap();
    let sealed = answer(&owner, "Encrypt", json!({ "KeyId": key(&owner), "Plaintext": "AA==" }));
    let other = kms.client(REGION, Caller::account_root(OTHER_ACCOUNT).unwrap()).unwrap();
    let body = json!({ "CiphertextBlob": sealed["CiphertextBlob"] });
    let (code, message) = refusal(&other, "Decrypt", &body.to_string());
    let expected = "User: arn:aws:iam::444455556666:root is not authorized to perform: kms:Decrypt on the resource \
         associated with this ciphertext because the resource does not exist in this Region, no resource-based policies \
         allow access, or a resource-based policy explicitly denies access";
    assert_eq!((code, message.as_str()), ("AccessDeniedException", expected));
}

/// Spec: API-036
#[test]
fn a_policy_cannot_tell_a_dry_run_from_the_call() {
    let kms = Kms::in_memory();
    let owner = kms.client(REGION, root()).unwrap();
    let id = key(&owner);
    let policy = |condition: Value| {
        let statement = json!({
            "Effect": "Allow", "Action": "kms:Encrypt", "Resource": "*", "Condition": condition,
        });
        json!({ "Version": "2012-10-17", "Statement": statement }).to_string()
    };
    let outcome = |condition: Value, dry_run: bool| {
        let user = Caller::user(ACCOUNT, "alice").unwrap().identity_policy(&policy(condition)).unwrap();
        let user = kms.client(REGION, user).unwrap();
        let body = json!({ "KeyId": id, "Plaintext": "AA==", "DryRun": dry_run });
        call(&user, "Encrypt", &body.to_string()).error_type
    };
    for (condition, allowed) in [
        (json!({}), true),
        (json!({ "StringEquals": { "aws:PrincipalAccount": ACCOUNT } }), true),
        (json!({ "StringEquals": { "aws:PrincipalAccount": OTHER_ACCOUNT } }), false),
        (json!({ "Null": { "kms:DryRun": "false" } }), false),
        (json!({ "Bool": { "kms:DryRun": "true" } }), false),
    ] {
        let (real, dry) = if allowed {
            (None, "DryRunOperationException")
        } else {
            (Some("AccessDeniedException"), "AccessDeniedException")
        };
        assert_eq!((outcome(condition.clone(), false), outcome(condition, true)), (real, Some(dry)));
    }
}
