//! No secret appears where it does not belong: not in records, errors, debug texts, traces, or the store.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use common::{ACCOUNT, REGION, everything_in, root_key};
use keystead::crypto::entropy::SeededEntropy;
use keystead::crypto::{CryptoError, Entropy};
use keystead::operations::*;
use keystead::{Blob, CallError, Caller, Client, Kms, MaterialCaching};
use keystead_memory::MemoryStore;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// Spec: AUD-17, API-025, KEY-99, OVR-04
#[test]
fn nothing_that_is_said_of_a_call_holds_its_secrets() {
    let said = Arc::new(Mutex::new(String::new()));
    let kms = Kms::builder().root_key(root_key()).build().unwrap();
    let client = kms.client(REGION, Caller::account_root(ACCOUNT).unwrap()).unwrap();
    let mut secrets = Secrets::default();
    let mut unrecorded = Secrets::default();
    tracing::subscriber::with_default(Listener(Arc::clone(&said)), || {
        let mut talk = Talk { said: &said };
        every_operation(&client, &mut secrets, &mut unrecorded, &mut talk);
        with_grant_tokens(&client, &mut unrecorded);
        talk.note(&kms);
        talk.note(&client);
        talk.note(&Kms::builder().root_key(root_key()));
        for record in kms.audit_trail() {
            talk.note(&record);
            talk.text(&record.to_json());
            unrecorded.assert_absent(record.to_json().as_bytes());
        }
    });
    let said = said.lock().unwrap();
    assert!(said.contains("tracing: ") && said.contains("\"eventName\":\"Decrypt\""), "nobody talked");
    secrets.assert_absent(said.as_bytes());
}

/// Spec: AUD-17
#[test]
fn records_show_what_they_may() {
    // The patterns of the other test would be found if they were there: what is not secret is.
    let kms = Kms::builder().build().unwrap();
    let client = kms.client(REGION, Caller::account_root(ACCOUNT).unwrap()).unwrap();
    let key = client.create_key().description("not secret at all").send().unwrap().key_metadata.key_id;
    client.encrypt(key, b"x").context("open", "context value").send().unwrap();
    let records: String = kms.audit_trail().iter().map(|record| record.to_json()).collect();
    assert!(records.contains("not secret at all") && records.contains("context value"));
}

/// Spec: OVR-04, OVR-12, KEY-04, QUO-48
#[test]
fn the_store_holds_no_key_in_clear() {
    for caching in [MaterialCaching::default(), MaterialCaching::Strict] {
        let store = Arc::new(MemoryStore::new());
        let entropy = Arc::new(Recording { inner: SeededEntropy::new(5), drawn: Mutex::default() });
        let kms = Kms::builder().store(Arc::clone(&store)).entropy(Shared(Arc::clone(&entropy)));
        let kms = kms.root_key(root_key()).material_caching(caching).build().unwrap();
        let client = kms.client(REGION, Caller::account_root(ACCOUNT).unwrap()).unwrap();
        let key = client.create_key().send().unwrap().key_metadata.key_id;
        client.rotate_key_on_demand(key).send().unwrap();
        client.encrypt(key, b"recognisable plaintext").send().unwrap();
        client.generate_data_key(key).key_spec("AES_256").send().unwrap();

        let mut secrets = Secrets::default();
        let drawn = entropy.drawn.lock().unwrap();
        for bytes in drawn.iter() {
            secrets.add(bytes);
        }
        assert!(drawn.len() >= 4, "domain key, two materials, one data key: {} draws", drawn.len());
        secrets.add(b"recognisable plaintext");
        secrets.add(&[7; 32]);
        for (name, entry) in everything_in(&store) {
            secrets.assert_absent(name.as_ref());
            secrets.assert_absent(&entry.value);
        }
    }
}

