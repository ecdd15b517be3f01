//! Protects a file: key, alias, envelope, rotation, refusals, audit trail.
//!
//! ```sh
//! cargo run --release --example quickstart -- [FILE]
//! cargo run --release --example quickstart -- --store keys.redb --root-key root.key [FILE]
//! ```
//!
//! Without FILE it takes the README of the repository. The file itself is only read; what is made of it lives in a temporary
//! folder, or, with a store, beside that (`keys.redb.sealed`): run it twice, and the second run opens what the first one
//! sealed. The exit status says whether everything was as it should be.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::error::Error;
use std::fs::{self, File};
use std::io::{BufReader, BufWriter};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use keystead::envelope::{self, EnvelopeError, Header};
use keystead::hierarchy::FileRootKey;
use keystead::{AuditRecord, Caller, Client, Kms};
use keystead_redb::RedbStore;
use lexopt::prelude::*;

const ACCOUNT: &str = "111122223333";
const REGION: &str = "us-west-2";
const ALIAS: &str = "alias/documents";

fn main() -> ExitCode {
    match Options::parse().and_then(|options| run(&options)) {
        Ok(()) => {
            println!("\nEverything was as expected.");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("\nquickstart: {error}");
            ExitCode::FAILURE
        }
    }
}

/// What the command line asks for.
pub(crate) struct Options {
    pub(crate) file: PathBuf,
    /// The files of the store and of its root key; without, keys live in memory.
    pub(crate) store: Option<(PathBuf, PathBuf)>,
}

impl Options {
    fn parse() -> Result<Self, Box<dyn Error>> {
        let (mut file, mut store, mut root_key) = (None, None, None);
        let mut parser = lexopt::Parser::from_env();
        while let Some(argument) = parser.next()? {
            match argument {
                Long("store") => store = Some(PathBuf::from(parser.value()?)),
                Long("root-key") => root_key = Some(PathBuf::from(parser.value()?)),
                Value(path) if file.is_none() => file = Some(PathBuf::from(path)),
                other => return Err(other.unexpected().into()),
            }
        }
        let store = match (store, root_key) {
            (Some(store), Some(root_key)) => Some((store, root_key)),
            (None, None) => None,
            _ => return Err("`--store` and `--root-key` belong together: give both".into()),
        };
        Ok(Self { file: file.unwrap_or_else(readme), store })
    }

    /// An instance in memory, or on the store; root key and store are made on the first run.
    fn kms(&self) -> Result<Kms, Box<dyn Error>> {
        let Some((store, root_key)) = &self.store else { return Ok(Kms::in_memory()) };
        let root_key = match store.exists() {
            true => FileRootKey::open(root_key)?,
            false => FileRootKey::open_or_create(root_key)?,
        };
        Ok(Kms::builder().store(RedbStore::open(store)?).root_key(root_key).build()?)
    }

    fn sealed(&self, folder: &Path) -> PathBuf {
        match &self.store {
            Some((store, _)) => PathBuf::from(format!("{}.sealed", store.display())),
            None => folder.join("document.sealed"),
        }
    }
}

