//! Domain keys, their envelopes, and the tokens they wrap.

use keystead_crypto::{CryptoError, DefaultProvider, SealingAlgorithm};
use keystead_hierarchy::spec::{KeySpec, KeyUsage};
use keystead_hierarchy::{
    Domain, DomainKeyEnvelope, DomainKeys, Ekt, EktBinding, HierarchyError, Profile, Purpose, RootKey, RootKeyError,
};
use proptest::prelude::*;

use crate::support::{Exhausted, binding, damaged, domain, entropy, multi_region, root_key, secret};

/// Spec: OVR-12, OVR-13
#[test]
fn material_comes_back_from_its_token() {
    let (keys, _) = ring();
    for len in [1, 16, 32, 64, 2400] {
        let material = secret(&vec![0x42; len]);
        let token = keys.wrap(&material, &binding(), &entropy()).unwrap();
        assert_eq!(token.as_bytes().len(), len + Ekt::OVERHEAD);
        assert_eq!(token.domain_key_version(), 1);
        assert_eq!(Ekt::from_bytes(token.as_bytes()), Ok(token.clone()));
        assert_eq!(keys.unwrap(&token, &binding()), Ok(material));
    }
}

/// Spec: OVR-16
#[test]
fn tokens_cannot_be_substituted() {
    let (keys, _) = ring();
    let token = keys.wrap(&secret(MATERIAL), &binding(), &entropy()).unwrap();
    let others = [
        EktBinding { account: "111122223334".parse().unwrap(), ..binding() },
        EktBinding { key_id: multi_region(), ..binding() },
        EktBinding { material_version: 4, ..binding() },
        EktBinding { spec: KeySpec::Hmac256, ..binding() },
        EktBinding { usage: KeyUsage::GenerateVerifyMac, ..binding() },
        EktBinding { purpose: Purpose::Fingerprint, ..binding() },
    ];
    for other in others {
        assert_eq!(keys.unwrap(&token, &other), Err(HierarchyError::UnauthenticToken), "{other:?}");
    }
}

/// A token copied between Regions that share a domain key still opens in its own only.
///
/// Spec: OVR-16
#[test]
fn a_token_belongs_to_its_domain() {
    let tokens = [("aws", "us-west-2"), ("aws", "us-west-1"), ("aws-x", "us-west-2")].map(|(partition, region)| {
        // The same draws give every domain the same key.
        let (keys, _) = ring_of(domain(partition, region));
        let token = keys.wrap(&secret(MATERIAL), &binding(), &entropy()).unwrap();
        (keys, token)
    });
    for (at, (keys, _)) in tokens.iter().enumerate() {
        for (from, (_, token)) in tokens.iter().enumerate() {
            assert_eq!(keys.unwrap(token, &binding()).is_ok(), at == from);
        }
    }
}

/// Spec: OVR-16
#[test]
fn every_damage_to_a_token_is_noticed() {
    let (keys, _) = ring();
    let token = keys.wrap(&secret(MATERIAL), &binding(), &entropy()).unwrap();
    for bytes in damaged(token.as_bytes()) {
        let error = Ekt::from_bytes(bytes).and_then(|token| keys.unwrap(&token, &binding())).unwrap_err();
        assert!(
            matches!(
                error,
                HierarchyError::MalformedToken
                    | HierarchyError::UnauthenticToken
                    | HierarchyError::UnknownDomainKey { .. }
            ),
            "{error}"
        );
    }
}

/// Spec: OVR-16
#[test]
fn a_token_is_parsed_strictly() {
    let (keys, _) = ring();
    let token = keys.wrap(&secret(&[1]), &binding(), &entropy()).unwrap().into_bytes();
    // Magic, format version, algorithm; domain key version 0 below.
    for (at, byte) in [(0, b'x'), (1, b'S'), (2, 0), (2, 2), (3, 0), (3, 9), (7, 0)] {
        let mut other = token.clone();
        other[at] = byte;
        assert_eq!(Ekt::from_bytes(other), Err(HierarchyError::MalformedToken), "byte {at} is {byte}");
    }
    assert_eq!(Ekt::from_bytes(&token[..token.len() - 1]), Err(HierarchyError::MalformedToken));
}

/// Spec: OVR-18
#[test]
fn another_root_key_opens_nothing_and_says_so() {
    let (_, envelope) = ring();
    let [right, wrong] = [root_key(1, entropy()), root_key(2, entropy())];
    let opened = DomainKeys::open(&wrong, &DefaultProvider, here(), [&envelope]);
    let expected = RootKeyError::WrongKey { sealed_by: right.id().unwrap(), given: wrong.id().unwrap() };
    assert_eq!(opened.unwrap_err(), HierarchyError::Root(expected));
}

