//! Key material and its names.

use keystead_crypto::{CryptoError, DefaultProvider, Provider};
use keystead_hierarchy::spec::{KeyKind, KeySpec};
use keystead_hierarchy::{HierarchyError, MaterialId, Profile, generate_material};
use keystead_types::KeyId;

use crate::support::{Exhausted, entropy, multi_region, secret, single_region};

/// Spec: ROT-08, KEY-11, TYP-07
#[test]
fn material_has_the_length_of_its_spec() {
    let lengths = [
        (KeySpec::SymmetricDefault, Profile::Standard, 32),
        (KeySpec::SymmetricDefault, Profile::China, 16),
        (KeySpec::Hmac224, Profile::Standard, 28),
        (KeySpec::Hmac256, Profile::China, 32),
        (KeySpec::Hmac384, Profile::Standard, 48),
        (KeySpec::Hmac512, Profile::Standard, 64),
    ];
    for (spec, profile, len) in lengths {
        assert_eq!(generate_material(spec, profile, &DefaultProvider, &entropy()).unwrap().len(), len);
    }
}

/// Spec: ROT-08
#[test]
fn every_draw_differs() {
    let entropy = entropy();
    let draw = || generate_material(KeySpec::SymmetricDefault, Profile::Standard, &DefaultProvider, &entropy).unwrap();
    assert_ne!(draw(), draw());
}

/// Spec: KEY-11, ASY-83
#[test]
fn material_of_key_pairs_is_a_private_key() {
    for spec in KeySpec::ALL.iter().copied().filter(|spec| spec.kind() == KeyKind::Asymmetric) {
        let key_pair = spec.key_pair().unwrap();
        let is_rsa = spec.as_str().starts_with("RSA");
        if is_rsa && spec != KeySpec::Rsa2048 {
            continue; // Their generation takes long; the provider's own tests make them.
        }
        let drawn = generate_material(spec, Profile::Standard, &DefaultProvider, &entropy()).unwrap();
        DefaultProvider.private_key(key_pair, drawn.expose()).unwrap();
    }
}

/// Spec: ROT-10
#[test]
fn without_randomness_there_is_no_material() {
    let drawn = generate_material(KeySpec::Hmac256, Profile::Standard, &DefaultProvider, &Exhausted);
    assert_eq!(drawn, Err(HierarchyError::Crypto(CryptoError::Entropy)));
}

/// Spec: IMP-07, KEY-03
#[test]
fn a_name_depends_on_key_and_material_only() {
    let name = |key_id, material: &[u8]| MaterialId::of(&DefaultProvider, key_id, &secret(material)).unwrap();
    let reference = name(single_region(), &[1; 32]);
    assert_eq!(reference, name(single_region(), &[1; 32]));
    assert_ne!(reference, name(single_region(), &[2; 32]));
    assert_ne!(reference, name(multi_region(), &[1; 32]));
    let other: KeyId = "1234abcd-12ab-34cd-56ef-1234567890ac".parse().unwrap();
    assert_ne!(reference, name(other, &[1; 32]));
    // HMAC alone would take these for the same key.
    let mut padded = [0; 32];
    padded[..16].fill(1);
    assert_ne!(name(single_region(), &[1; 16]), name(single_region(), &padded));
}

/// Spec: ROT-57
#[test]
fn a_name_is_written_as_64_lower_case_digits() {
    let id = MaterialId::of(&DefaultProvider, single_region(), &secret(&[1; 32])).unwrap();
    let text = id.to_string();
    assert_eq!(text.len(), 64);
    assert!(text.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f')));
    assert_eq!(text.parse(), Ok(id));
    assert_eq!(MaterialId::from_bytes(*id.as_bytes()), id);
    for wrong in [text.to_uppercase(), text[1..].to_owned(), format!("{text}0"), String::new(), "é".repeat(32)] {
        assert!(wrong.parse::<MaterialId>().is_err(), "{wrong}");
    }
}
