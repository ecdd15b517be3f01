//! Targets, bodies and headers.

use keystead::Kms;
use keystead_aws::protocol::{self, CONTENT_TYPE, MAX_BODY_BYTES, TARGET_PREFIX};
use serde_json::json;

use crate::support::model::Model;
use crate::support::{REGION, answer, call, client, json, key, root, text};

/// Spec: API-003, API-010
#[test]
fn every_operation_of_the_model_is_known_and_no_other() {
    let (model, client) = (Model::get(), client());
    assert_eq!(format!("{}.", model.metadata["targetPrefix"].as_str().unwrap()), TARGET_PREFIX);
    assert_eq!(format!("application/x-amz-json-{}", model.metadata["jsonVersion"].as_str().unwrap()), CONTENT_TYPE);
    assert_eq!(model.operations.len(), 56);
    for name in model.operations.keys() {
        assert_ne!(call(&client, name, "{}").error_type, Some("UnknownOperationException"), "{name}");
    }
    let unknown = [
        "",
        "Encrypt",
        "TrentService",
        "TrentService.",
        "TrentService.Nope",
        "trentservice.Encrypt",
        "TrentService.encrypt",
        "TrentService.Encrypt ",
        "TrentService.Encrypt.Encrypt",
        "DynamoDB_20120810.GetItem",
    ];
    for target in unknown {
        let reply = protocol::handle(&client, target, b"{}");
        assert_eq!((reply.status, reply.error_type), (400, Some("UnknownOperationException")), "{target}");
    }
}

/// Spec: API-004
#[test]
fn an_empty_body_is_an_empty_object() {
    let client = client();
    key(&client);
    assert_eq!(json(&call(&client, "ListKeys", "")), json(&call(&client, "ListKeys", "{}")));
    assert_eq!(text(&call(&client, "Encrypt", "")), text(&call(&client, "Encrypt", " { } ")));
}

/// Spec: API-010
#[test]
fn a_body_that_is_no_object_is_refused() {
    let client = client();
    for body in ["null", "[]", "\"{}\"", "1", "true", "{", "{}{}", "{'KeyId': 1}", "{\"KeyId\"}", "\u{feff}{}", "  "] {
        assert_eq!(call(&client, "ListKeys", body).error_type, Some("SerializationException"), "{body}");
    }
    // In members that are known, and in those that are ignored.
    for body in [&b"{\"Marker\": \"\xff\"}"[..], b"{\"Unheard\": \"\xff\"}"] {
        let reply = protocol::handle(&client, "TrentService.ListKeys", body);
        assert_eq!(reply.error_type, Some("SerializationException"));
    }
}

#[test]
fn a_body_that_is_too_large_is_not_read() {
    let body = vec![b' '; MAX_BODY_BYTES + 1];
    let reply = protocol::handle(&client(), "TrentService.ListKeys", &body);
    assert_eq!((reply.status, reply.error_type), (413, Some("RequestEntityTooLargeException")));
}

/// Spec: API-004
#[test]
fn the_content_type_is_that_of_json_1_1_with_or_without_parameters() {
    for right in
        ["application/x-amz-json-1.1", "Application/X-AMZ-JSON-1.1", "application/x-amz-json-1.1; charset=utf-8"]
    {
        assert!(protocol::is_content_type(right), "{right}");
    }
    for wrong in ["", "application/json", "application/x-amz-json-1.0", "application/x-amz-json-1.1x", "text/plain"] {
        assert!(!protocol::is_content_type(wrong), "{wrong}");
    }
}

/// Spec: API-005
#[test]
fn operations_without_output_answer_with_an_empty_body() {
    let client = Kms::in_memory().client(REGION, root()).unwrap();
    let id = key(&client);
    let grant = |client| {
        answer(
            client,
            "CreateGrant",
            json!({
                "KeyId": id, "GranteePrincipal": "arn:aws:iam::111122223333:root", "Operations": ["Decrypt"],
            }),
        )
    };
    let other = key(&client);
    let primary = answer(&client, "CreateKey", json!({ "MultiRegion": true }))["KeyMetadata"]["KeyId"].clone();
    answer(&client, "ReplicateKey", json!({ "KeyId": primary, "ReplicaRegion": "eu-west-1" }));
    answer(&client, "DescribeKey", json!({ "KeyId": primary }));
    let policy = answer(&client, "GetKeyPolicy", json!({ "KeyId": id }))["Policy"].clone();
    let calls = [
        ("CreateAlias", json!({ "AliasName": "alias/a", "TargetKeyId": id })),
        ("UpdateAlias", json!({ "AliasName": "alias/a", "TargetKeyId": other })),
        ("DeleteAlias", json!({ "AliasName": "alias/a" })),
        ("DisableKey", json!({ "KeyId": id })),
        ("EnableKey", json!({ "KeyId": id })),
        ("EnableKeyRotation", json!({ "KeyId": id })),
        ("DisableKeyRotation", json!({ "KeyId": id })),
        ("PutKeyPolicy", json!({ "KeyId": id, "Policy": policy })),
        ("RetireGrant", json!({ "GrantToken": grant(&client)["GrantToken"] })),
        ("RevokeGrant", json!({ "KeyId": id, "GrantId": grant(&client)["GrantId"] })),
        ("TagResource", json!({ "KeyId": id, "Tags": [{ "TagKey": "a", "TagValue": "b" }] })),
        ("UntagResource", json!({ "KeyId": id, "TagKeys": ["a"] })),
        ("UpdateKeyDescription", json!({ "KeyId": id, "Description": "orders" })),
        ("UpdatePrimaryRegion", json!({ "KeyId": primary, "PrimaryRegion": "eu-west-1" })),
    ];
    for (operation, body) in &calls {
        let reply = call(&client, operation, &body.to_string());
        assert_eq!((reply.status, text(&reply).as_str()), (200, ""), "{operation}");
    }
    let without_output = Model::get().operations.iter().filter(|(_, operation)| operation.output.is_none());
    let mut called: Vec<_> = calls.iter().map(|(operation, _)| *operation).collect();
    called.sort_unstable();
    assert!(without_output.map(|(name, _)| name.as_str()).eq(called));
}

