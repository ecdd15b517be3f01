//! What recipients get, and what callers get no longer.

use keystead::Caller;
use keystead::crypto::{DefaultProvider, KeyPairAlgorithm, Provider};

use crate::support::{ACCOUNT, assert_code, assert_same_set};
use crate::{Asking, DENIED, DRY_RUN, ENCLAVE, OPERATIONS, PLAINTEXT, Scene, VALIDATION, recipient, signed};

/// Spec: ENV-64, ENV-65, ENV-96, CND-65, API-089, KEY-97
#[test]
fn only_the_recipient_can_read_the_result() {
    let scene = Scene::new();
    for operation in OPERATIONS {
        let name = operation.name;
        let open = (operation.send)(&scene.world.root, &scene, &Asking::nothing()).unwrap();
        assert!(open.sealed.is_none(), "{name}");
        let clear = open.plaintext.unwrap();

        let given = (operation.send)(&scene.world.root, &scene, &Asking::to(recipient())).unwrap();
        let opened = given.opened(&ENCLAVE);
        match name {
            "Decrypt" | "DeriveSharedSecret" => assert_eq!(opened, clear, "{name}"),
            _ => {
                assert_ne!(opened, clear, "{name}");
                // Private keys of one spec are equally long.
                assert_eq!(opened.len(), clear.len(), "{name}");
            }
        }
        match name {
            "Decrypt" | "GenerateDataKey" => assert!(open.has_material_id && !given.has_material_id, "{name}"),
            "GenerateDataKeyPair" => assert!(open.has_material_id, "{name}"),
            _ => assert!(!given.has_material_id, "{name}"),
        }

        let again = (operation.send)(&scene.world.root, &scene, &Asking::to(recipient())).unwrap();
        assert_ne!(again.sealed, given.sealed, "{name}");
    }
}

/// Spec: ENV-64, ENV-65
#[test]
fn what_the_recipient_got_is_what_the_blob_holds() {
    let scene = Scene::new();
    let client = &scene.world.root;
    let made = client.generate_data_key(&scene.key.id).number_of_bytes(1024).context("a", "b").recipient(recipient());
    let made = made.send().unwrap().into_inner();
    let opened = client.decrypt(&made.ciphertext_blob).context("a", "b").send().unwrap();
    assert_eq!(opened.expose(), ENCLAVE.open(&made.ciphertext_for_recipient.unwrap()).expose());
    assert!(made.plaintext.is_none());

    let made = client.generate_data_key_pair(&scene.key.id).key_pair_spec("RSA_4096").recipient(recipient());
    let made = made.send().unwrap().into_inner();
    let pkcs8 = ENCLAVE.open(&made.ciphertext_for_recipient.unwrap());
    let opened = client.decrypt(&made.private_key_ciphertext_blob).send().unwrap();
    assert_eq!(opened.expose(), pkcs8.expose());
    let read = DefaultProvider.private_key(KeyPairAlgorithm::Rsa4096, pkcs8.expose()).unwrap();
    assert_eq!(read.public().spki(), made.public_key);
    assert!(made.private_key_plaintext.is_none());
}

/// Spec: ENV-64, ENV-93
#[test]
fn asymmetric_and_chinese_keys_answer_recipients_alike() {
    let scene = Scene::new();
    let china = scene.world.kms.client("cn-north-1", Caller::account_root(ACCOUNT).unwrap()).unwrap();
    for (client, spec, algorithm) in [
        (&scene.world.root, "RSA_2048", "RSAES_OAEP_SHA_256"),
        (&china, "SM2", "SM2PKE"),
        (&china, "SYMMETRIC_DEFAULT", "SYMMETRIC_DEFAULT"),
    ] {
        let key = client.create_key().key_spec(spec).key_usage("ENCRYPT_DECRYPT").send().unwrap().key_metadata.arn;
        let sealed = client.encrypt(key, PLAINTEXT).encryption_algorithm(algorithm).send().unwrap();
        let call = client.decrypt(&sealed.ciphertext_blob).key_id(key.to_string()).encryption_algorithm(algorithm);
        let answer = call.recipient(recipient()).send().unwrap().into_inner();
        assert!(answer.plaintext.is_none() && answer.key_material_id.is_none(), "{spec}");
        assert_eq!(ENCLAVE.open(&answer.ciphertext_for_recipient.unwrap()).expose(), PLAINTEXT, "{spec}");
    }
}

/// The greatest plaintext there is.
///
/// Spec: ENV-64, ENV-92
#[test]
fn the_longest_results_fit() {
    let scene = Scene::new();
    let longest = vec![7; 4096];
    let sealed = scene.world.root.encrypt(&scene.key.id, &longest).send().unwrap().into_inner().ciphertext_blob;
    let answer = scene.world.root.decrypt(sealed).recipient(recipient()).send().unwrap().into_inner();
    assert_eq!(ENCLAVE.open(&answer.ciphertext_for_recipient.unwrap()).expose(), longest);
    let answer = scene.world.root.generate_random(1024).recipient(recipient()).send().unwrap().into_inner();
    assert_eq!(ENCLAVE.open(&answer.ciphertext_for_recipient.unwrap()).len(), 1024);
}

/// Spec: ENV-71, API-089
#[test]
fn a_dry_run_judges_the_document_and_releases_nothing() {
    let scene = Scene::new();
    let wrong = signed(&ENCLAVE.draft().pcr(0, [0; 32]).pcr(1, [0; 48]));
    for operation in OPERATIONS.iter().filter(|operation| operation.has_dry_run) {
        let dry = (operation.send)(&scene.world.root, &scene, &Asking::dry(recipient()));
        assert_code(dry, DRY_RUN);
        let dry = (operation.send)(&scene.world.root, &scene, &Asking::dry(wrong.clone()));
        assert_code(dry, VALIDATION);
        let powerless = scene.world.user(&[]);
        assert_code((operation.send)(&powerless, &scene, &Asking::dry(recipient())), DENIED);
    }
}

/// Spec: ENV-67
#[test]
fn five_operations_have_a_recipient() {
    let named = keystead::catalogue::operations()
        .iter()
        .filter(|row| row.members().any(|member| member == "Recipient"))
        .map(|row| row.name());
    assert_same_set(named, OPERATIONS.iter().map(|operation| operation.name));
}
