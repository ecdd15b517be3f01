//! Keeps audit records in a chain, and shows that whoever changes them is found out.
//!
//! ```sh
//! cargo run --release --example audit_trail
//! ```
//!
//! The chain lives in a temporary folder. The exit status says whether everything was as it should be.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use keystead::{Caller, ChainError, ChainHead, HashChainSink, Kms, verify_audit_chain};

const ACCOUNT: &str = "111122223333";
const REGION: &str = "us-west-2";

fn main() -> ExitCode {
    match run() {
        Ok(()) => {
            println!("\nEverything was as expected.");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("\naudit_trail: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let chain = folder.path().join("audit.jsonl");

    println!("1. Calls, each answered when its record is in the chain");
    let morning = work(&chain, 4)?;
    show("lines", &morning.sequence.to_string());
    show("head", &morning.to_string());

    println!("\n2. After a restart the chain goes on");
    let evening = work(&chain, 3)?;
    show("lines", &evening.sequence.to_string());
    show("head", &evening.to_string());
    expect(evening.sequence == morning.sequence + 3, "three records were added")?;

    println!("\n3. It is whole, and comes by the head that was kept in the morning");
    let lines = fs::read_to_string(&chain)?;
    expect(verify_audit_chain(lines.as_bytes(), Some(morning))? == evening, "the chain leads to its head")?;
    show("verified", &format!("{} lines", evening.sequence));

    println!("\n4. What somebody who can write the file may try");
    let lines: Vec<String> = lines.lines().map(str::to_owned).collect();
    let tries: [(&str, Vec<String>, u64); 5] = [
        ("another caller", edited(&lines, |lines| lines[2] = lines[2].replace("mallory", "alice")), 3),
        ("a record less", edited(&lines, |lines| drop(lines.remove(3))), 4),
        ("a record twice", edited(&lines, |lines| lines.insert(5, lines[1].clone())), 6),
        ("two records swapped", edited(&lines, |lines| lines.swap(1, 2)), 2),
        ("the end cut off", edited(&lines, |lines| lines.truncate(5)), 7),
    ];
    for (what, lines, at) in tries {
        let error = match verify_audit_chain((lines.join("\n") + "\n").as_bytes(), Some(evening)) {
            Ok(_) => return Err(format!("{what} was not noticed").into()),
            Err(error) => error,
        };
        println!("   - {what}:\n     {error}");
        expect(line_of(&error) == Some(at), "the fault is found where it is")?;
    }
    expect(HashChainSink::open(&chain)?.head() == evening, "the chain itself is as it was")
}

/// Works with an instance that keeps its records in the chain, and gives the end of it.
fn work(chain: &Path, calls: usize) -> Result<ChainHead, Box<dyn Error>> {
    let sink = Arc::new(HashChainSink::open(chain)?.synced());
    let kms = Kms::builder().audit_sink(Arc::clone(&sink)).build()?;
    let owner = kms.client(REGION, Caller::account_root(ACCOUNT)?)?;
    let key = owner.create_key().send()?.key_metadata.key_id;
    let stranger = owner.with_caller(Caller::user(ACCOUNT, "mallory")?)?;
    for number in 1..calls {
        let caller = if number == 2 { &stranger } else { &owner };
        let outcome = caller.encrypt(key.to_string(), b"4111 1111 1111 1111").send();
        expect(outcome.is_ok() == (number != 2), "the owner may encrypt and the stranger may not")?;
    }
    Ok(sink.head())
}

fn edited(lines: &[String], edit: impl FnOnce(&mut Vec<String>)) -> Vec<String> {
    let mut lines = lines.to_vec();
    edit(&mut lines);
    lines
}

fn line_of(error: &ChainError) -> Option<u64> {
    match error {
        ChainError::Altered { line } | ChainError::Missing { line, .. } | ChainError::Reordered { line, .. } => {
            Some(*line)
        }
        ChainError::Truncated { expected, .. } => Some(*expected),
        _ => None,
    }
}

fn show(name: &str, value: &str) {
    println!("   {name:<10} {value}");
}

/// Fails the program unless `condition` holds.
fn expect(condition: bool, what: &str) -> Result<(), Box<dyn Error>> {
    if condition { Ok(()) } else { Err(format!("expected that {what}, but it is not so").into()) }
}
