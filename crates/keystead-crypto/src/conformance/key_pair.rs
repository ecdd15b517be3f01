//! What holds for every kind of key pair: encodings, and what each key refuses.

use super::properties::{flipped, shows};
use super::{Suite, unhex};
use crate::{
    CryptoError, DigestAlgorithm, EncryptionScheme, KeyPairAlgorithm, Message, PrivateKey, SignatureScheme, ber,
};

pub(super) fn run(suite: &mut Suite<'_>) {
    for kind in KINDS {
        let Some(key) = suite.generated(kind.algorithm) else { continue };
        public_encoding(suite, kind, &*key);
        private_encoding(suite, kind, &*key);
        looser_encodings(suite, kind, &*key);
        for &scheme in kind.signatures {
            signatures(suite, kind, &*key, scheme);
        }
        for &scheme in kind.encryption {
            ciphertexts(suite, kind, &*key, scheme);
        }
        unsupported(suite, kind, &*key);
    }
    for fixed in RE_ENCODED {
        let spki = unhex(fixed.spki);
        for pkcs8 in fixed.pkcs8 {
            let Some(key) = suite.private_key(fixed.algorithm, &unhex(pkcs8)) else { continue };
            assert_eq!(key.public().spki(), spki, "{:?}: {pkcs8}", fixed.algorithm);
        }
    }
    for (why, algorithm, pkcs8) in REFUSED {
        let made = suite.provider.private_key(algorithm, &unhex(pkcs8));
        refused(suite, algorithm, why, made.map(drop));
    }
}

/// A kind of key and what it can do.
struct Kind {
    algorithm: KeyPairAlgorithm,
    /// Bytes of its SubjectPublicKeyInfo (chapter 30, section 2.2).
    spki_len: usize,
    signatures: &'static [SignatureScheme],
    encryption: &'static [EncryptionScheme],
}

fn public_encoding(suite: &mut Suite<'_>, kind: &Kind, key: &dyn PrivateKey) {
    let (algorithm, spki) = (kind.algorithm, key.public().spki());
    assert_eq!(spki.len(), kind.spki_len, "{algorithm:?}: length of the SubjectPublicKeyInfo");
    assert_eq!(key.public().algorithm(), algorithm);
    assert_eq!(KeyPairAlgorithm::of_spki(spki), Some(algorithm));
    let public = suite.public_key(algorithm, spki).expect("what it makes, it reads");
    assert_eq!(public.spki(), spki, "{algorithm:?}");
    assert_eq!(public.algorithm(), algorithm);

    for length in 0..spki.len() {
        let made = suite.provider.public_key(algorithm, &spki[..length]);
        refused(suite, algorithm, "a part of a SubjectPublicKeyInfo", made.map(drop));
    }
    let made = suite.provider.public_key(algorithm, &[spki, &[0]].concat());
    refused(suite, algorithm, "a byte behind the SubjectPublicKeyInfo", made.map(drop));
    for bit in 0..8 * spki.len() {
        suite.report.checks += 1;
        let changed = flipped(spki, bit);
        match suite.provider.public_key(algorithm, &changed) {
            // Another key, or another form of the same point.
            Ok(key) => assert!(key.spki() == changed || key.spki() == spki, "{algorithm:?}: bit {bit} was ignored"),
            Err(error) => assert_eq!(error, CryptoError::InvalidKey, "{algorithm:?}: bit {bit}"),
        }
    }
    for other in KeyPairAlgorithm::ALL.into_iter().filter(|&other| other != algorithm) {
        let made = suite.provider.public_key(other, spki);
        refused(suite, other, "a public key of another kind", made.map(drop));
    }
}

