//! Grants and policies for keys of every type.

use keystead::templates::{KeyPolicyBuilder, KeyPolicyTemplate};
use keystead::{CallError, Caller, Client, Partition};
use serde_json::{Value, json};

use crate::support::{ACCOUNT, Key, World, assert_code};

/// A key and what its operations need.
struct Scene {
    world: World,
    key: Key,
    /// A signature, a code, a ciphertext or an encapsulated secret.
    made: Vec<u8>,
    public: Vec<u8>,
}

impl Scene {
    fn new(spec: &str, usage: &str) -> Self {
        let world = World::new();
        let key = world.typed_key(spec, usage);
        let root = &world.root;
        let made = match usage {
            "SIGN_VERIFY" => {
                let signed = root.sign(&key.id, b"m").signing_algorithm("ECDSA_SHA_256").send();
                signed.unwrap().into_inner().signature
            }
            "GENERATE_VERIFY_MAC" => {
                root.generate_mac(&key.id, b"m").mac_algorithm("HMAC_SHA_256").send().unwrap().into_inner().mac
            }
            "ENCAPSULATE_DECAPSULATE" => {
                root.encapsulate(&key.id).send().unwrap().into_inner().shared_secret_ciphertext_blob
            }
            "ENCRYPT_DECRYPT" if spec.starts_with("RSA") => {
                let sealed = root.encrypt(&key.id, b"m").encryption_algorithm(OAEP).send();
                sealed.unwrap().into_inner().ciphertext_blob
            }
            _ => Vec::new(),
        };
        let public = root.get_public_key(&key.id).send().map_or(Vec::new(), |answer| answer.into_inner().public_key);
        Self { world, key, made, public }
    }
}

type Attempt = fn(&Client, &Scene) -> Result<(), CallError>;

type Operations = &'static [(&'static str, Attempt)];

/// The grant operations that belong to a spec and usage.
#[rustfmt::skip]
const GRANTABLE: &[(&str, &str, Operations)] = &[
    ("ECC_NIST_P256", "SIGN_VERIFY", &[
        ("Sign", |c, s| c.sign(&s.key.arn, b"m").signing_algorithm("ECDSA_SHA_256").send().map(drop)),
        ("Verify", |c, s| c.verify(&s.key.arn, b"m", &s.made).signing_algorithm("ECDSA_SHA_256").send().map(drop)),
        ("GetPublicKey", |c, s| c.get_public_key(&s.key.arn).send().map(drop)),
    ]),
    ("HMAC_256", "GENERATE_VERIFY_MAC", &[
        ("GenerateMac", |c, s| c.generate_mac(&s.key.arn, b"m").mac_algorithm("HMAC_SHA_256").send().map(drop)),
        ("VerifyMac", |c, s| c.verify_mac(&s.key.arn, b"m", &s.made).mac_algorithm("HMAC_SHA_256").send().map(drop)),
    ]),
    ("RSA_2048", "ENCRYPT_DECRYPT", &[
        ("Encrypt", |c, s| c.encrypt(&s.key.arn, b"m").encryption_algorithm(OAEP).send().map(drop)),
        ("Decrypt", |c, s| c.decrypt(&s.made).key_id(&s.key.arn).encryption_algorithm(OAEP).send().map(drop)),
        ("GetPublicKey", |c, s| c.get_public_key(&s.key.arn).send().map(drop)),
    ]),
    ("ECC_NIST_P384", "KEY_AGREEMENT", &[
        ("DeriveSharedSecret", |c, s| c.derive_shared_secret(&s.key.arn, &s.public).send().map(drop)),
        ("GetPublicKey", |c, s| c.get_public_key(&s.key.arn).send().map(drop)),
    ]),
    ("ML_KEM_512", "ENCAPSULATE_DECAPSULATE", &[
        ("Encapsulate", |c, s| c.encapsulate(&s.key.arn).send().map(drop)),
        ("Decapsulate", |c, s| c.decapsulate(&s.key.arn, &s.made).send().map(drop)),
        ("GetPublicKey", |c, s| c.get_public_key(&s.key.arn).send().map(drop)),
    ]),
    ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", &[
        ("GenerateDataKeyPair", |c, s| {
            c.generate_data_key_pair(&s.key.arn).key_pair_spec("ECC_NIST_P256").send().map(drop)
        }),
        ("GenerateDataKeyPairWithoutPlaintext", |c, s| {
            c.generate_data_key_pair_without_plaintext(&s.key.arn).key_pair_spec("ECC_NIST_P256").send().map(drop)
        }),
    ]),
];

