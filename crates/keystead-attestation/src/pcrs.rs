//! Platform configuration registers: the measurements of a document.

use std::collections::BTreeMap;

use crate::Malformed;
use crate::cbor::Reader;

/// The registers of a document, by index.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pcrs(BTreeMap<u8, Vec<u8>>);

impl Pcrs {
    /// Reads a map of at least one register with an index less than `count`. All have the length of one hash.
    pub(crate) fn read(reader: &mut Reader<'_>, field: &'static str, count: u64) -> Result<Self, Malformed> {
        let wrong = Malformed::Field(field);
        let mut registers: BTreeMap<u8, Vec<u8>> = BTreeMap::new();
        let mut pairs = reader.map()?;
        while reader.another(&mut pairs)? {
            let index = Some(reader.unsigned()?).filter(|index| *index < count).ok_or(wrong)?;
            let index = u8::try_from(index).map_err(|_| wrong)?;
            let value = reader.bytes()?;
            let same_length = registers.values().next().is_none_or(|first| first.len() == value.len());
            if !HASH_LENS.contains(&value.len()) || !same_length {
                return Err(wrong);
            }
            if registers.insert(index, value.to_vec()).is_some() {
                return Err(Malformed::DuplicateKey);
            }
        }
        if registers.is_empty() { Err(wrong) } else { Ok(Self(registers)) }
    }

    pub(crate) fn get(&self, index: u8) -> Option<&[u8]> {
        self.0.get(&index).map(Vec::as_slice)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (u8, &[u8])> {
        self.0.iter().map(|(index, value)| (*index, value.as_slice()))
    }
}

const HASH_LENS: [usize; 3] = [32, 48, 64];
