//! The formats, pinned. These bytes never change: what was written once must open for ever. Each was also computed by
//! an independent program from the documents under `docs/formats`, which repeat them.
//!
//! Random bytes are 00, 01, 02, … unless said otherwise.

use std::sync::Arc;

use keystead_crypto::{DefaultProvider, Provider, SealingAlgorithm, SecretBytes};
use keystead_hierarchy::{
    BlobHeader, DomainKeyEnvelope, DomainKeys, Ekt, EncryptionContext, MaterialId, PassphraseCost, PassphraseRootKey,
    Profile, RootKey, blob,
};

use crate::support::{Counting, binding, domain, header, multi_region, root_key, sealer, secret, single_region};

/// Spec: KEY-84, OVR-15, RUL-11
#[test]
fn blob_of_the_standard_profile() {
    let sealer = sealer(SealingAlgorithm::Xaes256Gcm, 0x42);
    let context = EncryptionContext::from_iter([("tenant", "7"), ("purpose", "backup")]);
    let mut canonical = Vec::new();
    context.write_canonical(&mut canonical);
    assert_eq!(hex::encode(canonical), CONTEXT);

    let sealed = blob::seal(&*sealer, &header(), &Counting::default(), &context, b"attack at dawn").unwrap();
    assert_eq!(hex::encode(&sealed), BLOB);
    let opened = blob::open(&*sealer, &hex::decode(BLOB).unwrap(), &context).unwrap();
    assert_eq!(opened.expose(), b"attack at dawn");
}

/// Spec: OVR-15, RUL-11, ASY-57
#[test]
fn blob_of_the_china_profile() {
    let sealer = sealer(SealingAlgorithm::Xsm4Gcm, 0x42);
    let header =
        BlobHeader { algorithm: SealingAlgorithm::Xsm4Gcm, key_id: multi_region(), material_version: 7, ..header() };
    let context = EncryptionContext::new();
    let sealed = blob::seal(&*sealer, &header, &Counting::default(), &context, b"attack at dawn").unwrap();
    assert_eq!(hex::encode(&sealed), BLOB_CHINA);
    let opened = blob::open(&*sealer, &hex::decode(BLOB_CHINA).unwrap(), &context).unwrap();
    assert_eq!(opened.expose(), b"attack at dawn");
}

/// Spec: OVR-12, OVR-16, OVR-18
#[test]
fn envelope_and_token_of_both_profiles() {
    let cases = [
        (domain("aws", "us-west-2"), Profile::Standard, 32, ENVELOPE, TOKEN),
        (domain("aws-cn", "cn-north-1"), Profile::China, 16, ENVELOPE_CHINA, TOKEN_CHINA),
    ];
    for (domain, profile, material_len, envelope, token) in cases {
        let root = root_key(0x24, Counting::default());
        let material = secret(&vec![0x42; material_len]);
        let algorithm = profile.sealing_algorithm();
        let (keys, sealed) =
            DomainKeys::generate(&root, &DefaultProvider, &Counting::default(), domain, algorithm).unwrap();
        assert_eq!(hex::encode(sealed.as_bytes()), envelope);
        let wrapped = keys.wrap(&material, &binding(), &Counting::default()).unwrap();
        assert_eq!(hex::encode(wrapped.as_bytes()), token);

        let envelope = DomainKeyEnvelope::from_bytes(hex::decode(envelope).unwrap()).unwrap();
        let keys = DomainKeys::open(&root, &DefaultProvider, domain, [&envelope]).unwrap();
        let token = Ekt::from_bytes(hex::decode(token).unwrap()).unwrap();
        assert_eq!(keys.unwrap(&token, &binding()).unwrap(), material);
    }
}

/// Spec: OVR-18
#[test]
fn root_key_id() {
    assert_eq!(root_key(0x24, Counting::default()).id().unwrap().to_string(), ROOT_KEY_ID);
}

