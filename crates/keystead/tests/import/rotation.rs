//! Several materials of one symmetric encryption key (chapter 32, section 13).

use keystead::operations::{KeyMaterialState, RotationsListEntry};

use crate::support::{Key, World, assert_code, assert_refused};
use crate::{FOREVER, OAEP, Set, described, opens, sealed, state};

fn import_new(world: &World, key: &Key, material: &[u8]) -> Result<String, keystead::CallError> {
    let set = Set::of(&world.root, key, OAEP, "RSA_2048");
    let call = world.root.import_key_material(&key.id, set.token(), set.wrap(material)).expiration_model(FOREVER);
    let imported = call.import_type("NEW_KEY_MATERIAL").send()?;
    Ok(imported.key_material_id.unwrap().to_string())
}

fn materials(world: &World, key: &Key) -> Vec<RotationsListEntry> {
    world
        .root
        .list_key_rotations(&key.id)
        .include_key_material("ALL_KEY_MATERIAL")
        .send()
        .unwrap()
        .into_inner()
        .rotations
}

fn states(world: &World, key: &Key) -> Vec<(&'static str, &'static str)> {
    let name =
        |entry: RotationsListEntry| (entry.key_material_state.unwrap().as_str(), entry.import_state.unwrap().as_str());
    materials(world, key).into_iter().map(name).collect()
}

/// Spec: RUL-17, RUL-28, STA-100
#[test]
fn new_material_waits_for_its_rotation() {
    let world = World::new();
    let key = world.imported_key(&[1; 32]);
    let old = sealed(&world.root, &key);
    let first = described(&world.root, &key).current_key_material_id.unwrap();
    let message = format!("No available key material pending rotation for the key: {}.", key.arn);
    assert_refused(world.root.rotate_key_on_demand(&key.id).send(), "KMSInvalidStateException", &message);

    let second = import_new(&world, &key, &[2; 32]).unwrap();
    assert_eq!(states(&world, &key), [("CURRENT", "IMPORTED"), ("PENDING_ROTATION", "IMPORTED")]);
    assert_eq!(described(&world.root, &key).current_key_material_id, Some(first));
    // Only one may wait; the same again is no other.
    let error = import_new(&world, &key, &[3; 32]).unwrap_err();
    assert_eq!(error.code(), "KMSInvalidStateException");
    assert!(error.message().contains(&format!(
        "cannot be imported into KMS key {}, because another key material (id: {second}) is pending rotation.",
        key.arn
    )));
    assert_eq!(import_new(&world, &key, &[2; 32]).unwrap(), second);
    assert_code(import_new(&world, &key, &[1; 32]), "IncorrectKeyMaterialException");

    world.root.rotate_key_on_demand(&key.id).send().unwrap();
    assert_eq!(states(&world, &key), [("NON_CURRENT", "IMPORTED"), ("CURRENT", "IMPORTED")]);
    assert_eq!(described(&world.root, &key).current_key_material_id.unwrap().to_string(), second);
    let rotated = world.records("RotateKey");
    let details = rotated[0].service_event_details.as_ref().unwrap();
    assert_eq!((details.text("rotationType"), details.text("keyOrigin")), (Some("ON_DEMAND"), Some("EXTERNAL")));
    assert_eq!(details.text("currentKeyMaterialId"), Some(&*second));
    let new = sealed(&world.root, &key);
    assert!(opens(&world.root, &old) && opens(&world.root, &new));
    let listed = world.root.list_key_rotations(&key.id).send().unwrap().into_inner().rotations;
    assert_eq!(listed.len(), 1, "without ALL_KEY_MATERIAL only rotations are listed");
}

