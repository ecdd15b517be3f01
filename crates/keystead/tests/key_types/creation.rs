//! What CreateKey takes, and what the metadata shows.

use keystead::Caller;
use serde_json::json;

use crate::support::{ACCOUNT, World, assert_code, assert_refused, outcome, policy};
use crate::{QUICK, SM2_USAGES, typed_key};

/// The specs and usages of chapters 30 and 41, each spec with all that it may do.
const USAGES: &[(&str, &[&str])] = &[
    ("SYMMETRIC_DEFAULT", &["ENCRYPT_DECRYPT"]),
    ("HMAC_224", &["GENERATE_VERIFY_MAC"]),
    ("HMAC_256", &["GENERATE_VERIFY_MAC"]),
    ("HMAC_384", &["GENERATE_VERIFY_MAC"]),
    ("HMAC_512", &["GENERATE_VERIFY_MAC"]),
    ("RSA_2048", &["ENCRYPT_DECRYPT", "SIGN_VERIFY"]),
    ("RSA_3072", &["ENCRYPT_DECRYPT", "SIGN_VERIFY"]),
    ("RSA_4096", &["ENCRYPT_DECRYPT", "SIGN_VERIFY"]),
    ("ECC_NIST_P256", &["SIGN_VERIFY", "KEY_AGREEMENT"]),
    ("ECC_NIST_P384", &["SIGN_VERIFY", "KEY_AGREEMENT"]),
    ("ECC_NIST_P521", &["SIGN_VERIFY", "KEY_AGREEMENT"]),
    ("ECC_SECG_P256K1", &["SIGN_VERIFY"]),
    ("ECC_NIST_EDWARDS25519", &["SIGN_VERIFY"]),
    ("SM2", &["ENCRYPT_DECRYPT", "SIGN_VERIFY", "KEY_AGREEMENT"]),
    ("ML_DSA_44", &["SIGN_VERIFY"]),
    ("ML_DSA_65", &["SIGN_VERIFY"]),
    ("ML_DSA_87", &["SIGN_VERIFY"]),
    ("ML_KEM_512", &["ENCAPSULATE_DECAPSULATE"]),
    ("ML_KEM_768", &["ENCAPSULATE_DECAPSULATE"]),
    ("ML_KEM_1024", &["ENCAPSULATE_DECAPSULATE"]),
];
const ALL_USAGES: [&str; 5] =
    ["SIGN_VERIFY", "ENCRYPT_DECRYPT", "GENERATE_VERIFY_MAC", "KEY_AGREEMENT", "ENCAPSULATE_DECAPSULATE"];

/// Spec: ASY-07
#[test]
fn a_usage_that_does_not_fit_the_spec_is_refused() {
    let world = World::new();
    for (spec, usages) in USAGES {
        for usage in ALL_USAGES.iter().filter(|usage| !usages.contains(usage)) {
            let message = format!("KeyUsage {usage} is not compatible with KeySpec {spec}");
            assert_refused(world.root.create_key().key_spec(*spec).key_usage(*usage).send(), VALIDATION, &message);
        }
    }
}

/// Spec: ASY-06, TYP-05
#[test]
fn the_usage_is_required_for_every_other_spec() {
    let world = World::new();
    let message = "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.";
    for (spec, _) in USAGES.iter().filter(|(spec, _)| *spec != "SYMMETRIC_DEFAULT") {
        assert_refused(world.root.create_key().key_spec(*spec).send(), VALIDATION, message);
    }
    assert!(world.root.list_keys().send().unwrap().keys.is_empty());
}