/// Spec: GRA-03, GRA-68, ASY-67
#[test]
fn a_grant_allows_its_operation_and_no_other() {
    for (spec, usage, operations) in GRANTABLE {
        let scene = Scene::new(spec, usage);
        for (granted, _) in *operations {
            let grantee = scene.world.client(Caller::user(ACCOUNT, granted).unwrap());
            let create = scene.world.root.create_grant(&scene.key.id, grantee.caller_arn().to_owned());
            let grant = create.operation(*granted).send().unwrap().into_inner().grant_id;
            for (operation, call) in *operations {
                let answer = call(&grantee, &scene);
                match operation == granted {
                    true => answer.unwrap_or_else(|error| panic!("{operation}: {error}")),
                    false => assert_code(answer, DENIED),
                }
            }
            scene.world.root.revoke_grant(&scene.key.id, &grant).send().unwrap();
            for (_, call) in *operations {
                assert_code(call(&grantee, &scene), DENIED);
            }
        }
    }
}

/// Chapter 23, scenarios 5 and 6.
///
/// Spec: GRA-24, ASY-67
#[test]
fn grants_that_do_not_fit_the_key_are_refused() {
    let every = [
        "Decrypt",
        "Encrypt",
        "GenerateDataKey",
        "GenerateDataKeyWithoutPlaintext",
        "ReEncryptFrom",
        "ReEncryptTo",
        "Sign",
        "Verify",
        "GetPublicKey",
        "CreateGrant",
        "RetireGrant",
        "DescribeKey",
        "GenerateDataKeyPair",
        "GenerateDataKeyPairWithoutPlaintext",
        "GenerateMac",
        "VerifyMac",
        "DeriveSharedSecret",
        "Encapsulate",
        "Decapsulate",
    ];
    let common = ["CreateGrant", "RetireGrant", "DescribeKey"];
    for (spec, usage, fitting) in [
        (
            "SYMMETRIC_DEFAULT",
            "ENCRYPT_DECRYPT",
            &[
                "Decrypt",
                "Encrypt",
                "GenerateDataKey",
                "GenerateDataKeyWithoutPlaintext",
                "ReEncryptFrom",
                "ReEncryptTo",
                "GenerateDataKeyPair",
                "GenerateDataKeyPairWithoutPlaintext",
            ][..],
        ),
        ("RSA_2048", "ENCRYPT_DECRYPT", &["Decrypt", "Encrypt", "ReEncryptFrom", "ReEncryptTo", "GetPublicKey"]),
        ("RSA_2048", "SIGN_VERIFY", &["Sign", "Verify", "GetPublicKey"]),
        ("HMAC_512", "GENERATE_VERIFY_MAC", &["GenerateMac", "VerifyMac"]),
        ("ECC_NIST_P521", "KEY_AGREEMENT", &["DeriveSharedSecret", "GetPublicKey"]),
        ("ML_KEM_768", "ENCAPSULATE_DECAPSULATE", &["Encapsulate", "Decapsulate", "GetPublicKey"]),
    ] {
        let scene = Scene::of_key(spec, usage);
        let create = |operation: &str| {
            let call = scene.world.root.create_grant(&scene.key.id, USER).operation(operation.to_owned());
            call.send().map(|answer| answer.into_inner().grant_id)
        };
        for operation in every {
            if fitting.contains(&operation) || common.contains(&operation) {
                create(operation).unwrap_or_else(|error| panic!("{operation} on {spec} {usage}: {error}"));
            } else {
                let before = scene.world.root.list_grants(&scene.key.id).send().unwrap().grants.len();
                assert_code(create(operation), VALIDATION);
                assert_eq!(scene.world.root.list_grants(&scene.key.id).send().unwrap().grants.len(), before);
            }
        }
        assert_code(create("ScheduleKeyDeletion"), VALIDATION);
        let first = fitting[0].to_owned();
        for exact in [false, true] {
            let call = scene.world.root.create_grant(&scene.key.id, USER).operation(first.clone());
            let context = keystead::EncryptionContext::from_iter([("a", "b")]);
            let call =
                if exact { call.encryption_context_equals(context) } else { call.encryption_context_subset(context) };
            match spec {
                "SYMMETRIC_DEFAULT" => drop(call.send().unwrap()),
                _ => assert_code(call.send(), VALIDATION),
            }
        }
    }
}