/// Spec: OVR-18
#[test]
fn value_sealed_under_a_passphrase() {
    let provider: Arc<dyn Provider> = Arc::new(DefaultProvider);
    let root = |entropy| {
        let passphrase = SecretBytes::from(b"correct horse battery staple");
        PassphraseRootKey::new_with(passphrase, PassphraseCost::MINIMUM, provider.clone(), entropy).unwrap()
    };
    // The salt is drawn before the nonce.
    let sealed = root(Arc::new(Counting::default())).seal(b"domain key", b"aad").unwrap();
    assert_eq!(hex::encode(sealed), PASSPHRASE);
    let opened = root(Arc::new(Counting::default())).open(&hex::decode(PASSPHRASE).unwrap(), b"aad").unwrap();
    assert_eq!(opened.expose(), b"domain key");
}

/// Spec: IMP-07
#[test]
fn material_id() {
    let id = MaterialId::of(&DefaultProvider, single_region(), &secret(&[0x42; 32])).unwrap();
    assert_eq!(id.to_string(), MATERIAL_ID);
}

/// Spec: OVR-15, OVR-18
#[test]
fn the_documents_repeat_the_vectors() {
    let pages: [(&str, &[&str]); 3] = [
        ("blob.md", &[CONTEXT, BLOB, BLOB_CHINA, MATERIAL_ID]),
        ("ekt.md", &[TOKEN, TOKEN_CHINA]),
        ("domain-key.md", &[ENVELOPE, ENVELOPE_CHINA, ROOT_KEY_ID, PASSPHRASE]),
    ];
    for (page, vectors) in pages {
        let path = format!("{}/../../docs/formats/{page}", env!("CARGO_MANIFEST_DIR"));
        let text: String = std::fs::read_to_string(path).unwrap().split_whitespace().collect();
        assert!(vectors.iter().all(|vector| text.contains(vector)), "{page} lacks a vector");
    }
}

const CONTEXT: &str = "\
    0000000200000007707572706f7365000000066261636b75700000000674656e616e740000000137";
const BLOB: &str = "\
    4b5301010019df6690e5001234abcd12ab34cd56ef1234567890ab00000001000102030405060708090a0b0c0d0e0f10\
    111213141516178cff2fe6b42e51ceb10a097d9933755ebf37005c0f4c3c89074dcd8bf745";
const BLOB_CHINA: &str = "\
    4b5301040019df6690e5011234abcd12ab34cd56ef1234567890ab00000007000102030405060708090a0b0c0d0e0f10\
    11121314151617fd6129d029ed76979efc2b675e2074cb1511cdb7d98259648823295957a8";
const TOKEN: &str = "\
    4b54010100000001000102030405060708090a0b0c0d0e0f1011121314151617b2db9c159955de0992a46fc5af1b9870\
    53fb2d2d8a38f5b9ef2c9ea2123e6b74e0fcafa02fcfc62085c3318c7f23f960";
const TOKEN_CHINA: &str = "\
    4b54010400000001000102030405060708090a0b0c0d0e0f1011121314151617c153efeb498a70ba73128cc6eb1be776\
    b6f6f34630320c4eba3efb674c366695";
const ENVELOPE: &str = "\
    4b440101000000014b520101001c81303b2e9bb60ea10396aad261a774000102030405060708090a0b0c0d0e0f101112\
    131415161792edb57ba6fdafa3ec9b877f87d8d4c6de65192d4e79980cbf039c72db6f6d4cb3a3cd24db18967beaba4a\
    2bbe0b6e05";
const ENVELOPE_CHINA: &str = "\
    4b440104000000014b520101001c81303b2e9bb60ea10396aad261a774000102030405060708090a0b0c0d0e0f101112\
    131415161792edb57ba6fdafa3ec9b877f87d8d4c68468a329a78e36f2f35f762907500fbc";
const ROOT_KEY_ID: &str = "1c81303b2e9bb60ea10396aad261a774";
const PASSPHRASE: &str = "\
    4b5201010100004c000000000200000001000102030405060708090a0b0c0d0e0f9e8c93b966c3f1359827a80d17b3f5\
    31101112131415161718191a1b1c1d1e1f20212223242526278cb9ea8ba4f8ecf357bd3e540664540fff3e02ee0adfe8\
    fb4f4e";
const MATERIAL_ID: &str = "f300e3d30a019eb03eb0b5a9fce2af981cbbbfe51bb24f256bbcebecaf84d140";