/// Spec: OVR-18
#[test]
fn damage_to_an_envelope_is_noticed_and_told_from_a_wrong_root_key() {
    let (_, envelope) = ring();
    let root = root_key(1, entropy());
    for bytes in damaged(envelope.as_bytes()) {
        let opened = DomainKeyEnvelope::from_bytes(bytes)
            .and_then(|envelope| DomainKeys::open(&root, &DefaultProvider, here(), [&envelope]));
        assert!(
            matches!(opened.unwrap_err(), HierarchyError::MalformedEnvelope | HierarchyError::Root(_)),
            "a damaged envelope fails for what it is"
        );
    }
    // The last byte is authentication tag, long after the root key's ID.
    let mut bytes = envelope.as_bytes().to_vec();
    *bytes.last_mut().unwrap() ^= 1;
    let damaged = DomainKeyEnvelope::from_bytes(bytes).unwrap();
    let opened = DomainKeys::open(&root, &DefaultProvider, here(), [&damaged]);
    assert_eq!(opened.unwrap_err(), HierarchyError::Root(RootKeyError::Damaged));
}

/// Spec: OVR-16, OVR-18
#[test]
fn an_envelope_belongs_to_its_domain_and_version() {
    let (_, envelope) = ring();
    let root = root_key(1, entropy());
    for other in [domain("aws", "us-west-1"), domain("aws-cn", "us-west-2")] {
        let opened = DomainKeys::open(&root, &DefaultProvider, other, [&envelope]);
        assert_eq!(opened.unwrap_err(), HierarchyError::Root(RootKeyError::Damaged));
    }
    let mut bytes = envelope.as_bytes().to_vec();
    bytes[7] = 2;
    let renumbered = DomainKeyEnvelope::from_bytes(bytes).unwrap();
    assert_eq!(renumbered.version(), 2);
    let opened = DomainKeys::open(&root, &DefaultProvider, here(), [&renumbered]);
    assert_eq!(opened.unwrap_err(), HierarchyError::Root(RootKeyError::Damaged));
}

/// Spec: OVR-17
#[test]
fn rotation_keeps_old_tokens_and_rewraps_them() {
    let root = root_key(1, entropy());
    let (mut keys, first) = ring();
    let old = keys.wrap(&secret(MATERIAL), &binding(), &entropy()).unwrap();
    let second = keys.rotate(&root, &DefaultProvider, &entropy_of(8)).unwrap();
    assert_eq!((keys.current_version(), second.version()), (2, 2));
    assert!(keys.versions().eq([1, 2]));

    let new = keys.rewrap(&old, &binding(), &entropy()).unwrap().expect("the token is of version 1");
    assert_eq!(new.domain_key_version(), 2);
    for token in [&old, &new] {
        assert_eq!(keys.unwrap(token, &binding()).unwrap().expose(), MATERIAL);
    }
    assert_eq!(keys.rewrap(&new, &binding(), &entropy()), Ok(None));
    let elsewhere = EktBinding { material_version: 1, ..binding() };
    assert_eq!(keys.rewrap(&old, &elsewhere, &entropy()), Err(HierarchyError::UnauthenticToken));

    // After a restart, whatever order the store gives.
    let reopened = DomainKeys::open(&root, &DefaultProvider, here(), [&second, &first]).unwrap();
    assert_eq!(reopened.current_version(), 2);
    for token in [&old, &new] {
        assert_eq!(reopened.unwrap(token, &binding()).unwrap().expose(), MATERIAL);
    }

    keys.retire(1).unwrap();
    assert_eq!(keys.unwrap(&old, &binding()), Err(HierarchyError::UnknownDomainKey { version: 1 }));
    assert_eq!(keys.unwrap(&new, &binding()).unwrap().expose(), MATERIAL);
    assert_eq!(keys.retire(1), Err(HierarchyError::UnknownDomainKey { version: 1 }));
    assert_eq!(keys.retire(2), Err(HierarchyError::DomainKeyInUse { version: 2 }));
}

/// A clone can be rotated and stored before it takes over.
///
/// Spec: OVR-17
#[test]
fn a_clone_rotates_alone() {
    let (keys, _) = ring();
    let mut next = keys.clone();
    next.rotate(&root_key(1, entropy()), &DefaultProvider, &entropy_of(8)).unwrap();
    assert_eq!((keys.current_version(), next.current_version()), (1, 2));
    let token = keys.wrap(&secret(MATERIAL), &binding(), &entropy()).unwrap();
    assert_eq!(next.unwrap(&token, &binding()).unwrap().expose(), MATERIAL);
}

