//! Each of the two providers reads the keys of the other, and accepts and opens what the other has made.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use keystead_aws_lc::AwsLcProvider;
use keystead_crypto::entropy::SeededEntropy;
use keystead_crypto::{
    AeadAlgorithm, CryptoError, DefaultProvider, DigestAlgorithm, EncryptionScheme, Entropy, KeyPairAlgorithm,
    MacAlgorithm, Message, PrivateKey, Provider, PublicKey, SealingAlgorithm, SignatureScheme,
};

/// Spec: ASY-16, ASY-83
#[test]
fn keys_travel_in_both_directions_and_look_the_same() {
    for (maker, taker) in PROVIDERS {
        for algorithm in KeyPairAlgorithm::ALL {
            let made = generate(maker, algorithm);
            let pkcs8 = made.to_pkcs8().unwrap();
            for taken in both_readings(taker, algorithm, pkcs8.expose()) {
                assert_eq!(taken.public().algorithm(), algorithm);
                assert_eq!(taken.public().spki(), made.public().spki(), "{algorithm:?}");
                assert_eq!(taken.to_pkcs8().unwrap(), pkcs8, "{algorithm:?}: {} to {}", maker.name(), taker.name());
            }
            let public = taker.public_key(algorithm, made.public().spki()).unwrap();
            assert_eq!((public.algorithm(), public.spki()), (algorithm, made.public().spki()));
        }
    }
}

/// Spec: ASY-28, ASY-32, ASY-34, ASY-76
#[test]
fn each_accepts_the_signatures_of_the_other() {
    let entropy = SeededEntropy::new(1);
    for (maker, taker) in PROVIDERS {
        for algorithm in KeyPairAlgorithm::ALL {
            let schemes = signature_schemes(algorithm);
            if schemes.is_empty() {
                continue;
            }
            let signer = generate(maker, algorithm);
            let verifier = taker.public_key(algorithm, signer.public().spki()).unwrap();
            let other = generate(maker, algorithm);
            for scheme in schemes {
                // Often enough that the signatures of an elliptic curve have leading zeros and both kinds of S.
                for round in 0..if signs_slowly(algorithm) { 3 } else { 40 } {
                    let message = random(&entropy, round * 7);
                    let digest = hash_of(scheme, &message);
                    let digest = digest.as_ref().map(|digest| Message::Digest(digest.as_ref()));
                    let raw = Message::Raw(&message);
                    for signed in [Some(raw), digest].into_iter().flatten() {
                        let signature = signer.sign(scheme, signed, &entropy).unwrap();
                        for read in [Some(raw), digest].into_iter().flatten() {
                            assert_eq!(verifier.verify(scheme, read, &signature), Ok(()), "{algorithm:?} {scheme:?}");
                        }
                        assert_refused(&*verifier, scheme, Message::Raw(b"another message, of any length"), &signature);
                        assert_refused(other.public(), scheme, raw, &signature);
                        let mut wrong = signature.clone();
                        wrong[signature.len() / 2] ^= 1;
                        assert_refused(&*verifier, scheme, raw, &wrong);
                        assert_refused(&*verifier, scheme, raw, &[&signature[..], &[0]].concat());
                        assert_refused(&*verifier, scheme, raw, &signature[1..]);
                        assert_refused(&*verifier, scheme, raw, &[]);
                    }
                }
            }
        }
    }
}

