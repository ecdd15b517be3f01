//! What the operations on grants accept and refuse.

use std::sync::Arc;
use std::time::Duration;

use keystead::{Caller, Client, Kms, ManualClock};
use serde_json::{Value, json};

use crate::support::{ACCOUNT, OTHER_ACCOUNT, REGION, answer, call, client, json, key, root};

const ROOT: &str = "arn:aws:iam::111122223333:root";
const SERVICE: &str = "logs.us-west-2.amazonaws.com";
const SOURCE: &str = "arn:aws:logs:us-west-2:111122223333:log-group:orders";
const VALIDATION: Option<&str> = Some("ValidationException");

/// CreateGrant on a key with these members.
fn create(client: &Client, key: &str, members: &Value) -> Option<&'static str> {
    let mut body = json!({ "KeyId": key });
    body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    call(client, "CreateGrant", &body.to_string()).error_type
}

/// Spec: API-068
#[test]
fn a_grant_has_one_grantee_and_operations() {
    let client = client();
    let id = key(&client);
    let source = json!({ "SourceArn": SOURCE });
    let good = [
        json!({ "GranteePrincipal": ROOT, "Operations": ["Decrypt"] }),
        json!({ "GranteePrincipal": ROOT, "Operations": ["Decrypt", "Encrypt"], "RetiringPrincipal": ROOT }),
        json!({
            "GranteeServicePrincipal": SERVICE, "Operations": ["Decrypt"], "Constraints": source,
            "RetiringServicePrincipal": SERVICE,
        }),
        json!({
            "GranteeServicePrincipal": SERVICE, "Operations": ["Decrypt"], "Constraints": source,
            "RetiringPrincipal": ROOT,
        }),
    ];
    for members in &good {
        assert_eq!(create(&client, &id, members), None, "{members}");
    }
    let bad = [
        json!({ "GranteePrincipal": ROOT }),
        json!({ "GranteePrincipal": ROOT, "Operations": [] }),
        json!({ "Operations": ["Decrypt"] }),
        json!({
            "GranteePrincipal": ROOT, "GranteeServicePrincipal": SERVICE, "Operations": ["Decrypt"],
            "Constraints": source, "RetiringPrincipal": ROOT,
        }),
        json!({ "GranteeServicePrincipal": SERVICE, "Operations": ["Decrypt"], "RetiringPrincipal": ROOT }),
        json!({ "GranteeServicePrincipal": SERVICE, "Operations": ["Decrypt"], "Constraints": source }),
        json!({
            "GranteePrincipal": ROOT, "Operations": ["Decrypt"], "RetiringPrincipal": ROOT,
            "RetiringServicePrincipal": SERVICE,
        }),
        json!({ "GranteePrincipal": ROOT, "Operations": ["Decrypt"], "Constraints": { "SourceArn": "arn:aws:s3:::b" } }),
        json!({
            "GranteePrincipal": ROOT, "Operations": ["Decrypt"],
            "Constraints": { "SourceArn": format!("{SOURCE}{}", "x".repeat(512)) },
        }),
    ];
    for members in &bad {
        assert_eq!(create(&client, &id, members), VALIDATION, "{members}");
    }
    let listed = answer(&client, "ListGrants", json!({ "KeyId": id }));
    assert_eq!(listed["Grants"].as_array().unwrap().len(), good.len());
    // Grants that a service retires are shown to that service.
    let body = json!({ "RetiringServicePrincipal": SERVICE }).to_string();
    assert_eq!(call(&client, "ListRetirableGrants", &body).error_type, Some("AccessDeniedException"));
}

/// Spec: API-069
#[test]
fn operations_and_constraints_fit_the_key() {
    let client = client();
    let symmetric = key(&client);
    let of = |spec: &str, usage: &str| {
        let created = answer(&client, "CreateKey", json!({ "KeySpec": spec, "KeyUsage": usage }));
        created["KeyMetadata"]["KeyId"].as_str().unwrap().to_owned()
    };
    let (signer, hmac) = (of("ECC_NIST_P256", "SIGN_VERIFY"), of("HMAC_256", "GENERATE_VERIFY_MAC"));
    let grant = |key: &str, operation: &str, constraints: Value| {
        let members = json!({ "GranteePrincipal": ROOT, "Operations": [operation], "Constraints": constraints });
        create(&client, key, &members)
    };
    let pairs = |count: usize| (0..count).map(|n| (n.to_string(), json!("v"))).collect::<serde_json::Map<_, _>>();
    assert_eq!(grant(&symmetric, "Sign", Value::Null), VALIDATION);
    assert_eq!(grant(&signer, "Encrypt", Value::Null), VALIDATION);
    assert_eq!(grant(&signer, "Sign", Value::Null), None);
    for name in ["EncryptionContextSubset", "EncryptionContextEquals"] {
        assert_eq!(grant(&symmetric, "Encrypt", json!({ name: pairs(8) })), None);
        assert_eq!(grant(&symmetric, "Encrypt", json!({ name: pairs(9) })), VALIDATION);
        assert_eq!(grant(&symmetric, "Encrypt", json!({ name: { "a": "v".repeat(384) } })), None);
        assert_eq!(grant(&symmetric, "Encrypt", json!({ name: { "a": "v".repeat(385) } })), VALIDATION);
        assert_eq!(grant(&signer, "Sign", json!({ name: pairs(1) })), VALIDATION);
        assert_eq!(grant(&hmac, "GenerateMac", json!({ name: pairs(1) })), VALIDATION);
    }
    let both = json!({ "EncryptionContextSubset": pairs(1), "EncryptionContextEquals": pairs(1) });
    assert_eq!(grant(&symmetric, "Encrypt", both), VALIDATION);
}

