//! The XAES construction: a fresh subkey for every message, derived from half of a 192-bit nonce.
//!
//! XAES-256-GCM is <https://c2sp.org/XAES-256-GCM>. The other sizes and SM4 follow the same steps and take as many
//! bytes of derived key as their cipher needs; `docs/formats/sealing.md` has every byte.
//!
//! The derivation does not depend on who does the GCM, so providers share it: see [`xaes`].

use std::fmt;
use std::marker::PhantomData;

use aes::cipher::array::Array;
use aes::cipher::consts::{U12, U16, U24};
use aes::cipher::{BlockCipherEncrypt, BlockSizeUser, KeyInit};
use aes::{Aes128Enc, Aes192Enc, Aes256Enc};
use zeroize::{Zeroize, Zeroizing};

use crate::{Aead, CryptoError, NONCE_LEN, SEALING_NONCE_LEN, Sealer, TAG_LEN};

/// An [`Aead`] that is made from raw key bytes: what encrypts one message under its derived key.
pub trait MessageKey: Aead + Sized {
    /// Prepares the key.
    ///
    /// # Errors
    /// [`CryptoError::InvalidKey`] when it is not as long as the algorithm takes.
    fn from_key(key: &[u8]) -> Result<Self, CryptoError>;
}

/// The XAES construction for a provider that brings an AES-GCM of its own, over a key of 16, 24 or 32 bytes.
///
/// `key` itself meets only the block cipher that derives the keys of messages, and is wiped on drop; each message's own
/// key, as long as `key`, goes to `M`.
///
/// # Errors
/// [`CryptoError::InvalidKey`] when `key` has another length.
pub fn xaes<M: MessageKey + 'static>(key: &[u8]) -> Result<Box<dyn Sealer>, CryptoError> {
    Ok(match key.len() {
        16 => Box::new(Xaes::<Aes128Enc, M>::new(key)?),
        24 => Box::new(Xaes::<Aes192Enc, M>::new(key)?),
        32 => Box::new(Xaes::<Aes256Enc, M>::new(key)?),
        _ => return Err(CryptoError::InvalidKey),
    })
}

/// A sealing key over block cipher `C`, whose subkeys encrypt with `M`. Both halves of its state are wiped on drop.
pub(crate) struct Xaes<C, M> {
    cipher: C,
    /// The CMAC subkey K1 (NIST SP 800-38B, section 6.1) of the cipher.
    k1: Zeroizing<Block>,
    message: PhantomData<fn() -> M>,
}

impl<C, M> Xaes<C, M>
where
    C: BlockCipherEncrypt + BlockSizeUser<BlockSize = U16> + KeyInit,
    M: MessageKey,
{
    pub(crate) fn new(key: &[u8]) -> Result<Self, CryptoError> {
        let cipher = C::new_from_slice(key).map_err(|_| CryptoError::InvalidKey)?;
        let mut l = Array::from([0; BLOCK_LEN]);
        cipher.encrypt_block(&mut l);
        let k1 = Zeroizing::new(double(&l.into()));
        l.zeroize();
        Ok(Self { cipher, k1, message: PhantomData })
    }

    /// Prepares the key of one message: SP 800-108 in counter mode, CMAC over the cipher, label `X`, no length field.
    #[inline]
    fn message_key(&self, context: &[u8; NONCE_LEN]) -> Result<M, CryptoError> {
        let mut blocks = Zeroizing::new([0; 2 * BLOCK_LEN]);
        let key_len = C::key_size();
        for (counter, block) in (1..).zip(blocks.as_chunks_mut::<BLOCK_LEN>().0) {
            block[..4].copy_from_slice(&[0, counter, LABEL, 0]);
            block[4..].copy_from_slice(context);
            for (byte, mask) in block.iter_mut().zip(self.k1.iter()) {
                *byte ^= mask;
            }
        }
        let needed = key_len.div_ceil(BLOCK_LEN);
        let (inputs, _) = Array::slice_as_chunks_mut(&mut blocks[..needed * BLOCK_LEN]);
        self.cipher.encrypt_blocks(inputs);
        M::from_key(&blocks[..key_len])
    }
}

impl<C, M> Sealer for Xaes<C, M>
where
    C: BlockCipherEncrypt + BlockSizeUser<BlockSize = U16> + KeyInit + Send + Sync,
    M: MessageKey,
{
    fn seal(
        &self,
        nonce: &[u8; SEALING_NONCE_LEN],
        aad: &[u8],
        in_out: &mut [u8],
    ) -> Result<[u8; TAG_LEN], CryptoError> {
        let (context, nonce) = halves(nonce);
        self.message_key(context)?.seal(nonce, aad, in_out)
    }

    fn open(
        &self,
        nonce: &[u8; SEALING_NONCE_LEN],
        aad: &[u8],
        in_out: &mut [u8],
        tag: &[u8; TAG_LEN],
    ) -> Result<(), CryptoError> {
        let (context, nonce) = halves(nonce);
        self.message_key(context)?.open(nonce, aad, in_out, tag)
    }
}

impl<C, M> fmt::Debug for Xaes<C, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Xaes(key redacted)")
    }
}

/// What the subkey is derived from, and the nonce under it.
#[inline]
fn halves(nonce: &[u8; SEALING_NONCE_LEN]) -> (&[u8; NONCE_LEN], &[u8; NONCE_LEN]) {
    let (context, nonce) = Array::<u8, U24>::cast_from_core(nonce).split_ref::<U12>();
    (context.as_ref(), nonce.as_ref())
}

/// Doubles in GF(2^128) as CMAC does, without a branch on the secret.
fn double(block: &Block) -> Block {
    let value = u128::from_be_bytes(*block);
    let carry = value >> 127;
    ((value << 1) ^ (carry * REDUCTION)).to_be_bytes()
}

type Block = [u8; BLOCK_LEN];

const BLOCK_LEN: usize = 16;
/// The label of the derivation, chosen by C2SP.
const LABEL: u8 = b'X';
/// x^128 = x^7 + x^2 + x + 1.
const REDUCTION: u128 = 0x87;