/// Spec: ASY-31
#[test]
fn deterministic_signatures_are_the_same_bytes() {
    let entropy = SeededEntropy::new(2);
    let mut cases = vec![(KeyPairAlgorithm::Ed25519, SignatureScheme::Ed25519)];
    cases.push((KeyPairAlgorithm::Ed25519, SignatureScheme::Ed25519Ph));
    for digest in [DigestAlgorithm::Sha256, DigestAlgorithm::Sha384, DigestAlgorithm::Sha512] {
        cases.push((KeyPairAlgorithm::Rsa2048, SignatureScheme::RsaPkcs1(digest)));
    }
    for (algorithm, scheme) in cases {
        let ours = generate(&AwsLcProvider::new(), algorithm);
        let theirs = DefaultProvider::new().private_key(algorithm, ours.to_pkcs8().unwrap().expose()).unwrap();
        for length in [0, 1, 64, 4096] {
            let message = random(&entropy, length);
            let signatures = [&ours, &theirs].map(|key| key.sign(scheme, Message::Raw(&message), &entropy).unwrap());
            assert_eq!(signatures[0], signatures[1], "{scheme:?}, {length} bytes");
        }
    }
}

/// Spec: ASY-74
#[test]
fn both_refuse_the_same_messages() {
    let entropy = SeededEntropy::new(3);
    for algorithm in KeyPairAlgorithm::ALL {
        let ours = generate(&AwsLcProvider::new(), algorithm);
        let theirs = DefaultProvider::new().private_key(algorithm, ours.to_pkcs8().unwrap().expose()).unwrap();
        for scheme in ALL_SCHEMES {
            for length in [0, 31, 32, 33, 48, 63, 64, 65] {
                let bytes = random(&entropy, length);
                for message in [Message::Raw(&bytes[..]), Message::Digest(&bytes), Message::ExternalMu(&bytes)] {
                    if matches!(message, Message::Raw(_)) && length != 32 {
                        continue;
                    }
                    let case = format!("{algorithm:?} {scheme:?} {message:?}");
                    let signed = [&ours, &theirs].map(|key| key.sign(scheme, message, &entropy).map(drop));
                    assert_eq!(signed[0], signed[1], "signing, {case}");
                    let verified = [&ours, &theirs].map(|key| key.public().verify(scheme, message, b"no signature"));
                    assert_eq!(verified[0], verified[1], "verifying, {case}");
                }
            }
        }
    }
}

#[test]
fn an_external_mu_stands_for_its_message() {
    let entropy = SeededEntropy::new(4);
    for algorithm in [KeyPairAlgorithm::MlDsa44, KeyPairAlgorithm::MlDsa65, KeyPairAlgorithm::MlDsa87] {
        for (maker, taker) in PROVIDERS {
            let signer = generate(maker, algorithm);
            let verifier = taker.public_key(algorithm, signer.public().spki()).unwrap();
            let mu = random(&entropy, 64);
            let mu = Message::ExternalMu(&mu);
            let signature = signer.sign(SignatureScheme::MlDsa, mu, &entropy).unwrap();
            assert_eq!(verifier.verify(SignatureScheme::MlDsa, mu, &signature), Ok(()), "{algorithm:?}");
            assert_refused(&*verifier, SignatureScheme::MlDsa, Message::Raw(b"mu is no message"), &signature);
        }
    }
}

/// Spec: ASY-18, ASY-24, ASY-25
#[test]
fn each_opens_what_the_other_encrypts() {
    let entropy = SeededEntropy::new(5);
    for (maker, taker) in PROVIDERS {
        for (algorithm, schemes) in ENCRYPTION {
            let opener = generate(taker, *algorithm);
            let sealer = maker.public_key(*algorithm, opener.public().spki()).unwrap();
            for &scheme in *schemes {
                let longest = longest_plaintext(*algorithm, scheme);
                for length in [0, 1, 32, longest] {
                    // SM2 has no empty plaintext: its key stream would have no bytes.
                    if length == 0 && scheme == EncryptionScheme::Sm2Pke {
                        continue;
                    }
                    let plaintext = random(&entropy, length);
                    let ciphertext = sealer.encrypt(scheme, &plaintext, &entropy).unwrap();
                    let opened = opener.decrypt(scheme, &ciphertext, &entropy).unwrap();
                    assert_eq!(opened.expose(), plaintext, "{algorithm:?} {scheme:?}, {length} bytes");
                    for wrong in altered(&ciphertext) {
                        let opened = opener.decrypt(scheme, &wrong, &entropy);
                        assert_eq!(opened, Err(CryptoError::Unauthenticated), "{algorithm:?} {scheme:?}");
                    }
                    for &other in schemes.iter().filter(|&&other| other != scheme) {
                        let opened = opener.decrypt(other, &ciphertext, &entropy);
                        assert_eq!(opened, Err(CryptoError::Unauthenticated), "{algorithm:?} {scheme:?} as {other:?}");
                    }
                }
                if scheme != EncryptionScheme::Sm2Pke {
                    let sealed = sealer.encrypt(scheme, &vec![0; longest + 1], &entropy);
                    assert_eq!(sealed, Err(CryptoError::InputTooLong), "{algorithm:?} {scheme:?}");
                }
            }
        }
    }
}

