//! The pinned vector of `docs/formats/backup.md`, hostile bytes, and what a restore leaves.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::io::{self, Read};
use std::sync::Arc;

use keystead_crypto::entropy::SeededEntropy;
use keystead_crypto::{CryptoError, DefaultProvider, Entropy, SecretBytes};
use keystead_hierarchy::{RawRootKey, RootKeyError};
use keystead_memory::MemoryStore;
use keystead_store::{Batch, Entry, Expect, Fault, FaultyStore, Key, MAX_KEY_LEN, MAX_VALUE_LEN, Range, Store};
use proptest::prelude::*;

use super::chunks::CHUNK_LEN;
use super::writer::{Seal, write};
use super::*;
use crate::{BuildError, Kms};

#[test]
fn the_vector_is_written_and_read() {
    let entropy = Arc::new(Counting);
    let root_key = RawRootKey::new_with(&SecretBytes::from(&[0x24; 32]), &DefaultProvider, entropy).unwrap();
    let store = store_of([(b"\0instance\0secret".as_slice(), b"sealed".as_slice()), (b"alias/orders", b"1234abcd")]);
    let seal = Seal { root_key: &root_key, provider: &DefaultProvider, entropy: &Counting };
    let mut backup = Vec::new();
    write(store.snapshot().unwrap().as_ref(), new_year(), seal, &mut backup).unwrap();
    assert_eq!(hex::encode(&backup), VECTOR.concat());

    let restored = MemoryStore::new();
    let summary = restore_backup(&restored, &root_key, backup.as_slice()).unwrap();
    assert_eq!(summary, BackupSummary { records: 2, taken_at: new_year() });
    assert_eq!(contents(&restored), contents(&store));
}

/// The document shows what the code pins.
#[test]
fn the_document_has_the_vector() {
    let document = include_str!("../../../../docs/formats/backup.md");
    for line in VECTOR {
        assert!(document.contains(line), "docs/formats/backup.md lacks {line}");
    }
}

#[test]
fn no_altered_byte_and_no_cut_is_accepted() {
    let store = store_of([(b"a".as_slice(), b"1".as_slice()), (b"b", b""), (b"c", &[7; 100])]);
    let backup = backup_of(&store);
    let refused = |bytes: &[u8], what: &str| {
        let restored = MemoryStore::new();
        let error = restore_backup(&restored, &root_key(), bytes).unwrap_err();
        assert_eq!(contents(&restored), [], "{what}: {error}");
    };
    for at in 0..backup.len() {
        let mut altered = backup.clone();
        for with in [1, 0x80] {
            altered[at] = backup[at] ^ with;
            refused(&altered, &format!("byte {at} altered"));
        }
        refused(&backup[..at], &format!("cut to {at} bytes"));
    }
    refused(&[backup.as_slice(), b"\0"].concat(), "a byte appended");
    refused(&[backup.as_slice(), &backup].concat(), "twice");
}

/// Chunks of a backup, and of two backups under one root key, in every wrong order.
#[test]
fn chunks_stay_in_their_place() {
    let store = store_of([(b"a".as_slice(), vec![1; CHUNK_LEN].as_slice()), (b"b", &vec![2; CHUNK_LEN])]);
    let backup = backup_of(&store);
    let (header, chunks) = split(&backup);
    assert_eq!(chunks.len(), 3);
    let (other_header, other) = split_owned(&backup_of(&store));
    let refused = |header: &[u8], order: &[&[u8]]| {
        let forged = [header, &order.concat()].concat();
        let restored = MemoryStore::new();
        let error = restore_backup(&restored, &root_key(), forged.as_slice()).unwrap_err();
        assert!(matches!(error, RestoreError::Damaged { .. }), "{error}");
        assert!(contents(&restored).is_empty() || is_unfinished(&restored).unwrap());
    };
    refused(header, &[chunks[1], chunks[0], chunks[2]]);
    refused(header, &[chunks[0], chunks[2]]);
    refused(header, &[chunks[0], chunks[0], chunks[1], chunks[2]]);
    refused(header, &[chunks[0], chunks[1]]);
    refused(header, &[chunks[0], chunks[1], chunks[2], chunks[2]]);
    refused(header, &[chunks[0], other[1].as_slice(), chunks[2]]);
    refused(&other_header, &chunks);
    let restored = MemoryStore::new();
    restore_backup(&restored, &root_key(), [header, &chunks.concat()].concat().as_slice()).unwrap();
}

