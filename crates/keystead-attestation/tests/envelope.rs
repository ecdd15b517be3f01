//! Sealing results to recipients, and opening them.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::ops::Range;

use keystead_attestation::RecipientKey;
use keystead_attestation::envelope::{OpenError, open, seal};
use keystead_crypto::entropy::SystemEntropy;
use keystead_crypto::{DigestAlgorithm, KeyPairAlgorithm, PrivateKey, Provider};
use support::{PROVIDER, document, entropy, recipient, verify};

fn seal_to(plaintext: &[u8], key: &dyn PrivateKey) -> Vec<u8> {
    let recipient = RecipientKey::from_spki(key.public().spki(), &PROVIDER).unwrap();
    seal(plaintext, &recipient, &PROVIDER, &SystemEntropy).unwrap()
}

fn sealed(plaintext: &[u8]) -> Vec<u8> {
    seal_to(plaintext, recipient())
}

fn opened(cms: &[u8]) -> Result<Vec<u8>, OpenError> {
    open(cms, recipient(), &SystemEntropy).map(|plaintext| plaintext.expose().to_vec())
}

/// Spec: ENV-89, ENV-92
#[test]
fn what_is_sealed_opens_and_stays_below_the_limit_of_the_api() {
    for len in [0, 1, 15, 16, 17, 32, 1024, 2400, 4096] {
        let plaintext = vec![0x5a; len];
        let cms = sealed(&plaintext);
        assert!(cms.len() < 6144, "{} bytes", cms.len());
        assert_eq!(opened(&cms), Ok(plaintext));
    }
}

/// Spec: ENV-92
#[test]
fn keys_of_every_size_receive() {
    for algorithm in [KeyPairAlgorithm::Rsa3072, KeyPairAlgorithm::Rsa4096] {
        let key = PROVIDER.generate_key_pair(algorithm, &entropy()).unwrap();
        let cms = seal_to(&[7; 4096], key.as_ref());
        assert!(cms.len() < 6144, "{} bytes", cms.len());
        assert_eq!(open(&cms, key.as_ref(), &SystemEntropy).unwrap().expose(), [7; 4096]);
        assert_eq!(opened(&cms), Err(OpenError), "another key");
    }
}

#[test]
fn a_verified_document_names_the_recipient() {
    let bytes = document().sign(&entropy()).unwrap();
    let verified = verify(&bytes).unwrap();
    let cms = seal(b"data key", verified.recipient(), &PROVIDER, &SystemEntropy).unwrap();
    assert_eq!(opened(&cms).unwrap(), b"data key");
}

/// Spec: ENV-91
#[test]
fn every_envelope_has_its_own_key_and_iv() {
    let (first, second) = (sealed(b"same"), sealed(b"same"));
    for part in [KEY, IV, CONTENT] {
        assert_ne!(first[part.clone()], second[part]);
    }
}

/// The bytes of an envelope to a key of 2,048 bits, element by element.
///
/// Spec: ENV-89, ENV-90
#[test]
fn the_envelope_is_der_of_the_one_form() {
    let cms = sealed(b"up to 15 bytes");
    let key_id = PROVIDER.digest(DigestAlgorithm::Sha256, &[recipient().public().spki()]).unwrap();
    let expected = [
        // ContentInfo, EnvelopedData, RecipientInfos, KeyTransRecipientInfo, SubjectKeyIdentifier.
        &hex("308201bf 06092a864886f70d010703 a08201b0 308201ac 020102 31820167 30820163 020102 8020"),
        key_id.as_ref(),
        // RSAES-OAEP with SHA-256 and MGF1 with SHA-256, the encrypted key.
        &hex("3038 06092a864886f70d010107 302b a00d 300b 0609608648016503040201"),
        &hex("a11a 3018 06092a864886f70d010108 300b 0609608648016503040201 04820100"),
        &cms[KEY],
        // EncryptedContentInfo: data, AES-256-CBC, IV, content.
        &hex("303c 06092a864886f70d010701 301d 060960864801650304012a 0410"),
        &cms[IV],
        &hex("8010"),
        &cms[CONTENT],
    ]
    .concat();
    assert_eq!(cms, expected);
}