fn private_encoding(suite: &mut Suite<'_>, kind: &Kind, key: &dyn PrivateKey) {
    let algorithm = kind.algorithm;
    let pkcs8 = key.to_pkcs8().expect("a key has an encoding");
    let bytes = pkcs8.expose();
    assert_eq!(KeyPairAlgorithm::of_pkcs8(bytes), Some(algorithm));
    assert_eq!(ber::to_der(bytes).as_ref(), Ok(&pkcs8), "{algorithm:?}: PKCS #8 is written as DER");
    assert!(!shows(&format!("{key:?}"), bytes), "{algorithm:?}: `Debug` prints the key");
    let read = suite.private_key(algorithm, bytes).expect("what it makes, it reads");
    let trusted = suite.provider.trusted_private_key(algorithm, bytes).expect("what it makes, it trusts");
    for again in [read, trusted] {
        assert_eq!(again.to_pkcs8().expect("a key has an encoding"), pkcs8, "{algorithm:?}: the key has changed");
        assert_eq!(again.public().spki(), key.public().spki(), "{algorithm:?}");
    }
    for length in 0..bytes.len() {
        let made = suite.provider.private_key(algorithm, &bytes[..length]);
        refused(suite, algorithm, "a part of a private key", made.map(drop));
    }
    let made = suite.provider.private_key(algorithm, &[bytes, &[0]].concat());
    refused(suite, algorithm, "a byte behind the private key", made.map(drop));
    for other in KeyPairAlgorithm::ALL.into_iter().filter(|&other| other != algorithm) {
        let made = suite.provider.private_key(other, bytes);
        refused(suite, other, "a private key of another kind", made.map(drop));
    }
    // Few bits of a long key: each may cost a test for primes.
    let step = if bytes.len() > 300 { 8 * bytes.len() / 20 } else { 3 };
    for bit in (0..8 * bytes.len()).step_by(step) {
        suite.report.checks += 1;
        if let Err(error) = suite.provider.private_key(algorithm, &flipped(bytes, bit)) {
            assert_eq!(error, CryptoError::InvalidKey, "{algorithm:?}: bit {bit}");
        }
    }
}

/// BER as other tools write it (IMP-29).
fn looser_encodings(suite: &mut Suite<'_>, kind: &Kind, key: &dyn PrivateKey) {
    let algorithm = kind.algorithm;
    let pkcs8 = key.to_pkcs8().expect("a key has an encoding");
    let bytes = pkcs8.expose();
    let header = if bytes[1] < 0x80 { 2 } else { 2 + usize::from(bytes[1] & 0x7f) };
    let contents = &bytes[header..];
    let length = contents.len() as u32;
    let indefinite = [&[0x30, 0x80], contents, &[0, 0]].concat();
    let long = [&[0x30, 0x84], &length.to_be_bytes()[..], contents].concat();
    for looser in [&indefinite, &long] {
        let read = suite.private_key(algorithm, looser).expect("BER is read");
        assert_eq!(read.to_pkcs8().expect("a key has an encoding"), pkcs8, "{algorithm:?}: BER is another key");
        assert_eq!(KeyPairAlgorithm::of_pkcs8(looser), Some(algorithm));
    }
    for wrong in [&indefinite[..indefinite.len() - 1], &indefinite[..indefinite.len() - 2], &[&long[..], &[0]].concat()]
    {
        let made = suite.provider.private_key(algorithm, wrong);
        refused(suite, algorithm, "malformed BER", made.map(drop));
    }
}

