//! DeleteImportedKeyMaterial.

use crate::support::{World, assert_code, assert_refused};
use crate::{HYBRID, Set, described, empty_key, import, material_of, opens, sealed, state};

/// Spec: API-096, AUD-48, IMP-46, IMP-47, IMP-48, IMP-12, IMP-06, OVR-05
#[test]
fn deleted_material_can_be_imported_again() {
    let world = World::new();
    let key = world.imported_key(&[7; 32]);
    let before = described(&world.root, &key);
    let ciphertext = sealed(&world.root, &key);
    let deleted = world.root.delete_imported_key_material(&key.id).send().unwrap();
    assert_eq!(
        (deleted.key_id.to_string(), deleted.key_material_id),
        (key.arn.clone(), before.current_key_material_id)
    );
    let pending = format!("{} is pending import.", key.arn);
    assert_refused(world.root.decrypt(&ciphertext).send(), "KMSInvalidStateException", &pending);
    let metadata = described(&world.root, &key);
    assert_eq!((metadata.key_state.as_str(), metadata.expiration_model), ("PendingImport", None));
    assert_eq!(metadata.current_key_material_id, before.current_key_material_id, "it stays visible");
    world.root.delete_imported_key_material(&key.id).send().unwrap();
    assert!(world.events.events().is_empty(), "only expiry makes events");
    import(&world.root, &key, &[7; 32]).unwrap();
    assert!(opens(&world.root, &ciphertext));
    assert_eq!(described(&world.root, &key), before);
}

/// Spec: IMP-47
#[test]
fn deleting_nothing_succeeds() {
    let world = World::new();
    let key = world.empty_key();
    assert_eq!(world.root.delete_imported_key_material(&key.id).send().unwrap().key_material_id, None);
    assert_eq!(state(&world.root, &key), "PendingImport");
    let unknown = world.root.delete_imported_key_material(&key.id).key_material_id("0".repeat(64));
    assert_code(unknown.send(), "NotFoundException");
}

/// Spec: RUL-04, RUL-31, IMP-06, IMP-57
#[test]
fn states_follow_the_material() {
    let world = World::new();
    let key = world.imported_key(&[7; 32]);
    world.root.disable_key(&key.id).send().unwrap();
    import(&world.root, &key, &[7; 32]).unwrap();
    assert_eq!(state(&world.root, &key), "Disabled");
    world.root.delete_imported_key_material(&key.id).send().unwrap();
    assert_eq!(state(&world.root, &key), "PendingImport");
    assert_code(world.root.enable_key(&key.id).send(), "KMSInvalidStateException");
    import(&world.root, &key, &[7; 32]).unwrap();
    assert_eq!(state(&world.root, &key), "Disabled");
    world.root.enable_key(&key.id).send().unwrap();

    world.root.schedule_key_deletion(&key.id).send().unwrap();
    assert_code(
        world.root.get_parameters_for_import(&key.id, crate::OAEP, "RSA_2048").send(),
        "KMSInvalidStateException",
    );
    world.root.delete_imported_key_material(&key.id).send().unwrap();
    assert_eq!(state(&world.root, &key), "PendingDeletion");
    world.root.cancel_key_deletion(&key.id).send().unwrap();
    assert_eq!(state(&world.root, &key), "PendingImport");
    assert_code(world.root.enable_key(&key.id).send(), "KMSInvalidStateException");
}

/// Spec: IMP-08
#[test]
fn another_key_pair_is_not_the_same_material() {
    let world = World::new();
    let key = empty_key(&world.root, "ECC_NIST_P256", "SIGN_VERIFY");
    let (first, second) =
        (material_of("ECC_NIST_P256".parse().unwrap(), false), material_of("ECC_NIST_P256".parse().unwrap(), false));
    let set = Set::of(&world.root, &key, HYBRID, "RSA_2048");
    set.import(&world.root, &key, first.expose()).unwrap();
    world.root.delete_imported_key_material(&key.id).send().unwrap();
    assert_code(set.import(&world.root, &key, second.expose()), "IncorrectKeyMaterialException");
    assert_eq!(state(&world.root, &key), "PendingImport");
    set.import(&world.root, &key, first.expose()).unwrap();
}
