//! Behaviour common to operations (chapter 50).
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::time::Duration;

use keystead::catalogue::{Bucket, operations};
use keystead::operations::*;
use keystead::{CallError, Caller, Error, Fault, GrantVisibilityDelay, QuotaProfile};
use serde_json::json;
use support::*;

/// Spec: API-016, API-017, API-105, KEY-26
#[test]
fn violations_have_their_recorded_form() {
    let world = World::new();
    let root = &world.root;
    let key = world.key();
    let at = |item: &str| violation(item);
    let validation = "ValidationException";
    for (bytes, bound) in [(0, "greater than or equal to 1"), (1025, "less than or equal to 1024")] {
        let item =
            format!("Value '{bytes}' at 'numberOfBytes' failed to satisfy constraint: Member must have value {bound}");
        assert_refused(root.generate_random(bytes).send(), validation, &at(&item));
    }
    assert_refused(
        root.encrypt(&key.id, vec![7; 4097]).send(),
        validation,
        &at("Value at 'plaintext' failed to satisfy constraint: Member must have length less than or equal to 4096"),
    );
    assert_refused(
        root.encrypt(&key.id, b"").send(),
        validation,
        &at("Value at 'plaintext' failed to satisfy constraint: Member must have length greater than or equal to 1"),
    );
    assert_refused(
        root.call(GetKeyPolicy::new()).send(),
        validation,
        &at("Value null at 'keyId' failed to satisfy constraint: Member must not be null"),
    );
    assert_refused(
        root.get_key_policy(&key.id).policy_name("a-b").send(),
        validation,
        &at(
            "Value 'a-b' at 'policyName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w]+",
        ),
    );
    assert_refused(
        root.encrypt(&key.id, b"x").grant_tokens(vec!["t".into(); 11]).send(),
        validation,
        &at("Value at 'grantTokens' failed to satisfy constraint: Member must have length less than or equal to 10"),
    );
    assert_refused(
        root.encrypt(&key.id, b"x").grant_tokens(vec!["t".into(), "".into()]).send(),
        validation,
        &at(
            "Value '' at 'grantTokens.2.member' failed to satisfy constraint: Member must have length greater than or equal to 1",
        ),
    );
    let constraints = || {
        let mut constraints = keystead::GrantConstraints::default();
        constraints.source_arn = Some("arn:aws:s3:::twenty-characters".into());
        constraints
    };
    let call = root
        .create_grant(&key.id, "arn:aws:iam::111122223333:user/u")
        .operations(vec!["Decrypt".into()])
        .constraints(constraints());
    assert_refused(
        call.send(),
        validation,
        &at(
            "Value 'arn:aws:s3:::twenty-characters' at 'constraints.sourceArn' failed to satisfy constraint: Member must \
             satisfy regular expression pattern: ^arn:aws[a-z0-9-]*:[a-z0-9-]+:[a-z0-9-]*:[0-9]{12}:.+$",
        ),
    );
}

/// Spec: API-016, API-018
#[test]
fn words_are_listed_and_compared_as_a_set() {
    let world = World::new();
    let call = world.root.generate_mac("k", b"m").mac_algorithm("X");
    let (code, message) = outcome(call.send());
    assert_eq!(code, "ValidationException");
    let item = "Value 'X' at 'macAlgorithm' failed to satisfy constraint: Member must satisfy enum value set: [";
    let words = message.strip_prefix(&violation(item)).unwrap().strip_suffix(']').unwrap();
    assert_same_set(words.split(", "), ["HMAC_SHA_224", "HMAC_SHA_256", "HMAC_SHA_384", "HMAC_SHA_512"]);
}

/// Spec: API-016, API-025
#[test]
fn all_violations_are_in_one_message_without_the_bytes() {
    let world = World::new();
    let call = world.root.generate_mac("k", vec![b'Z'; 4097]).mac_algorithm("X");
    let (code, message) = outcome(call.send());
    assert_eq!(code, "ValidationException");
    assert!(message.starts_with(
        "2 validation errors detected: Value at 'message' failed to satisfy constraint: Member must have length less than \
         or equal to 4096; Value 'X' at 'macAlgorithm' failed"
    ));
    assert!(!message.contains("ZZ"));
}

