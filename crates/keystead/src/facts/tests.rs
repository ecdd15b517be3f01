//! Every condition key of sections 2 to 5 and 9 of chapter 22, for every permission of every operation: those the door
//! carries out and those that later versions will. The tables here are written from the chapter.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;

use keystead_hierarchy::EncryptionContext;
use keystead_hierarchy::spec::{KeySpec, KeyUsage, Origin};
use keystead_policy::{ConditionKey, KnownKey, Value};
use keystead_store::Revision;
use keystead_types::{KeyArn, KeyId, Timestamp};

use crate::answer::RequestId;
use crate::catalogue::{Action, ROWS, Resource, Row};
use crate::door::CallFacts;
use crate::grant::GrantId;
use crate::record::KeyRecord;
use crate::resolve::Resolver;
use crate::snapshot::{KeyCell, KeySnapshot};
use crate::targets::{Claim, Named, On, Target};
use crate::value::{MemberValue, Tag};
use crate::{Caller, Client, Kms, QuotaProfile};

/// A request-derived key: the actions that have it, its value when the member is given, and when it is not.
struct OfRequest {
    key: &'static str,
    actions: &'static [&'static str],
    given: &'static str,
    omitted: Option<&'static str>,
}

const fn of_request(
    key: &'static str,
    actions: &'static [&'static str],
    given: &'static str,
    omitted: Option<&'static str>,
) -> OfRequest {
    OfRequest { key, actions, given, omitted }
}

/// Sections 2 and 9. Keys with a value per side or per kind of resource have tests of their own.
const OF_REQUEST: &[OfRequest] = &[
    of_request("kms:BypassPolicyLockoutSafetyCheck", &["CreateKey", "PutKeyPolicy"], "true", None),
    of_request(
        "kms:DataKeyPairSpec",
        &["GenerateDataKeyPair", "GenerateDataKeyPairWithoutPlaintext"],
        "ECC_NIST_P256",
        None,
    ),
    of_request("kms:EncryptionAlgorithm", &["Encrypt", "Decrypt"], "RSAES_OAEP_SHA_256", Some("SYMMETRIC_DEFAULT")),
    of_request("kms:EncryptionAlgorithm", DATA_KEYS, "SYMMETRIC_DEFAULT", Some("SYMMETRIC_DEFAULT")),
    of_request("kms:EncryptionAlgorithm", &["ReEncryptFrom"], "RSAES_OAEP_SHA_1", Some("SYMMETRIC_DEFAULT")),
    of_request("kms:EncryptionAlgorithm", &["ReEncryptTo"], "SM2PKE", Some("SYMMETRIC_DEFAULT")),
    of_request("kms:EncryptionContext:order", &["Encrypt", "Decrypt"], "42", None),
    of_request("kms:EncryptionContext:order", DATA_KEYS, "42", None),
    of_request("kms:EncryptionContext:order", &["ReEncryptFrom"], "from", None),
    of_request("kms:EncryptionContext:order", &["ReEncryptTo"], "to", None),
    of_request("kms:EncryptionContext:order", &["CreateGrant"], "granted", None),
    of_request("kms:EncryptionContextKeys", &["Encrypt", "Decrypt"], "Order,app", None),
    of_request("kms:EncryptionContextKeys", DATA_KEYS, "Order,app", None),
    of_request("kms:EncryptionContextKeys", &["ReEncryptFrom", "ReEncryptTo", "CreateGrant"], "Order", None),
    of_request("kms:ExpirationModel", &["ImportKeyMaterial"], "KEY_MATERIAL_EXPIRES", None),
    of_request("kms:GrantConstraintType", &["CreateGrant"], "EncryptionContextEquals", None),
    of_request(
        "kms:GrantIsForAWSResource",
        &["CreateGrant", "ListGrants", "RevokeGrant"],
        "true",
        // The caller's flag, which the bare caller does not set.
        Some("false"),
    ),
    of_request("kms:GrantOperations", &["CreateGrant"], "Decrypt,Encrypt", None),
    of_request("kms:GranteePrincipal", &["CreateGrant"], "arn:aws:iam::111122223333:user/grantee", None),
    of_request("kms:MacAlgorithm", &["GenerateMac", "VerifyMac"], "HMAC_SHA_384", None),
    of_request("kms:MessageType", &["Sign", "Verify"], "EXTERNAL_MU", Some("RAW")),
    of_request("kms:PrimaryRegion", &["UpdatePrimaryRegion"], "eu-west-1", None),
    of_request("kms:ReplicaRegion", &["ReplicateKey"], "eu-west-2", None),
    of_request("kms:RequestAlias", CRYPTOGRAPHIC, "alias/one", None),
    of_request("kms:RequestAlias", &["DescribeKey", "GetPublicKey"], "alias/one", None),
    of_request("kms:RetiringPrincipal", &["CreateGrant"], "arn:aws:iam::111122223333:user/retiring", None),
    of_request("kms:RotationPeriodInDays", &["EnableKeyRotation"], "180", Some("365")),
    of_request("kms:ScheduleKeyDeletionPendingWindowInDays", &["ScheduleKeyDeletion"], "7", Some("30")),
    of_request("kms:SigningAlgorithm", &["Sign", "Verify"], "ECDSA_SHA_512", None),
    of_request("kms:ValidTo", &["ImportKeyMaterial"], "1546257599", None),
    of_request("kms:WrappingAlgorithm", &["GetParametersForImport"], "RSA_AES_KEY_WRAP_SHA_256", None),
    of_request("kms:WrappingKeySpec", &["GetParametersForImport"], "RSA_4096", None),
    of_request("kms:KeyAgreementAlgorithm", &["DeriveSharedSecret"], "ECDH", None),
    of_request("kms:GranteeServicePrincipal", &["CreateGrant"], "logs.amazonaws.com", None),
    of_request("kms:RetiringServicePrincipal", &["CreateGrant"], "s3.amazonaws.com", None),
    of_request("kms:GrantConstraintSourceArn", &["CreateGrant"], "arn:aws:logs:us-west-2:111122223333:g", None),
    of_request("kms:PolicyName", &["GetKeyPolicy", "PutKeyPolicy"], "named", Some("default")),
    of_request("kms:TrailingDaysWithoutKeyUsage", &["ScheduleKeyDeletion", "DisableKey"], "0", Some("0")),
];

