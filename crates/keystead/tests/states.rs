//! The table of chapter 20, section 4: what each key state allows and which exception it gives, cell by cell, for the
//! states that symmetric single-Region keys with generated material can have.
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

const POLICY: &str = r#"{
    "Version": "2012-10-17",
    "Statement": {"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "kms:*", "Resource": "*"}
}"#;
