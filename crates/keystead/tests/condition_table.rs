//! The tables of chapter 22 through policies: each condition key is asked for by an identity policy and by a key policy,
//! with the value that a request has and with another one, for every permission of every operation. Operations that do
//! not exist yet are held against the same tables inside the crate.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use keystead::operations::CreateGrant;
use keystead::{CallExplanation, Caller, Client, EncryptionContext, Tag};
use serde_json::{Value, json};
use support::*;

/// A condition key: how a policy asks for it, what requests have, what they do not have, and where it is present.
struct Case {
    key: &'static str,
    operator: &'static str,
    value: &'static str,
    other: &'static str,
    present: Present,
}

/// The permissions that have a key.
#[derive(Clone, Copy)]
enum Present {
    /// Those on keys, and CreateKey.
    KeysAndCreation,
    /// Those on existing keys, in identity policies only.
    ExistingKeysByIdentity,
    /// As [`Present::KeysAndCreation`], in identity policies only.
    KeysAndCreationByIdentity,
    /// Those on keys and aliases, and CreateKey.
    KeysAliasesAndCreation,
    /// As before, and those of key stores.
    WithCallerAccount,
    /// Those on keys and aliases.
    Owned,
    /// Every permission.
    Everywhere,
    /// These actions.
    Of(&'static [&'static str]),
}

const fn case(
    key: &'static str,
    operator: &'static str,
    value: &'static str,
    other: &'static str,
    present: Present,
) -> Case {
    Case { key, operator, value, other, present }
}

const CONTEXT: Present = Present::Of(&[
    "kms:Encrypt",
    "kms:Decrypt",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:GenerateDataKeyPair",
    "kms:GenerateDataKeyPairWithoutPlaintext",
    "kms:CreateGrant",
    // The constraint of the stored grant.
    "kms:RetireGrant",
]);
const ENCRYPTING: Present = Present::Of(&[
    "kms:Encrypt",
    "kms:Decrypt",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:GenerateDataKeyPair",
    "kms:GenerateDataKeyPairWithoutPlaintext",
]);
const BY_ALIAS: Present = Present::Of(&[
    "kms:Encrypt",
    "kms:Decrypt",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:GenerateDataKeyPair",
    "kms:GenerateDataKeyPairWithoutPlaintext",
    "kms:DescribeKey",
    "kms:GetPublicKey",
    "kms:Sign",
    "kms:Verify",
    "kms:GenerateMac",
    "kms:VerifyMac",
    "kms:DeriveSharedSecret",
    "kms:Encapsulate",
    "kms:Decapsulate",
]);
const SIGNING: Present = Present::Of(&["kms:Sign", "kms:Verify"]);
const DATA_KEY_PAIRS: Present = Present::Of(&["kms:GenerateDataKeyPair", "kms:GenerateDataKeyPairWithoutPlaintext"]);
const CREATE_GRANT: Present = Present::Of(&["kms:CreateGrant"]);
const TAG_VALUES: Present = Present::Of(&["kms:TagResource", "kms:CreateKey"]);
const TAG_KEYS: Present = Present::Of(&["kms:TagResource", "kms:UntagResource", "kms:CreateKey"]);

