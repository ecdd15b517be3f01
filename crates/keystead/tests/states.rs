//! The table of chapter 20, section 4: what each key state allows and which exception it gives, cell by cell, for the
//! states that single-Region keys with generated material can have.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use keystead::{CallError, Caller, Client, Kms};

/// A key in one of the states, and what operations on it need.
struct Scene {
    client: Client,
    key: String,
    arn: String,
    /// Another key, enabled.
    other: String,
    /// Made under the key.
    own: Vec<u8>,
    /// Made under the other key.
    foreign: Vec<u8>,
}

/// What a cell of the table says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cell {
    /// ok
    Ok,
    /// \[1\]: the key is disabled.
    Is1,
    /// \[3\], also where the chapter prints \[2\]|\[3\] (STA-42): deletion is pending.
    Is3,
    /// \[4\]: deletion is not pending.
    Is4,
}

use Cell::{Is1, Is3, Is4, Ok as Yes};

type Row = (&'static str, [Cell; 3], fn(&Scene) -> Result<(), CallError>);

/// The rows, with the cells of the columns Enabled, Disabled, PendingDeletion.
#[rustfmt::skip]
const TABLE: &[Row] = &[
    ("CancelKeyDeletion", [Is4, Is4, Yes], |s| s.client.cancel_key_deletion(&s.key).send().map(drop)),
    ("CreateAlias", [Yes, Yes, Is3], |s| s.client.create_alias("alias/new", &s.key).send().map(drop)),
    ("Decrypt", [Yes, Is1, Is3], |s| s.client.decrypt(&s.own).send().map(drop)),
    ("Decrypt by ID", [Yes, Is1, Is3], |s| s.client.decrypt(&s.own).key_id(s.key.clone()).send().map(drop)),
    ("DeleteAlias", [Yes, Yes, Yes], |s| s.client.delete_alias("alias/key").send().map(drop)),
    ("DescribeKey", [Yes, Yes, Yes], |s| s.client.describe_key(&s.key).send().map(drop)),
    ("DisableKey", [Yes, Yes, Is3], |s| s.client.disable_key(&s.key).send().map(drop)),
    ("DisableKeyRotation", [Yes, Is1, Is3], |s| s.client.disable_key_rotation(&s.key).send().map(drop)),
    ("EnableKey", [Yes, Yes, Is3], |s| s.client.enable_key(&s.key).send().map(drop)),
    ("EnableKeyRotation", [Yes, Is1, Is3], |s| s.client.enable_key_rotation(&s.key).send().map(drop)),
    ("Encrypt", [Yes, Is1, Is3], |s| s.client.encrypt(&s.key, b"x").send().map(drop)),
    ("Encrypt by alias", [Yes, Is1, Is3], |s| s.client.encrypt("alias/key", b"x").send().map(drop)),
    ("GenerateDataKey", [Yes, Is1, Is3], |s| s.client.generate_data_key(&s.key).number_of_bytes(32).send().map(drop)),
    ("GenerateDataKeyWithoutPlaintext", [Yes, Is1, Is3], |s| {
        s.client.generate_data_key_without_plaintext(&s.key).key_spec("AES_256").send().map(drop)
    }),
    ("GetKeyPolicy", [Yes, Yes, Yes], |s| s.client.get_key_policy(&s.key).send().map(drop)),
    ("GetKeyRotationStatus", [Yes, Yes, Yes], |s| s.client.get_key_rotation_status(&s.key).send().map(drop)),
    ("ListAliases", [Yes, Yes, Yes], |s| s.client.list_aliases().key_id(s.key.clone()).send().map(drop)),
    ("ListKeyPolicies", [Yes, Yes, Yes], |s| s.client.list_key_policies(&s.key).send().map(drop)),
    ("ListKeyRotations", [Yes, Yes, Yes], |s| s.client.list_key_rotations(&s.key).send().map(drop)),
    ("ListResourceTags", [Yes, Yes, Yes], |s| s.client.list_resource_tags(&s.key).send().map(drop)),
    ("PutKeyPolicy", [Yes, Yes, Yes], |s| s.client.put_key_policy(&s.key, POLICY).send().map(drop)),
    ("ReEncrypt, source", [Yes, Is1, Is3], |s| s.client.re_encrypt(&s.own, &s.other).send().map(drop)),
    ("ReEncrypt, destination", [Yes, Is1, Is3], |s| s.client.re_encrypt(&s.foreign, &s.key).send().map(drop)),
    ("RotateKeyOnDemand", [Yes, Is1, Is3], |s| s.client.rotate_key_on_demand(&s.key).send().map(drop)),
    ("ScheduleKeyDeletion", [Yes, Yes, Is3], |s| s.client.schedule_key_deletion(&s.key).send().map(drop)),
    ("TagResource", [Yes, Yes, Is3], |s| s.client.tag_resource(&s.key).tag("a", "b").send().map(drop)),
    ("UntagResource", [Yes, Yes, Is3], |s| s.client.untag_resource(&s.key).tag_key("a").send().map(drop)),
    ("UpdateAlias, current key", [Yes, Yes, Yes], |s| s.client.update_alias("alias/key", &s.other).send().map(drop)),
    ("UpdateAlias, new key", [Yes, Yes, Is3], |s| s.client.update_alias("alias/other", &s.key).send().map(drop)),
    ("UpdateKeyDescription", [Yes, Yes, Is3], |s| s.client.update_key_description(&s.key, "x").send().map(drop)),
];

/// Spec: STA-22, STA-24, STA-25, STA-38, STA-39, STA-40, STA-42, STA-45, STA-48, RUL-14, RUL-21
#[test]
fn each_state_admits_and_refuses_as_the_table_says() {
    for (operation, cells, call) in TABLE {
        for (state, cell) in STATES.into_iter().zip(cells) {
            let scene = scene(state);
            let arn = &scene.arn;
            let answer = call(&scene).map_err(|error| (error.code(), error.message().to_owned()));
            let expected = match cell {
                Yes => Ok(()),
                Is1 => Err(("DisabledException", format!("{arn} is disabled."))),
                Is3 => Err(("KMSInvalidStateException", format!("{arn} is pending deletion."))),
                Is4 => Err(("KMSInvalidStateException", format!("{arn} is not pending deletion."))),
            };
            assert_eq!(answer, expected, "{operation} in state {state}");
        }
    }
}

/// A key of another type in one of the states, and what it made while it was enabled.
#[derive(Clone)]
struct Typed {
    client: Client,
    key: String,
    /// A signature, a code, a ciphertext or an encapsulated secret.
    made: Vec<u8>,
    public: Vec<u8>,
}

type TypedRow = (&'static str, Kind, fn(&Typed) -> Result<(), CallError>);

/// Spec and usage.
type Kind = (&'static str, &'static str);

const SIGNING: Kind = ("ECC_NIST_P256", "SIGN_VERIFY");
const MAC: Kind = ("HMAC_256", "GENERATE_VERIFY_MAC");
const RSA: Kind = ("RSA_2048", "ENCRYPT_DECRYPT");
const AGREEING: Kind = ("ECC_NIST_P256", "KEY_AGREEMENT");
const ENCAPSULATING: Kind = ("ML_KEM_512", "ENCAPSULATE_DECAPSULATE");
const SYMMETRIC: Kind = ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT");

/// The rows of cryptographic operations with keys of other types, and of data key pairs: all have the cells of Sign.
#[rustfmt::skip]
const TYPED: &[TypedRow] = &[
    ("Sign", SIGNING, |t| t.client.sign(&t.key, MESSAGE).signing_algorithm("ECDSA_SHA_256").send().map(drop)),
    ("Verify", SIGNING, |t| {
        t.client.verify(&t.key, MESSAGE, &t.made).signing_algorithm("ECDSA_SHA_256").send().map(drop)
    }),
    ("GenerateMac", MAC, |t| t.client.generate_mac(&t.key, MESSAGE).mac_algorithm("HMAC_SHA_256").send().map(drop)),
    ("VerifyMac", MAC, |t| {
        t.client.verify_mac(&t.key, MESSAGE, &t.made).mac_algorithm("HMAC_SHA_256").send().map(drop)
    }),
    ("GetPublicKey", SIGNING, |t| t.client.get_public_key(&t.key).send().map(drop)),
    ("GetPublicKey", RSA, |t| t.client.get_public_key(&t.key).send().map(drop)),
    ("Encrypt", RSA, |t| t.client.encrypt(&t.key, MESSAGE).encryption_algorithm(OAEP).send().map(drop)),
    ("Decrypt", RSA, |t| {
        t.client.decrypt(&t.made).key_id(t.key.clone()).encryption_algorithm(OAEP).send().map(drop)
    }),
    ("ReEncrypt", RSA, |t| {
        let call = t.client.re_encrypt(&t.made, &t.key).source_key_id(t.key.clone());
        call.source_encryption_algorithm(OAEP).destination_encryption_algorithm(OAEP).send().map(drop)
    }),
    ("DeriveSharedSecret", AGREEING, |t| t.client.derive_shared_secret(&t.key, &t.public).send().map(drop)),
    ("Encapsulate", ENCAPSULATING, |t| t.client.encapsulate(&t.key).send().map(drop)),
    ("Decapsulate", ENCAPSULATING, |t| t.client.decapsulate(&t.key, &t.made).send().map(drop)),
    ("GenerateDataKeyPair", SYMMETRIC, |t| {
        t.client.generate_data_key_pair(&t.key).key_pair_spec("ECC_NIST_P256").send().map(drop)
    }),
    ("GenerateDataKeyPairWithoutPlaintext", SYMMETRIC, |t| {
        t.client.generate_data_key_pair_without_plaintext(&t.key).key_pair_spec("ECC_NIST_P256").send().map(drop)
    }),
];

/// Spec: STA-22, STA-24, STA-25, STA-38, STA-47, ASY-70, ASY-81
#[test]
fn keys_of_every_type_stop_working_in_the_same_states() {
    let kms = Kms::in_memory();
    let client = kms.client("us-west-2", Caller::account_root("111122223333").unwrap()).unwrap();
    let stranger = client.with_caller(Caller::user("111122223333", "mallory").unwrap()).unwrap();
    for kind in [SIGNING, MAC, RSA, AGREEING, ENCAPSULATING, SYMMETRIC] {
        let (typed, arn) = typed(&client, kind);
        for state in STATES.into_iter().chain(["Enabled"]) {
            match state {
                "Disabled" => drop(client.disable_key(&typed.key).send().unwrap()),
                "PendingDeletion" => drop(client.schedule_key_deletion(&typed.key).send().unwrap()),
                _ => {
                    client.cancel_key_deletion(&typed.key).send().ok();
                    client.enable_key(&typed.key).send().unwrap();
                }
            }
            for (operation, _, call) in TYPED.iter().filter(|(_, of, _)| *of == kind) {
                let answer = call(&typed).map_err(|error| (error.code(), error.message().to_owned()));
                let expected = match state {
                    "Disabled" => Err(("DisabledException", format!("{arn} is disabled."))),
                    "PendingDeletion" => Err(("KMSInvalidStateException", format!("{arn} is pending deletion."))),
                    _ => Ok(()),
                };
                assert_eq!(answer, expected, "{operation} of {kind:?} in state {state}");
                let powerless = Typed { client: stranger.clone(), ..typed.clone() };
                assert_eq!(
                    call(&powerless).expect_err(operation).code(),
                    "AccessDeniedException",
                    "{operation}, {state}"
                );
            }
        }
    }
}

fn typed(client: &Client, (spec, usage): Kind) -> (Typed, String) {
    let created = client.create_key().key_spec(spec).key_usage(usage).send().unwrap();
    let (key, arn) = (created.key_metadata.key_id.to_string(), created.key_metadata.arn.to_string());
    let made = match (spec, usage) {
        SIGNING => {
            let signed = client.sign(&key, MESSAGE).signing_algorithm("ECDSA_SHA_256").send();
            signed.unwrap().into_inner().signature
        }
        MAC => client.generate_mac(&key, MESSAGE).mac_algorithm("HMAC_SHA_256").send().unwrap().into_inner().mac,
        RSA => {
            let sealed = client.encrypt(&key, MESSAGE).encryption_algorithm(OAEP).send();
            sealed.unwrap().into_inner().ciphertext_blob
        }
        ENCAPSULATING => client.encapsulate(&key).send().unwrap().into_inner().shared_secret_ciphertext_blob,
        _ => Vec::new(),
    };
    let public = client.get_public_key(&key).send().map_or(Vec::new(), |answer| answer.into_inner().public_key);
    (Typed { client: client.clone(), key, made, public }, arn)
}

/// A caller without rights learns nothing about the state, and changes nothing.
///
/// Spec: STA-47
#[test]
fn authorization_comes_before_state() {
    for (operation, _, call) in TABLE {
        for state in STATES {
            let scene = scene(state);
            let stranger = scene.client.with_caller(Caller::user("111122223333", "mallory").unwrap()).unwrap();
            let owner = scene.client.clone();
            let scene = Scene { client: stranger, ..scene };
            let refused = call(&scene).expect_err(operation);
            assert_eq!(refused.code(), "AccessDeniedException", "{operation} in state {state}");
            assert_eq!(owner.describe_key(&scene.key).send().unwrap().key_metadata.key_state.as_str(), state);
        }
    }
}

/// The first of two keys is judged first.
///
/// Spec: STA-46
#[test]
fn the_source_of_a_re_encryption_is_judged_first() {
    let scene = scene("Disabled");
    let other = scene.client.describe_key(&scene.other).send().unwrap().key_metadata.arn;
    scene.client.schedule_key_deletion(&scene.other).send().unwrap();
    let refused = scene.client.re_encrypt(&scene.own, &scene.other).send().unwrap_err();
    assert_eq!(refused.message(), format!("{} is disabled.", scene.arn));
    let refused = scene.client.re_encrypt(&scene.foreign, &scene.key).send().unwrap_err();
    assert_eq!(refused.message(), format!("{other} is pending deletion."));
}

fn scene(state: &str) -> Scene {
    let kms = Kms::in_memory();
    let client = kms.client("us-west-2", Caller::account_root("111122223333").unwrap()).unwrap();
    let created = client.create_key().send().unwrap();
    let (key, arn) = (created.key_metadata.key_id.to_string(), created.key_metadata.arn.to_string());
    let other = client.create_key().send().unwrap().key_metadata.key_id.to_string();
    client.create_alias("alias/key", &key).send().unwrap();
    client.create_alias("alias/other", &other).send().unwrap();
    let own = client.encrypt(&key, b"x").send().unwrap().ciphertext_blob.clone();
    let foreign = client.encrypt(&other, b"x").send().unwrap().ciphertext_blob.clone();
    match state {
        "Disabled" => drop(client.disable_key(&key).send().unwrap()),
        "PendingDeletion" => drop(client.schedule_key_deletion(&key).send().unwrap()),
        _ => {}
    }
    let shown = client.describe_key(&key).send().unwrap().into_inner().key_metadata;
    assert_eq!((shown.key_state.as_str(), shown.enabled), (state, state == "Enabled"));
    Scene { client, key, arn, other, own, foreign }
}

/// The columns of the table.
const STATES: [&str; 3] = ["Enabled", "Disabled", "PendingDeletion"];

const MESSAGE: &[u8] = b"message";
const OAEP: &str = "RSAES_OAEP_SHA_256";

const POLICY: &str = r#"{
    "Version": "2012-10-17",
    "Statement": {"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "kms:*", "Resource": "*"}
}"#;
