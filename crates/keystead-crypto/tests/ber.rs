//! From BER to DER.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use keystead_crypto::{CryptoError, ber};
use proptest::prelude::*;

/// Spec: IMP-29
#[test]
fn every_freedom_of_ber_is_taken_back() {
    for (why, loose, strict) in [
        ("strict already", "300302010a", "300302010a"),
        ("empty", "0500", "0500"),
        ("indefinite length", "308002010a0000", "300302010a"),
        ("indefinite lengths inside", "308030800201010000020102 0000", "3008300302010102 0102"),
        ("nothing of indefinite length", "30800000", "3000"),
        ("long length", "308105 02820001 0a", "300302010a"),
        ("a length of nine bytes", "30890000000000000000 03 02010a", "300302010a"),
        ("an octet string in pieces", "24 06 0401aa 0401bb", "0402aabb"),
        ("an octet string in no pieces", "2400", "0400"),
        ("pieces of indefinite length", "2480 0401aa 0400 0401bb 0000", "0402aabb"),
        ("pieces of pieces", "2480 2480 0401aa 0000 2403 0401bb 0000", "0402aabb"),
        ("a bit string in pieces", "2308 0302 00aa 0302 04b0", "030304aab0"),
        ("a bit string in one piece", "2304 0302 00aa", "030200aa"),
        ("context tags", "a080 8001ff 0000", "a0038001ff"),
    ] {
        let der = ber::to_der(&bytes(loose)).unwrap_or_else(|error| panic!("{why}: {error}"));
        assert_eq!(hex::encode(der.expose()), strict.replace(' ', ""), "{why}");
    }
}

/// Spec: IMP-29
#[test]
fn what_is_not_one_value_is_refused() {
    for (why, wrong) in [
        ("nothing", ""),
        ("a tag only", "30"),
        ("bytes behind", "300000"),
        ("bytes behind indefinite length", "3080000000"),
        ("a part", "3003020101 00"),
        ("contents that end early", "3003020200"),
        ("no end of contents", "308002010a"),
        ("half an end of contents", "308002010a00"),
        ("an end of contents by itself", "0000"),
        ("an end of contents of definite length", "30020000"),
        ("indefinite but primitive", "04800000"),
        ("a length of no use", "30ff00"),
        ("a length beyond memory", "3089ffffffffffffffffff00"),
        ("a length beyond the input", "3084ffffffff00"),
        ("a tag of two bytes", "3f8100"),
        ("an integer among pieces", "2403020101"),
        ("a bit string among octet strings", "240303 0100"),
        ("a bit string in no pieces", "2300"),
        ("bits left out in the middle", "23080302 04b0 0302 00aa"),
        ("nine bits left out", "2304030209aa"),
        ("a bit string without a count of bits", "23020300"),
    ] {
        assert_eq!(ber::to_der(&bytes(wrong)).err(), Some(CryptoError::InvalidKey), "{why}");
    }
}

#[test]
fn depth_and_size_are_bounded() {
    let nested = |depth: usize| [[0x30, 0x80].repeat(depth), [0, 0].repeat(depth)].concat();
    assert!(ber::to_der(&nested(ber::MAX_DEPTH)).is_ok());
    assert_eq!(ber::to_der(&nested(ber::MAX_DEPTH + 1)).err(), Some(CryptoError::InvalidKey));
    assert_eq!(ber::to_der(&nested(1000)).err(), Some(CryptoError::InvalidKey));
    let string = |len: usize| [&[4, 0x82][..], &(len as u16).to_be_bytes(), &vec![7; len]].concat();
    assert!(ber::to_der(&string(ber::MAX_LEN - 4)).is_ok());
    assert_eq!(ber::to_der(&string(ber::MAX_LEN - 3)).err(), Some(CryptoError::InvalidKey));
}