/// Spec: API-096, IMP-46, IMP-48, STA-101
#[test]
fn a_key_needs_all_of_its_materials() {
    let world = World::new();
    let key = world.imported_key(&[1; 32]);
    let old = sealed(&world.root, &key);
    let first = described(&world.root, &key).current_key_material_id.unwrap().to_string();
    import_new(&world, &key, &[2; 32]).unwrap();
    world.root.rotate_key_on_demand(&key.id).send().unwrap();

    world.root.delete_imported_key_material(&key.id).key_material_id(first.as_str()).send().unwrap();
    assert_eq!(state(&world.root, &key), "PendingImport");
    assert_eq!(states(&world, &key), [("NON_CURRENT", "PENDING_IMPORT"), ("CURRENT", "IMPORTED")]);
    world.root.delete_imported_key_material(&key.id).send().unwrap();
    let set = Set::of(&world.root, &key, OAEP, "RSA_2048");
    // The named material and the wrapped one must be the same.
    let wrapped = set.wrap(&[2; 32]);
    let call = world.root.import_key_material(&key.id, set.token(), &wrapped).expiration_model(FOREVER);
    assert_code(call.key_material_id(first.as_str()).send(), "IncorrectKeyMaterialException");
    set.send(&world.root, &key, &wrapped).unwrap();
    assert_eq!(state(&world.root, &key), "PendingImport", "one is still missing");
    set.import(&world.root, &key, &[1; 32]).unwrap();
    assert_eq!(state(&world.root, &key), "Enabled");
    assert!(opens(&world.root, &old));
}

/// Spec: IMP-45
#[test]
fn pending_material_can_be_replaced() {
    let world = World::new();
    let key = world.imported_key(&[1; 32]);
    let second = import_new(&world, &key, &[2; 32]).unwrap();
    let deleted = world.root.delete_imported_key_material(&key.id).key_material_id(second.as_str()).send().unwrap();
    assert_eq!(deleted.key_material_id.unwrap().to_string(), second);
    assert_eq!(state(&world.root, &key), "Enabled");
    assert_eq!(materials(&world, &key).len(), 1);
    import_new(&world, &key, &[3; 32]).unwrap();
    world.root.rotate_key_on_demand(&key.id).send().unwrap();
    let ciphertext = sealed(&world.root, &key);
    assert!(opens(&world.root, &ciphertext));
    assert_code(import_new(&world, &key, &[3; 32]), "IncorrectKeyMaterialException");
}

/// Spec: IMP-41, IMP-49
#[test]
fn each_material_has_its_own_end_and_description() {
    use keystead::Clock;
    let world = World::new();
    let key = world.imported_key(&[1; 32]);
    let set = Set::of(&world.root, &key, OAEP, "RSA_2048");
    let call = |material: &[u8]| world.root.import_key_material(key.id.clone(), set.token(), set.wrap(material));
    let soon = world.clock.now().plus_days(3);
    let new = call(&[2; 32]).import_type("NEW_KEY_MATERIAL").key_material_description("second one").valid_to(soon);
    new.send().unwrap();
    assert_eq!(described(&world.root, &key).valid_to, None, "what is pending does not limit the key");
    world.root.rotate_key_on_demand(&key.id).send().unwrap();
    assert_eq!(described(&world.root, &key).valid_to, Some(soon));
    let entry = &materials(&world, &key)[1];
    assert_eq!(entry.key_material_description.as_deref(), Some("second one"));
    assert_eq!((entry.valid_to, entry.expiration_model.unwrap().as_str()), (Some(soon), "KEY_MATERIAL_EXPIRES"));

    world.clock.set(soon);
    assert_eq!(state(&world.root, &key), "PendingImport");
    assert_eq!(states(&world, &key), [("NON_CURRENT", "IMPORTED"), ("CURRENT", "PENDING_IMPORT")]);
    let set = Set::of(&world.root, &key, OAEP, "RSA_2048");
    set.import(&world.root, &key, &[2; 32]).unwrap();
    let entry = &materials(&world, &key)[1];
    assert_eq!(entry.key_material_description.as_deref(), Some("second one"), "kept");
    assert_eq!(entry.key_material_state, Some(KeyMaterialState::Current));
    assert_eq!(state(&world.root, &key), "Enabled");
}