/// Chapter 24, scenario 13.
///
/// Spec: PRM-11
#[test]
fn a_wrong_type_of_key_is_no_matter_of_permission() {
    let world = World::new();
    let symmetric = world.key();
    let mac = world.typed_key("HMAC_256", "GENERATE_VERIFY_MAC");
    let rsa = world.typed_key("RSA_2048", "ENCRYPT_DECRYPT");
    let [able, powerless] = [world.user(&["kms:*"]), world.user(&[])];
    let calls: [(&str, &Key, Attempt); 9] = [
        (USAGE, &symmetric, |c, s| c.sign(&s.key.id, b"m").signing_algorithm("RSASSA_PSS_SHA_256").send().map(drop)),
        (USAGE, &mac, |c, s| c.sign(&s.key.id, b"m").signing_algorithm("RSASSA_PSS_SHA_256").send().map(drop)),
        (USAGE, &rsa, |c, s| c.verify(&s.key.id, b"m", b"s").signing_algorithm("RSASSA_PSS_SHA_256").send().map(drop)),
        (USAGE, &rsa, |c, s| c.generate_data_key(&s.key.id).key_spec("AES_256").send().map(drop)),
        (USAGE, &mac, |c, s| c.encrypt(&s.key.id, b"m").send().map(drop)),
        (USAGE, &symmetric, |c, s| c.generate_mac(&s.key.id, b"m").mac_algorithm("HMAC_SHA_256").send().map(drop)),
        (UNSUPPORTED, &mac, |c, s| c.get_public_key(&s.key.id).send().map(drop)),
        (UNSUPPORTED, &rsa, |c, s| c.enable_key_rotation(&s.key.id).send().map(drop)),
        (UNSUPPORTED, &mac, |c, s| c.rotate_key_on_demand(&s.key.id).send().map(drop)),
    ];
    let mut scene = Scene { world, key: symmetric.clone(), made: Vec::new(), public: Vec::new() };
    for (code, key, call) in calls {
        scene.key = key.clone();
        assert_code(call(&able, &scene), code);
        assert_code(call(&powerless, &scene), DENIED);
    }
}

/// Spec: ASY-69
#[test]
fn the_template_for_hmac_keys_lets_users_make_and_verify_codes() {
    let users = "arn:aws:iam::111122223333:role/users";
    let policy = KeyPolicyBuilder::new(Partition::AWS, ACCOUNT.parse().unwrap())
        .allow([users], &[KeyPolicyTemplate::HmacUsers])
        .build();
    let document: Value = serde_json::from_str(&policy).unwrap();
    let [_, used] = document["Statement"].as_array().unwrap().as_slice() else { panic!("two statements: {policy}") };
    assert_eq!(used["Action"], json!(["kms:DescribeKey", "kms:GenerateMac", "kms:VerifyMac"]));
    assert!(!policy.contains("persistent resources") && !policy.contains("CreateGrant"));

    let world = World::new();
    let call = world.root.create_key().key_spec("HMAC_256").key_usage("GENERATE_VERIFY_MAC").policy(policy);
    let key = call.send().unwrap().key_metadata.arn;
    let user = world.client(Caller::role_session(ACCOUNT, "users", "s").unwrap());
    let made = user.generate_mac(key, b"m").mac_algorithm("HMAC_SHA_256").send().unwrap().into_inner().mac;
    user.verify_mac(key, b"m", &made).mac_algorithm("HMAC_SHA_256").send().unwrap();
    user.describe_key(key).send().unwrap();
    assert_code(user.create_grant(key, USER).operation("GenerateMac").send(), DENIED);

    // CreateKey by itself allows nobody more than the account.
    let plain = world.typed_key("HMAC_256", "GENERATE_VERIFY_MAC");
    assert_code(user.generate_mac(&plain.id, b"m").mac_algorithm("HMAC_SHA_256").send(), DENIED);
    let own = world.root.get_key_policy(&plain.id).send().unwrap().into_inner().policy;
    assert!(!own.contains("GenerateMac"), "{own}");
}

impl Scene {
    /// A key of which nothing is needed but itself.
    fn of_key(spec: &str, usage: &str) -> Self {
        let world = World::new();
        let key = world.typed_key(spec, usage);
        Self { world, key, made: Vec::new(), public: Vec::new() }
    }
}

const USER: &str = "arn:aws:iam::111122223333:user/u";
const OAEP: &str = "RSAES_OAEP_SHA_256";
const DENIED: &str = "AccessDeniedException";
const USAGE: &str = "InvalidKeyUsageException";
const UNSUPPORTED: &str = "UnsupportedOperationException";
const VALIDATION: &str = "ValidationException";
