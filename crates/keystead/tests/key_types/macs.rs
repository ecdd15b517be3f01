//! GenerateMac and VerifyMac.

use crate::support::{World, assert_code, assert_refused};

/// The specs, their algorithms and the lengths of keys and codes.
const SPECS: [(&str, &str, usize); 4] = [
    ("HMAC_224", "HMAC_SHA_224", 28),
    ("HMAC_256", "HMAC_SHA_256", 32),
    ("HMAC_384", "HMAC_SHA_384", 48),
    ("HMAC_512", "HMAC_SHA_512", 64),
];

/// Spec: ASY-60, ASY-61, ASY-62, API-083
#[test]
fn codes_are_whole_and_verify() {
    let world = World::new();
    for (spec, algorithm, length) in SPECS {
        let key = world.typed_key(spec, "GENERATE_VERIFY_MAC");
        world.root.create_alias(format!("alias/{spec}"), &key.id).send().unwrap();
        let made = world.root.generate_mac(format!("alias/{spec}"), b"Hi There").mac_algorithm(algorithm).send();
        let made = made.unwrap().into_inner();
        assert_eq!((made.mac.len(), made.mac_algorithm.as_str()), (length, algorithm));
        assert_eq!(made.key_id.to_string(), key.arn);
        let verify = |message: &[u8], mac: &[u8]| {
            world.root.verify_mac(&key.id, message.to_vec(), mac.to_vec()).mac_algorithm(algorithm).send()
        };
        let valid = verify(b"Hi There", &made.mac).unwrap().into_inner();
        assert!(valid.mac_valid && valid.key_id.to_string() == key.arn && valid.mac_algorithm.as_str() == algorithm);

        let mut flipped = made.mac.clone();
        flipped[0] ^= 1;
        let longer = [&made.mac[..], &[0]].concat();
        for wrong in [&flipped[..], &longer, &made.mac[..length - 1], &[0]] {
            assert_refused(verify(b"Hi There", wrong), "KMSInvalidMacException", "");
        }
        assert_refused(verify(b"hi there", &made.mac), "KMSInvalidMacException", "");
        assert_code(verify(b"Hi There", b""), "ValidationException");
        assert_code(verify(b"Hi There", &[0; 6145]), "ValidationException");
        for (length, fits) in [(0, false), (1, true), (4096, true), (4097, false)] {
            let call = world.root.generate_mac(&key.id, vec![1; length]).mac_algorithm(algorithm);
            assert_eq!(call.send().is_ok(), fits, "{length}");
        }
    }
}

/// Spec: ASY-63, ASY-65
#[test]
fn the_algorithm_is_that_of_the_spec() {
    let world = World::new();
    for (spec, own, _) in SPECS {
        let key = world.typed_key(spec, "GENERATE_VERIFY_MAC");
        for (_, algorithm, _) in SPECS.iter().filter(|(_, algorithm, _)| *algorithm != own) {
            let message = format!("Algorithm {algorithm} is incompatible with key spec {spec}.");
            assert_refused(world.root.generate_mac(&key.id, b"m").mac_algorithm(*algorithm).send(), USAGE, &message);
            let verified = world.root.verify_mac(&key.id, b"m", b"mac").mac_algorithm(*algorithm).send();
            assert_refused(verified, USAGE, &message);
        }
    }
    let symmetric = world.key();
    let message = format!("{} key usage is ENCRYPT_DECRYPT which is not valid for GenerateMac.", symmetric.arn);
    let refused = world.root.generate_mac(&symmetric.id, b"m").mac_algorithm("HMAC_SHA_256").send();
    assert_refused(refused, USAGE, &message);
}

/// Spec: ASY-64
#[test]
fn a_digest_is_a_message_like_any_other() {
    let world = World::new();
    let key = world.typed_key("HMAC_256", "GENERATE_VERIFY_MAC");
    let mac = |message: &[u8]| {
        let call = world.root.generate_mac(&key.id, message.to_vec()).mac_algorithm("HMAC_SHA_256");
        call.send().unwrap().into_inner().mac
    };
    assert_ne!(mac(b"message"), mac(&[7; 32]));
    assert_eq!(mac(&[7; 32]), mac(&[7; 32]));
}

const USAGE: &str = "InvalidKeyUsageException";
