//! The acceptance scenarios of chapter 22, in their order. Those that need an operation which does not exist yet are
//! told inside the crate, as far as authorization goes.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::sync::Arc;
use std::time::Duration;

use keystead::crypto::SecretBytes;
use keystead::hierarchy::RawRootKey;
use keystead::{Caller, Client, ConditionValue, EncryptionContext, Kms, QuotaProfile};
use keystead_memory::MemoryStore;
use serde_json::{Value, json};
use support::statements::*;
use support::*;

/// Scenario 1.
///
/// Spec: CND-03, CND-04, CND-48
#[test]
fn defaults_of_a_key_to_be_created_are_filled() {
    let world = World::new();
    for key in ["kms:KeySpec", "kms:CustomerMasterKeySpec"] {
        let client = world.client(alice(&[allowing(&["kms:CreateKey"], equals(key, "SYMMETRIC_DEFAULT"))]));
        client.create_key().send().unwrap();
        client.create_key().key_spec("SYMMETRIC_DEFAULT").send().unwrap();
        let rsa = || client.create_key().key_usage("SIGN_VERIFY");
        assert_code(rsa().key_spec("RSA_2048").send(), "AccessDeniedException");
        assert_code(rsa().customer_master_key_spec("RSA_2048").send(), "AccessDeniedException");
    }
}

/// Scenarios 2 and 4.
///
/// Spec: CND-04, CND-10
#[test]
fn an_unused_bypass_flag_is_absent() {
    let world = World::new();
    let null = json!({ "Null": { "kms:BypassPolicyLockoutSafetyCheck": "true" } });
    let if_unused = [delegation(), by_key_policy(&["kms:PutKeyPolicy"], null)];
    let unless_true = [
        delegation(),
        by_key_policy(&["kms:PutKeyPolicy"], json!({})),
        json!({ "Effect": "Deny", "Principal": "*", "Action": "kms:PutKeyPolicy", "Resource": "*",
                "Condition": { "Bool": { "kms:BypassPolicyLockoutSafetyCheck": "true" } } }),
    ];
    let client = world.client(alice(&[]));
    for (statements, allowed) in [(&if_unused[..], [true, false, false]), (&unless_true[..], [true, true, false])] {
        let document = policy(statements);
        let key = world.key_with_policy(&document);
        for (flag, allowed) in [None, Some(false), Some(true)].into_iter().zip(allowed) {
            let call = client.put_key_policy(&key.id, document.clone());
            let call = match flag {
                Some(flag) => call.bypass_policy_lockout_safety_check(flag),
                None => call,
            };
            assert_eq!(is_allowed(call.send()), allowed, "{flag:?}");
        }
    }
}

/// Scenario 5.
///
/// Spec: CND-04, CND-28, CND-33
#[test]
fn the_default_waiting_period_is_thirty_days() {
    let world = World::new();
    let window = "kms:ScheduleKeyDeletionPendingWindowInDays";
    let deny = |operator: &str| {
        let statement =
            json!({ "Effect": "Deny", "Action": "*", "Resource": "*", "Condition": { operator: { window: 21 } } });
        world.client(alice(&[allowing(&["kms:*"], json!({})), statement]))
    };
    let allow = world.client(alice(&[allowing(&["kms:*"], json!({ "NumericGreaterThan": { window: "21" } }))]));
    let schedule = |client: &Client, days: Option<i64>| {
        let key = world.key();
        let call = client.schedule_key_deletion(&key.id);
        is_allowed(match days {
            Some(days) => call.pending_window_in_days(days).send(),
            None => call.send(),
        })
    };
    for client in [&deny("NumericLessThanEquals"), &allow] {
        assert_eq!([Some(21), Some(22), None].map(|days| schedule(client, days)), [false, true, true]);
    }
    assert!(!schedule(&deny("NumericGreaterThan"), None));
}

