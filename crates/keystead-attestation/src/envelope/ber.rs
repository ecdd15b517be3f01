//! Reading BER (X.690): definite and indefinite lengths, strings whole or in pieces.

use crate::der;

/// The bytes are not what they should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed;

/// Reads elements one after the other. Tags have one byte.
pub(super) struct Reader<'d> {
    rest: &'d [u8],
    depth: usize,
}

impl<'d> Reader<'d> {
    pub(super) fn new(bytes: &'d [u8]) -> Self {
        Self { rest: bytes, depth: 0 }
    }

    /// Opens a constructed element.
    pub(super) fn enter(&mut self, tag: u8) -> Result<Self, Malformed> {
        let (found, contents) = self.element()?;
        if found == tag { Ok(Self { rest: contents, depth: self.depth + 1 }) } else { Err(Malformed) }
    }

    /// Passes exactly these bytes.
    pub(super) fn expect(&mut self, element: &[u8]) -> Result<(), Malformed> {
        self.rest = self.rest.strip_prefix(element).ok_or(Malformed)?;
        Ok(())
    }

    /// The contents of a string of a (primitive) tag, be it whole, or constructed of OCTET STRINGs.
    pub(super) fn octets(&mut self, tag: u8) -> Result<Vec<u8>, Malformed> {
        let (found, contents) = self.element()?;
        if found == tag {
            return Ok(contents.to_vec());
        }
        if found != tag | CONSTRUCTED {
            return Err(Malformed);
        }
        let mut pieces = Self { rest: contents, depth: self.depth + 1 };
        let mut joined = Vec::new();
        while !pieces.is_empty() {
            joined.extend(pieces.octets(der::OCTET_STRING)?);
        }
        Ok(joined)
    }

    /// An INTEGER from 0 to 127.
    pub(super) fn small_integer(&mut self) -> Result<u8, Malformed> {
        match self.element()? {
            (der::INTEGER, [value @ 0..=0x7f]) => Ok(*value),
            _ => Err(Malformed),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The input must have come to its end.
    pub(super) fn finish(&self) -> Result<(), Malformed> {
        if self.is_empty() { Ok(()) } else { Err(Malformed) }
    }

    /// The tag and contents of the next element.
    fn element(&mut self) -> Result<(u8, &'d [u8]), Malformed> {
        // Each level may look for the end of an open one again, so levels are few.
        if self.depth > MAX_DEPTH {
            return Err(Malformed);
        }
        let (tag, len) = self.head()?;
        let len = match len {
            Some(len) => len,
            None if tag & CONSTRUCTED == 0 => return Err(Malformed),
            None => return self.until_end().map(|contents| (tag, contents)),
        };
        let (contents, rest) = self.rest.split_at_checked(len).ok_or(Malformed)?;
        self.rest = rest;
        Ok((tag, contents))
    }

    /// The contents of an element of open length, whose head has been read.
    fn until_end(&mut self) -> Result<&'d [u8], Malformed> {
        let mut ahead = Self { rest: self.rest, depth: self.depth + 1 };
        loop {
            let before = ahead.rest;
            if ahead.expect(&END_OF_CONTENTS).is_ok() {
                let len = self.rest.len() - before.len();
                let contents = self.rest.get(..len).ok_or(Malformed)?;
                self.rest = ahead.rest;
                return Ok(contents);
            }
            ahead.element()?;
        }
    }

    /// The tag, and the length if there is one.
    fn head(&mut self) -> Result<(u8, Option<usize>), Malformed> {
        let tag = self.byte()?;
        // The tag of an end of contents is none, and longer tags do not occur.
        if tag == 0 || tag & LONG_TAG == LONG_TAG {
            return Err(Malformed);
        }
        match self.byte()? {
            short @ 0..=0x7f => Ok((tag, Some(usize::from(short)))),
            INDEFINITE => Ok((tag, None)),
            long => {
                let count = usize::from(long & 0x7f);
                if count > MAX_LEN_BYTES {
                    return Err(Malformed);
                }
                let mut len = 0;
                for _ in 0..count {
                    len = len << 8 | usize::from(self.byte()?);
                }
                Ok((tag, Some(len)))
            }
        }
    }

    fn byte(&mut self) -> Result<u8, Malformed> {
        let (byte, rest) = self.rest.split_first().ok_or(Malformed)?;
        self.rest = rest;
        Ok(*byte)
    }
}

const MAX_DEPTH: usize = 16;
const MAX_LEN_BYTES: usize = 3;
const CONSTRUCTED: u8 = 0x20;
const LONG_TAG: u8 = 0x1f;
const INDEFINITE: u8 = 0x80;
const END_OF_CONTENTS: [u8; 2] = [0, 0];