/// Spec: API-001, API-046, API-129
#[test]
fn every_operation_exists_and_checks_its_request() {
    let world = World::new();
    let root = &world.root;
    let mut codes = Vec::new();
    let mut try_empty =
        |name: &'static str, result: Result<(), CallError>| codes.push((name, result.err().map(|error| error.code())));
    macro_rules! empty {
        ($($request:ident)*) => { $(try_empty(stringify!($request), root.call($request::new()).send().map(drop));)* };
    }
    empty!(
        CancelKeyDeletion ConnectCustomKeyStore CreateAlias CreateCustomKeyStore CreateGrant CreateKey Decapsulate
        Decrypt DeleteAlias DeleteCustomKeyStore DeleteImportedKeyMaterial DeriveSharedSecret DescribeCustomKeyStores
        DescribeKey DisableKey DisableKeyRotation DisconnectCustomKeyStore EnableKey EnableKeyRotation Encapsulate
        Encrypt GenerateDataKey GenerateDataKeyPair GenerateDataKeyPairWithoutPlaintext
        GenerateDataKeyWithoutPlaintext GenerateMac GenerateRandom GetKeyLastUsage GetKeyPolicy GetKeyRotationStatus
        GetParametersForImport GetPublicKey ImportKeyMaterial ListAliases ListGrants ListKeyPolicies ListKeyRotations
        ListKeys ListResourceTags ListRetirableGrants PutKeyPolicy ReEncrypt ReplicateKey RetireGrant RevokeGrant
        RotateKeyOnDemand ScheduleKeyDeletion Sign TagResource UntagResource UpdateAlias UpdateCustomKeyStore
        UpdateKeyDescription UpdatePrimaryRegion Verify VerifyMac
    );
    assert_eq!(codes.len(), 56);
    for (name, code) in codes {
        match name {
            "CreateKey" | "ListKeys" | "ListAliases" => assert_eq!(code, None, "{name}"),
            // Without a required member in the model; what they need is theirs to say.
            "DescribeCustomKeyStores" | "RetireGrant" | "ListRetirableGrants" => {}
            _ => assert_eq!(code, Some("ValidationException"), "{name}"),
        }
    }
}

/// Spec: API-012, KEY-112, STA-47
#[test]
fn shape_comes_before_access_and_access_before_state() {
    let world = World::new();
    let key = world.key();
    let blob = world.root.encrypt(&key.id, b"x").send().unwrap().into_inner().ciphertext_blob;
    let powerless = world.user(&[]);
    assert_code(powerless.encrypt(&key.id, vec![0; 4097]).send(), "ValidationException");
    assert_code(powerless.encrypt(&key.id, vec![0; 10]).send(), "AccessDeniedException");
    world.root.disable_key(&key.id).send().unwrap();
    assert_code(powerless.decrypt(&blob).key_id(key.id.clone()).send(), "AccessDeniedException");
    assert_refused(
        world.user(&["kms:Decrypt"]).decrypt(&blob).key_id(key.id.clone()).send(),
        "DisabledException",
        &format!("{} is disabled.", key.arn),
    );
}

/// What quotas, last use and audit take for a use of key material is the table of chapter 00, section 7.
///
/// Spec: OVR-30
#[test]
fn cryptographic_operations_are_those_of_the_table() {
    let table = [
        "Encrypt",
        "Decrypt",
        "ReEncrypt",
        "GenerateDataKey",
        "GenerateDataKeyWithoutPlaintext",
        "GenerateDataKeyPair",
        "GenerateDataKeyPairWithoutPlaintext",
        "GenerateMac",
        "VerifyMac",
        "Sign",
        "Verify",
        "GenerateRandom",
        "DeriveSharedSecret",
        "Encapsulate",
        "Decapsulate",
    ];
    let found = operations().iter().filter(|row| matches!(row.bucket(), Bucket::Cryptographic | Bucket::KeyPair));
    assert_same_set(found.map(|row| row.name()), table);
}