#[test]
fn both_agree_on_the_same_secret() {
    let agreeing = [KeyPairAlgorithm::P256, KeyPairAlgorithm::P384, KeyPairAlgorithm::P521, KeyPairAlgorithm::Sm2];
    for algorithm in agreeing {
        for _ in 0..10 {
            let ours = generate(&AwsLcProvider::new(), algorithm);
            let theirs = generate(&DefaultProvider::new(), algorithm);
            let secret = ours.agree(theirs.public().spki()).unwrap();
            assert_eq!(secret, theirs.agree(ours.public().spki()).unwrap(), "{algorithm:?}");
        }
    }
}

#[test]
fn peers_of_another_form_or_curve_are_judged_alike() {
    for algorithm in [KeyPairAlgorithm::P256, KeyPairAlgorithm::P384, KeyPairAlgorithm::P521] {
        let ours = generate(&AwsLcProvider::new(), algorithm);
        let theirs = DefaultProvider::new().private_key(algorithm, ours.to_pkcs8().unwrap().expose()).unwrap();
        let peer = generate(&DefaultProvider::new(), algorithm).public().spki().to_vec();
        let point = peer.len() - field_len(algorithm) * 2 - 1;
        let mut off_curve = peer.clone();
        *off_curve.last_mut().unwrap() ^= 1;
        let mut hybrid = peer.clone();
        hybrid[point] = 6 + (peer.last().unwrap() & 1);
        let mut wrong_hybrid = peer.clone();
        wrong_hybrid[point] = 7 - (peer.last().unwrap() & 1);
        let good = [peer.clone(), hybrid, compressed(algorithm, &peer)];
        let bad = [
            off_curve,
            wrong_hybrid,
            peer[point..].to_vec(), // AWS-LC would take a bare point.
            [&peer[..], &[0]].concat(),
            peer[..peer.len() - 1].to_vec(),
            generate(&DefaultProvider::new(), KeyPairAlgorithm::Secp256k1).public().spki().to_vec(),
            generate(&DefaultProvider::new(), KeyPairAlgorithm::Rsa2048).public().spki().to_vec(),
            Vec::new(),
        ];
        let expected = theirs.agree(&peer).unwrap();
        for (case, peer) in good.iter().enumerate() {
            for key in [&ours, &theirs] {
                assert_eq!(key.agree(peer).unwrap(), expected, "{algorithm:?}: good peer {case}");
            }
        }
        for (case, peer) in bad.iter().enumerate() {
            for key in [&ours, &theirs] {
                assert_eq!(key.agree(peer), Err(CryptoError::InvalidKey), "{algorithm:?}: bad peer {case}");
            }
        }
    }
}