const DATA_KEYS: &[&str] = &[
    "GenerateDataKey",
    "GenerateDataKeyWithoutPlaintext",
    "GenerateDataKeyPair",
    "GenerateDataKeyPairWithoutPlaintext",
];

const CRYPTOGRAPHIC: &[&str] = &[
    "Encrypt",
    "Decrypt",
    "ReEncryptFrom",
    "ReEncryptTo",
    "GenerateDataKey",
    "GenerateDataKeyWithoutPlaintext",
    "GenerateDataKeyPair",
    "GenerateDataKeyPairWithoutPlaintext",
    "Sign",
    "Verify",
    "GenerateMac",
    "VerifyMac",
    "DeriveSharedSecret",
    "Encapsulate",
    "Decapsulate",
];

/// Section 3, for a key with two aliases that exists.
const OF_KEY: &[(&str, &str)] = &[
    ("kms:KeyOrigin", "AWS_KMS"),
    ("kms:KeySpec", "SYMMETRIC_DEFAULT"),
    ("kms:CustomerMasterKeySpec", "SYMMETRIC_DEFAULT"),
    ("kms:KeyUsage", "ENCRYPT_DECRYPT"),
    ("kms:CustomerMasterKeyUsage", "ENCRYPT_DECRYPT"),
    ("kms:MultiRegion", "false"),
    ("kms:ResourceAliases", "alias/one,alias/two"),
    ("aws:ResourceTag/TEAM", "orders"),
];

