//! The request types against their rows.

use super::super::{ROWS, Row, Shape};
use crate::operations::*;
use crate::request::{ApiRequest, Request};
use crate::value::{GrantConstraints, MemberField, MemberValue, RecipientInfo, XksProxyAuthenticationCredential};

/// What a request type says of itself.
struct Declared {
    name: &'static str,
    row: &'static Row,
    members: &'static [&'static str],
    values: usize,
}

macro_rules! declared {
    ($($request:ident)*) => {
        vec![$(Declared {
            name: <$request<'_> as ApiRequest>::NAME,
            row: <$request<'_> as Request>::ROW,
            members: $request::MEMBERS,
            values: $request::new().values().len(),
        }),*]
    };
}

fn requests() -> Vec<Declared> {
    declared!(
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

/// Spec: API-001
#[test]
fn every_operation_has_a_request_with_the_members_of_its_row() {
    let requests = requests();
    assert!(requests.iter().map(|request| request.name).eq(ROWS.iter().map(|row| row.name)));
    for request in requests {
        assert_eq!(request.row.name, request.name);
        assert!(request.members.iter().copied().eq(request.row.members().map(snake_case)), "{}", request.name);
        assert_eq!(request.values, request.row.members.len(), "{}", request.name);
    }
}

/// Spec: API-001
#[test]
fn structures_show_their_members_in_the_order_of_the_model() {
    let recipient = RecipientInfo { key_encryption_algorithm: Some("a".into()), attestation_document: None };
    assert_eq!(given("Decrypt", "Recipient", &recipient), ["KeyEncryptionAlgorithm"]);
    let constraints = GrantConstraints { encryption_context_equals: Some(Default::default()), ..Default::default() };
    assert_eq!(given("CreateGrant", "Constraints", &constraints), ["EncryptionContextEquals"]);
    let constraints = GrantConstraints { source_arn: Some("a".into()), ..Default::default() };
    assert_eq!(given("CreateGrant", "Constraints", &constraints), ["SourceArn"]);
    let credential = XksProxyAuthenticationCredential { access_key_id: Some(b"a".into()), ..Default::default() };
    assert_eq!(given("CreateCustomKeyStore", "XksProxyAuthenticationCredential", &credential), ["AccessKeyId"]);
}

/// The members that `structure` holds, by the names that the row gives their positions.
fn given(operation: &str, member: &str, structure: &impl MemberField) -> Vec<&'static str> {
    let row = Row::find(operation).unwrap();
    let shape = &row.members[row.member(member).unwrap()].shape;
    let (Shape::Structure(members), MemberValue::Structure(values)) = (shape, structure.value()) else {
        panic!("{operation} {member} is no structure");
    };
    assert_eq!(members.len(), values.len());
    let present = members.iter().zip(&values).filter(|(_, value)| !matches!(value, MemberValue::Absent));
    present.map(|(member, _)| member.name).collect()
}

fn snake_case(name: &str) -> String {
    let mut out = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.push(letter.to_ascii_lowercase());
    }
    out
}