#[test]
fn each_opens_what_the_other_encapsulates() {
    let entropy = SeededEntropy::new(6);
    for (maker, taker) in PROVIDERS {
        for algorithm in [KeyPairAlgorithm::MlKem512, KeyPairAlgorithm::MlKem768, KeyPairAlgorithm::MlKem1024] {
            let opener = generate(taker, algorithm);
            let sealer = maker.public_key(algorithm, opener.public().spki()).unwrap();
            for _ in 0..10 {
                let made = sealer.encapsulate(&entropy).unwrap();
                assert_eq!(opener.decapsulate(&made.ciphertext).unwrap(), made.secret, "{algorithm:?}");
                let mut changed = made.ciphertext.clone();
                changed[7] ^= 1;
                let rejected = opener.decapsulate(&changed).unwrap();
                assert_ne!(rejected, made.secret, "{algorithm:?}");
                // Implicit rejection is a function of key and ciphertext, so both give the same.
                let pkcs8 = opener.to_pkcs8().unwrap();
                assert_eq!(
                    maker.private_key(algorithm, pkcs8.expose()).unwrap().decapsulate(&changed).unwrap(),
                    rejected
                );
                let cut = opener.decapsulate(&made.ciphertext[1..]);
                assert_eq!(cut, Err(CryptoError::Unauthenticated), "{algorithm:?}");
            }
        }
    }
}

/// What AWS-LC would read but the contract does not know, and what it would write back in another form.
///
/// Spec: ASY-83
#[test]
fn private_keys_are_read_strictly_and_written_whole() {
    let provider = AwsLcProvider::new();
    let key = generate(&provider, KeyPairAlgorithm::P256);
    let whole = key.to_pkcs8().unwrap();
    let whole = whole.expose();
    let (algorithm, scalar, inner) = (&whole[6..27], &whole[36..68], &whole[29..]);
    let without_point = [&[0x30, 0x41, 2, 1, 0], algorithm, &[4, 0x27, 0x30, 0x25, 2, 1, 1, 4, 0x20], scalar].concat();
    for read in both_readings(&provider, KeyPairAlgorithm::P256, &without_point) {
        assert_eq!(read.to_pkcs8().unwrap().expose(), whole, "the point was left out");
    }
    let ber = [&[0x30, 0x80], &whole[3..], &[0, 0]].concat();
    for read in both_readings(&provider, KeyPairAlgorithm::P256, &ber) {
        assert_eq!(read.to_pkcs8().unwrap().expose(), whole, "a length was indefinite");
    }
    let trailing = [whole, &[0]].concat();
    for (case, bad) in [inner, &trailing[..], &whole[..whole.len() - 1], &[]].into_iter().enumerate() {
        for read in [
            provider.private_key(KeyPairAlgorithm::P256, bad),
            provider.trusted_private_key(KeyPairAlgorithm::P256, bad),
        ] {
            assert_eq!(read.map(drop), Err(CryptoError::InvalidKey), "case {case}");
        }
    }
}

/// Spec: ASY-16
#[test]
fn a_key_of_another_algorithm_is_refused() {
    let provider = AwsLcProvider::new();
    for algorithm in KeyPairAlgorithm::ALL {
        let key = generate(&provider, algorithm);
        let pkcs8 = key.to_pkcs8().unwrap();
        for other in KeyPairAlgorithm::ALL.into_iter().filter(|&other| other != algorithm) {
            let case = format!("{algorithm:?} as {other:?}");
            let refused = Err(CryptoError::InvalidKey);
            assert_eq!(provider.private_key(other, pkcs8.expose()).map(drop), refused, "{case}");
            assert_eq!(provider.trusted_private_key(other, pkcs8.expose()).map(drop), refused, "{case}");
            assert_eq!(provider.public_key(other, key.public().spki()).map(drop), refused, "{case}");
        }
    }
}

/// Spec: ASY-16
#[test]
fn a_compressed_public_key_becomes_uncompressed() {
    for algorithm in [KeyPairAlgorithm::P256, KeyPairAlgorithm::P384, KeyPairAlgorithm::P521] {
        let spki = generate(&DefaultProvider::new(), algorithm).public().spki().to_vec();
        let read = AwsLcProvider::new().public_key(algorithm, &compressed(algorithm, &spki)).unwrap();
        assert_eq!(read.spki(), spki, "{algorithm:?}");
    }
}