proptest! {
    /// Spec: IMP-29
    #[test]
    fn any_looser_form_of_a_value_becomes_the_value(value in value(), choices in prop::collection::vec(any::<u8>(), 64)) {
        let strict = value.strict();
        let converted = ber::to_der(&strict).unwrap();
        prop_assert_eq!(converted.expose(), &strict[..]);
        let loose = value.loose(&mut choices.iter().copied().cycle());
        let converted = ber::to_der(&loose).unwrap();
        prop_assert_eq!(converted.expose(), &strict[..], "{}", hex::encode(&loose));
    }

    #[test]
    fn whatever_comes_out_is_der_and_no_longer(input in prop::collection::vec(byte(), 0..80)) {
        if let Ok(der) = ber::to_der(&input) {
            prop_assert!(der.len() <= input.len());
            prop_assert_eq!(ber::to_der(der.expose()), Ok(der));
        }
    }
}

/// A model of what BER writes.
#[derive(Clone, Debug)]
enum Value {
    Primitive(u8, Vec<u8>),
    Octets(Vec<u8>),
    Constructed(u8, Vec<Value>),
}

impl Value {
    fn strict(&self) -> Vec<u8> {
        match self {
            Self::Primitive(tag, contents) => definite(*tag, contents),
            Self::Octets(contents) => definite(4, contents),
            Self::Constructed(tag, values) => definite(*tag, &values.iter().flat_map(Self::strict).collect::<Vec<_>>()),
        }
    }

    fn loose(&self, choices: &mut dyn Iterator<Item = u8>) -> Vec<u8> {
        let choice = choices.next().unwrap();
        match self {
            Self::Primitive(tag, contents) => padded(*tag, contents, choice % 4),
            Self::Octets(contents) if choice < 128 => padded(4, contents, choice % 4),
            Self::Octets(contents) => {
                let pieces = contents.chunks(1 + usize::from(choice % 5));
                let pieces = pieces.flat_map(|piece| padded(4, piece, choice % 3)).collect::<Vec<_>>();
                if choice % 2 == 0 { indefinite(0x24, &pieces) } else { padded(0x24, &pieces, choice % 4) }
            }
            Self::Constructed(tag, values) => {
                let contents = values.iter().flat_map(|value| value.loose(choices)).collect::<Vec<_>>();
                if choice % 2 == 0 { indefinite(*tag, &contents) } else { padded(*tag, &contents, choice % 4) }
            }
        }
    }
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        (prop::sample::select(vec![2_u8, 5, 6, 0x80, 0x81]), prop::collection::vec(any::<u8>(), 0..200))
            .prop_map(|(tag, contents)| Value::Primitive(tag, contents)),
        prop::collection::vec(any::<u8>(), 0..200).prop_map(Value::Octets),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        (prop::sample::select(vec![0x30_u8, 0x31, 0xa0, 0xa1]), prop::collection::vec(inner, 0..4))
            .prop_map(|(tag, values)| Value::Constructed(tag, values))
    })
}

/// Bytes that are often those of an encoding.
fn byte() -> impl Strategy<Value = u8> {
    prop_oneof![prop::sample::select(vec![0_u8, 1, 2, 3, 4, 0x23, 0x24, 0x30, 0x80, 0x81, 0x82, 0xa0]), any::<u8>()]
}

fn definite(tag: u8, contents: &[u8]) -> Vec<u8> {
    let length = contents.len();
    let header = match length {
        0..=0x7f => vec![tag, length as u8],
        0x80..=0xff => vec![tag, 0x81, length as u8],
        _ => vec![tag, 0x82, (length >> 8) as u8, length as u8],
    };
    [&header, contents].concat()
}

/// With a length that has some bytes too many.
fn padded(tag: u8, contents: &[u8], zeros: u8) -> Vec<u8> {
    if zeros == 0 {
        return definite(tag, contents);
    }
    let length = (contents.len() as u16).to_be_bytes();
    [&[tag, 0x80 + zeros + 2][..], &vec![0; usize::from(zeros)], &length, contents].concat()
}

fn indefinite(tag: u8, contents: &[u8]) -> Vec<u8> {
    [&[tag, 0x80], contents, &[0, 0]].concat()
}

fn bytes(text: &str) -> Vec<u8> {
    hex::decode(text.replace(' ', "")).unwrap()
}