const CASES: &[Case] = &[
    // Section 2.
    case(
        "kms:BypassPolicyLockoutSafetyCheck",
        "Bool",
        "true",
        "false",
        Present::Of(&["kms:CreateKey", "kms:PutKeyPolicy"]),
    ),
    case("kms:DataKeyPairSpec", "StringLike", "ECC*", "RSA*", DATA_KEY_PAIRS),
    case("kms:EncryptionAlgorithm", "StringEquals", "SYMMETRIC_DEFAULT", "SM2PKE", ENCRYPTING),
    case("kms:EncryptionContext:ORDER", "StringEquals", "42", "43", CONTEXT),
    case("kms:EncryptionContextKeys", "ForAnyValue:StringEquals", "Order", "order", CONTEXT),
    case("kms:GrantConstraintType", "StringEquals", "EncryptionContextSubset", "EncryptionContextEquals", GRANTS),
    case(
        "kms:GrantIsForAWSResource",
        "Bool",
        "false",
        "true",
        Present::Of(&["kms:CreateGrant", "kms:ListGrants", "kms:RevokeGrant"]),
    ),
    case("kms:GrantOperations", "ForAllValues:StringEquals", "Decrypt", "Encrypt", CREATE_GRANT),
    case("kms:GranteePrincipal", "StringEquals", GRANTEE, OTHER, CREATE_GRANT),
    case("kms:GranteePrincipal", "ArnLike", "arn:aws:iam::*:user/*", "arn:aws:iam::*:role/*", CREATE_GRANT),
    case("kms:RetiringPrincipal", "StringEquals", RETIRING, OTHER, CREATE_GRANT),
    case("kms:KeyAgreementAlgorithm", "StringEquals", "ECDH", "ecdh", Present::Of(&["kms:DeriveSharedSecret"])),
    case(
        "kms:MacAlgorithm",
        "StringEquals",
        "HMAC_SHA_256",
        "HMAC_SHA_224",
        Present::Of(&["kms:GenerateMac", "kms:VerifyMac"]),
    ),
    // Left out of the request: the default.
    case("kms:MessageType", "StringEquals", "RAW", "DIGEST", SIGNING),
    case("kms:SigningAlgorithm", "StringEquals", "RSASSA_PSS_SHA_256", "RSASSA_PSS_SHA_384", SIGNING),
    case("kms:ReEncryptOnSameKey", "Bool", "false", "true", Present::Of(&["kms:ReEncryptFrom", "kms:ReEncryptTo"])),
    case("kms:RequestAlias", "StringLike", "alias/named-*", "arn:*:alias/named-*", BY_ALIAS),
    case("kms:RotationPeriodInDays", "NumericEquals", "365", "90", Present::Of(&["kms:EnableKeyRotation"])),
    case(
        "kms:ScheduleKeyDeletionPendingWindowInDays",
        "NumericGreaterThan",
        "29",
        "30",
        Present::Of(&["kms:ScheduleKeyDeletion"]),
    ),
    // Section 3.
    case("kms:CallerAccount", "StringEquals", ACCOUNT, OTHER, Present::WithCallerAccount),
    case("kms:KeyOrigin", "StringEquals", "AWS_KMS", "EXTERNAL", Present::KeysAndCreation),
    case("kms:KeySpec", "StringEquals", "SYMMETRIC_DEFAULT", "RSA_2048", Present::KeysAndCreation),
    case("kms:CustomerMasterKeySpec", "StringEquals", "SYMMETRIC_DEFAULT", "RSA_2048", Present::KeysAndCreation),
    case("kms:KeyUsage", "StringEquals", "ENCRYPT_DECRYPT", "SIGN_VERIFY", Present::KeysAndCreation),
    case("kms:CustomerMasterKeyUsage", "StringEquals", "ENCRYPT_DECRYPT", "SIGN_VERIFY", Present::KeysAndCreation),
    case("kms:MultiRegion", "Bool", "false", "true", Present::KeysAndCreation),
    case("kms:MultiRegionKeyType", "StringLike", "*", "PRIMARY", Present::Of(&[])),
    case("kms:ResourceAliases", "ForAnyValue:StringLike", "alias/named-*", "alias/x*", Present::ExistingKeysByIdentity),
    case("kms:ViaService", "StringEquals", SERVICE, "ec2.us-west-2.amazonaws.com", Present::KeysAliasesAndCreation),
    // Section 4: none of the calls has an attestation document; those that have one stand in `recipients`.
    case("kms:RecipientAttestation:ImageSha384", "StringLike", "*", "00", Present::Of(&[])),
    case("kms:RecipientAttestation:PCR1", "StringLike", "*", "00", Present::Of(&[])),
    case("kms:RecipientAttestation:NitroTPMPCR1", "StringLike", "*", "00", Present::Of(&[])),
    // Section 5.
    case("aws:ResourceTag/team", "StringEquals", "orders", "Orders", Present::KeysAndCreationByIdentity),
    case("aws:RequestTag/TEAM", "StringEquals", "orders", "Orders", TAG_VALUES),
    case("aws:TagKeys", "ForAnyValue:StringEquals", "Team", "team", TAG_KEYS),
    // Section 6, as far as the library computes them.
    case("aws:CurrentTime", "DateEquals", START, "2030-01-01T00:00:00Z", Present::Everywhere),
    case("aws:EpochTime", "NumericEquals", "1767225600", "1767225601", Present::Everywhere),
    case("aws:EpochTime", "DateEquals", START, "2030-01-01T00:00:00Z", Present::Everywhere),
    case("aws:RequestedRegion", "StringEquals", REGION, "us-west-1", Present::Everywhere),
    case("aws:ResourceAccount", "StringEquals", ACCOUNT, OTHER, Present::Owned),
    case("aws:PrincipalAccount", "StringEquals", ACCOUNT, OTHER, Present::Everywhere),
    case("aws:PrincipalArn", "ArnEquals", ALICE, RETIRING, Present::Everywhere),
    case("aws:PrincipalType", "StringEquals", "User", "AssumedRole", Present::Everywhere),
    case("aws:userid", "StringEquals", "AIDAEXAMPLE", "alice", Present::Everywhere),
    case("aws:username", "StringEquals", "alice", "bob", Present::Everywhere),
    case("aws:PrincipalIsAWSService", "Bool", "false", "true", Present::Everywhere),
    case("aws:PrincipalServiceName", "StringLike", "*", SERVICE, Present::Of(&[])),
    case("aws:SecureTransport", "Bool", "true", "false", Present::Everywhere),
    case("aws:ViaAWSService", "Bool", "true", "false", Present::Everywhere),
    // Section 9.
    case("kms:GranteeServicePrincipal", "StringLike", "*", SERVICE, Present::Of(&[])),
    case("kms:RetiringServicePrincipal", "StringLike", "*", SERVICE, Present::Of(&[])),
    case("kms:GrantConstraintSourceArn", "ArnLike", SOURCE, RETIRING, Present::Of(&[])),
    case(
        "kms:PolicyName",
        "StringEquals",
        "default",
        "Default",
        Present::Of(&["kms:GetKeyPolicy", "kms:PutKeyPolicy"]),
    ),
];