/// Spec: API-072, API-073
#[test]
fn a_grant_is_retired_by_token_or_by_name_and_revoked_by_name() {
    let client = client();
    let id = key(&client);
    let grant =
        || answer(&client, "CreateGrant", json!({ "KeyId": id, "GranteePrincipal": ROOT, "Operations": ["Decrypt"] }));
    let granted = grant();
    let (token, grant_id) = (&granted["GrantToken"], &granted["GrantId"]);
    let retire = |body: Value| call(&client, "RetireGrant", &body.to_string());
    for body in [
        json!({}),
        json!({ "KeyId": id }),
        json!({ "GrantId": grant_id }),
        json!({ "GrantToken": token, "KeyId": id, "GrantId": grant_id }),
        json!({ "GrantToken": token, "GrantId": grant_id }),
    ] {
        assert_eq!(retire(body.clone()).error_type, VALIDATION, "{body}");
    }
    for body in [json!({ "GrantToken": token }), json!({ "KeyId": id, "GrantId": grant()["GrantId"] })] {
        let reply = retire(body.clone());
        assert_eq!((reply.status, reply.body.len()), (200, 0));
        assert_eq!(retire(body).error_type, Some("NotFoundException"));
    }

    let revoke = |body: Value| call(&client, "RevokeGrant", &body.to_string());
    let granted = grant();
    assert_eq!(revoke(json!({ "GrantToken": granted["GrantToken"] })).error_type, VALIDATION);
    let reply = revoke(json!({ "KeyId": id, "GrantId": granted["GrantId"] }));
    assert_eq!((reply.status, reply.body.len()), (200, 0));
    assert_eq!(answer(&client, "ListGrants", json!({ "KeyId": id }))["Grants"], json!([]));
}

/// Spec: API-074
#[test]
fn retirable_grants_are_those_of_one_principal_on_keys_of_any_account() {
    let kms = Kms::in_memory();
    let mine = kms.client(REGION, root()).unwrap();
    let theirs = kms.client(REGION, Caller::account_root(OTHER_ACCOUNT).unwrap()).unwrap();
    for owner in [&mine, &theirs] {
        let body = json!({
            "KeyId": key(owner), "GranteePrincipal": "arn:aws:iam::444455556666:user/bob", "RetiringPrincipal": ROOT,
            "Operations": ["Decrypt"],
        });
        answer(owner, "CreateGrant", body);
    }
    let list = |body: Value| call(&mine, "ListRetirableGrants", &body.to_string());
    let listed = json(&list(json!({ "RetiringPrincipal": ROOT })));
    assert_eq!(listed["Grants"].as_array().unwrap().len(), 2);
    assert_eq!(list(json!({})).error_type, VALIDATION);
    assert_eq!(list(json!({ "RetiringPrincipal": ROOT, "RetiringServicePrincipal": SERVICE })).error_type, VALIDATION);
    let elsewhere = kms.client("eu-west-1", root()).unwrap();
    assert_eq!(answer(&elsewhere, "ListRetirableGrants", json!({ "RetiringPrincipal": ROOT }))["Grants"], json!([]));
}

/// Spec: API-029
#[test]
fn a_token_bridges_the_delay_of_a_simulated_change() {
    let clock = Arc::new(ManualClock::at("2026-01-31T00:00:00Z"));
    let minutes = Duration::from_secs(300);
    let kms = Kms::builder().clock(Arc::clone(&clock)).grant_visibility_delay(minutes).build().unwrap();
    let owner = kms.client(REGION, root()).unwrap();
    let bob = kms.client(REGION, Caller::user(ACCOUNT, "bob").unwrap()).unwrap();
    let id = key(&owner);
    let grantee = "arn:aws:iam::111122223333:user/bob";
    let body = json!({ "KeyId": id, "GranteePrincipal": grantee, "Operations": ["Encrypt"] });
    let token = answer(&owner, "CreateGrant", body)["GrantToken"].clone();
    let encrypt = |tokens: Value| {
        call(&bob, "Encrypt", &json!({ "KeyId": id, "Plaintext": "AA==", "GrantTokens": tokens }).to_string())
            .error_type
    };
    assert_eq!(encrypt(Value::Null), Some("AccessDeniedException"));
    assert_eq!(encrypt(json!([token])), None);
    clock.advance(minutes);
    assert_eq!(encrypt(Value::Null), None);
}
