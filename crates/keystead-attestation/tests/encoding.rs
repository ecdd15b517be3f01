//! Documents whose encoding breaks a rule. All are properly signed, so that nothing but the rule refuses them.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use keystead_attestation::testing::{CertificateProfile, PROTECTED_ES384, TestAuthority};
use keystead_attestation::{AttestationDocument, AttestationError, Malformed, RecipientKeyError};
use keystead_crypto::{KeyPairAlgorithm, Provider};
use support::{
    PROVIDER, anchors, authority, bytes, document, entropy, head, map, now, pairs, recipient, signed, text, verify,
};

type Fields = Vec<(&'static str, Vec<u8>)>;

/// Why a payload is refused.
fn refusal(payload: &[u8]) -> AttestationError {
    verify(&signed(payload)).expect_err("the document breaks a rule")
}

/// Why the good document is refused when a field has another value.
fn refusal_with(field: &str, value: Vec<u8>) -> AttestationError {
    refusal(&map(&with(field, value)))
}

fn with(field: &str, value: Vec<u8>) -> Fields {
    let mut fields = document().fields();
    fields.iter_mut().find(|(name, _)| *name == field).expect("a field").1 = value;
    fields
}

fn malformed(fault: Malformed) -> AttestationError {
    AttestationError::Malformed(fault)
}

/// The helpers of this file write what the builder writes: what they change is the only difference.
#[test]
fn the_unchanged_fields_verify() {
    assert_eq!(map(&document().fields()), document().payload());
    verify(&signed(&document().payload())).unwrap();
}

/// Spec: ENV-74
#[test]
fn a_document_has_1_to_262144_bytes() {
    assert_eq!(verify(&[]).err(), Some(malformed(Malformed::Size)));
    let padded = |len: usize| {
        // In the unprotected header, which nothing else limits.
        let document = document().sign(&entropy()).unwrap();
        let rest = &document[1 + 1 + PROTECTED_ES384.len() + 1..];
        let filler = len - (document.len() + 2 + 5);
        let mut padded = [&[0x84], &bytes(PROTECTED_ES384)[..], &[0xa1, 0x18, 99, 0x5a]].concat();
        padded.extend((filler as u32).to_be_bytes());
        padded.resize(padded.len() + filler, 0);
        padded.extend_from_slice(rest);
        assert_eq!(padded.len(), len);
        padded
    };
    verify(&padded(262_144)).unwrap();
    assert_eq!(verify(&padded(262_145)).err(), Some(malformed(Malformed::Size)));
}

/// Spec: ENV-74
#[test]
fn every_truncation_is_malformed() {
    let document = document().sign(&entropy()).unwrap();
    for len in 0..document.len() {
        let error = verify(&document[..len]).expect_err("a truncated document");
        assert_eq!(error.class(), Some("malformed"), "{len} bytes");
    }
}

/// Spec: ENV-74
#[test]
fn bytes_after_the_end_are_malformed() {
    let trailing = malformed(Malformed::TrailingBytes);
    let document = document();
    let whole = [document.sign(&entropy()).unwrap(), vec![0]].concat();
    assert_eq!(verify(&whole).err(), Some(trailing.clone()));
    assert_eq!(refusal(&[document.payload(), vec![0]].concat()), trailing);
}

/// One bit at each position, and every bit outside the payload, which takes less time to refuse. The chain is short for
/// the same reason.
///
/// Spec: ENV-73, ENV-75
#[test]
fn no_document_with_a_flipped_bit_verifies() {
    let profiles = [CertificateProfile::issuer("root", now()), CertificateProfile::signer("leaf", now())];
    let authority = TestAuthority::with_profiles(&profiles, &PROVIDER, &entropy()).unwrap();
    let anchors = authority.trust_anchors().unwrap();
    let document = authority.document(now()).public_key(recipient().public().spki());
    let good = [vec![0xd2], document.sign(&entropy()).unwrap()].concat();
    let payload_start = good.windows(9).position(|window| window == b"module_id").unwrap();
    let payload_end = good.len() - 98;

    let verify = |bytes: &[u8]| AttestationDocument::verify(bytes, &anchors, &PROVIDER, now());
    verify(&good).unwrap();
    for at in 0..good.len() {
        let in_payload = (payload_start..payload_end).contains(&at);
        for bit in (0..8).filter(|bit| !in_payload || at % 8 == *bit) {
            let mut flipped = good.clone();
            flipped[at] ^= 1 << bit;
            let error = verify(&flipped).err().unwrap_or_else(|| panic!("bit {bit} of byte {at}"));
            assert!(error.class().is_some(), "{error}");
        }
    }
}

/// Spec: ENV-72
#[test]
fn only_es384_is_an_algorithm() {
    let payload = document().payload();
    let es256 = &[0xa1, 0x01, 0x26][..];
    let unsigned_35 = &[0xa1, 0x01, 0x18, 0x23];
    let key_id_too = &[0xa2, 0x01, 0x38, 0x22, 0x04, 0x41, 0x00];
    let only_key_id = &[0xa1, 0x04, 0x38, 0x22];
    let indefinite = &[0xbf, 0x01, 0x38, 0x22, 0xff];
    for protected in [es256, unsigned_35, key_id_too, only_key_id, &[0xa0], indefinite, &[]] {
        let signed = authority().sign(protected, &payload, &entropy()).unwrap();
        assert_eq!(verify(&signed).err().and_then(|error| error.class()), Some("malformed"), "{protected:02x?}");
    }
    let es256 = authority().sign(es256, &payload, &entropy()).unwrap();
    assert_eq!(verify(&es256).err(), Some(malformed(Malformed::Algorithm)));
}

/// Spec: ENV-72
#[test]
fn the_envelope_is_an_array_of_four_with_the_right_types() {
    let (protected, payload) = (bytes(PROTECTED_ES384), bytes(&document().payload()));
    let empty = vec![0xa0];
    let signature = bytes(&[1; 96]);
    let wrong_signature = malformed(Malformed::SignatureLength);
    for (elements, expected) in [
        (vec![&protected, &empty, &payload], malformed(Malformed::Cbor)),
        (vec![&protected, &empty, &payload, &signature, &empty], malformed(Malformed::Cbor)),
        (vec![&empty, &empty, &payload, &signature], malformed(Malformed::Cbor)),
        (vec![&protected, &signature, &payload, &signature], malformed(Malformed::Cbor)),
        (vec![&protected, &empty, &empty, &signature], malformed(Malformed::Cbor)),
        (vec![&protected, &empty, &payload, &bytes(&[1; 95])], wrong_signature.clone()),
        (vec![&protected, &empty, &payload, &bytes(&[1; 97])], wrong_signature.clone()),
        (vec![&protected, &empty, &payload, &bytes(&[])], wrong_signature),
        (vec![&protected, &empty, &payload, &signature], AttestationError::Signature),
        (vec![&protected, &empty, &payload, &bytes(&[0; 96])], AttestationError::Signature),
    ] {
        let joined = elements.iter().fold(head(4, elements.len()), |joined, element| [&joined, &element[..]].concat());
        assert_eq!(verify(&joined).err(), Some(expected));
    }
    let other_tag = [vec![0xd1], document().sign(&entropy()).unwrap()].concat();
    assert_eq!(verify(&other_tag).err(), Some(malformed(Malformed::Cbor)));
}

/// Spec: ENV-72
#[test]
fn the_unprotected_header_is_ignored() {
    let document = document().sign(&entropy()).unwrap();
    let at = 1 + 1 + PROTECTED_ES384.len();
    assert_eq!(document[at], 0xa0);
    // An algorithm, a certificate chain, a nested map.
    let header = [0xa3, 0x01, 0x26, 0x18, 0x21, 0x41, 0x00, 0x18, 0x63, 0xa1, 0x01, 0x82, 0xf5, 0xf9, 0x3c, 0x00];
    verify(&[&document[..at], &header, &document[at + 1..]].concat()).unwrap();
}

/// Spec: ENV-74
#[test]
fn items_of_indefinite_length_are_malformed() {
    let indefinite = malformed(Malformed::IndefiniteLength);
    let fields = document().fields();
    let open_payload = [vec![0xbf], pairs(&fields), vec![0xff]].concat();
    assert_eq!(refusal(&open_payload), indefinite);
    let open_pcrs = [vec![0xbf, 0x00], bytes(&[0; 48]), vec![0xff]].concat();
    assert_eq!(refusal_with("pcrs", open_pcrs), indefinite);
    let open_bundle = [vec![0x9f], bytes(&authority().certificates()[0]), vec![0xff]].concat();
    assert_eq!(refusal_with("cabundle", open_bundle), indefinite);
    let open_text = [vec![0x7f], text("i-1"), vec![0xff]].concat();
    assert_eq!(refusal_with("module_id", open_text), indefinite);
    let open_bytes = [vec![0x5f], bytes(b"nonce"), vec![0xff]].concat();
    assert_eq!(refusal_with("nonce", open_bytes), indefinite);
    for ignored in [&[0x9f, 0xff][..], &[0xbf, 0xff], &[0x5f, 0xff], &[0x7f, 0xff]] {
        let fields = [fields.clone(), vec![("extra", ignored.to_vec())]].concat();
        assert_eq!(refusal(&map(&fields)), indefinite);
    }
}

/// Maps, but nothing else, may be open when the host says so; duplicates are still found and a break still needed.
#[test]
fn a_host_may_accept_maps_of_indefinite_length() {
    let anchors = anchors().with_indefinite_maps();
    let verify = |payload: &[u8]| AttestationDocument::verify(&signed(payload), &anchors, &PROVIDER, now()).map(drop);
    let fields = document().fields();
    let open = |fields: &Fields| [vec![0xbf], pairs(fields), vec![0xff]].concat();
    assert_eq!(verify(&map(&fields)), Ok(()));
    assert_eq!(verify(&open(&fields)), Ok(()));
    let open_pcrs = [vec![0xbf, 0x00], bytes(&[0; 48]), vec![0xff]].concat();
    assert_eq!(verify(&map(&with("pcrs", open_pcrs))), Ok(()));

    let twice = [fields.clone(), vec![("digest", text("SHA384"))]].concat();
    assert_eq!(verify(&open(&twice)), Err(malformed(Malformed::DuplicateKey)));
    assert_eq!(verify(&[vec![0xbf], pairs(&fields)].concat()), Err(malformed(Malformed::Cbor)));
    let odd = [vec![0xbf], pairs(&fields), text("extra"), vec![0xff]].concat();
    assert_eq!(verify(&odd), Err(malformed(Malformed::Cbor)));
    let open_bytes = [vec![0x5f], bytes(b"nonce"), vec![0xff]].concat();
    assert_eq!(verify(&map(&with("nonce", open_bytes))), Err(malformed(Malformed::IndefiniteLength)));
}

/// Spec: ENV-74
#[test]
fn keys_must_not_repeat() {
    let duplicate = malformed(Malformed::DuplicateKey);
    for (name, value) in document().fields() {
        let fields = [document().fields(), vec![(name, value)]].concat();
        assert_eq!(refusal(&map(&fields)), duplicate, "{name}");
    }
    let extra = ("extra", vec![0x01]);
    assert_eq!(refusal(&map(&[document().fields(), vec![extra.clone(), extra]].concat())), duplicate);
    let pcr = [vec![0x00], bytes(&[0; 48])].concat();
    assert_eq!(refusal_with("pcrs", [vec![0xa2], pcr.clone(), pcr].concat()), duplicate);
    let nested = ("extra", vec![0xa2, 0x01, 0x02, 0x01, 0x03]);
    assert_eq!(refusal(&map(&[document().fields(), vec![nested]].concat())), duplicate);
}

/// Spec: ENV-74
#[test]
fn fields_of_other_names_are_ignored_up_to_a_depth() {
    let with_extra = |value: Vec<u8>| {
        let fields = [document().fields(), vec![("extra", value)]].concat();
        verify(&signed(&map(&fields))).map(drop)
    };
    for value in [&[0xf6][..], &[0x20], &[0xfb, 0, 0, 0, 0, 0, 0, 0, 0], &[0xc1, 0x00], &[0x61, b'x']] {
        assert_eq!(with_extra(value.to_vec()), Ok(()), "{value:02x?}");
    }
    // The payload is the first level.
    assert_eq!(with_extra([vec![0x81; 6], vec![0x80]].concat()), Ok(()));
    for item in [0x81, 0xc1] {
        assert_eq!(with_extra([vec![item; 7], vec![0x80]].concat()), Err(malformed(Malformed::Depth)));
        assert_eq!(with_extra(vec![item; 60_000]), Err(malformed(Malformed::Depth)));
    }
    let open_map = [[0xa1, 0x00].repeat(7), vec![0xa0]].concat();
    assert_eq!(with_extra(open_map), Err(malformed(Malformed::Depth)));
    for broken in [&[0xff][..], &[0x1c], &[0x61, 0xff], &[0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]] {
        assert_eq!(with_extra(broken.to_vec()), Err(malformed(Malformed::Cbor)), "{broken:02x?}");
    }
}

/// Spec: ENV-72
#[test]
fn required_fields_are_required() {
    for field in ["module_id", "digest", "timestamp", "pcrs", "certificate", "cabundle"] {
        let fields: Fields = document().fields().into_iter().filter(|(name, _)| *name != field).collect();
        assert_eq!(refusal(&map(&fields)), malformed(Malformed::MissingField(field)));
        // Null is no value.
        assert_eq!(refusal_with(field, vec![0xf6]).class(), Some("malformed"), "{field}");
    }
}

/// Spec: ENV-74
#[test]
fn optional_fields_may_be_null_or_absent() {
    for field in ["user_data", "nonce"] {
        verify(&signed(&map(&with(field, vec![0xf6])))).unwrap();
        let fields: Fields = document().fields().into_iter().filter(|(name, _)| *name != field).collect();
        verify(&signed(&map(&fields))).unwrap();
    }
}

/// Chapter 51, section 7.2: the constraint of each field, at its borders.
#[test]
fn fields_have_the_lengths_and_values_of_their_constraints() {
    let accepted = |field: &str, value: Vec<u8>| verify(&signed(&map(&with(field, value)))).map(drop) == Ok(());
    let wrong = |field: &'static str, value: Vec<u8>| refusal_with(field, value) == malformed(Malformed::Field(field));

    assert!(wrong("module_id", text("")));
    assert!(wrong("digest", text("SHA256")));
    assert!(wrong("digest", text("sha384")));
    assert!(wrong("timestamp", vec![0x00]));
    assert!(wrong("timestamp", vec![0x1b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]));
    assert_eq!(refusal_with("timestamp", vec![0x20]), malformed(Malformed::Cbor));
    assert!(wrong("certificate", bytes(&[])));
    assert!(wrong("certificate", bytes(&[0; 1025])));
    assert!(wrong("cabundle", vec![0x80]));
    assert!(wrong("cabundle", [vec![0x81], bytes(&[])].concat()));
    assert!(wrong("cabundle", [vec![0x81], bytes(&[0; 1025])].concat()));
    assert!(wrong("public_key", bytes(&[])));
    assert!(wrong("public_key", bytes(&[0; 1025])));
    for field in ["user_data", "nonce"] {
        assert!(accepted(field, bytes(&[])));
        assert!(accepted(field, bytes(&[0; 512])));
        assert!(wrong(field, bytes(&[0; 513])));
    }
}

/// Chapter 51, section 7.2, and AWS's rules for registers.
#[test]
fn registers_have_known_indices_and_one_hash_length() {
    let registers = |registers: &[(usize, usize)]| {
        let entries = registers.iter().flat_map(|(index, len)| [head(0, *index), bytes(&vec![1; *len])].concat());
        head(5, registers.len()).into_iter().chain(entries).collect::<Vec<u8>>()
    };
    let accepted = |value: Vec<u8>| verify(&signed(&map(&with("pcrs", value)))).map(drop);
    let wrong = Err(malformed(Malformed::Field("pcrs")));
    for len in [32, 48, 64] {
        assert_eq!(accepted(registers(&[(0, len)])), Ok(()));
    }
    let all: Vec<_> = (0..32).map(|index| (index, 48)).collect();
    assert_eq!(accepted(registers(&all)), Ok(()));

    assert_eq!(accepted(registers(&[])), wrong);
    assert_eq!(accepted(registers(&[(32, 48)])), wrong);
    for len in [0, 20, 31, 33, 47, 49, 63, 65] {
        assert_eq!(accepted(registers(&[(0, len)])), wrong, "{len}");
    }
    assert_eq!(accepted(registers(&[(0, 48), (1, 32)])), wrong);
    assert_eq!(accepted([vec![0xa1], text("0"), bytes(&[0; 48])].concat()), Err(malformed(Malformed::Cbor)));
    assert_eq!(accepted([vec![0xa1, 0x20], bytes(&[0; 48])].concat()), Err(malformed(Malformed::Cbor)));
    assert_eq!(accepted([vec![0xa1, 0x00], text(&"0".repeat(48))].concat()), Err(malformed(Malformed::Cbor)));

    let tpm = document().nitro_tpm_pcr(24, [0; 48]).sign(&entropy()).unwrap();
    assert_eq!(verify(&tpm).err(), Some(malformed(Malformed::Field("nitrotpm_pcrs"))));
}

#[test]
fn the_public_key_is_rsa_of_a_strong_size() {
    let refused = |spki: Option<&[u8]>| {
        let value = spki.map_or(vec![0xf6], bytes);
        let error = refusal_with("public_key", value);
        assert_eq!(error.class(), Some("public key"));
        error
    };
    let spki = recipient().public().spki();
    let elliptic = PROVIDER.generate_key_pair(KeyPairAlgorithm::P256, &entropy()).unwrap();
    let not_rsa = AttestationError::PublicKey(RecipientKeyError::NotRsa);
    let size = AttestationError::PublicKey(RecipientKeyError::Size);
    assert_eq!(refused(None), AttestationError::PublicKey(RecipientKeyError::Missing));
    assert_eq!(refused(Some(elliptic.public().spki())), not_rsa);
    assert_eq!(refused(Some(&spki[1..])), not_rsa);
    assert_eq!(refused(Some(&[spki, &[0]].concat())), not_rsa);
    assert_eq!(refused(Some(&rsa_spki(&[0xff; 128], &[1, 0, 1]))), size, "1,024 bits");
    assert_eq!(refused(Some(&rsa_spki(&[0x7f; 256], &[1, 0, 1]))), size, "2,047 bits");
    assert_eq!(refused(Some(&rsa_spki(&[0xff; 600], &[1, 0, 1]))), size, "4,800 bits");
    assert_eq!(refused(Some(&rsa_spki(&[0xff; 256], &[1]))), size, "exponent 1");
    assert_eq!(refused(Some(&rsa_spki(&[0xff; 256], &[1, 0, 0]))), size, "even exponent");
}

/// The SubjectPublicKeyInfo of an RSA key of these numbers.
fn rsa_spki(modulus: &[u8], exponent: &[u8]) -> Vec<u8> {
    let element = |tag: u8, contents: &[u8]| {
        [&[tag, 0x82][..], &u16::try_from(contents.len()).unwrap().to_be_bytes(), contents].concat()
    };
    // DER wants the shortest length.
    let short = |tag: u8, contents: &[u8]| [&[tag, contents.len() as u8], contents].concat();
    let modulus = if modulus[0] >= 0x80 { [&[0], modulus].concat() } else { modulus.to_vec() };
    let modulus = match modulus.len() {
        128..256 => [&[0x02, 0x81, modulus.len() as u8], &modulus[..]].concat(),
        _ => element(0x02, &modulus),
    };
    let numbers = [modulus, short(0x02, exponent)].concat();
    let key = match numbers.len() {
        128..256 => [&[0x30, 0x81, numbers.len() as u8], &numbers[..]].concat(),
        _ => element(0x30, &numbers),
    };
    let key = [&[0], &key[..]].concat();
    let bits = match key.len() {
        128..256 => [&[0x03, 0x81, key.len() as u8], &key[..]].concat(),
        _ => element(0x03, &key),
    };
    let algorithm = b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00";
    let info = [algorithm, &bits[..]].concat();
    match info.len() {
        128..256 => [&[0x30, 0x81, info.len() as u8], &info[..]].concat(),
        _ => element(0x30, &info),
    }
}