/// Spec: ENV-90, ENV-91
#[test]
fn the_reader_takes_ber_with_open_lengths_and_content_in_pieces() {
    let cms = sealed(&[0x5a; 40]);
    let parts = Parts::of(&cms);
    assert_eq!(opened(&parts.der()), Ok(vec![0x5a; 40]), "the model writes what the reader takes");
    assert_eq!(opened(&parts.ber()), Ok(vec![0x5a; 40]));

    let pieces: Vec<_> = parts.content.chunks(16).map(|piece| element(0x04, &[piece])).collect();
    assert_eq!(pieces.len(), 3);
    let in_pieces = Parts { content_element: element(0xa0, &[&pieces.concat()]), ..parts.clone() };
    assert_eq!(opened(&in_pieces.der()), Ok(vec![0x5a; 40]));
    let nested = element(0x24, &[&pieces[1..].concat()]);
    let in_nested_pieces = Parts { content_element: open_element(0xa0, &[&pieces[0], &nested]), ..parts.clone() };
    assert_eq!(opened(&in_nested_pieces.ber()), Ok(vec![0x5a; 40]));

    let null = hex("0500");
    for (hash, mask) in [(&null[..], &[][..]), (&[], &null), (&null, &null)] {
        let parts = Parts { oaep: oaep(hash, mask), ..parts.clone() };
        assert_eq!(opened(&parts.der()), Ok(vec![0x5a; 40]));
    }
}

/// Spec: ENV-89, ENV-91
#[test]
fn the_reader_refuses_other_forms_with_one_error() {
    let cms = sealed(&[0x5a; 40]);
    let parts = Parts::of(&cms);
    let refused = |parts: Parts, what: &str| assert_eq!(opened(&parts.der()), Err(OpenError), "{what}");
    let info = parts.recipient(element);
    let recipients = |recipients: Vec<u8>| Parts { recipients: Some(recipients), ..parts.clone() };
    assert!(opened(&recipients(info.clone()).der()).is_ok());
    refused(recipients([&info[..], &info].concat()), "two recipients");
    refused(recipients(Vec::new()), "no recipient");
    refused(recipients([&info[..], &[0x05, 0x00]].concat()), "something after the recipient");
    refused(Parts { iv: vec![0; 15], ..parts.clone() }, "a short IV");
    refused(Parts { iv: vec![0; 17], ..parts.clone() }, "a long IV");
    refused(Parts { cipher: hex("0609608648016503040102"), ..parts.clone() }, "AES-128-CBC");
    refused(Parts { oaep: hex("3000"), ..parts.clone() }, "SHA-1 by default");
    refused(Parts { oaep: oaep(&hex("040100"), &[]), ..parts.clone() }, "other parameters of the hash");
    refused(Parts { oaep: oaep(&[], &hex("05000500")), ..parts.clone() }, "two parameters of the hash");
    let content_element = element(0x80, &[&parts.content[1..]]);
    refused(Parts { content_element, ..parts.clone() }, "content that is not of whole blocks");
    refused(Parts { content_element: element(0x80, &[]), ..parts.clone() }, "no content");
    assert_eq!(opened(&[&cms[..], &[0]].concat()), Err(OpenError), "trailing bytes");
    assert_eq!(opened(&[parts.ber(), vec![0, 0]].concat()), Err(OpenError), "an end too many");
    for len in 0..cms.len() {
        assert_eq!(opened(&cms[..len]), Err(OpenError), "{len} bytes");
    }
    let ber = parts.ber();
    for len in 0..ber.len() {
        assert_eq!(opened(&ber[..len]), Err(OpenError), "{len} bytes of BER");
    }
}

/// Only the key identifier, the IV and the content are free to change: the first is not read, the others are not
/// authenticated.
///
/// Spec: ENV-91
#[test]
fn a_changed_envelope_does_not_open() {
    let cms = sealed(b"up to 15 bytes");
    for at in (0..cms.len()).filter(|at| !KEY_ID.contains(at) && !IV.contains(at) && !CONTENT.contains(at)) {
        let mut changed = cms.clone();
        changed[at] ^= 1 << (at % 8);
        assert_eq!(opened(&changed), Err(OpenError), "byte {at}");
    }
}

/// The last block of an envelope of empty content is all padding, so that flipping bits of the IV tries paddings.
///
/// Spec: ENV-91
#[test]
fn wrong_paddings_do_not_open() {
    let cms = sealed(b"");
    let with_last = |value: u8| {
        let mut changed = cms.clone();
        changed[IV.end - 1] ^= 16 ^ value;
        opened(&changed)
    };
    assert_eq!(with_last(16), Ok(Vec::new()));
    // One byte of padding is right whatever stands before it.
    assert_eq!(with_last(1), Ok(vec![16; 15]));
    for value in (0..=255).filter(|value| ![1, 16].contains(value)) {
        assert_eq!(with_last(value), Err(OpenError), "{value}");
    }
    for at in 0..15 {
        let mut changed = cms.clone();
        changed[IV.start + at] ^= 0x80;
        assert_eq!(opened(&changed), Err(OpenError), "byte {at}");
    }
}

