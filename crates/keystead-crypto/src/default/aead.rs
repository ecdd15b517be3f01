//! GCM under a nonce of the caller's choice.

use std::fmt;

use aes_gcm::aead::consts::{U12, U16};
use aes_gcm::aead::{AeadInOut, KeyInit};
use aes_gcm::aes::cipher::{BlockCipherEncrypt, BlockSizeUser};
use aes_gcm::{AesGcm, Nonce, Tag};
use ring::aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce as RingNonce, UnboundKey};

use crate::{Aead, CryptoError, MessageKey, NONCE_LEN, TAG_LEN};

/// AES-GCM by ring, with a key of `KEY_LEN` bytes: 16 or 32. ring does not wipe it on drop.
pub(super) struct RingGcm<const KEY_LEN: usize>(LessSafeKey);

impl<const KEY_LEN: usize> RingGcm<KEY_LEN> {
    #[inline]
    pub(super) fn new(key: &[u8]) -> Result<Self, CryptoError> {
        let algorithm = const {
            match KEY_LEN {
                16 => &AES_128_GCM,
                32 => &AES_256_GCM,
                _ => panic!("ring has AES-GCM with 16 and 32 bytes of key only"),
            }
        };
        let key = UnboundKey::new(algorithm, key).map_err(|_| CryptoError::InvalidKey)?;
        Ok(Self(LessSafeKey::new(key)))
    }
}

impl<const KEY_LEN: usize> MessageKey for RingGcm<KEY_LEN> {
    #[inline]
    fn from_key(key: &[u8]) -> Result<Self, CryptoError> {
        Self::new(key)
    }
}

impl<const KEY_LEN: usize> Aead for RingGcm<KEY_LEN> {
    #[inline]
    fn seal(&self, nonce: &[u8; NONCE_LEN], aad: &[u8], in_out: &mut [u8]) -> Result<[u8; TAG_LEN], CryptoError> {
        let nonce = RingNonce::assume_unique_for_key(*nonce);
        let tag =
            self.0.seal_in_place_separate_tag(nonce, Aad::from(aad), in_out).map_err(|_| CryptoError::InputTooLong)?;
        tag.as_ref().try_into().map_err(|_| CryptoError::Unsupported)
    }

    #[inline]
    fn open(
        &self,
        nonce: &[u8; NONCE_LEN],
        aad: &[u8],
        in_out: &mut [u8],
        tag: &[u8; TAG_LEN],
    ) -> Result<(), CryptoError> {
        let nonce = RingNonce::assume_unique_for_key(*nonce);
        // ring decrypts while it authenticates, and zeroes the buffer itself when the tag turns out wrong.
        match self.0.open_in_place_separate_tag(nonce, Aad::from(aad), (*tag).into(), in_out, 0..) {
            Ok(_) => Ok(()),
            Err(_) => Err(CryptoError::Unauthenticated),
        }
    }
}

impl<const KEY_LEN: usize> fmt::Debug for RingGcm<KEY_LEN> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RingGcm({KEY_LEN} bytes of key redacted)")
    }
}

/// GCM by the RustCrypto crates over any 128-bit block cipher, wiped on drop.
pub(super) struct PortableGcm<C>(AesGcm<C, U12>);

impl<C: BlockCipherEncrypt + BlockSizeUser<BlockSize = U16> + KeyInit> PortableGcm<C> {
    #[inline]
    pub(super) fn new(key: &[u8]) -> Result<Self, CryptoError> {
        AesGcm::new_from_slice(key).map(Self).map_err(|_| CryptoError::InvalidKey)
    }
}

impl<C> MessageKey for PortableGcm<C>
where
    C: BlockCipherEncrypt + BlockSizeUser<BlockSize = U16> + KeyInit + Send + Sync,
{
    #[inline]
    fn from_key(key: &[u8]) -> Result<Self, CryptoError> {
        Self::new(key)
    }
}

impl<C> Aead for PortableGcm<C>
where
    C: BlockCipherEncrypt + BlockSizeUser<BlockSize = U16> + Send + Sync,
{
    #[inline]
    fn seal(&self, nonce: &[u8; NONCE_LEN], aad: &[u8], in_out: &mut [u8]) -> Result<[u8; TAG_LEN], CryptoError> {
        self.0
            .encrypt_inout_detached(&Nonce::from(*nonce), aad, in_out.into())
            .map(Into::into)
            .map_err(|_| CryptoError::InputTooLong)
    }

    #[inline]
    fn open(
        &self,
        nonce: &[u8; NONCE_LEN],
        aad: &[u8],
        in_out: &mut [u8],
        tag: &[u8; TAG_LEN],
    ) -> Result<(), CryptoError> {
        // The crate authenticates first: a wrong tag leaves the ciphertext as it was.
        self.0
            .decrypt_inout_detached(&Nonce::from(*nonce), aad, in_out.into(), &Tag::from(*tag))
            .map_err(|_| CryptoError::Unauthenticated)
    }
}

impl<C> fmt::Debug for PortableGcm<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PortableGcm(key redacted)")
    }
}