/// Spec: ASY-04, ASY-05, ASY-10, ASY-14, TYP-03, TYP-17
#[test]
fn metadata_shows_one_list_of_algorithms() {
    let world = World::new();
    for (spec, usage) in QUICK {
        let key = world.typed_key(spec, usage);
        let metadata = world.root.describe_key(&key.id).send().unwrap().into_inner().key_metadata;
        assert_eq!((metadata.key_spec.as_str(), metadata.key_usage.as_str()), (*spec, *usage));
        assert_eq!(metadata.origin.as_str(), "AWS_KMS");
        assert!(!metadata.multi_region && metadata.enabled);
        let lists = [
            metadata.encryption_algorithms.is_some(),
            metadata.signing_algorithms.is_some(),
            metadata.mac_algorithms.is_some(),
            metadata.key_agreement_algorithms.is_some(),
            metadata.encapsulation_algorithms.is_some(),
        ];
        let expected = ["ENCRYPT_DECRYPT", "SIGN_VERIFY", "GENERATE_VERIFY_MAC", "KEY_AGREEMENT"]
            .into_iter()
            .chain(["ENCAPSULATE_DECAPSULATE"])
            .map(|one| one == *usage)
            .collect::<Vec<_>>();
        assert_eq!(lists.to_vec(), expected, "{spec} {usage}");
        assert_eq!(metadata.current_key_material_id.is_some(), *spec == "SYMMETRIC_DEFAULT");
    }
}

/// Spec: ASY-09, ASY-11, TYP-06
#[test]
fn metadata_names_the_spec_twice_and_the_algorithms_in_order() {
    let world = World::new();
    let created = world.root.create_key().customer_master_key_spec("RSA_2048").key_usage("ENCRYPT_DECRYPT").send();
    let metadata = created.unwrap().into_inner().key_metadata;
    assert_eq!(metadata.customer_master_key_spec, metadata.key_spec);
    let names = |list: Vec<_>| list.into_iter().map(|one: keystead::hierarchy::spec::EncryptionAlgorithm| one.as_str());
    let encryption: Vec<_> = names(metadata.encryption_algorithms.unwrap()).collect();
    assert_eq!(encryption, ["RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"]);

    let key = world.typed_key("RSA_2048", "SIGN_VERIFY");
    let metadata = world.root.describe_key(&key.id).send().unwrap().into_inner().key_metadata;
    let signing: Vec<_> = metadata.signing_algorithms.unwrap().iter().map(|one| one.as_str()).collect();
    assert_eq!(
        signing,
        [
            "RSASSA_PKCS1_V1_5_SHA_256",
            "RSASSA_PKCS1_V1_5_SHA_384",
            "RSASSA_PKCS1_V1_5_SHA_512",
            "RSASSA_PSS_SHA_256",
            "RSASSA_PSS_SHA_384",
            "RSASSA_PSS_SHA_512"
        ]
    );
    let both = world.root.create_key().key_spec("RSA_2048").customer_master_key_spec("RSA_2048");
    assert_code(both.key_usage("SIGN_VERIFY").send(), VALIDATION);
}

/// The table of TYP-14, row by row.
///
/// Spec: TYP-14, OVR-10, OVR-11
#[test]
fn features_combine_as_the_table_says() {
    let world = World::new();
    let store = "cks-1234567890abcdef0";
    let kinds = QUICK.iter().filter(|(spec, _)| !spec.starts_with("RSA"));
    for (spec, usage) in kinds {
        let create = || world.root.create_key().key_spec(*spec).key_usage(*usage);
        for (origin, state) in [("AWS_KMS", "Enabled"), ("EXTERNAL", "PendingImport")] {
            for multi_region in [false, true] {
                let made = create().origin(origin).multi_region(multi_region).send();
                let metadata =
                    made.unwrap_or_else(|error| panic!("{spec} {origin}: {error}")).into_inner().key_metadata;
                let shown = (metadata.origin.as_str(), metadata.key_state.as_str(), metadata.multi_region);
                assert_eq!(shown, (origin, state, multi_region), "{spec}");
            }
        }
        assert_code(create().origin("EXTERNAL").custom_key_store_id(store).send(), VALIDATION);
        if *spec != "SYMMETRIC_DEFAULT" {
            let in_cluster = create().origin("AWS_CLOUDHSM").custom_key_store_id(store);
            assert_code(in_cluster.send(), "UnsupportedOperationException");
            let outside = create().origin("EXTERNAL_KEY_STORE").custom_key_store_id(store).xks_key_id("external");
            assert_code(outside.send(), "UnsupportedOperationException");
        }
    }
    let related = world.root.create_key().multi_region(true);
    assert_code(related.origin("AWS_CLOUDHSM").custom_key_store_id(store).send(), "UnsupportedOperationException");

    // Policies see the origin.
    let condition = json!({ "StringEquals": { "kms:KeyOrigin": "EXTERNAL" } });
    let statement = json!({ "Effect": "Allow", "Action": "kms:DescribeKey", "Resource": "*", "Condition": condition });
    let alice = Caller::user(ACCOUNT, "alice").unwrap().identity_policy(&policy(&[statement])).unwrap();
    let alice = world.client(alice);
    let external = world.root.create_key().origin("EXTERNAL").send().unwrap().key_metadata.key_id;
    alice.describe_key(external).send().unwrap();
    assert_code(alice.describe_key(&world.key().id).send(), "AccessDeniedException");
}