#[test]
fn symmetric_algorithms_give_the_same_bytes() {
    let entropy = SeededEntropy::new(7);
    let (ours, theirs) = (AwsLcProvider::new(), DefaultProvider::new());
    for length in (0..70).chain([1000, 4096, 65_537]) {
        let (message, aad) = (random(&entropy, length), random(&entropy, length % 33));
        for algorithm in DigestAlgorithm::ALL {
            let hashes = [ours.digest(algorithm, &[&message, &aad]), theirs.digest(algorithm, &[&message, &aad])];
            let [one, two] = hashes.map(|hash| hash.unwrap().as_ref().to_vec());
            assert_eq!(one, two, "{algorithm:?}, {length} bytes");
        }
        for algorithm in MacAlgorithm::ALL {
            let key = random(&entropy, if algorithm.digest().is_some() { length % 200 } else { 16 });
            let macs = [ours.mac(algorithm, &key), theirs.mac(algorithm, &key)];
            let [one, two] = macs.map(|mac| mac.unwrap().sign(&[&message, &aad]).as_ref().to_vec());
            assert_eq!(one, two, "{algorithm:?}, {length} bytes");
        }
        for algorithm in AeadAlgorithm::ALL {
            let (key, nonce) = (random(&entropy, algorithm.key_len()), [length as u8; 12]);
            let (mut one, mut two) = (message.clone(), message.clone());
            let tag = ours.aead(algorithm, &key).unwrap().seal(&nonce, &aad, &mut one).unwrap();
            let other_tag = theirs.aead(algorithm, &key).unwrap().seal(&nonce, &aad, &mut two).unwrap();
            assert_eq!((one, tag), (two, other_tag), "{algorithm:?}, {length} bytes");
        }
        for algorithm in SealingAlgorithm::ALL {
            let (key, nonce) = (random(&entropy, algorithm.key_len()), [length as u8; 24]);
            let (mut one, mut two) = (message.clone(), message.clone());
            let tag = ours.sealer(algorithm, &key).unwrap().seal(&nonce, &aad, &mut one).unwrap();
            let other_tag = theirs.sealer(algorithm, &key).unwrap().seal(&nonce, &aad, &mut two).unwrap();
            assert_eq!((one, tag), (two, other_tag), "{algorithm:?}, {length} bytes");
        }
        let cbc = [ours.encrypt_cbc(&[1; 32], &[2; 16], &message), theirs.encrypt_cbc(&[1; 32], &[2; 16], &message)];
        assert_eq!(cbc[0], cbc[1], "CBC, {length} bytes");
    }
}

/// Forms of a key that are made on first use are made by whoever comes first.
#[test]
fn a_fresh_key_serves_many_threads_at_once() {
    let entropy = SeededEntropy::new(8);
    let rsa = generate(&AwsLcProvider::new(), KeyPairAlgorithm::Rsa2048);
    let ec = generate(&AwsLcProvider::new(), KeyPairAlgorithm::P256);
    let ciphertext = rsa.public().encrypt(EncryptionScheme::RsaOaepSha256, b"plaintext", &entropy).unwrap();
    let scheme = SignatureScheme::RsaPss(DigestAlgorithm::Sha256);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let opened = rsa.decrypt(EncryptionScheme::RsaOaepSha256, &ciphertext, &entropy).unwrap();
                assert_eq!(opened.expose(), b"plaintext");
                let signature = rsa.sign(scheme, Message::Raw(b"message"), &entropy).unwrap();
                assert_eq!(rsa.public().verify(scheme, Message::Raw(b"message"), &signature), Ok(()));
                assert_eq!(ec.agree(ec.public().spki()).unwrap().len(), 32);
            });
        }
    });
}