/// Scenario 6.
///
/// Spec: CND-12, CND-36
#[test]
fn data_keys_are_always_symmetric() {
    let world = World::new();
    let key = world.key();
    let deny = json!({ "Effect": "Deny", "Resource": "*",
        "Action": ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*"],
        "Condition": { "StringNotEquals": { "kms:EncryptionAlgorithm": "SYMMETRIC_DEFAULT" } } });
    let client = world.client(alice(&[allowing(&["kms:*"], json!({})), deny]));
    client.generate_data_key(&key.id).key_spec("AES_256").send().unwrap();
    client.generate_data_key_without_plaintext(&key.id).key_spec("AES_256").send().unwrap();
    let blob = client.encrypt(&key.id, b"x").send().unwrap();
    client.encrypt(&key.id, b"x").encryption_algorithm("SYMMETRIC_DEFAULT").send().unwrap();
    let rsa = "RSAES_OAEP_SHA_256";
    assert_code(client.encrypt(&key.id, b"x").encryption_algorithm(rsa).send(), "AccessDeniedException");
    let decrypt = client.decrypt(&blob.ciphertext_blob).key_id(&*key.id).encryption_algorithm(rsa);
    assert_code(decrypt.send(), "AccessDeniedException");
    for (source, destination, action) in [(rsa, "SYMMETRIC_DEFAULT", "From"), ("SYMMETRIC_DEFAULT", rsa, "To")] {
        let call = client.re_encrypt(&blob.ciphertext_blob, &key.id).source_key_id(&*key.id);
        let call = call.source_encryption_algorithm(source).destination_encryption_algorithm(destination);
        let error = refusal(call.send());
        assert_eq!(error.code(), "AccessDeniedException");
        assert!(error.message().contains(&format!("kms:ReEncrypt{action}")), "{error}");
    }
}

/// Scenario 7.
///
/// Spec: CND-25, CND-44, CND-56
#[test]
fn the_alias_of_the_request_is_a_name() {
    let world = World::new();
    let key = world.key();
    world.root.create_alias("alias/finance-key", &key.id).send().unwrap();
    let generates = |value: &str, named: &str| {
        let client = world.client(alice(&[allowing(&["kms:GenerateDataKey"], like("kms:RequestAlias", value))]));
        is_allowed(client.generate_data_key(named).key_spec("AES_256").send())
    };
    let arn = alias_arn("alias/finance-key");
    for value in ["alias/finance-key", "alias/*nance*"] {
        let named = ["alias/finance-key", &arn, &key.id, &key.arn];
        assert_eq!(named.map(|named| generates(value, named)), [true, true, false, false]);
    }
    assert!(!generates(&arn, "alias/finance-key") && !generates(&arn, &arn));
    // Of alias operations and of requests without a key there is no such alias.
    let client = world.client(alice(&[allowing(&["kms:*"], like("kms:RequestAlias", "*"))]));
    assert_code(client.generate_random(8).send(), "AccessDeniedException");
    assert_code(client.delete_alias("alias/finance-key").send(), "AccessDeniedException");
}

/// Scenario 8.
///
/// Spec: CND-09, CND-52, CND-56
#[test]
fn the_aliases_of_a_key_are_for_identity_policies() {
    let world = World::new();
    let condition = json!({ "ForAnyValue:StringEquals": { "kms:ResourceAliases": "alias/a" } });
    let key = world.key_with_policy(&policy(&[delegation(), by_key_policy(&["kms:Encrypt"], condition.clone())]));
    world.root.create_alias("alias/a", &key.id).send().unwrap();
    for named in [&*key.id, "alias/a"] {
        assert_code(world.client(alice(&[])).encrypt(named, b"x").send(), "AccessDeniedException");
        let client = world.client(alice(&[allowing(&["kms:Encrypt"], condition.clone())]));
        client.encrypt(named, b"x").send().unwrap();
    }
}

