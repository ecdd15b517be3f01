//! A root key in an environment variable.

use std::env;
use std::ffi::OsString;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use keystead_crypto::{DefaultProvider, Entropy, Provider, SecretBytes, entropy::SystemEntropy};
use zeroize::{Zeroize, Zeroizing};

use super::{RawRootKey, RootKeyError};

/// A root key that an environment variable holds: 32 bytes as 64 hexadecimal digits or as base64 (standard alphabet,
/// padded). White space around the value is ignored.
///
/// Other processes of the same user can read a process's environment; where that matters, a
/// [`FileRootKey`](super::FileRootKey) is the better place.
#[derive(Debug)]
pub struct EnvRootKey(pub(super) RawRootKey);

impl EnvRootKey {
    /// Reads the variable `name`, once, using the default provider and the system's entropy.
    ///
    /// # Errors
    /// [`RootKeyError::VariableMissing`], [`RootKeyError::VariableMalformed`] or [`RootKeyError::Crypto`].
    pub fn from_var(name: &str) -> Result<Self, RootKeyError> {
        Self::from_var_with(name, &DefaultProvider, Arc::new(SystemEntropy))
    }

    /// As [`from_var`](Self::from_var), with a provider and a source of randomness of the host's choice.
    ///
    /// # Errors
    /// As [`from_var`](Self::from_var).
    pub fn from_var_with(name: &str, provider: &dyn Provider, entropy: Arc<dyn Entropy>) -> Result<Self, RootKeyError> {
        let value = env::var_os(name).ok_or_else(|| RootKeyError::VariableMissing { name: name.to_owned() })?;
        let key = decode(value).ok_or_else(|| RootKeyError::VariableMalformed { name: name.to_owned() })?;
        RawRootKey::new_with(&key, provider, entropy).map(Self)
    }
}

/// The key that the text of a variable stands for.
fn decode(value: OsString) -> Option<SecretBytes> {
    let text = match value.into_string() {
        Ok(text) => Zeroizing::new(text),
        Err(other) => {
            other.into_encoded_bytes().zeroize();
            return None;
        }
    };
    let text = text.trim();
    let mut key = SecretBytes::zeroed(RawRootKey::KEY_LEN);
    if text.len() == 2 * RawRootKey::KEY_LEN {
        hex::decode_to_slice(text, key.as_mut()).ok()?;
        return Some(key);
    }
    // A whole number of base64 groups decodes to three bytes each before the padding is taken away.
    let mut decoded = Zeroizing::new([0; RawRootKey::KEY_LEN + 2]);
    let len = STANDARD.decode_slice(text, decoded.as_mut()).ok()?;
    let bytes = decoded.get(..len).filter(|bytes| bytes.len() == RawRootKey::KEY_LEN)?;
    key.as_mut().copy_from_slice(bytes);
    Some(key)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// Spec: OVR-18
    #[test]
    fn a_value_is_32_bytes_in_hexadecimal_or_base64() {
        let key = [0xfb; 32];
        for text in [hex::encode(key), hex::encode_upper(key), STANDARD.encode(key), format!(" {}\n", hex::encode(key))]
        {
            assert_eq!(decode(text.into()).unwrap().expose(), key);
        }
    }

    /// Spec: OVR-18
    #[test]
    fn other_values_are_refused() {
        let wrong = [
            String::new(),
            "x".to_owned(),
            hex::encode([1; 31]),
            hex::encode([1; 33]),
            "g".repeat(64),
            STANDARD.encode([1; 31]),
            STANDARD.encode([1; 33]),
            STANDARD.encode([1; 34]),
            STANDARD.encode([1; 300]),
            STANDARD.encode([0xfb; 32]).replace('=', ""),
            STANDARD.encode([0xfb; 32]).replace('+', "-"),
        ];
        for text in wrong {
            assert!(decode(text.clone().into()).is_none(), "{text}");
        }
    }

    #[cfg(unix)]
    /// Spec: OVR-18
    #[test]
    fn a_value_that_is_not_text_is_refused() {
        use std::os::unix::ffi::OsStringExt;

        assert!(decode(OsString::from_vec(vec![0xff; 64])).is_none());
    }
}
