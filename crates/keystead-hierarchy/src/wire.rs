//! What the formats of this crate share: how they begin, how they seal, and how they write text.

use keystead_crypto::{CryptoError, Entropy, SEALING_NONCE_LEN, Sealer, SealingAlgorithm, SecretBytes, TAG_LEN};
use zeroize::Zeroize;

/// The first four bytes of every format: magic, format version, sealing algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Preamble {
    /// Tells the formats apart.
    pub(crate) magic: [u8; 2],
    pub(crate) algorithm: SealingAlgorithm,
}

impl Preamble {
    pub(crate) const LEN: usize = 4;

    pub(crate) fn to_bytes(self) -> Result<[u8; Self::LEN], CryptoError> {
        let [first, second] = self.magic;
        let known = ALGORITHM_CODES.iter().find(|(algorithm, _)| *algorithm == self.algorithm);
        let (_, code) = known.ok_or(CryptoError::Unsupported)?;
        Ok([first, second, FORMAT_VERSION, *code])
    }

    /// Reads what stands before the rest of `bytes`; none for another magic, format version or algorithm.
    pub(crate) fn parse(bytes: &[u8], magic: [u8; 2]) -> Option<(Self, &[u8])> {
        let ([first, second, FORMAT_VERSION, code], rest) = bytes.split_first_chunk()? else { return None };
        let (algorithm, _) = ALGORITHM_CODES.iter().find(|(_, known)| known == code)?;
        ([*first, *second] == magic).then_some((Self { magic, algorithm: *algorithm }, rest))
    }
}

/// The first eight bytes of what concerns one version of a domain key: preamble and version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct VersionHeader {
    pub(crate) preamble: Preamble,
    /// Counts from 1.
    pub(crate) version: u32,
}

impl VersionHeader {
    pub(crate) const LEN: usize = Preamble::LEN + 4;

    pub(crate) fn to_bytes(self) -> Result<[u8; Self::LEN], CryptoError> {
        let [a, b, c, d] = self.preamble.to_bytes()?;
        let [e, f, g, h] = self.version.to_be_bytes();
        Ok([a, b, c, d, e, f, g, h])
    }

    /// Reads what stands before the rest of `bytes`; none for a foreign preamble or version 0.
    pub(crate) fn parse(bytes: &[u8], magic: [u8; 2]) -> Option<(Self, &[u8])> {
        let (preamble, rest) = Preamble::parse(bytes, magic)?;
        let (version, rest) = rest.split_first_chunk()?;
        let version = u32::from_be_bytes(*version);
        (version > 0).then_some((Self { preamble, version }, rest))
    }
}

/// A sealed message, borrowed from its bytes: header, nonce, ciphertext, tag.
pub(crate) struct Sealed<'a> {
    pub(crate) header: &'a [u8],
    nonce: &'a [u8; SEALING_NONCE_LEN],
    ciphertext: &'a [u8],
    tag: &'a [u8; TAG_LEN],
}

impl<'a> Sealed<'a> {
    /// Bytes that a message has more than its header and plaintext.
    pub(crate) const OVERHEAD: usize = SEALING_NONCE_LEN + TAG_LEN;

    /// Finds the parts of a message; none if it is too short.
    pub(crate) fn split(message: &'a [u8], header_len: usize) -> Option<Self> {
        let (header, rest) = message.split_at_checked(header_len)?;
        let (nonce, rest) = rest.split_first_chunk()?;
        let (ciphertext, tag) = rest.split_last_chunk()?;
        Some(Self { header, nonce, ciphertext, tag })
    }

    /// Whether the message holds nothing.
    pub(crate) fn is_empty(&self) -> bool {
        self.ciphertext.is_empty()
    }

    /// The plaintext, which is the only allocation.
    pub(crate) fn open(&self, sealer: &dyn Sealer, aad: &[u8]) -> Result<SecretBytes, CryptoError> {
        let mut plaintext = SecretBytes::from(self.ciphertext);
        sealer.open(self.nonce, aad, plaintext.as_mut(), self.tag)?;
        Ok(plaintext)
    }
}

/// A new sealed message, which is the only allocation. `aad` must say all that `header` says.
pub(crate) fn seal(
    sealer: &dyn Sealer,
    entropy: &dyn Entropy,
    header: &[u8],
    aad: &[u8],
    plaintext: &[u8],
) -> Result<Vec<u8>, CryptoError> {
    let mut nonce = [0; SEALING_NONCE_LEN];
    entropy.fill_nonce(&mut nonce)?;

    let mut message = Vec::with_capacity(header.len() + Sealed::OVERHEAD + plaintext.len());
    message.extend_from_slice(header);
    message.extend_from_slice(&nonce);
    message.extend_from_slice(plaintext);
    match sealer.seal(&nonce, aad, &mut message[header.len() + SEALING_NONCE_LEN..]) {
        Ok(tag) => {
            message.extend_from_slice(&tag);
            Ok(message)
        }
        Err(error) => {
            message.zeroize();
            Err(error)
        }
    }
}

/// Appends one length byte and the text, of which the callers' types admit 255 bytes at most.
pub(crate) fn write_short_text(text: &str, out: &mut impl Extend<u8>) {
    let len = text.len().min(usize::from(u8::MAX));
    out.extend([len as u8]);
    out.extend(text.bytes().take(len));
}

/// The version of all formats so far.
const FORMAT_VERSION: u8 = 1;
/// Codes of the sealing algorithms in all formats. A code is never given to another algorithm.
const ALGORITHM_CODES: [(SealingAlgorithm, u8); 4] = [
    (SealingAlgorithm::Xaes256Gcm, 1),
    (SealingAlgorithm::Xaes192Gcm, 2),
    (SealingAlgorithm::Xaes128Gcm, 3),
    (SealingAlgorithm::Xsm4Gcm, 4),
];