/// Spec: API-012, KEY-112, PRM-29, PRM-33, STA-47, RUL-01
#[test]
fn the_first_failing_step_decides() {
    let world = World::with(|builder| builder.max_encryption_context_len(64));
    let (enabled, disabled) = (world.key(), world.key());
    world.root.disable_key(&disabled.id).send().unwrap();
    let (able, unable) = (world.user(&["kms:Encrypt"]), world.user(&[]));
    for combination in 0..128_u32 {
        let fails = |bit: u32| combination >> bit & 1 == 1;
        let key = match (fails(1), fails(3)) {
            (true, _) => ABSENT.to_owned(),
            (false, true) => disabled.id.clone(),
            (false, false) => enabled.id.clone(),
        };
        let client = if fails(2) { &unable } else { &able };
        let mut call = client.encrypt(&key, if fails(0) { vec![0; 4097] } else { vec![0; 10] });
        if fails(4) {
            call = call.encryption_algorithm("RSAES_OAEP_SHA_256");
        }
        if fails(5) {
            call = call.context("k", "v".repeat(64));
        }
        let result = call.dry_run(fails(6)).send();
        let expected = [
            "ValidationException",
            "NotFoundException",
            "AccessDeniedException",
            "DisabledException",
            "InvalidKeyUsageException",
            "ValidationException",
            "DryRunOperationException",
        ];
        let expected = (0..7).find(|bit| fails(*bit)).map(|bit| expected[bit as usize]);
        assert_eq!(result.err().map(|error| error.code()), expected, "{combination:07b}");
    }
}

/// Of what CreateKey judges by content, the policy comes first, then tags, then quotas.
///
/// Spec: RUL-18, RUL-56
#[test]
fn content_is_judged_in_the_order_of_the_ruling() {
    let world = World::with(|builder| builder.quotas(QuotaProfile::DEFAULT.with_keys_per_account(1)));
    let oversized = || " ".repeat(32_769);
    let nobody = || {
        policy(&[json!({ "Effect": "Allow", "Principal": { "AWS": format!("arn:aws:iam::{OTHER}:root") },
                                     "Action": "kms:*", "Resource": "*" })])
    };
    let unknown_operator = || {
        policy(&[json!({ "Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*",
                                               "Condition": { "ForEachValue:StringEquals": { "a": "b" } } })])
    };
    for full in [false, true] {
        if full {
            world.key();
        }
        for bad_tag in [false, true] {
            let create = |document: Option<String>| {
                let call = world.root.create_key().tag(if bad_tag { "aws:reserved" } else { "fine" }, "x");
                match document {
                    Some(document) => call.policy(document).send(),
                    None => call.send(),
                }
            };
            assert_code(create(Some(oversized())), "LimitExceededException");
            assert_code(create(Some("{}".to_owned())), MALFORMED);
            assert_code(create(Some(unknown_operator())), MALFORMED);
            let message = "The new key policy will not allow you to update the key policy in the future.";
            assert_refused(create(Some(nobody())), MALFORMED, message);
            if bad_tag {
                assert_code(create(None), "TagException");
            } else if full {
                assert_code(create(None), "LimitExceededException");
            }
        }
    }
}

/// Spec: RUL-18
#[test]
fn names_come_before_quotas_and_conflicts_after_them() {
    let world = World::with(|builder| builder.quotas(QuotaProfile::DEFAULT.with_aliases_per_key(1)));
    let (key, other) = (world.key(), world.key());
    // 12a: the named key, then the ciphertext.
    let mut damaged = world.root.encrypt(&key.id, b"x").send().unwrap().into_inner().ciphertext_blob;
    *damaged.last_mut().unwrap() ^= 1;
    assert_code(world.root.decrypt(&damaged).key_id(&other.id).send(), "IncorrectKeyException");
    assert_code(world.root.decrypt(&damaged).key_id(&key.id).send(), "InvalidCiphertextException");
    // 12c before 12f.
    world.root.create_alias("alias/a", &key.id).send().unwrap();
    assert_code(world.root.create_alias("alias/a", &key.id).send(), "AlreadyExistsException");
    assert_code(world.root.create_alias("alias/b", &key.id).send(), "LimitExceededException");
    // 12c before 12d and 12e.
    let related = world.root.create_key().multi_region(true).send().unwrap().key_metadata.key_id;
    let replicate = || world.root.replicate_key(related, "eu-west-1");
    assert_code(replicate().policy("{}").tag("aws:reserved", "x").send(), MALFORMED);
    assert_code(replicate().tag("aws:reserved", "x").send(), "TagException");
    replicate().send().unwrap();
    assert_code(replicate().policy("{}").tag("aws:reserved", "x").send(), "AlreadyExistsException");
    // 12f before 12g.
    for _ in 0..25 {
        world.clock.advance_days(1);
        world.root.rotate_key_on_demand(&key.id).send().unwrap();
    }
    for id in [&key.id, &other.id] {
        world.root.enable_key_rotation(id).rotation_period_in_days(90).send().unwrap();
    }
    world.clock.advance(Duration::from_secs(90 * 86_400 - 600));
    assert_code(world.root.rotate_key_on_demand(&other.id).send(), "ConflictException");
    assert_code(world.root.rotate_key_on_demand(&key.id).send(), "LimitExceededException");
}

