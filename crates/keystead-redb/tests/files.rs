//! What is refused as a file, and what is made of one.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::path::Path;
use std::sync::Arc;

use keystead::crypto::SecretBytes;
use keystead::hierarchy::RawRootKey;
use keystead::{Caller, Kms, replace_root_key};
use keystead_redb::{BackupError, OpenError, RedbStore};
use keystead_store::{Batch, Entry, Expect, Fault, FaultyStore, Key, Range, Store};

#[test]
fn a_store_in_use_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let first = RedbStore::open(&path).unwrap();
    let error = RedbStore::open(&path).unwrap_err();
    assert!(matches!(error, OpenError::InUse { .. }), "{error}");
    assert!(error.to_string().contains("end the other first"), "{error}");
    put(&first, "a", b"1");
    drop(first);
    RedbStore::open(&path).unwrap();
}

#[test]
fn files_that_are_no_stores_are_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    let noise: Vec<u8> = (0..20_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    for content in [&b""[..], b"x", b"a text that somebody needs", &[0; 4096], &noise] {
        fs::write(&path, content).unwrap();
        let error = RedbStore::open(&path).unwrap_err();
        assert!(matches!(error, OpenError::NotAStore { .. }), "{} bytes: {error}", content.len());
        assert_eq!(fs::read(&path).unwrap(), content);
    }
    assert!(RedbStore::open(folder.path()).is_err(), "a folder");
    assert!(RedbStore::open(folder.path().join("no/such/folder")).is_err());
}

#[test]
fn databases_of_others_are_refused() {
    const THEIRS: redb::TableDefinition<'_, &str, u64> = redb::TableDefinition::new("theirs");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    let database = redb::Database::create(&path).unwrap();
    let transaction = database.begin_write().unwrap();
    transaction.open_table(THEIRS).unwrap().insert("a", 1).unwrap();
    transaction.commit().unwrap();
    drop(database);
    let error = RedbStore::open(&path).unwrap_err();
    assert!(matches!(error, OpenError::NotAStore { .. }), "{error}");
}

#[test]
fn newer_formats_are_refused() {
    const FILE: redb::TableDefinition<'_, &str, u64> = redb::TableDefinition::new("keystead.file");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    drop(RedbStore::open(&path).unwrap());
    let database = redb::Database::open(&path).unwrap();
    let transaction = database.begin_write().unwrap();
    transaction.open_table(FILE).unwrap().insert("format", keystead_redb::FORMAT_VERSION + 1).unwrap();
    transaction.commit().unwrap();
    drop(database);
    let error = RedbStore::open(&path).unwrap_err();
    assert!(matches!(error, OpenError::NewerFormat { found: 2, known: 1, .. }), "{error}");
    assert!(error.to_string().contains("use the version that wrote it"), "{error}");
}

#[test]
fn a_missing_file_is_created_only_if_wanted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let error = RedbStore::builder().create_if_missing(false).open(&path).unwrap_err();
    assert!(matches!(error, OpenError::Missing { .. }), "{error}");
    assert!(!path.exists());
    RedbStore::open(&path).unwrap();
    RedbStore::builder().create_if_missing(false).open(&path).unwrap();
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is left in the folder");
}

#[cfg(unix)]
#[test]
fn new_files_belong_to_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().unwrap();
    let (path, backup) = (folder.path().join("store"), folder.path().join("backup"));
    RedbStore::open(&path).unwrap().backup_to(&backup).unwrap();
    for file in [path, backup] {
        assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

/// Every page but those that say what was freed is covered: whatever byte changes, the records are what they were, or the
/// store says that it is damaged.
#[test]
fn changed_bytes_are_found_by_verification_and_never_panic() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let store = RedbStore::open(&path).unwrap();
    for n in 0..300_u32 {
        put(&store, format!("record {n}").as_str(), &[n as u8; 200]);
    }
    let before = contents(&store);
    drop(store);
    let whole = fs::read(&path).unwrap();
    let mut found = 0;
    for at in (0..whole.len()).step_by(whole.len() / 97) {
        let mut changed = whole.clone();
        changed[at] ^= 0x41;
        fs::write(&path, &changed).unwrap();
        match RedbStore::builder().verify_on_open(true).open(&path) {
            Ok(store) => assert_eq!(contents(&store), before, "byte {at} was changed unnoticed"),
            Err(OpenError::Damaged { .. } | OpenError::NotAStore { .. }) => found += 1,
            Err(error) => panic!("byte {at}: {error}"),
        }
        // Without verification, too, nobody is thrown out.
        fs::write(&path, &changed).unwrap();
        if let Ok(store) = RedbStore::open(&path) {
            let _ = store.scan(&Range::all(), usize::MAX);
            let _ = store.get(b"record 7");
        }
    }
    assert!(found > 0, "no change was found");
}

