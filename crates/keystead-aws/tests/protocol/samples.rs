//! What the programming guide shows, and what the model has gained since.

use keystead::Kms;
use serde_json::{Value, json};

use crate::support::{REGION, answer, call, client, json, key, refusal, root};

/// Spec: API-117
#[test]
fn the_grant_samples_of_the_guide_work() {
    let client = client();
    let id = key(&client);
    let grantee = "arn:aws:iam::111122223333:root";
    let create = |operations: Value| {
        answer(&client, "CreateGrant", json!({ "KeyId": id, "GranteePrincipal": grantee, "Operations": operations }))
    };
    let list = |filter: Value| {
        let mut body = json!({ "KeyId": id, "Limit": 10 });
        body.as_object_mut().unwrap().extend(filter.as_object().unwrap().clone());
        answer(&client, "ListGrants", body)["Grants"].as_array().unwrap().clone()
    };
    let first = create(json!(["GenerateDataKey"]));
    let second = create(json!(["Encrypt", "Decrypt"]));
    assert_eq!(list(json!({})).len(), 2);
    let found = list(json!({ "GrantId": first["GrantId"] }));
    assert_eq!((found.len(), &found[0]["Operations"]), (1, &json!(["GenerateDataKey"])));
    assert_eq!(list(json!({ "GranteePrincipal": grantee })).len(), 2);
    assert_eq!(list(json!({ "GranteePrincipal": "arn:aws:iam::111122223333:user/bob" })).len(), 0);
    answer(&client, "RetireGrant", json!({ "GrantToken": first["GrantToken"] }));
    answer(&client, "RevokeGrant", json!({ "KeyId": id, "GrantId": second["GrantId"] }));
    assert_eq!(list(json!({})).len(), 0);
}

/// Spec: API-118
#[test]
fn the_defects_of_the_samples_do_what_they_say() {
    let client = client();
    let id = key(&client);
    for name in ["a", "b"] {
        let grantee = "arn:aws:iam::111122223333:root";
        let grant = json!({ "KeyId": id, "Name": name, "GranteePrincipal": grantee, "Operations": ["Decrypt"] });
        answer(&client, "CreateGrant", grant);
    }
    // `Grantee` is no parameter, so it filters nothing.
    let listed = answer(&client, "ListGrants", json!({ "KeyId": id, "Grantee": "arn:aws:iam::111122223333:user/bob" }));
    assert_eq!(listed["Grants"].as_array().unwrap().len(), 2);
    // The principal of the PHP sample, in a document that ends and in one that does not.
    let statement =
        json!({ "Effect": "Allow", "Principal": { "AWS": ":user/root" }, "Action": "kms:*", "Resource": "*" });
    let policy = json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string();
    for policy in [policy.as_str(), &policy[..policy.len() - 1]] {
        let (code, _) = refusal(&client, "PutKeyPolicy", &json!({ "KeyId": id, "Policy": policy }).to_string());
        assert_eq!(code, "MalformedPolicyDocumentException");
    }
}

/// Spec: API-120
#[test]
fn keys_of_the_newer_specs_are_made_and_described() {
    let client = client();
    let expected = [
        ("ECC_NIST_EDWARDS25519", "SIGN_VERIFY", "SigningAlgorithms", json!(["ED25519_SHA_512", "ED25519_PH_SHA_512"])),
        ("ECC_NIST_P256", "KEY_AGREEMENT", "KeyAgreementAlgorithms", json!(["ECDH"])),
        ("ML_DSA_44", "SIGN_VERIFY", "SigningAlgorithms", json!(["ML_DSA_SHAKE_256"])),
        ("ML_DSA_65", "SIGN_VERIFY", "SigningAlgorithms", json!(["ML_DSA_SHAKE_256"])),
        ("ML_DSA_87", "SIGN_VERIFY", "SigningAlgorithms", json!(["ML_DSA_SHAKE_256"])),
        ("ML_KEM_512", "ENCAPSULATE_DECAPSULATE", "EncapsulationAlgorithms", json!(["ML_KEM"])),
        ("ML_KEM_768", "ENCAPSULATE_DECAPSULATE", "EncapsulationAlgorithms", json!(["ML_KEM"])),
        ("ML_KEM_1024", "ENCAPSULATE_DECAPSULATE", "EncapsulationAlgorithms", json!(["ML_KEM"])),
    ];
    for (spec, usage, member, algorithms) in expected {
        let created = answer(&client, "CreateKey", json!({ "KeySpec": spec, "KeyUsage": usage }));
        let metadata = &created["KeyMetadata"];
        assert_eq!((&metadata["KeySpec"], &metadata["KeyUsage"]), (&json!(spec), &json!(usage)));
        assert_eq!(metadata[member], algorithms, "{spec}");
    }
    let id = key(&client);
    for spec in ["ECC_NIST_EDWARDS25519", "ML_KEM_512", "ML_KEM_768", "ML_KEM_1024"] {
        let body = json!({ "KeyId": id, "KeyPairSpec": spec });
        assert_eq!(answer(&client, "GenerateDataKeyPairWithoutPlaintext", body)["KeyPairSpec"], spec);
    }
    let signer = answer(&client, "CreateKey", json!({ "KeySpec": "ML_DSA_44", "KeyUsage": "SIGN_VERIFY" }));
    let body = json!({
        "KeyId": signer["KeyMetadata"]["KeyId"], "SigningAlgorithm": "ML_DSA_SHAKE_256", "MessageType": "EXTERNAL_MU",
        "Message": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==",
    });
    assert_eq!(answer(&client, "Sign", body)["SigningAlgorithm"], "ML_DSA_SHAKE_256");
}

/// Spec: API-124
#[test]
fn nothing_is_shared_from_other_accounts_by_default() {
    let client = client();
    let id = key(&client);
    let ids = |owners: Value| {
        let listed = answer(&client, "ListKeys", json!({ "ResourceOwners": owners }));
        assert_eq!(listed["Truncated"], false);
        listed["Keys"].as_array().unwrap().iter().map(|key| key["KeyId"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(ids(json!(["SELF"])), [json!(id)]);
    assert_eq!(ids(json!(["SELF", "OTHER_ACCOUNTS_VIA_RAM"])), [json!(id)]);
    assert_eq!(ids(json!(["OTHER_ACCOUNTS_VIA_RAM"])), Vec::<Value>::new());
    let body = json!({ "KeyId": id, "PolicyName": "AWS_RAM" }).to_string();
    assert_eq!(refusal(&client, "GetKeyPolicy", &body).0, "NotFoundException");
}

/// Spec: API-029
#[test]
fn a_grant_token_is_never_necessary_by_default() {
    let kms = Kms::in_memory();
    let owner = kms.client(REGION, root()).unwrap();
    let id = key(&owner);
    let bob = kms.client(REGION, keystead::Caller::user("111122223333", "bob").unwrap()).unwrap();
    let arn = answer(&owner, "DescribeKey", json!({ "KeyId": id }))["KeyMetadata"]["Arn"].clone();
    let body = json!({ "KeyId": arn, "Plaintext": "AA==" }).to_string();
    assert_eq!(call(&bob, "Encrypt", &body).error_type, Some("AccessDeniedException"));
    let grantee = "arn:aws:iam::111122223333:user/bob";
    answer(&owner, "CreateGrant", json!({ "KeyId": id, "GranteePrincipal": grantee, "Operations": ["Encrypt"] }));
    let reply = call(&bob, "Encrypt", &body);
    assert_eq!(reply.error_type, None, "{}", json(&reply));
}
