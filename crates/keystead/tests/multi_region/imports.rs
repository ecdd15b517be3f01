//! Sets of related keys with imported material (section 11): one identity, and an import of its own for each key.

use keystead::operations::{ImportKeyMaterialResponse, RotationsListEntry};
use keystead::{CallError, Client, Clock, EventKind};
use serde_json::json;

use crate::common::records::value_of;
use crate::support::parameters::{FOREVER, HYBRID, OAEP, ParameterSet, material_of};
use crate::support::statements::alice;
use crate::support::{Key, World, assert_code, assert_refused, assert_same_set, outcome};
use crate::{ASIA, DELAY, EUROPE, HOME, Set, decrypt, roles};

pub(crate) const FIRST: [u8; 32] = [1; 32];
pub(crate) const SECOND: [u8; 32] = [2; 32];
pub(crate) const THIRD: [u8; 32] = [3; 32];

impl World {
    /// A primary of origin `EXTERNAL` in [`HOME`], without material.
    pub(crate) fn empty_set(&self, spec: &str, usage: &str) -> Set {
        let home = self.root_in(HOME);
        let call = home.create_key().multi_region(true).origin("EXTERNAL");
        let key = call.key_spec(spec).key_usage(usage).send().unwrap();
        self.of(&key.key_metadata.key_id.to_string())
    }

    /// A set of symmetric encryption keys in these Regions and in [`HOME`], with [`FIRST`] imported into all.
    pub(crate) fn imported_set(&self, replicas: &[&str]) -> Set {
        let set = self.empty_set("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT");
        set.import(&set.home, &FIRST).unwrap();
        for region in replicas {
            set.home.replicate_key(&set.id, *region).send().unwrap();
        }
        self.clock.advance(DELAY);
        self.kms.sweep().unwrap();
        for region in replicas {
            set.import(&self.root_in(region), &FIRST).unwrap();
        }
        set
    }
}

impl Set {
    pub(crate) fn key_in(&self, client: &Client) -> Key {
        Key { id: self.id.clone(), arn: self.arn_in(client.region().as_str()) }
    }

    pub(crate) fn parameters(&self, client: &Client) -> ParameterSet {
        ParameterSet::of(client, &self.key_in(client), OAEP, "RSA_2048")
    }

    /// Imports symmetric material for ever.
    pub(crate) fn import(&self, client: &Client, material: &[u8]) -> Result<ImportKeyMaterialResponse, CallError> {
        self.parameters(client).import(client, &self.key_in(client), material)
    }

    /// Imports symmetric material for ever, as material of this type.
    pub(crate) fn import_as(&self, client: &Client, material: &[u8], import_type: &str) -> Result<String, CallError> {
        self.import_with(&self.parameters(client), client, material, import_type)
    }

    pub(crate) fn import_with(
        &self,
        parameters: &ParameterSet,
        client: &Client,
        material: &[u8],
        import_type: &str,
    ) -> Result<String, CallError> {
        let call = client.import_key_material(&self.id, parameters.token(), parameters.wrap(material));
        let imported = call.expiration_model(FOREVER).import_type(import_type).send()?;
        Ok(imported.key_material_id.unwrap().to_string())
    }

    /// Imports symmetric material that expires.
    pub(crate) fn import_for(&self, world: &World, client: &Client, material: &[u8], days: u32) {
        let parameters = self.parameters(client);
        let call = client.import_key_material(&self.id, parameters.token(), parameters.wrap(material));
        call.valid_to(world.clock.now().plus_days(days)).send().unwrap();
    }

    pub(crate) fn materials(&self, client: &Client) -> Vec<RotationsListEntry> {
        let call = client.list_key_rotations(&self.id).include_key_material("ALL_KEY_MATERIAL");
        call.send().unwrap().into_inner().rotations
    }