fn signatures(suite: &mut Suite<'_>, kind: &Kind, key: &dyn PrivateKey, scheme: SignatureScheme) {
    let algorithm = kind.algorithm;
    let message = suite.random(100);
    let raw = Message::Raw(&message);
    let signature = key.sign(scheme, raw, &suite.entropy).expect("signing succeeds");
    let public = suite.public_key(algorithm, key.public().spki()).expect("what it makes, it reads");
    assert_eq!(key.public().verify(scheme, raw, &signature), Ok(()), "{algorithm:?}, {scheme:?}");
    assert_eq!(public.verify(scheme, raw, &signature), Ok(()), "{algorithm:?}, {scheme:?}");

    let wrong = |suite: &mut Suite<'_>, what: &str, message: Message<'_>, signature: &[u8]| {
        suite.report.checks += 1;
        let verdict = public.verify(scheme, message, signature);
        assert_eq!(verdict, Err(CryptoError::Unauthenticated), "{algorithm:?}, {scheme:?}: {what}");
    };
    wrong(suite, "another message", Message::Raw(&message[1..]), &signature);
    wrong(suite, "no message", Message::Raw(&[]), &signature);
    wrong(suite, "a byte behind the signature", raw, &[&signature[..], &[0]].concat());
    wrong(suite, "a byte before the signature", raw, &[&[0], &signature[..]].concat());
    for length in (0..signature.len()).step_by(1 + signature.len() / 50) {
        wrong(suite, "a part of the signature", raw, &signature[..length]);
    }
    // All bits of the short ones, which are DER.
    let step = if signature.len() > 200 { 41 } else { 1 };
    for bit in (0..8 * signature.len()).step_by(step) {
        wrong(suite, "a changed signature", raw, &flipped(&signature, bit));
    }
    if let Some(hash) = hash_of(scheme) {
        let Some(digest) = suite.digest(hash, &[&message]) else { return };
        let digest = digest.as_ref();
        assert_eq!(public.verify(scheme, Message::Digest(digest), &signature), Ok(()), "{algorithm:?}, {scheme:?}");
        let signed = key.sign(scheme, Message::Digest(digest), &suite.entropy).expect("signing succeeds");
        assert_eq!(public.verify(scheme, raw, &signed), Ok(()), "{algorithm:?}, {scheme:?}");
        wrong(suite, "a digest hashed again", Message::Raw(digest), &signature);
        wrong(suite, "another digest", Message::Digest(&flipped(digest, 0)), &signature);
        // Deterministic for PKCS #1 v1.5 (ASY-31); of the others nothing is promised.
        if let SignatureScheme::RsaPkcs1(_) = scheme {
            assert_eq!(signed, signature, "{algorithm:?}, {scheme:?}");
        }
    }
    for length in [0, 20, 28, 31, 32, 33, 48, 63, 64, 65, 128] {
        let digest = vec![7; length];
        if digest_len(scheme).is_none_or(|expected| expected != length) {
            let expected =
                if digest_len(scheme).is_some() { CryptoError::InvalidInput } else { CryptoError::Unsupported };
            let signed = key.sign(scheme, Message::Digest(&digest), &suite.entropy);
            assert_eq!(signed, Err(expected), "{algorithm:?}, {scheme:?}: digest of {length} bytes");
            let verdict = public.verify(scheme, Message::Digest(&digest), &signature);
            assert_eq!(verdict, Err(expected), "{algorithm:?}, {scheme:?}: digest of {length} bytes");
        }
    }
    let external_mu = Message::ExternalMu(&[7; 64]);
    assert_eq!(key.sign(scheme, external_mu, &suite.entropy), Err(CryptoError::Unsupported), "{algorithm:?}");
    assert_eq!(public.verify(scheme, external_mu, &signature), Err(CryptoError::Unsupported), "{algorithm:?}");
    // Slow to make, so only those that are not.
    if !matches!(algorithm, KeyPairAlgorithm::Rsa3072 | KeyPairAlgorithm::Rsa4096) {
        let other = suite.generated(algorithm).expect("it has made one before");
        let verdict = other.public().verify(scheme, raw, &signature);
        assert_eq!(verdict, Err(CryptoError::Unauthenticated), "{algorithm:?}, {scheme:?}: another key");
    }
}

