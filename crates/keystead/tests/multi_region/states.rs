//! The cells of the state table that only multi-Region keys can reach: Creating, Updating, PendingReplicaDeletion.

use keystead::{CallError, Client};

use crate::support::World;
use crate::{ASIA, DELAY, EUROPE, HOME, Set};

/// What a cell says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cell {
    Ok,
    /// Refused with the text of the state.
    Refused,
    /// Not among the things that the key can do.
    Unsupported,
    /// Only a key that is to be deleted can do it.
    NotPending,
}

use Cell::{NotPending, Ok as Fine, Refused, Unsupported};

type Attempt = fn(&Client, &Set, &[u8]) -> Result<(), CallError>;

/// Operations on one key, and the cells for Creating, Updating (of the old primary), PendingReplicaDeletion. Written
/// from section 4 of chapter 20 and MRK-35.
const CELLS: &[(&str, [Cell; 3], Attempt)] = &[
    ("CancelKeyDeletion", [NotPending, NotPending, Fine], |c, s, _| c.cancel_key_deletion(&s.id).send().map(drop)),
    ("CreateAlias", [Fine, Fine, Refused], |c, s, _| c.create_alias("alias/new", &s.id).send().map(drop)),
    ("CreateGrant", [Refused, Fine, Refused], |c, s, _| {
        c.create_grant(&s.id, "arn:aws:iam::111122223333:user/bob").operation("Decrypt").send().map(drop)
    }),
    ("Decrypt", [Refused, Fine, Refused], |c, _, blob| c.decrypt(blob).context("order", "42").send().map(drop)),
    ("DescribeKey", [Fine, Fine, Fine], |c, s, _| c.describe_key(&s.id).send().map(drop)),
    ("DisableKey", [Refused, Refused, Refused], |c, s, _| c.disable_key(&s.id).send().map(drop)),
    ("DisableKeyRotation", [Unsupported, Fine, Refused], |c, s, _| c.disable_key_rotation(&s.id).send().map(drop)),
    ("EnableKey", [Refused, Refused, Refused], |c, s, _| c.enable_key(&s.id).send().map(drop)),
    ("EnableKeyRotation", [Unsupported, Fine, Refused], |c, s, _| c.enable_key_rotation(&s.id).send().map(drop)),
    ("Encrypt", [Refused, Fine, Refused], |c, s, _| c.encrypt(&s.id, b"x").send().map(drop)),
    ("GenerateDataKey", [Refused, Fine, Refused], |c, s, _| {
        c.generate_data_key(&s.id).key_spec("AES_256").send().map(drop)
    }),
    ("GenerateDataKeyWithoutPlaintext", [Refused, Fine, Refused], |c, s, _| {
        c.generate_data_key_without_plaintext(&s.id).key_spec("AES_256").send().map(drop)
    }),
    ("GenerateDataKeyPair", [Refused, Fine, Refused], |c, s, _| {
        c.generate_data_key_pair(&s.id).key_pair_spec("ECC_NIST_P256").send().map(drop)
    }),
    ("GetKeyPolicy", [Fine, Fine, Fine], |c, s, _| c.get_key_policy(&s.id).send().map(drop)),
    ("GetKeyRotationStatus", [Fine, Fine, Fine], |c, s, _| c.get_key_rotation_status(&s.id).send().map(drop)),
    ("ListAliases", [Fine, Fine, Fine], |c, s, _| c.list_aliases().key_id(&s.id).send().map(drop)),
    ("ListGrants", [Fine, Fine, Fine], |c, s, _| c.list_grants(&s.id).send().map(drop)),
    ("ListKeyPolicies", [Fine, Fine, Fine], |c, s, _| c.list_key_policies(&s.id).send().map(drop)),
    ("ListKeyRotations", [Fine, Fine, Fine], |c, s, _| c.list_key_rotations(&s.id).send().map(drop)),
    ("ListResourceTags", [Fine, Fine, Fine], |c, s, _| c.list_resource_tags(&s.id).send().map(drop)),
    ("PutKeyPolicy", [Fine, Fine, Fine], |c, s, _| {
        let policy = c.get_key_policy(&s.id).send()?.into_inner().policy;
        c.put_key_policy(&s.id, policy).send().map(drop)
    }),
    ("ReEncrypt", [Refused, Fine, Refused], |c, s, blob| {
        c.re_encrypt(blob, &s.id).source_context("order", "42").send().map(drop)
    }),
    ("ReplicateKey", [Unsupported, Refused, Refused], |c, s, _| c.replicate_key(&s.id, "us-west-2").send().map(drop)),
    ("RotateKeyOnDemand", [Unsupported, Fine, Refused], |c, s, _| c.rotate_key_on_demand(&s.id).send().map(drop)),
    ("ScheduleKeyDeletion", [Fine, Refused, Refused], |c, s, _| c.schedule_key_deletion(&s.id).send().map(drop)),
    ("TagResource", [Fine, Fine, Refused], |c, s, _| c.tag_resource(&s.id).tag("a", "b").send().map(drop)),
    ("UntagResource", [Fine, Fine, Refused], |c, s, _| c.untag_resource(&s.id).tag_key("a").send().map(drop)),
    ("UpdateKeyDescription", [Fine, Fine, Refused], |c, s, _| c.update_key_description(&s.id, "new").send().map(drop)),
    ("UpdatePrimaryRegion", [Unsupported, Refused, Refused], |c, s, _| {
        c.update_primary_region(&s.id, EUROPE).send().map(drop)
    }),
];