    /// State of each material, and whether it is there.
    pub(crate) fn shown(&self, client: &Client) -> Vec<(&'static str, &'static str)> {
        let name = |entry: &RotationsListEntry| {
            (entry.key_material_state.unwrap().as_str(), entry.import_state.unwrap().as_str())
        };
        self.materials(client).iter().map(name).collect()
    }

    pub(crate) fn no_material(&self) -> String {
        format!("No available key material pending rotation for the key: {}.", self.arn_in(HOME))
    }
}

/// Kinds of keys that can be imported, and how their material is wrapped.
const KINDS: [(&str, &str, &str); 5] = [
    ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", OAEP),
    ("HMAC_256", "GENERATE_VERIFY_MAC", OAEP),
    ("RSA_2048", "SIGN_VERIFY", HYBRID),
    ("ECC_NIST_P256", "SIGN_VERIFY", HYBRID),
    ("ECC_NIST_EDWARDS25519", "SIGN_VERIFY", HYBRID),
];

/// From the empty primary to a replica that works, for every kind of key.
///
/// Spec: MRK-60, MRK-61, MRK-62, MRK-22, MRK-26, IMP-02, IMP-04, STA-09
#[test]
fn a_replica_begins_without_material() {
    for (spec, usage, wrapping) in KINDS {
        let world = World::delayed();
        let set = world.empty_set(spec, usage);
        let primary = set.described(&set.home);
        assert_eq!((primary.key_state.as_str(), primary.enabled), ("PendingImport", false));
        assert_eq!(roles(&primary), ("PRIMARY", HOME.to_owned(), vec![]));
        let pending = format!("{} is pending import.", set.arn_in(HOME));
        assert_refused(set.home.replicate_key(&set.id, EUROPE).send(), "KMSInvalidStateException", &pending);
        assert_code(set.europe.describe_key(&set.id).send(), "NotFoundException");

        let material = material_of(spec.parse().unwrap(), false);
        let import = |client: &Client| {
            let key = set.key_in(client);
            ParameterSet::of(client, &key, wrapping, "RSA_2048").import(client, &key, material.expose())
        };
        let imported = import(&set.home).unwrap();
        let answer = set.home.replicate_key(&set.id, EUROPE).send().unwrap().into_inner().replica_key_metadata;
        assert_eq!((answer.key_state.as_str(), answer.enabled), ("Creating", false));
        assert_eq!((answer.origin.as_str(), answer.key_spec.as_str()), ("EXTERNAL", spec));
        assert_eq!((answer.key_usage.as_str(), answer.expiration_model, answer.valid_to), (usage, None, None));
        assert_eq!(set.state(&set.europe), "Creating");
        world.clock.advance(DELAY);
        let replica = set.described(&set.europe);
        assert_eq!((replica.key_state.as_str(), replica.enabled), ("PendingImport", false));
        assert_eq!(replica.current_key_material_id, set.described(&set.home).current_key_material_id);
        let used = |client: &Client| match usage {
            "ENCRYPT_DECRYPT" => client.encrypt(&set.id, b"x").send().map(drop),
            "GENERATE_VERIFY_MAC" => client.generate_mac(&set.id, b"x").mac_algorithm("HMAC_SHA_256").send().map(drop),
            _ => client.get_public_key(&set.id).send().map(drop),
        };
        let pending = format!("{} is pending import.", set.arn_in(EUROPE));
        assert_refused(used(&set.europe), "KMSInvalidStateException", &pending);
        used(&set.home).unwrap();

        let there = import(&set.europe).unwrap();
        assert_eq!((there.key_id.to_string(), there.key_material_id), (set.arn_in(EUROPE), imported.key_material_id));
        assert_eq!(set.state(&set.europe), "Enabled");
        used(&set.europe).unwrap();
        let made = |client: &Client| match usage {
            "GENERATE_VERIFY_MAC" => {
                client.generate_mac(&set.id, b"x").mac_algorithm("HMAC_SHA_256").send().unwrap().mac.clone()
            }
            "SIGN_VERIFY" => client.get_public_key(&set.id).send().unwrap().public_key.clone(),
            _ => decrypt(&set.europe, &set.encrypt(client, b"x")),
        };
        assert_eq!(made(&set.home), made(&set.europe));
    }
}