/// Every operation, well and badly called, with secrets in all members that can hold one. Ciphertexts are no secret, but
/// are not recorded either.
fn every_operation(client: &Client, secrets: &mut Secrets, unrecorded: &mut Secrets, talk: &mut Talk<'_>) {
    let plaintext = b"\x01\xfeplaintext \xc3\x28 pattern\x99".to_vec();
    secrets.add(&plaintext);
    let key = client.create_key().description("d").tag("t", "v").send().unwrap();
    talk.note(&key);
    let id = key.key_metadata.key_id.to_string();
    let second = client.create_key().send().unwrap().key_metadata.key_id.to_string();
    let missing = "00000000-0000-4000-8000-000000000000";

    // Encryption.
    let sealed = talk.answer(client.encrypt(&id, &plaintext).context("a", "b").send()).unwrap().ciphertext_blob.clone();
    unrecorded.add(&sealed);
    talk.note(&client.encrypt(&id, &plaintext));
    for name in [&*id, missing, "alias/none", "arn:nonsense", ""] {
        talk.answer(client.encrypt(name, &plaintext).send());
        talk.answer(client.encrypt(name, &plaintext).dry_run(true).send());
        talk.answer(client.decrypt(&sealed).key_id(name).context("a", "b").send());
        talk.answer(client.decrypt(&sealed).key_id(name).send());
    }
    let long = [plaintext.as_slice(); 400].concat();
    talk.answer(client.encrypt(&id, &long).send());
    talk.answer(client.encrypt(&id, &plaintext).encryption_algorithm("RSAES_OAEP_SHA_256").send());
    talk.note(&client.decrypt(&sealed));
    let opened = talk.answer(client.decrypt(&sealed).context("a", "b").send()).unwrap();
    assert_eq!(opened.expose(), plaintext);
    let mut damaged = sealed.clone();
    *damaged.last_mut().unwrap() ^= 1;
    talk.answer(client.decrypt(&damaged).context("a", "b").send());
    let moved = talk.answer(client.re_encrypt(&sealed, &second).source_context("a", "b").send()).unwrap();
    unrecorded.add(&moved.ciphertext_blob);
    talk.note(&client.re_encrypt(&sealed, &second));
    talk.answer(client.re_encrypt(&damaged, missing).send());

    // Keys for use outside, and random bytes.
    let data_key = talk.answer(client.generate_data_key(&id).key_spec("AES_256").send()).unwrap();
    secrets.add(data_key.expose());
    unrecorded.add(&data_key.ciphertext_blob);
    let sealed_key = talk.answer(client.generate_data_key_without_plaintext(&id).number_of_bytes(64).send()).unwrap();
    unrecorded.add(&sealed_key.ciphertext_blob);
    secrets.add(talk.answer(client.generate_random(48).send()).unwrap().expose());
    talk.answer(client.generate_random(0).send());

    // Administration; results are public, but go the same ways.
    talk.answer(client.describe_key(&id).send());
    talk.answer(client.create_alias("alias/a", &id).send());
    talk.answer(client.update_alias("alias/a", &second).send());
    talk.answer(client.delete_alias("alias/a").send());
    talk.answer(client.list_keys().send());
    talk.answer(client.list_aliases().send());
    talk.answer(client.list_key_policies(&id).send());
    talk.answer(client.list_key_rotations(&id).send());
    talk.answer(client.list_resource_tags(&id).send());
    talk.answer(client.tag_resource(&id).tag("x", "y").send());
    talk.answer(client.untag_resource(&id).tag_key("x").send());
    talk.answer(client.enable_key_rotation(&id).send());
    talk.answer(client.rotate_key_on_demand(&id).send());
    talk.answer(client.get_key_rotation_status(&id).send());
    talk.answer(client.disable_key_rotation(&id).send());
    let policy = talk.answer(client.get_key_policy(&id).send()).unwrap().policy.clone();
    talk.answer(client.put_key_policy(&id, policy).send());
    talk.answer(client.update_key_description(&id, "e").send());
    talk.answer(client.disable_key(&id).send());
    talk.answer(client.encrypt(&id, &plaintext).send());
    talk.answer(client.decrypt(&sealed).context("a", "b").send());
    talk.answer(client.enable_key(&id).send());
    talk.answer(client.schedule_key_deletion(&id).send());
    talk.answer(client.encrypt(&id, &plaintext).send());
    talk.answer(client.cancel_key_deletion(&id).send());

    not_yet(client, &second, secrets, talk);
}

/// The members of operations whose time comes later hold secrets already.
fn not_yet(client: &Client, id: &str, secrets: &mut Secrets, talk: &mut Talk<'_>) {
    let mut secret = |text: &str| {
        let bytes = [text.as_bytes(), b"\x00\xff of somebody"].concat();
        secrets.add(&bytes);
        bytes
    };
    macro_rules! call {
        ($operation:ident { $($member:ident: $value:expr),* }) => {{
            let mut request = $operation::new();
            $(request.$member = Some($value.into());)*
            let call = client.call(request);
            talk.note(&call);
            talk.note(call.request());
            talk.answer(call.send());
        }};
    }
    let blob = |bytes: &[u8]| Blob::from(bytes.to_vec());
    let (message, mac, signature) = (secret("message"), secret("mac"), secret("signature"));
    call!(Sign { key_id: id, message: blob(&message), signing_algorithm: "ECDSA_SHA_256" });
    call!(Verify {
        key_id: id,
        message: blob(&message),
        signature: blob(&signature),
        signing_algorithm: "ECDSA_SHA_256"
    });
    call!(GenerateMac { key_id: id, message: blob(&message), mac_algorithm: "HMAC_SHA_256" });
    call!(VerifyMac { key_id: id, message: blob(&message), mac: blob(&mac), mac_algorithm: "HMAC_SHA_256" });
    call!(DeriveSharedSecret { key_id: id, key_agreement_algorithm: "ECDH", public_key: blob(&secret("public")) });
    let (token, material) = (secret("import token"), secret("encrypted material"));
    call!(ImportKeyMaterial { key_id: id, import_token: blob(&token), encrypted_key_material: blob(&material) });
    call!(GetParametersForImport {
        key_id: id,
        wrapping_algorithm: "RSAES_OAEP_SHA_256",
        wrapping_key_spec: "RSA_2048"
    });
    call!(GenerateDataKeyPair { key_id: id, key_pair_spec: "ECC_NIST_P256" });
    let password = "hunter2 the password";
    secrets.add(password.as_bytes());
    call!(CreateCustomKeyStore { custom_key_store_name: "store", key_store_password: blob(password.as_bytes()) });
}