/// Spec: STA-38, STA-43, STA-08, STA-11, STA-12, STA-35, STA-36, MRK-27, MRK-35, MRK-52, RUL-19, RUL-20, RUL-21
#[test]
fn every_cell_is_as_the_table_says() {
    for (name, cells, attempt) in CELLS {
        for (column, cell) in cells.iter().enumerate() {
            let world = World::delayed();
            let set = world.set(&[EUROPE]);
            let blob = set.encrypt(&set.home, b"x");
            let (client, region, state) = match column {
                0 => {
                    set.home.replicate_key(&set.id, ASIA).send().unwrap();
                    (&set.asia, ASIA, "Creating")
                }
                1 => {
                    set.home.update_primary_region(&set.id, EUROPE).send().unwrap();
                    (&set.home, HOME, "Updating")
                }
                _ => {
                    set.home.schedule_key_deletion(&set.id).send().unwrap();
                    (&set.home, HOME, "PendingReplicaDeletion")
                }
            };
            assert_eq!(set.state(client), state);
            let text = ["is creating.", "is updating.", "is pending replica deletion."][column];
            let found = match attempt(client, &set, &blob) {
                Ok(()) => Fine,
                Err(error) => {
                    let arn = set.arn_in(region);
                    match (error.code(), error.message()) {
                        ("UnsupportedOperationException", _) => Unsupported,
                        ("KMSInvalidStateException", said) if said == format!("{arn} {text}") => Refused,
                        ("KMSInvalidStateException", said) if said == format!("{arn} is not pending deletion.") => {
                            NotPending
                        }
                        other => panic!("{name} in {state}: {other:?}"),
                    }
                }
            };
            assert_eq!(found, *cell, "{name} in {state}");
        }
    }
}

/// The replica that takes over is in the same state, and is a replica until it has.
///
/// Spec: STA-12, MRK-35, MRK-36, RUL-19
#[test]
fn the_heir_is_updating_too() {
    let world = World::delayed();
    let set = world.set(&[EUROPE]);
    set.home.update_primary_region(&set.id, EUROPE).send().unwrap();
    let unsupported: &[&str] =
        &["DisableKeyRotation", "EnableKeyRotation", "ReplicateKey", "RotateKeyOnDemand", "UpdatePrimaryRegion"];
    let blob = set.encrypt(&set.europe, b"x");
    for (name, cells, attempt) in CELLS {
        let code = attempt(&set.europe, &set, &blob).err().map(|error| error.code());
        let expected = match cells[1] {
            _ if unsupported.contains(name) => Some("UnsupportedOperationException"),
            Fine => None,
            _ => Some("KMSInvalidStateException"),
        };
        assert_eq!(code, expected, "{name}");
    }
    world.clock.advance(DELAY);
    assert!(set.europe.disable_key(&set.id).send().is_ok());
}

/// Asymmetric and HMAC keys in the same states.
///
/// Spec: STA-38, STA-40, MRK-27
#[test]
fn public_keys_and_tags_follow_the_state() {
    let world = World::delayed();
    for (spec, usage) in [("ECC_NIST_P256", "SIGN_VERIFY"), ("HMAC_256", "GENERATE_VERIFY_MAC")] {
        let home = world.root_in(HOME);
        let key = home.create_key().multi_region(true).key_spec(spec).key_usage(usage).send().unwrap();
        let set = world.of(&key.key_metadata.key_id.to_string());
        home.replicate_key(&set.id, EUROPE).send().unwrap();
        let use_it = |client: &Client| match spec {
            "HMAC_256" => client.generate_mac(&set.id, b"m").mac_algorithm("HMAC_SHA_256").send().map(drop),
            _ => {
                client.sign(&set.id, b"m").signing_algorithm("ECDSA_SHA_256").send()?;
                client.get_public_key(&set.id).send().map(drop)
            }
        };
        crate::support::assert_code(use_it(&set.europe), "KMSInvalidStateException");
        world.clock.advance(DELAY);
        use_it(&set.europe).unwrap();
        home.update_primary_region(&set.id, EUROPE).send().unwrap();
        use_it(&set.europe).unwrap();
        use_it(&set.home).unwrap();
        world.clock.advance(DELAY);
    }
}