/// Section 3, for a key to be created: as the request asks, and by default.
const OF_NEW_KEY: &[(&str, &str, Option<&str>)] = &[
    ("kms:KeyOrigin", "EXTERNAL", Some("AWS_KMS")),
    ("kms:KeySpec", "RSA_2048", Some("SYMMETRIC_DEFAULT")),
    ("kms:CustomerMasterKeySpec", "RSA_2048", Some("SYMMETRIC_DEFAULT")),
    ("kms:KeyUsage", "SIGN_VERIFY", Some("ENCRYPT_DECRYPT")),
    ("kms:CustomerMasterKeyUsage", "SIGN_VERIFY", Some("ENCRYPT_DECRYPT")),
    ("kms:MultiRegion", "true", Some("false")),
    ("kms:MultiRegionKeyType", "PRIMARY", None),
    ("aws:ResourceTag/Purpose", "Test", None),
];

/// Section 3, for a replica to be created: as the primary is, but for its role and its tags. The one here signs.
const OF_REPLICA: &[(&str, &str, Option<&str>)] = &[
    ("kms:KeyOrigin", "AWS_KMS", Some("AWS_KMS")),
    ("kms:KeySpec", "ECC_NIST_P256", Some("ECC_NIST_P256")),
    ("kms:CustomerMasterKeySpec", "ECC_NIST_P256", Some("ECC_NIST_P256")),
    ("kms:KeyUsage", "SIGN_VERIFY", Some("SIGN_VERIFY")),
    ("kms:CustomerMasterKeyUsage", "SIGN_VERIFY", Some("SIGN_VERIFY")),
    ("kms:MultiRegion", "true", Some("true")),
    ("kms:MultiRegionKeyType", "REPLICA", Some("REPLICA")),
    ("aws:ResourceTag/Purpose", "Test", None),
];

/// Operations on no key that have no `kms:CallerAccount`.
const WITHOUT_CALLER_ACCOUNT: &[&str] = &["GenerateRandom", "ListAliases", "ListKeys", "ListRetirableGrants"];

/// Spec: CND-02, CND-06, CND-08, CND-10..CND-22, CND-24..CND-32, CND-119..CND-121, CND-123, CND-125, CND-128
#[test]
fn request_derived_keys_have_the_values_of_the_table() {
    let house = House::new();
    house.each_claim(|claim, found| {
        for key in OF_REQUEST.iter().map(|line| line.key) {
            let line = OF_REQUEST.iter().find(|line| line.key == key && line.actions.contains(&claim.action));
            let expected = line.and_then(|line| if claim.given { Some(line.given) } else { line.omitted });
            assert_eq!(found(key).as_deref(), expected, "{key} of {claim:?}");
        }
    });
}

/// Spec: CND-01..CND-04, CND-46..CND-54, CND-57, CND-69, CND-127
#[test]
fn keys_of_the_key_and_the_caller_have_the_values_of_the_table() {
    let house = House::new();
    house.each_claim(|claim, found| {
        let keys = OF_KEY.iter().map(|(key, _)| *key).chain(OF_NEW_KEY.iter().map(|(key, ..)| *key));
        for key in keys {
            let expected = match claim.resource {
                Kind::Key => OF_KEY.iter().find(|(own, _)| *own == key).map(|(_, value)| *value),
                _ if claim.is_new_key() => {
                    let table = if claim.operation == "ReplicateKey" { OF_REPLICA } else { OF_NEW_KEY };
                    let line = table.iter().find(|(own, ..)| *own == key);
                    line.and_then(|(_, given, omitted)| if claim.given { Some(*given) } else { *omitted })
                }
                _ => None,
            };
            assert_eq!(found(key).as_deref(), expected, "{key} of {claim:?}");
        }
        let has_account = !WITHOUT_CALLER_ACCOUNT.contains(&claim.operation);
        assert_eq!(found("kms:CallerAccount").as_deref(), has_account.then_some(ACCOUNT), "{claim:?}");
        let has_service = claim.given && (claim.resource != Kind::Nothing || claim.action == "CreateKey");
        assert_eq!(found("kms:ViaService").as_deref(), has_service.then_some(SERVICE), "{claim:?}");
    });
}