/// Envelopes of earlier versions, and of OpenSSL, open for ever.
///
/// Spec: ENV-89, ENV-90
#[test]
fn pinned_envelopes_open() {
    let pkcs8 = include_bytes!("vectors/recipient.pkcs8");
    let key = PROVIDER.private_key(KeyPairAlgorithm::Rsa2048, pkcs8).unwrap();
    for cms in [&include_bytes!("vectors/sealed.cms")[..], include_bytes!("vectors/openssl.cms")] {
        let opened = open(cms, key.as_ref(), &SystemEntropy).unwrap();
        assert_eq!(opened.expose(), b"a data key of thirty-two bytes!!");
    }
}

/// Open elements in open elements, as deep as a document may be long.
#[test]
fn nesting_is_bounded() {
    assert_eq!(opened(&[0x30, 0x80].repeat(100_000)), Err(OpenError));
    assert_eq!(opened(&[0x24, 0x80].repeat(100_000)), Err(OpenError));
    assert_eq!(opened(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff]), Err(OpenError));
}

/// The parts of an envelope that tests change.
#[derive(Clone)]
struct Parts {
    /// In the place of the one recipient.
    recipients: Option<Vec<u8>>,
    oaep: Vec<u8>,
    key: Vec<u8>,
    cipher: Vec<u8>,
    iv: Vec<u8>,
    content: Vec<u8>,
    content_element: Vec<u8>,
}

impl Parts {
    fn of(cms: &[u8]) -> Self {
        // Content of more than one block does not move what stands before it.
        let (key, iv, content) = (cms[KEY].to_vec(), cms[IV].to_vec(), cms[CONTENT.start..].to_vec());
        Self {
            recipients: None,
            oaep: oaep(&[], &[]),
            key,
            cipher: hex("060960864801650304012a"),
            iv,
            content_element: element(0x80, &[&content]),
            content,
        }
    }

    fn recipient(&self, element: Write) -> Vec<u8> {
        let algorithm = element(0x30, &[&hex("06092a864886f70d010107"), &self.oaep]);
        element(0x30, &[&hex("020102 8001 ff"), &algorithm, &self::element(0x04, &[&self.key])])
    }

    fn der(&self) -> Vec<u8> {
        self.write(element)
    }

    fn ber(&self) -> Vec<u8> {
        self.write(open_element)
    }

    fn write(&self, element: Write) -> Vec<u8> {
        let recipients = self.recipients.clone().unwrap_or_else(|| self.recipient(element));
        let algorithm = element(0x30, &[&self.cipher, &self::element(0x04, &[&self.iv])]);
        let content = element(0x30, &[&hex("06092a864886f70d010701"), &algorithm, &self.content_element]);
        let enveloped = element(0x30, &[&hex("020102"), &element(0x31, &[&recipients]), &content]);
        element(0x30, &[&hex("06092a864886f70d010703"), &element(0xa0, &[&enveloped])])
    }
}

type Write = fn(u8, &[&[u8]]) -> Vec<u8>;

fn oaep(hash_parameters: &[u8], mask_parameters: &[u8]) -> Vec<u8> {
    let sha256 = |parameters: &[u8]| element(0x30, &[&hex("0609608648016503040201"), parameters]);
    let mask = element(0x30, &[&hex("06092a864886f70d010108"), &sha256(mask_parameters)]);
    element(0x30, &[&element(0xa0, &[&sha256(hash_parameters)]), &element(0xa1, &[&mask])])
}

/// An element of definite length.
fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let contents = parts.concat();
    let len = u16::try_from(contents.len()).unwrap().to_be_bytes();
    [&[tag, 0x82, len[0], len[1]], &contents[..]].concat()
}

/// An element of indefinite length.
fn open_element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    [&[tag, 0x80], &parts.concat()[..], &[0, 0]].concat()
}

fn hex(digits: &str) -> Vec<u8> {
    let digits: Vec<u8> = digits.bytes().filter(|digit| *digit != b' ').collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

// Where the parts of an envelope of one block to a key of 2,048 bits are.
const KEY_ID: Range<usize> = 39..71;
const KEY: Range<usize> = 133..389;
const IV: Range<usize> = 417..433;
const CONTENT: Range<usize> = 435..451;
