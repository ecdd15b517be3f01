//! SM2: signatures, encryption, key agreement, encodings.

use super::encoding::{self, BIT_STRING, OCTET_STRING, integer, minimal_integer, sequence, tagged};
use super::properties::{flipped, shows};
use super::sm2_vectors::*;
use super::{Suite, array, unhex};
use crate::{
    CryptoError, DigestAlgorithm, EncryptionScheme, KeyPairAlgorithm, Message, PrivateKey, SignatureScheme,
    sm2 as offline,
};

pub(super) fn run(suite: &mut Suite<'_>) {
    let Some(key) = suite.private_key(KeyPairAlgorithm::Sm2, &unhex(PKCS8)) else { return };
    encodings(suite, &*key);
    signatures(suite, &*key);
    signatures_refused(suite, &*key);
    ciphertexts(suite, &*key);
    ciphertexts_refused(suite, &*key);
    private_keys_refused(suite);
    public_keys_refused(suite);
    coordinates_are_reduced(suite);
    for _ in 0..4 {
        generated(suite);
    }
}

fn encodings(suite: &mut Suite<'_>, key: &dyn PrivateKey) {
    suite.report.checks += 4;
    let bare = suite.private_key(KeyPairAlgorithm::Sm2, &unhex(PKCS8_WITHOUT_POINT)).expect("it knows SM2");
    for key in [key, &*bare] {
        assert_eq!(key.to_pkcs8().expect("a key has an encoding").expose(), unhex(PKCS8));
        assert_eq!(key.public().spki(), unhex(SPKI));
        assert_eq!(key.public().algorithm(), KeyPairAlgorithm::Sm2);
        assert!(!shows(&format!("{key:?}"), &unhex(SCALAR)), "`Debug` prints the scalar");
    }
    let point = unhex(SPKI)[26..].to_vec();
    let compressed = [&[2 + point[64] % 2], &point[1..33]].concat();
    let hybrid = [&[6 + point[64] % 2], &point[1..]].concat();
    for point in [&compressed, &hybrid] {
        assert!(suite.private_key(KeyPairAlgorithm::Sm2, &pkcs8(&unhex(SCALAR), Some(point))).is_some());
    }
    // A short scalar is padded, a long one may have zeros in front.
    for (scalar, same) in [(&[1][..], &[0, 1][..]), (&[5; 31], &[&[0], &[5; 31][..]].concat())] {
        let spki = |scalar: &[u8]| {
            let key = suite.provider.private_key(KeyPairAlgorithm::Sm2, &pkcs8(scalar, None));
            key.expect("a short scalar is one").public().spki().to_vec()
        };
        assert_eq!(spki(scalar), spki(same));
        assert_eq!(spki(scalar), spki(&[&[0; 40], scalar].concat()));
    }
    let spki = [&unhex("3039301306072a8648ce3d020106082a811ccf5501822d032200")[..], &compressed].concat();
    let public = suite.provider.public_key(KeyPairAlgorithm::Sm2, &spki).expect("a compressed point is one");
    assert_eq!(public.spki(), unhex(SPKI));
}

fn signatures(suite: &mut Suite<'_>, key: &dyn PrivateKey) {
    for signed in SIGNATURES {
        let (e, signature) = (unhex(signed.e), unhex(signed.signature));
        let default = signed.id.as_bytes() == offline::DEFAULT_ID;
        let raw = key.public().verify(SignatureScheme::Sm2Dsa, Message::Raw(MESSAGE.as_bytes()), &signature);
        assert_eq!(raw.is_ok(), default, "a message is signed with the default ID, not with {}", signed.id);
        assert_eq!(key.public().verify(SignatureScheme::Sm2Dsa, Message::Digest(&e), &signature), Ok(()));
    }
    let signature = unhex(SIGNATURES[0].signature);
    wrong_signature(suite, key, Message::Digest(&unhex(MESSAGE_HASH)), &signature);
    wrong_signature(suite, key, Message::Raw(b"message digest."), &signature);

    let e = unhex(SIGNATURES[0].e);
    for _ in 0..20 {
        suite.report.checks += 1;
        let raw = key.sign(SignatureScheme::Sm2Dsa, Message::Raw(MESSAGE.as_bytes()), &suite.entropy);
        let raw = raw.expect("signing succeeds");
        assert_eq!(key.public().verify(SignatureScheme::Sm2Dsa, Message::Digest(&e), &raw), Ok(()));
        let digest = key.sign(SignatureScheme::Sm2Dsa, Message::Digest(&e), &suite.entropy).expect("signing succeeds");
        let message = Message::Raw(MESSAGE.as_bytes());
        assert_eq!(key.public().verify(SignatureScheme::Sm2Dsa, message, &digest), Ok(()));
        assert!(raw != digest, "a nonce came twice");
        assert!(raw.len() <= 72 && digest.len() <= 72);
    }
    for length in [0, 31, 33, 64] {
        suite.report.checks += 2;
        let digest = vec![7; length];
        let signed = key.sign(SignatureScheme::Sm2Dsa, Message::Digest(&digest), &suite.entropy);
        assert_eq!(signed, Err(CryptoError::InvalidInput), "a digest of {length} bytes");
        let verified = key.public().verify(SignatureScheme::Sm2Dsa, Message::Digest(&digest), &signature);
        assert_eq!(verified, Err(CryptoError::InvalidInput), "a digest of {length} bytes");
    }
    for scheme in [SignatureScheme::Ed25519, SignatureScheme::Ecdsa(DigestAlgorithm::Sm3)] {
        let signed = key.sign(scheme, Message::Raw(b""), &suite.entropy);
        assert_eq!(signed, Err(CryptoError::Unsupported), "{scheme:?} is not for SM2");
    }
}

