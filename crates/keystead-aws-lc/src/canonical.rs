//! Reading keys as strictly as the default provider does, without parsing most of them twice.
//!
//! AWS-LC checks the mathematics of a key but is lax about its encoding: it takes other formats, unknown attributes,
//! trailing bytes. So a key that AWS-LC would write byte for byte as it was read is taken at once. Every other one goes
//! through the reader of the default provider, which refuses it or brings it into the one form that both write.

use keystead_crypto::{CryptoError, KeyPairAlgorithm, Provider, SecretBytes, constant_time_eq};

use crate::provider::SHARED;

/// A private key that AWS-LC reads.
pub(crate) trait ReadPrivateKey: Sized {
    /// What tells the algorithms of a family apart.
    type Parameters;

    fn algorithm(parameters: &Self::Parameters) -> KeyPairAlgorithm;

    /// Reads PKCS #8 as AWS-LC does. Parameters other than the expected ones are refused.
    fn read(parameters: &'static Self::Parameters, pkcs8: &[u8]) -> Result<Self, CryptoError>;

    /// The key as AWS-LC writes it.
    fn write(&self) -> Result<SecretBytes, CryptoError>;
}

/// A public key that AWS-LC reads.
pub(crate) trait ReadPublicKey: Sized {
    /// What tells the algorithms of a family apart.
    type Parameters;

    fn algorithm(parameters: &Self::Parameters) -> KeyPairAlgorithm;

    /// Reads SubjectPublicKeyInfo as AWS-LC does. Parameters other than the expected ones are refused.
    fn read(parameters: &'static Self::Parameters, spki: &[u8]) -> Result<Self, CryptoError>;

    /// The key as AWS-LC writes it.
    fn written(&self) -> &[u8];
}

pub(crate) fn private_key<K: ReadPrivateKey>(
    parameters: &'static K::Parameters,
    pkcs8: &[u8],
) -> Result<K, CryptoError> {
    if let Ok(key) = K::read(parameters, pkcs8)
        && constant_time_eq(key.write()?.expose(), pkcs8)
    {
        return Ok(key);
    }
    let canonical = SHARED.private_key(K::algorithm(parameters), pkcs8)?.to_pkcs8()?;
    K::read(parameters, canonical.expose())
}

pub(crate) fn public_key<K: ReadPublicKey>(parameters: &'static K::Parameters, spki: &[u8]) -> Result<K, CryptoError> {
    if let Ok(key) = K::read(parameters, spki)
        && key.written() == spki
    {
        return Ok(key);
    }
    K::read(parameters, SHARED.public_key(K::algorithm(parameters), spki)?.spki())
}
