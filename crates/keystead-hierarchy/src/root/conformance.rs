//! The suite that decides what a root key is. For tests: it panics with a message when a promise is broken.
#![allow(clippy::expect_used, clippy::panic, reason = "a failed expectation is what a suite is for")]

use std::fmt::Debug;

use super::{RootKey, RootKeyError, RootKeyId};

/// Runs every topic of the suite.
///
/// `open` gives the root key under test, each time as after a restart; `other` gives another root key of its kind. For
/// one that does not survive a restart, `open` may give the same one again.
///
/// # Panics
///
/// With a message, at the first promise that the root key does not keep.
pub fn run<K: RootKey, O: RootKey>(open: impl Fn() -> K, other: impl Fn() -> O) {
    what_is_sealed_opens(&open());
    a_value_opens_after_a_restart(&open(), &open());
    a_value_is_bound(&open());
    sealing_is_not_repeatable(&open());
    the_id_is_stable(&open(), &open());
    another_root_key_is_told_apart(&open(), &other());
    every_damage_is_noticed(&open());
    foreign_bytes_are_refused(&open());
    threads_share_it(&open());
    nothing_shows(&open());
}

/// Secrets of the sizes that a domain has.
fn what_is_sealed_opens(key: &impl RootKey) {
    for len in [1, 16, 24, 32, 64, 512] {
        let secret: Vec<u8> = (0..len).map(|byte| byte as u8).collect();
        for aad in [&b""[..], AAD, &[0xff; 300]] {
            let sealed = key.seal(&secret, aad).expect("a secret must be sealed");
            let opened = key.open(&sealed, aad).expect("what was sealed must open");
            assert_eq!(opened.expose(), secret, "{len} bytes came back changed");
        }
    }
}

fn a_value_opens_after_a_restart(before: &impl RootKey, after: &impl RootKey) {
    let sealed = before.seal(SECRET, AAD).expect("a secret must be sealed");
    let opened = after.open(&sealed, AAD).expect("what was sealed before a restart must open after it");
    assert_eq!(opened.expose(), SECRET);
    let sealed = after.seal(SECRET, AAD).expect("a root key must go on sealing after a restart");
    assert_eq!(before.open(&sealed, AAD).expect("both are the same root key").expose(), SECRET);
}

fn a_value_is_bound(key: &impl RootKey) {
    let sealed = key.seal(SECRET, AAD).expect("a secret must be sealed");
    for aad in [&b""[..], b"associated dat", b"associated data\0", b"Associated data"] {
        refused(&key.open(&sealed, aad), "it was bound to other data");
    }
    let unbound = key.seal(SECRET, b"").expect("a secret must be sealed");
    refused(&key.open(&unbound, b"\0"), "it was bound to no data");
}

fn sealing_is_not_repeatable(key: &impl RootKey) {
    let seal = || key.seal(SECRET, AAD).expect("a secret must be sealed");
    let (first, second) = (seal(), seal());
    assert_ne!(first, second, "the same secret looks the same when sealed twice");
    let shows = |sealed: &[u8]| sealed.windows(SECRET.len()).any(|window| window == SECRET);
    assert!(!shows(&first) && !shows(&second), "the sealed value contains the secret");
}

/// The ID may be fixed by the first value that a root key opens.
fn the_id_is_stable(key: &impl RootKey, after: &impl RootKey) {
    let sealed = key.seal(SECRET, AAD).expect("a secret must be sealed");
    after.open(&sealed, AAD).expect("what was sealed must open");
    let id = key.id().expect("a root key must have an ID");
    assert_eq!(key.id(), Ok(id), "the ID changes");
    assert_eq!(after.id(), Ok(id), "the ID changes with a restart");
    assert_eq!(RootKeyId::of_sealed(&sealed), Some(id), "a sealed value must name the root key that made it");
}

fn another_root_key_is_told_apart(key: &impl RootKey, other: &impl RootKey) {
    let sealed = key.seal(SECRET, AAD).expect("a secret must be sealed");
    match other.open(&sealed, AAD) {
        Err(RootKeyError::WrongKey { sealed_by, given }) => {
            assert_eq!(Ok(sealed_by), key.id(), "`sealed_by` must be the root key that is needed");
            assert_ne!(sealed_by, given);
        }
        other => panic!("another root key must answer `WrongKey`, not {other:?}"),
    }
}

fn every_damage_is_noticed(key: &impl RootKey) {
    let sealed = key.seal(SECRET, AAD).expect("a secret must be sealed");
    for at in 0..sealed.len() {
        let mut changed = sealed.clone();
        changed[at] ^= 1;
        refused(&key.open(&changed, AAD), &format!("byte {at} was changed"));
    }
    for len in 0..sealed.len() {
        refused(&key.open(&sealed[..len], AAD), &format!("only {len} bytes are left"));
    }
    let longer = [sealed.as_slice(), &[0]].concat();
    refused(&key.open(&longer, AAD), "a byte was appended");
    assert_eq!(key.open(&sealed, AAD).expect("the value itself must still open").expose(), SECRET);
}

fn foreign_bytes_are_refused(key: &impl RootKey) {
    for bytes in [&b""[..], b"K", b"KR", b"KE", &[0; 64], &[0xff; 64], &[b'K'; 64]] {
        assert_eq!(key.open(bytes, AAD), Err(RootKeyError::Damaged), "{bytes:02x?} is not a sealed value");
    }
}

fn threads_share_it(key: &impl RootKey) {
    std::thread::scope(|scope| {
        for n in 0..4_u8 {
            scope.spawn(move || {
                for round in 0..4 {
                    let aad = [n, round];
                    let sealed = key.seal(&[n; 32], &aad).expect("threads must be able to seal at once");
                    let opened = key.open(&sealed, &aad).expect("threads must be able to open at once");
                    assert_eq!(opened.expose(), [n; 32], "a thread got the secret of another");
                }
            });
        }
    });
}

fn nothing_shows(key: &impl RootKey) {
    let sealed = key.seal(SECRET, AAD).expect("a secret must be sealed");
    let error = key.open(&sealed, b"").expect_err("it was bound to other data");
    let text = String::from_utf8_lossy(SECRET);
    for shown in [format!("{key:?}"), format!("{key:#?}"), format!("{error:?}"), error.to_string()] {
        assert!(!shown.contains(text.as_ref()), "a secret shows in `{shown}`");
    }
}

/// Damage that concerns the ID looks like another root key.
#[track_caller]
fn refused(opened: &Result<impl Debug, RootKeyError>, why: &str) {
    match opened {
        Err(RootKeyError::Damaged | RootKeyError::WrongKey { .. }) => {}
        other => panic!("a value must not open when {why}, but the answer was {other:?}"),
    }
}

const SECRET: &[u8] = b"this is thirty-two bytes of key!";
const AAD: &[u8] = b"associated data";