const GRANTS: Present = Present::Of(&["kms:CreateGrant", "kms:RetireGrant"]);

/// Spec: CND-01..CND-14, CND-16..CND-21, CND-23, CND-29, CND-25..CND-28, CND-33, CND-39, CND-43, CND-44,
/// CND-46..CND-50, CND-52..CND-54, CND-57, CND-69..CND-71, CND-73, CND-79..CND-86, CND-88, CND-92, CND-111, CND-121,
/// CND-123, CND-125..CND-127, OVR-29
#[test]
fn identity_policies_see_what_the_tables_say() {
    let scene = Scene::new();
    for case in CASES {
        let asking = |condition: Value| {
            let statement = json!({ "Effect": "Allow", "Action": "kms:*", "Resource": "*", "Condition": condition });
            scene.world.client(alice().identity_policy(&policy(&[statement])).unwrap())
        };
        let holds = asking(json!({ case.operator: { case.key: case.value } }));
        let fails = asking(json!({ case.operator: { case.key: case.other } }));
        let absent = asking(json!({ "Null": { case.key: "true" } }));
        // Of an absent set, everything holds (POL-64).
        let is_all = case.operator.starts_with("ForAllValues");
        for permission in scene.permissions() {
            let present = case.present.covers(&permission, true);
            let expected = [present || is_all, !present && is_all, !present];
            let found = [&holds, &fails, &absent].map(|client| permission.is_allowed(client, &scene));
            assert_eq!(found, expected, "{} for {permission}", case.key);
        }
    }
}

