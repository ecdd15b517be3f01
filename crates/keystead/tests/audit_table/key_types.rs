//! The rows of key pairs, HMAC keys and data key pairs, and what chapter 30, section 13 adds to them.

use base64::Engine as _;
use serde_json::{Value, json};

use crate::rows::none;
use crate::support::{ACCOUNT, Key, World, assert_code, refusal};
use crate::{Row, Setup};

impl Setup {
    /// The key of another type: of this spec and usage, made when it is first asked for.
    fn typed(&self, spec: &'static str, usage: &'static str) -> &Key {
        self.typed.get_or_init(|| {
            let key = typed(&self.world, spec, usage);
            self.world.root.create_alias("alias/typed", &key.id).send().unwrap();
            key
        })
    }

    fn signing(&self) -> &Key {
        self.typed("ECC_NIST_P256", "SIGN_VERIFY")
    }

    fn mac(&self) -> &Key {
        self.typed("HMAC_256", "GENERATE_VERIFY_MAC")
    }

    fn agreeing(&self) -> &Key {
        self.typed("ECC_NIST_P256", "KEY_AGREEMENT")
    }

    fn encapsulating(&self) -> &Key {
        self.typed("ML_KEM_768", "ENCAPSULATE_DECAPSULATE")
    }

    fn rsa(&self) -> &Key {
        self.typed("RSA_2048", "ENCRYPT_DECRYPT")
    }

    fn rsa_blob(&self) -> Vec<u8> {
        let call = self.world.root.encrypt(&self.rsa().id, b"x").encryption_algorithm(OAEP);
        call.send().unwrap().into_inner().ciphertext_blob
    }
}

fn typed(world: &World, spec: &'static str, usage: &'static str) -> Key {
    Key::of(world.root.create_key().key_spec(spec).key_usage(usage).send().unwrap().key_metadata.arn)
}

/// The key of another type, by its ARN, however the caller named it (ASY-90).
fn the_typed_key(setup: &Setup) -> Vec<String> {
    vec![setup.typed.get().unwrap().arn.clone()]
}

