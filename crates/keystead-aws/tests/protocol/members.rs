//! How members are read and written.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use keystead::{Kms, ManualClock};
use serde_json::{Value, json};

use crate::support::{REGION, answer, call, client, key, refusal, root};

const SERIALIZATION: &str = "SerializationException";

/// Spec: API-007
#[test]
fn blobs_are_standard_base64_of_what_is_measured() {
    let client = client();
    let id = key(&client);
    let encrypt = |plaintext: &str| {
        call(&client, "Encrypt", &json!({ "KeyId": id, "Plaintext": plaintext }).to_string()).error_type
    };
    for bytes in [&b"a"[..], b"ab", b"abc", &[0xff; 50], &[7; 4096]] {
        let plaintext = STANDARD.encode(bytes);
        let sealed = answer(&client, "Encrypt", json!({ "KeyId": id, "Plaintext": plaintext }));
        let opened = answer(&client, "Decrypt", json!({ "CiphertextBlob": sealed["CiphertextBlob"] }));
        assert_eq!(opened["Plaintext"], plaintext);
    }
    // 4,096 bytes are 5,464 characters: the limit is that of the bytes.
    assert_eq!(encrypt(&STANDARD.encode([7; 4097])), Some("ValidationException"));
    assert_eq!(encrypt(""), Some("ValidationException"));
    let malformed = ["not base64!", "YQ", "YQ=", "YR==", "YWJj\n", "YW Jj", "_-8=", "YWJjYQ==YWJj", "é"];
    for plaintext in malformed {
        assert_eq!(encrypt(plaintext), Some(SERIALIZATION), "{plaintext:?}");
    }
    // Escapes are of JSON and mean nothing.
    assert_eq!(
        call(&client, "Encrypt", &format!(r#"{{ "KeyId": "{id}", "Plaintext": "\/\u002b8=" }}"#)).error_type,
        None
    );
}

/// Spec: API-008
#[test]
fn instants_are_numbers_of_seconds() {
    let clock = Arc::new(ManualClock::at("2026-01-31T00:00:00Z"));
    let kms = Kms::builder().clock(Arc::clone(&clock)).build().unwrap();
    let client = kms.client(REGION, root()).unwrap();
    let id = key(&client);
    clock.advance(Duration::from_millis(123));
    let later = key(&client);
    let created =
        |id: &str| answer(&client, "DescribeKey", json!({ "KeyId": id }))["KeyMetadata"]["CreationDate"].clone();
    assert_eq!(created(&id), json!(1_769_817_600));
    assert_eq!(created(&later), json!(1_769_817_600.123));

    let import = |valid_to: &str| {
        let body = format!(
            r#"{{ "KeyId": "{id}", "ImportToken": "AA==", "EncryptedKeyMaterial": "AA==", "ValidTo": {valid_to} }}"#
        );
        call(&client, "ImportKeyMaterial", &body).error_type.unwrap()
    };
    for number in ["1800000000", "1800000000.5", "1800000000.123", "1.8e9"] {
        assert_eq!(import(number), "UnsupportedOperationException", "{number}");
    }
    assert_eq!(import("null"), "ValidationException", "an expiry is needed");
    for other in ["\"2030-01-01T00:00:00Z\"", "\"1800000000\"", "true", "{}", "[]", "1e300", "9223372036854775807"] {
        assert_eq!(import(other), SERIALIZATION, "{other}");
    }
}

/// Spec: API-009
#[test]
fn unknown_members_are_ignored_and_null_is_absence() {
    let client = client();
    let id = key(&client);
    let body = json!({
        "KeyId": id, "NumberOfBytes": 16, "KeySpec": null, "EncryptionContext": null, "GrantTokens": null,
        "Recipient": null, "DryRun": null, "Nope": { "Deep": [[{ "er": 1e300 }]] }, "keyId": 5,
    });
    assert_eq!(
        STANDARD.decode(answer(&client, "GenerateDataKey", body)["Plaintext"].as_str().unwrap()).unwrap().len(),
        16
    );
    let (code, message) = refusal(&client, "Encrypt", r#"{ "KeyId": null, "Plaintext": "AA==" }"#);
    assert_eq!(code, "ValidationException");
    assert!(message.contains("Value null at 'keyId'"), "{message}");
}

/// Spec: API-009, API-025
#[test]
fn a_member_of_the_wrong_type_is_named_and_not_repeated() {
    let client = client();
    let wrong = [
        ("Encrypt", "KeyId", "314159"),
        ("Encrypt", "KeyId", "[\"314159\"]"),
        ("Encrypt", "KeyId", "{\"314159\": 1}"),
        ("Encrypt", "Plaintext", "314159"),
        ("Encrypt", "Plaintext", "[3, 14, 159]"),
        ("Encrypt", "Plaintext", "\"314159!\""),
        ("Encrypt", "EncryptionContext", "\"314159\""),
        ("Encrypt", "EncryptionContext", "[\"314159\"]"),
        ("Encrypt", "EncryptionContext", "{ \"a\": { \"314159\": 1 } }"),
        ("Encrypt", "EncryptionContext", "{ \"a\": [314159] }"),
        ("Encrypt", "EncryptionContext", "{ \"a\": null }"),
        ("Encrypt", "GrantTokens", "\"314159\""),
        ("Encrypt", "GrantTokens", "[\"a\", 314159]"),
        ("Encrypt", "GrantTokens", "[null]"),
        ("Encrypt", "DryRun", "\"314159\""),
        ("Encrypt", "DryRun", "314159"),
        ("GenerateDataKey", "NumberOfBytes", "\"314159\""),
        ("GenerateDataKey", "NumberOfBytes", "314159.5"),
        ("GenerateDataKey", "NumberOfBytes", "314159314159314159314159"),
        ("GenerateDataKey", "Recipient", "\"314159\""),
        ("CreateGrant", "Constraints", "[314159]"),
        ("CreateKey", "Tags", "{ \"a\": 314159 }"),
        ("CreateKey", "Tags", "[\"314159\"]"),
        ("CreateKey", "Tags", "[{ \"TagKey\": \"314159\" }]"),
        ("CreateCustomKeyStore", "KeyStorePassword", "314159"),
    ];
    for (operation, member, value) in wrong {
        let (code, message) = refusal(&client, operation, &format!("{{ \"{member}\": {value} }}"));
        assert_eq!(code, SERIALIZATION, "{operation} {member} {value}");
        assert!(message.starts_with(&format!("{member} must be ")), "{message}");
        assert!(message.contains(" at line 1 column "), "{message}");
        assert!(!message.contains("314159"), "{message}");
    }
    let nested = r#"{ "Recipient": { "AttestationDocument": 314159 } }"#;
    let (_, message) = refusal(&client, "GenerateDataKey", nested);
    assert!(message.starts_with("AttestationDocument must be a Base64 string"), "{message}");
    let (code, message) = refusal(&client, "Encrypt", r#""314159""#);
    assert_eq!((code, message.contains("314159")), (SERIALIZATION, false), "{message}");
}

/// Spec: API-009, KEY-82
#[test]
fn numbers_and_switches_in_an_encryption_context_are_their_literal_text() {
    let client = client();
    let id = key(&client);
    let literals = ["1", "1.0", "1.50", "-0", "1e2", "true", "false", "123456789012345678901234567890"];
    for literal in literals {
        let body = format!(r#"{{ "KeyId": "{id}", "Plaintext": "AA==", "EncryptionContext": {{ "a": {literal} }} }}"#);
        let reply = call(&client, "Encrypt", &body);
        assert_eq!(reply.error_type, None, "{literal}");
        let sealed: Value = serde_json::from_slice(&reply.body).unwrap();
        let with = |context: Value| {
            let body = json!({ "CiphertextBlob": sealed["CiphertextBlob"], "EncryptionContext": context });
            call(&client, "Decrypt", &body.to_string()).error_type
        };
        assert_eq!(with(json!({ "a": literal })), None, "{literal}");
        assert_eq!(with(json!({ "a": format!("{literal} ") })), Some("InvalidCiphertextException"));
    }
}

/// Spec: API-011
#[test]
fn pairs_have_no_order_and_the_last_of_a_repeated_name_counts() {
    let client = client();
    let id = key(&client);
    let body = format!(
        r#"{{ "KeyId": "{id}", "Plaintext": "AA==", "EncryptionContext": {{ "b": "2", "a": "0", "\u0061": "1\n" }} }}"#
    );
    let sealed: Value = serde_json::from_slice(&call(&client, "Encrypt", &body).body).unwrap();
    let blob = &sealed["CiphertextBlob"];
    let open = |context: &str| {
        let body = format!(r#"{{ "CiphertextBlob": {blob}, "EncryptionContext": {context} }}"#);
        call(&client, "Decrypt", &body).error_type
    };
    assert_eq!(open(r#"{ "a": "1\n", "b": "2" }"#), None);
    assert_eq!(open(r#"{ "b": "2", "a": "1\u000a" }"#), None);
    assert_eq!(open(r#"{ "a": "0", "b": "2" }"#), Some("InvalidCiphertextException"));
    assert_eq!(open(r#"{ "b": "2" }"#), Some("InvalidCiphertextException"));
    // Members, too: the last one counts.
    let twice = format!(r#"{{ "KeyId": "none", "KeyId": "{id}" }}"#);
    assert_eq!(call(&client, "DescribeKey", &twice).error_type, None);
}

/// Spec: API-016, API-017
#[test]
fn what_is_well_formed_and_out_of_bounds_is_collected_in_one_message() {
    let client = client();
    let body = json!({ "KeyId": "a", "Message": STANDARD.encode([7; 4097]), "MacAlgorithm": "X" });
    let (code, message) = refusal(&client, "GenerateMac", &body.to_string());
    assert_eq!(code, "ValidationException");
    assert!(message.starts_with("2 validation errors detected: "), "{message}");
    assert!(message.contains("'message'") && message.contains("'macAlgorithm'"), "{message}");
    assert!(!message.contains("BwcH"), "{message}");
}

/// Spec: API-127
#[test]
fn addresses_of_key_stores_have_the_patterns_of_the_model() {
    let client = client();
    let create = |member: &str, value: &str| {
        let body = json!({ "CustomKeyStoreName": "store", "CustomKeyStoreType": "EXTERNAL_KEY_STORE", member: value });
        call(&client, "CreateCustomKeyStore", &body.to_string()).error_type.unwrap()
    };
    let fits = "UnsupportedOperationException";
    for (member, value) in [
        ("XksProxyUriPath", "/kms/xks/v1"),
        ("XksProxyUriPath", "/example/kms/xks/v10"),
        ("XksProxyVpcEndpointServiceName", "com.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0"),
        ("XksProxyVpcEndpointServiceName", "eu.amazonaws.vpce.eusc-de-east-1.vpce-svc-0123456789abcde"),
        ("XksProxyVpcEndpointServiceOwner", "111122223333"),
    ] {
        assert_eq!(create(member, value), fits, "{member} {value}");
    }
    for (member, value) in [
        ("XksProxyUriPath", "/kms/xks/v100"),
        ("XksProxyUriPath", "/kms/xks/vx"),
        ("XksProxyVpcEndpointServiceName", "cn.amazonaws.vpce.us-east-1.vpce-svc-0123456789abcdef0"),
        ("XksProxyVpcEndpointServiceOwner", "11112222333"),
    ] {
        assert_eq!(create(member, value), "ValidationException", "{member} {value}");
    }
}