/// Spec: CND-09..CND-14, CND-16..CND-21, CND-23, CND-29, CND-119, CND-125, CND-25..CND-28, CND-46..CND-50, CND-52..CND-54,
/// CND-69..CND-72, CND-79..CND-86, CND-121, CND-123
#[test]
fn key_policies_see_what_the_tables_say() {
    let scene = Scene::new();
    let alice = scene.world.client(alice());
    for case in CASES {
        let is_all = case.operator.starts_with("ForAllValues");
        let conditions = [
            json!({ case.operator: { case.key: case.value } }),
            json!({ case.operator: { case.key: case.other } }),
            json!({ "Null": { case.key: "true" } }),
        ];
        for (nth, condition) in conditions.into_iter().enumerate() {
            let statement = json!({ "Effect": "Allow", "Principal": { "AWS": ALICE }, "Action": "kms:*",
                                    "Resource": "*", "Condition": condition });
            for key in [&scene.key, &scene.second] {
                scene.world.root.put_key_policy(&key.id, policy(&[delegation(), statement.clone()])).send().unwrap();
            }
            for permission in scene.permissions() {
                let present = case.present.covers(&permission, false);
                let expected = [present || is_all, !present && is_all, !present][nth];
                let expected = expected && permission.is_of_key_policies();
                assert_eq!(permission.is_allowed(&alice, &scene), expected, "{} for {permission}", case.key);
            }
        }
    }
}

/// Spec: CND-19, CND-26, CND-120, CND-121
#[test]
fn grants_to_services_show_services() {
    let scene = Scene::new();
    for (key, operator, value, other) in [
        ("kms:GranteeServicePrincipal", "StringEquals", SERVICE, GRANTEE),
        ("kms:RetiringServicePrincipal", "StringEquals", SERVICE, RETIRING),
        ("kms:GrantConstraintSourceArn", "ArnEquals", SOURCE, GRANTEE),
        ("kms:GranteePrincipal", "Null", "true", "false"),
        ("kms:RetiringPrincipal", "Null", "true", "false"),
    ] {
        let is_allowed = |value: &str| {
            let statement = json!({ "Effect": "Allow", "Action": "kms:CreateGrant", "Resource": "*",
                                    "Condition": { operator: { key: value } } });
            let client = scene.world.client(alice().identity_policy(&policy(&[statement])).unwrap());
            let mut request = CreateGrant::new();
            request.key_id = Some(scene.key.id.clone().into());
            let call = client.call(request).grantee_service_principal(SERVICE).retiring_service_principal(SERVICE);
            call.operation("Decrypt").source_arn(SOURCE).explain().unwrap().is_allowed()
        };
        assert!(is_allowed(value) && !is_allowed(other), "{key}");
    }
}

/// A permission of one of the calls of the scene.
struct Permission {
    call: usize,
    claim: usize,
    operation: &'static str,
    action: String,
    resource: String,
}

impl Permission {
    fn is_allowed(&self, client: &Client, scene: &Scene) -> bool {
        let explanation = CALLS[self.call].1(client, scene);
        explanation.claims[self.claim].decision.is_allowed()
    }

    fn is_on_key(&self) -> bool {
        self.resource.contains(":key/")
    }

    /// Whether it is about a key that does not exist yet.
    fn is_creation(&self) -> bool {
        self.operation == "CreateKey"
    }

    /// Whether key policies have a say (PRM-10).
    fn is_of_key_policies(&self) -> bool {
        self.is_on_key() && !self.is_creation() && self.action != "kms:RetireGrant"
    }
}

impl std::fmt::Display for Permission {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} on {} by {}", self.action, self.resource, self.operation)
    }
}

impl Present {
    fn covers(self, permission: &Permission, by_identity: bool) -> bool {
        let on_alias = permission.resource.contains(":alias/");
        let keys_and_creation = permission.is_on_key() || permission.is_creation();
        match self {
            Self::KeysAndCreation => keys_and_creation,
            Self::ExistingKeysByIdentity => by_identity && permission.is_on_key() && !permission.is_creation(),
            Self::KeysAndCreationByIdentity => by_identity && keys_and_creation,
            Self::KeysAliasesAndCreation => keys_and_creation || on_alias,
            Self::WithCallerAccount => keys_and_creation || on_alias || permission.action.ends_with("CustomKeyStores"),
            Self::Owned => permission.is_on_key() || on_alias,
            Self::Everywhere => true,
            Self::Of(actions) => actions.contains(&&*permission.action),
        }
    }
}

type Explain = fn(&Client, &Scene) -> CallExplanation;