/// Scenario 9: a quota that was lowered later.
///
/// Spec: CND-55, QUO-06
#[test]
fn authorization_does_not_rely_on_more_aliases_than_the_quota() {
    let store = Arc::new(MemoryStore::new());
    let open = |quotas: QuotaProfile| {
        let root_key = RawRootKey::new(&SecretBytes::from(&[7; 32])).unwrap();
        Kms::builder().store(Arc::clone(&store)).root_key(root_key).quotas(quotas).build().unwrap()
    };
    let root = |kms: &Kms| kms.client(REGION, Caller::account_root(ACCOUNT).unwrap()).unwrap();
    let generous = open(QuotaProfile::DEFAULT.with_aliases_per_key(51));
    let key = Key::of(root(&generous).create_key().send().unwrap().key_metadata.arn);
    for n in 0..51 {
        root(&generous).create_alias(format!("alias/x{n}"), &key.id).send().unwrap();
    }
    drop(generous);

    let kms = open(QuotaProfile::DEFAULT);
    let encrypts =
        |statements: &[Value]| is_allowed(kms.client(REGION, alice(statements)).unwrap().encrypt(&key.id, b"x").send());
    let everything = allowing(&["kms:*"], json!({}));
    let by_alias = |operator: &str, value: &str| json!({ operator: { "kms:ResourceAliases": value } });
    let deny = |condition: Value| json!({ "Effect": "Deny", "Action": "kms:Encrypt", "Resource": "*", "Condition": condition });
    let conditions = [
        by_alias("ForAnyValue:StringLike", "alias/x*"),
        by_alias("ForAllValues:StringLike", "alias/x*"),
        by_alias("ForAnyValue:StringNotLike", "alias/y*"),
        by_alias("Null", "false"),
    ];
    let others = [by_alias("ForAnyValue:StringLike", "alias/y*"), by_alias("Null", "true")];
    for condition in conditions.iter().chain(&others) {
        assert!(!encrypts(&[allowing(&["kms:Encrypt"], condition.clone())]), "{condition}");
        assert!(!encrypts(&[everything.clone(), deny(condition.clone())]), "{condition}");
    }
    // Who does not depend on aliases notices nothing.
    assert!(encrypts(std::slice::from_ref(&everything)));
    assert!(encrypts(&[allowing(&["kms:Encrypt"], like("kms:KeySpec", "*"))]));

    root(&kms).delete_alias("alias/x7").send().unwrap();
    for condition in conditions {
        assert!(encrypts(&[allowing(&["kms:Encrypt"], condition.clone())]), "{condition}");
        assert!(!encrypts(&[everything.clone(), deny(condition.clone())]), "{condition}");
    }
    for condition in others {
        assert!(encrypts(&[everything.clone(), deny(condition.clone())]), "{condition}");
    }
}

/// Scenario 10.
///
/// Spec: CND-05, CND-52, CND-74
#[test]
fn all_aliases_and_at_least_one() {
    let world = World::new();
    let key = world.key();
    let condition = json!({
        "ForAllValues:StringLike": { "kms:ResourceAliases": "alias/*Test*" },
        "ForAnyValue:StringLike": { "kms:ResourceAliases": "alias/*Test*" }
    });
    let client = world.client(alice(&[allowing(&["kms:DisableKey"], condition)]));
    let disables = || is_allowed(client.disable_key(&key.id).send());
    assert!(!disables());
    world.root.create_alias("alias/Test1", &key.id).send().unwrap();
    assert!(disables());
    world.root.create_alias("alias/prod", &key.id).send().unwrap();
    assert!(!disables());
}

/// Scenario 11.
///
/// Spec: CND-69, CND-74, CND-76, CND-78
#[test]
fn tags_of_the_key_are_for_identity_policies_and_count_at_once() {
    let world = World::new();
    let condition = equals("aws:ResourceTag/Project", "Alpha");
    let key = world.key_with_policy(&policy(&[delegation(), by_key_policy(&["kms:Encrypt"], condition.clone())]));
    let client = world.client(alice(&[allowing(&["kms:Encrypt"], condition)]));
    let encrypts = |client: &Client| is_allowed(client.encrypt(&key.id, b"x").send());
    assert!(!encrypts(&client));
    world.root.tag_resource(&key.id).tag("Project", "Alpha").send().unwrap();
    assert!(encrypts(&client));
    assert!(!encrypts(&world.client(alice(&[]))));
    world.root.untag_resource(&key.id).tag_key("Project").send().unwrap();
    assert!(!encrypts(&client));
}