/// Scenario 20.
///
/// Spec: MRK-63, MRK-64, MRK-65, IMP-08, IMP-09, IMP-53
#[test]
fn every_related_key_imports_the_same_material_for_itself() {
    let world = World::new();
    let set = world.empty_set("ECC_NIST_P256", "SIGN_VERIFY");
    let hex = |text: &str| -> Vec<u8> {
        (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
    };
    let (with_point, without_point) = (hex(&P256_WITH_POINT.concat()), hex(P256_WITHOUT_POINT));
    let [home, europe] = [&set.home, &set.europe].map(|client| set.key_in(client));
    let of_primary = ParameterSet::of(&set.home, &home, HYBRID, "RSA_2048");
    of_primary.import(&set.home, &home, &with_point).unwrap();
    set.home.replicate_key(&set.id, EUROPE).send().unwrap();

    // A token is for one key and not for its relations.
    assert_code(of_primary.import(&set.europe, &europe, &with_point), "InvalidImportTokenException");
    let of_replica = ParameterSet::of(&set.europe, &europe, HYBRID, "RSA_2048");
    assert_code(of_replica.import(&set.home, &home, &with_point), "InvalidImportTokenException");
    // So is a wrapping key: the token of one with material wrapped for the other.
    let crossed = of_replica.send(&set.europe, &europe, &of_primary.wrap(&with_point));
    assert_code(crossed, "InvalidCiphertextException");

    let other = material_of("ECC_NIST_P256".parse().unwrap(), false);
    assert_code(of_replica.import(&set.europe, &europe, other.expose()), "IncorrectKeyMaterialException");
    assert_eq!(set.state(&set.europe), "PendingImport");
    // Also when the primary has lost its material meanwhile; and another encoding is the same material.
    set.home.delete_imported_key_material(&set.id).send().unwrap();
    assert_code(of_replica.import(&set.europe, &europe, other.expose()), "IncorrectKeyMaterialException");
    of_replica.import(&set.europe, &europe, &without_point).unwrap();
    assert_eq!((set.state(&set.home), set.state(&set.europe)), ("PendingImport", "Enabled"));
    assert_code(of_primary.import(&set.home, &home, other.expose()), "IncorrectKeyMaterialException");
    of_primary.import(&set.home, &home, &without_point).unwrap();
    assert_eq!(set.state(&set.home), "Enabled");
}

/// Spec: MRK-64
#[test]
fn the_set_remembers_material_that_has_expired_everywhere() {
    let world = World::new();
    let set = world.empty_set("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT");
    set.import_for(&world, &set.home, &FIRST, 1);
    let blob = set.encrypt(&set.home, b"secret");
    set.home.replicate_key(&set.id, EUROPE).send().unwrap();
    world.clock.advance_days(1);
    assert_eq!((set.state(&set.home), set.state(&set.europe)), ("PendingImport", "PendingImport"));
    for client in [&set.europe, &set.home] {
        assert_code(set.import(client, &SECOND), "IncorrectKeyMaterialException");
    }
    set.import(&set.europe, &FIRST).unwrap();
    assert_eq!(decrypt(&set.europe, &blob), b"secret");
    assert_eq!(set.state(&set.home), "PendingImport");
    // A replica that comes again knows it as well.
    set.import(&set.home, &FIRST).unwrap();
    set.europe.schedule_key_deletion(&set.id).pending_window_in_days(7).send().unwrap();
    world.clock.advance_days(7);
    set.home.replicate_key(&set.id, EUROPE).send().unwrap();
    assert_eq!(set.state(&set.europe), "PendingImport");
    assert_code(set.import(&set.europe, &SECOND), "IncorrectKeyMaterialException");
    set.import(&set.europe, &FIRST).unwrap();
    assert_eq!(decrypt(&set.europe, &blob), b"secret");
}

/// Spec: MRK-65, MRK-23, IMP-53, IMP-12, IMP-46
#[test]
fn expiry_and_deletion_concern_one_key() {
    let world = World::new();
    let set = world.imported_set(&[EUROPE, ASIA]);
    let blob = set.encrypt(&set.home, b"secret");
    set.import_for(&world, &set.europe, &FIRST, 5);
    let shown = |client: &Client| {
        let metadata = set.described(client);
        (metadata.key_state.as_str(), metadata.expiration_model.map(|model| model.as_str()), metadata.valid_to)
    };
    let untouched = ("Enabled", Some(FOREVER), None);
    let deadline = world.clock.now().plus_days(5);
    assert_eq!(shown(&set.europe), ("Enabled", Some("KEY_MATERIAL_EXPIRES"), Some(deadline)));
    assert_eq!((shown(&set.home), shown(&set.asia)), (untouched, untouched));

    world.clock.set(deadline);
    assert_eq!(world.kms.sweep().unwrap().expired, 1);
    assert_eq!(shown(&set.europe), ("PendingImport", None, None));
    assert_eq!((shown(&set.home), shown(&set.asia)), (untouched, untouched));
    let records = world.records("DeleteExpiredKeyMaterial");
    assert_same_set(records.iter().map(|record| record.aws_region.to_string()), [EUROPE.to_owned()]);
    let expired: Vec<_> =
        world.events.events().into_iter().filter(|event| event.kind == EventKind::MaterialExpiration).collect();
    assert_eq!(expired.len(), 1);
    for client in [&set.home, &set.asia] {
        assert_eq!(decrypt(client, &blob), b"secret");
    }

    set.home.delete_imported_key_material(&set.id).send().unwrap();
    assert_eq!((shown(&set.home), shown(&set.asia)), (("PendingImport", None, None), untouched));
    assert_eq!(decrypt(&set.asia, &set.encrypt(&set.asia, b"still")), b"still");
    set.import(&set.europe, &FIRST).unwrap();
    assert_eq!(decrypt(&set.europe, &blob), b"secret");
    assert_eq!(set.state(&set.home), "PendingImport");
}

/// Scenario 5: a set is one key, and equal material makes no set.
///
/// Spec: MRK-12, MRK-66
#[test]
fn equal_material_relates_no_keys() {
    let world = World::new();
    let (set, other) = (world.imported_set(&[EUROPE]), world.imported_set(&[EUROPE]));
    let single = set.home.create_key().origin("EXTERNAL").send().unwrap().key_metadata.arn;
    let single = Key::of(single);
    ParameterSet::of(&set.home, &single, OAEP, "RSA_2048").import(&set.home, &single, &FIRST).unwrap();

    let blob = set.encrypt(&set.home, b"secret");
    assert_eq!(decrypt(&set.europe, &blob), b"secret");
    for (client, stranger) in [(&set.home, &other.id), (&set.europe, &other.id), (&set.home, &single.id)] {
        let opened = client.decrypt(&blob).key_id(stranger).context("order", "42").send();
        assert_code(opened, "IncorrectKeyException");
    }
    // Not even under a header that names the other key.
    let position = blob.windows(16).position(|bytes| hex_of(bytes) == set.id["mrk-".len()..]).unwrap();
    let theirs = other.encrypt(&other.home, b"x");
    let mut forged = blob.clone();
    forged[position..position + 16].copy_from_slice(&theirs[position..position + 16]);
    assert_code(set.home.decrypt(&forged).context("order", "42").send(), "InvalidCiphertextException");
    let ids = [&set, &other].map(|set| set.described(&set.home).current_key_material_id);
    assert_ne!(ids[0], ids[1]);
}

/// Spec: MRK-42, MRK-68
#[test]
fn nothing_but_generated_symmetric_material_rotates_by_itself() {
    let world = World::new();
    let unrotatable = [
        ("EXTERNAL", "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT"),
        ("EXTERNAL", "HMAC_256", "GENERATE_VERIFY_MAC"),
        ("AWS_KMS", "HMAC_256", "GENERATE_VERIFY_MAC"),
        ("AWS_KMS", "ECC_NIST_P256", "SIGN_VERIFY"),
        ("AWS_KMS", "RSA_2048", "ENCRYPT_DECRYPT"),
    ];
    for (origin, spec, usage) in unrotatable {
        let set = world.empty_or_generated(origin, spec, usage);
        for client in [&set.home, &set.europe] {
            let calls = [
                client.enable_key_rotation(&set.id).send().map(drop),
                client.disable_key_rotation(&set.id).send().map(drop),
            ];
            for refused in calls {
                let (code, message) = outcome(refused);
                assert_eq!(code, "UnsupportedOperationException", "{origin} {spec}");
                if origin == "EXTERNAL" && spec == "SYMMETRIC_DEFAULT" {
                    let arn = set.arn_in(client.region().as_str());
                    assert_eq!(message, format!("{arn} origin is EXTERNAL which is not valid for this operation."));
                }
            }
            assert!(!client.get_key_rotation_status(&set.id).send().unwrap().key_rotation_enabled);
        }
    }
    world.clock.advance_days(3000);
    assert_eq!(world.kms.sweep().unwrap().rotated, 0);
    assert!(world.records("RotateKey").is_empty());
}

impl World {
    /// A usable set with a replica in [`EUROPE`].
    fn empty_or_generated(&self, origin: &str, spec: &str, usage: &str) -> Set {
        if origin == "AWS_KMS" {
            let home = self.root_in(HOME);
            let created = home.create_key().multi_region(true).key_spec(spec).key_usage(usage).send().unwrap();
            let set = self.of(&created.key_metadata.key_id.to_string());
            home.replicate_key(&set.id, EUROPE).send().unwrap();
            return set;
        }
        let set = self.empty_set(spec, usage);
        set.import(&set.home, &FIRST).unwrap();
        set.home.replicate_key(&set.id, EUROPE).send().unwrap();
        set.import(&set.europe, &FIRST).unwrap();
        set
    }
}

/// Imported material that expires while the primary changes is gone when the change is over.
///
/// Spec: STA-19
#[test]
fn updating_ends_in_the_state_of_the_material() {
    let world = World::with(|builder| builder.multi_region_delay(std::time::Duration::from_secs(3 * 86_400)));
    let set = world.empty_set("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT");
    set.import_for(&world, &set.home, &FIRST, 4);
    set.home.replicate_key(&set.id, EUROPE).send().unwrap();
    world.clock.advance_days(3);
    set.import(&set.europe, &FIRST).unwrap();
    set.home.update_primary_region(&set.id, EUROPE).send().unwrap();
    world.clock.advance_days(2);
    assert_eq!((set.state(&set.home), set.state(&set.europe)), ("Updating", "Updating"));
    world.clock.advance_days(1);
    assert_eq!((set.state(&set.home), set.state(&set.europe)), ("PendingImport", "Enabled"));
}

/// Spec: MRK-67, MRK-73
#[test]
fn each_region_asks_for_its_own_permissions() {
    let world = World::new();
    let set = world.empty_set("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT");
    set.import(&set.home, &FIRST).unwrap();
    let allowed = |actions: &[&str], region: &str| {
        json!({ "Effect": "Allow", "Action": actions, "Resource": "*",
                "Condition": { "StringEquals": { "aws:RequestedRegion": region } } })
    };
    let client = |region: &str, statements: &[serde_json::Value]| world.kms.client(region, alice(statements)).unwrap();
    let replicate = allowed(&["kms:ReplicateKey"], HOME);
    let create = allowed(&["kms:CreateKey"], EUROPE);
    let tries = |statements: &[serde_json::Value]| {
        client(HOME, statements).replicate_key(&set.id, EUROPE).tag("team", "a").send().map(drop)
    };
    assert_code(tries(std::slice::from_ref(&create)), "AccessDeniedException");
    assert_code(tries(std::slice::from_ref(&replicate)), "AccessDeniedException");
    assert_code(tries(&[replicate.clone(), create.clone()]), "AccessDeniedException");
    tries(&[replicate, create, allowed(&["kms:TagResource"], EUROPE)]).unwrap();

    // What is allowed at home is nothing in Europe.
    let import = |region: &str| {
        let here = client(EUROPE, &[allowed(&["kms:GetParametersForImport", "kms:ImportKeyMaterial"], region)]);
        let key = set.key_in(&here);
        let parameters = here.get_parameters_for_import(&key.id, OAEP, "RSA_2048").send().map(drop);
        parameters.and_then(|()| ParameterSet::of(&here, &key, OAEP, "RSA_2048").import(&here, &key, &FIRST))
    };
    assert_code(import(HOME), "AccessDeniedException");
    let only_parameters = client(EUROPE, &[allowed(&["kms:GetParametersForImport"], EUROPE)]);
    let key = set.key_in(&only_parameters);
    let parameters = ParameterSet::of(&only_parameters, &key, OAEP, "RSA_2048");
    assert_code(parameters.import(&only_parameters, &key, &FIRST), "AccessDeniedException");
    import(EUROPE).unwrap();
    assert_eq!(set.state(&set.europe), "Enabled");
}

/// New domain keys of the Regions change nothing, and no two Regions hold the same token.
///
/// Spec: IMP-08, IMP-44, OVR-17
#[test]
fn each_region_keeps_fingerprint_key_and_material_under_its_own_domain_key() {
    use std::sync::Arc;

    use keystead::store::{Range, Store};
    use keystead_memory::MemoryStore;

    let store = Arc::new(MemoryStore::new());
    let world = World::with(|builder| builder.store(Arc::clone(&store)));
    let set = world.imported_set(&[EUROPE]);
    let blob = set.encrypt(&set.home, b"secret");
    for region in [EUROPE, HOME] {
        world.kms.rotate_domain_key(region.parse().unwrap()).unwrap();
        world.kms.sweep().unwrap();
    }
    let mut tokens = Vec::new();
    for (_, entry) in store.scan(&Range::all(), usize::MAX).unwrap() {
        let Ok(record) = serde_json::from_slice::<serde_json::Value>(value_of(&entry.value)) else { continue };
        tokens.extend(
            [&record["ekt"], &record["import"]["fingerprint_key"]]
                .iter()
                .filter_map(|token| token.as_str().map(ToOwned::to_owned)),
        );
    }
    let count = tokens.len();
    assert!(count >= 4, "{count} tokens");
    tokens.sort();
    tokens.dedup();
    assert_eq!(tokens.len(), count, "a token is in two places");

    for client in [&set.home, &set.europe] {
        client.delete_imported_key_material(&set.id).send().unwrap();
        assert_code(set.import(client, &SECOND), "IncorrectKeyMaterialException");
        set.import(client, &FIRST).unwrap();
        assert_eq!(decrypt(client, &blob), b"secret");
    }
}

fn hex_of(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Section 11.3 of chapter 32: one key, with its public point and without.
const P256_WITH_POINT: [&str; 3] = [
    "308187020100301306072a8648ce3d020106082a8648ce3d030107046d306b0201010420c9afa9d845ba75166b5c215767b1",
    "d6934e50c3db36e89b127b8a622b120f6721a1440342000460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669",
    "622e60f29fb67903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299",
];
const P256_WITHOUT_POINT: &str = "3041020100301306072a8648ce3d020106082a8648ce3d0301070427302502010104\
                                  20c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721";
