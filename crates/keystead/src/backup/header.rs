//! How a backup begins.

use std::io::Read;

use keystead_crypto::{Entropy, Provider, Sealer, SealingAlgorithm, SecretBytes};
use keystead_hierarchy::RootKey;

use super::{BackupError, RestoreError};

/// The header of a backup: what it is, and its key, sealed by the root key.
pub(super) struct Header {
    bytes: Vec<u8>,
}

impl Header {
    /// A header with a fresh key, and that key.
    pub(super) fn generate(
        root_key: &dyn RootKey,
        provider: &dyn Provider,
        entropy: &dyn Entropy,
    ) -> Result<(Self, Box<dyn Sealer>), BackupError> {
        let key = SecretBytes::random(entropy, ALGORITHM.key_len())?;
        let sealed = root_key.seal(key.expose(), &PREAMBLE)?;
        let len = u16::try_from(sealed.len()).map_err(|_| BackupError::SealedKeyTooLong { len: sealed.len() })?;
        let bytes = [PREAMBLE.as_slice(), &len.to_be_bytes(), &sealed].concat();
        Ok((Self { bytes }, provider.sealer(ALGORITHM, key.expose())?))
    }

    /// Reads a header, and opens the key of the backup.
    pub(super) fn read(
        input: &mut impl Read,
        root_key: &dyn RootKey,
        provider: &dyn Provider,
    ) -> Result<(Self, Box<dyn Sealer>), RestoreError> {
        let mut bytes = Vec::new();
        take(input, PREAMBLE.len() + LENGTH_LEN, &mut bytes)?;
        let Some((preamble, rest)) = bytes.split_first_chunk::<{ PREAMBLE.len() }>() else {
            return Err(RestoreError::NotABackup);
        };
        check(preamble)?;
        let &[high, low] = rest else { return Err(RestoreError::DamagedHeader) };
        let len = usize::from(u16::from_be_bytes([high, low]));
        let sealed_at = bytes.len();
        take(input, len, &mut bytes)?;
        let sealed = &bytes[sealed_at..];
        if sealed.len() != len {
            return Err(RestoreError::DamagedHeader);
        }
        let key = root_key.open(sealed, &PREAMBLE)?;
        if key.len() != ALGORITHM.key_len() {
            return Err(RestoreError::DamagedHeader);
        }
        let sealer = provider.sealer(ALGORITHM, key.expose())?;
        Ok((Self { bytes }, sealer))
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }
}

fn check(preamble: &[u8; PREAMBLE.len()]) -> Result<(), RestoreError> {
    let [.., found, _] = *preamble;
    let [magic @ .., known, _] = &PREAMBLE;
    if !preamble.starts_with(magic) {
        return Err(RestoreError::NotABackup);
    }
    if found > *known {
        return Err(RestoreError::NewerFormat { found, known: *known });
    }
    if preamble == &PREAMBLE { Ok(()) } else { Err(RestoreError::DamagedHeader) }
}

/// Appends so many bytes of the input, fewer at its end.
fn take(input: &mut impl Read, len: usize, bytes: &mut Vec<u8>) -> Result<(), RestoreError> {
    input.take(len as u64).read_to_end(bytes)?;
    Ok(())
}

/// Magic, format version 1, sealing algorithm as in all formats; what the root key binds the sealed key to.
const PREAMBLE: [u8; 6] = *b"KSBK\x01\x01";
const ALGORITHM: SealingAlgorithm = SealingAlgorithm::Xaes256Gcm;
/// Bytes of the length of the sealed key.
const LENGTH_LEN: usize = 2;
