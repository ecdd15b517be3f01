//! From BER to DER (ITU-T X.690), for private keys that other tools have encoded (IMP-29).
//!
//! Only the encoding changes: lengths become definite and minimal, strings in pieces become whole. What the values mean
//! is for the parser behind to judge, so an encoding that is wrong in another way stays wrong.

use zeroize::Zeroizing;

use crate::{CryptoError, SecretBytes};

/// Encodes one BER value, and nothing after it, as DER.
///
/// Of the freedoms of BER it knows indefinite and long lengths, and OCTET STRING and BIT STRING in pieces. The result
/// is wiped when dropped, and so is what was needed to make it.
///
/// # Errors
/// [`CryptoError::InvalidKey`] when `ber` is malformed, has bytes after the value, is longer than [`MAX_LEN`] or nests
/// deeper than [`MAX_DEPTH`].
pub fn to_der(ber: &[u8]) -> Result<SecretBytes, CryptoError> {
    if ber.len() > MAX_LEN {
        return Err(CryptoError::InvalidKey);
    }
    let mut input = Input { rest: ber };
    let mut der = buffer(ber.len());
    convert(&mut input, &mut der, 0).filter(|()| input.rest.is_empty()).ok_or(CryptoError::InvalidKey)?;
    Ok(SecretBytes::from(std::mem::take(&mut *der)))
}

/// Bytes in the longest value that is read: twice the largest private key.
pub const MAX_LEN: usize = 16_384;

/// Values inside values: twice what PKCS #8 with attributes needs.
pub const MAX_DEPTH: usize = 16;

/// Converts the next value of `input` and appends it to `der`.
fn convert(input: &mut Input<'_>, der: &mut Buffer, depth: usize) -> Option<()> {
    let (tag, length) = input.header()?;
    let mut contents = input.contents(length)?;
    if tag & CONSTRUCTED == 0 {
        // Only what is constructed may have an indefinite length (X.690, 8.1.3.2).
        let Length::Definite(_) = length else { return None };
        input.rest = input.rest.get(contents.rest.len()..)?;
        return append(tag, contents.rest, der);
    }
    if depth == MAX_DEPTH {
        return None;
    }
    let primitive = tag & !CONSTRUCTED;
    let mut inner = buffer(contents.rest.len());
    match primitive {
        OCTET_STRING | BIT_STRING => {
            let mut pieces = Pieces { tag: primitive, bytes: inner, unused_bits: None };
            while !contents.at_end(length)? {
                pieces.read(&mut contents, depth + 1)?;
            }
            append(primitive, &pieces.finish()?, der)?;
        }
        _ => {
            while !contents.at_end(length)? {
                convert(&mut contents, &mut inner, depth + 1)?;
            }
            append(tag, &inner, der)?;
        }
    }
    input.skip_to(&contents, length)
}

/// The pieces of a string, put together (X.690, 8.6.4 and 8.7.3).
struct Pieces {
    tag: u8,
    bytes: Buffer,
    /// Of a BIT STRING, what its last piece says.
    unused_bits: Option<u8>,
}

impl Pieces {
    fn read(&mut self, input: &mut Input<'_>, depth: usize) -> Option<()> {
        // A piece may itself be in pieces, and is a string of the same kind.
        if input.rest.first()? & !CONSTRUCTED != self.tag {
            return None;
        }
        let mut der = buffer(input.rest.len());
        convert(input, &mut der, depth)?;
        let mut piece = Input { rest: &der };
        let (_, length) = piece.header()?;
        let contents = piece.contents(length)?.rest;
        if self.tag == OCTET_STRING {
            self.bytes.extend_from_slice(contents);
            return Some(());
        }
        // Only the last piece may end within a byte.
        let (&unused_bits, bits) = contents.split_first()?;
        if self.unused_bits.is_some_and(|bits| bits != 0) || unused_bits > 7 {
            return None;
        }
        self.unused_bits = Some(unused_bits);
        self.bytes.extend_from_slice(bits);
        Some(())
    }

    fn finish(self) -> Option<Buffer> {
        if self.tag == OCTET_STRING {
            return Some(self.bytes);
        }
        let mut whole = buffer(self.bytes.len() + 1);
        whole.push(self.unused_bits?);
        whole.extend_from_slice(&self.bytes);
        Some(whole)
    }
}

/// Appends a value with its shortest header.
fn append(tag: u8, contents: &[u8], der: &mut Buffer) -> Option<()> {
    let length = u16::try_from(contents.len()).ok()?;
    let [high, low] = length.to_be_bytes();
    der.push(tag);
    match length {
        0..=0x7f => der.push(low),
        0x80..=0xff => der.extend_from_slice(&[0x81, low]),
        _ => der.extend_from_slice(&[0x82, high, low]),
    }
    der.extend_from_slice(contents);
    Some(())
}

#[derive(Clone, Copy)]
enum Length {
    Definite(usize),
    /// Up to two zero bytes, the end-of-contents.
    Indefinite,
}

/// What is left to read.
struct Input<'a> {
    rest: &'a [u8],
}

impl<'a> Input<'a> {
    fn header(&mut self) -> Option<(u8, Length)> {
        let tag = self.byte()?;
        // No key has a tag of several bytes, nor the tag of the end-of-contents.
        if tag & TAG_NUMBER == TAG_NUMBER || tag == 0 {
            return None;
        }
        let length = match self.byte()? {
            short @ 0..=0x7f => Length::Definite(usize::from(short)),
            0x80 => Length::Indefinite,
            0xff => return None,
            count => {
                let mut length = 0_usize;
                for _ in 0..count & 0x7f {
                    length = length.checked_mul(256)?.checked_add(usize::from(self.byte()?))?;
                }
                Length::Definite(length)
            }
        };
        Some((tag, length))
    }

    /// The contents that follow; of indefinite length they go on to the end of what there is.
    fn contents(&self, length: Length) -> Option<Input<'a>> {
        let rest = match length {
            Length::Definite(length) => self.rest.get(..length)?,
            Length::Indefinite => self.rest,
        };
        Some(Input { rest })
    }

    /// Whether contents of this length end here; takes the end-of-contents away.
    fn at_end(&mut self, length: Length) -> Option<bool> {
        match length {
            Length::Definite(_) => Some(self.rest.is_empty()),
            Length::Indefinite => match self.rest {
                [0, 0, rest @ ..] => {
                    self.rest = rest;
                    Some(true)
                }
                [] => None,
                _ => Some(false),
            },
        }
    }

    /// Goes on behind `contents`, which have been read to their end.
    fn skip_to(&mut self, contents: &Input<'a>, length: Length) -> Option<()> {
        self.rest = match length {
            Length::Definite(length) => self.rest.get(length..)?,
            Length::Indefinite => contents.rest,
        };
        Some(())
    }

    fn byte(&mut self) -> Option<u8> {
        let (&byte, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(byte)
    }
}

/// Never grows, so that no unwiped copy is left behind: DER is at most as long as the BER it comes from.
fn buffer(capacity: usize) -> Buffer {
    Zeroizing::new(Vec::with_capacity(capacity))
}

type Buffer = Zeroizing<Vec<u8>>;

const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
/// The bit of a tag that says that values are inside.
const CONSTRUCTED: u8 = 0x20;
/// The bits of a tag that hold its number; all set, the number follows.
const TAG_NUMBER: u8 = 0x1f;
