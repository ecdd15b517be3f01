//! The default provider: ring and the RustCrypto crates.

mod aead;
mod ec;
mod ed25519;
mod encoding;
mod key_pair;
mod key_wrap;
mod mac;
mod ml_dsa;
mod ml_kem;
mod ml_private;
mod rng;
mod rsa;
mod signature_der;
pub(crate) mod sm2;

use aes::{Aes128, Aes128Dec, Aes128Enc, Aes192, Aes192Dec, Aes192Enc, Aes256, Aes256Dec, Aes256Enc};
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeEncrypt, KeyInit, KeyIvInit};
use cmac::Cmac;
use hmac::Hmac;
use sha2::{Sha224, Sha256, Sha384, Sha512};
use sm3::Sm3;
use sm4::Sm4;

use crate::xaes::Xaes;
use crate::{
    Aead, AeadAlgorithm, CryptoError, Digest, DigestAlgorithm, Entropy, KeyPairAlgorithm, Mac, MacAlgorithm,
    PrivateKey, Provider, PublicKey, Sealer, SealingAlgorithm, SecretBytes,
};
use aead::{PortableGcm, RingGcm};
use key_pair::Origin;
use mac::MacKey;

/// Every algorithm of the contract, from ring and the RustCrypto crates. The crate documentation says which does what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DefaultProvider;

impl DefaultProvider {
    /// The provider. It has no state and costs nothing to make.
    pub const fn new() -> Self {
        Self
    }
}

impl Provider for DefaultProvider {
    fn name(&self) -> &'static str {
        "ring+rustcrypto"
    }

    fn aead(&self, algorithm: AeadAlgorithm, key: &[u8]) -> Result<Box<dyn Aead>, CryptoError> {
        Ok(match algorithm {
            AeadAlgorithm::Aes128Gcm => Box::new(RingGcm::<16>::new(key)?),
            AeadAlgorithm::Aes192Gcm => Box::new(PortableGcm::<Aes192>::new(key)?),
            AeadAlgorithm::Aes256Gcm => Box::new(RingGcm::<32>::new(key)?),
            AeadAlgorithm::Sm4Gcm => Box::new(PortableGcm::<Sm4>::new(key)?),
        })
    }

    fn sealer(&self, algorithm: SealingAlgorithm, key: &[u8]) -> Result<Box<dyn Sealer>, CryptoError> {
        Ok(match algorithm {
            SealingAlgorithm::Xaes128Gcm => Box::new(Xaes::<Aes128Enc, RingGcm<16>>::new(key)?),
            SealingAlgorithm::Xaes192Gcm => Box::new(Xaes::<Aes192Enc, PortableGcm<Aes192Enc>>::new(key)?),
            SealingAlgorithm::Xaes256Gcm => Box::new(Xaes::<Aes256Enc, RingGcm<32>>::new(key)?),
            SealingAlgorithm::Xsm4Gcm => Box::new(Xaes::<Sm4, PortableGcm<Sm4>>::new(key)?),
        })
    }

    fn mac(&self, algorithm: MacAlgorithm, key: &[u8]) -> Result<Box<dyn Mac>, CryptoError> {
        Ok(match algorithm {
            MacAlgorithm::HmacSha224 => Box::new(MacKey::<Hmac<Sha224>>::new(key)?),
            MacAlgorithm::HmacSha256 => Box::new(MacKey::<Hmac<Sha256>>::new(key)?),
            MacAlgorithm::HmacSha384 => Box::new(MacKey::<Hmac<Sha384>>::new(key)?),
            MacAlgorithm::HmacSha512 => Box::new(MacKey::<Hmac<Sha512>>::new(key)?),
            MacAlgorithm::HmacSm3 => Box::new(MacKey::<Hmac<Sm3>>::new(key)?),
            MacAlgorithm::AesCmac => match key.len() {
                16 => Box::new(MacKey::<Cmac<Aes128>>::new(key)?),
                24 => Box::new(MacKey::<Cmac<Aes192>>::new(key)?),
                32 => Box::new(MacKey::<Cmac<Aes256>>::new(key)?),
                _ => return Err(CryptoError::InvalidKey),
            },
            MacAlgorithm::Sm4Cmac => Box::new(MacKey::<Cmac<Sm4>>::new(key)?),
        })
    }

    fn digest(&self, algorithm: DigestAlgorithm, parts: &[&[u8]]) -> Result<Digest, CryptoError> {
        Ok(match algorithm {
            DigestAlgorithm::Sha224 => hash::<Sha224>(parts),
            DigestAlgorithm::Sha256 => hash::<Sha256>(parts),
            DigestAlgorithm::Sha384 => hash::<Sha384>(parts),
            DigestAlgorithm::Sha512 => hash::<Sha512>(parts),
            DigestAlgorithm::Sm3 => hash::<Sm3>(parts),
        })
    }

    fn encrypt_cbc(&self, key: &[u8; 32], iv: &[u8; 16], plaintext: &[u8]) -> Result<Vec<u8>, CryptoError> {
        Ok(cbc::Encryptor::<Aes256>::new(key.into(), iv.into()).encrypt_padded_vec::<Pkcs7>(plaintext))
    }

    fn wrap_key(&self, kek: &[u8], key: &[u8]) -> Result<Vec<u8>, CryptoError> {
        match kek.len() {
            16 => key_wrap::wrap(&aes::<Aes128Enc>(kek)?, key),
            24 => key_wrap::wrap(&aes::<Aes192Enc>(kek)?, key),
            _ => key_wrap::wrap(&aes::<Aes256Enc>(kek)?, key),
        }
    }

    fn unwrap_key(&self, kek: &[u8], wrapped: &[u8]) -> Result<SecretBytes, CryptoError> {
        match kek.len() {
            16 => key_wrap::unwrap(&aes::<Aes128Dec>(kek)?, wrapped),
            24 => key_wrap::unwrap(&aes::<Aes192Dec>(kek)?, wrapped),
            _ => key_wrap::unwrap(&aes::<Aes256Dec>(kek)?, wrapped),
        }
    }

    fn generate_key_pair(
        &self,
        algorithm: KeyPairAlgorithm,
        entropy: &dyn Entropy,
    ) -> Result<Box<dyn PrivateKey>, CryptoError> {
        key_pair::generate(algorithm, entropy)
    }

    fn private_key(&self, algorithm: KeyPairAlgorithm, pkcs8: &[u8]) -> Result<Box<dyn PrivateKey>, CryptoError> {
        key_pair::private_key(algorithm, pkcs8, Origin::Unknown)
    }

    fn trusted_private_key(
        &self,
        algorithm: KeyPairAlgorithm,
        pkcs8: &[u8],
    ) -> Result<Box<dyn PrivateKey>, CryptoError> {
        key_pair::private_key(algorithm, pkcs8, Origin::Known)
    }

    fn public_key(&self, algorithm: KeyPairAlgorithm, spki: &[u8]) -> Result<Box<dyn PublicKey>, CryptoError> {
        key_pair::public_key(algorithm, spki)
    }
}

fn aes<C: KeyInit>(key: &[u8]) -> Result<C, CryptoError> {
    C::new_from_slice(key).map_err(|_| CryptoError::InvalidKey)
}

fn hash<D: sha2::Digest>(parts: &[&[u8]]) -> Digest {
    let mut state = D::new();
    for part in parts {
        state.update(part);
    }
    Digest::new(&state.finalize())
}