/// Spec: KEY-39
#[test]
fn describing_a_key_takes_ten_grant_tokens() {
    let delay = GrantVisibilityDelay::from(Duration::from_secs(300));
    let world = World::with(|builder| builder.grant_visibility_delay(delay));
    let key = world.key();
    let alice = world.user(&[]);
    let grants: Vec<_> = (0..10)
        .map(|nth| {
            let call = world.root.create_grant(&key.id, alice.caller_arn()).name(format!("grant-{nth}"));
            call.operation(if nth == 9 { "DescribeKey" } else { "Encrypt" }).send().unwrap().into_inner()
        })
        .collect();
    let tokens = |range: std::ops::Range<usize>| {
        grants[range]
            .iter()
            .map(|grant| grant.grant_token.to_string().into())
            .collect::<Vec<std::borrow::Cow<'_, str>>>()
    };
    assert_code(alice.describe_key(&key.id).send(), "AccessDeniedException");
    assert_code(alice.describe_key(&key.id).grant_tokens(tokens(0..9)).send(), "AccessDeniedException");
    alice.describe_key(&key.id).grant_tokens(tokens(0..10)).send().unwrap();
    let eleven = [tokens(0..10), tokens(9..10)].concat();
    assert_code(alice.describe_key(&key.id).grant_tokens(eleven).send(), "ValidationException");
}

/// Spec: KEY-108
#[test]
fn what_only_slow_stores_need_is_there_and_checked() {
    let world = World::new();
    let key = world.key();
    let grant = world.root.create_grant(&key.id, world.user(&[]).caller_arn()).operation("Encrypt").send().unwrap();
    let encrypt = |token: &str| world.root.encrypt(&key.id, b"x").grant_tokens(vec![token.to_owned().into()]).send();
    encrypt(&grant.grant_token).unwrap();
    assert_code(encrypt("no token"), "InvalidGrantTokenException");
    let mut altered = grant.grant_token.to_string().into_bytes();
    let middle = altered.len() / 2;
    altered[middle] = if altered[middle] == b'A' { b'B' } else { b'A' };
    assert_code(encrypt(&String::from_utf8(altered).unwrap()), "InvalidGrantTokenException");
    for error in [Error::DependencyTimeout("slow".into()), Error::KmsInternal("broken".into())] {
        assert_eq!((error.fault(), error.is_retryable()), (Fault::Server, true), "{error}");
    }
}

/// Spec: API-076, API-105, KEY-13
#[test]
fn an_algorithm_of_other_keys_does_not_fit() {
    let world = World::new();
    let key = world.key();
    let message = "Algorithm RSAES_OAEP_SHA_256 is incompatible with key spec SYMMETRIC_DEFAULT.";
    let wrong = "RSAES_OAEP_SHA_256";
    assert_refused(
        world.root.encrypt(&key.id, b"x").encryption_algorithm(wrong).send(),
        "InvalidKeyUsageException",
        message,
    );
    let blob = world.root.encrypt(&key.id, b"x").send().unwrap().into_inner().ciphertext_blob;
    let call = world.root.decrypt(&blob).key_id(key.id.clone()).encryption_algorithm(wrong);
    assert_refused(call.send(), "InvalidKeyUsageException", message);
    let call = world.root.re_encrypt(&blob, &key.id).destination_encryption_algorithm(wrong);
    assert_refused(call.send(), "InvalidKeyUsageException", message);
    let call = world.root.re_encrypt(&blob, &key.id).source_encryption_algorithm(wrong);
    assert_refused(call.send(), "InvalidKeyUsageException", message);
}