fn ciphertexts(suite: &mut Suite<'_>, kind: &Kind, key: &dyn PrivateKey, scheme: EncryptionScheme) {
    let algorithm = kind.algorithm;
    let Some(&(_, _, longest)) = OAEP_LIMITS.iter().find(|row| (row.0, row.1) == (algorithm, scheme)) else { return };
    let public = suite.public_key(algorithm, key.public().spki()).expect("what it makes, it reads");
    for length in [0, 1, 32, longest - 1, longest] {
        suite.report.checks += 1;
        let plaintext = suite.random(length);
        let ciphertext = public.encrypt(scheme, &plaintext, &suite.entropy).expect("a short plaintext fits");
        let opened = key.decrypt(scheme, &ciphertext, &suite.entropy).expect("an untouched ciphertext opens");
        assert_eq!(opened.expose(), plaintext, "{algorithm:?}, {scheme:?}: {length} bytes");
        let again = public.encrypt(scheme, &plaintext, &suite.entropy).expect("a short plaintext fits");
        assert!(again != ciphertext, "{algorithm:?}, {scheme:?}: a seed came twice");
    }
    for length in [longest + 1, 4096] {
        let encrypted = public.encrypt(scheme, &vec![1; length], &suite.entropy);
        assert_eq!(encrypted, Err(CryptoError::InputTooLong), "{algorithm:?}, {scheme:?}: {length} bytes");
    }
    let ciphertext = public.encrypt(scheme, b"secret", &suite.entropy).expect("a short plaintext fits");
    let mut wrong = |what: &str, scheme: EncryptionScheme, ciphertext: &[u8]| {
        suite.report.checks += 1;
        let opened = key.decrypt(scheme, ciphertext, &suite.entropy);
        assert_eq!(opened, Err(CryptoError::Unauthenticated), "{algorithm:?}, {scheme:?}: {what}");
    };
    for bit in (0..8 * ciphertext.len()).step_by(8 * ciphertext.len() / 20) {
        wrong("a changed ciphertext", scheme, &flipped(&ciphertext, bit));
    }
    wrong("the last bit changed", scheme, &flipped(&ciphertext, 8 * ciphertext.len() - 1));
    wrong("no ciphertext", scheme, &[]);
    wrong("a part of the ciphertext", scheme, &ciphertext[1..]);
    wrong("a longer ciphertext", scheme, &[&[0], &ciphertext[..]].concat());
    wrong("a number that is too large", scheme, &vec![0xff; ciphertext.len()]);
    wrong("zero", scheme, &vec![0; ciphertext.len()]);
    for &other in kind.encryption.iter().filter(|&&other| other != scheme) {
        wrong("another scheme", other, &ciphertext);
    }
}

/// What is not one of the schemes of the key is `Unsupported`.
fn unsupported(suite: &mut Suite<'_>, kind: &Kind, key: &dyn PrivateKey) {
    let algorithm = kind.algorithm;
    let (raw, entropy) = (Message::Raw(b"message"), &suite.entropy);
    let every = DigestAlgorithm::ALL.into_iter().flat_map(|hash| {
        [SignatureScheme::RsaPss(hash), SignatureScheme::RsaPkcs1(hash), SignatureScheme::Ecdsa(hash)]
    });
    let others =
        [SignatureScheme::Sm2Dsa, SignatureScheme::Ed25519, SignatureScheme::Ed25519Ph, SignatureScheme::MlDsa];
    for scheme in every.chain(others).filter(|scheme| !kind.signatures.contains(scheme)) {
        suite.report.checks += 2;
        assert_eq!(key.sign(scheme, raw, entropy), Err(CryptoError::Unsupported), "{algorithm:?}: {scheme:?}");
        let verdict = key.public().verify(scheme, raw, &[1; 64]);
        assert_eq!(verdict, Err(CryptoError::Unsupported), "{algorithm:?}: {scheme:?}");
    }
    let every = [EncryptionScheme::RsaOaepSha1, EncryptionScheme::RsaOaepSha256, EncryptionScheme::Sm2Pke];
    for scheme in every.into_iter().filter(|scheme| !kind.encryption.contains(scheme)) {
        suite.report.checks += 2;
        let encrypted = key.public().encrypt(scheme, b"secret", entropy);
        assert_eq!(encrypted, Err(CryptoError::Unsupported), "{algorithm:?}: {scheme:?}");
        assert_eq!(key.decrypt(scheme, &[1; 256], entropy), Err(CryptoError::Unsupported), "{algorithm:?}: {scheme:?}");
    }
    if !AGREEING.contains(&algorithm) {
        assert_eq!(key.agree(key.public().spki()), Err(CryptoError::Unsupported), "{algorithm:?}");
    }
    assert_eq!(key.decapsulate(&[1; 768]), Err(CryptoError::Unsupported), "{algorithm:?}");
    assert!(matches!(key.public().encapsulate(entropy), Err(CryptoError::Unsupported)), "{algorithm:?}");
}

fn refused(suite: &mut Suite<'_>, algorithm: KeyPairAlgorithm, what: &str, made: Result<(), CryptoError>) {
    suite.report.checks += 1;
    match made {
        Err(CryptoError::InvalidKey | CryptoError::Unsupported) => {}
        made => panic!("{algorithm:?}: {what} gave {made:?}"),
    }
}