fn signatures_refused(suite: &mut Suite<'_>, key: &dyn PrivateKey) {
    let message = Message::Raw(MESSAGE.as_bytes());
    let signature = unhex(SIGNATURES[0].signature);
    for bit in 0..8 * signature.len() {
        wrong_signature(suite, key, message, &flipped(&signature, bit));
    }
    for cut in 0..signature.len() {
        wrong_signature(suite, key, message, &signature[..cut]);
    }
    let (r, s) = (&signature[4..37], &signature[39..72]);
    let order = [&[0], &unhex(ORDER)[..]].concat();
    let negated = subtract(&unhex(ORDER), &r[1..]);
    let malformed = [
        [&signature[..], &[0]].concat(),
        // Lengths in BER.
        [&[0x30, 0x81, 0x46], &signature[2..]].concat(),
        [&[0x30, 0x80], &signature[2..], &[0, 0]].concat(),
        // An integer that is not minimal, and one that is negative.
        sequence(&[&integer(&[&[0], r].concat()), &integer(s)]),
        sequence(&[&integer(&r[1..]), &integer(s)]),
        // Out of range.
        sequence(&[&integer(&[0]), &integer(s)]),
        sequence(&[&integer(r), &integer(&[0])]),
        sequence(&[&integer(&order), &integer(s)]),
        sequence(&[&integer(r), &integer(&order)]),
        sequence(&[&integer(r), &integer(&[&[1], &s[1..]].concat())]),
        // (r + s) mod n = 0.
        sequence(&[&integer(r), &minimal_integer(&negated)]),
        // One integer, three, and none.
        sequence(&[&integer(r)]),
        sequence(&[&integer(r), &integer(s), &integer(s)]),
        sequence(&[]),
        // Fixed width.
        [&r[1..], &s[1..]].concat(),
    ];
    for signature in malformed {
        wrong_signature(suite, key, message, &signature);
    }
}

fn ciphertexts(suite: &mut Suite<'_>, key: &dyn PrivateKey) {
    for (ciphertext, plaintext) in
        [(CIPHERTEXT, PLAINTEXT), (CIPHERTEXT_SHORT_X, "keystead"), (CIPHERTEXT_SECOND_NONCE, "A")]
    {
        suite.report.checks += 1;
        let opened = key.decrypt(EncryptionScheme::Sm2Pke, &unhex(ciphertext), &suite.entropy);
        assert_eq!(opened.expect("a published ciphertext decrypts").expose(), plaintext.as_bytes());
    }
    for length in (1..=70).chain([1024, 1025, 2375, 4096, 70_000]) {
        suite.report.checks += 1;
        let plaintext = suite.random(length);
        let sealed = key.public().encrypt(EncryptionScheme::Sm2Pke, &plaintext, &suite.entropy);
        let sealed = sealed.expect("encryption succeeds");
        let opened = key.decrypt(EncryptionScheme::Sm2Pke, &sealed, &suite.entropy).expect("it decrypts again");
        assert_eq!(opened.expose(), plaintext, "{length} bytes");
    }
    // A key stream of one byte is zero once in 256 times: such a ciphertext would show its plaintext.
    for _ in 0..600 {
        suite.report.checks += 1;
        let sealed = key.public().encrypt(EncryptionScheme::Sm2Pke, b"A", &suite.entropy).expect("encryption succeeds");
        assert_ne!(sealed.last(), Some(&b'A'), "the key stream is zero");
    }
    let empty = key.public().encrypt(EncryptionScheme::Sm2Pke, b"", &suite.entropy);
    assert!(empty.is_err(), "nothing hides an empty plaintext");
    let other = key.public().encrypt(EncryptionScheme::RsaOaepSha256, b"A", &suite.entropy);
    assert_eq!(other, Err(CryptoError::Unsupported));
}

