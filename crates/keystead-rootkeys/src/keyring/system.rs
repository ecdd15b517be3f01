//! The keyring of the system that this runs on. Each of them outlives the session and the machine's start.

use std::sync::Arc;

use keyring_core::CredentialStore;

use super::KeyringError;

/// Connects to the keyring.
pub(super) fn store() -> Result<Arc<CredentialStore>, KeyringError> {
    connect().map_err(|error| KeyringError::NoKeyring { reason: error.to_string() })
}

#[cfg(target_os = "macos")]
fn connect() -> keyring_core::Result<Arc<CredentialStore>> {
    Ok(apple_native_keyring_store::keychain::Store::new()?)
}

#[cfg(windows)]
fn connect() -> keyring_core::Result<Arc<CredentialStore>> {
    Ok(windows_native_keyring_store::Store::new()?)
}

#[cfg(all(unix, not(any(target_os = "macos", target_os = "ios", target_os = "android"))))]
fn connect() -> keyring_core::Result<Arc<CredentialStore>> {
    Ok(zbus_secret_service_keyring_store::Store::new()?)
}

#[cfg(not(any(windows, all(unix, not(any(target_os = "ios", target_os = "android"))))))]
fn connect() -> keyring_core::Result<Arc<CredentialStore>> {
    Err(keyring_core::Error::NotSupportedByStore("pass the keyring of this system to `open_in`".to_owned()))
}