#[test]
fn debug_tells_the_algorithm_and_no_secret() {
    for algorithm in KeyPairAlgorithm::ALL {
        let key = generate(&AwsLcProvider::new(), algorithm);
        let pkcs8 = key.to_pkcs8().unwrap();
        let printed = format!("{key:?}");
        assert!(printed.len() < 100, "{algorithm:?}: {printed}");
        let secret = &pkcs8.expose()[pkcs8.len() / 2..];
        let list = format!("{:?}", &secret[..3]);
        assert!(!printed.contains(list.trim_matches(['[', ']'])), "{algorithm:?}: {printed}");
    }
}

const PROVIDERS: [(&dyn Provider, &dyn Provider); 2] =
    [(&DefaultProvider::new(), &AwsLcProvider::new()), (&AwsLcProvider::new(), &DefaultProvider::new())];

const ENCRYPTION: &[(KeyPairAlgorithm, &[EncryptionScheme])] = &[
    (KeyPairAlgorithm::Rsa2048, &[EncryptionScheme::RsaOaepSha1, EncryptionScheme::RsaOaepSha256]),
    (KeyPairAlgorithm::Rsa3072, &[EncryptionScheme::RsaOaepSha1, EncryptionScheme::RsaOaepSha256]),
    (KeyPairAlgorithm::Rsa4096, &[EncryptionScheme::RsaOaepSha1, EncryptionScheme::RsaOaepSha256]),
    (KeyPairAlgorithm::Sm2, &[EncryptionScheme::Sm2Pke]),
];

const ALL_SCHEMES: [SignatureScheme; 13] = [
    SignatureScheme::RsaPss(DigestAlgorithm::Sha256),
    SignatureScheme::RsaPss(DigestAlgorithm::Sha384),
    SignatureScheme::RsaPss(DigestAlgorithm::Sha512),
    SignatureScheme::RsaPkcs1(DigestAlgorithm::Sha256),
    SignatureScheme::RsaPkcs1(DigestAlgorithm::Sha384),
    SignatureScheme::RsaPkcs1(DigestAlgorithm::Sha512),
    SignatureScheme::Ecdsa(DigestAlgorithm::Sha256),
    SignatureScheme::Ecdsa(DigestAlgorithm::Sha384),
    SignatureScheme::Ecdsa(DigestAlgorithm::Sha512),
    SignatureScheme::Sm2Dsa,
    SignatureScheme::Ed25519,
    SignatureScheme::Ed25519Ph,
    SignatureScheme::MlDsa,
];

fn signature_schemes(algorithm: KeyPairAlgorithm) -> Vec<SignatureScheme> {
    match algorithm {
        KeyPairAlgorithm::Rsa2048 | KeyPairAlgorithm::Rsa3072 | KeyPairAlgorithm::Rsa4096 => ALL_SCHEMES[..6].to_vec(),
        KeyPairAlgorithm::P256 | KeyPairAlgorithm::Secp256k1 => vec![SignatureScheme::Ecdsa(DigestAlgorithm::Sha256)],
        KeyPairAlgorithm::P384 => vec![SignatureScheme::Ecdsa(DigestAlgorithm::Sha384)],
        KeyPairAlgorithm::P521 => vec![SignatureScheme::Ecdsa(DigestAlgorithm::Sha512)],
        KeyPairAlgorithm::Sm2 => vec![SignatureScheme::Sm2Dsa],
        KeyPairAlgorithm::Ed25519 => vec![SignatureScheme::Ed25519, SignatureScheme::Ed25519Ph],
        KeyPairAlgorithm::MlDsa44 | KeyPairAlgorithm::MlDsa65 | KeyPairAlgorithm::MlDsa87 => {
            vec![SignatureScheme::MlDsa]
        }
        _ => Vec::new(),
    }
}

fn signs_slowly(algorithm: KeyPairAlgorithm) -> bool {
    matches!(algorithm, KeyPairAlgorithm::Rsa2048 | KeyPairAlgorithm::Rsa3072 | KeyPairAlgorithm::Rsa4096)
}