fn ciphertexts_refused(suite: &mut Suite<'_>, key: &dyn PrivateKey) {
    let ciphertext = unhex(CIPHERTEXT);
    for bit in 0..8 * ciphertext.len() {
        wrong_ciphertext(suite, key, &flipped(&ciphertext, bit));
    }
    for cut in 0..ciphertext.len() {
        wrong_ciphertext(suite, key, &ciphertext[..cut]);
    }
    let (x, y, hash, text) = (unhex(C1_X), unhex(C1_Y), unhex(C3), unhex(C2));
    let x_integer = minimal_integer(&x);
    let y_integer = minimal_integer(&y);
    let octets = |bytes: &[u8]| tagged(OCTET_STRING, &[bytes]);
    assert_eq!(sequence(&[&x_integer, &y_integer, &octets(&hash), &octets(&text)]), ciphertext);

    let short_x = unhex(CIPHERTEXT_SHORT_X);
    let prime = [&[0], &unhex(PRIME)[..]].concat();
    let wrong_y = [&y[..31], &[0xf1]].concat();
    let refused = [
        unhex(CIPHERTEXT_ZERO_STREAM),
        [&[4], &x[..], &y, &text, &hash].concat(),
        [&[4], &x[..], &y, &hash, &text].concat(),
        // Not on the curve.
        sequence(&[&x_integer, &minimal_integer(&wrong_y), &octets(&hash), &octets(&text)]),
        sequence(&[&integer(&[0]), &integer(&[0]), &octets(&hash), &octets(&text)]),
        sequence(&[&y_integer, &x_integer, &octets(&hash), &octets(&text)]),
        sequence(&[&integer(&prime), &y_integer, &octets(&hash), &octets(&text)]),
        sequence(&[&x_integer, &integer(&[&[1], &y[..]].concat()), &octets(&hash), &octets(&text)]),
        // C1, C2, C3; a hash of another length; no text.
        sequence(&[&x_integer, &y_integer, &octets(&text), &octets(&hash)]),
        sequence(&[&x_integer, &y_integer, &octets(&hash[1..]), &octets(&text)]),
        sequence(&[&x_integer, &y_integer, &octets(&[&hash[..], &[0]].concat()), &octets(&text)]),
        sequence(&[&x_integer, &y_integer, &octets(&hash), &octets(&[])]),
        // Integers that are not minimal, negative, or of fixed width.
        sequence(&[&integer(&[&[0], &x[..]].concat()), &y_integer, &octets(&hash), &octets(&text)]),
        sequence(&[&x_integer, &integer(&y), &octets(&hash), &octets(&text)]),
        [&short_x[..3], &[0x21, 0, 0], &short_x[5..]].concat(),
        // Too much, or lengths in BER.
        [&ciphertext[..], &[0]].concat(),
        [&[0x30, 0x81, 0x7c], &ciphertext[2..]].concat(),
        [&[0x30, 0x80], &ciphertext[2..], &[0, 0]].concat(),
        sequence(&[&x_integer, &y_integer, &octets(&hash), &octets(&text), &integer(&[0])]),
        vec![],
    ];
    for ciphertext in refused {
        wrong_ciphertext(suite, key, &ciphertext);
    }
    let other = suite.generated(KeyPairAlgorithm::Sm2).expect("it knows SM2");
    wrong_ciphertext(suite, &*other, &ciphertext);
}