const WOULD_SUCCEED: &str = "The request would have succeeded, but the DryRun option is set.";

/// Spec: API-030, API-031, API-032, API-105, PRM-27, PRM-28, PRM-30, KEY-101
#[test]
fn a_dry_run_always_fails_and_changes_nothing() {
    let world = World::new();
    let key = world.key();
    let root = &world.root;
    let blob = root.encrypt(&key.id, b"x").send().unwrap().into_inner().ciphertext_blob;
    for result in [
        root.encrypt(&key.id, b"x").dry_run(true).send().map(drop),
        root.decrypt(&blob).dry_run(true).send().map(drop),
        root.re_encrypt(&blob, &key.id).dry_run(true).send().map(drop),
        root.generate_data_key(&key.id).key_spec("AES_256").dry_run(true).send().map(drop),
        root.generate_data_key_without_plaintext(&key.id).key_spec("AES_256").dry_run(true).send().map(drop),
    ] {
        assert_refused(result, "DryRunOperationException", WOULD_SUCCEED);
    }
    root.encrypt(&key.id, b"x").dry_run(false).send().unwrap();

    let powerless = world.user(&[]);
    assert_code(powerless.encrypt(&key.id, b"x").dry_run(true).send(), "AccessDeniedException");
    assert_code(powerless.decrypt(&[0; 80]).key_id(key.id.clone()).dry_run(true).send(), "AccessDeniedException");
    assert_code(root.encrypt(&key.id, vec![0; 4097]).dry_run(true).send(), "ValidationException");
    let call = root.encrypt(&key.id, b"x").encryption_algorithm("RSAES_OAEP_SHA_256");
    assert_code(call.dry_run(true).send(), "InvalidKeyUsageException");
    assert_code(root.encrypt(ABSENT, b"x").dry_run(true).send(), "NotFoundException");
    root.disable_key(&key.id).send().unwrap();
    assert_code(root.encrypt(&key.id, b"x").dry_run(true).send(), "DisabledException");
}

/// Spec: API-034, API-035, PRM-33, PRM-42
#[test]
fn a_dry_run_may_ignore_the_ciphertext_but_nothing_else_may() {
    let world = World::new();
    let (key, other) = (world.key(), world.key());
    let root = &world.root;
    let blob = root.encrypt(&key.id, b"x").send().unwrap().into_inner().ciphertext_blob;
    let ignore = || vec!["IGNORE_CIPHERTEXT".into()];
    let bare = || root.call(Decrypt::new());

    let call = bare().key_id(key.id.clone()).dry_run(true).dry_run_modifiers(ignore());
    assert_refused(call.send(), "DryRunOperationException", WOULD_SUCCEED);
    let item = "Value null at 'keyId' failed to satisfy constraint: Member must not be null";
    let call = bare().dry_run(true).dry_run_modifiers(ignore());
    assert_refused(call.send(), "ValidationException", &violation(item));
    assert_code(root.decrypt(&blob).dry_run_modifiers(ignore()).send(), "ValidationException");
    assert_code(root.decrypt(&blob).dry_run(false).dry_run_modifiers(ignore()).send(), "ValidationException");
    let item = "Value null at 'ciphertextBlob' failed to satisfy constraint: Member must not be null";
    let call = bare().key_id(key.id.clone()).dry_run(true);
    assert_refused(call.send(), "ValidationException", &violation(item));
    assert_refused(bare().send(), "ValidationException", &violation(item));
    let item = "Value 'ALL' at 'dryRunModifiers.1.member' failed to satisfy constraint: Member must satisfy enum value set: [IGNORE_CIPHERTEXT]";
    let call = root.decrypt(&blob).dry_run(true).dry_run_modifiers(vec!["ALL".into()]);
    assert_refused(call.send(), "ValidationException", &violation(item));

    let bare = || root.call(ReEncrypt::new()).destination_key_id(key.id.clone());
    let call = bare().source_key_id(other.id.clone()).dry_run(true).dry_run_modifiers(ignore());
    assert_refused(call.send(), "DryRunOperationException", WOULD_SUCCEED);
    let item = "Value null at 'sourceKeyId' failed to satisfy constraint: Member must not be null";
    let call = bare().dry_run(true).dry_run_modifiers(ignore());
    assert_refused(call.send(), "ValidationException", &violation(item));

    // The ciphertext is ignored also when it is there, whatever it is.
    let call = root.decrypt(b"junk").key_id(key.id.clone()).dry_run(true).dry_run_modifiers(ignore());
    assert_refused(call.send(), "DryRunOperationException", WOULD_SUCCEED);
    let call =
        root.re_encrypt(&blob, &key.id).source_key_id(other.id.clone()).dry_run(true).dry_run_modifiers(ignore());
    assert_refused(call.send(), "DryRunOperationException", WOULD_SUCCEED);
    let call = root.decrypt(&blob).key_id(other.id.clone()).dry_run(true).dry_run_modifiers(ignore());
    assert_refused(call.send(), "DryRunOperationException", WOULD_SUCCEED);
}