#[test]
fn files_that_were_cut_off_are_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let store = RedbStore::open(&path).unwrap();
    for n in 0..300_u32 {
        put(&store, format!("record {n}").as_str(), &[n as u8; 4000]);
    }
    drop(store);
    let whole = fs::read(&path).unwrap();
    for part in 1..8 {
        fs::write(&path, &whole[..whole.len() * part / 8]).unwrap();
        if let Ok(store) = RedbStore::builder().verify_on_open(true).open(&path) {
            assert_eq!(contents(&store).len(), 300, "{part}/8 of the file");
        }
    }
}

/// Spec: OVR-16, OVR-18
#[test]
fn another_root_key_opens_nothing_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let kms = open(&path, 7).unwrap();
    let client = kms.client("us-west-2", Caller::account_root("111122223333").unwrap()).unwrap();
    let key = client.create_key().send().unwrap().key_metadata.key_id;
    let sealed = client.encrypt(key, b"secret").send().unwrap().into_inner().ciphertext_blob;
    drop((client, kms));
    let before = contents(&RedbStore::open(&path).unwrap());

    let error = open(&path, 8).unwrap_err();
    assert!(error.contains("start with the root key of this store"), "{error}");
    // None at all, as one that is made for the process.
    let without = Kms::builder().store(RedbStore::open(&path).unwrap()).build().unwrap_err();
    assert!(without.to_string().contains("root key"), "{without}");
    assert_eq!(contents(&RedbStore::open(&path).unwrap()), before);

    let kms = open(&path, 7).unwrap();
    let client = kms.client("us-west-2", Caller::account_root("111122223333").unwrap()).unwrap();
    assert_eq!(client.decrypt(&sealed).send().unwrap().expose(), b"secret");
}

/// Spec: OVR-17, OVR-18
#[test]
fn the_root_key_can_be_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let kms = open(&path, 7).unwrap();
    let mut sealed = Vec::new();
    for region in ["us-west-2", "eu-west-1"] {
        let client = kms.client(region, Caller::account_root("111122223333").unwrap()).unwrap();
        let key = client.create_key().send().unwrap().key_metadata.key_id;
        sealed.push((region, client.encrypt(key, b"secret").send().unwrap().into_inner().ciphertext_blob));
    }
    drop(kms);
    let opens = |kms: &Kms| {
        for (region, blob) in &sealed {
            let client = kms.client(region, Caller::account_root("111122223333").unwrap()).unwrap();
            assert_eq!(client.decrypt(blob).send().unwrap().expose(), b"secret");
        }
    };

    let store = RedbStore::open(&path).unwrap();
    let before = contents(&store);
    let refused = replace_root_key(&store, &root_key(9), &root_key(8)).unwrap_err();
    assert!(refused.to_string().contains("root key"), "{refused}");
    assert_eq!(contents(&store), before, "a wrong former root key changes nothing");

    // Whether it is interrupted before or after its one commit, one of the two root keys opens everything.
    let faulty = FaultyStore::new(store);
    faulty.fail_at(1, Fault::Before);
    replace_root_key(&faulty, &root_key(7), &root_key(8)).unwrap_err();
    assert_eq!(contents(faulty.inner()), before);
    faulty.fail_at(1, Fault::After);
    replace_root_key(&faulty, &root_key(7), &root_key(8)).unwrap_err();
    drop(faulty);
    opens(&open(&path, 8).unwrap());
    assert!(open(&path, 7).is_err(), "the former root key opens nothing any more");

    let store = RedbStore::open(&path).unwrap();
    let keys = contents(&store).len();
    assert_eq!(replace_root_key(&store, &root_key(8), &root_key(9)).unwrap(), 3, "two Regions and the instance");
    assert_eq!(contents(&store).len(), keys);
    drop(store);
    opens(&open(&path, 9).unwrap());
    let empty = RedbStore::open(folder.path().join("empty")).unwrap();
    assert_eq!(replace_root_key(&empty, &root_key(1), &root_key(2)).unwrap(), 0);
}