/// The hash that a scheme applies to a raw message and to nothing else.
fn hash_of(scheme: SignatureScheme) -> Option<DigestAlgorithm> {
    match scheme {
        SignatureScheme::RsaPss(hash) | SignatureScheme::RsaPkcs1(hash) | SignatureScheme::Ecdsa(hash) => Some(hash),
        _ => None,
    }
}

fn digest_len(scheme: SignatureScheme) -> Option<usize> {
    match scheme {
        SignatureScheme::Ed25519Ph => Some(64),
        SignatureScheme::Sm2Dsa => Some(32),
        scheme => hash_of(scheme).map(DigestAlgorithm::output_len),
    }
}

const KINDS: &[Kind] = &[
    Kind { algorithm: KeyPairAlgorithm::Rsa2048, spki_len: 294, signatures: RSA, encryption: OAEP },
    Kind { algorithm: KeyPairAlgorithm::Rsa3072, spki_len: 422, signatures: RSA, encryption: OAEP },
    Kind { algorithm: KeyPairAlgorithm::Rsa4096, spki_len: 550, signatures: RSA, encryption: OAEP },
    Kind {
        algorithm: KeyPairAlgorithm::P256,
        spki_len: 91,
        signatures: &[SignatureScheme::Ecdsa(DigestAlgorithm::Sha256)],
        encryption: &[],
    },
    Kind {
        algorithm: KeyPairAlgorithm::P384,
        spki_len: 120,
        signatures: &[SignatureScheme::Ecdsa(DigestAlgorithm::Sha384)],
        encryption: &[],
    },
    Kind {
        algorithm: KeyPairAlgorithm::P521,
        spki_len: 158,
        signatures: &[SignatureScheme::Ecdsa(DigestAlgorithm::Sha512)],
        encryption: &[],
    },
    Kind {
        algorithm: KeyPairAlgorithm::Secp256k1,
        spki_len: 88,
        signatures: &[SignatureScheme::Ecdsa(DigestAlgorithm::Sha256)],
        encryption: &[],
    },
    Kind {
        algorithm: KeyPairAlgorithm::Ed25519,
        spki_len: 44,
        signatures: &[SignatureScheme::Ed25519, SignatureScheme::Ed25519Ph],
        encryption: &[],
    },
    Kind {
        algorithm: KeyPairAlgorithm::Sm2,
        spki_len: 91,
        signatures: &[SignatureScheme::Sm2Dsa],
        encryption: &[EncryptionScheme::Sm2Pke],
    },
];

/// Kinds whose keys agree on secrets (chapter 30, section 19).
const AGREEING: [KeyPairAlgorithm; 4] =
    [KeyPairAlgorithm::P256, KeyPairAlgorithm::P384, KeyPairAlgorithm::P521, KeyPairAlgorithm::Sm2];

const RSA: &[SignatureScheme] = &[
    SignatureScheme::RsaPss(DigestAlgorithm::Sha256),
    SignatureScheme::RsaPss(DigestAlgorithm::Sha384),
    SignatureScheme::RsaPss(DigestAlgorithm::Sha512),
    SignatureScheme::RsaPkcs1(DigestAlgorithm::Sha256),
    SignatureScheme::RsaPkcs1(DigestAlgorithm::Sha384),
    SignatureScheme::RsaPkcs1(DigestAlgorithm::Sha512),
];

const OAEP: &[EncryptionScheme] = &[EncryptionScheme::RsaOaepSha1, EncryptionScheme::RsaOaepSha256];

/// Bytes of the longest plaintext (chapter 30, section 3).
const OAEP_LIMITS: [(KeyPairAlgorithm, EncryptionScheme, usize); 6] = [
    (KeyPairAlgorithm::Rsa2048, EncryptionScheme::RsaOaepSha1, 214),
    (KeyPairAlgorithm::Rsa2048, EncryptionScheme::RsaOaepSha256, 190),
    (KeyPairAlgorithm::Rsa3072, EncryptionScheme::RsaOaepSha1, 342),
    (KeyPairAlgorithm::Rsa3072, EncryptionScheme::RsaOaepSha256, 318),
    (KeyPairAlgorithm::Rsa4096, EncryptionScheme::RsaOaepSha1, 470),
    (KeyPairAlgorithm::Rsa4096, EncryptionScheme::RsaOaepSha256, 446),
];