/// Every operation that exists. Keys are named by alias where that is possible. Whether the type of the key fits an
/// operation is no matter of permission (PRM-11).
const CALLS: &[(&str, Explain)] = &[
    ("CancelKeyDeletion", |client, scene| client.cancel_key_deletion(&scene.key.id).explain().unwrap()),
    ("CreateAlias", |client, scene| client.create_alias("alias/new", &scene.key.id).explain().unwrap()),
    ("CreateGrant", |client, scene| {
        let call = client.create_grant(&scene.key.id, GRANTEE).retiring_principal(RETIRING).operation("Decrypt");
        call.encryption_context_subset(context()).explain().unwrap()
    }),
    ("CreateKey", |client, _| {
        client.create_key().tag("Team", "orders").bypass_policy_lockout_safety_check(true).explain().unwrap()
    }),
    ("Decrypt", |client, scene| {
        client.decrypt(&scene.blob).key_id(NAMED).encryption_context(context()).explain().unwrap()
    }),
    ("Decapsulate", |client, _| client.decapsulate(NAMED, b"x").explain().unwrap()),
    ("DeleteAlias", |client, _| client.delete_alias(NAMED).explain().unwrap()),
    ("DeriveSharedSecret", |client, _| client.derive_shared_secret(NAMED, b"x").explain().unwrap()),
    ("DescribeKey", |client, _| client.describe_key(NAMED).explain().unwrap()),
    ("DisableKey", |client, scene| client.disable_key(&scene.key.id).explain().unwrap()),
    ("DisableKeyRotation", |client, scene| client.disable_key_rotation(&scene.key.id).explain().unwrap()),
    ("EnableKey", |client, scene| client.enable_key(&scene.key.id).explain().unwrap()),
    ("EnableKeyRotation", |client, scene| client.enable_key_rotation(&scene.key.id).explain().unwrap()),
    ("Encapsulate", |client, _| client.encapsulate(NAMED).explain().unwrap()),
    ("Encrypt", |client, _| client.encrypt(NAMED, b"x").encryption_context(context()).explain().unwrap()),
    ("GenerateDataKey", |client, _| {
        client.generate_data_key(NAMED).key_spec("AES_256").encryption_context(context()).explain().unwrap()
    }),
    ("GenerateDataKeyPair", |client, _| {
        let call = client.generate_data_key_pair(NAMED).key_pair_spec("ECC_NIST_P256");
        call.encryption_context(context()).explain().unwrap()
    }),
    ("GenerateDataKeyPairWithoutPlaintext", |client, _| {
        let call = client.generate_data_key_pair_without_plaintext(NAMED).key_pair_spec("ECC_NIST_P256");
        call.encryption_context(context()).explain().unwrap()
    }),
    ("GenerateDataKeyWithoutPlaintext", |client, _| {
        let call = client.generate_data_key_without_plaintext(NAMED).key_spec("AES_256");
        call.encryption_context(context()).explain().unwrap()
    }),
    ("GenerateMac", |client, _| client.generate_mac(NAMED, b"x").mac_algorithm("HMAC_SHA_256").explain().unwrap()),
    ("GenerateRandom", |client, _| client.generate_random(16).explain().unwrap()),
    ("GetKeyPolicy", |client, scene| client.get_key_policy(&scene.key.id).explain().unwrap()),
    ("GetKeyRotationStatus", |client, scene| client.get_key_rotation_status(&scene.key.id).explain().unwrap()),
    ("GetPublicKey", |client, _| client.get_public_key(NAMED).explain().unwrap()),
    ("ListAliases", |client, scene| client.list_aliases().key_id(&*scene.key.id).explain().unwrap()),
    ("ListGrants", |client, scene| client.list_grants(&scene.key.id).grantee_principal(GRANTEE).explain().unwrap()),
    ("ListKeyPolicies", |client, scene| client.list_key_policies(&scene.key.id).explain().unwrap()),
    ("ListKeyRotations", |client, scene| client.list_key_rotations(&scene.key.id).explain().unwrap()),
    ("ListKeys", |client, _| client.list_keys().explain().unwrap()),
    ("ListResourceTags", |client, scene| client.list_resource_tags(&scene.key.id).explain().unwrap()),
    ("ListRetirableGrants", |client, _| client.list_retirable_grants(RETIRING).explain().unwrap()),
    ("PutKeyPolicy", |client, scene| {
        let call = client.put_key_policy(&scene.key.id, policy(&[delegation()]));
        call.bypass_policy_lockout_safety_check(true).explain().unwrap()
    }),
    ("ReEncrypt", |client, scene| {
        let call = client.re_encrypt(&scene.blob, NAMED_SECOND).source_key_id(NAMED);
        call.source_encryption_context(context()).destination_encryption_context(context()).explain().unwrap()
    }),
    ("RetireGrant", |client, scene| {
        client.retire_grant().key_id(&*scene.key.arn).grant_id(&*scene.grant).explain().unwrap()
    }),
    ("RevokeGrant", |client, scene| client.revoke_grant(&scene.key.id, &scene.grant).explain().unwrap()),
    ("RotateKeyOnDemand", |client, scene| client.rotate_key_on_demand(&scene.key.id).explain().unwrap()),
    ("ScheduleKeyDeletion", |client, scene| client.schedule_key_deletion(&scene.key.id).explain().unwrap()),
    ("Sign", |client, _| client.sign(NAMED, b"x").signing_algorithm("RSASSA_PSS_SHA_256").explain().unwrap()),
    ("TagResource", |client, scene| client.tag_resource(&scene.key.id).tag("Team", "orders").explain().unwrap()),
    ("UntagResource", |client, scene| client.untag_resource(&scene.key.id).tag_key("Team").explain().unwrap()),
    ("UpdateAlias", |client, scene| client.update_alias(NAMED, &scene.second.id).explain().unwrap()),
    ("UpdateKeyDescription", |client, scene| client.update_key_description(&scene.key.id, "x").explain().unwrap()),
    ("Verify", |client, _| client.verify(NAMED, b"x", b"s").signing_algorithm("RSASSA_PSS_SHA_256").explain().unwrap()),
    ("VerifyMac", |client, _| client.verify_mac(NAMED, b"x", b"c").mac_algorithm("HMAC_SHA_256").explain().unwrap()),
];