pub(crate) fn run(options: &Options) -> Result<(), Box<dyn Error>> {
    let file = options.file.as_path();
    let original = fs::read(file).map_err(|error| format!("cannot read {}: {error}", file.display()))?;
    let folder = tempfile::tempdir()?;
    let (sealed, opened) = (options.sealed(folder.path()), folder.path().join("document.opened"));
    let kms = options.kms()?;
    let owner = kms.client(REGION, Caller::account_root(ACCOUNT)?)?;
    if options.store.is_some() && sealed.exists() {
        open_what_an_earlier_run_sealed(&owner, &sealed)?;
    }

    step(1, "Create a key and give it a name");
    let key = owner.create_key().description("documents of the quickstart").send()?.key_metadata.clone();
    if options.store.is_some() && owner.describe_key(ALIAS).send().is_ok() {
        // An earlier run named its own key so.
        owner.update_alias(ALIAS, key.key_id).send()?;
    } else {
        owner.create_alias(ALIAS, key.key_id).send()?;
    }
    show("key", &key.arn.to_string());
    show("alias", ALIAS);

    step(2, "Protect the file under that key, for tenant 7");
    let summary = envelope::seal(&owner, ALIAS)
        .context("tenant", "7")
        .context("purpose", "archive")
        .seal_stream(BufReader::new(File::open(file)?), BufWriter::new(File::create(&sealed)?))?;
    let header = Header::read(File::open(&sealed)?)?;
    show("file", &file.canonicalize()?.display().to_string());
    show("plaintext", &format!("{} bytes", thousands(summary.plaintext_len)));
    show("envelope", &format!("{} bytes, {}", thousands(fs::metadata(&sealed)?.len()), header.algorithm()));
    show("bound to", &pairs(header.encryption_context().iter()));
    expect(summary.plaintext_len == original.len() as u64, "the whole file is in the envelope")?;

    step(3, "Rotate the key: new data gets new material, old data stays readable");
    let material = |blob: &[u8]| -> Result<String, Box<dyn Error>> {
        let call = owner.decrypt(blob).context("tenant", "7").context("purpose", "archive");
        Ok(call.send()?.key_material_id.map(|id| id.to_string()).unwrap_or_default())
    };
    let data_key = header.encrypted_data_keys().next().ok_or("the envelope has no data key")?;
    let before = material(data_key)?;
    owner.rotate_key_on_demand(key.key_id).send()?;
    let fresh = owner.encrypt(ALIAS, b"after").context("tenant", "7").context("purpose", "archive").send()?;
    let after = material(&fresh.ciphertext_blob)?;
    show("sealed with", &format!("material {}…", short(&before)));
    show("now used", &format!("material {}…", short(&after)));
    expect(before != after, "rotation gives new material")?;
    expect(material(data_key)? == before, "the old material still opens what it sealed")?;

    step(4, "Open the file again and compare");
    let opener = envelope::open(&owner).context("tenant", "7");
    opener.open_stream(BufReader::new(File::open(&sealed)?), BufWriter::new(File::create(&opened)?))?;
    expect(fs::read(&opened)? == original, "the opened file equals the original")?;
    show("compared", &format!("{} bytes, all equal", thousands(original.len() as u64)));

    step(5, "What is refused");
    let wrong_tenant = envelope::open(&owner).context("tenant", "8").open_to_vec(File::open(&sealed)?);
    refused("another tenant", wrong_tenant.map(drop), |error| matches!(error, EnvelopeError::Context { .. }))?;

    let wrong_context = owner.decrypt(data_key).context("tenant", "8").context("purpose", "archive").send();
    refused("another context, asked of the KMS itself", wrong_context.map(drop), |error| {
        error.code() == "InvalidCiphertextException"
    })?;

    let stranger = owner.with_caller(Caller::user(ACCOUNT, "mallory")?)?;
    let no_permission = envelope::open(&stranger).context("tenant", "7").open_to_vec(File::open(&sealed)?);
    refused(
        "a caller without permission",
        no_permission.map(drop),
        |error| matches!(error, EnvelopeError::Kms(error) if error.code() == "AccessDeniedException"),
    )?;

    let mut damaged = fs::read(&sealed)?;
    if let Some(last) = damaged.last_mut() {
        *last ^= 1;
    }
    let altered = envelope::open(&owner).context("tenant", "7").open_to_vec(damaged.as_slice());
    refused("one bit of the envelope changed", altered.map(drop), |error| {
        matches!(error, EnvelopeError::Chunk { .. })
    })?;

    step(6, "The audit trail has all of it");
    let trail = kms.audit_trail();
    print_trail(&trail);
    let refused = |code: &str| trail.iter().filter(|record| record.error_code.as_deref() == Some(code)).count();
    expect(refused("InvalidCiphertextException") == 1, "the trail has the call with another context")?;
    expect(refused("AccessDenied") == 1, "the trail has the call without permission")?;
    Ok(())
}

/// The store and the root key are enough: nothing else was kept.
fn open_what_an_earlier_run_sealed(owner: &Client, sealed: &Path) -> Result<(), Box<dyn Error>> {
    step(0, "Open what an earlier run has sealed");
    let opened = envelope::open(owner).context("tenant", "7").open_to_vec(File::open(sealed)?)?;
    show("envelope", &sealed.display().to_string());
    show("plaintext", &format!("{} bytes", thousands(opened.len() as u64)));
    Ok(())
}

pub(crate) fn readme() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md")
}

fn step(number: u32, title: &str) {
    println!("\n{number}. {title}");
}

fn show(name: &str, value: &str) {
    println!("   {name:<12} {value}");
}

/// Fails the program unless `condition` holds.
fn expect(condition: bool, what: &str) -> Result<(), Box<dyn Error>> {
    if condition { Ok(()) } else { Err(format!("expected that {what}, but it is not so").into()) }
}

/// Prints a refusal; fails the program if there is none, or another than expected.
fn refused<E: Error>(
    what: &str,
    result: Result<(), E>,
    is_expected: impl Fn(&E) -> bool,
) -> Result<(), Box<dyn Error>> {
    match result {
        Err(error) if is_expected(&error) => {
            println!("   - {what}:\n     {error}");
            Ok(())
        }
        Err(error) => Err(format!("{what} was refused for another reason than expected: {error}").into()),
        Ok(()) => Err(format!("{what} was not refused").into()),
    }
}

fn print_trail(trail: &[impl AsRef<AuditRecord>]) {
    println!("   {:<20}  {:<20}  {:<8}  {:<12}  outcome", "time", "operation", "caller", "key");
    println!("   {}", "-".repeat(94));
    for record in trail {
        let record = record.as_ref();
        let caller = record.user_identity.arn.as_deref().unwrap_or("-");
        let resource = record.resources.iter().flatten().find(|resource| resource.arn.contains(":key/"));
        let key = resource.map_or("-", |resource| last_part(&resource.arn));
        println!(
            "   {:<20}  {:<20}  {:<8}  {:<12}  {}",
            record.event_time.to_iso_seconds(),
            record.event_name,
            last_part(caller),
            if key.len() > 8 { format!("{}…", short(key)) } else { key.to_owned() },
            record.error_code.as_deref().unwrap_or("ok"),
        );
    }
}

fn last_part(arn: &str) -> &str {
    arn.rsplit(['/', ':']).next().unwrap_or(arn)
}

fn short(text: &str) -> &str {
    text.get(..8).unwrap_or(text)
}

fn pairs<'a>(context: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    context.map(|(key, value)| format!("{key} = {value}")).collect::<Vec<_>>().join(", ")
}

/// A number in groups of three digits.
fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}