pub(super) const ROWS: &[Row] = &[
    Row {
        name: "Sign",
        read_only: true,
        call: |client, setup| {
            setup.signing();
            client.sign("alias/typed", b"m").signing_algorithm("ECDSA_SHA_256").message_type("RAW").send().map(drop)
        },
        parameters: |_| json!({ "keyId": "alias/typed", "messageType": "RAW", "signingAlgorithm": "ECDSA_SHA_256" }),
        response: none,
        resources: the_typed_key,
    },
    Row {
        name: "Verify",
        read_only: true,
        call: |client, setup| {
            let key = setup.signing();
            let digest = [7; 32];
            let signed = setup.world.root.sign(&key.id, &digest).signing_algorithm("ECDSA_SHA_256");
            let signature = signed.message_type("DIGEST").send().unwrap().into_inner().signature;
            let call = client.verify(&key.id, &digest, signature).signing_algorithm("ECDSA_SHA_256");
            call.message_type("DIGEST").send().map(drop)
        },
        parameters: |setup| json!({ "keyId": setup.signing().id, "messageType": "DIGEST", "signingAlgorithm": "ECDSA_SHA_256" }),
        response: none,
        resources: the_typed_key,
    },
    Row {
        name: "GenerateMac",
        read_only: true,
        call: |client, setup| {
            setup.mac();
            client.generate_mac("alias/typed", b"m").mac_algorithm("HMAC_SHA_256").send().map(drop)
        },
        parameters: |_| json!({ "keyId": "alias/typed", "macAlgorithm": "HMAC_SHA_256" }),
        response: none,
        resources: the_typed_key,
    },
    Row {
        name: "VerifyMac",
        read_only: true,
        call: |client, setup| {
            let key = setup.mac();
            let made = setup.world.root.generate_mac(&key.id, b"m").mac_algorithm("HMAC_SHA_256").send().unwrap();
            client.verify_mac(&key.arn, b"m", &made.mac).mac_algorithm("HMAC_SHA_256").send().map(drop)
        },
        parameters: |setup| json!({ "keyId": setup.mac().arn, "macAlgorithm": "HMAC_SHA_256" }),
        response: none,
        resources: the_typed_key,
    },
    Row {
        name: "GetPublicKey",
        read_only: true,
        call: |client, setup| {
            setup.signing();
            client.get_public_key("alias/typed").send().map(drop)
        },
        parameters: |_| json!({ "keyId": "alias/typed" }),
        response: none,
        resources: the_typed_key,
    },
    Row {
        name: "DeriveSharedSecret",
        read_only: true,
        call: |client, setup| {
            let key = setup.agreeing();
            let own = setup.world.root.get_public_key(&key.id).send().unwrap().into_inner().public_key;
            client.derive_shared_secret("alias/typed", own).send().map(drop)
        },
        parameters: |_| json!({ "keyId": "alias/typed", "keyAgreementAlgorithm": "ECDH" }),
        response: none,
        resources: the_typed_key,
    },
    Row {
        name: "Encapsulate",
        read_only: true,
        call: |client, setup| client.encapsulate(&setup.encapsulating().id).send().map(drop),
        parameters: |setup| json!({ "keyId": setup.encapsulating().id, "encapsulationAlgorithm": "ML_KEM" }),
        response: none,
        resources: the_typed_key,
    },
    Row {
        name: "Decapsulate",
        read_only: true,
        call: |client, setup| {
            let made = setup.world.root.encapsulate(&setup.encapsulating().id).send().unwrap().into_inner();
            client.decapsulate("alias/typed", made.shared_secret_ciphertext_blob).send().map(drop)
        },
        parameters: |_| json!({ "keyId": "alias/typed", "encapsulationAlgorithm": "ML_KEM" }),
        response: none,
        resources: the_typed_key,
    },
    Row {
        name: "GenerateDataKeyPair",
        read_only: true,
        call: |client, _| {
            client.generate_data_key_pair("alias/a").key_pair_spec("ECC_NIST_P256").context("a", "b").send().map(drop)
        },
        parameters: |_| json!({ "keyId": "alias/a", "keyPairSpec": "ECC_NIST_P256", "encryptionContext": { "a": "b" } }),
        response: none,
        resources: |setup| vec![setup.key.arn.clone()],
    },
    Row {
        name: "GenerateDataKeyPairWithoutPlaintext",
        read_only: true,
        call: |client, setup| {
            let call = client.generate_data_key_pair_without_plaintext(&setup.key.id).key_pair_spec("ECC_NIST_P384");
            call.send().map(drop)
        },
        parameters: |setup| json!({ "keyId": setup.key.id, "keyPairSpec": "ECC_NIST_P384" }),
        response: none,
        resources: |setup| vec![setup.key.arn.clone()],
    },
    Row {
        name: "Encrypt",
        read_only: true,
        call: |client, setup| {
            setup.rsa();
            client.encrypt("alias/typed", b"x").encryption_algorithm(OAEP).send().map(drop)
        },
        parameters: |_| json!({ "keyId": "alias/typed", "encryptionAlgorithm": OAEP }),
        response: none,
        resources: the_typed_key,
    },
    Row {
        name: "Decrypt",
        read_only: true,
        call: |client, setup| {
            client.decrypt(setup.rsa_blob()).key_id("alias/typed").encryption_algorithm(OAEP).send().map(drop)
        },
        parameters: |_| json!({ "keyId": "alias/typed", "encryptionAlgorithm": OAEP }),
        response: none,
        resources: the_typed_key,
    },
    Row {
        name: "ReEncrypt",
        read_only: true,
        call: |client, setup| {
            let call = client.re_encrypt(setup.rsa_blob(), &setup.other.id).source_key_id("alias/typed");
            call.source_encryption_algorithm(OAEP).send().map(drop)
        },
        parameters: |setup| {
            json!({ "sourceEncryptionAlgorithm": OAEP, "destinationEncryptionAlgorithm": "SYMMETRIC_DEFAULT",
                    "sourceKeyId": "alias/typed", "destinationKeyId": setup.other.id })
        },
        response: none,
        resources: |setup| vec![setup.rsa().arn.clone(), setup.other.arn.clone()],
    },
];

