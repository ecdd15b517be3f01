//! What records show, against chapter 12, sections 5, 6 and 18.

use std::collections::BTreeSet;

use super::super::{ROWS, RecordedDefault, Resources, ResponseElements, Row};
use super::markdown::{Table, difference, lower_camel, without_brackets};
use super::model::Model;

/// What section 18, and the rule on dry runs in section 6, add to the request parameters of the table.
const NEWER_PARAMETERS: &[(&str, &[&str])] = &[
    ("CreateCustomKeyStore", &["xksProxyVpcEndpointServiceOwner"]),
    ("CreateGrant", &["granteeServicePrincipal", "retiringServicePrincipal"]),
    ("Decapsulate", &["keyId", "encapsulationAlgorithm"]),
    ("Decrypt", &["dryRunModifiers"]),
    ("DeleteImportedKeyMaterial", &["keyMaterialId"]),
    ("DeriveSharedSecret", &["keyId", "keyAgreementAlgorithm"]),
    ("Encapsulate", &["keyId", "encapsulationAlgorithm"]),
    ("GetKeyLastUsage", &["keyId"]),
    ("ImportKeyMaterial", &["importType", "keyMaterialDescription", "keyMaterialId"]),
    ("ListGrants", &["granteeServicePrincipal"]),
    ("ListKeyRotations", &["includeKeyMaterial"]),
    ("ListKeys", &["resourceOwners"]),
    ("ListRetirableGrants", &["retiringServicePrincipal"]),
    ("ReEncrypt", &["dryRunModifiers"]),
    ("UpdateCustomKeyStore", &["xksProxyVpcEndpointServiceOwner"]),
];

/// The cells of the table by operation; the newer operations have no line.
fn lines() -> Vec<(&'static Row, Vec<String>)> {
    let table = Table::read("12-audit-and-metrics.md", &["eventName", "RO", "requestParameters"]);
    // The record in the new Region of UpdatePrimaryRegion is the operation's own affair.
    let lines = table.rows().filter(|cells| !cells[0].contains("new primary's Region"));
    let lines = lines.map(|cells| (without_brackets(&cells[0]).trim().to_owned(), cells.to_vec()));
    lines.map(|(name, cells)| (Row::find(&name).unwrap(), cells)).collect()
}

/// The parameters that a cell of the table names.
fn parameters(row: &Row, cell: &str) -> BTreeSet<String> {
    // "XKS settings except the credential" of the operation that changes key stores.
    let settings = "xksProxyUriEndpoint, xksProxyUriPath, xksProxyConnectivity, xksProxyVpcEndpointServiceName";
    let cell = cell.replace("XKS settings except the credential", settings);
    let cell = without_brackets(&cell).replace("and for XKS:", "").replace("[]", "").replace("; null if none", "");
    let words = cell.split([',', ';']).flat_map(|part| part.split(" or ")).map(str::trim);
    let mut names: BTreeSet<_> = words
        .filter(|word| !word.is_empty() && *word != "null")
        .map(|word| word.trim_end_matches("[…]").to_owned())
        .collect();
    names = names.into_iter().map(|name| name.split('[').next().unwrap_or_default().to_owned()).collect();
    let newer = NEWER_PARAMETERS.iter().find(|(name, _)| *name == row.name);
    names.extend(newer.into_iter().flat_map(|(_, newer)| newer.iter().map(|name| (*name).to_owned())));
    if row.member("DryRun").is_some() {
        names.insert("dryRun".to_owned());
    }
    names
}

/// Spec: AUD-15, AUD-22, PRM-32
#[test]
fn request_parameters_are_those_of_the_table() {
    let lines = lines();
    for row in ROWS {
        let cell = lines.iter().find(|(other, _)| other.name == row.name).map_or("null", |(_, cells)| &cells[2]);
        let shown: BTreeSet<_> = row.recorded.iter().map(|recorded| lower_camel(recorded.name())).collect();
        assert_eq!(shown.len(), row.recorded.len(), "{} shows a member twice", row.name);
        let missing = difference(&shown, &parameters(row, cell));
        assert!(missing.is_empty(), "{}: {missing:?}", row.name);
    }
    assert_eq!(lines.len(), 52, "all but the four newest operations have a line");
}

/// Spec: AUD-20
#[test]
fn members_marked_always_have_a_default() {
    for (row, cells) in lines() {
        // The mark stands behind the names it is about, up to the semicolon before them.
        let always: BTreeSet<_> = match cells[2].split_once("(always)") {
            Some((before, _)) if row.name == "CreateKey" || row.name == "ReEncrypt" => before
                .split(", ")
                .filter(|name| *name != "destinationKeyId")
                .map(|name| name.trim().to_owned())
                .collect(),
            Some((before, _)) => [before.rsplit(", ").next().unwrap().trim().to_owned()].into(),
            None => BTreeSet::new(),
        };
        let defaulted = row.recorded.iter().filter(|recorded| !matches!(recorded.default, RecordedDefault::Omit));
        let defaulted: BTreeSet<_> = defaulted.map(|recorded| lower_camel(recorded.member)).collect();
        assert_eq!(defaulted, always, "{}", row.name);
    }
}

/// Spec: AUD-21, AUD-22
#[test]
fn response_elements_are_those_of_the_table() {
    let model = Model::read();
    let lines = lines();
    for row in ROWS {
        let cell = lines.iter().find(|(other, _)| other.name == row.name).map_or("null", |(_, cells)| &cells[3]);
        let answers = model.operations[row.name].output.is_some();
        let expected = match cell {
            "null" => ResponseElements::Null,
            // Of operations that answer nothing the record shows the key nevertheless.
            _ if !answers => ResponseElements::KeyArn,
            _ => ResponseElements::Response,
        };
        assert_eq!(row.response, expected, "{}: {cell}", row.name);
    }
}

