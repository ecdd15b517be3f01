//! The ciphertext blob.

use keystead_crypto::{CryptoError, SealingAlgorithm};
use keystead_hierarchy::blob::{BLOB_OVERHEAD, open, seal};
use keystead_hierarchy::{BlobHeader, EncryptionContext, HierarchyError};
use proptest::prelude::*;

use crate::support::{Exhausted, damaged, entropy, header, multi_region, sealer};

/// Spec: KEY-79, OVR-15, ROT-04
#[test]
fn what_was_sealed_opens_and_names_its_key() {
    for algorithm in ALGORITHMS {
        let header = BlobHeader { algorithm, key_id: multi_region(), material_version: 9, ..header() };
        let sealer = sealer(algorithm, 1);
        let blob = seal(&*sealer, &header, &entropy(), &context(), PLAINTEXT).unwrap();
        assert_eq!(BlobHeader::parse(&blob), Ok(header));
        assert_eq!(open(&*sealer, &blob, &context()).unwrap().expose(), PLAINTEXT);
    }
}

/// Spec: CKS-96
#[test]
fn the_overhead_fits_the_proxies() {
    let blob = seal(&*sealer(ALGORITHMS[0], 1), &header(), &entropy(), &context(), &[0; 4096]).unwrap();
    assert_eq!(blob.len(), 4096 + BLOB_OVERHEAD);
    assert_eq!(BLOB_OVERHEAD, 71);
    // The limits, from the chapter.
    const { assert!(BLOB_OVERHEAD <= 204 && 4096 + BLOB_OVERHEAD <= 6144) };
}

/// Spec: KEY-81, KEY-87, OVR-26
#[test]
fn exactly_the_same_context_is_needed() {
    let sealer = sealer(ALGORITHMS[0], 1);
    let blob = seal(&*sealer, &header(), &entropy(), &context(), PLAINTEXT).unwrap();
    let reordered = EncryptionContext::from_iter([("tenant", "7"), ("purpose", "backup")]);
    assert!(open(&*sealer, &blob, &reordered).is_ok());

    let wrong: [&[(&str, &str)]; 7] = [
        &[],
        &[("purpose", "backup")],
        &[("purpose", "backup"), ("tenant", "7"), ("more", "")],
        &[("purpose", "backup"), ("tenant", "8")],
        &[("purpose", "backup"), ("Tenant", "7")],
        &[("purpose", "7"), ("tenant", "backup")],
        &[("purposebackup", ""), ("tenant", "7")],
    ];
    for pairs in wrong {
        let context = pairs.iter().copied().collect();
        assert_eq!(open(&*sealer, &blob, &context), Err(HierarchyError::UnauthenticBlob), "{context:?}");
    }
}

/// Spec: KEY-80, KEY-81
#[test]
fn no_context_and_the_empty_context_are_the_same() {
    let sealer = sealer(ALGORITHMS[0], 1);
    let blob = seal(&*sealer, &header(), &entropy(), &EncryptionContext::new(), PLAINTEXT).unwrap();
    let emptied = EncryptionContext::from_iter(std::iter::empty::<(&str, &str)>());
    assert!(open(&*sealer, &blob, &emptied).is_ok());
}

/// Spec: KEY-85, OVR-27
#[test]
fn the_context_is_not_in_the_blob() {
    let context = EncryptionContext::from_iter([("a-rather-long-key", "a-rather-long-value")]);
    let blob = seal(&*sealer(ALGORITHMS[0], 1), &header(), &entropy(), &context, PLAINTEXT).unwrap();
    assert!(!contains(&blob, b"a-rather-long-key") && !contains(&blob, b"a-rather-long-value"));
    assert!(!contains(&blob, PLAINTEXT));
}

/// Spec: MRK-17
#[test]
fn a_blob_depends_on_no_region() {
    // The header is all that a blob says in the clear; none of its members is a Region, so any related key, which
    // shares material, account and key ID, opens it.
    let BlobHeader { algorithm: _, account: _, key_id: _, material_version: _ } = header();
    let [here, there] = [sealer(ALGORITHMS[0], 1), sealer(ALGORITHMS[0], 1)];
    let header = BlobHeader { key_id: multi_region(), ..header() };
    let blob = seal(&*here, &header, &entropy(), &context(), PLAINTEXT).unwrap();
    assert_eq!(open(&*there, &blob, &context()).unwrap().expose(), PLAINTEXT);
}

/// Equal material under another key, version or account opens nothing.
///
/// Spec: MRK-18, OVR-15, ROT-04
#[test]
fn the_header_is_authenticated() {
    let sealer = sealer(ALGORITHMS[0], 1);
    let blob = seal(&*sealer, &header(), &entropy(), &context(), PLAINTEXT).unwrap();
    let others = [
        BlobHeader { key_id: multi_region(), ..header() },
        BlobHeader { key_id: "1234abcd-12ab-34cd-56ef-1234567890ac".parse().unwrap(), ..header() },
        BlobHeader { material_version: 2, ..header() },
        BlobHeader { account: "111122223334".parse().unwrap(), ..header() },
        BlobHeader { algorithm: SealingAlgorithm::Xsm4Gcm, ..header() },
    ];
    for other in others {
        let donor = seal(&*sealer, &other, &entropy(), &context(), PLAINTEXT).unwrap();
        let grafted = [&donor[..BlobHeader::LEN], &blob[BlobHeader::LEN..]].concat();
        assert_eq!(BlobHeader::parse(&grafted), Ok(other));
        assert_eq!(open(&*sealer, &grafted, &context()), Err(HierarchyError::UnauthenticBlob));
    }
}

