//! What policies see of a document, and what they can do with it.

use keystead::{Client, RecipientInfo};
use serde_json::{Value, json};

use crate::support::statements::{ALICE, alice, is_allowed};
use crate::support::{World, delegation, policy};
use crate::{Answering, Asking, DENIED, ENCLAVE, OPERATIONS, Scene, X, recipient, signed};

/// The condition key, how it is asked for, and the value that [`full_document`] gives it.
fn values() -> Vec<(String, String)> {
    let named = |name: &str, values: std::ops::RangeInclusive<u8>| {
        let pair = |index: u8| (format!("kms:RecipientAttestation:{name}{index}"), hex::encode([index ^ 0xa0; 48]));
        values.map(pair).collect::<Vec<_>>()
    };
    let image = ("kms:RecipientAttestation:ImageSha384".to_owned(), hex::encode([0xa0; 48]));
    [vec![image], named("PCR", 0..=31), named("NitroTPMPCR", 0..=23)].concat()
}

/// A document with every register there is.
fn full_document() -> RecipientInfo<'static> {
    let draft = (0..=23).fold(ENCLAVE.draft(), |draft, index| draft.nitro_tpm_pcr(index, [index ^ 0xa0; 48]));
    signed(&(0..=31).fold(draft, |draft, index| draft.pcr(index, [index ^ 0xa0; 48])))
}

/// Spec: CND-62, CND-63, CND-68, CND-124, ENV-81, ENV-84, ENV-85, API-126
#[test]
fn every_register_is_a_condition_key_of_every_operation() {
    let scene = Scene::new();
    for (key, value) in values() {
        let holder = user(&scene, "Allow", &key, &value);
        let other = user(&scene, "Allow", &key, "00");
        let upper = user(&scene, "Allow", &key, &value.to_uppercase());
        for operation in &OPERATIONS {
            let judged = |client: &Client, recipient| permits(operation, client, &scene, recipient);
            assert!(judged(&holder, Some(full_document())), "{key} of {}", operation.name);
            assert!(!judged(&holder, None), "{key} of {}", operation.name);
            assert!(!judged(&other, Some(full_document())), "{key} of {}", operation.name);
            assert!(!judged(&upper, Some(full_document())), "{key} of {}", operation.name);
        }
    }
}

/// Spec: CND-62, CND-63, CND-68, CND-124, ENV-84, ENV-85
#[test]
fn key_policies_see_them_too_but_not_for_random_bytes() {
    for (key, value) in values().into_iter().step_by(9) {
        let scene = Scene::new();
        let alice = scene.world.client(alice(&[]));
        for own in [&scene.key.id, &scene.agreeing.id] {
            let statement = json!({ "Effect": "Allow", "Principal": { "AWS": ALICE }, "Action": ["kms:*", "kms:GenerateRandom"], "Resource": "*",
                                    "Condition": { "StringEquals": { key.as_str(): value } } });
            scene.world.root.put_key_policy(own, policy(&[delegation(), statement])).send().unwrap();
        }
        for operation in &OPERATIONS {
            let is_of_keys = operation.name != "GenerateRandom";
            assert_eq!(permits(operation, &alice, &scene, Some(full_document())), is_of_keys, "{}", operation.name);
            assert!(!permits(operation, &alice, &scene, None), "{}", operation.name);
        }
    }
}

/// Spec: CND-66, ENV-82, ENV-83
#[test]
fn an_image_is_named_in_any_case_and_with_or_without_a_prefix() {
    let scene = Scene::new();
    let image = hex::encode(X);
    for named in [image.clone(), image.to_uppercase(), format!("0x{image}"), format!("0x{}", image.to_uppercase())] {
        for key in ["kms:RecipientAttestation:ImageSha384", "kms:recipientattestation:PCR0"] {
            let gated = |operator: &str| {
                let condition = json!({ operator: { key: named } });
                client_with(
                    &scene,
                    &[json!({ "Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*",
                                              "Condition": condition })],
                )
            };
            let allowed = |client: &Client| permits(&OPERATIONS[0], client, &scene, Some(recipient()));
            assert!(allowed(&gated("StringEqualsIgnoreCase")), "{named}");
            assert_eq!(allowed(&gated("StringEquals")), !named.contains('A'), "{named}");
        }
    }
    // In other keys `0x` is nothing special.
    let odd = client_with(
        &scene,
        &[json!({ "Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*",
                                            "Condition": { "StringEquals": { "aws:username": "0xalice" } } })],
    );
    assert!(!permits(&OPERATIONS[0], &odd, &scene, Some(recipient())));
}