/// Grant tokens are shown to those who have them, but never recorded.
fn with_grant_tokens(client: &Client, tokens: &mut Secrets) {
    let token = "AQpAM2RhZ-grant-token-of-somebody";
    tokens.add(token.as_bytes());
    let key = client.create_key().send().unwrap().key_metadata.key_id;
    for token in [token.to_owned(), token.repeat(1000)] {
        client.retire_grant().grant_token(token.as_str()).send().unwrap_err();
        client.encrypt(key, b"x").grant_tokens(vec![token.as_str().into()]).send().unwrap_err();
        client.describe_key(key).grant_tokens(vec![token.as_str().into(); 11]).send().unwrap_err();
    }
}

/// Everything that is printable of a call is printed.
struct Talk<'s> {
    said: &'s Mutex<String>,
}

impl Talk<'_> {
    fn answer<T: Debug>(&mut self, result: Result<T, CallError>) -> Option<T> {
        self.note(&result);
        if let Err(error) = &result {
            self.text(&error.to_string());
            self.text(&error.error().to_string());
            self.text(error.message());
        }
        result.ok()
    }

    fn note(&mut self, value: &impl Debug) {
        self.text(&format!("{value:?} {value:#?}"));
    }

    fn text(&mut self, text: &str) {
        writeln!(self.said.lock().unwrap(), "{text}").unwrap();
    }
}

/// Byte strings that must not be found, in any usual writing.
#[derive(Default)]
struct Secrets(Vec<Vec<u8>>);

impl Secrets {
    fn add(&mut self, bytes: &[u8]) {
        assert!(bytes.len() >= 16, "too short to be recognised");
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let decimal = format!("{bytes:?}");
        self.0.push(bytes.to_vec());
        self.0.push(hex.to_uppercase().into_bytes());
        self.0.push(hex.into_bytes());
        self.0.push(decimal.trim_matches(['[', ']']).to_owned().into_bytes());
        self.0.push(bytes.escape_ascii().to_string().into_bytes());
        self.0.push(String::from_utf8_lossy(bytes).into_owned().into_bytes());
        // Base64 of the bytes at each of the three places that they can have in a longer text.
        for skipped in 0..3 {
            let whole = &bytes[skipped..bytes.len() - (bytes.len() - skipped) % 3];
            self.0.push(STANDARD.encode(whole).into_bytes());
            self.0.push(URL_SAFE_NO_PAD.encode(whole).into_bytes());
        }
    }

    fn assert_absent(&self, place: &[u8]) {
        for secret in &self.0 {
            let found = place.windows(secret.len()).position(|window| window == secret);
            if let Some(at) = found {
                let around = &place[at.saturating_sub(80)..place.len().min(at + secret.len() + 20)];
                panic!("a secret shows: {}", String::from_utf8_lossy(around));
            }
        }
    }
}

/// Entropy that remembers what was drawn for keys, as opposed to nonces and identifiers.
#[derive(Debug)]
struct Recording {
    inner: SeededEntropy,
    drawn: Mutex<Vec<Vec<u8>>>,
}

#[derive(Debug)]
struct Shared(Arc<Recording>);

impl Entropy for Shared {
    fn fill(&self, dest: &mut [u8]) -> Result<(), CryptoError> {
        self.0.inner.fill(dest)?;
        // Key IDs are drawn like keys, but shorter.
        if dest.len() >= 24 {
            self.0.drawn.lock().unwrap().push(dest.to_vec());
        }
        Ok(())
    }

    fn fill_nonce(&self, dest: &mut [u8]) -> Result<(), CryptoError> {
        self.0.inner.fill(dest)
    }
}

/// Writes down every span and event.
struct Listener(Arc<Mutex<String>>);

impl Visit for &Listener {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        writeln!(self.0.lock().unwrap(), "tracing: {field}={value:?}").unwrap();
    }
}

impl Subscriber for Listener {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        span.record(&mut &*self);
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        values.record(&mut &*self);
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        event.record(&mut &*self);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}