#[test]
fn a_backup_is_a_store_of_its_moment() {
    let folder = tempfile::tempdir().unwrap();
    let (path, backup) = (folder.path().join("store"), folder.path().join("backup"));
    let store = Arc::new(RedbStore::open(&path).unwrap());
    for n in 0..500_u32 {
        put(&store, n.to_string().as_str(), &n.to_be_bytes());
    }
    // Two records that are always equal, while a backup is made.
    let stop = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut n = 0_u64;
            while !stop.load(std::sync::atomic::Ordering::SeqCst) {
                let mut batch = Batch::new();
                batch.put("left", n.to_be_bytes(), Expect::Any).put("right", n.to_be_bytes(), Expect::Any);
                store.commit(batch).unwrap();
                n += 1;
            }
        });
        store.backup_to(&backup).unwrap();
        stop.store(true, std::sync::atomic::Ordering::SeqCst);
    });
    assert!(matches!(store.backup_to(&backup), Err(BackupError::Exists { .. })), "backups are never overwritten");
    assert!(matches!(store.backup_to(folder.path().join("no/such")), Err(BackupError::Write { .. })));
    drop(store);

    // Restored in the place of what was lost.
    fs::rename(&backup, &path).unwrap();
    let restored = RedbStore::open(&path).unwrap();
    for n in 0..500_u32 {
        assert_eq!(&*restored.get(n.to_string().as_bytes()).unwrap().unwrap().value, n.to_be_bytes());
    }
    let side = |name: &str| restored.get(name.as_bytes()).unwrap().map(|entry| (entry.value, entry.revision));
    assert_eq!(side("left"), side("right"));
    let newest = contents(&restored).into_iter().map(|(_, entry)| entry.revision).max().unwrap();
    assert!(put(&restored, "next", b"") > newest, "the restored store goes on where the backup was made");
}

/// Spec: OVR-18
#[test]
fn a_restored_backup_decrypts() {
    let folder = tempfile::tempdir().unwrap();
    let (path, backup) = (folder.path().join("store"), folder.path().join("backup"));
    let store = Arc::new(RedbStore::open(&path).unwrap());
    let kms = Kms::builder().store(Arc::clone(&store)).root_key(root_key(7)).build().unwrap();
    let client = kms.client("us-west-2", Caller::account_root("111122223333").unwrap()).unwrap();
    let key = client.create_key().send().unwrap().key_metadata.key_id;
    client.create_alias("alias/a", key).send().unwrap();
    let sealed = client.encrypt(key, b"secret").send().unwrap().into_inner().ciphertext_blob;
    store.backup_to(&backup).unwrap();
    let later = client.create_key().send().unwrap().key_metadata.key_id;

    let restored = open(&backup, 7).unwrap();
    let client = restored.client("us-west-2", Caller::account_root("111122223333").unwrap()).unwrap();
    assert_eq!(client.decrypt(&sealed).send().unwrap().expose(), b"secret");
    assert_eq!(client.describe_key("alias/a").send().unwrap().key_metadata.key_id, key);
    assert!(client.describe_key(later).send().is_err(), "what came after the backup is not in it");
    assert!(open(&folder.path().join("other"), 8).is_ok());
}

fn open(path: &Path, root: u8) -> Result<Kms, String> {
    let store = RedbStore::open(path).map_err(|error| error.to_string())?;
    Kms::builder().store(store).root_key(root_key(root)).build().map_err(|error| error.to_string())
}

fn root_key(byte: u8) -> RawRootKey {
    RawRootKey::new(&SecretBytes::from(&[byte; 32])).unwrap()
}

fn put(store: &impl Store, key: &str, value: &[u8]) -> keystead_store::Revision {
    let mut batch = Batch::new();
    batch.put(key, value, Expect::Any);
    store.commit(batch).unwrap()
}

fn contents(store: &impl Store) -> Vec<(Key, Entry)> {
    store.scan(&Range::all(), usize::MAX).unwrap()
}
