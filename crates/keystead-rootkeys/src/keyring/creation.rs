//! Turns in creating an entry, over all processes of a user.

use std::env;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::Path;

use super::KeyringError;

/// The right to look for an entry and create it. It ends when the value is dropped, or the process dies.
pub(super) struct Turn(#[expect(dead_code, reason = "the lock ends with the file")] File);

/// Waits until no other process or thread of this user creates an entry.
///
/// A lock in the home directory is taken, because that is the one place that all programs with access to the user's
/// keyring have in common.
pub(super) fn turn() -> Result<Turn, KeyringError> {
    let path = env::home_dir().unwrap_or_else(env::temp_dir).join(LOCK_FILE);
    lock(&path).map(Turn).map_err(|error| KeyringError::Turn { path, kind: error.kind() })
}

fn lock(path: &Path) -> io::Result<File> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let file = OpenOptions::new().create(true).append(true).open(path)?;
    file.lock()?;
    Ok(file)
}

/// An empty file, which is left where it is: who deletes it takes the lock from those that wait.
const LOCK_FILE: &str = ".keystead/keyring.lock";