/// Spec: API-079, API-114, API-115, KEY-90
#[test]
fn the_samples_of_the_guide_work() {
    let world = World::new();
    let (first, second) = (world.key(), world.key());
    let plaintext = [1, 2, 3, 4, 5, 6, 7, 8, 9, 0];
    let blob = world.root.encrypt(&first.id, &plaintext).send().unwrap().into_inner().ciphertext_blob;
    assert_eq!(world.root.decrypt(&blob).send().unwrap().expose(), plaintext);
    let moved = world.root.re_encrypt(&blob, &second.arn).send().unwrap();
    assert_eq!((moved.source_key_id.to_string(), moved.key_id.to_string()), (first.arn, second.arn.clone()));
    let opened = world.root.decrypt(&moved.ciphertext_blob).send().unwrap();
    assert_eq!((opened.expose(), opened.key_id.to_string()), (&plaintext[..], second.arn));
    world.root.create_alias("alias/projectKey1", &first.id).send().unwrap();
    world.root.update_alias("alias/projectKey1", &second.id).send().unwrap();
    world.root.delete_alias("alias/projectKey1").send().unwrap();
}

/// Spec: API-079, PRM-19
#[test]
fn re_encryption_changes_key_and_context() {
    let world = World::new();
    let (from, to) = (world.key(), world.key());
    world.root.create_alias("alias/to", &to.id).send().unwrap();
    let blob = world.root.encrypt(&from.id, b"x").context("a", "1").send().unwrap().into_inner().ciphertext_blob;
    let call = world.root.re_encrypt(&blob, "alias/to").source_context("a", "1").destination_context("b", "2");
    let moved = call.send().unwrap().into_inner();
    assert_ne!(moved.source_key_material_id, moved.destination_key_material_id);
    assert_code(world.root.decrypt(&moved.ciphertext_blob).context("a", "1").send(), "InvalidCiphertextException");
    assert_eq!(world.root.decrypt(&moved.ciphertext_blob).context("b", "2").send().unwrap().expose(), b"x");
    assert_code(world.root.re_encrypt(&blob, &to.id).send(), "InvalidCiphertextException");
}

/// Spec: API-082, API-105
#[test]
fn random_bytes_have_the_number_asked_for() {
    let world = World::new();
    assert_refused(world.root.call(GenerateRandom::new()).send(), "ValidationException", "NumberOfBytes is required.");
    for bytes in [1, 1024] {
        assert_eq!(world.root.generate_random(bytes).send().unwrap().expose().len(), bytes as usize);
    }
    let two = || world.root.generate_random(32).send().unwrap().expose().to_vec();
    assert_ne!(two(), two());
}