/// Spec: AUD-22, AUD-23
#[test]
fn resources_are_those_of_the_table() {
    for (row, cells) in lines() {
        let expected = match cells[4].as_str() {
            "none" => Resources::Absent,
            "[]" => Resources::Empty,
            _ => Resources::Found,
        };
        assert_eq!(row.resources, expected, "{}", row.name);
    }
}

/// Spec: AUD-22
#[test]
fn read_only_flags_are_those_of_the_table() {
    for (row, cells) in lines() {
        assert_eq!(row.read_only.to_string(), cells[1], "{}", row.name);
    }
    for name in ["DeriveSharedSecret", "Encapsulate", "Decapsulate", "GetKeyLastUsage"] {
        assert!(Row::find(name).unwrap().read_only, "{name}");
    }
}

/// Members that no record shows, of any operation (AUD-17).
const WITHHELD: &[&str] = &[
    "AttestationDocument",
    "CiphertextBlob",
    "CiphertextForRecipient",
    "EncryptedKeyMaterial",
    "GrantToken",
    "GrantTokens",
    "ImportToken",
    "KeyStorePassword",
    "Mac",
    "Message",
    "Plaintext",
    "PublicKey",
    "Recipient",
    "SharedSecretCiphertextBlob",
    "Signature",
    "TrustAnchorCertificate",
    "XksProxyAuthenticationCredential",
];

/// Members that the records of single operations do not show, although others may.
const WITHHELD_HERE: &[(&str, &[&str])] =
    &[("GenerateRandom", &["NumberOfBytes", "CustomKeyStoreId"]), ("RetireGrant", &["KeyId", "GrantId"])];

/// Response members that records show (chapter 12, section 6 and AUD-25).
const SHOWN_RESPONSES: &[(&str, &[&str])] = &[
    ("CancelKeyDeletion", &["KeyId"]),
    ("CreateCustomKeyStore", &["CustomKeyStoreId"]),
    ("CreateGrant", &["GrantId"]),
    ("CreateKey", &["KeyMetadata"]),
    ("DeleteImportedKeyMaterial", &["KeyId", "KeyMaterialId"]),
    ("ImportKeyMaterial", &["KeyId", "KeyMaterialId"]),
    ("ReplicateKey", &["ReplicaKeyMetadata", "ReplicaPolicy", "ReplicaTags"]),
    ("RotateKeyOnDemand", &["KeyId"]),
    ("ScheduleKeyDeletion", &["KeyId", "DeletionDate", "KeyState", "PendingWindowInDays"]),
];

fn withheld(operation: &str, member: &str) -> bool {
    let here = WITHHELD_HERE.iter().find(|(name, _)| *name == operation);
    WITHHELD.contains(&member) || here.is_some_and(|(_, members)| members.contains(&member))
}

/// Spec: AUD-17, AUD-19
#[test]
fn every_request_member_is_shown_or_withheld() {
    for row in ROWS {
        for member in row.members {
            let shown = row.recorded.iter().any(|recorded| recorded.member == member.name);
            assert_ne!(shown, withheld(row.name, member.name), "{} {}", row.name, member.name);
            assert!(!(shown && member.shape.is_sensitive()), "{} {} is sensitive", row.name, member.name);
        }
        for recorded in row.recorded {
            assert!(row.member(recorded.member).is_some(), "{} has no {}", row.name, recorded.member);
        }
    }
}

/// Spec: AUD-17, AUD-19
#[test]
fn every_response_member_is_shown_or_withheld() {
    let model = Model::read();
    for row in ROWS {
        let Some(output) = &model.operations[row.name].output else { continue };
        let shown = SHOWN_RESPONSES.iter().find(|(name, _)| *name == row.name).map_or(&[][..], |(_, members)| members);
        assert_eq!(shown.is_empty(), row.response == ResponseElements::Null, "{}", row.name);
        for member in model.members(output) {
            let is_shown = shown.contains(&member.as_str());
            // What an operation answers that records nothing of its response is withheld as a whole.
            let is_withheld = shown.is_empty() || withheld(row.name, &member);
            assert_ne!(is_shown, is_withheld, "{} answers {member}: show it or withhold it", row.name);
        }
    }
}

/// The members of key metadata that records show (AUD-25); the record of CreateKey is compared with it elsewhere.
///
/// Spec: AUD-19, AUD-25
#[test]
fn every_member_of_key_metadata_is_classified() {
    let known = "AWSAccountId KeyId Arn CreationDate Enabled Description KeyUsage KeyState DeletionDate ValidTo Origin \
         CustomKeyStoreId CloudHsmClusterId ExpirationModel KeyManager CustomerMasterKeySpec KeySpec \
         EncryptionAlgorithms SigningAlgorithms KeyAgreementAlgorithms EncapsulationAlgorithms MultiRegion \
         MultiRegionConfiguration PendingDeletionWindowInDays MacAlgorithms XksKeyConfiguration CurrentKeyMaterialId";
    let known: BTreeSet<_> = known.split_whitespace().map(str::to_owned).collect();
    let model: BTreeSet<_> = Model::read().members("KeyMetadata").into_iter().collect();
    assert!(difference(&known, &model).is_empty(), "{:?}", difference(&known, &model));
}
