//! Key tokens and domain key envelopes: any bytes may come back from a store, and only untouched ones open.
#![no_main]

use std::sync::LazyLock;

use arbitrary::Arbitrary;
use keystead_crypto::{DefaultProvider, SealingAlgorithm, SecretBytes, entropy::SeededEntropy};
use keystead_hierarchy::spec::{KeySpec, KeyUsage};
use keystead_hierarchy::{Domain, DomainKeyEnvelope, DomainKeys, Ekt, EktBinding, Purpose, RawRootKey};
use keystead_types::{AccountId, KeyId, Partition, Region};
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary, Debug)]
struct Input {
    bytes: Vec<u8>,
    material: Vec<u8>,
    seed: u64,
    at: usize,
    with: u8,
    version: u32,
}

fuzz_target!(|input: Input| {
    let keys = &*KEYS;
    let binding = EktBinding {
        account: AccountId::from_u64(111_122_223_333).expect("twelve digits"),
        key_id: KeyId::multi_region([1; 16]),
        material_version: 1,
        spec: KeySpec::SymmetricDefault,
        usage: KeyUsage::EncryptDecrypt,
        purpose: Purpose::Material,
    };

    let _ = DomainKeyEnvelope::from_bytes(input.bytes.as_slice()).map(|envelope| envelope.version());
    if let Ok(token) = Ekt::from_bytes(input.bytes.as_slice()) {
        assert_eq!(token.as_bytes(), input.bytes);
        assert!(keys.unwrap(&token, &binding).is_err(), "nobody wrapped this");
    }

    if input.material.is_empty() {
        return;
    }
    let entropy = SeededEntropy::new(input.seed);
    let material = SecretBytes::from(input.material.as_slice());
    let token = keys.wrap(&material, &binding, &entropy).expect("wrapping works");
    assert_eq!(keys.unwrap(&token, &binding).expect("an untouched token opens").expose(), input.material);

    let other = EktBinding { material_version: input.version, ..binding };
    assert_eq!(keys.unwrap(&token, &other).is_ok(), other == binding, "a token opened under another binding");

    let mut bytes = token.into_bytes();
    let at = input.at % bytes.len();
    bytes[at] ^= input.with;
    let opens = Ekt::from_bytes(bytes).and_then(|token| keys.unwrap(&token, &binding)).is_ok();
    assert_eq!(opens, input.with == 0, "an altered token opened, or an untouched one did not");
});

static KEYS: LazyLock<DomainKeys> = LazyLock::new(|| {
    let root = RawRootKey::new(&SecretBytes::from(&[7; 32])).expect("a root key of the right length");
    let region: Region = "us-west-2".parse().expect("a Region");
    let domain = Domain { partition: Partition::of_region(&region), region };
    let entropy = SeededEntropy::new(1);
    DomainKeys::generate(&root, &DefaultProvider, &entropy, domain, SealingAlgorithm::Xaes256Gcm)
        .expect("a domain key")
        .0
});
