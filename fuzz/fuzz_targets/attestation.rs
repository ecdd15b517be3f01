//! Attestation documents: any bytes may come from a caller, and only what the authority signed verifies.
#![no_main]

use std::sync::OnceLock;

use arbitrary::Arbitrary;
use keystead_attestation::testing::{PROTECTED_ES384, TestAuthority};
use keystead_attestation::{AttestationDocument, TrustAnchors};
use keystead_crypto::{DefaultProvider, entropy::SeededEntropy};
use keystead_types::Timestamp;
use libfuzzer_sys::fuzz_target;

/// A real public key: documents without one do not verify.
const KEY: &[u8] = include_bytes!("../keys/recipient.der");
const PROVIDER: DefaultProvider = DefaultProvider::new();

#[derive(Arbitrary, Debug)]
enum Input {
    /// Whatever a caller may send.
    Bytes(Vec<u8>),
    /// A payload that the authority signs, to come past the signature.
    Payload(Vec<u8>),
    /// A good document with a change.
    Changed { at: usize, with: u8 },
    /// A certificate in the place of the root, trusted.
    Certificate(Vec<u8>),
}

struct World {
    authority: TestAuthority,
    anchors: TrustAnchors,
    now: Timestamp,
    good: Vec<u8>,
}

fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| {
        let entropy = SeededEntropy::new(1);
        let now = Timestamp::from_millis(1_790_000_000_000).expect("in range");
        let authority = TestAuthority::generate(&PROVIDER, &entropy, now).expect("an authority");
        let anchors = authority.trust_anchors().expect("a root").with_indefinite_maps();
        let good = authority.document(now).public_key(KEY).sign(&entropy).expect("a document");
        assert!(AttestationDocument::verify(&good, &anchors, &PROVIDER, now).is_ok());
        World { authority, anchors, now, good }
    })
}

fuzz_target!(|input: Input| {
    let world = world();
    let verify = |bytes: &[u8]| AttestationDocument::verify(bytes, &world.anchors, &PROVIDER, world.now);
    match input {
        Input::Bytes(bytes) => assert!(verify(&bytes).is_err(), "nobody signed this"),
        Input::Payload(payload) => {
            let signed =
                world.authority.sign(PROTECTED_ES384, &payload, &SeededEntropy::new(2)).expect("signing works");
            if let Ok(verified) = verify(&signed) {
                assert!(!verified.module_id().is_empty());
                for (key, value) in verified.condition_values() {
                    assert_eq!(verified.condition_value(&key), Some(value));
                }
            }
        }
        Input::Changed { at, with } => {
            let mut changed = world.good.clone();
            changed[at % world.good.len()] ^= with;
            assert_eq!(verify(&changed).is_ok(), with == 0, "a changed document");
        }
        Input::Certificate(der) => {
            let _ = TrustAnchors::new().with_certificate(&der);
        }
    }
});