/// Spec: CND-63, ENV-84
#[test]
fn a_gate_opens_for_the_measured_image_only() {
    let scene = Scene::new();
    let gated = |key: &str| {
        client_with(
            &scene,
            &[json!({ "Effect": "Allow", "Action": "kms:*", "Resource": "*",
                                      "Condition": { "StringEqualsIgnoreCase": { key: hex::encode(X).to_uppercase() } } })],
        )
    };
    let by_image = gated("kms:RecipientAttestation:PCR0");
    let by_signer = gated("kms:RecipientAttestation:PCR8");
    let other = || signed(&ENCLAVE.draft().pcr(0, [0xcd; 48]));
    for operation in &OPERATIONS {
        assert!(permits(operation, &by_image, &scene, Some(recipient())), "{}", operation.name);
        assert!(!permits(operation, &by_image, &scene, Some(other())), "{}", operation.name);
        assert!(!permits(operation, &by_image, &scene, None), "{}", operation.name);
        // The document says nothing about register 8.
        assert!(!permits(operation, &by_signer, &scene, Some(recipient())), "{}", operation.name);
        let with_signer = signed(&ENCLAVE.draft().pcr(8, X));
        assert!(permits(operation, &by_signer, &scene, Some(with_signer)), "{}", operation.name);
    }
}

/// Spec: ENV-84
#[test]
fn absent_registers_behave_as_absent_keys_do() {
    let scene = Scene::new();
    let asking = |condition: Value| {
        let statement = json!({ "Effect": "Allow", "Action": "kms:*", "Resource": "*", "Condition": condition });
        client_with(&scene, &[statement])
    };
    let null = asking(json!({ "Null": { "kms:RecipientAttestation:PCR8": "true" } }));
    let if_exists = asking(json!({ "StringEqualsIfExists": { "kms:RecipientAttestation:PCR0": hex::encode(X) } }));
    let other = || signed(&ENCLAVE.draft().pcr(0, [0xcd; 48]).pcr(8, X));
    for operation in &OPERATIONS {
        for (client, for_own, for_other) in [(&null, true, false), (&if_exists, true, false)] {
            assert!(permits(operation, client, &scene, None), "{}", operation.name);
            assert_eq!(permits(operation, client, &scene, Some(recipient())), for_own, "{}", operation.name);
            assert_eq!(permits(operation, client, &scene, Some(other())), for_other, "{}", operation.name);
        }
    }
}

/// Spec: CND-67, ENV-69, ENV-84
#[test]
fn attestation_is_no_gate_by_itself() {
    let scene = Scene::new();
    let condition = json!({ "StringEqualsIgnoreCase": { "kms:RecipientAttestation:ImageSha384": hex::encode(X) } });
    let allow_attested = json!({ "Effect": "Allow", "Action": "kms:*", "Resource": "*", "Condition": condition });
    let allow = json!({ "Effect": "Allow", "Action": "kms:*", "Resource": "*" });
    let condition = json!({ "StringNotEqualsIgnoreCase": { "kms:RecipientAttestation:ImageSha384": hex::encode(X) } });
    let deny_others = json!({ "Effect": "Deny", "Action": "kms:*", "Resource": "*", "Condition": condition });
    let open = client_with(&scene, &[allow_attested, allow.clone()]);
    let closed = client_with(&scene, &[allow, deny_others]);
    let nobody = client_with(&scene, &[]);
    for operation in &OPERATIONS {
        assert!(permits(operation, &open, &scene, None), "{}", operation.name);
        assert!(!permits(operation, &closed, &scene, None), "{}", operation.name);
        assert!(permits(operation, &closed, &scene, Some(recipient())), "{}", operation.name);
        assert!(!permits(operation, &nobody, &scene, Some(recipient())), "{}", operation.name);
    }
}