/// Spec: ROT-10, OVR-17
#[test]
fn a_failed_rotation_changes_nothing() {
    let (mut keys, _) = ring();
    let rotated = keys.rotate(&root_key(1, entropy()), &DefaultProvider, &Exhausted);
    assert_eq!(rotated, Err(HierarchyError::Crypto(CryptoError::Entropy)));
    let rotated = keys.rotate(&root_key(1, Exhausted), &DefaultProvider, &entropy());
    assert_eq!(rotated, Err(HierarchyError::Root(RootKeyError::Crypto(CryptoError::Entropy))));
    assert!(keys.versions().eq([1]));
}

/// Spec: OVR-18
#[test]
fn a_domain_opens_with_each_version_once() {
    let (_, envelope) = ring();
    let root = root_key(1, entropy());
    let twice = DomainKeys::open(&root, &DefaultProvider, here(), [&envelope, &envelope]);
    assert_eq!(twice.unwrap_err(), HierarchyError::DuplicateDomainKey { version: 1 });
    let none = DomainKeys::open(&root, &DefaultProvider, here(), []);
    assert_eq!(none.unwrap_err(), HierarchyError::NoDomainKey);
}

/// Spec: OVR-18
#[test]
fn a_root_key_can_be_replaced() {
    let (keys, envelope) = ring();
    let token = keys.wrap(&secret(MATERIAL), &binding(), &entropy()).unwrap();
    let [old, new] = [root_key(1, entropy()), root_key(2, entropy())];
    let resealed = envelope.reseal(&old, &new, &here()).unwrap();
    assert_eq!(resealed.version(), envelope.version());
    let reopened = DomainKeys::open(&new, &DefaultProvider, here(), [&resealed]).unwrap();
    assert_eq!(reopened.unwrap(&token, &binding()).unwrap().expose(), MATERIAL);
    assert!(DomainKeys::open(&old, &DefaultProvider, here(), [&resealed]).is_err());
}

/// Spec: RUL-11
#[test]
fn each_profile_wraps_with_its_cipher() {
    for (profile, algorithm, code) in
        [(Profile::Standard, SealingAlgorithm::Xaes256Gcm, 1), (Profile::China, SealingAlgorithm::Xsm4Gcm, 4)]
    {
        assert_eq!(profile.sealing_algorithm(), algorithm);
        let (root, entropy) = (root_key(1, entropy()), entropy());
        let (mut keys, envelope) = DomainKeys::generate(&root, &DefaultProvider, &entropy, here(), algorithm).unwrap();
        assert_eq!(envelope.as_bytes()[3], code);
        for _ in 0..2 {
            let token = keys.wrap(&secret(MATERIAL), &binding(), &entropy).unwrap();
            assert_eq!(token.as_bytes()[3], code);
            assert_eq!(keys.unwrap(&token, &binding()).unwrap().expose(), MATERIAL);
            keys.rotate(&root, &DefaultProvider, &entropy).unwrap();
        }
    }
}

/// Spec: OVR-18, KEY-04
#[test]
fn nothing_durable_or_printed_shows_a_secret() {
    let (keys, envelope) = ring();
    let token = keys.wrap(&secret(MATERIAL), &binding(), &entropy()).unwrap();
    assert!(!token.as_bytes().windows(8).any(|window| MATERIAL.starts_with(window)));
    for printed in [format!("{keys:?}"), format!("{envelope:?}"), format!("{token:?}")] {
        assert!(printed.len() < 200 && !printed.contains("66, 66"), "{printed}");
    }
}

proptest! {
    /// Spec: OVR-16
    #[test]
    fn arbitrary_bytes_never_open(mut bytes in prop::collection::vec(any::<u8>(), 0..160), begin: bool) {
        if begin && bytes.len() >= 8 {
            bytes[..8].copy_from_slice(b"KT\x01\x01\0\0\0\x01");
        }
        let (keys, _) = ring();
        prop_assert!(Ekt::from_bytes(bytes).and_then(|token| keys.unwrap(&token, &binding())).is_err());
    }
}

fn here() -> Domain {
    domain("aws", "us-west-2")
}

/// A ring sealed by the root key of ones.
fn ring() -> (DomainKeys, DomainKeyEnvelope) {
    ring_of(here())
}

fn ring_of(domain: Domain) -> (DomainKeys, DomainKeyEnvelope) {
    let root = root_key(1, entropy());
    DomainKeys::generate(&root, &DefaultProvider, &entropy(), domain, SealingAlgorithm::Xaes256Gcm).unwrap()
}

fn entropy_of(seed: u64) -> keystead_crypto::entropy::SeededEntropy {
    keystead_crypto::entropy::SeededEntropy::new(seed)
}

const MATERIAL: &[u8] = &[0x42; 32];