#[test]
fn what_fills_chunks_exactly_comes_back() {
    // Everything but the value: time, kind, lengths, key, end, count.
    let around = 8 + 1 + 2 + 4 + 1 + 1 + 8;
    for len in [CHUNK_LEN, 2 * CHUNK_LEN].into_iter().flat_map(|len| [len - around - 1, len - around, len - around + 1])
    {
        let store = store_of([(b"k".as_slice(), vec![3; len].as_slice())]);
        let backup = backup_of(&store);
        assert_eq!(split(&backup).1.len(), (around + len).div_ceil(CHUNK_LEN));
        let restored = MemoryStore::new();
        restore_backup(&restored, &root_key(), Drip(&backup)).unwrap();
        assert_eq!(contents(&restored), contents(&store));
    }
}

#[test]
fn the_longest_record_and_none_at_all_come_back() {
    let longest = [(vec![0xff; MAX_KEY_LEN], vec![5; MAX_VALUE_LEN])];
    let many: Vec<_> = (0..1000_u32).map(|n| (n.to_be_bytes().to_vec(), n.to_le_bytes().to_vec())).collect();
    for records in [longest.to_vec(), Vec::new(), many] {
        let store = store_of(records.iter().map(|(key, value)| (key.as_slice(), value.as_slice())));
        let restored = MemoryStore::new();
        let summary = restore_backup(&restored, &root_key(), backup_of(&store).as_slice()).unwrap();
        assert_eq!(summary.records, records.len() as u64);
        assert_eq!(contents(&restored), contents(&store));
        assert!(!is_unfinished(&restored).unwrap());
    }
}

#[test]
fn another_root_key_is_told_and_nothing_is_written() {
    let backup = backup_of(&store_of([(b"a".as_slice(), b"1".as_slice())]));
    let other = RawRootKey::new(&SecretBytes::from(&[9; 32])).unwrap();
    let restored = MemoryStore::new();
    let error = restore_backup(&restored, &other, backup.as_slice()).unwrap_err();
    assert!(matches!(error, RestoreError::RootKey(RootKeyError::WrongKey { .. })), "{error}");
    assert_eq!(contents(&restored), []);
    let error = restore_backup(&restored, &other, b"KSEV\x01\x01no backup".as_slice()).unwrap_err();
    assert!(matches!(error, RestoreError::NotABackup), "{error}");
    let mut newer = backup;
    newer[4] = 2;
    let error = restore_backup(&restored, &root_key(), newer.as_slice()).unwrap_err();
    assert!(matches!(error, RestoreError::NewerFormat { found: 2, known: 1 }), "{error}");
}

#[test]
fn a_store_that_has_records_is_left_as_it_is() {
    let backup = backup_of(&store_of([(b"a".as_slice(), b"1".as_slice())]));
    let store = store_of([(b"z".as_slice(), b"mine".as_slice())]);
    let error = restore_backup(&store, &root_key(), backup.as_slice()).unwrap_err();
    assert!(matches!(error, RestoreError::NotEmpty), "{error}");
    assert_eq!(contents(&store), [(b"z".to_vec(), b"mine".to_vec())]);
}