/// One key in several encodings.
struct ReEncoded {
    algorithm: KeyPairAlgorithm,
    spki: &'static str,
    pkcs8: &'static [&'static str],
}

/// The key of RFC 6979, A.2.5, in the encodings of chapter 32, section 11.3, and in some more.
const RE_ENCODED: [ReEncoded; 1] = [ReEncoded {
    algorithm: KeyPairAlgorithm::P256,
    spki: "3059301306072a8648ce3d020106082a8648ce3d0301070342000460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce6\
           69622e60f29fb67903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299",
    pkcs8: &[
        // DER, with the public point.
        "308187020100301306072a8648ce3d020106082a8648ce3d030107046d306b0201010420c9afa9d845ba75166b5c215767b1d6934e50\
         c3db36e89b127b8a622b120f6721a1440342000460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb679\
         03fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299",
        // The outer SEQUENCE of indefinite length.
        "3080020100301306072a8648ce3d020106082a8648ce3d030107046d306b0201010420c9afa9d845ba75166b5c215767b1d6934e50c3\
         db36e89b127b8a622b120f6721a1440342000460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb67903\
         fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d44622990000",
        // Without the public point.
        "3041020100301306072a8648ce3d020106082a8648ce3d0301070427302502010104\
         20c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721",
        // Strings in pieces of pieces, and lengths that are not told.
        "3080020100301306072a8648ce3d020106082a8648ce3d03010724800417308002010124800410c9afa9d845ba75166b5c21\
         5767b1241e0411d693040a4e50c3db36e89b127b8a04066204092b120f67210000000000000000",
        // The curve named again inside, and a compressed point.
        "3073020100301306072a8648ce3d020106082a8648ce3d030107045930570201010420c9afa9d845ba75166b5c215767b1d6\
         934e50c3db36e89b127b8a622b120f6721a00a06082a8648ce3d030107a1240322000360fed4ba255a9d31c961eb74c6356d\
         68c049b8923b61fa6ce669622e60f29fb6",
        // A scalar with zeros in front, and a hybrid point.
        "308189020100301306072a8648ce3d020106082a8648ce3d030107046f306d02010104220000c9afa9d845ba75166b5c2157\
         67b1d6934e50c3db36e89b127b8a622b120f6721a1440342000760fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6c\
         e669622e60f29fb67903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299",
        // A public point in two pieces.
        "30818c020100301306072a8648ce3d020106082a8648ce3d030107047230700201010420c9afa9d845ba75166b5c215767b1\
         d6934e50c3db36e89b127b8a622b120f6721a14923470322000460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6c\
         e669622e60f29fb60321007903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299",
        // With an empty set of attributes.
        "3043020100301306072a8648ce3d020106082a8648ce3d030107042730250201010420c9afa9d845ba75166b5c215767b1d6\
         934e50c3db36e89b127b8a622b120f6721a000",
        // Version 1 with the public key behind.
        "308185020101301306072a8648ce3d020106082a8648ce3d030107042730250201010420c9afa9d845ba75166b5c215767b1\
         d6934e50c3db36e89b127b8a622b120f67218142000460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e\
         60f29fb67903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299",
    ],
}];

