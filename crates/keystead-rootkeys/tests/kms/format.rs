//! The form of what is sealed, pinned. These bytes never change; `docs/formats/root-key-kms.md` repeats them.

use std::sync::{Arc, Mutex};

use keystead_crypto::SecretBytes;
use keystead_hierarchy::{RootKey, RootKeyError};
use keystead_rootkeys::{KeyService, KmsError, KmsRootKey};
use keystead_types::KeyArn;

#[test]
fn ids_follow_from_the_arn() {
    let id = |arn: &str| KmsRootKey::new(Recorder::default(), arn).unwrap().id().unwrap().to_string();
    assert_eq!(id(SINGLE), "627321dcfb75f6a400700f9416b21c98");
    assert_eq!(id(MULTI), "3c2364fc7d83202928eb512781c1e990");
    assert_eq!(id(&MULTI.replace("us-west-2", "eu-west-1")), id(MULTI));
    for (from, to) in [("us-west-2", "us-west-1"), ("111122223333", "444455556666"), ("1234abcd", "1234abce")] {
        assert_ne!(id(&SINGLE.replace(from, to)), id(SINGLE), "another {from}");
    }
}

/// Spec: OVR-18
#[test]
fn what_is_sealed_is_the_frame_and_the_ciphertext_of_the_kms() {
    let kms = Recorder::default();
    let root_key = KmsRootKey::new(kms.clone(), SINGLE).unwrap();
    let sealed = root_key.seal(b"domain key", b"aad").unwrap();
    assert_eq!(hex::encode(&sealed), SEALED);
    let context = "keystead-purpose=root key v1,keystead-bound-to=0BKOKW3j2lnjhIZ08GmdE5+p6vplS4vax8OI4QrKM7o=";
    assert_eq!(kms.take(), [format!("encrypt {SINGLE} {context}")]);

    let opened = root_key.open(&hex::decode(SEALED).unwrap(), b"aad").unwrap();
    assert_eq!(opened.expose(), b"domain key");
    assert_eq!(kms.take(), [format!("decrypt {SINGLE} {context}")]);
}

/// Other kinds and versions, and a frame with nothing in it, are not sent to the KMS.
#[test]
fn the_kms_sees_only_what_it_has_made() {
    let kms = Recorder::default();
    let root_key = KmsRootKey::new(kms.clone(), SINGLE).unwrap();
    let sealed = hex::decode(SEALED).unwrap();
    let (frame, _) = sealed.split_at(20);
    let with = |at: usize, byte: u8| {
        let mut changed = sealed.clone();
        changed[at] = byte;
        changed
    };
    for bytes in [frame.to_vec(), with(0, 0), with(1, 0), with(2, 2), with(3, 0), with(3, 2)] {
        assert_eq!(root_key.open(&bytes, b"aad"), Err(RootKeyError::Damaged));
    }
    assert_eq!(kms.take(), Vec::<String>::new());
}

/// Notes what it is asked. Its ciphertext is the plaintext in reverse.
#[derive(Clone, Debug, Default)]
struct Recorder(Arc<Mutex<Vec<String>>>);

impl Recorder {
    fn note(&self, what: &str, key: &KeyArn, context: &[(&str, &str)]) {
        let context: Vec<String> = context.iter().map(|(name, value)| format!("{name}={value}")).collect();
        self.0.lock().unwrap().push(format!("{what} {key} {}", context.join(",")));
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

impl KeyService for Recorder {
    fn encrypt(&self, key: &KeyArn, plaintext: &[u8], context: &[(&str, &str)]) -> Result<Vec<u8>, KmsError> {
        self.note("encrypt", key, context);
        Ok(plaintext.iter().rev().copied().collect())
    }

    fn decrypt(&self, key: &KeyArn, ciphertext: &[u8], context: &[(&str, &str)]) -> Result<SecretBytes, KmsError> {
        self.note("decrypt", key, context);
        Ok(ciphertext.iter().rev().copied().collect::<Vec<_>>().into())
    }
}

const SINGLE: &str = "arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
const MULTI: &str = "arn:aws:kms:us-west-2:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab";
const SEALED: &str = "4b450101627321dcfb75f6a400700f9416b21c9879656b206e69616d6f64";