/// The process dies at every commit of a restore, before and after it: what is left is empty, whole or refused, and the
/// next restore makes it whole.
#[test]
fn a_restore_that_breaks_off_is_never_taken_for_whole() {
    let whole = store_of_many();
    let backup = backup_of(&whole);
    let count = {
        let store = FaultyStore::new(MemoryStore::new());
        restore_backup(&store, &root_key(), backup.as_slice()).unwrap();
        store.commits()
    };
    assert!(count >= 4, "{count} commits are few");
    for (n, fault) in (1..=count).flat_map(|n| [(n, Fault::Before), (n, Fault::After)]) {
        let inner = Arc::new(MemoryStore::new());
        let store = FaultyStore::new(Arc::clone(&inner));
        store.crash_at(n, fault);
        let error = restore_backup(&store, &root_key(), backup.as_slice()).unwrap_err();
        assert!(matches!(error, RestoreError::Store(_)), "{error}");
        let left = contents(&inner);
        if is_unfinished(&inner).unwrap() {
            let refusal = Kms::builder().store(Arc::clone(&inner)).root_key(root_key()).build().unwrap_err();
            assert!(matches!(refusal, BuildError::UnfinishedRestore), "{refusal}");
            let refusal = crate::replace_root_key(&inner, &root_key(), &root_key()).unwrap_err();
            assert!(refusal.to_string().contains("restore it again"), "{refusal}");
            assert_eq!(contents(&inner), left, "the refusal has written something");
        } else {
            assert!(left.is_empty() || left == contents(&whole), "{n} {fault:?}: {} records", left.len());
        }
        if left != contents(&whole) {
            restore_backup(&inner, &root_key(), backup.as_slice()).unwrap();
            assert_eq!(contents(&inner), contents(&whole), "{n} {fault:?}");
        }
    }
}

#[test]
fn an_input_that_breaks_off_leaves_what_no_instance_takes() {
    let whole = store_of_many();
    let backup = backup_of(&whole);
    let cut = backup.len() - 3 * CHUNK_LEN / 2;
    let store = Arc::new(MemoryStore::new());
    let error = restore_backup(&store, &root_key(), &backup[..cut]).unwrap_err();
    assert!(matches!(error, RestoreError::Damaged { .. }), "{error}");
    assert!(contents(&store).len() > 1, "something was restored");
    let error = restore_backup(&store, &root_key(), (&backup[..cut]).chain(Broken)).unwrap_err();
    assert!(matches!(error, RestoreError::Io(_)), "{error}");
    let refusal = Kms::builder().store(Arc::clone(&store)).root_key(root_key()).build().unwrap_err();
    assert!(refusal.to_string().contains("restore it again"), "{refusal}");
    // A smaller one in its place: nothing of the first is left.
    let small = store_of([(b"a".as_slice(), b"1".as_slice())]);
    restore_backup(&store, &root_key(), backup_of(&small).as_slice()).unwrap();
    assert_eq!(contents(&store), contents(&small));
}

