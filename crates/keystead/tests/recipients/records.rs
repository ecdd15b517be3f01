//! What the audit trail says about recipients.

use base64::Engine as _;
use keystead::crypto::entropy::SystemEntropy;
use keystead::{Client, RecipientInfo};
use serde_json::{Value, json};

use crate::support::{assert_code, assert_same_set};
use crate::{Asking, DENIED, DRY_RUN, ENCLAVE, OPERATIONS, Scene, recipient, signed};

/// Spec: AUD-24, ENV-87
#[test]
fn records_show_the_registers_of_the_table() {
    let scene = Scene::new();
    let measured = (1..=8).fold(ENCLAVE.draft().module_id("i-1-enc2"), |draft, index| draft.pcr(index, [index; 48]));
    for operation in &OPERATIONS {
        (operation.send)(&scene.world.root, &scene, &Asking::to(signed(&measured))).unwrap();
        let expected = json!({
            "attestationDocumentModuleId": "i-1-enc2",
            "attestationDocumentEnclaveImageDigest": hex::encode(crate::X),
            "attestationDocumentEnclavePCR1": hex::encode([1; 48]),
            "attestationDocumentEnclavePCR2": hex::encode([2; 48]),
            "attestationDocumentEnclavePCR3": hex::encode([3; 48]),
            "attestationDocumentEnclavePCR4": hex::encode([4; 48]),
            "attestationDocumentEnclavePCR8": hex::encode([8; 48]),
        });
        let record = scene.world.last_record();
        assert_eq!(record["eventName"], operation.name);
        assert_eq!(record["additionalEventData"]["recipient"], expected, "{}", operation.name);

        (operation.send)(&scene.world.root, &scene, &Asking::nothing()).unwrap();
        let record = scene.world.last_record();
        assert!(record["additionalEventData"].get("recipient").is_none(), "{}", operation.name);
    }
}

/// Spec: AUD-24, ENV-87
#[test]
fn registers_that_the_document_lacks_are_left_out() {
    let scene = Scene::new();
    let instance = ENCLAVE.draft().nitro_tpm_pcr(4, [4; 48]);
    for (document, expected) in [
        (signed(&ENCLAVE.draft()), vec!["attestationDocumentModuleId", "attestationDocumentEnclaveImageDigest"]),
        (signed(&instance), vec!["attestationDocumentModuleId"]),
    ] {
        for operation in &OPERATIONS {
            (operation.send)(&scene.world.root, &scene, &Asking::to(document.clone())).unwrap();
            let record = scene.world.last_record();
            let shown = record["additionalEventData"]["recipient"].as_object().unwrap();
            assert_same_set(shown.keys().map(String::as_str), expected.iter().copied());
        }
    }
}

/// Spec: ENV-87
#[test]
fn random_bytes_are_recorded_without_parameters() {
    let scene = Scene::new();
    scene.world.root.generate_random(32).recipient(recipient()).send().unwrap();
    let record = scene.world.last_record();
    assert_eq!((&record["requestParameters"], &record["resources"]), (&Value::Null, &json!([])));
}

/// Spec: AUD-24, ENV-71, ENV-87
#[test]
fn refusals_after_a_valid_document_show_it() {
    let scene = Scene::new();
    let shown = |client: &Client, dry_run: bool, code: &str| {
        for operation in OPERATIONS.iter().filter(|operation| operation.has_dry_run) {
            let asking = Asking { dry_run, ..Asking::to(recipient()) };
            assert_code((operation.send)(client, &scene, &asking), code);
            let record = scene.world.last_record();
            let module = &record["additionalEventData"]["recipient"]["attestationDocumentModuleId"];
            assert!(module.is_string(), "{} {code}: {record}", operation.name);
        }
    };
    shown(&scene.world.root, true, DRY_RUN);
    shown(&scene.world.user(&[]), false, DENIED);
}

/// Spec: AUD-24, ENV-88
#[test]
fn no_record_holds_the_document_the_key_or_the_result() {
    let scene = Scene::new();
    let document =
        ENCLAVE.draft().user_data(*b"remarkable user data").nonce(*b"remarkable nonce").sign(&SystemEntropy).unwrap();
    let mut hidden = vec![
        b"remarkable user data".to_vec(),
        b"remarkable nonce".to_vec(),
        ENCLAVE.key.public().spki().to_vec(),
        document.clone(),
    ];
    for operation in &OPERATIONS {
        let to = || RecipientInfo::new(document.clone());
        let given = (operation.send)(&scene.world.root, &scene, &Asking::to(to())).unwrap();
        hidden.push(given.opened(&ENCLAVE).expose().to_vec());
        hidden.push(given.sealed.unwrap());
        (operation.send)(&scene.world.user(&[]), &scene, &Asking::to(to())).unwrap_err();
        let mut forged = document.clone();
        *forged.last_mut().unwrap() ^= 1;
        (operation.send)(&scene.world.root, &scene, &Asking::to(RecipientInfo::new(forged))).unwrap_err();
    }
    let trail: String = scene.world.kms.audit_trail().iter().map(|record| record.to_json()).collect();
    let base64 = base64::engine::general_purpose::STANDARD_NO_PAD;
    for secret in hidden {
        // The beginning would betray a truncated form, too.
        let begin = &secret[..secret.len().min(48)];
        for form in [String::from_utf8_lossy(begin).into_owned(), hex::encode(begin), base64.encode(begin)] {
            assert!(!trail.contains(&form), "{form}");
        }
    }
    assert!(trail.contains("attestationDocumentModuleId"));
}