/// Spec: API-061, API-062, API-116, API-129, POL-76, POL-81, POL-130
#[test]
fn a_key_has_one_policy_by_the_name_of_default() {
    let world = World::new();
    let key = world.key();
    let root = &world.root;
    let twice = json!({ "Sid": "Enable IAM User Permissions", "Effect": "Allow",
        "Principal": { "AWS": format!("arn:aws:iam::{ACCOUNT}:root") }, "Action": ["kms:Encrypt*", "kms:Put*", "kms:Get*"],
        "Resource": "*" });
    let document = format!("  {}\n", policy(&[twice.clone(), twice, delegation()]));
    root.put_key_policy(&key.id, document.as_str()).policy_name("default").send().unwrap();
    assert_eq!(root.get_key_policy(&key.id).send().unwrap().policy, document);
    for name in ["AWS_RAM", "other"] {
        assert_refused(
            root.get_key_policy(&key.id).policy_name(name).send(),
            "NotFoundException",
            "No such policy exists",
        );
        let call = root.put_key_policy(&key.id, policy(&[delegation()])).policy_name(name);
        assert_code(call.send(), "ValidationException");
    }
    assert_refused(
        root.put_key_policy(&key.id, "{}").policy_name("AWS_RAM").send(),
        "ValidationException",
        "The AWS_RAM policy can only be managed by the RAM service",
    );
    let names = root.list_key_policies(&key.id).send().unwrap();
    assert_eq!((names.policy_names.as_slice(), names.truncated), (&["default".to_owned()][..], false));
    assert_eq!(root.get_key_policy(&key.id).send().unwrap().policy, document);
}

/// Spec: API-014, API-015, API-107
#[test]
fn no_event_reaches_the_account_that_refused() {
    let world = World::new();
    let foreign = world.foreign_key();
    let caller = world.user(&["kms:*"]);
    let unknown = foreign.arn.replace(OTHER, "999999999999");
    let absent = key_arn(ABSENT).replace(ACCOUNT, OTHER);
    let before = world.kms.audit_trail().len();
    for arn in [&foreign.arn, &unknown, &absent] {
        let call = caller.decrypt(&[0; 80]).key_id(arn.as_str());
        assert_refused(call.send(), "AccessDeniedException", &opaque(&caller, "kms:Decrypt"));
    }
    let trail = world.kms.audit_trail().split_off(before);
    assert_eq!(trail.len(), 3);
    assert!(trail.iter().all(|record| record.recipient_account_id.is_some_and(|account| account.as_str() == ACCOUNT)));
}

/// Spec: API-107
#[test]
fn every_answer_knows_its_request() {
    let world = World::new();
    let (one, two) = (world.root.list_keys().send().unwrap(), world.root.list_keys().send().unwrap());
    assert_ne!(one.request_id(), two.request_id());
    assert_eq!(one.request_id().as_uuid().get_version_num(), 4);
    let ids: Vec<_> = world.records("ListKeys").iter().map(|record| record.request_id.unwrap()).collect();
    assert_eq!(ids, [*one.request_id().as_uuid(), *two.request_id().as_uuid()]);
}

/// Spec: API-006, API-043, API-103, KEY-111
#[test]
fn refusals_are_the_callers_fault_and_not_worth_a_retry() {
    let world = World::new();
    let key = world.key();
    world.root.disable_key(&key.id).send().unwrap();
    for error in [
        refusal(world.root.encrypt(&key.id, b"x").send()),
        refusal(world.root.encrypt(ABSENT, b"x").send()),
        refusal(world.root.encrypt(&key.id, b"").send()),
        refusal(world.user(&[]).encrypt(&key.id, b"x").send()),
    ] {
        assert_eq!((error.fault(), error.http_status(), error.is_retryable()), (Fault::Client, 400, false), "{error}");
    }
}

/// Spec: API-022, API-041, KEY-107
#[test]
fn a_change_is_seen_by_the_next_call_of_any_client() {
    let world = World::new();
    let key = world.key();
    let second = world.kms.client(REGION, Caller::account_root(ACCOUNT).unwrap()).unwrap();
    second.disable_key(&key.id).send().unwrap();
    assert_code(world.root.encrypt(&key.id, b"x").send(), "DisabledException");
    second.enable_key(&key.id).send().unwrap();
    second.create_alias("alias/a", &key.id).send().unwrap();
    world.root.encrypt("alias/a", b"x").send().unwrap();
}

const MALFORMED: &str = "MalformedPolicyDocumentException";