/// Spec: API-005, API-006
#[test]
fn every_answer_has_its_headers() {
    let kms = Kms::in_memory();
    let client = kms.client(REGION, root()).unwrap();
    let good = call(&client, "ListKeys", "{}");
    let bad = call(&client, "DescribeKey", r#"{ "KeyId": "none" }"#);
    let ids: Vec<_> = kms.audit_trail().iter().map(|record| record.request_id.unwrap().to_string()).collect();
    let header =
        |reply: &protocol::Reply, name| reply.headers().find(|(known, _)| *known == name).map(|(_, value)| value);
    for (reply, id) in [(&good, &ids[0]), (&bad, &ids[1])] {
        assert_eq!(header(reply, "content-type").as_deref(), Some(CONTENT_TYPE));
        assert_eq!(header(reply, "x-amzn-requestid").as_ref(), Some(id));
    }
    assert_eq!(header(&good, "x-amzn-errortype"), None);
    assert_eq!(header(&bad, "x-amzn-errortype").as_deref(), Some("NotFoundException"));
}

#[test]
fn what_may_take_long_is_known_before() {
    let blocks =
        |operation: &str, body: &str| protocol::may_block(&format!("TrentService.{operation}"), body.as_bytes());
    assert!(blocks("CreateKey", r#"{ "KeySpec": "RSA_4096", "KeyUsage": "SIGN_VERIFY" }"#));
    assert!(blocks("GenerateDataKeyPair", r#"{ "KeyId": "alias/a", "KeyPairSpec": "RSA_2048" }"#));
    assert!(blocks("GetParametersForImport", r#"{ "WrappingKeySpec": "RSA_2048" }"#));
    assert!(blocks("ImportKeyMaterial", "{}"));
    assert!(blocks("ConnectCustomKeyStore", "{}"));
    assert!(!blocks("CreateKey", "{}"));
    assert!(!blocks("GenerateDataKeyPair", r#"{ "KeyPairSpec": "ECC_NIST_P256" }"#));
    assert!(!blocks("Encrypt", r#"{ "EncryptionAlgorithm": "RSAES_OAEP_SHA_256" }"#));
    assert!(!blocks("Nope", "RSA"));
}

/// Spec: API-002, API-110
#[test]
fn the_json_form_does_what_the_typed_call_does() {
    let kms = Kms::in_memory();
    let client = kms.client(REGION, root()).unwrap();
    let id = key(&client);
    let typed = |plaintext: &[u8]| {
        let sent = client.encrypt(id.as_str(), plaintext).context("a", "b").send();
        sent.map(drop).map_err(|error| (error.code(), error.message().to_owned()))
    };
    let wired = |plaintext: &[u8]| {
        use base64::Engine;
        let plaintext = base64::engine::general_purpose::STANDARD.encode(plaintext);
        let body = json!({ "KeyId": id, "Plaintext": plaintext, "EncryptionContext": { "a": "b" } });
        let reply = call(&client, "Encrypt", &body.to_string());
        let message = || json(&reply)["message"].as_str().unwrap().to_owned();
        reply.error_type.map_or(Ok(()), |code| Err((code, message())))
    };
    let before = kms.audit_trail().len();
    for plaintext in [&b"orders"[..], b"", &[0; 4097]] {
        assert_eq!(typed(plaintext), wired(plaintext));
    }
    client.disable_key(id.as_str()).send().unwrap();
    assert_eq!(typed(b"orders"), wired(b"orders"));
    assert_eq!(typed(b"orders").unwrap_err().0, "DisabledException");
    client.enable_key(id.as_str()).send().unwrap();

    // The records differ in their IDs and times only.
    let shown: Vec<_> = kms.audit_trail()[before..]
        .iter()
        .filter(|record| record.event_name == "Encrypt")
        .map(|record| {
            let mut record = serde_json::to_value(record).unwrap();
            for unique in ["requestID", "eventID", "eventTime"] {
                record.as_object_mut().unwrap().remove(unique).unwrap();
            }
            record
        })
        .collect();
    assert_eq!(shown.len(), 9);
    for pair in shown[..8].chunks(2) {
        assert_eq!(pair[0], pair[1]);
    }

    // One face opens what the other has sealed.
    let sealed = client.encrypt(id.as_str(), b"orders").send().unwrap();
    use base64::Engine;
    let engine = base64::engine::general_purpose::STANDARD;
    let opened = answer(&client, "Decrypt", json!({ "CiphertextBlob": engine.encode(&sealed.ciphertext_blob) }));
    assert_eq!(engine.decode(opened["Plaintext"].as_str().unwrap()).unwrap(), b"orders");
}