/// The hash that stands for the message where a scheme takes one. SM2 hashes more than the message, Ed25519ph hashes
/// the hash once more, so for them it is another message.
fn hash_of(scheme: SignatureScheme, message: &[u8]) -> Option<keystead_crypto::Digest> {
    match scheme {
        SignatureScheme::RsaPss(hash) | SignatureScheme::RsaPkcs1(hash) | SignatureScheme::Ecdsa(hash) => {
            Some(DefaultProvider::new().digest(hash, &[message]).unwrap())
        }
        _ => None,
    }
}

/// The tables of chapter 30, sections 3 and 6.3.
fn longest_plaintext(algorithm: KeyPairAlgorithm, scheme: EncryptionScheme) -> usize {
    match (algorithm, scheme) {
        (KeyPairAlgorithm::Rsa2048, EncryptionScheme::RsaOaepSha1) => 214,
        (KeyPairAlgorithm::Rsa2048, _) => 190,
        (KeyPairAlgorithm::Rsa3072, EncryptionScheme::RsaOaepSha1) => 342,
        (KeyPairAlgorithm::Rsa3072, _) => 318,
        (KeyPairAlgorithm::Rsa4096, EncryptionScheme::RsaOaepSha1) => 470,
        (KeyPairAlgorithm::Rsa4096, _) => 446,
        _ => 1024,
    }
}

fn field_len(algorithm: KeyPairAlgorithm) -> usize {
    match algorithm {
        KeyPairAlgorithm::P256 => 32,
        KeyPairAlgorithm::P384 => 48,
        KeyPairAlgorithm::P521 => 66,
        _ => unreachable!("only the NIST curves are asked for"),
    }
}

/// SubjectPublicKeyInfo with the point compressed.
fn compressed(algorithm: KeyPairAlgorithm, spki: &[u8]) -> Vec<u8> {
    let field_len = field_len(algorithm);
    let (head, coordinates) = spki.split_at(spki.len() - 2 * field_len);
    // The identifier is a SEQUENCE of 16 to 19 bytes; the heads before it have one or two bytes of length.
    let identifier = head.windows(2).position(|pair| pair[0] == 0x30 && (0x10..=0x13).contains(&pair[1])).unwrap();
    let identifier = &head[identifier..identifier + 2 + usize::from(head[identifier + 1])];
    let tag = 2 + (coordinates.last().unwrap() & 1);
    let point = [&[0x03, (field_len + 2) as u8, 0, tag], &coordinates[..field_len]].concat();
    [&[0x30, (identifier.len() + point.len()) as u8], identifier, &point].concat()
}

fn generate(provider: &dyn Provider, algorithm: KeyPairAlgorithm) -> Box<dyn PrivateKey> {
    provider.generate_key_pair(algorithm, &keystead_crypto::entropy::OsEntropy).unwrap()
}

fn both_readings(provider: &dyn Provider, algorithm: KeyPairAlgorithm, pkcs8: &[u8]) -> [Box<dyn PrivateKey>; 2] {
    [provider.private_key(algorithm, pkcs8).unwrap(), provider.trusted_private_key(algorithm, pkcs8).unwrap()]
}

fn random(entropy: &dyn Entropy, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    entropy.fill(&mut bytes).unwrap();
    bytes
}

fn altered(ciphertext: &[u8]) -> Vec<Vec<u8>> {
    let mut first = ciphertext.to_vec();
    first[0] ^= 1;
    let mut last = ciphertext.to_vec();
    *last.last_mut().unwrap() ^= 1;
    vec![
        first,
        last,
        ciphertext[1..].to_vec(),
        [&[0], ciphertext].concat(),
        vec![0xff; ciphertext.len()],
        vec![0; ciphertext.len()],
        Vec::new(),
    ]
}

fn assert_refused(key: &dyn PublicKey, scheme: SignatureScheme, message: Message<'_>, signature: &[u8]) {
    assert_eq!(key.verify(scheme, message, signature), Err(CryptoError::Unauthenticated), "{key:?} {scheme:?}");
}
