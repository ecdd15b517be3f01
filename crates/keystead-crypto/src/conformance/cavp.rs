//! NIST CAVP: signatures of FIPS 186-3 and FIPS 186-4, right ones and wrong ones.

use super::encoding::{minimal_integer, sequence, spki, tagged};
use super::testdata::{Record, records};
use super::{Suite, unhex};
use crate::{CryptoError, DigestAlgorithm, KeyPairAlgorithm, Message, SignatureScheme};

pub(super) fn run(suite: &mut Suite<'_>) {
    for record in records(include_str!("../../testdata/cavp_ecdsa_sigver.txt")) {
        ecdsa(suite, &record);
    }
    let mut modulus = Vec::new();
    for record in records(include_str!("../../testdata/cavp_rsa_sigver.txt")) {
        modulus = record.find("n").map_or(modulus, unhex);
        rsa(suite, &modulus, &record);
    }
}

fn ecdsa(suite: &mut Suite<'_>, record: &Record<'_>) {
    let (algorithm, curve, hash) = match record.text("curve") {
        "P-256" => (KeyPairAlgorithm::P256, P256, DigestAlgorithm::Sha256),
        "P-384" => (KeyPairAlgorithm::P384, P384, DigestAlgorithm::Sha384),
        "P-521" => (KeyPairAlgorithm::P521, P521, DigestAlgorithm::Sha512),
        other => panic!("`{other}` is not a curve of the suite"),
    };
    let point = [&[4][..], &record.bytes("x"), &record.bytes("y")].concat();
    let key = spki(&sequence(&[&unhex(EC_PUBLIC_KEY), &unhex(curve)]), &point);
    let signature = sequence(&[&minimal_integer(&record.bytes("r")), &minimal_integer(&record.bytes("s"))]);
    let digest = record.bytes("digest");
    verdict(suite, record, (algorithm, &key), SignatureScheme::Ecdsa(hash), Message::Digest(&digest), &signature);
}

fn rsa(suite: &mut Suite<'_>, modulus: &[u8], record: &Record<'_>) {
    let algorithm = match modulus.len() {
        256 => KeyPairAlgorithm::Rsa2048,
        384 => KeyPairAlgorithm::Rsa3072,
        other => panic!("a modulus of {other} bytes"),
    };
    let hash = match record.text("hash") {
        "SHA256" => DigestAlgorithm::Sha256,
        "SHA384" => DigestAlgorithm::Sha384,
        "SHA512" => DigestAlgorithm::Sha512,
        other => panic!("`{other}` is not a hash of the suite"),
    };
    let scheme = match record.text("scheme") {
        "PSS" => SignatureScheme::RsaPss(hash),
        "PKCS1" => SignatureScheme::RsaPkcs1(hash),
        other => panic!("`{other}` is not a scheme of the suite"),
    };
    let numbers = sequence(&[&minimal_integer(modulus), &minimal_integer(&record.bytes("e"))]);
    let key = spki(&sequence(&[&unhex(RSA_ENCRYPTION), &tagged(NULL, &[])]), &numbers);
    let (message, signature) = (record.bytes("message"), record.bytes("signature"));
    verdict(suite, record, (algorithm, &key), scheme, Message::Raw(&message), &signature);
}

/// The published verdict comes out. Some records fail for their key; such a one may be refused as a key.
fn verdict(
    suite: &mut Suite<'_>,
    record: &Record<'_>,
    (algorithm, spki): (KeyPairAlgorithm, &[u8]),
    scheme: SignatureScheme,
    message: Message<'_>,
    signature: &[u8],
) {
    let key = match suite.provider.public_key(algorithm, spki) {
        Err(CryptoError::InvalidKey) if !record.passes() => return,
        made => suite.known(&algorithm, made),
    };
    let Some(key) = key else { return };
    suite.report.checks += 1;
    let expected = if record.passes() { Ok(()) } else { Err(CryptoError::Unauthenticated) };
    let verdict = key.verify(scheme, message, signature);
    assert_eq!(verdict, expected, "{scheme:?}: CAVP signature {}", hex::encode(signature));
}

/// Object identifiers with their tag: RFC 5480, section 2.1.1; RFC 8017, appendix A.1.
const EC_PUBLIC_KEY: &str = "06072a8648ce3d0201";
const P256: &str = "06082a8648ce3d030107";
const P384: &str = "06052b81040022";
const P521: &str = "06052b81040023";
const RSA_ENCRYPTION: &str = "06092a864886f70d010101";

const NULL: u8 = 0x05;
