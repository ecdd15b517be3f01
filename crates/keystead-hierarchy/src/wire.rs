//! What the formats of this crate share: the four bytes each begins with, and length-prefixed text.

use keystead_crypto::SealingAlgorithm;

/// Magic, format version and sealing algorithm: the first bytes of every format. Four bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Preamble {
    pub(crate) magic: [u8; 2],
    pub(crate) format: u8,
    pub(crate) algorithm: SealingAlgorithm,
}

impl Preamble {
    /// Bytes in a preamble.
    pub(crate) const LEN: usize = 4;

    /// The bytes; none for an algorithm that the formats have no code for.
    pub(crate) fn to_bytes(self) -> Option<[u8; Self::LEN]> {
        let (_, code) = ALGORITHM_CODES.iter().find(|(algorithm, _)| *algorithm == self.algorithm)?;
        let [first, second] = self.magic;
        Some([first, second, self.format, *code])
    }

    /// Reads what stands before the rest of `bytes`, if magic and format are the expected ones and the algorithm known.
    pub(crate) fn parse(bytes: &[u8], magic: [u8; 2], format: u8) -> Option<(Self, &[u8])> {
        let ([first, second, found, code], rest) = bytes.split_first_chunk()?;
        let (algorithm, _) = ALGORITHM_CODES.iter().find(|(_, known)| known == code)?;
        let preamble = Self { magic: [*first, *second], format: *found, algorithm: *algorithm };
        (preamble.magic == magic && preamble.format == format).then_some((preamble, rest))
    }
}

/// Appends one length byte and the text, of which the callers' types admit 255 bytes at most.
pub(crate) fn write_short_text(text: &str, out: &mut impl Extend<u8>) {
    let bytes = &text.as_bytes()[..text.len().min(usize::from(u8::MAX))];
    out.extend([bytes.len() as u8]);
    out.extend(bytes.iter().copied());
}

/// Codes of the sealing algorithms in all formats. A code is never given to another algorithm.
const ALGORITHM_CODES: [(SealingAlgorithm, u8); 4] = [
    (SealingAlgorithm::Xaes256Gcm, 1),
    (SealingAlgorithm::Xaes192Gcm, 2),
    (SealingAlgorithm::Xaes128Gcm, 3),
    (SealingAlgorithm::Xsm4Gcm, 4),
];
