//! Who calls, and who is believed.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use keystead::{Kms, MemorySink};
use keystead_aws::server::{Authentication, Credentials, CredentialsError, KmsService, Limits};

use crate::support::{Request, Server, Signer};

const CREDENTIALS: &str = r#"
[credentials.AKIAALICE]
secret_access_key = "alice's secret"
principal = "arn:aws:iam::111122223333:user/division/alice"
unique_id = "AIDAALICE"
policies = ['{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "kms:*", "Resource": "*"}}']
tags = { team = "orders" }

[credentials.ASIAROLE]
secret_access_key = "role's secret"
session_token = "role's token"
principal = "arn:aws:sts::444455556666:assumed-role/orders/pod-7"

[credentials.ASIAOLD]
secret_access_key = "old secret"
session_token = "old token"
expires = 2020-01-01T00:00:00Z
principal = "arn:aws:iam::111122223333:root"
"#;

fn alice() -> Signer {
    Signer::new("AKIAALICE", "alice's secret")
}

#[test]
fn signed_calls_are_those_of_their_principal() {
    let server = Server::verifying(CREDENTIALS);
    let call = |operation: &str, body: &str, signer: &Signer| {
        server.send(&Request::kms(operation, body).signed(&server, signer))
    };
    let created = call("CreateKey", "{}", &alice());
    assert_eq!(created.status, 200, "{}", created.text());
    assert_eq!(created.json()["KeyMetadata"]["AWSAccountId"], "111122223333");
    let key = created.json()["KeyMetadata"]["Arn"].as_str().unwrap().to_owned();
    let body = format!(r#"{{"KeyId": "{key}", "Plaintext": "aGVsbG8K"}}"#);
    assert_eq!(call("Encrypt", &body, &alice()).status, 200);
    // The role exists, signs rightly, and is allowed nothing.
    let role = Signer { token: Some("role's token"), ..Signer::new("ASIAROLE", "role's secret") };
    assert_eq!(call("Encrypt", &body, &role).error(), (400, "AccessDeniedException"));
    let elsewhere = Signer { region: "eu-west-1", ..alice() };
    assert_eq!(call("ListKeys", "{}", &elsewhere).json()["Keys"].as_array().unwrap().len(), 0);
}

#[test]
fn who_does_not_sign_rightly_is_refused() {
    let server = Server::verifying(CREDENTIALS);
    let call = || Request::kms("ListKeys", "{}");
    let code = |request: Request| {
        let response = server.send(&request);
        assert_eq!(response.json()["__type"], response.error_type());
        assert!(response.status == 400 || response.status == 403);
        response.error_type().to_owned()
    };
    assert_eq!(code(call()), "MissingAuthenticationTokenException");
    assert_eq!(code(call().header("authorization", "AWS4-HMAC-SHA256 x=y")), "IncompleteSignatureException");
    let signed = |signer: Signer| call().signed(&server, &signer);
    assert_eq!(code(signed(Signer::new("AKIANOBODY", "x"))), "UnrecognizedClientException");
    assert_eq!(code(signed(Signer::new("AKIAALICE", "x"))), "InvalidSignatureException");
    assert_eq!(code(signed(Signer { token: Some("x"), ..alice() })), "UnrecognizedClientException");
    let role = || Signer::new("ASIAROLE", "role's secret");
    assert_eq!(code(signed(role())), "UnrecognizedClientException");
    assert_eq!(code(signed(Signer { token: Some("another"), ..role() })), "UnrecognizedClientException");
    let old = Signer { token: Some("old token"), ..Signer::new("ASIAOLD", "old secret") };
    assert_eq!(code(signed(old)), "ExpiredTokenException");
    let late = Signer { at: SystemTime::now() - Duration::from_secs(600), ..alice() };
    assert_eq!(code(signed(late)), "InvalidSignatureException");
    assert_eq!(code(signed(Signer { service: "sts", ..alice() })), "InvalidSignatureException");
    assert_eq!(code(signed(Signer { region: "nowhere!", ..alice() })), "InvalidSignatureException");

    let mut altered = signed(alice());
    altered.body = b"{ }".to_vec();
    assert_eq!(code(altered), "InvalidSignatureException");
    let other = signed(alice()).header("x-amz-target", "TrentService.CreateKey");
    assert_eq!(code(other), "InvalidSignatureException");
    assert_eq!(server.send(&signed(alice())).status, 200);
}

/// Clients ask STS who they are.
#[test]
fn callers_learn_who_they_are() {
    let server = Server::verifying(CREDENTIALS);
    let sts = |signer: Signer| Signer { service: "sts", ..signer };
    let mine = server.send(&Request::identity().signed(&server, &sts(alice())));
    assert_eq!((mine.status, mine.headers["content-type"].as_str()), (200, "text/xml"));
    let text = mine.text();
    assert!(text.contains("<Arn>arn:aws:iam::111122223333:user/division/alice</Arn>"), "{text}");
    assert!(text.contains("<UserId>AIDAALICE</UserId><Account>111122223333</Account>"), "{text}");

    let refused = server.send(&Request::identity());
    assert_eq!(refused.status, 403);
    assert!(refused.text().contains("<Code>MissingAuthenticationToken</Code>"), "{}", refused.text());

    let mut other = Request::identity();
    other.body = b"Action=<Assume&Version=2011-06-15".to_vec();
    let other = server.send(&other.signed(&server, &sts(alice())));
    assert_eq!(other.status, 400);
    assert!(other.text().contains("<Code>InvalidAction</Code>"), "{}", other.text());
    assert!(other.text().contains("operation &lt;Assume for"), "{}", other.text());
}

/// Without credentials an access key of twelve digits names an account; any other one the default account.
#[test]
fn unverified_callers_are_roots() {
    let server = Server::open();
    let who = |access_key_id| {
        let signer = Signer { service: "sts", ..Signer::new(access_key_id, "anything") };
        server.send(&Request::identity().signed(&server, &signer)).text()
    };
    assert!(who("444455556666").contains("<Arn>arn:aws:iam::444455556666:root</Arn>"));
    assert!(who("AKIAIOSFODNN7EXAMPLE").contains("<Arn>arn:aws:iam::111122223333:root</Arn>"));
    assert!(server.send(&Request::identity()).text().contains("<UserId>111122223333</UserId>"));
}

/// The audit record shows from where a call came, and the request ID that the client got.
#[test]
fn records_show_address_agent_and_access_key() {
    let sink = Arc::new(MemorySink::new(10));
    let kms = Kms::builder().audit_sink(Arc::clone(&sink)).build().unwrap();
    let credentials = Authentication::SigV4(Credentials::from_toml(CREDENTIALS).unwrap());
    let server = Server::start(KmsService::new(kms, credentials), Limits::default());
    let request = Request::kms("ListKeys", "{}").header("user-agent", "aws-cli/2").signed(&server, &alice());
    let response = server.send(&request);
    let record = sink.records().pop().unwrap();
    assert_eq!(record.source_ip_address, "127.0.0.1");
    assert_eq!(record.user_agent, "aws-cli/2");
    assert_eq!(record.user_identity.access_key_id.as_deref(), Some("AKIAALICE"));
    assert_eq!(record.user_identity.user_name.as_deref(), Some("alice"));
    let json: serde_json::Value = serde_json::from_str(&record.to_json()).unwrap();
    assert_eq!(json["requestID"], response.headers["x-amzn-requestid"].as_str());
}

#[test]
fn credentials_are_read_strictly_and_no_error_shows_a_secret() {
    let error = |text: &str| {
        let error = Credentials::from_toml(text).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("s3cr3t"), "{error:?}");
        error
    };
    let entry = "[credentials.A]\nsecret_access_key = \"s3cr3t\"\n";
    assert!(matches!(error("[credentials.A]\nsecret_access_key = \"s3cr3t\nx"), CredentialsError::Toml { .. }));
    assert!(matches!(error(&format!("{entry}principle = \"x\"")), CredentialsError::Toml { line: 3, .. }));
    assert!(matches!(error(entry), CredentialsError::Toml { .. }));
    assert!(matches!(error(&format!("{entry}principal = \"bob\"")), CredentialsError::Principal { .. }));
    let root = "principal = \"arn:aws:iam::111122223333:root\"\n";
    assert!(matches!(error(&format!("{entry}{root}policies = [\"{{\"]")), CredentialsError::Policy { .. }));
    assert!(matches!(error(&format!("{entry}{root}policy_files = [\"/none\"]")), CredentialsError::Read { .. }));
    assert!(matches!(error(&format!("{entry}{root}expires = 2026-01-01")), CredentialsError::Toml { .. }));
    let empty = "[credentials.A]\nsecret_access_key = \"\"\nprincipal = \"arn:aws:iam::111122223333:root\"\n";
    assert!(matches!(error(empty), CredentialsError::EmptySecret(_)));
    assert_eq!(format!("{:?}", Credentials::from_toml(&format!("{entry}{root}")).unwrap()), r#"{"A"}"#);
}