/// Spec: CND-70, CND-71, CND-73, CND-75
#[test]
fn tags_of_the_request_are_told_apart_from_tags_of_the_key() {
    let house = House::new();
    house.each_claim(|claim, found| {
        let tagged = ["TagResource", "CreateKey", "ReplicateKey"].contains(&claim.action) && claim.given;
        let untagged = claim.action == "UntagResource" && claim.given;
        assert_eq!(found("aws:RequestTag/purpose").as_deref(), tagged.then_some("Test"), "{claim:?}");
        assert_eq!(found("aws:TagKeys").as_deref(), (tagged || untagged).then_some("Purpose"), "{claim:?}");
        if claim.resource == Kind::Key {
            assert_eq!(found("aws:ResourceTag/Purpose"), None, "{claim:?}");
        }
    });
}

/// Spec: CND-79..CND-84, CND-92, CND-101, CND-111
#[test]
fn global_keys_are_there_for_every_permission() {
    let house = House::new();
    house.each_claim(|claim, found| {
        assert_eq!(found("aws:CurrentTime").as_deref(), Some("2026-01-01T00:00:00Z"));
        assert_eq!(found("aws:EpochTime").as_deref(), Some("1767225600"));
        let elsewhere = claim.operation == "ReplicateKey" && claim.is_new_key();
        assert_eq!(found("aws:RequestedRegion").as_deref(), Some(if elsewhere { "eu-west-2" } else { "us-west-2" }));
        let owned = claim.resource != Kind::Nothing;
        assert_eq!(found("aws:ResourceAccount").as_deref(), owned.then_some(ACCOUNT), "{claim:?}");
        assert_eq!(found("aws:PrincipalAccount").as_deref(), Some(ACCOUNT));
        assert_eq!(found("aws:PrincipalIsAWSService").as_deref(), Some("false"));
        assert_eq!(found("aws:SecureTransport").as_deref(), Some("true"));
        assert_eq!(found("aws:ViaAWSService").as_deref(), Some(if claim.given { "true" } else { "false" }));
    });
}

/// Spec: CND-132, POL-41
#[test]
fn no_permission_has_a_key_that_no_table_names() {
    let house = House::new();
    let mut named: Vec<_> = OF_REQUEST.iter().map(|line| line.key.to_owned()).collect();
    named.extend(OF_KEY.iter().map(|(key, _)| (*key).to_owned()));
    named.extend(OF_NEW_KEY.iter().map(|(key, ..)| (*key).to_owned()));
    named.extend(["kms:CallerAccount", "kms:ViaService", "kms:ReEncryptOnSameKey"].map(ToOwned::to_owned));
    let others: Vec<_> =
        KnownKey::ALL.iter().map(|known| known.name()).filter(|name| name.starts_with("kms:")).collect();
    house.each_claim(|claim, found| {
        for key in others.iter().filter(|key| !named.iter().any(|named| named == *key)) {
            assert_eq!(found(key), None, "{key} of {claim:?}");
        }
        // Without a verified document there is no measurement.
        for key in ["kms:RecipientAttestation:PCR0", "kms:RecipientAttestation:NitroTPMPCR0", "kms:Unheard"] {
            assert_eq!(found(key), None, "{key} of {claim:?}");
        }
    });
    let measured: Vec<_> = others.iter().filter(|key| !named.iter().any(|named| named == *key)).collect();
    assert_eq!(measured, [&"kms:RecipientAttestation:ImageSha384"]);
}

/// Spec: CND-23
#[test]
fn the_same_key_is_told_by_its_arn() {
    let house = House::new();
    for row in ROWS {
        for (action, other) in row.actions.iter().flat_map(|action| [(action, &house.key), (action, &house.second)]) {
            let (key, other) = (house.target(&house.key, false), house.target(other, true));
            let expected = match action.policy.name() {
                "ReEncryptFrom" | "ReEncryptTo" => Some((key.arn() == other.arn()).to_string()),
                _ => None,
            };
            let on = if row.name == "ReEncrypt" { On::Key(&key, Some(&other)) } else { On::Key(&key, None) };
            let found = house.value(row, &[], &house.client, &Claim { action, on }, "kms:ReEncryptOnSameKey");
            assert_eq!(found, expected, "{}", row.name);
        }
    }
}