/// Spec: ASY-08
#[test]
fn unknown_names_are_refused_by_shape() {
    let world = World::new();
    let key = world.typed_key("ECC_NIST_P256", "SIGN_VERIFY");
    let texts = [
        outcome(world.root.create_key().key_spec("RSA_1024").send()),
        outcome(world.root.create_key().key_usage("SIGN").send()),
        outcome(world.root.sign(&key.id, b"m").signing_algorithm("ECDSA_SHA_1").send()),
        outcome(world.root.sign(&key.id, b"m").signing_algorithm("ECDSA_SHA_256").message_type("HASH").send()),
        outcome(world.root.encrypt(&key.id, b"m").encryption_algorithm("RSA").send()),
        outcome(world.root.generate_mac(&key.id, b"m").mac_algorithm("HMAC_MD5").send()),
        outcome(world.root.generate_data_key_pair(&key.id).key_pair_spec("ED448").send()),
    ];
    let members = ["keySpec", "keyUsage", "signingAlgorithm", "messageType", "encryptionAlgorithm", "macAlgorithm"];
    for ((code, text), member) in texts.into_iter().zip(members.into_iter().chain(["keyPairSpec"])) {
        assert_eq!(code, VALIDATION);
        let middle = format!("' at '{member}' failed to satisfy constraint: Member must satisfy enum value set: [");
        assert!(text.starts_with("1 validation error detected: Value '") && text.contains(&middle), "{text}");
    }
}

/// Spec: ASY-55, TYP-04
#[test]
fn sm2_belongs_to_the_china_profile_and_ml_kem_to_the_other() {
    let world = World::new();
    for usage in SM2_USAGES {
        assert_code(world.root.create_key().key_spec("SM2").key_usage(usage).send(), UNSUPPORTED);
        typed_key(&world.china(), "SM2", usage);
    }
    for spec in ["ML_KEM_512", "ML_KEM_768", "ML_KEM_1024"] {
        let refused = world.china().create_key().key_spec(spec).key_usage("ENCAPSULATE_DECAPSULATE").send();
        assert_code(refused, UNSUPPORTED);
    }
}

/// Spec: ASY-15, TYP-09
#[test]
fn only_symmetric_encryption_keys_rotate() {
    let world = World::new();
    for (spec, usage) in QUICK.iter().filter(|(spec, _)| *spec != "SYMMETRIC_DEFAULT") {
        let key = world.typed_key(spec, usage);
        assert_code(world.root.enable_key_rotation(&key.id).send(), UNSUPPORTED);
        assert_code(world.root.disable_key_rotation(&key.id).send(), UNSUPPORTED);
        assert_code(world.root.rotate_key_on_demand(&key.id).send(), UNSUPPORTED);
        assert_code(world.root.list_key_rotations(&key.id).send(), UNSUPPORTED);
        assert!(!world.root.get_key_rotation_status(&key.id).send().unwrap().key_rotation_enabled);
    }
}

