//! Where in the order of checks the document stands.

use std::time::Duration;

use keystead::RecipientInfo;

use crate::support::{ABSENT, assert_code, refusal};
use crate::{Asking, DENIED, Enclave, OPERATIONS, Scene, VALIDATION, recipient, signed, start};

fn forged() -> RecipientInfo<'static> {
    RecipientInfo::new(vec![0; 100])
}

/// Spec: RUL-57, ENV-68
#[test]
fn tokens_come_first_then_the_document_then_permission() {
    let scene = Scene::new();
    let powerless = scene.world.user(&[]);
    for operation in &OPERATIONS {
        let asking = |recipient, token| Asking { token, ..Asking::to(recipient) };
        let send = |asking: &Asking| (operation.send)(&powerless, &scene, asking);
        if operation.has_dry_run {
            assert_code(send(&asking(forged(), Some("no token"))), "InvalidGrantTokenException");
        }
        assert_code(send(&asking(forged(), None)), VALIDATION);
        assert_code(send(&asking(recipient(), None)), DENIED);
    }
}

/// Spec: RUL-57
#[test]
fn an_unknown_key_comes_before_the_document() {
    let scene = Scene::new();
    let call = scene.world.root.generate_data_key(ABSENT).key_spec("AES_256").recipient(forged());
    assert_code(call.send(), "NotFoundException");
    let call = scene.world.root.derive_shared_secret(ABSENT, &scene.peer).recipient(forged());
    assert_code(call.send(), "NotFoundException");
}

/// Spec: RUL-57, ENV-68
#[test]
fn the_document_comes_before_state_usage_and_content() {
    let scene = Scene::new();
    let root = &scene.world.root;
    let malformed = || "attestation document is malformed";
    let mut damaged = scene.blob.clone();
    *damaged.last_mut().unwrap() ^= 1;
    root.disable_key(&scene.key.id).send().unwrap();
    for operation in
        OPERATIONS.iter().filter(|operation| !["GenerateRandom", "DeriveSharedSecret"].contains(&operation.name))
    {
        let refused = refusal((operation.send)(root, &scene, &Asking::to(forged())));
        assert!(refused.message().starts_with(malformed()), "{refused}");
        assert_code((operation.send)(root, &scene, &Asking::to(recipient())), "DisabledException");
    }
    root.enable_key(&scene.key.id).send().unwrap();
    let refused = refusal(root.decrypt(&damaged).recipient(forged()).send());
    assert!(refused.message().starts_with(malformed()), "{refused}");
    assert_code(root.decrypt(&damaged).recipient(recipient()).send(), "InvalidCiphertextException");
    let wrong_usage = |recipient| root.derive_shared_secret(&scene.key.id, &scene.peer).recipient(recipient).send();
    assert!(refusal(wrong_usage(forged())).message().starts_with(malformed()));
    assert_code(wrong_usage(recipient()), "InvalidKeyUsageException");
}

/// A call that settles an overdue rotation begins anew, and ends with one answer to the recipient.
///
/// Spec: ENV-64
#[test]
fn a_key_that_is_due_for_rotation_answers_the_recipient() {
    let later = start().plus(Duration::from_secs(91 * 86_400));
    let enclave = Enclave::new(later);
    let scene = Scene::trusting(enclave.anchors());
    scene.world.root.enable_key_rotation(&scene.key.id).rotation_period_in_days(90).send().unwrap();
    scene.world.clock.advance_days(91);
    let document = enclave.authority.document(later).public_key(enclave.key.public().spki());
    let call = scene.world.root.generate_data_key(&scene.key.id).key_spec("AES_256").recipient(signed(&document));
    let made = call.send().unwrap().into_inner();
    assert_eq!(scene.world.records("RotateKey").len(), 1);
    let opened = scene.world.root.decrypt(&made.ciphertext_blob).send().unwrap();
    assert_eq!(enclave.open(&made.ciphertext_for_recipient.unwrap()).expose(), opened.expose());
}
