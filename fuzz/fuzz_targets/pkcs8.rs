//! Private keys: any bytes may be imported, and what is read writes itself again.
#![no_main]

use keystead_crypto::{DefaultProvider, KeyPairAlgorithm, Provider, ber};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|pkcs8: &[u8]| {
    if let Ok(der) = ber::to_der(pkcs8) {
        assert!(der.len() <= pkcs8.len());
        assert_eq!(ber::to_der(der.expose()).expect("DER is BER"), der);
    }
    let recognized = KeyPairAlgorithm::of_pkcs8(pkcs8);
    for algorithm in KeyPairAlgorithm::ALL {
        // Tests for primes would take all the time.
        let Ok(key) = DefaultProvider.trusted_private_key(algorithm, pkcs8) else { continue };
        assert_eq!(recognized, Some(algorithm), "a key of one kind is read as another");
        let written = key.to_pkcs8().expect("a key has an encoding");
        let again = DefaultProvider.trusted_private_key(algorithm, written.expose()).expect("what it writes, it reads");
        assert_eq!(again.public().spki(), key.public().spki());
        assert_eq!(again.to_pkcs8().expect("a key has an encoding"), written);
    }
});