/// Scenario 12.
///
/// Spec: CND-71, CND-73
#[test]
fn tag_keys_compare_by_case() {
    let world = World::new();
    let key = world.key();
    let condition = json!({ "ForAllValues:StringEquals": { "aws:TagKeys": "Project" } });
    let client = world.client(alice(&[allowing(&["kms:TagResource", "kms:UntagResource"], condition)]));
    client.tag_resource(&key.id).tag("Project", "x").send().unwrap();
    assert_code(client.tag_resource(&key.id).tag("project", "x").send(), "AccessDeniedException");
    let both = client.tag_resource(&key.id).tag("Project", "y").tag("Other", "y");
    assert_code(both.send(), "AccessDeniedException");
    let tags = &world.root.list_resource_tags(&key.id).send().unwrap().tags;
    assert_eq!(tags.iter().map(|tag| tag.tag_value.as_str()).collect::<Vec<_>>(), ["x"]);
    assert_code(client.untag_resource(&key.id).tag_key("Other").send(), "AccessDeniedException");
    client.untag_resource(&key.id).tag_key("Project").send().unwrap();
}

/// Scenario 13.
///
/// Spec: CND-13, CND-14, CND-41
#[test]
fn a_grant_has_the_context_of_its_constraint() {
    let world = World::new();
    let key = world.key();
    for condition in
        [equals("kms:EncryptionContext:aws:geo:arn", "X"), json!({ "Null": { "kms:EncryptionContextKeys": "false" } })]
    {
        let client = world.client(alice(&[allowing(&["kms:CreateGrant"], condition)]));
        let create = || client.create_grant(&key.id, GRANTEE).operation("Decrypt");
        let pairs = || EncryptionContext::from_iter([("aws:geo:arn", "X")]);
        assert_code(create().send(), "AccessDeniedException");
        create().encryption_context_subset(pairs()).send().unwrap();
        create().encryption_context_equals(pairs()).send().unwrap();
    }
}

/// Scenario 14.
///
/// Spec: CND-18, CND-42
#[test]
fn operations_of_a_grant_are_a_set() {
    let world = World::new();
    let key = world.key();
    let creates = |operator: &str, operations: &[&'static str]| {
        let condition = json!({ operator: { "kms:GrantOperations": ["Encrypt", "ReEncryptTo"] } });
        let client = world.client(alice(&[allowing(&["kms:CreateGrant"], condition)]));
        let call = client.create_grant(&key.id, GRANTEE);
        operations.iter().fold(call, |call, operation| call.operation(*operation)).send().map(drop)
    };
    let (all, any) = ("ForAllValues:StringEquals", "ForAnyValue:StringEquals");
    creates(all, &["Encrypt"]).unwrap();
    creates(all, &["ReEncryptTo", "Encrypt"]).unwrap();
    assert_code(creates(all, &["Encrypt", "Decrypt"]), "AccessDeniedException");
    creates(any, &["Encrypt", "Decrypt"]).unwrap();
    assert_code(creates(any, &["Decrypt"]), "AccessDeniedException");
    // Everything holds of an empty set, but there is no grant without operations.
    assert_code(creates(all, &[]), "ValidationException");
}

/// Scenario 15.
///
/// Spec: CND-17
#[test]
fn grants_for_services_are_made_by_services() {
    let world = World::new();
    let template = json!({ "Effect": "Allow", "Principal": { "AWS": ALICE }, "Resource": "*",
        "Action": ["kms:CreateGrant", "kms:ListGrants", "kms:RevokeGrant"],
        "Condition": { "Bool": { "kms:GrantIsForAWSResource": "true" } } });
    let key = world.key_with_policy(&policy(&[delegation(), template]));
    let attempt = |flag: bool| {
        let client = world.client(alice(&[]).grant_is_for_aws_resource(flag));
        let created = client.create_grant(&key.id, GRANTEE).operation("Decrypt").send().map(drop);
        [is_allowed(created), is_allowed(client.list_grants(&key.id).send())]
    };
    assert_eq!(attempt(false), [false; 2]);
    assert_eq!(attempt(true), [true; 2]);
}

/// Scenario 16, within a Region.
///
/// Spec: CND-08, CND-23
#[test]
fn the_same_key_by_whatever_name() {
    let world = World::new();
    let (key, other) = (world.key(), world.key());
    world.root.create_alias("alias/same", &key.id).send().unwrap();
    world.root.create_alias("alias/other", &other.id).send().unwrap();
    let blob = world.root.encrypt(&key.id, b"x").send().unwrap();
    let moves = |same: &str, destination: &str| {
        let condition = json!({ "Bool": { "kms:ReEncryptOnSameKey": same } });
        let client = world.client(alice(&[allowing(&["kms:ReEncrypt*"], condition)]));
        is_allowed(client.re_encrypt(&blob.ciphertext_blob, destination).send())
    };
    for destination in ["alias/same", &key.id, &key.arn] {
        assert!(moves("true", destination) && !moves("false", destination), "{destination}");
    }
    for destination in ["alias/other", &other.arn] {
        assert!(!moves("true", destination) && moves("false", destination), "{destination}");
    }
}

