//! Encodings, written by hand, for keys whose parts the suite knows.

/// PKCS #8, version 0, around a key in the form of its algorithm; `algorithm` is a whole AlgorithmIdentifier.
pub(super) fn pkcs8(algorithm: &[u8], key: &[u8]) -> Vec<u8> {
    sequence(&[&[2, 1, 0], algorithm, &tagged(OCTET_STRING, &[key])])
}

/// SubjectPublicKeyInfo.
pub(super) fn spki(algorithm: &[u8], key: &[u8]) -> Vec<u8> {
    sequence(&[algorithm, &tagged(BIT_STRING, &[&[0], key])])
}

pub(super) fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    tagged(SEQUENCE, parts)
}

/// An INTEGER with these contents.
pub(super) fn integer(contents: &[u8]) -> Vec<u8> {
    tagged(INTEGER, &[contents])
}

/// A positive number as DER has it.
pub(super) fn minimal_integer(number: &[u8]) -> Vec<u8> {
    let digits = &number[number.iter().take_while(|&&byte| byte == 0).count()..];
    let sign: &[u8] = if digits.first().is_none_or(|&byte| byte >= 0x80) { &[0] } else { &[] };
    tagged(INTEGER, &[sign, digits])
}

pub(super) fn tagged(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let value = parts.concat();
    let length = value.len().to_be_bytes();
    let digits = &length[length.iter().take_while(|&&byte| byte == 0).count()..];
    let header = match digits {
        [] => vec![tag, 0],
        &[short] if short < 0x80 => vec![tag, short],
        _ => [&[tag, 0x80 | digits.len() as u8], digits].concat(),
    };
    [header, value].concat()
}

pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const INTEGER: u8 = 0x02;
pub(super) const BIT_STRING: u8 = 0x03;
pub(super) const OCTET_STRING: u8 = 0x04;