/// Spec: CND-64
#[test]
fn a_document_that_does_not_verify_has_no_values() {
    let scene = Scene::new();
    let forged = {
        let mut document = full_document().attestation_document.unwrap().as_ref().to_vec();
        *document.last_mut().unwrap() ^= 1;
        RecipientInfo::new(document)
    };
    for (key, value) in values().into_iter().step_by(11) {
        let holder = user(&scene, "Allow", &key, &value);
        for operation in &OPERATIONS {
            let asking = Asking::to(forged.clone());
            let refused = crate::support::refusal((operation.send)(&holder, &scene, &asking));
            // Not an answer of any policy.
            assert_eq!(refused.code(), crate::VALIDATION, "{}", operation.name);
        }
    }
}

/// Spec: CND-64, ENV-84
#[test]
fn a_host_cannot_state_what_a_document_would() {
    let caller = keystead::Caller::user(crate::support::ACCOUNT, "alice").unwrap();
    let stated = caller.condition("kms:RecipientAttestation:PCR0", keystead::ConditionValue::Text(hex::encode(X)));
    assert!(stated.is_err());
}

/// Spec: ENV-84, ENV-69
#[test]
fn explanations_show_the_registers() {
    let scene = Scene::new();
    let client = client_with(
        &scene,
        &[json!({ "Effect": "Allow", "Action": "kms:*", "Resource": "*",
        "Condition": { "StringEquals": { "kms:RecipientAttestation:PCR0": hex::encode(X) } } })],
    );
    for operation in &OPERATIONS {
        assert!((operation.explain)(&client, &scene, &Asking::to(recipient())).unwrap().is_allowed());
        assert!(!(operation.explain)(&client, &scene, &Asking::nothing()).unwrap().is_allowed());
    }
}

/// Chapter 22, scenario 19, by key policy only.
///
/// Spec: CND-65, CND-66, CND-67
#[test]
fn a_key_policy_binds_the_plaintext_to_the_image() {
    let gate = json!({ "Effect": "Allow", "Principal": { "AWS": ALICE }, "Action": "kms:Decrypt", "Resource": "*",
        "Condition": { "StringEqualsIgnoreCase": { "kms:RecipientAttestation:PCR1": format!("0x{}", "AB".repeat(48)) } } });
    let scene = Scene::new();
    scene.world.root.put_key_policy(&scene.key.id, policy(&[delegation(), gate])).send().unwrap();
    let alice = scene.world.client(alice(&[]));
    let send = |recipient: Option<RecipientInfo<'static>>| {
        (OPERATIONS[0].send)(&alice, &scene, &Asking { recipient, ..Asking::nothing() })
    };
    let given = send(Some(signed(&ENCLAVE.draft().pcr(1, [0xab; 48])))).unwrap();
    assert_eq!(given.opened(&ENCLAVE).expose(), crate::PLAINTEXT);
    crate::support::assert_code(send(None), DENIED);
}

fn permits(operation: &Answering, client: &Client, scene: &Scene, recipient: Option<RecipientInfo<'static>>) -> bool {
    is_allowed((operation.send)(client, scene, &Asking { recipient, ..Asking::nothing() }))
}

fn user(scene: &Scene, effect: &str, key: &str, value: &str) -> Client {
    let condition = json!({ "StringEquals": { key: value } });
    client_with(scene, &[json!({ "Effect": effect, "Action": "kms:*", "Resource": "*", "Condition": condition })])
}

fn client_with(scene: &Scene, statements: &[Value]) -> Client {
    let world: &World = &scene.world;
    world.client(alice(statements))
}