/// Two keys with an alias and a tag each, a ciphertext and a grant of the first one.
struct Scene {
    world: World,
    key: Key,
    second: Key,
    blob: Vec<u8>,
    grant: String,
}

impl Scene {
    fn new() -> Self {
        let world = World::new();
        let keys = [NAMED, NAMED_SECOND].map(|name| {
            let created = world.root.create_key().tags(vec![Tag::new("Team", "orders")]).send().unwrap();
            let key = Key::of(created.key_metadata.arn);
            world.root.create_alias(name, &key.id).send().unwrap();
            key
        });
        let [key, second] = keys;
        let blob = world.root.encrypt(&key.id, b"x").encryption_context(context()).send().unwrap();
        let blob = AsRef::<[u8]>::as_ref(&blob.ciphertext_blob).to_vec();
        let call = world.root.create_grant(&key.id, GRANTEE).operation("Decrypt");
        let grant = call.encryption_context_subset(context()).send().unwrap().grant_id.to_string();
        Self { world, key, second, blob, grant }
    }

    fn permissions(&self) -> Vec<Permission> {
        let permissions = CALLS.iter().enumerate().flat_map(|(call, (operation, explain))| {
            explain(&self.world.root, self).claims.into_iter().enumerate().map(move |(claim, claimed)| Permission {
                call,
                claim,
                operation,
                action: claimed.action,
                resource: claimed.resource,
            })
        });
        permissions.collect()
    }
}

fn alice() -> Caller {
    Caller::user(ACCOUNT, "alice").unwrap().unique_id("AIDAEXAMPLE").via_service(SERVICE)
}

fn context() -> EncryptionContext<'static> {
    EncryptionContext::from_iter([("Order", "42")])
}

const ALICE: &str = "arn:aws:iam::111122223333:user/alice";
const GRANTEE: &str = "arn:aws:iam::111122223333:user/grantee";
const RETIRING: &str = "arn:aws:iam::111122223333:user/retiring";
const SERVICE: &str = "s3.us-west-2.amazonaws.com";
const SOURCE: &str = "arn:aws:logs:us-west-2:111122223333:log-group:g";
const NAMED: &str = "alias/named-first";
const NAMED_SECOND: &str = "alias/named-second";
