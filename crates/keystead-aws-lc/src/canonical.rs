//! Reading private keys as strictly as the default provider does.
//!
//! AWS-LC checks the mathematics of a key but is lax about its encoding: it takes other formats, unknown attributes,
//! trailing bytes. So the default provider reads a key first, checks it and brings it into the one form that both write,
//! and AWS-LC reads that.

use keystead_crypto::{CryptoError, KeyPairAlgorithm, Provider, SecretBytes, constant_time_eq};

use crate::provider::SHARED;

/// A private key of AWS-LC.
pub(crate) trait AwsLcPrivateKey: Sized {
    /// What tells the algorithms of a family apart.
    type Parameters;

    fn algorithm(parameters: &Self::Parameters) -> KeyPairAlgorithm;

    /// Reads PKCS #8 as AWS-LC does. Parameters other than the expected ones are refused.
    fn read(parameters: &'static Self::Parameters, pkcs8: &[u8]) -> Result<Self, CryptoError>;

    /// The key as AWS-LC writes it, if it can.
    fn write(&self) -> Result<SecretBytes, CryptoError>;
}

/// Reads a key from anywhere.
pub(crate) fn private_key<K: AwsLcPrivateKey>(
    parameters: &'static K::Parameters,
    pkcs8: &[u8],
) -> Result<K, CryptoError> {
    K::read(parameters, SHARED.private_key(K::algorithm(parameters), pkcs8)?.to_pkcs8()?.expose())
}

/// Reads a key that a provider has checked before. What AWS-LC would write byte for byte as it was read needs no second
/// reader.
pub(crate) fn trusted_private_key<K: AwsLcPrivateKey>(
    parameters: &'static K::Parameters,
    pkcs8: &[u8],
) -> Result<K, CryptoError> {
    if let Ok(key) = K::read(parameters, pkcs8)
        && key.write().is_ok_and(|written| constant_time_eq(written.expose(), pkcs8))
    {
        return Ok(key);
    }
    K::read(parameters, SHARED.trusted_private_key(K::algorithm(parameters), pkcs8)?.to_pkcs8()?.expose())
}
