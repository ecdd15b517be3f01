//! Writing DER (X.690): enough for the structures of this crate.

pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;

/// An element of a tag, with the concatenation of `parts` as its contents.
pub(crate) fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let len: usize = parts.iter().map(|part| part.len()).sum();
    let mut out = Vec::with_capacity(len + MAX_HEAD_LEN);
    out.push(tag);
    push_len(&mut out, len);
    for part in parts {
        out.extend_from_slice(part);
    }
    out
}

pub(crate) fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    element(SEQUENCE, parts)
}

/// A number less than 128.
pub(crate) fn integer(value: u8) -> Vec<u8> {
    unsigned(&[value])
}

/// A number, given as big-endian bytes with any number of leading zeros.
pub(crate) fn unsigned(bytes: &[u8]) -> Vec<u8> {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let significant = bytes.get(zeros..).unwrap_or_default();
    // A first bit of 1 would mean a negative number.
    match significant.first() {
        Some(0..=0x7f) => element(INTEGER, &[significant]),
        _ => element(INTEGER, &[&[0], significant]),
    }
}

fn push_len(out: &mut Vec<u8>, len: usize) {
    let bytes = len.to_be_bytes();
    let significant: Vec<u8> = bytes.into_iter().skip_while(|byte| *byte == 0).collect();
    if len > 0x7f {
        out.push(0x80 | significant.len() as u8);
        out.extend(significant);
    } else {
        out.push(len as u8);
    }
}

const MAX_HEAD_LEN: usize = 10;