/// Scenario 17, of keys in a single Region.
#[test]
fn a_key_in_one_region_has_no_role() {
    let world = World::new();
    let key = world.key();
    for role in ["PRIMARY", "REPLICA"] {
        let condition = equals("kms:MultiRegionKeyType", role);
        let role_right = allowing(&["iam:CreateServiceLinkedRole"], json!({}));
        let client =
            world.client(alice(&[allowing(&["kms:ScheduleKeyDeletion", "kms:CreateKey"], condition), role_right]));
        assert_code(client.schedule_key_deletion(&key.id).send(), "AccessDeniedException");
        assert_code(client.create_key().send(), "AccessDeniedException");
        let creates = client.create_key().multi_region(true).explain().unwrap().is_allowed();
        assert_eq!(creates, role == "PRIMARY");
    }
}

/// Scenario 18.
///
/// Spec: CND-46, CND-58
#[test]
fn everybody_in_an_account_is_a_direct_permission() {
    let world = World::new();
    let statement = json!({ "Effect": "Allow", "Principal": { "AWS": "*" }, "Action": "kms:Encrypt", "Resource": "*",
                            "Condition": { "StringEquals": { "kms:CallerAccount": ACCOUNT } } });
    let key = world.key_with_policy(&policy(&[statement]));
    for caller in [alice(&[]), Caller::role_session(ACCOUNT, "worker", "pod").unwrap()] {
        world.client(caller).encrypt(&key.arn, b"x").send().unwrap();
    }
    assert_code(world.stranger(&["kms:*"]).encrypt(&key.arn, b"x").send(), "AccessDeniedException");
    assert_code(
        world.client(Caller::service("logs.amazonaws.com", ACCOUNT).unwrap()).encrypt(&key.arn, b"x").send(),
        "AccessDeniedException",
    );
}

/// Scenarios 19 and 20, of requests without a document.
///
/// Spec: CND-67
#[test]
fn an_allow_by_measurement_is_no_gate_by_itself() {
    let world = World::new();
    let measured = |effect: &str, operator: &str| {
        json!({ "Effect": effect, "Principal": { "AWS": ALICE }, "Action": "kms:Decrypt", "Resource": "*",
                "Condition": { operator: { "kms:RecipientAttestation:ImageSha384": "ab" } } })
    };
    let allow = measured("Allow", "StringEqualsIgnoreCase");
    let deny = measured("Deny", "StringNotEqualsIgnoreCase");
    let decrypts = |statements: &[Value], identity: &[Value]| {
        let key = world.key_with_policy(&policy(&[vec![delegation()], statements.to_vec()].concat()));
        let blob = world.root.encrypt(&key.id, b"x").send().unwrap();
        is_allowed(world.client(alice(identity)).decrypt(&blob.ciphertext_blob).send())
    };
    let identity = [allowing(&["kms:Decrypt"], json!({}))];
    assert!(!decrypts(std::slice::from_ref(&allow), &[]));
    assert!(decrypts(std::slice::from_ref(&allow), &identity));
    assert!(!decrypts(&[allow, deny], &identity));
    let random = allowing(&["kms:GenerateRandom"], equals("kms:RecipientAttestation:PCR0", "ab"));
    assert_code(world.client(alice(&[random])).generate_random(8).send(), "AccessDeniedException");
}

/// Scenario 21.
///
/// Spec: CND-80
#[test]
fn a_window_of_time_closes_on_the_second() {
    let world = World::new();
    let key = world.key();
    let condition = json!({ "DateLessThan": { "aws:CurrentTime": "2026-01-01T00:00:02Z" } });
    let client = world.client(alice(&[allowing(&["kms:Encrypt"], condition)]));
    for open in [true, true, false, false] {
        assert_eq!(is_allowed(client.encrypt(&key.id, b"x").send()), open);
        world.clock.advance(Duration::from_secs(1));
    }
}