/// Of two restores into one store one gives way; what is there in the end is one backup, whole.
#[test]
fn two_restores_do_not_mix() {
    let whole = store_of_many();
    let (first, second) = (backup_of(&whole), backup_of(&store_of([(b"a".as_slice(), b"1".as_slice())])));
    // The second begins and ends before anything of the first was written, and in its middle.
    for cut in [3 * CHUNK_LEN / 2, 9 * CHUNK_LEN / 2] {
        let store = MemoryStore::new();
        let input = first[..cut].chain(Meanwhile(|| {
            restore_backup(&store, &root_key(), second.as_slice()).unwrap();
        }));
        let error = restore_backup(&store, &root_key(), input.chain(&first[cut..])).unwrap_err();
        assert!(matches!(error, RestoreError::Contended | RestoreError::NotEmpty), "{error}");
        assert_eq!(contents(&store), [(b"a".to_vec(), b"1".to_vec())]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
    fn every_content_comes_back(
        records in proptest::collection::btree_map(
            proptest::collection::vec(any::<u8>(), 1..40), proptest::collection::vec(any::<u8>(), 0..3000), 0..400,
        ),
        at: prop::sample::Index,
        with in 1..=u8::MAX,
    ) {
        let store = store_of(records.iter().map(|(key, value)| (key.as_slice(), value.as_slice())));
        let mut backup = backup_of(&store);
        let restored = MemoryStore::new();
        let summary = restore_backup(&restored, &root_key(), backup.as_slice()).unwrap();
        prop_assert_eq!(summary.records, records.len() as u64);
        prop_assert_eq!(contents(&restored), contents(&store));

        let at = at.index(backup.len());
        backup[at] ^= with;
        let altered = MemoryStore::new();
        prop_assert!(restore_backup(&altered, &root_key(), backup.as_slice()).is_err());
        prop_assert!(contents(&altered).is_empty() || is_unfinished(&altered).unwrap());
    }
}

/// 2026-01-01T00:00:00Z.
fn new_year() -> Timestamp {
    Timestamp::from_millis(1_767_225_600_000).unwrap()
}

fn root_key() -> RawRootKey {
    RawRootKey::new(&SecretBytes::from(&[8; 32])).unwrap()
}

fn backup_of(store: &impl Store) -> Vec<u8> {
    let root_key = root_key();
    let entropy = SeededEntropy::new(contents(store).len() as u64);
    let seal = Seal { root_key: &root_key, provider: &DefaultProvider, entropy: &entropy };
    let mut backup = Vec::new();
    write(store.snapshot().unwrap().as_ref(), Timestamp::UNIX_EPOCH, seal, &mut backup).unwrap();
    backup
}

fn store_of<'a>(records: impl IntoIterator<Item = (&'a [u8], &'a [u8])>) -> MemoryStore {
    let store = MemoryStore::new();
    let mut batch = Batch::new();
    for (key, value) in records {
        batch.put(key, value, Expect::Absent);
    }
    store.commit(batch).unwrap();
    store
}

/// Records for several pages.
fn store_of_many() -> MemoryStore {
    let values: Vec<_> = (0..700_u32).map(|n| (n.to_be_bytes(), vec![n as u8; 500])).collect();
    store_of(values.iter().map(|(key, value)| (key.as_slice(), value.as_slice())))
}

fn contents(store: &impl Store) -> Vec<(Vec<u8>, Vec<u8>)> {
    let records = store.scan(&Range::all(), usize::MAX).unwrap().into_iter();
    records.map(|(key, entry): (Key, Entry)| (key.to_vec(), entry.value.to_vec())).collect()
}

/// Header and chunks.
fn split(backup: &[u8]) -> (&[u8], Vec<&[u8]>) {
    let sealed = usize::from(u16::from_be_bytes([backup[6], backup[7]]));
    let (header, chunks) = backup.split_at(8 + sealed);
    (header, chunks.chunks(24 + CHUNK_LEN + 16).collect())
}

fn split_owned(backup: &[u8]) -> (Vec<u8>, Vec<Vec<u8>>) {
    let (header, chunks) = split(backup);
    (header.to_vec(), chunks.into_iter().map(<[u8]>::to_vec).collect())
}

/// Gives 00, 01, 02, … each time.
#[derive(Debug)]
struct Counting;

impl Entropy for Counting {
    fn fill(&self, dest: &mut [u8]) -> Result<(), CryptoError> {
        dest.iter_mut().zip(0..).for_each(|(byte, n)| *byte = n);
        Ok(())
    }
}

/// Gives a few bytes at a time.
struct Drip<'b>(&'b [u8]);

impl Read for Drip<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let len = buffer.len().min(1 + self.0.len() % 4099);
        self.0.read(&mut buffer[..len])
    }
}

/// Cannot be read.
struct Broken;

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::other("the cable was pulled"))
    }
}

/// Does something, and is at its end.
struct Meanwhile<F>(F);

impl<F: FnMut()> Read for Meanwhile<F> {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        (self.0)();
        Ok(0)
    }
}

const VECTOR: [&str; 5] = [
    "4b53424b0101005d4b520101001c81303b2e9bb60ea10396aad261a774000102030405060708090a0b0c0d0e0f101112",
    "131415161792edb57ba6fdafa3ec9b877f87d8d4c6de65192d4e79980cbf039c72db6f6d4cb9b2e65f23b36b75146efa",
    "5e1fe87828000102030405060708090a0b0c0d0e0f1011121314151617f099dfccadcd344bd1e63d87ed59dc3278d71c",
    "1ba914d49ead1db98322195d4534f875e0f26fa0822a15e3a4bbc288c0125650a81197fb68d912a3f1eefd7dec5899c2",
    "4d69bb2a1eb0f596e7fa57238a3553e4e4a58ecc406c",
];
