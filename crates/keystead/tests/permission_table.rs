//! Chapter 24, section 2, read from the chapter and tried cell by cell: who may be asked, in which policies, from which
//! account, under which names.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::collections::BTreeSet;

use keystead::{CallError, Caller, Client};
use serde_json::{Value, json};
use support::*;

const CHAPTER: &str = include_str!("../../../docs/spec/24-permissions-reference.md");
const ALICE: &str = "arn:aws:iam::111122223333:user/alice";
const EVERYWHERE: &str = "arn:aws:iam::444455556666:role/partner";

/// A line of the table.
#[derive(Debug)]
struct Line {
    operation: &'static str,
    action: &'static str,
    policy_kind: &'static str,
    cross_account: &'static str,
    resource: &'static str,
    identifiers: &'static str,
}

fn table() -> Vec<Line> {
    let section = CHAPTER.split("\n## 2. Table").nth(1).unwrap().split("\n## 3.").next().unwrap();
    let lines = section.lines().filter(|line| line.contains("| `kms:"));
    let table: Vec<Line> = lines
        .map(|line| {
            let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(|cell| plain(cell)).collect();
            let [operation, action, policy_kind, cross_account, resource, identifiers, ..] = cells[..] else {
                panic!("{line}")
            };
            Line { operation, action, policy_kind, cross_account, resource, identifiers }
        })
        .collect();
    assert_eq!(table.len(), 57, "the table is read whole");
    table
}

/// A cell without its markup.
fn plain(cell: &'static str) -> &'static str {
    let cell = cell.trim();
    cell.strip_prefix("**").and_then(|cell| cell.strip_suffix("**")).unwrap_or(cell).trim_matches('`')
}

/// A line with the calls that try it. A call need not succeed: it must get past authorization if and only if it may.
struct Trial {
    /// As the first cell has it.
    operation: &'static str,
    call: fn(&Client, &Stage, &str) -> Result<(), CallError>,
    /// What other lines of the same operation need, in identity policies.
    also: &'static [&'static str],
}

/// What the calls are about.
struct Stage {
    world: World,
    /// Sealed under the key that is tried.
    blob: Vec<u8>,
    /// A key that gives its account everything.
    open: Key,
}

impl Stage {
    fn new() -> (Self, Key) {
        let world = World::new();
        let (key, open) = (world.key(), world.key());
        world.root.create_alias("alias/tried", &key.id).send().unwrap();
        world.root.create_alias("alias/open", &open.id).send().unwrap();
        let blob = world.root.encrypt(&key.id, b"x").send().unwrap().into_inner().ciphertext_blob;
        (Self { world, blob, open }, key)
    }

    /// Lets a principal of the key policy do this and nothing else, beside the account.
    fn admit(&self, key: &Key, principal: &str, action: &str) {
        let admitted =
            json!({ "Effect": "Allow", "Principal": { "AWS": principal }, "Action": action, "Resource": "*" });
        self.world.root.put_key_policy(&key.id, policy(&[delegation(), admitted])).send().unwrap();
    }

    fn alice(&self, statements: &[Value]) -> Client {
        let caller = Caller::user(ACCOUNT, "alice").unwrap();
        let whole = || caller.clone().identity_policy(&policy(statements)).unwrap();
        self.world.client(if statements.is_empty() { caller.clone() } else { whole() })
    }
}

