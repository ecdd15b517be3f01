//! The quickstart on a store, run as often as somebody would who tries it out.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[allow(dead_code, reason = "the command line is not used here")]
#[path = "../quickstart.rs"]
mod quickstart;

use std::fs;
use std::path::Path;

use quickstart::{Options, readme, run};

#[test]
fn every_run_opens_what_the_one_before_has_sealed() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("keys.redb");
    let sealed = folder.path().join("keys.redb.sealed");
    let mut envelopes = Vec::new();
    for _ in 0..3 {
        run(&on(&store, "root.key")).unwrap();
        envelopes.push(fs::read(&sealed).unwrap());
    }
    assert!(envelopes[0] != envelopes[1] && envelopes[1] != envelopes[2], "each run seals anew");

    // Older ones open as well: their keys are still there.
    fs::write(&sealed, &envelopes[0]).unwrap();
    run(&on(&store, "root.key")).unwrap();
    // It is really the envelope of the earlier run that is opened.
    let mut damaged = envelopes[0].clone();
    *damaged.last_mut().unwrap() ^= 1;
    fs::write(&sealed, damaged).unwrap();
    run(&on(&store, "root.key")).unwrap_err();
}

#[test]
fn only_the_root_key_of_the_first_run_opens_the_store() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("keys.redb");
    run(&on(&store, "root.key")).unwrap();
    let error = run(&on(&store, "lost.key")).unwrap_err().to_string();
    assert!(!folder.path().join("lost.key").exists(), "no root key is made for a store that has one: {error}");
    // Another one is refused, and nothing is spoilt.
    run(&on(&folder.path().join("other.redb"), "other.key")).unwrap();
    let error = run(&on(&store, "other.key")).unwrap_err().to_string();
    assert!(error.contains("root key"), "the error does not say what is wrong: {error}");
    run(&on(&store, "root.key")).unwrap();
}

/// A run on the store, with a root key beside it.
fn on(store: &Path, root_key: &str) -> Options {
    Options { file: readme(), store: Some((store.to_owned(), store.with_file_name(root_key))) }
}
