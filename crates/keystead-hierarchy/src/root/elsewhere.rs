//! The frame around what root keys kept elsewhere seal, so that every root key can say which one is needed.

use super::RootKeyId;
use super::raw::Origin;

impl RootKeyId {
    /// The root key that made `sealed`, whichever kind it is; none if the bytes are not the work of a root key.
    pub fn of_sealed(sealed: &[u8]) -> Option<Self> {
        let local = Origin::of(sealed).map(|(_, id)| id);
        local.or_else(|| SealedElsewhere::parse(sealed).map(|sealed| sealed.id))
    }
}

/// A value that a root key kept elsewhere has sealed: its kind, its ID, and bytes that only it understands.
///
/// Layout: `docs/formats/domain-key.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SealedElsewhere<'a> {
    /// The kind of root key; see the registry in `docs/formats/domain-key.md`.
    pub kind: u8,
    /// The root key that sealed.
    pub id: RootKeyId,
    /// What it has sealed.
    pub body: &'a [u8],
}

impl<'a> SealedElsewhere<'a> {
    /// Reads a stored value; none for anything else and for other format versions.
    pub fn parse(sealed: &'a [u8]) -> Option<Self> {
        let (magic, rest) = sealed.split_first_chunk()?;
        let ([version, kind], rest) = rest.split_first_chunk()?;
        let (id, body) = rest.split_first_chunk()?;
        (*magic == MAGIC && *version == FORMAT_VERSION).then_some(Self { kind: *kind, id: RootKeyId(*id), body })
    }

    /// The stored value.
    pub fn to_bytes(&self) -> Vec<u8> {
        [&MAGIC, [FORMAT_VERSION, self.kind].as_slice(), self.id.as_bytes(), self.body].concat()
    }
}

const MAGIC: [u8; 2] = *b"KE";
const FORMAT_VERSION: u8 = 1;