const TRIALS: &[Trial] = &[
    trial("CancelKeyDeletion", |client, _, key| client.cancel_key_deletion(key).send().map(drop)),
    trial("CreateGrant", |client, _, key| client.create_grant(key, ALICE).operation("Decrypt").send().map(drop)),
    trial("Decrypt", |client, stage, key| client.decrypt(&stage.blob).key_id(key).send().map(drop)),
    trial("DeleteImportedKeyMaterial", |client, _, key| client.delete_imported_key_material(key).send().map(drop)),
    trial("DescribeKey", |client, _, key| client.describe_key(key).send().map(drop)),
    trial("DisableKey", |client, _, key| client.disable_key(key).send().map(drop)),
    trial("DisableKeyRotation", |client, _, key| client.disable_key_rotation(key).send().map(drop)),
    trial("EnableKey", |client, _, key| client.enable_key(key).send().map(drop)),
    trial("EnableKeyRotation", |client, _, key| client.enable_key_rotation(key).send().map(drop)),
    trial("Encrypt", |client, _, key| client.encrypt(key, b"x").send().map(drop)),
    trial("GenerateDataKey", |client, _, key| client.generate_data_key(key).key_spec("AES_256").send().map(drop)),
    trial("GenerateDataKeyPair", |client, _, key| {
        client.generate_data_key_pair(key).key_pair_spec("ECC_NIST_P256").send().map(drop)
    }),
    trial("GenerateDataKeyPairWithoutPlaintext", |client, _, key| {
        client.generate_data_key_pair_without_plaintext(key).key_pair_spec("ECC_NIST_P256").send().map(drop)
    }),
    trial("GenerateDataKeyWithoutPlaintext", |client, _, key| {
        client.generate_data_key_without_plaintext(key).key_spec("AES_256").send().map(drop)
    }),
    trial("GenerateMac", |client, _, key| {
        client.generate_mac(key, b"x").mac_algorithm("HMAC_SHA_256").send().map(drop)
    }),
    trial("GetKeyPolicy", |client, _, key| client.get_key_policy(key).send().map(drop)),
    trial("GetKeyRotationStatus", |client, _, key| client.get_key_rotation_status(key).send().map(drop)),
    trial("GetParametersForImport", |client, _, key| {
        client.get_parameters_for_import(key, "RSAES_OAEP_SHA_256", "RSA_2048").send().map(drop)
    }),
    trial("GetPublicKey", |client, _, key| client.get_public_key(key).send().map(drop)),
    trial("ImportKeyMaterial", |client, _, key| {
        client.import_key_material(key, b"t", b"m").expiration_model("KEY_MATERIAL_DOES_NOT_EXPIRE").send().map(drop)
    }),
    trial("ListGrants", |client, _, key| client.list_grants(key).send().map(drop)),
    trial("ListKeyPolicies", |client, _, key| client.list_key_policies(key).send().map(drop)),
    trial("ListKeyRotations", |client, _, key| client.list_key_rotations(key).send().map(drop)),
    trial("ListResourceTags", |client, _, key| client.list_resource_tags(key).send().map(drop)),
    trial("PutKeyPolicy", |client, _, key| client.put_key_policy(key, policy(&[delegation()])).send().map(drop)),
    trial("RevokeGrant", |client, _, key| client.revoke_grant(key, "0".repeat(64)).send().map(drop)),
    trial("RotateKeyOnDemand", |client, _, key| client.rotate_key_on_demand(key).send().map(drop)),
    trial("ScheduleKeyDeletion", |client, _, key| client.schedule_key_deletion(key).send().map(drop)),
    trial("Sign", |client, _, key| client.sign(key, b"x").signing_algorithm("ECDSA_SHA_256").send().map(drop)),
    trial("TagResource", |client, _, key| client.tag_resource(key).tag("a", "b").send().map(drop)),
    trial("UntagResource", |client, _, key| client.untag_resource(key).tag_key("a").send().map(drop)),
    trial("UpdateKeyDescription", |client, _, key| client.update_key_description(key, "x").send().map(drop)),
    trial("UpdatePrimaryRegion", |client, _, key| client.update_primary_region(key, "eu-west-1").send().map(drop)),
    trial("Verify", |client, _, key| {
        client.verify(key, b"x", b"s").signing_algorithm("ECDSA_SHA_256").send().map(drop)
    }),
    trial("VerifyMac", |client, _, key| {
        client.verify_mac(key, b"x", b"m").mac_algorithm("HMAC_SHA_256").send().map(drop)
    }),
    // Of several lines one is tried, the others are allowed.
    Trial {
        operation: "CreateAlias (key part)",
        call: |client, _, key| client.create_alias("alias/new", key).send().map(drop),
        also: &["kms:CreateAlias on alias/new"],
    },
    Trial {
        operation: "DeleteAlias (key part)",
        call: |client, _, _| client.delete_alias("alias/tried").send().map(drop),
        also: &["kms:DeleteAlias on alias/tried"],
    },
    Trial {
        operation: "UpdateAlias (current and new key)",
        call: |client, _, key| client.update_alias("alias/open", key).send().map(drop),
        also: &["kms:UpdateAlias on alias/open", "kms:UpdateAlias on the open key"],
    },
    Trial {
        operation: "ReEncrypt (source)",
        call: |client, stage, key| client.re_encrypt(&stage.blob, &stage.open.arn).source_key_id(key).send().map(drop),
        also: &["kms:ReEncryptTo on the open key"],
    },
    Trial {
        operation: "ReEncrypt (destination)",
        call: |client, stage, key| {
            let sealed = stage.world.root.encrypt(&stage.open.id, b"x").send().unwrap().into_inner();
            client.re_encrypt(&sealed.ciphertext_blob, key).send().map(drop)
        },
        also: &["kms:ReEncryptFrom on the open key"],
    },
    Trial {
        operation: "ReplicateKey (primary)",
        call: |client, _, key| client.replicate_key(key, "eu-west-1").send().map(drop),
        also: &["kms:CreateKey on *"],
    },
];

const fn trial(operation: &'static str, call: fn(&Client, &Stage, &str) -> Result<(), CallError>) -> Trial {
    Trial { operation, call, also: &[] }
}

