//! How key material is wrapped under a public key on its way in (chapter 32, section 5).

use zeroize::Zeroizing;

use crate::{CryptoError, EncryptionScheme, Entropy, PrivateKey, Provider, PublicKey, SecretBytes};

/// A way of wrapping key material under a public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WrappingScheme {
    /// The material is what the public key encrypts (IMP-21, IMP-25).
    Direct(EncryptionScheme),
    /// The public key encrypts a fresh AES-256 key, which wraps the material (RFC 5649): `CKM_RSA_AES_KEY_WRAP` of
    /// PKCS #11. First the encrypted key, as long as the modulus, then the wrapped material (IMP-22).
    AesKeyWrap(EncryptionScheme),
}

impl WrappingScheme {
    /// Wraps `material` for the holder of the private key.
    ///
    /// # Errors
    /// [`CryptoError::InputTooLong`] when the material does not fit scheme and key, [`CryptoError::Unsupported`] when
    /// the scheme is not one of the key.
    pub fn wrap(
        self,
        provider: &dyn Provider,
        key: &dyn PublicKey,
        material: &[u8],
        entropy: &dyn Entropy,
    ) -> Result<Vec<u8>, CryptoError> {
        match self {
            Self::Direct(scheme) => key.encrypt(scheme, material, entropy),
            Self::AesKeyWrap(scheme) => {
                let kek = SecretBytes::random(entropy, KEK_LEN)?;
                let mut wrapped = key.encrypt(scheme, kek.expose(), entropy)?;
                wrapped.extend(provider.wrap_key(kek.expose(), material)?);
                Ok(wrapped)
            }
        }
    }

    /// Opens wrapped material. Whatever is wrong with it gives [`CryptoError::Unauthenticated`], and takes the same time
    /// whichever stage finds it (IMP-27).
    ///
    /// # Errors
    /// [`CryptoError::Unauthenticated`]; [`CryptoError::Unsupported`] when the scheme is not one of the key;
    /// [`CryptoError::Entropy`].
    pub fn unwrap(
        self,
        provider: &dyn Provider,
        key: &dyn PrivateKey,
        wrapped: &[u8],
        entropy: &dyn Entropy,
    ) -> Result<SecretBytes, CryptoError> {
        match self {
            Self::Direct(scheme) => key.decrypt(scheme, wrapped, entropy),
            Self::AesKeyWrap(scheme) => {
                let modulus_bits = key.public().algorithm().modulus_bits().ok_or(CryptoError::Unsupported)?;
                let (encrypted_key, wrapped) =
                    wrapped.split_at_checked(modulus_bits / 8).ok_or(CryptoError::Unauthenticated)?;
                // If the first stage fails, the second works all the same, under a key that nobody knows.
                let mut kek = Zeroizing::new([0; KEK_LEN]);
                entropy.fill(kek.as_mut_slice())?;
                let has_kek = match key.decrypt(scheme, encrypted_key, entropy) {
                    Ok(decrypted) => match <&[u8; KEK_LEN]>::try_from(decrypted.expose()) {
                        Ok(decrypted) => {
                            *kek = *decrypted;
                            true
                        }
                        // PKCS #11 would take shorter keys too (IMP-23).
                        Err(_) => false,
                    },
                    Err(CryptoError::Unauthenticated) => false,
                    Err(other) => return Err(other),
                };
                let opened = provider.unwrap_key(kek.as_slice(), wrapped);
                if has_kek { opened } else { opened.and(Err(CryptoError::Unauthenticated)) }
            }
        }
    }
}

/// Bytes of the AES key between public key and material (IMP-23).
const KEK_LEN: usize = 32;