/// Private keys that are wrong in one way (IMP-30, IMP-33).
const REFUSED: [(&str, KeyPairAlgorithm, &str); 16] = [
    (
        "a scalar of zero",
        KeyPairAlgorithm::P256,
        "3041020100301306072a8648ce3d020106082a8648ce3d030107042730250201010420000000000000000000000000000000\
         0000000000000000000000000000000000",
    ),
    (
        "the order as scalar",
        KeyPairAlgorithm::P256,
        "3041020100301306072a8648ce3d020106082a8648ce3d030107042730250201010420ffffffff00000000ffffffffffffff\
         ffbce6faada7179e84f3b9cac2fc632551",
    ),
    (
        "a scalar with something in front",
        KeyPairAlgorithm::P256,
        "3042020100301306072a8648ce3d020106082a8648ce3d03010704283026020101042101c9afa9d845ba75166b5c215767b1\
         d6934e50c3db36e89b127b8a622b120f6721",
    ),
    (
        "a public point of another key",
        KeyPairAlgorithm::P256,
        "308187020100301306072a8648ce3d020106082a8648ce3d030107046d306b0201010420c9afa9d845ba75166b5c215767b1\
         d6934e50c3db36e89b127b8a622b120f6720a1440342000460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669\
         622e60f29fb67903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299",
    ),
    (
        "a public point that is not on the curve",
        KeyPairAlgorithm::P256,
        "308187020100301306072a8648ce3d020106082a8648ce3d030107046d306b0201010420c9afa9d845ba75166b5c215767b1\
         d6934e50c3db36e89b127b8a622b120f6721a1440342000460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669\
         622e60f29fb67903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d446229a",
    ),
    (
        "a hybrid point of the wrong sign",
        KeyPairAlgorithm::P256,
        "308187020100301306072a8648ce3d020106082a8648ce3d030107046d306b0201010420c9afa9d845ba75166b5c215767b1\
         d6934e50c3db36e89b127b8a622b120f6721a1440342000660fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669\
         622e60f29fb67903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299",
    ),
    (
        "another curve inside",
        KeyPairAlgorithm::P256,
        "304d020100301306072a8648ce3d020106082a8648ce3d030107043330310201010420c9afa9d845ba75166b5c215767b1d6\
         934e50c3db36e89b127b8a622b120f6721a00a06082a8648ce3d030101",
    ),
    (
        "a curve by its parameters",
        KeyPairAlgorithm::P256,
        "3082011b0201003081ec06072a8648ce3d02013081e0020101302c06072a8648ce3d0101022100ffffffff00000001000000\
         000000000000000000ffffffffffffffffffffffff30440420ffffffff00000001000000000000000000000000ffffffffff\
         fffffffffffffc04205ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b0441046b17d1f2e12c\
         4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ece\
         cbb6406837bf51f5022100ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc63255102010104273025\
         0201010420c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721",
    ),
    (
        "a curve by its parameters inside",
        KeyPairAlgorithm::P256,
        "3082012b020100301306072a8648ce3d020106082a8648ce3d0301070482010f3082010b0201010420c9afa9d845ba75166b\
         5c215767b1d6934e50c3db36e89b127b8a622b120f6721a081e33081e0020101302c06072a8648ce3d0101022100ffffffff\
         00000001000000000000000000000000ffffffffffffffffffffffff30440420ffffffff0000000100000000000000000000\
         0000fffffffffffffffffffffffc04205ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b0441\
         046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162b\
         ce33576b315ececbb6406837bf51f5022100ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551\
         020101",
    ),
    (
        "version 0 with a public key behind",
        KeyPairAlgorithm::P256,
        "308185020100301306072a8648ce3d020106082a8648ce3d030107042730250201010420c9afa9d845ba75166b5c215767b1\
         d6934e50c3db36e89b127b8a622b120f67218142000460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e\
         60f29fb67903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299",
    ),
    (
        "version 1 with another public key behind",
        KeyPairAlgorithm::P256,
        "308185020101301306072a8648ce3d020106082a8648ce3d030107042730250201010420c9afa9d845ba75166b5c215767b1\
         d6934e50c3db36e89b127b8a622b120f67208142000460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e\
         60f29fb67903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299",
    ),
    (
        "SEC 1 without PKCS #8",
        KeyPairAlgorithm::P256,
        "30310201010420c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721a00a06082a8648ce3d0301\
         07",
    ),
    (
        "a byte behind the inner key",
        KeyPairAlgorithm::P256,
        "3042020100301306072a8648ce3d020106082a8648ce3d030107042830250201010420c9afa9d845ba75166b5c215767b1d6\
         934e50c3db36e89b127b8a622b120f672100",
    ),
    (
        "a seed of 31 bytes",
        KeyPairAlgorithm::Ed25519,
        "302d020100300506032b65700421041f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f",
    ),
    (
        "a seed of 33 bytes",
        KeyPairAlgorithm::Ed25519,
        "302f020100300506032b6570042304211f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f",
    ),
    (
        "an identifier with NULL",
        KeyPairAlgorithm::Ed25519,
        "3030020100300706032b65700500042204201f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f",
    ),
];
