//! Public keys: any bytes may be a peer's, and what is read writes itself again.
#![no_main]

use keystead_crypto::{DefaultProvider, KeyPairAlgorithm, Provider};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|spki: &[u8]| {
    let recognized = KeyPairAlgorithm::of_spki(spki);
    for algorithm in KeyPairAlgorithm::ALL {
        let Ok(key) = DefaultProvider.public_key(algorithm, spki) else { continue };
        assert_eq!(recognized, Some(algorithm), "a key of one kind is read as another");
        assert_eq!(key.algorithm(), algorithm);
        let again = DefaultProvider.public_key(algorithm, key.spki()).expect("what it writes, it reads");
        assert_eq!(again.spki(), key.spki());
    }
});