fn private_keys_refused(suite: &mut Suite<'_>) {
    let order = unhex(ORDER);
    let last = [&order[..31], &[0x22]].concat();
    let point = unhex(SPKI)[26..].to_vec();
    let scalar = unhex(SCALAR);
    let good = unhex(PKCS8_WITHOUT_POINT);
    let mut p256 = pkcs8(&scalar, None);
    p256.splice(9 + 9..9 + 19, unhex("06082a8648ce3d030107"));
    let mut refused = vec![
        pkcs8(&[0; 32], None),
        pkcs8(&[], None),
        pkcs8(&last, None),
        pkcs8(&order, None),
        pkcs8(&[0xff; 32], None),
        pkcs8(&[&[1], &scalar[..]].concat(), None),
        // Points that are not that of the scalar.
        pkcs8(&[1], Some(&point)),
        pkcs8(&scalar, Some(&flipped(&point, 8 * 65 - 8))),
        pkcs8(&scalar, Some(&[0])),
        pkcs8(&scalar, Some(&[&[6 + (point[64] + 1) % 2], &point[1..]].concat())),
        pkcs8(&scalar, Some(&[&[2 + (point[64] + 1) % 2], &point[1..33]].concat())),
        p256,
        [&good[..], &[0]].concat(),
        good[..good.len() - 1].to_vec(),
        unhex(SPKI),
        vec![],
    ];
    // The scalar alone.
    refused.push(scalar);
    for pkcs8 in refused {
        suite.report.checks += 1;
        let made = suite.provider.private_key(KeyPairAlgorithm::Sm2, &pkcs8);
        assert_eq!(made.map(drop), Err(CryptoError::InvalidKey), "{}", hex::encode(pkcs8));
    }
    let largest = subtract(&order, &[&[0; 31][..], &[2]].concat());
    assert!(suite.private_key(KeyPairAlgorithm::Sm2, &pkcs8(&largest, None)).is_some(), "n - 2 is a scalar");
}

fn public_keys_refused(suite: &mut Suite<'_>) {
    let good = unhex(SPKI);
    let mut p256 = good.clone();
    p256.splice(13..23, unhex("06082a8648ce3d030107"));
    let mut hybrid = good.clone();
    hybrid[26] = 7 - good[90] % 2;
    let refused = [
        flipped(&good, 8 * 90),
        [&good[..27], &[0; 64]].concat(),
        [&good[..27], &unhex(PRIME)[..], &good[59..]].concat(),
        unhex("3019301306072a8648ce3d020106082a811ccf5501822d03020000"),
        p256,
        hybrid,
        good[26..].to_vec(),
        [&good[..], &[0]].concat(),
        good[..90].to_vec(),
        unhex(PKCS8),
        vec![],
    ];
    let key = suite.private_key(KeyPairAlgorithm::Sm2, &unhex(PKCS8)).expect("it knows SM2");
    for spki in refused {
        suite.report.checks += 2;
        let made = suite.provider.public_key(KeyPairAlgorithm::Sm2, &spki);
        assert_eq!(made.map(drop), Err(CryptoError::InvalidKey), "{}", hex::encode(&spki));
        assert_eq!(key.agree(&spki), Err(CryptoError::InvalidKey), "agreement with {}", hex::encode(&spki));
    }
}

/// Of the scalar 1 the shared point is C1 itself, so a ciphertext can be written down here, for a point of which the X
/// coordinate could also be written as x + p.
fn coordinates_are_reduced(suite: &mut Suite<'_>) {
    let Some(key) = suite.private_key(KeyPairAlgorithm::Sm2, &pkcs8(&[1], None)) else { return };
    let algorithm = unhex("301306072a8648ce3d020106082a811ccf5501822d");
    let small = (1..=u8::MAX).find_map(|x| {
        let x = [&[0; 31][..], &[x]].concat();
        let compressed = encoding::spki(&algorithm, &[&[2], &x[..]].concat());
        let public = suite.provider.public_key(KeyPairAlgorithm::Sm2, &compressed).ok()?;
        Some((x, public.spki()[59..].to_vec()))
    });
    let (x, y) = small.expect("every other number is the coordinate of a point");
    let large_x = subtract(&unhex(PRIME), &subtract(&[0; 32], &x));

    let text = b"thirty-three bytes of plain text.";
    let hash = suite.digest(DigestAlgorithm::Sm3, &[&x, text, &y]).expect("it knows SM3");
    let stream = [1u8, 2].map(|counter| {
        let block = suite.digest(DigestAlgorithm::Sm3, &[&x, &y, &[0, 0, 0, counter]]);
        block.expect("it knows SM3").as_ref().to_vec()
    });
    let masked: Vec<u8> = text.iter().zip(stream.concat()).map(|(byte, stream)| byte ^ stream).collect();
    let ciphertext = |x: &[u8]| {
        let (hash, text) = (tagged(OCTET_STRING, &[hash.as_ref()]), tagged(OCTET_STRING, &[&masked]));
        sequence(&[&minimal_integer(x), &minimal_integer(&y), &hash, &text])
    };
    let opened = key.decrypt(EncryptionScheme::Sm2Pke, &ciphertext(&x), &suite.entropy);
    assert_eq!(opened.expect("it was made by the book").expose(), text);
    wrong_ciphertext(suite, &*key, &ciphertext(&large_x));

    let spki = |x: &[u8]| encoding::spki(&algorithm, &[&[4], x, &y].concat());
    assert!(suite.provider.public_key(KeyPairAlgorithm::Sm2, &spki(&x)).is_ok());
    let made = suite.provider.public_key(KeyPairAlgorithm::Sm2, &spki(&large_x));
    assert_eq!(made.map(drop), Err(CryptoError::InvalidKey), "a coordinate that is not reduced");
}