/// Spec: ASY-89
#[test]
fn no_record_holds_message_signature_code_or_key() {
    let world = World::new();
    let client = &world.root;
    let (message, digest) = (b"a remarkable message", [0x5a; 32]);
    let mut hidden = vec![message.to_vec(), digest.to_vec()];
    let signing = typed(&world, "ECC_NIST_P256", "SIGN_VERIFY");
    for (message, kind) in [(&message[..], "RAW"), (&digest, "DIGEST")] {
        let call = client.sign(&signing.id, message).signing_algorithm("ECDSA_SHA_256").message_type(kind);
        let signature = call.send().unwrap().into_inner().signature;
        let verify = |signature: &[u8]| {
            let call = client.verify(&signing.id, message, signature.to_vec()).signing_algorithm("ECDSA_SHA_256");
            call.message_type(kind).send()
        };
        verify(&signature).unwrap();
        let flipped: Vec<u8> = signature.iter().map(|byte| byte ^ 1).collect();
        assert_code(verify(&flipped), "KMSInvalidSignatureException");
        hidden.extend([signature, flipped]);
    }
    hidden.push(client.get_public_key(&signing.id).send().unwrap().into_inner().public_key);

    let mac = typed(&world, "HMAC_256", "GENERATE_VERIFY_MAC");
    let made = client.generate_mac(&mac.id, message).mac_algorithm("HMAC_SHA_256").send().unwrap().into_inner().mac;
    client.verify_mac(&mac.id, message, &made).mac_algorithm("HMAC_SHA_256").send().unwrap();
    client.verify_mac(&mac.id, b"x", &made).mac_algorithm("HMAC_SHA_256").send().unwrap_err();
    hidden.push(made);

    let rsa = typed(&world, "RSA_2048", "ENCRYPT_DECRYPT");
    let sealed = client.encrypt(&rsa.id, message).encryption_algorithm(OAEP).send().unwrap().into_inner();
    client.decrypt(&sealed.ciphertext_blob).key_id(&rsa.id).encryption_algorithm(OAEP).send().unwrap();
    hidden.push(sealed.ciphertext_blob);

    let symmetric = world.key();
    let pair = client.generate_data_key_pair(&symmetric.id).key_pair_spec("ECC_NIST_P256").send().unwrap().into_inner();
    hidden.push(pair.private_key_plaintext.unwrap().expose().to_vec());
    hidden.extend([pair.public_key, pair.private_key_ciphertext_blob]);

    let agreeing = typed(&world, "ECC_NIST_P256", "KEY_AGREEMENT");
    let own = client.get_public_key(&agreeing.id).send().unwrap().into_inner().public_key;
    let secret = client.derive_shared_secret(&agreeing.id, &own).send().unwrap().into_inner().shared_secret.unwrap();
    hidden.extend([own, secret.expose().to_vec()]);

    let kem = typed(&world, "ML_KEM_512", "ENCAPSULATE_DECAPSULATE");
    let made = client.encapsulate(&kem.id).send().unwrap().into_inner();
    client.decapsulate(&kem.id, &made.shared_secret_ciphertext_blob).send().unwrap();
    hidden.extend([made.shared_secret.expose().to_vec(), made.shared_secret_ciphertext_blob]);

    let trail: String = world.kms.audit_trail().iter().map(|record| record.to_json()).collect();
    let base64 = base64::engine::general_purpose::STANDARD_NO_PAD;
    for secret in hidden {
        // The head of every SubjectPublicKeyInfo is the same; the tail is the key's own.
        let tail = &secret[secret.len().saturating_sub(30)..];
        for form in [String::from_utf8_lossy(tail).into_owned(), hex::encode(tail), base64.encode(tail)] {
            assert!(!trail.contains(&form), "{form}");
        }
    }
    assert!(["Sign", "VerifyMac", "GetPublicKey", "Decapsulate"].iter().all(|name| trail.contains(name)));
}

/// What a request leaves out is recorded as the service took it.
///
/// Spec: AUD-22, ASY-90
#[test]
fn failures_after_authorization_name_the_key() {
    let world = World::new();
    let key = typed(&world, "ECC_NIST_P256", "SIGN_VERIFY");
    world.root.create_alias("alias/signing", &key.id).send().unwrap();
    let refused = world.root.sign("alias/signing", b"m").signing_algorithm("ECDSA_SHA_384").send();
    assert_eq!(refusal(refused).code(), "InvalidKeyUsageException");
    let record = world.last_record();
    assert_eq!(record["resources"], json!([{ "ARN": key.arn, "accountId": ACCOUNT, "type": "AWS::KMS::Key" }]));
    assert_eq!(
        (&record["requestParameters"]["keyId"], &record["responseElements"]),
        (&json!("alias/signing"), &Value::Null)
    );
    assert_eq!(record["errorCode"], "InvalidKeyUsageException");
}

const OAEP: &str = "RSAES_OAEP_SHA_256";
