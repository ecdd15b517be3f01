//! The hot path allocates its result and nothing else.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use keystead_crypto::entropy::SystemEntropy;
use keystead_crypto::{DefaultProvider, Provider, SealingAlgorithm};
use keystead_hierarchy::{BlobHeader, EncryptionContext, blob};

/// Spec: KEY-79
#[test]
fn sealing_and_opening_allocate_the_result_only() {
    for algorithm in [SealingAlgorithm::Xaes256Gcm, SealingAlgorithm::Xsm4Gcm] {
        let sealer = DefaultProvider.sealer(algorithm, &vec![1; algorithm.key_len()]).unwrap();
        let header = BlobHeader {
            algorithm,
            account: "111122223333".parse().unwrap(),
            key_id: "1234abcd-12ab-34cd-56ef-1234567890ab".parse().unwrap(),
            material_version: 1,
        };
        let context = || EncryptionContext::from_iter([("purpose", "backup"), ("tenant", "7"), ("x", ""), ("y", "z")]);
        assert_eq!(allocations(|| drop(context())), 0);

        // The first draw of a thread sets up its source of randomness.
        let sealed = blob::seal(&*sealer, &header, &SystemEntropy, &context(), PLAINTEXT).unwrap();
        let sealing = || drop(blob::seal(&*sealer, &header, &SystemEntropy, &context(), PLAINTEXT).unwrap());
        assert_eq!(allocations(sealing), 1);
        assert_eq!(allocations(|| drop(blob::open(&*sealer, &sealed, &context()).unwrap())), 1);
        assert_eq!(allocations(|| assert_eq!(BlobHeader::parse(&sealed), Ok(header))), 0);
    }
}

fn allocations(work: impl FnOnce()) -> u64 {
    allocation_counter::measure(work).count_total
}

const PLAINTEXT: &[u8] = &[7; 4096];