/// Spec: CND-126, CND-13, CND-14, CND-16
#[test]
fn a_grant_to_be_retired_shows_its_own_constraint() {
    let house = House::new();
    let row = Row::find("RetireGrant").unwrap();
    let found = |grant: &Option<String>, key: &str| {
        let target = house.target(&house.key, false);
        let grant = grant.as_ref().and_then(|id| target.snapshot().grants.get(id.parse::<GrantId>().unwrap()));
        let on = On::Grant(&target, grant.as_deref());
        house.value(row, &[], &house.client, &Claim { action: &row.actions[0], on }, key)
    };
    let create = || house.client.create_grant(house.key, "arn:aws:iam::111122223333:user/u".to_owned());
    let id = |call: crate::Call<'_, crate::operations::CreateGrant<'_>>| {
        Some(call.operation("Decrypt").send().unwrap().grant_id.to_string())
    };
    let context = || EncryptionContext::from_iter([("Order", "42")]);
    let equals = id(create().encryption_context_equals(context()));
    let subset = id(create().encryption_context_subset(context()));
    let free = id(create());
    for (grant, kind, value) in [
        (&equals, Some("EncryptionContextEquals"), Some("42")),
        (&subset, Some("EncryptionContextSubset"), Some("42")),
        (&free, None, None),
        (&None, None, None),
    ] {
        assert_eq!(found(grant, "kms:GrantConstraintType").as_deref(), kind);
        assert_eq!(found(grant, "kms:EncryptionContext:order").as_deref(), value);
        assert_eq!(found(grant, "kms:EncryptionContextKeys").as_deref(), value.map(|_| "Order"));
        for key in ["kms:GrantOperations", "kms:GranteePrincipal", "kms:RetiringPrincipal"] {
            assert_eq!(found(grant, key), None);
        }
    }
}

/// Spec: CND-46, CND-53, CND-84, CND-85, CND-87, CND-93, POL-146
#[test]
fn a_service_principal_has_no_account_and_no_user() {
    let house = House::new();
    let service = house.kms.client("us-west-2", Caller::service("logs.amazonaws.com", ACCOUNT).unwrap()).unwrap();
    let row = Row::find("Encrypt").unwrap();
    let target = house.target(&house.key, false);
    let claim = Claim { action: &row.actions[0], on: On::Key(&target, None) };
    let found = |key: &str| house.value(row, &[], &service, &claim, key);
    for absent in ["kms:CallerAccount", "kms:ViaService", "aws:PrincipalAccount", "aws:PrincipalArn", "aws:userid"] {
        assert_eq!(found(absent), None, "{absent}");
    }
    assert_eq!(found("aws:PrincipalIsAWSService").as_deref(), Some("true"));
    assert_eq!(found("aws:PrincipalServiceName").as_deref(), Some("logs.amazonaws.com"));
    assert_eq!(found("aws:ViaAWSService").as_deref(), Some("false"));
}

/// Spec: CND-37, CND-47..CND-50
#[test]
fn only_symmetric_encryption_keys_have_an_encryption_context() {
    let house = House::new();
    let row = Row::find("Encrypt").unwrap();
    let snapshot = |spec: KeySpec, usage: KeyUsage| {
        let key = house.target(&house.key, false);
        let record = KeyRecord { spec, usage, origin: Origin::External, ..key.snapshot().record.clone() };
        KeySnapshot::build(house.key, record, Revision(1), Some(key.snapshot()), None, Vec::new(), None).unwrap()
    };
    for (spec, usage, context) in [
        (KeySpec::SymmetricDefault, KeyUsage::EncryptDecrypt, Some("42")),
        (KeySpec::Rsa4096, KeyUsage::EncryptDecrypt, None),
        (KeySpec::Hmac256, KeyUsage::GenerateVerifyMac, None),
    ] {
        let cell = KeyCell::new(std::sync::Arc::new(snapshot(spec, usage)));
        let target = Target { key: cell.load(), named: Named::Id, foreign: false, exists: true };
        let contexts = Contexts::new();
        let values = members(row, &contexts);
        let claim = Claim { action: &row.actions[0], on: On::Key(&target, None) };
        let found = |key: &str| house.value(row, &values, &house.client, &claim, key);
        assert_eq!(found("kms:EncryptionContext:Order").as_deref(), context, "{spec:?}");
        assert_eq!(found("kms:EncryptionContextKeys").as_deref(), context.map(|_| "Order,app"), "{spec:?}");
        assert_eq!(found("kms:KeySpec").as_deref(), Some(spec.as_str()));
        assert_eq!(found("kms:KeyUsage").as_deref(), Some(usage.as_str()));
        assert_eq!(found("kms:KeyOrigin").as_deref(), Some("EXTERNAL"));
    }
}

