//! CBOR (RFC 8949): a strict reader, which borrows from its input, and what it takes to write a signed structure.

use std::collections::BTreeSet;

use ciborium_ll::{Decoder, Encoder, Header};

use crate::Malformed;

/// Whether maps may leave their length open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MapLengths {
    /// Every map says how many pairs it has (ENV-74).
    Definite,
    /// A map may also end with a break.
    Any,
}

/// Reads items one after the other.
pub(crate) struct Reader<'d> {
    rest: &'d [u8],
    maps: MapLengths,
}

/// How many pairs of a map are left; `None` until a break.
pub(crate) struct Pairs(Option<usize>);

impl<'d> Reader<'d> {
    pub(crate) fn new(bytes: &'d [u8], maps: MapLengths) -> Self {
        Self { rest: bytes, maps }
    }

    /// Opens an array and gives its length.
    pub(crate) fn array(&mut self) -> Result<usize, Malformed> {
        match self.header()? {
            Header::Array(len) => len.ok_or(Malformed::IndefiniteLength),
            _ => Err(Malformed::Cbor),
        }
    }

    /// Opens a map, whose pairs one reads while [`Reader::another`] says so.
    pub(crate) fn map(&mut self) -> Result<Pairs, Malformed> {
        match self.header()? {
            Header::Map(Some(len)) => Ok(Pairs(Some(len))),
            Header::Map(None) if self.maps == MapLengths::Any => Ok(Pairs(None)),
            Header::Map(None) => Err(Malformed::IndefiniteLength),
            _ => Err(Malformed::Cbor),
        }
    }

    /// Whether a map has another pair.
    pub(crate) fn another(&mut self, pairs: &mut Pairs) -> Result<bool, Malformed> {
        match &mut pairs.0 {
            Some(0) => Ok(false),
            Some(left) => {
                *left -= 1;
                Ok(true)
            }
            None if self.rest.first() == Some(&BREAK) => self.header().map(|_| false),
            None => Ok(true),
        }
    }

    pub(crate) fn bytes(&mut self) -> Result<&'d [u8], Malformed> {
        match self.header()? {
            Header::Bytes(len) => self.take(len),
            _ => Err(Malformed::Cbor),
        }
    }

    /// Bytes, or `None` of a null.
    pub(crate) fn optional_bytes(&mut self) -> Result<Option<&'d [u8]>, Malformed> {
        if self.rest.first() == Some(&NULL) { self.header().map(|_| None) } else { self.bytes().map(Some) }
    }

    pub(crate) fn text(&mut self) -> Result<&'d str, Malformed> {
        match self.header()? {
            Header::Text(len) => str::from_utf8(self.take(len)?).map_err(|_| Malformed::Cbor),
            _ => Err(Malformed::Cbor),
        }
    }

    pub(crate) fn unsigned(&mut self) -> Result<u64, Malformed> {
        match self.header()? {
            Header::Positive(value) => Ok(value),
            _ => Err(Malformed::Cbor),
        }
    }

    /// A negative integer -1 - n, as n.
    pub(crate) fn negative(&mut self) -> Result<u64, Malformed> {
        match self.header()? {
            Header::Negative(value) => Ok(value),
            _ => Err(Malformed::Cbor),
        }
    }

    /// Passes the tag of the next item, if it has this one.
    pub(crate) fn pass_tag(&mut self, tag: u64) -> Result<(), Malformed> {
        let before = self.rest;
        if self.header()? != Header::Tag(tag) {
            self.rest = before;
        }
        Ok(())
    }

    /// Whether the next item is a map.
    pub(crate) fn is_map(&self) -> bool {
        self.rest.first().is_some_and(|head| head >> 5 == MAJOR_MAP)
    }

    /// Passes an item of any type that stands inside `depth` others.
    pub(crate) fn skip(&mut self, depth: usize) -> Result<(), Malformed> {
        match self.header()? {
            Header::Positive(_) | Header::Negative(_) | Header::Float(_) | Header::Simple(_) => Ok(()),
            Header::Bytes(len) => self.take(len).map(drop),
            Header::Text(len) => str::from_utf8(self.take(len)?).map(drop).map_err(|_| Malformed::Cbor),
            Header::Break => Err(Malformed::Cbor),
            Header::Tag(_) if depth < MAX_DEPTH => self.skip(depth + 1),
            Header::Array(len) if depth < MAX_DEPTH => {
                (0..len.ok_or(Malformed::IndefiniteLength)?).try_for_each(|_| self.skip(depth + 1))
            }
            Header::Map(len) if depth < MAX_DEPTH => {
                if len.is_none() && self.maps == MapLengths::Definite {
                    return Err(Malformed::IndefiniteLength);
                }
                let (mut pairs, mut keys) = (Pairs(len), BTreeSet::new());
                while self.another(&mut pairs)? {
                    let before = self.rest;
                    self.skip(depth + 1)?;
                    if !keys.insert(&before[..before.len() - self.rest.len()]) {
                        return Err(Malformed::DuplicateKey);
                    }
                    self.skip(depth + 1)?;
                }
                Ok(())
            }
            Header::Tag(_) | Header::Array(_) | Header::Map(_) => Err(Malformed::Depth),
        }
    }

    /// The input must have come to its end.
    pub(crate) fn finish(self) -> Result<(), Malformed> {
        if self.rest.is_empty() { Ok(()) } else { Err(Malformed::TrailingBytes) }
    }

    fn header(&mut self) -> Result<Header, Malformed> {
        let mut decoder = Decoder::from(self.rest);
        let header = decoder.pull().map_err(|_| Malformed::Cbor)?;
        self.rest = self.rest.get(decoder.offset()..).ok_or(Malformed::Cbor)?;
        Ok(header)
    }

    fn take(&mut self, len: Option<usize>) -> Result<&'d [u8], Malformed> {
        let len = len.ok_or(Malformed::IndefiniteLength)?;
        let (taken, rest) = self.rest.split_at_checked(len).ok_or(Malformed::Cbor)?;
        self.rest = rest;
        Ok(taken)
    }
}

/// Appends a byte string.
pub(crate) fn push_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    push_header(out, Header::Bytes(Some(bytes.len())));
    out.extend_from_slice(bytes);
}

/// Appends the head of an item.
pub(crate) fn push_header(out: &mut Vec<u8>, header: Header) {
    let mut buffer = [0; MAX_HEAD_LEN];
    let mut free = buffer.as_mut_slice();
    // There is room for every head.
    let _ = Encoder::from(&mut free).push(header);
    let written = MAX_HEAD_LEN - free.len();
    out.extend_from_slice(&buffer[..written]);
}

const MAX_DEPTH: usize = 8;
const MAX_HEAD_LEN: usize = 9;
const MAJOR_MAP: u8 = 5;
const BREAK: u8 = 0xff;
const NULL: u8 = 0xf6;