impl Trial {
    fn line<'t>(&self, table: &'t [Line]) -> &'t Line {
        table.iter().find(|line| line.operation == self.operation).expect(self.operation)
    }

    /// The statements that allow the other lines.
    fn others(&self, stage: &Stage) -> Vec<Value> {
        let statement = |text: &&str| {
            let (action, on) = text.split_once(" on ").unwrap();
            let resource = match on {
                "the open key" => stage.open.arn.clone(),
                "*" => "*".to_owned(),
                alias => alias_arn(alias),
            };
            json!({ "Effect": "Allow", "Action": action, "Resource": resource })
        };
        self.also.iter().map(statement).collect()
    }
}

/// Whether the call was refused for want of a right; any other end, good or bad, is past that.
fn is_denied(result: Result<(), CallError>) -> bool {
    result.is_err_and(|error| error.code() == "AccessDeniedException")
}

/// Spec: PRM-01, PRM-07, PRM-08, PRM-10, PRM-11, PRM-16, PRM-17, PRM-18, PRM-19
#[test]
fn every_permission_on_a_key_works_in_both_kinds_of_policy() {
    let table = table();
    for trial in TRIALS {
        let line = trial.line(&table);
        assert_eq!(
            (line.policy_kind, line.resource.starts_with("key") || line.resource.contains("keys")),
            ("key policy", true)
        );
        let name = trial.operation;
        // No policy names alice.
        let (stage, key) = Stage::new();
        let others = trial.others(&stage);
        assert!(is_denied((trial.call)(&stage.alice(&others), &stage, &key.arn)), "{name}: without permission");
        // The key policy alone.
        stage.admit(&key, ALICE, line.action);
        assert!(!is_denied((trial.call)(&stage.alice(&others), &stage, &key.arn)), "{name}: by the key policy");
        // An identity policy on this key, as the key policy delegates to the account.
        let (stage, key) = Stage::new();
        let own = json!({ "Effect": "Allow", "Action": line.action, "Resource": key.arn });
        let statements: Vec<Value> = trial.others(&stage).into_iter().chain([own]).collect();
        assert!(!is_denied((trial.call)(&stage.alice(&statements), &stage, &key.arn)), "{name}: by an identity policy");
        // Every other action is not this one.
        let (stage, key) = Stage::new();
        let every = json!({ "Effect": "Allow", "NotAction": line.action, "Resource": "*" });
        let statements: Vec<Value> = trial.others(&stage).into_iter().chain([every]).collect();
        assert!(is_denied((trial.call)(&stage.alice(&statements), &stage, &key.arn)), "{name}: by other actions");
    }
}

/// Spec: PRM-02, PRM-07, PRM-09, PRM-12
#[test]
fn only_the_rows_that_say_so_cross_accounts() {
    let table = table();
    for trial in TRIALS.iter().filter(|trial| !trial.operation.contains("Alias")) {
        let line = trial.line(&table);
        let (stage, key) = Stage::new();
        stage.admit(&key, EVERYWHERE, "kms:*");
        stage.admit(&stage.open, EVERYWHERE, "kms:*");
        let partner = stage.world.stranger(&["kms:*"]);
        let may = match line.cross_account {
            "yes" => true,
            "no" => false,
            other => panic!("{other}"),
        };
        let result = (trial.call)(&partner, &stage, &key.arn);
        assert_eq!(!is_denied(result), may, "{}", trial.operation);
    }
}

/// Spec: PRM-04, PRM-07
#[test]
fn keys_are_named_as_the_rows_say() {
    let table = table();
    for trial in TRIALS.iter().filter(|trial| trial.operation != "DeleteAlias (key part)") {
        let line = trial.line(&table);
        let (stage, key) = Stage::new();
        let root = stage.world.root.clone();
        let alias = alias_arn("alias/tried");
        let by_alias = [("alias/tried", "name"), (alias.as_str(), "ARN")].map(|(name, form)| {
            let result = (trial.call)(&root, &stage, name);
            let refused = result.is_err_and(|error| {
                let code = error.code();
                (code == "NotFoundException" && !error.message().contains("Grant")) || code == "InvalidArnException"
            });
            (form, !refused)
        });
        let expected = line.identifiers.starts_with("any");
        assert_eq!(by_alias, [("name", expected), ("ARN", expected)], "{}", trial.operation);
        for name in [&key.id, &key.arn] {
            let (stage, key) = Stage::new();
            let name = if name.starts_with("arn:") { key.arn.clone() } else { key.id.clone() };
            let found = !(trial.call)(&stage.world.root, &stage, &name).is_err_and(|error| {
                matches!(error.code(), "NotFoundException" | "InvalidArnException")
                    && !error.message().contains("Grant")
            });
            assert!(found, "{} by {name}", trial.operation);
        }
    }
}

