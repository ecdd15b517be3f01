//! The walk-through of imports, line by line.

use std::time::Duration;

use keystead::Clock;

use crate::support::{World, assert_code, assert_refused};
use crate::{EXPIRES, FOREVER, OAEP, Set, described};

/// Spec: WLK-42, API-095
#[test]
fn material_comes_expires_and_comes_back() {
    let world = World::new();
    let root = &world.root;
    let key = world.empty_key();
    let created = described(root, &key);
    assert_eq!(
        (created.origin.as_str(), created.enabled, created.key_state.as_str()),
        ("EXTERNAL", false, "PendingImport")
    );
    assert_eq!((created.expiration_model, created.valid_to), (None, None));

    let old = Set::of(root, &key, OAEP, "RSA_3072");
    let now = world.clock.now();
    assert_eq!(old.response.parameters_valid_to, now.plus_days(1));
    let wrapped = old.wrap(&[7; 32]);
    let call = root.import_key_material(&key.id, old.token(), &wrapped).expiration_model(EXPIRES);
    assert_eq!(call.valid_to(now.plus_days(10)).send().unwrap().key_id.to_string(), key.arn);
    let imported = described(root, &key);
    assert_eq!((imported.key_state.as_str(), imported.valid_to), ("Enabled", Some(now.plus_days(10))));
    assert_eq!(imported.expiration_model.unwrap().as_str(), EXPIRES);

    world.clock.advance_days(10);
    let expired = described(root, &key);
    assert_eq!((expired.key_state.as_str(), expired.enabled), ("PendingImport", false));

    let set = Set::of(root, &key, OAEP, "RSA_2048");
    assert_code(old.send(root, &key, &wrapped), "ExpiredImportTokenException");
    set.import(root, &key, &[7; 32]).unwrap();
    let again = described(root, &key);
    assert_eq!((again.expiration_model.unwrap().as_str(), again.valid_to), (FOREVER, None));
    root.delete_imported_key_material(&key.id).send().unwrap();
    assert_eq!(described(root, &key).key_state.as_str(), "PendingImport");

    let wrapped = set.wrap(&[7; 32]);
    let call = || root.import_key_material(&key.id, set.token(), &wrapped).expiration_model(EXPIRES);
    let message = "A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES";
    assert_refused(call().send(), "ValidationException", message);
    assert_code(call().valid_to(world.clock.now().plus_days(366)).send(), "ValidationException");
    world.clock.advance(Duration::from_secs(25 * 3600));
    assert_code(set.send(root, &key, &wrapped), "ExpiredImportTokenException");
    let ours = world.key();
    let message = format!("{} origin is AWS_KMS which is not valid for this operation.", ours.arn);
    assert_refused(
        root.get_parameters_for_import(&ours.id, OAEP, "RSA_2048").send(),
        "UnsupportedOperationException",
        &message,
    );
}