/// Scenario 23.
///
/// Spec: CND-06
#[test]
fn each_action_of_a_statement_is_judged_for_itself() {
    let world = World::new();
    let key = world.key();
    let condition = equals("kms:EncryptionContext:a", "1");
    let client = world.client(alice(&[allowing(&["kms:Encrypt", "kms:DescribeKey"], condition)]));
    client.encrypt(&key.id, b"x").context("a", "1").send().unwrap();
    assert_code(client.describe_key(&key.id).send(), "AccessDeniedException");
}

/// Scenario 25.
///
/// Spec: CND-69, CND-78, CND-130
#[test]
fn an_empty_value_is_null_and_still_a_text() {
    let world = World::new();
    let key = world.key();
    world.root.tag_resource(&key.id).tag("Type", "").send().unwrap();
    let encrypts = |statements: &[Value]| {
        is_allowed(world.client(alice(statements)).encrypt(&key.id, b"x").context("empty", "").send())
    };
    for name in ["aws:ResourceTag/Type", "kms:EncryptionContext:empty"] {
        let is_null = |value: &str| json!({ "Null": { name: value } });
        let absent = is_null("true");
        let deny = json!({ "Effect": "Deny", "Action": "*", "Resource": "*", "Condition": absent });
        assert!(!encrypts(&[allowing(&["kms:*"], json!({})), deny]), "{name}");
        assert!(!encrypts(&[allowing(&["kms:*"], is_null("false"))]), "{name}");
        assert!(encrypts(&[allowing(&["kms:*"], equals(name, ""))]), "{name}");
        assert!(!encrypts(&[allowing(&["kms:*"], json!({ "ForAnyValue:StringEquals": { name: "" } }))]), "{name}");
        assert!(encrypts(&[allowing(&["kms:*"], json!({ "ForAllValues:StringEquals": { name: "x" } }))]), "{name}");
    }
    world.root.tag_resource(&key.id).tag("Type", "x").send().unwrap();
    let untagged = json!({ "Effect": "Deny", "Action": "*", "Resource": "*",
                           "Condition": { "Null": { "aws:ResourceTag/Type": "true" } } });
    assert!(encrypts(&[allowing(&["kms:*"], json!({})), untagged]));
}

/// Scenario 26.
///
/// Spec: CND-104
#[test]
fn an_absent_mfa_flag_is_not_false() {
    let world = World::new();
    let key = world.key();
    let encrypts = |operator: &str, caller: &dyn Fn(Caller) -> Caller| {
        let deny = json!({ "Effect": "Deny", "Action": "*", "Resource": "*",
                           "Condition": { operator: { "aws:MultiFactorAuthPresent": "false" } } });
        let client = world.client(caller(alice(&[allowing(&["kms:*"], json!({})), deny])));
        is_allowed(client.encrypt(&key.id, b"x").send())
    };
    let mfa = |present| move |caller: Caller| caller.mfa(present);
    assert!(encrypts("Bool", &|caller| caller) && !encrypts("BoolIfExists", &|caller| caller));
    for operator in ["Bool", "BoolIfExists"] {
        assert!(encrypts(operator, &mfa(true)) && !encrypts(operator, &mfa(false)), "{operator}");
    }
}

/// Scenario 27.
///
/// Spec: CND-96
#[test]
fn a_service_is_trusted_for_one_account_only() {
    let world = World::new();
    let statement = json!({ "Effect": "Allow", "Principal": { "Service": "logs.amazonaws.com" },
                            "Action": "kms:Encrypt", "Resource": "*",
                            "Condition": { "StringEquals": { "aws:SourceAccount": ACCOUNT } } });
    let key = world.key_with_policy(&policy(&[delegation(), statement]));
    let encrypts = |source: Option<&str>| {
        let service = Caller::service("logs.amazonaws.com", ACCOUNT).unwrap();
        let caller = match source {
            Some(source) => service.condition("aws:SourceAccount", ConditionValue::Text(source.to_owned())).unwrap(),
            None => service,
        };
        is_allowed(world.client(caller).encrypt(&key.id, b"x").send())
    };
    assert_eq!([None, Some(OTHER), Some(ACCOUNT)].map(encrypts), [false, false, true]);
}
