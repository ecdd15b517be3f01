//! AES key wrap with padding (RFC 5649, NIST SP 800-38F), on the `aes` crate.
//!
//! Ours and not that of `aes-kw`, because IMP-24 asks for checks in constant time: that crate stops at the first check
//! that fails, and leaves the last half block of the key on its stack. The tests compare the two.

use aes::cipher::{BlockCipherDecrypt, BlockCipherEncrypt, BlockSizeUser, consts::U16};
use subtle::{ConditionallySelectable, ConstantTimeEq, ConstantTimeGreater, ConstantTimeLess};
use zeroize::Zeroizing;

use crate::{CryptoError, SecretBytes};

/// Wraps 1 to 2^32 - 1 bytes.
pub(super) fn wrap<C>(cipher: &C, key: &[u8]) -> Result<Vec<u8>, CryptoError>
where
    C: BlockCipherEncrypt + BlockSizeUser<BlockSize = U16>,
{
    if key.is_empty() {
        return Err(CryptoError::InvalidInput);
    }
    let indicator = u32::try_from(key.len()).map_err(|_| CryptoError::InputTooLong)?;
    let mut wrapped = Zeroizing::new(vec![0; HALF + key.len().next_multiple_of(HALF)]);
    wrapped[..4].copy_from_slice(&PREFIX);
    wrapped[4..HALF].copy_from_slice(&indicator.to_be_bytes());
    wrapped[HALF..][..key.len()].copy_from_slice(key);
    if let Ok(block) = <&mut [u8; BLOCK]>::try_from(&mut wrapped[..]) {
        cipher.encrypt_block(block.into());
    } else {
        let (integrity, halves) = wrapped.split_at_mut(HALF);
        let mut block = Zeroizing::new([0; BLOCK]);
        block[..HALF].copy_from_slice(integrity);
        let mut step = 0_u64;
        for _ in 0..ROUNDS {
            for half in halves.chunks_exact_mut(HALF) {
                block[HALF..].copy_from_slice(half);
                cipher.encrypt_block((&mut *block).into());
                step += 1;
                count(&mut block, step);
                half.copy_from_slice(&block[HALF..]);
            }
        }
        integrity.copy_from_slice(&block[..HALF]);
    }
    Ok(std::mem::take(&mut *wrapped))
}

/// Opens what [`wrap`] made. After the length, which everybody sees, all checks are made whatever their outcome.
pub(super) fn unwrap<C>(cipher: &C, wrapped: &[u8]) -> Result<SecretBytes, CryptoError>
where
    C: BlockCipherDecrypt + BlockSizeUser<BlockSize = U16>,
{
    if wrapped.len() < BLOCK || !wrapped.len().is_multiple_of(HALF) {
        return Err(CryptoError::Unauthenticated);
    }
    let mut opened = Zeroizing::new(wrapped.to_vec());
    if let Ok(block) = <&mut [u8; BLOCK]>::try_from(&mut opened[..]) {
        cipher.decrypt_block(block.into());
    } else {
        let (integrity, halves) = opened.split_at_mut(HALF);
        let mut block = Zeroizing::new([0; BLOCK]);
        block[..HALF].copy_from_slice(integrity);
        let mut step = ROUNDS * (halves.len() / HALF) as u64;
        for _ in 0..ROUNDS {
            for half in halves.chunks_exact_mut(HALF).rev() {
                count(&mut block, step);
                block[HALF..].copy_from_slice(half);
                cipher.decrypt_block((&mut *block).into());
                step -= 1;
                half.copy_from_slice(&block[HALF..]);
            }
        }
        integrity.copy_from_slice(&block[..HALF]);
    }

    let (integrity, padded) = opened.split_at(HALF);
    let (prefix, indicator) = integrity.split_at(4);
    let len = indicator.iter().fold(0_u64, |len, byte| len << 8 | u64::from(*byte));
    let padding = (padded.len() as u64).wrapping_sub(len);
    let mut valid = prefix.ct_eq(&PREFIX) & padding.ct_lt(&(HALF as u64));
    for (from_end, byte) in (0_u64..HALF as u64).zip(padded.iter().rev()) {
        let looked_at = u8::conditional_select(&0, byte, padding.ct_gt(&from_end));
        valid &= looked_at.ct_eq(&0);
    }
    if bool::from(valid) { Ok(SecretBytes::from(&padded[..len as usize])) } else { Err(CryptoError::Unauthenticated) }
}

/// Mixes the number of the step into the integrity half.
fn count(block: &mut [u8; BLOCK], step: u64) {
    block.iter_mut().zip(step.to_be_bytes()).for_each(|(byte, step)| *byte ^= step);
}

const BLOCK: usize = 16;
/// Half a block, the unit of wrapping.
const HALF: usize = 8;
const ROUNDS: u64 = 6;
/// What the Alternative Initial Value begins with (RFC 5649, section 3).
const PREFIX: [u8; 4] = [0xa6, 0x59, 0x59, 0xa6];
