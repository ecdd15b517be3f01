//! A backup, made while the instance works, and restored into a store of another kind after everything else is lost.
//!
//! ```sh
//! cargo run --release --example backup
//! ```
//!
//! The exit status says whether everything was as it should be.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::error::Error;
use std::fs::{self, File};
use std::io::{BufReader, BufWriter};
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;

use keystead::hierarchy::FileRootKey;
use keystead::{BuildError, Caller, Client, Kms, RestoreError, restore_backup};
use keystead_redb::{Durability, RedbStore};

fn main() -> ExitCode {
    match run() {
        Ok(()) => {
            println!("\nEverything was as expected.");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("\nbackup: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    // The root key is kept apart from store and backup: either one alone is worthless.
    let root_key = Arc::new(FileRootKey::open_or_create(folder.path().join("root.key"))?);

    // An instance in memory, and somebody who uses it all the time.
    let kms = Kms::builder().root_key(Arc::clone(&root_key)).build()?;
    let client = client(&kms)?;
    let key = client.create_key().description("orders").send()?.key_metadata.key_id;
    client.create_alias("alias/orders", key).send()?;
    let sealed = client.encrypt("alias/orders", b"4111 1111 1111 1111").send()?.into_inner().ciphertext_blob;

    let path = folder.path().join("keystead.backup");
    let summary = thread::scope(|scope| {
        scope.spawn(|| (0..20).try_for_each(|_| client.create_key().send().map(drop)));
        kms.backup(BufWriter::new(File::create(&path)?))
    })?;
    println!("A backup of {} records was made at {}.", summary.records, summary.taken_at);
    drop((client, kms));
    println!("The instance is gone, and with it what it had in memory.\n");

    // Half a backup is not taken for a whole one.
    let store = || RedbStore::builder().durability(Durability::Eventual).open(folder.path().join("keys.redb"));
    let whole = fs::read(&path)?;
    let error = restore_backup(&store()?, &root_key, &whole[..whole.len() - 1]).err();
    let error = error.ok_or("a backup that was cut off is restored")?;
    println!("One byte less, and it is refused: {error}");
    expect(matches!(error, RestoreError::Damaged { .. }), "the damage is found")?;

    let restored = restore_backup(&store()?, &root_key, BufReader::new(File::open(&path)?))?;
    expect(restored == summary, "all records are back")?;
    println!("The whole one is restored into a file: {} records.", restored.records);
    let kms = match Kms::builder().store(store()?).root_key(root_key).build() {
        Err(BuildError::UnfinishedRestore) => return Err("the restore was not finished".into()),
        built => built?,
    };
    let opened = self::client(&kms)?.decrypt(&sealed).send()?;
    expect(opened.expose() == b"4111 1111 1111 1111", "what was sealed before opens")?;
    println!("What was sealed before the loss opens again, under {}.", opened.key_id);
    Ok(())
}

fn client(kms: &Kms) -> Result<Client, Box<dyn Error>> {
    Ok(kms.client("us-west-2", Caller::account_root("111122223333")?)?)
}

fn expect(holds: bool, what: &str) -> Result<(), Box<dyn Error>> {
    if holds { Ok(()) } else { Err(format!("not so: {what}").into()) }
}
