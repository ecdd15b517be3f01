//! What is answered to what.

use std::time::Duration;

use keystead::{Kms, ManualClock};
use keystead_aws::server::{Authentication, Credentials, KmsService, Limits};
use std::sync::Arc;

use crate::support::{ACCOUNT, Request, Server};

/// Spec: API-004, API-005, API-006
#[test]
fn calls_are_answered_as_by_the_service() {
    let server = Server::open();
    let created = server.call("CreateKey", "");
    assert_eq!(created.status, 200);
    assert_eq!(created.headers["content-type"], "application/x-amz-json-1.1");
    assert_eq!(created.headers["x-amzn-requestid"].len(), 36);
    let key = created.json()["KeyMetadata"]["KeyId"].as_str().unwrap().to_owned();

    let void = server.call("DisableKey", &format!(r#"{{"KeyId": "{key}"}}"#));
    assert_eq!((void.status, void.body.as_slice()), (200, &b""[..]));

    let failed = server.call("Encrypt", &format!(r#"{{"KeyId": "{key}", "Plaintext": "aGVsbG8K"}}"#));
    assert_eq!(failed.error(), (400, "DisabledException"));
    assert_eq!(failed.json()["__type"], "DisabledException");
    assert_eq!(failed.headers["x-amzn-requestid"].len(), 36);
    assert_ne!(failed.headers["x-amzn-requestid"], created.headers["x-amzn-requestid"]);
}

/// Spec: API-010
#[test]
fn what_is_no_call_is_an_unknown_operation() {
    let server = Server::open();
    let unknown = (400, "UnknownOperationException");
    assert_eq!(server.call("Nope", "{}").error(), unknown);
    let call = Request::kms("ListKeys", "{}");
    for request in [
        call.clone().without("x-amz-target"),
        call.clone().header("x-amz-target", "Trent.ListKeys"),
        call.clone().without("content-type"),
        call.clone().header("content-type", "application/json"),
    ] {
        assert_eq!(server.send(&request).error(), unknown);
    }
    for request in [Request { method: "GET", ..call.clone() }, Request { path: "/keys", ..call.clone() }] {
        assert_eq!(server.send(&request).error(), (404, "UnknownOperationException"));
    }
    // A connection goes on after a refusal.
    let mut connection = server.connect();
    for _ in 0..3 {
        assert_eq!(connection.send(&call.clone().without("x-amz-target")).error(), unknown);
    }
    let charset = call.header("content-type", "application/x-amz-json-1.1; charset=utf-8");
    assert_eq!(server.send(&charset).status, 200);
    for body in ["[]", "nothing", "{\"Limit\": \"ten\"}"] {
        assert_eq!(server.call("ListKeys", body).error(), (400, "SerializationException"), "{body}");
    }
}

/// A connection serves many requests, of several Regions; each Region has its own keys.
#[test]
fn one_connection_serves_all_regions() {
    let server = Server::open();
    let mut connection = server.connect();
    for region in ["eu-west-1", "us-west-2", "eu-west-1"] {
        let scope = format!(
            "AWS4-HMAC-SHA256 Credential=test/20260101/{region}/kms/aws4_request, SignedHeaders=host, Signature={}",
            "0".repeat(64)
        );
        let signed = |operation| {
            let request = Request::kms(operation, "{}").header("authorization", &scope);
            request.header("x-amz-date", "20260101T000000Z")
        };
        let created = connection.send(&signed("CreateKey"));
        let arn = created.json()["KeyMetadata"]["Arn"].as_str().unwrap().to_owned();
        assert!(arn.starts_with(&format!("arn:aws:kms:{region}:{ACCOUNT}:key/")), "{arn}");
        let keys = connection.send(&signed("ListKeys")).json()["Keys"].as_array().unwrap().len();
        assert!(keys == 1 || region == "eu-west-1", "{region}: {keys}");
    }
}

/// Pages of other sites cannot use a server that believes everybody.
#[test]
fn web_pages_are_refused_where_nobody_signs() {
    let server = Server::open();
    let call = Request::kms("ListKeys", "{}");
    let refused = (403, "AccessDeniedException");
    assert_eq!(server.send(&call.clone().header("origin", "https://evil.example")).error(), refused);
    assert_eq!(server.send(&call.clone().header("host", "evil.example")).error(), refused);
    assert_eq!(server.send(&call.header("host", "localhost:8200")).status, 200);
}

#[test]
fn reset_is_there_only_if_allowed() {
    let reset = Request { path: "/reset", ..Request::kms("ListKeys", "") };
    assert_eq!(Server::open().send(&reset).status, 404);

    let service = KmsService::new(Kms::in_memory(), Authentication::none(ACCOUNT.parse().unwrap()))
        .allow_reset(|| Kms::builder().build());
    let server = Server::start(service, Limits::default());
    let keys = || server.call("ListKeys", "{}").json()["Keys"].as_array().unwrap().len();
    server.call("CreateKey", "{}");
    assert_eq!(keys(), 1);
    assert_eq!(server.send(&reset).status, 200);
    assert_eq!(keys(), 0);
    let foreign = reset.clone().header("origin", "https://evil.example");
    assert_eq!(server.send(&foreign).status, 403);

    // Nor may web pages do it where callers sign.
    let service = KmsService::new(Kms::in_memory(), Authentication::SigV4(Credentials::default()))
        .allow_reset(|| Kms::builder().build());
    let server = Server::start(service, Limits::default());
    assert_eq!(server.send(&foreign).status, 403);
    assert_eq!(server.send(&reset).status, 200);
}

/// The instance goes by its own clock, signatures by that of the service.
#[test]
fn keys_follow_the_clock_of_the_instance() {
    let clock = Arc::new(ManualClock::at("2026-01-01T00:00:00Z"));
    let server = Server::of(Kms::builder().clock(Arc::clone(&clock)).build().unwrap());
    let created = server.call("CreateKey", "{}");
    assert_eq!(created.json()["KeyMetadata"]["CreationDate"], 1_767_225_600);
    let key = created.json()["KeyMetadata"]["KeyId"].as_str().unwrap().to_owned();
    server.call("ScheduleKeyDeletion", &format!(r#"{{"KeyId": "{key}", "PendingWindowInDays": 7}}"#));
    clock.advance(Duration::from_secs(8 * 86_400));
    let gone = server.call("DescribeKey", &format!(r#"{{"KeyId": "{key}"}}"#));
    assert_eq!(gone.error(), (400, "NotFoundException"));
}

/// Any tower stack can carry the service; here, axum does.
#[test]
fn axum_mounts_the_service() {
    let service = KmsService::new(Kms::in_memory(), Authentication::none(ACCOUNT.parse().unwrap()));
    let router: axum::Router = axum::Router::new().fallback_service(service);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let request = http::Request::post("/")
        .header("content-type", "application/x-amz-json-1.1")
        .header("x-amz-target", "TrentService.GenerateRandom")
        .body(axum::body::Body::from(r#"{"NumberOfBytes": 16}"#))
        .unwrap();
    let status = runtime.block_on(async {
        let mut router = router;
        tower_service::Service::call(&mut router, request).await.unwrap().status()
    });
    assert_eq!(status, 200);
}

/// Slow calls answer, too; several at once do not stop the quick ones.
#[test]
fn slow_calls_leave_the_executor() {
    let server = Server::open();
    let mut slow: Vec<_> = (0..4)
        .map(|_| {
            let mut connection = server.connect();
            connection
                .write(&Request::kms("GenerateDataKeyPair", r#"{"KeyId": "alias/none", "KeyPairSpec": "RSA_4096"}"#));
            connection
        })
        .collect();
    assert_eq!(server.call("ListKeys", "{}").status, 200);
    for connection in &mut slow {
        assert_eq!(connection.read().error(), (400, "NotFoundException"));
    }
}