/// Spec: ROT-03, ASY-58
#[test]
fn another_key_opens_nothing() {
    for algorithm in ALGORITHMS {
        let header = BlobHeader { algorithm, ..header() };
        let blob = seal(&*sealer(algorithm, 1), &header, &entropy(), &context(), PLAINTEXT).unwrap();
        for other in ALGORITHMS {
            let opened = open(&*sealer(other, 2), &blob, &context());
            assert_eq!(opened, Err(HierarchyError::UnauthenticBlob));
            if other != algorithm {
                assert_eq!(open(&*sealer(other, 1), &blob, &context()), Err(HierarchyError::UnauthenticBlob));
            }
        }
    }
}

/// Spec: KEY-87, RUL-11
#[test]
fn every_damage_is_noticed() {
    let sealer = sealer(ALGORITHMS[0], 1);
    let blob = seal(&*sealer, &header(), &entropy(), &context(), PLAINTEXT).unwrap();
    for bytes in damaged(&blob) {
        let error = open(&*sealer, &bytes, &context()).unwrap_err();
        assert!(matches!(error, HierarchyError::MalformedBlob | HierarchyError::UnauthenticBlob), "{error}");
        assert_eq!(BlobHeader::parse(&bytes).is_err(), error == HierarchyError::MalformedBlob);
    }
}

/// Spec: ROT-04
#[test]
fn foreign_bytes_are_not_a_blob() {
    let blob = seal(&*sealer(ALGORITHMS[0], 1), &header(), &entropy(), &context(), b"").unwrap();
    assert!(BlobHeader::parse(&blob).is_ok());
    // Magic, format version, algorithm, account number above twelve digits, unknown form of key ID.
    for (at, byte) in [(0, b'k'), (1, b's'), (2, 0), (2, 2), (3, 0), (3, 5), (4, 0xff), (10, 2)] {
        let mut other = blob.clone();
        other[at] = byte;
        assert_eq!(BlobHeader::parse(&other), Err(HierarchyError::MalformedBlob), "byte {at} is {byte}");
    }
    assert_eq!(BlobHeader::parse(&blob[..blob.len() - 1]), Err(HierarchyError::MalformedBlob));
    assert_eq!(BlobHeader::parse(&[]), Err(HierarchyError::MalformedBlob));
}

/// Two blobs of one plaintext have nothing but the header in common.
///
/// Spec: RUL-11
#[test]
fn nonces_differ() {
    let (sealer, entropy) = (sealer(ALGORITHMS[0], 1), entropy());
    let blob = || seal(&*sealer, &header(), &entropy, &context(), PLAINTEXT).unwrap();
    let (one, other) = (blob(), blob());
    assert_eq!(one[..BlobHeader::LEN], other[..BlobHeader::LEN]);
    assert_ne!(one[BlobHeader::LEN..][..24], other[BlobHeader::LEN..][..24]);
    assert_ne!(one[BlobHeader::LEN + 24..], other[BlobHeader::LEN + 24..]);
}

/// Spec: OVR-15
#[test]
fn without_randomness_nothing_is_sealed() {
    let sealed = seal(&*sealer(ALGORITHMS[0], 1), &header(), &Exhausted, &context(), PLAINTEXT);
    assert_eq!(sealed, Err(HierarchyError::Crypto(CryptoError::Entropy)));
}

proptest! {
    /// Spec: KEY-79, KEY-81
    #[test]
    fn any_plaintext_and_context_come_back(
        plaintext in prop::collection::vec(any::<u8>(), 0..5000),
        pairs in prop::collection::btree_map(".{0,80}", ".{0,200}", 0..8),
        version: u32,
    ) {
        let header = BlobHeader { material_version: version, ..header() };
        let sealer = sealer(ALGORITHMS[0], 1);
        let context = EncryptionContext::from_iter(&pairs);
        let blob = seal(&*sealer, &header, &entropy(), &context, &plaintext).unwrap();
        prop_assert_eq!(BlobHeader::parse(&blob), Ok(header));
        let opened = open(&*sealer, &blob, &context).unwrap();
        prop_assert_eq!(opened.expose(), plaintext);
    }

    /// Spec: KEY-87
    #[test]
    fn arbitrary_bytes_never_open(mut bytes in prop::collection::vec(any::<u8>(), 0..200), begin: bool) {
        if begin && bytes.len() >= 4 {
            bytes[..4].copy_from_slice(b"KS\x01\x01");
        }
        prop_assert!(open(&*sealer(ALGORITHMS[0], 1), &bytes, &EncryptionContext::new()).is_err());
    }
}

fn context() -> EncryptionContext<'static> {
    EncryptionContext::from_iter([("purpose", "backup"), ("tenant", "7")])
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

const PLAINTEXT: &[u8] = b"a plaintext of some length";
const ALGORITHMS: [SealingAlgorithm; 4] = [
    SealingAlgorithm::Xaes256Gcm,
    SealingAlgorithm::Xaes192Gcm,
    SealingAlgorithm::Xaes128Gcm,
    SealingAlgorithm::Xsm4Gcm,
];