/// Spec: ASY-13, TYP-10
#[test]
fn an_alias_moves_between_keys_of_one_type_and_usage() {
    let world = World::new();
    let keys = [
        ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", 0),
        ("RSA_2048", "ENCRYPT_DECRYPT", 1),
        ("RSA_2048", "SIGN_VERIFY", 2),
        ("ECC_NIST_P256", "SIGN_VERIFY", 2),
        ("ML_DSA_44", "SIGN_VERIFY", 2),
        ("ECC_NIST_P256", "KEY_AGREEMENT", 3),
        ("ECC_NIST_P384", "KEY_AGREEMENT", 3),
        ("ML_KEM_512", "ENCAPSULATE_DECAPSULATE", 4),
        ("HMAC_256", "GENERATE_VERIFY_MAC", 5),
        ("HMAC_512", "GENERATE_VERIFY_MAC", 5),
    ]
    .map(|(spec, usage, group)| (world.typed_key(spec, usage), group));
    assert!(world.root.list_aliases().send().unwrap().aliases.is_empty());
    for (from, group) in &keys {
        world.root.create_alias("alias/a", &from.id).send().unwrap();
        for (to, other) in &keys {
            let moved = world.root.update_alias("alias/a", &to.id).send();
            if group == other {
                moved.unwrap();
                world.root.update_alias("alias/a", &from.id).send().unwrap();
            } else {
                assert_code(moved, VALIDATION);
                assert_eq!(world.root.describe_key("alias/a").send().unwrap().key_metadata.key_id.to_string(), from.id);
            }
        }
        world.root.delete_alias("alias/a").send().unwrap();
    }
}

/// Spec: ASY-67, TYP-11
#[test]
fn grants_fit_the_key() {
    let world = World::new();
    let grant = |key: &str, operation: &'static str| {
        let grantee = format!("arn:aws:iam::{}:user/u", crate::ACCOUNT);
        world.root.create_grant(key.to_owned(), grantee).operations(vec![operation.into()])
    };
    let mac = world.typed_key("HMAC_256", "GENERATE_VERIFY_MAC");
    let sign = world.typed_key("ECC_NIST_P256", "SIGN_VERIFY");
    grant(&mac.id, "GenerateMac").send().unwrap();
    grant(&sign.id, "Verify").send().unwrap();
    for (key, operation) in [(&mac, "Encrypt"), (&mac, "Sign"), (&sign, "GenerateMac"), (&sign, "Decrypt")] {
        assert_code(grant(&key.id, operation).send(), VALIDATION);
    }
    for (key, operation) in [(&mac, "GenerateMac"), (&sign, "Sign")] {
        let constraints = || {
            let mut constraints = keystead::GrantConstraints::default();
            constraints.encryption_context_subset.get_or_insert_default().insert("a", "b");
            constraints
        };
        assert_code(grant(&key.id, operation).constraints(constraints()).send(), VALIDATION);
    }
}

/// Spec: ASY-12, ASY-87
#[test]
fn policies_narrow_algorithms() {
    let world = World::new();
    let only = |action: &str, key: &str, value: &str| {
        let condition = json!({ "StringLike": { key: value } });
        let statement = json!({ "Effect": "Allow", "Action": action, "Resource": "*", "Condition": condition });
        let caller = keystead::Caller::user(crate::ACCOUNT, "alice").unwrap();
        let policy = crate::support::policy(&[statement]);
        world.client(caller.identity_policy(&policy).unwrap())
    };
    let signing = world.typed_key("RSA_2048", "SIGN_VERIFY");
    let user = only("kms:Sign", "kms:SigningAlgorithm", "RSASSA_PSS_SHA_256");
    user.sign(&signing.id, b"m").signing_algorithm("RSASSA_PSS_SHA_256").send().unwrap();
    assert_code(user.sign(&signing.id, b"m").signing_algorithm("RSASSA_PKCS1_V1_5_SHA_256").send(), DENIED);

    let symmetric = world.key();
    let user = only("kms:GenerateDataKeyPair", "kms:DataKeyPairSpec", "ECC*");
    user.generate_data_key_pair(&symmetric.id).key_pair_spec("ECC_NIST_P256").send().unwrap();
    assert_code(user.generate_data_key_pair(&symmetric.id).key_pair_spec("RSA_2048").send(), DENIED);
}

const VALIDATION: &str = "ValidationException";
const UNSUPPORTED: &str = "UnsupportedOperationException";
const DENIED: &str = "AccessDeniedException";
