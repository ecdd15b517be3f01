//! A root key in a file.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use keystead_crypto::{DefaultProvider, Entropy, Provider, SecretBytes, entropy::SystemEntropy};
use zeroize::Zeroizing;

use super::{RawRootKey, RootKeyError};

/// A root key that a file holds: 32 bytes as 64 hexadecimal digits, with or without a newline at the end.
///
/// On Unix the file is created with mode 0600, and one that other users may access is refused; on other systems its
/// protection is the host's business. Losing the file is losing every key that the library generated (OVR-18): keep a
/// copy, apart from the store.
#[derive(Debug)]
pub struct FileRootKey(pub(super) RawRootKey);

impl FileRootKey {
    /// Reads an existing file, using the default provider and the system's entropy.
    ///
    /// # Errors
    /// [`RootKeyError::FileMissing`], [`RootKeyError::FileExposed`], [`RootKeyError::FileMalformed`],
    /// [`RootKeyError::FileAccess`] or [`RootKeyError::Crypto`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self, RootKeyError> {
        Self::open_with(path, &DefaultProvider, Arc::new(SystemEntropy))
    }

    /// Draws a new root key and writes it to a new file, which appears complete or not at all.
    ///
    /// # Errors
    /// [`RootKeyError::FileExists`], [`RootKeyError::FileAccess`] or [`RootKeyError::Crypto`].
    pub fn create(path: impl AsRef<Path>) -> Result<Self, RootKeyError> {
        Self::create_with(path, &DefaultProvider, Arc::new(SystemEntropy))
    }

    /// Reads the file, or creates it if there is none. Of several processes that try at once, one creates.
    ///
    /// # Errors
    /// As [`open`](Self::open) and [`create`](Self::create), but for a missing or existing file.
    pub fn open_or_create(path: impl AsRef<Path>) -> Result<Self, RootKeyError> {
        Self::open_or_create_with(path, &DefaultProvider, Arc::new(SystemEntropy))
    }

    /// As [`open`](Self::open), with a provider and a source of randomness of the host's choice.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_with(
        path: impl AsRef<Path>,
        provider: &dyn Provider,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, RootKeyError> {
        let key = read(path.as_ref())?;
        RawRootKey::new_with(&key, provider, entropy).map(Self)
    }

    /// As [`create`](Self::create), with a provider and a source of randomness of the host's choice.
    ///
    /// # Errors
    /// As [`create`](Self::create).
    pub fn create_with(
        path: impl AsRef<Path>,
        provider: &dyn Provider,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, RootKeyError> {
        let key = SecretBytes::random(entropy.as_ref(), RawRootKey::KEY_LEN)?;
        write_new(path.as_ref(), &key, entropy.as_ref())?;
        RawRootKey::new_with(&key, provider, entropy).map(Self)
    }

    /// As [`open_or_create`](Self::open_or_create), with a provider and a source of randomness of the host's choice.
    ///
    /// # Errors
    /// As [`open_or_create`](Self::open_or_create).
    pub fn open_or_create_with(
        path: impl AsRef<Path>,
        provider: &dyn Provider,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, RootKeyError> {
        let path = path.as_ref();
        match Self::open_with(path, provider, entropy.clone()) {
            Err(RootKeyError::FileMissing { .. }) => {}
            other => return other,
        }
        match Self::create_with(path, provider, entropy.clone()) {
            Err(RootKeyError::FileExists { .. }) => Self::open_with(path, provider, entropy),
            other => other,
        }
    }
}

fn read(path: &Path) -> Result<SecretBytes, RootKeyError> {
    let file = File::open(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => RootKeyError::FileMissing { path: path.to_owned() },
        _ => access(path, &error),
    })?;
    refuse_exposed(path, &file)?;

    // One byte more than any key file has shows that a file is too long.
    let mut text = Zeroizing::new([0; MAX_FILE_LEN + 1]);
    let mut len = 0;
    while len < text.len() {
        match (&file).read(&mut text[len..]) {
            Ok(0) => break,
            Ok(read) => len += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(access(path, &error)),
        }
    }
    decode(&text[..len]).ok_or_else(|| RootKeyError::FileMalformed { path: path.to_owned() })
}

fn decode(text: &[u8]) -> Option<SecretBytes> {
    let digits = text.strip_suffix(b"\n").unwrap_or(text);
    let digits = digits.strip_suffix(b"\r").unwrap_or(digits);
    let mut key = SecretBytes::zeroed(RawRootKey::KEY_LEN);
    hex::decode_to_slice(digits, key.as_mut()).ok()?;
    Some(key)
}

/// Writes a neighbour first and links it into place, which fails if `path` exists and never shows half a file.
fn write_new(path: &Path, key: &SecretBytes, entropy: &dyn Entropy) -> Result<(), RootKeyError> {
    let mut suffix = [0; 8];
    entropy.fill_nonce(&mut suffix)?;
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{:016x}.new", u64::from_be_bytes(suffix)));
    let draft = Draft(path.with_file_name(name));

    let mut text = Zeroizing::new([0; MAX_FILE_LEN]);
    let (digits, newline) = text.split_at_mut(2 * RawRootKey::KEY_LEN);
    hex::encode_to_slice(key.expose(), digits).map_err(|_| RootKeyError::InvalidLength { len: key.len() })?;
    newline.copy_from_slice(b"\n\0");

    private()
        .open(&draft.0)
        .and_then(|mut file| {
            file.write_all(&text[..MAX_FILE_LEN - 1])?;
            file.sync_all()
        })
        .map_err(|error| access(path, &error))?;
    fs::hard_link(&draft.0, path).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => RootKeyError::FileExists { path: path.to_owned() },
        _ => access(path, &error),
    })?;
    sync_folder(path).map_err(|error| access(path, &error))
}

/// A file that is removed when it has served.
struct Draft(PathBuf);

impl Drop for Draft {
    fn drop(&mut self) {
        // There is nobody to tell; a left-over draft holds a key that nothing uses, or a copy of the real one with the
        // same protection.
        let _ = fs::remove_file(&self.0);
    }
}

fn access(path: &Path, error: &io::Error) -> RootKeyError {
    RootKeyError::FileAccess { path: path.to_owned(), kind: error.kind() }
}

#[cfg(unix)]
fn private() -> OpenOptions {
    use std::os::unix::fs::OpenOptionsExt;

    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    options
}

#[cfg(not(unix))]
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    options
}

/// Looks at the open file, not at the path, so that nobody can exchange it in between.
#[cfg(unix)]
fn refuse_exposed(path: &Path, file: &File) -> Result<(), RootKeyError> {
    use std::os::unix::fs::PermissionsExt;

    let metadata = file.metadata().map_err(|error| access(path, &error))?;
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(RootKeyError::FileExposed { path: path.to_owned(), mode });
    }
    Ok(())
}

#[cfg(not(unix))]
fn refuse_exposed(_: &Path, _: &File) -> Result<(), RootKeyError> {
    Ok(())
}

/// Makes the new name survive a power cut.
#[cfg(unix)]
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

/// The digits and a line ending of two bytes.
const MAX_FILE_LEN: usize = 2 * RawRootKey::KEY_LEN + 2;