/// Scenarios 3 and 22 of the chapter.
///
/// Spec: CND-04, CND-15, CND-30, CND-34
#[test]
fn an_import_is_judged_by_its_expiry() {
    let house = House::new();
    let row = Row::find("ImportKeyMaterial").unwrap();
    let imports = |condition: &str, model: Option<&str>, valid_to: Option<i64>| {
        let statement = format!(r#"{{ "Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {condition} }}"#);
        let policy = format!(r#"{{ "Version": "2012-10-17", "Statement": {statement} }}"#);
        let caller = Caller::user(ACCOUNT, "alice").unwrap().identity_policy(&policy).unwrap();
        let client = house.kms.client("us-west-2", caller).unwrap();
        let values: Vec<_> = row
            .members
            .iter()
            .map(|member| match (member.name, model, valid_to) {
                ("ExpirationModel", Some(model), _) => MemberValue::Text(model),
                ("ValidTo", _, Some(seconds)) => {
                    MemberValue::Timestamp(Timestamp::from_millis(seconds * 1000).unwrap())
                }
                _ => MemberValue::Absent,
            })
            .collect();
        let call = CallFacts::new(&client, row, &values, RequestId::from_random([0; 16]));
        let target = house.target(&house.key, false);
        let claim = Claim { action: &row.actions[0], on: On::Key(&target, None) };
        crate::authorize::with_request(&claim, &call, |question| question.decide().0.is_allowed())
    };
    let at = 1_546_257_599;
    let unstated = r#"{ "Null": { "kms:ExpirationModel": "true" } }"#;
    assert!(imports(unstated, None, Some(at)));
    assert!(!imports(unstated, Some("KEY_MATERIAL_EXPIRES"), Some(at)));
    for condition in [
        r#"{ "NumericLessThanEquals": { "kms:ValidTo": "1546257599.0" } }"#,
        r#"{ "DateLessThanEquals": { "kms:ValidTo": "2018-12-31T11:59:59Z" } }"#,
    ] {
        let seen = [Some(at - 1), Some(at), Some(at + 1), None].map(|at| imports(condition, None, at));
        assert_eq!(seen, [true, true, false, false], "{condition}");
    }
}

/// A permission of an operation, and whether the request gives every member.
#[derive(Debug)]
struct Permission {
    operation: &'static str,
    action: &'static str,
    resource: Kind,
    given: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Key,
    NewKey,
    Alias,
    Nothing,
}

impl Permission {
    /// Whether it is about a key to be created.
    fn is_new_key(&self) -> bool {
        self.resource == Kind::NewKey || self.action == "CreateKey"
    }
}

/// An instance with two keys. Its caller is called through a service when requests give every member.
struct House {
    kms: Kms,
    client: Client,
    through: Client,
    key: KeyArn,
    second: KeyArn,
    /// A replica that does not exist.
    replica: KeySnapshot,
}

impl House {
    fn new() -> Self {
        let clock = std::sync::Arc::new(crate::ManualClock::at("2026-01-01T00:00:00Z"));
        let kms = Kms::builder().clock(clock).quotas(QuotaProfile::DEFAULT).build().unwrap();
        let root = Caller::account_root(ACCOUNT).unwrap();
        let client = kms.client("us-west-2", root.clone()).unwrap();
        let through = root.via_service(SERVICE).grant_is_for_aws_resource(true);
        let through = kms.client("us-west-2", through).unwrap();
        let key = client.create_key().tags(vec![Tag::new("Team", "orders")]).send().unwrap().key_metadata.arn;
        let second = client.create_key().send().unwrap().key_metadata.arn;
        for name in ["alias/one", "alias/two"] {
            client.create_alias(name, key.key_id.to_string()).send().unwrap();
        }
        let pair = client.create_key().multi_region(true).key_spec("ECC_NIST_P256").key_usage("SIGN_VERIFY");
        let pair = pair.send().unwrap().key_metadata.arn;
        let replica = {
            let call =
                CallFacts::new(&client, Row::find("ReplicateKey").unwrap(), &[], RequestId::from_random([0; 16]));
            let primary = client.region_state().key(&pair).unwrap().unwrap();
            Resolver::new(&call).replica_draft(&primary, "eu-west-2".parse().unwrap()).unwrap()
        };
        Self { kms, client, through, key, second, replica }
    }

    /// Visits every permission twice: with every member given, and with none.
    fn each_claim(&self, visit: impl Fn(&Permission, &dyn Fn(&str) -> Option<String>)) {
        let alias = format!("arn:aws:kms:us-west-2:{ACCOUNT}:alias/one").parse().unwrap();
        let new_key = KeyArn { key_id: KeyId::single_region([7; 16]), ..self.key };
        for (row, given) in ROWS.iter().flat_map(|row| [(*row, true), (*row, false)]) {
            for action in row.actions {
                let target = self.target(&self.key, given);
                let second = self.target(&self.second, given);
                let (resource, on) = match action.resource {
                    _ if row.name == "ReplicateKey" && action.policy.name() != "ReplicateKey" => {
                        let kind = if is_tagging_part(row, action) { Kind::NewKey } else { Kind::Nothing };
                        (kind, On::Replica(&self.replica))
                    }
                    _ if is_tagging_part(row, action) => (Kind::NewKey, On::NewKey(&new_key)),
                    Resource::Key if row.name == "ReEncrypt" => (Kind::Key, On::Key(&target, Some(&second))),
                    Resource::Key => (Kind::Key, On::Key(&target, None)),
                    Resource::Grant => (Kind::Key, On::Grant(&target, None)),
                    Resource::Alias => (Kind::Alias, On::Alias(&alias)),
                    Resource::None => (Kind::Nothing, On::Nothing),
                };
                let permission = Permission { operation: row.name, action: action.policy.name(), resource, given };
                let contexts = Contexts::new();
                let values: Vec<_> = if given { members(row, &contexts) } else { Vec::new() };
                let client = if given { &self.through } else { &self.client };
                visit(&permission, &|key| self.value(row, &values, client, &Claim { action, on }, key));
            }
        }
    }

    fn target(&self, arn: &KeyArn, by_alias: bool) -> Target {
        let key = self.client.region_state().key(arn).unwrap().unwrap();
        let named = if by_alias { Named::Alias("alias/one".parse().unwrap()) } else { Named::Id };
        Target { key, named, foreign: false, exists: true }
    }

    /// The value of a condition key, as text; `None` if it is absent.
    fn value(
        &self,
        row: &'static Row,
        values: &[MemberValue<'_>],
        client: &Client,
        claim: &Claim<'_>,
        key: &str,
    ) -> Option<String> {
        let call = CallFacts::new(client, row, values, RequestId::from_random([0; 16]));
        crate::authorize::with_request(claim, &call, |question| {
            shown(question.request.context.value(&ConditionKey::parse(key)))
        })
    }
}

/// Whether the permission is the one on the tags of a key to be created.
fn is_tagging_part(row: &Row, action: &Action) -> bool {
    action.policy.name() == "TagResource" && row.name != "TagResource"
}

fn shown(value: Value<'_>) -> Option<String> {
    Some(match value {
        Value::Absent => return None,
        Value::Text(text) => text.to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => number.to_string(),
        Value::Time(at) => at.to_string(),
        Value::Epoch(at) => at.as_second().to_string(),
        Value::Many(keystead_policy::Many::Owned(texts)) => texts.join(","),
        Value::Many(keystead_policy::Many::Set(set)) => {
            let mut texts = Vec::new();
            set.visit(&mut |text| {
                texts.push(text.to_owned());
                true
            });
            texts.sort();
            texts.join(",")
        }
        Value::Unusable => "unusable".to_owned(),
        other => panic!("{other:?}"),
    })
}

/// The encryption contexts that requests borrow.
struct Contexts(BTreeMap<&'static str, EncryptionContext<'static>>);

impl Contexts {
    fn new() -> Self {
        let context = |order| EncryptionContext::from_iter([("Order", order)]);
        Self(BTreeMap::from([
            ("EncryptionContext", EncryptionContext::from_iter([("Order", "42"), ("app", "x")])),
            ("SourceEncryptionContext", context("from")),
            ("DestinationEncryptionContext", context("to")),
            ("Constraints", context("granted")),
        ]))
    }
}

/// A value for every member that a condition key is about.
fn members<'c>(row: &'static Row, contexts: &'c Contexts) -> Vec<MemberValue<'c>> {
    row.members.iter().map(|member| value_of(member.name, contexts)).collect()
}

fn value_of<'c>(member: &str, contexts: &'c Contexts) -> MemberValue<'c> {
    const OPERATIONS: &[std::borrow::Cow<'static, str>] =
        &[std::borrow::Cow::Borrowed("Encrypt"), std::borrow::Cow::Borrowed("Decrypt")];
    const TAG_KEYS: &[std::borrow::Cow<'static, str>] = &[std::borrow::Cow::Borrowed("Purpose")];
    static TAGS: std::sync::LazyLock<Vec<Tag>> = std::sync::LazyLock::new(|| vec![Tag::new("Purpose", "Test")]);

    if let ("Constraints", Some(context)) = (member, contexts.0.get(member)) {
        let source = MemberValue::Text("arn:aws:logs:us-west-2:111122223333:g");
        return MemberValue::Structure(vec![MemberValue::Absent, MemberValue::TextMap(context), source]);
    }
    if let Some(context) = contexts.0.get(member) {
        return MemberValue::TextMap(context);
    }
    let text = match member {
        "BypassPolicyLockoutSafetyCheck" | "MultiRegion" => return MemberValue::Boolean(true),
        "RotationPeriodInDays" => return MemberValue::Integer(180),
        "PendingWindowInDays" => return MemberValue::Integer(7),
        "ValidTo" => return MemberValue::Timestamp(Timestamp::from_millis(1_546_257_599_000).unwrap()),
        "Operations" => return MemberValue::TextList(OPERATIONS),
        "TagKeys" => return MemberValue::TextList(TAG_KEYS),
        "Tags" => return MemberValue::Tags(&TAGS),
        "KeyPairSpec" => "ECC_NIST_P256",
        "EncryptionAlgorithm" => "RSAES_OAEP_SHA_256",
        "SourceEncryptionAlgorithm" => "RSAES_OAEP_SHA_1",
        "DestinationEncryptionAlgorithm" => "SM2PKE",
        "ExpirationModel" => "KEY_MATERIAL_EXPIRES",
        "GranteePrincipal" => "arn:aws:iam::111122223333:user/grantee",
        "RetiringPrincipal" => "arn:aws:iam::111122223333:user/retiring",
        "GranteeServicePrincipal" => "logs.amazonaws.com",
        "RetiringServicePrincipal" => "s3.amazonaws.com",
        "MacAlgorithm" => "HMAC_SHA_384",
        "MessageType" => "EXTERNAL_MU",
        "PrimaryRegion" => "eu-west-1",
        "ReplicaRegion" => "eu-west-2",
        "SigningAlgorithm" => "ECDSA_SHA_512",
        "WrappingAlgorithm" => "RSA_AES_KEY_WRAP_SHA_256",
        "WrappingKeySpec" => "RSA_4096",
        "KeyAgreementAlgorithm" => "ECDH",
        "PolicyName" => "named",
        "KeySpec" => "RSA_2048",
        "KeyUsage" => "SIGN_VERIFY",
        "Origin" => "EXTERNAL",
        _ => return MemberValue::Absent,
    };
    MemberValue::Text(text)
}

const ACCOUNT: &str = "111122223333";
const SERVICE: &str = "s3.us-west-2.amazonaws.com";