/// A key pair of the provider, used in every way and against another.
fn generated(suite: &mut Suite<'_>) {
    suite.report.checks += 5;
    let (Some(key), Some(other)) = (suite.generated(KeyPairAlgorithm::Sm2), suite.generated(KeyPairAlgorithm::Sm2))
    else {
        return;
    };
    assert_ne!(key.public().spki(), other.public().spki());
    let pkcs8 = key.to_pkcs8().expect("a key has an encoding");
    assert_eq!((pkcs8.len(), key.public().spki().len()), (138, 91));
    let again = suite.private_key(KeyPairAlgorithm::Sm2, pkcs8.expose()).expect("it knows SM2");
    assert_eq!(again.public().spki(), key.public().spki());
    let public = suite.provider.public_key(KeyPairAlgorithm::Sm2, key.public().spki()).expect("it reads its own keys");

    let message = suite.random(50);
    let signature =
        key.sign(SignatureScheme::Sm2Dsa, Message::Raw(&message), &suite.entropy).expect("signing succeeds");
    assert_eq!(public.verify(SignatureScheme::Sm2Dsa, Message::Raw(&message), &signature), Ok(()));
    wrong_signature(suite, &*other, Message::Raw(&message), &signature);

    let agreed = key.agree(other.public().spki()).expect("both are on the curve");
    assert_eq!(agreed, other.agree(public.spki()).expect("both are on the curve"));
    assert_eq!(agreed.len(), 32);
    // With the scalar 1 the shared point is the other's public point.
    let one = suite.private_key(KeyPairAlgorithm::Sm2, &self::pkcs8(&[1], None)).expect("it knows SM2");
    assert_eq!(one.agree(key.public().spki()).expect("both are on the curve").expose(), &key.public().spki()[27..59]);
}

fn wrong_signature(suite: &mut Suite<'_>, key: &dyn PrivateKey, message: Message<'_>, signature: &[u8]) {
    suite.report.checks += 1;
    let verdict = key.public().verify(SignatureScheme::Sm2Dsa, message, signature);
    assert_eq!(verdict, Err(CryptoError::Unauthenticated), "signature {}", hex::encode(signature));
}

fn wrong_ciphertext(suite: &mut Suite<'_>, key: &dyn PrivateKey, ciphertext: &[u8]) {
    suite.report.checks += 1;
    let opened = key.decrypt(EncryptionScheme::Sm2Pke, ciphertext, &suite.entropy);
    assert_eq!(opened, Err(CryptoError::Unauthenticated), "ciphertext {}", hex::encode(ciphertext));
}

/// PKCS #8 around an `ECPrivateKey` with these parts.
fn pkcs8(scalar: &[u8], point: Option<&[u8]>) -> Vec<u8> {
    let point = point.map(|point| tagged(0xa1, &[&tagged(BIT_STRING, &[&[0], point])]));
    let inner = sequence(&[&integer(&[1]), &tagged(OCTET_STRING, &[scalar]), &point.unwrap_or_default()]);
    encoding::pkcs8(&unhex("301306072a8648ce3d020106082a811ccf5501822d"), &inner)
}

fn subtract(left: &[u8], right: &[u8]) -> Vec<u8> {
    let [mut left, right]: [[u8; 32]; 2] = [array(left), array(right)];
    let mut borrow = false;
    for (digit, other) in left.iter_mut().zip(right).rev() {
        let (first, under) = digit.overflowing_sub(other);
        let (second, again) = first.overflowing_sub(u8::from(borrow));
        (*digit, borrow) = (second, under | again);
    }
    left.to_vec()
}