/// Spec: PRM-03, PRM-07, PRM-10, PRM-13
#[test]
fn permissions_without_a_key_stand_in_identity_policies() {
    type Call = fn(&Client) -> Result<(), CallError>;
    let calls: [(&str, Call); 5] = [
        ("CreateKey", |client| client.create_key().send().map(drop)),
        ("GenerateRandom", |client| client.generate_random(8).send().map(drop)),
        ("ListAliases", |client| client.list_aliases().send().map(drop)),
        ("ListKeys", |client| client.list_keys().send().map(drop)),
        ("ListRetirableGrants", |client| client.list_retirable_grants(ALICE).send().map(drop)),
    ];
    let table = table();
    for (operation, call) in calls {
        let line = table.iter().find(|line| line.operation == operation).unwrap();
        assert_eq!((line.policy_kind, line.resource), ("IAM", "*"));
        let (stage, key) = Stage::new();
        stage.admit(&key, ALICE, "kms:*");
        assert!(is_denied(call(&stage.alice(&[]))), "{operation}: a key policy has no say");
        for (resource, expected) in [
            ("*".to_owned(), true),
            (format!("arn:aws:kms:{REGION}:{ACCOUNT}:*"), true),
            (format!("arn:aws:kms:*:{ACCOUNT}:*"), true),
            (format!("arn:aws:kms:eu-west-1:{ACCOUNT}:*"), false),
            (format!("arn:aws:kms:{REGION}:{OTHER}:*"), false),
            (format!("arn:aws:kms:{REGION}:{ACCOUNT}:key/*"), false),
        ] {
            let allowing = json!({ "Effect": "Allow", "Action": line.action, "Resource": resource });
            assert_eq!(!is_denied(call(&stage.alice(&[allowing]))), expected, "{operation} on {resource}");
        }
        let denying = json!({ "Effect": "Deny", "Action": line.action, "Resource": "*" });
        let allowing = json!({ "Effect": "Allow", "Action": "*", "Resource": "*" });
        assert!(is_denied(call(&stage.alice(&[allowing, denying]))), "{operation}: an explicit deny");
    }
}

/// Spec: PRM-07, PRM-16, PRM-17, PRM-18, PRM-10
#[test]
fn alias_parts_stand_in_identity_policies() {
    type Call = fn(&Client, &Key) -> Result<(), CallError>;
    let calls: [(&str, &str, Call); 3] = [
        ("CreateAlias (alias part)", "alias/new", |client, key| {
            client.create_alias("alias/new", &key.id).send().map(drop)
        }),
        ("DeleteAlias (alias part)", "alias/tried", |client, _| client.delete_alias("alias/tried").send().map(drop)),
        ("UpdateAlias (alias part)", "alias/tried", |client, key| {
            client.update_alias("alias/tried", &key.id).send().map(drop)
        }),
    ];
    let table = table();
    for (operation, alias, call) in calls {
        let line = table.iter().find(|line| line.operation == operation).unwrap();
        assert_eq!((line.policy_kind, line.cross_account, line.resource), ("IAM", "no", "alias"));
        let (stage, key) = Stage::new();
        stage.admit(&key, ALICE, "kms:*");
        assert!(is_denied(call(&stage.alice(&[]), &key)), "{operation}: a key policy has no say");
        let other = json!({ "Effect": "Allow", "Action": "kms:*", "Resource": alias_arn("alias/other") });
        assert!(is_denied(call(&stage.alice(&[other]), &key)), "{operation}: another alias");
        let own = json!({ "Effect": "Allow", "Action": line.action, "Resource": alias_arn(alias) });
        assert!(!is_denied(call(&stage.alice(&[own]), &key)), "{operation}");
    }
}

/// RetireGrant follows rules of its own (PRM-25), key stores are not there yet, and of the two parts of ReplicateKey that
/// of the replica has no key.
///
/// Spec: PRM-07, PRM-26
#[test]
fn every_row_is_tried() {
    let elsewhere = [
        "RetireGrant",
        "ReplicateKey (replica Region)",
        "CreateKey",
        "GenerateRandom",
        "ListAliases",
        "ListKeys",
        "ListRetirableGrants",
        "CreateAlias (alias part)",
        "DeleteAlias (alias part)",
        "UpdateAlias (alias part)",
        "ConnectCustomKeyStore",
        "CreateCustomKeyStore",
        "DeleteCustomKeyStore",
        "DescribeCustomKeyStores",
        "DisconnectCustomKeyStore",
        "UpdateCustomKeyStore",
    ];
    let tried: BTreeSet<_> = TRIALS.iter().map(|trial| trial.operation).chain(elsewhere).collect();
    let table = table();
    assert_same_set(tried, table.iter().map(|line| line.operation));
}
