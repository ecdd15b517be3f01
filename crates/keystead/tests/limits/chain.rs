//! The chain of audit records.

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use keystead::{ChainError, ChainHead, HashChainSink, verify_audit_chain};

use super::support::World;

/// A file of its own for each test, removed in the end.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("keystead-chain-{}-{name}", std::process::id()));
        let _ = fs::remove_file(&path);
        Self(path)
    }

    fn lines(&self) -> Vec<String> {
        fs::read_to_string(&self.0).unwrap().lines().map(str::to_owned).collect()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// Calls enough for `count` records, the first of which creates a key.
fn write(scratch: &Scratch, count: usize) -> ChainHead {
    let sink = Arc::new(HashChainSink::open(&scratch.0).unwrap());
    let world = World::with(|builder| builder.audit_sink(Arc::clone(&sink)));
    let key = world.key();
    for number in 1..count {
        world.root.encrypt(&key.id, b"x").context("hash", format!("{number}")).send().unwrap();
    }
    sink.head()
}

fn verify(lines: &[String], kept: Option<ChainHead>) -> Result<ChainHead, ChainError> {
    let text: String = lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect();
    verify_audit_chain(text.as_bytes(), kept)
}

/// Spec: AUD-08, AUD-09
#[test]
fn a_chain_holds_the_records_and_leads_to_its_head() {
    let scratch = Scratch::new("whole");
    let head = write(&scratch, 5);
    let lines = scratch.lines();
    assert_eq!((lines.len(), head.sequence), (5, 5));
    assert_eq!(verify(&lines, None).unwrap(), head);
    for (index, line) in lines.iter().enumerate() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(line["sequence"], index + 1);
        assert_eq!(line["record"]["eventName"], if index == 0 { "CreateKey" } else { "Encrypt" });
        let previous = if index == 0 { "0".repeat(64) } else { hash_of(&lines[index - 1]) };
        assert_eq!(line["previous"], previous.as_str());
    }
    assert_eq!(verify(&[], None).unwrap(), ChainHead::EMPTY);
}

fn hash_of(line: &str) -> String {
    serde_json::from_str::<serde_json::Value>(line).unwrap()["hash"].as_str().unwrap().to_owned()
}

/// Spec: AUD-08
#[test]
fn the_first_line_at_fault_is_found() {
    let scratch = Scratch::new("faults");
    let head = write(&scratch, 6);
    let good = scratch.lines();
    let altered = |change: &dyn Fn(&mut Vec<String>)| {
        let mut lines = good.clone();
        change(&mut lines);
        verify(&lines, None).unwrap_err()
    };
    let error = altered(&|lines| lines[2] = lines[2].replace("Encrypt", "Decrypt"));
    assert!(matches!(error, ChainError::Altered { line: 3 }), "{error}");
    let error = altered(&|lines| drop(lines.remove(3)));
    assert!(matches!(error, ChainError::Missing { line: 4, found: 5 }), "{error}");
    assert_eq!(error.to_string(), "line 4 bears the number 5: 1 records are missing before it");
    let error = altered(&|lines| drop(lines.remove(0)));
    assert!(matches!(error, ChainError::Missing { line: 1, found: 2 }), "{error}");
    let error = altered(&|lines| lines.swap(1, 4));
    assert!(matches!(error, ChainError::Missing { line: 2, found: 5 }), "{error}");
    let error = altered(&|lines| lines.insert(3, lines[1].clone()));
    assert!(matches!(error, ChainError::Reordered { line: 4, found: 2 }), "{error}");
    let error = altered(&|lines| lines[4] = "{}".to_owned());
    assert!(matches!(error, ChainError::Malformed { line: 5 }), "{error}");
    let error = altered(&|lines| lines[4].push(' '));
    assert!(matches!(error, ChainError::Malformed { line: 5 }), "{error}");
    // A line out of another chain, whole in itself.
    let other = Scratch::new("other");
    write(&other, 6);
    let error = altered(&|lines| lines[3] = other.lines()[3].clone());
    assert!(matches!(error, ChainError::Replaced { line: 4 }), "{error}");

    // Cut off at a line end, the rest is whole: only the kept head tells.
    let shorter = &good[..4];
    assert_eq!(verify(shorter, None).unwrap().sequence, 4);
    let error = verify(shorter, Some(head)).unwrap_err();
    assert!(matches!(error, ChainError::Truncated { found: 4, expected: 6 }), "{error}");
    // A chain that goes on has come by the head; another chain has not.
    let kept = verify(shorter, None).unwrap();
    assert_eq!(verify(&good, Some(kept)).unwrap(), head);
    assert!(matches!(verify(&other.lines(), Some(kept)), Err(ChainError::Truncated { .. })));
}

/// The vector of the description of the format.
///
/// Spec: AUD-08
#[test]
fn the_form_is_that_of_its_description() {
    let description = include_str!("../../../../docs/formats/audit-chain.md");
    let line = description.lines().find(|line| line.starts_with("{\"sequence\":1,")).unwrap();
    let head = verify(&[line.to_owned()], None).unwrap();
    assert_eq!((head.sequence, head.to_string()), (1, hash_of(line)));
    let scratch = Scratch::new("form");
    write(&scratch, 1);
    let written = &scratch.lines()[0];
    let (start, _) = line.split_once("{}").unwrap();
    assert!(written.starts_with(start), "{written}");
}

/// No byte of a chain can be changed unnoticed.
///
/// Spec: AUD-08
#[test]
fn every_altered_byte_is_noticed() {
    let scratch = Scratch::new("bytes");
    let head = write(&scratch, 2);
    let good = fs::read(&scratch.0).unwrap();
    for index in 0..good.len() {
        let mut bad = good.clone();
        bad[index] ^= 1;
        assert!(verify_audit_chain(bad.as_slice(), Some(head)).is_err(), "byte {index}");
    }
    for len in 0..good.len() {
        assert!(verify_audit_chain(&good[..len], Some(head)).is_err(), "cut to {len} bytes");
    }
}

/// Spec: AUD-08
#[test]
fn a_chain_goes_on_after_a_restart() {
    let scratch = Scratch::new("resumed");
    write(&scratch, 3);
    assert_eq!(write(&scratch, 2).sequence, 5);
    // A crash while a line was written: it was never acknowledged.
    fs::OpenOptions::new().append(true).open(&scratch.0).unwrap().write_all(b"{\"sequence\":6,\"prev").unwrap();
    let torn = fs::read(&scratch.0).unwrap();
    assert!(matches!(verify_audit_chain(torn.as_slice(), None), Err(ChainError::Torn { line: 6 })));
    let head = write(&scratch, 1);
    assert_eq!((verify(&scratch.lines(), None).unwrap(), head.sequence), (head, 6));

    // A broken chain is not gone on with, nor is one that another sink writes.
    let sink = HashChainSink::open(&scratch.0).unwrap();
    assert!(matches!(HashChainSink::open(&scratch.0), Err(ChainError::Io(_))));
    drop(sink);
    let broken = fs::read_to_string(&scratch.0).unwrap().replacen("Encrypt", "Decrypt", 1);
    fs::write(&scratch.0, &broken).unwrap();
    assert!(matches!(HashChainSink::open(&scratch.0), Err(ChainError::Altered { line: 2 })));
    assert_eq!(fs::read_to_string(&scratch.0).unwrap(), broken);
}
