//! The response types against the published API model.

use serde_json::{Map, Value};

use super::super::ROWS;
use super::model::Model;
use crate::json::WriteMember;
use crate::operations::*;
use crate::request::ApiRequest;

/// What a response type says of itself; nothing for operations without output.
trait Described {
    fn described() -> Option<Value>;
}

impl Described for Unit {
    fn described() -> Option<Value> {
        None
    }
}

impl<T: WriteMember> Described for T {
    fn described() -> Option<Value> {
        Some(T::describe())
    }
}

macro_rules! described {
    ($($request:ident)*) => {
        vec![$((
            <$request<'_> as ApiRequest>::NAME,
            <<$request<'_> as ApiRequest>::Response as Described>::described(),
        )),*]
    };
}

fn responses() -> Vec<(&'static str, Option<Value>)> {
    described!(
        CancelKeyDeletion ConnectCustomKeyStore CreateAlias CreateCustomKeyStore CreateGrant CreateKey Decapsulate
        Decrypt DeleteAlias DeleteCustomKeyStore DeleteImportedKeyMaterial DeriveSharedSecret DescribeCustomKeyStores
        DescribeKey DisableKey DisableKeyRotation DisconnectCustomKeyStore EnableKey EnableKeyRotation Encapsulate
        Encrypt GenerateDataKey GenerateDataKeyPair GenerateDataKeyPairWithoutPlaintext
        GenerateDataKeyWithoutPlaintext GenerateMac GenerateRandom GetKeyLastUsage GetKeyPolicy GetKeyRotationStatus
        GetParametersForImport GetPublicKey ImportKeyMaterial ListAliases ListGrants ListKeyPolicies ListKeyRotations
        ListKeys ListResourceTags ListRetirableGrants PutKeyPolicy ReEncrypt ReplicateKey RetireGrant RevokeGrant
        RotateKeyOnDemand ScheduleKeyDeletion Sign TagResource UntagResource UpdateAlias UpdateCustomKeyStore
        UpdateKeyDescription UpdatePrimaryRegion Verify VerifyMac
    )
}

/// Spec: API-001, API-005
#[test]
fn every_response_has_the_members_of_the_model() {
    let model = Model::read();
    let responses = responses();
    assert!(responses.iter().map(|(name, _)| *name).eq(ROWS.iter().map(|row| row.name)));
    let mut differences = Vec::new();
    for (name, described) in responses {
        let output = model.operations[name].output.as_ref();
        match (described, output.map(|output| model.outline(output))) {
            (Some(ours), Some(theirs)) => compare(name, &ours, &theirs, &mut differences),
            (None, Some(_)) => differences.push(name.to_owned()),
            (None, None) => {}
            (Some(_), None) => panic!("{name} has no output"),
        }
    }
    differences.retain(|path| !KEY_STORE_MEMBERS.iter().any(|member| path.ends_with(member)));
    assert_eq!(differences, UNANSWERED);
}

/// Notes the paths at which two outlines differ.
fn compare(path: &str, ours: &Value, theirs: &Value, differences: &mut Vec<String>) {
    match (ours, theirs) {
        // The model has not taken the newer specs over into the old name of the member; the service has.
        _ if path.ends_with("CustomerMasterKeySpec") => {}
        // Ours is the name of a row. Random bytes come from no key.
        _ if path.ends_with("KeyLastUsage.Operation") => {
            let uses = ROWS.iter().filter(|row| row.bucket.is_cryptographic() && row.name != "GenerateRandom");
            assert_eq!(theirs["enumeration"], uses.map(|row| row.name).collect::<Value>());
        }
        (Value::Object(ours), Value::Object(theirs)) => {
            for name in ours.keys().chain(theirs.keys().filter(|name| !ours.contains_key(*name))) {
                let member = |members: &Map<String, Value>| members.get(name).cloned().unwrap_or_default();
                compare(&format!("{path}.{name}"), &member(ours), &member(theirs), differences);
            }
        }
        _ if ours != theirs => differences.push(path.to_owned()),
        _ => {}
    }
}

/// What only keys in a custom key store have.
const KEY_STORE_MEMBERS: [&str; 3] =
    ["KeyMetadata.CloudHsmClusterId", "KeyMetadata.CustomKeyStoreId", "KeyMetadata.XksKeyConfiguration"];

/// Operations that always fail, so that nobody misses their responses.
const UNANSWERED: [&str; 6] = [
    "ConnectCustomKeyStore",
    "CreateCustomKeyStore",
    "DeleteCustomKeyStore",
    "DescribeCustomKeyStores",
    "DisconnectCustomKeyStore",
    "UpdateCustomKeyStore",
];
